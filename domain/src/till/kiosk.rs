//! A till that strangers use by themselves: what they may do alone, and what waits for the attendant.
//!
//! The attendant signs in, which opens the lane, and leaves; whoever stands here then has no rights at all. What needs
//! the attendant is a [`Cause`]. Most causes follow from the basket: they are called out by themselves, and are over
//! by themselves when the basket does not have them any more. What is called, and what came of it, is in the journal.

mod attending;
mod audit;
mod bagging;
pub(super) mod securing;
mod seen;
pub mod tuning;
mod weight;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::basket::{Basket, Line};
use crate::catalogue::Item;
use crate::money::Money;

pub use audit::{AUDIT_PARTS, AuditRules, ChanceParts, Drawn, RandomSource, Risk};
pub use bagging::{
    BagFound, BagLine, BagReading, BagState, Bagging, BaggingRules, Expected, LEAST_GRAMS, Weighing,
};
pub use weight::{KNOWN_FROM, LEARNED_FROM, PIECE_GRAMS_MAX, SecurityWeight, WEIGHINGS_MAX};

/// The most kinds of goods whose weights a lane keeps by itself, until HQ tells them.
pub const LEARNED_MAX: usize = 4_096;

/// What a chain may set of its kiosks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KioskRules {
    /// So many pieces of a basket a customer may take out of it alone,
    pub free_removals: u32,
    /// each of them up to this net.
    pub free_removal_net: Money,
    /// The most pieces of one item that are sold unattended.
    pub item_pieces_max: i64,
    /// The most pieces of a basket.
    pub pieces_max: i64,
    /// The most that an unattended basket may come to.
    pub total_max: Money,
    /// Whether tobacco is sold: goods that are never reduced and not for children.
    pub sells_tobacco: bool,
    /// Categories that are not sold here, by their ids.
    pub kept_back: Vec<String>,
    /// So many payments of a basket may fail before the attendant is needed.
    pub failed_payments_max: u32,
    /// Which baskets are looked at before they are paid.
    pub audit: AuditRules,
    /// How the bagging scale is read; `None` where there is none.
    pub bagging: Option<BaggingRules>,
}

impl KioskRules {
    /// What holds where a chain says nothing else; `major` is a unit of the currency, such as a yuan.
    pub fn usual(major: Money) -> Self {
        let of = |count: i64| Money::from_minor(major.minor().saturating_mul(count));
        Self {
            free_removals: 2,
            free_removal_net: of(50),
            item_pieces_max: 12,
            pieces_max: 60,
            total_max: of(2_000),
            sells_tobacco: false,
            kept_back: Vec::new(),
            failed_payments_max: 2,
            audit: AuditRules::default(),
            bagging: None,
        }
    }

    /// Whether an item is sold at a kiosk.
    pub fn sells(&self, item: &Item) -> bool {
        let tobacco = item.age_restricted && item.no_promotion;
        // A membership is credited to whoever sells it.
        let alone = !item.membership && (!tobacco || self.sells_tobacco);
        alone && !self.kept_back.contains(&item.category)
    }

    /// Whether a basket has more pieces, of one item or of all, than is sold unattended; `passed` were looked at.
    pub fn has_many_pieces(&self, basket: &Basket, passed: i64) -> bool {
        if basket.pieces() <= passed {
            return false;
        }
        let of = |line: &Line| -> i64 {
            let same = basket.lines().iter().filter(|other| other.item.sku == line.item.sku);
            same.map(|line| line.item.pieces(line.quantity)).sum()
        };
        basket.pieces() > self.pieces_max || basket.lines().iter().any(|line| of(line) > self.item_pieces_max)
    }
}

/// Why the attendant is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Is the customer old enough?
    Age,
    /// A customer wants more taken out of the basket than they may take out alone.
    Removal,
    /// More pieces than are sold unattended.
    Pieces,
    /// A dearer basket than is sold unattended.
    Total,
    /// A payment that nobody knows the end of, or one too many that failed.
    Payment,
    /// Goods were rung up and not put on the bagging scale.
    NotBagged,
    /// What was put there weighs something else than what was rung up.
    WrongWeight,
    /// Something lies there that was not rung up.
    Unexpected,
    /// Something that was rung up was taken off it.
    TakenOff,
    /// The basket was drawn to be looked at.
    Audit,
    /// The customer pays in cash.
    Cash,
    /// The customer asks.
    Help,
    /// The customer thinks that a price is wrong.
    PriceQuery,
    /// The customer has a coupon that does not do what they expected.
    CouponQuery,
}

impl Cause {
    /// All of them: no more than these are called at one time.
    pub const ALL: [Self; 14] = [
        Self::Age,
        Self::Removal,
        Self::Pieces,
        Self::Total,
        Self::Payment,
        Self::NotBagged,
        Self::WrongWeight,
        Self::Unexpected,
        Self::TakenOff,
        Self::Audit,
        Self::Cash,
        Self::Help,
        Self::PriceQuery,
        Self::CouponQuery,
    ];

