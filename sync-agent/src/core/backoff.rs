//! How long to wait after a failure: longer each time, up to a bound, and
//! never for ever. Lanes that lost HQ at one moment come back spread out.

/// The wait after the first failure, milliseconds.
pub(super) const DELAY_FIRST_MS: i64 = 500;

/// The longest wait: a lane is back at most half a minute after HQ is.
pub(super) const DELAY_MAX_MS: i64 = 30_000;

/// Spreads waits; the same seed gives the same ones.
#[derive(Debug)]
pub(super) struct Jitter {
    state: u64,
}

impl Jitter {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// Something between half of a span and all of it.
    pub(super) fn spread(&mut self, span_ms: i64) -> i64 {
        let half = span_ms / 2;
        let width = u64::try_from(span_ms - half).unwrap_or(0) + 1;
        half + i64::try_from(self.next() % width).unwrap_or(0)
    }

    /// Something between nothing and all of a span.
    pub(super) fn within(&mut self, span_ms: i64) -> i64 {
        let width = u64::try_from(span_ms).unwrap_or(0) + 1;
        i64::try_from(self.next() % width).unwrap_or(0)
    }

    /// SplitMix64: enough to spread waits, and the same everywhere.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }
}

/// Failures in a row.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure and says how long to wait after it. `at_least_ms` is
    /// what HQ asked for.
    pub(super) fn fail(&mut self, jitter: &mut Jitter, at_least_ms: i64) -> i64 {
        // 2^7 times the first wait is beyond the longest.
        let doublings = self.failures.min(7);
        self.failures = self.failures.saturating_add(1);
        let span = (DELAY_FIRST_MS << doublings).min(DELAY_MAX_MS);
        jitter.spread(span).max(at_least_ms.min(DELAY_MAX_MS))
    }

    /// Forgets the failures.
    pub(super) fn succeed(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound_and_are_spread() {
        let mut backoff = Backoff::default();
        let mut jitter = Jitter::new(7);
        for span in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000] {
            let wait = backoff.fail(&mut jitter, 0);
            assert!((span / 2..=span).contains(&wait), "{wait} of {span}");
        }
        backoff.succeed();
        assert!(backoff.fail(&mut jitter, 0) <= DELAY_FIRST_MS);
        assert_eq!(backoff.fail(&mut jitter, 30_000), 30_000, "HQ asked for more");
        assert_eq!(backoff.fail(&mut jitter, i64::MAX), DELAY_MAX_MS, "but not for ever");
    }
}
