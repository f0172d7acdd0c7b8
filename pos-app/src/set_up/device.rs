//! The choice of one device: on which line it hangs, and what model it is.

use std::borrow::Cow;

use drivers::printer::Profile;
use drivers::scale::Protocol;

use super::lane_file::{Change, Setting};
use super::ports::Port;
use super::progress::Step;
use super::screens::{self, Screen, Screens};
use super::trial::Tried;
use crate::config::{self, Config, CustomerWindow};

/// The keys of a device's step that stand before those of its models: the test, and the letters.
pub(super) const KEYS_BEFORE_MODELS: usize = 2;

/// The longest address that is taken, characters.
const PLACE_MAX: usize = 96;

/// Where network printers listen unless they are told otherwise.
const PRINTER_PORT: u16 = 9_100;

/// The models of poles, in the order of their keys.
const DISPLAYS: [&str; 3] = ["cd5220-gbk", "cd5220", "led8"];

/// Where a device hangs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// There is none; of a scanner, that it acts as a keyboard.
    None,
    /// On this line, or at this address.
    At(String),
}

/// What is chosen at a device's step.
#[derive(Debug, Default)]
pub(super) struct Device {
    step: Step,
    /// Lines that were found, and the one in `lane.toml` where it is none of them.
    pub(super) found: Vec<Port>,
    /// The screens that were found, where it is the customer's window.
    screens: Screens,
    /// The row that is chosen, none or a line, while it is not what was typed.
    row: usize,
    /// An address that was typed.
    pub(super) typed: String,
    /// What was typed is what is meant.
    is_typed: bool,
    pub(super) model: usize,
    /// Letters stand in place of the keys.
    pub(super) has_letters: bool,
    /// What it was before.
    before: Option<Tried>,
}

impl Device {
    /// The choice at a step, as `lane.toml` has it now.
    pub(super) fn of(step: Step, config: &Config, found: Vec<Port>, screens: Screens) -> Self {
        let [printer, scanner, scale, bagging_scale, display, customer] = super::trial::configured(config);
        let before = match step {
            Step::Printer => printer,
            Step::Scanner => scanner,
            Step::Scale => scale,
            Step::BaggingScale => bagging_scale,
            Step::Display => display,
            Step::Customer => customer,
            Step::Language | Step::Hq | Step::Store | Step::Goods => None,
        };
        let mut found: Vec<Port> = if step == Step::Customer {
            screens.others.iter().map(Screen::port).collect()
        } else {
            found.into_iter().filter(|port| step == Step::Printer || !port.is_printer).collect()
        };
        let mut device = Self { step, screens, ..Self::default() };
        if let Some(before) = &before {
            let (place, model) = named(before);
            device.model = device.models().iter().position(|name| *name == model).unwrap_or(0);
            if !found.iter().any(|port| port.path == place) {
                found.push(Port { path: place.clone().into_owned(), name: String::new(), is_printer: false });
            }
            device.row = 1 + found.iter().position(|port| port.path == place).unwrap_or(0);
        }
        Self { found, before, ..device }
    }

