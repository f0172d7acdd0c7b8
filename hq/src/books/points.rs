//! The points of one member: what is free, what is pending, and what is lent
//! to lanes.
//!
//! Pure: an operation in, entries out; no database and no clock. The balance is
//! the sum of all entries ever made, and at every moment
//! `balance = free + pending + lent - debt`. Points that are lent are nobody
//! else's until their lane has said what became of them: a lane that is cut
//! off may have spent them long before HQ hears of it.

use std::collections::BTreeMap;

use protocol::standing::{PartId, STANDING_TERM_MAX_MS};
use serde::{Deserialize, Serialize};

use super::LaneId;

/// How points are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PointsTerms {
    /// Which of the chain's terms these are, counted from 1; 0 until somebody sets any. Entries say it, so that an account is
    /// made again by the terms of then.
    #[serde(skip_serializing_if = "is_first")]
    pub number: u64,
    /// Earned points may be spent after so long, milliseconds: until then the
    /// goods may come back. 0 for at once.
    pub return_window_ms: i64,
    /// Points are good for so long after they were earned, milliseconds;
    /// `None` for ever.
    pub valid_ms: Option<i64>,
    /// Points that a return gives back are good for at least so long.
    pub restored_valid_ms: i64,
    /// A lane may spend what it was lent for so long.
    pub lease_ms: i64,
    /// The most points of one lease.
    pub lease_points_max: i64,
    /// Tiers by net spent within [`PointsTerms::tier_window_ms`], minor units, the lowest first.
    pub tiers: Vec<Step>,
    /// So far back spending counts for a tier, milliseconds.
    pub tier_window_ms: i64,
    /// A tier that was reached is kept for so long, milliseconds.
    pub tier_kept_ms: i64,
    /// So much of what a member may spend is lent to a store in which they shopped, for when HQ is out of reach of it: per
    /// cent; 0 for none.
    pub standing_percent: i64,
    /// The most points of one such lease.
    pub standing_points_max: i64,
    /// Such a lease ends after so long unless it is renewed, milliseconds; at most [`STANDING_TERM_MAX_MS`].
    pub standing_ms: i64,
    /// A store's relay asks for them so often, milliseconds.
    pub standing_every_ms: i64,
}

/// What a chain says of points that are lent to stores. It lies beside the other terms, which an HQ of before reads too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StandingSetting {
    /// [`PointsTerms::standing_percent`].
    pub percent: i64,
    /// [`PointsTerms::standing_points_max`].
    pub points_max: i64,
    /// [`PointsTerms::standing_ms`].
    pub term_ms: i64,
    /// [`PointsTerms::standing_every_ms`].
    pub every_ms: i64,
}

/// What is lent to a store as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandingTerms {
    /// How much of what may be spent, per cent: 1 to 100.
    pub percent: i64,
    /// The most points of one lease.
    pub points_max: i64,
    /// How long one lasts, milliseconds.
    pub term_ms: i64,
}

impl PointsTerms {
    /// These terms with what the chain says of points that are lent to stores.
    #[must_use]
    pub fn with_standing(self, said: StandingSetting) -> Self {
        let StandingSetting { percent, points_max, term_ms, every_ms } = said;
        Self {
            standing_percent: percent,
            standing_points_max: points_max,
            standing_ms: term_ms,
            standing_every_ms: every_ms,
            ..self
        }
    }

    /// What is lent to stores as a whole; `None` where nothing is.
    pub fn standing(&self) -> Option<StandingTerms> {
        let percent = self.standing_percent.clamp(0, 100);
        let term_ms = self.standing_ms.clamp(0, STANDING_TERM_MAX_MS);
        let lends = percent > 0 && self.standing_points_max > 0 && term_ms > 0;
        lends.then_some(StandingTerms { percent, points_max: self.standing_points_max, term_ms })
    }
}

const DAY_MS: i64 = 86_400_000;

fn is_first(number: &u64) -> bool {
    *number == 0
}

