//! An HQ that knows a kind of event only since it is of this version: what it had set aside reaches tables and books by
//! `hq rebuild`, and then it is as one that could use each event as it came.

use std::fmt::Write as _;

use hq::books::value::ValueOperation;
use hq::books::{counting, rebuild};
use hq::projection;
use hq::store::NewEvent;
use protocol::event::{Parked, ParkedId, ValueGrant};

use super::*;

/// The events that an HQ of before sets aside: lane and number.
const KINDS: [(&str, u32, u64); 7] = [
    ("a lease of points that came back", 1, 2),
    ("a lease of stored value that came back", 1, 3),
    ("a member of the till", 1, 4),
    ("a basket that is offered", 1, 5),
    ("a basket that its lane takes up", 1, 7),
    ("a basket that another lane takes up", 2, 2),
    ("a count", 2, 3),
];

const STRANGER: &str = "13977770001";

impl Shop {
    /// Sets an event aside, as an HQ does that does not know its kind.
    fn sets_aside(&self, at: &mut At) {
        let key = at.row.journal(at.row.epoch);
        let seq = at.filed as u64 + 1;
        let (hash, bytes) = &at.lane.events[at.filed];
        self.write(|writing| {
            let mut head = writing.lock_journal(key)?;
            writing.add_events(key, &[NewEvent { seq, hash, bytes }], self.now_ms)?;
            writing.add_quarantine(key, seq, "an event of unknown kind")?;
            (head.acknowledged, head.head) = (seq, *hash);
            head.quarantined += 1;
            writing.set_journal_head(key, &head)
        });
        at.filed += 1;
    }

    /// Files a lane's journal event by event; those that `is_aside` names are set aside.
    fn files(&self, at: &mut At, is_aside: &dyn Fn(u32, u64) -> bool) {
        while at.filed < at.lane.events.len() {
            if is_aside(at.row.lane, at.filed as u64 + 1) {
                self.sets_aside(at);
                continue;
            }
            let next = at.filed + 1;
            intake::file(&self.store, &at.row, &at.lane.batch(next, next), self.now_ms).expect("filed");
            at.filed = next;
        }
    }

    /// All that the books and tables say.
    fn says(&self) -> String {
        let mut said = String::new();
        let mut tell = |what: &str, value: &dyn std::fmt::Debug| {
            writeln!(said, "{what}: {value:?}").expect("a string takes all");
        };
        tell("points", &self.points());
        tell("value", &self.value());
        let lane = |lane| LaneId { store: "S1".into(), lane };
        let read = self.store.read::<_, StoreError>(|reading| {
            for kind in [
                BookKind::Points,
                BookKind::Value,
                BookKind::Parked,
                BookKind::ParkedEnded,
                BookKind::CountWaiting,
                BookKind::Count,
            ] {
                for (owner, part) in reading.books_after(kind, ("", ""), 100)? {
                    let key = BookKey { owner: &owner, kind, part: &part };
                    // Of one that was looked for while it was locked there is a row without a body.
                    let Some(body) = reading.book(key)?.filter(|body| !body.is_empty()) else { continue };
                    tell(&format!("{kind:?} {owner} {part}"), &body);
                    tell("  entries", &reading.book_entries(key, 0, 100)?);
                }
            }
            for number in [1, 2] {
                tell("holds", &reading.holds_until(&lane(number), i64::MAX)?);
            }
            tell("exceptions", &reading.exceptions(100)?);
            tell("stock", &reading.stock("S1", false, 100)?);
            tell("shifts", &reading.shifts("S1", 100)?);
            let members = reading.members_of_code(&format!("phone:{}", phone_hash(STRANGER)))?;
            for member in &members {
                tell("member", &reading.member(member)?);
            }
            tell("members", &members);
            tell("aside", &reading.quarantined(100)?);
            Ok(())
        });
        read.expect("a read");
        said
    }
}

fn basket(number: u32, at_ms: i64) -> Parked {
    Parked {
        number,
        staff: "u1".into(),
        at_ms,
        note: String::new(),
        lines: vec![lane::line("1", 250)],
        numbers_given: 1,
        age_confirmed: false,
        voids: 0,
        discount: None,
        member: None,
        coupons: Vec::new(),
        tender: None,
        tenders: Vec::new(),
        seller: None,
        sale_note: String::new(),
        phones: Vec::new(),
    }
}

