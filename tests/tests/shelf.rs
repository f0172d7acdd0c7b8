//! Shelf labels and tills: real agents, a real HQ, the lane's own code, and an access point whose labels are looked at.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::basket::{KeptPrice, Line};
use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::money::Money;
use domain::record::Record;
use domain::till::{Desk, Input};
use drivers::label::{Field, Language, Press, Values};
use drivers::scanner::Scan;
use fixtures::access_point::{RadioOptions, SimulatedAccessPoint};
use hq::batches::{self, AHEAD_MIN_MS, Batch, BatchError};
use ledger::reference::shelf::{HeldBack, LabelCondition, LabelState, Shelf, WhyNotStruck};
use pos_app::config::{Config, Paths};
use pos_app::lane::{Event, Lane, Moment};
use protocol::ask::{ASK_VERSION, Answer, Answered, Asked, FrameReader, Question, encode_frame};
use protocol::pull::{Audience, PriceRow, PriceScope};
use tests::process::{program, run, wait_for};
use tests::shop::{Headquarters, LaneFiles, STORE, code_of, open_demo};
use ui::action::{Action, Button, Key};

const WATER: &str = "100001";
const TEA: &str = "100024";

/// A template of the chain's own: a name and a price in this size.
fn drawing(size: &str) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 296 128">
<text x="8" y="30" font-size="22" data-width="calc(100% - 16)" data-overflow="cut">{{{{name}}}}</text>
<text x="8" y="100" font-size="{size}" data-width="calc(100% - 16)">{{{{price}}}}</text>
</svg>"#
    )
}

/// 296x128, black, white and red.
const PANEL: u8 = 0x01;

/// How fast the access point's clock runs: a label looks for news every forty of its seconds.
const SPEED: u64 = 200;

/// An access point and the lane whose agent works it.
struct Shop {
    point: SimulatedAccessPoint,
    headquarters: Headquarters,
    files: LaneFiles,
    lane: Lane,
    _folder: tempfile::TempDir,
}

impl Shop {
    fn open() -> Result<Self> {
        Self::open_with(false)
    }

    /// Where the chain's own templates lie, in a shop that has some.
    fn templates(&self) -> std::path::PathBuf {
        self.files.paths.data.join("templates")
    }

    fn open_with(templates: bool) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (headquarters, mut files) = open_demo(folder.path())?;
        let point = SimulatedAccessPoint::start("127.0.0.1:0", RadioOptions::with(3, &[PANEL], 0), SPEED)?;
        let gateway = format!("[[gateway]]\nhost = \"{}\"\nspeed = {SPEED}\n", point.addr());
        let own = files.paths.data.join("templates");
        let own_line = if templates { format!("templates = {own:?}\n\n") } else { String::new() };
        if templates {
            std::fs::create_dir_all(&own)?;
            std::fs::write(own.join("normal.strip.svg"), drawing("40"))?;
        }
        std::fs::write(files.paths.data.join("labels.toml"), own_line + &gateway)?;
        files.kill_agent()?;
        files.start_agent()?;
        let lane = sign_in(&files.paths.data)?;
        Ok(Self { point, headquarters, files, lane, _folder: folder })
    }

    fn label(&self, place: usize) -> LabelNumber {
        let number = self.point.with(|radio| radio.macs().nth(place).map(str::to_owned));
        LabelNumber::parse(&number.expect("a label")).expect("a label's number")
    }

    fn bind(&mut self, place: usize, sku: &str) -> Result<LabelNumber> {
        let label = self.label(place);
        let binding = LabelBinding {
            label: label.clone(),
            items: vec![LabelItem::of(sku)],
            template: String::new(),
            slot: "A-1".into(),
        };
        self.lane.feed(Input::BindLabel(Box::new(binding)));
        self.lane.turn(Moment::now(), [Event::Tick]);
        let bound = self.files.count(|record| matches!(record, Record::LabelBound { .. }))?;
        ensure!(bound > 0, "it is in the journal");
        Ok(label)
    }

    fn state(&self, label: &LabelNumber) -> Result<Option<LabelState>> {
        Ok(Shelf::open(&self.files.paths.reference())?.context("open the shelf")?.state(label)?)
    }

    /// Waits until a label was seen to show a price, and it does.
    fn wait_for_face(&self, label: &LabelNumber, price: i64) -> Result<()> {
        wait_for("the label to show the price", || {
            let Some(state) = self.state(label)? else { return Ok(None) };
            let shown = state.shown.as_ref().and_then(|face| face.prices.first()?.price);
            Ok((state.condition == LabelCondition::Shown && shown == Some(price)).then_some(()))
        })?;
        let state = self.state(label)?.context("known")?;
        let face = state.shown.context("shown")?;
        let mut values = Values::default();
        for (name, text) in &face.texts {
            values.set(Field::named(name).context("a field")?, text)?;
        }
        let mut press: Press = fixtures::labels::press(Language::Chinese)?;
        let printed =
            press.print(&face.template, fixtures::labels::panel(PANEL).context("a panel")?, &values)?;
        let inks: Vec<u8> = printed.face.pixels().iter().map(|ink| *ink as u8).collect();
        let hangs = self.point.with(|radio| radio.shown(label.as_str()).map(|shown| shown.colours.clone()));
        ensure!(hangs == Some(inks), "the label itself shows that face");
        Ok(())
    }

    fn sleep(&self, label: &LabelNumber, asleep: bool) {
        self.point.with(|radio| radio.set_asleep(label.as_str(), asleep));
    }

    /// Changes a price at HQ, and waits until the lane has it.
    fn reprice(&mut self, sku: &str, price: &str) -> Result<()> {
        let version = self.files.agent_state()?.version;
        self.headquarters.set_price(sku, price)?;
        self.files.wait_for_goods(version)?;
        Ok(())
    }

    /// Rings an item up and sells it, and gives the line.
    fn sell(&mut self, sku: &str) -> Result<Line> {
        sell(&mut self.lane, sku)
    }
}

