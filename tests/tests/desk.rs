//! The devices on a desk (`cargo xtask devices`), as somebody at a terminal has them: the lane finds each of them by the
//! `lane.toml` that the program writes, and they do what a line tells them.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::channel;
use std::time::Duration;

use drivers::printer::{Document, Job, Outcome, Printer, PrinterEvent};
use drivers::scanner::serial::{ScannerEvent, SerialScanner, SerialScannerConfig};
use pos_app::config::Paths;
use pos_app::doctor::{self, Grade};
use tests::process::program;

/// Reached only when something is broken.
const WAIT: Duration = Duration::from_secs(30);

/// The program, and what it said before `ready`.
struct Desk {
    program: Child,
    told: ChildStdin,
    says: BufReader<ChildStdout>,
    places: BTreeMap<String, String>,
}

impl Desk {
    fn set_up(folder: &Path) -> Self {
        let mut devices = Command::new(program("devices").expect("it is built"));
        devices.arg("--desk").arg(folder).args(["--speed", "50"]);
        for flag in ["--printer", "--access-point", "--wechat", "--alipay"] {
            devices.args([flag, "127.0.0.1:0"]);
        }
        let mut program =
            devices.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("the program starts");
        let told = program.stdin.take().expect("a pipe");
        let says = BufReader::new(program.stdout.take().expect("a pipe"));
        let mut desk = Self { program, told, says, places: BTreeMap::new() };
        loop {
            let line = desk.line();
            let Some((device, place)) = line.split_once(' ') else {
                assert_eq!(line, "ready");
                return desk;
            };
            desk.places.insert(device.to_owned(), place.to_owned());
        }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.says.read_line(&mut line).expect("the program speaks") > 0, "the program has ended");
        line.trim_end().to_owned()
    }

    fn tell(&mut self, line: &str) -> String {
        writeln!(self.told, "{line}").expect("the program listens");
        self.line()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// What the doctor says of a device.
fn doctor_says(folder: &Path, subject: &str) -> (Grade, String) {
    let paths = Paths { data: folder.to_owned() };
    let found = doctor::examine(&paths).into_iter().find(|finding| finding.subject == subject);
    let found = found.unwrap_or_else(|| panic!("nothing is said of {subject}"));
    (found.grade, found.words)
}

#[test]
fn a_lane_finds_all_devices_of_the_desk_by_the_set_up_that_it_writes() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::set_up(folder.path());
    let named: Vec<&str> = desk.places.keys().map(String::as_str).collect();
    let all = [
        "access-point",
        "alipay",
        "display",
        "labels",
        "lane",
        "printer",
        "scale",
        "scanner-1",
        "scanner-2",
        "wechat",
    ];
    assert_eq!(named, all);
    assert_eq!(desk.tell("weight 1250"), "ok");
    // As the agent reads it.
    let labels = std::fs::read_to_string(folder.path().join("labels.toml")).expect("the agent's set-up");
    assert_eq!(labels, format!("[[gateway]]\nhost = \"{}\"\nspeed = 50\n", desk.places["access-point"]));
    for subject in ["printer", "scanner", "scale", "display", "alipay", "labels"] {
        let (grade, said) = doctor_says(folder.path(), subject);
        assert_eq!(grade, Grade::Good, "{subject}: {said}");
    }
    assert!(doctor_says(folder.path(), "scale").1.contains("1.250 kg"));
    for (trouble, subject) in
        [("printer paper-out", "printer"), ("scale unplug", "scale"), ("alipay unplug", "alipay")]
    {
        assert_eq!(desk.tell(trouble), "ok");
        assert_eq!(doctor_says(folder.path(), subject).0, Grade::Attend, "{trouble}");
    }
}

#[test]
fn a_desk_obeys_and_says_what_it_does_not_understand() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut desk = Desk::set_up(folder.path());
    assert!(desk.tell("help").starts_with("scan CODE"));
    while desk.line() != "quit" {}
    assert_eq!(desk.tell("dance"), "error unknown command dance; try help");
    assert_eq!(desk.tell("printer flies"), "error printer flies: unknown; try help");
    assert_eq!(
        desk.tell("weight a lot"),
        "error weight a lot: grams are needed: invalid digit found in string"
    );

    let paths = Paths { data: folder.path().to_owned() };
    let config = pos_app::config::read(&paths.config()).expect("the set-up is one");
    let (tell, told) = channel();
    let printer = config.printer.expect("there is one").driver(&paths).expect("it is known");
    let printer = Printer::spawn(printer, move |event| {
        // The test may have ended.
        let _ = tell.send(event);
    });
    assert_eq!(desk.tell("printer paper-out"), "ok");
    let document = Document::new().title("柜台便利店").cut();
    assert!(printer.submit(Job { id: 7, document }).is_ok());
    assert_eq!(desk.tell("receipts"), "receipts 0 drawer 0");
    assert_eq!(desk.tell("printer none"), "ok");
    let outcome = loop {
        if let PrinterEvent::JobEnded { id: 7, outcome } = told.recv_timeout(WAIT).expect("the paper comes") {
            break outcome;
        }
    };
    assert_eq!(outcome, Outcome::Confirmed);
    assert_eq!(desk.tell("receipts"), "receipts 1 drawer 0");
    let receipt = std::fs::read_to_string(folder.path().join("receipts/receipt-0001.txt"));
    assert!(receipt.expect("the paper is kept").contains("柜台便利店"));
    assert!(folder.path().join("receipts/receipt-0001.png").exists());

    let (tell, told) = channel();
    let path = desk.places["scanner-2"].clone();
    let _scanner = SerialScanner::spawn(SerialScannerConfig::new(path), move |event| {
        let _ = tell.send(event);
    });
    assert_eq!(desk.tell("scan-2 ]E06901234567892"), "ok");
    let scan = loop {
        if let ScannerEvent::Scan(scan) = told.recv_timeout(WAIT).expect("a code comes") {
            break scan;
        }
    };
    assert_eq!(scan.raw(), "]E06901234567892");
    assert_eq!(desk.tell("wechat orders"), "money 0");
}
