//! Lanes that do not know any more what they did.

use std::collections::BTreeMap;

/// Lanes whose disk was put back, copied or replaced: none of them knows what it did up to and with an epoch. What it does
/// once it is enrolled anew it knows.
#[derive(Debug, Default)]
pub struct Astray {
    /// The last epoch of which that is so, by the store's code and the lane.
    last: BTreeMap<(String, u32), u32>,
}

impl Astray {
    /// A lane does not know any more what it did up to and with this epoch.
    pub fn note(&mut self, store: &str, lane: u32, epoch: u32) {
        let last = self.last.entry((store.to_owned(), lane)).or_default();
        *last = epoch.max(*last);
    }

    /// Whether a lane's disk was put back, copied or replaced in an epoch, or after it.
    pub fn has(&self, store: &str, lane: u32, epoch: u32) -> bool {
        self.last.get(&(store.to_owned(), lane)).is_some_and(|last| epoch <= *last)
    }
}
