//! Shelf labels in `reference.db`: what each stands for, what it shows, and
//! what may be charged at most meanwhile.
//!
//! The agent alone writes it: what HQ told of the store's labels, what it read
//! in its own lane's journal before HQ had it, and what its gateways told.
//! [`Shelf`] is how screens and the till read it, always the newest: a basket
//! stays with one version of the goods, but a label that changes meanwhile
//! must not show less than the till asks.

mod known;
mod writing;

use std::path::Path;

use domain::catalogue;
use domain::label::{LabelItem, LabelNumber};
use domain::money::Money;
use protocol::event;
use protocol::pull::{self, ShelfCap};
use rusqlite::{Connection, OptionalExtension, Row, params};

pub use known::*;
use writing::stamp_of;
pub(super) use writing::{FORGET_ALL, FORGET_TOLD, put_cap, put_label, put_waiver, remove_cap, write};

use super::{KIND, ReferenceError, VERSION_WITH_DEALS, VERSION_WITH_LABELS, read};
use crate::file::{self, Trial};

/// The lane under which this agent keeps the caps of its own gateways: no lane
/// has this number. What HQ tells of them is an echo, and stands under the
/// lane's own number.
const OWN: u32 = 0;

/// `from_ms` of a cap that holds whatever the time.
const ALWAYS: i64 = i64::MIN;

/// The most deals that are kept; the oldest go.
pub const DEALS_MAX: usize = 20_000;

/// The most rows of one page of a list.
pub const SHELF_PAGE_MAX: usize = 1_000;

/// The labels of a store, as people and the till read them: always the newest.
#[derive(Debug)]
pub struct Shelf {
    connection: Connection,
}

/// What may be charged at most for one of a unit now, minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CapNow {
    /// By anybody, and a label that says so.
    pub price: Option<(i64, String)>,
    /// By members, and a label that says so.
    pub member_price: Option<(i64, String)>,
}

/// Which caps count: those of other lanes' gateways, and our own as the agent
/// keeps them, or where it does not yet, as HQ echoes them.
const CAPS_OF: &str = "
    SELECT unit, from_ms, price, member_price, label FROM shelf_cap
    WHERE sku = ?1 AND (lane = 0 OR NOT EXISTS (SELECT 1 FROM shelf WHERE is_kept)
         OR lane <> coalesce((SELECT lane FROM state), 0))
";

impl Shelf {
    /// Opens the file to read; `None` while the agent has not made it, or an
    /// older program did.
    pub fn open(path: &Path) -> Result<Option<Self>, ReferenceError> {
        Self::with(file::open_reader(path, &KIND)?)
    }

    /// The same on a trial's disk, where there is one.
    pub fn open_trial(path: &Path, trial: &Trial) -> Result<Option<Self>, ReferenceError> {
        Self::with(file::open_existing_reader(path, &KIND, Some(trial.vfs))?)
    }

    fn with(connection: Option<Connection>) -> Result<Option<Self>, ReferenceError> {
        let Some(connection) = connection else { return Ok(None) };
        let layout: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok((layout >= VERSION_WITH_LABELS).then_some(Self { connection }))
    }

    /// What reads the newest of the file.
    pub(super) const fn newest(&self) -> &Connection {
        &self.connection
    }

