//! Scanners that act as keyboards, as a shop sets them up: the lane's `lane.toml` names their device files, and
//! `pos-app doctor --test scanner` shows what they read. Runs as root where `GUITAI_UINPUT` is set, which `cargo
//! xtask evdev` does in a machine of its own.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::thread;

use fixtures::keyboard::{Listener, SimulatedKeyboard, tests_may_type};
use pos_app::config::{self, Paths};
use pos_app::doctor;
use pos_app::tryout::{self, Tried};

#[test]
fn the_doctor_shows_what_the_grabbed_scanners_of_a_lane_read() {
    if !tests_may_type() {
        return;
    }
    let mut first = SimulatedKeyboard::plug_in("Guitai test scanner 1").expect("the kernel makes a device");
    let mut second = SimulatedKeyboard::plug_in("Guitai test scanner 2").expect("a second one");
    let mut keyboard = SimulatedKeyboard::plug_in("Guitai test keyboard").expect("a keyboard");
    let mut window = Listener::open(keyboard.path()).expect("what a window hears of it");
    let mut scans = Listener::open(first.path()).expect("what a window hears of a scanner");
    let folder = tempfile::tempdir().expect("a folder");
    let paths = Paths { data: folder.path().to_owned() };
    let place = |path: &Path| path.display().to_string();
    let (one, two) = (place(first.path()), place(second.path()));
    let set_up = format!("[scanner]\npath = \"{one}\"\n\n[[scanners]]\npath = \"{two}\"\n");
    std::fs::write(paths.config(), set_up).expect("written");
    let config = config::read(&paths.config()).expect("the set-up is one");
    let found: Vec<String> = doctor::examine(&paths)
        .into_iter()
        .filter(|finding| finding.subject == "scanner")
        .map(|finding| finding.words)
        .collect();
    let there = |path: &String| format!("{path} is there; scan something to be sure");
    assert_eq!(found, [there(&one), there(&two)]);

    let (says, mut to) = std::io::pipe().expect("a pipe");
    let trying = thread::spawn(move || tryout::try_out(&paths, &config, Tried::Scanner, &mut to));
    let mut lines = BufReader::new(says).lines().map(|line| line.expect("it speaks"));
    let mut told = Vec::new();
    let mut until = |wanted: &[String]| {
        while !wanted.iter().all(|line| told.contains(line)) {
            told.push(lines.next().unwrap_or_else(|| panic!("{wanted:?} is not said: {told:?}")));
        }
        told.clone()
    };
    until(&[format!("{one}: Ready"), format!("{two}: Ready")]);
    first.scan("]E06901234567892").expect("typed");
    second.scan("Lane-7").expect("typed");
    keyboard.scan("none").expect("typed");
    until(&[format!("{one}: ]E06901234567892"), format!("{two}: Lane-7")]);
    assert_eq!(scans.keys_heard().expect("heard"), 0, "what is scanned goes into no window");
    assert_eq!(window.keys_heard().expect("heard"), "none".len() + 1, "what is typed does");
    drop(second);
    let gone = format!("{two}: Offline {{ reason: \"{two}: No such device (os error 19)\" }}");
    for line in until(&[gone]) {
        println!("doctor: {line}");
    }
    assert!(trying.join().expect("it ends").is_ok(), "something was scanned");
}