    /// Whether it follows from the basket, so that nobody has to call it out.
    pub const fn comes_by_itself(self) -> bool {
        !matches!(self, Self::Cash) && !self.is_a_question()
    }

    /// Whether a customer wants somebody, whatever is in the basket.
    pub const fn is_a_question(self) -> bool {
        matches!(self, Self::Help | Self::PriceQuery | Self::CouponQuery)
    }

    /// Whether a basket with it is not paid.
    pub const fn holds_payment(self) -> bool {
        matches!(self, Self::Age | Self::Pieces | Self::Total | Self::Audit) || self.is_of_weight()
    }

    /// Whether the bagging scale calls for it.
    pub const fn is_of_weight(self) -> bool {
        matches!(self, Self::NotBagged | Self::WrongWeight | Self::Unexpected | Self::TakenOff)
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CallEnd {
    /// The attendant let it pass.
    Passed,
    /// The attendant did not let it pass.
    Refused,
    /// There was nothing: the kiosk should not have called.
    FalseAlarm,
    /// The reason was gone before the attendant came, or the basket was.
    Gone,
}

/// Something that waits for the attendant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    /// Why.
    pub cause: Cause,
    /// Since when, milliseconds UTC.
    pub at_ms: i64,
}

/// What happens at a kiosk and not at other tills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KioskInput {
    /// To payment, with a number that chance gave: which baskets are looked at depends on it.
    Pay {
        /// Any number.
        random: u32,
    },
    /// Something happened at the bagging scale.
    Bag(BagInput),
    /// The customer wants the attendant.
    Call(Cause),
    /// The customer does not any more.
    CallOff(Cause),
    /// The attendant says what came of a call.
    Answer {
        /// Which.
        cause: Cause,
        /// What came of it.
        end: CallEnd,
    },
    /// The attendant found this in a basket that was drawn.
    Audited(AuditFound),
}

/// What happens at a bagging scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BagInput {
    /// It says something.
    Scale(BagReading),
    /// The customer says that what lies there is a bag of their own.
    OwnBag,
    /// The customer does not put right what is wrong: somebody is to come now.
    Hurry,
    /// The customer is gone, and had rung up nothing.
    Fresh,
}

/// What an audit found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditFound {
    /// Pieces that were looked at.
    pub checked: u32,
    /// Pieces that were not rung up.
    pub missed: u32,
    /// Pieces that were rung up as something else.
    pub wrong: u32,
    /// Pieces that were rung up too often.
    pub overcharged: u32,
}

impl AuditFound {
    /// Whether all was as it should be.
    pub const fn is_well(self) -> bool {
        self.missed == 0 && self.wrong == 0 && self.overcharged == 0
    }
}

/// A fact of a kiosk, for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KioskRecord {
    /// The attendant is needed.
    Called {
        /// Why.
        cause: Cause,
    },
    /// They are not any more.
    Answered {
        /// Why they were.
        cause: Cause,
        /// What came of it.
        end: CallEnd,
        /// Up to what it may go on unasked: pieces, or minor units of the total; what the weight was off, grams; 0 where
        /// that means nothing.
        level: i64,
    },
    /// Chance said whether a basket is looked at.
    AuditDrawn {
        /// What it said.
        drawn: Drawn,
        /// What the chance is made of; nothing in what an older program wrote.
        parts: ChanceParts,
        /// Where the number comes from.
        source: RandomSource,
    },
    /// What the bagging scale called somebody for.
    BagFound {
        /// Why.
        cause: Cause,
        /// What was expected and what was there.
        found: BagFound,
    },
    /// A piece of goods was weighed: what it weighs is known better now.
    Weighed(Weighing),
    /// The customer put a bag of their own there.
    OwnBag {
        /// What it weighs.
        grams: i64,
    },
    /// A basket was looked at.
    Audited(AuditFound),
}

/// What the customer is told at a kiosk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KioskMessage {
    /// It is not done at a kiosk.
    NotHere,
    /// The item is sold at a manned till only.
    NotSoldHere(std::sync::Arc<Item>),
    /// The attendant must come first.
    Wait(Cause),
    /// Nobody was called for this.
    NoCall(Cause),
    /// What lies on the bagging scale must be put right first.
    Bag(BagState),
    /// What lies there is no bag of the customer's own: it is too heavy, or goods are waited for.
    NoBag,
}

