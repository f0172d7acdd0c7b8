//! Stored value as events say it.

use serde::{Deserialize, Serialize};

use super::is_nothing;

/// Principal and bonus, minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Value {
    /// What the member paid in.
    pub principal: i64,
    /// What was given on top.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub bonus: i64,
}

/// Stored value that HQ put aside for a lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGrant {
    /// HQ's id of it.
    pub lease: String,
    /// Whose it is.
    pub member: String,
    /// How much was lent, whatever was spent of it.
    pub lent: Value,
    /// What the member had in all then, minor units.
    pub balance: i64,
    /// Up to but not including this instant, milliseconds UTC.
    pub until_ms: i64,
}

/// Stored value as a means of payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// Whose account it is.
    pub member: String,
    /// The grant that it was spent of.
    pub lease: String,
    /// The grant's end, milliseconds UTC.
    pub until_ms: i64,
    /// What was paid; below nothing for what goes back.
    #[serde(flatten)]
    pub part: Value,
    /// What was paid once, where `part` is what is left of it or goes back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Value>,
    /// What the member had left then, minor units, where HQ had said it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<i64>,
}

/// Money that a document pays into an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TopUp {
    /// Whose account it is.
    pub member: String,
    /// What is paid in, and what is given on top.
    #[serde(flatten)]
    pub value: Value,
}
