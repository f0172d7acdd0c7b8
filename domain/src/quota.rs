//! How much of a promotion is left beyond one ticket: for each member, in a
//! store, in the chain, for a day or in all. So many units (限购, 秒杀), or so much
//! money taken off (预算).
//!
//! Who counts: a lane what it gave itself, HQ what all lanes gave as far as it
//! has heard. What neither knows is not held against anybody.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::money::{AMOUNT_MAX, Money};
use crate::promotion::rule::{Promotion, PromotionError, in_range};
use crate::promotion::{Layer, Priced, PromotionSet};

/// The most quotas of one promotion: each kind once.
pub const QUOTAS_MAX: usize = 12;

/// How many counts a lane keeps, one for each promotion, day and member. Where
/// there would be more, the oldest day's go: what HQ has heard of counts again.
pub const QUOTA_COUNTS_MAX: usize = 2_048;

/// The most promotions that HQ's counts are taken in for, for one basket.
pub const QUOTAS_HEARD_MAX: usize = 256;

/// Among whom so many units are shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Whose {
    /// Each member has so many; nobody else has any.
    Member,
    /// The store has so many.
    Store,
    /// The chain has so many.
    Chain,
}

/// So much of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Quota {
    /// For whom.
    pub whose: Whose,
    /// Each business date anew.
    pub daily: bool,
    /// How much there is.
    pub limit: Limit,
}

/// How much of a promotion there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// So many units that take part; of a rule about the ticket, tickets.
    Units(u32),
    /// So much taken off (预算). It holds whole while anything is left, so that
    /// nobody is promised 20 off and given 7: the ticket that uses up the rest
    /// may pass it.
    Off(Money),
}

/// What is left of a promotion for a ticket, and which of its quotas says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaLeft {
    /// Units; of a rule about the ticket, tickets. Where only money is limited,
    /// nothing once it is used up, and as many as there may be until then.
    pub units: u32,
    /// For whom that is.
    pub whose: Whose,
    /// Whether it is today's.
    pub daily: bool,
}

/// What a ticket that was priced uses of a promotion that has quotas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketUse {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// The number of the line; 0 of a rule about the whole ticket.
    pub line: u32,
    /// Units of the line, or 1 ticket; none of a line that only bears a part of
    /// what a rule about the whole ticket takes off.
    pub units: u32,
    /// What it takes off the line; nothing where no money is limited.
    pub off: Money,
}

/// What a document used of a promotion that has quotas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaUse {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member who bought; empty where nobody known did.
    pub member: String,
    /// The business date of the sale that used it.
    pub day: NaiveDate,
    /// The number of the line; 0 of a rule about the whole ticket.
    pub line: u32,
    /// Units of the line, or 1 ticket; none of a line that only bears a part of
    /// what a rule about the whole ticket takes off.
    pub units: u32,
    /// What it took off the line; nothing where no money is limited.
    pub off: Money,
}

/// What was given of a promotion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    /// Units, or tickets.
    pub units: i64,
    /// Minor units taken off.
    pub off: i64,
}

/// What a count is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CountedFor {
    /// The business date; the oldest stand first.
    pub day: NaiveDate,
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member; empty for whoever is none.
    pub member: String,
}

/// What one lane gave, less what came back to it. A count may be below
/// nothing: what another lane gave may come back here.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct QuotaCounts(BTreeMap<CountedFor, Given>);

/// Six counts of one promotion, as each kind of quota asks for them: of units,
/// or of minor units taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Of the member, in all.
    pub member: i64,
    /// Of the member, on the day.
    pub member_today: i64,
    /// In the store, in all.
    pub store: i64,
    /// In the store, on the day.
    pub store_today: i64,
    /// In the chain, in all.
    pub chain: i64,
    /// In the chain, on the day.
    pub chain_today: i64,
}

/// What HQ says of a promotion, as far as it has heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaHeard {
    /// HQ's id of the promotion.
    pub promotion: String,
    /// HQ's id of the member that the counts are of; empty for nobody.
    pub member: String,
    /// The business date that the day's counts are of.
    pub day: NaiveDate,
    /// What other lanes gave.
    pub elsewhere: Counts,
    /// What this lane gave, as far as HQ has its journal: a lane whose own
    /// counts are lost, or were too many, goes by that.
    pub here: Counts,
    /// What other lanes took off, minor units.
    pub off_elsewhere: Counts,
    /// What this lane took off, minor units.
    pub off_here: Counts,
}

