//! The audit trail: who did what, when, and from where.
//!
//! An act is written in the transaction that does it: what is done is in the
//! trail, or is not done. The database refuses to change or delete a row.

use serde_json::Value;

use crate::secret;
use crate::store::{AuditRow, StoreError, Writing};

/// The most acts of one answer.
pub const ROWS_MAX: u32 = 1_000;

/// The longest text of an act's subject, in characters; the rest is in the
/// thing itself.
const SUBJECT_LENGTH_MAX: usize = 200;

/// Who does something, and from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct By {
    /// A person, a key, or whoever runs the server.
    pub who: String,
    /// An address, or this machine.
    pub origin: String,
}

impl By {
    /// Whoever sits at this machine and may read the data directory.
    pub fn command_line() -> Self {
        let user = std::env::var("USER").unwrap_or_default();
        let who = if user.is_empty() { "command line".to_owned() } else { format!("command line ({user})") };
        Self { who, origin: "this machine".to_owned() }
    }
}

/// Writes an act into the trail, with the change that it is about. `detail`
/// has no secret, no name and no telephone number. `now_ms`: milliseconds
/// since 1970-01-01 UTC.
pub fn note(
    writing: &Writing<'_>,
    by: &By,
    act: &str,
    subject: &str,
    detail: &Value,
    now_ms: i64,
) -> Result<(), StoreError> {
    let id =
        secret::draw_id().map_err(|error| StoreError::Row { table: "audit", reason: error.to_string() })?;
    writing.add_audit(&AuditRow {
        at_ms: now_ms,
        id,
        who: by.who.clone(),
        origin: by.origin.clone(),
        act: act.to_owned(),
        subject: subject.chars().take(SUBJECT_LENGTH_MAX).collect(),
        detail: detail.to_string(),
    })
}
