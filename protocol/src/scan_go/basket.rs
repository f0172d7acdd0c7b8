//! A basket that a phone scanned, as a till reads it.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the form: 1, or 2 where each line says what the phone showed for it |
//! | 1 + n | the store's code |
//! | 12 | the basket's number |
//! | number, number | made at, seconds since 1970-01-01 UTC; holds for so many |
//! | number | the total that the phone showed, minor units |
//! | number | the version of the reference by which it was priced |
//! | number | lines; then for each: pieces (number), in form 2 its price (number, minor units), and its code |
//!
//! A number has seven bits a byte, the least first. A code is a byte that says how many characters it has and, by its
//! highest bit, that they are digits: those lie two in a byte, a last one beside a 15.

use super::bytes::{Reader, put_number};
use super::{
    BASKET, CodeId, Here, MakeCodeError, RefuseCodeError, Span, VERSION, VERSION_WITH_PRICES, amount,
    put_store, read_store, refuse_elsewhere,
};
use crate::head::{PublicKey, SigningKey};

/// The most lines of a basket: with the numbers of usual goods (EAN-13) all of them go into the QR code.
pub const LINES_MAX: usize = 50;

/// The most pieces of a line.
pub const PIECES_MAX: u32 = 99;

/// The longest code of a line: an element string of goods with weight, price, batch and dates.
pub const CODE_BYTES_MAX: usize = 90;

/// Says that a code is of digits.
const DIGITS: u8 = 128;

/// A basket that a phone scanned, signed by HQ.
///
/// A till takes from it what was scanned and how much of it, prices that by its own engine and shows where it comes to
/// something else than [`Self::total`] before it is paid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneBasket {
    /// The store's code.
    pub store: String,
    /// The basket's number: a till takes each once.
    pub id: CodeId,
    /// When it was made, milliseconds UTC, in whole seconds.
    pub made_ms: i64,
    /// Until when it holds, milliseconds UTC, in whole seconds; at most [`super::LASTS_MAX_MS`] later.
    pub until_ms: i64,
    /// What the phone showed that it comes to, minor units of the store's currency.
    pub total: i64,
    /// The version of the reference by which HQ priced it.
    pub version: u64,
    /// What was scanned, in its order.
    pub lines: Vec<PhoneLine>,
}

/// A line of a phone's basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PhoneLine {
    /// What was scanned or typed, as a till's scanner would say it.
    pub code: String,
    /// How often.
    pub pieces: u32,
    /// What the phone showed for all of them, minor units; `None` where the code does not say it.
    pub shown: Option<i64>,
}

impl PhoneBasket {
    /// Signs a basket and writes it as a phone shows it: with what was shown for each line where that is known of all
    /// of them and goes into the QR code, without otherwise.
    ///
    /// # Errors
    /// It has no lines or too many, or does not go into a QR code.
    pub fn seal(&self, key: &SigningKey) -> Result<String, MakeCodeError> {
        if self.lines.iter().all(|line| line.shown.is_some()) {
            match BASKET.seal(key, self.payload(VERSION_WITH_PRICES)?) {
                Err(MakeCodeError::TooLong(_)) => {}
                sealed => return sealed,
            }
        }
        BASKET.seal(key, self.payload(VERSION)?)
    }

    fn payload(&self, version: u8) -> Result<Vec<u8>, MakeCodeError> {
        let mut payload = vec![version];
        put_store(&mut payload, &self.store)?;
        payload.extend_from_slice(&self.id.0);
        let (made, lasts) = Span { from_ms: self.made_ms, until_ms: self.until_ms }.seconds()?;
        for number in [made, lasts, amount(self.total)?, self.version] {
            put_number(&mut payload, number);
        }
        if !(1..=LINES_MAX).contains(&self.lines.len()) {
            return Err(MakeCodeError::Lines(self.lines.len()));
        }
        put_number(&mut payload, self.lines.len() as u64);
        for (place, line) in self.lines.iter().enumerate() {
            if !(1..=PIECES_MAX).contains(&line.pieces) {
                return Err(MakeCodeError::Pieces(line.pieces));
            }
            put_number(&mut payload, u64::from(line.pieces));
            if version == VERSION_WITH_PRICES {
                put_number(&mut payload, amount(line.shown.unwrap_or_default())?);
            }
            put_code(&mut payload, &line.code).ok_or(MakeCodeError::Code(place + 1))?;
        }
        Ok(payload)
    }

