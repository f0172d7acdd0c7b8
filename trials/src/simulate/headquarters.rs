//! HQ's program: intake, feed and enrolment on the real store, on a disk that
//! forgets, and without HTTP.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use hq::asking;
use hq::books::LaneId;
use hq::books::counting::{COUNTS_LANE, Posted};
use hq::books::keeper::{self, Keeper, points_key};
use hq::books::points::{Operation, PointsWrong, Settled};
use hq::enrolment;
use hq::feed::PageCache;
use hq::intake::{self, IntakeError};
use hq::shelves::{self, ReportError};
use hq::store::{AlarmKind, BookKey, BookKind, SalesRange, Store, StoreError};
use hq::{feed, sales};
use ledger::journal::Identity;
use protocol::answer::SalesOfDay;
use protocol::ask::Question;
use protocol::chain::ChainHash;
use protocol::enrol::Enrolment;
use protocol::event::Position;
use protocol::push::PushRefusal;

use super::model::JournalKey;
use super::network::{Answer, Ask};
use super::points::{AtHq, Listed};
use super::relay::{Authority, is_claim};
use super::shop;
use super::stock::{self, CountId};
use crate::disk::Image;
use crate::powercut::words;
use crate::vfs::memory::Mounted;

/// How many changes a page has at most: several pages for a new lane.
const PAGE_CHANGES: usize = 40;

/// The most alarms that are asked for.
const ALARMS_MAX: u32 = 100_000;

/// The most items of a store that are asked for.
const ITEMS_MAX: u32 = 100_000;

/// The most counts of a store that are asked for.
const COUNTS_MAX: u32 = 100_000;

/// HQ's machine.
pub struct Headquarters {
    mounted: Mounted,
    store: Option<Store>,
    /// Of the program that runs: one that starts has none yet.
    pages: PageCache,
    backup: Option<Image>,
    keys_drawn: u64,
    /// How often it was put back: what it said before it does not know.
    pub life: u64,
}

/// What a machine shows with every request.
#[derive(Debug, Clone)]
pub struct Caller<'a> {
    /// Who it says that it is.
    pub identity: &'a Identity,
    /// Its secret.
    pub key: &'a str,
    /// How far the lanes of its store are, as their agents said to HQ just now.
    pub told: &'a BTreeMap<u32, Position>,
}

impl Headquarters {
    /// A machine with an empty disk.
    pub fn new(mounted: Mounted) -> Self {
        Self { mounted, store: None, pages: PageCache::default(), backup: None, keys_drawn: 0, life: 0 }
    }

    /// Opens for the chain's first day.
    pub fn found(&mut self, stores: usize) -> Result<(), String> {
        self.start()?;
        shop::found(self.store()?, stores).map_err(|error| words(&error))
    }

    /// Starts the program.
    pub fn start(&mut self) -> Result<(), String> {
        self.store = Some(Store::open(&self.name()).map_err(|error| words(&error))?);
        self.pages = PageCache::default();
        Ok(())
    }

    /// The database on this machine's disk, as SQLite finds it.
    fn name(&self) -> PathBuf {
        PathBuf::from(format!("file:/hq.db?vfs={}", self.mounted.vfs))
    }

    /// Ends the program, or sees that it has ended.
    pub fn stop(&mut self) {
        self.store = None;
    }

    /// Whether it runs.
    pub fn is_up(&self) -> bool {
        self.store.is_some()
    }

    /// Its disk.
    pub fn mounted(&self) -> Mounted {
        self.mounted
    }

    /// Its database.
    pub fn store(&self) -> Result<&Store, String> {
        self.store.as_ref().ok_or_else(|| "HQ is away".to_owned())
    }

    /// Copies the closed database away.
    pub fn back_up(&mut self) -> Result<(), String> {
        self.stop();
        self.backup = Some(self.mounted.disk.image());
        self.start()
    }

    /// Puts the copy back; tells whether there was one.
    pub fn restore(&mut self) -> Result<bool, String> {
        let Some(backup) = &self.backup else { return Ok(false) };
        self.store = None;
        self.mounted.disk.lay(backup);
        self.life += 1;
        self.start()?;
        Ok(true)
    }