    /// The models that there are of it; none where nothing depends on that.
    pub(super) fn models(&self) -> Vec<&'static str> {
        match self.step {
            Step::Printer => Profile::BUILT_IN.iter().map(|profile| profile.name).collect(),
            Step::Scale => Protocol::ALL.iter().map(|protocol| protocol.name()).collect(),
            Step::BaggingScale => Protocol::ALL
                .iter()
                .filter(|protocol| config::tells_its_load(**protocol))
                .map(|protocol| protocol.name())
                .collect(),
            Step::Display => DISPLAYS.to_vec(),
            Step::Language | Step::Hq | Step::Store | Step::Scanner | Step::Customer | Step::Goods => {
                Vec::new()
            }
        }
    }

    fn model(&self) -> String {
        self.models().get(self.model).copied().unwrap_or_default().to_owned()
    }

    /// Rows that can be chosen.
    pub(super) fn rows(&self) -> usize {
        1 + self.found.len() + usize::from(!self.typed.is_empty())
    }

    /// The one that is chosen.
    pub(super) fn row(&self) -> usize {
        if self.is_typed && !self.typed.is_empty() { self.rows() - 1 } else { self.row }
    }

    pub(super) fn choose(&mut self, row: usize) {
        self.is_typed = row > self.found.len() && !self.typed.is_empty();
        if !self.is_typed {
            self.row = row.min(self.found.len());
        }
    }

    /// Takes the model beside the chosen one.
    pub(super) fn turn(&mut self, by: isize) {
        let models = self.models().len();
        if models > 0 {
            self.model = (self.model + models).saturating_add_signed(by) % models;
        }
    }

    /// The screen that a row of those found stands for; none where it is only a place that `lane.toml` has.
    pub(super) fn screen(&self, found: usize) -> Option<&Screen> {
        self.screens.others.get(found)
    }

    /// A character of an address; what is typed is what is meant.
    pub(super) fn write(&mut self, character: char) {
        if self.typed.len() < PLACE_MAX {
            self.typed.push(character);
        }
        self.is_typed = true;
    }

    /// Without what was typed the choice before it stands again, as after a scan that looked like typing.
    pub(super) fn unwrite(&mut self) {
        self.typed.pop();
    }

    pub(super) fn clear(&mut self) {
        self.typed.clear();
    }

    /// Where it hangs.
    pub(super) fn choice(&self) -> Choice {
        match self.row().checked_sub(1) {
            None => Choice::None,
            Some(line) => match self.found.get(line) {
                Some(port) => Choice::At(port.path.clone()),
                None => Choice::At(self.place_typed()),
            },
        }
    }

    /// Whether what is chosen was typed and can be no place: a slow scanner types its digits like a hand.
    pub(super) fn is_no_place(&self) -> bool {
        let is_typed = self.row() > self.found.len();
        is_typed && !self.typed.contains(['/', ':', '.'])
    }

    /// What was typed, with the port of network printers where it was left out.
    pub(super) fn place_typed(&self) -> String {
        let is_bare = !self.typed.starts_with('/') && !self.typed.contains(':');
        if self.step == Step::Printer && is_bare {
            format!("{}:{PRINTER_PORT}", self.typed)
        } else {
            self.typed.clone()
        }
    }

    /// The device that is chosen, with all that `lane.toml` says of it where it is the same one.
    pub(super) fn tried(&self) -> Option<Tried> {
        let Choice::At(place) = self.choice() else { return None };
        let model = self.model();
        let is_it = |before: &&Tried| {
            let (at, of) = named(before);
            at == place && of == model
        };
        if let Some(before) = self.before.as_ref().filter(is_it) {
            return Some(before.clone());
        }
        let (baud, serial) = (None, None);
        match self.step {
            Step::Printer => Some(Tried::Printer(config::Printer::new(place, model))),
            Step::Scanner => {
                let baud = drivers::scanner::serial::BAUD_DEFAULT;
                Some(Tried::Scanner(config::Scanner { path: place, baud }))
            }
            Step::Scale => Some(Tried::Scale(config::Scale { port: place, protocol: model, baud, serial })),
            Step::BaggingScale => {
                Some(Tried::BaggingScale(config::Scale { port: place, protocol: model, baud, serial }))
            }
            Step::Display => Some(Tried::Display(config::Display { port: place, model, baud, serial })),
            Step::Customer => {
                let screen = self.screens.others.iter().find(|screen| screen.place() == place)?;
                // Its pictures and the shop's code stay what they were.
                let before = match &self.before {
                    Some(Tried::Customer(before)) => before.clone(),
                    Some(_) | None => CustomerWindow::default(),
                };
                Some(Tried::Customer(CustomerWindow {
                    width: screen.width,
                    height: screen.height,
                    x: screen.x,
                    y: screen.y,
                    fullscreen: self.screens.is_managed,
                    ..before
                }))
            }
            Step::Language | Step::Hq | Step::Store | Step::Goods => None,
        }
    }

    /// What of `lane.toml` changes by the choice; nothing where it is as before.
    pub(super) fn change(&self, config: &Config) -> Option<Change> {
        let now = self.tried();
        let before = Self::of(self.step, config, Vec::new(), Screens::default()).before;
        if now == before {
            return None;
        }
        let (name, words) = match &now {
            None => (self.section()?, None),
            Some(Tried::Customer(window)) => (self.section()?, Some(words_of(window))),
            Some(tried) => {
                let (place, model) = named(tried);
                let words = match tried {
                    Tried::Printer(_) => ("address", Some("profile")),
                    Tried::Scanner(_) => ("path", None),
                    Tried::Scale(_) | Tried::BaggingScale(_) => ("port", Some("protocol")),
                    Tried::Display(_) => ("port", Some("model")),
                    Tried::Customer(_) => return None,
                };
                let place = Some((words.0, Setting::Text(place.into_owned())));
                let model = words.1.map(|word| (word, Setting::Text(model.to_owned())));
                (self.section()?, Some(place.into_iter().chain(model).collect()))
            }
        };
        Some(Change::Section { name, words })
    }

    fn section(&self) -> Option<&'static str> {
        match self.step {
            Step::Printer => Some("printer"),
            Step::Scanner => Some("scanner"),
            Step::Scale => Some("scale"),
            Step::BaggingScale => Some("bagging_scale"),
            Step::Display => Some("display"),
            Step::Customer => Some("customer"),
            Step::Language | Step::Hq | Step::Store | Step::Goods => None,
        }
    }
}

/// Where a device hangs, and its model.
fn named(tried: &Tried) -> (Cow<'_, str>, &str) {
    match tried {
        Tried::Printer(printer) => (Cow::Borrowed(&printer.address), &printer.profile),
        Tried::Scanner(scanner) => (Cow::Borrowed(&scanner.path), ""),
        Tried::Scale(scale) | Tried::BaggingScale(scale) => (Cow::Borrowed(&scale.port), &scale.protocol),
        Tried::Display(display) => (Cow::Borrowed(&display.port), &display.model),
        Tried::Customer(window) => {
            (Cow::Owned(screens::place((window.width, window.height), (window.x, window.y))), "")
        }
    }
}

/// A customer's window as `lane.toml` has it. What it leaves out is as usual.
fn words_of(window: &CustomerWindow) -> Vec<(&'static str, Setting)> {
    let usual = CustomerWindow::default();
    let path = |path: &Option<std::path::PathBuf>| {
        path.as_ref().map(|path| Setting::Text(path.display().to_string()))
    };
    let seconds = i64::try_from(window.seconds).unwrap_or(i64::MAX);
    let always = [
        ("width", Setting::Number(window.width.into())),
        ("height", Setting::Number(window.height.into())),
        ("x", Setting::Number(window.x.into())),
        ("y", Setting::Number(window.y.into())),
        ("fullscreen", Setting::Flag(window.fullscreen)),
    ];
    let others = [
        ("pictures", path(&window.pictures)),
        ("seconds", (window.seconds != usual.seconds).then_some(Setting::Number(seconds))),
        ("code", path(&window.code)),
    ];
    let others = others.into_iter().filter_map(|(word, said)| said.map(|said| (word, said)));
    always.into_iter().chain(others).collect()
}
