//! A price changes at HQ while a thousand lanes listen: how long until the
//! last of them has it. Some of them write it into a reference of their own, from which their till would sell; a thousand
//! files on one disk are no chain's.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use domain::catalogue::Catalogue;
use fixtures::bench::{Effort, Report, quantile};
use hq::store::{Address, Kind, Store, StoreError};
use ledger::reference::Reference;
use sync_agent::core::{Action, Beginning, Core, Input, Intervals, PullAction, PullInput};
use sync_agent::hq::{Hq, LaneKey, PageTold, parse_page};
use sync_agent::reference::ReferenceDesk;
use tokio::sync::mpsc;

use super::postgres_server::Server;
use super::{STORE, enrol, key_of, row_of, runtime, serve};
use crate::bench::folder;

/// Lanes that listen at one time.
const LANES: u32 = 1_000;

/// Lanes that have a reference of their own.
const LANES_WITH_FILES: u32 = 20;

/// The goods whose price changes.
const SKU: &str = "100001";

/// What they cost before and after, minor units.
const PRICES: [i64; 2] = [250, 199];

/// How long the last lane may take before nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(60);

/// The timer must not be what brings the price.
const INTERVALS: Intervals = Intervals { push_ms: 600_000, pull_ms: 600_000 };

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let lanes = LANES.min(u32::try_from(effort.rounds_max)?);
    let folder = folder()?;
    match Server::start() {
        Ok(server) => {
            let address = Address { url: server.database(), authority: None };
            on(report, "PostgreSQL", &folder.path().join("postgres"), Some(address), lanes)?;
        }
        Err(_) => super::note_no_postgres(report),
    }
    on(report, "SQLite", &folder.path().join("sqlite"), None, lanes)
}

fn on(report: &mut Report, engine: &str, data: &Path, database: Option<Address>, lanes: u32) -> Result<()> {
    std::fs::create_dir_all(data)?;
    let open = || match &database {
        Some(address) => Store::connect(address),
        None => Store::open(&data.join(hq::store::FILE_NAME)),
    };
    let store = open()?;
    enrol(&store, (1..=lanes).map(row_of))?;
    let product = format!(
        r#"{{"sku":"{SKU}","name_zh":"水","name_en":"Water","price":{},"tax_rate":1300}}"#,
        PRICES[0]
    );
    store.write::<_, StoreError>(|writing| {
        writing.put_entity(Kind::Store, STORE, super::drain::SHOP)?;
        writing.put_entity(Kind::Product, SKU, &product)
    })?;
    drop(store);
    let runtime = runtime()?;
    let mut times = runtime.block_on(async {
        let running = serve(data, database.clone()).await?;
        let level = Arc::new(AtomicUsize::new(0));
        let (told, mut having) = mpsc::channel(lanes as usize);
        // Every request that waits has a connection of its own.
        let hq = Hq::new(&running.url())?;
        let mut following = tokio::task::JoinSet::new();
        for lane in 1..=lanes {
            let reference = (lane <= LANES_WITH_FILES).then(|| data.join(format!("lane-{lane}.db")));
            following.spawn(follow((hq.clone(), lane), reference, level.clone(), told.clone()));
        }
        drop(told);
        let begun = Instant::now();
        while level.load(Ordering::SeqCst) < lanes as usize {
            ensure!(begun.elapsed() < PATIENCE, "the lanes are not level");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // Through the server itself, as an operator does.
        let begun = Instant::now();
        change(data.to_owned()).await?;
        let mut times = Vec::new();
        while times.len() < lanes as usize {
            let next =
                tokio::time::timeout(PATIENCE, having.recv()).await.context("the price does not come")?;
            next.context("a lane ended")?;
            times.push(i64::try_from(begun.elapsed().as_millis())?);
        }
        while let Some(ended) = following.join_next().await {
            ended??;
        }
        running.stop().await?;
        anyhow::Ok(times)
    })?;
    let last = times.iter().copied().max().unwrap_or(0);
    report.add(
        format!("sync: a price changed at HQ is with the last of {lanes} lanes, {engine}"),
        (last, "ms"),
        ("the limit", 2_000),
    );
    report.note(format!("price, {engine}: half of the lanes after {} ms.", quantile(&mut times, 500)));
    Ok(())
}

/// A lane as its agent is: hints move the core, the core asks for pages, which go into its reference where it has one.
async fn follow(
    (hq, lane): (Hq, u32),
    reference: Option<PathBuf>,
    level: Arc<AtomicUsize>,
    told: mpsc::Sender<()>,
) -> Result<()> {
    let desk = reference.as_deref().map(ReferenceDesk::open).transpose()?;
    let key = LaneKey { store: STORE.to_owned(), lane, key: key_of(lane) };
    let begun = Instant::now();
    let now_ms = || i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX);
    let beginning = Beginning { version: 0, is_outdated: false, intervals: INTERVALS, seed: u64::from(lane) };
    let mut core = Core::new(0, beginning);
    let (hint, mut hints) = mpsc::channel(16);
    let (listener, listening) = (hq.clone(), key.clone());
    tokio::spawn(async move { listener.hints(&listening, |version| hint.try_send(version).is_ok()).await });
    let mut committed = 0;
    let (mut heard, mut counted) = (false, false);
    loop {
        while let Some(action) = core.poll(now_ms()) {
            let input = match action {
                Action::Push(_) => continue,
                Action::Pull(PullAction::Page { after, opening, .. }) => {
                    let page = parse_page(&hq.page(&key, after, PageTold::default()).await?)?;
                    let is_open = match &desk {
                        Some(desk) => desk.page(opening, page.changes).await??,
                        None => page.head.through != after,
                    };
                    PullInput::Page {
                        through: page.head.through,
                        latest: page.head.latest,
                        more: page.head.more,
                        is_open,
                    }
                }
                Action::Pull(PullAction::Commit { version }) => {
                    if let Some(desk) = &desk {
                        desk.commit(version).await??;
                    }
                    committed += 1;
                    PullInput::Committed
                }
                Action::Pull(PullAction::Snapshot) => bail!("there is little to get"),
                Action::Pull(PullAction::Abandon) => PullInput::Abandoned,
            };
            core.handle(now_ms(), Input::Pull(input));
            if let (1.., Some(path)) = (committed, &reference) {
                let sold = Reference::open(path)?.context("the lane's reference")?.item_by_sku(SKU)?;
                let price = sold.context("the goods")?.price.minor();
                ensure!(price == PRICES[usize::from(committed > 1)], "lane {lane} would sell for {price}");
            }
            if committed == 2 {
                let _ = told.send(()).await;
                return Ok(());
            }
        }
        if heard && committed == 1 && !counted {
            counted = true;
            level.fetch_add(1, Ordering::SeqCst);
        }
        let wait =
            core.deadline().map_or(1_000, |deadline| deadline.saturating_sub(now_ms()).clamp(0, 1_000));
        tokio::select! {
            Some(version) = hints.recv() => {
                core.handle(now_ms(), Input::Hint { version });
                heard = true;
            }
            () = tokio::time::sleep(Duration::from_millis(u64::try_from(wait)?)) => {}
        }
    }
}

/// Sets the other price, through the running server.
async fn change(data: PathBuf) -> Result<()> {
    let price = format!("{}.{:02}", PRICES[1] / 100, PRICES[1] % 100);
    let command = hq::command::Command::Price { sku: SKU.to_owned(), price };
    let done = tokio::task::spawn_blocking(move || hq::command::run(&data, None, &command, 0, &mut |_| {}));
    done.await??;
    Ok(())
}
