//! What the screens show, as plain data: strings formatted, nothing to compute.

mod labels;
mod sheet;

use crate::customer;
pub use labels::{
    LABEL_FACTS_MAX, LabelCard, LabelCount, LabelFact, LabelPicture, LabelRow, LabelStage, LabelStep, Labels,
};

pub use sheet::{Figure, Picture, Script, Sheet, SheetField, SheetKey, SheetRow};

/// Everything that is on the till's screen at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language of every label and message.
    pub language: Language,
    /// Light or dark.
    pub theme: Theme,
    /// The bar at the top.
    pub bar: Bar,
    /// What stands below it.
    pub screen: Screen,
    /// A sheet over the basket side.
    pub sheet: Option<Sheet>,
    /// What the till has to say, if anything.
    pub notice: Option<Notice>,
}

/// A language of the screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// Simplified Chinese, zh-CN.
    Chinese,
    /// English.
    English,
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Theme {
    /// Dark ink on light ground.
    Light,
    /// Light ink on dark ground.
    Dark,
}

/// How urgent something is; it decides the colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Done, saved, in order.
    Good,
    /// Attend when you can.
    Attend,
    /// It stops you.
    Stop,
    /// Neither good nor bad.
    Quiet,
}

/// The bar at the top: where we are and how things stand.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bar {
    /// The store's name.
    pub store: String,
    /// The lane's number, such as `2`.
    pub lane: String,
    /// The cashier's name; empty when nobody is signed in.
    pub cashier: String,
    /// How things stand with HQ.
    pub sync: SyncState,
    /// How things stand with the receipt printer.
    pub printer: PrinterState,
    /// The time of day, `12:42`.
    pub clock: String,
    /// How the labels' access points are, where the lane is about labels.
    pub shelf: Option<LabelCount>,
    /// The store's open orders; `None` where there are none.
    pub orders: Option<OrderCount>,
}

/// How many orders of channels wait for the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderCount {
    /// What the key in the bar says, `Orders 3`.
    pub text: String,
    /// Whether one of them wants somebody now: it is new, or late.
    pub calls: bool,
}

/// How things stand with HQ.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SyncState {
    /// Not known yet.
    #[default]
    Unknown,
    /// Somebody is being trained: nothing here counts.
    Training,
    /// HQ has everything.
    Synced {
        /// When HQ last answered, `12:41`.
        at: String,
    },
    /// HQ answers; events are on their way.
    Sending {
        /// How many are not yet acknowledged.
        waiting: String,
    },
    /// HQ has not answered for a while.
    Offline {
        /// For how long, in the largest fitting unit.
        since: Span,
        /// How many events wait.
        waiting: String,
    },
}

/// A span of time in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// Below two minutes.
    Seconds(u32),
    /// Below two hours.
    Minutes(u32),
    /// Below two days.
    Hours(u32),
    /// From two days on.
    Days(u32),
}

/// How things stand with the receipt printer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PrinterState {
    /// No printer is configured.
    #[default]
    Absent,
    /// Being connected for the first time.
    Connecting,
    /// Ready.
    Ready,
    /// Printing.
    Printing,
    /// It answers nothing, so nobody knows.
    Unknown,
    /// Paper is about to run out.
    PaperLow,
    /// No paper.
    PaperOut,
    /// The cover is open.
    CoverOpen,
    /// Not reachable.
    Offline {
        /// How many receipts wait for it.
        waiting: String,
    },
}

/// What stands below the bar.
// One exists at a time, so the size of the largest does not matter.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Screen {
    /// The lane cannot sell.
    Closed(Closed),
    /// Somebody signs in.
    SignIn(SignIn),
    /// Goods are rung up.
    Sell(Sell),
    /// Money is taken.
    Pay(Pay),
    /// The sale is saved; the change stands large until the next scan or key.
    Done(Done),
    /// The staff works at shelf labels.
    Labels(Box<Labels>),
    /// The till is being set up; its steps are sheets.
    SetUp(SetUp),
}

/// How far a till is set up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SetUp {
    /// The names of the steps, in their order.
    pub steps: Vec<String>,
    /// The one that is open, from 0; those before it are done.
    pub at: usize,
    /// What is good to know here, a line each.
    pub hints: Vec<String>,
}

