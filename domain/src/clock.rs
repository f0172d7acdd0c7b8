//! What time a lane reckons with: its machine's clock, where that can be.
//!
//! A till's battery dies, and its clock starts in 1970 or ten years ahead.
//! Order is the journal's sequence and the books' day is the shift's, so a
//! wrong clock loses nothing; but prices have times, and people read stamps.
//! A reading within bounds around what is reckoned (the last stamp and what a
//! steady clock counted since) is believed; another is refused, and the
//! reckoning goes on. It never goes back.

/// Nothing happened before this program: 2026-01-01T00:00:00Z.
pub const EARLIEST_MS: i64 = 1_767_225_600_000;

/// Where nothing is known yet, later than this cannot be: 2100-01-01T00:00:00Z.
pub const LATEST_MS: i64 = 4_102_444_800_000;

/// How far a clock may be set back: what time servers correct.
pub const BACK_MAX_MS: i64 = 2 * 60_000;

/// How far ahead a clock may be when a lane starts: one that was closed for a
/// season and more, and not one that is ten years ahead.
pub const AHEAD_AT_START_MAX_MS: i64 = 400 * DAY_MS;

/// How far ahead a clock may jump while a lane runs: a machine that slept.
pub const AHEAD_RUNNING_MAX_MS: i64 = 7 * DAY_MS;

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Something about the clock that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockChange {
    /// It shows what cannot be.
    Refused {
        /// What it showed, milliseconds UTC.
        shown_ms: i64,
        /// What the lane reckons with, milliseconds UTC.
        reckoned_ms: i64,
    },
    /// It is believed again.
    Trusted {
        /// What it shows, milliseconds UTC.
        shown_ms: i64,
        /// What the lane had reckoned, milliseconds UTC.
        reckoned_ms: i64,
    },
}

/// How far a clock is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trust {
    /// Not yet since the start.
    NotYet,
    /// Its last reading was.
    Believed,
    /// Its last reading was not; whether an earlier one since the start was.
    Refused { once_believed: bool },
}

/// The clock of one lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LaneClock {
    /// `None` before the first reading of a lane that has no journal.
    reckoned_ms: Option<i64>,
    steady_ms: i64,
    trust: Trust,
}

impl LaneClock {
    /// Begins with the stamp of the journal's last event, milliseconds UTC.
    /// `steady_ms`: milliseconds of a clock that only goes forward.
    pub fn new(last_ms: Option<i64>, steady_ms: i64) -> Self {
        Self { reckoned_ms: last_ms, steady_ms, trust: Trust::NotYet }
    }

    /// Whether the last reading was refused.
    pub fn is_refused(&self) -> bool {
        matches!(self.trust, Trust::Refused { .. })
    }

