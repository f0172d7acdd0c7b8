//! A cashier's whole day by touch alone, a customer's at a kiosk, and a morning of the staff with shelf labels, before the real window of the real program: no key of any keyboard, and nothing
//! scanned. What is touched is found in a second lane without a display that does the same, by the label that a screen reader
//! reads. How many touches each job took is printed; pictures lie in `target/touch`.

// A journey asks for the records it is about, and for no others.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::record::Record;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use pos_app::config::{self, Config, Mode, Payment};
use pos_app::lane::Moment;
use tests::display::Display;
use tests::kiosk::KioskStand;
use tests::labels;
use tests::process::{Running, program};
use tests::shop::{Counter, Headquarters, code_of, open_demo};
use tests::stand::{Stand, reference};
use ui::kiosk::KioskPage;
use ui::view::Screen;

const WATER: &str = "100001";

/// A gold member's telephone number, which nobody has.
const GOLD_PHONE: &str = "00000000005";

/// The least that a finger can hit, pixels: some 14 mm on a till of 15 inches.
const TARGET: f32 = 54.0;

/// So long a hand takes where the till waits for a second look; more than it waits.
const HAND: Duration = Duration::from_millis(1_300);

/// A real till and its mirror, and a finger on both.
struct Day {
    display: Display,
    counter: Counter,
    mirror: Stand,
    size: (u32, u32),
    pictures: PathBuf,
    drawn: u32,
    touches: u32,
    jobs: Vec<(&'static str, u32)>,
    headquarters: Headquarters,
    _folder: tempfile::TempDir,
    _mirror_files: tempfile::TempDir,
}

impl Day {
    fn begin(width: u32, height: u32) -> Result<Self> {
        i_slint_backend_testing::init_no_event_loop();
        let folder = tempfile::tempdir()?;
        let (headquarters, files) = open_demo(folder.path())?;
        let mut counter = Counter::set_up(files, None)?;
        let file = counter.files.paths.config();
        let text = format!("language = \"en\"\n{}", std::fs::read_to_string(&file)?);
        std::fs::write(&file, text)?;
        let display = Display::start(width, height)?;
        counter.start_till(&display, &format!("{width}x{height}"))?;
        let mirror_files = tempfile::tempdir()?;
        reference(mirror_files.path(), 1)?;
        let config = Config {
            language: config::Language::En,
            printer: Some(config::Printer::new("127.0.0.1:1", "xprinter-xp80")),
            payment: Payment { card: true, ..Payment::default() },
            ..Config::default()
        };
        let mirror = Stand::open(mirror_files.path(), config, Moment::now())?;
        mirror.screen.set_size(width, height);
        mirror.screen.show()?;
        let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("touch");
        std::fs::create_dir_all(&pictures)?;
        let (size, drawn, touches, jobs) = ((width, height), 0, 0, Vec::new());
        let (_folder, _mirror_files) = (folder, mirror_files);
        Ok(Self {
            display,
            counter,
            mirror,
            size,
            pictures,
            drawn,
            touches,
            jobs,
            headquarters,
            _folder,
            _mirror_files,
        })
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = format!("{}-{:02}-{name}.png", self.size.0, self.drawn);
        self.display.screenshot(&self.pictures.join(file)).map(drop)
    }

    /// What is called so in the mirror, and can be touched: what is drawn last lies on top.
    fn find(&self, label: &str) -> Option<ElementHandle> {
        let root = self.mirror.screen.window();
        [AccessibleRole::Button, AccessibleRole::ListItem, AccessibleRole::Tab, AccessibleRole::TextInput]
            .into_iter()
            .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
            .filter(|element| element.accessible_label().as_deref() == Some(label))
            .last()
    }

    fn labels(&self) -> Vec<String> {
        let root = self.mirror.screen.window();
        [AccessibleRole::Button, AccessibleRole::ListItem]
            .into_iter()
            .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
            .filter_map(|element| element.accessible_label().map(|label| label.to_string()))
            .collect()
    }

