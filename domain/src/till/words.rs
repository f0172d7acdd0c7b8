//! What goes into a step of the till, and what comes out.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::barcode::ReceiptCode;
use crate::barcode::element::ElementError;
use crate::basket::Cut;
use crate::catalogue::{Item, LookUpError, PriceBounds};
use crate::coupon::{Coupon, CouponRefusal};
use crate::label::{LabelBinding, LabelItem, LabelNumber, LabelRefusal};
use crate::member::{Member, NewMember, PointsGrant};
use crate::money::Money;
use crate::order::desk::{OrderAsk, OrderRefused, ToldOrder};
use crate::payment::{Answer, Payment};
use crate::phone::{PhoneInput, PhoneMessage};
use crate::quota::QuotaHeard;
use crate::record::{PaperOutcome, Record, Staff};
use crate::refund::PastSale;
use crate::rights::{Act, Rights};
use crate::seller::Seller;
use crate::shift::{CashMove, Denomination, Parked, ParkedId, ShiftReport};
use crate::stock::{Movement, StockCount, StockRefusal};
use crate::tender::{CardEnd, Wallet};
use crate::value::{Value, ValueGrant};

use super::after::{Named, NotNamed, PaidSale};
use super::kiosk::{KioskInput, KioskMessage};
use super::weighing::{ScaleAnswer, ScaleFault, ToWeigh};

