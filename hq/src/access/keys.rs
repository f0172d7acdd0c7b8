//! Keys of programs: scopes, an end, and a way to end them at once.

use super::people::{PeopleError, check_name};
use super::{ParseScopeError, Scopes};
use crate::secret::{self, DrawError, SecretHash};
use crate::store::{KeyRow, StoreError, Writing};

/// How long a key is good where nothing else is said, in days.
pub const DAYS_DEFAULT: u32 = 365;

/// How long a key may be good, in days.
pub const DAYS_MAX: u32 = 730;

/// Keys that are good at one time.
pub const KEYS_MAX: u64 = 1_000;

const DAY_MS: i64 = 86_400_000;

/// Why a key was not made or revoked.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Its name cannot be.
    #[error(transparent)]
    Name(#[from] PeopleError),
    /// A scope is none.
    #[error(transparent)]
    Scope(#[from] ParseScopeError),
    /// Whoever makes it may not do that.
    #[error("make a key: you may not do {0} yourself")]
    Beyond(&'static str),
    /// It would be good for too long, or not at all.
    #[error("make a key: it may be good for 1 to {DAYS_MAX} days")]
    Days,
    /// There are too many.
    #[error("make a key: {KEYS_MAX} are good already; revoke some")]
    TooMany,
    /// There is none of that id that is good.
    #[error("revoke a key: there is no key {0:?} that is good")]
    Unknown(String),
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a key is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted<'a> {
    /// What the program is called.
    pub name: &'a str,
    /// What it may do.
    pub scopes: &'a Scopes,
    /// For how many days.
    pub days: u32,
}

/// A key that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// What it is called from now on.
    pub id: String,
    /// The key itself, told once.
    pub secret: String,
    /// It is void from this instant on, milliseconds UTC.
    pub expires_at_ms: i64,
}

/// Draws an id and a secret.
pub fn draw() -> Result<(String, String), DrawError> {
    let drawn = secret::draw_key()?;
    let id = drawn.chars().take(8).collect::<String>();
    Ok((id.clone(), format!("gk_{id}_{}", secret::draw_key()?)))
}

/// Makes a key. Whoever makes one gives no more away than they have.
/// `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn make(
    writing: &Writing<'_>,
    (maker, may): (&str, &Scopes),
    wanted: &Wanted<'_>,
    (id, secret): (&str, &str),
    now_ms: i64,
) -> Result<Made, KeyError> {
    let name = check_name(wanted.name)?;
    if !(1..=DAYS_MAX).contains(&wanted.days) {
        return Err(KeyError::Days);
    }
    if let Some(scope) = may.lacks(wanted.scopes) {
        return Err(KeyError::Beyond(scope.name()));
    }
    if writing.good_keys(now_ms)? >= KEYS_MAX {
        return Err(KeyError::TooMany);
    }
    let expires_at_ms = now_ms + i64::from(wanted.days) * DAY_MS;
    writing.add_api_key(&KeyRow {
        id: id.to_owned(),
        name: name.to_owned(),
        scopes: wanted.scopes.to_string(),
        key_hash: SecretHash::of(secret),
        made_by: maker.to_owned(),
        made_at_ms: now_ms,
        expires_at_ms,
        revoked_at_ms: None,
    })?;
    Ok(Made { id: id.to_owned(), secret: secret.to_owned(), expires_at_ms })
}

/// Ends a key at once.
pub fn revoke(writing: &Writing<'_>, id: &str, now_ms: i64) -> Result<(), KeyError> {
    if writing.revoke_api_key(id, now_ms)? { Ok(()) } else { Err(KeyError::Unknown(id.to_owned())) }
}
