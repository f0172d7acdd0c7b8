//! A customer, a scale, and a second hand.

use super::*;
use crate::till::kiosk::weight::KNOWN_FROM;
use proptest::prelude::*;

/// Something happens at a bagging scale.
#[derive(Debug, Clone, Copy)]
enum Happens {
    /// So many pieces of this line are in the basket now; each weighs so much, 0 where nobody knows.
    Line(u32, i64, i64),
    /// So many grams lie there.
    Lies(i64),
    Moves,
    Away,
    /// Seconds pass.
    Passes(i64),
    Accept,
    OwnBag,
    Hurry,
    Leaves,
    /// The goods of the basket are in a bag since a phone scanned them.
    Phone,
}

use Happens::{Accept, Away, Hurry, Leaves, Lies, Line, Moves, OwnBag, Passes, Phone};

struct Area {
    bagging: Bagging,
    rules: BaggingRules,
    lines: Vec<(u32, i64, i64)>,
    phone: bool,
    now_ms: i64,
    learned: Vec<i64>,
}

impl Area {
    fn new() -> Self {
        let (bagging, rules) = (Bagging::default(), BaggingRules::default());
        Self { bagging, rules, lines: Vec::new(), phone: false, now_ms: 1_000_000, learned: Vec::new() }
    }

    fn take(&mut self, happens: Happens) {
        match happens {
            Line(line, pieces, grams) => {
                self.lines.retain(|(number, ..)| *number != line);
                if pieces > 0 {
                    self.lines.push((line, pieces, grams));
                }
            }
            Lies(grams) => self.bagging.hear(BagReading::Still(grams)),
            Moves => self.bagging.hear(BagReading::Moving),
            Away => self.bagging.hear(BagReading::Away),
            Passes(seconds) => self.now_ms += seconds * 1_000,
            Accept => self.learned.extend(self.bagging.accept(self.now_ms).map(|weighing| weighing.grams)),
            OwnBag => {
                let _ = self.bagging.take_own_bag(&self.rules);
            }
            Hurry => self.bagging.hurry(),
            Leaves => {
                self.lines.clear();
                self.phone = false;
                self.bagging.leave_basket();
            }
            Phone => self.phone = true,
        }
        let each = |grams: i64| (grams > 0).then(|| self.rules.expect(grams));
        let lines = self.lines.iter().map(|(line, pieces, grams)| {
            let held = self.bagging.held(*line);
            BagLine {
                line: *line,
                pieces: *pieces,
                each: held.map_or_else(|| each(*grams), |held| held.each),
                learns: Some((format!("s{line}"), String::new())),
            }
        });
        let lines = lines.collect();
        self.bagging.follow(lines, !self.phone);
        self.learned.extend(self.bagging.look(&self.rules, self.now_ms).map(|weighing| weighing.grams));
    }
}

/// What it comes to: state and cause.
#[track_caller]
fn check(day: &[Happens], state: BagState, cause: Option<Cause>) -> Area {
    let mut area = Area::new();
    area.take(Lies(0));
    day.iter().for_each(|happens| area.take(*happens));
    assert_eq!(area.bagging.state(), state);
    assert_eq!(area.bagging.cause(&area.rules, area.now_ms), cause);
    area
}

#[test]
fn what_is_scanned_is_bagged_and_learned() {
    let area = check(&[Line(1, 1, 0), Lies(507)], BagState::Well, None);
    assert_eq!(area.learned, [507]);
    check(&[Line(1, 1, 500), Lies(515), Line(2, 2, 300), Lies(1_110)], BagState::Well, None);
}

#[test]
fn goods_that_do_not_come_call_somebody_after_a_while() {
    check(&[Line(1, 1, 500), Passes(19)], BagState::Waiting, None);
    check(&[Line(1, 1, 500), Passes(20)], BagState::Waiting, Some(Cause::NotBagged));
    // Who says so at once does not wait.
    check(&[Line(1, 1, 500), Hurry], BagState::Waiting, Some(Cause::NotBagged));
    // They come after all; or are not wanted any more.
    check(&[Line(1, 1, 500), Passes(60), Lies(500)], BagState::Well, None);
    check(&[Line(1, 1, 500), Passes(60), Line(1, 0, 500)], BagState::Well, None);
    // Something that weighs less than nothing visible is no item.
    check(&[Line(1, 1, 500), Lies(14), Passes(5)], BagState::Waiting, None);
}

#[test]
fn other_goods_than_were_scanned_are_seen() {
    check(&[Line(1, 1, 500), Lies(300)], BagState::Wrong, None);
    check(&[Line(1, 1, 500), Lies(300), Passes(8)], BagState::Wrong, Some(Cause::WrongWeight));
    // Heavier: there is more than was scanned.
    check(&[Line(1, 1, 500), Lies(900), Passes(8)], BagState::TooMuch, Some(Cause::Unexpected));
    check(&[Line(1, 1, 500), Lies(900), Passes(7), Lies(500)], BagState::Well, None);
}

#[test]
fn what_was_not_scanned_and_what_is_taken_away_is_seen() {
    let bagged = [Line(1, 1, 500), Lies(500)];
    let then = |rest: &[Happens]| [&bagged[..], rest].concat();
    check(&then(&[Lies(820)]), BagState::TooMuch, None);
    check(&then(&[Lies(820), Passes(8)]), BagState::TooMuch, Some(Cause::Unexpected));
    check(&then(&[Lies(820), Moves, Passes(8)]), BagState::TooMuch, Some(Cause::Unexpected));
    check(&then(&[Lies(0), Passes(8)]), BagState::TooLittle, Some(Cause::TakenOff));
    check(&then(&[Lies(0), Passes(8), Lies(503)]), BagState::Well, None);
    // A line that was taken back is to be taken out.
    check(&then(&[Line(1, 0, 500), Passes(20)]), BagState::TakeOut, Some(Cause::Unexpected));
    check(&then(&[Line(1, 0, 500), Lies(4)]), BagState::Well, None);
}