fn sign_in(data: &Path) -> Result<Lane> {
    let mut lane = Lane::new(Paths { data: data.to_owned() }, Config::default());
    lane.turn(Moment::now(), [Event::Tick]);
    let press = |button| Event::Action(Action::Press(button));
    let mut keys = vec![press(Button::Staff(0))];
    keys.extend("1234".chars().map(|digit| press(Button::Digit(digit))));
    keys.push(Lane::key_now(Key::Enter));
    lane.turn(Moment::now(), keys);
    ensure!(lane.till().is_some_and(|till| matches!(till.desk(), Desk::Selling(_))), "signed in");
    Ok(lane)
}

fn sell(lane: &mut Lane, sku: &str) -> Result<Line> {
    lane.turn(Moment::now(), [Event::Tick]);
    lane.turn(Moment::now(), [Event::Scan(Scan::parse(&code_of(sku)?))]);
    let press = |button| Event::Action(Action::Press(button));
    lane.turn(Moment::now(), [press(Button::Pay), press(Button::QuickCash(0))]);
    let Desk::Done(_, sale, _) = lane.till().context("open")?.desk() else {
        anyhow::bail!("not paid: {:?}", lane.view().notice);
    };
    sale.lines.first().cloned().context("a line")
}

fn yuan(minor: i64) -> Money {
    Money::from_minor(minor)
}

#[test]
fn a_price_rises_on_the_label_first_and_falls_at_the_till_first() -> Result<()> {
    let mut shop = Shop::open()?;
    let before = shop.sell(WATER)?;
    assert_eq!(before.kept, None);
    let old = before.unit_price;
    let label = shop.bind(0, WATER)?;
    shop.wait_for_face(&label, old.minor())?;

    // Up: the label sleeps, so the till keeps what it shows.
    shop.sleep(&label, true);
    shop.reprice(WATER, "9.90")?;
    let line = shop.sell(WATER)?;
    assert_eq!((line.unit_price, line.item.price), (old, yuan(990)));
    assert_eq!(line.kept, Some(KeptPrice { label: label.to_string(), otherwise: yuan(990) }));

    // The agent is killed and the access point begins anew in the midst of it.
    shop.files.kill_agent()?;
    shop.point.with(fixtures::access_point::Radio::reboot);
    assert_eq!(shop.sell(WATER)?.unit_price, old);
    shop.files.start_agent()?;
    shop.sleep(&label, false);
    shop.wait_for_face(&label, 990)?;
    let line = shop.sell(WATER)?;
    assert_eq!((line.unit_price, line.kept), (yuan(990), None));

    // Down: the till asks less at once, and the label follows when it wakes.
    shop.sleep(&label, true);
    shop.reprice(WATER, "1.20")?;
    assert_eq!(shop.sell(WATER)?.unit_price, yuan(120));
    shop.sleep(&label, false);
    shop.wait_for_face(&label, 120)?;

    // Nothing differs, here and as HQ is told.
    let report = run(Command::new(program("sync-agent")?)
        .args(["labels", "--json", "--data"])
        .arg(&shop.files.paths.data))?;
    let report: serde_json::Value = serde_json::from_str(&report)?;
    assert_eq!(
        (&report["checked"], &report["differing"], &report["bound"]),
        (&1.into(), &0.into(), &1.into())
    );
    let hq = shop.files.paths.data.parent().context("a folder")?.join("hq");
    wait_for("HQ to hear of the label", || {
        let rows = run(Command::new(program("hq")?)
            .args(["labels", "--json", "--store", STORE, "--data"])
            .arg(&hq))?;
        let rows: serde_json::Value = serde_json::from_str(&rows)?;
        let counts = &rows[0]["counts"];
        let is_told = rows[0]["bound"] == 1
            && counts["gateways"] == 1
            && counts["differing"] == 0
            && counts["shown"] == 1
            && counts["checked_ms"].is_i64()
            && counts["batch"]["ended_ms"].is_i64();
        Ok(is_told.then_some(()))
    })
}

