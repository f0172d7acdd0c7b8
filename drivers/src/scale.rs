//! Counter scales: what lies on them, as exact numbers, and only once it lies still. What it costs is for others.
//!
//! A weight is what the scale's display says, digit by digit; nothing is rounded and nothing is a float. Zero and tare
//! happen when somebody asks for them, never by themselves.

mod exchange;
mod weight;

use std::time::Duration;

use crate::frame::port::{CONNECT_DEADLINE, Port, SerialFrame, SerialSettings, Wire};
use crate::frame::supervisor::{Desk, Device, Lost, Supervised, Supervision, Told};
use crate::frame::{Deadline, Health, Reason};

use exchange::{Exchange, Question, Said, Step};
pub use weight::{ParseWeightError, Unit, Weight};

/// Questions in a row without an answer until the line counts as lost.
pub const SILENCE_MAX: u32 = 3;
/// Between two questions to a scale that is waited for, or whose weight is shown live.
pub const POLL_PAUSE: Duration = Duration::from_millis(150);

/// What the scale speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// Mettler Toledo 8217: `W` and a weight or a status. 9600 7E1.
    Toledo8217,
    /// CAS PD-II (ECR type): `ENQ`, `ACK`, `DC1` and a weight with a check character. 9600 8N1.
    CasPd2,
    /// Dialog 06: the unit price is sent, weight and price come back. 9600 7O1.
    Dialog06,
    /// NCI (Weigh-Tronix SCP-01): `W` and a weight with status. 9600 7E1.
    Nci,
}

/// Why a name is not a [`Protocol`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("look up scale protocol {0:?}: known are toledo-8217, cas-pd2, dialog-06, nci")]
pub struct ParseProtocolError(String);

impl std::str::FromStr for Protocol {
    type Err = ParseProtocolError;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|protocol| protocol.name() == name)
            .ok_or_else(|| ParseProtocolError(name.to_owned()))
    }
}

impl Protocol {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Toledo8217, Self::CasPd2, Self::Dialog06, Self::Nci];

    /// Its name in configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Toledo8217 => "toledo-8217",
            Self::CasPd2 => "cas-pd2",
            Self::Dialog06 => "dialog-06",
            Self::Nci => "nci",
        }
    }

    /// How scales that speak it leave the factory.
    pub fn settings(self) -> SerialSettings {
        let frame = match self {
            Self::Toledo8217 | Self::Nci => SerialFrame::SEVEN_EVEN_ONE,
            Self::CasPd2 => SerialFrame::EIGHT_NONE_ONE,
            Self::Dialog06 => SerialFrame::SEVEN_ODD_ONE,
        };
        SerialSettings::new(9_600, frame)
    }
}

/// Where the scale is and what it speaks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScaleConfig {
    /// Where it is.
    pub port: Port,
    /// What it speaks.
    pub protocol: Protocol,
    /// How long one answer may take.
    pub answer_deadline: Duration,
    /// Whether the weight is followed while nobody asks for it, for a display.
    pub live: bool,
    /// How often an idle scale is looked at where it is not followed.
    pub look_interval: Duration,
    /// Queue and pauses.
    pub supervision: Supervision,
}

impl ScaleConfig {
    /// The usual deadlines for the scale at `port`.
    pub fn new(port: Port, protocol: Protocol) -> Self {
        Self {
            port,
            protocol,
            answer_deadline: Duration::from_millis(500),
            live: true,
            look_interval: Duration::from_secs(5),
            supervision: Supervision::default(),
        }
    }
}

/// What lies still on the scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Load {
    /// What the display says.
    pub weight: Weight,
    /// Whether a tare is taken off; `None` where the protocol does not say.
    pub net: Option<bool>,
    /// What the scale itself makes of weight and unit price, in minor units; only Dialog 06 does.
    pub computed_minor: Option<u32>,
}

/// How the scale is at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reading {
    /// It lies still.
    Stable(Load),
    /// Something moves: no weight counts.
    Moving,
    /// More than the scale may carry.
    OverRange,
    /// Less than nothing: the platter was lifted, or goods lay on it at the start.
    UnderRange,
    /// Less than the least that may be sold by this scale.
    BelowMinimum,
    /// Nothing has moved since the last weighing: the same goods are still there (Dialog 06).
    Unchanged,
    /// The scale answers and says nothing of its load (the status that an idle Dialog 06 scale gives).
    Idle,
}

