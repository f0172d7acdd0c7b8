//! The command line of HQ.

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{NaiveDate, Utc};
use clap::{Parser, Subcommand};
use domain::money::{Currency, Money};
use hq::command::{self, Command, Outcome};
use hq::import::PriceText;
use hq::place::DATABASE_VARIABLE;
use hq::projection::Rebuilt;
use hq::server::{self, Config};
use hq::store::{Address, AlarmKind, CommissionEntry, CommissionOfDay};
use protocol::answer::SalesAnswer;
use tracing_subscriber::EnvFilter;

/// The headquarters of a Guitai chain.
#[derive(Parser)]
#[command(name = "hq", version)]
struct Arguments {
    #[command(subcommand)]
    act: Act,
}

#[derive(Subcommand)]
enum Act {
    /// Serve lanes and people until stopped.
    Serve {
        #[command(flatten)]
        at: At,
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "127.0.0.1:7070")]
        listen: SocketAddr,
        /// A file to write the address into once requests are taken.
        #[arg(long)]
        address_file: Option<PathBuf>,
    },
    /// Import a shop: shop.json, products.csv, prices.csv, or a folder with them.
    Import {
        #[command(flatten)]
        at: At,
        /// A folder with shop.json, products.csv, prices.csv or several of them.
        #[arg(long, required_unless_present = "file", conflicts_with = "file")]
        dir: Option<PathBuf>,
        /// A .json or .csv file.
        #[arg(long)]
        file: Option<PathBuf>,
        /// Delete what the import does not name, of the kinds it has.
        #[arg(long)]
        replace: bool,
    },
    /// Set one product's price, or put it on a price list for a place, a pack or a time.
    Price {
        #[command(flatten)]
        at: At,
        /// The product's item code.
        #[arg(long)]
        sku: String,
        /// The price, such as 3.50.
        #[arg(long)]
        price: String,
        #[command(flatten)]
        terms: PriceTerms,
    },
    /// Make a one-time code that enrols a lane; valid for 24 hours.
    Enrol {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The lane's number within its store, from 1.
        #[arg(long)]
        lane: u32,
    },
    /// Make the key of a lane void at once: of a till that was stolen.
    Revoke {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The lane's number within its store.
        #[arg(long)]
        lane: u32,
    },
    /// Add, remove or list the people who may read.
    User {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        act: UserAct,
        /// With --add: viewer or operator.
        #[arg(long, default_value = "viewer")]
        role: String,
    },
    /// Show what was received, by store, lane and business date.
    Sales {
        #[command(flatten)]
        at: At,
        /// Only this store.
        #[arg(long)]
        store: Option<String>,
        /// Only this lane.
        #[arg(long)]
        lane: Option<u32>,
        /// From this business date on (YYYY-MM-DD).
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Up to this business date, included.
        #[arg(long)]
        to: Option<NaiveDate>,
        /// As JSON, amounts in minor units.
        #[arg(long)]
        json: bool,
    },
    /// Show what sellers are credited for and earn, by seller, business date and store.
    Commission {
        #[command(flatten)]
        at: At,
        /// Only this seller, by HQ's id.
        #[arg(long)]
        seller: Option<String>,
        /// Only this store.
        #[arg(long)]
        store: Option<String>,
        /// From this business date on (YYYY-MM-DD).
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Up to this business date, included.
        #[arg(long)]
        to: Option<NaiveDate>,
        /// Every entry of the seller, with the document that it follows from.
        #[arg(long, requires = "seller")]
        entries: bool,
        /// As JSON, amounts in minor units.
        #[arg(long)]
        json: bool,
    },
    /// Show lanes, how far they have sent and signed, and their public keys.
    Lanes {
        #[command(flatten)]
        at: At,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make sales, shifts and stock again from the filed events, and compare.
    Rebuild {
        #[command(flatten)]
        at: At,
    },
    /// Show a store's shifts and stock.
    Books {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make the books of points and coupons again, and say what was wrong in them.
    RebuildBooks {
        #[command(flatten)]
        at: At,
    },
    /// Show how stores' shelf labels stand, and how far the last price change has come.
    Labels {
        #[command(flatten)]
        at: At,
        /// The store's code; all stores where it is left out.
        #[arg(long)]
        store: Option<String>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// List double uses and other things that stand and that a person must look at.
    Exceptions {
        #[command(flatten)]
        at: At,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// End everything that a lost lane holds of points, coupons and receipts.
    WriteOff {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The lane's number within its store.
        #[arg(long)]
        lane: u32,
    },
    /// Show a member's points; give some, or take some.
    Points {
        #[command(flatten)]
        at: At,
        /// HQ's id of the member.
        #[arg(long)]
        member: String,
        /// How many to give; below nothing to take.
        #[arg(long, allow_hyphen_values = true)]
        adjust: Option<i64>,
        /// Why.
        #[arg(long, default_value = "")]
        reason: String,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show forks and quarantined events.
    Alarms {
        #[command(flatten)]
        at: At,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

/// Where the books are.
#[derive(clap::Args)]
struct At {
    /// The data directory; made when it does not exist.
    #[arg(long)]
    data: PathBuf,
    /// The PostgreSQL that has the books, such as postgres://USER:PASSWORD@HOST:PORT/DATABASE, or
    /// GUITAI_HQ_DATABASE; a file in the data directory where none is named.
    #[arg(long)]
    database: Option<String>,
    /// The certificates (PEM) that vouch for the PostgreSQL: the line to it is encrypted.
    #[arg(long)]
    database_ca: Option<PathBuf>,
}

impl At {
    fn database(&self) -> Option<Address> {
        // In the environment other people of the machine do not see a password.
        let url = self.database.clone().or_else(|| std::env::var(DATABASE_VARIABLE).ok());
        url.map(|url| Address { url, authority: self.database_ca.clone() })
    }
}

/// What makes a price one of a price list.
#[derive(clap::Args)]
struct PriceTerms {
    /// The price list's id; main where none is named.
    #[arg(long)]
    list: Option<String>,
    /// The pack's id; one piece or kilogram where none is named.
    #[arg(long)]
    unit: Option<String>,
    /// Only in this store.
    #[arg(long, conflicts_with = "group")]
    store: Option<String>,
    /// Only in the stores of this group.
    #[arg(long)]
    group: Option<String>,
    /// Only for members of this tier; * for all members.
    #[arg(long)]
    tier: Option<String>,
    /// From this time on, such as 2026-03-01T07:00+08:00; at once where none is named.
    #[arg(long)]
    from: Option<String>,
    /// Up to this time.
    #[arg(long)]
    until: Option<String>,
}

impl PriceTerms {
    fn command(self, sku: String, price: String) -> Command {
        let Self { list, unit, store, group, tier, from, until } = self;
        let terms = [&list, &unit, &store, &group, &tier, &from, &until];
        if terms.iter().all(|term| term.is_none()) {
            return Command::Price { sku, price };
        }
        Command::ListPrice {
            price: PriceText {
                sku,
                price,
                list: list.unwrap_or_default(),
                unit: unit.unwrap_or_default(),
                store: store.unwrap_or_default(),
                group: group.unwrap_or_default(),
                tier: tier.unwrap_or_default(),
                from: from.unwrap_or_default(),
                until: until.unwrap_or_default(),
            },
        }
    }
}

#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct UserAct {
    /// Add somebody of this name and print the key.
    #[arg(long, value_name = "NAME")]
    add: Option<String>,
    /// Remove somebody; the key is void from then on.
    #[arg(long, value_name = "NAME")]
    remove: Option<String>,
    /// List names and roles.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .init();
    match perform(arguments.act) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hq: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(act: Act) -> anyhow::Result<()> {
    match act {
        Act::Serve { at, listen, address_file } => {
            let database = at.database();
            serve(Config { data: at.data, database, listen, address_file })
        }
        Act::Import { at, dir, file, replace } => {
            let path = dir.or(file).context("--dir or --file is needed")?;
            let path = path.canonicalize().with_context(|| format!("import {}", path.display()))?;
            run(at, Command::Import { path, replace }, false)
        }
        Act::Price { at, sku, price, terms } => run(at, terms.command(sku, price), false),
        Act::Enrol { at, store, lane } => run(at, Command::Enrol { store, lane }, false),
        Act::Revoke { at, store, lane } => run(at, Command::Revoke { store, lane }, false),
        Act::User { at, act, role } => {
            let command = match (act.add, act.remove) {
                (Some(name), _) => Command::AddUser { name, role },
                (None, Some(name)) => Command::RemoveUser { name },
                (None, None) => Command::ListUsers,
            };
            run(at, command, false)
        }
        Act::Sales { at, store, lane, from, to, json } => {
            run(at, Command::Sales { store, lane, from, to }, json)
        }
        Act::Commission { at, seller, store, from, to, entries, json } => {
            run(at, Command::Commission { seller, store, from, to, entries }, json)
        }
        Act::Lanes { at, json } => run(at, Command::Lanes, json),
        Act::Rebuild { at } => run(at, Command::Rebuild, false),
        Act::Books { at, store, json } => run(at, Command::Books { store }, json),
        Act::Alarms { at, json } => run(at, Command::Alarms, json),
        Act::RebuildBooks { at } => run(at, Command::RebuildBooks, true),
        Act::Labels { at, store, json } => run(at, Command::Labels { store }, json),
        Act::Exceptions { at, json } => run(at, Command::Exceptions, json),
        Act::WriteOff { at, store, lane } => run(at, Command::WriteOff { store, lane }, false),
        Act::Points { at, member, adjust, reason, json } => {
            run(at, Command::Points { member, adjust, reason }, json)
        }
    }
}

fn run(at: At, command: Command, json: bool) -> anyhow::Result<()> {
    let now_ms = Utc::now().timestamp_millis();
    let outcome = command::run(&at.data, at.database().as_ref(), &command, now_ms, &mut |rows| {
        eprintln!("{rows} rows")
    })?;
    print(&outcome, json)
}

fn print(outcome: &Outcome, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    match outcome {
        Outcome::Imported(done) => writeln!(
            out,
            "imported: {} named, {} changed, {} deleted, {} members changed; reference version {}",
            done.named, done.changed, done.deleted, done.members_changed, done.version
        )?,
        Outcome::PriceSet { before, after, version } => {
            writeln!(out, "price: {before} -> {after}; reference version {version}")?;
        }
        Outcome::Code { code } => writeln!(out, "{code}")?,
        Outcome::Key { key } => writeln!(out, "{key}")?,
        Outcome::Removed => writeln!(out, "removed")?,
        Outcome::RebuiltBooks(rebuilt) => writeln!(out, "{}", serde_json::to_string(rebuilt)?)?,
        Outcome::WrittenOff => writeln!(out, "written off")?,
        Outcome::Points { available, pending, lent, balance } if json => {
            let all = serde_json::json!({ "available": available, "pending": pending, "lent": lent, "balance": balance });
            writeln!(out, "{all}")?;
        }
        Outcome::Points { available, pending, lent, balance } => {
            writeln!(out, "balance {balance}: {available} free, {pending} pending, {lent} lent")?;
        }
        Outcome::Labels { rows } if json => writeln!(out, "{}", serde_json::to_string(rows)?)?,
        Outcome::Labels { rows } => {
            for row in rows {
                let counts = row.counts.clone().unwrap_or_default();
                writeln!(
                    out,
                    "{}/{}: {} bound; {} shown, {} sending, {} held, {} not seen, {} given up, {} without face; \
                     {} differing; {} batteries low; gateways {} of {} up",
                    row.store,
                    row.lane,
                    row.bound,
                    counts.shown,
                    counts.sending,
                    counts.held,
                    counts.not_seen,
                    counts.given_up,
                    counts.no_face,
                    counts.differing,
                    counts.low_battery,
                    counts.gateways - counts.gateways_down.min(counts.gateways),
                    counts.gateways,
                )?;
                if let Some(batch) = &counts.batch {
                    let how = if batch.ended_ms.is_some() { "ended" } else { "under way" };
                    writeln!(
                        out,
                        "  last change {how}: {} of {} shown, {} given up",
                        batch.shown, batch.labels, batch.given_up
                    )?;
                }
                for lane in &row.lanes {
                    writeln!(out, "  lane {} has version {}", lane.lane, lane.version)?;
                }
            }
            writeln!(out, "{} agents with gateways", rows.len())?;
        }
        Outcome::Exceptions { exceptions } if json => {
            writeln!(out, "{}", serde_json::to_string(exceptions)?)?;
        }
        Outcome::Exceptions { exceptions } => {
            for exception in exceptions {
                let found =
                    chrono::DateTime::from_timestamp_millis(exception.found_at_ms).unwrap_or_default();
                writeln!(
                    out,
                    "{}  {} of {} {}  by {}: {}",
                    found.format("%Y-%m-%d %H:%M:%SZ"),
                    exception.kind.name(),
                    exception.owner,
                    exception.part,
                    exception.source,
                    exception.what
                )?;
            }
        }
        Outcome::Users { users } => {
            for (name, role) in users {
                writeln!(out, "{name}\t{role}")?;
            }
        }
        Outcome::Sales { answer, .. } if json => {
            serde_json::to_writer(&mut out, answer)?;
            writeln!(out)?;
        }
        Outcome::Sales { answer, exponent } => print_sales(&mut out, answer, *exponent)?,
        Outcome::Commission { days, entries, .. } if json => {
            let both = serde_json::json!({ "days": days, "entries": entries });
            writeln!(out, "{both}")?;
        }
        Outcome::Commission { days, entries, exponent } => {
            print_commission(&mut out, days, entries, *exponent)?;
        }
        Outcome::Lanes { epochs } if json => {
            serde_json::to_writer(&mut out, epochs)?;
            writeln!(out)?;
        }
        Outcome::Lanes { epochs } => {
            for row in epochs {
                let key = if row.public_key.is_empty() { "not signed" } else { &row.public_key };
                writeln!(
                    out,
                    "store {} lane {} epoch {}: filed up to {}, signed up to {}, key {key}",
                    row.store, row.lane, row.epoch, row.acknowledged, row.signed
                )?;
            }
        }
        Outcome::Rebuilt(done) => print_rebuilt(&mut out, done)?,
        Outcome::Books { shifts, stock } if json => {
            let both = serde_json::json!({ "shifts": shifts, "stock": stock });
            writeln!(out, "{both}")?;
        }
        Outcome::Books { shifts, stock } => {
            for row in shifts {
                let end = row.closed_by.as_deref().unwrap_or("open");
                writeln!(
                    out,
                    "shift {}  lane {} epoch {}  {}  {end}",
                    row.shift, row.lane, row.epoch, row.business_date
                )?;
            }
            for row in stock {
                writeln!(
                    out,
                    "{:<20} {:>14}.{:03}",
                    row.sku,
                    row.quantity / 1_000,
                    (row.quantity % 1_000).abs()
                )?;
            }
        }
        Outcome::Alarms { alarms, quarantined } if json => {
            let both = serde_json::json!({ "alarms": alarms, "quarantined": quarantined });
            writeln!(out, "{both}")?;
        }
        Outcome::Alarms { alarms, quarantined } => {
            for alarm in alarms {
                let found = chrono::DateTime::from_timestamp_millis(alarm.found_at_ms).unwrap_or_default();
                let kind = match alarm.kind {
                    AlarmKind::Fork => "FORK",
                    AlarmKind::Signature => "SIGNATURE",
                    AlarmKind::Unsigned => "UNSIGNED",
                };
                writeln!(
                    out,
                    "{kind}  store {} lane {} epoch {} number {}  {}",
                    alarm.store,
                    alarm.lane,
                    alarm.epoch,
                    alarm.seq,
                    found.to_rfc3339()
                )?;
            }
            for event in quarantined {
                writeln!(
                    out,
                    "QUARANTINE  store {} lane {} epoch {} number {}  {}",
                    event.store, event.lane, event.epoch, event.seq, event.reason
                )?;
            }
            writeln!(out, "{} alarms, {} events in quarantine", alarms.len(), quarantined.len())?;
        }
    }
    Ok(())
}

fn print_rebuilt(out: &mut impl Write, done: &Rebuilt) -> std::io::Result<()> {
    for (store, lane, table) in &done.differing {
        writeln!(out, "DIFFERED  store {store} lane {lane}: {table} said something else before")?;
    }
    writeln!(
        out,
        "rebuilt: {} lanes, {} events, {} rows; {} events left quarantine; {} tables differed",
        done.lanes,
        done.events,
        done.rows,
        done.released,
        done.differing.len()
    )
}

fn print_commission(
    out: &mut impl Write,
    days: &[CommissionOfDay],
    entries: &[CommissionEntry],
    exponent: u8,
) -> std::io::Result<()> {
    let written = |minor| {
        let currency = Currency { code: String::new(), symbol: String::new(), exponent };
        currency.format(Money::from_minor(minor))
    };
    for row in days {
        writeln!(
            out,
            "{:<16} {:<10} {:<12} {:<4} {:>6} lines {:>14} sold {:>12} earned",
            row.seller,
            row.day,
            row.store,
            row.currency,
            row.entries,
            written(row.net),
            written(row.amount)
        )?;
    }
    for row in entries {
        writeln!(
            out,
            "{}  {:<24} {:<16} {:>12} at {:<12} {:>10}  of {} line {}",
            row.day,
            row.source,
            row.sku,
            written(row.net),
            if row.rule.is_empty() { "no rule" } else { &row.rule },
            written(row.amount),
            row.of_document,
            row.of_line
        )?;
    }
    let sum =
        |of: &dyn Fn(&CommissionOfDay) -> i64| days.iter().fold(0i64, |sum, row| sum.saturating_add(of(row)));
    writeln!(out, "{} sold, {} earned", written(sum(&|row| row.net)), written(sum(&|row| row.amount)))
}

fn print_sales(out: &mut impl Write, answer: &SalesAnswer, exponent: u8) -> std::io::Result<()> {
    let written = |minor| {
        let currency = Currency { code: String::new(), symbol: String::new(), exponent };
        currency.format(Money::from_minor(minor))
    };
    writeln!(
        out,
        "{:<12} {:>5} {:<10} {:<4} {:>7} {:>8} {:>14} {:>14} {:>12}",
        "store", "lane", "date", "cur", "sales", "lines", "total", "payable", "tax"
    )?;
    for row in &answer.rows {
        writeln!(
            out,
            "{:<12} {:>5} {:<10} {:<4} {:>7} {:>8} {:>14} {:>14} {:>12}",
            row.store,
            row.lane,
            row.date.to_string(),
            row.currency,
            row.sales,
            row.lines,
            written(row.total),
            written(row.payable),
            written(row.tax)
        )?;
    }
    Ok(())
}

#[tokio::main]
async fn serve(config: Config) -> anyhow::Result<()> {
    let stop = stop_asked()?;
    let running = server::start(config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "hq listening on {}", running.url())?;
    out.flush()?;
    stop.await;
    running.stop().await?;
    Ok(())
}

/// Resolves when the system or a person asks the program to end.
#[cfg(unix)]
fn stop_asked() -> anyhow::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate()).context("listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("listen for SIGINT")?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Resolves when a person asks the program to end.
#[cfg(not(unix))]
fn stop_asked() -> anyhow::Result<impl Future<Output = ()>> {
    Ok(async {
        // Without the signal the program runs until it is killed, which loses nothing.
        let _ = tokio::signal::ctrl_c().await;
    })
}
