//! The command line of HQ.

mod access;
mod print;
mod transfer;

use std::io::{IsTerminal, Write};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{NaiveDate, Utc};
use clap::{Parser, Subcommand, ValueEnum};
use hq::command::{self, AccessCommand, Command, Outcome};
use hq::import::PriceText;
use hq::place::DATABASE_VARIABLE;
use hq::points_terms;
use hq::relay;
use hq::server::tls::Pair;
use hq::server::{self, Config};
use hq::store::Address;
use protocol::enrol::{Invitation, RELAY_LANE};
use tracing_subscriber::EnvFilter;

/// The headquarters of a Guitai chain.
#[derive(Parser)]
#[command(name = "hq", version)]
struct Arguments {
    /// How the log is written: for people, or a JSON object a line; GUITAI_HQ_LOG_FORMAT where it is not said.
    #[arg(long, global = true, value_enum)]
    log_format: Option<LogFormat>,
    #[command(subcommand)]
    act: Act,
}

/// How the log is written.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum LogFormat {
    /// For people.
    Text,
    /// A JSON object a line, for what collects logs.
    Json,
}

/// The environment variable that says how the log is written.
const LOG_FORMAT_VARIABLE: &str = "GUITAI_HQ_LOG_FORMAT";

/// How the log is to be written; an error says what the environment has instead.
fn log_format(said: Option<LogFormat>) -> Result<LogFormat, String> {
    match (said, std::env::var(LOG_FORMAT_VARIABLE)) {
        (Some(format), _) => Ok(format),
        (None, Ok(text)) => LogFormat::from_str(&text, false)
            .map_err(|_| format!("{LOG_FORMAT_VARIABLE} is {text:?}; use text or json")),
        (None, Err(_)) => Ok(LogFormat::Text),
    }
}

fn begin_log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => log.json().init(),
    }
}

/// What a server shows itself with.
#[derive(clap::Args)]
struct Tls {
    /// Serve HTTPS with this certificate, a PEM file with those between it and its root.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The private key of the certificate, a PEM file.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
}

