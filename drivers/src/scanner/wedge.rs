//! Tells a scanner that acts as a keyboard from a person at the same keyboard. It touches no device and reads no clock.
//!
//! A scanner types faster than people do and ends with Return. Every character is passed on at once, so what a person
//! types appears without delay; when Return shows that the last characters were a scan, the caller is told how many of
//! them to take out of the entry again. What was typed before the scan stays where it was.

use std::time::{Duration, Instant};

/// The longest pause between two characters of one scan, unless configured otherwise: scanners send one every
/// 7-16 ms, people seldom one in less than 50.
pub const GAP_MAX: Duration = Duration::from_millis(30);
/// The fewest characters that are a scan, unless configured otherwise: the shortest retail symbol (UPC-E) has six.
pub const LENGTH_MIN: usize = 6;
/// The most characters that are a scan: the largest QR code holds 4,296 letters and digits.
pub const LENGTH_MAX: usize = 4_296;
/// How much longer the pauses may be after a configured prefix, because the prefix itself says that this is a scanner.
pub const PREFIX_GAP_FACTOR: u32 = 8;

/// How to tell scans from typing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WedgeConfig {
    /// The longest pause between two characters of one scan, and between the last and Return.
    pub gap_max: Duration,
    /// The fewest characters that are a scan; not asked of a scan with a prefix.
    pub length_min: usize,
    /// A character that the scanner is set to send first and people do not type. With it only what follows it is a
    /// scan, and pauses may be [`PREFIX_GAP_FACTOR`] times as long.
    pub prefix: Option<char>,
}

impl Default for WedgeConfig {
    fn default() -> Self {
        Self { gap_max: GAP_MAX, length_min: LENGTH_MIN, prefix: None }
    }
}

/// One key that came through the keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WedgeKey {
    /// A key that types a character.
    Char(char),
    /// Return, with which a scanner ends a scan.
    Enter,
}

/// What a key turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WedgeOutcome {
    /// A character, to be shown in the entry at once. It may later turn out to belong to a scan.
    Typed(char),
    /// The last characters were a scan; this Return belongs to it and means nothing else.
    Scan {
        /// The scanned text, without prefix; an AIM identifier is still on it.
        text: String,
        /// How many of the characters last reported as typed belong to the scan and leave the entry again.
        typed: usize,
    },
    /// A person pressed Return.
    Enter,
}

/// The detector: keys with their times go in, characters and scans come out.
#[derive(Debug)]
pub struct Wedge {
    config: WedgeConfig,
    run: String,
    run_length: usize,
    prefixed: bool,
    last_at: Option<Instant>,
}

impl Wedge {
    /// A detector that has seen no key yet.
    pub fn new(config: WedgeConfig) -> Self {
        Self { config, run: String::new(), run_length: 0, prefixed: false, last_at: None }
    }

    /// Takes one key. `at` is when the key came in, which must be noted where keys are received: a queue in front of
    /// this call may delay it but not change the pauses.
    pub fn key(&mut self, key: WedgeKey, at: Instant) -> WedgeOutcome {
        let gap_max = match (self.config.prefix, self.prefixed) {
            (Some(_), true) => self.config.gap_max.saturating_mul(PREFIX_GAP_FACTOR),
            (Some(_), false) | (None, _) => self.config.gap_max,
        };
        let joined = self.last_at.is_some_and(|last| at.saturating_duration_since(last) <= gap_max);
        if !joined {
            self.forget();
        }
        match key {
            WedgeKey::Char(character) => {
                self.last_at = Some(at);
                self.push(character);
                WedgeOutcome::Typed(character)
            }
            WedgeKey::Enter => {
                let outcome = self.close();
                self.forget();
                outcome
            }
        }
    }

    /// Forgets what was typed so far, after a key that neither types nor ends (an arrow, Escape, a click elsewhere).
    pub fn forget(&mut self) {
        self.run.clear();
        self.run_length = 0;
        self.prefixed = false;
        self.last_at = None;
    }

    fn push(&mut self, character: char) {
        if self.config.prefix == Some(character) {
            self.run.clear();
            self.run_length = 0;
            self.prefixed = true;
            return;
        }
        self.run_length = self.run_length.saturating_add(1);
        if self.run_length <= LENGTH_MAX {
            self.run.push(character);
        }
    }

