//! Rows of the people who may read.

use super::engine::Row;
use super::{Reading, StoreError, Writing, values};
use crate::secret::SecretHash;

/// Somebody with a key to the read API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The name, unique.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// The hash of the key that the person was given.
    pub key_hash: SecretHash,
    /// When the person was added, milliseconds since 1970-01-01 UTC.
    pub added_at_ms: i64,
}

fn person_row(row: &dyn Row) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        name: row.text(0)?,
        role: row.text(1)?,
        key_hash: SecretHash::from_bytes(row.bytes_32(2)?),
        added_at_ms: row.int(3)?,
    })
}

impl Reading<'_> {
    /// The person whose key has this hash.
    pub fn person_of_key(&self, key_hash: &SecretHash) -> Result<Option<PersonRow>, StoreError> {
        self.one(
            "SELECT name, role, key_hash, added_at_ms FROM person WHERE key_hash = ?1",
            values![key_hash.as_bytes()],
            person_row,
        )
    }

    /// Everybody, by name.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.all("SELECT name, role, key_hash, added_at_ms FROM person ORDER BY name", values![], person_row)
    }
}

impl Writing<'_> {
    /// Adds a person; `false` when the name is taken.
    pub fn add_person(&self, row: &PersonRow) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO person (name, role, key_hash, added_at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO NOTHING",
            values![&row.name, &row.role, row.key_hash.as_bytes(), row.added_at_ms],
        )?;
        Ok(added > 0)
    }

    /// Removes a person, whose key is void from then on; `false` when there
    /// is nobody of that name.
    pub fn remove_person(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.execute("DELETE FROM person WHERE name = ?1", values![name])? > 0)
    }
}
