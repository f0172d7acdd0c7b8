//! Does a command in the process that holds the data directory. What changes
//! something is written into the audit trail in the same transaction.

use chrono::DateTime;
use domain::money::{Currency, Money};
use protocol::scan_go::link;
use serde_json::json;

use super::{Command, CommandError, LeaseShown, Outcome, access};
use crate::audit::{self, By};
use crate::books::keeper::{self, Keeper};
use crate::books::points::Operation;
use crate::books::{self, LaneId, counting};
use crate::import::{self, ImportError, Imported};
use crate::pictures::PictureImport;
use crate::scan_go::{self, LINK_DAYS_MAX};
use crate::store::{Kind, SalesRange, Store, StoreError, TransfersAsked};
use crate::transfers::{self, TransferError};
use crate::{
    catalogue, enrolment, interventions, pictures, points_terms, projection, sales, secret, shelves, standing,
};

/// Rows of alarms and of quarantined events that one answer has at most.
const TROUBLE_ROWS_MAX: u32 = 1_000;

/// Rows of shifts and of stock that one answer has at most.
const BOOK_ROWS_MAX: u32 = 100_000;

/// Transfers that one answer has at most.
const TRANSFER_ROWS_MAX: u32 = 10_000;

/// Does a command. `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn execute(
    store: &Store,
    by: &By,
    command: &Command,
    now_ms: i64,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, CommandError> {
    let ready = make_ready(store, command)?;
    execute_ready(store, by, command, ready, now_ms, progress)
}

/// What of a command takes long and changes nothing: other commands are done meanwhile.
pub struct Ready(Option<PictureImport>);

/// Unpacks and looks at pictures that are to be imported.
///
/// # Errors
/// Something is wrong with them.
pub fn make_ready(store: &Store, command: &Command) -> Result<Ready, CommandError> {
    let Command::ImportPictures { folder, replace, dry_run } = command else { return Ok(Ready(None)) };
    match pictures::prepare(store, folder, *replace) {
        // Whoever tries it out is told all of it.
        Err(ImportError::Problems(_)) if *dry_run => Ok(Ready(None)),
        prepared => Ok(Ready(Some(prepared?))),
    }
}

