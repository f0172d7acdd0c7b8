//! What lanes ask while a customer waits: who is asked, what comes back, and what it was used for.

use domain::refund::Origin;
use ledger::journal::Identity;
use protocol::ask::{ANSWER_WITHIN_MS, Answer as Said, Question as Asks};

use super::{BadDay, Finding, MINUTE_MS, What, World};
use crate::simulate::agent::{Question, Side};
use crate::simulate::customers::Wish;
use crate::simulate::lane::{By, Lane};
use crate::simulate::model::{Used, key_of};
use crate::simulate::network::{Answer, Ask};
use crate::simulate::relay::{Authority, Thing};

/// The latest sales of a lane that may be brought back.
const BROUGHT_BACK_AMONG: usize = 40;

/// For so long somebody may come with a receipt that was shown at another lane, milliseconds.
const SHOWN_MS: i64 = 60 * MINUTE_MS;

/// How wrong a clock may be for a promise to hold, milliseconds.
const CLOCK_RIGHT_MS: i64 = 60_000;

impl World<'_> {
    /// A customer wants something about which others must be asked.
    pub(super) fn wish(&mut self, machine: usize, wish: Wish) -> Result<(), Finding> {
        let asked = match wish {
            Wish::Spend => {
                let lane = self.machines[machine].lane.as_mut();
                match lane.map(Lane::spend_points) {
                    Some(Ok(offer)) => return self.turn(machine, vec![offer]),
                    Some(Err(asked)) => asked,
                    None => None,
                }
            }
            Wish::Recall(basket) => self.machines[machine].lane.as_mut().and_then(|lane| lane.recall(basket)),
            Wish::Elsewhere(luck) => {
                self.machines[machine].lane.as_mut().map(|lane| lane.look_elsewhere(luck))
            }
            Wish::BringBack => {
                let origin = self.something_to_bring_back(machine);
                let lane = self.machines[machine].lane.as_mut();
                lane.zip(origin).map(|(lane, origin)| lane.claim_receipt(origin))
            }
        };
        match asked {
            Some(out) => self.perform(machine, out),
            None => Ok(()),
        }
    }

    pub(super) fn is_shown_elsewhere(&self, machine: usize) -> bool {
        let shown = &self.shown[self.machines[machine].store];
        let is_now = |at_ms| self.now_ms - at_ms < SHOWN_MS;
        shown.as_ref().is_some_and(|(_, at, at_ms)| *at != machine && is_now(*at_ms))
    }

    /// A receipt of this store: one that was shown just before, maybe at another lane, or a new one.
    fn something_to_bring_back(&mut self, machine: usize) -> Option<Origin> {
        let percent = if self.is_shown_elsewhere(machine) { 90 } else { 30 };
        let place = &mut self.machines[machine];
        let (store, own) = (place.store, place.customers.chance(40));
        if let Some((shown, ..)) = self.shown[store].clone().filter(|_| place.customers.chance(percent)) {
            return Some(shown);
        }
        let of: Vec<usize> = (0..self.machines.len())
            .filter(|other| self.machines[*other].store == store && (!own || *other == machine))
            .collect();
        let place = &mut self.machines[machine];
        let other = of[place.customers.one_of(of.len())];
        let identity = self.machines[other].papers.as_ref()?.identity.clone();
        let chain = self.model.machines[other].chains.get(&key_of(&identity))?;
        let bought: Vec<u64> = chain
            .sales
            .iter()
            .rev()
            .take(BROUGHT_BACK_AMONG)
            .filter(|(_, sold)| !sold.sale.lines.is_empty())
            .map(|(seq, _)| *seq)
            .collect();
        if bought.is_empty() {
            return None;
        }
        let seq = bought[self.machines[machine].customers.one_of(bought.len())];
        let Identity { store: code, lane, epoch } = identity;
        let origin = Origin { store: code, lane, epoch, seq };
        self.shown[store] = Some((origin.clone(), machine, self.now_ms));
        Some(origin)
    }

    /// A lane asks its agent.
    pub(super) fn ask(&mut self, machine: usize, number: u64, question: Asks) {
        let store = crate::simulate::shop::store_code(self.machines[machine].store);
        if let Asks::ReleaseParked { parked } = &question {
            self.claims.give_back(machine, Thing::parked(&store, *parked));
        }
        let within_ms = i64::try_from(ANSWER_WITHIN_MS).unwrap_or(i64::MAX);
        let boot = self.machines[machine].boot;
        self.put_after(within_ms, What::Answer { machine, boot, number, side: Side::Lane, answer: None });
        self.send(machine, number, Question { side: Side::Lane, ask: Ask::Question(Box::new(question)) });
    }

    /// A lane hears an answer, or that there is none.
    pub(super) fn lane_hears(
        &mut self,
        machine: usize,
        number: u64,
        answer: Option<Answer>,
    ) -> Result<(), Finding> {
        let (said, by) = match answer {
            Some(Answer::Said(said, by)) => (Some(*said), by),
            Some(
                Answer::Filed(_) | Answer::Refused(_) | Answer::Page(_) | Answer::Shelf(_) | Answer::ComeBack,
            )
            | None => (None, Vec::new()),
        };
        // The agent says that nobody was reached; the lane does not mind why.
        let said = said.filter(|said| !matches!(said, Said::Unreachable {}));
        let now_ms = self.now_ms;
        let (steady_ms, shown_ms) =
            (self.machines[machine].steady_ms(now_ms), now_ms + self.machines[machine].clock_ms);
        let Some(lane) = &mut self.machines[machine].lane else { return Ok(()) };
        let heard = lane.hear((number, said), (shown_ms, steady_ms));
        let is_of_relay_alone = matches!(by.as_slice(), [Authority::Relay(..)]);
        if heard.is_refused && self.is_cut_off(self.machines[machine].store) {
            self.days.met(BadDay::RefusedByRelay);
        }
        if heard.is_not_lent {
            self.days.met(BadDay::NothingLent);
        }
        if let Some(grant) = &heard.lent {
            self.note_said(machine, grant, &by);
        }
        if let Some((thing, is_yes)) = heard.said {
            if is_yes && is_of_relay_alone {
                self.days.met(BadDay::LentByRelay);
            }
            if by.is_empty() && !heard.is_refused {
                self.days.met(BadDay::NobodyAnswered);
            }
            self.claims.say(machine, thing, by.into_iter().filter(|_| is_yes));
        }
        if let Some(known) = &heard.positions {
            self.hear_positions(machine, known);
        }
        for (number, question) in heard.questions {
            self.ask(machine, number, question);
        }
        self.turn_by(machine, By::Answer, heard.inputs)
    }

    /// Takes down what a machine used up.
    pub(super) fn note_uses(&mut self, machine: usize) {
        let used = std::mem::take(&mut self.model.machines[machine].used);
        if used.is_empty() {
            return;
        }
        for used in &used {
            match used {
                Used::Up { thing: Thing::Coupon(code), .. } => {
                    self.tell_of(machine, &format!("coupon {code} is spent"));
                }
                Used::Undone { thing: Thing::Coupon(code), sale } => {
                    self.tell_of(machine, &format!("coupon {code} of {sale:?} is good again"));
                    self.model.restore_coupon(machine, code, sale);
                }
                Used::Up { .. } | Used::Undone { .. } => {}
            }
        }
        let place = &self.machines[machine];
        let (lane, is_right) = (place.lane_number, place.clock_ms.abs() <= CLOCK_RIGHT_MS);
        for (thing, by, _) in self.claims.use_up(machine, is_right, used) {
            let is_by_relay = by.len() == 1 && matches!(by.first(), Some(Authority::Relay(..)));
            let day = match &thing {
                Thing::Receipt { at, .. } if at.0 != lane && is_by_relay => BadDay::BackAtAnotherLane,
                Thing::Parked { at, .. } if at.0 != lane && is_by_relay => BadDay::ParkedAcrossCutOff,
                Thing::Parked { at, .. } if at.0 != lane => BadDay::ParkedAcross,
                Thing::Receipt { .. } | Thing::Parked { .. } | Thing::Coupon(_) => continue,
            };
            self.days.met(day);
        }
    }
}
