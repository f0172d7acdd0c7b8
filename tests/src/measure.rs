//! How quick the till is for who stands before it: from a key to pixels, at the real window of
//! a lane with a million goods.
//!
//! Keys come by the X server's test extension without any pause, which no hand can do; pixels are seen on a virtual
//! screen, drawn by the software renderer as on a till without a GPU.

mod confirm;
mod eye;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::record::Record;
use fixtures::bench::overlapping::{self, Chosen};
use fixtures::bench::{Benchmark, Effort, Report, quantile};
use fixtures::shop;
use ledger::reference::ReferenceWriter;
use pos_app::config::Paths;
use protocol::pull::{Change, Entity, Product};

use crate::display::Display;
use crate::kiosk::OPENING;
use crate::process::{PATIENCE, program, wait_at_most, wait_for};
use crate::shop::LaneFiles;
use crate::stand;

use eye::{Eye, Part};

/// The benchmarks that need a window.
pub const ALL: &[Benchmark] = &[
    Benchmark { name: "ui", about: "from a key to pixels at the real window", run },
    Benchmark {
        name: "ui-confirm",
        about: "from the key that confirms a payment to the drawer and the receipt",
        run: confirm::run,
    },
];

/// How many goods the lane knows.
const GOODS: usize = 1_000_000;
/// Lines of the basket that scans go into.
const LINES: usize = 200;
/// Scans into it.
const SCANS: usize = 300;
/// Lines of a small basket.
const SMALL: usize = 20;
/// Goods that are scanned: those of the basket, and of small ones.
const SCANNED: usize = LINES + 200;
/// Codes of a burst.
const BURST: usize = 20;
/// Starts that are measured.
const STARTS: usize = 9;

/// A program's window, and the part of it that every scan changes.
#[derive(Clone, Copy)]
struct Window {
    width: u16,
    height: u16,
    part: Part,
}

/// The till's: pieces and total.
const TILL: Window =
    Window { width: 1_024, height: 768, part: Part { x: 12, y: 690, width: 568, height: 62 } };

/// A kiosk's, upright as it opens where nothing is said: pieces and total on the key that leads to the payment.
const KIOSK: Window =
    Window { width: 1_080, height: 1_400, part: Part { x: 560, y: 1_236, width: 470, height: 132 } };

/// What a scan may take: one frame of a screen that shows sixty a second.
const FRAME_US: i64 = 16_667;
/// What half of all scans may take.
const HALF_US: i64 = 8_000;
/// What a burst may take from its last key on.
const BURST_US: i64 = 200_000;
/// What a start may take.
const START_US: i64 = 500_000;
/// What the till may take of memory.
const MEMORY_KB: i64 = 120 << 10;

/// Nothing changed for so long: what came is there.
const STILL: Duration = Duration::from_millis(400);
/// Between two scans of a quick hand.
const BREATH: Duration = Duration::from_millis(40);
/// So long nobody touches the till, to see what it does by itself.
const IDLE: Duration = Duration::from_secs(10);

fn run(report: &mut Report, effort: Effort) -> Result<()> {
    std::fs::create_dir_all("target")?;
    let folder = tempfile::Builder::new().prefix("bench-ui-").tempdir_in("target")?;
    let began = Instant::now();
    let codes = fill(folder.path())?;
    report.note(format!("{GOODS} goods were taken in in {} s.", began.elapsed().as_secs()));
    let mut lane = Lane::new(folder.path(), TILL)?;
    std::fs::write(lane.paths.config(), "[sound]\nplayer = [\"true\"]\n")?;
    start(report, &mut lane, effort.rounds_max.min(STARTS))?;
    lane.open()?;
    lane.sign_in()?;
    idle(report, &lane)?;
    scans(report, &mut lane, &codes, effort.rounds_max.min(SCANS))?;
    burst(report, &mut lane, &codes[LINES..])?;
    memory(report, &lane)?;
    drop(lane);
    kiosk(report, folder.path(), &codes)
}

