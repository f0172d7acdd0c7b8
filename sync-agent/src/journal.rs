//! The lane's journal, as the agent reads it: whether it changed, how far it
//! goes, and its events as a batch.

use std::io::Write;
use std::path::{Path, PathBuf};

use ledger::journal::{Entry, Identity, JournalReader, OpenJournalError, ReadJournalError};
use protocol::chain::ChainHash;
use protocol::push::{
    BATCH_EVENTS_MAX, BatchContext, CONTEXT_BYTES_MAX, CONTEXT_EVENTS_MAX, UNSIGNED_TAIL_MAX,
    encode_bare_batch, encode_batch, put_context,
};

use crate::core::{Agreement, JournalSeen};

/// Bytes of events in one batch: below [`protocol::push::BATCH_BYTES_MAX`] by
/// more than the hashes of its events and the longest event.
const BATCH_EVENT_BYTES: usize = 4 << 20;

/// A balance of speed and size on a till's processor.
const ZSTD_LEVEL: i32 = 8;

/// So many events are a backlog: its batches are worth that HQ reads as much again. A sale that is sent at once needs
/// only what the last few looked like.
const BACKLOG_EVENTS: usize = 200;

/// The events that a batch of fewer is compressed with.
const SHORT_CONTEXT_EVENTS: u64 = 64;

/// A batch of a lane's journal, ready to be sent.
#[derive(Debug)]
pub struct Batch {
    /// The epoch of its events.
    pub epoch: u32,
    /// They follow this number.
    pub after: u64,
    /// The number of the last of them.
    pub through: u64,
    /// Whether it is as long as a batch may be: what follows it is a batch of its own.
    pub is_full: bool,
    /// Whether it is without the hashes of its events.
    pub bare: bool,
    /// Whether it may be compressed with events before it.
    pub context: bool,
    /// What is sent.
    pub body: Vec<u8>,
}

/// Why the journal cannot be pushed.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// It cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenJournalError),
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// It is not this lane's.
    #[error("push the journal: it is that of {found}, this lane is {expected}")]
    OtherLane {
        /// Whose it is.
        found: Identity,
        /// Who the lane is.
        expected: Identity,
    },
    /// It is no longer the one that the core decided about.
    #[error("push the journal: it was replaced meanwhile")]
    Replaced,
    /// The batch could not be compressed.
    #[error("compress a batch")]
    Compress(#[from] std::io::Error),
}

/// The journal behind its path, which may not exist yet and may become
/// another file.
#[derive(Debug)]
pub struct LaneJournal {
    path: PathBuf,
    lane: Identity,
    open: Option<Open>,
    /// The batch that follows the one on its way. It is of the file that is open.
    next: Option<Batch>,
}

#[derive(Debug)]
struct Open {
    reader: JournalReader,
    file: Option<FileId>,
    data_version: i64,
}

/// Which file stands behind a path.
type FileId = (u64, u64);

#[cfg(unix)]
fn file_id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> Option<FileId> {
    std::fs::metadata(path).ok().map(|_| (0, 0))
}

impl LaneJournal {
    /// Names the journal of a lane.
    pub fn new(path: PathBuf, lane: Identity) -> Self {
        Self { path, lane, open: None, next: None }
    }

    /// A journal that somebody else has opened, and that stays where it is:
    /// no file of this machine stands behind it.
    pub fn opened(reader: JournalReader, lane: Identity) -> Result<Self, JournalError> {
        check_lane(&reader, &lane)?;
        let data_version = reader.data_version().map_err(ReadJournalError::from)?;
        let open = Some(Open { reader, file: None, data_version });
        Ok(Self { path: PathBuf::new(), lane, open, next: None })
    }

