//! HQ to whoever asked: why something was not done, as problem details
//! (RFC 9457).
//!
//! Every answer of HQ that is no success has this form, and the content type
//! [`CONTENT_TYPE`]. What a lane's agent acts on ([`crate::push::PushRefusal`],
//! [`crate::enrol::EnrolRefusal`]) stands beside the five fields, as extension
//! members; programs that know nothing of problem details find it where it
//! always was.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The content type of problem details (RFC 9457, section 3).
pub const CONTENT_TYPE: &str = "application/problem+json";

/// Why a request was not served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// What kind of problem: a reference that leads, at the HQ that answered,
    /// to a page that explains it, such as `/problems/busy`.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words; the same for every problem of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What is wrong with this request, and what to do.
    pub detail: String,
    /// What a program acts on.
    #[serde(flatten)]
    pub more: Map<String, Value>,
}

impl Problem {
    /// Puts the fields of something beside the five; nothing where it has none.
    #[must_use]
    pub fn with(mut self, what: &impl Serialize) -> Self {
        if let Ok(Value::Object(fields)) = serde_json::to_value(what) {
            self.more.extend(fields);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrol::EnrolRefusal;
    use crate::push::PushRefusal;

    fn problem() -> Problem {
        Problem {
            kind: "/problems/x".into(),
            title: "X".into(),
            status: 409,
            detail: "because".into(),
            more: Map::new(),
        }
    }

    /// What programs from before problem details read, still stands there.
    #[test]
    fn a_lane_finds_its_refusal_where_it_always_was() {
        let refusals = [
            PushRefusal::Gap { acknowledged: 7 },
            PushRefusal::Fork { seq: 3 },
            PushRefusal::Malformed { reason: "it \"is\"".into() },
            PushRefusal::Signature { seq: 9 },
            PushRefusal::Unauthorised,
        ];
        for refusal in refusals {
            let text = serde_json::to_string(&problem().with(&refusal)).expect("plain data serialises");
            assert_eq!(serde_json::from_str::<PushRefusal>(&text).expect("a refusal"), refusal);
            let read: Problem = serde_json::from_str(&text).expect("a problem");
            assert_eq!((read.status, read.detail.as_str()), (409, "because"));
        }
        for refusal in [EnrolRefusal::Code, EnrolRefusal::Wait { seconds: 4 }] {
            let text = serde_json::to_string(&problem().with(&refusal)).expect("plain data serialises");
            assert_eq!(serde_json::from_str::<EnrolRefusal>(&text).expect("a refusal"), refusal);
        }
    }
}
