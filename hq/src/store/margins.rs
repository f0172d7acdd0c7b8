//! What goods cost, each cost from an instant on, and what a day's sales come to beside it.

use chrono::NaiveDate;
use domain::value::TOP_UP_SKU;
use serde::{Deserialize, Serialize};

use super::{Kind, Reading, StoreError, Writing, values};

/// What a base unit of goods costs from an instant on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostRow {
    /// The item code.
    pub sku: String,
    /// From this instant on, milliseconds UTC.
    pub from_ms: i64,
    /// Per base unit, without tax, minor units of the chain's currency; absent: it is not known any more.
    #[serde(default)]
    pub cost: Option<i64>,
}

/// Sales of some goods on a day, at one cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoldRow {
    /// The item code.
    pub sku: String,
    /// VAT in basis points.
    pub tax_rate: u32,
    /// ISO 4217 code of the amounts.
    pub currency: String,
    /// Whether the tax comes on top of `net`, or lies in it.
    pub tax_on_top: bool,
    /// What a base unit cost when it was sold; `None` where nobody said.
    pub cost: Option<i64>,
    /// Sales less what came back, minor units.
    pub net: i64,
    /// Base units sold less what came back, thousandths.
    pub quantity: i64,
}

impl Writing<'_> {
    /// Puts a cost from its instant on. Says whether anything is another than before.
    pub fn put_cost(&self, row: &CostRow) -> Result<bool, StoreError> {
        let changed = self.execute(
            "INSERT INTO item_cost (sku, from_ms, cost) VALUES (?1, ?2, ?3)
             ON CONFLICT (sku, from_ms) DO UPDATE SET cost = excluded.cost
             WHERE item_cost.cost IS DISTINCT FROM excluded.cost",
            values![row.sku.as_str(), row.from_ms, row.cost],
        )?;
        Ok(changed > 0)
    }
}

impl Reading<'_> {
    /// The costs of goods, in the order of item codes and instants, after one of them, at most `limit`.
    pub fn costs_after(&self, sku: &str, from_ms: i64, limit: u32) -> Result<Vec<CostRow>, StoreError> {
        self.all(
            "SELECT sku, from_ms, cost FROM item_cost WHERE sku > ?1 OR (sku = ?1 AND from_ms > ?2)
             ORDER BY sku, from_ms LIMIT ?3",
            values![sku, from_ms, limit],
            |row| Ok(CostRow { sku: row.text(0)?, from_ms: row.int(1)?, cost: row.int_or_none(2)? }),
        )
    }

    /// What was sold in a store on a business date, by goods and the cost that held when it was sold, at most `limit`
    /// rows. Where the total of a sale is more than its lines, its prices are without the tax.
    pub fn sold_on(&self, store: &str, day: NaiveDate, limit: u32) -> Result<Vec<SoldRow>, StoreError> {
        let day = day.to_string();
        self.all(
            "SELECT d.sku, d.tax_rate, d.currency, d.on_top, d.cost,
                 CAST(sum(d.net) AS BIGINT), CAST(sum(d.quantity) AS BIGINT)
             FROM (SELECT l.sku, l.tax_rate, s.currency, l.net, l.quantity * l.factor AS quantity,
                       CAST(CASE WHEN s.total = s.nets THEN 0 ELSE 1 END AS BIGINT) AS on_top,
                       (SELECT c.cost FROM item_cost c WHERE c.sku = l.sku AND c.from_ms <= s.at_ms
                        ORDER BY c.from_ms DESC LIMIT 1) AS cost
                   FROM (SELECT a.store, a.lane, a.epoch, a.seq, a.currency, a.total, a.at_ms,
                             (SELECT coalesce(sum(n.net), 0) FROM sale_line n WHERE n.store = a.store
                              AND n.lane = a.lane AND n.epoch = a.epoch AND n.seq = a.seq) AS nets
                         FROM sale a WHERE a.store = ?1 AND a.business_date = ?2) s
                   JOIN sale_line l
                       ON l.store = s.store AND l.lane = s.lane AND l.epoch = s.epoch AND l.seq = s.seq
                   WHERE l.sku <> ?4) d
             GROUP BY d.sku, d.tax_rate, d.currency, d.on_top, d.cost
             ORDER BY d.sku, d.tax_rate, d.on_top LIMIT ?3",
            values![store, day.as_str(), limit, TOP_UP_SKU],
            |row| {
                Ok(SoldRow {
                    sku: row.text(0)?,
                    tax_rate: row.small(1)?,
                    currency: row.text(2)?,
                    tax_on_top: row.int(3)? != 0,
                    cost: row.int_or_none(4)?,
                    net: row.int(5)?,
                    quantity: row.int(6)?,
                })
            },
        )
    }

    /// The goods that were sold in a store on a business date, as they are now: item code and body.
    pub fn goods_sold_on(&self, store: &str, day: NaiveDate) -> Result<Vec<(String, String)>, StoreError> {
        let day = day.to_string();
        let found = self.all(
            "SELECT e.key, e.body FROM entity e WHERE e.store = '' AND e.kind = ?3 AND e.key IN (
                 SELECT l.sku FROM sale s JOIN sale_line l
                     ON l.store = s.store AND l.lane = s.lane AND l.epoch = s.epoch AND l.seq = s.seq
                 WHERE s.store = ?1 AND s.business_date = ?2)",
            values![store, day.as_str(), Kind::Product.name()],
            |row| Ok((row.text(0)?, row.text_or_none(1)?)),
        )?;
        Ok(found.into_iter().filter_map(|(sku, body)| Some((sku, body?))).collect())
    }
}
