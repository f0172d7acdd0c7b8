//! What every driver shares: a word for how the device is, the pause between two tries, and deadlines.
//! It opens no device itself.
//!
//! Each device has one thread of its own. Callers hand it work through a bounded queue that may refuse, and hear of it
//! through a function given at the start, so a device that hangs never holds a caller up. [`supervisor`] is that thread,
//! [`port`] the lines that devices hang on.

pub mod port;
pub mod supervisor;

use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How a device is, as far as its driver can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Health {
    /// The device has not said: not asked yet, or it is of the kind that never answers. Work is still sent to it.
    Unknown,
    /// The driver is opening the line for the first time.
    Connecting,
    /// The device answers and can work.
    Ready,
    /// The device answers, and somebody should look at it.
    Degraded(Reason),
    /// There is no line to the device; the driver keeps trying.
    Offline {
        /// What the last try met, for people.
        reason: String,
    },
}

/// What a device that still answers asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The roll ends soon; printing goes on.
    PaperLow,
    /// The roll has ended; printing waits.
    PaperOut,
    /// The cover is open; printing waits.
    CoverOpen,
    /// The device reports a fault of its own, such as a jammed cutter; printing waits.
    Error,
    /// What comes from the line makes no sense: another kind of device, or another speed.
    Garbled,
}

/// The first pause after a failed try.
pub const RETRY_PAUSE_FIRST: Duration = Duration::from_millis(200);
/// The longest pause between two tries: a device that is plugged in again is found within it.
pub const RETRY_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Pauses between tries that double up to a bound, each shortened at random by up to a half.
///
/// The randomness keeps the lanes of a store from knocking in step after a power cut.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    max: Duration,
    attempts: u32,
    random: u64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self::new(RETRY_PAUSE_FIRST, RETRY_PAUSE_MAX)
    }
}

impl Backoff {
    /// Starts at `first` and never exceeds `max`.
    pub fn new(first: Duration, max: Duration) -> Self {
        // The standard library seeds its hashers from the system's randomness.
        Self::with_seed(first, max, RandomState::new().hash_one(0_u8))
    }

    /// The same with the randomness given, so that a test sees the same pauses each time.
    pub fn with_seed(first: Duration, max: Duration, seed: u64) -> Self {
        // Zero is the one state that the generator never leaves.
        Self { first: first.min(max), max, attempts: 0, random: seed.max(1) }
    }

    /// The pause before the next try: between half of the current step and all of it.
    pub fn next_pause(&mut self) -> Duration {
        let step =
            self.first.saturating_mul(1_u32.checked_shl(self.attempts).unwrap_or(u32::MAX)).min(self.max);
        self.attempts = self.attempts.saturating_add(1).min(u32::BITS - 1);
        // xorshift64: ample for spreading pauses, and no secret depends on it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let half_ms = u64::try_from(step.as_millis() / 2).unwrap_or(u64::MAX);
        step.saturating_sub(Duration::from_millis(self.random % half_ms.saturating_add(1)))
    }

    /// Starts over, after a try that succeeded.
    pub fn reset(&mut self) {
        self.attempts = 0;
    }
}

/// A moment after which waiting is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    at: Instant,
}

impl Deadline {
    /// The deadline that lies `wait` from now.
    pub fn after(wait: Duration) -> Self {
        let now = Instant::now();
        // A wait beyond what the clock can count is as good as a day.
        Self { at: now.checked_add(wait).unwrap_or(now + Duration::from_secs(86_400)) }
    }

    /// What is left of the wait; `None` once it is over.
    pub fn remaining(&self) -> Option<Duration> {
        self.at.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
    }

    /// Whether the wait is over.
    pub fn has_passed(&self) -> bool {
        self.remaining().is_none()
    }
}

/// What is said of a driver that met a defect of ours or of its listener.
pub(crate) const FAILED: &str = "the driver failed and starts again";

