//! A member who was named after the payment: they get the points of the sale, whatever came back of it meanwhile.

use protocol::ask::{Knows, Sought};

use super::*;

/// 2026-03-01 21:46 in Shanghai, the day of every document here.
const EVENING_MS: i64 = 1_772_372_760_000;

/// A sale of 10.00 earns three of these: 3.00 is a point.
fn buyer(member: &str, earned: i64) -> Buyer {
    let points = PointsMoved {
        earned,
        money_per_point: 300,
        multiplier: 10_000,
        spent: 0,
        value: 0,
        lease: String::new(),
    };
    Buyer { member: member.into(), shown: "赵*".into(), tier: "gold".into(), points: Some(points) }
}

fn named(sale: &Origin, member: &str, earned: i64) -> Fact {
    Fact::BuyerNamed { document: sale.seq, buyer: buyer(member, earned), staff: "u1".into() }
}

/// A lane on that day: what is earned today is not over.
fn lane_of_today(shop: &Shop, number: u32) -> At {
    let mut at = shop.lane("S1", number);
    at.lane.at_ms = EVENING_MS;
    at
}

fn balance(shop: &Shop) -> i64 {
    shop.points().2
}

/// What both rebuilds find, which is nothing: the tables and the books follow from the events.
fn rebuilds(shop: &Shop) {
    let tables = hq::projection::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!(tables.differing, [], "{tables:?}");
    let books = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!((books.missing, books.differing), (0, 0), "{books:?}");
}

pub(super) fn a_member_named_after_the_payment_has_the_points_of_the_sale(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let (mut one, mut two) = (lane_of_today(&shop, 1), lane_of_today(&shop, 2));
    let sold = one.sale(|_| ());
    shop.file(&mut one);
    let before = balance(&shop);
    one.fact(named(&sold, "m1", 3));
    shop.file(&mut one);
    assert_eq!(balance(&shop), before + 3);

    // Whoever looks for their receipts finds it, and whoever gives it back is told whose it is.
    let sought = Question::Receipts { sought: Sought::Member { code: "m1".into() }, goods: Vec::new() };
    match shop.ask(&two, sought) {
        Answer::Receipts { receipts, knows: Knows::Chain, .. } => assert_eq!(receipts[0].origin, sold),
        other => panic!("receipts, not {other:?}"),
    }
    match shop.ask(&two, Question::ClaimReceipt { origin: sold.clone() }) {
        Answer::ReceiptClaimed { sale, .. } => assert_eq!(sale.buyer, Some(buyer("m1", 3))),
        other => panic!("a sale, not {other:?}"),
    }
    // 1.00 comes back: 9.00 is three points still. Then 2.00 more, of which the lane says it.
    two.gives_back(&sold, 300, Some((0, 0)));
    shop.file(&mut two);
    assert_eq!(balance(&shop), before + 3);
    two.gives_back(&sold, 300, Some((1, 0)));
    shop.file(&mut two);
    assert_eq!(balance(&shop), before + 2);
    assert!(shop.exceptions().is_empty(), "{:?}", shop.exceptions());
    rebuilds(&shop);
    assert_eq!(balance(&shop), before + 2);
}

pub(super) fn who_becomes_a_member_with_a_paid_sale_has_its_points(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let mut one = lane_of_today(&shop, 1);
    let new = |phone: &str| NewMember {
        id: format!("n{}", &phone_hash(phone)[..31]),
        phone_hash: phone_hash(phone),
        shown: "*0001".into(),
        card: String::new(),
    };
    // A stranger, and somebody whose telephone HQ has had for long.
    let (stranger, known) = (new("13977770001"), new(PHONE));
    let before = balance(&shop);
    for member in [&stranger, &known] {
        let sold = one.sale(|_| ());
        one.fact(Fact::MemberRegistered { member: member.clone(), staff: "u1".into() });
        one.fact(named(&sold, &member.id, 3));
        shop.file(&mut one);
    }
    assert_eq!(balance(&shop), before + 3, "who was known by the telephone is the same one");
    let found = shop.ask(&one, Question::member("13977770001"));
    assert!(
        matches!(&found, Answer::Member { member, .. } if member.points == Some(3) && member.id == stranger.id),
        "{found:?}"
    );
    assert!(shop.exceptions().is_empty(), "{:?}", shop.exceptions());
    rebuilds(&shop);
    assert_eq!(balance(&shop), before + 3);
}

