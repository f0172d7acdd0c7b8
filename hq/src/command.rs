//! What the command line asks for: done here by the process that holds the
//! data directory, which is the running server when there is one.

mod access;
mod execute;
mod local;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use protocol::answer::SalesAnswer;
use protocol::problem::Problem;
use serde::{Deserialize, Serialize};

pub use self::access::{AccessCommand, AccessError, AccessOutcome, KeyShown, Password, PersonShown};
pub use self::execute::{Ready, execute, execute_ready, make_ready};
use crate::audit::By;
use crate::books::counting::{Posted, WaitingCount};
use crate::books::membership::{Memberships, Reward};
use crate::books::points::PointsTerms;
use crate::books::rebuild::RebuiltBooks;
use crate::catalogue::SetPriceError;
use crate::enrolment::{ExchangeError, MakeCodeError};
use crate::import::{ImportError, Imported, PriceText, Problems};
use crate::interventions::{CountInterventionsError, KioskInterventions};
use crate::place::{OpenBooksError, Place, PlaceError};
use crate::points_terms::{self, ChangeTermsError};
use crate::projection::Rebuilt;
use crate::scan_go::LINK_DAYS_MAX;
use crate::shelves;
use crate::store::{
    Address, Alarm, CommissionEntry, CommissionOfDay, Exception, LaneEpoch, PromotionCost, QuarantinedEvent,
    ShiftRow, StockRow, StoreError,
};
use crate::transfers;

/// The route on which a server takes commands from its own machine.
pub const ROUTE: &str = "/admin/v1/command";

/// How long to wait for a server that is starting, or for another command.
const PATIENCE: Duration = Duration::from_secs(10);

