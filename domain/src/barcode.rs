//! What a scanned or typed text stands for. Looks nothing up.

use crate::money::{Money, Quantity};

/// A trade item number whose check digit has been verified (GS1 General
/// Specifications, 7.9).
///
/// Stored as fourteen digits, so that a GTIN-8, -12 and -13 of one item compare equal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gtin {
    digits: [u8; 14],
}

/// Why a text is not a [`Gtin`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
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
        let (body, found) = text.split_at(text.len() - 1);
        let (expected, found) = (check_digit(body), found.as_bytes()[0] - b'0');
        if expected != found {
            return Err(GtinError::CheckDigit { expected, found });
        }
        let mut digits = [b'0'; 14];
        digits[14 - text.len()..].copy_from_slice(text.as_bytes());
        Ok(Self { digits })
    }

    /// The fourteen digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.digits).expect("digits are ASCII")
    }
}

/// The GS1 modulo-10 check digit of the digits before it.
fn check_digit(body: &str) -> u8 {
    let sum: u32 = body
        .bytes()
        .rev()
        .enumerate()
        .map(|(index, digit)| u32::from(digit - b'0') * if index % 2 == 0 { 3 } else { 1 })
        .sum();
    u8::try_from((10 - sum % 10) % 10).expect("below ten")
}

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
}

/// The most digits of a weight or an amount: they stay below
/// [`crate::money::AMOUNT_MAX`].
const FIELD_DIGITS_MAX: usize = 14;

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
        let fits = weights.0 <= FIELD_DIGITS_MAX && amounts.0 <= FIELD_DIGITS_MAX && layout.len() <= 24;
        if last != "C" || prefix == 0 || items.0 == 0 || weights.0 + amounts.0 == 0 || !whole || !fits {
            return Err(refuse());
        }
        // What follows the prefix may be any digit, and two digits tell a payment code.
        let looks = |next: char| {
            let fields = next.to_string().repeat(layout.len() - prefix);
            looks_like_payment(&format!("{}{fields}", &layout[..prefix]))
        };
        if ('0'..='9').any(looks) {
            return Err(ScalePatternError::LooksLikePayment(layout.to_owned()));
        }
        Ok(Self { layout: layout.to_owned() })
    }

    /// Reads a code of this layout; `None` where it is not one. A weight or an
    /// amount of nothing is not a label.
    fn read(&self, text: &str) -> Option<ScaleLabel> {
        if text.len() != self.layout.len() {
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
        let (body, check) = text.split_at(text.len() - 1);
        if check.as_bytes()[0] - b'0' != check_digit(body) {
            return None;
        }
        let weight = Quantity::from_thousandths(grams);
        let amount = (minor > 0).then_some(Money::from_minor(minor));
        let promised = |field: char| self.layout.contains(field);
        if promised('W') && weight.is_none() || promised('P') && amount.is_none() {
            return None;
        }
        Some(ScaleLabel { plu, weight, amount })
    }
}

/// Whether a text has the form of a customer's payment code, which must never
/// resolve to goods: WeChat 18 digits from 10-15, Alipay 16-24 digits from
/// 25-30, UnionPay 19 digits from 62.
fn looks_like_payment(text: &str) -> bool {
    if !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let start: u8 = text.get(..2).and_then(|start| start.parse().ok()).unwrap_or(0);
    match text.len() {
        18 if (10..=15).contains(&start) => true,
        19 if start == 62 => true,
        16..=24 => (25..=30).contains(&start),
        _ => false,
    }
}

/// The longest text that is looked at; scanners send no longer one-dimensional codes.
pub const CODE_LENGTH_MAX: usize = 256;

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barcode {
    /// A trade item.
    Gtin(Gtin),
    /// What a scale printed.
    Scale(ScaleLabel),
    /// A customer's payment code.
    Payment,
    /// A code of the shop's own: an item number or PLU.
    ItemCode(String),
    /// As long as a GTIN, but its check digit is wrong.
    Misread(String),
    /// Something that is no code of goods.
    Other(String),
}

