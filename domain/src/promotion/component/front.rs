//! Ways that none of the others is as good as.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};

use super::Search;
use super::run::Label;

/// The most labels that are kept of one state.
pub(super) const LABELS_MAX: usize = 1_024;

/// What a way leaves out of others: see [`Search`].
pub(super) fn keep_labels(
    mut labels: Vec<Label>,
    regions: usize,
    search: Search<'_>,
    cut: &mut bool,
) -> Vec<Label> {
    let slack = match search {
        Search::Least => return labels,
        Search::Frontier { slack, .. } | Search::Reach { slack, .. } => slack,
    };
    labels.sort_by(|one, other| {
        (one.cost, one.applications, &one.sums).cmp(&(other.cost, other.applications, &other.sums))
    });
    let Some(least) = labels.first().map(|label| label.cost) else { return labels };
    labels.retain(|label| label.cost <= least + slack);
    let mut kept: Vec<Label> = Vec::new();
    let mut front = Front::new(search, regions);
    for label in labels {
        if !front.takes(&label.sums) {
            continue;
        }
        if kept.len() == LABELS_MAX {
            *cut = true;
            break;
        }
        kept.push(label);
    }
    kept
}

/// Sums of ways that none of the others is as good as.
pub(in crate::promotion) struct Front<'a> {
    pub(super) search: Search<'a>,
    pub(super) regions: usize,
    /// By the sums of exact regions, the sums of the others.
    pub(super) known: HashMap<Vec<i64>, Vec<Vec<i64>>, BuildHasherDefault<DefaultHasher>>,
}

impl<'a> Front<'a> {
    /// Sums stand in blocks of so many regions.
    pub(in crate::promotion) fn new(search: Search<'a>, regions: usize) -> Self {
        Self { search, regions, known: HashMap::default() }
    }

    /// Takes sums, unless some that it has are as good.
    pub(in crate::promotion) fn takes(&mut self, sums: &[i64]) -> bool {
        if let Search::Reach { .. } = self.search {
            return self.reaches(sums);
        }
        let split = |exact: bool| -> Vec<i64> {
            let places = sums.iter().enumerate();
            let own = places.filter(|(place, _)| self.search.is_exact(place % self.regions.max(1)) == exact);
            own.map(|(_, sum)| *sum).collect()
        };
        let (exact, others) = (split(true), split(false));
        let known = self.known.entry(exact).or_default();
        if known.iter().any(|known| known.iter().zip(&others).all(|(one, own)| one <= own)) {
            return false;
        }
        known.push(others);
        true
    }

    /// Takes sums, unless some that came before bring as much to each threshold.
    fn reaches(&mut self, sums: &[i64]) -> bool {
        let known = self.known.entry(Vec::new()).or_default();
        if known.iter().rev().any(|known| known.iter().zip(sums).all(|(one, own)| one >= own)) {
            return false;
        }
        if sums.len() == 1 {
            // The most so far is as good as all that came before.
            known.clear();
        }
        known.push(sums.to_vec());
        true
    }
}
