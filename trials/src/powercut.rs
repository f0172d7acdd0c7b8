//! Power cuts: a lane sells on a disk that forgets, is cut off at any
//! operation, starts again, and must be where the disk said that it was.
//!
//! The journal is the real one, opened as a lane opens it. After every start:
//! each acknowledged record is there unchanged and under its number; of what
//! was under way all is there or nothing; the chain holds; every sale adds up;
//! the till is what its acknowledged records make of it; whatever was printed
//! is a sale; and HQ has nothing that the journal has not.

use std::num::NonZero;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use domain::money::Money;
use domain::record::Record;
use domain::till::{Settings, Till};
use fixtures::bench::Dice;
use ledger::file::Trial;
use ledger::journal::{Head, Journal, JournalReader, ReadJournalError, TAIL_CHECKED};
use protocol::chain::ChainHash;

use crate::counter::{
    Counter, Day, Goods, Outside, PaperOrder, Restored, SECRET, identity, restore, settings,
};
use crate::disk::Faults;
use crate::vfs::memory::{Mounted, mount};

/// After so many cuts a lane gets a new disk: what grows without end is
/// another trial's.
const CUTS_OF_A_LIFE: u64 = 25;

/// The power fails at the latest after so many things have happened.
const HAPPENINGS_MAX: u64 = 120;

/// So many of a hundred stretches of selling meet a flush that fails.
const FLUSH_FAILS: u64 = 6;

/// A whole check of the file is made at every start while it is this short,
/// and at one in eight later.
const SHORT_EVENTS: u64 = 60;

/// Where the journal lies on a trial's disk.
pub const JOURNAL: &str = "/journal.db";

/// Its write-ahead log.
pub const LOG: &str = "/journal.db-wal";

/// What makes a lane lose something, to see that it is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weakness {
    /// Nothing: the lane as it is shipped.
    #[default]
    None,
    /// A commit does not wait for the disk (`synchronous=NORMAL`).
    NormalSync,
    /// Paper is given out before the disk was asked.
    PaperFirst,
    /// The drive answers flushes and does not do them.
    DriveIgnoresFlush,
}

/// What is tried.
#[derive(Debug, Clone, Copy)]
pub struct Plan {
    /// How often the power is cut.
    pub cuts: u64,
    /// The same seed, the same cuts, on every machine.
    pub seed: u64,
    /// What is weakened.
    pub weakness: Weakness,
}

/// What came out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// How often the power was cut.
    pub cuts: u64,
    /// Sales that the disk answered for.
    pub acknowledged: u64,
    /// Records that it answered for, sales among them.
    pub records: u64,
    /// Of these, how many were not there again; and papers without a sale.
    pub lost: u64,
    /// How often what was there was not what was written.
    pub corrupt: u64,
    /// Sectors of which a cut kept not the newest version.
    pub sectors_lost: u64,
    /// Sectors that a cut left torn.
    pub sectors_torn: u64,
    /// Starts that found all of what was being written when the power failed.
    pub under_way_kept: u64,
    /// Starts that found nothing of it.
    pub under_way_gone: u64,
    /// Cuts while a lane was starting.
    pub cuts_at_start: u64,
    /// Flushes that failed, after which a lane locks itself and starts anew.
    pub flushes_failed: u64,
    /// Found things in words, at most [`WORDS_MAX`]; each names its life's seed.
    pub words: Vec<String>,
}

/// The most found things that are kept in words.
pub const WORDS_MAX: usize = 10;

impl Outcome {
    /// Whether nothing was lost and all was as it was written.
    pub fn is_sound(&self) -> bool {
        self.lost == 0 && self.corrupt == 0
    }

