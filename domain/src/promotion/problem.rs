//! A ticket against the promotions that are about it, in the form that is searched.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::component::Portion;
use super::component::{Class, Component, Group, Join, Single};
use super::overlay::{ADD_ONS_MAX, COUPON_FROM, COUPONS, Mask, OVERLAYS_MAX, Overlay, Part};
use super::rule::{Layer, PriceRule, Promotion, Rule};
use super::search::Memory;
use super::set::PromotionSet;
use super::ticket::{Coupons, Goods, Objective, Ticket, TicketLine, Unmet};
use super::work::{Asking, Effort};
use crate::money::Money;
use crate::quota::QuotaLeft;

/// The most units of a component that take part in item rules; what is above
/// it is priced without them, and the answer says how much better it could be.
pub(super) const UNITS_MAX: u32 = 2_000;

/// A ticket, and what may be done about it.
pub(super) struct Problem<'a> {
    pub set: &'a PromotionSet,
    pub ticket: &'a Ticket,
    pub objective: Objective,
    pub effort: Effort,
    pub asking: &'a Asking<'a>,
    /// Places in the set of the promotions that hold here and now, ascending.
    pub candidates: Vec<usize>,
    /// Those that are about some line but do not hold, and why.
    pub unmet: Vec<(usize, Unmet)>,
    /// For each line the price promotions that lower it, with the unit's price then.
    prices: Vec<Vec<(usize, Money)>>,
    /// For each line the item promotions that it fits, with the slot.
    slots: Vec<Vec<(usize, usize)>>,
    /// For each promotion the lines that it lowers, takes units of, or counts.
    about: BTreeMap<usize, Vec<usize>>,
}

/// A choice among promotions that exclude one another: what may be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Active {
    pub promotions: BTreeSet<usize>,
    /// How many units may take each add-on price.
    pub add_ons: BTreeMap<usize, u32>,
}

/// The promotions of a set whose goods include some goods, whether or not they hold.
#[derive(Debug, Clone, Default)]
pub(super) struct Fits {
    /// In the order of the set.
    promotions: Vec<usize>,
    /// Those of the item layer, with each slot that fits.
    slots: Vec<(usize, usize)>,
}

/// What goods are, as far as a scope can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    sku: String,
    category: String,
    expires_in_days: Option<i64>,
}

impl Kind {
    pub(super) fn of(line: &TicketLine) -> Self {
        Self { sku: line.sku.clone(), category: line.category.clone(), expires_in_days: line.expires_in_days }
    }
}

impl Fits {
    /// How much of a memory it fills.
    pub(super) fn size(&self) -> usize {
        (self.promotions.len() + self.slots.len()) / 8
    }

    /// Looks through the promotions that name such goods.
    pub(super) fn find(set: &PromotionSet, line: &TicketLine) -> Self {
        let mut fits = Self::default();
        for index in set.about([(line.sku.as_str(), line.category.as_str())]) {
            let promotion = &set.promotions()[index];
            if matches!(promotion.rule, Rule::Item(_)) {
                let before = fits.slots.len();
                let slots = 0..promotion.slots().len();
                let fitting = slots.filter(|slot| slot_fits(promotion, *slot, line));
                fits.slots.extend(fitting.map(|slot| (index, slot)));
                if fits.slots.len() > before {
                    fits.promotions.push(index);
                }
            } else if is_about(promotion, line) {
                fits.promotions.push(index);
            }
        }
        fits
    }
}

impl<'a> Problem<'a> {
    pub(super) fn new(
        set: &'a PromotionSet,
        ticket: &'a Ticket,
        objective: Objective,
        asking: &'a Asking<'a>,
        memory: &mut Memory,
    ) -> Self {
        let fits: Vec<Arc<Fits>> = ticket.lines.iter().map(|line| memory.fits(set, line)).collect();
        let mut named: Vec<usize> = fits.iter().flat_map(|fits| fits.promotions.iter().copied()).collect();
        named.sort_unstable();
        named.dedup();
        let (mut candidates, mut unmet) = (Vec::new(), Vec::new());
        for index in named {
            match unmet_by(&set.promotions()[index], ticket) {
                None => candidates.push(index),
                Some(why) => unmet.push((index, why)),
            }
        }
        let mut problem = Self {
            set,
            ticket,
            objective,
            effort: Effort::Whole,
            asking,
            candidates,
            unmet,
            prices: Vec::new(),
            slots: Vec::new(),
            about: BTreeMap::new(),
        };
        for (line, fits) in ticket.lines.iter().zip(&fits) {
            problem.look_at(line, fits);
        }
        problem
    }

