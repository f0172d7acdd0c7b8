//! One fact of a lane's journal, as versioned JSON bytes.
//!
//! The bytes made by [`encode`] when the fact is committed are stored, hash
//! chained, sent and filed; nobody encodes an old event again. Money is in
//! minor units of the event's currency (fen for CNY), quantities are in
//! thousandths (of a piece, or of a kilogram), times are UTC.

mod bearer;
mod buyer;
mod gift;
mod kiosk;
mod label;
mod order;
mod phone;
mod quota;
mod stock;
mod value;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

pub use bearer::{Borne, CostShare};
pub use buyer::{
    Buyer, Coupon, Gift, Given, LeaseSpent, LinePrice, Member, PastPoints, PointsBack, PointsGrant,
    PointsMoved, SpentCoupon, WalkInPrice,
};

pub use gift::{Free, FreeGoods, KeptGift, Units, Withheld};
pub use kiosk::{CallEnd, Cause, ChanceParts, Kiosk, RandomSource};
pub use label::{KeptPrice, LabelBinding, LabelItem};
pub use order::{Missing, Order, OrderDeed, OrderHere, OrderStage};

pub use phone::{CodeRefused, Drawn, ExitRight, Phone, PhoneCode, PhoneLine, PhoneTaken, Unsold, UsedCode};
pub use quota::{Counts, QuotaCount, QuotaHeard, QuotaUse};
pub use stock::{CountStep, Movement, NewMember, Position, StockCount, StockLine, StockMove};

pub use value::{Stored, TopUp, Value, ValueGrant};

/// The version that [`encode`] writes.
pub const EVENT_VERSION: u16 = 1;

/// The longest event that a lane writes and HQ accepts, in bytes: a sale of
/// 2,000 lines with long names stays below it.
pub const EVENT_BYTES_MAX: usize = 4 << 20;

