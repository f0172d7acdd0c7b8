//! What a relay keeps: who its lanes are, how far their journals were copied,
//! the documents of the last weeks, and what one lane alone may use up.
//!
//! One SQLite file. What it knows was either said by HQ or stands in a lane's
//! journal, and each lane still sends its journal to HQ itself: a relay whose
//! file is lost begins anew, and nobody loses a sale.

mod codes;
mod parked;
mod receipts;
mod standing;

pub use self::standing::PART_MS;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use protocol::ask::{Answer, CouponRefused, LATER_DOCUMENTS_MAX, ReceiptRefused};
use protocol::chain::ChainHash;
use protocol::event::{self, Event, Fact, Origin, ParkedId, Position, Sale};
use protocol::push::{Batch, PushAnswer, PushRefusal};
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior, params};

use crate::books::LaneId;
use crate::books::held::{Claim, NotClaimed, ReceiptBook};
use crate::secret::SecretHash;

/// "GTRL": says that a file is ours.
const APPLICATION_ID: i64 = 0x4754_524C;

/// The form of the tables: the first had none for parked baskets, the second none by which receipts are found, the third
/// none for phones' codes, the fourth none for points that the store was lent.
const SCHEMA_VERSION: i64 = 5;

/// How long a document is kept, milliseconds: goods come back within days.
pub const KEPT_MS: i64 = 45 * 86_400_000;

/// The most documents that are kept, the newest: some 6 GB.
pub const DOCUMENTS_MAX: i64 = 3_000_000;

/// How long a receipt or coupon is one lane's, milliseconds.
const CLAIM_MS: i64 = 15 * 60_000;

/// How much later than a claim's end a lane must have said something, by its
/// own clock, before what it claimed is free again.
const CLAIM_MARGIN_MS: i64 = 10 * 60_000;

/// How long a statement waits for a lock; only a checkpoint holds one.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

const SCHEMA: &str = "
    CREATE TABLE lane (
        lane INTEGER PRIMARY KEY,
        -- SHA-256 of the key that HQ took last.
        key_hash BLOB NOT NULL
    );
    CREATE TABLE copy (
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        hash BLOB NOT NULL,
        -- The last stamp in it, by the lane's own clock.
        at_ms INTEGER NOT NULL,
        PRIMARY KEY (lane, epoch)
    ) WITHOUT ROWID;
    CREATE TABLE document (
        number INTEGER PRIMARY KEY,
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        kept_ms INTEGER NOT NULL,
        body BLOB NOT NULL,
        UNIQUE (lane, epoch, seq)
    );
    -- Which document gave back from which sale of this store.
    CREATE TABLE came_back (
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        document INTEGER NOT NULL REFERENCES document (number) ON DELETE CASCADE,
        PRIMARY KEY (lane, epoch, seq, document)
    ) WITHOUT ROWID;
    CREATE INDEX came_back_document ON came_back (document);
    CREATE TABLE receipt_claim (
        lane INTEGER NOT NULL,
        epoch INTEGER NOT NULL,
        seq INTEGER NOT NULL,
        by_lane INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        PRIMARY KEY (lane, epoch, seq)
    ) WITHOUT ROWID;
    CREATE TABLE coupon (
        code TEXT PRIMARY KEY,
        by_lane INTEGER NOT NULL,
        until_ms INTEGER NOT NULL,
        is_spent INTEGER NOT NULL
    ) WITHOUT ROWID;
";

/// Why the file is not used, or did not answer.
#[derive(Debug, thiserror::Error)]
pub enum BookError {
    /// SQLite's answer.
    #[error("use the relay's file")]
    Sqlite(#[from] rusqlite::Error),
    /// It is another program's, or a newer one's.
    #[error("open {0}: it is no file of a relay, or of a newer one; move it away, or upgrade")]
    Foreign(String),
    /// It is another store's.
    #[error("open {file}: it is the relay of store {found}, not of {wanted}; take another data directory")]
    OtherStore {
        /// Which file.
        file: String,
        /// Whose it is.
        found: String,
        /// Whose relay this is to be.
        wanted: String,
    },
}

/// Where a copied journal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The last number.
    pub seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
}

impl Copied {
    /// What a lane is told.
    pub(super) fn answer(&self, epoch: u32) -> PushAnswer {
        PushAnswer {
            epoch,
            acknowledged: self.seq,
            head: self.hash.to_string(),
            quarantined: 0,
            signed: None,
            takes_bare: true,
            // A copy may begin anywhere, and ends with the relay's disk.
            takes_context: false,
        }
    }
}

