//! What a store's lanes have in common: goods that are counted while they
//! sell.

use hq::books::counting::{self, Difference};
use hq::store::StoreError;
use protocol::event::{CountStep, Fact, Position, StockCount, StockLine, StockMove};

use super::{At, MORNING_MS, Shop, moved};

fn position(lane: u32, seq: u64) -> Position {
    Position { lane, epoch: 1, seq }
}

fn step(line: u32, at_ms: i64, positions: Vec<Position>, lost: &[u32]) -> CountStep {
    CountStep { line, at_ms, positions, lost: lost.to_vec() }
}

fn line(sku: &str, quantity: i64) -> StockLine {
    StockLine { sku: sku.into(), quantity }
}

impl At {
    fn sells(&mut self, sku: &str) {
        self.lane.sell_named(sku, 100);
    }

    fn seq(&self) -> u64 {
        self.lane.events.len() as u64
    }
}

/// What a count did: by item, what the books said and what was found.
fn differences(shop: &Shop, document: &str) -> Option<Vec<(String, i64, i64)>> {
    let (_, posted) =
        shop.store.read::<_, StoreError>(|reading| counting::listed(reading, "S1")).expect("a read");
    let (_, count) = posted.into_iter().find(|(number, _)| number == document)?;
    let row = |of: Difference| (of.sku, of.book, of.counted);
    Some(count.differences.into_iter().map(row).collect())
}

pub(super) fn each_line_of_a_count_has_its_own_moment(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    // Twenty of the first, and as many of the second.
    let Fact::StockMoved { mut movement, staff } = moved(StockMove::Receive, "D2", "farm", 20) else {
        panic!("goods moved")
    };
    movement.lines[0].sku = "2".into();
    one.fact(Fact::StockMoved { movement, staff });
    // The first is counted: 20 lie there.
    let begun = vec![position(1, one.seq()), position(2, two.seq())];
    for sku in ["1", "2"] {
        two.sells(sku);
        one.sells(sku);
    }
    // Then the second: two were sold before, and one more comes after.
    let later = vec![position(1, one.seq()), position(2, two.seq())];
    two.sells("2");
    let count = StockCount {
        document: "C1".into(),
        lines: vec![line("1", 20_000), line("2", 18_000)],
        positions: begun,
        steps: vec![step(0, MORNING_MS, Vec::new(), &[]), step(1, MORNING_MS + 60_000, later, &[])],
        reason: "month".into(),
    };
    one.fact(Fact::StockCounted { count, staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(differences(&shop, "C1"), None, "it waits for the second lane");
    shop.file(&mut two);
    let nothing_missing = vec![("1".to_owned(), 20_000, 20_000), ("2".to_owned(), 18_000, 18_000)];
    assert_eq!(differences(&shop, "C1"), Some(nothing_missing));
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 18_000, 0, 0)]);
    assert_eq!(shop.on_hand(&one, "2"), [("S1".to_owned(), 17_000, 0, 0)]);
}

pub(super) fn a_lane_that_nobody_could_say_a_position_of_is_split_by_its_own_clock(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    two.sells("1");
    shop.file(&mut two);
    // Cut off, the second lane sells one more before the count and two after it.
    let counted_ms = MORNING_MS + 3_600_000;
    two.lane.at_ms = counted_ms - 1_000;
    two.sells("1");
    two.lane.at_ms = counted_ms + 1_000;
    two.sells("1");
    two.sells("1");
    let count = StockCount {
        document: "C1".into(),
        lines: vec![line("1", 17_000)],
        positions: vec![position(1, one.seq())],
        steps: vec![step(0, counted_ms, Vec::new(), &[])],
        reason: "spot".into(),
    };
    one.lane.at_ms = counted_ms;
    one.fact(Fact::StockCounted { count: count.clone(), staff: "u1".into() });
    shop.file(&mut one);
    let listed = |shop: &Shop| {
        shop.store.read::<_, StoreError>(|reading| counting::listed(reading, "S1")).expect("a read")
    };
    assert_eq!(listed(&shop).0[0].waits_for, [2], "it waits until that lane was heard of");
    shop.file(&mut two);
    // 20 less two sold before: 18 should be there, 17 are; two were sold since.
    assert_eq!(differences(&shop, "C1"), Some(vec![("1".to_owned(), 18_000, 17_000)]));
    assert_eq!(listed(&shop).1[0].1.by_clock, [2]);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 15_000, 0, 0)]);

    // A lane that never comes back holds a count up until a person says so.
    let at_ms = counted_ms + 7_200_000;
    let again = StockCount {
        document: "C2".into(),
        steps: vec![step(0, at_ms, Vec::new(), &[])],
        lines: vec![line("1", 15_000)],
        positions: vec![position(1, one.seq())],
        ..count
    };
    one.fact(Fact::StockCounted { count: again, staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(differences(&shop, "C2"), None);
    let post =
        |document: &str| shop.write(|writing| counting::post_without(writing, "S1", document, shop.now_ms));
    assert_eq!(post("C9"), None);
    assert_eq!(post("C2"), Some(vec![2]));
    assert_eq!(differences(&shop, "C2"), Some(vec![("1".to_owned(), 15_000, 15_000)]));
    let without =
        listed(&shop).1.into_iter().find(|(document, _)| document == "C2").map(|(_, count)| count.without);
    assert_eq!(without, Some(vec![2]));
}
