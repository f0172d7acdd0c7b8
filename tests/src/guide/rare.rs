//! Pictures of what a lane meets seldom: an opening float, foreign notes, the board of kiosks, customers' phones, a
//! receipt and payments that nobody is sure of.

use anyhow::{Context, Result, ensure};
use domain::phone::CodeId;
use drivers::printer::{Outcome, PrinterEvent, Row};
use pos_app::config::Config;
use pos_app::lane::{Command, Event};
use protocol::board::{KioskStand, Stand as Told, StandCall, StandState, Trouble};
use protocol::event::Cause;
use protocol::head::SigningKey;
use protocol::scan_go::{PhoneBasket, PhoneLine};
use ui::action::Key;

use super::{Change, Day, Entity, MORNING, hq, open, reference};
use crate::kiosk::alcohol;
use crate::stand::{HQ_SECRET, tell_keys};

/// Minor units for a million of a foreign currency's.
const FOREIGN: [(&str, u64); 3] = [("HKD", 910_000), ("MOP", 885_000), ("USD", 7_120_000)];

impl Day<'_> {
    /// Turns to a lane of its own whose store has all of that, and draws it.
    pub(super) fn rare(&mut self, config: &Config) -> Result<()> {
        let files = tempfile::tempdir()?;
        self.shop = reference(files.path(), 1)?;
        tell_keys(files.path(), 1)?;
        let mut store = self.shop.store.clone();
        store.rules.shift_opens_itself = Some(false);
        store.rules.foreign = FOREIGN.map(|(code, rate)| (code.to_owned(), rate)).into();
        let mut writer = hq(files.path())?;
        let version = writer.state()?.version + 1;
        let update = writer.begin()?;
        update.apply(&Change { version, key: store.code.clone(), entity: Entity::Store(Some(store)) })?;
        update.commit(version)?;
        drop(writer);
        let mut config = config.clone();
        config.board = true;
        config.scan_go.exit_audit = 0;
        self.stand = open(files.path(), config)?;
        self.stand.prints = false;
        self.files = files.path().to_owned();
        self.opening()?;
        self.notes_of_others()?;
        self.doubtful_paper()?;
        self.doubtful_payments()?;
        self.phones()?;
        self.board()
    }

    /// The printer has done what it was told, or lost its line meanwhile.
    fn printed(&mut self, outcome: &Outcome) {
        let commands = std::mem::take(&mut self.stand.commands);
        for command in commands {
            if let Command::Print(job) = command {
                let ended = PrinterEvent::JobEnded { id: job.id, outcome: outcome.clone() };
                self.stand.turn(vec![Event::Printer(ended)]);
            }
        }
    }

    fn opening(&mut self) -> Result<()> {
        self.stand.sign_in("101", "1234");
        self.menu(self.say("开班", "Open the shift"))?;
        self.stand.type_text("500");
        self.draw("float")?;
        self.stand.key(Key::Enter);
        ensure!(
            self.stand.lane.till().is_some_and(|till| till.shift().is_some()),
            "the shift was not opened"
        );
        Ok(())
    }

    fn notes_of_others(&mut self) -> Result<()> {
        self.scan("100028")?;
        self.scan("100010")?;
        self.stand.key(Key::Char(' '));
        self.stand.function(2);
        self.stand.type_text("20");
        self.draw("foreign")?;
        self.stand.key(Key::Enter);
        self.draw("foreign-paid")?;
        if !self.is_done() {
            self.stand.enter("100");
        }
        ensure!(self.is_done(), "the basket was not paid");
        self.printed(&Outcome::Confirmed);
        self.stand.key(Key::Enter);
        Ok(())
    }

    fn doubtful_paper(&mut self) -> Result<()> {
        self.scan("100001")?;
        self.stand.key(Key::Char(' '));
        self.stand.press(ui::Button::QuickCash(0));
        ensure!(self.is_done(), "the basket was not paid");
        self.stand.key(Key::Enter);
        self.printed(&Outcome::InDoubt);
        self.stand.key(Key::Escape);
        ensure!(self.stand.lane.view().sheet.is_some(), "nobody is asked about the receipt");
        self.draw("paper")?;
        self.stand.key(Key::Enter);
        ensure!(self.stand.lane.view().sheet.is_none(), "the receipt is asked about once more");
        Ok(())
    }

    /// One by card that nobody knows the end of, beside the next customer.
    fn doubtful_payments(&mut self) -> Result<()> {
        self.scan("100024")?;
        self.stand.key(Key::Char(' '));
        self.stand.function(3);
        self.stand.function(7);
        for _ in 0..4 {
            self.stand.turn(vec![Event::Tick]);
            self.stand.moment.now_ms += 2_000;
        }
        self.stand.function(8);
        ensure!(self.lines() == 0, "the basket in doubt was not parked");
        self.menu(self.say("未定付款", "Payments in doubt"))?;
        self.draw("payments")?;
        self.stand.key(Key::Escape);
        Ok(())
    }

    /// What a phone shows differs from what the till charges; and customers who leave with an exit code.
    fn phones(&mut self) -> Result<()> {
        let shown = |code: String, pieces, shown| PhoneLine { code, pieces, shown: Some(shown) };
        let lines = vec![
            shown(self.code("100001")?, 2, 400),
            shown(self.code("100024")?, 1, 350),
            shown("9520000000028".to_owned(), 2, 300),
            shown(alcohol()?, 1, 100),
        ];
        let now_ms = self.stand.moment.now_ms;
        let basket = PhoneBasket {
            store: self.shop.store.code.clone(),
            id: CodeId([7; 12]),
            made_ms: now_ms,
            until_ms: now_ms + 30 * 60_000,
            total: lines.iter().filter_map(|line| line.shown).sum(),
            version: 7,
            lines,
        };
        self.stand.scan(&basket.seal(&SigningKey::parse(HQ_SECRET)?)?);
        ensure!(self.stand.lane.view().sheet.is_some(), "nothing differs");
        self.draw("phones")?;
        self.stand.key(Key::Enter);
        self.stand.key(Key::Char(' '));
        self.stand.key(Key::Enter);
        self.stand.enter("900");
        ensure!(self.is_done(), "the phone's basket was not paid");
        self.draw("leave")?;
        let exit = exit_printed(&self.stand.commands).context("an exit code was printed")?;
        self.printed(&Outcome::Confirmed);
        self.stand.key(Key::Enter);
        self.stand.scan(&exit);
        self.draw("exit")?;
        self.stand.key(Key::Enter);
        let open = self.stand.lane.view().sheet.map(|sheet| sheet.title);
        ensure!(open.is_none(), "{open:?} is still open");
        Ok(())
    }

    fn board(&mut self) -> Result<()> {
        self.stand.kiosks = Some(kiosks());
        self.stand.moment.now_ms += 1_500;
        self.stand.turn(vec![Event::Tick]);
        self.draw("board-called")?;
        self.stand.press(ui::Button::Orders);
        self.draw("board")?;
        self.stand.key(Key::Down);
        self.stand.key(Key::Enter);
        self.draw("board-kiosk")?;
        Ok(())
    }
}

