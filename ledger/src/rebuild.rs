//! Everything that is derived, derived again: from the very first event, by
//! arithmetic of its own, held against what the lane uses.
//!
//! Nothing derived is a truth of its own. What stands written down in between
//! is what a closed shift reported and what an opened one carried on; a start
//! reads from there. Here both are held against the sums of all events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::member::LeaseSpent;
use domain::money::Money;
use domain::payment::Payment;
use domain::quota::{CountedFor, Given, QUOTA_COUNTS_MAX, QuotaCounts};
use domain::record::Record;
use domain::sale::Sale;
use domain::shift::{Carried, GrandTotals};
use domain::tender::{Tender, TenderKind};
use domain::till::{Paper, Till};

use crate::export::CheckFileError;
use crate::journal::{Identity, JournalReader, ReadJournalError, Stored};
use crate::{archive, export};

/// How many events are read at a time.
const EVENTS_AT_A_TIME: usize = 1_000;

/// Why nothing was derived.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The journal cannot be read.
    #[error(transparent)]
    Read(#[from] ReadJournalError),
    /// An archived segment cannot be read.
    #[error(transparent)]
    Segment(#[from] CheckFileError),
    /// An archived event means nothing to this program.
    #[error("read archived event {seq}: {reason}")]
    Archived {
        /// Which.
        seq: u64,
        /// Why.
        reason: String,
    },
}

/// What one business date came to, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DaySums {
    /// Sales and returns.
    pub documents: u64,
    /// What lines and returns came to, tax included.
    pub total: i64,
    /// What was to be paid after rounding.
    pub payable: i64,
    /// The tax in it.
    pub tax: i64,
}

/// What one shift came to, minor units.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShiftSums {
    /// Sales and returns.
    pub documents: u64,
    /// Goods sold, tax on top included.
    pub sold: i64,
    /// Goods taken back.
    pub returned: i64,
    /// What cash rounding came to.
    pub rounding: i64,
    /// By kind of tender, less change.
    pub tenders: BTreeMap<TenderKind, i64>,
}

/// What is left to be returned of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Remainder {
    /// Thousandths sold.
    sold: i64,
    /// Thousandths that came back.
    returned: i64,
}

/// Something that does not agree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Of what.
    pub what: String,
    /// As all events say.
    pub derived: String,
    /// As it is written down or used.
    pub found: String,
}

impl std::fmt::Display for Difference {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: all events say {}, but found is {}", self.what, self.derived, self.found)
    }
}

/// Everything derived.
#[derive(Debug, Clone)]
pub struct Rebuilt {
    /// The events that were read, of every epoch.
    pub events: u64,
    /// The epochs with their last numbers.
    pub epochs: Vec<(u32, u64)>,
    /// The till, from the first event on.
    pub till: Till,
    /// By business date and currency.
    pub days: BTreeMap<(NaiveDate, String), DaySums>,
    /// By shift.
    pub shifts: BTreeMap<u32, ShiftSums>,
    /// How much left the store over this lane, by item, thousandths of its
    /// base unit: sold, returned to suppliers, sent to other stores and wasted,
    /// less what came back and came in; below nothing where more came.
    pub stock: BTreeMap<String, i64>,
    /// How many points were spent of what HQ lent to this lane, by lease.
    pub points_of_leases: BTreeMap<String, i64>,
    /// How much stored value was, by lease, minor units.
    pub value_of_leases: BTreeMap<String, i64>,
    /// Units that were given of promotions with quotas, less what came back, by
    /// promotion, business date and member.
    pub quota_units: BTreeMap<CountedFor, Given>,
    /// Lines of which something can be returned.
    pub returnable_lines: u64,
    /// Papers of shifts so old that a start no longer asks for them.
    pub papers_forgotten: u64,
    /// What does not agree.
    pub differences: Vec<Difference>,
}

