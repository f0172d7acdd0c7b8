//! How machines start, stop, lose their power and are enrolled.

use domain::record::Record;
use ledger::journal::{Head, Identity, JournalReader};

use super::{BadDay, Finding, Invariant, MINUTE_MS, What, World, found};
use crate::powercut::words;
use crate::simulate::agent::Agent;
use crate::simulate::keeper::LOOK_MS as KEEPER_LOOK_MS;
use crate::simulate::lane::{Lane, Start};
use crate::simulate::machine::{Condition, Papers};
use crate::simulate::model::key_of;
use crate::simulate::{mixed, shop};

/// After so many enrolments an epoch is beyond every one that a lane had.
const ENROLMENTS_MAX: u32 = 50;

impl World<'_> {
    /// Gives a machine an identity and a key; HQ is there.
    pub(super) fn enrol(&mut self, machine: usize) -> Result<(), Finding> {
        let (store, lane) =
            (shop::store_code(self.machines[machine].store), self.machines[machine].lane_number);
        let epochs = self.model.machines[machine].chains.keys().map(|key| key.2);
        let epoch_before = epochs.max().unwrap_or(0);
        for _ in 0..ENROLMENTS_MAX {
            match self.hq.enrol(&store, lane, self.now_ms) {
                Ok(enrolment) => {
                    let papers = Papers::from(enrolment);
                    let is_beyond = papers.identity.epoch >= epoch_before;
                    self.enrolled_through_relay(machine, &papers)?;
                    self.machines[machine].papers = Some(papers);
                    // An HQ that was put back counts from its own last epoch.
                    if is_beyond {
                        return Ok(());
                    }
                }
                Err(error) => {
                    self.call_technician(machine, 10 * MINUTE_MS);
                    return self.hq_fails(&error);
                }
            }
        }
        found(Invariant::GoesOn, format!("{store} lane {lane} gets no epoch beyond {epoch_before}"))
    }

    /// A lane whose store has a relay is enrolled through it, where HQ is reached so.
    fn enrolled_through_relay(&mut self, machine: usize, papers: &Papers) -> Result<(), Finding> {
        let store = self.machines[machine].store;
        if self.is_cut_off(store) {
            return Ok(());
        }
        let Some(relay) = self.relays[store].as_ref().filter(|relay| relay.is_up()) else { return Ok(()) };
        let noted = relay.enrolled(papers);
        self.of_relay(store, noted).map(drop)
    }

    /// Somebody will come.
    pub(super) fn call_technician(&mut self, machine: usize, ms: i64) {
        if !std::mem::replace(&mut self.machines[machine].is_called, true) {
            self.put_after(ms, What::Technician { machine });
        }
    }

    /// A person looks at a machine that cannot go on by itself.
    pub(super) fn technician(&mut self, machine: usize) -> Result<(), Finding> {
        self.machines[machine].is_called = false;
        match self.machines[machine].condition {
            Condition::Retired => return Ok(()),
            Condition::Off => {
                self.call_technician(machine, 10 * MINUTE_MS);
                return Ok(());
            }
            Condition::On => {}
        }
        if self.machines[machine].is_clone {
            return self.retire(machine);
        }
        let lane = (self.machines[machine].store, self.machines[machine].lane_number);
        let copies: Vec<usize> = (0..self.machines.len())
            .filter(|place| {
                let other = &self.machines[*place];
                other.is_clone
                    && other.condition != Condition::Retired
                    && (other.store, other.lane_number) == lane
            })
            .collect();
        for copy in copies {
            self.retire(copy)?;
        }
        if !self.hq.is_up() {
            self.call_technician(machine, 10 * MINUTE_MS);
            return Ok(());
        }
        self.stop(machine)?;
        if self.machines[machine].condition == Condition::Off {
            self.call_technician(machine, 10 * MINUTE_MS);
            return Ok(());
        }
        self.look_at_leases_of(machine);
        self.enrol(machine)?;
        self.days.met(BadDay::EnrolledAnew);
        let epoch = self.machines[machine].papers.as_ref().map_or(0, |papers| papers.identity.epoch);
        self.tell_of(machine, &format!("a technician enrols it, epoch {epoch}"));
        self.start_programs(machine)
    }

    fn retire(&mut self, machine: usize) -> Result<(), Finding> {
        self.tell_of(machine, "it is taken away");
        self.machines[machine].end_programs();
        self.machines[machine].condition = Condition::Retired;
        Ok(())
    }

    /// Ends a machine's programs in good order. Closing a file writes: the
    /// power may fail at it, and the machine is off then.
    pub(super) fn stop(&mut self, machine: usize) -> Result<(), Finding> {
        self.remember_till(machine);
        self.machines[machine].end_programs();
        if self.machines[machine].mounted.disk.is_powered() { Ok(()) } else { self.power_fails(machine) }
    }

    fn remember_till(&mut self, machine: usize) {
        let Some(lane) = &self.machines[machine].lane else { return };
        let till = lane.till();
        let (has_basket, parked) = (!till.basket().is_empty(), till.parked().len());
        let has_lease = till.basket().grant().is_some();
        if has_basket {
            self.days.met(BadDay::BasketOverStop);
        }
        if has_lease {
            self.days.met(BadDay::LeaseOverStop);
        }
        self.machines[machine].parked_at_stop = parked;
        self.count_stops(machine);
    }

    /// A machine's power is gone.
    pub(super) fn power_fails(&mut self, machine: usize) -> Result<(), Finding> {
        self.machines[machine].mounted.disk.cut();
        let sold = self.machines[machine].lane.is_some();
        self.days.met(if sold { BadDay::PowerCut } else { BadDay::PowerCutAtStart });
        self.remember_till(machine);
        self.machines[machine].end_programs();
        if self.machines[machine].condition == Condition::Retired {
            return Ok(());
        }
        self.machines[machine].condition = Condition::Off;
        self.tell_of(machine, "its power fails");
        let pause_ms = if self.is_settling { MINUTE_MS } else { self.dice.between(10_000, 10 * MINUTE_MS) };
        self.put_after(pause_ms, What::PowerOn { machine });
        Ok(())
    }

    pub(super) fn power_on(&mut self, machine: usize) -> Result<(), Finding> {
        if self.machines[machine].condition != Condition::Off {
            return Ok(());
        }
        let disk = self.machines[machine].mounted.disk;
        disk.restart();
        if let Some(writes) = self.machines[machine].cut_at_start.take() {
            disk.cut_after(writes);
        }
        self.start_programs(machine)
    }

    /// What an error of a machine's disk means.
    pub(super) fn disk_fails(&mut self, machine: usize, error: &str) -> Result<(), Finding> {
        if !self.machines[machine].mounted.disk.is_powered() {
            return self.power_fails(machine);
        }
        if self.now_ms < self.machines[machine].disk_full_until_ms {
            self.days.met(BadDay::DiskFull);
            return Ok(());
        }
        let name = self.machines[machine].name();
        found(Invariant::GoesOn, format!("{name}: {error}"))
    }

    /// Starts both programs of a machine that has power.
    pub(super) fn start_programs(&mut self, machine: usize) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        place.condition = Condition::On;
        place.started_ms = now_ms;
        place.boot += 1;
        place.gave_up = false;
        let boot = place.boot;
        let Some(papers) = &place.papers else {
            self.call_technician(machine, MINUTE_MS);
            return Ok(());
        };
        let seed = mixed(self.plan.seed ^ boot, 50 + machine as u64);
        let copies = self.relays[place.store].is_some();
        match Agent::start(place.mounted.disk, &place.trial, &papers.identity, copies, seed) {
            Ok(agent) => place.agent = Some(agent),
            Err(error) => {
                // Where the disk is full the agent comes later.
                self.put_after(MINUTE_MS, What::Counter { machine, boot });
                return self.disk_fails(machine, &error);
            }
        }
        self.start_lane(machine)?;
        if self.is_on(machine, boot) {
            self.put_after(1_000, What::Counter { machine, boot });
            self.look_at_agent(machine, now_ms);
            if self.has_access_point(machine) {
                self.put_after(KEEPER_LOOK_MS, What::Shelf { machine, boot });
            }
        }
        Ok(())
    }

    /// Starts the lane's program, as far as it can go, and looks whether
    /// everything is there that must be.
    pub(super) fn start_lane(&mut self, machine: usize) -> Result<(), Finding> {
        let place = &self.machines[machine];
        let shown_ms = self.now_ms + place.clock_ms;
        let steady_ms = place.steady_ms(self.now_ms);
        let started = Lane::start(&place.trial, &self.settings, steady_ms, shown_ms, self.weakness());
        let has_power = place.mounted.disk.is_powered();
        let checked = match &started {
            Start::Open(_) | Start::LostEnd if has_power => self.check_start(machine)?,
            Start::Open(_) | Start::LostEnd | Start::WaitingForGoods | Start::Refused(_) => true,
        };
        match started {
            _ if !has_power || !checked => self.power_fails(machine),
            Start::Open(lane) => {
                if self.machines[machine].parked_at_stop > 0 && !lane.till().parked().is_empty() {
                    self.days.met(BadDay::ParkedOverStop);
                }
                self.machines[machine].lane = Some(lane);
                Ok(())
            }
            Start::WaitingForGoods => Ok(()),
            Start::LostEnd => {
                self.days.met(BadDay::LaneLocked);
                self.tell_of(machine, "it locks: HQ has more than its disk");
                let pause_ms = self.dice.between(10 * MINUTE_MS, 90 * MINUTE_MS);
                self.call_technician(machine, pause_ms);
                Ok(())
            }
            Start::Refused(error) => self.disk_fails(machine, &format!("it does not start: {error}")),
        }
    }

    /// Holds a journal against what was acknowledged. `false` where the power
    /// failed meanwhile.
    fn check_start(&mut self, machine: usize) -> Result<bool, Finding> {
        let place = &self.machines[machine];
        let Some(identity) = place.papers.as_ref().map(|papers| papers.identity.clone()) else {
            return Ok(true);
        };
        let looked = place.reader().and_then(|reader| {
            let Some(mut reader) = reader else { return Ok(None) };
            reader.turn_to(identity.epoch);
            let head = reader.head().map_err(|error| words(&error))?;
            Ok(Some((reader, head)))
        });
        let (reader, head) = match looked {
            Ok(Some(looked)) => looked,
            Ok(None) => return Ok(true),
            Err(error) => {
                self.disk_fails(machine, &error)?;
                return Ok(false);
            }
        };
        self.check_epoch(machine, &identity, &reader)?;
        let written = &mut self.model.machines[machine];
        let hash_at = |seq| reader.hash_at(seq).ok();
        let sales_before = written.chain(&identity).sales.len();
        let kept = written.start(&identity, head, hash_at);
        self.sales += (written.chain(&identity).sales.len() - sales_before) as u64;
        self.note_uses(machine);
        self.note_goods(machine);
        self.note_points(machine)?;
        let kept = match kept {
            Ok(kept) => kept,
            Err(_) if !self.machines[machine].mounted.disk.is_powered() => return Ok(false),
            Err(finding) => return Err(self.at(machine, finding)),
        };
        match kept {
            Some(true) => self.days.met(BadDay::UnderWayKept),
            Some(false) => self.days.met(BadDay::UnderWayGone),
            None => {}
        }
        Ok(true)
    }

    /// A new epoch in an old journal begins with what it follows.
    fn check_epoch(
        &mut self,
        machine: usize,
        identity: &Identity,
        reader: &JournalReader,
    ) -> Result<(), Finding> {
        let written = &mut self.model.machines[machine];
        if written.chain(identity).last() > 0 || written.under_way.is_some() {
            return Ok(());
        }
        let key = key_of(identity);
        let before = written.chains.iter().rfind(|(of, chain)| of.2 < key.2 && chain.last() > 0);
        let Some((before, last)) =
            before.map(|(of, chain)| (of.2, (chain.last(), chain.hash_at(chain.last()))))
        else {
            return Ok(());
        };
        let Ok(entries) = reader.entries_after(0, 1, usize::MAX) else { return Ok(()) };
        let Some(first) = entries.first() else { return Ok(()) };
        let Ok(stored) = reader.stored(first) else { return Ok(()) };
        let Record::EpochBegun { previous_epoch, previous_seq, previous_hash } = &stored.record else {
            return found(Invariant::Chain, format!("epoch {} does not say what it follows", identity.epoch));
        };
        let follows = (*previous_epoch, *previous_seq, Some(previous_hash.clone()));
        if follows != (before, last.0, last.1.map(|hash| hash.to_string())) {
            let words = format!(
                "epoch {} follows {previous_epoch} at {previous_seq}, which ended at {}",
                identity.epoch, last.0
            );
            return found(Invariant::Chain, words);
        }
        let head = Head { seq: 1, hash: first.hash };
        written.acknowledge(identity, &[(stored.stamp, stored.record)], head).map(drop)
    }

    /// A finding with the machine's name.
    pub(super) fn at(&self, machine: usize, finding: Finding) -> Finding {
        Finding { words: format!("{}: {}", self.machines[machine].name(), finding.words), ..finding }
    }
}
