//! What a request that is not served gets as answer: a status, and for lanes
//! a body that `protocol` names.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use protocol::enrol::EnrolRefusal;
use protocol::push::PushRefusal;
use tracing::{error, warn};

use crate::command::CommandError;
use crate::enrolment::ExchangeError;
use crate::feed::FeedError;
use crate::intake::IntakeError;
use crate::store::StoreError;

/// Seconds until a sender who came beyond a bound tries again.
const RETRY_AFTER_SECONDS: u32 = 1;

/// Seconds until a sender tries again while the database is away.
const AWAY_SECONDS: u32 = 5;

/// Why a request is not served.
#[derive(Debug)]
pub(super) enum Refusal {
    /// No key, or one that does not open this.
    Unauthorised,
    /// Too much at one time.
    Busy,
    /// The request is not of its form.
    Form(String),
    /// The body has more bytes than it may have.
    TooLarge,
    /// The body came too slowly.
    TooSlow,
    /// Of a push.
    Push(PushRefusal),
    /// Of an enrolment.
    Enrol(EnrolRefusal),
    /// Of a command, with all its reasons.
    Command(String),
    /// The database is away; what was asked may do later.
    Away(String),
    /// HQ's own fault; logged where it is answered.
    Fault(String),
}

/// An error and everything that it came from, in one line.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
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
        if error.is_passing() { Self::Away(chain(&error)) } else { Self::Fault(chain(&error)) }
    }
}

impl From<tokio::task::JoinError> for Refusal {
    fn from(error: tokio::task::JoinError) -> Self {
        Self::Fault(chain(&error))
    }
}

impl From<FeedError> for Refusal {
    fn from(error: FeedError) -> Self {
        match error {
            FeedError::Store(error) => error.into(),
            error @ FeedError::Write(_) => Self::Fault(chain(&error)),
        }
    }
}

impl From<IntakeError> for Refusal {
    fn from(error: IntakeError) -> Self {
        match error {
            IntakeError::Refused(refusal) => Self::Push(refusal),
            IntakeError::TooLarge => Self::TooLarge,
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

impl From<CommandError> for Refusal {
    fn from(error: CommandError) -> Self {
        Self::Command(chain(&error))
    }
}

fn malformed(reason: String) -> Json<PushRefusal> {
    Json(PushRefusal::Malformed { reason })
}

fn retry_after(mut response: Response, seconds: u32) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    response
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::Unauthorised => (StatusCode::UNAUTHORIZED, Json(PushRefusal::Unauthorised)).into_response(),
            Self::Busy => retry_after(StatusCode::TOO_MANY_REQUESTS.into_response(), RETRY_AFTER_SECONDS),
            Self::Form(reason) => (StatusCode::BAD_REQUEST, malformed(reason)).into_response(),
            Self::TooLarge => {
                let reason = "the body is larger than a batch may be".to_owned();
                (StatusCode::PAYLOAD_TOO_LARGE, malformed(reason)).into_response()
            }
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT.into_response(),
            Self::Push(refusal) => {
                warn!(%refusal, "a batch is not filed");
                let status = match refusal {
                    PushRefusal::Gap { .. } | PushRefusal::Fork { .. } | PushRefusal::Signature { .. } => {
                        StatusCode::CONFLICT
                    }
                    PushRefusal::Malformed { .. } => StatusCode::BAD_REQUEST,
                    PushRefusal::Unauthorised => StatusCode::UNAUTHORIZED,
                };
                (status, Json(refusal)).into_response()
            }
            Self::Enrol(refusal) => {
                warn!(%refusal, "a lane is not enrolled");
                match refusal {
                    EnrolRefusal::Code => (StatusCode::FORBIDDEN, Json(refusal)).into_response(),
                    EnrolRefusal::Wait { seconds } => {
                        retry_after((StatusCode::TOO_MANY_REQUESTS, Json(refusal)).into_response(), seconds)
                    }
                }
            }
            Self::Command(reason) => (StatusCode::UNPROCESSABLE_ENTITY, reason).into_response(),
            Self::Away(reason) => {
                error!(reason, "the database is away");
                retry_after(StatusCode::SERVICE_UNAVAILABLE.into_response(), AWAY_SECONDS)
            }
            Self::Fault(reason) => {
                error!(reason, "a request failed");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}