/// Derives everything of a journal, archived segments included, from one state
/// of it: the lane may sell on meanwhile.
pub fn rebuild(reader: &mut JournalReader, archive: &std::path::Path) -> Result<Rebuilt, RebuildError> {
    reader.hold().map_err(ReadJournalError::from)?;
    let rebuilt = derive(reader, archive);
    reader.release();
    rebuilt
}

fn derive(reader: &mut JournalReader, archive: &std::path::Path) -> Result<Rebuilt, RebuildError> {
    let mut fold = Fold::default();
    let mut epochs = Vec::new();
    for epoch in reader.epochs()? {
        reader.turn_to(epoch);
        let mut last = 0;
        for segment in reader.segments()? {
            archive::check(archive, reader.identity(), &segment)?;
            let mut wrong = None;
            export::check_file(&archive.join(&segment.file), |event, _| match event.record() {
                Ok(record) => {
                    let stamp = crate::journal::Stamp {
                        at_ms: event.at_ms,
                        offset_minutes: event.offset_minutes,
                        business_date: event.business_date,
                        shift: event.shift,
                    };
                    fold.take(epoch, &Stored { seq: event.seq, stamp, record });
                }
                Err(error) => {
                    wrong.get_or_insert(RebuildError::Archived { seq: event.seq, reason: error.to_string() });
                }
            })?;
            if let Some(error) = wrong {
                return Err(error);
            }
            last = segment.last_seq;
        }
        loop {
            let entries = reader.entries_after(last, EVENTS_AT_A_TIME, usize::MAX)?;
            let Some(end) = entries.last() else { break };
            last = end.seq;
            for entry in &entries {
                fold.take(epoch, &reader.stored(entry)?);
            }
        }
        epochs.push((epoch, last));
    }
    let start = start_path(reader)?;
    Ok(fold.finish(reader.identity(), epochs, &start))
}

/// The till as a start makes it, and the number from which it read on.
fn start_path(reader: &mut JournalReader) -> Result<(Till, (u32, u64)), ReadJournalError> {
    let from = reader.start_of_state()?;
    let mut till = Till::default();
    for epoch in reader.epochs()? {
        if epoch < from.0 {
            continue;
        }
        reader.turn_to(epoch);
        let archived = reader.segments()?.last().map_or(0, |segment| segment.last_seq);
        let mut last = if epoch == from.0 { from.1.saturating_sub(1).max(archived) } else { archived };
        loop {
            let entries = reader.entries_after(last, EVENTS_AT_A_TIME, usize::MAX)?;
            let Some(end) = entries.last() else { break };
            last = end.seq;
            for entry in &entries {
                let stored = reader.stored(entry)?;
                till.restore(stored.seq, stored.stamp.at_ms, &stored.record);
            }
        }
    }
    Ok((till, from))
}

/// A line that came back, as the document says.
struct Back {
    /// The lane that sold it.
    lane: (String, u32),
    /// Its epoch, number and line.
    line: (u32, u64, u32),
    /// Thousandths.
    quantity: i64,
}

/// The open payments, but for when they are asked about again: that is memory
/// of the running till, and of one that a shift carried on it begins anew.
fn payments(till: &Till) -> String {
    let words = till.payments().iter().map(|payment| {
        let Payment { number, wallet, amount, purpose, belongs, in_doubt, epoch, .. } = payment;
        format!(
            "{number} {wallet:?} {amount:?} {purpose:?} {belongs:?} in doubt {in_doubt}, of epoch {epoch:?}"
        )
    });
    words.collect::<Vec<_>>().join("; ")
}

/// What a till held, without what it may have forgotten when a shift began:
/// coupons that HQ calls spent, leases that are over, promotions that are.
fn but_for_what_was_forgotten(held: Carried, carried: &Carried) -> Carried {
    let coupon = |code: &String| carried.coupons_spent.contains(code);
    let lease = |held: &LeaseSpent| carried.leases_spent.iter().any(|known| known.lease == held.lease);
    let kept: BTreeSet<&CountedFor> = carried.quota_counts.iter().map(|(of, _)| of).collect();
    let counts = held.quota_counts.iter().filter(|(of, _)| kept.contains(of));
    Carried {
        quota_counts: QuotaCounts::of(counts.map(|(of, given)| (of.clone(), given))),
        coupons_spent: held.coupons_spent.into_iter().filter(coupon).collect(),
        leases_spent: held.leases_spent.into_iter().filter(lease).collect(),
        // A program of before remembered none.
        transfers: held.transfers.also_in(&carried.transfers),
        ..held
    }
}

