//! Keys that show themselves to nobody, and the signatures made with them.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use ring::rand::SystemRandom;
use ring::signature::{RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey};
use ring::{hmac, signature};

/// A text that is printed nowhere.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Keeps a text.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(hidden)")
    }
}

/// How WeChat Pay's requests and answers are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SignKind {
    /// MD5, what WeChat takes where nothing is said.
    Md5,
    /// HMAC-SHA256; to be preferred.
    HmacSha256,
}

impl SignKind {
    /// As it stands in `sign_type`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }
}

/// WeChat Pay's signature of fields (API v2): those that are not empty, `sign` left out, in the order of their names, as
/// `name=value` joined by `&`, the key behind them; hexadecimal in capitals.
pub fn wechat_sign<'a>(
    fields: impl IntoIterator<Item = (&'a str, &'a str)>,
    key: &Secret,
    kind: SignKind,
) -> String {
    let mut text = joined(fields);
    text.push_str("&key=");
    text.push_str(key.reveal());
    match kind {
        SignKind::Md5 => capitals(&Md5::digest(text.as_bytes())),
        SignKind::HmacSha256 => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.reveal().as_bytes());
            capitals(hmac::sign(&key, text.as_bytes()).as_ref())
        }
    }
}

/// Fields as both wallets sign them: in the order of their names, without empty ones and without `sign`.
pub(super) fn joined<'a>(fields: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut fields: Vec<(&str, &str)> =
        fields.into_iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
    fields.sort_unstable();
    let parts: Vec<String> = fields.into_iter().map(|(name, value)| format!("{name}={value}")).collect();
    parts.join("&")
}

/// Whether two texts are the same, in a time that does not say where they differ.
pub(super) fn same(one: &str, other: &str) -> bool {
    let lengths = one.len() == other.len();
    lengths && one.bytes().zip(other.bytes()).fold(0, |differ, (one, other)| differ | (one ^ other)) == 0
}

fn capitals(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // A text is all that is written into, which never fails.
        let _ = write!(text, "{byte:02X}");
        text
    })
}

/// Why a key cannot be used. Says nothing of the key itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It is not base64 of a key.
    #[error("read {0}: it is no key in base64 or PEM")]
    NotAKey(&'static str),
    /// It is a key of another kind, or too short.
    #[error("read {0}: an RSA key of at least 2048 bits is needed")]
    NotRsa(&'static str),
}

/// An RSA key that signs.
pub struct PrivateKey(RsaKeyPair);

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PrivateKey(hidden)")
    }
}

impl PrivateKey {
    /// Reads a key in PKCS #8 or PKCS #1, base64 with or without the lines of PEM around it.
    ///
    /// # Errors
    /// It is none, or not of RSA.
    pub fn parse(text: &Secret) -> Result<Self, KeyError> {
        const WHAT: &str = "private key";
        let der = base64_of(text.reveal()).ok_or(KeyError::NotAKey(WHAT))?;
        RsaKeyPair::from_pkcs8(&der)
            .or_else(|_| RsaKeyPair::from_der(&der))
            .map(Self)
            .map_err(|_| KeyError::NotRsa(WHAT))
    }

    /// The signature of a text, SHA256 with RSA (PKCS #1 v1.5), in base64.
    ///
    /// # Panics
    /// The system has no randomness, which never happens once it runs.
    pub fn sign(&self, text: &[u8]) -> String {
        let mut signature = vec![0; self.0.public().modulus_len()];
        self.0
            .sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text, &mut signature)
            .expect("a whole key signs");
        STANDARD.encode(signature)
    }
}

/// An RSA key that checks signatures.
#[derive(Clone)]
pub struct PublicKey(Vec<u8>);

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({} bytes)", self.0.len())
    }
}

impl PublicKey {
    /// Reads a key as wallets give it (X.509 SubjectPublicKeyInfo), base64 with or without the lines of PEM around it.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        const WHAT: &str = "public key";
        let der = base64_of(text).ok_or(KeyError::NotAKey(WHAT))?;
        inner_key(&der).map(|key| Self(key.to_vec())).ok_or(KeyError::NotRsa(WHAT))
    }

    /// Whether a signature in base64 was made of this text with the other half of this key.
    pub fn verifies(&self, text: &[u8], signature: &str) -> bool {
        let algorithm: &'static dyn signature::VerificationAlgorithm = &RSA_PKCS1_2048_8192_SHA256;
        STANDARD
            .decode(signature.trim())
            .is_ok_and(|bytes| UnparsedPublicKey::new(algorithm, &self.0).verify(text, &bytes).is_ok())
    }
}

fn base64_of(text: &str) -> Option<Vec<u8>> {
    let body: String = text
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .flat_map(str::chars)
        .filter(|character| !character.is_whitespace())
        .collect();
    if body.is_empty() { None } else { STANDARD.decode(body).ok() }
}

/// The RSAPublicKey inside of a SubjectPublicKeyInfo: a sequence of the algorithm and a bit string.
fn inner_key(der: &[u8]) -> Option<&[u8]> {
    const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
    let (all, _) = element(der, 0x30)?;
    let (algorithm, rest) = element(all, 0x30)?;
    if !algorithm.starts_with(RSA) {
        return None;
    }
    let (bits, _) = element(rest, 0x03)?;
    // The first byte says how many bits are unused: none.
    bits.strip_prefix(&[0])
}

/// The content of one DER element of this tag, and what stands behind it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&[found, short], rest) = der.split_first_chunk::<2>()?;
    if found != tag {
        return None;
    }
    let (length, rest) = if short < 0x80 {
        (usize::from(short), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(short & 0x7f))?;
        if bytes.len() > 3 {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_wechat_documentation_comes_out() {
        let key = Secret::new("192006250b4c09247ec02edce69f6a2d");
        let fields = [
            ("appid", "wxd930ea5d5a258f4f"),
            ("mch_id", "10000100"),
            ("device_info", "1000"),
            ("body", "test"),
            ("nonce_str", "ibuaiVcKdpRxkhJA"),
            ("sign", "not part of it"),
            ("attach", ""),
        ];
        assert_eq!(wechat_sign(fields, &key, SignKind::Md5), "9A0A8659F005D6984697E2CA0A9CF3B7");
        assert_eq!(
            wechat_sign(fields, &key, SignKind::HmacSha256),
            "6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6"
        );
    }

    #[test]
    fn secrets_show_themselves_to_nobody() {
        let text = format!("{:?}", Secret::new("192006250b4c"));
        assert!(!text.contains("1920"), "{text}");
        let error = PrivateKey::parse(&Secret::new("MIIsecretMII")).expect_err("no key").to_string();
        assert!(!error.contains("secret"), "{error}");
    }

    #[test]
    fn no_rubbish_is_a_key() {
        for text in ["", "MII", "-----BEGIN KEY-----\n-----END KEY-----", "AAAA", "MIICXAIBAAKBgQ=="] {
            assert!(PrivateKey::parse(&Secret::new(text)).is_err(), "{text}");
            assert!(PublicKey::parse(text).is_err(), "{text}");
        }
        for der in [&[0x30][..], &[0x30, 0x84, 1, 1, 1, 1], &[0x30, 0x05, 0x30], &[0x30, 0x80]] {
            assert_eq!(inner_key(der), None);
        }
    }
}
