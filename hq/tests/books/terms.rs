//! How points are kept as somebody of the chain says it, and what time alone does to them: by way of lanes, on every engine.

use hq::audit::By;
use hq::books::keeper::{account_of, pass_due};
use hq::books::points::PointsTerms;
use hq::books::rebuild;
use hq::command::{Command, Outcome, execute};
use hq::points_terms::{Change, DAY_MS};
use hq::store::BookEntry;
use protocol::pull::Member;

use super::*;

const PLACE: &str = r#"{"code":"S1","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥",
    "currency_exponent":2,"cash_rounding":1}"#;

impl Shop {
    /// The first member shops in S1, which is told of them, and has no tier but by spending.
    fn of_terms(self) -> Self {
        self.write(|writing| {
            writing.put_entity(Kind::Store, "S1", PLACE)?;
            writing.put_member("m1", r#"{"id":"m1","name":"赵一","points":500,"store":"S1"}"#)
        });
        self
    }

    fn set(&self, change: Change) -> Result<PointsTerms, String> {
        let command = Command::PointsTerms { change };
        match execute(&self.store, &By::command_line(), &command, self.now_ms, &mut |_| {}) {
            Ok(Outcome::PointsTerms { terms, exponent: _ }) => Ok(terms),
            Ok(other) => panic!("terms, not {other:?}"),
            Err(error) => Err(whole(&error)),
        }
    }

    fn pass(&self) -> u64 {
        pass_due(&self.store, self.now_ms, 100).expect("passed")
    }

    fn entries(&self) -> Vec<BookEntry> {
        let read = |reading: &hq::store::Reading<'_>| reading.book_entries(points_key("m1"), 0, 100);
        self.store.read::<_, StoreError>(read).expect("a read")
    }

    fn stored(&self) -> String {
        let read = |reading: &hq::store::Reading<'_>| reading.book(points_key("m1"));
        self.store.read::<_, StoreError>(read).expect("a read").expect("a book")
    }

    /// Free and pending, as whoever looks sees them, and the tier; nothing is written for it.
    fn seen(&self) -> (i64, i64, String) {
        let (stored, entries) = (self.stored(), self.entries());
        let account = self.write(|writing| Keeper::new(writing, self.now_ms)?.account("m1"));
        let tier = match self.ask(&self.lane("S1", 9), Question::member("m1")) {
            Answer::Member { member, .. } => {
                assert_eq!(member.points, Some(account.available()), "a lane is told the same");
                member.tier
            }
            other => panic!("a member, not {other:?}"),
        };
        assert_eq!((self.stored(), self.entries()), (stored, entries));
        (account.available(), account.pending(), tier)
    }

    /// The tier that the lanes of S1 are told of by themselves.
    fn told_tier(&self) -> String {
        let told =
            self.store.read::<_, StoreError>(|reading| reading.entity_of_store(Kind::Member, "S1", "m1"));
        let told: Member = serde_json::from_str(&told.expect("a read").expect("told")).expect("a member");
        told.tier
    }

    fn differing(&self) -> u64 {
        rebuild::rebuild(&self.store, self.now_ms).expect("looked at").differing
    }
}

/// An error with what is behind it.
fn whole(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(&format!(": {error}"));
        source = error.source();
    }
    text
}

fn tiers(said: &[&str]) -> Option<Vec<String>> {
    Some(said.iter().map(ToString::to_string).collect())
}