/// Between two looks while waiting.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Import a shop.
    Import {
        /// A folder or a file, absolute.
        path: PathBuf,
        /// Whether to delete what is not named.
        replace: bool,
        /// Whether to say what would be done, and do nothing.
        #[serde(default)]
        dry_run: bool,
    },
    /// Import pictures of goods.
    ImportPictures {
        /// A folder of files that are named by item code or barcode, absolute.
        folder: PathBuf,
        /// Whether goods that are not named lose theirs.
        replace: bool,
        /// Whether to say what would be done, and do nothing.
        dry_run: bool,
    },
    /// Set one product's price.
    Price {
        /// The product's item code.
        sku: String,
        /// The price as a person types it.
        price: String,
    },
    /// Put one price on a price list.
    ListPrice {
        /// The price as a person types it; without a beginning it counts at once.
        price: PriceText,
    },
    /// Make a one-time code for a lane.
    Enrol {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
    },
    /// Make a one-time code for the relay of a store.
    EnrolRelay {
        /// The store's code.
        store: String,
    },
    /// Say whether lanes may be enrolled that bring no key to sign their journals with, or show it.
    UnsignedLanes {
        /// Whether they may from now on; absent where it is only shown.
        allow: Option<bool>,
    },
    /// Make the key of a lane void, or of a store's relay, which is lane 0 here.
    Revoke {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
    },
    /// Make a link to the page of scan-and-go of a store.
    ScanGoLink {
        /// The store's code.
        store: String,
        /// How many days it holds.
        days: u32,
    },
    /// Draw a new key of scan-and-go; what those before signed holds on.
    ScanGoKey,
    /// Something about people, keys and the audit trail.
    Access(AccessCommand),
    /// Sum up sales.
    Sales {
        /// The store's code.
        store: Option<String>,
        /// The lane's number.
        lane: Option<u32>,
        /// The first business date.
        from: Option<NaiveDate>,
        /// The last business date.
        to: Option<NaiveDate>,
    },
    /// Sum up what sellers are credited for, or list one seller's entries.
    Commission {
        /// HQ's id of the seller; all where absent.
        seller: Option<String>,
        /// The store's code.
        store: Option<String>,
        /// The first business date.
        from: Option<NaiveDate>,
        /// The last business date.
        to: Option<NaiveDate>,
        /// List the seller's entries rather than sums.
        entries: bool,
    },
    /// Sum up what promotions took off, by store, promotion and who bears it.
    Costs {
        /// The store's code.
        store: Option<String>,
        /// The first business date.
        from: Option<NaiveDate>,
        /// The last business date.
        to: Option<NaiveDate>,
    },
    /// Count how often a store's kiosks called somebody, and for what.
    Interventions {
        /// The store's code.
        store: String,
        /// The first business date.
        from: Option<NaiveDate>,
        /// The last business date.
        to: Option<NaiveDate>,
    },
    /// Show what was given of the fees of paid memberships, and a member's memberships.
    Memberships {
        /// HQ's id of the member; only the sums where absent.
        member: Option<String>,
    },
    /// Show a store's counts of goods: what waits, and what each found; post one that waits.
    Counts {
        /// The store's code.
        store: String,
        /// The number of a count that goes into the stock though lanes are missing.
        post: Option<String>,
    },
    /// List forks and quarantined events.
    Alarms,
    /// List what stands and a person must look at.
    Exceptions,
    /// End everything that a lost lane holds of points, coupons and receipts.
    WriteOff {
        /// The store's code.
        store: String,
        /// The lane's number within its store.
        lane: u32,
    },
    /// Show a member's points; give some, or take some.
    Points {
        /// HQ's id of the member.
        member: String,
        /// Above nothing to give, below to take; absent to look.
        adjust: Option<i64>,
        /// Why.
        reason: String,
    },
    /// Show what is lent of points to stores, for when HQ is out of reach of them; set it.
    Standing {
        /// How much of what a member may spend, per cent; 0 for none.
        percent: Option<i64>,
        /// The most points of one lease.
        points_max: Option<i64>,
        /// A lease ends after so many hours unless it is renewed; at most 48.
        hours: Option<u32>,
        /// Relays ask so often, seconds.
        every_seconds: Option<u32>,
    },
    /// Show how points are kept; set it.
    PointsTerms {
        /// What is to be another.
        change: points_terms::Change,
    },
    /// Show a member's stored value; give some, or take some.
    Value {
        /// HQ's id of the member.
        member: String,
        /// By how much: above nothing to give, below to take; nothing to look.
        adjust: protocol::event::Value,
        /// Why; not empty where anything is given or taken.
        reason: String,
    },
    /// List lanes, with the keys that they sign their journals with.
    Lanes,
    /// Make everything again that follows from filed events, and compare.
    Rebuild,
    /// Make the books of points and coupons again, and compare.
    RebuildBooks,
    /// Show how stores' shelf labels stand.
    Labels {
        /// The store's code; all stores where absent.
        store: Option<String>,
    },
    /// Show a store's shifts and stock.
    Books {
        /// The store's code.
        store: String,
    },
    /// Order a transfer between two stores.
    OrderTransfer {
        /// What is asked for.
        asked: transfers::Asked,
    },
    /// Take a transfer back of which nothing left.
    CancelTransfer {
        /// Its number.
        number: String,
        /// Why.
        reason: String,
    },
    /// Write off what left under a transfer and did not come.
    WriteOffTransfer {
        /// Its number.
        number: String,
        /// Why.
        reason: String,
    },
    /// Show transfers between stores.
    Transfers {
        /// This one; all where absent.
        number: Option<String>,
        /// Those that this store sends or receives.
        store: Option<String>,
        /// Those that stand like this.
        state: Option<transfers::State>,
    },
    /// Show what a store has, by item.
    Stock {
        /// The store's code.
        store: String,
        /// Only items of which less than nothing is there.
        negative: bool,
    },
}

/// Points of a member that a lane has, or a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeaseShown {
    /// Its id.
    pub lease: String,
    /// The store's code.
    pub store: String,
    /// The lane's number within it; [`RELAY_LANE`](protocol::enrol::RELAY_LANE) where it is the whole store's.
    pub lane: u32,
    /// What is not known to be spent.
    pub points: i64,
    /// None of it is spent from this instant on, milliseconds UTC.
    pub until_ms: i64,
}

