//! A till out of its box: the real program in an empty folder, real HQ and agent, devices that speak their protocols; set up
//! by keyboard alone, with a plug that is pulled again and again, and by touch alone. Pictures lie in `target/set-up`.

// A journey asks for the records it is about, and for no others.
#![allow(
    clippy::wildcard_enum_match_arm,
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use domain::record::Record;
use fixtures::line::Socket;
use fixtures::printer::{PrinterOptions, SimulatedPrinter};
use fixtures::scale::SimulatedScale;
use i_slint_backend_testing::{AccessibleRole, ElementHandle, ElementQuery};
use ledger::file::WriterLock;
use ledger::journal::Identity;
use ledger::reference::{AgentWatch, ReferenceWriter};
use pos_app::config::{self, Config, Mode, Paths};
use pos_app::lane::Moment;
use pos_app::set_up::ports::Machine;
use pos_app::set_up::progress::{Progress, Step};
use pos_app::set_up::{Errand, Event, SetUp};
use protocol::enrol::{EnrolOutcome, Invited};
use tests::display::Display;
use tests::process::{Running, program, run, wait_for};
use tests::shop::{Headquarters, LaneFiles, STORE};
use ui::TillScreen;
use ui::action::Action;

/// So long a hand takes from one thing to the next; more than the till waits before it takes another Return.
const HAND: Duration = Duration::from_millis(1_300);

/// A wait for a device that is asked at once.
const DEVICE_WAIT: Duration = Duration::from_secs(20);

/// The till's screen, and at its right the customer's.
const SCREENS: [(u16, u16); 2] = [(1_024, 768), (1_024, 600)];

/// A machine with a till that nobody has set up, beside an HQ that waits for it.
struct Site {
    display: Display,
    headquarters: Headquarters,
    printer: SimulatedPrinter,
    scale: SimulatedScale,
    paths: Paths,
    till: Option<Running>,
    pictures: PathBuf,
    name: &'static str,
    drawn: u32,
    mode: &'static str,
    _folder: tempfile::TempDir,
}

impl Site {
    fn open(name: &'static str) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("shop.json");
        std::fs::write(&file, fixtures::shop::demo().import_json())?;
        let headquarters = Headquarters::open(&folder.path().join("hq"), &[&file])?;
        let printer =
            SimulatedPrinter::start("127.0.0.1:0", PrinterOptions::default()).context("a printer")?;
        let scale =
            SimulatedScale::start(&Socket::Tcp("127.0.0.1:0".into()), drivers::scale::Protocol::CasPd2)
                .context("a scale")?;
        let data = folder.path().join("lane");
        std::fs::create_dir_all(&data)?;
        // A player that is always there and silent; the set-up leaves it where it is.
        std::fs::write(data.join("lane.toml"), "[sound]\nplayer = [\"true\"] # silent\n")?;
        let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("set-up");
        std::fs::create_dir_all(&pictures)?;
        let (display, paths) = (Display::start_beside(&SCREENS)?, Paths { data });
        let (till, drawn) = (None, 0);
        Ok(Self {
            display,
            headquarters,
            printer,
            scale,
            paths,
            till,
            pictures,
            name,
            drawn,
            mode: "till",
            _folder: folder,
        })
    }

    fn start(&mut self) -> Result<()> {
        let mut till = Running::start(
            Command::new(program("pos-app")?)
                .env("DISPLAY", self.display.name())
                .env("SLINT_SCALE_FACTOR", "1")
                .args(["--size", "1024x768", "--mode", self.mode, "--data"])
                .arg(&self.paths.data),
            "pos-app",
            &self.paths.data.join("till.log"),
        )?;
        self.display.focus().or_else(|error| {
            till.check()?;
            Err(error)
        })?;
        self.till = Some(till);
        Ok(())
    }

    /// Pulls the till's plug and puts it in again.
    fn stop(&mut self) -> Result<()> {
        self.till.take().context("a till")?.kill()?;
        self.start()
    }

