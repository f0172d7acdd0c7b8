//! Commands about people, keys and the audit trail.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::access::keys::{self, KeyError, Wanted};
use crate::access::people::{self, PeopleError};
use crate::access::{ParseScopeError, Role, Scopes};
use crate::audit::{self, By};
use crate::secret::{self, DrawError};
use crate::store::{AuditRow, KeyRow, PersonRow, Store, StoreError};

/// Keys that one list has at most: as many as there are.
const KEYS_LISTED_MAX: u32 = 10_000;

/// A password on its way; it is shown to nobody who looks at the command.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password(pub String);

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessCommand {
    /// Add a person.
    AddUser {
        /// The name.
        name: String,
        /// The role's name.
        role: String,
        /// The password; one is drawn where absent.
        password: Option<Password>,
    },
    /// Remove a person.
    RemoveUser {
        /// The name.
        name: String,
    },
    /// Give a person another role.
    SetRole {
        /// The name.
        name: String,
        /// The role's name.
        role: String,
    },
    /// Give a person another password.
    SetPassword {
        /// The name.
        name: String,
        /// The password; one is drawn where absent.
        password: Option<Password>,
    },
    /// List people.
    ListUsers,
    /// Make a key.
    MakeKey {
        /// What the program is called.
        name: String,
        /// The names of its scopes, with commas between.
        scopes: String,
        /// For how many days it is good.
        days: u32,
    },
    /// End a key.
    RevokeKey {
        /// What it is called.
        id: String,
    },
    /// List keys.
    ListKeys,
    /// Read the audit trail, newest first.
    Audit {
        /// Only what this one did.
        who: Option<String>,
        /// Only acts of this kind.
        act: Option<String>,
        /// At most so many.
        limit: u32,
    },
}

/// What was done or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "access", rename_all = "snake_case")]
pub enum AccessOutcome {
    /// Done.
    Done,
    /// A password that was drawn; it cannot be read again.
    Drawn {
        /// The password.
        password: Password,
    },
    /// A key that was made; it cannot be read again.
    Key {
        /// What it is called.
        id: String,
        /// The key.
        key: Password,
        /// It is void from this instant on, milliseconds UTC.
        expires_at_ms: i64,
    },
    /// Everybody, by name.
    Users {
        /// The people.
        users: Vec<PersonShown>,
    },
    /// Every key, by id.
    Keys {
        /// The keys.
        keys: Vec<KeyShown>,
    },
    /// Acts, newest first.
    Audit {
        /// The acts.
        rows: Vec<AuditRow>,
    },
}

/// A person as others may see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonShown {
    /// The name.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// Whether there is a password to sign in with.
    pub has_password: bool,
    /// No password is looked at before this instant, milliseconds UTC; 0 for never locked.
    pub locked_until_ms: i64,
    /// When the person was added, milliseconds UTC.
    pub added_at_ms: i64,
}

impl From<PersonRow> for PersonShown {
    fn from(row: PersonRow) -> Self {
        Self {
            has_password: !row.password_hash.is_empty(),
            name: row.name,
            role: row.role,
            locked_until_ms: row.locked_until_ms,
            added_at_ms: row.added_at_ms,
        }
    }
}

/// A key as others may see one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyShown {
    /// What it is called.
    pub id: String,
    /// What the program is called.
    pub name: String,
    /// The names of its scopes, with a space between.
    pub scopes: String,
    /// Who made it.
    pub made_by: String,
    /// When, milliseconds UTC.
    pub made_at_ms: i64,
    /// It is void from this instant on, milliseconds UTC.
    pub expires_at_ms: i64,
    /// When it was revoked, milliseconds UTC.
    pub revoked_at_ms: Option<i64>,
}

impl From<KeyRow> for KeyShown {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            scopes: row.scopes,
            made_by: row.made_by,
            made_at_ms: row.made_at_ms,
            expires_at_ms: row.expires_at_ms,
            revoked_at_ms: row.revoked_at_ms,
        }
    }
}

