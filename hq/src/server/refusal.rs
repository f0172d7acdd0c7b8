//! What a request that is not served gets as answer: problem details (RFC
//! 9457), with what a lane acts on beside them.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::enrol::EnrolRefusal;
use protocol::problem::{CONTENT_TYPE, Problem};
use protocol::push::PushRefusal;
use serde::Serialize;
use tracing::{error, warn};

use super::metrics::Reason;
use crate::command::CommandError;
use crate::enrolment::ExchangeError;
use crate::feed::FeedError;
use crate::import::{ImportError, Problems};
use crate::intake::IntakeError;
use crate::store::StoreError;

/// Seconds until a sender who came beyond a bound tries again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Seconds until a sender tries again while the database is away.
const AWAY_SECONDS: u32 = 5;

/// Why a request is not served.
#[derive(Debug)]
pub(crate) enum Refusal {
    /// No key, or one that does not open this.
    Unauthorised,
    /// The key is good, and not for this.
    Forbidden(&'static str),
    /// Name or password is wrong.
    SignIn,
    /// Too many wrong passwords; seconds to wait.
    LockedOut(u32),
    /// Too many requests of one caller; seconds to wait.
    TooMany(u32),
    /// Too much at one time.
    Busy,
    /// The request is not of its form.
    Form(String),
    /// There is no such route.
    NoRoute,
    /// The route is there, for other methods.
    Method,
    /// There is no such thing.
    Unknown(String),
    /// What is there stands against it.
    Conflict(String),
    /// It is understood, and cannot be.
    Unfit(String),
    /// A change without its idempotency key.
    KeyMissing,
    /// A key that came with something else before.
    KeyReused,
    /// What was done under this key cannot be said again.
    SaidOnce,
    /// The body is of a form that is not taken here.
    MediaType(&'static str),
    /// The body has more bytes than it may have.
    TooLarge(usize),
    /// The body came too slowly.
    TooSlow,
    /// The answer was not there in time; it may be done all the same.
    Overdue,
    /// Rows that cannot be imported.
    Rows(Box<Problems>),
    /// Of a push.
    Push(PushRefusal),
    /// Of an enrolment.
    Enrol(EnrolRefusal),
    /// Of a command, with all its reasons.
    Command(String),
    /// The database is away; what was asked may do later.
    Away(String),
    /// A relay does not reach HQ.
    OutOfReach,
    /// A relay does not reach HQ, and does not know the key that came.
    Stranger,
    /// HQ's own fault; logged where it is answered.
    Fault(String),
}

/// A kind of problem: its name, status, title and explanation.
pub(crate) struct Kind {
    pub name: &'static str,
    pub status: StatusCode,
    pub title: &'static str,
    /// What whoever calls does about it.
    pub advice: &'static str,
}

macro_rules! kinds {
    ($($constant:ident = $status:ident, $name:literal, $title:literal, $advice:literal;)*) => {
        $(const $constant: Kind =
            Kind { name: $name, status: StatusCode::$status, title: $title, advice: $advice };)*
        /// Every kind of problem that an answer may name.
        pub(crate) const KINDS: &[Kind] = &[$($constant),*];
    };
}

kinds! {
    UNAUTHORISED = UNAUTHORIZED, "unauthorised", "No key that HQ knows",
        "Send Authorization: Bearer with a key or a session that is not expired or revoked.";
    FORBIDDEN = FORBIDDEN, "forbidden", "The key is not for this",
        "Ask an owner for a key with the scope that is named.";
    SIGN_IN = UNAUTHORIZED, "sign-in", "Name or password is wrong",
        "Try again; after five wrong passwords the name is locked for a while.";
    LOCKED_OUT = TOO_MANY_REQUESTS, "locked-out", "Too many wrong passwords",
        "Wait as Retry-After says.";
    TOO_MANY = TOO_MANY_REQUESTS, "too-many-requests", "Too many requests of one caller",
        "Wait as Retry-After says, and send fewer at a time.";
    BUSY = TOO_MANY_REQUESTS, "busy", "HQ has too much to do",
        "Send the same again, as Retry-After says.";
    FORM = BAD_REQUEST, "form", "The request is not of its form",
        "Correct what is named; the form stands in /openapi.json.";
    NO_ROUTE = NOT_FOUND, "no-route", "There is no such route",
        "The routes stand in /openapi.json.";
    METHOD = METHOD_NOT_ALLOWED, "method", "The route does not take this method",
        "The methods stand in the Allow header and in /openapi.json.";
    UNKNOWN = NOT_FOUND, "unknown", "There is no such thing",
        "Correct what is named, or make it first.";
    CONFLICT = CONFLICT, "conflict", "What is there stands against it",
        "Read how it stands now, and decide.";
    UNFIT = UNPROCESSABLE_ENTITY, "unfit", "Understood, and it cannot be",
        "Correct what is named. Nothing was changed.";
    KEY_MISSING = BAD_REQUEST, "idempotency-key-missing", "A change needs an Idempotency-Key",
        "Draw a key of 8 to 128 characters for each change, and send the same one when you send it again.";
    KEY_REUSED = UNPROCESSABLE_ENTITY, "idempotency-key-reused", "The Idempotency-Key came with another change",
        "Draw a new key for a new change.";
    SAID_ONCE = CONFLICT, "said-once", "It was done, and its answer is told once",
        "The answer had a secret. Revoke what was made and make another.";
    MEDIA_TYPE = UNSUPPORTED_MEDIA_TYPE, "media-type", "The body is of another form than is taken",
        "Send the content type that is named.";
    TOO_LARGE = PAYLOAD_TOO_LARGE, "too-large", "The body is too large",
        "Send less at a time.";
    TOO_SLOW = REQUEST_TIMEOUT, "too-slow", "The body came too slowly",
        "Send it again over a better line, or in parts.";
    OVERDUE = SERVICE_UNAVAILABLE, "overdue", "The answer was not there in time",
        "It may be done or not: send it again with the same Idempotency-Key.";
    ROWS = UNPROCESSABLE_ENTITY, "rows", "Some rows cannot be imported",
        "Correct the rows that are named and import again. Nothing was changed.";
    PUSH = CONFLICT, "batch", "The batch is not filed",
        "For a lane's agent: protocol::push says what to do.";
    ENROL = FORBIDDEN, "enrolment", "The lane is not enrolled",
        "Make a new code with hq enrol.";
    COMMAND = UNPROCESSABLE_ENTITY, "command", "The command was not done",
        "Do what the detail says. Nothing was changed.";
    AWAY = SERVICE_UNAVAILABLE, "database-away", "The database is away",
        "Send the same again, as Retry-After says.";
    OUT_OF_REACH = SERVICE_UNAVAILABLE, "out-of-reach", "The store's relay does not reach HQ",
        "Send the same again, as Retry-After says; what the lane has is safe on its own disk.";
    FAULT = INTERNAL_SERVER_ERROR, "fault", "HQ could not",
        "Nothing was changed. The reason stands in HQ's log.";
}

/// An error and everything that it came from, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        if error.is_passing() {
            return Self::Away(chain(&error));
        }
        if error.is_of_data() {
            warn!(%error, "the tables do not take what was sent");
            return Self::Unfit(
                "the database does not take it: a text has a zero byte, or is too long".into(),
            );
        }
        Self::Fault(chain(&error))
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Fault(chain(&error))
    }
}

