//! What a scanner types as a USB keyboard: key presses become the text of a symbol. Opens nothing.
//!
//! Scanners type on the American layout unless they are set up otherwise. GS comes as Ctrl and `]`.

use super::serial::{LINE_LENGTH_MAX, Line};

/// A key as the Linux kernel numbers it, with what it types alone and with Shift.
const KEYS: [(u16, char, char); 48] = [
    (2, '1', '!'),
    (3, '2', '@'),
    (4, '3', '#'),
    (5, '4', '$'),
    (6, '5', '%'),
    (7, '6', '^'),
    (8, '7', '&'),
    (9, '8', '*'),
    (10, '9', '('),
    (11, '0', ')'),
    (12, '-', '_'),
    (13, '=', '+'),
    (16, 'q', 'Q'),
    (17, 'w', 'W'),
    (18, 'e', 'E'),
    (19, 'r', 'R'),
    (20, 't', 'T'),
    (21, 'y', 'Y'),
    (22, 'u', 'U'),
    (23, 'i', 'I'),
    (24, 'o', 'O'),
    (25, 'p', 'P'),
    (26, '[', '{'),
    (27, ']', '}'),
    (30, 'a', 'A'),
    (31, 's', 'S'),
    (32, 'd', 'D'),
    (33, 'f', 'F'),
    (34, 'g', 'G'),
    (35, 'h', 'H'),
    (36, 'j', 'J'),
    (37, 'k', 'K'),
    (38, 'l', 'L'),
    (39, ';', ':'),
    (40, '\'', '"'),
    (41, '`', '~'),
    (43, '\\', '|'),
    (44, 'z', 'Z'),
    (45, 'x', 'X'),
    (46, 'c', 'C'),
    (47, 'v', 'V'),
    (48, 'b', 'B'),
    (49, 'n', 'N'),
    (50, 'm', 'M'),
    (51, ',', '<'),
    (52, '.', '>'),
    (53, '/', '?'),
    (57, ' ', ' '),
];
/// The digits of the number pad, 0 to 9.
const PAD_DIGITS: [u16; 10] = [82, 79, 80, 81, 75, 76, 77, 71, 72, 73];
const ENTER: u16 = 28;
const PAD_ENTER: u16 = 96;
const TAB: u16 = 15;
const LEFT_CTRL: u16 = 29;
const RIGHT_CTRL: u16 = 97;
const LEFT_SHIFT: u16 = 42;
const RIGHT_SHIFT: u16 = 54;
const GS: char = '\u{1d}';

/// Collects key presses until Enter or Tab.
#[derive(Debug, Default)]
pub struct KeyCodec {
    text: String,
    length: usize,
    shift: bool,
    ctrl: bool,
    /// Keys of the code in hand were lost: it is dropped at its end.
    is_torn: bool,
}

impl KeyCodec {
    /// Takes a key that went down or up and returns the line that it ends. Keys that type nothing are left out.
    pub fn take(&mut self, key: u16, down: bool) -> Option<Line> {
        match key {
            LEFT_SHIFT | RIGHT_SHIFT => self.shift = down,
            LEFT_CTRL | RIGHT_CTRL => self.ctrl = down,
            ENTER | PAD_ENTER | TAB if down => return self.end(),
            _ if down => {
                if let Some(character) = self.character(key) {
                    self.length += 1;
                    if self.length <= LINE_LENGTH_MAX {
                        self.text.push(character);
                    }
                }
            }
            _ => {}
        }
        None
    }

    /// Notes that keys were lost, nobody knows which: whatever comes until the next end is dropped with what is there. That
    /// is one code too many where the end itself was lost, and never half a code.
    pub fn tear(&mut self) {
        *self = Self { length: self.length, is_torn: true, ..Self::default() };
    }

    /// Forgets a code whose end does not come; says how many keys of it came.
    pub fn abandon(&mut self) -> Option<usize> {
        let left = std::mem::take(self);
        (left.length > 0 || left.is_torn).then_some(left.length)
    }

