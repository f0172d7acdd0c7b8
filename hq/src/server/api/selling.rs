//! Routes about sales, the daily journal, and stock.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::catalogue::{ROWS_AT_A_TIME, csv_fault, csv_text, known_store};
use super::forms::{Millis, Page, PageQuery, page, page_limit};
use super::route::{Call, Nothing, Route, question, table};
use crate::access::Scope;
use crate::daybook::{self, Account};
use crate::interventions::{CountInterventionsError, KioskInterventions};
use crate::server::refusal::Refusal;
use crate::store::{JournalKey, Reading, SaleRow, SalesRange, StockState};

const SALES: (&str, Scope) = ("sales", Scope::SalesRead);
const STOCK: (&str, Scope) = ("stock", Scope::StockRead);

/// Stores whose stock of an item is told at most.
const PLACES_MAX: u32 = 10_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        question("/v1/sales", SALES, "Sums of sales by store, lane, business date and currency.", sums),
        question(
            "/v1/stores/{store}/sales",
            SALES,
            "Every sale of a store, each once, in the order of the lanes' journals, from a cursor on.",
            export,
        ),
        question(
            "/v1/stores/{store}/journal/{date}",
            SALES,
            "The daily journal of a store as double entry, by tender and rate of tax; it balances.",
            journal,
        ),
        question(
            "/v1/promotion-costs",
            SALES,
            "What promotions took off, by store, promotion and who bears it: the chain, the store, suppliers.",
            costs,
        ),
        question(
            "/v1/stores/{store}/interventions",
            SALES,
            "How often a store's kiosks called somebody, for what, and how often for nothing.",
            interventions,
        ),
        question(
            "/v1/stores/{store}/stock",
            STOCK,
            "What a store has, by item, or what it has less than nothing of.",
            stock_of_store,
        ),
        question("/v1/goods/{sku}/stock", STOCK, "What every store has of an item.", stock_of_item),
        table("/v1/export/stock.csv", STOCK, "What a store has, by item, thousandths.", export_stock),
    ]
}

/// Which sums.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SumsQuery {
    store: Option<String>,
    #[schemars(range(max = 4_294_967_295u32))]
    lane: Option<u32>,
    /// The first business date, YYYY-MM-DD.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    from: Option<NaiveDate>,
    /// The last one, included.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    to: Option<NaiveDate>,
}

/// The sums of a day.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct DayOfLane {
    store: String,
    lane: u32,
    /// The business date, YYYY-MM-DD.
    date: String,
    currency: String,
    sales: u64,
    lines: u64,
    /// Minor units, as all amounts.
    total: i64,
    payable: i64,
    tax: i64,
}

/// Sums of days.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Sums {
    rows: Vec<DayOfLane>,
}

fn sums(reading: &Reading<'_>, _: &Call, query: SumsQuery) -> Result<Sums, Refusal> {
    let SumsQuery { store, lane, from, to } = query;
    let rows = reading.sales_of_days(&SalesRange { store, lane, from, to })?;
    let rows = rows.into_iter().map(|row| DayOfLane {
        store: row.store,
        lane: row.lane,
        date: row.date.to_string(),
        currency: row.currency,
        sales: row.sales,
        lines: row.lines,
        total: row.total,
        payable: row.payable,
        tax: row.tax,
    });
    Ok(Sums { rows: rows.collect() })
}

/// Of which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct CostsQuery {
    store: Option<String>,
    /// The first business date, YYYY-MM-DD.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    from: Option<NaiveDate>,
    /// The last one, included.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    to: Option<NaiveDate>,
}

/// What one bears of what a promotion took off in a store.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Cost {
    store: String,
    promotion: String,
    /// `chain`, `store` or `supplier`.
    who: String,
    /// The supplier's code; empty for others.
    supplier: String,
    currency: String,
    /// Less what came back.
    amount: i64,
}

/// What each bears.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Costs {
    rows: Vec<Cost>,
}

