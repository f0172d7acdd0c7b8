//! What was given of promotions of which there are so many, between the rules
//! and the journal.

use domain::quota::{CountedFor, Counts, QUOTAS_HEARD_MAX, QuotaCounts, QuotaHeard, QuotaUse};

use super::UnderstandEventError;
use crate::event;

impl From<&QuotaUse> for event::QuotaUse {
    fn from(used: &QuotaUse) -> Self {
        let (promotion, member) = (used.promotion.clone(), used.member.clone());
        Self { promotion, member, day: used.day, line: used.line, units: used.units }
    }
}

impl From<&event::QuotaUse> for QuotaUse {
    fn from(used: &event::QuotaUse) -> Self {
        let (promotion, member) = (used.promotion.clone(), used.member.clone());
        Self { promotion, member, day: used.day, line: used.line, units: used.units }
    }
}

pub(super) fn encode_counts(counts: &QuotaCounts) -> Vec<event::QuotaCount> {
    let count = |(of, units): (&CountedFor, i64)| event::QuotaCount {
        promotion: of.promotion.clone(),
        member: of.member.clone(),
        day: of.day,
        units,
    };
    counts.iter().map(count).collect()
}

pub(super) fn understand_counts(counts: &[event::QuotaCount]) -> QuotaCounts {
    QuotaCounts::of(counts.iter().map(|count| {
        let (promotion, member) = (count.promotion.clone(), count.member.clone());
        (CountedFor { day: count.day, promotion, member }, count.units)
    }))
}

impl From<&Counts> for event::Counts {
    fn from(counts: &Counts) -> Self {
        let Counts { member, member_today, store, store_today, chain, chain_today } = *counts;
        Self { member, member_today, store, store_today, chain, chain_today }
    }
}

impl From<&event::Counts> for Counts {
    fn from(counts: &event::Counts) -> Self {
        let event::Counts { member, member_today, store, store_today, chain, chain_today } = *counts;
        Self { member, member_today, store, store_today, chain, chain_today }
    }
}

impl From<&QuotaHeard> for event::QuotaHeard {
    fn from(heard: &QuotaHeard) -> Self {
        Self {
            promotion: heard.promotion.clone(),
            member: heard.member.clone(),
            day: heard.day,
            elsewhere: (&heard.elsewhere).into(),
            here: (&heard.here).into(),
        }
    }
}

impl From<&event::QuotaHeard> for QuotaHeard {
    fn from(heard: &event::QuotaHeard) -> Self {
        Self {
            promotion: heard.promotion.clone(),
            member: heard.member.clone(),
            day: heard.day,
            elsewhere: (&heard.elsewhere).into(),
            here: (&heard.here).into(),
        }
    }
}

/// No more than a basket takes in.
pub(super) fn understand_heard(
    seq: u64,
    heard: &[event::QuotaHeard],
) -> Result<Vec<QuotaHeard>, UnderstandEventError> {
    if heard.len() > QUOTAS_HEARD_MAX {
        let value = i64::try_from(heard.len()).unwrap_or(i64::MAX);
        return Err(UnderstandEventError::Range { seq, what: "number of promotions", value });
    }
    Ok(heard.iter().map(Into::into).collect())
}
