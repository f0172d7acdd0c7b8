//! The reference's log stays small whoever reads beside its writer.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::label::LabelNumber;
use ledger::reference::Reference;
use ledger::reference::shelf::{LabelFace, LabelState};

use super::*;

/// Labels that are heard at one time.
const HEARD: u16 = 400;

/// Such writes, in all some 80 MiB of log where it never begins anew.
const WRITES: i64 = 60;

/// What one write may add to the log after it was looked at, and what waits
/// until a reader has moved on.
const SLACK_BYTES: u64 = 12 << 20;

fn heard(at_ms: i64) -> ShelfChanges {
    let mut state = LabelState::new(at_ms);
    state.seen_ms = Some(at_ms);
    let texts = [("name", "商品".repeat(200))].map(|(name, text)| (name.to_owned(), text)).into();
    state.shown = Some(LabelFace { template: "normal".into(), texts, ..LabelFace::default() });
    let number = |place: u16| LabelNumber::parse(&format!("{place:016X}")).expect("a number");
    let states = (1..=HEARD).map(|place| (number(place), state.clone())).collect();
    ShelfChanges { states, is_kept: true, ..ShelfChanges::default() }
}

fn log_bytes(path: &Path) -> u64 {
    std::fs::metadata(path.with_extension("db-wal")).expect("a log").len()
}

/// The largest that the log is while labels are heard and `between` is done
/// between two writes.
fn largest_log(path: &Path, desk: &ReferenceDesk, mut between: impl FnMut()) -> u64 {
    let mut largest = 0;
    for at_ms in 0..WRITES {
        desk.write_shelf(heard(at_ms)).expect("it works").expect("written");
        between();
        largest = largest.max(log_bytes(path));
    }
    largest
}

#[test]
fn the_log_stays_small_beside_an_agent_that_looks_and_a_till_that_moves_on() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reference.db");
    let desk = ReferenceDesk::open(&path).expect("a desk");
    // As the keeper of labels does: it looks, and rests.
    let keeper = Reference::open(&path).expect("opened").expect("there");
    keeper.rest().expect("rested");
    // As a till does that serves nobody: it stands on a version all the time,
    // and moves on.
    let is_over = AtomicBool::new(false);
    let largest = std::thread::scope(|scope| {
        scope.spawn(|| {
            let till = Reference::open(&path).expect("opened").expect("there");
            while !is_over.load(Ordering::Relaxed) {
                till.refresh().expect("refreshed");
                std::thread::park_timeout(Duration::from_millis(1));
            }
        });
        let largest = largest_log(&path, &desk, || {
            keeper.refresh().expect("refreshed");
            keeper.rest().expect("rested");
        });
        is_over.store(true, Ordering::Relaxed);
        largest
    });
    assert!(largest <= WAL_BYTES_TIDIED + SLACK_BYTES, "the log grew to {largest} bytes");
}

#[test]
fn a_till_with_an_open_basket_holds_nobody_up_and_the_log_is_emptied_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("reference.db");
    let mut writer = ReferenceWriter::open(&path).expect("a writer");
    let till = Reference::open(&path).expect("opened").expect("there");
    for at_ms in 0..3 {
        writer.write_shelf(&heard(at_ms)).expect("written");
    }
    assert!(log_bytes(&path) > 1 << 20);
    assert!(!writer.tidy_within(Duration::from_millis(50)).expect("asked"), "a basket is open");
    writer.write_shelf(&heard(3)).expect("written all the same");
    till.rest().expect("rested");
    assert!(writer.tidy_within(Duration::from_millis(50)).expect("asked"));
    assert_eq!(log_bytes(&path), 0);
}
