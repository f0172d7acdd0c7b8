//! Automation in Rust: set-up, demo, test, bench, simulate.
//!
//! It depends on nothing, so that it builds on a machine where nothing is
//! installed yet; what needs our own crates runs in `shop-in-a-box`, which it
//! builds first.

mod evdev;
mod machine;

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// What went wrong, and the exit code that says so.
enum Failure {
    /// The command line is not understood.
    Usage(String),
    /// The machine lacks something that cannot be installed here.
    Machine(String),
    /// A step ended badly; it has said why.
    Step(String),
}

impl Failure {
    fn exit(self) -> ExitCode {
        let (code, words) = match self {
            Self::Step(words) => (1, words),
            Self::Usage(words) => (2, words),
            Self::Machine(words) => (3, words),
        };
        eprintln!("xtask: {words}");
        ExitCode::from(code)
    }
}

const USAGE: &str = "\
cargo xtask COMMAND

  demo [--headless]     install what is missing, build, open the demo shop; without a display it
                        rings up a scripted day by itself and leaves pictures in target/demo/
  test                  install what tests need, run every test, say which suites could not run
  replay NAME [--tickets N]
                        a real transaction log (cn-supermarket, online-retail) from GUITAI_DATA
                        or ../shared/data through till, ledger, agent and HQ; compares the sums
  price [--tag-price-binding] FILE
                        prices a case file; one JSON line for each case, and nothing else
  scan                  what each line of standard input stands for, as a line of JSON; \\x1d in a
                        line is a control character, \\\\ a backslash
  devices [FLAGS]       a printer, scanners, a scale, a pole display, an access point with labels and both wallets on
                        the desk: says where each is, writes lane.toml and labels.toml, obeys lines of
                        standard input (help lists them); --help lists the flags
  evdev                 boots a machine of its own, with a kernel of Debian's, and runs in it the tests of scanners that
                        are grabbed, which need input devices that few machines let a program make
  bench [NAME]          benchmarks in release, all or one (devices, labels, ledger, pricing, scan, sync, ui), as ratios
                        measured in one run: a table, and target/bench.json; real baskets come from the same folder
  powercut [--cuts N] [--seed S]
                        cuts the power of a simulated lane on the real SQLite; prints one line of JSON
                        last, and fails where anything acknowledged is lost or changed
  simulate [--seed S] [--days D] [--stores N] [--tills N]
                        a chain of stores in one program under everything that goes wrong; prints
                        one line of JSON last, and fails where an invariant breaks
  help                  this

