//! A scanner that acts as a keyboard, before a window that is slow: the real program on a virtual screen, which gets to run
//! for some milliseconds and then not at all for longer than a scanner pauses between two keys.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::time::Duration;

use anyhow::{Result, ensure};
use domain::record::Record;
use pos_app::config::Paths;
use std::process::Command;
use tests::display::Display;
use tests::process::{Running, program, wait_for};
use tests::shop::{LaneFiles, code_of};

/// How long the window does nothing at a time: some ten keys of a scanner wait then.
const HALTED: Duration = Duration::from_millis(80);

/// How long it may run in between.
const FREE: Duration = Duration::from_millis(7);

/// Goods of the demo shop.
const SKUS: [&str; 4] = ["100001", "100010", "100028", "100024"];

fn items(files: &LaneFiles) -> Result<Vec<String>> {
    let records = files.records()?;
    let lines = records.iter().filter_map(|stored| match &stored.record {
        Record::LineAdded { line } => Some(line.item.sku.clone()),
        _ => None,
    });
    Ok(lines.collect())
}

#[test]
fn a_scan_before_a_slow_window_is_sold_whole() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let lane = folder.path().join("lane");
    std::fs::create_dir_all(&lane)?;
    tests::stand::reference(&lane, 1)?;
    std::fs::write(lane.join("lane.toml"), "[sound]\nplayer = [\"true\"]\n")?;
    let display = Display::start(1_024, 768)?;
    let mut till = Command::new(program("pos-app")?);
    till.env("DISPLAY", display.name()).env("SLINT_SCALE_FACTOR", "1");
    till.arg("--data").arg(&lane).args(["--size", "1024x768"]);
    let till = Running::start(&mut till, "pos-app", &lane.join("till.log"))?;
    display.focus()?;
    let files = LaneFiles::of(&Paths { data: lane });
    for text in ["101", "1234"] {
        display.type_text(text)?;
        display.keys(&["Return"])?;
    }
    files.wait_for_count("a sign-in", 1, |record| matches!(record, Record::SignedIn { .. }))?;

    let mut sold = Vec::new();
    for seeks in [false, true] {
        for sku in SKUS {
            if seeks {
                display.keys(&["F2"])?;
                display.settled()?;
            }
            let slow = till.slow_down(HALTED, FREE)?;
            display.scan(&code_of(sku)?)?;
            drop(slow);
            sold.push(sku.to_owned());
            wait_for("the goods", || Ok((items(&files)?.len() >= sold.len()).then_some(())))?;
            display.settled()?;
            let items = items(&files)?;
            ensure!(items == sold, "scanned {sold:?} (goods were sought: {seeks}), sold {items:?}");
        }
    }
    Ok(())
}
