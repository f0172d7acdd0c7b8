//! What is left of a past sale, and what giving some of it back comes to.
//!
//! Every refund is the difference of two sums, so that however a sale is
//! given back, piece by piece or at once, no unit is lost and never more is
//! paid out than was paid.

use std::sync::Arc;

use crate::basket::Line;
use crate::bearer::Borne;
use crate::catalogue::Item;
use crate::gift::{self, FreeGoods, KeptGift, Withheld};
use crate::member::{PastPoints, PointsBack};
use crate::money::{Money, Quantity};
use crate::quota::{self, QuotaUse};
use crate::sale::{self, Sale};
use crate::seller::Seller;
use crate::stock::{self, StockLine};
use crate::tax::{TaxMode, TaxRules, Taxable};
use crate::tender::Tender;

/// Where a sale stands: enough to find it from any lane.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Goods that a document takes back, and what is given for them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnedLine {
    /// The sale it reverses; `None` for a blind return.
    pub origin: Option<Origin>,
    /// The number of the line it reverses; of a blind return, its own number.
    pub line: u32,
    /// What comes back.
    pub item: Arc<Item>,
    /// What was scanned or chosen when it was sold.
    pub code: String,
    /// How much comes back.
    pub quantity: Quantity,
    /// What of the stock comes back, in base units, where that is not `quantity` of `item`: the pieces of a pack, the
    /// parts of a kit.
    pub stock: Vec<StockLine>,
    /// How much of the line came back before, thousandths; 0 of a blind return.
    pub before: i64,
    /// What it counts for, as the tag said it.
    pub amount: Money,
    /// The tax in or on top of that.
    pub tax: Money,
    /// Why it comes back.
    pub reason: String,
    /// Who was credited for it.
    pub seller: Option<Arc<Seller>>,
}

impl ReturnedLine {
    /// What is given for it, tax included.
    pub fn value(&self, mode: TaxMode) -> Money {
        match mode {
            TaxMode::Inclusive => self.amount,
            TaxMode::Exclusive => self.amount + self.tax,
        }
    }
}

/// A line of a past sale, and what of it came back already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastLine {
    /// As it was sold, and by whom.
    pub line: Line,
    /// Its tax.
    pub tax: Money,
    /// How much came back, thousandths.
    pub returned: i64,
    /// What is kept back for it, where it was a gift that is kept.
    pub kept: Withheld,
}

/// A past sale as it can be given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastSale {
    /// Where it stands.
    pub origin: Origin,
    /// ISO 4217 code of its amounts.
    pub currency: String,
    /// Its lines.
    pub lines: Vec<PastLine>,
    /// What was paid for the lines and not given back.
    pub left: Money,
    /// The tenders that it was paid with, less what went back to them.
    pub tenders: Vec<Tender>,
    /// Its points, less what came back of them; `None` where a walk-in bought.
    pub points: Option<PastPoints>,
    /// Goods of it that were free for others.
    pub gifts: Vec<FreeGoods>,
    /// What it used of promotions with quotas, when it was sold.
    pub uses: Vec<QuotaUse>,
    /// What promotions took off it of which it is said who bears them, when it was sold.
    pub borne: Vec<Borne>,
    /// The numbers of the coupons that were spent on it.
    pub coupons: Vec<String>,
}

/// Why something is not taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReturnError {
    /// The sale has no such line.
    #[error("take back a line: the sale has none with this number")]
    NoLine,
    /// Not so much was sold, or some of it came back already.
    #[error("take back more than the {0} thousandths that are left")]
    TooMuch(i64),
}

