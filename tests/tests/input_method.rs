//! A till whose keyboard goes through an input method for Chinese, as on many desks: a real one (fcitx5 with the pinyin
//! of Rime, and with the bopomofo of chewing, which writes with digits), the real window, and a scanner that acts as that
//! keyboard.
//!
//! `GUITAI_FCITX` says that it is there; `cargo xtask test` installs it.

// A test asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::ffi::OsStr;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, ensure};
use domain::record::Record;
use pos_app::config::Paths;
use tests::display::Display;
use tests::process::{Running, program, run, wait_at_most, wait_for};
use tests::shop::{LaneFiles, code_of};

/// A way to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Method {
    /// Rime's pinyin.
    Pinyin,
    /// Chewing: each digit is a sound or a tone.
    Bopomofo,
}

impl Method {
    fn name(self) -> &'static str {
        match self {
            Self::Pinyin => "rime",
            Self::Bopomofo => "chewing",
        }
    }

    /// The keys for 牛奶, a word with one way to write it.
    fn milk(self) -> &'static str {
        match self {
            Self::Pinyin => "niunai",
            Self::Bopomofo => "su.6s93",
        }
    }

    /// The key that ends a word.
    fn ends_word(self) -> &'static str {
        match self {
            Self::Pinyin => "space",
            Self::Bopomofo => "Return",
        }
    }
}

/// A bus for the input method and its asker; dropped, it ends.
struct Bus {
    daemon: Child,
    address: String,
}

