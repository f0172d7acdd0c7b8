//! Random operations beside a model that keeps every single point by itself.

use proptest::prelude::*;

use super::*;

fn lane(lane: u32) -> LaneId {
    LaneId { store: "S1".into(), lane }
}

fn terms() -> PointsTerms {
    PointsTerms {
        return_window_ms: 0,
        valid_ms: Some(1_000),
        restored_valid_ms: 70,
        lease_ms: 50,
        lease_points_max: 500,
        tiers: Vec::new(),
        ..PointsTerms::default()
    }
}

/// A member's books with the traces of their sales.
#[derive(Default)]
struct Books {
    account: Account,
    traces: BTreeMap<String, Trace>,
    entries: i64,
    wrong: Vec<PointsWrong>,
}

impl Books {
    fn apply(&mut self, terms: &PointsTerms, source: &str, at_ms: i64, operation: &Operation) -> Done {
        let occasion = Occasion { member: "m", source, at_ms, now_ms: at_ms };
        let mut none = Trace::default();
        let trace = match operation.about(source) {
            Some(sale) => self.traces.entry(sale.to_owned()).or_default(),
            None => &mut none,
        };
        let done = self.account.apply(terms, occasion, operation, trace);
        self.entries += done.entries.iter().map(|entry| entry.points).sum::<i64>();
        self.wrong.extend(done.wrong.iter().cloned());
        self.check();
        self.check_time(terms);
        done
    }

    /// Nothing happens by itself before the moment that the account names, and something does then.
    fn check_time(&self, terms: &PointsTerms) {
        let is_as_now = |at_ms: i64| self.account.clone().as_of(terms, at_ms).is_as_before(&self.account);
        match self.account.next_moment_ms() {
            Some(next_ms) => {
                assert!(next_ms > self.account.now_ms, "what is over is over");
                assert!(is_as_now(next_ms - 1) && !is_as_now(next_ms), "at {next_ms}");
            }
            None => assert!(is_as_now(i64::MAX / 2)),
        }
    }

    fn check(&self) {
        let account = &self.account;
        assert_eq!(account.balance(), self.entries, "the balance is the sum of its entries");
        assert_eq!(account.available() + account.pending() + account.lent(), account.balance());
        assert!(account.debt == 0 || account.free.is_empty(), "what is owed is repaid first");
        assert!(account.free.windows(2).all(|pair| {
            let end = |lot: &Lot| lot.until_ms.unwrap_or(i64::MAX);
            end(&pair[0]) < end(&pair[1])
        }));
        assert!(account.free.iter().all(|lot| lot.points > 0));
    }
}

fn sale(earned: i64, spent: i64, lease: &str) -> Operation {
    Operation::Sale { earned, spent, lease: lease.into(), net: earned * 100 }
}

fn lend(to: u32, points: i64) -> Operation {
    Operation::Lend { lane: lane(to), points }
}

fn settle(lease: &str, why: Settled) -> Operation {
    Operation::Settle { lease: lease.into(), why }
}

fn back(origin: &str, reversed: i64, restored: i64) -> Operation {
    Operation::Back { origin: origin.into(), reversed, restored, net: reversed * 100 }
}

#[test]
fn what_is_lent_is_nobody_elses_until_its_lane_has_said_so() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(300, 0, ""));
    let (id, first) = books.apply(&terms, "q", 1, &lend(1, 200)).lent.expect("lent");
    assert_eq!((first.points, first.until_ms), (200, 51));
    let (_, second) = books.apply(&terms, "q", 1, &lend(2, 200)).lent.expect("what is left");
    assert_eq!(second.points, 100);
    assert_eq!(books.apply(&terms, "q", 1, &lend(3, 1)).lent, None);
    // Its time is over by HQ's clock, and that says nothing of what was spent.
    books.apply(&terms, "q", 500, &Operation::Pass {});
    assert_eq!(books.apply(&terms, "q", 500, &lend(3, 1)).lent, None);
    books.apply(&terms, "2", 500, &sale(0, 150, &id));
    books.apply(&terms, "h", 501, &settle(&id, Settled::Over));
    assert_eq!(books.apply(&terms, "q", 501, &lend(3, 500)).lent.expect("back").1.points, 50);
    assert!(books.wrong.is_empty());
}