impl Default for PointsTerms {
    fn default() -> Self {
        Self {
            number: 0,
            return_window_ms: 0,
            valid_ms: Some(730 * DAY_MS),
            restored_valid_ms: 7 * DAY_MS,
            lease_ms: 30 * 60_000,
            lease_points_max: 100_000,
            tiers: Vec::new(),
            tier_window_ms: 365 * DAY_MS,
            tier_kept_ms: 365 * DAY_MS,
            standing_percent: 30,
            standing_points_max: 20_000,
            standing_ms: STANDING_TERM_MAX_MS,
            standing_every_ms: 15 * 60_000,
        }
    }
}

/// A tier and what leads to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// The tier's id.
    pub tier: String,
    /// The net spent from which on it is reached, minor units.
    pub net: i64,
}

/// Points that end at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    /// How many, above nothing.
    pub points: i64,
    /// Up to but not including this instant, milliseconds UTC; `None` for ever.
    pub until_ms: Option<i64>,
}

/// Points that may be spent once their sale cannot be given back any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    source: String,
    ripe_ms: i64,
    lot: Lot,
}

/// Points that one lane alone may spend, or one store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    /// Whose it is; the store's relay where it is the whole store's.
    pub lane: LaneId,
    /// How many were lent, whatever was spent of them.
    pub points: i64,
    /// What is not known to be spent.
    pub lots: Vec<Lot>,
    /// The lane spends none of it from this instant on by its own clock,
    /// milliseconds UTC.
    pub until_ms: i64,
    /// The book of the relay that lends parts of it to the store's lanes; empty where none lends any more, and parts may be
    /// out; `None` where one lane has all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<String>,
    /// The lane was enrolled anew since: what its earlier disk spent of it nobody may ever tell, so it is lent to nobody
    /// until it ends.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left_behind: bool,
}

impl Lease {
    /// What is not known to be spent.
    pub fn left(&self) -> i64 {
        sum(&self.lots)
    }
}

/// What a sale did to the points of its buyer, and what of that is undone. It
/// lies beside the account, so that an account stays small.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whether the sale itself is filed: a return may come before it.
    is_filed: bool,
    earned: i64,
    reversed: i64,
    /// What was spent on it, with the ends that it had.
    spent: Vec<Lot>,
    restored: i64,
    at_ms: i64,
}

impl Trace {
    /// How many of the points that it earned were taken back.
    pub fn reversed(&self) -> i64 {
        self.reversed
    }
}

/// What happens to a member's points.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Operation {
    /// A sale was filed.
    Sale {
        /// How many points it earned.
        earned: i64,
        /// How many were spent on it.
        spent: i64,
        /// The lease that they were spent of.
        lease: String,
        /// The net that it counts for a tier, minor units.
        net: i64,
    },
    /// Goods of a sale came back.
    Back {
        /// The sale.
        origin: String,
        /// Points that it earned and that are taken back.
        reversed: i64,
        /// Points that were spent on it and come back.
        restored: i64,
        /// The net that came back, minor units.
        net: i64,
    },
    /// A lane asks for points.
    Lend {
        /// Who.
        lane: LaneId,
        /// How many at most.
        points: i64,
    },
    /// A store's relay asks for points that its lanes may spend while HQ is out of reach. What counts then stands here, so
    /// that an account is made again as it was.
    Stand {
        /// The relay.
        relay: LaneId,
        /// The relay's book.
        instance: String,
        /// How much of what may be spent, per cent.
        percent: i64,
        /// The most points.
        points_max: i64,
        /// It ends then unless it is renewed, milliseconds UTC.
        until_ms: i64,
    },
    /// A store's relay lends nothing of a lease any more, and parts of it may be out.
    Close {
        /// Which.
        lease: String,
    },
    /// The lane of a lease was enrolled anew.
    Leave {
        /// Which.
        lease: String,
    },
    /// A lane spends none of a lease any more, or never will.
    Settle {
        /// Which.
        lease: String,
        /// Why.
        why: Settled,
    },
    /// HQ gives points, or takes them.
    Adjust {
        /// Above nothing where they are given.
        points: i64,
        /// Why.
        reason: String,
    },
    /// Points go to another member, or come from one.
    Transfer {
        /// Above nothing where they come.
        points: i64,
        /// The other.
        other: String,
    },
    /// Time passed.
    Pass {},
}

