//! The staff's window for shelf labels, at a lane without a display, threads or devices. What the agent would have
//! written of labels is written by whoever holds it, into the same file. And pictures of all pages.

use std::path::Path;

use anyhow::{Context, Result};
use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::record::Record;
use ledger::journal::JournalReader;
use ledger::reference::ReferenceWriter;
use ledger::reference::shelf::{
    GatewayState, HeldBack, LabelBatch, LabelCondition, LabelFace, LabelState, NotStruck, PanelAccent,
    PanelSeen, ParityDone, SentFace, ShelfChanges, ShelfSummary, ShownPrice, WhyNotStruck,
};
use pos_app::config::{Config, Language, Mode, Theme};
use pos_app::lane::{Command, Event, Moment};
use protocol::ask::Answer;
use protocol::event;
use protocol::pull::{Label, LabelStamp, ShelfCap};
use ui::action::Key;
use ui::pixels::Pixels;
use ui::view::{self, Screen};

use crate::shop::code_of;
use crate::stand::{Stand, reference};

/// 2026-11-21 10:00 in Shanghai.
pub const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

/// The panel of ordinary labels.
pub const STRIP: PanelSeen = PanelSeen { hw_type: 0x01, width: 296, height: 128, accent: PanelAccent::Red };

/// A panel on which hardly anything has room.
pub const TINY: PanelSeen = PanelSeen { hw_type: 0x00, width: 48, height: 24, accent: PanelAccent::Red };

const WATER: &str = "100001";
const COLA: &str = "100010";
const TEA: &str = "100024";
const JUICE: &str = "100028";
const BREAD: &str = "200001";
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// A label of the demo shop, by a small number.
pub fn label(number: u32) -> LabelNumber {
    LabelNumber::parse(&format!("00000218A3F5{number:04X}")).expect("sixteen digits")
}

/// A lane of labels.
pub fn config() -> Config {
    Config { mode: Mode::Labels, ..Config::default() }
}

/// The face of an item at a price, minor units.
pub fn face(item: &str, price: i64) -> LabelFace {
    let goods = fixtures::shop::demo();
    let product = goods.products.iter().find(|product| product.sku == item);
    let (name, spec) =
        product.map(|product| (product.name_zh.clone(), product.spec.clone())).unwrap_or_default();
    let texts = [
        ("name", name),
        ("spec", spec),
        ("currency", "¥".to_owned()),
        ("price", format!("{}.{:02}", price / 100, price % 100)),
        ("unit", "件".to_owned()),
        ("sku", item.to_owned()),
    ];
    LabelFace {
        template: "normal".to_owned(),
        texts: texts.into_iter().map(|(field, text)| (field.to_owned(), text)).collect(),
        prices: vec![shown(item, price)],
        ..LabelFace::default()
    }
}

fn shown(item: &str, price: i64) -> ShownPrice {
    ShownPrice { item: event::LabelItem::from(&LabelItem::of(item)), price: Some(price), member_price: None }
}

/// What a gateway has told of a label that shows an item at a price.
pub fn confirmed(item: &str, price: i64, at_ms: i64) -> LabelState {
    LabelState {
        condition: LabelCondition::Shown,
        wanted: Some(face(item, price)),
        shown: Some(face(item, price)),
        shown_ms: Some(at_ms),
        gateway: "10.0.0.41:80".to_owned(),
        panel: Some(STRIP),
        battery_mv: Some(2_980),
        seen_ms: Some(at_ms),
        ..LabelState::new(at_ms)
    }
}

/// A label of which no more is known than that it is there.
pub fn heard(at_ms: i64) -> LabelState {
    LabelState {
        condition: LabelCondition::Unbound,
        gateway: "10.0.0.41:80".to_owned(),
        panel: Some(STRIP),
        battery_mv: Some(3_010),
        seen_ms: Some(at_ms),
        ..LabelState::new(at_ms)
    }
}

