//! HQ, an enrolled lane, its agent, its devices and its till: all of them real programs.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::record::Record;
use fixtures::ports::free_port;
use fixtures::printer::{PrinterOptions, SimulatedPrinter};
use fixtures::scanner::SimulatedScanner;
use fixtures::shop as goods;
use ledger::journal::{JournalReader, Stored};
use ledger::reference::{AgentState, AgentWatch};
use pos_app::config::Paths;
use protocol::answer::SalesAnswer;
use protocol::event;

use crate::display::Display;
use crate::process::{Halted, Running, program, run, wait_for};

/// The demo shop's store.
pub const STORE: &str = "S001";

/// A headquarters.
#[derive(Debug)]
pub struct Headquarters {
    folder: PathBuf,
    address: String,
    process: Option<Running>,
}

impl Headquarters {
    /// Imports a shop into a new headquarters and serves it.
    pub fn open(folder: &Path, import: &[&Path]) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        for file in import {
            run(Command::new(program("hq")?)
                .arg("import")
                .arg("--data")
                .arg(folder)
                .arg("--file")
                .arg(file))?;
        }
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut headquarters = Self { folder: folder.to_owned(), address, process: None };
        headquarters.start()?;
        Ok(headquarters)
    }

    /// Its address, for agents.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Lets it take calls and answer none, until what comes back is dropped.
    pub fn halt(&self) -> Result<Halted> {
        self.process.as_ref().context("HQ is not running")?.halt()
    }

    /// Starts serving, on the same address as ever.
    pub fn start(&mut self) -> Result<()> {
        let ready = self.folder.join("ready");
        let _ = std::fs::remove_file(&ready);
        let mut process = Running::start(
            Command::new(program("hq")?)
                .args(["serve", "--listen", &self.address])
                .arg("--data")
                .arg(&self.folder)
                .arg("--address-file")
                .arg(&ready),
            "hq",
            &self.folder.join("hq.log"),
        )?;
        wait_for("HQ", || {
            process.check()?;
            Ok(ready.exists().then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Pulls its plug.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("HQ is not running")?.kill()
    }

    /// Makes a code that enrols a lane.
    pub fn code(&self, store: &str, lane: u32) -> Result<String> {
        let out = run(Command::new(program("hq")?)
            .args(["enrol", "--store", store, "--lane", &lane.to_string()])
            .arg("--data")
            .arg(&self.folder))?;
        Ok(out.trim().to_owned())
    }

    /// Sets a price, such as `3.50`.
    pub fn set_price(&self, sku: &str, price: &str) -> Result<()> {
        run(Command::new(program("hq")?)
            .args(["price", "--sku", sku, "--price", price])
            .arg("--data")
            .arg(&self.folder))
        .map(drop)
    }

    /// Sells an item for less from an instant on, milliseconds UTC; `price` is in minor units.
    pub fn promote(&self, id: &str, sku: &str, price: i64, from_ms: i64) -> Result<()> {
        let file = self.folder.join("promotions.json");
        let promotion = serde_json::json!({ "promotions": [{
            "id": id, "name_zh": "特价", "name_en": "Special", "skus": [sku], "type": "fixed_price", "price": price,
            "from_ms": from_ms
        }] });
        std::fs::write(&file, promotion.to_string())?;
        run(Command::new(program("hq")?)
            .args(["import", "--data"])
            .arg(&self.folder)
            .arg("--file")
            .arg(&file))
        .map(drop)
    }

    /// Imports pictures of goods out of a folder.
    pub fn import_pictures(&self, folder: &Path) -> Result<()> {
        run(Command::new(program("hq")?)
            .arg("import")
            .arg("--data")
            .arg(&self.folder)
            .arg("--pictures")
            .arg(folder))
        .map(drop)
    }

    /// Lends points to stores, whose relays ask every second.
    pub fn lend_to_stores(&self) -> Result<()> {
        run(Command::new(program("hq")?)
            .args(["standing", "--every-seconds", "1", "--data"])
            .arg(&self.folder))
        .map(drop)
    }

    /// Balance, free and lent points of a member.
    pub fn points(&self, member: &str) -> Result<(i64, i64, i64)> {
        let out = run(Command::new(program("hq")?)
            .args(["points", "--member", member, "--json", "--data"])
            .arg(&self.folder))?;
        let said: serde_json::Value = serde_json::from_str(&out)?;
        let of = |what: &str| said[what].as_i64().with_context(|| format!("{what} of points"));
        Ok((of("balance")?, of("available")?, of("lent")?))
    }

    /// What it has received.
    pub fn sales(&self) -> Result<SalesAnswer> {
        let out =
            run(Command::new(program("hq")?).args(["sales", "--json"]).arg("--data").arg(&self.folder))?;
        serde_json::from_str(&out).context("read HQ's answer")
    }

    /// The number of sales and the sum of their totals, minor units.
    pub fn sums(&self) -> Result<(u64, i64)> {
        let rows = self.sales()?.rows;
        Ok((rows.iter().map(|row| row.sales).sum(), rows.iter().map(|row| row.total).sum()))
    }

    /// Forks and quarantined events, as the command says them.
    pub fn alarms(&self) -> Result<String> {
        run(Command::new(program("hq")?).arg("alarms").arg("--data").arg(&self.folder))
    }
}

/// The relay of the demo shop's store.
#[derive(Debug)]
pub struct Relay {
    folder: PathBuf,
    address: String,
    process: Option<Running>,
}

impl Relay {
    /// Begins to relay for a headquarters.
    pub fn open(folder: &Path, headquarters: &Headquarters) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let address = format!("127.0.0.1:{}", free_port()?);
        let mut relay = Self { folder: folder.to_owned(), address, process: None };
        relay.start(headquarters)?;
        Ok(relay)
    }

    /// The same with one that was enrolled, so that it serves the page to phones.
    pub fn open_for_phones(folder: &Path, headquarters: &Headquarters) -> Result<Self> {
        let code = run(Command::new(program("hq")?)
            .args(["enrol", "--store", STORE, "--relay", "--data"])
            .arg(&headquarters.folder))?;
        let enrol = ["relay-enrol", "--store", STORE, "--hq", &headquarters.url(), "--code", code.trim()];
        run(Command::new(program("hq")?).args(enrol).arg("--data").arg(folder))?;
        Self::open(folder, headquarters)
    }

    /// Its address, for agents.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it signs phones' baskets.
    pub fn wait_for_its_key(&self) -> Result<()> {
        wait_for("the relay's key", || Ok((self.health()?["go"]["signs"] == true).then_some(())))
    }

    /// How far the journal of a lane is copied.
    pub fn copied(&self, lane: u32) -> Result<u64> {
        let health = self.health()?;
        let lanes = health["lanes"].as_array().context("lanes")?;
        let of_lane = lanes.iter().filter(|copied| copied["lane"] == lane);
        Ok(of_lane.filter_map(|copied| copied["seq"].as_u64()).max().unwrap_or(0))
    }

    /// How many points of members it has to lend while HQ is out of reach.
    pub fn points(&self) -> Result<i64> {
        self.health()?["standing_points"].as_i64().context("points")
    }

    /// What it says of itself.
    fn health(&self) -> Result<serde_json::Value> {
        use std::io::{Read, Write};
        let mut line = std::net::TcpStream::connect(&self.address)?;
        line.write_all(b"GET /healthz HTTP/1.0\r\n\r\n")?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("an answer")?;
        Ok(serde_json::from_str(body)?)
    }

    /// Starts relaying, on the same address as ever.
    pub fn start(&mut self, headquarters: &Headquarters) -> Result<()> {
        let ready = self.folder.join("ready");
        let _ = std::fs::remove_file(&ready);
        let mut process = Running::start(
            Command::new(program("hq")?)
                .args(["relay", "--store", STORE, "--hq", &headquarters.url(), "--listen", &self.address])
                .arg("--data")
                .arg(&self.folder)
                .arg("--address-file")
                .arg(&ready),
            "hq relay",
            &self.folder.join("relay.log"),
        )?;
        wait_for("the relay", || {
            process.check()?;
            Ok(ready.exists().then_some(()))
        })?;
        self.process = Some(process);
        Ok(())
    }

    /// Pulls its plug.
    pub fn kill(&mut self) -> Result<()> {
        self.process.take().context("the relay is not running")?.kill()
    }
}

/// The files of one lane, with its agent.
#[derive(Debug)]
pub struct LaneFiles {
    /// Where they are.
    pub paths: Paths,
    agent: Option<Running>,
}

impl LaneFiles {
    /// The files of a lane that has no agent.
    pub fn of(paths: &Paths) -> Self {
        Self { paths: paths.clone(), agent: None }
    }

    /// Enrols a lane at HQ and starts its agent.
    pub fn enrol(folder: &Path, headquarters: &Headquarters, store: &str, lane: u32) -> Result<Self> {
        Self::enrol_by(folder, headquarters, None, (store, lane))
    }

    /// The same through the relay of its store, where there is one.
    pub fn enrol_by(
        folder: &Path,
        headquarters: &Headquarters,
        relay: Option<&Relay>,
        (store, lane): (&str, u32),
    ) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let code = headquarters.code(store, lane)?;
        let by = relay.map_or_else(Vec::new, |relay| vec!["--relay".to_owned(), relay.url()]);
        run(Command::new(program("sync-agent")?)
            .args(["enrol", "--hq", &headquarters.url(), "--code", &code])
            .args(by)
            .arg("--data")
            .arg(folder))?;
        let mut files = Self { paths: Paths { data: folder.to_owned() }, agent: None };
        files.start_agent()?;
        Ok(files)
    }

    /// Starts the agent.
    pub fn start_agent(&mut self) -> Result<()> {
        self.agent = Some(Running::start(
            Command::new(program("sync-agent")?).arg("run").arg("--data").arg(&self.paths.data),
            "sync-agent",
            &self.paths.data.join("agent.log"),
        )?);
        Ok(())
    }

    /// Pulls the agent's plug.
    pub fn kill_agent(&mut self) -> Result<()> {
        self.agent.take().context("the agent is not running")?.kill()
    }

    /// What the lane knows of its agent.
    pub fn agent_state(&self) -> Result<AgentState> {
        Ok(AgentWatch::open(&self.paths.reference())?.context("open the reference")?.state()?)
    }

    /// Waits until goods of a version after `version` have arrived.
    pub fn wait_for_goods(&mut self, version: u64) -> Result<u64> {
        wait_for("goods from HQ", || {
            if let Some(agent) = &mut self.agent {
                agent.check()?;
            }
            let Some(watch) = AgentWatch::open(&self.paths.reference())? else { return Ok(None) };
            Ok(Some(watch.state()?.version).filter(|now| *now > version))
        })
    }

    /// Everything on the lane's journal.
    pub fn records(&self) -> Result<Vec<Stored>> {
        let Some(reader) = JournalReader::open(&self.paths.journal())? else { return Ok(Vec::new()) };
        let mut records = Vec::new();
        let mut seq = 0;
        loop {
            let entries = reader.entries_after(seq, 1_000, usize::MAX)?;
            let Some(last) = entries.last() else { return Ok(records) };
            seq = last.seq;
            for entry in entries {
                let event = event::decode(&entry.bytes)?;
                records.push(Stored {
                    seq: entry.seq,
                    stamp: ledger::journal::Stamp {
                        at_ms: event.at_ms,
                        offset_minutes: event.offset_minutes,
                        business_date: event.business_date,
                        shift: event.shift,
                    },
                    record: event.record()?,
                });
            }
        }
    }

    /// How many records of the journal are such.
    pub fn count(&self, such: impl Fn(&Record) -> bool) -> Result<usize> {
        Ok(self.records()?.iter().filter(|stored| such(&stored.record)).count())
    }

    /// Waits until the journal has at least so many records that are such.
    pub fn wait_for_count(&self, what: &str, count: usize, such: impl Fn(&Record) -> bool) -> Result<()> {
        wait_for(what, || Ok((self.count(&such)? >= count).then_some(())))
    }

    /// The number of sales and the sum of their totals, minor units.
    pub fn sums(&self) -> Result<(u64, i64)> {
        let records = self.records()?;
        let totals = records.iter().filter_map(|stored| match &stored.record {
            Record::SaleCompleted { sale } => Some(sale.total.minor()),
            _ => None,
        });
        Ok(totals.fold((0, 0), |(sales, sum), total| (sales + 1, sum + total)))
    }

    /// Waits until HQ has acknowledged the whole journal.
    pub fn wait_for_acknowledgement(&self) -> Result<()> {
        wait_for("HQ to acknowledge the journal", || {
            let head = JournalReader::open(&self.paths.journal())?.context("open the journal")?.head()?;
            Ok((self.agent_state()?.position.acknowledged == head.seq).then_some(()))
        })
    }
}

