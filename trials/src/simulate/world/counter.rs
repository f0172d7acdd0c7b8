//! What happens at a counter, and what leaves the machine: paper, and
//! questions to wallets.

use std::collections::BTreeMap;

use domain::payment::Answer;
use domain::record::PaperOutcome;
use domain::till::{Desk, Input};

use super::{BadDay, DAY_MS, Finding, Invariant, MINUTE_MS, What, World, found};
use crate::simulate::customers::{Next, Seen, is_open};
use crate::simulate::lane::{By, Lane, OFFSET_MINUTES, Out, Stop};
use crate::simulate::machine::Order;

/// How long a printer takes, milliseconds.
const PRINT_MS: i64 = 3_000;

/// How late a lane's agent sees that its journal grew, milliseconds.
const NUDGE_MS: i64 = 200;

impl World<'_> {
    /// Somebody does something at a counter.
    pub(super) fn at_counter(&mut self, machine: usize, boot: u64) -> Result<(), Finding> {
        if !self.is_on(machine, boot) || self.is_settling {
            return Ok(());
        }
        if self.machines[machine].agent.is_none() {
            self.machines[machine].end_programs();
            return self.start_programs(machine);
        }
        if self.machines[machine].lane.is_none() {
            if !self.machines[machine].is_called {
                self.start_lane(machine)?;
            }
            if self.is_on(machine, boot) {
                self.put_after(MINUTE_MS, What::Counter { machine, boot });
            }
            return Ok(());
        }
        if let Some(foreign) = self.machines[machine].foreign {
            self.insert_foreign(machine, foreign)?;
            if !self.is_on(machine, boot) {
                return Ok(());
            }
        }
        let now_ms = self.now_ms;
        let is_shown_elsewhere = self.is_shown_elsewhere(machine);
        let card_elsewhere = self.card_elsewhere(machine);
        let place = &mut self.machines[machine];
        let Some(lane) = &place.lane else { return Ok(()) };
        let minute = ((now_ms + i64::from(OFFSET_MINUTES) * MINUTE_MS) / MINUTE_MS).rem_euclid(24 * 60);
        let cash_due = lane.cash_due();
        let seen = Seen { till: lane.till(), cash_due, is_shown_elsewhere, card_elsewhere, minute };
        let Next { inputs, wish, pause_ms } = place.customers.next(&seen);
        let (inputs, wish) = if place.is_idle { (Vec::new(), None) } else { (inputs, wish) };
        self.note_card(machine, &inputs);
        self.turn(machine, inputs)?;
        self.look_for_member_elsewhere(machine);
        if let Some(wish) = wish.filter(|_| self.is_on(machine, boot)) {
            self.wish(machine, wish)?;
        }
        if self.is_on(machine, boot) {
            self.with_goods(machine, is_open(minute))?;
        }
        if self.is_on(machine, boot) {
            self.put_after(pause_ms, What::Counter { machine, boot });
        }
        Ok(())
    }

    /// A lane takes inputs in, and what it wants done is done.
    pub(super) fn turn(&mut self, machine: usize, inputs: Vec<Input>) -> Result<(), Finding> {
        self.turn_by(machine, By::Counter, inputs)
    }

    /// The same, of what people do or what an answer came to.
    pub(super) fn turn_by(&mut self, machine: usize, by: By, inputs: Vec<Input>) -> Result<(), Finding> {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let steady_ms = place.steady_ms(now_ms);
        let shown_ms = now_ms + place.clock_ms;
        let Some(lane) = &mut place.lane else { return Ok(()) };
        lane.printer_ready = now_ms >= place.printer_off_until_ms;
        let before = lane.books.journal().head();
        let was_paying = matches!(lane.till().desk(), Desk::Paying(_));
        let grant = lane.till().basket().grant().cloned();
        let paper_waits = !lane.printer_ready && !lane.till().papers().is_empty();
        let written = &mut self.model.machines[machine];
        let turned = lane.turn(written, (shown_ms, steady_ms), (by, inputs));
        let has_grown = lane.books.journal().head() != before;
        let basket = lane.till().basket();
        let buys = |member: &String| basket.member().is_some_and(|now| now.id == *member);
        let is_over = grant.is_some_and(|grant| {
            grant.until_ms <= shown_ms && basket.grant().is_none() && buys(&grant.member)
        });
        let is_asked = !was_paying && matches!(lane.till().desk(), Desk::Paying(_));
        if paper_waits {
            self.days.met(BadDay::PaperWaited);
        }
        if is_over {
            self.days.met(BadDay::LeaseOver);
        }
        let outs = match turned {
            Ok(outs) => outs,
            Err(Stop::Found(finding)) => return Err(self.at(machine, finding)),
            Err(Stop::Disk(error)) => return self.disk_fails(machine, &error),
        };
        if is_asked {
            self.remember_labels(machine);
        }
        for out in outs {
            self.perform(machine, out)?;
        }
        if !self.machines[machine].mounted.disk.is_powered() {
            return self.power_fails(machine);
        }
        self.note_uses(machine);
        self.note_goods(machine);
        self.note_points(machine)?;
        self.check_sums_of_lane(machine)?;
        if has_grown {
            self.nudge(machine);
        }
        Ok(())
    }

    fn nudge(&mut self, machine: usize) {
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let steady_ms = place.steady_ms(now_ms);
        place.gave_up = false;
        if let Some(agent) = &mut place.agent {
            agent.nudge(steady_ms);
            self.look_at_agent(machine, now_ms + NUDGE_MS);
        }
    }

    /// The till's running sum is that of all sales of its journal.
    fn check_sums_of_lane(&self, machine: usize) -> Result<(), Finding> {
        let Some(lane) = &self.machines[machine].lane else { return Ok(()) };
        let Some(report) = lane.till().report() else { return Ok(()) };
        let (says, net) = (report.totals.net().minor(), self.model.machines[machine].net);
        if says == net {
            return Ok(());
        }
        let words = format!("the till's sum is {says}, its sales come to {net}");
        Err(self.at(machine, Finding { invariant: Invariant::MoneyAtLane, words }))
    }

    pub(super) fn perform(&mut self, machine: usize, out: Out) -> Result<(), Finding> {
        let boot = self.machines[machine].boot;
        match out {
            Out::Sold(seq) => self.sold(machine, seq),
            Out::DiskFull => {
                self.days.met(BadDay::DiskFull);
                if self.now_ms >= self.machines[machine].disk_full_until_ms {
                    let words = "the disk is said to be full, and has room".to_owned();
                    return Err(self.at(machine, Finding { invariant: Invariant::GoesOn, words }));
                }
                Ok(())
            }
            Out::ClockRefused => {
                self.days.met(BadDay::ClockRefused);
                self.tell_of(machine, "it refuses its clock");
                Ok(())
            }
            Out::Print(document) => {
                let Some(lane) = &self.machines[machine].lane else { return Ok(()) };
                let identity = lane.identity().clone();
                if let Err(finding) = self.model.machines[machine].print(&identity, document) {
                    return Err(self.at(machine, finding));
                }
                self.put_after(PRINT_MS, What::Printed { machine, boot, document });
                Ok(())
            }
            Out::Ask(number, question) => {
                self.ask(machine, number, *question);
                Ok(())
            }
            Out::Charge(number) => self.charge(machine, number),
            Out::Query(number) => {
                let answer = match self.machines[machine].orders.get(&number) {
                    Some(Order::Paid) => Answer::Paid { reference: reference(number) },
                    Some(Order::Refused) => Answer::Declined { reason: "余额不足".to_owned() },
                    Some(Order::Reversed) => Answer::Reversed,
                    None => Answer::Closed,
                };
                self.wallet(machine, number, answer);
                Ok(())
            }
            Out::Reverse(number) => {
                let order = self.machines[machine].orders.get_mut(&number);
                let answer = match order {
                    Some(order @ Order::Paid) => {
                        *order = Order::Reversed;
                        Answer::Reversed
                    }
                    Some(Order::Reversed) => Answer::Reversed,
                    Some(Order::Refused) | None => Answer::Closed,
                };
                self.wallet(machine, number, answer);
                Ok(())
            }
        }
    }

    fn sold(&mut self, machine: usize, seq: u64) -> Result<(), Finding> {
        self.sales += 1;
        let Some(lane) = &self.machines[machine].lane else { return Ok(()) };
        let identity = lane.identity().clone();
        let today = (self.now_ms + i64::from(OFFSET_MINUTES) * MINUTE_MS).div_euclid(DAY_MS);
        let chain = self.model.machines[machine].chain(&identity);
        let hash = chain.hash_at(seq);
        let Some(sold) = chain.sales.get(&seq) else { return Ok(()) };
        let date = chrono::DateTime::from_timestamp_millis(today * DAY_MS).unwrap_or_default().date_naive();
        let met = [
            (sold.date < date, BadDay::ShiftOverMidnight),
            (!sold.sale.returns.is_empty(), BadDay::Returned),
            (sold.sale.buyer.is_some(), BadDay::MemberBought),
            (!sold.coupons.is_empty(), BadDay::CouponSpent),
        ];
        for (_, day) in met.into_iter().filter(|(is_met, _)| *is_met) {
            self.days.met(day);
        }
        let sale = sold.sale.clone();
        let words = format!("sale {} of epoch {}", seq, identity.epoch);
        self.tell_of(machine, &words);
        self.check_labels(machine, seq, &sale)?;
        if let Some(hash) = hash {
            self.note(hash.as_bytes());
        }
        Ok(())
    }

    fn charge(&mut self, machine: usize, number: u64) -> Result<(), Finding> {
        let place = &mut self.machines[machine];
        if place.orders.contains_key(&number) {
            let words = format!("payment {number} is asked for a second time");
            return Err(self.at(machine, Finding { invariant: Invariant::PaidOnce, words }));
        }
        let luck = place.dice.below(100);
        let (order, answer) = match luck {
            0..70 => (Order::Paid, Some(Answer::Paid { reference: reference(number) })),
            70..80 => (Order::Refused, Some(Answer::Declined { reason: "余额不足".to_owned() })),
            80..88 => (Order::Paid, Some(Answer::Unknown)),
            88..92 => (Order::Refused, Some(Answer::Unknown)),
            92..96 => (Order::Paid, None),
            _ => (Order::Refused, None),
        };
        place.orders.insert(number, order);
        if luck >= 80 {
            self.days.met(BadDay::PaymentInDoubt);
        }
        if let Some(answer) = answer {
            self.wallet(machine, number, answer);
        }
        Ok(())
    }

    fn wallet(&mut self, machine: usize, number: u64, answer: Answer) {
        let boot = self.machines[machine].boot;
        let pause_ms = self.machines[machine].dice.between(500, 20_000);
        self.put_after(pause_ms, What::Wallet { machine, boot, number, answer });
    }

    pub(super) fn wallet_answers(
        &mut self,
        machine: usize,
        boot: u64,
        number: u64,
        answer: Answer,
    ) -> Result<(), Finding> {
        if !self.is_on(machine, boot) {
            return Ok(());
        }
        self.turn(machine, vec![Input::PaymentAnswered { number, answer }])
    }

    pub(super) fn printed(&mut self, machine: usize, boot: u64, document: u64) -> Result<(), Finding> {
        if !self.is_on(machine, boot) {
            return Ok(());
        }
        let now_ms = self.now_ms;
        let place = &mut self.machines[machine];
        let is_off = now_ms < place.printer_off_until_ms;
        let outcome = if is_off { PaperOutcome::InDoubt } else { place.customers.paper() };
        if outcome == PaperOutcome::InDoubt {
            self.days.met(BadDay::PaperInDoubt);
        }
        if let Some(lane) = &mut place.lane {
            lane.paper_ended(document, outcome);
        }
        self.turn(machine, Vec::new())
    }

    /// What came back of each sale is not more than was sold.
    pub(super) fn check_returns(&self) -> Result<(), Finding> {
        for written in &self.model.machines {
            let mut back: BTreeMap<(&str, u32, u32, u64, u32), i64> = BTreeMap::new();
            for chain in written.chains.values() {
                for line in chain.sales.values().flat_map(|sold| &sold.sale.returns) {
                    let Some(origin) = &line.origin else { continue };
                    let key = (origin.store.as_str(), origin.lane, origin.epoch, origin.seq, line.line);
                    *back.entry(key).or_default() += line.quantity.thousandths();
                }
            }
            for ((store, lane, epoch, seq, number), quantity) in back {
                // Of a sale on a disk that is gone, or was put back, nobody knows what there was.
                if self.claims.astray.has(store, lane, epoch) {
                    continue;
                }
                let Some(sold) = self.model.sale(&(store.to_owned(), lane, epoch), seq) else { continue };
                let line = sold.sale.lines.iter().find(|line| line.number == number);
                let was = line.map_or(0, |line| line.quantity.thousandths());
                if quantity > was {
                    let words =
                        format!("of line {number} of sale {seq} {quantity} came back, {was} were sold");
                    return found(Invariant::MoneyAtLane, words);
                }
            }
        }
        Ok(())
    }
}

/// A wallet's own number of a payment.
fn reference(number: u64) -> String {
    format!("4200{number:012}")
}

/// Whether a lane has goods in its basket that HQ gives another price.
pub(super) fn holds(lane: &Lane, sku: &str) -> bool {
    lane.till().basket().lines().iter().any(|line| line.item.sku == sku)
}
