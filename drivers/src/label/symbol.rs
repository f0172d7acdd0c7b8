//! Bars and squares that scanners read: EAN-13, EAN-8 and UPC-A (ISO/IEC 15420), QR code (ISO/IEC 18004).

use qrcode::{Color, EcLevel, QrCode};

/// White modules around a QR code. The standard asks for 4; the box of a template stands on white already.
pub(super) const QUIET_QR: usize = 2;

/// Seven modules of a digit in set A; set C is its complement, set B set C backwards.
const SET_A: [u8; 10] = [0x0D, 0x19, 0x13, 0x3D, 0x23, 0x31, 0x2F, 0x3B, 0x37, 0x0B];
/// Which of the left six digits are of set B, by the first digit.
const SET_B_AT: [u8; 10] = [0x00, 0x0B, 0x0D, 0x0E, 0x13, 0x19, 0x1C, 0x15, 0x16, 0x1A];

/// A symbol as dark and light modules: `width` of each row.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Modules {
    pub dark: Vec<bool>,
    pub width: usize,
}

/// The bars of a number of 8, 12 or 13 digits, one row; `None` where it has another length or a wrong check digit.
pub(super) fn ean(text: &str) -> Option<Modules> {
    let mut digits: Vec<u8> = Vec::with_capacity(13);
    for character in text.chars() {
        digits.push(u8::try_from(character.to_digit(10)?).ok()?);
    }
    if digits.len() == 12 {
        digits.insert(0, 0);
    }
    let weigh = |(place, digit): (usize, &u8)| u32::from(*digit) * if place % 2 == 0 { 1 } else { 3 };
    if !matches!(digits.len(), 8 | 13) || digits.iter().rev().enumerate().map(weigh).sum::<u32>() % 10 != 0 {
        return None;
    }
    let (sets, left, right) = if digits.len() == 13 {
        (SET_B_AT[usize::from(digits[0])], &digits[1..7], &digits[7..])
    } else {
        (0, &digits[..4], &digits[4..])
    };
    let mut dark = Vec::with_capacity(95);
    let mut push = |bits: u8, count: u32| dark.extend((0..count).rev().map(|bit| bits >> bit & 1 == 1));
    push(0b101, 3);
    for (place, digit) in left.iter().enumerate() {
        let a = SET_A[usize::from(*digit)];
        let is_b = left.len() == 6 && sets >> (5 - place) & 1 == 1;
        // Set B is set C backwards, and set C is set A with dark and light exchanged.
        push(if is_b { (!a & 0x7F).reverse_bits() >> 1 } else { a }, 7);
    }
    push(0b01010, 5);
    for digit in right {
        push(!SET_A[usize::from(*digit)] & 0x7F, 7);
    }
    push(0b101, 3);
    Some(Modules { width: dark.len(), dark })
}

/// The squares of a text; `None` where it is too long for the largest symbol.
pub(super) fn qr(text: &str) -> Option<Modules> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M).ok()?;
    let dark = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
    Some(Modules { dark, width: code.width() })
}
