//! A million goods come to a lane as files while it sells: what HQ makes of
//! them, how long the lane's agent takes, and what a sale takes meanwhile.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::barcode::Gtin;
use domain::catalogue::Catalogue;
use domain::record::Record;
use fixtures::bench::{Effort, Report, quantile};
use fixtures::shop;
use hq::store::{Kind, Store, StoreError};
use ledger::journal::{Journal, Stamp};
use ledger::reference::Reference;
use protocol::pull::{Audience, PriceRow, PriceScope};
use sync_agent::core::Intervals;
use sync_agent::enrol::{Enrolling, enrol};
use sync_agent::hq::{Hq, LaneKey};
use sync_agent::shell;

use super::{runtime, serve};
use crate::bench::{a_sale, folder, one_day, waited};

/// Goods that come.
const GOODS: usize = 1_000_000;

/// Goods that the lane has before, by page.
const GOODS_BEFORE: usize = 5_000;

/// One in this many stands on two price lists.
const PRICED_EVERY: usize = 3;

/// Goods that are written at HQ at one time.
const CHUNK: usize = 50_000;

/// Between two sales: customers come one by one.
const PAUSE: Duration = Duration::from_millis(15);

/// Scans of a sale.
const SCANS: usize = 5;

/// Sales before the files come, and after them.
const SALES_BESIDE: usize = 600;

/// How long the agent may take before nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(900);

/// How often the size of the log is looked at.
const LOOK: Duration = Duration::from_millis(20);

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let goods = GOODS.min(effort.rounds_max * 1_000);
    let folder = folder()?;
    let data = folder.path().join("hq");
    let lane = folder.path().join("lane");
    std::fs::create_dir_all(&data)?;
    let day = one_day(folder.path(), 2_000)?;
    let books = Store::open(&data.join(hq::store::FILE_NAME))?;
    books.write::<_, StoreError>(|writing| writing.put_entity(Kind::Store, "S001", super::drain::SHOP))?;
    fill(&books, 0, GOODS_BEFORE.min(goods))?;
    let code = hq::enrolment::make_code(&books, "S001", 1, chrono::Utc::now().timestamp_millis())?;
    drop(books);
    let runtime = runtime()?;
    let running = runtime.block_on(serve(&data, None))?;
    let url = running.url();
    let enrolling = Enrolling { data: &lane, hq: &url, relay: None, ca: None, code: &code, replace: false };
    let identity = runtime.block_on(enrol(enrolling))?;
    level(&runtime, &lane)?;
    runtime.block_on(running.stop())?;

    let books = Store::open(&data.join(hq::store::FILE_NAME))?;
    fill(&books, GOODS_BEFORE, goods)?;
    books.tidy()?;
    drop(books);
    let running = runtime.block_on(serve(&data, None))?;
    let place = sync_agent::place::Place::new(&lane);
    let settings = place.settings()?.context("the lane is enrolled")?;
    place.set_settings(&sync_agent::place::Settings { hq: running.url(), ..settings })?;
    let key = place.key()?.context("the lane is enrolled")?;
    let key = LaneKey { store: identity.store.clone(), lane: identity.lane, key };
    let hq = Hq::new(&running.url())?;
    // HQ has begun to make it by itself.
    let (built, offer) = waited(|| runtime.block_on(hq.snapshot_offer(&key)));
    let offer = offer?;

    let mut till = Till::open(&lane, &identity, a_sale(&day)?)?;
    let never = AtomicBool::new(false);
    let mut beside = till.sell(SALES_BESIDE, &never)?;
    let (is_done, log_max) = (AtomicBool::new(false), AtomicU64::new(0));
    let (taken, mut meanwhile) = std::thread::scope(|scope| {
        let agent = scope.spawn(|| {
            let (ns, done) = waited(|| level(&runtime, &lane));
            is_done.store(true, Ordering::SeqCst);
            done.map(|()| ns)
        });
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                let log = std::fs::metadata(lane.join("reference.db-wal")).map_or(0, |log| log.len());
                log_max.fetch_max(log, Ordering::SeqCst);
                std::thread::sleep(LOOK);
            }
        });
        let meanwhile = till.sell(usize::MAX, &is_done);
        let taken = agent.join().map_err(|_| anyhow::anyhow!("the agent crashed"))??;
        anyhow::Ok((taken, meanwhile?))
    })?;
    beside.extend(till.sell(SALES_BESIDE, &never)?);
    ensure!(till.reference.version() >= offer.version(), "the till sells from the new goods");
    runtime.block_on(running.stop())?;

    let mb = |bytes: u64| i64::try_from(bytes / 1_000_000).unwrap_or(i64::MAX);
    let inflated = offer.parts.iter().map(|part| part.inflated_bytes).sum();
    let (built_ms, taken_ms) = (built / 1_000_000, taken / 1_000_000);
    report.add(
        format!("sync: a snapshot of {goods} goods on its way to a lane"),
        (mb(offer.bytes()), "MB"),
        ("MB before compression", mb(inflated)),
    );
    report.add(
        "sync: the same made at HQ",
        (built_ms, "ms"),
        ("got, made into a reference and put in by the lane's agent", taken_ms),
    );
    for (name, thousandths) in [("median", 500), ("99 %", 990)] {
        report.add(
            format!("sync: a sale of the lane meanwhile, {name}"),
            (quantile(&mut meanwhile, thousandths) / 1_000, "us"),
            ("the same before and after", quantile(&mut beside, thousandths) / 1_000),
        );
    }
    let file = std::fs::metadata(lane.join("reference.db"))?.len();
    report.note(format!(
        "snapshot: made in {}.{:01} s, in use after {}.{:01} s; {} sales meanwhile, {} beside; the lane's file has {} MB, its \
         log had {} MB at most.",
        built_ms / 1_000,
        built_ms % 1_000 / 100,
        taken_ms / 1_000,
        taken_ms % 1_000 / 100,
        meanwhile.len(),
        beside.len(),
        mb(file),
        mb(log_max.load(Ordering::SeqCst))
    ));
    Ok(())
}

