//! Cuts the power of a simulated lane as often as asked.

use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use trials::powercut::{Plan, Weakness, run};

/// Cuts the power of a simulated lane on the real SQLite; the last line is JSON.
#[derive(Parser)]
struct Arguments {
    /// How often.
    #[arg(long, default_value_t = 2_000)]
    cuts: u64,
    /// The same seed, the same cuts.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    let Arguments { cuts, seed } = Arguments::parse();
    let began = Instant::now();
    let outcome = run(&Plan { cuts, seed, weakness: Weakness::None });
    for words in &outcome.words {
        println!("{words}");
    }
    println!(
        "{} records, {} sectors back to an older version, {} torn; cut while starting {} times; \
         of what was under way all was there {} times and nothing {} times; {} flushes failed; {:.1?}",
        outcome.records,
        outcome.sectors_lost,
        outcome.sectors_torn,
        outcome.cuts_at_start,
        outcome.under_way_kept,
        outcome.under_way_gone,
        outcome.flushes_failed,
        began.elapsed()
    );
    println!("{}", outcome.json());
    if outcome.is_sound() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