    /// The line for machines.
    pub fn json(&self) -> String {
        let Self { cuts, acknowledged, lost, corrupt, .. } = self;
        format!(r#"{{"cuts":{cuts},"acknowledged":{acknowledged},"lost":{lost},"corrupt":{corrupt}}}"#)
    }

    fn add(&mut self, other: Self) {
        self.cuts += other.cuts;
        self.acknowledged += other.acknowledged;
        self.records += other.records;
        self.lost += other.lost;
        self.corrupt += other.corrupt;
        self.sectors_lost += other.sectors_lost;
        self.sectors_torn += other.sectors_torn;
        self.under_way_kept += other.under_way_kept;
        self.under_way_gone += other.under_way_gone;
        self.cuts_at_start += other.cuts_at_start;
        self.flushes_failed += other.flushes_failed;
        self.words.extend(other.words);
        self.words.sort();
        self.words.truncate(WORDS_MAX);
    }

    fn find(&mut self, seed: u64, finding: Finding) {
        let (counted, words) = match finding {
            Finding::Lost { records, words } => {
                self.lost += records;
                ("lost", words)
            }
            Finding::Corrupt(words) => {
                self.corrupt += 1;
                ("corrupt", words)
            }
        };
        self.words.push(format!("{counted}, life {seed:#018x}: {words}"));
        self.words.truncate(WORDS_MAX);
    }
}

/// Something that must not be.
enum Finding {
    Lost { records: u64, words: String },
    Corrupt(String),
}

/// Runs a plan on as many threads as the machine has processors.
pub fn run(plan: &Plan) -> Outcome {
    let lives = plan.cuts.div_ceil(CUTS_OF_A_LIFE);
    let next = AtomicU64::new(0);
    let outcome = Mutex::new(Outcome::default());
    let goods = Goods::demo();
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let mounted = mount(0);
                loop {
                    let life = next.fetch_add(1, Ordering::Relaxed);
                    if life >= lives {
                        return;
                    }
                    let cuts = CUTS_OF_A_LIFE.min(plan.cuts - life * CUTS_OF_A_LIFE);
                    let lived = live(mounted, &goods, plan, mixed(plan.seed, life), cuts);
                    outcome.lock().expect("no worker panicked").add(lived);
                }
            });
        }
    });
    outcome.into_inner().expect("no worker panicked")
}

/// One number of two, none like another.
fn mixed(seed: u64, number: u64) -> u64 {
    let mut mixed = seed ^ number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed ^ (mixed >> 27)
}

/// Lives until the power was cut so often. A lane that has lost something
/// gets a new disk.
fn live(mounted: Mounted, goods: &Goods, plan: &Plan, seed: u64, cuts: u64) -> Outcome {
    let mut outcome = Outcome::default();
    let mut lives = 0;
    while outcome.cuts < cuts {
        let seed = mixed(seed, lives);
        lives += 1;
        let mut life = Life::new(mounted, goods, plan.weakness, seed);
        let found = loop {
            if outcome.cuts + life.cuts >= cuts {
                break Ok(());
            }
            if let Err(finding) = life.go_on() {
                break Err(finding);
            }
        };
        let counts = mounted.disk.counts();
        outcome.cuts += life.cuts.max(u64::from(found.is_err()));
        outcome.acknowledged += life.outside.sales;
        outcome.records += life.outside.acknowledged.len() as u64;
        outcome.sectors_lost += counts.sectors_lost;
        outcome.sectors_torn += counts.sectors_torn;
        outcome.under_way_kept += life.under_way_kept;
        outcome.under_way_gone += life.under_way_gone;
        outcome.cuts_at_start += life.cuts_at_start;
        outcome.flushes_failed += life.flushes_failed;
        if let Err(finding) = found {
            outcome.find(seed, finding);
        }
    }
    outcome
}

/// How a start ended.
enum Stop {
    /// The power failed.
    NoPower,
    /// Something is not as it must be.
    Found(Finding),
}

/// A lane on one disk, from its first start on.
struct Life<'a> {
    mounted: Mounted,
    trial: Trial,
    goods: &'a Goods,
    settings: Settings,
    paper: PaperOrder,
    dice: Dice,
    day: Day,
    outside: Outside,
    /// Where the chain stood at the last record that was checked.
    checked: Head,
    /// Where HQ stands, which files what the agent reads.
    filed: Head,
    /// What is wrong with its disk from the beginning on.
    faults: Faults,
    cuts: u64,
    cuts_at_start: u64,
    flushes_failed: u64,
    under_way_kept: u64,
    under_way_gone: u64,
}