/// One event with what says where and when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The version of this form, [`EVENT_VERSION`] in what this program writes.
    pub v: u16,
    /// The store's code, as HQ enrolled it.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// Counts the lives of this lane's journal; a restored or replaced journal
    /// is a new epoch.
    pub epoch: u32,
    /// Gapless within the epoch, from 1.
    pub seq: u64,
    /// The lane's clock, milliseconds since 1970-01-01 UTC. For people; order
    /// is `seq`.
    pub at_ms: i64,
    /// The lane's offset from UTC in minutes at that moment.
    pub offset_minutes: i32,
    /// The day the event belongs to in the books; the shift's, never the clock's.
    pub business_date: NaiveDate,
    /// The shift's number on this lane; 0 before the first shift.
    pub shift: u32,
    /// What happened.
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened on a lane.
// A line is in most facts that are more than a name.
#[allow(clippy::large_enum_variant)]
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data", rename_all = "snake_case")]
pub enum Fact {
    /// A shift was opened, with the float in the drawer.
    ShiftOpened {
        /// The staff id of who opened it.
        staff: String,
        /// Cash put into the drawer, minor units.
        float: i64,
        /// What goes on from before, where anything does.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        carried: Option<Box<Carried>>,
    },
    /// The open shift ended.
    ShiftClosed {
        /// The staff id of who closed it.
        staff: String,
        /// What it has taken.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        report: Option<Box<ShiftReport>>,
    },
    /// Cash moved without a sale.
    CashMoved {
        /// Where.
        kind: CashMove,
        /// How much, minor units, above nothing.
        amount: i64,
        /// The staff id of who moved it.
        staff: String,
        /// Why.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The cash in the drawer was counted.
    CashCounted {
        /// What there was.
        denominations: Vec<Denomination>,
        /// What it comes to, minor units.
        total: i64,
        /// The staff id of who counted.
        staff: String,
    },
    /// The drawer was opened without a sale.
    DrawerOpened {
        /// The staff id of who opened it.
        staff: String,
        /// Why.
        reason: String,
    },
    /// Somebody signed in.
    SignedIn {
        /// Who.
        staff: Staff,
    },
    /// A wrong PIN was entered for this staff id.
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
        /// The staff id of who locked it.
        staff: String,
    },
    /// Whoever locked the lane is back.
    Unlocked {
        /// The staff id.
        staff: String,
    },
    /// Somebody let somebody do what they may not do alone: what the next
    /// events say.
    Approved {
        /// What was approved.
        act: Act,
        /// The staff id of who asked.
        staff: String,
        /// The staff id of who approved.
        approver: String,
        /// Why.
        reason: String,
    },
    /// A line joined the open basket.
    LineAdded {
        /// The line as it was added.
        line: Line,
    },
    /// The quantity of a line was set.
    LineQuantitySet {
        /// The line's number in its basket.
        line: u32,
        /// The new quantity, thousandths.
        quantity: i64,
        /// The line's new net, minor units.
        net: i64,
    },
    /// The unit price of a line was set by a person.
    LinePriceSet {
        /// The line's number in its basket.
        line: u32,
        /// The new unit price, minor units.
        unit_price: i64,
        /// The line's new net, minor units.
        net: i64,
        /// The staff id of who set it.
        staff: String,
        /// Why; absent where nothing was said.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A listed price fell while the basket was open: the line costs the
    /// lower one.
    LinePriceLowered {
        /// The line's number in its basket.
        line: u32,
        /// The line's list price now, per unit, minor units; never above what it was.
        list_price: i64,
        /// The price charged now, per unit, minor units; never above what it was.
        unit_price: i64,
        /// The promotion that set `unit_price`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promotion: Option<PromotionApplied>,
        /// The shelf label that set it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        kept: Option<KeptPrice>,
        /// The line's new net, minor units.
        net: i64,
    },
    /// A person took something off a line, or put it on again.
    LineDiscounted {
        /// The line's number in its basket.
        line: u32,
        /// What was taken off; absent for nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discount: Option<Discount>,
        /// The staff id of who did.
        staff: String,
    },
    /// A person took something off the basket, or put it on again.
    BasketDiscounted {
        /// What was taken off; absent for nothing any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        discount: Option<Discount>,
        /// The staff id of who did.
        staff: String,
    },
    /// Somebody is credited for a line or for the basket, or nobody any more.
    SellerNamed {
        /// The line's number in its basket; absent for the whole basket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// Who; absent for nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        seller: Option<Seller>,
        /// The staff id of who said so.
        staff: String,
    },
    /// A note stands at a line or at the basket, or none any more.
    NoteWritten {
        /// The line's number in its basket; absent for the whole basket.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
        /// What it says; absent for none.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
        /// The staff id of who wrote it.
        staff: String,
    },
    /// A line was taken back before payment.
    LineVoided {
        /// The line's number in its basket.
        line: u32,
        /// The staff id of who voided it.
        staff: String,
        /// Why, where somebody said so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The customer's age was confirmed for lines that need it.
    AgeConfirmed {
        /// The staff id of who looked.
        staff: String,
    },
    /// The open basket was dropped without payment.
    BasketCancelled {
        /// The staff id of who dropped it.
        staff: String,
        /// What the basket would have come to, minor units.
        total: i64,
        /// Why, where somebody said so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The open basket was put aside.
    BasketParked {
        /// Its number on this lane.
        basket: u32,
        /// The staff id of who parked it.
        staff: String,
        /// What the cashier noted.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        note: String,
    },
    /// A parked basket was taken up again.
    BasketRecalled {
        /// Its number on this lane.
        basket: u32,
        /// The staff id of who recalled it.
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
        /// The staff id of who took it up.
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
    /// Goods came back into the open basket.
    LineReturned {
        /// What, and what is given for it.
        returned: Returned,
        /// The staff id of who took it.
        staff: String,
    },
    /// Nothing comes back after all.
    ReturnDropped {
        /// The staff id of who dropped it.
        staff: String,
    },
    /// A tender was put against the open basket, which it does not cover yet.
    TenderAdded {
        /// The tender.
        tender: Tender,
    },
    /// A tender was handed back.
    TenderRemoved {
        /// Its place among the basket's tenders, from 0.
        place: u32,
    },
    /// A payment leaves the machine; from here on it may have been made.
    PaymentBegun {
        /// Our own number, counted on this lane.
        number: u64,
        /// Who is to take it.
        wallet: Wallet,
        /// How much, minor units, above nothing.
        amount: i64,
        /// The payment that the money goes back to; absent for a charge.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        refund: Option<RefundOf>,
    },
    /// What is known of a payment; after `in_doubt` another may follow.
    PaymentEnded {
        /// Its number.
        number: u64,
        /// How it ended.
        outcome: PaymentOutcome,
        /// The wallet's reference or reason, where it gave one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reference: String,
        /// The last four digits of the card, where somebody typed them.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        card: String,
    },
    /// A basket was paid. The whole document: nothing else is needed to
    /// account for it.
    SaleCompleted {
        /// The document.
        sale: Sale,
    },
    /// A document went to the printer; from here on it may have been printed.
    PaperBegun {
        /// The `seq` of the document's event.
        document: u64,
        /// Whether it is a reprint.
        reprint: bool,
    },
    /// What is known about the paper of a document.
    PaperEnded {
        /// The `seq` of the document's event.
        document: u64,
        /// How it ended.
        outcome: PaperOutcome,
    },
    /// A member buys; whoever was named before does not.
    MemberJoined {
        /// Who.
        member: Member,
        /// The lines that cost them less.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        prices: Vec<LinePrice>,
    },
    /// Nobody known buys: members' prices, coupons and points are gone.
    MemberLeft {},
    /// A coupon was laid on the basket.
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
        /// Which, and how many at most; absent for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        grant: Option<PointsGrant>,
    },
    /// HQ said what was given of promotions with quotas.
    QuotasHeard {
        /// All that stands now; what is not here is not known.
        heard: Vec<QuotaHeard>,
    },
    /// Points that were lent, or stored value in minor units, are not spent here
    /// any more, and go back.
    LeaseReturned {
        /// Which.
        grant: PointsGrant,
    },
    /// Goods came or went beside sales.
    StockMoved {
        /// What, and why.
        movement: Movement,
        /// The staff id of who wrote it down.
        staff: String,
    },
    /// Goods on the shelves were counted.
    StockCounted {
        /// What was found.
        count: StockCount,
        /// The staff id of who counted.
        staff: String,
    },
    /// Somebody became a member here.
    MemberRegistered {
        /// Who.
        member: NewMember,
        /// The staff id of who took it in.
        staff: String,
    },
    /// A member was named as the buyer of a sale that was paid; nothing of the sale itself changes.
    BuyerNamed {
        /// The number of the sale, in this journal and epoch.
        document: u64,
        /// Who, and the points that it earns them; none are spent.
        buyer: Buyer,
        /// The staff id of who named them.
        staff: String,
    },
    /// All of the basket is to be paid with one kind of tender, or not any more.
    TenderChosen {
        /// As in [`Tender::kind`]; absent for none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tender: Option<String>,
    },
    /// A label stands for these goods from now on, whatever it stood for before.
    LabelBound {
        /// Which label, and what for.
        binding: LabelBinding,
        /// The staff id of who bound it.
        staff: String,
    },
    /// A label stands for nothing any more.
    LabelUnbound {
        /// Its number.
        label: String,
        /// The staff id of who unbound it.
        staff: String,
        /// Why, where somebody said so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// A label was taken down, and another hangs in its place.
    LabelReplaced {
        /// The number of the one that was taken down.
        old: String,
        /// The new one, with what the old one stood for.
        binding: LabelBinding,
        /// The staff id of who replaced it.
        staff: String,
        /// Why, where somebody said so.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
    },
    /// The price lists' price is charged from now on though a label of the
    /// item may still show less.
    LabelsWaived {
        /// The item.
        item: LabelItem,
        /// The staff id of who said so.
        staff: String,
        /// Why.
        reason: String,
    },
    /// The journal's numbers begin again. The first event of every epoch but
    /// a lane's first; ties its chain to that of the epoch before.
    EpochBegun {
        /// The epoch before.
        previous_epoch: u32,
        /// Its last number on this lane; 0 where it has none.
        previous_seq: u64,
        /// The chain's hash at it, 64 hexadecimal digits.
        previous_hash: String,
    },
    /// The clock shows what cannot be; `at_ms` is reckoned from here on.
    ClockRefused {
        /// What the clock showed, milliseconds since 1970-01-01 UTC.
        shown_ms: i64,
        /// What the lane reckons with, milliseconds since 1970-01-01 UTC.
        reckoned_ms: i64,
    },
    /// The clock is believed again.
    ClockTrusted {
        /// What the clock shows, milliseconds since 1970-01-01 UTC.
        shown_ms: i64,
        /// What the lane had reckoned, milliseconds since 1970-01-01 UTC.
        reckoned_ms: i64,
        /// The staff id of who says so; empty where it came back by itself.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        staff: String,
    },
    /// Something happened at a lane that customers use by themselves.
    Kiosk(Kiosk),
    /// Something happened with a code of a customer's phone.
    Phone(Phone),
    /// Something was done with an order of a channel.
    Order(Order),
}

/// A person as an event names one: what was true when it happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// HQ's id.
    pub id: String,
    /// The number typed to sign in.
    pub number: String,
    /// The name shown on screen and receipt.
    pub name: String,
}

/// A basket line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// 1..n in order of scanning within the basket; a voided number is not reused.
    pub line: u32,
    /// HQ's item code.
    pub sku: String,
    /// What was scanned or typed; of GS1 data, the item's number.
    pub code: String,
    /// The item's name in Chinese, as sold.
    pub name_zh: String,
    /// The item's name in English, as sold.
    pub name_en: String,
    /// The item's size or pack, as sold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    /// The item's category.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whether quantity is kilograms (true) or pieces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighed: bool,
    /// Thousandths of a piece or of a kilogram; of a pack where there is a `unit`.
    pub quantity: i64,
    /// The price on the price list, per piece, kilogram or pack, minor units.
    pub list_price: i64,
    /// The price charged, per piece, kilogram or pack, minor units.
    pub unit_price: i64,
    /// The pack that it was sold in. Stock moves by `quantity` times its factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<LineUnit>,
    /// Where `unit_price` comes from, unless from price lists and promotions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_from: Option<PriceFrom>,
    /// Who said what weighed goods weigh, unless the code did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weighed_by: Option<WeighedBy>,
    /// The line's gross as a scale printed it, where it did, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label_amount: Option<i64>,
    /// The promotion that set `unit_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotion: Option<PromotionApplied>,
    /// The shelf label that set `unit_price`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<KeptPrice>,
    /// What the customer pays for the line, tax included, minor units.
    pub net: i64,
    /// VAT in basis points: 1300 is 13 %.
    pub tax_rate: u32,
    /// Its class in the tax law, where HQ gave it one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_class: Option<LineTaxClass>,
    /// A kit's parts with their shares of `net`, which sum to it; `tax_rate`
    /// is theirs then, part by part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kit: Vec<KitShare>,
    /// Whether the buyer's age must be looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_restricted: bool,
    /// Whether it earns no points.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_points: bool,
    /// Whether it makes the member who pays it a paid one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub membership: bool,
    /// The batch, where the code said it (GS1 AI 10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<String>,
    /// The last day of use, where the code said it (GS1 AI 17 or 7003).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expiry: Option<NaiveDate>,
    /// The day until which it is at its best or is to be sold, where the code
    /// said it (GS1 AI 15 or 16).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub best_before: Option<NaiveDate>,
    /// The piece's own number, where the code said it (GS1 AI 21).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// Whether it is never reduced.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub no_promotion: bool,
    /// What promotions of the whole basket took off it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub savings: Vec<Saving>,
    /// What a person took off it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// Its share of what a person took off the basket, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub basket_discount: i64,
    /// What it costs whoever is no member, where the price is a member's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk_in: Option<WalkInPrice>,
    /// Its share of what points paid for, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub points_off: i64,
    /// Who is credited for it, where that is not who is credited for the basket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// What the cashier noted of it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Who is credited for goods, as they were then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seller {
    /// HQ's id.
    pub id: String,
    /// The number of their card.
    pub number: String,
    /// The name shown.
    pub name: String,
    /// What they were when they sold, as commission rules ask for it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub level: String,
}

/// The pack that a line was sold in, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineUnit {
    /// HQ's id of the unit, one among those of its item.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// How many base units it holds.
    pub factor: u32,
}

/// Where a line's unit price comes from, if not from price lists and promotions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceFrom {
    /// The cashier typed it, as the item asks for.
    Typed,
    /// A person set it on the line.
    Set,
}

