//! The day as a manager reads it: what came back is taken off, and what was out of the usual is named.

use super::*;

/// The names and values of the day from one side, by its key.
fn day(lane: &mut Lane, function: u8) -> Vec<(String, String)> {
    lane.menu("今日报表");
    lane.stand.function(function);
    let rows = lane.stand.lane.view().sheet.expect("the day").rows;
    lane.stand.key(Key::Escape);
    rows.into_iter().map(|row| (row.name, row.value)).collect()
}

fn has(rows: &[(String, String)], name: &str, value: &str) -> bool {
    rows.iter().any(|(is, of)| is.contains(name) && of == value)
}

#[test]
fn what_came_back_is_taken_off_its_goods_and_category() {
    let mut lane = Lane::open();
    lane.stand.type_text("3");
    lane.scan(JUICE);
    let seq = lane.pay_exactly();
    let code = domain::barcode::ReceiptCode { store: "S001".into(), lane: 1, epoch: 1, seq }.to_string();
    lane.stand.scan(&code);
    lane.approve("301", "4567");
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    lane.stand.function(8);
    lane.stand.key(Key::Enter);
    lane.stand.key(Key::Escape);
    let goods = day(&mut lane, 8);
    assert_eq!(goods.len(), 2, "{goods:?}");
    assert!(has(&goods, "合计", "15.80") && goods[1].1 == "15.80", "{goods:?}");
    let categories = day(&mut lane, 5);
    assert!(has(&categories, "合计", "15.80") && categories[1].1 == "15.80", "{categories:?}");
}

#[test]
fn what_was_taken_off_by_hand_is_an_exception_with_its_reason() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.function(5);
    lane.stand.enter("20");
    lane.approve("201", "3456");
    assert_eq!(lane.total(), 632);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    let rows = day(&mut lane, 9);
    assert!(rows.iter().any(|(name, _)| name == "本行打折 −20%"), "{rows:?}");
}
