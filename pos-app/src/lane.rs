//! The loop's one turn: events in, the disk written, commands out.
//!
//! A turn takes all events that wait. What they want written goes to the disk
//! in one transaction at its end, or at once where a sale is paid; only then
//! do drawer, paper and sounds hear of it. Where the disk refuses, the till is
//! what it was after the last commit.

mod asking;
mod books;
mod open;
mod paper;
mod rules;
mod scanners;
pub mod training;

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use domain::basket::Savings;
use domain::clock::ClockChange;
use domain::payment::{Answer, Payment};
use domain::record::{PaperOutcome, Record};
use domain::till::{Desk, Effect, Input, Message, Sound, Till};
use drivers::frame::Health;
use drivers::payment::PaymentCode;
use drivers::printer::{Job, PrinterEvent};
use drivers::scale::ScaleTold;
use drivers::scanner::Scan;
use drivers::sound::Tone;
use ledger::journal::{AppendError, Journal, JournalReader};
use ledger::reference::{AgentState, AgentWatch, Reference, ReferenceError};
use protocol::ask::{Answer as Told, Asked};
use ui::action::Action;
use ui::view::{Closed, Language, Notice, View};

use crate::board::Board;
use crate::config::{Config, Mode, Paths};
use crate::counting::Counting;
use crate::entry::{CALM_MS, Front};
use crate::kiosk::Kiosk;
use crate::labels::Labels;
use crate::orders::Orders;
use crate::payment::{self, Act, Ask};
use crate::pictures::{self, Pictures};
use crate::present;
use crate::receipt;
use crate::sheet::{Attempt, Bought, Elsewhere, Kind, MarginsSeen, StoreDaySeen};
use crate::transfers::Transfers;
use crate::weighing::{ScaleAsk, ScaleStatus};
use asking::Errands;
pub use books::Moment;
pub use open::OpenLane;
use paper::PrinterStatus;

/// How often the lane looks around when nothing happens.
pub const TICK: Duration = Duration::from_millis(500);

/// After so long without an event the lane works out fully what the basket costs: longer than a burst of
/// codes leaves between two, and short, since who has scanned looks at the total; whatever comes meanwhile breaks it off.
pub const PAUSE: Duration = Duration::from_millis(30);

/// The most events taken in one turn, so that the screen keeps up with a burst.
pub const TURN_EVENTS_MAX: usize = 64;

/// Drawer pulses share numbers with documents at the printer; this bit tells them apart.
const DRAWER_BIT: u64 = 1 << 63;

/// Papers that are no documents, such as a report, share them too.
const OTHER_BIT: u64 = 1 << 62;

/// Papers of which the lane remembers how they ended: the last sale's, and what was printed again since.
const PAPERS_TOLD_MAX: usize = 64;

/// How long papers wait after the disk refused one, milliseconds.
const PAPERS_PAUSE_MS: i64 = 10_000;

/// After so long without an event the journal is tidied, milliseconds.
const QUIET_MS: i64 = 30_000;

/// So many lines are priced in less time than it takes to draw them.
pub const LINES_PRICED_AT_ONCE: usize = 40;

/// What happens to a lane from outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A person did something at the screen.
    Action(Action),
    /// A scanner with a line of its own read a code.
    Scan(Scan),
    /// Such a scanner sent what is no whole code.
    TornCode {
        /// How many bytes of it came.
        bytes: usize,
    },
    /// How such a scanner is.
    Scanner {
        /// Its device file, as the set-up names it.
        path: String,
        /// How it is.
        health: Health,
    },
    /// How the customers' pole is.
    Pole(Health),
    /// The scale has something to say.
    Scale(ScaleTold),
    /// The scale of a kiosk's bagging area has something to say.
    Bagging(ScaleTold),
    /// The printer has something to say.
    Printer(PrinterEvent),
    /// A wallet has something to say of a payment.
    Payment {
        /// Our own number of it.
        number: u64,
        /// What was said.
        answer: Answer,
    },
    /// The agent answered a question, or did not in time.
    Answered {
        /// The lane's number of the question.
        number: u64,
        /// What was said; `None` where nobody answered in time.
        answer: Option<Box<Told>>,
    },
    /// The check of the whole journal failed.
    JournalDamaged {
        /// What was found, for the technician.
        reason: String,
    },
    /// Pictures of goods have come that were asked for: they are shown.
    PicturesCame,
    /// Nobody wanted anything, and the lane has worked out fully what the basket costs.
    Reckoned,
    /// Time passed.
    Tick,
}