pub(super) fn terms_are_said_in_days_and_money_and_what_is_not_named_stays(shop: Shop) {
    let change = Change {
        return_window_days: Some(7),
        tiers: tiers(&["silver=5", "gold=5000.00"]),
        ..Change::default()
    };
    assert!(shop.set(change.clone()).expect_err("no currency").contains("import a store first"));
    let shop = shop.of_terms();
    let first = shop.set(change).expect("set");
    assert_eq!((first.number, first.return_window_ms, first.lease_ms), (1, 7 * DAY_MS, 600_000));
    let steps: Vec<(&str, i64)> = first.tiers.iter().map(|step| (step.tier.as_str(), step.net)).collect();
    assert_eq!(steps, [("silver", 500), ("gold", 500_000)]);
    let change =
        Change { lease_minutes: Some(5), no_expiry: true, tier_kept_days: Some(90), ..Change::default() };
    let second = shop.set(change).expect("set");
    let expected =
        PointsTerms { number: 2, lease_ms: 300_000, valid_ms: None, tier_kept_ms: 90 * DAY_MS, ..first };
    assert_eq!(second, expected);
    assert_eq!(shop.set(Change::default()).expect("shown"), second);
    let none = shop.set(Change { tiers: Some(Vec::new()), ..Change::default() }).expect("set");
    assert_eq!((none.number, none.tiers.len()), (3, 0));

    let trail = shop.store.read::<_, StoreError>(|reading| {
        reading.audit_before((i64::MAX, ""), None, Some("points.terms"), 10)
    });
    let trail = trail.expect("a read");
    assert_eq!(trail.len(), 3, "who only looks leaves no row");
    assert!(trail.iter().all(|row| row.who == By::command_line().who && row.origin == "this machine"));
    assert!(trail.iter().any(|row| row.detail.contains("\"return_window_ms\":604800000")), "{trail:?}");

    let refused = |change: Change, words: &str| {
        let says = shop.set(change).expect_err(words);
        assert!(says.contains(words), "{says}");
    };
    let nothing = Change::default;
    refused(Change { return_window_days: Some(-1), ..nothing() }, "is -1; use 0 to 36500");
    refused(Change { valid_days: Some(0), ..nothing() }, "is 0; use 1 to 36500");
    refused(Change { tier_kept_days: Some(i64::MAX), ..nothing() }, "use 1 to 36500");
    refused(Change { lease_minutes: Some(1_441), ..nothing() }, "use 1 to 1440");
    refused(Change { lease_points_max: Some(0), ..nothing() }, "use 1 to 1000000000");
    refused(Change { valid_days: Some(5), ..nothing() }, "before the 7 days are over");
    refused(Change { valid_days: Some(5), no_expiry: true, ..nothing() }, "not both");
    for (said, words) in [
        (tiers(&["gold"]), "is no tier"),
        (tiers(&["=5"]), "is no tier"),
        (tiers(&["gold=-5"]), "the net of the tier \"gold\""),
        (tiers(&["gold=99999999999999999999"]), "the net of the tier \"gold\""),
        (tiers(&["gold=5.001"]), "the net of the tier \"gold\""),
        (tiers(&["gold=5", "gold=6"]), "\"gold\" is named twice"),
        (tiers(&["gold=50", "silver=5"]), "\"silver\" is reached with 5.00, no more than \"gold\""),
        (tiers(&["gold=5", "silver=5"]), "name the lowest first"),
    ] {
        refused(Change { tiers: said, ..nothing() }, words);
    }
    assert_eq!(shop.set(Change::default()).expect("shown"), none, "nothing of it is done");
}

pub(super) fn earned_points_wait_for_the_window_and_are_spent_after_it(shop: Shop) {
    let mut shop = shop.of_terms();
    shop.set(Change { return_window_days: Some(7), ..Change::default() }).expect("set");
    let mut one = shop.lane("S1", 1);
    one.member_buys(40, 0, "");
    shop.file(&mut one);
    assert_eq!(shop.seen(), (500, 40, String::new()));
    assert_eq!(
        shop.lend(&one, 1_000).map(|grant| grant.points),
        Some(500),
        "what is pending is lent to nobody"
    );
    shop.now_ms += 7 * DAY_MS - 1;
    assert_eq!((shop.seen().1, shop.pass()), (40, 0));
    shop.now_ms += 1;
    assert_eq!(shop.seen(), (40, 0, String::new()), "whoever looks sees them free");
    assert_eq!(account_of(&shop.stored()).expect("an account").pending(), 40);
    assert_eq!((shop.pass(), shop.pass()), (1, 0), "time passes once");
    assert_eq!(account_of(&shop.stored()).expect("an account").pending(), 0);
    let last = shop.entries().pop().expect("an entry");
    assert_eq!((last.source.as_str(), last.amount), ("time", 0));
    let grant = shop.lend(&one, 1_000).expect("all of it");
    assert_eq!(grant.points, 540);
    one.lane.at_ms = shop.now_ms;
    one.member_buys(0, 540, &grant.lease);
    shop.file(&mut one);
    assert_eq!(shop.points(), (0, 0, 0));
    assert_eq!(shop.exceptions(), []);
    // Terms of now do not make another account of what was then.
    shop.set(Change { return_window_days: Some(0), valid_days: Some(30), ..Change::default() }).expect("set");
    assert_eq!(shop.differing(), 0);
    assert_eq!(shop.points(), (0, 0, 0));
}

