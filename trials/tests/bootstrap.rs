//! A lane's first goods, and those of a lane that slept too long: the real HQ,
//! a relay, and the real agent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::catalogue::Catalogue;
use hq::feed::{self, DELETIONS_KEPT_DAYS, SNAPSHOT_CHANGES_MIN};
use hq::relay;
use hq::server::{self, Config, Running};
use hq::store::{Kind, Store, StoreError};
use ledger::reference::{AgentWatch, Reference};
use sync_agent::core::Intervals;
use sync_agent::enrol::{Enrolling, enrol};
use sync_agent::shell::{self, Agent};

/// So many goods come as files.
const MANY: u64 = SNAPSHOT_CHANGES_MIN + 500;

/// So many in two pages.
const TWO_PAGES: u64 = 15_000;

/// So many by page.
const FEW: u64 = 20;

const DAY_MS: i64 = 86_400_000;

/// How long a lane may take before nobody waits any more.
const PATIENCE: Duration = Duration::from_secs(120);

const SHOP: &str = concat!(
    r#"{"code":"S001","name_zh":"一店","name_en":"One","currency":"CNY","currency_symbol":"¥","#,
    r#""currency_exponent":2,"cash_rounding":1}"#
);

fn product(sku: u64) -> String {
    format!(
        r#"{{"sku":"{sku}","name_zh":"货{sku}","name_en":"Goods","price":{},"tax_rate":1300,"codes":["{:013}"]}}"#,
        100 + sku,
        690_000_000_000_u64 + sku
    )
}

struct Chain {
    folder: tempfile::TempDir,
}

impl Chain {
    /// An HQ of one store with so many goods.
    fn open(goods: u64) -> Self {
        let chain = Self { folder: tempfile::tempdir().expect("a folder") };
        std::fs::create_dir_all(chain.data()).expect("a folder");
        chain.write(|writing| {
            writing.put_entity(Kind::Store, "S001", SHOP)?;
            for sku in 1..=goods {
                writing.put_entity(Kind::Product, &sku.to_string(), &product(sku))?;
            }
            Ok(())
        });
        chain
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("hq")
    }

    fn books(&self) -> Store {
        Store::open(&self.data().join(hq::store::FILE_NAME)).expect("a database")
    }

