//! How far lanes' journals are, as their agents said just now. Kept in memory
//! alone: whoever was not heard of by this process is somebody that nobody
//! can say a position of.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::ask::POSITION_HEARD_MS;
use protocol::event::Position;

/// The most lanes that are remembered; those that were silent longest go first.
const LANES_MAX: usize = 40_000;

/// What agents said last.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// By store and lane, with when it was said.
    lanes: Mutex<BTreeMap<(String, u32), (Position, i64)>>,
}

impl Heard {
    fn lanes(&self) -> MutexGuard<'_, BTreeMap<(String, u32), (Position, i64)>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An agent said how far its lane's journal is.
    pub(crate) fn note(&self, store: &str, at: Position, now_ms: i64) {
        let mut lanes = self.lanes();
        let key = (store.to_owned(), at.lane);
        if lanes.len() >= LANES_MAX && !lanes.contains_key(&key) {
            lanes.retain(|_, (_, said_ms)| now_ms - *said_ms <= POSITION_HEARD_MS);
            if lanes.len() >= LANES_MAX {
                return;
            }
        }
        lanes.insert(key, (at, now_ms));
    }

    /// How far a lane is, where that was said just now.
    pub(crate) fn position(&self, store: &str, lane: u32, now_ms: i64) -> Option<Position> {
        let lanes = self.lanes();
        let (at, said_ms) = lanes.get(&(store.to_owned(), lane))?;
        (now_ms - said_ms <= POSITION_HEARD_MS).then_some(*at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_long_ago_is_not_known() {
        let heard = Heard::default();
        let at = Position { lane: 2, epoch: 1, seq: 9 };
        heard.note("S1", at, 1_000);
        assert_eq!(heard.position("S1", 2, 1_000 + POSITION_HEARD_MS), Some(at));
        assert_eq!(heard.position("S1", 2, 1_001 + POSITION_HEARD_MS), None);
        assert_eq!(heard.position("S2", 2, 1_000), None);
    }
}
