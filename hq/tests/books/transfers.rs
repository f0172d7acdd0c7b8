//! Transfers that HQ orders: what is made of them by what lanes file, in whatever order that comes, and what both stores'
//! lanes are told.

use hq::books::rebuild;
use hq::reservations::{self, Reservation, ReservedLine};
use hq::store::{BookKind, Kind, StoreError, TransfersAsked};
use hq::transfers::{self, Asked, AskedLine, Differs, Doer, LINES_MAX, Shown, State, TransferError};
use protocol::event::{Fact, Movement, StockLine, StockMove};
use protocol::pull;

use super::{At, MORNING_MS, Shop, moved};

const HQ: Doer<'static> = Doer { name: "erp", now_ms: MORNING_MS };

fn asked(number: &str, lines: &[(&str, i64)]) -> Asked {
    let lines = lines.iter().map(|(sku, quantity)| AskedLine { sku: (*sku).into(), quantity: *quantity });
    Asked {
        number: number.into(),
        from: "S1".into(),
        to: "S2".into(),
        lines: lines.collect(),
        note: "before Friday".into(),
        hold: false,
    }
}

fn document(kind: StockMove, (number, other): (&str, &str), lines: &[(&str, i64)]) -> Fact {
    let lines = lines.iter().map(|(sku, quantity)| StockLine { sku: (*sku).into(), quantity: *quantity });
    let movement = Movement {
        kind,
        document: number.into(),
        other: other.into(),
        lines: lines.collect(),
        reason: String::new(),
    };
    Fact::StockMoved { movement, staff: "u1".into() }
}

impl Shop {
    /// Two stores, and goods: three by the piece, one by weight, and a kit.
    fn stock_up(&self) {
        self.write(|writing| {
            for store in ["S1", "S2", "S3"] {
                let body = format!(
                    r#"{{"code":"{store}","name_zh":"店","name_en":"Store","currency":"CNY","currency_symbol":"¥",
                        "currency_exponent":2,"cash_rounding":1}}"#
                );
                writing.put_entity(Kind::Store, store, &body)?;
            }
            for (sku, more) in [
                ("1", ""),
                ("2", ""),
                ("3", ""),
                ("kg", r#","weighed":true"#),
                ("kit", r#","kit":[{"sku":"1","quantity":1000}]"#),
            ] {
                let body = format!(
                    r#"{{"sku":"{sku}","name_zh":"货","name_en":"Goods","price":100,"tax_rate":1300{more}}}"#
                );
                writing.put_entity(Kind::Product, sku, &body)?;
            }
            Ok(())
        });
    }

    fn order(&self, asked: &Asked) -> Result<Shown, TransferError> {
        self.store.write(|writing| transfers::order(writing, asked, HQ))
    }

    fn transfer(&self, number: &str) -> Shown {
        self.store.read(|reading| transfers::find(reading, number)).expect("a transfer")
    }

    /// What a store's lanes are told of transfers: number, whether it left, and each line's item, asked and sent.
    fn told(&self, store: &str) -> Vec<(String, bool, Vec<(String, i64, i64)>)> {
        let rows = self
            .store
            .read::<_, StoreError>(|reading| reading.entities_after(store, Kind::Transfer, "", 100));
        let told = rows.expect("a read").into_iter().map(|(number, _, body)| {
            let told: pull::Transfer = serde_json::from_str(&body).expect("a transfer");
            assert_eq!(
                (told.number.as_str(), told.from.as_str(), told.to.as_str()),
                (number.as_str(), "S1", "S2")
            );
            let lines = told.lines.into_iter().map(|line| (line.sku, line.asked, line.sent)).collect();
            (number, told.left, lines)
        });
        told.collect()
    }

    fn in_transit(&self, sku: &str) -> i64 {
        self.store.read::<_, StoreError>(|reading| reading.stock_state("S2", sku)).expect("a read").in_transit
    }

