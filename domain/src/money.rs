//! Amounts and quantities, and the only place that multiplies, divides and rounds them.
//!
//! Amounts are integer minor units of a currency (fen for CNY); quantities are
//! integer thousandths of a piece or of a kilogram. No float touches either.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

use rust_decimal::Decimal;

/// The largest amount that a document of this system may carry, in minor units.
///
/// Ten thousand times below what an `i64` holds, so that no sum over a
/// journal's lifetime can overflow.
pub const AMOUNT_MAX: i64 = 100_000_000_000_000;

/// Basis points in a whole.
pub const BASIS_POINTS: u32 = 10_000;

/// An amount in minor units of the currency that its document names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes minor units.
    pub const fn from_minor(minor: i64) -> Self {
        Self(minor)
    }

    /// Gives minor units.
    pub const fn minor(self) -> i64 {
        self.0
    }

    /// Whether it is above zero.
    pub const fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether a document may carry it as a price or a sum: from nothing to [`AMOUNT_MAX`].
    pub const fn is_amount(self) -> bool {
        0 <= self.0 && self.0 <= AMOUNT_MAX
    }

    /// What a quantity costs at this price a piece or a kilogram, rounded half up.
    pub fn times(self, quantity: Quantity) -> Self {
        Self(divide_half_up(i128::from(self.0) * i128::from(quantity.0), 1_000))
    }

    /// The same, where a document may carry it; `None` where it may not.
    pub fn checked_times(self, quantity: Quantity) -> Option<Self> {
        try_divide_half_up(i128::from(self.0) * i128::from(quantity.0), 1_000)
            .map(Self)
            .filter(|cost| cost.is_amount())
    }

    /// What so many thousandths of a unit cost at this price a unit, rounded half up; below nothing for what came back.
    /// For sums over many documents, which are no document's quantity. `None` where it cannot be held.
    pub fn of_thousandths(self, thousandths: i64) -> Option<Self> {
        try_divide_half_up(i128::from(self.0) * i128::from(thousandths), 1_000).map(Self)
    }

    /// What so many pieces cost at this price each.
    pub fn times_count(self, count: u32) -> Self {
        Self(divide_half_up(i128::from(self.0) * i128::from(count), 1))
    }

    /// So many times as much; `None` where a document may not carry it.
    pub fn checked_multiple(self, factor: u32) -> Option<Self> {
        self.0.checked_mul(i64::from(factor)).map(Self).filter(|product| product.is_amount())
    }

    /// Its shares by weight, as [`prorate`] makes them. Where no weight is
    /// above nothing, all of it falls to the first; there are no shares
    /// without weights.
    pub fn shares(self, weights: &[Self]) -> Vec<Self> {
        let mut shares = prorate(self, weights);
        if !weights.iter().any(|weight| weight.is_positive())
            && let Some(first) = shares.first_mut()
        {
            *first = self;
        }
        shares
    }

    /// A sum of amounts that come from outside; `None` where it cannot be held.
    pub fn checked_sum(amounts: impl IntoIterator<Item = Self>) -> Option<Self> {
        amounts.into_iter().try_fold(0i64, |sum, amount| sum.checked_add(amount.0)).map(Self)
    }

    /// So many per cent of it, rounded half up.
    pub fn percent(self, percent: u32) -> Self {
        Self(divide_half_up(i128::from(self.0) * i128::from(percent), 100))
    }

    /// So many per cent of it, rounded down.
    pub fn percent_floor(self, percent: u32) -> Self {
        let part = (i128::from(self.0) * i128::from(percent)).div_euclid(100);
        Self(i64::try_from(part).unwrap_or(i64::MAX))
    }

    /// The least amount of which so many per cent, rounded down, are at least this.
    pub fn least_whole_of(self, percent: u32) -> Self {
        let percent = i128::from(percent.max(1));
        let whole = (i128::from(self.0) * 100 + percent - 1).div_euclid(percent);
        Self(i64::try_from(whole).unwrap_or(i64::MAX))
    }

    /// What points are worth at so many for 100 minor units, rounded down.
    pub fn of_points(points: i64, points_per_hundred: i64) -> Self {
        let value = i128::from(points) * 100 / i128::from(points_per_hundred.max(1));
        Self(i64::try_from(value).unwrap_or(i64::MAX))
    }

    /// The most steps of `step` points that are worth no more than it.
    pub fn whole_steps(self, step: i64, points_per_hundred: i64) -> i64 {
        // steps * step * 100 / per <= amount, rounded down: below amount + 1.
        let most = ((i128::from(self.0) + 1) * i128::from(points_per_hundred) - 1).max(0);
        i64::try_from(most / (i128::from(step.max(1)) * 100)).unwrap_or(i64::MAX)
    }

    /// The VAT that this tax-inclusive amount contains at a rate in basis
    /// points, rounded half up: net x rate / (1 + rate).
    pub fn tax_contained(self, rate: TaxRate) -> Self {
        let rate = i128::from(rate.0);
        Self(divide_half_up(i128::from(self.0) * rate, 10_000 + rate))
    }

    /// The tax that comes on top of this amount without tax, rounded half up.
    pub fn tax_on_top(self, rate: TaxRate) -> Self {
        self.basis_points(rate.0)
    }

    /// So many basis points of it, rounded half up: 1500 of 10.00 is 1.50.
    pub fn basis_points(self, points: u32) -> Self {
        Self(divide_half_up(i128::from(self.0) * i128::from(points), i128::from(BASIS_POINTS)))
    }

    /// The basis points, rounded up, that `part` is of it: what somebody must
    /// be allowed at least who takes `part` off. `None` where it is not above
    /// nothing.
    pub fn basis_points_of(self, part: Self) -> Option<u32> {
        if self.0 <= 0 {
            return None;
        }
        let points = -(-i128::from(part.0) * i128::from(BASIS_POINTS)).div_euclid(i128::from(self.0));
        u32::try_from(points.max(0)).ok()
    }

    /// How many whole times `unit` goes into it; nothing where either is not
    /// above nothing.
    pub fn whole_times(self, unit: Self) -> i64 {
        if unit.0 <= 0 { 0 } else { self.0.max(0) / unit.0 }
    }

    /// What a foreign amount is worth, rounded half up; `parts_per_million`
    /// are our minor units for a million of theirs. `None` where no document
    /// may carry it.
    pub fn at_rate(self, parts_per_million: u64) -> Option<Self> {
        try_divide_half_up(i128::from(self.0) * i128::from(parts_per_million), 1_000_000)
            .map(Self)
            .filter(|value| value.is_amount())
    }

    /// What `part` of `whole` of it comes to, counted from the first: rounded
    /// half up, and all of it for the whole.
    ///
    /// `None` where `part` is not within nothing and `whole`, or `whole` is nothing.
    pub fn cumulative(self, part: i64, whole: i64) -> Option<Self> {
        if whole <= 0 || !(0..=whole).contains(&part) {
            return None;
        }
        try_divide_half_up(i128::from(self.0) * i128::from(part), i128::from(whole)).map(Self)
    }

    /// What the next `part` comes to after `before` of `whole` were given:
    /// the difference of two [`cumulative`](Self::cumulative) ones, so that
    /// however it is cut, all parts sum to all of it.
    pub fn share(self, before: i64, part: i64, whole: i64) -> Option<Self> {
        let until = before.checked_add(part).filter(|_| part >= 0)?;
        Some(self.cumulative(until, whole)? - self.cumulative(before, whole)?)
    }

    /// Spreads it over weights by largest remainders: each gets the whole
    /// units of its share, and the units that are missing go to the largest
    /// remainders, of equal ones to the earliest. Sums to exactly this amount;
    /// a negative amount mirrors the positive one.
    ///
    /// A weight of nothing gets nothing; negative weights count as nothing.
    /// `None` where no weight is above nothing, unless this is nothing.
    pub fn prorate(self, weights: &[i64]) -> Option<Vec<Self>> {
        if self.0 == 0 {
            return Some(vec![Self::ZERO; weights.len()]);
        }
        let weight = |index: usize| i128::from(weights[index].max(0));
        let sum: i128 = (0..weights.len()).map(weight).sum();
        if sum == 0 {
            return None;
        }
        let magnitude = i128::from(self.0).abs();
        // Below 2^63 times 2^63: an i128 holds it. Most fit a register.
        let divided = |index: usize| {
            let product = magnitude * weight(index);
            match (u64::try_from(product), u64::try_from(sum)) {
                (Ok(product), Ok(sum)) => (i128::from(product / sum), i128::from(product % sum)),
                _ => (product / sum, product % sum),
            }
        };
        let (mut shares, remainders): (Vec<i128>, Vec<i128>) = (0..weights.len()).map(divided).unzip();
        let missing = usize::try_from(magnitude - shares.iter().sum::<i128>()).unwrap_or(usize::MAX);
        // Fewer units are missing than there are weights.
        if missing > 0 {
            let mut order: Vec<usize> = (0..weights.len()).collect();
            // Which they are matters, not their order.
            let rank = |index: &usize| (std::cmp::Reverse(remainders[*index]), *index);
            if missing < order.len() {
                order.select_nth_unstable_by_key(missing, rank);
            }
            for index in order.into_iter().take(missing) {
                shares[index] += 1;
            }
        }
        let sign = if self.0 < 0 { -1 } else { 1 };
        shares.into_iter().map(|share| i64::try_from(sign * share).ok().map(Self)).collect()
    }

    /// The sum; `None` where no document may carry it, whichever its sign.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| sum.0.unsigned_abs() <= AMOUNT_MAX.unsigned_abs())
    }

    /// The largest multiple of `step` that is not above it; itself where
    /// `step` is below two.
    pub fn floor_to(self, step: Self) -> Self {
        if step.0 < 2 { self } else { Self(self.0 - self.0.rem_euclid(step.0)) }
    }

    /// What of `count` goes with this part of `whole`, rounded down: nothing of
    /// it with what is not above nothing, all of it with all or more.
    pub fn part_of(self, whole: Self, count: i64) -> i64 {
        let whole = whole.0.max(1);
        let part = i128::from(count) * i128::from(self.0.clamp(0, whole)) / i128::from(whole);
        i64::try_from(part).unwrap_or(count)
    }

    /// One of so many equal parts, rounded down; all of it where there is at most one.
    pub fn floor_part(self, parts: u32) -> Self {
        Self(self.0.div_euclid(i64::from(parts.max(1))))
    }

    /// The smallest multiple of `step` that is not below it; itself where
    /// `step` is below two.
    pub fn ceil_to(self, step: Self) -> Self {
        -(-self).floor_to(step)
    }
}

