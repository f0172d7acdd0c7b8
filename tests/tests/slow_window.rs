//! A scanner that acts as a keyboard, before a window that is slow: the real program on a virtual screen, which takes the
//! first key of a scan and does not run while all others come, for some 100 ms.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};
use domain::record::Record;
use pos_app::config::Paths;
use tests::display::Display;
use tests::process::{Running, program, wait_at_most, wait_for};
use tests::shop::{LaneFiles, code_of};

/// How long the till may take, once it runs freely.
const SOON: Duration = Duration::from_secs(15);

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
            display.scan_before_busy(&code_of(sku)?, &till)?;
            sold.push(sku.to_owned());
            wait_for("the goods", || Ok((items(&files)?.len() >= sold.len()).then_some(())))?;
            display.settled()?;
            let items = items(&files)?;
            ensure!(items == sold, "scanned {sold:?} (goods were sought: {seeks}), sold {items:?}");
        }
    }
    // A number that a person typed before is how many: what stands in the entry is no code of goods then, and tells nobody
    // that a torn scan was one.
    for (place, sku) in SKUS.into_iter().enumerate() {
        display.type_text("3")?;
        display.settled()?;
        display.scan_before_busy(&code_of(sku)?, &till)?;
        sold.push(sku.to_owned());
        let threes = || {
            files.count(|record| match record {
                Record::LineQuantitySet { quantity, .. } => quantity.thousandths() == 3_000,
                _ => false,
            })
        };
        wait_at_most(SOON, "three of the goods", || Ok((threes()? > place).then_some(())))?;
        let items = items(&files)?;
        ensure!(items == sold, "scanned {sold:?} with a number before, sold {items:?}");
    }
    Ok(())
}