impl Bus {
    fn start() -> Result<Self> {
        let mut daemon = Command::new("dbus-daemon")
            .args(["--session", "--nofork", "--nopidfile", "--print-address=1"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("start dbus-daemon")?;
        let mut address = String::new();
        BufReader::new(daemon.stdout.take().context("read from dbus-daemon")?).read_line(&mut address)?;
        ensure!(!address.trim().is_empty(), "dbus-daemon ended without an address");
        Ok(Self { daemon, address: address.trim().to_owned() })
    }
}

/// Between opening a field and the scanner's first key.
const HAND: std::time::Duration = std::time::Duration::from_secs(1);

/// Rime makes its tables in some seconds; on a laden machine in a few times that.
const MADE_IN: std::time::Duration = std::time::Duration::from_secs(25);

impl Drop for Bus {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

/// What programs at the desk are told of it.
struct Surroundings {
    display: String,
    bus: String,
    folder: PathBuf,
    way: Method,
}

impl Surroundings {
    fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env("DISPLAY", &self.display)
            .env("DBUS_SESSION_BUS_ADDRESS", &self.bus)
            .env("HOME", self.folder.join("home"))
            .env("XDG_CONFIG_HOME", self.folder.join("home/.config"))
            .env("XDG_DATA_HOME", self.folder.join("home/.local/share"))
            .env("XDG_RUNTIME_DIR", &self.folder)
            .env("XMODIFIERS", "@im=fcitx")
            .env("LC_ALL", "C.UTF-8")
            .env("SLINT_SCALE_FACTOR", "1");
        command
    }

    fn remote(&self, words: &[&str]) -> Result<String> {
        run(self.command("fcitx5-remote").args(words))
    }

    /// Switches the method on; whether its program takes that.
    fn switches_on(&self) -> bool {
        self.remote(&["-o"]).is_ok() && self.remote(&["-s", self.way.name()]).is_ok()
    }

    /// It is on for the field that has the keys: one that was asked before anybody had a field may have forgotten.
    fn is_on(&self) -> Result<()> {
        wait_for("the input method", || {
            let is_on = self.remote(&[]).is_ok_and(|state| state.trim() == "2")
                && self.remote(&["-n"]).is_ok_and(|name| name.trim() == self.way.name());
            if !is_on {
                self.switches_on();
            }
            Ok(is_on.then_some(()))
        })
    }
}

/// A desk with an input method that is on.
struct Desk {
    display: Display,
    files: LaneFiles,
    around: Surroundings,
    _till: Running,
    _method: Running,
    _bus: Bus,
}

impl Desk {
    /// `None`, told in words, where the method itself never gets ready: that is not ours to test.
    fn set_up(folder: &Path, way: Method) -> Result<Option<Self>> {
        let lane = folder.join("lane");
        std::fs::create_dir_all(&lane)?;
        tests::stand::reference(&lane, 1)?;
        std::fs::write(lane.join("lane.toml"), "[sound]\nplayer = [\"true\"]\n")?;
        let settings = folder.join("home/.config/fcitx5");
        std::fs::create_dir_all(&settings)?;
        std::fs::write(
            settings.join("profile"),
            format!(
                "[Groups/0]\nName=Default\nDefault Layout=us\nDefaultIM={way}\n\n[Groups/0/Items/0]\nName=keyboard-us\n\n\
                 [Groups/0/Items/1]\nName={way}\n\n[GroupOrder]\n0=Default\n",
                way = way.name()
            ),
        )?;
        std::fs::write(settings.join("config"), "[Behavior]\nActiveByDefault=True\nShareInputState=All\n")?;
        let display = Display::start(1_024, 768)?;
        let bus = Bus::start()?;
        let around = Surroundings {
            display: display.name().to_owned(),
            bus: bus.address.clone(),
            folder: folder.to_owned(),
            way,
        };
        // Rime makes its tables when it is first switched on, and lets keys pass until they are there. Now and then it
        // never begins, and not in the same folder again: then it is started anew with nothing.
        let tables = folder.join("home/.local/share/fcitx5/rime/build/luna_pinyin.prism.bin");
        let data = folder.join("home/.local/share/fcitx5");
        let started = || {
            if data.exists() {
                std::fs::remove_dir_all(&data)?;
            }
            let mut method = around.command("fcitx5");
            let method = Running::start(&mut method, "fcitx5", &folder.join("fcitx.log"))?;
            let is_made = || way == Method::Bopomofo || tables.is_file();
            let made =
                || Ok((around.switches_on() && is_made() && display.has_input_method()?).then_some(()));
            wait_at_most(MADE_IN, "the tables of Rime", made).map(|()| method)
        };
        let method = match started().or_else(|_| started()) {
            Ok(method) => method,
            Err(error) => {
                let said = std::fs::read_to_string(folder.join("fcitx.log")).unwrap_or_default();
                let (on, served) = (around.switches_on(), display.has_input_method());
                println!("not run: {error:#}, twice; switched on: {on}, a server: {served:?}\n{said}");
                return Ok(None);
            }
        };
        let mut till = around.command(program("pos-app")?);
        till.arg("--data").arg(&lane).args(["--size", "1024x768"]);
        let till = Running::start(&mut till, "pos-app", &lane.join("till.log"))?;
        display.focus()?;
        let files = LaneFiles::of(&Paths { data: lane });
        Ok(Some(Self { display, files, around, _till: till, _method: method, _bus: bus }))
    }

    /// Items of the lines that were added, in order.
    fn lines(&self) -> Result<Vec<String>> {
        let records = self.files.records()?;
        let lines = records.iter().filter_map(|stored| match &stored.record {
            Record::LineAdded { line } => Some(line.item.name_zh.clone()),
            _ => None,
        });
        Ok(lines.collect())
    }

    /// Writes 牛奶 in *Find goods*, which is open, and adds what is found. A method that goes on making its tables now and
    /// then forgets what was begun; a person sees that and writes it again.
    fn write_milk(&self, count: usize) -> Result<Vec<String>> {
        for try_again in [true, true, false] {
            self.display.type_text(self.around.way.milk())?;
            self.display.settled()?;
            self.display.keys(&[self.around.way.ends_word()])?;
            self.display.settled()?;
            self.display.keys(&["Return"])?;
            let found = wait_at_most(HAND * 5, "what was written", || {
                Ok(Some(self.lines()?).filter(|lines| lines.len() >= count))
            });
            if found.is_ok() || !try_again {
                return found;
            }
            self.display.keys(&["Escape"])?;
            self.display.settled()?;
            // One Escape was the method's, or closed it.
            self.display.keys(&["Escape"])?;
            self.display.settled()?;
            self.display.keys(&["F2"])?;
            self.display.settled()?;
        }
        self.lines()
    }

    /// Scans goods while *Find goods* stands open, and waits for so many lines.
    fn scan_while_open(&self, sku: &str, count: usize) -> Result<Vec<String>> {
        self.display.keys(&["F2"])?;
        self.display.settled()?;
        // A hand takes the scanner. A method that has just been given a field may hold back the first keys for longer than
        // a scanner pauses between two.
        std::thread::sleep(HAND);
        self.display.scan(&code_of(sku)?)?;
        wait_at_most(HAND * 10, "a scan's line", || {
            Ok(Some(self.lines()?).filter(|lines| lines.len() >= count))
        })
    }

    fn wait_for_lines(&self, count: usize) -> Result<Vec<String>> {
        wait_for("lines", || Ok(Some(self.lines()?).filter(|lines| lines.len() >= count)))
    }
}

#[test]
fn an_input_method_takes_no_scan_and_writes_where_words_are_sought() {
    through(Method::Pinyin);
}

#[test]
fn nor_does_one_that_writes_with_digits() {
    through(Method::Bopomofo);
}

fn through(way: Method) {
    if std::env::var_os("GUITAI_FCITX").is_none() {
        println!("not run: GUITAI_FCITX does not say that fcitx5 is there");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    with_an_input_method(folder.path(), way).unwrap_or_else(|error| {
        let said = std::fs::read_to_string(folder.path().join("fcitx.log")).unwrap_or_default();
        panic!("{error:#}\n{said}");
    });
}

fn with_an_input_method(folder: &Path, way: Method) -> Result<()> {
    let Some(desk) = Desk::set_up(folder, way)? else { return Ok(()) };
    a_day_through_it(&desk, way).inspect_err(|_| {
        // What was to be seen tells more than what was waited for.
        let picture = std::env::temp_dir().join("input-method.png");
        if desk.display.screenshot(&picture).is_ok() {
            println!("the screen: {}", picture.display());
        }
    })
}

fn a_day_through_it(desk: &Desk, way: Method) -> Result<()> {
    // A person signs in with the keys that the input method would compose.
    for text in ["101", "1234"] {
        desk.display.type_text(text)?;
        desk.display.keys(&["Return"])?;
    }
    desk.files.wait_for_count("a sign-in", 1, |record| matches!(record, Record::SignedIn { .. }))?;

    // Five scans by keys, none lost, none changed.
    let codes = ["100001", "100010", "100028", "100024", "100002"];
    for (number, sku) in codes.iter().enumerate() {
        desk.display.scan(&code_of(sku)?)?;
        desk.wait_for_lines(number + 1)?;
    }

    // Where words are sought the same method composes: some keys are one word, and goods of that name are found.
    desk.display.keys(&["F2"])?;
    desk.display.settled()?;
    desk.around.is_on()?;
    let lines = desk.write_milk(codes.len() + 1)?;
    ensure!(lines[codes.len()].contains("牛奶"), "what was found is {}", lines[codes.len()]);

    // And scans while it is open are goods, not words: of each of them, one line.
    let mut torn = 0;
    for (number, sku) in codes.iter().enumerate() {
        let lines = match desk.scan_while_open(sku, codes.len() + 2 + number) {
            Err(_) if torn == 0 => {
                // What stood still for as long as nothing can tell has torn a scan: the till asks which goods were meant and
                // sells none, and a person scans once more.
                torn += 1;
                println!("scan {number} was torn, and is done again");
                desk.display.keys(&["Escape"])?;
                desk.display.settled()?;
                desk.display.keys(&["Escape"])?;
                desk.display.settled()?;
                desk.scan_while_open(sku, codes.len() + 2 + number)?
            }
            lines => lines?,
        };
        ensure!(lines[codes.len() + 1 + number] == lines[number], "scan {number} sold {lines:?}");
    }

    // One after half a word, and the same goods at once again.
    desk.display.keys(&["F2"])?;
    desk.display.settled()?;
    desk.display.type_text(&way.milk()[..3])?;
    std::thread::sleep(HAND);
    let before = 2 * codes.len() + 1;
    desk.display.scan(&code_of("100010")?)?;
    desk.wait_for_lines(before + 1)?;
    desk.display.scan(&code_of("100010")?)?;
    desk.wait_for_lines(before + 2)?;
    // What came late would be a line too many.
    std::thread::sleep(HAND);
    let lines = desk.lines()?;
    ensure!(lines.len() == before + 2, "scans were doubled: {lines:?}");
    Ok(())
}
