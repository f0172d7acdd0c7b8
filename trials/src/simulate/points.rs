//! Members' points as customers know them: what HQ lent to whom, what documents earned, spent and gave back, and what HQ's
//! balances must come to.
//!
//! Two things are looked at apart. While customers walk away: nobody spends more of a lease than was lent, nor more than
//! they ever had of what one HQ lent. And of what HQ has filed: its balances are what these documents come to, each worked
//! out here from the documents alone.
//!
//! Left out of the first are lanes whose disk was put back or copied, which do not know what they spent; what was spent and
//! lost with a disk before HQ heard of it; and what an HQ lent before it was put back from a backup is not what it lends
//! afterwards.

use std::collections::{BTreeMap, BTreeSet};

use domain::member::PointsGrant;
use domain::sale::Sale;
use hq::books::points::{Account, PointsWrong};

use super::astray::Astray;
use super::model::{Finding, Invariant, JournalKey, Sold, found};
use super::shop;

/// What a document did to a member's points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The document.
    pub source: (JournalKey, u64),
    /// Whose, by the id that the lane knows.
    pub member: String,
    /// Earned.
    pub earned: i64,
    /// Spent.
    pub spent: i64,
    /// Of what lease.
    pub lease: String,
    /// Spent once, and given back.
    pub restored: i64,
}

/// What a sale did to the points of its buyer, and of who bought what comes back.
pub fn moved_by(source: &(JournalKey, u64), sale: &Sale) -> Vec<Moved> {
    let bought = sale.buyer.as_ref().and_then(|buyer| Some((buyer, buyer.points.as_ref()?)));
    let bought = bought.map(|(buyer, points)| Moved {
        source: source.clone(),
        member: buyer.member.clone(),
        earned: points.earned,
        spent: points.spent,
        lease: points.lease.clone(),
        restored: 0,
    });
    let back = sale.points_back.as_ref().map(|back| Moved {
        source: source.clone(),
        member: back.member.clone(),
        earned: 0,
        spent: 0,
        lease: String::new(),
        restored: back.restored,
    });
    bought.into_iter().chain(back).collect()
}

/// How often HQ was put back, and the lease.
type LeaseKey = (u64, String);

/// What HQ lent under a lease.
#[derive(Debug, Clone)]
struct Lent {
    lane: (String, u32),
    points: i64,
    at_ms: i64,
    is_heard: bool,
}

/// What a person got and spent.
#[derive(Debug, Clone, Default)]
struct Purse {
    /// With what they had at first.
    got: i64,
    /// By how often HQ was put back when it lent them.
    spent: BTreeMap<u64, i64>,
}

/// What HQ lists about somebody's points.
pub struct Listed {
    /// The account's id.
    pub member: String,
    /// The store of the lane whose document it is.
    pub store: String,
    /// The lane.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// What is wrong.
    pub wrong: PointsWrong,
}

/// What HQ says of a person: each of their accounts that it keeps.
pub struct AtHq {
    /// The account's id.
    pub member: String,
    /// How it stands.
    pub account: Account,
    /// The sum of all that was ever entered.
    pub entered: i64,
}

/// Points, as customers know them.
#[derive(Debug, Default)]
pub struct Points {
    /// The place of a person by every id that they have.
    places: BTreeMap<String, usize>,
    ids: Vec<Vec<String>>,
    purses: Vec<Purse>,
    lent: BTreeMap<LeaseKey, Lent>,
    /// What a machine heard last of a lease: how often HQ had been put back.
    said: BTreeMap<(usize, String), u64>,
    /// Spent of a lease, and by which documents.
    spent: BTreeMap<LeaseKey, BTreeMap<(JournalKey, u64), (usize, i64)>>,
    /// Lanes whose disk was put back or copied.
    pub astray: Astray,
}

impl Points {
    /// As many members as so many stores have.
    pub fn new(stores: usize) -> Self {
        let ids = shop::persons(stores);
        let founded = stores * shop::MEMBERS;
        let places =
            ids.iter().enumerate().flat_map(|(place, ids)| ids.iter().map(move |id| (id.clone(), place)));
        let purse = |place| Purse {
            got: if place < founded { shop::POINTS_AT_FIRST } else { 0 },
            spent: BTreeMap::new(),
        };
        Self { places: places.collect(), purses: (0..ids.len()).map(purse).collect(), ids, ..Self::default() }
    }

