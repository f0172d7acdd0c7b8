//! The chain's currency, and one product's price.

use domain::money::{Currency, ParseAmountError};
use protocol::pull::{self, Audience, PriceScope, Product};

use crate::store::{Kind, Put, Reading, StoreError, Writing};

/// Why a price was not set.
#[derive(Debug, thiserror::Error)]
pub enum SetPriceError {
    /// No such product.
    #[error("set a price: there is no product {0:?}")]
    UnknownProduct(String),
    /// A price list of the whole chain has prices for it, and they would stand.
    #[error(
        "set a price: the price list {list:?} has prices for {sku:?}, and they count before this one; put a price on that list with --list {list} --from TIME, or import the list"
    )]
    Listed {
        /// The product.
        sku: String,
        /// The list.
        list: String,
    },
    /// No store was imported, so nobody knows the currency.
    #[error("set a price: no store is known, so neither is the currency; import a store first")]
    NoStore,
    /// The price cannot be read.
    #[error("set a price")]
    Amount(#[from] ParseAmountError),
    /// A stored row is damaged.
    #[error("set a price: the stored product or store cannot be read")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What setting a price did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSet {
    /// The price before, minor units.
    pub before: i64,
    /// The price from now on, minor units.
    pub after: i64,
    /// The newest version of the reference.
    pub version: u64,
    /// The currency of both.
    pub currency: Currency,
}

/// Sets the price of a product in all stores, from a text such as `3.50`.
///
/// A product that costs that already is left alone. `now_ms`: milliseconds UTC.
pub fn set_price(
    writing: &Writing<'_>,
    sku: &str,
    price: &str,
    now_ms: i64,
) -> Result<PriceSet, SetPriceError> {
    let currency = currency::<SetPriceError>(writing)?.ok_or(SetPriceError::NoStore)?;
    let after = currency.parse(price)?.minor();
    let body =
        writing.entity(Kind::Product, sku)?.ok_or_else(|| SetPriceError::UnknownProduct(sku.to_owned()))?;
    let listed = writing.prices_of(sku, &PriceScope::Chain)?.into_iter().find(|row| {
        row.unit.is_empty()
            && row.audience == Audience::Everyone
            && row.until_ms.is_none_or(|until| now_ms < until)
    });
    if let Some(row) = listed {
        return Err(SetPriceError::Listed { sku: row.sku, list: row.list });
    }
    let mut product: Product = serde_json::from_str(&body)?;
    let before = std::mem::replace(&mut product.price, after);
    let version = match writing.put_entity(Kind::Product, sku, &serde_json::to_string(&product)?)? {
        Put::Changed(version) => version,
        Put::Same => writing.reference_version()?,
    };
    Ok(PriceSet { before, after, version, currency })
}

/// The one currency of the chain, as its first store says it; `None` before
/// a store was imported. Prices are the chain's, so stores share a currency.
pub(crate) fn currency<E>(reading: &Reading<'_>) -> Result<Option<Currency>, E>
where
    E: From<StoreError> + From<serde_json::Error>,
{
    match reading.entities(Kind::Store)?.first() {
        Some((_, body)) => {
            let store: pull::Store = serde_json::from_str(body)?;
            Ok(Some(currency_of(&store)))
        }
        None => Ok(None),
    }
}

/// The currency as a store says it.
pub(crate) fn currency_of(store: &pull::Store) -> Currency {
    Currency {
        code: store.currency.clone(),
        symbol: store.currency_symbol.clone(),
        exponent: store.currency_exponent,
    }
}
