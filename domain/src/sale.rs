//! A paid basket, its tax and its sums.

use std::sync::Arc;

use chrono::NaiveDate;

use crate::basket::{Basket, Line};
use crate::bearer::Borne;
use crate::gift::{self, FreeGoods, KeptGift};
use crate::member::{PointsBack, PointsMoved};
use crate::money::{AMOUNT_MAX, Currency, Money};
use crate::phone::CodeId;
use crate::promotion::ENGINE_VERSION;
use crate::promotion::grant::Given;
use crate::quota::{QuotaOf, QuotaUse};
use crate::record::Staff;
use crate::refund::{RefundOrder, ReturnedLine, allocate};
use crate::seller::Seller;
pub use crate::tax::TaxSummary;
use crate::tax::{self, TaxMode, TaxRules, Taxable};
pub use crate::tender::Tender;
use crate::tender::TenderKind;
use crate::value::TopUp;

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
    /// What came back.
    pub returns: Vec<ReturnedLine>,
    /// Sum of line nets, less what came back, with the tax that prices do not hold.
    pub total: Money,
    /// The tax that comes on top of prices; nothing where they hold it.
    pub tax_added: Money,
    /// What rounding took off. Without returns never above nothing.
    pub rounding: Money,
    /// The part of it that belongs to what came back: the rounding of the past
    /// sale that its last return undoes, and what a payout is rounded by.
    pub rounding_returned: Money,
    /// `total + rounding`; below nothing where money is paid out.
    pub payable: Money,
    /// What was put against it, or paid out.
    pub tenders: Vec<Tender>,
    /// Cash given back.
    pub change: Money,
    /// VAT by rate, highest rate first.
    pub taxes: Vec<TaxSummary>,
    /// Who bought, where that is known.
    pub buyer: Option<SaleBuyer>,
    /// The coupons that were spent on it.
    pub coupons: Vec<SpentCoupon>,
    /// What it was given beside its price.
    pub given: Vec<Given>,
    /// Points that what came back undoes.
    pub points_back: Option<PointsBack>,
    /// Goods of it that were free for others.
    pub gifts: Vec<FreeGoods>,
    /// Gifts that are kept though what earned them came back.
    pub kept: Vec<KeptGift>,
    /// Who is credited for the lines that name nobody else.
    pub seller: Option<Arc<Seller>>,
    /// What the cashier noted; may be empty.
    pub note: String,
    /// What it used of promotions with quotas.
    pub uses: Vec<QuotaUse>,
    /// What came back of them with the goods.
    pub uses_back: Vec<QuotaUse>,
    /// What promotions took off it of which it is said who bears them.
    pub borne: Vec<Borne>,
    /// What of that came back with the goods.
    pub borne_back: Vec<Borne>,
    /// The numbers of the coupons that were spent on the past sale of which
    /// nothing is left now: HQ gives those back that are still good.
    pub coupons_back: Vec<String>,
    /// What more promotions could have taken off at most; nothing where the
    /// price was proved to be the best.
    pub price_gap: Money,
    /// The [`ENGINE_VERSION`](crate::promotion::ENGINE_VERSION) that priced it; 0 where nothing
    /// was priced, or by a program that did not say so.
    pub engine: u32,
    /// The numbers of the phones' baskets that are in it.
    pub phones: Vec<CodeId>,
    /// What it pays into an account; nothing else is in it then.
    pub top_up: Option<TopUp>,
}

/// The member who bought, as the document remembers them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleBuyer {
    /// HQ's id.
    pub member: String,
    /// What may be shown of them.
    pub shown: String,
    /// Their tier then.
    pub tier: String,
    /// Their points.
    pub points: Option<PointsMoved>,
}

/// A coupon that was spent on a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpentCoupon {
    /// Its number.
    pub code: String,
    /// The promotion that it stood for.
    pub promotion: String,
    /// What it took off.
    pub off: Money,
}

/// The net of lines that earns points.
pub fn earning(lines: &[Line]) -> Money {
    lines.iter().filter(|line| line.item.earns_points()).map(Line::net).sum()
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

/// What a basket comes to before it is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sums {
    /// What the goods cost.
    pub sold: Money,
    /// What the goods that come back cost once.
    pub returned: Money,
    /// What was paid for the past sale and not given back; `None` where
    /// nothing, or no past sale, is known.
    pub left: Option<Money>,
}

/// What is due for a basket with the tenders that it has so far, the rest
/// being paid, or paid out, in cash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// What the goods cost, less those that come back.
    pub total: Money,
    /// What rounding takes off.
    pub rounding: Money,
    /// The part of it that belongs to what comes back.
    pub rounding_returned: Money,
    /// `total + rounding`.
    pub payable: Money,
    /// What is still to be paid in cash; nothing where money is paid out.
    pub cash: Money,
    /// What is still to be paid by other means, which nothing is rounded off.
    pub exact: Money,
    /// Change, were no more handed over.
    pub change: Money,
    /// What is paid out, with amounts below nothing.
    pub payout: Vec<Tender>,
}