/// Who buys, and on which business date.
#[derive(Debug, Clone, Copy)]
pub struct QuotaOf<'a> {
    /// HQ's id of the member; empty for nobody known.
    pub member: &'a str,
    /// The business date of the shift.
    pub day: NaiveDate,
}

impl Given {
    /// With a use of it more, or where `sign` is below nothing, one less.
    pub fn with(self, used: &QuotaUse, sign: i64) -> Self {
        Self {
            units: self.units.saturating_add(sign * i64::from(used.units)),
            off: self.off.saturating_add(sign.saturating_mul(used.off.minor())),
        }
    }
}

impl Limit {
    /// What is left of it for a ticket after so much was given.
    fn left(self, given: Given) -> u32 {
        match self {
            Self::Units(units) => {
                let left = i64::from(units).saturating_sub(given.units.max(0)).max(0);
                u32::try_from(left).unwrap_or(u32::MAX)
            }
            Self::Off(most) if given.off >= most.minor() => 0,
            Self::Off(_) => u32::MAX,
        }
    }

    fn is_of_money(self) -> bool {
        matches!(self, Self::Off(_))
    }
}

impl Counts {
    /// The count that a quota is held against.
    pub fn of(&self, whose: Whose, daily: bool) -> i64 {
        match (whose, daily) {
            (Whose::Member, false) => self.member,
            (Whose::Member, true) => self.member_today,
            (Whose::Store, false) => self.store,
            (Whose::Store, true) => self.store_today,
            (Whose::Chain, false) => self.chain,
            (Whose::Chain, true) => self.chain_today,
        }
    }

    /// The same without what is of a member.
    fn of_nobody(self) -> Self {
        Self { member: 0, member_today: 0, ..self }
    }
}

impl TicketUse {
    /// The same in a document of whoever bought.
    pub(crate) fn by(&self, of: QuotaOf<'_>) -> QuotaUse {
        QuotaUse {
            promotion: self.promotion.clone(),
            member: of.member.to_owned(),
            day: of.day,
            line: self.line,
            units: self.units,
            off: self.off,
        }
    }
}

/// What a ticket uses of promotions with quotas. `numbers` are those of its lines.
pub(crate) fn uses(set: &PromotionSet, priced: &Priced, numbers: &[u32]) -> Vec<TicketUse> {
    let mut uses: Vec<TicketUse> = Vec::new();
    for applied in &priced.applied {
        let promotion = &set.promotions()[applied.promotion];
        if promotion.quotas.is_empty() {
            continue;
        }
        let money = promotion.quotas.iter().any(|quota| quota.limit.is_of_money());
        let mut add = |line: u32, units: u32, off: Money| {
            let off = if money { off } else { Money::ZERO };
            if units == 0 && off == Money::ZERO {
                return;
            }
            let same = |used: &&mut TicketUse| used.promotion == promotion.id && used.line == line;
            match uses.iter_mut().find(same) {
                Some(used) => {
                    used.units = used.units.saturating_add(units);
                    used.off += off;
                }
                None => uses.push(TicketUse { promotion: promotion.id.clone(), line, units, off }),
            }
        };
        if matches!(applied.layer, Layer::Order | Layer::Coupon) {
            add(0, 1, Money::ZERO);
        }
        applied.parts.iter().for_each(|part| add(numbers[part.line], part.units, part.off));
    }
    uses
}

impl QuotaUse {
    fn key(&self) -> CountedFor {
        CountedFor { day: self.day, promotion: self.promotion.clone(), member: self.member.clone() }
    }
}

impl QuotaCounts {
    /// The counts that a list says, the later one where two are of the same.
    pub fn of(counts: impl IntoIterator<Item = (CountedFor, Given)>) -> Self {
        Self(counts.into_iter().collect())
    }

    /// All counts, the oldest day first.
    pub fn iter(&self) -> impl Iterator<Item = (&CountedFor, Given)> {
        self.0.iter().map(|(of, given)| (of, *given))
    }

    /// Takes in what a document used, and what came back with it.
    pub(crate) fn take_in(&mut self, used: &[QuotaUse], back: &[QuotaUse]) {
        let moved = used.iter().map(|used| (used, 1)).chain(back.iter().map(|back| (back, -1)));
        for (one, sign) in moved {
            let count = self.0.entry(one.key()).or_default();
            *count = count.with(one, sign);
        }
        self.0.retain(|_, given| *given != Given::default());
        while self.0.len() > QUOTA_COUNTS_MAX {
            self.0.pop_first();
        }
    }

