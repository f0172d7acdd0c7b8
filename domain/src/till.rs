//! The state machine of one lane.
//!
//! [`Till::step`] decides; [`Till::apply`] is the only place that changes a
//! till, and it changes it only by records. So a till is rebuilt from its
//! journal by applying the same records again.

pub mod after;
mod beside;
mod charging;
mod drawer;
mod goods;
pub mod holds;
pub mod kiosk;
mod member;
mod paying;
mod people;
mod phone;
mod quotas;
mod returning;
mod savings;
mod selling;
mod step;
mod value;
mod weighing;
mod words;

use std::collections::{BTreeMap, VecDeque};

use chrono::{DateTime, Duration, NaiveDate, NaiveDateTime, NaiveTime};

use crate::barcode::Codes;
use crate::basket::Basket;
use crate::catalogue::Catalogue;
use crate::member::{LeaseSpent, PointsGrant, PointsRules};
use crate::money::{AMOUNT_MAX, Currency, Money};
use crate::order::desk::OrdersHere;
use crate::payment::{Belongs, Outcome, Payment, Purpose};
use crate::phone::UsedCodes;
use crate::promotion::Objective;
use crate::quota::QuotaCounts;
use crate::record::{PaperOutcome, Record, Staff};
use crate::refund::RefundOrder;
use crate::rights::{Act, Rights};
use crate::sale::{CashDue, Due, Sale, Settling};
use crate::shift::{Carried, GrandTotals, Parked, ShiftReport, Takings};
use crate::stock::TransfersHere;
use crate::tax::TaxRules;
use crate::tender::{CardEnd, ForeignRate, Tender, Wallet};
use crate::value::{Value, ValueRules};
pub use charging::wallet_of;
use kiosk::{Kiosk, KioskRules};
use savings::{Recollection, is_before_prices};
use step::Step;
pub use weighing::{ScaleAnswer, ScaleFault, ToWeigh, TypedWeights};
pub use words::{Effect, Input, Message, Offer, Sound};

/// The most documents whose paper may wait; beyond it the oldest is waived,
/// because its customer has long left.
pub const PAPERS_WAITING_MAX: usize = 64;

/// The longest a person waits between two wrong PINs, in seconds.
pub const PIN_WAIT_SECONDS_MAX: i64 = 60;

/// How many people's wrong PINs are remembered.
pub const PIN_REFUSALS_MAX: usize = 256;

/// How many coupons a lane spends that HQ does not know to be spent: so many
/// at most are spent with HQ away.
pub const COUPONS_SPENT_MAX: usize = 2_048;

/// How many leases, of points or of stored value, a lane spends of while they are not over; a shift carries as many over.
pub const LEASES_SPENT_MAX: usize = 1_024;

/// So long after its end a lease is surely over, whatever the clocks say, milliseconds.
const LEASE_SKEW_MS: i64 = 10 * 60_000;

/// How a lane is set up; it does not change while a basket is open.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The currency of every amount.
    pub currency: Currency,
    /// Cash is rounded down to a multiple of this.
    pub cash_rounding: Money,
    /// The most change that is given: above it the amount is taken for a barcode.
    pub change_max: Money,
    /// Which codes of its own the shop uses.
    pub codes: Codes,
    /// Whether sales of this lane are printed.
    pub prints_receipts: bool,
    /// What a chain may set as it likes.
    pub rules: Rules,
}

/// What a chain may set as it likes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// How tax is reckoned.
    pub tax: TaxRules,
    /// What a payout goes to first.
    pub refund_order: RefundOrder,
    /// A sign-in opens a shift where none is open, without a float.
    pub shift_opens_itself: bool,
    /// The drawer is counted without a look at what it should hold.
    pub blind_count: bool,
    /// Goods are counted without a look at what the books say.
    pub blind_stock_count: bool,
    /// So many lines of a basket anybody may void; more need the right to.
    pub free_voids: u32,
    /// Lines up to this net anybody may void.
    pub free_void_net: Money,
    /// Whether a basket with goods is cancelled by right only.
    pub cancel_by_right: bool,
    /// The currencies whose notes are taken.
    pub foreign: Vec<ForeignRate>,
    /// Who takes payments by code or card here.
    pub wallets: Vec<Wallet>,
    /// Whether the lane has a scale that goods are weighed on.
    pub has_scale: bool,
    /// Whether a person may say what goods weigh, where there is a scale.
    pub typed_weights: TypedWeights,
    /// Which price of a basket counts as the best.
    pub objective: Objective,
    /// Where the lane stands, as promotions ask for it.
    pub place: Place,
    /// How points are earned and spent.
    pub points: PointsRules,
    /// What customers may do alone, where they use the lane by themselves.
    pub kiosk: Option<KioskRules>,
    /// How stored value is kept; `None` where the chain has none.
    pub value: Option<ValueRules>,
    /// How likely the goods of a customer are looked at who leaves with a code, in [`kiosk::AUDIT_PARTS`].
    pub exit_audit: u32,
}

