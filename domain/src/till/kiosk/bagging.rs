//! The bagging scale of a kiosk: whether what lies there is what was rung up.
//!
//! The scale says what lies still on it, the basket says what should. Between two moments at which both agreed, the weight
//! must change by what the goods in between weigh, within a tolerance. It is a state machine that is total and knows no
//! clock of its own; what it holds is physical, so a stop forgets it and the goods are looked at anew.

use super::Cause;
use super::weight::{PIECE_GRAMS_MAX, SecurityWeight};

/// The least that shows on a bagging scale, grams: what weighs less may lie there or not.
pub const LEAST_GRAMS: i64 = 3;

/// The most that light goods may weigh together that were not seen to be put there, grams.
const SLACK_GRAMS_MAX: i64 = 100;

/// How many bags of their own a customer may bring.
const OWN_BAGS_MAX: u32 = 2;

/// A tolerance is at most this part of what goods weigh, in ten thousandths, where that is more than its least: a spread that
/// is wider tells nothing.
const TOLERANCE_PARTS_MAX: i64 = 2_500;

/// Parts of a tolerance: basis points.
const PARTS: i64 = 10_000;

/// What a chain may set of its bagging scales. Weights are grams, times milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaggingRules {
    /// So much may always be missing or too much,
    pub tolerance_grams: i64,
    /// and so much of what the goods weigh, basis points.
    pub tolerance_basis_points: u32,
    /// The most that a bag of the customer's own may weigh.
    pub own_bag_grams_max: i64,
    /// Item codes and categories of goods that are not put there, as they are too large.
    pub left_out: Vec<String>,
    /// How long goods may be on their way from the scanner until somebody is called.
    pub wait_ms: i64,
    /// How long a customer has to put right what is wrong until somebody is called.
    pub correct_ms: i64,
}

impl Default for BaggingRules {
    fn default() -> Self {
        Self {
            tolerance_grams: 15,
            tolerance_basis_points: 400,
            own_bag_grams_max: 600,
            left_out: Vec::new(),
            wait_ms: 20_000,
            correct_ms: 8_000,
        }
    }
}

impl BaggingRules {
    /// What is expected of a piece that weighs so much.
    pub fn expect(&self, grams: i64) -> Expected {
        let part = grams.saturating_mul(i64::from(self.tolerance_basis_points)) / PARTS;
        Expected { grams, tolerance: part.max(self.tolerance_grams) }
    }

    /// What is expected of a piece that was weighed before; `None` where that tells nothing yet.
    pub fn expect_by(&self, weight: SecurityWeight) -> Option<Expected> {
        if !weight.is_known() {
            return None;
        }
        let own = self.expect(weight.mean_grams());
        let most = (own.grams.saturating_mul(TOLERANCE_PARTS_MAX) / PARTS).max(own.tolerance);
        // Three standard deviations hold all but one in several hundred.
        let spread = weight.deviation_grams().saturating_mul(3);
        Some(Expected { tolerance: own.tolerance.max(spread).min(most), ..own })
    }
}

/// What a piece should weigh, grams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// So much,
    pub grams: i64,
    /// or so much more or less.
    pub tolerance: i64,
}

/// What a bagging scale says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BagReading {
    /// It does not answer.
    Away,
    /// Something moves on it.
    Moving,
    /// So many grams lie still on it.
    Still(i64),
}

/// How goods and scale stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BagState {
    /// Nobody looks: there is no scale, it is away, or the goods lie in a bag since they were scanned by phone.
    #[default]
    Unchecked,
    /// What lies there is what was rung up.
    Well,
    /// Goods were rung up and do not lie there yet.
    Waiting,
    /// What was put there weighs something else than what was rung up.
    Wrong,
    /// More lies there than was rung up.
    TooMuch,
    /// Less lies there than was rung up.
    TooLittle,
    /// What was taken back still lies there.
    TakeOut,
}

