//! `reference.db`: what HQ told us, rebuildable, written by the agent alone.
//!
//! Beside goods, people and promotions it holds what the lane wants to know of
//! its agent: who the lane is, how far HQ has its journal, and when HQ last
//! answered.

mod forms;

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::barcode::Gtin;
use domain::catalogue::{Catalogue, Found, Item, KIT_PARTS_MAX, KitPart, LookUpError, PRICES_MAX, PriceRow};
use domain::coupon::Coupon;
use domain::member::Member;
use domain::money::{Money, Quantity};
use domain::promotion::PromotionSet;
use protocol::promotion::PromotionForm;
use protocol::pull::{self, Change, Entity};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::file::{self, Kind, OpenFileError, Trial, WriterLock};
use crate::journal::Identity;
use crate::search;

const KIND: Kind = Kind {
    name: "Guitai reference",
    application_id: i32::from_be_bytes(*b"GTrf"),
    version: 3,
    schema: "
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
            outdated        INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        INSERT INTO state (one) VALUES (1);
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
        CREATE VIRTUAL TABLE product_word USING fts5 (
            words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
        );
    ",
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
    connection
        .prepare_cached(
            "SELECT version, store, lane, epoch, acknowledged, quarantined, contact_ms, alarm FROM state",
        )?
        .query_row([], |row| {
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
            })
        })
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
        Ok(Self { connection: file::open_writer(path, &KIND)?, _lock: Some(lock) })
    }

    /// The same on a trial's disk, without lock.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Self, ReferenceError> {
        Ok(Self { connection: file::open_trial_writer(path, &KIND, trial)?, _lock: None })
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

    /// Says who the lane is; the goods stay, the position begins anew.
    pub fn set_identity(&mut self, identity: &Identity) -> Result<(), ReferenceError> {
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

    /// Says why nothing is pushed any more, or that all is well.
    pub fn set_alarm(&mut self, alarm: Option<&str>) -> Result<(), ReferenceError> {
        self.connection.execute("UPDATE state SET alarm = ?1", [alarm])?;
        Ok(())
    }

    /// Begins to take in changes. Readers see none of them before
    /// [`Update::commit`]; dropped, nothing happened.
    pub fn begin(&mut self) -> Result<Update<'_>, ReferenceError> {
        Ok(Update { transaction: self.connection.transaction()? })
    }

    /// Moves the WAL into the database and empties it, where no reader is in the way.
    pub fn tidy(&self) -> Result<(), ReferenceError> {
        Ok(file::checkpoint(&self.connection)?)
    }
}

/// Changes on their way in.
#[derive(Debug)]
pub struct Update<'a> {
    transaction: rusqlite::Transaction<'a>,
}

impl Update<'_> {
    /// Takes in one change.
    pub fn apply(&self, change: &Change) -> Result<(), ReferenceError> {
        match &change.entity {
            Entity::Store(Some(store)) => self.put("store", &[("code", &change.key)], store),
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
            Entity::Price(Some(row)) => {
                self.put("price", &[("key", &change.key), ("sku", &row.sku), ("from_ms", &row.from_ms)], row)
            }
            Entity::Price(None) => self.remove("price", "key", &change.key),
            Entity::TaxClass(Some(class)) => self.put("tax_class", &[("id", &change.key)], class),
            Entity::TaxClass(None) => self.remove("tax_class", "id", &change.key),
            Entity::Member(member) => {
                self.remove("member_code", "member", &change.key)?;
                self.remove("member", "id", &change.key)?;
                member.as_ref().map_or(Ok(()), |member| self.add_member(&change.key, member))
            }
            Entity::Coupon(Some(coupon)) => self.put("coupon", &[("code", &change.key)], coupon),
            Entity::Coupon(None) => self.remove("coupon", "code", &change.key),
        }
    }

    /// Makes the changes visible, as this version.
    pub fn commit(self, version: u64) -> Result<(), ReferenceError> {
        self.transaction.execute("UPDATE state SET version = ?1, outdated = 0", [version])?;
        Ok(self.transaction.commit()?)
    }

    /// Forgets all goods, people and promotions: for a full pull.
    pub fn clear(&self) -> Result<(), ReferenceError> {
        // The words are indexed anew: an older program indexed fewer beginnings.
        Ok(self.transaction.execute_batch(
            "DELETE FROM store; DELETE FROM category; DELETE FROM staff; DELETE FROM product; DELETE FROM code;
             DELETE FROM promotion; DELETE FROM price; DELETE FROM tax_class;
             DELETE FROM member; DELETE FROM member_code; DELETE FROM coupon; DROP TABLE product_word;
             CREATE VIRTUAL TABLE product_word USING fts5 (
                 words, content='', contentless_delete=1, detail=none, prefix='1 2 3 4 5 6'
             );",
        )?)
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
        let id: Option<i64> = self
            .transaction
            .prepare_cached("SELECT id FROM product WHERE sku = ?1")?
            .query_row([sku], |row| row.get(0))
            .optional()?;
        let Some(id) = id else { return Ok(()) };
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
        let mut texts =
            vec![product.name_zh.as_str(), &product.name_en, &product.spec, &product.sku, &product.plu];
        texts.extend(product.codes.iter().map(String::as_str));
        texts.extend(product.units.iter().flat_map(|unit| &unit.codes).map(String::as_str));
        let words = search::index_words(&texts, &product.initials);
        self.transaction
            .prepare_cached("INSERT INTO product_word (rowid, words) VALUES (?1, ?2)")?
            .execute(params![id, words])?;
        Ok(())
    }
}