/// What can happen to a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A PIN was compared with what HQ knows of this person.
    PinChecked {
        /// Whose.
        staff: Staff,
        /// What they may do.
        rights: Rights,
        /// Whether it is theirs.
        matches: bool,
    },
    /// The cashier leaves.
    SignOut,
    /// The cashier steps away and stays signed in.
    Lock,
    /// Somebody is to let the cashier do what was asked for; their PIN was
    /// compared with what HQ knows of them.
    Approve {
        /// Who.
        staff: Staff,
        /// What they may do.
        rights: Rights,
        /// Whether the PIN is theirs.
        matches: bool,
        /// Why.
        reason: String,
    },
    /// What was asked for is not to be done after all.
    Disapprove,
    /// A code was scanned or typed.
    Code(String),
    /// An item was chosen from a list.
    Choose {
        /// Its item code.
        sku: String,
        /// How many pieces, or grams of weighed goods, where a number was typed first.
        count: Option<i64>,
    },
    /// The scale answered an [`Effect::Weigh`].
    Weighed {
        /// What it was to weigh.
        goods: Box<ToWeigh>,
        /// What it said.
        answer: ScaleAnswer,
    },
    /// An item that asks for its price was chosen, and the price typed.
    ChoosePriced {
        /// Its item code.
        sku: String,
        /// The price of one piece.
        price: Money,
    },
    /// Goods without a code are sold by their department.
    Department {
        /// The department's code.
        code: String,
        /// The price, as typed.
        price: Money,
    },
    /// The quantity of a line is set.
    SetQuantity {
        /// The line's number.
        line: u32,
        /// Pieces, as typed.
        pieces: i64,
    },
    /// The unit price of a line is set.
    SetPrice {
        /// The line's number.
        line: u32,
        /// The new price.
        unit_price: Money,
        /// Why; empty where nothing was said.
        reason: String,
    },
    /// A person takes something off a line or the basket.
    Discount {
        /// The line's number; the basket where `None`.
        line: Option<u32>,
        /// How much; `None` takes back what was taken off.
        cut: Option<Cut>,
        /// Why.
        reason: String,
    },
    /// Somebody is credited for a line or for the basket.
    NameSeller {
        /// The line's number; the basket where `None`.
        line: Option<u32>,
        /// Who; `None` for nobody.
        seller: Option<Arc<Seller>>,
    },
    /// Something is noted of a line or of the basket.
    Note {
        /// The line's number; the basket where `None`.
        line: Option<u32>,
        /// What; empty takes the note away.
        note: String,
    },
    /// A line is taken back.
    Void {
        /// The line's number.
        line: u32,
        /// Why; may be empty.
        reason: String,
    },
    /// The basket is dropped.
    Cancel {
        /// Why; may be empty.
        reason: String,
    },
    /// The basket is put aside.
    Park {
        /// By what the cashier will know it again; may be empty.
        note: String,
    },
    /// A parked basket is taken up again.
    Recall {
        /// Its number.
        basket: u32,
    },
    /// A basket that another lane of the store had put aside is taken up
    /// here: whoever keeps them gave it to this lane alone.
    TakeUp {
        /// Which.
        from: ParkedId,
        /// What lay in it.
        parked: Box<Parked>,
    },
    /// Another lane took up a basket that was put aside here.
    ParkedGone {
        /// Its number.
        basket: u32,
        /// The other lane.
        lane: u32,
    },
    /// Goods of a past sale are to come back.
    BeginReturn {
        /// What is left of it.
        past: Box<PastSale>,
    },
    /// Goods of that sale come back.
    ReturnLine {
        /// The number of the line of the past sale.
        line: u32,
        /// How much, thousandths.
        thousandths: i64,
        /// Why.
        reason: String,
    },
    /// Goods come back without a receipt.
    ReturnBlind {
        /// Their item code.
        sku: String,
        /// Pieces, or grams of weighed goods.
        count: i64,
        /// What is given for a piece or kilogram; today's price where `None`.
        unit_price: Option<Money>,
        /// Why.
        reason: String,
    },
    /// Nothing comes back after all.
    DropReturn,
    /// A member is looked for by card, number or telephone, as typed.
    FindMember(String),
    /// A member was found elsewhere.
    Member(Arc<Member>),
    /// The buyer is no member, or does not want to be one now.
    DropMember,
    /// A member is named as the buyer of a sale that is paid.
    NameBuyer {
        /// The sale.
        paid: Box<PaidSale>,
        /// Who.
        who: Named,
    },
    /// A coupon that HQ holds for this lane is laid on the basket.
    Coupon(Box<Coupon>),
    /// A coupon is taken from the basket.
    TakeCouponBack {
        /// Its number.
        code: String,
    },
    /// Points may be spent on the basket; `None` where they are not to be.
    OfferPoints(Option<PointsGrant>),
    /// HQ says what was given of promotions with quotas.
    QuotasHeard(Vec<QuotaHeard>),
    /// Points, or stored value in minor units, that were lent are needed no
    /// more, and go back to HQ.
    ReturnLease(PointsGrant),
    /// The member pays money into their account.
    TopUp {
        /// How much.
        amount: Money,
        /// What HQ last said of the account, where it did.
        balance: Option<Value>,
    },
    /// Somebody becomes a member, and buys as one.
    RegisterMember(Box<NewMember>),
    /// Goods came or went beside sales.
    MoveStock(Box<Movement>),
    /// Goods on the shelves were counted.
    CountStock(Box<StockCount>),
    /// A label stands for goods from now on.
    BindLabel(Box<LabelBinding>),
    /// A label stands for nothing any more.
    UnbindLabel {
        /// Which.
        label: LabelNumber,
        /// Why; may be empty.
        reason: String,
    },
    /// A label was taken down, and another hangs in its place.
    ReplaceLabel {
        /// Which was taken down.
        old: LabelNumber,
        /// The new label, with what the old one stood for.
        binding: Box<LabelBinding>,
        /// Why; may be empty.
        reason: String,
    },
    /// The new price of an item is to be charged before its labels show it.
    WaiveLabels {
        /// Which.
        item: LabelItem,
        /// Why.
        reason: String,
    },
    /// The cashier has looked at the buyer's age.
    ConfirmAge,
    /// To payment.
    Pay,
    /// Back to the goods; away from a finished sale.
    Back,
    /// Cash was handed over for all that is still due.
    TakeCash(Money),
    /// Something was handed over, for all that is still due or for some of it.
    Tender(Offer),
    /// A tender is handed back.
    TakeTenderBack {
        /// Its place among the basket's tenders, from 0.
        place: usize,
    },
    /// Money is paid out for what came back.
    PayOut,
    /// A payment by code or card is asked for.
    Charge {
        /// Who is to take it.
        wallet: Wallet,
        /// The customer's payment code; empty for a terminal that reads it itself.
        code: String,
        /// How much; all that is due where `None`.
        amount: Option<Money>,
    },
    /// A request, question or reversal was answered.
    PaymentAnswered {
        /// Our own number of the payment.
        number: u64,
        /// What was said.
        answer: Answer,
    },
    /// The cashier saw at the terminal that a card was accepted.
    CardAccepted {
        /// Our own number of the payment.
        number: u64,
        /// The slip's number; may be empty.
        reference: String,
        /// The end of the card's number, where it was typed.
        card: Option<CardEnd>,
    },
    /// The cashier waits no longer for the payment that is under way.
    GiveUpPayment,
    /// A person wants to know how a payment in doubt stands.
    AskPayment {
        /// Its number.
        number: u64,
    },
    /// A person knows from elsewhere how a payment in doubt ended.
    ResolvePayment {
        /// Its number.
        number: u64,
        /// Whether the money moved.
        paid: bool,
        /// How that is known.
        reason: String,
    },
    /// A shift begins.
    OpenShift {
        /// Cash put into the drawer.
        float: Money,
    },
    /// Cash moves without a sale.
    MoveCash {
        /// Where.
        kind: CashMove,
        /// How much.
        amount: Money,
        /// Why.
        reason: String,
    },
    /// The drawer is to be opened without a sale.
    OpenDrawer {
        /// Why.
        reason: String,
    },
    /// The cash in the drawer was counted.
    CountCash {
        /// What there is.
        denominations: Vec<Denomination>,
    },
    /// What has the shift taken (X)?
    Report,
    /// The shift ends (Z).
    CloseShift,
    /// Time passed.
    Tick,
    /// Nobody waits for anything: what the basket costs may be worked out fully. It writes nothing down,
    /// and puts nothing that is asked away.
    Reckon,
    /// The last commit of a sale is on disk under this number.
    Committed {
        /// The sale's sequence number.
        seq: u64,
    },
    /// The last sale is to be printed again, or a doubtful one.
    Reprint {
        /// The document; the last sale where `None`.
        document: Option<u64>,
    },
    /// The printer can take a document now.
    PrinterReady,
    /// What became of a document's paper.
    PaperEnded {
        /// The document.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
    /// A person decided that a doubtful document needs no paper, or a customer that they want none.
    WaivePaper {
        /// The document.
        document: u64,
    },
    /// What happens where customers use the lane by themselves.
    Kiosk(KioskInput),
    /// What happens with a phone's code.
    Phone(Box<PhoneInput>),
    /// Something is to be done with an order of a channel.
    Order {
        /// What HQ told of it.
        told: Box<ToldOrder>,
        /// What.
        ask: OrderAsk,
    },
}