/// Who said what weighed goods weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WeighedBy {
    /// The lane's scale.
    Scale,
    /// The lane's scale, with a tare taken off.
    ScaleNet,
    /// A person.
    Person,
}

/// A line's class in the tax law, as it was then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineTaxClass {
    /// HQ's id.
    pub id: String,
    /// What the law does with it.
    pub treatment: TaxTreatment,
}

/// What the VAT law does with a class of goods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxTreatment {
    /// Taxed at a rate.
    Taxed,
    /// Taxed at nothing (零税率).
    ZeroRated,
    /// Not taxed (免税).
    Exempt,
}

/// What a part of a kit took of the line's net.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KitShare {
    /// The part's item code.
    pub sku: String,
    /// How much of it is in one kit, thousandths of a piece or of a kilogram.
    pub quantity: i64,
    /// What it costs on its own, per piece or kilogram, minor units.
    pub price: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
    /// Its share of the line's net, minor units.
    pub net: i64,
}

/// What a promotion took off a line beyond what the tag showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saving {
    /// The promotion.
    pub promotion: PromotionApplied,
    /// Its layer: `price`, `item`, `order` or `coupon`.
    pub layer: SavingLayer,
    /// Units of the line that took part; 0 where it is about amounts.
    #[serde(default, skip_serializing_if = "no_units")]
    pub units: u32,
    /// What it took off, minor units.
    pub off: i64,
}