    fn finds_nothing_to_put_right(&self) {
        let rebuilt = hq::projection::rebuild(&self.store, self.now_ms).expect("rebuilt");
        assert!(rebuilt.differing.is_empty(), "{rebuilt:?}");
        let books = rebuild::rebuild(&self.store, self.now_ms).expect("rebuilt");
        assert_eq!((books.missing, books.differing), (0, 0), "{books:?}");
    }
}

fn quantities(shown: &Shown) -> Vec<(&str, i64, i64, i64)> {
    shown.lines.iter().map(|line| (line.sku.as_str(), line.asked, line.sent, line.arrived)).collect()
}

fn differences(shown: &Shown) -> Vec<(Differs, &str, i64)> {
    shown.differences.iter().map(|of| (of.differs, of.sku.as_str(), of.quantity)).collect()
}

pub(super) fn a_transfer_is_the_same_in_whatever_order_its_documents_come(shop: Shop) {
    shop.stock_up();
    let mut ends = Vec::new();
    for (number, sender_first) in [("T1", true), ("T2", false)] {
        let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
        if !sender_first {
            // Other lanes, so that their journals begin anew.
            (one, two) = (shop.lane("S1", 2), shop.lane("S2", 2));
        }
        let placed = shop.order(&asked(number, &[("1", 10_000), ("2", 4_000)])).expect("ordered");
        assert_eq!((placed.state, placed.ordered_by.as_str()), (State::Ordered, "erp"));
        let as_asked = vec![("1".to_owned(), 10_000, 0), ("2".to_owned(), 4_000, 0)];
        for store in ["S1", "S2"] {
            assert_eq!(shop.told(store), [(number.to_owned(), false, as_asked.clone())], "{store}");
        }
        let sent = [("1", 8_000), ("2", 4_000), ("3", 1_000)];
        one.fact(document(StockMove::TransferOut, (number, "S2"), &sent));
        let came = [("1", 7_000), ("2", 4_000), ("3", 1_000)];
        two.fact(document(StockMove::TransferIn, (number, "S1"), &came));
        if sender_first {
            shop.file(&mut one);
            let under_way = shop.transfer(number);
            assert_eq!(under_way.state, State::OnItsWay);
            assert_eq!(
                differences(&under_way),
                [(Differs::SentLess, "1", 2_000), (Differs::SentMore, "3", 1_000)]
            );
            assert_eq!(shop.told("S1"), [], "it is offered to the sender no more");
            let left = vec![
                ("1".to_owned(), 10_000, 8_000),
                ("2".to_owned(), 4_000, 4_000),
                ("3".to_owned(), 0, 1_000),
            ];
            assert_eq!(shop.told("S2"), [(number.to_owned(), true, left)]);
            assert_eq!((shop.in_transit("1"), shop.in_transit("3")), (8_000, 1_000));
            shop.file(&mut two);
        } else {
            shop.file(&mut two);
            let early = shop.transfer(number);
            assert_eq!(
                (early.state, early.differences.len()),
                (State::OnItsWay, 0),
                "it came, and nobody says what left"
            );
            assert_eq!((shop.told("S1"), shop.told("S2")), (vec![], vec![]), "who came has left");
            shop.file(&mut one);
        }
        let closed = shop.transfer(number);
        assert_eq!(closed.state, State::Closed);
        assert_eq!(
            quantities(&closed),
            [("1", 10_000, 8_000, 7_000), ("2", 4_000, 4_000, 4_000), ("3", 0, 1_000, 1_000)]
        );
        assert_eq!(
            differences(&closed),
            [
                (Differs::SentLess, "1", 2_000),
                (Differs::ArrivedLess, "1", 1_000),
                (Differs::SentMore, "3", 1_000)
            ]
        );
        assert_eq!((shop.told("S1"), shop.told("S2")), (vec![], vec![]));
        ends.push(Shown { number: String::new(), ..closed });
    }
    assert_eq!(ends[0], ends[1]);
    // Both are short of one on the way, and nothing else is.
    assert_eq!((shop.in_transit("1"), shop.in_transit("2"), shop.in_transit("3")), (2_000, 0, 0));
    assert!(shop.exceptions().is_empty());
    shop.finds_nothing_to_put_right();
}

