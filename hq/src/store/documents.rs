//! What is read out of filed events: sales with their lines, tenders and
//! taxes, sums of days, shifts, stock.
//!
//! Every row here follows from events, is written in the transaction that
//! files them, and can be made again from them: [`PROJECTIONS`].

use std::collections::BTreeMap;

use protocol::event::{Event, Sale, ShiftReport};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::engine::{Column, Next, Target, Value};
use super::{JournalKey, Reading, StoreError, Writing, signed, values};

/// A table that follows from events alone.
#[derive(Debug)]
pub struct Projection {
    /// The table's name.
    pub table: &'static str,
    /// Its columns after store and lane.
    columns: &'static [&'static str],
    /// Whether a row is of one event: its key has epoch and number.
    is_of_event: bool,
}

/// Every table that follows from events alone; all of them begin with store
/// and lane.
pub const PROJECTIONS: &[Projection] = &[
    Projection {
        table: "sale",
        columns: &[
            "epoch",
            "seq",
            "business_date",
            "at_ms",
            "shift",
            "staff",
            "currency",
            "reference_version",
            "total",
            "rounding",
            "payable",
            "change",
        ],
        is_of_event: true,
    },
    Projection {
        table: "sale_line",
        columns: &[
            "epoch",
            "seq",
            "position",
            "line",
            "sku",
            "quantity",
            "unit_price",
            "net",
            "tax_rate",
            "unit",
            "factor",
        ],
        is_of_event: true,
    },
    Projection {
        table: "sale_tender",
        columns: &["epoch", "seq", "position", "kind", "amount"],
        is_of_event: true,
    },
    Projection {
        table: "sale_tax",
        columns: &["epoch", "seq", "position", "rate", "net", "tax"],
        is_of_event: true,
    },
    Projection {
        table: "sale_key",
        columns: &["epoch", "seq", "key", "business_date", "at_ms"],
        is_of_event: true,
    },
    Projection {
        table: "sales_of_day",
        columns: &["business_date", "currency", "sales", "lines", "total", "payable", "tax"],
        is_of_event: false,
    },
    Projection {
        table: "shift",
        columns: &[
            "epoch",
            "shift",
            "business_date",
            "opened_seq",
            "opened_at_ms",
            "opened_by",
            "opening_cash",
            "closed_seq",
            "closed_at_ms",
            "closed_by",
            "documents",
            "expected_cash",
            "counted_cash",
        ],
        is_of_event: false,
    },
    Projection {
        table: "stock_beside",
        columns: &["epoch", "seq", "position", "sku", "kind", "place", "document", "quantity"],
        is_of_event: true,
    },
    Projection { table: "stock", columns: &["sku", "quantity"], is_of_event: false },
    Projection {
        table: "promotion_use",
        columns: &["promotion", "member", "day", "units", "taken_off"],
        is_of_event: false,
    },
    Projection {
        table: "promotion_cost",
        columns: &["day", "promotion", "currency", "shares", "taken_off"],
        is_of_event: false,
    },
    Projection {
        table: "commission",
        columns: &[
            "epoch",
            "seq",
            "position",
            "seller",
            "business_date",
            "currency",
            "sku",
            "net",
            "rule",
            "amount",
            "of_document",
            "of_line",
        ],
        is_of_event: true,
    },
];

/// Rows of a table that is read back at one time.
const ROWS_AT_A_TIME: u64 = 5_000;

const SALES: Target = Target {
    table: "sale",
    same: &["store", "lane", "epoch"],
    columns: &[
        "seq",
        "business_date",
        "at_ms",
        "shift",
        "staff",
        "currency",
        "reference_version",
        "total",
        "rounding",
        "payable",
        "change",
    ],
    conflict: "",
    tells_new: false,
};

const LINES: Target = Target {
    table: "sale_line",
    same: &["store", "lane", "epoch"],
    columns: &[
        "seq",
        "position",
        "line",
        "sku",
        "quantity",
        "unit_price",
        "net",
        "tax_rate",
        "unit",
        "factor",
    ],
    conflict: "",
    tells_new: false,
};

const TENDERS: Target = Target {
    table: "sale_tender",
    same: &["store", "lane", "epoch"],
    columns: &["seq", "position", "kind", "amount"],
    conflict: "",
    tells_new: false,
};

