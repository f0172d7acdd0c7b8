//! Tries one device before a technician's eyes: paper, drawer, weight, scan, tones. The till must not run meanwhile: a
//! device serves one program.

use std::io::Write;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use drivers::display::Display;
use drivers::frame::supervisor::{Ending, Told};
use drivers::printer::{Document, Job, Outcome, Printer, PrinterEvent, REPLACEMENT, Row};
use drivers::scale::Reading;
use drivers::scanner::serial::ScannerEvent;
use drivers::sound::{Sound, SoundConfig, Tone};
use ledger::file::WriterLock;
use ui::customer::{CustomerScreen, CustomerScreenView, CustomerView, Picture};
use ui::view::{Line, Theme};

use crate::config::{Config, Paths};
use crate::customer as window;
use crate::doctor::{self, Finding, Grade};
use crate::pole;
use crate::run::AnyScanner;

/// What can be tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Tried {
    /// A page with everything that a receipt may have.
    Printer,
    /// The drawer opens.
    Drawer,
    /// What lies on the scale, for ten seconds.
    Scale,
    /// What lies in the bagging area of a kiosk, for ten seconds.
    Bagging,
    /// What the scanners read, for twenty seconds.
    Scanner,
    /// A test picture on the pole.
    Display,
    /// The customer's window with its pictures, a basket and what is to be paid. The till may run.
    Customer,
    /// The three tones.
    Sound,
    /// Whether the wallets know this shop's keys; nothing is charged. The till may run.
    Wallets,
    /// Whether the store's label gateways answer. The till may run.
    Labels,
}

/// How long a page may take.
const PAPER_WAIT: Duration = Duration::from_secs(60);
/// How long the scale is followed.
const SCALE_WAIT: Duration = Duration::from_secs(10);
/// How long scans are waited for.
const SCAN_WAIT: Duration = Duration::from_secs(20);
/// How long the pole shows the picture before the thread ends.
const DISPLAY_WAIT: Duration = Duration::from_secs(5);
/// How long the customer's window shows one thing.
const SCENE: Duration = Duration::from_secs(3);
/// The longest tone, and the pause after it.
const TONE_WAIT: Duration = Duration::from_millis(1_200);

/// Tries it; what is seen goes to `say`, line by line.
///
/// # Errors
/// It is not configured, not reached, or the till runs.
pub fn try_out(paths: &Paths, config: &Config, tried: Tried, say: &mut impl Write) -> Result<()> {
    match tried {
        Tried::Wallets => return told(&doctor::wallets(config, paths), "no wallet in lane.toml", say),
        Tried::Labels => return told(&doctor::gateways(paths), "no gateway in labels.toml", say),
        Tried::Customer => return customer(paths, config, say),
        Tried::Printer
        | Tried::Drawer
        | Tried::Scale
        | Tried::Bagging
        | Tried::Scanner
        | Tried::Display
        | Tried::Sound => {}
    }
    drop(WriterLock::take(&paths.journal()).context("try a device: end the till first")?);
    match tried {
        Tried::Printer => printer(paths, config, say),
        Tried::Drawer => drawer(paths, config, say),
        Tried::Scale => scale(config.scale.as_ref().context("no scale in lane.toml")?, say),
        Tried::Bagging => scale(config.bagging_scale.as_ref().context("no bagging_scale in lane.toml")?, say),
        Tried::Scanner => scanner(config, say),
        Tried::Display => display(config, say),
        Tried::Sound => sound(paths, config, say),
        // Answered above.
        Tried::Wallets | Tried::Labels | Tried::Customer => Ok(()),
    }
}

/// Says what was found of things that need no person to look at them.
fn told(findings: &[Finding], none: &'static str, say: &mut impl Write) -> Result<()> {
    for finding in findings {
        writeln!(say, "{finding}")?;
    }
    match findings.iter().filter(|finding| finding.grade != Grade::Good).count() {
        0 if findings.is_empty() => bail!("{none}"),
        0 => Ok(()),
        wrong => bail!("{wrong} of {} need attention", findings.len()),
    }
}

fn driver(paths: &Paths, config: &Config) -> Result<(Printer, Receiver<PrinterEvent>)> {
    let printer = config.printer.as_ref().context("no printer in lane.toml")?;
    let driver = printer.driver(paths).map_err(anyhow::Error::from_boxed)?;
    let (tell, told) = channel();
    let printer = Printer::spawn(driver, move |event| {
        let _ = tell.send(event);
    });
    Ok((printer, told))
}

