//! Goods from a CSV file, a row at a time: a million rows need the memory of
//! one.

use std::fs::File;
use std::io;
use std::path::Path;

use csv::{ErrorKind, StringRecord, Trim};
use domain::money::Currency;
use protocol::pull::Product;

/// The columns, by the names in the first row. The order is free.
const COLUMNS: [&str; 16] = [
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
];

/// The columns that must be there.
const COLUMNS_NEEDED: [&str; 4] = ["sku", "name_zh", "price", "tax_rate"];

/// What may stand between the codes of one product.
const CODE_SEPARATORS: [char; 4] = [';', '；', ' ', '|'];

/// An open file of goods.
pub(super) struct Goods {
    reader: csv::Reader<File>,
    currency: Option<Currency>,
    header: Header,
}

/// Where each of [`COLUMNS`] stands in a row.
type Columns = [Option<usize>; COLUMNS.len()];

enum Header {
    Unread,
    Read(Box<Columns>),
    Wrong,
}

impl Goods {
    /// Opens a file whose prices are in `currency`.
    pub(super) fn open(path: &Path, currency: Option<Currency>) -> io::Result<Self> {
        let reader = csv::ReaderBuilder::new().trim(Trim::All).from_reader(File::open(path)?);
        Ok(Self { reader, currency, header: Header::Unread })
    }

    /// The next row with its place, or what is wrong with it; `None` at the
    /// end, and after a first row that cannot be used.
    pub(super) fn next_product(&mut self) -> Option<(String, Result<Product, String>)> {
        let columns = match &self.header {
            Header::Read(columns) => **columns,
            Header::Wrong => return None,
            Header::Unread => match self.read_header() {
                Ok(columns) => {
                    self.header = Header::Read(Box::new(columns));
                    columns
                }
                Err(what) => {
                    self.header = Header::Wrong;
                    return Some(("row 1".to_owned(), Err(what)));
                }
            },
        };
        let mut record = StringRecord::new();
        let line = self.reader.position().line();
        match self.reader.read_record(&mut record) {
            Ok(false) => None,
            Ok(true) => {
                let line = record.position().map_or(line, csv::Position::line);
                let row = Row { record: &record, columns };
                Some((format!("row {line}"), row.product(self.currency.as_ref())))
            }
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                // A file that cannot be read on has no next row.
                if error.is_io_error() {
                    self.header = Header::Wrong;
                }
                Some((format!("row {line}"), Err(explain(&error))))
            }
        }
    }

    fn read_header(&mut self) -> Result<Columns, String> {
        let header = self.reader.headers().map_err(|error| explain(&error))?;
        let mut columns = [None; COLUMNS.len()];
        for (position, name) in header.iter().enumerate() {
            let column = COLUMNS
                .iter()
                .position(|column| *column == name)
                .ok_or_else(|| format!("there is no column {name:?}; use {}", COLUMNS.join(",")))?;
            if columns[column].replace(position).is_some() {
                return Err(format!("the column {name:?} is there twice; remove one"));
            }
        }
        let missing = COLUMNS_NEEDED.iter().find(|name| {
            let column = COLUMNS.iter().position(|column| column == *name);
            column.and_then(|column| columns[column]).is_none()
        });
        match missing {
            Some(name) => Err(format!("the column {name:?} is missing; add it to the first row")),
            None => Ok(columns),
        }
    }
}

fn explain(error: &csv::Error) -> String {
    match error.kind() {
        ErrorKind::Utf8 { .. } => "the text is not UTF-8; save the file as CSV UTF-8".to_owned(),
        ErrorKind::UnequalLengths { expected_len, len, .. } => format!(
            "it has {len} columns and the first row has {expected_len}; put texts with commas into quotes"
        ),
        ErrorKind::Io(_) | ErrorKind::Seek | ErrorKind::Serialize(_) | ErrorKind::Deserialize { .. } | _ => {
            format!("it cannot be read: {error}")
        }
    }
}

struct Row<'a> {
    record: &'a StringRecord,
    columns: Columns,
}

impl Row<'_> {
    fn text(&self, name: &str) -> &str {
        let column = COLUMNS.iter().position(|column| *column == name);
        let position = column.and_then(|column| self.columns[column]);
        position.and_then(|position| self.record.get(position)).unwrap_or_default()
    }

    fn product(&self, currency: Option<&Currency>) -> Result<Product, String> {
        let currency =
            currency.ok_or("no store is known, so neither is the currency; import a store first")?;
        let owned = |name| self.text(name).to_owned();
        Ok(Product {
            sku: owned("sku"),
            name_zh: owned("name_zh"),
            name_en: owned("name_en"),
            spec: owned("spec"),
            origin: owned("origin"),
            category: owned("category"),
            weighed: self.flag("weighed")?,
            price: self.price(currency)?,
            tax_rate: parse_tax_rate(self.text("tax_rate"))?,
            codes: self.codes(),
            plu: owned("plu"),
            initials: owned("initials"),
            age_restricted: self.flag("age_restricted")?,
            no_promotion: self.flag("no_promotion")?,
            no_points: self.flag("no_points")?,
            pin: match self.text("pin") {
                "" => 0,
                text => {
                    text.parse().map_err(|_| format!("pin {text:?}: write a whole number, 0 for none"))?
                }
            },
            units: Vec::new(),
            kit: Vec::new(),
            open_price: None,
            department: String::new(),
            tax_class: String::new(),
            gift: false,
        })
    }

    fn price(&self, currency: &Currency) -> Result<i64, String> {
        let text = self.text("price");
        if text.starts_with('-') {
            return Err(format!("the price {text} is negative; write 0 or more"));
        }
        match currency.parse(text) {
            Ok(price) => Ok(price.minor()),
            Err(error) => Err(format!(
                "price: {error}; write it such as {}",
                currency.format(domain::money::Money::from_minor(350))
            )),
        }
    }

    fn codes(&self) -> Vec<String> {
        let codes = self.text("codes").split(CODE_SEPARATORS);
        codes.map(str::trim).filter(|code| !code.is_empty()).map(str::to_owned).collect()
    }

    fn flag(&self, name: &str) -> Result<bool, String> {
        match self.text(name).to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "y" | "是" => Ok(true),
            "" | "false" | "0" | "no" | "n" | "否" => Ok(false),
            text => Err(format!("{name} {text:?}: write true or false")),
        }
    }
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
