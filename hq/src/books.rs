//! The books of record: members' points, coupons, receipts, stored value and
//! stock, as what lanes filed and what HQ itself did make them.
//!
//! | module | what |
//! |---|---|
//! | [`points`] | the points of one member; pure |
//! | [`value`] | the stored value of one member; pure |
//! | [`held`] | coupons, and what is left of sales; pure |
//! | [`counting`] | counts of goods, posted when HQ has every journal up to them |
//! | `gifts` | what returns kept back for gifts, held against the sale |
//! | [`membership`] | paid memberships of a person; pure |
//! | [`keeper`] | keeps the books in the database, in the transaction of what moves them |
//!
//! A lane that is cut off may have spent what it was lent long before HQ hears
//! of it. So what one lane holds ([`Hold`]) is nobody else's until that lane's
//! own journal, filed without a gap, has gone past the hold's end, or the lane
//! said itself that it is over, or somebody writes the lane off.

pub mod counting;
mod gifts;
pub mod held;
pub mod keeper;
pub mod membership;
pub mod points;
pub mod rebuild;
pub mod value;

use serde::{Deserialize, Serialize};

use crate::store::{StoreError, Writing};

/// One lane of one store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaneId {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
}

/// Ends everything that a lost lane holds, in the caller's transaction, and waits for it no more: also where its store as a
/// whole was lent something. `now_ms` is HQ's clock, milliseconds UTC.
pub fn write_off(writing: &Writing<'_>, lost: &LaneId, now_ms: i64) -> Result<(), StoreError> {
    let keeper = keeper::Keeper::new(writing, now_ms)?;
    keeper.write_off(lost, "written off")?;
    writing.write_off_lane(&lost.store, lost.lane)?;
    keeper.end_standing(&lost.store, now_ms)
}
