//! Who is credited for goods, and what a cashier notes of them.

use super::*;
use crate::seller::Seller;

fn seller(id: &str) -> Option<Arc<Seller>> {
    Some(Arc::new(Seller {
        id: id.into(),
        number: format!("no. {id}"),
        name: id.into(),
        level: "guide".into(),
    }))
}

pub(super) fn names(line: Option<u32>, id: &str) -> Happens {
    In(Input::NameSeller { line, seller: seller(id) })
}

fn names_nobody(line: Option<u32>) -> Happens {
    In(Input::NameSeller { line, seller: None })
}

pub(super) fn notes(line: Option<u32>, note: &str) -> Happens {
    In(Input::Note { line, note: note.into() })
}

pub(super) fn any_words(
    line: impl Strategy<Value = u32> + Clone + 'static,
) -> impl Strategy<Value = Happens> {
    let line = || prop::option::of(line.clone());
    let note = prop::sample::select(vec!["no bag", "ring twice", "", " "]);
    let someone = prop::option::of(prop::sample::select(vec!["mei", "tao"]));
    prop_oneof![
        3 => (line(), someone)
            .prop_map(|(line, id)| In(Input::NameSeller { line, seller: id.and_then(seller) })),
        2 => (line(), note).prop_map(|(line, text)| notes(line, text)),
    ]
}

/// What the last sale says of who sold it, and what was noted.
fn document(happens: Vec<Happens>) -> String {
    let mut lane = Lane::new();
    for happens in happens {
        lane.take(happens);
    }
    let sale = lane.journal.iter().rev().find_map(|(_, _, record)| match record {
        Record::SaleCompleted { sale } => Some(sale.clone()),
        _ => None,
    });
    let sale = sale.expect("a sale");
    let lines = sale.lines.iter().map(|line| {
        let seller = sale.seller_of(line).map_or("nobody", |seller| seller.id.as_str());
        format!("{} by {seller} ({})", line.item.sku, line.note)
    });
    format!("{}; {}", lines.collect::<Vec<_>>().join(", "), sale.note)
}

#[test]
fn a_seller_is_credited_for_all_but_what_a_line_says_otherwise() {
    check(
        selling(),
        &[
            names(None, "mei"),
            scan(COLA),
            scan(EGG),
            names(Some(2), "tao"),
            names(Some(2), "tao"),
            notes(Some(1), " no bag\u{7} "),
            notes(None, "calls again"),
        ],
        expect![[r#"
            commit mei credited by li
            sound Accepted
            commit line 1 cola 1 x 3.50 = 3.50
            sound Accepted
            commit line 2 egg 1 x 2.00 by breakfast = 2.00
            sound Accepted
            commit tao credited for line 2 by li
            sound Accepted
            sound Accepted
            commit noted at line 1 by li: no bag
            sound Accepted
            commit noted by li: calls again
            sound Accepted
            = shift 1 of 2026-03-02, li selling; 2 lines 5.50
        "#]],
    );
}

#[test]
fn the_sale_says_who_sold_which_line() {
    let day = |more: Vec<Happens>| {
        let goods = then(selling(), [scan(COLA), scan(EGG), names(None, "mei"), names(Some(2), "tao")]);
        document(then(then(goods, more), [PAY, Happens::PaysRest, Saved]))
    };
    assert_eq!(day(vec![]), "cola by mei (), egg by tao (); ");
    assert_eq!(day(vec![names_nobody(Some(2))]), "cola by mei (), egg by mei (); ");
    assert_eq!(day(vec![names_nobody(None)]), "cola by nobody (), egg by tao (); ");
    assert_eq!(
        day(vec![notes(Some(1), "cold"), notes(None, "gate 3")]),
        "cola by mei (cold), egg by tao (); gate 3"
    );
    // At the payment as well, which changes nothing else.
    assert_eq!(day(vec![PAY, names(None, "tao")]), "cola by tao (), egg by tao (); ");
    // The next basket begins without either.
    let next = vec![PAY, Happens::PaysRest, Saved, scan(MILK)];
    assert_eq!(day(next), "milk by nobody (); ");
}

#[test]
fn who_sold_it_outlives_parking_shifts_and_power_cuts() {
    let goods =
        then(selling(), [scan(COLA), names(None, "mei"), names(Some(1), "tao"), notes(Some(1), "cold")]);
    let goods = then(goods, [notes(None, "gate 3"), PowerCut, pin("li", true), PARK]);
    let later = [CLOSE_SHIFT, pin("li", true), CLOSE_SHIFT, pin("li", true), PowerCut, pin("li", true)];
    let paid = [recall(1), PAY, Happens::PaysRest, Saved];
    let day = then(then(goods, later), paid);
    assert_eq!(document(day.clone()), "cola by tao (cold); gate 3");
    assert_eq!(document(then(day, [scan(EGG), PAY, Happens::PaysRest, Saved])), "egg by nobody (); ");
}

#[test]
fn there_is_nothing_to_note_and_nobody_to_credit_where_nothing_is() {
    check(
        vec![],
        &[
            names(None, "mei"),
            pin("li", true),
            notes(None, "hello"),
            names(Some(1), "mei"),
            notes(Some(7), "x"),
        ],
        expect![[r#"
            sound Blocked
            tell SignInFirst
            commit shift 1 of 2026-03-02 opened by li
            commit li signed in
            sound Accepted
            sound Blocked
            tell NoLine
            sound Blocked
            tell NoLine
            sound Blocked
            tell NoLine
            = shift 1 of 2026-03-02, li selling
        "#]],
    );
}

#[test]
fn a_seller_of_an_empty_basket_holds_up_no_recall_and_no_end_of_a_shift() {
    let parked = then(selling(), [scan(COLA), PARK, names(None, "mei")]);
    assert_eq!(document(then(parked, [recall(1), PAY, Happens::PaysRest, Saved])), "cola by nobody (); ");
    check(
        then(selling(), [names(None, "mei")]),
        &[CLOSE_SHIFT],
        expect![[r#"
            commit nobody credited by li
            commit shift closed by li
            commit li signed out
            report 0 documents, sold 0.00, returned 0.00, rounding 0.00; ; drawer 0.00; ever 0.00 in 0
            = no shift, signed out
        "#]],
    );
}

#[test]
fn a_return_says_how_much_of_the_line_came_back_before() {
    let mut lane = Lane::new();
    let bought = then(selling(), [scan(COLA), pieces(1, 3), PAY, Happens::PaysRest, Saved]);
    let back = |pieces: i64| [BringsBack, brings_back(1, pieces * 1_000), PAY, Happens::PaysRest, Saved];
    for happens in then(then(bought, back(1)), back(2)) {
        lane.take(happens);
    }
    let before: Vec<i64> = lane
        .journal
        .iter()
        .filter_map(|(_, _, record)| match record {
            Record::LineReturned { returned, .. } => Some(returned.before),
            _ => None,
        })
        .collect();
    assert_eq!(before, [0, 1_000]);
}