impl PastSale {
    /// A sale less what later documents took back of it, however many.
    pub fn new(origin: Origin, sale: &Sale, later: &[Sale], rules: TaxRules) -> Self {
        let by_line: Vec<Vec<Taxable>> = sale.lines.iter().map(Line::taxables).collect();
        let mut shares = rules.shares(&by_line.concat()).into_iter();
        // A kit has a share for each of its parts.
        let taxes = by_line.iter().map(|parts| shares.by_ref().take(parts.len()).sum::<Money>());
        let taxes: Vec<Money> = taxes.collect();
        let mut past = Self {
            currency: sale.currency.clone(),
            lines: sale
                .lines
                .iter()
                .zip(taxes)
                .map(|(line, tax)| {
                    let seller = sale.seller_of(line).cloned();
                    PastLine {
                        line: Line { seller, ..line.clone() },
                        tax,
                        returned: 0,
                        kept: Withheld::default(),
                    }
                })
                .collect(),
            left: sale.paid_for_lines(rules.mode),
            tenders: sale.tenders.iter().filter(|tender| tender.amount().is_positive()).cloned().collect(),
            points: sale.buyer.as_ref().and_then(|buyer| {
                let moved = buyer.points.as_ref()?;
                Some(PastPoints {
                    member: buyer.member.clone(),
                    rule: moved.rule,
                    earning_left: sale::earning(&sale.lines),
                    spent: moved.spent,
                    value: moved.value,
                    value_back: Money::ZERO,
                })
            }),
            gifts: sale.gifts.clone(),
            uses: sale.uses.clone(),
            borne: sale.borne.clone(),
            coupons: sale.coupons.iter().map(|spent| spent.code.clone()).collect(),
            origin,
        };
        past.take_from_tenders(sale.change, Tender::is_cash);
        for document in later {
            past.take_back(document, rules.mode);
        }
        // What was given for other goods did not come out of any tender: it is
        // taken from the cash first, so that no card turns into cash.
        let tendered: Money = past.tenders.iter().map(Tender::amount).sum();
        let excess = (tendered - past.left).max(Money::ZERO);
        let rest = past.take_from_tenders(excess, Tender::is_cash);
        past.take_from_tenders(rest, |_| true);
        past
    }

    /// What is left of a sale after later documents, for a list of sales: whether its prices hold their tax is read off
    /// the sale, so nothing of its store need be known.
    pub fn left_of(origin: Origin, sale: &Sale, later: &[Sale]) -> Money {
        let on_top = sale.tax_added != Money::ZERO;
        let mode = if on_top { TaxMode::Exclusive } else { TaxMode::Inclusive };
        Self::new(origin, sale, later, TaxRules { mode, ..TaxRules::default() }).left
    }

    /// Whether its numbers are such as a document may carry: it may come from
    /// another lane's journal.
    pub fn is_within_bounds(&self) -> bool {
        let tenders = &self.tenders;
        let tendered = Money::checked_sum(tenders.iter().map(Tender::amount));
        self.left.is_amount()
            && tendered.is_some_and(Money::is_amount)
            && tenders.iter().all(|tender| tender.amount().is_amount())
            && self.lines.len() <= crate::basket::LINES_MAX
            && Money::checked_sum(self.lines.iter().map(|past| past.line.net())).is_some_and(Money::is_amount)
            && self.points.as_ref().is_none_or(|points| {
                let amounts = [points.earning_left, points.value, points.value_back];
                amounts.into_iter().all(Money::is_amount)
                    && points.value_back <= points.value
                    && Money::from_minor(points.spent).is_amount()
            })
            && self.lines.iter().all(|past| {
                past.line.is_within_bounds()
                    && past.tax.is_amount()
                    && (0..=past.line.quantity.thousandths()).contains(&past.returned)
                    && past.kept.amount.is_amount()
                    && past.kept.tax.is_amount()
                    && (0..=past.line.quantity.thousandths()).contains(&past.kept.thousandths)
            })
            && self.holds_gifts()
    }

    fn holds_gifts(&self) -> bool {
        let lines: Vec<Line> = self.lines.iter().map(|past| past.line.clone()).collect();
        gift::fits(&self.gifts, &lines)
    }

    fn take_back(&mut self, document: &Sale, mode: TaxMode) {
        let of_this = |back: &&ReturnedLine| back.origin.as_ref() == Some(&self.origin);
        let back: Vec<ReturnedLine> = document.returns.iter().filter(of_this).cloned().collect();
        if back.is_empty() {
            return;
        }
        let (earning, off) = self.points_of(&back);
        if let Some(points) = &mut self.points {
            points.take_back(earning, off);
        }
        for returned in &back {
            if let Some(line) = self.lines.iter_mut().find(|line| line.line.number == returned.line) {
                line.returned += returned.quantity.thousandths();
            }
        }
        let kept = document.kept.iter().filter(|kept| kept.origin == self.origin);
        let mut value: Money = back.iter().map(|returned| returned.value(mode)).sum();
        for kept in kept {
            value = value - kept.value(mode);
            if let Some(line) = self.lines.iter_mut().find(|line| line.line.number == kept.line) {
                line.kept.thousandths += kept.thousandths;
                line.kept.amount += kept.amount;
                line.kept.tax += kept.tax;
            }
        }
        self.left = (self.left - (value - document.rounding_returned)).max(Money::ZERO);
        for tender in document.tenders.iter().filter(|tender| !tender.amount().is_positive()) {
            let kind = tender.kind();
            let cash = tender.is_cash();
            self.take_from_tenders(
                -tender.amount(),
                |paid| {
                    if cash { paid.is_cash() } else { paid.kind() == kind }
                },
            );
        }
    }

