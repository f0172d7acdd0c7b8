//! Rows of people, sessions, keys, the audit trail and answers to changes.

use serde::{Deserialize, Serialize};

use super::engine::Row;
use super::{Reading, StoreError, Writing, values};
use crate::secret::SecretHash;

/// Somebody who signs in.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonRow {
    /// The name, unique.
    pub name: String,
    /// The role's name.
    pub role: String,
    /// Argon2id, PHC string form; empty before there is a password.
    pub password_hash: String,
    /// When the person was added, milliseconds since 1970-01-01 UTC.
    pub added_at_ms: i64,
    /// Wrong passwords since the last right one.
    pub wrong_passwords: i64,
    /// No password is looked at before this instant, milliseconds UTC.
    pub locked_until_ms: i64,
}

/// A key of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// What it is called.
    pub id: String,
    /// What the program is called.
    pub name: String,
    /// The names of its scopes, with a space between.
    pub scopes: String,
    /// The hash of the key.
    pub key_hash: SecretHash,
    /// Who made it.
    pub made_by: String,
    /// When, milliseconds UTC.
    pub made_at_ms: i64,
    /// It is void from this instant on, milliseconds UTC.
    pub expires_at_ms: i64,
    /// When it was revoked, milliseconds UTC; `None` while it is not.
    pub revoked_at_ms: Option<i64>,
}

/// One administrative act. Never changed: the database refuses it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditRow {
    /// When, by HQ's clock, milliseconds UTC.
    pub at_ms: i64,
    /// Tells two acts of one moment apart.
    pub id: String,
    /// Who.
    pub who: String,
    /// From where: an address, or this machine.
    pub origin: String,
    /// What was done.
    pub act: String,
    /// To what.
    pub subject: String,
    /// More of it, as JSON.
    pub detail: String,
}

/// What becomes of a change that has a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Replay {
    /// It is new: do it.
    New,
    /// It was done, and this was answered; nothing where that is told once.
    Done(Option<String>),
    /// The key came with something else.
    Other,
}

const PERSON: &str =
    "SELECT name, role, password_hash, added_at_ms, wrong_passwords, locked_until_ms FROM person";

const KEY: &str =
    "SELECT id, name, scopes, key_hash, made_by, made_at_ms, expires_at_ms, revoked_at_ms FROM api_key";

fn person_row(row: &dyn Row) -> Result<PersonRow, StoreError> {
    Ok(PersonRow {
        name: row.text(0)?,
        role: row.text(1)?,
        password_hash: row.text(2)?,
        added_at_ms: row.int(3)?,
        wrong_passwords: row.int(4)?,
        locked_until_ms: row.int(5)?,
    })
}

fn key_row(row: &dyn Row) -> Result<KeyRow, StoreError> {
    Ok(KeyRow {
        id: row.text(0)?,
        name: row.text(1)?,
        scopes: row.text(2)?,
        key_hash: SecretHash::from_bytes(row.bytes_32(3)?),
        made_by: row.text(4)?,
        made_at_ms: row.int(5)?,
        expires_at_ms: row.int(6)?,
        revoked_at_ms: row.int_or_none(7)?,
    })
}

