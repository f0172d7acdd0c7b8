//! The scale of a lane: what it shows, what it is asked, and what its answers mean to the till. What may be sold at which
//! weight is decided elsewhere.

use std::time::Duration;

use domain::till::{Input, ScaleAnswer, ScaleFault, ToWeigh};
use drivers::frame::Health;
use drivers::frame::supervisor::{Ending, Repeat, Told};
use drivers::scale::{Reading, ScaleCommand, ScaleRefusal, ScaleTold};
use drivers::sound::Tone;
use ui::action::Button;
use ui::view::{self, Notice, ScaleState};

use crate::lane::{Command, Lane, State};

/// How long the scale is asked until goods lie still on it.
pub const WEIGH_WAIT: Duration = Duration::from_secs(15);

/// [`WEIGH_WAIT`] in milliseconds.
const WEIGH_WAIT_MS: i64 = 15_000;

/// How long zero or tare may take.
const SET_WAIT: Duration = Duration::from_secs(3);

/// What is known of the scale.
#[derive(Debug, Default)]
pub(crate) struct ScaleStatus {
    health: Option<Health>,
    reading: Option<Reading>,
    waiting: Option<Waiting>,
    /// Zeros and tares that the scale has not answered yet.
    settings: Vec<u64>,
    /// What lies there was sold: it is not sold twice.
    sold: bool,
    asked: u64,
}

/// Goods whose weight is waited for.
#[derive(Debug)]
struct Waiting {
    goods: Box<ToWeigh>,
    since_ms: i64,
    /// The question about these goods that the scale has not answered yet: an answer to another one is not theirs.
    question: Option<u64>,
}

/// What the scale is to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleAsk {
    /// The lane's number for it.
    pub id: u64,
    /// What.
    pub command: ScaleCommand,
    /// Whether it may be done twice.
    pub repeat: Repeat,
    /// How long it may take.
    pub deadline: Duration,
}

impl ScaleStatus {
    /// How it is; `None` before it said so.
    pub(crate) fn health(&self) -> Option<&Health> {
        self.health.as_ref()
    }

    /// What it shows; `None` before it said so.
    pub(crate) fn reading(&self) -> Option<Reading> {
        self.reading
    }

    /// Waits for no weight any more.
    pub(crate) fn forget(&mut self) {
        self.waiting = None;
    }

    /// The goods that lay there when a line was voided may be sold as something else.
    pub(crate) fn take_back(&mut self) {
        self.sold = false;
    }

    /// Whether goods wait to be weighed.
    pub(crate) fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    fn is_away(&self) -> bool {
        match &self.health {
            Some(Health::Offline { .. } | Health::Degraded(_)) => true,
            Some(Health::Unknown | Health::Connecting | Health::Ready) | None => false,
        }
    }
}

impl Lane {
    /// The till wants goods weighed. Goods that were waited for before are not wanted any more.
    pub(crate) fn weigh(&mut self, goods: Box<ToWeigh>) {
        if self.scale.is_away() {
            return self.input(Input::Weighed { goods, answer: ScaleAnswer::Not(ScaleFault::Away) });
        }
        self.scale.waiting = Some(Waiting { goods, since_ms: self.moment.now_ms, question: None });
        self.ask_for_weight();
    }

    /// Asks, unless it was asked about these goods, or what was sold last still lies there. A question about goods that
    /// nobody wants any more gives way to this one.
    fn ask_for_weight(&mut self) {
        let is_sold = self.scale.sold;
        let id = self.scale.asked + 1;
        let Some(waiting) = self.scale.waiting.as_mut() else { return };
        if waiting.question.is_some() || is_sold {
            return;
        }
        waiting.question = Some(id);
        self.scale.asked = id;
        let unit_price_minor = u32::try_from(waiting.goods.unit_price.minor()).ok();
        let command = ScaleCommand::Weigh { unit_price_minor, tare_grams: None };
        let ask = ScaleAsk { id, command, repeat: Repeat::Safe, deadline: WEIGH_WAIT };
        self.commands.push(Command::Scale(ask));
    }

