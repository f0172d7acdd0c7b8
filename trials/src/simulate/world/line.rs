//! What goes over the line: an agent's requests, HQ's answers.

use super::{BadDay, Finding, Invariant, MINUTE_MS, Request, Weakness, What, World};
use crate::simulate::agent::{Question, Side};
use crate::simulate::headquarters::Caller;
use crate::simulate::machine::{Condition, Papers};
use crate::simulate::model::{found, key_of};
use crate::simulate::network::{Answer, Ask, PATIENCE_MS, REFUSED_MS, Way};
use crate::simulate::relay::Told;
use ledger::journal::Identity;
use protocol::ask::Question as Asks;
use sync_agent::core::Alarm;

/// How long it takes to see that nobody listens, milliseconds.
pub(super) const NOBODY_MS: i64 = 50;

/// How many of a hundred people switch a machine off and on that says that HQ has more than its disk, before anybody comes.
const OFF_AND_ON_PERCENT: u64 = 60;

impl World<'_> {
    /// Puts an agent on the agenda for when it wants to be looked at, not
    /// before `from_ms`.
    pub(super) fn look_at_agent(&mut self, machine: usize, from_ms: i64) {
        let edge_triggered = self.weakness() == Weakness::EdgeTriggered;
        let place = &mut self.machines[machine];
        let Some(agent) = &place.agent else { return };
        if edge_triggered && place.gave_up {
            return;
        }
        let Some(deadline) = agent.deadline() else { return };
        let at_ms = place.started_ms.saturating_add(deadline).max(from_ms);
        if place.agent_at_ms.is_some_and(|planned| planned <= at_ms) {
            return;
        }
        place.agent_at_ms = Some(at_ms);
        let boot = place.boot;
        self.put_at(at_ms, What::Agent { machine, boot });
    }

    /// An agent does what is to be done.
    pub(super) fn agent_works(&mut self, machine: usize, boot: u64) -> Result<(), Finding> {
        if !self.is_on(machine, boot) || self.machines[machine].agent_at_ms != Some(self.now_ms) {
            return Ok(());
        }
        self.machines[machine].agent_at_ms = None;
        self.agent_goes_on(machine)
    }

    fn agent_goes_on(&mut self, machine: usize) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let steady_ms = place.steady_ms(now_ms);
        let Some(agent) = &mut place.agent else { return Ok(()) };
        let mut numbers = self.numbers;
        let worked = agent.work(steady_ms, || {
            numbers += 1;
            numbers
        });
        self.numbers = numbers;
        let has_power = place.mounted.disk.is_powered();
        let questions = match worked {
            Ok(questions) if has_power => questions,
            Ok(_) => return self.power_fails(machine),
            Err(error) => return self.disk_fails(machine, &error),
        };
        for (number, question) in questions {
            self.send(machine, number, question);
        }
        self.look_at_alarm(machine);
        self.look_at_agent(machine, now_ms);
        Ok(())
    }

    /// Calls somebody where the agent says that a person must look.
    fn look_at_alarm(&mut self, machine: usize) {
        let place = &self.machines[machine];
        let Some(agent) = &place.agent else { return };
        let status = agent.status();
        let epoch = place.papers.as_ref().map(|papers| papers.identity.epoch);
        let is_of_now = status.journal.is_some_and(|journal| Some(journal.epoch) == epoch);
        let needs_somebody = match status.alarm() {
            Some(Alarm::Fork { .. } | Alarm::HqAhead { .. }) => {
                // What an earlier epoch says was seen to when this one began.
                is_of_now && status.push_alarm.is_some() && !self.is_of_earlier_epoch(machine)
            }
            Some(Alarm::Unauthorised) => true,
            Some(Alarm::Refused { .. } | Alarm::Journal { .. } | Alarm::Reference { .. }) | None => false,
        };
        if !needs_somebody || place.is_called {
            return;
        }
        if matches!(status.alarm(), Some(Alarm::Unauthorised)) {
            self.days.met(BadDay::Unauthorised);
        }
        let words = status.alarm().map(ToString::to_string).unwrap_or_default();
        self.tell_of(machine, &words);
        let is_ahead = matches!(status.alarm(), Some(Alarm::HqAhead { .. }));
        if is_ahead && self.dice.chance(OFF_AND_ON_PERCENT) {
            let (boot, pause_ms) =
                (self.machines[machine].boot, self.dice.between(MINUTE_MS / 2, 10 * MINUTE_MS));
            self.put_after(pause_ms, What::OffAndOn { machine, boot });
        }
        let pause_ms = self.dice.between(10 * MINUTE_MS, 120 * MINUTE_MS);
        let pause_ms = if self.is_settling { MINUTE_MS } else { pause_ms };
        self.call_technician(machine, pause_ms);
    }

    /// Whether the alarm is of an epoch before the newest one: HQ was not
    /// asked about that yet, or agrees with it.
    fn is_of_earlier_epoch(&self, machine: usize) -> bool {
        let place = &self.machines[machine];
        let Some(papers) = &place.papers else { return false };
        let filed = place.agent.as_ref().and_then(|agent| agent.status().filed);
        if filed.is_none_or(|filed| filed.epoch != papers.identity.epoch) {
            return true;
        }
        let chain = self.model.machines[machine].chains.get(&key_of(&papers.identity));
        let at_hq = self.hq.store().ok().and_then(|store| {
            let Identity { store: code, lane, epoch } = &papers.identity;
            let key = hq::store::JournalKey { store: code, lane: *lane, epoch: *epoch };
            store.read::<_, hq::store::StoreError>(|reading| reading.journal_head(key)).ok()
        });
        let (Some(chain), Some(head)) = (chain, at_hq) else { return true };
        chain.hash_at(head.acknowledged) == Some(head.head)
    }

    pub(super) fn send(&mut self, machine: usize, number: u64, question: Question) {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let (boot, side) = (place.boot, question.side);
        let Some(papers) = place.papers.clone() else { return };
        if place.line.is_down(now_ms) {
            if side != Side::Lane {
                self.put_after(REFUSED_MS, What::Answer { machine, boot, number, side, answer: None });
            }
            return;
        }
        // A lane has its own patience.
        if side != Side::Lane {
            self.put_after(PATIENCE_MS, What::Answer { machine, boot, number, side, answer: None });
        }
        let place = &mut self.machines[machine];
        let way = place.line.request(now_ms, &mut place.dice);
        let request = |is_second, question| {
            What::Arrive(Box::new(Request {
                machine,
                boot,
                number,
                papers: papers.clone(),
                question,
                is_second,
            }))
        };
        match way {
            Way::Lost => self.days.met(BadDay::RequestLost),
            Way::Arrives(ms) => self.put_after(ms, request(false, question)),
            Way::Twice(first, second) => {
                self.put_after(first, request(false, question.clone()));
                self.put_after(second, request(true, question));
            }
        }
    }

    /// A request arrives at the store's relay or at HQ.
    pub(super) fn arrive(&mut self, request: Request) -> Result<(), Finding> {
        if let Ask::Push { .. } = request.question.ask {
            if request.is_second {
                self.days.met(BadDay::RequestTwice);
            }
            let newest = &mut self.machines[request.machine].newest_at_hq;
            if request.number < *newest {
                self.days.met(BadDay::RequestLate);
            }
            *newest = request.number.max(*newest);
        }
        if request.question.side == Side::Copy || self.goes_through(request.machine) {
            self.arrive_at_relay(request)
        } else {
            self.arrive_directly(request)
        }
    }

    /// HQ answers; `None` where its power fails over it.
    pub(super) fn ask_hq(&mut self, papers: &Papers, ask: &Ask) -> Result<Option<Answer>, Finding> {
        if self.weakness() == Weakness::NoDedupe {
            self.forget_what_is_filed(&papers.identity, ask)?;
        }
        self.weaken_points(&papers.identity, ask)?;
        let told = match ask {
            Ask::Question(asks) if matches!(**asks, Asks::Positions {}) => {
                self.told_in(&papers.identity.store, true)
            }
            Ask::Question(_)
            | Ask::Position { .. }
            | Ask::Push { .. }
            | Ask::Page { .. }
            | Ask::Shelf(_)
            | Ask::Copied { .. }
            | Ask::Copy { .. } => Told::new(),
        };
        let caller = Caller { identity: &papers.identity, key: &papers.key, told: &told };
        let answer = match self.hq.answer(&caller, ask, self.now_ms) {
            Ok(answer) => answer,
            Err(error) => return self.hq_fails(&error).map(|()| None),
        };
        if !self.hq.mounted().disk.is_powered() {
            return self.hq_fails("its power is off").map(|()| None);
        }
        self.note_lent(&papers.identity, &answer);
        if let Answer::Filed(filed) = &answer {
            let key = (papers.identity.store.clone(), papers.identity.lane, filed.epoch);
            let head = protocol::chain::ChainHash::parse(&filed.head);
            let Ok(head) = head else { return found(Invariant::Chain, "HQ's head is no hash") };
            self.model.filed(&key, filed.acknowledged, head)?;
            self.note(head.as_bytes());
            if let Ask::Push { .. } = ask {
                self.look_at_counts(&papers.identity.store)?;
            }
        }
        Ok(Some(answer))
    }

    pub(super) fn send_back(
        &mut self,
        machine: usize,
        boot: u64,
        (number, side): (u64, Side),
        answer: Answer,
    ) {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let way = place.line.answer(now_ms, &mut place.dice);
        let back = |answer| What::Answer { machine, boot, number, side, answer: Some(answer) };
        match way {
            Way::Lost => self.days.met(BadDay::AnswerLost),
            Way::Arrives(ms) => self.put_after(ms, back(answer)),
            Way::Twice(first, second) => {
                self.put_after(first, back(answer.clone()));
                self.put_after(second, back(answer));
            }
        }
    }

    /// An answer arrives, or nobody waits for it any longer.
    pub(super) fn answered(
        &mut self,
        machine: usize,
        boot: u64,
        (number, side): (u64, Side),
        answer: Option<Answer>,
    ) -> Result<(), Finding> {
        let came = answer.is_some();
        if self.machines[machine].condition == Condition::Retired {
            return Ok(());
        }
        if !self.is_on(machine, boot) {
            if came {
                self.days.met(BadDay::AnswerLate);
            }
            return Ok(());
        }
        if side == Side::Lane {
            return self.lane_hears(machine, number, answer);
        }
        let place = &mut self.machines[machine];
        let steady_ms = place.steady_ms(self.now_ms);
        if side == Side::Shelf {
            let is_waited_for = place.keeper.as_mut().is_some_and(|keeper| {
                let told = match answer {
                    Some(Answer::Shelf(told)) => Some(told),
                    Some(
                        Answer::Filed(_)
                        | Answer::Refused(_)
                        | Answer::Page(_)
                        | Answer::Said(..)
                        | Answer::ComeBack,
                    )
                    | None => None,
                };
                keeper.hear(self.now_ms + place.clock_ms, number, told)
            });
            if !is_waited_for && came {
                self.days.met(BadDay::AnswerLate);
            }
            return Ok(());
        }
        let Some(agent) = &mut place.agent else { return Ok(()) };
        if !agent.hear(steady_ms, number, side, answer) {
            if came {
                self.days.met(BadDay::AnswerLate);
            }
            return Ok(());
        }
        if side == Side::Copy {
            return self.agent_goes_on(machine);
        }
        place.gave_up = !came;
        if self.weakness() == Weakness::EdgeTriggered && !came {
            return Ok(());
        }
        self.agent_goes_on(machine)
    }

    /// An HQ without dedupe: it does not remember that it has filed what comes.
    fn forget_what_is_filed(&mut self, identity: &Identity, ask: &Ask) -> Result<(), Finding> {
        let Ask::Push { body } = ask else { return Ok(()) };
        match self.hq.forget(identity, body) {
            Ok(()) => Ok(()),
            Err(error) => self.hq_fails(&error),
        }
    }
}
