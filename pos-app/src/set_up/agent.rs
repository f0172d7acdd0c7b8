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
use std::thread;
use std::time::{Duration, Instant};

use ledger::file::WriterLock;
use protocol::enrol::{EnrolFailure, EnrolOutcome};

use super::progress::write_whole;
use crate::config::Paths;

/// Roots of the chain's own, where somebody has put them into the lane's folder.
pub const ROOTS: &str = "root.pem";

/// Stands in the lane's folder where the till starts the agent, at every start of its own.
const OURS: &str = "agent.by-till";

/// What stands in it, for whoever looks.
const OURS_WORDS: &str =
    "# The till starts sync-agent here. Delete this file where the machine starts it as a service.\n";

/// How long the agent may take to be started by the machine; then the till starts it.
const WAIT: Duration = Duration::from_secs(5);

/// How often it is tried to start the agent.
const AGAIN: Duration = Duration::from_secs(20);

/// How often a till looks whether its agent runs.
const LOOK: Duration = Duration::from_secs(1);

/// Above this a start of the agent begins a new `agent.log`, bytes; the one before is kept.
const LOG_MAX: u64 = 4 << 20;

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
    hear(command.spawn()?, &asked.code)
}

/// Tells a child the code, and takes what it says. One that ends before it has read says why better than its pipe.
fn hear(mut child: Child, code: &str) -> io::Result<EnrolOutcome> {
    if let Some(mut stdin) = child.stdin.take()
        && let Err(error) = writeln!(stdin, "{code}")
    {
        tracing::warn!(%error, "the agent did not read the code");
    }
    let said = child.wait_with_output()?;
    let line = String::from_utf8_lossy(&said.stdout);
    serde_json::from_str(line.trim()).map_err(|_| {
        io::Error::other(format!("it ended with {} and said nothing; see agent.log", said.status))
    })
}

/// Starts the agent for good: it outlives this process, and every later start of the till starts it again.
///
/// # Errors
/// There is no such program, or the disk refuses.
pub fn start(paths: &Paths) -> io::Result<Child> {
    let ours = paths.data.join(OURS);
    if !ours.is_file() {
        write_whole(&ours, OURS_WORDS)?;
    }
    begin_log_anew(&paths.data)?;
    let log = log(&paths.data)?;
    let mut command = Command::new(program());
    command.arg("run").arg("--data").arg(&paths.data);
    command.process_group(0).stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()
}

/// Whether the agent is to be started now; `away` is when that will be so, while nobody runs.
pub(super) fn is_due(paths: &Paths, away: &mut Option<Instant>) -> bool {
    if WriterLock::take(&paths.reference()).is_err() {
        *away = None;
        return false;
    }
    let now = Instant::now();
    let is_due = away.is_some_and(|until| now >= until);
    if is_due || away.is_none() {
        *away = Some(now + if is_due { AGAIN } else { WAIT });
    }
    is_due
}

/// Sees to it, beside the selling, that the agent of an enrolled lane runs where the set-up had to start it. A lane whose
/// agent the machine starts is left alone.
pub fn keep_running(paths: &Paths) {
    if !is_ours(paths) {
        return;
    }
    let paths = paths.clone();
    thread::spawn(move || {
        let (mut away, mut agent) = (None, None::<Child>);
        while is_ours(&paths) {
            if let Some(status) = agent.as_mut().and_then(|child| child.try_wait().ok().flatten()) {
                tracing::warn!(%status, "the agent ended; see agent.log");
                agent = None;
            }
            if is_due(&paths, &mut away) {
                match start(&paths) {
                    Ok(child) => agent = Some(child),
                    Err(error) => tracing::error!(%error, "the agent cannot be started"),
                }
            }
            thread::sleep(LOOK);
        }
    });
}

fn is_ours(paths: &Paths) -> bool {
    paths.data.join(OURS).is_file() && paths.data.join("agent.toml").is_file()
}

/// Puts a log aside that has grown; the one before goes.
fn begin_log_anew(data: &Path) -> io::Result<()> {
    let log = data.join("agent.log");
    match std::fs::metadata(&log) {
        Ok(told) if told.len() > LOG_MAX => std::fs::rename(&log, data.join("agent.log.old")),
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

/// Where the agent writes what it has to say.
fn log(data: &Path) -> io::Result<std::fs::File> {
    OpenOptions::new().create(true).append(true).mode(0o600).open(data.join("agent.log"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_ends_before_it_reads_says_how_it_ended() {
        let mut command = Command::new("sh");
        command.args(["-c", "exit 3"]).stdin(Stdio::piped()).stdout(Stdio::piped());
        // More than a pipe holds: the writing fails for certain.
        let heard = hear(command.spawn().expect("a child"), &"x".repeat(1 << 20));
        let error = heard.expect_err("it said nothing").to_string();
        assert!(error.contains("exit status: 3") && error.contains("agent.log"), "{error}");
    }

    #[test]
    fn a_log_that_has_grown_is_put_aside_and_one_is_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let (log, old) = (folder.path().join("agent.log"), folder.path().join("agent.log.old"));
        begin_log_anew(folder.path()).expect("none yet");
        std::fs::write(&log, "short").expect("written");
        begin_log_anew(folder.path()).expect("left");
        assert!(log.exists() && !old.exists());
        let grown = std::fs::File::options().write(true).open(&log).expect("a file");
        grown.set_len(LOG_MAX + 1).expect("grown");
        begin_log_anew(folder.path()).expect("put aside");
        assert!(!log.exists() && old.exists());
    }

    #[test]
    fn an_agent_is_due_where_nobody_runs_for_a_while_and_not_at_once_again() {
        let folder = tempfile::tempdir().expect("a folder");
        let paths = Paths { data: folder.path().to_owned() };
        let mut away = None;
        assert!(!is_due(&paths, &mut away) && away.is_some());
        away = Some(Instant::now());
        assert!(is_due(&paths, &mut away) && !is_due(&paths, &mut away));
        let _agent = WriterLock::take(&paths.reference()).expect("the lock");
        assert!(!is_due(&paths, &mut away) && away.is_none());
    }
}