impl Reading<'_> {
    /// The person of a name.
    pub fn person(&self, name: &str) -> Result<Option<PersonRow>, StoreError> {
        self.one(&format!("{PERSON} WHERE name = ?1"), values![name], person_row)
    }

    /// Everybody, by name.
    pub fn people(&self) -> Result<Vec<PersonRow>, StoreError> {
        self.all(&format!("{PERSON} ORDER BY name"), values![], person_row)
    }

    /// Whose session it is, and until when (milliseconds UTC).
    pub fn session(&self, token_hash: &SecretHash) -> Result<Option<(String, i64)>, StoreError> {
        self.one(
            "SELECT person, until_ms FROM session WHERE token_hash = ?1",
            values![token_hash.as_bytes()],
            |row| Ok((row.text(0)?, row.int(1)?)),
        )
    }

    /// The key with this hash.
    pub fn api_key_of_hash(&self, key_hash: &SecretHash) -> Result<Option<KeyRow>, StoreError> {
        self.one(&format!("{KEY} WHERE key_hash = ?1"), values![key_hash.as_bytes()], key_row)
    }

    /// Keys after one of an id, also those that are over, at most `limit`.
    pub fn api_keys_after(&self, id: &str, limit: u32) -> Result<Vec<KeyRow>, StoreError> {
        self.all(&format!("{KEY} WHERE id > ?1 ORDER BY id LIMIT ?2"), values![id, limit], key_row)
    }

    /// How many keys are good at an instant, milliseconds UTC.
    pub fn good_keys(&self, now_ms: i64) -> Result<u64, StoreError> {
        super::unsigned(self.number(
            "SELECT count(*) FROM api_key WHERE revoked_at_ms IS NULL AND expires_at_ms > ?1",
            values![now_ms],
        )?)
    }

    /// What became of a change under its caller's key; `None` where it is not known.
    pub fn replay(
        &self,
        caller: &str,
        key: &str,
        body_hash: &SecretHash,
    ) -> Result<Option<Replay>, StoreError> {
        let found = self.one(
            "SELECT body_hash, body FROM replay WHERE caller = ?1 AND key = ?2",
            values![caller, key],
            |row| Ok((SecretHash::from_bytes(row.bytes_32(0)?), row.text_or_none(1)?)),
        )?;
        Ok(found.map(|(hash, body)| if hash == *body_hash { Replay::Done(body) } else { Replay::Other }))
    }

    /// Acts before one of a moment and id, newest first, at most `limit`; of
    /// somebody, or of a kind, where these are named.
    pub fn audit_before(
        &self,
        before: (i64, &str),
        who: Option<&str>,
        act: Option<&str>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreError> {
        self.all(
            "SELECT at_ms, id, who, origin, act, subject, detail FROM audit
             WHERE (at_ms < ?1 OR (at_ms = ?1 AND id < ?2))
               AND (CAST(?3 AS TEXT) IS NULL OR who = ?3) AND (CAST(?4 AS TEXT) IS NULL OR act = ?4)
             ORDER BY at_ms DESC, id DESC LIMIT ?5",
            values![before.0, before.1, who, act, limit],
            |row| {
                Ok(AuditRow {
                    at_ms: row.int(0)?,
                    id: row.text(1)?,
                    who: row.text(2)?,
                    origin: row.text(3)?,
                    act: row.text(4)?,
                    subject: row.text(5)?,
                    detail: row.text(6)?,
                })
            },
        )
    }
}