    fn mode(&self) -> Result<Mode> {
        match self.mode {
            "till" => Ok(Mode::Till),
            "kiosk" => Ok(Mode::Kiosk),
            other => anyhow::bail!("no such mode: {other}"),
        }
    }

    fn step(&self) -> Step {
        Progress::read(&self.paths.data).step
    }

    fn wait_for_step(&mut self, step: Step) -> Result<()> {
        wait_for(&format!("the step {step:?}"), || {
            if let Some(till) = &mut self.till {
                till.check()?;
            }
            Ok((self.step() == step).then_some(()))
        })?;
        std::thread::sleep(HAND);
        self.display.calm()
    }

    fn keys(&self, names: &[&str]) -> Result<()> {
        self.display.calm()?;
        self.display.keys(names)
    }

    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        let file = format!("{}-{:02}-{name}.png", self.name, self.drawn);
        self.display.screenshot(&self.pictures.join(file)).map(drop)
    }

    fn lane(&self) -> LaneFiles {
        LaneFiles::of(&self.paths)
    }

    fn wait_for_sign_in(&self) -> Result<()> {
        self.lane()
            .wait_for_count("somebody to sign in", 1, |record| matches!(record, Record::SignedIn { .. }))
    }

    /// What the till was told of its devices, by touch or key.
    fn check_lane(&self, hq: &str) -> Result<()> {
        let config = config::read(&self.paths.config())?;
        let printer = config.printer.context("a printer")?;
        ensure!(printer.address == self.printer.addr().to_string(), "{printer:?}");
        ensure!(printer.profile == "xprinter-xp80", "{printer:?}");
        let scale = config.scale.context("a scale")?;
        ensure!(scale.protocol == "cas-pd2" && scale.port == self.scale.wire().place(), "{scale:?}");
        ensure!(config.display.is_none() && config.scanner.is_none(), "nobody chose any");
        ensure!(config.bagging_scale.is_none(), "only a kiosk has one");
        let customer = config.customer.context("a customer's window")?;
        ensure!(
            (customer.x, customer.y, customer.width, customer.height) == (1_024, 0, 1_024, 600),
            "{customer:?}"
        );
        let text = std::fs::read_to_string(self.paths.config())?;
        ensure!(text.contains("player = [\"true\"] # silent"), "{text}");
        ensure!(!pos_app::set_up::is_needed(&self.paths), "it is set up");
        let agent = std::fs::read_to_string(self.paths.data.join("agent.toml"))?;
        ensure!(agent.contains(hq), "{agent}");
        Ok(())
    }

    /// Waits until something stands on the customer's screen, or until nothing does.
    fn wait_for_customers_window(&mut self, stands: bool) -> Result<()> {
        let what = if stands { "the customer's window" } else { "the end of the customer's window" };
        let till = self.till.as_mut().context("a till")?;
        wait_for(what, || {
            till.check()?;
            let picture = self.display.picture()?;
            let row = usize::from(picture.width) * 3;
            let left = usize::from(SCREENS[0].0) * 3;
            let rows = picture.pixels.chunks_exact(row).take(SCREENS[1].1.into());
            let is_bare = rows.map(|row| &row[left..]).all(|row| row.iter().all(|byte| *byte == 0));
            Ok((is_bare != stands).then_some(()))
        })
    }

    /// Ends the agent that the till has started.
    fn end_agent(&self) {
        let Ok(processes) = std::fs::read_dir("/proc") else { return };
        for process in processes.flatten() {
            let told = std::fs::read(process.path().join("cmdline")).unwrap_or_default();
            let told = String::from_utf8_lossy(&told).into_owned();
            let ours = told.contains("sync-agent") && told.contains(&self.paths.data.display().to_string());
            if let Some(pid) = process.file_name().to_str().filter(|_| ours) {
                let _ = Command::new("kill").arg(pid).status();
            }
        }
    }

    /// Waits until an agent holds the lane's reference, or until none does.
    fn wait_for_agent(&self, runs: bool) -> Result<()> {
        wait_for(if runs { "an agent" } else { "the agent's end" }, || {
            Ok((WriterLock::take(&self.paths.reference()).is_err() == runs).then_some(()))
        })
    }

    fn lane_number(&self) -> Result<Option<u32>> {
        let Some(watch) = AgentWatch::open(&self.paths.reference())? else { return Ok(None) };
        Ok(watch.state()?.identity.map(|identity| identity.lane))
    }

    /// The code is in no file of the lane, logs among them.
    fn check_secret(&self, code: &str) -> Result<()> {
        for file in std::fs::read_dir(&self.paths.data)? {
            let path = file?.path();
            let Ok(bytes) = std::fs::read(&path) else { continue };
            let holds = bytes.windows(code.len()).any(|part| part.eq_ignore_ascii_case(code.as_bytes()));
            ensure!(!holds, "the code stands in {}", path.display());
        }
        Ok(())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        drop(self.till.take());
        // The agent that the till has started outlives it, as it should.
        self.end_agent();
    }
}

