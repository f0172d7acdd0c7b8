//! Rows of the reference: entities with versions, product codes, members.

use protocol::pull::{self, PriceRow, PriceScope};

use super::engine::{Column, Next, Target, Value};
use super::{Reading, StoreError, Writing, signed, unsigned, values};

/// The kinds of `protocol::pull::Entity`, as they are stored and sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A store; scoped to itself.
    Store,
    /// A group of goods.
    Category,
    /// Something sold.
    Product,
    /// Somebody who works here.
    Staff,
    /// A price promotion.
    Promotion,
    /// A promotion of any type.
    PromotionRule,
    /// A price on a price list; scoped to its store, its group or the chain.
    Price,
    /// A class of goods in the tax law.
    TaxClass,
    /// A member; scoped to their store.
    Member,
    /// A coupon; scoped to the store in which it may be used.
    Coupon,
    /// What a shelf label stands for; scoped to its store.
    Label,
    /// What a person let count before labels show it; scoped to its store.
    LabelWaiver,
    /// What may be charged at most; scoped to its store.
    ShelfCap,
    /// An order of a channel; scoped to the store that fulfils it.
    Order,
    /// A key that signs codes of scan-and-go: HQ's of the chain, a lane's scoped to its store.
    CodeKey,
    /// What a piece of goods weighs on bagging scales; of the whole chain.
    Weight,
    /// The picture of a piece of goods; of the whole chain.
    Picture,
    /// A transfer that HQ ordered; scoped to each of its two stores.
    Transfer,
}

impl Kind {
    /// The name in the table and on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Store => "store",
            Self::Category => "category",
            Self::Product => "product",
            Self::Staff => "staff",
            Self::Promotion => "promotion",
            Self::PromotionRule => "promotion_rule",
            Self::Price => "price",
            Self::TaxClass => "tax_class",
            Self::Member => "member",
            Self::Coupon => "coupon",
            Self::Label => "label",
            Self::LabelWaiver => "label_waiver",
            Self::ShelfCap => "shelf_cap",
            Self::Order => "order",
            Self::CodeKey => "code_key",
            Self::Weight => "weight",
            Self::Picture => "picture",
            Self::Transfer => "transfer",
        }
    }

    /// Whose rows these are: a store row belongs to its store, a price to
    /// whom [`Writing::put_price`] says, a member, coupon or what is known of labels to the store that
    /// [`Writing::put_of_store`] says, all others to the whole chain.
    fn scope(self, key: &str) -> &str {
        match self {
            Self::Store => key,
            Self::Category
            | Self::Product
            | Self::Staff
            | Self::Promotion
            | Self::PromotionRule
            | Self::Price
            | Self::TaxClass
            | Self::Member
            | Self::Coupon
            | Self::Label
            | Self::LabelWaiver
            | Self::ShelfCap
            | Self::CodeKey
            | Self::Weight
            | Self::Picture
            | Self::Transfer
            | Self::Order => CHAIN,
        }
    }
}

/// The store of what belongs to all of them.
const CHAIN: &str = "";

/// What stands before a group's name where a store's code would stand; no
/// store's code has a colon.
const GROUP: &str = "group:";

/// Whose a price is, as the table says it.
pub fn scope_of(scope: &PriceScope) -> String {
    match scope {
        PriceScope::Chain => CHAIN.to_owned(),
        PriceScope::Group(group) => format!("{GROUP}{group}"),
        PriceScope::Store(store) => store.clone(),
    }
}

/// What a price is known by; its item comes first, so that the prices of one
/// item lie together.
pub fn price_key(row: &PriceRow) -> String {
    let parts = (&row.sku, &row.unit, &row.scope, &row.audience, row.from_ms, &row.list);
    serde_json::to_string(&parts).expect("plain data serialises")
}

/// Before, and after, the keys that begin with an item: those of its prices and of its caps.
pub(super) fn keys_of_sku(sku: &str) -> (String, String) {
    let begin = format!("[{},", serde_json::to_string(sku).expect("a text serialises"));
    let end = format!("{begin}{}", char::MAX);
    (begin, end)
}

