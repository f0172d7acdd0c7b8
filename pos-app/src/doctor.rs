//! The health of disk, devices, reference and clock, for whoever stands before a lane that will not sell.

mod gateways;

use std::fmt;
use std::sync::mpsc::channel;
use std::time::Duration;

use domain::clock::LaneClock;
use drivers::frame::Health;
use drivers::frame::supervisor::{HealthWatch, Told};
use drivers::payment::{Reply, Terminal, TerminalConfig};
use drivers::printer::Printer;
use drivers::scale::Reading;
use ledger::file::{OpenFileError, WriterLock};
use ledger::journal::{Hand, JournalReader};
use ledger::reference::AgentWatch;

use crate::config::{self, Config, DeviceError, Paths};
use crate::customer;
use crate::lane::{Moment, words};
use crate::sheet::CLOCK_APART_MS;
pub use gateways::gateways;

/// How long a device may take to say how it is.
const DEVICE_WAIT: Duration = Duration::from_secs(4);

/// After so long without an answer of HQ the doctor mentions it, milliseconds.
const CONTACT_OLD_MS: i64 = 5 * 60_000;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grade {
    /// In order.
    Good,
    /// The lane sells; somebody should look.
    Attend,
    /// The lane does not sell.
    Stop,
}

/// What was found of one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Of what.
    pub subject: &'static str,
    /// How serious.
    pub grade: Grade,
    /// In words, with what to do.
    pub words: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let grade = match self.grade {
            Grade::Good => "ok",
            Grade::Attend => "attend",
            Grade::Stop => "STOP",
        };
        write!(f, "{grade:<7}{:<11}{}", self.subject, self.words)
    }
}

/// Looks at everything. Changes nothing, and prints nothing on paper.
pub fn examine(paths: &Paths) -> Vec<Finding> {
    let mut findings = vec![disk(paths)];
    let config = match config::read(&paths.config()) {
        Ok(config) => config,
        Err(error) => {
            findings.push(finding("config", Grade::Stop, words(&error)));
            Config::default()
        }
    };
    findings.extend([journal(paths), signing(paths), reference(paths)]);
    if till_runs(paths) {
        findings.extend(held(&config));
    } else {
        findings.push(printer(&config, paths));
        findings.extend(scanners(&config));
        findings.extend(scale("scale", config.scale.as_ref()));
        findings.extend(scale("bagging", config.bagging_scale.as_ref()));
        findings.extend(display(&config));
    }
    findings.extend(fonts(&config, paths));
    findings.push(sound(&config));
    findings.extend(customer(&config, paths));
    findings.extend(wallets(&config, paths));
    findings.extend(gateways(paths));
    findings.push(clock(paths));
    findings
}

fn finding(subject: &'static str, grade: Grade, words: impl Into<String>) -> Finding {
    Finding { subject, grade, words: words.into() }
}

/// Whether a till has this lane's files, and so its devices, for itself now.
fn till_runs(paths: &Paths) -> bool {
    let journal = paths.journal();
    // Without the lock's file none ever ran, and none is made here.
    journal.with_extension("lock").exists()
        && matches!(WriterLock::take(&journal), Err(OpenFileError::InUse { .. }))
}

/// Devices that the till works with: a second program on the same line would disturb both.
fn held(config: &Config) -> Vec<Finding> {
    let printer = config.printer.as_ref().map(|printer| ("printer", &printer.address));
    let scanners = config.all_scanners().map(|scanner| ("scanner", &scanner.path));
    let scale = config.scale.as_ref().map(|scale| ("scale", &scale.port));
    let bagging = config.bagging_scale.as_ref().map(|scale| ("bagging", &scale.port));
    let display = config.display.as_ref().map(|display| ("display", &display.port));
    printer
        .into_iter()
        .chain(scanners)
        .chain(scale)
        .chain(bagging)
        .chain(display)
        .map(|(subject, place)| {
            let words = format!(
                "{place}: the till holds it, and shows how it is (F1, devices); end the till to examine it"
            );
            finding(subject, Grade::Good, words)
        })
        .collect()
}

fn sound(config: &Config) -> Finding {
    match drivers::sound::find_player(config.sound.player.as_deref()) {
        Ok(player) => finding("sound", Grade::Good, format!("played by {}", player.join(" "))),
        Err(error) => {
            finding("sound", Grade::Attend, format!("{error}: install alsa-utils; scans make no sound"))
        }
    }
}

