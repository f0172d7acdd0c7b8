//! A real PostgreSQL of one's own: started by the test, as a user without
//! rights, on a free port, with its data in a folder for passing things; and
//! gone when the test's process is, however that ends.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::io::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps the server while somebody holds the other end of its input, does
/// what is said there, and cleans up after it, also when all of a terminal's
/// programs are told to end at once.
const KEEPER: &str = r#"
trap : INT TERM HUP
folder=$1; shift
"$@" >>"$folder/log" 2>&1 &
server=$!
while read -r word; do
    case $word in
        crash) kill -QUIT $server; wait $server; echo done ;;
        start) "$@" >>"$folder/log" 2>&1 & server=$!; echo done ;;
    esac
done
kill -INT $server
wait $server
rm -rf "$folder"
"#;

/// A server with an empty data directory.
pub struct Server {
    keeper: Mutex<Child>,
    bin: PathBuf,
    port: u16,
    databases: AtomicU32,
}

/// Whom the server runs as, where we are root: it refuses to run as that.
fn run_as(program: &Path) -> Command {
    let is_root = output(Command::new("id").arg("-u")).is_some_and(|id| id == "0");
    if !is_root {
        return Command::new(program);
    }
    let user =
        if output(Command::new("id").args(["-u", "postgres"])).is_some() { "postgres" } else { "nobody" };
    let group = output(Command::new("id").args(["-gn", user])).unwrap_or_else(|| "nogroup".to_owned());
    let mut command = Command::new("setpriv");
    command.args([
        format!("--reuid={user}"),
        format!("--regid={group}"),
        "--clear-groups".into(),
        "--".into(),
    ]);
    command.arg(program);
    command
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.stderr(Stdio::null()).output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}

/// The newest PostgreSQL of this machine.
fn binaries() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("GUITAI_POSTGRES_BIN") {
        return Some(PathBuf::from(named));
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let newest = versions.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok()).max()?;
    Some(PathBuf::from(format!("/usr/lib/postgresql/{newest}/bin")))
        .filter(|bin| bin.join("initdb").is_file())
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

impl Server {
    /// Starts a server; or says why there is none.
    pub fn start() -> Result<Self, String> {
        let bin = binaries().ok_or("no PostgreSQL server is installed (apt-get install postgresql)")?;
        // Not beside the test's own folders: its user must be able to enter.
        let folder = tempfile::Builder::new()
            .prefix("guitai-postgres-")
            .tempdir()
            .map_err(|error| error.to_string())?;
        // The keeper takes it away.
        let folder = folder.keep();
        if output(Command::new("id").arg("-u")).is_some_and(|id| id == "0") {
            let user = output(run_as(Path::new("id")).arg("-un")).ok_or("setpriv does not work")?;
            output(Command::new("chown").arg(&user).arg(&folder)).ok_or("chown does not work")?;
        }
        let data = folder.join("data");
        let made = run_as(&bin.join("initdb"))
            .args(["--username=hq", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .current_dir(&folder)
            .output()
            .map_err(|error| format!("initdb: {error}"))?;
        if !made.status.success() {
            return Err(format!("initdb: {}", String::from_utf8_lossy(&made.stderr)));
        }
        let port = free_port();
        let mut server = run_as(&bin.join("postgres"));
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=100"] {
            server.args(["-c", setting]);
        }
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .arg(&folder)
            .arg(server.get_program())
            .args(server.get_args())
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("sh: {error}"))?;
        let server = Self { keeper: Mutex::new(keeper), bin, port, databases: AtomicU32::new(0) };
        server.wait_ready()?;
        Ok(server)
    }

    fn wait_ready(&self) -> Result<(), String> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if output(self.client("pg_isready").args(["-d", "postgres"])).is_some() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err("the server does not answer".to_owned())
    }

    fn client(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "hq"]);
        command
    }

    /// Makes an empty database and gives its address.
    pub fn database(&self) -> String {
        let name = format!("hq{}", self.databases.fetch_add(1, Ordering::Relaxed));
        output(self.client("createdb").arg(&name)).expect("a database");
        format!("postgres://hq@127.0.0.1:{}/{name}", self.port)
    }

    fn keeper(&self) -> MutexGuard<'_, Child> {
        self.keeper.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, word: &str) {
        use std::io::Read;
        let mut keeper = self.keeper();
        let input = keeper.stdin.as_mut().expect("a keeper that listens");
        writeln!(input, "{word}").and_then(|()| input.flush()).expect("a keeper that listens");
        let mut answer = [0; 5];
        keeper.stdout.as_mut().expect("a keeper that answers").read_exact(&mut answer).expect("done");
    }

    /// Ends the server as a crash does: nothing is finished, connections break.
    pub fn crash(&self) {
        self.say("crash");
    }

    /// Starts the server again on the same data and waits until it answers.
    pub fn start_again(&self) {
        self.say("start");
        self.wait_ready().expect("the server comes back");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut keeper = self.keeper();
        drop(keeper.stdin.take());
        // It has cleaned up when it ends.
        let _ = keeper.wait();
    }
}

/// The server that all tests of this process share; `None`, told in words,
/// where there is none.
pub fn shared() -> Option<&'static Server> {
    static SERVER: OnceLock<Result<Server, String>> = OnceLock::new();
    match SERVER.get_or_init(Server::start) {
        Ok(server) => Some(server),
        Err(reason) => {
            not_run(reason);
            None
        }
    }
}

/// Tells that there is no server. The test command, which has installed one, says that there must be:
/// then a suite that does not run is a failure.
pub fn not_run(reason: &str) {
    assert!(
        std::env::var_os("GUITAI_POSTGRES").is_none(),
        "PostgreSQL is installed and does not start: {reason}"
    );
    eprintln!("not run: PostgreSQL: {reason}");
}
