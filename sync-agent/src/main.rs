//! The command line of the lane's daemon.

use std::io::{BufRead, IsTerminal, Read};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use ledger::journal::Identity;
use ledger::reference::shelf::LabelCondition;
use protocol::enrol::{EnrolOutcome, Invited};
use sync_agent::core::Intervals;
use sync_agent::enrol::{self, EnrolError, Enrolling};
use sync_agent::labels::parity;
use sync_agent::labels::resend::resend;
use sync_agent::shell::{self, Config};
use sync_agent::status;
use tracing_subscriber::EnvFilter;

/// Where a till keeps its files unless it is told otherwise.
const DATA_DEFAULT: &str = "/var/lib/guitai";

/// The most bytes of a code on standard input.
const CODE_BYTES_MAX: u64 = 1 << 10;

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
        #[arg(long, required_unless_present = "code_from_stdin", conflicts_with = "code_from_stdin")]
        code: Option<String>,
        /// Read the code from standard input: other users of the machine see no program's arguments then.
        #[arg(long)]
        code_from_stdin: bool,
        /// Where the store's relay is, if it has one: it is asked first, and gets a copy of the journal.
        #[arg(long)]
        relay: Option<String>,
        /// A root of the chain's own that HQ's or the relay's certificate is signed with, a PEM file.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// Give up an earlier enrolment.
        #[arg(long)]
        replace: bool,
        /// Only say what the code is for; it is not spent.
        #[arg(long)]
        look: bool,
        /// Say what came of it as one line of JSON, for the till.
        #[arg(long)]
        json: bool,
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
        Act::Enrol { hq, code, code_from_stdin: _, relay, ca, replace, look, json } => {
            let code = match code {
                Some(code) => code,
                None => read_code()?,
            };
            let (relay, ca) = (relay.as_deref(), ca.as_deref());
            let enrolling = Enrolling { data: &data, hq: &hq, relay, ca, code: &code, replace };
            let done = if look {
                enrol::look(enrolling).await.map(EnrolOutcome::Invited)
            } else {
                enrol::enrol(enrolling).await.map(|identity| EnrolOutcome::Enrolled {
                    store: identity.store,
                    lane: identity.lane,
                    epoch: identity.epoch,
                })
            };
            return tell_enrolment(done, json);
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

/// The first line of standard input.
fn read_code() -> anyhow::Result<String> {
    let mut line = String::new();
    std::io::stdin().lock().take(CODE_BYTES_MAX).read_line(&mut line).context("read the code")?;
    let code = line.trim().to_owned();
    anyhow::ensure!(!code.is_empty(), "read the code: standard input has none");
    Ok(code)
}

fn tell_enrolment(done: Result<EnrolOutcome, EnrolError>, json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string(&enrol::outcome(done))?);
        return Ok(());
    }
    match done? {
        EnrolOutcome::Invited(Invited { store, name_zh, lane, .. }) => {
            println!("the code is for {store} {name_zh}, lane {lane}");
        }
        EnrolOutcome::Enrolled { store, lane, epoch } => {
            println!("enrolled: {}", Identity { store, lane, epoch });
        }
        EnrolOutcome::Failed { reason, .. } => anyhow::bail!(reason),
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
