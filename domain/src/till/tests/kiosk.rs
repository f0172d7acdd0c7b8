//! Days at a lane that strangers use by themselves.

use super::*;
use crate::till::kiosk::{
    AuditFound, AuditRules, BagInput, BagReading, BaggingRules, CallEnd, Cause, ChanceParts, Kiosk,
    KioskInput, KioskMessage, KioskRecord, KioskRules, RandomSource,
};

pub(super) fn message_words(message: &KioskMessage) -> String {
    match message {
        KioskMessage::NotHere => "not at a kiosk".into(),
        KioskMessage::NotSoldHere(item) => format!("{} is not sold here", item.sku),
        KioskMessage::Wait(cause) => format!("{cause:?} waits for the attendant"),
        KioskMessage::NoCall(cause) => format!("nobody called for {cause:?}"),
        KioskMessage::Bag(state) => format!("bagging {state:?}"),
        KioskMessage::NoBag => "no bag of their own".into(),
    }
}

pub(super) fn record_words(record: &KioskRecord) -> String {
    match record {
        KioskRecord::Called { cause } => format!("called for {cause:?}"),
        KioskRecord::Answered { cause, end, level: 0 } => format!("{cause:?} {end:?}"),
        KioskRecord::Answered { cause, end, level } => format!("{cause:?} {end:?} up to {level}"),
        KioskRecord::AuditDrawn { drawn, .. } => {
            format!("{} of {} drawn, due {}", drawn.random, drawn.chance, drawn.due)
        }
        KioskRecord::BagFound { cause, found } => {
            format!("{cause:?}: {} for {} to {} g", found.measured, found.low, found.high)
        }
        KioskRecord::Weighed(weighing) => {
            format!("{}{} weighs {} g", weighing.sku, weighing.unit, weighing.grams)
        }
        KioskRecord::OwnBag { grams } => format!("a bag of {grams} g of their own"),
        KioskRecord::Audited(found) => format!("audited {} with {} missed", found.checked, found.missed),
    }
}

pub(super) fn untouched() -> Kiosk {
    Kiosk::default()
}

fn usual() -> KioskRules {
    KioskRules::usual(Money::from_minor(100))
}

/// Nobody is looked at unless chance gives a number below 200.
const UNDRAWN: u32 = 9_999;

fn opened() -> Vec<Happens> {
    vec![Rule(|rules| rules.kiosk = Some(usual())), signs_in("li", "manager")]
}

fn to_payment(random: u32) -> Happens {
    In(Input::Kiosk(KioskInput::Pay { random }))
}

fn answer(cause: Cause, end: CallEnd) -> Happens {
    In(Input::Kiosk(KioskInput::Answer { cause, end }))
}

fn call(cause: Cause) -> Happens {
    In(Input::Kiosk(KioskInput::Call(cause)))
}