#[derive(Default)]
struct Fold {
    events: u64,
    till: Till,
    totals: GrandTotals,
    days: BTreeMap<(NaiveDate, String), DaySums>,
    shifts: BTreeMap<u32, ShiftSums>,
    stock: BTreeMap<String, i64>,
    /// Points by lease.
    leases: BTreeMap<String, i64>,
    /// Stored value by lease, minor units.
    values: BTreeMap<String, i64>,
    /// Leases that went back to HQ.
    leases_returned: BTreeSet<String>,
    quotas: BTreeMap<CountedFor, Given>,
    /// What was given or came back in the shift that is open at the end.
    quotas_of_shift: BTreeSet<CountedFor>,
    /// By epoch, number and line.
    remainders: BTreeMap<(u32, u64, u32), Remainder>,
    lane: Option<(String, u32)>,
    returns: Vec<Back>,
    differences: Vec<Difference>,
}

impl Fold {
    fn differ(&mut self, what: String, derived: impl std::fmt::Debug, found: impl std::fmt::Debug) {
        self.differences.push(Difference {
            what,
            derived: format!("{derived:?}"),
            found: format!("{found:?}"),
        });
    }

    fn take(&mut self, epoch: u32, stored: &Stored) {
        self.events += 1;
        if let Record::ShiftOpened { number, carried, .. } = &stored.record {
            // Before the till takes it over: what it held by all events so far.
            let held = but_for_what_was_forgotten(self.till.carried(), carried);
            self.quotas_of_shift.clear();
            if held != **carried {
                self.differ(format!("what shift {number} carried on"), &held, carried);
            }
            if self.totals != carried.totals {
                let totals = self.totals;
                self.differ(format!("running sums before shift {number}"), totals, carried.totals);
            }
        }
        if let Record::ShiftClosed { report: Some(report), .. } = &stored.record {
            let sums = self.shifts.get(&report.number).cloned().unwrap_or_default();
            let takings = &report.takings;
            let says = ShiftSums {
                documents: u64::from(takings.documents),
                sold: takings.sold.minor(),
                returned: takings.returned.amount.minor(),
                rounding: takings.rounding.minor(),
                tenders: takings.tenders.iter().map(|(kind, sum)| (*kind, sum.minor())).collect(),
            };
            if sums != says {
                self.differ(format!("the report of shift {}", report.number), &sums, &says);
            }
            if report.totals != self.totals {
                let totals = self.totals;
                self.differ(format!("running sums of shift {}", report.number), totals, report.totals);
            }
        }
        if let Record::SaleCompleted { sale } = &stored.record {
            self.take_sale(epoch, stored, sale);
        }
        if let Record::StockMoved { movement, .. } = &stored.record {
            for line in &movement.lines {
                let came = line.quantity.thousandths().saturating_mul(movement.kind.sign());
                if came != 0 {
                    *self.stock.entry(line.sku.clone()).or_default() -= came;
                }
            }
        }
        if let Record::LeaseReturned { grant } = &stored.record {
            self.leases_returned.insert(grant.lease.clone());
        }
        self.till.restore(stored.seq, stored.stamp.at_ms, &stored.record);
    }

