//! A set-up without window or agent: what is pressed, what HQ says, and where the power goes.

use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use protocol::enrol::{EnrolFailure, Invitation};
use ui::action::{Button, Key};

use super::device::Choice;
use super::screens::{Screen, Side};
use super::*;

struct Manager {
    folder: tempfile::TempDir,
    set_up: SetUp,
    mode: Mode,
    screens: Screens,
    errands: Vec<Errand>,
}

fn code() -> EnrolOutcome {
    failed(EnrolFailure::Code)
}

fn failed(failure: EnrolFailure) -> EnrolOutcome {
    EnrolOutcome::Failed { failure, reason: "for the technician".into() }
}

impl Manager {
    fn begin() -> Self {
        Self::begin_as(Mode::Till, Screens::default())
    }

    /// A lane that was started as this, on a machine with these screens.
    fn begin_as(mode: Mode, screens: Screens) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let set_up = start_as(folder.path(), mode, &screens);
        Self { folder, set_up, mode, screens, errands: Vec::new() }
    }

    /// Pulls the plug and starts again.
    fn stop(&mut self) {
        self.set_up = start_as(self.folder.path(), self.mode, &self.screens);
        self.errands.clear();
    }

    /// What is tried, and its number.
    fn tried(&mut self) -> (u64, Tried) {
        let Some(Errand::Try { number, tried }) = self.errands.pop() else { panic!("{:?}", self.errands) };
        (number, *tried)
    }

    fn take(&mut self, event: Event) {
        // A hand that is not too quick.
        self.set_up.calm_until = None;
        let errands = self.set_up.take(Moment { now_ms: NOW_MS, offset_minutes: 480 }, event);
        self.errands.extend(errands.into_iter().filter(|errand| *errand != Errand::LetGo));
    }

    fn press(&mut self, button: Button) {
        self.take(Event::Action(Action::Press(button)));
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|character| self.press(Button::Letter(character)));
    }

    /// What was asked of HQ last, and its number.
    fn asked(&mut self) -> (u64, Asked) {
        let Some(Errand::Ask { number, asked }) = self.errands.pop() else { panic!("{:?}", self.errands) };
        (number, asked)
    }

    fn answer(&mut self, outcome: EnrolOutcome) -> Asked {
        let (number, asked) = self.asked();
        self.take(Event::Asked { number, outcome });
        asked
    }

    fn enrol(&self) {
        let mut writer = ReferenceWriter::open(&self.folder.path().join("reference.db")).expect("a file");
        let identity = Identity { store: "S001".into(), lane: 2, epoch: 1 };
        writer.set_identity(&identity).expect("written");
    }

    /// A scanner, or a hand, that writes through the keyboard and ends with Return.
    fn scan(&mut self, text: &str, gap_ms: u64) {
        let mut at = Instant::now();
        let keys = text.chars().map(Key::Char).chain([Key::Enter]);
        for key in keys {
            at += Duration::from_millis(gap_ms);
            self.take(Event::Action(Action::Key { key, at }));
        }
    }

    fn text(&self) -> String {
        self.set_up.view().sheet.expect("a sheet").text
    }

    fn lane_toml(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("lane.toml")).unwrap_or_default()
    }

    /// As far as the question whether it is this store.
    fn to_store(&mut self) {
        self.press(Button::Yes);
        self.write("hq.example");
        self.press(Button::Field(1));
        self.write("abcd-efgh-jklm");
        self.press(Button::Yes);
        let asked = self.answer(EnrolOutcome::Invited(invited()));
        assert_eq!((asked.hq.as_str(), asked.spend), ("https://hq.example", false));
        assert_eq!(self.set_up.step(), Step::Store);
    }

    /// As far as the printer.
    fn to_printer(&mut self) {
        self.to_store();
        self.press(Button::Yes);
        self.enrol();
        let asked = self.answer(EnrolOutcome::Enrolled { store: "S001".into(), lane: 2, epoch: 1 });
        assert!(asked.spend && asked.code == "abcd-efgh-jklm" && !asked.replace, "{asked:?}");
        assert_eq!(self.set_up.step(), Step::Printer);
    }
}