impl Operation {
    /// Whether one document does it, and once.
    pub fn is_of_document(&self) -> bool {
        match self {
            Self::Sale { .. } | Self::Back { .. } | Self::Adjust { .. } | Self::Transfer { .. } => true,
            Self::Lend { .. }
            | Self::Stand { .. }
            | Self::Close { .. }
            | Self::Leave { .. }
            | Self::Settle { .. }
            | Self::Pass {} => false,
        }
    }

    /// The sale whose [`Trace`] it is about, where it is about one; `source`
    /// is the document behind it.
    pub fn about<'a>(&'a self, source: &'a str) -> Option<&'a str> {
        match self {
            Self::Sale { .. } => Some(source),
            Self::Back { origin, .. } => Some(origin),
            Self::Lend { .. }
            | Self::Stand { .. }
            | Self::Close { .. }
            | Self::Leave { .. }
            | Self::Settle { .. }
            | Self::Adjust { .. }
            | Self::Transfer { .. }
            | Self::Pass {} => None,
        }
    }
}

/// Why a lease is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settled {
    /// The lane gave it back.
    Returned,
    /// Its time is over by the lane's own clock, and HQ has all of the lane's
    /// journal up to then.
    Over,
    /// The lane is lost, and somebody decided so.
    WrittenOff,
    /// The store's relay lends nothing of it any more, and HQ has the journals in which stands what was spent of its parts.
    Accounted,
}

/// What moved a balance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Earned with a sale.
    Earn,
    /// Spent on a sale.
    Redeem,
    /// Earned once, and taken back.
    Reverse,
    /// Spent once, and given back.
    Restore,
    /// Their time was over.
    Expire,
    /// HQ gave or took them.
    Adjust,
    /// They came from a member or went to one.
    Transfer,
}

/// One movement of the balance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What moved it.
    pub kind: EntryKind,
    /// By how much; never nothing.
    pub points: i64,
}

/// What a person at HQ must look at. The sale stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointsWrong {
    /// More was spent than was lent.
    Overspent {
        /// Under which lease.
        lease: String,
        /// How much more.
        points: i64,
    },
    /// A return undoes more than the sale did.
    TooMuchBack {
        /// The sale.
        origin: String,
        /// How much more.
        points: i64,
    },
}

/// What came of an operation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// What moved the balance.
    pub entries: Vec<Entry>,
    /// What is wrong.
    pub wrong: Vec<PointsWrong>,
    /// What a lane was lent.
    pub lent: Option<(String, Lease)>,
    /// Whether the tier is another now.
    pub tier_changed: bool,
    /// Whether time alone did something, where it was to pass: what was pending may be spent, or a tier is over.
    pub time_moved: bool,
}

/// The points of one member.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// May be spent or lent, the first to end first.
    free: Vec<Lot>,
    pending: Vec<Pending>,
    /// What was taken back after it was spent; what is earned repays it.
    debt: i64,
    leases: BTreeMap<String, Lease>,
    leases_made: u64,
    /// The net spent in each week, minor units, by the week's number since 1970.
    net_of_weeks: BTreeMap<i64, i64>,
    /// The latest moment that this account has heard of, milliseconds UTC.
    now_ms: i64,
    tier: Option<Tier>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Tier {
    id: String,
    until_ms: i64,
    /// The sale that led to it, and what was before.
    by: String,
    before: Option<Box<Tier>>,
}

fn sum(lots: &[Lot]) -> i64 {
    lots.iter().map(|lot| lot.points).sum()
}

