//! The attendant's board at a till, by keys: who waits is seen and heard, an answer is signed as it was seen, and what
//! became of it is told. Pictures in both languages and themes lie in `target/board`.

use std::path::Path;

use anyhow::{Context, Result};
use drivers::sound::Tone;
use pos_app::config::{Config, Language, Theme};
use pos_app::lane::{Command, Event};
use protocol::board::{ActDone, ActOutcome, Deed, KioskStand, Stand as Told, StandCall, StandState, Trouble};
use protocol::event::{CallEnd, Cause};
use protocol::head::SigningKey;
use tests::kiosk::MORNING;
use tests::stand::{LANE_SECRET, Stand, reference, tell_keys};
use ui::action::Key;
use ui::pixels::Pixels;
use ui::view::{Sheet, Tone as Colour};

fn call(cause: Cause, ago_ms: i64, seen: i64, goods: &[&str]) -> StandCall {
    let goods = goods.iter().map(|sku| (*sku).to_owned()).collect();
    StandCall { cause, at_ms: MORNING.now_ms - ago_ms, seen, goods }
}

fn kiosk(lane: u32, state: StandState, calls: Vec<StandCall>) -> KioskStand {
    let (pieces, total) = if state == StandState::Free { (0, 0) } else { (5, 8_650) };
    let stand = Told {
        at_ms: MORNING.now_ms,
        state,
        pieces,
        total,
        calls,
        troubles: Vec::new(),
        parked: 0,
        done: Vec::new(),
    };
    KioskStand { lane, age_ms: 300, stand }
}

/// Six kiosks on a Saturday morning.
fn kiosks() -> Vec<KioskStand> {
    let mut kiosks = vec![
        kiosk(11, StandState::Serving, vec![call(Cause::Age, 42_000, 3, &["220001"])]),
        kiosk(12, StandState::Free, Vec::new()),
        kiosk(13, StandState::Serving, vec![call(Cause::WrongWeight, 75_000, 330, &["100001"])]),
        kiosk(14, StandState::Paying, vec![call(Cause::Cash, 9_000, 8_650, &[])]),
        kiosk(15, StandState::Paid, Vec::new()),
        kiosk(16, StandState::Serving, Vec::new()),
    ];
    kiosks[1].stand.troubles = vec![Trouble::PaperOut];
    kiosks[4].stand.parked = 1;
    kiosks[5].age_ms = 95_000;
    kiosks
}

fn open(folder: &Path, language: Language, theme: Theme) -> Result<Stand> {
    reference(folder, 1)?;
    tell_keys(folder, 1)?;
    let config = Config { board: true, language, theme, ..Config::default() };
    let mut stand = Stand::open(folder, config, MORNING)?;
    stand.screen.show()?;
    stand.kiosks = Some(kiosks());
    stand.sign_in("102", "2345");
    Ok(stand)
}

/// Time passes: the board looks again.
fn look(stand: &mut Stand) {
    stand.moment.now_ms += 1_500;
    stand.turn(vec![Event::Tick]);
}

fn sheet(stand: &Stand) -> Sheet {
    stand.lane.view().sheet.expect("a sheet")
}

fn bar(stand: &Stand) -> String {
    stand.lane.view().bar.orders.map(|orders| orders.text).unwrap_or_default()
}

