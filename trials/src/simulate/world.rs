//! The shop in a box: every machine, HQ and what lies between, in one loop
//! over one agenda. What happens next is what stands first on the agenda;
//! nothing else moves the time.

mod asking;
mod counter;
mod faults;
mod foreign;
mod line;
mod points;
mod relay;
mod settle;
mod shelf;
mod starting;
mod stock;

pub use stock::Counting;

use std::collections::BTreeMap;

use domain::payment;
use domain::refund::Origin;
use domain::till::Settings;
use fixtures::bench::Dice;
use protocol::chain::ChainHash;

use super::agent::{Question, Side};
use super::claims::Claims;
use super::days::{BadDay, Days};
use super::headquarters::Headquarters;
use super::machine::{Condition, Machine, Papers};
use super::model::{Finding, Invariant, JournalKey, Model, Written, found};
use super::network::Answer;
use super::points::Points;
use super::relay::Relay;
use super::script::{DAY_MS, Script};
use super::shelf::{Rack, Sent};
use super::stock::Counts;
use super::{Plan, Pool, Weakness, mixed, shop};

/// When a world begins: 2026-03-02T06:00+08:00, milliseconds UTC.
pub const BEGIN_MS: i64 = 1_772_402_400_000;

const MINUTE_MS: i64 = 60_000;

/// How often the books of both sides are held against each other.
const CHECK_MS: i64 = 6 * 60 * MINUTE_MS;

/// The most lines of a story that are kept: the last ones.
const STORY_LINES_MAX: usize = 400;

/// Something on the agenda.
enum What {
    /// A fault of the script.
    Fault(usize),
    /// Somebody does something at a counter.
    Counter { machine: usize, boot: u64 },
    /// An agent wants to be looked at.
    Agent { machine: usize, boot: u64 },
    /// A request arrives at HQ.
    Arrive(Box<Request>),
    /// An answer arrives at a machine, or nobody waits any longer.
    Answer { machine: usize, boot: u64, number: u64, side: Side, answer: Option<Answer> },
    /// A printer has ended a document.
    Printed { machine: usize, boot: u64, document: u64 },
    /// A wallet answers.
    Wallet { machine: usize, boot: u64, number: u64, answer: payment::Answer },
    /// A machine's power is back.
    PowerOn { machine: usize },
    /// There is room on a disk again.
    DiskRoom { machine: usize },
    /// A technician comes.
    Technician { machine: usize },
    /// Somebody switches a machine off and on, since it says that something is wrong.
    OffAndOn { machine: usize, boot: u64 },
    /// HQ is back.
    HqOn,
    /// A store's relay is back.
    RelayOn { store: usize },
    /// Both sides are compared.
    Check,
    /// The keeper of a store's labels looks.
    Shelf { machine: usize, boot: u64 },
    /// A label of a store asks for news.
    Radio { store: usize, label: usize },
    /// The agent hears what a label says.
    LabelSaid { machine: usize, label: usize, sent: Box<Sent> },
}

/// A request on its way.
struct Request {
    machine: usize,
    boot: u64,
    number: u64,
    papers: Papers,
    question: Question,
    is_second: bool,
}

/// The last things that happened, in words.
#[derive(Debug, Default)]
pub struct Story {
    lines: std::collections::VecDeque<String>,
}

impl Story {
    fn tell(&mut self, now_ms: i64, words: &str) {
        if self.lines.len() == STORY_LINES_MAX {
            self.lines.pop_front();
        }
        let passed = (now_ms - BEGIN_MS) / 1_000;
        let (day, hour, minute, second) =
            (passed / 86_400 + 1, (6 + passed / 3_600) % 24, passed / 60 % 60, passed % 60);
        self.lines.push_back(format!("day {day} {hour:02}:{minute:02}:{second:02}  {words}"));
    }

    /// The lines, oldest first.
    pub fn lines(&self) -> Vec<String> {
        self.lines.iter().cloned().collect()
    }
}

/// Everything there is.
pub struct World<'a> {
    plan: &'a Plan,
    script: &'a Script,
    settings: Settings,
    now_ms: i64,
    agenda: BTreeMap<(i64, u64), What>,
    order: u64,
    numbers: u64,
    machines: Vec<Machine>,
    racks: Vec<Rack>,
    /// By store; every other has one.
    relays: Vec<Option<Relay>>,
    /// Until when nobody in a store reaches HQ.
    cut_until_ms: Vec<i64>,
    /// The receipt that somebody showed last in a store: at which machine, and when first.
    shown: Vec<Option<(Origin, usize, i64)>>,
    /// The member's code that somebody showed last: at which machine, and when.
    card: Option<(String, usize, i64)>,
    claims: Claims,
    points: Points,
    counts: Counts,
    /// What is on its way between stores.
    van: Vec<stock::Consignment>,
    /// Numbers deliveries.
    documents: u64,
    /// What HQ had filed when it was looked at last.
    filed_last: Vec<(JournalKey, u64, ChainHash)>,
    hq: Headquarters,
    dice: Dice,
    pool: &'a mut Pool,
    is_settling: bool,
    forks_seen: usize,
    quarantined_seen: u64,
    /// What was acknowledged.
    pub model: Model,
    /// What was met.
    pub days: Days,
    /// What happened last.
    pub story: Story,
    /// How many things happened.
    pub steps: u64,
    /// Lines of sales that were held against what labels showed.
    pub labels_checked: u64,
    /// Sales that customers walked away with.
    pub sales: u64,
    /// A hash of everything that was acknowledged and filed, in order.
    pub hash: ChainHash,
    /// Where the sales are in the end.
    pub account: super::model::Account,
}

