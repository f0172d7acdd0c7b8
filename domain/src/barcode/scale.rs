//! Codes that a scale prints: their layouts, and what one of them says.

use super::gtin::check_digit;
use super::looks_like_payment;
use crate::money::{Money, Quantity};

/// The layout of a code that a scale prints: literal digits first, then `I`
/// for the item's number (PLU), `W` for grams, `P` for the amount in minor
/// units, and `C` for the check digit at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScalePattern {
    layout: String,
}

/// Why a text is not a [`ScalePattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScalePatternError {
    /// Not of the form above.
    #[error(
        "read scale pattern {0:?}: literal digits, then I, W and P fields, then one C are needed, \
         such as 21IIIIIWWWWWC"
    )]
    Form(String),
    /// Codes of this layout would look like a customer's payment code.
    #[error("read scale pattern {0:?}: its codes would look like payment codes; choose another prefix")]
    LooksLikePayment(String),
    /// Codes of this layout would look like GS1 data that begins with a GTIN.
    #[error("read scale pattern {0:?}: its codes would look like GS1 data; choose another prefix")]
    LooksLikeGs1(String),
}

/// The most digits of a weight or an amount: they stay below
/// [`crate::money::AMOUNT_MAX`].
const FIELD_DIGITS_MAX: usize = 14;

/// The most digits of a code that a scale prints.
const LAYOUT_LENGTH_MAX: usize = 24;

/// What a scale printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleLabel {
    /// The item's number on the scale.
    pub plu: String,
    /// The weight, where the layout has one.
    pub weight: Option<Quantity>,
    /// The amount, where the layout has one.
    pub amount: Option<Money>,
}

/// Why a code of a known layout is not a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ScaleLabelError {
    /// A digit was misread or mistyped.
    #[error("read a scale's label: the check digit should be {expected}, found {found}")]
    CheckDigit {
        /// What the other digits ask for.
        expected: u8,
        /// What stands there.
        found: u8,
    },
    /// It weighs nothing, or more than the scale can weigh.
    #[error("read a scale's label: a weight of {grams} g cannot be")]
    Weight {
        /// What it says, in grams.
        grams: i64,
    },
    /// It costs nothing.
    #[error("read a scale's label: an amount of nothing cannot be")]
    Amount,
}

impl ScalePattern {
    /// Reads a layout.
    pub fn parse(layout: &str) -> Result<Self, ScalePatternError> {
        let refuse = || ScalePatternError::Form(layout.to_owned());
        let fields = layout.trim_start_matches(|c: char| c.is_ascii_digit());
        let (fields, last) = fields.split_at_checked(fields.len().saturating_sub(1)).ok_or_else(refuse)?;
        let prefix = layout.len() - fields.len() - last.len();
        let runs = |field: char| {
            let count = fields.matches(field).count();
            let joined: String = std::iter::repeat_n(field, count).collect();
            (count, fields.contains(&joined))
        };
        let (items, weights, amounts) = (runs('I'), runs('W'), runs('P'));
        let whole = items.0 + weights.0 + amounts.0 == fields.len() && items.1 && weights.1 && amounts.1;
        let fits = weights.0 <= FIELD_DIGITS_MAX
            && amounts.0 <= FIELD_DIGITS_MAX
            && layout.len() <= LAYOUT_LENGTH_MAX;
        if last != "C" || prefix == 0 || items.0 == 0 || weights.0 + amounts.0 == 0 || !whole || !fits {
            return Err(refuse());
        }
        let literal = &layout[..prefix];
        if super::may_look_like_payment(literal, layout.len()) {
            return Err(ScalePatternError::LooksLikePayment(layout.to_owned()));
        }
        if super::may_look_like_gs1(literal, layout.len()) {
            return Err(ScalePatternError::LooksLikeGs1(layout.to_owned()));
        }
        Ok(Self { layout: layout.to_owned() })
    }

    /// The literal digits in front.
    pub(super) fn prefix(&self) -> &str {
        self.layout.trim_end_matches(|c: char| c.is_ascii_uppercase())
    }

    /// How many digits its codes have.
    pub(super) fn length(&self) -> usize {
        self.layout.len()
    }

    /// Reads a code; `None` where it is not of this layout.
    pub fn read(&self, text: &str, weight_max: Quantity) -> Option<Result<ScaleLabel, ScaleLabelError>> {
        if text.len() != self.layout.len() || looks_like_payment(text) {
            return None;
        }
        let mut plu = String::new();
        let (mut grams, mut minor) = (0i64, 0i64);
        for (place, digit) in self.layout.chars().zip(text.chars()) {
            let value = i64::from(digit.to_digit(10)?);
            match place {
                'I' => plu.push(digit),
                'W' => grams = grams * 10 + value,
                'P' => minor = minor * 10 + value,
                'C' => {}
                literal if literal == digit => {}
                _ => return None,
            }
        }
        Some(self.label(text, plu, grams, minor, weight_max))
    }

    fn label(
        &self,
        text: &str,
        plu: String,
        grams: i64,
        minor: i64,
        weight_max: Quantity,
    ) -> Result<ScaleLabel, ScaleLabelError> {
        if let Some((check, body)) = text.as_bytes().split_last() {
            let (expected, found) = (check_digit(body), check - b'0');
            if expected != found {
                return Err(ScaleLabelError::CheckDigit { expected, found });
            }
        }
        let promised = |field: char| self.layout.contains(field);
        let weight = Quantity::from_thousandths(grams).filter(|weight| *weight <= weight_max);
        if promised('W') && weight.is_none() {
            return Err(ScaleLabelError::Weight { grams });
        }
        let amount = (minor > 0).then_some(Money::from_minor(minor));
        if promised('P') && amount.is_none() {
            return Err(ScaleLabelError::Amount);
        }
        Ok(ScaleLabel { plu, weight, amount })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_that_cannot_work_is_refused() {
        for wrong in [
            "",
            "C",
            "21C",
            "IIIIIWWWWWC",
            "21IIWWIIC",
            "21IIIIIWWWWW",
            "21IIIIIXXXXXC",
            "21IPPPPPPPPPPPPPPPC",
            "２1IIIIIWWWWWC",
        ] {
            assert!(matches!(ScalePattern::parse(wrong), Err(ScalePatternError::Form(_))), "{wrong}");
        }
    }

    #[test]
    fn a_pattern_whose_codes_look_like_something_else_is_refused() {
        // Whether it looks like one may depend on the item's first digit.
        for wrong in ["28IIIIIPPPPPWWWWWC", "2IIIIIPPPPPWWWWWWC", "62IIIIIPPPPPWWWWWWC"] {
            assert!(
                matches!(ScalePattern::parse(wrong), Err(ScalePatternError::LooksLikePayment(_))),
                "{wrong}"
            );
        }
        for wrong in ["01IIIIIPPPPPWWWWWC", "0IIIIIPPPPPWWWWWC"] {
            assert!(matches!(ScalePattern::parse(wrong), Err(ScalePatternError::LooksLikeGs1(_))), "{wrong}");
        }
    }
}
