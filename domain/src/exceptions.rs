//! What of a lane's day was out of the usual: voids, returns, prices set by hand, drawers opened without a sale.
//!
//! It is read out of records in their order, so that the lane and HQ say the same of the same day.

use std::collections::BTreeMap;

use crate::basket::{Basket, Line};
use crate::money::Money;
use crate::record::Record;

/// What was out of the usual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExceptionKind {
    /// A line was taken back before it was paid.
    Void,
    /// A basket was dropped.
    Cancel,
    /// Goods came back.
    Return,
    /// A person set a price.
    PriceSet,
    /// A person took something off a line.
    LineDiscount,
    /// A person took something off a basket.
    BasketDiscount,
    /// A member was named after the payment.
    LateMember,
    /// The drawer was opened without a sale.
    Drawer,
    /// Somebody let somebody do what they may not do alone.
    Approval,
}

impl ExceptionKind {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 9] = [
        Self::Void,
        Self::Cancel,
        Self::Return,
        Self::PriceSet,
        Self::LineDiscount,
        Self::BasketDiscount,
        Self::LateMember,
        Self::Drawer,
        Self::Approval,
    ];

    /// How programs name it to each other.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Void => "void",
            Self::Cancel => "cancel",
            Self::Return => "return",
            Self::PriceSet => "price_set",
            Self::LineDiscount => "line_discount",
            Self::BasketDiscount => "basket_discount",
            Self::LateMember => "late_member",
            Self::Drawer => "drawer",
            Self::Approval => "approval",
        }
    }

    /// The kind of this name; `None` of one that a newer program knows.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Something that was out of the usual.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// What.
    pub kind: ExceptionKind,
    /// The staff id of who did it; of an approval, of who approved.
    pub staff: String,
    /// What it was about: a voided line or a dropped basket with its price; of what was paid back or taken off, below
    /// nothing. `None` where no money is in it, or nobody knows how much.
    pub amount: Option<Money>,
}

/// Follows the records of one lane, from the first of a day on, and names what is out of the usual.
///
/// It knows the lines of the open basket and of parked ones, since a record that voids a line does not say what it cost.
#[derive(Debug, Default)]
pub struct Watch {
    basket: Basket,
    parked: BTreeMap<u32, Basket>,
}

impl Watch {
    /// Takes in the next record, and says what of it is out of the usual.
    pub fn take(&mut self, record: &Record) -> Option<Exception> {
        let exception = self.seen(record);
        self.follow(record);
        exception
    }

    /// The basket is none any more: it was paid. For whoever leaves out the record of the sale.
    pub fn end_basket(&mut self) {
        self.basket = Basket::default();
    }

    /// What a line costs before promotions of the whole basket, as the shift's report has it.
    fn cost(&self, line: u32) -> Option<Money> {
        self.basket.line(line).and_then(after_own_discount)
    }

    // What is an exception is named; everything else is a usual day.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn seen(&self, record: &Record) -> Option<Exception> {
        let (kind, staff, amount) = match record {
            Record::LineVoided { line, staff, .. } => (ExceptionKind::Void, staff, self.cost(*line)),
            Record::BasketCancelled { staff, total, .. } => (ExceptionKind::Cancel, staff, Some(*total)),
            Record::LineReturned { returned, staff } => {
                (ExceptionKind::Return, staff, Some(-returned.amount))
            }
            Record::LinePriceSet { line, net, staff, .. } => {
                (ExceptionKind::PriceSet, staff, self.cost(*line).and_then(|cost| net.checked_add(-cost)))
            }
            Record::LineDiscounted { line, discount: Some(discount), staff } => {
                let price = self.basket.line(*line).and_then(price);
                (ExceptionKind::LineDiscount, staff, price.map(|price| -discount.off(price)))
            }
            Record::BasketDiscounted { discount: Some(discount), staff } => {
                let lines = self.basket.lines().iter().filter(|line| !line.item.no_promotion);
                let sum =
                    lines.map(after_own_discount).collect::<Option<Vec<_>>>().and_then(Money::checked_sum);
                (ExceptionKind::BasketDiscount, staff, sum.map(|sum| -discount.off(sum)))
            }
            Record::BuyerNamed { staff, .. } => (ExceptionKind::LateMember, staff, None),
            Record::DrawerOpened { staff, .. } => (ExceptionKind::Drawer, staff, None),
            Record::Approved { approver, .. } => (ExceptionKind::Approval, approver, None),
            _ => return None,
        };
        Some(Exception { kind, staff: staff.clone(), amount })
    }

    // What changes no line's price is left out.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn follow(&mut self, record: &Record) {
        match record {
            Record::ShiftOpened { carried, .. } => {
                let parked = carried.parked.iter().map(|parked| (parked.number, lines_of(&parked.basket)));
                self.parked = parked.collect();
            }
            Record::LineAdded { line } => self.basket.add(line.clone()),
            Record::LineQuantitySet { line, quantity, .. } => self.basket.set_quantity(*line, *quantity),
            Record::LinePriceSet { line, unit_price, .. } => self.basket.set_price(*line, *unit_price),
            Record::LinePriceLowered { lowered, .. } => self.basket.lower_price(lowered),
            Record::LineDiscounted { line, discount, .. } => self.basket.reduce_line(*line, discount.clone()),
            Record::LineVoided { line, .. } => self.basket.void(*line),
            Record::MemberJoined { member, prices } => self.basket.join(member.clone(), prices),
            Record::MemberLeft => self.basket.leave(),
            Record::BasketParked { basket, .. } => {
                self.parked.insert(*basket, std::mem::take(&mut self.basket));
            }
            Record::BasketRecalled { basket, .. } => {
                self.basket = self.parked.remove(basket).unwrap_or_default();
            }
            Record::BasketTaken { parked, .. } => self.basket = lines_of(&parked.basket),
            Record::BasketGone { basket, .. } => {
                self.parked.remove(basket);
            }
            Record::BasketCancelled { .. } | Record::SaleCompleted { .. } => self.end_basket(),
            _ => {}
        }
    }
}

/// The lines alone: what was taken off the whole basket changes the cost of none of them here.
fn lines_of(basket: &Basket) -> Basket {
    let mut lines = Basket::default();
    basket.lines().iter().for_each(|line| lines.add(line.clone()));
    lines
}

/// What a line costs before a person takes anything off; `None` where that is more than a document may carry: what HQ
/// reads was written by programs that it does not know.
fn price(line: &Line) -> Option<Money> {
    line.label_amount.or_else(|| line.unit_price.checked_times(line.quantity))
}

fn after_own_discount(line: &Line) -> Option<Money> {
    let price = price(line)?;
    Some(price - line.discount.as_ref().map_or(Money::ZERO, |discount| discount.off(price)))
}

#[cfg(test)]
mod tests;
