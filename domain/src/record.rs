//! What a lane writes into its journal: facts, in the past tense, complete in themselves.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::basket::{Discount, Line, LoweredPrice};
use crate::coupon::Coupon;
use crate::label::{LabelBinding, LabelItem, LabelNumber};
use crate::member::{Member, NewMember, PointsGrant};
use crate::money::{Money, Quantity};
use crate::order::desk::OrderRecord;
use crate::payment::{Outcome, Purpose};
use crate::phone::PhoneRecord;
use crate::quota::QuotaHeard;
use crate::refund::{PastSale, ReturnedLine};
use crate::rights::Act;
use crate::sale::{Sale, SaleBuyer};
use crate::seller::Seller;
use crate::shift::{Carried, CashMove, Denomination, Parked, ParkedId, ShiftReport};
use crate::stock::{Movement, StockCount};
use crate::tender::{CardEnd, Tender, TenderKind, Wallet};
use crate::till::kiosk::KioskRecord;

/// A person who may work at a till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    /// HQ's id.
    pub id: String,
    /// The number typed to sign in.
    pub number: String,
    /// The name shown.
    pub name: String,
}

/// One fact of a lane.
// A sale is the largest and the most frequent that carries anything.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Record {
    /// A shift was opened.
    ShiftOpened {
        /// Counts the lane's shifts, from 1.
        number: u32,
        /// The day its sales belong to.
        business_date: NaiveDate,
        /// By whom.
        staff: String,
        /// Cash put into the drawer.
        float: Money,
        /// What goes on from before.
        carried: Box<Carried>,
    },
    /// The open shift ended.
    ShiftClosed {
        /// By whom.
        staff: String,
        /// What it has taken (Z); `None` in what a program wrote that did not
        /// reckon it.
        report: Option<Box<ShiftReport>>,
    },
    /// Cash moved without a sale.
    CashMoved {
        /// Where.
        kind: CashMove,
        /// How much, above nothing.
        amount: Money,
        /// By whom.
        staff: String,
        /// Why.
        reason: String,
    },
    /// The cash in the drawer was counted.
    CashCounted {
        /// What there was.
        denominations: Vec<Denomination>,
        /// What it comes to.
        total: Money,
        /// By whom.
        staff: String,
    },
    /// The drawer was opened without a sale.
    DrawerOpened {
        /// By whom.
        staff: String,
        /// Why.
        reason: String,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        staff: Staff,
    },
    /// A wrong PIN was entered.
    SignInRefused {
        /// Whose PIN was tried.
        staff: String,
    },
    /// Whoever was signed in left.
    SignedOut {
        /// Who.
        staff: String,
    },
    /// The lane was locked; who is signed in stays so.
    Locked {
        /// By whom.
        staff: String,
    },
    /// Whoever locked the lane is back.
    Unlocked {
        /// Who.
        staff: String,
    },
    /// Somebody with the right to it let somebody without do what the next
    /// records say.
    Approved {
        /// What was approved.
        act: Act,
        /// Who asked.
        staff: String,
        /// Who approved.
        approver: String,
        /// Why.
        reason: String,
    },
    /// A line joined the basket.
    LineAdded {
        /// The line.
        line: Line,
    },
    /// A line's quantity was set.
    LineQuantitySet {
        /// Its number.
        line: u32,
        /// The new quantity.
        quantity: Quantity,
        /// Its new net.
        net: Money,
    },
    /// A line's unit price was set by a person.
    LinePriceSet {
        /// Its number.
        line: u32,
        /// The new price.
        unit_price: Money,
        /// Its new net.
        net: Money,
        /// By whom.
        staff: String,
        /// Why; empty where nothing was said.
        reason: String,
    },
    /// A listed price fell while the basket was open, and the line with it.
    LinePriceLowered {
        /// What it costs now.
        lowered: LoweredPrice,
        /// Its new net.
        net: Money,
    },
    /// A person took something off a line, or put it on again.
    LineDiscounted {
        /// Its number.
        line: u32,
        /// What was taken off; `None` for nothing any more.
        discount: Option<Discount>,
        /// By whom.
        staff: String,
    },
    /// A person took something off the basket, or put it on again.
    BasketDiscounted {
        /// What was taken off; `None` for nothing any more.
        discount: Option<Discount>,
        /// By whom.
        staff: String,
    },
    /// Somebody is credited for a line, or for all that no line names another
    /// for; or nobody any more.
    SellerNamed {
        /// The line's number; the whole basket where `None`.
        line: Option<u32>,
        /// Who; `None` for nobody.
        seller: Option<Arc<Seller>>,
        /// Who said so.
        staff: String,
    },
    /// A note stands at a line or at the basket, or none any more.
    NoteWritten {
        /// The line's number; the whole basket where `None`.
        line: Option<u32>,
        /// What it says; empty for none.
        note: String,
        /// Who wrote it.
        staff: String,
    },
    /// A line was taken back.
    LineVoided {
        /// Its number.
        line: u32,
        /// By whom.
        staff: String,
        /// Why, where somebody said so.
        reason: String,
    },
    /// A member buys; whoever was named before does not.
    MemberJoined {
        /// Who.
        member: Arc<Member>,
        /// The lines that cost them less, and what they cost them.
        prices: Vec<LoweredPrice>,
    },
    /// Nobody known buys: members' prices, coupons and points are gone.
    MemberLeft,
    /// A coupon was laid on the basket. It is spent with the sale, if at all.
    CouponLaid {
        /// The coupon.
        coupon: Coupon,
    },
    /// A coupon was taken from the basket, unspent.
    CouponTakenBack {
        /// Its number.
        code: String,
    },
    /// Points may be spent on the basket, or none any more.
    PointsOffered {
        /// Which, and how many at most; `None` for none.
        grant: Option<PointsGrant>,
    },
    /// HQ said what was given of promotions with quotas; it stands until the
    /// basket is paid, or more is heard.
    QuotasHeard {
        /// Of each promotion at most once.
        heard: Vec<QuotaHeard>,
    },
    /// Points that were lent are not spent here any more, and go back.
    LeaseReturned {
        /// Which.
        grant: PointsGrant,
    },
    /// Goods came or went beside sales.
    StockMoved {
        /// What, and why.
        movement: Movement,
        /// Who wrote it down.
        staff: String,
    },
    /// Goods on the shelves were counted.
    StockCounted {
        /// What was found.
        count: StockCount,
        /// Who counted.
        staff: String,
    },
    /// Somebody became a member here.
    MemberRegistered {
        /// Who.
        member: NewMember,
        /// Who took it in.
        staff: String,
    },
    /// A label stands for these goods from now on, whatever it stood for before.
    LabelBound {
        /// Which label, and what for.
        binding: LabelBinding,
        /// Who bound it.
        staff: String,
    },
    /// A label stands for nothing any more; it may still hang there with its
    /// last face.
    LabelUnbound {
        /// Which.
        label: LabelNumber,
        /// Who unbound it.
        staff: String,
        /// Why; may be empty.
        reason: String,
    },
    /// A label was taken down, and another hangs in its place.
    LabelReplaced {
        /// Which was taken down; what it shows is no offer any more.
        old: LabelNumber,
        /// The new label, with what the old one stood for.
        binding: LabelBinding,
        /// Who replaced it.
        staff: String,
        /// Why; may be empty.
        reason: String,
    },
    /// The price lists' price is charged from now on though some label of the
    /// item may still show less: somebody looked after it.
    LabelsWaived {
        /// The item.
        item: LabelItem,
        /// Who said so.
        staff: String,
        /// Why.
        reason: String,
    },
    /// The buyer's age was confirmed.
    AgeConfirmed {
        /// By whom.
        staff: String,
    },
    /// The basket was dropped.
    BasketCancelled {
        /// By whom.
        staff: String,
        /// What it would have come to.
        total: Money,
        /// Why, where somebody said so.
        reason: String,
    },
    /// The basket was put aside.
    BasketParked {
        /// Its number on this lane.
        basket: u32,
        /// By whom.
        staff: String,
        /// What the cashier noted.
        note: String,
    },
    /// A basket was taken up again.
    BasketRecalled {
        /// Its number on this lane.
        basket: u32,
        /// By whom.
        staff: String,
    },
    /// What lies in a basket that was put aside: any lane of the store may take it up.
    BasketOffered {
        /// The basket.
        parked: Box<Parked>,
    },
    /// A basket that another lane had put aside was taken up here.
    BasketTaken {
        /// Which.
        from: ParkedId,
        /// What lay in it.
        parked: Box<Parked>,
        /// By whom.
        staff: String,
    },
    /// Another lane took up a basket that was put aside here.
    BasketGone {
        /// Its number on this lane.
        basket: u32,
        /// The other lane.
        lane: u32,
    },
    /// Goods of a past sale are about to come back.
    ReturnBegun {
        /// What is left of it.
        past: Box<PastSale>,
    },
    /// Goods came back into the basket.
    LineReturned {
        /// What, and what is given for it.
        returned: ReturnedLine,
        /// Who took it.
        staff: String,
    },
    /// Nothing comes back after all.
    ReturnDropped {
        /// By whom.
        staff: String,
    },
    /// All of the basket is to be paid with one kind of tender, or not any
    /// more. Written where promotions are bound to tenders.
    TenderChosen {
        /// Which; `None` for several, or where it is not known yet.
        tender: Option<TenderKind>,
    },
    /// A tender was put against the basket, which it does not cover yet.
    TenderAdded {
        /// The tender.
        tender: Tender,
    },
    /// A tender was handed back.
    TenderRemoved {
        /// Its place among the basket's tenders, from 0.
        place: u32,
    },
    /// A payment leaves the machine now; from here on it may have been made.
    PaymentBegun {
        /// Our own number, counted on this lane.
        number: u64,
        /// Who is to take it.
        wallet: Wallet,
        /// How much.
        amount: Money,
        /// What it is for.
        purpose: Purpose,
    },
    /// What is known of a payment. In doubt is no end: another record may follow.
    PaymentEnded {
        /// Its number.
        number: u64,
        /// How it ended.
        outcome: Outcome,
        /// The wallet's reference or reason, where it gave one.
        reference: String,
        /// The end of the card's number, where it was a card and somebody typed it.
        card: Option<CardEnd>,
    },
    /// The basket was paid.
    SaleCompleted {
        /// The document.
        sale: Box<Sale>,
    },
    /// A member was named as the buyer of a sale that was paid. Its price stays; they get its points.
    BuyerNamed {
        /// The sequence number of the sale, in this epoch.
        document: u64,
        /// Who, and the points that it earns them.
        buyer: SaleBuyer,
        /// By whom.
        staff: String,
    },
    /// A document goes to the printer now; from here on it may have been printed.
    PaperBegun {
        /// The sequence number of the document.
        document: u64,
        /// Whether it is a reprint.
        reprint: bool,
    },
    /// What became of a document's paper.
    PaperEnded {
        /// The sequence number of the document.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
    /// The journal's numbers begin again: it was restored from a copy, or the
    /// lane was enrolled anew. Documents of the epoch before keep their
    /// numbers there; their paper waits no longer.
    EpochBegun {
        /// The epoch before.
        previous_epoch: u32,
        /// Its last number on this lane.
        previous_seq: u64,
        /// The chain's hash at it, hexadecimal.
        previous_hash: String,
    },
    /// The clock shows what cannot be: the lane reckons on from what it knew.
    ClockRefused {
        /// What the clock showed, milliseconds UTC.
        shown_ms: i64,
        /// What the lane reckons with, milliseconds UTC.
        reckoned_ms: i64,
    },
    /// The clock is believed again, by itself or because a person looked.
    ClockTrusted {
        /// What the clock shows, milliseconds UTC.
        shown_ms: i64,
        /// What the lane had reckoned, milliseconds UTC.
        reckoned_ms: i64,
        /// Who says so; empty where the clock came back by itself.
        staff: String,
    },
    /// Something happened at a lane that customers use by themselves.
    Kiosk(KioskRecord),
    /// Something happened with a phone's code.
    Phone(PhoneRecord),
    /// Something was done with an order of a channel.
    Order(OrderRecord),
}

/// What became of a document's paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaperOutcome {
    /// The printer said that it printed.
    Confirmed,
    /// Sent to a printer that cannot answer.
    SentUnconfirmed,
    /// Nobody knows how much was printed.
    InDoubt,
    /// Not printed, and nobody waits for it any more.
    Waived,
}
