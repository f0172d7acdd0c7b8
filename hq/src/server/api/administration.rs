//! Routes about lanes, for whoever enrols and watches them.

use axum::http::Method;
use protocol::chain::ChainHash;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::forms::{Changed, Millis, Page, PageQuery, page, page_limit};
use super::route::{Access, Call, Done, Nothing, Route, change, prepared_change, question};
use crate::access::Scope;
use crate::books::{self, LaneId};
use crate::enrolment::{self, CODE_LIFE_MS, ExchangeError, MakeCodeError};
use crate::secret;
use crate::server::Desk;
use crate::server::refusal::{Refusal, chain};
use crate::store::{Alarm, AlarmKind, ExceptionPlace, QuarantinedEvent, Reading, Writing};

/// The longest reason, in characters.
const REASON_LENGTH_MAX: usize = 128;

const LANES: (&str, Scope) = ("administration", Scope::LanesWrite);

impl From<MakeCodeError> for Refusal {
    fn from(error: MakeCodeError) -> Self {
        match error {
            MakeCodeError::Store(error) => error.into(),
            error @ MakeCodeError::UnknownStore(_) => Self::Unknown(error.to_string()),
            error @ MakeCodeError::Taken => Self::Conflict(error.to_string()),
            error @ MakeCodeError::LaneZero => Self::Unfit(error.to_string()),
            error @ MakeCodeError::Draw(_) => Self::Fault(chain(&error)),
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        question(
            "/v1/lanes",
            LANES,
            "Lists lanes, and how far each journal is filed and signed.",
            list_lanes,
        ),
        prepared_change(
            Method::POST,
            "/v1/stores/{store}/lanes/{lane}/code",
            ("administration", Access::Scope(Scope::LanesWrite)),
            ("lane.enrol", "Makes a one-time code that enrols a lane, good for a day; it is told once."),
            draw_code,
            make_code,
        ),
        change(
            Method::DELETE,
            "/v1/stores/{store}/lanes/{lane}/key",
            LANES,
            ("lane.revoke", "Makes the key of a stolen till void at once."),
            revoke,
        ),
        change(
            Method::POST,
            "/v1/stores/{store}/lanes/{lane}/write-off",
            LANES,
            (
                "lane.write_off",
                "Frees what a lost lane held of points, coupons, receipts and parked baskets; lane 0 is the store's relay.",
            ),
            write_off,
        ),
        question(
            "/v1/alarms",
            LANES,
            "Forks and wrong signatures, newest first, and then events in quarantine.",
            alarms,
        ),
        question(
            "/v1/exceptions",
            ("administration", Scope::SalesRead),
            "What stands and a person must look at: double uses, points overspent, too much returned.",
            exceptions,
        ),
    ]
}

/// An epoch of a lane's journal.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct LaneShown {
    store: String,
    lane: u32,
    epoch: u32,
    /// The last number filed; 0 before the first.
    acknowledged: u64,
    /// The last number that the lane's signature vouches for; 0 before the first.
    signed: u64,
    /// The key that it signs with, hexadecimal; empty where it does not sign.
    public_key: String,
}

fn list_lanes(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<LaneShown>, Refusal> {
    let limit = page_limit(query.limit)?;
    let place = query.after.as_deref().map(read_place::<(String, u32, u32)>).transpose()?;
    let (store, lane, epoch) = place.unwrap_or_default();
    let rows = reading.lane_epochs_after((&store, lane, epoch), limit + 1)?;
    let lanes = rows.into_iter().map(|row| LaneShown {
        store: row.store,
        lane: row.lane,
        epoch: row.epoch,
        acknowledged: row.acknowledged,
        signed: row.signed,
        public_key: row.public_key,
    });
    let place = |lane: &LaneShown| write_place(&(&lane.store, lane.lane, lane.epoch));
    Ok(page(lanes.collect(), limit, place))
}

/// A code that enrols a lane.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Code {
    /// For `sync-agent enrol`; it is told once.
    code: String,
    /// It is void from this instant on.
    until_ms: Millis,
}

/// Nothing more is needed.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewCode {}

