//! Goods that are sold by weight: the lane's scale is asked, and what it says joins the basket. A person says it only
//! where the chain lets them.

use std::sync::Arc;

use super::step::{Measure, Step};
use super::{Context, Effect, Message};
use crate::basket::{Trace, WeighedBy};
use crate::catalogue::{Found, Item};
use crate::money::{Money, Quantity};
use crate::rights::Act;

/// Whether a person may say what goods weigh, where a scale stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TypedWeights {
    /// Anybody.
    Free,
    /// Who has the right to, or finds somebody who approves.
    #[default]
    ByRight,
    /// Nobody.
    Never,
}

/// What is to be weighed. It comes back with the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToWeigh {
    /// The goods.
    pub item: Arc<Item>,
    /// What was scanned or chosen.
    pub code: String,
    /// What a kilogram costs now, for scales that show it.
    pub unit_price: Money,
    /// What the code said of this piece.
    pub trace: Trace,
}

/// What a scale said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScaleAnswer {
    /// The goods lie still.
    Weighed {
        /// What they weigh, grams.
        grams: i64,
        /// Whether a tare was taken off.
        net: bool,
    },
    /// They were not weighed.
    Not(ScaleFault),
}

/// Why a scale did not weigh.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScaleFault {
    /// It does not answer, or lost its line meanwhile.
    Away,
    /// Nothing lay on it.
    Empty,
    /// It never came to rest.
    Moving,
    /// More than it may carry.
    OverRange,
    /// Less than nothing: it must be emptied and set to zero.
    UnderRange,
    /// Less than it may sell.
    BelowMinimum,
    /// The goods that were weighed last still lie there.
    Unchanged,
    /// It weighs in something that is not whole grams.
    Unit,
    /// It said no for a reason of its own.
    Refused,
}

impl Step {
    /// Weighed goods without a weight: the scale is asked where there is one.
    pub(super) fn weigh(&mut self, context: &Context<'_>, found: &Found, code: &str, trace: Trace) {
        let item = &found.item;
        // Packs of a weighed item hold what they hold.
        if !context.settings.rules.has_scale || found.unit.is_some() {
            return self.refuse(Message::WeightNeeded(item.clone()));
        }
        match self.price(context, found, None) {
            Err(message) => self.refuse(message),
            Ok(priced) => self.effects.push(Effect::Weigh(Box::new(ToWeigh {
                item: item.clone(),
                code: code.to_owned(),
                unit_price: priced.price.price,
                trace,
            }))),
        }
    }

    /// The scale answered. Whatever has happened meanwhile decides whether goods may join.
    pub(super) fn weighed(&mut self, context: &Context<'_>, goods: &ToWeigh, answer: ScaleAnswer) {
        let not = |fault| Message::NotWeighed { item: goods.item.clone(), fault };
        let (grams, net) = match answer {
            ScaleAnswer::Weighed { grams, net } => (grams, net),
            ScaleAnswer::Not(fault) => return self.refuse(not(fault)),
        };
        if !self.may_add() {
            return;
        }
        if let Some(serial) = &goods.trace.serial
            && self.till.basket.has_serial(&goods.item.sku, serial)
        {
            let (item, serial) = (goods.item.clone(), serial.clone());
            return self.refuse(Message::SerialInBasket { item, serial });
        }
        let quantity = match (grams, Quantity::from_thousandths(grams)) {
            (0, _) => return self.refuse(not(ScaleFault::Empty)),
            (_, Some(quantity)) => quantity,
            (..=-1, None) => return self.refuse(not(ScaleFault::UnderRange)),
            (_, None) => return self.refuse(not(ScaleFault::OverRange)),
        };
        // The goods as they are now: a new version may have come meanwhile.
        match context.catalogue.item_by_sku(&goods.item.sku) {
            Err(fault) => self.refuse(Message::Fault(fault)),
            Ok(Some(item)) if item.weighed => {
                let measure = Measure::Weighed(quantity, WeighedBy::Scale { net });
                self.add(context, &item.into(), &goods.code, measure, goods.trace.clone(), None);
            }
            Ok(_) => self.unknown(Message::UnknownCode(goods.code.clone())),
        }
    }

    /// Whether a person may say what goods weigh; otherwise somebody is asked, or they are told.
    pub(super) fn may_type_weight(&mut self, context: &Context<'_>, item: &Arc<Item>) -> bool {
        let rules = &context.settings.rules;
        if !rules.has_scale {
            return true;
        }
        match rules.typed_weights {
            TypedWeights::Free => true,
            TypedWeights::ByRight => {
                self.allow(Act::TypeWeight, |rights| rights.allow(Act::TypeWeight)).is_some()
            }
            TypedWeights::Never => {
                self.refuse(Message::WeightByScaleOnly(item.clone()));
                false
            }
        }
    }
}
