//! The command line of the lane's daemon.

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use ledger::reference::shelf::LabelCondition;
use sync_agent::core::Intervals;
use sync_agent::enrol::{Enrolling, enrol};
use sync_agent::labels::parity;
use sync_agent::labels::resend::resend;
use sync_agent::shell::{self, Config};
use sync_agent::status;
use tracing_subscriber::EnvFilter;

/// Where a till keeps its files unless it is told otherwise.
const DATA_DEFAULT: &str = "/var/lib/guitai";

/// Moves a lane's journal to headquarters, and prices back.
#[derive(Parser)]
#[command(name = "sync-agent", version)]
struct Arguments {
    /// The lane's data directory.
    #[arg(long, global = true, default_value = DATA_DEFAULT)]
    data: PathBuf,
    #[command(subcommand)]
    act: Option<Act>,
}

#[derive(Subcommand)]
enum Act {
    /// Give the lane its identity and key, with a one-time code from `hq enrol`.
    Enrol {
        /// Where HQ is, such as https://hq.example.
        #[arg(long)]
        hq: String,
        /// The one-time code.
        #[arg(long)]
        code: String,
        /// Where the store's relay is, if it has one: it is asked first, and gets a copy of the journal.
        #[arg(long)]
        relay: Option<String>,
        /// A root of the chain's own that HQ's or the relay's certificate is signed with, a PEM file.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// Give up an earlier enrolment.
        #[arg(long)]
        replace: bool,
    },
    /// Push and pull until stopped; what happens without a command.
    Run,
    /// Show how the shelf labels stand, and which show another price than the till charges.
    Labels {
        /// As JSON.
        #[arg(long)]
        json: bool,
        /// Send every label of a condition its face again, such as `given_up`, and show nothing else.
        #[arg(long, value_parser = condition, conflicts_with = "json")]
        resend: Option<LabelCondition>,
    },
    /// Show positions, backlog, quarantine, reference, contact, alarm.
    Status {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match perform(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("sync-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn perform(arguments: Arguments) -> anyhow::Result<()> {
    let data = arguments.data;
    match arguments.act.unwrap_or(Act::Run) {
        Act::Enrol { hq, code, relay, ca, replace } => {
            let (relay, ca) = (relay.as_deref(), ca.as_deref());
            let identity = enrol(Enrolling { data: &data, hq: &hq, relay, ca, code: &code, replace }).await?;
            println!("enrolled: {identity}");
        }
        Act::Run => {
            let stop = stop_asked()?;
            shell::run(Config { data, intervals: Intervals::default() }, stop).await?;
        }
        Act::Labels { json: _, resend: Some(condition) } => {
            let resent = tokio::task::spawn_blocking(move || resend(&data, condition)).await??;
            println!("{} labels are {}; {} are sent again", resent.found, condition.name(), resent.asked);
        }
        Act::Labels { json, resend: None } => {
            let report = parity::report(&data, chrono::Utc::now().timestamp_millis())?;
            if json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                print!("{report}");
            }
        }
        Act::Status { json } => {
            let report = status::report(&data)?;
            if json {
                println!("{}", serde_json::to_string(&report)?);
            } else {
                println!("{report}");
            }
        }
    }
    Ok(())
}

/// A condition by its name.
fn condition(text: &str) -> Result<LabelCondition, String> {
    let known = LabelCondition::ALL.into_iter().find(|condition| condition.name() == text);
    let names = || LabelCondition::ALL.map(LabelCondition::name).join(", ");
    known.ok_or_else(|| format!("there is no such condition; use one of {}", names()))
}

/// Resolves when the system or a person asks the program to end.
#[cfg(unix)]
fn stop_asked() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when a person asks the program to end.
#[cfg(not(unix))]
fn stop_asked() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal the agent runs until it is killed, which loses nothing.
        let _ = tokio::signal::ctrl_c().await;
    })
}
