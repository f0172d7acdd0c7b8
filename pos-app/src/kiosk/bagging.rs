//! The bagging area: what its scale says goes to the till, and what the till makes of it is shown to the customer, who can
//! nearly always put it right.

use domain::till::Input;
use domain::till::kiosk::{BagInput, BagReading, BagState, Cause, KioskInput, PIECE_GRAMS_MAX};
use drivers::frame::Health;
use drivers::frame::supervisor::Told;
use drivers::scale::{Reading, ScaleTold};
use ui::kiosk::{KioskNotice, Touch};
use ui::view::Tone;

use super::Page;
use super::answers::Words;
use crate::lane::{Lane, OpenLane};
use crate::present;

/// What stands in the way, and what may be done about it.
pub(super) struct Question {
    pub title: Words,
    pub text: String,
    pub keys: Vec<(BagKey, String)>,
}

/// What a customer may touch there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BagKey {
    /// What lies there is their own bag.
    OwnBag,
    /// They do not want the goods that wait.
    LeaveOut,
    /// Somebody is to come now.
    Hurry,
}

impl Lane {
    /// The scale of the bagging area has something to say.
    pub(crate) fn hear_bagging(&mut self, told: ScaleTold) {
        let reading = match told {
            Told::Started { .. } | Told::Ended { .. } => return,
            Told::Health(health) => {
                tracing::info!(?health, "bagging scale");
                let away = match &health {
                    Health::Offline { .. } | Health::Degraded(_) => true,
                    Health::Unknown | Health::Connecting | Health::Ready => false,
                };
                self.with_kiosk(|kiosk| kiosk.bagging = Some(health));
                if !away {
                    return;
                }
                BagReading::Away
            }
            Told::News(reading) => match reading {
                Reading::Stable(load) => match load.weight.grams() {
                    Some(grams) => BagReading::Still(grams),
                    // It weighs in something that is not whole grams.
                    None => BagReading::Away,
                },
                Reading::OverRange => BagReading::Still(PIECE_GRAMS_MAX),
                Reading::BelowMinimum => BagReading::Still(0),
                Reading::Moving | Reading::UnderRange | Reading::Unchanged | Reading::Idle => {
                    BagReading::Moving
                }
            },
        };
        let before = self.bag_state();
        self.bag(BagInput::Scale(reading));
        self.flush();
        // Who puts something there, or takes it off, has not left.
        if self.bag_state() != before {
            self.stay_awake();
        }
    }

    fn bag(&mut self, input: BagInput) {
        self.input(Input::Kiosk(KioskInput::Bag(input)));
    }

    fn bag_state(&self) -> BagState {
        self.till().map_or(BagState::Unchecked, |till| till.kiosk().bagging().state())
    }

    /// Whether time decides what comes next.
    pub(crate) fn is_bagging_wrong(&self) -> bool {
        self.kiosk.is_some() && self.bag_state().holds()
    }

    /// Whether a scale is set up and does not say what lies there.
    pub(super) fn is_bagging_away(&self) -> bool {
        let health = self.kiosk.as_ref().and_then(|kiosk| kiosk.bagging.as_ref());
        self.config.bagging_scale.is_some()
            && matches!(health, Some(Health::Offline { .. } | Health::Degraded(_)))
    }

    /// Whether goods are on their way from the scanner to the bagging area.
    pub(super) fn is_waiting_for_bagging(&self) -> bool {
        self.bag_state() == BagState::Waiting
    }

    /// The customer is gone; what they put there is no bag of the next one.
    pub(super) fn free_bagging(&mut self) {
        if self.config.bagging_scale.is_some() && !self.is_shut() {
            self.bag(BagInput::Fresh);
            self.flush();
        }
    }

    /// Somebody is to come now, rather than after a while.
    pub(super) fn hurry_bagging(&mut self) {
        self.bag(BagInput::Hurry);
        self.flush();
    }

    /// What the customer is told while goods are on their way.
    pub(super) fn bag_notice(&self) -> Option<KioskNotice> {
        let till = self.till()?;
        let selling = self.is_desk(|desk| matches!(desk, domain::till::Desk::Selling(_)));
        if !selling || !self.is_waiting_for_bagging() {
            return None;
        }
        let line = till.kiosk().bagging().line().and_then(|line| till.basket().line(line));
        let name = line.map(|line| present::name(&line.item, self.front.language)).unwrap_or_default();
        let (what, rest) = if till.kiosk().is_called(Cause::NotBagged) {
            (
                self.words("店员马上来", "Somebody is coming"),
                self.words("放进装袋区也可以继续。", "Put it in the bagging area, and you can go on."),
            )
        } else {
            (
                self.words(&format!("请放进装袋区：{name}"), &format!("Put it in the bagging area: {name}")),
                self.words("放好就可以扫下一件。", "Then scan the next one."),
            )
        };
        Some(KioskNotice { tone: Tone::Attend, what, rest })
    }

