//! Where lanes were while goods were counted, and what they moved since.

use std::collections::{BTreeMap, BTreeSet};

use protocol::event::{self, StockCount};

use crate::projection;
use crate::store::{JournalKey, Reading, StoreError};

/// Events that are read back at one time.
const EVENTS_AT_A_TIME: u32 = 1_000;

/// A lane that had been silent for so long when goods were counted, milliseconds, is
/// not waited for: it is gone, or stands in a corner.
const SILENT_MS: i64 = 3 * 86_400_000;

/// Where a lane was when a line was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum At {
    /// Its last event then, by epoch and number.
    Event(u32, u64),
    /// Nobody knew: what it stamped up to this instant was before, milliseconds UTC.
    Clock(i64),
}

/// Where every lane of a store was, line by line.
pub(super) struct Courses<'c> {
    store: &'c str,
    /// From which line on, by lane.
    lanes: BTreeMap<u32, Vec<(usize, At)>>,
    /// The number of its line, by item.
    lines: BTreeMap<&'c str, usize>,
    /// From which line on it was counted when.
    times: Vec<(usize, i64)>,
}

/// What stands for a line: the last that begins with it or before it.
fn at<T: Copy>(course: &[(usize, T)], line: usize) -> Option<T> {
    course.iter().rev().find(|(from, _)| *from <= line).map(|(_, what)| *what)
}

/// From a line on this stands; what stood there for the same line does not any more, and nobody waits for it.
fn put(course: &mut Vec<(usize, At)>, line: usize, at: At) {
    while course.last().is_some_and(|(from, _)| *from == line) {
        course.pop();
    }
    course.push((line, at));
}

impl<'c> Courses<'c> {
    /// Reads them out of a count that was written down at an instant.
    pub(super) fn of(
        reading: &Reading<'_>,
        store: &'c str,
        count: &'c StockCount,
        counted_ms: i64,
    ) -> Result<Self, StoreError> {
        let lines = count.lines.iter().enumerate().map(|(index, line)| (line.sku.as_str(), index)).collect();
        let mut lanes: BTreeMap<u32, Vec<(usize, At)>> = BTreeMap::new();
        let known = |position: &event::Position| At::Event(position.epoch, position.seq);
        for position in &count.positions {
            lanes.insert(position.lane, vec![(0, known(position))]);
        }
        let begun_ms =
            count.steps.first().filter(|step| step.line == 0).map_or(counted_ms, |step| step.at_ms);
        let mut times = vec![(0, begun_ms)];
        // A count without steps says all that it knows.
        if !count.steps.is_empty() {
            let heard_of = reading.journals_of(store)?.into_iter().filter(|(.., filed)| *filed > 0);
            for (lane, ..) in heard_of {
                lanes.entry(lane).or_insert_with(|| vec![(0, At::Clock(begun_ms))]);
            }
        }
        for step in &count.steps {
            let line = usize::try_from(step.line).unwrap_or(usize::MAX);
            times.push((line, step.at_ms));
            for course in lanes.values_mut() {
                if let Some((_, At::Clock(_))) = course.last() {
                    put(course, line, At::Clock(step.at_ms));
                }
            }
            for position in &step.positions {
                put(lanes.entry(position.lane).or_default(), line, known(position));
            }
            for lane in &step.lost {
                put(lanes.entry(*lane).or_default(), line, At::Clock(step.at_ms));
            }
        }
        Ok(Self { store, lanes, lines, times })
    }

    /// When the first line was counted, milliseconds UTC.
    pub(super) fn begun_ms(&self) -> i64 {
        self.times.iter().map(|(_, at_ms)| *at_ms).min().unwrap_or(i64::MAX)
    }

    /// When an item was counted, milliseconds UTC; `None` where it was not.
    pub(super) fn time_of(&self, sku: &str) -> Option<i64> {
        at(&self.times, *self.lines.get(sku)?)
    }

    /// The lanes whose clocks decide.
    pub(super) fn by_clock(&self) -> Vec<u32> {
        let has_clock = |course: &[(usize, At)]| course.iter().any(|(_, at)| matches!(at, At::Clock(_)));
        self.lanes.iter().filter(|(_, course)| has_clock(course)).map(|(lane, _)| *lane).collect()
    }

    /// The lanes of which HQ has not heard all of before.
    pub(super) fn missing(&self, reading: &Reading<'_>) -> Result<Vec<u32>, StoreError> {
        let mut missing = BTreeSet::new();
        for (lane, course) in &self.lanes {
            for (_, at) in course {
                let is_heard = match *at {
                    At::Event(epoch, seq) => self.has_event(reading, *lane, epoch, seq)?,
                    At::Clock(at_ms) => self.is_past(reading, *lane, at_ms)?,
                };
                if !is_heard {
                    missing.insert(*lane);
                    break;
                }
            }
        }
        Ok(missing.into_iter().collect())
    }

