//! What the command line asks for: done here by the process that holds the
//! data directory, which is the running server when there is one.

mod local;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate};
use domain::money::{Currency, Money};
use protocol::answer::SalesAnswer;
use serde::{Deserialize, Serialize};

use crate::books::keeper::Keeper;
use crate::books::points::Operation;
use crate::books::rebuild::RebuiltBooks;
use crate::books::{self, LaneId};
use crate::catalogue::{self, SetPriceError};
use crate::enrolment::{self, ExchangeError, MakeCodeError};
use crate::import::{self, ImportError, Imported, PriceText};
use crate::people::{self, ParseRoleError, PeopleError, Role};
use crate::place::{OpenBooksError, Place, PlaceError};
use crate::projection::{self, Rebuilt};
use crate::sales;
use crate::shelves;
use crate::store::{
    Address, Alarm, CommissionEntry, CommissionOfDay, Exception, LaneEpoch, QuarantinedEvent, SalesRange,
    ShiftRow, StockRow, Store, StoreError,
};

/// The route on which a server takes commands from its own machine.
pub const ROUTE: &str = "/admin/v1/command";

/// Rows of alarms and of quarantined events that one answer has at most.
const TROUBLE_ROWS_MAX: u32 = 1_000;

/// Rows of shifts and of stock that one answer has at most.
const BOOK_ROWS_MAX: u32 = 100_000;

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
    /// Make the key of a lane void.
    Revoke {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
    },
    /// Add a person and make a key.
    AddUser {
        /// The name.
        name: String,
        /// The role's name.
        role: String,
    },
    /// Remove a person.
    RemoveUser {
        /// The name.
        name: String,
    },
    /// List people.
    ListUsers,
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
}

