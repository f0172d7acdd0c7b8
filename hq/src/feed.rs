//! Pages of what changed in the reference, in the order of their versions.

mod cache;
pub mod snapshot;

use std::io::Write;
use std::sync::Arc;

use protocol::pull::snapshot::PARTS_MAX;
use protocol::pull::{PAGE_CHANGES_MAX, PageHead};

use crate::store::{Reading, Store, StoreError, Writing};
use cache::Key;
pub use cache::PageCache;

/// A page is closed once its changes have this many bytes; below
/// [`protocol::pull::PAGE_BYTES_MAX`] by more than the longest change.
const PAGE_BYTES_FULL: usize = 8 << 20;

/// A balance of speed and size for text that is sent once or a hundred times.
const ZSTD_LEVEL: i32 = 3;

/// A lane that has more than so many changes to get takes a snapshot: two
/// pages are quicker got than files are made.
pub const SNAPSHOT_CHANGES_MIN: u64 = 2 * PAGE_CHANGES_MAX as u64;

/// So long HQ remembers what was deleted, days: as long as a lane may lie in a
/// cupboard and still go on where it was.
pub const DELETIONS_KEPT_DAYS: i64 = 90;

/// So many deleted rows go in one transaction: it is over before a sale waits.
const DROPPED_AT_A_TIME: u32 = 10_000;

const DAY_MS: i64 = 86_400_000;

/// Forgets deletions that are older than [`DELETIONS_KEPT_DAYS`] at an instant,
/// milliseconds UTC, and says how many rows went; some may be left for the next
/// time. Lanes that were not told of them are told to begin anew.
pub fn forget_deletions(store: &Store, now_ms: i64) -> Result<u64, StoreError> {
    let today = now_ms.div_euclid(DAY_MS);
    store.write(|writing: &Writing<'_>| {
        writing.note_reference_day(today)?;
        writing.forget_deletions_before(today - DELETIONS_KEPT_DAYS)
    })?;
    // Afterwards: nobody reads on from before them by now.
    store.write(|writing: &Writing<'_>| writing.drop_deleted(DROPPED_AT_A_TIME))
}

/// Which page, and for whom.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The lane's store.
    pub store: &'a str,
    /// After this version; 0 for everything.
    pub after: u64,
    /// The version after which this pull began, where that is known: its first
    /// page is the one after that.
    pub began: Option<u64>,
    /// At most so many changes.
    pub limit: usize,
    /// Where there is much to get, files are taken as well.
    pub takes_snapshot: bool,
}

/// Why a page was not made.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The page could not be written in its form.
    #[error("write a page of the reference")]
    Write(#[from] std::io::Error),
    /// A snapshot would be more than lanes take.
    #[error("write a snapshot of the reference: it would have more than {most} {of}; lanes take pages")]
    TooLarge {
        /// How much they take.
        most: u64,
        /// Of what.
        of: &'static str,
    },
}

impl From<serde_json::Error> for FeedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// The page that a lane wants, compressed as `protocol::pull` says; one without
/// changes where it is to begin anew, or to take a snapshot.
pub fn page(store: &Store, cache: &PageCache, wanted: &Wanted<'_>) -> Result<Arc<Vec<u8>>, FeedError> {
    let Wanted { store: lane_store, after, began, limit, takes_snapshot } = *wanted;
    let limit = limit.clamp(1, PAGE_CHANGES_MAX);
    store.read(|reading| {
        let latest = reading.reference_version()?;
        let none = PageHead { through: after, latest, more: false, anew: false, snapshot: false };
        // Who has everything that was forgotten, or began with nothing, misses none of it.
        let began_with_some = began.is_some_and(|began| began > 0);
        if began_with_some && after > 0 && after < reading.deletions_forgotten()? {
            let anew = PageHead { latest: 0, anew: true, ..none };
            return Ok(Arc::new(compress(&anew, &[])?));
        }
        let scopes = reading.scopes_of_store(lane_store)?;
        if takes_snapshot
            // A store in more groups than that takes pages.
            && scopes.len() <= PARTS_MAX
            && latest.saturating_sub(after) > SNAPSHOT_CHANGES_MIN
            && reading.has_more_changes(&scopes, after, SNAPSHOT_CHANGES_MIN)?
        {
            let snapshot = PageHead { more: true, snapshot: true, ..none };
            return Ok(Arc::new(compress(&snapshot, &[])?));
        }
        let key = Key { scopes, after, limit, latest };
        cache.get(&key, || make(reading, &key))
    })
}

fn make(reading: &Reading<'_>, key: &Key) -> Result<Vec<u8>, FeedError> {
    let Key { scopes, after, limit, latest } = key;
    let mut lines = Vec::new();
    let mut through = *after;
    let mut failed = None;
    // A change that finds the page full is left for the next one.
    let more = reading.changes_after(scopes, *after, *after > 0, *limit, |change| {
        if lines.len() >= PAGE_BYTES_FULL {
            return false;
        }
        through = change.version;
        if let Err(error) = write_change(&mut lines, &change) {
            failed = Some(error);
        }
        true
    })?;
    if let Some(error) = failed {
        return Err(error);
    }
    // Changes that the lane is not shown are behind it as well.
    let through = if more { through } else { *latest };
    compress(&PageHead { through, latest: *latest, more, anew: false, snapshot: false }, &lines)
}

fn compress(head: &PageHead, lines: &[u8]) -> Result<Vec<u8>, FeedError> {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
    serde_json::to_writer(&mut encoder, head)?;
    encoder.write_all(lines)?;
    Ok(encoder.finish()?)
}

/// Writes one change in the form of `protocol::pull::Change`, around the body
/// as it is stored: a million goods are not taken apart to be put together.
fn write_change(lines: &mut Vec<u8>, change: &crate::store::ChangeRow) -> Result<(), FeedError> {
    let body = change.body.as_deref().unwrap_or("null");
    lines.push(b'\n');
    write!(lines, "{{\"version\":{},\"key\":", change.version)?;
    serde_json::to_writer(&mut *lines, &change.key)?;
    write!(lines, ",\"kind\":\"{}\",\"body\":{body}}}", change.kind)?;
    Ok(())
}
