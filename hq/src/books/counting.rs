//! Counts of a store's goods: what was found, held against the books as they
//! were when it was counted.
//!
//! A count names how far each lane's journal was. What lanes sold before that
//! may reach HQ later, so a count waits until HQ has every journal up to
//! there; what was sold after it changes nothing of the difference. So selling
//! never stops, and nothing that was sold meanwhile is counted away.
//!
//! A count takes its time, and lanes go on: its steps say from which line on
//! they were somewhere else. Of a lane that nobody could say a position of,
//! its own clock decides what was before a line and what after, and the count
//! waits until that lane was heard of again, or a person posts it without.

mod course;

use std::collections::{BTreeMap, BTreeSet};

use protocol::event::{StockCount, StockLine};
use serde::{Deserialize, Serialize};

use self::course::Courses;
use crate::orders;
use crate::store::{BookEntry, BookKey, BookKind, JournalKey, Reading, StoreError, Writing};

/// The lane under which a store's counts stand in its stock; no lane is that.
pub const COUNTS_LANE: u32 = 0;

/// The most counts of each sort that are listed at one time.
pub const COUNTS_LISTED_MAX: u32 = 200;

/// A count on its way into the stock.
#[derive(Debug, Serialize, Deserialize)]
struct Waiting {
    count: StockCount,
    source: String,
    at_ms: i64,
    /// It was taken in after others of its store that are newer.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    late: bool,
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

impl Difference {
    /// What was found, less what the books said.
    pub fn moved(&self) -> i64 {
        self.counted.saturating_sub(self.book)
    }
}

/// A count that is in the stock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posted {
    /// The event that said it.
    #[serde(default)]
    pub source: String,
    /// When that was written, the lane's clock, milliseconds UTC.
    #[serde(default)]
    pub at_ms: i64,
    /// When it was posted, HQ's clock, milliseconds UTC.
    #[serde(default)]
    pub posted_ms: i64,
    /// Why it was counted, in words.
    #[serde(default)]
    pub reason: String,
    /// The lanes of which no position was known: their clocks decided.
    #[serde(default)]
    pub by_clock: Vec<u32>,
    /// The lanes that a person did not wait for: what they still bring is
    /// taken to be of after the count.
    #[serde(default)]
    pub without: Vec<u32>,
    /// By item.
    pub differences: Vec<Difference>,
}

/// How a posted count is written: those of earlier programs are bare.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(Posted),
    Bare(Vec<Difference>),
}

/// A count that waits for journals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingCount {
    /// Its number.
    pub document: String,
    /// The event that said it.
    pub source: String,
    /// When that was written, the lane's clock, milliseconds UTC.
    pub at_ms: i64,
    /// How many items.
    pub items: usize,
    /// The lanes that must be heard of first.
    pub waits_for: Vec<u32>,
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
    at: (&str, i64),
    count: &StockCount,
) -> Result<(), StoreError> {
    put_waiting(writing, store, at, count, false).map(drop)
}

/// Takes a count in that HQ could not use when it came; says whether it is new. Goods that were counted again since, and
/// posted, are as they were found then.
pub(crate) fn take_in_late(
    writing: &Writing<'_>,
    store: &str,
    at: (&str, i64),
    count: &StockCount,
) -> Result<bool, StoreError> {
    put_waiting(writing, store, at, count, true)
}

fn put_waiting(
    writing: &Writing<'_>,
    store: &str,
    (source, at_ms): (&str, i64),
    count: &StockCount,
    late: bool,
) -> Result<bool, StoreError> {
    for kind in [BookKind::CountWaiting, BookKind::Count] {
        if writing.lock_book(key(store, kind, &count.document))?.is_some() {
            return Ok(false);
        }
    }
    let waiting = Waiting { count: count.clone(), source: source.to_owned(), at_ms, late };
    writing.put_book(key(store, BookKind::CountWaiting, &count.document), &written(&waiting))?;
    Ok(true)
}

/// Posts every count of a store for which HQ has what it needs, the oldest first: what one finds the next goes on from.
pub fn post_due(writing: &Writing<'_>, store: &str, now_ms: i64) -> Result<(), StoreError> {
    let mut all = Vec::new();
    for document in writing.parts_of(store, BookKind::CountWaiting)? {
        let Some(body) = writing.lock_book(key(store, BookKind::CountWaiting, &document))? else { continue };
        all.push(read(&body)?);
    }
    all.sort_by_key(|waiting| waiting.at_ms);
    for waiting in all {
        let courses = Courses::of(writing, store, &waiting.count, waiting.at_ms)?;
        if courses.missing(writing)?.is_empty() {
            post(writing, store, &waiting, &courses, Vec::new(), now_ms)?;
        }
    }
    Ok(())
}

/// Posts a count that waits, whatever it waits for: a person says so. Gives
/// the lanes that were not waited for; `None` where no such count waits.
pub fn post_without(
    writing: &Writing<'_>,
    store: &str,
    document: &str,
    now_ms: i64,
) -> Result<Option<Vec<u32>>, StoreError> {
    let Some(body) = writing.lock_book(key(store, BookKind::CountWaiting, document))? else {
        return Ok(None);
    };
    // Others may have been posted while it waited.
    let waiting = Waiting { late: true, ..read(&body)? };
    let courses = Courses::of(writing, store, &waiting.count, waiting.at_ms)?;
    let without = courses.missing(writing)?;
    post(writing, store, &waiting, &courses, without.clone(), now_ms)?;
    Ok(Some(without))
}

