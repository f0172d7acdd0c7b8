//! One choice of promotions and add-on levels, ready to be searched.

use std::sync::Arc;

use super::super::component::{Component, Outcome};
use super::super::overlay::{Mask, Overlay};
use super::super::problem::{Masks, Problem};
use super::memory::{Least, Memory, ShapeId};
use crate::money::Money;

/// The most units to choose for at which a ticket is small.
const SMALL_UNITS_MAX: u32 = 24;

/// One choice of promotions and add-on levels, with what overlays see of it.
pub(super) struct Stage<'a, 'b> {
    /// The options of each stand in regions: places in its [`Options::masks`].
    pub components: Vec<Arc<Component>>,
    /// What each component is remembered by.
    pub shapes: Vec<ShapeId>,
    pub overlays: &'b [Overlay<'a>],
    pub masks: Masks,
    pub add_ons: &'b [usize],
    /// What the goods outside each limited add-on offer must come to.
    pub add_on_min: Vec<(Mask, Money)>,
    /// What overlays count of each option of each component.
    pub options: Vec<Options>,
    /// The components in which there is something to choose.
    pub varying: Vec<usize>,
    /// Whatever masks the portions of each line may have.
    pub line_masks: Vec<(usize, Mask)>,
    /// The same without the lines.
    pub distinct: Vec<Mask>,
    /// Of each overlay all that counts some of its goods.
    meets: Vec<Mask>,
    /// Of each overlay all that counts every one of its goods.
    within: Vec<Mask>,
    /// The most that the goods of each overlay can come to below it.
    pub most: Vec<Money>,
}

/// What overlays count of the options of a component.
pub(super) struct Options {
    /// What counts an option, by its region; each once.
    pub masks: Vec<Mask>,
    /// What counts all of them.
    pub common: Mask,
    /// What counts any of them.
    pub any: Mask,
}

/// The least that the layers below come to.
pub(super) struct Plain {
    pub outcome: Outcome,
    /// By component.
    pub outcomes: Vec<Arc<Least>>,
    /// Nothing is below this.
    pub bound: Money,
    /// The least that the goods of each overlay can come to before overlays.
    pub bases: Vec<Money>,
}

