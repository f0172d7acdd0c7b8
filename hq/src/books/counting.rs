//! Counts of a store's goods: what was found, held against the books as they
//! were at the moment of the count.
//!
//! A count names how far each lane's journal was. What lanes sold before that
//! may reach HQ later, so a count waits until HQ has every journal up to
//! there; what was sold after it changes nothing of the difference. So selling
//! never stops, and nothing that was sold meanwhile is counted away.

use std::collections::BTreeMap;

use protocol::event::{self, StockCount, StockLine};
use serde::{Deserialize, Serialize};

use crate::store::{BookEntry, BookKey, BookKind, JournalKey, StoreError, Writing};
use crate::{orders, projection};

/// Events that are read back at one time.
const EVENTS_AT_A_TIME: u32 = 1_000;

/// The lane under which a store's counts stand in its stock; no lane is that.
pub const COUNTS_LANE: u32 = 0;

/// A count on its way into the stock.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    count: StockCount,
    source: String,
    at_ms: i64,
}

/// What a count did to one item, thousandths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The item.
    pub sku: String,
    /// What the books said at the moment of the count.
    pub book: i64,
    /// What was found.
    pub counted: i64,
}

/// The difference of one item: what was found, less what the books say now
/// without what has moved since the count.
pub fn difference(line: &StockLine, now: i64, since: i64) -> Difference {
    Difference { sku: line.sku.clone(), book: now.saturating_sub(since), counted: line.quantity }
}

fn key<'a>(store: &'a str, kind: BookKind, document: &'a str) -> BookKey<'a> {
    BookKey { owner: store, kind, part: document }
}

fn read(body: &str) -> Result<Waiting, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row { table: "book", reason: error.to_string() })
}

fn written<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("plain data serialises")
}

/// Takes a count in. One with a number that was taken in before is that one.
pub fn take_in(
    writing: &Writing<'_>,
    store: &str,
    (source, at_ms): (&str, i64),
    count: &StockCount,
) -> Result<(), StoreError> {
    for kind in [BookKind::CountWaiting, BookKind::Count] {
        if writing.lock_book(key(store, kind, &count.document))?.is_some() {
            return Ok(());
        }
    }
    let waiting = Waiting { count: count.clone(), source: source.to_owned(), at_ms };
    writing.put_book(key(store, BookKind::CountWaiting, &count.document), &written(&waiting))
}

/// Posts every count of a store for which HQ has what it needs.
pub fn post_due(writing: &Writing<'_>, store: &str, now_ms: i64) -> Result<(), StoreError> {
    for document in writing.parts_of(store, BookKind::CountWaiting)? {
        let waiting_key = key(store, BookKind::CountWaiting, &document);
        let Some(body) = writing.lock_book(waiting_key)? else { continue };
        let waiting = read(&body)?;
        if !is_covered(writing, store, &waiting.count)? {
            continue;
        }
        let differences = differences(writing, store, &waiting.count, waiting.at_ms)?;
        let moved: BTreeMap<&str, i64> =
            differences.iter().map(|of| (of.sku.as_str(), of.counted.saturating_sub(of.book))).collect();
        writing.move_stock(JournalKey { store, lane: COUNTS_LANE, epoch: 0 }, &moved)?;
        let posted = key(store, BookKind::Count, &document);
        writing.put_book(posted, &written(&differences))?;
        writing.add_book_entry(
            posted,
            &BookEntry {
                number: 1,
                source: waiting.source,
                at_ms: waiting.at_ms,
                heard_at_ms: now_ms,
                amount: moved.values().fold(0i64, |sum, moved| sum.saturating_add(*moved)),
                body: written(&differences),
            },
        )?;
        writing.remove_book(waiting_key)?;
    }
    Ok(())
}

/// Whether HQ has every journal up to where it was at the count. One that was
/// lost and begun anew has nothing more to say of before.
fn is_covered(writing: &Writing<'_>, store: &str, count: &StockCount) -> Result<bool, StoreError> {
    for at in &count.positions {
        let head = writing.journal_head(JournalKey { store, lane: at.lane, epoch: at.epoch })?;
        let next =
            writing.journal_head(JournalKey { store, lane: at.lane, epoch: at.epoch.saturating_add(1) })?;
        if head.acknowledged < at.seq && next.acknowledged == 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

fn differences(
    writing: &Writing<'_>,
    store: &str,
    count: &StockCount,
    counted_at_ms: i64,
) -> Result<Vec<Difference>, StoreError> {
    let mut since: BTreeMap<String, i64> = BTreeMap::new();
    // HQ itself has no journal: what it handed over is known by its time.
    for (sku, moved) in orders::left_since(writing, store, counted_at_ms)? {
        let sum = since.entry(sku).or_default();
        *sum = sum.saturating_add(moved);
    }
    for at in &count.positions {
        let mut epoch = at.epoch;
        let mut after = at.seq;
        loop {
            let key = JournalKey { store, lane: at.lane, epoch };
            let events = writing.events_after(key, after, EVENTS_AT_A_TIME)?;
            let Some((last, _)) = events.last() else {
                // What an epoch that follows has is all of after the count.
                epoch = epoch.saturating_add(1);
                after = 0;
                if writing.journal_head(JournalKey { epoch, ..key })?.acknowledged == 0 {
                    break;
                }
                continue;
            };
            after = *last;
            for (_, bytes) in &events {
                // One that cannot be read moved nothing.
                let Ok(event) = event::decode(bytes) else { continue };
                for (sku, moved) in projection::moved_by(&event) {
                    let sum = since.entry(sku.to_owned()).or_default();
                    *sum = sum.saturating_add(moved);
                }
            }
        }
    }
    let mut found = Vec::with_capacity(count.lines.len());
    for line in &count.lines {
        let now = writing.stock_in_store(store, &line.sku)?;
        found.push(difference(line, now, since.get(&line.sku).copied().unwrap_or(0)));
    }
    Ok(found)
}