#[test]
fn an_answer_that_was_lost_lends_nothing_twice() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(300, 0, ""));
    let first = books.apply(&terms, "q", 1, &lend(1, 200)).lent.expect("lent");
    let again = books.apply(&terms, "q", 9, &lend(1, 200)).lent.expect("the same");
    assert_eq!((&first.0, first.1.points), (&again.0, again.1.points));
    assert_eq!(again.1.until_ms, 59, "renewed");
    let more = books.apply(&terms, "q", 10, &lend(1, 250)).lent.expect("more");
    assert_eq!((more.0, more.1.points), (first.0, 250));
}

#[test]
fn what_is_spent_beyond_a_lease_stands_and_is_listed() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(100, 0, ""));
    let (id, _) = books.apply(&terms, "q", 1, &lend(1, 100)).lent.expect("lent");
    books.apply(&terms, "h", 2, &settle(&id, Settled::WrittenOff));
    let (other, _) = books.apply(&terms, "q", 3, &lend(2, 100)).lent.expect("lent again");
    books.apply(&terms, "2", 4, &sale(0, 100, &other));
    // The lost till is found, and had spent them.
    books.apply(&terms, "3", 5, &sale(0, 80, &id));
    assert_eq!(books.account.available(), -80);
    assert_eq!(books.wrong, [PointsWrong::Overspent { lease: id, points: 80 }]);
    books.apply(&terms, "4", 6, &sale(100, 0, ""));
    assert_eq!(books.account.available(), 20, "what is earned repays it");
}

#[test]
fn points_come_back_with_the_end_that_they_had() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(100, 0, ""));
    books.apply(&terms, "2", 500, &sale(100, 0, ""));
    let (id, _) = books.apply(&terms, "q", 600, &lend(1, 150)).lent.expect("lent");
    books.apply(&terms, "3", 610, &sale(0, 150, &id));
    books.apply(&terms, "4", 620, &back("3", 0, 50));
    let lots =
        |books: &Books| books.account.free.iter().map(|lot| (lot.points, lot.until_ms)).collect::<Vec<_>>();
    assert_eq!(lots(&books), [(100, Some(1_500))]);
    // Of the rest, one part had ended by now: it is good for a while.
    books.apply(&terms, "5", 1_200, &back("3", 0, 100));
    assert_eq!(lots(&books), [(100, Some(1_270)), (100, Some(1_500))]);
    books.apply(&terms, "6", 1_200, &back("3", 0, 1));
    assert_eq!(books.wrong, [PointsWrong::TooMuchBack { origin: "3".into(), points: 1 }]);
    books.apply(&terms, "q", 1_270, &Operation::Pass {});
    assert_eq!(books.account.balance(), 100);
}

#[test]
fn points_wait_for_the_end_of_the_time_of_returns() {
    let (mut books, terms) = (Books::default(), PointsTerms { return_window_ms: 100, ..terms() });
    books.apply(&terms, "1", 0, &sale(100, 0, ""));
    assert_eq!((books.account.available(), books.account.pending()), (0, 100));
    assert_eq!(books.apply(&terms, "q", 50, &lend(1, 10)).lent, None);
    books.apply(&terms, "2", 60, &back("1", 40, 0));
    assert_eq!((books.account.available(), books.account.pending()), (0, 60));
    books.apply(&terms, "q", 100, &Operation::Pass {});
    assert_eq!((books.account.available(), books.account.pending()), (60, 0));
    // Spent before the goods came back: it may go below nothing.
    let (id, _) = books.apply(&terms, "q", 101, &lend(1, 60)).lent.expect("lent");
    books.apply(&terms, "3", 102, &sale(0, 60, &id));
    books.apply(&terms, "4", 103, &back("1", 60, 0));
    assert_eq!(books.account.balance(), -60);
}

#[test]
fn a_return_may_come_before_its_sale() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "2", 10, &back("1", 30, 0));
    assert_eq!(books.account.balance(), -30);
    books.apply(&terms, "1", 5, &sale(100, 0, ""));
    assert_eq!(books.account.balance(), 70);
    assert!(books.wrong.is_empty());
    books.apply(&terms, "3", 11, &back("9", 30, 0));
    books.apply(&terms, "9", 5, &sale(20, 0, ""));
    assert_eq!(books.wrong, [PointsWrong::TooMuchBack { origin: "9".into(), points: 10 }]);
}

