//! A price change of a whole store, from HQ to the shelf: the real HQ, the real agent with its files, and simulated access
//! points at the pace of real ones, whose clocks run faster.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use chrono::Utc;
use domain::label::{LabelBinding, LabelItem, LabelNumber};
use domain::record::{Record, Staff};
use drivers::label::{Kept, Language, Press, Values, with_own};
use fixtures::access_point::{CHECK_IN_MS, RadioOptions, SimulatedAccessPoint};
use hq::store::{Kind, Store};
use ledger::journal::{Identity, Journal, Stamp};
use ledger::reference::shelf::{LabelBatch, LabelCondition, Shelf};
use sync_agent::core::Intervals;
use sync_agent::enrol::{Enrolling, enrol};
use sync_agent::shell::{self, Agent};

/// 296x128, black, white and red: the usual label.
const PANEL: u8 = 0x01;

/// Bindings that are written at one time.
const CHUNK: usize = 500;

/// The least time between two uploads to one access point, milliseconds of its clock.
const UPLOAD_EVERY_MS: u64 = 1_000;

/// How often it is looked whether all is done.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// One line, as HQ keeps what it tells lanes.
const SHOP: &str = concat!(
    r#"{"code":"S001","name_zh":"一店","name_en":"One","currency":"CNY","#,
    r#""currency_symbol":"¥","currency_exponent":2,"cash_rounding":1}"#
);

/// How large it is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Labels, each with an item of its own.
    pub labels: usize,
    /// Access points, each with its share of them.
    pub points: usize,
    /// How many times as fast as a real one's their clocks run.
    pub speed: u64,
    /// How long one change may take by the wall's clock before nobody waits any more.
    pub patience: Duration,
}

/// What goes wrong in the middle of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing.
    None,
    /// One transfer in twenty is lost, two access points begin anew, and the agent ends and begins again.
    Much,
    /// The chain's own drawing of the labels is changed in the midst of it.
    Template,
}

/// The chain's own drawing, with a price of this size.
fn drawing(size: u32) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 296 128">
<text x="8" y="30" font-size="22" data-width="calc(100% - 16)" data-overflow="cut">{{{{name}}}}</text>
<text x="8" y="100" font-size="{size}" data-width="calc(100% - 16)">{{{{price}}}}</text>
</svg>"#
    )
}

/// What a change took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// From the moment at which HQ has the prices to the last label's confirmation, milliseconds of the access points' clocks.
    pub took_ms: u64,
    /// The least that the access points could need: one upload a second each, one transfer at a time, and half a turn until
    /// the last label asks for it.
    pub least_ms: u64,
    /// Uploads that access points took.
    pub uploads: u64,
}

impl Taken {
    /// What it took of the least, per cent, rounded up.
    pub fn percent(&self) -> u64 {
        (self.took_ms * 100).div_ceil(self.least_ms.max(1))
    }
}

/// A store with its labels on the shelf.
pub struct LabelledStore {
    size: Size,
    folder: PathBuf,
    runtime: tokio::runtime::Runtime,
    hq: Option<hq::server::Running>,
    agent: Option<Agent>,
    points: Vec<SimulatedAccessPoint>,
    labels: Vec<LabelNumber>,
    prices: Vec<i64>,
    identity: Identity,
    /// The largest that the log of the agent's file was while labels were waited for, bytes.
    log_bytes_max: u64,
}

fn sku(place: usize) -> String {
    format!("L{place:05}")
}

/// The first half of a label's number says its access point.
fn mac(point: usize, place: usize) -> String {
    format!("{:08X}{:08X}", 0x1A7F + point, 0x3C00_0000 + place * 0x0101)
}

/// Prices of a round: each round has others, and no two neighbours the same.
fn price(round: i64, place: usize) -> i64 {
    1_000 + (i64::try_from(place).unwrap_or(0) * 37 + round * 7_919) % 9_000
}

