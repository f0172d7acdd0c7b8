//! What the machine must have, and how it gets it. Debian 12 and Ubuntu, by their own packages.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::{Failure, step};

/// What compiling needs: a C compiler for SQLite and zstd, and fontconfig's headers.
pub const BUILD: &[&str] = &["gcc", "libc6-dev", "pkg-config", "libfontconfig-dev"];

/// What the till's window loads when it opens; no tool finds these, since they
/// are not linked.
pub const WINDOW: &[&str] = &[
    "libfontconfig1",
    "libx11-6",
    "libx11-xcb1",
    "libxcursor1",
    "libxi6",
    "libxrandr2",
    "libxkbcommon0",
    "libxkbcommon-x11-0",
];

/// What a window without a screen needs, and who presses its keys.
pub const VIRTUAL_DISPLAY: &[&str] = &["xvfb", "xdotool"];

/// HQ's second engine, as a server of the tests' own; the package's own server stays as it is.
pub const POSTGRES: &[&str] = &["postgresql"];

/// Whether a PostgreSQL server can be started; or why not.
pub fn postgres() -> Result<(), String> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = versions.into_iter().any(|version| version.path().join("bin/initdb").is_file());
    if found || env::var_os("GUITAI_POSTGRES_BIN").is_some() {
        return Ok(());
    }
    Err("no server in /usr/lib/postgresql, and GUITAI_POSTGRES_BIN names none".to_owned())
}

/// What the page of scan-and-go is tested in.
pub const BROWSER: &[&str] = &["chromium"];

/// The browser's program; or why there is none.
pub fn browser() -> Result<PathBuf, String> {
    let named = env::var_os("GUITAI_CHROMIUM").map(PathBuf::from);
    let program = named.unwrap_or_else(|| PathBuf::from("/usr/bin/chromium"));
    if program.is_file() { Ok(program) } else { Err(format!("{} is not there", program.display())) }
}

/// The version of the outside printer that the tests were written against.
const EMUPOS: &str = "emupos==0.4.0";

/// What draws any symbol.
pub const OUTSIDE: &[&str] = &["zint"];

/// What runs the outside receipt programs, where no Node.js is there yet.
const NODE: &[&str] = &["nodejs", "npm"];

/// The versions of the outside receipt programs that the tests were written against.
const RECEIPTS: &[&str] = &["receiptio@2.1.2", "receiptline@4.0.4"];

/// The versions of the outside readers of symbols and codes, and of an encoder to measure beside.
const READERS: &[&str] = &["zxing-cpp==3.1.1", "pillow==13.0.0", "biip==5.2.0", "python-escpos==3.1"];

/// The version of the outside client of label gateways that the tests were written against.
const OEPL: &str = "py-oepl==0.8.0";

