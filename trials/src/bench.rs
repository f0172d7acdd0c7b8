//! What the ledger takes, beside what the machine takes for as much.

mod commit;
mod goods;
mod labels;
mod paper;
mod sync;
mod years;

use std::time::Instant;

use anyhow::{Result, anyhow};
use chrono::NaiveDate;
use domain::record::Record;
use fixtures::bench::Benchmark;
use ledger::journal::{Journal, Stamp};

use crate::counter::{Counter, Day, Goods, Outside, PaperOrder, identity, restore, settings};

pub use goods::cold_start;
pub use sync::ALL as SYNC;

/// The benchmarks that need files.
pub const ALL: &[Benchmark] = &[
    Benchmark { name: "ledger-commit", about: "a sale's way to the disk", run: commit::run },
    Benchmark { name: "devices-paper", about: "a receipt's way to the printer", run: paper::run },
    Benchmark {
        name: "labels-change",
        about: "a price change of a store, from HQ to the last label",
        run: labels::run,
    },
    Benchmark { name: "ledger-goods", about: "goods among a million, and a lane's start", run: goods::run },
    Benchmark { name: "ledger-years", about: "a lane's years in one journal", run: years::run },
];

/// A folder for a lane's files beside what is built, which lies on a disk: the
/// machine's folder for passing things may be memory.
fn folder() -> Result<tempfile::TempDir> {
    std::fs::create_dir_all("target")?;
    Ok(tempfile::Builder::new().prefix("bench-").tempdir_in("target")?)
}

/// How long something takes by the clock on the wall, nanoseconds, with what
/// it gives: the disk is waited for.
fn waited<T>(act: impl FnOnce() -> T) -> (i64, T) {
    let began = Instant::now();
    let out = act();
    (i64::try_from(began.elapsed().as_nanos()).unwrap_or(i64::MAX), out)
}

/// The records of one long day, of at least so many: real ones, that a till made.
fn one_day(folder: &std::path::Path, records_min: usize) -> Result<Vec<(Stamp, Record)>> {
    let (goods, settings) = (Goods::demo(), settings());
    let journal = Journal::open(&folder.join("day.db"), &identity())?;
    let restored = restore(&journal, &settings)?;
    let mut outside = Outside { now_ms: 1_772_416_800_000, ..Outside::default() };
    let mut counter =
        Counter::start(journal, restored, &goods, &settings, PaperOrder::AfterTheDisk, &mut outside);
    let mut day = Day::endless(1);
    while counter.outside.acknowledged.len() < records_min {
        day.go_on(&mut counter)?;
    }
    Ok(outside.acknowledged)
}

/// A real sale of five lines.
#[cfg(test)]
pub(crate) fn a_sale_of_a_day(folder: &std::path::Path) -> Result<(Stamp, Record)> {
    a_sale(&one_day(folder, 500)?)
}

/// The sale in the middle of a day, and its stamp.
fn a_sale(day: &[(Stamp, Record)]) -> Result<(Stamp, Record)> {
    let mut sales = day
        .iter()
        .filter(|(_, record)| matches!(record, Record::SaleCompleted { sale } if sale.lines.len() == 5));
    sales.next().cloned().ok_or_else(|| anyhow!("no sale of five lines in a day"))
}

/// A stamp so many days later.
fn later(stamp: Stamp, days: u64) -> Stamp {
    let business_date: NaiveDate =
        stamp.business_date.checked_add_days(chrono::Days::new(days)).unwrap_or(stamp.business_date);
    let day_ms = i64::try_from(days).unwrap_or(0) * 86_400_000;
    let shift = stamp.shift + u32::try_from(days).unwrap_or(0);
    Stamp { at_ms: stamp.at_ms + day_ms, business_date, shift, ..stamp }
}