    /// Whether something may have changed since this was asked last.
    pub fn has_changed(&mut self) -> bool {
        let file = file_id(&self.path);
        match &mut self.open {
            None => file.is_some(),
            Some(open) if open.file != file => {
                (self.open, self.next) = (None, None);
                true
            }
            Some(open) => match open.reader.data_version() {
                Ok(version) => std::mem::replace(&mut open.data_version, version) != version,
                // The next look says what is wrong.
                Err(_) => true,
            },
        }
    }

    /// Looks how far an epoch of the journal goes: the oldest that is not
    /// before `epoch_from`, or the last. `None` while the lane has not begun one.
    pub fn look(&mut self, epoch_from: u32) -> Result<Option<JournalSeen>, JournalError> {
        let Some(reader) = self.reader()? else { return Ok(None) };
        let epochs = reader.epochs()?;
        let last_epoch = epochs.last().copied().unwrap_or(reader.identity().epoch);
        let epoch = epochs.into_iter().find(|epoch| *epoch >= epoch_from).unwrap_or(last_epoch);
        reader.turn_to(epoch);
        let signed = reader.signed_at(u64::MAX)?.map_or(0, |row| row.seq);
        Ok(Some(JournalSeen { epoch, last: reader.head()?.seq, signed, is_closed: epoch < last_epoch }))
    }

    /// Compares HQ's chain hash at a number with the journal's own.
    pub fn compare(&mut self, epoch: u32, seq: u64, head: &ChainHash) -> Result<Agreement, JournalError> {
        let reader = self.reader_of(epoch)?;
        let last = reader.head()?.seq;
        if seq > last {
            return Ok(Agreement::JournalEnds { last });
        }
        Ok(if reader.hash_at(seq)? == *head { Agreement::Same } else { Agreement::Differs })
    }

    /// Makes the compressed batch of the events after a number; without their
    /// hashes where HQ takes it `bare`, and compressed with events that HQ has where it takes a `context`.
    pub fn batch(
        &mut self,
        epoch: u32,
        after: u64,
        bare: bool,
        context: bool,
    ) -> Result<Batch, JournalError> {
        let reader = self.reader_of(epoch)?;
        let previous = reader.hash_at(after)?;
        let mut entries = reader.entries_after(after, BATCH_EVENTS_MAX, BATCH_EVENT_BYTES)?;
        let is_whole = entries.len() == BATCH_EVENTS_MAX;
        let is_cut = shorten_to_signature(reader, after, &mut entries)?;
        let through = entries.last().map_or(after, |entry| entry.seq);
        let batch = |body| Batch { epoch, after, through, is_full: is_whole || is_cut, bare, context, body };
        let signed = reader.signed_at(through)?.map(|row| row.to_wire());
        let body = if bare {
            let last = entries.last().map_or(previous, |entry| entry.hash);
            let events = entries.iter().map(|entry| entry.bytes.as_slice());
            encode_bare_batch(epoch, after + 1, &previous, signed, &last, events)
        } else {
            let events = entries.iter().map(|entry| (&entry.hash, entry.bytes.as_slice()));
            encode_batch(epoch, after + 1, &previous, signed, events)
        };
        let wanted = if entries.len() >= BACKLOG_EVENTS { CONTEXT_EVENTS_MAX } else { SHORT_CONTEXT_EVENTS };
        let known = if context { known_before(reader, after, wanted)? } else { Vec::new() };
        let Some(first) = known.first() else {
            return Ok(batch(zstd::encode_all(body.as_slice(), ZSTD_LEVEL)?));
        };
        let said = BatchContext { epoch, first_seq: first.seq, last_seq: after, hash: previous.to_string() };
        let lines: Vec<&[u8]> = known.iter().map(|entry| entry.bytes.as_slice()).collect();
        let dictionary = lines.join(&b'\n');
        let mut encoder = zstd::stream::write::Encoder::with_dictionary(Vec::new(), ZSTD_LEVEL, &dictionary)?;
        encoder.write_all(&body)?;
        Ok(batch(put_context(&said, &encoder.finish()?)))
    }