#[test]
fn a_manager_sets_the_till_up_by_keyboard_though_the_plug_is_pulled_at_every_step() -> Result<()> {
    let mut at = Site::open("keyboard")?;
    let hq = at.headquarters.url();
    at.start()?;
    at.wait_for_step(Step::Language)?;
    at.picture("language")?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Hq)?;
    at.stop()?;
    at.wait_for_step(Step::Hq)?;

    // Nobody answers there; then a code that is wrong.
    at.display.type_text("http://127.0.0.1:9")?;
    at.keys(&["Tab"])?;
    at.display.type_text("AAAA-AAAA-AAAA")?;
    at.keys(&["Return"])?;
    std::thread::sleep(HAND);
    at.picture("hq-not-reached")?;
    at.keys(&["Delete"])?;
    at.display.type_text(&hq)?;
    at.keys(&["Return"])?;
    std::thread::sleep(HAND);
    at.picture("wrong-code")?;
    ensure!(at.step() == Step::Hq, "a wrong code enrols nobody");

    let code = at.headquarters.code(STORE, 2)?;
    at.display.type_text(&code)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Store)?;
    at.picture("store")?;
    // The plug, before anything is spent: the address is still there, the code is asked for again.
    at.stop()?;
    at.wait_for_step(Step::Hq)?;
    ensure!(Progress::read(&at.paths.data).hq == hq, "the address is remembered");
    at.display.type_text(&code)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Store)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Printer)?;
    at.check_secret(&code)?;
    at.stop()?;
    at.wait_for_step(Step::Printer)?;

    at.display.type_text(&at.printer.addr().to_string())?;
    at.keys(&["Left", "Left", "Left", "F5"])?;
    let papers = at.printer.wait_for_receipts(1, DEVICE_WAIT);
    ensure!(papers.len() == 1, "a test page is printed: {:?}", at.printer.errors());
    at.picture("printer")?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Scanner)?;
    at.stop()?;
    at.wait_for_step(Step::Scanner)?;
    at.display.scan("6901234567892")?;
    std::thread::sleep(HAND);
    ensure!(at.step() == Step::Scanner, "the Return of a scan belongs to it");
    at.picture("scanner")?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Scale)?;
    at.scale.put(1_235);
    at.display.type_text(at.scale.wire().place())?;
    at.keys(&["Right", "F5"])?;
    ensure!(at.scale.wait_for_questions(1, DEVICE_WAIT), "the scale is asked");
    std::thread::sleep(HAND);
    at.picture("scale")?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Display)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Customer)?;
    at.stop()?;
    at.wait_for_step(Step::Customer)?;
    at.keys(&["F2", "Down", "F5"])?;
    at.wait_for_customers_window(true)?;
    at.picture("customer")?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Goods)?;
    // At once: the agent is not started yet, and is the next start's.
    at.stop()?;
    at.wait_for_step(Step::Goods)?;
    // No machine has started the agent: the till does.
    at.lane().wait_for_goods(0)?;
    std::thread::sleep(HAND);
    at.picture("goods")?;

    // It is to be another lane after all: the agent that works by now makes room, and is started again.
    ensure!(at.lane_number()? == Some(2), "lane 2");
    for step in [Step::Customer, Step::Display, Step::Scale, Step::Scanner, Step::Printer, Step::Store] {
        at.keys(&["Escape"])?;
        at.wait_for_step(step)?;
    }
    at.keys(&["F8"])?;
    at.wait_for_step(Step::Hq)?;
    let another = at.headquarters.code(STORE, 3)?;
    at.display.type_text(&another)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Store)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Printer)?;
    ensure!(at.lane_number()? == Some(3), "lane 3");
    for step in [Step::Scanner, Step::Scale, Step::Display, Step::Customer, Step::Goods] {
        at.keys(&["Return"])?;
        at.wait_for_step(step)?;
    }
    at.wait_for_agent(true)?;
    std::thread::sleep(HAND);
    at.keys(&["Return"])?;
    wait_for("the end of the set-up", || Ok((!Progress::is_open(&at.paths.data)).then_some(())))?;
    // The till that begins uses what was chosen.
    at.wait_for_customers_window(true)?;
    std::thread::sleep(HAND);
    at.display.focus()?;
    at.display.type_text("101")?;
    at.keys(&["Return"])?;
    at.display.type_text("1234")?;
    at.keys(&["Return"])?;
    at.wait_for_sign_in()?;
    at.picture("signed-in")?;
    at.check_lane(&hq)?;

    // The evening: all power goes. In the morning nothing starts but the till.
    at.till.take().context("a till")?.kill()?;
    at.end_agent();
    at.wait_for_agent(false)?;
    at.start()?;
    at.wait_for_agent(true)
}