/// Why the lane cannot sell, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Closed {
    /// No identity yet: it must be enrolled at HQ.
    NotEnrolled {
        /// The command to run.
        command: String,
    },
    /// Enrolled, but HQ's goods have not arrived.
    WaitingForGoods,
    /// The ledger refuses: damaged, newer than the program, or another lane's.
    Ledger {
        /// The file.
        file: String,
        /// What is wrong with it, for the technician.
        reason: String,
    },
    /// The disk refused a write: what was acknowledged is safe, and a start finds out about the last step.
    DiskFailed {
        /// The file.
        file: String,
        /// What the disk said, for the technician.
        reason: String,
    },
    /// HQ has events that this disk has not: its end was lost, or it is an old copy.
    EndLost {
        /// The file.
        file: String,
        /// The last event at HQ.
        at_hq: String,
        /// The last event here.
        here: String,
    },
}

/// Signing in: first who, then the PIN.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SignIn {
    /// People to choose from.
    pub staff: Vec<StaffTile>,
    /// The chosen one's name; empty while nobody is chosen.
    pub chosen: String,
    /// Digits of the staff number typed so far (while nobody is chosen).
    pub number: String,
    /// How many digits of the PIN have been typed.
    pub pin_digits: u32,
    /// Seconds until the next PIN is looked at; 0 for now.
    pub wait_seconds: u32,
}

/// A person to choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffTile {
    /// The number typed to sign in, such as `101`.
    pub number: String,
    /// The name.
    pub name: String,
}

/// Goods are rung up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sell {
    /// The basket in order of scanning.
    pub lines: Vec<Line>,
    /// What the goods of the last line look like.
    pub picture: GoodsPicture,
    /// Which line keys act on; the last one unless a person chose another.
    pub selected: usize,
    /// How many pieces, `11`.
    pub pieces: String,
    /// What was saved, `4.12`; empty for nothing.
    pub saved: String,
    /// The member who buys and their tier, `赵** *0001 · 金卡`; empty for a walk-in.
    pub buyer: String,
    /// What they have and brought, `积分 2,350 · 券 −5.00`.
    pub buyer_detail: String,
    /// What the next promotion lacks, `再买 9.51 元，满70减8`; empty for nothing.
    pub almost: String,
    /// How many baskets are parked; empty for none.
    pub parked: String,
    /// Money goes back to the customer.
    pub refund: bool,
    /// The currency symbol, `¥`.
    pub currency: String,
    /// What is to be paid, `60.49`.
    pub total: String,
    /// What has been typed into the entry line.
    pub entry: String,
    /// What the entry would do on Enter.
    pub entry_hint: EntryHint,
    /// The right side.
    pub side: Side,
    /// Whether there is anything to pay.
    pub can_pay: bool,
    /// The lane's scale, where there is one.
    pub scale: Option<Scale>,
}

/// What the lane's scale says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scale {
    /// How it is.
    pub state: ScaleState,
    /// What it shows, `1.235 kg`; empty where it shows no weight.
    pub weight: String,
    /// Whether a tare is taken off.
    pub net: bool,
    /// The goods that wait to be weighed; empty for none.
    pub goods: String,
    /// What a kilogram of them costs, `12.80/kg`.
    pub price: String,
}

/// How the lane's scale is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ScaleState {
    /// It says nothing of its load.
    #[default]
    Idle,
    /// What lies there lies still.
    Still,
    /// It moves.
    Moving,
    /// What lies there was sold.
    Sold,
    /// More than it may carry.
    OverRange,
    /// Less than nothing.
    UnderRange,
    /// Less than it may sell.
    BelowMinimum,
    /// It does not answer.
    Away,
}

/// What the entry line is for just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EntryHint {
    /// Nothing typed: scan, or type initials, name or code.
    #[default]
    Idle,
    /// Digits: Enter looks them up as a code, the quantity key takes them as a quantity.
    Number,
    /// Letters: results are shown beside.
    Search,
}

