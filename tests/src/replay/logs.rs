//! The transaction logs as they are, taken apart into tickets.
//!
//! The file's own sum is made from its text, line by line, before anything is
//! grouped or left out, so that it is independent of what is rung up.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::Sums;

/// A log as tickets, with what cannot be rung up set apart.
#[derive(Debug, Default)]
pub struct Log {
    /// In order.
    pub tickets: Vec<Ticket>,
    /// What is in none of them.
    pub unringable: Vec<Unringable>,
    /// The file's lines, all of them.
    pub file_lines: u64,
    /// The sum of the file's amounts, in ten-thousandths of the major unit:
    /// some prices have three decimals.
    pub file_amount_e4: i128,
    /// What the tickets come to, summed line by line from the file's text.
    pub days: BTreeMap<NaiveDate, Sums>,
}

/// Lines that cannot be rung up, for one reason.
#[derive(Debug)]
pub struct Unringable {
    /// The reason.
    pub kind: String,
    /// How many.
    pub lines: u64,
    /// Their sum, in ten-thousandths of the major unit.
    pub amount_e4: i128,
}

/// Lines that one customer paid for together.
#[derive(Debug)]
pub struct Ticket {
    /// What the log calls it.
    pub name: String,
    /// The day.
    pub day: NaiveDate,
    /// In the log's order.
    pub lines: Vec<TicketLine>,
}

/// One line of a ticket.
#[derive(Debug)]
pub struct TicketLine {
    /// The log's item code.
    pub sku: String,
    /// How much of it.
    pub measure: Measure,
    /// What was paid, minor units.
    pub amount: i64,
}

/// How much of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// Pieces.
    Pieces {
        /// How many, at least one.
        pieces: i64,
    },
    /// By weight.
    Weight {
        /// Grams, at least one.
        grams: i64,
    },
}

/// A line of a file before it has found its ticket.
struct Raw {
    ticket: String,
    day: NaiveDate,
    sku: String,
    quantity: Decimal,
    amount: Decimal,
}

impl Log {
    /// How many lines the tickets have.
    pub fn lines(&self) -> u64 {
        self.tickets.iter().map(|ticket| ticket.lines.len() as u64).sum()
    }

    /// Keeps the first tickets only; the file's sums follow.
    pub fn cut(&mut self, tickets_max: usize) {
        self.tickets.truncate(tickets_max);
        self.days.clear();
        self.file_lines = self.unringable.iter().map(|kind| kind.lines).sum();
        self.file_amount_e4 = self.unringable.iter().map(|kind| kind.amount_e4).sum();
        for ticket in &self.tickets {
            let total: i64 = ticket.lines.iter().map(|line| line.amount).sum();
            self.days.entry(ticket.day).or_default().add(ticket.lines.len() as u64, total);
            self.file_lines += ticket.lines.len() as u64;
            self.file_amount_e4 += i128::from(total) * 100;
        }
    }

    fn set_apart(&mut self, kind: &str, amount_e4: i128) {
        match self.unringable.iter_mut().find(|known| known.kind == kind) {
            Some(known) => {
                known.lines += 1;
                known.amount_e4 += amount_e4;
            }
            None => self.unringable.push(Unringable { kind: kind.to_owned(), lines: 1, amount_e4 }),
        }
    }

    /// Files a line under its ticket, or sets it apart.
    fn take(&mut self, raw: Raw, weighed: bool, places: &mut BTreeMap<String, usize>) -> Result<()> {
        let amount_e4 = ten_thousandths(raw.amount)?;
        let measure = match thousandths(raw.quantity) {
            None => Err("quantity finer than a thousandth"),
            Some(quantity) if quantity <= 0 => Err("negative quantity (write-off)"),
            Some(grams) if weighed => Ok(Measure::Weight { grams }),
            Some(thousandths) => Ok(Measure::Pieces { pieces: thousandths / 1_000 }),
        };
        let measure = match measure {
            Ok(_) if amount_e4 < 0 => Err("negative amount"),
            Ok(_) if amount_e4 % 100 != 0 => Err("amount finer than the minor unit"),
            // Five digits of each is what a scale label holds, and none prints nothing.
            Ok(Measure::Weight { grams }) if amount_e4 == 0 || amount_e4 > 9_999_900 || grams > 99_999 => {
                Err("weighed line that no scale label can hold")
            }
            measure => measure,
        };
        let measure = match measure {
            Ok(measure) => measure,
            Err(kind) => {
                self.set_apart(kind, amount_e4);
                return Ok(());
            }
        };
        let amount = i64::try_from(amount_e4 / 100)?;
        let place = *places.entry(raw.ticket.clone()).or_insert_with(|| {
            self.tickets.push(Ticket { name: raw.ticket.clone(), day: raw.day, lines: Vec::new() });
            self.tickets.len() - 1
        });
        let day = self.tickets[place].day;
        let sums = self.days.entry(day).or_default();
        sums.lines += 1;
        sums.total += amount;
        sums.sales += u64::from(self.tickets[place].lines.is_empty());
        self.tickets[place].lines.push(TicketLine { sku: raw.sku, measure, amount });
        Ok(())
    }

