//! The shop's own codes: member cards, coupons, staff cards, shelf labels and receipts. Each ends with a check, so that a
//! mistyped one is never taken for another.

use std::fmt;

use super::gtin::check_digit;

/// What a code of the shop's own stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ShopKind {
    /// A member's card.
    Member,
    /// A coupon.
    Coupon,
    /// A card of the staff.
    Staff,
    /// An electronic label on the shelf.
    Label,
}

/// Which codes are of one kind: `M X4..20` is a literal `M`, four to twenty
/// digits or letters, and a check.
///
/// `N` stands for digits, `X` for digits and capital letters; a single length
/// such as `29 N10` is allowed. Where prefix and body are all digits the
/// check is the GS1 modulo-10 digit, so `29 N10` is an in-store EAN-13;
/// elsewhere it is [`check_character`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShopPattern {
    kind: ShopKind,
    prefix: String,
    body: Body,
    length_min: usize,
    length_max: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Body {
    Digits,
    Alphanumerics,
}

/// Why a text is not a [`ShopPattern`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShopPatternError {
    /// Not of the form above.
    #[error(
        "read code pattern {0:?}: a prefix of digits or capital letters, a blank, N or X and a length of \
         1 to {BODY_LENGTH_MAX} are needed, such as M X4..20"
    )]
    Form(String),
    /// Codes of this form would look like a customer's payment code.
    #[error("read code pattern {0:?}: its codes would look like payment codes; choose another prefix")]
    LooksLikePayment(String),
    /// Codes of this form would look like GS1 data that begins with a GTIN.
    #[error("read code pattern {0:?}: its codes would look like GS1 data; choose another prefix")]
    LooksLikeGs1(String),
    /// Codes of this form would look like goods of some manufacturer.
    #[error(
        "read code pattern {0:?}: its codes would look like GTINs of goods; choose a prefix that GS1 leaves to \
         shops: 02, 04, 20 to 29, 98 or 99 before an EAN-13, 0 or 2 before an EAN-8"
    )]
    LooksLikeGoods(String),
}

/// The longest body: with prefix and check it stays within what
/// [`check_character`] tells apart.
pub const BODY_LENGTH_MAX: usize = 24;

/// The longest prefix.
pub const PREFIX_LENGTH_MAX: usize = 8;

/// Why a code of a known form is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("read a code of the shop: the check should be {expected:?}, found {found:?}")]
pub struct ShopCheckError {
    /// What the other characters ask for.
    pub expected: char,
    /// What stands there.
    pub found: char,
}

impl ShopPattern {
    /// Reads a form.
    pub fn parse(kind: ShopKind, text: &str) -> Result<Self, ShopPatternError> {
        let refuse = || ShopPatternError::Form(text.to_owned());
        let (prefix, rest) = text.split_once(' ').ok_or_else(refuse)?;
        let body = match rest.get(..1) {
            Some("N") => Body::Digits,
            Some("X") => Body::Alphanumerics,
            _ => return Err(refuse()),
        };
        let (least, most) = rest[1..].split_once("..").unwrap_or((&rest[1..], &rest[1..]));
        let length = |text: &str| text.parse().ok().filter(|length| (1..=BODY_LENGTH_MAX).contains(length));
        let (Some(length_min), Some(length_max)) = (length(least), length(most)) else {
            return Err(refuse());
        };
        let is_plain = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
        if prefix.is_empty()
            || prefix.len() > PREFIX_LENGTH_MAX
            || !prefix.chars().all(is_plain)
            || length_min > length_max
        {
            return Err(refuse());
        }
        let pattern = Self { kind, prefix: prefix.to_owned(), body, length_min, length_max };
        if pattern.lengths().any(|length| super::may_look_like_payment(prefix, length)) {
            return Err(ShopPatternError::LooksLikePayment(text.to_owned()));
        }
        if pattern.lengths().any(|length| super::may_look_like_gs1(prefix, length)) {
            return Err(ShopPatternError::LooksLikeGs1(text.to_owned()));
        }
        if pattern.lengths().any(|length| may_look_like_goods(prefix, length)) {
            return Err(ShopPatternError::LooksLikeGoods(text.to_owned()));
        }
        Ok(pattern)
    }