    /// Enrols a lane, or enrols it anew.
    pub fn enrol(&mut self, store_code: &str, lane: u32, now_ms: i64) -> Result<Enrolment, String> {
        self.keys_drawn += 1;
        let (code, key) = (format!("CODE-{}", self.keys_drawn), format!("key-{}", self.keys_drawn));
        let store = self.store()?;
        enrolment::register_code(store, &code, store_code, lane, now_ms).map_err(|error| words(&error))?;
        enrolment::exchange_for(store, &code, key, None, now_ms).map_err(|error| words(&error))
    }

    /// Answers a request, as the routes do. An error is one of the database.
    pub fn answer(&self, caller: &Caller<'_>, ask: &Ask, now_ms: i64) -> Result<Answer, String> {
        let store = self.store()?;
        let refused = |refusal| Ok(Answer::Refused(refusal));
        let found = enrolment::lane_of_key(store, caller.key).map_err(|error| words(&error))?;
        let Some(lane) = found else { return refused(PushRefusal::Unauthorised) };
        if (&lane.store, lane.lane) != (&caller.identity.store, caller.identity.lane) {
            return refused(PushRefusal::Unauthorised);
        }
        let filed = match ask {
            Ask::Position { epoch } => intake::position(store, &lane, *epoch),
            Ask::Push { body } => intake::file(store, &lane, body, now_ms),
            Ask::Question(question) if matches!(**question, Question::Positions {}) => {
                let said = store.read(|reading| {
                    asking::positions(reading, &lane.store, |lane| caller.told.get(&lane).copied())
                });
                let said = said.map_err(|error: StoreError| words(&error))?;
                return Ok(Answer::Said(Box::new(said), Vec::new()));
            }
            Ask::Question(question) => {
                let said = asking::answer(store, &lane, question, now_ms).map_err(|error| words(&error))?;
                let by = if is_claim(&said) { vec![Authority::Hq(self.life)] } else { Vec::new() };
                return Ok(Answer::Said(Box::new(said), by));
            }
            // A relay's own routes.
            Ask::Copied { .. } | Ask::Copy { .. } => return Ok(Answer::ComeBack),
            Ask::Shelf(report) => {
                return match shelves::take_in(store, &lane, report, now_ms) {
                    Ok(answer) => Ok(Answer::Shelf(answer)),
                    Err(ReportError::Form(reason)) => Err(reason),
                    Err(ReportError::Store(error)) => Err(words(&error)),
                };
            }
            Ask::Page { after, in_use } => {
                shelves::note_version(store, &lane, *in_use).map_err(|error| words(&error))?;
                let wanted = feed::Wanted {
                    store: &lane.store,
                    after: *after,
                    began: (in_use == after).then_some(*after),
                    limit: PAGE_CHANGES,
                    takes_snapshot: false,
                };
                let page = feed::page(store, &self.pages, &wanted);
                return page.map(|page| Answer::Page(page.to_vec())).map_err(|error| words(&error));
            }
        };
        match filed {
            Ok(answer) => Ok(Answer::Filed(answer)),
            Err(IntakeError::Refused(refusal)) => refused(refusal),
            Err(IntakeError::TooLarge) => Err("a batch is too large".to_owned()),
            Err(IntakeError::Store(error)) => Err(words(&error)),
        }
    }

    /// How far each journal is filed.
    pub fn filed(&self) -> Result<Vec<(JournalKey, u64, ChainHash)>, String> {
        let read = self.store()?.read(|reading| {
            let mut filed = Vec::new();
            for row in reading.lane_epochs()? {
                let key = hq::store::JournalKey { store: &row.store, lane: row.lane, epoch: row.epoch };
                let head = reading.journal_head(key)?;
                filed.push(((row.store, row.lane, row.epoch), head.acknowledged, head.head));
            }
            Ok::<_, StoreError>(filed)
        });
        read.map_err(|error| words(&error))
    }

    /// The sums of every day.
    pub fn days(&self) -> Result<Vec<SalesOfDay>, String> {
        let answer = sales::of_days(self.store()?, &SalesRange::default());
        Ok(answer.map_err(|error| words(&error))?.rows)
    }

