//! A lane whose disk refuses a write.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::clock::ClockChange;
use fixtures::shop;
use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use protocol::pull::{Change, Entity};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use ui::view::{Closed, Screen};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

/// Set where this program runs with the signal ignored that a refused write sends.
const INSIDE: &str = "GUITAI_TEST_DISK_FAULT";

#[test]
fn a_disk_that_refuses_a_write_locks_the_lane_until_it_is_started_again() -> Result<()> {
    if std::env::var_os(INSIDE).is_some() {
        return inside();
    }
    let name = "a_disk_that_refuses_a_write_locks_the_lane_until_it_is_started_again";
    let done = Command::new("sh")
        .args(["-c", r#"trap "" XFSZ; exec "$0" --exact "$1""#])
        .arg(std::env::current_exe()?)
        .arg(name)
        .env(INSIDE, "1")
        .output()?;
    let out = String::from_utf8_lossy(&done.stdout);
    ensure!(done.status.success() && out.contains("1 passed"), "{out}");
    Ok(())
}

/// Lets no file of this process grow beyond so many bytes.
fn let_files_grow_to(bytes: Option<u64>) -> Result<()> {
    let limit = getrlimit(Resource::Fsize);
    Ok(setrlimit(Resource::Fsize, Rlimit { current: bytes.or(limit.maximum), ..limit })?)
}

fn inside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let paths = Paths { data: folder.path().to_owned() };
    let store = shop::demo().store;
    let mut reference = ReferenceWriter::open(&paths.reference())?;
    reference.set_identity(&Identity { store: store.code.clone(), lane: 1, epoch: 1 })?;
    let update = reference.begin()?;
    update.apply(&Change { version: 1, key: store.code.clone(), entity: Entity::Store(Some(store)) })?;
    update.commit(1)?;

    let mut lane = Lane::new(paths.clone(), Config::default());
    lane.turn(MORNING, [Event::Tick]);
    let write = |lane: &mut Lane| {
        let (shown_ms, reckoned_ms) = (946_684_800_000, MORNING.now_ms);
        lane.hear_clock(ClockChange::Refused { shown_ms, reckoned_ms });
        lane.turn(MORNING, [Event::Tick]);
    };
    write(&mut lane);
    assert_eq!(lane.journal().context("it is open")?.head().seq, 1);

    let log = paths.journal().with_extension("db-wal");
    let_files_grow_to(Some(std::fs::metadata(&log)?.len()))?;
    write(&mut lane);
    let Screen::Closed(Closed::DiskFailed { file, reason }) = lane.view().screen else {
        panic!("{:?}", lane.view().screen)
    };
    assert!(file.ends_with("journal.db"), "{file}");
    assert!(reason.contains("disk I/O error"), "{reason}");

    // The disk is well again: the lane stays closed until somebody starts it.
    let_files_grow_to(None)?;
    write(&mut lane);
    assert!(lane.till().is_none());
    drop(lane);
    let mut lane = Lane::new(paths, Config::default());
    lane.turn(MORNING, [Event::Tick]);
    assert_eq!(lane.journal().context("it is open again")?.head().seq, 1);
    write(&mut lane);
    assert_eq!(lane.journal().context("it writes again")?.head().seq, 2);
    Ok(())
}