    fn count(&mut self, amount: Decimal) -> Result<()> {
        self.file_lines += 1;
        self.file_amount_e4 += ten_thousandths(amount)?;
        Ok(())
    }

    /// The lane's books only turn forward, so tickets go by day.
    fn in_order(mut self) -> Self {
        self.tickets.sort_by_key(|ticket| ticket.day);
        self
    }
}

fn ten_thousandths(amount: Decimal) -> Result<i128> {
    whole(amount * Decimal::from(10_000)).with_context(|| format!("{amount} has more than four decimals"))
}

fn thousandths(quantity: Decimal) -> Option<i64> {
    whole(quantity * Decimal::from(1_000)).and_then(|whole| i64::try_from(whole).ok())
}

fn whole(number: Decimal) -> Option<i128> {
    let number = number.normalize();
    (number.scale() == 0).then(|| number.mantissa())
}

fn rows(file: &Path) -> Result<csv::Reader<zstd::Decoder<'static, std::io::BufReader<std::fs::File>>>> {
    let open = std::fs::File::open(file).with_context(|| format!("open {}", file.display()))?;
    Ok(csv::Reader::from_reader(zstd::Decoder::new(open)?))
}

fn column(headers: &csv::StringRecord, name: &str) -> Result<usize> {
    headers
        .iter()
        .position(|header| header.trim_start_matches('\u{feff}') == name)
        .with_context(|| format!("no column {name}"))
}

/// A Chinese supermarket, January to April 2015. It has no ticket numbers: a
/// ticket is what one member bought on one day.
pub fn supermarket(data: &Path) -> Result<Log> {
    let file = data.join("cn_supermarket_2015_lines.csv.zst");
    let mut reader = rows(&file)?;
    let headers = reader.headers()?.clone();
    let [member, day, sku, quantity, amount] =
        ["顾客编号", "销售日期", "商品编码", "销售数量", "销售金额"].map(|name| column(&headers, name));
    let (member, day, sku, quantity, amount) = (member?, day?, sku?, quantity?, amount?);
    let records: Vec<csv::StringRecord> = reader.into_records().collect::<Result<_, _>>()?;
    // An item is weighed if any of its quantities is broken: its unit is
    // spelled in too many ways to be relied upon.
    let mut weighed = std::collections::HashSet::new();
    for record in &records {
        if whole(record[quantity].trim().parse()?).is_none() {
            weighed.insert(record[sku].to_owned());
        }
    }
    let mut log = Log::default();
    let mut places = BTreeMap::new();
    for record in &records {
        let amount: Decimal = record[amount].trim().parse()?;
        log.count(amount)?;
        let raw = Raw {
            ticket: format!("{} {}", &record[day], &record[member]),
            // 20150229 stands in the file; the day after February's last is the first of March.
            day: NaiveDate::parse_from_str(&record[day], "%Y%m%d").or_else(|_| {
                NaiveDate::parse_from_str(&format!("{}01", &record[day][..6]), "%Y%m%d")
                    .map(|first| first + chrono::Months::new(1))
            })?,
            sku: record[sku].to_owned(),
            quantity: record[quantity].trim().parse()?,
            amount,
        };
        let by_weight = weighed.contains(&raw.sku);
        log.take(raw, by_weight, &mut places)?;
    }
    Ok(log.in_order())
}

/// A British online shop, December 2010 to December 2011.
pub fn online_retail(data: &Path) -> Result<Log> {
    let file = data.join("online_retail_uci.csv.zst");
    let mut reader = rows(&file)?;
    let headers = reader.headers()?.clone();
    let [invoice, code, quantity, date, price] =
        ["InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice"].map(|name| column(&headers, name));
    let (invoice, code, quantity, date, price) = (invoice?, code?, quantity?, date?, price?);
    let mut log = Log::default();
    let mut places = BTreeMap::new();
    for record in reader.records() {
        let record = record?;
        let number: Decimal = record[quantity].trim().parse()?;
        let amount = number * record[price].trim().parse::<Decimal>()?;
        log.count(amount)?;
        let raw = Raw {
            ticket: record[invoice].to_owned(),
            day: NaiveDate::parse_from_str(&record[date][..10], "%Y-%m-%d")?,
            sku: record[code].to_uppercase(),
            quantity: number,
            amount,
        };
        match raw.ticket.as_bytes().first() {
            Some(b'C') => log.set_apart("cancelled invoice (C): a return", ten_thousandths(amount)?),
            Some(b'A') => log.set_apart("bad debt (A)", ten_thousandths(amount)?),
            _ => log.take(raw, false, &mut places)?,
        }
    }
    Ok(log.in_order())
}
