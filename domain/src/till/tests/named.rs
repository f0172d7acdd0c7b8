//! A member who is named after the payment.

use super::*;

const MINUTE_MS: i64 = 60_000;
const GOLD: &str = "M000001W";

/// A till whose chain gives points, and whose cashier has no rights.
fn cashier() -> Vec<Happens> {
    vec![buyer::points(), signs_in("li", "cashier")]
}

/// Four cola for 12.00 by a walk-in.
fn walk_in() -> [Happens; 4] {
    [choose("cola", 4), PAY, Happens::PaysRest, Saved]
}

fn names(code: &'static str) -> Happens {
    Happens::NamesBuyer(code)
}

#[test]
fn a_card_that_is_shown_after_the_payment_earns_the_points_of_the_sale() {
    check(
        then(cashier(), walk_in()),
        &[names("nobody"), names(GOLD), names(GOLD), names("m2"), choose("cola", 1)],
        expect![[r#"
            sound Unknown
            tell nobody is nobody for #4
            commit #4 is of m1 by li, 21 points
            sound Accepted
            tell #4 is of m1, 21 points
            sound Blocked
            tell not named: HasMember
            sound Blocked
            tell not named: HasMember
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50; paper #4 waiting
        "#]],
    );
}

/// What the sale would have earned the same member, had the card been shown before.
#[test]
fn they_are_as_many_as_if_the_card_had_been_shown_before() {
    let earned = |day: Vec<Happens>| {
        let mut lane = Lane::new();
        day.into_iter().for_each(|happens| drop(lane.take(happens)));
        let buyer = lane.journal.iter().rev().find_map(|(.., record)| match record {
            Record::SaleCompleted { sale } => sale.buyer.clone(),
            Record::BuyerNamed { buyer, .. } => Some(buyer.clone()),
            _ => None,
        });
        buyer.expect("somebody bought")
    };
    let points = |buyer: &crate::sale::SaleBuyer| buyer.points.as_ref().map_or(0, |points| points.earned);
    let mut all = Vec::new();
    // At a festival members have twice the points, which a walk-in's ticket was not given.
    for (card, day) in [(GOLD, TICK), ("m2", TICK), (GOLD, Happens::Festival), ("m2", Happens::Festival)] {
        let begins = || then(cashier(), [day.clone()]);
        let before = earned(then(then(begins(), [In(Input::FindMember(card.into()))]), walk_in()));
        let after = earned(then(then(begins(), walk_in()), [names(card)]));
        assert_eq!(after, before, "{card}: goods that cost members what they cost everybody");
        all.push(points(&after));
    }
    assert_eq!(all, [21, 14, 36, 24]);
}

/// Who registers is written before they are named, and not at all where the naming is refused.
#[test]
fn somebody_who_becomes_a_member_with_it_is_registered_and_named_at_once() {
    let new = |hash: &str| {
        Happens::NamesNewBuyer(Box::new(crate::member::NewMember {
            id: "t1".into(),
            phone_hash: hash.into(),
            shown: "尾号0001".into(),
            card: String::new(),
        }))
    };
    let hash = "0".repeat(64);
    check(
        then(cashier(), walk_in()),
        &[new("138"), new(&hash), new(&hash)],
        expect![[r#"
            sound Blocked
            tell MemberUnknown("尾号0001")
            commit t1 registered
            commit #4 is of t1 by li, 14 points
            sound Accepted
            tell #4 is of t1, 14 points
            sound Blocked
            tell not named: HasMember
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 waiting
        "#]],
    );
    check(
        then(then(cashier(), walk_in()), [Later(after::NAMED_FREELY_MS)]),
        &[new(&hash), approves("wang", "manager", "seen")],
        expect![[r#"
            sound Blocked
            ask for NameBuyer
            commit NameBuyer of li approved by wang for seen
            commit t1 registered
            commit #4 is of t1 by li, 14 points
            sound Accepted
            tell #4 is of t1, 14 points
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 waiting
        "#]],
    );
}

#[test]
fn later_or_once_more_somebody_looks_on() {
    check(
        then(then(cashier(), walk_in()), [Later(after::NAMED_FREELY_MS - 1)]),
        &[
            names(GOLD),
            choose("cola", 4),
            PAY,
            Happens::PaysRest,
            Saved,
            names(GOLD),
            approves("wang", "supervisor", "seen"),
        ],
        expect![[r#"
            commit #4 is of m1 by li, 21 points
            sound Accepted
            tell #4 is of m1, 21 points
            commit line 1 cola 4 x 3.50 = 14.00
            sound Accepted
            commit sale of 1 lines: 14.00 0.00 = 14.00, tendered 14.00, change 0.00, tax 13% 1.61 of 14.00
            open drawer
            sound Accepted
            sound Blocked
            ask for NameBuyer
            commit NameBuyer of li approved by wang for seen
            commit #7 is of m1 by li, 21 points
            sound Accepted
            tell #7 is of m1, 21 points
            = shift 1 of 2026-03-02, li done #7, change 0.00; paper #4 waiting, #7 waiting
        "#]],
    );
    check(
        then(then(cashier(), walk_in()), [Later(after::NAMED_FREELY_MS)]),
        &[names(GOLD), approves("wang", "cashier", "seen"), approves("wang", "manager", "seen")],
        expect![[r#"
            sound Blocked
            ask for NameBuyer
            sound Blocked
            tell MayNotApprove
            commit NameBuyer of li approved by wang for seen
            commit #4 is of m1 by li, 21 points
            sound Accepted
            tell #4 is of m1, 21 points
            = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 waiting
        "#]],
    );
    // A clock that went back makes nothing later earlier.
    check(
        then(then(cashier(), walk_in()), [Later(-MINUTE_MS)]),
        &[names(GOLD)],
        expect![[r#"
        sound Blocked
        ask for NameBuyer
        = shift 1 of 2026-03-02, li done #4, change 0.00; paper #4 waiting
    "#]],
    );
}

#[test]
fn what_came_back_or_was_another_shifts_or_a_members_stays_as_it_is() {
    let back = [BACK, BringsBack, brings_back(1, 1_000), PAY, PAY_OUT, Saved];
    check(
        then(then(vec![buyer::points(), pin("li", true)], walk_in()), back),
        &[names(GOLD)],
        expect![[r#"
            sound Blocked
            tell not named: CameBack
            = shift 1 of 2026-03-02, li done #7, change 0.00; paper #4 waiting, #7 waiting
        "#]],
    );
    check(
        then(
            then(vec![buyer::points(), pin("li", true)], walk_in()),
            [CLOSE_SHIFT, names(GOLD), pin("li", true)],
        ),
        &[names(GOLD)],
        expect![[r#"
            sound Blocked
            tell not named: OtherShift
            = shift 2 of 2026-03-02, li selling
        "#]],
    );
    check(
        then(then(vec![buyer::points(), pin("li", true)], [scan("M000001W")]), walk_in()),
        &[names("m2")],
        expect![[r#"
            sound Blocked
            tell not named: HasMember
            = shift 1 of 2026-03-02, li done #5, change 0.00; paper #5 waiting
        "#]],
    );
}

#[test]
fn it_is_once_also_after_a_power_cut_and_an_open_basket_stays() {
    check(
        then(
            then(cashier(), walk_in()),
            [names(GOLD), PowerCut, signs_in("li", "cashier"), choose("cola", 1)],
        ),
        &[names("m2"), Later(0), PAY],
        expect![[r#"
            sound Blocked
            tell not named: HasMember
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50; paper #4 waiting
        "#]],
    );
}

#[test]
fn a_return_takes_the_points_back_to_the_point() {
    let mut lane = Lane::new();
    let piece = || [BACK, BringsBack, brings_back(1, 1_000), PAY, PAY_OUT, Saved];
    let day = then(then(vec![buyer::points(), pin("li", true)], walk_in()), [names(GOLD)]);
    let mut reversed = Vec::new();
    day.into_iter().for_each(|happens| drop(lane.take(happens)));
    for _ in 0..4 {
        piece().into_iter().for_each(|happens| drop(lane.take(happens)));
        let (.., record) = lane.journal.last().expect("a return").clone();
        let Record::SaleCompleted { sale } = record else { panic!("{record:?}") };
        let back = sale.points_back.expect("a member bought");
        assert_eq!((back.member.as_str(), back.restored), ("m1", 0));
        reversed.push(back.reversed);
    }
    let earned = lane.named_after(lane.paid_sale().expect("a sale").seq).and_then(|buyer| buyer.points);
    assert_eq!(reversed.iter().sum::<i64>(), earned.expect("points").earned, "{reversed:?}");
}
