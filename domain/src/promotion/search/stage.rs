//! One choice of promotions and add-on levels, ready to be searched.

use std::sync::Arc;

use super::super::component::{Component, Outcome};
use super::super::overlay::{Mask, Overlay};
use super::super::problem::{Masks, Problem};
use super::memory::Least;
use crate::money::Money;

/// The most units to choose for at which a ticket is small.
const SMALL_UNITS_MAX: u32 = 24;

/// One choice of promotions and add-on levels, with what overlays see of it.
pub(super) struct Stage<'a, 'b> {
    pub components: Vec<Arc<Component>>,
    pub overlays: &'b [Overlay<'a>],
    pub masks: Masks,
    pub add_ons: &'b [usize],
    /// What the goods outside each limited add-on offer must come to.
    pub add_on_min: Vec<(Mask, Money)>,
    /// What overlays count of each option of each component.
    pub options: Vec<Options>,
    /// Whatever masks the portions of each line may have.
    pub line_masks: Vec<(usize, Mask)>,
    /// The same without the lines.
    pub distinct: Vec<Mask>,
    /// The most that the goods of each overlay can come to below it.
    pub most: Vec<Money>,
}

/// What overlays count of the options of a component.
pub(super) struct Options {
    /// By class, of each single.
    pub singles: Vec<Vec<Mask>>,
    /// By class, of each join.
    pub joins: Vec<Vec<Mask>>,
    /// All of them, each once.
    pub all: Vec<Mask>,
    /// What counts all of them.
    pub common: Mask,
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
        components: Vec<Arc<Component>>,
        overlays: &'b [Overlay<'a>],
        add_ons: &'b [usize],
        add_on_min: Vec<(Mask, Money)>,
    ) -> Self {
        let masks = problem.masks(overlays, add_ons);
        let mut line_masks = Vec::new();
        let options: Vec<Options> = components
            .iter()
            .map(|component| Options::new(problem, &masks, component, &mut line_masks))
            .collect();
        line_masks.sort_unstable();
        line_masks.dedup();
        let mut distinct: Vec<Mask> = line_masks.iter().map(|(_, mask)| *mask).collect();
        distinct.sort_unstable();
        distinct.dedup();
        let mut stage = Self {
            components,
            overlays,
            masks,
            add_ons,
            add_on_min,
            options,
            line_masks,
            distinct,
            most: Vec::new(),
        };
        stage.most = overlays.iter().map(|overlay| stage.most_base(overlay.bit)).collect();
        stage
    }

    /// The same, of an overlay as it was found out before.
    pub fn most_of(&self, bit: Mask) -> Money {
        let place = self.overlays.iter().position(|overlay| overlay.bit == bit);
        place.and_then(|place| self.most.get(place)).copied().unwrap_or_else(|| self.most_base(bit))
    }

    /// The most that goods with a bit can come to below the overlays.
    pub fn most_base(&self, bit: Mask) -> Money {
        let mut most = Money::ZERO;
        for (component, options) in self.components.iter().zip(&self.options) {
            for (place, class) in component.classes.iter().enumerate() {
                let singles = class.singles.iter().map(|single| single.price).zip(&options.singles[place]);
                let joins = class.joins.iter().map(|join| join.price).zip(&options.joins[place]);
                let own = singles.chain(joins).filter(|(_, mask)| *mask & bit != 0);
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
        let varying = self.components.iter().filter(|component| !component.is_fixed());
        let counts = varying.flat_map(|component| &component.classes).map(|class| class.count);
        counts.fold(0, u32::saturating_add) <= SMALL_UNITS_MAX
    }

    /// A component whose options stand in regions.
    pub fn with_regions(&self, place: usize, region: &mut dyn FnMut(Mask, usize) -> usize) -> Component {
        let mut own = self.components[place].as_ref().clone();
        let options = &self.options[place];
        for (place, class) in own.classes.iter_mut().enumerate() {
            for (single, mask) in class.singles.iter_mut().zip(&options.singles[place]) {
                single.region = region(*mask, class.line);
            }
            for (join, mask) in class.joins.iter_mut().zip(&options.joins[place]) {
                join.region = region(*mask, class.line);
            }
        }
        own
    }
}

impl Options {
    fn new(
        problem: &Problem<'_>,
        masks: &Masks,
        component: &Component,
        line_masks: &mut Vec<(usize, Mask)>,
    ) -> Self {
        let (mut singles, mut joins, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for class in &component.classes {
            let of = |price, item| problem.mask(masks, class.line, price, item);
            let own: Vec<Mask> = class.singles.iter().map(|single| of(single.promotion, None)).collect();
            let joined: Vec<Mask> = class
                .joins
                .iter()
                .map(|join| of(join.price_promotion, Some(component.groups[join.group].promotion)))
                .collect();
            for mask in own.iter().chain(&joined) {
                line_masks.push((class.line, *mask));
                if !all.contains(mask) {
                    all.push(*mask);
                }
            }
            singles.push(own);
            joins.push(joined);
        }
        let common = all.iter().fold(Mask::MAX, |common, mask| common & mask);
        Self { singles, joins, all, common }
    }
}