    /// The middle of what is called so; it must be large enough, and whole in the window.
    fn middle(&self, label: &str) -> Result<(ElementHandle, u32, u32)> {
        let element = self.find(label).with_context(|| format!("{label:?} among {:?}", self.labels()))?;
        let (at, size) = (element.absolute_position(), element.size());
        ensure!(
            size.width >= TARGET && size.height >= TARGET,
            "{label:?} is {size:?}: too small for a finger"
        );
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x + size.width <= width && at.y + size.height <= height;
        ensure!(inside, "{label:?} at {at:?}, {size:?} is not whole in the window");
        let (x, y) = ((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32);
        Ok((element, x, y))
    }

    fn touch(&mut self, label: &str) -> Result<()> {
        self.display.calm()?;
        let (element, x, y) = self.middle(label)?;
        self.display.tap(x, y)?;
        self.touches += 1;
        element.invoke_accessible_default_action();
        // Nobody is quicker than the till waits.
        self.mirror.moment.now_ms += i64::try_from(HAND.as_millis())?;
        self.mirror.settle();
        Ok(())
    }

    fn digits(&mut self, digits: &str) -> Result<()> {
        self.two_digits(digits, digits)
    }

    /// Digits that differ in both lanes, such as a receipt's number.
    fn two_digits(&mut self, real: &str, mirror: &str) -> Result<()> {
        for digit in real.chars() {
            self.display.calm()?;
            let (_, x, y) = self.middle(&digit.to_string())?;
            self.display.tap(x, y)?;
            self.touches += 1;
        }
        for digit in mirror.chars() {
            let (element, ..) = self.middle(&digit.to_string())?;
            element.invoke_accessible_default_action();
            self.mirror.settle();
        }
        Ok(())
    }

    /// A row of the menu, by its number on the keypad where it is not in sight.
    fn menu(&mut self, name: &str) -> Result<()> {
        self.touch("Menu")?;
        if self.find(name).is_some() && self.middle(name).is_ok() {
            return self.touch(name);
        }
        let rows = self.mirror.lane.view().sheet.context("the menu")?.rows;
        let row = rows.iter().find(|row| row.name == name).with_context(|| format!("{name} in the menu"))?;
        let number = row.key.clone();
        self.digits(&number)?;
        self.touch("Open")
    }

    fn wait(&self, what: &str, count: usize, such: impl Fn(&Record) -> bool) -> Result<()> {
        self.counter.files.wait_for_count(what, count, such)
    }

    fn so_far(&self, such: impl Fn(&Record) -> bool) -> Result<usize> {
        self.counter.files.count(such)
    }

    fn sales(&self) -> Result<usize> {
        self.so_far(is_sale)
    }

    /// What the till reads a second time before it takes it.
    fn look(&self) -> Result<()> {
        std::thread::sleep(HAND);
        self.display.calm()
    }

    fn over(&mut self, job: &'static str) {
        let touches = std::mem::take(&mut self.touches);
        self.jobs.push((job, touches));
    }

    fn approve(&mut self) -> Result<()> {
        let approved = |record: &Record| matches!(record, Record::Approved { .. });
        let before = self.so_far(approved)?;
        self.digits("201")?;
        self.go()?;
        self.digits("3456")?;
        self.go()?;
        self.wait("an approval", before + 1, approved)
    }

    /// The one big key, whatever it says.
    fn go(&mut self) -> Result<()> {
        let view = self.mirror.lane.view();
        let label = match (&view.sheet, &view.screen) {
            (Some(sheet), _) => sheet.go.clone(),
            (None, Screen::SignIn(_)) => "Sign in".to_owned(),
            (None, Screen::Pay(_)) => "Finish".to_owned(),
            (None, Screen::Done(_)) => "Next customer".to_owned(),
            (None, _) => "Pay".to_owned(),
        };
        self.touch(&label)
    }

    fn sign_in(&mut self, number: &str, pin: &str) -> Result<()> {
        let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
        let before = self.so_far(signed_in)?;
        let Screen::SignIn(shown) = self.mirror.lane.view().screen else { bail!("nobody may sign in") };
        let person = shown.staff.iter().find(|person| person.number == number).context("somebody")?;
        let name = person.name.clone();
        self.touch(&name)?;
        self.digits(pin)?;
        self.touch("Sign in")?;
        self.wait("somebody to sign in", before + 1, signed_in)?;
        self.look()
    }

    fn pay_exactly(&mut self) -> Result<()> {
        let before = self.sales()?;
        self.touch("Pay")?;
        let Screen::Pay(pay) = self.mirror.lane.view().screen else { bail!("nothing is paid") };
        let exact = pay.quick.first().context("a quick amount")?.clone();
        self.touch(&exact)?;
        self.next_customer(before + 1)
    }

    fn next_customer(&mut self, sales: usize) -> Result<()> {
        self.wait("a sale", sales, is_sale)?;
        self.look()?;
        self.touch("Next customer")
    }

    fn water(&mut self) -> Result<()> {
        let added = |record: &Record| matches!(record, Record::LineAdded { .. });
        let before = self.so_far(added)?;
        self.digits(&code_of(WATER)?)?;
        self.touch("Enter")?;
        self.wait("a line", before + 1, added)
    }
}

fn is_sale(record: &Record) -> bool {
    matches!(record, Record::SaleCompleted { .. })
}

fn day(at: &mut Day) -> Result<()> {
    let added = |record: &Record| matches!(record, Record::LineAdded { .. });
    at.sign_in("101", "1234")?;
    at.over("sign in");

    let Screen::Sell(sell) = at.mirror.lane.view().screen else { bail!("nothing is sold") };
    let ui::view::Side::Grid { tiles, tabs, .. } = sell.side else { bail!("no grid") };
    // One that is not weighed.
    let tile = tiles.iter().find(|tile| !tile.price.contains('/')).context("a pinned tile")?.name.clone();
    at.touch(&tile)?;
    at.wait("goods from the grid", 1, added)?;
    at.touch(tabs.get(1).context("a category")?)?;
    at.picture("category")?;
    at.touch(&tabs[0])?;
    at.water()?;
    at.digits("3")?;
    at.touch("Quantity")?;
    at.wait("a quantity", 1, |record| matches!(record, Record::LineQuantitySet { .. }))?;
    at.touch("Pay")?;
    at.digits("100")?;
    let sales = at.sales()?;
    at.touch("Finish")?;
    at.picture("change")?;
    at.next_customer(sales + 1)?;
    at.over("sell by grid, by code and by quantity, with change");

    let lines = at.so_far(added)?;
    at.digits("11001")?;
    at.touch("Enter")?;
    at.digits("530")?;
    at.touch("Enter")?;
    at.wait("fruit by weight", lines + 1, added)?;
    at.over("weigh fruit by its number");

    at.touch("Entry")?;
    at.touch("q")?;
    at.touch("q")?;
    at.picture("letters")?;
    at.touch("Add")?;
    at.wait("goods by initials", lines + 2, added)?;
    at.touch("Void")?;
    at.wait("a void", 1, |record| matches!(record, Record::LineVoided { .. }))?;
    at.over("find goods by initials, and take the line back");

    at.touch("Member")?;
    at.digits(GOLD_PHONE)?;
    at.go()?;
    at.wait("a member", 1, |record| matches!(record, Record::MemberJoined { .. }))?;
    at.picture("member")?;
    at.over("find a member by telephone");

    at.touch("Park")?;
    at.go()?;
    at.wait("a parked basket", 1, |record| matches!(record, Record::BasketParked { .. }))?;
    at.water()?;
    at.pay_exactly()?;
    at.touch("Recall")?;
    at.go()?;
    at.wait("a recalled basket", 1, |record| matches!(record, Record::BasketRecalled { .. }))?;
    at.over("park, serve another, recall");

    at.touch("Pay")?;
    at.digits("1")?;
    at.touch("Part in cash")?;
    at.wait("a part", 1, |record| matches!(record, Record::TenderAdded { .. }))?;
    let sales = at.sales()?;
    at.touch("Card")?;
    at.wait("a card", 1, |record| matches!(record, Record::PaymentBegun { .. }))?;
    at.picture("card")?;
    at.go()?;
    at.next_customer(sales + 1)?;
    at.over("pay a part in cash, the rest by card");

    at.water()?;
    at.pay_exactly()?;
    let real = at.counter.files.records()?;
    let real = real.iter().rev().find(|stored| is_sale(&stored.record)).context("a sale")?.seq.to_string();
    let journal = at.mirror.lane.journal().context("the mirror's journal")?;
    let last = (1..=journal.head().seq)
        .rev()
        .find(|seq| journal.record(*seq).is_ok_and(|stored| is_sale(&stored.record)));
    let mirror = last.context("a sale in the mirror")?.to_string();
    at.menu("Return or exchange")?;
    at.two_digits(&real, &mirror)?;
    at.go()?;
    at.look()?;
    at.picture("return")?;
    if at.mirror.lane.till().is_some_and(|till| till.pending().is_some()) {
        at.approve()?;
    }
    at.look()?;
    at.touch("All of it")?;
    at.approve()?;
    at.wait("goods back", 1, |record| matches!(record, Record::LineReturned { .. }))?;
    at.look()?;
    let sales = at.sales()?;
    if at.find("Pay back").is_some() {
        at.touch("Pay back")?;
    } else {
        at.touch("Pay back")?;
    }
    at.touch("Pay out")?;
    at.next_customer(sales + 1)?;
    at.over("return by the number that is typed");

    at.touch("Lock")?;
    at.wait("a lock", 1, |record| matches!(record, Record::Locked { .. }))?;
    at.sign_in("201", "3456")?;
    at.over("lock, and let a supervisor take over");

    for (moves, (name, amount)) in (1..).zip([("Cash in", "50"), ("Cash out", "20"), ("Safe drop", "10")]) {
        at.menu(name)?;
        at.digits(amount)?;
        at.go()?;
        at.wait(name, moves, |record| matches!(record, Record::CashMoved { .. }))?;
        at.look()?;
    }
    at.over("cash in, cash out, a safe drop");

    at.menu("Dark colours")?;
    at.touch("Back")?;
    at.menu("Language 中文")?;
    at.picture("dark-chinese")?;
    at.touch("返回")?;
    at.touch("菜单")?;
    let rows = at.mirror.lane.view().sheet.context("the menu")?.rows;
    let back = rows.iter().find(|row| row.name == "语言 English").context("the language")?.key.clone();
    at.digits(&back)?;
    at.touch("打开")?;
    at.touch("Back")?;
    at.over("dark colours, Chinese and back");

    at.menu("Look at the shift (X)")?;
    at.picture("x")?;
    at.touch("Back")?;
    at.over("look at the shift");

    at.menu("Count the drawer")?;
    at.digits("1")?;
    at.touch("All counted")?;
    at.wait("a count", 1, |record| matches!(record, Record::CashCounted { .. }))?;
    at.look()?;
    at.picture("z")?;
    at.go()?;
    at.wait("the end", 1, |record| matches!(record, Record::ShiftClosed { .. }))?;
    at.over("count, and close the shift");

    at.counter.files.wait_for_acknowledgement()?;
    let (till, hq) = (at.counter.files.sums()?, at.headquarters.sums()?);
    ensure!(till == hq, "the till has {till:?}, HQ {hq:?}");
    Ok(())
}

fn whole_day(width: u32, height: u32) {
    let mut at = Day::begin(width, height).expect("a shop");
    let ended = day(&mut at);
    if let Err(error) = ended {
        at.picture("failed").expect("a picture");
        let last = at.jobs.last().map_or("nothing", |(job, _)| job);
        let shown = at.mirror.lane.view();
        panic!(
            "after {last:?}: {error:#}; the screen is in {}; the mirror shows {shown:#?}",
            at.pictures.display()
        );
    }
    println!("{width}x{height}\n{:>7}  job", "touches");
    for (job, touches) in &at.jobs {
        println!("{touches:>7}  {job}");
    }
    println!("{:>7}  the whole day", at.jobs.iter().map(|(_, touches)| touches).sum::<u32>());
}

#[test]
fn a_cashier_gets_through_a_day_by_touch_alone() {
    whole_day(1_024, 768);
}

#[test]
fn a_cashier_gets_through_a_day_by_touch_alone_on_a_large_screen() {
    whole_day(1_920, 1_080);
}

/// The least that a finger can hit at a kiosk, pixels: 15 mm on the smallest screen that stands upright, of 15.6 inches and
/// 1080 pixels across.
const KIOSK_TARGET: f32 = 84.0;

/// The most that one of these may take in a build that is not optimised: less than a minute, and as much again on a machine
/// that does much else.
const ELSEWHERE_MAX: Duration = Duration::from_secs(120);

/// A lane without a display that does what the real one does.
trait Mirror {
    /// What can be touched, in the order of drawing.
    fn all(&self) -> Vec<ElementHandle>;
    /// Does what was touched.
    fn settle(&mut self);
}

const TOUCHED: [AccessibleRole; 4] =
    [AccessibleRole::Button, AccessibleRole::ListItem, AccessibleRole::Tab, AccessibleRole::TextInput];

impl Mirror for KioskStand {
    fn all(&self) -> Vec<ElementHandle> {
        let root = self.screen.window();
        TOUCHED
            .into_iter()
            .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
            .collect()
    }