    /// A number that is another one when the agent has written anything since.
    pub fn data_version(&self) -> Result<i64, ReferenceError> {
        Ok(self.connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
    }

    /// What a label stands for; `None` where it was never bound.
    pub fn bound(&self, number: &LabelNumber) -> Result<Option<BoundLabel>, ReferenceError> {
        let label: Option<pull::Label> =
            self.one("SELECT body FROM label WHERE number = ?1", number.as_str(), "label")?;
        Ok(label.map(|label| BoundLabel::of(number.clone(), label)))
    }

    /// The labels of an item and all its packs, by number.
    pub fn labels_of(&self, sku: &str) -> Result<Vec<BoundLabel>, ReferenceError> {
        self.labels(
            "SELECT number, body FROM label WHERE number IN (SELECT label FROM label_item WHERE sku = ?1)
             ORDER BY number LIMIT ?2",
            &[&sku, &(SHELF_PAGE_MAX as u64)],
        )
    }

    /// All labels that stand for something, or did, by number.
    pub fn all_bound(&self) -> Result<Vec<BoundLabel>, ReferenceError> {
        self.labels("SELECT number, body FROM label ORDER BY number", &[])
    }

    /// What is known of a label.
    pub fn state(&self, number: &LabelNumber) -> Result<Option<LabelState>, ReferenceError> {
        self.one("SELECT body FROM label_state WHERE number = ?1", number.as_str(), "label_state")
    }

    /// All that is known of labels, by number.
    pub fn states(&self) -> Result<Vec<(LabelNumber, LabelState)>, ReferenceError> {
        let mut select =
            self.connection.prepare_cached("SELECT number, body FROM label_state ORDER BY number")?;
        let mut rows = select.query([])?;
        let mut states = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                states.push((number, read(row.get_ref(1)?.as_str().unwrap_or_default(), "label_state")?));
            }
        }
        Ok(states)
    }

    /// A page of a list, by number; at most [`SHELF_PAGE_MAX`].
    pub fn list(
        &self,
        list: LabelList,
        offset: usize,
        limit: usize,
    ) -> Result<Vec<ListedLabel>, ReferenceError> {
        let (condition, value) = condition_of(list);
        let sql =
            format!("{EVERY_LABEL} WHERE {condition} AND ?1 IS ?1 ORDER BY every.number LIMIT ?2 OFFSET ?3");
        let mut select = self.connection.prepare_cached(&sql)?;
        let limit = limit.min(SHELF_PAGE_MAX) as u64;
        let mut rows = select.query(params![value, limit, offset as u64])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            listed.extend(listed_of(row)?);
        }
        Ok(listed)
    }

    /// How many are on a list.
    pub fn count(&self, list: LabelList) -> Result<u64, ReferenceError> {
        let (condition, value) = condition_of(list);
        let sql = format!("SELECT count(*) FROM ({EVERY_LABEL} WHERE {condition} AND ?1 IS ?1)");
        Ok(self.connection.prepare_cached(&sql)?.query_row([value], |row| row.get(0))?)
    }

    /// Labels whose number, place or item code has this text in it, by number.
    pub fn search(&self, text: &str, limit: usize) -> Result<Vec<ListedLabel>, ReferenceError> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(Vec::new());
        }
        let sql = format!(
            "{EVERY_LABEL} WHERE instr(every.number, upper(?1)) > 0 OR instr(lower(label.slot), lower(?1)) > 0
                 OR EXISTS (SELECT 1 FROM label_item WHERE label_item.label = every.number
                     AND instr(lower(label_item.sku), lower(?1)) > 0)
             ORDER BY every.number LIMIT ?2"
        );
        let mut select = self.connection.prepare_cached(&sql)?;
        let mut rows = select.query(params![text, limit.min(SHELF_PAGE_MAX) as u64])?;
        let mut listed = Vec::new();
        while let Some(row) = rows.next()? {
            listed.extend(listed_of(row)?);
        }
        Ok(listed)
    }

    /// A page of the item codes that no label stands for, by item code.
    pub fn items_without_label(&self, offset: usize, limit: usize) -> Result<Vec<String>, ReferenceError> {
        let mut select = self.connection.prepare_cached(
            "SELECT sku FROM product
             WHERE NOT EXISTS (SELECT 1 FROM label_item WHERE label_item.sku = product.sku)
             ORDER BY sku LIMIT ?1 OFFSET ?2",
        )?;
        let rows =
            select.query_map(params![limit.min(SHELF_PAGE_MAX) as u64, offset as u64], |row| row.get(0))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// How many item codes no label stands for.
    pub fn count_items_without_label(&self) -> Result<u64, ReferenceError> {
        let sql = "SELECT count(*) FROM product
                   WHERE NOT EXISTS (SELECT 1 FROM label_item WHERE label_item.sku = product.sku)";
        Ok(self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
    }

    /// The gateways of this lane's agent, by address.
    pub fn gateways(&self) -> Result<Vec<(String, GatewayState)>, ReferenceError> {
        let mut select = self.connection.prepare_cached("SELECT host, body FROM gateway ORDER BY host")?;
        let mut rows = select.query([])?;
        let mut gateways = Vec::new();
        while let Some(row) = rows.next()? {
            gateways.push((row.get(0)?, read(row.get_ref(1)?.as_str().unwrap_or_default(), "gateway")?));
        }
        Ok(gateways)
    }

    /// What is known of the whole.
    pub fn summary(&self) -> Result<ShelfSummary, ReferenceError> {
        let body: String =
            self.connection.prepare_cached("SELECT body FROM shelf")?.query_row([], |row| row.get(0))?;
        read(&body, "shelf")
    }

    /// How far the agent has read its own lane's journal, and whether it keeps
    /// its own caps.
    pub fn position(&self) -> Result<(ShelfPosition, bool), ReferenceError> {
        let sql = "SELECT epoch, seq, is_kept FROM shelf";
        Ok(self
            .connection
            .prepare_cached(sql)?
            .query_row([], |row| Ok((ShelfPosition { epoch: row.get(0)?, seq: row.get(1)? }, row.get(2)?)))?)
    }

    /// What goods were sold at before promotions began, as far as HQ told it;
    /// at most [`DEALS_MAX`].
    pub fn deals(&self) -> Result<Vec<Deal>, ReferenceError> {
        let layout: i32 = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        if layout < VERSION_WITH_DEALS {
            return Ok(Vec::new());
        }
        let sql = "SELECT sku, unit, from_ms, until_ms, lowest, last FROM deal ORDER BY sku, unit, until_ms";
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map([], |row| {
            Ok(Deal {
                item: LabelItem { sku: row.get(0)?, unit: row.get(1)? },
                from_ms: row.get(2)?,
                until_ms: row.get(3)?,
                lowest: row.get(4)?,
                last: row.get(5)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// Items of which HQ tells lanes caps of this lane's labels, though the
    /// agent keeps none.
    pub fn told_for_nothing(&self, lane: u32) -> Result<Vec<LabelItem>, ReferenceError> {
        let mut select = self.connection.prepare_cached(
            "SELECT DISTINCT sku, unit FROM shelf_cap AS told WHERE lane = ?1 AND NOT EXISTS
                 (SELECT 1 FROM shelf_cap AS own
                  WHERE own.sku = told.sku AND own.unit = told.unit AND own.lane = ?2)",
        )?;
        let rows =
            select.query_map([lane, OWN], |row| Ok(LabelItem { sku: row.get(0)?, unit: row.get(1)? }))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The waivers that were not heeded yet.
    pub fn waivers(&self) -> Result<Vec<pull::LabelWaiver>, ReferenceError> {
        let sql = "SELECT at_ms, lane, epoch, seq, sku, unit FROM label_waiver WHERE NOT is_done ORDER BY sku, unit";
        let mut select = self.connection.prepare_cached(sql)?;
        let rows = select.query_map([], |row| {
            let item = event::LabelItem { sku: row.get(4)?, unit: row.get(5)? };
            Ok(pull::LabelWaiver { item, stamp: stamp_of(row)? })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What may be charged at most for an item and its packs, now and from
    /// instants that are known ahead.
    pub fn caps_of(&self, sku: &str) -> Result<Vec<catalogue::ShelfCap>, ReferenceError> {
        let mut select = self.connection.prepare_cached(CAPS_OF)?;
        let rows = select.query_map([sku], |row| {
            let from_ms: i64 = row.get(1)?;
            let money = |minor: Option<i64>| minor.map(Money::from_minor);
            Ok(catalogue::ShelfCap {
                unit: row.get(0)?,
                from_ms: (from_ms != ALWAYS).then_some(from_ms),
                price: money(row.get(2)?),
                member_price: money(row.get(3)?),
                label: row.get(4)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// What may be charged at most for one of a unit (`""`: the base unit) at
    /// an instant, milliseconds UTC.
    pub fn cap(&self, sku: &str, unit: &str, now_ms: i64) -> Result<CapNow, ReferenceError> {
        let mut cap = CapNow::default();
        let caps = self.caps_of(sku)?;
        let in_force = |cap: &&catalogue::ShelfCap| {
            cap.unit == unit && cap.from_ms.is_none_or(|from_ms| from_ms <= now_ms)
        };
        for said in caps.iter().filter(in_force) {
            lower(&mut cap.price, said.price.map(Money::minor), &said.label);
            lower(&mut cap.member_price, said.member_price.map(Money::minor), &said.label);
        }
        Ok(cap)
    }

    /// The caps that lanes' agents said, as they lie here; `lane` 0 is this
    /// agent's own.
    pub fn caps(&self) -> Result<Vec<ShelfCap>, ReferenceError> {
        let mut select = self.connection.prepare_cached(
            "SELECT sku, unit, lane, from_ms, price, member_price, label FROM shelf_cap
             ORDER BY sku, unit, lane, from_ms",
        )?;
        let rows = select.query_map([], |row| {
            let from_ms: i64 = row.get(3)?;
            Ok(ShelfCap {
                item: event::LabelItem { sku: row.get(0)?, unit: row.get(1)? },
                lane: row.get(2)?,
                from_ms: (from_ms != ALWAYS).then_some(from_ms),
                price: row.get(4)?,
                member_price: row.get(5)?,
                label: row.get(6)?,
            })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn labels(&self, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<Vec<BoundLabel>, ReferenceError> {
        let mut select = self.connection.prepare_cached(sql)?;
        let mut rows = select.query(values)?;
        let mut labels = Vec::new();
        while let Some(row) = rows.next()? {
            if let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) {
                let label = read(row.get_ref(1)?.as_str().unwrap_or_default(), "label")?;
                labels.push(BoundLabel::of(number, label));
            }
        }
        Ok(labels)
    }

    fn one<T: serde::de::DeserializeOwned>(
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
}

fn lower(cap: &mut Option<(i64, String)>, price: Option<i64>, label: &str) {
    if let Some(price) = price.filter(|price| cap.as_ref().is_none_or(|(known, _)| price < known)) {
        *cap = Some((price, label.to_owned()));
    }
}

/// Every label that was bound or seen, with what is known of it.
const EVERY_LABEL: &str = "
    SELECT every.number, label.body, label_state.body
    FROM (SELECT number FROM label UNION SELECT number FROM label_state) AS every
    LEFT JOIN label ON label.number = every.number
    LEFT JOIN label_state ON label_state.number = every.number
";

/// Which of them a list has, and the value that it asks with.
fn condition_of(list: LabelList) -> (&'static str, rusqlite::types::Value) {
    use rusqlite::types::Value;
    match list {
        LabelList::All => ("1", Value::Null),
        LabelList::NotConfirmed => {
            ("label.items > 0 AND coalesce(label_state.condition, 'not_seen') <> 'shown'", Value::Null)
        }
        LabelList::In(condition) => ("label_state.condition = ?1", Value::Text(condition.name().to_owned())),
        LabelList::WithoutItem => {
            ("label_state.seen_ms IS NOT NULL AND coalesce(label.items, 0) = 0", Value::Null)
        }
        LabelList::NotStruck => ("label.items > 0 AND label_state.not_struck", Value::Null),
        LabelList::LowBattery => ("label_state.battery_mv < ?1", Value::Integer(BATTERY_LOW_MV.into())),
        LabelList::Lost { since_ms } => (
            "label_state.seen_ms < ?1 AND NOT coalesce(label.body ->> '$.taken_down', 0)",
            Value::Integer(since_ms),
        ),
    }
}

fn listed_of(row: &Row<'_>) -> Result<Option<ListedLabel>, ReferenceError> {
    let Ok(number) = LabelNumber::parse(row.get_ref(0)?.as_str().unwrap_or_default()) else {
        return Ok(None);
    };
    let label: Option<String> = row.get(1)?;
    let state: Option<String> = row.get(2)?;
    let label: Option<pull::Label> = label.map(|body| read(&body, "label")).transpose()?;
    Ok(Some(ListedLabel {
        bound: label.map(|label| BoundLabel::of(number.clone(), label)),
        state: state.map(|body| read(&body, "label_state")).transpose()?,
        number,
    }))
}

#[cfg(test)]
#[path = "shelf/tests.rs"]
mod tests;
