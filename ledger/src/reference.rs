//! `reference.db`: what HQ told us, rebuildable, written by the agent alone.
//!
//! Beside goods, people and promotions it holds what the lane wants to know of
//! its agent: who the lane is, how far HQ has its journal, and when HQ last
//! answered.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::barcode::Gtin;
use domain::catalogue::{Catalogue, Item, LookUpError, PriceCut, Promotion};
use domain::money::{Money, TaxRate};
use protocol::pull::{self, Change, Entity};
use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;

use crate::file::{self, Kind, OpenFileError, WriterLock};
use crate::journal::Identity;
use crate::search;

const KIND: Kind = Kind {
    name: "Guitai reference",
    application_id: i32::from_be_bytes(*b"GTrf"),
    version: 1,
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
            alarm           TEXT
        ) STRICT;
        INSERT INTO state (one) VALUES (1);
        CREATE TABLE store (code TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE category (id TEXT PRIMARY KEY, position INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE TABLE staff (id TEXT PRIMARY KEY, number TEXT NOT NULL, body TEXT NOT NULL) STRICT;
        CREATE TABLE product (
            id       INTEGER PRIMARY KEY,
            sku      TEXT NOT NULL UNIQUE,
            plu      TEXT NOT NULL,
            category TEXT NOT NULL,
            pin      INTEGER NOT NULL,
            body     TEXT NOT NULL
        ) STRICT;
        CREATE INDEX product_by_plu ON product (plu) WHERE plu <> '';
        CREATE INDEX product_by_category ON product (category, sku);
        CREATE INDEX product_by_pin ON product (pin) WHERE pin > 0;
        CREATE TABLE code (
            gtin TEXT NOT NULL,
            sku  TEXT NOT NULL,
            PRIMARY KEY (gtin, sku)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX code_by_sku ON code (sku);
        CREATE TABLE promotion (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT;
        CREATE TABLE promotion_item (
            sku       TEXT NOT NULL,
            promotion TEXT NOT NULL,
            PRIMARY KEY (sku, promotion)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX promotion_item_by_promotion ON promotion_item (promotion);
        CREATE VIRTUAL TABLE product_word USING fts5 (
            words, content='', contentless_delete=1, detail=none, prefix='1 2'
        );
    ",
};

/// How far HQ has the lane's journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    /// The last event that HQ filed; 0 before the first.
    pub acknowledged: u64,
    /// How many of them HQ set aside because it could not read them.
    pub quarantined: u64,
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
    _lock: WriterLock,
}

impl ReferenceWriter {
    /// Opens or makes the file.
    pub fn open(path: &Path) -> Result<Self, ReferenceError> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)
                .map_err(|source| OpenFileError::Io { file: path.to_owned(), source })?;
        }
        let lock = WriterLock::take(path)?;
        Ok(Self { connection: file::open_writer(path, &KIND)?, _lock: lock })
    }

    /// What is known now.
    pub fn state(&self) -> Result<AgentState, ReferenceError> {
        Ok(agent_state(&self.connection)?)
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
                self.remove("promotion_item", "promotion", &change.key)?;
                promotion.as_ref().map_or(Ok(()), |promotion| self.add_promotion(promotion))
            }
        }
    }

    /// Makes the changes visible, as this version.
    pub fn commit(self, version: u64) -> Result<(), ReferenceError> {
        self.transaction.execute("UPDATE state SET version = ?1", [version])?;
        Ok(self.transaction.commit()?)
    }

    /// Forgets all goods, people and promotions: for a full pull.
    pub fn clear(&self) -> Result<(), ReferenceError> {
        Ok(self.transaction.execute_batch(
            "DELETE FROM store; DELETE FROM category; DELETE FROM staff; DELETE FROM product; DELETE FROM code;
             DELETE FROM promotion; DELETE FROM promotion_item; DELETE FROM product_word;",
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
                "INSERT INTO product (sku, plu, category, pin, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute(params![product.sku, product.plu, product.category, product.pin, body])?;
        let id = self.transaction.last_insert_rowid();
        for code in &product.codes {
            // HQ checks codes on import; one that slipped through is no code.
            if let Ok(gtin) = Gtin::parse(code) {
                self.transaction
                    .prepare_cached("INSERT OR IGNORE INTO code (gtin, sku) VALUES (?1, ?2)")?
                    .execute([gtin.as_str(), &product.sku])?;
            }
        }
        let mut texts =
            vec![product.name_zh.as_str(), &product.name_en, &product.spec, &product.sku, &product.plu];
        texts.extend(product.codes.iter().map(String::as_str));
        let words = search::index_words(&texts, &product.initials);
        self.transaction
            .prepare_cached("INSERT INTO product_word (rowid, words) VALUES (?1, ?2)")?
            .execute(params![id, words])?;
        Ok(())
    }

    fn add_promotion(&self, promotion: &pull::Promotion) -> Result<(), ReferenceError> {
        self.put("promotion", &[("id", &promotion.id)], promotion)?;
        for sku in &promotion.skus {
            self.transaction
                .prepare_cached("INSERT OR IGNORE INTO promotion_item (sku, promotion) VALUES (?1, ?2)")?
                .execute([sku, &promotion.id])?;
        }
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
    version: RefCell<u64>,
}

impl Reference {
    /// Opens the file to read; `None` while the agent has not made it.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        let Some(connection) = file::open_reader(path, &KIND)? else { return Ok(None) };
        let reference = Self { path: path.to_owned(), connection, version: RefCell::new(0) };
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
        *self.version.borrow_mut() = agent_state(&self.connection)?.version;
        Ok(())
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
    /// shorter names first among the first few hundred that fit.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let Some(query) = search::query(text) else { return Ok(Vec::new()) };
        self.items(
            "SELECT body FROM (SELECT rowid FROM product_word WHERE product_word MATCH ?1 LIMIT 400) AS found
             JOIN product ON product.id = found.rowid
             ORDER BY pin = 0, pin, length(body), sku LIMIT ?2",
            &[&query, &(limit as u64)],
        )
    }

    fn items(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<Arc<Item>>, ReferenceError> {
        let products: Vec<pull::Product> = self.all(sql, values, "product")?;
        Ok(products.into_iter().map(item).map(Arc::new).collect())
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
        Ok(product.map(item).map(Arc::new))
    }
}

impl Catalogue for Reference {
    fn version(&self) -> u64 {
        *self.version.borrow()
    }

    fn item_by_gtin(&self, gtin: &Gtin) -> Result<Option<Arc<Item>>, LookUpError> {
        self.item_by(
            "SELECT body FROM product WHERE sku = (SELECT min(sku) FROM code WHERE gtin = ?1)",
            gtin.as_str(),
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

    fn promotions_of(&self, sku: &str) -> Result<Vec<Promotion>, LookUpError> {
        let promotions: Vec<pull::Promotion> = self.all(
            "SELECT body FROM promotion_item JOIN promotion ON promotion.id = promotion_item.promotion
             WHERE promotion_item.sku = ?1 ORDER BY promotion.id",
            &[&sku],
            "promotion",
        )?;
        Ok(promotions.into_iter().map(promotion).collect())
    }
}

fn read<T: DeserializeOwned>(body: &str, kind: &'static str) -> Result<T, ReferenceError> {
    serde_json::from_str(body).map_err(|source| ReferenceError::Body { kind, source })
}

fn item(product: pull::Product) -> Item {
    let code = product
        .codes
        .into_iter()
        .chain([product.plu])
        .find(|code| !code.is_empty())
        .unwrap_or_else(|| product.sku.clone());
    Item {
        code,
        sku: product.sku,
        name_zh: product.name_zh,
        name_en: product.name_en,
        spec: product.spec,
        category: product.category,
        weighed: product.weighed,
        price: Money::from_minor(product.price),
        // HQ refuses rates above 100 % on import.
        tax_rate: TaxRate::from_basis_points(product.tax_rate.min(10_000)).expect("at most 100 %"),
        age_restricted: product.age_restricted,
        no_promotion: product.no_promotion,
    }
}

fn promotion(promotion: pull::Promotion) -> Promotion {
    Promotion {
        id: promotion.id,
        name_zh: promotion.name_zh,
        name_en: promotion.name_en,
        cut: match promotion.cut {
            pull::PriceCut::FixedPrice { price } => PriceCut::FixedPrice(Money::from_minor(price)),
            pull::PriceCut::Percent { pay_pct } => PriceCut::Percent(pay_pct),
            pull::PriceCut::AmountOff { off } => PriceCut::AmountOff(Money::from_minor(off)),
        },
        from_ms: promotion.from_ms,
        until_ms: promotion.until_ms,
    }
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

    /// What is known now.
    pub fn state(&self) -> Result<AgentState, ReferenceError> {
        Ok(agent_state(&self.connection)?)
    }
}

#[cfg(test)]
mod tests;
