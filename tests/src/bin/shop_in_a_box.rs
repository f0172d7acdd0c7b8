//! What `cargo xtask` runs once everything is built: the demo, the replay of real logs, what is measured at the real
//! window, and a lane to be killed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use fixtures::bench::{self, Benchmark, Effort, Kept};

/// A shop in a box.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// A day at the demo shop.
    Demo {
        /// Where pictures, receipts and files go; emptied first.
        #[arg(long, default_value = "target/demo")]
        folder: PathBuf,
        /// On a virtual display even where there is a real one.
        #[arg(long)]
        headless: bool,
    },
    /// A real transaction log through scan, till, ledger, agent and HQ.
    Replay {
        /// cn-supermarket or online-retail.
        name: String,
        /// Where the replay's files go; emptied first.
        #[arg(long, default_value = "target/replay")]
        folder: PathBuf,
        /// The first so many tickets only.
        #[arg(long)]
        tickets: Option<usize>,
    },
    /// Measures the real window; the programs beside this one should be of a release.
    Bench {
        /// Which; all where none is given.
        name: Option<String>,
        /// At most so many of whatever is repeated, for a quick look.
        #[arg(long, default_value_t = 1_000)]
        rounds: usize,
        /// Where the figures go; those of other benchmarks in it stay.
        #[arg(long, default_value = "target/bench.json")]
        json: PathBuf,
    },
    /// Rings up sales on an enrolled lane of the demo shop until it is killed.
    Ring {
        /// The lane's data directory.
        #[arg(long)]
        data: PathBuf,
        /// At most so many sales.
        #[arg(long, default_value_t = 100_000)]
        sales: usize,
    },
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Demo { folder, headless } => tests::demo::demo(&folder, headless),
        Command::Ring { data, sales } => tests::ring::ring(&data, sales),
        Command::Bench { name, rounds, json } => {
            let all: Vec<&Benchmark> = tests::measure::ALL.iter().collect();
            let effort = Effort { rounds_max: rounds, events: 0 };
            bench::run(&all, name.as_deref(), effort, &json, Kept::Others)
        }
        Command::Replay { name, folder, tickets } => tests::replay::replay(&name, &folder, tickets),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("shop-in-a-box: {error:#}");
            ExitCode::FAILURE
        }
    }
}