    fn look_at(&mut self, line: &TicketLine, fits: &Fits) {
        let place = self.prices.len();
        let (mut prices, mut slots) = (Vec::new(), Vec::new());
        let own = fits.promotions.iter().copied().filter(|_| !line.no_promotion);
        for index in own {
            if self.candidates.binary_search(&index).is_err() {
                continue;
            }
            let promotion = &self.set.promotions()[index];
            let counts = match &promotion.rule {
                Rule::Price(rule) => match lowered(rule, line)
                    .filter(|_| !line.price_stands && (line.factor == 1 || !self.is_limited(index)))
                {
                    Some(price) => {
                        prices.push((index, price));
                        true
                    }
                    None => false,
                },
                Rule::Item(_) => {
                    let is_counted = line.factor == 1 && matches!(line.goods, Goods::Pieces { .. });
                    if is_counted {
                        slots.extend(fits.slots.iter().copied().filter(|(other, _)| *other == index));
                    }
                    is_counted
                }
                Rule::Order(_) | Rule::Coupon { .. } => true,
            };
            if counts {
                self.about.entry(index).or_default().push(place);
            }
        }
        self.prices.push(prices);
        self.slots.push(slots);
    }

    /// The lines that a promotion lowers, takes units of, or counts.
    fn lines_of(&self, index: usize) -> &[usize] {
        self.about.get(&index).map_or(&[], Vec::as_slice)
    }