#[test]
fn a_tier_is_reached_at_once_kept_for_its_time_and_goes_with_the_sale_that_led_to_it() {
    let step = |tier: &str, net| Step { tier: tier.into(), net };
    let terms = PointsTerms {
        tiers: vec![step("silver", 10_000), step("gold", 50_000)],
        tier_window_ms: 100 * DAY_MS,
        tier_kept_ms: 50 * DAY_MS,
        valid_ms: None,
        ..terms()
    };
    let mut books = Books::default();
    assert!(!books.apply(&terms, "1", 0, &sale(99, 0, "")).tier_changed);
    assert!(books.apply(&terms, "2", DAY_MS, &sale(1, 0, "")).tier_changed);
    assert_eq!(books.account.tier(), Some("silver"));
    books.apply(&terms, "3", 2 * DAY_MS, &sale(400, 0, ""));
    assert_eq!(books.account.tier(), Some("gold"));
    // An older sale comes back: what was reached stays until its end.
    books.apply(&terms, "4", 3 * DAY_MS, &back("1", 99, 0));
    assert_eq!(books.account.tier(), Some("gold"));
    books.apply(&terms, "5", 3 * DAY_MS, &back("3", 400, 0));
    assert_eq!(books.account.tier(), Some("silver"));
    books.apply(&terms, "q", 51 * DAY_MS, &Operation::Pass {});
    assert_eq!(books.account.tier(), None, "its time is over, and nothing keeps it");
}

/// One point, as the model sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Point {
    until_ms: i64,
    place: PointAt,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum PointAt {
    Free,
    Lent(String),
}

/// Keeps each point by itself. No debts: the random days stay within leases.
#[derive(Default)]
struct Model {
    points: Vec<Point>,
    spent: BTreeMap<String, Vec<Point>>,
}

impl Model {
    fn pass(&mut self, now_ms: i64) {
        self.points.retain(|point| point.place != PointAt::Free || now_ms < point.until_ms);
    }

    fn first(&self, place: &PointAt) -> Option<usize> {
        let mut of = (0..self.points.len()).filter(|at| self.points[*at].place == *place).collect::<Vec<_>>();
        of.sort_by_key(|at| self.points[*at].until_ms);
        of.first().copied()
    }

    fn count(&self, place: &PointAt) -> i64 {
        self.points.iter().filter(|point| point.place == *place).count() as i64
    }
}

#[derive(Debug, Clone)]
enum Step2 {
    Earn(i64),
    Lend(u32, i64),
    Spend(u32, i64),
    Return(u32),
    GiveBack(usize, i64),
    Wait(i64),
}

