//! A sale's way to the disk, beside the same bytes without a database.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;

use anyhow::{Result, ensure};
use fixtures::bench::{Effort, Report, quantile};
use ledger::file::Trial;
use ledger::journal::{Journal, TAIL_CHECKED};

use super::{a_sale, one_day, waited};
use crate::counter::identity;
use crate::vfs::counting::{self, Tally};

/// Sales that are measured.
const SALES: usize = 3_000;

/// Sales before: until the write-ahead log was once round, so that it is
/// written over and grows no more, as in a lane that has been on for an hour.
const SALES_BEFORE: usize = 1_000;

/// The file that is written beside is as long as a write-ahead log becomes.
const RAW_BYTES: usize = 4 << 20;

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = super::folder()?;
    let sale = a_sale(&one_day(folder.path(), 2_000)?)?;
    // The machine's own disk, with a tally between SQLite and it.
    let trial = Trial { vfs: counting::vfs(), synchronous: "FULL", tail_checked: TAIL_CHECKED };
    let mut journal = Journal::open_trial(&folder.path().join("journal.db"), &identity(), &trial)?;
    let raw = raw_file(folder.path())?;
    let (mut commits, mut raws) = (Vec::new(), Vec::new());
    let (mut plain, mut checkpoints, mut flushes, mut bytes_written) = (0, 0, 0, 0);
    let mut at = 0;
    let sales = SALES.min(effort.rounds_max * 3);
    for number in 0..SALES_BEFORE + sales {
        let before = Tally::now();
        let (commit, done) = waited(|| journal.append(std::slice::from_ref(&sale)));
        done?;
        let asked = Tally::now().since(before);
        let bytes = vec![u8::try_from(number % 256)?; usize::try_from(asked.wal_bytes)?];
        if at + bytes.len() > RAW_BYTES {
            at = 0;
        }
        let (raw, done) = waited(|| raw.write_all_at(&bytes, at as u64).and_then(|()| raw.sync_data()));
        done?;
        at += bytes.len();
        if number < SALES_BEFORE {
            continue;
        }
        commits.push(commit);
        raws.push(raw);
        bytes_written += asked.wal_bytes;
        flushes += asked.wal_syncs + asked.database_syncs;
        if asked.wal_syncs == 1 && asked.database_syncs == 0 {
            plain += 1;
        } else {
            checkpoints += 1;
        }
    }
    // A checkpoint flushes the database; the next commit flushes the log's new head.
    ensure!(checkpoints * 50 < plain, "{checkpoints} of {sales} sales did not take one flush");
    let raw = "a raw write + fdatasync of the same bytes, interleaved";
    let (commit_p50, raw_p50) = (quantile(&mut commits, 500), quantile(&mut raws, 500));
    report.add("ledger: sale commit, median", (commit_p50 / 1_000, "us"), (raw, raw_p50 / 1_000));
    report.add(
        "ledger: sale commit, 99 %",
        (quantile(&mut commits, 990) / 1_000, "us"),
        (raw, quantile(&mut raws, 990) / 1_000),
    );
    let sales = i64::try_from(sales)?;
    report.add("ledger: flushes of sales", (i64::try_from(flushes)?, "flushes"), ("sales", sales));
    report.add("ledger: sales with exactly one flush", (plain, "sales"), ("sales", sales));
    report.add(
        "ledger: bytes written for a sale of five lines",
        (i64::try_from(bytes_written)? / sales, "B"),
        ("bytes of its event", i64::try_from(event_bytes(&sale))?),
    );
    report.note(format!(
        "A commit takes one flush; {checkpoints} of {sales} took more, because the log was moved into the database then."
    ));
    Ok(())
}

fn raw_file(folder: &std::path::Path) -> Result<File> {
    let raw = OpenOptions::new().create(true).truncate(true).write(true).open(folder.join("raw"))?;
    raw.write_all_at(&vec![0xA5; RAW_BYTES], 0)?;
    raw.sync_all()?;
    Ok(raw)
}

fn event_bytes((stamp, record): &(ledger::journal::Stamp, domain::record::Record)) -> usize {
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