/// Where a lane stands, as promotions ask for it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The store's code.
    pub store: String,
    /// The sales channel, such as `store` or `kiosk`.
    pub channel: String,
    /// The chain's member days.
    pub member_days: Vec<NaiveDate>,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            tax: TaxRules::default(),
            refund_order: RefundOrder::default(),
            shift_opens_itself: true,
            blind_count: false,
            blind_stock_count: true,
            free_voids: u32::MAX,
            free_void_net: Money::from_minor(i64::MAX),
            cancel_by_right: false,
            foreign: Vec::new(),
            wallets: Vec::new(),
            has_scale: false,
            typed_weights: TypedWeights::default(),
            objective: Objective::default(),
            place: Place::default(),
            points: PointsRules::default(),
            kiosk: None,
            value: None,
            exit_audit: 0,
        }
    }
}

/// What a step may look at beside the till and its input.
pub struct Context<'a> {
    /// The lane's clock, milliseconds UTC.
    pub now_ms: i64,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
    /// The goods.
    pub catalogue: &'a dyn Catalogue,
    /// The set-up.
    pub settings: &'a Settings,
}

impl Context<'_> {
    /// The calendar day at the lane.
    fn today(&self) -> NaiveDate {
        self.local().date()
    }

    /// The time of day at the lane.
    fn time(&self) -> NaiveTime {
        self.local().time()
    }

    fn local(&self) -> NaiveDateTime {
        let utc = DateTime::from_timestamp_millis(self.now_ms).unwrap_or_default();
        // A clock at the end of time has no later hour.
        utc.checked_add_signed(Duration::minutes(i64::from(self.offset_minutes))).unwrap_or(utc).naive_utc()
    }
}

/// The shift that sales belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shift {
    /// Counts the lane's shifts, from 1.
    pub number: u32,
    /// The day its sales belong to.
    pub business_date: NaiveDate,
}

/// Where the cashier stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Desk {
    /// Nobody is signed in.
    SignedOut,
    /// Goods are rung up.
    Selling(Staff),
    /// Money is taken.
    Paying(Staff),
    /// The sale is on its way to the disk.
    Saving(Staff, Box<Sale>),
    /// The sale is on disk; the change is shown.
    Done(Staff, Box<Sale>, u64),
    /// The cashier stepped away.
    Locked(Staff),
}

impl Desk {
    /// Who is signed in.
    pub fn staff(&self) -> Option<&Staff> {
        match self {
            Self::SignedOut => None,
            Self::Selling(staff)
            | Self::Paying(staff)
            | Self::Saving(staff, _)
            | Self::Done(staff, ..)
            | Self::Locked(staff) => Some(staff),
        }
    }
}

/// How the paper of a document stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paper {
    /// Nothing of it was sent.
    Waiting {
        /// Whether it will be marked as a reprint.
        reprint: bool,
    },
    /// It may have been printed.
    Begun,
    /// Nobody knows; a person decides.
    InDoubt,
}

/// Wrong PINs of one person, since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PinRefusals {
    count: u32,
    last_ms: i64,
}

/// What waits for somebody who may approve it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pending {
    input: Box<Input>,
    act: Act,
}