fn steps() -> impl Strategy<Value = Vec<Step2>> {
    let lanes = 1..4u32;
    let step = prop_oneof![
        (1..30i64).prop_map(Step2::Earn),
        (lanes.clone(), 1..40i64).prop_map(|(lane, points)| Step2::Lend(lane, points)),
        (lanes.clone(), 1..40i64).prop_map(|(lane, points)| Step2::Spend(lane, points)),
        lanes.prop_map(Step2::Return),
        (any::<prop::sample::Index>(), 1..20i64)
            .prop_map(|(at, points)| Step2::GiveBack(at.index(8), points)),
        (1..400i64).prop_map(Step2::Wait),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn each_point_is_where_the_model_has_it(steps in steps()) {
        let terms = terms();
        let (mut books, mut model) = (Books::default(), Model::default());
        let mut leases: BTreeMap<u32, String> = BTreeMap::new();
        let mut now_ms = 0;
        for (number, step) in steps.into_iter().enumerate() {
            let source = number.to_string();
            match step {
                Step2::Earn(points) => {
                    books.apply(&terms, &source, now_ms, &sale(points, 0, ""));
                    let point = Point { until_ms: now_ms + 1_000, place: PointAt::Free };
                    model.points.extend(vec![point; points as usize]);
                }
                Step2::Lend(to, points) => {
                    let lent = books.apply(&terms, &source, now_ms, &lend(to, points)).lent;
                    let held = leases.get(&to).map_or(0, |id| model.count(&PointAt::Lent(id.clone())));
                    let more = (points - held).clamp(0, model.count(&PointAt::Free));
                    prop_assert_eq!(lent.is_some(), held + more > 0);
                    if let Some((id, _)) = lent {
                        for _ in 0..more {
                            let at = model.first(&PointAt::Free).expect("there are as many");
                            model.points[at].place = PointAt::Lent(id.clone());
                        }
                        leases.insert(to, id);
                    }
                }
                Step2::Spend(of, points) => {
                    let Some(id) = leases.get(&of).cloned() else { continue };
                    let place = PointAt::Lent(id.clone());
                    // A till spends no more than it was lent.
                    let points = points.min(model.count(&place));
                    books.apply(&terms, &source, now_ms, &sale(0, points, &id));
                    let spent = model.spent.entry(source).or_default();
                    for _ in 0..points {
                        let mut of = (0..model.points.len()).filter(|at| model.points[*at].place == place).collect::<Vec<_>>();
                        of.sort_by_key(|at| model.points[*at].until_ms);
                        spent.push(model.points.remove(of[0]));
                    }
                }
                Step2::Return(of) => {
                    let Some(id) = leases.remove(&of) else { continue };
                    books.apply(&terms, &source, now_ms, &settle(&id, Settled::Returned));
                    for point in &mut model.points {
                        if point.place == PointAt::Lent(id.clone()) {
                            point.place = PointAt::Free;
                        }
                    }
                }
                Step2::GiveBack(at, points) => {
                    let Some(origin) = model.spent.keys().nth(at).cloned() else { continue };
                    books.apply(&terms, &source, now_ms, &back(&origin, 0, points));
                    let spent = model.spent.get_mut(&origin).expect("it is there");
                    for _ in 0..points.min(spent.len() as i64) {
                        let point = spent.pop().expect("as many");
                        model.points.push(Point { until_ms: point.until_ms.max(now_ms + 70), place: PointAt::Free });
                    }
                }
                Step2::Wait(wait_ms) => {
                    now_ms += wait_ms;
                    books.apply(&terms, &source, now_ms, &Operation::Pass {});
                }
            }
            model.pass(now_ms);
            prop_assert_eq!(books.account.available(), model.count(&PointAt::Free));
            prop_assert_eq!(books.account.lent(), model.points.len() as i64 - model.count(&PointAt::Free));
            let mut ends: Vec<i64> = model.points.iter().filter(|point| point.place == PointAt::Free).map(|point| point.until_ms).collect();
            ends.sort_unstable();
            let kept: Vec<i64> = books.account.free.iter().flat_map(|lot| vec![lot.until_ms.unwrap_or(0); lot.points as usize]).collect();
            prop_assert_eq!(kept, ends);
        }
        // Leases hold what they have until they are given back, and then nothing is lent.
        for (number, id) in leases.values().enumerate() {
            books.apply(&terms, &format!("end {number}"), now_ms, &settle(id, Settled::Over));
        }
        prop_assert_eq!(books.account.lent(), 0);
    }

    #[test]
    fn however_it_is_asked_the_books_add_up(
        seeds in prop::collection::vec((0..8u8, -50..200i64, 0..200i64, 0..6usize, 0..500i64), 1..60),
    ) {
        let terms = PointsTerms { return_window_ms: 100, ..terms() };
        let mut books = Books::default();
        let mut now_ms = 0;
        for (number, (kind, a, b, of, wait)) in seeds.into_iter().enumerate() {
            now_ms += wait;
            let of = of.to_string();
            let operation = match kind {
                0 | 1 => sale(a, 0, ""),
                2 => sale(a, b, &format!("m.{of}")),
                3 => back(&of, a, b),
                4 => lend(number as u32 % 3, a),
                5 => settle(&format!("m.{of}"), Settled::Over),
                6 => Operation::Adjust { points: a, reason: "a claim".into() },
                _ => Operation::Transfer { points: a, other: "n".into() },
            };
            // A clock may be wrong.
            books.apply(&terms, &number.to_string(), now_ms - a, &operation);
        }
    }
}

fn stand(instance: &str, percent: i64, until_ms: i64) -> Operation {
    Operation::Stand { relay: lane(0), instance: instance.into(), percent, points_max: 500, until_ms }
}

#[test]
fn a_store_is_lent_a_share_and_an_answer_that_was_lost_lends_it_no_second_one() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(300, 0, ""));
    let (id, first) = books.apply(&terms, "q", 1, &stand("a", 30, 100)).lent.expect("lent");
    assert_eq!((first.points, books.account.available(), books.account.standing()), (90, 210, 90));
    let again = books.apply(&terms, "q", 2, &stand("a", 30, 120)).lent.expect("the same");
    assert_eq!((&again.0, again.1.points, again.1.until_ms), (&id, 90, 120), "renewed");
    // What was spent of it is made up, as far as there is a share of it left.
    books.apply(&terms, "2", 3, &sale(0, 80, &format!("{id}/2/1")));
    let more = books.apply(&terms, "q", 4, &stand("a", 30, 140)).lent.expect("more");
    assert_eq!((&more.0, more.1.points, books.account.standing()), (&id, 146, 66));
    // A book that was begun anew is not told of it, and has one of its own.
    let (other, fresh) = books.apply(&terms, "q", 5, &stand("b", 30, 150)).lent.expect("its own");
    assert_ne!(other, id);
    assert_eq!((fresh.points, books.account.standing()), (46, 112));
    // Lanes are lent what is left, and theirs are theirs.
    let lent = books.apply(&terms, "q", 6, &lend(1, 500)).lent.expect("the rest");
    assert_eq!(lent.1.points, 220 - 112);
    books.apply(&terms, "e", 7, &settle(&id, Settled::Accounted));
    assert_eq!((books.account.available(), books.account.standing()), (66, 46));
    assert!(books.wrong.is_empty());
}