    /// Takes an amount from some of the tenders, the last first; gives what
    /// they did not hold.
    fn take_from_tenders(&mut self, amount: Money, of: impl Fn(&Tender) -> bool) -> Money {
        let mut rest = amount;
        for tender in self.tenders.iter_mut().rev().filter(|tender| of(tender)) {
            let part = rest.min(tender.amount());
            *tender = tender.with_amount(tender.amount() - part);
            rest = rest - part;
        }
        self.tenders.retain(|tender| tender.amount().is_positive());
        rest
    }

    /// Whether more of it came back by now than when `before` was told of it: what was begun with that does not hold.
    pub fn has_less_left_than(&self, before: &Self) -> bool {
        let returned = |of: &Self, line: u32| {
            of.lines.iter().find(|past| past.line.number == line).map_or(0, |past| past.returned)
        };
        self.lines.iter().any(|past| past.returned > returned(before, past.line.number))
    }

    /// How many thousandths of a line can still come back, after what a
    /// document that is being made takes back.
    pub fn quantity_left(&self, line: u32, taken: &[ReturnedLine]) -> i64 {
        let Some(past) = self.lines.iter().find(|past| past.line.number == line) else { return 0 };
        past.line.quantity.thousandths() - past.returned - taken_of(line, taken)
    }

    /// The points that what comes back undoes.
    pub fn points_back(&self, back: &[ReturnedLine]) -> Option<PointsBack> {
        let (earning, value) = self.points_of(back);
        self.points.as_ref().map(|points| points.undone(earning, value))
    }

    /// The net that earned points, and what points took off, of what comes
    /// back beyond what came back before.
    fn points_of(&self, back: &[ReturnedLine]) -> (Money, Money) {
        let (mut earning, mut value) = (Money::ZERO, Money::ZERO);
        for past in &self.lines {
            let number = past.line.number;
            let own = back.iter().filter(|back| back.line == number);
            if past.line.item.earns_points() {
                earning += own.map(|back| back.amount).sum();
            }
            let (whole, now) = (past.line.quantity.thousandths(), taken_of(number, back));
            value += past.line.points_off.share(past.returned, now, whole).unwrap_or(Money::ZERO);
        }
        (earning, value)
    }

    /// The gifts that are kept, or are no more, when this comes back: what is
    /// kept back for them now, beyond what is already. What is given for the
    /// goods that earned them never falls below nothing.
    pub fn kept_gifts(&self, taken: &[ReturnedLine], rules: TaxRules) -> Vec<KeptGift> {
        if self.gifts.is_empty() {
            return Vec::new();
        }
        let sold: Vec<Line> = self.lines.iter().map(|past| past.line.clone()).collect();
        let owed = gift::owed(&self.gifts, &sold, |number| self.quantity_left(number, taken));
        let earns = |number: u32| gift::could_earn(&self.gifts, &sold, number);
        let mut refund: Money = taken.iter().filter(|back| earns(back.line)).map(|back| back.amount).sum();
        let mut kept = Vec::new();
        for past in &self.lines {
            let number = past.line.number;
            let owed = owed.get(&number).copied().unwrap_or_default();
            let amount = gift::kept_back(owed.amount, past.kept.amount, refund);
            let thousandths = owed.units.saturating_mul(1_000) - past.kept.thousandths;
            if thousandths == 0 && amount == Money::ZERO {
                continue;
            }
            refund = refund - amount.max(Money::ZERO);
            let net = past.kept.amount + amount;
            let tax = rules.tax(Taxable { rate: past.line.item.tax_rate, net }) - past.kept.tax;
            let (origin, item) = (self.origin.clone(), past.line.item.clone());
            kept.push(KeptGift { origin, line: number, item, thousandths, amount, tax });
        }
        kept
    }