    /// Reads a form with its kind in front, as a store configures it:
    /// `member M X4..20`, `coupon 99 N10`, `staff …`, `label …`.
    pub fn parse_with_kind(text: &str) -> Result<Self, ShopPatternError> {
        let refuse = || ShopPatternError::Form(text.to_owned());
        let (kind, form) = text.split_once(' ').ok_or_else(refuse)?;
        let kind = match kind {
            "member" => ShopKind::Member,
            "coupon" => ShopKind::Coupon,
            "staff" => ShopKind::Staff,
            "label" => ShopKind::Label,
            _ => return Err(refuse()),
        };
        Self::parse(kind, form)
    }

    /// The forms that are used where nothing is configured: `M` before members,
    /// `C` before coupons, `S` before staff and `L` before labels.
    ///
    /// The EAN prefixes that GS1 keeps for coupons, 98 and 99, are not among
    /// them: real shops have goods with such numbers. A chain that has coupons
    /// of this form configures `99 N10`.
    pub fn defaults() -> Vec<Self> {
        let pattern = |kind, prefix: &str, body, length_min, length_max| Self {
            kind,
            prefix: prefix.to_owned(),
            body,
            length_min,
            length_max,
        };
        vec![
            pattern(ShopKind::Member, "M", Body::Alphanumerics, 6, 20),
            pattern(ShopKind::Coupon, "C", Body::Alphanumerics, 6, 24),
            pattern(ShopKind::Staff, "S", Body::Digits, 4, 12),
            pattern(ShopKind::Label, "L", Body::Alphanumerics, 8, 20),
        ]
    }

    /// What its codes stand for.
    pub fn kind(&self) -> ShopKind {
        self.kind
    }

    /// Makes the code with this body: puts the prefix in front and the check
    /// behind. `None` where the body has another length or other characters.
    pub fn issue(&self, body: &str) -> Option<String> {
        let text = format!("{}{body}", self.prefix);
        (self.lengths().any(|length| length == text.len() + 1)
            && body.bytes().all(|byte| self.body.holds(byte)))
        .then(|| format!("{text}{}", self.check(&text)))
    }

    /// Reads a code, in small letters or capitals; `None` where it is not of
    /// this form. What comes back is in capitals, prefix and check included.
    pub fn read(&self, text: &str) -> Option<Result<String, ShopCheckError>> {
        let length = text.len();
        if !self.lengths().contains(&length) || !text.is_ascii() {
            return None;
        }
        if !text.get(..self.prefix.len())?.eq_ignore_ascii_case(&self.prefix) {
            return None;
        }
        let text = text.to_ascii_uppercase();
        let (before, found) = text.split_at(length - 1);
        if !before[self.prefix.len()..].bytes().all(|byte| self.body.holds(byte)) {
            return None;
        }
        let (expected, found) = (self.check(before), found.chars().next()?);
        let is_check = found.is_ascii_digit() || !self.is_numeric() && is_check_character(found);
        if !is_check {
            return None;
        }
        Some(if expected == found { Ok(text) } else { Err(ShopCheckError { expected, found }) })
    }

    fn check(&self, before: &str) -> char {
        if self.is_numeric() {
            char::from(b'0' + check_digit(before.as_bytes()))
        } else {
            check_character(before)
        }
    }

    /// The literal characters in front.
    pub(super) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// How long its codes may be.
    pub(super) fn lengths(&self) -> std::ops::RangeInclusive<usize> {
        let around = self.prefix.len() + 1;
        self.length_min + around..=self.length_max + around
    }

    /// Whether its codes are digits only, so far as its body goes.
    pub(super) fn is_numeric(&self) -> bool {
        self.body == Body::Digits && self.prefix.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Whether a character may stand in the body.
    pub(super) fn body_holds(&self, byte: u8) -> bool {
        self.body.holds(byte)
    }
}

impl Body {
    fn holds(self, byte: u8) -> bool {
        byte.is_ascii_digit() || self == Self::Alphanumerics && byte.is_ascii_uppercase()
    }
}

/// Whether some digits after this prefix make a GTIN that GS1 may have given
/// to a manufacturer (GS1 General Specifications, 1.4.2 and 2.1.11).
fn may_look_like_goods(prefix: &str, length: usize) -> bool {
    if !prefix.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let left_to_shops: &[&str] = match length {
        8 => &["0", "2"],
        12 => &["2", "4"],
        13 => &["02", "04", "2", "98", "99"],
        14 => &[],
        _ => return false,
    };
    !left_to_shops.iter().any(|start| prefix.starts_with(start))
}

/// The check character of ISO/IEC 7064, MOD 37-2: tells every single wrong
/// character and every two that changed places, in up to 36 of them.
///
/// Digits and capital letters count 0 to 35; `-` within a code and `*` as the
/// check count 36.
pub fn check_character(before: &str) -> char {
    let sum = before.bytes().fold(0, |sum, byte| (sum + value(byte)) * 2 % 37);
    let check = (38 - sum) % 37;
    match check {
        36 => '*',
        _ => char::from_digit(check, 36).unwrap_or('*').to_ascii_uppercase(),
    }
}

fn value(byte: u8) -> u32 {
    char::from(byte).to_digit(36).unwrap_or(36)
}

fn is_check_character(c: char) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase() || c == '*'
}

