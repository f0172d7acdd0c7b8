//! Fifty customers scan with their phones while six kiosks sell: how long a phone waits for a price, of HQ and of the
//! store's relay.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use fixtures::bench::{Effort, Report, quantile};
use fixtures::shop;
use hq::audit;
use hq::command::{self, Command, Outcome, execute};
use hq::relay;
use hq::store::Store;
use ledger::journal::Stamp;
use protocol::event::Fact;
use serde_json::{Value, json};
use sync_agent::hq::Hq;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};

use super::{STORE, Sender, enrol, real_day, row_of, runtime, sales_of, sender, serve};
use crate::bench::folder;

/// Customers at one time.
const PHONES: u8 = 50;
/// Kiosks that push what they sell meanwhile.
const KIOSKS: u32 = 6;
/// What each customer scans.
const SCANS: usize = 20;
/// Between two scans of one customer: they walk, take something from the shelf, and hold it to the camera.
const STEPS: Duration = Duration::from_millis(1_500);
/// What a scan's price may take.
const GOAL_US: i64 = 100_000;
/// Between two sales of one kiosk.
const SALE: Duration = Duration::from_secs(5);

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = folder()?;
    let data = folder.path().join("hq");
    std::fs::create_dir_all(&data)?;
    let token = open_shop(&data)?;
    let goods = shop::demo();
    let codes: Vec<String> = goods
        .products
        .iter()
        .filter(|product| !product.weighed && !product.age_restricted && !product.codes.is_empty())
        .map(|product| product.codes[0].clone())
        .collect();
    let scans = SCANS.min(effort.rounds_max);
    ensure!(codes.len() >= scans, "too few goods with a code");
    let sales = sales_of(&real_day(folder.path(), effort)?);
    let runtime = runtime()?;
    for by in [By::Hq, By::Relay] {
        let serving = Serving { by, data: &data, token: &token };
        let (mut first, mut times) =
            runtime.block_on(crowd(&serving, &codes, scans, kiosks_of(&sales, scans)?))?;
        let beside = ("what a price may take", GOAL_US);
        let of = by.name();
        report.add(
            format!("phones{of}: a scan's price, {PHONES} phones and {KIOSKS} kiosks, median"),
            (quantile(&mut times, 500), "us"),
            beside,
        );
        report.add(
            format!("phones{of}: a scan's price, {PHONES} phones and {KIOSKS} kiosks, 99 %"),
            (quantile(&mut times, 990), "us"),
            beside,
        );
        let slowest = (quantile(&mut first, 1_000), "us");
        report.add(format!("phones{of}: the first price of each, slowest"), slowest, beside);
    }
    Ok(())
}

/// Who tells phones prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Hq,
    /// The store's relay, through which its kiosks push as well.
    Relay,
}

impl By {
    fn name(self) -> &'static str {
        match self {
            Self::Hq => "",
            Self::Relay => " at the relay",
        }
    }
}

/// Who serves phones, and the link at the entrance.
struct Serving<'a> {
    by: By,
    data: &'a Path,
    token: &'a str,
}

fn kiosks_of(sales: &[(Stamp, Fact)], scans: usize) -> Result<Vec<Sender>> {
    (1..=KIOSKS).map(|lane| sender(lane, sales, scans, 1)).collect()
}

/// All customers and kiosks at once: how long the first price of each customer took, and every price, microseconds.
async fn crowd(
    serving: &Serving<'_>,
    codes: &[String],
    scans: usize,
    kiosks: Vec<Sender>,
) -> Result<(Vec<i64>, Vec<i64>)> {
    let running = serve(serving.data, None).await?;
    let relay = match serving.by {
        By::Hq => None,
        By::Relay => Some(start_relay(serving.data, &running.url()).await?),
    };
    let (url, address) = match &relay {
        Some(relay) => (relay.url(), relay.address()),
        None => (running.url(), running.address()),
    };
    let hq = Hq::new(&url)?;
    let selling: Vec<_> = kiosks.into_iter().map(|kiosk| tokio::spawn(sell(hq.clone(), kiosk))).collect();
    let customers: Vec<_> = (0..PHONES)
        .map(|number| {
            let own = codes.iter().cycle().skip(usize::from(number) * 7).take(scans).cloned().collect();
            tokio::spawn(shop_with(number, address, serving.token.to_owned(), own))
        })
        .collect();
    let (mut first, mut times) = (Vec::new(), Vec::new());
    for customer in customers {
        let own = customer.await??;
        first.extend(own.first());
        times.extend(own);
    }
    for kiosk in selling {
        // What it has not sold by now it need not sell.
        kiosk.abort();
    }
    if let Some(relay) = relay {
        relay.stop().await?;
    }
    running.stop().await?;
    Ok((first, times))
}

