//! The pictures of a till that is being set up.

use std::path::Path;

use anyhow::{Result, bail};
use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Mode, Paths, Scale};
use pos_app::set_up::ports::Machine;
use pos_app::set_up::progress::{Progress, Step};
use pos_app::set_up::screens::{Screen, Screens, Side};
use pos_app::set_up::trial::Said;
use pos_app::set_up::{Errand, Event, SetUp};
use protocol::enrol::{EnrolOutcome, Invited};
use ui::action::{Action, Button};
use ui::pixels::Pixels;
use ui::{TillScreen, View};

use super::{MORNING, save};
use crate::shop::STORE;
use crate::stand::reference;

/// A till that is set up by hand.
struct Manager<'a> {
    set_up: SetUp,
    screen: &'a TillScreen,
    pixels: &'a Pixels,
    folder: &'a Path,
    names: Vec<String>,
}

/// Sets a till up in an empty folder; gives the names of what was drawn.
pub(super) fn pictures(
    (screen, pixels): (&TillScreen, &Pixels),
    folder: &Path,
    config: &Config,
) -> Result<Vec<String>> {
    let files = tempfile::tempdir()?;
    let paths = Paths { data: files.path().to_owned() };
    let screen_beside =
        Screen { name: "HDMI-2".into(), x: 1_024, y: 0, width: 1_280, height: 800, side: Side::Right };
    let screens = Screens { others: vec![screen_beside], is_managed: true };
    let set_up = SetUp::new(paths, config.clone(), Machine::none_with(screens));
    let mut manager = Manager { set_up, screen, pixels, folder, names: Vec::new() };
    manager.press(Button::Yes);
    manager.write("hq.example");
    manager.press(Button::Field(1));
    manager.write("7F3K-22QX-9MTC");
    manager.draw("set-up-hq")?;
    let asked = manager.press(Button::Yes);
    manager.answer(&asked, || {
        EnrolOutcome::Invited(Invited {
            store: STORE.into(),
            name_zh: "人民路店".into(),
            name_en: "Renmin Road".into(),
            lane: 2,
            enrolled_at_ms: None,
            now_ms: MORNING.now_ms,
        })
    })?;
    manager.draw("set-up-store")?;
    let asked = manager.press(Button::Yes);
    reference(files.path(), 2)?;
    manager.answer(&asked, || EnrolOutcome::Enrolled { store: STORE.into(), lane: 2, epoch: 1 })?;
    manager.write("192.168.1.87");
    manager.press(Button::SheetKey(6));
    let tried = manager.press(Button::SheetKey(0));
    let Some(Errand::Try { number, .. }) =
        tried.into_iter().find(|errand| matches!(errand, Errand::Try { .. }))
    else {
        bail!("nothing is tried")
    };
    manager.take(Event::Said { number, said: Said::Printed { confirmed: true } });
    manager.draw("set-up-printer")?;
    for _ in 0..4 {
        manager.press(Button::Yes);
    }
    manager.press(Button::Row(1));
    manager.press(Button::SheetKey(0));
    manager.draw("set-up-customer")?;
    manager.press(Button::Row(0));
    manager.press(Button::Yes);
    let mut writer = ReferenceWriter::open(&files.path().join("reference.db"))?;
    writer.set_identity(&Identity { store: STORE.into(), lane: 2, epoch: 1 })?;
    writer.set_contact(MORNING.now_ms)?;
    manager.take(Event::Tick);
    manager.draw("set-up-goods")?;

    // A kiosk has a second scale.
    Progress { step: Step::BaggingScale, ..Progress::default() }.write(files.path())?;
    let paths = Paths { data: files.path().to_owned() };
    let scale = Scale { port: "/dev/ttyUSB0".into(), protocol: "cas-pd2".into(), baud: None, serial: None };
    let config = Config { mode: Mode::Kiosk, scale: Some(scale), ..config.clone() };
    manager.set_up = SetUp::new(paths, config, Machine::none());
    manager.set_up.end_calm();
    manager.write("192.168.1.88:4001");
    let tried = manager.press(Button::SheetKey(0));
    let Some(Errand::Try { number, .. }) =
        tried.into_iter().find(|errand| matches!(errand, Errand::Try { .. }))
    else {
        bail!("no scale is tried")
    };
    manager.take(Event::Said { number, said: Said::Empty });
    manager.draw("set-up-bagging-empty")?;
    manager.take(Event::Said { number, said: Said::Weight("0.570 kg".into()) });
    manager.draw("set-up-bagging")?;
    Ok(manager.names)
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

    fn write(&mut self, text: &str) {
        text.chars().for_each(|character| {
            self.press(Button::Letter(character));
        });
    }

    fn answer(&mut self, errands: &[Errand], outcome: impl Fn() -> EnrolOutcome) -> Result<()> {
        for errand in errands {
            if let Errand::Ask { number, .. } = errand {
                self.take(Event::Asked { number: *number, outcome: outcome() });
                return Ok(());
            }
        }
        bail!("HQ is not asked")
    }

    fn draw(&mut self, name: &str) -> Result<()> {
        let view: View = self.set_up.view();
        self.screen.apply(&view);
        save(&self.pixels.draw(self.screen)?, &self.folder.join(format!("{name}.png")))?;
        self.names.push(name.to_owned());
        Ok(())
    }
}
