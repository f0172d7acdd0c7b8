//! The first run of a till: language, HQ and code, store, devices, goods; one thing a screen, done without reading a page.
//!
//! | module | what |
//! |---|---|
//! | [`progress`] | how far it has come, over any stop |
//! | [`agent`] | the agent as a child: it alone talks to HQ |
//! | [`ports`] | lines on which devices may hang |
//! | [`screens`] | screens on which the customer's window may stand |
//! | [`trial`] | one device, tried |
//! | [`lane_file`] | what is kept in `lane.toml` |
//! | `hand` | what keys, taps and scans mean |
//! | `answers` | what HQ, devices and the agent say |
//! | `device` | the choice of one device |
//! | `show` | each step as a sheet |
//! | `help` | what is good to know at a step, and its keys |
//! | `words` | what went wrong, in words |
//! | [`window`] | threads and the window around it |
//!
//! The till itself is not running yet. Where all is done the program begins once more, as an enrolled lane
//! (`docs/decisions/0043-a-till-that-sets-itself-up.md`).

pub mod agent;
mod answers;
mod device;
mod hand;
mod help;
pub mod lane_file;
pub mod ports;
pub mod progress;
pub mod screens;
mod show;
pub mod trial;
pub mod window;
mod words;

use std::time::{Duration, Instant};

use drivers::scanner::wedge::{Wedge, WedgeConfig};
use ledger::reference::{AgentState, AgentWatch};
use protocol::enrol::{EnrolOutcome, Invited};
use ui::action::Action;
use ui::view::{Language, Theme};

use crate::config::{self, Config, Mode, Paths};
use crate::lane::Moment;
use agent::Asked;
use device::Device;
use progress::{Progress, Step};
use screens::Screens;
use trial::{Said, Tried};
use words::Told;

/// The longest address of HQ that is taken, characters.
const ADDRESS_MAX: usize = 128;

/// The longest code that is taken; those of HQ have fourteen characters.
const CODE_MAX: usize = 32;

/// So soon after a step has changed a key that was meant for the one before does nothing.
const CALM: Duration = Duration::from_millis(400);

/// What happens to a till that is being set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A person did something at the screen.
    Action(Action),
    /// The agent has asked HQ.
    Asked {
        /// Our number of the question.
        number: u64,
        /// What came of it.
        outcome: EnrolOutcome,
    },
    /// A device that is tried has something to say.
    Said {
        /// Our number of the trial.
        number: u64,
        /// What it says.
        said: Said,
    },
    /// A device cannot be tried at all.
    NotTried {
        /// Our number of the trial.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The agent could not be started.
    NoAgent {
        /// Why.
        reason: String,
    },
    /// The agent that was started has ended.
    AgentEnded {
        /// How, as the system says it.
        status: String,
    },
    /// Time passed.
    Tick,
}

/// What the set-up wants done outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Errand {
    /// Ask HQ, by the agent.
    Ask {
        /// Our number of the question.
        number: u64,
        /// What.
        asked: Asked,
    },
    /// Try a device in the place of the one that is being tried.
    Try {
        /// Our number of the trial.
        number: u64,
        /// Which.
        tried: Box<Tried>,
    },
    /// Let the device go that is being tried.
    LetGo,
    /// Make the sound of a code that was read.
    Beep,
    /// Start the agent for good.
    StartAgent,
    /// The lane is set up: begin once more.
    Done,
    /// End the program; the next start goes on here.
    Quit,
}

/// Whether the lane in this folder is to be set up: nobody enrolled it, nothing was ever sold on it, or a set-up was begun
/// and not ended.
pub fn is_needed(paths: &Paths) -> bool {
    if Progress::is_open(&paths.data) {
        return true;
    }
    if paths.journal().exists() {
        return false;
    }
    match AgentWatch::open(&paths.reference()) {
        Ok(None) => true,
        Ok(Some(watch)) => watch.state().is_ok_and(|state| state.identity.is_none()),
        // The lane says better what is wrong with the file.
        Err(_) => false,
    }
}

/// What HQ is being asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// What the code is for.
    Look,
    /// To exchange it.
    Exchange,
}

/// The field that keys go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Field {
    #[default]
    Address,
    Code,
}

/// A till that is being set up: everything but threads, devices and the window.
pub struct SetUp {
    paths: Paths,
    machine: ports::Machine,
    config: Config,
    /// Who is to stand here, as the program was started: a reading of `lane.toml` alone may say otherwise.
    mode: Mode,
    language: Language,
    theme: Theme,
    progress: Progress,
    moment: Moment,
    /// The one-time code as far as it was typed; never on the disk.
    code: String,
    field: Field,
    waiting: Option<Waiting>,
    /// Of the newest question; what comes of an older one is nobody's any more.
    question: u64,
    invited: Option<Invited>,
    device: Device,
    trial: u64,
    told: Option<Told>,
    /// The keys of the step stand over it.
    has_help: bool,
    agent: AgentState,
    /// How many goods are here, once they are.
    goods: Option<u64>,
    /// Since when nobody writes the reference: the agent does not run.
    agent_away: Option<Instant>,
    wedge: Wedge,
    calm_until: Option<Instant>,
    errands: Vec<Errand>,
}

