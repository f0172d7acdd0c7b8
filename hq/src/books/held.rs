//! What one lane alone may use up, and once: a coupon, or what is left of a
//! sale that is given back.
//!
//! Pure. HQ decides where two lanes want the same; what a lane did while it
//! could not ask stands, and is listed.

use serde::{Deserialize, Serialize};

use super::LaneId;

/// One lane's for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// Whose.
    pub lane: LaneId,
    /// The lane makes no new use of it from this instant on by its own clock,
    /// milliseconds UTC.
    pub until_ms: i64,
    /// The lane was enrolled anew since: what its earlier disk did with it nobody may ever tell, so that it is nobody's,
    /// the lane's neither, until it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_behind: bool,
}

/// How a coupon stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CouponBook {
    /// Who may spend it now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// The sales that spent it; more than one is one too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub spent: Vec<String>,
}

/// Why a claim is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotClaimed {
    /// It was used up.
    Used,
    /// Another lane has it.
    Held,
}

/// Lets a lane have what nobody else has; one that has it already keeps it
/// for longer, so that an answer that was lost costs nothing.
fn claim(held: &mut Option<Claim>, lane: &LaneId, until_ms: i64) -> Result<(), NotClaimed> {
    match held {
        Some(claim) if claim.lane != *lane || claim.left_behind => return Err(NotClaimed::Held),
        Some(claim) => claim.until_ms = claim.until_ms.max(until_ms),
        None => *held = Some(Claim { lane: lane.clone(), until_ms, left_behind: false }),
    }
    Ok(())
}

/// Lets go of what a lane has; says whether it had it. What its disk of before had is not the lane's to let go of.
fn release(held: &mut Option<Claim>, lane: &LaneId) -> bool {
    held.take_if(|claim| claim.lane == *lane && !claim.left_behind).is_some()
}

/// Ends the claim of a lane, of whichever of its disks; says whether there was one.
fn end(held: &mut Option<Claim>, lane: &LaneId) -> bool {
    held.take_if(|claim| claim.lane == *lane).is_some()
}

impl CouponBook {
    /// A lane wants to spend it.
    pub fn claim(&mut self, lane: &LaneId, until_ms: i64) -> Result<(), NotClaimed> {
        if !self.spent.is_empty() {
            return Err(NotClaimed::Used);
        }
        claim(&mut self.claim, lane, until_ms)
    }

    /// A lane does not want to spend it any more.
    pub fn release(&mut self, lane: &LaneId) -> bool {
        release(&mut self.claim, lane)
    }

    /// A lane's time for it is over.
    pub fn end(&mut self, lane: &LaneId) -> bool {
        end(&mut self.claim, lane)
    }

    /// All that a sale was about came back; says whether that sale had spent it.
    pub fn restore(&mut self, sale: &str) -> bool {
        let before = self.spent.len();
        self.spent.retain(|known| known != sale);
        self.spent.len() < before
    }

    /// A sale spent it; gives the sale that had spent it before, if one had.
    pub fn spend(&mut self, lane: &LaneId, sale: &str) -> Option<String> {
        self.end(lane);
        if self.spent.iter().any(|known| known == sale) {
            return None;
        }
        self.spent.push(sale.to_owned());
        (self.spent.len() > 1).then(|| self.spent[0].clone())
    }
}

/// A basket that was taken up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedEnd {
    /// The lane that took it up.
    pub lane: u32,
    /// The event that says so.
    pub source: String,
}

/// How a parked basket stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ParkedBook {
    /// Who may take it up now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Who took it up; more than one is one too many.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ends: Vec<ParkedEnd>,
}

impl ParkedBook {
    /// A lane wants to take it up.
    pub fn claim(&mut self, lane: &LaneId, until_ms: i64) -> Result<(), NotClaimed> {
        if !self.ends.is_empty() {
            return Err(NotClaimed::Used);
        }
        claim(&mut self.claim, lane, until_ms)
    }

    /// A lane does not want to take it up any more.
    pub fn release(&mut self, lane: &LaneId) -> bool {
        release(&mut self.claim, lane)
    }

    /// A lane took it up; gives who had taken it up before, if somebody had.
    pub fn end(&mut self, lane: u32, source: &str) -> Option<ParkedEnd> {
        self.claim = None;
        self.ends.push(ParkedEnd { lane, source: source.to_owned() });
        (self.ends.len() > 1).then(|| self.ends[0].clone())
    }
}

/// The most uses of one phone's code that are named with the next.
const CODE_USES_MAX: usize = 8;

/// How a phone's code stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CodeBook {
    /// Who may use it up now.
    pub claim: Option<Claim>,
    /// The events that used it up; more than one is one too many.
    pub uses: Vec<String>,
}