/// How a store settles: in what steps cash is paid, and what money goes back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settling {
    /// Cash is a multiple of this.
    pub cash_step: Money,
    /// What a payout goes to first.
    pub order: RefundOrder,
}

impl Sums {
    /// What is due. `paid` are the tenders so far; `past` those of the past sale.
    ///
    /// What goods that come back are worth: what they cost, and never more
    /// than is left of what was paid. Every rounding is in the customer's
    /// favour, so what is left is never more than the goods that are left cost,
    /// and the rounding of the sale returns with its last goods.
    pub fn due(&self, paid: &[Tender], past: &[Tender], settling: Settling) -> Due {
        let total = self.sold - self.returned;
        let credit = match self.left {
            Some(left) => self.returned.min(left),
            None => self.returned,
        };
        let base = self.sold - credit;
        if base < Money::ZERO {
            return self.payout(total, credit, past, settling);
        }
        let sum =
            |cash: bool| paid.iter().filter(|tender| tender.is_cash() == cash).map(Tender::amount).sum();
        let (in_cash, other): (Money, Money) = (sum(true), sum(false));
        let part = base - other;
        let payable = other + part.floor_to(settling.cash_step);
        Due {
            total,
            rounding: payable - total,
            rounding_returned: self.returned - credit,
            payable,
            cash: (payable - other - in_cash).max(Money::ZERO),
            exact: (base - other - in_cash).max(Money::ZERO),
            change: (in_cash + other - payable).max(Money::ZERO),
            payout: Vec::new(),
        }
    }

    fn payout(&self, total: Money, credit: Money, past: &[Tender], settling: Settling) -> Due {
        let mut payout = allocate(credit - self.sold, past, settling.order);
        let mut paid_out: Money = -payout.iter().map(Tender::amount).sum::<Money>();
        if let Some(Tender::Cash(cash)) = payout.last_mut() {
            let more = cash.floor_to(settling.cash_step);
            // Goods that are bought too bear the rounding, as in any sale;
            // what only comes back is never worth more than was paid.
            let most = if self.sold == Money::ZERO { self.left } else { None };
            let rounded = paid_out + (*cash - more);
            if most.is_none_or(|most| rounded <= most) {
                paid_out = rounded;
                *cash = more;
            } else if let Some(most) = most {
                *cash = *cash - (most - paid_out);
                paid_out = most;
            }
        }
        let payable = -paid_out;
        let rounding = payable - total;
        let rounding_returned = if self.sold == Money::ZERO { rounding } else { self.returned - credit };
        Due {
            total,
            rounding,
            rounding_returned,
            payable,
            cash: Money::ZERO,
            exact: Money::ZERO,
            change: Money::ZERO,
            payout,
        }
    }
}

/// Who settles a basket, and under which rules.
pub(crate) struct Settled<'a> {
    pub staff: Staff,
    pub currency: &'a str,
    pub reference_version: u64,
    pub rules: TaxRules,
    pub buyer: Option<SaleBuyer>,
    pub given: Vec<Given>,
    /// The business date.
    pub day: NaiveDate,
    pub top_up: Option<TopUp>,
}

impl Sale {
    /// A basket whose tenders cover what is due.
    pub(crate) fn settled(basket: &Basket, tenders: Vec<Tender>, due: &Due, by: Settled<'_>) -> Self {
        let taxables: Vec<Taxable> = basket.lines().iter().flat_map(Line::taxables).collect();
        let taxes = by.rules.shares(&taxables);
        let back = basket
            .returns()
            .iter()
            .map(|back| (Taxable { rate: back.item.tax_rate, net: -back.amount }, -back.tax));
        let kept = basket.kept_gifts(by.rules);
        let kept = kept.iter().map(|kept| (Taxable { rate: kept.item.tax_rate, net: kept.amount }, kept.tax));
        let taxes = tax::summaries(taxables.into_iter().zip(taxes).chain(back).chain(kept));
        let member = basket.member().map_or("", |member| member.id.as_str());
        let of = QuotaOf { member, day: by.day };
        let sale = Self {
            uses: basket.uses().map(|used| used.by(of)).collect(),
            uses_back: basket.uses_back(),
            borne: basket.borne().cloned().collect(),
            borne_back: basket.borne_back(),
            coupons_back: basket.coupons_back(),
            // What is beyond any document is not priced, so all of it is open.
            price_gap: basket.reckoning().gap.min(Money::from_minor(AMOUNT_MAX)),
            engine: if basket.lines().is_empty() { 0 } else { ENGINE_VERSION },
            phones: basket.phones().iter().map(|taken| taken.id).collect(),
            currency: by.currency.to_owned(),
            reference_version: by.reference_version,
            staff: by.staff,
            lines: basket.lines().to_vec(),
            returns: basket.returns().to_vec(),
            total: due.total,
            tax_added: match by.rules.mode {
                TaxMode::Inclusive => Money::ZERO,
                TaxMode::Exclusive => taxes.iter().map(|tax| tax.tax).sum(),
            },
            rounding: due.rounding,
            rounding_returned: due.rounding_returned,
            payable: due.payable,
            change: due.change,
            tenders,
            taxes,
            buyer: by.buyer,
            coupons: basket.spent_coupons(),
            given: by.given,
            points_back: basket.points_back(),
            gifts: basket.gifts(),
            kept: basket.kept_gifts(by.rules),
            seller: basket.seller().cloned(),
            note: basket.note().to_owned(),
            top_up: by.top_up,
        };
        assert!(sale.adds_up(), "a sale that was just made adds up");
        sale
    }

