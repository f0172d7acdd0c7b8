//! An order of a channel before the real window of the real program: placed by HQ's API, picked by scanning, handed
//! over while HQ is off, and right in HQ's books when it is back. Pictures lie in `target/orders`.

// A journey asks for the records it is about, and for no others.
#![allow(clippy::wildcard_enum_match_arm)]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use domain::order::desk::{Missing, OrderDeed};
use domain::record::Record;
use ledger::reference::Reference;
use serde_json::{Value, json};
use tests::display::Display;
use tests::process::{program, run, wait_for};
use tests::shop::{Counter, Headquarters, LaneFiles, STORE, code_of, open_demo};

const WATER: &str = "100001";
const COLA: &str = "100010";
const JUICE: &str = "100028";

/// What a channel says to HQ.
struct Channel {
    address: String,
    key: String,
    asked: u32,
}

impl Channel {
    fn open(headquarters: &Headquarters, folder: &Path) -> Result<Self> {
        let scopes = "orders:read,orders:write,stock:read,sales:read";
        let made = run(Command::new(program("hq")?)
            .args(["key", "make", "channel", "--scopes", scopes])
            .arg("--data")
            .arg(folder.join("hq")))?;
        let key = made.split_whitespace().last().context("a key")?.to_owned();
        let address = headquarters.url().trim_start_matches("http://").to_owned();
        Ok(Self { address, key, asked: 0 })
    }

    fn ask(&mut self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.asked += 1;
        let body = if method == "GET" { String::new() } else { body.to_string() };
        let mut line = TcpStream::connect(&self.address)?;
        write!(
            line,
            "{method} {path} HTTP/1.1\r\nHost: hq\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
             Idempotency-Key: journey-{}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.key,
            self.asked,
            body.len()
        )?;
        let mut answer = String::new();
        line.read_to_string(&mut answer)?;
        let (head, body) = answer.split_once("\r\n\r\n").context("an answer")?;
        ensure!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        Ok(serde_json::from_str(body)?)
    }

    fn order(&mut self, act: &str, body: &Value) -> Result<Value> {
        self.ask("POST", &format!("/v1/stores/{STORE}/orders{act}"), body)
    }

    /// What the store has of an item, and what is reserved of it, thousandths.
    fn stock(&mut self, sku: &str) -> Result<(i64, i64)> {
        let stock = self.ask("GET", &format!("/v1/goods/{sku}/stock"), &Value::Null)?;
        let rows = stock["items"].as_array().context("rows")?;
        let row = rows.iter().find(|row| row["store"] == STORE);
        let number = |field: &str| row.and_then(|row| row[field].as_i64()).unwrap_or(0);
        Ok((number("on_hand"), number("reserved")))
    }
}

fn deeds(files: &LaneFiles) -> Result<Vec<OrderDeed>> {
    let records = files.records()?.into_iter();
    let deed = |record| if let Record::Order(done) = record { Some(done.deed) } else { None };
    Ok(records.filter_map(|stored| deed(stored.record)).collect())
}

/// So long a hand takes from one thing to the next; more than the till waits before it takes another Return.
const HAND: std::time::Duration = std::time::Duration::from_millis(1_300);

struct Journey {
    display: Display,
    counter: Counter,
    pictures: PathBuf,
    drawn: u32,
}

impl Journey {
    fn picture(&mut self, name: &str) -> Result<()> {
        self.drawn += 1;
        self.display.screenshot(&self.pictures.join(format!("{:02}-{name}.png", self.drawn))).map(drop)
    }

    fn keys(&self, names: &[&str]) -> Result<()> {
        self.display.calm()?;
        self.display.keys(names)
    }

    fn wait_for_deeds(&self, count: usize) -> Result<Vec<OrderDeed>> {
        wait_for("what is done with the order in the journal", || {
            let deeds = deeds(&self.counter.files)?;
            Ok((deeds.len() >= count).then_some(deeds))
        })
    }

    fn scan(&self, sku: &str, deeds: usize) -> Result<()> {
        self.display.calm()?;
        self.display.scan(&code_of(sku)?)?;
        self.wait_for_deeds(deeds).map(drop)
    }

    /// Opens the list by the menu: the row's number is typed.
    fn open_list(&self) -> Result<()> {
        self.keys(&["Tab"])?;
        // Return, price check and the rest stand before it; what stands where is the menu's own business.
        let down: Vec<&str> = std::iter::repeat_n("Down", self.row_of_orders()).collect();
        self.keys(&down)?;
        self.keys(&["Return"])
    }

    /// Where the menu has its orders with an empty basket and a shift: after the lists of receipts and payments.
    const fn row_of_orders(&self) -> usize {
        7
    }
}