/// What a label stands for, as the agent read it in the journal.
pub fn bound(items: &[&str], slot: &str, at_ms: i64) -> Label {
    let stamp = LabelStamp { at_ms, lane: 1, epoch: 1, seq: 1 };
    Label {
        items: items.iter().map(|item| event::LabelItem::from(&LabelItem::of(item))).collect(),
        template: String::new(),
        slot: slot.to_owned(),
        taken_down: false,
        stamp,
    }
}

/// Writes what an agent would have found out.
pub fn write(folder: &Path, changes: &ShelfChanges) -> Result<()> {
    Ok(ReferenceWriter::open(&folder.join("reference.db"))?.write_shelf(changes)?)
}

/// Everything in a lane's journal.
///
/// # Panics
/// There is none.
pub fn records(folder: &Path) -> Vec<Record> {
    let reader = JournalReader::open(&folder.join("journal.db")).expect("a journal").expect("a journal");
    let entries = reader.entries_after(0, 1_000_000, usize::MAX).expect("its events");
    let read = |bytes: &[u8]| event::decode(bytes).expect("an event").record().expect("a record");
    entries.iter().map(|entry| read(&entry.bytes)).collect()
}

/// What it says of labels.
///
/// # Panics
/// There is none.
pub fn facts(folder: &Path) -> Vec<Record> {
    let is_fact = |record: &Record| {
        matches!(
            record,
            Record::LabelBound { .. }
                | Record::LabelUnbound { .. }
                | Record::LabelReplaced { .. }
                | Record::LabelsWaived { .. }
        )
    };
    records(folder).into_iter().filter(is_fact).collect()
}

/// A label with what it stands for.
pub fn binding(number: u32, items: &[&str], slot: &str) -> LabelBinding {
    LabelBinding {
        label: label(number),
        items: items.iter().map(|item| LabelItem::of(item)).collect(),
        template: String::new(),
        slot: slot.to_owned(),
    }
}

