//! What is left of promotions of which there are so many beyond one ticket:
//! what this lane gave, and what HQ said of the others.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::step::Step;
use super::{Context, Desk};
use crate::promotion::PromotionSet;
use crate::quota::{Counts, QUOTAS_HEARD_MAX, QuotaHeard, QuotaLeft, QuotaOf};
use crate::record::Record;

impl Step {
    /// HQ said what was given. It changes what the open basket costs, so it
    /// counts while the buyer might change too: before anything is put against
    /// the basket, and never where a charge asked for what was due.
    pub(super) fn hear_quotas(&mut self, heard: Vec<QuotaHeard>) {
        let may = match &self.till.desk {
            Desk::Selling(_) => true,
            Desk::Paying(_) => self.till.tenders.is_empty(),
            Desk::SignedOut | Desk::Saving(..) | Desk::Done(..) | Desk::Locked(_) => false,
        };
        let basket = &self.till.basket;
        if !may || basket.lines().is_empty() || self.till.payment_of_basket().is_some() {
            return;
        }
        let mut all: BTreeMap<&str, &QuotaHeard> = BTreeMap::new();
        for one in basket.heard().iter().chain(&heard) {
            all.insert(&one.promotion, one);
        }
        let nothing = Counts::default();
        all.retain(|_, one| (one.elsewhere, one.here) != (nothing, nothing));
        let all: Vec<QuotaHeard> = all.into_values().take(QUOTAS_HEARD_MAX).cloned().collect();
        if all != basket.heard() {
            self.commit(Record::QuotasHeard { heard: all });
        }
    }

    /// What is left for the basket of each promotion with quotas.
    pub(super) fn quotas_left(
        &self,
        context: &Context<'_>,
        set: &PromotionSet,
    ) -> BTreeMap<String, QuotaLeft> {
        let basket = &self.till.basket;
        let member = basket.member().map_or("", |member| member.id.as_str());
        let of = QuotaOf { member, day: self.business_date(context) };
        self.till.quota_counts.left(set, basket.heard(), of)
    }

    /// The day that sales belong to now.
    pub(super) fn business_date(&self, context: &Context<'_>) -> NaiveDate {
        self.till.shift.map_or_else(|| context.today(), |shift| shift.business_date)
    }
}
