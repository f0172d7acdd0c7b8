//! What promotions take off a basket: worked out anew whenever it changes.
//!
//! While goods are rung up, at a glance: a scan is answered within a few thousandths of a second, however many
//! promotions meet. Fully before anything is decided that a price could matter to: see [`is_before_prices`]. Who waits
//! for nothing may have it worked out fully before that: [`Till::consider`], then [`Input::Reckon`].

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::step::Step;
use super::{Context, Desk, Input, Settings, Till};
use crate::basket::{AppliedPromotion, Line, Reckoning, Saving, Savings};
use crate::bearer;
use crate::catalogue::LookUpError;
use crate::gift;
use crate::money::Money;
use crate::pricing;
use crate::promotion::explain::Missed;
use crate::promotion::ticket::{Coupons, Goods, Occasion, TicketLine};
use crate::promotion::{Layer, Memory, Objective, Priced, PromotionSet, Ticket, glance, price_fully};
use crate::quota;

/// What was found out while pricing earlier baskets. It changes no answer, so
/// two tills with different recollections are the same till.
#[derive(Clone, Default)]
pub(super) struct Recollection(Arc<Mutex<Memory>>);

impl fmt::Debug for Recollection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recollection")
    }
}

impl PartialEq for Recollection {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Recollection {}

impl Context<'_> {
    /// What promotions need to know of anything sold here and now, whoever buys it.
    pub(super) fn occasion(&self) -> Occasion {
        let member_day = self.settings.rules.place.member_days.contains(&self.today());
        Occasion { member_day, ..self.settings.occasion(self.now_ms, self.offset_minutes) }
    }

    pub(super) fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        self.catalogue.promotions()
    }
}

impl Settings {
    /// What promotions need to know of anything sold here at an instant, by
    /// whoever buys it; that it is a member day is left out.
    pub fn occasion(&self, now_ms: i64, offset_minutes: i32) -> Occasion {
        let place = &self.rules.place;
        Occasion {
            now_ms,
            offset_minutes,
            store: place.store.clone(),
            channel: place.channel.clone(),
            ..Occasion::default()
        }
    }
}

impl Till {
    /// The till with its basket priced: what a start after a stop needs before
    /// anything is shown, since the journal holds no savings of open baskets.
    pub fn repriced(&self, context: &Context<'_>) -> Self {
        let mut step = Step::new(self.clone(), context.now_ms);
        step.make_savings(context);
        step.till
    }

    /// The till with its basket priced as far as somebody who looks at it needs, where it is not: at a glance while
    /// goods are rung up.
    #[must_use]
    pub fn glanced(self, context: &Context<'_>) -> Self {
        let now_ms = context.now_ms;
        let mut step = Step::new(self, now_ms);
        step.make_savings_in_time(context);
        step.till
    }

    /// Works out fully what the basket costs, and keeps it in mind for whoever needs it next; changes
    /// nothing. `goes_on` is asked all along, and once it says no it is left at that: what was found out
    /// helps the next time. Whether an [`Input::Reckon`] would now have the basket cost what is kept in mind.
    pub fn consider(&self, context: &Context<'_>, goes_on: &dyn Fn() -> bool) -> bool {
        if !self.is_to_be_reckoned() {
            return false;
        }
        let Ok(set) = context.promotions() else { return false };
        let step = Step::new(self.clone(), context.now_ms);
        let ticket = step.ticket(context, &set);
        let objective = context.settings.rules.objective;
        let mut memory = self.recollection.lock();
        price_fully(&set, &ticket, objective, &mut memory, goes_on).is_some()
    }

    /// Whether the price of the basket could still fall by working it out fully.
    pub fn is_to_be_reckoned(&self) -> bool {
        self.basket.savings() != Savings::Full && !matches!(self.desk, Desk::Saving(..))
    }
}