/// Tells what a text stands for.
///
/// The order matters: payment codes first, so that none is ever sold as
/// goods; then what the shop configured; then GTINs.
pub fn recognise(text: &str, patterns: &[ScalePattern]) -> Barcode {
    let text = text.trim();
    if text.is_empty() || text.len() > CODE_LENGTH_MAX {
        return Barcode::Other(text.chars().take(CODE_LENGTH_MAX).collect());
    }
    if looks_like_payment(text) {
        return Barcode::Payment;
    }
    if let Some(label) = patterns.iter().find_map(|pattern| pattern.read(text)) {
        return Barcode::Scale(label);
    }
    match Gtin::parse(text) {
        Ok(gtin) => Barcode::Gtin(gtin),
        Err(GtinError::CheckDigit { .. }) => Barcode::Misread(text.to_owned()),
        Err(GtinError::Length(_) | GtinError::NotADigit(_)) => {
            if text.len() <= 32 && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
                Barcode::ItemCode(text.to_owned())
            } else {
                Barcode::Other(text.to_owned())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patterns() -> Vec<ScalePattern> {
        ["21IIIIIWWWWWC", "23IIIIIPPPPPC", "22IIIIIPPPPPWWWWWC"]
            .map(|layout| ScalePattern::parse(layout).expect("a good layout"))
            .to_vec()
    }

    fn with_check(body: &str) -> String {
        format!("{body}{}", check_digit(body))
    }

    fn check(text: &str, expected: Barcode) {
        assert_eq!(recognise(text, &patterns()), expected, "{text}");
    }

    #[test]
    fn one_item_has_one_number_however_it_is_printed() {
        let short = Gtin::parse("036000291452").expect("UPC-A");
        assert_eq!(short, Gtin::parse("0036000291452").expect("EAN-13"));
        assert_eq!(short.as_str(), "00036000291452");
        assert_eq!(Gtin::parse("96385074").expect("EAN-8").as_str(), "00000096385074");
        assert_eq!(Gtin::parse("9520000000012"), Err(GtinError::CheckDigit { expected: 1, found: 2 }));
        assert_eq!(Gtin::parse("123"), Err(GtinError::Length(3)));
    }

    #[test]
    fn a_scale_label_carries_weight_or_amount() {
        let label = |plu: &str, weight: Option<i64>, amount: Option<i64>| {
            Barcode::Scale(ScaleLabel {
                plu: plu.into(),
                weight: weight.and_then(Quantity::from_thousandths),
                amount: amount.map(Money::from_minor),
            })
        };
        check(&with_check("211000101235"), label("10001", Some(1_235), None));
        check(&with_check("231000101235"), label("10001", None, Some(1_235)));
        check(&with_check("22100010123500534"), label("10001", Some(534), Some(1_235)));
    }

    #[test]
    fn a_label_that_weighs_nothing_is_an_ordinary_number() {
        let text = with_check("211000100000");
        check(&text, Barcode::Gtin(Gtin::parse(&text).expect("valid")));
    }

    #[test]
    fn a_payment_code_is_never_goods() {
        check("134567890123456789", Barcode::Payment);
        check("281234567890123456", Barcode::Payment);
        check("6212345678901234567", Barcode::Payment);
        assert!(matches!(
            ScalePattern::parse("28IIIIIPPPPPWWWWWC"),
            Err(ScalePatternError::LooksLikePayment(_))
        ));
        // Whether it looks like one depends on the item's first digit.
        assert!(matches!(
            ScalePattern::parse("2IIIIIPPPPPWWWWWWC"),
            Err(ScalePatternError::LooksLikePayment(_))
        ));
    }

    #[test]
    fn everything_else_is_said_to_be_what_it_is() {
        check("10001", Barcode::ItemCode("10001".into()));
        check("85123A", Barcode::ItemCode("85123A".into()));
        check(" 9520000000012 ", Barcode::Misread("9520000000012".into()));
        check("https://example.com/x", Barcode::Other("https://example.com/x".into()));
        check("", Barcode::Other(String::new()));
    }

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
        ] {
            assert!(matches!(ScalePattern::parse(wrong), Err(ScalePatternError::Form(_))), "{wrong}");
        }
    }
}