/// A store in the middle of a price change, with one label of each kind:
/// 1 water, confirmed; 2 cola, on its way up and kept by its label; 3 tea, held back for lane 2; 4 juice, given up;
/// 5 free; 6 tissues, its battery low; 7 water, lost; 8 without a picture; 9 free and tiny; 10 two items.
pub fn morning(now_ms: i64) -> ShelfChanges {
    let long_ago = now_ms - 20 * 24 * HOUR_MS;
    let early = now_ms - 3 * HOUR_MS;
    let just_now = now_ms - 4 * MINUTE_MS;
    let held = LabelState {
        condition: LabelCondition::Held,
        wanted: Some(face(TEA, 600)),
        held: Some(HeldBack::Lanes { lanes: vec![2] }),
        ..confirmed(TEA, 650, early)
    };
    let sending = LabelState {
        condition: LabelCondition::Sending,
        wanted: Some(face(COLA, 200)),
        sent: vec![SentFace { face: face(COLA, 200), at_ms: just_now }],
        ..confirmed(COLA, 180, early)
    };
    let given_up = LabelState {
        condition: LabelCondition::GivenUp,
        wanted: Some(face(JUICE, 790)),
        tries: 3,
        why: "3 tries, and the label did not confirm; look whether it is in range and its battery good"
            .into(),
        ..confirmed(JUICE, 850, early)
    };
    let item = event::LabelItem::from(&LabelItem::of(BREAD));
    let not_struck = NotStruck { item, was: 490, why: WhyNotStruck::SoldForLess(450) };
    let low =
        LabelState { battery_mv: Some(2_310), not_struck: Some(not_struck), ..confirmed(BREAD, 390, early) };
    let lost = confirmed(WATER, 200, now_ms - 60 * HOUR_MS);
    let no_face = LabelState {
        condition: LabelCondition::NoFace,
        wanted: None,
        why: "item 999 is not sold here".into(),
        ..confirmed(WATER, 200, early)
    };
    let mut pair = confirmed(WATER, 200, early);
    let several = LabelFace {
        template: "several".into(),
        texts: [
            ("line1", "清泉饮用天然水 550ml ¥2.00/件"),
            ("line2", "橙子巷100%橙汁 300ml ¥7.90/件"),
            ("label", "A3F5000A"),
        ]
        .map(|(field, text)| (field.to_owned(), text.to_owned()))
        .into(),
        prices: vec![shown(WATER, 200), shown(JUICE, 790)],
        ..LabelFace::default()
    };
    (pair.wanted, pair.shown) = (Some(several.clone()), Some(several));
    let tiny = LabelState { panel: Some(TINY), ..heard(just_now) };
    let states = [
        (1, confirmed(WATER, 200, just_now)),
        (2, sending),
        (3, held),
        (4, given_up),
        (5, heard(just_now)),
        (6, low),
        (7, lost),
        (8, no_face),
        (9, tiny),
        (10, pair),
    ];
    let labels = [
        (1, bound(&[WATER], "A1-1-01", long_ago)),
        (2, bound(&[COLA], "A1-2-05", long_ago)),
        (3, bound(&[TEA], "A2-1-03", long_ago)),
        (4, bound(&[JUICE], "A2-3-08", long_ago)),
        (6, bound(&[BREAD], "C1-1-01", long_ago)),
        (7, bound(&[WATER], "E4-1-02", long_ago)),
        (8, bound(&["999"], "D2-2-02", long_ago)),
        (10, bound(&[WATER, JUICE], "K1", long_ago)),
    ];
    let cap = ShelfCap {
        item: event::LabelItem::from(&LabelItem::of(COLA)),
        lane: 1,
        from_ms: None,
        price: Some(180),
        member_price: None,
        label: label(2).to_string(),
    };
    let gateway = |is_up: bool, why: &str| GatewayState { is_up, since_ms: early, why: why.into(), open: 3 };
    ShelfChanges {
        labels: labels.map(|(number, bound)| (label(number), bound)).into(),
        states: states.map(|(number, state)| (label(number), state)).into(),
        caps: vec![(LabelItem::of(COLA), vec![cap])],
        gateways: vec![
            ("10.0.0.41:80".into(), gateway(true, "")),
            ("10.0.0.42:80".into(), gateway(false, "Offline { reason: Refused }")),
        ],
        summary: Some(ShelfSummary {
            batch: Some(LabelBatch {
                begun_ms: early,
                labels: 1_248,
                shown: 1_085,
                given_up: 2,
                ended_ms: None,
            }),
            parity: Some(ParityDone {
                at_ms: just_now,
                day: "2026-11-21".into(),
                bound: 8,
                checked: 1_246,
                matching: 1_243,
                differing: 3,
                not_struck: 1,
                ..ParityDone::default()
            }),
            parity_days: vec![ParityDone {
                at_ms: now_ms - 10 * HOUR_MS,
                day: "2026-11-20".into(),
                bound: 8,
                checked: 1_244,
                matching: 1_244,
                ..ParityDone::default()
            }],
            ..ShelfSummary::default()
        }),
        is_kept: true,
        ..ShelfChanges::default()
    }
}

/// A lane of labels with its window, in such a store, and somebody at it.
pub fn open(folder: &Path, config: Config, number: &str, pin: &str) -> Result<Stand> {
    reference(folder, 1)?;
    write(folder, &morning(MORNING.now_ms))?;
    let mut stand = Stand::open(folder, config, MORNING)?;
    stand.sign_in(number, pin);
    // What was said at the sign-in is read.
    stand.key(Key::Up);
    Ok(stand)
}

/// What the window shows.
///
/// # Errors
/// It shows something else than labels.
pub fn page(stand: &Stand) -> Result<view::Labels> {
    match stand.lane.view().screen {
        Screen::Labels(page) => Ok(*page),
        Screen::Closed(_)
        | Screen::SignIn(_)
        | Screen::Sell(_)
        | Screen::Pay(_)
        | Screen::Done(_)
        | Screen::SetUp(_) => {
            anyhow::bail!("the window does not show labels")
        }
    }
}

/// The pictures that the guide shows; the others are for looking at.
pub const SHOWN: [&str; 5] = ["bind-4-confirmed", "home", "look-for-each", "replace", "walk-2-compared"];