/// What the lane wants done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Open the drawer.
    OpenDrawer {
        /// The printer's number for it.
        id: u64,
    },
    /// Print.
    Print(Job),
    /// Ask the scale.
    Scale(ScaleAsk),
    /// Ask a wallet about a payment.
    Pay(Box<Ask>),
    /// Ask the agent.
    Ask(Asked),
    /// Make a sound.
    Play(Tone),
    /// Show something on the customers' pole for a moment, whatever is sold.
    TryPole,
    /// End the program.
    Quit,
    /// End the program, and begin it again for a training, or after one.
    Train {
        /// Whether one begins.
        begins: bool,
    },
}

/// A lane: everything but threads, devices and the window.
pub struct Lane {
    /// Where its journal lies: in a training, the training's.
    pub(crate) paths: Paths,
    /// What HQ told us, which a training reads as well.
    reference: PathBuf,
    pub(crate) config: Config,
    pub(crate) state: State,
    pub(crate) front: Front,
    pub(crate) agent: AgentState,
    pub(crate) printer: PrinterStatus,
    pub(crate) scale: ScaleStatus,
    /// How scanners with lines of their own are, by the paths of the set-up.
    pub(crate) scanners: BTreeMap<String, Health>,
    /// How the customers' pole is; `None` before it said so.
    pub(crate) pole: Option<Health>,
    pub(crate) moment: Moment,
    watch: Option<AgentWatch>,
    pub(crate) commands: Vec<Command>,
    /// Papers that were no documents.
    others_printed: u64,
    last_event_ms: i64,
    /// Whether the basket may wait for its price until all events of this turn are taken in.
    price_waits: bool,
    tidied: bool,
    /// What is to be written down about the clock, once the lane is open.
    clock_change: Option<ClockChange>,
    /// What became of papers, until the disk knows it; bounded by the one
    /// document that is with the printer at a time.
    papers_ended: VecDeque<(u64, PaperOutcome)>,
    /// What became of the last papers since the start, oldest first; at most [`PAPERS_TOLD_MAX`].
    papers_told: VecDeque<(u64, PaperOutcome)>,
    /// When papers are begun again after the disk refused, milliseconds UTC.
    papers_again_ms: i64,
    /// What the agent is asked, and what HQ holds for this lane.
    pub(crate) errands: Errands,
    /// What customers see, where they use the lane by themselves.
    pub(crate) kiosk: Option<Kiosk>,
    /// What the staff sees of shelf labels, where the lane is about them.
    pub(crate) labels: Option<Box<Labels>>,
    /// Pictures of goods.
    pub(crate) pictures: Pictures,
    /// The store's orders of channels.
    pub(crate) orders: Orders,
    /// Transfers between stores that HQ ordered.
    pub(crate) transfers: Transfers,
    /// The store's kiosks, where the attendant looks after them from here.
    pub(crate) board: Board,
    /// The count of goods that is open.
    pub(crate) counting: Counting,
    /// The baskets that other lanes put aside.
    pub(crate) elsewhere: Elsewhere,
    /// The parked basket of this lane of which it was just told that another is taking it up.
    pub(crate) held_elsewhere: Option<u32>,
    /// Receipts that are looked for without the paper.
    pub(crate) bought: Bought,
    /// What was earned on goods, while somebody looks at it.
    pub(crate) margins: MarginsSeen,
    /// The whole store's day, while somebody looks at it.
    pub(crate) store_day: StoreDaySeen,
}

/// Whether the lane can sell.
// There is one, for the program's life.
#[allow(clippy::large_enum_variant)]
pub(crate) enum State {
    /// Not yet, or not any more.
    Closed(Closed),
    /// It can.
    Open(OpenLane),
}

