//! A lane that is enrolled anew while its disk of before had something: what that disk did nobody has heard.

use hq::books::LaneId;
use hq::books::keeper::CLOCK_SKEW_MS;
use hq::enrolment;
use hq::store::{BookKind, HoldRow};
use protocol::ask::{Answer, CouponRefused, Question, ReceiptRefused};
use protocol::event::{Fact, Origin, SpentCoupon};
use protocol::event::{PointsGrant, Value};

use super::lane::Lane;
use super::{At, MORNING_MS, Shop};

/// The lane of another, on a new disk and with a new key.
fn anew(shop: &Shop, before: &At) -> At {
    let (store, lane) = (before.row.store.as_str(), before.row.lane);
    let code = enrolment::make_code(&shop.store, store, lane, shop.now_ms).expect("a code");
    let identity = enrolment::exchange(&shop.store, &code, None, "here", shop.now_ms).expect("enrolled");
    assert_eq!(identity.epoch, 2);
    let row = enrolment::lane_of_key(&shop.store, &identity.key).expect("a read").expect("its lane");
    At { row, lane: Lane::new(identity), filed: 0 }
}

fn coupon(shop: &Shop, at: &At) -> Result<(), CouponRefused> {
    match shop.ask(at, Question::ClaimCoupon { code: "C1".into(), member: None }) {
        Answer::CouponClaimed { .. } => Ok(()),
        Answer::CouponNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    }
}

fn receipt(shop: &Shop, at: &At, origin: &Origin) -> Result<(), ReceiptRefused> {
    match shop.ask(at, Question::ClaimReceipt { origin: origin.clone() }) {
        Answer::ReceiptClaimed { .. } => Ok(()),
        Answer::ReceiptNotClaimed { why } => Err(why),
        other => panic!("a claim, not {other:?}"),
    }
}

/// The new disk of a lane writes something at the moment of its clock from which on nothing of before is anybody's.
fn passes(shop: &Shop, at: &mut At, until_ms: i64) {
    at.lane.at_ms = until_ms + CLOCK_SKEW_MS;
    at.fact(Fact::SignedOut { staff: "u1".into() });
    shop.file(at);
}

pub(super) fn points_that_a_lanes_disk_of_before_had_are_lent_to_nobody(mut shop: Shop) {
    shop.keeps_value();
    let mut one = shop.lane("S1", 1);
    let before = shop.lend(&one, 400).expect("lent");
    // Nobody hears of it: the disk breaks.
    one.member_buys(0, 150, &before.lease);
    let mut new = anew(&shop, &one);
    let after: PointsGrant = shop.lend(&new, 400).expect("what is free");
    assert!(after.lease != before.lease && after.points == 100, "{after:?}");
    assert_eq!(shop.lend(&new, 400), Some(after.clone()), "an answer that was lost");
    assert_eq!(shop.points(), (0, 500, 500));
    // What the old disk did is found and filed after all: it was lent for that.
    one.row = new.row.clone();
    shop.file(&mut one);
    assert_eq!(shop.points(), (0, 350, 350));
    let rebuilt = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("made again");
    assert_eq!((rebuilt.differing, rebuilt.missing), (0, 0));
    // Both are over by the clock of the lane.
    shop.now_ms += 60 * 60_000;
    passes(&shop, &mut new, before.until_ms.max(after.until_ms));
    assert_eq!(shop.points(), (350, 0, 350));
    assert!(shop.exceptions().is_empty());
}

