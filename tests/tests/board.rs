//! Two kiosks, a till with the attendant's board, and the store's relay between them: real programs for HQ, relay and
//! agents, real lanes with their real lines to them.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::money::{Currency, Money};
use domain::record::{Record, Staff};
use domain::rights::Rights;
use domain::till::Input;
use domain::till::kiosk::{CallEnd, Cause, KioskRecord};
use fixtures::shop;
use ledger::reference::Reference;
use pos_app::config::{self, Paths};
use pos_app::lane::{Event, Lane, Moment};
use pos_app::run::Devices;
use tests::kiosk::alcohol;
use tests::process::{PATIENCE, wait_for};
use tests::shop::{Headquarters, LaneFiles, Relay, STORE};
use ui::kiosk::Touch;
use ui::view::Sheet;
use ui::{Action, Button};

const WATER: &str = "100001";

/// A lane, turned by hand, with its line to its agent.
struct Post {
    lane: Lane,
    devices: Devices,
    queue: Receiver<Event>,
    files: LaneFiles,
}

impl Post {
    fn open(
        folder: &Path,
        headquarters: &Headquarters,
        relay: &Relay,
        number: u32,
        set_up: &str,
    ) -> Result<Self> {
        let mut files = LaneFiles::enrol_by(folder, headquarters, Some(relay), (STORE, number))?;
        files.wait_for_goods(0)?;
        let paths = Paths { data: folder.to_owned() };
        std::fs::write(paths.config(), set_up)?;
        let config = config::read(&paths.config())?;
        let (events, queue) = sync_channel(64);
        let devices = Devices::start(&paths, &config, &events)?;
        let mut post = Self { lane: Lane::new(paths, config), devices, queue, files };
        post.turn(vec![Event::Tick]);
        post.feed(Input::PinChecked {
            staff: Staff { id: "E301".into(), number: "301".into(), name: "周岚".into() },
            rights: Rights::of_role(
                "manager",
                &Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 },
            ),
            matches: true,
        });
        Ok(post)
    }

    fn turn(&mut self, events: Vec<Event>) {
        for command in self.lane.turn(Moment::now(), events) {
            self.devices.perform(command);
        }
    }

    fn feed(&mut self, input: Input) {
        self.lane.feed(input);
        self.turn(Vec::new());
    }

    fn press(&mut self, button: Button) {
        self.turn(vec![Event::Action(Action::Press(button))]);
    }

    /// Time passes, and what the agent answered is heard.
    fn tick(&mut self) {
        let mut events: Vec<Event> = self.queue.try_iter().collect();
        events.push(Event::Tick);
        self.turn(events);
    }

    /// The attendant comes to the kiosk.
    fn attend(&mut self) {
        let touch = |post: &mut Self, touch| post.turn(vec![Event::Action(Action::Touch(touch))]);
        touch(self, Touch::Staff);
        "301".chars().for_each(|digit| touch(self, Touch::Digit(digit)));
        touch(self, Touch::Go);
        "4567".chars().for_each(|digit| touch(self, Touch::Digit(digit)));
        touch(self, Touch::Go);
    }

    fn sheet(&self) -> Option<Sheet> {
        self.lane.view().sheet
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> usize {
        let records = self.files.records().unwrap_or_default();
        records.iter().filter(|stored| such(&stored.record)).count()
    }

    fn bar(&self) -> String {
        self.lane.view().bar.orders.map(|orders| orders.text).unwrap_or_default()
    }

    fn said(&self) -> String {
        format!("{:?}", self.lane.view().notice)
    }
}

/// The shop: its kiosks, and the till that looks after them.
struct Shop {
    board: Post,
    kiosks: [Post; 2],
}

impl Shop {
    fn all(&mut self) -> impl Iterator<Item = &mut Post> {
        std::iter::once(&mut self.board).chain(&mut self.kiosks)
    }