impl Lane {
    /// A lane that has not looked at its files yet; the first turn does.
    pub fn new(paths: Paths, config: Config) -> Self {
        let command = enrol_command(&paths);
        let reference = paths.reference();
        let front = Front::new(&paths, &config);
        let paths = if config.training { paths.training() } else { paths };
        let shown = if config.mode == Mode::Kiosk { pictures::AT_KIOSK } else { pictures::AT_TILL };
        Self {
            pictures: Pictures::start(&reference, shown),
            reference,
            front,
            kiosk: Kiosk::of(&config, &paths),
            labels: Labels::of(&config, &paths),
            paths,
            config,
            state: State::Closed(Closed::NotEnrolled { command }),
            agent: AgentState::default(),
            printer: PrinterStatus::default(),
            scale: ScaleStatus::default(),
            scanners: BTreeMap::new(),
            pole: None,
            moment: Moment { now_ms: 0, offset_minutes: 0 },
            watch: None,
            commands: Vec::new(),
            others_printed: 0,
            last_event_ms: 0,
            price_waits: false,
            tidied: false,
            clock_change: None,
            papers_ended: VecDeque::new(),
            papers_told: VecDeque::new(),
            papers_again_ms: 0,
            errands: Errands::default(),
            orders: Orders::default(),
            transfers: Transfers::default(),
            board: Board::default(),
            counting: Counting::default(),
            elsewhere: Elsewhere::default(),
            held_elsewhere: None,
            bought: Bought::default(),
            margins: MarginsSeen::default(),
            store_day: StoreDaySeen::default(),
        }
    }

    /// Takes a turn whenever pictures of goods have come, by an event into this queue.
    pub fn wake_for_pictures(&self, events: SyncSender<Event>) {
        self.pictures.wake(events);
    }

    /// Takes events in and gives what is to be done outside, in order.
    pub fn turn(&mut self, moment: Moment, events: impl IntoIterator<Item = Event>) -> Vec<Command> {
        self.turn_with(moment, events, |_| true)
    }

    /// The same, and lets `early` look at the lane once goods of a large basket are in it and on the disk, but before what
    /// promotions take off them is known: until then what was taken off before stands, which is never too much. Where
    /// `early` says no, since a further turn follows at once, that is left to the turns to come.
    pub fn turn_with(
        &mut self,
        moment: Moment,
        events: impl IntoIterator<Item = Event>,
        early: impl FnOnce(&Self) -> bool,
    ) -> Vec<Command> {
        self.moment = moment;
        if matches!(self.state, State::Closed(_)) && !self.is_broken() {
            self.look_around();
        }
        self.note_clock();
        // At a kiosk what a scan may do depends on what the basket comes to.
        self.price_waits = self.kiosk.is_none();
        for event in events {
            self.take(event);
        }
        self.price_waits = false;
        self.flush();
        let is_priced = !self.is_seen_early() || early(self);
        if is_priced && let State::Open(open) = &mut self.state {
            open.glance(moment);
        }
        self.ask_for_quotas();
        self.give_back_to_hq();
        self.flush();
        self.begin_paper();
        if self.kiosk.is_some() {
            self.settle_kiosk();
        } else {
            self.settle_sheets();
            self.forget_margins();
            self.forget_store_day();
            self.show_exit_code();
        }
        self.settle_labels();
        std::mem::take(&mut self.commands)
    }

    /// Whether it takes longer to price the basket than anybody should wait for the goods that they scanned.
    fn is_seen_early(&self) -> bool {
        self.kiosk.is_none()
            && self.till().is_some_and(|till| {
                let basket = till.basket();
                basket.savings() == Savings::Due && basket.lines().len() > LINES_PRICED_AT_ONCE
            })
    }

    /// The stamp of the journal's last event, milliseconds UTC: from here on a
    /// start reckons.
    pub fn last_stamp_ms(&self) -> Option<i64> {
        let reader = JournalReader::open(&self.paths.journal()).ok().flatten()?;
        Some(reader.last_stamp().ok().flatten()?.at_ms)
    }

    /// Hears that the clock is not believed, or believed again.
    pub fn hear_clock(&mut self, change: ClockChange) {
        self.clock_change = Some(change);
    }