    pub(super) fn promotion(&self, index: usize) -> &'a Promotion {
        &self.set.promotions()[index]
    }

    /// What a unit of a line costs without promotions; all of it where it is
    /// not counted in pieces.
    pub(super) fn regular(&self, line: usize) -> Money {
        unit_of(self.ticket.lines[line].goods).1
    }

    pub(super) fn count(&self, line: usize) -> u32 {
        unit_of(self.ticket.lines[line].goods).0
    }

    /// Whether a price promotion lowers any line.
    pub(super) fn lowers_anything(&self, index: usize) -> bool {
        !self.lines_of(index).is_empty()
    }

    /// What the goods of an order or coupon promotion cost without promotions.
    pub(super) fn whole_base(&self, index: usize) -> Money {
        self.lines_of(index).iter().map(|line| self.ticket.lines[*line].goods.gross()).sum()
    }

    /// What portions come to that count for an order or coupon promotion.
    pub(super) fn whole_net(&self, index: usize, portions: &[Portion]) -> Money {
        let is_coupon = self.promotion(index).layer() == Layer::Coupon;
        let allows = |lowered: usize| {
            let stacking = &self.promotion(lowered).stacking;
            if is_coupon { stacking.allow_coupon } else { stacking.allow_order }
        };
        portions
            .iter()
            .filter(|portion| self.lines_of(index).contains(&portion.line))
            .filter(|portion| {
                [portion.price_promotion, portion.item_promotion].into_iter().flatten().all(allows)
            })
            .map(|portion| portion.net)
            .sum()
    }

    /// How many units an item promotion still needs for one application.
    pub(super) fn units_missing(&self, index: usize) -> u32 {
        let promotion = self.promotion(index);
        let there = |slot: usize, sku: Option<&str>| -> u32 {
            let own = self.lines_of(index).iter();
            own.filter(|line| self.slots[**line].contains(&(index, slot)))
                .filter(|line| sku.is_none_or(|sku| self.ticket.lines[**line].sku == sku))
                .map(|line| self.count(*line))
                .fold(0, u32::saturating_add)
        };
        let missing = |sku: Option<&str>| -> u32 {
            let slots = promotion.slots();
            slots.iter().enumerate().map(|(slot, (_, units))| units.saturating_sub(there(slot, sku))).sum()
        };
        if promotion.is_of_one_sku() {
            let all: u32 = promotion.slots().iter().map(|(_, units)| *units).sum();
            let own = self.lines_of(index).iter().map(|line| self.ticket.lines[*line].sku.as_str());
            own.map(|sku| missing(Some(sku))).min().unwrap_or(all)
        } else {
            missing(None)
        }
    }

    fn is_limited(&self, index: usize) -> bool {
        let promotion = self.promotion(index);
        promotion.quota.is_some()
            || promotion.applications_max.is_some()
            || !promotion.quotas.is_empty()
            || self.ticket.quotas_left.contains_key(&promotion.id)
            || is_add_on(promotion)
    }

    /// Units that may take part in a promotion, where that is limited.
    fn units_left(&self, index: usize) -> Option<u32> {
        let promotion = self.promotion(index);
        let own = match promotion.layer() {
            Layer::Price => [promotion.quota, promotion.applications_max].into_iter().flatten().min(),
            Layer::Item | Layer::Order | Layer::Coupon => promotion.quota,
        };
        let left = self.ticket.quotas_left.get(&promotion.id).map(|left| left.units);
        [own, left].into_iter().flatten().min()
    }

    /// The lowest shelf price that a line's tag shows, where the tag binds:
    /// what costs more may not be charged.
    fn tag_price(&self, line: usize) -> Option<Money> {
        if self.objective == Objective::CustomerBest {
            return None;
        }
        self.prices[line].iter().filter(|(index, _)| !self.is_limited(*index)).map(|(_, price)| *price).min()
    }

    /// Price promotions that a line's tag shows as the lowest, where one alone does.
    fn forced(&self) -> BTreeSet<usize> {
        let mut forced = BTreeSet::new();
        for line in 0..self.ticket.lines.len() {
            let Some(tag) = self.tag_price(line) else { continue };
            let mut lowest =
                self.prices[line].iter().filter(|(index, price)| *price == tag && !self.is_limited(*index));
            if let (Some((index, _)), None) = (lowest.next(), lowest.next()) {
                forced.insert(*index);
            }
        }
        forced
    }

    /// Every largest choice of promotions that do not exclude one another, at
    /// most so many; and whether these are all.
    pub(super) fn choices(&self, most: usize) -> (Vec<BTreeSet<usize>>, bool) {
        let stands_alone = |index: &usize| {
            let stacking = &self.promotion(*index).stacking;
            stacking.exclusive_ticket || !stacking.excludes.is_empty()
        };
        if !self.candidates.iter().any(stands_alone) {
            return (vec![self.candidates.iter().copied().collect()], true);
        }
        let forced = self.forced();
        let places: BTreeMap<&str, usize> =
            self.candidates.iter().map(|index| (self.promotion(*index).id.as_str(), *index)).collect();
        let mut all: BTreeSet<usize> = self.candidates.iter().copied().collect();
        let alone: Vec<usize> =
            all.iter().copied().filter(|index| self.promotion(*index).stacking.exclusive_ticket).collect();
        let mut conflicts = Vec::new();
        for index in &all {
            for id in &self.promotion(*index).stacking.excludes {
                if let Some(other) = places.get(id.as_str()) {
                    conflicts.push((*index.min(other), *index.max(other)));
                }
            }
        }
        conflicts.sort_unstable();
        conflicts.dedup();
        let mut choices = Vec::new();
        // One that stands alone; of those that tags promise none rules out another.
        for index in &alone {
            let mut only = BTreeSet::from([*index]);
            if forced.contains(index) {
                only.extend(&forced);
            }
            choices.push(only);
        }
        for index in &alone {
            all.remove(index);
        }
        conflicts.retain(|(one, other)| !(forced.contains(one) && forced.contains(other)));
        {
            let mut open = vec![all];
            while let Some(next) = open.pop() {
                let clash = conflicts.iter().find(|(one, other)| next.contains(one) && next.contains(other));
                match clash {
                    None if choices.contains(&next) => {}
                    None => choices.push(next),
                    Some((one, other)) => {
                        for away in [other, one] {
                            let mut without = next.clone();
                            without.remove(away);
                            open.push(without);
                        }
                    }
                }
                if choices.len() + open.len() > most {
                    choices.extend(open);
                    choices.retain(|choice| {
                        !conflicts.iter().any(|(one, other)| choice.contains(one) && choice.contains(other))
                    });
                    choices.truncate(most);
                    return (choices, false);
                }
            }
        }
        (choices, true)
    }

    /// Add-on promotions of a choice, those that are about some line.
    pub(super) fn add_ons(&self, choice: &BTreeSet<usize>) -> Vec<usize> {
        let is_of_use = |index: &usize| is_add_on(self.promotion(*index)) && self.lowers_anything(*index);
        choice.iter().copied().filter(is_of_use).collect()
    }

    /// The order and coupon promotions of a choice that could be reached, in
    /// the order in which they are laid on; and whether there was room for all.
    pub(super) fn overlays(&self, choice: &BTreeSet<usize>) -> (Vec<Overlay<'a>>, bool) {
        let mut places: Vec<usize> = choice
            .iter()
            .copied()
            .filter(|index| {
                let Some(rule) = self.promotion(*index).order_rule() else { return false };
                let most = self.whole_base(*index);
                super::overlay::discount(rule, most, most).is_positive()
            })
            .collect();
        places.sort_by_key(|index| {
            let promotion = self.promotion(*index);
            (promotion.layer(), promotion.stacking.priority, *index)
        });
        let mut groups: Vec<(Layer, &str)> = Vec::new();
        let (mut orders, mut coupons) = (0, COUPON_FROM);
        let mut overlays = Vec::new();
        let mut all = true;
        for index in places {
            let promotion = self.promotion(index);
            let layer = promotion.layer();
            let next = if layer == Layer::Coupon { &mut coupons } else { &mut orders };
            let limit = if layer == Layer::Coupon { OVERLAYS_MAX } else { COUPON_FROM as usize };
            if *next as usize >= limit {
                all = false;
                continue;
            }
            let group = match &promotion.stacking.group {
                None => usize::MAX - index,
                Some(name) => {
                    let known = groups.iter().position(|group| *group == (layer, name.as_str()));
                    known.unwrap_or_else(|| {
                        groups.push((layer, name));
                        groups.len() - 1
                    })
                }
            };
            if let Some(rule) = promotion.order_rule() {
                overlays.push(Overlay {
                    promotion: index,
                    layer,
                    group,
                    rule,
                    bit: 1 << *next,
                    allow_coupon: promotion.stacking.allow_coupon,
                });
            }
            *next += 1;
        }
        (overlays, all)
    }

    /// For each line what may be taken off it, and which add-on offers it counts for.
    pub(super) fn masks(&self, overlays: &[Overlay<'_>], add_ons: &[usize]) -> Masks {
        let mut lines = vec![LineMask::default(); self.ticket.lines.len()];
        for overlay in overlays {
            let rule = &self.promotion(overlay.promotion).rule;
            let regular_only = matches!(rule, Rule::Coupon { regular_price_only: true, .. });
            for line in self.lines_of(overlay.promotion) {
                lines[*line].regular |= overlay.bit;
                if !regular_only {
                    lines[*line].lowered |= overlay.bit;
                }
            }
        }
        for (place, index) in add_ons.iter().enumerate().take(ADD_ONS_MAX as usize) {
            for (line, sold) in self.ticket.lines.iter().enumerate() {
                if !is_about(self.promotion(*index), sold) {
                    lines[line].add_ons |= add_on_bit(place);
                }
            }
        }
        Masks { lines }
    }

    /// What may be taken off a portion, and which add-on offers it counts for.
    pub(super) fn mask(&self, masks: &Masks, line: usize, price: Option<usize>, item: Option<usize>) -> Mask {
        let own = &masks.lines[line];
        let mut mask = if price.or(item).is_some() { own.lowered } else { own.regular };
        for promotion in [price, item].into_iter().flatten() {
            let stacking = &self.promotion(promotion).stacking;
            if !stacking.allow_order {
                mask &= COUPONS;
            }
            if !stacking.allow_coupon {
                mask &= !COUPONS;
            }
        }
        mask | own.add_ons
    }

    /// Portions of all lines, as overlays see them.
    pub(super) fn parts(&self, portions: &[Portion], masks: &Masks) -> Vec<Part> {
        portions
            .iter()
            .map(|portion| Part {
                line: portion.line,
                mask: self.mask(masks, portion.line, portion.price_promotion, portion.item_promotion),
                net: portion.net,
            })
            .collect()
    }

    /// Lines that share promotions of a choice, each a component, of which at
    /// most so many units take part in item rules; and whether these are all.
    /// `None` where a line has no price that it may be sold at.
    pub(super) fn components(&self, active: &Active, units_max: u32) -> Option<(Vec<Component>, bool)> {
        let lines = self.ticket.lines.len();
        let mut joined = Joined::new(lines);
        let mut whole = true;
        let may = |index: &usize| active.promotions.contains(index);
        let usable = self.usable_items(active);
        for index in &usable {
            let promotion = self.promotion(*index);
            let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
            let apart = promotion.is_of_one_sku() && self.item_limit(*index).is_none();
            for line in self.lines_of(*index).iter().copied() {
                // Units of one item only meet their like; a limit joins all.
                let key = if apart { self.ticket.lines[line].sku.as_str() } else { "" };
                match seen.get(key) {
                    Some(other) => joined.join(*other, line),
                    None => {
                        seen.insert(key, line);
                    }
                }
            }
        }
        let limits = self.price_limits(active);
        for index in limits.keys() {
            if let Some((first, others)) = self.lines_of(*index).split_first() {
                others.iter().for_each(|line| joined.join(*first, *line));
            }
        }
        let mut components = Vec::new();
        for members in joined.sets() {
            let mut component = Component { classes: Vec::new(), groups: Vec::new(), limits: Vec::new() };
            let mut places: BTreeMap<usize, usize> = BTreeMap::new();
            for (index, units) in &limits {
                if members.iter().any(|line| self.prices[*line].iter().any(|(other, _)| other == index)) {
                    places.insert(*index, component.limits.len());
                    component.limits.push(*units);
                }
            }
            let groups = self.groups(&members, &usable, &mut component);
            let units: u32 = members.iter().map(|line| self.count(*line)).fold(0, u32::saturating_add);
            let mut room = if groups.is_empty() { u32::MAX } else { units_max };
            whole &= groups.is_empty() || units <= units_max;
            for line in members {
                let (singles, joins) = self.options(line, active, &may, &places, &groups)?;
                let count = self.count(line);
                let inside = count.min(room);
                room -= inside;
                if inside > 0 {
                    component.classes.push(Class { line, count: inside, singles: singles.clone(), joins });
                }
                if inside < count {
                    // What is limited was given to those inside.
                    let singles = singles.into_iter().filter(|single| single.takes.is_empty()).collect();
                    let rest = Class { line, count: count - inside, singles, joins: Vec::new() };
                    components.push(Component {
                        classes: vec![rest],
                        groups: Vec::new(),
                        limits: Vec::new(),
                    });
                }
            }
            if !component.classes.is_empty() {
                components.push(component);
            }
        }
        Some((components, whole))
    }

    /// Item promotions whose slots can all be filled.
    fn usable_items(&self, active: &Active) -> BTreeSet<usize> {
        let mut units: BTreeMap<(usize, usize, &str), u32> = BTreeMap::new();
        for (line, slots) in self.slots.iter().enumerate() {
            for (index, slot) in slots.iter().filter(|(index, _)| active.promotions.contains(index)) {
                let sku = if self.promotion(*index).is_of_one_sku() {
                    self.ticket.lines[line].sku.as_str()
                } else {
                    ""
                };
                let count = units.entry((*index, *slot, sku)).or_insert(0);
                *count = count.saturating_add(self.count(line));
            }
        }
        let mut filled: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        for ((index, slot, _), count) in units {
            let needed = self.promotion(index).slots().get(slot).map_or(u32::MAX, |(_, units)| *units);
            if count >= needed {
                filled.entry(index).or_default().insert(slot);
            }
        }
        filled
            .into_iter()
            .filter(|(index, slots)| slots.len() == self.promotion(*index).slots().len())
            .map(|(index, _)| index)
            .collect()
    }

    /// How many units, or applications, an item promotion may still take
    /// where that is less than what is there.
    fn item_limit(&self, index: usize) -> Option<u32> {
        let units = self.units_of(index);
        let promotion = self.promotion(index);
        let needed: u32 = promotion.slots().iter().map(|(_, units)| *units).sum();
        let quota = self.units_left(index).filter(|quota| *quota < units);
        let applications = promotion.applications_max.filter(|most| *most < units / needed.max(1));
        quota.or(applications)
    }

    /// Units of the lines that a promotion is about.
    fn units_of(&self, index: usize) -> u32 {
        self.lines_of(index).iter().map(|line| self.count(*line)).fold(0, u32::saturating_add)
    }

    fn price_limits(&self, active: &Active) -> BTreeMap<usize, u32> {
        let mut limits = BTreeMap::new();
        for index in &active.promotions {
            let promotion = self.promotion(*index);
            if promotion.layer() != Layer::Price {
                continue;
            }
            let most =
                [self.units_left(*index), active.add_ons.get(index).copied()].into_iter().flatten().min();
            if let Some(most) = most.filter(|most| *most < self.units_of(*index)) {
                limits.insert(*index, most);
            }
        }
        limits
    }

    /// The item promotions among some lines: by promotion and item, the group
    /// and the limit of its units.
    fn groups(
        &self,
        members: &[usize],
        usable: &BTreeSet<usize>,
        component: &mut Component,
    ) -> BTreeMap<(usize, String), (usize, Option<usize>)> {
        let mut groups: BTreeMap<(usize, String), (usize, Option<usize>)> = BTreeMap::new();
        let mut limits: BTreeMap<usize, (Option<usize>, Option<usize>)> = BTreeMap::new();
        for line in members {
            for (index, _) in self.slots[*line].iter().filter(|(index, _)| usable.contains(index)) {
                let promotion = self.promotion(*index);
                let sku = if promotion.is_of_one_sku() {
                    self.ticket.lines[*line].sku.clone()
                } else {
                    String::new()
                };
                if groups.contains_key(&(*index, sku.clone())) {
                    continue;
                }
                let slots: Vec<u32> = promotion.slots().iter().map(|(_, units)| *units).collect();
                let (applications, units) = *limits.entry(*index).or_insert_with(|| {
                    let mut limit = |value: Option<u32>| {
                        value.map(|value| {
                            component.limits.push(value);
                            component.limits.len() - 1
                        })
                    };
                    let all: u32 = members.iter().map(|line| self.count(*line)).fold(0, u32::saturating_add);
                    let needed: u32 = slots.iter().sum();
                    let applications =
                        limit(promotion.applications_max.filter(|most| *most < all / needed.max(1)));
                    (applications, limit(self.units_left(*index).filter(|left| *left < all)))
                });
                let place = component.groups.len();
                component.groups.push(Group { promotion: *index, slots, applications });
                groups.insert((*index, sku), (place, units));
            }
        }
        groups
    }

    #[allow(clippy::type_complexity)]
    fn options(
        &self,
        line: usize,
        active: &Active,
        may: &dyn Fn(&usize) -> bool,
        limits: &BTreeMap<usize, usize>,
        groups: &BTreeMap<(usize, String), (usize, Option<usize>)>,
    ) -> Option<(Vec<Single>, Vec<Join>)> {
        let tag = self.tag_price(line);
        let mut prices: Vec<(Option<usize>, Money)> = Vec::new();
        if tag.is_none() {
            prices.push((None, self.regular(line)));
        }
        for (index, price) in self.prices[line].iter().filter(|(index, _)| may(index)) {
            let allowed = tag.is_none_or(|tag| *price == tag || *price < tag && self.is_limited(*index));
            let there =
                !is_add_on(self.promotion(*index)) || active.add_ons.get(index).is_some_and(|n| *n > 0);
            if allowed && there {
                prices.push((Some(*index), *price));
            }
        }
        if prices.is_empty() {
            return None;
        }
        let takes = |index: Option<usize>| -> Vec<usize> {
            index.and_then(|index| limits.get(&index)).copied().into_iter().collect()
        };
        let singles = prices
            .iter()
            .map(|(promotion, price)| Single {
                price: *price,
                promotion: *promotion,
                takes: takes(*promotion),
                region: 0,
            })
            .collect();
        let mut joins = Vec::new();
        let sku = &self.ticket.lines[line].sku;
        for (index, slot) in &self.slots[line] {
            let key = if self.promotion(*index).is_of_one_sku() { sku.clone() } else { String::new() };
            let Some((group, units)) = groups.get(&(*index, key)) else { continue };
            for (promotion, price) in &prices {
                if promotion.is_some_and(|index| !self.promotion(index).stacking.allow_item) {
                    continue;
                }
                let mut takes = takes(*promotion);
                takes.extend(*units);
                joins.push(Join {
                    group: *group,
                    slot: *slot,
                    price: *price,
                    price_promotion: *promotion,
                    takes,
                    region: 0,
                });
            }
        }
        Some((singles, joins))
    }
}