/// Puts points to others of the same end, the first to end first.
fn put(lots: &mut Vec<Lot>, lot: Lot) {
    if lot.points <= 0 {
        return;
    }
    let end = |lot: &Lot| lot.until_ms.unwrap_or(i64::MAX);
    let at = lots.partition_point(|other| end(other) < end(&lot));
    match lots.get_mut(at) {
        Some(same) if same.until_ms == lot.until_ms => same.points += lot.points,
        Some(_) | None => lots.insert(at, lot),
    }
}

/// Takes up to so many points, the first to end first.
fn take(lots: &mut Vec<Lot>, points: i64) -> Vec<Lot> {
    let mut rest = points.max(0);
    let mut taken = Vec::new();
    while rest > 0 && !lots.is_empty() {
        let part = rest.min(lots[0].points);
        taken.push(Lot { points: part, until_ms: lots[0].until_ms });
        lots[0].points -= part;
        rest -= part;
        if lots[0].points == 0 {
            lots.remove(0);
        }
    }
    taken
}

impl Account {
    /// The sum of all entries.
    pub fn balance(&self) -> i64 {
        self.available() + self.pending() + self.lent()
    }

    /// What may be spent or lent; below nothing where more was taken back than
    /// there was.
    pub fn available(&self) -> i64 {
        sum(&self.free) - self.debt
    }

    /// What waits for the end of the time in which goods come back.
    pub fn pending(&self) -> i64 {
        self.pending.iter().map(|pending| pending.lot.points).sum()
    }

    /// What is lent to lanes and not known to be spent.
    pub fn lent(&self) -> i64 {
        self.leases.values().map(|lease| sum(&lease.lots)).sum()
    }

    /// The leases that are not settled, by their ids.
    pub fn leases(&self) -> &BTreeMap<String, Lease> {
        &self.leases
    }

    /// What is lent to a store as a whole, by a book of its relay: its id, and the lease.
    pub fn standing_of(&self, relay: &LaneId, instance: &str) -> Option<(&str, &Lease)> {
        let is_it = |lease: &Lease| lease.lane == *relay && lease.standing.as_deref() == Some(instance);
        self.leases.iter().find(|(_, lease)| is_it(lease)).map(|(id, lease)| (id.as_str(), lease))
    }

    /// How much of this is lent to stores as a whole, and not known to be spent.
    pub fn standing(&self) -> i64 {
        self.leases.values().filter(|lease| lease.standing.is_some()).map(Lease::left).sum()
    }

    /// How much of this a store has as a whole, and may give back.
    pub fn standing_at(&self, store: &str) -> i64 {
        let is_its = |lease: &&Lease| {
            lease.lane.store == store && lease.standing.as_ref().is_some_and(|by| !by.is_empty())
        };
        self.leases.values().filter(is_its).map(Lease::left).sum()
    }

    /// Whether a store's relay is to be lent points, or more of them, or for longer: where it has none, where half of the
    /// time is over, and where most of it is spent.
    pub fn is_standing_due(
        &self,
        terms: StandingTerms,
        (relay, instance): (&LaneId, &str),
        now_ms: i64,
    ) -> bool {
        let known = self.standing_of(relay, instance).map(|(_, lease)| lease);
        let held = known.map_or(0, Lease::left);
        let share = self.share(held, terms.percent, terms.points_max);
        let is_late = known.is_some_and(|lease| lease.until_ms.saturating_sub(now_ms) < terms.term_ms / 2);
        (is_late && held + share > 0) || held.saturating_mul(2) < share
    }

    /// What a store may have of what is free and what it has.
    fn share(&self, held: i64, percent: i64, points_max: i64) -> i64 {
        let all = self.available().max(0).saturating_add(held);
        (all.saturating_mul(percent.clamp(0, 100)) / 100).min(points_max)
    }

    /// This account once time has passed up to a moment: what is over by then ended, what is ripe is free.
    #[must_use]
    pub fn as_of(mut self, terms: &PointsTerms, now_ms: i64) -> Self {
        let occasion = Occasion { member: "", source: "", at_ms: now_ms, now_ms };
        self.apply(terms, occasion, &Operation::Pass {}, &mut Trace::default());
        self
    }

