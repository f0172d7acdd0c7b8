//! Every page of the set-up in the words that people read, both languages, light and dark: pixel by pixel as it was, and no
//! text larger than its place. The pages lead on by keys as their help says.

mod seen;

use std::path::Path;
use std::time::Instant;

use i_slint_backend_testing::{AccessibleRole, ElementQuery};
use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Language, Mode, Paths, Theme};
use pos_app::lane::Moment;
use pos_app::set_up::ports::Machine;
use pos_app::set_up::progress::{Progress, Step};
use pos_app::set_up::screens::{Screen, Screens, Side};
use pos_app::set_up::trial::Said;
use pos_app::set_up::{Errand, Event, SetUp};
use protocol::enrol::{EnrolOutcome, Invited};
use seen::Seen;
use tests::shop::STORE;
use tests::stand::reference;
use ui::TillScreen;
use ui::action::{Action, Button, Key};
use ui::pixels::Pixels;

/// 2026-11-21 10:00 in Shanghai.
const MORNING: Moment = Moment { now_ms: 1_795_226_400_000, offset_minutes: 480 };

/// Wide and high as the smallest till, and as one with room.
const SIZES: [(u32, u32); 2] = [(1_024, 768), (1_920, 1_080)];

/// A till that is set up by hand, and who looks at it.
struct Manager<'a> {
    set_up: SetUp,
    screen: &'a TillScreen,
    pixels: &'a Pixels,
    seen: &'a mut Seen,
    look: String,
}

impl Manager<'_> {
    fn take(&mut self, event: Event) -> Vec<Errand> {
        let errands = self.set_up.take(MORNING, event);
        // Nobody's hand is quicker than the screen here.
        self.set_up.end_calm();
        errands
    }

    fn press(&mut self, button: Button) -> Vec<Errand> {
        self.take(Event::Action(Action::Press(button)))
    }

    fn key(&mut self, key: Key) -> Vec<Errand> {
        self.take(Event::Action(Action::Key { key, at: Instant::now() }))
    }

    fn write(&mut self, text: &str) {
        text.chars().for_each(|character| drop(self.press(Button::Letter(character))));
    }

    /// Looks at the page, and at its help; whether digits stand there is whether something is typed.
    fn look(&mut self, name: &str, types: bool) {
        self.draw(name);
        let has = |label: &str| {
            let root = ElementQuery::from_root(self.screen.window());
            root.match_accessible_role(AccessibleRole::Button)
                .find_all()
                .iter()
                .any(|button| button.accessible_label().is_some_and(|found| found == label))
        };
        let fields = ElementQuery::from_root(self.screen.window());
        let has_entry = !fields.match_accessible_role(AccessibleRole::TextInput).find_all().is_empty();
        assert_eq!((has("7"), has_entry), (types, types), "{name}");
        assert!(has("帮助") || has("Help"), "{name}");
        self.key(Key::Function(1));
        self.draw(&format!("{name} help"));
        let helped = self.set_up.view().sheet.expect("a page");
        assert!(helped.rows.iter().any(|row| row.value == "F1"), "{name}: {:?}", helped.rows);
        let step = self.set_up.step();
        self.key(Key::Enter);
        assert_eq!(self.set_up.step(), step, "Enter puts the help away and no more");
    }

    fn draw(&mut self, name: &str) {
        self.screen.apply(&self.set_up.view());
        for (width, height) in SIZES {
            self.pixels.resize(width, height);
            let name = format!("{name} {} {width}", self.look);
            let drawn = self.pixels.draw(self.screen).expect("drawn");
            self.seen.measure(&name, self.screen);
            if (width, height) == SIZES[0] {
                self.seen.look(&name, &drawn);
            }
        }
    }

    fn invited(&mut self, asked: &[Errand], enrolled_at_ms: Option<i64>) {
        let Some(Errand::Ask { number, .. }) =
            asked.iter().find(|errand| matches!(errand, Errand::Ask { .. }))
        else {
            panic!("HQ is not asked")
        };
        let invited = Invited {
            store: STORE.into(),
            name_zh: "人民路店".into(),
            name_en: "Renmin Road".into(),
            lane: 2,
            enrolled_at_ms,
            now_ms: MORNING.now_ms,
        };
        self.take(Event::Asked { number: *number, outcome: EnrolOutcome::Invited(invited) });
    }

    fn tried(&mut self, said: Said) {
        let tried = self.press(Button::SheetKey(0));
        let Some(Errand::Try { number, .. }) =
            tried.into_iter().find(|errand| matches!(errand, Errand::Try { .. }))
        else {
            panic!("nothing is tried")
        };
        self.take(Event::Said { number, said });
    }
}

