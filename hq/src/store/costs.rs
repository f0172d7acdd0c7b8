//! What promotions took off, and who bears it.

use std::collections::BTreeMap;

use domain::bearer::{self, Bearer, CostShare};
use domain::money::Money;
use protocol::event;
use serde::{Deserialize, Serialize};

use super::documents::SaleOf;
use super::engine::{Column, Target};
use super::{JournalKey, Reading, SalesRange, StoreError, Writing, values};

const COSTS: Target = Target {
    table: "promotion_cost",
    same: &["store", "lane"],
    columns: &["day", "promotion", "currency", "shares", "taken_off"],
    conflict: "ON CONFLICT (store, lane, day, promotion, currency, shares) DO UPDATE SET
        taken_off = promotion_cost.taken_off + excluded.taken_off",
    tells_new: false,
};

/// What one bears of what a promotion took off in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PromotionCost {
    /// The store's code.
    pub store: String,
    /// HQ's id of the promotion.
    pub promotion: String,
    /// `chain`, `store` or `supplier`.
    pub who: String,
    /// HQ's code of the supplier; empty for others.
    pub supplier: String,
    /// ISO 4217 code of the amount.
    pub currency: String,
    /// What it bears, less what came back, minor units.
    pub amount: i64,
}

impl Writing<'_> {
    /// Adds what promotions took off a lane's documents, and takes off what came
    /// back with them, each on the business date of its document.
    pub(crate) fn add_promotion_costs(
        &self,
        key: JournalKey<'_>,
        sales: &[SaleOf<'_>],
    ) -> Result<(), StoreError> {
        let mut moved: BTreeMap<(String, &str, &str, String), i64> = BTreeMap::new();
        for (event, sale) in sales {
            let taken = sale.borne.iter().map(|borne| (borne, 1));
            for (borne, sign) in taken.chain(sale.borne_back.iter().map(|back| (back, -1))) {
                let (day, shares) = (event.business_date.to_string(), written(&borne.shares));
                let sum =
                    moved.entry((day, borne.promotion.as_str(), sale.currency.as_str(), shares)).or_default();
                *sum = sum.saturating_add(borne.off.saturating_mul(sign));
            }
        }
        if moved.is_empty() {
            return Ok(());
        }
        self.insert(
            &COSTS,
            values![key.store, key.lane],
            &[
                Column::Texts(moved.keys().map(|(day, ..)| day.as_str()).collect()),
                Column::Texts(moved.keys().map(|(_, promotion, ..)| *promotion).collect()),
                Column::Texts(moved.keys().map(|(_, _, currency, _)| *currency).collect()),
                Column::Texts(moved.keys().map(|(.., shares)| shares.as_str()).collect()),
                Column::Ints(moved.values().copied().collect()),
            ],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// What each bears of each promotion in each store: of business dates from the first to the last,
    /// split by the shares that held when it was sold. For each promotion and
    /// store the parts sum to what was taken off.
    pub fn promotion_costs(&self, range: &SalesRange) -> Result<Vec<PromotionCost>, StoreError> {
        let [from, to] = [range.from, range.to].map(|date| date.map(|date| date.to_string()));
        let rows = self.all(
            "SELECT store, promotion, currency, shares, CAST(sum(taken_off) AS BIGINT) FROM promotion_cost
             WHERE (CAST(?1 AS TEXT) IS NULL OR store = ?1)
               AND (CAST(?2 AS TEXT) IS NULL OR day >= ?2)
               AND (CAST(?3 AS TEXT) IS NULL OR day <= ?3)
               AND (CAST(?4 AS BIGINT) IS NULL OR lane = ?4)
             GROUP BY store, promotion, currency, shares",
            values![range.store.as_deref(), from.as_deref(), to.as_deref(), range.lane],
            |row| Ok(((row.text(0)?, row.text(1)?, row.text(2)?), row.text(3)?, row.int(4)?)),
        )?;
        let mut parts: BTreeMap<(String, String, String, Bearer), i64> = BTreeMap::new();
        for ((store, promotion, currency), shares, taken_off) in rows {
            for (bearer, amount) in bearer::split(Money::from_minor(taken_off), &read(&shares)?) {
                let key = (store.clone(), promotion.clone(), currency.clone(), bearer);
                let sum = parts.entry(key).or_default();
                *sum = sum.saturating_add(amount.minor());
            }
        }
        let row = |((store, promotion, currency, bearer), amount)| {
            let event::CostShare { who, supplier, share: _ } =
                (&CostShare { bearer, basis_points: 0 }).into();
            PromotionCost { store, promotion, who, supplier, currency, amount }
        };
        Ok(parts.into_iter().map(row).collect())
    }
}

fn written(shares: &[event::CostShare]) -> String {
    serde_json::to_string(shares).expect("plain data serialises")
}

fn read(shares: &str) -> Result<Vec<CostShare>, StoreError> {
    let shares: Vec<event::CostShare> = serde_json::from_str(shares)
        .map_err(|error| StoreError::Row { table: "promotion_cost", reason: error.to_string() })?;
    Ok(shares.iter().filter_map(event::CostShare::understand).collect())
}
