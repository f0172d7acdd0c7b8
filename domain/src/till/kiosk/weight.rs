//! What one piece of goods weighs, packing included, as far as bagging scales have shown it: a security weight.
//!
//! It is three sums of whole grams, so that what several lanes have weighed adds up to the same whoever is asked first.

/// So many weighings make a weight known: of fewer, one may have been something else.
pub const KNOWN_FROM: u32 = 3;

/// Of goods that were weighed so often a lane writes no more weighings down that were as expected.
pub const LEARNED_FROM: u32 = 20;

/// The most weighings that are summed up.
pub const WEIGHINGS_MAX: u32 = 100_000;

/// The heaviest piece that a customer lifts onto a bagging scale, grams.
pub const PIECE_GRAMS_MAX: i64 = 50_000;

/// The weighings of one kind of piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SecurityWeight {
    count: u32,
    sum_grams: i64,
    sum_squares: i64,
}

impl SecurityWeight {
    /// Takes sums as they were told; `None` where no weighings can have them.
    pub fn of_sums(count: u32, sum_grams: i64, sum_squares: i64) -> Option<Self> {
        let most = i64::from(count).checked_mul(PIECE_GRAMS_MAX)?;
        let fits = count > 0 && count <= WEIGHINGS_MAX && (0..=most).contains(&sum_grams);
        // No sum of squares is below what the mean alone would give (Cauchy and Schwarz).
        let squares = i128::from(sum_squares) * i128::from(count) >= i128::from(sum_grams).pow(2)
            && sum_squares <= most.checked_mul(PIECE_GRAMS_MAX)?;
        (fits && squares).then_some(Self { count, sum_grams, sum_squares })
    }

    /// One more weighing, grams; as before where that is none, or there are enough.
    #[must_use]
    pub fn with(self, grams: i64) -> Self {
        if self.count >= WEIGHINGS_MAX || !(0..=PIECE_GRAMS_MAX).contains(&grams) {
            return self;
        }
        Self {
            count: self.count + 1,
            sum_grams: self.sum_grams + grams,
            sum_squares: self.sum_squares + grams * grams,
        }
    }

    /// How many weighings there were.
    pub const fn count(self) -> u32 {
        self.count
    }

    /// The sum of them, grams, and that of their squares.
    pub const fn sums(self) -> (i64, i64) {
        (self.sum_grams, self.sum_squares)
    }

    /// Whether there were enough to tell goods by it.
    pub const fn is_known(self) -> bool {
        self.count >= KNOWN_FROM
    }

    /// The mean, grams, rounded down; 0 where there were none.
    pub fn mean_grams(self) -> i64 {
        self.sum_grams / i64::from(self.count.max(1))
    }

    /// How far weighings are from their mean, grams: the standard deviation, rounded up.
    pub fn deviation_grams(self) -> i64 {
        let count = i128::from(self.count.max(1));
        let spread = i128::from(self.sum_squares) * count - i128::from(self.sum_grams).pow(2);
        let variance = i64::try_from(spread.max(0) / (count * count)).unwrap_or(i64::MAX);
        let root = variance.isqrt();
        if root * root < variance || root == 0 && spread > 0 { root + 1 } else { root }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(weighings: &[i64]) -> SecurityWeight {
        weighings.iter().fold(SecurityWeight::default(), |weight, grams| weight.with(*grams))
    }

    #[test]
    fn three_weighings_make_a_weight() {
        assert!(!of(&[500, 502]).is_known());
        let known = of(&[500, 502, 498]);
        assert!(known.is_known());
        assert_eq!((known.mean_grams(), known.deviation_grams()), (500, 2));
        // A load that nobody lifts, or less than nothing, is no weighing.
        assert_eq!(known.with(-1).with(PIECE_GRAMS_MAX + 1), known);
    }

    #[test]
    fn sums_that_no_weighings_have_are_refused() {
        assert_eq!(SecurityWeight::of_sums(0, 0, 0), None);
        assert_eq!(SecurityWeight::of_sums(2, 1_000, 400_000), None, "the squares are too small");
        assert_eq!(SecurityWeight::of_sums(1, PIECE_GRAMS_MAX + 1, i64::MAX), None);
        assert_eq!(SecurityWeight::of_sums(u32::MAX, i64::MAX, i64::MAX), None);
    }

    proptest! {
        /// In whatever order goods are weighed, and whatever they weigh, the same is known, and it may be told.
        #[test]
        fn the_order_does_not_matter(mut weighings in prop::collection::vec(0..=PIECE_GRAMS_MAX, 1..60)) {
            let known = of(&weighings);
            weighings.reverse();
            prop_assert_eq!(of(&weighings), known);
            let (sum, squares) = known.sums();
            prop_assert_eq!(SecurityWeight::of_sums(known.count(), sum, squares), Some(known));
            let (least, most) = (weighings.iter().min().copied(), weighings.iter().max().copied());
            prop_assert!(least <= Some(known.mean_grams()) && Some(known.mean_grams()) <= most);
            prop_assert!(known.deviation_grams() <= PIECE_GRAMS_MAX);
        }
    }
}
