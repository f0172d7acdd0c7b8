//! Files of the reference for lanes that have much to get: one of each place
//! (the chain, a group of stores, a store), shared by all lanes that are told
//! the place's rows, made once and kept until the reference has moved on.
//!
//! The files lie in the data directory and are nobody's truth: a start forgets
//! them. Each is named by its SHA-256; of the same rows comes the same file.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::pull::snapshot::{
    INFLATED_BYTES_MAX, PARTS_MAX, PIECE_BYTES_MAX, SnapshotHead, SnapshotOffer, SnapshotPart, is_name,
};
use sha2::{Digest, Sha256};
use tracing::info;

use super::{FeedError, ZSTD_LEVEL, write_change};
use crate::store::{Reading, Store, StoreError};

/// A file is made anew once so many changes came after it: as many as a lane
/// gets in two pages.
const LAG_CHANGES_MAX: u64 = super::SNAPSHOT_CHANGES_MIN;

/// The most files that are kept; those that nobody asked for longest go first.
const FILES_MAX: usize = 4_096;

/// The most bytes of all files together. One that is larger is kept alone.
const BYTES_MAX: u64 = 8 << 30;

/// A file that was replaced stays so long for lanes that have begun with it.
const REPLACED_KEPT: Duration = Duration::from_secs(6 * 3_600);

/// Rows that are read from the database at one time.
const ROWS_AT_A_TIME: usize = 20_000;

/// After a file could not be made (a full disk), lanes take pages so long.
const REST_AFTER_FAILURE: Duration = Duration::from_secs(600);

/// The files of one server.
#[derive(Debug)]
pub struct Snapshots {
    folder: PathBuf,
    kept: Mutex<Kept>,
    /// One file is made at one time; who wants another one waits.
    making: Mutex<()>,
}

#[derive(Debug, Default)]
struct Kept {
    files: Vec<Made>,
    failed: Option<Instant>,
}

/// A file that was made.
#[derive(Debug, Clone)]
struct Made {
    part: SnapshotPart,
    /// When it was offered last, or read.
    used: Instant,
}