    /// Whether time that passed left an account as it was: its clock is nothing, nor are weeks that count no more.
    pub(super) fn is_as_before(&self, before: &Self) -> bool {
        let at_now = Self { now_ms: self.now_ms, net_of_weeks: self.net_of_weeks.clone(), ..before.clone() };
        *self == at_now
    }

    /// When time alone next does something to this account, milliseconds UTC; `None` where it never does. What is lent
    /// ends once it is back.
    pub fn next_moment_ms(&self) -> Option<i64> {
        let ripe = self.pending.iter().map(|pending| pending.ripe_ms);
        let over = self.free.iter().filter_map(|lot| lot.until_ms);
        let tier = self.tier.iter().map(|tier| tier.until_ms);
        ripe.chain(over).chain(tier).min()
    }

    /// The tier that spending led to; `None` where none did.
    pub fn tier(&self) -> Option<&str> {
        self.tier.as_ref().map(|tier| tier.id.as_str())
    }

    /// Carries an operation out. `trace` is that of the sale that it is about
    /// ([`Operation::about`]); where it is about none, nothing is done to it.
    pub fn apply(
        &mut self,
        terms: &PointsTerms,
        Occasion { member, source, at_ms, now_ms }: Occasion<'_>,
        operation: &Operation,
        trace: &mut Trace,
    ) -> Done {
        let mut done = Done::default();
        let tier_before = self.tier().map(str::to_owned);
        self.now_ms = self.now_ms.max(now_ms);
        // A clock that is ahead earns nothing for longer.
        let at_ms = at_ms.min(self.now_ms);
        self.pass(terms, &mut done);
        match operation {
            Operation::Sale { earned, spent, lease, net } => {
                self.spend(trace, lease, *spent, &mut done);
                self.earn(terms, source, *earned, at_ms, &mut done);
                file(trace, source, *earned, at_ms, &mut done);
                *self.net_of_weeks.entry(week(at_ms)).or_default() += net;
                self.climb(terms, source, at_ms);
            }
            Operation::Back { origin, reversed, restored, net } => {
                self.reverse(trace, origin, *reversed, &mut done);
                self.restore(terms, trace, origin, *restored, &mut done);
                let bought_ms = if trace.is_filed { trace.at_ms } else { at_ms };
                *self.net_of_weeks.entry(week(bought_ms)).or_default() -= net;
                self.climb_down(terms, origin);
            }
            Operation::Lend { lane, points } => done.lent = self.lend(terms, member, lane, *points),
            Operation::Stand { relay, instance, percent, points_max, until_ms } => {
                done.lent = self.stand(member, (relay, instance), (*percent, *points_max), *until_ms);
            }
            Operation::Close { lease } => {
                if let Some(lease) = self.leases.get_mut(lease).filter(|lease| lease.standing.is_some()) {
                    lease.standing = Some(String::new());
                }
            }
            Operation::Leave { lease } => {
                if let Some(lease) = self.leases.get_mut(lease) {
                    lease.left_behind = true;
                }
            }
            Operation::Settle { lease, why: _ } => self.settle(lease),
            Operation::Adjust { points, reason: _ } => {
                self.move_free(terms, *points, at_ms);
                note(&mut done, EntryKind::Adjust, *points);
            }
            Operation::Transfer { points, other: _ } => {
                // Nobody gives away what is not there.
                let points = (*points).max(-self.available().max(0));
                self.move_free(terms, points, at_ms);
                note(&mut done, EntryKind::Transfer, points);
            }
            Operation::Pass {} => {}
        }
        self.pass(terms, &mut done);
        self.forget(terms);
        done.tier_changed = self.tier() != tier_before.as_deref();
        done
    }