    fn settle(&mut self) {
        KioskStand::settle(self);
    }
}

impl Mirror for Stand {
    fn all(&self) -> Vec<ElementHandle> {
        let root = self.screen.window();
        TOUCHED
            .into_iter()
            .flat_map(|role| ElementQuery::from_root(root).match_accessible_role(role).find_all())
            .collect()
    }

    fn settle(&mut self) {
        self.moment.now_ms += HAND.as_millis() as i64;
        Stand::settle(self);
    }
}

/// A finger on a real window and its mirror.
struct Finger<M> {
    display: Display,
    mirror: M,
    size: (u32, u32),
    target: f32,
    name: &'static str,
    pictures: PathBuf,
    drawn: u32,
    touches: u32,
    begun: Instant,
}

impl<M: Mirror> Finger<M> {
    fn label(element: &ElementHandle) -> String {
        element.accessible_label().map(|label| label.to_string()).unwrap_or_default()
    }

    fn labels(&self) -> Vec<String> {
        self.mirror.all().iter().map(Self::label).collect()
    }

    /// Everything that is whole in the window is large enough for a finger.
    fn check_page(&self) -> Result<()> {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        for element in self.mirror.all() {
            let (at, size) = (element.absolute_position(), element.size());
            let is_whole =
                at.x >= 0.0 && at.y >= 0.0 && at.x + size.width <= width && at.y + size.height <= height;
            let is_field = element.accessible_role() == Some(AccessibleRole::TextInput);
            if is_whole && !is_field && size.width > 0.0 && size.height > 0.0 {
                ensure!(
                    size.width >= self.target && size.height >= self.target,
                    "{:?} is {size:?}: too small for a finger",
                    Self::label(&element)
                );
            }
        }
        Ok(())
    }

