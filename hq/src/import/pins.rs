//! PINs become Argon2id hashes on the way in.

use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use protocol::pull::StaffMember;

use super::{ImportError, StaffSource};
use crate::store::{Kind, Reading};

/// Makes staff as lanes know them. A PIN that its stored hash fits keeps that
/// hash, so that importing the same again changes nothing.
pub(super) fn hash(reading: &Reading<'_>, staff: &[StaffSource]) -> Result<Vec<StaffMember>, ImportError> {
    staff.iter().map(|source| hash_one(reading, source)).collect()
}

fn hash_one(reading: &Reading<'_>, source: &StaffSource) -> Result<StaffMember, ImportError> {
    let stored = match reading.entity(Kind::Staff, &source.id)? {
        Some(body) => Some(serde_json::from_str::<StaffMember>(&body)?.pin_hash),
        None => None,
    };
    let pin_hash = match (&source.pin_hash, &source.pin) {
        (Some(hash), _) => hash.clone(),
        (None, Some(pin)) => match stored.filter(|stored| fits(pin, stored)) {
            Some(stored) => stored,
            None => {
                let hash = Argon2::default().hash_password(pin.as_bytes());
                hash.map_err(|error| ImportError::Pin(error.to_string()))?.to_string()
            }
        },
        // The checker asked for one of them.
        (None, None) => String::new(),
    };
    Ok(StaffMember {
        id: source.id.clone(),
        number: source.number.clone(),
        name: source.name.clone(),
        role: source.role.clone(),
        pin_hash,
    })
}

fn fits(pin: &str, stored: &str) -> bool {
    PasswordHash::new(stored)
        .is_ok_and(|hash| Argon2::default().verify_password(pin.as_bytes(), &hash).is_ok())
}

/// Whether a text is an Argon2id hash in PHC string form.
pub(super) fn is_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}