/// Lets the lane's agent run until it is level with HQ.
fn level(runtime: &tokio::runtime::Runtime, lane: &Path) -> Result<()> {
    runtime.block_on(async {
        let config = shell::Config { data: lane.to_owned(), intervals: Intervals::default() };
        let agent = shell::start(config).await?;
        let mut status = agent.status();
        let level =
            status.wait_for(|status| status.version > 0 && status.version_at_hq == Some(status.version));
        tokio::time::timeout(PATIENCE, level).await.context("the lane is not level")??;
        Ok(agent.stop().await?)
    })
}

/// Writes goods at HQ, from one up to but not including another.
fn fill(books: &Store, from: usize, to: usize) -> Result<()> {
    let mut goods = shop::generate(1, to).enumerate().skip(from).peekable();
    while goods.peek().is_some() {
        let chunk: Vec<_> = goods.by_ref().take(CHUNK).collect();
        books.write::<_, StoreError>(|writing| {
            for (number, product) in &chunk {
                let body = serde_json::to_string(product).expect("plain data serialises");
                writing.put_entity(Kind::Product, &product.sku, &body)?;
                if number % PRICED_EVERY == 0 {
                    for audience in [Audience::Everyone, Audience::Members] {
                        writing.put_price(&PriceRow {
                            list: format!("{audience:?}"),
                            sku: product.sku.clone(),
                            unit: String::new(),
                            scope: PriceScope::Chain,
                            audience,
                            from_ms: 1_772_416_800_000,
                            until_ms: None,
                            price: product.price,
                        })?;
                    }
                }
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// A lane that sells: what its files take of a sale.
struct Till {
    reference: Reference,
    journal: Journal,
    sale: (Stamp, Record),
    codes: Vec<Gtin>,
    next: usize,
}

impl Till {
    fn open(lane: &Path, identity: &ledger::journal::Identity, sale: (Stamp, Record)) -> Result<Self> {
        let reference = Reference::open(&lane.join("reference.db"))?.context("the goods are there")?;
        let codes = shop::generate(1, GOODS_BEFORE)
            .filter_map(|product| Gtin::parse(product.codes.first()?).ok())
            .collect();
        Ok(Self {
            reference,
            journal: Journal::open(&lane.join("journal.db"), identity)?,
            sale,
            codes,
            next: 0,
        })
    }

    /// Sells so often, or until something is done; gives what each sale took,
    /// nanoseconds: the goods looked up in one version, and the commit.
    fn sell(&mut self, sales: usize, is_done: &AtomicBool) -> Result<Vec<i64>> {
        let mut times = Vec::new();
        while times.len() < sales && !is_done.load(Ordering::SeqCst) {
            if self.journal.wants_rest() {
                self.journal.tidy()?;
            }
            std::thread::sleep(PAUSE);
            let begun = Instant::now();
            self.reference.refresh()?;
            for _ in 0..SCANS {
                self.next += 1;
                let code = &self.codes[self.next * 97 % self.codes.len()];
                ensure!(self.reference.item_by_gtin(code)?.is_some(), "{} is there", code.as_str());
            }
            self.journal.append(std::slice::from_ref(&self.sale))?;
            times.push(i64::try_from(begun.elapsed().as_nanos())?);
        }
        Ok(times)
    }
}