/// Spreads an amount over amounts, as [`Money::prorate`] does; where no
/// weight is above nothing, the shares are all nothing.
pub fn prorate(amount: Money, weights: &[Money]) -> Vec<Money> {
    let minor: Vec<i64> = weights.iter().map(|weight| weight.0).collect();
    amount.prorate(&minor).unwrap_or_else(|| vec![Money::ZERO; weights.len()])
}

/// Divides and rounds to the nearest whole, halves away from zero, so that a
/// refund mirrors its sale.
fn divide_half_up(dividend: i128, divisor: i128) -> i64 {
    try_divide_half_up(dividend, divisor).expect("amounts stay below AMOUNT_MAX")
}

fn try_divide_half_up(dividend: i128, divisor: i128) -> Option<i64> {
    let magnitude = dividend.checked_abs()?.checked_mul(2)?.checked_add(divisor)? / (divisor * 2);
    let rounded = if dividend < 0 { -magnitude } else { magnitude };
    i64::try_from(rounded).ok()
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0.checked_add(other.0).expect("amounts stay below AMOUNT_MAX"))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0.checked_sub(other.0).expect("amounts stay below AMOUNT_MAX"))
    }
}

impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(amounts: I) -> Self {
        amounts.fold(Self::ZERO, Add::add)
    }
}

