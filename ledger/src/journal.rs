//! `journal.db`: append-only, irreplaceable, written by the lane alone.
//!
//! The journal is the outbox: what HQ has not acknowledged is "events after
//! the acknowledged position", and nothing here remembers what was sent.

use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use domain::record::Record;
use protocol::chain::ChainHash;
use protocol::event::{self, DecodeEventError, EVENT_VERSION, Event, Fact};
use protocol::record::UnderstandEventError;
use rusqlite::{Connection, OptionalExtension, params};

use crate::file::{self, Kind, OpenFileError, Trial, WriterLock};
use crate::reserve::Reserve;

const KIND: Kind = Kind {
    name: "Guitai journal",
    application_id: i32::from_be_bytes(*b"GTjn"),
    version: 1,
    schema: "
        CREATE TABLE identity (
            one   INTEGER PRIMARY KEY CHECK (one = 1),
            store TEXT NOT NULL,
            lane  INTEGER NOT NULL,
            epoch INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE event (
            epoch INTEGER NOT NULL,
            seq   INTEGER NOT NULL,
            kind  TEXT NOT NULL,
            hash  BLOB NOT NULL CHECK (length(hash) = 32),
            body  BLOB NOT NULL,
            PRIMARY KEY (epoch, seq)
        ) STRICT;
        CREATE TRIGGER event_is_gapless BEFORE INSERT ON event
        WHEN NEW.seq IS NOT 1 + coalesce((SELECT max(seq) FROM event WHERE epoch = NEW.epoch), 0)
        BEGIN SELECT raise(ABORT, 'the journal is gapless'); END;
        CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
        BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
        BEGIN SELECT raise(ABORT, 'the journal is append-only'); END;
        CREATE TRIGGER identity_is_not_changed BEFORE UPDATE ON identity
        BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
        CREATE TRIGGER identity_is_not_deleted BEFORE DELETE ON identity
        BEGIN SELECT raise(ABORT, 'a journal keeps its lane'); END;
    ",
    upgrades: &[],
};

/// How many of the last events have their chain checked before a journal is used.
pub const TAIL_CHECKED: u64 = 200;

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

/// The journal of one lane, opened by its one writer.
#[derive(Debug)]
pub struct Journal {
    connection: Connection,
    identity: Identity,
    head: Head,
    reserve: Reserve,
    _lock: Option<WriterLock>,
}

impl Journal {
    /// Opens or begins the journal of a lane.
    ///
    /// Refuses a file that another process writes, that is not a journal, is
    /// newer, damaged, of another lane, or whose last events do not chain.
    pub fn open(path: &Path, identity: &Identity) -> Result<Self, OpenJournalError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| OpenFileError::Io { file: path.to_owned(), source })?;
        }
        let lock = WriterLock::take(path)?;
        let connection = file::open_writer(path, &KIND)?;
        let journal = Self::go_on(path, connection, identity, TAIL_CHECKED)?;
        Ok(Self { reserve: Reserve::beside(path), _lock: Some(lock), ..journal })
    }

    /// The same on a trial's disk, without lock and reserve.
    pub fn open_trial(path: &Path, identity: &Identity, trial: &Trial) -> Result<Self, OpenJournalError> {
        let connection = file::open_trial_writer(path, &KIND, trial)?;
        Self::go_on(path, connection, identity, trial.tail_checked)
    }

    fn go_on(
        path: &Path,
        connection: Connection,
        identity: &Identity,
        tail_checked: u64,
    ) -> Result<Self, OpenJournalError> {
        let content = |source| OpenJournalError::Content { file: path.to_owned(), source };
        let found = begin(&connection, identity).map_err(|error| content(error.into()))?;
        if found != *identity {
            return Err(OpenJournalError::OtherLane {
                file: path.to_owned(),
                found,
                expected: identity.clone(),
            });
        }
        let head = check_tail(&connection, identity, tail_checked).map_err(content)?;
        Ok(Self { connection, identity: identity.clone(), head, reserve: Reserve::none(), _lock: None })
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where its chain stands.
    pub fn head(&self) -> Head {
        self.head
    }

    /// Whether there is room for another sale; tries to make it.
    pub fn has_room(&mut self) -> bool {
        self.reserve.is_laid() || self.reserve.lay()
    }

    /// Appends records in one transaction; when it returns, the disk has them.
    ///
    /// Gives the number of the last one. On any error none was appended.
    pub fn append(&mut self, records: &[(Stamp, Record)]) -> Result<u64, AppendError> {
        let mut entries = Vec::with_capacity(records.len());
        let mut head = self.head;
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
        }
        self.write(&entries)?;
        self.head = head;
        Ok(head.seq)
    }

    fn write(&mut self, entries: &[(&str, Entry)]) -> Result<(), AppendError> {
        loop {
            match self.try_write(entries) {
                Ok(()) => return Ok(()),
                Err(error) if file::is_full(&error) => {
                    if !self.reserve.give_up() {
                        return Err(AppendError::DiskFull);
                    }
                }
                Err(error) => return Err(AppendError::Sqlite(error)),
            }
        }
    }

    fn try_write(&mut self, entries: &[(&str, Entry)]) -> rusqlite::Result<()> {
        let epoch = self.identity.epoch;
        let transaction = self.connection.transaction()?;
        {
            let mut insert = transaction.prepare_cached(
                "INSERT INTO event (epoch, seq, kind, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?;
            for (kind, entry) in entries {
                insert.execute(params![epoch, entry.seq, kind, entry.hash.as_bytes(), entry.bytes])?;
            }
        }
        transaction.commit()
    }

    /// Every record that a start after a stop needs: all of the last shift,
    /// and of the one before, whose last paper may have ended in this one; and
    /// from the last sale on, however old it is.
    pub fn since_last_shift(&self) -> Result<Vec<Stored>, ReadJournalError> {
        let newest = |kind: &str, skipped: u64| {
            self.connection
                .query_row(
                    "SELECT seq FROM event WHERE epoch = ?1 AND kind = ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3",
                    params![self.identity.epoch, kind, skipped],
                    |row| row.get::<_, u64>(0),
                )
                .optional()
        };
        let shift = newest("shift_opened", 1)?.unwrap_or(1);
        let from = newest("sale_completed", 0)?.map_or(shift, |sale| sale.min(shift));
        let mut select = self
            .connection
            .prepare("SELECT seq, body FROM event WHERE epoch = ?1 AND seq >= ?2 ORDER BY seq")?;
        let rows = select.query_map(params![self.identity.epoch, from], |row| {
            Ok((row.get::<_, u64>(0)?, row.get::<_, Vec<u8>>(1)?))
        })?;
        rows.map(|row| {
            let (seq, bytes) = row?;
            Ok(understand(seq, &bytes)?.1)
        })
        .collect()
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

    /// Moves the WAL into the database and empties it, where no reader is in
    /// the way; for a quiet moment between customers.
    pub fn tidy(&self) -> rusqlite::Result<()> {
        file::checkpoint(&self.connection)
    }
}

fn begin(connection: &Connection, identity: &Identity) -> rusqlite::Result<Identity> {
    connection.execute(
        "INSERT INTO identity (one, store, lane, epoch) VALUES (1, ?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![identity.store, identity.lane, identity.epoch],
    )?;
    read_identity(connection)
}

fn read_identity(connection: &Connection) -> rusqlite::Result<Identity> {
    connection.query_row("SELECT store, lane, epoch FROM identity", [], |row| {
        Ok(Identity { store: row.get(0)?, lane: row.get(1)?, epoch: row.get(2)? })
    })
}

fn kind_of(record: &Record) -> &'static str {
    match record {
        Record::ShiftOpened { .. } => "shift_opened",
        Record::ShiftClosed { .. } => "shift_closed",
        Record::SignedIn { .. } => "signed_in",
        Record::SignInRefused { .. } => "sign_in_refused",
        Record::SignedOut { .. } => "signed_out",
        Record::CashMoved { .. } => "cash_moved",
        Record::CashCounted { .. } => "cash_counted",
        Record::DrawerOpened { .. } => "drawer_opened",
        Record::Locked { .. } => "locked",
        Record::Unlocked { .. } => "unlocked",
        Record::Approved { .. } => "approved",
        Record::LineAdded { .. } => "line_added",
        Record::LineQuantitySet { .. } => "line_quantity_set",
        Record::LinePriceSet { .. } => "line_price_set",
        Record::LinePriceLowered { .. } => "line_price_lowered",
        Record::LineVoided { .. } => "line_voided",
        Record::AgeConfirmed { .. } => "age_confirmed",
        Record::MemberJoined { .. } => "member_joined",
        Record::MemberLeft => "member_left",
        Record::CouponLaid { .. } => "coupon_laid",
        Record::CouponTakenBack { .. } => "coupon_taken_back",
        Record::PointsOffered { .. } => "points_offered",
        Record::TenderChosen { .. } => "tender_chosen",
        Record::BasketCancelled { .. } => "basket_cancelled",
        Record::LineDiscounted { .. } => "line_discounted",
        Record::BasketDiscounted { .. } => "basket_discounted",
        Record::BasketParked { .. } => "basket_parked",
        Record::BasketRecalled { .. } => "basket_recalled",
        Record::ReturnBegun { .. } => "return_begun",
        Record::LineReturned { .. } => "line_returned",
        Record::ReturnDropped { .. } => "return_dropped",
        Record::TenderAdded { .. } => "tender_added",
        Record::TenderRemoved { .. } => "tender_removed",
        Record::PaymentBegun { .. } => "payment_begun",
        Record::PaymentEnded { .. } => "payment_ended",
        Record::SaleCompleted { .. } => "sale_completed",
        Record::PaperBegun { .. } => "paper_begun",
        Record::PaperEnded { .. } => "paper_ended",
    }
}

