//! With what links and baskets are signed: Ed25519 keys that the database keeps, since any number of HQ processes sign.
//! A till is told the public ones, and those of its store's lanes, by [`tell`].

use protocol::enrol::RELAY_LANE;
use protocol::head::{HeadError, PublicKey, SigningKey};
use protocol::pull::{CodeKey, CodeSigner, RELAY_KEYS};
use protocol::scan_go::{CLOCK_AHEAD_MAX_MS, LASTS_MAX_MS};

use super::BASKET_LASTS_MS;
use crate::store::{Kind, LaneRow, Reading, ScanGoKeyRow, StoreError, Writing};

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The database did not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// None can be drawn, or the stored one is none.
    #[error(transparent)]
    Key(#[from] HeadError),
}

/// The key that signs now.
///
/// # Errors
/// The database did not answer, or the stored key is none.
pub fn signing(reading: &Reading<'_>) -> Result<Option<SigningKey>, KeyError> {
    let newest = reading.scan_go_keys()?.into_iter().next();
    Ok(newest.map(|row| SigningKey::parse(&row.secret)).transpose()?)
}

/// The public keys of all that were drawn, the newest first.
///
/// # Errors
/// The database did not answer.
pub fn public(reading: &Reading<'_>) -> Result<Vec<PublicKey>, StoreError> {
    Ok(reading.scan_go_keys()?.into_iter().map(|row| PublicKey::from_bytes(row.public_key)).collect())
}

/// The key that signs now; draws one where there is none yet.
///
/// # Errors
/// The database did not answer, or the system gives no randomness.
pub fn make(writing: &Writing<'_>, now_ms: i64) -> Result<SigningKey, KeyError> {
    if let Some(key) = signing(writing)? {
        return Ok(key);
    }
    draw(writing, now_ms)
}

/// Draws a key that signs from now on. What those before signed holds on.
///
/// # Errors
/// The database did not answer, or the system gives no randomness.
pub fn draw(writing: &Writing<'_>, now_ms: i64) -> Result<SigningKey, KeyError> {
    let (key, secret) = SigningKey::draw()?;
    let public_key = *key.public().as_bytes();
    writing.put_scan_go_key(&ScanGoKeyRow { public_key, secret, made_ms: now_ms })?;
    tell_own(writing)?;
    Ok(key)
}

/// How long baskets of a key are taken after another took its place, milliseconds: as long as they hold.
const LAST_BASKETS_MS: i64 = BASKET_LASTS_MS + CLOCK_AHEAD_MAX_MS;

/// How long exit codes of a lane are taken after it was enrolled anew, milliseconds: as long as they may hold.
const LAST_EXITS_MS: i64 = LASTS_MAX_MS + CLOCK_AHEAD_MAX_MS;

/// Makes what lanes are told of keys what the tables have: for a database in which keys were made by a program that
/// told nobody, and again and again, since nothing happens where it is so.
///
/// # Errors
/// The database did not answer.
pub fn tell(writing: &Writing<'_>) -> Result<(), StoreError> {
    tell_own(writing)?;
    for (store, key) in writing.lane_keys_untold()? {
        put_of_store(writing, &store, &key)?;
    }
    Ok(())
}

/// Tells lanes of HQ's keys. Links are checked by HQ alone, so for lanes a key that is not the newest is over soon.
fn tell_own(writing: &Writing<'_>) -> Result<(), StoreError> {
    let mut next_ms = None;
    for row in writing.scan_go_keys()? {
        let key = CodeKey {
            signs: CodeSigner::Baskets,
            public_key: PublicKey::from_bytes(row.public_key).to_string(),
            from_ms: row.made_ms,
            until_ms: next_ms.map(|next_ms: i64| next_ms.saturating_add(LAST_BASKETS_MS)),
            relay: false,
        };
        writing.put_entity(Kind::CodeKey, &key.key(), &written(&key))?;
        next_ms = Some(row.made_ms);
    }
    Ok(())
}

/// Tells a store's lanes the key of one of them, which was enrolled now; what its keys of before signed is taken as long
/// as it may hold.
///
/// # Errors
/// The database did not answer.
pub fn tell_of_lane(writing: &Writing<'_>, lane: &LaneRow, key: &PublicKey) -> Result<(), StoreError> {
    enrolled_anew(writing, lane)?;
    let key = CodeKey {
        signs: CodeSigner::Exits { lane: lane.lane, epoch: lane.epoch },
        public_key: key.to_string(),
        from_ms: lane.enrolled_at_ms,
        until_ms: None,
        relay: false,
    };
    put_of_store(writing, &lane.store, &key)
}

/// Tells a store's lanes the key of its relay, which was enrolled now; baskets that the one before signed are taken as
/// long as they hold. No other store's lanes hear of it.
///
/// # Errors
/// The database did not answer, or what it has is no key.
pub fn tell_of_relay(writing: &Writing<'_>, relay: &LaneRow, key: &PublicKey) -> Result<(), StoreError> {
    end_of_relay(writing, &relay.store, relay.enrolled_at_ms.saturating_add(LAST_BASKETS_MS))?;
    let key = CodeKey {
        signs: CodeSigner::Baskets,
        public_key: key.to_string(),
        from_ms: relay.enrolled_at_ms,
        until_ms: None,
        relay: true,
    };
    put_of_store(writing, &relay.store, &key)
}

/// From an instant on, milliseconds UTC, no basket is taken that a store's relay signed with a key that it has by now.
///
/// # Errors
/// The database did not answer, or what it has is no key.
pub fn end_of_relay(writing: &Writing<'_>, store: &str, until_ms: i64) -> Result<(), StoreError> {
    end(writing, store, RELAY_KEYS, until_ms)?;
    // A program of before that worked on the same database may have taken it for a lane's.
    end(writing, store, &format!("lane/{RELAY_LANE}/"), until_ms)
}

/// What a lane's keys of before its enrolment signed is taken as long as it may hold.
///
/// # Errors
/// The database did not answer.
pub fn enrolled_anew(writing: &Writing<'_>, lane: &LaneRow) -> Result<(), StoreError> {
    end_of_lane(writing, &lane.store, lane.lane, lane.enrolled_at_ms.saturating_add(LAST_EXITS_MS))
}

/// From an instant on, milliseconds UTC, nothing that a lane signed until now lets anybody leave.
///
/// # Errors
/// The database did not answer, or what it has is no key.
pub fn end_of_lane(writing: &Writing<'_>, store: &str, lane: u32, until_ms: i64) -> Result<(), StoreError> {
    end(writing, store, &format!("lane/{lane}/"), until_ms)
}

/// Ends those of a store's keys that are known by a name with this beginning.
fn end(writing: &Writing<'_>, store: &str, begin: &str, until_ms: i64) -> Result<(), StoreError> {
    for (_, body) in writing.code_keys(store, begin)? {
        let key: CodeKey = serde_json::from_str(&body)
            .map_err(|error| StoreError::Row { table: "entity", reason: error.to_string() })?;
        let until_ms = key.until_ms.map_or(until_ms, |known| known.min(until_ms));
        put_of_store(writing, store, &CodeKey { until_ms: Some(until_ms), ..key })?;
    }
    Ok(())
}

fn put_of_store(writing: &Writing<'_>, store: &str, key: &CodeKey) -> Result<(), StoreError> {
    writing.put_of_store(Kind::CodeKey, store, &key.key(), &written(key)).map(drop)
}

fn written(key: &CodeKey) -> String {
    serde_json::to_string(key).expect("plain data serialises")
}