/// A number of pieces or kilograms, in thousandths.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quantity(i64);

impl Quantity {
    /// One piece or one kilogram.
    pub const ONE: Self = Self(1_000);

    /// The most that one line can hold: 99,999 pieces or kilograms.
    pub const MAX: Self = Self(99_999_000);

    /// Takes thousandths; refuses zero, negative ones, and more than [`Self::MAX`].
    pub fn from_thousandths(thousandths: i64) -> Option<Self> {
        (1..=Self::MAX.0).contains(&thousandths).then_some(Self(thousandths))
    }

    /// Takes whole pieces, with the same refusals.
    pub fn from_pieces(pieces: i64) -> Option<Self> {
        Self::from_thousandths(pieces.checked_mul(1_000)?)
    }

    /// So many times as much, with the same refusals.
    pub fn checked_times(self, factor: u32) -> Option<Self> {
        Self::from_thousandths(self.0.checked_mul(i64::from(factor))?)
    }

    /// Gives thousandths.
    pub const fn thousandths(self) -> i64 {
        self.0
    }

    /// The whole number of pieces, where it is whole.
    pub fn pieces(self) -> Option<i64> {
        (self.0 % 1_000 == 0).then_some(self.0 / 1_000)
    }

    /// The quantity whose cost at `price` comes nearest to `amount`, at least
    /// a thousandth; `None` where the price is nothing.
    pub fn from_amount(amount: Money, price: Money) -> Option<Self> {
        if price.0 <= 0 {
            return None;
        }
        let thousandths = try_divide_half_up(i128::from(amount.0) * 1_000, i128::from(price.0))?;
        Self::from_thousandths(thousandths.max(1))
    }
}