/// What a scale can be asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScaleCommand {
    /// Weigh: answered when something lies still, or too much lies there; what is not there yet is waited for until the
    /// deadline. May be repeated.
    Weigh {
        /// What a kilogram costs, minor units; shown by scales that compute (Dialog 06), at most 999,999.
        unit_price_minor: Option<u32>,
        /// What the packing weighs, grams; taken off by scales that can be told (Dialog 06), at most 9,999.
        tare_grams: Option<u16>,
    },
    /// Set the empty scale to zero. Not to be repeated: goods may lie there by then.
    Zero,
    /// Take off what lies on the scale now. Not to be repeated.
    Tare,
    /// Take off nothing any more.
    ClearTare,
}

/// How a scale answered a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScaleAnswer {
    /// The weight, lying still.
    Weighed(Load),
    /// Zero or tare was taken.
    Done,
    /// It was not done.
    Refused(ScaleRefusal),
}

/// Why a scale did not do what it was asked to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ScaleRefusal {
    /// Nothing lay on it.
    #[error("weigh: nothing lies on the scale")]
    Empty,
    /// It never lay still.
    #[error("weigh: the load moves; let it lie still")]
    Moving,
    /// Too heavy.
    #[error("weigh: more than the scale may carry; weigh in parts")]
    OverRange,
    /// Below nothing.
    #[error("weigh: less than nothing; empty the scale and set it to zero")]
    UnderRange,
    /// Too light.
    #[error("weigh: less than the scale may sell; put more on it")]
    BelowMinimum,
    /// Dialog 06 sells each load once.
    #[error("weigh: the same goods as before; take them off and put them back")]
    Unchanged,
    /// The protocol has no such command.
    #[error("ask scale: this one has a key for it and takes no command")]
    Unsupported,
    /// A price or tare is beyond what the protocol can carry.
    #[error("ask scale: price or tare is beyond what the scale takes")]
    OutOfBounds,
    /// The scale said no, with a code of its own.
    #[error("ask scale: it refuses, code {0}")]
    Code(u8),
}

/// What a scale's thread reports.
pub type ScaleTold = Told<ScaleAnswer, Reading>;
/// A scale with its thread; dropping it ends the thread.
pub type Scale = Supervised<ScaleDevice>;

/// Starts a scale's thread. `on_told` is called from it and should only pass on what it is given.
pub fn spawn(config: ScaleConfig, on_told: impl Fn(ScaleTold) + Send + Sync + 'static) -> Scale {
    let supervision = config.supervision;
    Supervised::spawn(ScaleDevice { config, silent: 0, garbled: 0, shown: None }, supervision, on_told)
}

/// The talk with one scale.
#[derive(Debug)]
pub struct ScaleDevice {
    config: ScaleConfig,
    /// Questions without an answer in a row.
    silent: u32,
    /// Answers without sense in a row.
    garbled: u32,
    shown: Option<Reading>,
}

type ScaleDesk<'a, 'b> = &'a mut Desk<'b, ScaleAnswer, Reading>;

impl Device for ScaleDevice {
    type Line = Wire;
    type Command = ScaleCommand;
    type Answer = ScaleAnswer;
    type Event = Reading;

    fn open(&mut self) -> Result<Wire, Lost> {
        self.silent = 0;
        self.garbled = 0;
        self.shown = None;
        self.config.port.open(CONNECT_DEADLINE)
    }

    fn carry_out(
        &mut self,
        line: &mut Wire,
        command: &ScaleCommand,
        until: Deadline,
        desk: ScaleDesk<'_, '_>,
    ) -> Result<Option<ScaleAnswer>, Lost> {
        let question = Question::of(*command);
        if let Err(refusal) = Exchange::check(self.config.protocol, question) {
            return Ok(Some(ScaleAnswer::Refused(refusal)));
        }
        desk.begin();
        let mut last = None;
        loop {
            let said = self.ask(line, question, desk)?;
            let settled = match said {
                Some(Said::Reading(reading)) => {
                    self.show(reading, desk);
                    last = Some(reading);
                    settle(question, reading)
                }
                Some(Said::Done) => Some(ScaleAnswer::Done),
                Some(Said::Refused(refusal)) => Some(ScaleAnswer::Refused(refusal)),
                Some(Said::Garbled) | None => None,
            };
            if settled.is_some() {
                return Ok(settled);
            }
            if desk.is_superseded() {
                return Ok(None);
            }
            // Zero and tare are asked for once: an answer that was lost may have been obeyed.
            if until.has_passed() || desk.is_stopping() || !question.may_be_repeated() {
                return Ok(last.and_then(why_not).map(ScaleAnswer::Refused));
            }
            desk.sleep(POLL_PAUSE.min(until.remaining().unwrap_or_default()));
        }
    }

