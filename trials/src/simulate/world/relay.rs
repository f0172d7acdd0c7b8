//! What happens at a store's relay: requests that go through it, copies, and what it says for HQ.

use protocol::ask::{Answer as Said, Question as Asks};
use protocol::push::PushRefusal;

use super::line::NOBODY_MS;
use super::{BadDay, Finding, Invariant, MINUTE_MS, Request, What, World, found};
use crate::simulate::agent::Side;
use crate::simulate::machine::Papers;
use crate::simulate::network::{Answer, Ask, Way};
use crate::simulate::relay::{Authority, DiskError, Told, is_claim};

/// How long an agent does not ask a relay that was not there, milliseconds.
const REST_MS: i64 = 5_000;

impl World<'_> {
    /// Whether HQ is out of reach of a store and everybody in it.
    pub(super) fn is_cut_off(&self, store: usize) -> bool {
        !self.hq.is_up() || self.now_ms < self.cut_until_ms[store]
    }

    /// Whether an agent goes to its store's relay now.
    pub(super) fn goes_through(&self, machine: usize) -> bool {
        let place = &self.machines[machine];
        self.relays[place.store].is_some() && self.now_ms >= place.relay_rests_until_ms
    }

    /// A request arrives where its store's relay is, or was.
    pub(super) fn arrive_at_relay(&mut self, request: Request) -> Result<(), Finding> {
        let store = self.machines[request.machine].store;
        let is_up = self.relays[store].as_ref().is_some_and(super::Relay::is_up);
        let is_copy = request.question.side == Side::Copy;
        if is_copy && self.now_ms < self.machines[request.machine].copy_held_until_ms {
            self.days.met(BadDay::CopyLate);
            return Ok(());
        }
        if is_up {
            return self.at_relay(store, request);
        }
        if is_copy {
            self.nobody_answers(&request);
            return Ok(());
        }
        self.days.met(BadDay::RelayAway);
        self.machines[request.machine].relay_rests_until_ms = self.now_ms + REST_MS;
        self.arrive_directly(request)
    }

    /// A request goes to HQ by the lane's own line.
    pub(super) fn arrive_directly(&mut self, request: Request) -> Result<(), Finding> {
        if self.is_cut_off(self.machines[request.machine].store) {
            if request.question.side == Side::Lane
                && self.relays[self.machines[request.machine].store].is_some()
            {
                self.days.met(BadDay::BothAway);
            }
            self.nobody_answers(&request);
            return Ok(());
        }
        let Some(answer) = self.ask_hq(&request.papers, &request.question.ask)? else { return Ok(()) };
        self.answer(&request, answer);
        Ok(())
    }

    fn nobody_answers(&mut self, request: &Request) {
        let Request { machine, boot, number, question, .. } = request;
        let (machine, boot, number, side) = (*machine, *boot, *number, question.side);
        self.put_after(NOBODY_MS, What::Answer { machine, boot, number, side, answer: None });
    }

    fn answer(&mut self, request: &Request, answer: Answer) {
        self.send_back(request.machine, request.boot, (request.number, request.question.side), answer);
    }

    fn at_relay(&mut self, store: usize, request: Request) -> Result<(), Finding> {
        match request.question.ask.clone() {
            Ask::Copied { epoch } => self.ask_for_copy(store, &request, epoch),
            Ask::Copy { body } => {
                let Some(relay) = &self.relays[store] else { return Ok(()) };
                let taken = relay.knows(&request.papers).and_then(|knows| match knows {
                    true => relay.copy(&request.papers, &body, self.now_ms),
                    false => Ok(Answer::ComeBack),
                });
                if let Some(answer) = self.of_relay(store, taken)? {
                    self.answer(&request, answer);
                }
                Ok(())
            }
            Ask::Question(question) => self.ask_relay(store, &request, &question),
            ask @ (Ask::Position { .. } | Ask::Push { .. } | Ask::Page { .. } | Ask::Shelf(_)) => {
                let Some(answer) = self.pass(store, &request.papers, &ask)? else {
                    // This lane may have a line of its own.
                    return self.arrive_directly(request);
                };
                self.answer(&request, answer);
                Ok(())
            }
        }
    }

    /// Passes something on to HQ; `None` where HQ is out of reach, or its answer is.
    fn pass(&mut self, store: usize, papers: &Papers, ask: &Ask) -> Result<Option<Answer>, Finding> {
        let (now_ms, is_cut) = (self.now_ms, self.is_cut_off(store));
        let Some(relay) = &mut self.relays[store] else { return Ok(None) };
        if is_cut || relay.line.is_down(now_ms) {
            return Ok(None);
        }
        let (there, back) =
            (relay.line.request(now_ms, &mut self.dice), relay.line.answer(now_ms, &mut self.dice));
        if there == Way::Lost {
            self.days.met(BadDay::RequestLost);
            return Ok(None);
        }
        if let Way::Twice(..) = there
            && self.ask_hq(papers, ask)?.is_none()
        {
            return Ok(None);
        }
        let Some(answer) = self.ask_hq(papers, ask)? else { return Ok(None) };
        if back == Way::Lost {
            self.days.met(BadDay::AnswerLost);
            return Ok(None);
        }
        let passed = self.relays[store].as_ref().map_or(Ok(()), |relay| relay.passed(papers, &answer));
        Ok(self.of_relay(store, passed)?.map(|()| answer))
    }

    fn ask_for_copy(&mut self, store: usize, request: &Request, epoch: u32) -> Result<(), Finding> {
        let papers = &request.papers;
        let known = self.relays[store].as_ref().map_or(Ok(None), |relay| relay.copied(papers, epoch));
        let Some(known) = self.of_relay(store, known)? else { return Ok(()) };
        if let Some(at) = known {
            self.answer(request, Answer::Filed(at));
            return Ok(());
        }
        let answer = match self.pass(store, papers, &Ask::Position { epoch })? {
            Some(Answer::Filed(at_hq)) => {
                let begun = self.relays[store]
                    .as_ref()
                    .map_or(Ok(None), |relay| relay.copy_behind(papers, epoch, &at_hq));
                match self.of_relay(store, begun)? {
                    Some(Some(at)) => Answer::Filed(at),
                    Some(None) => return found(Invariant::Chain, "HQ's head is no hash"),
                    None => return Ok(()),
                }
            }
            Some(refused @ Answer::Refused(PushRefusal::Unauthorised)) => refused,
            Some(
                Answer::Refused(_) | Answer::Page(_) | Answer::Shelf(_) | Answer::Said(..) | Answer::ComeBack,
            )
            | None => Answer::ComeBack,
        };
        self.answer(request, answer);
        Ok(())
    }

    /// A lane asks: HQ first, then by the copies.
    fn ask_relay(&mut self, store: usize, request: &Request, question: &Asks) -> Result<(), Finding> {
        let (papers, lane) = (&request.papers, request.papers.identity.lane);
        let said = match self.pass(store, papers, &request.question.ask)? {
            Some(Answer::Said(said, _)) => Some(*said),
            Some(refused @ Answer::Refused(_)) => {
                self.answer(request, refused);
                return Ok(());
            }
            Some(Answer::Filed(_) | Answer::Page(_) | Answer::Shelf(_) | Answer::ComeBack) | None => None,
        };
        let now_ms = self.now_ms;
        let told = if matches!(question, Asks::Positions {}) { self.told(store, false) } else { Told::new() };
        let by_lane = (lane, &told);
        let Some(relay) = self.relays[store].as_ref().filter(|relay| relay.is_up()) else { return Ok(()) };
        let by_relay = Authority::Relay(store, relay.life);
        let by_hq = Authority::Hq(self.hq.life);
        let Some(said) = said else {
            let told = relay.knows(papers).and_then(|knows| match knows {
                true => relay.answer(by_lane, question, now_ms),
                false => Ok(Said::Unreachable {}),
            });
            let Some(told) = self.of_relay(store, told)? else { return Ok(()) };
            if told != (Said::Unreachable {}) {
                self.days.met(BadDay::RelayAnswered);
            }
            // Nothing speaks against a coupon, and no other lane of the store is told so.
            let holds_coupon = matches!((question, &told), (Asks::ClaimCoupon { .. }, Said::Unreachable {}));
            let by = if is_claim(&told) || holds_coupon { vec![by_relay] } else { Vec::new() };
            self.answer(request, Answer::Said(Box::new(told), by));
            return Ok(());
        };
        let is_yes_of_hq = is_claim(&said);
        let settled = relay.settle(by_lane, question, said, now_ms);
        let Some(settled) = self.of_relay(store, settled)? else { return Ok(()) };
        let by = match (is_claim(&settled.answer), is_yes_of_hq) {
            (true, true) => vec![by_hq, by_relay],
            (true, false) => vec![by_relay],
            (false, _) => Vec::new(),
        };
        if is_yes_of_hq && by.is_empty() {
            self.days.met(BadDay::HqOverruled);
        }
        if let Some(release) = settled.take_back {
            // What is not heard ends by itself.
            drop(self.pass(store, papers, &Ask::Question(Box::new(release)))?);
        }
        self.answer(request, Answer::Said(Box::new(settled.answer), by));
        Ok(())
    }

    /// What a relay's disk did; `None` where its power failed.
    pub(super) fn of_relay<T>(
        &mut self,
        store: usize,
        done: Result<T, DiskError>,
    ) -> Result<Option<T>, Finding> {
        let is_powered = self.relays[store].as_ref().is_none_or(|relay| relay.mounted.disk.is_powered());
        match done {
            Ok(done) if is_powered => Ok(Some(done)),
            Err(error) if is_powered => found(
                Invariant::GoesOn,
                format!("the relay of {}: {error}", crate::simulate::shop::store_code(store)),
            ),
            Ok(_) | Err(_) => {
                self.relay_fails(store);
                Ok(None)
            }
        }
    }

    /// A relay's power is gone.
    fn relay_fails(&mut self, store: usize) {
        let pause_ms =
            if self.is_settling { MINUTE_MS } else { self.dice.between(MINUTE_MS, 20 * MINUTE_MS) };
        if let Some(relay) = self.relays[store].as_mut().filter(|relay| relay.is_up()) {
            relay.stop();
            self.days.met(BadDay::RelayPowerCut);
            self.tell_of_store(store, "its relay's power fails");
            self.put_after(pause_ms, What::RelayOn { store });
        }
    }

    /// A relay is away for a while, in good order.
    pub(super) fn relay_goes(&mut self, store: usize, ms: i64) {
        if let Some(relay) = self.relays[store].as_mut().filter(|relay| relay.is_up()) {
            relay.stop();
            if !relay.mounted.disk.is_powered() {
                self.days.met(BadDay::RelayPowerCut);
            }
            self.put_after(ms, What::RelayOn { store });
        }
    }

    /// A relay comes back, or comes for the first time.
    pub(super) fn relay_on(&mut self, store: usize) -> Result<(), Finding> {
        let Some(relay) = self.relays[store].as_mut().filter(|relay| !relay.is_up()) else { return Ok(()) };
        if !relay.mounted.disk.is_powered() {
            relay.mounted.disk.restart();
        }
        let started = relay.start();
        if started.is_err() || !relay.mounted.disk.is_powered() {
            relay.stop();
            if relay.mounted.disk.is_powered() {
                return found(Invariant::GoesOn, format!("a relay does not start: {:?}", started.err()));
            }
            self.put_after(MINUTE_MS, What::RelayOn { store });
            return Ok(());
        }
        self.tell_of_store(store, "its relay is on");
        Ok(())
    }

    /// A relay burnt down, and another begins with nothing.
    pub(super) fn replace_relay(&mut self, store: usize) -> Result<(), Finding> {
        let luck = self.dice.below(u64::MAX);
        let Some(relay) = self.relays[store].as_mut() else { return Ok(()) };
        relay.stop();
        relay.mounted.disk.cut();
        relay.mounted.disk.restart();
        relay.mounted.disk.erase(luck);
        relay.life += 1;
        self.days.met(BadDay::RelayBurnt);
        self.relay_on(store)
    }

    pub(super) fn tell_of_store(&mut self, store: usize, words: &str) {
        let words = format!("{}: {words}", crate::simulate::shop::store_code(store));
        self.tell(&words);
    }
}
