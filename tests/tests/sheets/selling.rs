//! Who sold it, and what was noted: by key, by touch and by card.

use domain::barcode::shop::check_character;
use domain::sale::Sale;
use protocol::ask::{Earnings, Question};
use ui::view::{Screen, Side};

use super::*;

/// The card of somebody of the staff.
fn card(number: &str) -> String {
    let body = format!("S{number:0>4}");
    let check = check_character(&body);
    format!("{body}{check}")
}

impl Lane {
    fn last_sale(&self) -> Sale {
        let sales = self.records().into_iter().rev().find_map(|record| match record {
            Record::SaleCompleted { sale } => Some(*sale),
            _ => None,
        });
        sales.expect("a sale")
    }

    fn sellers(&self) -> Vec<String> {
        let sale = self.last_sale();
        let of = |line| sale.seller_of(line).map(|seller| seller.name.clone()).unwrap_or_default();
        sale.lines.iter().map(of).collect()
    }

    fn detail(&self) -> String {
        let ui::view::Screen::Sell(sell) = self.stand.lane.view().screen else { panic!("not selling") };
        sell.buyer_detail
    }
}

#[test]
fn a_seller_is_named_by_key_for_all_and_for_a_line() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.scan(JUICE);
    lane.stand.function(7);
    assert_eq!(lane.title(), "导购 · 整单");
    lane.stand.enter("102");
    assert_eq!(lane.title(), "");
    assert_eq!(lane.detail(), "导购 王强");
    // The chosen line of two, from the sheet of its price.
    lane.stand.key(Key::Up);
    lane.stand.function(6);
    lane.stand.function(9);
    assert!(lane.title().starts_with("导购 · ") && lane.title() != "导购 · 整单", "{}", lane.title());
    lane.stand.enter("201");
    lane.pay_exactly();
    assert_eq!(lane.sellers(), ["陈静", "王强"]);
    // The next customer begins without.
    lane.scan(TEA);
    assert_eq!(lane.detail(), "");
    lane.pay_exactly();
    assert_eq!(lane.sellers(), [""]);
}

#[test]
fn a_seller_is_named_by_touch_and_taken_back() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.menu("导购");
    let sheet = lane.stand.lane.view().sheet.expect("a sheet");
    let row = sheet.rows.iter().position(|row| row.name == "王强").expect("on the list");
    lane.stand.press(Button::Row(row));
    assert_eq!(lane.detail(), "导购 王强");
    lane.menu("导购");
    let sheet = lane.stand.lane.view().sheet.expect("a sheet");
    let key = sheet.keys.iter().position(|key| key.shortcut == "Del" && key.enabled).expect("a key");
    lane.stand.press(Button::SheetKey(key));
    assert_eq!((lane.title(), lane.detail()), (String::new(), String::new()));
    lane.pay_exactly();
    assert_eq!(lane.sellers(), [""]);
}

#[test]
fn a_card_of_the_staff_credits_them_and_sells_nothing() {
    let mut lane = Lane::open();
    lane.stand.scan(&card("102"));
    assert_eq!((lane.detail().as_str(), lane.lines()), ("导购 王强", 0));
    lane.scan(WATER);
    // On the sheet the card is for what the sheet is about.
    lane.stand.function(7);
    lane.stand.function(5);
    lane.stand.scan(&card("201"));
    assert_eq!(lane.title(), "");
    lane.stand.key(Key::Char(' '));
    // At the payment as well.
    lane.stand.scan(&card("301"));
    lane.stand.press(Button::QuickCash(0));
    assert_eq!(lane.sellers(), ["陈静"]);
    assert_eq!(lane.last_sale().seller.map(|seller| seller.name.clone()), Some("周岚".to_owned()));
    // A card that nobody has says so, and a goods' code on the sheet sells.
    lane.stand.key(Key::Escape);
    lane.stand.scan(&card("9999"));
    assert!(lane.said());
    lane.stand.function(7);
    lane.scan(WATER);
    assert_eq!((lane.title(), lane.lines()), (String::new(), 1));
}

#[test]
fn a_number_that_nobody_has_credits_nobody() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.stand.function(7);
    lane.stand.enter("777");
    assert!(lane.said() && lane.title() == "导购 · 整单", "{}", lane.title());
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    lane.stand.key(Key::Escape);
    assert_eq!((lane.title(), lane.detail()), (String::new(), String::new()));
}