/// How the pages are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// In which language.
    pub language: Language,
    /// In which colours.
    pub theme: Theme,
    /// How wide and high.
    pub size: (u32, u32),
    /// Only what the guide shows is drawn; the jobs are done all the same.
    pub shown_only: bool,
}

/// Draws the pages of a morning with labels into a folder; gives their names.
///
/// # Errors
/// A page cannot be reached or drawn.
pub fn pictures(pixels: &Pixels, folder: &Path, look: Look) -> Result<Vec<String>> {
    std::fs::create_dir_all(folder)?;
    let lane = tempfile::tempdir()?;
    pixels.resize(look.size.0, look.size.1);
    let config = Config { language: look.language, theme: look.theme, ..config() };
    let stand = open(lane.path(), config, "101", "1234")?;
    stand.screen.show()?;
    let mut day = Day { stand, pixels, lane: lane.path(), folder, look, drawn: Vec::new() };
    day.play()?;
    Ok(day.drawn)
}

/// Draws every page into folders of a folder: both languages, both colours, three sizes.
///
/// # Errors
/// A page cannot be reached or drawn.
pub fn all_pictures(folder: &Path) -> Result<()> {
    let pixels = Pixels::start()?;
    let looks = [
        ("1024-zh-light", Language::Zh, Theme::Light, (1_024, 768)),
        ("1024-en-light", Language::En, Theme::Light, (1_024, 768)),
        ("1280-zh-dark", Language::Zh, Theme::Dark, (1_280, 800)),
        ("1280-en-dark", Language::En, Theme::Dark, (1_280, 800)),
        ("1920-zh-light", Language::Zh, Theme::Light, (1_920, 1_080)),
    ];
    for (name, language, theme, size) in looks {
        pictures(&pixels, &folder.join(name), Look { language, theme, size, shown_only: false })?;
    }
    Ok(())
}

/// Draws what the guide shows into its folders.
///
/// # Errors
/// A page cannot be reached or drawn.
pub fn guide_pictures(folder: &Path) -> Result<()> {
    let pixels = Pixels::start()?;
    for (name, language) in [("zh", Language::Zh), ("en", Language::En)] {
        let look = Look { language, theme: Theme::Light, size: (1_024, 768), shown_only: true };
        pictures(&pixels, &folder.join(name), look)?;
    }
    Ok(())
}

/// One morning with labels, for its pictures.
struct Day<'a> {
    stand: Stand,
    pixels: &'a Pixels,
    lane: &'a Path,
    folder: &'a Path,
    look: Look,
    drawn: Vec<String>,
}

