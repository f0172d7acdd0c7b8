//! Who may ask HQ what: people with passwords and roles, programs with keys
//! and scopes.
//!
//! A person signs in with a password and gets a session for a working day; a
//! program has a key with scopes and an end. Of both HQ keeps hashes only, and
//! shows a key or a session once.

pub mod keys;
pub mod limit;
pub mod people;
mod scope;

pub use scope::{ParseScopeError, Role, Scope, Scopes};

use crate::secret::SecretHash;
use crate::store::{Store, StoreError};

/// The name of whoever has the key of the data directory.
pub const ADMIN: &str = "admin key";

/// Who asks, and what for at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// As the audit trail names them: `person 王芳`, `key 1a2b3c4d`.
    pub name: String,
    /// What they may do.
    pub scopes: Scopes,
}

impl Caller {
    /// Whoever runs the server: everything is theirs to do.
    pub fn admin() -> Self {
        Self { name: ADMIN.to_owned(), scopes: Scopes::all() }
    }
}

/// Finds whose key or session this is; nobody's where it is over or revoked.
/// `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn caller_of(store: &Store, secret: &str, now_ms: i64) -> Result<Option<Caller>, StoreError> {
    let hash = SecretHash::of(secret);
    store.read(|reading| {
        if let Some(key) = reading.api_key_of_hash(&hash)? {
            let is_good = key.key_hash == hash && key.revoked_at_ms.is_none() && now_ms < key.expires_at_ms;
            return Ok(is_good.then(|| Caller {
                name: format!("key {}", key.id),
                // A scope that this program does not know opens nothing.
                scopes: Scopes::parse_known(&key.scopes),
            }));
        }
        let session = reading.session(&hash)?.filter(|(_, until_ms)| now_ms < *until_ms);
        let Some((person, _)) = session else { return Ok(None) };
        let Some(row) = reading.person(&person)? else { return Ok(None) };
        let role = Role::parse(&row.role).ok();
        Ok(role.map(|role| Caller { name: format!("person {person}"), scopes: role.scopes() }))
    })
}