    fn close(&mut self) -> WedgeOutcome {
        let (long_enough, prefix_length) = match self.config.prefix {
            Some(_) => (self.prefixed && self.run_length > 0, 1),
            None => (self.run_length > 0 && self.run_length >= self.config.length_min, 0),
        };
        if long_enough && self.run_length <= LENGTH_MAX {
            WedgeOutcome::Scan { text: std::mem::take(&mut self.run), typed: self.run_length + prefix_length }
        } else {
            WedgeOutcome::Enter
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An entry line fed through a wedge, as the till feeds it.
    struct Entry {
        wedge: Wedge,
        now: Instant,
        text: String,
        heard: Vec<String>,
    }

    impl Entry {
        fn new(config: WedgeConfig) -> Self {
            Self { wedge: Wedge::new(config), now: Instant::now(), text: String::new(), heard: Vec::new() }
        }

        /// Sends `text` with `gap_ms` before each key; `\n` is Return.
        fn keys(&mut self, text: &str, gap_ms: u64) -> &mut Self {
            for character in text.chars() {
                self.now += Duration::from_millis(gap_ms);
                let key = if character == '\n' { WedgeKey::Enter } else { WedgeKey::Char(character) };
                match self.wedge.key(key, self.now) {
                    WedgeOutcome::Typed(character) => self.text.push(character),
                    WedgeOutcome::Scan { text, typed } => {
                        for _ in 0..typed {
                            self.text.pop().expect("only typed characters are taken back");
                        }
                        self.heard.push(format!("scan {text}"));
                    }
                    WedgeOutcome::Enter => {
                        self.heard.push(format!("enter {}", std::mem::take(&mut self.text)))
                    }
                }
            }
            self
        }

        fn pause(&mut self, ms: u64) -> &mut Self {
            self.now += Duration::from_millis(ms);
            self
        }

        fn check(&self, heard: &[&str], left: &str) {
            assert_eq!((self.heard.as_slice(), self.text.as_str()), (heard.map_owned().as_slice(), left));
        }
    }

    trait MapOwned {
        fn map_owned(&self) -> Vec<String>;
    }

    impl MapOwned for [&str] {
        fn map_owned(&self) -> Vec<String> {
            self.iter().map(|&text| text.to_owned()).collect()
        }
    }

    #[test]
    fn ten_scans_back_to_back_are_ten_scans() {
        let mut entry = Entry::new(WedgeConfig::default());
        let mut expected = Vec::new();
        for number in 0..10 {
            entry.keys(&format!("690123456789{number}\n"), 8);
            expected.push(format!("scan 690123456789{number}"));
        }
        assert_eq!(entry.heard, expected);
        assert_eq!(entry.text, "");
    }

    #[test]
    fn a_person_types_a_code_and_presses_return() {
        Entry::new(WedgeConfig::default()).keys("6901234567892\n", 90).check(&["enter 6901234567892"], "");
    }

    #[test]
    fn digits_typed_just_before_a_scan_stay_in_the_entry() {
        let mut entry = Entry::new(WedgeConfig::default());
        entry.keys("12", 120).pause(40).keys("6901234567892\n", 10).check(&["scan 6901234567892"], "12");
        entry.keys("\n", 200).check(&["scan 6901234567892", "enter 12"], "");
    }

    #[test]
    fn the_first_character_of_a_scan_may_come_long_after_the_last_key() {
        let mut entry = Entry::new(WedgeConfig::default());
        entry.keys("7", 100).pause(5_000).keys("6901234567892\n", 10).check(&["scan 6901234567892"], "7");
    }

    #[test]
    fn keys_in_a_row_too_short_for_a_scan_are_typing() {
        Entry::new(WedgeConfig::default()).keys("12345\n", 5).check(&["enter 12345"], "");
        Entry::new(WedgeConfig::default()).keys("123456\n", 5).check(&["scan 123456"], "");
        Entry::new(WedgeConfig::default()).keys("\n\n", 5).check(&["enter ", "enter "], "");
    }

    #[test]
    fn the_longest_gap_still_joins_and_one_more_millisecond_parts() {
        Entry::new(WedgeConfig::default()).keys("6901234567892\n", 30).check(&["scan 6901234567892"], "");
        Entry::new(WedgeConfig::default()).keys("6901234567892\n", 31).check(&["enter 6901234567892"], "");
        let slow = WedgeConfig { gap_max: Duration::from_millis(50), ..WedgeConfig::default() };
        Entry::new(slow).keys("6901234567892\n", 50).check(&["scan 6901234567892"], "");
    }

    #[test]
    fn a_pause_in_the_middle_leaves_only_what_follows_it() {
        let mut entry = Entry::new(WedgeConfig::default());
        entry.keys("690123", 10).pause(100).keys("4567892\n", 10).check(&["scan 4567892"], "690123");
    }

    #[test]
    fn return_pressed_by_a_person_after_fast_keys_is_not_a_scan() {
        let mut entry = Entry::new(WedgeConfig::default());
        entry.keys("6901234567892", 10).pause(300).keys("\n", 1).check(&["enter 6901234567892"], "");
    }

    #[test]
    fn with_a_prefix_only_what_follows_it_is_a_scan() {
        let config = WedgeConfig { prefix: Some('~'), ..WedgeConfig::default() };
        Entry::new(config).keys("6901234567892\n", 10).check(&["enter 6901234567892"], "");
        // Typed without any pause before the scan, which the pauses alone cannot tell apart.
        Entry::new(config).keys("12~6901234567892\n", 10).check(&["scan 6901234567892"], "12");
        Entry::new(config).keys("~123\n", 10).check(&["scan 123"], "");
        Entry::new(config).keys("~6901234567892\n", 200).check(&["scan 6901234567892"], "");
        Entry::new(config).keys("~6901234567892\n", 300).check(&["enter ~6901234567892"], "");
        Entry::new(config).keys("~\n", 10).check(&["enter ~"], "");
        Entry::new(config).keys("~111111\n~222222\n", 10).check(&["scan 111111", "scan 222222"], "");
    }

    #[test]
    fn an_endless_run_is_no_scan_and_takes_no_endless_memory() {
        let mut wedge = Wedge::new(WedgeConfig::default());
        let now = Instant::now();
        for _ in 0..LENGTH_MAX * 2 {
            wedge.key(WedgeKey::Char('1'), now);
        }
        assert!(wedge.run.len() <= LENGTH_MAX);
        assert_eq!(wedge.key(WedgeKey::Enter, now), WedgeOutcome::Enter);
    }
}
