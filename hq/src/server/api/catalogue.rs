//! Routes about stores, goods, prices and promotions.

use axum::http::Method;
use domain::money::{Currency, Money};
use protocol::promotion::{OneOrMany, PromotionForm};
use protocol::pull::{self, PriceRow};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::forms::{Changed, Page, PageQuery, page, page_limit};
use super::goods::{Goods, GoodsRow, Price, StoreShown, price_scope};
use super::route::{Call, Done, Nothing, Route, change, question, table};
use crate::access::Scope;
use crate::catalogue;
use crate::import::{self, Imported};
use crate::server::refusal::Refusal;
use crate::store::{Kind, Put, Reading, Writing, scope_of};

const READ: (&str, Scope) = ("goods", Scope::GoodsRead);
const WRITE: (&str, Scope) = ("goods", Scope::GoodsWrite);

/// Rows of CSV that are written at one time.
pub(super) const ROWS_AT_A_TIME: u32 = 1_000;

/// The most prices of one request.
const PRICES_MAX: usize = 2_000;

pub(super) fn routes() -> Vec<Route> {
    vec![
        question("/v1/stores", READ, "Lists stores.", list_stores),
        question("/v1/goods", READ, "Lists goods, in the order of their item codes.", list_goods),
        question("/v1/goods/{sku}", READ, "One of the goods.", get_goods),
        change(
            Method::PUT,
            "/v1/goods/{sku}",
            WRITE,
            ("goods.put", "Makes one of the goods what is sent, with the checks of an import."),
            put_goods,
        ),
        change(
            Method::DELETE,
            "/v1/goods/{sku}",
            WRITE,
            ("goods.delete", "Takes goods out of the catalogue; lanes hear of it."),
            delete_goods,
        ),
        table("/v1/export/goods.csv", READ, "All goods, in the form that an import takes.", export_goods),
        question(
            "/v1/prices",
            READ,
            "Lists the prices of price lists: of the chain, of a store or of a group.",
            list_prices,
        ),
        change(
            Method::POST,
            "/v1/prices",
            WRITE,
            ("prices.put", "Puts prices on their lists, at most 2000, each from an instant on."),
            put_prices,
        ),
        table(
            "/v1/export/prices.csv",
            READ,
            "The prices of the chain, of a store or of a group, in the form that an import takes.",
            export_prices,
        ),
        question("/v1/promotions", READ, "Lists promotions of every type.", list_promotions),
        change(
            Method::PUT,
            "/v1/promotions/{kind}/{id}",
            WRITE,
            (
                "promotion.put",
                "Makes a promotion what is sent, with the checks of an import; kind as the list says it.",
            ),
            put_promotion,
        ),
        change(
            Method::DELETE,
            "/v1/promotions/{kind}/{id}",
            WRITE,
            ("promotion.delete", "Takes a promotion away that no other one excludes."),
            delete_promotion,
        ),
    ]
}

/// What an import or a change of the reference did.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub(super) struct Applied {
    /// Things that it named, members not counted.
    pub named: u64,
    /// Things that are new or differ.
    pub changed: u64,
    /// Things that were deleted.
    pub deleted: u64,
    /// Members that are new or differ.
    pub members_changed: u64,
    /// The newest version of the reference.
    pub version: u64,
    /// Whether nothing was changed, because only this was asked for.
    pub dry_run: bool,
}

impl Applied {
    pub(super) fn of(done: &Imported, dry_run: bool) -> Self {
        let Imported { named, changed, deleted, members_changed, version } = *done;
        Self { named, changed, deleted, members_changed, version, dry_run }
    }
}

