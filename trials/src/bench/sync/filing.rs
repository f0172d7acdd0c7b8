//! Sales filed over HTTP by four lanes at one time, beside the same rows
//! written straight into the same database.

use anyhow::{Result, anyhow};
use fixtures::bench::{Effort, Report};
use hq::store::{Address, Store};
use sync_agent::hq::Hq;

use super::postgres_server::Server;
use super::{Sender, by_second, enrol, raw, real_day, row_of, runtime, sales_of, sender, serve};
use crate::bench::{folder, waited};

/// Lanes that push at one time.
const CLIENTS: u32 = 4;

/// Sales in a batch.
const BATCH: usize = 500;

/// Rounds, ours and raw in turns.
const ROUNDS: u32 = 3;

pub(super) fn run(report: &mut Report, effort: Effort) -> Result<()> {
    let folder = folder()?;
    let sales = sales_of(&real_day(folder.path(), effort)?);
    let each = (effort.rounds_max * 5).clamp(BATCH, 5_000);
    let mut rounds = Vec::new();
    for round in 0..ROUNDS {
        let lanes = (1..=CLIENTS).map(|client| sender(round * CLIENTS + client, &sales, each, BATCH));
        rounds.push(lanes.collect::<Result<Vec<_>>>()?);
    }
    match Server::start() {
        Ok(server) => on_postgres(report, &server, &rounds, each)?,
        Err(_) => super::note_no_postgres(report),
    }
    in_file(report, folder.path(), &rounds, each)
}

/// Lets all lanes of a round push, and says how long that took.
fn push_round(runtime: &tokio::runtime::Runtime, hq: &Hq, round: &[Sender]) -> Result<i64> {
    let (ns, done) = waited(|| {
        runtime.block_on(async {
            let pushing = round.iter().map(|sender| super::push_all(hq, sender));
            futures_util::future::try_join_all(pushing).await
        })
    });
    done?;
    Ok(ns)
}

fn on_postgres(report: &mut Report, server: &Server, rounds: &[Vec<Sender>], each: usize) -> Result<()> {
    let folder = super::super::folder()?;
    let address = Address { url: server.database(), authority: None };
    let raw_address = Address { url: server.database(), authority: None };
    enrol(&Store::connect(&address)?, (1..=CLIENTS * ROUNDS).map(row_of))?;
    drop(Store::connect(&raw_address)?);
    let runtime = runtime()?;
    let running = runtime.block_on(serve(&folder.path().join("hq"), Some(address.clone())))?;
    let hq = Hq::new(&running.url())?;
    let (mut ours, mut theirs) = (0, 0);
    for round in rounds {
        ours += push_round(&runtime, &hq, round)?;
        let mut lanes = Vec::new();
        for sender in round {
            let mut batches = Vec::new();
            for from in (1..=each as u64).step_by(BATCH) {
                let to = from + BATCH as u64 - 1;
                batches.push(raw::rows_on_postgres(&address.url, sender.lane.lane, from, to)?);
            }
            lanes.push(batches);
        }
        let (ns, done) = waited(|| {
            std::thread::scope(|scope| {
                let writing: Vec<_> = lanes
                    .iter()
                    .map(|batches| scope.spawn(|| raw::write_on_postgres(&raw_address.url, batches)))
                    .collect();
                writing.into_iter().try_for_each(|thread| thread.join().map_err(|_| anyhow!("a thread"))?)
            })
        });
        done?;
        theirs += ns;
    }
    runtime.block_on(running.stop())?;
    let filed = u64::from(CLIENTS * ROUNDS) * each as u64;
    report.add(
        "sync: sales filed over HTTP on PostgreSQL, 4 lanes, batches of 500",
        (by_second(filed, ours), "sales/s"),
        ("the same rows by raw UNNEST on 4 connections, in turns", by_second(filed, theirs)),
    );
    Ok(())
}

fn in_file(report: &mut Report, folder: &std::path::Path, rounds: &[Vec<Sender>], each: usize) -> Result<()> {
    let data = folder.join("hq");
    std::fs::create_dir_all(&data)?;
    let path = data.join(hq::store::FILE_NAME);
    enrol(&Store::open(&path)?, (1..=CLIENTS * ROUNDS).map(row_of))?;
    let raw_path = folder.join("raw.db");
    drop(Store::open(&raw_path)?);
    let mut raw_file = rusqlite::Connection::open(&raw_path)?;
    raw_file.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;
         PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY;",
    )?;
    let runtime = runtime()?;
    let running = runtime.block_on(serve(&data, None))?;
    let hq = Hq::new(&running.url())?;
    let (mut ours, mut theirs) = (0, 0);
    for round in rounds {
        ours += push_round(&runtime, &hq, round)?;
        // HQ writes the file and nobody else; this one reads.
        let reader =
            rusqlite::Connection::open_with_flags(&path, rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut batches = Vec::new();
        for from in (1..=each as u64).step_by(BATCH) {
            for sender in round {
                batches.push(raw::rows_in_file(&reader, sender.lane.lane, from, from + BATCH as u64 - 1)?);
            }
        }
        drop(reader);
        let (ns, done) = waited(|| raw::write_in_file(&mut raw_file, &batches));
        done?;
        theirs += ns;
    }
    runtime.block_on(running.stop())?;
    let filed = u64::from(CLIENTS * ROUNDS) * each as u64;
    report.add(
        "sync: sales filed over HTTP on SQLite, 4 lanes, batches of 500",
        (by_second(filed, ours), "sales/s"),
        ("the same rows by prepared statements, in turns", by_second(filed, theirs)),
    );
    Ok(())
}
