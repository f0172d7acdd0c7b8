//! Signed heads: where a lane's chain stood, in the lane's own hand.
//!
//! A signature (Ed25519, RFC 8032) over a head vouches for every event up to
//! it, because each event's hash contains the one before. The lane signs; HQ
//! and auditors check against the public key that HQ was told at enrolment.

use std::fmt;

use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use serde::{Deserialize, Serialize};

use crate::chain::ChainHash;

/// Where a chain stands, as it is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadClaim<'a> {
    /// The store's code.
    pub store: &'a str,
    /// The lane's number within its store.
    pub lane: u32,
    /// The journal's epoch.
    pub epoch: u32,
    /// The number of the last event.
    pub seq: u64,
    /// The chain's hash at it.
    pub hash: ChainHash,
}

impl HeadClaim<'_> {
    /// The bytes that are signed. The first line says what they are, so that
    /// no signature made for one thing passes for another.
    pub fn bytes(&self) -> Vec<u8> {
        let Self { store, lane, epoch, seq, hash } = self;
        format!("guitai journal head 1\n{store}\n{lane}\n{epoch}\n{seq}\n{hash}\n").into_bytes()
    }
}

/// A head with its signature, as it is sent and exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedHead {
    /// The number of the last event.
    pub seq: u64,
    /// The chain's hash at it, 64 hexadecimal digits.
    pub hash: String,
    /// The signature over [`HeadClaim::bytes`], 128 hexadecimal digits.
    pub signature: String,
}

/// Why a key or a signature is none, or is not this one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// A key is 64 hexadecimal digits.
    #[error("read a signing key: 64 hexadecimal digits are needed")]
    KeyForm,
    /// A signature is 128 hexadecimal digits.
    #[error("read a signature: 128 hexadecimal digits are needed")]
    SignatureForm,
    /// The signature was made by another key, or over something else.
    #[error("check a signature: it is not that of this lane's key over this head")]
    Wrong,
    /// The system gives no randomness.
    #[error("draw a signing key: the system gives no randomness")]
    NoRandomness,
}

/// A lane's public key; anybody may know it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Takes the 32 bytes as they are stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes as they are stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads the 64 hexadecimal digits that [`fmt::Display`] writes.
    pub fn parse(text: &str) -> Result<Self, HeadError> {
        Ok(Self(parse_hex(text).ok_or(HeadError::KeyForm)?))
    }

    /// Whether the signature is this key's over bytes that begin with a line which says what they are.
    pub(crate) fn check_bytes(&self, bytes: &[u8], signature: &[u8; 64]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.0).verify(bytes, signature).is_ok()
    }

    /// Whether the signature is this key's over the head.
    pub fn check(&self, claim: &HeadClaim<'_>, signature: &[u8; 64]) -> Result<(), HeadError> {
        if self.check_bytes(&claim.bytes(), signature) { Ok(()) } else { Err(HeadError::Wrong) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, &self.0)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

/// A lane's private key. It is never sent, and no form of it is printed.
pub struct SigningKey {
    pair: Ed25519KeyPair,
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey(of {})", self.public())
    }
}

impl SigningKey {
    /// Draws a key; gives it with its secret, 64 hexadecimal digits, which
    /// goes into a file that only its owner can read and nowhere else.
    pub fn draw() -> Result<(Self, String), HeadError> {
        let mut seed = [0u8; 32];
        SystemRandom::new().fill(&mut seed).map_err(|_| HeadError::NoRandomness)?;
        let secret = seed.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok((Self::of_seed(&seed)?, secret))
    }

    /// Reads the secret that [`SigningKey::draw`] gave.
    pub fn parse(secret: &str) -> Result<Self, HeadError> {
        Self::of_seed(&parse_hex(secret.trim()).ok_or(HeadError::KeyForm)?)
    }

