//! Scans heard below an input method: what it made of them is taken back, and what the scanner sent is goods.
//!
//! Where the method lets a scan pass, the scan comes by the window as well, and is sold from there. Only one that did not
//! come until what was written with its Return must have come is taken from below, and only if it is a code: a scanner
//! set to another keyboard sends other keys.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use domain::barcode::Barcode;
use drivers::scanner::wedge::{PREFIX_GAP_FACTOR, Wedge, WedgeConfig, WedgeKey, WedgeOutcome};
use ui::action::Key;

use crate::lane::Lane;
use crate::sheet::Open;

/// The most scans that are remembered; the oldest are forgotten first.
const HEARD_MAX: usize = 32;

/// The most keys of a scan that a busy machine tore: a code of goods is no longer.
const TORN_MAX: usize = 32;

/// So long after a scan it may still come by the window.
const COMES_WITHIN: Duration = Duration::from_secs(3);

/// The fewest keys that are known for the rest of a scan: fewer may be a number that somebody types.
const LATE_MIN: usize = 4;

/// So long after a scan was taken from below words of the input method are what it made of the scan.
const WORDS_WITHIN: Duration = Duration::from_millis(500);

/// What is heard below an input method.
#[derive(Debug)]
pub(crate) struct Below {
    wedge: Wedge,
    gap_max: Duration,
    last_at: Option<Instant>,
    /// Keys that a machine that is busy with an input method may have torn apart.
    torn: String,
    /// What stood in the field before them.
    stood: String,
    heard: VecDeque<Heard>,
    /// When a scan was last taken from here.
    taken_at: Option<Instant>,
}

/// One scan.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Heard {
    /// All of it.
    pub(super) text: String,
    at: Instant,
    /// What stood in the field before.
    pub(super) stood: String,
    /// Whether it went where scans go.
    pub(super) is_taken: bool,
}

impl Below {
    pub(crate) fn new(config: WedgeConfig) -> Self {
        Self {
            wedge: Wedge::new(config),
            gap_max: config.gap_max,
            last_at: None,
            torn: String::new(),
            stood: String::new(),
            heard: VecDeque::new(),
            taken_at: None,
        }
    }

    /// Takes a key. `written` stands in the field now. With Return gives what was a scan by its pauses, if anything, and
    /// all that came as quickly as a scan may on a busy machine.
    fn key(&mut self, key: WedgeKey, at: Instant, written: &str) -> Option<(Option<String>, String)> {
        let gap_max = self.gap_max.saturating_mul(PREFIX_GAP_FACTOR);
        let goes_on = self.last_at.is_some_and(|last| at.saturating_duration_since(last) <= gap_max);
        self.last_at = Some(at);
        if !goes_on {
            self.torn.clear();
            written.clone_into(&mut self.stood);
        }
        let outcome = self.wedge.key(key, at);
        match key {
            WedgeKey::Char(character) => {
                if self.torn.len() < TORN_MAX {
                    self.torn.push(character);
                }
                None
            }
            WedgeKey::Enter => {
                let torn = std::mem::take(&mut self.torn);
                match outcome {
                    WedgeOutcome::Scan { text, .. } => Some((Some(text), torn)),
                    WedgeOutcome::Enter | WedgeOutcome::Typed(_) => Some((None, torn)),
                }
            }
        }
    }

    /// Remembers a scan.
    fn hear(&mut self, text: String, at: Instant) {
        if self.heard.len() == HEARD_MAX {
            self.heard.pop_front();
        }
        self.heard.push_back(Heard { text, at, stood: std::mem::take(&mut self.stood), is_taken: false });
    }

    /// A scan came by the window: what was heard of it here, once.
    ///
    /// Its end is enough, where an input method kept the beginning or gave it too late.
    fn came(&mut self, text: &str, at: Instant) -> Option<Heard> {
        self.heard.retain(|heard| at.saturating_duration_since(heard.at) <= COMES_WITHIN);
        let ends = |heard: &Heard| {
            let kept = heard.text.len().checked_sub(text.len()).and_then(|start| heard.text.get(start..));
            kept.is_some_and(|end| end.eq_ignore_ascii_case(text))
        };
        let place = self.heard.iter().position(ends);
        place.and_then(|place| self.heard.remove(place))
    }