    /// What every store has of every item, and how its counts stand, as far as is filed.
    pub fn stock(&self, stores: usize) -> Result<stock::AtHq, String> {
        let mut at_hq = stock::AtHq::default();
        for code in (0..stores).map(shop::store_code) {
            let read = self.store()?.read(|reading| {
                let rows = reading.stock_after(&code, false, "", ITEMS_MAX)?;
                let posted = reading.books_of_after(&code, BookKind::Count, "", COUNTS_MAX)?;
                let waiting = reading.books_of_after(&code, BookKind::CountWaiting, "", COUNTS_MAX)?;
                Ok::<_, StoreError>((rows, posted, waiting))
            });
            let (rows, posted, waiting) = read.map_err(|error| words(&error))?;
            for row in rows {
                at_hq.on_hand.insert((code.clone(), row.sku.clone()), row.on_hand);
                at_hq.in_transit.insert((code.clone(), row.sku), row.in_transit);
            }
            for (document, body) in posted {
                at_hq.posted.insert((code.clone(), document), posted_of(&body)?);
            }
            at_hq.waiting.extend(waiting.into_iter().map(|(document, _)| (code.clone(), document)));
        }
        Ok(at_hq)
    }

    /// A count that is in the stock; `None` where it is not.
    pub fn posted(&self, (code, document): &CountId) -> Result<Option<Posted>, String> {
        let key = BookKey { owner: code, kind: BookKind::Count, part: document };
        let body = self.store()?.read(|reading| reading.book(key));
        body.map_err(|error: StoreError| words(&error))?.map(|body| posted_of(&body)).transpose()
    }

    /// Whether it lets a machine in with this key.
    pub fn knows(&self, key: &str) -> bool {
        self.store().is_ok_and(|store| matches!(enrolment::lane_of_key(store, key), Ok(Some(_))))
    }

    /// The journals of which a fork is alarmed.
    pub fn forks(&self) -> Result<BTreeSet<JournalKey>, String> {
        let alarms = self.store()?.read(|reading| reading.alarms(ALARMS_MAX));
        let alarms = alarms.map_err(|error: StoreError| words(&error))?;
        let forks = alarms.into_iter().filter(|alarm| alarm.kind == AlarmKind::Fork);
        Ok(forks.map(|alarm| (alarm.store, alarm.lane, alarm.epoch)).collect())
    }

    /// What HQ lists as used up more than it may be: by the kind of book, its owner and its part.
    pub fn listed(&self) -> Result<BTreeSet<(BookKind, String, String)>, String> {
        let exceptions = self.store()?.read(|reading| reading.exceptions(ALARMS_MAX));
        let exceptions = exceptions.map_err(|error: StoreError| words(&error))?;
        Ok(exceptions.into_iter().map(|row| (row.kind, row.owner, row.part)).collect())
    }

    /// How the points of people stand, by their ids: each person's accounts.
    pub fn points(&self, persons: &[Vec<String>]) -> Result<Vec<Vec<AtHq>>, String> {
        let read = self.store()?.read(|reading| {
            let mut all = Vec::new();
            for ids in persons {
                let mut kept = Vec::new();
                for member in ids {
                    let Some(body) = reading.book(points_key(member))? else { continue };
                    let entered = reading.book_sum(points_key(member))?;
                    kept.push(AtHq { member: member.clone(), account: keeper::account_of(&body)?, entered });
                }
                all.push(kept);
            }
            Ok::<_, StoreError>(all)
        });
        read.map_err(|error| words(&error))
    }

    /// What HQ lists about points.
    pub fn points_listed(&self) -> Result<Vec<Listed>, String> {
        let exceptions = self.store()?.read(|reading| reading.exceptions(ALARMS_MAX));
        let exceptions = exceptions.map_err(|error: StoreError| words(&error))?;
        let of_points = exceptions.into_iter().filter(|row| row.kind == BookKind::Points);
        of_points
            .map(|row| {
                let wrong: PointsWrong = serde_json::from_str(&row.what).map_err(|error| words(&error))?;
                let mut numbers = row.source.split('/').skip(1).map_while(|part| part.parse().ok());
                let (Some(lane), Some(epoch)) = (numbers.next(), numbers.next()) else {
                    return Err(format!("{} is no document", row.source));
                };
                Ok(Listed { member: row.owner, store: row.store, lane, epoch, wrong })
            })
            .collect()
    }

    /// How many leases of points a lane has.
    pub fn points_lent_to(&self, store: &str, lane: u32) -> Result<usize, String> {
        let lane = LaneId { store: store.to_owned(), lane };
        let held = self.store()?.read(|reading| reading.holds_until(&lane, i64::MAX));
        let held = held.map_err(|error: StoreError| words(&error))?;
        Ok(held.iter().filter(|hold| hold.kind == BookKind::Points).count())
    }

