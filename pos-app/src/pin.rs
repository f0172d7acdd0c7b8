//! Whether a PIN is somebody's. A PIN is never kept, shown or logged.

use argon2::{Argon2, PasswordHash, PasswordVerifier};

/// The most digits of a PIN.
pub const PIN_DIGITS_MAX: usize = 12;

/// Compares a PIN with an Argon2id hash in PHC string form. A hash that
/// cannot be read is nobody's.
pub fn matches(pin: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}