    /// The same, where it was made beforehand.
    pub fn batch_or_next(
        &mut self,
        epoch: u32,
        after: u64,
        bare: bool,
        context: bool,
    ) -> Result<Batch, JournalError> {
        // Where another file stands behind the path by now, none is left.
        self.reader()?;
        let asked = (epoch, after, bare, context);
        let next = self.next.take();
        match next.filter(|next| (next.epoch, next.after, next.bare, next.context) == asked) {
            Some(next) => Ok(next),
            None => self.batch(epoch, after, bare, context),
        }
    }

    /// Makes the batch that follows another beforehand: reading and compressing a backlog takes as long as filing it, and
    /// HQ files meanwhile. Only whole ones: nothing that comes later belongs into them, and the signature of what comes
    /// after goes with the last.
    pub fn prepare(&mut self, (epoch, after): (u32, u64), bare: bool, context: bool) {
        // Whoever asks for it is told what is wrong.
        self.next = self.batch(epoch, after, bare, context).ok().filter(|batch| batch.is_full);
    }

    fn reader_of(&mut self, epoch: u32) -> Result<&JournalReader, JournalError> {
        let reader = self.reader()?.ok_or(JournalError::Replaced)?;
        if !reader.epochs()?.contains(&epoch) {
            return Err(JournalError::Replaced);
        }
        reader.turn_to(epoch);
        Ok(reader)
    }

    fn reader(&mut self) -> Result<Option<&mut JournalReader>, JournalError> {
        let file = file_id(&self.path);
        if self.open.as_ref().is_some_and(|open| open.file != file) {
            (self.open, self.next) = (None, None);
        }
        if self.open.is_none() {
            let Some(reader) = JournalReader::open(&self.path)? else { return Ok(None) };
            check_lane(&reader, &self.lane)?;
            let data_version = reader.data_version().map_err(ReadJournalError::from)?;
            self.open = Some(Open { reader, file, data_version });
        }
        Ok(self.open.as_mut().map(|open| &mut open.reader))
    }
}

/// Whether a journal is a lane's. HQ takes what an earlier epoch of it still
/// has to send.
fn check_lane(reader: &JournalReader, lane: &Identity) -> Result<(), JournalError> {
    let found = reader.identity();
    let is_ours = (&found.store, found.lane) == (&lane.store, lane.lane);
    if !is_ours || found.epoch > lane.epoch {
        return Err(JournalError::OtherLane { found: found.clone(), expected: lane.clone() });
    }
    Ok(())
}

/// Lets a batch end where the lane signed, where what lies between that and its end would be more than HQ files without a
/// signature: a till of before signed after a long stretch only at its end, which a batch may cut. Says whether it did.
fn shorten_to_signature(
    reader: &JournalReader,
    after: u64,
    entries: &mut Vec<Entry>,
) -> Result<bool, ReadJournalError> {
    let Some(last) = entries.last() else { return Ok(false) };
    let signed = reader.signed_at(last.seq)?.map_or(0, |row| row.seq);
    let Some(end) = end_at_signature(after, last.seq, signed) else { return Ok(false) };
    entries.retain(|entry| entry.seq <= end);
    Ok(true)
}

/// Where a batch ends instead that begins after a number and would end at another, with the newest signature in it at a
/// third.
fn end_at_signature(after: u64, last: u64, signed: u64) -> Option<u64> {
    (signed > after && last.saturating_sub(signed) > UNSIGNED_TAIL_MAX).then_some(signed)
}