impl Recollection {
    /// What was found out; after a bug elsewhere it is still only what was found out.
    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an input comes before any price matters: goods join a basket that goes on being scanned, or
/// something happens beside it. What is decided of it, and written down, is the same whatever promotions take off.
pub(super) fn is_before_prices(input: &Input) -> bool {
    matches!(
        input,
        Input::Code(_)
            | Input::Choose { .. }
            | Input::Weighed { .. }
            | Input::ChoosePriced { .. }
            | Input::Department { .. }
            | Input::QuotasHeard(_)
            | Input::Tick
            | Input::PrinterReady
            | Input::PaperEnded { .. }
    )
}

impl Step {
    /// Prices the basket fully, where it is not.
    pub(super) fn make_savings(&mut self, context: &Context<'_>) {
        self.make_savings_as_far_as(context, Savings::Full);
    }

    /// Prices the basket at a glance while goods are rung up, where it changed since it was priced; fully
    /// wherever money is taken.
    pub(super) fn make_savings_in_time(&mut self, context: &Context<'_>) {
        let far = match self.till.desk {
            Desk::SignedOut | Desk::Selling(_) | Desk::Done(..) | Desk::Locked(_) => Savings::Glanced,
            Desk::Paying(_) | Desk::Saving(..) => Savings::Full,
        };
        self.make_savings_as_far_as(context, far);
    }

    fn make_savings_as_far_as(&mut self, context: &Context<'_>, far: Savings) {
        if self.till.basket.savings() >= far || matches!(self.till.desk, Desk::Saving(..)) {
            return;
        }
        // Where they cannot be asked, what was found before stands, and the
        // next step asks again.
        let Ok(set) = context.promotions() else { return };
        let ticket = self.ticket(context, &set);
        let priced = match far {
            Savings::Due | Savings::Glanced => self.glanced(context, &set, &ticket),
            Savings::Full => self.priced(context, &set, &ticket),
        };
        // What is proved does not get better.
        let far = if priced.is_optimal() { Savings::Full } else { far };
        let mut savings: Vec<Vec<Saving>> = vec![Vec::new(); ticket.lines.len()];
        for applied in &priced.applied {
            let promotion: AppliedPromotion = (&set.promotions()[applied.promotion]).into();
            for part in &applied.parts {
                let line = &self.till.basket.lines()[part.line];
                let on_the_tag = match applied.layer {
                    Layer::Price => on_the_tag(line, &ticket.lines[part.line], part.units),
                    Layer::Item | Layer::Order | Layer::Coupon => Money::ZERO,
                };
                let off = part.off - on_the_tag;
                if off.is_positive() {
                    let (promotion, layer) = (promotion.clone(), applied.layer);
                    savings[part.line].push(Saving { promotion, layer, units: part.units, off });
                }
            }
        }
        let spends = priced.points.value.is_positive();
        let lines = self.till.basket.lines().iter().zip(savings).zip(&priced.nets);
        let savings = lines.map(|((line, savings), net)| added_up(line, savings, *net, spends)).collect();
        let name = |missed: &Missed| ((&set.promotions()[missed.promotion]).into(), missed.clone());
        let coupons = self.till.basket.coupons().iter();
        let numbers: Vec<u32> = ticket.lines.iter().map(|line| line.number).collect();
        let reckoning = Reckoning {
            almost: priced.missed.iter().map(name).collect(),
            gap: priced.gap(),
            points: priced.points,
            coupons: coupons.map(|coupon| coupon.taken_off(&set, &priced)).collect(),
            gifts: gift::free_goods(&set, &priced, self.till.basket.lines()),
            uses: quota::uses(&set, &priced, &numbers),
            borne: bearer::borne(&set, &priced, &numbers),
        };
        self.till.basket.make_savings(far, savings, reckoning);
    }