const TAXES: Target = Target {
    table: "sale_tax",
    same: &["store", "lane", "epoch"],
    columns: &["seq", "position", "rate", "net", "tax"],
    conflict: "",
    tells_new: false,
};

const DAYS: Target = Target {
    table: "sales_of_day",
    same: &["store", "lane"],
    columns: &["business_date", "currency", "sales", "lines", "total", "payable", "tax"],
    conflict: "ON CONFLICT (store, lane, business_date, currency) DO UPDATE SET
        sales = sales_of_day.sales + excluded.sales, lines = sales_of_day.lines + excluded.lines,
        total = sales_of_day.total + excluded.total, payable = sales_of_day.payable + excluded.payable,
        tax = sales_of_day.tax + excluded.tax",
    tells_new: false,
};

const STOCK: Target = Target {
    table: "stock",
    same: &["store", "lane"],
    columns: &["sku", "quantity"],
    conflict: "ON CONFLICT (store, sku, lane) DO UPDATE SET quantity = stock.quantity + excluded.quantity",
    tells_new: false,
};

/// A sale and the event that it is in.
pub type SaleOf<'a> = (&'a Event, &'a Sale);

/// A shift that was opened.
#[derive(Debug, Clone, Copy)]
pub struct ShiftStart<'a> {
    /// The event.
    pub event: &'a Event,
    /// The staff id of who opened it.
    pub staff: &'a str,
    /// Cash put into the drawer, minor units.
    pub opening_cash: i64,
}

/// A shift that was closed.
#[derive(Debug, Clone, Copy)]
pub struct ShiftEnd<'a> {
    /// The event.
    pub event: &'a Event,
    /// The staff id of who closed it.
    pub staff: &'a str,
    /// What it has taken, where the lane said.
    pub report: Option<&'a ShiftReport>,
}

/// A shift of a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShiftRow {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The shift's number on its lane.
    pub shift: u32,
    /// The day that its sales belong to.
    pub business_date: String,
    /// Who opened it; `None` where that stands in an earlier epoch.
    pub opened_by: Option<String>,
    /// Cash put into the drawer, minor units.
    pub opening_cash: Option<i64>,
    /// Who closed it; `None` while it is open.
    pub closed_by: Option<String>,
    /// Its documents.
    pub documents: Option<i64>,
    /// What the drawer should hold, minor units.
    pub expected_cash: Option<i64>,
    /// What was counted, minor units.
    pub counted_cash: Option<i64>,
}

/// How much of an item a store has, as far as is filed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StockRow {
    /// The item.
    pub sku: String,
    /// Thousandths of a piece or of a kilogram; below nothing where more was
    /// sold than was received.
    pub quantity: i64,
}

