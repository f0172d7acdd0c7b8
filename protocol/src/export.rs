//! A journal as a file that anybody can check: what auditors get, and what
//! archived segments are.
//!
//! JSON lines. A section is one run of one epoch:
//!
//! ```text
//! {"guitai_export":1,"store":"S001","lane":2,"epoch":1,"first_seq":1,"previous":"HASH"}
//! {"hash":"HASH","event":{...}}
//! {"signed":{"seq":41,"hash":"HASH","signature":"SIGNATURE"},"public_key":"KEY"}
//! {"end":{"events":41,"last_seq":41,"head":"HASH"}}
//! ```
//!
//! Every event stands in its own bytes, so the chain can be computed with any
//! SHA-256: hash = SHA-256(hash before, event). A `signed` line follows the
//! event that it is about. A file may have several sections, oldest first.

use serde::{Deserialize, Serialize};

use crate::chain::ChainHash;
use crate::event::{self, EVENT_BYTES_MAX, Event, Fact};
use crate::head::{HeadClaim, PublicKey, SignedHead};

/// The version of the form.
pub const EXPORT_VERSION: u16 = 1;

/// The longest line: an event and its hash.
pub const LINE_BYTES_MAX: usize = EVENT_BYTES_MAX + 256;

/// What a section says before its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionHead {
    /// [`EXPORT_VERSION`].
    pub guitai_export: u16,
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The number of the first event that follows.
    pub first_seq: u64,
    /// The chain's hash before it, hexadecimal.
    pub previous: String,
}

/// A signed head, after the event that it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedLine {
    /// The head.
    pub signed: SignedHead,
    /// The key that signed, hexadecimal.
    pub public_key: String,
}

/// What a section says after its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SectionEnd {
    /// How many events.
    pub events: u64,
    /// The number of the last one; one below `first_seq` where there is none.
    pub last_seq: u64,
    /// The chain's hash at it, hexadecimal.
    pub head: String,
}

#[derive(Serialize, Deserialize)]
struct EndLine {
    end: SectionEnd,
}

/// What was found of a section, where nothing is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SectionReport {
    /// What it says before its events.
    pub head: SectionHead,
    /// The number of its last event.
    pub last_seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
    /// How many events.
    pub events: u64,
    /// How many of them are sales and returns, whose sums hold.
    pub documents: u64,
    /// The last number that a signature vouches for; 0 for none.
    pub signed: u64,
    /// The keys that signed, in order.
    pub keys: Vec<PublicKey>,
}

/// Why a file is not a journal's export, or not as its lane wrote it.
#[derive(Debug, thiserror::Error)]
pub enum CheckExportError {
    /// A line has none of the forms, or stands in the wrong place.
    #[error("check an export: line {line} {problem}")]
    Form {
        /// The line's number, from 1.
        line: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// An event does not follow the one before.
    #[error("check an export: line {line}: the chain breaks at event {seq}; the file was changed or damaged")]
    ChainBroken {
        /// The line's number, from 1.
        line: u64,
        /// At which event.
        seq: u64,
    },
    /// A signature is not that of the key beside it over the event before.
    #[error(
        "check an export: line {line}: the signature over event {seq} is wrong; the file was changed or damaged"
    )]
    WrongSignature {
        /// The line's number, from 1.
        line: u64,
        /// Over which event.
        seq: u64,
    },
    /// The file ends within a section.
    #[error("check an export: the file ends after line {line} and within a section; it was cut off")]
    CutOff {
        /// The last line's number, from 1.
        line: u64,
    },
}

/// The line before a section's events.
pub fn encode_head(store: &str, lane: u32, epoch: u32, first_seq: u64, previous: &ChainHash) -> Vec<u8> {
    let head = SectionHead {
        guitai_export: EXPORT_VERSION,
        store: store.to_owned(),
        lane,
        epoch,
        first_seq,
        previous: previous.to_string(),
    };
    line(&head)
}

