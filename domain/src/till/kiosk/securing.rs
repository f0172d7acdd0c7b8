//! The bagging scale in the till: what of the basket is to lie there, what somebody is called for, and what is learned.

use super::{
    BagInput, BagLine, BaggingRules, Cause, KioskInput, KioskMessage, KioskRecord, KioskRules, LEARNED_FROM,
    SecurityWeight, Weighing,
};
use crate::basket::Line;
use crate::record::Record;
use crate::till::step::Step;
use crate::till::{Context, Desk, Effect, Message, Sound};

impl Step {
    /// Something happened at the bagging scale, or with what lies there.
    pub(super) fn bag(&mut self, rules: &KioskRules, input: BagInput) {
        let Some(rules) = &rules.bagging else {
            return self.refuse(Message::Kiosk(KioskMessage::NotHere));
        };
        match input {
            BagInput::Scale(reading) => self.till.kiosk.bagging.hear(reading),
            BagInput::Hurry => self.till.kiosk.bagging.hurry(),
            BagInput::Fresh => {
                if self.till.basket.is_untouched() {
                    self.till.kiosk.bagging.leave_basket();
                }
            }
            BagInput::OwnBag => match self.till.kiosk.bagging.take_own_bag(rules) {
                None => self.refuse(Message::Kiosk(KioskMessage::NoBag)),
                Some(grams) => {
                    self.commit(Record::Kiosk(KioskRecord::OwnBag { grams }));
                    self.effects.push(Effect::Sound(Sound::Accepted));
                }
            },
        }
    }

    /// Whether goods may join, or be paid: not while the bagging scale waits for something.
    pub(in crate::till) fn is_bagged(&mut self) -> bool {
        let state = self.till.kiosk.bagging.state();
        if state.holds() {
            self.refuse(Message::Kiosk(KioskMessage::Bag(state)));
        }
        !state.holds()
    }

    /// Looks at the scale as the basket is now.
    pub(super) fn look_at_bagging(&mut self, context: &Context<'_>, rules: &BaggingRules) {
        // What is packed while somebody pays is the customer's own business.
        if !matches!(self.till.desk, Desk::Selling(_) | Desk::Done(..)) {
            return;
        }
        let till = &self.till;
        let lines = till.basket.lines().iter().filter(|line| is_bagged(line, rules));
        let lines: Vec<BagLine> = lines.map(|line| self.bag_line(context, rules, line)).collect();
        let is_bagged = till.basket.phones().is_empty();
        let now_ms = self.now_ms;
        let bagging = &mut self.till.kiosk.bagging;
        bagging.follow(lines, is_bagged);
        if let Some(weighing) = bagging.look(rules, now_ms) {
            self.learn(context, weighing, LEARNED_FROM);
        }
    }

    fn bag_line(&self, context: &Context<'_>, rules: &BaggingRules, line: &Line) -> BagLine {
        let number = line.number;
        if line.item.weighed && line.unit.is_none() {
            let each = Some(rules.expect(line.quantity.thousandths()));
            return BagLine { line: number, pieces: 1, each, learns: None };
        }
        let pieces = line.quantity.pieces().unwrap_or(1);
        if let Some(held) = self.till.kiosk.bagging.held(number) {
            return BagLine { pieces, ..held.clone() };
        }
        let unit = line.unit.as_ref().map_or("", |unit| unit.id.as_str());
        let each = self.weight_of(context, &line.item.sku, unit).and_then(|weight| rules.expect_by(weight));
        let learns = Some((line.item.sku.clone(), unit.to_owned()));
        BagLine { line: number, pieces, each, learns }
    }

    /// What is known of a piece, here or from HQ: whoever has seen more of it is asked.
    fn weight_of(&self, context: &Context<'_>, sku: &str, unit: &str) -> Option<SecurityWeight> {
        // Goods that cannot be asked are goods of which nothing is known.
        let told = context.catalogue.security_weight(sku, unit).ok().flatten();
        let own = self.till.kiosk.learned(sku, unit);
        told.into_iter().chain(own).max_by_key(|weight| weight.count())
    }

    /// Writes down what a piece weighs, where fewer than `enough` weighings say so.
    pub(super) fn learn(&mut self, context: &Context<'_>, weighing: Weighing, enough: u32) {
        let known = self.weight_of(context, &weighing.sku, &weighing.unit);
        if known.is_none_or(|weight| weight.count() < enough) {
            self.commit(Record::Kiosk(KioskRecord::Weighed(weighing)));
        }
    }

    /// What the bagging scale calls somebody for now.
    pub(super) fn bag_cause(&self, rules: &KioskRules) -> Option<Cause> {
        let bagging = rules.bagging.as_ref()?;
        let any = !self.till.basket.lines().is_empty();
        self.till.kiosk.bagging.cause(bagging, self.now_ms).filter(|_| any)
    }
}

fn is_bagged(line: &Line, rules: &BaggingRules) -> bool {
    let named = |name: &String| *name == line.item.sku || *name == line.item.category;
    !line.item.membership && !rules.left_out.iter().any(named)
}

/// Whether an input is the scale's own, which nobody asked for.
pub(in crate::till) fn comes_by_itself(input: &KioskInput) -> bool {
    matches!(input, KioskInput::Bag(BagInput::Scale(_)))
}