    /// What comes back of promotions with quotas with this, beyond what came
    /// back before: pieces that are kept are those that had the promotion, and
    /// a ticket's is used until nothing of it is left.
    pub fn uses_back(&self, taken: &[ReturnedLine]) -> Vec<QuotaUse> {
        let held = |used: &QuotaUse, taken: &[ReturnedLine]| match used.line {
            0 if self.is_all_back(taken) => 0,
            0 => used.units,
            line => quota::held(used.units, self.quantity_left(line, taken)),
        };
        let back = |used: &QuotaUse| {
            let units = held(used, &[]).saturating_sub(held(used, taken));
            let off = self.off_back(used.off, used.line, taken);
            (units > 0 || off != Money::ZERO).then(|| QuotaUse { units, off, ..used.clone() })
        };
        self.uses.iter().filter_map(back).collect()
    }

    /// What comes back of what promotions took off, of which it is said who bears it.
    pub fn borne_back(&self, taken: &[ReturnedLine]) -> Vec<Borne> {
        let back = |borne: &Borne| {
            let off = self.off_back(borne.off, borne.line, taken);
            (off != Money::ZERO).then(|| Borne { off, ..borne.clone() })
        };
        self.borne.iter().filter_map(back).collect()
    }

    /// What comes back with this of what was taken off a line, beyond what came
    /// back before: as the line's net is given back, to the minor unit.
    fn off_back(&self, off: Money, line: u32, taken: &[ReturnedLine]) -> Money {
        let Some(past) = self.lines.iter().find(|past| past.line.number == line) else { return Money::ZERO };
        let sold = past.line.quantity.thousandths();
        let back = |taken: &[ReturnedLine]| {
            let returned = sold.saturating_sub(self.quantity_left(line, taken));
            off.cumulative(returned, sold).unwrap_or_default()
        };
        back(taken) - back(&[])
    }

    /// The numbers of its coupons, where nothing of it is left with this and
    /// something was before.
    pub fn coupons_back(&self, taken: &[ReturnedLine]) -> Vec<String> {
        let ends = self.is_all_back(taken) && !self.is_all_back(&[]);
        if ends { self.coupons.clone() } else { Vec::new() }
    }

    /// Whether nothing is left when this comes back too.
    pub fn is_all_back(&self, taken: &[ReturnedLine]) -> bool {
        self.lines.iter().all(|past| self.quantity_left(past.line.number, taken) == 0)
    }

    /// What so much of a line is given back for, after what came back already
    /// and what the document that is being made takes back.
    pub fn give_back(
        &self,
        line: u32,
        quantity: Quantity,
        taken: &[ReturnedLine],
        reason: String,
    ) -> Result<ReturnedLine, ReturnError> {
        let past = self.lines.iter().find(|past| past.line.number == line).ok_or(ReturnError::NoLine)?;
        let left = self.quantity_left(line, taken);
        let whole = past.line.quantity.thousandths();
        let before = whole - left;
        let too_much = ReturnError::TooMuch(left);
        if quantity.thousandths() > left {
            return Err(too_much);
        }
        let share = |amount: Money| amount.share(before, quantity.thousandths(), whole).ok_or(too_much);
        Ok(ReturnedLine {
            origin: Some(self.origin.clone()),
            line,
            item: past.line.item.clone(),
            code: past.line.code.clone(),
            quantity,
            stock: stock::beside(&past.line.item, past.line.unit.as_ref(), quantity),
            before,
            amount: share(past.line.net())?,
            tax: share(past.tax)?,
            reason,
            seller: past.line.seller.clone(),
        })
    }
}

fn taken_of(line: u32, taken: &[ReturnedLine]) -> i64 {
    taken.iter().filter(|back| back.line == line).map(|back| back.quantity.thousandths()).sum()
}

/// Which tenders money goes back to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RefundOrder {
    /// To wallets and vouchers first, what they do not hold in cash.
    #[default]
    CashLast,
    /// To all in proportion to what was paid with each.
    Proportional,
}

/// Spreads a payout over the tenders that the sale was paid with; gives
/// tenders with amounts below nothing, all cash in one and last. No tender but
/// cash gets back more than it holds.
pub fn allocate(payout: Money, paid: &[Tender], order: RefundOrder) -> Vec<Tender> {
    let others: Vec<&Tender> = paid.iter().filter(|tender| !tender.is_cash()).collect();
    let weights: Vec<i64> = paid.iter().map(|tender| tender.amount().minor()).collect();
    let mut rest = payout;
    let mut back = Vec::new();
    let wanted: Vec<Money> = match order {
        RefundOrder::CashLast => vec![payout; others.len()],
        RefundOrder::Proportional => {
            let shares = payout.prorate(&weights).unwrap_or_else(|| vec![Money::ZERO; paid.len()]);
            paid.iter().zip(shares).filter(|(tender, _)| !tender.is_cash()).map(|(_, share)| share).collect()
        }
    };
    for (tender, wanted) in others.into_iter().zip(wanted) {
        let part = wanted.min(tender.amount()).min(rest);
        if part.is_positive() {
            back.push(tender.with_amount(-part));
            rest = rest - part;
        }
    }
    if rest.is_positive() {
        back.push(Tender::Cash(-rest));
    }
    back
}

