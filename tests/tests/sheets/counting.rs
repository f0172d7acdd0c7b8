//! Goods that are counted at the counter: what is typed and scanned, what outlives the plug, and what is written down.

use domain::stock::StockCount;
use drivers::frame::supervisor::Told;
use drivers::scale::{Load, Reading, Weight};

use super::*;

/// Goods that are sold by weight, by their number on the scale.
const APPLE_PLU: &str = "11001";

/// Opens a new count of this kind.
fn begins(lane: &mut Lane, kind: &str) {
    lane.menu("盘点");
    let rows = lane.stand.lane.view().sheet.expect("what can be counted").rows;
    let row = rows.iter().position(|row| row.name.starts_with(kind));
    lane.stand.press(Button::Row(row.unwrap_or_else(|| panic!("{kind} in {rows:?}"))));
}

fn finds(lane: &mut Lane, sku: &str, how_many: &str) {
    lane.scan(sku);
    lane.stand.type_text(how_many);
    lane.stand.function(4);
}

/// The rows of the sheet in front: what was counted, and how much of it.
fn counted(lane: &Lane) -> Vec<(String, String)> {
    let rows = lane.stand.lane.view().sheet.expect("the count").rows;
    rows.into_iter().map(|row| (row.detail, row.value)).collect()
}

fn written(lane: &Lane) -> Vec<StockCount> {
    let count = |record| if let Record::StockCounted { count, .. } = record { Some(count) } else { None };
    lane.records().into_iter().filter_map(count).collect()
}

fn lines(count: &StockCount) -> Vec<(&str, i64)> {
    count.lines.iter().map(|line| (line.sku.as_str(), line.thousandths)).collect()
}

#[test]
fn several_places_add_up_and_a_count_is_written_down_by_right() {
    let mut lane = Lane::open();
    lane.scan(TEA);
    begins(&mut lane, "自由盘点");
    finds(&mut lane, JUICE, "24");
    finds(&mut lane, WATER, "11");
    lane.scan(JUICE);
    lane.scan(JUICE);
    assert_eq!(counted(&lane)[0], (format!("{JUICE} · 本处 2"), "26".to_owned()));
    // The number is of this place: twelve lie here, not two.
    lane.stand.type_text("12");
    lane.stand.function(4);
    assert_eq!(counted(&lane)[0].1, "36");
    // Pieces are whole, and what was counted stays.
    lane.stand.type_text("1.5");
    lane.stand.function(4);
    assert!(lane.said());
    lane.stand.key(Key::Escape);
    // In the check a wrong line is set in all.
    lane.stand.function(8);
    lane.stand.press(Button::Row(1));
    lane.stand.enter("10");
    assert_eq!(counted(&lane)[1].1, "10");
    lane.stand.function(3);
    lane.stand.function(8);
    assert!(written(&lane).is_empty() && lane.title().contains("授权"), "{}", lane.title());
    lane.approve("201", "3456");
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
    let counts = written(&lane);
    assert_eq!(lines(&counts[0]), [(JUICE, 36_000), (WATER, 10_000)]);
    assert_eq!(counts[0].reason, "抽盘");
    // There was nobody to ask: the lane names itself alone.
    assert_eq!(counts[0].positions.iter().map(|at| at.lane).collect::<Vec<_>>(), [1]);
    lane.menu("盘点");
    assert!(lane.stand.lane.view().sheet.expect("the choice").rows[0].name.starts_with("自由"));
}

#[test]
fn a_count_outlives_the_plug_and_is_dropped_only_when_that_is_said_twice() {
    let mut lane = Lane::open();
    begins(&mut lane, "自由盘点");
    finds(&mut lane, JUICE, "24");
    let mut lane = lane.restart();
    begins(&mut lane, "继续");
    assert_eq!(counted(&lane), [(JUICE.to_owned(), "24".to_owned())]);
    lane.stand.key(Key::Escape);
    lane.scan(WATER);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.menu("盘点");
    lane.stand.key(Key::Delete);
    lane.stand.key(Key::Down);
    lane.stand.key(Key::Up);
    lane.stand.key(Key::Delete);
    let left = |lane: &Lane| lane.stand.lane.view().sheet.expect("the choice").rows[0].name.clone();
    assert!(left(&lane).starts_with("继续"), "{}", left(&lane));
    lane.stand.key(Key::Delete);
    assert!(left(&lane).starts_with("自由"), "{}", left(&lane));
    assert!(written(&lane).is_empty());
}