impl Reading<'_> {
    /// What a store has, by item; all, or those below nothing.
    pub fn stock(&self, store: &str, only_negative: bool, limit: u32) -> Result<Vec<StockRow>, StoreError> {
        let negative = if only_negative { "HAVING sum(quantity) < 0" } else { "" };
        self.all(
            &format!(
                "SELECT sku, CAST(sum(quantity) AS BIGINT) FROM stock WHERE store = ?1
                 GROUP BY sku {negative} ORDER BY sku LIMIT ?2"
            ),
            values![store, limit],
            |row| Ok(StockRow { sku: row.text(0)?, quantity: row.int(1)? }),
        )
    }

    /// The shifts of a store, newest first, at most `limit`.
    pub fn shifts(&self, store: &str, limit: u32) -> Result<Vec<ShiftRow>, StoreError> {
        self.all(
            "SELECT store, lane, epoch, shift, business_date, opened_by, opening_cash, closed_by,
             documents, expected_cash, counted_cash FROM shift WHERE store = ?1
             ORDER BY business_date DESC, lane, epoch DESC, shift DESC LIMIT ?2",
            values![store, limit],
            |row| {
                Ok(ShiftRow {
                    store: row.text(0)?,
                    lane: row.small(1)?,
                    epoch: row.small(2)?,
                    shift: row.small(3)?,
                    business_date: row.text(4)?,
                    opened_by: row.text_or_none(5)?,
                    opening_cash: row.int_or_none(6)?,
                    closed_by: row.text_or_none(7)?,
                    documents: row.int_or_none(8)?,
                    expected_cash: row.int_or_none(9)?,
                    counted_cash: row.int_or_none(10)?,
                })
            },
        )
    }

    /// A digest of all rows of a projection that are a lane's, in order, and
    /// how many there are. `epochs` are those that the lane has, with their
    /// last numbers.
    pub fn projection_digest(
        &self,
        of: &Projection,
        store: &str,
        lane: u32,
        epochs: &[(u32, u64)],
    ) -> Result<(u64, [u8; 32]), StoreError> {
        let texts: Vec<String> = of.columns.iter().map(|name| format!("CAST({name} AS TEXT)")).collect();
        let order = of.columns.join(", ");
        let select = format!("SELECT {} FROM {} WHERE store = ?1 AND lane = ?2", texts.join(", "), of.table);
        let mut digest = Sha256::new();
        let mut rows = 0;
        let mut add = |sql: &str, values: &[Value<'_>]| {
            self.session.query(sql, values, &mut |row| {
                rows += 1;
                for column in 0..of.columns.len() {
                    let text = row.text_or_none(column)?;
                    // Lengths keep two neighbours apart; nothing is no text.
                    let length = text.as_ref().map_or(u64::MAX, |text| text.len() as u64);
                    digest.update(length.to_le_bytes());
                    digest.update(text.unwrap_or_default().as_bytes());
                }
                Ok(Next::Go)
            })
        };
        if of.is_of_event {
            let sql = format!("{select} AND epoch = ?3 AND seq > ?4 AND seq <= ?5 ORDER BY {order}");
            for (epoch, last) in epochs {
                let mut after = 0;
                while after < *last {
                    let (from, to) = (signed(after)?, signed(after + ROWS_AT_A_TIME)?);
                    add(&sql, values![store, lane, *epoch, from, to])?;
                    after += ROWS_AT_A_TIME;
                }
            }
        } else {
            add(&format!("{select} ORDER BY {order}"), values![store, lane])?;
        }
        Ok((rows, digest.finalize().into()))
    }
}