    fn note_clock(&mut self) {
        let State::Open(open) = &mut self.state else { return };
        let Some(change) = self.clock_change.take() else { return };
        let record = match change {
            ClockChange::Refused { shown_ms, reckoned_ms } => {
                let local = chrono::DateTime::from_timestamp_millis(shown_ms).unwrap_or_default()
                    + chrono::Duration::minutes(i64::from(self.moment.offset_minutes));
                let notice = Notice::ClockWrong { shown: local.format("%Y-%m-%d %H:%M").to_string() };
                self.front.on_sign_in.get_or_insert_with(|| notice.clone());
                self.front.notice = Some(notice);
                Record::ClockRefused { shown_ms, reckoned_ms }
            }
            ClockChange::Trusted { shown_ms, reckoned_ms } => {
                if matches!(self.front.notice, Some(Notice::ClockWrong { .. })) {
                    self.front.notice = None;
                }
                Record::ClockTrusted { shown_ms, reckoned_ms, staff: String::new() }
            }
        };
        open.note(self.moment, record);
    }

    /// What the screen shows now.
    pub fn view(&self) -> View {
        present::view(self)
    }

    /// The till, where the lane can sell.
    pub fn till(&self) -> Option<&Till> {
        match &self.state {
            State::Open(open) => Some(open.till()),
            State::Closed(_) => None,
        }
    }

    /// The journal, where the lane can sell.
    pub fn journal(&self) -> Option<&Journal> {
        match &self.state {
            State::Open(open) => Some(open.journal()),
            State::Closed(_) => None,
        }
    }

    /// Whether what the basket costs is not worked out fully yet.
    pub fn is_to_reckon(&self) -> bool {
        self.till().is_some_and(Till::is_to_be_reckoned)
    }

    /// Works out fully what the basket costs, as long as `goes_on` says so, for the [`Event::Reckoned`] that
    /// is to come next; see [`Till::consider`].
    pub fn consider(&self, goes_on: &dyn Fn() -> bool) -> bool {
        match &self.state {
            State::Open(open) => open.consider(self.moment, goes_on),
            State::Closed(_) => false,
        }
    }

    /// Feeds the till directly, as screens and scanners do in the end; for
    /// replaying what was sold elsewhere.
    pub fn feed(&mut self, input: Input) {
        self.input(input);
    }

    fn take(&mut self, event: Event) {
        if !matches!(
            event,
            Event::Tick
                | Event::Reckoned
                | Event::PicturesCame
                | Event::Scale(_)
                | Event::Bagging(_)
                | Event::Scanner { .. }
                | Event::Pole(_)
                // It was asked for, and kiosks and boards ask all the time.
                | Event::Answered { .. }
        ) {
            self.last_event_ms = self.moment.now_ms;
            self.tidied = false;
        }
        match event {
            Event::Action(action) => self.act(action),
            Event::Scan(scan) if self.kiosk.is_some() => self.kiosk_scan(&scan.raw()),
            Event::Scan(scan) if self.is_at_labels() => self.labels_scan(&scan.raw()),
            Event::Scan(scan) => {
                self.front.notice = None;
                self.scan_over(&scan.raw());
            }
            Event::TornCode { bytes } => self.hear_torn_code(bytes),
            Event::Scanner { path, health } => self.hear_scanner(path, health),
            Event::Pole(health) => self.hear_pole(health),
            Event::Scale(told) => self.hear_scale(told),
            Event::Bagging(told) => self.hear_bagging(told),
            Event::Printer(event) => self.hear_printer(event),
            Event::Answered { number, answer } => self.hear_answer(number, answer.map(|answer| *answer)),
            Event::Payment { number, answer } => self.input(Input::PaymentAnswered { number, answer }),
            Event::JournalDamaged { reason } => {
                let file = self.paths.journal().display().to_string();
                self.state = State::Closed(Closed::Ledger { file, reason });
            }
            // The view that follows shows them.
            Event::PicturesCame => {}
            Event::Reckoned => self.input(Input::Reckon),
            Event::Tick => {
                if self.till().is_some_and(|till| !till.payments().is_empty()) || self.is_bagging_wrong() {
                    self.input(Input::Tick);
                }
                self.look_at_scale();
                self.look_around();
                self.look_at_orders();
                self.look_at_transfers();
                self.let_kiosk_rest();
                self.tell_stand();
                self.look_at_board();
            }
        }
    }

    /// A code from any scanner or the entry line.
    pub(crate) fn scan(&mut self, text: &str) {
        if self.before_goods() {
            self.input(Input::Code(text.to_owned()));
        }
    }

