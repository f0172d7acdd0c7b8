//! Scan-and-go: what a phone shows, signed so that a till or a gate can check it without a network.
//!
//! | code | made by | says | checked by |
//! |---|---|---|---|
//! | [`PhoneBasket`] | HQ | what a phone scanned, and the total that it showed | a till, with HQ's public key |
//! | [`ExitCode`] | the lane that was paid | that goods may leave | the gate, with the lane's public key |
//! | [`link`] | HQ | that the page of a store may be used until then | HQ |
//!
//! A basket and an exit code are bytes in base32 (RFC 4648, without padding) behind a prefix of
//! [`domain::barcode::phone`]: capitals and digits, which a QR code packs and every scanner types. The last
//! [`SIGNATURE_BYTES`] are an Ed25519 signature (RFC 8032) over a line that says what is signed, and the bytes before.
//! Nothing of a member, a phone or a payment is in them.

mod basket;
mod bytes;
mod exit;
pub mod link;

pub use basket::{CODE_BYTES_MAX, LINES_MAX, PIECES_MAX, PhoneBasket, PhoneLine};
pub use domain::phone::{CLOCK_AHEAD_MAX_MS, CodeId, USED_MAX, UsedCodes, UsedError};
pub use exit::ExitCode;

use domain::barcode::phone;

use crate::head::{PublicKey, SigningKey};
use bytes::{Reader, base32, parse_base32};

/// The bytes of a signature.
pub const SIGNATURE_BYTES: usize = 64;

/// The longest code of a store, in bytes.
pub const STORE_BYTES_MAX: usize = 32;

/// The longest that a code holds, milliseconds: a day.
pub const LASTS_MAX_MS: i64 = 24 * 3_600_000;

/// The form of exit codes, and of baskets that say no line's price.
const VERSION: u8 = 1;

/// The form of baskets whose lines say what the phone showed for them.
const VERSION_WITH_PRICES: u8 = 2;

/// Where and when a code is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Here<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The clock, milliseconds since 1970-01-01 UTC.
    pub now_ms: i64,
}

/// Why a code is not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MakeCodeError {
    /// A basket has at least one line and at most [`LINES_MAX`].
    #[error("make a phone's code: a basket has 1 to {LINES_MAX} lines, here are {0}; pay in two parts")]
    Lines(usize),
    /// A line has at least one piece and at most [`PIECES_MAX`].
    #[error("make a phone's code: a line has 1 to {PIECES_MAX} pieces, here are {0}")]
    Pieces(u32),
    /// The code of a line is empty, too long, or has characters that no scanner types.
    #[error("make a phone's code: the code of line {0} cannot be carried")]
    Code(usize),
    /// It does not go into a QR code that a phone shows.
    #[error("make a phone's code: {0} characters do not go into its QR code; pay in two parts")]
    TooLong(usize),
    /// Times, amounts or the store's code are out of range.
    #[error("make a phone's code: {0} is out of range")]
    Range(&'static str),
}

/// Why a code is not accepted. Nothing of what it says may be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RefuseCodeError {
    /// It is not of this form.
    #[error("read a phone's code: it is damaged; show it again")]
    Form,
    /// It was made by a newer program.
    #[error("read a phone's code: its version {0} is not known here")]
    Version(u8),
    /// No key that is known here signed it: it was forged or altered.
    #[error("read a phone's code: it is not signed by this chain")]
    Signature,
    /// It is for another store.
    #[error("read a phone's code: it is for store {0}")]
    OtherStore(String),
    /// Its time is over, or not yet there.
    #[error("read a phone's code: its time is over; make a new one on the phone")]
    Expired,
}

/// When a code was made and until when it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Span {
    from_ms: i64,
    until_ms: i64,
}

impl Span {
    /// Whole seconds since 1970, and how many of them it holds.
    fn seconds(self) -> Result<(u64, u64), MakeCodeError> {
        let lasts_ms = self.until_ms.saturating_sub(self.from_ms);
        if self.from_ms < 0 || !(1_000..=LASTS_MAX_MS).contains(&lasts_ms) {
            return Err(MakeCodeError::Range("its time"));
        }
        // Neither is negative.
        Ok(((self.from_ms / 1_000).unsigned_abs(), (lasts_ms / 1_000).unsigned_abs()))
    }

    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let (from, lasts) = (reader.number()?, reader.number()?);
        let from_ms = i64::try_from(from).ok()?.checked_mul(1_000)?;
        let lasts_ms =
            i64::try_from(lasts).ok()?.checked_mul(1_000).filter(|lasts| *lasts <= LASTS_MAX_MS)?;
        Some(Self { from_ms, until_ms: from_ms.checked_add(lasts_ms)? })
    }

    fn holds(self, now_ms: i64) -> bool {
        self.from_ms <= now_ms.saturating_add(CLOCK_AHEAD_MAX_MS) && now_ms < self.until_ms
    }
}