impl<'a> World<'a> {
    /// A world before its first morning.
    pub fn new(plan: &'a Plan, script: &'a Script, pool: &'a mut Pool) -> Self {
        let hq_disk = pool.take();
        hq_disk.disk.erase(mixed(plan.seed, 7));
        let mut settings = crate::counter::settings();
        settings.rules.points.money_per_point = Some(domain::money::Money::from_minor(100));
        settings.rules.points.spending = Some(shop::SPENDING);
        let mut world = Self {
            plan,
            script,
            settings,
            now_ms: BEGIN_MS,
            agenda: BTreeMap::new(),
            order: 0,
            numbers: 0,
            machines: Vec::new(),
            racks: (0..plan.stores)
                .map(|store| Rack::new(store, mixed(plan.seed, 300 + store as u64)))
                .collect(),
            relays: Vec::new(),
            cut_until_ms: vec![0; plan.stores],
            shown: vec![None; plan.stores],
            card: None,
            claims: Claims::default(),
            points: Points::new(plan.stores),
            counts: Counts::default(),
            van: Vec::new(),
            documents: 0,
            filed_last: Vec::new(),
            hq: Headquarters::new(hq_disk),
            dice: Dice::new(mixed(plan.seed, 8)),
            pool,
            is_settling: false,
            forks_seen: 0,
            quarantined_seen: 0,
            model: Model::default(),
            days: Days::default(),
            story: Story::default(),
            steps: 0,
            labels_checked: 0,
            sales: 0,
            hash: ChainHash::genesis("simulate", 0, 0).extend(&plan.seed.to_be_bytes()),
            account: super::model::Account::default(),
        };
        for store in 0..plan.stores {
            let relay = store.is_multiple_of(2).then(|| {
                let mounted = world.pool.take();
                mounted.disk.erase(mixed(plan.seed, 600 + store as u64));
                Relay::new(store, plan.tills, mounted, plan.weakness)
            });
            world.relays.push(relay);
            for lane in 1..=plan.tills {
                let place = world.machines.len();
                let mounted = world.pool.take();
                let number = u32::try_from(lane).unwrap_or(u32::MAX);
                let mut machine = Machine::new(plan, place, (store, number), mounted);
                machine.is_idle = script.idle[place];
                world.machines.push(machine);
                world.model.machines.push(Written::default());
            }
        }
        world
    }

    /// Lets everything happen.
    pub fn run(&mut self) -> Result<(), Finding> {
        self.open_for_business()?;
        let end_ms = BEGIN_MS + i64::from(self.script.days) * DAY_MS;
        self.run_until(end_ms)?;
        self.settle()
    }

    fn open_for_business(&mut self) -> Result<(), Finding> {
        self.hq.found(self.plan.stores).or_else(|error| found(Invariant::GoesOn, error))?;
        for store in 0..self.plan.stores {
            self.relay_on(store)?;
        }
        for machine in 0..self.machines.len() {
            self.enrol(machine)?;
            self.start_programs(machine)?;
        }
        for (place, planned) in self.script.faults.iter().enumerate() {
            self.put_at(BEGIN_MS + planned.at_ms, What::Fault(place));
        }
        self.put_after(CHECK_MS, What::Check);
        Ok(())
    }

    fn run_until(&mut self, end_ms: i64) -> Result<(), Finding> {
        while let Some(entry) = self.agenda.first_entry() {
            let (at_ms, _) = *entry.key();
            if at_ms > end_ms {
                break;
            }
            let what = entry.remove();
            self.now_ms = self.now_ms.max(at_ms);
            self.steps += 1;
            self.step(what)?;
        }
        self.now_ms = self.now_ms.max(end_ms);
        Ok(())
    }

    fn step(&mut self, what: What) -> Result<(), Finding> {
        match what {
            What::Fault(place) => self.fault(place),
            What::Counter { machine, boot } => self.at_counter(machine, boot),
            What::Agent { machine, boot } => self.agent_works(machine, boot),
            What::Arrive(request) => self.arrive(*request),
            What::Answer { machine, boot, number, side, answer } => {
                self.answered(machine, boot, (number, side), answer)
            }
            What::Printed { machine, boot, document } => self.printed(machine, boot, document),
            What::Wallet { machine, boot, number, answer } => {
                self.wallet_answers(machine, boot, number, answer)
            }
            What::PowerOn { machine } => self.power_on(machine),
            What::DiskRoom { machine } => {
                self.machines[machine].mounted.disk.set_faults(crate::disk::Faults::default());
                Ok(())
            }
            What::Technician { machine } => self.technician(machine),
            What::OffAndOn { machine, boot } => {
                if self.is_on(machine, boot) && !self.is_settling {
                    self.restart(machine)
                } else {
                    Ok(())
                }
            }
            What::HqOn => self.hq_on(),
            What::RelayOn { store } => self.relay_on(store),
            What::Check => {
                self.put_after(CHECK_MS, What::Check);
                self.check()
            }
            What::Shelf { machine, boot } => self.keeper_looks(machine, boot),
            What::Radio { store, label } => {
                self.radio(store, label);
                Ok(())
            }
            What::LabelSaid { machine, label, sent } => {
                self.label_said(machine, label, &sent);
                Ok(())
            }
        }
    }

