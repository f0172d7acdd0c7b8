//! What HQ, a device that is tried and the agent say, and what is asked of them.

use ledger::journal::Identity;
use ledger::reference::{AgentWatch, Reference};
use protocol::enrol::{EnrolFailure, EnrolOutcome, Invitation};

use super::agent::Asked;
use super::device::Choice;
use super::progress::Step;
use super::trial::Said;
use super::words::Told;
use super::{Errand, Field, SetUp, Waiting, address, agent, ports, words};

impl SetUp {
    /// Asks HQ what the code is for.
    pub(super) fn ask_what_it_is(&mut self) {
        // A square code that a slow scanner typed like a hand: its one-time code goes to no disk.
        if let Some(invitation) = Invitation::parse(&self.progress.hq) {
            self.progress.hq = invitation.hq;
            self.code = invitation.code;
        }
        if self.progress.hq.is_empty() {
            self.field = Field::Address;
            self.told = Some(words::failed(&EnrolFailure::Address, "", self));
            return;
        }
        if self.code.is_empty() {
            self.field = Field::Code;
            self.told = Some(words::code_needed());
            return;
        }
        self.told = None;
        self.ask(Waiting::Look);
    }

    /// Has the code exchanged: from here on it is spent, whether the answer comes or not. Where that cannot be remembered,
    /// the agent could not keep what HQ answers either.
    pub(super) fn exchange(&mut self) {
        self.progress.code_sent = true;
        if self.remember() {
            self.told = None;
            self.ask(Waiting::Exchange);
        } else {
            self.progress.code_sent = false;
        }
    }

    pub(super) fn ask(&mut self, waiting: Waiting) {
        self.question += 1;
        self.waiting = Some(waiting);
        let asked = Asked {
            hq: address(&self.progress.hq),
            code: self.code.clone(),
            spend: waiting == Waiting::Exchange,
            replace: self.progress.replaces.is_some(),
        };
        self.errands.push(Errand::Ask { number: self.question, asked });
    }

    pub(super) fn hear_hq(&mut self, outcome: EnrolOutcome) {
        let was_exchange = self.waiting.take() == Some(Waiting::Exchange);
        match outcome {
            EnrolOutcome::Invited(invited) => {
                // HQ knows the code: it was not used up by an earlier try.
                self.progress.code_sent = false;
                self.invited = Some(invited);
                self.open(Step::Store);
            }
            EnrolOutcome::Enrolled { .. } => {
                self.progress.code_sent = false;
                self.progress.replaces = None;
                self.invited = None;
                self.code.clear();
                self.hear_agent();
                self.open(Step::Printer);
            }
            EnrolOutcome::Failed { failure, reason } => {
                tracing::warn!(reason, "not enrolled");
                if was_exchange && spends_nothing(&failure) {
                    self.progress.code_sent = false;
                }
                let told = words::failed(&failure, &reason, self);
                self.invited = None;
                if failure == EnrolFailure::Code {
                    self.code.clear();
                    self.progress.code_sent = false;
                }
                self.open(Step::Hq);
                if matches!(
                    failure,
                    EnrolFailure::Address | EnrolFailure::Unreachable | EnrolFailure::CertificateName
                ) {
                    self.field = Field::Address;
                }
                self.told = Some(told);
            }
        }
    }

    /// Why the chosen line cannot be used, if that is so.
    pub(super) fn denied(&mut self) -> Option<Told> {
        if self.device.is_no_place() {
            let told = words::no_place(self.step());
            if self.step() == Step::Scanner {
                // A code and no place: the choice before it stands again.
                self.device.clear();
            }
            return Some(told);
        }
        let Choice::At(place) = self.device.choice() else { return None };
        if self.other_scale() == Some(place.as_str()) {
            return Some(words::other_scale(self.step()));
        }
        ports::denied(&place).map(|denied| words::denied(&place, &denied))
    }

    pub(super) fn try_device(&mut self) {
        self.let_go();
        self.told = self.denied();
        if self.told.is_some() {
            return;
        }
        match self.device.tried() {
            Some(tried) => {
                self.told = Some(words::trying(&tried));
                self.errands.push(Errand::Try { number: self.trial, tried: Box::new(tried) });
            }
            None => self.told = Some(words::nothing_to_try(self.step())),
        }
    }

    pub(super) fn hear_device(&mut self, said: Said) {
        if matches!(said, Said::Scanned(_)) {
            self.errands.push(Errand::Beep);
        }
        // What a scanner read stands until the next; that its line is open says less.
        let is_less = said == Said::Reached && !matches!(self.step(), Step::Scale | Step::BaggingScale);
        if !is_less {
            self.told = Some(words::said(self.step(), &said));
        }
    }

    pub(super) fn look_around(&mut self) {
        self.hear_agent();
        match self.step() {
            // Somebody enrolled it from beside: what is left are its devices.
            Step::Language | Step::Hq | Step::Store
                if self.waiting.is_none()
                    && (self.is_replaced()
                        || self.agent.identity.is_some()
                            && self.progress.replaces.is_none()
                            && self.invited.is_some()) =>
            {
                self.progress.replaces = None;
                self.progress.code_sent = false;
                self.invited = None;
                self.code.clear();
                self.open(Step::Printer);
            }
            Step::Goods => self.tend_agent(),
            Step::Language
            | Step::Hq
            | Step::Store
            | Step::Printer
            | Step::Scanner
            | Step::Scale
            | Step::BaggingScale
            | Step::Display
            | Step::Customer => {}
        }
    }

    pub(super) fn hear_agent(&mut self) {
        let Ok(Some(watch)) = AgentWatch::open(&self.paths.reference()) else { return };
        if let Ok(state) = watch.state() {
            self.agent = state;
        }
        if self.step() == Step::Goods {
            let had_none = self.goods.is_none();
            self.goods = self.count_goods();
            if had_none && self.goods.is_some() {
                // Whatever became of the agent meanwhile.
                self.told = None;
            }
        }
    }

    /// How many goods are here; `None` before they and their store have come.
    pub(super) fn count_goods(&self) -> Option<u64> {
        let Identity { store, .. } = self.agent.identity.as_ref()?;
        if self.agent.version == 0 {
            return None;
        }
        let reference = Reference::open(&self.paths.reference()).ok()??;
        reference.store(store).ok()??;
        reference.goods_count().ok()
    }

    /// Sees to it that an agent runs: the machine starts it where it was told to, or else the till does.
    pub(super) fn tend_agent(&mut self) {
        let was_away = self.agent_away.is_some();
        if agent::is_due(&self.paths, &mut self.agent_away) {
            self.errands.push(Errand::StartAgent);
        }
        if was_away && self.agent_away.is_none() {
            // It runs now: how the one before ended is told no more.
            self.told = None;
        }
    }
}

/// Whether a code that was sent to be exchanged is as good as before: HQ said no, or was never asked.
fn spends_nothing(failure: &EnrolFailure) -> bool {
    match failure {
        EnrolFailure::Code
        | EnrolFailure::Wait { .. }
        | EnrolFailure::Address
        | EnrolFailure::CertificateName
        | EnrolFailure::CertificateTime
        | EnrolFailure::CertificateUntrusted
        | EnrolFailure::OldHq
        | EnrolFailure::Enrolled
        | EnrolFailure::InUse => true,
        // HQ may have answered, and the answer was lost on the way or on this disk.
        EnrolFailure::Unreachable | EnrolFailure::File | EnrolFailure::Other => false,
    }
}