/// A relay that was enrolled and has the store's goods.
async fn start_relay(data: &Path, upstream: &str) -> Result<relay::Running> {
    let own = data.with_file_name("relay");
    let asked = data.to_owned();
    let enrol = Command::EnrolRelay { store: STORE.to_owned() };
    let now_ms = chrono::Utc::now().timestamp_millis();
    let outcome =
        tokio::task::spawn_blocking(move || command::run(&asked, None, &enrol, now_ms, &mut |_| ()))
            .await??;
    let Outcome::Code { code } = outcome else { anyhow::bail!("HQ made no code") };
    let (store, upstream) = (STORE.to_owned(), upstream.to_owned());
    let enrol = relay::EnrolConfig {
        data: own.clone(),
        store: store.clone(),
        upstream: upstream.clone(),
        root: None,
        code,
    };
    relay::enrol(enrol).await?;
    let listen = ([127, 0, 0, 1], 0).into();
    let config =
        relay::Config { data: own, store, upstream, root: None, listen, address_file: None, tls: None };
    let relay = relay::start(config).await?;
    for _ in 0..600 {
        if health(relay.address()).await?.go.is_some_and(|go| go.signs) {
            return Ok(relay);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    anyhow::bail!("the relay has no goods after a minute")
}

async fn health(address: SocketAddr) -> Result<relay::Health> {
    let mut line = TcpStream::connect(address).await?;
    line.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut answer = String::new();
    line.read_to_string(&mut answer).await?;
    let (_, body) = answer.split_once("\r\n\r\n").context("an answer")?;
    Ok(serde_json::from_str(body)?)
}

/// An HQ with the demo shop, and the token of a link at its entrance.
fn open_shop(data: &Path) -> Result<String> {
    let file = data.join("shop.json");
    std::fs::write(&file, shop::demo().import_json())?;
    let store = Store::open(&data.join(hq::store::FILE_NAME))?;
    enrol(&store, (1..=KIOSKS).map(row_of))?;
    let by = audit::By::command_line();
    let now_ms = chrono::Utc::now().timestamp_millis();
    execute(
        &store,
        &by,
        &Command::Import { path: file, replace: false, dry_run: false },
        now_ms,
        &mut |_| (),
    )?;
    let link = Command::ScanGoLink { store: STORE.to_owned(), days: 1 };
    let Outcome::ScanGoLink { path } = execute(&store, &by, &link, now_ms, &mut |_| ())? else {
        anyhow::bail!("HQ made no link");
    };
    Ok(path.split_once("?k=").context("a token")?.1.to_owned())
}

/// One kiosk: its agent pushes each sale as it is made.
async fn sell(hq: Hq, kiosk: Sender) -> Result<()> {
    for batch in &kiosk.batches {
        hq.push(&kiosk.key, batch.clone()).await.context("a push")?;
        tokio::time::sleep(SALE).await;
    }
    Ok(())
}

/// One customer: a basket that grows, asked for whole at each scan, as the page does. Gives how long each price took,
/// microseconds.
async fn shop_with(number: u8, address: SocketAddr, token: String, codes: Vec<String>) -> Result<Vec<i64>> {
    // Phones come from addresses of their own.
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::from(([127, 0, 1, number + 1], 0)))?;
    let mut line = BufReader::new(socket.connect(address).await?);
    let device = format!("{number:032x}");
    // They did not come in together.
    tokio::time::sleep(STEPS / u32::from(PHONES) * u32::from(number)).await;
    let mut times = Vec::with_capacity(codes.len());
    for count in 1..=codes.len() {
        let lines: Vec<Value> =
            codes[..count].iter().map(|code| json!({ "code": code, "pieces": 1 })).collect();
        let body = json!({ "device": device, "offset_minutes": 480, "lines": lines }).to_string();
        let began = Instant::now();
        let answer = ask(&mut line, &token, &body).await?;
        times.push(i64::try_from(began.elapsed().as_micros())?);
        let priced = answer["lines"].as_array().map_or(0, Vec::len);
        ensure!(priced == count, "{priced} lines of {count} are priced: {answer}");
        tokio::time::sleep(STEPS).await;
    }
    Ok(times)
}

/// One request on a line that stays open.
async fn ask(line: &mut BufReader<TcpStream>, token: &str, body: &str) -> Result<Value> {
    let request = format!(
        "POST /v1/go/{STORE}/prices HTTP/1.1\r\nhost: hq\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    line.write_all(request.as_bytes()).await?;
    let (mut status, mut length) = (String::new(), 0);
    line.read_line(&mut status).await?;
    loop {
        let mut header = String::new();
        line.read_line(&mut header).await?;
        let header = header.trim().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = bytes.trim().parse()?;
        }
    }
    let mut answer = vec![0; length];
    line.read_exact(&mut answer).await?;
    ensure!(status.contains(" 200 "), "{status}{}", String::from_utf8_lossy(&answer));
    Ok(serde_json::from_slice(&answer)?)
}
