//! Scan-and-go: what a customer's phone asks while it shops in a store.
//!
//! A phone's basket is priced by the same till that stands at the counter, with nobody's rights and no member; what
//! cannot be bought by phone says why. Nothing here knows who the customer is.
//!
//! | module | what |
//! |---|---|
//! | [`shop`] | goods, prices and promotions of a store, as its tills see them |
//! | [`quote`] | what a phone's lines cost |
//! | [`keys`] | with what links and baskets are signed |

pub mod keys;
pub mod quote;
pub mod shop;

use domain::till::kiosk::KioskRules;
use domain::till::{Rules, Settings};
use protocol::pull::Store;

/// How long a link at the entrance holds where nothing else is said, days.
pub const LINK_DAYS: u32 = 90;

/// The longest that a link may hold, days.
pub const LINK_DAYS_MAX: u32 = 366;

/// How long a signed basket holds, milliseconds: from the shelf to the till.
pub const BASKET_LASTS_MS: i64 = 30 * 60_000;

/// Baskets that are signed for one phone in [`DAY_MS`].
pub const BASKETS_A_DAY_MAX: u64 = 30;

/// The time over which baskets of a phone are counted, milliseconds.
pub const DAY_MS: i64 = 24 * 3_600_000;

/// How long baskets that were signed are remembered, milliseconds: as long as they count for the limit of a day, and a day
/// for whoever asks after one.
pub const BASKETS_KEPT_MS: i64 = 2 * DAY_MS;

/// Requests, and tens of lines, that a phone may send at once.
pub const PHONE_BURST: i64 = 60;

/// Requests, and tens of lines, a second that a phone may go on sending.
pub const PHONE_PER_SECOND: i64 = 2;

/// The offsets from UTC that there are, minutes.
pub const OFFSETS_MINUTES: std::ops::RangeInclusive<i32> = -12 * 60..=14 * 60;

/// A store as a phone's basket is priced in it: as at its tills, with what a kiosk sells.
pub fn settings(store: &Store) -> Settings {
    let (codes, left_out) = store.understand_codes();
    for error in left_out {
        tracing::debug!(%error, store = store.code, "pattern left out");
    }
    Settings {
        currency: store.understand_currency(),
        cash_rounding: domain::money::Money::from_minor(store.cash_rounding),
        // No cash is taken here.
        change_max: domain::money::Money::ZERO,
        codes,
        prints_receipts: false,
        rules: Rules { kiosk: Some(KioskRules::usual(store.major())), ..store.understand_rules("store") },
    }
}