#[test]
fn a_label_is_bound_with_hq_down_and_its_old_price_holds_until_somebody_waives_it() -> Result<()> {
    let mut shop = Shop::open()?;
    let old = shop.sell(WATER)?.unit_price;
    // Its agent has heard once that the store has no other lanes.
    let label = shop.label(1);
    wait_for("the access point's labels", || Ok(shop.state(&label)?.map(|_| ())))?;
    wait_for("HQ's word on the lanes", || {
        let summary = Shelf::open(&shop.files.paths.reference())?.context("open the shelf")?.summary()?;
        Ok(summary.lanes_ms)
    })?;
    shop.headquarters.kill()?;
    let label = shop.bind(1, WATER)?;
    shop.wait_for_face(&label, old.minor())?;
    shop.headquarters.start()?;

    shop.sleep(&label, true);
    shop.reprice(WATER, "8.80")?;
    assert_eq!(shop.sell(WATER)?.unit_price, old);
    shop.lane.feed(Input::WaiveLabels { item: LabelItem::of(WATER), reason: "已换纸价签".into() });
    shop.lane.turn(Moment::now(), [Event::Tick]);
    if shop.lane.till().is_some_and(|till| till.pending().is_some()) {
        let staff = domain::record::Staff { id: "m".into(), number: "999".into(), name: "M".into() };
        let rights = domain::rights::Rights::ALL;
        shop.lane.feed(Input::Approve { staff, rights, matches: true, reason: "看过".into() });
        shop.lane.turn(Moment::now(), [Event::Tick]);
    }
    wait_for("the new price at the till", || Ok((shop.sell(WATER)?.unit_price == yuan(880)).then_some(())))?;
    assert_eq!(shop.files.count(|record| matches!(record, Record::LabelsWaived { .. }))?, 1);
    Ok(())
}

#[test]
fn a_lower_price_waits_for_every_lane_of_the_store() -> Result<()> {
    let mut shop = Shop::open()?;
    let folder = shop.files.paths.data.with_file_name("lane2");
    let mut second = LaneFiles::enrol(&folder, &shop.headquarters, STORE, 2)?;
    second.wait_for_goods(0)?;
    // A lane that is enrolled counts from the agent's next report on.
    wait_for("the second lane at the first one's agent", || {
        let summary = Shelf::open(&shop.files.paths.reference())?.context("open the shelf")?.summary()?;
        Ok(summary.lanes.iter().any(|lane| lane.lane == 2).then_some(()))
    })?;
    let old = shop.sell(WATER)?.unit_price;
    let label = shop.bind(0, WATER)?;
    shop.wait_for_face(&label, old.minor())?;

    // The second lane's agent is away: the label keeps its price, and says for whom it waits.
    second.kill_agent()?;
    shop.reprice(WATER, "0.80")?;
    assert_eq!(shop.sell(WATER)?.unit_price, yuan(80));
    wait_for("the label to be held back", || {
        let state = shop.state(&label)?.context("known")?;
        Ok((state.held == Some(HeldBack::Lanes { lanes: vec![2] })).then_some(()))
    })?;
    let mut other = sign_in(&folder)?;
    assert_eq!(sell(&mut other, WATER)?.unit_price, old);
    second.start_agent()?;
    shop.wait_for_face(&label, 80)?;
    assert_eq!(sell(&mut other, WATER)?.unit_price, yuan(80));

    // Up: both tills keep what the label shows.
    shop.sleep(&label, true);
    let version = second.agent_state()?.version;
    shop.reprice(WATER, "7.70")?;
    second.wait_for_goods(version)?;
    assert_eq!(sell(&mut other, WATER)?.unit_price, yuan(80));
    assert_eq!(shop.sell(WATER)?.unit_price, yuan(80));
    shop.sleep(&label, false);
    shop.wait_for_face(&label, 770)?;
    wait_for("the second lane's new price", || {
        Ok((sell(&mut other, WATER)?.unit_price == yuan(770)).then_some(()))
    })
}