    /// Sets the empty scale to zero.
    pub(crate) fn zero_scale(&mut self) {
        self.set_scale(ScaleCommand::Zero);
    }

    /// Takes off what lies on the scale, or takes off nothing any more.
    pub(crate) fn tare_scale(&mut self) {
        let taken = matches!(self.scale.reading, Some(Reading::Stable(load)) if load.net == Some(true));
        self.set_scale(if taken { ScaleCommand::ClearTare } else { ScaleCommand::Tare });
    }

    fn set_scale(&mut self, command: ScaleCommand) {
        if self.config.scale.is_none() {
            return;
        }
        if self.scale.is_away() {
            return self.refuse_scale(Notice::ScaleAway);
        }
        self.scale.asked += 1;
        let id = self.scale.asked;
        self.scale.settings.push(id);
        let ask = ScaleAsk { id, command, repeat: Repeat::Never, deadline: SET_WAIT };
        self.commands.push(Command::Scale(ask));
    }

    /// What a button means while goods wait to be weighed; whether it was that and no more. Nobody pays past them.
    pub(crate) fn press_while_weighing(&mut self, button: Button) -> bool {
        let Some(waiting) = &self.scale.waiting else { return false };
        if button == Button::Pay {
            let name = crate::present::name(&waiting.goods.item, self.front.language);
            self.refuse_scale(Notice::StillWeighing { name });
            return true;
        }
        let leaves_out = matches!(button, Button::Back | Button::No);
        if leaves_out || matches!(button, Button::SignOut | Button::CancelBasket) {
            self.scale.forget();
        }
        if leaves_out {
            self.front.notice = None;
        }
        leaves_out
    }

    fn refuse_scale(&mut self, notice: Notice) {
        self.front.notice = Some(notice);
        self.commands.push(Command::Play(Tone::Blocked));
    }

    /// The scale has something to say.
    pub(crate) fn hear_scale(&mut self, told: ScaleTold) {
        match told {
            Told::Started { .. } => {}
            Told::News(reading) => {
                self.scale.sold &= self.scale.reading == Some(reading);
                self.scale.reading = Some(reading);
                self.ask_for_weight();
            }
            Told::Health(health) => {
                tracing::info!(?health, "scale");
                self.scale.health = Some(health);
                if self.scale.is_away() {
                    self.scale.reading = None;
                    self.scale.sold = false;
                    self.weighed(ScaleAnswer::Not(ScaleFault::Away));
                }
            }
            Told::Ended { id, ending } => {
                if let Some(at) = self.scale.settings.iter().position(|setting| *setting == id) {
                    self.scale.settings.remove(at);
                    self.hear_setting(ending);
                } else if self.scale.waiting.as_ref().is_some_and(|waiting| waiting.question == Some(id)) {
                    self.hear_weight(ending);
                }
                // Else it is about goods that nobody waits for any more.
            }
        }
    }

    fn hear_weight(&mut self, ending: Ending<drivers::scale::ScaleAnswer>) {
        use drivers::scale::ScaleAnswer as Said;
        let answer = match ending {
            Ending::Answered(Said::Weighed(load)) => match load.weight.grams() {
                Some(grams) => ScaleAnswer::Weighed { grams, net: load.net == Some(true) },
                None => ScaleAnswer::Not(ScaleFault::Unit),
            },
            Ending::Answered(Said::Refused(refusal)) => ScaleAnswer::Not(fault(refusal)),
            Ending::Answered(Said::Done) | Ending::Stopped | Ending::InDoubt => {
                ScaleAnswer::Not(ScaleFault::Away)
            }
            Ending::Expired | Ending::Superseded => ScaleAnswer::Not(ScaleFault::Away),
        };
        self.weighed(answer);
    }

    /// Time passed: what was sold last still lies there, and was waited for long enough.
    pub(crate) fn look_at_scale(&mut self) {
        if self.scale.sold && self.waited_ms().is_some_and(|ms| ms >= WEIGH_WAIT_MS) {
            self.weighed(ScaleAnswer::Not(ScaleFault::Unchanged));
        }
    }