/// The layer of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SavingLayer {
    /// Shelf prices.
    Price,
    /// Units taken together.
    Item,
    /// The order.
    Order,
    /// What the customer brought.
    Coupon,
}

// serde asks by reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn no_units(units: &u32) -> bool {
    *units == 0
}

/// What a person took off a line or a basket: a part or an amount.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Discount {
    /// Basis points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<u32>,
    /// Minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<i64>,
    /// The most that whoever gave it may take off, basis points.
    pub most: u32,
    /// Why.
    pub reason: String,
}

pub(crate) fn is_nothing(amount: &i64) -> bool {
    *amount == 0
}

/// The promotion that set a line's price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionApplied {
    /// HQ's id of the promotion.
    pub id: String,
    /// Its name in Chinese.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
}

/// A paid basket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// The ISO 4217 code of every amount in it.
    pub currency: String,
    /// The version of the reference it was priced with.
    pub reference_version: u64,
    /// Who sold.
    pub staff: Staff,
    /// The lines that were paid for; voided ones are not among them.
    pub lines: Vec<Line>,
    /// What came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub returns: Vec<Returned>,
    /// Sum of line nets, less what came back, plus `tax_added`, minor units.
    pub total: i64,
    /// The tax that comes on top of prices, minor units; nothing where prices hold it.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub tax_added: i64,
    /// What cash rounding took off, minor units; never positive but for what
    /// `rounding_returned` says.
    pub rounding: i64,
    /// The part of `rounding` that belongs to what came back, minor units.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub rounding_returned: i64,
    /// `total + rounding`, minor units.
    pub payable: i64,
    /// What was put against it.
    pub tenders: Vec<Tender>,
    /// Cash given back, minor units.
    pub change: i64,
    /// VAT contained in the nets, one row a rate.
    pub taxes: Vec<TaxSummary>,
    /// Who bought, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer: Option<Buyer>,
    /// The coupons that were spent on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<SpentCoupon>,
    /// What it was given beside its price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub given: Vec<Given>,
    /// Points that what came back undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_back: Option<PointsBack>,
    /// Goods of it that were free for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<FreeGoods>,
    /// Gifts that are kept though what earned them came back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptGift>,
    /// Who is credited for the lines that name nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// What the cashier noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// What it used of promotions with quotas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<QuotaUse>,
    /// What came back of them with the goods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses_back: Vec<QuotaUse>,
    /// What promotions took off it of which it is said who bears them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borne: Vec<Borne>,
    /// What of that came back with the goods.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borne_back: Vec<Borne>,
    /// The numbers of the coupons of a past sale of which nothing is left now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons_back: Vec<String>,
    /// What more promotions could have taken off at most, minor units; nothing
    /// where the price was proved to be the best.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub price_gap: i64,
    /// The engine that priced it; 0 where it was not said.
    #[serde(default, skip_serializing_if = "no_units")]
    pub engine: u32,
    /// The numbers of the phones' baskets that are in it, 24 hexadecimal digits each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<String>,
    /// What it pays into an account (储值充值): its one line is that, and no revenue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub top_up: Option<TopUp>,
}

