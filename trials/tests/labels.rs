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
