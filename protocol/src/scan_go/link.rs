//! The link at a store's entrance: it says that the page of this store may be used until then.
//!
//! Its token is the end, milliseconds UTC as eight bytes, and a signature, in base32 in small letters.

use super::bytes::{base32, parse_base32};
use super::{SIGNATURE_BYTES, STORE_BYTES_MAX};
use crate::head::{PublicKey, SigningKey};

fn signed(store: &str, until_ms: i64) -> Vec<u8> {
    format!("guitai scan-and-go link\n{store}\n{until_ms}\n").into_bytes()
}

/// Makes the token of a store's link; `None` where the store's code is too long.
pub fn make(key: &SigningKey, store: &str, until_ms: i64) -> Option<String> {
    if !(1..=STORE_BYTES_MAX).contains(&store.len()) {
        return None;
    }
    let signature = key.sign_bytes(&signed(store, until_ms));
    Some(base32(&[&until_ms.to_be_bytes()[..], &signature].concat()).to_ascii_lowercase())
}

/// Why a link is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefuseLinkError {
    /// No key of HQ signed it for this store.
    #[error("take a link of scan-and-go: it is not signed for this store")]
    Wrong,
    /// Its time is over.
    #[error("take a link of scan-and-go: its time is over; scan the code at the entrance again")]
    Expired,
}

/// Whether a token is a key's for this store and its time is not over. Gives its end, milliseconds UTC.
///
/// # Errors
/// It is not, or it is over.
pub fn check(token: &str, keys: &[PublicKey], store: &str, now_ms: i64) -> Result<i64, RefuseLinkError> {
    let bytes = Some(token).filter(|token| token.len() <= 2 * (8 + SIGNATURE_BYTES));
    let bytes =
        bytes.and_then(|token| parse_base32(&token.to_ascii_uppercase())).ok_or(RefuseLinkError::Wrong)?;
    let (until, signature) = bytes.split_at_checked(8).ok_or(RefuseLinkError::Wrong)?;
    let (Ok(until), Ok(signature)) = (<[u8; 8]>::try_from(until), signature.try_into()) else {
        return Err(RefuseLinkError::Wrong);
    };
    let until_ms = i64::from_be_bytes(until);
    let message = signed(store, until_ms);
    if !keys.iter().any(|key| key.check_bytes(&message, &signature)) {
        return Err(RefuseLinkError::Wrong);
    }
    if now_ms < until_ms { Ok(until_ms) } else { Err(RefuseLinkError::Expired) }
}
