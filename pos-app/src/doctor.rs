//! The health of disk, devices, reference and clock, for whoever stands before a lane that will not sell.

use std::fmt;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use domain::clock::LaneClock;
use drivers::frame::Health;
use drivers::printer::{Printer, PrinterConfig, PrinterEvent, Profile};
use ledger::journal::{Hand, JournalReader};
use ledger::reference::AgentWatch;

use crate::config::{self, Config, Paths};
use crate::lane::{Moment, words};

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
    findings.extend([
        journal(paths),
        signing(paths),
        reference(paths),
        printer(&config),
        scanner(&config),
        clock(paths),
    ]);
    findings
}

fn finding(subject: &'static str, grade: Grade, words: impl Into<String>) -> Finding {
    Finding { subject, grade, words: words.into() }
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
    let alarm = state.alarm.map(|alarm| format!("; ALARM: {alarm}")).unwrap_or_default();
    let grade = if alarm.is_empty() { grade } else { Grade::Attend };
    finding("reference", grade, format!("{identity}, version {}, {contact}{alarm}", state.version))
}

fn printer(config: &Config) -> Finding {
    let Some(printer) = &config.printer else {
        return finding("printer", Grade::Attend, "none configured: no receipts, no drawer");
    };
    let Ok(profile) = Profile::parse(&printer.profile) else {
        return finding("printer", Grade::Stop, format!("unknown profile {}", printer.profile));
    };
    let (sender, receiver) = channel();
    let _device = Printer::spawn(PrinterConfig::new(&printer.address, profile), move |event| {
        if let PrinterEvent::Health(health) = event {
            let _ = sender.send(health);
        }
    });
    let until = Instant::now() + DEVICE_WAIT;
    let mut last = Health::Unknown;
    while let Ok(health) = receiver.recv_timeout(until.saturating_duration_since(Instant::now())) {
        let settled = !matches!(health, Health::Connecting | Health::Unknown);
        last = health;
        if settled {
            break;
        }
    }
    let at = &printer.address;
    match last {
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

fn scanner(config: &Config) -> Finding {
    match &config.scanner {
        None => finding("scanner", Grade::Good, "as a keyboard"),
        Some(scanner) if std::path::Path::new(&scanner.path).exists() => {
            finding("scanner", Grade::Good, format!("{} is there; scan something to be sure", scanner.path))
        }
        Some(scanner) => {
            finding("scanner", Grade::Attend, format!("{} is not there; plug it in", scanner.path))
        }
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