impl Sale {
    /// What of its lines is money paid into an account, minor units: no revenue.
    pub fn topped_up(&self) -> i64 {
        let lines = self.lines.iter().filter(|line| line.is_top_up());
        lines.fold(0, |sum, line| sum.saturating_add(line.net))
    }
}

impl Line {
    /// Whether it is no goods but money that is paid into an account.
    pub fn is_top_up(&self) -> bool {
        self.sku == domain::value::TOP_UP_SKU
    }
}

/// One means of payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    /// `cash`, `foreign_cash`, `wechat`, `alipay`, `unionpay`, `card`, `voucher`
    /// or `stored_value`; others are added as they come.
    pub kind: String,
    /// What the customer handed over, minor units; below nothing for what was
    /// paid out.
    pub amount: i64,
    /// Our own number of the payment on this lane.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payment: Option<u64>,
    /// The wallet's reference, or the voucher's number.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Notes of another currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign: Option<Foreign>,
    /// The last four digits of the card, where somebody typed them.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub card: String,
    /// Of `stored_value`: of whose account, and of which of its balances.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<Stored>,
}

/// Notes of another currency, as handed over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Foreign {
    /// ISO 4217 code.
    pub currency: String,
    /// In its minor units.
    pub amount: i64,
    /// Our minor units for a million of theirs.
    pub rate: u64,
}

