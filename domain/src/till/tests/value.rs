//! Stored value at the counter: paid with within what HQ lent, given back in
//! the ratio in which it was paid, and paid in as no sale of goods.

use super::*;
use crate::value::{SpendOrder, Value, ValueGrant, ValueRules};

/// What HQ lent of the account of m2.
pub(super) const LENT: Value = Value { principal: Money::from_minor(1_000), bonus: Money::from_minor(200) };

/// In proportion; 5 on top of every 100 that is paid in at once.
pub(super) fn rules() -> ValueRules {
    ValueRules {
        order: SpendOrder::ProRata,
        principal_max: None,
        bonuses: vec![(Money::from_minor(10_000), Money::from_minor(500))],
    }
}

fn grant(member: &str, lent: Value) -> ValueGrant {
    ValueGrant {
        lease: "v:m2.1".into(),
        member: member.into(),
        lent,
        balance: Money::from_minor(5_000),
        until_ms: MORNING_MS + HOUR_MS,
    }
}

fn pays(member: &str, lent: Value, amount: Option<Money>) -> Happens {
    hands_over(Offer::StoredValue { grant: grant(member, lent), amount })
}

fn by_value(amount: Option<&str>) -> Happens {
    pays("m2", LENT, amount.map(money))
}

fn goes_back() -> Happens {
    In(Input::ReturnLease(points_of(LENT.total().minor())))
}

/// A lease as it goes back: of stored value, points are minor units.
fn points_of(points: i64) -> PointsGrant {
    PointsGrant { lease: "v:m2.1".into(), member: "m2".into(), points, until_ms: MORNING_MS + HOUR_MS }
}

fn tops_up(amount: &str, balance: Option<Value>) -> Happens {
    In(Input::TopUp { amount: money(amount), balance })
}

fn member(id: &str) -> Happens {
    In(Input::FindMember(id.into()))
}

/// What was spent of the lease, by the journal alone; it is one on all days.
pub(super) fn spent_by_journal(lane: &Lane) -> Value {
    let mut spent = Value::NOTHING;
    for (.., record) in &lane.journal {
        let Record::SaleCompleted { sale } = record else { continue };
        for tender in &sale.tenders {
            if let Tender::StoredValue(stored) = tender
                && stored.part.total().is_positive()
            {
                spent = spent.plus(stored.part);
            }
        }
    }
    spent
}

/// A payment out of what was lent, or of what is said to be: no more was lent.
pub(super) fn any_payment() -> impl Strategy<Value = Happens> {
    let part = |most: Money| prop_oneof![4 => 0..=most.minor(), 1 => i64::MIN..0].prop_map(Money::from_minor);
    let lent =
        (part(LENT.principal), part(LENT.bonus)).prop_map(|(principal, bonus)| Value { principal, bonus });
    let lent = prop_oneof![3 => Just(LENT), 1 => lent];
    (prop::sample::select(vec!["m1", "m2", "m2"]), lent, prop::option::of(any_amount()))
        .prop_map(|(member, lent, amount)| pays(member, lent, amount))
}

pub(super) fn any_value() -> impl Strategy<Value = Happens> {
    let amount = prop_oneof![4 => (0i64..30).prop_map(|hundreds| Money::from_minor(hundreds * 5_000)), 1 => any_amount()];
    let balance = (any_amount(), any_amount()).prop_map(|(principal, bonus)| Value { principal, bonus });
    prop_oneof![
        3 => any_payment(),
        3 => (amount, prop::option::of(balance))
            .prop_map(|(amount, balance)| In(Input::TopUp { amount, balance })),
        1 => Just(goes_back()),
    ]
}

/// Something is bought and brought back, or paid in.
pub(super) fn any_scene(goods: impl Strategy<Value = Vec<Happens>>) -> impl Strategy<Value = Vec<Happens>> {
    (goods, any_payment(), any_value(), any::<bool>()).prop_map(|(goods, payment, more, returns)| {
        let day = then(vec![member("m2")], goods);
        let day = then(day, [CONFIRM_AGE, PAY, payment, more.clone(), Happens::PaysRest, Saved]);
        let back = [BringsBack, brings_back(1, 1_000), PAY, PAY_OUT, Saved, In(Input::DropReturn)];
        let paid_in = [member("m2"), more, PAY, Happens::PaysRest, Saved];
        if returns { then(day, back) } else { then(day, paid_in) }
    })
}

fn last_sale(lane: &Lane) -> Sale {
    let sale = lane.journal.iter().rev().find_map(|(_, _, record)| match record {
        Record::SaleCompleted { sale } => Some(sale.as_ref().clone()),
        _ => None,
    });
    sale.expect("a document")
}

