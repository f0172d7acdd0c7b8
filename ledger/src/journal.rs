//! `journal.db`: append-only, irreplaceable, written by the lane alone.
//!
//! The journal is the outbox: what HQ has not acknowledged is "events after
//! the acknowledged position", and nothing here remembers what was sent.

mod audit;
mod kind;
mod past;
mod reading;

use std::cell::Cell;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use domain::record::Record;
use protocol::board::{BoardAct, SignedAct};
use protocol::chain::ChainHash;
use protocol::event::{self, DecodeEventError, EVENT_VERSION, Event, Fact};
use protocol::head::{HeadClaim, PublicKey, SigningKey};
use protocol::record::UnderstandEventError;
use protocol::scan_go::{ExitCode, MakeCodeError};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension, params};

pub use audit::{Audit, EpochAudit, KeySeen};
use kind::{is_signed_at_once, kind_of};
pub use past::{DAY_EVENTS_MAX, Past, SOUGHT_DOCUMENTS_MAX, Sought};
pub use reading::{JournalReader, Segment, SignedRow};
use reading::{begin, check_tail, understand};

use crate::export::{self, CheckFileError};
use crate::file::{self, Kind, OpenFileError, Trial, WriterLock};
use crate::reserve::Reserve;

const KIND: Kind = Kind {
    name: "Guitai journal",
    application_id: i32::from_be_bytes(*b"GTjn"),
    version: 3,
    schema: include_str!("../schemas/journal-3.sql"),
    upgrades: &[include_str!("../schemas/journal-1-to-2.sql"), include_str!("../schemas/journal-2-to-3.sql")],
};

/// How many of the last events have their chain checked before a journal is used.
pub const TAIL_CHECKED: u64 = 200;

/// At the latest after so many events the chain's head is signed; opened and
/// closed shifts and new epochs are signed at once, a sale with what is written
/// next (its paper, the next basket) or in a quiet moment. A signature takes
/// some 20 us and two pages: neither a sale nor a line in a basket waits for it.
pub const UNSIGNED_EVENTS_MAX: u64 = 64;

/// So often is signed in one go what a lane owes whose key was away.
const SIGNED_AT_ONCE_MAX: usize = 1_000;

/// After so many events the log wants to be moved into the journal, in a moment
/// when no customer waits: some 1.5 MB of it.
pub const REST_EVENTS: u64 = 100;

/// At this length, in pages of 4 KiB, SQLite moves the log in the midst of a
/// commit, which a lane never comes to that finds a moment to rest.
const LOG_PAGES_MAX: i64 = 2_000;

/// Whose journal it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The store's code.
    pub store: String,
    /// The lane's number within the store.
    pub lane: u32,
    /// Counts the lives of the lane's journal.
    pub epoch: u32,
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "store {} lane {} epoch {}", self.store, self.lane, self.epoch)
    }
}

/// When and in which books something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds UTC by the lane's clock.
    pub at_ms: i64,
    /// The lane's offset from UTC in minutes.
    pub offset_minutes: i32,
    /// The day of the books.
    pub business_date: NaiveDate,
    /// The lane's shift; 0 before the first.
    pub shift: u32,
}

/// One event as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
    /// Its bytes, made once.
    pub bytes: Vec<u8>,
}

/// Where a chain stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The last number; 0 before the first.
    pub seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
}

/// Why a journal is not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenJournalError {
    /// The file is refused.
    #[error(transparent)]
    File(#[from] OpenFileError),
    /// It belongs to another lane.
    #[error(
        "open {file}: it is the journal of {found}, this lane is {expected}; move it away and call for help"
    )]
    OtherLane {
        /// Which file.
        file: PathBuf,
        /// Whose it is.
        found: Identity,
        /// Who the lane is.
        expected: Identity,
    },
    /// Its next epoch could not be begun.
    #[error("open {file}: begin epoch")]
    Begin {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: AppendError,
    },
    /// Its content cannot be trusted.
    #[error("open {file}")]
    Content {
        /// Which file.
        file: PathBuf,
        /// Why.
        source: ReadJournalError,
    },
}

