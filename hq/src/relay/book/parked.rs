//! Baskets that the store's lanes put aside, as far as their journals were
//! copied: one lane at a time takes one up, also while HQ is out of reach.

use protocol::ask::{Answer, PARKED_TOLD_MAX, PARKED_TOLD_MS, ParkedGone, ParkedRefused, ParkedShown};
use protocol::event::{Parked, ParkedId};
use rusqlite::{Connection, OptionalExtension, Transaction, params};

use super::{Book, BookError};

/// How long a basket is one lane's to take up, milliseconds: it does so at once.
const PARKED_CLAIM_MS: i64 = 2 * 60_000;

/// Epochs of a lane that are gone back through for one of its baskets.
const EPOCHS_BACK_MAX: u32 = 64;

/// The tables, as the second form of the file brought them.
pub(super) const SCHEMA: &str = "
    CREATE TABLE parked (
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        number INTEGER NOT NULL,
        at_ms INTEGER NOT NULL,
        -- JSON; empty once it was taken up.
        body TEXT NOT NULL,
        -- Who may take it up now.
        by_lane INTEGER,
        until_ms INTEGER,
        -- Who took it up.
        ended_by INTEGER,
        PRIMARY KEY (lane, epoch, number)
    ) WITHOUT ROWID;
    -- Journals that go on from the epoch before, parked baskets included.
    CREATE TABLE follows (
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        PRIMARY KEY (lane, epoch)
    ) WITHOUT ROWID;
";

/// A basket as it is kept.
struct Row {
    body: String,
    claim: Option<(u32, i64)>,
    ended_by: Option<u32>,
}

fn row(reading: &Connection, id: ParkedId) -> Result<Option<Row>, BookError> {
    let found = reading
        .prepare_cached(
            "SELECT body, by_lane, until_ms, ended_by FROM parked WHERE lane = ?1 AND epoch = ?2 AND number = ?3",
        )?
        .query_row(params![id.lane, id.epoch, id.number], |row| {
            let (by, until): (Option<u32>, Option<i64>) = (row.get(1)?, row.get(2)?);
            Ok(Row { body: row.get(0)?, claim: by.zip(until), ended_by: row.get(3)? })
        })
        .optional()?;
    Ok(found)
}

/// As what a basket is kept that a lane knows under the epoch of its journal now.
fn known_as(reading: &Connection, id: ParkedId) -> Result<Option<(ParkedId, Row)>, BookError> {
    let mut id = id;
    for _ in 0..EPOCHS_BACK_MAX {
        if let Some(row) = row(reading, id)? {
            return Ok(Some((id, row)));
        }
        let goes_on: bool = reading
            .prepare_cached("SELECT count(*) > 0 FROM follows WHERE lane = ?1 AND epoch = ?2")?
            .query_row(params![id.lane, id.epoch], |row| row.get(0))?;
        if id.epoch <= 1 || !goes_on {
            return Ok(None);
        }
        id.epoch -= 1;
    }
    Ok(None)
}

/// Whether a basket is of the journal that a lane has now, so that the lane itself knows best what became of it. A journal
/// of which nothing is copied yet may go on from the one before.
fn is_own(reading: &Connection, (lane, epoch): (u32, u32), id: ParkedId) -> Result<bool, BookError> {
    if id.lane != lane {
        return Ok(false);
    }
    let mut at = epoch;
    for _ in 0..EPOCHS_BACK_MAX {
        if at == id.epoch {
            return Ok(true);
        }
        let goes_on: bool = reading
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM follows WHERE lane = ?1 AND epoch = ?2)
                 OR NOT EXISTS (SELECT 1 FROM copy WHERE lane = ?1 AND epoch = ?2 AND seq > 0)",
            )?
            .query_row(params![lane, at], |row| row.get(0))?;
        if at <= 1 || !goes_on {
            return Ok(false);
        }
        at -= 1;
    }
    Ok(false)
}

/// A lane put a basket aside and said what lies in it.
pub(super) fn offer(
    writing: &Transaction<'_>,
    lane: u32,
    epoch: u32,
    parked: &Parked,
) -> Result<(), BookError> {
    let body = serde_json::to_string(parked).unwrap_or_default();
    writing.execute(
        "INSERT INTO parked (lane, epoch, number, at_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        params![lane, epoch, parked.number, parked.at_ms, body],
    )?;
    Ok(())
}

