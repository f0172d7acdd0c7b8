//! Moving old events out of the journal into files that can be checked.
//!
//! A segment leaves only when HQ has it, when it is old enough, and when no
//! start and no shift needs it; its head stays in the journal, so the chain
//! goes on. The file is on the disk and checked before a row goes.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use crate::export::{self, CheckFileError, ExportError, SectionFile};
use crate::file::OpenFileError;
use crate::journal::{Entry, Identity, Journal, JournalReader, OpenJournalError, ReadJournalError, Segment};

/// The fewest events that are worth a file.
pub const SEGMENT_EVENTS_MIN: u64 = 1_000;

/// The most events in one file.
pub const SEGMENT_EVENTS_MAX: u64 = 200_000;

/// Nothing younger is archived: goods come back for so many days, and their
/// sales are looked up in the journal.
pub const KEEP_DAYS_MIN: u32 = 35;

/// What may leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ArchiveRules {
    /// The epoch that HQ's position is of.
    pub epoch: u32,
    /// The last number that HQ has filed.
    pub acknowledged: u64,
    /// Only what belongs to a business date before this one.
    pub before: NaiveDate,
    /// The fewest events of a segment; [`SEGMENT_EVENTS_MIN`] outside of tests.
    pub events_min: u64,
}

/// Why nothing was archived, or not all.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The journal cannot be opened; a till that runs has it.
    #[error(transparent)]
    Open(#[from] OpenJournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// The file was not written.
    #[error(transparent)]
    Write(#[from] ExportError),
    /// The file that was written is not what was to be written.
    #[error(transparent)]
    Check(#[from] CheckFileError),
    /// The journal could not be shortened; the file is kept and used at the next try.
    #[error("shorten the journal")]
    Sqlite(#[from] rusqlite::Error),
    /// The folder cannot be made.
    #[error("make {folder}")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}

impl From<OpenFileError> for ArchiveError {
    fn from(error: OpenFileError) -> Self {
        Self::Open(error.into())
    }
}

/// The folder of a journal's archived segments.
pub fn folder_beside(journal: &Path) -> PathBuf {
    journal.with_file_name("archive")
}

/// Archives what may leave, in files of at most [`SEGMENT_EVENTS_MAX`] events.
/// The lane must not run: its journal is opened as its writer.
pub fn archive(path: &Path, identity: &Identity, rules: ArchiveRules) -> Result<Vec<Segment>, ArchiveError> {
    let folder = folder_beside(path);
    let mut journal = Journal::open(path, identity)?;
    let Some(mut reader) = JournalReader::open(path)? else { return Ok(Vec::new()) };
    reader.quick_check()?;
    reader.turn_to(rules.epoch);
    let mut segments = Vec::new();
    let through = last_to_leave(&reader, rules)?;
    loop {
        let after = reader.segments()?.last().map_or(0, |segment| segment.last_seq);
        let end = through.min(after + SEGMENT_EVENTS_MAX);
        if end.saturating_sub(after) < rules.events_min.max(1) {
            break;
        }
        std::fs::create_dir_all(&folder)
            .map_err(|source| ArchiveError::Folder { folder: folder.clone(), source })?;
        // Its name too must be on the disk before an event goes.
        export::sync_folder(&folder);
        let segment = write(&reader, &folder, after, end)?;
        journal.forget_archived(&segment)?;
        segments.push(segment);
    }
    if !segments.is_empty() {
        journal.shrink()?;
    }
    Ok(segments)
}

/// The last number that may leave; 0 where none may.
fn last_to_leave(reader: &JournalReader, rules: ArchiveRules) -> Result<u64, ReadJournalError> {
    let (state_epoch, state_seq) = reader.start_of_state()?;
    let needed = match state_epoch.cmp(&rules.epoch) {
        std::cmp::Ordering::Less => 1,
        std::cmp::Ordering::Equal => state_seq.max(1),
        std::cmp::Ordering::Greater => u64::MAX,
    };
    let may = rules.acknowledged.min(needed - 1).min(reader.head()?.seq);
    // Business dates do not go back, but nothing here relies on it: the first
    // event that is too young ends the segment.
    let mut last = reader.segments()?.last().map_or(0, |segment| segment.last_seq);
    while last < may {
        let entries = reader.entries_after(last, 1_000, usize::MAX)?;
        if entries.is_empty() {
            break;
        }
        for entry in entries {
            let stored = reader.stored(&entry)?;
            if entry.seq > may || stored.stamp.business_date >= rules.before {
                return Ok(last);
            }
            last = entry.seq;
        }
    }
    Ok(last)
}

/// Writes a segment and checks it; a file of the same name from a try that was
/// cut off is written anew.
fn write(reader: &JournalReader, folder: &Path, after: u64, end: u64) -> Result<Segment, ArchiveError> {
    let Identity { store, lane, epoch } = reader.identity();
    let name = format!("{store}-{lane}-{epoch}-{:09}-{end:09}.jsonl", after + 1);
    let file = folder.join(&name);
    let begun = file.with_extension("part");
    let _ = std::fs::remove_file(&begun);
    let mut section = SectionFile::create(&begun)?;
    let written = section.write_section(reader, after, end, None).and_then(|hash| {
        section.close()?;
        Ok(hash)
    });
    let hash = written.inspect_err(|_| {
        let _ = std::fs::remove_file(&begun);
    })?;
    std::fs::rename(&begun, &file).map_err(|error| ExportError::of(&file, error))?;
    export::sync_folder(&file);
    let segment = Segment {
        epoch: *epoch,
        first_seq: after + 1,
        last_seq: end,
        previous: reader.hash_at(after)?,
        hash,
        file: name,
    };
    check(folder, reader.identity(), &segment)?;
    Ok(segment)
}

/// Whether a segment's file is what the journal says; how many signatures'
/// keys and documents are in it says the report.
pub fn check(
    folder: &Path,
    identity: &Identity,
    segment: &Segment,
) -> Result<protocol::export::SectionReport, CheckFileError> {
    check_each(folder, identity, segment, |_| {})
}

/// The same, and hands every event of it to `each`, in order.
pub(crate) fn check_each(
    folder: &Path,
    identity: &Identity,
    segment: &Segment,
    mut each: impl FnMut(Entry),
) -> Result<protocol::export::SectionReport, CheckFileError> {
    let file = folder.join(&segment.file);
    let mut hash = segment.previous;
    let sections = export::check_file(&file, |event, bytes| {
        hash = hash.extend(bytes);
        each(Entry { seq: event.seq, hash, bytes: bytes.to_vec() });
    })?;
    let [section] = <[_; 1]>::try_from(sections).map_err(|_| CheckFileError::Other { file: file.clone() })?;
    let head = &section.head;
    let is_it = (&head.store, head.lane, head.epoch) == (&identity.store, identity.lane, segment.epoch)
        && (head.first_seq, section.last_seq, section.hash)
            == (segment.first_seq, segment.last_seq, segment.hash)
        && head.previous == segment.previous.to_string();
    if is_it { Ok(section) } else { Err(CheckFileError::Other { file }) }
}