const NOW_MS: i64 = 1_800_000_000_000;

fn invited() -> Invited {
    Invited {
        store: "S001".into(),
        name_zh: "人民路店".into(),
        name_en: "Renmin Road".into(),
        lane: 2,
        enrolled_at_ms: None,
        now_ms: NOW_MS,
    }
}

fn start(data: &std::path::Path) -> SetUp {
    start_as(data, Mode::Till, &Screens::default())
}

fn start_as(data: &std::path::Path, mode: Mode, screens: &Screens) -> SetUp {
    let paths = Paths { data: data.to_owned() };
    let config = config::read(&paths.config()).expect("a set-up");
    // Whatever hangs on the machine that runs the tests. Who is to stand here is said to the program.
    SetUp::new(paths, Config { mode, ..config }, ports::Machine::none_with(screens.clone()))
}

#[test]
fn a_till_is_set_up_by_touch_and_every_choice_is_kept() {
    let mut manager = Manager::begin();
    manager.press(Button::Row(1));
    assert_eq!(manager.set_up.view().language, Language::English);
    manager.press(Button::Row(0));
    manager.press(Button::Theme);
    manager.to_printer();
    assert_eq!(manager.lane_toml(), "theme = \"dark\"\nlanguage = \"zh\"\n");

    // A printer on the network: digits are enough.
    "127.0.0.1".chars().for_each(|digit| manager.press(Button::Digit(digit)));
    manager.press(Button::SheetKey(device::KEYS_BEFORE_MODELS + 1));
    manager.press(Button::SheetKey(0));
    let Some(Errand::Try { number, tried }) = manager.errands.pop() else { panic!("{:?}", manager.errands) };
    let Tried::Printer(printer) = *tried else { panic!("a printer") };
    assert_eq!((printer.address.as_str(), printer.profile.as_str()), ("127.0.0.1:9100", "generic-58"));
    manager.take(Event::Said { number, said: Said::Printed { confirmed: true } });
    assert!(manager.text().contains("打好了"), "{}", manager.text());
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Scanner);
    // What the printer says later is nobody's any more.
    manager.take(Event::Said { number, said: Said::NotPrinted("x".into()) });
    assert!(manager.text().contains("键盘"), "{}", manager.text());
    for _ in 0..4 {
        manager.press(Button::Yes);
    }
    assert_eq!(manager.set_up.step(), Step::Goods);
    assert!(
        manager
            .lane_toml()
            .ends_with("\n[printer]\naddress = \"127.0.0.1:9100\"\nprofile = \"generic-58\"\n"),
        "{}",
        manager.lane_toml()
    );
    // Nothing goes on before there are goods.
    manager.press(Button::Yes);
    assert_eq!((manager.set_up.step(), manager.errands.contains(&Errand::Done)), (Step::Goods, false));
    // Back to the printer: it is none after all.
    for _ in 0..5 {
        manager.press(Button::No);
    }
    assert_eq!(manager.set_up.step(), Step::Printer);
    manager.press(Button::Row(0));
    manager.press(Button::Yes);
    assert!(!manager.lane_toml().contains("printer"), "{}", manager.lane_toml());
}

