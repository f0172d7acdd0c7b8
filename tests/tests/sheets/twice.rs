//! A key that bounces or is held takes nothing off twice, and an Escape leads out of every payment in doubt.

use super::*;

/// The second press of a key that bounced: it comes at once.
fn bounces(lane: &mut Lane, key: Key) {
    lane.stand.moment.now_ms -= 1_950;
    lane.stand.key(key);
}

#[test]
fn a_key_that_bounces_voids_one_line_and_one_that_is_meant_voids_the_next() {
    let mut lane = Lane::open();
    for sku in [JUICE, WATER, TEA] {
        lane.scan(sku);
    }
    lane.stand.key(Key::Delete);
    bounces(&mut lane, Key::Delete);
    assert_eq!(lane.lines(), 2);
    lane.stand.key(Key::Delete);
    assert_eq!(lane.lines(), 1);
    // A finger that taps twice.
    lane.scan(JUICE);
    lane.stand.press(Button::Void);
    lane.stand.moment.now_ms -= 1_950;
    lane.stand.press(Button::Void);
    assert_eq!(lane.lines(), 1);
}

#[test]
fn where_a_sheet_closes_by_it_no_goods_go_with_it() {
    // No member.
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.scan("M00000005C");
    lane.stand.function(8);
    lane.stand.key(Key::Delete);
    bounces(&mut lane, Key::Delete);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
    assert!(lane.till().basket().member().is_none());
    // A discount is undone.
    lane.stand.function(6);
    lane.stand.function(5);
    lane.stand.enter("20");
    lane.approve("301", "4567");
    assert!(lane.till().basket().lines()[0].discount.is_some());
    lane.stand.function(6);
    lane.stand.key(Key::Delete);
    bounces(&mut lane, Key::Delete);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
    assert!(lane.till().basket().lines()[0].discount.is_none());
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    // A return is dropped, and what was rung up beside it stays.
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    lane.scan(TEA);
    lane.stand.function(5);
    lane.stand.key(Key::Delete);
    bounces(&mut lane, Key::Delete);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
}

#[test]
fn one_tender_is_handed_back_by_a_key_that_bounces() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.key(Key::Char(' '));
    for part in ["1", "2"] {
        lane.stand.type_text(part);
        lane.stand.function(4);
    }
    assert_eq!(lane.till().tenders().len(), 2);
    lane.stand.key(Key::Delete);
    bounces(&mut lane, Key::Delete);
    assert_eq!(lane.till().tenders().len(), 1);
}

#[test]
fn what_was_typed_of_a_return_goes_once_it_is_approved_and_stays_where_it_is_not() {
    let mut lane = Lane::open();
    lane.stand.type_text("5");
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    let typed = |lane: &Lane| lane.stand.lane.view().sheet.map(|sheet| sheet.entry);
    lane.stand.enter("2");
    assert_eq!(lane.title(), "需要授权：退货");
    lane.stand.key(Key::Escape);
    assert_eq!(typed(&lane).as_deref(), Some("2"), "nobody approved: it stays");
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    assert_eq!(typed(&lane).as_deref(), Some(""));
    let back =
        |lane: &Lane| lane.till().basket().returns().iter().map(|line| line.quantity).collect::<Vec<_>>();
    let once = back(&lane);
    bounces(&mut lane, Key::Enter);
    assert_eq!(back(&lane), once);
    assert!(lane.title().starts_with("退货"), "{}", lane.title());
}

#[test]
fn a_second_escape_leaves_a_card_and_a_doubt_and_keeps_the_basket() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.scan(WATER);
    lane.stand.key(Key::Char(' '));
    lane.stand.type_text("2");
    lane.stand.function(4);
    lane.stand.function(3);
    let card = lane.title();
    lane.stand.key(Key::Escape);
    bounces(&mut lane, Key::Escape);
    assert_eq!(lane.title(), card, "an Escape that bounces answers nothing");
    assert!(lane.said());
    lane.stand.key(Key::Escape);
    for _ in 0..4 {
        lane.stand.moment.now_ms += 2_000;
        lane.stand.turn(vec![Event::Tick]);
    }
    assert_eq!(lane.title(), "付款结果不明");
    lane.stand.key(Key::Escape);
    bounces(&mut lane, Key::Escape);
    assert_eq!((lane.title().as_str(), lane.till().parked().len()), ("付款结果不明", 0));
    lane.stand.key(Key::Escape);
    assert_eq!((lane.title().as_str(), lane.lines(), lane.till().parked().len()), ("", 0, 1));
}
