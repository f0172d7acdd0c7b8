//! A thousand lanes come back at one moment after a day without a line.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fixtures::bench::{Effort, Report, quantile};
use hq::store::{Address, Store};
use protocol::push::PushAnswer;
use sync_agent::hq::{Hq, RequestError};

use super::postgres_server::Server;
use super::{Sender, enrol, real_day, row_of, runtime, sender, serve};
use crate::bench::{folder, waited};

/// Lanes at one time.
const LANES: u32 = 1_000;

/// Events of a lane's day: some hundred sales with their baskets.
const EVENTS: usize = 600;

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let lanes = LANES.min(u32::try_from(effort.rounds_max)?);
    let folder = folder()?;
    let day = real_day(folder.path(), effort)?;
    let server = match Server::start() {
        Ok(server) => server,
        Err(_) => {
            super::note_no_postgres(report);
            return Ok(());
        }
    };
    let address = Address { url: server.database(), authority: None };
    enrol(&Store::connect(&address)?, (1..=lanes).map(row_of))?;
    let senders = (1..=lanes).map(|lane| sender(lane, &day, EVENTS, EVENTS)).collect::<Result<Vec<_>>>()?;
    let runtime = runtime()?;
    let running = runtime.block_on(serve(&folder.path().join("hq"), Some(address)))?;
    let before = memory_kib()?;
    // Every request that waits has a connection of its own.
    let hq = Hq::new(&running.url())?;
    let (ns, done) = waited(|| {
        runtime.block_on(async {
            let coming = senders.iter().map(|sender| come_back(&hq, sender));
            futures_util::future::try_join_all(coming).await
        })
    });
    let ends = done?;
    let after = memory_kib()?;
    runtime.block_on(running.stop())?;
    let mut times: Vec<i64> = ends.iter().map(|end| end.ns).collect();
    let failed: i64 = ends.iter().map(|end| end.told_to_come_back).sum();
    let timed_out: i64 = ends.iter().map(|end| end.timed_out).sum();
    let last = times.iter().copied().max().unwrap_or(0);
    let median = quantile(&mut times, 500);
    report.add(
        format!("sync: {lanes} lanes with {EVENTS} events each, the last one filed after"),
        (last / 1_000_000, "ms"),
        ("half of them", median / 1_000_000),
    );
    report.add("sync: time-outs of these lanes", (timed_out, "time-outs"), ("lanes", i64::from(lanes)));
    report.add(
        "sync: memory of HQ and all clients together, most",
        (after / 1_024, "MiB"),
        ("before they came", before / 1_024),
    );
    report.note(format!(
        "crowd: {} events in {} ms; {failed} times somebody was told to come back.",
        u64::from(lanes) * EVENTS as u64,
        ns / 1_000_000
    ));
    Ok(())
}

struct End {
    ns: i64,
    told_to_come_back: i64,
    timed_out: i64,
}

/// Pushes a lane's day; who is told to come back comes back.
async fn come_back(hq: &Hq, sender: &Sender) -> Result<End> {
    let begun = Instant::now();
    let (mut told_to_come_back, mut timed_out) = (0, 0);
    for batch in &sender.batches {
        loop {
            match hq.push(&sender.key, batch.clone()).await {
                Ok(PushAnswer { .. }) => break,
                Err(RequestError::Unreachable { reason, wait_ms }) => {
                    if wait_ms > 0 {
                        told_to_come_back += 1;
                    } else {
                        eprintln!("lane {}: {reason}", sender.lane.lane);
                        timed_out += 1;
                    }
                    tokio::time::sleep(Duration::from_millis(u64::try_from(wait_ms)?.max(500))).await;
                }
                Err(error) => return Err(error).context("a push"),
            }
        }
    }
    let ns = i64::try_from(begun.elapsed().as_nanos())?;
    Ok(End { ns, told_to_come_back, timed_out })
}

/// The most memory that this process has had, KiB.
fn memory_kib() -> Result<i64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let number = line.trim().split(' ').next().unwrap_or_default();
    Ok(number.parse()?)
}
