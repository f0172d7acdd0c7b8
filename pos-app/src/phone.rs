//! What customers' phones show at this lane: a basket that joins the till's own, and the right to leave. Whether a code is
//! true is looked at here, with the keys that HQ told; what it does is the till's.

use domain::barcode::phone::PhoneCode;
use domain::basket;
use domain::catalogue::Catalogue;
use domain::money::Money;
use domain::phone::{
    CodeId, CodeKind, Difference, ExitRight, PhoneBasket, PhoneInput, PhoneLine, PhoneMessage, Taking,
    Unsold, Unusable,
};
use domain::refund::Origin;
use domain::sale::Sale;
use domain::till::{Desk, Input};
use drivers::sound::Tone as Sound;
use protocol::head::PublicKey;
use protocol::pull::CodeSigner;
use protocol::scan_go::{self, ExitCode, Here, RefuseCodeError};
use ui::view::{Notice, Tone};

use crate::config::Config;
use crate::lane::{Command, Lane, OpenLane, State, words};
use crate::present;
use crate::sheet::{Kind, ScanRule};

/// In Chinese, and in English.
pub(crate) type Words = (&'static str, &'static str);

/// What is said while the store's other lanes are asked.
const CHECKING: Words = ("正在核对手机上的码…", "Checking the phone's code…");

/// How much of a code is shown where nothing else is known of it.
const CODE_SHOWN: usize = 20;

/// A place where phone and till differ, in words.
pub(crate) struct Differing {
    /// The goods.
    pub name: String,
    /// What the phone showed, or what to do.
    pub detail: String,
    /// What the till charges; that it charges nothing for it.
    pub value: String,
    /// How urgent it is.
    pub tone: Tone,
}

impl Lane {
    /// A phone's code at the counter. Whether it was taken care of: where money is taken, or nobody is signed in, the till
    /// says so as of goods.
    pub(crate) fn scan_phone(&mut self, code: &PhoneCode) -> bool {
        self.is_at_goods() && {
            if let Some(input) = self.read_phone(code)
                && let Some(input) = self.ask_about_code(code, input)
            {
                self.input(input);
                self.flush();
            }
            true
        }
    }

