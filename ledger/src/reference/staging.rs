//! A whole new reference, made beside the one in use and put in its place at
//! once: for a lane that has much to get.
//!
//! It is a database file of its own, in which nothing is safe: who is stopped
//! begins again. While it is made the one in use is read and written as ever;
//! then its pages are written over those of the other in one transaction
//! ([why](../../../docs/decisions/0041-a-new-lanes-first-goods.md)).

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use protocol::pull::{self, Change};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use super::{Beside, KIND, ReferenceError, ReferenceWriter, Update, read, shelf};
use crate::file::OpenFileError;

/// So much stays free on the disk for the lane's journal, whatever comes.
pub const ROOM_KEPT_BYTES: u64 = 256 << 20;

/// Pages that are put in at one time, 4 MiB; between two of them the disk is
/// waited for, so that a sale never waits for more than that.
const PAGES_AT_A_TIME: i32 = 1_024;

/// What is kept in memory while it is made, KiB.
const CACHE_KIB: i32 = 64 << 10;

/// So many words are gathered before they are written into their index, bytes:
/// fewer pieces of it have to be joined later.
const WORDS_BYTES: u32 = 16 << 20;

/// What SQLite gathers by itself, bytes.
const WORDS_BYTES_USUAL: u32 = 1 << 20;

/// Between so many pieces of work the disk is waited for.
const PIECES_BETWEEN_FLUSHES: usize = 16;

/// How long is waited for somebody who is in the way, and how often.
const WAIT: Duration = Duration::from_millis(5);
const WAITS_MAX: u32 = 1_000;

/// Tables whose indexes are made at the end: quicker, and in order.
const LARGE: &str = "('product', 'code', 'price', 'member_code')";

