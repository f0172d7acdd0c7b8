//! The shop in a box: lanes, agents, relays and HQ, from one seed, under everything
//! that goes wrong, held against what was acknowledged all the way.
//!
//! The programs are the real ones without threads, sockets and windows: the
//! till's books on the real SQLite, the agent's core, the relay's book, HQ's intake, feed,
//! books and enrolment on its real store, all on disks that forget. Time, luck, keys and
//! jitter come from the seed, so the same seed gives the same run, and a
//! failing one can be told again with less in it.
//!
//! | module | what |
//! |---|---|
//! | [`script`] | what will go wrong, and when |
//! | [`world`] | the one loop over the one agenda |
//! | [`machine`], [`lane`], [`agent`] | a machine and its two programs |
//! | [`customers`] | who buys, and what the cashier does |
//! | [`shelf`], [`keeper`] | labels on the shelf, and the part of an agent that keeps them true |
//! | [`relay`] | the relay of a store, which some have |
//! | [`asking`], [`claims`] | what lanes ask of it and of HQ, and what one lane at a time may use up |
//! | [`stock`] | goods that come, go, are on their way and are counted |
//! | [`points`] | members' points: what was lent, and what customers walked away with |
//! | [`network`] | what becomes of a request and its answer |
//! | [`headquarters`], [`shop`] | HQ's program, and what it feeds |
//! | [`model`] | what must be true |
//! | [`astray`] | which lanes do not know what they did |
//! | [`days`] | the bad days that a whole run must have met |
//! | [`shrink`] | a failing seed as a short story |

pub mod agent;
pub mod asking;
pub mod astray;
pub mod claims;
pub mod customers;
pub mod days;
pub mod headquarters;
pub mod keeper;
pub mod lane;
pub mod machine;
pub mod model;
pub mod network;
pub mod points;
pub mod relay;
pub mod script;
pub mod shelf;
pub mod shop;
pub mod shrink;
pub mod stock;
pub mod world;

use std::panic::{self, AssertUnwindSafe};

use crate::vfs::memory::{Mounted, mount};
use days::{BadDay, Days};
use model::{Account, Finding, Invariant};
use script::Script;
use world::World;

/// What makes the shop break an invariant, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weakness {
    /// Nothing: the programs as they are shipped.
    #[default]
    None,
    /// HQ files what it has filed already once more.
    NoDedupe,
    /// An agent whose request failed tries again only when its journal grows.
    EdgeTriggered,
    /// A commit does not wait for the disk (`synchronous=NORMAL`).
    NormalSync,
    /// Paper is given out before the disk was asked.
    PaperFirst,
    /// A label is given its price before every till keeps to it.
    LabelsFirst,
    /// The till does not know what labels may show.
    NoCaps,
    /// A relay gives to a lane what another has.
    RelayLendsTwice,
    /// A relay forgets with every stop who has what, and what came back.
    RelayForgets,
    /// Lanes do not ask again for what they still need.
    LanesForget,
    /// HQ lends points that it has lent to another lane already.
    LeasesOverlap,
    /// HQ takes what was counted for what there is when it has the count, wherever lanes were.
    CountsOnArrival,
}

/// What is simulated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// The same seed, the same days, on every machine.
    pub seed: u64,
    /// How many days.
    pub days: u32,
    /// How many stores.
    pub stores: usize,
    /// How many lanes each has.
    pub tills: usize,
    /// What is weakened.
    pub weakness: Weakness,
}

impl Plan {
    /// Lanes times days.
    pub fn lane_days(&self) -> u64 {
        u64::from(self.days) * (self.stores * self.tills) as u64
    }
}

/// A broken invariant, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// How many things had happened.
    pub step: u64,
    /// What was found.
    pub finding: Finding,
    /// What had happened before, in words.
    pub story: Vec<String>,
}

/// What came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The plan's seed.
    pub seed: u64,
    /// The same for the same seed.
    pub hash: String,
    /// How many things happened.
    pub steps: u64,
    /// Sales that customers walked away with.
    pub sales: u64,
    /// Lines of them that were held against what shelf labels showed.
    pub labels_checked: u64,
    /// Where they are.
    pub account: Account,
    /// The bad days that were met.
    pub days: Days,
    /// What was broken, if anything.
    pub broken: Option<Broken>,
}

impl Outcome {
    /// The line for machines.
    pub fn json(&self) -> String {
        let Self { seed, hash, sales, days, .. } = self;
        format!(r#"{{"seed":{seed},"hash":"{hash}","sales":{sales},"faults":{}}}"#, days.json())
    }

    /// The bad days that were not met.
    pub fn missing(&self) -> Vec<BadDay> {
        self.days.missing()
    }
}

/// Disks that are used again: SQLite never gives one back.
#[derive(Default)]
pub struct Pool {
    free: Vec<Mounted>,
}

impl Pool {
    fn take(&mut self) -> Mounted {
        self.free.pop().unwrap_or_else(|| mount(0))
    }

    fn give_back(&mut self, mounted: Mounted) {
        mounted.disk.erase(0);
        self.free.push(mounted);
    }
}

/// Runs a plan with all that its seed says.
pub fn run(plan: &Plan, pool: &mut Pool) -> Outcome {
    tell(plan, &Script::draw(plan), pool)
}

/// Runs a plan with this script. A program that panics has broken the
/// invariant that programs go on.
pub fn tell(plan: &Plan, script: &Script, pool: &mut Pool) -> Outcome {
    let mut world = World::new(plan, script, pool);
    let ran = panic::catch_unwind(AssertUnwindSafe(|| world.run()));
    let ran = ran.unwrap_or_else(|panicked| {
        let words = panicked.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panicked.downcast_ref::<&str>().map(|words| (*words).to_owned()));
        let words = format!("a program panicked: {}", words.unwrap_or_default());
        model::found(Invariant::GoesOn, words)
    });
    let broken = ran.err().map(|finding| Broken { step: world.steps, finding, story: world.story.lines() });
    let outcome = Outcome {
        seed: plan.seed,
        hash: world.hash.to_string(),
        steps: world.steps,
        sales: world.sales,
        labels_checked: world.labels_checked,
        account: world.account,
        days: world.days.clone(),
        broken,
    };
    world.end();
    outcome
}

/// One number of two, none like another.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 27)
}

#[cfg(test)]
mod tests;
