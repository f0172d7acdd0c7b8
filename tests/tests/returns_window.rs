//! A member brings goods back without the receipt, before the real window of the real program: by the keyboard alone and
//! by touch alone. What was pressed is counted. HQ, agent, printer and scanner are real programs and simulated devices.
//! Pictures lie in `target/returns`.

// A journey asks for the records it is about, and for no others.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::record::Record;
use domain::sale::Sale;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use pos_app::config::{Config, Payment};
use pos_app::lane::Moment;
use tests::display::Display;
use tests::process::{program, wait_for};
use tests::shop::{Counter, Headquarters, code_of, open_demo};
use tests::stand::{Stand, reference};
use ui::Key;

const WIDTH: u32 = 1_024;
const HEIGHT: u32 = 768;

const JUICE: &str = "100028";

/// A gold member's card and telephone.
const GOLD_CARD: &str = "M00000005C";
const GOLD_PHONE: &str = "00000000005";

/// So long a hand takes from one thing to the next; more than the till waits before it takes another Return.
const HAND: Duration = Duration::from_millis(1_300);

/// A manager's counter at which a member has bought.
struct Journey {
    display: Display,
    counter: Counter,
    pictures: PathBuf,
    name: &'static str,
    drawn: u32,
    actions: usize,
    _folder: tempfile::TempDir,
    _headquarters: Headquarters,
}

impl Journey {
    fn begin(name: &'static str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let (headquarters, files) = open_demo(folder.path())?;
        let mut counter = Counter::set_up(files, None)?;
        let display = Display::start(WIDTH, HEIGHT)?;
        counter.start_till(&display, &format!("{WIDTH}x{HEIGHT}"))?;
        counter.sign_in(&display, "301", "4567")?;
        let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("returns");
        std::fs::create_dir_all(&pictures)?;
        let (_folder, _headquarters) = (folder, headquarters);
        let mut journey =
            Self { display, counter, pictures, name, drawn: 0, actions: 0, _folder, _headquarters };
        journey.display.calm()?;
        journey.counter.scanner.scan(GOLD_CARD)?;
        journey.wait("a member", |record| matches!(record, Record::MemberJoined { .. }))?;
        journey.display.calm()?;
        journey.counter.scanner.scan(&code_of(JUICE)?)?;
        journey.counter.wait_for_lines(1)?;
        journey.keys(&["space", "1", "0"])?;
        journey.keys(&["Return"])?;
        journey.counter.wait_for_sales(1)?;
        journey.counter.files.wait_for_acknowledgement()?;
        journey.keys(&["Escape"])?;
        journey.actions = 0;
        Ok(journey)
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = self.pictures.join(format!("{}-{:02}-{name}.png", self.name, self.drawn));
        self.display.screenshot(&file).map(drop)
    }

    fn keys(&mut self, names: &[&str]) -> Result<()> {
        self.actions += names.len();
        std::thread::sleep(HAND);
        self.display.calm()?;
        self.display.keys(names)
    }

    fn wait(&self, what: &str, such: impl Fn(&Record) -> bool) -> Result<()> {
        self.counter.files.wait_for_count(what, 1, such)
    }

    fn sales(&self) -> Result<Vec<(u64, Sale)>> {
        let of = |record| if let Record::SaleCompleted { sale } = record { Some(*sale) } else { None };
        let stored = self.counter.files.records()?.into_iter();
        Ok(stored.filter_map(|stored| Some((stored.seq, of(stored.record)?))).collect())
    }

    /// The juice came back to the sale that it was bought in, and nothing else did.
    fn check(&mut self) -> Result<()> {
        self.counter.wait_for_sales(2)?;
        self.picture("done")?;
        let sales = self.sales()?;
        let [(bought, _), (_, back)] = sales.as_slice() else {
            anyhow::bail!("{} documents were written", sales.len())
        };
        let origins: Vec<_> = back.returns.iter().map(|back| back.origin.as_ref().map(|of| of.seq)).collect();
        ensure!(origins == [Some(*bought)], "{origins:?}");
        self.counter.files.wait_for_acknowledgement()
    }
}