fn disk(paths: &Paths) -> Finding {
    let probe = paths.data.join(".doctor");
    match std::fs::write(&probe, b"x").and_then(|()| std::fs::remove_file(&probe)) {
        Ok(()) => finding("disk", Grade::Good, format!("{} can be written", paths.data.display())),
        Err(error) => {
            finding("disk", Grade::Stop, format!("{} cannot be written: {error}", paths.data.display()))
        }
    }
}

fn journal(paths: &Paths) -> Finding {
    match JournalReader::open(&paths.journal()) {
        Ok(None) => finding("journal", Grade::Attend, "none yet; it begins with the first start of the till"),
        Err(error) => finding("journal", Grade::Stop, words(&error)),
        Ok(Some(reader)) => match reader.verify() {
            Ok(head) => finding(
                "journal",
                Grade::Good,
                format!("{}, {} events, chain whole", reader.identity(), head.seq),
            ),
            Err(error) => finding("journal", Grade::Stop, words(&error)),
        },
    }
}

fn reference(paths: &Paths) -> Finding {
    let state = match AgentWatch::open(&paths.reference())
        .and_then(|watch| watch.map(|watch| watch.state()).transpose())
    {
        Ok(Some(state)) => state,
        Ok(None) => return finding("reference", Grade::Stop, "none: enrol this lane with sync-agent enrol"),
        Err(error) => return finding("reference", Grade::Stop, words(&error)),
    };
    let Some(identity) = state.identity else {
        return finding("reference", Grade::Stop, "not enrolled: enrol this lane with sync-agent enrol");
    };
    if state.version == 0 {
        return finding(
            "reference",
            Grade::Stop,
            format!("{identity}: no goods yet; is sync-agent running?"),
        );
    }
    let silent_ms = state.contact_ms.map(|contact| Moment::now().now_ms - contact);
    let (grade, contact) = match silent_ms {
        Some(ms) if ms < CONTACT_OLD_MS => (Grade::Good, format!("HQ answered {} s ago", ms / 1_000)),
        Some(ms) => (Grade::Attend, format!("HQ has not answered for {} min", ms / 60_000)),
        None => (Grade::Attend, "HQ has never answered".to_owned()),
    };
    let apart = state.apart_ms.filter(|apart_ms| apart_ms.abs() >= CLOCK_APART_MS);
    let (grade, apart) = match apart {
        Some(apart_ms) => {
            (Grade::Attend, format!("; this machine's clock is {:+} s from HQ's: set it", apart_ms / 1_000))
        }
        None => (grade, String::new()),
    };
    let alarm = state.alarm.map(|alarm| format!("; ALARM: {alarm}")).unwrap_or_default();
    let grade = if alarm.is_empty() { grade } else { Grade::Attend };
    finding("reference", grade, format!("{identity}, version {}, {contact}{apart}{alarm}", state.version))
}

fn printer(config: &Config, paths: &Paths) -> Finding {
    let Some(printer) = &config.printer else {
        return finding("printer", Grade::Attend, "none configured: no receipts, no drawer");
    };
    let driver = match printer.driver(paths) {
        Ok(driver) => driver,
        Err(error) => return finding("printer", Grade::Stop, error.to_string()),
    };
    let device = Printer::spawn(driver, |_| {});
    let health = settled(&device.watch());
    let at = &printer.address;
    match health {
        Health::Ready => finding("printer", Grade::Good, format!("{at} ready")),
        Health::Unknown => finding("printer", Grade::Attend, format!("{at} does not say how it is")),
        Health::Connecting => {
            finding("printer", Grade::Attend, format!("{at} does not answer; receipts wait"))
        }
        Health::Degraded(reason) => {
            finding("printer", Grade::Attend, format!("{at} asks for attention: {reason:?}"))
        }
        Health::Offline { reason } => {
            finding("printer", Grade::Attend, format!("{at} not reached ({reason}); receipts wait"))
        }
    }
}

