//! The staff before the real window of the real program, with a scanner that acts as a keyboard: HQ, agents, lanes and
//! an access point with labels are real programs and a simulated radio. Pictures lie in `target/labels`.

// A journey asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use domain::label::{LabelItem, LabelNumber};
use domain::record::Record;
use fixtures::access_point::{RadioOptions, SimulatedAccessPoint};
use ledger::reference::shelf::{HeldBack, LabelCondition, LabelState, Shelf};
use pos_app::config::{Config, Mode, Paths};
use pos_app::lane::{Event, Lane, Moment};
use tests::display::Display;
use tests::process::{PATIENCE, program, wait_at_most, wait_for};
use tests::shop::{Counter, Headquarters, LaneFiles, STORE, code_of, open_demo};
use ui::action::{Action, Button, Key};
use ui::view::Screen;

const WATER: &str = "100001";
const TEA: &str = "100024";
const LEMON: &str = "100015";

/// 296x128, black, white and red.
const PANEL: u8 = 0x01;

/// How fast the access point's clock runs: a label looks for news every forty of its seconds.
const SPEED: u64 = 200;

/// The most that may pass from the second scan to the push, milliseconds: a second, and what a machine that does much
/// else at the same time needs beside it.
const TO_THE_PUSH_MS: i64 = 3_000;

/// The store, its labels, and the window.
struct Journey {
    display: Display,
    counter: Counter,
    point: SimulatedAccessPoint,
    headquarters: Headquarters,
    pictures: PathBuf,
    drawn: u32,
    folder: tempfile::TempDir,
}

impl Journey {
    fn begin() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (headquarters, mut files) = open_demo(folder.path())?;
        let point = SimulatedAccessPoint::start("127.0.0.1:0", RadioOptions::with(4, &[PANEL], 0), SPEED)?;
        let gateway = format!("[[gateway]]\nhost = \"{}\"\nspeed = {SPEED}\n", point.addr());
        std::fs::write(files.paths.data.join("labels.toml"), gateway)?;
        files.kill_agent()?;
        files.start_agent()?;
        let mut counter = Counter::set_up(files, None)?;
        let lane = "mode = \"labels\"\n\n[sound]\nplayer = [\"true\"]\n";
        std::fs::write(counter.files.paths.config(), lane)?;
        let display = Display::start(1_280, 800)?;
        counter.start_till(&display, "1280x800")?;
        let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("labels");
        std::fs::create_dir_all(&pictures)?;
        Ok(Self { display, counter, point, headquarters, pictures, drawn: 0, folder })
    }

    fn label(&self, place: usize) -> Result<LabelNumber> {
        let number = self.point.with(|radio| radio.macs().nth(place).map(str::to_owned));
        Ok(LabelNumber::parse(&number.context("a label")?)?)
    }

    fn scan_label(&self, label: &LabelNumber) -> Result<()> {
        self.display.calm()?;
        self.display.scan(label.as_str())
    }

    fn scan_goods(&self, sku: &str) -> Result<()> {
        self.display.calm()?;
        self.display.scan(&code_of(sku)?)
    }

    fn keys(&self, names: &[&str]) -> Result<()> {
        self.display.calm()?;
        self.display.keys(names)
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = self.pictures.join(format!("{:02}-{name}.png", self.drawn));
        self.display.screenshot(&file).map(drop)
    }

    fn shelf(&self) -> Result<Shelf> {
        Shelf::open(&self.counter.files.paths.reference())?.context("open the shelf")
    }

    fn state(&self, label: &LabelNumber) -> Result<Option<LabelState>> {
        Ok(self.shelf()?.state(label)?)
    }

    /// Waits until a label was seen to show an item at a price, and the label itself shows what it was given.
    fn wait_for_face(&self, label: &LabelNumber, price: i64) -> Result<()> {
        wait_for("the label to confirm", || {
            let Some(state) = self.state(label)? else { return Ok(None) };
            let shown = state.shown.as_ref().and_then(|face| face.prices.first()?.price);
            let is_it = state.condition == LabelCondition::Shown && state.shown == state.wanted;
            Ok((is_it && shown == Some(price)).then_some(()))
        })?;
        let hangs =
            self.point.with(|radio| radio.shown(label.as_str()).map(fixtures::access_point::Picture::hash));
        let state = self.state(label)?.context("known")?;
        let hash: Option<String> = hangs.map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect());
        ensure!(hash.as_deref() == Some(&state.shown_hash), "the label itself shows that face");
        Ok(())
    }

    fn bound(&self, count: usize) -> Result<()> {
        let bound = |record: &Record| matches!(record, Record::LabelBound { .. });
        self.counter.files.wait_for_count("a binding in the journal", count, bound)
    }

    /// When a label was bound, milliseconds UTC.
    fn bound_ms(&self, label: &LabelNumber) -> Result<i64> {
        let bound = self.counter.files.records()?.into_iter().rev().find_map(|stored| match &stored.record {
            Record::LabelBound { binding, .. } if binding.label == *label => Some(stored.stamp.at_ms),
            _ => None,
        });
        bound.context("a binding")
    }

    /// Faces that the access point has taken.
    fn uploads(&self) -> u64 {
        self.point.with(|radio| radio.uploads_taken())
    }

    /// What the window says of the row of a list, by a second lane on the same file of the agent.
    fn says(&self, row: usize) -> Result<Vec<String>> {
        let mirror = tempfile::tempdir()?;
        std::os::unix::fs::symlink(self.counter.files.paths.reference(), mirror.path().join("reference.db"))?;
        // It goes on where the first one is, which does nothing now.
        for name in ["journal.db", "journal.db-wal"] {
            let file = self.counter.files.paths.data.join(name);
            if file.exists() {
                std::fs::copy(&file, mirror.path().join(name))?;
            }
        }
        let config = Config { mode: Mode::Labels, ..Config::default() };
        let mut lane = Lane::new(Paths { data: mirror.path().to_owned() }, config);
        let press = |button| Event::Action(Action::Press(button));
        lane.turn(Moment::now(), [Event::Tick]);
        let mut keys = vec![press(Button::Staff(0))];
        keys.extend("1234".chars().map(|digit| press(Button::Digit(digit))));
        keys.push(Lane::key_now(Key::Enter));
        lane.turn(Moment::now(), keys);
        lane.turn(Moment::now(), [press(Button::Row(row))]);
        let view = lane.view();
        let Screen::Labels(page) = view.screen else {
            anyhow::bail!("no labels are shown: {:?}", view.screen)
        };
        Ok(page
            .rows
            .into_iter()
            .map(|row| format!("{} {} {}", row.name, row.state, row.state_detail))
            .collect())
    }
}