/// One event of a lane that is filed by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comes {
    /// The naming, which follows the sale in one journal.
    Naming,
    /// A return by a lane that knew of nobody.
    Unaware,
    /// One by a lane that had been told, by the store's relay.
    Aware,
}

pub(super) fn in_whatever_order_journals_come_the_points_are_of_what_is_left(mut shop: Shop) {
    use Comes::{Aware, Naming, Unaware};
    shop.now_ms = EVENING_MS;
    let orders = [
        [Naming, Unaware, Aware],
        [Naming, Aware, Unaware],
        [Unaware, Naming, Aware],
        [Unaware, Aware, Naming],
        [Aware, Naming, Unaware],
        [Aware, Unaware, Naming],
    ];
    // The other one may have been told as well, and neither of them of what the other took back.
    let rounds = orders.into_iter().flat_map(|order| [(order, None), (order, Some((0, 0)))]);
    for (number, (order, told)) in (1..).zip(rounds) {
        let [mut one, mut two, mut three] = [0, 1, 2].map(|lane| lane_of_today(&shop, number * 10 + lane));
        let before = balance(&shop);
        let sold = one.sale(|_| ());
        shop.file(&mut one);
        one.fact(named(&sold, "m1", 3));
        // 1.00 each: by itself neither takes a point of three; of 10.00 are 8.00 left, which are two.
        two.gives_back(&sold, 300, told);
        three.gives_back(&sold, 300, Some((0, 0)));
        for comes in order {
            match comes {
                Naming => shop.file(&mut one),
                Unaware => shop.file(&mut two),
                Aware => shop.file(&mut three),
            }
        }
        assert_eq!(balance(&shop), before + 2, "{order:?}, {told:?}");
        assert!(shop.exceptions().is_empty(), "{order:?}, {told:?}: {:?}", shop.exceptions());
    }
    rebuilds(&shop);
    // And where all of it comes back, nothing is left of them.
    let (mut one, mut two) = (lane_of_today(&shop, 1), lane_of_today(&shop, 2));
    let before = balance(&shop);
    let sold = one.sale(|sale| {
        sale.lines[0].net = 100;
        (sale.lines[0].unit_price, sale.lines[0].list_price) = (100, 100);
        (sale.total, sale.payable) = (100, 100);
        sale.tenders = vec![lane::cash(100)];
        sale.taxes[0].net = 100;
    });
    shop.file(&mut one);
    two.gives_back(&sold, 1_000, None);
    shop.file(&mut two);
    one.fact(Fact::BuyerNamed {
        document: sold.seq,
        buyer: Buyer {
            points: Some(PointsMoved { money_per_point: 10, ..buyer("m1", 10).points.expect("points") }),
            ..buyer("m1", 10)
        },
        staff: "u1".into(),
    });
    shop.file(&mut one);
    assert_eq!(balance(&shop), before);
    rebuilds(&shop);
}