/// Where a sale stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The sale's sequence number.
    pub seq: u64,
}

/// Goods that came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Returned {
    /// The sale that it reverses; absent for a blind return.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The number of the line that it reverses; of a blind return, its own.
    pub line: u32,
    /// HQ's item code.
    pub sku: String,
    /// What was scanned or typed when it was sold.
    pub code: String,
    /// The item's name in Chinese, as sold.
    pub name_zh: String,
    /// The item's name in English, as sold.
    pub name_en: String,
    /// The item's size or pack, as sold.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub spec: String,
    /// The item's category.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub category: String,
    /// Whether quantity is kilograms (true) or pieces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub weighed: bool,
    /// Thousandths of a piece or of a kilogram; of a pack where the line was sold by packs.
    pub quantity: i64,
    /// What of the stock came back where that is not `quantity` of `sku`: the pieces of a pack, the parts of a kit.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stock: Vec<StockLine>,
    /// How much of the line came back before, thousandths.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub before: i64,
    /// What it counts for, minor units.
    pub amount: i64,
    /// The tax in or on top of that, minor units.
    pub tax: i64,
    /// VAT in basis points.
    pub tax_rate: u32,
    /// Why it came back.
    pub reason: String,
    /// Who was credited for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// Whether it made a member a paid one, who is none any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub membership: bool,
}

/// What is left of a past sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastSale {
    /// Where it stands.
    pub origin: Origin,
    /// The ISO 4217 code of its amounts.
    pub currency: String,
    /// Its lines.
    pub lines: Vec<PastLine>,
    /// What was paid for them and not given back, minor units.
    pub left: i64,
    /// What it was paid with, less what went back.
    pub tenders: Vec<Tender>,
    /// Its points, where a member bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<PastPoints>,
    /// Goods of it that were free for others.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gifts: Vec<FreeGoods>,
    /// What it used of promotions with quotas, when it was sold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub uses: Vec<QuotaUse>,
    /// What promotions took off it of which it is said who bears them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub borne: Vec<Borne>,
    /// The numbers of the coupons that were spent on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<String>,
}

/// A line of a past sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastLine {
    /// As it was sold.
    pub line: Line,
    /// Its tax, minor units.
    pub tax: i64,
    /// How much came back already, thousandths.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub returned: i64,
    /// What is kept back for it as a gift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Withheld>,
}

/// Who takes a payment by code or card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Wallet {
    /// WeChat Pay.
    WeChat,
    /// Alipay.
    Alipay,
    /// UnionPay by code.
    UnionPay,
    /// A card at a terminal.
    Card,
}

/// The payment that money goes back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundOf {
    /// The sale that it belonged to; absent for the open basket's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Our own number of that payment on its lane.
    pub payment: u64,
}