fn ended(told: &Receiver<PrinterEvent>, say: &mut impl Write) -> Result<()> {
    let until = Instant::now() + PAPER_WAIT;
    loop {
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(PrinterEvent::Health(health)) => writeln!(say, "printer: {health:?}")?,
            Ok(PrinterEvent::JobStarted { .. }) => writeln!(say, "sent")?,
            Ok(PrinterEvent::JobEnded { outcome, .. }) => {
                match outcome {
                    Outcome::Confirmed => writeln!(say, "the printer says that it is done")?,
                    Outcome::SentUnconfirmed => {
                        writeln!(say, "sent; this printer never says whether it printed")?
                    }
                    Outcome::Rejected(why) => bail!("{why}"),
                    Outcome::InDoubt => bail!("the line was lost on the way: look whether it printed"),
                }
                return Ok(());
            }
            Err(_) => bail!("the printer did not end within {} s", PAPER_WAIT.as_secs()),
        }
    }
}

fn printer(paths: &Paths, config: &Config, say: &mut impl Write) -> Result<()> {
    let (printer, told) = driver(paths, config)?;
    if printer.submit(Job { id: 1, document: test_page() }).is_err() {
        bail!("the printer's queue is full");
    }
    ended(&told, say)?;
    writeln!(
        say,
        "look: hanzi and ￥ are whole, right sides are in line, the bars and the square are read by a scanner"
    )?;
    writeln!(
        say,
        "look: the last line is drawn where a font of this machine has it, otherwise {REPLACEMENT}"
    )?;
    Ok(())
}

/// Everything that a receipt may have, and a hanzi that no printer has.
pub fn test_page() -> Document {
    Document::new()
        .title("柜台 测试页")
        .centred("Guitai test page")
        .rule()
        .pair("农夫山泉饮用天然水1.5L整箱十二瓶装（促销）", "￥1,234.50")
        .pair("左 left", "右 right")
        .rule()
        .qr("https://guitai.example/test")
        .row(Row::Blank)
        .barcode("TEST-000123")
        .text("𠮷 𣘺 ✓")
        .cut()
}

fn drawer(paths: &Paths, config: &Config, say: &mut impl Write) -> Result<()> {
    let (printer, told) = driver(paths, config)?;
    if printer.open_drawer(1).is_err() {
        bail!("too many pulses wait");
    }
    ended(&told, say)?;
    writeln!(say, "look: the drawer is open")?;
    Ok(())
}

fn scale(scale: &crate::config::Scale, say: &mut impl Write) -> Result<()> {
    let driver = scale.driver().map_err(anyhow::Error::from_boxed)?;
    let (tell, told) = channel();
    let _scale = drivers::scale::spawn(driver, move |event| {
        let _ = tell.send(event);
    });
    writeln!(say, "put something on the scale, and take it off")?;
    let mut weights = 0;
    follow(&told, SCALE_WAIT, |event| {
        match event {
            Told::Health(health) => writeln!(say, "scale: {health:?}")?,
            Told::News(Reading::Stable(load)) => {
                weights += 1;
                writeln!(say, "{}", load.weight)?;
            }
            Told::News(reading) => writeln!(say, "{reading:?}")?,
            Told::Started { .. } | Told::Ended { .. } => {}
        }
        Ok(true)
    })?;
    if weights == 0 { bail!("no weight in {} s", SCALE_WAIT.as_secs()) } else { Ok(()) }
}

fn scanner(config: &Config, say: &mut impl Write) -> Result<()> {
    let (tell, told) = channel();
    let scanners: Vec<AnyScanner> = config
        .all_scanners()
        .map(|scanner| {
            let (tell, path) = (tell.clone(), scanner.path.clone());
            AnyScanner::with(scanner, move |event| {
                let _ = tell.send((path.clone(), event));
            })
        })
        .collect();
    if scanners.is_empty() {
        bail!("no scanner in lane.toml: one that acts as a keyboard is tried in any text field");
    }
    drop(tell);
    writeln!(say, "scan something with each of {} scanners", scanners.len())?;
    let mut scans = 0;
    follow(&told, SCAN_WAIT, |(path, event)| {
        match event {
            ScannerEvent::Scan(scan) => {
                scans += 1;
                writeln!(say, "{path}: {}", scan.raw().escape_debug())?;
            }
            ScannerEvent::LineDropped { bytes } => {
                writeln!(say, "{path}: {bytes} bytes without an end: set it to end codes with CR")?;
            }
            ScannerEvent::Health(health) => writeln!(say, "{path}: {health:?}")?,
        }
        Ok(true)
    })?;
    if scans == 0 { bail!("no scan in {} s", SCAN_WAIT.as_secs()) } else { Ok(()) }
}

