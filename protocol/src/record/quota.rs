//! What was given of promotions of which there are so many, between the rules
//! and the journal.

use domain::quota::{CountedFor, Counts, Given, QUOTAS_HEARD_MAX, QuotaCounts, QuotaHeard, QuotaUse};

use super::{UnderstandEventError, understand_amount};
use crate::event;

impl From<&QuotaUse> for event::QuotaUse {
    fn from(used: &QuotaUse) -> Self {
        let (promotion, member) = (used.promotion.clone(), used.member.clone());
        Self { promotion, member, day: used.day, line: used.line, units: used.units, off: used.off.minor() }
    }
}

impl event::QuotaUse {
    pub(super) fn understand(&self, seq: u64) -> Result<QuotaUse, UnderstandEventError> {
        let off = understand_amount(seq, "amount taken off", self.off)?;
        let (promotion, member) = (self.promotion.clone(), self.member.clone());
        Ok(QuotaUse { promotion, member, day: self.day, line: self.line, units: self.units, off })
    }
}

pub(super) fn encode_counts(counts: &QuotaCounts) -> Vec<event::QuotaCount> {
    let count = |(of, given): (&CountedFor, Given)| event::QuotaCount {
        promotion: of.promotion.clone(),
        member: of.member.clone(),
        day: of.day,
        units: given.units,
        off: given.off,
    };
    counts.iter().map(count).collect()
}

pub(super) fn understand_counts(counts: &[event::QuotaCount]) -> QuotaCounts {
    QuotaCounts::of(counts.iter().map(|count| {
        let (promotion, member) = (count.promotion.clone(), count.member.clone());
        (CountedFor { day: count.day, promotion, member }, Given { units: count.units, off: count.off })
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
            off_elsewhere: (&heard.off_elsewhere).into(),
            off_here: (&heard.off_here).into(),
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
            off_elsewhere: (&heard.off_elsewhere).into(),
            off_here: (&heard.off_here).into(),
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