/// How a payment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentOutcome {
    /// The money moved.
    Paid,
    /// Refused; no money moved.
    Declined,
    /// Never paid, and cannot be paid any more.
    Closed,
    /// Taken back; no money moved in the end.
    Reversed,
    /// Paid, though it was asked to be reversed or had been in doubt.
    PaidAfterAll,
    /// Nobody knows.
    InDoubt,
}

/// What needs a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Set a line's price.
    SetPrice,
    /// Set a line's price to nothing.
    GiveAway,
    /// Take something off a line or a basket.
    Discount,
    /// Take back a line.
    Void,
    /// Drop a basket.
    Cancel,
    /// Give money back for a past sale.
    Return,
    /// Give money back without the sale.
    BlindReturn,
    /// Open the drawer without a sale.
    OpenDrawer,
    /// Take cash out of the drawer.
    TakeOut,
    /// Look at what the drawer should hold.
    Report,
    /// Say what became of a payment.
    ResolvePayment,
    /// Take over a locked lane.
    TakeOver,
    /// Say by hand what goods weigh.
    TypeWeight,
    /// Let a price count that labels have not confirmed.
    WaiveLabels,
    /// Say at a kiosk that the buyer is old enough.
    ConfirmAge,
    /// Let pass what a kiosk holds.
    Attend,
    /// Let a count of goods change the stock.
    CountStock,
    /// See what is earned on goods.
    SeeMargins,
    /// Name the member of a sale that was paid before.
    NameBuyer,
}

/// Cash that moves without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CashMove {
    /// Into the drawer.
    PayIn,
    /// Out of the drawer.
    PayOut,
    /// Out of the drawer into the safe.
    Drop,
}

/// How many notes or coins of one value were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Denomination {
    /// What one is worth, minor units.
    pub value: i64,
    /// How many.
    pub count: u32,
}

/// How often something happened, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// How often.
    pub count: u32,
    /// Minor units.
    pub amount: i64,
}

impl Tally {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What a shift has taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftReport {
    /// The shift's number on its lane.
    pub number: u32,
    /// The day its sales belong to.
    pub business_date: NaiveDate,
    /// Cash put into the drawer when it opened, minor units.
    pub float: i64,
    /// Documents, sales and returns alike.
    pub documents: u32,
    /// Goods sold, minor units.
    pub sold: i64,
    /// Goods taken back.
    pub returned: Tally,
    /// What cash rounding came to, minor units.
    pub rounding: i64,
    /// By kind of tender, less change and what was paid back.
    pub tenders: Vec<TenderSum>,
    /// Notes of other currencies, in their minor units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign: Vec<ForeignSum>,
    /// Cash paid in without a sale.
    pub paid_in: Tally,
    /// Cash paid out without a sale.
    pub paid_out: Tally,
    /// Cash dropped into the safe.
    pub dropped: Tally,
    /// Lines taken back before payment.
    pub voided: Tally,
    /// Baskets dropped.
    pub cancelled: Tally,
    /// What people took off by hand, minor units.
    pub discounts: i64,
    /// How often the drawer was opened without a sale.
    pub drawer_opened: u32,
    /// What members paid into their accounts; it is in `tenders`, and not in `sold`.
    #[serde(default, skip_serializing_if = "Tally::is_nothing")]
    pub topped_up: Tally,
    /// What the drawer should hold, minor units.
    pub expected_cash: i64,
    /// What was counted, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counted: Option<i64>,
    /// Counted less expected, minor units.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variance: Option<i64>,
    /// The running sums of the journal, this shift included.
    pub totals: GrandTotals,
    /// The baskets that stay parked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<u32>,
    /// The payments whose end is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<u64>,
}

/// What was taken with one kind of tender.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenderSum {
    /// As in [`Tender::kind`].
    pub kind: String,
    /// Minor units.
    pub amount: i64,
}

/// Notes of one other currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForeignSum {
    /// ISO 4217 code.
    pub currency: String,
    /// In its minor units.
    pub amount: i64,
}

/// Sums over all shifts of a journal; never reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct GrandTotals {
    /// Documents.
    pub documents: u64,
    /// Goods sold, minor units.
    pub sold: i64,
    /// Goods taken back, minor units.
    pub returned: i64,
}

