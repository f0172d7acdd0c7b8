//! What a call is about at one moment, so that an answer from afar counts for just that and for nothing that came since.

use super::Cause;
use crate::till::{Desk, Settings, Till};

impl Till {
    /// What a call is about, as a number: the last line of what needs an age, pieces, minor units, grams that the weight is
    /// off, the number of a payment or of the next line; 0 where there is only one thing that it can be about.
    pub fn call_seen(&self, settings: &Settings, cause: Cause) -> i64 {
        let basket = &self.basket;
        match cause {
            Cause::Age => basket.age_open().map(|line| i64::from(line.number)).max().unwrap_or(0),
            // Another wish to take out is another question, and a basket that goes on drops it.
            Cause::Removal => i64::from(basket.next_number()),
            Cause::Pieces => basket.pieces(),
            Cause::Total => basket.total().minor(),
            Cause::Payment => {
                self.payment_of_basket().and_then(|payment| i64::try_from(payment.number).ok()).unwrap_or(0)
            }
            Cause::NotBagged | Cause::WrongWeight | Cause::Unexpected | Cause::TakenOff => {
                let rules = settings.rules.kiosk.as_ref().and_then(|rules| rules.bagging.as_ref());
                rules.map_or(0, |rules| self.kiosk.bagging().found(rules).measured)
            }
            Cause::Cash => self.cash_due(settings).payable.minor(),
            Cause::Audit | Cause::Help | Cause::PriceQuery | Cause::CouponQuery => 0,
        }
    }

    /// Whether a call is still the one that somebody saw from afar: it began then, and is about the same. A scale that
    /// shows a few grams more or less shows the same.
    pub fn is_call_as_seen(&self, settings: &Settings, cause: Cause, at_ms: i64, seen: i64) -> bool {
        let is_called = self.kiosk.calls().iter().any(|call| (call.cause, call.at_ms) == (cause, at_ms));
        let rules = settings.rules.kiosk.as_ref().and_then(|rules| rules.bagging.as_ref());
        let apart = self.call_seen(settings, cause).saturating_sub(seen).saturating_abs();
        let may_be = match rules {
            Some(rules) if cause.is_of_weight() => rules.tolerance_grams,
            Some(_) | None => 0,
        };
        // Cash is taken where it is due, and nowhere else.
        let at_counter = cause != Cause::Cash || matches!(self.desk, Desk::Paying(_));
        is_called && apart <= may_be && at_counter
    }
}