    /// Everybody goes on until it is so.
    fn until(&mut self, what: &str, done: impl Fn(&Self) -> bool) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while !done(self) {
            ensure!(Instant::now() < end, "waited in vain for {what}: {:?}", self.board.sheet());
            self.all().for_each(Post::tick);
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// The board's till goes on alone until it is so: the kiosks hear nothing meanwhile.
    fn board_until(&mut self, what: &str, done: impl Fn(&Post) -> bool) -> Result<()> {
        wait_for(what, || {
            self.board.tick();
            Ok(done(&self.board).then_some(()))
        })
    }

    /// Opens the board and chooses the row that begins with these words.
    fn choose(&mut self, words: &str) -> Result<()> {
        self.until(words, |shop| shop.board.sheet().is_some_and(|sheet| row(&sheet, words).is_some()))?;
        let sheet = self.board.sheet().context("a sheet")?;
        let at = row(&sheet, words).context("a row")?;
        self.board.press(Button::Row(at));
        Ok(())
    }
}

fn row(sheet: &Sheet, words: &str) -> Option<usize> {
    sheet.rows.iter().position(|row| row.name.starts_with(words))
}

/// Whether a lane knows the key of another one's journal.
fn knows_key(folder: &Path, lane: u32) -> bool {
    let Ok(Some(reference)) = Reference::open(&folder.join("reference.db")) else { return false };
    let wanted = format!("lane/{lane}/1");
    reference.code_keys().unwrap_or_default().iter().any(|key| key.key() == wanted)
}

#[test]
fn the_attendant_answers_two_kiosks_from_a_till_and_goes_there_when_the_network_fails() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let folder = folder.path();
    std::fs::write(folder.join("shop.json"), shop::demo().import_json())?;
    let mut headquarters = Headquarters::open(&folder.join("hq"), &[&folder.join("shop.json")])?;
    let mut relay = Relay::open(&folder.join("relay"), &headquarters)?;
    let kiosk = "mode = \"kiosk\"\n\n[kiosk.audit]\nbase = 0\nper_removal = 0\n";
    let mut shop = Shop {
        board: Post::open(&folder.join("lane2"), &headquarters, &relay, 2, "board = true\n")?,
        kiosks: [
            Post::open(&folder.join("lane7"), &headquarters, &relay, 7, kiosk)?,
            Post::open(&folder.join("lane8"), &headquarters, &relay, 8, kiosk)?,
        ],
    };
    wait_for("the board's key at the kiosks", || {
        Ok(["lane7", "lane8"].iter().all(|lane| knows_key(&folder.join(lane), 2)).then_some(()))
    })?;
    shop.until("kiosks that know it", |shop| shop.kiosks.iter().all(|kiosk| kiosk.lane.till().is_some()))?;

    // A bottle of beer at one, a question at the other; HQ is gone, which nobody at the counter notices.
    headquarters.kill()?;
    let beer = alcohol()?;
    shop.kiosks[0].turn(vec![Event::Scan(drivers::scanner::Scan::parse(&beer))]);
    shop.until("one call", |shop| shop.board.bar() == "自助机 1")?;
    for touch in [Touch::Help, Touch::Key(2)] {
        shop.kiosks[1].turn(vec![Event::Action(Action::Touch(touch))]);
    }
    shop.until("two calls", |shop| shop.board.bar() == "自助机 2")?;
    shop.board.press(Button::Orders);
    let sheet = shop.board.sheet().context("the board")?;
    ensure!(sheet.title == "自助机" && sheet.rows[0].name == "7 号自助机 · 确认年龄", "{:?}", sheet.rows);
    ensure!(sheet.rows[1].name == "8 号自助机 · 求助" && sheet.rows.len() == 4, "{:?}", sheet.rows);

    // The age, from the till.
    shop.choose("7 号自助机 · 确认年龄")?;
    shop.choose("看过，已满 18 岁")?;
    shop.board.press(Button::Enter);
    let confirmed = |record: &Record| matches!(record, Record::AgeConfirmed { staff } if staff == "E301");
    shop.until("a confirmed age", |shop| shop.kiosks[0].count(confirmed) == 1)?;
    shop.until("word of it", |shop| shop.board.said().contains("已办好"))?;
    let approved = |record: &Record| match record {
        Record::Approved { approver, reason, .. } => {
            approver == "E301" && reason == "看过，已满18岁 · 2 号台"
        }
        _ => false,
    };
    ensure!(shop.kiosks[0].count(approved) == 1, "no approval in the journal, or two");