impl BagState {
    /// Whether goods must be put right before others come, or before they are paid.
    pub const fn holds(self) -> bool {
        match self {
            Self::Unchecked | Self::Well => false,
            Self::Waiting | Self::Wrong | Self::TooMuch | Self::TooLittle | Self::TakeOut => true,
        }
    }
}

/// A line of the basket, as the scale sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BagLine {
    /// Its number.
    pub line: u32,
    /// How many pieces; one of what is sold by weight.
    pub pieces: i64,
    /// What one of them weighs, where that is known.
    pub each: Option<Expected>,
    /// Item code and unit, where a weighing says more of them.
    pub learns: Option<(String, String)>,
}

/// A piece that was weighed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Weighing {
    /// Its item code.
    pub sku: String,
    /// The pack; empty for a base unit.
    pub unit: String,
    /// What it weighs.
    pub grams: i64,
}

/// What was expected and what was there, when somebody was called: grams that the weight should have changed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BagFound {
    /// At least.
    pub low: i64,
    /// At most.
    pub high: i64,
    /// What it did change by.
    pub measured: i64,
}

/// What a bagging scale and its basket have come to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bagging {
    state: BagState,
    /// Since when it is so, milliseconds UTC.
    since_ms: i64,
    /// What lay still there last; `None` while the scale says nothing.
    grams: Option<i64>,
    /// It was away while the basket was open.
    lost: bool,
    /// The basket's goods are not put there.
    passed_over: bool,
    /// What the empty scale shows.
    empty: Option<i64>,
    /// What lay there when goods and basket agreed last.
    base: i64,
    /// What light goods may weigh that nobody saw.
    slack: i64,
    /// The basket when it was looked at last.
    lines: Vec<BagLine>,
    /// What changed since; pieces below nothing are to be taken out.
    wanted: Vec<BagLine>,
    own_bags: u32,
}

impl Bagging {
    /// How goods and scale stand.
    pub fn state(&self) -> BagState {
        self.state
    }

    /// The line whose goods are waited for, or are to be taken out, and no other.
    pub fn line(&self) -> Option<u32> {
        match self.wanted.as_slice() {
            [only] => Some(only.line),
            _ => None,
        }
    }

    /// Why somebody is to be called, where it has lasted too long.
    pub fn cause(&self, rules: &BaggingRules, now_ms: i64) -> Option<Cause> {
        let lasts = now_ms.saturating_sub(self.since_ms);
        let (cause, after_ms) = match self.state {
            BagState::Unchecked | BagState::Well => return None,
            BagState::Waiting => (Cause::NotBagged, rules.wait_ms),
            BagState::Wrong => (Cause::WrongWeight, rules.correct_ms),
            BagState::TooMuch => (Cause::Unexpected, rules.correct_ms),
            BagState::TakeOut => (Cause::Unexpected, rules.wait_ms),
            BagState::TooLittle => (Cause::TakenOff, rules.correct_ms),
        };
        (lasts >= after_ms).then_some(cause)
    }

    /// What is expected and what is there.
    pub fn found(&self, rules: &BaggingRules) -> BagFound {
        let (low, high) = self.bounds(rules);
        BagFound { low, high, measured: self.changed() }
    }

    /// The scale says something.
    pub fn hear(&mut self, reading: BagReading) {
        match reading {
            BagReading::Moving => {}
            BagReading::Away => {
                self.grams = None;
                self.lost = true;
                self.wanted.clear();
            }
            BagReading::Still(grams) => {
                let grams = grams.clamp(-PIECE_GRAMS_MAX, 4 * PIECE_GRAMS_MAX);
                match (self.empty, self.lines.is_empty(), self.lost) {
                    (None, true, _) => (self.empty, self.base) = (Some(grams), grams),
                    // After a start: of an open basket all is to lie on a scale that shows nothing without it.
                    (None, false, false) => (self.empty, self.base) = (Some(0), 0),
                    // It was away meanwhile, and nobody knows what happened.
                    (empty, false, true) => (self.empty, self.base) = (empty.or(Some(0)), grams),
                    (Some(_), true, _) | (Some(_), false, false) => {}
                }
                self.lost = false;
                self.grams = Some(grams);
            }
        }
    }