/// What a command did or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Of [`Command::Import`], [`Command::ImportPictures`] and [`Command::ListPrice`].
    Imported(Imported),
    /// Of [`Command::Import`] that was to change nothing.
    Tried(Imported),
    /// Of a dry run: everything that is wrong.
    Wrong(Problems),
    /// Of [`Command::Price`]; the prices are written out.
    PriceSet {
        /// Before.
        before: String,
        /// From now on.
        after: String,
        /// The newest version of the reference.
        version: u64,
    },
    /// Of [`Command::Enrol`] and [`Command::EnrolRelay`].
    Code {
        /// The one-time code.
        code: String,
    },
    /// Of [`Command::Revoke`].
    Removed,
    /// Of [`Command::ScanGoLink`].
    ScanGoLink {
        /// The link from the server's address on.
        path: String,
    },
    /// Of [`Command::ScanGoKey`].
    ScanGoKeys {
        /// The public keys with which tills check baskets, the newest first.
        public: Vec<String>,
    },
    /// Of [`Command::Access`].
    Access(AccessOutcome),
    /// Of [`Command::Sales`].
    Sales {
        /// The rows.
        answer: SalesAnswer,
        /// Decimal places of the chain's currency.
        exponent: u8,
    },
    /// Of [`Command::Commission`].
    Commission {
        /// Sums by seller, day and store.
        days: Vec<CommissionOfDay>,
        /// The entries of one seller, the newest first.
        entries: Vec<CommissionEntry>,
        /// Decimal places of the chain's currency.
        exponent: u8,
    },
    /// Of [`Command::Costs`].
    Costs {
        /// What each bears of each promotion in each store.
        costs: Vec<PromotionCost>,
        /// Decimal places of the chain's currency.
        exponent: u8,
    },
    /// Of [`Command::Interventions`].
    Interventions {
        /// By kiosk.
        kiosks: Vec<KioskInterventions>,
    },
    /// Of [`Command::Memberships`].
    Memberships {
        /// What each employee and store was given, less what was taken back.
        rewards: Vec<Reward>,
        /// The member's, where one was named.
        member: Option<Memberships>,
        /// Decimal places of the chain's currency.
        exponent: u8,
    },
    /// Of [`Command::Alarms`].
    Alarms {
        /// Forks, newest first.
        alarms: Vec<Alarm>,
        /// Events set aside.
        quarantined: Vec<QuarantinedEvent>,
    },
    /// Of [`Command::Labels`].
    Labels {
        /// A row for each store and lane with gateways.
        rows: Vec<shelves::ShelfRow>,
    },
    /// Of [`Command::Counts`].
    Counts {
        /// Those that wait for journals.
        waiting: Vec<WaitingCount>,
        /// Those in the stock, the newest first, by number.
        posted: Vec<(String, Posted)>,
    },
    /// Of [`Command::Exceptions`].
    Exceptions {
        /// Newest first.
        exceptions: Vec<Exception>,
    },
    /// Of [`Command::WriteOff`].
    WrittenOff,
    /// Of [`Command::Points`].
    Points {
        /// What may be spent or lent.
        available: i64,
        /// What waits for the end of the time of returns.
        pending: i64,
        /// What is lent to lanes and stores.
        lent: i64,
        /// All of it.
        balance: i64,
        /// Who has what is lent.
        #[serde(default)]
        leases: Vec<LeaseShown>,
    },
    /// Of [`Command::UnsignedLanes`].
    UnsignedLanes {
        /// Whether they may be enrolled.
        allowed: bool,
    },
    /// Of [`Command::Standing`].
    Standing {
        /// How much of what a member may spend, per cent.
        percent: i64,
        /// The most points of one lease.
        points_max: i64,
        /// How long a lease lasts, milliseconds.
        term_ms: i64,
        /// How often relays ask, milliseconds.
        every_ms: i64,
        /// How many leases each store has, by its code.
        stores: Vec<(String, u64)>,
    },
    /// Of [`Command::PointsTerms`].
    PointsTerms {
        /// How points are kept now.
        terms: PointsTerms,
        /// Decimal places of the chain's currency.
        exponent: u8,
    },
    /// Of [`Command::Value`].
    Value {
        /// What may be spent or lent.
        free: protocol::event::Value,
        /// What is lent to lanes.
        lent: protocol::event::Value,
        /// All of it.
        balance: protocol::event::Value,
    },
    /// Of [`Command::Lanes`].
    Lanes {
        /// One row an epoch, oldest first.
        epochs: Vec<LaneEpoch>,
    },
    /// Of [`Command::RebuildBooks`].
    RebuiltBooks(RebuiltBooks),
    /// Of [`Command::Rebuild`].
    Rebuilt(Rebuilt),
    /// Of [`Command::Books`].
    Books {
        /// The shifts, newest first.
        shifts: Vec<ShiftRow>,
        /// What the store has, by item.
        stock: Vec<StockRow>,
    },
    /// Of [`Command::OrderTransfer`], [`Command::CancelTransfer`], [`Command::WriteOffTransfer`] and [`Command::Transfers`].
    Transfers {
        /// By number.
        transfers: Vec<transfers::Shown>,
    },
    /// Of [`Command::Stock`].
    Stock {
        /// By item.
        stock: Vec<StockRow>,
    },
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Of an import.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// Of a price.
    #[error(transparent)]
    Price(#[from] SetPriceError),
    /// Of an enrolment code.
    #[error(transparent)]
    Enrol(#[from] MakeCodeError),
    /// Of a key that is made void.
    #[error(transparent)]
    Revoke(#[from] ExchangeError),
    /// Points cannot be lent to stores like that.
    #[error("lend points to stores: {0}")]
    Standing(&'static str),
    /// Points cannot be kept like that.
    #[error(transparent)]
    PointsTerms(#[from] ChangeTermsError),
    /// There is no such lane.
    #[error("revoke a lane: store {store:?} has no lane {lane} that was enrolled")]
    UnknownLane {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
    },
    /// Stored value is given or taken without saying why.
    #[error("adjust stored value: say why, with --reason")]
    ValueReason,
    /// Stored value is not given or taken.
    #[error("adjust the stored value of {0}: there is no such member, or not so much is free")]
    ValueNotMoved(String),
    /// No such count waits.
    #[error("post a count: no count {document:?} of store {store:?} waits; look with hq counts")]
    NoCount {
        /// The store's code.
        store: String,
        /// Its number.
        document: String,
    },
    /// There is no such store.
    #[error("show the stock of a store: there is no store {0:?}")]
    NoStore(String),
    /// Of a transfer.
    #[error(transparent)]
    Transfer(#[from] transfers::TransferError),
    /// There is no such store, or its code is too long for a link.
    #[error("make a link of scan-and-go: there is no store {0:?}")]
    UnknownStore(String),
    /// A link holds for a while only.
    #[error("make a link of scan-and-go: it holds 1 to {LINK_DAYS_MAX} days, not {0}")]
    LinkDays(u32),
    /// Of a key of scan-and-go.
    #[error(transparent)]
    ScanGoKey(#[from] crate::scan_go::keys::KeyError),
    /// Of kiosks' calls.
    #[error(transparent)]
    Interventions(#[from] CountInterventionsError),
    /// Of people, keys and the audit trail.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A stored row cannot be read.
    #[error("read a stored row")]
    Stored(#[from] serde_json::Error),
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why the command line got no outcome.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The data directory cannot be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The database cannot be opened.
    #[error(transparent)]
    Books(#[from] OpenBooksError),
    /// Refused here.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// Refused by the running server, with its words.
    #[error("{0}")]
    Refused(String),
    /// The running server did not answer.
    #[error("ask the hq server that has this data directory")]
    Server(#[from] std::io::Error),
    /// The running server's answer cannot be read; it may be of another version.
    #[error("read the answer of the hq server; is it of the same version?")]
    Answer(#[from] serde_json::Error),
}

/// Does a command on a data directory: through the server that has it, or
/// here when none has. Waits a while for whoever is just starting or ending.
pub fn run(
    data: &Path,
    database: Option<&Address>,
    command: &Command,
    now_ms: i64,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, RunError> {
    let place = Place::open(data)?;
    let begun = Instant::now();
    loop {
        match place.hold() {
            Ok(_held) => {
                let store = place.open_books(database)?;
                return Ok(execute(&store, &By::command_line(), command, now_ms, progress)?);
            }
            Err(PlaceError::Taken(folder)) => {
                if let Some(address) = place.address()?
                    && let Some(mut server) = local::connect(address)
                {
                    let key = place.admin_key()?;
                    let (status, body) =
                        local::post(&mut server, address, ROUTE, &key, &serde_json::to_vec(command)?)?;
                    return match status {
                        200 => Ok(serde_json::from_slice(&body)?),
                        _ => Err(RunError::Refused(refused(&body))),
                    };
                }
                if begun.elapsed() > PATIENCE {
                    return Err(PlaceError::Taken(folder).into());
                }
                std::thread::sleep(LOOK_INTERVAL);
            }
            Err(
                error @ (PlaceError::Io { .. }
                | PlaceError::Draw(_)
                | PlaceError::ElsewhereKept { .. }
                | PlaceError::KeptHere(_)),
            ) => return Err(error.into()),
        }
    }
}

/// What a server says where it does not do a command.
fn refused(body: &[u8]) -> String {
    match serde_json::from_slice::<Problem>(body) {
        Ok(problem) => problem.detail,
        // A server of before problem details said it in plain text.
        Err(_) => String::from_utf8_lossy(body).trim().to_owned(),
    }
}