/// What the real window shows, in a second one without a display: where things are is read from that.
struct Mirror {
    set_up: SetUp,
    screen: TillScreen,
    actions: Rc<RefCell<Vec<Action>>>,
    folder: tempfile::TempDir,
    lane: u32,
}

impl Mirror {
    fn start(site: &Site, lane: u32) -> Result<Self> {
        i_slint_backend_testing::init_no_event_loop();
        let folder = tempfile::tempdir()?;
        // Where a real one goes on, this one does.
        if let Step::BaggingScale | Step::Scale = site.step() {
            let mut writer = ReferenceWriter::open(&folder.path().join("reference.db"))?;
            writer.set_identity(&Identity { store: STORE.into(), lane, epoch: 1 })?;
            Progress::read(&site.paths.data).write(folder.path())?;
        }
        let paths = Paths { data: folder.path().to_owned() };
        let actions = Rc::new(RefCell::new(Vec::new()));
        let pressed = Rc::clone(&actions);
        let screen = TillScreen::new(move |action| pressed.borrow_mut().push(action))?;
        screen.set_size(1_024, 768);
        screen.show()?;
        let config = Config { mode: site.mode()?, ..Config::default() };
        // What stands at the real one's display is seen from here as well.
        let set_up = SetUp::new(paths, config, Machine::default().at_display(site.display.name()));
        screen.apply(&set_up.view());
        Ok(Self { set_up, screen, actions, folder, lane })
    }

    /// What HQ and the devices say there is said here as well.
    fn take(&mut self, event: Event) -> Result<()> {
        for errand in self.set_up.take(Moment::now(), event) {
            if let Errand::Ask { number, asked } = errand {
                let outcome = if asked.spend {
                    let mut writer = ReferenceWriter::open(&self.folder.path().join("reference.db"))?;
                    writer.set_identity(&Identity { store: STORE.into(), lane: self.lane, epoch: 1 })?;
                    EnrolOutcome::Enrolled { store: STORE.into(), lane: self.lane, epoch: 1 }
                } else {
                    EnrolOutcome::Invited(Invited {
                        store: STORE.into(),
                        name_zh: "门店".into(),
                        name_en: "Store".into(),
                        lane: self.lane,
                        enrolled_at_ms: None,
                        now_ms: Moment::now().now_ms,
                    })
                };
                self.take(Event::Asked { number, outcome })?;
            }
        }
        self.screen.apply(&self.set_up.view());
        Ok(())
    }

