//! A weight as a display shows it: digits, a point, a unit. No float, no rounding.

/// Most digits of a weight; displays have five or six.
const DIGITS_MAX: usize = 9;

/// A unit of weight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// 1,000 grams.
    Kilogram,
    /// A gram.
    Gram,
    /// An avoirdupois pound.
    Pound,
    /// An avoirdupois ounce.
    Ounce,
}

impl Unit {
    /// As scales write it.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Kilogram => "kg",
            Self::Gram => "g",
            Self::Pound => "lb",
            Self::Ounce => "oz",
        }
    }

    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        [Self::Kilogram, Self::Gram, Self::Pound, Self::Ounce]
            .into_iter()
            .find(|unit| unit.symbol().eq_ignore_ascii_case(text))
    }
}

/// A weight, exactly as shown: `units` at `decimals` places after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Weight {
    /// The digits without the point; below nothing where a minus was shown.
    pub units: i64,
    /// How many of the digits stand after the point.
    pub decimals: u8,
    /// Of what.
    pub unit: Unit,
}

/// Why a text is not a weight.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read weight {0:?}")]
pub struct ParseWeightError(String);

impl Weight {
    /// A weight of this many grams.
    pub fn grams_of(grams: i64) -> Self {
        Self { units: grams, decimals: 3, unit: Unit::Kilogram }
    }

    /// Reads digits with at most one point, a minus before them, blanks around.
    ///
    /// # Errors
    /// Anything else, also more than nine digits.
    pub fn parse(text: &str, unit: Unit) -> Result<Self, ParseWeightError> {
        let refused = || ParseWeightError(text.chars().take(32).collect());
        let trimmed = text.trim_matches(' ');
        let (minus, digits) = match trimmed.strip_prefix('-') {
            Some(rest) => (true, rest.trim_start_matches(' ')),
            None => (false, trimmed.strip_prefix('+').unwrap_or(trimmed)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let count = whole.len() + fraction.len();
        let all_digits = whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !all_digits || count == 0 || count > DIGITS_MAX {
            return Err(refused());
        }
        let mut units = 0_i64;
        for byte in whole.bytes().chain(fraction.bytes()) {
            units = units * 10 + i64::from(byte - b'0');
        }
        let decimals = u8::try_from(fraction.len()).map_err(|_| refused())?;
        Ok(Self { units: if minus { -units } else { units }, decimals, unit })
    }

    /// The weight in whole grams; `None` where it is not whole, or in pounds or ounces, which no whole gram equals.
    pub fn grams(self) -> Option<i64> {
        let places = match self.unit {
            Unit::Kilogram => 3,
            Unit::Gram => 0,
            Unit::Pound | Unit::Ounce => return None,
        };
        let decimals = u32::from(self.decimals);
        if decimals <= places {
            return self.units.checked_mul(10_i64.pow(places - decimals));
        }
        let divisor = 10_i64.checked_pow(decimals - places)?;
        (self.units % divisor == 0).then(|| self.units / divisor)
    }
}

impl std::fmt::Display for Weight {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.units < 0 { "-" } else { "" };
        let digits = self.units.unsigned_abs();
        let symbol = self.unit.symbol();
        match 10_u64.checked_pow(u32::from(self.decimals)) {
            Some(divisor) if self.decimals > 0 => {
                let width = usize::from(self.decimals);
                write!(f, "{sign}{}.{:0width$} {symbol}", digits / divisor, digits % divisor)
            }
            Some(_) | None => write!(f, "{sign}{digits} {symbol}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_become_grams_exactly() {
        for (text, unit, grams, shown) in [
            ("01.250", Unit::Kilogram, Some(1_250), "1.250 kg"),
            ("  0.005", Unit::Kilogram, Some(5), "0.005 kg"),
            ("-0.020", Unit::Kilogram, Some(-20), "-0.020 kg"),
            ("1.25", Unit::Kilogram, Some(1_250), "1.25 kg"),
            ("00.0000", Unit::Kilogram, Some(0), "0.0000 kg"),
            ("1.2505", Unit::Kilogram, None, "1.2505 kg"),
            ("1250", Unit::Gram, Some(1_250), "1250 g"),
            ("0.5", Unit::Gram, None, "0.5 g"),
            ("02.50", Unit::Pound, None, "2.50 lb"),
        ] {
            let weight = Weight::parse(text, unit).expect("a weight");
            assert_eq!((weight.grams(), weight.to_string().as_str()), (grams, shown), "{text}");
        }
    }

    #[test]
    fn what_is_no_weight_is_refused() {
        for text in ["", " ", ".", "-", "1.2.3", "1,250", "ABC", "1234567890", "１", "1e3", "--1", "0x10"] {
            assert!(Weight::parse(text, Unit::Kilogram).is_err(), "{text:?}");
        }
    }
}