impl Tls {
    fn pair(self) -> Option<Pair> {
        Some(Pair { certificate: self.tls_cert?, key: self.tls_key? })
    }
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
        #[command(flatten)]
        tls: Tls,
    },
    /// Relay for the lanes of a store: pass on what they ask of HQ, and answer for HQ while it is out of reach.
    Relay {
        /// The relay's data directory.
        #[arg(long)]
        data: PathBuf,
        /// The store's code; lanes of no other are served.
        #[arg(long)]
        store: String,
        /// Where HQ is, such as https://hq.example.
        #[arg(long)]
        hq: String,
        /// A root of the chain's own that HQ's certificate is signed with, a PEM file.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// Where to listen; port 0 takes a free one.
        #[arg(long, default_value = "0.0.0.0:7071")]
        listen: SocketAddr,
        /// A file to write the address into once requests are taken.
        #[arg(long)]
        address_file: Option<PathBuf>,
        #[command(flatten)]
        tls: Tls,
    },
    /// Enrol a store's relay with the code of `hq enrol --relay`, so that it serves the page of scan-and-go; it does not run
    /// meanwhile.
    RelayEnrol {
        /// The relay's data directory.
        #[arg(long)]
        data: PathBuf,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Where HQ is, such as https://hq.example.
        #[arg(long)]
        hq: String,
        /// A root of the chain's own that HQ's certificate is signed with, a PEM file.
        #[arg(long)]
        ca: Option<PathBuf>,
        /// The one-time code.
        #[arg(long)]
        code: String,
    },
    /// Import a shop: shop.json, products.csv, prices.csv, costs.csv, or a folder with them.
    Import {
        #[command(flatten)]
        at: At,
        /// A folder with shop.json, products.csv, prices.csv, costs.csv or several of them.
        #[arg(long, required_unless_present_any = ["file", "pictures"], conflicts_with = "file")]
        dir: Option<PathBuf>,
        /// A .json or .csv file.
        #[arg(long)]
        file: Option<PathBuf>,
        /// A folder of pictures of goods: PNG, JPEG or WebP, named by item code or barcode.
        #[arg(long, conflicts_with_all = ["dir", "file"])]
        pictures: Option<PathBuf>,
        /// Delete what the import does not name, of the kinds it has.
        #[arg(long)]
        replace: bool,
        /// Say what would be done, or everything that is wrong, and change nothing.
        #[arg(long)]
        dry_run: bool,
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
    /// Make a one-time code that enrols a lane, or the relay of a store; valid for 24 hours.
    Enrol {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The lane's number within its store, from 1.
        #[arg(long, required_unless_present = "relay", conflicts_with = "relay")]
        lane: Option<u32>,
        /// The code is for the store's relay (`hq relay-enrol`), which serves the page of scan-and-go.
        #[arg(long, conflicts_with = "address")]
        relay: bool,
        /// Where the till reaches HQ, such as https://hq.example: a QR code with it and the code is drawn, which the
        /// till's scanner reads.
        #[arg(long)]
        address: Option<String>,
    },
    /// Make the key of a lane, or of a store's relay, void at once: of a machine that was stolen.
    Revoke {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// The lane's number within its store.
        #[arg(long, required_unless_present = "relay", conflicts_with = "relay")]
        lane: Option<u32>,
        /// The store's relay.
        #[arg(long)]
        relay: bool,
    },
    /// Scan-and-go: the link at a store's entrance, and the key that signs.
    Go {
        #[command(subcommand)]
        act: GoAct,
    },
    /// People who sign in: add, remove, list, change role or password.
    User {
        #[command(subcommand)]
        act: access::UserAct,
    },
    /// Keys of programs: make, revoke, list.
    Key {
        #[command(subcommand)]
        act: access::KeyAct,
    },
    /// Show who did what, when and from where, newest first.
    Audit {
        #[command(flatten)]
        at: At,
        /// Only what this one did, such as "person 王芳".
        #[arg(long)]
        who: Option<String>,
        /// Only acts of this kind, such as key.make.
        #[arg(long)]
        act: Option<String>,
        /// At most so many.
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Write the API's OpenAPI document.
    Openapi,
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
    /// Show what employees and stores were given of the fees of paid memberships.
    Memberships {
        #[command(flatten)]
        at: At,
        /// Also the memberships of this member, by HQ's id.
        #[arg(long)]
        member: Option<String>,
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
    /// Show what promotions took off, by store, promotion and who bears it.
    Costs {
        #[command(flatten)]
        at: At,
        /// Only this store.
        #[arg(long)]
        store: Option<String>,
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
    /// Count how often a store's kiosks called somebody, for what, and how often for nothing.
    Interventions {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// From this business date on (YYYY-MM-DD).
        #[arg(long)]
        from: Option<NaiveDate>,
        /// Up to this business date, included.
        #[arg(long)]
        to: Option<NaiveDate>,
        /// As JSON.
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
    /// Show what a store has, by item.
    Stock {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Only items of which less than nothing is there: more was sold than came, or somebody counted wrong.
        #[arg(long)]
        negative: bool,
        /// As JSON, thousandths.
        #[arg(long)]
        json: bool,
    },
    /// Transfers between stores: order, cancel, write off, show.
    Transfer {
        #[command(subcommand)]
        act: transfer::TransferAct,
    },
    /// List transfers between stores, with what left, what came and what differs.
    Transfers {
        #[command(flatten)]
        at: At,
        /// Only those that this store sends or receives.
        #[arg(long)]
        store: Option<String>,
        /// Only those that stand like this: ordered, on_its_way, arrived, closed (with differences) or cancelled.
        #[arg(long, value_parser = transfer::parse_state)]
        state: Option<hq::transfers::State>,
        /// As JSON, thousandths.
        #[arg(long)]
        json: bool,
    },
    /// Show a store's counts of goods: what waits for lanes, and what each found.
    Counts {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// Put this count into the stock now, without the lanes that it waits for.
        #[arg(long)]
        post: Option<String>,
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
    /// Show whether lanes may be enrolled that bring no key to sign their journals with; allow or refuse it.
    UnsignedLanes {
        #[command(flatten)]
        at: At,
        /// From now on they may. What they file, anybody could have written who has their bearer key.
        #[arg(long, conflicts_with = "refuse")]
        allow: bool,
        /// From now on they may not; those that are enrolled stay so.
        #[arg(long)]
        refuse: bool,
    },
    /// Show how many points are lent to stores, so that their lanes can spend them while HQ is out of reach; set it.
    Standing {
        #[command(flatten)]
        at: At,
        /// How much of what a member may spend is lent to a store where they shopped lately, per cent; 0 for none.
        #[arg(long)]
        percent: Option<i64>,
        /// The most points of one lease.
        #[arg(long)]
        points_max: Option<i64>,
        /// A lease ends after so many hours unless it is renewed; at most 48.
        #[arg(long)]
        hours: Option<u32>,
        /// Stores' relays ask so often.
        #[arg(long)]
        every_seconds: Option<u32>,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show how points are kept: how long they are good, when they may be spent, the tiers; set it. What is not named stays.
    PointsTerms {
        #[command(flatten)]
        at: At,
        #[command(flatten)]
        terms: PointsTermsAsked,
        /// As JSON, times in milliseconds and amounts in minor units.
        #[arg(long)]
        json: bool,
    },
    /// Show a member's stored value; give some, or take some.
    Value {
        #[command(flatten)]
        at: At,
        /// HQ's id of the member.
        #[arg(long)]
        member: String,
        /// By how much the principal moves, minor units; below nothing to take.
        #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
        principal: i64,
        /// By how much the bonus moves, minor units; below nothing to take.
        #[arg(long, default_value_t = 0, allow_hyphen_values = true)]
        bonus: i64,
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

#[derive(Subcommand)]
enum GoAct {
    /// Make the link to a store's page, for a QR code at its entrance; put HQ's address in front of it.
    Link {
        #[command(flatten)]
        at: At,
        /// The store's code.
        #[arg(long)]
        store: String,
        /// How many days it holds.
        #[arg(long, default_value_t = hq::scan_go::LINK_DAYS)]
        days: u32,
        /// Where phones reach the page, such as https://hq.example, or the store's relay: the whole link is printed, and
        /// drawn as a QR code.
        #[arg(long)]
        address: Option<String>,
    },
    /// Draw a new key, and show the public ones; what those before signed holds on.
    Key {
        #[command(flatten)]
        at: At,
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

/// How points are to be kept.
#[derive(clap::Args)]
struct PointsTermsAsked {
    /// Earned points may be spent after so many days: until then the goods may come back. 0 for at once.
    #[arg(long, allow_hyphen_values = true)]
    return_window_days: Option<i64>,
    /// Points are good for so many days after they were earned.
    #[arg(long, allow_hyphen_values = true, conflicts_with = "no_expiry")]
    valid_days: Option<i64>,
    /// Points are good for ever.
    #[arg(long)]
    no_expiry: bool,
    /// Points that a return gives back are good for at least so many days.
    #[arg(long, allow_hyphen_values = true)]
    restored_valid_days: Option<i64>,
    /// A lane may spend what it was lent for so many minutes.
    #[arg(long, allow_hyphen_values = true)]
    lease_minutes: Option<i64>,
    /// The most points of one lease.
    #[arg(long, allow_hyphen_values = true)]
    lease_points_max: Option<i64>,
    /// A tier, and the net spent from which on it is reached, such as gold=5000.00; once for each, the lowest first. They
    /// take the place of all that there were.
    #[arg(long)]
    tier: Vec<String>,
    /// There are no tiers by spending.
    #[arg(long, conflicts_with = "tier")]
    no_tiers: bool,
    /// So many days back spending counts for a tier.
    #[arg(long, allow_hyphen_values = true)]
    tier_window_days: Option<i64>,
    /// A tier that was reached is kept for so many days.
    #[arg(long, allow_hyphen_values = true)]
    tier_kept_days: Option<i64>,
}

impl PointsTermsAsked {
    fn command(self) -> Command {
        let tiers = (self.no_tiers || !self.tier.is_empty()).then_some(self.tier);
        let change = points_terms::Change {
            return_window_days: self.return_window_days,
            valid_days: self.valid_days,
            no_expiry: self.no_expiry,
            restored_valid_days: self.restored_valid_days,
            lease_minutes: self.lease_minutes,
            lease_points_max: self.lease_points_max,
            tiers,
            tier_window_days: self.tier_window_days,
            tier_kept_days: self.tier_kept_days,
        };
        Command::PointsTerms { change }
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match log_format(arguments.log_format) {
        Ok(format) => begin_log(format),
        Err(wrong) => {
            eprintln!("hq: {wrong}");
            return ExitCode::FAILURE;
        }
    }
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
        Act::Serve { at, listen, address_file, tls } => {
            let database = at.database();
            serve(Config { data: at.data, database, listen, address_file, tls: tls.pair() })
        }
        Act::Relay { data, store, hq, ca, listen, address_file, tls } => {
            let tls = tls.pair();
            relay(relay::Config { data, store, upstream: hq, root: ca, listen, address_file, tls })
        }
        Act::RelayEnrol { data, store, hq, ca, code } => {
            relay_enrol(relay::EnrolConfig { data, store, upstream: hq, root: ca, code })
        }
        Act::Import { at, dir: _, file: _, pictures: Some(folder), replace, dry_run } => {
            let folder = folder.canonicalize().with_context(|| format!("import {}", folder.display()))?;
            run(at, Command::ImportPictures { folder, replace, dry_run }, false)
        }
        Act::Import { at, dir, file, pictures: None, replace, dry_run } => {
            let path = dir.or(file).context("--dir, --file or --pictures is needed")?;
            let path = path.canonicalize().with_context(|| format!("import {}", path.display()))?;
            run(at, Command::Import { path, replace, dry_run }, false)
        }
        Act::Price { at, sku, price, terms } => run(at, terms.command(sku, price), false),
        Act::Enrol { at, store, lane: Some(lane), relay: _, address } => {
            enrol(at, Command::Enrol { store, lane }, address)
        }
        Act::Enrol { at, store, lane: None, relay: _, address: _ } => {
            run(at, Command::EnrolRelay { store }, false)
        }
        Act::Revoke { at, store, lane, relay: _ } => {
            run(at, Command::Revoke { store, lane: lane.unwrap_or(RELAY_LANE) }, false)
        }
        Act::Go { act: GoAct::Link { at, store, days, address } } => {
            link(at, &Command::ScanGoLink { store, days }, address.as_deref())
        }
        Act::Go { act: GoAct::Key { at } } => run(at, Command::ScanGoKey, false),
        Act::User { act } => access::run_user(act),
        Act::Key { act } => access::run_key(act),
        Act::Audit { at, who, act, limit, json } => {
            run(at, Command::Access(AccessCommand::Audit { who, act, limit }), json)
        }
        Act::Openapi => {
            writeln!(std::io::stdout().lock(), "{}", hq::server::openapi())?;
            Ok(())
        }
        Act::Sales { at, store, lane, from, to, json } => {
            run(at, Command::Sales { store, lane, from, to }, json)
        }
        Act::Interventions { at, store, from, to, json } => {
            run(at, Command::Interventions { store, from, to }, json)
        }
        Act::Costs { at, store, from, to, json } => run(at, Command::Costs { store, from, to }, json),
        Act::Commission { at, seller, store, from, to, entries, json } => {
            run(at, Command::Commission { seller, store, from, to, entries }, json)
        }
        Act::Memberships { at, member, json } => run(at, Command::Memberships { member }, json),
        Act::Lanes { at, json } => run(at, Command::Lanes, json),
        Act::Rebuild { at } => run(at, Command::Rebuild, false),
        Act::Books { at, store, json } => run(at, Command::Books { store }, json),
        Act::Stock { at, store, negative, json } => run(at, Command::Stock { store, negative }, json),
        Act::Transfer { act } => transfer::run_transfer(act),
        Act::Transfers { at, store, state, json } => {
            run(at, Command::Transfers { number: None, store, state }, json)
        }
        Act::Counts { at, store, post, json } => run(at, Command::Counts { store, post }, json),
        Act::Alarms { at, json } => run(at, Command::Alarms, json),
        Act::RebuildBooks { at } => run(at, Command::RebuildBooks, true),
        Act::Labels { at, store, json } => run(at, Command::Labels { store }, json),
        Act::Exceptions { at, json } => run(at, Command::Exceptions, json),
        Act::WriteOff { at, store, lane } => run(at, Command::WriteOff { store, lane }, false),
        Act::Value { at, member, principal, bonus, reason, json } => {
            let adjust = protocol::event::Value { principal, bonus };
            run(at, Command::Value { member, adjust, reason }, json)
        }
        Act::UnsignedLanes { at, allow, refuse } => {
            let allow = (allow || refuse).then_some(allow);
            run(at, Command::UnsignedLanes { allow }, false)
        }
        Act::Standing { at, percent, points_max, hours, every_seconds, json } => {
            run(at, Command::Standing { percent, points_max, hours, every_seconds }, json)
        }
        Act::PointsTerms { at, terms, json } => run(at, terms.command(), json),
        Act::Points { at, member, adjust, reason, json } => {
            run(at, Command::Points { member, adjust, reason }, json)
        }
    }
}

/// Makes a code; where the address is known, also as a picture that holds both.
fn enrol(at: At, command: Command, address: Option<String>) -> anyhow::Result<()> {
    address.as_deref().map_or(Ok(()), refuse_no_base)?;
    let now_ms = Utc::now().timestamp_millis();
    let outcome = command::run(&at.data, at.database().as_ref(), &command, now_ms, &mut |_| {})?;
    print::print(&outcome, false)?;
    if let (Some(hq), Outcome::Code { code }) = (address, outcome) {
        let invitation = Invitation { hq: hq.trim_end_matches('/').to_owned(), code };
        print::print_picture(&invitation.encode())?;
    }
    Ok(())
}

/// Whether an address is one that others can go on from.
fn refuse_no_base(address: &str) -> anyhow::Result<()> {
    let is_base = address.starts_with("https://") || address.starts_with("http://");
    anyhow::ensure!(is_base && !address.contains('#'), "--address {address}: such as https://hq.example");
    Ok(())
}

/// Makes a link; where the address is known, as phones open it, and as a picture.
fn link(at: At, command: &Command, address: Option<&str>) -> anyhow::Result<()> {
    address.map_or(Ok(()), refuse_no_base)?;
    let now_ms = Utc::now().timestamp_millis();
    let outcome = command::run(&at.data, at.database().as_ref(), command, now_ms, &mut |_| {})?;
    let (Some(address), Outcome::ScanGoLink { path }) = (address, &outcome) else {
        return print::print(&outcome, false);
    };
    let link = format!("{}{path}", address.trim_end_matches('/'));
    writeln!(std::io::stdout().lock(), "{link}")?;
    print::print_picture(&link)
}

fn run(at: At, command: Command, json: bool) -> anyhow::Result<()> {
    let now_ms = Utc::now().timestamp_millis();
    let outcome = command::run(&at.data, at.database().as_ref(), &command, now_ms, &mut |rows| {
        eprintln!("{rows} rows")
    })?;
    print::print(&outcome, json)?;
    if let Outcome::Wrong(problems) = &outcome {
        anyhow::bail!("nothing can be imported: {}", problems.count());
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

#[tokio::main]
async fn relay_enrol(config: relay::EnrolConfig) -> anyhow::Result<()> {
    relay::enrol(config).await?;
    writeln!(std::io::stdout().lock(), "enrolled; start the relay")?;
    Ok(())
}

#[tokio::main]
async fn relay(config: relay::Config) -> anyhow::Result<()> {
    let stop = stop_asked()?;
    let running = relay::start(config).await?;
    let mut out = std::io::stdout();
    writeln!(out, "hq relay listening on {}", running.url())?;
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