/// One lane's till.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Till {
    shift: Option<Shift>,
    shifts_opened: u32,
    takings: Takings,
    totals: GrandTotals,
    counted: Option<Money>,
    desk: Desk,
    rights: Rights,
    pending: Option<Pending>,
    basket: Basket,
    tenders: Vec<Tender>,
    parked: Vec<Parked>,
    parked_count: u32,
    payments: Vec<Payment>,
    payment_count: u64,
    papers: BTreeMap<u64, Paper>,
    last_sale: Option<u64>,
    /// The sales of the open shift whose member was named after the payment, with HQ's id of them.
    named_after: Vec<(u64, String)>,
    coupons_spent: VecDeque<String>,
    leases_spent: Vec<LeaseSpent>,
    quota_counts: QuotaCounts,
    /// What was done here with orders of channels.
    orders: OrdersHere,
    /// The transfers whose goods left here or came here.
    transfers: TransfersHere,
    pin_refusals: VecDeque<(String, PinRefusals)>,
    recollection: Recollection,
    kiosk: Kiosk,
    used_codes: UsedCodes,
}

impl Default for Till {
    fn default() -> Self {
        Self {
            shift: None,
            shifts_opened: 0,
            takings: Takings::default(),
            totals: GrandTotals::default(),
            counted: None,
            desk: Desk::SignedOut,
            rights: Rights::NONE,
            pending: None,
            recollection: Recollection::default(),
            basket: Basket::default(),
            tenders: Vec::new(),
            parked: Vec::new(),
            parked_count: 0,
            payments: Vec::new(),
            payment_count: 0,
            papers: BTreeMap::new(),
            last_sale: None,
            named_after: Vec::new(),
            coupons_spent: VecDeque::new(),
            leases_spent: Vec::new(),
            quota_counts: QuotaCounts::default(),
            orders: OrdersHere::default(),
            transfers: TransfersHere::default(),
            pin_refusals: VecDeque::new(),
            kiosk: Kiosk::default(),
            used_codes: UsedCodes::default(),
        }
    }
}

impl Till {
    /// The open shift.
    pub fn shift(&self) -> Option<Shift> {
        self.shift
    }

    /// Where the cashier stands.
    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// What whoever is signed in may do alone.
    pub fn rights(&self) -> Rights {
        self.rights
    }

    /// What waits for an approval.
    pub fn pending(&self) -> Option<Act> {
        self.pending.as_ref().map(|pending| pending.act)
    }

    /// What the lane knows where customers use it by themselves.
    pub fn kiosk(&self) -> &Kiosk {
        &self.kiosk
    }

    /// The open basket.
    pub fn basket(&self) -> &Basket {
        &self.basket
    }

    /// What was put against the open basket, which it does not cover yet.
    pub fn tenders(&self) -> &[Tender] {
        &self.tenders
    }

    /// The baskets that were put aside, oldest first.
    pub fn parked(&self) -> &[Parked] {
        &self.parked
    }

    /// Whether another lane may take up a basket that was put aside here:
    /// nothing of it is paid, or on its way to be.
    pub fn is_lendable(&self, basket: u32) -> bool {
        let is_paid =
            |payment: &Payment| matches!(payment.belongs, Belongs::Parked(number) if number == basket);
        let parked = self.parked.iter().find(|parked| parked.number == basket);
        // What is paid in is paid in where the member was named.
        parked.is_some_and(|parked| parked.tenders.is_empty() && !parked.basket.has_top_up())
            && !self.payments.iter().any(is_paid)
    }

    /// The payments whose end is not known, oldest first: what is under way,
    /// and the attendant's list of what is in doubt.
    pub fn payments(&self) -> &[Payment] {
        &self.payments
    }

    /// The documents whose paper has not ended, oldest first.
    pub fn papers(&self) -> &BTreeMap<u64, Paper> {
        &self.papers
    }

    /// The codes of phones that were used here and whose time may not be over.
    pub fn used_codes(&self) -> &UsedCodes {
        &self.used_codes
    }

    /// What was done here with orders of channels.
    pub fn orders(&self) -> &OrdersHere {
        &self.orders
    }

    /// The transfers whose goods left here or came here.
    pub fn transfers(&self) -> &TransfersHere {
        &self.transfers
    }

    /// The number of the last sale.
    pub fn last_sale(&self) -> Option<u64> {
        self.last_sale
    }

    /// What is due for the open basket, the rest being paid in cash.
    pub fn due(&self, settings: &Settings) -> Due {
        self.due_with(settings, &self.tenders)
    }

