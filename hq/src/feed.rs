//! Pages of what changed in the reference, in the order of their versions.

mod cache;

use std::io::Write;
use std::sync::Arc;

use protocol::pull::{PAGE_CHANGES_MAX, PageHead};

use crate::store::{Reading, Store, StoreError};
use cache::Key;
pub use cache::PageCache;

/// A page is closed once its changes have this many bytes; below
/// [`protocol::pull::PAGE_BYTES_MAX`] by more than the longest change.
const PAGE_BYTES_FULL: usize = 8 << 20;

/// A balance of speed and size for text that is sent once or a hundred times.
const ZSTD_LEVEL: i32 = 3;

/// Why a page was not made.
#[derive(Debug, thiserror::Error)]
pub enum FeedError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The page could not be written in its form.
    #[error("write a page of the reference")]
    Write(#[from] std::io::Error),
}

impl From<serde_json::Error> for FeedError {
    fn from(error: serde_json::Error) -> Self {
        Self::Write(error.into())
    }
}

/// The page after version `after` for a lane of `store`: at most `limit`
/// changes, compressed as `protocol::pull` says.
pub fn page(
    store: &Store,
    cache: &PageCache,
    lane_store: &str,
    after: u64,
    limit: usize,
) -> Result<Arc<Vec<u8>>, FeedError> {
    let limit = limit.clamp(1, PAGE_CHANGES_MAX);
    store.read(|reading| {
        let latest = reading.reference_version()?;
        let scopes = reading.scopes_of_store(lane_store)?;
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
    let head = PageHead { through, latest: *latest, more };
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), ZSTD_LEVEL)?;
    serde_json::to_writer(&mut encoder, &head)?;
    encoder.write_all(&lines)?;
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