#[test]
fn a_customer_buys_alone_and_chooses_paper() {
    check(
        then(opened(), [scan(COLA), to_payment(UNDRAWN), CHARGE(), answered(1, paid())]),
        &[Saved, PRINTER_READY, reprint(None), PRINTER_READY, BACK],
        expect![[r#"
            sound Accepted
            tell reprinting #7
            commit paper #7 begun
            print #7
            = shift 1 of 2026-03-02, li selling; paper #7 begun
        "#]],
    );
}

#[test]
fn paper_that_nobody_asked_for_is_none_but_a_power_cut_brings_it() {
    let paid = || then(opened(), [scan(COLA), to_payment(UNDRAWN), CHARGE(), answered(1, paid()), Saved]);
    check(
        paid(),
        &[BACK, PRINTER_READY],
        expect![[r#"
            commit paper #7 ended Waived
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
    check(
        paid(),
        &[In(Input::WaivePaper { document: 7 }), PRINTER_READY],
        expect![[r#"
            commit paper #7 ended Waived
            = shift 1 of 2026-03-02, li done #7, change 0.00
        "#]],
    );
    check(
        then(paid(), [PowerCut]),
        &[PRINTER_READY],
        expect![[r#"
            commit paper #7 begun
            print #7
            = shift 1 of 2026-03-02, signed out; paper #7 begun
        "#]],
    );
}

#[test]
fn a_child_with_a_beer_waits_and_leaves_it() {
    check(
        opened(),
        &[scan(COLA), scan(BEER), to_payment(UNDRAWN), CONFIRM_AGE, answer(Cause::Age, CallEnd::Refused)],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 2 beer 1 x 10.00 = 10.00
            sound Accepted
            tell age of beer
            commit called for Age
            commit 9999 of 200 drawn, due false
            sound Blocked
            tell Age waits for the attendant
            sound Blocked
            tell not at a kiosk
            sound Blocked
            ask for ConfirmAge
            = shift 1 of 2026-03-02, li selling; 2 lines 13.50
        "#]],
    );
    // A stranger's PIN is none; a cashier may attend.
    check(
        then(opened(), [scan(COLA), scan(BEER), answer(Cause::Age, CallEnd::Refused)]),
        &[
            In(Input::Approve {
                staff: staff("wang"),
                rights: rights("cashier"),
                matches: false,
                reason: "未满18".into(),
            }),
            approves("wang", "cashier", "未满18"),
        ],
        expect![[r#"
            commit wang refused
            sound Blocked
            tell wrong PIN, wait 0
            commit ConfirmAge of li approved by wang for 未满18
            commit Age Refused
            commit line 2 voided by wang
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_beer_that_is_put_back_calls_nobody_any_more() {
    check(
        then(opened(), [scan(BEER)]),
        &[void(1)],
        expect![[r#"
            commit line 1 voided by li
            tell beer voided
            commit Age Gone
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn an_age_that_was_seen_is_in_the_journal_with_who_and_why() {
    check(
        then(opened(), [scan(BEER), answer(Cause::Age, CallEnd::Passed)]),
        &[approves("wang", "cashier", "看过身份证"), to_payment(UNDRAWN)],
        expect![[r#"
            commit ConfirmAge of li approved by wang for 看过身份证
            commit Age Passed
            commit age confirmed by wang
            sound Accepted
            commit 9999 of 200 drawn, due false
            = shift 1 of 2026-03-02, li paying; 1 lines 10.00
        "#]],
    );
}

#[test]
fn two_pieces_go_back_freely_and_a_third_by_the_attendant() {
    let scans = [COLA, COLA, COLA, EGG].map(scan);
    check(
        then(then(opened(), scans), [void(1), void(2)]),
        &[void(3), approves("wang", "cashier", "改主意")],
        expect![[r#"
            sound Blocked
            ask for Attend
            commit called for Removal
            commit Attend of li approved by wang for 改主意
            commit line 3 voided by li
            tell cola voided
            commit Removal Gone
            = shift 1 of 2026-03-02, li selling; 1 lines 2.00
        "#]],
    );
    // Fewer pieces are a removal too.
    check(
        then(
            opened(),
            [Rule(|rules| rules.kiosk = Some(KioskRules { free_removals: 0, ..usual() })), scan(COLA)],
        ),
        &[pieces(1, 3), pieces(1, 2), scan(EGG)],
        expect![[r#"
            commit line 1 quantity 3 net 10.50
            sound Blocked
            ask for Attend
            commit called for Removal
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit Removal Gone
            = shift 1 of 2026-03-02, li selling; 2 lines 12.50
        "#]],
    );
}

#[test]
fn limits_call_the_attendant_once_and_again_when_the_basket_grows() {
    let limits = Rule(|rules| {
        rules.kiosk = Some(KioskRules { item_pieces_max: 2, total_max: Money::from_minor(1_500), ..usual() });
    });
    check(
        then(opened(), [limits, scan(COLA), pieces(1, 3)]),
        &[
            answer(Cause::Pieces, CallEnd::Passed),
            approves("wang", "cashier", "聚会用"),
            scan(COLA),
            scan(COLA),
            answer(Cause::Total, CallEnd::Refused),
            approves("wang", "cashier", "请到收银台"),
            to_payment(UNDRAWN),
        ],
        expect![[r#"
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 聚会用
            commit Pieces Passed up to 3
            sound Accepted
            commit line 2 cola 1 x 3.50 = 3.50
            sound Accepted
            commit called for Pieces
            commit line 3 cola 1 x 3.50 = 3.50
            sound Accepted
            commit called for Total
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 请到收银台
            commit Total Refused
            sound Accepted
            commit 9999 of 200 drawn, due false
            sound Blocked
            tell Pieces waits for the attendant
            commit called for Total
            = shift 1 of 2026-03-02, li selling; 3 lines 17.50
        "#]],
    );
}

#[test]
fn a_basket_that_was_drawn_is_looked_at_before_it_is_paid() {
    let found = AuditFound { checked: 5, missed: 1, ..AuditFound::default() };
    check(
        then(opened(), [scan(COLA)]),
        &[
            to_payment(199),
            to_payment(UNDRAWN),
            In(Input::Kiosk(KioskInput::Audited(found))),
            approves("wang", "cashier", "抽查"),
            scan(EGG),
            to_payment(199),
        ],
        expect![[r#"
            commit 199 of 200 drawn, due true
            sound Blocked
            tell Audit waits for the attendant
            commit called for Audit
            sound Blocked
            tell Audit waits for the attendant
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 抽查
            commit audited 5 with 1 missed
            commit Audit Refused
            sound Accepted
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li paying; 2 lines 5.50
        "#]],
    );
}

#[test]
fn the_second_failed_payment_waits_for_the_attendant() {
    let declined = || Answer::Declined { reason: "余额不足".into() };
    check(
        then(
            opened(),
            [
                scan(COLA),
                to_payment(UNDRAWN),
                CHARGE(),
                answered(1, declined()),
                CHARGE(),
                answered(2, declined()),
            ],
        ),
        &[CHARGE(), answer(Cause::Payment, CallEnd::Passed), approves("wang", "cashier", "换个码"), CHARGE()],
        expect![[r#"
            sound Blocked
            tell Payment waits for the attendant
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 换个码
            commit Payment Passed
            sound Accepted
            commit WeChat payment 3 of 3.50 begun
            charge WeChat payment 3 3.50 to 134567890123456789
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50; payment 3
        "#]],
    );
}

#[test]
fn cash_is_the_attendants_and_no_drawer_opens() {
    check(
        then(opened(), [scan(COLA), to_payment(UNDRAWN), call(Cause::Cash)]),
        &[cash("3.50"), approves("wang", "cashier", "收现金"), Saved],
        expect![[r#"
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 收现金
            commit sale of 1 lines: 3.50 0.00 = 3.50, tendered 3.50, change 0.00, tax 13% 0.40 of 3.50
            sound Accepted
            = shift 1 of 2026-03-02, li done #7, change 0.00; paper #7 waiting
        "#]],
    );
}

#[test]
fn tobacco_and_what_is_kept_back_is_sold_at_a_till() {
    let mut smoke =
        Item { age_restricted: true, no_promotion: true, ..Item::plain("s", Money::ZERO, rate(1_300)) };
    assert!(!usual().sells(&smoke));
    assert!(KioskRules { sells_tobacco: true, ..usual() }.sells(&smoke));
    smoke = Item { category: "knives".into(), ..Item::plain("k", Money::ZERO, rate(1_300)) };
    assert!(usual().sells(&smoke));
    assert!(!KioskRules { kept_back: vec!["knives".into()], ..usual() }.sells(&smoke));
    check(
        vec![
            Rule(|rules| rules.kiosk = Some(KioskRules { kept_back: vec![String::new()], ..usual() })),
            signs_in("li", "cashier"),
        ],
        &[scan(COLA)],
        expect![[r#"
            sound Blocked
            tell cola is not sold here
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn calls_outlive_a_power_cut() {
    check(
        then(opened(), [scan(BEER), call(Cause::Help), PowerCut, signs_in("wang", "cashier")]),
        &[to_payment(UNDRAWN), In(Input::Kiosk(KioskInput::CallOff(Cause::Help)))],
        expect![[r#"
            commit 9999 of 200 drawn, due false
            sound Blocked
            tell Age waits for the attendant
            commit Help Gone
            = shift 1 of 2026-03-02, wang selling; 1 lines 10.00
        "#]],
    );
}

pub(super) fn any_stranger() -> impl Strategy<Value = Vec<Happens>> {
    let cause = || prop::sample::select(Cause::ALL.to_vec());
    let end =
        prop::sample::select(vec![CallEnd::Passed, CallEnd::Refused, CallEnd::FalseAlarm, CallEnd::Gone]);
    let one = prop_oneof![
        6 => prop::sample::select(vec![COLA, EGG, BEER, TEA, GIFT_SET]).prop_map(scan),
        4 => any::<u32>().prop_map(to_payment),
        3 => (cause(), end).prop_map(|(cause, end)| answer(cause, end)),
        3 => (0u32..6).prop_map(void),
        2 => (1u32..6, 0i64..5).prop_map(|(line, count)| pieces(line, count)),
        2 => cause().prop_map(call),
        1 => cause().prop_map(|cause| In(Input::Kiosk(KioskInput::CallOff(cause)))),
        2 => (0u32..3).prop_map(|missed| {
            In(Input::Kiosk(KioskInput::Audited(AuditFound { missed, ..AuditFound::default() })))
        }),
        3 => prop::sample::select(vec!["cashier", "supervisor"]).prop_map(|role| approves("wang", role, "ok")),
        2 => prop_oneof![Just(BagReading::Moving), (0i64..4).prop_map(|pieces| BagReading::Still(pieces * 300)), Just(BagReading::Away)].prop_map(scale),
        1 => prop::sample::select(vec![BagInput::OwnBag, BagInput::Hurry, BagInput::Fresh]).prop_map(bag),
        1 => Just(PowerCut),
        1 => Just(signs_in("li", "manager")),
        4 => any_happening(),
    ];
    let whole = Just(vec![
        scan(COLA),
        to_payment(UNDRAWN),
        CHARGE(),
        Happens::Answers(Answer::Paid { reference: "4200".into() }),
        Saved,
    ]);
    prop_oneof![8 => one.prop_map(|one| vec![one]), 1 => whole]
}

proptest! {
    /// Whatever strangers do: days add up and outlive power cuts, nobody but who approves has any right, and no basket
    /// is paid that should have been looked at.
    #[test]
    fn no_stranger_pays_past_the_attendant(day in prop::collection::vec(any_stranger(), 0..80), weighs in any::<bool>()) {
        let mut lane = Lane::new();
        let rules = KioskRules {
            bagging: weighs.then(BaggingRules::default),
            total_max: Money::from_minor(3_000),
            item_pieces_max: 3,
            audit: AuditRules { base: 3_000, ..AuditRules::default() },
            ..usual()
        };
        lane.settings.rules.kiosk = Some(rules);
        for happens in opened().into_iter().skip(1).chain(day.into_iter().flatten()) {
            // A sale that is on its way to the disk is a day of its own, elsewhere.
            if matches!(happens, PowerCut) && matches!(lane.till.desk, Desk::Saving(..)) {
                continue;
            }
            let from = lane.journal.len();
            let before = lane.till.clone();
            check_step(&mut lane, happens)?;
            prop_assert_eq!(lane.till.rights, Rights::NONE);
            prop_assert!(lane.till.kiosk().calls().len() <= Cause::ALL.len());
            for (at, (_, _, record)) in lane.journal.iter().enumerate().skip(from) {
                let approved = |since: usize| {
                    lane.journal[since..at].iter().any(|(.., record)| matches!(record, Record::Approved { .. }))
                };
                match record {
                    Record::SaleCompleted { .. } => {
                        prop_assert!(!before.kiosk().bagging().state().holds(), "paid past the scale");
                        prop_assert_eq!(before.basket.age_open().count(), 0);
                        let audited = before.kiosk.drawn().is_some_and(|drawn| !drawn.due)
                            || lane.journal.iter().any(|(.., record)| matches!(record, Record::Kiosk(KioskRecord::Audited(_))));
                        prop_assert!(audited, "a basket was paid that should have been looked at");
                    }
                    // None of these happens without somebody who said why.
                    Record::BasketRecalled { .. } | Record::AgeConfirmed { .. } | Record::Kiosk(KioskRecord::Audited(_)) => {
                        prop_assert!(approved(from), "{:?}", record);
                    }
                    _ => {}
                }
            }
        }
        lane.take(Saved);
        check_restart_now(&lane)?;
    }
}

#[test]
fn the_attendants_pin_leaves_the_question_and_a_wrong_one_counts() {
    check(
        then(
            opened(),
            [Rule(|rules| rules.kiosk = Some(KioskRules { free_removals: 0, ..usual() })), scan(COLA)],
        ),
        &[void(1), pin("wang", false), pin("wang", true), approves("wang", "cashier", "改主意")],
        expect![[r#"
            sound Blocked
            ask for Attend
            commit called for Removal
            commit wang refused
            sound Blocked
            tell wrong PIN, wait 0
            sound Accepted
            commit Attend of li approved by wang for 改主意
            commit line 1 voided by li
            tell cola voided
            commit Removal Gone
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

fn bag(input: BagInput) -> Happens {
    In(Input::Kiosk(KioskInput::Bag(input)))
}

fn scale(reading: BagReading) -> Happens {
    bag(BagInput::Scale(reading))
}

fn lies(grams: i64) -> Happens {
    scale(BagReading::Still(grams))
}

/// A kiosk with a bagging scale, and colas of 350 g that were weighed three times.
fn weighed() -> Vec<Happens> {
    let colas = (1..=3).flat_map(|count| [scan(COLA), lies(350 * count)]);
    let sold = [to_payment(UNDRAWN), CHARGE(), answered(1, paid()), Saved, lies(0), BACK];
    let opened = vec![Rule(|rules| {
        rules.kiosk = Some(KioskRules { bagging: Some(BaggingRules::default()), ..usual() })
    })];
    let signed = [signs_in("li", "manager"), lies(0)];
    opened.into_iter().chain(signed).chain(colas).chain(sold).collect()
}

#[test]
fn goods_are_weighed_until_their_weight_is_known() {
    check(
        vec![
            Rule(|rules| {
                rules.kiosk = Some(KioskRules { bagging: Some(BaggingRules::default()), ..usual() })
            }),
            signs_in("li", "manager"),
            lies(0),
        ],
        &[scan(COLA), scan(EGG), to_payment(UNDRAWN), scale(BagReading::Moving), lies(352), scan(EGG)],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            sound Blocked
            tell bagging Waiting
            sound Blocked
            tell bagging Waiting
            commit cola weighs 352 g
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2 lines 5.50
        "#]],
    );
}

#[test]
fn goods_that_were_not_bagged_wait_for_the_attendant() {
    check(
        then(weighed(), [scan(COLA)]),
        &[
            Later(19 * SECOND_MS),
            TICK,
            Later(SECOND_MS),
            TICK,
            answer(Cause::NotBagged, CallEnd::Passed),
            approves("wang", "cashier", "太大，放车里"),
            to_payment(UNDRAWN),
        ],
        expect![[r#"
            commit NotBagged: 0 for 335 to 365 g
            commit called for NotBagged
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 太大，放车里
            commit NotBagged Passed
            sound Accepted
            commit 9999 of 700 drawn, due false
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn another_weight_than_the_goods_have_is_seen_and_a_false_alarm_is_learned() {
    check(
        then(weighed(), [scan(COLA), lies(250)]),
        &[
            Later(8 * SECOND_MS),
            TICK,
            to_payment(UNDRAWN),
            answer(Cause::WrongWeight, CallEnd::FalseAlarm),
            approves("wang", "cashier", "换了包装"),
            to_payment(UNDRAWN),
        ],
        expect![[r#"
            commit WrongWeight: 250 for 335 to 365 g
            commit called for WrongWeight
            commit 9999 of 700 drawn, due false
            sound Blocked
            tell WrongWeight waits for the attendant
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 换了包装
            commit WrongWeight FalseAlarm up to 250
            commit cola weighs 250 g
            sound Accepted
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn what_was_not_scanned_and_what_is_taken_away_is_put_right_or_the_attendant_comes() {
    check(
        then(weighed(), [scan(COLA), lies(350)]),
        &[
            lies(900),
            scan(COLA),
            lies(351),
            lies(0),
            Later(8 * SECOND_MS),
            TICK,
            answer(Cause::TakenOff, CallEnd::Refused),
            approves("wang", "cashier", "请放回"),
            to_payment(UNDRAWN),
            lies(350),
            to_payment(UNDRAWN),
        ],
        expect![[r#"
            sound Blocked
            tell bagging TooMuch
            commit TakenOff: -350 for -15 to 15 g
            commit called for TakenOff
            sound Blocked
            ask for Attend
            commit Attend of li approved by wang for 请放回
            commit TakenOff Refused up to -350
            sound Accepted
            commit 9999 of 700 drawn, due false
            sound Blocked
            tell TakenOff waits for the attendant
            commit TakenOff: -350 for -15 to 15 g
            commit called for TakenOff
            commit TakenOff Gone
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_bag_of_their_own_is_said_and_written_down() {
    check(
        then(weighed(), [lies(180)]),
        &[scan(COLA), bag(BagInput::OwnBag), scan(COLA), lies(530), bag(BagInput::OwnBag)],
        expect![[r#"
            sound Blocked
            tell bagging TooMuch
            commit a bag of 180 g of their own
            sound Accepted
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit cola weighs 350 g
            sound Blocked
            tell no bag of their own
            = shift 1 of 2026-03-02, li selling; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_kiosk_without_a_bagging_scale_hears_none() {
    check(
        opened(),
        &[lies(500), scan(COLA)],
        expect![[r#"
        sound Blocked
        tell not at a kiosk
        commit line 1 cola 1 x 3.50 = 3.50
        sound Accepted
        = shift 1 of 2026-03-02, li selling; 1 lines 3.50
    "#]],
    );
}

#[test]
fn an_alarm_makes_an_audit_likelier_and_the_draw_can_be_reckoned_again() {
    let mut lane = Lane::new();
    let alarm = [scan(COLA), lies(250), Later(8 * SECOND_MS), TICK, lies(350), pieces(1, 2), lies(700)];
    let day = weighed().into_iter().chain(alarm).chain([to_payment(UNDRAWN)]);
    day.for_each(|happens| drop(lane.take(happens)));
    let drawn = lane.journal.iter().rev().find_map(|(.., record)| match record {
        Record::Kiosk(KioskRecord::AuditDrawn { drawn, parts, source }) => Some((*drawn, *parts, *source)),
        _ => None,
    });
    let (drawn, parts, source) = drawn.expect("a draw");
    assert_eq!(parts, ChanceParts { base: 200, alarms: 500, ..ChanceParts::default() });
    assert_eq!((drawn.chance, source), (700, RandomSource::System));
    assert!(drawn.adds_up(parts));
}