/// What may be taken off each line.
pub(super) struct Masks {
    lines: Vec<LineMask>,
}

#[derive(Debug, Clone, Copy, Default)]
struct LineMask {
    /// At its regular price.
    regular: Mask,
    /// Where a price or item promotion lowered it.
    lowered: Mask,
    /// The add-on offers that it counts for.
    add_ons: Mask,
}

/// The bit of the other goods of an add-on offer.
pub(super) fn add_on_bit(place: usize) -> Mask {
    1 << (OVERLAYS_MAX + place)
}

pub(super) fn is_add_on(promotion: &Promotion) -> bool {
    matches!(promotion.rule, Rule::Price(PriceRule::AddOn { .. }))
}

fn is_about(promotion: &Promotion, line: &TicketLine) -> bool {
    let slots = promotion.slots().len();
    if matches!(promotion.rule, Rule::Item(_)) {
        return (0..slots).any(|slot| slot_fits(promotion, slot, line));
    }
    promotion.scope.holds(&line.sku, &line.category, line.expires_in_days)
}

fn slot_fits(promotion: &Promotion, slot: usize, line: &TicketLine) -> bool {
    promotion.slot_holds(slot, &line.sku, &line.category, line.expires_in_days)
}

fn unmet_by(promotion: &Promotion, ticket: &Ticket) -> Option<Unmet> {
    if let Some(why) = promotion.conditions.unmet(&ticket.occasion) {
        return Some(why);
    }
    if promotion.is_for_each_member() && ticket.occasion.member.is_none() {
        return Some(Unmet::Customer);
    }
    if let Some(QuotaLeft { units: 0, whose, daily }) = ticket.quotas_left.get(&promotion.id).copied() {
        return Some(Unmet::UsedUp { whose, daily });
    }
    match (&ticket.coupons, promotion.layer()) {
        (Coupons::Held(ids), _) if promotion.is_brought() && !ids.contains(&promotion.id) => {
            Some(Unmet::Coupon)
        }
        (Coupons::Held(_) | Coupons::AllLive, Layer::Price | Layer::Item | Layer::Order | Layer::Coupon) => {
            None
        }
    }
}