impl CodeBook {
    /// A lane wants to use it up.
    pub fn claim(&mut self, lane: &LaneId, until_ms: i64) -> Result<(), NotClaimed> {
        if !self.uses.is_empty() {
            return Err(NotClaimed::Used);
        }
        claim(&mut self.claim, lane, until_ms)
    }

    /// A lane does not want to use it up any more.
    pub fn release(&mut self, lane: &LaneId) -> bool {
        release(&mut self.claim, lane)
    }

    /// A lane used it up: nobody has it any more. Gives the uses before, the first first; a code that is used again
    /// and again stays a row of a bounded length.
    pub fn use_up(&mut self, source: &str) -> Vec<String> {
        self.claim = None;
        let before = self.uses.clone();
        if self.uses.len() < CODE_USES_MAX {
            self.uses.push(source.to_owned());
        }
        before
    }
}

/// A line of a sale, as far as it can come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptLine {
    /// Its number in the sale.
    pub line: u32,
    /// How much was sold, thousandths; `None` while the sale is not filed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sold: Option<i64>,
    /// How much came back, thousandths.
    #[serde(default)]
    pub back: i64,
}

/// What is left of a sale.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReceiptBook {
    /// Who may give it back now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub claim: Option<Claim>,
    /// Its lines.
    pub lines: Vec<ReceiptLine>,
    /// The documents that gave some of it back, in the order of their filing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<String>,
}

/// More of a line came back than was sold.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OverReturned {
    /// The line's number.
    pub line: u32,
    /// How much more, thousandths.
    pub quantity: i64,
}

impl ReceiptBook {
    /// Whether there is anything left of it, as far as is known.
    pub fn is_all_back(&self) -> bool {
        self.lines.iter().all(|line| line.sold.is_some_and(|sold| sold <= line.back))
    }

    /// Whether anything of a line came back, also before the sale was filed.
    pub fn has_come_back(&self, number: u32) -> bool {
        self.lines.iter().any(|line| line.line == number && line.back > 0)
    }

    /// A lane wants to give it back.
    pub fn claim(&mut self, lane: &LaneId, until_ms: i64) -> Result<(), NotClaimed> {
        if self.is_all_back() {
            return Err(NotClaimed::Used);
        }
        claim(&mut self.claim, lane, until_ms)
    }

    /// A lane gives none of it back any more.
    pub fn release(&mut self, lane: &LaneId) -> bool {
        release(&mut self.claim, lane)
    }

    /// A lane's time for it is over.
    pub fn end(&mut self, lane: &LaneId) -> bool {
        end(&mut self.claim, lane)
    }

    /// The sale is filed; gives what came back of it before it came itself and
    /// was not sold.
    pub fn sell(&mut self, lines: &[(u32, i64)]) -> Vec<OverReturned> {
        for (number, sold) in lines {
            self.line(*number).sold = Some(*sold);
        }
        let over = |line: &ReceiptLine| {
            let over = line.back - line.sold.unwrap_or(0);
            (over > 0).then_some(OverReturned { line: line.line, quantity: over })
        };
        self.lines.iter().filter_map(over).collect()
    }

    /// A document gave some of it back; gives what of that was not there.
    /// While the sale is not filed, nobody knows.
    pub fn give_back(&mut self, lane: &LaneId, document: &str, lines: &[(u32, i64)]) -> Vec<OverReturned> {
        self.end(lane);
        if self.documents.iter().any(|known| known == document) {
            return Vec::new();
        }
        self.documents.push(document.to_owned());
        let is_filed = self.lines.iter().any(|line| line.sold.is_some());
        let mut wrong = Vec::new();
        for (number, quantity) in lines {
            let line = self.line(*number);
            let left = (line.sold.unwrap_or(0) - line.back).max(0);
            line.back += quantity;
            if is_filed && *quantity > left {
                wrong.push(OverReturned { line: *number, quantity: quantity - left });
            }
        }
        wrong
    }

