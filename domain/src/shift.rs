//! What a shift has taken, what the drawer should hold, and what goes on into
//! the next one.

use chrono::NaiveDate;

use crate::basket::Basket;
use crate::member::LeaseSpent;
use crate::money::Money;
use crate::order::desk::OrdersHere;
use crate::payment::Payment;
use crate::phone::UsedCodes;
use crate::quota::QuotaCounts;
use crate::sale::Sale;
use crate::stock::TransfersHere;
use crate::tender::{Tender, TenderKind};

/// The most denominations of one count.
pub const DENOMINATIONS_MAX: usize = 32;

/// The most parked baskets of one lane.
pub const PARKED_MAX: usize = 16;

/// The most lines in all parked baskets together: they stand in one record
/// when a shift opens, as those of a full basket do.
pub const PARKED_LINES_MAX: usize = crate::basket::LINES_MAX;

/// Cash that moves without a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CashMove {
    /// Into the drawer.
    PayIn,
    /// Out of the drawer.
    PayOut,
    /// Out of the drawer into the safe.
    Drop,
}

/// How many notes or coins of one value were counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denomination {
    /// What one is worth.
    pub value: Money,
    /// How many.
    pub count: u32,
}

/// What counted notes and coins come to; `None` where no document may carry it.
pub fn counted(denominations: &[Denomination]) -> Option<Money> {
    denominations.iter().try_fold(Money::ZERO, |sum, one| {
        if !one.value.is_positive() || !one.value.is_amount() {
            return None;
        }
        let minor = one.value.minor().checked_mul(i64::from(one.count))?;
        sum.checked_add(Money::from_minor(minor))
    })
}

/// How often something happened, and what it came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// How often.
    pub count: u32,
    /// What it came to.
    pub amount: Money,
}

impl Tally {
    pub(crate) fn add(&mut self, amount: Money) {
        self.count = self.count.saturating_add(1);
        self.amount += amount;
    }
}

/// What one shift has taken so far.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Takings {
    /// Cash put into the drawer when it opened.
    pub float: Money,
    /// Documents, sales and returns alike.
    pub documents: u32,
    /// Goods sold, tax on top included.
    pub sold: Money,
    /// Goods taken back.
    pub returned: Tally,
    /// What cash rounding came to.
    pub rounding: Money,
    /// By kind of tender, less change and what was paid back.
    pub tenders: Vec<(TenderKind, Money)>,
    /// Notes of other currencies in the drawer, in their minor units.
    pub foreign: Vec<(String, Money)>,
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
    /// What people took off by hand.
    pub discounts: Money,
    /// How often the drawer was opened without a sale.
    pub drawer_opened: u32,
    /// What members paid into their accounts: in the tenders, and no revenue.
    pub topped_up: Tally,
}

impl Takings {
    /// Adds a document.
    pub(crate) fn add_sale(&mut self, sale: &Sale) {
        self.documents = self.documents.saturating_add(1);
        let returned = sale.returned();
        let topped_up = sale.topped_up();
        self.sold += sale.total + returned - topped_up;
        if topped_up != Money::ZERO {
            self.topped_up.add(topped_up);
        }
        if !sale.returns.is_empty() {
            self.returned.add(returned);
        }
        self.rounding += sale.rounding;
        self.discounts += sale.lines.iter().map(crate::basket::Line::discounted).sum();
        for tender in &sale.tenders {
            self.add_tender(tender.kind(), tender.amount());
            if let Tender::ForeignCash { currency, amount, .. } = tender {
                match self.foreign.iter_mut().find(|(known, _)| known == currency) {
                    Some((_, sum)) => *sum += *amount,
                    None => self.foreign.push((currency.clone(), *amount)),
                }
            }
        }
        if sale.change != Money::ZERO {
            self.add_tender(TenderKind::Cash, -sale.change);
        }
    }

    fn add_tender(&mut self, kind: TenderKind, amount: Money) {
        match self.tenders.iter_mut().find(|(known, _)| *known == kind) {
            Some((_, sum)) => *sum += amount,
            None => self.tenders.push((kind, amount)),
        }
        self.tenders.sort_by_key(|(kind, _)| *kind);
    }

    pub(crate) fn move_cash(&mut self, kind: CashMove, amount: Money) {
        match kind {
            CashMove::PayIn => self.paid_in.add(amount),
            CashMove::PayOut => self.paid_out.add(amount),
            CashMove::Drop => self.dropped.add(amount),
        }
    }

