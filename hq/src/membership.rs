//! Paid memberships as a chain sets them up: which item is sold, whom its fee
//! is shared with, and what the member has of it.
//!
//! The rule is data; what follows from a sale or a return stands in the book
//! of the person ([`crate::books::membership`]).

use domain::membership::{FeeShares, FeeSharesError, MEMBERSHIP_COUPONS_MAX, MEMBERSHIP_TEXT_LENGTH_MAX};
use domain::money::Money;
use serde::{Deserialize, Serialize};

use crate::store::{Reading, StoreError, Writing};

/// What stands before an item's code in the name of the setting.
const SETTING: &str = "membership:";

/// The most days that a coupon of a membership is good for.
const DAYS_MAX: u32 = 3_660;

/// A membership as an import says it; amounts are minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MembershipForm {
    /// The item that is sold: goods marked as `membership`, at the fee.
    pub sku: String,
    /// Whoever sells it is given so much of the fee.
    #[serde(default)]
    pub employee: i64,
    /// The store's account is given so much of it.
    #[serde(default)]
    pub store: i64,
    /// The tag that the member has as long as it holds; promotions ask for it.
    pub tag: String,
    /// The coupons that come with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coupons: Vec<PackForm>,
    /// How the fee is shared where the person was a paid member before: nothing
    /// is given where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renewal: Option<SharesForm>,
}

/// Shares of a fee, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharesForm {
    /// To whoever sells it.
    #[serde(default)]
    pub employee: i64,
    /// To the store's account.
    #[serde(default)]
    pub store: i64,
}

/// So many coupons of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackForm {
    /// The promotion that each stands for.
    pub promotion: String,
    /// How many.
    pub count: u32,
    /// They are good for so many days of 24 hours from the sale on; until
    /// further notice where absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
}

/// Why a membership is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MembershipRefused {
    /// A text is missing or too long.
    #[error("membership {0:?}: sku, tag and promotions need 1 to {MEMBERSHIP_TEXT_LENGTH_MAX} bytes")]
    Text(String),
    /// The shares are none.
    #[error("membership {0:?}: {1}")]
    Shares(String, FeeSharesError),
    /// The coupons are too many or none, or good for no time.
    #[error(
        "membership {0:?}: it needs 1 to {MEMBERSHIP_COUPONS_MAX} coupons in all, each good for 1 to {DAYS_MAX} days"
    )]
    Coupons(String),
}

impl MembershipForm {
    /// How the fee is shared for the first time, and after it.
    pub fn shares(&self, is_first: bool) -> FeeShares {
        let (employee, store) = match (is_first, self.renewal) {
            (true, _) => (self.employee, self.store),
            (false, Some(renewal)) => (renewal.employee, renewal.store),
            (false, None) => (0, 0),
        };
        FeeShares { employee: Money::from_minor(employee), store: Money::from_minor(store) }
    }

    /// Says why it cannot be sold at this fee, if it cannot.
    pub fn check(&self, fee: Money) -> Result<(), MembershipRefused> {
        let sku = || self.sku.clone();
        let texts = self.coupons.iter().map(|pack| &pack.promotion).chain([&self.sku, &self.tag]);
        for text in texts {
            if text.trim().is_empty() || text.len() > MEMBERSHIP_TEXT_LENGTH_MAX {
                return Err(MembershipRefused::Text(sku()));
            }
        }
        for is_first in [true, false] {
            self.shares(is_first).check(fee).map_err(|error| MembershipRefused::Shares(sku(), error))?;
        }
        let count = self.coupons.iter().fold(0u32, |sum, pack| sum.saturating_add(pack.count));
        let good =
            |pack: &PackForm| pack.count > 0 && pack.days.is_none_or(|days| (1..=DAYS_MAX).contains(&days));
        if count > MEMBERSHIP_COUPONS_MAX || !self.coupons.iter().all(good) {
            return Err(MembershipRefused::Coupons(sku()));
        }
        Ok(())
    }
}

/// The membership that an item is.
pub fn of_item(reading: &Reading<'_>, sku: &str) -> Result<Option<MembershipForm>, StoreError> {
    let body = reading.setting(&format!("{SETTING}{sku}"))?;
    body.map(|body| serde_json::from_str(&body))
        .transpose()
        .map_err(|error| StoreError::Row { table: "setting", reason: format!("membership {sku}: {error}") })
}

/// Puts what an item is as a membership; says whether it is new or differs.
/// What was sold before stays what it was.
pub(crate) fn put(writing: &Writing<'_>, form: &MembershipForm) -> Result<bool, StoreError> {
    if of_item(writing, &form.sku)?.as_ref() == Some(form) {
        return Ok(false);
    }
    let body = serde_json::to_string(form).expect("plain data serialises");
    writing.put_setting(&format!("{SETTING}{}", form.sku), &body)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        let form: MembershipForm = serde_json::from_str(text).expect("a form");
        form.check(Money::from_minor(990)).map_err(|error| error.to_string()).err()
    }

    #[test]
    fn a_membership_that_cannot_be_sold_says_why() {
        assert_eq!(said(r#"{"sku": "M1", "employee": 500, "store": 490, "tag": "plus"}"#), None);
        let pack =
            r#"{"sku": "M1", "tag": "plus", "coupons": [{"promotion": "c5", "count": 2, "days": 30}]}"#;
        assert_eq!(said(pack), None);
        for (text, words) in [
            (r#"{"sku": "M1", "employee": 500, "store": 491, "tag": "plus"}"#.to_owned(), "more than that"),
            (r#"{"sku": "M1", "employee": -1, "tag": "plus"}"#.to_owned(), "0 or more"),
            (r#"{"sku": "M1", "tag": " "}"#.to_owned(), "tag"),
            (r#"{"sku": "M1", "tag": "plus", "renewal": {"store": 991}}"#.to_owned(), "more than that"),
            (pack.replace("\"count\": 2", "\"count\": 0"), "1 to 50 coupons"),
            (pack.replace("\"count\": 2", "\"count\": 51"), "1 to 50 coupons"),
            (pack.replace("\"days\": 30", "\"days\": 0"), "1 to 3660 days"),
        ] {
            assert!(said(&text).is_some_and(|why| why.contains(words)), "{text}");
        }
    }
}
