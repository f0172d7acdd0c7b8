//! What the script does to the shop.

use super::counter::holds;
use super::{BadDay, Condition, DAY_MS, Finding, What, World, mixed, shop};
use crate::disk::Faults;
use crate::simulate::machine::{Foreign, Imaged, Machine};
use crate::simulate::model::Written;
use crate::simulate::script::{Fault, Planned};

/// A line that is away for so long is away for a week.
const WEEK_MS: i64 = 7 * DAY_MS;

impl World<'_> {
    pub(super) fn fault(&mut self, place: usize) -> Result<(), Finding> {
        let Planned { machine, fault, .. } = self.script.faults[place].clone();
        if fault.is_of_store() {
            let store = self.machines[machine].store;
            self.tell_of_store(store, &fault.to_string());
            return self.fault_of_store(store, &fault);
        }
        if fault.is_of_hq() {
            self.tell(&fault.to_string());
            return self.fault_of_hq(&fault);
        }
        if self.machines[machine].condition != Condition::On {
            return Ok(());
        }
        self.tell_of(machine, &fault.to_string());
        self.fault_of_machine(machine, fault)
    }

    fn fault_of_hq(&mut self, fault: &Fault) -> Result<(), Finding> {
        match fault {
            Fault::HqCutPower(writes) => self.hq.mounted().disk.cut_after(*writes),
            Fault::HqAway(ms) => {
                if self.hq.is_up() {
                    self.hq.stop();
                    self.days.met(BadDay::HqAway);
                    self.put_after(*ms, What::HqOn);
                }
            }
            Fault::HqBackUp => {
                if self.hq.is_up()
                    && let Err(error) = self.hq.back_up()
                {
                    return self.hq_fails(&error);
                }
            }
            Fault::HqRestore => {
                if !self.hq.is_up() {
                    return Ok(());
                }
                match self.hq.restore() {
                    Ok(true) => {
                        self.model.forget_answers();
                        self.give_up_racks("HQ was put back");
                        self.days.met(BadDay::HqRestored);
                        return self.look_at_all_counts();
                    }
                    Ok(false) => {}
                    Err(error) => {
                        self.model.forget_answers();
                        return self.hq_fails(&error);
                    }
                }
            }
            Fault::Price(item, price) => return self.set_price(*item, *price),
            Fault::CutPower(_)
            | Fault::CutPowerAtStart(_)
            | Fault::Restart
            | Fault::NoLine(_)
            | Fault::HalfOpen(_)
            | Fault::BadLine(_)
            | Fault::PrinterOff(_)
            | Fault::Clock(_)
            | Fault::DiskFull(..)
            | Fault::TakeImage
            | Fault::OldImage
            | Fault::NewDisk
            | Fault::Clone
            | Fault::OldForm
            | Fault::Misnumbered
            | Fault::CopyHeld(_)
            | Fault::StoreCut(_)
            | Fault::RelayCutPower(_)
            | Fault::RelayAway(_)
            | Fault::RelayNoLine(_)
            | Fault::RelayBadLine(_)
            | Fault::RelayNewDisk => {}
        }
        Ok(())
    }

    fn fault_of_store(&mut self, store: usize, fault: &Fault) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        if let Fault::StoreCut(ms) = fault {
            self.cut_until_ms[store] = now_ms + ms;
            self.days.met(BadDay::StoreCutOff);
        }
        let Some(relay) = &mut self.relays[store] else { return Ok(()) };
        match fault {
            Fault::RelayCutPower(writes) => relay.mounted.disk.cut_after(*writes),
            Fault::RelayAway(ms) => self.relay_goes(store, *ms),
            Fault::RelayNoLine(ms) => {
                relay.line.down_until_ms = now_ms + ms;
                self.days.met(BadDay::RelayNoLine);
            }
            Fault::RelayBadLine(ms) => relay.line.bad_until_ms = now_ms + ms,
            Fault::RelayNewDisk => return self.replace_relay(store),
            // Of a machine or of HQ, or said before.
            Fault::StoreCut(_)
            | Fault::CutPower(_)
            | Fault::CutPowerAtStart(_)
            | Fault::Restart
            | Fault::NoLine(_)
            | Fault::HalfOpen(_)
            | Fault::BadLine(_)
            | Fault::CopyHeld(_)
            | Fault::PrinterOff(_)
            | Fault::Clock(_)
            | Fault::DiskFull(..)
            | Fault::TakeImage
            | Fault::OldImage
            | Fault::NewDisk
            | Fault::Clone
            | Fault::OldForm
            | Fault::Misnumbered
            | Fault::HqCutPower(_)
            | Fault::HqAway(_)
            | Fault::HqBackUp
            | Fault::HqRestore
            | Fault::Price(..) => {}
        }
        Ok(())
    }

    fn set_price(&mut self, item: usize, price: i64) -> Result<(), Finding> {
        let Ok(store) = self.hq.store() else { return Ok(()) };
        if let Err(error) = shop::set_price(store, item, price) {
            return self.hq_fails(&crate::powercut::words(&error));
        }
        self.days.met(BadDay::PriceChanged);
        let sku = shop::sku(item);
        if self.machines.iter().filter_map(|machine| machine.lane.as_ref()).any(|lane| holds(lane, &sku)) {
            self.days.met(BadDay::PriceChangedInBasket);
        }
        Ok(())
    }

    fn fault_of_machine(&mut self, machine: usize, fault: Fault) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        match fault {
            Fault::CutPower(writes) => place.mounted.disk.cut_after(writes),
            Fault::CutPowerAtStart(writes) => {
                place.cut_at_start = Some(writes);
                return self.power_fails(machine);
            }
            Fault::Restart => return self.restart(machine),
            Fault::NoLine(ms) => {
                place.line.down_until_ms = place.line.down_until_ms.max(now_ms + ms);
                self.days.met(if ms >= WEEK_MS { BadDay::WeekOffline } else { BadDay::NoLine });
            }
            Fault::HalfOpen(ms) => place.line.half_open_until_ms = now_ms + ms,
            Fault::BadLine(ms) => place.line.bad_until_ms = now_ms + ms,
            Fault::CopyHeld(ms) => place.copy_held_until_ms = now_ms + ms,
            Fault::PrinterOff(ms) => place.printer_off_until_ms = now_ms + ms,
            Fault::Clock(ms) => {
                place.clock_ms = ms;
                self.days.met(match ms {
                    ms if now_ms + ms < domain::clock::EARLIEST_MS => BadDay::Clock1970,
                    ms if ms > 1_000 * DAY_MS => BadDay::ClockTenYears,
                    _ => BadDay::ClockDrift,
                });
            }
            Fault::DiskFull(bytes, ms) => {
                place.disk_full_until_ms = now_ms + ms;
                place.mounted.disk.set_faults(Faults { bytes_left: Some(bytes), ..Faults::default() });
                self.put_after(ms - 1, What::DiskRoom { machine });
            }
            Fault::TakeImage => {
                self.stop(machine)?;
                if self.machines[machine].condition == Condition::On {
                    self.take_image(machine);
                    return self.start_programs(machine);
                }
            }
            Fault::OldImage => return self.lay_old_image(machine),
            Fault::NewDisk => return self.new_disk(machine),
            Fault::Clone => return self.make_clone(machine),
            Fault::OldForm => place.foreign = Some(Foreign::OldForm),
            Fault::Misnumbered => place.foreign = Some(Foreign::Misnumbered),
            Fault::HqCutPower(_)
            | Fault::HqAway(_)
            | Fault::HqBackUp
            | Fault::HqRestore
            | Fault::Price(..)
            | Fault::StoreCut(_)
            | Fault::RelayCutPower(_)
            | Fault::RelayAway(_)
            | Fault::RelayNoLine(_)
            | Fault::RelayBadLine(_)
            | Fault::RelayNewDisk => {}
        }
        Ok(())
    }

    pub(super) fn restart(&mut self, machine: usize) -> Result<(), Finding> {
        self.stop(machine)?;
        if self.machines[machine].condition == Condition::On { self.start_programs(machine) } else { Ok(()) }
    }

    /// Of a machine whose programs have ended.
    fn take_image(&mut self, machine: usize) {
        let place = &self.machines[machine];
        // What is not on its disk yet when it is off is for the next start to find.
        let written = self.model.machines[machine].clone();
        let Some(papers) = place.papers.clone() else { return };
        if written.under_way.is_some() {
            return;
        }
        let image = place.mounted.disk.image();
        self.machines[machine].imaged = Some(Imaged { image, written, papers });
    }

    fn lay_old_image(&mut self, machine: usize) -> Result<(), Finding> {
        let Some(imaged) = self.machines[machine].imaged.clone() else { return Ok(()) };
        self.stop(machine)?;
        if self.machines[machine].condition != Condition::On {
            return Ok(());
        }
        self.days.met(BadDay::OldImage);
        self.go_astray(machine);
        let place = &mut self.machines[machine];
        place.mounted.disk.lay(&imaged.image);
        place.papers = Some(imaged.papers);
        // What the wallet knows under these numbers is of another life.
        place.orders.clear();
        place.counting = None;
        place.is_called = false;
        self.model.lose_disk(machine, imaged.written);
        self.start_programs(machine)
    }

    fn new_disk(&mut self, machine: usize) -> Result<(), Finding> {
        self.stop(machine)?;
        if self.machines[machine].condition != Condition::On || !self.hq.is_up() {
            return self.start_again(machine);
        }
        self.days.met(BadDay::NewDisk);
        self.forget_claims_of(machine);
        self.look_at_leases_of(machine);
        self.lose_points_of(machine);
        let luck = self.dice.below(u64::MAX);
        let place = &mut self.machines[machine];
        place.mounted.disk.erase(luck);
        place.imaged = None;
        place.orders.clear();
        place.counting = None;
        self.model.lose_disk(machine, Written::default());
        self.enrol(machine)?;
        self.start_programs(machine)
    }

    fn start_again(&mut self, machine: usize) -> Result<(), Finding> {
        if self.machines[machine].condition == Condition::On { self.start_programs(machine) } else { Ok(()) }
    }

    fn make_clone(&mut self, machine: usize) -> Result<(), Finding> {
        let lane = (self.machines[machine].store, self.machines[machine].lane_number);
        let has_one = self.machines.iter().any(|other| {
            other.is_clone
                && other.condition != Condition::Retired
                && (other.store, other.lane_number) == lane
        });
        if has_one || self.machines[machine].is_clone {
            return Ok(());
        }
        self.stop(machine)?;
        if self.machines[machine].condition != Condition::On {
            return Ok(());
        }
        let written = self.model.machines[machine].clone();
        if written.under_way.is_some() {
            return self.start_programs(machine);
        }
        let image = self.machines[machine].mounted.disk.image();
        let papers = self.machines[machine].papers.clone();
        let copy = self.machines.len();
        let mounted = self.pool.take();
        let mut made = Machine::new(self.plan, copy, lane, mounted);
        mounted.disk.erase(mixed(self.plan.seed, 500 + copy as u64));
        mounted.disk.lay(&image);
        made.is_clone = true;
        made.papers = papers;
        made.is_idle = self.machines[machine].is_idle;
        self.machines.push(made);
        self.model.machines.push(written);
        self.days.met(BadDay::Clone);
        self.go_astray(machine);
        self.start_programs(machine)?;
        self.start_programs(copy)
    }
}
