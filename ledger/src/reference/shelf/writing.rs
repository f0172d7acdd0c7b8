//! What the agent writes of labels: what HQ told it, what it read in its own
//! lane's journal, what its gateways told.

use protocol::pull::{self, LabelStamp, ShelfCap};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::{ALWAYS, DEALS_MAX, OWN, ShelfChanges};
use crate::reference::{ReferenceError, read};

/// Takes in that a label stands for something, unless what is known is newer.
pub(in crate::reference) fn put_label(
    connection: &Connection,
    number: &str,
    label: &pull::Label,
) -> Result<(), ReferenceError> {
    let stamp = label.stamp;
    let known: Option<LabelStamp> = connection
        .prepare_cached("SELECT at_ms, lane, epoch, seq FROM label WHERE number = ?1")?
        .query_row([number], stamp_of)
        .optional()?;
    if known.is_some_and(|known| known > stamp) {
        return Ok(());
    }
    let body = serde_json::to_string(label).expect("plain data serialises");
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO label (number, at_ms, lane, epoch, seq, items, slot, body)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?
        .execute(params![
            number,
            stamp.at_ms,
            stamp.lane,
            stamp.epoch,
            stamp.seq,
            label.items.len() as u64,
            label.slot,
            body
        ])?;
    connection.prepare_cached("DELETE FROM label_item WHERE label = ?1")?.execute([number])?;
    let mut insert = connection
        .prepare_cached("INSERT OR IGNORE INTO label_item (sku, unit, label) VALUES (?1, ?2, ?3)")?;
    for item in &label.items {
        insert.execute(params![item.sku, item.unit, number])?;
    }
    Ok(())
}

/// Takes in that something was waived, unless a newer waiver is known.
pub(in crate::reference) fn put_waiver(
    connection: &Connection,
    waiver: &pull::LabelWaiver,
) -> Result<(), ReferenceError> {
    let (item, stamp) = (&waiver.item, waiver.stamp);
    connection
        .prepare_cached(
            "INSERT INTO label_waiver (sku, unit, at_ms, lane, epoch, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (sku, unit) DO UPDATE
             SET at_ms = excluded.at_ms, lane = excluded.lane, epoch = excluded.epoch, seq = excluded.seq,
                 is_done = 0
             WHERE (excluded.at_ms, excluded.lane, excluded.epoch, excluded.seq)
                 > (label_waiver.at_ms, label_waiver.lane, label_waiver.epoch, label_waiver.seq)",
        )?
        .execute(params![item.sku, item.unit, stamp.at_ms, stamp.lane, stamp.epoch, stamp.seq])?;
    Ok(())
}

/// Takes in a cap that HQ tells of.
pub(in crate::reference) fn put_cap(connection: &Connection, cap: &ShelfCap) -> Result<(), ReferenceError> {
    insert_cap(connection, cap, cap.lane)
}

/// Takes back a cap that HQ told of.
pub(in crate::reference) fn remove_cap(connection: &Connection, key: &str) -> Result<(), ReferenceError> {
    let parts: (String, String, u32, Option<i64>) = read(key, "shelf_cap")?;
    connection
        .prepare_cached("DELETE FROM shelf_cap WHERE sku = ?1 AND unit = ?2 AND lane = ?3 AND from_ms = ?4")?
        .execute(params![parts.0, parts.1, parts.2, parts.3.unwrap_or(ALWAYS)])?;
    Ok(())
}

fn insert_cap(connection: &Connection, cap: &ShelfCap, lane: u32) -> Result<(), ReferenceError> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO shelf_cap (sku, unit, lane, from_ms, price, member_price, label)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?
        .execute(params![
            cap.item.sku,
            cap.item.unit,
            lane,
            cap.from_ms.unwrap_or(ALWAYS),
            cap.price,
            cap.member_price,
            cap.label
        ])?;
    Ok(())
}

/// Forgets what HQ told of labels, for a full pull; what the agent itself
/// knows of them stays, and what labels stand for, which the pull tells again.
pub(in crate::reference) const FORGET_TOLD: &str = "DELETE FROM shelf_cap WHERE lane <> 0;";

