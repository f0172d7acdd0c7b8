//! What goods cost, from a CSV file. Costs stay at HQ: no lane is told them.

use std::io;
use std::path::Path;

use domain::money::{Currency, Money};

use super::goods::parse_price;
use super::prices::parse_time;
use super::table::{Columns, Row, Table};
use crate::store::CostRow;

/// The columns of a file of costs.
pub const COST_COLUMNS: &[&str] = &["sku", "from", "cost"];

const COLUMNS: Columns = Columns { names: COST_COLUMNS, needed: COST_COLUMNS };

/// An open file of costs.
pub(super) struct Costs {
    table: Table,
    currency: Option<Currency>,
}

impl Costs {
    /// Opens a file whose costs are in `currency`.
    pub(super) fn open(path: &Path, currency: Option<Currency>) -> io::Result<Self> {
        Ok(Self { table: Table::open(path, &COLUMNS)?, currency })
    }

    /// The next row with its place, or what is wrong with it.
    pub(super) fn next_cost(&mut self) -> Option<(String, Result<CostRow, String>)> {
        let currency = self.currency.as_ref();
        self.table.next_row(|row| cost(row, currency))
    }
}

/// A cost that is empty is not known any more from then on.
fn cost(row: &Row<'_>, currency: Option<&Currency>) -> Result<CostRow, String> {
    let currency = currency.ok_or("no store is known, so neither is the currency; import a store first")?;
    Ok(CostRow {
        sku: row.text("sku").to_owned(),
        from_ms: parse_time("from", row.text("from"))?,
        cost: match row.text("cost") {
            "" => None,
            text => Some(parse_price("cost", text, currency)?),
        },
    })
}

/// Whether a CSV file has costs, by its first row.
pub(super) fn is_of_costs(path: &Path) -> bool {
    let Ok(mut reader) = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path) else { return false };
    reader.headers().is_ok_and(|header| {
        header.iter().any(|name| name == "cost") && !header.iter().any(|name| name == "name_zh")
    })
}

/// Why a cost cannot be.
pub(super) fn refuse(row: &CostRow, is_known: bool) -> Option<String> {
    if !is_known {
        return Some(format!("sku: there is no product {:?}; import it first, or correct it", row.sku));
    }
    match row.cost {
        Some(cost) if !Money::from_minor(cost).is_amount() => {
            Some(format!("cost {cost}: write minor units from 0 on, or leave it out"))
        }
        Some(_) | None => None,
    }
}