fn list_stores(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<StoreShown>, Refusal> {
    let limit = page_limit(query.limit)?;
    let mut items = Vec::new();
    for (_, body) in reading.stores_after(&query.after.unwrap_or_default(), limit + 1)? {
        let store: pull::Store = serde_json::from_str(&body)?;
        items.push(StoreShown {
            code: store.code,
            name_zh: store.name_zh,
            name_en: store.name_en,
            currency: store.currency,
            currency_exponent: store.currency_exponent,
            groups: store.groups,
        });
    }
    Ok(page(items, limit, |store| store.code.clone()))
}

/// Refuses a store that nobody imported.
pub(super) fn known_store(reading: &Reading<'_>, store: &str) -> Result<pull::Store, Refusal> {
    let body = reading.entity(Kind::Store, store)?;
    let body = body.ok_or_else(|| Refusal::Unknown(format!("there is no store {store:?}")))?;
    Ok(serde_json::from_str(&body)?)
}

fn list_goods(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<GoodsRow>, Refusal> {
    let limit = page_limit(query.limit)?;
    let after = query.after.unwrap_or_default();
    let rows = reading.entities_after("", Kind::Product, &after, limit + 1)?;
    let goods = rows
        .into_iter()
        .map(|(_, version, body)| Ok(GoodsRow { version, goods: Goods::stored(&body)? }))
        .collect::<Result<Vec<_>, Refusal>>()?;
    Ok(page(goods, limit, |row| row.goods.sku.clone()))
}

fn get_goods(reading: &Reading<'_>, call: &Call, _: Nothing) -> Result<Goods, Refusal> {
    let sku = call.param("sku");
    match reading.entity(Kind::Product, sku)? {
        Some(body) => Goods::stored(&body),
        None => Err(unknown_goods(sku)),
    }
}

fn unknown_goods(sku: &str) -> Refusal {
    Refusal::Unknown(format!("there are no goods {sku:?}"))
}

fn put_goods(writing: &Writing<'_>, call: &Call, goods: &Goods) -> Result<Done<Applied>, Refusal> {
    let sku = call.param("sku");
    if goods.sku != sku {
        return Err(Refusal::Unfit(format!("the path says {sku:?} and the body {:?}", goods.sku)));
    }
    let done = import::put_goods(writing, "goods", &[goods.product()?], call.now_ms)?;
    Ok(Done::new(Applied::of(&done, false), sku)
        .with(json!({ "price": goods.price, "version": done.version })))
}

fn delete_goods(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    let sku = call.param("sku");
    if writing.entity(Kind::Product, sku)?.is_none() {
        return Err(unknown_goods(sku));
    }
    let put = writing.delete_entity(Kind::Product, sku)?;
    writing.set_product_codes(sku, [])?;
    if let Some((kit, part)) = writing.kit_without_part()? {
        return Err(Refusal::Conflict(format!("the kit {kit} has {part} in it; change the kit first")));
    }
    Ok(Done::new(Changed { changed: put != Put::Same }, sku))
}

/// Nothing but what is exported.
fn export_goods(
    reading: &Reading<'_>,
    _: &Call,
    _: &Nothing,
    after: &str,
) -> Result<(String, Option<String>), Refusal> {
    let currency = chain_currency(reading)?;
    let rows = reading.entities_after("", Kind::Product, after, ROWS_AT_A_TIME)?;
    let next = next_of(&rows);
    let mut out = csv::Writer::from_writer(Vec::new());
    if after.is_empty() {
        out.write_record(import::GOODS_COLUMNS).map_err(csv_fault)?;
    }
    for (sku, _, body) in &rows {
        let row = goods_row(&Goods::stored(body)?, &currency);
        let row = row.map_err(|what| Refusal::Unfit(format!("goods {sku:?}: {what}; read them as JSON")))?;
        out.write_record(row).map_err(csv_fault)?;
    }
    Ok((csv_text(out)?, next))
}

fn next_of(rows: &[(String, u64, String)]) -> Option<String> {
    let is_full = rows.len() == ROWS_AT_A_TIME as usize;
    rows.last().filter(|_| is_full).map(|(key, ..)| key.clone())
}

pub(super) fn csv_fault(error: csv::Error) -> Refusal {
    Refusal::Fault(format!("write CSV: {error}"))
}

pub(super) fn csv_text(out: csv::Writer<Vec<u8>>) -> Result<String, Refusal> {
    let bytes = out.into_inner().map_err(|error| Refusal::Fault(format!("write CSV: {error}")))?;
    String::from_utf8(bytes).map_err(|error| Refusal::Fault(format!("write CSV: {error}")))
}

fn chain_currency(reading: &Reading<'_>) -> Result<Currency, Refusal> {
    let currency: Option<Currency> = catalogue::currency::<Refusal>(reading)?;
    currency.ok_or_else(|| Refusal::Conflict("no store is known, so neither is the currency".to_owned()))
}

/// A row in the order of [`import::GOODS_COLUMNS`]; where the form cannot say
/// it, why not.
fn goods_row(goods: &Goods, currency: &Currency) -> Result<Vec<String>, String> {
    let amount = |minor: i64| currency.format(Money::from_minor(minor));
    let flag = |is: bool| if is { "true".to_owned() } else { String::new() };
    let plain = |text: &str| {
        if text.contains([':', ';', '；']) {
            Err(format!("{text:?} has a : or ; in it"))
        } else {
            Ok(text.to_owned())
        }
    };
    let mut units = Vec::new();
    for unit in &goods.units {
        let price = unit.price.map(amount).unwrap_or_default();
        let (id, zh, en) = (plain(&unit.id)?, plain(&unit.name_zh)?, plain(&unit.name_en)?);
        units.push(format!("{id}:{zh}:{en}:{}:{price}:{}", unit.factor, unit.codes.join(" ")));
    }
    let mut kit = Vec::new();
    for part in &goods.kit {
        let sku = plain(&part.sku)?;
        kit.push(format!("{sku}*{}.{:03}", part.quantity / 1_000, part.quantity % 1_000));
    }
    let bounds =
        goods.open_price.as_ref().map(|bounds| format!("{}-{}", amount(bounds.min), amount(bounds.max)));
    Ok(vec![
        goods.sku.clone(),
        goods.name_zh.clone(),
        goods.name_en.clone(),
        goods.spec.clone(),
        goods.origin.clone(),
        goods.category.clone(),
        flag(goods.weighed),
        amount(goods.price),
        goods.tax_rate.to_string(),
        goods.codes.join(";"),
        goods.plu.clone(),
        goods.initials.clone(),
        flag(goods.age_restricted),
        flag(goods.no_promotion),
        flag(goods.no_points),
        if goods.pin == 0 { String::new() } else { goods.pin.to_string() },
        units.join(";"),
        kit.join(";"),
        bounds.unwrap_or_default(),
        goods.department.clone(),
        goods.tax_class.clone(),
        flag(goods.gift),
        goods.grade.clone(),
        flag(goods.membership),
    ])
}

/// Which prices.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PriceQuery {
    /// Those of this store alone; of the chain where neither is named.
    store: Option<String>,
    /// Those of this group alone.
    group: Option<String>,
    /// Where the page before ended: its `next`.
    after: Option<String>,
    /// How many at most, 1 to 1000; 200 where absent.
    #[schemars(range(min = 1, max = 1000))]
    limit: Option<u32>,
}

fn scope_asked(store: Option<&str>, group: Option<&str>) -> Result<String, Refusal> {
    let scope = price_scope(store, group).map_err(|what| Refusal::Form(format!("the query: {what}")))?;
    Ok(scope_of(&scope))
}

fn list_prices(reading: &Reading<'_>, _: &Call, query: PriceQuery) -> Result<Page<Price>, Refusal> {
    let limit = page_limit(query.limit)?;
    let scope = scope_asked(query.store.as_deref(), query.group.as_deref())?;
    let after = query.after.unwrap_or_default();
    let rows = reading.entities_after(&scope, Kind::Price, &after, limit + 1)?;
    let keyed = rows
        .into_iter()
        .map(|(key, _, body)| Ok((key, Price::from(serde_json::from_str::<PriceRow>(&body)?))))
        .collect::<Result<Vec<_>, Refusal>>()?;
    let Page { items, next } = page(keyed, limit, |(key, _)| key.clone());
    Ok(Page { items: items.into_iter().map(|(_, price)| price).collect(), next })
}

/// Prices to be put on their lists.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPrices {
    #[schemars(length(min = 1, max = 2000))]
    prices: Vec<Price>,
}

