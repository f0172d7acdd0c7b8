//! `reference.db`: what HQ told us, rebuildable, written by the agent alone.
//!
//! Beside goods, people and promotions it holds what the lane wants to know of
//! its agent: who the lane is, how far HQ has its journal, and when HQ last
//! answered.

mod face;
mod forms;
pub mod orders;
pub mod pictures;
mod priced;
pub mod shelf;
pub mod staging;
pub mod transfers;
mod words;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use domain::barcode::Gtin;
use domain::catalogue::{Catalogue, Found, Item, KIT_PARTS_MAX, KitPart, LookUpError, PRICES_MAX};
use domain::coupon::Coupon;
use domain::member::Member;
use domain::money::{Money, Quantity};
use domain::promotion::PromotionSet;
use domain::till::kiosk::{LEARNED_MAX, SecurityWeight, Weighing};
use protocol::promotion::PromotionForm;
use protocol::pull::{self, Change, Entity};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::file::{self, Kind, OpenFileError, Trial, WriterLock};
use crate::journal::Identity;
use crate::popular::Popular;
use crate::search;

use face::Face;
use shelf::Shelf;
use words::words_of;

const KIND: Kind = Kind {
    name: "Guitai reference",
    application_id: i32::from_be_bytes(*b"GTrf"),
    version: 11,
    schema: concat!(
        "
        CREATE TABLE compatibility (
            one        INTEGER PRIMARY KEY CHECK (one = 1),
            min_reader INTEGER NOT NULL
        ) STRICT;
        INSERT INTO compatibility VALUES (1, 3);
        CREATE TABLE state (
            one             INTEGER PRIMARY KEY CHECK (one = 1),
            version         INTEGER NOT NULL DEFAULT 0,
            store           TEXT,
            lane            INTEGER,
            epoch           INTEGER,
            acknowledged    INTEGER NOT NULL DEFAULT 0,
            quarantined     INTEGER NOT NULL DEFAULT 0,
            contact_ms      INTEGER,
            alarm           TEXT,
            outdated        INTEGER NOT NULL DEFAULT 0,
            faces           INTEGER NOT NULL DEFAULT 0,
            goods_version   INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO state (one, faces) VALUES (1, 1);
        CREATE TABLE store (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE category (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE TABLE staff (id TEXT PRIMARY KEY, number TEXT NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE TABLE product (
            id         INTEGER PRIMARY KEY,
            sku        TEXT NOT NULL UNIQUE,
            plu        TEXT NOT NULL,
            category   TEXT NOT NULL,
            pin        INTEGER NOT NULL,
            body       TEXT NOT NULL,
            department TEXT NOT NULL DEFAULT ''
        ) STRICT;
        CREATE INDEX product_by_plu ON product (plu) WHERE plu <> '';
        CREATE INDEX product_by_category ON product (category, sku);
        CREATE INDEX product_by_pin ON product (pin) WHERE pin > 0;
        CREATE INDEX product_by_department ON product (department) WHERE department <> '';
        CREATE TABLE code (
            gtin TEXT NOT NULL,
            sku  TEXT NOT NULL,
            unit TEXT NOT NULL DEFAULT '',
            PRIMARY KEY (gtin, sku)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX code_by_sku ON code (sku);
        CREATE TABLE face (gtin INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE promotion (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE price (
            key     TEXT PRIMARY KEY,
            sku     TEXT NOT NULL,
            from_ms INTEGER NOT NULL,
            body    TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX price_by_sku ON price (sku, from_ms);
        CREATE TABLE tax_class (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE member (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE member_code (
            code   TEXT NOT NULL,
            member TEXT NOT NULL,
            PRIMARY KEY (code, member)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX member_code_by_member ON member_code (member);
        CREATE TABLE coupon (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE code_key (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE VIRTUAL TABLE product_word USING fts5 (
            words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
        );
    ",
        include_str!("../schemas/reference-labels.sql"),
        include_str!("../schemas/reference-deals.sql"),
        include_str!("../schemas/reference-orders.sql"),
        include_str!("../schemas/reference-weights.sql"),
        include_str!("../schemas/reference-pictures.sql"),
        include_str!("../schemas/reference-transfers.sql"),
        include_str!("../schemas/reference-amounts.sql")
    ),
    upgrades: &[
        "
        DROP TABLE promotion_item;
        ALTER TABLE state ADD COLUMN outdated INTEGER NOT NULL DEFAULT 0;
        UPDATE state SET outdated = 1 WHERE version > 0;
        ALTER TABLE product ADD COLUMN department TEXT NOT NULL DEFAULT '';
        CREATE INDEX product_by_department ON product (department) WHERE department <> '';
        ALTER TABLE code ADD COLUMN unit TEXT NOT NULL DEFAULT '';
        CREATE TABLE price (
            key     TEXT PRIMARY KEY,
            sku     TEXT NOT NULL,
            from_ms INTEGER NOT NULL,
            body    TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX price_by_sku ON price (sku, from_ms);
        CREATE TABLE tax_class (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
    ",
        "
        UPDATE state SET outdated = 1 WHERE version > 0;
        CREATE TABLE member (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
        CREATE TABLE member_code (
            code   TEXT NOT NULL,
            member TEXT NOT NULL,
            PRIMARY KEY (code, member)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX member_code_by_member ON member_code (member);
        CREATE TABLE coupon (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;
    ",
        "
        CREATE TABLE compatibility (
            one        INTEGER PRIMARY KEY CHECK (one = 1),
            min_reader INTEGER NOT NULL
        ) STRICT;
        INSERT INTO compatibility VALUES (1, 3);
        ALTER TABLE state ADD COLUMN faces INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE face (gtin INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;
    ",
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;",
            include_str!("../schemas/reference-labels.sql")
        ),
        // A program that did not know grades passed them over.
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;",
            include_str!("../schemas/reference-deals.sql")
        ),
        "
        ALTER TABLE state ADD COLUMN goods_version INTEGER NOT NULL DEFAULT 0;
        UPDATE state SET goods_version = version;
    ",
        // A program that knew no keys, and handed no orders over, passed them over.
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;
             CREATE TABLE code_key (key TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID;",
            include_str!("../schemas/reference-orders.sql")
        ),
        // A program that knew no weights passed them over.
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;",
            include_str!("../schemas/reference-weights.sql")
        ),
        // A program that showed no pictures passed them over.
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;",
            include_str!("../schemas/reference-pictures.sql")
        ),
        // A program that was told of no transfers passed them over.
        concat!(
            "UPDATE state SET outdated = 1 WHERE version > 0;",
            include_str!("../schemas/reference-transfers.sql"),
            include_str!("../schemas/reference-amounts.sql")
        ),
    ],
};

/// The most prices of one item that are looked at: also those of groups that
/// the store has left.
const PRICES_READ_MAX: usize = 4 * PRICES_MAX;

/// What a lane keeps in memory of the file, KiB: the upper pages of a million
/// goods, so that looking one up reads its own pages only.
const CACHE_KIB: i32 = 16 << 10;

/// So many goods that fit are ranked: each costs a read of its row.
const RANKED_MAX: u64 = 200;

/// The first version with price lists, packs, departments and tax classes.
const VERSION_WITH_PRICES: i32 = 2;

/// The first version with members and coupons.
const VERSION_WITH_MEMBERS: i32 = 3;

/// The first version with what lies behind a code in one row.
const VERSION_WITH_FACES: i32 = 4;

/// The first version with shelf labels.
const VERSION_WITH_LABELS: i32 = 5;

/// The first version with what goods were sold at.
const VERSION_WITH_DEALS: i32 = 6;

/// The first version that tells changes of goods from those of people, coupons and caps.
const VERSION_WITH_GOODS: i32 = 7;

/// The first version with keys of scan-and-go.
const VERSION_WITH_KEYS: i32 = 8;

/// The first version with what goods weigh.
const VERSION_WITH_WEIGHTS: i32 = 9;

/// The first version with pictures of goods.
const VERSION_WITH_PICTURES: i32 = 10;

/// The first version with goods by what they cost, and with how far the clock is from HQ's.
const VERSION_WITH_AMOUNTS: i32 = 11;

/// The most keys that are read: those of a large store's lanes with their epochs, and of HQ.
const KEYS_READ_MAX: usize = 1_000;

/// The first version with transfers that HQ ordered.
const VERSION_WITH_TRANSFERS: i32 = 11;

/// The first version with orders of channels.
const VERSION_WITH_ORDERS: i32 = 8;

/// Of so many goods that sell the words are read in one quiet moment: some
/// milliseconds where the disk must be asked.
const WORDS_AT_A_TIME: usize = 64;

/// The most tax classes that a lane keeps in memory; a law has a dozen.
const TAX_CLASSES_KEPT_MAX: usize = 256;

/// So many codes may wait for what lies behind them to be written anew.
const TOUCHED_MAX: usize = 4_096;

/// How far HQ has the lane's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last event that HQ filed; 0 before the first.
    pub acknowledged: u64,
    /// How many of them HQ set aside because it could not read them.
    pub quarantined: u64,
}

impl Position {
    /// What a journal has lost that ends at `last`, where HQ has more of it
    /// than the disk: nothing may be sold under numbers that HQ has already.
    pub fn lost_end(self, last: u64) -> Option<LostEnd> {
        (self.acknowledged > last).then_some(LostEnd { acknowledged: self.acknowledged, last })
    }
}

/// The end of a journal is gone that HQ has filed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "HQ has events up to {acknowledged}, this disk only up to {last}: its end was lost or it is an old copy; enrol the lane again"
)]
pub struct LostEnd {
    /// The last event that HQ filed.
    pub acknowledged: u64,
    /// The last event on the disk.
    pub last: u64,
}

/// What the lane knows of its agent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AgentState {
    /// Who the lane is; `None` before it was enrolled.
    pub identity: Option<Identity>,
    /// The version of the goods; 0 before the first.
    pub version: u64,
    /// How far HQ has the journal.
    pub position: Position,
    /// When HQ last answered, milliseconds UTC by this machine's clock.
    pub contact_ms: Option<i64>,
    /// By how much this machine's clock was ahead of HQ's when HQ last answered, milliseconds; below nothing where it
    /// was behind, `None` where nothing has said so yet.
    pub apart_ms: Option<i64>,
    /// Why nothing is pushed any more, for a person; `None` while all is well.
    pub alarm: Option<String>,
}

/// Why the reference could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ReferenceError {
    /// The file is refused.
    #[error(transparent)]
    File(#[from] OpenFileError),
    /// SQLite's answer.
    #[error("use the reference")]
    Sqlite(#[from] rusqlite::Error),
    /// A row does not hold what its kind says.
    #[error("use the reference: a row of {kind} is not readable; the agent must pull it again")]
    Body {
        /// Which kind.
        kind: &'static str,
        /// Why.
        source: serde_json::Error,
    },
    /// There is no room for new goods beside those in use.
    #[error(
        "take in new goods: {needed_mb} MB must be free on the disk and {free_mb} MB are; the goods in use stay. Make room"
    )]
    NoRoom {
        /// What must be free, MB.
        needed_mb: u64,
        /// What is, MB.
        free_mb: u64,
    },
    /// A row names another that is not there, or a number that cannot be.
    #[error("use the reference: {what} of item {sku} cannot be; call HQ")]
    Item {
        /// The item.
        sku: String,
        /// What of it.
        what: &'static str,
    },
}

impl From<ReferenceError> for LookUpError {
    fn from(error: ReferenceError) -> Self {
        Self(error.to_string())
    }
}

fn agent_state(connection: &Connection) -> rusqlite::Result<AgentState> {
    // An agent of before has not written how far clocks are apart.
    let layout: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let sql = if layout >= VERSION_WITH_AMOUNTS {
        "SELECT version, store, lane, epoch, acknowledged, quarantined, contact_ms, alarm, apart_ms FROM state"
    } else {
        "SELECT version, store, lane, epoch, acknowledged, quarantined, contact_ms, alarm, NULL FROM state"
    };
    connection.prepare_cached(sql)?.query_row([], |row| {
        let identity = match (row.get(1)?, row.get(2)?, row.get(3)?) {
            (Some(store), Some(lane), Some(epoch)) => Some(Identity { store, lane, epoch }),
            _ => None,
        };
        Ok(AgentState {
            identity,
            version: row.get(0)?,
            position: Position { acknowledged: row.get(4)?, quarantined: row.get(5)? },
            contact_ms: row.get(6)?,
            alarm: row.get(7)?,
            apart_ms: row.get(8)?,
        })
    })
}

/// Whether goods, their prices, or the rules and labels about them are others
/// by this: what a lane works out from them is worked out anew. Members and
/// caps change with each sale and each label of the chain, and are looked up
/// whenever they are asked for.
fn is_of_goods(entity: &Entity) -> bool {
    match entity {
        Entity::Store(_)
        | Entity::Category(_)
        | Entity::Product(_)
        | Entity::Promotion(_)
        | Entity::PromotionRule(_)
        | Entity::Price(_)
        | Entity::TaxClass(_)
        | Entity::Label(_)
        | Entity::LabelWaiver(_) => true,
        Entity::Staff(_)
        | Entity::Member(_)
        | Entity::Coupon(_)
        | Entity::ShelfCap(_)
        | Entity::Order(_)
        | Entity::CodeKey(_)
        | Entity::Weight(_)
        | Entity::Picture(_)
        | Entity::Transfer(_) => false,
    }
}

/// The reference, opened by its one writer.
#[derive(Debug)]
pub struct ReferenceWriter {
    connection: Connection,
    _lock: Option<WriterLock>,
}

impl ReferenceWriter {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, ReferenceError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| OpenFileError::Io { file: path.to_owned(), source })?;
        }
        let lock = WriterLock::take(path)?;
        Self::with(file::open_writer(path, &KIND)?, Some(lock))
    }

    /// The same on a trial's disk, without lock.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Self, ReferenceError> {
        Self::with(file::open_trial_writer(path, &KIND, trial)?, None)
    }

    fn with(connection: Connection, lock: Option<WriterLock>) -> Result<Self, ReferenceError> {
        let mut writer = Self { connection, _lock: lock };
        words::renew(&writer.connection)?;
        writer.make_faces()?;
        Ok(writer)
    }

    /// Writes what lies behind every code, where an older program has not.
    fn make_faces(&mut self) -> Result<(), ReferenceError> {
        let made: bool = self.connection.query_row("SELECT faces FROM state", [], |row| row.get(0))?;
        if made {
            return Ok(());
        }
        let update = self.begin()?;
        let mut after = String::new();
        while update.make_faces_after(&mut after)? {}
        update.transaction.execute("UPDATE state SET faces = 1", [])?;
        Ok(update.transaction.commit()?)
    }

    /// What is known now.
    pub fn state(&self) -> Result<AgentState, ReferenceError> {
        Ok(agent_state(&self.connection)?)
    }

    /// Whether a program that knew less pulled what is here: what it passed
    /// over comes only when everything is pulled again. Until then what is
    /// here serves.
    pub fn is_outdated(&self) -> Result<bool, ReferenceError> {
        Ok(self.connection.query_row("SELECT outdated FROM state", [], |row| row.get(0))?)
    }

    /// Says who the lane is; the goods stay, the position begins anew. What is
    /// known of labels stays where the lane stands where it stood.
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), ReferenceError> {
        let known = self.state()?.identity;
        if known.is_some_and(|known| (known.store, known.lane) != (identity.store.clone(), identity.lane)) {
            self.connection.execute_batch(shelf::FORGET_ALL)?;
        }
        self.connection.execute(
            "UPDATE state SET store = ?1, lane = ?2, epoch = ?3, acknowledged = 0, quarantined = 0, alarm = NULL",
            params![identity.store, identity.lane, identity.epoch],
        )?;
        Ok(())
    }

    /// Says how far HQ has the journal, and that it answered at `contact_ms`.
    pub fn set_position(&mut self, position: Position, contact_ms: i64) -> Result<(), ReferenceError> {
        self.connection.execute(
            "UPDATE state SET acknowledged = ?1, quarantined = ?2, contact_ms = ?3",
            params![position.acknowledged, position.quarantined, contact_ms],
        )?;
        Ok(())
    }

    /// Says that HQ answered at `contact_ms`, milliseconds UTC.
    pub fn set_contact(&mut self, contact_ms: i64) -> Result<(), ReferenceError> {
        self.connection.execute("UPDATE state SET contact_ms = ?1", [contact_ms])?;
        Ok(())
    }

    /// Says by how much this machine's clock is ahead of HQ's, milliseconds.
    pub fn set_apart(&mut self, apart_ms: i64) -> Result<(), ReferenceError> {
        self.connection.execute("UPDATE state SET apart_ms = ?1", [apart_ms])?;
        Ok(())
    }

    /// Says why nothing is pushed any more, or that all is well.
    pub fn set_alarm(&mut self, alarm: Option<&str>) -> Result<(), ReferenceError> {
        self.connection.execute("UPDATE state SET alarm = ?1", [alarm])?;
        Ok(())
    }

    /// Begins to take in changes. Readers see none of them before
    /// [`Update::commit`]; dropped, nothing happened.
    pub fn begin(&mut self) -> Result<Update<'_>, ReferenceError> {
        Update::begin(&mut self.connection, Beside::WhatIsThere)
    }

    /// Writes what the agent has found out about labels, in one transaction.
    pub fn write_shelf(&mut self, changes: &shelf::ShelfChanges) -> Result<(), ReferenceError> {
        let transaction = self.connection.transaction()?;
        shelf::write(&transaction, changes)?;
        Ok(transaction.commit()?)
    }

    /// Moves the WAL into the database and empties it, where no reader is in the way.
    pub fn tidy(&self) -> Result<(), ReferenceError> {
        Ok(file::checkpoint(&self.connection)?)
    }

    /// The same, and waits so long for readers that are in the way: a till
    /// moves on to the newest version every second, but between two of them
    /// always stands in the log. Tells whether the log is empty now.
    pub fn tidy_within(&self, wait: Duration) -> Result<bool, ReferenceError> {
        Ok(file::checkpoint_within(&self.connection, wait)?)
    }
}

/// What changes are applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Beside {
    /// Goods that are in use: what changes takes the place of what was.
    WhatIsThere,
    /// Nothing: each thing comes once, and what follows from all of them is
    /// made at the end.
    Nothing,
}

/// Changes on their way in.
#[derive(Debug)]
pub struct Update<'a> {
    beside: Beside,
    transaction: rusqlite::Transaction<'a>,
    /// The codes behind which something changed.
    touched: RefCell<BTreeSet<String>>,
    /// Whether goods, their prices or the rules about them are others.
    changes_goods: Cell<bool>,
    /// Whether goods have other pictures.
    changes_pictures: Cell<bool>,
}

impl<'a> Update<'a> {
    fn begin(connection: &'a mut Connection, beside: Beside) -> Result<Self, ReferenceError> {
        let transaction = connection.transaction()?;
        Ok(Self {
            beside,
            transaction,
            touched: RefCell::default(),
            changes_goods: Cell::new(false),
            changes_pictures: Cell::new(false),
        })
    }
}

impl Update<'_> {
    /// Writes what lies behind some codes after one, which moves on; tells
    /// whether there were any.
    fn make_faces_after(&self, after: &mut String) -> Result<bool, ReferenceError> {
        let mut select = self
            .transaction
            .prepare_cached("SELECT DISTINCT gtin FROM code WHERE gtin > ?1 ORDER BY gtin LIMIT ?2")?;
        let gtins: Vec<String> = select
            .query_map(params![&*after, TOUCHED_MAX as u64], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let Some(last) = gtins.last() else { return Ok(false) };
        after.clone_from(last);
        self.touched.borrow_mut().extend(gtins);
        self.write_faces()?;
        Ok(true)
    }

    /// Takes in one change.
    pub fn apply(&self, change: &Change) -> Result<(), ReferenceError> {
        if self.touched.borrow().len() >= TOUCHED_MAX {
            self.write_faces()?;
        }
        if is_of_goods(&change.entity) {
            self.changes_goods.set(true);
        }
        match &change.entity {
            Entity::Store(Some(store)) => {
                self.forget_groups_left(store)?;
                self.put("store", &[("code", &change.key)], store)
            }
            Entity::Store(None) => self.remove("store", "code", &change.key),
            Entity::Category(Some(category)) => {
                self.put("category", &[("id", &change.key), ("position", &category.position)], category)
            }
            Entity::Category(None) => self.remove("category", "id", &change.key),
            Entity::Staff(Some(member)) => {
                self.put("staff", &[("id", &change.key), ("number", &member.number)], member)
            }
            Entity::Staff(None) => self.remove("staff", "id", &change.key),
            Entity::Product(product) => {
                self.remove_product(&change.key)?;
                product.as_ref().map_or(Ok(()), |product| self.add_product(product))
            }
            Entity::Promotion(promotion) => {
                self.remove("promotion", "id", &change.key)?;
                let add =
                    |promotion: &pull::Promotion| self.put("promotion", &[("id", &promotion.id)], promotion);
                promotion.as_ref().map_or(Ok(()), add)
            }
            Entity::PromotionRule(promotion) => {
                self.remove("promotion", "id", &change.key)?;
                let add =
                    |promotion: &PromotionForm| self.put("promotion", &[("id", &promotion.id)], promotion);
                promotion.as_ref().map_or(Ok(()), add)
            }
            Entity::Price(row) => {
                self.touch_priced(&change.key)?;
                let Some(row) = row else { return self.remove("price", "key", &change.key) };
                self.put(
                    "price",
                    &[("key", &change.key), ("sku", &row.sku), ("from_ms", &row.from_ms)],
                    row,
                )?;
                self.touch(&row.sku)
            }
            Entity::TaxClass(Some(class)) => self.put("tax_class", &[("id", &change.key)], class),
            Entity::TaxClass(None) => self.remove("tax_class", "id", &change.key),
            Entity::Member(member) => {
                self.remove("member_code", "member", &change.key)?;
                self.remove("member", "id", &change.key)?;
                member.as_ref().map_or(Ok(()), |member| self.add_member(&change.key, member))
            }
            Entity::Coupon(Some(coupon)) => self.put("coupon", &[("code", &change.key)], coupon),
            Entity::Coupon(None) => self.remove("coupon", "code", &change.key),
            Entity::Label(Some(label)) => shelf::put_label(&self.transaction, &change.key, label),
            Entity::LabelWaiver(Some(waiver)) => shelf::put_waiver(&self.transaction, waiver),
            // What was said last of a label or an item stands; HQ takes nothing back.
            Entity::Label(None) | Entity::LabelWaiver(None) => Ok(()),
            Entity::ShelfCap(Some(cap)) => shelf::put_cap(&self.transaction, cap),
            Entity::ShelfCap(None) => shelf::remove_cap(&self.transaction, &change.key),
            Entity::CodeKey(Some(key)) => self.put("code_key", &[("key", &change.key)], key),
            Entity::CodeKey(None) => self.remove("code_key", "key", &change.key),
            Entity::Weight(Some(weight)) => self.put("weight", &[("key", &change.key)], weight),
            Entity::Weight(None) => self.remove("weight", "key", &change.key),
            Entity::Picture(Some(picture)) => {
                self.changes_pictures.set(true);
                let columns: [(&str, &dyn rusqlite::ToSql); 3] =
                    [("sku", &change.key), ("sha256", &picture.sha256), ("bytes", &picture.bytes)];
                self.put("picture", &columns, picture)
            }
            Entity::Picture(None) => {
                self.changes_pictures.set(true);
                self.remove("picture", "sku", &change.key)
            }
            Entity::Order(Some(order)) => {
                self.put("channel_order", &[("id", &change.key), ("promised_ms", &order.promised_ms)], order)
            }
            Entity::Order(None) => self.remove("channel_order", "id", &change.key),
            Entity::Transfer(Some(transfer)) => {
                let columns: [(&str, &dyn rusqlite::ToSql); 2] =
                    [("number", &change.key), ("ordered_ms", &transfer.ordered_ms)];
                self.put("transfer", &columns, transfer)
            }
            Entity::Transfer(None) => self.remove("transfer", "number", &change.key),
        }
    }

    /// Makes the changes visible, as this version.
    pub fn commit(self, version: u64) -> Result<(), ReferenceError> {
        self.write_faces()?;
        self.transaction.execute(
            "UPDATE state SET version = ?1, outdated = 0,
                              goods_version = CASE WHEN ?2 THEN ?1 ELSE goods_version END,
                              pictures_version = CASE WHEN ?3 THEN ?1 ELSE pictures_version END",
            (version, self.changes_goods.get(), self.changes_pictures.get()),
        )?;
        Ok(self.transaction.commit()?)
    }

    /// Forgets all goods, people and promotions: for a full pull. What the
    /// agent itself knows of labels stays.
    pub fn clear(&self) -> Result<(), ReferenceError> {
        self.touched.borrow_mut().clear();
        self.changes_goods.set(true);
        self.changes_pictures.set(true);
        self.transaction.execute_batch(shelf::FORGET_TOLD)?;
        // The words are indexed anew: an older program indexed fewer beginnings.
        Ok(self.transaction.execute_batch(
            "DELETE FROM face; DELETE FROM store; DELETE FROM category; DELETE FROM staff; DELETE FROM product; DELETE FROM code;
             DELETE FROM promotion; DELETE FROM price; DELETE FROM tax_class;
             DELETE FROM member; DELETE FROM member_code; DELETE FROM coupon; DELETE FROM code_key; DELETE FROM channel_order; DELETE FROM weight;
             DELETE FROM picture; DELETE FROM transfer;
             DROP TABLE product_word;
             CREATE VIRTUAL TABLE product_word USING fts5 (
                 words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
             );",
        )?)
    }

    /// Forgets the prices of groups that the store has left. Should it come
    /// back, HQ tells those that are left; it may not know by then which ones
    /// were taken off their list meanwhile.
    fn forget_groups_left(&self, store: &pull::Store) -> Result<(), ReferenceError> {
        let mut select = self.transaction.prepare_cached("SELECT body FROM store WHERE code = ?1")?;
        let known: Option<String> = select.query_row([&store.code], |row| row.get(0)).optional()?;
        let Some(known) = known else { return Ok(()) };
        let known: pull::Store = read(&known, "store")?;
        for left in known.groups.iter().filter(|group| !store.groups.contains(group)) {
            let of_group = "SELECT key FROM price WHERE body ->> '$.scope.group' = ?1";
            let mut select = self.transaction.prepare_cached(of_group)?;
            let keys: Vec<String> = select.query_map([left], |row| row.get(0))?.collect::<Result<_, _>>()?;
            for key in keys {
                self.touch_priced(&key)?;
                self.remove("price", "key", &key)?;
            }
        }
        Ok(())
    }

    /// Remembers the codes of an item: something changed behind them.
    fn touch(&self, sku: &str) -> Result<(), ReferenceError> {
        if self.beside == Beside::Nothing {
            return Ok(());
        }
        let mut select = self.transaction.prepare_cached("SELECT gtin FROM code WHERE sku = ?1")?;
        let gtins = select.query_map([sku], |row| row.get::<_, String>(0))?;
        let mut touched = self.touched.borrow_mut();
        for gtin in gtins {
            touched.insert(gtin?);
        }
        Ok(())
    }

    /// The same for the item that a price row was of.
    fn touch_priced(&self, key: &str) -> Result<(), ReferenceError> {
        if self.beside == Beside::Nothing {
            return Ok(());
        }
        let sku: Option<String> = self
            .transaction
            .prepare_cached("SELECT sku FROM price WHERE key = ?1")?
            .query_row([key], |row| row.get(0))
            .optional()?;
        sku.map_or(Ok(()), |sku| self.touch(&sku))
    }

    /// Writes anew what lies behind the codes that were touched.
    fn write_faces(&self) -> Result<(), ReferenceError> {
        let touched = std::mem::take(&mut *self.touched.borrow_mut());
        touched.iter().try_for_each(|gtin| self.write_face(gtin))
    }

    fn write_face(&self, gtin: &str) -> Result<(), ReferenceError> {
        let Some(number) = face_key(gtin) else { return Ok(()) };
        // Of two items with one code the same one is always found.
        let found: Option<(String, String)> = self
            .transaction
            .prepare_cached(
                "SELECT code.unit, product.body FROM code JOIN product ON product.sku = code.sku
                 WHERE code.gtin = ?1 ORDER BY code.sku LIMIT 1",
            )?
            .query_row([gtin], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        let Some((unit, body)) = found else {
            self.transaction.prepare_cached("DELETE FROM face WHERE gtin = ?1")?.execute([number])?;
            return Ok(());
        };
        let face = match self.make_face(&body, unit) {
            Ok(face) => serde_json::to_string(&face).expect("plain data serialises"),
            // Not readable there either: a scan must tell, and the agent pull on.
            Err(ReferenceError::Body { .. }) => body,
            Err(error) => return Err(error),
        };
        self.transaction
            .prepare_cached("INSERT OR REPLACE INTO face (gtin, body) VALUES (?1, ?2)")?
            .execute(params![number, face])?;
        Ok(())
    }

    fn make_face(&self, body: &str, unit: String) -> Result<Face, ReferenceError> {
        let product: pull::Product = read(body, "product")?;
        let mut select = self.transaction.prepare_cached(PRICES_OF)?;
        let rows = select.query_map(params![product.sku, PRICES_READ_MAX as u64], |row| {
            Ok(read(row.get_ref(0)?.as_str()?, "price"))
        })?;
        let prices = rows.map(|row| row?).collect::<Result<Vec<pull::PriceRow>, ReferenceError>>()?;
        Ok(Face::of(product, unit, prices))
    }

    fn put(
        &self,
        table: &str,
        columns: &[(&str, &dyn rusqlite::ToSql)],
        body: &impl serde::Serialize,
    ) -> Result<(), ReferenceError> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).chain(["body"]).collect();
        let places: Vec<String> = (1..=names.len()).map(|place| format!("?{place}")).collect();
        let body = serde_json::to_string(body).expect("plain data serialises");
        let mut values: Vec<&dyn rusqlite::ToSql> = columns.iter().map(|(_, value)| *value).collect();
        values.push(&body);
        let sql =
            format!("INSERT OR REPLACE INTO {table} ({}) VALUES ({})", names.join(", "), places.join(", "));
        self.transaction.prepare_cached(&sql)?.execute(values.as_slice())?;
        Ok(())
    }

    fn remove(&self, table: &str, column: &str, key: &str) -> Result<(), ReferenceError> {
        if self.beside == Beside::Nothing {
            return Ok(());
        }
        self.transaction
            .prepare_cached(&format!("DELETE FROM {table} WHERE {column} = ?1"))?
            .execute([key])?;
        Ok(())
    }

    fn add_member(&self, id: &str, member: &pull::Member) -> Result<(), ReferenceError> {
        self.put("member", &[("id", &id)], member)?;
        let phone = Some(format!("{PHONE}{}", member.phone_hash)).filter(|_| !member.phone_hash.is_empty());
        for code in member.cards.iter().cloned().chain(phone) {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO member_code (code, member) VALUES (?1, ?2)")?
                .execute([code.as_str(), id])?;
        }
        Ok(())
    }

    fn remove_product(&self, sku: &str) -> Result<(), ReferenceError> {
        if self.beside == Beside::Nothing {
            return Ok(());
        }
        let id: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM product WHERE sku = ?1")?
            .query_row([sku], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(()) };
        self.touch(sku)?;
        self.transaction.prepare_cached("DELETE FROM product_word WHERE rowid = ?1")?.execute([id])?;
        self.remove("code", "sku", sku)?;
        self.remove("product", "sku", sku)
    }

    fn add_product(&self, product: &pull::Product) -> Result<(), ReferenceError> {
        let body = serde_json::to_string(product).expect("plain data serialises");
        self.transaction
            .prepare_cached(
                "INSERT INTO product (sku, plu, category, pin, department, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            )?
            .execute(params![
                product.sku,
                product.plu,
                product.category,
                product.pin,
                product.department,
                body
            ])?;
        let id = self.transaction.last_insert_rowid();
        let of_units = product.units.iter().flat_map(|unit| unit.codes.iter().map(|code| (code, &*unit.id)));
        for (code, unit) in product.codes.iter().map(|code| (code, "")).chain(of_units) {
            // HQ checks codes on import; one that slipped through is no code.
            if let Ok(gtin) = Gtin::parse(code) {
                self.transaction
                    .prepare_cached("INSERT OR IGNORE INTO code (gtin, sku, unit) VALUES (?1, ?2, ?3)")?
                    .execute([gtin.as_str(), &product.sku, unit])?;
            }
        }
        self.touch(&product.sku)?;
        let words = words_of(product);
        self.transaction
            .prepare_cached("INSERT INTO product_word (rowid, words) VALUES (?1, ?2)")?
            .execute(params![id, words])?;
        Ok(())
    }
}

/// The goods as the lane reads them.
///
/// Between two calls of [`Reference::refresh`] every answer comes from one
/// version, whatever the agent writes meanwhile; but what shelf labels may
/// show, and so the most that is charged, is always what the agent wrote last.
#[derive(Debug)]
pub struct Reference {
    path: PathBuf,
    connection: Connection,
    /// Labels change while a basket is open; `None` in files of older agents.
    shelf: RefCell<Option<Shelf>>,
    view: RefCell<View>,
    popular: RefCell<Popular>,
    /// What goods were seen to weigh, by item code and unit.
    weights: RefCell<BTreeMap<(String, String), SecurityWeight>>,
}

/// What [`Reference::refresh`] finds.
#[derive(Debug, Default)]
struct View {
    /// The version of the file.
    version: u64,
    /// The version at which goods or the rules about them last became others.
    goods_version: u64,
    /// Whether the file has price lists and what came with them; one that the
    /// agent has not opened since an update does not.
    has_prices: bool,
    /// Whether it has members and coupons.
    has_members: bool,
    /// Whether what lies behind each code lies in one row.
    has_faces: bool,
    /// Whether it has keys of scan-and-go.
    has_keys: bool,
    /// Whether the file has weights of goods.
    has_weights: bool,
    has_amounts: bool,
    /// The tax classes that were asked for.
    tax_classes: BTreeMap<String, pull::TaxClass>,
    /// The lane's store.
    store: String,
    /// The groups that it is in.
    groups: Vec<String>,
    /// The promotions, once they were asked for.
    promotions: Option<Arc<PromotionSet>>,
    /// Why others of them cannot work.
    refused: Vec<String>,
}

impl Reference {
    /// Opens the file to read; `None` while the agent has not made it.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        Self::read(path, file::open_reader(path, &KIND)?, || Shelf::open(path))
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, ReferenceError> {
        let connection = file::open_existing_reader(path, &KIND, Some(trial.vfs))?;
        Self::read(path, connection, || Shelf::open_trial(path, trial))
    }

    fn read(
        path: &Path,
        connection: Option<Connection>,
        shelf: impl FnOnce() -> Result<Option<Shelf>, ReferenceError>,
    ) -> Result<Option<Self>, ReferenceError> {
        let Some(connection) = connection else { return Ok(None) };
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let reference = Self {
            path: path.to_owned(),
            connection,
            shelf: RefCell::new(shelf()?),
            view: RefCell::default(),
            popular: RefCell::default(),
            weights: RefCell::default(),
        };
        reference.refresh()?;
        Ok(Some(reference))
    }

    /// Which file it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves on to the newest version; for the moment between two baskets.
    pub fn refresh(&self) -> Result<(), ReferenceError> {
        self.rest()?;
        self.connection.execute_batch("BEGIN DEFERRED")?;
        // The first read is what fixes the version.
        let state = agent_state(&self.connection)?;
        let layout: i32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let store = state.identity.map(|identity| identity.store).unwrap_or_default();
        let groups = self.store(&store)?.map(|store| store.groups).unwrap_or_default();
        let has_prices = layout >= VERSION_WITH_PRICES;
        let has_members = layout >= VERSION_WITH_MEMBERS;
        let faces = "SELECT faces FROM state";
        if layout >= VERSION_WITH_LABELS && self.shelf.borrow().is_none() {
            // The agent has been updated since.
            *self.shelf.borrow_mut() = Shelf::open(&self.path)?;
        }
        let has_faces = layout >= VERSION_WITH_FACES
            && self.connection.prepare_cached(faces)?.query_row([], |row| row.get(0))?;
        let goods_version = if layout < VERSION_WITH_GOODS {
            state.version
        } else {
            let sql = "SELECT goods_version FROM state";
            self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?
        };
        let mut view = self.view.borrow_mut();
        // What was worked out is worked out again only where something changed.
        let before = std::mem::take(&mut *view);
        let before = if before.goods_version == goods_version { before } else { View::default() };
        let version = state.version;
        *view = View {
            version,
            goods_version,
            has_prices,
            has_members,
            has_faces,
            has_keys: layout >= VERSION_WITH_KEYS,
            has_weights: layout >= VERSION_WITH_WEIGHTS,
            has_amounts: layout >= VERSION_WITH_AMOUNTS,
            store,
            groups,
            ..before
        };
        Ok(())
    }

    /// The version at which goods, their prices, or the rules and labels about
    /// them last became others: at most that of the file.
    pub fn goods_version(&self) -> u64 {
        self.view.borrow().goods_version
    }

    /// Stands on no version until [`Reference::refresh`]: for a reader that
    /// looks now and then. One that stood on one all the time would keep the
    /// file's log from ever beginning anew, and it would grow without end.
    pub fn rest(&self) -> Result<(), ReferenceError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT")?;
        }
        Ok(())
    }

    /// Why some promotions cannot work, and which of those that are live name
    /// nothing that is known here, once promotions were asked for.
    pub fn refused_promotions(&self) -> Vec<String> {
        self.view.borrow().refused.clone()
    }

    /// The store the lane stands in.
    pub fn store(&self, code: &str) -> Result<Option<pull::Store>, ReferenceError> {
        self.one("SELECT body FROM store WHERE code = ?1", code, "store")
    }

    /// Everybody who works here, by number.
    pub fn staff(&self) -> Result<Vec<pull::StaffMember>, ReferenceError> {
        self.all("SELECT body FROM staff ORDER BY number", &[], "staff")
    }

    /// What whoever serves a member should know; empty for nothing, and of who is not known here.
    pub fn note_of_member(&self, id: &str) -> Result<String, ReferenceError> {
        if !self.view.borrow().has_members {
            return Ok(String::new());
        }
        let member: Option<pull::Member> = self.one("SELECT body FROM member WHERE id = ?1", id, "member")?;
        Ok(member.map(|member| member.note).unwrap_or_default())
    }

    /// An item as HQ told of it.
    pub fn product(&self, sku: &str) -> Result<Option<pull::Product>, ReferenceError> {
        self.one("SELECT body FROM product WHERE sku = ?1", sku, "product")
    }

    /// How many goods there are.
    pub fn goods_count(&self) -> Result<u64, ReferenceError> {
        Ok(self.connection.query_row("SELECT count(*) FROM product", [], |row| row.get(0))?)
    }

    /// The keys that sign codes of scan-and-go; none in a file of an older agent.
    pub fn code_keys(&self) -> Result<Vec<pull::CodeKey>, ReferenceError> {
        if !self.view.borrow().has_keys {
            return Ok(Vec::new());
        }
        // Those of HQ come first.
        self.all("SELECT body FROM code_key ORDER BY key LIMIT ?1", &[&(KEYS_READ_MAX as u64)], "code_key")
    }

    /// The groups of goods, in the shop's order.
    pub fn categories(&self) -> Result<Vec<pull::Category>, ReferenceError> {
        self.all("SELECT body FROM category ORDER BY position, id", &[], "category")
    }

    /// A page of the pinned goods, in the shop's order.
    pub fn pinned(&self, offset: usize, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        self.items(
            "SELECT body FROM product WHERE pin > 0 ORDER BY pin, sku LIMIT ?1 OFFSET ?2",
            &[&(limit as u64), &(offset as u64)],
        )
    }

    /// A page of a category's goods.
    pub fn in_category(
        &self,
        category: &str,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<Arc<Item>>, ReferenceError> {
        self.items(
            "SELECT body FROM product WHERE category = ?1 ORDER BY sku LIMIT ?2 OFFSET ?3",
            &[&category, &(limit as u64), &(offset as u64)],
        )
    }

    /// Goods whose initials, name or code fit a typed text: what this lane
    /// sells most first ([`Self::count_sold`]), however many others fit; then
    /// pinned ones and shorter names among the first two hundred that fit.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let Some(query) = search::Query::parse(text) else { return Ok(Vec::new()) };
        let mut items = self.best_sellers(&query, limit)?;
        if items.len() < limit {
            let others = self.items(
                "SELECT body FROM (SELECT rowid FROM product_word WHERE product_word MATCH ?1 LIMIT ?3) AS found
                 JOIN product ON product.id = found.rowid
                 ORDER BY pin = 0, pin, length(body), sku LIMIT ?2",
                &[&query.to_fts(), &(limit as u64), &RANKED_MAX],
            )?;
            // At most `limit` are known already, so `limit` more are enough.
            let known: BTreeSet<String> = items.iter().map(|item| item.sku.clone()).collect();
            items.extend(others.into_iter().filter(|item| !known.contains(&item.sku)));
            items.truncate(limit);
        }
        Ok(items)
    }

    /// The goods that fit among those that sell, the best first.
    fn best_sellers(&self, query: &search::Query, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let mut items = Vec::new();
        let fitting = self.popular.borrow().fitting(query);
        for sku in fitting {
            let product: Option<pull::Product> =
                self.one("SELECT body FROM product WHERE sku = ?1", &sku, "product")?;
            // It may be gone or have another name by now.
            let Some(product) = product.filter(|product| query.fits(&words_of(product))) else { continue };
            items.push(Arc::new(self.item(product)?));
            if items.len() == limit {
                break;
            }
        }
        Ok(items)
    }

    /// Learns what pieces of goods weigh. It is derived of the journal: a start hands over what it finds there.
    pub fn learn_weights(&self, weighings: &[Weighing]) {
        let mut weights = self.weights.borrow_mut();
        for Weighing { sku, unit, grams } in weighings {
            let key = (sku.clone(), unit.clone());
            if weights.len() < LEARNED_MAX || weights.contains_key(&key) {
                let known = weights.entry(key).or_default();
                *known = known.with(*grams);
            }
        }
    }

    /// Counts that an item was sold, so that a search shows it before what
    /// nobody buys. It is derived of the journal: a start counts the sales that
    /// it reads, and who sells counts on.
    pub fn count_sold(&self, sku: &str) {
        self.popular.borrow_mut().count(sku);
    }

    /// Reads the words of some of what sells, so that searches find it first;
    /// for quiet moments. Tells whether there are more.
    pub fn learn_words(&self) -> Result<bool, ReferenceError> {
        let version = self.goods_version();
        let unread = self.popular.borrow().unread(version, WORDS_AT_A_TIME);
        for sku in &unread {
            let product: Option<pull::Product> =
                self.one("SELECT body FROM product WHERE sku = ?1", sku, "product")?;
            let words = product.map_or_else(String::new, |product| words_of(&product));
            self.popular.borrow_mut().learn(sku, words, version);
        }
        Ok(unread.len() == WORDS_AT_A_TIME)
    }

    fn items(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let products: Vec<pull::Product> = self.all(sql, values, "product")?;
        products.into_iter().map(|product| self.item(product).map(Arc::new)).collect()
    }

    /// A product with everything that its price depends on.
    fn item(&self, product: pull::Product) -> Result<Item, ReferenceError> {
        let prices = self.prices_of(&product.sku)?;
        self.item_of(Face::of(product, String::new(), prices))
    }

    fn item_of(&self, mut face: Face) -> Result<Item, ReferenceError> {
        let kit = std::mem::take(&mut face.kit);
        let kit = kit.into_iter().take(KIT_PARTS_MAX).map(|part| self.kit_part(&face.sku, &part));
        let kit = kit.collect::<Result<_, _>>()?;
        let rows = std::mem::take(&mut face.prices);
        let class = self.tax_class(&face.tax_class)?;
        let caps = match &*self.shelf.borrow() {
            Some(shelf) => shelf.caps_of(&face.sku)?,
            None => Vec::new(),
        };
        let view = self.view.borrow();
        let prices =
            rows.into_iter().filter_map(|row| row.understand(&view.store, &view.groups)).take(PRICES_MAX);
        Ok(Item { kit, prices: prices.collect(), caps, ..forms::item(face, class) })
    }

    fn kit_part(&self, kit: &str, part: &pull::KitPart) -> Result<KitPart, ReferenceError> {
        let wrong = |what| ReferenceError::Item { sku: kit.to_owned(), what };
        let product: Option<pull::Product> =
            self.one("SELECT body FROM product WHERE sku = ?1", &part.sku, "product")?;
        let product = product.ok_or(wrong("a part"))?;
        let class = self.tax_class(&product.tax_class)?;
        Ok(KitPart {
            sku: part.sku.clone(),
            quantity: Quantity::from_thousandths(part.quantity).ok_or(wrong("the quantity of a part"))?,
            price: Money::from_minor(product.price),
            tax_rate: pull::understand::tax_rate(product.tax_rate, class.as_ref()),
        })
    }

    /// The newest prices of an item.
    fn prices_of(&self, sku: &str) -> Result<Vec<pull::PriceRow>, ReferenceError> {
        if !self.view.borrow().has_prices {
            return Ok(Vec::new());
        }
        self.all(PRICES_OF, &[&sku, &(PRICES_READ_MAX as u64)], "price")
    }

    fn tax_class(&self, id: &str) -> Result<Option<pull::TaxClass>, ReferenceError> {
        if id.is_empty() || !self.view.borrow().has_prices {
            return Ok(None);
        }
        if let Some(class) = self.view.borrow().tax_classes.get(id) {
            return Ok(Some(class.clone()));
        }
        let class: Option<pull::TaxClass> =
            self.one("SELECT body FROM tax_class WHERE id = ?1", id, "tax_class")?;
        let mut view = self.view.borrow_mut();
        if let Some(class) = class.as_ref().filter(|_| view.tax_classes.len() < TAX_CLASSES_KEPT_MAX) {
            view.tax_classes.insert(id.to_owned(), class.clone());
        }
        Ok(class)
    }

    /// What lies behind a code.
    fn face(&self, gtin: &Gtin) -> Result<Option<Face>, ReferenceError> {
        let Some(key) = face_key(gtin.as_str()) else { return Ok(None) };
        self.connection
            .prepare_cached("SELECT body FROM face WHERE gtin = ?1")?
            .query_row([key], |row| Ok(read(row.get_ref(0)?.as_str()?, "face")))
            .optional()?
            .transpose()
    }

    fn all<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        kind: &'static str,
    ) -> Result<Vec<T>, ReferenceError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map(values, |row| Ok(read(row.get_ref(0)?.as_str()?, kind)))?;
        rows.map(|body| body?).collect()
    }

    fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        key: &str,
        kind: &'static str,
    ) -> Result<Option<T>, ReferenceError> {
        self.connection
            .prepare_cached(sql)?
            .query_row([key], |row| Ok(read(row.get_ref(0)?.as_str()?, kind)))
            .optional()?
            .transpose()
    }

    fn item_by(&self, sql: &str, key: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        let product: Option<pull::Product> = self.one(sql, key, "product")?;
        Ok(product.map(|product| self.item(product)).transpose()?.map(Arc::new))
    }
}