    /// The middle of what is called so, and what touching it means here.
    fn touch(&mut self, role: AccessibleRole, label: &str) -> Result<(u32, u32)> {
        let all = ElementQuery::from_root(self.screen.window()).match_accessible_role(role).find_all();
        let found = all.iter().find(|element| element.accessible_label().as_deref() == Some(label));
        let labels: Vec<_> = all.iter().filter_map(ElementHandle::accessible_label).collect();
        let element = found.with_context(|| format!("{label} among {labels:?}"))?;
        let (at, size) = (element.absolute_position(), element.size());
        ensure!(size.width >= 54.0 && size.height >= 54.0, "{label} is {size:?}, too small for a finger");
        let middle = ((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32);
        element.invoke_accessible_default_action();
        for action in self.actions.take() {
            self.take(Event::Action(action))?;
        }
        Ok(middle)
    }
}

/// A finger on both windows.
struct Finger {
    at: Site,
    mirror: Mirror,
    touches: u32,
}

impl Finger {
    fn touch_what(&mut self, role: AccessibleRole, label: &str) -> Result<()> {
        self.at.display.calm()?;
        let (x, y) = self.mirror.touch(role, label).with_context(|| format!("at {:?}", self.at.step()))?;
        self.at.display.tap(x, y)?;
        self.touches += 1;
        Ok(())
    }

    fn touch(&mut self, label: &str) -> Result<()> {
        self.touch_what(AccessibleRole::Button, label)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        text.chars().try_for_each(|character| self.touch(&character.to_ascii_lowercase().to_string()))
    }

    /// The key that ends the set-up. The mirror has no goods: the key is where every step has it.
    fn begin(&mut self) -> Result<()> {
        self.at.display.calm()?;
        let all = ElementQuery::from_root(self.mirror.screen.window())
            .match_accessible_role(AccessibleRole::Button)
            .find_all();
        let key = all.iter().find(|key| key.accessible_label().as_deref() == Some("Begin selling"));
        let key = key.context("the key that begins")?;
        let (at, size) = (key.absolute_position(), key.size());
        self.at.display.tap((at.x + size.width / 2.0) as u32, (at.y + size.height / 2.0) as u32)?;
        self.touches += 1;
        Ok(())
    }