#[test]
fn a_stop_at_any_step_goes_on_there_and_enrols_nobody_twice() {
    let mut manager = Manager::begin();
    assert!(is_needed(&Paths { data: manager.folder.path().to_owned() }));
    manager.to_store();
    // The code is on no disk: it is asked for again.
    manager.stop();
    assert_eq!(manager.set_up.step(), Step::Hq);
    assert_eq!(manager.set_up.progress.hq, "hq.example");
    for file in std::fs::read_dir(manager.folder.path()).expect("a folder") {
        let path = file.expect("a file").path();
        let text = String::from_utf8_lossy(&std::fs::read(&path).unwrap_or_default()).into_owned();
        assert!(!text.contains("abcd"), "{}", path.display());
    }
    // It is exchanged, and the plug is pulled before the answer: somebody is enrolled, or nobody.
    manager.write("abcd-efgh-jklm");
    manager.press(Button::Yes);
    manager.answer(EnrolOutcome::Invited(invited()));
    manager.press(Button::Yes);
    manager.press(Button::Yes);
    assert_eq!(manager.errands.len(), 1, "it is asked once: {:?}", manager.errands);
    manager.stop();
    assert_eq!(manager.set_up.step(), Step::Hq);
    manager.write("abcd-efgh-jklm");
    manager.press(Button::Yes);
    manager.answer(code());
    assert!(manager.text().contains("请总部再发一个新码"), "{}", manager.text());
    // The other way round: the answer was kept, and the till had not heard of it.
    manager.enrol();
    manager.stop();
    assert_eq!(manager.set_up.step(), Step::Printer);
    for step in [Step::Scanner, Step::Scale, Step::Display, Step::Customer, Step::Goods] {
        manager.press(Button::Yes);
        manager.stop();
        assert_eq!(manager.set_up.step(), step);
    }
    assert!(is_needed(&Paths { data: manager.folder.path().to_owned() }));
}

#[test]
fn every_mistake_is_told_in_two_languages_with_what_to_do() {
    let failures = [
        EnrolFailure::Code,
        EnrolFailure::Wait { seconds: 8 },
        EnrolFailure::Address,
        EnrolFailure::Unreachable,
        EnrolFailure::CertificateName,
        EnrolFailure::CertificateTime,
        EnrolFailure::CertificateUntrusted,
        EnrolFailure::OldHq,
        EnrolFailure::Enrolled,
        EnrolFailure::InUse,
        EnrolFailure::File,
        EnrolFailure::Other,
    ];
    let mut told = std::collections::BTreeSet::new();
    for failure in failures {
        let mut manager = Manager::begin();
        manager.press(Button::Yes);
        manager.write("hq.example");
        manager.press(Button::Field(1));
        manager.write("abcd-efgh-jklm");
        manager.press(Button::Yes);
        manager.answer(failed(failure.clone()));
        assert_eq!(manager.set_up.step(), Step::Hq, "{failure:?}");
        let chinese = manager.text();
        manager.set_up.language = Language::English;
        let english = manager.text();
        assert!(
            chinese.chars().any(|character| character > '一') && english.is_ascii(),
            "{chinese} {english}"
        );
        told.insert(english);
        // What was typed is still there, but a code that is of no use.
        assert_eq!(manager.set_up.progress.hq, "hq.example");
        assert_eq!(manager.set_up.code.is_empty(), failure == EnrolFailure::Code);
    }
    // The last two are the technician's.
    assert_eq!(told.len(), 11);
}

#[test]
fn a_square_code_is_scanned_and_nothing_is_typed() {
    let mut manager = Manager::begin();
    let invitation = Invitation { hq: "https://hq.example".into(), code: "ABCD-EFGH-JKLM".into() };
    manager.press(Button::Row(1));
    manager.press(Button::Theme);
    manager.scan(&invitation.encode(), 8);
    // What was chosen at the step that the scan has left is kept, and what is chosen later too.
    assert_eq!(manager.lane_toml(), "theme = \"dark\"\nlanguage = \"en\"\n");
    manager.press(Button::Theme);
    manager.press(Button::Language);
    assert_eq!(manager.lane_toml(), "theme = \"light\"\nlanguage = \"zh\"\n");
    let asked = manager.answer(EnrolOutcome::Invited(Invited { enrolled_at_ms: Some(1), ..invited() }));
    assert_eq!((asked.hq.as_str(), asked.code.as_str()), ("https://hq.example", "ABCD-EFGH-JKLM"));
    assert_eq!(manager.set_up.step(), Step::Store);
    // Not this one: back, and nothing was spent.
    let rows = manager.set_up.view().sheet.expect("a sheet").rows;
    assert!(rows.iter().any(|row| row.name.contains("已有一台")), "{rows:?}");
    manager.press(Button::No);
    assert_eq!((manager.set_up.step(), manager.set_up.code.as_str()), (Step::Hq, ""));
    assert_eq!(manager.errands, []);
}

