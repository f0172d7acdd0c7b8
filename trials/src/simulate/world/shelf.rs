//! What happens at a shelf: the keeper looks, labels take faces, and what a customer is asked is held against what hangs
//! there.

use domain::sale::Sale;

use super::{BadDay, Condition, Finding, Invariant, What, World};
use crate::simulate::agent::{Question, Side};
use crate::simulate::keeper::{Keeper, LOOK_MS};
use crate::simulate::network::Ask;
use crate::simulate::shelf::{Sent, Taken};

impl World<'_> {
    /// Whether the store's access point hangs on this machine. A copy of a machine has none.
    pub(super) fn has_access_point(&self, machine: usize) -> bool {
        self.machines[machine].lane_number == 1 && !self.machines[machine].is_clone
    }

    pub(super) fn keeper_looks(&mut self, machine: usize, boot: u64) -> Result<(), Finding> {
        if !self.is_on(machine, boot) {
            return Ok(());
        }
        self.put_after(LOOK_MS, What::Shelf { machine, boot });
        self.numbers += 1;
        let (number, weakness) = (self.numbers, self.weakness());
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let (store, lane) = (place.store, place.lane_number);
        let rack = &self.racks[store];
        let (Some(agent), true) = (&mut place.agent, rack.given_up.is_none()) else { return Ok(()) };
        if place.keeper.is_none() {
            match Keeper::start(&place.trial, lane, rack, weakness) {
                Ok(keeper) => place.keeper = keeper,
                Err(error) => return self.disk_fails(machine, &error),
            }
        }
        let Some(keeper) = &mut place.keeper else { return Ok(()) };
        let looked = keeper.look(agent, rack, (now_ms + place.clock_ms, number));
        let is_waiting = keeper.is_waiting();
        let has_power = place.mounted.disk.is_powered();
        let looked = match looked {
            Ok(looked) if has_power => looked,
            Ok(_) => return self.power_fails(machine),
            Err(error) => return self.disk_fails(machine, &error),
        };
        if is_waiting {
            self.days.met(BadDay::FaceWaited);
        }
        for given in looked.given {
            let words = format!(
                "its agent gives label {} {:?}",
                given.number,
                given.face.prices.iter().map(|shown| shown.price).collect::<Vec<_>>()
            );
            self.tell_of(machine, &words);
            let sent = Sent { boot, send: given.send, face: given.face };
            if let Some((label, ms)) = self.racks[store].send(&given.number, sent) {
                self.put_after(ms, What::Radio { store, label });
            }
        }
        if let Some(report) = looked.report {
            self.send(machine, number, Question { side: Side::Shelf, ask: Ask::Shelf(Box::new(report)) });
        }
        Ok(())
    }

    /// A label asks for news.
    pub(super) fn radio(&mut self, store: usize, label: usize) {
        let Taken { said, again_ms } = self.racks[store].radio(label);
        if let Some(ms) = again_ms {
            self.put_after(ms, What::Radio { store, label });
        }
        match said {
            Some((sent, ms)) => {
                let machine = (0..self.machines.len()).find(|machine| {
                    self.machines[*machine].store == store && self.has_access_point(*machine)
                });
                if let Some(machine) = machine {
                    self.put_after(ms, What::LabelSaid { machine, label, sent: Box::new(sent) });
                }
            }
            None if again_ms.is_some() => self.days.met(BadDay::LabelNotHeard),
            None => {}
        }
    }

    /// The agent hears that a label shows a face; one that began since does not know the number.
    pub(super) fn label_said(&mut self, machine: usize, label: usize, sent: &Sent) {
        if !self.is_on(machine, sent.boot) {
            return;
        }
        let place = &mut self.machines[machine];
        let number = self.racks[place.store].labels[label].number.clone();
        if let Some(keeper) = &mut place.keeper {
            keeper.shown(self.now_ms + place.clock_ms, &number, sent.send);
        }
    }

    /// A customer is asked for the money: from here on counts what the labels show now.
    pub(super) fn remember_labels(&mut self, machine: usize) {
        let lane = (self.machines[machine].store, self.machines[machine].lane_number);
        let has_copy = self.machines.iter().any(|other| {
            other.is_clone
                && other.condition != Condition::Retired
                && (other.store, other.lane_number) == lane
        });
        let place = &mut self.machines[machine];
        let rack = &self.racks[place.store];
        let version = self.hq.version().ok();
        let has_newest = place.agent.as_ref().is_some_and(|agent| Some(agent.status().version) == version);
        // Two machines that are one lane to HQ say by turns what they have; else it has pulled since, and knows what all
        // lanes know.
        place.is_astray = has_copy || place.is_astray && !has_newest;
        place.asked_at.clear();
        if rack.given_up.is_some() || place.is_astray {
            return;
        }
        let Some(lane) = &place.lane else { return };
        for line in lane.till().basket().lines() {
            if let Some((least, _)) = rack.least(&line.item.sku) {
                place.asked_at.insert(line.item.sku.clone(), least);
            }
        }
    }

    /// Nobody paid more than a label showed when the money was asked for.
    pub(super) fn check_labels(&mut self, machine: usize, seq: u64, sale: &Sale) -> Result<(), Finding> {
        let place = &self.machines[machine];
        let mut words = None;
        let mut kept = 0;
        for line in sale.lines.iter().filter(|line| line.follows_price_list()) {
            kept += u64::from(line.kept.is_some());
            let Some(least) = place.asked_at.get(&line.item.sku) else { continue };
            self.labels_checked += 1;
            if line.unit_price.minor() > *least {
                words = Some(format!(
                    "sale {seq} charges {} fen for item {}, a label showed {least}",
                    line.unit_price.minor(),
                    line.item.sku
                ));
            }
        }
        for _ in 0..kept {
            self.days.met(BadDay::ChargedByLabel);
        }
        match words {
            Some(words) => Err(self.at(machine, Finding { invariant: Invariant::LabelHolds, words })),
            None => Ok(()),
        }
    }

    /// Somebody did to a machine what no program can see: until it has pulled, it may ask more than labels show, and where
    /// it has the access point nobody knows what its labels were sent since.
    pub(super) fn go_astray(&mut self, machine: usize) {
        let store = self.machines[machine].store;
        self.forget_claims_of(machine);
        self.look_at_leases_of(machine);
        self.lose_points_of(machine);
        let (code, lane, epoch) = self.known_as(machine);
        self.points.astray.note(&code, lane, epoch);
        self.machines[machine].is_astray = true;
        if self.has_access_point(machine) {
            self.racks[store].given_up.get_or_insert("the disk of its agent was put back or copied");
        }
    }

    /// What a lane did before its disk was put back, copied or replaced is not in its books.
    pub(super) fn forget_claims_of(&mut self, machine: usize) {
        let (code, lane, epoch) = self.known_as(machine);
        self.claims.astray.note(&code, lane, epoch);
    }

    /// The store's code, the lane and its last epoch of a machine.
    fn known_as(&self, machine: usize) -> (String, u32, u32) {
        let place = &self.machines[machine];
        let written = self.model.machines[machine].chains.keys().map(|key| key.2);
        let known = place.papers.as_ref().map(|papers| papers.identity.epoch);
        let epoch = written.chain(known).max().unwrap_or(0);
        (crate::simulate::shop::store_code(place.store), place.lane_number, epoch)
    }

    pub(super) fn give_up_racks(&mut self, why: &'static str) {
        for rack in &mut self.racks {
            rack.given_up.get_or_insert(why);
        }
    }
}