    /// How long the goods have been waited for.
    fn waited_ms(&self) -> Option<i64> {
        // Half a second is what the threads may lose.
        self.scale.waiting.as_ref().map(|waiting| self.moment.now_ms - waiting.since_ms + 500)
    }

    /// Hands an answer to the till, where goods wait for it.
    fn weighed(&mut self, answer: ScaleAnswer) {
        let Some(Waiting { goods, .. }) = self.scale.waiting.take() else { return };
        let next = |lane: &Self| lane.till().map(|till| till.basket().next_number());
        let before = next(self);
        self.input(Input::Weighed { goods, answer });
        self.scale.sold |= next(self) != before;
    }

    fn hear_setting(&mut self, ending: Ending<drivers::scale::ScaleAnswer>) {
        use drivers::scale::ScaleAnswer as Said;
        match ending {
            Ending::Answered(Said::Done | Said::Weighed(_)) => {
                self.commands.push(Command::Play(Tone::Accepted))
            }
            Ending::Answered(Said::Refused(ScaleRefusal::Unsupported)) => {
                self.refuse_scale(Notice::ScaleOwnKey)
            }
            Ending::Answered(Said::Refused(_)) | Ending::InDoubt => self.refuse_scale(Notice::ScaleNotSet),
            Ending::Expired | Ending::Superseded | Ending::Stopped => self.refuse_scale(Notice::ScaleAway),
        }
    }

    /// What the screen shows of the scale.
    pub(crate) fn scale_view(&self) -> Option<view::Scale> {
        self.config.scale.as_ref()?;
        let (state, load) = match (&self.scale.health, self.scale.reading) {
            (Some(Health::Offline { .. } | Health::Degraded(_)), _) => (ScaleState::Away, None),
            (None | Some(Health::Connecting | Health::Unknown | Health::Ready), reading) => match reading {
                None | Some(Reading::Idle) => (ScaleState::Idle, None),
                Some(Reading::Stable(load)) if self.scale.sold => (ScaleState::Sold, Some(load)),
                Some(Reading::Stable(load)) => (ScaleState::Still, Some(load)),
                Some(Reading::Moving) => (ScaleState::Moving, None),
                Some(Reading::OverRange) => (ScaleState::OverRange, None),
                Some(Reading::UnderRange) => (ScaleState::UnderRange, None),
                Some(Reading::BelowMinimum) => (ScaleState::BelowMinimum, None),
                Some(Reading::Unchanged) => (ScaleState::Sold, None),
            },
        };
        let State::Open(open) = &self.state else { return None };
        let waiting = self.scale.waiting.as_ref();
        Some(view::Scale {
            state,
            weight: load.map(|load| load.weight.to_string()).unwrap_or_default(),
            net: load.is_some_and(|load| load.net == Some(true)),
            goods: waiting
                .map(|waiting| crate::present::name(&waiting.goods.item, self.front.language))
                .unwrap_or_default(),
            price: waiting
                .map(|waiting| format!("{}/kg", open.settings().currency.format(waiting.goods.unit_price)))
                .unwrap_or_default(),
        })
    }
}

/// A refusal of the scale in the till's words.
fn fault(refusal: ScaleRefusal) -> ScaleFault {
    match refusal {
        ScaleRefusal::Empty => ScaleFault::Empty,
        ScaleRefusal::Moving => ScaleFault::Moving,
        ScaleRefusal::OverRange => ScaleFault::OverRange,
        ScaleRefusal::UnderRange => ScaleFault::UnderRange,
        ScaleRefusal::BelowMinimum => ScaleFault::BelowMinimum,
        ScaleRefusal::Unchanged => ScaleFault::Unchanged,
        ScaleRefusal::Unsupported | ScaleRefusal::OutOfBounds | ScaleRefusal::Code(_) => ScaleFault::Refused,
    }
}
