//! What was typed and refused: it stays to be looked at, the next key begins anew, and a scan is a scan.

use super::*;
use ui::view::Screen;

fn entry(lane: &Lane) -> String {
    match lane.stand.lane.view().screen {
        Screen::Sell(sell) => sell.entry,
        Screen::Pay(pay) => pay.tendered,
        Screen::SignIn(sign_in) => format!("{}{}", sign_in.number, "*".repeat(sign_in.pin_digits as usize)),
        Screen::Done(_) | Screen::Closed(_) | Screen::Labels(_) | Screen::SetUp(_) => String::new(),
    }
}

fn pieces(lane: &Lane) -> Vec<i64> {
    lane.till().basket().lines().iter().map(|line| line.quantity.thousandths() / 1_000).collect()
}

/// A scan in both ways, after which nothing of what was refused is left.
fn scan_both_ways(lane: &mut Lane, sku: &str, mut refuse: impl FnMut(&mut Lane)) {
    let code = lane.code(sku);
    for by_keys in [false, true] {
        refuse(lane);
        let before = lane.lines();
        if by_keys {
            lane.stand.scan_by_keys(&code);
        } else {
            lane.stand.scan(&code);
        }
        assert_eq!(lane.lines(), before + 1, "by keys: {by_keys}");
        assert_eq!(pieces(lane).last(), Some(&1), "by keys: {by_keys}");
        assert_eq!(entry(lane), "", "by keys: {by_keys}");
    }
}

#[test]
fn a_number_of_pieces_that_is_refused_stays_and_is_none_of_the_next_scan() {
    let mut lane = Lane::open();
    let apples = {
        let plu = |product: &&protocol::pull::Product| product.weighed && product.plu == "11001";
        lane.shop.products.iter().find(plu).expect("goods by weight").plu.clone()
    };
    lane.stand.enter(&apples);
    lane.stand.enter("530");
    let refuse = |lane: &mut Lane| {
        // Goods by weight have no number of pieces.
        lane.stand.press(Button::Line(0));
        lane.stand.type_text("3");
        lane.stand.function(4);
        assert_eq!(entry(lane), "3");
        assert!(lane.said());
    };
    scan_both_ways(&mut lane, JUICE, refuse);
    // The next key begins anew; Backspace goes on with what stands there.
    refuse(&mut lane);
    lane.stand.type_text("2");
    assert_eq!(entry(&lane), "2");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.press(Button::Line(0));
    lane.stand.type_text("34");
    lane.stand.function(4);
    lane.stand.key(Key::Backspace);
    lane.stand.type_text("5");
    assert_eq!(entry(&lane), "35");
}

#[test]
fn a_code_that_is_not_found_stays() {
    let mut lane = Lane::open();
    let refuse = |lane: &mut Lane| {
        lane.stand.enter("99887");
        assert_eq!(entry(lane), "99887");
        assert!(lane.said());
    };
    scan_both_ways(&mut lane, JUICE, refuse);
    // Words that nothing is called: a space pays all the same.
    lane.stand.enter("zzzqq");
    assert_eq!(entry(&lane), "zzzqq");
    lane.stand.key(Key::Char(' '));
    assert!(matches!(lane.till().desk(), Desk::Paying(_)));
}

#[test]
fn cash_that_is_too_little_or_too_much_stays_and_is_no_part_of_what_is_scanned() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    for typed in ["5", "99999"] {
        lane.stand.enter(typed);
        assert_eq!(entry(&lane), typed);
        assert!(lane.said());
    }
    // A payment code charges all of it, not the part that was refused.
    lane.stand.enter("5");
    lane.stand.scan_by_keys("134567890123456789");
    assert_eq!(entry(&lane), "");
    assert!(lane.till().tenders().is_empty());
    lane.stand.enter("5");
    lane.stand.enter("20");
    assert!(matches!(lane.till().desk(), Desk::Done(..)), "{}", entry(&lane));
}

#[test]
fn an_unknown_staff_number_does_not_stay_since_it_may_be_a_pin() {
    let mut lane = Lane::open();
    lane.stand.function(12);
    lane.stand.enter("999");
    assert_eq!(entry(&lane), "");
    lane.stand.sign_in("101", "1234");
    assert!(matches!(lane.till().desk(), Desk::Selling(_)));
    // A PIN never stays.
    lane.stand.function(12);
    lane.stand.enter("101");
    lane.stand.enter("9999");
    assert_eq!(entry(&lane), "");
}

#[test]
fn a_refused_character_sounds_and_says_what_is_taken() {
    let what = |lane: &Lane| match lane.stand.lane.view().notice {
        Some(ui::view::Notice::Said { what, .. }) => what,
        other => format!("{other:?}"),
    };
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    lane.sounds();
    for (typed, kept, said) in [
        ("x", "", "这里收数字和小数点"),
        ("1.23", "1.23", "None"),
        ("4", "1.23", "小数位已经够了"),
        (".", "1.23", "小数位已经够了"),
    ] {
        lane.stand.type_text(typed);
        assert_eq!((entry(&lane).as_str(), what(&lane).as_str()), (kept, said), "{typed}");
    }
    assert_eq!(lane.sounds(), [Tone::Blocked; 3]);
    // A scan of letters takes none of what a person typed before it.
    lane.stand.scan_by_keys("CNOTHING7X");
    assert_eq!(entry(&lane), "1.23");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.type_text(&"1".repeat(pos_app::entry::ENTRY_MAX + 1));
    assert_eq!(entry(&lane).len(), pos_app::entry::ENTRY_MAX);
    assert_eq!(what(&lane), "这里已经满了");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);

    // No more than everything is taken off, and a mobile number has eleven digits.
    lane.stand.function(6);
    lane.stand.function(5);
    lane.stand.type_text("101");
    assert_eq!(lane.stand.lane.view().sheet.expect("the cut").fields[0].value, "10");
    assert_eq!(what(&lane), "最多 100%");
    lane.stand.function(4);
    lane.stand.type_text("1.999");
    assert_eq!(lane.stand.lane.view().sheet.expect("the price").fields[0].value, "1.99");
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.function(8);
    lane.stand.function(7);
    lane.stand.type_text("139001390001");
    assert_eq!(lane.stand.lane.view().sheet.expect("the number").fields[0].value, "13900139000");
    assert_eq!(what(&lane), "这里已经满了");
    lane.stand.key(Key::Escape);
    lane.stand.type_text("075512345678");
    assert_eq!(lane.stand.lane.view().sheet.expect("the number").fields[0].value, "075512345678");

    // Of a scan that nothing takes, the first character alone.
    lane.stand.function(12);
    lane.sounds();
    lane.stand.scan_by_keys("NOTHING-HERE");
    assert!(lane.sounds().len() <= 2);
}
