//! Prices of price lists, from a CSV file and from the command line.

use std::io;
use std::path::Path;

use chrono::DateTime;
use domain::money::Currency;
use protocol::pull::{Audience, PriceRow, PriceScope};
use serde::{Deserialize, Serialize};

use super::goods::parse_price;
use super::table::{Columns, Row, Table};

/// The columns of a file of prices.
pub const PRICE_COLUMNS: &[&str] =
    &["list", "sku", "unit", "store", "group", "tier", "from", "until", "price"];

const COLUMNS: Columns = Columns { names: PRICE_COLUMNS, needed: &["sku", "from", "price"] };

/// The list of a price that names none.
const LIST_DEFAULT: &str = "main";

/// How people write a tier for all members.
const ANY_TIER: &str = "*";

/// A price as people write it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceText {
    /// The price list's id; empty for the main one.
    pub list: String,
    /// The item code.
    pub sku: String,
    /// The sale unit's id; empty for the base unit.
    pub unit: String,
    /// The store's code; empty for no store of its own.
    pub store: String,
    /// The group of stores; empty for none.
    pub group: String,
    /// The members' tier, `*` for members of any; empty for everybody.
    pub tier: String,
    /// The beginning: a time with its offset.
    pub from: String,
    /// The end, a time with its offset; empty for none.
    pub until: String,
    /// The amount.
    pub price: String,
}

impl PriceText {
    fn of(row: &Row<'_>) -> Self {
        let owned = |name| row.text(name).to_owned();
        Self {
            list: owned("list"),
            sku: owned("sku"),
            unit: owned("unit"),
            store: owned("store"),
            group: owned("group"),
            tier: owned("tier"),
            from: owned("from"),
            until: owned("until"),
            price: owned("price"),
        }
    }

    /// Reads it; the error says which column is wrong and what to write.
    pub(super) fn parse(&self, currency: Option<&Currency>) -> Result<PriceRow, String> {
        let currency =
            currency.ok_or("no store is known, so neither is the currency; import a store first")?;
        let list = if self.list.is_empty() { LIST_DEFAULT } else { &self.list };
        Ok(PriceRow {
            list: list.to_owned(),
            sku: self.sku.clone(),
            unit: self.unit.clone(),
            scope: match (self.store.as_str(), self.group.as_str()) {
                ("", "") => PriceScope::Chain,
                (store, "") => PriceScope::Store(store.to_owned()),
                ("", group) => PriceScope::Group(group.to_owned()),
                (_, _) => return Err("it names a store and a group; leave one of them empty".to_owned()),
            },
            audience: match self.tier.as_str() {
                "" => Audience::Everyone,
                ANY_TIER => Audience::Members,
                tier => Audience::Tier(tier.to_owned()),
            },
            from_ms: parse_time("from", &self.from)?,
            until_ms: match self.until.as_str() {
                "" => None,
                text => Some(parse_time("until", text)?),
            },
            price: parse_price("price", &self.price, currency)?,
        })
    }
}

/// An open file of prices.
pub(super) struct Prices {
    table: Table,
    currency: Option<Currency>,
}

impl Prices {
    /// Opens a file whose prices are in `currency`.
    pub(super) fn open(path: &Path, currency: Option<Currency>) -> io::Result<Self> {
        Ok(Self { table: Table::open(path, &COLUMNS)?, currency })
    }

    /// The next row with its place, or what is wrong with it.
    pub(super) fn next_price(&mut self) -> Option<(String, Result<PriceRow, String>)> {
        let currency = self.currency.as_ref();
        self.table.next_row(|row| PriceText::of(row).parse(currency))
    }
}

/// Whether a CSV file has prices, by its first row, and not goods. One that
/// cannot be told is taken for goods, whose import says what is wrong with it.
pub(super) fn is_of_prices(path: &Path) -> bool {
    let Ok(mut reader) = csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(path) else { return false };
    reader.headers().is_ok_and(|header| {
        header.iter().any(|name| name == "from") && !header.iter().any(|name| name == "name_zh")
    })
}

/// Reads a time as milliseconds UTC. A time without its offset would be
/// guessed, and wrong by eight hours on a machine that runs on UTC.
pub(super) fn parse_time(name: &str, text: &str) -> Result<i64, String> {
    let form = || {
        format!("{name} {text:?}: write the time with its offset from UTC, such as 2026-03-01T07:00+08:00")
    };
    // RFC 3339 wants seconds, which people leave out.
    let at = DateTime::parse_from_rfc3339(text)
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%:z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M%:z"))
        .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M %:z"))
        .map_err(|_| form())?;
    Ok(at.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_its_offset() {
        for text in [
            "2026-03-01T07:00:00+08:00",
            "2026-03-01T07:00+08:00",
            "2026-03-01 07:00+08:00",
            "2026-03-01 07:00 +08:00",
            "2026-02-28T23:00:00Z",
        ] {
            assert_eq!(parse_time("from", text), Ok(1_772_319_600_000), "{text}");
        }
        for wrong in ["", "2026-03-01", "2026-03-01 07:00", "07:00+08:00", "2026-02-30T07:00+08:00"] {
            let refusal = parse_time("from", wrong).expect_err(wrong);
            assert!(refusal.contains("such as 2026-03-01T07:00+08:00"), "{refusal}");
        }
    }
}