    /// Every person's ids.
    pub fn ids(&self) -> &[Vec<String>] {
        &self.ids
    }

    /// Which person this is.
    pub fn person(&self, member: &str) -> Option<usize> {
        self.places.get(member).copied()
    }

    /// HQ lends; whether anybody hears of it is not known yet.
    pub fn lend(&mut self, life: u64, lane: (String, u32), grant: &PointsGrant, now_ms: i64) {
        let lent = self.lent.entry((life, grant.lease.clone())).or_insert_with(|| Lent {
            lane,
            points: 0,
            at_ms: now_ms,
            is_heard: false,
        });
        lent.points = lent.points.max(grant.points);
        lent.at_ms = now_ms;
    }

    /// A machine hears that points were lent to it, by an HQ that was put back so often.
    pub fn say(&mut self, machine: usize, grant: &PointsGrant, life: u64) {
        if let Some(lent) = self.lent.get_mut(&(life, grant.lease.clone())) {
            lent.is_heard = true;
        }
        self.said.insert((machine, grant.lease.clone()), life);
    }

    /// How many leases were lent before an instant and never heard of; each is counted once.
    pub fn not_heard(&mut self, before_ms: i64) -> u64 {
        let mut count = 0;
        for lent in self.lent.values_mut().filter(|lent| !lent.is_heard && lent.at_ms < before_ms) {
            lent.is_heard = true;
            count += 1;
        }
        count
    }

    /// A lane's disk is gone: what it spent and HQ has not heard of is nobody's to know.
    pub fn lose(&mut self, (store, lane): (&str, u32), is_filed: impl Fn(&(JournalKey, u64)) -> bool) {
        for ((life, _), documents) in &mut self.spent {
            let lost = documents
                .extract_if(.., |source, _| source.0.0 == store && source.0.1 == lane && !is_filed(source));
            for (_, (person, spent)) in lost {
                *self.purses[person].spent.entry(*life).or_default() -= spent;
            }
        }
    }

    /// A customer walks away with a document of a machine.
    pub fn walk_away(&mut self, machine: usize, moved: &Moved) -> Result<(), Finding> {
        let Moved { source, member, earned, spent, lease, restored } = moved;
        let Some(person) = self.person(member) else {
            return found(Invariant::NothingMadeUp, format!("{source:?} is of {member}, who is nobody"));
        };
        self.purses[person].got += earned + restored;
        if *spent == 0 || self.astray.has(&source.0.0, source.0.1, source.0.2) {
            return Ok(());
        }
        let life = self.said.get(&(machine, lease.clone())).copied();
        let lent = life.and_then(|life| Some((life, self.lent.get(&(life, lease.clone()))?)));
        let Some((life, lent)) = lent.filter(|(_, lent)| lent.lane == (source.0.0.clone(), source.0.1))
        else {
            let words =
                format!("{source:?} spends {spent} points of lease {lease}, which that lane was not lent");
            return found(Invariant::PointsOnce, words);
        };
        let documents = self.spent.entry((life, lease.clone())).or_default();
        documents.insert(source.clone(), (person, *spent));
        let of_lease: i64 = documents.values().map(|(_, spent)| spent).sum();
        if of_lease > lent.points {
            let words = format!(
                "{source:?}: of lease {lease} {of_lease} points are spent, {} were lent",
                lent.points
            );
            return found(Invariant::PointsOnce, words);
        }
        let purse = &mut self.purses[person];
        let sum = purse.spent.entry(life).or_default();
        *sum += spent;
        if *sum > purse.got {
            let words = format!(
                "{source:?}: {member} spent {sum} points that HQ lent them, and never had more than {}",
                purse.got
            );
            return found(Invariant::PointsOnce, words);
        }
        Ok(())
    }

