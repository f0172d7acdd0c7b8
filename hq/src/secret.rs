//! Random keys and codes, and their hashes. Nothing here is ever logged.

use sha2::{Digest, Sha256};

/// Characters of a one-time code: no `0 O 1 I L`, which people misread.
const CODE_ALPHABET: &[u8; 31] = b"23456789ABCDEFGHJKMNPQRSTUVWXYZ";

/// Characters of a one-time code: 59 bits, in groups of four.
const CODE_LENGTH: usize = 12;

/// Characters of a password that is drawn: 99 bits.
const PASSWORD_LENGTH: usize = 20;

/// The system has no randomness to give.
#[derive(Debug, thiserror::Error)]
#[error("draw random bytes")]
pub struct DrawError(#[from] getrandom::Error);

/// The SHA-256 of a secret, which is what HQ keeps of it.
#[derive(Debug, Clone, Copy, Eq)]
pub struct SecretHash([u8; 32]);

impl SecretHash {
    /// Hashes a key or a normalised code.
    pub fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    /// Takes the bytes as they are stored.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes as they are stored.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl PartialEq for SecretHash {
    /// Takes the same time wherever the first difference is.
    fn eq(&self, other: &Self) -> bool {
        let mut difference = 0u8;
        for (mine, theirs) in self.0.iter().zip(other.0.iter()) {
            difference = std::hint::black_box(difference | (mine ^ theirs));
        }
        difference == 0
    }
}

/// Draws a 256-bit key, as 64 hexadecimal digits.
pub fn draw_key() -> Result<String, DrawError> {
    let mut bytes = [0u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Draws 128 bits that tell two things apart, as 32 hexadecimal digits.
pub fn draw_id() -> Result<String, DrawError> {
    let mut bytes = [0u8; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Draws a one-time code such as `7KQM-2HXD-9TRB`.
pub fn draw_code() -> Result<String, DrawError> {
    draw_groups(CODE_LENGTH)
}

/// Draws a password such as `7KQM-2HXD-9TRB-QQ5C-W8XA`.
pub fn draw_password() -> Result<String, DrawError> {
    draw_groups(PASSWORD_LENGTH)
}

/// Draws so many characters, in groups of four.
fn draw_groups(length: usize) -> Result<String, DrawError> {
    // The largest multiple of the alphabet below 256: bytes from it on are
    // drawn again, so that every character is equally likely.
    const FAIR: u8 = (256 / CODE_ALPHABET.len() * CODE_ALPHABET.len()) as u8;
    let mut code = String::new();
    let mut drawn = 0;
    while drawn < length {
        let mut byte = [0u8; 1];
        getrandom::fill(&mut byte)?;
        if byte[0] >= FAIR {
            continue;
        }
        if drawn > 0 && drawn % 4 == 0 {
            code.push('-');
        }
        code.push(char::from(CODE_ALPHABET[usize::from(byte[0]) % CODE_ALPHABET.len()]));
        drawn += 1;
    }
    Ok(code)
}

/// Brings a typed code into the form that is hashed: dashes, spaces and case
/// do not matter.
pub fn normalise_code(typed: &str) -> String {
    typed
        .chars()
        .filter(|character| character.is_ascii_alphanumeric())
        .take(CODE_LENGTH * 2)
        .map(|character| character.to_ascii_uppercase())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_reads_the_same_however_it_is_typed() {
        let code = draw_code().expect("randomness");
        assert_eq!(code.len(), 14);
        let typed = format!(" {} ", code.to_lowercase().replace('-', " "));
        assert_eq!(normalise_code(&typed), normalise_code(&code));
        assert_ne!(draw_code().expect("randomness"), code);
    }

    #[test]
    fn hashes_are_equal_only_for_equal_secrets() {
        assert!(SecretHash::of("a") == SecretHash::of("a"));
        assert!(SecretHash::of("a") != SecretHash::of("b"));
    }
}