    fn put_at(&mut self, at_ms: i64, what: What) {
        self.order += 1;
        self.agenda.insert((at_ms.max(self.now_ms), self.order), what);
    }

    fn put_after(&mut self, ms: i64, what: What) {
        self.put_at(self.now_ms + ms, what);
    }

    fn tell(&mut self, words: &str) {
        self.story.tell(self.now_ms, words);
    }

    fn tell_of(&mut self, machine: usize, words: &str) {
        let words = format!("{}: {words}", self.machines[machine].name());
        self.story.tell(self.now_ms, &words);
    }

    fn note(&mut self, bytes: &[u8]) {
        self.hash = self.hash.extend(bytes);
    }

    /// Holds HQ's books against those of the customers.
    fn check(&mut self) -> Result<(), Finding> {
        for written in &self.model.machines {
            written.check_papers()?;
        }
        self.claims.check(&self.model)?;
        if !self.hq.is_up() {
            return Ok(());
        }
        let stores = self.plan.stores;
        let asked = self.hq.filed().and_then(|filed| Ok((filed, self.hq.days()?, self.hq.stock(stores)?)));
        let (filed, days, stock) = match asked {
            Ok(asked) => asked,
            Err(error) => return self.hq_fails(&error),
        };
        for (key, acknowledged, head) in &filed {
            self.model.filed(key, *acknowledged, *head)?;
        }
        self.filed_last.clone_from(&filed);
        let chains = self.model.filed_chains(&filed)?;
        let sales = self.model.check_days(&chains, &days)?;
        self.counts.check(&chains, &stock)?;
        (0..stock.waiting.len()).for_each(|_| self.days.met(BadDay::CountWaited));
        self.note(&sales.to_be_bytes());
        self.check_points(&filed)?;
        self.look_at_alarms()
    }

    fn look_at_alarms(&mut self) -> Result<(), Finding> {
        let asked = self.hq.forks().and_then(|forks| Ok((forks, self.hq.quarantined()?)));
        let (forks, quarantined) = match asked {
            Ok(asked) => asked,
            Err(error) => return self.hq_fails(&error),
        };
        if forks.len() > self.forks_seen {
            self.days.met(BadDay::ForkAlarmed);
        }
        if quarantined > self.quarantined_seen {
            self.days.met(BadDay::Quarantined);
        }
        (self.forks_seen, self.quarantined_seen) = (forks.len(), quarantined);
        Ok(())
    }

    /// What an error of HQ means: where its power is off, that it is.
    fn hq_fails(&mut self, error: &str) -> Result<(), Finding> {
        if self.hq.mounted().disk.is_powered() {
            return found(Invariant::GoesOn, format!("HQ: {error}"));
        }
        self.hq.stop();
        self.days.met(BadDay::HqPowerCut);
        self.tell("HQ's power fails");
        let pause_ms = self.dice.between(MINUTE_MS, 20 * MINUTE_MS);
        self.put_after(pause_ms, What::HqOn);
        Ok(())
    }

    /// HQ comes back; where its disk is, what it answered must be there.
    fn hq_on(&mut self) -> Result<(), Finding> {
        if self.hq.is_up() {
            return Ok(());
        }
        let disk = self.hq.mounted().disk;
        if !disk.is_powered() {
            disk.restart();
        }
        if let Err(error) = self.hq.start() {
            return self.hq_fails(&error);
        }
        self.tell("HQ is back");
        self.look_at_all_counts()?;
        self.check()
    }

    fn is_on(&self, machine: usize, boot: u64) -> bool {
        let machine = &self.machines[machine];
        machine.condition == Condition::On && machine.boot == boot
    }

    fn weakness(&self) -> Weakness {
        self.plan.weakness
    }

    /// Gives the disks back.
    pub fn end(mut self) {
        self.hq.stop();
        let hq_disk = self.hq.mounted();
        let disks: Vec<_> = self
            .machines
            .drain(..)
            .map(|mut machine| {
                machine.end_programs();
                machine.mounted
            })
            .collect();
        let relays: Vec<_> = self
            .relays
            .drain(..)
            .flatten()
            .map(|mut relay| {
                relay.stop();
                relay.mounted
            })
            .collect();
        for mounted in disks.into_iter().chain(relays).chain([hq_disk]) {
            self.pool.give_back(mounted);
        }
    }
}
