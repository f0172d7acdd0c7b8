//! The shop in a box, from one seed.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use trials::simulate::shrink::{RUNS_MAX, shrink};
use trials::simulate::{Outcome, Plan, Pool, Weakness, run};

/// Days whose runs must have met every bad day.
const FULL_LANE_DAYS: u64 = 400;

/// How much of a story is printed.
const STORY_LINES: usize = 60;

/// Simulates a chain under everything that goes wrong; the last line is JSON.
#[derive(Parser)]
struct Arguments {
    /// The same seed, the same days.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many days.
    #[arg(long, default_value_t = 30)]
    days: u32,
    /// How many stores.
    #[arg(long, default_value_t = 4)]
    stores: usize,
    /// How many lanes each store has.
    #[arg(long, default_value_t = 4)]
    tills: usize,
    /// Do not look for a shorter story of a broken invariant.
    #[arg(long)]
    no_shrink: bool,
}

fn main() -> ExitCode {
    let Arguments { seed, days, stores, tills, no_shrink } = Arguments::parse();
    let plan = Plan { seed, days, stores, tills, weakness: Weakness::None };
    let began = Instant::now();
    let mut pool = Pool::default();
    let outcome = run(&plan, &mut pool);
    let missing = outcome.missing();
    println!(
        "{} lane-days, {} things happened, {} sales: {} at HQ, {} in alarmed branches, {} on lost disks; {:.1?}",
        plan.lane_days(),
        outcome.steps,
        outcome.sales,
        outcome.account.at_hq,
        outcome.account.in_branches,
        outcome.account.lost_with_disk,
        began.elapsed()
    );
    println!("{} lines of sales were held against what shelf labels showed", outcome.labels_checked);
    for day in &missing {
        println!("not met: {}", day.name());
    }
    if outcome.broken.is_some() {
        tell(&plan, &outcome, no_shrink, &mut pool);
    }
    println!("{}", outcome.json());
    let is_full = plan.lane_days() >= FULL_LANE_DAYS;
    if outcome.broken.is_none() && (missing.is_empty() || !is_full) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Says what is broken, and how it came to it.
fn tell(plan: &Plan, outcome: &Outcome, no_shrink: bool, pool: &mut Pool) {
    let Some(broken) = &outcome.broken else { return };
    println!(
        "BROKEN: seed {}, step {}: {:?}: {}",
        plan.seed, broken.step, broken.finding.invariant, broken.finding.words
    );
    let shrunk = if no_shrink { None } else { shrink(plan, RUNS_MAX, pool) };
    let story = match &shrunk {
        None => &broken.story,
        Some(shrunk) => {
            println!("the shortest story found in {} runs: {} days", shrunk.runs, shrunk.script.days);
            let Some(broken) = &shrunk.outcome.broken else { return };
            println!("  step {}: {:?}: {}", broken.step, broken.finding.invariant, broken.finding.words);
            &broken.story
        }
    };
    for line in &story[story.len().saturating_sub(STORY_LINES)..] {
        println!("  {line}");
    }
}