/// Does a command for which all is ready.
///
/// # Errors
/// It cannot be done.
pub fn execute_ready(
    store: &Store,
    by: &By,
    command: &Command,
    Ready(ready): Ready,
    now_ms: i64,
    progress: &mut dyn FnMut(u64),
) -> Result<Outcome, CommandError> {
    match command {
        Command::Import { path, replace, dry_run } => {
            let prepared = import::prepare(store, path, *replace, now_ms);
            if *dry_run {
                return tried(prepared.and_then(|import| import.try_out(store)));
            }
            let import = prepared?;
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let imported = store.write::<_, ImportError>(|writing| {
                let imported = import.apply(writing, progress)?;
                audit::note(
                    writing,
                    by,
                    "import",
                    &name,
                    &json!({ "replace": replace, "done": imported }),
                    now_ms,
                )?;
                Ok(imported)
            })?;
            store.tidy()?;
            Ok(Outcome::Imported(imported))
        }
        Command::ImportPictures { folder, replace, dry_run } => {
            let prepared = match ready {
                Some(import) => Ok(import),
                None => pictures::prepare(store, folder, *replace),
            };
            if *dry_run {
                return tried(prepared.and_then(|import| import.try_out(store)));
            }
            let import = prepared?;
            let name = folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
            let imported = store.write::<_, ImportError>(|writing| {
                let imported = import.apply(writing, progress)?;
                let detail = json!({ "replace": replace, "done": imported });
                audit::note(writing, by, "import.pictures", &name, &detail, now_ms)?;
                Ok(imported)
            })?;
            store.tidy()?;
            Ok(Outcome::Imported(imported))
        }
        Command::Price { sku, price } => store.write(|writing| {
            let set = catalogue::set_price(writing, sku, price, now_ms)?;
            let written = |minor| set.currency.format_with_symbol(Money::from_minor(minor));
            let (before, after) = (written(set.before), written(set.after));
            audit::note(writing, by, "price", sku, &json!({ "before": before, "after": after }), now_ms)?;
            Ok(Outcome::PriceSet { before, after, version: set.version })
        }),
        Command::ListPrice { price } => {
            let mut price = price.clone();
            if price.from.is_empty() {
                price.from = DateTime::from_timestamp_millis(now_ms).unwrap_or_default().to_rfc3339();
            }
            let imported = store.write::<_, ImportError>(|writing| {
                let imported = import::put_price_text(writing, &price, now_ms)?;
                audit::note(writing, by, "price", &price.sku, &json!({ "listed": price }), now_ms)?;
                Ok(imported)
            })?;
            Ok(Outcome::Imported(imported))
        }
        Command::Enrol { store: lane_store, lane } => {
            let code = secret::draw_code().map_err(enrolment::MakeCodeError::from)?;
            store.write(|writing| {
                enrolment::put_code(writing, &code, lane_store, *lane, now_ms)?;
                audit::note(writing, by, "lane.enrol", &format!("{lane_store}/{lane}"), &json!({}), now_ms)?;
                Ok(Outcome::Code { code: code.clone() })
            })
        }
        Command::EnrolRelay { store: of_store } => {
            let code = secret::draw_code().map_err(enrolment::MakeCodeError::from)?;
            store.write(|writing| {
                enrolment::put_relay_code(writing, &code, of_store, now_ms)?;
                audit::note(writing, by, "relay.enrol", of_store, &json!({}), now_ms)?;
                Ok(Outcome::Code { code: code.clone() })
            })
        }
        Command::Revoke { store: lane_store, lane } => store.write(|writing| {
            if !enrolment::revoke(writing, lane_store, *lane, now_ms)? {
                return Err(CommandError::UnknownLane { store: lane_store.clone(), lane: *lane });
            }
            audit::note(writing, by, "lane.revoke", &format!("{lane_store}/{lane}"), &json!({}), now_ms)?;
            Ok(Outcome::Removed)
        }),
        Command::ScanGoLink { store: of_store, days } => {
            if !(1..=LINK_DAYS_MAX).contains(days) {
                return Err(CommandError::LinkDays(*days));
            }
            store.write(|writing| {
                let unknown = || CommandError::UnknownStore(of_store.clone());
                writing.entity(Kind::Store, of_store)?.ok_or_else(unknown)?;
                let key = scan_go::keys::make(writing, now_ms)?;
                let until_ms = now_ms.saturating_add(i64::from(*days) * scan_go::DAY_MS);
                let token = link::make(&key, of_store, until_ms).ok_or_else(unknown)?;
                audit::note(writing, by, "scan_go.link", of_store, &json!({ "until_ms": until_ms }), now_ms)?;
                Ok(Outcome::ScanGoLink { path: format!("/go/{of_store}?k={token}") })
            })
        }
        Command::ScanGoKey => store.write(|writing| {
            let key = scan_go::keys::draw(writing, now_ms)?;
            audit::note(writing, by, "scan_go.key", &key.public().to_string(), &json!({}), now_ms)?;
            let public = scan_go::keys::public(writing)?;
            Ok(Outcome::ScanGoKeys { public: public.iter().map(ToString::to_string).collect() })
        }),
        Command::Access(command) => Ok(Outcome::Access(access::execute(store, by, command, now_ms)?)),
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
        Command::Costs { store: of_store, from, to } => {
            let range = SalesRange { store: of_store.clone(), lane: None, from: *from, to: *to };
            let currency: Option<Currency> = store.read(catalogue::currency::<CommandError>)?;
            let costs = store.read::<_, CommandError>(|reading| Ok(reading.promotion_costs(&range)?))?;
            Ok(Outcome::Costs { costs, exponent: currency.map_or(2, |currency| currency.exponent) })
        }
        Command::Interventions { store: of_store, from, to } => store.read(|reading| {
            let kiosks = interventions::of_store(reading, of_store, *from, *to)?;
            Ok(Outcome::Interventions { kiosks })
        }),
        Command::Memberships { member } => {
            let currency: Option<Currency> = store.read(catalogue::currency::<CommandError>)?;
            store.read(|reading| {
                let member = match member {
                    Some(id) => {
                        let row = reading.member(id)?.unwrap_or_default();
                        Some(keeper::memberships(reading, id, &row)?)
                    }
                    None => None,
                };
                Ok(Outcome::Memberships {
                    rewards: keeper::rewards(reading, BOOK_ROWS_MAX)?,
                    member,
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
        Command::Counts { store: of_store, post } => {
            if let Some(document) = post {
                store.write::<_, CommandError>(|writing| {
                    let without = counting::post_without(writing, of_store, document, now_ms)?;
                    let missing =
                        || CommandError::NoCount { store: of_store.clone(), document: document.clone() };
                    let detail = json!({ "without": without.ok_or_else(missing)? });
                    Ok(audit::note(
                        writing,
                        by,
                        "count.post",
                        &format!("{of_store}/{document}"),
                        &detail,
                        now_ms,
                    )?)
                })?;
            }
            let (waiting, posted) = store.read(|reading| counting::listed(reading, of_store))?;
            Ok(Outcome::Counts { waiting, posted })
        }
        Command::Exceptions => {
            let exceptions = store.read::<_, StoreError>(|reading| reading.exceptions(TROUBLE_ROWS_MAX))?;
            Ok(Outcome::Exceptions { exceptions })
        }
        Command::WriteOff { store: of_store, lane } => {
            let lost = LaneId { store: of_store.clone(), lane: *lane };
            store.write::<_, StoreError>(|writing| {
                books::write_off(writing, &lost, now_ms)?;
                audit::note(writing, by, "lane.write_off", &format!("{of_store}/{lane}"), &json!({}), now_ms)
            })?;
            Ok(Outcome::WrittenOff)
        }
        Command::Points { member, adjust, reason } => store.write::<_, CommandError>(|writing| {
            let keeper = Keeper::new(writing, now_ms)?;
            if let Some(points) = *adjust {
                let operation = Operation::Adjust { points, reason: reason.clone() };
                keeper.points(member, "", (&format!("adjusted at {now_ms}"), now_ms), &operation)?;
                let detail = json!({ "points": points, "reason": reason });
                audit::note(writing, by, "member.points", member, &detail, now_ms)?;
            }
            let account = keeper.account(member)?;
            Ok(Outcome::Points {
                available: account.available(),
                pending: account.pending(),
                lent: account.lent(),
                balance: account.balance(),
                leases: account
                    .leases()
                    .iter()
                    .map(|(id, lease)| LeaseShown {
                        lease: id.clone(),
                        store: lease.lane.store.clone(),
                        lane: lease.lane.lane,
                        points: lease.left(),
                        until_ms: lease.until_ms,
                    })
                    .filter(|shown| shown.points > 0)
                    .collect(),
            })
        }),
        Command::UnsignedLanes { allow } => store.write(|writing| {
            if let Some(allow) = *allow {
                enrolment::set_takes_unsigned(writing, allow)?;
                audit::note(writing, by, "lanes.unsigned", "all", &json!({ "allow": allow }), now_ms)?;
            }
            Ok(Outcome::UnsignedLanes { allowed: enrolment::takes_unsigned(writing)? })
        }),
        Command::Standing { percent, points_max, hours, every_seconds } => {
            let change = standing::Change {
                percent: *percent,
                points_max: *points_max,
                term_ms: hours.map(|hours| i64::from(hours) * 3_600_000),
                every_ms: every_seconds.map(|seconds| i64::from(seconds) * 1_000),
            };
            let (terms, stores) = store.write::<_, CommandError>(|writing| {
                let terms = standing::change(writing, &change)?.map_err(CommandError::Standing)?;
                if !change.is_none() {
                    let detail = json!({ "percent": terms.standing_percent, "points_max": terms.standing_points_max,
                        "term_ms": terms.standing_ms, "every_ms": terms.standing_every_ms });
                    audit::note(writing, by, "points.standing", "all", &detail, now_ms)?;
                }
                Ok((terms, writing.holds_of_relays()?))
            })?;
            Ok(Outcome::Standing {
                percent: terms.standing_percent,
                points_max: terms.standing_points_max,
                term_ms: terms.standing_ms,
                every_ms: terms.standing_every_ms,
                stores,
            })
        }
        Command::PointsTerms { change } => {
            let currency: Option<Currency> = store.read(catalogue::currency::<CommandError>)?;
            let terms = store.write::<_, CommandError>(|writing| {
                let terms = points_terms::change(writing, change)?;
                if !change.is_none() {
                    audit::note(writing, by, "points.terms", "all", &json!({ "terms": terms }), now_ms)?;
                }
                Ok(terms)
            })?;
            Ok(Outcome::PointsTerms { terms, exponent: currency.map_or(2, |currency| currency.exponent) })
        }
        Command::Value { member, adjust, reason } => store.write::<_, CommandError>(|writing| {
            let keeper = Keeper::new(writing, now_ms)?;
            if *adjust != protocol::event::Value::default() {
                let source = format!("adjusted at {now_ms}");
                let refused = || format!("{member}: {} and {}", adjust.principal, adjust.bonus);
                if reason.trim().is_empty() {
                    return Err(CommandError::ValueReason);
                }
                let moved = keeper.move_value(member, &source, *adjust, reason)?;
                moved.map_err(|_| CommandError::ValueNotMoved(refused()))?;
                let detail =
                    json!({ "principal": adjust.principal, "bonus": adjust.bonus, "reason": reason });
                audit::note(writing, by, "member.value", member, &detail, now_ms)?;
            }
            let account = keeper.value_account(&keeper.member_of(member)?)?;
            Ok(Outcome::Value { free: account.free(), lent: account.lent(), balance: account.balance() })
        }),
        Command::RebuildBooks => {
            begin(store, by, "rebuild.books", now_ms)?;
            Ok(Outcome::RebuiltBooks(books::rebuild::rebuild(store, now_ms)?))
        }
        Command::Rebuild => {
            begin(store, by, "rebuild", now_ms)?;
            Ok(Outcome::Rebuilt(projection::rebuild(store, now_ms)?))
        }
        Command::Books { store: of_store } => store.read(|reading| {
            Ok(Outcome::Books {
                shifts: reading.shifts(of_store, BOOK_ROWS_MAX)?,
                stock: reading.stock(of_store, false, BOOK_ROWS_MAX)?,
            })
        }),
        Command::Stock { store: of_store, negative } => store.read(|reading| {
            if reading.entity(Kind::Store, of_store)?.is_none() {
                return Err(CommandError::NoStore(of_store.clone()));
            }
            Ok(Outcome::Stock { stock: reading.stock(of_store, *negative, BOOK_ROWS_MAX)? })
        }),
        Command::OrderTransfer { asked } => store.write(|writing| {
            let shown = transfers::order(writing, asked, transfers::Doer { name: &by.who, now_ms })?;
            let detail =
                json!({ "from": asked.from, "to": asked.to, "lines": asked.lines.len(), "hold": asked.hold });
            audit::note(writing, by, "transfer.order", &asked.number, &detail, now_ms)?;
            Ok(Outcome::Transfers { transfers: vec![shown] })
        }),
        Command::CancelTransfer { number, reason } => store.write(|writing| {
            let doer = transfers::Doer { name: &by.who, now_ms };
            let shown = transfers::cancel(writing, number, reason, doer)?;
            audit::note(writing, by, "transfer.cancel", number, &json!({ "reason": reason }), now_ms)?;
            Ok(Outcome::Transfers { transfers: vec![shown] })
        }),
        Command::WriteOffTransfer { number, reason } => store.write(|writing| {
            let doer = transfers::Doer { name: &by.who, now_ms };
            let shown = transfers::write_off(writing, number, reason, doer)?;
            let detail = json!({ "reason": reason, "differences": shown.differences });
            audit::note(writing, by, "transfer.write_off", number, &detail, now_ms)?;
            Ok(Outcome::Transfers { transfers: vec![shown] })
        }),
        Command::Transfers { number: Some(number), store: _, state: _ } => store
            .read(|reading| Ok(Outcome::Transfers { transfers: vec![transfers::find(reading, number)?] })),
        Command::Transfers { number: None, store: of_store, state } => store.read(|reading| {
            if let Some(code) = of_store
                && reading.entity(Kind::Store, code)?.is_none()
            {
                return Err(TransferError::UnknownStore(code.clone()).into());
            }
            let asked =
                TransfersAsked { store: of_store.as_deref(), state: state.map(transfers::State::name) };
            Ok(Outcome::Transfers { transfers: transfers::list(reading, asked, "", TRANSFER_ROWS_MAX)? })
        }),
        Command::Lanes => Ok(Outcome::Lanes { epochs: store.read(|reading| reading.lane_epochs())? }),
    }
}

/// What a dry run has shown: what would be done, or all that is wrong.
fn tried(done: Result<Imported, ImportError>) -> Result<Outcome, CommandError> {
    match done {
        Ok(done) => Ok(Outcome::Tried(done)),
        Err(ImportError::Problems(problems)) => Ok(Outcome::Wrong(problems)),
        Err(error) => Err(error.into()),
    }
}

/// Notes that something begins which takes more than one transaction.
fn begin(store: &Store, by: &By, act: &str, now_ms: i64) -> Result<(), StoreError> {
    store.write(|writing| audit::note(writing, by, act, "all", &json!({}), now_ms))
}
