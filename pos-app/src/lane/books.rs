//! The lane's clock reading.

use chrono::{Local, Utc};

/// A reading of the lane's clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// Milliseconds UTC.
    pub now_ms: i64,
    /// The lane's offset from UTC, minutes.
    pub offset_minutes: i32,
}

impl Moment {
    /// Reads this machine's clock.
    pub fn now() -> Self {
        Self {
            now_ms: Utc::now().timestamp_millis(),
            offset_minutes: Local::now().offset().local_minus_utc() / 60,
        }
    }
}

impl Moment {
    /// Whether a wait of at most `wait_ms` that ends at `until_ms` still runs.
    /// A clock that was set back ends it.
    pub fn waits_until(&self, until_ms: i64, wait_ms: i64) -> bool {
        (1..=wait_ms).contains(&until_ms.saturating_sub(self.now_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_set_back_ends_a_wait() {
        let at = |now_ms| Moment { now_ms, offset_minutes: 0 };
        assert!(at(1_000).waits_until(1_500, 1_000));
        assert!(!at(1_500).waits_until(1_500, 1_000));
        assert!(!at(-3_600_000).waits_until(1_500, 1_000));
    }
}
