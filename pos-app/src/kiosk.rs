//! The lane as customers use it by themselves: where they stand, what they touch, and the attendant's place.
//!
//! The till behind it is the cashier's own. What a customer may do is decided there; here is only what they see, and
//! what a touch asks the till for. Where somebody stands follows from the till wherever it can: a page of its own is
//! kept only for what the till does not know, such as which goods are being looked for.

pub(crate) mod answers;
mod attendant;
mod bagging;
mod helping;
mod lending;
mod link;
mod resting;
mod saying;
mod shelf;
mod show;
mod touching;

use std::time::{Duration, Instant};

use domain::barcode::Barcode;
use domain::barcode::phone::PhoneCode;
use domain::phone::PhoneMessage;
use domain::till::kiosk::{Cause, KioskMessage};
use domain::till::{Desk, Input, Message};
use drivers::frame::Health;
use drivers::scanner::wedge::{WedgeKey, WedgeOutcome};
use drivers::sound::Tone as Sound;
use ui::action::Key;
use ui::kiosk::{KioskNotice, Look};
use ui::view::{Language, Tone};

use crate::config::{Config, Mode, Paths};
use crate::lane::{Command, Lane, State};
use attendant::{Audit, Gate, Session};
use shelf::Shelf;

/// The most characters of a telephone number, a staff number or a PIN.
const TYPED_MAX: usize = 20;

/// Where chance comes from: the keys that the system gives to every hash table.
pub(crate) fn chance() -> u32 {
    use std::hash::{BuildHasher, Hasher, RandomState};
    let number = RandomState::new().build_hasher().finish();
    u32::try_from(number & u64::from(u32::MAX)).unwrap_or_default()
}

/// What a kiosk remembers that is no business of the till.
pub(crate) struct Kiosk {
    at_start: Language,
    look: Look,
    page: Page,
    /// Somebody is being served, or the till has a basket.
    begun: bool,
    /// Bags were asked about, and who buys.
    asked: Asked,
    /// When somebody last did something, milliseconds UTC.
    active_ms: i64,
    notice: Option<KioskNotice>,
    gate: Option<Gate>,
    session: Option<Session>,
    audit: Option<Audit>,
    receipt: Receipt,
    /// The document that the thanks are for.
    thanked: Option<u64>,
    /// What a slow scanner or a person typed.
    keys: String,
    shelf: Shelf,
    chance: fn() -> u32,
    /// The customer is asked what they want somebody for.
    asks: bool,
    /// When it was asked which baskets that were put aside are gone, milliseconds UTC.
    parked_asked_ms: Option<i64>,
    /// How the scale of the bagging area is; `None` before it said so.
    bagging: Option<Health>,
    /// What goes on with the attendant's board.
    link: link::Link,
}

/// What was asked of the customer on the way to payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Asked {
    bags: bool,
    member: bool,
}

/// How the customer wants the receipt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Receipt {
    /// They have not said.
    #[default]
    Asked,
    /// On paper.
    Paper,
    /// As a code.
    Code,
    /// As a code; what is shown is the exit code again.
    Leaving,
}

/// Where a customer stands among the goods.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Page {
    /// Scanning.
    Scan,
    /// Looking for goods without a code.
    Goods {
        /// The kind of goods.
        tab: usize,
        /// Initials of their names.
        typed: String,
    },
    /// Choosing bags.
    Bags,
    /// Saying who they are.
    Member {
        /// A telephone number.
        typed: String,
    },
    /// Looking at where the phone and the till differ.
    Phones,
    /// Waiting for the attendant.
    Wait(Cause),
}

impl Kiosk {
    /// What a lane needs for it, where its customers use it by themselves.
    pub(crate) fn of(config: &Config, paths: &Paths) -> Option<Self> {
        (config.mode == Mode::Kiosk).then(|| Self {
            at_start: match config.language {
                crate::config::Language::Zh => Language::Chinese,
                crate::config::Language::En => Language::English,
            },
            look: Look::default(),
            page: Page::Scan,
            begun: false,
            asked: Asked::default(),
            active_ms: 0,
            notice: None,
            gate: None,
            session: None,
            audit: None,
            receipt: Receipt::default(),
            thanked: None,
            keys: String::new(),
            shelf: Shelf::new(config.kiosk.pictures.as_ref().map(|folder| paths.data.join(folder))),
            chance,
            asks: false,
            parked_asked_ms: None,
            bagging: None,
            link: link::Link::default(),
        })
    }
}

