//! One-time codes and lane keys.
//!
//! A code is shown once to the operator and kept as a hash; a lane exchanges
//! it for its identity and a key, of which HQ keeps the hash as well. When
//! the answer to the lane is lost the operator makes a new code.

use std::collections::HashMap;
use std::net::IpAddr;

use protocol::enrol::{EnrolRefusal, Enrolment, Invited, RELAY_LANE};
use protocol::head::PublicKey;
use protocol::pull;

use crate::audit::{self, By};
use crate::books::LaneId;
use crate::books::keeper::Keeper;
use crate::scan_go::keys;
use crate::secret::{self, DrawError, SecretHash};
use crate::store::{CodeRow, Kind, LaneRow, Reading, Store, StoreError, Writing};

/// How long a code can be used: a day, so that it can be made the evening
/// before the till is set up.
pub const CODE_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The wait after the first wrong code; each further one doubles it.
const WAIT_FIRST_MS: i64 = 1_000;

/// The longest wait after a wrong code.
const WAIT_MAX_MS: i64 = 5 * 60 * 1_000;

/// Addresses whose wrong codes are remembered at one time; beyond it the one
/// that waited longest is forgotten.
const GUESSERS_MAX: usize = 1_000;

/// The name of the setting that lets lanes enrol that bring no key to sign their journals with.
const UNSIGNED_SETTING: &str = "enrol.unsigned";

/// Whether a lane may be enrolled that brings no key to sign its journal with. What such a lane files, anybody could have
/// written who has its bearer key, so a chain has to say that it wants that.
pub fn takes_unsigned(reading: &Reading<'_>) -> Result<bool, StoreError> {
    Ok(reading.setting(UNSIGNED_SETTING)?.is_some_and(|body| body == "true"))
}

/// Says whether such lanes may be enrolled from now on. Those that are enrolled stay so.
pub fn set_takes_unsigned(writing: &Writing<'_>, allow: bool) -> Result<(), StoreError> {
    writing.put_setting(UNSIGNED_SETTING, if allow { "true" } else { "false" })
}