    /// The key that goes on, and the step that comes.
    fn go(&mut self, label: &str, step: Step) -> Result<()> {
        self.touch(label)?;
        self.at.wait_for_step(step)?;
        // What HQ answers there comes at once here.
        ensure!(self.mirror.set_up.step() == step, "{:?} and not {step:?}", self.mirror.set_up.step());
        Ok(())
    }
}

#[test]
fn a_manager_sets_the_till_up_by_touch_alone() -> Result<()> {
    let mut at = Site::open("touch")?;
    let hq = at.headquarters.url();
    let code = at.headquarters.code(STORE, 3)?;
    at.start()?;
    at.wait_for_step(Step::Language)?;
    let mut finger = Finger { mirror: Mirror::start(&at, 3)?, at, touches: 0 };
    finger.touch_what(AccessibleRole::ListItem, "English")?;
    finger.touch("Other colours")?;
    finger.go("Next", Step::Hq)?;
    // Plain HTTP of this very machine needs no scheme.
    finger.write(hq.trim_start_matches("http://"))?;
    finger.touch_what(AccessibleRole::TextInput, "One-time code")?;
    finger.write(&code)?;
    finger.at.picture("hq")?;
    finger.go("Next", Step::Store)?;
    finger.at.picture("store")?;
    finger.go("Yes, this one", Step::Printer)?;
    let address = finger.at.printer.addr().to_string();
    finger.touch("Type address")?;
    finger.write(&address)?;
    finger.at.picture("printer-address")?;
    finger.touch("Back")?;
    finger.touch("xprinter-xp80")?;
    finger.touch("Test print")?;
    let papers = finger.at.printer.wait_for_receipts(1, DEVICE_WAIT);
    ensure!(papers.len() == 1, "a test page is printed: {:?}", finger.at.printer.errors());
    finger.at.picture("printer")?;
    finger.go("Next", Step::Scanner)?;
    finger.go("Next", Step::Scale)?;
    let place = finger.at.scale.wire().place().to_owned();
    finger.touch("Type address")?;
    finger.write(&place)?;
    finger.touch("Back")?;
    finger.touch("cas-pd2")?;
    finger.touch("Test weighing")?;
    ensure!(finger.at.scale.wait_for_questions(1, DEVICE_WAIT), "the scale is asked");
    finger.at.picture("scale")?;
    finger.go("Next", Step::Display)?;
    // Back is at its place everywhere, and forth again.
    finger.go("Back", Step::Scale)?;
    finger.go("Next", Step::Display)?;
    finger.go("Next", Step::Customer)?;
    finger.touch_what(AccessibleRole::ListItem, "Screen at the right")?;
    finger.touch("Test picture")?;
    finger.at.wait_for_customers_window(true)?;
    finger.at.picture("customer")?;
    finger.go("Next", Step::Goods)?;
    finger.at.wait_for_customers_window(false)?;
    finger.at.lane().wait_for_goods(0)?;
    std::thread::sleep(HAND);
    finger.at.picture("goods")?;
    finger.begin()?;
    let data = finger.at.paths.data.clone();
    wait_for("the end of the set-up", || Ok((!Progress::is_open(&data)).then_some(())))?;
    finger.at.check_secret(&code)?;
    finger.at.wait_for_customers_window(true)?;
    std::thread::sleep(HAND);
    finger.at.picture("sign-in")?;
    println!("a till is set up with {} touches", finger.touches);
    let config = config::read(&finger.at.paths.config())?;
    ensure!(config.language == config::Language::En && config.theme == config::Theme::Dark, "{config:?}");
    finger.at.check_lane(&hq)
}

/// A kiosk with a counter scale and a second one under its bagging area; the rest of it is set up.
struct KioskSite {
    at: Site,
    bagging: SimulatedScale,
}

impl KioskSite {
    fn open(name: &'static str) -> Result<Self> {
        let mut at = Site::open(name)?;
        at.mode = "kiosk";
        // Its agent goes with this; the set-up starts another.
        drop(LaneFiles::enrol(&at.paths.data, &at.headquarters, STORE, 3)?);
        Progress { step: Step::Scale, ..Progress::default() }.write(&at.paths.data)?;
        let bagging =
            SimulatedScale::start(&Socket::Tcp("127.0.0.1:0".into()), drivers::scale::Protocol::Nci)
                .context("a second scale")?;
        at.start()?;
        at.wait_for_step(Step::Scale)?;
        Ok(Self { at, bagging })
    }

