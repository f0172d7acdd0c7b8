//! A customer wants somebody: what it is about, so that whoever comes brings what is needed.

// A page answers to the touches that it has; any other came too late for the page before.
#![allow(clippy::wildcard_enum_match_arm)]

use domain::till::kiosk::{Cause, KioskInput};
use domain::till::{Desk, Input};
use ui::kiosk::Touch;
use ui::view::Tone;

use super::show::{Shown, key, plain};
use crate::lane::Lane;

/// What it may be about, in the order of the keys.
const QUESTIONS: [Cause; 3] = [Cause::PriceQuery, Cause::CouponQuery, Cause::Help];

impl Lane {
    /// Whether a customer has called somebody.
    pub(super) fn is_help_called(&self) -> bool {
        self.till().is_some_and(|till| till.kiosk().calls().iter().any(|call| call.cause.is_a_question()))
    }

    /// The customer touched the key that calls somebody, or calls it off.
    pub(super) fn touch_help(&mut self) {
        if self.is_help_called() {
            for cause in QUESTIONS {
                if self.till().is_some_and(|till| till.kiosk().is_called(cause)) {
                    self.input(Input::Kiosk(KioskInput::CallOff(cause)));
                }
            }
            self.flush();
            self.kiosk_says(Tone::Good, ("已取消呼叫", "The call is taken back"), ("", ""));
        } else if self.is_desk(|desk| matches!(desk, Desk::Selling(_))) {
            self.with_kiosk(|kiosk| kiosk.asks = !kiosk.asks);
        } else {
            // Whoever pays or waits for paper is not asked more questions.
            self.call_for(Cause::Help);
        }
    }

    /// The customer says what it is about.
    pub(super) fn touch_question(&mut self, touch: Touch) {
        match touch {
            Touch::Key(index) if index < QUESTIONS.len() => {
                self.with_kiosk(|kiosk| kiosk.asks = false);
                self.call_for(QUESTIONS[index]);
            }
            Touch::Back => self.with_kiosk(|kiosk| kiosk.asks = false),
            _ => {}
        }
    }

    fn call_for(&mut self, cause: Cause) {
        self.input(Input::Kiosk(KioskInput::Call(cause)));
        self.flush();
        if self.till().is_some_and(|till| till.kiosk().is_called(cause)) {
            self.kiosk_says(
                Tone::Attend,
                ("店员马上来", "Somebody is coming"),
                ("您可以继续。再按一次取消。", "You can go on. Touch again to take it back."),
            );
        }
    }

    pub(super) fn show_help_question(&self, blank: Shown) -> Shown {
        Shown {
            page: plain(
                self.words("请店员来看什么？", "What should somebody look at?"),
                self.words("选一项，店员就知道带什么来。", "Choose one, and they know what to bring."),
            ),
            title: self.words("呼叫店员", "Call staff"),
            back: self.words("不用了", "Never mind"),
            keys: vec![
                key(self.words("价格不对", "A price is wrong"), Tone::Quiet),
                key(self.words("优惠券用不上", "A coupon does not work"), Tone::Quiet),
                key(self.words("其他事情", "Something else"), Tone::Quiet),
            ],
            ..blank
        }
    }
}