/// Why a journal could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadJournalError {
    /// SQLite's answer.
    #[error("read the journal")]
    Sqlite(#[from] rusqlite::Error),
    /// An event does not follow the one before.
    #[error("read the journal: the chain breaks at event {seq}; the file was changed or damaged")]
    ChainBroken {
        /// At which event.
        seq: u64,
    },
    /// An event is stored as another than it says it is.
    #[error("read the journal: event {seq} says that it is another; the file was changed or damaged")]
    Misfiled {
        /// Under which number.
        seq: u64,
    },
    /// An event's bytes are not an event.
    #[error("read the journal: event {seq}")]
    Decode {
        /// Which.
        seq: u64,
        /// Why.
        source: DecodeEventError,
    },
    /// An event means nothing to this program.
    #[error("read the journal")]
    Understand(#[from] UnderstandEventError),
    /// There is no such event.
    #[error("read the journal: there is no event {seq}")]
    NoSuchEvent {
        /// Which.
        seq: u64,
    },
    /// An epoch does not say which one it follows, or follows another.
    #[error(
        "read the journal: epoch {epoch} does not follow the one before; the file was changed or damaged"
    )]
    EpochBroken {
        /// Which.
        epoch: u32,
    },
    /// A signed head is not in the hand of the key beside it, or of another chain.
    #[error(
        "read the journal: the signature over event {seq} of epoch {epoch} is wrong; the file was changed or damaged"
    )]
    WrongSignature {
        /// Of which epoch.
        epoch: u32,
        /// Over which event.
        seq: u64,
    },
    /// An archived segment cannot be read, and something of it is asked for.
    #[error("read the journal: an archived file")]
    Archived(#[source] Box<CheckFileError>),
    /// The archived segments do not chain.
    #[error(
        "read the journal: the archived segments of epoch {epoch} do not chain; the file was changed or damaged"
    )]
    SegmentBroken {
        /// Of which epoch.
        epoch: u32,
    },
}

/// Why records were not appended. None of them was.
#[derive(Debug, thiserror::Error)]
pub enum AppendError {
    /// The disk is full, and the reserve is spent.
    #[error("append to the journal: the disk is full")]
    DiskFull,
    /// An event is longer than HQ would accept.
    #[error("append to the journal: an event of {bytes} bytes is too long")]
    TooLong {
        /// How long it would be.
        bytes: usize,
    },
    /// SQLite's answer.
    #[error("append to the journal")]
    Sqlite(#[source] rusqlite::Error),
    /// The disk failed before, and nothing is written since.
    #[error(
        "append to the journal: the disk failed; what was acknowledged is safe, the last step may be on the disk or not: start the till again and look at what it finds"
    )]
    InDoubt,
}

/// A record together with what its event says around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The event's number.
    pub seq: u64,
    /// When, and in which books.
    pub stamp: Stamp,
    /// What happened.
    pub record: Record,
}

/// The hand that a journal is signed in.
#[derive(Debug)]
pub enum Hand {
    /// The lane has a key.
    Key(SigningKey),
    /// It was enrolled without one; the journal stays unsigned.
    None,
    /// There is a file and no key in it; the journal stays unsigned.
    Unreadable {
        /// Why.
        reason: String,
    },
}