/// What the agent itself found out, as it is read and written: it stays.
const OWN: &[(&str, &str)] = &[
    (
        "SELECT number, condition, since_ms, battery_mv, seen_ms, body, not_struck FROM label_state",
        "INSERT INTO label_state (number, condition, since_ms, battery_mv, seen_ms, body, not_struck)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    ),
    ("SELECT host, body FROM gateway", "INSERT INTO gateway (host, body) VALUES (?1, ?2)"),
    (
        "SELECT sku, unit, from_ms, until_ms, lowest, last FROM deal",
        "INSERT INTO deal (sku, unit, from_ms, until_ms, lowest, last) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    ),
    (
        "SELECT sku, unit, lane, from_ms, price, member_price, label FROM shelf_cap WHERE lane = 0",
        "INSERT INTO shelf_cap (sku, unit, lane, from_ms, price, member_price, label)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    ),
    (
        "SELECT is_kept, epoch, seq, body FROM shelf",
        "UPDATE shelf SET is_kept = ?1, epoch = ?2, seq = ?3, body = ?4",
    ),
    (
        "SELECT sku, unit, at_ms, lane, epoch, seq, is_done FROM label_waiver",
        "INSERT INTO label_waiver (sku, unit, at_ms, lane, epoch, seq, is_done)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (sku, unit) DO UPDATE
         SET at_ms = excluded.at_ms, lane = excluded.lane, epoch = excluded.epoch, seq = excluded.seq,
             is_done = excluded.is_done
         WHERE (excluded.at_ms, excluded.lane, excluded.epoch, excluded.seq)
             >= (label_waiver.at_ms, label_waiver.lane, label_waiver.epoch, label_waiver.seq)",
    ),
    (
        "SELECT store, lane, epoch, acknowledged, quarantined, contact_ms, alarm, apart_ms FROM state",
        "UPDATE state SET store = ?1, lane = ?2, epoch = ?3, acknowledged = ?4, quarantined = ?5,
                          contact_ms = ?6, alarm = ?7, apart_ms = ?8",
    ),
];

/// A reference that is being made. Dropped, its file is gone.
#[derive(Debug)]
pub struct Staging {
    connection: Connection,
    path: PathBuf,
    /// The same file, to wait for its disk.
    file: File,
    /// How indexes are made that wait for the end.
    indexes: Vec<String>,
    room_kept: u64,
    /// Pieces of work since the disk was waited for.
    pieces: usize,
}

impl Drop for Staging {
    fn drop(&mut self) {
        // The next one begins by taking it away.
        let _ = fs::remove_file(&self.path);
    }
}

impl Staging {
    /// Begins an empty one at a path of its own, in the place of whatever is there.
    pub fn begin(path: &Path) -> Result<Self, ReferenceError> {
        let io = |source| OpenFileError::Io { file: path.to_owned(), source };
        forget(path).map_err(io)?;
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(io)?;
        let connection = Connection::open(path)?;
        connection.pragma_update_and_check(None, "journal_mode", "OFF", |_| Ok(()))?;
        connection.pragma_update(None, "synchronous", "OFF")?;
        connection.pragma_update(None, "trusted_schema", false)?;
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        connection.execute_batch(&format!(
            "BEGIN; {} PRAGMA application_id = {}; PRAGMA user_version = {};
             UPDATE state SET faces = 0; COMMIT;
             INSERT INTO product_word (product_word, rank) VALUES ('hashsize', {WORDS_BYTES});",
            KIND.schema, KIND.application_id, KIND.version
        ))?;
        let mut indexes = Vec::new();
        let named: Vec<(String, String)> = connection
            .prepare(&format!(
                "SELECT name, sql FROM sqlite_schema
                 WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN {LARGE} ORDER BY rowid"
            ))?
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        for (name, sql) in named {
            connection.execute_batch(&format!("DROP INDEX {name}"))?;
            indexes.push(sql);
        }
        Ok(Self { connection, path: path.to_owned(), file, indexes, room_kept: ROOM_KEPT_BYTES, pieces: 0 })
    }

    /// Keeps more or less free than [`ROOM_KEPT_BYTES`].
    pub fn keep_free(&mut self, bytes: u64) {
        self.room_kept = bytes;
    }

    /// Takes in changes; each thing must come once.
    pub fn apply(&mut self, changes: &[Change]) -> Result<(), ReferenceError> {
        check_room(&self.path, self.room_kept)?;
        self.update(|update| changes.iter().try_for_each(|change| update.apply(change)))?;
        self.rest()
    }

    /// Makes what follows from everything that came.
    pub fn finish(&mut self) -> Result<(), ReferenceError> {
        for sql in std::mem::take(&mut self.indexes) {
            check_room(&self.path, self.room_kept)?;
            self.connection.execute_batch(&sql)?;
            self.flush()?;
        }
        let mut after = String::new();
        while self.update(|update| update.make_faces_after(&mut after))? {
            check_room(&self.path, self.room_kept)?;
            self.rest()?;
        }
        self.connection.execute_batch(&format!(
            "UPDATE state SET faces = 1;
             INSERT INTO product_word (product_word, rank) VALUES ('hashsize', {WORDS_BYTES_USUAL});"
        ))?;
        self.flush()
    }

    fn update<T>(
        &mut self,
        change: impl FnOnce(&Update<'_>) -> Result<T, ReferenceError>,
    ) -> Result<T, ReferenceError> {
        let update = Update::begin(&mut self.connection, Beside::Nothing)?;
        let done = change(&update)?;
        update.transaction.commit()?;
        Ok(done)
    }

    /// How large it is, bytes.
    pub fn bytes(&self) -> Result<u64, ReferenceError> {
        Ok(self.file.metadata().map_err(|source| self.io(source))?.len())
    }

    fn io(&self, source: io::Error) -> ReferenceError {
        OpenFileError::Io { file: self.path.clone(), source }.into()
    }

    fn rest(&mut self) -> Result<(), ReferenceError> {
        self.pieces += 1;
        if self.pieces % PIECES_BETWEEN_FLUSHES == 0 { self.flush() } else { Ok(()) }
    }

    /// Waits for the disk: not for safety, but so that the machine has little
    /// to write when the lane's journal wants to.
    fn flush(&self) -> Result<(), ReferenceError> {
        self.file.sync_data().map_err(|source| self.io(source))
    }

    /// Takes over from the reference in use what the agent itself knows.
    fn take_over(&mut self, from: &Connection, version: u64) -> Result<(), ReferenceError> {
        let transaction = self.connection.transaction()?;
        for (select, insert) in OWN {
            copy(from, select, &transaction, insert)?;
        }
        let mut labels = from.prepare("SELECT number, body FROM label")?;
        let mut rows = labels.query([])?;
        while let Some(row) = rows.next()? {
            let number: String = row.get(0)?;
            // One that cannot be read is what HQ says it is.
            if let Ok(label) = read::<pull::Label>(row.get_ref(1)?.as_str().unwrap_or_default(), "label") {
                shelf::put_label(&transaction, &number, &label)?;
            }
        }
        transaction.execute(
            "UPDATE state SET version = ?1, goods_version = ?1, pictures_version = ?1, outdated = 0",
            [version],
        )?;
        Ok(transaction.commit()?)
    }
}

/// Takes away what another one has left at a path.
pub fn forget(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Lets everything else on the machine go first, for the thread that asks.
pub fn go_last() {
    // Where it is refused the work is done all the same.
    let _ = rustix::process::setpriority_process(None, 10);
}

/// How much is free on the disk of a folder, bytes.
///
/// # Errors
/// There is no such folder.
pub fn free_room(folder: &Path) -> Result<u64, ReferenceError> {
    let found = rustix::fs::statvfs(folder)
        .map_err(|error| OpenFileError::Io { file: folder.to_owned(), source: error.into() })?;
    Ok(found.f_bavail.saturating_mul(found.f_frsize))
}

/// Refuses where less than so much is free beside a file, bytes.
pub fn check_room(path: &Path, needed: u64) -> Result<(), ReferenceError> {
    let free = free_room(path.parent().unwrap_or(Path::new(".")))?;
    if free < needed {
        return Err(ReferenceError::NoRoom {
            needed_mb: needed.div_ceil(1_000_000),
            free_mb: free / 1_000_000,
        });
    }
    Ok(())
}

fn copy(from: &Connection, select: &str, to: &Connection, insert: &str) -> Result<(), ReferenceError> {
    let mut select = from.prepare(select)?;
    let mut insert = to.prepare(insert)?;
    let columns = select.column_count();
    let mut rows = select.query([])?;
    while let Some(row) = rows.next()? {
        let values = (0..columns).map(|at| row.get::<_, Value>(at)).collect::<Result<Vec<_>, _>>()?;
        insert.execute(params_from_iter(values))?;
    }
    Ok(())
}

impl ReferenceWriter {
    /// Puts a finished reference in the place of this one, as a version. Who
    /// reads sees the old one or the new one; on an error it is the old one.
    pub fn put_in(&mut self, mut staging: Staging, version: u64) -> Result<(), ReferenceError> {
        staging.take_over(&self.connection, version)?;
        // Once into the log, and once from there.
        check_room(&staging.path, staging.room_kept.saturating_add(2 * staging.bytes()?))?;
        let (log, mut waits) = (self.log_path(), 0);
        let backup = Backup::new(&staging.connection, &mut self.connection)?;
        loop {
            let step = backup.step(PAGES_AT_A_TIME)?;
            if step == StepResult::Done {
                return Ok(());
            }
            if step != StepResult::More {
                // Nobody else writes; a reader that repairs the log is quick.
                waits += 1;
                if waits > WAITS_MAX {
                    return Err(OpenFileError::InUse { file: staging.path.clone() }.into());
                }
                std::thread::sleep(WAIT);
            }
            if let Some(log) = log.as_deref().and_then(|log| File::open(log).ok()) {
                log.sync_data().map_err(|source| staging.io(source))?;
            }
        }
    }

    /// The log beside the file.
    fn log_path(&self) -> Option<PathBuf> {
        let mut log = self.connection.path().filter(|path| !path.is_empty())?.to_owned();
        log.push_str("-wal");
        Some(log.into())
    }
}

#[cfg(test)]
#[path = "staging/tests.rs"]
mod tests;
