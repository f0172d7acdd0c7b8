//! Goods that come, go and are counted beside sales: what a lane writes down of them.
//!
//! A movement is a signed sum of its own; nobody sets a stock. A count says
//! what was there at one moment of every lane ([`Position`]), so that selling
//! goes on meanwhile and nothing that was sold is counted away.

use crate::catalogue::{Item, KitPart, Unit};
use crate::money::Quantity;

/// The most items of one movement or count.
pub const STOCK_LINES_MAX: usize = 2_000;

/// The most lanes of a store whose positions a count names.
pub const COUNT_LANES_MAX: usize = 256;

/// The most positions in all steps of one count together.
pub const COUNT_POSITIONS_MAX: usize = 16_384;

/// The longest number of a delivery, transfer or count, bytes.
pub const STOCK_DOCUMENT_LENGTH_MAX: usize = 64;

/// Why goods come or go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StockMove {
    /// A supplier brought them.
    Receive,
    /// They go back to the supplier.
    ReturnToSupplier,
    /// They leave for another store, and are on the way from now on.
    TransferOut,
    /// They came from another store, and are on the way no more.
    TransferIn,
    /// They are broken.
    Damage,
    /// Their time is over.
    Expiry,
    /// The shop uses them itself.
    InternalUse,
    /// They were given to taste.
    Tasting,
    /// Somebody waits for them; they stay on the shelf.
    Reserve,
    /// Nobody waits for them any more.
    Release,
}

impl StockMove {
    /// What a quantity of it does to what is on hand: 1, -1 or 0.
    pub const fn sign(self) -> i64 {
        match self {
            Self::Receive | Self::TransferIn => 1,
            Self::ReturnToSupplier
            | Self::TransferOut
            | Self::Damage
            | Self::Expiry
            | Self::InternalUse
            | Self::Tasting => -1,
            Self::Reserve | Self::Release => 0,
        }
    }

    /// Whether it names another store or a supplier.
    pub const fn names_other(self) -> bool {
        match self {
            Self::Receive | Self::ReturnToSupplier | Self::TransferOut | Self::TransferIn => true,
            Self::Damage
            | Self::Expiry
            | Self::InternalUse
            | Self::Tasting
            | Self::Reserve
            | Self::Release => false,
        }
    }
}

/// So much of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockLine {
    /// HQ's item code.
    pub sku: String,
    /// Of its base unit: pieces, or kilograms of weighed goods.
    pub quantity: Quantity,
}

/// What so much of an item moves of a stock, in base units, where that is not so much of the item: of a pack its pieces, of
/// a kit its parts. What is more than a line holds is left out.
pub fn beside(item: &Item, unit: Option<&Unit>, quantity: Quantity) -> Vec<StockLine> {
    let base = unit.map_or(Some(quantity), |unit| unit.base_quantity(quantity));
    let Some(base) = base else { return Vec::new() };
    if item.kit.is_empty() {
        return unit.map(|_| StockLine { sku: item.sku.clone(), quantity: base }).into_iter().collect();
    }
    let part = |part: &KitPart| {
        // Both are thousandths.
        let thousandths = i128::from(part.quantity.thousandths()) * i128::from(base.thousandths()) / 1_000;
        let quantity = Quantity::from_thousandths(i64::try_from(thousandths).ok()?)?;
        Some(StockLine { sku: part.sku.clone(), quantity })
    };
    item.kit.iter().filter_map(part).collect()
}

/// Goods that came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Why.
    pub kind: StockMove,
    /// The number of the delivery, transfer or order; a transfer that comes in
    /// has the number with which it went out.
    pub document: String,
    /// The other store, or the supplier; empty where there is none.
    pub other: String,
    /// What.
    pub lines: Vec<StockLine>,
    /// Why, in words; may be empty.
    pub reason: String,
}

/// The most numbers of transfers that a till remembers of those that left, and of those that came: far more than a store
/// does before HQ, which tells no lane of them any more, has heard of the first.
pub const TRANSFERS_HERE_MAX: usize = 64;

/// The transfers whose goods left here or came here, by their numbers, oldest first; at most [`TRANSFERS_HERE_MAX`] of each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransfersHere {
    sent: Vec<String>,
    received: Vec<String>,
}

impl TransfersHere {
    /// These, the newest where there are too many.
    pub fn of(mut sent: Vec<String>, mut received: Vec<String>) -> Self {
        for numbers in [&mut sent, &mut received] {
            numbers.drain(..numbers.len().saturating_sub(TRANSFERS_HERE_MAX));
        }
        Self { sent, received }
    }

    /// Of these, those that another memory has as well.
    pub fn also_in(mut self, other: &Self) -> Self {
        self.sent.retain(|number| other.sent.contains(number));
        self.received.retain(|number| other.received.contains(number));
        self
    }

