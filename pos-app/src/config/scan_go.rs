//! `[scan_go]` of `lane.toml`: the right to leave with paid goods.

use serde::Deserialize;

/// The longest that an exit code may hold, minutes: as long as its form can say.
pub const EXIT_MINUTES_MAX: u32 = 24 * 60;

/// How exit codes of this lane are.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ScanGo {
    /// How long an exit code holds, minutes; at most [`EXIT_MINUTES_MAX`].
    pub exit_minutes: u32,
    /// Whether every sale has one, and not only those that a phone scanned.
    pub exit_for_all: bool,
    /// How likely the goods of a customer are looked at who shows one here, basis points.
    pub exit_audit: u32,
}

impl Default for ScanGo {
    fn default() -> Self {
        Self { exit_minutes: 120, exit_for_all: false, exit_audit: 0 }
    }
}

impl ScanGo {
    /// How long an exit code holds, milliseconds.
    pub(crate) fn exit_ms(&self) -> i64 {
        i64::from(self.exit_minutes.clamp(1, EXIT_MINUTES_MAX)) * 60_000
    }
}
