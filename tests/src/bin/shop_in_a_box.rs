//! What `cargo xtask` runs once everything is built: the demo, and the replay of real logs.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

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
}

fn main() -> anyhow::Result<()> {
    match Arguments::parse().command {
        Command::Demo { folder, headless } => tests::demo::demo(&folder, headless),
        Command::Replay { name, folder, tickets } => tests::replay::replay(&name, &folder, tickets),
    }
}
