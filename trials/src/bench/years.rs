//! A lane's years in one journal: whether the last sale takes longer than the
//! first, and the last start.

use std::path::Path;

use anyhow::Result;
use domain::record::Record;
use fixtures::bench::{Effort, Report, quantile};
use ledger::journal::{Journal, Stamp};

use super::{a_sale, later, one_day, waited};
use crate::counter::{identity, restore, settings};

/// Events of one day of a lane: ten million in ten years.
const EVENTS_OF_A_DAY: usize = 2_740;

/// Sales and starts that are measured at each mark.
const SALES: usize = 200;
const STARTS: usize = 21;

/// What was measured at one mark.
struct Mark {
    events: u64,
    append_ns: i64,
    start_ns: i64,
}

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = super::folder()?;
    let day = one_day(folder.path(), EVENTS_OF_A_DAY)?;
    let path = folder.path().join("journal.db");
    let mut marks = Vec::new();
    let mut days = 0;
    for tenth in [1, 5, 10] {
        let until = effort.events * tenth / 10;
        let mut journal = Journal::open(&path, &identity())?;
        while journal.head().seq < until {
            let records: Vec<(Stamp, Record)> =
                day.iter().map(|(stamp, record)| (later(*stamp, days), record.clone())).collect();
            journal.append(&records)?;
            days += 1;
        }
        drop(journal);
        marks.push(measure(&path, &day)?);
    }
    let (first, last) = (&marks[0], &marks[marks.len() - 1]);
    for mark in &marks[1..] {
        report.add(
            format!("ledger: sale commit after {} events, median", mark.events),
            (mark.append_ns / 1_000, "us"),
            (&format!("after {}", first.events), first.append_ns / 1_000),
        );
        report.add(
            format!("ledger: start of a lane after {} events, median", mark.events),
            (mark.start_ns / 1_000, "us"),
            (&format!("after {}", first.events), first.start_ns / 1_000),
        );
    }
    let bytes = std::fs::metadata(&path)?.len();
    report.note(format!(
        "Years: {} events in {} days of {} each, {} MB; ten years of a busy lane are some 10,000,000 (--events).",
        last.events,
        days,
        day.len(),
        bytes >> 20
    ));
    Ok(())
}

fn measure(path: &Path, day: &[(Stamp, Record)]) -> Result<Mark> {
    let (sale, settings) = (a_sale(day)?, settings());
    let mut starts = Vec::new();
    for _ in 0..STARTS {
        let (start, done) = waited(|| -> Result<()> {
            let journal = Journal::open(path, &identity())?;
            restore(&journal, &settings)?;
            Ok(())
        });
        done?;
        starts.push(start);
    }
    let mut journal = Journal::open(path, &identity())?;
    let mut appends = Vec::new();
    for _ in 0..SALES {
        let (append, done) = waited(|| journal.append(std::slice::from_ref(&sale)));
        done?;
        appends.push(append);
    }
    Ok(Mark {
        events: journal.head().seq,
        append_ns: quantile(&mut appends, 500),
        start_ns: quantile(&mut starts, 500),
    })
}