    /// Reads a basket that one of HQ's keys signed for this store, and whose time is not over. That it was not taken
    /// before, [`super::UsedCodes`] says.
    ///
    /// # Errors
    /// It is damaged, forged, altered, of another store, or its time is over.
    pub fn open(text: &str, keys: &[PublicKey], here: Here<'_>) -> Result<Self, RefuseCodeError> {
        let payload = BASKET.open(keys, text)?;
        let basket = Self::read(&payload).ok_or(RefuseCodeError::Form)?;
        let span = Span { from_ms: basket.made_ms, until_ms: basket.until_ms };
        refuse_elsewhere(&basket.store, span, here)?;
        Ok(basket)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        let reader = &mut reader;
        let form = reader.byte()?;
        let store = read_store(reader)?;
        let id = CodeId(reader.bytes(12)?.try_into().ok()?);
        let span = Span::read(reader)?;
        let total = i64::try_from(reader.number()?).ok()?;
        let version = reader.number()?;
        let count = usize::try_from(reader.number()?).ok().filter(|count| (1..=LINES_MAX).contains(count))?;
        let mut lines = Vec::with_capacity(count);
        for _ in 0..count {
            let pieces = u32::try_from(reader.number()?).ok()?;
            let pieces = Some(pieces).filter(|pieces| (1..=PIECES_MAX).contains(pieces))?;
            let shown = match form {
                VERSION_WITH_PRICES => Some(i64::try_from(reader.number()?).ok()?),
                _ => None,
            };
            lines.push(PhoneLine { code: read_code(reader)?, pieces, shown });
        }
        let (made_ms, until_ms) = (span.from_ms, span.until_ms);
        reader.is_over().then_some(Self { store, id, made_ms, until_ms, total, version, lines })
    }
}

/// Whether a code can be carried: what scanners type, among it the separator of GS1 data.
fn is_carried(code: &str) -> bool {
    let is_typed = |byte: u8| byte.is_ascii_graphic() || byte == b' ' || byte == 0x1d;
    (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(is_typed)
}

fn put_code(payload: &mut Vec<u8>, code: &str) -> Option<()> {
    let length = u8::try_from(code.len()).ok().filter(|_| is_carried(code))?;
    if !code.bytes().all(|byte| byte.is_ascii_digit()) {
        payload.push(length);
        payload.extend_from_slice(code.as_bytes());
        return Some(());
    }
    payload.push(length | DIGITS);
    for pair in code.as_bytes().chunks(2) {
        let low = pair.get(1).map_or(15, |digit| digit - b'0');
        payload.push((pair[0] - b'0') << 4 | low);
    }
    Some(())
}

fn read_code(reader: &mut Reader<'_>) -> Option<String> {
    let head = reader.byte()?;
    let length = usize::from(head & !DIGITS);
    if head & DIGITS == 0 {
        let text = String::from_utf8(reader.bytes(length)?.to_vec()).ok()?;
        return Some(text).filter(|text| is_carried(text));
    }
    let mut text = String::with_capacity(length);
    for byte in reader.bytes(length.div_ceil(2))? {
        for digit in [byte >> 4, byte & 15] {
            if text.len() == length {
                return (digit == 15).then_some(text).filter(|text| is_carried(text));
            }
            text.push(char::from(b'0' + Some(digit).filter(|digit| *digit < 10)?));
        }
    }
    Some(text).filter(|text| is_carried(text))
}
