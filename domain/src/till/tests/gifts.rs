//! Gifts of a promotion, when the goods that earned them come back.

use super::*;

/// Two beers at 10.00 and the tea at 5.00 that is free for them, paid.
fn gift_sold(beers: usize, teas: usize) -> Vec<Happens> {
    let goods = std::iter::repeat_n(scan(BEER), beers).chain(std::iter::repeat_n(scan(TEA), teas));
    let paid = [CONFIRM_AGE, PAY, Happens::PaysRest, Saved, BACK];
    then(then(then(selling(), [Happens::Festival]), goods), paid)
}

/// What each return of these lines pays out, one document each; the last is
/// what is kept back in them, line and amount.
fn pays_out(sold: Vec<Happens>, returns: &[&[(u32, i64)]]) -> (Vec<String>, Vec<(u32, i64)>) {
    let mut lane = Lane::new();
    for happens in sold {
        lane.take(happens);
    }
    let (mut paid, mut kept) = (Vec::new(), Vec::new());
    for lines in returns {
        lane.take(BringsBack);
        for (line, pieces) in *lines {
            lane.take(brings_back(*line, pieces * 1_000));
        }
        for happens in [PAY, Happens::PaysRest, Saved, BACK] {
            lane.take(happens);
        }
        let sale = lane.journal.iter().rev().find_map(|(_, _, record)| match record {
            Record::SaleCompleted { sale } => Some(sale.clone()),
            _ => None,
        });
        let sale = sale.expect("a document");
        assert!(sale.adds_up());
        paid.push(yuan().format(-sale.payable));
        kept.extend(sale.kept.iter().map(|kept| (kept.line, kept.amount.minor())));
    }
    // The paid goods and the free one come to what was paid for them.
    (paid, kept)
}

#[test]
fn a_kept_gift_is_taken_off_what_is_given_for_the_goods_that_earned_it() {
    let (paid, kept) = pays_out(gift_sold(2, 1), &[&[(1, 1)]]);
    assert_eq!((paid, kept), (vec!["5.00".to_owned()], vec![(3, 500)]));
    // A third beer took no part: whichever comes back first, two are left that earn the tea.
    for first in [1, 2, 3] {
        let second = if first == 1 { 2 } else { 1 };
        let (paid, kept) = pays_out(gift_sold(3, 1), &[&[(first, 1)], &[(second, 1)]]);
        assert_eq!((paid, kept), (vec!["10.00".to_owned(), "5.00".to_owned()], vec![(4, 500)]));
    }
}

#[test]
fn a_gift_that_comes_back_with_what_earned_it_costs_nothing() {
    let (paid, kept) = pays_out(gift_sold(2, 1), &[&[(1, 1), (3, 1)]]);
    assert_eq!((paid, kept), (vec!["10.00".to_owned()], vec![]));
    // All of it, in any order and in pieces, is all that was paid.
    for order in [[1, 2, 3], [3, 2, 1], [2, 3, 1], [1, 3, 2]] {
        let returns = order.map(|line| [(line, 1)]);
        let returns: Vec<&[(u32, i64)]> = returns.iter().map(|lines| &lines[..]).collect();
        let (paid, _) = pays_out(gift_sold(2, 1), &returns);
        let sum: Money = paid.iter().map(|amount| money(amount)).sum();
        assert_eq!(sum, money("20.00"), "{order:?}: {paid:?}");
    }
}

#[test]
fn a_gift_that_is_brought_back_after_all_is_paid_out() {
    let (paid, kept) = pays_out(gift_sold(2, 1), &[&[(1, 1)], &[(3, 1)], &[(2, 1)]]);
    assert_eq!(paid, ["5.00", "5.00", "10.00"]);
    assert_eq!(kept, [(3, 500), (3, -500)]);
}

#[test]
fn what_is_kept_back_stands_in_the_document_and_outlives_a_power_cut() {
    let brought = then(gift_sold(2, 1), [BringsBack, brings_back(1, 1_000), PowerCut, pin("li", true)]);
    check(
        brought,
        &[PAY, PAY_OUT, Saved],
        expect![[r#"
            commit all by cash
            commit sale of 0 lines: -5.00 0.00 = -5.00, tendered -5.00, change 0.00, tax 13% -0.57 of -5.00
            open drawer
            sound Accepted
            = shift 1 of 2026-03-02, li done #13, change 0.00; paper #8 waiting, #13 waiting
        "#]],
    );
}

#[test]
fn a_gift_that_was_voided_while_the_goods_could_not_be_asked_is_none() {
    let goods = then(then(selling(), [Happens::Festival]), [scan(BEER), scan(BEER), scan(TEA), CONFIRM_AGE]);
    let mut lane = Lane::new();
    for happens in then(goods, [GoodsGone, void(3), PAY, Happens::PaysRest, Saved]) {
        lane.take(happens);
    }
    let gifts = lane.journal.iter().find_map(|(_, _, record)| match record {
        Record::SaleCompleted { sale } => Some(sale.gifts.len()),
        _ => None,
    });
    assert_eq!(gifts, Some(0));
}