    /// Those whose goods left.
    pub fn sent(&self) -> &[String] {
        &self.sent
    }

    /// Those whose goods came.
    pub fn received(&self) -> &[String] {
        &self.received
    }

    pub(crate) fn apply(&mut self, movement: &Movement) {
        let numbers = match movement.kind {
            StockMove::TransferOut => &mut self.sent,
            StockMove::TransferIn => &mut self.received,
            StockMove::Receive
            | StockMove::ReturnToSupplier
            | StockMove::Damage
            | StockMove::Expiry
            | StockMove::InternalUse
            | StockMove::Tasting
            | StockMove::Reserve
            | StockMove::Release => return,
        };
        numbers.retain(|known| *known != movement.document);
        numbers.push(movement.document.clone());
        numbers.drain(..numbers.len().saturating_sub(TRANSFERS_HERE_MAX));
    }
}

/// How far a lane's journal had come when something was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// The lane's number within its store.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The number of its last event then.
    pub seq: u64,
}

/// What was found on the shelves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockCount {
    /// The number of the count.
    pub document: String,
    /// What was there; an item that was looked for and not found has a line
    /// with nothing.
    pub lines: Vec<CountedLine>,
    /// How far each lane of the store was, the counting one among them, when
    /// the first line was counted. A lane that is not here was not known.
    pub positions: Vec<Position>,
    /// When lines were counted, and where lanes had got to meanwhile, in the
    /// order of the lines. Without any, all was counted at one moment.
    pub steps: Vec<CountStep>,
    /// Why it was counted, in words.
    pub reason: String,
}

/// From a line of a count on, lanes were somewhere else than before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountStep {
    /// The first line that it is about, counted from 0.
    pub line: u32,
    /// When that line was counted, the lane's clock, milliseconds UTC: what is
    /// known of a lane without a position.
    pub at_ms: i64,
    /// The lanes that had gone on, and how far.
    pub positions: Vec<Position>,
    /// The lanes of which nobody knew any more how far they were.
    pub lost: Vec<u32>,
}

/// So much of an item was found, perhaps nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedLine {
    /// HQ's item code.
    pub sku: String,
    /// Thousandths of its base unit, from nothing on.
    pub thousandths: i64,
}

/// Why a movement or count is not written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StockRefusal {
    /// It has no lines, or too many.
    #[error("write down goods: it has no lines, or more than {STOCK_LINES_MAX}")]
    Lines,
    /// It has no number, or one that is too long.
    #[error("write down goods: its number is missing or too long")]
    Document,
    /// It does not say from where or where to.
    #[error("write down goods: the other store or supplier is missing")]
    Other,
    /// An item stands in it twice, or has no code.
    #[error("write down goods: an item stands in it twice, or has no code")]
    Item,
    /// A quantity that cannot be.
    #[error("write down goods: a quantity is below nothing or too large")]
    Quantity,
    /// A lane stands in it twice, or there are too many.
    #[error(
        "write down a count: a lane stands in it twice, there are too many, or its steps are out of order"
    )]
    Positions,
}

fn check_texts(document: &str, skus: &[&str]) -> Result<(), StockRefusal> {
    if skus.is_empty() || skus.len() > STOCK_LINES_MAX {
        return Err(StockRefusal::Lines);
    }
    if document.is_empty() || document.len() > STOCK_DOCUMENT_LENGTH_MAX {
        return Err(StockRefusal::Document);
    }
    let mut sorted = skus.to_vec();
    sorted.sort_unstable();
    let is_code = |sku: &&str| !sku.is_empty() && sku.len() <= STOCK_DOCUMENT_LENGTH_MAX;
    if !sorted.iter().all(is_code) || sorted.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(StockRefusal::Item);
    }
    Ok(())
}

impl Movement {
    /// Whether it can be written down.
    pub fn check(&self) -> Result<(), StockRefusal> {
        let skus: Vec<&str> = self.lines.iter().map(|line| line.sku.as_str()).collect();
        check_texts(&self.document, &skus)?;
        let other_fits = self.other.len() <= STOCK_DOCUMENT_LENGTH_MAX;
        if !other_fits || (self.kind.names_other() && self.other.is_empty()) {
            return Err(StockRefusal::Other);
        }
        Ok(())
    }
}

