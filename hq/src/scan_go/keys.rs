//! With what links and baskets are signed: Ed25519 keys that the database keeps, since any number of HQ processes sign.
//! A till is told the public ones.

use protocol::head::{HeadError, PublicKey, SigningKey};

use crate::store::{Reading, ScanGoKeyRow, StoreError, Writing};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// None can be drawn, or the stored one is none.
    #[error(transparent)]
    Key(#[from] HeadError),
}

/// The key that signs now.
///
/// # Errors
/// The database did not answer, or the stored key is none.
pub fn signing(reading: &Reading<'_>) -> Result<Option<SigningKey>, KeyError> {
    let newest = reading.scan_go_keys()?.into_iter().next();
    Ok(newest.map(|row| SigningKey::parse(&row.secret)).transpose()?)
}

/// The public keys of all that were drawn, the newest first.
///
/// # Errors
/// The database did not answer.
pub fn public(reading: &Reading<'_>) -> Result<Vec<PublicKey>, StoreError> {
    Ok(reading.scan_go_keys()?.into_iter().map(|row| PublicKey::from_bytes(row.public_key)).collect())
}

/// The key that signs now; draws one where there is none yet.
///
/// # Errors
/// The database did not answer, or the system gives no randomness.
pub fn make(writing: &Writing<'_>, now_ms: i64) -> Result<SigningKey, KeyError> {
    if let Some(key) = signing(writing)? {
        return Ok(key);
    }
    draw(writing, now_ms)
}

/// Draws a key that signs from now on. What those before signed holds on.
///
/// # Errors
/// The database did not answer, or the system gives no randomness.
pub fn draw(writing: &Writing<'_>, now_ms: i64) -> Result<SigningKey, KeyError> {
    let (key, secret) = SigningKey::draw()?;
    let public_key = *key.public().as_bytes();
    writing.put_scan_go_key(&ScanGoKeyRow { public_key, secret, made_ms: now_ms })?;
    Ok(key)
}
