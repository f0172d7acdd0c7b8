//! Goods from a CSV file.

use std::io;
use std::path::Path;

use domain::money::{Currency, Money, Quantity};
use protocol::pull::{KitPart, PriceBounds, Product, SaleUnit};

use super::table::{Columns, Row, Table};

/// The columns of a file of goods.
pub const GOODS_COLUMNS: &[&str] = &[
    "sku",
    "name_zh",
    "name_en",
    "spec",
    "origin",
    "category",
    "weighed",
    "price",
    "tax_rate",
    "codes",
    "plu",
    "initials",
    "age_restricted",
    "no_promotion",
    "no_points",
    "pin",
    "units",
    "kit",
    "open_price",
    "department",
    "tax_class",
    "gift",
    "grade",
    "membership",
];

const COLUMNS: Columns = Columns { names: GOODS_COLUMNS, needed: &["sku", "name_zh", "price", "tax_rate"] };

/// What may stand between the codes of one product.
const CODE_SEPARATORS: [char; 4] = [';', '；', ' ', '|'];

/// What stands between the packs, and between the parts of a kit.
const SEPARATORS: [char; 2] = [';', '；'];

/// An open file of goods.
pub(super) struct Goods {
    table: Table,
    currency: Option<Currency>,
}

impl Goods {
    /// Opens a file whose prices are in `currency`.
    pub(super) fn open(path: &Path, currency: Option<Currency>) -> io::Result<Self> {
        Ok(Self { table: Table::open(path, &COLUMNS)?, currency })
    }

    /// The next row with its place, or what is wrong with it; `None` at the
    /// end, and after a first row that cannot be used.
    pub(super) fn next_product(&mut self) -> Option<(String, Result<Product, String>)> {
        let currency = self.currency.as_ref();
        self.table.next_row(|row| product(row, currency))
    }
}

fn product(row: &Row<'_>, currency: Option<&Currency>) -> Result<Product, String> {
    let currency = currency.ok_or("no store is known, so neither is the currency; import a store first")?;
    let owned = |name| row.text(name).to_owned();
    Ok(Product {
        sku: owned("sku"),
        name_zh: owned("name_zh"),
        name_en: owned("name_en"),
        spec: owned("spec"),
        origin: owned("origin"),
        grade: owned("grade"),
        category: owned("category"),
        weighed: row.flag("weighed")?,
        price: parse_price("price", row.text("price"), currency)?,
        tax_rate: match (row.text("tax_rate"), row.text("tax_class")) {
            // The class has one.
            ("", class) if !class.is_empty() => 0,
            (text, _) => parse_tax_rate(text)?,
        },
        codes: codes(row.text("codes")),
        plu: owned("plu"),
        initials: owned("initials"),
        age_restricted: row.flag("age_restricted")?,
        no_promotion: row.flag("no_promotion")?,
        no_points: row.flag("no_points")?,
        pin: match row.text("pin") {
            "" => 0,
            text => text.parse().map_err(|_| format!("pin {text:?}: write a whole number, 0 for none"))?,
        },
        units: each(row.text("units"), |text| parse_unit(text, currency))?,
        kit: each(row.text("kit"), parse_part)?,
        open_price: match row.text("open_price") {
            "" => None,
            text => Some(parse_bounds(text, currency)?),
        },
        department: owned("department"),
        tax_class: owned("tax_class"),
        gift: row.flag("gift")?,
        membership: row.flag("membership")?,
    })
}

/// Reads an amount of the column `name`.
pub(super) fn parse_price(name: &str, text: &str, currency: &Currency) -> Result<i64, String> {
    if text.starts_with('-') {
        return Err(format!("the {name} {text} is negative; write 0 or more"));
    }
    match currency.parse(text) {
        Ok(price) => Ok(price.minor()),
        Err(error) => {
            Err(format!("{name}: {error}; write it such as {}", currency.format(Money::from_minor(350))))
        }
    }
}

