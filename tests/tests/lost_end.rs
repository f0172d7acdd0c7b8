//! A lane whose disk has lost what HQ has filed.

use anyhow::{Context, Result};
use fixtures::shop;
use ledger::journal::Identity;
use ledger::reference::{Position, ReferenceWriter};
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use protocol::pull::{Change, Entity};
use ui::view::{Closed, Screen};

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

#[test]
fn a_lane_whose_journal_has_lost_its_end_sells_nothing() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let paths = Paths { data: folder.path().to_owned() };
    let store = shop::demo().store;
    let mut reference = ReferenceWriter::open(&paths.reference())?;
    reference.set_identity(&Identity { store: store.code.clone(), lane: 1, epoch: 1 })?;
    let update = reference.begin()?;
    update.apply(&Change { version: 1, key: store.code.clone(), entity: Entity::Store(Some(store)) })?;
    update.commit(1)?;

    // Level with HQ, which has nothing yet, it opens.
    let mut lane = Lane::new(paths.clone(), Config::default());
    lane.turn(MORNING, [Event::Tick]);
    lane.till().context("it can sell")?;
    drop(lane);

    // HQ has three events of a journal that has none any more.
    reference.set_position(Position { acknowledged: 3, quarantined: 0 }, MORNING.now_ms)?;
    let mut lane = Lane::new(paths, Config::default());
    lane.turn(MORNING, [Event::Tick]);
    assert!(lane.till().is_none());
    let Screen::Closed(Closed::EndLost { file, at_hq, here }) = lane.view().screen else {
        panic!("{:?}", lane.view().screen)
    };
    assert!(file.ends_with("journal.db"), "{file}");
    assert_eq!((at_hq.as_str(), here.as_str()), ("3", "0"));
    Ok(())
}