/// What an event says, and whose and which it says that it is.
fn understand(seq: u64, bytes: &[u8]) -> Result<((Identity, u64), Stored), ReadJournalError> {
    let event = event::decode(bytes).map_err(|source| ReadJournalError::Decode { seq, source })?;
    let stamp = Stamp {
        at_ms: event.at_ms,
        offset_minutes: event.offset_minutes,
        business_date: event.business_date,
        shift: event.shift,
    };
    let record = event.record()?;
    let identity = Identity { store: event.store, lane: event.lane, epoch: event.epoch };
    Ok(((identity, event.seq), Stored { seq, stamp, record }))
}

/// Checks the chain of the last `count` events and gives where it stands.
fn check_tail(connection: &Connection, identity: &Identity, count: u64) -> Result<Head, ReadJournalError> {
    let last: u64 = connection.query_row(
        "SELECT coalesce(max(seq), 0) FROM event WHERE epoch = ?1",
        [identity.epoch],
        |row| row.get(0),
    )?;
    let mut head = hash_at(connection, identity, last.saturating_sub(count))?;
    let mut select =
        connection.prepare("SELECT seq, hash, body FROM event WHERE epoch = ?1 AND seq > ?2 ORDER BY seq")?;
    let mut rows = select.query(params![identity.epoch, head.seq])?;
    while let Some(row) = rows.next()? {
        let entry = entry(row)?;
        let next = Head { seq: head.seq + 1, hash: head.hash.extend(&entry.bytes) };
        if (entry.seq, entry.hash) != (next.seq, next.hash) {
            return Err(ReadJournalError::ChainBroken { seq: next.seq });
        }
        head = next;
    }
    Ok(head)
}

