//! Phones' baskets and exit codes, as far as the store's journals were copied: one lane at a time may use one up, also
//! while HQ is out of reach.

use protocol::ask::{Answer, CodeTaken};
use protocol::event::Phone;
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Book, BookError};

/// How long a code is one lane's to use up, milliseconds: it does so at once.
const CODE_CLAIM_MS: i64 = 2 * 60_000;

/// How long a code is remembered, milliseconds: an exit code holds a day at most, a basket half an hour.
const CODES_KEPT_MS: i64 = 3 * 86_400_000;

/// The tables, as the fourth form of the file brought them.
pub(super) const SCHEMA: &str = "
    CREATE TABLE phone_code (
        id TEXT PRIMARY KEY,
        -- When it was last heard of, by the relay's clock.
        heard_ms INTEGER NOT NULL,
        -- Who may use it up now.
        by_lane INTEGER,
        until_ms INTEGER,
        -- Who used it up first, and when by that lane's clock.
        used_by INTEGER,
        used_ms INTEGER
    ) WITHOUT ROWID;
    CREATE INDEX phone_code_heard ON phone_code (heard_ms);
";

/// Notes a code that a lane used up; who was first stays so.
pub(super) fn keep(
    writing: &Transaction<'_>,
    lane: u32,
    (at_ms, now_ms): (i64, i64),
    fact: &Phone,
) -> Result<(), BookError> {
    let id = match fact {
        Phone::BasketTaken { basket } => &basket.id,
        Phone::ExitChecked { exit, .. } => &exit.id,
        Phone::DifferencesSeen {} | Phone::ExitAudited { .. } | Phone::Refused { .. } => return Ok(()),
    };
    writing.execute(
        "INSERT INTO phone_code (id, heard_ms, used_by, used_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (id) DO UPDATE SET heard_ms = excluded.heard_ms, by_lane = NULL, until_ms = NULL,
             used_ms = CASE WHEN used_by IS NULL THEN excluded.used_ms ELSE used_ms END,
             used_by = coalesce(used_by, excluded.used_by)",
        params![id, now_ms, lane, at_ms],
    )?;
    Ok(())
}

/// What a lane claimed is free once its own journal is past the claim's end.
pub(super) fn free(writing: &Transaction<'_>, lane: u32, over_ms: i64) -> Result<(), BookError> {
    writing.execute(
        "UPDATE phone_code SET by_lane = NULL, until_ms = NULL WHERE by_lane = ?1 AND until_ms < ?2",
        params![lane, over_ms],
    )?;
    Ok(())
}

/// Lets go of codes whose time is long over.
pub(super) fn tend(writing: &Transaction<'_>, now_ms: i64) -> Result<(), BookError> {
    writing.execute("DELETE FROM phone_code WHERE heard_ms < ?1", [now_ms.saturating_sub(CODES_KEPT_MS)])?;
    Ok(())
}

/// Who used a code up and when, and who may.
type Row = (Option<u32>, Option<i64>, Option<u32>);

fn row(reading: &Connection, id: &str) -> Result<Option<Row>, BookError> {
    let found = reading
        .prepare_cached("SELECT used_by, used_ms, by_lane FROM phone_code WHERE id = ?1")?
        .query_row([id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()?;
    Ok(found)
}

impl Book {
    /// Lets a lane alone use up a code, as far as this store knows. One that nobody here has heard of is free: whoever
    /// asks has seen that it is true.
    pub fn claim_code(&self, lane: u32, id: &str, now_ms: i64) -> Result<Answer, BookError> {
        self.write(|writing| {
            match row(writing, id)? {
                Some((Some(used_by), at_ms, _)) => {
                    return Ok(Answer::CodeNotClaimed { why: CodeTaken::Used { lane: used_by, at_ms } });
                }
                Some((None, _, Some(by))) if by != lane => {
                    return Ok(Answer::CodeNotClaimed { why: CodeTaken::Held { lane: by } });
                }
                Some((None, _, Some(_) | None)) | None => {}
            }
            let until_ms = now_ms.saturating_add(CODE_CLAIM_MS);
            writing.execute(
                "INSERT INTO phone_code (id, heard_ms, by_lane, until_ms) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (id) DO UPDATE
                 SET heard_ms = excluded.heard_ms, by_lane = excluded.by_lane, until_ms = excluded.until_ms",
                params![id, now_ms, lane, until_ms],
            )?;
            Ok(Answer::CodeClaimed { until_ms })
        })
    }

    /// A lane does not use a code up after all.
    pub fn release_code(&self, lane: u32, id: &str) -> Result<(), BookError> {
        self.write(|writing| {
            writing.execute(
                "UPDATE phone_code SET by_lane = NULL, until_ms = NULL WHERE id = ?1 AND by_lane = ?2",
                params![id, lane],
            )?;
            Ok(())
        })
    }
}