#[test]
fn an_agent_that_lost_its_file_keeps_to_what_hq_remembers_of_its_labels() -> Result<()> {
    let mut shop = Shop::open()?;
    let old = shop.sell(WATER)?.unit_price;
    let label = shop.bind(0, WATER)?;
    shop.wait_for_face(&label, old.minor())?;
    let data = shop.files.paths.data.clone();
    let reference = shop.files.paths.reference();
    wait_for("HQ's echo of what the label shows", || {
        let caps = Shelf::open(&reference)?.context("open the shelf")?.caps()?;
        Ok(caps.iter().any(|cap| cap.lane == 1 && cap.price == Some(old.minor())).then_some(()))
    })?;
    shop.files.wait_for_acknowledgement()?;
    shop.sleep(&label, true);

    // The agent's file is gone; the lane is enrolled anew, and the price is another one by then.
    shop.files.kill_agent()?;
    let elsewhere = tempfile::tempdir()?;
    shop.lane = Lane::new(Paths { data: elsewhere.path().to_owned() }, Config::default());
    for file in ["reference.db", "reference.db-wal", "reference.db-shm"] {
        let file = data.join(file);
        if file.exists() {
            std::fs::remove_file(file)?;
        }
    }
    shop.headquarters.set_price(WATER, "9.90")?;
    let code = shop.headquarters.code(STORE, 1)?;
    run(Command::new(program("sync-agent")?)
        .args(["enrol", "--replace", "--hq", &shop.headquarters.url(), "--code", &code, "--data"])
        .arg(&data))?;
    shop.files.start_agent()?;
    shop.files.wait_for_goods(0)?;
    shop.lane = sign_in(&data)?;
    assert_eq!(shop.sell(WATER)?.unit_price, old);
    wait_for("the agent to keep labels again", || {
        let shelf = Shelf::open(&reference)?.context("open the shelf")?;
        Ok((shelf.position()?.1 && shelf.state(&label)?.is_some()).then_some(()))
    })?;
    assert_eq!(shop.sell(WATER)?.unit_price, old, "the label still shows it");
    shop.sleep(&label, false);
    shop.wait_for_face(&label, 990)?;
    assert_eq!(shop.sell(WATER)?.unit_price, yuan(990));
    Ok(())
}

#[test]
fn a_label_flashes_for_whoever_looks_for_it() -> Result<()> {
    let shop = Shop::open()?;
    let label = shop.label(2);
    wait_for("the access point's labels", || Ok(shop.state(&label)?.map(|_| ())))?;
    let ask = |question: Question| -> Result<Answer> {
        let mut line = UnixStream::connect(shop.files.paths.data.join("agent.sock"))?;
        line.write_all(&encode_frame(&Asked { v: ASK_VERSION, number: 1, question })?)?;
        let (mut reader, mut bytes) = (FrameReader::default(), [0; 1_024]);
        loop {
            let read = line.read(&mut bytes)?;
            ensure!(read > 0, "the agent hung up");
            reader.push(&bytes[..read]);
            if let Some(answered) = reader.message::<Answered>()? {
                return Ok(answered.answer);
            }
        }
    };
    let flash = |label: String| Question::FlashLabel { label, colour: [0, 255, 0], seconds: 5 };
    assert_eq!(ask(flash(label.to_string()))?, Answer::LabelAsked {});
    wait_for("the flash", || {
        Ok(shop.point.with(|radio| (!radio.flashes(label.as_str()).is_empty()).then_some(())))
    })?;
    let unknown = "00000000000000FF".to_owned();
    let not_seen = Answer::LabelNotAsked { why: protocol::ask::LabelNotAsked::NotSeen };
    assert_eq!(ask(flash(unknown.clone()))?, not_seen);
    assert_eq!(ask(Question::ResendLabel { label: unknown })?, not_seen);
    Ok(())
}