impl SetUp {
    /// Goes on where the last start stopped, on this machine or what a test takes for one.
    pub fn new(paths: Paths, config: Config, machine: ports::Machine) -> Self {
        let progress = Progress::read(&paths.data);
        let wedge = WedgeConfig {
            gap_max: Duration::from_millis(config.wedge.gap_ms),
            length_min: config.wedge.length_min,
            prefix: config.wedge.prefix,
        };
        let mut set_up = Self {
            language: match config.language {
                config::Language::Zh => Language::Chinese,
                config::Language::En => Language::English,
            },
            theme: match config.theme {
                config::Theme::Light => Theme::Light,
                config::Theme::Dark => Theme::Dark,
            },
            paths,
            machine,
            mode: config.mode,
            config,
            progress,
            moment: Moment::now(),
            code: String::new(),
            field: Field::default(),
            waiting: None,
            question: 0,
            invited: None,
            device: Device::default(),
            trial: 0,
            told: None,
            has_help: false,
            agent: AgentState::default(),
            goods: None,
            agent_away: None,
            wedge: Wedge::new(wedge),
            calm_until: None,
            errands: Vec::new(),
        };
        set_up.hear_agent();
        let step = set_up.progress.step;
        let enrolled = set_up.agent.identity.is_some();
        if set_up.is_replaced() {
            set_up.progress.replaces = None;
        }
        set_up.open(match step {
            // It was enrolled, and the end came before that was remembered.
            Step::Language | Step::Hq | Step::Store if enrolled && set_up.progress.replaces.is_none() => {
                Step::Printer
            }
            // What was looked at went with the stop, and the code is asked for anew.
            Step::Store => Step::Hq,
            Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer
            | Step::Goods
                if !enrolled =>
            {
                Step::Hq
            }
            other => other,
        });
        set_up.calm_until = None;
        set_up
    }

    /// Takes what happened, and gives what is to be done outside.
    pub fn take(&mut self, moment: Moment, event: Event) -> Vec<Errand> {
        self.moment = moment;
        match event {
            Event::Action(Action::Key { key, at }) => self.key(key, at),
            Event::Action(Action::Press(button)) => {
                self.wedge.forget();
                self.press(button);
            }
            Event::Action(Action::CloseRequested) => self.errands.push(Errand::Quit),
            // No field here is written into by an input method, and no customer stands here.
            Event::Action(Action::Below { .. } | Action::BelowWritten { .. } | Action::Touch(_)) => {}
            Event::Asked { number, outcome } if number == self.question => self.hear_hq(outcome),
            Event::Said { number, said } if number == self.trial => self.hear_device(said),
            Event::NotTried { number, reason } if number == self.trial => {
                self.told = Some(words::not_tried(&reason));
            }
            Event::Asked { .. } | Event::Said { .. } | Event::NotTried { .. } => {}
            Event::NoAgent { reason } => self.told = Some(words::no_agent(&reason)),
            Event::AgentEnded { status } if self.step() == Step::Goods => {
                self.told = Some(words::agent_ended(&status));
            }
            Event::AgentEnded { .. } => {}
            Event::Tick => self.look_around(),
        }
        std::mem::take(&mut self.errands)
    }

    /// Takes the next key at once, where nobody can have meant it for the step before.
    pub fn end_calm(&mut self) {
        self.calm_until = None;
    }

    /// The step that is open.
    pub fn step(&self) -> Step {
        self.progress.step
    }

    /// Opens a step, and remembers that.
    fn open(&mut self, step: Step) {
        self.progress.step = step;
        self.told = None;
        self.has_help = false;
        self.remember();
        self.calm_until = Some(Instant::now() + CALM);
        self.let_go();
        self.find();
        if step == Step::Hq {
            self.field = if self.progress.hq.is_empty() { Field::Address } else { Field::Code };
        }
        if step == Step::Goods {
            self.agent_away = None;
            self.hear_agent();
        }
    }

    /// Looks for what the step is about. What is chosen is what `lane.toml` has.
    fn find(&mut self) {
        let screens = if self.step() == Step::Customer { self.machine.screens() } else { Screens::default() };
        self.device = Device::of(self.step(), &self.config, self.machine.ports(), screens);
    }

    /// The line of the lane's other scale, at the step of one of them: two scales are told apart by that.
    fn other_scale(&self) -> Option<&str> {
        let other = match self.step() {
            Step::Scale => self.config.bagging_scale.as_ref().filter(|_| self.mode == Mode::Kiosk),
            Step::BaggingScale => self.config.scale.as_ref(),
            Step::Language
            | Step::Hq
            | Step::Store
            | Step::Printer
            | Step::Scanner
            | Step::Display
            | Step::Customer
            | Step::Goods => None,
        };
        other.map(|scale| scale.port.as_str())
    }

    /// Remembers how far it has come; whether the disk took it, which is told where not.
    fn remember(&mut self) -> bool {
        let written = self.progress.write(&self.paths.data);
        if let Err(error) = &written {
            self.told = Some(words::disk(&error.to_string()));
        }
        written.is_ok()
    }

    /// Whether the lane that was to be another is another by now.
    fn is_replaced(&self) -> bool {
        let now = self.agent.identity.as_ref().map(ToString::to_string);
        self.progress.replaces.is_some() && now.is_some() && now != self.progress.replaces
    }

    fn let_go(&mut self) {
        self.trial += 1;
        self.errands.push(Errand::LetGo);
    }
}

/// An address as it was typed, with the scheme that was left out: of this machine itself plain, of any other TLS.
fn address(typed: &str) -> String {
    if typed.contains("://") {
        return typed.to_owned();
    }
    let host = typed.split([':', '/']).next().unwrap_or_default();
    let scheme = if matches!(host, "localhost" | "127.0.0.1") { "http" } else { "https" };
    format!("{scheme}://{typed}")
}

#[cfg(test)]
mod tests;
