//! How a chain keeps its members' points, as somebody there says it: in days, minutes and money.
//!
//! Terms that counted before are kept with their number, so that an account is made again by the terms of then.

use domain::money::{Money, ParseAmountError};
use serde::{Deserialize, Serialize};

use crate::books::keeper::{POINTS_BEFORE_SETTING, POINTS_SETTING, points_terms};
use crate::books::points::{PointsTerms, Step};
use crate::catalogue;
use crate::store::{Reading, StoreError, Writing};

/// Milliseconds of a day.
pub const DAY_MS: i64 = 86_400_000;

/// Milliseconds of a minute.
pub const MINUTE_MS: i64 = 60_000;

/// The longest of any time that is said in days: a hundred years.
const DAYS_MAX: i64 = 36_500;

/// The longest lease of a lane, minutes: a day.
const LEASE_MINUTES_MAX: i64 = 1_440;

/// The most points of one lease.
const LEASE_POINTS_MAX: i64 = 1_000_000_000;

/// The most tiers.
const TIERS_MAX: usize = 32;

/// The longest id of a tier, bytes.
const TIER_LENGTH_MAX: usize = 64;

/// What is to be another from now on of how points are kept; absent as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Earned points may be spent after so many days.
    pub return_window_days: Option<i64>,
    /// Points are good for so many days after they were earned.
    pub valid_days: Option<i64>,
    /// Points are good for ever.
    pub no_expiry: bool,
    /// Points that a return gives back are good for at least so many days.
    pub restored_valid_days: Option<i64>,
    /// A lane may spend what it was lent for so many minutes.
    pub lease_minutes: Option<i64>,
    /// The most points of one lease.
    pub lease_points_max: Option<i64>,
    /// All tiers, such as `gold=5000.00`, the lowest first; none where it is empty.
    pub tiers: Option<Vec<String>>,
    /// So many days back spending counts for a tier.
    pub tier_window_days: Option<i64>,
    /// A tier that was reached is kept for so many days.
    pub tier_kept_days: Option<i64>,
}

