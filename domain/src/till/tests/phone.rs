//! Baskets that customers' phones scanned, and who may leave.

use super::*;
use crate::phone::{
    CLOCK_AHEAD_MAX_MS, CodeId, CodeKind, Difference, ExitRight, PHONES_MAX, PhoneBasket, PhoneInput,
    PhoneLine, PhoneMessage, PhoneRecord, Taking, Unsold, Unusable,
};
use crate::till::kiosk::{AuditFound, KioskInput, KioskRules};

pub(super) fn record_words(record: &PhoneRecord) -> String {
    let amount = |money: Money| yuan().format(money);
    match record {
        PhoneRecord::BasketTaken(taken) => {
            let lines: Vec<String> = taken
                .lines
                .iter()
                .map(|line| match &line.taking {
                    Taking::Lines(numbers) => format!("{} x {} as {numbers:?}", line.pieces, line.code),
                    Taking::LeftOut { why, sku } => format!("{} left out: {why:?} {sku}", line.code),
                })
                .collect();
            format!(
                "phone's basket, {} for {} shown: {}",
                amount(taken.charged),
                amount(taken.shown),
                lines.join("; ")
            )
        }
        PhoneRecord::DifferencesSeen => "differences seen".into(),
        PhoneRecord::ExitChecked { exit, staff, drawn } => {
            format!("exit of sale {} checked by {staff}, drawn {:?}", exit.seq, drawn.map(|drawn| drawn.due))
        }
        PhoneRecord::ExitAudited { staff, found, .. } => {
            format!("exit audited by {staff}, {} missed", found.missed)
        }
        PhoneRecord::Refused { kind, why } => format!("{kind:?} refused: {why:?}"),
    }
}

/// The number that stands in a code.
fn id(number: u8) -> CodeId {
    CodeId([number; 12])
}

fn line(code: &str, pieces: u32, shown: Option<i64>) -> PhoneLine {
    PhoneLine { code: code.into(), pieces, shown: shown.map(Money::from_minor) }
}

fn phone(input: PhoneInput) -> Happens {
    In(Input::Phone(Box::new(input)))
}

fn brings(number: u8, total: i64, lines: Vec<PhoneLine>) -> Happens {
    let total = Money::from_minor(total);
    phone(PhoneInput::Take(PhoneBasket { id: id(number), until_ms: LATE, total, lines }))
}

fn leaves(number: u8, random: u32) -> Happens {
    let exit = ExitRight {
        id: id(number),
        made_ms: 0,
        until_ms: LATE,
        lane: 2,
        epoch: 1,
        seq: 41,
        pieces: 3,
        total: Money::from_minor(1_250),
    };
    phone(PhoneInput::CheckExit { exit, random })
}

const LOOK: fn() -> Happens = || phone(PhoneInput::Look);

/// Beyond every clock of these days.
const LATE: i64 = i64::MAX / 2;

fn pays_rest() -> [Happens; 2] {
    [Happens::PaysRest, Saved]
}

#[test]
fn a_phones_basket_is_rung_up_as_if_it_were_scanned_here() {
    check(
        selling(),
        &[brings(1, 0, vec![line(COLA, 2, None), line(APPLE_WEIGHED, 2, None)]), PAY],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            commit line 1 quantity 2 net 7.00
            commit line 2 apple 1.235 x 12.80 = 15.81
            commit line 3 apple 1.235 x 12.80 = 15.81
            commit phone's basket, 38.62 for 0.00 shown: 2 x 9520000000011 as [1]; 2 x 2110001012358 as [2, 3]
            sound Accepted
            tell Taken { lines: 2, left_out: 0, differs: true }
            sound Blocked
            tell LookFirst
            = shift 1 of 2026-03-02, li selling; 3 lines 38.62
        "#]],
    );
}

