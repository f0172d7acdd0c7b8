//! The daily journal of a store: what its sales of a business date come to, as
//! double entry, by means of payment and rate of tax, to the smallest unit of
//! the currency.
//!
//! Debits are what was taken, credits what it was taken for. The two sides are
//! read from different tables (tenders; taxes and roundings), so that one that
//! was changed or lost shows.

use crate::store::{DaySums, Reading, StoreError};

/// What an amount stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Account {
    /// Taken by a kind of tender; cash without the change.
    Tender(String),
    /// Sold at a rate of tax (basis points), without the tax.
    Revenue(u32),
    /// The tax of a rate.
    Tax(u32),
    /// What members paid into their accounts: owed to them until they spend it.
    StoredValue,
    /// What cash rounding left to customers.
    Rounding,
    /// What no line of tax explains; nothing unless a lane is wrong.
    Unexplained,
}

/// An amount on one side; minor units, never below nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posting {
    /// What for.
    pub account: Account,
    /// What came in, or was given away.
    pub debit: i64,
    /// What for, or what was paid out.
    pub credit: i64,
}

/// The daily journal in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayJournal {
    /// ISO 4217.
    pub currency: String,
    /// Documents in it.
    pub documents: u64,
    /// Its lines, tenders first.
    pub postings: Vec<Posting>,
    /// The sum of all debits, which is that of all credits.
    pub sum: i64,
}

/// The kind of tender that change is given in.
const CASH: &str = "cash";

fn posting(account: Account, amount: i64, is_debit: bool) -> Posting {
    let (debit, credit) = if (amount >= 0) == is_debit { (amount, 0) } else { (0, amount) };
    Posting { account, debit: debit.saturating_abs(), credit: credit.saturating_abs() }
}

/// Makes the journals of a store and business date (`YYYY-MM-DD`), one for
/// each currency; none where nothing was sold.
pub fn of_day(reading: &Reading<'_>, store: &str, date: &str) -> Result<Vec<DayJournal>, StoreError> {
    let tenders = reading.day_tenders(store, date)?;
    let taxes = reading.day_taxes(store, date)?;
    let paid_in = reading.day_paid_in(store, date)?;
    let mut journals = Vec::new();
    for DaySums { currency, documents, total, rounding, payable: _, change } in
        reading.day_sums(store, date)?
    {
        let mut postings = Vec::new();
        let mut change_left = change;
        for tender in tenders.iter().filter(|tender| tender.currency == currency) {
            let is_cash = tender.kind == CASH;
            let amount = tender.amount - if is_cash { std::mem::take(&mut change_left) } else { 0 };
            postings.push(posting(Account::Tender(tender.kind.clone()), amount, true));
        }
        if change_left != 0 {
            // Change was given on another means of payment.
            postings.push(posting(Account::Tender(CASH.to_owned()), -change_left, true));
        }
        let mut explained = 0;
        for tax in taxes.iter().filter(|tax| tax.currency == currency) {
            explained += tax.base + tax.tax;
            postings.push(posting(Account::Revenue(tax.rate), tax.base, false));
            postings.push(posting(Account::Tax(tax.rate), tax.tax, false));
        }
        for (_, paid_in) in paid_in.iter().filter(|(of, _)| *of == currency) {
            explained += paid_in;
            postings.push(posting(Account::StoredValue, *paid_in, false));
        }
        postings.push(posting(Account::Rounding, rounding, false));
        postings.push(posting(Account::Unexplained, total - explained, false));
        postings.retain(|posting| posting.debit != 0 || posting.credit != 0);
        let sum = postings.iter().map(|posting| posting.debit).sum();
        journals.push(DayJournal { currency, documents, postings, sum });
    }
    Ok(journals)
}
