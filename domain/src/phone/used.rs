//! Which codes were used: each works once, for as long as it holds.

use std::collections::BTreeMap;

use super::{CLOCK_AHEAD_MAX_MS, CodeId};

/// The most codes that are remembered at one time: more than one lane takes, or one gate checks, while they hold. All
/// of them go on into the next shift, in the record that opens it.
pub const USED_MAX: usize = 4_096;

/// The codes that one gate, or one till, has taken and whose time is not over. Pure: whoever keeps it writes down
/// what [`Self::entries`] gives, and begins again with [`Self::restored`].
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UsedCodes {
    until_ms: BTreeMap<CodeId, i64>,
}

/// Why a code does not work, though it is true and its time is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UsedError {
    /// It was used.
    #[error("use a phone's code: it was used before")]
    Before,
    /// [`USED_MAX`] codes were used whose time is not over.
    #[error("use a phone's code: too many were used here; a person must look at the goods")]
    Full,
}

impl UsedCodes {
    /// Begins with what was written down.
    pub fn restored(entries: impl IntoIterator<Item = (CodeId, i64)>) -> Self {
        Self { until_ms: entries.into_iter().take(USED_MAX).collect() }
    }

    /// Whether a code may be used now.
    ///
    /// # Errors
    /// It was used, or too many were.
    pub fn check(&self, id: CodeId, now_ms: i64) -> Result<(), UsedError> {
        if self.until_ms.contains_key(&id) {
            return Err(UsedError::Before);
        }
        let held = self.until_ms.values().filter(|until_ms| is_remembered(**until_ms, now_ms)).count();
        if held >= USED_MAX { Err(UsedError::Full) } else { Ok(()) }
    }

    /// Whether a code was used here, as far as it is remembered.
    pub fn has(&self, id: CodeId) -> bool {
        self.until_ms.contains_key(&id)
    }

    /// Uses a code up. Those whose time is over are forgotten: they are refused as such. A clock that is set back by no
    /// more than [`CLOCK_AHEAD_MAX_MS`] makes none work twice.
    ///
    /// # Errors
    /// It was used, or too many were; then nothing is changed.
    pub fn take(&mut self, id: CodeId, until_ms: i64, now_ms: i64) -> Result<(), UsedError> {
        self.check(id, now_ms)?;
        self.until_ms.retain(|_, until_ms| is_remembered(*until_ms, now_ms));
        self.until_ms.insert(id, until_ms);
        Ok(())
    }

    /// What is to be written down: each code with the end of its time, milliseconds UTC.
    pub fn entries(&self) -> impl Iterator<Item = (CodeId, i64)> {
        self.until_ms.iter().map(|(id, until_ms)| (*id, *until_ms))
    }
}

fn is_remembered(until_ms: i64, now_ms: i64) -> bool {
    now_ms < until_ms.saturating_add(CLOCK_AHEAD_MAX_MS)
}