/// A day of two lanes, filed; `is_aside` names what an HQ of before could not use.
fn a_day(shop: &Shop, is_aside: &dyn Fn(u32, u64) -> bool) -> (At, At) {
    shop.keeps_value();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let paid_in = ValueOperation::Adjust {
        value: protocol::event::Value { principal: 5_000, bonus: 0 },
        reason: "gift".into(),
    };
    shop.write(|writing| {
        Keeper::new(writing, shop.now_ms)?.value("m1", "S1", ("a gift", shop.now_ms), &paid_in).map(drop)
    });
    let points = shop.lend(&one, 200).expect("lent");
    let ValueGrant { lease, member, until_ms, .. } = shop.lend_value(&one, 1_000).0.expect("lent");
    let value = PointsGrant { lease, member, points: 0, until_ms };
    let parks = |number, at_ms| Fact::BasketOffered { parked: Box::new(basket(number, at_ms)) };
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    one.fact(Fact::LeaseReturned { grant: points });
    one.fact(Fact::LeaseReturned { grant: value });
    let stranger = NewMember {
        id: format!("n{}", &phone_hash(STRANGER)[..31]),
        phone_hash: phone_hash(STRANGER),
        shown: "*0001".into(),
        card: String::new(),
    };
    one.fact(Fact::MemberRegistered { member: stranger, staff: "u1".into() });
    one.fact(parks(1, one.lane.at_ms));
    one.fact(parks(2, one.lane.at_ms));
    one.fact(Fact::BasketRecalled { basket: 2, staff: "u1".into() });
    one.fact(parks(3, one.lane.at_ms));
    let sold = one.sale(|_| {});
    two.sale(|_| {});
    let from = ParkedId { lane: 1, epoch: 1, number: 1 };
    two.fact(Fact::BasketTaken { from, parked: Box::new(basket(1, MORNING_MS)), staff: "u1".into() });
    let count = StockCount {
        document: "C1".into(),
        lines: vec![StockLine { sku: "1".into(), quantity: 17_000 }],
        positions: vec![
            Position { lane: 1, epoch: 1, seq: sold.seq },
            Position { lane: 2, epoch: 1, seq: 2 },
        ],
        steps: Vec::new(),
        reason: "month".into(),
    };
    two.fact(Fact::StockCounted { count, staff: "u1".into() });
    two.sale(|_| {});
    shop.files(&mut one, is_aside);
    shop.files(&mut two, is_aside);
    (one, two)
}

fn released_is_as_filed(open: &dyn Fn() -> Shop) {
    let at_once = open();
    a_day(&at_once, &|_, _| false);
    let expected = at_once.says();
    let rebuilt = projection::rebuild(&at_once.store, at_once.now_ms).expect("a rebuild");
    assert_eq!((rebuilt.released, rebuilt.differing), (0, Vec::new()));
    let books = rebuild::rebuild(&at_once.store, at_once.now_ms).expect("a rebuild");
    assert_eq!((books.missing, books.differing), (0, 0), "{books:?}");
    assert_eq!(at_once.says(), expected, "what was filed is filed once");

    // Each kind by itself, by the one command and by the other after it; then all of them.
    for which in (0..KINDS.len()).map(Some).chain([None]) {
        let aside = |lane: u32, seq: u64| match which {
            Some(which) => (KINDS[which].1, KINDS[which].2) == (lane, seq),
            None => KINDS.iter().any(|(_, of, at)| (*of, *at) == (lane, seq)),
        };
        let what = which.map_or("all of them", |which| KINDS[which].0);
        let shop = open();
        a_day(&shop, &aside);
        assert_ne!(shop.says(), expected, "{what}: nobody knows of it yet");
        let rebuilt = projection::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
        assert_eq!(rebuilt.released, if which.is_some() { 1 } else { KINDS.len() as u64 }, "{what}");
        pretty_assertions(&shop.says(), &expected, what);
        let books = rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
        assert_eq!((books.missing, books.differing), (0, 0), "{what}: {books:?}");
        pretty_assertions(&shop.says(), &expected, what);
    }
}

/// Says which line differs.
fn pretty_assertions(said: &str, expected: &str, what: &str) {
    for (said, expected) in said.lines().zip(expected.lines()) {
        assert_eq!(said, expected, "{what}");
    }
    assert_eq!(said, expected, "{what}");
}

/// What was released by a program that told the books nothing of it.
pub(super) fn what_left_quarantine_and_stands_in_no_book_is_entered(shop: Shop) {
    let aside = |lane: u32, seq: u64| KINDS.iter().any(|(_, of, at)| (*of, *at) == (lane, seq));
    let (one, two) = a_day(&shop, &aside);
    for at in [&one, &two] {
        let key = at.row.journal(1);
        shop.write(|writing| {
            let mut head = writing.lock_journal(key)?;
            let numbers = 1..=head.acknowledged;
            writing.release_quarantined(key, numbers.clone(), numbers)?;
            head.quarantined = 0;
            writing.set_journal_head(key, &head)
        });
    }
    let before = shop.points();
    let books = rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!((books.missing, books.differing), (7, 0), "{books:?}");
    assert_eq!((before, shop.points()), ((300, 200, 500), (500, 0, 500)));
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 16_000, 0, 0)]);
    let again = rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!((again.missing, again.differing), (0, 0), "{again:?}");
}