#[test]
fn a_scan_by_keyboard_tries_the_scanner_and_chooses_nothing() {
    let mut manager = Manager::begin();
    manager.to_printer();
    manager.press(Button::Yes);
    let port = |path: &str| ports::Port { path: path.into(), name: String::new(), is_printer: false };
    manager.set_up.device = Device::of(
        Step::Scanner,
        &Config::default(),
        vec![port("/dev/ttyS0"), port("/dev/ttyS1")],
        Screens::default(),
    );
    manager.scan("6901234567892", 8);
    let sheet = manager.set_up.view().sheet.expect("a sheet");
    assert_eq!(sheet.figure.map(|figure| figure.value).as_deref(), Some("6901234567892"));
    assert_eq!((sheet.selected, manager.set_up.device.choice()), (Some(0), Choice::None));
    assert_eq!(manager.errands, [Errand::Beep]);
    manager.press(Button::Yes);
    assert!(!manager.lane_toml().contains("scanner"), "{}", manager.lane_toml());
}

#[test]
fn a_clock_that_is_off_is_told_with_what_sets_it() {
    let mut manager = Manager::begin();
    manager.press(Button::Yes);
    manager.write("hq.example");
    manager.press(Button::Field(1));
    manager.write("abcd");
    manager.press(Button::Yes);
    manager.answer(EnrolOutcome::Invited(Invited { now_ms: NOW_MS + 3_600_000, ..invited() }));
    let rows = manager.set_up.view().sheet.expect("a sheet").rows;
    assert!(rows.iter().any(|row| row.detail.contains("timedatectl")), "{rows:?}");
}

#[test]
fn an_enrolled_till_takes_another_code_only_when_it_is_asked_to() {
    let mut manager = Manager::begin();
    manager.to_printer();
    manager.press(Button::No);
    assert_eq!(manager.set_up.step(), Step::Store);
    manager.press(Button::Yes);
    assert_eq!((manager.set_up.step(), manager.errands.len()), (Step::Printer, 0));
    manager.press(Button::No);
    manager.press(Button::SheetKey(0));
    assert_eq!(manager.set_up.step(), Step::Hq);
    manager.write("mnpq");
    manager.press(Button::Yes);
    manager.answer(EnrolOutcome::Invited(Invited { lane: 3, ..invited() }));
    manager.press(Button::Yes);
    let asked = manager.answer(EnrolOutcome::Enrolled { store: "S001".into(), lane: 3, epoch: 1 });
    assert!(asked.replace && asked.spend);
}

#[test]
fn a_line_without_rights_is_told_with_the_command_that_gives_them() {
    let denied = ports::Denied::Rights { command: "sudo usermod -aG dialout guitai".into() };
    let told = words::denied("/dev/ttyUSB0", &denied);
    for language in [Language::Chinese, Language::English] {
        let text = told.in_language(language);
        assert!(text.contains("/dev/ttyUSB0") && text.contains("sudo usermod -aG dialout guitai"), "{text}");
    }
    // One that was unplugged since: it is not kept.
    let mut manager = Manager::begin();
    manager.to_printer();
    manager.write("/dev/guitai-none");
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Printer);
    assert!(manager.text().contains("/dev/guitai-none"), "{}", manager.text());
    assert!(!manager.lane_toml().contains("printer"));
}

#[test]
fn the_agent_is_started_where_the_machine_does_not() {
    let mut manager = Manager::begin();
    manager.to_printer();
    for _ in 0..5 {
        manager.press(Button::Yes);
    }
    manager.take(Event::Tick);
    assert_eq!(manager.errands, []);
    manager.set_up.agent_away = Some(Instant::now());
    manager.take(Event::Tick);
    manager.take(Event::Tick);
    assert_eq!(manager.errands, [Errand::StartAgent]);
}

#[test]
fn an_address_without_a_scheme_is_tls_but_on_this_machine() {
    for (typed, wanted) in [
        ("hq.example", "https://hq.example"),
        ("hq.example:7070", "https://hq.example:7070"),
        ("127.0.0.1:7070", "http://127.0.0.1:7070"),
        ("localhost", "http://localhost"),
        ("http://10.0.0.5:7070", "http://10.0.0.5:7070"),
        ("127.0.0.1.example", "https://127.0.0.1.example"),
    ] {
        assert_eq!(address(typed), wanted);
    }
}

