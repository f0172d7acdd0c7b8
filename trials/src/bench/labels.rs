//! A price change of a store with ten thousand labels, from HQ to the last label's confirmation.

use std::time::Duration;

use anyhow::{Result, ensure};
use fixtures::bench::{Effort, Report};
use sync_agent::reference::WAL_BYTES_TIDIED;

use crate::labels::{LabelledStore, Size, Trouble};

/// Labels of a large store; a quick look takes fewer.
const LABELS: usize = 10_000;

/// Access points that have them.
const POINTS: usize = 4;

/// How fast the access points' clocks run: ten thousand labels take forty minutes of theirs, and two of ours.
const SPEED: u64 = 20;

/// After the changes nobody does anything for so long, milliseconds of the access points' clocks: labels are heard.
const IDLE_MS: u64 = 20 * 60_000;

/// Labels that are then bound to other goods, one after the other.
const PUSHES: usize = 40;

/// From the second scan to the push, milliseconds.
const PUSH_ALLOWED_MS: i64 = 1_000;

/// What a change may take of the least that the access points could need, per cent.
const ALLOWED_PERCENT: u64 = 110;

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let labels = LABELS.min(effort.rounds_max * 10);
    let folder = super::folder()?;
    let size = Size { labels, points: POINTS, speed: SPEED, patience: Duration::from_secs(1_200) };
    let mut store = LabelledStore::open(folder.path(), size)?;
    // Every label's first face.
    store.change(1, Trouble::None)?;
    store.check()?;
    let plain = store.change(2, Trouble::None)?;
    store.check()?;
    let hard = store.change(3, Trouble::Much)?;
    store.check()?;
    store.idle(IDLE_MS);
    let pushes = store.push_times(PUSHES)?;
    let log_bytes = store.log_bytes_max();
    store.close()?;
    ensure!(hard.uploads >= plain.uploads, "what was lost was sent again");
    let of = |ms: u64| i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    report.add(
        format!("labels: a price change of {labels} labels over {POINTS} access points"),
        (of(plain.took_ms), "s"),
        ("the least that they could need", of(plain.least_ms)),
    );
    report.add(
        "labels: the same, one transfer in 20 lost, two reboots, the agent begun anew",
        (of(hard.took_ms), "s"),
        ("without", of(plain.took_ms)),
    );
    let of_pushes = |place: usize| pushes.get(place).map_or(0, |ms| i64::try_from(*ms).unwrap_or(i64::MAX));
    report.add(
        format!("labels: from a binding on the disk to the push, beside {labels} labels, median"),
        (of_pushes(pushes.len() / 2), "ms"),
        ("what is allowed", PUSH_ALLOWED_MS),
    );
    report.add(
        "labels: the same, the longest of them",
        (of_pushes(pushes.len().saturating_sub(1)), "ms"),
        ("what is allowed", PUSH_ALLOWED_MS),
    );
    report.add(
        "labels: the log of the agent's file, the largest that it was",
        (i64::try_from(log_bytes >> 20).unwrap_or(i64::MAX), "MiB"),
        ("from which on it is emptied", i64::try_from(WAL_BYTES_TIDIED >> 20).unwrap_or(i64::MAX)),
    );
    report.note(format!(
        "labels: seconds of the access points' clocks, {SPEED} times as fast as the wall's; after each change every label \
         was looked at and shows its price; {} and {} uploads; {} % of the least, {ALLOWED_PERCENT} % is the limit.",
        plain.uploads,
        hard.uploads,
        plain.percent()
    ));
    Ok(())
}