impl<'a> Life<'a> {
    fn new(mounted: Mounted, goods: &'a Goods, weakness: Weakness, seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        mounted.disk.erase(dice.below(u64::MAX));
        let ignores_flush = weakness == Weakness::DriveIgnoresFlush;
        let faults = Faults { ignores_flush, ..Faults::default() };
        mounted.disk.set_faults(faults);
        let genesis = ChainHash::genesis("S001", 1, 1);
        let start = Head { seq: 0, hash: genesis };
        Self {
            mounted,
            trial: Trial {
                vfs: mounted.vfs,
                secret: Some(SECRET),
                synchronous: if weakness == Weakness::NormalSync { "NORMAL" } else { "FULL" },
                tail_checked: TAIL_CHECKED,
            },
            goods,
            settings: settings(),
            paper: match weakness {
                Weakness::PaperFirst => PaperOrder::BeforeTheDisk,
                Weakness::None | Weakness::NormalSync | Weakness::DriveIgnoresFlush => {
                    PaperOrder::AfterTheDisk
                }
            },
            day: Day::new(dice.below(u64::MAX)),
            dice,
            outside: Outside { now_ms: 1_772_416_800_000, ..Outside::default() },
            checked: start,
            filed: start,
            faults,
            cuts: 0,
            cuts_at_start: 0,
            flushes_failed: 0,
            under_way_kept: 0,
            under_way_gone: 0,
        }
    }

    /// A start, a stretch of selling and a cut of the power.
    fn go_on(&mut self) -> Result<(), Finding> {
        let disk = self.mounted.disk;
        let at_start = self.dice.chance(25);
        if at_start {
            disk.cut_after(self.dice.below(40));
        }
        let stop = self.start();
        if !disk.is_powered() {
            self.cuts += 1;
        }
        // Whoever had a file open is gone by now.
        let was_powered = disk.is_powered();
        match stop {
            Ok(()) | Err(Stop::NoPower) if was_powered => Ok(()),
            Ok(()) => {
                disk.restart();
                Ok(())
            }
            Err(Stop::NoPower) => {
                self.cuts_at_start += u64::from(at_start);
                disk.restart();
                Ok(())
            }
            Err(Stop::Found(finding)) => {
                disk.restart();
                Err(finding)
            }
        }
    }

    fn start(&mut self) -> Result<(), Stop> {
        let renewed = self.mounted.disk.renew(LOG);
        renewed.map_err(|refusal| self.stop(format!("the log is not written again: {refusal:?}")))?;
        let journal = Journal::open_trial(Path::new(JOURNAL), &identity(), &self.trial)
            .map_err(|error| self.stop(format!("the journal does not open: {}", words(&error))))?;
        let reader = JournalReader::open_trial(Path::new(JOURNAL), &self.trial)
            .map_err(|error| self.stop(format!("nobody can read the journal: {}", words(&error))))?
            .ok_or_else(|| self.stop("there is no journal to read".to_owned()))?;
        let restored = self.check(&journal, &reader)?;
        self.sell(journal, restored, &reader)
    }

    /// What an error means: where the power is off, that it is.
    fn stop(&self, words: String) -> Stop {
        if self.mounted.disk.is_powered() { Stop::Found(Finding::Corrupt(words)) } else { Stop::NoPower }
    }

    fn unreadable(&self, error: &ReadJournalError) -> Stop {
        self.stop(format!("the journal is not readable: {}", words(error)))
    }