impl Snapshots {
    /// Keeps files in a folder, and forgets what an earlier process left there:
    /// the database may have been put back since.
    pub fn open(folder: &Path) -> io::Result<Self> {
        match fs::remove_dir_all(folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        // Hashes of members' telephone numbers are in them.
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
        Ok(Self { folder: folder.to_owned(), kept: Mutex::default(), making: Mutex::default() })
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn path(&self, sha256: &str) -> PathBuf {
        self.folder.join(sha256)
    }

    /// Whether files can be made, as far as is known.
    pub fn is_able(&self) -> bool {
        self.kept().failed.is_none_or(|failed| failed.elapsed() >= REST_AFTER_FAILURE)
    }

    /// What a lane of a store is to take. Makes what is missing or too far
    /// behind; blocks for as long as that takes.
    pub fn offer(&self, store: &Store, lane_store: &str) -> Result<SnapshotOffer, FeedError> {
        let places = store.read(|reading| reading.scopes_of_store(lane_store))?;
        if places.len() > PARTS_MAX {
            return Err(FeedError::TooLarge { most: PARTS_MAX as u64, of: "files" });
        }
        let mut parts = places.iter().map(|place| self.part(store, place)).collect::<Result<Vec<_>, _>>()?;
        // The lane goes on after the oldest of them, with the changes of all its
        // places. Each is made anew once at most.
        for _ in 0..parts.len() {
            let Some(oldest) = parts.iter_mut().min_by_key(|part| part.version) else { break };
            let after = oldest.version;
            if !store.read(|reading| reading.has_more_changes(&places, after, LAG_CHANGES_MAX))? {
                break;
            }
            *oldest = self.newer(store, oldest)?;
        }
        Ok(SnapshotOffer { parts })
    }

    /// Makes the chain's file where it is missing or too far behind, so that it
    /// is there when a lane asks; only where there is so much that one will.
    pub fn make_ahead(&self, store: &Store) -> Result<(), FeedError> {
        let chain = String::new();
        let is_large = store.read(|reading| {
            reading.has_more_changes(std::slice::from_ref(&chain), 0, super::SNAPSHOT_CHANGES_MIN)
        })?;
        if is_large && self.is_able() {
            self.part(store, &chain)?;
        }
        Ok(())
    }

    /// The file of a place that is not too far behind.
    fn part(&self, store: &Store, place: &str) -> Result<SnapshotPart, FeedError> {
        if let Some(part) = self.fresh(store, place)? {
            return Ok(part);
        }
        let _turn = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(part) = self.fresh(store, place)? {
            return Ok(part);
        }
        self.make_and_keep(store, place)
    }

    /// A newer file of the same place.
    fn newer(&self, store: &Store, than: &SnapshotPart) -> Result<SnapshotPart, FeedError> {
        let _turn = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have wanted it in between.
        match self.fresh(store, &than.place)? {
            Some(part) if part.version > than.version => Ok(part),
            Some(_) | None => self.make_and_keep(store, &than.place),
        }
    }

    fn make_and_keep(&self, store: &Store, place: &str) -> Result<SnapshotPart, FeedError> {
        let made = self.make(store, place);
        self.kept().failed = made.is_err().then(Instant::now);
        let part = made?;
        self.keep(part.clone());
        Ok(part)
    }

    fn fresh(&self, store: &Store, place: &str) -> Result<Option<SnapshotPart>, FeedError> {
        let newest = self.kept().files.iter().rev().find(|made| made.part.place == place).cloned();
        let Some(Made { part, .. }) = newest else { return Ok(None) };
        let serves = store.read(|reading| {
            Ok::<_, StoreError>(
                part.version >= reading.deletions_forgotten()?
                    && part.version <= reading.reference_version()?
                    && !reading.has_more_changes(&[place.to_owned()], part.version, LAG_CHANGES_MAX)?,
            )
        })?;
        if serves {
            self.note_used(&part.sha256);
        }
        Ok(serves.then_some(part))
    }

    fn note_used(&self, sha256: &str) {
        for made in &mut self.kept().files {
            if made.part.sha256 == sha256 {
                made.used = Instant::now();
            }
        }
    }

    /// Keeps a new file, and lets go of those that are too many.
    fn keep(&self, part: SnapshotPart) {
        let mut kept = self.kept();
        // Of the same rows, at another version, comes another first line.
        kept.files.retain(|made| made.part.sha256 != part.sha256);
        let is_over = |made: &Made| made.part.place == part.place && made.used.elapsed() >= REPLACED_KEPT;
        let gone: Vec<Made> = kept.files.extract_if(.., |made| is_over(made)).collect();
        kept.files.push(Made { part, used: Instant::now() });
        let mut gone: Vec<String> = gone.into_iter().map(|made| made.part.sha256).collect();
        let bytes = |kept: &Kept| kept.files.iter().map(|made| made.part.bytes).sum::<u64>();
        while kept.files.len() > 1 && (kept.files.len() > FILES_MAX || bytes(&kept) > BYTES_MAX) {
            // Never the newest, which is the last.
            let others = kept.files[..kept.files.len() - 1].iter().enumerate();
            let Some((oldest, _)) = others.min_by_key(|(_, made)| made.used) else { break };
            gone.push(kept.files.remove(oldest).part.sha256);
        }
        drop(kept);
        for sha256 in gone {
            if let Err(error) = fs::remove_file(self.path(&sha256)) {
                tracing::warn!(%error, "an old snapshot stays until the next start");
            }
        }
    }

    fn make(&self, store: &Store, place: &str) -> Result<SnapshotPart, FeedError> {
        let begun = Instant::now();
        let beside = self.folder.join("being-made");
        let made = store.read(|reading| self.write(reading, place, &beside));
        let part = match made {
            Ok(part) => part,
            Err(error) => {
                // Half a file takes room and is of no use.
                let _ = fs::remove_file(&beside);
                return Err(error);
            }
        };
        fs::rename(&beside, self.path(&part.sha256))?;
        info!(
            place,
            version = part.version,
            changes = part.changes,
            bytes = part.bytes,
            ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
            "a snapshot of the reference is made"
        );
        Ok(part)
    }

    /// Writes all rows of a place as they are in one state of the database.
    fn write(&self, reading: &Reading<'_>, place: &str, path: &Path) -> Result<SnapshotPart, FeedError> {
        let version = reading.reference_version()?;
        let scopes = [place.to_owned()];
        let mut file = Counted { file: BufWriter::new(create(path)?), hash: Sha256::new(), bytes: 0 };
        let mut encoder = zstd::stream::write::Encoder::new(&mut file, ZSTD_LEVEL)?;
        encoder.include_checksum(true)?;
        let mut lines = serde_json::to_vec(&SnapshotHead { place: place.to_owned(), version })?;
        let (mut changes, mut inflated_bytes, mut after, mut more) = (0, 0, 0, true);
        while more {
            let mut failed = None;
            more = reading.changes_after(&scopes, after, false, ROWS_AT_A_TIME, |change| {
                after = change.version;
                changes += 1;
                if let Err(error) = write_change(&mut lines, &change) {
                    failed = Some(error);
                }
                failed.is_none()
            })?;
            if let Some(error) = failed {
                return Err(error);
            }
            inflated_bytes += lines.len() as u64;
            if inflated_bytes > INFLATED_BYTES_MAX {
                return Err(FeedError::TooLarge { most: INFLATED_BYTES_MAX, of: "bytes" });
            }
            encoder.write_all(&lines)?;
            lines.clear();
        }
        encoder.finish()?;
        file.file.flush()?;
        let sha256 = file.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(SnapshotPart {
            place: place.to_owned(),
            version,
            changes,
            bytes: file.bytes,
            inflated_bytes,
            sha256,
        })
    }

    /// A piece of a file, from one of its bytes up to and with another, for a
    /// lane of a store; with the length of the whole. `None` where there is no
    /// such file for it.
    pub fn piece(
        &self,
        store: &Store,
        lane_store: &str,
        sha256: &str,
        (from, to): (u64, u64),
    ) -> Result<Option<Piece>, FeedError> {
        if !is_name(sha256) {
            return Ok(None);
        }
        let found = self.kept().files.iter().find(|made| made.part.sha256 == sha256).cloned();
        let Some(Made { part, .. }) = found else { return Ok(None) };
        let places = store.read(|reading| reading.scopes_of_store(lane_store))?;
        if !places.contains(&part.place) {
            return Ok(None);
        }
        self.note_used(sha256);
        let mut file = match File::open(self.path(sha256)) {
            Ok(file) => file,
            // It was let go of in between.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        read_piece(&mut file, part.bytes, (from, to)).map(Some).map_err(FeedError::from)
    }
}

/// Some bytes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The place of the first.
    pub from: u64,
    /// They; empty where the file ends before them.
    pub bytes: Vec<u8>,
    /// The length of the whole file.
    pub of: u64,
}

/// Reads a piece of a file, at most [`PIECE_BYTES_MAX`].
pub(crate) fn read_piece(file: &mut File, of: u64, (from, to): (u64, u64)) -> io::Result<Piece> {
    let end = to.saturating_add(1).min(from.saturating_add(PIECE_BYTES_MAX)).min(of);
    let mut bytes = Vec::new();
    if from < end {
        file.seek(SeekFrom::Start(from))?;
        file.take(end - from).read_to_end(&mut bytes)?;
    }
    Ok(Piece { from, bytes, of })
}

/// Which bytes a `Range: bytes=A-B` asks for; the last may be left out.
pub(crate) fn parse_range(text: &str) -> Option<(u64, u64)> {
    let (from, to) = text.trim().strip_prefix("bytes=")?.split_once('-')?;
    let from = from.trim().parse().ok()?;
    let to = if to.trim().is_empty() { u64::MAX } else { to.trim().parse().ok()? };
    (from <= to).then_some((from, to))
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A file whose bytes are counted and hashed on their way.
struct Counted {
    file: BufWriter<File>,
    hash: Sha256,
    bytes: u64,
}

impl Write for Counted {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(test)]
#[path = "snapshot/tests.rs"]
mod tests;