impl Hand {
    /// Reads the key that lies beside a journal. A lane sells without one.
    pub fn beside(journal: &Path) -> Self {
        let path = journal.with_extension("key");
        file::keep_private(&path);
        match std::fs::read_to_string(&path) {
            Ok(secret) => match Self::of(&secret) {
                Self::Unreadable { reason } => {
                    Self::Unreadable { reason: format!("{}: {reason}", path.display()) }
                }
                read => read,
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Self::None,
            Err(error) => Self::Unreadable { reason: format!("{}: {error}", path.display()) },
        }
    }

    /// The hand that a secret makes.
    fn of(secret: &str) -> Self {
        match SigningKey::parse(secret) {
            Ok(key) => Self::Key(key),
            Err(error) => Self::Unreadable { reason: error.to_string() },
        }
    }

    /// The key that others check with.
    pub fn public(&self) -> Option<PublicKey> {
        self.key().map(SigningKey::public)
    }

    /// Signs the right to leave with what a sale of this lane paid for; `None` where the lane has no key.
    ///
    /// # Errors
    /// Something in it is out of range.
    pub fn seal_exit(&self, exit: &ExitCode) -> Option<Result<String, MakeCodeError>> {
        self.key().map(|key| exit.seal(key))
    }

    /// Signs what somebody says to a kiosk at this lane; `None` where the lane has no key.
    pub fn sign_act(&self, act: &BoardAct) -> Option<SignedAct> {
        self.key().map(|key| SignedAct::sign(act, key))
    }

    fn key(&self) -> Option<&SigningKey> {
        match self {
            Self::Key(key) => Some(key),
            Self::None | Self::Unreadable { .. } => None,
        }
    }
}

/// The journal of one lane, opened by its one writer.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    identity: Identity,
    head: Head,
    hand: Hand,
    /// The last number that is signed.
    signed: Cell<u64>,
    /// A sale is among what is not signed.
    owes_signature: Cell<bool>,
    /// Where the chain stood when the log was moved last.
    rested: Cell<u64>,
    /// The disk has failed: nothing is written any more.
    in_doubt: Cell<bool>,
    reserve: Reserve,
    _lock: Option<WriterLock>,
}

/// What lies around a journal's file.
struct Surroundings {
    tail_checked: u64,
    hand: Hand,
    reserve: Reserve,
    lock: Option<WriterLock>,
}