    /// Looks whether everything is there that must be.
    fn check(&mut self, journal: &Journal, reader: &JournalReader) -> Result<Restored, Stop> {
        let corrupt = |words: String| Stop::Found(Finding::Corrupt(words));
        let head = journal.head();
        let acknowledged = self.outside.acknowledged.len() as u64;
        if head.seq < acknowledged {
            let words = format!("{acknowledged} records were acknowledged, {} are there", head.seq);
            return Err(Stop::Found(Finding::Lost { records: acknowledged - head.seq, words }));
        }
        if head.seq > acknowledged {
            let under_way = std::mem::take(&mut self.outside.under_way);
            if head.seq - acknowledged != under_way.len() as u64 {
                let words = format!("of {} under way {} are there", under_way.len(), head.seq - acknowledged);
                return Err(corrupt(words));
            }
            self.under_way_kept += 1;
            let is_sale = |(_, record): &&(_, Record)| matches!(record, Record::SaleCompleted { .. });
            self.outside.sales += under_way.iter().filter(is_sale).count() as u64;
            self.outside.acknowledged.extend(under_way);
        } else if !std::mem::take(&mut self.outside.under_way).is_empty() {
            self.under_way_gone += 1;
        }
        self.check_records(journal, reader)?;
        if head.seq < SHORT_EVENTS || self.dice.chance(12) {
            let whole = reader.verify().map_err(|error| self.unreadable(&error))?;
            if whole != head {
                return Err(corrupt(format!("the writer is at {}, the reader at {}", head.seq, whole.seq)));
            }
        }
        self.check_outside(journal, reader)?;
        self.check_till(journal)
    }

    /// The bytes of every record chain up, and say what was acknowledged.
    fn check_records(&mut self, journal: &Journal, reader: &JournalReader) -> Result<(), Stop> {
        let corrupt = |words: String| Stop::Found(Finding::Corrupt(words));
        let mut at = Head { seq: 0, hash: ChainHash::genesis("S001", 1, 1) };
        let entries =
            reader.entries_after(0, usize::MAX, usize::MAX).map_err(|error| self.unreadable(&error))?;
        for entry in entries {
            at = Head { seq: at.seq + 1, hash: at.hash.extend(&entry.bytes) };
            if (entry.seq, entry.hash) != (at.seq, at.hash) {
                return Err(corrupt(format!("the chain breaks at {}", at.seq)));
            }
            if at.seq == self.checked.seq && at.hash != self.checked.hash {
                return Err(corrupt(format!("what stands up to {} is not what stood there", at.seq)));
            }
            if at.seq > self.checked.seq {
                let stored = journal.record(at.seq).map_err(|error| self.unreadable(&error))?;
                let place = usize::try_from(at.seq - 1).unwrap_or(usize::MAX);
                let (stamp, record) = &self.outside.acknowledged[place];
                if (&stored.stamp, &stored.record) != (stamp, record) {
                    let seq = at.seq;
                    let written = format!("{stamp:?} {record:?}");
                    return Err(corrupt(format!(
                        "record {seq} is not what was written: {stored:?}, not {written}"
                    )));
                }
                if let Record::SaleCompleted { sale } = &stored.record
                    && !sale.adds_up()
                {
                    return Err(corrupt(format!("sale {} does not add up", at.seq)));
                }
            }
        }
        if at != journal.head() {
            return Err(corrupt(format!("the journal ends at {}, it says {}", at.seq, journal.head().seq)));
        }
        self.checked = at;
        Ok(())
    }

    /// What left the machine is in the journal: paper, and what HQ filed.
    fn check_outside(&self, journal: &Journal, reader: &JournalReader) -> Result<(), Stop> {
        let sold = |document: &u64| {
            let place = usize::try_from(*document).ok()?.checked_sub(1)?;
            matches!(self.outside.acknowledged.get(place)?.1, Record::SaleCompleted { .. }).then_some(())
        };
        let unsold = self.outside.printed.iter().filter(|document| sold(document).is_none()).count();
        if unsold > 0 {
            let words = format!("{unsold} papers are of no sale that is there");
            return Err(Stop::Found(Finding::Lost { records: unsold as u64, words }));
        }
        if self.filed.seq > journal.head().seq {
            let words = format!("HQ has {}, the journal {}", self.filed.seq, journal.head().seq);
            return Err(Stop::Found(Finding::Lost { records: self.filed.seq - journal.head().seq, words }));
        }
        let there = reader.hash_at(self.filed.seq).map_err(|error| self.unreadable(&error))?;
        if there != self.filed.hash {
            let words = format!("HQ has another record {}", self.filed.seq);
            return Err(Stop::Found(Finding::Corrupt(words)));
        }
        Ok(())
    }