#[test]
fn of_a_category_what_was_not_found_counts_as_none_only_when_that_is_said() {
    let mut lane = Lane::open();
    let product = |lane: &Lane, sku: &str| {
        lane.shop.products.iter().find(|product| product.sku == sku).expect("among the goods").clone()
    };
    let category = product(&lane, JUICE).category;
    let name =
        lane.shop.categories.iter().find(|known| known.id == category).expect("it is one").name_zh.clone();
    let goods = lane.shop.products.iter().filter(|product| product.category == category).count();
    for says_so in [false, true] {
        begins(&mut lane, &name);
        finds(&mut lane, JUICE, "3");
        lane.stand.function(8);
        let rows = counted(&lane);
        assert_eq!(rows.len(), goods);
        assert_eq!(rows[1].1, "—");
        if says_so {
            lane.stand.function(6);
            assert_eq!(counted(&lane)[1].1, "0");
        }
        lane.stand.function(8);
        lane.approve("201", "3456");
        let counts = written(&lane);
        let count = counts.last().expect("written down");
        assert_eq!(count.lines.len(), if says_so { goods } else { 1 });
        assert_eq!(count.lines.iter().filter(|line| line.thousandths == 0).count(), count.lines.len() - 1);
    }
}

#[test]
fn a_list_says_what_is_counted_and_other_goods_are_told_of() {
    let mut lane = Lane::open();
    let lists = lane.folder.path().join("count-lists");
    std::fs::create_dir(&lists).expect("a folder");
    let list = format!("\u{feff}{JUICE},果汁\n{}\n\nnothing of ours\n", lane.code(WATER));
    std::fs::write(lists.join("冷柜.txt"), list).expect("a list");
    std::fs::write(lists.join("空的.txt"), "x\n").expect("a list");
    begins(&mut lane, "空的");
    assert!(lane.said() && lane.title() == "盘点");
    lane.stand.key(Key::Escape);
    begins(&mut lane, "冷柜");
    assert!(lane.said(), "a line is no goods");
    finds(&mut lane, JUICE, "3");
    lane.scan(COLA);
    assert!(lane.said(), "it stands on no list");
    let figure = lane.stand.lane.view().sheet.expect("the count").figure.expect("how many");
    assert!(figure.label.contains("还有 1 种没盘到"), "{}", figure.label);
}

#[test]
fn goods_by_weight_are_weighed_or_typed_and_the_books_are_not_shown() {
    let mut lane = Lane::open();
    begins(&mut lane, "自由盘点");
    lane.stand.enter(APPLE_PLU);
    assert!(lane.said(), "there is no weight yet");
    assert_eq!(counted(&lane)[0].1, "0.000");
    lane.stand.type_text("2.45");
    lane.stand.function(4);
    assert_eq!(counted(&lane)[0].1, "2.450");
    // What is no goods disturbs nothing.
    lane.stand.scan("M00000005C");
    assert!(lane.said());
    assert_eq!(counted(&lane).len(), 1);
    lane.stand.function(8);
    let asked = lane.stand.commands.len();
    lane.stand.function(7);
    let asks = lane.stand.commands[asked..].iter().any(|command| matches!(command, Command::Ask(_)));
    assert!(!asks, "who counts does not see what the books say");
}

#[test]
fn a_disk_that_takes_nothing_counts_nothing() {
    let mut lane = Lane::open();
    begins(&mut lane, "自由盘点");
    finds(&mut lane, JUICE, "24");
    // The folder of counts is gone, and a file stands in its place.
    let counts = lane.folder.path().join("counts");
    std::fs::remove_dir_all(&counts).expect("gone");
    std::fs::write(&counts, b"").expect("a file");
    lane.scan(WATER);
    assert!(lane.said());
    assert_eq!(counted(&lane), [(JUICE.to_owned(), "24".to_owned())]);
    std::fs::remove_file(&counts).expect("gone");
    lane.scan(WATER);
    assert_eq!(counted(&lane).len(), 2);
}

#[test]
fn what_lies_still_on_the_scale_is_so_much_of_goods_by_weight() {
    HEADLESS.with(|()| ());
    let folder = tempfile::tempdir().expect("a folder");
    let shop = reference(folder.path(), 1).expect("the demo shop");
    let scale = pos_app::config::Scale {
        port: "127.0.0.1:1".into(),
        protocol: "toledo-8217".into(),
        baud: None,
        serial: None,
    };
    let config = Config { scale: Some(scale), ..Config::default() };
    let stand = Stand::open(folder.path(), config, MORNING).expect("a lane");
    let mut lane = Lane { stand, shop, folder };
    lane.stand.sign_in("101", "1234");
    let reads = |lane: &mut Lane, reading| lane.stand.turn(vec![Event::Scale(Told::News(reading))]);
    begins(&mut lane, "自由盘点");
    lane.scan(JUICE);
    lane.stand.enter(APPLE_PLU);
    reads(&mut lane, Reading::Moving);
    lane.stand.function(6);
    assert!(lane.said() && counted(&lane)[1].1 == "0.000", "nothing lies still");
    let load = Load { weight: Weight::grams_of(1_234), net: None, computed_minor: None };
    reads(&mut lane, Reading::Stable(load));
    lane.stand.function(6);
    assert_eq!(counted(&lane)[1].1, "1.234");
    // A second box of it lies elsewhere: scanned and weighed again, it adds up.
    lane.stand.enter(APPLE_PLU);
    lane.stand.function(6);
    assert_eq!(counted(&lane)[1].1, "2.468");
    // Pieces are not weighed.
    lane.stand.press(Button::Row(0));
    lane.stand.function(6);
    assert!(lane.said() && counted(&lane)[0].1 == "1");
}