/// A stored row that cannot be read.
impl From<serde_json::Error> for Refusal {
    fn from(error: serde_json::Error) -> Self {
        Self::Fault(format!("read a stored row: {error}"))
    }
}

impl From<FeedError> for Refusal {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Store(error) => error.into(),
            error @ (FeedError::Write(_) | FeedError::TooLarge { .. }) => Self::Fault(chain(&error)),
        }
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Refused(refusal) => Self::Push(refusal),
            IntakeError::TooLarge => Self::TooLarge(protocol::push::BATCH_BYTES_MAX),
            IntakeError::Store(error) => error.into(),
        }
    }
}

impl From<ExchangeError> for Refusal {
    fn from(error: ExchangeError) -> Self {
        match error {
            ExchangeError::Refused(refusal) => Self::Enrol(refusal),
            ExchangeError::Draw(error) => Self::Fault(chain(&error)),
            ExchangeError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for Refusal {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Store(error) => error.into(),
            ImportError::Problems(problems) => Self::Rows(Box::new(problems)),
            // Where the body lay while it was read is nobody's business.
            ImportError::Json { source, .. } => Self::Form(format!("the body: {source}")),
            ImportError::Nothing(_) => Self::Form("the body: there is nothing to import".to_owned()),
            error @ (ImportError::Read { .. } | ImportError::Pin(_) | ImportError::Stored(_)) => {
                Self::Fault(chain(&error))
            }
        }
    }
}

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        match error {
            CommandError::Store(error) if error.is_passing() => error.into(),
            error @ (CommandError::Import(_)
            | CommandError::Price(_)
            | CommandError::Enrol(_)
            | CommandError::Revoke(_)
            | CommandError::UnknownLane { .. }
            | CommandError::NoCount { .. }
            | CommandError::ValueReason
            | CommandError::ValueNotMoved(_)
            | CommandError::UnknownStore(_)
            | CommandError::NoStore(_)
            | CommandError::Transfer(_)
            | CommandError::LinkDays(_)
            | CommandError::ScanGoKey(_)
            | CommandError::Interventions(_)
            | CommandError::Access(_)
            | CommandError::Stored(_)
            | CommandError::Standing(_)
            | CommandError::PointsTerms(_)
            | CommandError::Store(_)) => Self::Command(chain(&error)),
        }
    }
}

