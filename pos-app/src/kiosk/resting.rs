//! When nobody does anything: a warning, then the lane is free again. What a customer brought does not stay: who they
//! are is forgotten at once, and goods are put aside for the attendant.

use domain::payment::Belongs;
use domain::till::kiosk::{Cause, KioskInput};
use domain::till::{Desk, Input};

use super::{Asked, Page, Receipt, milliseconds};
use crate::lane::{Lane, State};

/// What happens while nobody does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rest {
    /// Nothing, however long it takes.
    Never,
    /// After so long it is over, milliseconds; with so long a warning before.
    After { ms: i64, warning_ms: i64 },
}

impl Lane {
    fn kiosk_rest(&self) -> Rest {
        let (Some(kiosk), Some(till)) = (&self.kiosk, self.till()) else { return Rest::Never };
        let set = &self.config.kiosk;
        let quietly = |seconds: u32| Rest::After { ms: milliseconds(seconds), warning_ms: 0 };
        if kiosk.gate.is_some() || kiosk.session.is_some() {
            return quietly(set.attendant_seconds);
        }
        let under_way =
            till.payments().iter().any(|payment| payment.belongs == Belongs::Open && payment.is_active());
        if under_way {
            return Rest::Never;
        }
        let seconds = match till.desk() {
            Desk::SignedOut | Desk::Locked(_) | Desk::Saving(..) => return Rest::Never,
            Desk::Done(..) => return quietly(set.thanks_seconds),
            Desk::Selling(_) | Desk::Paying(_) if !till.kiosk().calls().is_empty() => set.call_seconds,
            Desk::Selling(_) | Desk::Paying(_) => set.reset_seconds,
        };
        if !kiosk.begun && till.basket().is_untouched() {
            return Rest::Never;
        }
        // However it is set up: most of the time nobody is asked anything.
        let warning = set.reset_seconds.saturating_sub(set.warn_seconds).min(seconds / 3);
        Rest::After { ms: milliseconds(seconds), warning_ms: milliseconds(warning) }
    }

    /// How long nobody did anything; a clock that was set back begins anew.
    fn idle_ms(&self) -> i64 {
        let active_ms = self.kiosk.as_ref().map_or(0, |kiosk| kiosk.active_ms);
        (self.moment.now_ms - active_ms).max(0)
    }

    /// Seconds until the lane is free again, while the customer is asked whether they are still there.
    pub(super) fn warned_seconds(&self) -> Option<i64> {
        let Rest::After { ms, warning_ms } = self.kiosk_rest() else { return None };
        let left_ms = ms - self.idle_ms();
        (left_ms <= warning_ms && warning_ms > 0).then_some((left_ms.max(0) + 999) / 1_000)
    }

    /// Time passed.
    pub(crate) fn let_kiosk_rest(&mut self) {
        if self.kiosk.is_none() {
            return;
        }
        self.look_after_parked_at_times();
        let Rest::After { ms, .. } = self.kiosk_rest() else { return };
        if self.idle_ms() < ms {
            return;
        }
        let now_ms = self.moment.now_ms;
        let attended =
            self.kiosk.as_ref().is_some_and(|kiosk| kiosk.gate.is_some() || kiosk.session.is_some());
        if attended {
            // Nobody stands before an open door.
            return self.with_kiosk(|kiosk| {
                kiosk.gate = None;
                kiosk.session = None;
                kiosk.audit = None;
                kiosk.notice = None;
                kiosk.active_ms = now_ms;
            });
        }
        self.free_lane();
    }

    /// The customer is gone.
    pub(super) fn free_lane(&mut self) {
        self.scale.forget();
        for cause in [Cause::Help, Cause::PriceQuery, Cause::CouponQuery, Cause::Cash] {
            if self.till().is_some_and(|till| till.kiosk().is_called(cause)) {
                self.input(Input::Kiosk(KioskInput::CallOff(cause)));
            }
        }
        if self.is_desk(|desk| matches!(desk, Desk::Done(..) | Desk::Paying(_))) {
            self.input(Input::Back);
        }
        let note = self.words("顾客离开", "Left by the customer");
        self.put_aside(note);
        self.flush();
        if let State::Open(open) = &mut self.state {
            open.leave_customer();
        }
        self.free_bagging();
        let now_ms = self.moment.now_ms;
        let free = self.till().is_none_or(|till| till.basket().is_untouched());
        let language = self.kiosk.as_ref().map(|kiosk| kiosk.at_start);
        if free && let Some(language) = language {
            self.front.language = language;
        }
        self.with_kiosk(|kiosk| {
            kiosk.active_ms = now_ms;
            kiosk.notice = None;
            kiosk.asked = Asked::default();
            kiosk.asks = false;
            kiosk.receipt = Receipt::default();
            if free {
                kiosk.page = Page::Scan;
                kiosk.begun = false;
                kiosk.look = ui::kiosk::Look::default();
            }
        });
    }

    /// Who buys is forgotten, and what is in the basket waits for the attendant.
    pub(super) fn put_aside(&mut self, note: String) {
        let Some(till) = self.till() else { return };
        if !matches!(till.desk(), Desk::Selling(_)) {
            return;
        }
        let (any, joined) = (!till.basket().lines().is_empty(), till.basket().member().is_some());
        if joined {
            self.input(Input::DropMember);
        }
        if any {
            self.input(Input::Park { note });
        } else if self.till().is_some_and(|till| !till.basket().is_untouched()) {
            self.input(Input::Cancel { reason: String::new() });
        }
    }
}
