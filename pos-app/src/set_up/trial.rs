//! One device, tried while somebody sets the till up: a page, a code, a weight, a picture. It is let go as soon as another
//! is tried or another step comes.

use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use drivers::display::{Display, Figure, Lamp, Picture};
use drivers::frame::Health;
use drivers::frame::supervisor::{Ending, Told};
use drivers::printer::{Document, Job, Outcome, Printer, PrinterEvent};
use drivers::scale::{Reading, Scale, ScaleTold};
use drivers::scanner::serial::ScannerEvent;
use ui::customer::CustomerRemote;

use super::Event;
use crate::config::{self, Config, DeviceError, Paths};
use crate::run::AnyScanner;
use crate::tryout;

/// So long the test picture stands on the customer's screen: a walk around the counter, and a look.
const PICTURE_SHOWN: Duration = Duration::from_secs(15);

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
    /// Nothing lies on the scale of the bagging area.
    Empty,
    /// It weighs in something that a bagging area cannot use.
    NotGrams,
    /// Something moves there.
    Moving,
    /// The scale answers, and has no weight to tell.
    NoWeight,
    /// The picture is on the display.
    Shown,
    /// The picture has stood long enough on the customer's screen.
    PictureOver,
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
    /// The customer's window, until it has been shown long enough.
    Customer(TestPicture),
}

/// The customer's window with a test picture; dropped, it is hidden.
pub(crate) struct TestPicture {
    window: CustomerRemote,
    until: Instant,
}

impl Drop for TestPicture {
    fn drop(&mut self) {
        self.window.hide();
    }
}

impl Trying {
    /// Whether what is tried has been shown long enough: it must not stand in anybody's way for ever.
    pub(crate) fn is_over(&self) -> bool {
        match self {
            Self::Customer(picture) => Instant::now() >= picture.until,
            Self::Printer { .. } | Self::Scanner { .. } | Self::Scale { .. } | Self::Display { .. } => false,
        }
    }
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
    /// The scale of a bagging area.
    BaggingScale(config::Scale),
    /// A display.
    Display(config::Display),
    /// The customer's window.
    Customer(config::CustomerWindow),
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
    customer: &CustomerRemote,
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
            let device = drivers::scale::spawn(scale.driver()?, move |told| say(of_scale(told)));
            Trying::Scale { _device: device }
        }
        Tried::BaggingScale(scale) => {
            let device = drivers::scale::spawn(scale.driver()?, move |told| say(of_bagging_scale(told)));
            Trying::Scale { _device: device }
        }
        Tried::Customer(place) => {
            customer.show_at(place.place(), tryout::test_basket());
            let until = Instant::now() + PICTURE_SHOWN;
            Trying::Customer(TestPicture { window: customer.clone(), until })
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

fn of_scale(told: ScaleTold) -> Option<Said> {
    match told {
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
    }
}

/// As a kiosk reads it: in whole grams, and nothing is a weight too.
fn of_bagging_scale(told: ScaleTold) -> Option<Said> {
    match &told {
        Told::News(Reading::Stable(load)) => match load.weight.grams() {
            Some(0) => Some(Said::Empty),
            Some(_) => of_scale(told),
            None => Some(Said::NotGrams),
        },
        Told::News(Reading::BelowMinimum) => Some(Said::Empty),
        Told::News(
            Reading::Moving | Reading::OverRange | Reading::UnderRange | Reading::Unchanged | Reading::Idle,
        )
        | Told::Health(_)
        | Told::Started { .. }
        | Told::Ended { .. } => of_scale(told),
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
pub fn configured(config: &Config) -> [Option<Tried>; 6] {
    [
        config.printer.clone().map(Tried::Printer),
        config.scanner.clone().map(Tried::Scanner),
        config.scale.clone().map(Tried::Scale),
        config.bagging_scale.clone().map(Tried::BaggingScale),
        config.display.clone().map(Tried::Display),
        config.customer.clone().map(Tried::Customer),
    ]
}
