//! Goods sold by weight, with a scale at the lane.

use super::*;
use crate::till::{ScaleAnswer, ScaleFault, TypedWeights};

/// A cashier signs in where a scale stands.
fn with_scale() -> Vec<Happens> {
    vec![Rule(|rules| rules.has_scale = true), signs_in("li", "cashier")]
}

fn weighs(grams: i64) -> Happens {
    Happens::ScaleSays(ScaleAnswer::Weighed { grams, net: false })
}

fn does_not_weigh(fault: ScaleFault) -> Happens {
    Happens::ScaleSays(ScaleAnswer::Not(fault))
}

fn choose_to_weigh() -> Happens {
    In(Input::Choose { sku: "apple".into(), count: None })
}

pub(super) fn any_weighing() -> impl Strategy<Value = Happens> {
    let fault = prop::sample::select(vec![ScaleFault::Away, ScaleFault::Moving, ScaleFault::Unchanged]);
    let grams = prop_oneof![8 => 1i64..3_000, 1 => any::<i64>(), 1 => Just(0)];
    prop_oneof![
        3 => Just(choose_to_weigh()),
        1 => Just(scan(APPLE)),
        4 => (grams, any::<bool>())
            .prop_map(|(grams, net)| Happens::ScaleSays(ScaleAnswer::Weighed { grams, net })),
        1 => fault.prop_map(does_not_weigh),
    ]
}

#[test]
fn the_scale_is_asked_and_its_weight_joins() {
    check(
        with_scale(),
        &[
            choose_to_weigh(),
            weighs(534),
            scan(APPLE),
            Happens::ScaleSays(ScaleAnswer::Weighed { grams: 1_235, net: true }),
        ],
        expect![[r#"
            weigh apple at 12.80
            commit line 1 apple 0.534 x 12.80 = 6.84, weighed by Scale { net: false }
            sound Accepted
            weigh apple at 12.80
            commit line 2 apple 1.235 x 12.80 = 15.81, weighed by Scale { net: true }
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2 lines 22.65
        "#]],
    );
}

#[test]
fn a_scale_that_does_not_weigh_adds_nothing() {
    for fault in [ScaleFault::Away, ScaleFault::Moving, ScaleFault::OverRange] {
        let mut lane = Lane::new();
        for happens in with_scale() {
            lane.take(happens);
        }
        lane.take(choose_to_weigh());
        let effects = lane.take(does_not_weigh(fault));
        let told = matches!(&effects[..], [Effect::Sound(Sound::Blocked), Effect::Tell(Message::NotWeighed { fault: told, .. })] if *told == fault);
        assert!(told && lane.till.basket.is_empty(), "{effects:?}");
    }
}

#[test]
fn no_weight_below_or_beyond_what_can_be_is_sold() {
    check(
        with_scale(),
        &[choose_to_weigh(), weighs(0), choose_to_weigh(), weighs(-20), choose_to_weigh(), weighs(i64::MAX)],
        expect![[r#"
            weigh apple at 12.80
            sound Blocked
            tell apple not weighed: Empty
            weigh apple at 12.80
            sound Blocked
            tell apple not weighed: UnderRange
            weigh apple at 12.80
            sound Blocked
            tell apple not weighed: OverRange
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn the_scale_answers_too_late_for_a_basket_that_is_being_paid() {
    check(
        then(with_scale(), [scan(COLA), choose_to_weigh(), PAY]),
        &[weighs(534)],
        expect![[r#"
        sound Blocked
        tell ScanWhilePaying
        = shift 1 of 2026-03-02, li paying; 1 lines 3.50
    "#]],
    );
}

#[test]
fn who_may_not_type_a_weight_asks_somebody_who_may() {
    check(
        with_scale(),
        &[choose("apple", 534), approves("zhao", "supervisor", "scale broken"), choose("apple", 377)],
        expect![[r#"
            sound Blocked
            ask for TypeWeight
            commit TypeWeight of li approved by zhao for scale broken
            commit line 1 apple 0.534 x 12.80 = 6.84, weighed by Person
            sound Accepted
            sound Blocked
            ask for TypeWeight
            = shift 1 of 2026-03-02, li selling; 1 lines 6.84
        "#]],
    );
}

#[test]
fn a_chain_lets_everybody_type_weights_or_nobody() {
    check(
        with_scale(),
        &[
            Rule(|rules| rules.typed_weights = TypedWeights::Free),
            choose("apple", 534),
            Rule(|rules| rules.typed_weights = TypedWeights::Never),
            choose("apple", 377),
        ],
        expect![[r#"
            commit line 1 apple 0.534 x 12.80 = 6.84, weighed by Person
            sound Accepted
            sound Blocked
            tell weight of apple by the scale only
            = shift 1 of 2026-03-02, li selling; 1 lines 6.84
        "#]],
    );
    // Without a scale there is no other way.
    check(
        selling(),
        &[Rule(|rules| rules.typed_weights = TypedWeights::Never), choose("apple", 534)],
        expect![[r#"
            commit line 1 apple 0.534 x 12.80 = 6.84, weighed by Person
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 6.84
        "#]],
    );
}

#[test]
fn a_weight_in_the_code_needs_no_scale() {
    check(
        with_scale(),
        &[scan(APPLE_WEIGHED)],
        expect![[r#"
        commit line 1 apple 1.235 x 12.80 = 15.81
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 15.81
    "#]],
    );
}