#[test]
fn a_store_has_no_more_than_the_chain_says_and_nothing_of_who_owes() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(10_000, 0, ""));
    let lent = books.apply(&terms, "q", 1, &stand("a", 30, 100)).lent.expect("lent");
    assert_eq!(lent.1.points, 500, "the most of one lease");
    let mut books = Books::default();
    books.apply(&terms, "2", 2, &sale(2, 0, ""));
    assert_eq!(books.apply(&terms, "q", 3, &stand("a", 30, 100)).lent, None, "a share of two is none");
    books.apply(&terms, "3", 4, &sale(0, 50, "m.9"));
    assert_eq!(books.apply(&terms, "q", 5, &stand("a", 100, 100)).lent, None);
    let off = PointsTerms { standing_percent: 0, ..terms };
    assert_eq!(
        (off.standing(), PointsTerms::default().standing().map(|terms| terms.percent)),
        (None, Some(30))
    );
}

#[test]
fn a_store_asks_for_more_where_it_has_none_where_most_is_spent_and_at_half_time() {
    let (mut books, terms) = (Books::default(), terms());
    let standing = StandingTerms { percent: 30, points_max: 500, term_ms: 100 };
    let is_due = |books: &Books, now_ms| books.account.is_standing_due(standing, (&lane(0), "a"), now_ms);
    assert!(!is_due(&books, 0), "there is nothing");
    books.apply(&terms, "1", 0, &sale(300, 0, ""));
    assert!(is_due(&books, 0));
    let (id, _) = books.apply(&terms, "q", 0, &stand("a", 30, 100)).lent.expect("lent");
    assert!(!is_due(&books, 50));
    assert!(is_due(&books, 51));
    books.apply(&terms, "2", 10, &sale(0, 50, &format!("{id}/1/1")));
    assert!(!is_due(&books, 10), "40 are more than half of 75");
    books.apply(&terms, "3", 10, &sale(0, 20, &format!("{id}/1/1")));
    assert!(is_due(&books, 10));
}

#[test]
fn more_than_the_whole_on_its_parts_stands_and_is_listed_and_a_lane_ends_none_of_it() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(100, 0, ""));
    let (id, lease) = books.apply(&terms, "q", 1, &stand("a", 30, 100)).lent.expect("lent");
    assert_eq!(lease.points, 30);
    books.apply(&terms, "2", 2, &sale(0, 20, &format!("{id}/2/1")));
    // A lane gives its part back: the whole stays the store's.
    books.apply(&terms, "3", 3, &settle(&format!("{id}/2/1"), Settled::Returned));
    assert_eq!(books.account.standing(), 10);
    books.apply(&terms, "4", 4, &sale(0, 15, &format!("{id}/1/1")));
    assert_eq!(books.wrong, [PointsWrong::Overspent { lease: format!("{id}/1/1"), points: 5 }]);
    assert_eq!((books.account.available(), books.account.lent()), (65, 0));
    // What a lane has alone has no parts.
    let (own, _) = books.apply(&terms, "q", 5, &lend(3, 10)).lent.expect("lent");
    books.apply(&terms, "5", 6, &sale(0, 1, &format!("{own}/3/1")));
    assert_eq!(books.wrong.len(), 2);
}