    /// Pending points ripen; what is over ends. Lent points end when they are
    /// back.
    fn pass(&mut self, terms: &PointsTerms, done: &mut Done) {
        let now_ms = self.now_ms;
        let (ripe, pending) =
            std::mem::take(&mut self.pending).into_iter().partition(|pending| pending.ripe_ms <= now_ms);
        self.pending = pending;
        let ripe: Vec<Pending> = ripe;
        for pending in ripe {
            self.free_up(pending.lot);
        }
        let over: i64 = self
            .free
            .iter()
            .filter(|lot| lot.until_ms.is_some_and(|until| until <= now_ms))
            .map(|lot| lot.points)
            .sum();
        self.free.retain(|lot| lot.until_ms.is_none_or(|until| now_ms < until));
        note(done, EntryKind::Expire, -over);
        if let Some(tier) = &self.tier
            && tier.until_ms <= now_ms
        {
            let reached = self.reached(terms, now_ms);
            self.tier = reached.map(|id| Tier {
                id,
                until_ms: now_ms.saturating_add(terms.tier_kept_ms),
                by: String::new(),
                before: None,
            });
        }
    }

    /// Points that may be spent repay what is owed first.
    fn free_up(&mut self, mut lot: Lot) {
        let repaid = lot.points.min(self.debt);
        self.debt -= repaid;
        lot.points -= repaid;
        put(&mut self.free, lot);
    }

    fn earn(&mut self, terms: &PointsTerms, source: &str, earned: i64, at_ms: i64, done: &mut Done) {
        if earned <= 0 {
            return;
        }
        note(done, EntryKind::Earn, earned);
        let until_ms = terms.valid_ms.map(|valid| at_ms.saturating_add(valid));
        let ripe_ms = at_ms.saturating_add(terms.return_window_ms);
        self.pending.push(Pending {
            source: source.to_owned(),
            ripe_ms,
            lot: Lot { points: earned, until_ms },
        });
    }

    /// A sale spent points: of its lease, and where that has not so many, of
    /// what is free, which is wrong.
    fn spend(&mut self, trace: &mut Trace, lease: &str, spent: i64, done: &mut Done) {
        if spent <= 0 {
            return;
        }
        note(done, EntryKind::Redeem, -spent);
        let mut taken = match self.lease_of(lease) {
            Some(lease) => take(&mut lease.lots, spent),
            None => Vec::new(),
        };
        let over = spent - sum(&taken);
        if over > 0 {
            done.wrong.push(PointsWrong::Overspent { lease: lease.to_owned(), points: over });
            let more = take(&mut self.free, over);
            let owed = over - sum(&more);
            taken.extend(more);
            self.debt += owed;
            // What is given back of it repays the debt, and then never ends.
            put(&mut taken, Lot { points: owed, until_ms: None });
        }
        trace.spent.extend(taken);
    }

    /// Takes back what a sale earned: of what is pending of it, then of what
    /// is free, then as a debt.
    fn reverse(&mut self, trace: &mut Trace, origin: &str, asked: i64, done: &mut Done) {
        let asked = asked.max(0);
        let most = if trace.is_filed { (trace.earned - trace.reversed).max(0) } else { asked };
        let points = asked.min(most);
        if asked > points {
            done.wrong.push(PointsWrong::TooMuchBack { origin: origin.to_owned(), points: asked - points });
        }
        trace.reversed += points;
        note(done, EntryKind::Reverse, -points);
        let mut rest = points;
        for pending in self.pending.iter_mut().filter(|pending| pending.source == origin) {
            let part = rest.min(pending.lot.points);
            pending.lot.points -= part;
            rest -= part;
        }
        self.pending.retain(|pending| pending.lot.points > 0);
        rest -= sum(&take(&mut self.free, rest));
        self.debt += rest;
    }