impl StockCount {
    /// Whether it can be written down.
    pub fn check(&self) -> Result<(), StockRefusal> {
        let skus: Vec<&str> = self.lines.iter().map(|line| line.sku.as_str()).collect();
        check_texts(&self.document, &skus)?;
        let possible = |line: &CountedLine| {
            line.thousandths == 0 || Quantity::from_thousandths(line.thousandths).is_some()
        };
        if !self.lines.iter().all(possible) {
            return Err(StockRefusal::Quantity);
        }
        let once = |mut lanes: Vec<u32>| {
            lanes.sort_unstable();
            lanes.len() <= COUNT_LANES_MAX && lanes.windows(2).all(|pair| pair[0] != pair[1])
        };
        let lanes_of = |positions: &[Position]| positions.iter().map(|at| at.lane).collect::<Vec<_>>();
        let step_is_sound = |step: &CountStep| {
            let lanes = lanes_of(&step.positions).into_iter().chain(step.lost.iter().copied()).collect();
            usize::try_from(step.line).is_ok_and(|line| line < self.lines.len()) && once(lanes)
        };
        let in_order = self.steps.windows(2).all(|pair| pair[0].line < pair[1].line);
        let count: usize = self.steps.iter().map(|step| step.positions.len() + step.lost.len()).sum();
        if !once(lanes_of(&self.positions))
            || !in_order
            || count > COUNT_POSITIONS_MAX
            || !self.steps.iter().all(step_is_sound)
        {
            return Err(StockRefusal::Positions);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(kind: StockMove, other: &str, skus: &[&str]) -> Movement {
        let quantity = Quantity::from_pieces(2).expect("two");
        Movement {
            kind,
            document: "D1".into(),
            other: other.into(),
            lines: skus.iter().map(|sku| StockLine { sku: (*sku).into(), quantity }).collect(),
            reason: String::new(),
        }
    }

    #[test]
    fn goods_that_move_say_what_and_where_to() {
        assert_eq!(movement(StockMove::Receive, "farm", &["1", "2"]).check(), Ok(()));
        assert_eq!(movement(StockMove::Receive, "", &["1"]).check(), Err(StockRefusal::Other));
        assert_eq!(movement(StockMove::Damage, "", &["1"]).check(), Ok(()));
        assert_eq!(movement(StockMove::Damage, "", &[]).check(), Err(StockRefusal::Lines));
        assert_eq!(movement(StockMove::Damage, "", &["1", "1"]).check(), Err(StockRefusal::Item));
        let nameless = Movement { document: String::new(), ..movement(StockMove::Damage, "", &["1"]) };
        assert_eq!(nameless.check(), Err(StockRefusal::Document));
    }

    #[test]
    fn a_till_remembers_the_newest_transfers_of_each_way() {
        let mut here = TransfersHere::default();
        let mut done = |kind, number: usize| {
            here.apply(&Movement { document: format!("T{number}"), ..movement(kind, "S2", &["1"]) });
            here.clone()
        };
        done(StockMove::Receive, 1);
        done(StockMove::TransferIn, 2);
        done(StockMove::TransferOut, 1);
        // What a till does twice it remembers once, as its newest.
        done(StockMove::TransferOut, 2);
        let twice = done(StockMove::TransferOut, 1);
        assert_eq!((twice.sent(), twice.received()), (&["T2".into(), "T1".into()][..], &["T2".into()][..]));
        let mut full = twice;
        for number in 3..3 + TRANSFERS_HERE_MAX {
            full = done(StockMove::TransferOut, number);
        }
        assert_eq!((full.sent().len(), full.sent()[0].as_str()), (TRANSFERS_HERE_MAX, "T3"));
        let more = [vec!["T0".to_owned()], full.sent().to_vec()].concat();
        assert_eq!(TransfersHere::of(more, full.received().to_vec()), full);
    }

    #[test]
    fn a_count_may_find_nothing_and_names_each_lane_once() {
        let count = |thousandths, lanes: &[u32]| StockCount {
            document: "C1".into(),
            lines: vec![CountedLine { sku: "1".into(), thousandths }],
            positions: lanes.iter().map(|lane| Position { lane: *lane, epoch: 1, seq: 9 }).collect(),
            steps: Vec::new(),
            reason: String::new(),
        };
        assert_eq!(count(0, &[1, 2]).check(), Ok(()));
        assert_eq!(count(-1, &[1]).check(), Err(StockRefusal::Quantity));
        assert_eq!(count(0, &[1, 1]).check(), Err(StockRefusal::Positions));
        let step = |line, seq, lost: &[u32]| CountStep {
            line,
            at_ms: 0,
            positions: vec![Position { lane: 1, epoch: 1, seq }],
            lost: lost.to_vec(),
        };
        let stepped = |steps: Vec<CountStep>| StockCount { steps, ..count(0, &[1, 2]) }.check();
        assert_eq!(stepped(vec![step(0, 9, &[2])]), Ok(()));
        // A line that is not there, a lane that is known and lost, and two steps at one line.
        assert_eq!(stepped(vec![step(1, 9, &[])]), Err(StockRefusal::Positions));
        assert_eq!(stepped(vec![step(0, 9, &[1])]), Err(StockRefusal::Positions));
        assert_eq!(stepped(vec![step(0, 9, &[]), step(0, 10, &[])]), Err(StockRefusal::Positions));
    }
}