impl Catalogue for Reference {
    fn version(&self) -> u64 {
        self.view.borrow().version
    }

    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Found>, LookUpError> {
        if self.view.borrow().has_faces {
            let Some(mut face) = self.face(gtin)? else { return Ok(None) };
            let unit = std::mem::take(&mut face.unit);
            return Ok(Some(found(Arc::new(self.item_of(face)?), &unit)?));
        }
        let sql = if self.view.borrow().has_prices {
            "SELECT sku, unit FROM code WHERE gtin = ?1 ORDER BY sku LIMIT 1"
        } else {
            "SELECT sku, '' FROM code WHERE gtin = ?1 ORDER BY sku LIMIT 1"
        };
        let code: Option<(String, String)> = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut select| {
                select.query_row([gtin.as_str()], |row| Ok((row.get(0)?, row.get(1)?))).optional()
            })
            .map_err(ReferenceError::from)?;
        let Some((sku, unit)) = code else { return Ok(None) };
        let Some(item) = self.item_by_sku(&sku)? else { return Ok(None) };
        Ok(Some(found(item, &unit)?))
    }

    fn item_by_department(&self, department: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        if department.is_empty() || !self.view.borrow().has_prices {
            return Ok(None);
        }
        self.item_by(
            "SELECT body FROM product WHERE department = ?1 AND department <> '' ORDER BY sku LIMIT 1",
            department,
        )
    }

    fn item_by_plu(&self, plu: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        if plu.is_empty() {
            return Ok(None);
        }
        self.item_by("SELECT body FROM product WHERE plu = ?1 AND plu <> '' ORDER BY sku LIMIT 1", plu)
    }

    fn item_by_sku(&self, sku: &str) -> Result<Option<Arc<Item>>, LookUpError> {
        self.item_by("SELECT body FROM product WHERE sku = ?1", sku)
    }

    fn promotions(&self) -> Result<Arc<PromotionSet>, LookUpError> {
        if let Some(set) = &self.view.borrow().promotions {
            return Ok(set.clone());
        }
        let forms: Vec<PromotionForm> =
            self.all("SELECT body FROM promotion ORDER BY id", &[], "promotion")?;
        let mut refused = Vec::new();
        let mut live = Vec::new();
        let mut grants = Vec::new();
        for form in &forms {
            if form.is_grant() {
                match form.understand_grant() {
                    Ok(grant) => grants.push(grant),
                    Err(error) => refused.push(error.to_string()),
                }
                continue;
            }
            match form.understand() {
                Ok(promotion) => live.push(promotion),
                Err(error) => refused.push(error.to_string()),
            }
        }
        let (set, more) = PromotionSet::load(self.goods_version(), live);
        refused.extend(more.iter().map(ToString::to_string));
        let named_in_vain = set.references_nothing(|sku| {
            let known = "SELECT EXISTS (SELECT 1 FROM product WHERE sku = ?1)";
            self.connection.query_row(known, [sku], |row| row.get::<_, bool>(0)).map_err(ReferenceError::from)
        })?;
        refused.extend(named_in_vain.iter().map(ToString::to_string));
        let set = Arc::new(set.with_grants(grants));
        let mut view = self.view.borrow_mut();
        view.promotions = Some(set.clone());
        view.refused = refused;
        Ok(set)
    }

    fn member(&self, code: &str) -> Result<Option<Arc<Member>>, LookUpError> {
        if !self.view.borrow().has_members {
            return Ok(None);
        }
        // Two people may give one number: then nobody is found by it.
        let found = |code: &str| -> Result<Option<pull::Member>, ReferenceError> {
            let mut members = self.all(
                "SELECT body FROM member_code JOIN member ON member.id = member_code.member
                 WHERE member_code.code = ?1 LIMIT 2",
                &[&code],
                "member",
            )?;
            let one = members.pop();
            Ok(one.filter(|_| members.is_empty()))
        };
        let mut member = self.one("SELECT body FROM member WHERE id = ?1", code, "member")?;
        if member.is_none() {
            member = found(code)?;
        }
        if member.is_none()
            && code.len() >= PHONE_LENGTH_MIN
            && code.bytes().all(|byte| byte.is_ascii_digit())
        {
            member = found(&format!("{PHONE}{}", pull::phone_hash(code)))?;
        }
        Ok(member.map(|member| Arc::new(forms::member(member))))
    }

    fn coupon(&self, code: &str) -> Result<Option<Coupon>, LookUpError> {
        if !self.view.borrow().has_members {
            return Ok(None);
        }
        let coupon: Option<pull::Coupon> =
            self.one("SELECT body FROM coupon WHERE code = ?1", code, "coupon")?;
        Ok(coupon.map(forms::coupon))
    }

    fn security_weight(&self, sku: &str, unit: &str) -> Result<Option<SecurityWeight>, LookUpError> {
        let own = self.weights.borrow().get(&(sku.to_owned(), unit.to_owned())).copied();
        if !self.view.borrow().has_weights {
            return Ok(own);
        }
        let key = pull::Weight::key(sku, unit);
        let told: Option<pull::Weight> =
            self.one("SELECT body FROM weight WHERE key = ?1", &key, "weight")?;
        // What HQ told has this lane's own in it, as far as HQ had it: whoever has seen more is asked.
        let told = told.and_then(|weight| weight.understand());
        Ok(told.into_iter().chain(own).max_by_key(|weight| weight.count()))
    }
}