/// The events up to a number, as many as are wanted where they are not too large together; none where they do not lie
/// in one piece.
fn known_before(reader: &JournalReader, through: u64, wanted: u64) -> Result<Vec<Entry>, ReadJournalError> {
    for wanted in [wanted, wanted / 8] {
        let count = through.min(wanted);
        let entries = reader.entries_after(
            through - count,
            usize::try_from(count).unwrap_or(usize::MAX),
            CONTEXT_BYTES_MAX,
        )?;
        let bytes: usize = entries.iter().map(|entry| entry.bytes.len() + 1).sum();
        if entries.last().is_some_and(|entry| entry.seq == through) && bytes <= CONTEXT_BYTES_MAX {
            return Ok(entries);
        }
    }
    Ok(Vec::new())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use domain::record::{Record, Staff};
    use ledger::journal::{Journal, Stamp};
    use protocol::head::SigningKey;
    use protocol::push::decode_batch;

    use super::*;

    /// A journal of a till that signed as `keys` says: so many events, with its hand or without.
    fn written(folder: &Path, keys: &[(usize, bool)]) -> LaneJournal {
        let path = folder.join("journal.db");
        let identity = Identity { store: "S1".into(), lane: 1, epoch: 1 };
        let (_, secret) = SigningKey::draw().expect("a key");
        for (events, has_key) in keys {
            let key = path.with_extension("key");
            if *has_key {
                fs::write(&key, &secret).expect("written");
            } else {
                fs::remove_file(&key).expect("removed");
            }
            let mut journal = Journal::open(&path, &identity).expect("a journal");
            let stamp = Stamp {
                at_ms: 1_772_416_800_000,
                offset_minutes: 480,
                business_date: chrono::NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day"),
                shift: 1,
            };
            let staff = Staff { id: "u1".into(), number: "01".into(), name: "李明".into() };
            let records: Vec<_> =
                (0..*events).map(|_| (stamp, Record::SignedIn { staff: staff.clone() })).collect();
            journal.append(&records).expect("appended");
            journal.tidy().expect("tidied");
        }
        LaneJournal::new(path, identity)
    }

    /// After which number a batch goes on, up to which it goes, what is signed, and whether another follows at once.
    fn batch(journal: &mut LaneJournal, after: u64) -> (u64, Option<u64>, bool) {
        let batch = journal.batch(1, after, true, false).expect("a batch");
        let body = zstd::decode_all(batch.body.as_slice()).expect("zstd");
        let decoded = decode_batch(&body).expect("a batch");
        assert_eq!(decoded.events.len() as u64, batch.through - after);
        (batch.through, decoded.head.signed.map(|signed| signed.seq), batch.is_full)
    }

    #[test]
    fn a_batch_that_ends_in_the_midst_carries_the_newest_signature_that_it_can() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = written(folder.path(), &[(2_050, true)]);
        assert_eq!(batch(&mut journal, 0), (2_000, Some(1_984), true));
        assert_eq!(batch(&mut journal, 2_000), (2_050, Some(2_050), false));
    }

    #[test]
    fn a_batch_leaves_no_more_behind_a_signature_than_hq_files() {
        let folder = tempfile::tempdir().expect("a folder");
        // The hand was away for a while; once it is back it signs what it owes, so that each batch has a signature.
        let mut journal = written(folder.path(), &[(1_700, true), (400, false), (10, true)]);
        assert_eq!(batch(&mut journal, 0), (2_000, Some(1_956), true));
        assert_eq!(batch(&mut journal, 2_000), (2_110, Some(2_110), false));
        // Where nothing is signed there is nothing to wait for.
        let folder = tempfile::tempdir().expect("a folder");
        let mut journal = written(folder.path(), &[(0, true), (2_100, false)]);
        assert_eq!(batch(&mut journal, 0), (2_000, None, true));
        // A till of before signed a long stretch at its end only, where a batch may cut it.
        assert_eq!(end_at_signature(0, 2_000, 1_700), Some(1_700));
        assert_eq!(end_at_signature(1_700, 2_110, 2_110), None);
        assert_eq!(end_at_signature(0, 10 + UNSIGNED_TAIL_MAX, 10), None);
        assert_eq!(end_at_signature(0, 11 + UNSIGNED_TAIL_MAX, 10), Some(10));
        assert_eq!(end_at_signature(10, 2_010, 10), None, "it was sent before");
    }
}