    /// Whether this, typed late, is a scan that was taken from here; if so it is done with.
    fn was_taken(&mut self, written: &str, at: Instant) -> bool {
        if written.len() < LATE_MIN {
            return false;
        }
        let ends = |heard: &Heard| {
            heard.is_taken
                && at.saturating_duration_since(heard.at) <= COMES_WITHIN
                && heard.text.to_ascii_lowercase().ends_with(&written.to_ascii_lowercase())
        };
        let place = self.heard.iter().position(ends);
        place.and_then(|place| self.heard.remove(place)).is_some()
    }

    /// The first scan that did not come by the window although its Return was at `at` or before.
    fn take(&mut self, at: Instant) -> Option<(String, String)> {
        let heard = self.heard.iter_mut().find(|heard| !heard.is_taken && heard.at <= at)?;
        heard.is_taken = true;
        self.taken_at = Some(at);
        Some((heard.text.clone(), std::mem::take(&mut heard.stood)))
    }

    /// Whether an input method may still be writing what it made of a scan.
    fn writes_a_scan(&self, at: Instant) -> bool {
        self.taken_at.is_some_and(|taken| at.saturating_duration_since(taken) <= WORDS_WITHIN)
    }
}

impl Lane {
    /// A key below an input method.
    pub(crate) fn key_below(&mut self, key: Key, at: Instant) {
        let key = match key {
            Key::Char(character) => WedgeKey::Char(character),
            Key::Enter => WedgeKey::Enter,
            Key::Escape
            | Key::Backspace
            | Key::Delete
            | Key::Tab
            | Key::Up
            | Key::Down
            | Key::Left
            | Key::Right
            | Key::Home
            | Key::End
            | Key::PageUp
            | Key::PageDown
            | Key::Function(_) => return,
        };
        // The field may be closed by now: a scan that was taken from here is told from the next by what is heard here.
        let written = self.front.sheets.last().map_or("", Open::written);
        let Some((scan, torn)) = self.front.below.key(key, at, written) else { return };
        // One that a busy machine tore is goods all the same.
        let text = if self.is_known(&torn) { Some(torn) } else { scan };
        if let Some(text) = text {
            self.front.below.hear(text, at);
        }
    }

    /// What an input method had to write with a Return of this time has come: scans that did not come are taken.
    pub(crate) fn written_below(&mut self, at: Instant) {
        while let Some((text, stood)) = self.front.below.take(at) {
            if self.is_code(&text) {
                self.front.notice = None;
                if let Some(sheet) = self.front.sheets.last_mut() {
                    sheet.rewrite(stood);
                    self.typing_changed();
                }
                self.scan_over(&text);
            }
        }
    }

    /// A Return by the window that ends no scan there: whether it ended one below, which is taken now. It must do
    /// nothing else: what the field found for half a scan is not what somebody chose.
    pub(super) fn ends_below(&mut self, at: Instant) -> bool {
        // One that was taken already may come late, key by key: as typing, with this Return behind it.
        let written = match self.front.sheets.last() {
            Some(sheet) => sheet.written().to_owned(),
            None => self.front.entry.clone(),
        };
        if self.front.below.was_taken(&written, at) {
            match self.front.sheets.last_mut() {
                Some(sheet) => sheet.unwrite(),
                None => self.front.clear_entry(),
            }
            self.typing_changed();
            return true;
        }
        let waits = self.front.below.heard.iter().any(|heard| !heard.is_taken && self.is_code(&heard.text));
        if waits && self.front.sheets.last().is_some_and(Open::is_written) {
            self.written_below(at);
            return true;
        }
        false
    }

    /// A character by the window that is what an input method made of a scan.
    pub(super) fn is_of_a_scan(&self, character: char, at: Instant) -> bool {
        !character.is_ascii() && self.front.below.writes_a_scan(at)
    }

    /// A scan by the window: the same as it was heard below, if it was and is a code.
    pub(super) fn heard_below(&mut self, text: &str, at: Instant) -> Option<Heard> {
        self.front.below.came(text, at).filter(|heard| heard.is_taken || self.is_code(&heard.text))
    }

