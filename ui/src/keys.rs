//! When keys came, however late the window hears of them.
//!
//! A scanner that acts as a keyboard is told from a person by the pauses between its keys, but a window that draws, or
//! whose process did not get to run, takes keys late: they wait and come at once, the first of them long after the one
//! before. No window system behind Slint says when a key was pressed. So while somebody types, the window looks every
//! few milliseconds whether a key waits, and a pause is believed only as far as it was seen that none did.

use std::cell::RefCell;
use std::time::{Duration, Instant};

/// Between two looks whether a key waits; a pause is known as exactly as that.
const LOOK_EVERY: Duration = Duration::from_millis(5);

/// It is looked for so long after a key. Longer pauses part keys whatever the window did meanwhile.
const LOOKED_FOR: Duration = Duration::from_secs(2);

/// A key that came so much before it was taken was late.
const LATE: Duration = Duration::from_millis(20);

/// What is known of the keys that are taken at one place.
#[derive(Debug, Default)]
struct KeyClock {
    /// When a key was last taken.
    taken: Option<Instant>,
    /// When the last key came or, if that is later, when none waited.
    quiet: Option<Instant>,
    /// How many looks have ended: keys between two of them were taken in one go.
    looks: u64,
    /// The same when a key was last taken.
    looks_at_key: u64,
    /// How many keys came one right after the other.
    run: u32,
    /// How many of them were late, and the first of those that were taken in one go.
    late: u32,
}

impl KeyClock {
    /// A key is taken now. Gives when it came, as far as is known the earliest.
    ///
    /// A scanner's keys come so quickly that a busy window finds many of them
    /// at a time. Where nearly each is found alone, a person types on a window
    /// that is slower than they are, and their pauses are believed.
    fn key(&mut self, now: Instant) -> Instant {
        let before = self.quiet;
        let earliest = match (self.taken, self.quiet) {
            (Some(taken), Some(quiet)) if now.saturating_duration_since(taken) <= LOOKED_FOR => {
                now.min(quiet + LOOK_EVERY)
            }
            (Some(_) | None, _) => now,
        };
        let is_late = now.saturating_duration_since(earliest) > LATE && self.looks != self.looks_at_key;
        let is_typed = is_late && self.late > self.run / 2;
        let at = if is_typed { now } else { earliest };
        let goes_on = before.is_some_and(|before| at.saturating_duration_since(before) <= LATE);
        if goes_on {
            self.run += 1;
            self.late += u32::from(is_late);
        } else {
            (self.run, self.late) = (1, 0);
        }
        (self.taken, self.quiet, self.looks_at_key) = (Some(now), Some(at), self.looks);
        at
    }

    /// No key waited at `looked`, or one was taken since.
    fn nothing_waited(&mut self, looked: Instant) {
        self.looks += 1;
        if self.taken.is_some_and(|taken| looked > taken) {
            self.quiet = self.quiet.max(Some(looked));
        }
    }

    /// Whether it is to be looked again.
    fn is_to_look(&self, now: Instant) -> bool {
        self.taken.is_some_and(|taken| now.saturating_duration_since(taken) <= LOOKED_FOR)
    }
}

/// Where keys are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Keyboard {
    /// In a window, behind an input method if there is one.
    Window,
    /// Below it.
    Below,
}

/// What is known of the keys wherever they are taken.
#[derive(Debug, Default)]
struct Clocks {
    window: KeyClock,
    below: KeyClock,
    looking: Looking,
}

impl Clocks {
    fn of(&mut self, keyboard: Keyboard) -> &mut KeyClock {
        match keyboard {
            Keyboard::Window => &mut self.window,
            Keyboard::Below => &mut self.below,
        }
    }
}

thread_local! {
    /// One for all windows of the event loop: they share the keyboard.
    static CLOCKS: RefCell<Clocks> = RefCell::default();
}

/// Whether a look is under way.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Looking {
    #[default]
    No,
    Yes,
}

/// A key is taken now, on the window's thread. Gives when it came.
pub(crate) fn taken_now(keyboard: Keyboard) -> Instant {
    let now = Instant::now();
    let (at, looking) = CLOCKS.with_borrow_mut(|clocks| {
        (clocks.of(keyboard).key(now), std::mem::replace(&mut clocks.looking, Looking::Yes))
    });
    if looking == Looking::No {
        slint::Timer::single_shot(LOOK_EVERY, look);
    }
    at
}

