//! Lane to HQ: a contiguous run of a journal.
//!
//! `POST /v1/lanes/{store}/{lane}/events`, body zstd-compressed. The first
//! line is a [`BatchHead`] as JSON; every following line is the event's chain
//! hash in hexadecimal, one space, and the event's bytes as the lane wrote
//! them (compact JSON, so without a line break). Where HQ says that it takes
//! them ([`PushAnswer::takes_bare`]), lines may be the bytes alone: then the
//! head has the chain hash of the last one, and the others follow from it.
//! They are most of a batch's bytes once it is compressed.
//!
//! Where HQ says that it takes them so ([`PushAnswer::takes_context`]), a batch may be compressed with events that HQ
//! has filed already as its dictionary: most of what a lane says it has said before. Such a body begins with a
//! skippable frame (RFC 8878, section 3.1.2) that holds a [`BatchContext`] as JSON.
//!
//! `GET /v1/lanes/{store}/{lane}/position?epoch=N` answers a [`PushAnswer`].

use serde::{Deserialize, Serialize};

use crate::chain::ChainHash;
use crate::head::SignedHead;

/// The most events in one batch.
pub const BATCH_EVENTS_MAX: usize = 2_000;

/// The most bytes in one batch before compression; HQ refuses larger ones
/// while it inflates them.
pub const BATCH_BYTES_MAX: usize = 16 << 20;

/// The most events behind a lane's last signature that HQ files where it knows the lane's key. A lane signs at the latest
/// every 64 events, and a batch carries the newest signature that it can: a batch that leaves more without one is not filed.
pub const UNSIGNED_TAIL_MAX: u64 = 256;

/// The most events of a context.
pub const CONTEXT_EVENTS_MAX: u64 = 2_000;

/// The most bytes of a context.
pub const CONTEXT_BYTES_MAX: usize = 2 << 20;

/// What a context's frame begins with: one of the sixteen numbers that RFC 8878 leaves to whoever skips nothing.
const CONTEXT_MAGIC: [u8; 4] = 0x184D_2A56_u32.to_le_bytes();

/// The longest JSON of a context.
const CONTEXT_JSON_MAX: usize = 512;

/// The events of the same journal that a batch was compressed with: their bytes, one line each, without a break behind
/// the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchContext {
    /// The journal's epoch.
    pub epoch: u32,
    /// The sequence number of the first of them.
    pub first_seq: u64,
    /// That of the last.
    pub last_seq: u64,
    /// The chain hash of the last, hexadecimal: who has another one has other events.
    pub hash: String,
}

/// Puts a context in front of the batch that was compressed with it.
pub fn put_context(context: &BatchContext, compressed: &[u8]) -> Vec<u8> {
    let json = serde_json::to_vec(context).expect("plain data serialises");
    let length = u32::try_from(json.len()).expect("a short text");
    [&CONTEXT_MAGIC[..], &length.to_le_bytes()[..], json.as_slice(), compressed].concat()
}

/// The context of a body, where it has one, and the compressed batch itself.
pub fn take_context(body: &[u8]) -> Result<(Option<BatchContext>, &[u8]), PushRefusal> {
    let Some(rest) = body.strip_prefix(&CONTEXT_MAGIC[..]) else { return Ok((None, body)) };
    let malformed = |reason: &str| PushRefusal::Malformed { reason: format!("context: {reason}") };
    let (length, rest) = rest.split_first_chunk::<4>().ok_or_else(|| malformed("it has no length"))?;
    let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
    if length > CONTEXT_JSON_MAX {
        return Err(malformed("it is too long"));
    }
    let (json, batch) = rest.split_at_checked(length).ok_or_else(|| malformed("it is cut off"))?;
    let context: BatchContext =
        serde_json::from_slice(json).map_err(|error| malformed(&error.to_string()))?;
    let events = context.last_seq.checked_sub(context.first_seq).filter(|_| context.first_seq > 0);
    match events {
        Some(0..CONTEXT_EVENTS_MAX) => Ok((Some(context), batch)),
        Some(_) | None => Err(malformed(&format!("it is of 1 to {CONTEXT_EVENTS_MAX} events"))),
    }
}

/// What a batch says before its events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchHead {
    /// The journal's epoch.
    pub epoch: u32,
    /// The sequence number of the first event that follows.
    pub first_seq: u64,
    /// The chain hash of the event before the first one, hexadecimal.
    pub previous: String,
    /// The newest signed head at or before the last event that HQ has or that
    /// follows; absent where the lane has no signing key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<SignedHead>,
    /// The chain hash of the last event, hexadecimal, of a batch whose lines
    /// are bytes alone; absent where every line has its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<String>,
}

/// How far HQ has filed this epoch of this lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushAnswer {
    /// The journal's epoch.
    pub epoch: u32,
    /// The last sequence number filed; 0 before the first.
    pub acknowledged: u64,
    /// The chain hash at that number, hexadecimal.
    pub head: String,
    /// How many of the lane's events are set aside because HQ could not read
    /// them; they are acknowledged and do not block.
    pub quarantined: u64,
    /// The number up to which the lane's signature is filed, 0 before the
    /// first; absent where HQ knows no public key for this epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed: Option<u64>,
    /// Whether HQ takes batches whose lines are bytes alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_bare: bool,
    /// Whether HQ takes batches that were compressed with events that it has.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub takes_context: bool,
}

