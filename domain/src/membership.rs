//! What a paid membership (付费会员卡) is made of: whom its fee is shared with,
//! and what becomes of that when the fee is given back.
//!
//! Who is a member of what, and who was rewarded, is HQ's book; the till sells
//! the fee to a named member and takes it back by its receipt.

use crate::money::Money;

/// The longest item code, tag or promotion of a membership, bytes.
pub const MEMBERSHIP_TEXT_LENGTH_MAX: usize = 128;

/// The most coupons that one membership comes with.
pub const MEMBERSHIP_COUPONS_MAX: u32 = 50;

/// How a fee is shared. The rest of it stays with the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeeShares {
    /// To whoever sold it.
    pub employee: Money,
    /// To the account of the store that sold it.
    pub store: Money,
}

/// Why shares cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FeeSharesError {
    /// One of them is below nothing, or beyond any document.
    #[error("share a fee: {0} minor units is no amount to give; write 0 or more")]
    Amount(i64),
    /// They are more than the fee.
    #[error("share a fee of {fee} minor units: {employee} and {store} are more than that")]
    Above {
        /// The fee, minor units.
        fee: i64,
        /// The employee's share, minor units.
        employee: i64,
        /// The store's share, minor units.
        store: i64,
    },
}

impl FeeShares {
    /// Says why a fee cannot be shared like this, if it cannot.
    pub fn check(self, fee: Money) -> Result<(), FeeSharesError> {
        let Self { employee, store } = self;
        let wrong = [employee, store].into_iter().find(|share| *share < Money::ZERO || !share.is_amount());
        if let Some(share) = wrong {
            return Err(FeeSharesError::Amount(share.minor()));
        }
        if employee + store > fee {
            let (employee, store) = (employee.minor(), store.minor());
            return Err(FeeSharesError::Above { fee: fee.minor(), employee, store });
        }
        Ok(())
    }

    /// What each is given of what was really paid: its share, or where less
    /// was paid than all shares, its part of that (largest remainder). So the
    /// shares never sum to more than what was paid.
    pub fn of_paid(self, paid: Money) -> Self {
        let paid = paid.max(Money::ZERO);
        if self.employee + self.store <= paid {
            return self;
        }
        match paid.shares(&[self.employee, self.store]).as_slice() {
            [employee, store] => Self { employee: *employee, store: *store },
            _ => Self::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(employee: i64, store: i64) -> FeeShares {
        FeeShares { employee: Money::from_minor(employee), store: Money::from_minor(store) }
    }

    #[test]
    fn shares_sum_to_the_fee_or_less() {
        let fee = Money::from_minor(990);
        assert_eq!(shares(500, 490).check(fee), Ok(()));
        assert_eq!(shares(0, 0).check(fee), Ok(()));
        let above = FeeSharesError::Above { fee: 990, employee: 500, store: 491 };
        assert_eq!(shares(500, 491).check(fee), Err(above));
        assert_eq!(shares(-1, 0).check(fee), Err(FeeSharesError::Amount(-1)));
        assert_eq!(shares(0, i64::MAX).check(fee), Err(FeeSharesError::Amount(i64::MAX)));
    }

    #[test]
    fn a_fee_that_was_lowered_is_shared_in_proportion() {
        assert_eq!(shares(500, 490).of_paid(Money::from_minor(990)), shares(500, 490));
        assert_eq!(shares(500, 490).of_paid(Money::from_minor(495)), shares(250, 245));
        assert_eq!(shares(500, 490).of_paid(Money::ZERO), shares(0, 0));
        assert_eq!(shares(500, 0).of_paid(Money::from_minor(-5)), shares(0, 0));
    }

    proptest! {
        #[test]
        fn never_is_more_given_than_was_paid(
            employee in 0i64..1_000_000, store in 0i64..1_000_000, paid in 0i64..2_000_000,
        ) {
            let FeeShares { employee: one, store: other } = shares(employee, store).of_paid(Money::from_minor(paid));
            prop_assert_eq!((one + other).minor(), paid.min(employee + store));
            prop_assert!(one >= Money::ZERO && other >= Money::ZERO);
            prop_assert!(one.minor() <= employee && other.minor() <= store);
        }
    }
}