/// Installs the packages of these groups that are missing, after naming them.
pub fn install(groups: &[&[&str]]) -> Result<(), Failure> {
    let wanted = groups.concat();
    if !succeeds(Command::new("dpkg-query").arg("--version")) {
        println!("== not a Debian or Ubuntu machine: nothing is installed; needed are {}", wanted.join(" "));
        return Ok(());
    }
    let missing: Vec<&str> = wanted.into_iter().filter(|package| !is_installed(package)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    println!("== system packages to install: {}", missing.join(" "));
    let by_hand = format!("install them by hand: apt-get install {}", missing.join(" "));
    let mut prefix: Vec<&str> = Vec::new();
    if !is_root() {
        if !succeeds(Command::new("sudo").arg("--version")) {
            return Err(Failure::Machine(format!("neither root nor sudo; {by_hand}")));
        }
        prefix.push("sudo");
    }
    prefix.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    let apt = |arguments: &[&str]| {
        let mut command = Command::new(prefix[0]);
        command.args(&prefix[1..]).args(arguments);
        command
    };
    let machine = |failure| match failure {
        Failure::Step(words) => Failure::Machine(format!("{words}; {by_hand}")),
        Failure::Usage(_) | Failure::Machine(_) => failure,
    };
    step("apt-get update", &mut apt(&["update", "--quiet"])).map_err(machine)?;
    let mut arguments = vec!["install", "--yes", "--quiet", "--no-install-recommends"];
    arguments.extend(&missing);
    step("apt-get install", &mut apt(&arguments)).map_err(machine)
}

fn is_installed(package: &str) -> bool {
    let output =
        Command::new("dpkg-query").args(["--show", "--showformat=${db:Status-Status}", package]).output();
    output.is_ok_and(|output| output.status.success() && output.stdout == b"installed")
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

fn succeeds(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

/// The outside printer's program, installed into `target` from PyPI; or why not.
///
/// It asks for Python 3.13 and runs with 3.12, which Ubuntu 24.04 has. It is written in words that the 3.11 of Debian 12 does
/// not read, there is no older version of it for that, and no package of Debian or PyPI brings a later Python: there
/// `GUITAI_PYTHON` names one.
pub fn emupos(target: &Path) -> Result<PathBuf, String> {
    from_pypi(&["--ignore-requires-python", EMUPOS], (3, 12), &target.join("emupos"), "bin/emupos")
}

/// A Python with the outside client of label gateways, installed into `target` from PyPI; or why not.
pub fn oepl(target: &Path) -> Result<PathBuf, String> {
    from_pypi(&[OEPL], (3, 12), &target.join("oepl"), "bin/python")
}

/// A Python that reads symbols out of pictures and understands codes, installed into `target` from PyPI; or why not.
pub fn readers(target: &Path) -> Result<PathBuf, String> {
    from_pypi(READERS, (3, 12), &target.join("readers"), "bin/python")
}

/// Whether Node.js and npm are there, wherever they come from. Debian's packages are installed only where they are not: they
/// conflict with those of Node.js itself, which bring an npm of their own.
pub fn node() -> bool {
    let is_there =
        || succeeds(Command::new("node").arg("--version")) && succeeds(Command::new("npm").arg("--version"));
    is_there() || (install(&[NODE]).is_ok() && is_there())
}

/// The folder of the outside receipt programs, installed into `target` from npm; or why not.
pub fn receipts(target: &Path) -> Result<PathBuf, String> {
    let folder = target.join("receipts");
    if folder.join("node_modules/.bin/receiptio").exists() {
        return Ok(folder);
    }
    if !succeeds(Command::new("npm").arg("--version")) {
        return Err("it needs npm, which this machine does not have".to_owned());
    }
    println!("== installing {} into {}", RECEIPTS.join(" "), folder.display());
    let mut npm = Command::new("npm");
    npm.args(["install", "--no-audit", "--no-fund", "--silent", "--prefix"]).arg(&folder).args(RECEIPTS);
    let installed = succeeds(&mut npm) && folder.join("node_modules/.bin/receiptio").exists();
    if installed { Ok(folder) } else { Err(format!("npm install {} failed", RECEIPTS.join(" "))) }
}

/// The program that draws symbols; or why not.
pub fn zint() -> Result<&'static str, String> {
    if succeeds(Command::new("zint").arg("--version")) {
        Ok("zint")
    } else {
        Err("zint is not installed".to_owned())
    }
}

/// Input methods for Chinese by pinyin and by bopomofo; the smallest of those, some 20 MB.
pub const INPUT_METHOD: &[&str] =
    &["fcitx5", "fcitx5-rime", "rime-data-luna-pinyin", "fcitx5-chewing", "dbus"];

/// Whether the input method can be started; or why not.
pub fn input_method() -> Result<(), String> {
    let has = |program: &str| {
        let folders = env::var_os("PATH").unwrap_or_default();
        env::split_paths(&folders).any(|folder| folder.join(program).is_file())
    };
    const BOPOMOFO: &str = "/usr/share/fcitx5/inputmethod/chewing.conf";
    match ["dbus-daemon", "fcitx5", "fcitx5-remote"].into_iter().find(|program| !has(program)) {
        None if !Path::new(BOPOMOFO).exists() => Err("fcitx5-chewing is not installed".to_owned()),
        None => Ok(()),
        Some(program) => Err(format!("{program} is not installed")),
    }
}

/// Installs packages, with pip's flags before them, into an environment in `folder`, unless they are there; gives the path of
/// its `file`.
fn from_pypi(packages: &[&str], version: (u32, u32), folder: &Path, file: &str) -> Result<PathBuf, String> {
    let (file, names) = (folder.join(file), packages.join(" "));
    // Written last, so that what was broken off is begun again.
    let mark = folder.join("installed");
    if std::fs::read_to_string(&mark).is_ok_and(|installed| installed == names) && file.exists() {
        return Ok(file);
    }
    let (major, minor) = version;
    let python = python(version).ok_or_else(|| {
        format!(
            "it needs Python {major}.{minor} or later, which this machine does not have (Debian 12 has 3.11 and no package \
             of a later one); GUITAI_PYTHON=/path/to/python3 names one"
        )
    })?;
    println!("== installing {names} into {}", folder.display());
    let made = succeeds(Command::new(&python).args(["-m", "venv"]).arg(folder));
    if !made {
        return Err(format!("{} -m venv failed (is python3-venv installed?)", python.display()));
    }
    let installed =
        succeeds(Command::new(folder.join("bin/pip")).args(["install", "--quiet"]).args(packages));
    let marked = installed && file.exists() && std::fs::write(&mark, &names).is_ok();
    if marked { Ok(file) } else { Err(format!("pip install {names} failed")) }
}

/// A Python of at least this version: named, on the path, or one of pyenv's.
fn python((major, minor): (u32, u32)) -> Option<PathBuf> {
    let named = env::var_os("GUITAI_PYTHON").map(PathBuf::from);
    let on_path = ["python3", "python3.12", "python3.13", "python3.14", "python3.15"].map(PathBuf::from);
    let pyenv = env::var_os("HOME")
        .and_then(|home| std::fs::read_dir(Path::new(&home).join(".pyenv/versions")).ok())
        .into_iter()
        .flatten()
        .flatten()
        .map(|version| version.path().join("bin/python3"));
    let check = format!("import sys; sys.exit(sys.version_info < ({major}, {minor}))");
    named
        .into_iter()
        .chain(on_path)
        .chain(pyenv)
        .find(|python| succeeds(Command::new(python).args(["-c", check.as_str()])))
}
