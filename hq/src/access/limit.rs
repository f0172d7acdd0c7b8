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
#[derive(Debug, Default)]
pub struct Limiter {
    buckets: HashMap<String, Bucket>,
}

impl Limiter {
    /// Lets a request of a caller through, or says how many seconds to wait.
    /// A clock that goes back fills nothing.
    pub fn admit(&mut self, caller: &str, now_ms: i64) -> Result<(), u32> {
        if !self.buckets.contains_key(caller) {
            if self.buckets.len() >= CALLERS_MAX {
                self.buckets.retain(|_, bucket| filled(*bucket, now_ms) < BURST * WHOLE);
            }
            if self.buckets.len() >= CALLERS_MAX {
                return Err(1);
            }
            self.buckets.insert(caller.to_owned(), Bucket { left: BURST * WHOLE, at_ms: now_ms });
        }
        let Some(bucket) = self.buckets.get_mut(caller) else { return Err(1) };
        bucket.left = filled(*bucket, now_ms);
        bucket.at_ms = bucket.at_ms.max(now_ms);
        if bucket.left < WHOLE {
            return Err(1);
        }
        bucket.left -= WHOLE;
        Ok(())
    }
}

fn filled(bucket: Bucket, now_ms: i64) -> i64 {
    // So many thousandths a millisecond are so many whole ones a second.
    let more = now_ms.saturating_sub(bucket.at_ms).max(0).saturating_mul(PER_SECOND);
    bucket.left.saturating_add(more).min(BURST * WHOLE)
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