impl Lane {
    /// Changes what a kiosk remembers; nothing where this is none.
    fn with_kiosk(&mut self, change: impl FnOnce(&mut Kiosk)) {
        if let Some(kiosk) = &mut self.kiosk {
            change(kiosk);
        }
    }

    /// Lets chance give these numbers; for tests, which must know them.
    pub fn set_chance(&mut self, chance: fn() -> u32) {
        self.with_kiosk(|kiosk| kiosk.chance = chance);
    }

    fn is_desk(&self, is: impl Fn(&Desk) -> bool) -> bool {
        self.till().is_some_and(|till| is(till.desk()))
    }

    /// Whether nobody has opened the lane for customers.
    fn is_shut(&self) -> bool {
        self.till().is_none() || self.is_desk(|desk| matches!(desk, Desk::SignedOut | Desk::Locked(_)))
    }

    /// Somebody did something.
    pub(super) fn stir(&mut self) {
        let now_ms = self.moment.now_ms;
        self.with_kiosk(|kiosk| {
            kiosk.active_ms = now_ms;
            kiosk.notice = None;
        });
    }

    /// Somebody is there, though nothing was touched: what was said to them stays.
    fn stay_awake(&mut self) {
        let now_ms = self.moment.now_ms;
        self.with_kiosk(|kiosk| kiosk.active_ms = now_ms);
    }

    fn turn_page(&mut self, page: Page) {
        self.with_kiosk(|kiosk| {
            kiosk.page = page;
            kiosk.begun = true;
        });
    }

    /// Tells the customer something.
    pub(crate) fn kiosk_says(&mut self, tone: Tone, what: (&str, &str), rest: (&str, &str)) {
        let notice = KioskNotice { tone, what: self.words(what.0, what.1), rest: self.words(rest.0, rest.1) };
        self.with_kiosk(|kiosk| kiosk.notice = Some(notice));
    }

    /// Takes back what was said, where it is such.
    pub(crate) fn kiosk_unsays(&mut self, such: impl Fn(&str) -> bool) {
        self.with_kiosk(|kiosk| {
            kiosk.notice.take_if(|notice| such(&notice.what));
        });
    }

    /// A key of a scanner that acts as a keyboard. Customers have no other keys.
    pub(crate) fn kiosk_key(&mut self, key: Key, at: Instant) {
        let key = match key {
            Key::Char(character) => WedgeKey::Char(character),
            Key::Enter => WedgeKey::Enter,
            Key::Escape
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Function(_) => return,
        };
        match self.front.wedge.key(key, at) {
            WedgeOutcome::Typed(character) => self.with_kiosk(|kiosk| {
                // Rubbish from a broken scanner ends somewhere.
                if kiosk.keys.chars().count() >= crate::entry::ENTRY_MAX {
                    kiosk.keys.clear();
                }
                kiosk.keys.push(character);
            }),
            WedgeOutcome::Scan { text, .. } => {
                self.with_kiosk(|kiosk| kiosk.keys.clear());
                self.kiosk_scan(&text);
            }
            // A window that was busy may have torn a scan in two.
            WedgeOutcome::Enter => {
                let text =
                    self.kiosk.as_mut().map(|kiosk| std::mem::take(&mut kiosk.keys)).unwrap_or_default();
                if !text.is_empty() {
                    self.kiosk_scan(&text);
                }
            }
        }
    }

