//! Signed codes that a customer's phone shows: a basket that it scanned, and the right to leave with paid goods. What
//! is in them, and whether they are true, `protocol::scan_go` says; here they are told from everything else, so that
//! none is ever taken for goods.

/// What stands before a basket that a phone scanned.
pub const BASKET_PREFIX: &str = "GTB";

/// What stands before the right to leave with paid goods.
pub const EXIT_PREFIX: &str = "GTX";

/// The shortest code: its signature alone has 103 characters. No code of the shop's own and no item number is as long.
pub const LENGTH_MIN: usize = 100;

/// The longest code: what a QR code of version 20 holds in capitals and digits at error correction M (ISO/IEC 18004),
/// 97 modules wide, which a scanner at the counter reads from a phone.
pub const LENGTH_MAX: usize = 970;

/// A signed code that a phone shows, in capitals and whole; not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PhoneCode {
    /// A basket that a phone scanned. A till prices it with its own engine.
    Basket(String),
    /// The right to leave with goods that were paid. It works once.
    Exit(String),
}

impl PhoneCode {
    /// The code as it was shown, in capitals.
    pub fn text(&self) -> &str {
        match self {
            Self::Basket(text) | Self::Exit(text) => text,
        }
    }
}

/// Reads a code of either kind, in small letters or capitals; `None` where the text is not of their form.
pub fn read(text: &str) -> Option<PhoneCode> {
    let is_plain = |byte: u8| byte.is_ascii_alphabetic() || (b'2'..=b'7').contains(&byte);
    if !(LENGTH_MIN..=LENGTH_MAX).contains(&text.len()) || !text.bytes().all(is_plain) {
        return None;
    }
    let begins =
        |prefix: &str| text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if begins(BASKET_PREFIX) {
        Some(PhoneCode::Basket(text.to_ascii_uppercase()))
    } else if begins(EXIT_PREFIX) {
        Some(PhoneCode::Exit(text.to_ascii_uppercase()))
    } else {
        None
    }
}
