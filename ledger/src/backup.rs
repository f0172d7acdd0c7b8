//! A second copy of a journal, and how a lane goes on from one.
//!
//! A backup is a folder: the journal, copied by SQLite from one state of it
//! while the lane sells on, and its archived segments. It holds no key. A lane
//! that goes on from a backup does so in a new epoch: numbers that were given
//! away after the backup are never given to others.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

use crate::archive;
use crate::export::{self, CheckFileError};
use crate::file::{OpenFileError, WriterLock};
use crate::journal::{Audit, Head, Identity, Journal, JournalReader, OpenJournalError, ReadJournalError};

/// The journal's name within a backup.
const JOURNAL: &str = "journal.db";

/// The archive's name within a backup.
const ARCHIVE: &str = "archive";

/// What belongs to a journal, by name.
const BELONGING: [&str; 4] = [JOURNAL, "journal.db-wal", "journal.db-shm", ARCHIVE];

/// Why there is no backup, or no journal out of one.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// The disk or stick is not there.
    #[error("back up to {folder}: there is no such folder; is the stick plugged in?")]
    NoFolder {
        /// Which.
        folder: PathBuf,
    },
    /// This very state was backed up there before.
    #[error("back up to {folder}: this state of the journal is there already; nothing to do")]
    Exists {
        /// Which.
        folder: PathBuf,
    },
    /// No room.
    #[error("back up to {folder}: the disk is full; nothing was kept there, the journal is as it was")]
    Full {
        /// Which.
        folder: PathBuf,
    },
    /// There is no journal.
    #[error("open {file}: there is no journal")]
    NoJournal {
        /// Where it should be.
        file: PathBuf,
    },
    /// What was written is not what was read.
    #[error("back up to {folder}: what was written there is not the journal; do not trust this disk")]
    Differs {
        /// Where.
        folder: PathBuf,
    },
    /// The backup is of another lane.
    #[error("restore: the backup is of {found}, this lane is {expected}")]
    OtherLane {
        /// Whose it is.
        found: Identity,
        /// Who the lane is.
        expected: Identity,
    },
    /// The lane was not enrolled anew.
    #[error(
        "restore: the backup goes up to epoch {found}, and the lane is enrolled for epoch {enrolled}. \
         Numbers must not be used twice: make a code with hq enrol, then sync-agent enrol --replace, then restore"
    )]
    SameEpoch {
        /// The backup's last epoch.
        found: u32,
        /// The lane's.
        enrolled: u32,
    },
    /// There is a journal already.
    #[error("restore: {file} exists; add --replace to put it aside (it is kept)")]
    InTheWay {
        /// Which.
        file: PathBuf,
    },
    /// The file system refused.
    #[error("copy {file}")]
    Io {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// SQLite refused.
    #[error("copy {file}")]
    Sqlite {
        /// Which.
        file: PathBuf,
        /// Why.
        source: rusqlite::Error,
    },
    /// The journal cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenJournalError),
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// An archived segment is not what it was.
    #[error(transparent)]
    Segment(#[from] CheckFileError),
}

impl From<OpenFileError> for BackupError {
    fn from(error: OpenFileError) -> Self {
        Self::Open(error.into())
    }
}

/// What was backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The folder.
    pub folder: PathBuf,
    /// What is in its journal, read back from there.
    pub audit: Audit,
    /// How many archived segments lie beside it.
    pub segments: usize,
}

/// Copies a journal into a new folder within `target`, which must exist, while
/// its lane sells on; then reads the copy and checks all of it.
pub fn back_up(journal: &Path, target: &Path) -> Result<Backup, BackupError> {
    if !target.is_dir() {
        return Err(BackupError::NoFolder { folder: target.to_owned() });
    }
    let reader = open(journal)?;
    let before = reader.head()?;
    let Identity { store, lane, epoch } = reader.identity().clone();
    let folder = target.join(format!("guitai-{store}-{lane}-{epoch}-{:09}", before.seq));
    if folder.exists() {
        return Err(BackupError::Exists { folder });
    }
    let begun = folder.with_extension("part");
    let _ = std::fs::remove_dir_all(&begun);
    let made = copy(&reader, journal, &begun, target).and_then(|()| check_copy(&reader, before, &begun));
    let made = made.and_then(|(audit, segments)| {
        std::fs::rename(&begun, &folder)
            .map_err(|source| BackupError::Io { file: folder.clone(), source })?;
        export::sync_folder(&folder);
        Ok(Backup { folder: folder.clone(), audit, segments })
    });
    if made.is_err() {
        // Half a backup is none.
        let _ = std::fs::remove_dir_all(&begun);
    }
    made
}

fn open(journal: &Path) -> Result<JournalReader, BackupError> {
    JournalReader::open(journal)?.ok_or_else(|| BackupError::NoJournal { file: journal.to_owned() })
}

fn copy(reader: &JournalReader, journal: &Path, to: &Path, disk: &Path) -> Result<(), BackupError> {
    let full = || BackupError::Full { folder: disk.to_owned() };
    let refuse = |file: &Path, source: io::Error| {
        if export::is_full(&source) { full() } else { BackupError::Io { file: file.to_owned(), source } }
    };
    std::fs::create_dir(to).map_err(|error| refuse(to, error))?;
    let file = to.join(JOURNAL);
    reader.copy_into(&file).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => full(),
        _ => BackupError::Sqlite { file: file.clone(), source },
    })?;
    keep(&file).map_err(|error| refuse(&file, error))?;
    let archived = archive::folder_beside(journal);
    for name in segment_files(reader)? {
        let target = to.join(ARCHIVE);
        std::fs::create_dir_all(&target).map_err(|error| refuse(&target, error))?;
        let file = target.join(&name);
        std::fs::copy(archived.join(&name), &file).map_err(|error| refuse(&file, error))?;
        keep(&file).map_err(|error| refuse(&file, error))?;
        export::sync_folder(&file);
        export::sync_folder(&target);
    }
    export::sync_folder(&file);
    Ok(())
}