fn hash_at(connection: &Connection, identity: &Identity, seq: u64) -> Result<Head, ReadJournalError> {
    if seq == 0 {
        let hash = ChainHash::genesis(&identity.store, identity.lane, identity.epoch);
        return Ok(Head { seq, hash });
    }
    let hash: Option<[u8; 32]> = connection
        .prepare_cached("SELECT hash FROM event WHERE epoch = ?1 AND seq = ?2")?
        .query_row(params![identity.epoch, seq], |row| row.get(0))
        .optional()?;
    let hash = hash.ok_or(ReadJournalError::NoSuchEvent { seq })?;
    Ok(Head { seq, hash: ChainHash::from_bytes(hash) })
}

fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { seq: row.get(0)?, hash: ChainHash::from_bytes(row.get(1)?), bytes: row.get(2)? })
}

/// A journal opened by who may only read it.
#[derive(Debug)]
pub struct JournalReader {
    connection: Connection,
    identity: Identity,
}

impl JournalReader {
    /// Opens a journal to read; `None` while the lane has not begun one.
    pub fn open(path: &Path) -> Result<Option<Self>, OpenJournalError> {
        Self::read(path, file::open_reader(path, &KIND)?)
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, OpenJournalError> {
        Self::read(path, file::open_existing_reader(path, &KIND, Some(trial.vfs))?)
    }

    fn read(path: &Path, connection: Option<Connection>) -> Result<Option<Self>, OpenJournalError> {
        let Some(connection) = connection else { return Ok(None) };
        let identity = read_identity(&connection)
            .optional()
            .map_err(|error| OpenJournalError::Content { file: path.to_owned(), source: error.into() })?;
        Ok(identity.map(|identity| Self { connection, identity }))
    }

    /// Whose it is.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Where its chain stands.
    pub fn head(&self) -> Result<Head, ReadJournalError> {
        check_tail(&self.connection, &self.identity, 0)
    }

    /// The chain's hash at a number; at 0 what stands before the first event.
    pub fn hash_at(&self, seq: u64) -> Result<ChainHash, ReadJournalError> {
        Ok(hash_at(&self.connection, &self.identity, seq)?.hash)
    }

    /// The events after a number, in order: at most `events_max`, and at most
    /// `bytes_max` of them together, but always one where there is one.
    pub fn entries_after(
        &self,
        seq: u64,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, ReadJournalError> {
        let mut select = self.connection.prepare_cached(
            "SELECT seq, hash, body FROM event WHERE epoch = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
        )?;
        let mut rows =
            select.query(params![self.identity.epoch, seq, i64::try_from(events_max).unwrap_or(i64::MAX)])?;
        let mut entries = Vec::new();
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            let entry = entry(row)?;
            bytes += entry.bytes.len();
            if bytes > bytes_max && !entries.is_empty() {
                break;
            }
            entries.push(entry);
        }
        Ok(entries)
    }

    fn kind_at(&self, seq: u64) -> rusqlite::Result<String> {
        self.connection
            .prepare_cached("SELECT kind FROM event WHERE epoch = ?1 AND seq = ?2")?
            .query_row(params![self.identity.epoch, seq], |row| row.get(0))
    }

    /// A number that changes when the writer has committed something.
    pub fn data_version(&self) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0))
    }

    /// Reads the whole file: SQLite's own check, then every event's chain and
    /// form. Gives where the chain stands.
    pub fn verify(&self) -> Result<Head, ReadJournalError> {
        let answer: String = self.connection.pragma_query_value(None, "quick_check", |row| row.get(0))?;
        if answer != "ok" {
            let error = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CORRUPT);
            return Err(rusqlite::Error::SqliteFailure(error, Some(answer)).into());
        }
        let mut head = hash_at(&self.connection, &self.identity, 0)?;
        loop {
            let entries = self.entries_after(head.seq, 1_000, usize::MAX)?;
            if entries.is_empty() {
                return Ok(head);
            }
            for entry in entries {
                let next = Head { seq: head.seq + 1, hash: head.hash.extend(&entry.bytes) };
                if (entry.seq, entry.hash) != (next.seq, next.hash) {
                    return Err(ReadJournalError::ChainBroken { seq: next.seq });
                }
                let (said, stored) = understand(entry.seq, &entry.bytes)?;
                let kind = self.kind_at(entry.seq)?;
                if said != (self.identity.clone(), entry.seq) || kind != kind_of(&stored.record) {
                    return Err(ReadJournalError::Misfiled { seq: entry.seq });
                }
                head = next;
            }
        }
    }
}

#[cfg(test)]
mod tests;