/// What is printed of a character that the printer lacks.
fn fonts(config: &Config, paths: &Paths) -> Option<Finding> {
    let typeface = config.printer.as_ref()?.typeface(paths);
    let replacement = drivers::printer::REPLACEMENT;
    Some(match (typeface.readable(), typeface.files()) {
        (0, _) => {
            let words = format!(
                "none for what the printer lacks: a rare hanzi prints as {replacement}; install fonts-noto-cjk"
            );
            finding("fonts", Grade::Attend, words)
        }
        (count, files) => {
            let first = files.first().map(|file| file.display().to_string()).unwrap_or_default();
            finding("fonts", Grade::Good, format!("{count} for what the printer lacks, {first} first"))
        }
    })
}

/// How a device is, once it has said so or had its time to.
fn settled(watch: &HealthWatch) -> Health {
    watch.wait_until(DEVICE_WAIT, |health| !matches!(health, Health::Connecting | Health::Unknown)).health
}

fn scanners(config: &Config) -> Vec<Finding> {
    let found: Vec<Finding> = config
        .all_scanners()
        .map(|scanner| {
            // Opened to read and let go: whoever may not read it is told so here.
            match std::fs::File::open(&scanner.path) {
                Ok(_) => finding(
                    "scanner",
                    Grade::Good,
                    format!("{} is there; scan something to be sure", scanner.path),
                ),
                Err(error) => finding(
                    "scanner",
                    Grade::Attend,
                    format!("{}: {error}; plug it in, and see to its group", scanner.path),
                ),
            }
        })
        .collect();
    if found.is_empty() { vec![finding("scanner", Grade::Good, "as a keyboard")] } else { found }
}

fn scale(subject: &'static str, scale: Option<&config::Scale>) -> Option<Finding> {
    let scale = scale?;
    let driver = match scale.driver() {
        Ok(driver) => driver,
        Err(error) => return Some(finding(subject, Grade::Stop, error.to_string())),
    };
    let (tell, readings) = channel();
    let device = drivers::scale::spawn(driver, move |told| {
        if let Told::News(reading) = told {
            let _ = tell.send(reading);
        }
    });
    let at = format!("{} ({})", scale.port, scale.protocol);
    Some(match settled(&device.watch()) {
        Health::Ready => {
            let shows = match readings.recv_timeout(DEVICE_WAIT) {
                Ok(Reading::Stable(load)) => format!("shows {}", load.weight),
                Ok(Reading::Moving) => "its load moves".to_owned(),
                Ok(Reading::OverRange) => "carries too much".to_owned(),
                Ok(Reading::UnderRange) => "shows less than nothing: set it to zero".to_owned(),
                Ok(Reading::BelowMinimum | Reading::Unchanged | Reading::Idle) | Err(_) => {
                    "answers".to_owned()
                }
            };
            finding(subject, Grade::Good, format!("{at} ready, {shows}"))
        }
        Health::Connecting | Health::Unknown => {
            finding(subject, Grade::Attend, format!("{at} does not answer"))
        }
        Health::Degraded(reason) => {
            finding(subject, Grade::Attend, format!("{at} asks for attention: {reason:?}"))
        }
        Health::Offline { reason } => finding(subject, Grade::Attend, format!("{at} not reached ({reason})")),
    })
}

fn display(config: &Config) -> Option<Finding> {
    let display = config.display.as_ref()?;
    let at = format!("{} ({})", display.port, display.model);
    // Opened and let go: what it shows is not touched.
    let opened = display
        .driver()
        .and_then(|driver| driver.port.open(DEVICE_WAIT).map_err(|lost| Box::new(lost) as DeviceError));
    Some(match opened {
        Ok(_) => finding("display", Grade::Good, format!("{at} is there; a display never answers")),
        Err(error) => finding("display", Grade::Attend, format!("{at} not reached ({error})")),
    })
}

/// The customer's window: its pictures are read. Whether it stands on the right screen is seen on it.
fn customer(config: &Config, paths: &Paths) -> Option<Finding> {
    let window = config.customer.as_ref()?;
    let pictures = match &window.pictures {
        None => Ok(Vec::new()),
        Some(folder) => customer::pictures(&paths.data.join(folder)),
    };
    let code = window.code.as_ref().map(|file| customer::read(&paths.data.join(file))).transpose();
    Some(match (pictures, code) {
        (Ok(pictures), Ok(_)) => {
            let (count, x, y) = (pictures.len(), window.x, window.y);
            finding("customer", Grade::Good, format!("window at {x},{y}, {count} pictures"))
        }
        (Err(error), _) | (_, Err(error)) => finding("customer", Grade::Attend, format!("{error}; left out")),
    })
}