fn costs(reading: &Reading<'_>, _: &Call, query: CostsQuery) -> Result<Costs, Refusal> {
    let CostsQuery { store, from, to } = query;
    let rows = reading.promotion_costs(&SalesRange { store, lane: None, from, to })?;
    let rows = rows.into_iter().map(|row| Cost {
        store: row.store,
        promotion: row.promotion,
        who: row.who,
        supplier: row.supplier,
        currency: row.currency,
        amount: row.amount,
    });
    Ok(Costs { rows: rows.collect() })
}

/// Which days.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct DaysQuery {
    /// The first business date, YYYY-MM-DD.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    from: Option<NaiveDate>,
    /// The last one, included.
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    to: Option<NaiveDate>,
}

/// What was counted, by kiosk.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Interventions {
    kiosks: Vec<KioskInterventions>,
}

fn interventions(reading: &Reading<'_>, call: &Call, query: DaysQuery) -> Result<Interventions, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let kiosks =
        crate::interventions::of_store(reading, store, query.from, query.to).map_err(
            |error| match error {
                CountInterventionsError::TooMuch => Refusal::Unfit(error.to_string()),
                CountInterventionsError::Store(error) => error.into(),
            },
        )?;
    Ok(Interventions { kiosks })
}

/// A line of a sale; below nothing for what came back.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Line {
    sku: String,
    /// Thousandths of the unit.
    quantity: i64,
    /// The pack's id; empty for the base unit.
    unit: String,
    /// Base units in one.
    factor: i64,
    unit_price: i64,
    net: i64,
    /// Basis points.
    tax_rate: u32,
}

/// A means of payment.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Tendered {
    kind: String,
    amount: i64,
}

/// VAT of one rate.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Taxed {
    /// Basis points.
    rate: u32,
    /// Nets at this rate, as the tags say.
    net: i64,
    tax: i64,
}

/// A sale.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Sale {
    /// store/lane/epoch/number: no other has it.
    document: String,
    store: String,
    lane: u32,
    epoch: u32,
    seq: u64,
    /// The business date, YYYY-MM-DD.
    business_date: String,
    /// By the lane's clock.
    at_ms: Millis,
    shift: u32,
    /// The id of who sold.
    staff: String,
    currency: String,
    total: i64,
    rounding: i64,
    payable: i64,
    change: i64,
    lines: Vec<Line>,
    tenders: Vec<Tendered>,
    taxes: Vec<Taxed>,
}

/// Some of a store's sales.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct SalesPage {
    items: Vec<Sale>,
    /// Keep it, and ask with `after` set to it for what comes later.
    next: String,
    /// Whether more is there already.
    more: bool,
}

/// How far each journal was read.
type Positions = BTreeMap<(u32, u32), u64>;

/// Reads a cursor such as `1.1.250_2.1.77`: lane, epoch, number.
fn parse_positions(text: &str) -> Result<Positions, Refusal> {
    let part = |part: &str| {
        let mut numbers = part.split('.');
        let lane = numbers.next()?.parse().ok()?;
        let epoch = numbers.next()?.parse().ok()?;
        let seq = numbers.next()?.parse::<u64>().ok().filter(|seq| i64::try_from(*seq).is_ok())?;
        numbers.next().is_none().then_some(((lane, epoch), seq))
    };
    let parts = text.split('_').filter(|text| !text.is_empty());
    let positions: Option<Positions> = parts.map(part).collect();
    positions.ok_or_else(|| Refusal::Form(format!("the query: after {text:?} is no next of a page")))
}

fn written(positions: &Positions) -> String {
    let parts: Vec<String> =
        positions.iter().map(|((lane, epoch), seq)| format!("{lane}.{epoch}.{seq}")).collect();
    parts.join("_")
}