impl LabelledStore {
    /// Opens the store in a folder; its labels are bound, and show nothing yet.
    ///
    /// # Errors
    /// Something does not begin.
    pub fn open(folder: &Path, size: Size) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let data = folder.join("hq");
        std::fs::create_dir_all(&data)?;
        let store = Store::open(&data.join(hq::store::FILE_NAME))?;
        store.write::<_, hq::store::StoreError>(|writing| writing.put_entity(Kind::Store, "S001", SHOP))?;
        let code = hq::enrolment::make_code(&store, "S001", 1, Utc::now().timestamp_millis())?;
        drop(store);
        let listen = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let config = hq::server::Config { data, database: None, listen, address_file: None, tls: None };
        let running = runtime.block_on(hq::server::start(config))?;
        let lane = folder.join("lane");
        let url = running.url();
        let enrolling =
            Enrolling { data: &lane, hq: &url, relay: None, ca: None, code: &code, replace: false };
        let identity = runtime.block_on(enrol(enrolling))?;
        let (points, labels) = points(size)?;
        let templates = folder.join("templates");
        std::fs::create_dir_all(&templates)?;
        let mut gateways = format!("templates = {templates:?}\n\n");
        for point in &points {
            writeln!(gateways, "[[gateway]]\nhost = \"{}\"\nspeed = {}\n", point.addr(), size.speed)?;
        }
        std::fs::write(lane.join("labels.toml"), gateways)?;
        let bindings: Vec<(LabelNumber, String)> =
            labels.iter().enumerate().map(|(place, label)| (label.clone(), sku(place))).collect();
        bind(&lane, &identity, &bindings)?;
        let prices = vec![0; size.labels];
        let folder = folder.to_owned();
        Ok(Self {
            size,
            folder,
            runtime,
            hq: Some(running),
            agent: None,
            points,
            labels,
            prices,
            identity,
            log_bytes_max: 0,
        })
    }

    fn lane(&self) -> PathBuf {
        self.folder.join("lane")
    }

    fn start_agent(&mut self) -> Result<()> {
        let config = shell::Config { data: self.lane(), intervals: Intervals::default() };
        self.agent = Some(self.runtime.block_on(shell::start(config))?);
        Ok(())
    }

    fn stop_agent(&mut self) -> Result<()> {
        match self.agent.take() {
            Some(agent) => Ok(self.runtime.block_on(agent.stop())?),
            None => Ok(()),
        }
    }

    /// HQ changes every price; ends when every label has confirmed.
    ///
    /// # Errors
    /// A label does not show its price in time.
    pub fn change(&mut self, round: i64, trouble: Trouble) -> Result<Taken> {
        let percent = if trouble == Trouble::Much { 5 } else { 0 };
        self.points.iter().for_each(|point| point.with(|radio| radio.set_timeouts(percent)));
        let sum =
            |of: &dyn Fn(&SimulatedAccessPoint) -> u64| -> Vec<u64> { self.points.iter().map(of).collect() };
        let air_before = sum(&|point| point.with(|radio| radio.air_ms()));
        let uploads_before: u64 = sum(&|point| point.with(|radio| radio.uploads_taken())).iter().sum();
        let goods = self.folder.join("goods.csv");
        let mut rows = String::from("sku,name_zh,name_en,spec,price,tax_rate\n");
        for place in 0..self.size.labels {
            self.prices[place] = price(round, place);
            let (yuan, fen) = (self.prices[place] / 100, self.prices[place] % 100);
            writeln!(rows, "{},商品{place},Item {place},500ml,{yuan}.{fen:02},1300", sku(place))?;
        }
        std::fs::write(&goods, rows)?;
        let import = hq::command::Command::Import { path: goods, replace: false, dry_run: false };
        let data = self.folder.join("hq");
        let begun_ms = Utc::now().timestamp_millis();
        hq::command::run(&data, None, &import, 0, &mut |_| {}).context("change the prices at HQ")?;
        let told_ms = Utc::now().timestamp_millis();
        if self.agent.is_none() {
            self.start_agent()?;
        }
        let batch = self.wait(begun_ms, trouble)?;
        let ended_ms = batch.ended_ms.context("it has ended")?;
        let share = self.size.labels.div_ceil(self.size.points) as u64;
        let air_after: Vec<u64> =
            self.points.iter().map(|point| point.with(|radio| radio.air_ms())).collect();
        let uploads: u64 = self.points.iter().map(|point| point.with(|radio| radio.uploads_taken())).sum();
        let least = air_after.iter().zip(&air_before).map(|(after, before)| after - before);
        let least = least.map(|air_ms| air_ms.max(share * UPLOAD_EVERY_MS)).max().unwrap_or(0);
        Ok(Taken {
            took_ms: u64::try_from(ended_ms - told_ms).unwrap_or(0) * self.size.speed,
            least_ms: least + CHECK_IN_MS / 2,
            uploads: uploads - uploads_before,
        })
    }

    fn wait(&mut self, begun_ms: i64, trouble: Trouble) -> Result<LabelBatch> {
        let until = Instant::now() + self.size.patience;
        // What still is to go wrong, each when so much of the change is done, thousandths.
        let mut left = match trouble {
            Trouble::None => Vec::new(),
            Trouble::Much => vec![700_u64, 500, 300],
            Trouble::Template => vec![200],
        };
        let mut last = None;
        loop {
            ensure!(Instant::now() < until, "labels are not confirmed in time: {last:?}");
            std::thread::sleep(LOOK_EVERY);
            self.look_at_log();
            let Some(shelf) = Shelf::open(&self.lane().join("reference.db"))? else { continue };
            let Some(batch) = shelf.summary()?.batch.filter(|batch| batch.begun_ms >= begun_ms) else {
                continue;
            };
            let is_done = batch.ended_ms.is_some()
                && shelf.count(ledger::reference::shelf::LabelList::In(LabelCondition::Shown))?
                    == self.size.labels as u64;
            if is_done {
                ensure!(left.is_empty(), "not everything went wrong that was to: {left:?} left");
                return Ok(batch);
            }
            let done = batch.shown * 1_000 / (self.size.labels as u64);
            last = Some(batch);
            if left.last().is_some_and(|next| done >= *next) {
                left.pop();
                if trouble == Trouble::Template {
                    self.draw(60)?;
                    continue;
                }
                match left.len() {
                    2 => self.points[0].with(fixtures::access_point::Radio::reboot),
                    1 => {
                        self.stop_agent()?;
                        self.start_agent()?;
                    }
                    _ => self.points[self.size.points - 1].with(fixtures::access_point::Radio::reboot),
                }
            }
        }
    }

    /// Gives the chain a drawing of its own for the usual label, with a price of this size.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn draw(&self, size: u32) -> Result<()> {
        let file = self.folder.join("templates/normal.strip.svg");
        std::fs::write(file, drawing(size)).context("write the chain's own drawing")
    }

    fn look_at_log(&mut self) {
        let log = std::fs::metadata(self.lane().join("reference.db-wal")).map_or(0, |file| file.len());
        self.log_bytes_max = self.log_bytes_max.max(log);
    }

    /// The largest that the log of the agent's file was so far, bytes.
    pub fn log_bytes_max(&self) -> u64 {
        self.log_bytes_max
    }

    /// Lets so much time of the access points pass in which nobody changes anything.
    pub fn idle(&mut self, radio_ms: u64) {
        let until = Instant::now() + Duration::from_millis(radio_ms / self.size.speed);
        while Instant::now() < until {
            std::thread::sleep(LOOK_EVERY);
            self.look_at_log();
        }
    }

    /// Binds the first labels to other goods, one after the other, and gives how long each took from the disk to the push,
    /// in milliseconds of the wall's clock, the shortest first.
    ///
    /// # Errors
    /// A face is not pushed.
    pub fn push_times(&mut self, count: usize) -> Result<Vec<u64>> {
        let mut times = Vec::new();
        for place in 0..count.min(self.size.labels - 1) {
            let point = &self.points[place % self.points.len()];
            let uploads = || point.with(|radio| radio.uploads_taken());
            let before = uploads();
            bind(&self.lane(), &self.identity, &[(self.labels[place].clone(), sku(place + 1))])?;
            let begun = Instant::now();
            while uploads() == before {
                ensure!(begun.elapsed() < self.size.patience, "label {place} is not pushed");
                std::thread::sleep(Duration::from_millis(2));
            }
            times.push(u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX));
            self.prices[place] = self.prices[place + 1];
        }
        times.sort_unstable();
        Ok(times)
    }

    /// Looks at every label itself: each shows its item's face at the price of the last change, to the pixel, and the agent
    /// says the same of it.
    ///
    /// # Errors
    /// One does not.
    pub fn check(&self) -> Result<()> {
        let shelf = Shelf::open(&self.lane().join("reference.db"))?.context("the shelf")?;
        let states: BTreeMap<_, _> = shelf.states()?.into_iter().collect();
        let templates = self.folder.join("templates");
        let fonts = fixtures::labels::fonts()?;
        let (mut press, left_out): (Press, _) =
            with_own(fonts, Language::Chinese, Some(&templates), Kept::Nowhere)?;
        ensure!(left_out.is_empty(), "a drawing is refused: {left_out:?}");
        let panel = fixtures::labels::panel(PANEL)?;
        for (place, number) in self.labels.iter().enumerate() {
            let state = states.get(number).with_context(|| format!("label {number} is known"))?;
            let face = state.shown.as_ref().with_context(|| format!("label {number} shows something"))?;
            let says = face.prices.first().and_then(|price| price.price);
            ensure!(
                state.condition == LabelCondition::Shown && says == Some(self.prices[place]),
                "label {number} is {:?} and shows {says:?} for {}",
                state.condition,
                self.prices[place]
            );
            let values = Values::of(face.texts.iter().map(|(name, text)| (name.as_str(), text.as_str())));
            let printed = press.print(&face.template, panel, &values)?;
            let inks: Vec<u8> = printed.face.pixels().iter().map(|ink| *ink as u8).collect();
            let point = place % self.points.len();
            let hangs = self.points[point]
                .with(|radio| radio.shown(number.as_str()).is_some_and(|picture| picture.colours == inks));
            ensure!(hangs, "label {number} itself does not show {}", self.prices[place]);
        }
        Ok(())
    }

    /// Ends the agent and HQ.
    ///
    /// # Errors
    /// They do not end well.
    pub fn close(mut self) -> Result<()> {
        self.stop_agent()?;
        match self.hq.take() {
            Some(running) => Ok(self.runtime.block_on(running.stop())?),
            None => Ok(()),
        }
    }
}