    /// Forgets what no quota asks for any more: of promotions that are over or
    /// withdrawn, and of earlier days where only the day's count matters.
    pub(crate) fn forget_what_is_over(&mut self, set: &PromotionSet, now_ms: i64, today: NaiveDate) {
        let live: BTreeMap<&str, &Promotion> =
            set.with_quotas().map(|promotion| (promotion.id.as_str(), promotion)).collect();
        self.0.retain(|of, _| {
            live.get(of.promotion.as_str()).is_some_and(|promotion| {
                promotion.conditions.until_ms.is_none_or(|until| now_ms < until)
                    && (of.day >= today || promotion.quotas.iter().any(|quota| !quota.daily))
            })
        });
    }

    /// What this lane gave, by promotion: units, and minor units taken off.
    fn counts(&self, of: QuotaOf<'_>) -> BTreeMap<&str, [Counts; 2]> {
        let mut all: BTreeMap<&str, [Counts; 2]> = BTreeMap::new();
        for (key, given) in &self.0 {
            let both = all.entry(&key.promotion).or_default();
            for (counts, count) in both.iter_mut().zip([given.units, given.off]) {
                let today = if key.day == of.day { count } else { 0 };
                counts.store = counts.store.saturating_add(count);
                counts.store_today = counts.store_today.saturating_add(today);
                if !of.member.is_empty() && key.member == of.member {
                    counts.member = counts.member.saturating_add(count);
                    counts.member_today = counts.member_today.saturating_add(today);
                }
                // Of the chain, a lane knows itself.
                (counts.chain, counts.chain_today) = (counts.store, counts.store_today);
            }
        }
        all
    }

    /// What is left of every promotion with quotas for whoever buys: what was
    /// given here and, where HQ said so, elsewhere is taken off. Of several
    /// quotas the one of which the least is left.
    pub fn left(
        &self,
        set: &PromotionSet,
        heard: &[QuotaHeard],
        of: QuotaOf<'_>,
    ) -> BTreeMap<String, QuotaLeft> {
        let counts = self.counts(of);
        let left = |promotion: &Promotion| {
            let own = counts.get(promotion.id.as_str()).copied().unwrap_or_default();
            let known = heard.iter().find(|heard| heard.promotion == promotion.id && heard.day == of.day);
            let of_whom = |counts: Counts, member: &str| {
                if member == of.member { counts } else { counts.of_nobody() }
            };
            let said = known.map(|known| {
                let both = [(known.elsewhere, known.here), (known.off_elsewhere, known.off_here)];
                both.map(|(there, here)| (of_whom(there, &known.member), of_whom(here, &known.member)))
            });
            let said = said.unwrap_or_default();
            let of_quota = |quota: &Quota| {
                let (whose, daily) = (quota.whose, quota.daily);
                let given = |which: usize| {
                    let (elsewhere, here) = said[which];
                    let here = own[which].of(whose, daily).max(here.of(whose, daily));
                    here.saturating_add(elsewhere.of(whose, daily))
                };
                let units = quota.limit.left(Given { units: given(0), off: given(1) });
                QuotaLeft { units, whose, daily }
            };
            promotion.quotas.iter().map(of_quota).min_by_key(|left| left.units)
        };
        set.with_quotas().filter_map(|promotion| Some((promotion.id.clone(), left(promotion)?))).collect()
    }
}

impl Promotion {
    /// Whether its quotas can be kept: each kind once, of one unit, or minor unit, or more.
    pub(crate) fn check_quotas(&self) -> Result<(), PromotionError> {
        for (place, quota) in self.quotas.iter().enumerate() {
            match quota.limit {
                Limit::Units(units) => {
                    let possible = 1..=i64::from(u32::MAX);
                    in_range(&self.id, "the units of a quota", i64::from(units), possible, "1 or more")?;
                }
                Limit::Off(most) => {
                    let possible = 1..=AMOUNT_MAX;
                    in_range(&self.id, "the money of a quota", most.minor(), possible, "an amount above 0")?;
                }
            }
            let kind = |quota: &Quota| (quota.whose, quota.daily, quota.limit.is_of_money());
            let same = |other: &Quota| kind(other) == kind(quota);
            if self.quotas[..place].iter().any(same) {
                return Err(PromotionError::SameQuota { id: self.id.clone() });
            }
        }
        Ok(())
    }

    /// Whether each member has so many of it, so that nobody else has any.
    pub fn is_for_each_member(&self) -> bool {
        self.quotas.iter().any(|quota| quota.whose == Whose::Member)
    }
}