fn export(reading: &Reading<'_>, call: &Call, query: PageQuery) -> Result<SalesPage, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let limit = page_limit(query.limit)?;
    let mut positions = parse_positions(query.after.as_deref().unwrap_or_default())?;
    let (mut items, mut more) = (Vec::new(), false);
    for (lane, epoch, acknowledged) in reading.journals_of(store)? {
        let key = JournalKey { store, lane, epoch };
        let position = positions.entry((lane, epoch)).or_default();
        let left = limit.saturating_sub(u32::try_from(items.len()).unwrap_or(u32::MAX));
        let mut rows = reading.sales_after(key, *position, left + 1)?;
        let is_cut = rows.len() > left as usize;
        rows.truncate(left as usize);
        more |= is_cut;
        let last = rows.last().map(|row| row.seq);
        // Where nothing is left, what is filed beside sales is passed as well.
        *position = if is_cut { last.unwrap_or(*position) } else { acknowledged.max(*position) };
        add_sales(reading, key, rows, &mut items)?;
    }
    Ok(SalesPage { items, next: written(&positions), more })
}

fn add_sales(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    rows: Vec<SaleRow>,
    items: &mut Vec<Sale>,
) -> Result<(), Refusal> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
    let (from, to) = (first.seq, last.seq);
    let mut lines = reading.sale_lines(key, from, to)?.into_iter().peekable();
    let mut tenders = reading.sale_tenders(key, from, to)?.into_iter().peekable();
    let mut taxes = reading.sale_taxes(key, from, to)?.into_iter().peekable();
    for row in rows {
        let mut sale = Sale {
            document: format!("{}/{}/{}/{}", key.store, key.lane, key.epoch, row.seq),
            store: key.store.to_owned(),
            lane: key.lane,
            epoch: key.epoch,
            seq: row.seq,
            business_date: row.business_date,
            at_ms: row.at_ms,
            shift: row.shift,
            staff: row.staff,
            currency: row.currency,
            total: row.total,
            rounding: row.rounding,
            payable: row.payable,
            change: row.change,
            lines: Vec::new(),
            tenders: Vec::new(),
            taxes: Vec::new(),
        };
        while let Some(line) = lines.next_if(|line| line.seq == row.seq) {
            sale.lines.push(Line {
                sku: line.sku,
                quantity: line.quantity,
                unit: line.unit,
                factor: line.factor,
                unit_price: line.unit_price,
                net: line.net,
                tax_rate: line.tax_rate,
            });
        }
        while let Some((_, kind, amount)) = tenders.next_if(|(seq, ..)| *seq == row.seq) {
            sale.tenders.push(Tendered { kind, amount });
        }
        while let Some(tax) = taxes.next_if(|tax| tax.seq == row.seq) {
            sale.taxes.push(Taxed { rate: tax.rate, net: tax.net, tax: tax.tax });
        }
        items.push(sale);
    }
    Ok(())
}

/// A line of the daily journal.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Posting {
    /// tender, revenue, tax, stored_value (what members paid in), rounding or unexplained.
    account: String,
    /// The kind of a tender.
    tender: Option<String>,
    /// The rate of revenue and tax, basis points.
    tax_rate: Option<u32>,
    debit: i64,
    credit: i64,
}

/// The daily journal in one currency.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct JournalOfCurrency {
    currency: String,
    documents: u64,
    postings: Vec<Posting>,
    /// Minor units; the same as `credit`.
    debit: i64,
    credit: i64,
}

/// The daily journal of a store.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Journal {
    store: String,
    /// The business date, YYYY-MM-DD.
    date: String,
    /// Shifts of the day that are not closed, as far as is filed: more may come.
    open_shifts: u64,
    journals: Vec<JournalOfCurrency>,
}