/// Points to take back when what a member paid falls from `before` to `after`:
/// those held before less those held after, each rounded down.
pub fn points_reversed(before: Money, after: Money, per_point: Money) -> i64 {
    before.whole_times(per_point) - after.whole_times(per_point)
}

/// Commission to take back when its base falls from `before` to `after`, at a
/// rate in basis points: the difference of two, each rounded half up.
pub fn commission_reversed(before: Money, after: Money, rate: u32) -> Money {
    before.basis_points(rate) - after.basis_points(rate)
}

/// A refund less the regular price of a gift that the customer keeps, though
/// the goods that earned it come back. Never below nothing.
pub fn less_kept_gift(refund: Money, gift: Money) -> Money {
    (refund - gift).max(Money::ZERO)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tender::Wallet;
    use proptest::prelude::*;

    fn money(minor: i64) -> Money {
        Money::from_minor(minor)
    }

    #[test]
    fn points_and_commission_come_back_as_differences_of_two_sums() {
        // 89.20 earned 89; 44.34 and 44.86 come back.
        assert_eq!(points_reversed(money(8_920), money(4_486), money(100)), 45);
        assert_eq!(points_reversed(money(4_486), money(0), money(100)), 44);
        assert_eq!(points_reversed(money(4_486), money(0), money(0)), 0);
        assert_eq!(commission_reversed(money(8_920), money(4_486), 333), money(148)); // 297 - 149
        assert_eq!(commission_reversed(money(4_486), money(0), 333), money(149));
    }

    #[test]
    fn a_kept_gift_is_deducted_at_its_regular_price() {
        assert_eq!(less_kept_gift(money(1_500), money(800)), money(700));
        assert_eq!(less_kept_gift(money(500), money(800)), money(0));
    }

    fn wechat(minor: i64) -> Tender {
        Tender::Wallet {
            wallet: Wallet::WeChat,
            payment: 1,
            reference: "w".into(),
            amount: money(minor),
            card: None,
        }
    }

    #[test]
    fn money_goes_back_where_it_came_from() {
        let paid = [wechat(1_000), Tender::Cash(money(500))];
        let back = |minor, order| allocate(money(minor), &paid, order);
        assert_eq!(back(700, RefundOrder::CashLast), [wechat(-700)]);
        assert_eq!(back(1_200, RefundOrder::CashLast), [wechat(-1_000), Tender::Cash(money(-200))]);
        assert_eq!(back(300, RefundOrder::Proportional), [wechat(-200), Tender::Cash(money(-100))]);
        assert_eq!(back(0, RefundOrder::CashLast), []);
        assert_eq!(allocate(money(5), &[], RefundOrder::Proportional), [Tender::Cash(money(-5))]);
    }

    proptest! {
        #[test]
        fn no_tender_gets_back_more_than_it_holds(
            wallets in prop::collection::vec(1i64..10_000, 0..4),
            cash in 0i64..10_000,
            payout in 0i64..60_000,
            proportional in any::<bool>(),
        ) {
            let order = if proportional { RefundOrder::Proportional } else { RefundOrder::CashLast };
            let mut paid: Vec<Tender> = wallets.iter().map(|minor| wechat(*minor)).collect();
            paid.push(Tender::Cash(money(cash)));
            let back = allocate(money(payout), &paid, order);
            prop_assert_eq!(back.iter().map(Tender::amount).sum::<Money>(), money(-payout));
            let to_wallets: Money = back.iter().filter(|tender| !tender.is_cash()).map(Tender::amount).sum();
            prop_assert!(-to_wallets <= money(wallets.iter().sum()));
            if payout <= cash + wallets.iter().sum::<i64>() {
                let in_cash: Money = back.iter().filter(|tender| tender.is_cash()).map(Tender::amount).sum();
                prop_assert!(-in_cash <= money(cash) || proportional);
            }
        }
    }
}
