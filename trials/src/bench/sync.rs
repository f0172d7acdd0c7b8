//! What HQ takes in, beside what its database takes without it.

mod crowd;
mod drain;
mod filing;
mod phones;
mod price;
mod raw;
mod snapshot;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, bail};
use domain::record::Record;
use fixtures::bench::{Benchmark, Effort, Report};
use hq::secret::SecretHash;
use hq::server::{self, Config, Running};
use hq::store::{Address, LaneRow, Store};
use ledger::journal::Stamp;
use protocol::chain::ChainHash;
use protocol::event::{self, EVENT_VERSION, Event, Fact};
use protocol::push::encode_bare_batch;
use sync_agent::hq::LaneKey;

use super::one_day;

/// The benchmarks of HQ and the agent.
pub const ALL: &[Benchmark] = &[
    Benchmark {
        name: "sync-filing",
        about: "sales filed over HTTP, beside the same rows without HQ",
        run: filing::run,
    },
    Benchmark { name: "sync-drain", about: "a lane with 10,000 sales comes back", run: drain::run },
    Benchmark { name: "sync-price", about: "a change reaches a thousand lanes that listen", run: price::run },
    Benchmark {
        name: "sync-phones",
        about: "fifty phones ask for prices while six kiosks sell",
        run: phones::run,
    },
    Benchmark {
        name: "sync-snapshot",
        about: "a million goods come to a lane while it sells",
        run: snapshot::run,
    },
    Benchmark { name: "sync-crowd", about: "a thousand lanes come back at once", run: crowd::run },
];

/// The store of all lanes here.
const STORE: &str = "S001";

#[path = "../../../hq/tests/postgres/mod.rs"]
mod postgres_server;

/// A lane that HQ knows, and batches of its journal as they are sent.
struct Sender {
    lane: LaneRow,
    key: LaneKey,
    batches: Vec<Vec<u8>>,
    events: u64,
}

fn key_of(lane: u32) -> String {
    format!("key of lane {lane}")
}

fn row_of(lane: u32) -> LaneRow {
    LaneRow {
        store: STORE.to_owned(),
        lane,
        key_hash: SecretHash::of(&key_of(lane)),
        epoch: 1,
        enrolled_at_ms: 0,
    }
}

/// Facts that a till made, as events say them.
fn facts(records: &[(Stamp, Record)]) -> Vec<(Stamp, Fact)> {
    records.iter().map(|(stamp, record)| (*stamp, record.into())).collect()
}

/// Writes a journal of a lane out of facts, again from the first one on where
/// there are too few, in batches.
fn sender(lane: u32, facts: &[(Stamp, Fact)], events: usize, batch: usize) -> Result<Sender> {
    let mut batches = Vec::new();
    let mut head = ChainHash::genesis(STORE, lane, 1);
    let mut seq = 0;
    let mut left = events;
    let mut source = facts.iter().cycle();
    while left > 0 {
        let (previous, first_seq) = (head, seq + 1);
        let mut lines = Vec::new();
        for (stamp, fact) in source.by_ref().take(batch.min(left)) {
            seq += 1;
            let event = Event {
                v: EVENT_VERSION,
                store: STORE.to_owned(),
                lane,
                epoch: 1,
                seq,
                at_ms: stamp.at_ms,
                offset_minutes: stamp.offset_minutes,
                business_date: stamp.business_date,
                shift: stamp.shift,
                fact: fact.clone(),
            };
            let bytes = event::encode(&event);
            head = head.extend(&bytes);
            lines.push(bytes);
        }
        left -= lines.len();
        let lines = lines.iter().map(Vec::as_slice);
        let body = encode_bare_batch(1, first_seq, &previous, None, &head, lines);
        batches.push(zstd::encode_all(&body[..], 3)?);
    }
    let key = LaneKey { store: STORE.to_owned(), lane, key: key_of(lane) };
    Ok(Sender { lane: row_of(lane), key, batches, events: seq })
}

/// The sales of a day's facts.
fn sales_of(facts: &[(Stamp, Fact)]) -> Vec<(Stamp, Fact)> {
    facts.iter().filter(|(_, fact)| matches!(fact, Fact::SaleCompleted { .. })).cloned().collect()
}

/// Tells HQ of lanes without a code for each.
fn enrol(store: &Store, lanes: impl IntoIterator<Item = LaneRow>) -> Result<()> {
    for lane in lanes {
        store.write::<_, hq::store::StoreError>(|writing| writing.put_lane(&lane))?;
    }
    Ok(())
}

/// An HQ on a free port of this machine.
async fn serve(data: &Path, database: Option<Address>) -> Result<Running> {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Ok(server::start(Config { data: data.to_owned(), database, listen, address_file: None, tls: None })
        .await?)
}

/// Pushes all batches of a lane, one after the other.
async fn push_all(hq: &sync_agent::hq::Hq, sender: &Sender) -> Result<()> {
    let mut acknowledged = 0;
    for batch in &sender.batches {
        acknowledged = hq.push(&sender.key, batch.clone()).await.context("a push")?.acknowledged;
    }
    if acknowledged != sender.events {
        bail!("HQ has {acknowledged} events of {}", sender.events);
    }
    Ok(())
}

/// A runtime for HQ and those who talk to it, as the programs have one.
fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}

/// So many things in so many nanoseconds, by the second.
fn by_second(count: u64, ns: i64) -> i64 {
    let ns = i128::from(ns.max(1));
    i64::try_from(i128::from(count) * 1_000_000_000 / ns).unwrap_or(i64::MAX)
}

fn real_day(folder: &Path, effort: Effort) -> Result<Vec<(Stamp, Fact)>> {
    Ok(facts(&one_day(folder, (effort.rounds_max * 4).clamp(400, 4_000))?))
}

fn note_no_postgres(report: &mut Report) {
    report.note("PostgreSQL: not measured, no server is installed (apt-get install postgresql).");
}
