//! What a person at a till may do alone. Who somebody is, and whether a PIN is
//! theirs, is found out elsewhere.

use crate::money::{AMOUNT_MAX, BASIS_POINTS, Currency, Money};

/// The most characters of a reason or note that a record keeps.
pub const REASON_LENGTH_MAX: usize = 200;

/// What needs a right, or else an approval by somebody who has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Act {
    /// Set a line's price.
    SetPrice,
    /// Set a line's price to nothing.
    GiveAway,
    /// Take something off a line or a basket; how much is limited apart.
    Discount,
    /// Take back a line beyond what everybody may.
    Void,
    /// Drop a basket that is not empty, where the lane asks for it.
    Cancel,
    /// Give money back for a past sale; how much is limited apart.
    Return,
    /// Give money back without the sale.
    BlindReturn,
    /// Open the drawer without a sale.
    OpenDrawer,
    /// Take cash out of the drawer: a payment or a drop.
    TakeOut,
    /// Look at what the drawer should hold, where it is counted blind.
    Report,
    /// Say what became of a payment that nobody knows of.
    ResolvePayment,
    /// Take over a lane that somebody locked.
    TakeOver,
    /// Say by hand what goods weigh, where a scale stands.
    TypeWeight,
    /// Let a price count that labels have not confirmed.
    WaiveLabels,
    /// Say at a kiosk that the buyer is old enough.
    ConfirmAge,
    /// Help customers at a kiosk: let pass what it holds, take up what was left there.
    Attend,
    /// Let a count of goods change the stock.
    CountStock,
    /// See what goods cost and what is earned on them.
    SeeMargins,
    /// Name the member of a sale that was paid before, or the same member again.
    NameBuyer,
}

impl Act {
    const fn bit(self) -> u32 {
        match self {
            Self::SetPrice => 1 << 0,
            Self::GiveAway => 1 << 1,
            Self::Discount => 1 << 2,
            Self::Void => 1 << 3,
            Self::Cancel => 1 << 4,
            Self::Return => 1 << 5,
            Self::BlindReturn => 1 << 6,
            Self::OpenDrawer => 1 << 7,
            Self::TakeOut => 1 << 8,
            Self::Report => 1 << 9,
            Self::ResolvePayment => 1 << 10,
            Self::TakeOver => 1 << 11,
            Self::TypeWeight => 1 << 12,
            Self::WaiveLabels => 1 << 13,
            Self::ConfirmAge => 1 << 14,
            Self::Attend => 1 << 15,
            Self::CountStock => 1 << 16,
            Self::SeeMargins => 1 << 17,
            Self::NameBuyer => 1 << 18,
        }
    }
}

/// A person's rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rights {
    acts: u32,
    /// The most that may be taken off a line or basket, in basis points.
    pub discount_max: u32,
    /// The most that one return may come to.
    pub refund_max: Money,
}

impl Rights {
    /// None at all: ringing up, taking payment, voiding and cancelling within
    /// what the lane lets everybody.
    pub const NONE: Self = Self { acts: 0, discount_max: 0, refund_max: Money::ZERO };

    /// All of them.
    pub const ALL: Self =
        Self { acts: u32::MAX, discount_max: BASIS_POINTS, refund_max: Money::from_minor(AMOUNT_MAX) };

    /// These acts, within these limits.
    pub fn new(acts: &[Act], discount_max: u32, refund_max: Money) -> Self {
        let acts = acts.iter().fold(0, |bits, act| bits | act.bit());
        Self { acts, discount_max: discount_max.min(BASIS_POINTS), refund_max }
    }

    /// Whether an act is among them, its limits aside.
    pub const fn allow(self, act: Act) -> bool {
        self.acts & act.bit() != 0
    }

    /// What a role may do where HQ says nothing else: a cashier nothing alone but
    /// attend kiosks, a supervisor the day's exceptions, a manager everything. An
    /// unknown role may what a cashier may.
    pub fn of_role(role: &str, currency: &Currency) -> Self {
        match role {
            "manager" => Self::ALL,
            "supervisor" => Self::new(
                &[
                    Act::SetPrice,
                    Act::Discount,
                    Act::Void,
                    Act::Cancel,
                    Act::Return,
                    Act::BlindReturn,
                    Act::OpenDrawer,
                    Act::TakeOut,
                    Act::Report,
                    Act::ResolvePayment,
                    Act::TakeOver,
                    Act::TypeWeight,
                    Act::WaiveLabels,
                    Act::ConfirmAge,
                    Act::Attend,
                    Act::CountStock,
                    Act::NameBuyer,
                ],
                SUPERVISOR_DISCOUNT_MAX,
                Money::from_minor(SUPERVISOR_REFUND_MAX * currency.minor_per_major()),
            ),
            _ => Self::new(&[Act::ConfirmAge, Act::Attend], 0, Money::ZERO),
        }
    }
}

/// A supervisor takes off up to 30 %: more is a decision on the goods' price.
pub const SUPERVISOR_DISCOUNT_MAX: u32 = 3_000;

/// A supervisor gives back up to so many major units at once.
pub const SUPERVISOR_REFUND_MAX: i64 = 500;

/// A person's words as a record keeps them: without control characters, cut
/// to [`REASON_LENGTH_MAX`].
pub fn kept_words(text: &str) -> String {
    text.trim().chars().filter(|character| !character.is_control()).take(REASON_LENGTH_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_may_what_the_one_below_may() {
        let yuan = Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 };
        let [cashier, supervisor, manager] =
            ["cashier", "supervisor", "manager"].map(|role| Rights::of_role(role, &yuan));
        assert_eq!(cashier, Rights::new(&[Act::ConfirmAge, Act::Attend], 0, Money::ZERO));
        assert_eq!(Rights::of_role("visitor", &yuan), cashier);
        assert!(supervisor.allow(Act::SetPrice) && !supervisor.allow(Act::GiveAway));
        assert!(manager.allow(Act::GiveAway));
        assert!(manager.allow(Act::SeeMargins) && !supervisor.allow(Act::SeeMargins));
        assert_eq!(supervisor.refund_max, Money::from_minor(50_000));
        assert!(supervisor.discount_max < manager.discount_max);
    }

    #[test]
    fn words_are_cut_and_clean() {
        assert_eq!(kept_words(" 破\u{7}损\n "), "破损");
        assert_eq!(kept_words(&"x".repeat(500)).len(), REASON_LENGTH_MAX);
    }
}
