//! A lane turned by hand, with its real line to its real agent.

use std::path::Path;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use domain::money::Currency;
use domain::record::{Record, Staff};
use domain::rights::Rights;
use domain::till::Input;
use drivers::scanner::Scan;
use pos_app::asking::{ANSWER_WITHIN, AgentLine};
use pos_app::config;
use pos_app::lane::{Event, Lane, Moment};
use pos_app::run::Devices;
use protocol::ask::{ASK_VERSION, Answer, Asked, Question};
use ui::{Action, Button, Key};

use crate::process::PATIENCE;
use crate::shop::{Headquarters, LaneFiles, Relay, STORE};

/// Between two keys of a person.
const KEY_GAP: Duration = Duration::from_millis(100);

/// A lane, turned by hand, with its line to its agent.
pub struct Till {
    /// The lane.
    pub lane: Lane,
    /// Its files, and its agent.
    pub files: LaneFiles,
    devices: Devices,
    queue: Receiver<Event>,
    last_key: Instant,
}

impl Till {
    /// Enrols a lane, starts its agent, opens it and signs a manager in.
    pub fn open(folder: &Path, headquarters: &Headquarters, number: u32) -> Result<Self> {
        Self::open_by(folder, headquarters, None, number)
    }

    /// The same in another store than the demo shop's.
    pub fn open_in(folder: &Path, headquarters: &Headquarters, (store, lane): (&str, u32)) -> Result<Self> {
        let mut files = LaneFiles::enrol(folder, headquarters, store, lane)?;
        files.wait_for_goods(0)?;
        Self::begin(files, Instant::now())
    }

    /// The same through the store's relay.
    pub fn open_by(
        folder: &Path,
        headquarters: &Headquarters,
        relay: Option<&Relay>,
        number: u32,
    ) -> Result<Self> {
        let mut files = LaneFiles::enrol_by(folder, headquarters, relay, (STORE, number))?;
        files.wait_for_goods(0)?;
        Self::begin(files, Instant::now())
    }

    fn begin(files: LaneFiles, last_key: Instant) -> Result<Self> {
        let paths = files.paths.clone();
        let config = config::read(&paths.config())?;
        let (events, queue) = sync_channel(64);
        let devices = Devices::start(&paths, &config, &events)?;
        let lane = Lane::new(paths, config);
        let mut till = Self { lane, files, devices, queue, last_key };
        till.turn(vec![Event::Tick]);
        till.feed(Input::PinChecked {
            staff: Staff { id: "E301".into(), number: "301".into(), name: "周岚".into() },
            rights: Rights::of_role("manager", &yuan()),
            matches: true,
        });
        Ok(till)
    }

    /// The till's program is stopped where it stands, and started again.
    pub fn restart(self) -> Result<Self> {
        let Self { lane, files, devices, queue, last_key } = self;
        drop((lane, devices, queue));
        Self::begin(files, last_key)
    }

    /// Lets the lane take events in, and does what it wants done.
    pub fn turn(&mut self, events: Vec<Event>) {
        for command in self.lane.turn(Moment::now(), events) {
            self.devices.perform(command);
        }
    }

    /// Lets the till decide.
    pub fn feed(&mut self, input: Input) {
        self.lane.feed(input);
        self.turn(Vec::new());
    }

    /// A scanner with a line of its own.
    pub fn scan(&mut self, text: &str) {
        self.turn(vec![Event::Scan(Scan::parse(text))]);
    }

    /// Goes on until the lane is such as it should be.
    pub fn wait(&mut self, what: &str, done: impl Fn(&Lane) -> bool) {
        let until = Instant::now() + PATIENCE;
        while !done(&self.lane) {
            let left = until.saturating_duration_since(Instant::now());
            let event = self.queue.recv_timeout(left).unwrap_or_else(|error| panic!("{what}: {error}"));
            self.turn(vec![event]);
        }
    }

    /// Goes on until so many questions were answered, or were not in time.
    pub fn hear(&mut self, answers: usize) {
        for _ in 0..answers {
            let event = self.queue.recv_timeout(PATIENCE).expect("every question ends");
            self.turn(vec![event]);
        }
    }

    /// An answer comes, and the lane never hears of it.
    pub fn loses_answer(&mut self) {
        self.queue.recv_timeout(PATIENCE).expect("every question ends");
    }

    /// A person presses a key.
    pub fn key(&mut self, key: Key) {
        self.last_key += KEY_GAP;
        self.turn(vec![Event::Action(Action::Key { key, at: self.last_key })]);
    }

    /// A person types.
    pub fn type_text(&mut self, text: &str) {
        text.chars().for_each(|character| self.key(Key::Char(character)));
    }

    /// Opens what stands in the menu under these words.
    pub fn menu(&mut self, words: &str) {
        self.key(Key::Tab);
        self.choose_row(words);
    }

    /// Taps the row of the sheet in front that begins with these words.
    pub fn choose_row(&mut self, words: &str) {
        let rows = self.sheet_rows();
        let row = rows.iter().position(|(name, ..)| name.starts_with(words));
        let row = row.unwrap_or_else(|| panic!("{words} in {rows:?}"));
        self.turn(vec![Event::Action(Action::Press(Button::Row(row)))]);
    }

    /// The rows of the sheet in front: name, detail and value.
    pub fn sheet_rows(&self) -> Vec<(String, String, String)> {
        let rows = self.lane.view().sheet.map(|sheet| sheet.rows).unwrap_or_default();
        rows.into_iter().map(|row| (row.name, row.detail, row.value)).collect()
    }

    /// The title of the sheet in front; empty where there is none.
    pub fn title(&self) -> String {
        self.lane.view().sheet.map(|sheet| sheet.title).unwrap_or_default()
    }

    /// Asks the lane's agent, beside the lane.
    pub fn ask(&self, question: Question) -> Option<Answer> {
        let (events, heard) = sync_channel(1);
        let line = AgentLine::start(self.files.paths.agent(), &events);
        line.ask(Asked { v: ASK_VERSION, number: 1, question }, ANSWER_WITHIN);
        match heard.recv_timeout(PATIENCE) {
            Ok(Event::Answered { answer, .. }) => answer.map(|answer| *answer),
            other => panic!("a question ends with an answer or none, not {other:?}"),
        }
    }

    /// The open basket.
    pub fn basket(&self) -> &domain::basket::Basket {
        self.lane.till().expect("the lane is open").basket()
    }

    /// Goods are chosen from a list.
    pub fn choose(&mut self, sku: &str, count: i64) {
        self.feed(Input::Choose { sku: sku.into(), count: Some(count) });
    }

    /// More than enough cash, and the next customer.
    pub fn pay(&mut self) {
        self.feed(Input::Pay);
        self.feed(Input::TakeCash(domain::money::Money::from_minor(99_900)));
        self.feed(Input::Back);
    }

    /// What was sold last.
    pub fn last_sale(&self) -> Result<domain::sale::Sale> {
        let records = self.files.records()?;
        let sale = records.iter().rev().find_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some(sale.as_ref().clone()),
            _ => None,
        });
        sale.context("something was sold")
    }
}

fn yuan() -> Currency {
    Currency { code: "CNY".into(), symbol: "¥".into(), exponent: 2 }
}