fn points(size: Size) -> Result<(Vec<SimulatedAccessPoint>, Vec<LabelNumber>)> {
    let mut tags = vec![Vec::new(); size.points];
    let mut labels = Vec::new();
    for place in 0..size.labels {
        let number = mac(place % size.points, place);
        labels.push(LabelNumber::parse(&number)?);
        tags[place % size.points].push((number, PANEL));
    }
    let mut points = Vec::new();
    for (seed, tags) in (1..).zip(tags) {
        let options = RadioOptions { tags, seed, ..RadioOptions::with(0, &[PANEL], 0) };
        points.push(SimulatedAccessPoint::start("127.0.0.1:0", options, size.speed)?);
    }
    Ok((points, labels))
}

/// Writes down what each label stands for, as the staff's window does.
fn bind(lane: &Path, identity: &Identity, labels: &[(LabelNumber, String)]) -> Result<()> {
    let now = Utc::now();
    let stamp =
        Stamp { at_ms: now.timestamp_millis(), offset_minutes: 0, business_date: now.date_naive(), shift: 0 };
    let staff = Staff { id: "u1".into(), number: "101".into(), name: "Staff".into() };
    let records: Vec<(Stamp, Record)> = labels
        .iter()
        .map(|(label, sku)| {
            let binding = LabelBinding {
                label: label.clone(),
                items: vec![LabelItem::of(sku)],
                template: String::new(),
                slot: String::new(),
            };
            (stamp, Record::LabelBound { binding, staff: staff.id.clone() })
        })
        .collect();
    let mut journal = Journal::open(&lane.join("journal.db"), identity)?;
    for chunk in records.chunks(CHUNK) {
        journal.append(chunk)?;
    }
    Ok(())
}
