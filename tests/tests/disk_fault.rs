//! A lane whose disk refuses a write, is full, or has forgotten something.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::clock::ClockChange;
use domain::record::{Record, Staff};
use fixtures::shop;
use ledger::journal::{Identity, Journal, JournalReader, Stamp};
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use pos_app::run;
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

/// A lane's files in a folder, with a store and no goods.
fn files(folder: &Path) -> Result<Paths> {
    let paths = Paths { data: folder.to_owned() };
    let store = shop::demo().store;
    let mut reference = ReferenceWriter::open(&paths.reference())?;
    reference.set_identity(&Identity { store: store.code.clone(), lane: 1, epoch: 1 })?;
    let update = reference.begin()?;
    update.apply(&Change { version: 1, key: store.code.clone(), entity: Entity::Store(Some(store)) })?;
    update.commit(1)?;
    Ok(paths)
}

/// Something that a lane writes down by itself.
fn write(lane: &mut Lane) {
    let (shown_ms, reckoned_ms) = (946_684_800_000, MORNING.now_ms);
    lane.hear_clock(ClockChange::Refused { shown_ms, reckoned_ms });
    lane.turn(MORNING, [Event::Tick]);
}

fn inside() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let paths = files(folder.path())?;
    let mut lane = Lane::new(paths.clone(), Config::default());
    lane.turn(MORNING, [Event::Tick]);
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

#[test]
fn a_byte_that_rotted_long_ago_is_found_beside_the_selling_and_closes_the_lane() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let paths = files(folder.path())?;
    let mut lane = Lane::new(paths.clone(), Config::default());
    lane.turn(MORNING, [Event::Tick]);
    for _ in 0..300 {
        write(&mut lane);
    }
    drop(lane);
    // The fifth event says something else now; a start looks at the last two hundred.
    let mut bytes = std::fs::read(paths.journal())?;
    let (fifth, shown) = (br#""seq":5,"#.as_slice(), br#""shown_ms":9"#.as_slice());
    let all = |bytes: &[u8], wanted: &[u8]| -> Vec<usize> {
        (0..bytes.len()).filter(|at| bytes[*at..].starts_with(wanted)).collect()
    };
    // Where a page was split an old copy may lie in it beside the event's own.
    for at in all(&bytes, fifth) {
        let digit = all(&bytes[at..], shown).first().context("what it shows")? + at + shown.len() - 1;
        bytes[digit] = b'8';
    }
    std::fs::write(paths.journal(), bytes)?;

    let (events, found) = std::sync::mpsc::sync_channel(1);
    run::check_journal(&paths, events);
    let mut lane = Lane::new(paths, Config::default());
    lane.turn(MORNING, [Event::Tick]);
    assert_eq!(lane.journal().context("it opens")?.head().seq, 300);
    let found = found.recv_timeout(Duration::from_secs(60)).context("the check says something")?;
    lane.turn(MORNING, [found]);
    let Screen::Closed(Closed::Ledger { file, reason }) = lane.view().screen else {
        panic!("{:?}", lane.view().screen)
    };
    assert!(file.ends_with("journal.db") && reason.contains("event 5"), "{file}: {reason}");
    Ok(())
}

/// Set where this program runs with a small disk of its own.
const SMALL_DISK: &str = "GUITAI_TEST_SMALL_DISK";

#[test]
fn a_full_disk_takes_the_step_under_way_and_refuses_the_next() -> Result<()> {
    if let Some(disk) = std::env::var_os(SMALL_DISK) {
        return on_a_small_disk(Path::new(&disk));
    }
    let disk = tempfile::tempdir()?;
    let mounts = r#"mount -t tmpfs -o size=34m tmpfs "$1" || exit 77; exec "$0" --exact "$2""#;
    let done = Command::new("unshare")
        .args(["-m", "sh", "-c", mounts])
        .arg(std::env::current_exe()?)
        .arg(disk.path())
        .arg("a_full_disk_takes_the_step_under_way_and_refuses_the_next")
        .env(SMALL_DISK, disk.path())
        .output()?;
    let (out, error) = (String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
    if done.status.code() == Some(77) || error.starts_with("unshare:") {
        println!("not run: nobody may mount a small disk here: {error}");
        return Ok(());
    }
    ensure!(done.status.success() && out.contains("1 passed"), "{out}{error}");
    Ok(())
}

fn on_a_small_disk(disk: &Path) -> Result<()> {
    let identity = Identity { store: "S001".into(), lane: 1, epoch: 1 };
    let path = disk.join("journal.db");
    let stamp = Stamp {
        at_ms: MORNING.now_ms,
        offset_minutes: 480,
        business_date: chrono::NaiveDate::from_ymd_opt(2026, 11, 21).context("a day")?,
        shift: 0,
    };
    let note = |letters: usize| {
        let staff = Staff { id: "e1".into(), number: "1".into(), name: "李".repeat(letters) };
        (stamp, Record::SignedIn { staff })
    };
    let mut journal = Journal::open(&path, &identity)?;
    ensure!(journal.has_room(), "the reserve is laid");
    journal.append(&[note(1)])?;
    // Somebody fills the disk to its last byte.
    let mut rest = std::fs::File::create(disk.join("rest"))?;
    while std::io::Write::write_all(&mut rest, &[1; 512]).is_ok() {}
    // Steps are written as long as the log has room in it; the first one that has none takes the reserve's.
    let mut last = journal.head().seq;
    while journal.has_room() && last < 10_000 {
        last = journal.append(&[note(300)])?;
    }
    ensure!(last > 1 && last < 10_000, "the disk was never full");
    assert!(!path.with_extension("reserve").exists());
    // Nothing new is begun: the counter asks before.
    assert!(!journal.has_room());
    drop(journal);
    // With room again all that was told is there.
    std::fs::remove_file(disk.join("rest"))?;
    let mut journal = Journal::open(&path, &identity)?;
    assert_eq!(journal.head().seq, last);
    assert_eq!(journal.append(&[note(1)])?, last + 1);
    let reader = JournalReader::open(&path)?.context("there is one")?;
    assert_eq!(reader.verify()?.seq, last + 1);
    Ok(())
}