#[test]
fn the_staff_binds_replaces_and_finds_out_with_hq_down() -> Result<()> {
    let mut journey = Journey::begin()?;
    let labels = (0..4).map(|place| journey.label(place)).collect::<Result<Vec<_>>>()?;
    wait_for("the access point's labels", || Ok(journey.state(&labels[3])?.map(|_| ())))?;
    wait_for("HQ's word on the lanes", || Ok(journey.shelf()?.summary()?.lanes_ms))?;
    journey.counter.sign_in(&journey.display, "101", "1234")?;
    journey.picture("home")?;

    // Two scans, and the face is at the access point; then the label confirms.
    journey.scan_label(&labels[0])?;
    journey.picture("label")?;
    let uploads = journey.uploads();
    journey.scan_goods(WATER)?;
    journey.bound(1)?;
    wait_for("the push", || Ok((journey.uploads() > uploads).then_some(())))?;
    let push_ms = Moment::now().now_ms - journey.bound_ms(&labels[0])?;
    eprintln!("from the binding to the push: {push_ms} ms");
    ensure!(push_ms < TO_THE_PUSH_MS, "it took {push_ms} ms from the binding to the push");
    journey.wait_for_face(&labels[0], 200)?;
    journey.picture("confirmed")?;

    // One sleeps and does not answer: the window says so, and that it shows it when it is awake.
    journey.point.with(|radio| radio.set_asleep(labels[3].as_str(), true));
    journey.scan_label(&labels[3])?;
    journey.scan_goods(LEMON)?;
    wait_for("the label to be given up", || {
        let state = journey.state(&labels[3])?.context("known")?;
        Ok((state.condition == LabelCondition::GivenUp).then_some(()))
    })?;
    journey.picture("asleep")?;
    journey.point.with(|radio| radio.set_asleep(labels[3].as_str(), false));
    journey.wait_for_face(&labels[3], 250)?;
    journey.picture("awake")?;

    // HQ is down: the next one is bound and confirmed all the same, the goods first this time.
    journey.headquarters.kill()?;
    journey.keys(&["Tab"])?;
    journey.scan_goods(TEA)?;
    journey.picture("goods")?;
    journey.scan_label(&labels[1])?;
    journey.bound(3)?;
    journey.wait_for_face(&labels[1], 600)?;
    journey.picture("confirmed-without-hq")?;

    // The first label is broken: another one takes its place, still without HQ.
    journey.scan_label(&labels[0])?;
    journey.keys(&["F6"])?;
    journey.scan_label(&labels[2])?;
    let replaced = |record: &Record| match record {
        Record::LabelReplaced { old, binding, reason, .. } => {
            *old == labels[0]
                && binding.label == labels[2]
                && binding.items == [LabelItem::of(WATER)]
                && reason == "坏了"
        }
        _ => false,
    };
    journey.counter.files.wait_for_count("the replacement in the journal", 1, replaced)?;
    journey.wait_for_face(&labels[2], 200)?;
    journey.picture("replaced")?;
    ensure!(
        journey.shelf()?.bound(&labels[0])?.is_some_and(|bound| bound.taken_down),
        "the old one is out of use"
    );

    // It flashes for whoever looks for it.
    journey.keys(&["F3"])?;
    wait_for("the flash", || {
        Ok(journey.point.with(|radio| (!radio.flashes(labels[2].as_str()).is_empty()).then_some(())))
    })?;

    // With HQ back and a second lane whose agent is away, a lower price waits, and it is said for whom.
    journey.headquarters.start()?;
    let second = journey.folder.path().join("lane2");
    let mut second = LaneFiles::enrol(&second, &journey.headquarters, STORE, 2)?;
    second.wait_for_goods(0)?;
    wait_at_most(PATIENCE, "the other lane at this one's agent", || {
        Ok(journey.shelf()?.summary()?.lanes.iter().any(|lane| lane.lane == 2).then_some(()))
    })?;
    second.kill_agent()?;
    journey.headquarters.set_price(WATER, "1.20")?;
    wait_for("the label to be held back", || {
        let state = journey.state(&labels[2])?.context("known")?;
        Ok((state.held == Some(HeldBack::Lanes { lanes: vec![2] })).then_some(()))
    })?;
    let rows = journey.says(0)?;
    ensure!(rows.len() == 1 && rows[0].contains("等 2 号机收到新价"), "{rows:?}");
    journey.keys(&["Tab", "Return"])?;
    journey.picture("held-back")?;
    journey.keys(&["Return"])?;
    journey.picture("held-back-label")?;
    second.start_agent()?;
    journey.wait_for_face(&labels[2], 120)?;
    ensure!(journey.says(0)?.is_empty(), "nothing waits any more");
    journey.keys(&["Tab", "F8"])?;
    journey.picture("english")?;
    journey.counter.check()
}