#[test]
fn it_pays_what_was_lent_and_the_rest_is_paid_otherwise() {
    check(
        then(selling(), [scan(COLA), scan(COLA), scan(COLA), scan(COLA), member("m2"), PAY]),
        &[by_value(Some("6.00")), by_value(None), cash("10"), Saved],
        expect![[r#"
            commit tender stored value of m2 5.00 and 1.00
            sound Accepted
            sound Blocked
            tell TendersFirst
            commit sale of 4 lines: 14.00 0.00 = 14.00, tendered 16.00, change 2.00, tax 13% 1.60 of 14.00
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #9, change 2.00; paper #9 waiting
        "#]],
    );
}

#[test]
fn of_what_was_lent_no_more_is_spent_also_after_a_power_cut() {
    let colas = |count: usize| vec![scan(COLA); count];
    let bought = then(then(selling(), [member("m2")]), colas(2));
    check(
        then(bought, [PAY, by_value(None), Saved, PowerCut, pin("li", true), member("m2")]),
        &then(
            colas(3),
            [PAY, by_value(Some("6.00")), by_value(None), PowerCut, pin("li", true), by_value(None)],
        ),
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 2 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            sound Blocked
            tell ValueNotSpent
            commit tender stored value of m2 4.17 and 0.83
            sound Accepted
            commit li signed in
            sound Accepted
            sound Blocked
            tell TendersFirst
            = shift 1 of 2026-03-02, li paying; 3 lines 10.50; stored value of m2 4.17 and 0.83; paper #6 waiting
        "#]],
    );
}

#[test]
fn whose_it_is_not_and_what_is_over_or_back_pays_nothing() {
    check(
        then(selling(), [scan(COLA), member("m1"), PAY]),
        &[by_value(None), pays("m1", LENT, Some(money("9"))), pays("m1", LENT, None)],
        expect![[r#"
            sound Blocked
            tell ValueNotSpent
            sound Blocked
            tell more than the 3.50 due
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
    check(
        then(selling(), [scan(COLA), PAY]),
        &[by_value(None), goes_back()],
        expect![[r#"
        sound Blocked
        tell MemberFirst
        commit v:m2.1 goes back
        = shift 1 of 2026-03-02, li paying; 1 lines 3.50
    "#]],
    );
    check(
        then(selling(), [goes_back(), scan(COLA), member("m2"), PAY]),
        &[by_value(None)],
        expect![[r#"
        sound Blocked
        tell ValueNotSpent
        = shift 1 of 2026-03-02, li paying; 1 lines 3.50
    "#]],
    );
    // Its time ends while it lies on the basket: nothing is sold for it.
    check(
        then(selling(), [scan(COLA), scan(EGG), member("m2"), PAY, by_value(Some("3"))]),
        &[goes_back(), Later(HOUR_MS), cash("10"), by_value(None), cash("5.50")],
        expect![[r#"
            commit tender 0 handed back
            tell ValueOver
            sound Blocked
            tell ValueNotSpent
            commit sale of 2 lines: 5.50 0.00 = 5.50, tendered 5.50, change 0.00, tax 13% 0.63 of 5.50
            = shift 1 of 2026-03-02, li saving
        "#]],
    );
}

#[test]
fn it_is_taken_off_the_basket_again_and_left_when_that_is_parked() {
    check(
        then(selling(), [scan(COLA), scan(EGG), member("m2"), PAY, by_value(Some("3"))]),
        &[BACK, In(Input::TakeTenderBack { place: 0 }), BACK, PARK],
        expect![[r#"
            sound Blocked
            tell TendersFirst
            commit tender 0 handed back
            commit basket 1 parked by li
            commit basket 1 offered
            tell basket 1 parked
            = shift 1 of 2026-03-02, li selling; 1 parked
        "#]],
    );
}

#[test]
fn goods_that_it_paid_are_not_exchanged_since_what_was_given_on_top_would_become_money() {
    let bought = then(selling(), [member("m2"), scan(COLA), scan(EGG), PAY, by_value(None), Saved, BACK]);
    let tells = |lane: &mut Lane, happens: Happens| {
        let effects = lane.take(happens);
        effects.iter().any(|effect| matches!(effect, Effect::Tell(Message::ValueBackFirst)))
    };
    let mut lane = Lane::new();
    bought.iter().cloned().for_each(|happens| drop(lane.take(happens)));
    lane.take(BringsBack);
    assert!(lane.till.basket.past().is_some() && tells(&mut lane, scan(COLA)));
    assert!(lane.till.basket.lines().is_empty());

    let mut lane = Lane::new();
    bought.iter().cloned().for_each(|happens| drop(lane.take(happens)));
    lane.take(scan(COLA));
    assert!(tells(&mut lane, BringsBack));
    assert!(lane.till.basket.past().is_none() && lane.till.basket.lines().len() == 1);
}

#[test]
fn leases_that_are_over_do_not_fill_the_lane() {
    let mut lane = Lane::new();
    let known = |number: usize, until_ms: i64| crate::member::LeaseSpent {
        lease: format!("v:x.{number}"),
        spent: 1,
        bonus: 0,
        until_ms,
    };
    then(selling(), [member("m2"), scan(COLA), PAY]).into_iter().for_each(|happens| drop(lane.take(happens)));
    lane.till.leases_spent =
        (0..LEASES_SPENT_MAX).map(|number| known(number, lane.now_ms + HOUR_MS)).collect();
    lane.take(by_value(Some("1")));
    assert!(lane.till.tenders.is_empty(), "no further lease can be remembered");
    lane.till.leases_spent =
        (0..LEASES_SPENT_MAX).map(|number| known(number, lane.now_ms - HOUR_MS)).collect();
    lane.take(by_value(Some("1")));
    assert_eq!(lane.till.tenders.len(), 1);
}

#[test]
fn it_goes_back_to_its_account_in_the_ratio_in_which_it_was_paid() {
    let mut lane = Lane::new();
    let bought =
        then(selling(), [member("m2"), scan(COLA), scan(COLA), scan(COLA), PAY, by_value(None), Saved]);
    for happens in bought {
        lane.take(happens);
    }
    let paid = last_sale(&lane);
    assert!(matches!(&paid.tenders[..], [Tender::StoredValue(stored)]
        if stored.part == Value { principal: money("8.75"), bonus: money("1.75") } && stored.left == Some(money("39.50"))));
    let mut back = Value::NOTHING;
    for line in 1..=3 {
        for happens in [BringsBack, brings_back(line, 1_000), PAY, PAY_OUT, Saved, BACK] {
            lane.take(happens);
        }
        for tender in last_sale(&lane).tenders {
            let Tender::StoredValue(stored) = tender else { panic!("to its account: {tender:?}") };
            assert_eq!((stored.member.as_str(), stored.left), ("m2", None));
            back = back.less(stored.part);
        }
    }
    assert_eq!(back, Value { principal: money("8.75"), bonus: money("1.75") });
    assert_eq!(lane.till.totals.net(), Money::ZERO);
}

#[test]
fn money_is_paid_in_alone_and_is_no_revenue() {
    check(
        then(selling(), [member("m2")]),
        &[
            tops_up("100.50", None),
            tops_up("5001", None),
            tops_up("100", Some(Value { principal: money("4950"), bonus: money("1") })),
            tops_up("100", Some(Value { principal: money("4900"), bonus: Money::ZERO })),
            by_value(None),
            voucher("1", "5"),
            BACK,
            scan(COLA),
            pieces(1, 2),
            price(1, "1"),
            cut(Some(1), Cut::Part(1_000)),
            cut(None, Cut::Part(1_000)),
            In(Input::DropMember),
            member("m1"),
            PAY,
            some_cash("30"),
            CHARGE(),
            answered(1, paid()),
            Saved,
            REPORT,
            BringsBack,
        ],
        expect![[r#"
            sound Blocked
            tell top up at most 5000.00
            sound Blocked
            tell top up at most 5000.00
            sound Blocked
            tell top up at most 50.00
            commit line 1 $top_up 1 x 100.00 = 100.00
            sound Accepted
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell $top_up is not reduced
            commit basket less 1000 parts for bruised by li
            sound Blocked
            tell TopUpAlone
            sound Blocked
            tell TopUpAlone
            commit tender cash 30.00
            sound Accepted
            commit WeChat payment 1 of 70.00 begun
            charge WeChat payment 1 70.00 to 134567890123456789
            commit payment 1 ended Paid
            sound Accepted
            commit sale of 1 lines: 100.00 0.00 = 100.00, tendered 100.00, change 0.00, tax 0% 0.00 of 100.00
            open drawer
            sound Accepted
            report 1 documents, sold 0.00, returned 0.00, rounding 0.00; Cash 30.00, Wallet(WeChat) 70.00; drawer 30.00; ever 0.00 in 1
            sound Blocked
            tell TopUpAtHq
            = shift 1 of 2026-03-02, li selling; paper #9 waiting
        "#]],
    );
    check(
        then(selling(), [member("m2"), scan(COLA)]),
        &[tops_up("100", None), void(1), In(Input::DropMember), tops_up("100", None)],
        expect![[r#"
            sound Blocked
            tell TopUpAlone
            commit line 1 voided by li
            tell cola voided
            commit member left
            sound Blocked
            tell MemberFirst
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn what_is_paid_in_and_on_top_stands_in_the_document() {
    let mut lane = Lane::new();
    for happens in then(selling(), [member("m2"), tops_up("100", None), cash("100"), Saved]) {
        lane.take(happens);
    }
    let sale = last_sale(&lane);
    let top_up = sale.top_up.expect("it pays in");
    assert_eq!(
        (top_up.member.as_str(), top_up.value),
        ("m2", Value { principal: money("100"), bonus: money("5") })
    );
    assert!(sale.buyer.is_some_and(|buyer| buyer.points.is_none_or(|points| points.earned == 0)));
    assert_eq!(lane.till.takings.topped_up.amount, money("100"));
    assert_eq!((lane.till.takings.sold, lane.till.totals.sold), (Money::ZERO, Money::ZERO));
}