/// The goods as the lane reads them.
///
/// Between two calls of [`Reference::refresh`] every answer comes from one
/// version, whatever the agent writes meanwhile.
#[derive(Debug)]
pub struct Reference {
    path: PathBuf,
    connection: Connection,
    view: RefCell<View>,
}

/// What [`Reference::refresh`] finds.
#[derive(Debug, Default)]
struct View {
    /// The version of the goods.
    version: u64,
    /// Whether the file has price lists and what came with them; one that the
    /// agent has not opened since an update does not.
    has_prices: bool,
    /// Whether it has members and coupons.
    has_members: bool,
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
        Self::read(path, file::open_reader(path, &KIND)?)
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, ReferenceError> {
        Self::read(path, file::open_existing_reader(path, &KIND, Some(trial.vfs))?)
    }

    fn read(path: &Path, connection: Option<Connection>) -> Result<Option<Self>, ReferenceError> {
        let Some(connection) = connection else { return Ok(None) };
        connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
        let reference = Self { path: path.to_owned(), connection, view: RefCell::default() };
        reference.refresh()?;
        Ok(Some(reference))
    }

    /// Which file it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Moves on to the newest version; for the moment between two baskets.
    pub fn refresh(&self) -> Result<(), ReferenceError> {
        if !self.connection.is_autocommit() {
            self.connection.execute_batch("COMMIT")?;
        }
        self.connection.execute_batch("BEGIN DEFERRED")?;
        // The first read is what fixes the version.
        let state = agent_state(&self.connection)?;
        let layout: i32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let store = state.identity.map(|identity| identity.store).unwrap_or_default();
        let groups = self.store(&store)?.map(|store| store.groups).unwrap_or_default();
        let has_prices = layout >= VERSION_WITH_PRICES;
        let has_members = layout >= VERSION_WITH_MEMBERS;
        let mut view = self.view.borrow_mut();
        // Promotions are read again only where something changed.
        let (promotions, refused) = if view.version == state.version {
            (view.promotions.take(), std::mem::take(&mut view.refused))
        } else {
            (None, Vec::new())
        };
        *view = View { version: state.version, has_prices, has_members, store, groups, promotions, refused };
        Ok(())
    }

    /// Why some promotions cannot work, once promotions were asked for; the
    /// others are live.
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

    /// Goods whose initials, name or code fit a typed text; pinned ones and
    /// shorter names first among the first two hundred that fit.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let Some(query) = search::query(text) else { return Ok(Vec::new()) };
        self.items(
            "SELECT body FROM (SELECT rowid FROM product_word WHERE product_word MATCH ?1 LIMIT ?3) AS found
             JOIN product ON product.id = found.rowid
             ORDER BY pin = 0, pin, length(body), sku LIMIT ?2",
            &[&query, &(limit as u64), &RANKED_MAX],
        )
    }

    fn items(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let products: Vec<pull::Product> = self.all(sql, values, "product")?;
        products.into_iter().map(|product| self.item(product).map(Arc::new)).collect()
    }

    /// A product with everything that its price depends on.
    fn item(&self, mut product: pull::Product) -> Result<Item, ReferenceError> {
        let kit = std::mem::take(&mut product.kit);
        let kit = kit.into_iter().take(KIT_PARTS_MAX).map(|part| self.kit_part(&product.sku, &part));
        let kit = kit.collect::<Result<_, _>>()?;
        let prices = self.prices_of(&product.sku)?;
        let class = self.tax_class(&product.tax_class)?;
        Ok(Item { kit, prices, ..forms::item(product, class) })
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
            tax_rate: forms::tax_rate(product.tax_rate, class.as_ref()),
        })
    }

    /// The newest prices of an item that concern this store.
    fn prices_of(&self, sku: &str) -> Result<Vec<PriceRow>, ReferenceError> {
        let view = self.view.borrow();
        if !view.has_prices {
            return Ok(Vec::new());
        }
        let rows: Vec<pull::PriceRow> = self.all(
            "SELECT body FROM price WHERE sku = ?1 ORDER BY from_ms DESC LIMIT ?2",
            &[&sku, &(PRICES_READ_MAX as u64)],
            "price",
        )?;
        Ok(rows.into_iter().filter_map(|row| forms::price_row(row, &view)).take(PRICES_MAX).collect())
    }

    fn tax_class(&self, id: &str) -> Result<Option<pull::TaxClass>, ReferenceError> {
        if id.is_empty() || !self.view.borrow().has_prices {
            return Ok(None);
        }
        self.one("SELECT body FROM tax_class WHERE id = ?1", id, "tax_class")
    }

    fn all<T: DeserializeOwned>(
        &self,
        sql: &str,
        values: &[&dyn rusqlite::ToSql],
        kind: &'static str,
    ) -> Result<Vec<T>, ReferenceError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map(values, |row| row.get::<_, String>(0))?;
        rows.map(|body| read(&body?, kind)).collect()
    }

    fn one<T: DeserializeOwned>(
        &self,
        sql: &str,
        key: &str,
        kind: &'static str,
    ) -> Result<Option<T>, ReferenceError> {
        let body: Option<String> =
            self.connection.prepare_cached(sql)?.query_row([key], |row| row.get(0)).optional()?;
        body.map(|body| read(&body, kind)).transpose()
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
        if unit.is_empty() {
            return Ok(Some(item.into()));
        }
        match item.unit(&unit).cloned() {
            Some(unit) => Ok(Some(Found { item, unit: Some(unit) })),
            None => Err(ReferenceError::Item { sku, what: "a pack" }.into()),
        }
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
        let (set, more) = PromotionSet::load(self.version(), live);
        refused.extend(more.iter().map(ToString::to_string));
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