pub(super) fn who_cannot_be_named_is_listed_and_moves_no_points(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let mut one = lane_of_today(&shop, 1);
    let plain = one.sale(|_| ());
    let bought = one.member_buys(3, 0, "");
    let back = one.gives_back(&plain, 100, None);
    shop.file(&mut one);
    let before = balance(&shop);
    let nowhere = Origin { seq: 4_711, ..plain.clone() };
    one.fact(named(&nowhere, "m1", 3));
    one.fact(named(&bought, "m2", 3));
    one.fact(named(&back, "m1", 3));
    one.fact(named(&plain, "m1", 300));
    shop.file(&mut one);
    assert_eq!(balance(&shop), before, "none of them");
    let why = |exceptions: &[Exception]| {
        let mut why: Vec<String> = exceptions
            .iter()
            .filter_map(|exception| {
                let what: serde_json::Value = serde_json::from_str(&exception.what).ok()?;
                Some(what.get("why")?.as_str()?.to_owned())
            })
            .collect();
        why.sort();
        why
    };
    assert_eq!(why(&shop.exceptions()), ["has_member", "no_such_sale", "points", "return"]);

    // Named rightly, and then once more for somebody else: the first stays.
    one.fact(named(&plain, "m1", 3));
    one.fact(named(&plain, "m2", 3));
    shop.file(&mut one);
    assert_eq!(balance(&shop), before + 3);
    assert_eq!(why(&shop.exceptions()), ["has_member", "named_before", "no_such_sale", "points", "return"]);
    let other = shop.write(|writing| Keeper::new(writing, EVENING_MS)?.account("m2"));
    assert_eq!(other.balance(), 0);
    rebuilds(&shop);
    assert_eq!(why(&shop.exceptions()).len(), 5, "a rebuild lists nothing twice");

    // Points that are spent on what was paid, or nobody at all, are no event that can be used.
    let mut spends = buyer("m1", 3);
    spends.points = spends.points.map(|points| PointsMoved { spent: 100, ..points });
    for (document, buyer) in [(plain.seq, spends), (plain.seq, buyer("", 3)), (u64::MAX, buyer("m1", 3))] {
        one.fact(Fact::BuyerNamed { document, buyer, staff: "u1".into() });
    }
    shop.file(&mut one);
    let set_aside = shop.store.read::<_, StoreError>(|reading| reading.quarantined(10)).expect("a read");
    let reasons: Vec<&str> = set_aside.iter().map(|row| row.reason.as_str()).collect();
    let beyond = format!("the number {} of a sale is beyond 63 bits", u64::MAX);
    assert_eq!(reasons, ["points are spent on a sale that was paid before", "nobody is named", &beyond]);
}

pub(super) fn a_book_of_who_was_named_that_is_lost_is_made_again(mut shop: Shop) {
    shop.now_ms = EVENING_MS;
    let (mut one, mut two) = (lane_of_today(&shop, 1), lane_of_today(&shop, 2));
    let sold = one.sale(|_| ());
    // An id that a lane that was cut off gave them.
    shop.write(|writing| writing.add_member_code("id:n77", "m1"));
    one.fact(named(&sold, "n77", 3));
    shop.file(&mut one);
    two.gives_back(&sold, 300, None);
    two.gives_back(&sold, 300, None);
    shop.file(&mut two);
    let (points, before) = (balance(&shop), shop.exceptions().len());
    assert_eq!(points, 500 + 2);
    let part = format!("1/1/{}", sold.seq);
    let book = BookKey { owner: "S1", kind: BookKind::BuyerNamed, part: &part };
    shop.write(|writing| writing.remove_book(book));
    // Whoever was named second while it was lost is no buyer, and holds nothing up.
    one.fact(named(&sold, "m2", 3));
    shop.file(&mut one);
    let books = hq::books::rebuild::rebuild(&shop.store, shop.now_ms).expect("a rebuild");
    assert_eq!((books.missing, books.differing), (1, 0));
    assert_eq!((balance(&shop), shop.exceptions().len()), (points, before + 1));
    match shop.ask(&two, Question::ClaimReceipt { origin: sold.clone() }) {
        Answer::ReceiptClaimed { sale, .. } => {
            assert_eq!(sale.buyer.map(|buyer| buyer.member).as_deref(), Some("n77"));
        }
        other => panic!("a sale, not {other:?}"),
    }
    rebuilds(&shop);
}
