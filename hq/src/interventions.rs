//! How often a store's kiosks called somebody, and how often for nothing: read from the filed events of their journals.

use chrono::NaiveDate;
use domain::till::kiosk::Cause;
use domain::till::kiosk::tuning::{CallCounts, Tally};
use protocol::event;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::intake;
use crate::store::{JournalKey, Reading, StoreError};

/// So many events are read at one time.
const EVENTS_READ: u32 = 1_000;

/// The most events that one question reads: some half a year of ten busy kiosks.
pub const EVENTS_MAX: u64 = 2_000_000;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum CountInterventionsError {
    /// Too much was asked for at one time.
    #[error("count interventions: more than {EVENTS_MAX} events in these days; ask for fewer days")]
    TooMuch,
    /// The store's answer.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What came of the calls of one kind at a kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct CallsOfCause {
    /// Why somebody was called.
    pub cause: String,
    /// Somebody was called.
    pub called: u64,
    /// They let it pass.
    pub passed: u64,
    /// They did not: the alarm was right.
    pub refused: u64,
    /// There was nothing.
    pub false_alarms: u64,
    /// It was put right, or settled otherwise, before anybody answered.
    pub gone: u64,
}

/// What was counted at one kiosk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct KioskInterventions {
    /// The kiosk's lane.
    pub lane: u32,
    /// Baskets that were paid.
    pub baskets: u64,
    /// Calls for every hundred of them, in tenths; 0 without baskets.
    pub calls_in_hundred_tenths: u64,
    /// Calls by what they were about; what never happened is absent.
    pub calls: Vec<CallsOfCause>,
    /// Baskets about which chance was asked.
    pub drawn: u64,
    /// Of these, so many were to be looked at.
    pub due: u64,
    /// Of these, so many do not follow from their random number: somebody must look into that.
    pub wrong_draws: u64,
    /// Baskets that were looked at.
    pub audited: u64,
    /// In so many of them something was not as it should be.
    pub audited_wrong: u64,
    /// Pieces that were found not to have been rung up.
    pub missed: u64,
}

/// Counts what the kiosks of a store have filed of the business dates between two, both included; lanes that are no
/// kiosks are left out.
///
/// # Errors
/// There is more than [`EVENTS_MAX`] of it, or the books cannot be read.
pub fn of_store(
    reading: &Reading<'_>,
    store: &str,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Vec<KioskInterventions>, CountInterventionsError> {
    let mut kiosks = Vec::new();
    let mut left = EVENTS_MAX;
    let mut epochs = reading.lane_epochs()?.into_iter().filter(|epoch| epoch.store == store).peekable();
    while let Some(epoch) = epochs.next() {
        let mut tally = Tally::default();
        count(
            reading,
            JournalKey { store, lane: epoch.lane, epoch: epoch.epoch },
            (from, to),
            &mut tally,
            &mut left,
        )?;
        while let Some(next) = epochs.next_if(|next| next.lane == epoch.lane) {
            count(
                reading,
                JournalKey { store, lane: next.lane, epoch: next.epoch },
                (from, to),
                &mut tally,
                &mut left,
            )?;
        }
        if tally.drawn > 0 || !tally.calls.is_empty() {
            kiosks.push(told(epoch.lane, &tally));
        }
    }
    Ok(kiosks)
}

fn count(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    (from, to): (Option<NaiveDate>, Option<NaiveDate>),
    tally: &mut Tally,
    left: &mut u64,
) -> Result<(), CountInterventionsError> {
    let mut after = match from {
        Some(from) => before_day(reading, key, from)?,
        None => 0,
    };
    loop {
        let events = reading.events_after(key, after, EVENTS_READ)?;
        let Some((newest, _)) = events.last() else { return Ok(()) };
        after = *newest;
        *left = left.checked_sub(events.len() as u64).ok_or(CountInterventionsError::TooMuch)?;
        for (seq, bytes) in &events {
            // What is in quarantine counts once somebody can read it.
            let Ok(event) = intake::read_event(key, *seq, bytes) else { continue };
            let day = event.business_date;
            // A shift under a clock that was wrong may stand in the midst of others.
            if from.is_none_or(|from| from <= day)
                && to.is_none_or(|to| day <= to)
                && let Ok(record) = event.record()
            {
                tally.count(&record);
            }
        }
    }
}

/// A number of a journal before the first event of a business date, not far before it: dates never go back.
pub(crate) fn before_day(
    reading: &Reading<'_>,
    key: JournalKey<'_>,
    day: NaiveDate,
) -> Result<u64, StoreError> {
    let (mut low, mut high) = (0, reading.journal_head(key)?.acknowledged);
    while high - low > u64::from(EVENTS_READ) {
        let middle = low + (high - low) / 2;
        let event = reading.events_after(key, middle, 1)?.pop();
        let is_before = event
            .and_then(|(_, bytes)| event::decode(&bytes).ok())
            .is_some_and(|event| event.business_date < day);
        if is_before {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(low)
}

fn told(lane: u32, tally: &Tally) -> KioskInterventions {
    let calls = tally.calls.iter().map(|(cause, counts)| {
        let CallCounts { called, passed, refused, false_alarms, gone } = *counts;
        CallsOfCause { cause: name_of(*cause), called, passed, refused, false_alarms, gone }
    });
    KioskInterventions {
        lane,
        baskets: tally.baskets,
        calls_in_hundred_tenths: tally.tenths_in_hundred(tally.all().called),
        calls: calls.collect(),
        drawn: tally.drawn,
        due: tally.due,
        wrong_draws: tally.wrong_draws,
        audited: tally.audited,
        audited_wrong: tally.audited_wrong,
        missed: tally.missed,
    }
}

/// What a cause is called in events.
fn name_of(cause: Cause) -> String {
    let name = serde_json::to_value(event::Cause::from(cause)).ok();
    name.as_ref().and_then(|name| name.as_str()).unwrap_or_default().to_owned()
}
