//! The agent as a child of this process: the till itself has no line to HQ, and none for its first day either.
//!
//! The one-time code goes to the child's standard input, never among its arguments, which every user of the machine can
//! read.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use protocol::enrol::{EnrolFailure, EnrolOutcome};

use crate::config::Paths;

/// Roots of the chain's own, where somebody has put them into the lane's folder.
pub const ROOTS: &str = "root.pem";

/// What is asked of HQ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Where HQ is.
    pub hq: String,
    /// The one-time code.
    pub code: String,
    /// Whether the code is spent; otherwise HQ only says what it is for.
    pub spend: bool,
    /// Whether an earlier enrolment is given up.
    pub replace: bool,
}

/// The agent's program: beside this one, or wherever the system finds it.
fn program() -> PathBuf {
    let beside = std::env::current_exe().ok().map(|own| own.with_file_name("sync-agent"));
    beside.filter(|path| path.is_file()).unwrap_or_else(|| "sync-agent".into())
}

/// Asks HQ by the agent, and waits for the answer: not on a thread that shows anything.
pub fn ask(paths: &Paths, asked: &Asked) -> EnrolOutcome {
    told(paths, asked).unwrap_or_else(|error| EnrolOutcome::Failed {
        failure: EnrolFailure::Other,
        reason: format!("{}: {error}", program().display()),
    })
}

fn told(paths: &Paths, asked: &Asked) -> io::Result<EnrolOutcome> {
    let mut command = Command::new(program());
    command.args(["enrol", "--json", "--code-from-stdin", "--hq", &asked.hq]).arg("--data").arg(&paths.data);
    if !asked.spend {
        command.arg("--look");
    }
    if asked.replace {
        command.arg("--replace");
    }
    let roots = paths.data.join(ROOTS);
    if roots.is_file() {
        command.arg("--ca").arg(roots);
    }
    // A till that ends meanwhile does not take a half-done enrolment with it.
    command.process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(log(&paths.data)?);
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        writeln!(stdin, "{}", asked.code)?;
    }
    let said = child.wait_with_output()?;
    let line = String::from_utf8_lossy(&said.stdout);
    serde_json::from_str(line.trim()).map_err(|_| {
        io::Error::other(format!("it ended with {} and said nothing; see agent.log", said.status))
    })
}

/// Starts the agent for good: it outlives this process.
///
/// # Errors
/// There is no such program.
pub fn start(paths: &Paths) -> io::Result<Child> {
    let log = log(&paths.data)?;
    let mut command = Command::new(program());
    command.arg("run").arg("--data").arg(&paths.data);
    command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// Where the agent writes what it has to say.
fn log(data: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(data.join("agent.log"))
}