/// What a customer hands over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Offer {
    /// Notes and coins.
    Cash(Money),
    /// Notes of another currency.
    ForeignCash {
        /// ISO 4217 code.
        currency: String,
        /// How much, in its minor units.
        amount: Money,
    },
    /// A voucher whose validity was checked elsewhere.
    Voucher {
        /// Its number.
        number: String,
        /// Its face value.
        face: Money,
    },
    /// What the member paid in beforehand.
    StoredValue {
        /// What HQ lent to this lane of it.
        grant: ValueGrant,
        /// How much; as much as there is of what is due where `None`.
        amount: Option<Money>,
    },
}

/// What the lane is to do, in this order.
// A record that holds a line is the usual case.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Write this; everything after it waits for the disk.
    Commit(Record),
    /// Make a sound.
    Sound(Sound),
    /// Ask the scale what these goods weigh, and answer by [`Input::Weighed`].
    Weigh(Box<ToWeigh>),
    /// Open the drawer.
    OpenDrawer,
    /// Print a document.
    Print {
        /// Its number.
        document: u64,
        /// Whether to mark it as a reprint.
        reprint: bool,
    },
    /// Ask a wallet for money. The begin of the payment is on disk.
    Charge {
        /// What, and under which number.
        payment: Box<Payment>,
        /// The customer's payment code. It is written nowhere.
        code: String,
    },
    /// Give money back to a payment of a past sale. Its begin is on disk.
    Refund(Box<Payment>),
    /// Ask a wallet how a payment stands.
    QueryPayment(Box<Payment>),
    /// Ask a wallet to take a payment back.
    ReversePayment(Box<Payment>),
    /// Nothing was done: somebody who may do this must approve it, with a
    /// reason, by [`Input::Approve`].
    Ask(Act),
    /// Show or print a report on the shift.
    Report(Box<ShiftReport>),
    /// Tell the cashier what was not done, or what to look at.
    Tell(Message),
}

/// A sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sound {
    /// Accepted.
    Accepted,
    /// Not known.
    Unknown,
    /// Not possible now.
    Blocked,
}