    fn of_seed(seed: &[u8; 32]) -> Result<Self, HeadError> {
        Ok(Self { pair: Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| HeadError::KeyForm)? })
    }

    /// The key that others check with.
    pub fn public(&self) -> PublicKey {
        let bytes = self.pair.public_key().as_ref();
        // An Ed25519 public key has 32 bytes.
        PublicKey(bytes.try_into().unwrap_or_default())
    }

    /// Signs a head; the same head always gets the same signature.
    pub fn sign(&self, claim: &HeadClaim<'_>) -> [u8; 64] {
        self.sign_bytes(&claim.bytes())
    }

    /// Signs bytes that begin with a line which says what they are.
    pub(crate) fn sign_bytes(&self, bytes: &[u8]) -> [u8; 64] {
        let signature = self.pair.sign(bytes);
        signature.as_ref().try_into().unwrap_or([0; 64])
    }
}

impl SignedHead {
    /// Writes a head and its signature down.
    pub fn new(seq: u64, hash: &ChainHash, signature: &[u8; 64]) -> Self {
        let signature = signature.iter().map(|byte| format!("{byte:02x}")).collect();
        Self { seq, hash: hash.to_string(), signature }
    }

    /// The signature's bytes.
    pub fn signature(&self) -> Result<[u8; 64], HeadError> {
        parse_hex(&self.signature).ok_or(HeadError::SignatureForm)
    }
}

fn parse_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != N * 2 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0u8; N];
    for (index, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[index * 2..index * 2 + 2], 16).ok()?;
    }
    Some(bytes)
}

fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret key of RFC 8032, section 7.1, test 1, and its public key.
    const SECRET: &str = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
    const PUBLIC: &str = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

    fn claim(store: &str, seq: u64) -> HeadClaim<'_> {
        HeadClaim { store, lane: 2, epoch: 1, seq, hash: ChainHash::genesis(store, 2, 1) }
    }

    #[test]
    fn a_key_is_that_of_the_standard() {
        let key = SigningKey::parse(SECRET).expect("a key");
        assert_eq!(key.public().to_string(), PUBLIC);
        assert_eq!(PublicKey::parse(PUBLIC), Ok(key.public()));
        assert!(!format!("{key:?}").contains(&SECRET[..8]));
    }

    #[test]
    fn what_is_signed_and_how_never_changes() {
        let key = SigningKey::parse(SECRET).expect("a key");
        let claim = claim("S001", 41);
        assert_eq!(
            String::from_utf8(claim.bytes()).expect("text"),
            format!("guitai journal head 1\nS001\n2\n1\n41\n{}\n", claim.hash)
        );
        let head = SignedHead::new(claim.seq, &claim.hash, &key.sign(&claim));
        expect_test::expect_file!["../../fixtures/wire/push-v1/signed_head.json"]
            .assert_eq(&serde_json::to_string(&head).expect("JSON"));
    }

    #[test]
    fn a_signature_holds_for_one_head_and_one_key() {
        let (key, secret) = SigningKey::draw().expect("a key");
        let head = claim("S001", 41);
        let signature = key.sign(&head);
        assert_eq!(SigningKey::parse(&secret).expect("a key").public(), key.public());
        assert_eq!(key.public().check(&head, &signature), Ok(()));
        assert_eq!(key.public().check(&claim("S001", 42), &signature), Err(HeadError::Wrong));
        assert_eq!(key.public().check(&claim("S002", 41), &signature), Err(HeadError::Wrong));
        let other = SigningKey::draw().expect("a key").0;
        assert_eq!(other.public().check(&head, &signature), Err(HeadError::Wrong));
        let mut changed = signature;
        changed[63] ^= 1;
        assert_eq!(key.public().check(&head, &changed), Err(HeadError::Wrong));
    }

    #[test]
    fn what_is_no_key_and_no_signature_is_refused() {
        for text in ["", "12", &"g".repeat(64), &"+f".repeat(32), &"é".repeat(32)] {
            assert_eq!(PublicKey::parse(text), Err(HeadError::KeyForm), "{text}");
            assert!(SigningKey::parse(text).is_err(), "{text}");
        }
        let head = SignedHead { seq: 1, hash: String::new(), signature: "00".into() };
        assert_eq!(head.signature(), Err(HeadError::SignatureForm));
    }
}