#[test]
fn labels_of_a_condition_are_sent_their_faces_again() -> Result<()> {
    let mut shop = Shop::open()?;
    let old = shop.sell(WATER)?.unit_price;
    let label = shop.label(0);
    wait_for("the access point's labels", || Ok(shop.state(&label)?.map(|_| ())))?;
    shop.sleep(&label, true);
    shop.bind(0, WATER)?;
    wait_for("the label to be given up", || {
        let state = shop.state(&label)?.context("known")?;
        Ok((state.condition == LabelCondition::GivenUp).then_some(()))
    })?;
    let resend = |condition: &str| {
        Command::new(program("sync-agent")?)
            .args(["labels", "--resend", condition, "--data"])
            .arg(&shop.files.paths.data)
            .output()
            .context("run sync-agent")
    };
    let wrong = resend("sleepy")?;
    ensure!(String::from_utf8_lossy(&wrong.stderr).contains("given_up"), "the names are said");
    assert_eq!(String::from_utf8_lossy(&resend("held")?.stdout), "0 labels are held; 0 are sent again\n");
    shop.sleep(&label, false);
    let said = resend("given_up")?;
    assert_eq!(String::from_utf8_lossy(&said.stdout), "1 labels are given_up; 1 are sent again\n");
    shop.wait_for_face(&label, old.minor())
}

#[test]
fn a_price_is_struck_where_hq_has_heard_of_nobody_who_paid_less() -> Result<()> {
    let mut shop = Shop::open()?;
    let list = shop.sell(WATER)?.unit_price;
    // Tea was cheaper two sales ago.
    shop.reprice(TEA, "4.00")?;
    wait_for("tea at four yuan", || Ok((shop.sell(TEA)?.unit_price == yuan(400)).then_some(())))?;
    shop.reprice(TEA, "9.00")?;
    wait_for("tea at nine yuan", || Ok((shop.sell(TEA)?.unit_price == yuan(900)).then_some(())))?;
    let begins_ms = Moment::now().now_ms;
    shop.sell(WATER)?;
    let sold = shop.files.count(|record| matches!(record, Record::SaleCompleted { .. }))? as u64;
    wait_for("HQ to have every sale", || Ok((shop.headquarters.sums()?.0 >= sold).then_some(())))?;

    let (water, tea) = (shop.bind(0, WATER)?, shop.bind(1, TEA)?);
    shop.wait_for_face(&water, list.minor())?;
    shop.headquarters.promote("p-water", WATER, list.minor() - 50, begins_ms)?;
    shop.headquarters.promote("p-tea", TEA, 300, begins_ms)?;
    shop.wait_for_face(&water, list.minor() - 50)?;
    wait_for("the price to be struck", || {
        let shown = shop.state(&water)?.and_then(|state| state.shown).context("shown")?;
        Ok(shown
            .texts
            .get("was_price")
            .map(|was| assert_eq!(*was, format!("{}.{:02}", list.minor() / 100, list.minor() % 100))))
    })?;
    shop.wait_for_face(&tea, 300)?;
    let not = wait_for("why tea's is not", || {
        let state = shop.state(&tea)?.context("known")?;
        Ok(state.not_struck.filter(|not| not.why != WhyNotStruck::NotKnownYet))
    })?;
    assert_eq!((not.was, not.why), (900, WhyNotStruck::SoldForLess(400)));
    let report = run(Command::new(program("sync-agent")?)
        .args(["labels", "--json", "--data"])
        .arg(&shop.files.paths.data))?;
    let report: serde_json::Value = serde_json::from_str(&report)?;
    assert_eq!(report["not_struck"], 1);
    assert_eq!(report["not_struck_named"][0][0], tea.to_string());

    // What is known is kept: HQ away and the agent begun anew, the price stays struck.
    shop.headquarters.kill()?;
    shop.files.kill_agent()?;
    shop.files.start_agent()?;
    wait_for("the agent to have looked", || {
        let state = shop.state(&water)?.context("known")?;
        let struck = state.wanted.is_some_and(|face| face.texts.contains_key("was_price"));
        Ok((state.condition == LabelCondition::Shown && struck).then_some(()))
    })
}