impl Journal {
    /// Opens or begins the journal of a lane. Where the lane was enrolled for
    /// a later epoch, numbers begin again in the same file, and what was open
    /// goes on.
    ///
    /// Refuses a file that another process writes, that is not a journal, is
    /// newer, damaged, of another lane, or whose last events do not chain.
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, OpenJournalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| OpenFileError::Io { file: path.to_owned(), source })?;
        }
        let lock = Some(WriterLock::take(path)?);
        file::renew_log(path).map_err(|source| OpenFileError::Io { file: path.to_owned(), source })?;
        let connection = file::open_writer(path, &KIND)?;
        let (hand, reserve) = (Hand::beside(path), Reserve::beside(path));
        let around = Surroundings { tail_checked: TAIL_CHECKED, hand, reserve, lock };
        let journal = Self::go_on(path, connection, identity, around)?;
        // The log has its name by now. SQLite flushes names by `fdatasync`,
        // which not every file system takes as seriously as this.
        export::sync_folder(path);
        Ok(journal)
    }

    /// The same on a trial's disk, without key, lock and reserve; the trial
    /// itself writes the log again before.
    pub fn open_trial(path: &Path, identity: &Identity, trial: &Trial) -> Result<Self, OpenJournalError> {
        let connection = file::open_trial_writer(path, &KIND, trial)?;
        let around = Surroundings {
            tail_checked: trial.tail_checked,
            hand: trial.secret.map_or(Hand::None, Hand::of),
            reserve: Reserve::none(),
            lock: None,
        };
        Self::go_on(path, connection, identity, around)
    }

    fn go_on(
        path: &Path,
        connection: Connection,
        identity: &Identity,
        around: Surroundings,
    ) -> Result<Self, OpenJournalError> {
        let content = |source| OpenJournalError::Content { file: path.to_owned(), source };
        file::secure_log(&connection).map_err(|error| content(error.into()))?;
        let mut found = begin(&connection, identity).map_err(|error| content(error.into()))?;
        let is_ours = (&found.store, found.lane) == (&identity.store, identity.lane);
        if !is_ours || found.epoch > identity.epoch {
            return Err(OpenJournalError::OtherLane {
                file: path.to_owned(),
                found,
                expected: identity.clone(),
            });
        }
        file::bury_log_end(&connection, &KIND).map_err(|error| content(error.into()))?;
        let head = check_tail(&connection, &found, around.tail_checked).map_err(content)?;
        let begins = found.epoch < identity.epoch;
        let last = if begins { reading::last_stamp(&connection).map_err(content)? } else { None };
        let before = head;
        let previous_epoch = std::mem::replace(&mut found.epoch, identity.epoch);
        let head = if begins {
            let hash = ChainHash::genesis(&found.store, found.lane, found.epoch);
            Head { seq: 0, hash }
        } else {
            head
        };
        let Surroundings { hand, reserve, lock, .. } = around;
        let set_up = || {
            connection.pragma_update_and_check(None, "wal_autocheckpoint", LOG_PAGES_MAX, |_| Ok(()))?;
            reading::last_signed(&connection, found.epoch)
        };
        let signed = set_up().map_err(|error| content(error.into()))?;
        let mut journal = Self {
            connection,
            identity: found,
            head,
            hand,
            signed: Cell::new(signed),
            owes_signature: Cell::new(signed < head.seq),
            rested: Cell::new(head.seq),
            in_doubt: Cell::new(false),
            reserve,
            _lock: lock,
        };
        if begins && let Some(stamp) = last {
            let begun = Record::EpochBegun {
                previous_epoch,
                previous_seq: before.seq,
                previous_hash: before.hash.to_string(),
            };
            journal
                .append(&[(stamp, begun)])
                .map_err(|source| OpenJournalError::Begin { file: path.to_owned(), source })?;
        }
        Ok(journal)
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where its chain stands.
    pub fn head(&self) -> Head {
        self.head
    }

    /// The hand that it is signed in.
    pub fn hand(&self) -> &Hand {
        &self.hand
    }

    /// Whether there is room for another sale; tries to make it.
    pub fn has_room(&mut self) -> bool {
        self.reserve.is_laid() || self.reserve.lay()
    }

    /// Appends records in one transaction; when it returns, the disk has them.
    ///
    /// Gives the number of the last one. On any error none was appended, but
    /// where the disk failed: then nobody knows before the next start, and
    /// until then everything is refused ([`Self::is_in_doubt`]).
    pub fn append(&mut self, records: &[(Stamp, Record)]) -> Result<u64, AppendError> {
        if self.in_doubt.get() {
            return Err(AppendError::InDoubt);
        }
        if self.head.seq.saturating_sub(self.signed.get()) > UNSIGNED_EVENTS_MAX {
            // What the disk refuses it refuses below too, where it is answered.
            let _ = self.sign_owed().map_err(|error| self.noted(error));
        }
        let mut entries = Vec::with_capacity(records.len());
        let mut head = self.head;
        let mut signatures: Vec<SignedRow> = Vec::new();
        let mut signed = self.signed.get();
        for (stamp, record) in records {
            let fact = Fact::from(record);
            let kind = kind_of(record);
            let event = Event {
                v: EVENT_VERSION,
                store: self.identity.store.clone(),
                lane: self.identity.lane,
                epoch: self.identity.epoch,
                seq: head.seq + 1,
                at_ms: stamp.at_ms,
                offset_minutes: stamp.offset_minutes,
                business_date: stamp.business_date,
                shift: stamp.shift,
                fact,
            };
            let bytes = event::encode(&event);
            if bytes.len() > event::EVENT_BYTES_MAX {
                return Err(AppendError::TooLong { bytes: bytes.len() });
            }
            head = Head { seq: head.seq + 1, hash: head.hash.extend(&bytes) };
            entries.push((kind, Entry { seq: head.seq, hash: head.hash, bytes }));
            // A batch of the agent may end in the midst of what is written at once.
            if head.seq.saturating_sub(signed) >= UNSIGNED_EVENTS_MAX {
                signatures.extend(self.sign(head));
                signed = head.seq;
            }
        }
        let sells = records.iter().any(|(_, record)| matches!(record, Record::SaleCompleted { .. }));
        let is_due = records.iter().any(|(_, record)| is_signed_at_once(record))
            || (self.owes_signature.get() && !sells);
        if is_due && signed < head.seq {
            signatures.extend(self.sign(head));
        }
        self.write(&entries, &signatures)?;
        self.head = head;
        match signatures.last() {
            Some(last) if last.seq == head.seq => self.is_signed(),
            Some(last) => {
                self.signed.set(last.seq);
                self.owes_signature.set(self.owes_signature.get() || sells);
            }
            None => self.owes_signature.set(self.owes_signature.get() || sells),
        }
        Ok(head.seq)
    }

    fn is_signed(&self) {
        self.signed.set(self.head.seq);
        self.owes_signature.set(false);
    }

    fn sign(&self, head: Head) -> Option<SignedRow> {
        let key = self.hand.key()?;
        let Identity { store, lane, epoch } = &self.identity;
        let claim = HeadClaim { store, lane: *lane, epoch: *epoch, seq: head.seq, hash: head.hash };
        Some(SignedRow { seq: head.seq, hash: head.hash, key: key.public(), signature: key.sign(&claim) })
    }

    fn write(&mut self, entries: &[(&str, Entry)], signed: &[SignedRow]) -> Result<(), AppendError> {
        loop {
            match self.try_write(entries, signed) {
                Ok(()) => return Ok(()),
                Err(error) if file::is_full(&error) => {
                    if !self.reserve.give_up() {
                        return Err(AppendError::DiskFull);
                    }
                }
                Err(error) => return Err(AppendError::Sqlite(self.noted(error))),
            }
        }
    }

    /// Remembers where the disk has failed. The log then stays as it is until
    /// the next start, which writes it again: nothing is moved at the end.
    fn noted(&self, error: rusqlite::Error) -> rusqlite::Error {
        if file::is_disk_fault(&error) {
            self.in_doubt.set(true);
            // Where even that is refused the end moves nothing either.
            let _ = self.connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        error
    }

    /// Whether the disk has failed, so that nothing is written any more: what
    /// is on it only a new start can tell.
    pub fn is_in_doubt(&self) -> bool {
        self.in_doubt.get()
    }

    fn try_write(&mut self, entries: &[(&str, Entry)], signed: &[SignedRow]) -> rusqlite::Result<()> {
        if entries.len() == 1 && signed.is_empty() {
            // One statement is a transaction by itself.
            return self.insert(entries, &[]);
        }
        let run = |sql| self.connection.prepare_cached(sql)?.execute([]);
        run("BEGIN IMMEDIATE")?;
        let done = self.insert(entries, signed).and_then(|()| run("COMMIT").map(drop));
        if done.is_err() && !self.connection.is_autocommit() {
            // What went wrong is told, not what came of it.
            let _ = run("ROLLBACK");
        }
        done
    }

    fn insert(&self, entries: &[(&str, Entry)], signed: &[SignedRow]) -> rusqlite::Result<()> {
        let epoch = self.identity.epoch;
        let mut insert = self
            .connection
            .prepare_cached("INSERT INTO event (epoch, seq, kind, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)")?;
        for (kind, entry) in entries {
            insert.execute(params![epoch, entry.seq, kind, entry.hash.as_bytes(), entry.bytes])?;
        }
        signed.iter().try_for_each(|signed| add_head(&self.connection, epoch, signed))
    }

    /// Every record that a start after a stop needs: all of the last shift,
    /// and of the one before, whose last paper may have ended in this one; and
    /// from the last sale on, however old it is. Shifts go on over epochs.
    pub fn since_last_shift(&self) -> Result<Vec<Stored>, ReadJournalError> {
        let from = reading::start_of_state(&self.connection)?;
        let mut select = self.connection.prepare(reading::FROM_ON)?;
        let rows = select.query_map(params![from.0, from.1], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        rows.map(|row| {
            let (seq, bytes) = row?;
            Ok(understand(seq, &bytes)?.1)
        })
        .collect()
    }

    /// The chain's hash at a number of this epoch; at 0 what stands before the first event.
    ///
    /// # Errors
    /// There is no such event in the file, or it cannot be read.
    pub fn hash_at(&self, seq: u64) -> Result<ChainHash, ReadJournalError> {
        Ok(reading::hash_at(&self.connection, &self.identity, seq)?.hash)
    }

    /// One record by its number.
    pub fn record(&self, seq: u64) -> Result<Stored, ReadJournalError> {
        let bytes: Option<Vec<u8>> = self
            .connection
            .prepare_cached("SELECT body FROM event WHERE epoch = ?1 AND seq = ?2")?
            .query_row(params![self.identity.epoch, seq], |row| row.get(0))
            .optional()?;
        Ok(understand(seq, &bytes.ok_or(ReadJournalError::NoSuchEvent { seq })?)?.1)
    }

    /// Lets the file grow by so many pages and no more: a full disk.
    #[cfg(test)]
    fn leave_room_for(&self, pages: i64) -> rusqlite::Result<()> {
        let count: i64 = self.connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
        self.connection.pragma_update_and_check(None, "max_page_count", count + pages, |_| Ok(()))
    }

    /// Drops the events of a segment whose file is on the disk and was checked;
    /// its head stays.
    pub(crate) fn forget_archived(&mut self, segment: &Segment) -> rusqlite::Result<()> {
        let transaction = self.connection.transaction()?;
        transaction.execute(
            "INSERT INTO segment (epoch, first_seq, last_seq, previous, hash, file)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![
                segment.epoch,
                segment.first_seq,
                segment.last_seq,
                segment.previous.as_bytes(),
                segment.hash.as_bytes(),
                segment.file
            ],
        )?;
        transaction.execute(
            "DELETE FROM event WHERE epoch = ?1 AND seq BETWEEN ?2 AND ?3",
            params![segment.epoch, segment.first_seq, segment.last_seq],
        )?;
        transaction.commit()
    }

    /// Gives the room of dropped events back to the disk.
    pub(crate) fn shrink(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("VACUUM")?;
        file::checkpoint(&self.connection)
    }

    /// Whether enough was written that [`Self::tidy`] is worth the next moment
    /// without a customer.
    pub fn wants_rest(&self) -> bool {
        self.head.seq.saturating_sub(self.rested.get()) >= REST_EVENTS
    }

    /// Signs what is not signed yet, moves the log into the database and begins
    /// it anew, where no reader is in the way; for a moment without a customer.
    /// After it a sale takes one flush and nothing else.
    pub fn tidy(&self) -> rusqlite::Result<()> {
        self.try_tidy().map_err(|error| self.noted(error))
    }

    fn try_tidy(&self) -> rusqlite::Result<()> {
        self.sign_owed()?;
        if file::turn_log(&self.connection, &KIND)? {
            self.rested.set(self.head.seq);
        }
        Ok(())
    }
}

impl Journal {
    /// Signs what is not signed yet: its end, and before it what a lane whose key was away for long owes, so often that the
    /// agent finds a signature in each batch. What does not fit into one go is signed in the next.
    fn sign_owed(&self) -> rusqlite::Result<()> {
        if self.signed.get() >= self.head.seq || self.hand.key().is_none() {
            return Ok(());
        }
        let epoch = self.identity.epoch;
        let transaction = self.connection.unchecked_transaction()?;
        let mut at = self.signed.get();
        for _ in 0..SIGNED_AT_ONCE_MAX {
            at = (at + UNSIGNED_EVENTS_MAX).min(self.head.seq);
            let hash = match at == self.head.seq {
                true => Some(self.head.hash),
                false => transaction
                    .prepare_cached("SELECT hash FROM event WHERE epoch = ?1 AND seq = ?2")?
                    .query_row(params![epoch, at], |row| row.get::<_, [u8; 32]>(0))
                    .optional()?
                    .map(ChainHash::from_bytes),
            };
            // An old one that went into the archive was filed long ago.
            if let Some(signed) = hash.and_then(|hash| self.sign(Head { seq: at, hash })) {
                add_head(&transaction, epoch, &signed)?;
            }
            if at == self.head.seq {
                break;
            }
        }
        transaction.commit()?;
        if at == self.head.seq {
            self.is_signed();
        } else {
            self.signed.set(at);
        }
        Ok(())
    }
}

fn add_head(connection: &Connection, epoch: u32, signed: &SignedRow) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO head (epoch, seq, hash, public_key, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            epoch,
            signed.seq,
            signed.hash.as_bytes(),
            signed.key.as_bytes(),
            signed.signature
        ])?;
    Ok(())
}

#[cfg(test)]
mod tests;