/// What putting an entity did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is new or differs, and got this version.
    Changed(u64),
    /// It was there already, byte for byte.
    Same,
}

/// A row of the feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// The version that the row's last change made.
    pub version: u64,
    /// The kind's name on the wire.
    pub kind: String,
    /// The key within the kind.
    pub key: String,
    /// The entity as JSON; `None` when it was deleted.
    pub body: Option<String>,
}

/// A code may stand twice among those of one product.
const PRODUCT_CODES: Target = Target {
    table: "product_code",
    same: &["store", "sku"],
    columns: &["code"],
    conflict: "ON CONFLICT DO NOTHING",
    tells_new: false,
};

pub(super) fn stored_json<T: serde::de::DeserializeOwned>(body: &str) -> Result<T, StoreError> {
    serde_json::from_str(body).map_err(|error| StoreError::Row { table: "entity", reason: error.to_string() })
}

impl Reading<'_> {
    /// The newest version of the reference; 0 while it is empty.
    pub fn reference_version(&self) -> Result<u64, StoreError> {
        unsigned(self.number("SELECT value FROM counter WHERE name = 'reference_version'", values![])?)
    }

    /// The stored JSON of an entity; `None` when it never was or was deleted.
    pub fn entity(&self, kind: Kind, key: &str) -> Result<Option<String>, StoreError> {
        let body = self.one(
            "SELECT body FROM entity WHERE store = ?1 AND kind = ?2 AND key = ?3",
            values![kind.scope(key), kind.name(), key],
            |row| row.text_or_none(0),
        )?;
        Ok(body.flatten())
    }

    /// The keys and stored JSON of all entities of a kind, by key. For kinds
    /// of which there are few.
    pub fn entities(&self, kind: Kind) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT key, body FROM entity WHERE kind = ?1 AND body IS NOT NULL ORDER BY key",
            values![kind.name()],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// The codes and stored JSON of the stores after a code, in the order of codes, at most `limit`.
    pub fn stores_after(&self, after: &str, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT key, body FROM entity WHERE store > ?1 AND kind = ?2 AND key = store AND body IS NOT NULL
             ORDER BY store LIMIT ?3",
            values![after, Kind::Store.name(), limit],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// The codes and stored JSON of those of some stores that were imported, in one statement.
    pub fn stores_named(&self, codes: &[&str]) -> Result<Vec<(String, String)>, StoreError> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let places: Vec<String> = (2..codes.len() + 2).map(|place| format!("?{place}")).collect();
        let mut values: Vec<Value<'_>> = vec![Kind::Store.name().into()];
        values.extend(codes.iter().map(|code| Value::from(*code)));
        self.all(
            &format!(
                "SELECT key, body FROM entity WHERE store IN ({}) AND kind = ?1 AND key = store AND body IS NOT NULL",
                places.join(", ")
            ),
            &values,
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// The entities of a kind in one scope after a key, in the order of their
    /// keys, at most `limit`: key, version, stored JSON.
    pub fn entities_after(
        &self,
        scope: &str,
        kind: Kind,
        after: &str,
        limit: u32,
    ) -> Result<Vec<(String, u64, String)>, StoreError> {
        self.all(
            "SELECT key, version, body FROM entity
             WHERE store = ?1 AND kind = ?2 AND key > ?3 AND body IS NOT NULL ORDER BY key LIMIT ?4",
            values![scope, kind.name(), after, limit],
            |row| Ok((row.text(0)?, row.count(1)?, row.text(2)?)),
        )
    }

    /// Members after one of an id, in the order of their ids, at most `limit`:
    /// id, stored JSON.
    pub fn members_after(&self, after: &str, limit: u32) -> Result<Vec<(String, String)>, StoreError> {
        self.all(
            "SELECT id, body FROM member WHERE id > ?1 ORDER BY id LIMIT ?2",
            values![after, limit],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )
    }

    /// Whose rows a store's lanes are told: the chain's, its own, and those of
    /// the groups that it is in.
    pub fn scopes_of_store(&self, store: &str) -> Result<Vec<String>, StoreError> {
        let mut scopes = vec![CHAIN.to_owned(), store.to_owned()];
        if let Some(body) = self.entity(Kind::Store, store)? {
            let found: pull::Store = stored_json(&body)?;
            scopes.extend(found.groups.iter().map(|group| scope_of(&PriceScope::Group(group.clone()))));
        }
        Ok(scopes)
    }

    /// The prices of an item in one scope, as stored, by key.
    pub fn prices_of(&self, sku: &str, scope: &PriceScope) -> Result<Vec<PriceRow>, StoreError> {
        let (begin, end) = keys_of_sku(sku);
        let scope = scope_of(scope);
        self.all(
            "SELECT body FROM entity WHERE store = ?1 AND kind = 'price' AND key > ?2 AND key < ?3
             AND body IS NOT NULL ORDER BY key",
            values![&scope, &begin, &end],
            |row| stored_json(&row.text(0)?),
        )
    }

    /// A kit with a part that is no product, and the part.
    pub fn kit_without_part(&self) -> Result<Option<(String, String)>, StoreError> {
        let sql = self.session.dialect().of(
            "SELECT kit.key, part.value ->> '$.sku' AS sku
             FROM entity AS kit, json_each(kit.body, '$.kit') AS part
             WHERE kit.store = '' AND kit.kind = 'product' AND kit.body IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM entity AS product WHERE product.store = ''
                 AND product.kind = 'product' AND product.key = part.value ->> '$.sku'
                 AND product.body IS NOT NULL)
             ORDER BY kit.key, sku LIMIT 1",
            "SELECT kit.key, part ->> 'sku' AS sku
             FROM entity AS kit, json_array_elements(coalesce(kit.body::json -> 'kit', '[]')) AS part
             WHERE kit.store = '' AND kit.kind = 'product' AND kit.body IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM entity AS product WHERE product.store = ''
                 AND product.kind = 'product' AND product.key = part ->> 'sku'
                 AND product.body IS NOT NULL)
             ORDER BY kit.key, sku LIMIT 1",
        );
        self.one(sql, values![], |row| Ok((row.text(0)?, row.text(1)?)))
    }

    /// The changes after a version in some scopes, in order of version, at
    /// most `limit`, until `take` says that the page is full. Deleted rows
    /// only where `with_deleted`. Returns whether there are more.
    pub fn changes_after(
        &self,
        scopes: &[String],
        after: u64,
        with_deleted: bool,
        limit: usize,
        mut take: impl FnMut(ChangeRow) -> bool,
    ) -> Result<bool, StoreError> {
        // A reader that claims a version beyond 63 bits is beyond every row.
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        // One beyond the limit says that there are more.
        let limit = i64::try_from(limit).unwrap_or(i64::MAX).saturating_add(1);
        let deleted = if with_deleted { "" } else { "AND body IS NOT NULL" };
        // Of each scope the first ones in its own order, then the first of all.
        let of_scopes: Vec<String> = (3..3 + scopes.len())
            .map(|place| {
                format!(
                    "SELECT * FROM (SELECT version, kind, key, body FROM entity
                     WHERE store = ?{place} AND version > ?1 {deleted} ORDER BY version LIMIT ?2) AS s{place}"
                )
            })
            .collect();
        let sql = format!("{} ORDER BY version LIMIT ?2", of_scopes.join(" UNION ALL "));
        let mut values = vec![Value::from(after), Value::from(limit)];
        values.extend(scopes.iter().map(Value::from));
        let (mut more, mut left) = (false, limit - 1);
        self.session.query(&sql, &values, &mut |row| {
            let change = ChangeRow {
                version: row.count(0)?,
                kind: row.text(1)?,
                key: row.text(2)?,
                body: row.text_or_none(3)?,
            };
            if left == 0 || !take(change) {
                more = true;
                return Ok(Next::Stop);
            }
            left -= 1;
            Ok(Next::Go)
        })?;
        Ok(more)
    }

    /// Whether there are more than so many changes after a version in some
    /// scopes, deleted rows among them.
    pub fn has_more_changes(&self, scopes: &[String], after: u64, count: u64) -> Result<bool, StoreError> {
        let after = i64::try_from(after).unwrap_or(i64::MAX);
        let mut left = signed(count)?;
        for scope in scopes {
            let sql = "SELECT count(*) FROM (SELECT 1 AS one FROM entity
                       WHERE store = ?1 AND version > ?2 LIMIT ?3) AS found";
            left -= self.number(sql, values![scope, after, left + 1])?;
            if left < 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The version up to which deleted rows are gone: who was told of less is
    /// told everything anew.
    pub fn deletions_forgotten(&self) -> Result<u64, StoreError> {
        unsigned(self.number("SELECT value FROM counter WHERE name = 'deletions_forgotten'", values![])?)
    }

    /// The item that a code names: a GTIN with 14 digits, or `plu:` and a number.
    pub fn sku_of_code(&self, code: &str) -> Result<Option<String>, StoreError> {
        self.one(
            "SELECT min(sku) FROM product_code WHERE store = ?1 AND code = ?2 GROUP BY code",
            values![CHAIN, code],
            |row| row.text(0),
        )
    }

    /// A member as the import gave it.
    pub fn member(&self, id: &str) -> Result<Option<String>, StoreError> {
        self.one("SELECT body FROM member WHERE id = ?1", values![id], |row| row.text(0))
    }

    /// One code that two products claim, with their item codes.
    pub fn code_claimed_twice(&self) -> Result<Option<(String, String, String)>, StoreError> {
        self.one(
            "SELECT code, min(sku), max(sku) FROM product_code
             GROUP BY store, code HAVING count(*) > 1 ORDER BY store, code LIMIT 1",
            values![],
            |row| Ok((row.text(0)?, row.text(1)?, row.text(2)?)),
        )
    }
}