/// What a kiosk knows beside what every till knows. It is changed by records only, but for what a stop may forget.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Kiosk {
    calls: Vec<Call>,
    /// What the attendant did not let pass: it is not called out again before the customer wants to pay.
    pub(super) refused: Vec<Cause>,
    removals: u32,
    passed_pieces: i64,
    passed_total: Money,
    failed_payments: u32,
    drawn: Option<Drawn>,
    audited: bool,
    /// How often the bagging scale called somebody.
    pub(super) alarms: u32,
    /// How often the customer changed how many they take of something.
    pub(super) changes: u32,
    /// What lies on the bagging scale. A stop forgets it.
    bagging: Bagging,
    /// What goods were seen to weigh here, by item code and unit.
    learned: Arc<BTreeMap<(String, String), SecurityWeight>>,
    /// The document that the customer may have on paper, and has not asked for yet. A stop forgets it: its paper
    /// comes by itself then.
    pub(super) offered: Option<u64>,
}

impl Kiosk {
    /// What waits for the attendant, oldest first.
    pub fn calls(&self) -> &[Call] {
        &self.calls
    }

    /// Whether somebody is called for this.
    pub fn is_called(&self, cause: Cause) -> bool {
        self.calls.iter().any(|call| call.cause == cause)
    }

    /// The document whose paper the customer may choose.
    pub fn offered(&self) -> Option<u64> {
        self.offered
    }

    /// What chance said of the open basket.
    pub fn drawn(&self) -> Option<Drawn> {
        self.drawn
    }

    /// How the bagging scale stands.
    pub fn bagging(&self) -> &Bagging {
        &self.bagging
    }

    /// What a piece of goods was seen to weigh here; `unit` is empty for a base unit.
    pub fn learned(&self, sku: &str, unit: &str) -> Option<SecurityWeight> {
        self.learned.get(&(sku.to_owned(), unit.to_owned())).copied()
    }

    /// Pieces that were taken out of the open basket again.
    pub fn removals(&self) -> u32 {
        self.removals
    }

    /// What a stop leaves of it.
    pub(super) fn wake(&mut self) {
        self.refused.clear();
        self.offered = None;
        self.bagging = Bagging::default();
    }

    pub(super) fn apply(&mut self, at_ms: i64, record: &KioskRecord) {
        match record {
            KioskRecord::Called { cause } => {
                let cause = *cause;
                if !self.is_called(cause) {
                    self.calls.push(Call { cause, at_ms });
                }
                if cause.is_of_weight() {
                    self.alarms = self.alarms.saturating_add(1);
                }
            }
            KioskRecord::Answered { cause, end, level } => self.answer(*cause, *end, *level),
            KioskRecord::AuditDrawn { drawn, .. } => self.drawn = Some(*drawn),
            KioskRecord::Audited(_) => self.audited = true,
            KioskRecord::Weighed(weighing) => self.learn(weighing),
            KioskRecord::BagFound { .. } | KioskRecord::OwnBag { .. } => {}
        }
    }

    fn learn(&mut self, weighing: &Weighing) {
        let key = (weighing.sku.clone(), weighing.unit.clone());
        let learned = Arc::make_mut(&mut self.learned);
        if learned.len() < LEARNED_MAX || learned.contains_key(&key) {
            let known = learned.entry(key).or_default();
            *known = known.with(weighing.grams);
        }
    }

    fn answer(&mut self, cause: Cause, end: CallEnd, level: i64) {
        self.calls.retain(|call| call.cause != cause);
        self.refused.retain(|refused| *refused != cause);
        match end {
            CallEnd::Refused => self.refused.push(cause),
            CallEnd::Gone => {}
            CallEnd::Passed | CallEnd::FalseAlarm => match cause {
                Cause::Pieces => self.passed_pieces = level,
                Cause::Total => self.passed_total = Money::from_minor(level),
                Cause::Payment => self.failed_payments = 0,
                Cause::Age
                | Cause::Removal
                | Cause::NotBagged
                | Cause::WrongWeight
                | Cause::Unexpected
                | Cause::TakenOff
                | Cause::Audit
                | Cause::Cash
                | Cause::Help
                | Cause::PriceQuery
                | Cause::CouponQuery => {}
            },
        }
    }

    /// Something was taken out of the basket again.
    pub(super) fn remove(&mut self) {
        self.removals = self.removals.saturating_add(1);
    }

    /// The customer takes another number of something.
    pub(super) fn change(&mut self) {
        self.changes = self.changes.saturating_add(1);
    }

    /// A payment of the basket failed.
    pub(super) fn fail_payment(&mut self) {
        self.failed_payments = self.failed_payments.saturating_add(1);
    }

    /// The basket is gone, and what waited because of it. A customer who asked for help still waits.
    pub(super) fn leave_basket(&mut self) {
        let calls = self.calls.iter().copied().filter(|call| call.cause.is_a_question()).collect();
        self.bagging.leave_basket();
        let (bagging, learned) = (std::mem::take(&mut self.bagging), Arc::clone(&self.learned));
        *self = Self { calls, offered: self.offered, bagging, learned, ..Self::default() };
    }
}
