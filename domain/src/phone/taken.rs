//! A phone's basket on the till's own: what became of each line, and where the phone showed something else than the
//! till charges. Derived anew whenever it is asked: prices may fall, lines be taken back, a member join.

use super::CodeId;
use crate::basket::Line;
use crate::money::Money;

/// A phone's basket that a till took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenBasket {
    /// Its number.
    pub id: CodeId,
    /// Until when it held, milliseconds UTC: so long its number is remembered.
    pub until_ms: i64,
    /// What the phone showed that it comes to.
    pub shown: Money,
    /// By how much the till's basket grew with it.
    pub charged: Money,
    /// What became of its lines.
    pub lines: Vec<TakenLine>,
    /// Whether somebody has looked at the differences.
    pub seen: bool,
}

/// What became of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenLine {
    /// What the phone scanned.
    pub code: String,
    /// How often.
    pub pieces: u32,
    /// What the phone showed for all of them.
    pub shown: Option<Money>,
    /// What became of it.
    pub taking: Taking,
}

/// What became of what a phone scanned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taking {
    /// It is in the basket, as the lines with these numbers; several where each piece has a label of its own.
    Lines(Vec<u32>),
    /// It is not.
    LeftOut {
        /// Why.
        why: Unsold,
        /// Its item code; empty where no goods are known by it.
        sku: String,
    },
}

/// Why goods of a phone's basket are not in the till's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsold {
    /// No goods here have this code.
    Unknown,
    /// Its code is none of goods, or was read wrongly.
    NotGoods,
    /// It may not be sold any more.
    Expired,
    /// The very piece is in the basket already.
    Again,
    /// It must be weighed.
    Weigh,
    /// It has no price here, or a cashier types it.
    Price,
    /// It is not sold at a kiosk.
    NotHere,
    /// So much of it is not sold at one time, or the basket is full.
    Quantity,
    /// The goods could not be asked.
    Fault,
}

/// A place where the phone showed something else than the till charges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference<'a> {
    /// Goods are not in the basket.
    LeftOut {
        /// The phone's line.
        line: &'a TakenLine,
        /// Why.
        why: Unsold,
        /// The item code; may be empty.
        sku: &'a str,
    },
    /// Goods cost something else.
    Price {
        /// The first of the till's lines of them.
        first: &'a Line,
        /// How many pieces the phone scanned.
        pieces: u32,
        /// What the phone showed.
        shown: Money,
        /// What the till charges now.
        charged: Money,
    },
    /// The whole comes to something else; said where the code has no prices of lines.
    Total {
        /// What the phone showed.
        shown: Money,
        /// What the till's basket grew by.
        charged: Money,
    },
}

impl Difference<'_> {
    /// Whether the customer pays more than the phone showed, or gets less: they must be asked before they pay.
    pub fn is_against_customer(&self) -> bool {
        match self {
            Self::LeftOut { .. } => true,
            Self::Price { shown, charged, .. } | Self::Total { shown, charged } => charged > shown,
        }
    }
}

impl TakenBasket {
    /// Where it differs from the lines of the till's basket. What a person changed since is left alone: lines that were
    /// taken back, and other quantities.
    pub fn differences<'a>(&'a self, lines: &'a [Line]) -> Vec<Difference<'a>> {
        let mut differences: Vec<Difference<'a>> =
            self.lines.iter().filter_map(|line| difference(line, lines)).collect();
        let says_no_prices = self.lines.iter().any(|line| line.shown.is_none());
        if says_no_prices && self.charged != self.shown {
            differences.push(Difference::Total { shown: self.shown, charged: self.charged });
        }
        differences
    }

    /// Whether somebody must look at it before it is paid.
    pub fn is_to_be_seen(&self, lines: &[Line]) -> bool {
        !self.seen && self.differences(lines).iter().any(Difference::is_against_customer)
    }

    /// How many of its lines are in the basket, and how many are not.
    pub fn counts(&self) -> (usize, usize) {
        let taken = self.lines.iter().filter(|line| matches!(line.taking, Taking::Lines(_))).count();
        (taken, self.lines.len() - taken)
    }
}

fn difference<'a>(line: &'a TakenLine, lines: &'a [Line]) -> Option<Difference<'a>> {
    let numbers = match &line.taking {
        Taking::LeftOut { why, sku } => return Some(Difference::LeftOut { line, why: *why, sku }),
        Taking::Lines(numbers) => numbers,
    };
    let shown = line.shown?;
    let own: Vec<&Line> = lines.iter().filter(|own| numbers.contains(&own.number)).collect();
    let first = own.first().copied()?;
    let each_piece = own.len() > 1 || first.item.weighed || first.label_amount.is_some();
    let pieces = if each_piece { i64::try_from(own.len()).ok() } else { first.quantity.pieces() };
    if own.len() != numbers.len() || pieces != Some(i64::from(line.pieces)) {
        return None;
    }
    let charged: Money = own.iter().map(|own| own.net()).sum();
    (charged != shown).then_some(Difference::Price { first, pieces: line.pieces, shown, charged })
}
