//! A lane with 72 hours of sales comes back: the real agent, HQ over HTTP, and
//! every byte between them counted on its way.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::record::Record;
use fixtures::bench::{Effort, Report};
use hq::store::{Address, Kind, Store};
use ledger::journal::{Identity, Journal, Stamp};
use sync_agent::core::Intervals;
use sync_agent::enrol::{Enrolling, enrol};
use sync_agent::shell;
use tokio::net::{TcpListener, TcpStream};

use super::postgres_server::Server;
use super::{by_second, runtime, serve};
use crate::bench::{folder, one_day, waited};

/// Sales of 72 hours.
const SALES: usize = 10_000;

/// Records that are written at one time.
const CHUNK: usize = 500;

/// How long the agent may take before nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(300);

pub(super) const SHOP: &str = concat!(
    r#"{"code":"S001","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥","#,
    r#""currency_exponent":2,"cash_rounding":1}"#
);

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let sales = SALES.min(effort.rounds_max * 10);
    let folder = folder()?;
    let records = one_day(folder.path(), 4_000)?;
    match Server::start() {
        Ok(server) => {
            let address = Address { url: server.database(), authority: None };
            on(report, "PostgreSQL", Some(address), &records, sales)?;
        }
        Err(_) => super::note_no_postgres(report),
    }
    on(report, "SQLite", None, &records, sales)
}

fn on(
    report: &mut Report,
    engine: &str,
    database: Option<Address>,
    records: &[(Stamp, Record)],
    sales: usize,
) -> Result<()> {
    let folder = folder()?;
    let data = folder.path().join("hq");
    std::fs::create_dir_all(&data)?;
    let store = match &database {
        Some(address) => Store::connect(address)?,
        None => Store::open(&data.join(hq::store::FILE_NAME))?,
    };
    store.write::<_, hq::store::StoreError>(|writing| writing.put_entity(Kind::Store, "S001", SHOP))?;
    let code = hq::enrolment::make_code(&store, "S001", 1, now_ms())?;
    drop(store);
    let runtime = runtime()?;
    let lane = folder.path().join("lane");
    let (running, line) = runtime.block_on(async {
        let running = serve(&data, database).await?;
        let line = Line::to(running.address()).await?;
        anyhow::Ok((running, line))
    })?;
    let url = format!("http://{}", line.address);
    let identity = runtime.block_on(enrol(Enrolling {
        data: &lane,
        hq: &url,
        relay: None,
        ca: None,
        code: &code,
        replace: false,
    }))?;
    let events = write_journal(&lane, &identity, records, sales)?;
    line.up.store(0, Ordering::Relaxed);
    let intervals = Intervals::default();
    let (ns, done) = waited(|| {
        runtime.block_on(async {
            let agent = shell::start(shell::Config { data: lane.clone(), intervals }).await?;
            let mut status = agent.status();
            let level = status.wait_for(|status| {
                status.filed.is_some_and(|filed| filed.acknowledged >= events) && status.backlog() == 0
            });
            tokio::time::timeout(PATIENCE, level).await.context("the lane is not level")??;
            agent.stop().await?;
            anyhow::Ok(())
        })
    });
    done?;
    runtime.block_on(running.stop())?;
    let sent = i64::try_from(line.up.load(Ordering::Relaxed))?;
    let count = u64::try_from(sales)?;
    report.add(
        format!("sync: a lane with {sales} sales drains, {engine}"),
        (ns / 1_000_000, "ms"),
        ("the limit", 5_000),
    );
    report.add(
        format!("sync: bytes a sale on the wire, all of its events, {engine}"),
        (sent / i64::try_from(count)?, "B"),
        ("the limit", 200),
    );
    report.note(format!(
        "drain, {engine}: {events} events of {sales} sales, {sent} bytes up, {} events/s.",
        by_second(events, ns)
    ));
    Ok(())
}

fn now_ms() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// Writes real records again and again until there are so many sales; gives
/// how many events that is.
fn write_journal(
    lane: &std::path::Path,
    identity: &Identity,
    records: &[(Stamp, Record)],
    sales: usize,
) -> Result<u64> {
    let mut left = sales;
    let mut chosen = Vec::new();
    for (stamp, record) in records.iter().cycle() {
        if left == 0 {
            break;
        }
        if matches!(record, Record::SaleCompleted { .. }) {
            left -= 1;
        }
        chosen.push((*stamp, record.clone()));
        if chosen.len() > 200 * sales {
            bail!("no sales among the records");
        }
    }
    let path = lane.join("journal.db");
    let mut journal = Journal::open(&path, identity)?;
    for chunk in chosen.chunks(CHUNK) {
        journal.append(chunk)?;
    }
    Ok(journal.head().seq)
}

/// A line that counts what goes up it.
struct Line {
    address: std::net::SocketAddr,
    up: Arc<AtomicU64>,
}

impl Line {
    async fn to(server: std::net::SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let up = Arc::new(AtomicU64::new(0));
        let counted = up.clone();
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let counted = counted.clone();
                tokio::spawn(async move {
                    let Ok(far) = TcpStream::connect(server).await else { return };
                    let _ = near.set_nodelay(true);
                    let _ = far.set_nodelay(true);
                    carry(near, far, &counted).await;
                });
            }
        });
        Ok(Self { address, up })
    }
}

/// Carries bytes both ways until one side ends.
async fn carry(near: TcpStream, far: TcpStream, up: &AtomicU64) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let (mut near_in, mut near_out) = near.into_split();
    let (mut far_in, mut far_out) = far.into_split();
    let going_up = async {
        let mut bytes = vec![0; 64 << 10];
        while let Ok(length @ 1..) = near_in.read(&mut bytes).await {
            up.fetch_add(length as u64, Ordering::Relaxed);
            if far_out.write_all(&bytes[..length]).await.is_err() {
                break;
            }
        }
    };
    let coming_down = async {
        let _ = tokio::io::copy(&mut far_in, &mut near_out).await;
    };
    tokio::select! {
        () = going_up => {}
        () = coming_down => {}
    }
}