/// The right side of the selling screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Side {
    /// The grid of goods.
    Grid {
        /// The tabs; the first is the pinned goods.
        tabs: Vec<String>,
        /// The tab that is open.
        tab: usize,
        /// At most twelve tiles.
        tiles: Vec<Tile>,
        /// The one that Enter takes, where keys have chosen one.
        chosen: Option<usize>,
        /// Whether pages stand before and after this one.
        pages: Pages,
    },
    /// What a search found.
    Results {
        /// At most eight.
        results: Vec<Tile>,
        /// The one that Enter takes.
        selected: usize,
        /// Whether there is more than is shown.
        more: bool,
    },
}

impl Default for Side {
    fn default() -> Self {
        Self::Grid { tabs: Vec::new(), tab: 0, tiles: Vec::new(), chosen: None, pages: Pages::default() }
    }
}

/// Where a page stands among others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pages {
    /// A page stands before this one.
    pub before: bool,
    /// A page stands after this one.
    pub after: bool,
}

/// What stands where goods have their picture.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum GoodsPicture {
    /// Nothing: no place is left for one.
    #[default]
    Absent,
    /// The first sign of their name, on a calm ground.
    Sign(String),
    /// The picture.
    Is(customer::Picture),
}

/// One of the goods to tap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The name in the language of the screen.
    pub name: String,
    /// Size or pack.
    pub spec: String,
    /// The code, for results.
    pub code: String,
    /// The price with its unit, `7.98/kg`.
    pub price: String,
    /// What they look like. A tile of the grid without a picture is one of words alone.
    pub picture: GoodsPicture,
}

/// One line of the basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Its number in the basket.
    pub number: String,
    /// The name in the language of the screen.
    pub name: String,
    /// Code and size, or weight and price, in small type.
    pub detail: String,
    /// What a promotion did, `会员85折 −2.37`; empty for nothing.
    pub promotion: String,
    /// `6` or `1.235`.
    pub quantity: String,
    /// `2.00`
    pub unit_price: String,
    /// `12.00`
    pub net: String,
    /// The buyer's age must be looked at and has not been.
    pub age_open: bool,
    /// It comes back.
    pub returned: bool,
}

/// Money is taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pay {
    /// The currency symbol.
    pub currency: String,
    /// What the goods come to.
    pub total: String,
    /// What the customer saves, for the customer's own window; empty for nothing.
    pub saved: String,
    /// What cash rounding takes off, `−0.09`; empty for nothing.
    pub rounding: String,
    /// What is still to be paid.
    pub due: String,
    /// What has been typed as handed over; empty for nothing yet.
    pub tendered: String,
    /// The change it would give; empty while too little or nothing is typed.
    pub change: String,
    /// What is missing; empty while nothing is typed or it is enough.
    pub missing: String,
    /// Quick amounts, at most four; the first is the exact amount.
    pub quick: Vec<String>,
    /// What was put against the basket so far, or what is paid out.
    pub tenders: Vec<TenderLine>,
    /// Means beside cash, and what lowers the price, at most six.
    pub kinds: Vec<SheetKey>,
    /// Money goes back to the customer.
    pub refund: bool,
    /// A payment is under way: nothing can be finished.
    pub waiting: bool,
    /// Being saved: keys do nothing for a moment.
    pub saving: bool,
}

/// One means of payment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenderLine {
    /// `微信支付`
    pub name: String,
    /// Its number or face value; empty for nothing.
    pub detail: String,
    /// How much.
    pub amount: String,
}

/// The sale is saved.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Done {
    /// The currency symbol.
    pub currency: String,
    /// The sale's number on this lane.
    pub number: String,
    /// What was paid.
    pub payable: String,
    /// What the customer handed over.
    pub tendered: String,
    /// What the largest number is: the change, what was paid out, or what was taken.
    pub great_label: String,
    /// That number.
    pub change: String,
    /// Money went back to the customer.
    pub refund: bool,
    /// How the paper stands.
    pub paper: PaperState,
}

/// How the paper of the last sale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PaperState {
    /// No printer is configured.
    #[default]
    None,
    /// Waiting for the printer.
    Waiting,
    /// On its way.
    Printing,
    /// Printed.
    Printed,
    /// Sent; the printer cannot confirm.
    Sent,
    /// It will not be: nothing was sent, or nobody waits for it any more.
    NotPrinted,
    /// Nobody knows.
    InDoubt,
}