    /// The basket is so now. `is_bagged` says whether its goods are put on the scale at all.
    pub fn follow(&mut self, lines: Vec<BagLine>, is_bagged: bool) {
        for line in &lines {
            let before = self.lines.iter().find(|held| held.line == line.line).map_or(0, |held| held.pieces);
            self.want(line, line.pieces - before);
        }
        let gone: Vec<BagLine> = self
            .lines
            .iter()
            .filter(|held| lines.iter().all(|line| line.line != held.line))
            .cloned()
            .collect();
        gone.iter().for_each(|held| self.want(held, -held.pieces));
        self.lines = lines;
        self.passed_over = !is_bagged;
        if self.lost || self.passed_over {
            self.wanted.clear();
            self.base = self.grams.unwrap_or(self.base);
        }
    }

    fn want(&mut self, line: &BagLine, pieces: i64) {
        if pieces == 0 {
            return;
        }
        // Other goods than before: whoever holds them has time anew.
        self.state = BagState::Unchecked;
        match self.wanted.iter_mut().find(|wanted| wanted.line == line.line) {
            Some(wanted) => wanted.pieces += pieces,
            None => self.wanted.push(BagLine { pieces, ..line.clone() }),
        }
        self.wanted.retain(|wanted| wanted.pieces != 0);
    }

    /// What a line's piece is known to weigh since it was looked at first.
    pub fn held(&self, line: u32) -> Option<&BagLine> {
        self.lines.iter().find(|held| held.line == line)
    }

    fn changed(&self) -> i64 {
        self.grams.unwrap_or(self.base) - self.base
    }

    /// By how much the weight should have changed, grams: least and most. Pieces of one line err alike, those of several
    /// lines do not.
    fn bounds(&self, rules: &BaggingRules) -> (i64, i64) {
        let (mut low, mut high, mut squares) = (0_i64, 0_i64, 0_i64);
        for wanted in &self.wanted {
            let pieces = wanted.pieces;
            if let Some(each) = wanted.each {
                let grams = each.grams.saturating_mul(pieces);
                let tolerance = each.tolerance.saturating_mul(pieces.saturating_abs());
                (low, high) = (low.saturating_add(grams), high.saturating_add(grams));
                squares = squares.saturating_add(tolerance.saturating_mul(tolerance));
            } else {
                let (least, most) =
                    (LEAST_GRAMS.saturating_mul(pieces), PIECE_GRAMS_MAX.saturating_mul(pieces));
                (low, high) = (low.saturating_add(least.min(most)), high.saturating_add(least.max(most)));
            }
        }
        let tolerance = if self.wanted.is_empty() { rules.tolerance_grams } else { squares.isqrt() };
        (low.saturating_sub(tolerance), high.saturating_add(tolerance).saturating_add(self.slack))
    }

    fn judge(&self, rules: &BaggingRules) -> BagState {
        if self.grams.is_none() || self.passed_over {
            return BagState::Unchecked;
        }
        let (changed, (low, high)) = (self.changed(), self.bounds(rules));
        let least = rules.tolerance_grams + self.slack;
        if (low..=high).contains(&changed) {
            return BagState::Well;
        }
        let takes_out = !self.wanted.is_empty() && self.wanted.iter().all(|wanted| wanted.pieces < 0);
        match changed > high {
            true if takes_out => BagState::TakeOut,
            true => BagState::TooMuch,
            false if takes_out || self.wanted.is_empty() || changed < -least => BagState::TooLittle,
            false if changed <= least => BagState::Waiting,
            false => BagState::Wrong,
        }
    }