/// Why HQ did not file a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum PushRefusal {
    /// The batch begins after a hole: send from `acknowledged + 1`.
    #[error("file a batch: it begins after a gap, HQ has events up to {acknowledged}")]
    Gap {
        /// The last sequence number filed.
        acknowledged: u64,
    },
    /// HQ has another event under a number of this batch.
    #[error("file a batch: event {seq} differs from the one that HQ has under that number")]
    Fork {
        /// The first number that differs.
        seq: u64,
    },
    /// The batch is not of the form above, or its chain does not hold.
    #[error("file a batch: {reason}")]
    Malformed {
        /// What is wrong, for a person.
        reason: String,
    },
    /// The signed head is not in this lane's hand, or of another chain.
    #[error("file a batch: the signature over event {seq} is not that of this lane's key")]
    Signature {
        /// The number that was signed.
        seq: u64,
    },
    /// HQ knows the lane's key, and the batch leaves more than [`UNSIGNED_TAIL_MAX`] events without its signature: send it
    /// with a newer one. Told as [`Self::Malformed`], which every agent understands ([`Self::told`]).
    #[error(
        "file a batch: it leaves more than {UNSIGNED_TAIL_MAX} events after number {signed} without the signature of this \
         lane's key; start the till with its journal.key, or enrol the lane anew"
    )]
    Unsigned {
        /// The last number that is signed.
        signed: u64,
    },
    /// The events that the batch was compressed with are not what HQ has: send it by itself.
    #[error("file a batch: HQ has not the events that it was compressed with")]
    Context,
    /// The key is not one of this lane.
    #[error("file a batch: HQ does not know this key for this lane")]
    Unauthorised,
}

impl PushRefusal {
    /// The refusal as it goes to an agent: one that programs of before know as well.
    pub fn told(self) -> Self {
        match self {
            Self::Unsigned { .. } => Self::Malformed { reason: self.to_string() },
            Self::Gap { .. }
            | Self::Fork { .. }
            | Self::Malformed { .. }
            | Self::Signature { .. }
            | Self::Context
            | Self::Unauthorised => self,
        }
    }
}

/// A batch taken apart; the events borrow from the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch<'a> {
    /// The first line.
    pub head: BatchHead,
    /// The chain hash of the event before the first one.
    pub previous: ChainHash,
    /// Every event with the hash that the lane stored for it.
    pub events: Vec<(ChainHash, &'a [u8])>,
}

/// Writes a batch of events that follow `previous`, before compression.
pub fn encode_batch<'a>(
    epoch: u32,
    first_seq: u64,
    previous: &ChainHash,
    signed: Option<SignedHead>,
    events: impl IntoIterator<Item = (&'a ChainHash, &'a [u8])>,
) -> Vec<u8> {
    let head = BatchHead { epoch, first_seq, previous: previous.to_string(), signed, last: None };
    let mut body = serde_json::to_vec(&head).expect("plain data serialises");
    for (hash, bytes) in events {
        body.push(b'\n');
        body.extend_from_slice(hash.to_string().as_bytes());
        body.push(b' ');
        body.extend_from_slice(bytes);
    }
    body
}

/// Writes a batch as [`encode_batch`], with the bytes of its events alone;
/// `last` is the chain hash of the last of them.
pub fn encode_bare_batch<'a>(
    epoch: u32,
    first_seq: u64,
    previous: &ChainHash,
    signed: Option<SignedHead>,
    last: &ChainHash,
    events: impl IntoIterator<Item = &'a [u8]>,
) -> Vec<u8> {
    let last = Some(last.to_string());
    let head = BatchHead { epoch, first_seq, previous: previous.to_string(), signed, last };
    let mut body = serde_json::to_vec(&head).expect("plain data serialises");
    for bytes in events {
        body.push(b'\n');
        body.extend_from_slice(bytes);
    }
    body
}