    /// A code from any scanner.
    pub(crate) fn kiosk_scan(&mut self, text: &str) {
        let Some(kiosk) = &self.kiosk else { return };
        let (gate, session, member) =
            (kiosk.gate.is_some(), kiosk.session.is_some(), matches!(kiosk.page, Page::Member { .. }));
        self.stir();
        self.with_kiosk(|kiosk| kiosk.asks = false);
        let barcode = self.kiosk_recognises(text);
        if let Some(Barcode::Staff(code)) = &barcode {
            return self.gate_by_card(code);
        }
        if gate || self.is_shut() {
            return self.play(Sound::Blocked);
        }
        if let Some(Barcode::Receipt(_)) = &barcode {
            self.kiosk_says(
                Tone::Attend,
                ("这是小票", "That is a receipt"),
                ("退换货请到服务台。", "Returns are at the service desk."),
            );
            return self.play(Sound::Blocked);
        }
        if let Some(Barcode::Phone(PhoneCode::Exit(_))) = &barcode
            && !session
        {
            self.kiosk_says(
                Tone::Attend,
                ("这是离店码", "That is an exit code"),
                ("出门时请给店员看。", "Show it to the staff at the exit."),
            );
            return self.play(Sound::Blocked);
        }
        let paying = self.is_desk(|desk| matches!(desk, Desk::Paying(_)));
        if paying && !matches!(barcode, Some(Barcode::Payment | Barcode::Member(_) | Barcode::Coupon(_))) {
            return self.not_while_paying();
        }
        if let Some(Barcode::Phone(code)) = &barcode {
            return self.kiosk_phone(code);
        }
        self.with_kiosk(|kiosk| kiosk.begun = true);
        let lines = self.till().map_or(0, |till| till.basket().lines().len());
        self.scan(text);
        self.flush();
        // Goods lead back to the goods; who they are leads on, where that was asked.
        let more = self.till().is_some_and(|till| till.basket().lines().len() > lines);
        let joined = self.till().is_some_and(|till| till.basket().member().is_some());
        if more && !session {
            self.turn_page(Page::Scan);
        } else if member && joined {
            self.go_on();
        }
    }

    /// A phone's code: a basket of the customer, or, before the attendant, the right of one to leave.
    fn kiosk_phone(&mut self, code: &PhoneCode) {
        if let Some(input) = self.read_phone(code)
            && let Some(input) = self.ask_about_code(code, input)
        {
            self.kiosk_takes_phone(code, input);
        }
    }

    fn not_while_paying(&mut self) {
        self.kiosk_says(
            Tone::Attend,
            ("还没有加上", "Not added"),
            ("要再加商品，请先按“返回”。", "To add more, touch Back first."),
        );
        self.play(Sound::Blocked);
    }

    /// Nobody else has a phone's code, or nobody could be asked: it is taken as the kiosk stands now.
    pub(crate) fn take_phone_at_kiosk(&mut self, code: &PhoneCode) {
        let Some(kiosk) = &self.kiosk else { return };
        let (gate, session) = (kiosk.gate.is_some(), kiosk.session.is_some());
        let unattended = matches!(code, PhoneCode::Exit(_)) && !session;
        if gate || unattended || self.is_shut() {
            return self.drop_phone(code);
        }
        if self.is_desk(|desk| matches!(desk, Desk::Paying(_))) {
            return self.not_while_paying();
        }
        let Some(input) = self.read_phone(code) else { return };
        let page = self.kiosk.as_ref().map_or(Page::Scan, |kiosk| kiosk.page.clone());
        self.kiosk_takes_phone(code, input);
        // The customer has gone on to something meanwhile, and stays there: what they typed is still theirs.
        let is_busy = match page {
            Page::Goods { .. } | Page::Bags | Page::Member { .. } => true,
            Page::Scan | Page::Phones | Page::Wait(_) => false,
        };
        if matches!(code, PhoneCode::Basket(_)) && is_busy {
            let differs = self.kiosk.as_ref().is_some_and(|kiosk| kiosk.page == Page::Phones);
            self.turn_page(page);
            if differs {
                self.kiosk_says(
                    Tone::Attend,
                    ("手机购物篮已加上，有的不一样", "The phone's basket is here, and differs"),
                    ("付款前会给您看。", "You see how before you pay."),
                );
            }
        }
    }

    fn kiosk_takes_phone(&mut self, code: &PhoneCode, input: Input) {
        match code {
            PhoneCode::Exit(_) => self.attend(input, "检查离店码", "Checking an exit code"),
            PhoneCode::Basket(_) => {
                self.with_kiosk(|kiosk| kiosk.page = Page::Scan);
                self.input(input);
                self.flush();
                if self.till().is_some_and(|till| !till.basket().phones().is_empty()) {
                    self.with_kiosk(|kiosk| kiosk.begun = true);
                }
            }
        }
    }

    /// A number that chance gives.
    pub(crate) fn random(&self) -> u32 {
        self.kiosk.as_ref().map_or_else(chance, |kiosk| (kiosk.chance)())
    }