impl<'a, 'b> Stage<'a, 'b> {
    pub fn new(
        problem: &Problem<'a>,
        memory: &mut Memory,
        components: Vec<Component>,
        overlays: &'b [Overlay<'a>],
        add_ons: &'b [usize],
        add_on_min: Vec<(Mask, Money)>,
    ) -> Self {
        let masks = problem.masks(overlays, add_ons);
        let mut line_masks = Vec::new();
        let (mut shaped, mut shapes, mut options) = (Vec::new(), Vec::new(), Vec::new());
        for mut component in components {
            options.push(Options::new(problem, &masks, &mut component, &mut line_masks));
            let (component, shape) = memory.shape(component, problem.effort);
            shaped.push(component);
            shapes.push(shape);
        }
        let varying = (0..shaped.len()).filter(|place| !shaped[*place].is_fixed()).collect();
        line_masks.sort_unstable();
        line_masks.dedup();
        let mut distinct: Vec<Mask> = line_masks.iter().map(|(_, mask)| *mask).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let own = |bit: Mask| distinct.iter().copied().filter(move |mask| mask & bit != 0);
        let meets = overlays.iter().map(|overlay| own(overlay.bit).fold(0, |all, mask| all | mask));
        let within = overlays.iter().map(|overlay| own(overlay.bit).fold(Mask::MAX, |all, mask| all & mask));
        let (meets, within) = (meets.collect(), within.collect());
        let mut stage = Self {
            components: shaped,
            shapes,
            overlays,
            masks,
            add_ons,
            add_on_min,
            options,
            varying,
            line_masks,
            distinct,
            meets,
            within,
            most: Vec::new(),
        };
        stage.most = overlays.iter().map(|overlay| stage.most_base(overlay.bit)).collect();
        stage
    }

    /// Whether two overlays count any goods both.
    pub fn meets(&self, one: usize, other: usize) -> bool {
        self.meets[one] & self.overlays[other].bit != 0
    }

    /// Whether the other counts all goods of the one.
    pub fn is_within(&self, one: usize, other: usize) -> bool {
        self.within[one] & self.overlays[other].bit != 0
    }

    /// Whether the other counts some of the goods of the one, and some not.
    pub fn is_in_part(&self, one: usize, other: usize) -> bool {
        self.meets(one, other) && !self.is_within(one, other)
    }

    /// The most that goods with a bit can come to; of an overlay as it was found out before.
    pub fn most_of(&self, bit: Mask) -> Money {
        let place = self.overlays.iter().position(|overlay| overlay.bit == bit);
        place.and_then(|place| self.most.get(place)).copied().unwrap_or_else(|| self.most_base(bit))
    }

    /// The most that goods with a bit can come to below the overlays.
    pub fn most_base(&self, bit: Mask) -> Money {
        let mut most = Money::ZERO;
        for (component, options) in self.components.iter().zip(&self.options) {
            for class in &component.classes {
                let singles = class.singles.iter().map(|single| (single.price, single.region));
                let joins = class.joins.iter().map(|join| (join.price, join.region));
                let own = singles.chain(joins).filter(|(_, region)| options.masks[*region] & bit != 0);
                most += own.map(|(price, _)| price).max().unwrap_or_default().times_count(class.count);
            }
        }
        most
    }

    /// The least that goods with a bit can come to: what those components
    /// come to that it counts whatever is done to them.
    pub fn least_base(&self, outcomes: &[Arc<Least>], bit: Mask) -> Money {
        let own = self.options.iter().zip(outcomes).filter(|(options, _)| options.common & bit != 0);
        own.map(|(_, least)| least.bound).sum()
    }

    /// Whether there is something to choose for few units only: then every way
    /// is looked at even where those of one component are many.
    pub fn is_small(&self) -> bool {
        let varying = self.varying.iter().map(|place| &self.components[*place]);
        let counts = varying.flat_map(|component| &component.classes).map(|class| class.count);
        counts.fold(0, u32::saturating_add) <= SMALL_UNITS_MAX
    }

    /// A component whose options stand in other regions, by mask and line.
    pub fn with_regions(&self, place: usize, region: &mut dyn FnMut(Mask, usize) -> usize) -> Component {
        let masks = &self.options[place].masks;
        self.components[place].in_regions(&mut |own, line| region(masks[own], line))
    }
}

impl Options {
    /// Looks at the options of a component, and puts each into the region of its mask.
    fn new(
        problem: &Problem<'_>,
        masks: &Masks,
        component: &mut Component,
        line_masks: &mut Vec<(usize, Mask)>,
    ) -> Self {
        let mut known: Vec<Mask> = Vec::new();
        for class in &mut component.classes {
            let line = class.line;
            let mut region_of = |price, item| {
                let mask = problem.mask(masks, line, price, item);
                line_masks.push((line, mask));
                super::least::region_of(&mut known, mask)
            };
            for single in &mut class.singles {
                single.region = region_of(single.promotion, None);
            }
            for join in &mut class.joins {
                join.region = region_of(join.price_promotion, Some(component.groups[join.group].promotion));
            }
        }
        let common = known.iter().fold(Mask::MAX, |common, mask| common & mask);
        let any = known.iter().fold(0, |any, mask| any | mask);
        Self { masks: known, common, any }
    }
}

impl Component {
    /// Whether there is nothing to choose.
    pub(super) fn is_fixed(&self) -> bool {
        let own = |class: &super::super::component::Class| class.singles.len() == 1 && class.joins.is_empty();
        self.limits.is_empty() && self.classes.iter().all(own)
    }

    /// The same with its options in other regions, by region and line.
    pub(in crate::promotion) fn in_regions(&self, region: &mut dyn FnMut(usize, usize) -> usize) -> Self {
        let mut own = self.clone();
        for class in &mut own.classes {
            for single in &mut class.singles {
                single.region = region(single.region, class.line);
            }
            for join in &mut class.joins {
                join.region = region(join.region, class.line);
            }
        }
        own
    }
}