#[test]
fn a_drawing_that_is_changed_reaches_the_labels_that_show_the_one_before() -> Result<()> {
    let mut shop = Shop::open_with(true)?;
    let price = shop.sell(WATER)?.unit_price;
    let label = shop.bind(0, WATER)?;
    wait_for("the first drawing", || {
        let shown = shop.point.with(|radio| radio.shown(label.as_str()).map(|shown| shown.colours.clone()));
        Ok(shown.filter(|_| {
            shop.state(&label).ok().flatten().is_some_and(|state| state.condition == LabelCondition::Shown)
        }))
    })?;
    let before = shop.point.with(|radio| radio.shown(label.as_str()).map(|shown| shown.colours.clone()));
    let uploads = shop.point.with(|radio| radio.uploads_taken());
    std::fs::write(shop.templates().join("normal.strip.svg"), drawing("48"))?;
    wait_for("the new drawing", || {
        let now = shop.point.with(|radio| radio.shown(label.as_str()).map(|shown| shown.colours.clone()));
        Ok((now != before).then_some(()))
    })?;
    wait_for("it to be confirmed", || {
        let state = shop.state(&label)?.context("known")?;
        let shows = state.shown.as_ref().and_then(|face| face.prices.first()?.price);
        Ok((state.condition == LabelCondition::Shown && shows == Some(price.minor())).then_some(()))
    })?;
    let taken = shop.point.with(|radio| radio.uploads_taken()) - uploads;
    assert_eq!(taken, 1, "one face for one label");
    Ok(())
}

/// How far ahead a batch is armed here: its lane has it in a second or two, and nobody waits a minute.
const ARMED_AHEAD_MS: i64 = 15_000;

#[test]
fn a_batch_of_prices_and_promotions_begins_at_its_instant_with_hq_dead() -> Result<()> {
    let mut shop = Shop::open()?;
    let (water, tea) = (shop.sell(WATER)?, shop.sell(TEA)?);
    let labels = [shop.bind(0, WATER)?, shop.bind(1, TEA)?];
    shop.wait_for_face(&labels[0], water.unit_price.minor())?;
    shop.wait_for_face(&labels[1], tea.unit_price.minor())?;

    // HQ asks for a minute; its clock is told an earlier time.
    let at_ms = Moment::now().now_ms + ARMED_AHEAD_MS;
    let promotion = serde_json::json!({
        "id": "batch-tea", "name_zh": "特价", "name_en": "Special", "skus": [TEA], "type": "fixed_price", "price": 111,
        "from_ms": at_ms
    });
    let price = PriceRow {
        list: "week".into(),
        sku: WATER.into(),
        unit: String::new(),
        scope: PriceScope::Chain,
        audience: Audience::Everyone,
        from_ms: at_ms,
        until_ms: None,
        price: 990,
    };
    let batch = Batch {
        id: "week-48".into(),
        at_ms,
        prices: vec![price],
        promotions: vec![serde_json::from_value(promotion)?],
        rules: Vec::new(),
        ends: Vec::new(),
    };
    let hq = shop.files.paths.data.parent().context("a folder")?.join("hq");
    let armed = hq::store::Store::open(&hq.join(hq::store::FILE_NAME))?
        .write::<_, BatchError>(|writing| batches::arm(writing, &batch, at_ms - AHEAD_MIN_MS))?;
    wait_for("the batch at the lane", || {
        Ok((shop.files.agent_state()?.version >= armed.version).then_some(()))
    })?;
    shop.headquarters.kill()?;
    let before = [shop.sell(WATER)?, shop.sell(TEA)?].map(|line| line.unit_price);
    ensure!(Moment::now().now_ms < at_ms, "the batch came to the lane after its instant");
    assert_eq!(before, [water.unit_price, tea.unit_price]);

    // What rises rises on the label first; what falls falls at the till first. Nobody is there to say so.
    shop.wait_for_face(&labels[1], 111)?;
    shop.wait_for_face(&labels[0], 990)?;
    let (water, tea) = (shop.sell(WATER)?, shop.sell(TEA)?);
    assert_eq!((water.unit_price, water.kept), (yuan(990), None));
    assert_eq!((tea.unit_price, tea.promotion.is_some()), (yuan(111), true));
    Ok(())
}
