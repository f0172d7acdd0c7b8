//! What has letters in it is written by touch as well: each is a key on the screen.

use super::*;
use i_slint_backend_testing::{AccessibleRole, ElementQuery};

/// Taps what is called so; what is drawn last lies on top.
fn tap(lane: &mut Lane, label: &str) {
    let root = lane.stand.screen.window();
    let found = [AccessibleRole::Button, AccessibleRole::TextInput]
        .into_iter()
        .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
        .filter(|element| element.accessible_label().as_deref() == Some(label))
        .last();
    found.unwrap_or_else(|| panic!("{label:?} is not on the screen")).invoke_accessible_default_action();
    lane.stand.moment.now_ms += 2_000;
    lane.stand.settle();
}

fn write(lane: &mut Lane, text: &str) {
    for character in text.chars() {
        tap(lane, &character.to_string());
    }
}

#[test]
fn a_parked_basket_is_named_by_touch() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.press(Button::Park);
    write(&mut lane, "hat2");
    tap(&mut lane, "挂单");
    assert_eq!(lane.till().parked().iter().map(|parked| parked.note.as_str()).collect::<Vec<_>>(), ["hat2"]);
}

#[test]
fn a_voucher_is_taken_by_touch() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.press(Button::Pay);
    tap(&mut lane, "代金券");
    write(&mut lane, "V-7");
    tap(&mut lane, "下一步");
    write(&mut lane, "3");
    tap(&mut lane, "收券");
    let tender = lane.till().tenders().first().cloned();
    assert!(format!("{tender:?}").contains("V-7"), "{tender:?}");
}

#[test]
fn a_members_card_is_written_by_touch_and_the_keys_come_back() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.press(Button::Member);
    lane.stand.press(Button::Field(0));
    write(&mut lane, "M000001");
    assert_eq!(lane.stand.lane.view().sheet.expect("the member").entry, "M000001");
    lane.stand.press(Button::Field(0));
    tap(&mut lane, "登记新会员");
    assert_eq!(lane.title(), "登记新会员");
}