fn journal(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Journal, Refusal> {
    let (store, date) = (call.param("store"), call.param("date"));
    known_store(reading, store)?;
    let date: NaiveDate = date
        .parse()
        .map_err(|_| Refusal::Form(format!("the path: date {date:?} is not such as 2026-03-01")))?;
    let date = date.to_string();
    let journals = daybook::of_day(reading, store, &date)?.into_iter().map(|journal| {
        let postings: Vec<Posting> = journal
            .postings
            .into_iter()
            .map(|posting| {
                let (account, tender, tax_rate) = match posting.account {
                    Account::Tender(kind) => ("tender", Some(kind), None),
                    Account::Revenue(rate) => ("revenue", None, Some(rate)),
                    Account::Tax(rate) => ("tax", None, Some(rate)),
                    Account::StoredValue => ("stored_value", None, None),
                    Account::Rounding => ("rounding", None, None),
                    Account::Unexplained => ("unexplained", None, None),
                };
                let account = account.to_owned();
                Posting { account, tender, tax_rate, debit: posting.debit, credit: posting.credit }
            })
            .collect();
        JournalOfCurrency {
            currency: journal.currency,
            documents: journal.documents,
            debit: postings.iter().map(|posting| posting.debit).sum(),
            credit: postings.iter().map(|posting| posting.credit).sum(),
            postings,
        }
    });
    let journals = journals.collect();
    let open_shifts = reading.open_shifts(store, &date)?;
    Ok(Journal { store: store.to_owned(), date, open_shifts, journals })
}

/// An item in a store, thousandths of a piece or a kilogram.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Stock {
    store: String,
    sku: String,
    /// There, as far as is filed; below nothing where more was sold than came.
    on_hand: i64,
    /// There, and waited for.
    reserved: i64,
    /// On its way here.
    in_transit: i64,
    /// `on_hand - reserved`.
    available: i64,
}

impl Stock {
    fn of(store: &str, state: StockState) -> Self {
        Self {
            store: store.to_owned(),
            sku: state.sku,
            on_hand: state.on_hand,
            reserved: state.reserved,
            in_transit: state.in_transit,
            available: state.on_hand.saturating_sub(state.reserved),
        }
    }
}

/// What of a store's stock.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StockQuery {
    /// Only items of which less than nothing is there: more was sold than came, or somebody counted wrong.
    #[serde(default)]
    negative: bool,
    /// Where the page before ended: its `next`. The first page where absent.
    after: Option<String>,
    /// How many rows at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn stock_of_store(reading: &Reading<'_>, call: &Call, query: StockQuery) -> Result<Page<Stock>, Refusal> {
    let store = call.param("store");
    known_store(reading, store)?;
    let limit = page_limit(query.limit)?;
    let after = query.after.as_deref().unwrap_or_default();
    let rows = reading.stock_after(store, query.negative, after, limit + 1)?;
    let rows = rows.into_iter().map(|state| Stock::of(store, state)).collect();
    Ok(page(rows, limit, |row: &Stock| row.sku.clone()))
}

fn stock_of_item(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Page<Stock>, Refusal> {
    let sku = call.param("sku");
    let mut stores: BTreeMap<String, StockState> = BTreeMap::new();
    let nothing = || StockState { sku: sku.to_owned(), on_hand: 0, reserved: 0, in_transit: 0 };
    for (store, on_hand) in reading.stock_of_item(sku, PLACES_MAX)? {
        stores.entry(store).or_insert_with(nothing).on_hand = on_hand;
    }
    for (store, in_transit, reserved) in reading.stock_beside(sku, PLACES_MAX)? {
        let state = stores.entry(store).or_insert_with(nothing);
        (state.in_transit, state.reserved) = (in_transit, reserved);
    }
    let items = stores.into_iter().map(|(store, state)| Stock::of(&store, state)).collect();
    Ok(Page { items, next: None })
}

/// Whose stock is exported.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct StockExport {
    store: String,
}

fn export_stock(
    reading: &Reading<'_>,
    _: &Call,
    query: &StockExport,
    after: &str,
) -> Result<(String, Option<String>), Refusal> {
    known_store(reading, &query.store)?;
    let rows = reading.stock_after(&query.store, false, after, ROWS_AT_A_TIME)?;
    let is_full = rows.len() == ROWS_AT_A_TIME as usize;
    let next = rows.last().filter(|_| is_full).map(|row| row.sku.clone());
    let mut out = csv::Writer::from_writer(Vec::new());
    if after.is_empty() {
        out.write_record(["store", "sku", "on_hand", "reserved", "in_transit", "available"])
            .map_err(csv_fault)?;
    }
    for row in rows {
        let Stock { store, sku, on_hand, reserved, in_transit, available } = Stock::of(&query.store, row);
        let amounts = [on_hand, reserved, in_transit, available].map(|amount| amount.to_string());
        out.write_record([store, sku].iter().chain(&amounts)).map_err(csv_fault)?;
    }
    Ok((csv_text(out)?, next))
}