/// A lane's journal of this epoch goes on from the one before.
pub(super) fn follow(writing: &Transaction<'_>, lane: u32, epoch: u32) -> Result<(), BookError> {
    writing
        .execute("INSERT INTO follows (lane, epoch) VALUES (?1, ?2) ON CONFLICT DO NOTHING", [lane, epoch])?;
    Ok(())
}

/// A lane took a basket up; who was first stays so.
pub(super) fn end(writing: &Transaction<'_>, id: ParkedId, lane: u32, now_ms: i64) -> Result<(), BookError> {
    let id = match id.lane == lane {
        true => known_as(writing, id)?.map_or(id, |(id, _)| id),
        false => id,
    };
    if id.lane != lane {
        // Its coupons are shown again at the lane that took it up.
        let was = row(writing, id)?.and_then(|row| serde_json::from_str::<Parked>(&row.body).ok());
        for coupon in was.iter().flat_map(|parked| &parked.coupons) {
            super::release_coupon(writing, id.lane, &coupon.code)?;
        }
    }
    writing.execute(
        "INSERT INTO parked (lane, epoch, number, at_ms, body, ended_by) VALUES (?1, ?2, ?3, ?4, '', ?5)
         ON CONFLICT (lane, epoch, number) DO UPDATE
         SET body = '', by_lane = NULL, until_ms = NULL, ended_by = coalesce(ended_by, excluded.ended_by)",
        params![id.lane, id.epoch, id.number, now_ms, lane],
    )?;
    Ok(())
}

/// What a lane claimed is free once its own journal is past the claim's end.
pub(super) fn free(writing: &Transaction<'_>, lane: u32, over_ms: i64) -> Result<(), BookError> {
    writing.execute(
        "UPDATE parked SET by_lane = NULL, until_ms = NULL WHERE by_lane = ?1 AND until_ms < ?2",
        params![lane, over_ms],
    )?;
    Ok(())
}

/// Lets go of what is older than anybody asks for.
pub(super) fn tend(writing: &Transaction<'_>, old_ms: i64) -> Result<(), BookError> {
    writing.execute("DELETE FROM parked WHERE at_ms < ?1", [old_ms])?;
    Ok(())
}

impl Book {
    /// The baskets that a lane may take up beside its own, and those of its
    /// own that others took up.
    pub fn parked(&self, lane: u32, epoch: u32, own: &[u32], now_ms: i64) -> Result<Answer, BookError> {
        let connection = self.connection();
        let (mut gone, mut own_ids) = (Vec::new(), Vec::new());
        for number in own {
            let asked = ParkedId { lane, epoch, number: *number };
            let Some((id, row)) = known_as(&connection, asked)? else { continue };
            own_ids.push(id);
            if let Some(by) = row.ended_by.filter(|by| *by != lane) {
                gone.push(ParkedGone { number: *number, lane: by });
            }
        }
        let mut select = connection.prepare_cached(
            "SELECT lane, epoch, number, body FROM parked
             WHERE ended_by IS NULL AND (by_lane IS NULL OR by_lane = ?1) AND at_ms >= ?2
             ORDER BY at_ms DESC LIMIT ?3",
        )?;
        let told = PARKED_TOLD_MAX + own_ids.len();
        let rows = select.query_map(params![lane, now_ms - PARKED_TOLD_MS, told], |row| {
            let id = ParkedId { lane: row.get(0)?, epoch: row.get(1)?, number: row.get(2)? };
            Ok((id, row.get::<_, String>(3)?))
        })?;
        let mut baskets = Vec::new();
        for found in rows {
            let (id, body) = found?;
            if own_ids.contains(&id) || baskets.len() >= PARKED_TOLD_MAX {
                continue;
            }
            // The lane took it up, and what it wrote of that has not come yet.
            if is_own(&connection, (lane, epoch), id)? {
                continue;
            }
            if let Ok(parked) = serde_json::from_str::<Parked>(&body) {
                baskets.push(ParkedShown::of(id, &parked));
            }
        }
        Ok(Answer::ParkedBaskets { baskets, gone })
    }