/// What the cashier is told. Nothing changed, unless it says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Message {
    /// No goods have this code.
    UnknownCode(String),
    /// A customer's payment code.
    PaymentCode,
    /// A code of another kind.
    NotGoods(String),
    /// The check digit is wrong, or a letter stands in it.
    Misread(String),
    /// GS1 data in which something is wrong.
    Malformed {
        /// What was scanned.
        code: String,
        /// What is wrong, and where.
        error: ElementError,
    },
    /// A scale's label that weighs or costs what cannot be.
    LabelRange(String),
    /// Nobody whom this store knows has this card, number or telephone.
    MemberUnknown(String),
    /// A member buys now.
    MemberJoined(Arc<Member>),
    /// A member must be named first.
    MemberFirst,
    /// Nobody whom this store knows has the card, number or telephone by which
    /// the member of a paid sale is named.
    BuyerUnknown {
        /// The sale's number.
        document: u64,
        /// What was typed.
        code: String,
    },
    /// A paid sale has a member now.
    BuyerNamed {
        /// Its number.
        document: u64,
        /// Who.
        member: Arc<Member>,
        /// The points that it earns them.
        earned: i64,
    },
    /// No member is named for a paid sale.
    BuyerNotNamed(NotNamed),
    /// A basket has one membership, of one piece.
    OneMembership(Arc<Item>),
    /// What a membership gave is not known without its receipt.
    MembershipNeedsReceipt(Arc<Item>),
    /// Points cannot be spent here, or these not any more.
    PointsNotSpent,
    /// Nothing of the member's stored value can be spent here, or not this.
    ValueNotSpent,
    /// The time was over in which this lane might spend the stored value that
    /// lay on the basket: it is taken off it.
    ValueOver,
    /// Money is paid into an account: alone, and with no voucher, coupon,
    /// points or stored value.
    TopUpAlone,
    /// An amount that may not be paid in: in whole units of the currency, and
    /// no more than the account may hold.
    TopUpRange {
        /// The most that may be paid in now.
        most: Money,
    },
    /// What was paid into an account goes back at HQ only.
    TopUpAtHq,
    /// Goods that were paid with stored value come back by themselves: in
    /// exchange for others, what was given on top would become money.
    ValueBackFirst,
    /// A coupon was laid on the basket and takes this off.
    CouponLaid {
        /// Its number.
        code: String,
        /// What it takes off now.
        off: Money,
    },
    /// All that these coupons were spent on came back: HQ gives those back
    /// that are still good.
    CouponsBack(Vec<String>),
    /// A coupon was not laid on the basket.
    CouponRefused(CouponRefusal),
    /// This lane spent too many coupons that HQ does not know of yet.
    CouponsFull,
    /// A card of the staff; it is no goods.
    StaffCode(String),
    /// A receipt's number; it is no goods.
    ReceiptCode(ReceiptCode),
    /// A label on the shelf; it is no goods.
    LabelCode(String),
    /// The piece may not be sold any more.
    Expired {
        /// What it is.
        item: Arc<Item>,
        /// The last day on which it might be used.
        expiry: NaiveDate,
    },
    /// A line was added that is past its best.
    PastBest {
        /// What it is.
        item: Arc<Item>,
        /// Until when it was at its best, or should have been sold.
        date: NaiveDate,
    },
    /// The very piece is in the basket already, and there is no second.
    SerialInBasket {
        /// What it is.
        item: Arc<Item>,
        /// Its number.
        serial: String,
    },
    /// A line was added whose buyer must be 18; asked before payment.
    AgeRestricted(Arc<Item>),
    /// A line was added at its label's amount, which is not weight times price.
    LabelPriceDiffers(Arc<Item>),
    /// The item is sold by weight, and no weight is known.
    WeightNeeded(Arc<Item>),
    /// The item was not added: the scale did not weigh it.
    NotWeighed {
        /// The item.
        item: Arc<Item>,
        /// Why not.
        fault: ScaleFault,
    },
    /// The item is weighed on the scale, and nobody types what it weighs.
    WeightByScaleOnly(Arc<Item>),
    /// The cashier types the item's price.
    PriceNeeded(Arc<Item>),
    /// The typed price is outside of the item's bounds.
    PriceRange {
        /// The item.
        item: Arc<Item>,
        /// Its bounds.
        bounds: PriceBounds,
    },
    /// A price was typed for an item that has a listed one.
    PriceListed(Arc<Item>),
    /// HQ has given the item no price.
    PriceMissing(Arc<Item>),
    /// The basket is full.
    BasketFull,
    /// A quantity below one or too large, or what it comes to is no amount.
    QuantityRange,
    /// A weighed line's quantity is not typed.
    QuantityWeighed,
    /// No line to act on.
    NoLine,
    /// A line was taken back.
    LineVoided(Arc<Item>),
    /// The basket was dropped.
    BasketCancelled,
    /// Ages must be confirmed before payment.
    AgeCheckFirst,
    /// The cash is less than what is due.
    TooLittle {
        /// What is missing.
        missing: Money,
    },
    /// The change would be above [`Settings::change_max`].
    ChangeTooLarge,
    /// Something was scanned while money is taken.
    ScanWhilePaying,
    /// Nobody is signed in.
    SignInFirst,
    /// The PIN is wrong, or was tried too early.
    WrongPin {
        /// Seconds until the next try.
        wait_seconds: u32,
    },
    /// No sale that could be printed again.
    NothingToReprint,
    /// A document is being printed again.
    Reprinting {
        /// Its number.
        document: u64,
    },
    /// The goods could not be asked.
    Fault(LookUpError),
    /// The lane is locked, and this person may not take it over.
    Locked,
    /// This person may not approve what was asked for.
    MayNotApprove,
    /// Nothing waits for an approval.
    NothingToApprove,
    /// A reason is needed.
    ReasonNeeded,
    /// A discount of nothing, of more than the price, or of more than all.
    DiscountRange,
    /// The item is never reduced.
    NotReducible(Arc<Item>),
    /// No more baskets, or lines of them, can be parked.
    ParkedFull,
    /// No basket is parked under this number.
    NotParked,
    /// A count of goods was written down.
    StockCounted {
        /// Its number.
        document: String,
        /// How many items.
        items: usize,
    },
    /// A basket of another lane lies on the counter. So many coupons lay on
    /// it there, and have to be shown again.
    BasketTaken {
        /// The lane that had put it aside.
        lane: u32,
        /// How many coupons.
        coupons: usize,
    },
    /// Another lane took up a basket that was put aside here.
    BasketGone {
        /// Its number.
        basket: u32,
        /// The other lane.
        lane: u32,
    },
    /// The basket was put aside.
    BasketParked {
        /// Its number.
        basket: u32,
    },
    /// The basket was put aside, and cash and vouchers of it go back to the
    /// customer: they count for nothing before all of it is paid.
    BasketParkedMoneyBack {
        /// Its number.
        basket: u32,
        /// What they are worth, in the lane's currency.
        back: Money,
    },
    /// The basket must be paid, parked or cancelled first.
    BasketFirst,
    /// The tenders that were put against the basket must be handed back first.
    TendersFirst,
    /// A basket takes no more tenders.
    TendersFull,
    /// No such tender.
    NoTender,
    /// More than is due, by a means from which no change is given; or nothing is due.
    MoreThanDue {
        /// What is due.
        due: Money,
    },
    /// No rate is known for this currency.
    UnknownCurrency,
    /// An amount of nothing, or one that no document may carry.
    AmountRange,
    /// Money is to be paid out, not taken.
    PayOutDue {
        /// How much.
        amount: Money,
    },
    /// A payment is under way.
    PaymentOpen,
    /// This lane takes no payment of this kind.
    NoTerminal,
    /// A payment was refused; nothing was charged.
    PaymentDeclined {
        /// Why, as the wallet says it.
        reason: String,
    },
    /// A payment was closed or taken back; nothing was charged.
    PaymentNotTaken,
    /// Nobody knows whether this payment was made. It must be settled before
    /// its basket is paid.
    PaymentInDoubt {
        /// Its number.
        number: u64,
    },
    /// Too many payments are in doubt; some must be settled first.
    TooManyInDoubt,
    /// No payment in doubt has this number.
    NoPayment,
    /// The basket of this payment is parked and must be recalled first.
    RecallFirst,
    /// A return is under way; it must be ended first.
    ReturnOpen,
    /// Nothing of this sale, or of this line, is left to come back.
    NothingToReturn,
    /// More than is left to come back.
    ReturnTooMuch {
        /// What is left, thousandths.
        left: i64,
    },
    /// Goods that moved, or a count, were not written down.
    StockRefused(StockRefusal),
    /// What was done with a shelf label is not written down.
    ShelfLabelRefused(LabelRefusal),
    /// Another till is giving this sale back.
    ReturnElsewhere,
    /// Some of it came back at another lane since the return was begun; it is to be begun anew.
    ReturnedElsewhere,
    /// The sale was in another currency, or its numbers make no sense.
    NotReturnable,
    /// No shift is open.
    OpenShiftFirst,
    /// A shift is open.
    ShiftIsOpen,
    /// Something about a lane that customers use by themselves.
    Kiosk(KioskMessage),
    /// Something about a phone's code.
    Phone(PhoneMessage),
    /// Nothing was done with an order.
    OrderRefused(OrderRefused),
}
