//! The hash chain of a journal: signatures over it are made in [`crate::head`].

use std::fmt;

use sha2::{Digest, Sha256};

/// The SHA-256 (FIPS 180-4) of the hash before and the event's bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ChainHash([u8; 32]);

/// Why a text is not a [`ChainHash`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("read a chain hash: 64 hexadecimal digits are needed, found {0:?}")]
pub struct ChainHashError(String);

impl ChainHash {
    /// The hash that stands before the first event of a lane's epoch.
    ///
    /// It contains the lane's identity, so that no event of one journal can
    /// be passed off as an event of another.
    pub fn genesis(store: &str, lane: u32, epoch: u32) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"guitai journal 1\n");
        digest.update(store.as_bytes());
        digest.update(format!("\n{lane}\n{epoch}\n").as_bytes());
        Self(digest.finalize().into())
    }

    /// The hash of the event whose bytes are `event` and which follows `self`.
    pub fn extend(&self, event: &[u8]) -> Self {
        let mut digest = Sha256::new();
        digest.update(self.0);
        digest.update(event);
        Self(digest.finalize().into())
    }

    /// Takes the 32 bytes as they are stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes as they are stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the 64 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, ChainHashError> {
        let refuse = || ChainHashError(text.chars().take(80).collect());
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(refuse());
        }
        let mut bytes = [0u8; 32];
        for (index, byte) in bytes.iter_mut().enumerate() {
            let digits = &text[index * 2..index * 2 + 2];
            *byte = u8::from_str_radix(digits, 16).map_err(|_| refuse())?;
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ChainHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainHash({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_reads_back_what_it_wrote() {
        let hash = ChainHash::genesis("s1", 2, 1).extend(b"{}");
        assert_eq!(ChainHash::parse(&hash.to_string()), Ok(hash));
        assert!(ChainHash::parse("12").is_err());
        assert!(ChainHash::parse(&"g".repeat(64)).is_err());
        assert!(ChainHash::parse(&"+f".repeat(32)).is_err());
    }

    #[test]
    fn one_changed_byte_changes_every_hash_after_it() {
        let genesis = ChainHash::genesis("s1", 2, 1);
        assert_ne!(genesis, ChainHash::genesis("s1", 2, 2));
        assert_ne!(genesis.extend(b"a").extend(b"c"), genesis.extend(b"b").extend(b"c"));
    }
}