/// Timers run before the loop takes the keys that wait, and what is posted runs after it has: a key that waits now is taken
/// before the answer.
fn look() {
    let looked = Instant::now();
    // Without an event loop nobody types.
    let _ = slint::invoke_from_event_loop(move || {
        CLOCKS.with_borrow_mut(|clocks| {
            clocks.window.nothing_waited(looked);
            clocks.below.nothing_waited(looked);
        });
    });
    let again = CLOCKS.with_borrow_mut(|clocks| {
        let again = clocks.window.is_to_look(looked) || clocks.below.is_to_look(looked);
        clocks.looking = if again { Looking::Yes } else { Looking::No };
        again
    });
    if again {
        slint::Timer::single_shot(LOOK_EVERY, look);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    /// A keyboard whose window takes keys when it can.
    struct Keyboard {
        clock: KeyClock,
        begin: Instant,
    }

    impl Keyboard {
        fn new() -> Self {
            Self { clock: KeyClock::default(), begin: Instant::now() }
        }

        /// Takes a key at this millisecond and gives at which it came.
        fn key(&mut self, at_ms: u32) -> u128 {
            (self.clock.key(self.begin + at_ms * MS) - self.begin).as_millis()
        }

        /// The window has nothing to do from one millisecond to another.
        fn idle(&mut self, from_ms: u32, to_ms: u32) {
            for at_ms in (from_ms..to_ms).step_by(5) {
                self.clock.nothing_waited(self.begin + at_ms * MS);
            }
        }
    }

    #[test]
    fn keys_that_waited_while_the_window_was_busy_belong_together() {
        let mut keyboard = Keyboard::new();
        assert_eq!(keyboard.key(0), 0);
        // It draws for 200 ms; the scanner goes on every 8 ms.
        let came: Vec<u128> = (0..12).map(|place| keyboard.key(200 + place / 4)).collect();
        assert_eq!(came[..3], [5, 10, 15]);
        assert!(came.windows(2).all(|two| two[1] - two[0] <= 5), "{came:?}");
    }

    #[test]
    fn a_handler_that_takes_80_ms_for_each_key_parts_none() {
        let mut keyboard = Keyboard::new();
        let came: Vec<u128> = (0..14).map(|place| keyboard.key(place * 80)).collect();
        assert!(came.windows(2).all(|two| two[1] - two[0] <= 5), "{came:?}");
    }

    /// The longest run of keys that nothing parts.
    fn longest(came: &[u128]) -> usize {
        came.chunk_by(|before, after| after - before <= 30).map(<[u128]>::len).max().unwrap_or(0)
    }

    #[test]
    fn a_person_before_a_window_that_is_slower_than_they_are_is_no_scanner() {
        for draws_ms in [50, 90, 150, 400] {
            let mut keyboard = Keyboard::new();
            let came: Vec<u128> = (0..12)
                .map(|place| {
                    let at_ms = place * draws_ms;
                    // It looks as soon as it has drawn; the key waits, is taken, and then the look ends.
                    let came = keyboard.key(at_ms);
                    keyboard.clock.nothing_waited(keyboard.begin + at_ms.saturating_sub(1) * MS);
                    came
                })
                .collect();
            assert!(longest(&came) <= 4, "{draws_ms}: {came:?}");
        }
    }

    #[test]
    fn a_scanner_before_such_a_window_is_one() {
        // Every 8 or 16 ms a key, and the window takes all that wait between two drawings.
        for (key_ms, draws_ms) in [(8, 40), (8, 90), (8, 400), (16, 60), (16, 90), (16, 250)] {
            let mut keyboard = Keyboard::new();
            let (mut came, mut now_ms) = (vec![keyboard.key(0)], 0);
            while came.len() < 13 {
                now_ms += draws_ms;
                while came.len() < 13 && u32::try_from(came.len()).unwrap_or(0) * key_ms <= now_ms {
                    came.push(keyboard.key(now_ms));
                }
                keyboard.clock.nothing_waited(keyboard.begin + (now_ms - 1) * MS);
            }
            assert_eq!(longest(&came), 13, "{key_ms} {draws_ms}: {came:?}");
        }
    }

    #[test]
    fn a_person_on_an_idle_window_types_as_slowly_as_it_looks() {
        let mut keyboard = Keyboard::new();
        let mut before = keyboard.key(0);
        for place in 1..8 {
            keyboard.idle((place - 1) * 90 + 1, place * 90);
            let now = keyboard.key(place * 90);
            assert!((86..=94).contains(&(now - before)), "{now} after {before}");
            before = now;
        }
    }

    #[test]
    fn what_was_seen_before_the_window_became_busy_still_counts() {
        let mut keyboard = Keyboard::new();
        keyboard.key(0);
        keyboard.idle(1, 60);
        // Busy from 60 on: the key came at 60 at the earliest.
        assert_eq!(keyboard.key(500), 61);
        // And after a long time it is as it seems.
        assert_eq!(keyboard.key(9_000), 9_000);
    }

    #[test]
    fn a_look_that_ended_after_a_key_says_nothing_of_it() {
        let mut keyboard = Keyboard::new();
        keyboard.key(0);
        keyboard.key(100);
        keyboard.clock.nothing_waited(keyboard.begin + 90 * MS);
        assert_eq!(keyboard.key(110), 10);
    }
}