/// A code that is no lane's yet.
struct Drawn(String);

fn draw_code(_: &Desk, _: &Call, _: NewCode) -> Result<Drawn, Refusal> {
    Ok(Drawn(secret::draw_code().map_err(MakeCodeError::from)?))
}

/// The lane that a path names.
fn lane_of(call: &Call) -> Result<(&str, u32), Refusal> {
    let text = call.param("lane");
    let lane = text.parse().map_err(|_| Refusal::Form(format!("the path: lane {text:?} is no number")))?;
    Ok((call.param("store"), lane))
}

fn make_code(writing: &Writing<'_>, call: &Call, Drawn(code): &Drawn) -> Result<Done<Code>, Refusal> {
    let (store, lane) = lane_of(call)?;
    enrolment::put_code(writing, code, store, lane, call.now_ms)?;
    let answer = Code { code: code.clone(), until_ms: call.now_ms + CODE_LIFE_MS };
    Ok(Done { is_secret: true, ..Done::new(answer, format!("{store}/{lane}")) })
}

fn revoke(writing: &Writing<'_>, call: &Call, _: &Nothing) -> Result<Done<Changed>, Refusal> {
    let (store, lane) = lane_of(call)?;
    match enrolment::revoke(writing, store, lane, call.now_ms) {
        Ok(true) => Ok(Done::new(Changed { changed: true }, format!("{store}/{lane}"))),
        Ok(false) => Err(Refusal::Unknown(format!("store {store:?} has no lane {lane} that was enrolled"))),
        Err(ExchangeError::Store(error)) => Err(error.into()),
        Err(error @ (ExchangeError::Refused(_) | ExchangeError::Draw(_))) => {
            Err(Refusal::Fault(chain(&error)))
        }
    }
}

/// Why a lane is written off.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Lost {
    /// A line for the audit trail.
    #[schemars(length(min = 1, max = 128))]
    reason: String,
}

fn write_off(writing: &Writing<'_>, call: &Call, lost: &Lost) -> Result<Done<Changed>, Refusal> {
    let (store, lane) = lane_of(call)?;
    let length = lost.reason.trim().chars().count();
    if !(1..=REASON_LENGTH_MAX).contains(&length) || lost.reason.chars().any(char::is_control) {
        let what = format!("the reason is one line of 1 to {REASON_LENGTH_MAX} characters");
        return Err(Refusal::Unfit(what));
    }
    if writing.lane(store, lane)?.is_none() {
        return Err(Refusal::Unknown(format!("store {store:?} has no lane {lane} that was enrolled")));
    }
    books::write_off(writing, &LaneId { store: store.to_owned(), lane }, call.now_ms)?;
    let done = Done::new(Changed { changed: true }, format!("{store}/{lane}"));
    Ok(done.with(json!({ "reason": lost.reason })))
}

/// Writes where a page ended as a text that stands in an address as it is.
fn write_place(place: &impl Serialize) -> String {
    let text = serde_json::to_string(place).expect("plain data serialises");
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

fn read_place<T: DeserializeOwned>(text: &str) -> Result<T, Refusal> {
    let digit = |digit: u8| (digit as char).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    // No text of ours has a zero byte, and no database takes one.
    let written =
        bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| !text.contains("\\u0000"));
    let place = written.and_then(|text| serde_json::from_str(&text).ok());
    place.ok_or_else(|| no_place(text))
}

fn no_place(text: &str) -> Refusal {
    Refusal::Form(format!("the query: after {text:?} is no next of a page"))
}

/// Something that is wrong with a journal.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct AlarmShown {
    /// fork, signature, unsigned or quarantine.
    kind: String,
    store: String,
    lane: u32,
    epoch: u32,
    seq: u64,
    /// When it was found; null for quarantine.
    found_at_ms: Option<Millis>,
    /// Why an event is in quarantine.
    reason: Option<String>,
}

/// Where a page of alarms ended.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum AlarmPlace {
    Alarm(Alarm),
    /// Without its reason.
    Quarantined(QuarantinedEvent),
}