/// The same goods at a lane that customers use by themselves.
fn kiosk(report: &mut Report, folder: &Path, codes: &[String]) -> Result<()> {
    let mut lane = Lane::new(folder, KIOSK)?;
    // It begins with a journal of its own; whatever 20 lines come to, nobody is called.
    for end in ["", "-wal", "-shm"] {
        match std::fs::remove_file(format!("{}{end}", lane.paths.journal().display())) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            Ok(()) | Err(_) => {}
        }
    }
    let set_up = "mode = \"kiosk\"\n\n[sound]\nplayer = [\"true\"]\n\n\
                  [kiosk]\nwarn_seconds = 880\nreset_seconds = 900\ntotal_max = 1000000\n";
    std::fs::write(lane.paths.config(), set_up)?;
    lane.open()?;
    for (_, x, y) in OPENING {
        lane.display.tap(x, y)?;
        lane.eye.until_still(STILL)?;
    }
    lane.wait_for(1, |record| matches!(record, Record::SignedIn { .. }))?;
    lane.eye.until_still(STILL)?;
    let mut times = Vec::new();
    for code in &codes[..SMALL] {
        times.push(lane.scan(code)?);
        std::thread::sleep(BREATH);
    }
    let lines = lane.count(|record| matches!(record, Record::LineAdded { .. }))?;
    ensure!(lines == SMALL, "{SMALL} lines are not there, but {lines}");
    quick(report, "at a kiosk, the first 20 lines", &mut times);
    Ok(())
}

/// A lane's reference with a million goods and a hundred promotions; gives codes to scan.
fn fill(folder: &Path) -> Result<Vec<String>> {
    stand::reference(folder, 1)?;
    let mut writer = ReferenceWriter::open(&folder.join("reference.db"))?;
    let mut version = writer.state()?.version;
    let update = writer.begin()?;
    let mut chosen = Chosen::of(GOODS, SCANNED);
    let class = shop::demo().tax_classes.first().context("a class of tax")?.id.clone();
    for (number, product) in shop::generate(1, GOODS).enumerate() {
        let product = Product { tax_class: class.clone(), ..product };
        chosen.look_at(number, &product);
        version += 1;
        let key = product.sku.clone();
        update.apply(&Change { version, key, entity: Entity::Product(Some(product)) })?;
    }
    let chosen = chosen.goods;
    ensure!(chosen.len() == SCANNED, "the catalogue holds {} such goods", chosen.len());
    for form in overlapping::promotions(&chosen) {
        form.understand()?;
        version += 1;
        let key = form.id.clone();
        update.apply(&Change { version, key, entity: Entity::PromotionRule(Some(form)) })?;
    }
    update.commit(version)?;
    writer.tidy()?;
    Ok(chosen.into_iter().map(|product| product.codes[0].clone()).collect())
}

/// A lane's program before a screen.
struct Lane {
    paths: Paths,
    display: Display,
    eye: Eye,
    window: Window,
    program: PathBuf,
    till: Option<Till>,
}

/// The running program; dropped, it is killed.
struct Till(Child);