    /// Holds a person's accounts at HQ against the documents that it has filed. `filed` are the sums of these.
    fn check_person(&self, person: usize, filed: &Filed, at_hq: &[AtHq]) -> Result<(), Finding> {
        let name = &self.ids[person][0];
        let founded = at_hq.iter().any(|kept| kept.member == *name) && self.is_founded(person);
        let first = if founded { shop::POINTS_AT_FIRST } else { 0 };
        let mut has = 0;
        for AtHq { member, account, entered } in at_hq {
            let (balance, parts) =
                (account.balance(), account.available() + account.pending() + account.lent());
            if balance != parts || balance != *entered {
                let words = format!(
                    "HQ's balance of {member} is {balance}, its parts {parts}, its entries {entered}"
                );
                return found(Invariant::PointsAtHq, words);
            }
            has += balance;
        }
        let sum = first + filed.earned + filed.restored - filed.reversed - filed.spent;
        // Where more came back of a sale than it was, HQ takes no more of it than there was, but for what came before the
        // sale itself.
        if !(sum - filed.restored_over..=sum + filed.reversed_over).contains(&has) {
            let words = format!("HQ has {has} points of {name}, its documents come to {sum}: {filed:?}");
            return found(Invariant::PointsAtHq, words);
        }
        Ok(())
    }

    fn is_founded(&self, person: usize) -> bool {
        // Who became a member at a till has an id of their telephone number alone.
        !self.ids[person][0].starts_with('n')
    }

    /// Holds everybody's accounts at HQ against the documents that it has filed, and what was spent too much against what
    /// it lists: ids of accounts.
    pub fn check(
        &self,
        sales: &[(&JournalKey, u64, &Sold)],
        at_hq: &[Vec<AtHq>],
        listed: &BTreeSet<String>,
    ) -> Result<(), Finding> {
        let filed = self.sums(sales)?;
        for (person, (filed, at_hq)) in filed.iter().zip(at_hq).enumerate() {
            self.check_person(person, filed, at_hq)?;
            let first = if self.is_founded(person) { shop::POINTS_AT_FIRST } else { 0 };
            let over = filed.spent - first - filed.earned - filed.restored;
            if over > 0 && !self.ids[person].iter().any(|id| listed.contains(id)) {
                let words =
                    format!("{:?} spent {over} points too much, and HQ does not list it", self.ids[person]);
                return found(Invariant::Listed, words);
            }
        }
        Ok(())
    }

    /// What documents come to, by person.
    fn sums(&self, sales: &[(&JournalKey, u64, &Sold)]) -> Result<Vec<Filed>, Finding> {
        let mut sums = vec![Filed::default(); self.ids.len()];
        let mut by_sale: BTreeMap<(JournalKey, u64), OfSale> = BTreeMap::new();
        for (key, seq, sold) in sales {
            let sale = &sold.sale;
            if let Some((buyer, points)) =
                sale.buyer.as_ref().and_then(|buyer| Some((buyer, buyer.points.as_ref()?)))
                && let Some(person) = self.person(&buyer.member)
            {
                sums[person].earned += points.earned;
                sums[person].spent += points.spent;
                let of = by_sale.entry(((*key).clone(), *seq)).or_default();
                (of.did, of.person) = (Some((points.earned, points.spent)), person);
            }
            let origin = sale.returns.iter().find_map(|back| back.origin.as_ref());
            if let (Some(back), Some(origin)) = (&sale.points_back, origin) {
                let Some(person) = self.person(&back.member) else {
                    return found(Invariant::NothingMadeUp, format!("{} is nobody", back.member));
                };
                sums[person].reversed += back.reversed;
                sums[person].restored += back.restored;
                let origin = ((origin.store.clone(), origin.lane, origin.epoch), origin.seq);
                let of = by_sale.entry(origin).or_default();
                of.reversed += back.reversed;
                of.restored += back.restored;
                of.person = person;
            }
        }
        for OfSale { did, reversed, restored, person } in by_sale.into_values() {
            // Of a sale that is not filed everybody is taken at their word.
            let Some((earned, spent)) = did else { continue };
            sums[person].reversed_over += (reversed - earned).max(0);
            sums[person].restored_over += (restored - spent).max(0);
        }
        Ok(sums)
    }
}

/// What filed documents did to a person's points.
#[derive(Debug, Clone, Default)]
struct Filed {
    earned: i64,
    spent: i64,
    reversed: i64,
    restored: i64,
    /// More came back than was earned or spent, so much.
    reversed_over: i64,
    restored_over: i64,
}

/// What a sale did to its buyer's points, and what came back of it.
#[derive(Default)]
struct OfSale {
    /// What it earned and spent; `None` where it is not filed.
    did: Option<(i64, i64)>,
    reversed: i64,
    restored: i64,
    person: usize,
}