    fn kiosk_recognises(&self, text: &str) -> Option<Barcode> {
        let State::Open(open) = &self.state else { return None };
        let day = chrono::NaiveDate::default();
        Some(domain::barcode::recognise(text, &open.settings().codes, day))
    }

    fn play(&mut self, sound: Sound) {
        self.commands.push(Command::Play(sound));
    }

    /// The till wants the attendant for what the customer asked; unless the attendant has said yes meanwhile.
    pub(crate) fn kiosk_asks(&mut self) {
        let removal = self.till().is_some_and(|till| till.kiosk().is_called(Cause::Removal));
        let waits = self.till().is_some_and(|till| till.pending().is_some());
        let attended = self.kiosk.as_ref().is_some_and(|kiosk| kiosk.session.is_some());
        if removal && waits && !attended {
            self.turn_page(Page::Wait(Cause::Removal));
        }
    }

    /// The till says something.
    pub(crate) fn kiosk_tells(&mut self, message: &Message) {
        if let Message::LineVoided(_) = message {
            self.scale.take_back();
        }
        if let Message::Kiosk(KioskMessage::Wait(cause)) = message {
            self.turn_page(Page::Wait(*cause));
        }
        // What stands in its way is shown as long as it does.
        if let Message::Kiosk(KioskMessage::Bag(_)) = message {
            return self.turn_page(Page::Scan);
        }
        if let Message::Phone(PhoneMessage::Taken { differs: true, .. } | PhoneMessage::LookFirst) = message {
            return self.turn_page(Page::Phones);
        }
        let notice = self.saying(message);
        self.with_kiosk(|kiosk| kiosk.notice = notice);
    }

    /// After a turn: pages that are over go.
    pub(crate) fn settle_kiosk(&mut self) {
        let Some(till) = self.till() else { return };
        let over = |cause: Cause| !till.kiosk().is_called(cause);
        let document = if let Desk::Done(_, _, seq) = till.desk() { Some(*seq) } else { None };
        let untouched = till.basket().is_untouched() && matches!(till.desk(), Desk::Selling(_));
        let selling = matches!(till.desk(), Desk::Selling(_));
        let Some(kiosk) = &self.kiosk else { return };
        let wait_is_over = matches!(kiosk.page, Page::Wait(cause) if over(cause));
        let audit_is_over = kiosk.audit.is_some() && over(Cause::Audit);
        let phones_are_over = kiosk.page == Page::Phones && till.basket().phones().is_empty();
        let now_ms = self.moment.now_ms;
        self.with_kiosk(|kiosk| {
            if wait_is_over || phones_are_over {
                kiosk.page = Page::Scan;
            }
            kiosk.asks &= selling;
            if audit_is_over {
                kiosk.audit = None;
            }
            if kiosk.thanked != document {
                // A sale is done, or the one before was left.
                kiosk.thanked = document;
                kiosk.receipt = Receipt::default();
                kiosk.active_ms = now_ms;
                if document.is_some() {
                    kiosk.page = Page::Scan;
                    kiosk.asked = Asked::default();
                } else if untouched {
                    kiosk.begun = false;
                }
            }
            if selling && !untouched {
                kiosk.begun = true;
            }
        });
    }

    /// To the next question before payment, or to payment.
    fn go_on(&mut self) {
        let asked = self.kiosk.as_ref().map(|kiosk| kiosk.asked).unwrap_or_default();
        let any = self.till().is_some_and(|till| !till.basket().lines().is_empty());
        let joined = self.till().is_some_and(|till| till.basket().member().is_some());
        if !any || self.is_bagging_wrong() {
            return self.turn_page(Page::Scan);
        }
        if !asked.bags && !self.config.kiosk.bags.is_empty() {
            return self.turn_page(Page::Bags);
        }
        if !asked.member && !joined {
            return self.turn_page(Page::Member { typed: String::new() });
        }
        self.turn_page(Page::Scan);
        let Some(random) = self.kiosk.as_ref().map(|kiosk| (kiosk.chance)()) else { return };
        self.input(Input::Kiosk(domain::till::kiosk::KioskInput::Pay { random }));
        self.flush();
    }
}

/// Seconds as the lane's clock has them.
fn milliseconds(seconds: u32) -> i64 {
    i64::try_from(Duration::from_secs(u64::from(seconds)).as_millis()).unwrap_or(i64::MAX)
}