impl Drop for Till {
    fn drop(&mut self) {
        // It may have ended already; nothing else can be done here.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Lane {
    fn new(folder: &Path, window: Window) -> Result<Self> {
        let display = Display::start(window.width.into(), window.height.into())?;
        let eye = Eye::open(&display, window.part)?;
        let paths = Paths { data: folder.canonicalize()? };
        Ok(Self { paths, display, eye, window, program: program("pos-app")?, till: None })
    }

    /// Starts the program; gives the instant.
    fn start(&mut self) -> Result<Instant> {
        let log =
            std::fs::File::options().create(true).append(true).open(self.paths.data.join("till.log"))?;
        let began = Instant::now();
        let child = Command::new(&self.program)
            .env("DISPLAY", self.display.name())
            .env("SLINT_SCALE_FACTOR", "1")
            .arg("--data")
            .arg(&self.paths.data)
            .args(["--size", &format!("{}x{}", self.window.width, self.window.height)])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .context("start pos-app")?;
        self.till = Some(Till(child));
        Ok(began)
    }

    fn open(&mut self) -> Result<()> {
        self.start()?;
        self.eye.watch_window(self.window.width, self.window.height)?;
        self.display.focus()?;
        self.eye.remember()?;
        self.eye.until_still(STILL)?;
        Ok(())
    }

    fn sign_in(&mut self) -> Result<()> {
        for text in ["101", "1234"] {
            self.display.type_text(text)?;
            self.display.keys(&["Return"])?;
        }
        self.wait_for(1, |record| matches!(record, Record::SignedIn { .. }))?;
        self.eye.until_still(STILL)?;
        Ok(())
    }

    fn count(&self, such: impl Fn(&Record) -> bool) -> Result<usize> {
        let files = LaneFiles::of(&self.paths);
        files.count(such)
    }

    /// The codes of all lines that were added.
    fn added(&self) -> Result<Vec<String>> {
        let records = LaneFiles::of(&self.paths).records()?;
        let code = |record| if let Record::LineAdded { line } = record { Some(line.code) } else { None };
        Ok(records.into_iter().filter_map(|stored| code(stored.record)).collect())
    }

    fn wait_for(&self, count: usize, such: impl Fn(&Record) -> bool + Copy) -> Result<()> {
        wait_for("records", || Ok((self.count(such)? >= count).then_some(())))
    }

    /// Scans; gives the time until the total has changed, microseconds.
    fn scan(&mut self, code: &str) -> Result<i64> {
        self.eye.remember()?;
        let sent = self.eye.type_line(code)?;
        let Some(seen) = self.eye.until_changed(PATIENCE)? else {
            let picture = Path::new("target/bench-ui.png");
            self.display.screenshot(picture)?;
            let sold = self.added()?;
            let is_sold = sold.last().is_some_and(|last| last == code);
            bail!(
                "after {} lines {code} is not on the screen, though in the journal: {is_sold}; see {}",
                sold.len(),
                picture.display()
            );
        };
        Ok(micros(seen.saturating_duration_since(sent)))
    }

    /// A figure of the program's own, kB.
    fn memory_kb(&self, what: &str) -> Result<i64> {
        let till = self.till.as_ref().context("the till is not running")?;
        let status = std::fs::read_to_string(format!("/proc/{}/status", till.0.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(what)).context("its memory")?;
        Ok(line.trim_start_matches(':').trim().trim_end_matches(" kB").parse()?)
    }

    /// How long it has been busy, in hundredths of a second.
    fn busy(&self) -> Result<i64> {
        let till = self.till.as_ref().context("the till is not running")?;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", till.0.id()))?;
        let fields = stat.rsplit_once(')').context("read its state")?.1;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        Ok(fields[11].parse::<i64>()? + fields[12].parse::<i64>()?)
    }
}

/// From the start of the program to its first whole picture, its files read from the disk.
fn start(report: &mut Report, lane: &mut Lane, starts: usize) -> Result<()> {
    // Once to know what it looks like when it is there.
    lane.open()?;
    lane.eye.until_still(Duration::from_secs(2))?;
    let ready = lane.eye.look()?;
    let Window { width, height, part: _ } = lane.window;
    let mut times = Vec::new();
    for _ in 0..starts {
        lane.till = None;
        let eye = &lane.eye;
        wait_for("an empty screen", || Ok((!eye.sees_window(width, height)?).then_some(())))?;
        forget(&lane.paths.reference())?;
        let began = lane.start()?;
        loop {
            if lane.eye.look()? == ready {
                break;
            }
            ensure!(began.elapsed() < PATIENCE, "the till did not come");
            std::thread::sleep(Duration::from_millis(1));
        }
        times.push(micros(began.elapsed()));
    }
    lane.till = None;
    let eye = &lane.eye;
    wait_for("an empty screen", || Ok((!eye.sees_window(width, height)?).then_some(())))?;
    report.add(
        "ui: start to the first whole picture, a million goods, median",
        (quantile(&mut times, 500), "us"),
        ("what it may take", START_US),
    );
    Ok(())
}

fn idle(report: &mut Report, lane: &Lane) -> Result<()> {
    let before = lane.busy()?;
    let until = Instant::now() + IDLE;
    wait_at_most(IDLE * 2, "nothing", || Ok((Instant::now() >= until).then_some(())))?;
    let hundredths = lane.busy()? - before;
    let all = i64::try_from(IDLE.as_millis() / 10)?;
    report.add("ui: busy while nobody touches it", (hundredths * 10, "ms"), ("10 s", all * 10));
    Ok(())
}

fn scans(report: &mut Report, lane: &mut Lane, codes: &[String], scans: usize) -> Result<()> {
    let mut growing = Vec::new();
    for code in &codes[..LINES] {
        growing.push(lane.scan(code)?);
        std::thread::sleep(BREATH);
    }
    ensure!(
        lane.count(|record| matches!(record, Record::LineAdded { .. }))? == LINES,
        "200 lines are not there"
    );
    let mut into = Vec::new();
    for number in 0..scans {
        into.push(lane.scan(&codes[number * 37 % LINES])?);
        std::thread::sleep(BREATH);
    }
    let mut small = growing[..SMALL].to_vec();
    for (name, times) in [
        ("the first 20 lines", &mut small),
        ("a basket that grows to 200 lines", &mut growing),
        ("a basket of 200 lines", &mut into),
    ] {
        quick(report, name, times);
    }
    Ok(())
}

/// What scans took, beside what they may.
fn quick(report: &mut Report, name: &str, times: &mut [i64]) {
    for (which, thousandths, beside) in [
        ("median", 500, ("what half may take", HALF_US)),
        ("99 %", 990, ("one frame of 60 a second", FRAME_US)),
    ] {
        let time = quantile(times, thousandths);
        report.add(format!("ui: scan to pixels, {name}, {which}"), (time, "us"), beside);
    }
}

fn burst(report: &mut Report, lane: &mut Lane, codes: &[String]) -> Result<()> {
    let mut times = Vec::new();
    for burst in codes.chunks_exact(BURST).take(5) {
        let before = lane.added()?.len();
        lane.eye.remember()?;
        let mut sent = Instant::now();
        for code in burst {
            sent = lane.eye.type_line(code)?;
        }
        let mut seen = lane.eye.until_changed(PATIENCE)?.context("see a burst")?;
        let began = Instant::now();
        loop {
            seen = lane.eye.until_still(STILL)?.unwrap_or(seen);
            let sold = lane.added()?;
            let count = sold.len() - before;
            if count == BURST {
                break;
            }
            // A till may well be still while it reckons: what counts is the last change.
            let missing: Vec<&String> = burst.iter().filter(|code| !sold.contains(code)).collect();
            let gives_up = count > BURST || began.elapsed() > PATIENCE;
            ensure!(!gives_up, "of {BURST} codes {count} are in the journal, without {missing:?}");
        }
        times.push(micros(seen.saturating_duration_since(sent)));
    }
    report.add(
        "ui: a burst of 20 codes without a pause, from its last key to the last change, worst of 5",
        (quantile(&mut times, 1_000), "us"),
        ("what it may take", BURST_US),
    );
    Ok(())
}

fn memory(report: &mut Report, lane: &Lane) -> Result<()> {
    let beside = ("what it may take", MEMORY_KB);
    report.add("ui: memory at its most", (lane.memory_kb("VmHWM")?, "kB"), beside);
    report.add("ui: memory with 300 lines", (lane.memory_kb("VmRSS")?, "kB"), beside);
    Ok(())
}

/// Lets the machine forget what it has read of a file.
fn forget(path: &Path) -> Result<()> {
    let file = std::fs::File::open(path)?;
    file.sync_all()?;
    rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed)?;
    Ok(())
}

fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