impl fmt::Display for Quantity {
    /// Whole pieces without decimals, all else with three: `6`, `1.235`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pieces() {
            Some(pieces) => write!(f, "{pieces}"),
            None => write!(f, "{}.{:03}", self.0 / 1_000, self.0 % 1_000),
        }
    }
}

/// A VAT rate in basis points: 1300 is 13 %.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaxRate(u32);

impl TaxRate {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// Takes basis points; refuses more than 100 %.
    pub fn from_basis_points(points: u32) -> Option<Self> {
        (points <= 10_000).then_some(Self(points))
    }

    /// Gives basis points.
    pub const fn basis_points(self) -> u32 {
        self.0
    }
}

impl fmt::Display for TaxRate {
    /// `13%`, `2.5%`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}%", Decimal::new(i64::from(self.0), 2).normalize())
    }
}

/// The most decimal places that a currency has (ISO 4217: CLF has 4); more are
/// taken for so many.
pub const EXPONENT_MAX: u8 = 4;

/// How a currency's amounts are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Currency {
    /// ISO 4217 code.
    pub code: String,
    /// What stands before an amount, such as `¥`.
    pub symbol: String,
    /// Decimal places of the minor unit (ISO 4217): 2 for CNY, 0 for JPY.
    pub exponent: u8,
}

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseAmountError {
    /// Not digits with at most one point.
    #[error("read {0:?} as an amount: digits with at most one point are needed")]
    Form(String),
    /// More decimals than the currency has.
    #[error("read {text:?} as an amount: {exponent} decimals at most")]
    Decimals {
        /// What was read.
        text: String,
        /// How many decimals the currency has.
        exponent: u8,
    },
    /// Above [`AMOUNT_MAX`].
    #[error("read {0:?} as an amount: it is too large")]
    TooLarge(String),
}

impl Currency {
    fn decimals(&self) -> u8 {
        self.exponent.min(EXPONENT_MAX)
    }

    /// How many minor units make a major one: 100 fen a yuan.
    pub fn minor_per_major(&self) -> i64 {
        10i64.pow(u32::from(self.decimals()))
    }

