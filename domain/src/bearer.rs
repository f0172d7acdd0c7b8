//! Who bears what a promotion takes off: the chain, the store that gave it, a
//! supplier, or several of them in shares (费用承担).
//!
//! A store of its own (加盟) is made good for what others bear, a supplier is
//! billed. That changes nothing for the customer.

use crate::money::Money;
use crate::promotion::rule::{Promotion, PromotionError, in_range};
use crate::promotion::{Priced, PromotionSet};

/// The most that share what one promotion takes off.
pub const BEARERS_MAX: usize = 8;

/// All of it, in basis points.
pub const WHOLE: u32 = 10_000;

/// Who bears a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bearer {
    /// The chain.
    Chain,
    /// The store that gave it.
    Store,
    /// A supplier, by HQ's code.
    Supplier(String),
}

/// What one bears.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CostShare {
    /// Who.
    pub bearer: Bearer,
    /// Basis points of what is taken off.
    pub basis_points: u32,
}

/// What a promotion takes off a line, and who bears it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Borne {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// The number of the line.
    pub line: u32,
    /// What it takes off, beside what the tag of the goods shows: off the list price.
    pub off: Money,
    /// The shares then; they sum to [`WHOLE`].
    pub shares: Vec<CostShare>,
}

/// Splits what was taken off by shares, to the minor unit: whole units by
/// share, and those that are missing to the largest remainders, of equal ones to the
/// earliest. The parts sum to all of it. Nothing where no share is above nothing.
pub fn split(off: Money, shares: &[CostShare]) -> Vec<(Bearer, Money)> {
    let weights: Vec<i64> = shares.iter().map(|share| i64::from(share.basis_points)).collect();
    let parts = off.prorate(&weights).unwrap_or_default();
    shares.iter().map(|share| share.bearer.clone()).zip(parts).collect()
}

/// What a priced ticket has taken off by promotions of which it is said who
/// bears them, line by line. `numbers` are those of its lines.
pub(crate) fn borne(set: &PromotionSet, priced: &Priced, numbers: &[u32]) -> Vec<Borne> {
    let mut all: Vec<Borne> = Vec::new();
    for applied in &priced.applied {
        let promotion = &set.promotions()[applied.promotion];
        if promotion.bearers.is_empty() {
            continue;
        }
        for part in applied.parts.iter().filter(|part| part.off.is_positive()) {
            let (line, off) = (numbers[part.line], part.off);
            match all.iter_mut().find(|borne| borne.promotion == promotion.id && borne.line == line) {
                Some(borne) => borne.off += off,
                None => {
                    let (promotion, shares) = (promotion.id.clone(), promotion.bearers.clone());
                    all.push(Borne { promotion, line, off, shares });
                }
            }
        }
    }
    all
}

impl Promotion {
    /// Whether all of what it takes off is borne, by nobody twice.
    pub(crate) fn check_bearers(&self) -> Result<(), PromotionError> {
        if self.bearers.is_empty() {
            return Ok(());
        }
        if self.bearers.len() > BEARERS_MAX {
            return Err(PromotionError::Bearers { id: self.id.clone() });
        }
        for (place, share) in self.bearers.iter().enumerate() {
            let possible = 1..=i64::from(WHOLE);
            let value = i64::from(share.basis_points);
            in_range(&self.id, "the share of a bearer", value, possible, "1 to 10000 basis points")?;
            let twice = self.bearers[..place].iter().any(|other| other.bearer == share.bearer);
            if twice || share.bearer == Bearer::Supplier(String::new()) {
                return Err(PromotionError::Bearers { id: self.id.clone() });
            }
        }
        let sum: u32 = self.bearers.iter().map(|share| share.basis_points).sum();
        if sum == WHOLE { Ok(()) } else { Err(PromotionError::Bearers { id: self.id.clone() }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(bearer: Bearer, basis_points: u32) -> CostShare {
        CostShare { bearer, basis_points }
    }

    #[test]
    fn what_is_taken_off_is_split_to_the_fen() {
        let shares = [
            share(Bearer::Supplier("S1".into()), 3_333),
            share(Bearer::Chain, 3_333),
            share(Bearer::Store, 3_334),
        ];
        let parts = |minor| {
            let parts = split(Money::from_minor(minor), &shares);
            parts.into_iter().map(|(_, part)| part.minor()).collect::<Vec<_>>()
        };
        assert_eq!(parts(100), [33, 33, 34]);
        assert_eq!(parts(-100), [-33, -33, -34]);
        assert_eq!(parts(1), [0, 0, 1]);
        assert_eq!(parts(0), [0, 0, 0]);
        assert_eq!(split(Money::from_minor(5), &[]), []);
    }
}