/// A lane with its devices and its till on a screen.
pub struct Counter {
    /// Its files and agent.
    pub files: LaneFiles,
    /// Its receipt printer.
    pub printer: SimulatedPrinter,
    /// Its serial scanner.
    pub scanner: SimulatedScanner,
    till: Option<Running>,
}

impl Counter {
    /// Scans by the scanner with a line of its own, and waits for the screen to answer. That line and the keyboard
    /// are two ways to the till: whoever types looks first.
    pub fn scan_and_look(&self, display: &Display, code: &str) -> Result<()> {
        let before = display.settled()?;
        self.scanner.scan(code)?;
        wait_for("the screen to answer a scan", || Ok((display.picture()? != before).then_some(())))
    }

    /// Sets up the lane's devices; the till is started by [`Counter::start_till`].
    pub fn set_up(files: LaneFiles, receipts: Option<PathBuf>) -> Result<Self> {
        let options = PrinterOptions { folder: receipts, ..PrinterOptions::default() };
        let printer =
            SimulatedPrinter::start("127.0.0.1:0", options).context("start the simulated printer")?;
        let scanner = SimulatedScanner::start().context("start the simulated scanner")?;
        let counter = Self { files, printer, scanner, till: None };
        let address = counter.printer.addr().to_string();
        counter.configure(&address)?;
        Ok(counter)
    }

