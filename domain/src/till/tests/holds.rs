//! What is this lane's alone for now: what goes back, and what is asked for again.

use super::*;
use crate::till::holds::{Due, Holds, RENEW_MS};

const COUPON: &str = "CSPRING26K";

/// A look, as it is told in words.
fn look(holds: &mut Holds, lane: &Lane) -> Vec<String> {
    let told = |due: Due| match due {
        Due::ReturnLease(grant) => format!("return {}", grant.lease),
        Due::ReleaseCoupon(code) => format!("release {code}"),
        Due::ReleaseCode(id) => format!("release {id}"),
        Due::ReleaseReceipt(origin) => format!("release sale {}", origin.seq),
        Due::KeepCoupon(code) => format!("keep {code}"),
        Due::KeepReceipt(origin) => format!("keep sale {}", origin.seq),
        Due::DropCoupon(code) => format!("drop {code}"),
        Due::DropReturn => "drop the return".to_owned(),
        Due::DropReturnBegunBefore => "drop the return that was begun before".to_owned(),
    };
    holds.look(&lane.till, lane.now_ms).into_iter().map(told).collect()
}

fn lane(given: Vec<Happens>) -> Lane {
    let mut lane = Lane::new();
    for happens in given {
        lane.take(happens);
    }
    lane
}

const NOTHING: [&str; 0] = [];

#[test]
fn a_receipt_stays_this_lanes_for_as_long_as_its_goods_are_coming_back() {
    let mut lane = lane(then(sold(), [BACK, BringsBack]));
    let mut holds = Holds::default();
    let origin = lane.till.basket().past().expect("it is coming back").origin.clone();
    holds.hold_receipt(origin.clone(), lane.till.last_sale(), lane.now_ms);
    assert_eq!(look(&mut holds, &lane), NOTHING);
    lane.take(Later(RENEW_MS - 1));
    assert_eq!(look(&mut holds, &lane), NOTHING);
    lane.take(Later(1));
    let keep = [format!("keep sale {}", origin.seq)];
    assert_eq!(look(&mut holds, &lane), keep);
    assert_eq!(look(&mut holds, &lane), NOTHING, "it is asked for once");
    lane.take(Later(-1));
    assert_eq!(look(&mut holds, &lane), keep, "a clock that was set back");
    lane.take(In(Input::DropReturn));
    assert_eq!(look(&mut holds, &lane), [format!("release sale {}", origin.seq)]);
    assert_eq!(look(&mut holds, &lane), NOTHING);
    lane.take(BringsBack);
    // A stop forgets who said yes; the basket is there again.
    lane.take(PowerCut);
    holds = Holds::default();
    assert_eq!(look(&mut holds, &lane), keep);
    assert_eq!(look(&mut holds, &lane), NOTHING);
}

#[test]
fn a_return_that_is_another_lanes_by_now_is_dropped_before_money_moves() {
    let mut lane = lane(then(sold(), [BACK, BringsBack]));
    let mut holds = Holds::default();
    let origin = lane.till.basket().past().expect("it is coming back").origin.clone();
    holds.hold_receipt(origin.clone(), lane.till.last_sale(), lane.now_ms);
    holds.refuse_receipt(&Origin { seq: origin.seq + 1, ..origin.clone() });
    assert_eq!(look(&mut holds, &lane), NOTHING, "that was another one");
    holds.refuse_receipt(&origin);
    assert_eq!(look(&mut holds, &lane), ["drop the return"]);
    lane.take(In(Input::DropReturn));
    assert_eq!(look(&mut holds, &lane), NOTHING, "it is not ours to release");
}

#[test]
fn a_return_that_was_begun_with_more_than_is_left_is_begun_anew() {
    let mut lane = lane(then(sold(), [BACK, BringsBack]));
    let mut holds = Holds::default();
    let begun = lane.till.basket().past().expect("it is coming back").clone();
    holds.hold_receipt(begun.origin.clone(), lane.till.last_sale(), lane.now_ms);
    holds.keep_receipt(&lane.till, &begun);
    assert_eq!(look(&mut holds, &lane), NOTHING, "nothing came back since");
    let mut now = begun.clone();
    now.lines[0].returned += 1;
    assert!(now.has_less_left_than(&begun) && !begun.has_less_left_than(&now));
    holds.keep_receipt(
        &lane.till,
        &PastSale { origin: Origin { seq: 1_000, ..now.origin.clone() }, ..now.clone() },
    );
    assert_eq!(look(&mut holds, &lane), NOTHING, "that was another one");
    holds.keep_receipt(&lane.till, &now);
    lane.take(brings_back(now.lines[0].line.number, 1_000));
    assert_eq!(look(&mut holds, &lane), ["drop the return that was begun before"]);
    lane.take(In(Input::DropReturn));
    assert_eq!(
        look(&mut holds, &lane),
        [format!("release sale {}", now.origin.seq)],
        "it is ours to release"
    );
    lane.take(BringsBack);
    holds.hold_receipt(now.origin.clone(), lane.till.last_sale(), lane.now_ms);
    assert_eq!(look(&mut holds, &lane), NOTHING, "the next return is another one");
}

#[test]
fn a_receipt_that_came_back_is_free_by_the_document() {
    let mut lane = lane(then(sold(), [BACK, BringsBack]));
    let mut holds = Holds::default();
    let past = lane.till.basket().past().expect("it is coming back").clone();
    holds.hold_receipt(past.origin.clone(), lane.till.last_sale(), lane.now_ms);
    let line = past.lines[0].line.number;
    lane.take(In(Input::ReturnLine { line, thousandths: 1_000, reason: "stale".into() }));
    lane.take(PAY);
    lane.take(In(Input::PayOut));
    assert_eq!(look(&mut holds, &lane), NOTHING, "the disk has not answered");
    lane.take(Saved);
    assert!(matches!(lane.till.desk(), Desk::Done(..)), "{:?}", lane.till.desk());
    assert_eq!(look(&mut holds, &lane), NOTHING);
}

#[test]
fn a_coupon_stays_this_lanes_also_on_a_parked_basket() {
    let mut lane = lane(then(selling(), (0..3).map(|_| scan(MILK)).chain((0..3).map(|_| scan(YOGHURT)))));
    lane.take(scan(COUPON));
    assert_eq!(lane.till.basket().coupons().len(), 1);
    let mut holds = Holds::default();
    holds.hold_coupon(COUPON, lane.now_ms);
    holds.hold_coupon("COTHER", lane.now_ms);
    assert_eq!(look(&mut holds, &lane), ["release COTHER"]);
    lane.take(PARK);
    assert_eq!(look(&mut holds, &lane), NOTHING);
    lane.take(Later(RENEW_MS));
    assert_eq!(look(&mut holds, &lane), [format!("keep {COUPON}")]);
    holds.refuse_coupon(COUPON);
    assert_eq!(look(&mut holds, &lane), NOTHING, "nobody pays a parked basket");
    lane.take(recall(1));
    assert_eq!(look(&mut holds, &lane), [format!("drop {COUPON}")]);
    lane.take(In(Input::TakeCouponBack { code: COUPON.into() }));
    assert_eq!(look(&mut holds, &lane), NOTHING, "it is another's");
    // After a stop whatever lies there is asked for, whoever said yes before.
    lane.take(scan(COUPON));
    assert_eq!(look(&mut Holds::default(), &lane), [format!("keep {COUPON}")]);
}