#[test]
fn the_staff_lets_it_pass_and_it_is_as_it_should_be_from_there() {
    let area = check(&[Line(1, 1, 500), Lies(440), Passes(8), Accept], BagState::Well, None);
    assert_eq!(area.learned, [440]);
    check(&[Line(1, 1, 500), Lies(440), Accept, Line(2, 1, 100), Lies(540)], BagState::Well, None);
}

#[test]
fn a_bag_of_their_own_is_taken_off_once_it_is_said() {
    check(&[Lies(200)], BagState::TooMuch, None);
    check(&[Lies(200), OwnBag, Line(1, 1, 500), Lies(700)], BagState::Well, None);
    // Too heavy for a bag; and goods that wait are none.
    check(&[Lies(700), OwnBag, Passes(8)], BagState::TooMuch, Some(Cause::Unexpected));
    check(&[Line(1, 1, 0), Lies(60_000), OwnBag], BagState::TooMuch, None);
}

#[test]
fn what_the_last_customer_left_is_in_the_way() {
    check(&[Line(1, 1, 500), Lies(500), Leaves, Line(1, 1, 300)], BagState::TooMuch, None);
    check(&[Line(1, 1, 500), Lies(500), Leaves, Lies(2), Line(1, 1, 300), Lies(300)], BagState::Well, None);
}

#[test]
fn light_goods_may_be_seen_or_not() {
    check(&[Line(1, 1, 8)], BagState::Well, None);
    check(&[Line(1, 1, 8), Line(2, 1, 9), Lies(17), Line(3, 1, 8), Lies(25)], BagState::Well, None);
    check(&[Line(1, 1, 8), Lies(200)], BagState::TooMuch, None);
}

#[test]
fn a_scale_that_is_away_holds_nobody_up() {
    check(&[Line(1, 1, 500), Away, Passes(60)], BagState::Unchecked, None);
    // What happened meanwhile nobody knows; from then on it is looked at again.
    check(&[Line(1, 1, 500), Away, Lies(900), Line(2, 1, 100), Lies(1_000)], BagState::Well, None);
    check(&[Line(1, 1, 500), Away, Lies(900), Lies(1_000)], BagState::TooMuch, None);
    // Goods that were scanned by phone are in a bag already.
    check(&[Phone, Line(1, 1, 500), Lies(300), Passes(60)], BagState::Unchecked, None);
    check(&[Phone, Line(1, 1, 500), Leaves, Line(1, 1, 500), Lies(500)], BagState::Well, None);
}

#[test]
fn after_a_stop_all_of_an_open_basket_is_to_lie_there() {
    let mut area = Area::new();
    area.take(Line(1, 2, 500));
    assert_eq!(area.bagging.state(), BagState::Unchecked);
    area.take(Lies(1_004));
    assert_eq!(area.bagging.state(), BagState::Well);
}

#[test]
fn a_tolerance_follows_the_spread_within_bounds() {
    let rules = BaggingRules::default();
    let of = |weighings: &[i64]| {
        weighings.iter().fold(SecurityWeight::default(), |weight, grams| weight.with(*grams))
    };
    assert_eq!(rules.expect_by(of(&[500; KNOWN_FROM as usize - 1])), None);
    assert_eq!(rules.expect_by(of(&[500; 5])), Some(Expected { grams: 500, tolerance: 20 }));
    assert_eq!(rules.expect_by(of(&[480, 500, 520])), Some(Expected { grams: 500, tolerance: 51 }));
    // A spread that is anything at all is held to a quarter.
    assert_eq!(rules.expect_by(of(&[100, 500, 900])), Some(Expected { grams: 500, tolerance: 125 }));
}

fn any_happening() -> impl Strategy<Value = Happens> {
    prop_oneof![
        4 => (1u32..4, 0i64..4, prop::sample::select(vec![0, 5, 300, 1_500])).prop_map(|(line, pieces, grams)| Line(line, pieces, grams)),
        5 => prop_oneof![-200i64..6_000, any::<i64>()].prop_map(Lies),
        2 => (-30i64..60).prop_map(Passes),
        1 => prop::sample::select(vec![Moves, Away, Accept, OwnBag, Hurry, Leaves, Phone]),
    ]
}

proptest! {
    /// Whatever happens, in whatever order: it has an answer, who is called is called for a reason that can be put right,
    /// and where all agrees nothing is wanted any more.
    #[test]
    fn every_day_has_an_answer(day in prop::collection::vec(any_happening(), 0..60)) {
        let mut area = Area::new();
        for happens in day {
            area.take(happens);
            let bagging = &area.bagging;
            if bagging.cause(&area.rules, area.now_ms).is_some() {
                prop_assert!(bagging.state().holds());
            }
            if bagging.state() == BagState::Well {
                prop_assert!(bagging.wanted.is_empty());
                let off = bagging.changed().abs();
                prop_assert!(off <= area.rules.tolerance_grams + SLACK_GRAMS_MAX, "{} g off", off);
            }
            prop_assert!(bagging.slack <= SLACK_GRAMS_MAX && bagging.own_bags <= OWN_BAGS_MAX);
            // Somebody may always let it pass.
            let mut passed = bagging.clone();
            passed.accept(area.now_ms);
            passed.look(&area.rules, area.now_ms);
            prop_assert!(!passed.state().holds());
        }
    }
}