pub(super) fn what_is_asked_for_leaves_and_comes_has_arrived(shop: Shop) {
    shop.stock_up();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    shop.order(&asked("T1", &[("1", 6_000), ("kg", 1_250)])).expect("ordered");
    one.fact(document(StockMove::TransferOut, ("T1", "S2"), &[("1", 6_000), ("kg", 1_250)]));
    shop.file(&mut one);
    // One is missing in the first box, and comes with the next.
    two.fact(document(StockMove::TransferIn, ("T1", "S1"), &[("1", 5_000), ("kg", 1_250)]));
    shop.file(&mut two);
    assert_eq!(shop.transfer("T1").state, State::Closed);
    two.fact(moved(StockMove::TransferIn, "T1", "S1", 1));
    shop.file(&mut two);
    let arrived = shop.transfer("T1");
    assert_eq!((arrived.state, arrived.differences.len()), (State::Arrived, 0));
    assert_eq!((shop.in_transit("1"), shop.in_transit("kg")), (0, 0));
    // Goods that nobody ordered move as ever.
    one.fact(moved(StockMove::TransferOut, "by hand", "S2", 2));
    shop.file(&mut one);
    assert_eq!(shop.in_transit("1"), 2_000);
    let listed = |asked: TransfersAsked<'_>| {
        let rows = shop.store.read(|reading| transfers::list(reading, asked, "", 10)).expect("a read");
        rows.into_iter().map(|row| row.number).collect::<Vec<_>>()
    };
    assert_eq!(listed(TransfersAsked::default()), ["T1"]);
    assert_eq!(listed(TransfersAsked { store: Some("S2"), state: Some("arrived") }), ["T1"]);
    assert_eq!(listed(TransfersAsked { store: Some("S3"), state: None }), [""; 0]);
    assert_eq!(listed(TransfersAsked { store: None, state: Some("closed") }), [""; 0]);
    shop.finds_nothing_to_put_right();
}

pub(super) fn what_is_held_for_a_transfer_is_free_when_it_leaves_or_is_taken_back(shop: Shop) {
    shop.stock_up();
    let mut one = shop.lane("S1", 1);
    one.fact(moved(StockMove::Receive, "D1", "farm", 10));
    shop.file(&mut one);
    let reserved =
        || shop.store.read::<_, StoreError>(|reading| reading.stock_state("S1", "1")).expect("read").reserved;
    let held = |number: &str, pieces: i64| Asked { hold: true, ..asked(number, &[("1", pieces * 1_000)]) };
    assert!(shop.order(&held("T1", 6)).expect("ordered").held);
    assert_eq!(reserved(), 6_000);
    // Of what is left there is not enough; nothing is half done.
    let refused = shop.order(&held("T2", 5)).expect_err("too few");
    assert!(refused.to_string().contains("4000 thousandths are available"), "{refused}");
    assert_eq!((reserved(), shop.told("S2").len()), (6_000, 1));
    shop.order(&asked("T2", &[("1", 5_000)])).expect("ordered without holding");
    shop.order(&held("T3", 4)).expect("ordered");
    assert_eq!(reserved(), 10_000);
    // Less leaves than was held: nothing is held for it any more.
    one.fact(moved(StockMove::TransferOut, "T1", "S2", 2));
    shop.file(&mut one);
    assert_eq!((reserved(), shop.transfer("T1").held), (4_000, false));
    let cancel =
        |number: &str| shop.store.write(|writing| transfers::cancel(writing, number, "not needed", HQ));
    let taken_back = cancel("T3").expect("cancelled");
    assert_eq!((taken_back.state, taken_back.held, reserved()), (State::Cancelled, false, 0));
    assert_eq!(cancel("T3").expect("cancelled"), taken_back, "it stays as it is");
    assert!(matches!(cancel("T1"), Err(TransferError::Left(_))));
    assert_eq!(shop.told("S2").len(), 2, "the one that left, and the one that nobody holds goods for");
    // Somebody at HQ ended by hand what was held: that is no fault.
    shop.order(&held("T4", 1)).expect("ordered");
    shop.store.write(|writing| reservations::release(writing, "S1", "T4", MORNING_MS)).expect("released");
    assert_eq!(cancel("T4").expect("cancelled").state, State::Cancelled);
    // What somebody else holds under the same number is theirs.
    let theirs = Reservation {
        document: "T5".into(),
        lines: vec![ReservedLine { sku: "1".into(), quantity: 1_000 }],
        until_ms: None,
    };
    shop.store.write(|writing| reservations::reserve(writing, "S1", &theirs, MORNING_MS)).expect("reserved");
    assert!(matches!(shop.order(&held("T5", 1)), Err(TransferError::Hold(_))));
    assert_eq!(reserved(), 1_000);
    shop.finds_nothing_to_put_right();
}