/// The code on the last paper that lets somebody leave.
fn exit_printed(commands: &[Command]) -> Option<String> {
    let rows = commands.iter().rev().find_map(|command| match command {
        Command::Print(job) => Some(&job.document.rows),
        _ => None,
    })?;
    rows.iter().rev().find_map(|row| match row {
        Row::Qr { data, .. } => Some(data.clone()),
        _ => None,
    })
}

/// Four kiosks on a Saturday morning: two call, one has no paper, one is silent.
fn kiosks() -> Vec<KioskStand> {
    let call = |cause, ago_ms, seen, goods: &[&str]| StandCall {
        cause,
        at_ms: MORNING.now_ms - ago_ms,
        seen,
        goods: goods.iter().map(|sku| (*sku).to_owned()).collect(),
    };
    let kiosk = |lane, age_ms, state, calls, troubles| {
        let (pieces, total) = if state == StandState::Free { (0, 0) } else { (5, 8_650) };
        let at_ms = MORNING.now_ms;
        let stand = Told { at_ms, state, pieces, total, calls, troubles, parked: 0, done: Vec::new() };
        KioskStand { lane, age_ms, stand }
    };
    let wrong = vec![call(Cause::WrongWeight, 75_000, 330, &["100001"])];
    let age = vec![call(Cause::Age, 42_000, 3, &["220001"])];
    vec![
        kiosk(11, 300, StandState::Serving, age, Vec::new()),
        kiosk(12, 300, StandState::Free, Vec::new(), vec![Trouble::PaperOut]),
        kiosk(13, 300, StandState::Serving, wrong, Vec::new()),
        kiosk(14, 95_000, StandState::Serving, Vec::new(), Vec::new()),
    ]
}