    fn key(&self, lane: u32, epoch: u32) -> JournalKey<'_> {
        JournalKey { store: self.store, lane, epoch }
    }

    /// Whether HQ has a journal up to a number. One that was lost and begun
    /// anew has nothing more to say of before.
    fn has_event(&self, reading: &Reading<'_>, lane: u32, epoch: u32, seq: u64) -> Result<bool, StoreError> {
        let head = reading.journal_head(self.key(lane, epoch))?;
        let next = reading.journal_head(self.key(lane, epoch.saturating_add(1)))?;
        Ok(head.acknowledged >= seq || next.acknowledged > 0)
    }

    /// Whether a lane has said something after an instant of its own clock, or
    /// has long been silent.
    fn is_past(&self, reading: &Reading<'_>, lane: u32, at_ms: i64) -> Result<bool, StoreError> {
        let epoch = reading.newest_epoch_filed(self.store, lane)?;
        let key = self.key(lane, epoch);
        let last = reading.journal_head(key)?.acknowledged;
        let Some(before) = last.checked_sub(1) else { return Ok(true) };
        let events = reading.events_after(key, before, 1)?;
        let stamp = events.first().and_then(|(_, bytes)| event::decode(bytes).ok()).map(|event| event.at_ms);
        // One that cannot be read says nothing: the next one will.
        Ok(stamp.is_some_and(|stamp| stamp > at_ms || stamp < at_ms.saturating_sub(SILENT_MS)))
    }

    /// What lanes moved of each counted item after it was counted, thousandths.
    pub(super) fn moved_since(&self, reading: &Reading<'_>) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut since: BTreeMap<String, i64> = BTreeMap::new();
        for (lane, course) in &self.lanes {
            let (mut epoch, mut after) = self.first_after(reading, *lane, course)?;
            loop {
                let key = self.key(*lane, epoch);
                let events = reading.events_after(key, after, EVENTS_AT_A_TIME)?;
                let Some((last, _)) = events.last() else {
                    // What an epoch that follows has is all of after the count.
                    epoch = epoch.saturating_add(1);
                    after = 0;
                    if reading.journal_head(JournalKey { epoch, ..key })?.acknowledged == 0 {
                        break;
                    }
                    continue;
                };
                after = *last;
                for (seq, bytes) in &events {
                    // One that cannot be read moved nothing.
                    let Ok(event) = event::decode(bytes) else { continue };
                    for (sku, moved) in projection::moved_by(&event) {
                        let Some(line) = self.lines.get(sku) else { continue };
                        let is_since = match at(course, *line) {
                            Some(At::Event(at_epoch, at_seq)) => (epoch, *seq) > (at_epoch, at_seq),
                            Some(At::Clock(at_ms)) => event.at_ms > at_ms,
                            // The lane was not there yet.
                            None => true,
                        };
                        if is_since {
                            let sum = since.entry(sku.to_owned()).or_default();
                            *sum = sum.saturating_add(moved);
                        }
                    }
                }
            }
        }
        Ok(since)
    }

    /// The event after which everything is that may have been after a line.
    fn first_after(
        &self,
        reading: &Reading<'_>,
        lane: u32,
        course: &[(usize, At)],
    ) -> Result<(u32, u64), StoreError> {
        let mut first: Option<(u32, u64)> = None;
        let mut is_by_clock = false;
        for (_, at) in course {
            let from = match *at {
                At::Event(epoch, seq) => (epoch, seq),
                // The clock only goes forward: the first instant is the earliest.
                At::Clock(_) if is_by_clock => continue,
                At::Clock(at_ms) => {
                    is_by_clock = true;
                    self.event_of_time(reading, lane, at_ms)?
                }
            };
            // A position that was told later may still be before an instant of a clock that lags.
            first = Some(first.map_or(from, |first| first.min(from)));
        }
        // A lane that came while goods were counted moved all after its first event.
        Ok(first.unwrap_or((1, 0)))
    }

    /// An event that was not after an instant of the lane's clock, and not
    /// much before it: stamps never go back, so it is looked for from the end.
    fn event_of_time(&self, reading: &Reading<'_>, lane: u32, at_ms: i64) -> Result<(u32, u64), StoreError> {
        let mut epoch = reading.newest_epoch_filed(self.store, lane)?;
        while epoch > 0 {
            let key = self.key(lane, epoch);
            let mut end = reading.journal_head(key)?.acknowledged;
            while end > 0 {
                let after = end.saturating_sub(u64::from(EVENTS_AT_A_TIME));
                let events = reading.events_after(key, after, 1)?;
                let stamp = events.first().and_then(|(_, bytes)| event::decode(bytes).ok());
                if stamp.is_some_and(|event| event.at_ms <= at_ms) {
                    return Ok((epoch, after));
                }
                end = after;
            }
            epoch -= 1;
        }
        Ok((1, 0))
    }
}
