//! What a lane takes instead of pages where it has much to get: a file of each
//! place whose rows it is told.
//!
//! `GET /v1/snapshot` answers a [`SnapshotOffer`] as JSON. `GET
//! /v1/snapshot/{sha256}` with `Range: bytes=A-B` answers a piece of a file, at
//! most [`PIECE_BYTES_MAX`] at one time. A file is zstd-compressed text: its
//! first line is a [`SnapshotHead`], every following one a
//! [`Change`](super::Change), in order of version and without the deleted.
//!
//! The files of a lane may be of different versions. What is in them is never
//! older than they say, so after all of them the lane goes on with pages after
//! [`SnapshotOffer::version`].

use serde::{Deserialize, Serialize};

/// The most bytes of a file that are sent at one time: some seconds over a
/// store's slow line, and what is sent again after a cut.
pub const PIECE_BYTES_MAX: u64 = 1 << 20;

/// The most files of one offer: the chain's, the store's, and its groups'.
pub const PARTS_MAX: usize = 64;

/// The most bytes of the files of one offer together, after decompression:
/// some ten million goods.
pub const INFLATED_BYTES_MAX: u64 = 8 << 30;

/// The most bytes of a line.
pub const LINE_BYTES_MAX: usize = 4 << 20;

/// What stands before a group's name in [`SnapshotPart::place`]; no store's
/// code has a colon.
pub const GROUP: &str = "group:";

/// The files that a lane is to take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotOffer {
    /// One for each place.
    pub parts: Vec<SnapshotPart>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// Whose rows: empty for the chain's, a store's code, or [`GROUP`] and the
    /// name of a group.
    pub place: String,
    /// The version of the reference when it was made.
    pub version: u64,
    /// How many changes are in it.
    pub changes: u64,
    /// Its length.
    pub bytes: u64,
    /// Its length after decompression.
    pub inflated_bytes: u64,
    /// SHA-256 of it, 64 hexadecimal digits in lower case: its name.
    pub sha256: String,
}

/// The first line of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotHead {
    /// As in [`SnapshotPart::place`].
    pub place: String,
    /// As in [`SnapshotPart::version`].
    pub version: u64,
}

/// Why an offer is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfferError {
    /// There are none, or too many.
    #[error("take a snapshot of {0} files: between 1 and {PARTS_MAX} are taken")]
    Parts(usize),
    /// A file of somebody else.
    #[error("take a snapshot: {place:?} is not a place of store {store}")]
    Place {
        /// Whose it is.
        place: String,
        /// The lane's store.
        store: String,
    },
    /// A name that is none.
    #[error("take a snapshot: {0:?} is not a SHA-256")]
    Name(String),
    /// They are too large.
    #[error("take a snapshot of {0} bytes: at most {INFLATED_BYTES_MAX} are taken")]
    Bytes(u64),
}

impl SnapshotOffer {
    /// Holds the offer against what a lane of a store may be offered.
    pub fn check(&self, store: &str) -> Result<(), OfferError> {
        if !(1..=PARTS_MAX).contains(&self.parts.len()) {
            return Err(OfferError::Parts(self.parts.len()));
        }
        let mut bytes: u64 = 0;
        for part in &self.parts {
            let is_ours = part.place.is_empty() || part.place == store || part.place.starts_with(GROUP);
            if !is_ours {
                return Err(OfferError::Place { place: part.place.clone(), store: store.to_owned() });
            }
            if !is_name(&part.sha256) {
                return Err(OfferError::Name(part.sha256.clone()));
            }
            // Neither of the two is believed alone.
            bytes = bytes.saturating_add(part.inflated_bytes.max(part.bytes));
        }
        if bytes > INFLATED_BYTES_MAX {
            return Err(OfferError::Bytes(bytes));
        }
        Ok(())
    }

    /// The version that a lane has which took all of it; 0 of none.
    pub fn version(&self) -> u64 {
        self.parts.iter().map(|part| part.version).min().unwrap_or(0)
    }

    /// How many bytes are to be got.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().fold(0, |sum, part| sum.saturating_add(part.bytes))
    }
}

/// Whether a text can be a file's name: it becomes one on disks.
pub fn is_name(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(place: &str) -> SnapshotPart {
        SnapshotPart {
            place: place.to_owned(),
            version: 7,
            changes: 1,
            bytes: 10,
            inflated_bytes: 20,
            sha256: "0a".repeat(32),
        }
    }

    #[test]
    fn an_offer_is_of_the_chain_the_store_and_its_groups_within_bounds() {
        let check = |parts: &[SnapshotPart]| SnapshotOffer { parts: parts.to_vec() }.check("S1");
        let older = SnapshotPart { version: 5, ..part("S1") };
        let offer = SnapshotOffer { parts: vec![part(""), older, part("group:north")] };
        assert_eq!((offer.check("S1"), offer.version(), offer.bytes()), (Ok(()), 5, 30));
        assert_eq!(check(&[]), Err(OfferError::Parts(0)));
        assert_eq!(check(&vec![part(""); PARTS_MAX + 1]), Err(OfferError::Parts(PARTS_MAX + 1)));
        assert!(matches!(check(&[part(""), part("S2")]), Err(OfferError::Place { .. })));
        for name in ["", "../../etc/passwd", &"0A".repeat(32)] {
            let part = SnapshotPart { sha256: name.to_owned(), ..part("") };
            assert!(matches!(check(&[part]), Err(OfferError::Name(_))), "{name}");
        }
        for (bytes, inflated_bytes) in [(u64::MAX, 1), (1, u64::MAX), (INFLATED_BYTES_MAX + 1, 1)] {
            let part = SnapshotPart { bytes, inflated_bytes, ..part("") };
            assert!(matches!(check(&[part]), Err(OfferError::Bytes(_))));
        }
    }
}