fn post(
    writing: &Writing<'_>,
    store: &str,
    waiting: &Waiting,
    courses: &Courses<'_>,
    without: Vec<u32>,
    now_ms: i64,
) -> Result<(), StoreError> {
    let Waiting { count, source, at_ms, late } = waiting;
    let newer = if *late { posted_since(writing, store, *at_ms)? } else { BTreeSet::new() };
    let differences = differences(writing, store, count, courses, &newer)?;
    let moved: BTreeMap<&str, i64> = differences.iter().map(|of| (of.sku.as_str(), of.moved())).collect();
    writing.move_stock(JournalKey { store, lane: COUNTS_LANE, epoch: 0 }, &moved)?;
    let amount = moved.values().fold(0i64, |sum, moved| sum.saturating_add(*moved));
    let posted = Posted {
        source: source.clone(),
        at_ms: *at_ms,
        posted_ms: now_ms,
        reason: count.reason.clone(),
        by_clock: courses.by_clock(),
        without,
        differences,
    };
    let body = written(&posted);
    let key_posted = key(store, BookKind::Count, &count.document);
    writing.put_book(key_posted, &body)?;
    let source = source.clone();
    let entry = BookEntry { number: 1, source, at_ms: *at_ms, heard_at_ms: now_ms, amount, body };
    writing.add_book_entry(key_posted, &entry)?;
    writing.remove_book(key(store, BookKind::CountWaiting, &count.document))
}

fn differences(
    writing: &Writing<'_>,
    store: &str,
    count: &StockCount,
    courses: &Courses<'_>,
    newer: &BTreeSet<String>,
) -> Result<Vec<Difference>, StoreError> {
    let mut since = courses.moved_since(writing)?;
    // HQ itself has no journal: what it handed over is known by its time.
    for (sku, moved, left_ms) in orders::left_since(writing, store, courses.begun_ms())? {
        if courses.time_of(&sku).is_some_and(|counted_ms| left_ms > counted_ms) {
            let sum = since.entry(sku).or_default();
            *sum = sum.saturating_add(moved);
        }
    }
    let mut found = Vec::with_capacity(count.lines.len());
    for line in count.lines.iter().filter(|line| !newer.contains(&line.sku)) {
        let now = writing.stock_in_store(store, &line.sku)?;
        found.push(difference(line, now, since.get(&line.sku).copied().unwrap_or(0)));
    }
    Ok(found)
}

/// The items of which counts are posted that were written after an instant, milliseconds UTC.
fn posted_since(reading: &Reading<'_>, store: &str, at_ms: i64) -> Result<BTreeSet<String>, StoreError> {
    let (mut newer, mut after) = (BTreeSet::new(), String::new());
    loop {
        let rows = reading.books_of_after(store, BookKind::Count, &after, COUNTS_LISTED_MAX)?;
        let Some((last, _)) = rows.last() else { return Ok(newer) };
        last.clone_into(&mut after);
        for (_, body) in rows {
            let count = read_posted(&body)?;
            if count.at_ms > at_ms {
                newer.extend(count.differences.into_iter().map(|of| of.sku));
            }
        }
    }
}

fn read_posted(body: &str) -> Result<Posted, StoreError> {
    let read: Written = serde_json::from_str(body)
        .map_err(|error| StoreError::Row { table: "book", reason: error.to_string() })?;
    Ok(match read {
        Written::Whole(posted) => posted,
        Written::Bare(differences) => Posted {
            source: String::new(),
            at_ms: 0,
            posted_ms: 0,
            reason: String::new(),
            by_clock: Vec::new(),
            without: Vec::new(),
            differences,
        },
    })
}

/// The counts of a store that wait, and those that are posted with their
/// numbers; at most [`COUNTS_LISTED_MAX`] of each, the newest posted ones first.
pub fn listed(
    reading: &Reading<'_>,
    store: &str,
) -> Result<(Vec<WaitingCount>, Vec<(String, Posted)>), StoreError> {
    let mut waiting = Vec::new();
    for (document, body) in reading.books_of_after(store, BookKind::CountWaiting, "", COUNTS_LISTED_MAX)? {
        let Waiting { count, source, at_ms, late: _ } = read(&body)?;
        let waits_for = Courses::of(reading, store, &count, at_ms)?.missing(reading)?;
        waiting.push(WaitingCount { document, source, at_ms, items: count.lines.len(), waits_for });
    }
    let (mut posted, mut after) = (Vec::new(), String::new());
    loop {
        let rows = reading.books_of_after(store, BookKind::Count, &after, COUNTS_LISTED_MAX)?;
        let Some((last, _)) = rows.last() else { break };
        last.clone_into(&mut after);
        for (document, body) in rows {
            let count = read_posted(&body)?;
            posted.push((document, count));
        }
        posted.sort_by_key(|(_, count)| std::cmp::Reverse(count.posted_ms));
        posted.truncate(usize::try_from(COUNTS_LISTED_MAX).unwrap_or(usize::MAX));
    }
    Ok((waiting, posted))
}