/// The rows of prices, with their places.
pub(super) fn price_rows(prices: &[Price]) -> Vec<(String, Result<PriceRow, String>)> {
    let places = (0..).map(|index: usize| format!("prices[{index}]"));
    places.zip(prices.iter().map(Price::row)).collect()
}

fn put_prices(writing: &Writing<'_>, call: &Call, sent: &NewPrices) -> Result<Done<Applied>, Refusal> {
    if sent.prices.is_empty() || sent.prices.len() > PRICES_MAX {
        return Err(Refusal::Unfit(format!("send 1 to {PRICES_MAX} prices at a time")));
    }
    let done = import::put_prices(writing, "body", &price_rows(&sent.prices), call.now_ms)?;
    let detail = json!({ "prices": sent.prices.len(), "changed": done.changed, "version": done.version });
    let subject = sent.prices.first().map(|price| price.sku.clone()).unwrap_or_default();
    Ok(Done::new(Applied::of(&done, false), subject).with(detail))
}

/// Which prices are exported.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PriceExport {
    /// Those of this store alone; of the chain where neither is named.
    store: Option<String>,
    /// Those of this group alone.
    group: Option<String>,
}

fn export_prices(
    reading: &Reading<'_>,
    _: &Call,
    query: &PriceExport,
    after: &str,
) -> Result<(String, Option<String>), Refusal> {
    let currency = chain_currency(reading)?;
    let scope = scope_asked(query.store.as_deref(), query.group.as_deref())?;
    let rows = reading.entities_after(&scope, Kind::Price, after, ROWS_AT_A_TIME)?;
    let next = next_of(&rows);
    let mut out = csv::Writer::from_writer(Vec::new());
    if after.is_empty() {
        out.write_record(import::PRICE_COLUMNS).map_err(csv_fault)?;
    }
    let time = |at_ms: i64| chrono::DateTime::from_timestamp_millis(at_ms).unwrap_or_default().to_rfc3339();
    for (_, _, body) in &rows {
        let price = Price::from(serde_json::from_str::<PriceRow>(body)?);
        out.write_record([
            price.list,
            price.sku,
            price.unit,
            price.store.unwrap_or_default(),
            price.group.unwrap_or_default(),
            price.tier.unwrap_or_default(),
            time(price.from_ms),
            price.until_ms.map(time).unwrap_or_default(),
            currency.format(Money::from_minor(price.price)),
        ])
        .map_err(csv_fault)?;
    }
    Ok((csv_text(out)?, next))
}