    /// Writes while no server runs.
    fn write(&self, change: impl FnMut(&hq::store::Writing<'_>) -> Result<(), StoreError>) {
        self.books().write(change).expect("written");
    }

    async fn serve(&self) -> Running {
        let listen = ([127, 0, 0, 1], 0).into();
        let config = Config { data: self.data(), database: None, listen, address_file: None, tls: None };
        server::start(config).await.expect("HQ")
    }

    fn lane(&self, lane: u32) -> PathBuf {
        self.folder.path().join(format!("lane{lane}"))
    }

    async fn enrol(&self, lane: u32, hq: &str, relay: Option<&str>, code: &str) {
        let data = self.lane(lane);
        let enrolling = Enrolling { data: &data, hq, relay, ca: None, code, replace: false };
        enrol(enrolling).await.expect("enrolled");
    }
}

async fn start(data: &Path) -> Agent {
    let intervals = Intervals { push_ms: 1_000, pull_ms: 500 };
    shell::start(shell::Config { data: data.to_owned(), intervals }).await.expect("an agent")
}

/// Lets an agent run until it is level with HQ.
async fn until_level(data: &Path) {
    let agent = start(data).await;
    let mut status = agent.status();
    let level = status.wait_for(|status| {
        status.version > 0 && status.version_at_hq == Some(status.version) && status.pull_alarm.is_none()
    });
    tokio::time::timeout(PATIENCE, level).await.expect("the lane is level").expect("the agent runs");
    agent.stop().await.expect("stopped");
}

fn has(data: &Path, sku: u64) -> Option<i64> {
    let goods = Reference::open(&data.join("reference.db")).expect("opened").expect("there");
    goods.item_by_sku(&sku.to_string()).expect("read").map(|item| item.price.minor())
}

fn files_in(folder: &Path) -> usize {
    std::fs::read_dir(folder).expect("a folder").count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lanes_goods_come_as_files_and_over_the_stores_line_once() {
    let chain = Chain::open(MANY);
    let codes: Vec<String> = (1..=2)
        .map(|lane| hq::enrolment::make_code(&chain.books(), "S001", lane, now_ms()).expect("a code"))
        .collect();
    let hq = chain.serve().await;
    let relay = relay::start(relay::Config {
        data: chain.folder.path().join("relay"),
        store: "S001".into(),
        upstream: hq.url(),
        root: None,
        listen: ([127, 0, 0, 1], 0).into(),
        address_file: None,
        tls: None,
    })
    .await
    .expect("a relay");
    for (lane, code) in (1..).zip(&codes) {
        chain.enrol(lane, &hq.url(), Some(&relay.url()), code).await;
        let data = chain.lane(lane);
        until_level(&data).await;
        assert_eq!(has(&data, MANY), Some(100 + i64::try_from(MANY).expect("a price")), "lane {lane}");
        assert!(!data.join("reference-coming").exists() && !data.join("reference-next.db").exists());
        let state = AgentWatch::open(&data.join("reference.db")).expect("opened").expect("there").state();
        assert_eq!(state.expect("read").identity.map(|identity| identity.lane), Some(lane));
    }
    // The chain's and the store's.
    assert_eq!(files_in(&chain.data().join("snapshots")), 2);
    assert_eq!(files_in(&chain.folder.path().join("relay/snapshots")), 2);
    relay.stop().await.expect("stopped");
    hq.stop().await.expect("stopped");
}

/// A lane was switched off, something was deleted soon after, and today, so
/// many days later, the lane is switched on.
async fn sleep_for(goods: u64, days: i64) -> (Option<i64>, Option<i64>, PathBuf, Chain) {
    let chain = Chain::open(goods);
    let code = hq::enrolment::make_code(&chain.books(), "S001", 1, now_ms()).expect("a code");
    feed::forget_deletions(&chain.books(), now_ms() - (days + 1) * DAY_MS).expect("noted");
    let hq = chain.serve().await;
    chain.enrol(1, &hq.url(), None, &code).await;
    let data = chain.lane(1);
    until_level(&data).await;
    hq.stop().await.expect("stopped");
    assert_eq!(has(&data, 7), Some(107));
    chain.write(|writing| {
        writing.delete_entity(Kind::Product, "7")?;
        writing.put_entity(Kind::Product, "8", &product(8).replace("\"price\":108", "\"price\":99")).map(drop)
    });
    for ago in [days, 0] {
        feed::forget_deletions(&chain.books(), now_ms() - ago * DAY_MS).expect("done");
    }
    let hq = chain.serve().await;
    // Where it was enrolled is where it asks.
    let settings = sync_agent::place::Place::new(&data);
    let known = settings.settings().expect("read").expect("enrolled");
    settings.set_settings(&sync_agent::place::Settings { hq: hq.url(), ..known }).expect("written");
    until_level(&data).await;
    hq.stop().await.expect("stopped");
    (has(&data, 7), has(&data, 8), data, chain)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_slept_longer_than_deletions_are_kept_misses_none() {
    for goods in [FEW, MANY] {
        let (deleted, changed, data, chain) = sleep_for(goods, DELETIONS_KEPT_DAYS).await;
        assert_eq!((deleted, changed), (None, Some(99)), "{goods} goods");
        let gone = chain.books().read(|reading| reading.deletions_forgotten()).expect("read");
        assert!(gone > goods + 1, "the deletion itself is forgotten at HQ");
        let watch = AgentWatch::open(&data.join("reference.db")).expect("opened").expect("there");
        assert!(watch.state().expect("read").identity.is_some(), "the lane is who it was");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_lane_gets_goods_of_long_ago_by_page() {
    let chain = Chain::open(TWO_PAGES);
    let code = hq::enrolment::make_code(&chain.books(), "S001", 1, now_ms()).expect("a code");
    for ago in [DELETIONS_KEPT_DAYS, 0] {
        feed::forget_deletions(&chain.books(), now_ms() - ago * DAY_MS).expect("done");
    }
    let gone = chain.books().read(|reading| reading.deletions_forgotten()).expect("read");
    assert!(gone > TWO_PAGES, "all of it is older than what HQ remembers of deletions");
    let hq = chain.serve().await;
    chain.enrol(1, &hq.url(), None, &code).await;
    let data = chain.lane(1);
    until_level(&data).await;
    hq.stop().await.expect("stopped");
    let last = 100 + i64::try_from(TWO_PAGES).expect("a price");
    assert_eq!((has(&data, 1), has(&data, TWO_PAGES)), (Some(101), Some(last)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lane_that_slept_less_goes_on_where_it_was() {
    let (deleted, changed, _, chain) = sleep_for(FEW, DELETIONS_KEPT_DAYS - 1).await;
    assert_eq!((deleted, changed), (None, Some(99)));
    let gone = chain.books().read(|reading| reading.deletions_forgotten()).expect("read");
    assert!(gone <= FEW + 1, "the deletion is still told");
}

fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