/// Brings a file to the disk, readable by its owner only where the disk knows
/// of owners, and lets the machine forget it: what is read back then comes from the disk.
fn keep(file: &Path) -> io::Result<()> {
    crate::file::keep_private(file);
    let kept = File::options().read(true).write(true).open(file)?;
    kept.sync_all()?;
    // A file system that cannot forget reads its memory back, as before.
    let _ = rustix::fs::fadvise(&kept, 0, None, rustix::fs::Advice::DontNeed);
    Ok(())
}

fn segment_files(reader: &JournalReader) -> Result<Vec<String>, ReadJournalError> {
    let segments = reader.all_segments()?;
    Ok(segments.into_iter().map(|segment| segment.file).collect())
}

/// Reads a copy back: its own checks, and that it is this journal's.
fn check_copy(source: &JournalReader, before: Head, folder: &Path) -> Result<(Audit, usize), BackupError> {
    let (audit, segments) = audit_folder(folder)?;
    let found = audit.head();
    let differs = || BackupError::Differs { folder: folder.to_owned() };
    // The lane may have sold on: the copy is then of a later state.
    if found.seq < before.seq || source.hash_at(found.seq)? != found.hash {
        return Err(differs());
    }
    Ok((audit, segments))
}

fn audit_folder(folder: &Path) -> Result<(Audit, usize), BackupError> {
    let reader = open(&folder.join(JOURNAL))?;
    let audit = reader.audit()?;
    let segments = reader.all_segments()?;
    for segment in &segments {
        archive::check(&folder.join(ARCHIVE), reader.identity(), segment)?;
    }
    Ok((audit, segments.len()))
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restored {
    /// What the backup held.
    pub audit: Audit,
    /// Where the new epoch stands.
    pub head: Head,
    /// Where the journal lies that was in the way.
    pub put_aside: Option<PathBuf>,
}

/// Puts a backup in a lane's place and begins the epoch that the lane was
/// enrolled for. The lane must not run. With `replace` a journal that is there
/// is put aside, never deleted.
pub fn restore(
    backup: &Path,
    journal: &Path,
    identity: &Identity,
    replace: bool,
) -> Result<Restored, BackupError> {
    let (audit, _) = audit_folder(backup)?;
    let found = open(&backup.join(JOURNAL))?.identity().clone();
    if (&found.store, found.lane) != (&identity.store, identity.lane) {
        return Err(BackupError::OtherLane { found, expected: identity.clone() });
    }
    // Also what is in the way may have given numbers of this epoch away.
    let there = JournalReader::open(journal).ok().flatten().map_or(0, |reader| reader.identity().epoch);
    let newest = found.epoch.max(there);
    if newest >= identity.epoch {
        return Err(BackupError::SameEpoch { found: newest, enrolled: identity.epoch });
    }
    let lock = WriterLock::take(journal)?;
    // A log without its journal is in the way too: SQLite would take it for the restored one's.
    let in_the_way = BELONGING.iter().map(|name| journal.with_file_name(name)).find(|file| file.exists());
    let put_aside = match (in_the_way, replace) {
        (None, _) => None,
        (Some(file), false) => return Err(BackupError::InTheWay { file }),
        (Some(_), true) => Some(put_aside(journal)?),
    };
    let io = |file: &Path| {
        let file = file.to_owned();
        move |source| BackupError::Io { file, source }
    };
    let archive = archive::folder_beside(journal);
    for segment in open(&backup.join(JOURNAL))?.all_segments()? {
        std::fs::create_dir_all(&archive).map_err(io(&archive))?;
        let file = archive.join(&segment.file);
        std::fs::copy(backup.join(ARCHIVE).join(&segment.file), &file).map_err(io(&file))?;
        keep(&file).map_err(io(&file))?;
        export::sync_folder(&file);
    }
    export::sync_folder(&archive);
    let begun = journal.with_extension("part");
    std::fs::copy(backup.join(JOURNAL), &begun).map_err(io(&begun))?;
    keep(&begun).map_err(io(&begun))?;
    std::fs::rename(&begun, journal).map_err(io(journal))?;
    export::sync_folder(journal);
    drop(lock);
    let head = Journal::open(journal, identity)?.head();
    open(journal)?.audit()?;
    Ok(Restored { audit, head, put_aside })
}

/// Moves a journal with all that belongs to it into a folder of its own.
fn put_aside(journal: &Path) -> Result<PathBuf, BackupError> {
    let folder = (1..)
        .map(|number| journal.with_file_name(format!("replaced-{number}")))
        .find(|folder| !folder.exists())
        .unwrap_or_default();
    let io = |file: &Path| {
        let file = file.to_owned();
        move |source| BackupError::Io { file, source }
    };
    std::fs::create_dir(&folder).map_err(io(&folder))?;
    for name in BELONGING {
        let from = journal.with_file_name(name);
        if from.exists() {
            std::fs::rename(&from, folder.join(name)).map_err(io(&from))?;
        }
    }
    export::sync_folder(&folder.join(JOURNAL));
    export::sync_folder(journal);
    Ok(folder)
}