    /// Gives back what was spent on a sale, what ends last first, with the
    /// ends that it had.
    fn restore(&mut self, terms: &PointsTerms, trace: &mut Trace, origin: &str, asked: i64, done: &mut Done) {
        let asked = asked.max(0);
        let held = sum(&trace.spent);
        let most = if trace.is_filed { (held - trace.restored).max(0) } else { asked };
        let points = asked.min(most);
        if asked > points {
            done.wrong.push(PointsWrong::TooMuchBack { origin: origin.to_owned(), points: asked - points });
        }
        // From the end of what was spent: that part of it was given back before.
        let mut skip = trace.restored;
        trace.restored += points;
        let mut rest = points;
        let mut back = Vec::new();
        for lot in trace.spent.iter().rev() {
            let skipped = skip.min(lot.points);
            skip -= skipped;
            let part = rest.min(lot.points - skipped);
            rest -= part;
            back.push(Lot { points: part, until_ms: lot.until_ms });
        }
        back.push(Lot { points: rest, until_ms: None });
        note(done, EntryKind::Restore, points);
        let at_least_ms = self.now_ms.saturating_add(terms.restored_valid_ms);
        for lot in back.into_iter().filter(|lot| lot.points > 0) {
            let until_ms = lot.until_ms.map(|until| until.max(at_least_ms));
            self.free_up(Lot { until_ms, ..lot });
        }
    }

    /// Lends what is free, up to what is asked for. A lane that has a lease
    /// already is told of that one, renewed: an answer that was lost lends
    /// nothing twice. What its disk of before was lent is not told: it may be spent.
    fn lend(
        &mut self,
        terms: &PointsTerms,
        member: &str,
        lane: &LaneId,
        points: i64,
    ) -> Option<(String, Lease)> {
        let until_ms = self.now_ms.saturating_add(terms.lease_ms);
        let is_its = |lease: &Lease| lease.lane == *lane && lease.standing.is_none() && !lease.left_behind;
        let known = self.leases.iter().find(|(_, lease)| is_its(lease)).map(|(id, _)| id.clone());
        let held = known.as_ref().and_then(|id| self.leases.get(id)).map_or(0, |lease| sum(&lease.lots));
        let wanted = points.min(terms.lease_points_max) - held;
        let more = if self.debt > 0 { Vec::new() } else { take(&mut self.free, wanted) };
        if more.is_empty() && held == 0 {
            return None;
        }
        let id = known.unwrap_or_else(|| {
            self.leases_made += 1;
            format!("{member}.{}", self.leases_made)
        });
        let lease = self.leases.entry(id.clone()).or_insert_with(|| Lease {
            lane: lane.clone(),
            points: 0,
            lots: Vec::new(),
            until_ms,
            standing: None,
            left_behind: false,
        });
        lease.points += sum(&more);
        for lot in more {
            put(&mut lease.lots, lot);
        }
        lease.until_ms = lease.until_ms.max(until_ms);
        Some((id, lease.clone()))
    }

    /// Lends a store a share, for its lanes to have parts of. One that the same book of its relay has is renewed, and made
    /// up to the share; of another book's nobody knows what was lent, so that one runs out beside it.
    fn stand(
        &mut self,
        member: &str,
        (relay, instance): (&LaneId, &str),
        (percent, points_max): (i64, i64),
        until_ms: i64,
    ) -> Option<(String, Lease)> {
        let known = self.standing_of(relay, instance).map(|(id, lease)| (id.to_owned(), lease.left()));
        let held = known.as_ref().map_or(0, |(_, left)| *left);
        let wanted = self.share(held, percent, points_max) - held;
        let more = if self.debt > 0 { Vec::new() } else { take(&mut self.free, wanted) };
        if more.is_empty() && held == 0 {
            return None;
        }
        let id = match known {
            Some((id, _)) => id,
            None => {
                self.leases_made += 1;
                format!("{member}.{}", self.leases_made)
            }
        };
        let lease = self.leases.entry(id.clone()).or_insert_with(|| Lease {
            lane: relay.clone(),
            points: 0,
            lots: Vec::new(),
            until_ms,
            standing: Some(instance.to_owned()),
            left_behind: false,
        });
        lease.points += sum(&more);
        for lot in more {
            put(&mut lease.lots, lot);
        }
        lease.until_ms = lease.until_ms.max(until_ms);
        Some((id, lease.clone()))
    }

    /// The lease that a sale spent of: one of this id, or the whole that it is a part of.
    fn lease_of(&mut self, id: &str) -> Option<&mut Lease> {
        if self.leases.contains_key(id) {
            return self.leases.get_mut(id);
        }
        let whole = PartId::parse(id)?.lease;
        self.leases.get_mut(whole).filter(|lease| lease.standing.is_some())
    }