    fn is_at_goods(&self) -> bool {
        self.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_) | Desk::Done(..)))
    }

    /// Nobody else has a phone's code, or nobody could be asked: it is taken as the counter stands now.
    pub(crate) fn take_phone(&mut self, code: &PhoneCode) {
        match self.front.sheets.last() {
            None => {}
            // No hand is at the scanner now: what somebody types stays, and what an exit code said is to be seen.
            Some(open) if open.has_words() || matches!(open.kind, Kind::Exit(..)) => {
                return self.block_scan();
            }
            Some(open) => match open.scan_rule() {
                ScanRule::Sells | ScanRule::Takes => self.close_sheets(),
                ScanRule::Blocks => return self.block_scan(),
            },
        }
        if !self.is_at_goods() {
            return self.scan(code.text());
        }
        if let Some(input) = self.read_phone(code) {
            self.input(input);
            self.flush();
        }
    }

    /// Another lane of the store used a code, or is about to.
    pub(crate) fn refuse_phone(&mut self, code: &PhoneCode, why: Unusable) {
        let kind = match code {
            PhoneCode::Basket(_) => CodeKind::Basket,
            PhoneCode::Exit(_) => CodeKind::Exit,
        };
        self.input(Input::Phone(Box::new(PhoneInput::Refuse { kind, why })));
        self.flush();
    }

    /// A phone's code was asked about, and the counter serves somebody else by now.
    pub(crate) fn drop_phone(&mut self, code: &PhoneCode) {
        let (what, rest): (Words, Words) = match code {
            PhoneCode::Basket(_) => (
                ("手机购物篮没有加上", "The phone's basket was not added"),
                (
                    "这一单换过了。请再扫一次手机上的码。",
                    "Another basket came up meanwhile. Scan the phone again.",
                ),
            ),
            PhoneCode::Exit(_) => (
                ("离店码没有查", "The exit code was not checked"),
                ("没有用掉。请再扫一次。", "It was not used up. Scan it again."),
            ),
        };
        if self.kiosk.is_some() {
            self.kiosk_says(Tone::Attend, what, rest);
        } else {
            self.front.say(Tone::Attend, (what.0, rest.0), (what.1, rest.1));
        }
        self.commands.push(Command::Play(Sound::Blocked));
    }

    /// What is said while the store's other lanes are asked.
    pub(crate) fn checking_phone(&mut self) {
        if self.kiosk.is_some() {
            self.kiosk_says(Tone::Quiet, CHECKING, ("", ""));
        } else {
            self.front.say(Tone::Quiet, (CHECKING.0, ""), (CHECKING.1, ""));
        }
    }

    /// It is not said any more.
    pub(crate) fn checked_phone(&mut self) {
        let is = |what: &str| what == CHECKING.0 || what == CHECKING.1;
        if self.kiosk.is_some() {
            self.kiosk_unsays(is);
        } else if let Some(Notice::Said { what, .. }) = &self.front.notice
            && is(what)
        {
            self.front.notice = None;
        }
    }

    /// What a phone's code is to the till; nothing where the lane cannot take any goods now.
    pub(crate) fn read_phone(&mut self, code: &PhoneCode) -> Option<Input> {
        // The newest keys and prices, where no basket holds on to those of before.
        if !self.before_goods() {
            return None;
        }
        let State::Open(open) = &self.state else { return None };
        let here = Here { store: &open.store().code, now_ms: self.moment.now_ms };
        let input = match code {
            PhoneCode::Basket(text) => {
                let keys = keys(open, here.now_ms, |signs| matches!(signs, CodeSigner::Baskets));
                match scan_go::PhoneBasket::open(text, &keys, here) {
                    Ok(basket) => PhoneInput::Take(taken(basket)),
                    Err(error) => PhoneInput::Refuse { kind: CodeKind::Basket, why: unusable(&error) },
                }
            }
            PhoneCode::Exit(text) => {
                let keys = keys(open, here.now_ms, |signs| matches!(signs, CodeSigner::Exits { .. }));
                match ExitCode::open(text, &keys, here) {
                    Ok(exit) => PhoneInput::CheckExit { exit: right(&exit), random: self.random() },
                    Err(error) => PhoneInput::Refuse { kind: CodeKind::Exit, why: unusable(&error) },
                }
            }
        };
        Some(Input::Phone(Box::new(input)))
    }

    /// The number of a code that would be used up.
    pub(crate) fn code_used_by(input: &Input) -> Option<CodeId> {
        let Input::Phone(input) = input else { return None };
        match input.as_ref() {
            PhoneInput::Take(basket) => Some(basket.id),
            PhoneInput::CheckExit { exit, random: _ } => Some(exit.id),
            PhoneInput::Look | PhoneInput::Audited { .. } | PhoneInput::Refuse { .. } => None,
        }
    }

    /// The till says something of a phone's code, to a cashier.
    pub(crate) fn phone_tells(&mut self, message: &PhoneMessage) {
        match message {
            PhoneMessage::Taken { differs: true, .. } | PhoneMessage::LookFirst => {
                self.open_sheet(Kind::Phones);
            }
            PhoneMessage::ExitPassed { exit, audit } => {
                self.close_sheets();
                self.open_sheet(Kind::Exit(Box::new(exit.clone()), *audit));
            }
            PhoneMessage::Taken { .. }
            | PhoneMessage::NothingSold
            | PhoneMessage::PhonesFull
            | PhoneMessage::AuditKept { .. }
            | PhoneMessage::Refused { .. } => {
                let (tone, what, rest) = phone_words(message, self.moment.offset_minutes);
                self.front.say(tone, (&what.0, rest.0), (&what.1, rest.1));
            }
        }
    }

    /// Where the phones of the open basket differ from it, the gravest first.
    pub(crate) fn differing(&self, open: &OpenLane) -> Vec<Differing> {
        let basket = open.basket();
        let currency = &open.settings().currency;
        let amount = |amount: Money| currency.format_with_symbol(amount);
        let mut rows = Vec::new();
        for taken in basket.phones() {
            for difference in taken.differences(basket.lines()) {
                rows.push(match difference {
                    Difference::LeftOut { line, why, sku } => {
                        let (what, rest) = unsold_words(why);
                        Differing {
                            name: self.goods_named(open, sku, &line.code, line.pieces),
                            detail: self.words(rest.0, rest.1),
                            value: self.words(what.0, what.1),
                            tone: Tone::Stop,
                        }
                    }
                    Difference::Price { first, pieces, shown, charged } => Differing {
                        name: times(present::name(&first.item, self.front.language), pieces),
                        detail: self.words(
                            &format!("手机上显示 {}", amount(shown)),
                            &format!("The phone showed {}", amount(shown)),
                        ),
                        value: amount(charged),
                        tone: if charged > shown { Tone::Attend } else { Tone::Good },
                    },
                    Difference::Total { shown, charged } => Differing {
                        name: self.words("手机上的合计", "The phone's total"),
                        detail: self.words(
                            &format!("手机上显示 {}", amount(shown)),
                            &format!("The phone showed {}", amount(shown)),
                        ),
                        value: amount(charged),
                        tone: if charged > shown { Tone::Attend } else { Tone::Good },
                    },
                });
            }
            let of_phone = taken.lines.iter().filter_map(|line| match &line.taking {
                Taking::Lines(numbers) => numbers.first().and_then(|number| basket.line(*number)),
                Taking::LeftOut { .. } => None,
            });
            for line in of_phone.filter(|line| basket.age_open().any(|open| open.number == line.number)) {
                rows.push(Differing {
                    name: present::name(&line.item, self.front.language),
                    detail: self
                        .words("付款前店员要确认年满 18 岁", "The staff must confirm 18+ before payment"),
                    value: self.words("限龄", "Age"),
                    tone: Tone::Attend,
                });
            }
        }
        let rank = |tone: Tone| match tone {
            Tone::Stop => 0,
            Tone::Attend => 1,
            Tone::Quiet => 2,
            Tone::Good => 3,
        };
        rows.sort_by_key(|row| rank(row.tone));
        rows
    }

    fn goods_named(&self, open: &OpenLane, sku: &str, code: &str, pieces: u32) -> String {
        let item = open.reference().item_by_sku(sku).ok().flatten().filter(|_| !sku.is_empty());
        let name = match item {
            Some(item) => present::name(&item, self.front.language),
            None => code.chars().filter(|character| !character.is_control()).take(CODE_SHOWN).collect(),
        };
        times(name, pieces)
    }

    /// The exit code of a sale of this lane, where it has one.
    pub(crate) fn exit_code(&self, open: &OpenLane, seq: u64) -> Option<String> {
        exit_code(open, &self.config, seq)
    }

    /// Who paid with a phone's basket gets their exit code once, over the finished sale.
    pub(crate) fn show_exit_code(&mut self) {
        let State::Open(open) = &self.state else { return };
        let Desk::Done(_, _, seq) = open.till().desk() else { return };
        let seq = *seq;
        if self.front.exit_shown == Some(seq) {
            return;
        }
        let code = self.exit_code(open, seq);
        let identity = open.journal().identity();
        let origin =
            Origin { store: identity.store.clone(), lane: identity.lane, epoch: identity.epoch, seq };
        self.front.exit_shown = Some(seq);
        if let Some(code) = code {
            self.open_sheet(Kind::Leave(origin, code));
        }
    }
}