/// The wallets' terminals: keys read, whether the wallet is reached, and whether it knows the keys: it is asked about an
/// order that nobody has made. Nothing is charged.
pub fn wallets(config: &Config, paths: &Paths) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(account) = &config.payment.wechat {
        let certified = account.certificate_file.is_some();
        findings.push(wallet("wechat", || account.driver(paths), certified));
    }
    if let Some(account) = &config.payment.alipay {
        findings.push(wallet("alipay", || account.driver(paths), true));
    }
    findings
}

fn wallet<P: drivers::payment::Provider>(
    name: &'static str,
    account: impl Fn() -> Result<P, DeviceError>,
    reverses: bool,
) -> Finding {
    let spawn = |account| {
        Terminal::spawn(account, TerminalConfig::default(), |_| {})
            .map_err(|lost| Box::new(lost) as DeviceError)
    };
    let terminal = match account().and_then(spawn) {
        Ok(terminal) => terminal,
        Err(error) => return finding(name, Grade::Attend, format!("{error}; no payment by it")),
    };
    match settled(&terminal.watch()) {
        Health::Ready => {
            let tried = account().and_then(|account| {
                Terminal::try_keys(&account, TerminalConfig::default())
                    .map_err(|lost| Box::new(lost) as DeviceError)
            });
            match tried {
                Ok(Reply::NotFound) if !reverses => finding(
                    name,
                    Grade::Attend,
                    "reached, keys right; without a certificate nothing can be taken back",
                ),
                Ok(Reply::NotFound) => finding(name, Grade::Good, "reached, keys right"),
                Ok(Reply::Unknown { note }) => finding(
                    name,
                    Grade::Attend,
                    format!(
                        "reached, and refuses our question ({note}): are the keys and numbers those of this shop?"
                    ),
                ),
                Ok(
                    other @ (Reply::Paid { .. }
                    | Reply::Declined { .. }
                    | Reply::Waiting
                    | Reply::Closed
                    | Reply::Reversed
                    | Reply::NotReversed { .. }),
                ) => {
                    finding(name, Grade::Attend, format!("reached; says of an order that is none: {other:?}"))
                }
                Err(error) => finding(name, Grade::Attend, format!("reached, then not ({error})")),
            }
        }
        Health::Connecting | Health::Unknown | Health::Degraded(_) => {
            finding(name, Grade::Attend, "not reached in time")
        }
        Health::Offline { reason } => finding(name, Grade::Attend, format!("not reached ({reason})")),
    }
}

fn clock(paths: &Paths) -> Finding {
    let moment = Moment::now();
    let hours = moment.offset_minutes / 60;
    let shown = chrono::Local::now().format("%Y-%m-%d %H:%M:%S");
    let reader = JournalReader::open(&paths.journal()).ok().flatten();
    let last_ms = reader.and_then(|reader| reader.last_stamp().ok().flatten()).map(|stamp| stamp.at_ms);
    if LaneClock::new(last_ms, 0).read(moment.now_ms, 0).1.is_none() {
        return finding("clock", Grade::Good, format!("{shown}, UTC{hours:+}"));
    }
    let last = last_ms.and_then(chrono::DateTime::from_timestamp_millis);
    let why = last.map_or_else(String::new, |last| {
        format!(": the journal's last event was at {} UTC", last.format("%Y-%m-%d %H:%M"))
    });
    finding(
        "clock",
        Grade::Attend,
        format!(
            "{shown}, UTC{hours:+} cannot be right{why}. The till reckons the time itself. Set the clock; where \
             it is right as it is, run pos-app clock trust"
        ),
    )
}

fn signing(paths: &Paths) -> Finding {
    match Hand::beside(&paths.journal()) {
        Hand::Key(key) => {
            finding("signing", Grade::Good, format!("the journal is signed with {}", key.public()))
        }
        Hand::None => finding(
            "signing",
            Grade::Attend,
            "no key: the journal is not signed; enrol the lane anew to sign",
        ),
        Hand::Unreadable { reason } => finding(
            "signing",
            Grade::Attend,
            format!("{reason}: the journal is not signed; enrol the lane anew"),
        ),
    }
}