    fn take_sale(&mut self, epoch: u32, stored: &Stored, sale: &Sale) {
        let returned: i64 = sale.returned().minor();
        let tax: i64 = sale.taxes.iter().map(|tax| tax.tax.minor()).sum();
        // What is paid into an account is no sale yet, but a document of the shift.
        let paid_in = match &sale.top_up {
            Some(top_up) => top_up.value.principal,
            None => Money::ZERO,
        };
        if sale.top_up.is_none() {
            let day = self.days.entry((stored.stamp.business_date, sale.currency.clone())).or_default();
            day.documents += 1;
            day.total += sale.total.minor();
            day.payable += sale.payable.minor();
            day.tax += tax;
        }
        self.totals.documents += 1;
        self.totals.sold += sale.total + sale.returned() - paid_in;
        self.totals.returned += sale.returned();
        let shift = self.shifts.entry(stored.stamp.shift).or_default();
        shift.documents += 1;
        shift.sold += sale.total.minor() + returned - paid_in.minor();
        shift.returned += returned;
        shift.rounding += sale.rounding.minor();
        for tender in &sale.tenders {
            *shift.tenders.entry(tender.kind()).or_default() += tender.amount().minor();
        }
        if sale.change.minor() != 0 {
            *shift.tenders.entry(TenderKind::Cash).or_default() -= sale.change.minor();
        }
        for line in &sale.lines {
            let sold = line.quantity.thousandths();
            let key = (epoch, stored.seq, line.number);
            self.remainders.insert(key, Remainder { sold, returned: 0 });
            let factor = line.unit.as_ref().map_or(1, |unit| i64::from(unit.factor));
            let base = sold.saturating_mul(factor);
            if line.item.kit.is_empty() && !line.item.membership && !line.item.is_top_up() {
                *self.stock.entry(line.item.sku.clone()).or_default() += base;
            }
            for part in &line.item.kit {
                // Both are thousandths.
                let parts = i128::from(part.quantity.thousandths()) * i128::from(base) / 1_000;
                *self.stock.entry(part.sku.clone()).or_default() += i64::try_from(parts).unwrap_or(i64::MAX);
            }
        }
        let points = sale.buyer.as_ref().and_then(|buyer| buyer.points.as_ref());
        if let Some(points) = points.filter(|points| !points.lease.is_empty()) {
            *self.leases.entry(points.lease.clone()).or_default() += points.spent;
        }
        for tender in &sale.tenders {
            if let Tender::StoredValue(stored) = tender
                && stored.part.total().is_positive()
            {
                *self.values.entry(stored.lease.clone()).or_default() += stored.part.total().minor();
            }
        }
        let given = sale.uses.iter().map(|used| (used, 1));
        for (used, sign) in given.chain(sale.uses_back.iter().map(|back| (back, -1))) {
            let (promotion, member) = (used.promotion.clone(), used.member.clone());
            let of = CountedFor { day: used.day, promotion, member };
            let given = self.quotas.entry(of.clone()).or_default();
            given.units += sign * i64::from(used.units);
            given.off += sign * used.off.minor();
            self.quotas_of_shift.insert(of);
        }
        for back in &sale.returns {
            let quantity = back.quantity.thousandths();
            if back.stock.is_empty() && !back.item.membership {
                *self.stock.entry(back.item.sku.clone()).or_default() -= quantity;
            }
            for line in &back.stock {
                *self.stock.entry(line.sku.clone()).or_default() -= line.quantity.thousandths();
            }
            if let Some(origin) = &back.origin {
                let lane = (origin.store.clone(), origin.lane);
                let line = (origin.epoch, origin.seq, back.line);
                self.returns.push(Back { lane, line, quantity });
            }
        }
    }

    /// What the till counts of promotions with quotas is what its documents
    /// say; what moved since the shift began, it has not forgotten.
    fn check_quotas(&mut self) {
        let counted: BTreeMap<CountedFor, Given> =
            self.till.carried().quota_counts.iter().map(|(of, given)| (of.clone(), given)).collect();
        let all: BTreeSet<CountedFor> = counted.keys().chain(&self.quotas_of_shift).cloned().collect();
        let is_full = counted.len() >= QUOTA_COUNTS_MAX;
        for of in all {
            let said = self.quotas.get(&of).copied().unwrap_or_default();
            let found = counted.get(&of).copied();
            // Where there are more than it keeps, the oldest went.
            if found.is_none() && is_full || said == found.unwrap_or_default() {
                continue;
            }
            let what =
                format!("what was given of promotion {} on {} to {:?}", of.promotion, of.day, of.member);
            self.differ(what, said, found);
        }
    }

