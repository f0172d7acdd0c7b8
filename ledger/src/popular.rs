//! What sells on this lane: counts by item, kept in memory and derived of the
//! journal at every start. Old sales fade, and only so many items are known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::search::Query;

/// The most items that are known to sell: a supermarket makes most of its money
/// with a tenth of them.
pub const POPULAR_MAX: usize = 2_000;

/// After so many lines all counts are halved: what sold some days ago still
/// counts, and less.
const FADES_AFTER_LINES: u32 = 5_000;

/// What one sale of an item counts, so that it is still something when halved.
const SALE: u32 = 16;

/// What sells.
#[derive(Debug, Default)]
pub(crate) struct Popular {
    items: BTreeMap<String, Seller>,
    lines: u32,
}

#[derive(Debug, Default)]
struct Seller {
    sold: u32,
    /// Under which it is found; none before they were read.
    words: String,
    /// The version of the goods that they are of.
    version: Option<u64>,
}

impl Popular {
    /// Counts one more sale of an item.
    pub fn count(&mut self, sku: &str) {
        if !self.items.contains_key(sku) {
            if self.items.len() >= POPULAR_MAX {
                self.forget_half();
            }
            self.items.insert(sku.to_owned(), Seller::default());
        }
        if let Some(seller) = self.items.get_mut(sku) {
            seller.sold = seller.sold.saturating_add(SALE);
        }
        self.fade();
    }

    /// At most so many items whose words are not those of this version.
    pub fn unread(&self, version: u64, limit: usize) -> Vec<String> {
        let unread = self.items.iter().filter(|(_, seller)| seller.version != Some(version));
        unread.take(limit).map(|(sku, _)| sku.clone()).collect()
    }

    /// Takes in under which words an item is found; none where it is gone.
    pub fn learn(&mut self, sku: &str, words: String, version: u64) {
        if let Some(seller) = self.items.get_mut(sku) {
            seller.words = words;
            seller.version = Some(version);
        }
    }

    fn fade(&mut self) {
        self.lines += 1;
        if self.lines >= FADES_AFTER_LINES {
            self.halve();
        }
    }

    fn halve(&mut self) {
        self.lines = 0;
        self.items.retain(|_, seller| {
            seller.sold /= 2;
            seller.sold > 0
        });
    }

    /// Forgets what sold least.
    fn forget_half(&mut self) {
        let mut sold: Vec<u32> = self.items.values().map(|seller| seller.sold).collect();
        sold.sort_unstable();
        let least = sold[sold.len() / 2];
        let better = sold.iter().filter(|sold| **sold > least).count();
        let mut equal = (POPULAR_MAX / 2).saturating_sub(better);
        self.items.retain(|_, seller| {
            let stays = seller.sold > least || (seller.sold == least && equal > 0);
            equal -= usize::from(stays && seller.sold == least);
            stays
        });
    }

    /// Those of these items that sell, the best first.
    pub fn among(&self, skus: &BTreeSet<String>) -> Vec<String> {
        self.best(|sku, _| skus.contains(sku))
    }

    /// The items that fit, what sells most first.
    pub fn fitting(&self, query: &Query) -> Vec<String> {
        self.best(|_, seller| query.fits(&seller.words))
    }

    fn best(&self, fits: impl Fn(&str, &Seller) -> bool) -> Vec<String> {
        let mut found: Vec<(&String, &Seller)> =
            self.items.iter().filter(|(sku, seller)| fits(sku, seller)).collect();
        found.sort_by_key(|(sku, seller)| (Reverse(seller.sold), *sku));
        found.into_iter().map(|(sku, _)| sku.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fitting(popular: &Popular, text: &str) -> Vec<String> {
        popular.fitting(&Query::parse(text).expect("a query"))
    }

    #[test]
    fn what_sells_more_comes_first_and_old_sales_fade() {
        let mut popular = Popular::default();
        let sell = |popular: &mut Popular, sku: &str| {
            popular.count(sku);
            popular.learn(sku, sku.into(), 1);
        };
        sell(&mut popular, "milk");
        sell(&mut popular, "millet");
        sell(&mut popular, "millet");
        assert_eq!(fitting(&popular, "mil"), ["millet", "milk"]);
        // Weeks later one of them still sells.
        (0..FADES_AFTER_LINES * 3).for_each(|_| popular.count("milk"));
        assert_eq!(fitting(&popular, "mil"), ["milk", "millet"]);
        (0..FADES_AFTER_LINES * 5).for_each(|_| popular.count("milk"));
        assert_eq!(fitting(&popular, "mil"), ["milk"], "nobody buys the other any more");
    }

    #[test]
    fn only_so_many_are_known_and_the_best_stay() {
        let mut popular = Popular::default();
        (0..200).for_each(|_| popular.count("best"));
        popular.learn("best", "a0".into(), 1);
        for number in 0..POPULAR_MAX * 3 {
            popular.count(&format!("a{number}"));
            assert!(popular.items.len() <= POPULAR_MAX);
        }
        assert!(popular.items.len() > POPULAR_MAX / 4);
        assert_eq!(fitting(&popular, "a0"), ["best"]);
    }

    #[test]
    fn words_are_read_once_a_version() {
        let mut popular = Popular::default();
        ["a", "b", "c"].iter().for_each(|sku| popular.count(sku));
        assert_eq!(popular.unread(1, 2), ["a", "b"]);
        popular.learn("a", "apple".into(), 1);
        popular.learn("gone", "x".into(), 1);
        assert_eq!(popular.unread(1, 9), ["b", "c"]);
        assert_eq!(popular.unread(2, 9), ["a", "b", "c"]);
        assert_eq!(fitting(&popular, "app"), ["a"], "the old words serve until the new ones are read");
    }
}