    /// Takes a reading and gives the time to reckon with, milliseconds UTC.
    pub fn read(&mut self, shown_ms: i64, steady_ms: i64) -> (i64, Option<ClockChange>) {
        let passed = steady_ms.saturating_sub(self.steady_ms).max(0);
        self.steady_ms = self.steady_ms.max(steady_ms);
        let expected = self.reckoned_ms.map(|reckoned| reckoned.saturating_add(passed));
        let ahead_max = match self.trust {
            Trust::NotYet | Trust::Refused { once_believed: false } => AHEAD_AT_START_MAX_MS,
            Trust::Believed | Trust::Refused { once_believed: true } => AHEAD_RUNNING_MAX_MS,
        };
        let can_be = match expected {
            None => (EARLIEST_MS..LATEST_MS).contains(&shown_ms),
            Some(expected) => {
                shown_ms >= EARLIEST_MS
                    && shown_ms >= expected.saturating_sub(BACK_MAX_MS)
                    && shown_ms <= expected.saturating_add(ahead_max)
            }
        };
        let was = self.trust;
        if can_be {
            let now = shown_ms.max(self.reckoned_ms.unwrap_or(shown_ms));
            self.reckoned_ms = Some(now);
            self.trust = Trust::Believed;
            let change = match was {
                Trust::Refused { .. } => {
                    Some(ClockChange::Trusted { shown_ms, reckoned_ms: expected.unwrap_or(now) })
                }
                Trust::NotYet | Trust::Believed => None,
            };
            return (now, change);
        }
        let now = expected.unwrap_or(EARLIEST_MS);
        self.reckoned_ms = Some(now);
        let (once_believed, is_news) = match was {
            Trust::NotYet => (false, true),
            Trust::Believed => (true, true),
            Trust::Refused { once_believed } => (once_believed, false),
        };
        self.trust = Trust::Refused { once_believed };
        (now, is_news.then_some(ClockChange::Refused { shown_ms, reckoned_ms: now }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-20T02:00:00Z.
    const FRIDAY: i64 = 1_795_140_000_000;
    const HOUR: i64 = 60 * 60_000;

    fn day(days: i64) -> i64 {
        days * DAY_MS
    }

    #[test]
    fn a_clock_that_runs_is_the_time() {
        let mut clock = LaneClock::new(Some(FRIDAY), 0);
        assert_eq!(clock.read(FRIDAY + day(2), 10), (FRIDAY + day(2), None));
        assert_eq!(clock.read(FRIDAY + day(2) + 990, 1_000), (FRIDAY + day(2) + 990, None));
    }

    #[test]
    fn a_dead_battery_starts_in_1970_and_the_lane_goes_on_from_its_last_sale() {
        let mut clock = LaneClock::new(Some(FRIDAY), 0);
        let refused = ClockChange::Refused { shown_ms: 5_000, reckoned_ms: FRIDAY };
        assert_eq!(clock.read(5_000, 0), (FRIDAY, Some(refused)));
        assert_eq!(clock.read(5_000 + HOUR, HOUR), (FRIDAY + HOUR, None), "said once");
        assert!(clock.is_refused());
        // A time server sets it, three months after the last sale.
        let shown = FRIDAY + day(90);
        let trusted = ClockChange::Trusted { shown_ms: shown, reckoned_ms: FRIDAY + HOUR + 1 };
        assert_eq!(clock.read(shown, HOUR + 1), (shown, Some(trusted)));
        assert!(!clock.is_refused());
    }

    #[test]
    fn a_clock_ten_years_ahead_is_refused_at_start_and_while_running() {
        let mut clock = LaneClock::new(Some(FRIDAY), 0);
        let ahead = FRIDAY + day(3_650);
        assert_eq!(clock.read(ahead, 0).0, FRIDAY);
        let mut clock = LaneClock::new(Some(FRIDAY), 0);
        assert_eq!(clock.read(FRIDAY, 0).1, None);
        assert_eq!(clock.read(ahead, 100).0, FRIDAY + 100);
        // Once it ran right, a jump of months is refused as well; a night's sleep is not.
        assert_eq!(clock.read(FRIDAY + day(60), 200).0, FRIDAY + 200);
        assert_eq!(clock.read(FRIDAY + 14 * HOUR, 300).0, FRIDAY + 14 * HOUR);
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_waits_and_never_goes_back() {
        let mut clock = LaneClock::new(Some(FRIDAY), 0);
        assert_eq!(clock.read(FRIDAY + HOUR, 0), (FRIDAY + HOUR, None));
        assert_eq!(clock.read(FRIDAY + HOUR - 90_000, 10), (FRIDAY + HOUR, None));
        assert_eq!(
            clock.read(FRIDAY + HOUR - HOUR / 2, 20).0,
            FRIDAY + HOUR + 10,
            "half an hour is too much"
        );
        assert!(clock.is_refused());
    }

    #[test]
    fn a_lane_without_a_journal_believes_any_time_that_can_be() {
        assert_eq!(LaneClock::new(None, 0).read(FRIDAY, 0), (FRIDAY, None));
        assert_eq!(LaneClock::new(None, 0).read(0, 0).0, EARLIEST_MS);
        assert_eq!(LaneClock::new(None, 0).read(LATEST_MS, 0).0, EARLIEST_MS);
    }

    #[test]
    fn whatever_clocks_show_the_reckoning_never_goes_back() {
        let odd = [i64::MIN, -1, 0, EARLIEST_MS, FRIDAY, FRIDAY - 1, FRIDAY + HOUR, LATEST_MS, i64::MAX];
        for first in odd {
            for last in [None, Some(FRIDAY), Some(i64::MAX), Some(i64::MIN)] {
                let mut clock = LaneClock::new(last, 0);
                let mut before = i64::MIN;
                for (shown, steady) in
                    odd.into_iter().chain([first]).zip([0, 5, 5, 3, 9, i64::MAX, 7, i64::MIN, 8, 9])
                {
                    let (now, _) = clock.read(shown, steady);
                    assert!(now >= before, "{last:?} {shown} {steady}: {now} after {before}");
                    before = now;
                }
            }
        }
    }
}