#[test]
fn a_slow_scanner_is_told_of_and_its_digits_are_no_address() {
    let mut manager = Manager::begin();
    manager.to_printer();
    manager.scan("6901234567892", 80);
    assert_eq!(manager.set_up.step(), Step::Printer);
    assert!(manager.text().contains("不是地址"), "{}", manager.text());
    manager.take(Event::Action(Action::Key { key: Key::Delete, at: Instant::now() }));
    manager.press(Button::Yes);
    manager.scan("6901234567892", 80);
    assert_eq!(manager.set_up.step(), Step::Scanner);
    assert!(manager.text().contains("gap_ms"), "{}", manager.text());
    // The choice before it stands again.
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Scale);
    assert_eq!(manager.lane_toml(), "theme = \"light\"\nlanguage = \"zh\"\n");
}

#[test]
fn a_replacement_that_was_cut_off_is_not_taken_for_done() {
    let mut manager = Manager::begin();
    manager.to_printer();
    manager.press(Button::No);
    manager.press(Button::SheetKey(0));
    manager.write("mnpq");
    manager.press(Button::Yes);
    manager.answer(EnrolOutcome::Invited(Invited { lane: 3, ..invited() }));
    manager.press(Button::Yes);
    assert!(manager.asked().1.spend);
    // Still who it was: the agent writes who it is last.
    manager.stop();
    assert_eq!(manager.set_up.step(), Step::Hq);
    manager.write("mnpq");
    manager.press(Button::Yes);
    assert!(manager.answer(code()).replace);
    assert!(manager.text().contains("请总部再发一个新码"), "{}", manager.text());
    // Another by now: the agent has ended its work without the till, which sees it at once or at its next start.
    let mut writer = ReferenceWriter::open(&manager.folder.path().join("reference.db")).expect("a file");
    writer.set_identity(&Identity { store: "S001".into(), lane: 3, epoch: 1 }).expect("written");
    drop(writer);
    let mut again = start(manager.folder.path());
    assert_eq!(again.step(), Step::Printer);
    again.take(Moment::now(), Event::Tick);
    assert_eq!(again.progress.replaces, None);
    manager.take(Event::Tick);
    assert_eq!(manager.set_up.step(), Step::Printer);
}

#[test]
fn an_agent_that_ends_at_once_is_told_of_until_goods_come() {
    let mut manager = Manager::begin();
    manager.to_printer();
    for _ in 0..5 {
        manager.press(Button::Yes);
    }
    manager.take(Event::AgentEnded { status: "exit status: 1".into() });
    assert!(manager.text().contains("exit status: 1") && manager.text().contains("agent.log"));
    manager.take(Event::Tick);
    assert!(manager.text().contains("exit status: 1"), "{}", manager.text());
    let _agent = ledger::file::WriterLock::take(&manager.folder.path().join("reference.db")).expect("a lock");
    manager.take(Event::Tick);
    assert!(!manager.text().contains("exit status: 1"), "{}", manager.text());
}

#[test]
fn a_disk_that_refuses_spends_no_code() {
    let mut manager = Manager::begin();
    manager.to_store();
    // In the way of what is written: nobody may write there, whoever he is.
    let blocked = manager.folder.path().join("set-up.new");
    std::fs::create_dir(&blocked).expect("a folder");
    manager.press(Button::Yes);
    assert_eq!((manager.errands.as_slice(), manager.set_up.step()), (&[][..], Step::Store));
    assert!(manager.text().contains("写不进本机磁盘"), "{}", manager.text());
    // A step that opens says it as well.
    manager.press(Button::No);
    assert!(manager.text().contains("写不进本机磁盘"), "{}", manager.text());
    std::fs::remove_dir(&blocked).expect("removed");
    manager.write("abcd-efgh-jklm");
    manager.press(Button::Yes);
    manager.answer(EnrolOutcome::Invited(invited()));
    manager.press(Button::Yes);
    assert!(manager.asked().1.spend);
}

