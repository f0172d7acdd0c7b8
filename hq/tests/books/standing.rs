//! Points that are lent to a store as a whole: HQ on every engine, a relay's book, and lanes that spend parts.

use hq::relay::{Book, Copied, Deputy, PART_MS, take_copy};
use hq::standing;
use protocol::enrol::RELAY_LANE;
use protocol::standing::{STANDING_TERM_MAX_MS, StandingAsk, StandingEnded, StandingLease, StandingTold};

use super::*;

/// The day on which all that these lanes sell is sold.
const NOON_MS: i64 = 1_772_337_600_000;
const HOUR_MS: i64 = 3_600_000;
const MINUTE_MS: i64 = 60_000;

/// HQ, the relay of store S1 with its book, and what it keeps in a folder.
struct Relayed<'a> {
    shop: &'a mut Shop,
    row: LaneRow,
    folder: tempfile::TempDir,
    books: u32,
    book: Book,
}

fn ask_of(instance: &str, ended: Vec<StandingEnded>, after: Option<&str>) -> StandingAsk {
    StandingAsk { v: 1, instance: instance.to_owned(), ended, after: after.map(str::to_owned) }
}

impl<'a> Relayed<'a> {
    fn open(shop: &'a mut Shop) -> Self {
        shop.now_ms = NOON_MS;
        let row = shop.lane("S1", RELAY_LANE).row;
        let folder = tempfile::tempdir().expect("a folder");
        let book = Book::open(&folder.path().join("1.db"), "S1").expect("a book");
        Self { shop, row, folder, books: 1, book }
    }

    /// A lane that HQ enrolled through the relay.
    fn lane(&self, lane: u32) -> At {
        let mut at = self.shop.lane("S1", lane);
        at.lane.at_ms = self.shop.now_ms;
        self.meet(&at);
        at
    }

    fn meet(&self, at: &At) {
        let here = Copied { seq: at.filed as u64, hash: at.lane.hash(at.filed) };
        self.book.begin_copy(at.row.lane, at.row.epoch, here).expect("begun");
    }

    /// The relay's file is lost, and begun anew.
    fn lose(&mut self) {
        self.books += 1;
        let path = self.folder.path().join(format!("{}.db", self.books));
        self.book = Book::open(&path, "S1").expect("a book");
    }

    fn tell(&self, ask: &StandingAsk) -> StandingTold {
        standing::answer(&self.shop.store, &self.row, ask, self.shop.now_ms).expect("an answer")
    }

    /// A round as the relay's loop makes it; where the answers are lost, HQ has done all of it.
    fn round(&self, answers_come: bool) -> Vec<StandingLease> {
        let (mut after, mut told) = (Some(String::new()), Vec::new());
        while let Some(page) = after {
            let instance = self.book.instance().expect("its own");
            let ended = self.book.standing_ended(self.shop.now_ms).expect("what is over");
            let said = self.tell(&ask_of(&instance, ended, Some(&page)));
            if answers_come {
                self.book.hear_standing(&instance, &said).expect("heard");
            }
            told.extend(said.leases);
            after = said.next;
        }
        told
    }

    fn deputy<T>(&self, at: &At, job: impl FnOnce(&Deputy<'_>) -> T) -> T {
        job(&Deputy { book: &self.book, lane: at.row.lane, now_ms: self.shop.now_ms, heard: &|_| None })
    }

    /// What a lane is lent while HQ cannot be asked.
    fn lend_here(&self, at: &At, points: i64) -> Option<PointsGrant> {
        let question = Question::LendPoints { member: "m1".into(), points };
        match self.deputy(at, |deputy| deputy.answer(&question)).expect("an answer") {
            Answer::PointsLent { grant } => Some(grant),
            Answer::Unreachable {} => None,
            other => panic!("a grant or nobody, not {other:?}"),
        }
    }

    /// What a lane is lent while HQ can be asked, as the relay's route does it.
    fn lend_through(&self, at: &At, points: i64) -> Option<PointsGrant> {
        let question = Question::LendPoints { member: "m1".into(), points };
        let mut said = self.shop.ask(at, question.clone());
        let back = self.deputy(at, |deputy| deputy.give_back(&question, &said)).expect("what goes back");
        if !back.is_empty() {
            let instance = self.book.instance().expect("its own");
            let told = self.tell(&ask_of(&instance, back, None));
            self.book.hear_standing(&instance, &told).expect("heard");
            said = self.shop.ask(at, question);
        }
        match said {
            Answer::PointsLent { grant } => Some(grant),
            _ => None,
        }
    }

    /// The relay has a copy of all that a lane wrote.
    fn copy(&self, at: &At) {
        let (lane, epoch) = (at.row.lane, at.row.epoch);
        let from = self.book.copied(lane, epoch).expect("read").expect("begun").seq as usize + 1;
        if from <= at.lane.events.len() {
            let batch = at.lane.batch(from, at.lane.events.len());
            take_copy(&self.book, lane, &batch, self.shop.now_ms).expect("copied");
        }
    }

    fn set(&self, terms: &str) {
        self.shop.write(|writing| writing.put_setting(POINTS_SETTING, terms));
    }
}

impl At {
    fn returns(&mut self, grant: &PointsGrant) {
        self.fact(Fact::LeaseReturned { grant: grant.clone() });
    }

