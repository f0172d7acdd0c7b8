//! The right to leave with goods that were paid: shown by the phone, or printed, and read at the gate.
//!
//! | bytes | what |
//! |---|---|
//! | 1 | the form: 1 |
//! | 1 + n | the store's code |
//! | 12 | the code's number |
//! | number, number | made at, seconds since 1970-01-01 UTC; holds for so many |
//! | number, number, number | the sale: its lane, epoch and sequence number |
//! | number, number | pieces of goods, and what was paid, minor units |

use sha2::{Digest, Sha256};

use super::bytes::{Reader, put_number};
use super::{
    CodeId, EXIT, Here, MakeCodeError, RefuseCodeError, Span, VERSION, amount, put_store, read_store,
    refuse_elsewhere,
};
use crate::head::{PublicKey, SigningKey};

/// A code that lets one customer out with what they paid for, signed by the lane that took the money.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExitCode {
    /// The store's code.
    pub store: String,
    /// The code's number: the gate takes each once.
    pub id: CodeId,
    /// When it was made, milliseconds UTC, in whole seconds.
    pub made_ms: i64,
    /// Until when it holds, milliseconds UTC, in whole seconds; at most [`super::LASTS_MAX_MS`] later.
    pub until_ms: i64,
    /// The lane that took the money.
    pub lane: u32,
    /// The epoch of its journal.
    pub epoch: u32,
    /// The sale's sequence number.
    pub seq: u64,
    /// Pieces of goods, for whoever looks into the bag.
    pub pieces: u32,
    /// What was paid, minor units of the store's currency.
    pub total: i64,
}

impl ExitCode {
    /// The number of the code of a sale. It follows from the sale: however often a receipt is printed or a code shown,
    /// it is the same code, and works once. Nobody needs to be unable to guess it: what counts is the signature.
    pub fn id_of(store: &str, lane: u32, epoch: u32, seq: u64) -> CodeId {
        let named = format!("guitai scan-and-go exit of\n{store}\n{lane}\n{epoch}\n{seq}\n");
        let mut id = [0; 12];
        id.iter_mut().zip(Sha256::digest(named.as_bytes())).for_each(|(to, from)| *to = from);
        CodeId(id)
    }

    /// Signs a code with the lane's key and writes it as a phone or a receipt shows it.
    ///
    /// # Errors
    /// Something in it is out of range.
    pub fn seal(&self, key: &SigningKey) -> Result<String, MakeCodeError> {
        let mut payload = vec![VERSION];
        put_store(&mut payload, &self.store)?;
        payload.extend_from_slice(&self.id.0);
        let (made, lasts) = Span { from_ms: self.made_ms, until_ms: self.until_ms }.seconds()?;
        let sale = [u64::from(self.lane), u64::from(self.epoch), self.seq];
        for number in
            [made, lasts].into_iter().chain(sale).chain([u64::from(self.pieces), amount(self.total)?])
        {
            put_number(&mut payload, number);
        }
        EXIT.seal(key, payload)
    }

    /// Reads a code that one of the store's lanes signed and whose time is not over. That it was not used before,
    /// [`super::UsedCodes`] says.
    ///
    /// # Errors
    /// It is damaged, forged, altered, of another store, or its time is over.
    pub fn open(text: &str, keys: &[PublicKey], here: Here<'_>) -> Result<Self, RefuseCodeError> {
        let payload = EXIT.open(keys, text)?;
        let code = Self::read(&payload).ok_or(RefuseCodeError::Form)?;
        refuse_elsewhere(&code.store, Span { from_ms: code.made_ms, until_ms: code.until_ms }, here)?;
        Ok(code)
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(payload);
        reader.byte()?;
        let store = read_store(&mut reader)?;
        let id = CodeId(reader.bytes(12)?.try_into().ok()?);
        let span = Span::read(&mut reader)?;
        let mut small = || reader.number().and_then(|number| u32::try_from(number).ok());
        let (lane, epoch) = (small()?, small()?);
        let seq = reader.number()?;
        let pieces = reader.number().and_then(|number| u32::try_from(number).ok())?;
        let total = i64::try_from(reader.number()?).ok()?;
        let (made_ms, until_ms) = (span.from_ms, span.until_ms);
        reader.is_over().then_some(Self { store, id, made_ms, until_ms, lane, epoch, seq, pieces, total })
    }
}
