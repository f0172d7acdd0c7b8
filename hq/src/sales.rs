//! Answers about what was received: by store, lane and business date.

use protocol::answer::SalesAnswer;

use crate::store::{SalesRange, Store, StoreError};

/// Sums the sales of a range. Amounts are minor units of each row's currency.
pub fn of_days(store: &Store, range: &SalesRange) -> Result<SalesAnswer, StoreError> {
    let rows = store.read(|reading| reading.sales_of_days(range))?;
    Ok(SalesAnswer { rows })
}