/// Why no code was made.
#[derive(Debug, thiserror::Error)]
pub enum MakeCodeError {
    /// The store was never imported.
    #[error("make an enrolment code: there is no store {0:?}; import it first")]
    UnknownStore(String),
    /// Lanes are counted from 1.
    #[error("make an enrolment code: lanes are numbered from 1")]
    LaneZero,
    /// Chance drew what another lane was given and has not used: no constraint crosses stores, so it is looked for.
    #[error("make an enrolment code: another lane has this one; make it again")]
    Taken,
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a code was not exchanged.
#[derive(Debug, thiserror::Error)]
pub enum ExchangeError {
    /// The lane is told why.
    #[error(transparent)]
    Refused(#[from] EnrolRefusal),
    /// No randomness.
    #[error(transparent)]
    Draw(#[from] DrawError),
    /// The database did not do it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Makes the code that enrols a lane, replacing an unused one. Give it to the
/// operator; it cannot be read again.
///
/// `now_ms`: milliseconds since 1970-01-01 UTC.
pub fn make_code(store: &Store, lane_store: &str, lane: u32, now_ms: i64) -> Result<String, MakeCodeError> {
    let code = secret::draw_code()?;
    register_code(store, &code, lane_store, lane, now_ms)?;
    Ok(code)
}

/// Makes a code that was drawn elsewhere the one that enrols a lane.
pub fn register_code(
    store: &Store,
    code: &str,
    lane_store: &str,
    lane: u32,
    now_ms: i64,
) -> Result<(), MakeCodeError> {
    store.write(|writing| put_code(writing, code, lane_store, lane, now_ms))
}

/// The same in the caller's transaction.
pub fn put_code(
    writing: &Writing<'_>,
    code: &str,
    lane_store: &str,
    lane: u32,
    now_ms: i64,
) -> Result<(), MakeCodeError> {
    if lane == RELAY_LANE {
        return Err(MakeCodeError::LaneZero);
    }
    put_code_of(writing, code, (lane_store, lane), now_ms)
}

/// Makes a code that was drawn elsewhere the one that enrols the relay of a store, in the caller's transaction.
pub fn put_relay_code(
    writing: &Writing<'_>,
    code: &str,
    store: &str,
    now_ms: i64,
) -> Result<(), MakeCodeError> {
    put_code_of(writing, code, (store, RELAY_LANE), now_ms)
}

fn put_code_of(
    writing: &Writing<'_>,
    code: &str,
    (lane_store, lane): (&str, u32),
    now_ms: i64,
) -> Result<(), MakeCodeError> {
    if writing.entity(Kind::Store, lane_store)?.is_none() {
        return Err(MakeCodeError::UnknownStore(lane_store.to_owned()));
    }
    let row = CodeRow {
        code_hash: SecretHash::of(&secret::normalise_code(code)),
        store: lane_store.to_owned(),
        lane,
        expires_at_ms: now_ms + CODE_LIFE_MS,
    };
    let other = writing.code(&row.code_hash, now_ms)?;
    if other.is_some_and(|other| (&other.store, other.lane) != (&row.store, row.lane)) {
        return Err(MakeCodeError::Taken);
    }
    Ok(writing.put_code(&row, now_ms)?)
}

/// Says what a code is for, and spends nothing: whoever sets a till up looks
/// whether it is this one. Only who has the code is told.
pub fn look(store: &Store, typed: &str, now_ms: i64) -> Result<Invited, ExchangeError> {
    let code_hash = SecretHash::of(&secret::normalise_code(typed));
    let found = store.read::<_, StoreError>(|reading| {
        let Some(code) = reading.code(&code_hash, now_ms)? else { return Ok(None) };
        let body = reading.entity(Kind::Store, &code.store)?;
        let enrolled = reading.lane(&code.store, code.lane)?;
        Ok(Some((code, body, enrolled)))
    })?;
    let Some((code, body, enrolled)) = found else { return Err(EnrolRefusal::Code.into()) };
    // Without a name the code of the store has to do.
    let named = body.and_then(|body| serde_json::from_str::<pull::Store>(&body).ok());
    let (name_zh, name_en) = named.map(|named| (named.name_zh, named.name_en)).unwrap_or_default();
    let enrolled_at_ms = enrolled.map(|row| row.enrolled_at_ms);
    Ok(Invited { store: code.store, name_zh, name_en, lane: code.lane, enrolled_at_ms, now_ms })
}

/// Exchanges a code for the lane's identity and a fresh key. An earlier key
/// of the lane is void from then on. `public_key` is what the lane will sign
/// its journal with, where it signs. `from` is the address that asks: who has the key from now on is in the audit trail, or
/// nobody has it.
///
/// The epoch is one beyond every earlier one, whether HQ has events of that or
/// not: a lane may have given numbers away that HQ never heard of. For the same reason what it was lent or let claim
/// stays apart until it ends ([`Keeper::leave_behind`]).
pub fn exchange(
    store: &Store,
    typed: &str,
    public_key: Option<&PublicKey>,
    from: &str,
    now_ms: i64,
) -> Result<Enrolment, ExchangeError> {
    exchange_as(store, typed, (secret::draw_key()?, public_key), Some(from), (false, now_ms))
}

/// The same with a key that was drawn elsewhere, where everything comes from a
/// seed; no row of the trail is drawn.
pub fn exchange_for(
    store: &Store,
    typed: &str,
    key: String,
    public_key: Option<&PublicKey>,
    now_ms: i64,
) -> Result<Enrolment, ExchangeError> {
    exchange_as(store, typed, (key, public_key), None, (false, now_ms))
}

/// Exchanges a code that was made for the relay of a store. An earlier relay of the store is void from then on;
/// `public_key` is what this one will sign baskets with.
pub fn exchange_relay(
    store: &Store,
    typed: &str,
    public_key: &PublicKey,
    from: &str,
    now_ms: i64,
) -> Result<Enrolment, ExchangeError> {
    exchange_as(store, typed, (secret::draw_key()?, Some(public_key)), Some(from), (true, now_ms))
}

fn exchange_as(
    store: &Store,
    typed: &str,
    (key, public_key): (String, Option<&PublicKey>),
    from: Option<&str>,
    (is_relay, now_ms): (bool, i64),
) -> Result<Enrolment, ExchangeError> {
    let code_hash = SecretHash::of(&secret::normalise_code(typed));
    store.write(|writing| {
        let code = writing.take_code(&code_hash)?.filter(|code| now_ms < code.expires_at_ms);
        let code = code.filter(|code| (code.lane == RELAY_LANE) == is_relay);
        let Some(code) = code else {
            return Err(EnrolRefusal::Code.into());
        };
        let enrolled = writing.lane(&code.store, code.lane)?.map_or(0, |row| row.epoch);
        if enrolled > 0 && !is_relay {
            let lane = LaneId { store: code.store.clone(), lane: code.lane };
            let source = format!("{}/{}/enrol", lane.store, lane.lane);
            Keeper::new(writing, now_ms)?.leave_behind(&lane, &source)?;
        }
        let epoch = enrolled.max(writing.newest_epoch_filed(&code.store, code.lane)?) + 1;
        let row = LaneRow {
            store: code.store.clone(),
            lane: code.lane,
            key_hash: SecretHash::of(&key),
            epoch,
            enrolled_at_ms: now_ms,
        };
        writing.put_lane(&row)?;
        if let Some(public_key) = public_key {
            writing.add_public_key(&row, public_key)?;
            if is_relay {
                keys::tell_of_relay(writing, &row, public_key)?;
            } else {
                keys::tell_of_lane(writing, &row, public_key)?;
            }
        } else {
            keys::enrolled_anew(writing, &row)?;
        }
        if let Some(from) = from {
            let lane = format!("{}/{}", code.store, code.lane);
            let by = By { who: format!("lane {lane}"), origin: from.to_owned() };
            let detail = serde_json::json!({ "epoch": epoch });
            audit::note(writing, &by, "lane.enrolled", &lane, &detail, now_ms)?;
        }
        Ok(Enrolment { store: code.store, lane: code.lane, epoch, key: key.clone() })
    })
}

/// Makes the key of a lane void, of one that was stolen: it files nothing and
/// reads nothing from then on, and its exit codes are taken nowhere, until
/// somebody enrols it with a new code. What it had filed stays. `false` where there is no such lane.
/// Of the relay of a store, which is [`RELAY_LANE`], no baskets are taken any more.
pub fn revoke(
    writing: &Writing<'_>,
    lane_store: &str,
    lane: u32,
    now_ms: i64,
) -> Result<bool, ExchangeError> {
    // A key that nobody was given stands in the place of the one before.
    let nobodys = SecretHash::of(&secret::draw_key()?);
    let Some(row) = writing.lane(lane_store, lane)? else { return Ok(false) };
    writing.put_lane(&LaneRow { key_hash: nobodys, ..row })?;
    writing.void_code(lane_store, lane)?;
    if lane == RELAY_LANE {
        keys::end_of_relay(writing, lane_store, now_ms)?;
        return Ok(true);
    }
    // Also of one that nobody was told of yet.
    keys::tell(writing)?;
    keys::end_of_lane(writing, lane_store, lane, now_ms)?;
    Ok(true)
}

/// Finds the lane that a key belongs to.
pub fn lane_of_key(store: &Store, key: &str) -> Result<Option<LaneRow>, StoreError> {
    let hash = SecretHash::of(key);
    let lane = store.read(|reading| reading.lane_of_key(&hash))?;
    Ok(lane.filter(|lane| lane.key_hash == hash))
}

/// Makes guessing slow: whoever sends wrong codes waits, longer each time.
#[derive(Debug, Default)]
pub struct GuessBrake {
    guessers: HashMap<IpAddr, Guesser>,
}

#[derive(Debug, Clone, Copy)]
struct Guesser {
    wrong: u32,
    until_ms: i64,
}

impl GuessBrake {
    /// Refuses an address that has to wait still.
    pub fn admit(&self, address: IpAddr, now_ms: i64) -> Result<(), EnrolRefusal> {
        match self.guessers.get(&address) {
            Some(guesser) if now_ms < guesser.until_ms => {
                let seconds = (guesser.until_ms - now_ms + 999) / 1_000;
                Err(EnrolRefusal::Wait { seconds: u32::try_from(seconds).unwrap_or(u32::MAX) })
            }
            Some(_) | None => Ok(()),
        }
    }

    /// Notes a wrong code.
    pub fn note_wrong(&mut self, address: IpAddr, now_ms: i64) {
        if self.guessers.len() >= GUESSERS_MAX && !self.guessers.contains_key(&address) {
            let oldest = self.guessers.iter().min_by_key(|(_, guesser)| guesser.until_ms);
            if let Some(oldest) = oldest.map(|(address, _)| *address) {
                self.guessers.remove(&oldest);
            }
        }
        let guesser = self.guessers.entry(address).or_insert(Guesser { wrong: 0, until_ms: now_ms });
        let doublings = guesser.wrong.min(20);
        guesser.wrong = guesser.wrong.saturating_add(1);
        guesser.until_ms = now_ms + (WAIT_FIRST_MS << doublings).min(WAIT_MAX_MS);
    }

    /// Forgets the wrong codes of an address that has had a right one.
    pub fn note_right(&mut self, address: IpAddr) {
        self.guessers.remove(&address);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESS: IpAddr = IpAddr::V4(std::net::Ipv4Addr::LOCALHOST);

    #[test]
    fn each_wrong_code_doubles_the_wait() {
        let mut brake = GuessBrake::default();
        let mut now_ms = 0;
        for seconds in [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
            assert_eq!(brake.admit(ADDRESS, now_ms), Ok(()));
            brake.note_wrong(ADDRESS, now_ms);
            assert_eq!(brake.admit(ADDRESS, now_ms), Err(EnrolRefusal::Wait { seconds }));
            now_ms += i64::from(seconds) * 1_000;
        }
        brake.note_right(ADDRESS);
        brake.note_wrong(ADDRESS, now_ms);
        assert_eq!(brake.admit(ADDRESS, now_ms), Err(EnrolRefusal::Wait { seconds: 1 }));
    }

    #[test]
    fn the_brake_remembers_a_bounded_number_of_addresses() {
        let mut brake = GuessBrake::default();
        for number in 0..5_000u32 {
            brake.note_wrong(IpAddr::V4(number.into()), i64::from(number));
        }
        assert_eq!(brake.guessers.len(), GUESSERS_MAX);
    }
}
