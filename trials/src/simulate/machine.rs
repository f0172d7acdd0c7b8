//! One machine at a counter: its disk, its two programs, its clock, its line,
//! its printer, and the wallet behind it.

use std::collections::BTreeMap;
use std::path::Path;

use fixtures::bench::Dice;
use ledger::file::Trial;
use ledger::journal::{Identity, JournalReader, TAIL_CHECKED};
use protocol::enrol::Enrolment;

use super::agent::Agent;
use super::customers::Customers;
use super::keeper::Keeper;
use super::lane::Lane;
use super::model::Written;
use super::network::Line;
use super::world::Counting;
use super::{Plan, Weakness, mixed, shop};
use crate::disk::Image;
use crate::powercut::JOURNAL;
use crate::vfs::memory::Mounted;

/// What stands behind a payment's number at the wallet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The money moved.
    Paid,
    /// It did not.
    Refused,
    /// It moved and is back.
    Reversed,
}

/// An event that no till of today writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Foreign {
    /// A sale in the form of an older program.
    OldForm,
    /// An event that says another number than it stands under.
    Misnumbered,
}

/// How a machine stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Its programs run, as far as they can.
    On,
    /// It has no power.
    Off,
    /// It was taken away.
    Retired,
}

/// What a machine's owner keeps beside its disk: who it is.
#[derive(Debug, Clone)]
pub struct Papers {
    /// Store, lane and epoch.
    pub identity: Identity,
    /// The secret that it shows HQ.
    pub key: String,
}

impl From<Enrolment> for Papers {
    fn from(enrolment: Enrolment) -> Self {
        let Enrolment { store, lane, epoch, key } = enrolment;
        Self { identity: Identity { store, lane, epoch }, key }
    }
}

/// A disk's image, and what was known of it.
#[derive(Clone)]
pub struct Imaged {
    /// The files.
    pub image: Image,
    /// What customers were told until then.
    pub written: Written,
    /// Who the machine was.
    pub papers: Papers,
}

/// A machine.
pub struct Machine {
    /// Which store, from 0.
    pub store: usize,
    /// Which lane, from 1.
    pub lane_number: u32,
    /// Whether it was made of another machine's disk.
    pub is_clone: bool,
    /// How it stands.
    pub condition: Condition,
    /// Counts its starts: what was under way before one is nobody's after it.
    pub boot: u64,
    /// When it started, true milliseconds.
    pub started_ms: i64,
    /// Its disk.
    pub mounted: Mounted,
    /// How it is opened.
    pub trial: Trial,
    /// The lane's program; `None` while it cannot sell.
    pub lane: Option<Lane>,
    /// The agent's program.
    pub agent: Option<Agent>,
    /// The part of it that keeps labels true; only at a store's first lane, which has the access point.
    pub keeper: Option<Keeper>,
    /// What labels showed when the customer at the counter was asked for the money: the least of each item, fen.
    pub asked_at: BTreeMap<String, i64>,
    /// It has pulled nothing yet since somebody did to its disk what no program can see, so it may ask more than labels show.
    pub is_astray: bool,
    /// Who it is; `None` until somebody enrols it.
    pub papers: Option<Papers>,
    /// What its clock shows more than is true, milliseconds.
    pub clock_ms: i64,
    /// Its line.
    pub line: Line,
    /// Its printer is off until then.
    pub printer_off_until_ms: i64,
    /// Its disk is full until then.
    pub disk_full_until_ms: i64,
    /// The people at its counter.
    pub customers: Customers,
    /// Payments at the wallet, by this machine's numbers.
    pub orders: BTreeMap<u64, Order>,
    /// An image that somebody took.
    pub imaged: Option<Imaged>,
    /// Whether a technician was called and has not come.
    pub is_called: bool,
    /// The luck of its line and its wallet.
    pub dice: Dice,
    /// The luck of those who move goods and count them.
    pub stock_dice: Dice,
    /// A count that is not finished, on its disk beside the journal.
    pub counting: Option<Counting>,
    /// When its agent was last put on the agenda, true milliseconds.
    pub agent_at_ms: Option<i64>,
    /// Whether nobody buys here.
    pub is_idle: bool,
    /// Its power fails again within this write of its next start.
    pub cut_at_start: Option<u64>,
    /// The newest request of it that HQ has answered.
    pub newest_at_hq: u64,
    /// Its last request failed, and nothing happened since.
    pub gave_up: bool,
    /// An event that no till of today writes comes between the next two customers.
    pub foreign: Option<Foreign>,
    /// Baskets that were parked before the last stop.
    pub parked_at_stop: usize,
    /// Its agent goes to HQ by itself until then, since the store's relay was away.
    pub relay_rests_until_ms: i64,
    /// No copy of its journal arrives at the store's relay until then.
    pub copy_held_until_ms: i64,
}

impl Machine {
    /// A machine with an empty disk, off.
    pub fn new(plan: &Plan, place: usize, (store, lane_number): (usize, u32), mounted: Mounted) -> Self {
        let seed = mixed(plan.seed, 1_000 + place as u64);
        mounted.disk.erase(mixed(seed, 1));
        let synchronous = if plan.weakness == Weakness::NormalSync { "NORMAL" } else { "FULL" };
        Self {
            store,
            lane_number,
            is_clone: false,
            condition: Condition::Off,
            boot: 0,
            started_ms: 0,
            mounted,
            trial: Trial { vfs: mounted.vfs, secret: None, synchronous, tail_checked: TAIL_CHECKED },
            lane: None,
            agent: None,
            keeper: None,
            asked_at: BTreeMap::new(),
            is_astray: false,
            papers: None,
            clock_ms: 0,
            line: Line::default(),
            printer_off_until_ms: 0,
            disk_full_until_ms: 0,
            customers: Customers::new(mixed(seed, 2), store, plan.stores),
            orders: BTreeMap::new(),
            imaged: None,
            is_called: false,
            dice: Dice::new(mixed(seed, 3)),
            stock_dice: Dice::new(mixed(seed, 4)),
            counting: None,
            agent_at_ms: None,
            is_idle: false,
            cut_at_start: None,
            newest_at_hq: 0,
            gave_up: false,
            foreign: None,
            parked_at_stop: 0,
            relay_rests_until_ms: 0,
            copy_held_until_ms: 0,
        }
    }

    /// As people name it.
    pub fn name(&self) -> String {
        let copy = if self.is_clone { " (copy)" } else { "" };
        format!("{} lane {}{copy}", shop::store_code(self.store), self.lane_number)
    }

    /// A clock that only goes forward, milliseconds.
    pub fn steady_ms(&self, now_ms: i64) -> i64 {
        now_ms - self.started_ms
    }

    /// Ends both programs, as a cut of the power does or a person.
    pub fn end_programs(&mut self) {
        // Its files are the agent's, which closes them last.
        self.keeper = None;
        self.lane = None;
        self.agent = None;
        self.agent_at_ms = None;
        self.boot += 1;
    }

    /// Another pair of eyes on its journal.
    pub fn reader(&self) -> Result<Option<JournalReader>, String> {
        if self.mounted.disk.exists(JOURNAL) != Ok(true) {
            return Ok(None);
        }
        let opened = JournalReader::open_trial(Path::new(JOURNAL), &self.trial);
        opened.map_err(|error| crate::powercut::words(&error))
    }
}