/// Forgets everything about labels: the lane stands elsewhere now.
pub(in crate::reference) const FORGET_ALL: &str = "
    DELETE FROM label; DELETE FROM label_item; DELETE FROM label_waiver; DELETE FROM label_state;
    DELETE FROM shelf_cap; DELETE FROM gateway; DELETE FROM deal;
    UPDATE shelf SET is_kept = 0, epoch = 0, seq = 0, body = '{}';
";

/// Writes what an agent has found out, in the caller's transaction.
pub(in crate::reference) fn write(
    connection: &Connection,
    changes: &ShelfChanges,
) -> Result<(), ReferenceError> {
    for (number, label) in &changes.labels {
        put_label(connection, number.as_str(), label)?;
    }
    changes.waivers.iter().try_for_each(|waiver| put_waiver(connection, waiver))?;
    if let Some(position) = changes.position {
        connection
            .prepare_cached("UPDATE shelf SET epoch = ?1, seq = ?2")?
            .execute(params![position.epoch, position.seq])?;
    }
    for waiver in &changes.waivers_done {
        let stamp = waiver.stamp;
        connection
            .prepare_cached(
                "UPDATE label_waiver SET is_done = 1
                 WHERE sku = ?1 AND unit = ?2 AND (at_ms, lane, epoch, seq) = (?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                waiver.item.sku,
                waiver.item.unit,
                stamp.at_ms,
                stamp.lane,
                stamp.epoch,
                stamp.seq
            ])?;
    }
    for (number, state) in &changes.states {
        let body = serde_json::to_string(state).expect("plain data serialises");
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO label_state
                     (number, condition, since_ms, battery_mv, seen_ms, not_struck, body)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
            )?
            .execute(params![
                number.as_str(),
                state.condition.name(),
                state.since_ms,
                state.battery_mv,
                state.seen_ms,
                state.not_struck.is_some(),
                body
            ])?;
    }
    for number in &changes.forgotten {
        connection.prepare_cached("DELETE FROM label_state WHERE number = ?1")?.execute([number.as_str()])?;
    }
    for (item, caps) in &changes.caps {
        connection
            .prepare_cached("DELETE FROM shelf_cap WHERE sku = ?1 AND unit = ?2 AND lane = ?3")?
            .execute(params![item.sku, item.unit, OWN])?;
        caps.iter().try_for_each(|cap| insert_cap(connection, cap, OWN))?;
    }
    for deal in &changes.deals {
        connection
            .prepare_cached(
                "INSERT OR REPLACE INTO deal (sku, unit, from_ms, until_ms, lowest, last)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                deal.item.sku,
                deal.item.unit,
                deal.from_ms,
                deal.until_ms,
                deal.lowest,
                deal.last
            ])?;
    }
    if !changes.deals.is_empty() {
        connection
            .prepare_cached(
                "DELETE FROM deal WHERE (sku, unit, from_ms, until_ms) IN
                     (SELECT sku, unit, from_ms, until_ms FROM deal ORDER BY until_ms DESC LIMIT -1 OFFSET ?1)",
            )?
            .execute([DEALS_MAX as u64])?;
    }
    for (host, state) in &changes.gateways {
        let body = serde_json::to_string(state).expect("plain data serialises");
        connection
            .prepare_cached("INSERT OR REPLACE INTO gateway (host, body) VALUES (?1, ?2)")?
            .execute([host.as_str(), &body])?;
    }
    for host in &changes.gateways_gone {
        connection.prepare_cached("DELETE FROM gateway WHERE host = ?1")?.execute([host])?;
    }
    if let Some(summary) = &changes.summary {
        let body = serde_json::to_string(summary).expect("plain data serialises");
        connection.prepare_cached("UPDATE shelf SET body = ?1")?.execute([body])?;
    }
    if changes.is_kept {
        connection.prepare_cached("UPDATE shelf SET is_kept = 1")?.execute([])?;
    }
    Ok(())
}

pub(super) fn stamp_of(row: &Row<'_>) -> rusqlite::Result<LabelStamp> {
    Ok(LabelStamp { at_ms: row.get(0)?, lane: row.get(1)?, epoch: row.get(2)?, seq: row.get(3)? })
}
