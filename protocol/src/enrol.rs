//! How a new lane gets its identity and its key.
//!
//! `POST /v1/enrol` with an [`EnrolRequest`]; the one-time code was made by
//! `hq enrol` for one lane of one store and works once. Before that,
//! `POST /v1/enrol/look` says what a code is for and spends nothing.
//!
//! A till has no line to HQ of its own: it starts `sync-agent enrol --json`,
//! writes the code to its standard input, and reads one [`EnrolOutcome`].

use serde::{Deserialize, Serialize};

/// The longest text that is taken for an [`Invitation`], characters.
pub const INVITATION_MAX: usize = 256;

/// The number under which the relay of a store is enrolled: lanes count from 1.
pub const RELAY_LANE: u32 = 0;

/// What an invitation begins with.
const INVITATION_PREFIX: &str = "guitai:";

/// What a new lane sends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The one-time code, as HQ printed it; dashes and case do not matter.
    pub code: String,
    /// The public half of the key that the lane will sign its journal with,
    /// 64 hexadecimal digits; absent from a lane that does not sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The relay of a store asks, with a code that was made for it: no lane is
    /// enrolled with that, and no relay with a lane's. What it signs with its
    /// key are phones' baskets.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub relay: bool,
}

/// Who the lane is from now on.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enrolment {
    /// The store's code.
    pub store: String,
    /// The lane's number within its store; [`RELAY_LANE`] for its relay.
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

/// What a lane asks before it spends a code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolLook {
    /// The one-time code, as HQ printed it; dashes and case do not matter.
    pub code: String,
}

/// What a code is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invited {
    /// The store's code.
    pub store: String,
    /// Its name in Chinese; empty where HQ has none.
    pub name_zh: String,
    /// Its name in English.
    pub name_en: String,
    /// The lane's number within its store; [`RELAY_LANE`] for its relay.
    pub lane: u32,
    /// When a lane of this number was enrolled before, milliseconds UTC: its
    /// key is void once the code is spent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enrolled_at_ms: Option<i64>,
    /// HQ's clock, milliseconds UTC.
    pub now_ms: i64,
}

/// Where HQ is and the code, in one: what the QR code of `hq enrol` says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// The base of HQ's routes, such as `https://hq.example`.
    pub hq: String,
    /// The one-time code.
    pub code: String,
}

impl Invitation {
    /// As a QR code says it, `guitai:https://hq.example#XXXX-XXXX-XXXX`.
    pub fn encode(&self) -> String {
        format!("{INVITATION_PREFIX}{}#{}", self.hq, self.code)
    }

    /// Reads one; `None` for any other text.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() > INVITATION_MAX {
            return None;
        }
        // A scanner with Caps Lock turns the case of all of it.
        let prefix = text.get(..INVITATION_PREFIX.len())?;
        let rest = text.get(INVITATION_PREFIX.len()..)?;
        let (hq, code) = rest.trim().split_once('#')?;
        let is_one = prefix.eq_ignore_ascii_case(INVITATION_PREFIX) && !hq.is_empty() && !code.is_empty();
        let is_turned = prefix != INVITATION_PREFIX;
        let hq = if is_turned { hq.to_ascii_lowercase() } else { hq.to_owned() };
        is_one.then(|| Self { hq, code: code.to_owned() })
    }
}

/// What `sync-agent enrol --json` says, as one line of JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum EnrolOutcome {
    /// Of `--look`: what the code is for.
    Invited(Invited),
    /// The lane is enrolled.
    Enrolled {
        /// The store's code.
        store: String,
        /// The lane's number.
        lane: u32,
        /// The journal's epoch.
        epoch: u32,
    },
    /// It is not.
    Failed {
        /// Why.
        failure: EnrolFailure,
        /// The same in words, for a technician.
        reason: String,
    },
}

/// Why a lane was not enrolled, as far as somebody can do something about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum EnrolFailure {
    /// No such code, or it was used, or its time is over.
    Code,
    /// Too many wrong codes.
    Wait {
        /// Seconds until the next try is looked at.
        seconds: u32,
    },
    /// The address is none.
    Address,
    /// Nobody answers there, or no HQ.
    Unreachable,
    /// The certificate is of another name.
    CertificateName,
    /// The certificate is not valid now: it has ended, or this machine's clock is off.
    CertificateTime,
    /// The certificate is signed by nobody whom this machine trusts.
    CertificateUntrusted,
    /// HQ is too old to say what a code is for.
    OldHq,
    /// This folder is enrolled.
    Enrolled,
    /// Another program has the lane's files.
    InUse,
    /// A file cannot be written.
    File,
    /// Anything else.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invitation_is_read_as_it_was_written() {
        let invitation = Invitation { hq: "https://hq.example:7070".into(), code: "ABCD-EFGH-JKLM".into() };
        assert_eq!(invitation.encode(), "guitai:https://hq.example:7070#ABCD-EFGH-JKLM");
        assert_eq!(Invitation::parse(&invitation.encode()), Some(invitation.clone()));
        let shouted = invitation.encode().to_uppercase();
        assert_eq!(Invitation::parse(&shouted), Some(invitation));
        let long = format!("guitai:https://hq.example#{}", "A".repeat(INVITATION_MAX));
        for text in
            ["", "6901234567892", "guitai:", "guitai:#A", "guitai:https://hq.example#", "柜台:x#y", &long]
        {
            assert_eq!(Invitation::parse(text), None, "{text}");
        }
    }

    #[test]
    fn what_the_agent_says_is_one_line() {
        let failed = EnrolOutcome::Failed {
            failure: EnrolFailure::Wait { seconds: 8 },
            reason: "too many\nwrong codes".into(),
        };
        let line = serde_json::to_string(&failed).expect("JSON");
        assert!(!line.contains('\n'), "{line}");
        assert_eq!(serde_json::from_str::<EnrolOutcome>(&line).expect("the same"), failed);
    }
}
