//! Numbers and bytes in the codes that phones show.

/// The letters of base32 (RFC 4648).
const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// Writes bytes in base32, without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 8 / 5 + 1);
    let (mut held, mut bits) = (0u16, 0u32);
    let mut push = |five: u16| text.push(char::from(LETTERS[usize::from(five & 31)]));
    for byte in bytes {
        held = held << 8 | u16::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            push(held >> bits);
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        push(held << (5 - bits));
    }
    text
}

/// Reads what [`base32`] writes, in capitals. A text that no bytes are written as is refused: each code has one form.
pub(super) fn parse_base32(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut held, mut bits) = (0u16, 0u32);
    for letter in text.bytes() {
        let value = match letter {
            b'A'..=b'Z' => letter - b'A',
            b'2'..=b'7' => letter - b'2' + 26,
            _ => return None,
        };
        held = held << 5 | u16::from(value);
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits).to_be_bytes()[1]);
            held &= (1 << bits) - 1;
        }
    }
    (bits < 5 && held == 0).then_some(bytes)
}

/// Writes a number, seven bits a byte, the least first.
pub(super) fn put_number(payload: &mut Vec<u8>, mut number: u64) {
    while number > 127 {
        payload.push((number & 127).to_le_bytes()[0] | 128);
        number >>= 7;
    }
    payload.push(number.to_le_bytes()[0]);
}

/// Reads a payload from its beginning.
pub(super) struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(payload: &'a [u8]) -> Self {
        Self { left: payload }
    }

    pub(super) fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, left) = self.left.split_at_checked(length)?;
        self.left = left;
        Some(taken)
    }

    pub(super) fn byte(&mut self) -> Option<u8> {
        self.bytes(1).and_then(|bytes| bytes.first().copied())
    }

    /// A number as [`put_number`] writes it, and in no other way.
    pub(super) fn number(&mut self) -> Option<u64> {
        let mut number = 0u64;
        for place in 0..10u32 {
            let byte = self.byte()?;
            let bits = u64::from(byte & 127);
            if place == 9 && byte > 1 || place > 0 && byte == 0 {
                return None;
            }
            number |= bits << (7 * place);
            if byte < 128 {
                return Some(number);
            }
        }
        None
    }

    /// Whether nothing is left.
    pub(super) fn is_over(&self) -> bool {
        self.left.is_empty()
    }
}
