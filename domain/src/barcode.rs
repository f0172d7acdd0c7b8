//! What a scanned or typed text stands for. Looks nothing up.
//!
//! | module | what |
//! |---|---|
//! | [`symbology`] | the three characters by which a scanner says what it saw |
//! | [`gtin`] | trade item numbers and their check digit |
//! | [`scale`] | codes that a scale prints |
//! | [`shop`] | the shop's own codes: members, coupons, staff, labels, receipts |
//! | [`phone`] | signed codes that customers' phones show |
//! | [`element`] | GS1 element strings |
//! | [`link`] | the same as a web address: GS1 Digital Link |
//! | [`ai`], [`lint`] | the table of Application Identifiers, and the rules for their data |
//! | [`goods`] | what an element string says of goods |

pub mod ai;
pub mod element;
pub mod goods;
pub mod gtin;
pub mod link;
pub mod lint;
pub mod phone;
pub mod scale;
pub mod shop;
pub mod symbology;

use chrono::NaiveDate;

use crate::money::Quantity;
use element::{ElementError, Elements, SEPARATOR};
pub use goods::{Goods, Price};
pub use gtin::{Gtin, GtinError};
pub use phone::PhoneCode;
pub use scale::{ScaleLabel, ScaleLabelError, ScalePattern, ScalePatternError};
pub use shop::{
    RECEIPT_ADDRESS_LENGTH_MAX, RECEIPT_TOKEN_LENGTH, ReceiptCode, ShopCheckError, ShopKind, ShopPattern,
    ShopPatternError,
};
use symbology::Symbology;

/// The longest text that is looked at: what the largest QR code holds in
/// letters (ISO/IEC 18004, version 40-L).
pub const CODE_LENGTH_MAX: usize = 4_296;

/// The longest text that is kept of what is no code.
pub const OTHER_LENGTH_MAX: usize = 256;

/// The longest item number that is typed or printed.
const ITEM_CODE_LENGTH_MAX: usize = 32;

/// What a text stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Barcode {
    /// A trade item, with what its code says of this piece.
    Goods(Goods),
    /// What a scale printed.
    Scale(ScaleLabel),
    /// A member's card.
    Member(String),
    /// A coupon: the shop's own, or GS1 data.
    Coupon(String),
    /// A card of the staff.
    Staff(String),
    /// A receipt's number.
    Receipt(ReceiptCode),
    /// An electronic label on the shelf.
    Label(String),
    /// A signed code that a customer's phone shows.
    Phone(PhoneCode),
    /// A customer's payment code.
    Payment,
    /// A code of the shop's own: an item number or PLU.
    ItemCode(String),
    /// Of a known form, but something in it is wrong.
    Misread(String, Misread),
    /// GS1 data in which something is wrong.
    Malformed(ElementError),
    /// Something that is no code of goods.
    Other(String),
}

/// What is wrong in a code of a known form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Misread {
    /// A GTIN with a wrong check digit, or with a letter in it.
    #[error(transparent)]
    Gtin(GtinError),
    /// A scale's label.
    #[error(transparent)]
    Scale(ScaleLabelError),
    /// A code of the shop's own.
    #[error(transparent)]
    Shop(ShopCheckError),
}

/// Which codes of its own a shop uses. No code is of two of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Codes {
    scale: Vec<ScalePattern>,
    shop: Vec<ShopPattern>,
    weight_max: Quantity,
}

/// Why a pattern does not join the others.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("add a code pattern with prefix {added}: its codes would look like those with prefix {other}")]
pub struct CodesError {
    /// The prefix of the one that was to be added.
    pub added: String,
    /// The prefix of the one that is there.
    pub other: String,
}