    /// The kiosk begins, and asks the scale that was chosen.
    fn check(&mut self) -> Result<()> {
        let data = self.at.paths.data.clone();
        wait_for("the end of the set-up", || Ok((!Progress::is_open(&data)).then_some(())))?;
        let config = config::read(&self.at.paths.config())?;
        let scale = config.scale.context("a scale")?;
        ensure!(scale.protocol == "cas-pd2" && scale.port == self.at.scale.wire().place(), "{scale:?}");
        let bagging = config.bagging_scale.context("a bagging scale")?;
        ensure!(bagging.protocol == "nci" && bagging.port == self.bagging.wire().place(), "{bagging:?}");
        ensure!(config.customer.is_none(), "nobody was asked");
        let asked = self.bagging.questions();
        ensure!(self.bagging.wait_for_questions(asked + 3, DEVICE_WAIT), "the kiosk asks its bagging scale");
        Ok(())
    }
}

#[test]
fn a_kiosks_bagging_scale_is_set_up_by_keyboard_alone() -> Result<()> {
    let mut kiosk = KioskSite::open("kiosk-keyboard")?;
    let at = &mut kiosk.at;
    at.display.type_text(at.scale.wire().place())?;
    at.keys(&["Right", "Return"])?;
    at.wait_for_step(Step::BaggingScale)?;
    // The wrong one of the two.
    at.display.type_text(at.scale.wire().place())?;
    let asked = at.scale.questions();
    at.keys(&["F5", "Return"])?;
    std::thread::sleep(HAND);
    at.picture("the-other-scale")?;
    ensure!(at.step() == Step::BaggingScale && at.scale.questions() == asked, "it is neither tried nor kept");
    at.keys(&["Delete"])?;
    at.display.type_text(kiosk.bagging.wire().place())?;
    at.keys(&["Left", "F5"])?;
    ensure!(kiosk.bagging.wait_for_questions(1, DEVICE_WAIT), "the scale is asked");
    at.picture("bagging-empty")?;
    kiosk.bagging.put(570);
    std::thread::sleep(HAND);
    at.picture("bagging")?;
    // The plug: what was not kept is chosen anew, what was kept is not.
    at.stop()?;
    at.wait_for_step(Step::BaggingScale)?;
    at.display.type_text(kiosk.bagging.wire().place())?;
    at.keys(&["Left", "Return"])?;
    at.wait_for_step(Step::Display)?;
    at.keys(&["Return"])?;
    at.wait_for_step(Step::Goods)?;
    at.lane().wait_for_goods(0)?;
    std::thread::sleep(HAND);
    at.keys(&["Return"])?;
    kiosk.check()
}

#[test]
fn a_kiosks_bagging_scale_is_set_up_by_touch_alone() -> Result<()> {
    let kiosk = KioskSite::open("kiosk-touch")?;
    let KioskSite { at, bagging } = kiosk;
    let mut finger = Finger { mirror: Mirror::start(&at, 3)?, at, touches: 0 };
    let place = finger.at.scale.wire().place().to_owned();
    // It speaks Chinese until it is told otherwise.
    finger.touch("换语言")?;
    finger.touch("Type address")?;
    finger.write(&place)?;
    finger.touch("Back")?;
    finger.touch("cas-pd2")?;
    finger.go("Next", Step::BaggingScale)?;
    finger.touch("Type address")?;
    finger.write(bagging.wire().place())?;
    finger.touch("Back")?;
    finger.touch("nci")?;
    bagging.put(570);
    finger.touch("Test weighing")?;
    ensure!(bagging.wait_for_questions(1, DEVICE_WAIT), "the scale is asked");
    finger.at.picture("bagging")?;
    finger.go("Next", Step::Display)?;
    finger.go("Back", Step::BaggingScale)?;
    finger.go("Next", Step::Display)?;
    finger.go("Next", Step::Goods)?;
    finger.at.lane().wait_for_goods(0)?;
    std::thread::sleep(HAND);
    finger.begin()?;
    println!("a kiosk's two scales are set up with {} touches", finger.touches);
    KioskSite { at: finger.at, bagging }.check()
}

#[test]
fn the_square_code_of_hq_holds_address_and_code() -> Result<()> {
    let at = Site::open("square")?;
    let enrol = |address: &str| -> Result<String> {
        run(Command::new(program("hq")?)
            .args(["enrol", "--store", STORE, "--lane", "4", "--address", address, "--data"])
            .arg(hq_folder(&at.paths.data)?))
    };
    let said = enrol("https://hq.example")?;
    let mut lines = said.lines();
    let code = lines.next().context("a code")?;
    ensure!(code.len() == 14 && lines.filter(|line| line.contains(['▀', '▄', '█'])).count() > 10, "{said}");
    ensure!(enrol("hq.example").is_err(), "an address has its scheme");
    Ok(())
}

fn hq_folder(lane: &Path) -> Result<PathBuf> {
    Ok(lane.parent().context("a folder")?.join("hq"))
}