#[test]
fn who_waits_is_seen_heard_and_answered_from_the_till_in_both_languages() -> Result<()> {
    let pixels = Pixels::start()?;
    pixels.resize(1_024, 768);
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/board");
    std::fs::create_dir_all(&pictures)?;
    for (word, language, theme) in
        [("zh-light", Language::Zh, Theme::Light), ("en-dark", Language::En, Theme::Dark)]
    {
        let chinese = language == Language::Zh;
        let say = |zh: &'static str, en: &'static str| if chinese { zh } else { en };
        let folder = tempfile::tempdir()?;
        let mut stand = open(folder.path(), language, theme)?;
        look(&mut stand);
        assert_eq!(bar(&stand), say("自助机 3", "Kiosks 3"));
        let rings = stand.commands.iter().filter(|command| **command == Command::Play(Tone::Order)).count();
        assert_eq!(rings, 1);
        stand.picture(&pixels, &pictures.join(format!("{word}-1-called.png")))?;
        stand.press(ui::Button::Orders);
        let shown = sheet(&stand);
        let names: Vec<&str> = shown.rows.iter().map(|row| row.name.as_str()).collect();
        assert_eq!(
            names[..3],
            [
                say("13 号自助机 · 重量不符", "Kiosk 13 · Wrong weight"),
                say("11 号自助机 · 确认年龄", "Kiosk 11 · Age"),
                say("14 号自助机 · 收现金", "Kiosk 14 · Cash"),
            ]
        );
        let tones: Vec<Colour> = shown.rows[3..].iter().map(|row| row.tone).collect();
        use Colour::{Attend, Good, Stop};
        assert_eq!(tones, [Attend, Stop, Attend, Attend, Good, Stop]);
        stand.picture(&pixels, &pictures.join(format!("{word}-2-board.png")))?;
        // The second: somebody with a bottle.
        stand.key(Key::Down);
        look(&mut stand);
        stand.key(Key::Enter);
        assert_eq!(sheet(&stand).title, say("11 号自助机", "Kiosk 11"));
        stand.picture(&pixels, &pictures.join(format!("{word}-3-kiosk.png")))?;
        look(&mut stand);
        stand.key(Key::Enter);
        let said = stand.said.last().context("something was said")?;
        let act = said.open(&[SigningKey::parse(LANE_SECRET)?.public()])?;
        assert_eq!((act.kiosk, act.board, act.staff.as_str()), (11, 1, "E102"));
        assert_eq!(act.seen_ms, MORNING.now_ms);
        let (at_ms, end) = (MORNING.now_ms - 42_000, CallEnd::Passed);
        assert_eq!(act.deed, Deed::Answer { cause: Cause::Age, at_ms, seen: 3, end });
        // It was done there.
        let mut after = kiosks();
        after[0].stand.calls.clear();
        after[0].stand.done = vec![ActDone { board: 1, number: act.number, outcome: ActOutcome::Done }];
        stand.kiosks = Some(after);
        look(&mut stand);
        let notice = format!("{:?}", stand.lane.view().notice);
        assert!(notice.contains(say("11 号自助机：已办好", "Kiosk 11: Done")), "{notice}");
        assert_eq!(bar(&stand), say("自助机 2", "Kiosks 2"));
        stand.picture(&pixels, &pictures.join(format!("{word}-4-done.png")))?;
        // The relay is away: nothing is shown as if it were so now.
        stand.kiosks = None;
        for _ in 0..8 {
            look(&mut stand);
        }
        assert!(sheet(&stand).text.contains(say("门店中继没有应答", "relay does not answer")));
        assert_eq!(bar(&stand), "");
        stand.picture(&pixels, &pictures.join(format!("{word}-5-alone.png")))?;
    }
    Ok(())
}

#[test]
fn an_answer_waits_where_something_changed_under_it() -> Result<()> {
    let pixels = Pixels::start()?;
    pixels.resize(1_024, 768);
    let folder = tempfile::tempdir()?;
    let mut stand = open(folder.path(), Language::Zh, Theme::Light)?;
    look(&mut stand);
    stand.press(ui::Button::Orders);
    stand.key(Key::Enter);
    assert_eq!(sheet(&stand).title, "13 号自助机");
    // Another call comes before the one that the attendant reads.
    let mut changed = kiosks();
    changed[2].stand.calls.insert(0, call(Cause::Age, 1_000, 4, &["220001"]));
    stand.kiosks = Some(changed);
    look(&mut stand);
    let notice = format!("{:?}", stand.lane.view().notice);
    assert!(notice.contains("情况变了"), "{notice}");
    let enter = Event::Action(ui::Action::Press(ui::Button::Yes));
    stand.turn(vec![enter]);
    assert!(stand.said.is_empty(), "an answer to a question that nobody read");
    stand.key(Key::Enter);
    assert_eq!(stand.said.len(), 1);
    Ok(())
}

#[test]
fn a_till_that_looks_after_no_kiosks_asks_for_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    reference(folder.path(), 1)?;
    let _pixels = Pixels::start()?;
    let mut stand = Stand::open(folder.path(), Config::default(), MORNING)?;
    stand.kiosks = Some(kiosks());
    stand.sign_in("102", "2345");
    look(&mut stand);
    assert_eq!(bar(&stand), "");
    assert!(stand.commands.iter().all(|command| !matches!(command, Command::Ask(_))));
    Ok(())
}