/// The exit code of a sale, where a phone's basket is in it or every sale has one; the same each time. Nothing for a lane
/// without a key, or once its time is over.
pub(crate) fn exit_code(open: &OpenLane, config: &Config, seq: u64) -> Option<String> {
    let stored = open.journal().record(seq).ok()?;
    let domain::record::Record::SaleCompleted { sale } = &stored.record else { return None };
    let sale: &Sale = sale;
    let has_goods = !sale.lines.is_empty() && sale.payable >= Money::ZERO;
    if !has_goods || sale.phones.is_empty() && !config.scan_go.exit_for_all {
        return None;
    }
    let identity = open.journal().identity();
    let (lane, epoch) = (identity.lane, identity.epoch);
    let made_ms = stored.stamp.at_ms.max(0) / 1_000 * 1_000;
    let exit = ExitCode {
        id: ExitCode::id_of(&identity.store, lane, epoch, seq),
        store: identity.store.clone(),
        made_ms,
        until_ms: made_ms.saturating_add(config.scan_go.exit_ms()),
        lane,
        epoch,
        seq,
        pieces: u32::try_from(basket::pieces(&sale.lines)).unwrap_or(u32::MAX),
        total: sale.payable.minor(),
    };
    match open.journal().hand().seal_exit(&exit)? {
        Ok(code) => Some(code),
        Err(error) => {
            tracing::warn!(error = words(&error), seq, "no exit code");
            None
        }
    }
}

