//! Cash by keyboard: exactly what is due by one Enter, the likely amounts by a key each, and no money by a stray Return.

use super::*;

fn is_done(lane: &Lane) -> bool {
    matches!(lane.till().desk(), Desk::Done(..))
}

/// Juice in the basket, and the cashier takes money.
fn paying() -> Lane {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    lane
}

#[test]
fn exact_cash_is_a_space_and_an_enter() {
    let mut lane = paying();
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!((sale.payable, sale.change), (Money::from_minor(790), Money::ZERO));
    // Of what a part was paid of, the rest.
    let mut lane = paying();
    lane.stand.type_text("5");
    lane.stand.function(4);
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!(sale.tenders.iter().map(|tender| tender.amount().minor()).sum::<i64>(), 790);
}

#[test]
fn a_key_stands_for_each_likely_amount() {
    for (key, change) in [(Key::Home, 0), (Key::PageUp, 210), (Key::End, 4_210), (Key::PageDown, 9_210)] {
        let mut lane = paying();
        lane.stand.key(key);
        let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{key:?}: {:?}", lane.till().desk()) };
        assert_eq!(sale.change.minor(), change, "{key:?}");
    }
}

#[test]
fn a_key_that_bounces_takes_cash_once_and_leaves_the_change_to_be_read() {
    for key in [Key::Home, Key::PageUp, Key::End, Key::PageDown] {
        let mut lane = paying();
        lane.stand.key(key);
        lane.stand.moment.now_ms -= 1_900;
        lane.stand.key(key);
        assert!(is_done(&lane), "{key:?}");
    }
    // In a list it pages at once.
    let mut lane = paying();
    lane.stand.key(Key::Enter);
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Tab);
    let selected = |lane: &Lane| lane.stand.lane.view().sheet.and_then(|sheet| sheet.selected);
    let before = selected(&lane);
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::PageDown);
    assert!(selected(&lane) > before, "{:?}", selected(&lane));
}

#[test]
fn an_enter_that_is_held_or_pressed_twice_takes_no_money() {
    // It was held from the PIN on: the first ones are swallowed, and so is what follows them.
    let mut lane = paying();
    lane.stand.function(7);
    lane.stand.enter("V1");
    lane.stand.enter("3");
    for _ in 0..60 {
        lane.stand.moment.now_ms -= 1_967;
        lane.stand.key(Key::Enter);
        assert!(!is_done(&lane));
    }
    lane.stand.key(Key::Enter);
    assert!(is_done(&lane), "let go of and pressed again, it is meant");
    // A message stands there: one key puts it away, and its second stroke is no answer to what is due.
    for key in [Key::Enter, Key::PageUp] {
        let mut lane = paying();
        lane.stand.key(Key::Char('x'));
        assert!(lane.stand.lane.view().notice.is_some());
        lane.stand.key(key);
        lane.stand.moment.now_ms -= 1_850;
        lane.stand.key(key);
        assert!(!is_done(&lane), "{key:?}");
        lane.stand.key(key);
        assert!(is_done(&lane), "{key:?}");
    }
}

#[test]
fn what_was_refused_as_cash_is_no_part_that_a_card_pays() {
    let mut lane = paying();
    lane.stand.type_text("3");
    lane.stand.key(Key::Enter);
    assert!(!is_done(&lane));
    lane.stand.function(3);
    let due = lane.stand.lane.view().sheet.and_then(|sheet| sheet.figure).map(|figure| figure.value);
    assert!(due.is_some_and(|due| due.contains("7.90")), "{:?}", lane.stand.lane.view().sheet);
}

#[test]
fn a_return_that_was_meant_for_something_else_takes_no_money() {
    // The end of a scan that is refused while money is taken, alone and late.
    let mut lane = paying();
    let code = lane.code(WATER);
    lane.stand.scan_by_keys(&code);
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Enter);
    assert!(!is_done(&lane));

    // A code of letters that a busy window tore before its Return.
    let mut lane = paying();
    for character in "ABCDEF".chars() {
        lane.stand.key(Key::Char(character));
    }
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Enter);
    assert!(!is_done(&lane));
    // The first press puts the message away, and the next one is meant.
    lane.stand.key(Key::Enter);
    lane.stand.key(Key::Enter);
    assert!(is_done(&lane));

    // A second Enter for the voucher that was taken.
    let mut lane = paying();
    lane.stand.function(7);
    lane.stand.enter("V1");
    lane.stand.enter("3");
    assert_eq!(lane.till().tenders().len(), 1);
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Enter);
    assert!(!is_done(&lane));
    lane.stand.key(Key::Enter);
    assert!(is_done(&lane));
}

#[test]
fn a_second_enter_after_the_pin_pays_nothing() {
    let mut lane = paying();
    lane.stand.function(12);
    lane.stand.sign_in("101", "1234");
    assert!(matches!(lane.till().desk(), Desk::Selling(_) | Desk::Paying(_)));
    lane.stand.moment.now_ms -= 1_900;
    lane.stand.key(Key::Enter);
    assert!(!is_done(&lane));
}

#[test]
fn no_key_takes_cash_where_money_goes_back_or_a_payment_is_open() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    lane.stand.function(3);
    assert_eq!(lane.title(), "银行卡 · 收款");
    let before = lane.count(|record| matches!(record, Record::TenderAdded { .. }));
    for key in [Key::Home, Key::PageUp] {
        lane.stand.key(key);
    }
    assert_eq!(lane.count(|record| matches!(record, Record::TenderAdded { .. })), before);
    assert_eq!(lane.title(), "银行卡 · 收款");

    let mut lane = Lane::open();
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("201", "3456");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Char(' '));
    let sales = lane.count(|record| matches!(record, Record::SaleCompleted { .. }));
    for key in [Key::Home, Key::PageUp, Key::End, Key::PageDown] {
        lane.stand.key(key);
    }
    assert_eq!(lane.count(|record| matches!(record, Record::SaleCompleted { .. })), sales);
}