impl Day<'_> {
    fn draw(&mut self, name: &str) -> Result<()> {
        if self.look.shown_only && !SHOWN.contains(&name) {
            return Ok(());
        }
        self.drawn.push(name.to_owned());
        self.stand.picture(self.pixels, &self.folder.join(format!("{name}.png")))
    }

    /// From the first page to the n-th of its rows.
    fn go(&mut self, row: usize) {
        self.stand.key(Key::Tab);
        self.stand.press(ui::Button::Row(row));
    }

    fn scan(&mut self, number: u32) {
        self.stand.scan(label(number).as_str());
    }

    fn scan_goods(&mut self, sku: &str) -> Result<()> {
        self.stand.scan(&code_of(sku)?);
        Ok(())
    }

    fn play(&mut self) -> Result<()> {
        self.draw("home")?;
        for (row, name) in
            ["not-confirmed", "items-without", "labels-without", "battery", "lost", "gateways", "parity"]
                .into_iter()
                .enumerate()
        {
            self.go(row);
            self.draw(name)?;
        }
        self.go(8);
        self.draw("not-struck")?;
        self.stand.key(Key::Tab);
        for (number, name) in [
            (1, "label-confirmed"),
            (6, "label-not-struck"),
            (2, "label-kept"),
            (3, "label-held"),
            (4, "label-given-up"),
            (8, "label-no-picture"),
            (10, "label-several"),
        ] {
            self.scan(number);
            self.draw(name)?;
        }
        self.scan(9);
        self.scan_goods("100011")?;
        self.draw("bind-wrong-size")?;
        self.scan(5);
        self.draw("bind-1-label")?;
        self.scan_goods("100011")?;
        self.draw("bind-2-bound")?;
        let now_ms = self.stand.moment.now_ms;
        let sending = LabelState {
            condition: LabelCondition::Sending,
            wanted: Some(face("100011", 300)),
            sent: vec![SentFace { face: face("100011", 300), at_ms: now_ms }],
            ..heard(now_ms)
        };
        self.agent(5, &["100011"], sending)?;
        self.draw("bind-3-pushed")?;
        let now_ms = self.stand.moment.now_ms;
        self.agent(5, &["100011"], confirmed("100011", 300, now_ms))?;
        self.draw("bind-4-confirmed")?;
        self.scan_goods(TEA)?;
        self.draw("already-bound")?;
        self.stand.key(Key::Escape);
        self.stand.function(5);
        self.draw("unbind")?;
        self.stand.key(Key::Escape);
        self.stand.function(6);
        self.draw("replace")?;
        self.scan(9);
        self.draw("replace-too-small")?;
        self.stand.key(Key::Escape);
        self.stand.function(9);
        self.draw("template")?;
        self.stand.key(Key::Escape);
        self.stand.function(8);
        self.draw("place")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Escape);
        self.scan(77);
        self.draw("unknown-label")?;
        self.scan_goods(WATER)?;
        self.draw("unknown-label-asked")?;
        self.stand.key(Key::Tab);
        self.stand.scan("M00000005C");
        self.draw("member-card")?;
        self.scan_goods("100012")?;
        self.draw("item")?;
        self.stand.key(Key::Tab);
        self.stand.type_text("qqyy");
        self.draw("found")?;
        self.stand.key(Key::Escape);
        self.stand.function(2);
        self.draw("letters")?;
        self.stand.key(Key::Tab);
        self.going_along()
    }

    fn going_along(&mut self) -> Result<()> {
        self.go(0);
        // The agent is there, and passes flashes on.
        self.stand.agent_is_slow = true;
        self.stand.function(7);
        self.pass_on();
        self.scan(2);
        self.pass_on();
        self.draw("look-for-each")?;
        self.stand.key(Key::Tab);
        self.stand.function(7);
        self.draw("look-for-goods-1")?;
        for sku in [TEA, WATER, COLA] {
            self.scan_goods(sku)?;
            self.pass_on();
        }
        self.draw("look-for-goods-2")?;
        self.stand.key(Key::Tab);
        self.stand.function(4);
        self.scan(1);
        self.draw("walk-1-label")?;
        self.scan_goods(WATER)?;
        self.scan(2);
        self.scan_goods(COLA)?;
        self.scan(3);
        self.scan_goods(TEA)?;
        self.scan(4);
        self.scan_goods(WATER)?;
        self.draw("walk-2-compared")?;
        self.stand.key(Key::Tab);
        self.scan(2);
        self.stand.function(10);
        self.draw("waive")?;
        self.stand.key(Key::Enter);
        self.draw("waive-approval")?;
        self.stand.key(Key::Escape);
        self.stand.key(Key::Tab);
        self.stand.function(1);
        self.draw("help")
    }

    fn pass_on(&mut self) {
        let commands = std::mem::take(&mut self.stand.commands);
        let asked = commands.into_iter().filter_map(|command| match command {
            Command::Ask(asked) => Some(asked.number),
            _ => None,
        });
        let answer = || Some(Box::new(Answer::LabelAsked {}));
        let answers = asked.map(|number| Event::Answered { number, answer: answer() }).collect();
        self.stand.turn(answers);
    }

    fn agent(&mut self, number: u32, items: &[&str], state: LabelState) -> Result<()> {
        let at_ms = self.stand.moment.now_ms + 1;
        let changes = ShelfChanges {
            labels: vec![(label(number), bound(items, "", at_ms))],
            states: vec![(label(number), state)],
            ..ShelfChanges::default()
        };
        write(self.lane, &changes).context("write as the agent does")?;
        self.stand.moment.now_ms += 2;
        self.stand.turn(vec![Event::Tick]);
        Ok(())
    }
}