    /// Writes `lane.toml` with this printer.
    pub fn configure(&self, printer: &str) -> Result<()> {
        let scanner = self.scanner.path().display();
        // A player that is always there and silent, so that no test makes a noise.
        let text = format!(
            "[printer]\naddress = \"{printer}\"\nprofile = \"xprinter-xp80\"\n\n[scanner]\npath = \"{scanner}\"\n\n\
             [sound]\nplayer = [\"true\"]\n\n[payment]\ncard = true\n"
        );
        Ok(std::fs::write(self.files.paths.config(), text)?)
    }

    /// Adds a section to `lane.toml`.
    pub fn add_to_configuration(&self, section: &str) -> Result<()> {
        let file = self.files.paths.config();
        let before = std::fs::read_to_string(&file)?;
        Ok(std::fs::write(file, format!("{before}\n{section}"))?)
    }

    /// Starts the till on a screen and gives it the keyboard.
    pub fn start_till(&mut self, display: &Display, size: &str) -> Result<()> {
        let mut till = Running::start(
            Command::new(program("pos-app")?)
                .env("DISPLAY", display.name())
                // The virtual screen has one pixel a pixel, whatever the desktop around it says.
                .env("SLINT_SCALE_FACTOR", "1")
                .arg("--data")
                .arg(&self.files.paths.data)
                .args(["--size", size]),
            "pos-app",
            &self.files.paths.data.join("till.log"),
        )?;
        display.focus().or_else(|error| {
            till.check()?;
            Err(error)
        })?;
        self.till = Some(till);
        Ok(())
    }