    fn character(&self, key: u16) -> Option<char> {
        if let Some(digit) = PAD_DIGITS.iter().position(|pad| *pad == key) {
            return char::from_digit(u32::try_from(digit).ok()?, 10);
        }
        let (_, plain, shifted) = KEYS.iter().find(|(code, ..)| *code == key)?;
        match (self.ctrl, self.shift) {
            (true, _) => (*plain == ']').then_some(GS),
            (false, true) => Some(*shifted),
            (false, false) => Some(*plain),
        }
    }

    fn end(&mut self) -> Option<Line> {
        let text = std::mem::take(&mut self.text);
        let length = std::mem::take(&mut self.length);
        if std::mem::take(&mut self.is_torn) || length > LINE_LENGTH_MAX {
            return Some(Line::Overlong { bytes: length });
        }
        (!text.is_empty()).then_some(Line::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Types a text as a scanner does.
    fn typed(codec: &mut KeyCodec, text: &str) -> Option<Line> {
        for character in text.chars() {
            let (character, ctrl) = if character == GS { (']', true) } else { (character, false) };
            let (key, plain, _) = KEYS
                .iter()
                .find(|(_, plain, shifted)| character == *plain || character == *shifted)
                .expect("a key of this layout");
            let shift = character != *plain;
            for (modifier, on) in [(LEFT_SHIFT, shift), (LEFT_CTRL, ctrl)] {
                if on {
                    codec.take(modifier, true);
                }
            }
            assert_eq!(codec.take(*key, true), None);
            codec.take(*key, false);
            codec.take(LEFT_SHIFT, false);
            codec.take(LEFT_CTRL, false);
        }
        codec.take(ENTER, true)
    }

    #[test]
    fn what_is_typed_is_read_with_its_identifier() {
        let mut codec = KeyCodec::default();
        for text in ["6901234567892", "]C1010690123456789210A\u{1d}17271231", "https://Id.gs1.org/01/0?a=B&c"]
        {
            assert_eq!(typed(&mut codec, text), Some(Line::Text(text.to_owned())));
        }
        assert_eq!(typed(&mut codec, ""), None, "Enter alone is no scan");
    }

    #[test]
    fn the_number_pad_types_digits() {
        let mut codec = KeyCodec::default();
        for key in PAD_DIGITS {
            codec.take(key, true);
        }
        assert_eq!(codec.take(PAD_ENTER, true), Some(Line::Text("0123456789".to_owned())));
    }

    #[test]
    fn an_endless_code_is_dropped_whole_and_takes_no_endless_memory() {
        let mut codec = KeyCodec::default();
        for _ in 0..10_240 {
            codec.take(2, true);
        }
        assert!(codec.text.len() <= LINE_LENGTH_MAX);
        assert_eq!(codec.take(ENTER, true), Some(Line::Overlong { bytes: 10_240 }));
        assert_eq!(typed(&mut codec, "96385074"), Some(Line::Text("96385074".to_owned())));
    }

    #[test]
    fn the_rest_of_a_code_of_which_keys_were_lost_is_none() {
        for lost_after in ["", "690123"] {
            let mut codec = KeyCodec::default();
            for character in lost_after.chars() {
                let (key, ..) = KEYS.iter().find(|(_, plain, _)| *plain == character).expect("a key");
                codec.take(*key, true);
            }
            codec.tear();
            assert_eq!(typed(&mut codec, "7892"), Some(Line::Overlong { bytes: lost_after.len() + 4 }));
            assert_eq!(typed(&mut codec, "96385074"), Some(Line::Text("96385074".to_owned())));
        }
        // All that is left of it is its end.
        let mut codec = KeyCodec::default();
        codec.tear();
        assert_eq!(codec.take(ENTER, true), Some(Line::Overlong { bytes: 0 }));
        assert_eq!(codec.abandon(), None);
        codec.tear();
        assert_eq!(codec.abandon(), Some(0), "it is said also where nothing more comes");
        assert_eq!(codec.abandon(), None);
    }

    #[test]
    fn keys_that_type_nothing_are_left_out() {
        let mut codec = KeyCodec::default();
        for key in [0, 1, 58, 59, 125, 500, u16::MAX] {
            assert_eq!(codec.take(key, true), None);
        }
        assert_eq!(typed(&mut codec, "12"), Some(Line::Text("12".to_owned())));
    }
}