/// The keys of one lane's journal that hold now.
pub(crate) fn lane_keys(open: &OpenLane, now_ms: i64, lane: u32, epoch: u32) -> Vec<PublicKey> {
    let told = match open.reference().code_keys() {
        Ok(told) => told,
        Err(error) => {
            tracing::warn!(error = words(&error), "keys of lanes not read");
            return Vec::new();
        }
    };
    let such = |signs: &CodeSigner| *signs == CodeSigner::Exits { lane, epoch };
    told.iter().filter(|key| such(&key.signs)).filter_map(|key| key.at(now_ms).ok().flatten()).collect()
}

/// The keys of one kind that hold now.
fn keys(open: &OpenLane, now_ms: i64, such: impl Fn(&CodeSigner) -> bool) -> Vec<PublicKey> {
    let told = match open.reference().code_keys() {
        Ok(told) => told,
        Err(error) => {
            tracing::warn!(error = words(&error), "keys of scan-and-go not read");
            return Vec::new();
        }
    };
    let held = told.iter().filter(|key| such(&key.signs)).filter_map(|key| match key.at(now_ms) {
        Ok(key) => key,
        Err(error) => {
            tracing::warn!(error = words(&error), key = key.key(), "key of scan-and-go left out");
            None
        }
    });
    let mut keys: Vec<PublicKey> = held.collect();
    // A lane knows its own before HQ has told it.
    let own = open.journal().hand().public().filter(|_| such(&CodeSigner::Exits { lane: 0, epoch: 0 }));
    keys.extend(own);
    keys
}

fn taken(basket: scan_go::PhoneBasket) -> PhoneBasket {
    let line = |line: scan_go::PhoneLine| {
        let scan_go::PhoneLine { code, pieces, shown } = line;
        PhoneLine { code, pieces, shown: shown.map(Money::from_minor).filter(|shown| shown.is_amount()) }
    };
    PhoneBasket {
        id: basket.id,
        until_ms: basket.until_ms,
        total: Money::from_minor(basket.total).min(Money::from_minor(domain::money::AMOUNT_MAX)),
        lines: basket.lines.into_iter().map(line).collect(),
    }
}

fn right(exit: &ExitCode) -> ExitRight {
    ExitRight {
        id: exit.id,
        made_ms: exit.made_ms,
        until_ms: exit.until_ms,
        lane: exit.lane,
        epoch: exit.epoch,
        seq: exit.seq,
        pieces: exit.pieces,
        total: Money::from_minor(exit.total).min(Money::from_minor(domain::money::AMOUNT_MAX)),
    }
}

fn unusable(error: &RefuseCodeError) -> Unusable {
    match error {
        RefuseCodeError::Form => Unusable::Damaged,
        RefuseCodeError::Version(_) => Unusable::Newer,
        RefuseCodeError::Signature => Unusable::Forged,
        RefuseCodeError::OtherStore(_) => Unusable::OtherStore,
        RefuseCodeError::Expired => Unusable::Expired,
    }
}

fn times(name: String, pieces: u32) -> String {
    if pieces == 1 { name } else { format!("{name} × {pieces}") }
}

