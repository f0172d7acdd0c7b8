//! Goods by what they cost: for those without a code, and those of which only the label is remembered.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::catalogue::Item;
use domain::money::Money;
use protocol::pull;

use super::words::words_of;
use super::{Reference, ReferenceError};
use crate::search;

/// So many goods of one price are known of; in a large shop thousands cost 9.90.
const CANDIDATES_MAX: u64 = 20_000;

/// So many of them are read to see whether they fit: some tens of milliseconds.
const READ_MAX: usize = 2_000;

/// Which goods have this amount as their own price, or as one of a price list, whenever that is in force.
pub(super) const CANDIDATES: &str = "SELECT sku FROM product
     WHERE iif(json_valid(body), json_extract(body, '$.price'), NULL) = ?1
     UNION
     SELECT sku FROM price WHERE iif(json_valid(body), json_extract(body, '$.price'), NULL) = ?1
     LIMIT ?2";

impl Reference {
    /// Goods with this amount among their listed prices (per piece or kilogram, tax included), of which all of `words`
    /// are found, and of which `costs` says that it is what they cost now: what this lane sells most first. Of the
    /// others that come first by their item code; of a price that very many goods have not all are looked at. An agent
    /// that knows no amounts yet leaves none to be found.
    pub fn at_price(
        &self,
        amount: Money,
        words: &str,
        limit: usize,
        costs: impl Fn(&Item) -> bool,
    ) -> Result<Vec<Arc<Item>>, ReferenceError> {
        if !self.view.borrow().has_amounts {
            return Ok(Vec::new());
        }
        let query = search::Query::parse(words);
        let candidates: BTreeSet<String> = self
            .connection
            .prepare_cached(CANDIDATES)?
            .query_map(rusqlite::params![amount.minor(), CANDIDATES_MAX], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let best = self.popular.borrow().among(&candidates);
        let others = candidates.iter().filter(|sku| !best.contains(sku));
        let mut found = Vec::new();
        for sku in best.iter().chain(others).take(READ_MAX) {
            let product: Option<pull::Product> =
                self.one("SELECT body FROM product WHERE sku = ?1", sku, "product")?;
            let fits =
                |product: &pull::Product| query.as_ref().is_none_or(|query| query.fits(&words_of(product)));
            let Some(product) = product.filter(fits) else { continue };
            let item = self.item(product)?;
            if costs(&item) {
                found.push(Arc::new(item));
            }
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }
}