/// What a sale holds of its uses as goods come back: pieces that are kept are
/// the ones that had the promotion, so that nobody brings back what cost full
/// and keeps twice their share.
pub(crate) fn held(used: u32, thousandths_left: i64) -> u32 {
    // Of weighed goods a part is one still.
    let left = thousandths_left.max(0).saturating_add(999) / 1_000;
    used.min(u32::try_from(left).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Money;
    use crate::promotion::rule::{Conditions, PriceRule, Rule, Scope, Stacking};

    fn day(day: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 3, day).expect("a day")
    }

    fn set(quotas: Vec<Quota>) -> PromotionSet {
        let promotion = Promotion {
            id: "flash".into(),
            name_zh: "秒杀".into(),
            name_en: "Flash".into(),
            rule: Rule::Price(PriceRule::Fixed(Money::from_minor(100))),
            scope: Scope::of(["tea"]),
            conditions: Conditions { until_ms: Some(1_000), ..Conditions::default() },
            quota: None,
            quotas,
            bearers: Vec::new(),
            applications_max: None,
            stacking: Stacking::default(),
        };
        let (set, refused) = PromotionSet::load(1, [promotion]);
        assert_eq!(refused, []);
        set
    }

    fn used(member: &str, of: u32, units: u32) -> QuotaUse {
        let (promotion, member) = ("flash".into(), member.into());
        QuotaUse {
            promotion,
            member,
            day: day(of),
            line: 1,
            units,
            off: Money::from_minor(i64::from(units) * 250),
        }
    }

    fn quota(whose: Whose, daily: bool, units: u32) -> Quota {
        Quota { whose, daily, limit: Limit::Units(units) }
    }

    fn left(counts: &QuotaCounts, quotas: Vec<Quota>, heard: &[QuotaHeard], member: &str) -> u32 {
        counts.left(&set(quotas), heard, QuotaOf { member, day: day(2) })["flash"].units
    }

    #[test]
    fn each_kind_of_quota_counts_its_own() {
        let mut counts = QuotaCounts::default();
        counts.take_in(&[used("m1", 1, 2), used("m1", 2, 1), used("m2", 2, 4), used("", 2, 1)], &[]);
        let of = |whose, daily, member: &str| left(&counts, vec![quota(whose, daily, 10)], &[], member);
        assert_eq!(of(Whose::Member, false, "m1"), 7);
        assert_eq!(of(Whose::Member, true, "m1"), 9);
        assert_eq!(of(Whose::Member, true, "m3"), 10);
        assert_eq!(of(Whose::Store, false, "m1"), 2);
        assert_eq!(of(Whose::Store, true, ""), 4);
        assert_eq!(of(Whose::Chain, true, ""), 4);
        let both = vec![quota(Whose::Store, false, 10), quota(Whose::Member, true, 1)];
        let said = counts.left(&set(both), &[], QuotaOf { member: "m1", day: day(2) });
        assert_eq!(said["flash"], QuotaLeft { units: 0, whose: Whose::Member, daily: true });
    }

    #[test]
    fn what_hq_heard_of_others_is_taken_off_and_of_this_lane_at_most_once() {
        let mut counts = QuotaCounts::default();
        counts.take_in(&[used("m1", 2, 2)], &[]);
        let heard = |elsewhere, here| QuotaHeard {
            promotion: "flash".into(),
            member: "m1".into(),
            day: day(2),
            elsewhere: Counts { member: elsewhere, ..Counts::default() },
            here: Counts { member: here, ..Counts::default() },
            off_elsewhere: Counts::default(),
            off_here: Counts::default(),
        };
        let of = |heard: QuotaHeard, member: &str| {
            left(&counts, vec![quota(Whose::Member, false, 10)], &[heard], member)
        };
        assert_eq!(of(heard(3, 0), "m1"), 5);
        assert_eq!(of(heard(3, 2), "m1"), 5);
        assert_eq!(of(heard(3, 6), "m1"), 1, "a lane that forgot goes by what HQ has of it");
        assert_eq!(of(heard(99, 6), "m1"), 0);
        assert_eq!(of(heard(-2, 0), "m1"), 10, "given here and brought back elsewhere");
        assert_eq!(of(heard(3, 6), "m2"), 10, "said of somebody else");
    }

    #[test]
    fn so_much_money_holds_whole_until_it_is_used_up() {
        let mut counts = QuotaCounts::default();
        counts.take_in(&[used("m1", 1, 2), used("", 2, 1)], &[]);
        let budget =
            |whose, daily, minor| Quota { whose, daily, limit: Limit::Off(Money::from_minor(minor)) };
        let of = |quotas, heard: &[QuotaHeard]| left(&counts, quotas, heard, "");
        // 7.50 were taken off, 2.50 of them today.
        assert_eq!(of(vec![budget(Whose::Chain, false, 751)], &[]), u32::MAX, "one fen is left");
        assert_eq!(of(vec![budget(Whose::Chain, false, 750)], &[]), 0);
        assert_eq!(of(vec![budget(Whose::Store, true, 250)], &[]), 0);
        assert_eq!(of(vec![budget(Whose::Store, true, 251)], &[]), u32::MAX);
        let both = vec![budget(Whose::Chain, false, 751), quota(Whose::Chain, false, 5)];
        assert_eq!(of(both, &[]), 2, "units are limited beside");
        let heard = |off_elsewhere, off_here| QuotaHeard {
            promotion: "flash".into(),
            member: String::new(),
            day: day(2),
            elsewhere: Counts { chain: 1_000, ..Counts::default() },
            here: Counts::default(),
            off_elsewhere: Counts { chain: off_elsewhere, ..Counts::default() },
            off_here: Counts { chain: off_here, ..Counts::default() },
        };
        let chain = || vec![budget(Whose::Chain, false, 1_000)];
        assert_eq!(of(chain(), &[heard(249, 700)]), u32::MAX);
        assert_eq!(of(chain(), &[heard(250, 700)]), 0, "others took off the rest");
        assert_eq!(of(chain(), &[heard(0, 1_000)]), 0, "a lane that forgot goes by what HQ has of it");
    }

    #[test]
    fn what_comes_back_may_be_had_again_and_what_is_over_is_forgotten() {
        let mut counts = QuotaCounts::default();
        counts.take_in(&[used("m1", 1, 2), used("m1", 2, 3)], &[]);
        counts.take_in(&[], &[used("m1", 2, 3)]);
        let two = Given { units: 2, off: 500 };
        assert_eq!(counts.iter().map(|(of, given)| (of.day, given)).collect::<Vec<_>>(), [(day(1), two)]);
        let forgets = |quotas: Vec<Quota>, now_ms| {
            let mut counts = counts.clone();
            counts.forget_what_is_over(&set(quotas), now_ms, day(2));
            counts.iter().count() == 0
        };
        assert!(forgets(vec![quota(Whose::Member, true, 5)], 0), "another day");
        assert!(!forgets(vec![quota(Whose::Member, false, 5)], 0));
        assert!(forgets(vec![quota(Whose::Member, false, 5)], 1_000), "the promotion is over");
        assert!(forgets(Vec::new(), 0), "it has no quotas any more");
    }

    #[test]
    fn only_so_many_counts_are_kept_and_the_oldest_days_go_first() {
        let mut counts = QuotaCounts::default();
        counts.take_in(&[used("first", 1, 1)], &[]);
        for member in 0..QUOTA_COUNTS_MAX {
            counts.take_in(&[used(&member.to_string(), 2, 1)], &[]);
        }
        assert_eq!(counts.iter().count(), QUOTA_COUNTS_MAX);
        assert!(counts.iter().all(|(of, _)| of.day == day(2)));
    }

    #[test]
    fn a_part_that_is_kept_keeps_its_units_first() {
        assert_eq!(held(2, 5_000), 2);
        assert_eq!(held(2, 1_000), 1);
        assert_eq!(held(1, 250), 1);
        assert_eq!(held(2, 0), 0);
    }

    #[test]
    fn a_quota_of_nothing_or_twice_is_refused() {
        let words = |quotas| {
            let promotion =
                Promotion { quotas, ..set(vec![quota(Whose::Store, true, 1)]).promotions()[0].clone() };
            promotion.check().expect_err("it cannot be kept").to_string()
        };
        assert_eq!(
            words(vec![quota(Whose::Store, true, 0)]),
            "use promotion flash: the units of a quota is 0; it must be 1 or more"
        );
        let budget =
            |minor| Quota { whose: Whose::Store, daily: true, limit: Limit::Off(Money::from_minor(minor)) };
        assert_eq!(
            words(vec![budget(0)]),
            "use promotion flash: the money of a quota is 0; it must be an amount above 0"
        );
        let kinds = vec![quota(Whose::Store, true, 2), budget(2)];
        let promotion = set(kinds.clone()).promotions()[0].clone();
        assert_eq!(promotion.quotas, kinds, "units and money are two kinds");
        assert_eq!(
            words(vec![quota(Whose::Store, true, 2), quota(Whose::Store, true, 3)]),
            "use promotion flash: two quotas are of the same kind; keep one of them"
        );
    }
}
