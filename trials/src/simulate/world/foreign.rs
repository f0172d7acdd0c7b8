//! Events that no till of today writes: those of an older program, whose
//! journal the lane took over, and one that a faulty program misnumbered.

use std::path::Path;

use domain::record::Record;
use ledger::journal::Identity;
use rusqlite::{Connection, OpenFlags};

use super::{BadDay, Condition, Finding, World};
use crate::powercut::{JOURNAL, words};
use crate::simulate::machine::Foreign;

/// A sale in the form of the first release.
const OLD_SALE: &str = include_str!("../../../../fixtures/wire/v1/sale_completed.json");

/// A drawer that was opened, in the form of the first release.
const OLD_DRAWER: &str = include_str!("../../../../fixtures/wire/v1/drawer_opened.json");

impl World<'_> {
    /// Writes what waits to come between two customers.
    pub(super) fn insert_foreign(&mut self, machine: usize, foreign: Foreign) -> Result<(), Finding> {
        match foreign {
            Foreign::OldForm => {
                if self.insert(machine, OLD_SALE, "sale_completed", 0)? {
                    self.days.met(BadDay::OtherForm);
                    self.machines[machine].foreign = None;
                }
            }
            Foreign::Misnumbered => {
                if self.insert(machine, OLD_DRAWER, "drawer_opened", 7)? {
                    self.model.machines[machine].is_misnumbered = true;
                    self.machines[machine].foreign = None;
                }
            }
        }
        Ok(())
    }

    /// Writes a sample's fact under the next number. Only between two
    /// customers, in an open shift.
    fn insert(&mut self, machine: usize, sample: &str, kind: &str, off_by: u64) -> Result<bool, Finding> {
        let Some(lane) = &self.machines[machine].lane else { return Ok(false) };
        let (identity, till) = (lane.identity().clone(), lane.till());
        let Some(shift) = till.shift().filter(|_| till.basket().is_empty()) else { return Ok(false) };
        self.machines[machine].mounted.disk.cut_never();
        self.stop(machine)?;
        if self.machines[machine].condition != Condition::On {
            return Ok(false);
        }
        let chain = self.model.machines[machine].chain(&identity);
        let (seq, previous) = (chain.last() + 1, chain.hash_at(chain.last()));
        // Stamps never go back.
        let at_ms = chain.last_stamp().unwrap_or(0).max(self.now_ms);
        let Identity { store, lane, epoch } = &identity;
        let (_, fact) = sample.split_once(r#""type":"#).unwrap_or_default();
        let event = format!(
            r#"{{"v":1,"store":"{store}","lane":{lane},"epoch":{epoch},"seq":{},"at_ms":{},"offset_minutes":480,"business_date":"{}","shift":{},"type":{}"#,
            seq + off_by,
            at_ms,
            shift.business_date,
            shift.number,
            fact.trim_end()
        );
        let Some(hash) = previous.map(|hash| hash.extend(event.as_bytes())) else { return Ok(false) };
        let written = Connection::open_with_flags_and_vfs(
            Path::new(JOURNAL),
            OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            self.machines[machine].trial.vfs,
        )
        .and_then(|connection| {
            connection.execute(
                "INSERT INTO event (epoch, seq, kind, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
                (epoch, seq, kind, hash.as_bytes(), event.as_bytes()),
            )
        });
        if let Err(error) = written {
            self.disk_fails(machine, &words(&error))?;
            self.start_programs(machine)?;
            return Ok(false);
        }
        self.model.machines[machine].insert_foreign(&identity, hash, at_ms);
        self.take_over(machine, &identity, seq)?;
        self.start_programs(machine)?;
        Ok(true)
    }

    /// A sale that came so is one of the lane's.
    fn take_over(&mut self, machine: usize, identity: &Identity, seq: u64) -> Result<(), Finding> {
        let Ok(Some(reader)) = self.machines[machine].reader() else { return Ok(()) };
        let Ok(entries) = reader.entries_after(seq - 1, 1, usize::MAX) else { return Ok(()) };
        let Some(stored) = entries.first().and_then(|entry| reader.stored(entry).ok()) else { return Ok(()) };
        if let Record::SaleCompleted { sale } = &stored.record {
            self.sales += 1;
            self.model.machines[machine].sell(identity, seq, stored.stamp.business_date, sale)?;
        }
        Ok(())
    }
}