/// Runs a driver until it ends by itself. After a panic `recover` tells of it, and the driver runs again unless `pause`
/// says that it is to stop.
pub(crate) fn supervise<T>(
    driver: &mut T,
    run: impl Fn(&mut T),
    recover: impl Fn(&mut T),
    pause: impl Fn(&mut T) -> bool,
) {
    while catch_unwind(AssertUnwindSafe(|| run(driver))).is_err() {
        // A listener that fails at this news too is no reason to end.
        let _ = catch_unwind(AssertUnwindSafe(|| recover(driver)));
        if pause(driver) {
            return;
        }
    }
}

/// Tells a driver's thread to stop, and lets it sleep until then.
#[derive(Debug, Clone, Default)]
pub(crate) struct Stop {
    shared: Arc<(AtomicBool, Mutex<()>, Condvar)>,
}

impl Stop {
    pub(crate) fn request(&self) {
        self.shared.0.store(true, Ordering::SeqCst);
        drop(lock(&self.shared.1));
        self.shared.2.notify_all();
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.shared.0.load(Ordering::SeqCst)
    }

    /// Sleeps for `pause`, less when asked to stop; says whether to stop.
    pub(crate) fn sleep(&self, pause: Duration) -> bool {
        let guard = lock(&self.shared.1);
        let waited = self.shared.2.wait_timeout_while(guard, pause, |()| !self.is_requested());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
        self.is_requested()
    }
}

/// Locks, also when a thread panicked while it held the lock: what is guarded here is never half-changed.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_the_bound_and_are_never_less_than_half_a_step() {
        let (first, max) = (Duration::from_millis(100), Duration::from_millis(1_000));
        for seed in 0..50 {
            let mut backoff = Backoff::with_seed(first, max, seed);
            for step in [100, 200, 400, 800, 1_000, 1_000, 1_000] {
                let pause = backoff.next_pause();
                assert!(pause <= Duration::from_millis(step), "{pause:?} exceeds {step} ms");
                assert!(pause >= Duration::from_millis(step / 2), "{pause:?} is under half of {step} ms");
            }
            for _ in 0..100 {
                assert!(backoff.next_pause() <= max);
            }
            backoff.reset();
            assert!(backoff.next_pause() <= first);
        }
    }

    #[test]
    fn two_lanes_do_not_knock_in_step() {
        let pauses = |seed| {
            let mut backoff = Backoff::with_seed(RETRY_PAUSE_FIRST, RETRY_PAUSE_MAX, seed);
            (0..8).map(|_| backoff.next_pause()).collect::<Vec<_>>()
        };
        assert_ne!(pauses(1), pauses(2));
        assert_eq!(pauses(1), pauses(1));
    }

    #[test]
    fn a_driver_that_panics_runs_again_until_it_ends_or_is_stopped() {
        let run = |lives: &mut (u32, u32)| {
            lives.0 -= 1;
            assert!(lives.0 == 0, "it fails");
        };
        let recover = |lives: &mut (u32, u32)| {
            lives.1 += 1;
            assert!(lives.1 > 5, "its listener fails");
        };
        let mut lives = (4, 0);
        supervise(&mut lives, run, recover, |_| false);
        assert_eq!(lives, (0, 3));
        let mut lives = (4, 0);
        supervise(&mut lives, run, recover, |lives| lives.1 == 2);
        assert_eq!(lives, (2, 2));
    }

    #[test]
    fn a_deadline_passes() {
        assert!(Deadline::after(Duration::ZERO).has_passed());
        let far = Deadline::after(Duration::from_secs(3_600));
        assert!(!far.has_passed());
        assert!(far.remaining().is_some_and(|left| left > Duration::from_secs(3_000)));
        assert!(!Deadline::after(Duration::MAX).has_passed());
    }

    #[test]
    fn a_sleeping_thread_wakes_when_asked_to_stop() {
        let stop = Stop::default();
        let sleeper = {
            let stop = stop.clone();
            std::thread::spawn(move || stop.sleep(Duration::from_secs(3_600)))
        };
        stop.request();
        assert!(sleeper.join().expect("the sleeper ends"));
    }
}
