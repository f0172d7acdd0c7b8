//! One device, tried while somebody sets the till up: a page, a code, a weight, a picture. It is let go as soon as another
//! is tried or another step comes.

use std::sync::mpsc::SyncSender;

use drivers::display::{Display, Figure, Lamp, Picture};
use drivers::frame::Health;
use drivers::frame::supervisor::{Ending, Told};
use drivers::printer::{Document, Job, Outcome, Printer, PrinterEvent};
use drivers::scale::{Reading, Scale};
use drivers::scanner::serial::ScannerEvent;

use super::Event;
use crate::config::{self, Config, DeviceError, Paths};
use crate::run::AnyScanner;

/// What a device that is tried has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// It is reached.
    Reached,
    /// It is not, and why.
    NotReached(String),
    /// Paper is needed, or its cover is open.
    Attend,
    /// The page is printed.
    Printed {
        /// Whether the printer itself says so.
        confirmed: bool,
    },
    /// The page is not printed.
    NotPrinted(String),
    /// A code was read.
    Scanned(String),
    /// What was read has no end.
    Torn,
    /// What lies on the scale.
    Weight(String),
    /// Something moves there.
    Moving,
    /// The scale answers, and has no weight to tell.
    NoWeight,
    /// The picture is on the display.
    Shown,
}

/// A device that is being tried; dropped, it is let go.
pub(crate) enum Trying {
    /// A printer.
    Printer {
        /// Its thread.
        _device: Printer,
    },
    /// A scanner.
    Scanner {
        /// Its thread.
        _device: AnyScanner,
    },
    /// A scale.
    Scale {
        /// Its thread.
        _device: Scale,
    },
    /// A display.
    Display {
        /// Its thread.
        _device: Display,
    },
}

/// What is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// A printer.
    Printer(config::Printer),
    /// A scanner with a line of its own.
    Scanner(config::Scanner),
    /// A scale.
    Scale(config::Scale),
    /// A display.
    Display(config::Display),
}

/// Begins to try a device; what it says goes into the queue under a number.
///
/// # Errors
/// Its set-up cannot be.
pub(crate) fn begin(
    paths: &Paths,
    tried: &Tried,
    number: u64,
    events: &SyncSender<Event>,
) -> Result<Trying, DeviceError> {
    let events = events.clone();
    let say = move |said: Option<Said>| {
        if let Some(said) = said {
            // A closed queue means that the set-up has ended.
            let _ = events.send(Event::Said { number, said });
        }
    };
    Ok(match tried {
        Tried::Printer(printer) => {
            let device = Printer::spawn(printer.driver(paths)?, move |event| say(of_printer(event)));
            if device.submit(Job { id: 1, document: page() }).is_err() {
                return Err("the printer's queue is full".into());
            }
            Trying::Printer { _device: device }
        }
        Tried::Scanner(scanner) => {
            Trying::Scanner { _device: AnyScanner::with(scanner, move |event| say(of_scanner(event))) }
        }
        Tried::Scale(scale) => {
            let device = drivers::scale::spawn(scale.driver()?, move |told| {
                say(match told {
                    Told::Health(health) => of_health(health),
                    Told::News(Reading::Stable(load)) => Some(Said::Weight(load.weight.to_string())),
                    Told::News(Reading::Moving) => Some(Said::Moving),
                    Told::News(
                        Reading::OverRange
                        | Reading::UnderRange
                        | Reading::BelowMinimum
                        | Reading::Unchanged
                        | Reading::Idle,
                    ) => Some(Said::NoWeight),
                    Told::Started { .. } | Told::Ended { .. } => None,
                });
            });
            Trying::Scale { _device: device }
        }
        Tried::Display(display) => {
            let device = Display::spawn(display.driver()?, move |told| {
                say(match told {
                    // That a line is open says nothing: a display never answers.
                    Told::Health(Health::Offline { reason }) => Some(Said::NotReached(reason)),
                    Told::Ended { ending: Ending::Answered(_), .. } => Some(Said::Shown),
                    Told::Health(_) | Told::Started { .. } | Told::Ended { .. } | Told::News(()) => None,
                });
            });
            let picture = Picture {
                upper: Picture::pair("柜台 Guitai", "1234.50"),
                lower: "01234567890123456789".to_owned(),
                figure: Some(Figure { lamp: Lamp::Total, text: "1234.50".to_owned() }),
            };
            if device.show(1, picture).is_err() {
                return Err("the display's queue is full".into());
            }
            Trying::Display { _device: device }
        }
    })
}

/// A short page: whether hanzi are whole and the right sides in line is seen on it.
fn page() -> Document {
    Document::new()
        .title("柜台 Guitai")
        .centred("测试页 Test page")
        .rule()
        .pair("左 left", "右 right ￥12.50")
        .rule()
        .cut()
}

fn of_health(health: Health) -> Option<Said> {
    match health {
        Health::Ready => Some(Said::Reached),
        Health::Degraded(_) => Some(Said::Attend),
        Health::Offline { reason } => Some(Said::NotReached(reason)),
        Health::Unknown | Health::Connecting => None,
    }
}

fn of_printer(event: PrinterEvent) -> Option<Said> {
    match event {
        PrinterEvent::Health(health) => of_health(health),
        PrinterEvent::JobStarted { .. } => None,
        PrinterEvent::JobEnded { outcome, .. } => Some(match outcome {
            Outcome::Confirmed => Said::Printed { confirmed: true },
            Outcome::SentUnconfirmed => Said::Printed { confirmed: false },
            Outcome::Rejected(why) => Said::NotPrinted(why.to_string()),
            Outcome::InDoubt => Said::NotPrinted("the line was lost on the way".to_owned()),
        }),
    }
}

fn of_scanner(event: ScannerEvent) -> Option<Said> {
    match event {
        ScannerEvent::Scan(scan) => Some(Said::Scanned(scan.raw())),
        ScannerEvent::LineDropped { .. } => Some(Said::Torn),
        ScannerEvent::Health(health) => of_health(health),
    }
}

/// What stands in `lane.toml`, as what can be tried: the set-up begins with it.
pub fn configured(config: &Config) -> [Option<Tried>; 4] {
    [
        config.printer.clone().map(Tried::Printer),
        config.scanner.clone().map(Tried::Scanner),
        config.scale.clone().map(Tried::Scale),
        config.display.clone().map(Tried::Display),
    ]
}
