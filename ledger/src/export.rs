//! Writing a journal, or a segment of it, as a file that anybody can check,
//! and reading such files back. The form is [`protocol::export`]'s.

use std::fs::File;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use protocol::chain::ChainHash;
use protocol::event::Event;
use protocol::export::{self, CheckExportError, ExportChecker, LINE_BYTES_MAX, SectionReport};
use protocol::head::{HeadClaim, SignedHead, SigningKey};

use crate::journal::{Identity, JournalReader, ReadJournalError};

/// How many events are read at a time.
const EVENTS_AT_A_TIME: usize = 1_000;

/// Why a file was not written.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// There is one already; it is not written over.
    #[error("write {file}: it exists already; name another file")]
    Exists {
        /// Which.
        file: PathBuf,
    },
    /// The disk is full.
    #[error("write {file}: the disk is full; nothing was kept, the journal is as it was")]
    Full {
        /// Which.
        file: PathBuf,
    },
    /// The file system refused.
    #[error("write {file}")]
    Io {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// An archived file is not what it was.
    #[error(transparent)]
    Check(#[from] CheckFileError),
}

impl ExportError {
    pub(crate) fn of(file: &Path, source: io::Error) -> Self {
        let file = file.to_owned();
        if source.kind() == io::ErrorKind::AlreadyExists {
            Self::Exists { file }
        } else if is_full(&source) {
            Self::Full { file }
        } else {
            Self::Io { file, source }
        }
    }
}

/// Whether the system says that a disk is full.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// Why a file does not pass.
#[derive(Debug, thiserror::Error)]
pub enum CheckFileError {
    /// It cannot be read.
    #[error("read {file}")]
    Io {
        /// Which.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is not as its lane wrote it.
    #[error("read {file}")]
    Content {
        /// Which.
        file: PathBuf,
        /// Why.
        source: CheckExportError,
    },
    /// It is whole, but another than the journal names.
    #[error("read {file}: it is not the segment that the journal names")]
    Other {
        /// Which.
        file: PathBuf,
    },
}

/// Checks a file that [`export()`] or an archive wrote, and hands every event
/// with its bytes to `each`, in order.
pub fn check_file(
    file: &Path,
    mut each: impl FnMut(&Event, &[u8]),
) -> Result<Vec<SectionReport>, CheckFileError> {
    let io = |source| CheckFileError::Io { file: file.to_owned(), source };
    let content = |source| CheckFileError::Content { file: file.to_owned(), source };
    let mut reader = BufReader::new(File::open(file).map_err(io)?);
    let mut checker = ExportChecker::default();
    let mut line = Vec::new();
    loop {
        line.clear();
        // A line that is longer than any of ours is read no further.
        (&mut reader).take(LINE_BYTES_MAX as u64 + 1).read_until(b'\n', &mut line).map_err(io)?;
        if line.is_empty() {
            return checker.finish().map_err(content);
        }
        let whole = line.strip_suffix(b"\n").unwrap_or(&line);
        if let Some((event, bytes)) = checker.take(whole).map_err(content)? {
            each(&event, bytes);
        }
    }
}

/// Exports the whole journal, archived segments included, oldest first. The
/// last head is signed where there is a key. Gives what was found on reading
/// the file again.
pub fn export(
    reader: &mut JournalReader,
    archive: &Path,
    key: Option<&SigningKey>,
    file: &Path,
) -> Result<Vec<SectionReport>, ExportError> {
    let mut writing = SectionFile::create(file)?;
    let kept = (|| {
        let epochs = reader.epochs()?;
        for epoch in &epochs {
            reader.turn_to(*epoch);
            for segment in reader.segments()? {
                let source = archive.join(&segment.file);
                let bytes = std::fs::read(&source)
                    .map_err(|error| CheckFileError::Io { file: source.clone(), source: error })?;
                writing.write(&bytes)?;
            }
            let from = reader.segments()?.last().map_or(0, |segment| segment.last_seq);
            let last = reader.head()?.seq;
            if last > from || from == 0 {
                let key = key.filter(|_| Some(epoch) == epochs.last());
                writing.write_section(reader, from, last, key)?;
            }
        }
        writing.close()
    })();
    let checked = kept.and_then(|()| Ok(check_file(file, |_, _| {})?));
    if checked.is_err() {
        // Half an export is none.
        let _ = std::fs::remove_file(file);
    }
    checked
}

/// A file that sections are written into.
pub(crate) struct SectionFile {
    path: PathBuf,
    out: BufWriter<File>,
}

impl SectionFile {
    pub(crate) fn create(path: &Path) -> Result<Self, ExportError> {
        use std::os::unix::fs::OpenOptionsExt;
        let file = File::options()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)
            .map_err(|error| ExportError::of(path, error))?;
        Ok(Self { path: path.to_owned(), out: BufWriter::new(file) })
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), ExportError> {
        self.out.write_all(bytes).map_err(|error| ExportError::of(&self.path, error))
    }

    /// Writes the events after one number and up to another of the epoch that
    /// the reader is turned to, with every signed head among them.
    pub(crate) fn write_section(
        &mut self,
        reader: &JournalReader,
        after: u64,
        through: u64,
        key: Option<&SigningKey>,
    ) -> Result<ChainHash, ExportError> {
        let Identity { store, lane, epoch } = reader.identity().clone();
        let mut hash = reader.hash_at(after)?;
        self.write(&export::encode_head(&store, lane, epoch, after + 1, &hash))?;
        let mut last = after;
        while last < through {
            let left = usize::try_from(through - last).unwrap_or(usize::MAX).min(EVENTS_AT_A_TIME);
            let entries = reader.entries_after(last, left, usize::MAX)?;
            let Some(end) = entries.last().map(|entry| entry.seq) else {
                return Err(ReadJournalError::NoSuchEvent { seq: last + 1 }.into());
            };
            let mut heads = reader.heads_between(last, end)?.into_iter().peekable();
            for entry in entries {
                self.write(&export::encode_event(&entry.hash, &entry.bytes))?;
                if let Some(signed) = heads.next_if(|signed| signed.seq == entry.seq) {
                    self.write(&export::encode_signed(signed.to_wire(), &signed.key))?;
                }
                hash = entry.hash;
            }
            last = end;
        }
        if let Some(key) = key
            && through > 0
            && reader.signed_at(through)?.is_none_or(|signed| signed.seq < through)
        {
            let claim = HeadClaim { store: &store, lane, epoch, seq: through, hash };
            let signed = SignedHead::new(through, &hash, &key.sign(&claim));
            self.write(&export::encode_signed(signed, &key.public()))?;
        }
        self.write(&export::encode_end(through - after, through, &hash))?;
        Ok(hash)
    }

    /// Brings the file to the disk.
    pub(crate) fn close(mut self) -> Result<(), ExportError> {
        let path = self.path;
        let io = |error| ExportError::of(&path, error);
        self.out.flush().map_err(io)?;
        self.out.get_ref().sync_all().map_err(io)?;
        sync_folder(&path);
        Ok(())
    }
}

/// Brings a file's name to the disk. A stick's file system may not know how;
/// then the name is as safe as the stick makes it.
pub(crate) fn sync_folder(file: &Path) {
    if let Some(folder) = file.parent().and_then(|folder| File::open(folder).ok()) {
        let _ = folder.sync_all();
    }
}
