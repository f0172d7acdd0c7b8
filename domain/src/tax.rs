//! VAT: contained in prices or on top of them, rounded for each line or for
//! the document, summed by rate. Rates and rules come from outside.

use crate::money::{Money, TaxRate};

/// Whether a price holds its tax.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxMode {
    /// The price on the tag is what is paid (China).
    #[default]
    Inclusive,
    /// The tax comes on top of the price.
    Exclusive,
}

/// Where a tax is rounded to minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TaxRounding {
    /// Each line for itself; a rate's tax is the sum.
    #[default]
    PerLine,
    /// Once for each rate of a document, and spread over its lines by largest
    /// remainders.
    PerDocument,
}

/// How tax is reckoned in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TaxRules {
    /// Whether a price holds its tax.
    pub mode: TaxMode,
    /// Where it is rounded.
    pub rounding: TaxRounding,
}

/// What is taxed: the net of one line at one rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taxable {
    /// The rate.
    pub rate: TaxRate,
    /// What it costs, as the tag says.
    pub net: Money,
}

/// VAT of one rate within a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TaxSummary {
    /// The rate.
    pub rate: TaxRate,
    /// Sum of nets at this rate, as the tags say, less what was returned.
    pub net: Money,
    /// The tax that the nets contain, or that comes on top of them.
    pub tax: Money,
}

impl TaxRules {
    /// The tax of an amount that is rounded by itself.
    pub fn tax(self, taxable: Taxable) -> Money {
        match self.mode {
            TaxMode::Inclusive => taxable.net.tax_contained(taxable.rate),
            TaxMode::Exclusive => taxable.net.tax_on_top(taxable.rate),
        }
    }

    /// The tax of each line; the lines of one rate sum to the rate's tax.
    pub fn shares(self, lines: &[Taxable]) -> Vec<Money> {
        let mut taxes: Vec<Money> = lines.iter().map(|line| self.tax(*line)).collect();
        match self.rounding {
            TaxRounding::PerLine => {}
            TaxRounding::PerDocument => {
                for rate in rates(lines) {
                    let places: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].rate == rate).collect();
                    let net = places.iter().map(|at| lines[*at].net).sum();
                    let weights: Vec<i64> = places.iter().map(|at| lines[*at].net.minor()).collect();
                    // Without a net above nothing there is no tax to spread.
                    let shares = self.tax(Taxable { rate, net }).prorate(&weights).unwrap_or_default();
                    for (at, share) in places.into_iter().zip(shares) {
                        taxes[at] = share;
                    }
                }
            }
        }
        taxes
    }
}

/// Sums lines with their taxes by rate, highest rate first. What was returned
/// is a line with both below nothing.
pub fn summaries(lines: impl IntoIterator<Item = (Taxable, Money)>) -> Vec<TaxSummary> {
    let mut summaries: Vec<TaxSummary> = Vec::new();
    for (Taxable { rate, net }, tax) in lines {
        match summaries.iter_mut().find(|summary| summary.rate == rate) {
            Some(summary) => {
                summary.net += net;
                summary.tax += tax;
            }
            None => summaries.push(TaxSummary { rate, net, tax }),
        }
    }
    summaries.sort_by_key(|summary| std::cmp::Reverse(summary.rate));
    summaries
}

fn rates(lines: &[Taxable]) -> Vec<TaxRate> {
    let mut rates: Vec<TaxRate> = lines.iter().map(|line| line.rate).collect();
    rates.sort_unstable();
    rates.dedup();
    rates
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const PER_LINE: TaxRounding = TaxRounding::PerLine;
    const PER_DOCUMENT: TaxRounding = TaxRounding::PerDocument;

    fn lines(lines: &[(u32, i64)]) -> Vec<Taxable> {
        lines
            .iter()
            .map(|(rate, net)| Taxable {
                rate: TaxRate::from_basis_points(*rate).expect("in range"),
                net: Money::from_minor(*net),
            })
            .collect()
    }

    /// Rate, net and tax of each rate, in minor units.
    fn check(mode: TaxMode, rounding: TaxRounding, taxed: &[(u32, i64)], expected: &[(u32, i64, i64)]) {
        let lines = lines(taxed);
        let taxes = TaxRules { mode, rounding }.shares(&lines);
        let found: Vec<_> = summaries(lines.into_iter().zip(taxes))
            .iter()
            .map(|summary| (summary.rate.basis_points(), summary.net.minor(), summary.tax.minor()))
            .collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_price_contains_its_tax_or_bears_it() {
        // 29.99 at 13 %: 3.45 in it, 3.90 on top.
        check(TaxMode::Inclusive, PER_LINE, &[(1_300, 2_999)], &[(1_300, 2_999, 345)]);
        check(TaxMode::Exclusive, PER_LINE, &[(1_300, 2_999)], &[(1_300, 2_999, 390)]);
        check(TaxMode::Inclusive, PER_LINE, &[(0, 2_999)], &[(0, 2_999, 0)]);
    }

    #[test]
    fn rates_are_summed_apart_the_highest_first() {
        let taxed = [(900, 1_090), (1_300, 1_130), (900, 2_180), (600, 106)];
        let expected = [(1_300, 1_130, 130), (900, 3_270, 270), (600, 106, 6)];
        check(TaxMode::Inclusive, PER_LINE, &taxed, &expected);
        check(TaxMode::Inclusive, PER_DOCUMENT, &taxed, &expected);
    }

    #[test]
    fn many_small_lines_round_otherwise_than_their_sum() {
        // 0.04 holds 0.0046 of tax: nothing alone, 0.05 in ten.
        let taxed = [(1_300, 4); 10];
        check(TaxMode::Inclusive, PER_LINE, &taxed, &[(1_300, 40, 0)]);
        check(TaxMode::Inclusive, PER_DOCUMENT, &taxed, &[(1_300, 40, 5)]);
    }

    #[test]
    fn what_was_returned_takes_its_tax_along() {
        let rate = TaxRate::from_basis_points(1_300).expect("in range");
        let net = Money::from_minor(1_130);
        let back = Taxable { rate, net: -net };
        let both = [(Taxable { rate, net }, Money::from_minor(130)), (back, Money::from_minor(-130))];
        assert_eq!(summaries(both), [TaxSummary { rate, net: Money::ZERO, tax: Money::ZERO }]);
    }

    proptest! {
        #[test]
        fn the_taxes_of_lines_sum_to_the_rates(
            exclusive in any::<bool>(),
            taxed in prop::collection::vec((prop::sample::select(vec![0u32, 600, 900, 1_300]), 0i64..100_000), 1..30),
        ) {
            let mode = if exclusive { TaxMode::Exclusive } else { TaxMode::Inclusive };
            let lines = lines(&taxed);
            let rules = TaxRules { mode, rounding: PER_DOCUMENT };
            let shares = rules.shares(&lines);
            for summary in summaries(lines.iter().copied().zip(shares)) {
                prop_assert_eq!(summary.tax, rules.tax(Taxable { rate: summary.rate, net: summary.net }));
            }
        }
    }
}