    /// Writes an amount without symbol: `60.49`, `-2.37`.
    pub fn format(&self, amount: Money) -> String {
        Decimal::from_i128_with_scale(i128::from(amount.0), u32::from(self.decimals())).to_string()
    }

    /// Writes an amount with symbol: `¥60.49`.
    pub fn format_with_symbol(&self, amount: Money) -> String {
        let sign = if amount.0 < 0 { "-" } else { "" };
        format!("{sign}{}{}", self.symbol, self.format(Money(amount.0.abs())))
    }

    /// Reads an amount as a person types it: `60.49`, `5`, `.5`.
    pub fn parse(&self, text: &str) -> Result<Money, ParseAmountError> {
        let form = || ParseAmountError::Form(text.to_owned());
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        if whole.is_empty() && decimals.is_empty()
            || !text.chars().all(|c| c.is_ascii_digit() || c == '.')
            || decimals.contains('.')
        {
            return Err(form());
        }
        if decimals.len() > usize::from(self.decimals()) {
            return Err(ParseAmountError::Decimals { text: text.to_owned(), exponent: self.decimals() });
        }
        let digits = format!("{whole}{decimals:0<width$}", width = usize::from(self.decimals()));
        let too_large = || ParseAmountError::TooLarge(text.to_owned());
        let minor: i64 = digits.parse().map_err(|_| too_large())?;
        if minor > AMOUNT_MAX { Err(too_large()) } else { Ok(Money(minor)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn yuan() -> Currency {
        Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 }
    }

    #[test]
    fn a_weighed_line_is_rounded_half_up() {
        let price = Money::from_minor(1_280);
        let cost = |grams| price.times(Quantity::from_thousandths(grams).expect("in range"));
        assert_eq!(cost(1_235), Money::from_minor(1_581)); // 15.808
        assert_eq!(cost(1), Money::from_minor(1)); // 0.0128
        assert_eq!(Money::from_minor(5).times(Quantity(500)), Money::from_minor(3)); // 0.025
    }

    #[test]
    fn amounts_are_read_as_people_type_them() {
        let yuan = yuan();
        assert_eq!(yuan.parse("60.49"), Ok(Money(6_049)));
        assert_eq!(yuan.parse("5"), Ok(Money(500)));
        assert_eq!(yuan.parse(".5"), Ok(Money(50)));
        assert!(matches!(yuan.parse("1.234"), Err(ParseAmountError::Decimals { .. })));
        for wrong in ["", ".", "1.2.3", "-1", "1e3", "１"] {
            assert!(matches!(yuan.parse(wrong), Err(ParseAmountError::Form(_))), "{wrong}");
        }
        assert!(matches!(yuan.parse("6901028075763690102807576"), Err(ParseAmountError::TooLarge(_))));
        assert_eq!(yuan.format(Money(-237)), "-2.37");
        assert_eq!(yuan.format_with_symbol(Money(-5)), "-¥0.05");
        assert_eq!(Currency { exponent: 0, ..yuan.clone() }.format(Money(120)), "120");
        // No currency has so many; it must not stop a till.
        let odd = Currency { exponent: u8::MAX, ..yuan };
        assert_eq!((odd.format(Money(12_345)).as_str(), odd.parse("1.2345")), ("1.2345", Ok(Money(12_345))));
    }

    #[test]
    fn what_no_document_may_carry_is_not_an_amount() {
        let most = Money(AMOUNT_MAX);
        assert_eq!(most.checked_times(Quantity::ONE), Some(most));
        assert_eq!(most.checked_times(Quantity(1_001)), None);
        assert_eq!(most.checked_times(Quantity::MAX), None);
        assert_eq!(Money(-1).checked_times(Quantity::ONE), None);
        assert_eq!(Money::checked_sum([Money(i64::MAX), Money(1)]), None);
        assert_eq!(Money::checked_sum([Money(5), Money(-7)]), Some(Money(-2)));
        assert_eq!(Quantity::from_amount(Money(i64::MAX), Money(1)), None);
    }

    #[test]
    fn the_missing_units_go_to_the_largest_remainders() {
        let spread = |minor, weights: &[i64]| {
            Money(minor)
                .prorate(weights)
                .map(|shares| shares.into_iter().map(Money::minor).collect::<Vec<_>>())
        };
        assert_eq!(spread(100, &[1, 1, 1]), Some(vec![34, 33, 33]));
        assert_eq!(spread(-100, &[1, 1, 1]), Some(vec![-34, -33, -33]));
        assert_eq!(spread(10, &[0, 5, 0, 15]), Some(vec![0, 3, 0, 7])); // 2.5 and 7.5
        assert_eq!(spread(5, &[0, 0]), None);
        assert_eq!(spread(5, &[]), None);
        assert_eq!(spread(0, &[0, 0]), Some(vec![0, 0]));
        assert_eq!(spread(5, &[-3, 1]), Some(vec![0, 5]));
        assert_eq!(spread(i64::MAX, &[i64::MAX, i64::MAX]), Some(vec![i64::MAX / 2 + 1, i64::MAX / 2]));
    }

    #[test]
    fn a_part_is_the_difference_of_two_sums() {
        let refund = |before| Money(1_975).share(before, 1, 3).map(Money::minor);
        assert_eq!([0, 1, 2].map(refund), [Some(658), Some(659), Some(658)]);
        assert_eq!(refund(3), None);
        assert_eq!(Money(1_975).share(i64::MAX, 1, 3), None);
        assert_eq!(Money(1_975).share(1, -1, 3), None);
        assert_eq!(Money(1_975).cumulative(0, 0), None);
        assert_eq!(Money(1_999).basis_points(1_500), Money(300)); // 299.85
        assert_eq!(Money(1_999).basis_points_of(Money(300)), Some(1_501));
        assert_eq!(Money::ZERO.basis_points_of(Money(300)), None);
        // 100.00 of theirs at 0.9153 of ours.
        assert_eq!(Money(10_000).at_rate(915_300), Some(Money(9_153)));
        assert_eq!(Money(i64::MAX).at_rate(u64::MAX), None);
        assert_eq!(Money(AMOUNT_MAX).checked_add(Money(1)), None);
    }

    #[test]
    fn tax_is_what_the_price_contains() {
        let rate = TaxRate::from_basis_points(1_300).expect("in range");
        assert_eq!(Money(11_300).tax_contained(rate), Money(1_300));
        assert_eq!(Money(1).tax_contained(rate), Money(0));
        assert_eq!(rate.to_string(), "13%");
    }

    #[test]
    fn shares_go_to_the_largest_remainders_first() {
        let shares = |amount: i64, weights: &[i64]| -> Vec<i64> {
            let weights: Vec<Money> = weights.iter().copied().map(Money).collect();
            Money(amount).shares(&weights).into_iter().map(Money::minor).collect()
        };
        assert_eq!(shares(100, &[1, 1, 1]), [34, 33, 33]);
        assert_eq!(shares(100, &[1, 3, 2]), [17, 50, 33]);
        assert_eq!(shares(10, &[0, 5]), [0, 10]);
        assert_eq!(shares(10, &[0, 0]), [10, 0]);
        assert_eq!(shares(0, &[3, 4]), [0, 0]);
        assert_eq!(shares(7, &[-3, 4]), [0, 7]);
        assert_eq!(shares(AMOUNT_MAX, &[i64::MAX, i64::MAX]), [AMOUNT_MAX / 2; 2]);
        assert!(shares(5, &[]).is_empty());
    }

    proptest! {
        #[test]
        fn shares_sum_to_the_whole(
            minor in -1_000i64..=AMOUNT_MAX,
            weights in prop::collection::vec(-10i64..=AMOUNT_MAX, 1..20),
        ) {
            let weights: Vec<Money> = weights.into_iter().map(Money).collect();
            let shares = Money(minor).shares(&weights);
            prop_assert_eq!(shares.iter().copied().sum::<Money>(), Money(minor));
            prop_assert!(minor < 0 || shares.iter().all(|share| Money::ZERO <= *share));
        }

        #[test]
        fn rounding_cash_never_takes_more(minor in 0i64..1_000_000, step in 0i64..200) {
            let amount = Money(minor);
            let rounded = amount.floor_to(Money(step));
            prop_assert!(rounded <= amount && amount.minor() - rounded.minor() < step.max(1));
        }

        #[test]
        fn what_is_spread_comes_together_again(
            minor in -AMOUNT_MAX..AMOUNT_MAX,
            weights in prop::collection::vec(prop_oneof![1 => Just(0), 4 => 0i64..5_000, 1 => 0..AMOUNT_MAX], 1..40),
        ) {
            let amount = Money(minor);
            let Some(shares) = amount.prorate(&weights) else {
                prop_assert!(weights.iter().all(|weight| *weight == 0));
                return Ok(());
            };
            prop_assert_eq!(shares.iter().copied().sum::<Money>(), amount);
            let sum: i128 = weights.iter().copied().map(i128::from).sum();
            for (share, weight) in shares.iter().zip(&weights) {
                prop_assert!(*weight > 0 || *share == Money::ZERO);
                // Nobody is further than one unit from the true share.
                if sum > 0 {
                    let off = i128::from(share.0) * sum - i128::from(minor) * i128::from(*weight);
                    prop_assert!(off.abs() < sum);
                }
            }
            let mirrored: Vec<Money> = shares.iter().map(|share| -*share).collect();
            prop_assert_eq!((-amount).prorate(&weights), Some(mirrored));
        }

        #[test]
        fn the_order_of_unlike_weights_does_not_matter(
            minor in 0..AMOUNT_MAX,
            weights in prop::collection::btree_set(1i64..1_000_000, 1..20),
            turn in 0usize..20,
        ) {
            let weights: Vec<i64> = weights.into_iter().collect();
            let mut turned = weights.clone();
            turned.rotate_left(turn % weights.len());
            let mut shares = Money(minor).prorate(&weights).expect("weights");
            shares.rotate_left(turn % weights.len());
            // Equal remainders go by place, so two shares may swap a unit, never more.
            for (one, other) in shares.iter().zip(Money(minor).prorate(&turned).expect("weights")) {
                prop_assert!((one.0 - other.0).abs() <= 1);
            }
        }

        #[test]
        fn however_it_is_cut_all_of_it_is_given(
            minor in -AMOUNT_MAX..AMOUNT_MAX,
            cuts in prop::collection::vec(0i64..10_000, 1..30),
        ) {
            let whole: i64 = cuts.iter().sum::<i64>().max(1);
            let mut before = 0;
            let mut given = Money::ZERO;
            for part in cuts.iter().chain([&(whole - cuts.iter().sum::<i64>())]) {
                given += Money(minor).share(before, *part, whole).expect("within");
                before += part;
            }
            prop_assert_eq!(given, Money(minor));
        }

        #[test]
        fn an_allowance_covers_what_it_was_asked_for(base in 1i64..1_000_000, part in 0i64..1_000_000) {
            let points = Money(base).basis_points_of(Money(part)).expect("a base");
            prop_assert!(i128::from(points) * i128::from(base) >= i128::from(part) * 10_000);
            prop_assert!((i128::from(points) - 1) * i128::from(base) < i128::from(part) * 10_000);
        }

        #[test]
        fn an_amount_reads_back_what_it_wrote(minor in 0i64..AMOUNT_MAX) {
            prop_assert_eq!(yuan().parse(&yuan().format(Money(minor))), Ok(Money(minor)));
        }

        #[test]
        fn giving_back_mirrors_taking(minor in 0i64..1_000_000, thousandths in 1i64..1_000_000) {
            let quantity = Quantity(thousandths);
            prop_assert_eq!(-Money(minor).times(quantity), Money(-minor).times(quantity));
        }
    }
}