/// The number of a document as its paper carries it:
/// `R` + store `-` lane `-` epoch `-` sequence number `-` check, such as
/// `RS001-2-1-41-H`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReceiptCode {
    /// The store's code, in letters as small or large as they were typed.
    pub store: String,
    /// The lane.
    pub lane: u32,
    /// The life of the lane's journal.
    pub epoch: u32,
    /// The document's sequence number.
    pub seq: u64,
}

/// Why a text that looks like a receipt's number is not one.
pub type ReceiptCodeError = ShopCheckError;

/// The longest code of a store.
const STORE_LENGTH_MAX: usize = 32;

impl ReceiptCode {
    /// Reads a code, in small letters or capitals; `None` where it is not of this form.
    pub fn read(text: &str) -> Option<Result<Self, ReceiptCodeError>> {
        if !text.is_ascii() || text.len() > STORE_LENGTH_MAX + 48 {
            return None;
        }
        let (before, check) = text.rsplit_once('-')?;
        let body = before.strip_prefix(['R', 'r'])?;
        let mut parts = body.rsplitn(4, '-');
        let (seq, epoch, lane, store) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let number = |text: &str| -> Option<u64> {
            let is_plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            (is_plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok())?
        };
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if store.is_empty() || store.len() > STORE_LENGTH_MAX || !store.bytes().all(is_plain) {
            return None;
        }
        let code = Self {
            store: store.to_owned(),
            lane: number(lane)?.try_into().ok()?,
            epoch: number(epoch)?.try_into().ok()?,
            seq: number(seq)?,
        };
        let mut characters = check.chars();
        let (Some(found), None) = (characters.next(), characters.next()) else { return None };
        let found = found.to_ascii_uppercase();
        if !is_check_character(found) {
            return None;
        }
        let expected = check_character(&before.to_ascii_uppercase());
        Some(if expected == found { Ok(code) } else { Err(ShopCheckError { expected, found }) })
    }
}

/// How many characters of a link make it one that nobody guesses: 128 bits.
pub const RECEIPT_TOKEN_LENGTH: usize = 32;

/// What stands between the address and the code in a link.
const LINK_PATH: &str = "/r/";

/// The longest address in a link.
pub const RECEIPT_ADDRESS_LENGTH_MAX: usize = 128;

impl ReceiptCode {
    /// A link to the receipt, at an address such as `https://hq.example`; the token says that whoever follows it has it
    /// from the till.
    pub fn link(&self, address: &str, token: &str) -> String {
        format!("{address}{LINK_PATH}{self}/{token}")
    }

    /// The code within a link that [`Self::link`] made, and its token; `None` where it is none.
    pub fn in_link(text: &str) -> Option<(&str, &str)> {
        let scheme = ["https://", "http://"].into_iter().find(|scheme| {
            text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
        })?;
        // Neither code nor token holds a slash; an address may hold anything.
        let (before, token) = text.rsplit_once('/')?;
        let (address, code) = before.rsplit_once(LINK_PATH)?;
        let is_token =
            token.len() == RECEIPT_TOKEN_LENGTH && token.bytes().all(|byte| byte.is_ascii_hexdigit());
        let is_address = address.len() > scheme.len() && address.len() <= RECEIPT_ADDRESS_LENGTH_MAX;
        (is_token && is_address).then_some((code, token))
    }
}