/// What a command did or found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// Of [`Command::Import`] and [`Command::ListPrice`].
    Imported(Imported),
    /// Of [`Command::Price`]; the prices are written out.
    PriceSet {
        /// Before.
        before: String,
        /// From now on.
        after: String,
        /// The newest version of the reference.
        version: u64,
    },
    /// Of [`Command::Enrol`].
    Code {
        /// The one-time code.
        code: String,
    },
    /// Of [`Command::AddUser`].
    Key {
        /// The person's key.
        key: String,
    },
    /// Of [`Command::RemoveUser`] and [`Command::Revoke`].
    Removed,
    /// Of [`Command::ListUsers`].
    Users {
        /// Names and roles.
        users: Vec<(String, String)>,
    },
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
        /// What is lent to lanes.
        lent: i64,
        /// All of it.
        balance: i64,
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
    /// There is no such lane.
    #[error("revoke a lane: store {store:?} has no lane {lane} that was enrolled")]
    UnknownLane {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
    },
    /// Of people.
    #[error(transparent)]
    People(#[from] PeopleError),
    /// Of a role.
    #[error(transparent)]
    Role(#[from] ParseRoleError),
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

/// Does a command in this process. `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn execute(
    store: &Store,
    command: &Command,
    now_ms: i64,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, CommandError> {
    match command {
        Command::Import { path, replace } => {
            let imported = import::import(store, path, *replace, now_ms, progress)?;
            store.tidy()?;
            Ok(Outcome::Imported(imported))
        }
        Command::Price { sku, price } => {
            let set = catalogue::set_price(store, sku, price, now_ms)?;
            let written = |minor| set.currency.format_with_symbol(Money::from_minor(minor));
            Ok(Outcome::PriceSet {
                before: written(set.before),
                after: written(set.after),
                version: set.version,
            })
        }
        Command::ListPrice { price } => {
            let mut price = price.clone();
            if price.from.is_empty() {
                price.from = DateTime::from_timestamp_millis(now_ms).unwrap_or_default().to_rfc3339();
            }
            Ok(Outcome::Imported(import::import_price(store, &price, now_ms)?))
        }
        Command::Enrol { store: lane_store, lane } => {
            Ok(Outcome::Code { code: enrolment::make_code(store, lane_store, *lane, now_ms)? })
        }
        Command::Revoke { store: lane_store, lane } => {
            if enrolment::revoke(store, lane_store, *lane)? {
                return Ok(Outcome::Removed);
            }
            Err(CommandError::UnknownLane { store: lane_store.clone(), lane: *lane })
        }
        Command::AddUser { name, role } => {
            Ok(Outcome::Key { key: people::add(store, name, Role::parse(role)?, now_ms)? })
        }
        Command::RemoveUser { name } => {
            people::remove(store, name)?;
            Ok(Outcome::Removed)
        }
        Command::ListUsers => Ok(Outcome::Users { users: people::list(store)? }),
        Command::Sales { store: of_store, lane, from, to } => {
            let range = SalesRange { store: of_store.clone(), lane: *lane, from: *from, to: *to };
            let answer = sales::of_days(store, &range)?;
            let currency: Option<Currency> = store.read(catalogue::currency::<CommandError>)?;
            Ok(Outcome::Sales { answer, exponent: currency.map_or(2, |currency| currency.exponent) })
        }
        Command::Commission { seller, store: of_store, from, to, entries } => {
            let range = SalesRange { store: of_store.clone(), lane: None, from: *from, to: *to };
            let currency: Option<Currency> = store.read(catalogue::currency::<CommandError>)?;
            store.read(|reading| {
                let listed = match seller.as_deref().filter(|_| *entries) {
                    Some(seller) => reading.commission_entries(seller, BOOK_ROWS_MAX)?,
                    None => Vec::new(),
                };
                Ok(Outcome::Commission {
                    days: reading.commission_of_days(&range, seller.as_deref())?,
                    entries: listed,
                    exponent: currency.map_or(2, |currency| currency.exponent),
                })
            })
        }
        Command::Alarms => store.read(|reading| {
            Ok(Outcome::Alarms {
                alarms: reading.alarms(TROUBLE_ROWS_MAX)?,
                quarantined: reading.quarantined(TROUBLE_ROWS_MAX)?,
            })
        }),
        Command::Labels { store: of_store } => {
            Ok(Outcome::Labels { rows: shelves::of_stores(store, of_store.as_deref())? })
        }
        Command::Exceptions => {
            let exceptions = store.read::<_, StoreError>(|reading| reading.exceptions(TROUBLE_ROWS_MAX))?;
            Ok(Outcome::Exceptions { exceptions })
        }
        Command::WriteOff { store: of_store, lane } => {
            let lost = LaneId { store: of_store.clone(), lane: *lane };
            store.write::<_, StoreError>(|writing| {
                Keeper::new(writing, now_ms)?.write_off(&lost, "written off")?;
                writing.write_off_lane(&lost.store, lost.lane)
            })?;
            Ok(Outcome::WrittenOff)
        }
        Command::Points { member, adjust, reason } => store.write::<_, CommandError>(|writing| {
            let keeper = Keeper::new(writing, now_ms)?;
            if let Some(points) = *adjust {
                let operation = Operation::Adjust { points, reason: reason.clone() };
                keeper.points(member, "", (&format!("adjusted at {now_ms}"), now_ms), &operation)?;
            }
            let account = keeper.account(member)?;
            Ok(Outcome::Points {
                available: account.available(),
                pending: account.pending(),
                lent: account.lent(),
                balance: account.balance(),
            })
        }),
        Command::RebuildBooks => Ok(Outcome::RebuiltBooks(books::rebuild::rebuild(store, now_ms)?)),
        Command::Rebuild => Ok(Outcome::Rebuilt(projection::rebuild(store)?)),
        Command::Books { store: of_store } => store.read(|reading| {
            Ok(Outcome::Books {
                shifts: reading.shifts(of_store, BOOK_ROWS_MAX)?,
                stock: reading.stock(of_store, false, BOOK_ROWS_MAX)?,
            })
        }),
        Command::Lanes => Ok(Outcome::Lanes { epochs: store.read(|reading| reading.lane_epochs())? }),
    }
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
                return Ok(execute(&store, command, now_ms, progress)?);
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
                        _ => Err(RunError::Refused(String::from_utf8_lossy(&body).trim().to_owned())),
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
