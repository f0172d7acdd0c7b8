//! How a new lane gets its identity and its key.
//!
//! `POST /v1/enrol` with an [`EnrolRequest`]; the one-time code was made by
//! `hq enrol` for one lane of one store and works once.

use serde::{Deserialize, Serialize};

/// What a new lane sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The one-time code, as HQ printed it; dashes and case do not matter.
    pub code: String,
    /// The public half of the key that the lane will sign its journal with,
    /// 64 hexadecimal digits; absent from a lane that does not sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
}

/// Who the lane is from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store.
    pub lane: u32,
    /// The epoch of the journal that the lane must begin.
    pub epoch: u32,
    /// The secret that goes into `Authorization: Bearer`. Kept in a file that
    /// only the agent's user can read; HQ keeps its hash.
    pub key: String,
}

/// Why HQ did not enrol.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "refusal", rename_all = "snake_case")]
pub enum EnrolRefusal {
    /// No such code, or it was used, or its time is over.
    #[error("enrol the lane: this code is not known, was used, or has expired")]
    Code,
    /// Too many wrong codes; wait.
    #[error("enrol the lane: too many wrong codes, wait {seconds} seconds")]
    Wait {
        /// Seconds until the next try is looked at.
        seconds: u32,
    },
}