    /// The till is what the acknowledged records make of it.
    fn check_till(&self, journal: &Journal) -> Result<Restored, Stop> {
        let corrupt = |words: &str| Stop::Found(Finding::Corrupt(words.to_owned()));
        let all = &self.outside.acknowledged;
        let place_of_last = |skipped: usize, is: fn(&Record) -> bool| {
            all.iter().enumerate().rev().filter(|(_, (_, record))| is(record)).nth(skipped).map(|(at, _)| at)
        };
        let shift = place_of_last(1, |record| matches!(record, Record::ShiftOpened { .. })).unwrap_or(0);
        let sale = place_of_last(0, |record| matches!(record, Record::SaleCompleted { .. }));
        let from = sale.map_or(shift, |sale| sale.min(shift));
        let mut till = Till::default();
        for (place, (stamp, record)) in all.iter().enumerate().skip(from) {
            till.restore(place as u64 + 1, stamp.at_ms, record);
        }
        till.wake(&self.settings);
        let restored = restore(journal, &self.settings).map_err(|error| self.unreadable(&error))?;
        if restored.till != till {
            return Err(corrupt("the till is not what its records make of it"));
        }
        let sold: Money = self.outside.acknowledged.iter().filter_map(|(_, record)| total(record)).sum();
        if restored.till.report().is_some_and(|report| report.totals.net() != sold) {
            return Err(corrupt("the till's sums are not those of its sales"));
        }
        Ok(restored)
    }

    /// Sells until the power fails, or the lane is stopped in good order.
    fn sell(&mut self, journal: Journal, restored: Restored, reader: &JournalReader) -> Result<(), Stop> {
        let disk = self.mounted.disk;
        if self.dice.chance(85) {
            let operations = if self.dice.chance(50) { 60 } else { 500 };
            disk.cut_after(self.dice.below(operations));
        }
        let happenings = self.dice.below(HAPPENINGS_MAX);
        let flush_fails_at = self.dice.chance(FLUSH_FAILS).then(|| self.dice.below(HAPPENINGS_MAX));
        let stops_well = self.dice.chance(20);
        let refused = |words: String| {
            if disk.is_powered() { Stop::Found(Finding::Corrupt(words)) } else { Stop::NoPower }
        };
        let mut counter =
            Counter::start(journal, restored, self.goods, &self.settings, self.paper, &mut self.outside);
        for happening in 0..happenings {
            if !disk.is_powered() {
                return Err(Stop::NoPower);
            }
            if flush_fails_at == Some(happening) {
                disk.set_faults(Faults { fails_flush: true, ..self.faults });
            }
            let mut went_on =
                self.day.go_on(&mut counter).map_err(|error| format!("refused: {}", words(&error)));
            let chance = self.dice.below(200);
            if chance == 0 && went_on.is_ok() {
                went_on = counter.tidy().map_err(|error| format!("not tidied: {error}"));
            }
            if let Err(words) = went_on {
                let locks = counter.journal().is_in_doubt() && disk.is_powered();
                drop(counter);
                disk.set_faults(self.faults);
                if locks && flush_fails_at.is_some_and(|at| at <= happening) {
                    // The lane locks itself, and a person starts it again.
                    self.flushes_failed += 1;
                    return Ok(());
                }
                return Err(refused(words));
            }
            if (1..=8).contains(&chance) {
                // The agent pushes what is there, and HQ files it.
                let error = |error: ReadJournalError| refused(format!("the agent: {}", words(&error)));
                let entries = reader.entries_after(self.filed.seq, 100, usize::MAX).map_err(error)?;
                if let Some(entry) = entries.last() {
                    self.filed = Head { seq: entry.seq, hash: entry.hash };
                }
            }
        }
        if !stops_well {
            disk.cut();
        }
        drop(counter);
        disk.set_faults(self.faults);
        if stops_well { Ok(()) } else { Err(Stop::NoPower) }
    }
}

/// What a sale comes to.
// Of all records only a sale comes to anything.
#[allow(clippy::wildcard_enum_match_arm)]
fn total(record: &Record) -> Option<Money> {
    match record {
        Record::SaleCompleted { sale } => Some(sale.total),
        _ => None,
    }
}

/// An error with all its causes.
pub(crate) fn words(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests;
