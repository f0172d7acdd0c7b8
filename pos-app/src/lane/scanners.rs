//! What scanners with a line of their own tell beside codes: that a code was not whole, and how they are; and how the
//! customers' pole is.

use drivers::frame::Health;
use drivers::sound::Tone;
use ui::view;

use super::{Command, Lane};

impl Lane {
    /// A code whose end never came: the cashier looks at the goods, so it is heard as well as shown.
    pub(super) fn hear_torn_code(&mut self, bytes: usize) {
        tracing::warn!(bytes, "scanner sent no whole code");
        self.commands.push(Command::Play(Tone::Unknown));
        if self.kiosk.is_some() {
            self.stir();
            self.kiosk_says(
                view::Tone::Attend,
                ("条码没有读清", "The code was not read"),
                ("没有加上。请再扫一次，条码要平整。", "Not added. Scan it again, with the code flat."),
            );
        } else {
            self.front.say(
                view::Tone::Attend,
                ("扫到的码不完整", "没有加入任何商品，请再扫一次。"),
                ("The scanner sent no whole code", "Nothing was added. Scan it again."),
            );
        }
    }

    /// How a scanner is now; shown with the other devices.
    pub(super) fn hear_scanner(&mut self, path: String, health: Health) {
        tracing::info!(?health, path, "scanner");
        self.scanners.insert(path, health);
    }

    /// How the customers' pole is now; shown with the other devices.
    pub(super) fn hear_pole(&mut self, health: Health) {
        tracing::info!(?health, "customer display");
        self.pole = Some(health);
    }
}