    /// The basket as promotions see it.
    pub(super) fn ticket(&self, context: &Context<'_>, set: &PromotionSet) -> Ticket {
        let (basket, rules) = (&self.till.basket, &context.settings.rules);
        let anybody = context.occasion();
        let line = |line: &Line| ticket_line(context, set, line, rules.objective, &anybody);
        let lines = basket.lines().iter().map(line).collect();
        let occasion = Occasion {
            member: basket.member().map(|member| member.buyer()),
            tender: basket.tender().map(|tender| tender.name().to_owned()),
            ..anybody
        };
        let held = basket.coupons().iter().map(|coupon| coupon.promotion.clone()).collect();
        let points = rules.points.spending.and_then(|spending| Some(spending.offer(basket.grant()?)));
        let quotas_left = self.quotas_left(context, set);
        let coupons = Coupons::Held(held);
        Ticket { lines, occasion, coupons, points, quotas_left, ..Ticket::default() }
    }

    /// What a ticket costs: of this every sale is made.
    pub(super) fn priced(&self, context: &Context<'_>, set: &PromotionSet, ticket: &Ticket) -> Priced {
        let objective = context.settings.rules.objective;
        let mut memory = self.till.recollection.lock();
        price_fully(set, ticket, objective, &mut memory, &|| true)
            .unwrap_or_else(|| unreachable!("it is wanted to the end"))
    }

    /// What it costs at a glance.
    fn glanced(&self, context: &Context<'_>, set: &PromotionSet, ticket: &Ticket) -> Priced {
        let mut memory = self.till.recollection.lock();
        glance(set, ticket, context.settings.rules.objective, &mut memory)
    }
}

/// Savings are the difference that promotions make to what the tag shows, and
/// what is left of it points paid. Were they ever not, the customer pays the
/// lower of the two.
fn added_up(line: &Line, mut savings: Vec<Saving>, net: Money, spends: bool) -> (Vec<Saving>, Money) {
    let off: Money = savings.iter().map(|saving| saving.off).sum();
    let difference = line.after_own_discount() - net;
    if off == difference || spends && off < difference {
        return (savings, difference - off);
    }
    savings.truncate(1);
    match savings.first_mut() {
        Some(saving) if difference.is_positive() => saving.off = difference,
        Some(_) | None => savings.clear(),
    }
    (savings, Money::ZERO)
}

/// What a unit's tag has off its list price, for so many units.
fn on_the_tag(line: &Line, ticket: &TicketLine, units: u32) -> Money {
    match ticket.goods {
        Goods::Pieces { price, .. } => (price - line.unit_price).times_count(units),
        Goods::Measured { .. } => ticket.goods.gross() - line.price(),
        Goods::Amount(_) => Money::ZERO,
    }
}

pub(super) fn ticket_line(
    context: &Context<'_>,
    set: &PromotionSet,
    line: &Line,
    objective: Objective,
    occasion: &Occasion,
) -> TicketLine {
    let factor = line.unit.as_ref().map_or(1, |unit| unit.factor);
    let tag = match objective {
        Objective::TagPriceBinding => pricing::tag_price(set, &line.item, factor, occasion).price,
        Objective::CustomerBest => line.item.price,
    };
    // A price that nobody's tag shows now was kept from the scan, or a person made it.
    let price_stands = !line.follows_price_list() || line.discount.is_some() || line.unit_price != tag;
    let price = if price_stands { line.unit_price } else { line.item.price };
    let goods = match line.quantity.pieces().and_then(|pieces| u32::try_from(pieces).ok()) {
        _ if line.label_amount.is_some() || line.discount.is_some() => {
            Goods::Amount(line.after_own_discount())
        }
        Some(count) if !line.item.weighed => Goods::Pieces { count, price },
        Some(_) | None => Goods::Measured { quantity: line.quantity, price },
    };
    TicketLine {
        number: line.number,
        sku: line.item.sku.clone(),
        category: line.item.category.clone(),
        goods,
        factor,
        price_stands,
        no_promotion: line.item.no_promotion,
        expires_in_days: line.trace.ends().map(|end| (end - context.today()).num_days()),
    }
}