#[test]
fn a_refusal_that_spent_nothing_is_not_remembered_as_a_lost_answer() {
    for (failure, is_lost) in [
        (EnrolFailure::InUse, false),
        (EnrolFailure::Code, false),
        (EnrolFailure::Wait { seconds: 8 }, false),
        (EnrolFailure::Unreachable, true),
        (EnrolFailure::File, true),
    ] {
        let mut manager = Manager::begin();
        manager.to_store();
        manager.press(Button::Yes);
        manager.answer(failed(failure.clone()));
        assert_eq!(Progress::read(manager.folder.path()).code_sent, is_lost, "{failure:?}");
        // HQ still knows the code: it was not used up.
        manager.write(if failure == EnrolFailure::Code { "abcd" } else { "" });
        manager.press(Button::Yes);
        manager.answer(EnrolOutcome::Invited(invited()));
        assert!(!Progress::read(manager.folder.path()).code_sent, "{failure:?}");
    }
}

#[test]
fn a_square_code_that_was_typed_slowly_is_one_and_stays_off_the_disk() {
    let mut manager = Manager::begin();
    manager.press(Button::Yes);
    let invitation = Invitation { hq: "https://hq.example".into(), code: "ABCD-EFGH-JKLM".into() };
    manager.scan(&invitation.encode(), 80);
    let asked = manager.answer(failed(EnrolFailure::Unreachable));
    assert_eq!((asked.hq.as_str(), asked.code.as_str()), ("https://hq.example", "ABCD-EFGH-JKLM"));
    assert_eq!(Progress::read(manager.folder.path()).hq, "https://hq.example");
}

#[test]
fn a_kiosks_two_scales_are_told_apart_and_both_are_kept() {
    let mut manager = Manager::begin_as(Mode::Kiosk, Screens::default());
    manager.to_printer();
    manager.press(Button::Yes);
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Scale);
    manager.write("127.0.0.1:4001");
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::BaggingScale);

    // The same line once more: it is neither tried nor kept.
    manager.write("127.0.0.1:4001");
    let rows = manager.set_up.view().sheet.expect("a sheet").rows;
    assert!(rows.iter().any(|row| row.detail.contains("4001")), "{rows:?}");
    manager.press(Button::SheetKey(0));
    assert!(manager.errands.is_empty() && manager.text().contains("不是装袋区"), "{}", manager.text());
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::BaggingScale);

    // The right one. Kinds that say nothing of goods that are not sold are not offered.
    manager.press(Button::Clear);
    manager.write("127.0.0.1:4002");
    let models = manager.set_up.device.models();
    assert!(models.contains(&"cas-pd2") && !models.contains(&"dialog-06"), "{models:?}");
    let cas = models.iter().position(|model| *model == "cas-pd2").expect("a model");
    manager.press(Button::SheetKey(device::KEYS_BEFORE_MODELS + cas));
    manager.press(Button::SheetKey(0));
    let (number, tried) = manager.tried();
    let Tried::BaggingScale(scale) = &tried else { panic!("{tried:?}") };
    assert_eq!((scale.port.as_str(), scale.protocol.as_str()), ("127.0.0.1:4002", "cas-pd2"));
    assert!(manager.text().contains("装袋区"), "{}", manager.text());
    // A zero is no proof: it may be the scale that nothing was put on.
    manager.take(Event::Said { number, said: Said::Empty });
    let sheet = manager.set_up.view().sheet.expect("a sheet");
    assert_eq!(sheet.tone, ui::view::Tone::Attend);
    manager.take(Event::Said { number, said: Said::Weight("0.570 kg".into()) });
    let sheet = manager.set_up.view().sheet.expect("a sheet");
    assert_eq!(sheet.tone, ui::view::Tone::Good);
    assert_eq!(sheet.figure.map(|figure| figure.value).as_deref(), Some("0.570 kg"));
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Display);
    let config = config::read(&manager.set_up.paths.config()).expect("a set-up");
    assert_eq!(config.bagging_scale.map(|scale| scale.port).as_deref(), Some("127.0.0.1:4002"));
    assert_eq!(config.scale.map(|scale| scale.port).as_deref(), Some("127.0.0.1:4001"));
    // A customer who stands at the kiosk sees the kiosk.
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Goods);

    // Back at the counter's scale the other line is not taken either.
    for _ in 0..3 {
        manager.press(Button::No);
    }
    assert_eq!(manager.set_up.step(), Step::Scale);
    manager.write("127.0.0.1:4002");
    manager.press(Button::Yes);
    assert!(
        manager.set_up.step() == Step::Scale && manager.text().contains("不是称重"),
        "{}",
        manager.text()
    );
}

