//! The lane's program: the till with its window, and what a technician asks of it.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use pos_app::config::{self, Language, Mode, Paths, Theme};
use pos_app::doctor::{self, Grade};
use pos_app::keeping::{self, JournalCommand};
use pos_app::labels::import::{self, Import};
use pos_app::run::After;
use pos_app::tryout::{self, Tried};

/// The system's allocator took most of the time of a scan into a long basket.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Guitai, the till: sells without a network and loses nothing.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The folder of the lane's files: journal.db, reference.db, lane.toml.
    #[arg(long, global = true, default_value = "/var/lib/guitai")]
    data: PathBuf,
    /// Who stands at the lane: till for a cashier, kiosk for customers, labels for the staff with shelf labels; otherwise as in lane.toml.
    #[arg(long)]
    mode: Option<String>,
    /// For somebody who learns: the same till with a journal of its own that nobody books.
    #[arg(long)]
    training: bool,
    /// The language at start, zh or en; otherwise as in lane.toml.
    #[arg(long)]
    language: Option<String>,
    /// The colours at start, light or dark; otherwise as in lane.toml.
    #[arg(long)]
    theme: Option<String>,
    /// The window's size, such as 1024x768; otherwise as in lane.toml.
    #[arg(long)]
    size: Option<String>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Shows the health of disk, devices, reference and clock.
    Doctor {
        /// Tries one device instead: prints, opens, weighs, shows or plays. End the till first.
        #[arg(long, value_enum)]
        test: Option<Tried>,
    },
    /// Checks, copies, exports and archives the journal.
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// Shelf labels.
    Labels {
        #[command(subcommand)]
        command: LabelsCommand,
    },
    /// The machine's clock.
    Clock {
        #[command(subcommand)]
        command: ClockCommand,
    },
}

#[derive(Subcommand)]
enum LabelsCommand {
    /// Binds the labels of a CSV file: columns label, item and, where needed, unit, template, slot. Rows of one label
    /// stand one below the other. The PIN is read from standard input. End the till first.
    Import {
        /// The file.
        file: PathBuf,
        /// Staff number of whoever imports.
        #[arg(long, required_unless_present = "dry_run")]
        number: Option<String>,
        /// Only names every bad row.
        #[arg(long)]
        dry_run: bool,
        /// Binds what is right though other rows are wrong.
        #[arg(long)]
        skip_bad: bool,
    },
}

#[derive(Subcommand)]
enum ClockCommand {
    /// Say that the clock is right, after a look at it: where the journal is
    /// stamped too far ahead. End the till first.
    Trust,
}

/// The same command line once more, for a training or after one, in the place of this process: whoever started the till
/// and watches over it sees one program.
fn again(training: bool) -> anyhow::Result<ExitCode> {
    const FLAG: &str = "--training";
    let mut command = std::process::Command::new(std::env::current_exe().context("find this program")?);
    command.args(std::env::args_os().skip(1).filter(|argument| argument != FLAG));
    command.args(training.then_some(FLAG));
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt;
        Err(command.exec()).context("start the till once more")
    }
    #[cfg(not(unix))]
    {
        command.spawn().context("start the till once more")?;
        Ok(ExitCode::SUCCESS)
    }
}

fn main() -> ExitCode {
    perform().unwrap_or_else(|error| {
        eprintln!("pos-app: {error:#}");
        ExitCode::FAILURE
    })
}

fn perform() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let paths = Paths { data: arguments.data.clone() };
    match arguments.command {
        Some(Command::Doctor { test: Some(tried) }) => {
            let config = config::read(&paths.config())?;
            tryout::try_out(&paths, &config, tried, &mut std::io::stdout())?;
            Ok(ExitCode::SUCCESS)
        }
        Some(Command::Doctor { test: None }) => {
            let findings = doctor::examine(&paths);
            findings.iter().for_each(|finding| println!("{finding}"));
            let stops = findings.iter().any(|finding| finding.grade == Grade::Stop);
            Ok(if stops { ExitCode::FAILURE } else { ExitCode::SUCCESS })
        }
        Some(Command::Journal { command }) => {
            let (words, is_well) = keeping::perform(&paths, &command)?;
            print!("{words}");
            Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(Command::Labels { command: LabelsCommand::Import { file, number, dry_run, skip_bad } }) => {
            let mut pin = String::new();
            if !dry_run {
                eprint!("PIN: ");
                std::io::stdin().read_line(&mut pin).context("read the PIN")?;
            }
            let pin = pin.trim().to_owned();
            let import = Import { file, number: number.unwrap_or_default(), pin, dry_run, skip_bad };
            let imported = import::import(&paths, &import, &mut std::io::stdout().lock())?;
            print!("{imported}");
            Ok(if imported.is_well() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
        Some(Command::Clock { command: ClockCommand::Trust }) => {
            print!("{}", keeping::trust_clock(&paths)?);
            Ok(ExitCode::SUCCESS)
        }
        None => {
            tracing_subscriber::fmt()
                .with_env_filter(
                    tracing_subscriber::EnvFilter::try_from_env("GUITAI_LOG")
                        .unwrap_or_else(|_| "warn,pos_app=info".into()),
                )
                .with_writer(std::io::stderr)
                .init();
            let mut config = config::read(&paths.config())?;
            config.screen_is_told = arguments.language.is_some() || arguments.theme.is_some();
            match arguments.mode.as_deref() {
                None => {}
                Some("till") => config.mode = Mode::Till,
                Some("kiosk") => config.mode = Mode::Kiosk,
                Some("labels") => config.mode = Mode::Labels,
                Some(other) => anyhow::bail!("--mode {other}: till, kiosk or labels is needed"),
            }
            match arguments.language.as_deref() {
                None => {}
                Some("zh") => config.language = Language::Zh,
                Some("en") => config.language = Language::En,
                Some(other) => anyhow::bail!("--language {other}: zh or en is needed"),
            }
            match arguments.theme.as_deref() {
                None => {}
                Some("light") => config.theme = Theme::Light,
                Some("dark") => config.theme = Theme::Dark,
                Some(other) => anyhow::bail!("--theme {other}: light or dark is needed"),
            }
            if let Some(size) = &arguments.size {
                let parse = || {
                    let (width, height) = size.split_once('x')?;
                    Some((width.parse().ok()?, height.parse().ok()?))
                };
                (config.window.width, config.window.height) =
                    parse().with_context(|| format!("--size {size}: a size such as 1024x768 is needed"))?;
            }
            if arguments.training {
                anyhow::ensure!(config.mode == Mode::Till, "--training: only a till can be trained at");
                config = config.for_training();
            }
            match pos_app::run::run(paths, config)? {
                After::End => Ok(ExitCode::SUCCESS),
                After::Again { training } => again(training),
            }
        }
    }
}
