//! People: names, roles, passwords, and sessions of those who signed in.

use std::sync::OnceLock;

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};

use super::{ParseScopeError, Role};
use crate::secret::{self, DrawError, SecretHash};
use crate::store::{PersonRow, Store, StoreError, Writing};

/// The longest name of a person or a key, in characters.
pub const NAME_LENGTH_MAX: usize = 64;

/// The shortest password, in characters: long ones are drawn, and shown once.
pub const PASSWORD_LENGTH_MIN: usize = 10;

/// The longest password, in bytes.
pub const PASSWORD_LENGTH_MAX: usize = 256;

/// Wrong passwords in a row after which a name is locked.
pub const WRONG_PASSWORDS_MAX: i64 = 5;

/// How long a name is locked, milliseconds.
pub const LOCKED_MS: i64 = 15 * 60_000;

/// How long somebody is signed in, milliseconds: a working day.
pub const SESSION_MS: i64 = 12 * 3_600_000;

/// Sessions of one person at one time; the oldest ends when one more begins.
pub const SESSIONS_MAX: u32 = 20;

/// Why something was not done with a person.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The name is taken.
    #[error("add a person: {0:?} exists; change the role or the password, or remove it first")]
    Exists(String),
    /// There is nobody of that name.
    #[error("find a person: there is no {0:?}")]
    Unknown(String),
    /// The name is empty or too long.
    #[error("name somebody: a name has 1 to {NAME_LENGTH_MAX} characters and no control characters")]
    Name,
    /// The password is too short or too long.
    #[error("set a password: use {PASSWORD_LENGTH_MIN} characters to {PASSWORD_LENGTH_MAX} bytes")]
    Password,
    /// No such role.
    #[error(transparent)]
    Role(#[from] ParseScopeError),
    /// Argon2 refused.
    #[error("hash a password: {0}")]
    Hash(String),
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why somebody is not signed in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name or password is wrong; which of them is not said.
    #[error("sign in: the name or the password is wrong")]
    Wrong,
    /// Too many wrong passwords.
    #[error("sign in: too many wrong passwords, wait {seconds} seconds")]
    Locked {
        /// Seconds until the next password is looked at.
        seconds: u32,
    },
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Checks a name of a person or a key.
pub fn check_name(name: &str) -> Result<&str, PeopleError> {
    let name = name.trim();
    let count = name.chars().count();
    if count == 0 || count > NAME_LENGTH_MAX || name.chars().any(char::is_control) {
        return Err(PeopleError::Name);
    }
    Ok(name)
}

/// Hashes a password. Takes some 20 ms and 19 MiB: never inside of a
/// transaction.
pub fn hash(password: &str) -> Result<String, PeopleError> {
    if password.chars().count() < PASSWORD_LENGTH_MIN || password.len() > PASSWORD_LENGTH_MAX {
        return Err(PeopleError::Password);
    }
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash.map_err(|error| PeopleError::Hash(error.to_string()))?.to_string())
}

fn fits(password: &str, hash: &str) -> bool {
    PasswordHash::new(hash)
        .is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
}

/// A password of nobody: where a name is not known, as much is reckoned as
/// where it is, so that the time does not tell.
fn nobodys_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody's password").unwrap_or_default())
}

/// Adds a person. `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn add(
    writing: &Writing<'_>,
    name: &str,
    role: Role,
    password_hash: &str,
    now_ms: i64,
) -> Result<(), PeopleError> {
    let row = PersonRow {
        name: check_name(name)?.to_owned(),
        role: role.name().to_owned(),
        password_hash: password_hash.to_owned(),
        added_at_ms: now_ms,
        wrong_passwords: 0,
        locked_until_ms: 0,
    };
    if writing.add_person(&row)? { Ok(()) } else { Err(PeopleError::Exists(row.name)) }
}

/// Removes a person; their sessions end. Keys that they made stay, and are in
/// the list of keys.
pub fn remove(writing: &Writing<'_>, name: &str) -> Result<(), PeopleError> {
    writing.end_sessions_of(name)?;
    if writing.remove_person(name)? { Ok(()) } else { Err(PeopleError::Unknown(name.to_owned())) }
}

/// Gives a person another role; it counts at once.
pub fn set_role(writing: &Writing<'_>, name: &str, role: Role) -> Result<(), PeopleError> {
    if writing.set_role(name, role.name())? { Ok(()) } else { Err(PeopleError::Unknown(name.to_owned())) }
}

/// Gives a person another password; their sessions end, and a lock with them.
pub fn set_password(writing: &Writing<'_>, name: &str, password_hash: &str) -> Result<(), PeopleError> {
    writing.end_sessions_of(name)?;
    if writing.set_password(name, password_hash)? {
        Ok(())
    } else {
        Err(PeopleError::Unknown(name.to_owned()))
    }
}

/// Looks at somebody's password. The count of wrong ones is in the database:
/// it holds for every process of HQ. `now_ms`: milliseconds since 1970-01-01
/// UTC.
pub fn check_password(store: &Store, name: &str, password: &str, now_ms: i64) -> Result<(), SignInError> {
    let person = store.read::<_, StoreError>(|reading| reading.person(name))?;
    if let Some(person) = &person
        && now_ms < person.locked_until_ms
    {
        let seconds = (person.locked_until_ms - now_ms + 999) / 1_000;
        return Err(SignInError::Locked { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) });
    }
    let hash = person.as_ref().map(|person| person.password_hash.as_str()).filter(|hash| !hash.is_empty());
    let is_right = fits(password, hash.unwrap_or_else(|| nobodys_hash())) && hash.is_some();
    if is_right {
        return Ok(());
    }
    if person.is_some() {
        store.write::<_, StoreError>(|writing| {
            writing.note_wrong_password(name, WRONG_PASSWORDS_MAX, now_ms + LOCKED_MS)
        })?;
    }
    Err(SignInError::Wrong)
}

/// Signs somebody in and gives the session's secret and its end (milliseconds
/// UTC).
pub fn sign_in(store: &Store, name: &str, password: &str, now_ms: i64) -> Result<(String, i64), SignInError> {
    check_password(store, name, password, now_ms)?;
    let secret = format!("gs_{}", secret::draw_key()?);
    let until_ms = now_ms + SESSION_MS;
    store.write::<_, StoreError>(|writing| {
        writing.note_right_password(name)?;
        writing.add_session(&SecretHash::of(&secret), name, now_ms, until_ms, SESSIONS_MAX)
    })?;
    Ok((secret, until_ms))
}
