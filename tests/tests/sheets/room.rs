//! What the till keeps while somebody is away: a list of goods that was begun, the language and the colours; and what
//! HQ set aside is seen.

use super::*;
use ledger::reference::{Position, ReferenceWriter};
use ui::view::{Language, SheetRow, Theme, View};

fn rows(lane: &Lane) -> Vec<SheetRow> {
    lane.stand.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default()
}

#[test]
fn a_list_of_goods_is_left_by_a_second_escape_only() {
    let mut lane = Lane::open();
    for work in ["收货", "调出到别的店", "报损"] {
        lane.menu(work);
        lane.scan(JUICE);
        lane.stand.key(Key::Escape);
        assert!(lane.title() == work && lane.said(), "{work}");
        // A second Escape of the same hand is none, and what is done in between puts the question away.
        lane.stand.moment.now_ms -= 1_900;
        lane.stand.key(Key::Escape);
        assert_eq!(lane.title(), work);
        lane.scan(WATER);
        lane.stand.key(Key::Escape);
        assert_eq!((lane.title().as_str(), rows(&lane).len()), (work, 2));
        lane.stand.key(Key::Escape);
        assert_eq!(lane.title(), "");
        assert_eq!(lane.count(|record| matches!(record, Record::StockMoved { .. })), 0);
        // Nothing on it: nothing to ask about.
        lane.menu(work);
        lane.stand.key(Key::Escape);
        assert_eq!(lane.title(), "");
    }
}

#[test]
fn a_list_of_goods_is_there_again_for_whoever_began_it() {
    let mut lane = Lane::open();
    lane.menu("收货");
    lane.scan(JUICE);
    lane.scan(WATER);
    lane.stand.function(1);
    lane.stand.function(12);
    // Somebody sells meanwhile, and knows nothing of it.
    lane.stand.sign_in("102", "2345");
    assert_eq!(lane.title(), "");
    lane.scan(TEA);
    lane.pay_exactly();
    lane.stand.key(Key::Escape);
    lane.stand.function(12);
    lane.stand.sign_in("101", "1234");
    assert_eq!((lane.title().as_str(), rows(&lane).len()), ("收货", 2));
    for _ in 0..3 {
        lane.stand.key(Key::Tab);
    }
    lane.stand.type_text("dairy");
    lane.stand.function(8);
    assert_eq!(lane.count(|record| matches!(record, Record::StockMoved { .. })), 1);
    // It is written down: nothing comes back.
    lane.stand.function(12);
    lane.stand.sign_in("101", "1234");
    assert_eq!(lane.title(), "");
}

#[test]
fn what_hq_set_aside_is_seen_with_what_to_do() {
    let mut lane = Lane::open();
    let row =
        |lane: &Lane| rows(lane).into_iter().find(|row| row.name.starts_with("总部搁置")).expect("a row");
    lane.menu("设备与状态");
    assert_eq!((row(&lane).value.as_str(), row(&lane).detail.as_str()), ("没有", ""));
    let mut writer = ReferenceWriter::open(&lane.folder.path().join("reference.db")).expect("a file");
    let position = Position { acknowledged: 1, quarantined: 3 };
    writer.set_position(position, lane.stand.moment.now_ms).expect("written");
    drop(writer);
    lane.stand.moment.now_ms += 10_000;
    lane.stand.turn(vec![Event::Tick]);
    assert_eq!(row(&lane).value, "3");
    assert!(row(&lane).detail.contains("告诉总部"), "{:?}", row(&lane));
}

#[test]
fn language_and_colours_are_kept_over_a_restart() {
    let of = |view: View| (view.language, view.theme);
    let mut lane = Lane::open();
    lane.menu("语言 English");
    lane.stand.key(Key::Escape);
    lane.menu("Dark colours");
    let mut lane = lane.restart();
    assert_eq!(of(lane.stand.lane.view()), (Language::English, Theme::Dark));
    lane.stand.press(Button::Theme);
    let lane = lane.restart();
    assert_eq!(of(lane.stand.lane.view()), (Language::English, Theme::Light));
    let (file, folder) = (lane.folder.path().join("chosen.toml"), lane.folder);
    drop(lane.stand);
    let begins = |config: Config| {
        let stand = Stand::open(folder.path(), config, MORNING).expect("a lane");
        of(stand.lane.view())
    };
    assert_eq!(begins(Config::default()), (Language::English, Theme::Light));
    // Who starts the till with a language means that one.
    let told = Config { screen_is_told: true, ..Config::default() };
    assert_eq!(begins(told), (Language::Chinese, Theme::Light));
    // What is no choice is none.
    for bad in ["language = \"fr\"", "\u{0}", "theme = 3", &"x".repeat(100_000)] {
        std::fs::write(&file, bad).expect("written");
        assert_eq!(begins(Config::default()), (Language::Chinese, Theme::Light), "{bad:.20}");
    }
}
