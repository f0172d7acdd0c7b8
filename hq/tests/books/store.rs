//! What a store's lanes have in common: goods that are counted while they
//! sell, and baskets that they put aside.

use hq::books::counting::{self, Difference};
use hq::store::{BookKind, StoreError};
use protocol::ask::{Answer, CouponRefused, ParkedGone, ParkedRefused, Question};
use protocol::event::{
    CountStep, Coupon, Fact, Parked, ParkedId, Position, Staff, StockCount, StockLine, StockMove,
};

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

pub(super) fn a_lane_whose_position_was_told_during_a_count_is_not_waited_for_any_longer(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    let begun_ms = MORNING_MS + 3_600_000;
    // Nobody could speak for it at the first line. Then it sells, and says so before the second.
    two.lane.at_ms = begun_ms + 1_000;
    two.sells("1");
    two.sells("2");
    let told = position(2, two.seq());
    shop.file(&mut two);
    let told_ms = begun_ms + 60_000;
    let count = StockCount {
        document: "C1".into(),
        lines: vec![line("1", 20_000), line("2", 7_000)],
        positions: vec![position(1, one.seq())],
        steps: vec![step(0, begun_ms, Vec::new(), &[]), step(1, told_ms, vec![told], &[])],
        reason: "spot".into(),
    };
    one.lane.at_ms = told_ms;
    one.fact(Fact::StockCounted { count, staff: "u1".into() });
    shop.file(&mut one);
    let found = differences(&shop, "C1").expect("it waits for nobody: HQ has what was told");
    // Of the first item one was sold since it was counted, of the second none.
    assert_eq!(found, [("1".to_owned(), 20_000, 20_000), ("2".to_owned(), -1_000, 7_000)]);
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

fn parked(number: u32, at_ms: i64) -> Parked {
    let mut lane = super::lane::line("1", 250);
    lane.line = 1;
    Parked {
        number,
        staff: "u1".into(),
        at_ms,
        note: "red coat".into(),
        lines: vec![lane],
        numbers_given: 1,
        age_confirmed: false,
        voids: 0,
        discount: None,
        member: None,
        coupons: Vec::new(),
        tender: None,
        tenders: Vec::new(),
        seller: None,
        sale_note: String::new(),
        phones: Vec::new(),
    }
}

impl At {
    fn parks(&mut self, number: u32) -> ParkedId {
        let note = "red coat".to_owned();
        self.fact(Fact::BasketParked { basket: number, staff: "u1".into(), note });
        let at_ms = self.lane.at_ms;
        self.fact(Fact::BasketOffered { parked: Box::new(parked(number, at_ms)) });
        ParkedId { lane: self.row.lane, epoch: 1, number }
    }

    fn recalls(&mut self, number: u32) {
        self.fact(Fact::BasketRecalled { basket: number, staff: "u1".into() });
    }

    fn takes(&mut self, from: ParkedId) {
        let parked = Box::new(parked(from.number, MORNING_MS));
        self.fact(Fact::BasketTaken { from, parked, staff: "u1".into() });
    }
}

/// Whether a lane is given a basket.
fn claim(shop: &Shop, at: &At, parked: ParkedId) -> Result<u32, ParkedRefused> {
    match shop.ask(at, Question::ClaimParked { parked }) {
        Answer::ParkedClaimed { id, parked, .. } => {
            assert_eq!((id.number, parked.lines.len()), (parked.number, 1));
            Ok(id.epoch)
        }
        Answer::ParkedNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    }
}

/// The baskets that a lane is told of, and those of its own that are gone.
fn told(shop: &Shop, at: &At, own: &[u32]) -> (Vec<ParkedId>, Vec<ParkedGone>) {
    match shop.ask(at, Question::ParkedBaskets { epoch: at.row.epoch, own: own.to_vec() }) {
        Answer::ParkedBaskets { baskets, gone } => {
            (baskets.into_iter().map(|basket| basket.id).collect(), gone)
        }
        other => panic!("baskets, not {other:?}"),
    }
}

pub(super) fn a_parked_basket_is_one_lanes_to_take_up(shop: Shop) {
    let (mut one, mut two, three) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S1", 3));
    let elsewhere = shop.lane("S2", 1);
    let id = one.parks(1);
    let second = one.parks(2);
    shop.file(&mut one);
    assert_eq!(told(&shop, &two, &[]).0, [second, id]);
    assert_eq!(told(&shop, &one, &[1, 2]), (vec![], vec![]), "its own it has itself");
    assert_eq!(told(&shop, &one, &[2]).0, [], "it took that up, and HQ has not heard of it");
    assert_eq!(told(&shop, &elsewhere, &[]).0, [], "of another store nobody is told");
    assert_eq!(claim(&shop, &elsewhere, id), Err(ParkedRefused::Unknown {}));
    // An answer that was lost costs nothing; nobody else has it meanwhile, its own lane neither.
    assert_eq!(claim(&shop, &two, id), Ok(1));
    assert_eq!(claim(&shop, &two, id), Ok(1));
    assert_eq!(claim(&shop, &three, id), Err(ParkedRefused::Held { lane: 2 }));
    assert_eq!(claim(&shop, &one, id), Err(ParkedRefused::Held { lane: 2 }));
    assert_eq!(told(&shop, &three, &[]).0, [second]);
    // They think better of it, and then take it up.
    assert_eq!(shop.ask(&two, Question::ReleaseParked { parked: id }), Answer::Released {});
    assert_eq!(claim(&shop, &three, id), Ok(1));
    shop.ask(&three, Question::ReleaseParked { parked: id });
    assert_eq!(claim(&shop, &two, id), Ok(1));
    two.takes(id);
    shop.file(&mut two);
    assert_eq!(claim(&shop, &one, id), Err(ParkedRefused::Gone { lane: 2 }));
    assert_eq!(told(&shop, &one, &[1, 2]).1, [ParkedGone { number: 1, lane: 2 }]);
    // The other one its own lane takes up.
    assert_eq!(claim(&shop, &one, second), Ok(1));
    one.recalls(2);
    shop.file(&mut one);
    assert_eq!(claim(&shop, &two, second), Err(ParkedRefused::Gone { lane: 1 }));
    assert_eq!(told(&shop, &two, &[]), (vec![], vec![]));
    assert!(shop.exceptions().is_empty());
}

/// A coupon that lies in a parked basket is the lane's that claimed it until another took the basket up.
pub(super) fn coupons_of_a_parked_basket_are_free_once_it_is_taken(shop: Shop) {
    let (mut one, mut two, three) = (shop.lane("S1", 1), shop.lane("S1", 2), shop.lane("S1", 3));
    let coupon = |at: &At| match shop.ask(at, Question::ClaimCoupon { code: "C1".into(), member: None }) {
        Answer::CouponClaimed { .. } => Ok(()),
        Answer::CouponNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    };
    assert_eq!(coupon(&one), Ok(()));
    let laid = Coupon {
        code: "C1".into(),
        promotion: "k1".into(),
        from_ms: None,
        until_ms: None,
        owner: None,
        group: String::new(),
        together_max: 1,
    };
    let basket = Parked { coupons: vec![laid], ..parked(1, one.lane.at_ms) };
    one.fact(Fact::BasketOffered { parked: Box::new(basket) });
    let id = ParkedId { lane: 1, epoch: 1, number: 1 };
    shop.file(&mut one);
    assert_eq!(claim(&shop, &two, id), Ok(1));
    assert_eq!(coupon(&three), Err(CouponRefused::Reserved));
    shop.ask(&two, Question::ReleaseParked { parked: id });
    assert_eq!(coupon(&three), Err(CouponRefused::Reserved), "lane 1 may go on with it");
    assert_eq!(claim(&shop, &two, id), Ok(1));
    two.takes(id);
    shop.file(&mut two);
    assert_eq!(coupon(&three), Ok(()));
}

pub(super) fn a_basket_that_two_lanes_took_up_is_listed(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let id = one.parks(1);
    // The store's relay lent it, and the second lane is heard of first.
    two.takes(id);
    shop.file(&mut two);
    shop.file(&mut one);
    assert_eq!(told(&shop, &two, &[]).0, [], "it is no basket that waits");
    assert!(shop.exceptions().is_empty());
    // Its own lane was cut off, and took it up as well: both stand.
    one.recalls(1);
    shop.file(&mut one);
    let listed = shop.exceptions();
    assert_eq!(listed.len(), 1);
    assert_eq!((listed[0].kind, listed[0].source.as_str()), (BookKind::ParkedEnded, "S1/1/1/3"));
}

pub(super) fn baskets_of_a_lane_outlive_it_and_its_epochs(shop: Shop) {
    let (mut one, two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let id = one.parks(1);
    shop.file(&mut one);
    // The lane burns down; a new one takes its place, with a journal of its own that parks a first basket.
    let mut anew = shop.lane("S1", 1);
    anew.row.epoch = 2;
    anew.lane.identity.epoch = 2;
    shop.write(|writing| writing.put_lane(&anew.row));
    anew.fact(Fact::SignedIn { staff: Staff { id: "u1".into(), number: "1".into(), name: "李".into() } });
    let new_id = ParkedId { epoch: 2, ..anew.parks(1) };
    shop.file(&mut anew);
    assert_eq!(told(&shop, &anew, &[1]).0, [id], "the old one is there to be taken up");
    anew.recalls(1);
    shop.file(&mut anew);
    assert_eq!(claim(&shop, &two, new_id), Err(ParkedRefused::Gone { lane: 1 }));
    assert_eq!(claim(&shop, &two, id), Ok(1));
}

pub(super) fn a_claim_of_a_basket_ends_with_its_lanes_own_clock(mut shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let id = one.parks(1);
    shop.file(&mut one);
    assert_eq!(claim(&shop, &two, id), Ok(1));
    shop.now_ms += 86_400_000;
    assert_eq!(claim(&shop, &one, id), Err(ParkedRefused::Held { lane: 2 }), "HQ's clock ends nothing");
    two.lane.at_ms = MORNING_MS + 3_600_000;
    two.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(&mut two);
    assert_eq!(claim(&shop, &one, id), Ok(1));
}
