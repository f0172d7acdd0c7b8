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
//! `GET /v1/lanes/{store}/{lane}/position?epoch=N` answers a [`PushAnswer`].

use serde::{Deserialize, Serialize};

use crate::chain::ChainHash;
use crate::head::SignedHead;

/// The most events in one batch.
pub const BATCH_EVENTS_MAX: usize = 2_000;

/// The most bytes in one batch before compression; HQ refuses larger ones
/// while it inflates them.
pub const BATCH_BYTES_MAX: usize = 16 << 20;

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
    /// The key is not one of this lane.
    #[error("file a batch: HQ does not know this key for this lane")]
    Unauthorised,
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
        assert_eq!((answer.signed, answer.takes_bare), (None, false));
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

    fn batch_events<'a>(hashes: &[ChainHash], bodies: &[&'a [u8]]) -> Vec<(ChainHash, &'a [u8])> {
        hashes.iter().copied().zip(bodies.iter().copied()).collect()
    }
}