impl Writing<'_> {
    /// Writes sales with everything that is in them, and adds them to their
    /// days. The caller has checked that their sums hold and their numbers fit.
    pub fn add_sales(&self, key: JournalKey<'_>, sales: &[SaleOf<'_>]) -> Result<(), StoreError> {
        if sales.is_empty() {
            return Ok(());
        }
        let same = values![key.store, key.lane, key.epoch];
        let dates: Vec<String> = sales.iter().map(|(event, _)| event.business_date.to_string()).collect();
        let ints = |of: &dyn Fn(&SaleOf<'_>) -> i64| Column::Ints(sales.iter().map(of).collect());
        let mut seqs = Vec::with_capacity(sales.len());
        let mut versions = Vec::with_capacity(sales.len());
        for (event, sale) in sales {
            seqs.push(signed(event.seq)?);
            versions.push(signed(sale.reference_version)?);
        }
        self.insert(
            &SALES,
            same,
            &[
                Column::Ints(seqs.clone()),
                Column::Texts(dates.iter().map(String::as_str).collect()),
                ints(&|(event, _)| event.at_ms),
                ints(&|(event, _)| i64::from(event.shift)),
                Column::Texts(sales.iter().map(|(_, sale)| sale.staff.id.as_str()).collect()),
                Column::Texts(sales.iter().map(|(_, sale)| sale.currency.as_str()).collect()),
                Column::Ints(versions),
                ints(&|(_, sale)| sale.total),
                ints(&|(_, sale)| sale.rounding),
                ints(&|(_, sale)| sale.payable),
                ints(&|(_, sale)| sale.change),
            ],
        )?;
        self.add_lines(same, sales, &seqs)?;
        self.add_tenders(same, sales, &seqs)?;
        self.add_taxes(same, sales, &seqs)?;
        self.add_sale_keys(same, sales, &seqs)?;
        self.add_to_days(key, sales, &dates)
    }

    fn add_lines(&self, same: &[Value<'_>], sales: &[SaleOf<'_>], seqs: &[i64]) -> Result<(), StoreError> {
        let [mut at, mut position, mut line, mut quantity] = [const { Vec::new() }; 4];
        let [mut price, mut net, mut rate, mut factor] = [const { Vec::new() }; 4];
        let (mut sku, mut unit): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
        for ((_, sale), seq) in sales.iter().zip(seqs) {
            for (place, row) in (0..).zip(&sale.lines) {
                at.push(*seq);
                position.push(place);
                line.push(i64::from(row.line));
                sku.push(&row.sku);
                quantity.push(row.quantity);
                price.push(row.unit_price);
                net.push(row.net);
                rate.push(i64::from(row.tax_rate));
                unit.push(row.unit.as_ref().map_or("", |unit| &unit.id));
                factor.push(row.unit.as_ref().map_or(1, |unit| i64::from(unit.factor)));
            }
            // What came back is a row below nothing, so that a document's rows
            // sum to its total.
            for (place, row) in (sale.lines.len() as i64..).zip(&sale.returns) {
                at.push(*seq);
                position.push(place);
                line.push(i64::from(row.line));
                sku.push(&row.sku);
                quantity.push(-row.quantity);
                price.push(0);
                net.push(-row.amount);
                rate.push(i64::from(row.tax_rate));
                unit.push("");
                factor.push(factor_of(row));
            }
            // A gift that is kept is no goods that move, but money that does.
            let places = (sale.lines.len() + sale.returns.len()) as i64..;
            for (place, row) in places.zip(&sale.kept) {
                at.push(*seq);
                position.push(place);
                line.push(i64::from(row.line));
                sku.push(&row.sku);
                quantity.push(0);
                price.push(0);
                net.push(row.amount);
                rate.push(i64::from(row.tax_rate));
                unit.push("");
                factor.push(1);
            }
        }
        let columns = [
            Column::Ints(at),
            Column::Ints(position),
            Column::Ints(line),
            Column::Texts(sku),
            Column::Ints(quantity),
            Column::Ints(price),
            Column::Ints(net),
            Column::Ints(rate),
            Column::Texts(unit),
            Column::Ints(factor),
        ];
        self.insert(&LINES, same, &columns)?;
        Ok(())
    }

    fn add_tenders(&self, same: &[Value<'_>], sales: &[SaleOf<'_>], seqs: &[i64]) -> Result<(), StoreError> {
        let (mut at, mut position, mut kind, mut amount) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for ((_, sale), seq) in sales.iter().zip(seqs) {
            for (place, tender) in (0..).zip(&sale.tenders) {
                at.push(*seq);
                position.push(place);
                kind.push(tender.kind.as_str());
                amount.push(tender.amount);
            }
        }
        let columns = [Column::Ints(at), Column::Ints(position), Column::Texts(kind), Column::Ints(amount)];
        self.insert(&TENDERS, same, &columns)?;
        Ok(())
    }

    fn add_taxes(&self, same: &[Value<'_>], sales: &[SaleOf<'_>], seqs: &[i64]) -> Result<(), StoreError> {
        let [mut at, mut position, mut rate, mut net, mut tax] = [const { Vec::new() }; 5];
        for ((_, sale), seq) in sales.iter().zip(seqs) {
            // What is paid into an account is not taxed.
            let taxes = sale.taxes.iter().filter(|_| sale.top_up.is_none());
            for (place, row) in (0..).zip(taxes) {
                at.push(*seq);
                position.push(place);
                rate.push(i64::from(row.rate));
                net.push(row.net);
                tax.push(row.tax);
            }
        }
        self.insert(&TAXES, same, &[at, position, rate, net, tax].map(Column::Ints))?;
        Ok(())
    }

    fn add_to_days(
        &self,
        key: JournalKey<'_>,
        sales: &[SaleOf<'_>],
        dates: &[String],
    ) -> Result<(), StoreError> {
        // Sales, lines, total, payable, tax; within a batch they stay far below 63 bits.
        let mut days: BTreeMap<(&str, &str), [i64; 5]> = BTreeMap::new();
        // What is paid into an account is no sale yet.
        let goods = sales.iter().zip(dates).filter(|((_, sale), _)| sale.top_up.is_none());
        for ((_, sale), date) in goods {
            let sums = days.entry((date, &sale.currency)).or_default();
            let lines = (sale.lines.len() + sale.returns.len()) as i64;
            let tax = sale.taxes.iter().fold(0i64, |sum, row| sum.saturating_add(row.tax));
            for (sum, more) in sums.iter_mut().zip([1, lines, sale.total, sale.payable, tax]) {
                *sum = sum.saturating_add(more);
            }
        }
        let sums = |index: usize| Column::Ints(days.values().map(|sums| sums[index]).collect());
        self.insert(
            &DAYS,
            values![key.store, key.lane],
            &[
                Column::Texts(days.keys().map(|(date, _)| *date).collect()),
                Column::Texts(days.keys().map(|(_, currency)| *currency).collect()),
                sums(0),
                sums(1),
                sums(2),
                sums(3),
                sums(4),
            ],
        )?;
        Ok(())
    }

    /// Adds to what a lane has moved of its store's stock, thousandths by item.
    pub fn move_stock(&self, key: JournalKey<'_>, moved: &BTreeMap<&str, i64>) -> Result<(), StoreError> {
        if moved.is_empty() {
            return Ok(());
        }
        self.insert(
            &STOCK,
            values![key.store, key.lane],
            &[
                Column::Texts(moved.keys().copied().collect()),
                Column::Ints(moved.values().copied().collect()),
            ],
        )?;
        Ok(())
    }

    /// Writes that a shift was opened.
    pub fn open_shift(&self, key: JournalKey<'_>, start: &ShiftStart<'_>) -> Result<(), StoreError> {
        let ShiftStart { event, staff, opening_cash } = *start;
        let date = event.business_date.to_string();
        self.execute(
            "INSERT INTO shift (store, lane, epoch, shift, business_date, opened_seq, opened_at_ms,
             opened_by, opening_cash) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
             ON CONFLICT (store, lane, epoch, shift) DO UPDATE SET business_date = excluded.business_date,
             opened_seq = excluded.opened_seq, opened_at_ms = excluded.opened_at_ms,
             opened_by = excluded.opened_by, opening_cash = excluded.opening_cash",
            values![
                key.store,
                key.lane,
                key.epoch,
                event.shift,
                &date,
                signed(event.seq)?,
                event.at_ms,
                staff,
                opening_cash
            ],
        )?;
        Ok(())
    }

    /// Writes that a shift was closed; it may have been opened in an earlier epoch.
    pub fn close_shift(&self, key: JournalKey<'_>, end: &ShiftEnd<'_>) -> Result<(), StoreError> {
        let ShiftEnd { event, staff, report } = *end;
        let date = event.business_date.to_string();
        let documents = Value::Int(report.map(|report| i64::from(report.documents)));
        let expected = Value::Int(report.map(|report| report.expected_cash));
        let counted = Value::Int(report.and_then(|report| report.counted));
        let [lane, epoch, shift] = [key.lane, key.epoch, event.shift].map(Value::from);
        let same = [Value::from(key.store), lane, epoch, shift, Value::from(&date)];
        let closed = [Value::from(signed(event.seq)?), Value::from(event.at_ms), Value::from(staff)];
        let values: Vec<Value<'_>> =
            same.into_iter().chain(closed).chain([documents, expected, counted]).collect();
        self.execute(
            "INSERT INTO shift (store, lane, epoch, shift, business_date, closed_seq, closed_at_ms,
             closed_by, documents, expected_cash, counted_cash)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT (store, lane, epoch, shift) DO UPDATE SET closed_seq = excluded.closed_seq,
             closed_at_ms = excluded.closed_at_ms, closed_by = excluded.closed_by,
             documents = excluded.documents, expected_cash = excluded.expected_cash,
             counted_cash = excluded.counted_cash",
            &values,
        )?;
        Ok(())
    }

    /// Takes out everything that was read out of a lane's events, to be
    /// written again.
    pub fn clear_projections(&self, store: &str, lane: u32) -> Result<(), StoreError> {
        // Lines, tenders and taxes go before the sales that they belong to.
        for of in PROJECTIONS.iter().rev() {
            let sql = format!("DELETE FROM {} WHERE store = ?1 AND lane = ?2", of.table);
            self.execute(&sql, values![store, lane])?;
        }
        Ok(())
    }
}

/// How many base units are in one of what came back: a pack names the pieces that it moves.
fn factor_of(back: &protocol::event::Returned) -> i64 {
    match back.stock.as_slice() {
        [line] if line.sku == back.sku && back.quantity > 0 => (line.quantity / back.quantity).max(1),
        _ => 1,
    }
}