/// What is said of a phone's code: how urgent, what happened, what to do. The lane's offset from UTC is in minutes.
pub(crate) fn phone_words(message: &PhoneMessage, offset_minutes: i32) -> (Tone, (String, String), Words) {
    let said = |what: Words| (what.0.to_owned(), what.1.to_owned());
    match message {
        PhoneMessage::Taken { lines, left_out: 0, differs: false } => (
            Tone::Good,
            (format!("手机购物篮已加上：{lines} 行"), format!("The phone's basket is here: {lines} lines")),
            ("价格和手机上一样。", "Prices are those on the phone."),
        ),
        PhoneMessage::Taken { .. } | PhoneMessage::LookFirst => (
            Tone::Attend,
            said(("和手机上的不一样", "Not what the phone showed")),
            ("没有收钱。请先看一看不同之处。", "Nothing was charged. Look at the differences first."),
        ),
        PhoneMessage::NothingSold => (
            Tone::Stop,
            said(("购物篮里的商品这里都不能卖", "Nothing of this basket can be sold here")),
            ("没有加上。请把商品逐件扫描。", "Nothing was added. Scan the goods one by one."),
        ),
        PhoneMessage::PhonesFull => (
            Tone::Attend,
            said(("这一单里的手机购物篮太多", "Too many phones' baskets in this one")),
            ("没有加上。请先付这一单，再扫下一个。", "Nothing was added. Pay this one first."),
        ),
        PhoneMessage::ExitPassed { .. } => {
            (Tone::Good, said(("已付款，可以离店", "Paid: may leave")), ("", ""))
        }
        PhoneMessage::AuditKept { is_well: true } => (
            Tone::Good,
            said(("抽检已记下：没有问题", "The spot check is kept: all is well")),
            ("请放行。", "Let them leave."),
        ),
        PhoneMessage::AuditKept { is_well: false } => (
            Tone::Attend,
            said(("抽检已记下：有商品没付", "The spot check is kept: goods were not paid for")),
            ("请顾客补付。", "Ask the customer to pay for them."),
        ),
        PhoneMessage::Refused { kind, why: Unusable::UsedAt { lane, at_ms } } => {
            let at = at_ms.map(|at_ms| present::local_time(at_ms, offset_minutes, "%H:%M"));
            let at = |before: &str, after: &str| {
                at.as_ref().map(|at| format!("{before}{at}{after}")).unwrap_or_default()
            };
            let (_, _, rest) = refused_words(*kind, Unusable::UsedBefore);
            let what = match kind {
                CodeKind::Basket => (
                    format!("这个购物篮已在 {lane} 号收银台用过{}", at("（", "）")),
                    format!("This basket was used already at lane {lane}{}", at(", ", "")),
                ),
                CodeKind::Exit => (
                    format!("离店码已在 {lane} 号收银台用过{}", at("（", "）")),
                    format!("This exit code was used already at lane {lane}{}", at(", ", "")),
                ),
            };
            (Tone::Stop, what, rest)
        }
        PhoneMessage::Refused { kind: CodeKind::Basket, why: Unusable::HeldAt { lane } } => (
            Tone::Stop,
            (format!("{lane} 号收银台正在用这个购物篮"), format!("Lane {lane} is taking this basket now")),
            (
                "没有加上。请到那里付款，或在手机上重新生成二维码。",
                "Nothing was added. Pay there, or make a new code on the phone.",
            ),
        ),
        PhoneMessage::Refused { kind: CodeKind::Exit, why: Unusable::HeldAt { lane } } => {
            let (_, _, rest) = refused_words(CodeKind::Exit, Unusable::UsedBefore);
            let what = (
                format!("{lane} 号收银台正在查这个离店码"),
                format!("Lane {lane} is checking this exit code now"),
            );
            (Tone::Stop, what, rest)
        }
        PhoneMessage::Refused { kind, why } => {
            let (tone, what, rest) = refused_words(*kind, *why);
            (tone, said(what), rest)
        }
    }
}