impl fmt::Display for ReceiptCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = format!("R{}-{}-{}-{}", self.store, self.lane, self.epoch, self.seq);
        write!(f, "{before}-{}", check_character(&before.to_ascii_uppercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> ShopPattern {
        ShopPattern::parse(ShopKind::Member, text).expect("a good pattern")
    }

    #[test]
    fn a_link_to_a_receipt_holds_its_code() {
        let code = ReceiptCode { store: "S001".to_owned(), lane: 2, epoch: 1, seq: 41 };
        let token = "0123456789abcdef0123456789abcdef";
        let link = code.link("https://hq.example:8443/r/shop", token);
        let (found, of) = ReceiptCode::in_link(&link).expect("a link");
        assert_eq!((ReceiptCode::read(found), of), (Some(Ok(code.clone())), token));
        for wrong in [
            link.replace("https", "ftp"),
            link.replace("/r/", "/q/"),
            link[..link.len() - 1].to_owned(),
            format!("{link}0"),
            link.replace("cdef", "xyz0"),
            code.link("https://", token),
            code.link(&format!("https://{}", "a".repeat(200)), token),
            code.link("", token),
            "https://hq.example/r/".to_owned(),
            "例://r/x/y".to_owned(),
        ] {
            assert_eq!(ReceiptCode::in_link(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_check_character_is_that_of_the_standard() {
        // A donation identification number, whose keyboard check is MOD 37-2.
        assert_eq!(check_character("G123498654321"), 'H');
        assert_eq!(check_character("A999914123456"), 'N');
    }

    #[test]
    fn one_wrong_character_or_two_that_changed_places_are_noticed() {
        let pattern = pattern("M X4..20");
        let code = pattern.issue("A1200345").expect("a body of this form");
        assert_eq!(pattern.read(&code.to_lowercase()), Some(Ok(code.clone())));
        for at in 1..code.len() {
            for other in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ".chars() {
                let mut wrong = code.clone();
                wrong.replace_range(at..=at, &other.to_string());
                if wrong != code {
                    assert!(!matches!(pattern.read(&wrong), Some(Ok(_))), "{wrong}");
                }
            }
            let mut bytes = code.clone().into_bytes();
            bytes.swap(at - 1, at);
            let swapped = String::from_utf8(bytes).expect("ASCII");
            if swapped != code {
                assert!(!matches!(pattern.read(&swapped), Some(Ok(_))), "{swapped}");
            }
        }
    }

    #[test]
    fn digits_alone_make_an_in_store_ean() {
        let pattern = pattern("29 N10");
        assert_eq!(pattern.issue("0000000042").as_deref(), Some("2900000000421"));
        assert_eq!(pattern.issue("42"), None);
        assert_eq!(pattern.read("2900000000422"), Some(Err(ShopCheckError { expected: '1', found: '2' })));
        assert_eq!(pattern.read("2800000000422"), None);
    }

    #[test]
    fn a_pattern_that_cannot_work_is_refused() {
        use ShopPatternError::{Form, LooksLikeGoods, LooksLikeGs1, LooksLikePayment};
        let check = |text: &str, expected: fn(String) -> ShopPatternError| {
            assert_eq!(ShopPattern::parse(ShopKind::Coupon, text), Err(expected(text.to_owned())));
        };
        for text in [
            "", "M", "M ", "M N", "M N0", "M N25", "M N6..4", "m N6", " N6", "M 6", "M N6..", "M-1 N6",
            "M Né",
        ] {
            check(text, Form);
        }
        assert_eq!(ShopPattern::parse_with_kind("member M X4..20"), Ok(pattern("M X4..20")));
        for text in ["M X4..20", "friend M X4..20", "member", ""] {
            assert_eq!(ShopPattern::parse_with_kind(text), Err(Form(text.to_owned())));
        }
        check("28 N13..16", LooksLikePayment);
        check("13 N15", LooksLikePayment);
        check("0 N17", LooksLikeGs1);
        check("69 N10", LooksLikeGoods);
        check("29 N11", LooksLikeGoods);
    }

    #[test]
    fn a_receipt_says_where_it_comes_from() {
        let receipt = |store: &str| ReceiptCode { store: store.to_owned(), lane: 2, epoch: 1, seq: 41 };
        for store in ["S001", "SH-07", "a_b"] {
            let code = receipt(store).to_string();
            assert_eq!(ReceiptCode::read(&code), Some(Ok(receipt(store))), "{code}");
        }
        assert_eq!(receipt("S001").to_string(), "RS001-2-1-41-H");
        for wrong in ["RS001-2-1-14-0", "RS001-2-1-41-0"] {
            assert!(matches!(ReceiptCode::read(wrong), Some(Err(_))), "{wrong}");
        }
        for wrong in
            ["RS001-2-1-41", "R-2-1-41-0", "RS001-2-1-041-0", "RS001-2-1-4x-0", "RED-BULL", "R----", "R"]
        {
            assert_eq!(ReceiptCode::read(wrong), None, "{wrong}");
        }
    }
}