Exit codes: 0 done, 1 a step failed, 2 the command line, 3 the machine lacks something.";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.to_string_lossy().into_owned(), rest),
        None => ("help".to_owned(), &[][..]),
    };
    let done = match command.as_str() {
        "demo" => demo(rest),
        "test" => test(rest),
        "replay" => replay(rest),
        "price" => of_fixtures("price", rest),
        "scan" => of_fixtures("scan", rest),
        "devices" => devices(rest),
        "evdev" if rest.is_empty() => evdev::run(),
        "evdev" => Err(Failure::Usage(format!("evdev takes nothing\n\n{USAGE}"))),
        "bench" => bench(rest),
        "powercut" => trial("powercut", rest),
        "simulate" => trial("simulate", rest),
        "help" | "--help" | "-h" => {
            println!("{USAGE}");
            Ok(())
        }
        other => Err(Failure::Usage(format!("{other} is not a command\n\n{USAGE}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.exit(),
    }
}

/// The workspace's folder.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(root()).args(arguments);
    // What cargo tells this program about itself: build scripts that look at it would run anew each time.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Says what is done, does it, and fails where it fails.
fn step(what: &str, command: &mut Command) -> Result<(), Failure> {
    println!("== {what}");
    let status = command.status().map_err(|error| Failure::Step(format!("{what}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Step(format!("{what}: ended with {status}"))) }
}

fn build() -> Result<(), Failure> {
    step("build (a few minutes the first time)", &mut cargo(&["build", "--locked", "--workspace", "--bins"]))
}

/// Runs the program that is made of our own crates, as [`build`] left it beside this one: `cargo run` of one package
/// would choose other features and build half of the workspace once more.
fn shop_in_a_box(what: &str, name: &str, arguments: &[OsString]) -> Result<(), Failure> {
    let own = env::current_exe().map_err(|error| Failure::Step(format!("find xtask's folder: {error}")))?;
    let program = own.with_file_name(format!("shop-in-a-box{}", env::consts::EXE_SUFFIX));
    let mut command = Command::new(program);
    step(what, command.current_dir(root()).arg(name).args(arguments))
}

/// Runs a program of the fixtures, which prints its answers and nothing else.
fn of_fixtures(name: &str, arguments: &[OsString]) -> Result<(), Failure> {
    let mut command = cargo(&["run", "--locked", "--quiet", "--package", "fixtures", "--bin", name, "--"]);
    let ended = command.args(arguments).status();
    let status = ended.map_err(|error| Failure::Step(format!("{name}: {error}")))?;
    if status.success() { Ok(()) } else { Err(Failure::Step(format!("{name}: ended with {status}"))) }
}

/// The devices on a desk; one of each, unless flags name some. How fast their time runs names none.
fn devices(arguments: &[OsString]) -> Result<(), Failure> {
    machine::install(&[machine::BUILD])?;
    let names_none = match arguments {
        [] => true,
        [flag, ..] => flag == "--speed" && arguments.len() <= 2,
    };
    if !names_none {
        return of_fixtures("devices", arguments);
    }
    let desk = root().join("target/devices").into_os_string();
    let desk: Vec<OsString> = ["--desk".into(), desk].into_iter().chain(arguments.iter().cloned()).collect();
    of_fixtures("devices", &desk)
}

fn demo(arguments: &[OsString]) -> Result<(), Failure> {
    let headless = match arguments {
        [] => env::var_os("DISPLAY").is_none(),
        [flag] if flag == "--headless" => true,
        _ => return Err(Failure::Usage(format!("demo takes --headless only\n\n{USAGE}"))),
    };
    machine::install(&[machine::BUILD, machine::WINDOW])?;
    if headless {
        machine::install(&[machine::VIRTUAL_DISPLAY])?;
    }
    build()?;
    let flags: Vec<OsString> = if headless { vec!["--headless".into()] } else { Vec::new() };
    shop_in_a_box("demo", "demo", &flags)
}

fn replay(arguments: &[OsString]) -> Result<(), Failure> {
    machine::install(&[machine::BUILD, machine::WINDOW])?;
    build()?;
    shop_in_a_box("replay", "replay", arguments)
}

/// Every benchmark, or those of a name: the window's own need a screen, the others build without a window.
fn bench(arguments: &[OsString]) -> Result<(), Failure> {
    let name = arguments.first().filter(|first| !first.to_string_lossy().starts_with('-'));
    let is_ui = |name: &&OsString| name.to_string_lossy().split('-').next() == Some("ui");
    let ui = name.filter(is_ui);
    if ui.is_none() {
        trial("bench", arguments)?;
        if name.is_some() {
            return Ok(());
        }
    }
    machine::install(&[machine::BUILD, machine::WINDOW, machine::VIRTUAL_DISPLAY])?;
    let programs =
        ["pos-app", "shop-in-a-box", "hq", "sync-agent"].map(|program| ["--bin", program]).concat();
    let build = &[&["build", "--release", "--locked", "--workspace"], &programs[..]].concat();
    step("build (some minutes the first time)", &mut cargo(build))?;
    let program = root().join("target/release").join(format!("shop-in-a-box{}", env::consts::EXE_SUFFIX));
    // `--events` is about a journal's years, of which the window knows nothing.
    let rounds: Vec<&OsString> = arguments.iter().skip_while(|word| *word != "--rounds").take(2).collect();
    step("bench ui", Command::new(program).current_dir(root()).arg("bench").args(ui).args(rounds))
}

/// Runs a program of `trials` in release; it builds without the window.
fn trial(program: &str, arguments: &[OsString]) -> Result<(), Failure> {
    machine::install(if program == "bench" {
        &[machine::BUILD, machine::POSTGRES]
    } else {
        &[machine::BUILD]
    })?;
    let is_devices = |name: &OsString| name == "devices" || name == "devices-labels";
    let measured = program == "bench" && arguments.first().is_none_or(is_devices);
    let mut command = cargo(&["run", "--release", "--locked", "--package", "trials", "--bin", program, "--"]);
    if measured {
        // Encoders of others, to measure beside; where they cannot be had, the table says so.
        let target = root().join("target");
        if machine::node()
            && let Ok(folder) = machine::receipts(&target)
        {
            command.env("GUITAI_NODE", folder);
        }
        if let Ok(python) = machine::readers(&target) {
            command.env("GUITAI_READERS", python);
        }
    }
    step(program, command.args(arguments))
}

fn test(arguments: &[OsString]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        return Err(Failure::Usage(format!("test takes nothing\n\n{USAGE}")));
    }
    let mut not_run = Vec::new();
    machine::install(&[machine::BUILD, machine::WINDOW, machine::VIRTUAL_DISPLAY, machine::POSTGRES])?;
    let postgres = machine::postgres();
    if let Err(reason) = &postgres {
        not_run.push(format!("HQ on PostgreSQL: {reason}"));
    }
    let emupos = machine::emupos(&root().join("target"));
    if let Err(reason) = &emupos {
        not_run.push(format!("the outside printer emupos: {reason}"));
    }
    let oepl = machine::oepl(&root().join("target"));
    if let Err(reason) = &oepl {
        not_run.push(format!("the outside client of label gateways py-oepl: {reason}"));
    }
    // Without these the rest still runs.
    let outside = machine::install(&[machine::OUTSIDE, machine::INPUT_METHOD]).is_ok() & machine::node();
    let target = root().join("target");
    let (receipts, readers, zint) = (machine::receipts(&target), machine::readers(&target), machine::zint());
    let unmet = |what: &str, reason: &String| {
        format!("{what}: {reason}{}", if outside { "" } else { "; apt-get failed" })
    };
    if let Err(reason) = &receipts {
        not_run.push(unmet("the outside receipt programs receiptio and receiptline", reason));
    }
    if let Err(reason) = &readers {
        not_run.push(unmet("the outside readers zxing-cpp and biip", reason));
    }
    if let Err(reason) = &zint {
        not_run.push(unmet("symbols drawn by zint", reason));
    }
    let browser_came = machine::install(&[machine::BROWSER]).is_ok();
    let browser = machine::browser();
    if let Err(reason) = &browser {
        let failed = if browser_came { "" } else { "; apt-get failed" };
        not_run.push(format!("the page of scan-and-go in a browser: {reason}{failed}"));
    }
    let method = machine::input_method();
    if let Err(reason) = &method {
        not_run.push(unmet("scans through an input method for Chinese", reason));
    }
    if env::var_os("GUITAI_DATA").is_none() && !root().join("../shared/data").is_dir() {
        let what = "replay of real logs, GS1's own vectors and dictionary, the cases of promotions and refunds beside them";
        not_run.push(format!("{what}: neither GUITAI_DATA nor ../shared/data is there"));
    }
    if env::var_os("GUITAI_UINPUT").is_none() {
        let what = "scanners that are grabbed: they would type into open windows; cargo xtask evdev tries them apart";
        not_run.push(what.to_owned());
    }
    build()?;
    let mut tests = cargo(&["test", "--locked", "--workspace", "--no-fail-fast"]);
    if let Ok(program) = &emupos {
        tests.env("GUITAI_EMUPOS", program);
    }
    if let Ok(python) = &oepl {
        tests.env("GUITAI_OEPL", python);
    }
    if let Ok(folder) = &receipts {
        tests.env("GUITAI_NODE", folder);
    }
    if let Ok(python) = &readers {
        tests.env("GUITAI_READERS", python);
    }
    if postgres.is_ok() {
        // From here on a server that does not start is a failure.
        tests.env("GUITAI_POSTGRES", "1");
    }
    if method.is_ok() {
        tests.env("GUITAI_FCITX", "1");
    }
    if let Ok(program) = &browser {
        // From here on a browser that does not start is a failure.
        tests.env("GUITAI_CHROMIUM", program);
    }
    if let Ok(program) = &zint {
        tests.env("GUITAI_ZINT", program);
    }
    let outcome = step("test", &mut tests);
    println!("== suites that did not run: {}", if not_run.is_empty() { "none" } else { "" });
    for suite in &not_run {
        println!("   {suite}");
    }
    outcome
}