    fn has(&self, label: &str) -> bool {
        self.mirror.all().iter().any(|element| Self::label(element) == label)
    }

    fn touch(&mut self, label: &str) -> Result<()> {
        let all = self.mirror.all();
        let element = all.iter().rfind(|element| Self::label(element) == label);
        let element = element.with_context(|| format!("{label:?} among {:?}", self.labels()))?;
        let (at, size) = (element.absolute_position(), element.size());
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let inside = at.x >= 0.0 && at.y >= 0.0 && at.x + size.width <= width && at.y + size.height <= height;
        ensure!(inside, "{label:?} at {at:?}, {size:?} is not whole in the window");
        self.display.calm()?;
        self.display.tap((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32)?;
        element.invoke_accessible_default_action();
        self.mirror.settle();
        self.touches += 1;
        self.check_page().with_context(|| format!("after {label:?}"))
    }

    fn touch_all(&mut self, labels: &[&str]) -> Result<()> {
        labels.iter().try_for_each(|label| self.touch(label))
    }

    fn digits(&mut self, digits: &str) -> Result<()> {
        digits.chars().try_for_each(|digit| self.touch(&digit.to_string()))
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = format!("{}-{:02}-{name}.png", self.name, self.drawn);
        self.display.screenshot(&self.pictures.join(file)).map(drop)
    }

    fn is_over(self) -> Result<()> {
        let took = self.begun.elapsed();
        println!("{}: {} touches in {took:?}", self.name, self.touches);
        ensure!(took < ELSEWHERE_MAX, "{took:?} is too long");
        Ok(())
    }
}

/// Where pictures of this test lie.
fn pictures() -> Result<PathBuf> {
    let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("touch");
    std::fs::create_dir_all(&pictures)?;
    Ok(pictures)
}

/// The real program on files of its own, without an agent.
fn start(
    display: &Display,
    folder: &std::path::Path,
    mode: &str,
    (width, height): (u32, u32),
) -> Result<Running> {
    let mut till = Running::start(
        Command::new(program("pos-app")?)
            .env("DISPLAY", display.name())
            .env("SLINT_SCALE_FACTOR", "1")
            .args(["--mode", mode, "--language", "en", "--size", &format!("{width}x{height}"), "--data"])
            .arg(folder),
        "pos-app",
        &folder.join("till.log"),
    )?;
    display.focus().or_else(|error| {
        till.check()?;
        Err(error)
    })?;
    Ok(till)
}

/// A kiosk whose customers touch and scan nothing, and pay an attendant.
#[test]
fn a_customer_gets_through_a_kiosk_by_touch_alone() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    let size = (1_080, 1_400);
    let (own, mirrored) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (begun, display) = (Instant::now(), Display::start(size.0, size.1)?);
    for folder in [own.path(), mirrored.path()] {
        reference(folder, 1)?;
    }
    let kiosk = "[sound]\nplayer = [\"true\"]\n\n[kiosk]\nbags = [\"200035\", \"200036\", \"200037\"]\n\
                 warn_seconds = 880\nreset_seconds = 900\nattendant_seconds = 600\n\n[kiosk.audit]\nbase = 0\n";
    std::fs::write(own.path().join("lane.toml"), kiosk)?;
    let mut config =
        Config { language: config::Language::En, payment: Payment::default(), ..tests::kiosk::config() };
    (config.kiosk.warn_seconds, config.kiosk.reset_seconds, config.kiosk.attendant_seconds) = (880, 900, 600);
    let mirror = KioskStand::open(mirrored.path(), config, Moment::now())?;
    mirror.screen.set_size(size.0, size.1);
    mirror.screen.show()?;
    let till = start(&display, own.path(), "kiosk", size)?;
    let (name, pictures) = ("kiosk", pictures()?);
    let (target, drawn, touches) = (KIOSK_TARGET, 0, 0);
    let mut at = Finger { display, mirror, size, target, name, pictures, drawn, touches, begun };
    let journey = customer(&mut at);
    if journey.is_err() {
        at.picture("failed")?;
    }
    journey.with_context(|| format!("the mirror shows {:#?}", at.mirror.view()))?;
    drop(till);
    let sold = tests::labels::records(own.path());
    ensure!(sold.iter().filter(|record| is_sale(record)).count() == 1, "one sale");
    at.is_over()
}

/// The attendant says who they are.
fn attendant(at: &mut Finger<KioskStand>, number: &str, pin: &str) -> Result<()> {
    for digits in [number, pin] {
        at.digits(digits)?;
        at.touch("OK")?;
    }
    Ok(())
}

fn customer(at: &mut Finger<KioskStand>) -> Result<()> {
    at.check_page()?;
    at.picture("closed")?;
    at.touch("Staff: open it")?;
    at.touch_all(&["1", "Delete one digit", "Back", "Staff: open it"])?;
    attendant(at, "101", "1234")?;
    at.touch("Touch to start")?;

    // How it looks, and back; every page from here in large type.
    at.touch_all(&["中文", "English", "Contrast", "Plain", "Large type"])?;
    // Somebody is called, for each reason.
    at.touch_all(&["Call staff", "Never mind", "Call staff", "A price is wrong", "Called"])?;

    // Goods without a code, by kind and by letter.
    at.touch("Goods without a code")?;
    let KioskPage::Goods { tabs, .. } = at.mirror.view().page else { bail!("no goods") };
    at.touch(tabs.get(1).context("a second kind")?)?;
    let letter = ["A", "B", "P", "X"].into_iter().find(|letter| at.has(letter)).context("letters")?;
    at.touch_all(&[letter, "Delete one letter", "Back", "Goods without a code"])?;
    at.picture("goods")?;
    let plain = (0..tabs.len()).find_map(|tab| {
        let _ = at.touch(&tabs[tab]);
        let KioskPage::Goods { tiles, .. } = at.mirror.view().page else { return None };
        tiles.into_iter().find(|tile| !tile.price.contains("kg")).map(|tile| tile.name)
    });
    // A shop may have none that is sold by the piece: then a bag is all that is bought.
    match plain {
        Some(name) => at.touch(&name)?,
        None => at.touch("Back")?,
    }
    at.touch("Bags")?;
    at.picture("bags")?;
    let more = at.labels().into_iter().find(|label| label.ends_with(": one more")).context("one more bag")?;
    let less = at.labels().into_iter().find(|label| label.ends_with(": one less")).context("one bag less")?;
    at.touch_all(&[more.as_str(), more.as_str(), less.as_str(), "Back"])?;

    // Who they are.
    at.touch_all(&["Member / coupon", "1", "3", "Delete one digit", "Back"])?;
    // To the payment, back, and there again.
    at.touch("Pay")?;
    at.touch_all(&["Back", "Pay", "Go on", "Back", "Pay", "Not a member: pay", "Back", "Pay"])?;
    at.touch("Cash (the staff takes it)")?;
    at.picture("cash")?;

    at.touch("Staff")?;
    attendant(at, "102", "2345")?;
    at.picture("attendant")?;
    at.touch("Took exactly this in cash")?;
    at.touch_all(&["Leave", "Receipt as a code"])?;
    at.picture("thanks")?;
    at.touch("Done")?;

    // Nobody is there any more.
    at.touch("Touch to start")?;
    at.touch_all(&["Staff", "1", "Delete one digit"])?;
    attendant(at, "101", "1234")?;
    at.touch("Close this kiosk")?;
    ensure!(at.has("Staff: open it"), "{:?}", at.labels());
    at.picture("closed-again")
}

/// The staff's window, in the middle of a price change; nothing is scanned.
#[test]
fn the_staff_gets_through_shelf_labels_by_touch_alone() -> Result<()> {
    i_slint_backend_testing::init_no_event_loop();
    let size = (1_024, 768);
    let (own, mirrored) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (begun, display, now) = (Instant::now(), Display::start(size.0, size.1)?, Moment::now());
    for folder in [own.path(), mirrored.path()] {
        reference(folder, 1)?;
        labels::write(folder, &labels::morning(now.now_ms))?;
    }
    std::fs::write(own.path().join("lane.toml"), "[sound]\nplayer = [\"true\"]\n")?;
    let config = Config { mode: Mode::Labels, language: config::Language::En, ..Config::default() };
    let mirror = Stand::open(mirrored.path(), config, now)?;
    mirror.screen.set_size(size.0, size.1);
    mirror.screen.show()?;
    let till = start(&display, own.path(), "labels", size)?;
    let (name, pictures) = ("labels", pictures()?);
    let (target, drawn, touches) = (TARGET, 0, 0);
    let mut at = Finger { display, mirror, size, target, name, pictures, drawn, touches, begun };
    let journey = staff(&mut at);
    if journey.is_err() {
        at.picture("failed")?;
    }
    journey.with_context(|| format!("the mirror shows {:#?}", at.mirror.lane.view()))?;
    drop(till);
    at.is_over()
}

/// The rows of the page that stands there, by their names.
fn rows(at: &Finger<Stand>) -> Result<Vec<String>> {
    Ok(labels::page(&at.mirror)?.rows.into_iter().map(|row| row.name).collect())
}

fn title(at: &Finger<Stand>) -> Result<String> {
    Ok(labels::page(&at.mirror)?.title)
}

/// Back until something is so: letters go first, then what was typed, then the page.
fn back_until(at: &mut Finger<Stand>, so: impl Fn(&Finger<Stand>) -> bool) -> Result<()> {
    const BACK_MAX: usize = 4;
    for _ in 0..BACK_MAX {
        if so(at) {
            return Ok(());
        }
        at.touch("Back")?;
    }
    ensure!(so(at), "no way back from {:?}", at.labels());
    Ok(())
}

fn staff(at: &mut Finger<Stand>) -> Result<()> {
    let Screen::SignIn(shown) = at.mirror.lane.view().screen else { bail!("nobody may sign in") };
    let person = shown.staff.iter().find(|person| person.number == "101").context("somebody")?.name.clone();
    at.touch(&person)?;
    at.digits("1234")?;
    at.touch("Sign in")?;
    let home = title(at)?;

    // Every list, and back.
    let lists = rows(at)?;
    ensure!(lists.len() >= 8, "{lists:?}");
    for list in &lists {
        if !at.mirror.all().iter().any(|element| Finger::<Stand>::label(element) == *list) {
            continue;
        }
        at.touch(list)?;
        ensure!(title(at)? != home, "{list:?} is a page of its own");
        at.touch("Back")?;
        ensure!(title(at)? == home, "{list:?} is left");
    }
    at.picture("home")?;

    // Going along the shelf, and what is looked for.
    at.touch_all(&["Compare by scanning", "Back", "Look for goods", "Back", "Dark", "Light"])?;
    at.touch_all(&["中文", "English"])?;
    // The report, and what is done there.
    let parity =
        lists.iter().find(|name| name.contains("tills")).or_else(|| lists.get(6)).context("the report")?;
    at.touch(parity)?;
    at.touch_all(&["Check again", "By scanning", "Back", "Back"])?;

    // One label, and everything that may be done with it.
    at.touch(&lists[0])?;
    at.touch_all(&["Look for each", "Back"])?;
    let label = rows(at)?.first().context("a label that is not confirmed")?.clone();
    at.touch(&label)?;
    if title(at)? == lists[0] {
        at.touch(&label)?;
    }
    at.picture("label")?;
    at.touch_all(&["Add items", "Add items", "Replace label", "Back", "Unbind", "Back"])?;
    at.touch_all(&["Place", "q"])?;
    back_until(at, |at| at.has("Template"))?;
    at.touch("Template")?;
    back_until(at, |at| at.has("Flash it"))?;
    at.touch_all(&["Flash it", "Send again"])?;
    back_until(at, |at| title(at).is_ok_and(|title| title == home))?;

    // Goods by their initials.
    at.touch_all(&["Find", "q", "q"])?;
    at.picture("find")?;
    let found = rows(at)?;
    at.touch(found.first().context("goods that begin so")?)?;
    back_until(at, |at| title(at).is_ok_and(|title| title == home) && !at.has("Back"))?;
    at.touch("Lock")?;
    ensure!(matches!(at.mirror.lane.view().screen, Screen::SignIn(_)), "somebody else may sign in");
    at.picture("sign-in")
}