    /// What the customer is asked while the bagging area is not as it should be.
    pub(super) fn bag_question(&self, open: &OpenLane) -> Option<Question> {
        let till = open.till();
        // Another question is open: whether something may be taken out.
        if till.pending().is_some() {
            return None;
        }
        let single = till.kiosk().bagging().line().and_then(|line| till.basket().line(line));
        let (title, text): (Words, Words) = match self.bag_state() {
            BagState::Unchecked | BagState::Well | BagState::Waiting => return None,
            BagState::Wrong => (
                ("放的和扫的不一样重", "Not what was scanned"),
                (
                    "请把刚扫的商品放进装袋区，别的先拿开。",
                    "Put the item that you scanned there, and nothing else.",
                ),
            ),
            BagState::TooMuch if open.basket().lines().is_empty() => (
                ("请先清空装袋区", "Please clear the bagging area"),
                ("那里还放着东西。自己的袋子可以放。", "Something lies there. A bag of your own may."),
            ),
            BagState::TooMuch => (
                ("装袋区多了东西", "Something was not scanned"),
                ("请拿开没扫的东西，扫过再放。", "Take it off the bagging area, and scan it first."),
            ),
            BagState::TooLittle => (
                ("装袋区少了东西", "Something was taken off"),
                ("付款前请把扫过的商品都放在装袋区。", "Leave what was scanned there until you have paid."),
            ),
            BagState::TakeOut => (
                ("请拿出取消的商品", "Take out what you do not want"),
                ("把它从装袋区拿开就可以继续。", "Take it out of the bagging area, and go on."),
            ),
        };
        let called = till.kiosk().calls().iter().any(|call| call.cause.is_of_weight());
        let text = if called {
            let comes = self.words("店员马上来。", "Somebody is coming. ");
            format!("{comes}{}", self.words(text.0, text.1))
        } else {
            self.words(text.0, text.1)
        };
        let mut keys = Vec::new();
        if self.bag_state() == BagState::TooMuch && single.is_none() {
            keys.push((BagKey::OwnBag, self.words("这是我自己的袋子", "It is my own bag")));
        }
        if self.bag_state() == BagState::Wrong && single.is_some() {
            keys.push((BagKey::LeaveOut, self.words("刚扫的不要了", "I do not want it")));
        }
        if !called && !open.basket().lines().is_empty() {
            keys.push((BagKey::Hurry, self.words("叫店员来看", "Ask the staff")));
        }
        Some(Question { title, text, keys })
    }

    /// A touch while the bagging area is not as it should be; whether it was one.
    pub(super) fn touch_bagging(&mut self, touch: Touch) -> bool {
        let crate::lane::State::Open(open) = &self.state else { return false };
        let shown = self.kiosk.as_ref().is_some_and(|kiosk| kiosk.begun || !open.basket().is_untouched());
        let Some(question) = self.bag_question(open).filter(|_| shown) else { return false };
        let Touch::Key(index) = touch else { return true };
        self.turn_page(Page::Scan);
        match question.keys.get(index).map(|(key, _)| *key) {
            Some(BagKey::OwnBag) => self.bag(BagInput::OwnBag),
            Some(BagKey::Hurry) => self.bag(BagInput::Hurry),
            Some(BagKey::LeaveOut) => {
                if let Some(line) = self.till().and_then(|till| till.kiosk().bagging().line()) {
                    let reason = self.words("顾客不要了", "Customer changed their mind");
                    self.input(Input::Void { line, reason });
                }
            }
            None => {}
        }
        self.flush();
        true
    }

    /// What was expected and what is there, for the attendant.
    pub(super) fn bag_detail(&self, open: &OpenLane) -> String {
        let till = open.till();
        let Some(rules) = open.settings().rules.kiosk.as_ref().and_then(|rules| rules.bagging.as_ref())
        else {
            return String::new();
        };
        let bagging = till.kiosk().bagging();
        let found = bagging.found(rules);
        let line = bagging.line().and_then(|line| till.basket().line(line));
        let name = line.map(|line| present::name(&line.item, self.front.language)).unwrap_or_default();
        let most = found.high.min(PIECE_GRAMS_MAX);
        let grams = self.words(
            &format!("应变 {} 到 {most} 克，实变 {} 克", found.low, found.measured),
            &format!("expected {} to {most} g, changed by {} g", found.low, found.measured),
        );
        if name.is_empty() { grams } else { format!("{name} · {grams}") }
    }
}