    /// Goods chosen from a list.
    pub(crate) fn choose(&mut self, sku: String, count: Option<i64>) {
        if self.before_goods() {
            // Goods that wait for the scale are not wanted any more.
            self.scale.forget();
            self.input(Input::Choose { sku, count });
        }
    }

    /// Goods whose price was typed.
    pub(crate) fn choose_priced(&mut self, input: Input) {
        if self.before_goods() {
            self.input(input);
        }
    }

    /// Between two baskets: the newest goods, and room on the disk for the
    /// next sale. Whether goods may come.
    pub(crate) fn before_goods(&mut self) -> bool {
        let State::Open(open) = &mut self.state else { return false };
        if !open.till().basket().is_empty() {
            return true;
        }
        if let Err(error) = open.refresh(&self.config) {
            self.fault(&error);
            return false;
        }
        if open.has_room() {
            return true;
        }
        self.front.notice = Some(Notice::DiskFull);
        self.commands.push(Command::Play(Tone::Blocked));
        false
    }

    fn fault(&mut self, error: &ReferenceError) {
        self.front.notice = Some(Notice::ReferenceFault { reason: words(error) });
        self.commands.push(Command::Play(Tone::Blocked));
    }

    /// Lets the till decide; what it wants written is written at the latest at
    /// the end of the turn.
    pub(crate) fn input(&mut self, input: Input) {
        if let Some(input) = self.ask_first(input) {
            self.input_now(input);
        }
    }

    /// The same, of what nobody is asked about before.
    fn input_now(&mut self, input: Input) {
        let State::Open(open) = &mut self.state else { return };
        if open.input(self.moment, input, self.price_waits) {
            self.flush();
        }
    }

    /// Writes what waits to be written, then does what waited for it.
    pub(crate) fn flush(&mut self) {
        loop {
            let State::Open(open) = &mut self.state else { return };
            match open.flush(self.moment) {
                Ok(effects) if effects.is_empty() => return,
                Ok(effects) => effects.into_iter().for_each(|effect| self.perform(effect)),
                Err(error) => {
                    self.front.attempt = Attempt::Refused;
                    tracing::error!(error = words(&error), "journal not written");
                    if open.journal().is_in_doubt() {
                        return self.lock_out(&error);
                    }
                    self.front.notice = Some(match &error {
                        AppendError::DiskFull => Notice::DiskFull,
                        AppendError::TooLong { .. } | AppendError::Sqlite(_) | AppendError::InDoubt => {
                            Notice::LedgerFault { reason: words(&error) }
                        }
                    });
                    self.commands.push(Command::Play(Tone::Blocked));
                    return;
                }
            }
        }
    }