/// A message. What happened, what is safe, what to do; the words are in the
/// `.slint` files, in both languages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// No goods have this code. Nothing was added. Check it, or search by name.
    UnknownCode {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// A customer's payment code was scanned while no payment by code is open. Nothing was added or charged.
    PaymentCode,
    /// A code of another kind (member, coupon, label, staff). Nothing was added.
    NotGoods {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// A code whose check digit is wrong was read. Nothing was added. Scan again.
    Misread {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// GS1 data in which something is wrong was read. Nothing was added. Scan again, or type the number.
    MalformedCode {
        /// Which part of it, such as `(17)`; the code itself where no part is known.
        at: String,
    },
    /// A scale's label that weighs or costs what cannot be. Nothing was added. Weigh again.
    LabelRange {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// A card of the staff. Nothing was added.
    StaffCode {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// A receipt's number. Nothing was added.
    ReceiptCode {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// A label on the shelf. Nothing was added.
    LabelCode {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// Goods that have expired. Nothing was added. Take them off the shelf.
    Expired {
        /// The item's name, and the last day of its use.
        name: String,
    },
    /// Goods past their best; they were added. Tell the customer.
    PastBest {
        /// The item's name, and until when it was at its best.
        name: String,
    },
    /// The very piece is in the basket already. Nothing was changed.
    SerialInBasket {
        /// The item's name, and the piece's number.
        name: String,
    },
    /// Weighed goods need a weight: put them on the scale or type the grams.
    WeightNeeded {
        /// The item's name.
        name: String,
    },
    /// The scale does not answer. Nothing was added. See to its plug, then choose it again.
    NotWeighed {
        /// The item's name.
        name: String,
    },
    /// Nothing was put on the scale. Nothing was added. Put it there and choose it again.
    ScaleEmpty {
        /// The item's name.
        name: String,
    },
    /// The scale never came to rest. Nothing was added. Choose it again.
    ScaleMoving {
        /// The item's name.
        name: String,
    },
    /// Too heavy for the scale. Nothing was added. Weigh it in parts.
    ScaleOverRange {
        /// The item's name.
        name: String,
    },
    /// The scale shows less than nothing. Nothing was added. Empty it and set it to zero.
    ScaleUnderRange {
        /// The item's name.
        name: String,
    },
    /// What was sold last still lies there. Nothing was added. Take it off first.
    ScaleUnchanged {
        /// The item's name.
        name: String,
    },
    /// The scale's weight cannot be used. Nothing was added. Weigh it elsewhere.
    ScaleRefused {
        /// The item's name.
        name: String,
    },
    /// Nobody types what it weighs. Nothing was added. Put it on the scale.
    WeightByScaleOnly {
        /// The item's name.
        name: String,
    },
    /// Goods wait to be weighed. They are not in the basket. Weigh them, or leave them out with Esc.
    StillWeighing {
        /// The item's name.
        name: String,
    },
    /// The scale does not answer. Nothing was changed. See to its plug.
    ScaleAway,
    /// This scale takes no such command. Nothing was changed. Press its own key.
    ScaleOwnKey,
    /// The scale did not confirm zero or tare. Look at its display, then try again.
    ScaleNotSet,
    /// The item's price is typed: type it.
    PriceNeeded {
        /// The item's name.
        name: String,
    },
    /// A typed price must be within these bounds. Nothing was added.
    PriceRange {
        /// The least and the most, with currency.
        range: String,
    },
    /// The item has a listed price, and none is typed for it. Nothing was added.
    PriceListed {
        /// The item's name.
        name: String,
    },
    /// HQ gave the item no price. Nothing was added; HQ must give one.
    PriceMissing {
        /// The item's name.
        name: String,
    },
    /// A scale label's price differs from weight times today's price; the label stands.
    LabelPriceDiffers {
        /// The item's name.
        name: String,
    },
    /// Age-restricted goods: look at the buyer; asked before payment.
    AgeRestricted {
        /// The item's name.
        name: String,
    },
    /// The basket holds the most lines it can: take payment, then go on with a new one.
    BasketFull {
        /// How many lines a basket can hold.
        lines: String,
    },
    /// A quantity must be between 1 and this.
    QuantityRange {
        /// The largest.
        max: String,
    },
    /// The quantity of a weighed line comes from the scale.
    QuantityWeighed,
    /// No line to act on.
    NoLine,
    /// A line was taken back.
    LineVoided {
        /// Its name.
        name: String,
    },
    /// The basket was dropped; nothing was sold.
    BasketCancelled,
    /// Nothing found for this text.
    NothingFound {
        /// What was searched.
        text: String,
    },
    /// Handed over is less than what is due.
    TooLittle {
        /// What is missing, with currency.
        missing: String,
    },
    /// The amount looks like a barcode or a slip: the change would be too large. Type it again.
    ChangeTooLarge {
        /// The largest change, with currency.
        max: String,
    },
    /// Something was scanned while money is taken. Nothing was added. Press Esc to go back to the goods.
    ScanWhilePaying,
    /// The PIN is wrong.
    WrongPin {
        /// Seconds until the next try; 0 for at once.
        wait_seconds: u32,
    },
    /// Nobody has this staff number.
    UnknownStaff {
        /// As typed.
        number: String,
    },
    /// Sign in first; nothing was added.
    SignInFirst,
    /// The disk is full. All sales so far are saved. Nothing more can be sold on this lane: call for help.
    DiskFull,
    /// The ledger could not be written. All sales so far are saved. Call for help.
    LedgerFault {
        /// For the technician.
        reason: String,
    },
    /// Goods and prices could not be read.
    ReferenceFault {
        /// For the technician.
        reason: String,
    },
    /// The open basket was found again after a stop.
    BasketRestored {
        /// How many lines.
        lines: String,
    },
    /// A receipt was not confirmed before a stop: sale saved; reprint with the key if the customer needs it.
    ReceiptUnconfirmed {
        /// The sale's number.
        number: String,
    },
    /// The last sale is saved, and this was its change: do not ring it up again.
    LastSale {
        /// With currency.
        change: String,
    },
    /// A stop left several things unfinished. Nothing was lost or done twice.
    Unfinished {
        /// All of them, on one line, in the cashier's language.
        list: String,
    },
    /// The clock shows what cannot be. The lane sells on and reckons the time itself.
    ClockWrong {
        /// The date and time that it shows.
        shown: String,
    },
    /// Nothing to reprint yet.
    NothingToReprint,
    /// The last receipt is being printed again, marked as a reprint.
    Reprinting {
        /// The sale's number.
        number: String,
    },
    /// A supervisor must approve this. Nothing was changed. Let a supervisor sign in and do it.
    ApprovalNeeded,
    /// This person may not approve it. Nothing was changed. Ask somebody who has the right.
    MayNotApprove,
    /// Nothing waits for an approval. Nothing was changed. Do it first, then have it approved.
    NothingToApprove,
    /// A reason is needed. Nothing was changed. Say why, and do it again.
    ReasonNeeded,
    /// The lane is locked. The basket is kept. Its cashier or a supervisor opens it.
    Locked,
    /// That discount is not possible. The price is unchanged. Type less than the price.
    DiscountRange,
    /// Never reduced. The price is unchanged. Such goods keep their price.
    NotReducible {
        /// The item's name.
        name: String,
    },
    /// No more baskets can be parked. The basket is kept. Finish a parked one first.
    ParkedFull,
    /// No basket is parked under this number. Nothing was changed. Choose another one.
    NotParked,
    /// Basket was parked. Nothing was sold. Recall it when the customer is back.
    BasketParked {
        /// Its number.
        number: String,
    },
    /// There is an open basket. Nothing was changed. Pay, park or cancel it first.
    BasketFirst,
    /// Some of it is already paid. The basket is kept. Hand the money back first.
    TendersFirst,
    /// No more tenders can be taken. What was taken is kept. Pay the rest with one.
    TendersFull,
    /// There is no such tender. Nothing was taken. Check its number.
    NoTender,
    /// No more than this is due. Nothing was taken. Only cash gives change.
    MoreThanDue {
        /// What is due, with currency.
        due: String,
    },
    /// No rate is known for this currency. Nothing was taken. Ask for other money.
    UnknownCurrency,
    /// That amount is not possible. Nothing was changed. Type it again.
    AmountRange,
    /// The customer gets money back. Nothing was taken. Pay it out.
    PayOutDue {
        /// How much, with currency.
        amount: String,
    },
    /// A payment is under way. Nothing more was taken. Wait for its answer.
    PaymentOpen,
    /// This lane takes no such payment. Nothing was charged. Ask for another means.
    NoTerminal,
    /// The payment was refused. Nothing was charged. Ask for another means.
    PaymentDeclined {
        /// As the wallet says it.
        reason: String,
    },
    /// The payment did not happen. Nothing was charged. Take it again.
    PaymentNotTaken,
    /// Nobody knows if payment was made. The basket is kept. Ask again, or call a supervisor.
    PaymentInDoubt {
        /// Its number.
        number: String,
    },
    /// Too many payments are in doubt. Nothing was charged. Settle some of them first.
    TooManyInDoubt,
    /// No such payment is in doubt. Nothing was changed. Choose another one.
    NoPayment,
    /// The basket of this payment is parked. Nothing was changed. Recall it first.
    RecallFirst,
    /// A return is under way. Nothing was changed. Finish it or drop it first.
    ReturnOpen,
    /// Nothing of this is left to return. No money was given. Check the receipt.
    NothingToReturn,
    /// Only this much is left to return. No money was given. Type less.
    ReturnTooMuch {
        /// How much is left.
        left: String,
    },
    /// This receipt cannot be returned here. No money was given. Call a supervisor.
    NotReturnable,
    /// More of the sale came back at another lane than the open return was begun with.
    ReturnedElsewhere,
    /// No shift is open. Nothing was added. Open one with its float first.
    OpenShiftFirst,
    /// A shift is open already. Nothing was changed. Close it first.
    ShiftIsOpen,
    /// Member: …. Their prices, coupons and points count.
    MemberJoined {
        /// What may be shown of them.
        member: String,
    },
    /// No member found: …. Nothing was changed. Check the number, or go on without.
    MemberUnknown {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// No member is named. Nothing was changed. Scan the member's card first.
    MemberFirst,
    /// These points cannot be spent here now. Nothing was taken. Go on without points.
    PointsNotSpent,
    /// Coupon takes off …. It is spent when the sale is paid.
    CouponLaid {
        /// What it takes off.
        off: String,
    },
    /// This coupon is not known here: …. Nothing was taken off. Ask the service desk.
    CouponUnknown {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// This coupon was good until …. Nothing was taken off. Give it back.
    CouponExpired {
        /// Until when it was good.
        until: String,
    },
    /// This coupon is good from …. Nothing was taken off. Give it back.
    CouponNotYet {
        /// From when it is good.
        from: String,
    },
    /// This coupon was used before: …. Nothing was taken off. Ask the service desk.
    CouponUsed {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// Another open basket holds this coupon: …. Nothing was taken off. Finish or cancel that one.
    CouponReserved {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// This coupon was withdrawn: …. Nothing was taken off. Ask the service desk.
    CouponWithdrawn {
        /// As scanned, cut to 32 characters.
        code: String,
    },
    /// This coupon is on this basket already. It counts once. Go on.
    CouponTwice,
    /// This coupon belongs to a member. Nothing was taken off. Scan that member's card first.
    CouponOtherMember,
    /// Coupons of this kind on one basket: …. Nothing more was taken off. Use it next time.
    CouponTooMany {
        /// How many go together.
        most: String,
    },
    /// This coupon is for other goods. Nothing was taken off. Give it back.
    CouponOtherGoods,
    /// This coupon still needs …. Nothing was taken off. Add goods, then scan it again.
    CouponBelow {
        /// What is missing.
        missing: String,
    },
    /// This coupon does not hold here and now. Nothing was taken off. Give it back.
    CouponCondition,
    /// It is cheaper without this coupon. The lower price stands. Give it back.
    CouponOutdone,
    /// Too many coupons wait for HQ. Nothing was taken off. Let the lane reach HQ first.
    CouponsFull,
    /// Something about a sheet, in the words of whoever opened it.
    Said {
        /// How urgent it is.
        tone: Tone,
        /// What happened.
        what: String,
        /// What is safe, and what to do.
        rest: String,
    },
}

impl Notice {
    /// How urgent it is.
    pub fn tone(&self) -> Tone {
        match self {
            Self::Said { tone, .. } => *tone,
            Self::LineVoided { .. }
            | Self::BasketCancelled
            | Self::BasketRestored { .. }
            | Self::LastSale { .. }
            | Self::BasketParked { .. }
            | Self::Reprinting { .. }
            | Self::MemberJoined { .. }
            | Self::CouponLaid { .. }
            | Self::CouponOutdone => Tone::Quiet,
            Self::AgeRestricted { .. }
            | Self::PastBest { .. }
            | Self::SerialInBasket { .. }
            | Self::LabelPriceDiffers { .. }
            | Self::ReceiptUnconfirmed { .. }
            | Self::Unfinished { .. }
            | Self::ClockWrong { .. }
            | Self::WeightNeeded { .. }
            | Self::ScaleEmpty { .. }
            | Self::ScaleMoving { .. }
            | Self::ScaleUnderRange { .. }
            | Self::ScaleUnchanged { .. }
            | Self::WeightByScaleOnly { .. }
            | Self::StillWeighing { .. }
            | Self::ScaleOwnKey
            | Self::ScaleNotSet
            | Self::PriceNeeded { .. }
            | Self::PriceRange { .. }
            | Self::PriceListed { .. }
            | Self::QuantityRange { .. }
            | Self::QuantityWeighed
            | Self::NoLine
            | Self::NothingFound { .. }
            | Self::NothingToReprint
            | Self::TooLittle { .. }
            | Self::ScanWhilePaying
            | Self::BasketFull { .. }
            | Self::ApprovalNeeded
            | Self::NothingToApprove
            | Self::ReasonNeeded
            | Self::Locked
            | Self::DiscountRange
            | Self::NotReducible { .. }
            | Self::ParkedFull
            | Self::NotParked
            | Self::BasketFirst
            | Self::TendersFirst
            | Self::TendersFull
            | Self::NoTender
            | Self::MoreThanDue { .. }
            | Self::AmountRange
            | Self::PayOutDue { .. }
            | Self::PaymentOpen
            | Self::PaymentNotTaken
            | Self::NoPayment
            | Self::RecallFirst
            | Self::ReturnOpen
            | Self::NothingToReturn
            | Self::ReturnTooMuch { .. }
            | Self::OpenShiftFirst
            | Self::ShiftIsOpen
            | Self::SignInFirst
            | Self::MemberUnknown { .. }
            | Self::MemberFirst
            | Self::PointsNotSpent
            | Self::CouponReserved { .. }
            | Self::CouponTwice
            | Self::CouponOtherMember
            | Self::CouponTooMany { .. }
            | Self::CouponOtherGoods
            | Self::CouponBelow { .. }
            | Self::CouponCondition => Tone::Attend,
            Self::UnknownCode { .. }
            | Self::MalformedCode { .. }
            | Self::LabelRange { .. }
            | Self::StaffCode { .. }
            | Self::ReceiptCode { .. }
            | Self::LabelCode { .. }
            | Self::Expired { .. }
            | Self::PaymentCode
            | Self::NotGoods { .. }
            | Self::Misread { .. }
            | Self::PriceMissing { .. }
            | Self::NotWeighed { .. }
            | Self::ScaleOverRange { .. }
            | Self::ScaleRefused { .. }
            | Self::ScaleAway
            | Self::ChangeTooLarge { .. }
            | Self::WrongPin { .. }
            | Self::UnknownStaff { .. }
            | Self::DiskFull
            | Self::LedgerFault { .. }
            | Self::MayNotApprove
            | Self::UnknownCurrency
            | Self::NoTerminal
            | Self::PaymentDeclined { .. }
            | Self::PaymentInDoubt { .. }
            | Self::TooManyInDoubt
            | Self::NotReturnable
            | Self::ReturnedElsewhere
            | Self::ReferenceFault { .. }
            | Self::CouponUnknown { .. }
            | Self::CouponExpired { .. }
            | Self::CouponNotYet { .. }
            | Self::CouponUsed { .. }
            | Self::CouponWithdrawn { .. }
            | Self::CouponsFull => Tone::Stop,
        }
    }
}
