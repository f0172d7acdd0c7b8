//! What the till keeps while somebody is away: a list of goods that was begun, the language and the colours; and what
//! HQ set aside is seen.

use super::*;
use ledger::reference::{Position, ReferenceWriter};
use pos_app::config::Paths;
use protocol::pull::{self, Change, Entity};
use ui::action::Action;
use ui::view::{Language, Screen, SheetRow, Side, Theme, Tone, View};

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

/// What HQ tells as the next version.
fn told(lane: &mut Lane, key: &str, entity: Entity) {
    let mut writer = ReferenceWriter::open(&lane.folder.path().join("reference.db")).expect("a file");
    let version = writer.state().expect("read").version + 1;
    let update = writer.begin().expect("begun");
    update.apply(&Change { version, key: key.into(), entity }).expect("applied");
    update.commit(version).expect("committed");
    drop(writer);
    lane.stand.moment.now_ms += 10_000;
    lane.stand.turn(vec![Event::Tick]);
}

#[test]
fn how_far_the_clock_is_from_hqs_is_seen_with_what_to_do() {
    let mut lane = Lane::open();
    let row = |lane: &Lane| rows(lane).into_iter().find(|row| row.name == "本机时间").expect("a row");
    lane.menu("设备与状态");
    assert_eq!(row(&lane).detail, "", "HQ has said nothing yet");
    for (apart_ms, tone, words) in [
        (1_400, Tone::Quiet, "和总部一致"),
        (-59_000, Tone::Quiet, "和总部一致"),
        (61_000, Tone::Attend, "比总部快 61 秒"),
        (-7_200_000, Tone::Attend, "比总部慢 120 分钟"),
        (40 * 3_600_000, Tone::Attend, "比总部快 40 小时"),
    ] {
        let mut writer = ReferenceWriter::open(&lane.folder.path().join("reference.db")).expect("a file");
        writer.set_apart(apart_ms).expect("written");
        drop(writer);
        lane.stand.moment.now_ms += 10_000;
        lane.stand.turn(vec![Event::Tick]);
        assert_eq!((row(&lane).tone, row(&lane).detail.contains(words)), (tone, true), "{:?}", row(&lane));
    }
}

#[test]
fn what_is_to_be_known_of_a_member_is_seen_by_the_cashier_and_stands_nowhere() {
    let mut lane = Lane::open();
    let member = pull::Member {
        id: "M000077".into(),
        shown: "冯** *0077".into(),
        cards: vec!["M00000077X".into()],
        note: "牛奶要常温的".into(),
        ..pull::Member::default()
    };
    told(&mut lane, "M000077", Entity::Member(Some(member)));
    lane.scan(JUICE);
    lane.stand.function(8);
    lane.stand.enter("M000077");
    let said = format!("{:?}", lane.stand.lane.view().notice.expect("the cashier is told"));
    assert!(said.contains("冯** *0077：牛奶要常温的"), "{said}");
    lane.scan(WATER);
    let Screen::Sell(sell) = lane.stand.lane.view().screen else { panic!("selling") };
    assert!(sell.buyer_detail.starts_with("牛奶要常温的"), "{}", sell.buyer_detail);
    lane.stand.function(8);
    assert!(lane.stand.lane.view().sheet.expect("a sheet").text.contains("牛奶要常温的"));
    lane.stand.key(Key::Escape);
    lane.pay_exactly();
    let kept = std::fs::read(lane.folder.path().join("journal.db")).expect("a journal");
    let wal = std::fs::read(lane.folder.path().join("journal.db-wal")).unwrap_or_default();
    let is_there = |text: &str| {
        [&kept, &wal].iter().any(|bytes| bytes.windows(text.len()).any(|at| at == text.as_bytes()))
    };
    assert!(is_there("冯** *0077") && !is_there("牛奶要常温的"));
}

#[test]
fn goods_are_found_by_what_they_cost_now() {
    let mut lane = Lane::open();
    let found = |lane: &mut Lane, text: &str| {
        lane.stand.function(2);
        lane.stand.type_text(text);
        let found: Vec<(String, String)> = rows(lane).into_iter().map(|row| (row.name, row.value)).collect();
        lane.stand.key(Key::Escape);
        lane.stand.key(Key::Escape);
        found
    };
    for text in ["7.90", "¥7.90", "7.9元", "7.90"] {
        let at = found(&mut lane, text);
        assert!(at.iter().any(|(name, _)| name.contains("橙汁")), "{text}: {at:?}");
        assert!(at.iter().all(|(_, value)| value.starts_with("7.90")), "{text}: {at:?}");
    }
    // With a word beside it, and for goods whose price a promotion lowered.
    let juice = found(&mut lane, "7.90 橙汁");
    assert!(!juice.is_empty() && juice.iter().all(|(name, _)| name.contains("橙汁")), "{juice:?}");
    assert!(found(&mut lane, "¥123.45").is_empty());
    // A size is no price, and is found as ever.
    assert!(!found(&mut lane, "1.5").is_empty());
    // At the entry line too.
    lane.stand.type_text("¥7.90");
    let Screen::Sell(sell) = lane.stand.lane.view().screen else { panic!("selling") };
    let Side::Results { results, .. } = &sell.side else { panic!("{:?}", sell.side) };
    assert!(results.iter().any(|tile| tile.name.contains("橙汁")), "{results:?}");
}

#[test]
fn scanners_are_tried_without_selling_anything() {
    let mut lane = Lane::open();
    lane.menu("设备与状态");
    lane.stand.function(8);
    assert_eq!(rows(&lane)[0].name, "请扫一个码");
    lane.scan(JUICE);
    let read = |lane: &Lane| (rows(lane)[0].value.clone(), rows(lane)[0].detail.clone());
    assert!(read(&lane).0.contains("橙汁") && read(&lane).1 == "9520004005272", "{:?}", read(&lane));
    lane.stand.scan("M00000005C");
    assert_eq!(read(&lane), ("会员码".into(), "M00000005C".into()));
    // A payment code is money: it is read, and not shown.
    lane.stand.scan("134567890123456789");
    assert_eq!(read(&lane), ("付款码".into(), "1345…".into()));
    lane.stand.scan("9520004005273");
    assert_eq!(read(&lane).0, "没读对，请再扫");
    assert_eq!((lane.title().as_str(), lane.lines()), ("设备与状态", 0));
    assert!(lane.till().basket().member().is_none());
    // Not tried any more: the next scan is sold.
    lane.stand.function(8);
    lane.scan(JUICE);
    assert_eq!((lane.title().as_str(), lane.lines()), ("", 1));
}

#[test]
fn a_closed_lane_helps_too_and_traps_nobody() {
    use pos_app::lane::Lane;
    let folder = tempfile::tempdir().expect("a folder");
    let mut lane = Lane::new(Paths { data: folder.path().to_owned() }, Config::default());
    let closed = |lane: &Lane| matches!(lane.view().screen, Screen::Closed(_));
    lane.turn(MORNING, vec![Event::Tick]);
    assert!(closed(&lane));
    lane.turn(MORNING, vec![Lane::key_now(Key::Function(1))]);
    assert!(format!("{:?}", lane.view().notice).contains("请顾客先到别的收银台"));
    lane.turn(MORNING, vec![Lane::key_now(Key::Escape)]);
    assert_eq!(lane.view().notice, None);
    for button in [Button::Menu, Button::Lock, Button::Pay, Button::Enter, Button::Find] {
        lane.turn(MORNING, vec![Event::Action(Action::Press(button))]);
        assert!(closed(&lane) && lane.view().sheet.is_none());
    }
}