pub(super) fn stored_value_that_a_lanes_disk_of_before_had_is_lent_to_nobody(mut shop: Shop) {
    shop.keeps_value();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    two.tops_up(1_000, 0);
    shop.file(&mut two);
    let before = shop.lend_value(&one, 800).0.expect("there is some");
    one.pays(&before.lease, Value { principal: 700, bonus: 0 });
    let mut new = anew(&shop, &one);
    let after = shop.lend_value(&new, 800).0.expect("what is free");
    assert!(after.lease != before.lease && after.lent.principal == 200, "{after:?}");
    one.row = new.row.clone();
    shop.file(&mut one);
    let rebuilt = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("made again");
    assert_eq!((rebuilt.differing, rebuilt.missing), (0, 0));
    shop.now_ms += 60 * 60_000;
    passes(&shop, &mut new, before.until_ms.max(after.until_ms));
    assert_eq!(shop.value().0, Value { principal: 300, bonus: 0 });
    assert!(shop.exceptions().is_empty());
}

pub(super) fn what_a_lanes_disk_of_before_claimed_is_nobodys_until_it_is_over(mut shop: Shop) {
    shop.keeps_value();
    let (one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let origin = two.sale(|_| {});
    shop.file(&mut two);
    assert_eq!((coupon(&shop, &one), receipt(&shop, &one, &origin)), (Ok(()), Ok(())));
    let mut new = anew(&shop, &one);
    let held = (Err(CouponRefused::Reserved), Err(ReceiptRefused::Held));
    assert_eq!((coupon(&shop, &new), receipt(&shop, &new, &origin)), held);
    // It is not the new disk's to let go of.
    shop.ask(&new, Question::ReleaseCoupon { code: "C1".into() });
    shop.ask(&new, Question::ReleaseReceipt { origin: origin.clone() });
    assert_eq!((coupon(&shop, &new), receipt(&shop, &new, &origin)), held);
    assert_eq!((coupon(&shop, &two), receipt(&shop, &two, &origin)), held);
    shop.now_ms += 60 * 60_000;
    passes(&shop, &mut new, MORNING_MS + 30 * 60_000);
    assert_eq!((coupon(&shop, &new), receipt(&shop, &new, &origin)), (Ok(()), Ok(())));
    assert!(shop.exceptions().is_empty());
}

pub(super) fn a_claim_that_is_another_lanes_by_now_stays_theirs(shop: Shop) {
    shop.keeps_value();
    let (one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let origin = two.sale(|_| {});
    shop.file(&mut two);
    assert_eq!((coupon(&shop, &two), receipt(&shop, &two, &origin)), (Ok(()), Ok(())));
    // What is left in the books of holds that the first lane once had.
    let lane = LaneId { store: "S1".into(), lane: 1 };
    let receipt_part = format!("{}/{}/{}", origin.lane, origin.epoch, origin.seq);
    for (kind, part) in [(BookKind::Coupon, "C1".to_owned()), (BookKind::Receipt, receipt_part)] {
        let (owner, id) = ("S1".to_owned(), String::new());
        let stale = HoldRow { lane: lane.clone(), owner, kind, part, id, until_ms: shop.now_ms };
        shop.write(|writing| writing.put_hold(&stale));
    }
    let new = anew(&shop, &one);
    assert_eq!(
        (coupon(&shop, &two), receipt(&shop, &two, &origin)),
        (Ok(()), Ok(())),
        "they renew it as ever"
    );
    assert_eq!(coupon(&shop, &new), Err(CouponRefused::Reserved));
}

pub(super) fn what_a_lanes_disk_of_before_did_with_a_claim_ends_it(mut shop: Shop) {
    shop.keeps_value();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let origin = two.sale(|_| {});
    shop.file(&mut two);
    assert_eq!((coupon(&shop, &one), receipt(&shop, &one, &origin)), (Ok(()), Ok(())));
    one.sale(|sale| sale.coupons = vec![SpentCoupon { code: "C1".into(), promotion: "k1".into(), off: 100 }]);
    one.gives_back(&origin, 500, None);
    let new = anew(&shop, &one);
    one.row = new.row.clone();
    shop.file(&mut one);
    assert_eq!(coupon(&shop, &new), Err(CouponRefused::Used));
    assert_eq!(receipt(&shop, &new, &origin), Ok(()), "what is left of it is free");
    shop.now_ms += 1;
    assert!(shop.exceptions().is_empty());
}