/// A promotion.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct PromotionRow {
    id: String,
    version: u64,
    /// `promotion` for those that lower a unit's price, `promotion_rule` for
    /// those of any type, as an import takes them.
    kind: String,
    /// As it was imported.
    body: Value,
}

fn list_promotions(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<PromotionRow>, Refusal> {
    let limit = page_limit(query.limit)?;
    let after = query.after.unwrap_or_default();
    // One kind after the other; the cursor says in which it is.
    let (kind, key) = match after.split_once('/') {
        _ if after.is_empty() => (Kind::Promotion, ""),
        Some(("promotion", key)) => (Kind::Promotion, key),
        Some(("promotion_rule", key)) => (Kind::PromotionRule, key),
        Some(_) | None => {
            return Err(Refusal::Form(format!("the query: after {after:?} is no next of a page")));
        }
    };
    let mut rows = Vec::new();
    let mut read = |kind: Kind, after: &str, limit: u32| -> Result<usize, Refusal> {
        let found = reading.entities_after("", kind, after, limit)?;
        let count = found.len();
        for (id, version, body) in found {
            let body = serde_json::from_str(&body)?;
            rows.push(PromotionRow { id, version, kind: kind.name().to_owned(), body });
        }
        Ok(count)
    };
    let found = read(kind, key, limit + 1)?;
    let left = (limit + 1).saturating_sub(u32::try_from(found).unwrap_or(u32::MAX));
    if kind == Kind::Promotion && left > 0 {
        read(Kind::PromotionRule, "", left)?;
    }
    Ok(page(rows, limit, |row| format!("{}/{}", row.kind, row.id)))
}

/// A promotion, as an import takes those of its kind.
#[derive(Deserialize, JsonSchema)]
#[serde(transparent)]
struct PromotionSent(serde_json::Map<String, Value>);

/// The kind of a promotion that the path names, and the other one.
fn promotion_kinds(call: &Call) -> Result<(Kind, Kind), Refusal> {
    match call.param("kind") {
        "promotion" => Ok((Kind::Promotion, Kind::PromotionRule)),
        "promotion_rule" => Ok((Kind::PromotionRule, Kind::Promotion)),
        kind => Err(Refusal::Unknown(format!(
            "there are no promotions of kind {kind:?}; use promotion or promotion_rule"
        ))),
    }
}

fn put_promotion(writing: &Writing<'_>, call: &Call, sent: &PromotionSent) -> Result<Done<Applied>, Refusal> {
    let (id, (kind, other)) = (call.param("id"), promotion_kinds(call)?);
    if sent.0.get("id").and_then(Value::as_str) != Some(id) {
        return Err(Refusal::Unfit(format!("the path says {id:?}; the body's id must be the same")));
    }
    if writing.entity(other, id)?.is_some() {
        let what = format!("{id:?} is a {}; take that away first, or choose another id", other.name());
        return Err(Refusal::Conflict(what));
    }
    let body = Value::Object(sent.0.clone());
    let form = |error: serde_json::Error| Refusal::Form(format!("the body: {error}"));
    let mut promotions: Vec<pull::Promotion> = Vec::new();
    let mut rules: Vec<PromotionForm> = Vec::new();
    if kind == Kind::Promotion {
        promotions.push(serde_json::from_value(body).map_err(form)?);
    } else {
        rules.push(serde_json::from_value(body).map_err(form)?);
    }
    let done = import::put_promotions(writing, "promotion", &promotions, &rules, call.now_ms)?;
    let detail = json!({ "kind": kind.name(), "version": done.version });
    Ok(Done::new(Applied::of(&done, false), id).with(detail))
}

fn delete_promotion(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    let (id, (kind, _)) = (call.param("id"), promotion_kinds(call)?);
    if writing.entity(kind, id)?.is_none() {
        return Err(Refusal::Unknown(format!("there is no {} {id:?}", kind.name())));
    }
    let mut after = String::new();
    loop {
        let rows = writing.entities_after("", Kind::PromotionRule, &after, ROWS_AT_A_TIME)?;
        let Some((last, ..)) = rows.last() else { break };
        last.clone_into(&mut after);
        for (of, _, body) in &rows {
            let rule: PromotionForm = serde_json::from_str(body)?;
            let excluded = match &rule.excludes {
                None => false,
                Some(OneOrMany::One(named)) => named == id,
                Some(OneOrMany::Many(named)) => named.iter().any(|named| named == id),
            };
            if excluded && of != id {
                return Err(Refusal::Conflict(format!(
                    "promotion {of:?} excludes it; change that one first"
                )));
            }
        }
    }
    let put = writing.delete_entity(kind, id)?;
    Ok(Done::new(Changed { changed: put != Put::Same }, id).with(json!({ "kind": kind.name() })))
}
