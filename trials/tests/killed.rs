//! A lane's process is killed at any moment, again and again: every sale that
//! it told of is there once, and at most one more.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, ensure};
use domain::record::Record;
use fixtures::bench::Dice;
use ledger::journal::JournalReader;
use protocol::event;

/// How often it is killed: `GUITAI_KILLS`, or as often as takes some seconds.
const KILLS: u64 = 200;

/// A process tells of so many sales at most before it is killed.
const TOLD_MAX: u64 = 3;

#[test]
fn a_killed_lane_has_every_sale_that_it_told_of_once() -> Result<()> {
    let kills = std::env::var("GUITAI_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(KILLS);
    let folder = tempfile::tempdir()?;
    let mut dice = Dice::new(20_260_302);
    let mut stored: Vec<u64> = Vec::new();
    let (mut told_in_all, mut untold, mut at) = (0, 0, 0);
    for kill in 0..kills {
        let told = sell_until_killed(folder.path(), kill, &mut dice)?;
        let new = sales_after(folder.path(), &mut at)?;
        let last = told.last().copied().unwrap_or(0);
        let more: Vec<u64> = new.iter().copied().filter(|seq| *seq > last).collect();
        // Those told of are there in order, and after them at most one.
        ensure!(new == [told.as_slice(), more.as_slice()].concat(), "told {told:?}, stored {new:?}");
        ensure!(more.len() <= 1, "{} sales nobody was told of", more.len());
        told_in_all += told.len();
        untold += more.len();
        stored.extend(new);
    }
    let reader = JournalReader::open(&folder.path().join("journal.db"))?.context("there is a journal")?;
    reader.verify()?;
    let mut at = 0;
    ensure!(sales_after(folder.path(), &mut at)? == stored, "the past has changed");
    ensure!(told_in_all >= usize::try_from(kills)?, "only {told_in_all} sales were told of");
    let doubled = doubled(folder.path())?;
    ensure!(doubled.is_empty(), "sales of the same basket: {doubled:?}");
    println!("{kills} kills, {told_in_all} sales told of, {untold} more on disk, 0 lost, 0 doubled");
    Ok(())
}

/// Pairs of sales of one basket: what was sold twice. Every sale empties the basket, so each must have lines of its own
/// that were written after the sale before.
fn doubled(folder: &Path) -> Result<Vec<(u64, u64)>> {
    let reader = JournalReader::open(&folder.join("journal.db"))?.context("there is a journal")?;
    let (mut doubled, mut last, mut begun) = (Vec::new(), 0, false);
    for entry in reader.entries_after(0, usize::MAX, usize::MAX)? {
        match event::decode(&entry.bytes)?.record()? {
            Record::SaleCompleted { .. } => {
                if !begun {
                    doubled.push((last, entry.seq));
                }
                (last, begun) = (entry.seq, false);
            }
            Record::LineAdded { .. }
            | Record::BasketRecalled { .. }
            | Record::BasketTaken { .. }
            | Record::LineReturned { .. } => begun = true,
            _ => {}
        }
    }
    Ok(doubled)
}

/// Starts a lane and kills it at a moment of its next sale, or of its start.
fn sell_until_killed(folder: &Path, seed: u64, dice: &mut Dice) -> Result<Vec<u64>> {
    let mut lane = Command::new(env!("CARGO_BIN_EXE_seller"))
        .arg(folder)
        .arg(seed.to_string())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut lines = BufReader::new(lane.stdout.take().context("what it says")?).lines();
    let mut told = Vec::new();
    for _ in 0..dice.below(TOLD_MAX + 1) {
        told.push(lines.next().context("it ended by itself")??.parse()?);
    }
    // Some moment between now and a few sales later.
    for turn in 0..dice.below(1_000_000) {
        std::hint::black_box(turn);
    }
    lane.kill()?;
    lane.wait()?;
    // What it said before it died it had on disk. A pipe takes a short line
    // whole or not at all.
    for line in lines {
        told.push(line?.parse()?);
    }
    Ok(told)
}

/// The numbers of the sales after an event, to which it then points anew.
fn sales_after(folder: &Path, at: &mut u64) -> Result<Vec<u64>> {
    let Some(reader) = JournalReader::open(&folder.join("journal.db"))? else { return Ok(Vec::new()) };
    let mut sales = Vec::new();
    for entry in reader.entries_after(*at, usize::MAX, usize::MAX)? {
        ensure!(entry.seq == *at + 1, "event {} follows {at}", entry.seq);
        *at = entry.seq;
        if matches!(event::decode(&entry.bytes)?.record()?, Record::SaleCompleted { .. }) {
            sales.push(entry.seq);
        }
    }
    Ok(sales)
}