    fn due_with(&self, settings: &Settings, tenders: &[Tender]) -> Due {
        let past = self.basket.past().map_or(&[][..], |past| &past.tenders);
        // What is paid in is credited in full: no rounding takes any off.
        let cash_step = if self.basket.has_top_up() { Money::from_minor(1) } else { settings.cash_rounding };
        let settling = Settling { cash_step, order: settings.rules.refund_order };
        self.basket.sums(settings.rules.tax).due(tenders, past, settling)
    }

    /// What is still to be paid for the open basket in cash.
    pub fn cash_due(&self, settings: &Settings) -> CashDue {
        let due = self.due(settings);
        CashDue { rounding: due.rounding, payable: due.cash }
    }

    /// A report on the open shift.
    pub fn report(&self) -> Option<ShiftReport> {
        let shift = self.shift?;
        Some(ShiftReport {
            number: shift.number,
            business_date: shift.business_date,
            takings: self.takings.clone(),
            counted: self.counted,
            totals: self.totals,
            parked: self.parked.iter().map(|parked| parked.number).collect(),
            in_doubt: self.payments.iter().map(|payment| payment.number).collect(),
        })
    }

    /// What goes on into the next shift.
    pub fn carried(&self) -> Carried {
        let mut payments = self.payments.clone();
        // Between two records a payment's stage is nobody's but this till's.
        payments.iter_mut().for_each(Payment::wake);
        Carried {
            totals: self.totals,
            parked: self.parked.clone(),
            parked_count: self.parked_count,
            payments,
            payment_count: self.payment_count,
            coupons_spent: self.coupons_spent.iter().cloned().collect(),
            leases_spent: self.leases_spent.clone(),
            quota_counts: self.quota_counts.clone(),
            used_codes: self.used_codes.clone(),
            orders: self.orders.clone(),
            transfers: self.transfers.clone(),
        }
    }

    /// Seconds until a PIN of this person is looked at again.
    pub fn pin_wait_seconds(&self, staff: &str, now_ms: i64) -> u32 {
        let Some((_, refusals)) = self.pin_refusals.iter().find(|(id, _)| id == staff) else { return 0 };
        // The first slip costs nothing; then 1, 2, 4 ... seconds.
        let Some(doublings) = refusals.count.checked_sub(2) else { return 0 };
        let wait_ms = (1_000i64 << doublings.min(6)).min(PIN_WAIT_SECONDS_MAX * 1_000);
        let passed_ms = now_ms.saturating_sub(refusals.last_ms);
        // A clock that was set back must not lock anybody out.
        if passed_ms < 0 {
            return 0;
        }
        let left_ms = (wait_ms - passed_ms).max(0);
        u32::try_from((left_ms + 999) / 1_000).unwrap_or(0)
    }

    /// Decides what an input means. Total: an input that makes no sense in
    /// this state changes nothing and, where a person should know, says so.
    ///
    /// The till that comes back is in force once its [`Effect::Commit`]s are
    /// on disk; where they cannot be written, the old one stays.
    pub fn step(&self, context: &Context<'_>, input: Input) -> (Self, Vec<Effect>) {
        let (till, effects) = self.step_of_many(context, input);
        (till.glanced(context), effects)
    }

    /// The same where further inputs have come already: the basket is priced before anything rests on it, and by
    /// [`Till::glanced`] before anybody sees it.
    pub fn step_of_many(&self, context: &Context<'_>, input: Input) -> (Self, Vec<Effect>) {
        let mut step = Step::new(self.clone(), context.now_ms);
        let comes_while_paying = matches!(self.desk, Desk::Paying(_));
        let rests_on_prices = comes_while_paying || !is_before_prices(&input);
        if rests_on_prices {
            step.make_savings(context);
        }
        step.decide(context, input);
        if rests_on_prices {
            step.make_savings_in_time(context);
        }
        (step.till, step.effects)
    }