#[test]
fn the_customers_screen_is_chosen_by_where_it_is_tried_and_kept() {
    let screen = |side, x| Screen { name: "HDMI-2".into(), x, y: 0, width: 1_280, height: 800, side };
    let others = vec![screen(Side::Left, -1_280), screen(Side::Right, 1_024)];
    let mut manager = Manager::begin_as(Mode::Till, Screens { others, is_managed: true });
    std::fs::write(
        manager.set_up.paths.config(),
        "[customer]\nx = 7\npictures = \"pictures\"\ncode = \"pay.png\"\nseconds = 4\n",
    )
    .expect("a set-up");
    manager.stop();
    manager.to_printer();
    for _ in 0..4 {
        manager.press(Button::Yes);
    }
    assert_eq!(manager.set_up.step(), Step::Customer);
    let sheet = manager.set_up.view().sheet.expect("a sheet");
    let names: Vec<&str> = sheet.rows.iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["没有", "左边的屏幕", "右边的屏幕", "现在的位置"]);
    assert_eq!(sheet.selected, Some(3));
    // Nothing is typed there, also by a scanner.
    manager.write("127");
    assert_eq!(manager.set_up.device.rows(), 4);

    manager.press(Button::Row(2));
    manager.press(Button::SheetKey(0));
    let (number, tried) = manager.tried();
    let Tried::Customer(window) = &tried else { panic!("{tried:?}") };
    assert_eq!(
        (window.x, window.y, window.width, window.height, window.fullscreen),
        (1_024, 0, 1_280, 800, true)
    );
    assert!(manager.text().contains("1,234.51"), "{}", manager.text());
    manager.take(Event::Said { number, said: Said::PictureOver });
    assert!(manager.text().contains("收起"), "{}", manager.text());
    manager.press(Button::Yes);
    assert_eq!(manager.set_up.step(), Step::Goods);
    let kept = config::read(&manager.set_up.paths.config()).expect("a set-up").customer.expect("a window");
    assert_eq!(kept, *window);
    assert_eq!((kept.seconds, kept.code.is_some(), kept.pictures.is_some()), (4, true, true));

    // It is chosen the next time, and none is none.
    manager.press(Button::No);
    assert_eq!(manager.set_up.view().sheet.expect("a sheet").selected, Some(2));
    manager.press(Button::Row(0));
    manager.press(Button::Yes);
    assert!(!manager.lane_toml().contains("customer"), "{}", manager.lane_toml());
}

#[test]
fn a_screen_that_is_plugged_in_later_is_found_by_looking_again() {
    let mut manager = Manager::begin();
    manager.to_printer();
    for _ in 0..4 {
        manager.press(Button::Yes);
    }
    assert_eq!(manager.set_up.step(), Step::Customer);
    assert!(manager.text().contains("只找到这一块"), "{}", manager.text());
    manager.press(Button::SheetKey(0));
    assert!(manager.errands.is_empty() && manager.text().contains("先选"), "{}", manager.text());
    let screen = Screen { name: "DP-1".into(), x: 0, y: 768, width: 1_024, height: 600, side: Side::Below };
    manager.set_up.machine = ports::Machine::none_with(Screens { others: vec![screen], is_managed: false });
    manager.press(Button::SheetKey(1));
    let rows = manager.set_up.view().sheet.expect("a sheet").rows;
    assert_eq!(rows.last().map(|row| row.name.as_str()), Some("下面的屏幕"));
}