pub(super) fn spending_reaches_a_tier_and_time_takes_it_away_and_lanes_are_told(shop: Shop) {
    let mut shop = shop.of_terms();
    let change = Change {
        tiers: tiers(&["silver=5.00", "gold=5000.00"]),
        tier_window_days: Some(30),
        tier_kept_days: Some(60),
        ..Change::default()
    };
    shop.set(change).expect("set");
    let mut one = shop.lane("S1", 1);
    one.member_buys(0, 0, "");
    shop.file(&mut one);
    assert_eq!(shop.seen().2, "silver");
    assert_eq!(shop.told_tier(), "silver");
    shop.now_ms += 60 * DAY_MS;
    assert_eq!(shop.seen().2, "", "whoever looks sees that it is over");
    assert_eq!(shop.told_tier(), "silver");
    assert_eq!((shop.pass(), shop.pass()), (1, 0));
    assert_eq!(shop.told_tier(), "", "the lanes are told");
    assert_eq!(shop.entries().pop().expect("an entry").source, "time");
    shop.set(Change { tiers: tiers(&["copper=1.00"]), ..Change::default() }).expect("set");
    assert_eq!(shop.differing(), 0);
    assert_eq!(shop.seen().2, "");
}

pub(super) fn points_whose_time_is_over_go_with_an_entry_that_says_so(shop: Shop) {
    let mut shop = shop.of_terms();
    shop.set(Change { valid_days: Some(10), ..Change::default() }).expect("set");
    let mut one = shop.lane("S1", 1);
    one.member_buys(40, 0, "");
    shop.file(&mut one);
    let lent = shop.lend(&one, 100).expect("lent");
    shop.now_ms += 10 * DAY_MS;
    assert_eq!(shop.seen(), (0, 0, String::new()));
    assert_eq!((shop.pass(), shop.pass()), (1, 0));
    let last = shop.entries().pop().expect("an entry");
    assert_eq!((last.source.as_str(), last.amount), ("time", -440));
    assert!(last.body.contains("expire"), "{}", last.body);
    assert_eq!(shop.points(), (0, 100, 100), "what is lent may be spent");
    // It ends as it comes back, and nothing waits for time any more.
    one.lane.at_ms = shop.now_ms;
    one.fact(Fact::LeaseReturned { grant: lent });
    shop.file(&mut one);
    assert_eq!(shop.points(), (0, 0, 0));
    shop.now_ms += 10_000 * DAY_MS;
    assert_eq!((shop.pass(), shop.differing()), (0, 0));
}

pub(super) fn time_passes_in_portions_and_for_nobody_before_it_is_due(shop: Shop) {
    let mut shop = shop.of_terms();
    shop.set(Change { valid_days: Some(10), ..Change::default() }).expect("set");
    let gives = |member: &str, now_ms: i64| {
        let adjust = Operation::Adjust { points: 5, reason: String::new() };
        shop.write(|writing| {
            Keeper::new(writing, now_ms)?.points(member, "", ("gift", now_ms), &adjust).map(|_| ())
        });
    };
    for number in 0..5 {
        gives(&format!("x{number}"), MORNING_MS + number * DAY_MS);
    }
    shop.now_ms += 12 * DAY_MS;
    let pass = |limit| pass_due(&shop.store, shop.now_ms, limit).expect("passed");
    assert_eq!([pass(2), pass(2), pass(2)], [2, 1, 0]);
    let left = |member: &str| {
        let read = |reading: &hq::store::Reading<'_>| reading.book(points_key(member));
        let body = shop.store.read::<_, StoreError>(read).expect("a read").expect("a book");
        account_of(&body).expect("an account").balance()
    };
    assert_eq!([left("x0"), left("x2"), left("x3"), left("x4")], [0, 0, 5, 5]);
    // A moment that is lost with a table is found again as the books are.
    shop.write(|writing| writing.put_points_due("x3", None));
    assert_eq!(shop.differing(), 0);
    shop.now_ms += DAY_MS;
    assert_eq!(shop.pass(), 1);
}
