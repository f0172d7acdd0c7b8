//! The kiosk's line to the attendant's board: it says how it is about once a second, and does what somebody at the board
//! says, each once and only while it is about what they saw. Without a relay, or without a network, nothing is missing but
//! the board: the attendant comes to the kiosk.

use std::collections::VecDeque;

use domain::money::Money;
use domain::record::Staff;
use domain::rights::{Act, Rights};
use domain::till::kiosk::{CallEnd, Cause, KioskInput};
use domain::till::{Desk, Input, Paper};
use drivers::frame::Health;
use protocol::ask::{Answer, Question};
use protocol::board::{
    ACT_LASTS_MS, ACTS_MAX, ActDone, ActOutcome, BoardAct, DONE_MAX, Deed, GOODS_MAX, SignedAct, Stand,
    StandCall, StandState, Trouble,
};
use ui::view::PrinterState;

use super::attendant::Session;
use crate::lane::{Lane, OpenLane, State};
use crate::present;

/// Between two stands, milliseconds.
const STAND_EVERY_MS: i64 = 900;

/// The same where nobody takes them: there is no relay, or no line.
const ALONE_EVERY_MS: i64 = 5_000;

/// What the kiosk remembers of its board.
#[derive(Debug, Default)]
pub(super) struct Link {
    asked: bool,
    next_ms: i64,
    /// Nothing that was decided by an earlier stand counts: it was another life of this lane.
    begun_ms: Option<i64>,
    /// What became of the last acts, newest last. None of them is done a second time.
    done: VecDeque<ActDone>,
}

impl Lane {
    /// Says how the kiosk is, where it is time.
    pub(crate) fn tell_stand(&mut self) {
        let now_ms = self.moment.now_ms;
        let State::Open(open) = &self.state else { return };
        let Some(kiosk) = &self.kiosk else { return };
        let waits = kiosk.link.asked
            || (now_ms < kiosk.link.next_ms && kiosk.link.next_ms - now_ms <= ALONE_EVERY_MS);
        if waits {
            return;
        }
        let stand = self.stand(open);
        self.with_kiosk(|kiosk| {
            kiosk.link.asked = true;
            kiosk.link.begun_ms.get_or_insert(now_ms);
        });
        self.ask_board(Question::Stand { stand });
    }

    /// The relay answered, or nobody did.
    pub(crate) fn hear_acts(&mut self, answer: Option<Answer>) {
        let now_ms = self.moment.now_ms;
        let acts = if let Some(Answer::Acts { acts }) = answer { Some(acts) } else { None };
        let every_ms = if acts.is_some() { STAND_EVERY_MS } else { ALONE_EVERY_MS };
        self.with_kiosk(|kiosk| {
            kiosk.link.asked = false;
            kiosk.link.next_ms = now_ms + every_ms;
        });
        for act in acts.into_iter().flatten().take(ACTS_MAX) {
            self.hear_act(&act);
        }
    }

    fn hear_act(&mut self, signed: &SignedAct) {
        let State::Open(open) = &self.state else { return };
        let Ok(told) = signed.read() else { return tracing::warn!("what a board says cannot be read") };
        let is_known = self.kiosk.as_ref().is_some_and(|kiosk| {
            kiosk.link.done.iter().any(|done| (done.board, done.number) == (told.board, told.number))
        });
        if is_known {
            return;
        }
        let keys = crate::phone::lane_keys(open, self.moment.now_ms, told.board, told.epoch);
        let outcome = match signed.open(&keys) {
            Ok(act) => self.perform_act(&act),
            Err(error) => {
                tracing::warn!(%error, board = told.board, "what a board says is not done");
                ActOutcome::Forged
            }
        };
        tracing::info!(board = told.board, number = told.number, ?outcome, "a board said something");
        let done = ActDone { board: told.board, number: told.number, outcome };
        self.with_kiosk(|kiosk| {
            // What nobody signed pushes nothing out that somebody did.
            let forged = kiosk.link.done.iter().position(|done| done.outcome == ActOutcome::Forged);
            if kiosk.link.done.len() >= DONE_MAX {
                match forged {
                    Some(place) => drop(kiosk.link.done.remove(place)),
                    None if outcome == ActOutcome::Forged => return,
                    None => drop(kiosk.link.done.pop_front()),
                }
            }
            kiosk.link.done.push_back(done);
            // Who waits there is told at once.
            kiosk.link.next_ms = 0;
        });
    }