    /// The same sale with the buyer who was named after the payment; one that has a buyer keeps them.
    #[must_use]
    pub fn bought_by(self, named: Option<SaleBuyer>) -> Self {
        Self { buyer: self.buyer.or(named), ..self }
    }

    /// Who is credited for one of its lines.
    pub fn seller_of<'a>(&'a self, line: &'a Line) -> Option<&'a Arc<Seller>> {
        line.seller.as_ref().or(self.seller.as_ref())
    }

    /// What was given for the goods that came back, less what was kept back
    /// for gifts, before rounding.
    pub fn returned(&self) -> Money {
        let mode = if self.tax_added == Money::ZERO { TaxMode::Inclusive } else { TaxMode::Exclusive };
        self.given_back(mode)
    }

    /// What was paid into an account with it: no revenue.
    pub fn topped_up(&self) -> Money {
        self.lines.iter().filter(|line| line.item.is_top_up()).map(Line::net).sum()
    }

    /// Whether what it pays in is what its lines say, and nothing else is in
    /// it: neither goods, nor what came back, nor stored value itself.
    fn tops_up_rightly(&self) -> bool {
        match (&self.top_up, self.lines.as_slice()) {
            (None, lines) => !lines.iter().any(|line| line.item.is_top_up()),
            (Some(top_up), [line]) => {
                line.item.is_top_up()
                    && top_up.value.is_amount()
                    && top_up.value.principal == line.net()
                    && self.returns.is_empty()
                    && self.tenders.iter().all(|tender| tender.kind() != TenderKind::StoredValue)
            }
            (Some(_), _) => false,
        }
    }

    fn given_back(&self, mode: TaxMode) -> Money {
        let back: Money = self.returns.iter().map(|back| back.value(mode)).sum();
        back - self.kept.iter().map(|kept| kept.value(mode)).sum()
    }

    /// What was paid for its lines, with goods that came back or with money.
    pub(crate) fn paid_for_lines(&self, mode: TaxMode) -> Money {
        self.total + self.given_back(mode) + self.rounding - self.rounding_returned
    }

    /// Whether sum of line nets - returns + tax on top = total, total +
    /// rounding = payable = tenders - change, and nobody pays more than that:
    /// rounding only takes off, change comes out of cash, and tenders either
    /// all bring money or all pay it out.
    pub fn adds_up(&self) -> bool {
        // A sale may come from outside: sums that cannot be held do not add up.
        let sum = |amounts: &mut dyn Iterator<Item = Money>| Money::checked_sum(amounts);
        let negated = |amount: Money| amount.minor().checked_neg().map(Money::from_minor);
        let parts: Option<Vec<Money>> = self
            .lines
            .iter()
            .map(|line| Some(line.net()))
            .chain(self.returns.iter().map(|back| negated(back.amount)))
            .chain(self.kept.iter().map(|kept| Some(kept.amount)))
            .chain([Some(self.tax_added)])
            .collect();
        let tendered = sum(&mut self.tenders.iter().map(Tender::amount));
        let in_cash = sum(&mut self.tenders.iter().filter(|tender| tender.is_cash()).map(Tender::amount));
        let taxes = sum(&mut self.taxes.iter().map(|tax| tax.tax));
        let floor =
            negated(self.rounding_returned).and_then(|back| sum(&mut [self.rounding, back].into_iter()));
        let pays_out = self.payable < Money::ZERO;
        parts.and_then(|parts| sum(&mut parts.into_iter())) == Some(self.total)
            && sum(&mut [self.total, self.rounding].into_iter()) == Some(self.payable)
            && tendered.is_some()
            && tendered == sum(&mut [self.payable, self.change].into_iter())
            && (self.tax_added == Money::ZERO || taxes == Some(self.tax_added))
            && floor.is_some_and(|floor| floor <= Money::ZERO)
            && (!self.returns.is_empty() || self.kept.is_empty())
            && gift::fits(&self.gifts, &self.lines)
            && (!self.returns.is_empty() || (self.rounding_returned == Money::ZERO && !pays_out))
            && self.returns.iter().all(|back| back.amount.is_amount() && back.tax.is_amount())
            && self.price_gap.is_amount()
            && self.tops_up_rightly()
            && self.change >= Money::ZERO
            && (self.change == Money::ZERO || in_cash.is_some_and(|cash| self.change <= cash))
            && self.tenders.iter().all(|tender| (tender.amount() < Money::ZERO) == pays_out)
    }
}