    fn settle(&mut self, id: &str) {
        let Some(lease) = self.leases.remove(id) else { return };
        for lot in lease.lots {
            self.free_up(lot);
        }
    }

    /// Gives free points, or takes them; below nothing is a debt.
    fn move_free(&mut self, terms: &PointsTerms, points: i64, at_ms: i64) {
        if points >= 0 {
            let until_ms = terms.valid_ms.map(|valid| at_ms.saturating_add(valid));
            self.free_up(Lot { points, until_ms });
        } else {
            let taken = sum(&take(&mut self.free, -points));
            self.debt += -points - taken;
        }
    }

    /// The highest tier that the spending up to a moment leads to.
    fn reached(&self, terms: &PointsTerms, now_ms: i64) -> Option<String> {
        let from = week(now_ms.saturating_sub(terms.tier_window_ms));
        let net: i64 = self.net_of_weeks.range(from..).map(|(_, net)| *net).sum();
        terms.tiers.iter().rev().find(|step| step.net <= net).map(|step| step.tier.clone())
    }

    fn rank(terms: &PointsTerms, tier: Option<&str>) -> usize {
        tier.and_then(|tier| terms.tiers.iter().position(|step| step.tier == tier))
            .map_or(0, |place| place + 1)
    }

    /// A tier that was reached counts at once, and for a whole term.
    fn climb(&mut self, terms: &PointsTerms, source: &str, at_ms: i64) {
        let Some(reached) = self.reached(terms, self.now_ms) else { return };
        if Self::rank(terms, Some(&reached)) > Self::rank(terms, self.tier()) {
            self.tier = Some(Tier {
                id: reached,
                until_ms: at_ms.saturating_add(terms.tier_kept_ms),
                by: source.to_owned(),
                // One step back is enough: the step before was another sale's.
                before: self.tier.take().map(|tier| Box::new(Tier { before: None, ..tier })),
            });
        }
    }

    /// A tier that only a sale led to which came back goes with it.
    fn climb_down(&mut self, terms: &PointsTerms, origin: &str) {
        let Some(tier) = self.tier.take_if(|tier| tier.by == origin) else { return };
        let reached = self.reached(terms, self.now_ms);
        if Self::rank(terms, reached.as_deref()) >= Self::rank(terms, Some(&tier.id)) {
            self.tier = Some(tier);
        } else {
            self.tier = tier.before.map(|before| *before);
        }
    }

    /// Weeks that count for no tier any more are forgotten.
    fn forget(&mut self, terms: &PointsTerms) {
        let from = week(self.now_ms.saturating_sub(terms.tier_window_ms));
        self.net_of_weeks = self.net_of_weeks.split_off(&from);
    }
}

fn week(at_ms: i64) -> i64 {
    at_ms.div_euclid(7 * DAY_MS)
}

/// The sale itself is here: a return that came before it was taken at its word.
fn file(trace: &mut Trace, source: &str, earned: i64, at_ms: i64, done: &mut Done) {
    trace.is_filed = true;
    trace.earned = earned.max(0);
    trace.at_ms = at_ms;
    let over = (trace.reversed - trace.earned).max(0) + (trace.restored - sum(&trace.spent)).max(0);
    if over > 0 {
        done.wrong.push(PointsWrong::TooMuchBack { origin: source.to_owned(), points: over });
    }
}

/// What an operation rests on.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'a> {
    /// Whose points.
    pub member: &'a str,
    /// The document.
    pub source: &'a str,
    /// When it happened, milliseconds UTC.
    pub at_ms: i64,
    /// When HQ heard of it, milliseconds UTC.
    pub now_ms: i64,
}

fn note(done: &mut Done, kind: EntryKind, points: i64) {
    if points != 0 {
        done.entries.push(Entry { kind, points });
    }
}

#[cfg(test)]
mod tests;