impl Writing<'_> {
    /// Adds a person; `false` when the name is taken.
    pub fn add_person(&self, row: &PersonRow) -> Result<bool, StoreError> {
        let added = self.execute(
            "INSERT INTO person (name, role, password_hash, added_at_ms, wrong_passwords, locked_until_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (name) DO NOTHING",
            values![
                &row.name,
                &row.role,
                &row.password_hash,
                row.added_at_ms,
                row.wrong_passwords,
                row.locked_until_ms
            ],
        )?;
        Ok(added > 0)
    }

    /// Removes a person; `false` when there is nobody of that name.
    pub fn remove_person(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.execute("DELETE FROM person WHERE name = ?1", values![name])? > 0)
    }

    /// Gives a person another role; `false` when there is nobody of that name.
    pub fn set_role(&self, name: &str, role: &str) -> Result<bool, StoreError> {
        Ok(self.execute("UPDATE person SET role = ?2 WHERE name = ?1", values![name, role])? > 0)
    }

    /// Gives a person another password and takes a lock away.
    pub fn set_password(&self, name: &str, password_hash: &str) -> Result<bool, StoreError> {
        let set = self.execute(
            "UPDATE person SET password_hash = ?2, wrong_passwords = 0, locked_until_ms = 0 WHERE name = ?1",
            values![name, password_hash],
        )?;
        Ok(set > 0)
    }

    /// Counts a wrong password; from `most` on the name is locked up to an
    /// instant, milliseconds UTC, and the count begins anew.
    pub fn note_wrong_password(&self, name: &str, most: i64, locked_until_ms: i64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE person SET
                 locked_until_ms = CASE WHEN wrong_passwords + 1 >= ?2 THEN ?3 ELSE locked_until_ms END,
                 wrong_passwords = CASE WHEN wrong_passwords + 1 >= ?2 THEN 0 ELSE wrong_passwords + 1 END
             WHERE name = ?1",
            values![name, most, locked_until_ms],
        )?;
        Ok(())
    }

    /// A right password ends the count of wrong ones.
    pub fn note_right_password(&self, name: &str) -> Result<(), StoreError> {
        self.execute("UPDATE person SET wrong_passwords = 0 WHERE name = ?1", values![name])?;
        Ok(())
    }

    /// Begins a session. Those of the person that are over end, and the oldest
    /// beyond `most`.
    pub fn add_session(
        &self,
        token_hash: &SecretHash,
        person: &str,
        now_ms: i64,
        until_ms: i64,
        most: u32,
    ) -> Result<(), StoreError> {
        self.execute(
            "DELETE FROM session WHERE person = ?1 AND (until_ms <= ?2 OR token_hash NOT IN
             (SELECT token_hash FROM session WHERE person = ?1 ORDER BY made_at_ms DESC, token_hash LIMIT ?3))",
            values![person, now_ms, most.saturating_sub(1)],
        )?;
        self.execute(
            "INSERT INTO session (token_hash, person, made_at_ms, until_ms) VALUES (?1, ?2, ?3, ?4)",
            values![token_hash.as_bytes(), person, now_ms, until_ms],
        )?;
        Ok(())
    }

    /// Ends a session.
    pub fn end_session(&self, token_hash: &SecretHash) -> Result<(), StoreError> {
        self.execute("DELETE FROM session WHERE token_hash = ?1", values![token_hash.as_bytes()])?;
        Ok(())
    }

    /// Ends all sessions of a person.
    pub fn end_sessions_of(&self, person: &str) -> Result<(), StoreError> {
        self.execute("DELETE FROM session WHERE person = ?1", values![person])?;
        Ok(())
    }

    /// Adds a key.
    pub fn add_api_key(&self, row: &KeyRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO api_key (id, name, scopes, key_hash, made_by, made_at_ms, expires_at_ms)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![
                &row.id,
                &row.name,
                &row.scopes,
                row.key_hash.as_bytes(),
                &row.made_by,
                row.made_at_ms,
                row.expires_at_ms
            ],
        )?;
        Ok(())
    }

    /// Ends a key; `false` when there is none of that id that is not revoked.
    pub fn revoke_api_key(&self, id: &str, now_ms: i64) -> Result<bool, StoreError> {
        let revoked = self.execute(
            "UPDATE api_key SET revoked_at_ms = ?2 WHERE id = ?1 AND revoked_at_ms IS NULL",
            values![id, now_ms],
        )?;
        Ok(revoked > 0)
    }

    /// Writes an act into the audit trail.
    pub fn add_audit(&self, row: &AuditRow) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO audit (at_ms, id, who, origin, act, subject, detail)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            values![row.at_ms, &row.id, &row.who, &row.origin, &row.act, &row.subject, &row.detail],
        )?;
        Ok(())
    }

    /// Takes the place of a change under its caller's key. Of two that come at
    /// one moment the second waits here until the first has ended.
    pub fn begin_replay(
        &self,
        caller: &str,
        key: &str,
        body_hash: &SecretHash,
        now_ms: i64,
    ) -> Result<Replay, StoreError> {
        let added = self.execute(
            "INSERT INTO replay (caller, key, body_hash, at_ms) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (caller, key) DO NOTHING",
            values![caller, key, body_hash.as_bytes(), now_ms],
        )?;
        if added > 0 {
            return Ok(Replay::New);
        }
        // Where it was taken away meanwhile, nobody knows what it stood for.
        Ok(self.replay(caller, key, body_hash)?.unwrap_or(Replay::Other))
    }

    /// Keeps what was answered to a change.
    pub fn end_replay(&self, caller: &str, key: &str, body: Option<&str>) -> Result<(), StoreError> {
        self.execute(
            "UPDATE replay SET body = ?3 WHERE caller = ?1 AND key = ?2",
            values![caller, key, body],
        )?;
        Ok(())
    }

    /// Forgets answers and sessions that are over: answers of before an
    /// instant, sessions that ended before now, milliseconds UTC.
    pub fn forget_access(&self, answers_before_ms: i64, now_ms: i64) -> Result<u64, StoreError> {
        let answers = self.execute("DELETE FROM replay WHERE at_ms < ?1", values![answers_before_ms])?;
        let sessions = self.execute("DELETE FROM session WHERE until_ms <= ?1", values![now_ms])?;
        Ok(answers + sessions)
    }
}