    /// Brings the till to where it was after a record that is on disk.
    ///
    /// What is on no disk is not there again: a reprint that was asked for but
    /// not begun.
    ///
    /// `seq` is the record's number; `at_ms` the lane's clock then.
    pub fn restore(&mut self, seq: u64, at_ms: i64, record: &Record) {
        self.apply(at_ms, record);
        if let Desk::Saving(staff, _) = &self.desk {
            self.desk = Desk::Selling(staff.clone());
            self.last_sale = Some(seq);
            self.papers.insert(seq, Paper::Waiting { reprint: false });
            // A lane that did not print has left no word of any paper.
            while let Some(document) = self.paper_too_many() {
                self.papers.remove(&document);
            }
        }
    }

    /// What a start after a stop makes of a restored till: somebody must sign
    /// in, whatever was on its way to the printer is in doubt, and payments
    /// that were under way are asked about.
    pub fn wake(&mut self, settings: &Settings) {
        self.desk = Desk::SignedOut;
        self.rights = Rights::NONE;
        self.pending = None;
        self.kiosk.wake();
        self.payments.iter_mut().for_each(Payment::wake);
        if settings.prints_receipts {
            for paper in self.papers.values_mut() {
                if *paper == Paper::Begun {
                    *paper = Paper::InDoubt;
                }
            }
        } else {
            self.papers.clear();
        }
    }

