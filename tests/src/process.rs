//! The real programs as child processes, and waiting without sleeping blindly.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// How long anything may take that takes a moment on an idle machine.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(25);

/// The path of one of our programs, built beside the one that is running.
pub fn program(name: &str) -> Result<PathBuf> {
    let own = std::env::current_exe().context("find the running program")?;
    let folder = own
        .ancestors()
        .skip(1)
        .find(|folder| !folder.ends_with("deps"))
        .context("find the folder of the running program")?;
    let path = folder.join(name);
    ensure!(path.is_file(), "{} is missing; run: cargo build --workspace --bins", path.display());
    Ok(path)
}

/// A child process; dropped, it is killed.
#[derive(Debug)]
pub struct Running {
    child: Child,
    name: String,
    log: PathBuf,
}

impl Running {
    /// Starts a program; what it says goes into `log`, after what is there.
    pub fn start(command: &mut Command, name: &str, log: &Path) -> Result<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        let child = command
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .with_context(|| format!("start {name}"))?;
        Ok(Self { child, name: name.to_owned(), log: log.to_owned() })
    }

    /// Stops it from running, as on a machine that does something else; dropped, what comes back lets it go on.
    pub fn halt(&self) -> Result<Halted> {
        let pid = rustix::process::Pid::from_raw(i32::try_from(self.child.id())?).context("a process")?;
        rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
        Ok(Halted(pid))
    }

    /// Ends it as a power cut would: no signal that it could hear.
    pub fn kill(mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Fails where it has ended by itself, with the end of its log.
    pub fn check(&mut self) -> Result<()> {
        if let Some(status) = self.child.try_wait()? {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let lines: Vec<&str> = log.lines().rev().take(15).collect();
            let end = lines.into_iter().rev().collect::<Vec<_>>().join("\n");
            bail!("{} ended with {status}:\n{end}", self.name);
        }
        Ok(())
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&mut self) -> Result<bool> {
        Ok(self.child.try_wait()?.is_some())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already; nothing else can be done here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A process that does not run; dropped, it goes on.
#[derive(Debug)]
pub struct Halted(rustix::process::Pid);

impl Drop for Halted {
    fn drop(&mut self) {
        // Where it has ended there is nothing to go on.
        let _ = rustix::process::kill_process(self.0, rustix::process::Signal::CONT);
    }
}

/// Runs a program to its end and gives what it printed; fails where it fails.
pub fn run(command: &mut Command) -> Result<String> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("run {command:?}"))?;
    ensure!(
        output.status.success(),
        "{command:?} ended with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Looks again and again until there is an answer; fails after [`PATIENCE`].
pub fn wait_for<T>(what: &str, look: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    wait_at_most(PATIENCE, what, look)
}

/// Looks again and again until there is an answer; fails after `patience`.
pub fn wait_at_most<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Result<Option<T>>,
) -> Result<T> {
    let until = Instant::now() + patience;
    loop {
        if let Some(found) = look()? {
            return Ok(found);
        }
        ensure!(Instant::now() < until, "waited {patience:?} for {what}");
        thread::sleep(LOOK);
    }
}