    /// Pulls the till's plug.
    pub fn kill_till(&mut self) -> Result<()> {
        self.till.take().context("the till is not running")?.kill()
    }

    /// Fails where the till has ended by itself.
    pub fn check(&mut self) -> Result<()> {
        self.till.as_mut().map_or(Ok(()), Running::check)
    }

    /// Signs somebody in by number and PIN, on the keyboard.
    pub fn sign_in(&self, display: &Display, number: &str, pin: &str) -> Result<()> {
        let signed_in = |record: &Record| matches!(record, Record::SignedIn { .. });
        let before = self.files.count(signed_in)?;
        display.type_text(number)?;
        display.keys(&["Return"])?;
        display.type_text(pin)?;
        display.keys(&["Return"])?;
        self.files.wait_for_count("somebody to sign in", before + 1, signed_in)
    }

    /// Waits until the journal has so many added lines.
    pub fn wait_for_lines(&self, count: usize) -> Result<()> {
        self.files
            .wait_for_count("lines in the basket", count, |record| matches!(record, Record::LineAdded { .. }))
    }

    /// Waits until the journal has so many sales.
    pub fn wait_for_sales(&self, count: usize) -> Result<()> {
        self.files
            .wait_for_count("a sale on disk", count, |record| matches!(record, Record::SaleCompleted { .. }))
    }
}

/// Opens the demo shop in a folder: HQ and one enrolled lane with its agent.
pub fn open_demo(folder: &Path) -> Result<(Headquarters, LaneFiles)> {
    std::fs::create_dir_all(folder)?;
    let file = folder.join("shop.json");
    std::fs::write(&file, goods::demo().import_json())?;
    let headquarters = Headquarters::open(&folder.join("hq"), &[&file])?;
    let mut files = LaneFiles::enrol(&folder.join("lane"), &headquarters, STORE, 1)?;
    files.wait_for_goods(0)?;
    Ok((headquarters, files))
}

/// A code of the demo shop's goods, by item code, as a scanner reads it.
pub fn code_of(sku: &str) -> Result<String> {
    let shop = goods::demo();
    let product = shop.products.iter().find(|product| product.sku == sku).context("find the item")?;
    let code = product.codes.first().cloned();
    ensure!(code.is_some(), "{sku} has no barcode");
    Ok(code.unwrap_or_default())
}

/// GS1's modulo-10 check digit of the digits before it, made here on its own:
/// the till's is what is tried.
pub fn check_digit(body: &str) -> u32 {
    let weighted = body.chars().rev().zip([3, 1].into_iter().cycle());
    let sum: u32 = weighted.filter_map(|(digit, weight)| Some(digit.to_digit(10)? * weight)).sum();
    (10 - sum % 10) % 10
}