    /// Changes the till by one record.
    fn apply(&mut self, at_ms: i64, record: &Record) {
        match record {
            Record::ShiftOpened { number, business_date, float, carried, .. } => {
                self.shift = Some(Shift { number: *number, business_date: *business_date });
                self.shifts_opened = *number;
                self.takings = Takings { float: *float, ..Takings::default() };
                self.counted = None;
                self.named_after.clear();
                self.carry_on(carried);
            }
            Record::ShiftClosed { .. } => {
                self.shift = None;
                self.named_after.clear();
            }
            Record::CashMoved { kind, amount, .. } => self.takings.move_cash(*kind, *amount),
            Record::CashCounted { total, .. } => self.counted = Some(*total),
            Record::DrawerOpened { .. } => {
                self.takings.drawer_opened = self.takings.drawer_opened.saturating_add(1);
            }
            Record::SignedIn { staff } => {
                self.forget_refusals(&staff.id);
                self.desk = self.desk_of(staff.clone());
            }
            Record::SignInRefused { staff } => self.remember_refusal(staff, at_ms),
            Record::SignedOut { .. } => {
                self.desk = Desk::SignedOut;
                self.rights = Rights::NONE;
            }
            Record::Locked { .. } => {
                if let Some(staff) = self.desk.staff() {
                    self.desk = Desk::Locked(staff.clone());
                }
            }
            Record::Unlocked { staff } => {
                self.forget_refusals(staff);
                if let Some(staff) = self.desk.staff() {
                    self.desk = self.desk_of(staff.clone());
                }
            }
            Record::Approved { approver, .. } => self.forget_refusals(approver),
            Record::LineAdded { line } => self.basket.add(line.clone()),
            Record::LineQuantitySet { line, quantity, .. } => {
                if self.basket.line(*line).is_some_and(|before| *quantity < before.quantity) {
                    self.kiosk.remove();
                }
                self.kiosk.change();
                self.basket.set_quantity(*line, *quantity);
            }
            Record::LinePriceSet { line, unit_price, .. } => self.basket.set_price(*line, *unit_price),
            Record::LinePriceLowered { lowered, .. } => self.basket.lower_price(lowered),
            Record::LineDiscounted { line, discount, .. } => self.basket.reduce_line(*line, discount.clone()),
            Record::BasketDiscounted { discount, .. } => self.basket.reduce(discount.clone()),
            Record::SellerNamed { line, seller, .. } => self.basket.name_seller(*line, seller.clone()),
            Record::NoteWritten { line, note, .. } => self.basket.write_note(*line, note.clone()),
            Record::LineVoided { line, .. } => {
                if let Some(voided) = self.basket.line(*line) {
                    // Savings are worked out, not written down: a restored till would not know them.
                    self.takings.voided.add(voided.after_own_discount());
                }
                self.basket.void(*line);
                self.kiosk.remove();
            }
            Record::MemberJoined { member, prices } => self.basket.join(member.clone(), prices),
            Record::MemberLeft => self.basket.leave(),
            Record::CouponLaid { coupon } => self.basket.lay(coupon.clone()),
            Record::CouponTakenBack { code } => self.basket.take_coupon_back(code),
            Record::PointsOffered { grant } => self.basket.offer_points(grant.clone()),
            Record::QuotasHeard { heard } => self.basket.hear(heard.clone()),
            Record::LeaseReturned { grant } => self.note_spent(grant, AMOUNT_MAX),
            Record::TenderChosen { tender } => self.basket.choose_tender(*tender),
            Record::AgeConfirmed { .. } => self.basket.confirm_age(),
            Record::BasketCancelled { total, .. } => {
                self.takings.cancelled.add(*total);
                self.leave_basket(Belongs::Nothing);
            }
            Record::BasketParked { basket: number, staff, note } => {
                let tenders = std::mem::take(&mut self.tenders);
                let mut basket = self.leave_basket(Belongs::Parked(*number));
                // Another day may have other promotions, points are lent for a
                // while only, and others go on being given what there are few of.
                basket.offer_points(None);
                basket.hear(Vec::new());
                basket.forget_savings();
                let (staff, note) = (staff.clone(), note.clone());
                self.parked.push(Parked { number: *number, staff, at_ms, note, basket, tenders });
                self.parked_count = *number;
                if let Desk::Paying(staff) = &self.desk {
                    self.desk = Desk::Selling(staff.clone());
                }
            }
            Record::BasketRecalled { basket, .. } => self.recall(*basket),
            Record::BasketTaken { parked, .. } => {
                self.basket = parked.basket.clone();
                // Whoever put it aside may spend them until they are shown here.
                self.basket.leave_coupons();
                self.tenders.clear();
            }
            Record::BasketGone { basket, .. } => self.parked.retain(|parked| parked.number != *basket),
            Record::ReturnBegun { past } => self.basket.begin_return(past.as_ref().clone()),
            Record::LineReturned { returned, .. } => self.basket.take_back(returned.clone()),
            Record::ReturnDropped { .. } => self.basket.end_return(),
            Record::TenderAdded { tender } => self.tenders.push(tender.clone()),
            Record::TenderRemoved { place } => {
                let place = usize::try_from(*place).unwrap_or(usize::MAX);
                if place < self.tenders.len() {
                    self.tenders.remove(place);
                }
            }
            Record::PaymentBegun { number, wallet, amount, purpose } => {
                self.payments.push(Payment::begun(*number, *wallet, *amount, purpose.clone(), at_ms));
                self.payment_count = *number;
            }
            Record::PaymentEnded { number, outcome, reference, card } => {
                self.end_payment(*number, *outcome, reference, *card);
            }
            Record::SaleCompleted { sale } => {
                self.takings.add_sale(sale);
                self.totals.add_sale(sale);
                // What was spent here and came back whole may be spent again.
                self.coupons_spent.retain(|code| !sale.coupons_back.contains(code));
                self.coupons_spent.extend(sale.coupons.iter().map(|spent| spent.code.clone()));
                self.quota_counts.take_in(&sale.uses, &sale.uses_back);
                self.spend_points(sale);
                self.spend_value(sale);
                self.leave_basket(Belongs::Nothing);
                self.desk = Desk::Saving(sale.staff.clone(), sale.clone());
            }
            Record::BuyerNamed { document, buyer, .. } => {
                self.named_after.push((*document, buyer.member.clone()));
                if let Desk::Done(_, sale, seq) = &mut self.desk
                    && seq == document
                {
                    sale.buyer = Some(buyer.clone());
                }
            }
            Record::PaperBegun { document, .. } => {
                self.papers.insert(*document, Paper::Begun);
            }
            Record::PaperEnded { document, outcome } => match outcome {
                PaperOutcome::Confirmed | PaperOutcome::SentUnconfirmed | PaperOutcome::Waived => {
                    self.papers.remove(document);
                }
                PaperOutcome::InDoubt => {
                    self.papers.insert(*document, Paper::InDoubt);
                }
            },
            Record::EpochBegun { previous_epoch, .. } => {
                self.papers.clear();
                self.last_sale = None;
                self.named_after.clear();
                // Their numbers were given in the epoch before, and are asked for under it.
                for payment in &mut self.payments {
                    payment.epoch.get_or_insert(*previous_epoch);
                }
                // A journal that was restored does not know what was spent of it since.
                if self.tenders.is_empty() && self.payment_of_basket().is_none() {
                    self.basket.offer_points(None);
                }
            }
            Record::Kiosk(record) => self.kiosk.apply(at_ms, record),
            Record::Phone(record) => self.apply_phone(at_ms, record),
            Record::Order(record) => self.orders.apply(record),
            Record::StockMoved { movement, .. } => self.transfers.apply(movement),
            // They move nothing of the till's own.
            Record::BasketOffered { .. }
            | Record::StockCounted { .. }
            | Record::LabelBound { .. }
            | Record::LabelUnbound { .. }
            | Record::LabelReplaced { .. }
            | Record::LabelsWaived { .. }
            | Record::MemberRegistered { .. }
            | Record::ClockRefused { .. }
            | Record::ClockTrusted { .. } => {}
        }
    }