    fn line(&mut self, number: u32) -> &mut ReceiptLine {
        let at = self.lines.iter().position(|line| line.line == number).unwrap_or_else(|| {
            self.lines.push(ReceiptLine { line: number, sold: None, back: 0 });
            self.lines.len() - 1
        });
        &mut self.lines[at]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lane(lane: u32) -> LaneId {
        LaneId { store: "S1".into(), lane }
    }

    #[test]
    fn a_coupon_is_one_lanes_and_is_spent_once() {
        let mut book = CouponBook::default();
        assert_eq!(book.claim(&lane(1), 10), Ok(()));
        assert_eq!(book.claim(&lane(1), 20), Ok(()), "an answer that was lost");
        assert_eq!(book.claim(&lane(2), 20), Err(NotClaimed::Held));
        assert!(!book.release(&lane(2)));
        assert!(book.release(&lane(1)));
        assert_eq!(book.claim(&lane(2), 20), Ok(()));
        assert_eq!(book.spend(&lane(2), "a"), None);
        assert_eq!(book.spend(&lane(2), "a"), None, "filed twice");
        assert_eq!(book.claim(&lane(1), 30), Err(NotClaimed::Used));
        assert_eq!(book.spend(&lane(1), "b"), Some("a".to_owned()), "it could not ask");
    }

    #[test]
    fn a_phones_code_is_one_lanes_at_a_time() {
        let mut book = CodeBook { claim: None, uses: vec!["S1/1/1/3".to_owned()] };
        assert_eq!(book.claim(&lane(1), 10), Err(NotClaimed::Used));
        book = CodeBook::default();
        assert_eq!(book.claim(&lane(1), 10), Ok(()));
        assert_eq!(book.claim(&lane(2), 10), Err(NotClaimed::Held));
        assert!(!book.release(&lane(2)) && book.release(&lane(1)));
        assert_eq!(book.claim(&lane(2), 10), Ok(()));
        // A lane that could not ask used it meanwhile; the other one finds it used.
        assert_eq!(book.use_up("a"), Vec::<String>::new());
        assert_eq!((&book.claim, book.uses.as_slice()), (&None, &["a".to_owned()][..]));
        assert_eq!(book.claim(&lane(2), 20), Err(NotClaimed::Used));
        assert_eq!(book.use_up("b"), ["a"]);
        for more in 0..20 {
            book.use_up(&more.to_string());
        }
        assert_eq!(book.uses.len(), CODE_USES_MAX);
    }

    #[test]
    fn of_a_sale_each_part_comes_back_once() {
        let mut book = ReceiptBook::default();
        assert_eq!(book.claim(&lane(1), 10), Err(NotClaimed::Used), "it has no lines");
        assert!(book.sell(&[(1, 2_000), (2, 500)]).is_empty());
        assert_eq!(book.claim(&lane(1), 10), Ok(()));
        assert_eq!(book.claim(&lane(2), 10), Err(NotClaimed::Held));
        assert!(book.give_back(&lane(1), "a", &[(1, 1_000)]).is_empty());
        assert_eq!(book.claim(&lane(2), 10), Ok(()), "what is left is free again");
        assert!(book.give_back(&lane(2), "b", &[(1, 1_000), (2, 500)]).is_empty());
        assert_eq!(book.claim(&lane(1), 10), Err(NotClaimed::Used));
        let over = book.give_back(&lane(3), "c", &[(1, 300)]);
        assert_eq!(over, [OverReturned { line: 1, quantity: 300 }]);
    }

    #[test]
    fn what_came_back_before_its_sale_came_is_held_against_it() {
        let mut book = ReceiptBook::default();
        assert!(book.give_back(&lane(2), "b", &[(1, 1_000)]).is_empty());
        assert_eq!(book.sell(&[(1, 400)]), [OverReturned { line: 1, quantity: 600 }]);
    }

    proptest! {
        /// Two lanes that ask before they give back never give back more than
        /// was sold, in whatever order their questions and documents come.
        #[test]
        fn lanes_that_ask_give_back_no_more_than_was_sold(
            sold in prop::collection::vec(1..5_000i64, 1..5),
            acts in prop::collection::vec((0..3u32, 0..3u8, 0..5usize, 1..3_000i64), 1..80),
        ) {
            let lines: Vec<(u32, i64)> = (1..).zip(sold).collect();
            let mut book = ReceiptBook::default();
            book.sell(&lines);
            let mut holds = [false; 3];
            for (number, (at, act, line, quantity)) in acts.into_iter().enumerate() {
                let index = at as usize;
                match act {
                    0 => holds[index] |= book.claim(&lane(at), 1).is_ok(),
                    1 => {
                        prop_assert_eq!(book.release(&lane(at)), holds[index]);
                        holds[index] = false;
                    }
                    _ if holds[index] => {
                        let (line, sold) = lines[line % lines.len()];
                        let back = book.line(line).back;
                        // A till gives back no more than it was told is left.
                        let quantity = quantity.min(sold - back);
                        if quantity > 0 {
                            prop_assert!(book.give_back(&lane(at), &number.to_string(), &[(line, quantity)]).is_empty());
                            holds[index] = false;
                        }
                    }
                    _ => {}
                }
                prop_assert!(holds.iter().filter(|holds| **holds).count() <= 1);
                for (line, sold) in &lines {
                    prop_assert!(book.line(*line).back <= *sold);
                }
            }
        }
    }
}
