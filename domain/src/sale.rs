//! A paid basket, its tax and its sums.

use crate::basket::{Basket, Line};
use crate::money::{Currency, Money, TaxRate};
use crate::record::Staff;

/// One means of payment put against a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tender {
    /// Notes and coins, as handed over.
    Cash(Money),
}

impl Tender {
    /// What was handed over.
    pub fn amount(&self) -> Money {
        match self {
            Self::Cash(amount) => *amount,
        }
    }
}

/// VAT of one rate within a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxSummary {
    /// The rate.
    pub rate: TaxRate,
    /// Sum of nets at this rate, tax included.
    pub net: Money,
    /// Sum of the taxes that the nets contain, each line, and each part of a
    /// kit, rounded half up.
    pub tax: Money,
}

/// A paid basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sale {
    /// ISO 4217 code of every amount in it.
    pub currency: String,
    /// The version of the catalogue it was priced with.
    pub reference_version: u64,
    /// Who sold.
    pub staff: Staff,
    /// What was paid for.
    pub lines: Vec<Line>,
    /// Sum of line nets.
    pub total: Money,
    /// What cash rounding took off: never above nothing.
    pub rounding: Money,
    /// `total + rounding`.
    pub payable: Money,
    /// What was put against it.
    pub tenders: Vec<Tender>,
    /// Cash given back.
    pub change: Money,
    /// VAT by rate, highest rate first.
    pub taxes: Vec<TaxSummary>,
}

/// What a basket comes to when it is paid in cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CashDue {
    /// What rounding down takes off: never above nothing.
    pub rounding: Money,
    /// What is to be paid.
    pub payable: Money,
}

/// Rounds a total down to a multiple of `step` for cash (抹零). Never up:
/// charging a customer more than the tag is an offence (价格法 art. 13).
pub fn cash_due(total: Money, step: Money) -> CashDue {
    let payable = total.floor_to(step);
    CashDue { rounding: payable - total, payable }
}

/// Amounts that a customer is likely to hand over: the exact one, then the
/// next ten, fifty and hundred major units; each once, smallest first.
pub fn likely_cash(payable: Money, currency: &Currency) -> Vec<Money> {
    let major = currency.minor_per_major();
    let mut amounts = vec![payable];
    for notes in [10, 50, 100] {
        let amount = payable.ceil_to(Money::from_minor(notes * major));
        if !amounts.contains(&amount) {
            amounts.push(amount);
        }
    }
    amounts
}

impl Sale {
    /// A basket paid in cash; `cash` is at least what is due.
    pub(crate) fn paid_in_cash(
        basket: &Basket,
        cash: Money,
        due: CashDue,
        staff: Staff,
        currency: String,
        reference_version: u64,
    ) -> Self {
        let sale = Self {
            currency,
            reference_version,
            staff,
            lines: basket.lines().to_vec(),
            total: basket.total(),
            rounding: due.rounding,
            payable: due.payable,
            tenders: vec![Tender::Cash(cash)],
            change: cash - due.payable,
            taxes: tax_summaries(basket.lines()),
        };
        assert!(sale.adds_up(), "a sale that was just made adds up");
        sale
    }

    /// Whether sum of line nets + rounding = payable = tenders - change.
    pub fn adds_up(&self) -> bool {
        // A sale may come from outside: sums that cannot be held do not add up.
        let sum = |amounts: &[Money]| Money::checked_sum(amounts.iter().copied());
        let nets = Money::checked_sum(self.lines.iter().map(Line::net));
        let tendered = Money::checked_sum(self.tenders.iter().map(Tender::amount));
        nets == Some(self.total)
            && sum(&[self.total, self.rounding]) == Some(self.payable)
            && tendered.is_some()
            && tendered == sum(&[self.payable, self.change])
            && self.rounding <= Money::ZERO
            && self.change >= Money::ZERO
    }
}

fn tax_summaries(lines: &[Line]) -> Vec<TaxSummary> {
    let mut taxes: Vec<TaxSummary> = Vec::new();
    for (rate, net) in lines.iter().flat_map(Line::taxed_shares) {
        let tax = net.tax_contained(rate);
        match taxes.iter_mut().find(|summary| summary.rate == rate) {
            Some(summary) => {
                summary.net += net;
                summary.tax += tax;
            }
            None => taxes.push(TaxSummary { rate, net, tax }),
        }
    }
    taxes.sort_by_key(|summary| std::cmp::Reverse(summary.rate));
    taxes
}
