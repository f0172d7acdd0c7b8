//! A sale's way to the disk, beside the same bytes without a database.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::record::Record;
use fixtures::bench::{Effort, Report, quantile, timed};
use ledger::file::Trial;
use ledger::journal::{Journal, REST_EVENTS, Stamp, TAIL_CHECKED};

use super::{a_sale, one_day, waited};
use crate::counter::identity;
use crate::vfs::counting::{self, Tally};
use crate::vfs::flushes::Flushes;

/// Sales that are measured one right after the other.
const SALES: usize = 3_000;

/// Sales that are measured with a pause before each: customers come one by one.
const SALES_AT_LEISURE: usize = 400;

/// Longer than the clock of files stands still, which hides what their times cost.
const PAUSE: Duration = Duration::from_millis(6);

/// Sales before: until the write-ahead log was once round, so that it is
/// written over and grows no more, as in a lane that has been on for an hour.
const SALES_BEFORE: usize = 400;

/// The file that is written beside is as long as a write-ahead log becomes.
const RAW_BYTES: usize = 4 << 20;

/// What was measured of a number of sales.
#[derive(Default)]
struct Times {
    commits: Vec<i64>,
    raws: Vec<i64>,
    events: Vec<i64>,
    flushes: u64,
    whole_flushes: u64,
    one_flush: i64,
    log_bytes: u64,
}

/// A journal and a file, side by side on one disk.
struct Bench {
    journal: Journal,
    raw: Raw,
    sale: (Stamp, Record),
    event_bytes: usize,
}

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = super::folder()?;
    let sale = a_sale(&one_day(folder.path(), 2_000)?)?;
    // The machine's own disk, with a tally between SQLite and it.
    let trial = Trial { vfs: counting::vfs(), secret: None, synchronous: "FULL", tail_checked: TAIL_CHECKED };
    let journal = Journal::open_trial(&folder.path().join("journal.db"), &identity(), &trial)?;
    let event_bytes = event_bytes(&sale);
    let mut bench = Bench { journal, raw: Raw::new(folder.path())?, sale, event_bytes };
    bench.sell(SALES_BEFORE, Duration::ZERO)?;
    let sales = SALES.min(effort.rounds_max * 3);
    let mut times = bench.sell(sales, Duration::ZERO)?;
    let mut at_leisure = bench.sell(SALES_AT_LEISURE.min(sales), PAUSE)?;
    let cpu = bench.cpu(sales / 10)?;

    let raw = "a raw write + fdatasync of the same bytes, interleaved";
    let mut add = |name: &str, times: &mut Times, thousandths| {
        let (commit, raw_time) =
            (quantile(&mut times.commits, thousandths), quantile(&mut times.raws, thousandths));
        report.add(format!("ledger: sale commit, {name}"), (commit / 1_000, "us"), (raw, raw_time / 1_000));
    };
    add("median", &mut times, 500);
    add("99 %", &mut times, 990);
    add("with pauses, median", &mut at_leisure, 500);
    report.add(
        "ledger: sale commit, median, beside its event's bytes alone",
        (quantile(&mut times.commits, 500) / 1_000, "us"),
        ("a raw write + fdatasync of the event", quantile(&mut times.events, 500) / 1_000),
    );
    report.add(
        "ledger: sale commit, our and SQLite's CPU, median",
        (cpu.0 / 1_000, "us"),
        ("the CPU of the raw write", cpu.1 / 1_000),
    );
    let all = i64::try_from(sales)?;
    report.add("ledger: flushes of sales", (i64::try_from(times.flushes)?, "flushes"), ("sales", all));
    report.add("ledger: sales with exactly one flush", (times.one_flush, "sales"), ("sales", all));
    report.add(
        "ledger: bytes written for a sale of five lines",
        (i64::try_from(times.log_bytes)? / all, "B"),
        ("bytes of its event", i64::try_from(event_bytes)?),
    );
    ensure!(times.whole_flushes == 0, "SQLite was built without fdatasync");
    report.note(format!(
        "The goal of 1.15 is held against the bytes that the log gets, pages included, as the raw floor was. Flushes are \
         system calls, counted where they leave; the log is moved between customers, every {REST_EVENTS} events."
    ));
    Ok(())
}