#[test]
fn one_that_waits_for_a_lane_is_renewed_no_more_and_another_stands_beside_it() {
    let (mut books, terms) = (Books::default(), terms());
    books.apply(&terms, "1", 0, &sale(300, 0, ""));
    let (id, _) = books.apply(&terms, "q", 1, &stand("a", 30, 100)).lent.expect("lent");
    books.apply(&terms, "c", 2, &Operation::Close { lease: id.clone() });
    assert_eq!(books.account.standing_of(&lane(0), "a"), None);
    let (other, fresh) = books.apply(&terms, "q", 3, &stand("a", 30, 200)).lent.expect("another");
    assert_eq!((other != id, fresh.points, books.account.leases()[&id].until_ms), (true, 63, 100));
    books.apply(&terms, "2", 4, &sale(0, 90, &format!("{id}/1/1")));
    assert_eq!((books.wrong.len(), books.account.standing()), (0, 63));
    // What one lane has is not closed.
    let (own, _) = books.apply(&terms, "q", 5, &lend(1, 10)).lent.expect("lent");
    books.apply(&terms, "c", 6, &Operation::Close { lease: own.clone() });
    assert_eq!(books.account.leases()[&own].standing, None);
}

proptest! {
    /// Two relays' books, one after the other, lend parts of what they have to three lanes; what the lanes spent is filed in
    /// any order, each more than once, between renewals.
    #[test]
    fn whatever_order_parts_are_filed_in_the_books_add_up_to_the_point(
        earned in 1..2_000i64,
        sales in prop::collection::vec((0..2usize, 1..4u32, 1..400i64), 0..40),
        order in any::<prop::sample::Index>(),
        renew_every in 1..8usize,
    ) {
        let terms = PointsTerms { valid_ms: None, ..terms() };
        let mut books = Books::default();
        books.apply(&terms, "e", 0, &sale(earned, 0, ""));
        let mut leases: Vec<(String, i64)> = Vec::new();
        for instance in ["a", "b"] {
            leases.extend(books.apply(&terms, "q", 1, &stand(instance, 30, 100)).lent.map(|(id, lease)| (id, lease.points)));
        }
        // A relay's parts are never more than the whole.
        let mut left: Vec<i64> = leases.iter().map(|(_, points)| *points).collect();
        let mut documents = Vec::new();
        for (number, (of, to, wanted)) in sales.into_iter().enumerate() {
            let Some((id, _)) = leases.get(of) else { continue };
            let spent = wanted.min(left[of]);
            left[of] -= spent;
            if spent > 0 {
                documents.push((number.to_string(), spent, format!("{id}/{to}/{number}")));
            }
        }
        let all: i64 = documents.iter().map(|(_, spent, _)| spent).sum();
        if !documents.is_empty() {
            let at = order.index(documents.len());
            documents.rotate_left(at);
            let half = documents.len() / 2;
            documents[..half].reverse();
        }
        for (number, (source, spent, part)) in documents.iter().enumerate() {
            books.apply(&terms, source, 2, &sale(0, *spent, part));
            books.apply(&terms, source, 2, &settle(part, Settled::Returned));
            if number % renew_every == 0 {
                books.apply(&terms, "q", 3, &stand("a", 30, 200));
            }
        }
        prop_assert!(books.wrong.is_empty(), "{:?}", books.wrong);
        prop_assert_eq!(books.account.balance(), earned - all);
        for id in books.account.leases().keys().cloned().collect::<Vec<_>>() {
            books.apply(&terms, "end", 4, &settle(&id, Settled::Accounted));
        }
        prop_assert_eq!((books.account.lent(), books.account.available()), (0, earned - all));
    }
}