/// How many units a line is, and what each costs.
fn unit_of(goods: Goods) -> (u32, Money) {
    match goods {
        Goods::Pieces { count, price } => (count, price),
        Goods::Measured { .. } | Goods::Amount(_) => (1, goods.gross()),
    }
}

/// What a unit costs under a price rule, where that is less.
fn lowered(rule: &PriceRule, line: &TicketLine) -> Option<Money> {
    let of_pack = |amount: Money| amount.checked_multiple(line.factor);
    let cut = |price: Money| match rule {
        PriceRule::Fixed(fixed) | PriceRule::AddOn { price: fixed, .. } => of_pack(*fixed),
        PriceRule::Percent(percent) => Some(price.percent(*percent)),
        PriceRule::Off(off) => Some((price - of_pack(*off)?).max(Money::ZERO)),
    };
    match line.goods {
        Goods::Pieces { price, .. } => cut(price).filter(|lower| *lower < price),
        Goods::Measured { quantity, price } => {
            cut(price).filter(|lower| *lower < price).map(|lower| lower.times(quantity))
        }
        Goods::Amount(_) => None,
    }
}

/// Lines that belong together.
struct Joined {
    parents: Vec<usize>,
}

impl Joined {
    fn new(lines: usize) -> Self {
        Self { parents: (0..lines).collect() }
    }

    fn root(&mut self, mut line: usize) -> usize {
        while self.parents[line] != line {
            self.parents[line] = self.parents[self.parents[line]];
            line = self.parents[line];
        }
        line
    }

    fn join(&mut self, one: usize, other: usize) {
        let (one, other) = (self.root(one), self.root(other));
        self.parents[one.max(other)] = one.min(other);
    }

    fn sets(mut self) -> Vec<Vec<usize>> {
        let mut sets: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for line in 0..self.parents.len() {
            sets.entry(self.root(line)).or_default().push(line);
        }
        sets.into_values().collect()
    }
}
