//! Locks on files and the memory that those who have a file open share. They
//! live as long as their holders; no medium knows of them.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use rusqlite::ffi;

use super::Refusal;

const BUSY: Refusal = Refusal(ffi::SQLITE_BUSY);

/// SQLite's locks on a database file: each holder's, none of them `SQLITE_LOCK_NONE`.
#[derive(Default)]
pub(super) struct Locks {
    held: BTreeMap<usize, i32>,
}

impl Locks {
    pub(super) fn take(&mut self, holder: usize, wanted: i32) -> Result<(), Refusal> {
        let held = self.held.get(&holder).copied().unwrap_or(ffi::SQLITE_LOCK_NONE);
        if held >= wanted {
            return Ok(());
        }
        let others = || self.held.iter().filter(|(other, _)| **other != holder).map(|(_, lock)| *lock);
        if wanted == ffi::SQLITE_LOCK_SHARED {
            if others().any(|lock| lock >= ffi::SQLITE_LOCK_PENDING) {
                return Err(BUSY);
            }
        } else if others().any(|lock| lock >= ffi::SQLITE_LOCK_RESERVED) {
            return Err(BUSY);
        } else if wanted == ffi::SQLITE_LOCK_EXCLUSIVE && others().next().is_some() {
            // It waits for those who read, and no others come meanwhile.
            self.held.insert(holder, ffi::SQLITE_LOCK_PENDING);
            return Err(BUSY);
        }
        self.held.insert(holder, wanted);
        Ok(())
    }

    pub(super) fn release(&mut self, holder: usize, kept: i32) {
        if kept == ffi::SQLITE_LOCK_NONE {
            self.forget(holder);
        } else if let Some(held) = self.held.get_mut(&holder) {
            *held = kept.min(*held);
        }
    }

    pub(super) fn forget(&mut self, holder: usize) {
        self.held.remove(&holder);
    }

    pub(super) fn is_reserved(&self) -> bool {
        self.held.values().any(|lock| *lock >= ffi::SQLITE_LOCK_RESERVED)
    }
}

/// A piece of shared memory. Whoever is given it may write it through a
/// pointer, which atomic integers allow.
pub type Region = Arc<[AtomicU64]>;

/// What is done with locks on shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShmChange {
    /// Take one that others may have too.
    Share,
    /// Take some that nobody else has.
    Exclude,
    /// Give back what is held.
    Release,
}

impl ShmChange {
    /// Whether a lock is given back.
    pub fn is_release(self) -> bool {
        match self {
            Self::Share | Self::Exclude => false,
            Self::Release => true,
        }
    }
}

/// A lock's holders on shared memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hold {
    Shared,
    Exclusive,
}

/// The memory that those who have a file open share.
#[derive(Default)]
pub(super) struct Shared {
    regions: Vec<Region>,
    members: Vec<usize>,
    held: BTreeMap<(usize, usize), Hold>,
}

impl Shared {
    pub(super) fn region(
        &mut self,
        member: usize,
        number: usize,
        bytes: usize,
        make: bool,
    ) -> Option<Region> {
        if !self.members.contains(&member) {
            self.members.push(member);
        }
        while make && self.regions.len() <= number {
            let words = bytes.div_ceil(size_of::<AtomicU64>());
            self.regions.push((0..words).map(|_| AtomicU64::new(0)).collect());
        }
        self.regions.get(number).cloned()
    }

    pub(super) fn lock(
        &mut self,
        member: usize,
        locks: Range<usize>,
        change: ShmChange,
    ) -> Result<(), Refusal> {
        for lock in locks.clone() {
            let mut others =
                self.held.iter().filter(|((held, holder), _)| *held == lock && *holder != member);
            let refused = match change {
                ShmChange::Share => others.any(|(_, hold)| *hold == Hold::Exclusive),
                ShmChange::Exclude => others.next().is_some(),
                ShmChange::Release => false,
            };
            if refused {
                return Err(BUSY);
            }
        }
        for lock in locks {
            match change {
                ShmChange::Share => drop(self.held.insert((lock, member), Hold::Shared)),
                ShmChange::Exclude => drop(self.held.insert((lock, member), Hold::Exclusive)),
                ShmChange::Release => drop(self.held.remove(&(lock, member))),
            }
        }
        Ok(())
    }

    pub(super) fn leave(&mut self, member: usize) {
        self.held.retain(|(_, holder), _| *holder != member);
        self.members.retain(|other| *other != member);
        if self.members.is_empty() {
            // As SQLite's own VFS does it: who comes first finds nothing.
            self.regions.clear();
        }
    }
}