fn answer(kind: &Kind, status: StatusCode, detail: String, more: &impl Serialize) -> Response {
    let problem = Problem {
        kind: format!("/problems/{}", kind.name),
        title: kind.title.to_owned(),
        status: status.as_u16(),
        detail,
        more: serde_json::Map::new(),
    };
    let body = serde_json::to_vec(&problem.with(more)).expect("plain data serialises");
    let content = [(header::CONTENT_TYPE, CONTENT_TYPE), (header::CACHE_CONTROL, "no-store")];
    (status, content, body).into_response()
}

fn retry_after(mut response: Response, seconds: u32) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

fn malformed(reason: &str) -> PushRefusal {
    PushRefusal::Malformed { reason: reason.to_owned() }
}

impl Refusal {
    /// The kind of problem that it is.
    pub(crate) fn kind(&self) -> &'static Kind {
        match self {
            Self::Unauthorised => &UNAUTHORISED,
            Self::Forbidden(_) => &FORBIDDEN,
            Self::SignIn => &SIGN_IN,
            Self::LockedOut(_) => &LOCKED_OUT,
            Self::TooMany(_) => &TOO_MANY,
            Self::Busy => &BUSY,
            Self::Form(_) => &FORM,
            Self::NoRoute => &NO_ROUTE,
            Self::Method => &METHOD,
            Self::Unknown(_) => &UNKNOWN,
            Self::Conflict(_) => &CONFLICT,
            Self::Unfit(_) => &UNFIT,
            Self::KeyMissing => &KEY_MISSING,
            Self::KeyReused => &KEY_REUSED,
            Self::SaidOnce => &SAID_ONCE,
            Self::MediaType(_) => &MEDIA_TYPE,
            Self::TooLarge(_) => &TOO_LARGE,
            Self::TooSlow => &TOO_SLOW,
            Self::Overdue => &OVERDUE,
            Self::Rows(_) => &ROWS,
            Self::Push(PushRefusal::Unauthorised) => &UNAUTHORISED,
            Self::Push(PushRefusal::Malformed { .. }) => &FORM,
            Self::Push(
                PushRefusal::Gap { .. }
                | PushRefusal::Fork { .. }
                | PushRefusal::Signature { .. }
                | PushRefusal::Unsigned { .. }
                | PushRefusal::Context,
            ) => &PUSH,
            Self::Enrol(_) => &ENROL,
            Self::Command(_) => &COMMAND,
            Self::Away(_) => &AWAY,
            Self::OutOfReach | Self::Stranger => &OUT_OF_REACH,
            Self::Fault(_) => &FAULT,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let reason = Reason::of(&self);
        let mut response = self.answered();
        response.extensions_mut().insert(reason);
        response
    }
}

impl Refusal {
    fn answered(self) -> Response {
        let kind = self.kind();
        let plain = |detail: &str| answer(kind, kind.status, detail.to_owned(), &());
        match self {
            Self::Unauthorised => {
                answer(kind, kind.status, kind.advice.to_owned(), &PushRefusal::Unauthorised)
            }
            Self::Forbidden(scope) => plain(&format!("this needs the scope {scope}")),
            Self::SignIn
            | Self::NoRoute
            | Self::Method
            | Self::KeyMissing
            | Self::KeyReused
            | Self::SaidOnce
            | Self::TooSlow
            | Self::Overdue => plain(kind.advice),
            Self::LockedOut(seconds) | Self::TooMany(seconds) => {
                retry_after(plain(&format!("wait {seconds} seconds")), seconds)
            }
            Self::Busy => retry_after(plain(kind.advice), RETRY_AFTER_SECONDS),
            // A lane's agent reads the reason of a malformed push.
            Self::Form(reason) => answer(kind, kind.status, reason.clone(), &malformed(&reason)),
            Self::TooLarge(most) => {
                let detail = format!("the body has more than {most} bytes");
                answer(kind, kind.status, detail.clone(), &malformed(&detail))
            }
            Self::MediaType(wanted) => plain(&format!("send {wanted}")),
            Self::Unknown(detail) | Self::Conflict(detail) | Self::Unfit(detail) | Self::Command(detail) => {
                plain(&detail)
            }
            Self::Rows(problems) => answer(kind, kind.status, problems.to_string(), &*problems),
            Self::Push(refusal) => {
                warn!(%refusal, "a batch is not filed");
                answer(kind, kind.status, refusal.to_string(), &refusal.told())
            }
            Self::Enrol(refusal) => {
                warn!(%refusal, "a lane is not enrolled");
                match refusal {
                    EnrolRefusal::Code => answer(kind, kind.status, refusal.to_string(), &refusal),
                    EnrolRefusal::Wait { seconds } => {
                        let status = StatusCode::TOO_MANY_REQUESTS;
                        retry_after(answer(kind, status, refusal.to_string(), &refusal), seconds)
                    }
                }
            }
            Self::Away(reason) => {
                error!(reason, "the database is away");
                retry_after(plain(kind.advice), AWAY_SECONDS)
            }
            Self::OutOfReach | Self::Stranger => retry_after(plain(kind.advice), AWAY_SECONDS),
            Self::Fault(reason) => {
                error!(reason, "a request failed");
                plain(kind.advice)
            }
        }
    }
}
