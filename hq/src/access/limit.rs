//! How many requests one caller may send: a bucket that fills with time.

use std::collections::HashMap;

/// Requests that a caller may send at once.
pub const BURST: i64 = 200;

/// Requests a second that a caller may go on sending.
pub const PER_SECOND: i64 = 50;

/// Callers that are remembered at one time; beyond it, those whose buckets
/// are full are forgotten, which changes nothing for them.
pub const CALLERS_MAX: usize = 10_000;

/// Buckets hold thousandths of a request, so that a millisecond counts.
const WHOLE: i64 = 1_000;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    left: i64,
    at_ms: i64,
}

/// The buckets of all callers. Pure: the time comes from outside.
#[derive(Debug)]
pub struct Limiter {
    buckets: HashMap<String, Bucket>,
    burst: i64,
    per_second: i64,
}

impl Default for Limiter {
    fn default() -> Self {
        Self::of(BURST, PER_SECOND)
    }
}

impl Limiter {
    /// Lets each caller send so many requests at once, and go on with so many a second.
    pub fn of(burst: i64, per_second: i64) -> Self {
        Self { buckets: HashMap::new(), burst, per_second }
    }

    /// Lets a request of a caller through, or says how many seconds to wait.
    /// A clock that goes back fills nothing.
    pub fn admit(&mut self, caller: &str, now_ms: i64) -> Result<(), u32> {
        self.admit_for(caller, 1, now_ms)
    }

    /// Lets a request through that is as much work as so many usual ones.
    pub fn admit_for(&mut self, caller: &str, cost: i64, now_ms: i64) -> Result<(), u32> {
        let (burst, per_second) = (self.burst, self.per_second);
        let filled = |bucket: Bucket| {
            // So many thousandths a millisecond are so many whole ones a second.
            let more = now_ms.saturating_sub(bucket.at_ms).max(0).saturating_mul(per_second);
            bucket.left.saturating_add(more).min(burst * WHOLE)
        };
        let cost = cost.clamp(1, burst) * WHOLE;
        if !self.buckets.contains_key(caller) {
            if self.buckets.len() >= CALLERS_MAX {
                self.buckets.retain(|_, bucket| filled(*bucket) < burst * WHOLE);
            }
            if self.buckets.len() >= CALLERS_MAX {
                return Err(1);
            }
            self.buckets.insert(caller.to_owned(), Bucket { left: burst * WHOLE, at_ms: now_ms });
        }
        let Some(bucket) = self.buckets.get_mut(caller) else { return Err(1) };
        bucket.left = filled(*bucket);
        bucket.at_ms = bucket.at_ms.max(now_ms);
        if bucket.left < cost {
            // Until it is full enough, rounded up.
            let wait = (cost - bucket.left).div_euclid(per_second.max(1) * WHOLE) + 1;
            return Err(u32::try_from(wait).unwrap_or(u32::MAX));
        }
        bucket.left -= cost;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_has_a_burst_and_then_so_many_a_second() {
        let mut limiter = Limiter::default();
        for _ in 0..BURST {
            assert_eq!(limiter.admit("a", 1_000), Ok(()));
        }
        assert_eq!(limiter.admit("a", 1_000), Err(1));
        assert_eq!(limiter.admit("b", 1_000), Ok(()), "another caller has its own");
        assert_eq!(limiter.admit("a", 1_019), Err(1));
        assert_eq!(limiter.admit("a", 1_020), Ok(()));
        assert_eq!(limiter.admit("a", 500), Err(1), "a clock that goes back");
        let through = (0..1_000).filter(|_| limiter.admit("a", 2_020).is_ok()).count();
        assert_eq!(through as i64, PER_SECOND);
    }

    #[test]
    fn the_callers_that_are_remembered_are_bounded() {
        let mut limiter = Limiter::default();
        for number in 0..CALLERS_MAX {
            assert_eq!(limiter.admit(&number.to_string(), 0), Ok(()));
        }
        assert_eq!(limiter.admit("one more", 0), Err(1));
        assert_eq!(limiter.admit("one more", 1_000), Ok(()), "those who rested are forgotten");
        assert_eq!(limiter.buckets.len(), 1);
    }
}