impl Bench {
    /// Sells so often, each sale beside raw writes, the one or the other first.
    fn sell(&mut self, sales: usize, pause: Duration) -> Result<Times> {
        let mut times = Times::default();
        let mut log_bytes = 4_120;
        for number in 0..sales {
            if self.journal.wants_rest() {
                // What a lane does between customers.
                self.journal.tidy()?;
            }
            let raw_first = number % 2 == 0;
            if raw_first {
                std::thread::sleep(pause);
                times.raws.push(self.raw.write(log_bytes)?);
            }
            std::thread::sleep(pause);
            let (before, before_flushes) = (Tally::now(), Flushes::of_this_thread());
            let (commit, done) = waited(|| self.journal.append(std::slice::from_ref(&self.sale)));
            done?;
            let (asked, flushes) =
                (Tally::now().since(before), Flushes::of_this_thread().since(before_flushes));
            log_bytes = usize::try_from(asked.wal_bytes)?;
            if !raw_first {
                std::thread::sleep(pause);
                times.raws.push(self.raw.write(log_bytes)?);
            }
            std::thread::sleep(pause);
            times.events.push(self.raw.write(self.event_bytes)?);
            times.commits.push(commit);
            times.log_bytes += asked.wal_bytes;
            times.flushes += flushes.whole + flushes.data;
            times.whole_flushes += flushes.whole;
            times.one_flush += i64::from(flushes == Flushes { whole: 0, data: 1 });
        }
        Ok(times)
    }

    /// The processor's time of a commit, and of a raw write of as much.
    fn cpu(&mut self, sales: usize) -> Result<(i64, i64)> {
        let (mut commits, mut raws) = (Vec::new(), Vec::new());
        for _ in 0..sales {
            if self.journal.wants_rest() {
                self.journal.tidy()?;
            }
            let before = Tally::now();
            let (commit, done) = timed(|| self.journal.append(std::slice::from_ref(&self.sale)));
            done?;
            let bytes = usize::try_from(Tally::now().since(before).wal_bytes)?;
            let (raw, done) = timed(|| self.raw.write(bytes));
            done?;
            commits.push(commit);
            raws.push(raw);
        }
        Ok((quantile(&mut commits, 500), quantile(&mut raws, 500)))
    }
}

/// A file of a fixed length that is written over and over.
struct Raw {
    file: File,
    at: usize,
    number: u8,
    buffer: Vec<u8>,
}

impl Raw {
    fn new(folder: &std::path::Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).truncate(true).write(true).open(folder.join("raw"))?;
        file.write_all_at(&vec![0xA5; RAW_BYTES], 0)?;
        file.sync_all()?;
        Ok(Self { file, at: 0, number: 0, buffer: Vec::new() })
    }

    /// Writes so many bytes and flushes them; gives the time, nanoseconds.
    fn write(&mut self, bytes: usize) -> Result<i64> {
        self.number = self.number.wrapping_add(1);
        self.buffer.clear();
        self.buffer.resize(bytes, self.number);
        if self.at + bytes > RAW_BYTES {
            self.at = 0;
        }
        let at = self.at as u64;
        let (time, done) = waited(|| {
            self.file.write_all_at(&self.buffer, at)?;
            self.file.sync_data()
        });
        done?;
        self.at += bytes;
        Ok(time)
    }
}

fn event_bytes((stamp, record): &(Stamp, Record)) -> usize {
    let of = identity();
    let event = protocol::event::Event {
        v: protocol::event::EVENT_VERSION,
        store: of.store,
        lane: of.lane,
        epoch: of.epoch,
        seq: 1,
        at_ms: stamp.at_ms,
        offset_minutes: stamp.offset_minutes,
        business_date: stamp.business_date,
        shift: stamp.shift,
        fact: record.into(),
    };
    protocol::event::encode(&event).len()
}
