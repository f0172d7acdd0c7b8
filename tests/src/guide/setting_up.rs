//! The pictures of a till that is being set up.

use std::path::Path;

use anyhow::{Result, bail};
use ledger::journal::Identity;
use ledger::reference::ReferenceWriter;
use pos_app::config::{Config, Paths};
use pos_app::set_up::ports::Machine;
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
    let set_up = SetUp::new(paths, config.clone(), Machine::none());
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
    let mut writer = ReferenceWriter::open(&files.path().join("reference.db"))?;
    writer.set_identity(&Identity { store: STORE.into(), lane: 2, epoch: 1 })?;
    writer.set_contact(MORNING.now_ms)?;
    manager.take(Event::Tick);
    manager.draw("set-up-goods")?;
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
