//! Members and their points: who shows a card, what HQ lends and lanes hear, and how that is held against the documents.

use std::collections::{BTreeMap, BTreeSet};

use domain::record::Staff;
use domain::rights::Rights;
use domain::till::Input;
use hq::books::points::PointsWrong;
use ledger::journal::Identity;
use protocol::ask::{Answer as Said, Question as Asks};
use protocol::chain::ChainHash;

use super::{BadDay, Condition, Finding, Invariant, MINUTE_MS, Weakness, World, found, shop};
use crate::simulate::lane::Lane;
use crate::simulate::model::JournalKey;
use crate::simulate::network::{Answer, Ask};
use crate::simulate::points::Listed;
use crate::simulate::relay::Authority;

/// For so long somebody may be at another lane with a card that was shown, milliseconds.
const CARD_MS: i64 = 15 * MINUTE_MS;

/// After so long nobody hears an answer any more, milliseconds.
const HEARD_MS: i64 = 10 * MINUTE_MS;

/// After so long every lease is over by any right clock, and for HQ too, milliseconds: what HQ lends for, and how far it lets
/// a lane's clock be behind.
pub(super) const LEASES_OVER_MS: i64 = 45 * MINUTE_MS;

impl World<'_> {
    /// A card that was shown at another lane a short while ago.
    pub(super) fn card_elsewhere(&self, machine: usize) -> Option<String> {
        let (card, at, at_ms) = self.card.as_ref()?;
        (*at != machine && self.now_ms - at_ms < CARD_MS).then(|| card.clone())
    }

    /// Somebody shows a card.
    pub(super) fn note_card(&mut self, machine: usize, inputs: &[Input]) {
        for input in inputs {
            if let Input::FindMember(card) = input
                && self.card_elsewhere(machine).is_none()
            {
                self.card = Some((card.clone(), machine, self.now_ms));
            }
            if let Input::RegisterMember(_) = input {
                self.days.met(BadDay::MemberRegistered);
            }
        }
    }

    /// Whether the member who buys at a lane buys at another one too.
    pub(super) fn look_for_member_elsewhere(&mut self, machine: usize) {
        let at =
            |lane: &Lane| lane.till().basket().member().and_then(|member| self.points.person(&member.id));
        let place = &self.machines[machine];
        let Some(person) = place.lane.as_ref().and_then(at) else { return };
        let stores: Vec<usize> = self
            .machines
            .iter()
            .enumerate()
            .filter(|(other, _)| *other != machine)
            .filter(|(_, other)| other.lane.as_ref().and_then(at) == Some(person))
            .map(|(_, other)| other.store)
            .collect();
        let store = place.store;
        for other in stores {
            let is_same = other == store;
            self.days.met(if is_same { BadDay::MemberAtTwoLanes } else { BadDay::MemberAtTwoStores });
        }
    }

    /// What an HQ without a safeguard does before it answers.
    // Two of many questions and requests are about points.
    #[allow(clippy::wildcard_enum_match_arm)]
    pub(super) fn weaken_points(&mut self, identity: &Identity, ask: &Ask) -> Result<(), Finding> {
        let done = match (self.weakness(), ask) {
            (Weakness::LeasesOverlap, Ask::Question(question)) => match &**question {
                Asks::LendPoints { member, .. } => self.hq.take_leases_back(identity, member, self.now_ms),
                // Nothing else is lent of points.
                _ => Ok(()),
            },
            _ => Ok(()),
        };
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.hq_fails(&error),
        }
    }

    /// HQ has answered.
    pub(super) fn note_lent(&mut self, identity: &Identity, answer: &Answer) {
        let Answer::Said(said, _) = answer else { return };
        if let Said::PointsLent { grant } = &**said
            && let Ok(grant) = grant.understand(0)
        {
            let lane = (identity.store.clone(), identity.lane);
            let words = format!(
                "HQ lends {} lane {} {} points under {}, for {} minutes",
                lane.0,
                lane.1,
                grant.points,
                grant.lease,
                (grant.until_ms - self.now_ms) / MINUTE_MS
            );
            self.tell(&words);
            self.points.lend(self.hq.life, lane, &grant, self.now_ms);
        }
    }

    /// A lane heard that points were lent to it.
    pub(super) fn note_said(
        &mut self,
        machine: usize,
        grant: &domain::member::PointsGrant,
        by: &[Authority],
    ) {
        for by in by {
            if let Authority::Hq(life) = by {
                self.points.say(machine, grant, *life);
            }
        }
    }

    /// Takes down what a machine's documents did to points.
    pub(super) fn note_points(&mut self, machine: usize) -> Result<(), Finding> {
        for moved in std::mem::take(&mut self.model.machines[machine].moved) {
            if moved.spent > 0 {
                let words =
                    format!("{} points of {} are spent there, of {}", moved.spent, moved.member, moved.lease);
                self.tell_of(machine, &words);
                self.days.met(BadDay::PointsSpent);
            }
            if moved.restored > 0 {
                self.days.met(BadDay::PointsRestored);
            }
            if let Err(finding) = self.points.walk_away(machine, &moved) {
                return Err(self.at(machine, finding));
            }
        }
        Ok(())
    }

    /// A lane's disk, or its journal, is not what it was.
    pub(super) fn look_at_leases_of(&mut self, machine: usize) {
        let place = &self.machines[machine];
        let held = self.hq.points_lent_to(&shop::store_code(place.store), place.lane_number);
        if held.is_ok_and(|held| held > 0) {
            self.days.met(BadDay::LeaseOfLostLane);
        }
    }

    /// A lane's disk is gone or put back, with what was spent there and HQ has not heard of.
    pub(super) fn lose_points_of(&mut self, machine: usize) {
        // Of an HQ that is away counts what it had when it was looked at last.
        let filed = self.hq.filed().unwrap_or_else(|_| self.filed_last.clone());
        let at_hq: BTreeMap<JournalKey, (u64, ChainHash)> =
            filed.into_iter().map(|(key, acknowledged, head)| (key, (acknowledged, head))).collect();
        let place = &self.machines[machine];
        let (store, lane) = (shop::store_code(place.store), place.lane_number);
        self.points.lose((&store, lane), |source| self.model.is_filed(&at_hq, source));
    }

    /// Holds HQ's balances against what it has filed.
    pub(super) fn check_points(&mut self, filed: &[(JournalKey, u64, ChainHash)]) -> Result<(), Finding> {
        for _ in 0..self.points.not_heard(self.now_ms - HEARD_MS) {
            self.days.met(BadDay::LeaseNotHeard);
        }
        let asked = self.hq.points(self.points.ids()).and_then(|at_hq| Ok((at_hq, self.hq.points_listed()?)));
        let (at_hq, listed) = match asked {
            Ok(asked) => asked,
            Err(error) => return self.hq_fails(&error),
        };
        let owes = at_hq.iter().flatten().any(|kept| kept.account.available() < 0);
        if owes {
            self.days.met(BadDay::PointsOwed);
        }
        let is_overspent = |listed: &&Listed| matches!(listed.wrong, PointsWrong::Overspent { .. });
        let owners: BTreeSet<String> =
            listed.iter().filter(is_overspent).map(|listed| listed.member.clone()).collect();
        self.points.check(&self.model.filed_sales(filed)?, &at_hq, &owners)?;
        // What an HQ lent before it was put back it does not know.
        if self.hq.life > 0 {
            return Ok(());
        }
        for listed in listed {
            if let PointsWrong::Overspent { lease, points } = &listed.wrong
                && !self.points.astray.has(&listed.store, listed.lane, listed.epoch)
            {
                let words = format!(
                    "HQ lists that {} lane {} spent {points} points of lease {lease} too much, and nothing was done to it",
                    listed.store, listed.lane
                );
                return found(Invariant::PointsOnce, words);
            }
        }
        Ok(())
    }

    /// Somebody comes to every lane that sells: what was lent ends with what a lane writes after it.
    pub(super) fn visit(&mut self) -> Result<(), Finding> {
        for machine in 0..self.machines.len() {
            let place = &self.machines[machine];
            if place.condition == Condition::On && place.lane.is_some() {
                let staff = Staff { id: "e1".to_owned(), number: "101".to_owned(), name: "李".to_owned() };
                let comes = Input::PinChecked { staff, rights: Rights::ALL, matches: true };
                self.turn(machine, vec![Input::Lock, comes])?;
            }
        }
        Ok(())
    }

    /// In the end nothing is lent to anybody.
    pub(super) fn check_leases_are_over(&mut self) -> Result<(), Finding> {
        let at_hq = match self.hq.points(self.points.ids()) {
            Ok(at_hq) => at_hq,
            Err(error) => return self.hq_fails(&error),
        };
        for kept in at_hq.iter().flatten() {
            if let Some((lease, lent)) = kept.account.leases().first_key_value() {
                let words = format!("lease {lease} of {} points is still {:?}'s", lent.points, lent.lane);
                return found(Invariant::PointsAtHq, words);
            }
        }
        Ok(())
    }
}