    /// Whether a text is a code of any kind that the till knows.
    fn is_code(&self, text: &str) -> bool {
        match self.recognised(text) {
            Some(
                Barcode::Goods(_)
                | Barcode::Scale(_)
                | Barcode::Member(_)
                | Barcode::Coupon(_)
                | Barcode::Staff(_)
                | Barcode::Receipt(_)
                | Barcode::Label(_)
                | Barcode::Phone(_)
                | Barcode::Payment,
            ) => true,
            Some(Barcode::ItemCode(_) | Barcode::Misread(..)) => self.is_item_code(text),
            Some(Barcode::Malformed(_) | Barcode::Other(_)) | None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn scan(below: &mut Below, text: &str, from: Instant) -> Instant {
        let mut at = from;
        for character in text.chars() {
            assert_eq!(below.key(WedgeKey::Char(character), at, "before"), None);
            at += 8 * MS;
        }
        let (scan, torn) = below.key(WedgeKey::Enter, at, "between").expect("a Return");
        assert_eq!(torn, text);
        below.hear(scan.expect("a scan"), at);
        at
    }

    fn is_taken(heard: Option<Heard>) -> bool {
        heard.is_some_and(|heard| heard.is_taken)
    }

    #[test]
    fn a_scan_that_came_by_the_window_is_not_taken_from_below() {
        let mut below = Below::new(WedgeConfig::default());
        let at = scan(&mut below, "6901234567892", Instant::now());
        assert!(!is_taken(below.came("6901234567892", at + 20 * MS)));
        assert_eq!(below.take(at), None);
        // Nor one of which the window saw the end alone: it is whole here.
        let at = scan(&mut below, "6901234567892", at + 400 * MS);
        let heard = below.came("234567892", at + 20 * MS).expect("it was heard");
        assert_eq!((heard.text.as_str(), heard.is_taken), ("6901234567892", false));
        assert_eq!(below.take(at), None);
        assert_eq!(below.came("6901234567892", at), None, "what was not heard is the window's alone");
    }

    #[test]
    fn one_that_did_not_is_taken_once_and_not_sold_again_when_it_comes_late() {
        let mut below = Below::new(WedgeConfig::default());
        let first = scan(&mut below, "6901234567892", Instant::now());
        assert_eq!(below.take(first), Some(("6901234567892".to_owned(), "before".to_owned())));
        assert_eq!(below.take(first), None);
        // The same goods once more, which the method lets pass this time.
        let second = scan(&mut below, "6901234567892", first + 400 * MS);
        let late = below.came("01234567892", first + 300 * MS);
        assert!(is_taken(late), "the first comes late, without its beginning");
        assert!(!is_taken(below.came("6901234567892", second)), "the second is another piece");
        assert_eq!(below.take(second), None);
        // Or key by key, as if somebody typed.
        let third = scan(&mut below, "6901234567892", second + 400 * MS);
        assert!(below.take(third).is_some());
        assert!(!below.was_taken("892", third), "which may be a quantity");
        assert!(!below.was_taken("6901234567891", third), "which is something else");
        assert!(below.was_taken("01234567892", third + 200 * MS));
        assert!(!below.was_taken("01234567892", third + 300 * MS), "once");
        // And much later nothing is kept back.
        assert_eq!(below.came("6901234567892", second + COMES_WITHIN + MS), None);
    }

    #[test]
    fn typing_is_no_scan_and_nothing_grows() {
        let mut below = Below::new(WedgeConfig::default());
        let mut at = Instant::now();
        for character in "niunai niunai".chars() {
            below.key(WedgeKey::Char(character), at, "");
            at += 90 * MS;
        }
        let (heard, torn) = below.key(WedgeKey::Enter, at, "").expect("a Return");
        assert_eq!((heard, torn.as_str()), (None, "niunai niunai"), "which is no goods' code");
        // With half a second between them, keys are not one thing.
        at += 500 * MS;
        below.key(WedgeKey::Char('3'), at, "three");
        at += 500 * MS;
        for character in "6901234567892".chars() {
            // A machine that has much to do.
            at += 120 * MS;
            below.key(WedgeKey::Char(character), at, "");
        }
        let (heard, torn) = below.key(WedgeKey::Enter, at, "").expect("a Return");
        assert_eq!((heard, torn.as_str()), (None, "6901234567892"));
        for round in 0..100 {
            at = scan(&mut below, "6901234567892", at + 100 * MS * round);
        }
        assert_eq!(below.heard.len(), HEARD_MAX);
    }
}