    /// Other goods are to be weighed now, perhaps at another price.
    fn supersedes(newer: &ScaleCommand, older: &ScaleCommand) -> bool {
        matches!((newer, older), (ScaleCommand::Weigh { .. }, ScaleCommand::Weigh { .. }))
    }

    fn idle(&mut self, line: &mut Wire, desk: ScaleDesk<'_, '_>) -> Result<Duration, Lost> {
        if let Some(Said::Reading(reading)) = self.ask(line, Question::Look, desk)? {
            self.show(reading, desk);
        }
        let again = self.silent > 0 || self.garbled > 0;
        Ok(if self.config.live || again { POLL_PAUSE } else { self.config.look_interval })
    }
}

/// What a reading answers to a question; `None` where it is to be asked again.
fn settle(question: Question, reading: Reading) -> Option<ScaleAnswer> {
    let refused = |refusal| Some(ScaleAnswer::Refused(refusal));
    match (question, reading) {
        (Question::Weigh { .. }, Reading::Stable(load)) if load.weight.units > 0 => {
            Some(ScaleAnswer::Weighed(load))
        }
        (_, Reading::OverRange) => refused(ScaleRefusal::OverRange),
        // The goods are still on their way.
        (
            Question::Weigh { .. },
            Reading::Stable(_) | Reading::UnderRange | Reading::BelowMinimum | Reading::Unchanged,
        ) => None,
        (_, Reading::UnderRange) => refused(ScaleRefusal::UnderRange),
        (_, Reading::BelowMinimum) => refused(ScaleRefusal::BelowMinimum),
        (_, Reading::Unchanged) => refused(ScaleRefusal::Unchanged),
        (Question::Look | Question::Zero | Question::Tare | Question::ClearTare, Reading::Stable(_)) => {
            Some(ScaleAnswer::Done)
        }
        (_, Reading::Moving | Reading::Idle) => None,
    }
}

/// Why nothing was weighed in the end, by what the scale said last.
fn why_not(reading: Reading) -> Option<ScaleRefusal> {
    match reading {
        Reading::Moving => Some(ScaleRefusal::Moving),
        Reading::OverRange => Some(ScaleRefusal::OverRange),
        Reading::UnderRange => Some(ScaleRefusal::UnderRange),
        Reading::BelowMinimum => Some(ScaleRefusal::BelowMinimum),
        Reading::Unchanged => Some(ScaleRefusal::Unchanged),
        Reading::Stable(load) if load.weight.units < 0 => Some(ScaleRefusal::UnderRange),
        Reading::Stable(_) => Some(ScaleRefusal::Empty),
        Reading::Idle => None,
    }
}

impl ScaleDevice {
    /// Asks once. `None` where no answer came in time.
    fn ask(
        &mut self,
        line: &mut Wire,
        question: Question,
        desk: ScaleDesk<'_, '_>,
    ) -> Result<Option<Said>, Lost> {
        // What was left half said belongs to nothing.
        line.discard()?;
        let (mut exchange, first) = Exchange::begin(self.config.protocol, question);
        line.write_all(&first)?;
        let mut deadline = Deadline::after(self.config.answer_deadline);
        let mut buffer = [0_u8; 64];
        while !deadline.has_passed() && !desk.is_stopping() {
            let count = line.read(&mut buffer)?;
            for &byte in &buffer[..count] {
                match exchange.take(byte) {
                    Step::Wait => {}
                    Step::Send(bytes) => {
                        line.write_all(&bytes)?;
                        deadline = Deadline::after(self.config.answer_deadline);
                    }
                    Step::End(said) => {
                        self.heard(said, desk);
                        return Ok(Some(said));
                    }
                }
            }
        }
        self.silent += 1;
        if self.silent >= SILENCE_MAX && !desk.is_stopping() {
            return Err(Lost("the scale does not answer: is it on, and set to this protocol?".to_owned()));
        }
        Ok(None)
    }

    fn heard(&mut self, said: Said, desk: ScaleDesk<'_, '_>) {
        self.silent = 0;
        if matches!(said, Said::Garbled) {
            self.garbled += 1;
            if self.garbled >= SILENCE_MAX {
                desk.report(Health::Degraded(Reason::Garbled));
            }
        } else {
            self.garbled = 0;
            desk.report(Health::Ready);
        }
    }

    fn show(&mut self, reading: Reading, desk: ScaleDesk<'_, '_>) {
        if self.shown != Some(reading) {
            self.shown = Some(reading);
            desk.emit(reading);
        }
    }
}