#[test]
fn what_cannot_be_sold_here_is_left_out_whole_and_said_before_it_is_paid() {
    check(
        selling(),
        &[
            brings(
                1,
                5_000,
                vec![
                    line(COLA, 1, Some(350)),
                    line(ODD, 1, Some(100)),
                    line(APPLE, 1, Some(100)),
                    line(NO_PRICE, 2, Some(100)),
                    line("9520000000012", 1, Some(100)),
                    line("(01)09520000000011(17)200101", 1, Some(350)),
                    line("(01)09520000000011(21)A1", 2, Some(700)),
                    line("134567890123456789", 1, Some(1)),
                ],
            ),
            PAY,
            LOOK(),
            PAY,
        ],
        expect![[r#"
            commit line 1 cola 1 x 3.50 = 3.50
            commit phone's basket, 3.50 for 50.00 shown: 1 x 9520000000011 as [1]; 9520000000059 left out: Fault ; 10001 left out: Weigh apple; 9520000000110 left out: Price free; 9520000000012 left out: NotGoods ; (01)09520000000011(17)200101 left out: Expired cola; (01)09520000000011(21)A1 left out: Again cola; 134567890123456789 left out: NotGoods 
            sound Accepted
            tell Taken { lines: 1, left_out: 7, differs: true }
            sound Blocked
            tell LookFirst
            commit differences seen
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn a_basket_of_nothing_that_is_sold_here_is_not_used_up() {
    let nothing = || brings(1, 100, vec![line("9520000000012", 1, Some(100))]);
    check(
        selling(),
        &[nothing(), nothing(), PAY],
        expect![[r#"
        sound Blocked
        tell NothingSold
        sound Blocked
        tell NothingSold
        sound Blocked
        tell NoLine
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
}

#[test]
fn a_phones_basket_works_once_also_after_a_power_cut_and_in_the_next_shift() {
    let mut lane = Lane::new();
    let basket = || brings(1, 700, vec![line(COLA, 2, Some(700))]);
    for happens in then(then(selling(), [basket(), PAY]), pays_rest()) {
        lane.take(happens);
    }
    let refused = PhoneMessage::Refused { kind: CodeKind::Basket, why: Unusable::UsedBefore };
    let told = Effect::Tell(Message::Phone(refused));
    assert!(lane.take(basket()).contains(&told));
    lane.till = lane.restarted_from(1);
    lane.take(pin("li", true));
    assert!(lane.take(basket()).contains(&told), "after a power cut");
    for _ in 0..3 {
        for happens in [CLOSE_SHIFT, pin("li", true)] {
            lane.take(happens);
        }
    }
    lane.till = lane.restarted_from(needed_from(&lane));
    lane.take(pin("li", true));
    assert!(lane.take(basket()).contains(&told), "from the last shifts alone");
    assert!(!lane.take(brings(2, 700, vec![line(COLA, 2, Some(700))])).contains(&told), "another is taken");
}

#[test]
fn the_sale_says_which_phones_are_in_it_and_who_comes_next_has_none() {
    let mut lane = Lane::new();
    let two =
        [brings(1, 350, vec![line(COLA, 1, Some(350))]), brings(2, 350, vec![line(COLA, 1, Some(350))])];
    for happens in then(then(then(selling(), two), [PARK, In(Input::Recall { basket: 1 }), PAY]), pays_rest())
    {
        lane.take(happens);
    }
    let phones = |lane: &Lane| {
        let sales = lane.journal.iter().filter_map(|(.., record)| match record {
            Record::SaleCompleted { sale } => Some(sale.phones.clone()),
            _ => None,
        });
        sales.collect::<Vec<_>>()
    };
    assert_eq!(phones(&lane), [vec![id(1), id(2)]]);
    // One whose lines are all taken back again is no phone's any more.
    let taken_back = [brings(3, 350, vec![line(COLA, 1, Some(350))]), void(1), scan(EGG), PAY];
    for happens in then(taken_back.into(), pays_rest()) {
        lane.take(happens);
    }
    assert_eq!(phones(&lane), [vec![id(1), id(2)], vec![]]);
    for number in 0..=PHONES_MAX {
        let number = u8::try_from(number).expect("small") + 10;
        lane.take(brings(number, 350, vec![line(COLA, 1, Some(350))]));
    }
    assert_eq!(lane.till.basket().phones().len(), PHONES_MAX);
}

#[test]
fn only_what_costs_more_than_the_phone_showed_must_be_seen_first() {
    let day = |shown: Option<i64>, total: i64| {
        let mut lane = Lane::new();
        for happens in then(selling(), [brings(1, total, vec![line(COLA, 2, shown)])]) {
            lane.take(happens);
        }
        lane
    };
    let check = |mut lane: Lane, differs: usize, must: bool| {
        let basket = lane.till.basket();
        let found = basket.phones()[0].differences(basket.lines()).len();
        assert_eq!(found, differs);
        let asked = lane.take(PAY).contains(&Effect::Tell(Message::Phone(PhoneMessage::LookFirst)));
        assert_eq!(asked, must);
        assert_eq!(matches!(lane.till.desk(), Desk::Paying(_)), !must);
    };
    let charged = day(None, 0).till.basket().total().minor();
    check(day(Some(charged), charged), 0, false);
    check(day(Some(charged + 1), charged + 1), 1, false);
    check(day(Some(charged - 1), charged - 1), 1, true);
    // A code without prices of lines is held to its total.
    check(day(None, charged), 0, false);
    check(day(None, charged - 1), 1, true);
    // What a person changed since is theirs.
    let mut changed = day(Some(charged - 1), charged - 1);
    changed.take(In(Input::SetQuantity { line: 1, pieces: 3 }));
    check(changed, 0, false);
    // Who has seen it is not asked again.
    let mut seen = day(Some(charged - 1), charged - 1);
    seen.take(LOOK());
    let restarted = seen.restarted_from(1);
    let basket = restarted.basket();
    assert!(!basket.phones()[0].is_to_be_seen(basket.lines()), "also after a power cut");
    let first = basket.phones()[0].differences(basket.lines()).into_iter().next();
    assert!(matches!(first, Some(Difference::Price { shown, charged: now, .. }) if shown < now));
    check(seen, 1, false);
}

#[test]
fn a_customer_leaves_once_with_what_they_paid_for() {
    check(
        then(selling(), [scan(COLA)]),
        &[leaves(1, 0), leaves(1, 0), PAY, leaves(2, 0)],
        expect![[r#"
        commit exit of sale 41 checked by li, drawn None
        sound Accepted
        tell ExitPassed { exit: ExitRight { id: CodeId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), made_ms: 0, until_ms: 4611686018427387903, lane: 2, epoch: 1, seq: 41, pieces: 3, total: Money(1250) }, audit: false }
        commit Exit refused: UsedBefore
        sound Blocked
        tell Refused { kind: Exit, why: UsedBefore }
        sound Blocked
        tell ScanWhilePaying
        = shift 1 of 2026-03-02, li paying; 1 lines 3.50
    "#]],
    );
    check(
        vec![],
        &[leaves(1, 0)],
        expect![[r#"
        sound Blocked
        tell SignInFirst
        = no shift, signed out
    "#]],
    );
}

#[test]
fn chance_says_whose_goods_are_looked_at_and_is_written_down() {
    let found = AuditFound { checked: 3, missed: 1, ..AuditFound::default() };
    check(
        then(vec![Rule(|rules| rules.exit_audit = 500)], selling()),
        &[leaves(1, 20_499), phone(PhoneInput::Audited { id: id(1), found }), leaves(2, 500)],
        expect![[r#"
            commit exit of sale 41 checked by li, drawn Some(true)
            sound Accepted
            tell ExitPassed { exit: ExitRight { id: CodeId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), made_ms: 0, until_ms: 4611686018427387903, lane: 2, epoch: 1, seq: 41, pieces: 3, total: Money(1250) }, audit: true }
            commit exit audited by li, 1 missed
            sound Accepted
            tell AuditKept { is_well: false }
            commit exit of sale 41 checked by li, drawn Some(false)
            sound Accepted
            tell ExitPassed { exit: ExitRight { id: CodeId([2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2]), made_ms: 0, until_ms: 4611686018427387903, lane: 2, epoch: 1, seq: 41, pieces: 3, total: Money(1250) }, audit: false }
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn at_a_kiosk_only_the_attendant_checks_who_leaves() {
    let opened =
        || vec![Rule(|rules| rules.kiosk = Some(KioskRules::usual(Money::from_minor(100)))), pin("li", true)];
    let approve = In(Input::Approve {
        staff: staff("zhao"),
        rights: rights("supervisor"),
        matches: true,
        reason: "exit".into(),
    });
    check(
        opened(),
        &[leaves(1, 0), approve, leaves(1, 0)],
        expect![[r#"
        sound Blocked
        ask for Attend
        commit Attend of li approved by zhao for exit
        commit exit of sale 41 checked by zhao, drawn None
        sound Accepted
        tell ExitPassed { exit: ExitRight { id: CodeId([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]), made_ms: 0, until_ms: 4611686018427387903, lane: 2, epoch: 1, seq: 41, pieces: 3, total: Money(1250) }, audit: false }
        sound Blocked
        ask for Attend
        = shift 1 of 2026-03-02, li selling
    "#]],
    );
    // What is dearer than on the phone is looked at before the payment, as at a till.
    let pay = || In(Input::Kiosk(KioskInput::Pay { random: 9_999 }));
    check(
        then(opened(), [brings(1, 1, vec![line(COLA, 1, Some(1))])]),
        &[pay(), LOOK(), pay()],
        expect![[r#"
            commit 9999 of 200 drawn, due false
            sound Blocked
            tell LookFirst
            commit differences seen
            = shift 1 of 2026-03-02, li paying; 1 lines 3.50
        "#]],
    );
}

#[test]
fn what_was_used_is_forgotten_when_its_time_is_over() {
    let mut lane = Lane::new();
    for happens in selling() {
        lane.take(happens);
    }
    let until_ms = lane.now_ms + SECOND_MS;
    let take = |lane: &mut Lane, number: u8, until_ms: i64| {
        let lines = vec![line(COLA, 1, None)];
        lane.take(phone(PhoneInput::Take(PhoneBasket {
            id: id(number),
            until_ms,
            total: Money::ZERO,
            lines,
        })));
    };
    take(&mut lane, 1, until_ms);
    lane.take(Later(SECOND_MS + CLOCK_AHEAD_MAX_MS));
    take(&mut lane, 2, LATE);
    assert_eq!(lane.till.used_codes().entries().map(|(id, _)| id).collect::<Vec<_>>(), [id(2)]);
}

/// Phones that come and go on any day.
pub(super) fn any_phone() -> impl Strategy<Value = Happens> {
    let code = prop::sample::select(vec![
        COLA,
        EGG,
        YOGHURT,
        BEER,
        APPLE_WEIGHED,
        APPLE_DIFFERS,
        APPLE,
        ODD,
        NO_PRICE,
        GIFT_SET,
        "9520000000012",
        "",
    ]);
    let shown = prop::option::of(any_amount());
    let line = (code, 0u32..5, shown).prop_map(|(code, pieces, shown)| PhoneLine {
        code: code.into(),
        pieces,
        shown,
    });
    let elsewhere = Unusable::UsedAt { lane: 3, at_ms: Some(1) };
    let why =
        prop::sample::select(vec![Unusable::Forged, Unusable::Expired, Unusable::OtherStore, elsewhere]);
    let kind = prop::sample::select(vec![CodeKind::Basket, CodeKind::Exit]);
    prop_oneof![
        6 => (0u8..9, any::<i64>(), any_amount(), prop::collection::vec(line, 0..4)).prop_map(
            |(number, until_ms, total, lines)| {
                phone(PhoneInput::Take(PhoneBasket { id: id(number), until_ms, total, lines }))
            }
        ),
        3 => Just(LOOK()),
        3 => (0u8..9, any::<u32>()).prop_map(|(number, random)| leaves(number, random)),
        1 => (kind, why).prop_map(|(kind, why)| phone(PhoneInput::Refuse { kind, why })),
        1 => any::<u32>().prop_map(|missed| {
            let found = AuditFound { missed, ..AuditFound::default() };
            phone(PhoneInput::Audited { id: id(1), found })
        }),
    ]
}

#[test]
fn goods_without_a_weight_are_left_out_where_there_is_a_scale() {
    let mut lane = Lane::new();
    lane.settings.rules.has_scale = true;
    for happens in selling() {
        lane.take(happens);
    }
    let effects = lane.take(brings(1, 700, vec![line(COLA, 1, Some(350)), line(APPLE, 1, Some(350))]));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Weigh(_))), "nothing lies on the scale");
    let taking = &lane.till.basket().phones()[0].lines[1].taking;
    assert_eq!(*taking, Taking::LeftOut { why: Unsold::Weigh, sku: "apple".into() });
}
