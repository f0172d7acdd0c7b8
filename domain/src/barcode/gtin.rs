//! Trade item numbers and their check digit. Knows nothing of what else a code may carry.

use std::fmt;

/// A trade item number whose check digit has been verified (GS1 General
/// Specifications, 7.9).
///
/// Stored as fourteen digits, so that a GTIN-8, -12 and -13 of one item compare equal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin {
    digits: [u8; 14],
}

/// Why a text is not a [`Gtin`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GtinError {
    /// GTINs have 8, 12, 13 or 14 digits.
    #[error("read a GTIN: 8, 12, 13 or 14 digits are needed, found {0}")]
    Length(usize),
    /// Something else than a digit stands in it.
    #[error("read a GTIN: {0:?} is not a digit")]
    NotADigit(char),
    /// A digit was misread or mistyped.
    #[error("read a GTIN: the check digit should be {expected}, found {found}")]
    CheckDigit {
        /// What the other digits ask for.
        expected: u8,
        /// What stands there.
        found: u8,
    },
}

impl Gtin {
    /// Reads 8, 12, 13 or 14 digits and verifies the last.
    pub fn parse(text: &str) -> Result<Self, GtinError> {
        if let Some(other) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(GtinError::NotADigit(other));
        }
        if !matches!(text.len(), 8 | 12 | 13 | 14) {
            return Err(GtinError::Length(text.len()));
        }
        let mut digits = [b'0'; 14];
        digits[14 - text.len()..].copy_from_slice(text.as_bytes());
        Self::checked(digits)
    }

    /// Reads the eight digits of a UPC-E symbol and puts back the zeros that
    /// it leaves out (GS1 General Specifications, 5.2.2.4.2).
    ///
    /// The same eight digits may also be a GTIN-8: only the scanner knows
    /// which bars it saw.
    pub fn parse_upc_e(text: &str) -> Result<Self, GtinError> {
        if let Some(other) = text.chars().find(|c| !c.is_ascii_digit()) {
            return Err(GtinError::NotADigit(other));
        }
        let &[system, a, b, c, d, e, last, check] = text.as_bytes() else {
            return Err(GtinError::Length(text.len()));
        };
        if system > b'1' {
            return Err(GtinError::Length(text.len()));
        }
        let zero = b'0';
        let (company, item) = match last {
            b'0'..=b'2' => ([a, b, last, zero, zero], [zero, zero, c, d, e]),
            b'3' => ([a, b, c, zero, zero], [zero, zero, zero, d, e]),
            b'4' => ([a, b, c, d, zero], [zero, zero, zero, zero, e]),
            _ => ([a, b, c, d, e], [zero, zero, zero, zero, last]),
        };
        let mut digits = [zero; 14];
        digits[2] = system;
        digits[3..8].copy_from_slice(&company);
        digits[8..13].copy_from_slice(&item);
        digits[13] = check;
        Self::checked(digits)
    }

    fn checked(digits: [u8; 14]) -> Result<Self, GtinError> {
        let (expected, found) = (check_digit(&digits[..13]), digits[13] - b'0');
        if expected == found { Ok(Self { digits }) } else { Err(GtinError::CheckDigit { expected, found }) }
    }

    /// The fourteen digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits).expect("digits are ASCII")
    }

    /// The digits as an EAN shows them: eight, thirteen, or fourteen of a case.
    pub fn as_printed(&self) -> &str {
        let digits = self.as_str();
        if self.indicator() != 0 { digits } else { digits.strip_prefix("000000").unwrap_or(&digits[1..]) }
    }

    /// The first of the fourteen digits: 0 for what is sold as one, 1 to 8 for
    /// a case of it, 9 for goods of variable measure (GS1 General
    /// Specifications, 2.1.6 and 2.1.10).
    pub fn indicator(&self) -> u8 {
        self.digits[0] - b'0'
    }

    /// Whether its price depends on a measure that the code must carry.
    pub fn is_variable_measure(&self) -> bool {
        self.indicator() == 9
    }
}

impl fmt::Debug for Gtin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Gtin({})", self.as_str())
    }
}

/// The GS1 modulo-10 check digit of the digits before it.
pub(super) fn check_digit(body: &[u8]) -> u8 {
    let weigh = |(index, digit): (usize, &u8)| {
        u32::from(digit.wrapping_sub(b'0')) * if index % 2 == 0 { 3 } else { 1 }
    };
    let sum: u32 = body.iter().rev().enumerate().map(weigh).sum();
    u8::try_from((10 - sum % 10) % 10).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_item_has_one_number_however_it_is_printed() {
        let short = Gtin::parse("036000291452").expect("UPC-A");
        assert_eq!(short, Gtin::parse("0036000291452").expect("EAN-13"));
        assert_eq!(short.as_str(), "00036000291452");
        assert_eq!(Gtin::parse("96385074").expect("EAN-8").as_str(), "00000096385074");
        assert_eq!(Gtin::parse("9520000000012"), Err(GtinError::CheckDigit { expected: 1, found: 2 }));
        assert_eq!(Gtin::parse("123"), Err(GtinError::Length(3)));
        assert_eq!(Gtin::parse("69O1028075763"), Err(GtinError::NotADigit('O')));
    }

    #[test]
    fn upc_e_gets_its_zeros_back() {
        for (short, long) in [
            ("04252614", "042100005264"),
            ("01234505", "012000003455"),
            ("01234514", "012100003454"),
            ("01234531", "012300000451"),
            ("01234543", "012340000053"),
            ("01234565", "012345000065"),
            ("01234596", "012345000096"),
        ] {
            let long = Gtin::parse(long).map_err(|error| format!("{long}: {error}"));
            assert_eq!(Gtin::parse_upc_e(short).map_err(|error| format!("{short}: {error}")), long);
        }
        assert_eq!(Gtin::parse_upc_e("24252614"), Err(GtinError::Length(8)));
        assert_eq!(Gtin::parse_upc_e("04252613"), Err(GtinError::CheckDigit { expected: 4, found: 3 }));
    }

    #[test]
    fn a_case_and_a_weighed_item_say_so_in_front() {
        let printed = |text: &str| Gtin::parse(text).map(|gtin| gtin.as_printed().to_owned());
        for text in ["96385074", "6901028075763", "16901028075760"] {
            assert_eq!(printed(text), Ok(text.to_owned()));
        }
        let indicator = |text: &str| Gtin::parse(text).map(|gtin| gtin.indicator());
        assert_eq!(indicator("6901028075763"), Ok(0));
        assert_eq!(indicator("16901028075760"), Ok(1));
        assert!(Gtin::parse("96901028075766").is_ok_and(|gtin| gtin.is_variable_measure()));
    }
}