pub(super) fn what_cannot_be_transferred_is_not_ordered(shop: Shop) {
    shop.stock_up();
    let fine = || asked("T1", &[("1", 1_000)]);
    let many: Vec<AskedLine> =
        (0..=LINES_MAX).map(|number| AskedLine { sku: number.to_string(), quantity: 1_000 }).collect();
    for (wrong, says) in [
        (Asked { number: "a b".into(), ..fine() }, "a number has"),
        (Asked { to: "S1".into(), ..fine() }, "sends nothing to itself"),
        (Asked { to: "S9".into(), ..fine() }, "no store \"S9\""),
        (Asked { from: "S9".into(), ..fine() }, "no store \"S9\""),
        (Asked { lines: Vec::new(), ..fine() }, "name 1 to 200 items"),
        (Asked { lines: many, ..fine() }, "name 1 to 200 items"),
        (Asked { note: "x".repeat(129), ..fine() }, "at most 128 characters"),
        (Asked { note: "two\nlines".into(), ..fine() }, "one line"),
        (asked("T1", &[("1", 0)]), "not 0"),
        (asked("T1", &[("1", -1_000)]), "not -1000"),
        (asked("T1", &[("1", 99_999_001)]), "not 99999001"),
        (asked("T1", &[("1", 1_500)]), "sold by the piece"),
        (asked("T1", &[("1", 1_000), ("1", 2_000)]), "there twice"),
        (asked("T1", &[("1", 1_000), ("none", 1_000)]), "no goods \"none\""),
        (asked("T1", &[("kit", 1_000)]), "a kit"),
    ] {
        let refused = shop.order(&wrong).expect_err(says).to_string();
        assert!(refused.contains(says), "{refused}");
    }
    assert_eq!((shop.told("S1").len(), shop.told("S2").len()), (0, 0), "nothing is half done");
    let placed = shop.order(&fine()).expect("ordered");
    assert_eq!(shop.order(&fine()).expect("the same again"), placed);
    assert!(matches!(shop.order(&asked("T1", &[("1", 2_000)])), Err(TransferError::Exists(_))));
    // A number that goods moved under without an order is nobody's order.
    let mut one = shop.lane("S1", 1);
    one.fact(moved(StockMove::TransferOut, "by-hand", "S2", 2));
    shop.file(&mut one);
    assert!(matches!(shop.order(&asked("by-hand", &[("1", 2_000)])), Err(TransferError::Used(_))));
    let find = |number: &str| shop.store.read(|reading| transfers::find(reading, number));
    assert!(matches!(find("by-hand"), Err(TransferError::Unknown(_))));
    let off = |number: &str| shop.store.write(|writing| transfers::write_off(writing, number, "lost", HQ));
    assert!(matches!(off("T1"), Err(TransferError::NothingMissing(_))));
    shop.store.write(|writing| transfers::cancel(writing, "T1", "", HQ)).expect("cancelled");
    assert!(matches!(off("T1"), Err(TransferError::Cancelled(_))));
    assert!(matches!(off("none"), Err(TransferError::Unknown(_))));
}