    /// How many events are set aside because they cannot be read.
    pub fn quarantined(&self) -> Result<u64, String> {
        let events = self.store()?.read(|reading| reading.quarantined(ALARMS_MAX));
        Ok(events.map_err(|error: StoreError| words(&error))?.len() as u64)
    }

    /// The newest version of the reference.
    pub fn version(&self) -> Result<u64, String> {
        let version = self.store()?.read(|reading| reading.reference_version());
        version.map_err(|error: StoreError| words(&error))
    }
}

impl Headquarters {
    /// Takes what other lanes were lent of a member's points for given back: an HQ whose leases overlap.
    pub fn take_leases_back(&self, identity: &Identity, member: &str, now_ms: i64) -> Result<(), String> {
        let done = self.store()?.write(|writing| {
            let keeper = Keeper::new(writing, now_ms)?;
            let member = keeper.member_of(member)?;
            for (lease, lent) in keeper.account(&member)?.leases() {
                let lane = &lent.lane;
                if (&lane.store, lane.lane) != (&identity.store, identity.lane) {
                    let operation = Operation::Settle { lease: lease.clone(), why: Settled::Returned };
                    keeper.points(&member, &lane.store, ("overlap", now_ms), &operation)?;
                }
            }
            Ok::<_, StoreError>(())
        });
        done.map_err(|error| words(&error))
    }

    /// Takes what was counted for what there is now: an HQ that does not mind where lanes were.
    pub fn set_to_counted(&self, (code, _): &CountId, posted: &Posted) -> Result<(), String> {
        let done = self.store()?.write(|writing| {
            for of in &posted.differences {
                let now = writing.stock_in_store(code, &of.sku)?;
                writing.move_hq_stock(code, COUNTS_LANE, &of.sku, of.counted - now)?;
            }
            Ok::<_, StoreError>(())
        });
        done.map_err(|error| words(&error))
    }

    /// Forgets that the events of a batch are filed, and keeps the sums that
    /// they made: an HQ without dedupe.
    pub fn forget(&self, identity: &Identity, body: &[u8]) -> Result<(), String> {
        let Ok(inflated) = zstd::decode_all(body) else { return Ok(()) };
        let Ok(batch) = protocol::push::decode_batch(&inflated) else { return Ok(()) };
        let Identity { store, lane, .. } = identity;
        let (epoch, first_seq) = (batch.head.epoch, batch.head.first_seq);
        let filed = self.filed()?;
        let key = (store.clone(), *lane, epoch);
        let is_filed = filed.iter().any(|(of, acknowledged, _)| *of == key && *acknowledged >= first_seq);
        let previous = (first_seq.checked_sub(1)).and_then(|seq| {
            let read = self.store().ok()?.read(|reading| match seq {
                0 => Ok::<_, StoreError>(Some(ChainHash::genesis(store, *lane, epoch))),
                _ => reading.event_hash(hq::store::JournalKey { store, lane: *lane, epoch }, seq),
            });
            read.ok().flatten()
        });
        if !is_filed || previous != Some(batch.previous) {
            return Ok(());
        }
        let connection = rusqlite::Connection::open(self.name()).map_err(|error| words(&error))?;
        let mut done = connection.execute_batch("PRAGMA foreign_keys = OFF");
        for table in ["stock_beside", "sale_tax", "sale_tender", "sale_line", "sale", "quarantine", "event"] {
            let sql =
                format!("DELETE FROM {table} WHERE store = ?1 AND lane = ?2 AND epoch = ?3 AND seq >= ?4");
            done = done.and_then(|()| connection.execute(&sql, (store, lane, epoch, first_seq)).map(drop));
        }
        let back =
            "UPDATE journal SET acknowledged = ?4, head = ?5 WHERE store = ?1 AND lane = ?2 AND epoch = ?3";
        let head = batch.previous.as_bytes();
        done.and_then(|()| connection.execute(back, (store, lane, epoch, first_seq - 1, head)).map(drop))
            .map_err(|error| words(&error))
    }
}

fn posted_of(body: &str) -> Result<Posted, String> {
    serde_json::from_str(body).map_err(|error| words(&error))
}