/// How one lane's copy stands, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LaneCopied {
    /// The lane's number.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The last number copied.
    pub seq: u64,
    /// Its stamp by the lane's clock, milliseconds UTC.
    pub at_ms: i64,
}

/// The relay's file.
pub struct Book {
    store: String,
    connection: Mutex<Connection>,
}

impl Book {
    /// Opens the file of a store's relay, or makes it.
    pub fn open(path: &Path, store: &str) -> Result<Self, BookError> {
        let mut connection = Connection::open(path)?;
        connection.busy_timeout(BUSY_TIMEOUT)?;
        let foreign = || BookError::Foreign(path.display().to_string());
        let pragma = |connection: &Connection, name: &str| {
            connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0))
        };
        let (id, version) = (pragma(&connection, "application_id")?, pragma(&connection, "user_version")?);
        let is_new = (id, version) == (0, 0)
            && connection.query_row("SELECT count(*) = 0 FROM sqlite_schema", [], |row| row.get(0))?;
        if !is_new && (id != APPLICATION_ID || !(1..=SCHEMA_VERSION).contains(&version)) {
            return Err(foreign());
        }
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
             PRAGMA trusted_schema = OFF; PRAGMA journal_size_limit = 67108864;",
        )?;
        if is_new {
            let transaction = connection.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            transaction.execute_batch(parked::SCHEMA)?;
            transaction.execute_batch(receipts::SCHEMA)?;
            transaction.execute_batch(codes::SCHEMA)?;
            transaction.execute_batch(standing::SCHEMA)?;
            transaction.execute("CREATE TABLE place (store TEXT NOT NULL)", [])?;
            transaction.execute("INSERT INTO place VALUES (?1)", [store])?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
        } else if version < SCHEMA_VERSION {
            let transaction = connection.transaction()?;
            if version < 2 {
                transaction.execute_batch(parked::SCHEMA)?;
            }
            if version < 3 {
                // What was copied before is found by HQ alone.
                transaction.execute_batch(receipts::SCHEMA)?;
            }
            if version < 4 {
                // What was used before stands in the lanes' own books, and in HQ's.
                transaction.execute_batch(codes::SCHEMA)?;
            }
            transaction.execute_batch(standing::SCHEMA)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
        }
        let found: String = connection.query_row("SELECT store FROM place", [], |row| row.get(0))?;
        if found != store {
            let file = path.display().to_string();
            return Err(BookError::OtherStore { file, found, wanted: store.to_owned() });
        }
        Ok(Self { store: found, connection: Mutex::new(connection) })
    }

    /// The store's code.
    pub fn store(&self) -> &str {
        &self.store
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write<T>(&self, act: impl FnOnce(&Transaction<'_>) -> Result<T, BookError>) -> Result<T, BookError> {
        let mut connection = self.connection();
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let done = act(&transaction)?;
        transaction.commit()?;
        Ok(done)
    }

    /// HQ has taken this key as a lane's.
    pub fn note_key(&self, lane: u32, key: &SecretHash) -> Result<(), BookError> {
        self.write(|writing| {
            writing.execute(
                "INSERT INTO lane (lane, key_hash) VALUES (?1, ?2)
                 ON CONFLICT (lane) DO UPDATE SET key_hash = excluded.key_hash",
                params![lane, key.as_bytes()],
            )?;
            Ok(())
        })
    }

    /// HQ does not take this key any more.
    pub fn forget_key(&self, lane: u32, key: &SecretHash) -> Result<(), BookError> {
        self.write(|writing| {
            writing.execute(
                "DELETE FROM lane WHERE lane = ?1 AND key_hash = ?2",
                params![lane, key.as_bytes()],
            )?;
            Ok(())
        })
    }

    /// Remembers what HQ thinks of a lane's key: whom it let in last is let in while it cannot be asked.
    pub fn note_verdict(&self, lane: u32, key: &SecretHash, takes: bool) -> Result<(), BookError> {
        match (takes, self.knows_key(lane, key)?) {
            (true, false) => self.note_key(lane, key),
            (false, true) => self.forget_key(lane, key),
            (true, true) | (false, false) => Ok(()),
        }
    }

    /// Whether this is the key of a lane that HQ took last.
    pub fn knows_key(&self, lane: u32, key: &SecretHash) -> Result<bool, BookError> {
        let known: Option<[u8; 32]> = self
            .connection()
            .query_row("SELECT key_hash FROM lane WHERE lane = ?1", [lane], |row| row.get(0))
            .optional()?;
        Ok(known.is_some_and(|known| SecretHash::from_bytes(known) == *key))
    }

    /// The lane of which HQ took this key last.
    pub fn lane_of_key(&self, key: &SecretHash) -> Result<Option<u32>, BookError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached("SELECT lane, key_hash FROM lane")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            if SecretHash::from_bytes(row.get(1)?) == *key {
                return Ok(Some(row.get(0)?));
            }
        }
        Ok(None)
    }

    /// The lanes that HQ let in, by number, with how far their newest journal is copied.
    pub fn lanes(&self) -> Result<Vec<(u32, Option<Position>)>, BookError> {
        let connection = self.connection();
        let mut select = connection.prepare_cached(
            "SELECT lane.lane, epoch, seq FROM lane LEFT JOIN copy ON copy.lane = lane.lane
             AND epoch = (SELECT max(epoch) FROM copy WHERE copy.lane = lane.lane) ORDER BY lane.lane",
        )?;
        let rows = select.query_map([], |row| {
            let lane = row.get(0)?;
            let (epoch, seq): (Option<u32>, Option<u64>) = (row.get(1)?, row.get(2)?);
            Ok((lane, epoch.zip(seq).map(|(epoch, seq)| Position { lane, epoch, seq })))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// How far a journal is copied; `None` before the first.
    pub fn copied(&self, lane: u32, epoch: u32) -> Result<Option<Copied>, BookError> {
        copied(&self.connection(), lane, epoch)
    }

    /// Begins the copy of a journal behind what HQ has of it.
    pub fn begin_copy(&self, lane: u32, epoch: u32, at: Copied) -> Result<(), BookError> {
        self.write(|writing| {
            writing.execute(
                "INSERT INTO copy (lane, epoch, seq, hash, at_ms) VALUES (?1, ?2, ?3, ?4, 0)
                 ON CONFLICT DO NOTHING",
                params![lane, epoch, at.seq, at.hash.as_bytes()],
            )?;
            Ok(())
        })
    }

    /// How far the journal of a lane that HQ let in is copied; `None` where HQ is to be asked first.
    pub fn copy_of(&self, lane: u32, key: &SecretHash, epoch: u32) -> Result<Option<PushAnswer>, BookError> {
        let is_known = self.knows_key(lane, key)?;
        Ok(self.copied(lane, epoch)?.filter(|_| is_known).map(|at| at.answer(epoch)))
    }

    /// Begins the copy of a journal behind what HQ says that it has of it, where there is none yet. Says how far it is;
    /// `None` where HQ's head is no hash.
    pub fn copy_behind(
        &self,
        lane: u32,
        epoch: u32,
        at_hq: &PushAnswer,
    ) -> Result<Option<PushAnswer>, BookError> {
        let Ok(hash) = ChainHash::parse(&at_hq.head) else { return Ok(None) };
        let at = Copied { seq: at_hq.acknowledged, hash };
        self.begin_copy(lane, epoch, at)?;
        Ok(Some(self.copied(lane, epoch)?.unwrap_or(at).answer(epoch)))
    }

    /// Takes in a run of a lane's journal, as far as it is new and follows
    /// what is here. The inner refusal says what the lane sends instead.
    pub fn take_in(
        &self,
        lane: u32,
        batch: &Batch<'_>,
        now_ms: i64,
    ) -> Result<Result<PushAnswer, PushRefusal>, BookError> {
        let epoch = batch.head.epoch;
        self.write(|writing| {
            let Some(here) = copied(writing, lane, epoch)? else {
                return Ok(Err(PushRefusal::Gap { acknowledged: 0 }));
            };
            let before = batch.head.first_seq.saturating_sub(1);
            if before > here.seq {
                return Ok(Err(PushRefusal::Gap { acknowledged: here.seq }));
            }
            let at_here = match usize::try_from(here.seq - before) {
                Ok(0) => Some(batch.previous),
                Ok(count) => batch.events.get(count - 1).map(|(hash, _)| *hash),
                Err(_) => None,
            };
            match at_here {
                // It is all known, as far as anybody remembers.
                None => return Ok(Ok(here.answer(epoch))),
                Some(hash) if hash != here.hash => return Ok(Err(PushRefusal::Fork { seq: here.seq })),
                Some(_) => {}
            }
            let mut at = here;
            let mut at_ms = None;
            let known = usize::try_from(here.seq - before).unwrap_or(usize::MAX);
            for (hash, bytes) in batch.events.iter().skip(known) {
                at = Copied { seq: at.seq + 1, hash: *hash };
                // What cannot be read is HQ's to set aside; the chain goes on.
                let Ok(event) = event::decode(bytes) else {
                    standing::not_read(writing, lane)?;
                    continue;
                };
                at_ms = at_ms.max(Some(event.at_ms));
                self.keep(writing, lane, epoch, at.seq, (&event, bytes), now_ms)?;
            }
            writing.execute(
                "UPDATE copy SET seq = ?3, hash = ?4, at_ms = max(at_ms, ?5) WHERE lane = ?1 AND epoch = ?2",
                params![lane, epoch, at.seq, at.hash.as_bytes(), at_ms.unwrap_or(0)],
            )?;
            if let Some(at_ms) = at_ms {
                free_claims(writing, standing::At { lane, epoch, seq: at.seq }, at_ms)?;
            }
            Ok(Ok(at.answer(epoch)))
        })
    }

    // Of some forty kinds few are about what one lane alone may have.
    #[allow(clippy::wildcard_enum_match_arm)]
    fn keep(
        &self,
        writing: &Transaction<'_>,
        lane: u32,
        epoch: u32,
        seq: u64,
        (event, bytes): (&Event, &[u8]),
        now_ms: i64,
    ) -> Result<(), BookError> {
        let sale = match &event.fact {
            Fact::SaleCompleted { sale } => sale,
            Fact::BasketOffered { parked } => return parked::offer(writing, lane, epoch, parked),
            Fact::BasketRecalled { basket, staff: _ } => {
                let own = ParkedId { lane, epoch, number: *basket };
                return parked::end(writing, own, lane, now_ms);
            }
            Fact::BasketTaken { from, .. } => return parked::end(writing, *from, lane, now_ms),
            Fact::EpochBegun { .. } => return parked::follow(writing, lane, epoch),
            Fact::LeaseReturned { grant } => {
                return standing::give_back(writing, &standing::At { lane, epoch, seq }, &grant.lease);
            }
            Fact::Phone(fact) => return codes::keep(writing, lane, (event.at_ms, now_ms), fact),
            Fact::BuyerNamed { document, buyer, staff: _ } => {
                let sale = Origin { store: self.store.clone(), lane, epoch, seq: *document };
                let Some((sale, day)) = receipts::to_be_named(writing, &sale)? else { return Ok(()) };
                let number = keep_document(writing, (lane, epoch, seq), bytes, now_ms)?;
                return receipts::name(writing, &sale, &day, number, &buyer.member);
            }
            _ => return Ok(()),
        };
        let number = keep_document(writing, (lane, epoch, seq), bytes, now_ms)?;
        receipts::keep(writing, number, event, sale)?;
        standing::spend(writing, sale)?;
        for origin in sale.returns.iter().filter_map(|returned| returned.origin.as_ref()) {
            if origin.store != self.store {
                continue;
            }
            writing.execute(
                "INSERT INTO came_back (lane, epoch, seq, document) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT DO NOTHING",
                params![origin.lane, origin.epoch, origin.seq, number],
            )?;
            release(writing, origin, lane)?;
        }
        for code in &sale.coupons_back {
            writing.execute("DELETE FROM coupon WHERE code = ?1 AND is_spent = 1", [code])?;
        }
        for spent in &sale.coupons {
            writing.execute(
                "INSERT INTO coupon (code, by_lane, until_ms, is_spent) VALUES (?1, ?2, ?3, 1)
                 ON CONFLICT (code) DO UPDATE SET is_spent = 1",
                params![spent.code, lane, now_ms],
            )?;
        }
        Ok(())
    }

    /// Lets one lane alone give back what is left of a sale of this store;
    /// `None` where the sale is not here, so that nobody knows.
    pub fn claim_receipt(
        &self,
        lane: u32,
        origin: &Origin,
        now_ms: i64,
    ) -> Result<Option<Answer>, BookError> {
        if origin.store != self.store {
            return Ok(None);
        }
        self.write(|writing| {
            let Some((sale, later)) = receipt(writing, origin)? else { return Ok(None) };
            let refuse = |why| Ok(Some(Answer::ReceiptNotClaimed { why }));
            let until_ms = now_ms.saturating_add(CLAIM_MS);
            let mut book = ReceiptBook { claim: self.claim_of(writing, origin)?, ..ReceiptBook::default() };
            let lines: Vec<(u32, i64)> = sale.lines.iter().map(|line| (line.line, line.quantity)).collect();
            book.sell(&lines);
            for (number, document) in later.iter().enumerate() {
                // Whoever gave it back holds nothing by it any more.
                let nobody = LaneId { store: String::new(), lane: 0 };
                let back =
                    document.returns.iter().filter(|returned| returned.origin.as_ref() == Some(origin));
                let lines: Vec<(u32, i64)> =
                    back.map(|returned| (returned.line, returned.quantity)).collect();
                book.give_back(&nobody, &number.to_string(), &lines);
            }
            match book.claim(&self.lane(lane), until_ms) {
                Err(NotClaimed::Used) => return refuse(ReceiptRefused::NothingLeft),
                Err(NotClaimed::Held) => return refuse(ReceiptRefused::Held),
                Ok(()) => {}
            }
            if later.len() > LATER_DOCUMENTS_MAX {
                return Ok(None);
            }
            put_claim(writing, origin, lane, until_ms)?;
            Ok(Some(Answer::ReceiptClaimed { sale: Box::new(sale), later, until_ms }))
        })
    }

    fn lane(&self, lane: u32) -> LaneId {
        LaneId { store: self.store.clone(), lane }
    }

    fn claim_of(&self, reading: &Connection, origin: &Origin) -> Result<Option<Claim>, BookError> {
        let found = reading
            .query_row(
                "SELECT by_lane, until_ms FROM receipt_claim WHERE lane = ?1 AND epoch = ?2 AND seq = ?3",
                params![origin.lane, origin.epoch, origin.seq],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        Ok(found.map(|(lane, until_ms)| Claim { lane: self.lane(lane), until_ms, left_behind: false }))
    }

    /// Holds HQ's claim against what this store knows: another lane here may
    /// have it, or have given some of it back, and HQ has not heard of it yet.
    pub fn settle_receipt(
        &self,
        lane: u32,
        origin: &Origin,
        answer: Answer,
        now_ms: i64,
    ) -> Result<Answer, BookError> {
        let Answer::ReceiptClaimed { mut sale, mut later, until_ms } = answer else { return Ok(answer) };
        match self.claim_receipt(lane, origin, now_ms)? {
            Some(Answer::ReceiptClaimed { sale: known, later: here, .. }) => {
                // Who was named as its buyer, HQ may not have heard.
                *sale = sale.bought_by(known.buyer);
                for document in here {
                    if !later.contains(&document) {
                        later.push(document);
                    }
                }
            }
            Some(refused) => return Ok(refused),
            // Of another store, or older than this relay.
            None => {}
        }
        if origin.store == self.store {
            // The lane goes by what HQ said.
            self.write(|writing| put_claim(writing, origin, lane, until_ms))?;
        }
        Ok(Answer::ReceiptClaimed { sale, later, until_ms })
    }

    /// A lane gives nothing of a sale back any more.
    pub fn release_receipt(&self, lane: u32, origin: &Origin) -> Result<(), BookError> {
        if origin.store != self.store {
            return Ok(());
        }
        self.write(|writing| release(writing, origin, lane))
    }

    /// Why a lane may not spend a coupon, as far as this store knows. Where
    /// nothing speaks against it, it is that lane's for now.
    pub fn claim_coupon(
        &self,
        lane: u32,
        code: &str,
        now_ms: i64,
    ) -> Result<Option<CouponRefused>, BookError> {
        self.write(|writing| {
            let found: Option<(u32, bool)> = writing
                .query_row("SELECT by_lane, is_spent FROM coupon WHERE code = ?1", [code], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()?;
            match found {
                Some((_, true)) => return Ok(Some(CouponRefused::Used)),
                Some((by, false)) if by != lane => return Ok(Some(CouponRefused::Reserved)),
                Some(_) | None => {}
            }
            writing.execute(
                "INSERT INTO coupon (code, by_lane, until_ms, is_spent) VALUES (?1, ?2, ?3, 0)
                 ON CONFLICT (code) DO UPDATE SET until_ms = excluded.until_ms",
                params![code, lane, now_ms.saturating_add(CLAIM_MS)],
            )?;
            Ok(None)
        })
    }

    /// A lane does not want to spend a coupon any more.
    pub fn release_coupon(&self, lane: u32, code: &str) -> Result<(), BookError> {
        self.write(|writing| release_coupon(writing, lane, code))
    }

    /// Lets go of what is older than anybody asks for. Says how many documents went.
    pub fn tend(&self, now_ms: i64) -> Result<usize, BookError> {
        self.write(|writing| {
            let old = now_ms.saturating_sub(KEPT_MS);
            let gone = writing.execute(
                "DELETE FROM document WHERE kept_ms < ?1
                 OR number <= (SELECT max(number) FROM document) - ?2",
                params![old, DOCUMENTS_MAX],
            )?;
            writing.execute("DELETE FROM coupon WHERE until_ms < ?1", [old])?;
            writing.execute("DELETE FROM receipt_claim WHERE until_ms < ?1", [old])?;
            parked::tend(writing, old)?;
            codes::tend(writing, now_ms)?;
            standing::tend(writing, old, now_ms)?;
            Ok(gone)
        })
    }

    /// How far each journal is copied.
    pub fn copies(&self) -> Result<Vec<LaneCopied>, BookError> {
        let connection = self.connection();
        let mut select =
            connection.prepare_cached("SELECT lane, epoch, seq, at_ms FROM copy ORDER BY lane, epoch")?;
        let rows = select.query_map([], |row| {
            Ok(LaneCopied { lane: row.get(0)?, epoch: row.get(1)?, seq: row.get(2)?, at_ms: row.get(3)? })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

fn copied(reading: &Connection, lane: u32, epoch: u32) -> Result<Option<Copied>, BookError> {
    let found = reading
        .prepare_cached("SELECT seq, hash FROM copy WHERE lane = ?1 AND epoch = ?2")?
        .query_row(params![lane, epoch], |row| Ok((row.get(0)?, row.get::<_, [u8; 32]>(1)?)))
        .optional()?;
    Ok(found.map(|(seq, hash)| Copied { seq, hash: ChainHash::from_bytes(hash) }))
}

/// A sale of this store, and what gave some of it back, in the order in which it came.
fn receipt(reading: &Connection, origin: &Origin) -> Result<Option<(Sale, Vec<Sale>)>, BookError> {
    let body: Option<Vec<u8>> = reading
        .query_row(
            "SELECT body FROM document WHERE lane = ?1 AND epoch = ?2 AND seq = ?3",
            params![origin.lane, origin.epoch, origin.seq],
            |row| row.get(0),
        )
        .optional()?;
    let Some(sale) = body.and_then(|body| sale_of(&body)) else { return Ok(None) };
    let sale = sale.bought_by(receipts::named_for(reading, origin)?);
    let mut select = reading.prepare_cached(
        "SELECT body FROM came_back JOIN document ON number = document
         WHERE came_back.lane = ?1 AND came_back.epoch = ?2 AND came_back.seq = ?3 ORDER BY number",
    )?;
    let bodies =
        select.query_map(params![origin.lane, origin.epoch, origin.seq], |row| row.get::<_, Vec<u8>>(0))?;
    let mut later = Vec::new();
    for body in bodies {
        later.extend(sale_of(&body?));
    }
    Ok(Some((sale, later)))
}

/// Keeps the bytes of an event, once; gives the number under which they are kept.
fn keep_document(
    writing: &Transaction<'_>,
    (lane, epoch, seq): (u32, u32, u64),
    bytes: &[u8],
    now_ms: i64,
) -> Result<i64, BookError> {
    writing.execute(
        "INSERT INTO document (lane, epoch, seq, kept_ms, body) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT DO NOTHING",
        params![lane, epoch, seq, now_ms, bytes],
    )?;
    Ok(writing.query_row(
        "SELECT number FROM document WHERE lane = ?1 AND epoch = ?2 AND seq = ?3",
        params![lane, epoch, seq],
        |row| row.get(0),
    )?)
}

// What is kept beside documents names the buyer of one.
#[allow(clippy::wildcard_enum_match_arm)]
fn sale_of(body: &[u8]) -> Option<Sale> {
    match event::decode(body).ok()?.fact {
        Fact::SaleCompleted { sale } => Some(sale),
        _ => None,
    }
}

fn put_claim(writing: &Transaction<'_>, origin: &Origin, lane: u32, until_ms: i64) -> Result<(), BookError> {
    writing.execute(
        "INSERT INTO receipt_claim (lane, epoch, seq, by_lane, until_ms) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (lane, epoch, seq) DO UPDATE
         SET by_lane = excluded.by_lane, until_ms = max(until_ms, excluded.until_ms)",
        params![origin.lane, origin.epoch, origin.seq, lane, until_ms],
    )?;
    Ok(())
}

fn release(writing: &Transaction<'_>, origin: &Origin, lane: u32) -> Result<(), BookError> {
    writing.execute(
        "DELETE FROM receipt_claim WHERE lane = ?1 AND epoch = ?2 AND seq = ?3 AND by_lane = ?4",
        params![origin.lane, origin.epoch, origin.seq, lane],
    )?;
    Ok(())
}

fn release_coupon(writing: &Transaction<'_>, lane: u32, code: &str) -> Result<(), BookError> {
    writing.execute(
        "DELETE FROM coupon WHERE code = ?1 AND by_lane = ?2 AND is_spent = 0",
        params![code, lane],
    )?;
    Ok(())
}

/// What a lane claimed is free once its own journal is past the claim's end.
fn free_claims(writing: &Transaction<'_>, at: standing::At, at_ms: i64) -> Result<(), BookError> {
    let over = at_ms.saturating_sub(CLAIM_MARGIN_MS);
    let lane = at.lane;
    standing::free(writing, &at, over)?;
    writing.execute("DELETE FROM receipt_claim WHERE by_lane = ?1 AND until_ms < ?2", params![lane, over])?;
    writing.execute(
        "DELETE FROM coupon WHERE by_lane = ?1 AND until_ms < ?2 AND is_spent = 0",
        params![lane, over],
    )?;
    codes::free(writing, lane, over)?;
    parked::free(writing, lane, over)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file as an earlier relay left it, with a coupon that lane 1 has.
    fn file(path: &Path, version: i64) {
        let connection = Connection::open(path).expect("a file");
        connection.execute_batch(SCHEMA).expect("the first form");
        for (since, tables) in [(2, parked::SCHEMA), (3, receipts::SCHEMA), (4, codes::SCHEMA)] {
            if version >= since {
                connection.execute_batch(tables).expect("a later form");
            }
        }
        connection.execute_batch("CREATE TABLE place (store TEXT NOT NULL)").expect("a table");
        connection.execute("INSERT INTO place VALUES ('S1')", []).expect("its store");
        connection.execute("INSERT INTO coupon VALUES ('C1', 1, 5, 0)", []).expect("a coupon");
        connection.pragma_update(None, "application_id", APPLICATION_ID).expect("ours");
        connection.pragma_update(None, "user_version", version).expect("its form");
    }

    #[test]
    fn a_file_of_every_earlier_relay_goes_on() {
        let folder = tempfile::tempdir().expect("a folder");
        for version in 1..=SCHEMA_VERSION {
            let path = folder.path().join(format!("{version}.db"));
            if version == SCHEMA_VERSION {
                Book::open(&path, "S1").expect("a new one");
            } else {
                file(&path, version);
            }
            for _ in 0..2 {
                let book = Book::open(&path, "S1").expect("it goes on");
                let id = "07".repeat(12);
                let claimed = book.claim_code(1, &id, 1_000).expect("its tables are there");
                assert!(matches!(claimed, Answer::CodeClaimed { .. }), "{version}: {claimed:?}");
                let held = book.claim_coupon(2, "C1", 1_000).expect("its tables are there");
                let is_old = version < SCHEMA_VERSION;
                assert_eq!(
                    held,
                    is_old.then_some(CouponRefused::Reserved),
                    "{version}: what it knew it knows"
                );
                book.parked(1, 1, &[], 0).expect("its tables are there");
                book.release_coupon(2, "C1").expect("released");
                assert_eq!(book.instance().expect("its tables are there").len(), 32);
                assert_eq!(book.standing().expect("its tables are there"), (0, 0));
            }
        }
        let newer = folder.path().join("newer.db");
        file(&newer, SCHEMA_VERSION + 1);
        assert!(matches!(Book::open(&newer, "S1"), Err(BookError::Foreign(_))));
    }
}