/// Why a pattern that a store configured is left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigureCodesError {
    /// It is no layout of scale codes.
    #[error(transparent)]
    Scale(#[from] ScalePatternError),
    /// It is no form of the shop's own codes.
    #[error(transparent)]
    Shop(#[from] ShopPatternError),
    /// Its codes would be mistaken for others.
    #[error(transparent)]
    Mistaken(#[from] CodesError),
}

/// The most that a scale of the counter prints, five digits of grams.
const WEIGHT_MAX_GRAMS: i64 = 99_999;

impl Default for Codes {
    /// No scale, and [`ShopPattern::defaults`].
    fn default() -> Self {
        Self {
            scale: Vec::new(),
            shop: ShopPattern::defaults(),
            weight_max: Quantity::from_thousandths(WEIGHT_MAX_GRAMS).unwrap_or(Quantity::MAX),
        }
    }
}

impl Codes {
    /// Without any code of the shop's own.
    pub fn none() -> Self {
        Self { shop: Vec::new(), ..Self::default() }
    }

    /// What a store configured: layouts of scale codes, and forms of its own
    /// codes with their kinds ([`ShopPattern::parse_with_kind`]), the defaults
    /// where it has none. What cannot be is left out and told.
    pub fn configured(scale: &[String], shop: &[String]) -> (Self, Vec<ConfigureCodesError>) {
        let mut codes = if shop.is_empty() { Self::default() } else { Self::none() };
        let mut left_out = Vec::new();
        for text in scale {
            let added = ScalePattern::parse(text).map_err(Into::into);
            left_out.extend(added.and_then(|pattern| codes.add_scale(pattern).map_err(Into::into)).err());
        }
        for text in shop {
            let added = ShopPattern::parse_with_kind(text).map_err(Into::into);
            left_out.extend(added.and_then(|pattern| codes.add_shop(pattern).map_err(Into::into)).err());
        }
        (codes, left_out)
    }

    /// Adds a layout of scale codes.
    ///
    /// # Errors
    /// Its codes would look like those of another pattern.
    pub fn add_scale(&mut self, pattern: ScalePattern) -> Result<(), CodesError> {
        let (prefix, length) = (pattern.prefix(), pattern.length());
        let scales = self
            .scale
            .iter()
            .filter(|other| other.length() == length && meet(prefix, |_| true, other.prefix(), |_| true));
        let shops = self.shop.iter().filter(|other| other.is_numeric() && other.lengths().contains(&length));
        let shops = shops.filter(|other| meet(prefix, |_| true, other.prefix(), |_| true));
        let mut others = scales.map(ScalePattern::prefix).chain(shops.map(ShopPattern::prefix));
        if let Some(other) = others.next() {
            return Err(CodesError { added: prefix.to_owned(), other: other.to_owned() });
        }
        self.scale.push(pattern);
        Ok(())
    }

    /// Adds a form of the shop's own codes.
    ///
    /// # Errors
    /// Its codes would look like those of another pattern.
    pub fn add_shop(&mut self, pattern: ShopPattern) -> Result<(), CodesError> {
        let prefix = pattern.prefix();
        let scales = self
            .scale
            .iter()
            .filter(|other| pattern.is_numeric() && pattern.lengths().contains(&other.length()));
        let scales = scales.filter(|other| meet(prefix, |_| true, other.prefix(), |_| true));
        let shops = self.shop.iter().filter(|other| {
            let (ours, theirs) = (pattern.lengths(), other.lengths());
            ours.start() <= theirs.end()
                && theirs.start() <= ours.end()
                && meet(
                    prefix,
                    |byte| pattern.body_holds(byte),
                    other.prefix(),
                    |byte| other.body_holds(byte),
                )
        });
        let mut others = scales.map(ScalePattern::prefix).chain(shops.map(ShopPattern::prefix));
        if let Some(other) = others.next() {
            return Err(CodesError { added: prefix.to_owned(), other: other.to_owned() });
        }
        self.shop.push(pattern);
        Ok(())
    }

    /// Sets the most that a scale's label may say; above it the label is wrong.
    pub fn set_weight_max(&mut self, most: Quantity) {
        self.weight_max = most;
    }

    fn read_shop(&self, text: &str) -> Option<Barcode> {
        let misread = |error| Barcode::Misread(text.to_owned(), Misread::Shop(error));
        // A receipt that was shown as a link stands in it.
        let code = ReceiptCode::in_link(text).map_or(text, |(code, _)| code);
        if let Some(receipt) = ReceiptCode::read(code) {
            return Some(receipt.map_or_else(misread, Barcode::Receipt));
        }
        self.shop.iter().find_map(|pattern| {
            let of_kind = |code| match pattern.kind() {
                ShopKind::Member => Barcode::Member(code),
                ShopKind::Coupon => Barcode::Coupon(code),
                ShopKind::Staff => Barcode::Staff(code),
                ShopKind::Label => Barcode::Label(code),
            };
            pattern.read(text).map(|read| read.map_or_else(misread, of_kind))
        })
    }

    fn read_scale(&self, text: &str) -> Option<Barcode> {
        let read = |text: &str| self.scale.iter().find_map(|pattern| pattern.read(text, self.weight_max));
        // A UPC-A is an EAN-13 whose leading zero the scanner left out.
        let label = read(text).or_else(|| if text.len() == 12 { read(&format!("0{text}")) } else { None })?;
        Some(
            label.map_or_else(
                |error| Barcode::Misread(text.to_owned(), Misread::Scale(error)),
                Barcode::Scale,
            ),
        )
    }
}

/// Whether a code may begin with both prefixes: one begins the other, and the
/// rest of the longer may stand in the body of the shorter.
fn meet(ours: &str, our_body: impl Fn(u8) -> bool, theirs: &str, their_body: impl Fn(u8) -> bool) -> bool {
    match (ours.strip_prefix(theirs), theirs.strip_prefix(ours)) {
        (Some(rest), _) => rest.bytes().all(their_body),
        (_, Some(rest)) => rest.bytes().all(our_body),
        (None, None) => false,
    }
}

/// Whether a text has the form of a customer's payment code, which must never
/// resolve to goods: WeChat 18 digits from 10-15, Alipay 16-24 digits from
/// 25-30, UnionPay 19 digits from 62.
pub fn looks_like_payment(text: &str) -> bool {
    // Lengths first: most scans end here.
    if !(16..=24).contains(&text.len()) || !text.bytes().all(|byte| byte.is_ascii_digit()) {
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

/// Whether some digits after this prefix make a payment code of this length.
fn may_look_like_payment(prefix: &str, length: usize) -> bool {
    // What follows the prefix may be any digit, and two digits tell a payment code.
    ('0'..='9').any(|next| {
        let rest = next.to_string().repeat(length.saturating_sub(prefix.len()));
        looks_like_payment(&format!("{prefix}{rest}"))
    })
}

/// Whether some digits after this prefix make an element string that begins
/// with (01) and a GTIN.
fn may_look_like_gs1(prefix: &str, length: usize) -> bool {
    let start = "01";
    length >= GTIN_ELEMENT_LENGTH && (prefix.starts_with(start) || start.starts_with(prefix))
}

/// (01) and fourteen digits.
const GTIN_ELEMENT_LENGTH: usize = 16;

/// Tells what a text stands for; `today` is the calendar day of the lane,
/// which tells the century of dates.
///
/// What the scanner says of the symbol goes first: an element string is never
/// taken for anything else. Without a word from it, the order matters: payment
/// codes and what phones show, so that none is ever sold as goods; what only GS1 data has; what the
/// shop configured; GTINs; and last an element string whose separators and
/// identifier the scanner did not send.
pub fn recognise(text: &str, codes: &Codes, today: NaiveDate) -> Barcode {
    let (symbology, data) = symbology::split(text.trim());
    if data.is_empty() || data.len() > CODE_LENGTH_MAX {
        return other(data);
    }
    let numeric = symbology.is_some_and(Symbology::is_numeric);
    if looks_like_payment(data) && !symbology.is_some_and(Symbology::is_gs1) {
        return Barcode::Payment;
    }
    if let Some(code) = phone::read(data).filter(|_| !symbology.is_some_and(Symbology::is_gs1)) {
        return Barcode::Phone(code);
    }
    if let Some(elements) = elements_of(symbology, data) {
        return match elements {
            Ok(elements) => goods::understand(&elements, today),
            Err(error) => Barcode::Malformed(error),
        };
    }
    if let Some(found) = codes.read_shop(data).or_else(|| codes.read_scale(data)) {
        return found;
    }
    if let Some(item) = retail(symbology, data) {
        return item;
    }
    if let Some(elements) = bare_elements(data) {
        return match elements {
            Ok(elements) => goods::understand(&elements, today),
            Err(error) => Barcode::Malformed(error),
        };
    }
    if let Some(error) = letters_in_gtin(data, numeric) {
        return Barcode::Misread(data.to_owned(), Misread::Gtin(error));
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if data.len() <= ITEM_CODE_LENGTH_MAX && data.chars().all(is_plain) {
        return Barcode::ItemCode(data.to_owned());
    }
    other(data)
}

/// The GS1 data of a text, as [`recognise`] takes it; `None` where it takes it
/// for something else.
pub fn elements(text: &str) -> Option<Result<Elements<'_>, ElementError>> {
    let (symbology, data) = symbology::split(text.trim());
    if data.is_empty() || data.len() > CODE_LENGTH_MAX {
        return None;
    }
    elements_of(symbology, data).or_else(|| bare_elements(data))
}

fn other(text: &str) -> Barcode {
    Barcode::Other(text.chars().take(OTHER_LENGTH_MAX).collect())
}

/// What can be nothing but GS1 data.
fn elements_of(symbology: Option<Symbology>, data: &str) -> Option<Result<Elements<'_>, ElementError>> {
    let is_link = data.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("http"));
    if let Some(link) = if is_link { link::parse(data) } else { None } {
        return Some(link);
    }
    if symbology.is_some_and(Symbology::is_gs1) {
        return Some(Elements::parse(data));
    }
    let typed = data.starts_with('(') && data.as_bytes().get(1).is_some_and(u8::is_ascii_digit);
    if typed {
        return Some(Elements::parse_bracketed(data));
    }
    data.contains(SEPARATOR).then(|| Elements::parse(data))
}

/// An element string that came without identifier and separators: where it
/// begins with (01) and a good GTIN; or where it begins as one and all of it
/// is one.
fn bare_elements(data: &str) -> Option<Result<Elements<'_>, ElementError>> {
    if data.len() < GTIN_ELEMENT_LENGTH || !data.bytes().take(4).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    if let Some(rest) = data.strip_prefix("01") {
        let gtin = rest.get(..14).is_some_and(|gtin| Gtin::parse(gtin).is_ok());
        return gtin.then(|| Elements::parse(data));
    }
    let begins = ["00", "255", "8018", "8110", "8112"].iter().any(|ai| data.starts_with(ai));
    if begins { Elements::parse(data).ok().map(Ok) } else { None }
}

/// A trade item number.
fn retail(symbology: Option<Symbology>, data: &str) -> Option<Barcode> {
    // The add-on tells issues of a magazine apart; goods are found without it.
    let data = match (symbology, data.len()) {
        (Some(Symbology::EanAddOn), 14 | 17) => data.get(..12)?,
        (Some(Symbology::EanAddOn), 15 | 18) => data.get(..13)?,
        (Some(Symbology::AddOn), _) => return Some(other(data)),
        _ => data,
    };
    let upc_e = if data.len() == 8 && symbology != Some(Symbology::Ean8) {
        Gtin::parse_upc_e(data).ok()
    } else {
        None
    };
    let read = match (symbology, upc_e) {
        // The scanner did not see an EAN-8.
        (Some(Symbology::Ean), Some(upc_e)) => Ok(Goods::of(upc_e)),
        (_, upc_e) => match (Gtin::parse(data), upc_e) {
            (Ok(gtin), also) => Ok(Goods { also, ..Goods::of(gtin) }),
            (Err(_), Some(upc_e)) => Ok(Goods::of(upc_e)),
            (Err(error), None) => Err(error),
        },
    };
    match read {
        Ok(goods) => Some(Barcode::Goods(goods)),
        Err(error @ GtinError::CheckDigit { .. }) => {
            Some(Barcode::Misread(data.to_owned(), Misread::Gtin(error)))
        }
        Err(GtinError::Length(_) | GtinError::NotADigit(_)) => None,
    }
}

/// How many letters of a typed GTIN are taken for slips; with more it is an item number.
const LETTERS_MAX: usize = 2;

/// A GTIN in which letters stand for digits, such as O for 0. Item numbers of
/// eight characters with a letter are common, so those are not taken for one.
fn letters_in_gtin(data: &str, numeric: bool) -> Option<GtinError> {
    let letters = data.bytes().filter(|byte| !byte.is_ascii_digit()).count();
    let looks = matches!(data.len(), 12..=14) && (1..=LETTERS_MAX).contains(&letters);
    if !data.bytes().all(|byte| byte.is_ascii_alphanumeric()) || !looks && !numeric {
        return None;
    }
    let first = data.chars().find(|c| !c.is_ascii_digit());
    Some(first.map_or(GtinError::Length(data.len()), GtinError::NotADigit))
}

#[cfg(test)]
mod tests;