    /// The disk has failed: nothing is sold until the till is started again
    /// and has read what is on it.
    fn lock_out(&mut self, error: &AppendError) {
        let file = self.paths.journal().display().to_string();
        self.state = State::Closed(Closed::DiskFailed { file, reason: words(error) });
        self.commands.push(Command::Play(Tone::Blocked));
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Commit(_) => {}
            Effect::Sound(sound) => {
                if matches!(sound, Sound::Unknown | Sound::Blocked) {
                    self.front.attempt = Attempt::Refused;
                }
                self.commands.push(Command::Play(match sound {
                    Sound::Accepted => Tone::Accepted,
                    Sound::Unknown => Tone::Unknown,
                    Sound::Blocked => Tone::Blocked,
                }));
            }
            Effect::Weigh(goods) => self.weigh(goods),
            Effect::OpenDrawer => {
                let State::Open(open) = &self.state else { return };
                let id = DRAWER_BIT | open.journal().head().seq;
                // The change is read before the next key puts it away.
                self.front.calm_until_ms = self.moment.now_ms + CALM_MS;
                self.commands.push(Command::OpenDrawer { id });
            }
            Effect::Print { document, reprint } => self.print(document, reprint),
            // The cashier says how it ended: a sheet asks.
            Effect::Charge { payment, .. } | Effect::Refund(payment) if self.is_by_hand(&payment) => {
                let kind = Kind::Payment(payment.number);
                self.open_sheet(kind);
            }
            Effect::Charge { payment, code } => match PaymentCode::parse(&code) {
                Ok(code) => self.ask_wallet(&payment, Act::Charge(code)),
                Err(error) => self.answer_payment(&payment, Answer::Declined { reason: error.to_string() }),
            },
            Effect::Refund(payment) => self.ask_wallet(&payment, Act::Refund),
            // Nobody can be asked but the cashier, who is looking at the sheet.
            Effect::QueryPayment(payment) if self.is_by_hand(&payment) => {
                self.answer_payment(&payment, Answer::Waiting);
            }
            Effect::ReversePayment(payment) if self.is_by_hand(&payment) => {
                self.answer_payment(&payment, Answer::Unknown);
            }
            Effect::QueryPayment(payment) => self.ask_wallet(&payment, Act::Query),
            Effect::ReversePayment(payment) => self.ask_wallet(&payment, Act::Reverse),
            Effect::Ask(act) => {
                tracing::info!(?act, "an approval is needed");
                self.front.attempt = Attempt::Asked;
                if self.kiosk.is_some() {
                    return self.kiosk_asks();
                }
                self.open_sheet(Kind::Approve(act));
            }
            Effect::Report(report) => self.hear_report(report),
            Effect::Tell(message) => self.tell_or_ask(message),
        }
    }

    /// Whether no terminal of the lane's own takes part.
    fn is_by_hand(&self, payment: &Payment) -> bool {
        payment.wallet == domain::tender::Wallet::Card
    }

    /// Has a wallet asked, where this lane has a terminal for it.
    fn ask_wallet(&mut self, payment: &Payment, act: Act) {
        let State::Open(open) = &self.state else { return };
        let order = payment::order_of(open, &self.config, payment)
            .filter(|_| payment::takes(&self.config, payment.wallet));
        match (order, &act) {
            (Some(order), _) => {
                let back_to = payment::back_to(open, payment);
                let ask = Ask { payment: payment.number, wallet: payment.wallet, order, back_to, act };
                self.commands.push(Command::Pay(Box::new(ask)));
            }
            (None, Act::Charge(_) | Act::Refund) => self.no_terminal(payment),
            // Nobody knows more of an old one.
            (None, Act::Query | Act::Reverse) => self.answer_payment(payment, Answer::Unknown),
        }
    }

    fn no_terminal(&mut self, payment: &Payment) {
        let reason = match self.front.language {
            Language::Chinese => "没有支付终端".to_owned(),
            Language::English => "no payment terminal".to_owned(),
        };
        self.answer_payment(payment, Answer::Declined { reason });
    }

    fn answer_payment(&mut self, payment: &Payment, answer: Answer) {
        self.input(Input::PaymentAnswered { number: payment.number, answer });
    }

    fn tell_now(&mut self, message: &Message) {
        if self.kiosk.is_some() {
            return self.kiosk_tells(message);
        }
        if let Message::Phone(message) = message {
            return self.phone_tells(message);
        }
        if matches!(message, Message::AgeCheckFirst) {
            return self.open_sheet(Kind::Age);
        }
        if matches!(message, Message::OpenShiftFirst) {
            self.open_sheet(Kind::Float);
        }
        let State::Open(open) = &self.state else { return };
        if let Message::LineVoided(_) = message {
            self.scale.take_back();
        }
        if let Message::WeightNeeded(item) | Message::NotWeighed { item, .. } = message {
            self.front.weighing = Some(item.sku.clone());
        }
        if let Message::PriceNeeded(item) | Message::PriceRange { item, .. } = message {
            self.front.pricing = Some(item.sku.clone());
        }
        self.front.notice = present::notice(message, open, self.front.language, self.moment.offset_minutes);
    }

    /// What the lane does when time passes: hear of the agent, open when it
    /// can, take in new goods between baskets, tidy when it is quiet.
    fn look_around(&mut self) {
        self.hear_agent();
        if self.is_broken() {
            return;
        }
        match &mut self.state {
            State::Closed(_) => self.try_open(),
            State::Open(open) => {
                let idle = open.till().basket().is_empty() && !matches!(open.till().desk(), Desk::Saving(..));
                if idle {
                    // At every tick, changed or not: an old version that is
                    // held for long makes the agent's file grow.
                    let before = open.version();
                    if let Err(error) = open.refresh(&self.config) {
                        tracing::warn!(error = words(&error), "reference not refreshed");
                    }
                    if open.version() != before {
                        self.front.forget_tiles();
                    }
                    open.learn_words();
                }
                let is_quiet = !self.tidied && self.moment.now_ms - self.last_event_ms > QUIET_MS;
                if idle && (is_quiet || open.journal().wants_rest()) {
                    self.tidied |= is_quiet;
                    open.tidy();
                }
            }
        }
        self.front.fill_tiles(&self.state);
    }

    fn hear_agent(&mut self) {
        if self.watch.is_none() {
            match AgentWatch::open(&self.reference) {
                Ok(watch) => self.watch = watch,
                Err(error) => self.refuse_file(self.reference.display().to_string(), &error),
            }
        }
        if let Some(watch) = &self.watch {
            match watch.state() {
                Ok(state) if self.config.training => self.agent = training::apart(state),
                Ok(state) => self.agent = state,
                Err(error) => tracing::warn!(error = words(&error), "agent's state not read"),
            }
        }
    }

    /// A refused file closes the lane until a person has looked at it.
    fn refuse_file(&mut self, file: String, error: &(dyn std::error::Error + 'static)) {
        if matches!(self.state, State::Closed(_)) {
            tracing::error!(file, error = words(error), "lane closed");
            self.state = State::Closed(Closed::Ledger { file, reason: words(error) });
        }
    }

    fn is_broken(&self) -> bool {
        match &self.state {
            State::Closed(Closed::Ledger { .. } | Closed::DiskFailed { .. } | Closed::EndLost { .. }) => true,
            State::Closed(Closed::NotEnrolled { .. } | Closed::WaitingForGoods) | State::Open(_) => false,
        }
    }

    fn try_open(&mut self) {
        let Some(identity) = self.agent.identity.clone() else {
            if !self.is_broken() {
                self.state = State::Closed(Closed::NotEnrolled { command: enrol_command(&self.paths) });
            }
            return;
        };
        let reference = match Reference::open(&self.reference) {
            Ok(reference) => reference,
            Err(error) => return self.refuse_file(self.reference.display().to_string(), &error),
        };
        let store = reference.as_ref().and_then(|reference| reference.store(&identity.store).ok().flatten());
        let (Some(reference), Some(_)) = (reference, store) else {
            self.state = State::Closed(Closed::WaitingForGoods);
            return;
        };
        match Journal::open(&self.paths.journal(), &identity) {
            Ok(journal) => {
                let file = self.paths.journal().display().to_string();
                // What HQ has under the next numbers cannot be sold once more.
                if let Some(lost) = self.agent.position.lost_end(journal.head().seq) {
                    tracing::error!(file, error = words(&lost), "lane closed");
                    let (at_hq, here) = (lost.acknowledged.to_string(), lost.last.to_string());
                    self.state = State::Closed(Closed::EndLost { file, at_hq, here });
                    return;
                }
                match OpenLane::start(journal, reference, &self.config) {
                    Ok((mut open, restored)) => {
                        open.reprice(self.moment);
                        self.front.on_sign_in = restored;
                        self.state = State::Open(open);
                    }
                    Err(error) => self.refuse_file(file, error.as_ref()),
                }
            }
            Err(error) => self.refuse_file(self.paths.journal().display().to_string(), &error),
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::CloseRequested => self.commands.push(Command::Quit),
            Action::Touch(touch) => self.touch(touch),
            Action::Key { key, at } if self.kiosk.is_some() => self.kiosk_key(key, at),
            Action::Key { key, at } => self.key(key, at),
            Action::Below { key, at } => self.key_below(key, at),
            Action::BelowWritten { at } => self.written_below(at),
            Action::Press(button) => {
                self.front.wedge.forget();
                self.front.in_burst = false;
                self.press(button);
            }
        }
    }

    /// The moment at which a key without a time of its own is taken.
    pub fn key_now(key: ui::action::Key) -> Event {
        Event::Action(Action::Key { key, at: Instant::now() })
    }
}

/// An error with all its causes, on one line.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

fn enrol_command(paths: &Paths) -> String {
    format!("sync-agent enrol --data {} --hq http://HQ:7070 --code CODE", paths.data.display())
}

/// The number of a sale as people read it.
pub(crate) fn sale_number(open: &OpenLane, seq: u64) -> String {
    receipt::number(open.journal().identity(), seq)
}