/// A lease that came back, and that was made longer since: its lane has it again.
pub(super) fn a_lease_that_was_lent_again_stays_its_lanes(mut shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let first = shop.lend(&one, 200).expect("lent");
    one.fact(Fact::LeaseReturned { grant: first.clone() });
    shop.sets_aside(&mut one);
    shop.now_ms += 60_000;
    let again = shop.lend(&one, 200).expect("lent");
    assert_eq!(again.lease, first.lease, "HQ did not hear that it came back");
    projection::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!(shop.points(), (300, 200, 500));
}

/// A member whose telephone was changed since they were taken in.
pub(super) fn a_member_who_was_changed_since_stays_so(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let id = format!("n{}", &phone_hash(STRANGER)[..31]);
    let (shown, card) = ("*0001".to_owned(), String::new());
    let member = NewMember { id: id.clone(), phone_hash: phone_hash(STRANGER), shown, card };
    one.fact(Fact::MemberRegistered { member, staff: "u1".into() });
    shop.file(&mut one);
    let other = format!("phone:{}", phone_hash("13900000009"));
    shop.write(|writing| writing.set_member_codes(&id, [other.as_str()]));
    let books = rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!(books.missing, 0);
    let of = |phone: &str| {
        let code = format!("phone:{}", phone_hash(phone));
        shop.store.read::<_, StoreError>(|reading| reading.members_of_code(&code)).expect("a read")
    };
    assert_eq!((of(STRANGER), of("13900000009")), (Vec::new(), vec![id]));
}

/// Goods that were counted again since a count that HQ could not use.
pub(super) fn a_count_that_comes_late_changes_nothing_that_was_counted_since(shop: Shop) {
    let mut one = shop.lane("S1", 1);
    let count = |document: &str, seq: u64, found: &[(&str, i64)]| StockCount {
        document: document.into(),
        lines: found
            .iter()
            .map(|(sku, found)| StockLine { sku: (*sku).into(), quantity: found * 1_000 })
            .collect(),
        positions: vec![Position { lane: 1, epoch: 1, seq }],
        steps: Vec::new(),
        reason: "month".into(),
    };
    one.fact(moved(StockMove::Receive, "D1", "farm", 20));
    shop.file(&mut one);
    one.fact(Fact::StockCounted { count: count("C1", 1, &[("1", 18), ("2", 3)]), staff: "u1".into() });
    shop.sets_aside(&mut one);
    one.lane.at_ms += 60_000;
    one.fact(Fact::StockCounted { count: count("C2", 2, &[("1", 17)]), staff: "u1".into() });
    shop.file(&mut one);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 17_000, 0, 0)]);
    let rebuilt = projection::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!(rebuilt.released, 1);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 17_000, 0, 0)], "it was counted since");
    assert_eq!(shop.on_hand(&one, "2"), [("S1".to_owned(), 3_000, 0, 0)]);
    let (waiting, posted) =
        shop.store.read::<_, StoreError>(|reading| counting::listed(reading, "S1")).expect("a read");
    assert_eq!((waiting.len(), posted.len()), (0, 2));
}

/// Two counts of the same goods become due at once: the older one goes first, whatever their numbers are.
pub(super) fn of_counts_that_are_due_at_once_the_older_goes_first(shop: Shop) {
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S1", 2));
    two.fact(moved(StockMove::Receive, "D1", "farm", 20));
    for (document, found) in [("C2", 18), ("C1", 17)] {
        let count = StockCount {
            document: document.into(),
            lines: vec![StockLine { sku: "1".into(), quantity: found * 1_000 }],
            positions: vec![Position { lane: 2, epoch: 1, seq: 1 }],
            steps: Vec::new(),
            reason: "month".into(),
        };
        one.fact(Fact::StockCounted { count, staff: "u1".into() });
        one.lane.at_ms += 60_000;
    }
    shop.file(&mut one);
    shop.file(&mut two);
    assert_eq!(shop.on_hand(&one, "1"), [("S1".to_owned(), 17_000, 0, 0)], "what was found last");
}

#[test]
fn what_left_quarantine_is_as_if_it_had_been_filed_at_once_on_sqlite() {
    let folders = std::cell::RefCell::new(Vec::new());
    released_is_as_filed(&|| {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(&folder.path().join("hq.db")).expect("a database");
        folders.borrow_mut().push(folder);
        Shop::open(store)
    });
}

#[test]
fn what_left_quarantine_is_as_if_it_had_been_filed_at_once_on_postgresql() {
    let Some(server) = postgres::shared() else { return };
    released_is_as_filed(&|| {
        let address = Address { url: server.database(), authority: None };
        Shop::open(Store::connect(&address).expect("a database"))
    });
}
