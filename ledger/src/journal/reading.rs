//! Reading a journal, by its writer and by who may only read it.

use std::path::{Path, PathBuf};

use protocol::chain::ChainHash;
use protocol::event;
use protocol::head::{HeadClaim, PublicKey, SignedHead};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Entry, Head, Identity, KIND, OpenJournalError, ReadJournalError, Stamp, Stored};
use crate::archive;
use crate::file::{self, Trial};

/// The format from which on a journal has signed heads and segments.
const VERSION_WITH_HEADS: i32 = 2;

/// A signed head as it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedRow {
    /// The number of the last event it vouches for.
    pub seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
    /// The key that signed.
    pub key: PublicKey,
    /// The signature.
    pub signature: [u8; 64],
}

impl SignedRow {
    /// As it is sent and exported.
    pub fn to_wire(&self) -> SignedHead {
        SignedHead::new(self.seq, &self.hash, &self.signature)
    }

    /// Whether the signature is that of the key beside it.
    pub fn holds(&self, identity: &Identity) -> bool {
        let Identity { store, lane, epoch } = identity;
        let claim = HeadClaim { store, lane: *lane, epoch: *epoch, seq: self.seq, hash: self.hash };
        self.key.check(&claim, &self.signature).is_ok()
    }
}

/// Events that were moved into a file beside the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// The epoch.
    pub epoch: u32,
    /// Its first number.
    pub first_seq: u64,
    /// Its last number.
    pub last_seq: u64,
    /// The chain's hash before the first.
    pub previous: ChainHash,
    /// The chain's hash at the last.
    pub hash: ChainHash,
    /// The file's name within the archive's folder.
    pub file: String,
}

pub(super) fn begin(connection: &Connection, identity: &Identity) -> rusqlite::Result<Identity> {
    let Identity { store, lane, epoch } = identity;
    connection.execute(
        "INSERT INTO identity (one, store, lane, epoch) SELECT 1, ?1, ?2, ?3
         WHERE NOT EXISTS (SELECT 1 FROM identity)",
        params![store, lane, epoch],
    )?;
    // An empty journal has no numbers that could be used again.
    connection.execute(
        "UPDATE identity SET epoch = ?3 WHERE store = ?1 AND lane = ?2 AND epoch < ?3
         AND NOT EXISTS (SELECT 1 FROM event)",
        params![store, lane, epoch],
    )?;
    read_identity(connection)
}

/// Whose journal it is, in its last epoch.
pub(super) fn read_identity(connection: &Connection) -> rusqlite::Result<Identity> {
    connection.query_row(
        "SELECT store, lane, max(epoch, coalesce((SELECT max(epoch) FROM event), 0)) FROM identity",
        [],
        |row| Ok(Identity { store: row.get(0)?, lane: row.get(1)?, epoch: row.get(2)? }),
    )
}

/// The stamp of the last event of all.
pub(super) fn last_stamp(connection: &Connection) -> Result<Option<Stamp>, ReadJournalError> {
    let last: Option<(u64, Vec<u8>)> =
        connection.query_row(BACKWARDS, [1], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    last.map(|(seq, bytes)| {
        let event = event::decode(&bytes).map_err(|source| ReadJournalError::Decode { seq, source })?;
        Ok(stamp_of(&event))
    })
    .transpose()
}

// What is read in order names the index of the primary key: SQLite would rather read the whole journal and sort it, since
// it does not know how few rows are wanted.

/// The newest event of a kind, and the one before it.
pub(super) const NEWEST: &str = "SELECT epoch, seq FROM event INDEXED BY sqlite_autoindex_event_1
     WHERE kind = ?1 ORDER BY epoch DESC, seq DESC LIMIT 1";
pub(super) const NEWEST_BUT_ONE: &str = "SELECT epoch, seq FROM event INDEXED BY sqlite_autoindex_event_1
     WHERE kind = ?1 ORDER BY epoch DESC, seq DESC LIMIT 1 OFFSET 1";
/// Everything from an event on.
pub(super) const FROM_ON: &str = "SELECT seq, body FROM event INDEXED BY sqlite_autoindex_event_1
     WHERE (epoch, seq) >= (?1, ?2) ORDER BY epoch, seq";
/// The last so many events, the last first.
pub(super) const BACKWARDS: &str = "SELECT seq, body FROM event INDEXED BY sqlite_autoindex_event_1
     ORDER BY epoch DESC, seq DESC LIMIT ?1";
/// The last so many of a kind, the last first.
pub(super) const LAST_OF_KIND: &str = "SELECT epoch, seq, body FROM event INDEXED BY sqlite_autoindex_event_1
     WHERE kind = ?1 ORDER BY epoch DESC, seq DESC LIMIT ?2";

/// From where on a start after a stop reads: epoch and number.
pub(super) fn start_of_state(connection: &Connection) -> rusqlite::Result<(u32, u64)> {
    let find = |sql, kind: &str| {
        let place = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, u64>(1)?));
        connection.query_row(sql, [kind], place).optional()
    };
    let shift = find(NEWEST_BUT_ONE, "shift_opened")?.unwrap_or((0, 0));
    Ok(find(NEWEST, "sale_completed")?.map_or(shift, |sale| sale.min(shift)))
}