#[test]
fn notes_are_chosen_or_typed_and_stay_with_the_basket() {
    let mut lane = Lane::open();
    lane.scan(WATER);
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.function(10);
    lane.stand.enter("cold");
    lane.menu("备注");
    assert_eq!(lane.title(), "备注 · 整单");
    for _ in 0..3 {
        lane.stand.key(Key::Down);
    }
    lane.stand.key(Key::Enter);
    assert_eq!(lane.detail(), "备注 送货上门");
    lane.stand.function(7);
    lane.stand.enter("102");
    lane.stand.function(10);
    lane.stand.key(Key::Enter);
    assert_eq!(lane.lines(), 0);
    let mut lane = lane.restart();
    lane.stand.function(10);
    lane.stand.key(Key::Enter);
    assert_eq!(lane.detail(), "导购 王强 · 备注 送货上门");
    lane.pay_exactly();
    let sale = lane.last_sale();
    assert_eq!(sale.note, "送货上门");
    assert_eq!(sale.lines.iter().map(|line| line.note.as_str()).collect::<Vec<_>>(), ["", "cold"]);
}

#[test]
fn a_cashier_sees_what_they_are_credited_for_and_a_supervisor_everybody() {
    let mut lane = Lane::open();
    let sold_by = |lane: &mut Lane, number: &str| {
        lane.scan(WATER);
        lane.stand.function(7);
        lane.stand.enter(number);
        lane.pay_exactly()
    };
    sold_by(&mut lane, "101");
    sold_by(&mut lane, "102");
    lane.stand.key(Key::Escape);
    // Nobody answers at this lane; what HQ would say comes below its own figures.
    let names = |lane: &mut Lane| {
        lane.menu("今日报表");
        lane.stand.function(10);
        let rows = lane.stand.lane.view().sheet.expect("a sheet").rows;
        lane.stand.key(Key::Escape);
        rows.into_iter().skip(1).map(|row| row.name).filter(|name| name.contains('·')).collect::<Vec<_>>()
    };
    assert_eq!(names(&mut lane), ["李敏 · 101"]);
    lane.menu("签退");
    lane.stand.sign_in("201", "3456");
    assert_eq!(names(&mut lane).len(), 2);
}

/// The last row of the seller's figures: its name and value.
fn last_row(lane: &Lane) -> Option<(String, String)> {
    let sheet = lane.stand.lane.view().sheet?;
    sheet.rows.last().map(|row| (row.name.clone(), row.value.clone()))
}

#[test]
fn what_hq_says_a_cashier_has_earned_stands_below_their_figures() {
    let mut lane = Lane::open();
    let open = |lane: &mut Lane| {
        lane.menu("今日报表");
        lane.stand.commands.clear();
        lane.stand.function(10);
        let asked = lane.stand.commands.iter().find_map(|command| match command {
            Command::Ask(asked) => Some((asked.number, asked.question.clone())),
            _ => None,
        });
        asked.expect("a question")
    };
    let (_, asked) = open(&mut lane);
    let Question::Earned { seller, day } = asked else { panic!("asked {asked:?}") };
    assert_eq!((seller.as_str(), day.to_string().as_str()), ("E101", "2026-11-21"));
    assert_eq!(last_row(&lane), Some(("我的提成".to_owned(), "—".to_owned())), "nobody answers");
    lane.stand.key(Key::Escape);
    lane.stand.agent_is_slow = true;
    let (number, _) = open(&mut lane);
    let earned = |net, commission| Earnings { net, commission };
    let answer = Answer::Earned { day: earned(1_996, 60), month: earned(250_000, 7_512) };
    let told = || vec![Event::Answered { number, answer: Some(Box::new(answer.clone())) }];
    lane.stand.turn(told());
    assert_eq!(last_row(&lane), Some(("我的提成 · 本月（总部）".to_owned(), "75.12".to_owned())));
    // What comes when the sheet is gone is for nobody.
    lane.stand.key(Key::Escape);
    lane.stand.turn(told());
    assert_eq!(lane.title(), "");
}

const WASHING_UP: &str = "200009";
const SCOURING_PADS: &str = "200016";

