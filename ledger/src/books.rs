//! A lane's books: a till, its journal, and what was decided and is not
//! written yet.
//!
//! What the till decides waits in a batch, is written in one transaction, and
//! only then does anybody outside hear of it. Where the disk refuses, the till
//! is what it was after the last commit. Every lane works so, whatever stands
//! around it: a window, or a trial's disk.

use chrono::NaiveDate;
use domain::basket::Savings;
use domain::record::Record;
use domain::till::{Context, Desk, Effect, Input, Settings, Till};

use crate::journal::{AppendError, Journal, ReadJournalError, Stamp};

/// The shift and day that the next record belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Page {
    shift: u32,
    business_date: Option<NaiveDate>,
}

impl Page {
    /// Turns to the page that a record belongs to, and stamps it.
    fn stamp(&mut self, now_ms: i64, offset_minutes: i32, record: &Record) -> Stamp {
        if let Record::ShiftOpened { number, business_date, .. } = record {
            *self = Self { shift: *number, business_date: Some(*business_date) };
        }
        Stamp {
            at_ms: now_ms,
            offset_minutes,
            // Before the first shift only refused PINs are recorded.
            business_date: self.business_date.unwrap_or_else(|| {
                chrono::DateTime::from_timestamp_millis(now_ms).unwrap_or_default().date_naive()
            }),
            shift: self.shift,
        }
    }

    /// Goes on where a stored record left.
    fn resume(&mut self, stamp: Stamp) {
        *self = Self { shift: stamp.shift, business_date: Some(stamp.business_date) };
    }
}

/// What a start after a stop makes of a journal.
#[derive(Debug, PartialEq, Eq)]
pub struct Restored {
    /// The till.
    pub till: Till,
    page: Page,
}

/// Reads what a start after a stop reads: a journal's last records make the
/// till again.
pub fn restore(journal: &Journal, settings: &Settings) -> Result<Restored, ReadJournalError> {
    restore_each(journal, settings, |_| {})
}

/// The same, and shows `each` every record that it reads, in order.
pub fn restore_each(
    journal: &Journal,
    settings: &Settings,
    mut each: impl FnMut(&Record),
) -> Result<Restored, ReadJournalError> {
    let mut restored = Restored { till: Till::default(), page: Page::default() };
    for stored in journal.since_last_shift()? {
        restored.till.restore(stored.seq, stored.stamp.at_ms, &stored.record);
        restored.page.resume(stored.stamp);
        each(&stored.record);
    }
    restored.till.wake(settings);
    Ok(restored)
}

/// A till between its inputs and its journal.
#[derive(Debug)]
pub struct Books {
    journal: Journal,
    /// As decided; what of it is not on disk yet stands in `batch`.
    till: Till,
    /// As it is on disk.
    durable: Till,
    page: Page,
    /// As it is on disk.
    durable_page: Page,
    batch: Vec<(Stamp, Record)>,
    deferred: Vec<Effect>,
}

impl Books {
    /// Goes on where a journal ends.
    pub fn open(journal: Journal, settings: &Settings) -> Result<Self, ReadJournalError> {
        let restored = restore(&journal, settings)?;
        Ok(Self::go_on(journal, restored))
    }

    /// Goes on with what [`restore`] made of the journal.
    pub fn go_on(journal: Journal, restored: Restored) -> Self {
        let Restored { till, page } = restored;
        let (batch, deferred) = (Vec::new(), Vec::new());
        Self { journal, durable: till.clone(), till, page, durable_page: page, batch, deferred }
    }

    /// The till, as the cashier sees it.
    pub fn till(&self) -> &Till {
        &self.till
    }

    /// The journal.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What was decided and is not on disk yet.
    pub fn waiting(&self) -> &[(Stamp, Record)] {
        &self.batch
    }

    /// Whether there is room on the disk for another sale; tries to make it.
    pub fn has_room(&mut self) -> bool {
        self.journal.has_room()
    }

    /// Writes down, with the next batch, what is about the lane and not about
    /// selling. `now_ms` in UTC.
    pub fn note(&mut self, now_ms: i64, offset_minutes: i32, record: Record) {
        self.batch.push((self.page.stamp(now_ms, offset_minutes, &record), record));
    }

    /// Prices a basket that a stop left open: the journal holds no savings of
    /// open baskets.
    pub fn reprice(&mut self, context: &Context<'_>) {
        self.till = self.till.repriced(context);
        self.durable = self.till.clone();
    }

    /// Prices a basket that waits for it, where all that was decided is on the disk; otherwise the next input does.
    pub fn glance(&mut self, context: &Context<'_>) {
        if self.batch.is_empty() && self.till.basket().savings() == Savings::Due {
            // The lines are nobody else's meanwhile, so they are changed where they are.
            self.durable = Till::default();
            self.till = std::mem::take(&mut self.till).glanced(context);
            self.durable = self.till.clone();
        }
    }

    /// Lets the till decide. Whether what it decided must be written at once:
    /// a sale's number is that of the batch's last record, and what wants
    /// nothing written need not wait.
    ///
    /// Where further inputs have come already (`follow`), nobody sees the basket before them, and it may wait for its
    /// price until [`Self::glance`].
    pub fn input(&mut self, context: &Context<'_>, input: Input, follow: bool) -> bool {
        let (till, effects) =
            if follow { self.till.step_of_many(context, input) } else { self.till.step(context, input) };
        self.till = till;
        for effect in effects {
            match effect {
                Effect::Commit(record) => self.note(context.now_ms, context.offset_minutes, record),
                Effect::Sound(_)
                | Effect::Weigh(_)
                | Effect::OpenDrawer
                | Effect::Print { .. }
                | Effect::Charge { .. }
                | Effect::Refund(_)
                | Effect::QueryPayment(_)
                | Effect::ReversePayment(_)
                | Effect::Ask(_)
                | Effect::Report(_)
                | Effect::Tell(_) => self.deferred.push(effect),
            }
        }
        matches!(self.till.desk(), Desk::Saving(..)) || self.batch.is_empty()
    }

    /// Writes what waits to be written and gives what waited for that, in
    /// order. On an error nothing was written and the till is as before.
    ///
    /// What the till answers to a sale that is on disk may want to be written
    /// again: the caller flushes until nothing comes.
    pub fn flush(&mut self, context: &Context<'_>) -> Result<Vec<Effect>, AppendError> {
        if !self.batch.is_empty() {
            if let Err(error) = self.journal.append(&self.batch) {
                self.batch.clear();
                self.deferred.clear();
                self.till = self.durable.clone();
                self.page = self.durable_page;
                return Err(error);
            }
            self.batch.clear();
            if matches!(self.till.desk(), Desk::Saving(..)) {
                self.input(context, Input::Committed { seq: self.journal.head().seq }, false);
            }
        }
        // From here on no failure may take back what is on disk.
        self.durable = self.till.clone();
        self.durable_page = self.page;
        Ok(std::mem::take(&mut self.deferred))
    }
}
