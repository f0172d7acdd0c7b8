//! Routes about lanes, for whoever enrols and watches them.

use axum::http::Method;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::forms::{Changed, Millis, Page};
use super::route::{Access, Call, Done, Nothing, Route, change, prepared_change, question};
use crate::access::Scope;
use crate::enrolment::{self, CODE_LIFE_MS, ExchangeError, MakeCodeError};
use crate::secret;
use crate::server::Desk;
use crate::server::refusal::{Refusal, chain};
use crate::store::{AlarmKind, Reading, Writing};

const LANES: (&str, Scope) = ("administration", Scope::LanesWrite);

/// Rows of alarms and exceptions of one answer.
const ROWS_MAX: u32 = 1_000;

impl From<MakeCodeError> for Refusal {
    fn from(error: MakeCodeError) -> Self {
        match error {
            MakeCodeError::Store(error) => error.into(),
            error @ MakeCodeError::UnknownStore(_) => Self::Unknown(error.to_string()),
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
        question(
            "/v1/alarms",
            LANES,
            "Forks, wrong signatures and events in quarantine, newest first.",
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

fn list_lanes(reading: &Reading<'_>, _: &Call, _: Nothing) -> Result<Page<LaneShown>, Refusal> {
    let lanes = reading.lane_epochs()?.into_iter().map(|row| LaneShown {
        store: row.store,
        lane: row.lane,
        epoch: row.epoch,
        acknowledged: row.acknowledged,
        signed: row.signed,
        public_key: row.public_key,
    });
    Ok(Page { items: lanes.collect(), next: None })
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

fn alarms(reading: &Reading<'_>, _: &Call, _: Nothing) -> Result<Page<AlarmShown>, Refusal> {
    let alarms = reading.alarms(ROWS_MAX)?.into_iter().map(|alarm| AlarmShown {
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
    let quarantined = reading.quarantined(ROWS_MAX)?.into_iter().map(|event| AlarmShown {
        kind: "quarantine".to_owned(),
        store: event.store,
        lane: event.lane,
        epoch: event.epoch,
        seq: event.seq,
        found_at_ms: None,
        reason: Some(event.reason),
    });
    Ok(Page { items: alarms.chain(quarantined).collect(), next: None })
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

fn exceptions(reading: &Reading<'_>, _: &Call, _: Nothing) -> Result<Page<ExceptionShown>, Refusal> {
    let rows = reading.exceptions(ROWS_MAX)?.into_iter().map(|row| ExceptionShown {
        store: row.store,
        source: row.source,
        kind: row.kind.name().to_owned(),
        owner: row.owner,
        part: row.part,
        what: serde_json::from_str(&row.what).unwrap_or_else(|_| json!(row.what)),
        found_at_ms: row.found_at_ms,
    });
    Ok(Page { items: rows.collect(), next: None })
}