    /// Where somebody who signs in or comes back stands.
    fn desk_of(&self, staff: Staff) -> Desk {
        if self.tenders.is_empty() && self.payment_of_basket().is_none() {
            Desk::Selling(staff)
        } else {
            Desk::Paying(staff)
        }
    }

    /// Remembers what a sale spent of the points that were lent for it.
    fn spend_points(&mut self, sale: &Sale) {
        let moved = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref());
        let moved = moved.filter(|moved| moved.spent > 0);
        if let Some((spent, grant)) = moved.map(|moved| moved.spent).zip(self.basket.grant().cloned()) {
            self.note_spent(&grant, spent);
        }
    }

    /// Remembers that so much of a lease is spent, or all of it and more.
    fn note_spent(&mut self, grant: &PointsGrant, spent: i64) {
        match self.leases_spent.iter_mut().find(|known| known.lease == grant.lease) {
            Some(known) => known.spent = known.spent.saturating_add(spent).min(AMOUNT_MAX),
            None => self.leases_spent.push(LeaseSpent {
                lease: grant.lease.clone(),
                spent,
                bonus: 0,
                until_ms: grant.until_ms,
            }),
        }
    }

    /// Remembers what a sale spent of stored value that was lent.
    fn spend_value(&mut self, sale: &Sale) {
        for tender in &sale.tenders {
            let Tender::StoredValue(stored) = tender else { continue };
            let (spent, bonus) = (stored.part.total().minor(), stored.part.bonus.minor());
            if spent <= 0 {
                continue;
            }
            match self.leases_spent.iter_mut().find(|known| known.lease == stored.lease) {
                Some(known) => {
                    known.spent = known.spent.saturating_add(spent).min(AMOUNT_MAX);
                    known.bonus = known.bonus.saturating_add(bonus).min(AMOUNT_MAX);
                }
                None => self.leases_spent.push(LeaseSpent {
                    lease: stored.lease.clone(),
                    spent,
                    bonus,
                    until_ms: stored.until_ms,
                }),
            }
        }
    }

    /// Whether no further lease can be remembered; one that is over is not spent of any more.
    pub(crate) fn is_full_of_leases(&self, now_ms: i64) -> bool {
        let counts = |known: &&LeaseSpent| now_ms < known.until_ms.saturating_add(LEASE_SKEW_MS);
        let known = &self.leases_spent;
        known.len() >= 8 * LEASES_SPENT_MAX || known.iter().filter(counts).count() >= LEASES_SPENT_MAX
    }

    /// What was spent here of stored value that was lent under this lease.
    pub fn value_spent(&self, lease: &str) -> Value {
        let known = self.leases_spent.iter().find(|known| known.lease == lease);
        known.map_or(Value::NOTHING, |known| Value {
            principal: Money::from_minor(known.spent - known.bonus),
            bonus: Money::from_minor(known.bonus),
        })
    }

    /// Whether a lease went back to HQ from here.
    pub fn is_returned(&self, lease: &str) -> bool {
        self.leases_spent.iter().any(|known| known.lease == lease && known.spent >= AMOUNT_MAX)
    }

    /// Whether a coupon was spent here, and HQ may not know it.
    pub fn has_spent(&self, coupon: &str) -> bool {
        self.coupons_spent.iter().any(|spent| spent == coupon)
    }

    /// The charge of the open basket whose end is not known.
    fn payment_of_basket(&self) -> Option<&Payment> {
        self.payments.iter().find(|payment| payment.belongs == Belongs::Open)
    }

    /// Empties the counter; the payments of the basket belong elsewhere now.
    fn leave_basket(&mut self, belongs: Belongs) -> Basket {
        for payment in self.payments.iter_mut().filter(|payment| payment.belongs == Belongs::Open) {
            payment.belongs = belongs;
        }
        self.tenders.clear();
        self.kiosk.leave_basket();
        std::mem::take(&mut self.basket)
    }

    fn recall(&mut self, number: u32) {
        let Some(place) = self.parked.iter().position(|parked| parked.number == number) else { return };
        let parked = self.parked.remove(place);
        self.basket = parked.basket;
        self.tenders = parked.tenders;
        for payment in &mut self.payments {
            if payment.belongs == Belongs::Parked(number) {
                payment.belongs = Belongs::Open;
            }
        }
        // What is paid in part goes on at the payment.
        if let (false, Desk::Selling(staff)) = (self.tenders.is_empty(), &self.desk) {
            self.desk = Desk::Paying(staff.clone());
        }
    }

    fn end_payment(&mut self, number: u64, outcome: Outcome, reference: &str, card: Option<CardEnd>) {
        let Some(place) = self.payments.iter().position(|payment| payment.number == number) else { return };
        match outcome {
            Outcome::InDoubt => self.payments[place].doubt(),
            Outcome::Declined | Outcome::Closed | Outcome::Reversed => {
                let payment = self.payments.remove(place);
                if payment.purpose == Purpose::Charge && payment.belongs == Belongs::Open {
                    self.kiosk.fail_payment();
                }
            }
            Outcome::Paid | Outcome::PaidAfterAll => {
                let payment = self.payments.remove(place);
                if payment.purpose == Purpose::Charge && payment.belongs == Belongs::Open {
                    self.tenders.push(Tender::Wallet {
                        wallet: payment.wallet,
                        payment: number,
                        reference: reference.to_owned(),
                        amount: payment.amount,
                        card,
                    });
                }
            }
        }
    }

    /// Takes over what the last shift left. A till that lived through it keeps
    /// the stages of its payments.
    fn carry_on(&mut self, carried: &Carried) {
        self.totals = carried.totals;
        self.parked.clone_from(&carried.parked);
        self.parked_count = carried.parked_count;
        self.payment_count = carried.payment_count;
        self.coupons_spent = carried.coupons_spent.iter().cloned().collect();
        self.leases_spent.clone_from(&carried.leases_spent);
        self.quota_counts.clone_from(&carried.quota_counts);
        self.used_codes.clone_from(&carried.used_codes);
        self.orders.clone_from(&carried.orders);
        self.transfers.clone_from(&carried.transfers);
        let numbers =
            |payments: &[Payment]| payments.iter().map(|payment| payment.number).collect::<Vec<_>>();
        if numbers(&self.payments) != numbers(&carried.payments) {
            self.payments.clone_from(&carried.payments);
        }
    }

    fn forget_refusals(&mut self, staff: &str) {
        self.pin_refusals.retain(|(id, _)| id != staff);
    }

    /// The oldest paper that waits, where too many do.
    fn paper_too_many(&self) -> Option<u64> {
        let mut waiting = self
            .papers
            .iter()
            .filter(|(_, paper)| matches!(paper, Paper::Waiting { .. }))
            .map(|(document, _)| *document);
        let oldest = waiting.next()?;
        (waiting.count() >= PAPERS_WAITING_MAX).then_some(oldest)
    }

    fn remember_refusal(&mut self, staff: &str, at_ms: i64) {
        let before = self.pin_refusals.iter().position(|(id, _)| id == staff);
        let count = before.and_then(|index| self.pin_refusals.remove(index)).map_or(0, |(_, old)| old.count);
        if self.pin_refusals.len() == PIN_REFUSALS_MAX {
            self.pin_refusals.pop_front();
        }
        self.pin_refusals.push_back((staff.to_owned(), PinRefusals { count: count + 1, last_ms: at_ms }));
    }
}

#[cfg(test)]
mod tests;