    /// Says something by its clock, which is this now.
    fn says(&mut self, at_ms: i64) {
        self.lane.at_ms = at_ms;
        self.fact(Fact::DrawerOpened { staff: "u1".into(), reason: String::new() });
    }
}

/// The first member shops in S1, at a till that HQ hears.
fn shops(shop: &Shop, at: &mut At) {
    at.member_buys(0, 0, "");
    shop.file(at);
}

pub(super) fn a_store_is_lent_a_share_of_who_shopped_in_it_and_lanes_spend_it_with_hq_away(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let (mut one, mut two) = (relayed.lane(1), relayed.lane(2));
    assert_eq!(relayed.round(true), [], "nobody shopped here yet");
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    let told = relayed.round(false);
    assert_eq!((told.len(), told[0].points, told[0].member.as_str()), (1, 150, "m1"));
    assert_eq!(told[0].until_ms, NOON_MS + STANDING_TERM_MAX_MS);
    assert_eq!(relayed.round(true), told, "an answer that was lost costs nothing");
    assert_eq!(relayed.shop.points(), (350, 150, 500));
    // Two lanes at once: no more than there is.
    let first = relayed.lend_here(&one, 100).expect("a part");
    assert_eq!((first.points, first.member.as_str()), (100, "m1"));
    assert_eq!(first.until_ms, NOON_MS + PART_MS);
    assert_eq!(relayed.lend_here(&one, 100).expect("the same"), first);
    let second = relayed.lend_here(&two, 100).expect("the rest");
    assert_eq!(second.points, 50);
    assert_ne!(first.lease, second.lease);
    assert_eq!(relayed.lend_here(&relayed.lane(3), 1), None);
    // One spends some of it and gives the rest back; the copy says so.
    one.member_buys(0, 60, &first.lease);
    one.returns(&first);
    assert_eq!(relayed.lend_here(&relayed.lane(3), 1), None, "nobody has heard of it yet");
    relayed.copy(&one);
    let third = relayed.lend_here(&relayed.lane(3), 100).expect("what came back");
    assert_eq!(third.points, 40);
    two.member_buys(0, 50, &second.lease);
    // HQ hears of them in another order; what a lane gave back ends nothing of the store's.
    let shop = &*relayed.shop;
    shop.file(&mut two);
    shop.file(&mut one);
    assert_eq!(shop.points(), (350, 40, 390));
    assert_eq!(shop.exceptions(), []);
}

pub(super) fn a_store_gives_back_what_is_over_once_hq_has_its_journals(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let part = relayed.lend_here(&one, 100).expect("a part");
    one.member_buys(0, 70, &part.lease);
    one.returns(&part);
    relayed.copy(&one);
    relayed.set(r#"{"standing_percent": 0}"#);
    relayed.shop.now_ms += STANDING_TERM_MAX_MS;
    let ended = relayed.book.standing_ended(relayed.shop.now_ms).expect("over");
    assert_eq!((ended.len(), ended[0].waits, ended[0].journals.len()), (1, false, 1));
    assert_eq!(ended[0].journals[0].seq, 3);
    assert_eq!(relayed.lend_here(&one, 10), None, "it ends before HQ's does");
    // HQ has not heard of the sale.
    relayed.round(true);
    assert_eq!(relayed.shop.points(), (350, 150, 500));
    relayed.shop.file(&mut one);
    assert_eq!(relayed.shop.points(), (350, 80, 430));
    relayed.round(false);
    assert_eq!(relayed.shop.points(), (430, 0, 430));
    relayed.round(true);
    assert_eq!(relayed.book.standing_ended(relayed.shop.now_ms).expect("none"), []);
    // Another book ends nothing of this one's, nor does another store.
    relayed.set("{}");
    let told = relayed.round(true);
    let ended = StandingEnded {
        lease: told[0].lease.clone(),
        member: "m1".into(),
        journals: Vec::new(),
        waits: false,
    };
    assert_eq!(relayed.tell(&ask_of("another", vec![ended.clone()], None)).ended, [] as [String; 0]);
    let other = relayed.shop.lane("S2", RELAY_LANE).row;
    let ask = ask_of(&relayed.book.instance().expect("its own"), vec![ended], None);
    let now_ms = relayed.shop.now_ms;
    assert_eq!(
        standing::answer(&relayed.shop.store, &other, &ask, now_ms).expect("said").ended,
        [] as [String; 0]
    );
    assert_eq!(relayed.shop.points(), (301, 129, 430));
    // What was to go back is lent no more, though HQ has not heard of it.
    relayed.lend_here(&one, 1).map(|part| one.returns(&part)).expect("a part");
    relayed.copy(&one);
    assert_eq!(relayed.book.close_standing("m1").expect("closed").len(), 1);
    assert_eq!(relayed.lend_here(&one, 1), None);
    assert_eq!(relayed.shop.exceptions(), []);
}

pub(super) fn a_member_at_a_counter_of_the_store_spends_all_while_hq_is_there(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    let two = relayed.lane(2);
    shops(relayed.shop, &mut one);
    relayed.round(true);
    // No more is asked for than HQ has free: the store keeps what it has.
    assert_eq!(relayed.lend_through(&two, 350).expect("lent").points, 350);
    assert_eq!(relayed.shop.points(), (0, 500, 500));
    let all = relayed.lend_through(&one, 500).expect("the store's");
    assert_eq!(all.points, 150);
    assert_eq!(relayed.lend_here(&two, 1), None, "it went back, and is lent no more");
    one.member_buys(0, 150, &all.lease);
    relayed.shop.file(&mut one);
    // A part that is out stays the lane's.
    relayed.shop.write(|writing| {
        Keeper::new(writing, NOON_MS)?.write_off(&LaneId { store: "S1".into(), lane: 2 }, "x")
    });
    relayed.round(true);
    let part = relayed.lend_here(&one, 10).expect("a part");
    assert_eq!(relayed.lend_through(&two, 500).expect("the rest").points, 350 - 105);
    assert_eq!(relayed.lend_here(&one, 100).expect("more").lease, part.lease);
    assert_eq!(relayed.shop.exceptions(), []);
}

pub(super) fn a_relay_that_lost_its_book_is_told_of_nothing_that_it_may_have_lent(mut shop: Shop) {
    let mut relayed = Relayed::open(&mut shop);
    let (mut one, mut two) = (relayed.lane(1), relayed.lane(2));
    shops(relayed.shop, &mut one);
    relayed.round(true);
    let before = relayed.lend_here(&one, 150).expect("all of it");
    relayed.lose();
    assert_eq!(relayed.lend_here(&two, 10), None, "HQ is away, and nothing is known");
    let told = relayed.round(true);
    assert_eq!((told.len(), told[0].points), (1, 105), "a share of what is left");
    assert!(!before.lease.starts_with(&told[0].lease));
    for at in [&one, &two] {
        relayed.meet(at);
    }
    let fresh = relayed.lend_here(&two, 500).expect("of the new one");
    one.member_buys(0, 150, &before.lease);
    two.member_buys(0, 105, &fresh.lease);
    relayed.copy(&one);
    relayed.shop.file(&mut two);
    relayed.shop.file(&mut one);
    assert_eq!(relayed.shop.points(), (245, 0, 245));
    assert_eq!(relayed.shop.exceptions(), []);
}

pub(super) fn a_relay_that_was_put_back_from_a_copy_begins_anew_where_it_hears_of_it(mut shop: Shop) {
    let mut relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let instance = relayed.book.instance().expect("its own");
    let path = relayed.folder.path().join("copy.db");
    let file = relayed.folder.path().join("1.db");
    rusqlite::Connection::open(&file)
        .and_then(|file| file.execute("VACUUM INTO ?1", [path.display().to_string()]))
        .expect("a copy");
    let part = relayed.lend_here(&one, 100).expect("a part");
    relayed.book = Book::open(&path, "S1").expect("put back");
    assert_eq!(relayed.book.instance().expect("the same"), instance);
    one.member_buys(0, 30, &part.lease);
    relayed.copy(&one);
    assert_ne!(relayed.book.instance().expect("another"), instance);
    assert_eq!(relayed.lend_here(&one, 100), None);
    // An answer to the book of before is none to this one.
    let late = relayed.tell(&ask_of(&instance, Vec::new(), Some("")));
    assert_eq!(late.leases.len(), 1);
    relayed.book.hear_standing(&instance, &late).expect("not heard");
    assert_eq!(relayed.lend_here(&one, 100), None);
}

pub(super) fn a_file_of_before_a_lease_is_noticed_when_hq_tells_of_it(mut shop: Shop) {
    let mut relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    let path = relayed.folder.path().join("copy.db");
    rusqlite::Connection::open(relayed.folder.path().join("1.db"))
        .and_then(|file| file.execute("VACUUM INTO ?1", [path.display().to_string()]))
        .expect("a copy");
    relayed.round(true);
    let instance = relayed.book.instance().expect("its own");
    let part = relayed.lend_here(&one, 100).expect("a part");
    relayed.book = Book::open(&path, "S1").expect("put back");
    one.member_buys(0, 30, &part.lease);
    relayed.copy(&one);
    assert_eq!(relayed.book.instance().expect("nothing is wrong yet"), instance);
    assert_eq!(relayed.round(true).len(), 1);
    assert_ne!(relayed.book.instance().expect("another"), instance);
    assert_eq!(relayed.lend_here(&one, 100), None);
}

pub(super) fn an_answer_that_was_written_before_a_lease_went_back_does_not_bring_it_again(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let instance = relayed.book.instance().expect("its own");
    let page = relayed.tell(&ask_of(&instance, Vec::new(), Some("")));
    assert_eq!(page.leases.len(), 1);
    // Meanwhile the member wants all that they have, and is lent it by HQ.
    assert!(relayed.lend_through(&one, 100_000).is_some());
    relayed.book.hear_standing(&instance, &page).expect("heard");
    assert_eq!(relayed.lend_here(&one, 100), None);
}

pub(super) fn a_lease_of_a_lost_relay_ends_when_all_its_lanes_have_passed_it(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let (mut one, mut two) = (relayed.lane(1), relayed.lane(2));
    shops(relayed.shop, &mut one);
    let until_ms = relayed.round(true)[0].until_ms;
    let late_ms = until_ms + CLOCK_SKEW_MS + MINUTE_MS;
    relayed.shop.now_ms = late_ms + HOUR_MS;
    let shop = &*relayed.shop;
    // Enough for a look, each time.
    let passes = |at: &mut At, at_ms: i64| {
        for _ in 0..16 {
            at.says(at_ms);
        }
        shop.file(at);
    };
    passes(&mut one, late_ms);
    assert_eq!(shop.points(), (350, 150, 500), "the other may have a part");
    passes(&mut two, until_ms + MINUTE_MS);
    assert_eq!(shop.points(), (350, 150, 500), "its clock may go back by so much");
    passes(&mut two, late_ms);
    assert_eq!(shop.points(), (500, 0, 500));
}

pub(super) fn who_is_written_off_is_not_waited_for(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let (mut one, mut two) = (relayed.lane(1), relayed.lane(2));
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let part = relayed.lend_here(&two, 50).expect("a part");
    // The lane is not heard of again; the store has another one beside what waits for it.
    relayed.shop.now_ms += 3 * HOUR_MS;
    let ended = relayed.book.standing_ended(relayed.shop.now_ms).expect("it waits");
    assert_eq!((ended.len(), ended[0].waits), (1, true));
    let told = relayed.round(true);
    assert_eq!((told.len(), told[0].points), (1, 105));
    assert_eq!(relayed.lend_here(&one, 500).expect("of the other").points, 105);
    relayed.shop.now_ms += STANDING_TERM_MAX_MS;
    let late_ms = relayed.shop.now_ms;
    for _ in 0..16 {
        one.says(late_ms);
    }
    relayed.shop.file(&mut one);
    assert_eq!(relayed.shop.points(), (245, 255, 500));
    relayed.shop.write(|writing| {
        writing.write_off_lane("S1", 2)?;
        Keeper::new(writing, late_ms)?.end_standing("S1", late_ms)
    });
    assert_eq!(relayed.shop.points(), (395, 105, 500));
    // It is found, and had spent them.
    two.member_buys(0, 50, &part.lease);
    relayed.shop.file(&mut two);
    assert_eq!(relayed.shop.exceptions().len(), 1);
    // A person ends what a lost relay has.
    let relay = LaneId { store: "S1".into(), lane: RELAY_LANE };
    relayed.shop.write(|writing| Keeper::new(writing, late_ms)?.write_off(&relay, "x"));
    assert_eq!(relayed.shop.points(), (450, 0, 450));
}

pub(super) fn a_member_of_another_store_is_found_with_hq_away_where_they_shopped(mut shop: Shop) {
    let mut relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    let row = |store: &str| {
        format!(
            r#"{{"id":"m1","name":"赵一","tier":"gold","points":500,"phone_last4":"0001","store":"{store}"}}"#
        )
    };
    relayed.shop.write(|writing| writing.put_member("m1", &row("S2")));
    let who = |relayed: &Relayed<'_>, at: &At, code: &str| {
        let question =
            if code == PHONE { Question::member(code) } else { Question::Member { code: code.into() } };
        match relayed.deputy(at, |deputy| deputy.answer(&question)).expect("an answer") {
            Answer::Member { member, .. } => Some((member.id, member.tier, member.points)),
            Answer::Unreachable {} => None,
            other => panic!("a member or nobody, not {other:?}"),
        }
    };
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    for code in ["m1", "M1CARD", PHONE] {
        assert_eq!(who(&relayed, &one, code), Some(("m1".into(), "gold".into(), Some(150))), "{code}");
    }
    assert_eq!(who(&relayed, &one, "M2CARD"), None);
    relayed.lend_here(&one, 40).expect("a part");
    assert_eq!(who(&relayed, &one, "m1").and_then(|(_, _, points)| points), Some(110));
    // The store's lanes are told of its own members, and the relay of none of them.
    relayed.lose();
    relayed.shop.write(|writing| writing.put_member("m1", &row("S1")));
    assert_eq!(relayed.round(true).len(), 1);
    assert_eq!(who(&relayed, &one, "m1"), None);
}

pub(super) fn pages_of_members_go_back_to_the_last_days_and_are_bounded(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    relayed.shop.write(|writing| {
        for number in 0..230 {
            let id = format!("p{number:03}");
            writing.put_member(
                &id,
                &format!(r#"{{"id":"{id}","points":{}}}"#, if number < 30 { 0 } else { 100 }),
            )?;
        }
        Ok(())
    });
    for number in 0..230 {
        one.sale(|sale| {
            let member = format!("p{number:03}");
            sale.buyer = Some(Buyer { member, shown: String::new(), tier: String::new(), points: None });
        });
    }
    relayed.shop.file(&mut one);
    relayed.shop.now_ms = NOON_MS + 31 * 24 * HOUR_MS;
    assert_eq!(relayed.round(true), [], "that was long ago");
    relayed.shop.now_ms = NOON_MS + 20 * 24 * HOUR_MS;
    let told = relayed.round(true);
    assert_eq!((told.len(), told.iter().map(|lease| lease.points).sum::<i64>()), (200, 6_000));
    assert_eq!(relayed.book.standing().expect("read"), (200, 6_000));
    assert_eq!(relayed.round(true).len(), 200, "nothing is lent twice");
    let refused = |after: &str| {
        let ask = ask_of("a", Vec::new(), Some(after));
        standing::answer(&relayed.shop.store, &relayed.row, &ask, relayed.shop.now_ms).is_err()
    };
    assert!(refused("x") && refused("1/2") && refused("1/2026-13-01/a"));
    let long = ask_of(&"x".repeat(200), Vec::new(), None);
    assert!(standing::answer(&relayed.shop.store, &relayed.row, &long, 0).is_err());
}

pub(super) fn accounts_with_leases_of_stores_are_made_again_as_they_were(mut shop: Shop) {
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let part = relayed.lend_here(&one, 40).expect("a part");
    one.member_buys(0, 40, &part.lease);
    relayed.shop.file(&mut one);
    relayed.set(r#"{"standing_percent": 90, "standing_points_max": 7}"#);
    let rebuilt = hq::books::rebuild::rebuild(&relayed.shop.store, relayed.shop.now_ms).expect("made again");
    assert_eq!((rebuilt.differing, rebuilt.missing), (0, 0));
    assert_eq!(relayed.shop.points(), (350, 110, 460));
}

/// A lane as its till keeps what it was lent.
struct Holder {
    at: At,
    /// By how much its clock is wrong, milliseconds.
    wrong_ms: i64,
    grants: Vec<(PointsGrant, i64)>,
    returned: Vec<String>,
}

impl Holder {
    fn hold(&mut self, grant: Option<PointsGrant>) {
        // What it gave back it spends no more, whatever it is told.
        let Some(grant) = grant.filter(|grant| !self.returned.contains(&grant.lease)) else { return };
        match self.grants.iter_mut().find(|(known, _)| known.lease == grant.lease) {
            Some((known, _)) => *known = grant,
            None => self.grants.push((grant, 0)),
        }
    }
}

/// Days of three lanes, a relay and HQ, which is there now and then. Nothing is ever spent that was not lent, and in the end
/// every point is where it belongs.
#[test]
fn whatever_is_lost_and_however_late_all_is_filed_no_point_is_spent_twice() {
    let days = std::env::var("GUITAI_STANDING_DAYS").ok().and_then(|text| text.parse().ok()).unwrap_or(30);
    for seed in 0..days {
        a_random_day(seed);
    }
}

fn a_random_day(seed: u64) {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let mut draw = move |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let folder = tempfile::tempdir().expect("a folder");
    let mut shop = Shop::open(Store::open(&folder.path().join("hq.db")).expect("a database"));
    let mut relayed = Relayed::open(&mut shop);
    let mut lanes: Vec<Holder> = (1..4)
        .map(|lane| Holder {
            at: relayed.lane(lane),
            wrong_ms: (draw(9) as i64 - 4) * MINUTE_MS,
            grants: Vec::new(),
            returned: Vec::new(),
        })
        .collect();
    shops(relayed.shop, &mut lanes[0].at);
    let (mut spent, mut is_up) = (0, true);
    for _ in 0..120 {
        let which = draw(3) as usize;
        let holder = &mut lanes[which];
        let now_ms = relayed.shop.now_ms;
        let at_ms = now_ms + holder.wrong_ms;
        holder.at.lane.at_ms = holder.at.lane.at_ms.max(at_ms);
        match draw(16) {
            0 | 1 if is_up => drop(relayed.round(draw(3) > 0)),
            2..=4 => {
                let points = 1 + draw(200) as i64;
                let grant = match is_up {
                    true => relayed.lend_through(&holder.at, points),
                    false => relayed.lend_here(&holder.at, points),
                };
                // Some answers are lost.
                if draw(5) > 0 {
                    holder.hold(grant);
                }
            }
            5..=7 => {
                let at = draw(holder.grants.len().max(1) as u64) as usize;
                let Some((grant, of_it)) = holder.grants.get_mut(at) else { continue };
                let points = (1 + draw(120) as i64).min(grant.points - *of_it);
                if points > 0 && at_ms < grant.until_ms {
                    *of_it += points;
                    spent += points;
                    let lease = grant.lease.clone();
                    holder.at.member_buys(0, points, &lease);
                }
            }
            8 if !holder.grants.is_empty() => {
                let at = draw(holder.grants.len() as u64) as usize;
                let (grant, _) = holder.grants.remove(at);
                holder.at.returns(&grant);
                holder.returned.push(grant.lease);
            }
            9 | 10 => relayed.copy(&holder.at),
            11 if is_up => relayed.shop.file(&mut holder.at),
            12 => relayed.shop.now_ms += (1 + draw(40) as i64) * MINUTE_MS,
            13 if draw(4) == 0 => relayed.shop.now_ms += draw(30) as i64 * HOUR_MS,
            14 => is_up = !is_up,
            15 if draw(6) == 0 => {
                relayed.lose();
                for holder in &lanes {
                    relayed.meet(&holder.at);
                }
            }
            _ => {}
        }
    }
    // All of it comes to HQ, however late.
    relayed.set(r#"{"standing_percent": 0}"#);
    relayed.shop.now_ms += 4 * STANDING_TERM_MAX_MS;
    let late_ms = relayed.shop.now_ms;
    for lane in [2, 0, 1] {
        let at = &mut lanes[lane].at;
        at.says(late_ms);
        relayed.copy(at);
        relayed.shop.file(at);
    }
    for _ in 0..3 {
        relayed.round(true);
    }
    let listed = relayed.shop.exceptions();
    assert!(listed.is_empty(), "seed {seed}: {listed:?}");
    assert_eq!(relayed.shop.points(), (500 - spent, 0, 500 - spent), "seed {seed}");
}

#[test]
fn a_part_whose_lane_goes_on_in_another_journal_is_lent_no_second_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shop = Shop::open(Store::open(&folder.path().join("hq.db")).expect("a database"));
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    relayed.round(true);
    let part = relayed.lend_here(&one, 150).expect("all of it");
    // A lane that is restored goes on in a new epoch; the relay hears of it behind what HQ has.
    let row = LaneRow { epoch: 2, ..one.row.clone() };
    relayed.shop.write(|writing| writing.put_lane(&row));
    let identity = Enrolment { store: "S1".into(), lane: 1, epoch: 2, key: String::new() };
    let mut again = At { row, lane: Lane::new(identity), filed: 0 };
    again.lane.at_ms = NOON_MS;
    again.member_buys(0, 100, &part.lease);
    relayed.shop.file(&mut again);
    relayed.meet(&again);
    again.returns(&part);
    relayed.copy(&again);
    assert_eq!(relayed.lend_here(&relayed.lane(2), 1), None, "the sale may not be in the copy");
    // HQ has both journals, and takes the rest back.
    relayed.set(r#"{"standing_percent": 0}"#);
    relayed.shop.now_ms += STANDING_TERM_MAX_MS;
    let ended = relayed.book.standing_ended(relayed.shop.now_ms).expect("over");
    assert_eq!(ended[0].journals.iter().map(|at| (at.epoch, at.seq)).collect::<Vec<_>>(), [(2, 2), (1, 1)]);
    relayed.round(true);
    assert_eq!(relayed.shop.points(), (350, 50, 400));
    relayed.shop.file(&mut again);
    relayed.round(true);
    assert_eq!(relayed.shop.points(), (400, 0, 400));
}

#[test]
fn a_lease_of_many_parts_goes_back_and_another_takes_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut shop = Shop::open(Store::open(&folder.path().join("hq.db")).expect("a database"));
    let relayed = Relayed::open(&mut shop);
    let mut one = relayed.lane(1);
    shops(relayed.shop, &mut one);
    relayed.copy(&one);
    let first = relayed.round(true);
    for _ in 0..protocol::standing::STANDING_PARTS_MAX {
        let part = relayed.lend_here(&one, 10).expect("a part");
        one.returns(&part);
        relayed.copy(&one);
    }
    assert_eq!(relayed.lend_here(&one, 10), None);
    relayed.shop.file(&mut one);
    let second = relayed.round(true);
    assert_eq!((second.len(), second[0].points), (1, 150));
    assert_ne!(second[0].lease, first[0].lease);
    assert_eq!(relayed.lend_here(&one, 10).expect("of the other").points, 10);
    // A copy that nobody has yet of a lane says nothing of what it would do.
    let stranger = relayed.shop.lane("S1", 9);
    assert_eq!(relayed.lend_here(&stranger, 10), None);
}
