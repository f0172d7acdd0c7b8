//! Parked baskets of the store's other lanes: what is told of a basket, what
//! becomes of one that comes from another lane, and of one that went there.

use super::*;
use crate::basket::Basket;
use crate::coupon::Coupon;
use crate::shift::{Parked, ParkedId};

const THERE: ParkedId = ParkedId { lane: 2, epoch: 1, number: 7 };

/// A basket as another lane tells of it: a cola and two eggs, cheaper there.
fn basket_of_other(codes: &[&str], coupon: bool) -> Parked {
    let mut other = Lane::new();
    for happens in selling().into_iter().chain(codes.iter().map(|code| scan(code))) {
        other.take(happens);
    }
    let basket = other.till.basket();
    let coupons = if coupon {
        vec![Coupon {
            code: "CSPRING26K".into(),
            promotion: "spring".into(),
            state: crate::coupon::CouponState::Issued,
            from_ms: None,
            until_ms: None,
            owner: None,
            group: String::new(),
            together_max: 1,
        }]
    } else {
        Vec::new()
    };
    Parked {
        number: THERE.number,
        staff: "wang".into(),
        at_ms: MORNING_MS,
        note: "red coat".into(),
        basket: Basket::parked(basket.lines().to_vec(), basket.numbers_given(), true, 0, None)
            .brought_by(None, coupons, None),
        tenders: Vec::new(),
    }
}

fn takes_up(parked: Parked) -> Happens {
    In(Input::TakeUp { from: THERE, parked: Box::new(parked) })
}

/// What random days do with baskets of other lanes.
pub(super) fn any_lending() -> impl Strategy<Value = Happens> {
    let codes = prop::sample::select(vec![vec![COLA], vec![EGG, COLA], vec![]]);
    prop_oneof![
        2 => (codes, any::<bool>()).prop_map(|(codes, coupon)| takes_up(basket_of_other(&codes, coupon))),
        1 => (1u32..4).prop_map(|basket| In(Input::ParkedGone { basket, lane: 2 })),
    ]
}

#[test]
fn a_basket_of_another_lane_is_sold_here_and_its_coupons_are_shown_again() {
    check(
        selling(),
        &[
            takes_up(basket_of_other(&[], false)),
            takes_up(basket_of_other(&[COLA, EGG], true)),
            // Another one waits until this is paid.
            takes_up(basket_of_other(&[EGG], false)),
            PAY,
            cash("5.50"),
            Saved,
        ],
        expect![[r#"
            sound Blocked
            tell NotParked
            commit basket 7 of lane 2 taken by li
            sound Accepted
            tell basket of lane 2, 1 coupons left
            sound Blocked
            tell BasketFirst
            commit sale of 2 lines: 5.50 0.00 = 5.50, tendered 5.50, change 0.00, tax 13% 0.63 of 5.50
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 waiting
        "#]],
    );
}

#[test]
fn a_basket_that_went_to_another_lane_is_none_of_this_one_any_more() {
    check(
        selling(),
        &[
            scan(COLA),
            PARK,
            In(Input::ParkedGone { basket: 2, lane: 3 }),
            In(Input::ParkedGone { basket: 1, lane: 3 }),
            recall(1),
        ],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit basket 1 parked by li
            commit basket 1 offered
            tell basket 1 parked
            sound Blocked
            tell NotParked
            commit basket 1 gone to lane 3
            tell basket 1 is at lane 3
            sound Blocked
            tell NotParked
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn what_is_paid_in_part_is_told_to_nobody_and_goes_to_nobody() {
    check(
        then(in_doubt(), [BACK]),
        &[PARK, In(Input::ParkedGone { basket: 1, lane: 3 })],
        expect![[r#"
            commit basket 1 parked by li
            tell basket 1 parked
            sound Blocked
            tell NotParked
            = shift 1 of 2026-03-02, li selling; 1 parked; payment 1 in doubt
        "#]],
    );
}

#[test]
fn a_basket_of_another_lane_is_there_again_after_a_stop() {
    let mut lane = Lane::new();
    for happens in selling().into_iter().chain([takes_up(basket_of_other(&[COLA, EGG], true))]) {
        lane.take(happens);
    }
    let mut again = Till::default();
    for (seq, at_ms, record) in &lane.journal {
        again.restore(*seq, *at_ms, record);
    }
    assert_eq!(again.basket(), lane.till.basket());
    assert!(again.basket().coupons().is_empty());
    assert_eq!(again.basket().lines().len(), 2);
}
