//! What a store earned on its goods on a day, for somebody who may know.
//!
//! Costs are not fed to lanes: a till that is stolen has no purchase prices, and may ask for none once it is revoked. A cost holds from an instant on, so that a
//! day that is over says the same for ever. Goods without a cost are counted and named, and in no sum.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::{Currency, Money, TaxRate};
use domain::rights::{Act, Rights};
use domain::tax::{TaxRules, Taxable};
use protocol::ask::{
    Answer, MARGIN_CATEGORIES_MAX, MARGIN_GOODS_MAX, Margin, Margins, MarginsRefused, UNCOSTED_NAMED_MAX,
    Uncosted,
};
use protocol::pull::{Category, Product, StaffMember, Store};

use crate::store::{Kind, Reading, SoldRow, StoreError};

/// The most rows of different goods, rates and costs of one day; a store of which more were sold is for HQ's people.
const SOLD_ROWS_MAX: u32 = 50_000;

/// Answers a lane of a store on whose behalf somebody (by HQ's id) asks.
pub fn told(reading: &Reading<'_>, store: &str, staff: &str, day: NaiveDate) -> Result<Answer, StoreError> {
    let parsed = |reason: serde_json::Error| StoreError::Row { table: "entity", reason: reason.to_string() };
    let Some(place) = reading.entity(Kind::Store, store)? else {
        return Ok(Answer::Refused { reason: format!("there is no store {store:?}") });
    };
    let place: Store = serde_json::from_str(&place).map_err(parsed)?;
    let person: Option<StaffMember> = match reading.entity(Kind::Staff, staff)? {
        Some(body) => Some(serde_json::from_str(&body).map_err(parsed)?),
        None => None,
    };
    let currency =
        Currency { code: place.currency, symbol: place.currency_symbol, exponent: place.currency_exponent };
    let may = person.is_some_and(|person| Rights::of_role(&person.role, &currency).allow(Act::SeeMargins));
    if !may {
        return Ok(Answer::MarginsNotTold { why: MarginsRefused::NoRight });
    }
    let sold = reading.sold_on(store, day, SOLD_ROWS_MAX)?;
    if sold.len() >= usize::try_from(SOLD_ROWS_MAX).unwrap_or(usize::MAX) {
        let reason = format!("{SOLD_ROWS_MAX} different goods and more were sold on {day}; ask HQ");
        return Ok(Answer::Refused { reason });
    }
    let goods: BTreeMap<String, Product> = reading
        .goods_sold_on(store, day)?
        .into_iter()
        .map(|(sku, body)| Ok((sku, serde_json::from_str(&body).map_err(parsed)?)))
        .collect::<Result<_, StoreError>>()?;
    let categories: BTreeMap<String, Category> = reading
        .entities(Kind::Category)?
        .into_iter()
        .map(|(id, body)| Ok((id, serde_json::from_str(&body).map_err(parsed)?)))
        .collect::<Result<_, StoreError>>()?;
    let margins = summed(&currency.code, &sold, &goods, &categories);
    Ok(Answer::Margins { margins: Box::new(margins) })
}

/// Sums up what was sold.
fn summed(
    currency: &str,
    sold: &[SoldRow],
    goods: &BTreeMap<String, Product>,
    categories: &BTreeMap<String, Category>,
) -> Margins {
    let mut all = Margin::default();
    let mut by_category: BTreeMap<&str, Margin> = BTreeMap::new();
    let mut by_goods: BTreeMap<&str, Margin> = BTreeMap::new();
    let mut uncosted: BTreeMap<&str, i64> = BTreeMap::new();
    for row in sold.iter().filter(|row| row.currency == currency) {
        let net = net_of_tax(row);
        let cost = row.cost.and_then(|cost| Money::from_minor(cost).of_thousandths(row.quantity));
        let Some(cost) = cost.map(Money::minor) else {
            let sum = uncosted.entry(&row.sku).or_default();
            *sum = sum.saturating_add(net);
            continue;
        };
        let category = goods.get(&row.sku).map(|product| product.category.as_str()).unwrap_or_default();
        let sums = [
            &mut all,
            by_category.entry(category).or_default(),
            by_goods.entry(row.sku.as_str()).or_default(),
        ];
        for sum in sums {
            sum.net = sum.net.saturating_add(net);
            sum.cost = sum.cost.saturating_add(cost);
        }
    }
    let name = |sku: &str| {
        goods.get(sku).map_or_else(
            || (sku.to_owned(), sku.to_owned()),
            |product| (product.name_zh.clone(), product.name_en.clone()),
        )
    };
    let category_name = |id: &str| {
        categories
            .get(id)
            .map(|category| (category.name_zh.clone(), category.name_en.clone()))
            .unwrap_or_default()
    };
    let (uncosted_count, uncosted_net) =
        (uncosted.len() as u64, uncosted.values().fold(0i64, |sum, net| sum.saturating_add(*net)));
    let mut named: Vec<Uncosted> = uncosted
        .into_iter()
        .map(|(sku, net)| Uncosted { sku: sku.to_owned(), name: name(sku), net })
        .collect();
    named.sort_by_key(|goods| Reverse(goods.net));
    named.truncate(UNCOSTED_NAMED_MAX);
    Margins {
        currency: currency.to_owned(),
        all,
        categories: ranked(by_category, MARGIN_CATEGORIES_MAX, category_name),
        goods: ranked(by_goods, MARGIN_GOODS_MAX, name),
        uncosted_count,
        uncosted_net,
        uncosted: named,
    }
}

/// Those with the most sales first, with their names.
fn ranked(sums: BTreeMap<&str, Margin>, most: usize, name: impl Fn(&str) -> (String, String)) -> Vec<Margin> {
    let mut sums: Vec<Margin> =
        sums.into_iter().map(|(of, sum)| Margin { of: of.to_owned(), name: name(of), ..sum }).collect();
    sums.sort_by_key(|sum| Reverse(sum.net));
    sums.truncate(most);
    sums
}

/// What was paid without the tax, minor units.
fn net_of_tax(row: &SoldRow) -> i64 {
    let net = Money::from_minor(row.net);
    if row.tax_on_top {
        return row.net;
    }
    // A rate that no program writes has no tax in it.
    let Some(rate) = TaxRate::from_basis_points(row.tax_rate) else { return row.net };
    (net - TaxRules::default().tax(Taxable { rate, net })).minor()
}