    /// Looks at the scale: how it stands now, and what a piece was seen to weigh.
    pub fn look(&mut self, rules: &BaggingRules, now_ms: i64) -> Option<Weighing> {
        self.find_zero(rules);
        let state = self.judge(rules);
        let weighing = if state == BagState::Well { self.agree(rules) } else { None };
        // A clock that was set back begins anew.
        if state != self.state || now_ms < self.since_ms {
            self.since_ms = now_ms;
        }
        self.state = state;
        weighing
    }

    /// Nothing was rung up: what the empty scale shows may wander, and nothing is emptier than empty.
    fn find_zero(&mut self, rules: &BaggingRules) {
        let (Some(grams), Some(empty)) = (self.grams, self.empty) else { return };
        if !self.lines.is_empty() || !self.wanted.is_empty() {
            return;
        }
        if grams - empty <= rules.tolerance_grams && (self.base == empty || grams < self.base) {
            (self.empty, self.base) = (Some(grams), grams);
        } else if grams < self.base {
            // A bag of their own became lighter, or another.
            self.base = grams;
        }
    }

    /// Goods and basket agree.
    fn agree(&mut self, rules: &BaggingRules) -> Option<Weighing> {
        if self.wanted.is_empty() {
            return None;
        }
        let changed = self.changed();
        let (_, high) = self.bounds(rules);
        if changed < LEAST_GRAMS && high > 0 {
            // They are so light that nobody saw them: they may come yet.
            let light: i64 = self.wanted.iter().filter_map(|wanted| wanted.each).map(|each| each.grams).sum();
            self.slack = self.slack.saturating_add(light).clamp(0, SLACK_GRAMS_MAX);
        }
        let weighing = self.weighing();
        self.settle();
        weighing
    }

    /// What a single piece was seen to weigh.
    fn weighing(&self) -> Option<Weighing> {
        let [BagLine { pieces: 1, learns: Some((sku, unit)), .. }] = self.wanted.as_slice() else {
            return None;
        };
        let grams = self.changed();
        let fits = (LEAST_GRAMS..=PIECE_GRAMS_MAX).contains(&grams);
        fits.then(|| Weighing { sku: sku.clone(), unit: unit.clone(), grams })
    }

    fn settle(&mut self) {
        // What one piece of a line weighs is known now, also where nothing else is known of it.
        let grams = self.changed();
        if let [BagLine { line, pieces: 1, each: None, .. }] = *self.wanted.as_slice()
            && let Some(held) = self.lines.iter_mut().find(|held| held.line == line)
        {
            held.each = Some(Expected { grams, tolerance: LEAST_GRAMS.max(grams / 20) });
        }
        self.wanted.clear();
        self.base = self.grams.unwrap_or(self.base);
    }

    /// Somebody of the staff says that it is as it should be. Gives what a single piece weighs, where that was the question.
    pub fn accept(&mut self, now_ms: i64) -> Option<Weighing> {
        let weighing = self.weighing();
        self.settle();
        (self.state, self.since_ms) = (BagState::Well, now_ms);
        weighing
    }

    /// The customer says that what lies there too much is a bag of their own: what it weighs, where that may be.
    pub fn take_own_bag(&mut self, rules: &BaggingRules) -> Option<i64> {
        let grams = self.changed();
        let may = self.state == BagState::TooMuch && self.wanted.is_empty() && self.own_bags < OWN_BAGS_MAX;
        if !may || grams > rules.own_bag_grams_max {
            return None;
        }
        self.own_bags += 1;
        self.settle();
        Some(grams)
    }

    /// The customer says that they do not put it right: nobody waits longer.
    pub fn hurry(&mut self) {
        if self.state.holds() {
            // As if it had been so for ever.
            self.since_ms = 0;
        }
    }

    /// The basket is gone; whatever lies there is taken away, or is in the next customer's way.
    pub fn leave_basket(&mut self) {
        let (grams, empty, lost) = (self.grams, self.empty, self.lost);
        *self = Self { grams, empty, lost, base: empty.unwrap_or(0), ..Self::default() };
    }
}

#[cfg(test)]
mod tests;