    /// The notes and coins of the currency that the drawer should hold: the
    /// float and all that moved since.
    pub fn expected_cash(&self) -> Money {
        let tendered = self.tenders.iter().filter(|(kind, _)| *kind == TenderKind::Cash);
        self.float + tendered.map(|(_, sum)| *sum).sum() + self.paid_in.amount
            - self.paid_out.amount
            - self.dropped.amount
    }
}

/// Sums that run on over all shifts of a journal and are never reset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GrandTotals {
    /// Documents.
    pub documents: u64,
    /// Goods sold.
    pub sold: Money,
    /// Goods taken back.
    pub returned: Money,
}

impl GrandTotals {
    pub(crate) fn add_sale(&mut self, sale: &Sale) {
        self.documents = self.documents.saturating_add(1);
        self.sold += sale.total + sale.returned() - sale.topped_up();
        self.returned += sale.returned();
    }

    /// What was sold less what came back.
    pub fn net(self) -> Money {
        self.sold - self.returned
    }
}

/// A report on a shift: in mid-shift (X), or as it is closed (Z).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShiftReport {
    /// The shift's number on its lane.
    pub number: u32,
    /// The day its sales belong to.
    pub business_date: NaiveDate,
    /// What it has taken.
    pub takings: Takings,
    /// What was counted in the drawer, where somebody counted.
    pub counted: Option<Money>,
    /// The running sums, this shift included.
    pub totals: GrandTotals,
    /// The parked baskets that go on into the next shift.
    pub parked: Vec<u32>,
    /// The payments that nobody knows the end of.
    pub in_doubt: Vec<u64>,
}

impl ShiftReport {
    /// Counted cash less expected cash.
    pub fn variance(&self) -> Option<Money> {
        Some(self.counted? - self.takings.expected_cash())
    }
}

/// What a parked basket is known by in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParkedId {
    /// The lane that parked it.
    pub lane: u32,
    /// The epoch of that lane's journal then.
    pub epoch: u32,
    /// Its number on that lane.
    pub number: u32,
}

/// A basket that was put aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Its number on this lane.
    pub number: u32,
    /// By whom.
    pub staff: String,
    /// When, the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// What the cashier noted.
    pub note: String,
    /// What is in it.
    pub basket: Basket,
    /// What was paid of it already and stays paid: by code or card, never cash.
    pub tenders: Vec<Tender>,
}

/// What goes on from one shift into the next: a start after a stop reads no
/// further back than two of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// The running sums.
    pub totals: GrandTotals,
    /// The parked baskets.
    pub parked: Vec<Parked>,
    /// How many baskets were ever parked.
    pub parked_count: u32,
    /// The payments whose end is not known.
    pub payments: Vec<Payment>,
    /// How many payments were ever begun.
    pub payment_count: u64,
    /// The numbers of coupons that were spent here and that HQ may not know of.
    pub coupons_spent: Vec<String>,
    /// What was spent of points that are lent to the lane, by lease.
    pub leases_spent: Vec<LeaseSpent>,
    /// What was given here of promotions with quotas.
    pub quota_counts: QuotaCounts,
    /// The codes of phones that were used here.
    pub used_codes: UsedCodes,
    /// What was done here with orders of channels.
    pub orders: OrdersHere,
    /// The transfers whose goods left here or came here.
    pub transfers: TransfersHere,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_is_the_sum_of_its_notes_and_refuses_nonsense() {
        let note = |value, count| Denomination { value: Money::from_minor(value), count };
        assert_eq!(counted(&[note(10_000, 3), note(50, 4)]), Some(Money::from_minor(30_200)));
        assert_eq!(counted(&[]), Some(Money::ZERO));
        assert_eq!(counted(&[note(0, 4)]), None);
        assert_eq!(counted(&[note(-100, 4)]), None);
        assert_eq!(counted(&[note(i64::MAX, u32::MAX)]), None);
    }

    #[test]
    fn the_drawer_should_hold_the_float_and_all_that_moved() {
        let mut takings = Takings { float: Money::from_minor(20_000), ..Takings::default() };
        takings.add_tender(TenderKind::Cash, Money::from_minor(5_000));
        takings.add_tender(TenderKind::Voucher, Money::from_minor(900));
        takings.move_cash(CashMove::PayIn, Money::from_minor(300));
        takings.move_cash(CashMove::PayOut, Money::from_minor(20));
        takings.move_cash(CashMove::Drop, Money::from_minor(4_000));
        assert_eq!(takings.expected_cash(), Money::from_minor(21_280));
    }
}