/// The line of one event.
pub fn encode_event(hash: &ChainHash, event: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{{\"hash\":\"{hash}\",\"event\":").into_bytes();
    bytes.extend_from_slice(event);
    bytes.extend_from_slice(b"}\n");
    bytes
}

/// The line of a signed head.
pub fn encode_signed(signed: SignedHead, key: &PublicKey) -> Vec<u8> {
    line(&SignedLine { signed, public_key: key.to_string() })
}

/// The line after a section's events.
pub fn encode_end(events: u64, last_seq: u64, hash: &ChainHash) -> Vec<u8> {
    line(&EndLine { end: SectionEnd { events, last_seq, head: hash.to_string() } })
}

fn line<T: Serialize>(value: &T) -> Vec<u8> {
    let mut bytes = serde_json::to_vec(value).expect("plain data serialises");
    bytes.push(b'\n');
    bytes
}

/// The bytes of an event within its line, and its hash.
fn parse_event(line: &[u8]) -> Option<(ChainHash, &[u8])> {
    let rest = line.strip_prefix(b"{\"hash\":\"")?;
    let (hash, rest) = rest.split_at_checked(64)?;
    let event = rest.strip_prefix(b"\",\"event\":")?.strip_suffix(b"}")?;
    Some((ChainHash::parse(std::str::from_utf8(hash).ok()?).ok()?, event))
}

/// Checks an export line by line, in memory that does not grow with the file.
#[derive(Debug, Default)]
pub struct ExportChecker {
    line: u64,
    open: Option<SectionReport>,
    done: Vec<SectionReport>,
}

impl ExportChecker {
    /// Takes the next line, without its line break; gives the event that stands in it.
    pub fn take<'l>(&mut self, line: &'l [u8]) -> Result<Option<(Event, &'l [u8])>, CheckExportError> {
        self.line += 1;
        let number = self.line;
        let form = |problem: String| CheckExportError::Form { line: number, problem };
        let Some(section) = &mut self.open else {
            let head: SectionHead =
                serde_json::from_slice(line).map_err(|error| form(format!("begins no section: {error}")))?;
            self.open = Some(self.begin(head)?);
            return Ok(None);
        };
        if let Some((hash, bytes)) = parse_event(line) {
            let seq = section.last_seq + 1;
            if section.hash.extend(bytes) != hash {
                return Err(CheckExportError::ChainBroken { line: number, seq });
            }
            let event = event::decode(bytes).map_err(|error| form(format!("is no event: {error}")))?;
            let head = &section.head;
            if (&event.store, event.lane, event.epoch, event.seq) != (&head.store, head.lane, head.epoch, seq)
            {
                return Err(form(format!("is not event {seq} of this lane and epoch")));
            }
            event.record().map_err(|error| form(format!("does not hold: {error}")))?;
            section.documents += u64::from(matches!(event.fact, Fact::SaleCompleted { .. }));
            section.events += 1;
            section.last_seq = seq;
            section.hash = hash;
            if seq == 1 {
                self.check_link(&event)?;
            }
            return Ok(Some((event, bytes)));
        }
        if let Ok(signed) = serde_json::from_slice::<SignedLine>(line) {
            let key = PublicKey::parse(&signed.public_key).map_err(|error| form(error.to_string()))?;
            let wrong = CheckExportError::WrongSignature { line: number, seq: signed.signed.seq };
            let signature = signed.signed.signature().map_err(|error| form(error.to_string()))?;
            let SectionHead { store, lane, epoch, .. } = &section.head;
            let claim =
                HeadClaim { store, lane: *lane, epoch: *epoch, seq: section.last_seq, hash: section.hash };
            let is_here =
                signed.signed.seq == section.last_seq && signed.signed.hash == section.hash.to_string();
            if !is_here || key.check(&claim, &signature).is_err() {
                return Err(wrong);
            }
            section.signed = section.last_seq;
            if !section.keys.contains(&key) {
                section.keys.push(key);
            }
            return Ok(None);
        }
        let EndLine { end } = serde_json::from_slice(line)
            .map_err(|_| form("is neither an event nor a signature nor an end".into()))?;
        let found =
            SectionEnd { events: section.events, last_seq: section.last_seq, head: section.hash.to_string() };
        if end != found {
            return Err(form(format!("ends with event {}, but {} came", end.last_seq, found.last_seq)));
        }
        self.done.extend(self.open.take());
        Ok(None)
    }

    /// Ends the check with what was found.
    pub fn finish(self) -> Result<Vec<SectionReport>, CheckExportError> {
        if self.open.is_some() || self.done.is_empty() {
            return Err(CheckExportError::CutOff { line: self.line });
        }
        Ok(self.done)
    }

    fn begin(&self, head: SectionHead) -> Result<SectionReport, CheckExportError> {
        let form = |problem: &str| CheckExportError::Form { line: self.line, problem: problem.to_owned() };
        if head.guitai_export != EXPORT_VERSION {
            return Err(form("is of a form that this program does not know; update the program"));
        }
        let hash = ChainHash::parse(&head.previous).map_err(|error| form(&error.to_string()))?;
        let Some(last_seq) = head.first_seq.checked_sub(1) else { return Err(form("begins with number 0")) };
        if last_seq == 0 && hash != ChainHash::genesis(&head.store, head.lane, head.epoch) {
            return Err(form("does not begin with this lane's identity"));
        }
        if let Some(before) = self.done.last() {
            let same = before.head.epoch == head.epoch;
            let follows =
                if same { (before.last_seq, before.hash) == (last_seq, hash) } else { last_seq == 0 };
            let is_one_lane = (&before.head.store, before.head.lane) == (&head.store, head.lane);
            if !is_one_lane || !follows || head.epoch < before.head.epoch {
                return Err(form("does not follow the section before"));
            }
        }
        Ok(SectionReport { head, last_seq, hash, events: 0, documents: 0, signed: 0, keys: Vec::new() })
    }

    /// The first event of an epoch names the end of the epoch before.
    fn check_link(&self, first: &Event) -> Result<(), CheckExportError> {
        let Some(before) = self.done.last() else { return Ok(()) };
        let is_linked = if let Fact::EpochBegun { previous_epoch, previous_seq, previous_hash } = &first.fact
        {
            (*previous_epoch, *previous_seq, previous_hash)
                == (before.head.epoch, before.last_seq, &before.hash.to_string())
        } else {
            false
        };
        if is_linked {
            return Ok(());
        }
        let problem = "does not name the end of the epoch before".to_owned();
        Err(CheckExportError::Form { line: self.line, problem })
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;
    use crate::head::SigningKey;

    fn event(epoch: u32, seq: u64, fact: Fact) -> Vec<u8> {
        event::encode(&Event {
            v: 1,
            store: "S001".into(),
            lane: 2,
            epoch,
            seq,
            at_ms: 1_772_416_800_000,
            offset_minutes: 480,
            business_date: NaiveDate::from_ymd_opt(2026, 3, 2).expect("a day"),
            shift: 1,
            fact,
        })
    }

    /// Two epochs, the first of them signed.
    fn export() -> Vec<Vec<u8>> {
        let key = SigningKey::parse(&"07".repeat(32)).expect("a key");
        let mut hash = ChainHash::genesis("S001", 2, 1);
        let mut lines = vec![encode_head("S001", 2, 1, 1, &hash)];
        for seq in 1..=3 {
            let bytes = event(1, seq, Fact::SignedOut { staff: format!("e{seq}") });
            hash = hash.extend(&bytes);
            lines.push(encode_event(&hash, &bytes));
        }
        let claim = HeadClaim { store: "S001", lane: 2, epoch: 1, seq: 3, hash };
        lines.push(encode_signed(SignedHead::new(3, &hash, &key.sign(&claim)), &key.public()));
        lines.push(encode_end(3, 3, &hash));
        let begun = Fact::EpochBegun { previous_epoch: 1, previous_seq: 3, previous_hash: hash.to_string() };
        let genesis = ChainHash::genesis("S001", 2, 2);
        let bytes = event(2, 1, begun);
        lines.push(encode_head("S001", 2, 2, 1, &genesis));
        lines.push(encode_event(&genesis.extend(&bytes), &bytes));
        lines.push(encode_end(1, 1, &genesis.extend(&bytes)));
        lines
    }

    fn check(lines: &[Vec<u8>]) -> Result<Vec<SectionReport>, CheckExportError> {
        let mut checker = ExportChecker::default();
        for line in lines {
            checker.take(line.strip_suffix(b"\n").expect("a line"))?;
        }
        checker.finish()
    }

    #[test]
    fn an_export_is_what_it_says() {
        let found = check(&export()).expect("whole");
        let seen: Vec<_> =
            found.iter().map(|section| (section.head.epoch, section.events, section.signed)).collect();
        assert_eq!(seen, [(1, 3, 3), (2, 1, 0)]);
        assert_eq!(found[0].keys.len(), 1);
        // Any tool can read every line.
        for line in export() {
            serde_json::from_slice::<serde_json::Value>(&line).expect("JSON");
        }
        let text: Vec<u8> = export().concat();
        expect_test::expect_file!["../../fixtures/wire/export-v1/two_epochs.jsonl"]
            .assert_eq(&String::from_utf8(text).expect("UTF-8"));
    }

    #[test]
    fn no_byte_of_an_export_can_be_changed() {
        let lines = export();
        for (number, line) in lines.iter().enumerate() {
            for place in 0..line.len() - 1 {
                let mut changed = lines.clone();
                changed[number][place] ^= 1;
                assert!(check(&changed).is_err(), "line {number} byte {place}");
            }
        }
    }

    #[test]
    fn no_line_can_be_left_out_doubled_or_moved() {
        let lines = export();
        for number in 0..lines.len() {
            // A signature may be left out: then nothing is vouched for.
            let is_signature = number == 4;
            let mut without = lines.clone();
            without.remove(number);
            assert_eq!(check(&without).is_ok(), is_signature, "without line {number}");
            let mut doubled = lines.clone();
            doubled.insert(number, lines[number].clone());
            assert_eq!(check(&doubled).is_ok(), is_signature, "line {number} twice");
        }
        for number in 1..lines.len() {
            let mut moved = lines.clone();
            moved.swap(number - 1, number);
            assert!(check(&moved).is_err(), "line {number} moved");
        }
        assert!(check(&[]).is_err());
    }
}