    // The customer there has only cash: their basket is paid at the till, and the kiosk is free for the next.
    let beers = shop.kiosks[0].lane.till().context("a till")?.basket().clone();
    shop.choose("7 号自助机")?;
    shop.choose("接走这一单")?;
    shop.board.press(Button::Enter);
    shop.until("a free kiosk", |shop| {
        shop.kiosks[0].lane.till().is_some_and(|till| till.basket().lines().is_empty())
    })?;
    shop.board.press(Button::No);
    shop.board.press(Button::No);
    shop.board.feed(Input::OpenShift { float: Money::ZERO });
    let aside = shop.kiosks[0].lane.journal().context("a journal")?.head().seq;
    wait_for("a copy at the relay", || Ok((relay.copied(7)? >= aside).then_some(())))?;
    shop.board.press(Button::Park);
    shop.until("the kiosk's basket at the till", |shop| {
        shop.board.sheet().is_some_and(|sheet| sheet.rows.iter().any(|row| row.detail.starts_with("7 号")))
    })?;
    shop.board.press(Button::Row(0));
    shop.until("it at the till", |shop| {
        shop.board.lane.till().is_some_and(|till| !till.basket().lines().is_empty())
    })?;
    let taken = shop.board.lane.till().context("a till")?.basket().clone();
    ensure!(taken.total() == beers.total() && taken.age_open().next().is_none(), "{:?}", taken.lines());
    shop.board.feed(Input::Pay);
    shop.board.feed(Input::TakeCash(taken.total()));
    ensure!(shop.board.count(|record| matches!(record, Record::SaleCompleted { .. })) == 1, "not paid");
    // What was sold there is not offered here again once the attendant looks.
    let sold = shop.board.lane.journal().context("a journal")?.head().seq;
    wait_for("a copy at the relay", || Ok((relay.copied(2)? >= sold).then_some(())))?;
    shop.kiosks[0].attend();
    shop.until("word of it at the kiosk", |shop| {
        shop.kiosks[0].lane.till().is_some_and(|till| till.parked().is_empty())
    })?;
    shop.kiosks[0].turn(vec![Event::Action(Action::Touch(Touch::Back))]);
    shop.board.feed(Input::Back);
    shop.board.press(Button::Orders);
    // The Enter that ended a sale answers nothing else: a hand takes a moment.
    let calm = Instant::now() + Duration::from_millis(1_300);
    shop.until("a calm hand", |_| Instant::now() >= calm)?;

    // Help, after somebody went there.
    shop.choose("8 号自助机 · 求助")?;
    shop.choose("已帮好")?;
    shop.board.press(Button::Enter);
    let helped = KioskRecord::Answered { cause: Cause::Help, end: CallEnd::Passed, level: 0 };
    shop.until("help", |shop| shop.kiosks[1].count(|record| *record == Record::Kiosk(helped.clone())) == 1)?;

    // What the attendant saw was fewer pieces than there are by now: nothing is approved.
    shop.kiosks[1].feed(Input::Choose { sku: WATER.into(), count: Some(13) });
    shop.choose("8 号自助机 · 件数多")?;
    shop.choose("数量没问题")?;
    let line = shop.kiosks[1].lane.till().context("a till")?.basket().lines()[0].number;
    shop.kiosks[1].feed(Input::SetQuantity { line, pieces: 40 });
    shop.board.press(Button::Enter);
    shop.until("word of a change", |shop| shop.board.said().contains("情况变了，没有办"))?;
    let passed = |record: &Record| {
        matches!(
            record,
            Record::Kiosk(KioskRecord::Answered { cause: Cause::Pieces, end: CallEnd::Passed, .. })
        )
    };
    ensure!(shop.kiosks[1].count(passed) == 0, "approved unseen");

    // The relay burns down: the board says so, and the kiosk takes the attendant's PIN.
    relay.kill()?;
    shop.board_until("the board to notice", |board| {
        board.sheet().is_some_and(|sheet| sheet.text.contains("门店中继没有应答"))
    })?;
    let kiosk = &mut shop.kiosks[1];
    kiosk.attend();
    kiosk.turn(vec![Event::Action(Action::Touch(Touch::Row(0)))]);
    ensure!(kiosk.count(passed) == 1, "not at the kiosk itself: {:?}", kiosk.lane.kiosk_view());

    // It is there again, and knows everything within a moment.
    headquarters.start()?;
    relay.start(&headquarters)?;
    shop.until("the board again", |shop| {
        shop.board.sheet().is_some_and(|sheet| sheet.rows.len() >= 2 && !sheet.text.contains("没有应答"))
    })?;
    Ok(())
}