/// Takes a batch apart and checks its chain from `previous` to the last event.
pub fn decode_batch(body: &[u8]) -> Result<Batch<'_>, PushRefusal> {
    let malformed = |reason: String| PushRefusal::Malformed { reason };
    let parse = |text: &str| ChainHash::parse(text).map_err(|error| malformed(error.to_string()));
    let mut lines = body.split(|byte| *byte == b'\n');
    let head = lines.next().unwrap_or_default();
    let head: BatchHead =
        serde_json::from_slice(head).map_err(|error| malformed(format!("first line: {error}")))?;
    let previous = parse(&head.previous)?;
    let last = head.last.as_deref().map(parse).transpose()?;
    let mut chain = previous;
    let mut events = Vec::new();
    for (index, line) in lines.enumerate() {
        if events.len() == BATCH_EVENTS_MAX {
            return Err(malformed(format!("more than {BATCH_EVENTS_MAX} events")));
        }
        let bytes = match last {
            Some(_) => line,
            None => line
                .split_at_checked(64)
                .and_then(|(_, rest)| rest.strip_prefix(b" "))
                .ok_or_else(|| malformed(format!("event line {index}: no hash and space")))?,
        };
        chain = chain.extend(bytes);
        if last.is_none() {
            let said = std::str::from_utf8(&line[..64]).unwrap_or_default();
            if parse(said)? != chain {
                let seq = head.first_seq.saturating_add(index as u64);
                return Err(malformed(format!("the chain breaks at event {seq}")));
            }
        }
        events.push((chain, bytes));
    }
    if last.is_some_and(|last| last != chain) {
        return Err(malformed("the chain does not end where the batch says".to_owned()));
    }
    Ok(Batch { head, previous, events })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_neighbours_in_version_say_is_understood() {
        let old = r#"{"epoch":1,"first_seq":2,"previous":"00"}"#;
        let head: BatchHead = serde_json::from_str(old).expect("a head without a signature");
        assert_eq!(head.signed, None);
        assert_eq!(serde_json::to_string(&head).expect("JSON"), old);
        let old = r#"{"epoch":1,"acknowledged":2,"head":"00","quarantined":0}"#;
        let answer: PushAnswer = serde_json::from_str(old).expect("an answer without a signature");
        assert_eq!((answer.signed, answer.takes_bare, answer.takes_context), (None, false, false));
        assert_eq!(serde_json::to_string(&answer).expect("JSON"), old);
    }

    #[test]
    fn a_batch_comes_back_whole_and_a_changed_one_is_refused() {
        let genesis = ChainHash::genesis("s1", 1, 1);
        let bodies: [&[u8]; 2] = [br#"{"v":1}"#, br#"{"v":1,"x":"\n"}"#];
        let hashes = [genesis.extend(bodies[0]), genesis.extend(bodies[0]).extend(bodies[1])];
        let mut body = encode_batch(3, 7, &genesis, None, hashes.iter().zip(bodies));
        let batch = decode_batch(&body).expect("a whole batch");
        assert_eq!(batch.head.first_seq, 7);
        assert_eq!(batch.events, [(hashes[0], bodies[0]), (hashes[1], bodies[1])]);
        let last = body.len() - 2;
        body[last] ^= 1;
        assert!(matches!(decode_batch(&body), Err(PushRefusal::Malformed { .. })));

        let mut bare = encode_bare_batch(3, 7, &genesis, None, &hashes[1], bodies);
        assert_eq!(decode_batch(&bare).expect("a whole batch").events, batch_events(&hashes, &bodies));
        let last = bare.len() - 2;
        bare[last] ^= 1;
        assert!(matches!(decode_batch(&bare), Err(PushRefusal::Malformed { .. })));
        let short = encode_bare_batch(3, 7, &genesis, None, &hashes[1], [bodies[0]]);
        assert!(matches!(decode_batch(&short), Err(PushRefusal::Malformed { .. })));
        let empty = encode_bare_batch(3, 7, &genesis, None, &genesis, []);
        assert_eq!(decode_batch(&empty).expect("a batch of a signature alone").events, []);
    }

    #[test]
    fn a_context_stands_before_its_batch_and_a_bad_one_is_refused() {
        let context = BatchContext { epoch: 3, first_seq: 7, last_seq: 9, hash: "ab".to_owned() };
        let body = put_context(&context, b"batch");
        assert_eq!(take_context(&body), Ok((Some(context.clone()), &b"batch"[..])));
        assert_eq!(take_context(b"batch"), Ok((None, &b"batch"[..])));
        for length in 4..body.len() - 5 {
            assert!(matches!(take_context(&body[..length]), Err(PushRefusal::Malformed { .. })), "{length}");
        }
        let backwards = BatchContext { last_seq: 6, ..context.clone() };
        let endless = BatchContext { last_seq: 7 + CONTEXT_EVENTS_MAX, ..context.clone() };
        let nowhere = BatchContext { first_seq: 0, ..context };
        for wrong in [backwards, endless, nowhere] {
            assert!(matches!(take_context(&put_context(&wrong, b"")), Err(PushRefusal::Malformed { .. })));
        }
        let long = [&CONTEXT_MAGIC[..], &u32::MAX.to_le_bytes()[..], &b"{}"[..]].concat();
        assert!(matches!(take_context(&long), Err(PushRefusal::Malformed { .. })));
    }

    #[test]
    fn a_refusal_that_agents_of_before_do_not_know_is_told_in_words_that_they_do() {
        let told = PushRefusal::Unsigned { signed: 7 }.told();
        let json = serde_json::to_string(&told).expect("JSON");
        assert!(
            json.starts_with(
                r#"{"refusal":"malformed","reason":"file a batch: it leaves more than 256 events"#
            )
        );
        assert_eq!(PushRefusal::Fork { seq: 3 }.told(), PushRefusal::Fork { seq: 3 });
    }

    fn batch_events<'a>(hashes: &[ChainHash], bodies: &[&'a [u8]]) -> Vec<(ChainHash, &'a [u8])> {
        hashes.iter().copied().zip(bodies.iter().copied()).collect()
    }
}