#[test]
fn a_gift_that_does_not_come_back_is_shown_and_taken_off_before_anything_is_paid_out() {
    let mut lane = Lane::open();
    for sku in [WASHING_UP, WASHING_UP, SCOURING_PADS] {
        lane.scan(sku);
    }
    assert_eq!(lane.total(), 3_380, "the pads are free");
    let seq = lane.pay_exactly();
    assert_eq!(lane.last_sale().gifts.len(), 1);
    lane.stand.key(Key::Escape);
    lane.stand.function(5);
    lane.stand.enter(&seq.to_string());
    lane.approve("301", "4567");
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    let sheet = lane.stand.lane.view().sheet.expect("the return");
    assert_eq!(sheet.figure.map(|figure| figure.value), Some("11.00".to_owned()));
    assert!(sheet.text.contains("赠品未退，已扣 5.90"), "{}", sheet.text);
    assert!(sheet.rows[2].detail.contains("赠品未退，扣 5.90"), "{:?}", sheet.rows[2]);
    // The pads come back after all: nothing is kept back.
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Enter);
    lane.approve("301", "4567");
    let sheet = lane.stand.lane.view().sheet.expect("the return");
    assert_eq!(sheet.figure.map(|figure| figure.value), Some("16.90".to_owned()));
    assert!(!sheet.text.contains("赠品"), "{}", sheet.text);
    lane.stand.function(8);
    lane.stand.key(Key::Enter);
    let Desk::Done(_, sale, _) = lane.till().desk() else { panic!("{:?}", lane.till().desk()) };
    assert_eq!((sale.payable.minor(), sale.kept.len()), (-1_690, 0));
}

#[test]
fn the_grid_of_goods_is_worked_by_keys_alone() {
    let mut lane = Lane::open();
    let grid = |lane: &Lane| {
        let Screen::Sell(sell) = lane.stand.lane.view().screen else { panic!("selling") };
        let Side::Grid { tiles, tab, chosen, .. } = sell.side else { panic!("the grid") };
        (tiles, tab, chosen)
    };
    let (tiles, ..) = grid(&lane);
    // Lines are what Up and Down choose, until Right goes into the grid.
    lane.stand.key(Key::Down);
    assert_eq!(grid(&lane).2, None);
    for (key, at) in [
        (Key::Right, Some(0)),
        (Key::Right, Some(1)),
        (Key::Down, Some(5)),
        (Key::Up, Some(1)),
        (Key::Up, Some(1)),
        (Key::Left, Some(0)),
        (Key::Left, None),
        (Key::Right, Some(0)),
    ] {
        lane.stand.key(key);
        assert_eq!(grid(&lane).2, at, "{key:?}");
    }
    let by_piece = tiles.iter().position(|tile| !tile.price.ends_with("/kg")).expect("goods by the piece");
    let mut at = 0;
    while at < by_piece {
        lane.stand.key(Key::Right);
        at += 1;
    }
    lane.stand.key(Key::Enter);
    lane.stand.key(Key::Enter);
    let name = lane.till().basket().lines().last().expect("a line").item.name_zh.clone();
    assert_eq!((lane.till().basket().pieces(), name), (2, tiles[by_piece].name.clone()));
    // What is scanned is that, and leaves the grid.
    lane.scan(JUICE);
    assert_eq!((grid(&lane).2, lane.till().basket().pieces()), (None, 3));
    lane.stand.key(Key::Enter);
    assert_eq!(lane.till().basket().pieces(), 3, "an Enter alone adds nothing");
    // Pages, then the next category, and back.
    let mut tabs = vec![0];
    for _ in 0..80 {
        lane.stand.key(Key::PageDown);
        tabs.push(grid(&lane).1);
    }
    tabs.dedup();
    assert_eq!(tabs, (0..=lane.shop.categories.len()).collect::<Vec<_>>());
    for _ in 0..80 {
        lane.stand.key(Key::PageUp);
    }
    assert_eq!(grid(&lane).1, 0);
    // Escape leaves the grid, and the basket is as it was.
    lane.stand.key(Key::Right);
    lane.stand.key(Key::Escape);
    assert_eq!((grid(&lane).2, lane.till().basket().pieces()), (None, 3));
}

#[test]
fn whoever_sets_a_price_says_why_and_the_manager_reads_it() {
    let mut lane = Lane::open();
    lane.scan(JUICE);
    lane.stand.function(6);
    lane.stand.type_text("5");
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Enter);
    lane.stand.enter("201");
    lane.stand.enter("3456");
    assert_eq!(lane.total(), 500);
    let reasons = lane.records().into_iter().filter_map(|record| match record {
        Record::LinePriceSet { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reasons.collect::<Vec<_>>(), ["包装破损"]);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("301", "4567");
    lane.menu("今日报表");
    lane.stand.function(9);
    let rows = lane.stand.lane.view().sheet.expect("the report").rows;
    // Above it, how often there were such.
    let row = rows.iter().find(|row| row.name == "改价" && row.share == 0);
    let row = row.unwrap_or_else(|| panic!("{rows:?}"));
    assert!(format!("{row:?}").contains("包装破损"), "{row:?}");
}