/// What the exceptions about transfers say, the newest first.
fn odd(shop: &Shop) -> Vec<String> {
    let of_transfers = shop.exceptions().into_iter().filter(|row| row.kind == BookKind::Transfer);
    of_transfers.map(|row| format!("{} {}: {}", row.store, row.part, row.what)).collect()
}

pub(super) fn what_is_odd_about_a_transfer_is_listed_and_stands(shop: Shop) {
    shop.stock_up();
    let (mut one, mut cut_off) = (shop.lane("S1", 1), shop.lane("S1", 2));
    let mut other: At = shop.lane("S3", 1);
    shop.order(&asked("T1", &[("1", 3_000)])).expect("ordered");
    shop.order(&asked("T2", &[("1", 3_000)])).expect("ordered");
    // HQ takes it back, and does not know that a lane which is cut off has sent it.
    cut_off.fact(moved(StockMove::TransferOut, "T1", "S2", 3));
    shop.store.write(|writing| transfers::cancel(writing, "T1", "late", HQ)).expect("cancelled");
    assert_eq!(shop.told("S1").len(), 1);
    shop.file(&mut cut_off);
    let gone = shop.transfer("T1");
    assert_eq!((gone.state, gone.cancelled.is_some()), (State::OnItsWay, true));
    assert_eq!(shop.told("S2").len(), 2, "who is to receive it is told again");
    let listed = odd(&shop);
    assert!(listed.len() == 1 && listed[0].contains("it was cancelled"), "{listed:?}");
    // Two lanes send it, of which one was cut off; and a store that it is none of the business of has a hand in it.
    one.fact(moved(StockMove::TransferOut, "T2", "S2", 3));
    shop.file(&mut one);
    assert_eq!(odd(&shop).len(), 1);
    cut_off.fact(moved(StockMove::TransferOut, "T2", "S2", 3));
    shop.file(&mut cut_off);
    assert_eq!(differences(&shop.transfer("T2")), [(Differs::SentMore, "1", 3_000)]);
    other.fact(moved(StockMove::TransferIn, "T2", "S1", 1));
    shop.file(&mut other);
    let listed = odd(&shop).join("\n");
    assert!(listed.contains("goods left under its number before"), "{listed}");
    assert!(listed.contains("S3 T2") && listed.contains("it goes from S1 to S2"), "{listed}");
    let elsewhere = shop.transfer("T2").elsewhere;
    assert_eq!((elsewhere.len(), elsewhere[0].store.as_str(), elsewhere[0].quantity), (1, "S3", -1_000));
    assert_eq!(odd(&shop).len(), 3, "what is filed twice is listed once");
    shop.finds_nothing_to_put_right();
    // The sender's document names another store: it left all the same, is not sent once more, and can be closed.
    shop.order(&asked("T3", &[("2", 2_000)])).expect("ordered");
    one.fact(moved(StockMove::TransferOut, "T3", "S3", 2));
    shop.file(&mut one);
    let numbers = |store: &str| shop.told(store).into_iter().map(|told| told.0).collect::<Vec<_>>();
    assert_eq!(shop.transfer("T3").state, State::OnItsWay);
    assert!(!numbers("S1").contains(&"T3".into()) && numbers("S2").contains(&"T3".into()));
    let off = shop.store.write(|writing| transfers::write_off(writing, "T3", "went to S3", HQ));
    assert_eq!(off.expect("closed").state, State::Closed);
    assert!(!numbers("S2").contains(&"T3".into()));
    shop.finds_nothing_to_put_right();
}

