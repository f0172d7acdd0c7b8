//! Who may ask HQ, and their keys.

use serde::{Deserialize, Serialize};

use crate::secret::{self, DrawError, SecretHash};
use crate::store::{PersonRow, Store, StoreError};

/// The longest name of a person, in characters.
const NAME_LENGTH_MAX: usize = 64;

/// What a person may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Reads answers.
    Viewer,
    /// Reads answers, and will change prices over the network one day.
    Operator,
}

/// Why a text is not a [`Role`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a role: {0:?} is none; use viewer or operator")]
pub struct ParseRoleError(String);

impl Role {
    /// The role's name, as it is typed and stored.
    pub fn name(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
        }
    }

    /// Reads a role's name.
    pub fn parse(text: &str) -> Result<Self, ParseRoleError> {
        match text {
            "viewer" => Ok(Self::Viewer),
            "operator" => Ok(Self::Operator),
            _ => Err(ParseRoleError(text.chars().take(NAME_LENGTH_MAX).collect())),
        }
    }
}

/// Why a person was not added or removed.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// The name is taken.
    #[error("add a person: {0:?} exists; remove it first for a new key")]
    Exists(String),
    /// There is nobody of that name.
    #[error("remove a person: there is no {0:?}")]
    Unknown(String),
    /// The name is empty or too long.
    #[error("add a person: a name has 1 to {NAME_LENGTH_MAX} characters")]
    Name,
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a person and returns the key, which cannot be read again.
///
/// `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn add(store: &Store, name: &str, role: Role, now_ms: i64) -> Result<String, PeopleError> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > NAME_LENGTH_MAX {
        return Err(PeopleError::Name);
    }
    let key = secret::draw_key()?;
    let row = PersonRow {
        name: name.to_owned(),
        role: role.name().to_owned(),
        key_hash: SecretHash::of(&key),
        added_at_ms: now_ms,
    };
    let added = store.write::<_, StoreError>(|writing| writing.add_person(&row))?;
    if added { Ok(key) } else { Err(PeopleError::Exists(name.to_owned())) }
}

/// Removes a person; the key is void from then on.
pub fn remove(store: &Store, name: &str) -> Result<(), PeopleError> {
    let removed = store.write::<_, StoreError>(|writing| writing.remove_person(name))?;
    if removed { Ok(()) } else { Err(PeopleError::Unknown(name.to_owned())) }
}

/// Lists names and roles, by name.
pub fn list(store: &Store) -> Result<Vec<(String, String)>, PeopleError> {
    let people = store.read::<_, StoreError>(|reading| reading.people())?;
    Ok(people.into_iter().map(|person| (person.name, person.role)).collect())
}

/// Whether a key is that of a person who may read. Every role may.
pub fn may_read(store: &Store, key: &str) -> Result<bool, StoreError> {
    let hash = SecretHash::of(key);
    let person = store.read(|reading| reading.person_of_key(&hash))?;
    Ok(person.is_some_and(|person| person.key_hash == hash && Role::parse(&person.role).is_ok()))
}