#[test]
fn an_order_is_picked_short_and_handed_over_with_hq_off() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (mut headquarters, files) = open_demo(folder.path())?;
    let mut channel = Channel::open(&headquarters, folder.path())?;
    let mut counter = Counter::set_up(files, None)?;
    let display = Display::start(1_024, 768)?;
    counter.start_till(&display, "1024x768")?;
    counter.sign_in(&display, "101", "1234")?;
    let pictures = program("pos-app")?.ancestors().nth(2).context("find target")?.join("orders");
    std::fs::create_dir_all(&pictures)?;
    let mut journey = Journey { display, counter, pictures, drawn: 0 };

    let before = (channel.stock(WATER)?, channel.stock(JUICE)?);
    let now_ms = chrono::Utc::now().timestamp_millis();
    channel.order(
        "",
        &json!({
            "id": "mp-1", "channel": "mini_program", "currency": "CNY", "total": 1_050,
            "pick_up_code": "482915", "shown": "赵** *0001", "promised_ms": now_ms + 3_600_000,
            "lines": [
                { "line": 1, "sku": WATER, "quantity": 2_000, "net": 400, "tax_rate": 1_300 },
                { "line": 2, "sku": JUICE, "quantity": 1_000, "net": 650, "tax_rate": 1_300 },
            ],
        }),
    )?;
    channel.order("/mp-1/pay", &json!({ "amount": 1_050, "reference": "W1" }))?;
    wait_for("the order on the lane", || {
        let reference = Reference::open(&journey.counter.files.paths.reference())?.context("a reference")?;
        Ok((reference.orders()?.len() == 1).then_some(()))
    })?;
    // Nobody's telephone, and no code, lies on the lane.
    let told = std::fs::read(journey.counter.files.paths.reference())?;
    ensure!(!String::from_utf8_lossy(&told).contains("482915"), "the code itself is told to nobody");
    journey.picture("new")?;
    journey.open_list()?;
    journey.picture("list")?;
    journey.keys(&["Return"])?;
    journey.keys(&["Return"])?;
    journey.wait_for_deeds(1)?;
    journey.scan(WATER, 2)?;
    journey.scan(WATER, 3)?;
    journey.display.calm()?;
    journey.display.scan(&code_of(COLA)?)?;
    journey.picture("wrong-goods")?;
    ensure!(deeds(&journey.counter.files)?.len() == 3, "what nobody ordered went into the bag");
    // One water is broken, and the juice is not there.
    journey.keys(&["Up", "Tab", "1", "Return"])?;
    journey.wait_for_deeds(4)?;
    journey.scan(JUICE, 5)?;
    journey.picture("picked")?;
    journey.keys(&["F3", "F8"])?;
    journey.wait_for_deeds(6)?;
    journey.picture("ready")?;
    journey.counter.files.wait_for_acknowledgement()?;
    let ready = channel.ask("GET", &format!("/v1/stores/{STORE}/orders/mp-1"), &Value::Null)?;
    ensure!(ready["state"] == "picked" && ready["kept"] == 850 && ready["refunded"] == 200, "{ready}");

    headquarters.kill()?;
    journey.display.calm()?;
    journey.display.scan("482915")?;
    journey.picture("hand-over")?;
    // On a quick machine the scan's own Return comes within the second in which the till takes none after F8.
    std::thread::sleep(HAND);
    if deeds(&journey.counter.files)?.len() < 7 {
        journey.keys(&["Return"])?;
    }
    let done = journey.wait_for_deeds(7)?;
    journey.picture("handed-over")?;
    ensure!(done[6] == OrderDeed::HandedOver { code: "482915".into() }, "{done:?}");
    let missing = vec![Missing { line: 1, found: 1_000 }];
    ensure!(matches!(&done[5], OrderDeed::Ready { missing: found, .. } if *found == missing), "{done:?}");
    // The same code again, with HQ off and after a power cut: nothing is given out.
    journey.counter.kill_till()?;
    journey.counter.start_till(&journey.display, "1024x768")?;
    journey.counter.sign_in(&journey.display, "101", "1234")?;
    journey.open_list()?;
    journey.display.calm()?;
    journey.display.scan("482915")?;
    journey.display.calm()?;
    journey.display.scan("482915")?;
    journey.picture("again")?;
    ensure!(deeds(&journey.counter.files)?.len() == 7, "it was handed over twice");

    headquarters.start()?;
    journey.counter.files.wait_for_acknowledgement()?;
    let handed = channel.ask("GET", &format!("/v1/stores/{STORE}/orders/mp-1"), &Value::Null)?;
    ensure!(handed["state"] == "handed_over" && handed["kept"] == 850, "{handed}");
    let after = (channel.stock(WATER)?, channel.stock(JUICE)?);
    ensure!(after.0 == (before.0.0 - 1_000, before.0.1), "water {before:?} became {after:?}");
    ensure!(after.1 == (before.1.0 - 1_000, before.1.1), "juice {before:?} became {after:?}");
    let listed = channel.ask("GET", "/v1/exceptions", &Value::Null)?;
    ensure!(listed["items"] == json!([]), "{listed}");
    wait_for("the order to leave the lane", || {
        let reference = Reference::open(&journey.counter.files.paths.reference())?.context("a reference")?;
        Ok(reference.orders()?.is_empty().then_some(()))
    })?;
    journey.picture("gone")
}