fn stamp_of(event: &event::Event) -> Stamp {
    Stamp {
        at_ms: event.at_ms,
        offset_minutes: event.offset_minutes,
        business_date: event.business_date,
        shift: event.shift,
    }
}

/// What an event says, and whose and which it says that it is.
pub(crate) fn understand(seq: u64, bytes: &[u8]) -> Result<((Identity, u64), Stored), ReadJournalError> {
    let event = event::decode(bytes).map_err(|source| ReadJournalError::Decode { seq, source })?;
    let stamp = stamp_of(&event);
    let record = event.record()?;
    let identity = Identity { store: event.store, lane: event.lane, epoch: event.epoch };
    Ok(((identity, event.seq), Stored { seq, stamp, record }))
}

/// Checks the chain of the last `count` events and gives where it stands.
pub(super) fn check_tail(
    connection: &Connection,
    identity: &Identity,
    count: u64,
) -> Result<Head, ReadJournalError> {
    let last: u64 = connection.query_row(
        "SELECT coalesce(max(seq), 0) FROM event WHERE epoch = ?1",
        [identity.epoch],
        |row| row.get(0),
    )?;
    // What was archived cannot be read back to.
    let archived = last_segment(connection, identity.epoch)?.map_or(0, |segment| segment.last_seq);
    let mut head = hash_at(connection, identity, last.saturating_sub(count).max(archived))?;
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

pub(super) fn hash_at(
    connection: &Connection,
    identity: &Identity,
    seq: u64,
) -> Result<Head, ReadJournalError> {
    if seq == 0 {
        let hash = ChainHash::genesis(&identity.store, identity.lane, identity.epoch);
        return Ok(Head { seq, hash });
    }
    let hash: Option<[u8; 32]> = connection
        .prepare_cached("SELECT hash FROM event WHERE epoch = ?1 AND seq = ?2")?
        .query_row(params![identity.epoch, seq], |row| row.get(0))
        .optional()?;
    let archived = || {
        let segment = last_segment(connection, identity.epoch)?;
        Ok::<_, ReadJournalError>(segment.filter(|last| last.last_seq == seq).map(|last| last.hash))
    };
    let hash = match hash {
        Some(hash) => Some(ChainHash::from_bytes(hash)),
        None => archived()?,
    };
    Ok(Head { seq, hash: hash.ok_or(ReadJournalError::NoSuchEvent { seq })? })
}

fn has_heads(connection: &Connection) -> rusqlite::Result<bool> {
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    Ok(version >= VERSION_WITH_HEADS)
}

const SEGMENT: &str = "SELECT epoch, first_seq, last_seq, previous, hash, file FROM segment";

fn segment(row: &rusqlite::Row<'_>) -> rusqlite::Result<Segment> {
    Ok(Segment {
        epoch: row.get(0)?,
        first_seq: row.get(1)?,
        last_seq: row.get(2)?,
        previous: ChainHash::from_bytes(row.get(3)?),
        hash: ChainHash::from_bytes(row.get(4)?),
        file: row.get(5)?,
    })
}

pub(super) fn last_segment(connection: &Connection, epoch: u32) -> rusqlite::Result<Option<Segment>> {
    if !has_heads(connection)? {
        return Ok(None);
    }
    connection
        .prepare_cached(&format!("{SEGMENT} WHERE epoch = ?1 ORDER BY first_seq DESC LIMIT 1"))?
        .query_row([epoch], segment)
        .optional()
}

pub(super) fn entry(row: &rusqlite::Row<'_>) -> rusqlite::Result<Entry> {
    Ok(Entry { seq: row.get(0)?, hash: ChainHash::from_bytes(row.get(1)?), bytes: row.get(2)? })
}

/// A journal opened by who may only read it: its last epoch, unless it is
/// turned to another.
#[derive(Debug)]
pub struct JournalReader {
    pub(super) connection: Connection,
    pub(super) identity: Identity,
    /// Where archived segments lie.
    archive: PathBuf,
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
        let archive = archive::folder_beside(path);
        Ok(identity.map(|identity| Self { connection, identity, archive }))
    }

    /// Whose it is, and which epoch is read.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The epochs of the file, oldest first; the last one may be empty.
    pub fn epochs(&self) -> Result<Vec<u32>, ReadJournalError> {
        let archived = if has_heads(&self.connection)? { "UNION SELECT epoch FROM segment" } else { "" };
        let mut select = self.connection.prepare_cached(&format!(
            "SELECT epoch FROM event UNION SELECT epoch FROM identity {archived} ORDER BY epoch"
        ))?;
        let epochs = select.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(epochs)
    }

    /// Reads another epoch from here on.
    pub fn turn_to(&mut self, epoch: u32) {
        self.identity.epoch = epoch;
    }

    /// Sees one state of the file until [`Self::release`], whatever its lane writes.
    pub(crate) fn hold(&self) -> rusqlite::Result<()> {
        self.connection.execute_batch("BEGIN")
    }

    /// Sees what is newest again.
    pub(crate) fn release(&self) {
        // Who only reads has nothing to take back; SQLite may have ended it by itself after an error.
        let _ = self.connection.execute_batch("ROLLBACK");
    }

    /// Where its chain stands.
    pub fn head(&self) -> Result<Head, ReadJournalError> {
        let last: u64 = self.connection.query_row(
            "SELECT coalesce(max(seq), 0) FROM event WHERE epoch = ?1",
            [self.identity.epoch],
            |row| row.get(0),
        )?;
        let archived = last_segment(&self.connection, self.identity.epoch)?;
        hash_at(&self.connection, &self.identity, last.max(archived.map_or(0, |segment| segment.last_seq)))
    }

    /// The chain's hash at a number; at 0 what stands before the first event.
    pub fn hash_at(&self, seq: u64) -> Result<ChainHash, ReadJournalError> {
        match hash_at(&self.connection, &self.identity, seq) {
            Ok(head) => Ok(head.hash),
            Err(error) => {
                let archived = self.archived_after(seq.saturating_sub(1), 1, usize::MAX)?;
                archived.and_then(|entries| Some(entries.first()?.hash)).ok_or(error)
            }
        }
    }

    /// The events of an archived file after a number; `None` where the next one
    /// is not archived. Nobody asks for them but an HQ that has lost its own.
    fn archived_after(
        &self,
        seq: u64,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Option<Vec<Entry>>, ReadJournalError> {
        let segments = segments(&self.connection, self.identity.epoch)?;
        let holds = |segment: &Segment| segment.first_seq <= seq + 1 && seq < segment.last_seq;
        let Some(segment) = segments.into_iter().find(holds) else { return Ok(None) };
        let mut entries = Vec::new();
        let mut bytes = 0;
        archive::check_each(&self.archive, &self.identity, &segment, |entry| {
            if entry.seq > seq && entries.len() < events_max {
                bytes += entry.bytes.len();
                if bytes <= bytes_max || entries.is_empty() {
                    entries.push(entry);
                }
            }
        })
        .map_err(|error| ReadJournalError::Archived(Box::new(error)))?;
        Ok(Some(entries))
    }

    /// The events after a number, in order: at most `events_max`, and at most
    /// `bytes_max` of them together, but always one where there is one. Those
    /// that were archived are read from their files.
    pub fn entries_after(
        &self,
        seq: u64,
        events_max: usize,
        bytes_max: usize,
    ) -> Result<Vec<Entry>, ReadJournalError> {
        if let Some(entries) = self.archived_after(seq, events_max, bytes_max)? {
            return Ok(entries);
        }
        Ok(entries_after(&self.connection, (self.identity.epoch, seq), events_max, bytes_max)?)
    }

    /// The newest signed head at or before a number.
    pub fn signed_at(&self, seq: u64) -> Result<Option<SignedRow>, ReadJournalError> {
        if !has_heads(&self.connection)? {
            return Ok(None);
        }
        let row = self
            .connection
            .prepare_cached(
                "SELECT seq, hash, public_key, signature FROM head
                 WHERE epoch = ?1 AND seq <= ?2 ORDER BY seq DESC LIMIT 1",
            )?
            .query_row(params![self.identity.epoch, i64::try_from(seq).unwrap_or(i64::MAX)], signed_row)
            .optional()?;
        Ok(row)
    }

    /// The archived segments of the epoch, oldest first.
    pub fn segments(&self) -> Result<Vec<Segment>, ReadJournalError> {
        Ok(segments(&self.connection, self.identity.epoch)?)
    }

    /// The archived segments of every epoch, oldest first.
    pub fn all_segments(&self) -> Result<Vec<Segment>, ReadJournalError> {
        let mut all = Vec::new();
        for epoch in self.epochs()? {
            all.extend(segments(&self.connection, epoch)?);
        }
        Ok(all)
    }

    /// The signed heads after one number and up to another, in order.
    pub fn heads_between(&self, after: u64, through: u64) -> Result<Vec<SignedRow>, ReadJournalError> {
        Ok(heads_between(&self.connection, self.identity.epoch, after, through)?)
    }

    /// From where on a start after a stop reads: epoch and number.
    pub fn start_of_state(&self) -> Result<(u32, u64), ReadJournalError> {
        Ok(start_of_state(&self.connection)?)
    }

    /// What an entry of this journal says.
    pub fn stored(&self, entry: &Entry) -> Result<Stored, ReadJournalError> {
        Ok(understand(entry.seq, &entry.bytes)?.1)
    }

    /// Writes one state of the whole file into a new one, while its lane goes on.
    pub fn copy_into(&self, file: &Path) -> rusqlite::Result<()> {
        self.connection.execute("VACUUM INTO ?1", [file.to_string_lossy()])?;
        Ok(())
    }

    /// The stamp of the last event of all; `None` before the first.
    pub fn last_stamp(&self) -> Result<Option<Stamp>, ReadJournalError> {
        last_stamp(&self.connection)
    }

    /// A number that changes when the writer has committed something.
    pub fn data_version(&self) -> rusqlite::Result<i64> {
        self.connection.pragma_query_value(None, "data_version", |row| row.get(0))
    }

    /// Reads the whole file: SQLite's own check, then every event's chain and
    /// form, and every signature. Gives where the last chain stands.
    pub fn verify(&self) -> Result<Head, ReadJournalError> {
        Ok(self.audit()?.head())
    }
}

/// The last number of an epoch that is signed; 0 for none.
pub(super) fn last_signed(connection: &Connection, epoch: u32) -> rusqlite::Result<u64> {
    let last = "SELECT coalesce(max(seq), 0) FROM head WHERE epoch = ?1";
    connection.query_row(last, [epoch], |row| row.get(0))
}

fn signed_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<SignedRow> {
    Ok(SignedRow {
        seq: row.get(0)?,
        hash: ChainHash::from_bytes(row.get(1)?),
        key: PublicKey::from_bytes(row.get(2)?),
        signature: row.get(3)?,
    })
}

pub(super) fn entries_after(
    connection: &Connection,
    (epoch, seq): (u32, u64),
    events_max: usize,
    bytes_max: usize,
) -> rusqlite::Result<Vec<Entry>> {
    let mut select = connection.prepare_cached(
        "SELECT seq, hash, body FROM event WHERE epoch = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3",
    )?;
    let mut rows = select.query(params![epoch, seq, i64::try_from(events_max).unwrap_or(i64::MAX)])?;
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

/// The signed heads of an epoch after one number and up to another, in order.
pub(super) fn heads_between(
    connection: &Connection,
    epoch: u32,
    after: u64,
    through: u64,
) -> rusqlite::Result<Vec<SignedRow>> {
    if !has_heads(connection)? {
        return Ok(Vec::new());
    }
    let mut select = connection.prepare_cached(
        "SELECT seq, hash, public_key, signature FROM head
         WHERE epoch = ?1 AND seq > ?2 AND seq <= ?3 ORDER BY seq",
    )?;
    let through = i64::try_from(through).unwrap_or(i64::MAX);
    select.query_map(params![epoch, after, through], signed_row)?.collect()
}

pub(super) fn segments(connection: &Connection, epoch: u32) -> rusqlite::Result<Vec<Segment>> {
    if !has_heads(connection)? {
        return Ok(Vec::new());
    }
    let mut select = connection.prepare_cached(&format!("{SEGMENT} WHERE epoch = ?1 ORDER BY first_seq"))?;
    select.query_map([epoch], segment)?.collect()
}

pub(super) fn kind_at(connection: &Connection, epoch: u32, seq: u64) -> rusqlite::Result<String> {
    connection
        .prepare_cached("SELECT kind FROM event WHERE epoch = ?1 AND seq = ?2")?
        .query_row(params![epoch, seq], |row| row.get(0))
}