    fn finish(
        mut self,
        identity: &Identity,
        epochs: Vec<(u32, u64)>,
        (start, from): &(Till, (u32, u64)),
    ) -> Rebuilt {
        self.lane = Some((identity.store.clone(), identity.lane));
        for Back { lane, line: key, quantity } in std::mem::take(&mut self.returns) {
            if Some(&lane) != self.lane.as_ref() {
                // Another lane's sale: that lane, or HQ, knows what is left of it.
                continue;
            }
            let (epoch, seq, line) = key;
            match self.remainders.get_mut(&key) {
                Some(remainder) => {
                    remainder.returned += quantity;
                    if remainder.returned > remainder.sold {
                        let Remainder { sold, returned } = *remainder;
                        let what = format!("what came back of line {line} of sale {seq} of epoch {epoch}");
                        self.differ(what, format!("{sold} sold"), format!("{returned} returned"));
                    }
                }
                None => {
                    let what = format!("line {line} of sale {seq} of epoch {epoch}, which came back");
                    self.differ(what, "no such line", quantity);
                }
            }
        }
        // What a lease that went back may still be spent of is nothing; how that is remembered is the till's.
        for known in self.till.carried().leases_spent {
            let spent = self.leases.get(&known.lease).or_else(|| self.values.get(&known.lease));
            let spent = spent.copied().unwrap_or(0);
            if spent != known.spent && !self.leases_returned.contains(&known.lease) {
                self.differ(format!("what was spent of lease {}", known.lease), spent, known.spent);
            }
        }
        self.check_quotas();
        let papers = |till: &Till| -> Vec<(u64, Paper)> {
            till.papers().iter().map(|(document, paper)| (*document, *paper)).collect()
        };
        // A start reads two shifts; older paper nobody waits for.
        let is_last_epoch = epochs.last().is_some_and(|(epoch, _)| *epoch == from.0);
        let (kept, forgotten): (Vec<_>, Vec<_>) =
            papers(&self.till).into_iter().partition(|(document, _)| !is_last_epoch || *document >= from.1);
        let derived = self.till.clone();
        let pairs = [
            ("the open shift", format!("{:?}", derived.shift()), format!("{:?}", start.shift())),
            ("the open shift's takings", format!("{:?}", derived.report()), format!("{:?}", start.report())),
            ("the open basket", format!("{:?}", derived.basket()), format!("{:?}", start.basket())),
            (
                "the open basket's tenders",
                format!("{:?}", derived.tenders()),
                format!("{:?}", start.tenders()),
            ),
            ("the parked baskets", format!("{:?}", derived.parked()), format!("{:?}", start.parked())),
            ("the open payments", payments(&derived), payments(start)),
            (
                "what a next shift carries on",
                format!("{:?}", derived.carried()),
                format!("{:?}", start.carried()),
            ),
            ("the waiting papers", format!("{kept:?}"), format!("{:?}", papers(start))),
            ("the last sale", format!("{:?}", derived.last_sale()), format!("{:?}", start.last_sale())),
        ];
        for (what, derived, found) in pairs {
            if derived != found {
                self.differences.push(Difference { what: what.to_owned(), derived, found });
            }
        }
        if self.totals != self.till.carried().totals {
            let (sums, totals) = (self.totals, self.till.carried().totals);
            self.differ("the running sums".to_owned(), sums, totals);
        }
        Rebuilt {
            events: self.events,
            epochs,
            till: self.till,
            days: self.days,
            shifts: self.shifts,
            stock: self.stock,
            points_of_leases: self.leases,
            value_of_leases: self.values,
            quota_units: self.quotas,
            returnable_lines: self
                .remainders
                .values()
                .filter(|remainder| remainder.returned < remainder.sold)
                .count() as u64,
            papers_forgotten: forgotten.len() as u64,
            differences: self.differences,
        }
    }
}