/// A page of what is wrong with journals: what was found, the newest first, and then what is in quarantine, by journal.
fn alarms(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<AlarmShown>, Refusal> {
    let limit = page_limit(query.limit)?;
    let room = limit as usize;
    let place = query.after.as_deref().map(read_place::<AlarmPlace>).transpose()?;
    let can_be = |place: &AlarmPlace| match place {
        AlarmPlace::Alarm(last) => {
            i64::try_from(last.seq).is_ok() && ChainHash::parse(&last.hash_sent).is_ok()
        }
        AlarmPlace::Quarantined(last) => i64::try_from(last.seq).is_ok(),
    };
    if !place.as_ref().is_none_or(can_be) {
        return Err(no_place(query.after.as_deref().unwrap_or_default()));
    }
    let mut alarms = match &place {
        None => reading.alarms(limit + 1)?,
        Some(AlarmPlace::Alarm(last)) => reading.alarms_after(Some(last), limit + 1)?,
        Some(AlarmPlace::Quarantined(_)) => Vec::new(),
    };
    let last = match &place {
        Some(AlarmPlace::Quarantined(last)) => Some(last),
        None | Some(AlarmPlace::Alarm(_)) => None,
    };
    let more_alarms = alarms.len() > room;
    alarms.truncate(room);
    let left = limit - u32::try_from(alarms.len()).unwrap_or(limit);
    let mut aside = if more_alarms { Vec::new() } else { reading.quarantined_after(last, left + 1)? };
    let more_aside = aside.len() > left as usize;
    aside.truncate(left as usize);
    let next = if !(more_alarms || more_aside) {
        None
    } else {
        let alarm = || alarms.last().cloned().map(AlarmPlace::Alarm);
        let event = aside.last().map(|event| QuarantinedEvent { reason: String::new(), ..event.clone() });
        event.map(AlarmPlace::Quarantined).or_else(alarm).map(|place| write_place(&place))
    };
    let alarms = alarms.into_iter().map(|alarm| AlarmShown {
        kind: match alarm.kind {
            AlarmKind::Fork => "fork",
            AlarmKind::Signature => "signature",
            AlarmKind::Unsigned => "unsigned",
        }
        .to_owned(),
        store: alarm.store,
        lane: alarm.lane,
        epoch: alarm.epoch,
        seq: alarm.seq,
        found_at_ms: Some(alarm.found_at_ms),
        reason: None,
    });
    let quarantined = aside.into_iter().map(|event| AlarmShown {
        kind: "quarantine".to_owned(),
        store: event.store,
        lane: event.lane,
        epoch: event.epoch,
        seq: event.seq,
        found_at_ms: None,
        reason: Some(event.reason),
    });
    Ok(Page { items: alarms.chain(quarantined).collect(), next })
}

/// Something that stands and that a person must look at.
#[derive(Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct ExceptionShown {
    store: String,
    /// The document.
    source: String,
    /// The kind of the book: points, coupon, receipt.
    kind: String,
    /// A member's id, or a store.
    owner: String,
    part: String,
    /// What is wrong.
    what: Value,
    found_at_ms: Millis,
}

fn exceptions(reading: &Reading<'_>, _: &Call, query: PageQuery) -> Result<Page<ExceptionShown>, Refusal> {
    let limit = page_limit(query.limit)?;
    let place = query.after.as_deref().map(read_place::<ExceptionPlace>).transpose()?;
    let mut rows = reading.exceptions_after(place.as_ref(), limit + 1)?;
    let is_cut = rows.len() > limit as usize;
    rows.truncate(limit as usize);
    let next = ExceptionPlace::end_of(&rows, place.as_ref()).filter(|_| is_cut);
    let rows = rows.into_iter().map(|row| ExceptionShown {
        store: row.store,
        source: row.source,
        kind: row.kind.name().to_owned(),
        owner: row.owner,
        part: row.part,
        what: serde_json::from_str(&row.what).unwrap_or_else(|_| json!(row.what)),
        found_at_ms: row.found_at_ms,
    });
    Ok(Page { items: rows.collect(), next: next.as_ref().map(write_place) })
}