/// The prices of an item, the newest first.
const PRICES_OF: &str = "SELECT body FROM price WHERE sku = ?1 ORDER BY from_ms DESC LIMIT ?2";

/// A code's number among the faces.
fn face_key(gtin: &str) -> Option<i64> {
    gtin.parse().ok()
}

/// An item, and the pack that was asked for; the base unit has no name.
fn found(item: Arc<Item>, unit: &str) -> Result<Found, ReferenceError> {
    if unit.is_empty() {
        return Ok(item.into());
    }
    match item.unit(unit).cloned() {
        Some(unit) => Ok(Found { item, unit: Some(unit) }),
        None => Err(ReferenceError::Item { sku: item.sku.clone(), what: "a pack" }),
    }
}

/// What stands before the hash of a telephone number where a card's code
/// would stand; no card's code has a colon.
const PHONE: &str = "phone:";

/// The fewest digits of a telephone number.
const PHONE_LENGTH_MIN: usize = 7;

fn read<T: DeserializeOwned>(body: &str, kind: &'static str) -> Result<T, ReferenceError> {
    serde_json::from_str(body).map_err(|source| ReferenceError::Body { kind, source })
}

/// What the lane knows of its agent, always the newest.
#[derive(Debug)]
pub struct AgentWatch {
    connection: Connection,
}

impl AgentWatch {
    /// Opens the file to read; `None` while the agent has not made it.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        Ok(file::open_reader(path, &KIND)?.map(|connection| Self { connection }))
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, ReferenceError> {
        let connection = file::open_existing_reader(path, &KIND, Some(trial.vfs))?;
        Ok(connection.map(|connection| Self { connection }))
    }

    /// What is known now.
    pub fn state(&self) -> Result<AgentState, ReferenceError> {
        Ok(agent_state(&self.connection)?)
    }
}

#[cfg(test)]
mod tests;