/// What goes on from one shift into the next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// The running sums.
    pub totals: GrandTotals,
    /// The parked baskets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parked: Vec<Parked>,
    /// How many baskets were ever parked.
    pub parked_count: u32,
    /// The payments whose end is not known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub payments: Vec<OpenPayment>,
    /// How many payments were ever begun.
    pub payment_count: u64,
    /// The numbers of coupons that were spent here and that HQ may not know of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons_spent: Vec<String>,
    /// What was spent of points that are lent to the lane.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leases_spent: Vec<LeaseSpent>,
    /// What was given here of promotions with quotas.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quota_counts: Vec<QuotaCount>,
    /// The codes of phones that were used here and whose time may not be over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub used_codes: Vec<UsedCode>,
    /// What was done here with orders of channels, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orders: Vec<OrderHere>,
    /// The numbers of transfers whose goods left here, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers_sent: Vec<String>,
    /// The numbers of transfers whose goods came here, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers_received: Vec<String>,
}

/// What a parked basket is known by in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ParkedId {
    /// The lane that parked it.
    pub lane: u32,
    /// The epoch of that lane's journal then.
    pub epoch: u32,
    /// Its number on that lane.
    pub number: u32,
}

/// A basket that was put aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parked {
    /// Its number on this lane.
    pub number: u32,
    /// The staff id of who parked it.
    pub staff: String,
    /// When, milliseconds UTC.
    pub at_ms: i64,
    /// What the cashier noted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
    /// Its lines.
    pub lines: Vec<Line>,
    /// How many numbers were given to lines.
    pub numbers_given: u32,
    /// Whether somebody looked at the buyer's age.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub age_confirmed: bool,
    /// How many lines were voided.
    #[serde(default)]
    pub voids: u32,
    /// What a person took off it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discount: Option<Discount>,
    /// Who buys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<Member>,
    /// The coupons that lie on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<Coupon>,
    /// The kind of tender that all of it is to be paid with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tender: Option<String>,
    /// What was paid of it already.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tenders: Vec<Tender>,
    /// Who is credited for the lines that name nobody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seller: Option<Seller>,
    /// What is noted of the sale, apart from by what the basket is known again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub sale_note: String,
    /// What customers' phones brought into it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub phones: Vec<PhoneTaken>,
}

/// A payment whose end is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenPayment {
    /// Our own number, counted on this lane.
    pub number: u64,
    /// Who is to take it.
    pub wallet: Wallet,
    /// How much, minor units.
    pub amount: i64,
    /// The payment that the money goes back to; absent for a charge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refund: Option<RefundOf>,
    /// The parked basket that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<u32>,
    /// Whether it was said to be in doubt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The epoch that it was begun in; absent for this event's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epoch: Option<u32>,
}

/// VAT of one rate within a sale.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaxSummary {
    /// Basis points.
    pub rate: u32,
    /// Sum of nets at this rate less what came back, as the tags say, minor units.
    pub net: i64,
    /// Sum of their taxes, minor units.
    pub tax: i64,
}

/// How the paper of a document ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperOutcome {
    /// The printer said that it printed.
    Confirmed,
    /// All bytes were sent to a printer that cannot answer.
    SentUnconfirmed,
    /// Nobody knows how much was printed; a person was asked.
    InDoubt,
    /// Nobody waits for the paper any more.
    Waived,
}

/// Why bytes are not an event of a version this program knows.
#[derive(Debug, thiserror::Error)]
pub enum DecodeEventError {
    /// Not JSON, or not of this form.
    #[error("decode an event")]
    Form(#[from] serde_json::Error),
    /// Written by a newer program, or by none.
    #[error("decode an event of version {0}: this program knows 1 to {EVENT_VERSION}")]
    Version(u16),
}

/// Makes the bytes of an event. Called once, when the event is committed.
pub fn encode(event: &Event) -> Vec<u8> {
    // Serialising plain structs into memory cannot fail.
    serde_json::to_vec(event).expect("plain data serialises")
}

/// Reads the bytes of an event.
pub fn decode(bytes: &[u8]) -> Result<Event, DecodeEventError> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u16,
    }
    let versioned: Versioned = serde_json::from_slice(bytes)?;
    if !(1..=EVENT_VERSION).contains(&versioned.v) {
        return Err(DecodeEventError::Version(versioned.v));
    }
    Ok(serde_json::from_slice(bytes)?)
}