impl Writing<'_> {
    /// Makes an entity what `body` says. Nothing happens, and no version is
    /// used, when it is that already.
    pub fn put_entity(&self, kind: Kind, key: &str, body: &str) -> Result<Put, StoreError> {
        self.set_entity(kind.scope(key), kind, key, Some(body))
    }

    /// Puts a price on its list, in the place of one of the same key.
    pub fn put_price(&self, row: &PriceRow) -> Result<Put, StoreError> {
        let body = serde_json::to_string(row).expect("plain data serialises");
        self.set_entity(&scope_of(&row.scope), Kind::Price, &price_key(row), Some(&body))
    }

    /// Takes a price off its list; lanes hear of it.
    pub fn delete_price(&self, row: &PriceRow) -> Result<Put, StoreError> {
        self.set_entity(&scope_of(&row.scope), Kind::Price, &price_key(row), None)
    }

    /// Gives all prices of a group a new version, those taken off their list
    /// among them: the lanes of a store that joins it have not been told yet.
    pub fn tell_group_again(&self, group: &str) -> Result<(), StoreError> {
        let scope = scope_of(&PriceScope::Group(group.to_owned()));
        let keys = self.all(
            "SELECT key FROM entity WHERE store = ?1 AND kind = 'price' ORDER BY version",
            values![&scope],
            |row| row.text(0),
        )?;
        for key in keys {
            let version = self.next_version()?;
            self.execute(
                "UPDATE entity SET version = ?1 WHERE store = ?2 AND kind = 'price' AND key = ?3",
                values![signed(version)?, &scope, &key],
            )?;
            self.set_reference_version(version)?;
        }
        Ok(())
    }

    /// Deletes an entity; its row stays so that lanes hear of it.
    pub fn delete_entity(&self, kind: Kind, key: &str) -> Result<Put, StoreError> {
        self.set_entity(kind.scope(key), kind, key, None)
    }

    /// Notes the version of the reference on a day, UTC days since 1970-01-01,
    /// unless that was noted already.
    pub fn note_reference_day(&self, day: i64) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO reference_day (day, version)
             SELECT CAST(?1 AS BIGINT), value FROM counter WHERE name = 'reference_version'
             ON CONFLICT (day) DO NOTHING",
            values![day],
        )?;
        Ok(())
    }

    /// From now on nobody is told of deletions that were made before a day:
    /// their rows may go. Says up to which version.
    pub fn forget_deletions_before(&self, day: i64) -> Result<u64, StoreError> {
        let noted = "SELECT version FROM reference_day WHERE day <= ?1 ORDER BY day DESC LIMIT 1";
        let noted = self.number(noted, values![day])?;
        self.execute(
            "UPDATE counter SET value = ?1 WHERE name = 'deletions_forgotten' AND value < ?1",
            values![noted],
        )?;
        self.execute("DELETE FROM reference_day WHERE day < ?1", values![day])?;
        self.deletions_forgotten()
    }

    /// Takes away at most so many rows whose deletion nobody is told of any
    /// more, and says how many.
    pub fn drop_deleted(&self, limit: u32) -> Result<u64, StoreError> {
        // Asked of each row once more: PostgreSQL waits for one that somebody is
        // just putting back, and then looks at nothing but what stands outside.
        self.execute(
            "DELETE FROM entity WHERE body IS NULL
             AND version <= (SELECT value FROM counter WHERE name = 'deletions_forgotten')
             AND (store, kind, key) IN
                 (SELECT store, kind, key FROM entity WHERE body IS NULL
                  AND version <= (SELECT value FROM counter WHERE name = 'deletions_forgotten')
                  ORDER BY version LIMIT ?1)",
            values![limit],
        )
    }

    /// Waits until nobody else changes the reference: what is read from then on
    /// is what is written over.
    pub(crate) fn hold_reference(&self) -> Result<(), StoreError> {
        self.next_version().map(drop)
    }

    /// The version after the newest. Nobody else draws one until this
    /// transaction ends, so versions become visible in their order.
    fn next_version(&self) -> Result<u64, StoreError> {
        let sql = format!("SELECT value FROM counter WHERE name = 'reference_version'{}", self.locked());
        Ok(unsigned(self.number(&sql, values![])?)? + 1)
    }

    fn set_reference_version(&self, version: u64) -> Result<(), StoreError> {
        self.execute(
            "UPDATE counter SET value = ?1 WHERE name = 'reference_version'",
            values![signed(version)?],
        )?;
        Ok(())
    }

    fn set_entity(&self, scope: &str, kind: Kind, key: &str, body: Option<&str>) -> Result<Put, StoreError> {
        let version = self.next_version()?;
        let changed = self.execute(
            "INSERT INTO entity (store, kind, key, version, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, kind, key) DO UPDATE
             SET version = excluded.version, body = excluded.body
             WHERE entity.body IS DISTINCT FROM excluded.body",
            values![scope, kind.name(), key, signed(version)?, body],
        )?;
        if changed == 0 {
            return Ok(Put::Same);
        }
        self.set_reference_version(version)?;
        if kind == Kind::Product && body.is_none() {
            self.delete_picture(key)?;
        }
        Ok(Put::Changed(version))
    }

    /// Replaces all codes by which a product is found. Whether another
    /// product has one of them is asked afterwards, of the whole, with
    /// [`Reading::code_claimed_twice`]: a code may move within one import.
    pub fn set_product_codes<'a>(
        &self,
        sku: &str,
        codes: impl IntoIterator<Item = &'a str>,
    ) -> Result<(), StoreError> {
        self.execute("DELETE FROM product_code WHERE store = ?1 AND sku = ?2", values![CHAIN, sku])?;
        let codes: Vec<&str> = codes.into_iter().collect();
        self.insert(&PRODUCT_CODES, values![CHAIN, sku], &[Column::Texts(codes)])?;
        Ok(())
    }

    /// Begins to note which entities an import names.
    pub fn begin_named(&self) -> Result<(), StoreError> {
        self.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS named (
                 kind TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (kind, key)
             )",
            values![],
        )?;
        self.execute("DELETE FROM named", values![])?;
        Ok(())
    }

    /// Notes that an import names an entity.
    pub fn note_named(&self, kind: Kind, key: &str) -> Result<(), StoreError> {
        self.execute(
            "INSERT INTO named (kind, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
            values![kind.name(), key],
        )?;
        Ok(())
    }

    /// Deletes all entities of a kind that were not noted, and says how many.
    pub fn delete_unnamed(&self, kind: Kind) -> Result<u64, StoreError> {
        let gone = self.all(
            "SELECT store, key FROM entity WHERE kind = ?1 AND body IS NOT NULL
             AND NOT EXISTS (SELECT 1 FROM named WHERE named.kind = ?1 AND named.key = entity.key)
             ORDER BY key",
            values![kind.name()],
            |row| Ok((row.text(0)?, row.text(1)?)),
        )?;
        for (scope, key) in &gone {
            self.set_entity(scope, kind, key, None)?;
            if kind == Kind::Product {
                self.set_product_codes(key, [])?;
            }
        }
        Ok(gone.len() as u64)
    }

    /// Makes an entity of one store what `body` says; its lanes alone hear of it.
    pub fn put_of_store(&self, kind: Kind, store: &str, key: &str, body: &str) -> Result<Put, StoreError> {
        self.set_entity(store, kind, key, Some(body))
    }

    /// Deletes an entity of one store.
    pub fn delete_of_store(&self, kind: Kind, store: &str, key: &str) -> Result<Put, StoreError> {
        self.set_entity(store, kind, key, None)
    }

    /// Makes an entity what HQ told of it, under HQ's version: for a store's relay, whose database has a part of HQ's. What
    /// HQ deleted goes at once.
    pub fn put_told(
        &self,
        (scope, kind, key): (&str, Kind, &str),
        version: u64,
        body: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(body) = body else {
            self.execute(
                "DELETE FROM entity WHERE store = ?1 AND kind = ?2 AND key = ?3",
                values![scope, kind.name(), key],
            )?;
            return Ok(());
        };
        self.execute(
            "INSERT INTO entity (store, kind, key, version, body) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (store, kind, key) DO UPDATE SET version = excluded.version, body = excluded.body",
            values![scope, kind.name(), key, signed(version)?, body],
        )?;
        Ok(())
    }

    /// What HQ told is of this version.
    pub fn set_told_version(&self, version: u64) -> Result<(), StoreError> {
        self.set_reference_version(version)
    }

    /// Forgets everything that HQ told.
    pub fn forget_told(&self) -> Result<(), StoreError> {
        self.execute("DELETE FROM entity", values![])?;
        self.execute("DELETE FROM product_code", values![])?;
        self.set_reference_version(0)
    }

    /// Forgets what HQ told of a group that the store has left. Should it come back, HQ tells it again, but for what it has
    /// forgotten itself by then.
    pub fn forget_group_told(&self, group: &str) -> Result<(), StoreError> {
        let scope = scope_of(&PriceScope::Group(group.to_owned()));
        self.execute("DELETE FROM entity WHERE store = ?1", values![&scope])?;
        Ok(())
    }

    /// Stores a member as the import gave it, and says whether that changed
    /// anything. Lanes hear of a part of it only, as an entity of its own.
    pub fn put_member(&self, id: &str, body: &str) -> Result<bool, StoreError> {
        let changed = self.execute(
            "INSERT INTO member (id, body) VALUES (?1, ?2)
             ON CONFLICT (id) DO UPDATE SET body = excluded.body WHERE member.body <> excluded.body",
            values![id, body],
        )?;
        Ok(changed > 0)
    }
}