impl Change {
    /// Whether all stays as it is.
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// Why points are not kept like that.
#[derive(Debug, thiserror::Error)]
pub enum ChangeTermsError {
    /// A number is none that can be.
    #[error("set how points are kept: {what} is {found}; use {least} to {most}")]
    Range {
        /// What was said.
        what: &'static str,
        /// As what.
        found: i64,
        /// The least that it can be.
        least: i64,
        /// The most.
        most: i64,
    },
    /// Both an end and none.
    #[error("set how points are kept: points are good for some days or for ever, not both")]
    TwoEnds,
    /// Nobody could ever spend any.
    #[error(
        "set how points are kept: points that are good for {valid} days would end before the {window} days are over after which they may be spent"
    )]
    NeverSpent {
        /// How long they are good, days.
        valid: i64,
        /// After how long they may be spent, days.
        window: i64,
    },
    /// A tier cannot be read.
    #[error(
        "set how points are kept: {0:?} is no tier; write it as gold=5000.00, its id and the net from which on it is reached"
    )]
    TierForm(String),
    /// Its net cannot be read.
    #[error("set how points are kept: the net of the tier {tier:?}")]
    TierNet {
        /// The tier.
        tier: String,
        /// Why not.
        source: ParseAmountError,
    },
    /// A tier twice.
    #[error("set how points are kept: the tier {0:?} is named twice")]
    TierTwice(String),
    /// Tiers out of order.
    #[error(
        "set how points are kept: the tier {tier:?} is reached with {net}, no more than {before:?} before it; name the lowest first"
    )]
    TierOrder {
        /// The tier.
        tier: String,
        /// Its net, as the chain writes amounts.
        net: String,
        /// The tier before it.
        before: String,
    },
    /// Too many tiers.
    #[error("set how points are kept: {0} tiers are more than {TIERS_MAX}")]
    TooManyTiers(usize),
    /// No store was imported, so nobody knows the currency.
    #[error(
        "set how points are kept: no store is known, so neither is the currency of a tier's net; import a store first"
    )]
    NoStore,
    /// A stored row is damaged.
    #[error("set how points are kept: a stored row cannot be read")]
    Stored(#[from] serde_json::Error),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A number of a unit, milliseconds.
fn span(
    what: &'static str,
    said: Option<i64>,
    (least, most): (i64, i64),
    unit_ms: i64,
) -> Result<Option<i64>, ChangeTermsError> {
    match said {
        Some(found) if !(least..=most).contains(&found) => {
            Err(ChangeTermsError::Range { what, found, least, most })
        }
        Some(found) => Ok(Some(found * unit_ms)),
        None => Ok(None),
    }
}

/// Reads tiers; the net of each is above that of the one before it.
fn tiers_of(reading: &Reading<'_>, said: &[String]) -> Result<Vec<Step>, ChangeTermsError> {
    if said.is_empty() {
        return Ok(Vec::new());
    }
    if said.len() > TIERS_MAX {
        return Err(ChangeTermsError::TooManyTiers(said.len()));
    }
    let currency = catalogue::currency::<ChangeTermsError>(reading)?.ok_or(ChangeTermsError::NoStore)?;
    let mut steps: Vec<Step> = Vec::new();
    for text in said {
        let form = || ChangeTermsError::TierForm(text.clone());
        let (tier, net) = text.split_once('=').ok_or_else(form)?;
        let is_id = !tier.is_empty()
            && tier.len() <= TIER_LENGTH_MAX
            && tier.chars().all(|letter| !letter.is_whitespace() && !letter.is_control());
        if !is_id {
            return Err(form());
        }
        let net = match currency.parse(net) {
            Ok(net) => net.minor(),
            Err(source) => return Err(ChangeTermsError::TierNet { tier: tier.to_owned(), source }),
        };
        if steps.iter().any(|step| step.tier == tier) {
            return Err(ChangeTermsError::TierTwice(tier.to_owned()));
        }
        if let Some(before) = steps.last().filter(|before| net <= before.net) {
            return Err(ChangeTermsError::TierOrder {
                tier: tier.to_owned(),
                net: currency.format(Money::from_minor(net)),
                before: before.tier.clone(),
            });
        }
        steps.push(Step { tier: tier.to_owned(), net });
    }
    Ok(steps)
}

/// Changes how points are kept, and says how they are kept then. What was earned, lent or reached before keeps the end that
/// it has.
///
/// # Errors
/// They cannot be kept like that; nothing is changed.
pub fn change(writing: &Writing<'_>, change: &Change) -> Result<PointsTerms, ChangeTermsError> {
    if change.is_none() {
        return Ok(points_terms(writing)?);
    }
    // Whoever else sets them waits, so that each number is one of terms.
    let mut earlier: Vec<PointsTerms> =
        serde_json::from_str(&writing.lock_setting(POINTS_BEFORE_SETTING, "[]")?)?;
    let before = points_terms(writing)?;
    let days = |what, said, least| span(what, said, (least, DAYS_MAX), DAY_MS);
    if change.no_expiry && change.valid_days.is_some() {
        return Err(ChangeTermsError::TwoEnds);
    }
    let valid_ms = match days("the number of days for which points are good", change.valid_days, 1)? {
        Some(valid_ms) => Some(valid_ms),
        None if change.no_expiry => None,
        None => before.valid_ms,
    };
    let lease_ms = span("the minutes of a lease", change.lease_minutes, (1, LEASE_MINUTES_MAX), MINUTE_MS)?;
    let lease_points_max =
        span("the most points of a lease", change.lease_points_max, (1, LEASE_POINTS_MAX), 1)?;
    let tiers = change.tiers.as_deref().map(|said| tiers_of(writing, said)).transpose()?;
    let window = days("the days after which points may be spent", change.return_window_days, 0)?;
    let restored = days("the days for which points that come back are good", change.restored_valid_days, 0)?;
    let tier_window = days("the days in which spending counts for a tier", change.tier_window_days, 1)?;
    let tier_kept = days("the days for which a tier is kept", change.tier_kept_days, 1)?;
    let after = PointsTerms {
        return_window_ms: window.unwrap_or(before.return_window_ms),
        valid_ms,
        restored_valid_ms: restored.unwrap_or(before.restored_valid_ms),
        lease_ms: lease_ms.unwrap_or(before.lease_ms),
        lease_points_max: lease_points_max.unwrap_or(before.lease_points_max),
        tiers: tiers.unwrap_or_else(|| before.tiers.clone()),
        tier_window_ms: tier_window.unwrap_or(before.tier_window_ms),
        tier_kept_ms: tier_kept.unwrap_or(before.tier_kept_ms),
        ..before.clone()
    };
    if let Some(valid_ms) = after.valid_ms.filter(|valid_ms| *valid_ms <= after.return_window_ms) {
        let (valid, window) = (valid_ms / DAY_MS, after.return_window_ms / DAY_MS);
        return Err(ChangeTermsError::NeverSpent { valid, window });
    }
    if after == before {
        return Ok(before);
    }
    let after = PointsTerms { number: before.number + 1, ..after };
    earlier.push(before);
    writing.put_setting(POINTS_BEFORE_SETTING, &serde_json::to_string(&earlier)?)?;
    writing.put_setting(POINTS_SETTING, &serde_json::to_string(&after)?)?;
    Ok(after)
}