    fn perform_act(&mut self, act: &BoardAct) -> ActOutcome {
        let State::Open(open) = &self.state else { return ActOutcome::Refused };
        let identity = open.journal().identity();
        if (act.store.as_str(), act.kiosk) != (identity.store.as_str(), identity.lane) {
            return ActOutcome::Forged;
        }
        let begun_ms = self.kiosk.as_ref().and_then(|kiosk| kiosk.link.begun_ms).unwrap_or(i64::MAX);
        let age_ms = self.moment.now_ms.saturating_sub(act.seen_ms);
        if !(0..=ACT_LASTS_MS).contains(&age_ms) {
            return ActOutcome::Stale;
        }
        if act.seen_ms < begun_ms {
            return ActOutcome::NotKnown;
        }
        let Some(member) = open.staff().iter().find(|member| member.id == act.staff) else {
            return ActOutcome::UnknownStaff;
        };
        // What they may do is looked up here: nobody says it from afar.
        let rights = Rights::of_role(&member.role, &open.settings().currency);
        let staff = Staff { id: member.id.clone(), number: member.number.clone(), name: member.name.clone() };
        if !rights.allow(Act::Attend) {
            return ActOutcome::Refused;
        }
        let where_at = self.words(&format!("{} 号台", act.board), &format!("at lane {}", act.board));
        let reason = format!("{} · {where_at}", act.reason);
        let outcome = self.do_deed(act.deed, Session { staff, rights }, reason);
        if outcome == ActOutcome::Done {
            // The customer waited for it, and has time anew.
            self.stay_awake();
        }
        outcome
    }

    fn do_deed(&mut self, deed: Deed, by: Session, reason: String) -> ActOutcome {
        let State::Open(open) = &self.state else { return ActOutcome::Refused };
        let (till, settings) = (open.till(), open.settings());
        let sold = till.last_sale();
        let as_seen = |cause: Cause, at_ms, seen| till.is_call_as_seen(settings, cause, at_ms, seen);
        match deed {
            Deed::Answer { cause, at_ms, seen, end } => {
                let (cause, end) = (Cause::from(cause), CallEnd::from(end));
                if !as_seen(cause, at_ms, seen) {
                    return ActOutcome::Stale;
                }
                match (cause, end) {
                    (Cause::Removal, CallEnd::Passed) => {
                        let Session { staff, rights } = by;
                        self.input(Input::Approve { staff, rights, matches: true, reason });
                    }
                    (Cause::Removal, _) => self.input(Input::Disapprove),
                    _ => self.attend_by(by, Input::Kiosk(KioskInput::Answer { cause, end }), reason),
                }
                self.flush();
                let waits = self.till().is_some_and(|till| till.kiosk().is_called(cause));
                if waits { ActOutcome::Refused } else { ActOutcome::Done }
            }
            Deed::Cash { at_ms, seen } => {
                if !as_seen(Cause::Cash, at_ms, seen) {
                    return ActOutcome::Stale;
                }
                self.attend_by(by, Input::TakeCash(Money::from_minor(seen)), reason);
                let is_sold = self.till().is_some_and(|till| till.last_sale() != sold);
                if is_sold { ActOutcome::Done } else { ActOutcome::Refused }
            }
            Deed::AskWallet { at_ms, seen } => match u64::try_from(seen) {
                Ok(number) if number > 0 && as_seen(Cause::Payment, at_ms, seen) => {
                    self.input(Input::AskPayment { number });
                    self.flush();
                    ActOutcome::Done
                }
                Ok(_) | Err(_) => ActOutcome::Stale,
            },
            Deed::PutAside { total } => {
                let free =
                    till.tenders().is_empty() && !till.payments().iter().any(|payment| payment.is_active());
                let is_there = matches!(till.desk(), Desk::Selling(_) | Desk::Paying(_));
                if till.basket().total().minor() != total || till.basket().lines().is_empty() || !is_there {
                    return ActOutcome::Stale;
                }
                if !free {
                    return ActOutcome::Refused;
                }
                let note = format!("{} · {reason}", by.staff.name);
                self.take_basket_away(note);
                let is_gone = self.till().is_some_and(|till| till.basket().lines().is_empty());
                if is_gone { ActOutcome::Done } else { ActOutcome::Refused }
            }
            Deed::Close {} => {
                if !till.basket().lines().is_empty() {
                    return ActOutcome::Stale;
                }
                self.attend_by(by, Input::SignOut, reason);
                if self.is_shut() { ActOutcome::Done } else { ActOutcome::Refused }
            }
        }
    }