#[test]
fn a_member_gives_back_without_the_receipt_by_the_keyboard_alone() -> Result<()> {
    let mut journey = Journey::begin("keys")?;
    journey.keys(&["F5", "F7"])?;
    journey.actions += GOLD_PHONE.len();
    journey.display.type_text(GOLD_PHONE)?;
    journey.keys(&["Return"])?;
    journey.picture("found")?;
    journey.keys(&["Return"])?;
    journey.wait("a return", |record| matches!(record, Record::ReturnBegun { .. }))?;
    journey.keys(&["F7"])?;
    journey.wait("goods that came back", |record| matches!(record, Record::LineReturned { .. }))?;
    journey.picture("taken")?;
    journey.keys(&["F8", "Return"])?;
    journey.check()?;
    println!("by keys: {} actions, {} of them digits of the telephone", journey.actions, GOLD_PHONE.len());
    ensure!(journey.actions <= 18, "{} actions are more than a cashier's patience", journey.actions);
    Ok(())
}

/// A lane without a display that does the same: it knows where things are.
struct Mirror {
    stand: Stand,
    _files: tempfile::TempDir,
}

impl Mirror {
    fn open() -> Result<Self> {
        i_slint_backend_testing::init_no_event_loop();
        let files = tempfile::tempdir()?;
        reference(files.path(), 1)?;
        let config = Config { payment: Payment { card: true, ..Payment::default() }, ..Config::default() };
        // 2026-11-21 10:00 in Shanghai.
        let morning = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };
        let mut stand = Stand::open(files.path(), config, morning)?;
        stand.screen.set_size(WIDTH, HEIGHT);
        stand.screen.show()?;
        stand.sign_in("301", "4567");
        stand.scan(GOLD_CARD);
        stand.scan(&code_of(JUICE)?);
        stand.key(Key::Char(' '));
        stand.enter("10");
        stand.key(Key::Escape);
        Ok(Self { stand, _files: files })
    }
}

/// Touches what is called so, or ends so, where the mirror has it.
fn tap(journey: &mut Journey, mirror: &mut Mirror, label: &str) -> Result<()> {
    std::thread::sleep(HAND);
    journey.actions += 1;
    journey.display.calm()?;
    let window = mirror.stand.screen.window();
    let of = |role| ElementQuery::from_root(window).match_accessible_role(role).find_all();
    let all = [of(AccessibleRole::Button), of(AccessibleRole::ListItem)].concat();
    let labels: Vec<_> = all.iter().filter_map(ElementHandle::accessible_label).collect();
    let is_it = |exactly: bool| {
        all.iter().find(|element| {
            let is_shown = element.size().width > 0.0 && element.size().height > 0.0;
            let called = element.accessible_label();
            let called = called.as_deref().unwrap_or_default();
            is_shown && if exactly { called == label } else { called.ends_with(label) }
        })
    };
    let element = is_it(true).or_else(|| is_it(false));
    let element = element.with_context(|| format!("{label} among {labels:?}"))?;
    let (at, size) = (element.absolute_position(), element.size());
    journey.display.tap((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32)?;
    element.invoke_accessible_default_action();
    mirror.stand.moment.now_ms += 2_000;
    mirror.stand.settle();
    Ok(())
}

#[test]
fn a_member_gives_back_without_the_receipt_by_touch_alone() -> Result<()> {
    let mut journey = Journey::begin("touch")?;
    let mut mirror = Mirror::open()?;
    tap(&mut journey, &mut mirror, "菜单")?;
    tap(&mut journey, &mut mirror, "退货 / 换货")?;
    tap(&mut journey, &mut mirror, "按会员找")?;
    for digit in GOLD_PHONE.chars() {
        tap(&mut journey, &mut mirror, &digit.to_string())?;
    }
    tap(&mut journey, &mut mirror, "查小票")?;
    journey.picture("found")?;
    tap(&mut journey, &mut mirror, "本台")?;
    wait_for("a return", || {
        let begun = |record: &Record| matches!(record, Record::ReturnBegun { .. });
        Ok((journey.counter.files.count(begun)? == 1).then_some(()))
    })?;
    tap(&mut journey, &mut mirror, "全部退")?;
    journey.wait("goods that came back", |record| matches!(record, Record::LineReturned { .. }))?;
    tap(&mut journey, &mut mirror, "去退款")?;
    journey.picture("money")?;
    tap(&mut journey, &mut mirror, "退款")?;
    journey.check()?;
    println!("by touch: {} actions, {} of them digits of the telephone", journey.actions, GOLD_PHONE.len());
    ensure!(journey.actions <= 20, "{} touches are more than a cashier's patience", journey.actions);
    Ok(())
}