    /// Lets a lane alone take up a basket; `None` where nobody here knows it.
    pub fn claim_parked(&self, lane: u32, asked: ParkedId, now_ms: i64) -> Result<Option<Answer>, BookError> {
        let refuse = |why| Ok(Some(Answer::ParkedNotClaimed { why }));
        self.write(|writing| {
            let found = match asked.lane == lane {
                true => known_as(writing, asked)?,
                false => row(writing, asked)?.map(|row| (asked, row)),
            };
            let Some((id, row)) = found else { return Ok(None) };
            match (row.ended_by, row.claim) {
                (Some(by), _) if by != lane => return refuse(ParkedRefused::Gone { lane: by }),
                (Some(_), _) => return refuse(ParkedRefused::Unknown {}),
                (None, Some((by, _))) if by != lane => return refuse(ParkedRefused::Held { lane: by }),
                (None, Some(_) | None) => {}
            }
            let Ok(parked) = serde_json::from_str::<Parked>(&row.body) else { return Ok(None) };
            let until_ms = now_ms.saturating_add(PARKED_CLAIM_MS);
            hold(writing, id, lane, until_ms)?;
            Ok(Some(Answer::ParkedClaimed { id, parked: Box::new(parked), until_ms }))
        })
    }

    /// Holds HQ's word against what this store knows: another lane here may
    /// have the basket, and HQ not have heard of it; or only the store has.
    pub fn settle_parked(
        &self,
        lane: u32,
        asked: ParkedId,
        said: Answer,
        now_ms: i64,
    ) -> Result<Answer, BookError> {
        let here = self.claim_parked(lane, asked, now_ms)?;
        // Whatever else is said of it, HQ said it.
        #[allow(clippy::wildcard_enum_match_arm)]
        match (said, here) {
            (said @ Answer::ParkedClaimed { .. }, None | Some(Answer::ParkedClaimed { .. })) => Ok(said),
            (Answer::ParkedClaimed { .. }, Some(refused)) => Ok(refused),
            (Answer::ParkedNotClaimed { why: ParkedRefused::Unknown {} }, Some(here)) => Ok(here),
            (said, Some(Answer::ParkedClaimed { id, .. })) => {
                self.release_parked(lane, id)?;
                Ok(said)
            }
            (said, _) => Ok(said),
        }
    }

    /// Adds to HQ's list what only the store has heard of, and takes out what
    /// another lane here has.
    pub fn settle_list(
        &self,
        (lane, epoch, own): (u32, u32, &[u32]),
        said: Answer,
        now_ms: i64,
    ) -> Result<Answer, BookError> {
        let here = self.parked(lane, epoch, own, now_ms)?;
        let (
            Answer::ParkedBaskets { mut baskets, mut gone },
            Answer::ParkedBaskets { baskets: more, gone: more_gone },
        ) = (said, here)
        else {
            return self.parked(lane, epoch, own, now_ms);
        };
        for told in more_gone {
            if gone.iter().all(|known| known.number != told.number) {
                gone.push(told);
            }
        }
        let connection = self.connection();
        let mut free = Vec::with_capacity(baskets.len());
        for basket in baskets.drain(..) {
            let is_taken = row(&connection, basket.id)?
                .is_some_and(|row| row.ended_by.is_some() || row.claim.is_some_and(|(by, _)| by != lane));
            if !is_taken {
                free.push(basket);
            }
        }
        for basket in more {
            if free.iter().all(|known| known.id != basket.id) {
                free.push(basket);
            }
        }
        free.sort_by_key(|basket| std::cmp::Reverse((basket.at_ms, basket.id)));
        free.truncate(PARKED_TOLD_MAX);
        Ok(Answer::ParkedBaskets { baskets: free, gone })
    }

    /// A lane does not take a basket up after all.
    pub fn release_parked(&self, lane: u32, asked: ParkedId) -> Result<(), BookError> {
        self.write(|writing| {
            let id = match asked.lane == lane {
                true => known_as(writing, asked)?.map_or(asked, |(id, _)| id),
                false => asked,
            };
            writing.execute(
                "UPDATE parked SET by_lane = NULL, until_ms = NULL
                 WHERE lane = ?1 AND epoch = ?2 AND number = ?3 AND by_lane = ?4",
                params![id.lane, id.epoch, id.number, lane],
            )?;
            Ok(())
        })
    }
}

fn hold(writing: &Transaction<'_>, id: ParkedId, lane: u32, until_ms: i64) -> Result<(), BookError> {
    writing.execute(
        "UPDATE parked SET by_lane = ?4, until_ms = ?5 WHERE lane = ?1 AND epoch = ?2 AND number = ?3",
        params![id.lane, id.epoch, id.number, lane, until_ms],
    )?;
    Ok(())
}
