//! The end: nothing goes wrong any more, nobody buys, and after a while all
//! must be level.

use std::collections::BTreeMap;

use super::points::LEASES_OVER_MS;
use super::{BadDay, Condition, Finding, Invariant, MINUTE_MS, World, found};
use crate::disk::Faults;
use crate::powercut::words;
use crate::simulate::model::{JournalKey, Written};
use crate::simulate::network::Line;

/// How long it may take until everything is level, milliseconds: a technician
/// and some looks of the agents, which look every quarter of an hour.
const SETTLE_MS: i64 = 3 * 60 * MINUTE_MS;

/// How often it is looked whether it is.
const LOOK_MS: i64 = 5 * MINUTE_MS;

impl World<'_> {
    pub(super) fn settle(&mut self) -> Result<(), Finding> {
        self.is_settling = true;
        self.tell("nothing goes wrong any more");
        self.heal()?;
        let leases_over_ms = self.now_ms + LEASES_OVER_MS;
        self.wait_until_level()?;
        // What was lent and not heard of ends with what its lane writes next.
        while self.now_ms < leases_over_ms {
            self.run_until(self.now_ms + LOOK_MS)?;
            self.go_on_everywhere()?;
        }
        self.visit()?;
        self.wait_until_level()?;
        self.check()?;
        self.check_counts_are_in()?;
        self.check_leases_are_over()?;
        self.check_returns()?;
        self.read_everything()?;
        self.take_stock()
    }

    fn wait_until_level(&mut self) -> Result<(), Finding> {
        let end_ms = self.now_ms + SETTLE_MS;
        let mut not_level = None;
        while self.now_ms < end_ms {
            self.run_until(self.now_ms + LOOK_MS)?;
            self.go_on_everywhere()?;
            not_level = self.not_level();
            if not_level.is_none() {
                return Ok(());
            }
        }
        found(Invariant::Level, not_level.unwrap_or_default())
    }

    fn heal(&mut self) -> Result<(), Finding> {
        self.hq.mounted().disk.cut_never();
        self.hq_on()?;
        for store in 0..self.plan.stores {
            self.cut_until_ms[store] = 0;
            if let Some(relay) = &mut self.relays[store] {
                relay.line = Line::default();
                relay.mounted.disk.cut_never();
            }
            self.relay_on(store)?;
        }
        for machine in 0..self.machines.len() {
            let place = &mut self.machines[machine];
            place.line = Line::default();
            place.copy_held_until_ms = 0;
            place.clock_ms = 0;
            place.printer_off_until_ms = 0;
            place.cut_at_start = None;
            place.mounted.disk.cut_never();
            place.mounted.disk.set_faults(Faults::default());
        }
        Ok(())
    }

    /// Starts what is not started: lanes that had no goods, or no room.
    fn go_on_everywhere(&mut self) -> Result<(), Finding> {
        for machine in 0..self.machines.len() {
            let place = &self.machines[machine];
            if place.condition != Condition::On || place.is_called {
                continue;
            }
            if place.agent.is_none() {
                self.machines[machine].end_programs();
                self.start_programs(machine)?;
            } else if place.lane.is_none() {
                self.start_lane(machine)?;
            } else {
                // Time passes: papers end, clocks are believed again.
                self.turn(machine, Vec::new())?;
            }
        }
        Ok(())
    }

    /// Why not everything is level, in words.
    fn not_level(&self) -> Option<String> {
        let version = match self.hq.version() {
            Ok(version) => version,
            Err(error) => return Some(error),
        };
        for place in &self.machines {
            let name = place.name();
            let words = match (place.condition, &place.agent, &place.lane) {
                (Condition::Retired, ..) => continue,
                (Condition::Off, ..) => "it has no power".to_owned(),
                (Condition::On, Some(agent), Some(lane)) => {
                    let status = agent.status();
                    let last = lane.books.journal().head().seq;
                    let filed = status.filed.map_or(0, |filed| filed.acknowledged);
                    let is_copied = agent.copied().is_none_or(|copied| copied == last)
                        || self.claims.astray.has(
                            &lane.identity().store,
                            place.lane_number,
                            lane.identity().epoch,
                        );
                    if status.is_level() && filed == last && status.version == version && !place.is_called {
                        if is_copied {
                            continue;
                        }
                        return Some(format!("{name}: the relay has {:?} of {last}", agent.copied()));
                    }
                    let alarm = status.alarm().map(ToString::to_string).unwrap_or_default();
                    format!(
                        "HQ has {filed} of {last}, it has version {} of {version}. {alarm}",
                        status.version
                    )
                }
                (Condition::On, None, _) => "its agent does not run".to_owned(),
                (Condition::On, _, None) => "its lane does not run".to_owned(),
            };
            return Some(format!("{name}: {words}"));
        }
        None
    }

    /// Reads every journal from end to end.
    fn read_everything(&mut self) -> Result<(), Finding> {
        for (place, written) in self.machines.iter().zip(&self.model.machines) {
            if place.condition == Condition::Retired {
                continue;
            }
            let verified = place.reader().and_then(|reader| match reader {
                Some(reader) => reader.verify().map(drop).map_err(|error| words(&error)),
                None => Ok(()),
            });
            if written.is_misnumbered && verified.is_ok() {
                let words = format!("{}: a misnumbered event is not seen", place.name());
                return found(Invariant::Chain, words);
            }
            if let (Err(error), false) = (verified, written.is_misnumbered) {
                return found(Invariant::Chain, format!("{}: {error}", place.name()));
            }
        }
        Ok(())
    }

    /// Says where every sale is.
    fn take_stock(&mut self) -> Result<(), Finding> {
        for machine in 0..self.machines.len() {
            if self.machines[machine].condition == Condition::Retired {
                self.model.lose_disk(machine, Written::default());
            }
        }
        let asked = self.hq.filed().and_then(|filed| Ok((filed, self.hq.forks()?)));
        let (filed, forks) = match asked {
            Ok(asked) => asked,
            Err(error) => return found(Invariant::GoesOn, format!("HQ: {error}")),
        };
        let listed = match self.hq.listed() {
            Ok(listed) => listed,
            Err(error) => return found(Invariant::GoesOn, format!("HQ: {error}")),
        };
        let at_hq: BTreeMap<_, _> =
            filed.iter().map(|(key, acknowledged, head)| (key.clone(), (*acknowledged, *head))).collect();
        let is_at_hq = |source: &(JournalKey, u64)| {
            !self.claims.astray.has(&source.0.0, source.0.1, source.0.2)
                && self.model.is_filed(&at_hq, source)
        };
        for _ in 0..self.claims.check_listed(&self.model, is_at_hq, &listed)? {
            self.days.met(BadDay::UsedTwiceAndListed);
        }
        self.account = self.model.account(&filed, &forks)?;
        for _ in 0..self.model.coupons_spent_twice() {
            self.days.met(BadDay::CouponSpentTwice);
        }
        for (key, acknowledged, head) in &filed {
            self.note(format!("{key:?} {acknowledged} {head}").as_bytes());
        }
        Ok(())
    }
}