fn refused_words(kind: CodeKind, why: Unusable) -> (Tone, Words, Words) {
    match kind {
        CodeKind::Basket => {
            let again: Words =
                ("没有加上。请在手机上重新生成二维码。", "Nothing was added. Make a new code on the phone.");
            let by_hand: Words = (
                "没有加上。请在手机上重新生成；还不行就逐件扫描商品。",
                "Nothing was added. Make a new code on the phone, or scan the goods one by one.",
            );
            match why {
                Unusable::Damaged => (
                    Tone::Attend,
                    ("手机上的码没有读全", "The phone's code was not read whole"),
                    (
                        "没有加上。请把屏幕调亮，再扫一次。",
                        "Nothing was added. Make the screen brighter and scan again.",
                    ),
                ),
                Unusable::Newer => (
                    Tone::Attend,
                    ("这里还不认识这种手机码", "This kind of code is not known here yet"),
                    by_hand,
                ),
                Unusable::Forged => (
                    Tone::Stop,
                    ("这个码不是总部或本店签的", "Neither HQ nor this store signed this code"),
                    by_hand,
                ),
                Unusable::OtherStore => (
                    Tone::Stop,
                    ("这是别的门店的购物篮", "This basket is for another store"),
                    (
                        "没有加上。请扫本店入口的二维码，再重新生成。",
                        "Nothing was added. Scan the code at this store's entrance and make a new one.",
                    ),
                ),
                Unusable::Expired => {
                    (Tone::Attend, ("这个购物篮已过时", "The time of this basket is over"), again)
                }
                Unusable::UsedBefore | Unusable::UsedAt { .. } | Unusable::HeldAt { .. } => {
                    (Tone::Stop, ("这个购物篮已经用过", "This basket was used already"), again)
                }
                Unusable::TooMany => {
                    (Tone::Attend, ("这里用过的手机码太多", "Too many phones' codes were used here"), by_hand)
                }
            }
        }
        CodeKind::Exit => {
            let look: Words = (
                "请看小票和商品，再决定是否放行。",
                "Look at the receipt and the goods before you let them leave.",
            );
            let hold: Words = (
                "先不要放行。请看小票，并请主管来。",
                "Do not let them leave yet. Look at the receipt and call a supervisor.",
            );
            match why {
                Unusable::Damaged => (
                    Tone::Attend,
                    ("离店码没有读全", "The exit code was not read whole"),
                    ("请再扫一次。", "Scan it again."),
                ),
                Unusable::Newer => (
                    Tone::Attend,
                    ("这里还不认识这种离店码", "This kind of exit code is not known here yet"),
                    look,
                ),
                Unusable::Forged => (
                    Tone::Stop,
                    ("离店码不是本店收银台签的", "No lane of this store signed this exit code"),
                    hold,
                ),
                Unusable::OtherStore => {
                    (Tone::Stop, ("这是别的门店的离店码", "This exit code is another store's"), hold)
                }
                Unusable::Expired => {
                    (Tone::Attend, ("离店码已过时", "The time of this exit code is over"), look)
                }
                Unusable::UsedBefore | Unusable::UsedAt { .. } | Unusable::HeldAt { .. } => {
                    (Tone::Stop, ("离店码已经用过", "This exit code was used already"), hold)
                }
                Unusable::TooMany => {
                    (Tone::Attend, ("这里查过的离店码太多", "Too many exit codes were checked here"), look)
                }
            }
        }
    }
}

/// That goods of a phone are not in the basket, and what to do.
fn unsold_words(why: Unsold) -> (Words, Words) {
    let not_added: Words = ("没加上", "Not added");
    let rest = match why {
        Unsold::Unknown => ("这里不认识它，请店员处理", "Not known here: ask the staff"),
        Unsold::NotGoods => ("条码不对，请在这里再扫一次", "Its code is wrong: scan it again here"),
        Unsold::Expired => ("已过期，不能卖，请交给店员", "Past its date: not sold, give it to the staff"),
        Unsold::Again => ("同一件已经在单里", "This very piece is there already"),
        Unsold::Weigh => ("要称重，请在这里称", "It must be weighed: weigh it here"),
        Unsold::Price => ("没有价格，请店员处理", "It has no price: ask the staff"),
        Unsold::NotHere => ("自助机不卖，请到人工收银台", "Sold at a manned till only"),
        Unsold::Quantity => ("数量太多，请店员处理", "Too many of it: ask the staff"),
        Unsold::Fault => ("暂时查不到，请在这里再扫一次", "It cannot be looked up now: scan it again here"),
    };
    (not_added, rest)
}