pub(super) fn what_is_lost_is_on_its_way_no_more_until_it_comes_after_all(shop: Shop) {
    shop.stock_up();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    shop.order(&asked("T1", &[("1", 5_000), ("2", 2_000)])).expect("ordered");
    one.fact(document(StockMove::TransferOut, ("T1", "S2"), &[("1", 5_000), ("2", 2_000)]));
    two.fact(document(StockMove::TransferIn, ("T1", "S1"), &[("1", 3_000), ("2", 2_000)]));
    shop.file(&mut one);
    shop.file(&mut two);
    assert_eq!(shop.in_transit("1"), 2_000);
    let off = |why: &str| {
        shop.store.write(|writing| transfers::write_off(writing, "T1", why, HQ)).expect("written off")
    };
    let written_off = off("fell off the lorry");
    assert_eq!(written_off.written_off.as_ref().map(|deed| deed.reason.as_str()), Some("fell off the lorry"));
    assert_eq!(differences(&written_off), [(Differs::ArrivedLess, "1", 2_000)], "it stays listed");
    assert_eq!(off("again"), written_off);
    assert_eq!((shop.in_transit("1"), shop.in_transit("2")), (0, 0));
    // One is found; the books follow, and what is on its way is nothing all the while.
    two.fact(moved(StockMove::TransferIn, "T1", "S1", 1));
    shop.file(&mut two);
    assert_eq!((shop.in_transit("1"), differences(&shop.transfer("T1"))[0].2), (0, 1_000));
    shop.finds_nothing_to_put_right();
    // A lorry that never comes.
    shop.order(&asked("T2", &[("1", 4_000)])).expect("ordered");
    one.fact(moved(StockMove::TransferOut, "T2", "S2", 4));
    shop.file(&mut one);
    assert_eq!(shop.told("S2").len(), 1);
    shop.store.write(|writing| transfers::write_off(writing, "T2", "stolen", HQ)).expect("written off");
    assert_eq!(
        (shop.transfer("T2").state, shop.in_transit("1"), shop.told("S2").len()),
        (State::Closed, 0, 0)
    );
    shop.finds_nothing_to_put_right();
    // What leaves under its number afterwards is on its way: nobody wrote that off.
    one.fact(moved(StockMove::TransferOut, "T2", "S2", 3));
    shop.file(&mut one);
    assert_eq!(
        (shop.transfer("T2").state, shop.in_transit("1"), shop.told("S2").len()),
        (State::OnItsWay, 3_000, 1)
    );
    two.fact(moved(StockMove::TransferIn, "T2", "S1", 3));
    shop.file(&mut two);
    assert_eq!((shop.transfer("T2").state, shop.in_transit("1")), (State::Closed, 0));
    assert_eq!(differences(&shop.transfer("T2")).last(), Some(&(Differs::ArrivedLess, "1", 4_000)));
    shop.finds_nothing_to_put_right();
}

pub(super) fn a_transfer_that_was_changed_by_hand_is_made_again(shop: Shop) {
    shop.stock_up();
    let (mut one, mut two) = (shop.lane("S1", 1), shop.lane("S2", 1));
    shop.order(&asked("T1", &[("1", 5_000)])).expect("ordered");
    let before =
        shop.store.read::<_, StoreError>(|reading| reading.transfer("T1")).expect("a read").expect("there");
    one.fact(moved(StockMove::TransferOut, "T1", "S2", 5));
    two.fact(moved(StockMove::TransferIn, "T1", "S1", 5));
    shop.file(&mut one);
    shop.file(&mut two);
    let arrived = shop.transfer("T1");
    shop.write(|writing| writing.put_transfer(&before));
    assert_eq!(shop.transfer("T1").state, State::Ordered);
    let books = rebuild::rebuild(&shop.store, shop.now_ms).expect("rebuilt");
    assert_eq!((books.missing, shop.transfer("T1")), (1, arrived));
    assert_eq!((shop.told("S1").len(), shop.told("S2").len()), (0, 0));
    shop.finds_nothing_to_put_right();
}