/// Why it was not done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// Of people.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// Of keys.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Of a scope or role.
    #[error(transparent)]
    Scope(#[from] ParseScopeError),
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The password that was given, or one that is drawn and told.
fn password(given: Option<&Password>) -> Result<(String, AccessOutcome), AccessError> {
    match given {
        Some(Password(password)) => Ok((password.clone(), AccessOutcome::Done)),
        None => {
            let drawn = secret::draw_password()?;
            Ok((drawn.clone(), AccessOutcome::Drawn { password: Password(drawn) }))
        }
    }
}

/// Does a command. `now_ms`: milliseconds since 1970-01-01 UTC.
pub(super) fn execute(
    store: &Store,
    by: &By,
    command: &AccessCommand,
    now_ms: i64,
) -> Result<AccessOutcome, AccessError> {
    match command {
        AccessCommand::AddUser { name, role, password: given } => {
            let role = Role::parse(role)?;
            let (password, outcome) = password(given.as_ref())?;
            let hash = people::hash(&password)?;
            store.write::<_, AccessError>(|writing| {
                people::add(writing, name, role, &hash, now_ms)?;
                Ok(audit::note(writing, by, "person.add", name, &json!({ "role": role.name() }), now_ms)?)
            })?;
            Ok(outcome)
        }
        AccessCommand::RemoveUser { name } => store.write(|writing| {
            people::remove(writing, name)?;
            audit::note(writing, by, "person.remove", name, &json!({}), now_ms)?;
            Ok(AccessOutcome::Done)
        }),
        AccessCommand::SetRole { name, role } => {
            let role = Role::parse(role)?;
            store.write(|writing| {
                people::set_role(writing, name, role)?;
                audit::note(writing, by, "person.role", name, &json!({ "role": role.name() }), now_ms)?;
                Ok(AccessOutcome::Done)
            })
        }
        AccessCommand::SetPassword { name, password: given } => {
            let (password, outcome) = password(given.as_ref())?;
            let hash = people::hash(&password)?;
            store.write::<_, AccessError>(|writing| {
                people::set_password(writing, name, &hash)?;
                Ok(audit::note(writing, by, "person.password", name, &json!({}), now_ms)?)
            })?;
            Ok(outcome)
        }
        AccessCommand::ListUsers => {
            let people = store.read::<_, StoreError>(|reading| reading.people())?;
            Ok(AccessOutcome::Users { users: people.into_iter().map(PersonShown::from).collect() })
        }
        AccessCommand::MakeKey { name, scopes, days } => {
            let scopes = Scopes::parse(scopes)?;
            let (id, secret) = keys::draw()?;
            let made = store.write::<_, AccessError>(|writing| {
                let wanted = Wanted { name, scopes: &scopes, days: *days };
                let made = keys::make(writing, (&by.who, &Scopes::all()), &wanted, (&id, &secret), now_ms)?;
                let detail = json!({ "name": name, "scopes": scopes.to_string(), "days": days });
                audit::note(writing, by, "key.make", &made.id, &detail, now_ms)?;
                Ok(made)
            })?;
            Ok(AccessOutcome::Key {
                id: made.id,
                key: Password(made.secret),
                expires_at_ms: made.expires_at_ms,
            })
        }
        AccessCommand::RevokeKey { id } => store.write(|writing| {
            keys::revoke(writing, id, now_ms)?;
            audit::note(writing, by, "key.revoke", id, &json!({}), now_ms)?;
            Ok(AccessOutcome::Done)
        }),
        AccessCommand::ListKeys => {
            let keys = store.read::<_, StoreError>(|reading| reading.api_keys_after("", KEYS_LISTED_MAX))?;
            Ok(AccessOutcome::Keys { keys: keys.into_iter().map(KeyShown::from).collect() })
        }
        AccessCommand::Audit { who, act, limit } => {
            let limit = (*limit).clamp(1, audit::ROWS_MAX);
            let rows = store.read::<_, StoreError>(|reading| {
                reading.audit_before((i64::MAX, ""), who.as_deref(), act.as_deref(), limit)
            })?;
            Ok(AccessOutcome::Audit { rows })
        }
    }
}