    fn stand(&self, open: &OpenLane) -> Stand {
        let till = open.till();
        let basket = till.basket();
        let state = match till.desk() {
            Desk::SignedOut | Desk::Locked(_) => StandState::Closed,
            Desk::Selling(_) if basket.is_untouched() => StandState::Free,
            Desk::Selling(_) => StandState::Serving,
            Desk::Paying(_) | Desk::Saving(..) => StandState::Paying,
            Desk::Done(..) => StandState::Paid,
        };
        let calls = till.kiosk().calls().iter().map(|call| StandCall {
            cause: call.cause.into(),
            at_ms: call.at_ms,
            seen: till.call_seen(open.settings(), call.cause),
            goods: self.goods_of_call(open, call.cause),
        });
        let done = self.kiosk.as_ref().map(|kiosk| kiosk.link.done.iter().copied().collect());
        Stand {
            at_ms: self.moment.now_ms,
            state,
            pieces: u32::try_from(basket.pieces()).unwrap_or(u32::MAX),
            total: basket.total().minor(),
            calls: calls.collect(),
            troubles: self.troubles(open),
            parked: u32::try_from(till.parked().len()).unwrap_or(u32::MAX),
            done: done.unwrap_or_default(),
        }
    }

    /// The goods that a call is about, by their codes.
    fn goods_of_call(&self, open: &OpenLane, cause: Cause) -> Vec<String> {
        let (till, basket) = (open.till(), open.basket());
        let codes: Vec<String> = match cause {
            Cause::Age => basket.age_open().map(|line| line.item.sku.clone()).collect(),
            _ if cause.is_of_weight() => {
                let line = till.kiosk().bagging().line().and_then(|line| basket.line(line));
                line.map(|line| line.item.sku.clone()).into_iter().collect()
            }
            _ => Vec::new(),
        };
        codes.into_iter().take(GOODS_MAX).collect()
    }

    fn troubles(&self, open: &OpenLane) -> Vec<Trouble> {
        let printer = match present::printer(self) {
            PrinterState::PaperOut | PrinterState::CoverOpen => Some(Trouble::PaperOut),
            PrinterState::PaperLow => Some(Trouble::PaperLow),
            PrinterState::Offline { .. } => Some(Trouble::PrinterAway),
            PrinterState::Absent
            | PrinterState::Connecting
            | PrinterState::Ready
            | PrinterState::Printing
            | PrinterState::Unknown => None,
        };
        let scale = matches!(self.scale.health(), Some(Health::Offline { .. } | Health::Degraded(_)));
        let doubt = open.till().papers().values().any(|paper| *paper == Paper::InDoubt);
        let such = |is_so: bool, trouble| is_so.then_some(trouble);
        printer
            .into_iter()
            .chain(such(scale, Trouble::ScaleAway))
            .chain(such(self.is_bagging_away(), Trouble::BaggingAway))
            .chain(such(doubt, Trouble::PaperInDoubt))
            .collect()
    }
}