/// What is signed and how the text of it begins.
#[derive(Debug, Clone, Copy)]
struct Kind {
    prefix: &'static str,
    line: &'static str,
    /// The newest form that is known here; they count from 1.
    newest: u8,
}

const BASKET: Kind =
    Kind { prefix: phone::BASKET_PREFIX, line: "guitai scan-and-go basket\n", newest: VERSION_WITH_PRICES };
const EXIT: Kind = Kind { prefix: phone::EXIT_PREFIX, line: "guitai scan-and-go exit\n", newest: VERSION };

impl Kind {
    fn signed(self, payload: &[u8]) -> Vec<u8> {
        [self.line.as_bytes(), payload].concat()
    }

    /// Signs a payload and writes it as text.
    fn seal(self, key: &SigningKey, mut payload: Vec<u8>) -> Result<String, MakeCodeError> {
        let signature = key.sign_bytes(&self.signed(&payload));
        payload.extend_from_slice(&signature);
        let text = format!("{}{}", self.prefix, base32(&payload));
        if text.len() > phone::LENGTH_MAX {
            return Err(MakeCodeError::TooLong(text.len()));
        }
        Ok(text)
    }

    /// Gives the payload of a text that one of the keys signed.
    fn open(self, keys: &[PublicKey], text: &str) -> Result<Vec<u8>, RefuseCodeError> {
        let text = text.trim();
        if text.len() > phone::LENGTH_MAX || !text.is_ascii() {
            return Err(RefuseCodeError::Form);
        }
        let text = text.to_ascii_uppercase();
        let body = text.strip_prefix(self.prefix).ok_or(RefuseCodeError::Form)?;
        let mut bytes = parse_base32(body).ok_or(RefuseCodeError::Form)?;
        let split = bytes.len().checked_sub(SIGNATURE_BYTES).ok_or(RefuseCodeError::Form)?;
        let signature: [u8; SIGNATURE_BYTES] =
            bytes.split_off(split).try_into().map_err(|_| RefuseCodeError::Form)?;
        let signed = self.signed(&bytes);
        if !keys.iter().any(|key| key.check_bytes(&signed, &signature)) {
            return Err(RefuseCodeError::Signature);
        }
        match bytes.first() {
            Some(version) if (VERSION..=self.newest).contains(version) => Ok(bytes),
            Some(other) => Err(RefuseCodeError::Version(*other)),
            None => Err(RefuseCodeError::Form),
        }
    }
}

/// Refuses what is true and does not count here and now.
fn refuse_elsewhere(store: &str, span: Span, here: Here<'_>) -> Result<(), RefuseCodeError> {
    if store != here.store {
        return Err(RefuseCodeError::OtherStore(store.to_owned()));
    }
    if span.holds(here.now_ms) { Ok(()) } else { Err(RefuseCodeError::Expired) }
}

/// The code of a store as it is carried.
fn put_store(payload: &mut Vec<u8>, store: &str) -> Result<(), MakeCodeError> {
    let length = u8::try_from(store.len()).ok().filter(|_| (1..=STORE_BYTES_MAX).contains(&store.len()));
    payload.push(length.ok_or(MakeCodeError::Range("the store's code"))?);
    payload.extend_from_slice(store.as_bytes());
    Ok(())
}

fn read_store(reader: &mut Reader<'_>) -> Option<String> {
    let length = usize::from(reader.byte()?);
    let bytes = reader.bytes(length).filter(|_| (1..=STORE_BYTES_MAX).contains(&length))?;
    String::from_utf8(bytes.to_vec()).ok()
}

/// An amount in minor units as it is carried.
fn amount(minor: i64) -> Result<u64, MakeCodeError> {
    u64::try_from(minor).map_err(|_| MakeCodeError::Range("the total"))
}

#[cfg(test)]
mod tests;