/// Takes in what is told for so long, or until `heard` has enough.
fn follow<T>(told: &Receiver<T>, wait: Duration, mut heard: impl FnMut(T) -> Result<bool>) -> Result<()> {
    let until = Instant::now() + wait;
    loop {
        match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(event) => {
                if !heard(event)? {
                    return Ok(());
                }
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

fn display(config: &Config, say: &mut impl Write) -> Result<()> {
    let display = config.display.as_ref().context("no display in lane.toml")?;
    let driver = display.driver().map_err(anyhow::Error::from_boxed)?;
    let (tell, told) = channel();
    let device = Display::spawn(driver, move |event| {
        let _ = tell.send(event);
    });
    if device.show(1, pole::sample()).is_err() {
        bail!("the display's queue is full");
    }
    let mut shown = false;
    follow(&told, DISPLAY_WAIT, |event| {
        match event {
            Told::Health(health) => writeln!(say, "display: {health:?}")?,
            Told::Ended { ending: Ending::Answered(_), .. } => shown = true,
            Told::Started { .. } | Told::Ended { .. } | Told::News(()) => {}
        }
        Ok(!shown)
    })?;
    if !shown {
        bail!("not reached in {} s", DISPLAY_WAIT.as_secs());
    }
    writeln!(say, "look: two rows of twenty characters, or 1234.50")?;
    Ok(())
}

/// The customer's window where the set-up puts it, with everything that it shows in a day.
fn customer(paths: &Paths, config: &Config, say: &mut impl Write) -> Result<()> {
    let place = config.customer.as_ref().context("no customer's window in lane.toml")?;
    let read = |error: crate::config::DeviceError| anyhow::Error::from_boxed(error);
    let pictures = match &place.pictures {
        Some(folder) => window::pictures(&paths.data.join(folder)).map_err(read)?,
        None => Vec::new(),
    };
    let code = place.code.as_ref().map(|file| window::read(&paths.data.join(file)));
    let code = code.transpose().map_err(read)?;
    let screen = CustomerScreen::new(|_| {}).context("show the customer's window")?;
    let (count, has_code) = (pictures.len(), code.is_some());
    writeln!(say, "look at the customer's screen: pictures ({count}), a basket, what is to be paid")?;
    screen.play(place.place(), &scenes(pictures, code)).context("show the customer's window")?;
    writeln!(say, "shown at {},{}, {}x{}", place.x, place.y, place.width, place.height)?;
    let words = if has_code {
        "pay the code with a phone, and stop before the PIN"
    } else {
        "no payment code is set up"
    };
    writeln!(say, "look: nothing was cut off, and it filled the customer's screen; {words}")?;
    Ok(())
}

/// A basket on the customer's window that nobody buys.
pub(crate) fn test_basket() -> CustomerView {
    let line = |number: &str, name: &str, quantity: &str, net: &str| Line {
        number: number.to_owned(),
        name: name.to_owned(),
        detail: String::new(),
        promotion: String::new(),
        quantity: quantity.to_owned(),
        unit_price: String::new(),
        net: net.to_owned(),
        age_open: false,
        returned: false,
    };
    let lines = vec![
        line("1", "测试商品 Test goods", "2", "1,234.50"),
        line("2", "农夫山泉饮用天然水 1.5L 整箱十二瓶装", "1", "0.01"),
    ];
    seen(CustomerScreenView::Basket { lines, total: "1,234.51".to_owned(), saved: "5.00".to_owned() })
}

fn seen(screen: CustomerScreenView) -> CustomerView {
    CustomerView { theme: Theme::Light, store: "柜台 Guitai".to_owned(), currency: "¥".to_owned(), screen }
}

/// What the customer's window shows in its test.
fn scenes(pictures: Vec<Picture>, code: Option<Picture>) -> Vec<(CustomerView, Duration)> {
    let idle = if pictures.is_empty() { vec![None] } else { pictures.into_iter().map(Some).collect() };
    let idle = idle.into_iter().map(|picture| seen(CustomerScreenView::Idle { picture }));
    let pay = seen(CustomerScreenView::Pay {
        refund: false,
        due: "1,234.51".to_owned(),
        tendered: String::new(),
        saved: "5.00".to_owned(),
        code,
    });
    idle.chain([test_basket(), pay]).map(|view| (view, SCENE)).collect()
}

fn sound(paths: &Paths, config: &Config, say: &mut impl Write) -> Result<()> {
    let sound = SoundConfig { folder: paths.sounds(), player: config.sound.player.clone() };
    let (tell, told) = channel();
    let sound = Sound::spawn(sound, move |health| {
        let _ = tell.send(health);
    });
    for (tone, words) in
        [(Tone::Accepted, "taken"), (Tone::Unknown, "not known"), (Tone::Blocked, "not possible now")]
    {
        writeln!(say, "{words}")?;
        sound.play(tone);
        std::thread::sleep(TONE_WAIT);
    }
    for health in told.try_iter() {
        writeln!(say, "sound: {health:?}")?;
    }
    Ok(())
}