fn machine() -> Machine {
    let beside =
        Screen { name: "HDMI-2".into(), x: 1_024, y: 0, width: 1_280, height: 800, side: Side::Right };
    Machine::none_with(Screens { others: vec![beside], is_managed: true })
}

fn before_it_is_enrolled(manager: &mut Manager<'_>) {
    manager.look("language", false);
    manager.press(Button::Yes);
    manager.look("hq", true);
    // A long address of HQ: what does not fit loses its end.
    manager.write("https://headquarters.a-long-name-of-a-chain.example:8443");
    manager.press(Button::Field(1));
    manager.write("7F3K-22QX-9MTC");
    manager.draw("hq written");
    let asked = manager.press(Button::Yes);
    manager.draw("hq asked");
    manager.invited(&asked, Some(MORNING.now_ms - 86_400_000));
    manager.look("store", false);
}

fn its_devices(manager: &mut Manager<'_>) {
    manager.look("printer", true);
    manager.press(Button::SheetKey(1));
    manager.draw("printer letters");
    manager.press(Button::No);
    manager.write("192.168.1.87");
    manager.press(Button::SheetKey(6));
    manager.tried(Said::Printed { confirmed: true });
    manager.draw("printer tried");
    manager.press(Button::Clear);
    manager.press(Button::Row(0));
    for (step, name) in [(Step::Scanner, "scanner"), (Step::Scale, "scale"), (Step::Display, "display")] {
        manager.press(Button::Yes);
        assert_eq!(manager.set_up.step(), step);
        manager.look(name, true);
    }
    manager.press(Button::Yes);
    manager.look("customer", false);
    manager.press(Button::Row(1));
    manager.press(Button::SheetKey(0));
    manager.draw("customer tried");
    manager.press(Button::Row(0));
    manager.press(Button::Yes);
    manager.look("goods", false);
}

#[test]
fn every_page_of_the_set_up_is_as_it_was_and_all_its_text_fits() {
    let mut seen = Seen::against(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/set_up.txt"));
    let pixels = Pixels::start().expect("no display is needed");
    let screen = TillScreen::new(|_| {}).expect("a window");
    screen.show().expect("shown");
    for (language, word) in [(Language::Zh, "zh"), (Language::En, "en")] {
        for theme in [Theme::Light, Theme::Dark] {
            let look = format!("{word} {theme:?}");
            let config = Config { language, theme, ..Config::default() };
            let files = tempfile::tempdir().expect("a folder");
            let paths = || Paths { data: files.path().to_owned() };
            let set_up = SetUp::new(paths(), config.clone(), machine());
            let (screen, pixels, seen) = (&screen, &pixels, &mut seen);
            let mut manager = Manager { set_up, screen, pixels, seen, look };
            before_it_is_enrolled(&mut manager);
            reference(files.path(), 2).expect("a reference");
            let mut writer = ReferenceWriter::open(&files.path().join("reference.db")).expect("a reference");
            writer.set_identity(&Identity { store: STORE.into(), lane: 2, epoch: 1 }).expect("written");
            writer.set_contact(MORNING.now_ms).expect("written");
            drop(writer);
            let begin = |manager: &mut Manager<'_>, step, mode| {
                Progress { step, ..Progress::default() }.write(files.path()).expect("written");
                manager.set_up = SetUp::new(paths(), Config { mode, ..config.clone() }, machine());
                manager.set_up.end_calm();
            };
            begin(&mut manager, Step::Printer, Mode::Till);
            its_devices(&mut manager);
            // A kiosk has a second scale.
            begin(&mut manager, Step::BaggingScale, Mode::Kiosk);
            manager.look("bagging", true);
            manager.write("192.168.1.88:4001");
            manager.tried(Said::Weight("0.570 kg".into()));
            manager.draw("bagging weighed");
        }
    }
    seen.check(3_000);
}
