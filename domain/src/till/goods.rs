//! What goods cost when they join the basket, and what they cost when it is paid.

use std::sync::Arc;

use super::step::{Measure, Step};
use super::{Context, Message};
use crate::basket::{KeptPrice, Line, LoweredPrice, PriceFrom, Trace, WalkInPrice};
use crate::catalogue::{Buyer, Found, Item, LookUpError, SaleUnit};
use crate::money::Money;
use crate::price_list;
use crate::pricing::{self, UnitPrice};
use crate::promotion::Objective;
use crate::record::Record;

/// What one unit of what was found costs.
pub(super) struct Priced {
    /// On the price list, or as the cashier typed it.
    pub list_price: Money,
    /// What is charged, and why.
    pub price: UnitPrice,
    /// Where that comes from.
    pub from: PriceFrom,
    /// The shelf label that makes it less than price lists and promotions say.
    pub kept: Option<KeptPrice>,
    /// What it costs whoever is no member, where that is more.
    pub walk_in: Option<WalkInPrice>,
}

impl Step {
    /// An item that asks for its price, with the price.
    pub(super) fn choose_priced(&mut self, context: &Context<'_>, sku: &str, price: Money) {
        if self.may_add() {
            self.add_priced(context, context.catalogue.item_by_sku(sku), sku, price);
        }
    }

    /// Goods without a code, by their department.
    pub(super) fn department(&mut self, context: &Context<'_>, code: &str, price: Money) {
        if self.may_add() {
            self.add_priced(context, context.catalogue.item_by_department(code), code, price);
        }
    }

    fn add_priced(
        &mut self,
        context: &Context<'_>,
        answer: Result<Option<Arc<Item>>, LookUpError>,
        asked: &str,
        price: Money,
    ) {
        match answer {
            Err(fault) => self.refuse(Message::Fault(fault)),
            Ok(None) => self.unknown(Message::UnknownCode(asked.to_owned())),
            Ok(Some(item)) => {
                let code = item.code.clone();
                self.add(context, &item.into(), &code, Measure::Single, Trace::default(), Some(price));
            }
        }
    }

    /// What one unit of what was found costs now, or why it cannot be sold.
    pub(super) fn price(
        &self,
        context: &Context<'_>,
        found: &Found,
        typed: Option<Money>,
    ) -> Result<Priced, Message> {
        let item = &found.item;
        match (item.open_price, typed) {
            (Some(_), None) => Err(Message::PriceNeeded(item.clone())),
            (None, Some(_)) => Err(Message::PriceListed(item.clone())),
            (Some(bounds), Some(price)) if bounds.hold(price) => Ok(Priced {
                list_price: price,
                price: UnitPrice { price, promotion: None },
                from: PriceFrom::Typed,
                kept: None,
                walk_in: None,
            }),
            (Some(bounds), Some(_)) => Err(Message::PriceRange { item: item.clone(), bounds }),
            (None, None) => {
                let usual = self.listed_price(context, item, found.unit.as_ref(), Buyer::WalkIn)?;
                let Some(member) = self.till.basket.member() else { return Ok(usual) };
                let own = self.listed_price(context, item, found.unit.as_ref(), member.of_tier())?;
                if own.price.price >= usual.price.price && own.list_price >= usual.list_price {
                    return Ok(usual);
                }
                let walk_in = Some(WalkInPrice {
                    list_price: usual.list_price,
                    unit_price: usual.price.price,
                    promotion: usual.price.promotion,
                });
                Ok(Priced { walk_in, ..own })
            }
        }
    }

    /// What one unit costs by price lists and promotions.
    fn listed_price(
        &self,
        context: &Context<'_>,
        item: &Arc<Item>,
        unit: Option<&SaleUnit>,
        buyer: Buyer<'_>,
    ) -> Result<Priced, Message> {
        let list_price = price_list::list_price(item, unit, buyer, self.now_ms).ok_or_else(|| {
            Message::Fault(LookUpError(format!("the price of {} is out of range", item.sku)))
        })?;
        if !list_price.is_positive() && !item.gift {
            return Err(Message::PriceMissing(item.clone()));
        }
        let tag = || {
            let set = context.promotions().map_err(Message::Fault)?;
            let factor = unit.map_or(1, |sold| sold.unit.factor);
            Ok(pricing::tag_price(&set, &item.at_price(list_price), factor, &context.occasion()))
        };
        let objective = context.settings.rules.objective;
        let mut price = match objective {
            // Whether the tag's price is taken is for the whole basket to say.
            Objective::CustomerBest => UnitPrice { price: list_price, promotion: None },
            Objective::TagPriceBinding => tag()?,
        };
        let mut kept = None;
        let cap = pricing::cap(item, unit, buyer, self.now_ms).filter(|cap| cap.price < price.price);
        if let Some(cap) = cap {
            // What everybody gets taken off is taken off for the whole basket, or was already.
            let otherwise = match objective {
                Objective::CustomerBest => tag()?.price,
                Objective::TagPriceBinding => price.price,
            };
            if cap.price < otherwise {
                price = UnitPrice { price: cap.price, promotion: None };
                kept = Some(KeptPrice { label: cap.label.to_owned(), otherwise });
            }
        }
        Ok(Priced { list_price, price, from: PriceFrom::List, kept, walk_in: None })
    }

    /// Gives every line that follows the price list the lower of what it cost
    /// when it was scanned and what it costs now: the tag that the customer
    /// saw is a promise, and so is what a label may show now. Where the goods
    /// cannot be asked, the price stays.
    pub(super) fn lower_prices(&mut self, context: &Context<'_>) {
        let member = self.till.basket.member().cloned();
        let buyer = member.as_ref().map_or(Buyer::WalkIn, |member| member.of_tier());
        for lowered in self.lowered_lines(context, buyer) {
            let net = self.net_at(&lowered);
            self.commit(Record::LinePriceLowered { lowered, net });
        }
    }

    /// The lines that cost a buyer less than they cost now.
    pub(super) fn lowered_lines(&self, context: &Context<'_>, buyer: Buyer<'_>) -> Vec<LoweredPrice> {
        let lines = self.till.basket.lines().iter();
        lines.filter_map(|line| self.lowered(context, line, buyer)).collect()
    }

    fn net_at(&self, lowered: &LoweredPrice) -> Money {
        let quantity = self.till.basket.line(lowered.line).map(|line| line.quantity);
        quantity.map_or(Money::ZERO, |quantity| lowered.unit_price.times(quantity))
    }

    fn lowered(&self, context: &Context<'_>, line: &Line, buyer: Buyer<'_>) -> Option<LoweredPrice> {
        if !line.follows_price_list() {
            return None;
        }
        let item = context.catalogue.item_by_sku(&line.item.sku).ok().flatten()?;
        let unit = match &line.unit {
            // A pack that is not sold any more, or holds another number now,
            // has no price to compare with.
            Some(unit) => Some(item.unit(&unit.id).filter(|sold| sold.unit.factor == unit.factor)?),
            None => None,
        };
        let now = self.listed_price(context, &item, unit, buyer).ok()?;
        let list_price = now.list_price.min(line.item.price);
        let (unit_price, promotion, kept) = if now.price.price < line.unit_price {
            (now.price.price, now.price.promotion, now.kept)
        } else {
            (line.unit_price, line.promotion.clone(), line.kept.clone())
        };
        if list_price == line.item.price && unit_price == line.unit_price {
            return None;
        }
        Some(LoweredPrice { line: line.number, list_price, unit_price, promotion, kept })
    }
}
