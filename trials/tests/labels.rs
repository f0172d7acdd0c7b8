//! A small store's price change, from HQ to every label: the code of `cargo xtask bench labels` that measures a large one.

use std::time::Duration;

use anyhow::Result;
use trials::labels::{LabelledStore, Size, Trouble};

#[test]
fn a_price_change_reaches_every_label_whatever_is_lost_or_begun_anew() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let size = Size { labels: 400, points: 4, speed: 20, patience: Duration::from_secs(300) };
    let mut store = LabelledStore::open(folder.path(), size)?;
    let first = store.change(1, Trouble::None)?;
    store.check()?;
    // Each label was given its face once, and nothing in vain.
    assert_eq!(first.uploads, 400);
    let hard = store.change(2, Trouble::Much)?;
    store.check()?;
    assert!(hard.uploads > 400, "{hard:?}");
    store.close()
}

#[test]
fn a_drawing_that_is_changed_in_the_midst_of_a_price_change_is_on_every_label_in_the_end() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let size = Size { labels: 400, points: 2, speed: 20, patience: Duration::from_secs(300) };
    let mut store = LabelledStore::open(folder.path(), size)?;
    store.draw(30)?;
    store.change(1, Trouble::None)?;
    store.check()?;
    let changed = store.change(2, Trouble::Template)?;
    store.check()?;
    // Those that showed the price in the old drawing were given it once more.
    assert!(changed.uploads > 400, "{changed:?}");
    store.close()
}