fn codes(text: &str) -> Vec<String> {
    let codes = text.split(CODE_SEPARATORS);
    codes.map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect()
}

fn each<T>(text: &str, parse: impl Fn(&str) -> Result<T, String>) -> Result<Vec<T>, String> {
    text.split(SEPARATORS).map(str::trim).filter(|part| !part.is_empty()).map(parse).collect()
}

/// Reads a pack, such as `case:箱:Case:24:98.00:19520001003032`.
fn parse_unit(text: &str, currency: &Currency) -> Result<SaleUnit, String> {
    let form = || {
        format!(
            "units {text:?}: write id:name:English name:number[:price[:codes with spaces between]], such as \
             case:箱:Case:24:98.00:19520001003032, and ; between two units"
        )
    };
    let parts: Vec<&str> = text.split(':').map(str::trim).collect();
    if !(4..=6).contains(&parts.len()) {
        return Err(form());
    }
    let part = |at: usize| parts.get(at).copied().unwrap_or_default();
    Ok(SaleUnit {
        id: part(0).to_owned(),
        name_zh: part(1).to_owned(),
        name_en: part(2).to_owned(),
        factor: part(3).parse().map_err(|_| form())?,
        price: match part(4) {
            "" => None,
            price => Some(parse_price("price in units", price, currency)?),
        },
        codes: codes(part(5)),
    })
}

/// Reads a part of a kit, such as `100001*6`.
fn parse_part(text: &str) -> Result<KitPart, String> {
    let form = || {
        format!("kit {text:?}: write sku*quantity such as 100001*6 or 140001*0.5, and ; between two parts")
    };
    let (sku, quantity) = text.rsplit_once('*').ok_or_else(form)?;
    // Quantities have three decimals, as the amounts of some currencies.
    let thousandths = Currency { code: String::new(), symbol: String::new(), exponent: 3 };
    let quantity = thousandths.parse(quantity.trim()).map_err(|_| form())?.minor();
    let quantity = Quantity::from_thousandths(quantity).ok_or_else(form)?;
    Ok(KitPart { sku: sku.trim().to_owned(), quantity: quantity.thousandths() })
}

/// Reads the bounds of an open price, such as `0.10-500`.
fn parse_bounds(text: &str, currency: &Currency) -> Result<PriceBounds, String> {
    let (min, max) = text
        .split_once('-')
        .ok_or_else(|| format!("open_price {text:?}: write the least and the most, such as 0.10-500"))?;
    let bound = |text: &str| parse_price("open_price", text.trim(), currency);
    Ok(PriceBounds { min: bound(min)?, max: bound(max)? })
}

/// Reads a tax rate as basis points (`1300`) or per cent (`13%`).
fn parse_tax_rate(text: &str) -> Result<u32, String> {
    let form = || format!("tax_rate {text:?}: write basis points such as 1300, or per cent such as 13%");
    if let Some(percent) = text.strip_suffix('%') {
        let (whole, decimals) = percent.split_once('.').unwrap_or((percent, ""));
        let digits = format!("{whole}{decimals:0<2}");
        let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || decimals.len() > 2 || !are_digits {
            return Err(form());
        }
        return digits.parse().map_err(|_| form());
    }
    let points: u32 = text.parse().map_err(|_| form())?;
    // 13 would be 0.13 %, which nobody means.
    if (1..50).contains(&points) {
        return Err(form());
    }
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tax_rates_are_read_in_both_forms_and_never_guessed() {
        assert_eq!(parse_tax_rate("1300"), Ok(1_300));
        assert_eq!(parse_tax_rate("13%"), Ok(1_300));
        assert_eq!(parse_tax_rate("0.5%"), Ok(50));
        assert_eq!(parse_tax_rate("0"), Ok(0));
        for wrong in ["", "13", "0.13", "-9%", "9.123%", "%", "1,3%"] {
            assert!(parse_tax_rate(wrong).is_err(), "{wrong}");
        }
    }
}
