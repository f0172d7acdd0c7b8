//! A few things at a time, in the caller's transaction, with the checks of an
//! import.

use protocol::promotion::PromotionForm;
use protocol::pull::{PriceRow, Product, Promotion};

use super::{
    Applying, Checker, ImportError, Imported, PriceText, Problems, Shop, member, refuse_claimed_twice,
};
use crate::catalogue;
use crate::store::{CostRow, Kind, Writing};

/// Puts one price as people write it on its list, in the caller's transaction.
pub fn put_price_text(writing: &Writing<'_>, text: &PriceText, now_ms: i64) -> Result<Imported, ImportError> {
    let currency = catalogue::currency::<ImportError>(writing)?;
    put_prices(writing, "price", &[(format!("sku {:?}", text.sku), text.parse(currency.as_ref()))], now_ms)
}

/// Puts prices on their lists in the caller's transaction, with the checks of
/// an import; `name` stands for their file, and each has its place in it.
pub(crate) fn put_prices(
    writing: &Writing<'_>,
    name: &str,
    prices: &[(String, Result<PriceRow, String>)],
    now_ms: i64,
) -> Result<Imported, ImportError> {
    let mut checker = Checker::new(writing, &Shop::default(), false)?;
    for (place, row) in prices {
        match row {
            Ok(row) => checker.check_price(name, place, row, writing)?,
            Err(what) => checker.note(name, place, what.clone()),
        }
    }
    checker.finish()?;
    let mut applying = Applying::begin(writing, false)?;
    for row in prices.iter().filter_map(|(_, row)| row.as_ref().ok()) {
        applying.put_price(row)?;
    }
    applying.finish(now_ms)
}

/// Puts what goods cost in the caller's transaction, with the checks of an import; `name` stands for their file.
pub(crate) fn put_costs(
    writing: &Writing<'_>,
    name: &str,
    costs: &[CostRow],
    now_ms: i64,
) -> Result<Imported, ImportError> {
    let mut checker = Checker::new(writing, &Shop::default(), false)?;
    for (index, row) in costs.iter().enumerate() {
        checker.check_cost(name, &format!("costs[{index}]"), row, writing)?;
    }
    checker.finish()?;
    let mut applying = Applying::begin(writing, false)?;
    for row in costs {
        applying.put_cost(row)?;
    }
    applying.finish(now_ms)
}

/// Puts goods in the caller's transaction, with the checks of an import;
/// `name` stands for their file.
pub(crate) fn put_goods(
    writing: &Writing<'_>,
    name: &str,
    products: &[Product],
    now_ms: i64,
) -> Result<Imported, ImportError> {
    let mut checker = Checker::new(writing, &Shop::default(), false)?;
    for product in products {
        checker.check_product(name, &format!("sku {:?}", product.sku), product);
    }
    checker.check_kits(writing)?;
    let checked = checker.finish()?;
    let mut applying = Applying::begin(writing, false)?;
    for product in products {
        applying.put_product(product.clone(), &checked)?;
    }
    refuse_claimed_twice(writing, name)?;
    applying.finish(now_ms)
}

/// Puts a member in the caller's transaction, with the checks of an import;
/// says whether anything is another than before.
pub(crate) fn put_member(
    writing: &Writing<'_>,
    id: &str,
    row: &serde_json::Value,
) -> Result<bool, ImportError> {
    member::told(id, row, None).map_err(|what| ImportError::Problems(Problems::one("member", id, what)))?;
    let mut applying = Applying::begin(writing, false)?;
    applying.put_member(id, row, None)?;
    Ok(applying.done.members_changed > 0)
}

/// Puts promotions in the caller's transaction, with the checks of an import.
pub(crate) fn put_promotions(
    writing: &Writing<'_>,
    name: &str,
    promotions: &[Promotion],
    rules: &[PromotionForm],
    now_ms: i64,
) -> Result<Imported, ImportError> {
    let shop = Shop {
        promotions: Some(promotions.to_vec()),
        promotion_rules: Some(rules.to_vec()),
        ..Shop::default()
    };
    let mut checker = Checker::new(writing, &shop, false)?;
    checker.check_promotions(name, &shop, writing)?;
    checker.finish()?;
    let mut applying = Applying::begin(writing, false)?;
    for promotion in promotions {
        applying.put(Kind::Promotion, &promotion.id, promotion)?;
    }
    for rule in rules {
        applying.put(Kind::PromotionRule, &rule.id, rule)?;
    }
    applying.finish(now_ms)
}
