//! A disk in memory that forgets what was not flushed, as real ones do.
//!
//! Programs see every write at once; the medium has it after a flush, or by
//! chance. A cut of the power leaves of each sector any of its versions since
//! the last flush, or a torn one; of each file any length that it grew to; of
//! each name in the folder any of the files that bore it. What lies where a
//! file grew may be zeros, noise or what another file left there.
//!
//! What is relied on, as SQLite relies on it: a flush that was answered is
//! true, unless [`Faults::ignores_flush`]; a write spoils no byte beside those
//! it writes; and a file is shortened as a whole or not at all, which file
//! systems with a journal promise. Where shortening may tear, a checkpointed
//! write-ahead log can come back with its later half gone and put old pages
//! over new ones.

mod lock;
mod log;
mod survive;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fixtures::bench::Dice;
use rusqlite::ffi;

use lock::{Locks, Shared};
pub use lock::{Region, ShmChange};

/// The unit that a medium writes whole or torn.
pub const SECTOR_BYTES: usize = 512;

/// A drive that ignores flushes writes its cache back by itself when so many
/// writes of a file wait.
const CACHED_WRITES_MAX: usize = 400;

/// Why an operation failed, as SQLite's result code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub i32);

/// The power is off.
const NO_POWER: Refusal = Refusal(ffi::SQLITE_IOERR);

type Answer<T> = Result<T, Refusal>;

/// What is wrong with the disk, beside that its power may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Faults {
    /// So many more bytes can be allotted; `None` for as many as are wanted.
    pub bytes_left: Option<usize>,
    /// The file system was mounted again, to be read only.
    pub read_only: bool,
    /// A flush is answered and not done.
    pub ignores_flush: bool,
    /// A flush fails, and the system forgets that there was anything to flush:
    /// programs go on seeing what they wrote, and no later flush brings it to
    /// the medium.
    pub fails_flush: bool,
}

/// All files of a disk, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image(BTreeMap<String, Vec<u8>>);

/// What was asked of the disk so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Writes.
    pub writes: u64,
    /// Flushes of a file.
    pub syncs: u64,
    /// Cuts of the power.
    pub cuts: u64,
    /// Sectors of which a cut kept not the newest version.
    pub sectors_lost: u64,
    /// Sectors that a cut left torn.
    pub sectors_torn: u64,
}

/// A disk with one folder.
pub struct Disk {
    state: Mutex<State>,
}

struct State {
    files: Vec<File>,
    /// The folder as programs see it.
    names: BTreeMap<String, usize>,
    /// The folder as the medium has it.
    durable_names: BTreeMap<String, usize>,
    /// What became of names since the folder was flushed, in order.
    renamed: Vec<(String, Option<usize>)>,
    handles: Vec<Option<Handle>>,
    dice: Dice,
    powered: bool,
    /// So many operations that change something are done before the power is cut.
    cut_in: Option<u64>,
    faults: Faults,
    counts: Counts,
    /// What a deleted or shortened file held: it may show through where a
    /// file grew and its data was not flushed.
    stale: Vec<u8>,
}

#[derive(Default)]
struct File {
    /// As programs see it.
    now: Vec<u8>,
    /// As the medium has it for certain.
    durable: Vec<u8>,
    /// What happened since, in order.
    changes: Vec<Change>,
    locks: Locks,
    shared: Shared,
}

enum Change {
    Write { at: usize, bytes: Vec<u8> },
    Truncate(usize),
}

/// A file that is open.
struct Handle {
    file: usize,
    /// The first flush of a journal flushes the folder too, as SQLite's own VFS does it.
    flushes_folder: bool,
    /// Deleted when it is closed.
    temporary: bool,
    read_only: bool,
}

/// How a file is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Opening {
    /// It is made where it does not exist.
    pub create: bool,
    /// It will be written.
    pub write: bool,
    /// It is a rollback journal or write-ahead log.
    pub is_journal: bool,
}

impl Disk {
    /// An empty disk; the same seed, the same luck.
    pub fn new(seed: u64) -> Self {
        Self { state: Mutex::new(State::new(seed)) }
    }

    /// Throws everything away, and begins anew with another seed.
    ///
    /// # Panics
    ///
    /// While a file is open.
    pub fn erase(&self, seed: u64) {
        let mut state = self.lock();
        state.assert_closed();
        *state = State::new(seed);
    }

    /// Cuts the power within the operation after so many more that change something.
    pub fn cut_after(&self, operations: u64) {
        self.lock().cut_in = Some(operations);
    }

    /// Takes back that the power will be cut.
    pub fn cut_never(&self) {
        self.lock().cut_in = None;
    }

    /// Cuts the power now.
    pub fn cut(&self) {
        self.lock().powered = false;
    }

    /// Whether there is power.
    pub fn is_powered(&self) -> bool {
        self.lock().powered
    }

    /// Brings the power back: what is there now is what the medium kept.
    ///
    /// # Panics
    ///
    /// While a file is open: whoever had it open died with the power.
    pub fn restart(&self) {
        let mut state = self.lock();
        state.assert_closed();
        state.counts.cuts += u64::from(!state.powered);
        state.survive();
        state.cut_in = None;
        state.powered = true;
    }

    /// Takes every open file from whoever has it, as when a process is killed:
    /// what it wrote stays seen, and it closes nothing in good order. Who had a
    /// file open must be forgotten, not dropped.
    pub fn kill(&self) {
        let open = self.lock().handles.len();
        (0..open).for_each(|handle| self.close(handle));
    }

    /// Sets what is wrong with it.
    pub fn set_faults(&self, faults: Faults) {
        self.lock().faults = faults;
    }

    /// What was asked of it so far.
    pub fn counts(&self) -> Counts {
        self.lock().counts
    }

    /// What the medium has for certain of a file; `None` where it has none.
    pub fn durable(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.lock();
        state.durable_names.get(name).map(|file| state.files[*file].durable.clone())
    }

    /// Everything that lies on it, as somebody takes an image of a machine
    /// that is off: every name with what the medium has.
    ///
    /// # Panics
    ///
    /// While a file is open.
    pub fn image(&self) -> Image {
        let state = self.lock();
        state.assert_closed();
        let files = state.durable_names.iter();
        Image(files.map(|(name, file)| (name.clone(), state.files[*file].durable.clone())).collect())
    }

    /// Puts an image on it; what lay there before is gone. Its luck goes on.
    ///
    /// # Panics
    ///
    /// While a file is open.
    pub fn lay(&self, image: &Image) {
        let mut state = self.lock();
        state.assert_closed();
        let luck = state.dice.below(u64::MAX);
        *state = State::new(luck);
        for (place, (name, bytes)) in image.0.iter().enumerate() {
            state.files.push(File { now: bytes.clone(), durable: bytes.clone(), ..File::default() });
            state.names.insert(name.clone(), place);
            state.durable_names.insert(name.clone(), place);
        }
    }

    /// Turns one bit over, of a byte that lies within a file. Nobody notices.
    pub fn rot(&self, name: &str, at: usize, bit: u32) {
        let mut state = self.lock();
        let Some(file) = state.names.get(name).copied() else { return };
        let file = &mut state.files[file];
        if let (Some(now), Some(durable)) = (file.now.get_mut(at), file.durable.get_mut(at)) {
            *now ^= 1 << (bit % u8::BITS);
            *durable ^= 1 << (bit % u8::BITS);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What SQLite asks of a disk.
impl Disk {
    /// Opens a file; one without a name is deleted when it is closed. Tells
    /// whether it can only be read.
    pub fn open(&self, name: Option<&str>, opening: Opening) -> Answer<(usize, bool)> {
        let mut state = self.lock();
        if !state.powered {
            return Err(NO_POWER);
        }
        let found = name.and_then(|name| state.names.get(name).copied());
        let file = match found {
            Some(file) => file,
            None if !opening.create || state.faults.read_only => return Err(Refusal(ffi::SQLITE_CANTOPEN)),
            None => {
                state.change()?;
                state.files.push(File::default());
                let file = state.files.len() - 1;
                if let Some(name) = name {
                    state.names.insert(name.to_owned(), file);
                    state.renamed.push((name.to_owned(), Some(file)));
                }
                file
            }
        };
        let read_only = !opening.write || state.faults.read_only;
        let handle = Handle {
            file,
            flushes_folder: opening.create && opening.is_journal,
            temporary: name.is_none(),
            read_only,
        };
        let free = state.handles.iter().position(Option::is_none);
        let place = free.unwrap_or(state.handles.len());
        if free.is_none() {
            state.handles.push(None);
        }
        state.handles[place] = Some(handle);
        Ok((place, read_only))
    }

    /// Closes a file, with its locks and shared memory.
    pub fn close(&self, handle: usize) {
        let mut state = self.lock();
        let Some(closed) = state.handles[handle].take() else { return };
        let file = &mut state.files[closed.file];
        file.locks.forget(handle);
        file.shared.leave(handle);
        if closed.temporary {
            *file = File::default();
        }
    }

    /// Reads; what lies behind the end is zeros, and it tells whether any did.
    pub fn read(&self, handle: usize, at: usize, into: &mut [u8]) -> Answer<bool> {
        let mut state = self.lock();
        let file = state.file(handle)?;
        let there = file.now.get(at..).unwrap_or_default();
        let there = &there[..there.len().min(into.len())];
        into[..there.len()].copy_from_slice(there);
        into[there.len()..].fill(0);
        Ok(there.len() < into.len())
    }

    /// Writes.
    pub fn write(&self, handle: usize, at: usize, bytes: &[u8]) -> Answer<()> {
        let mut state = self.lock();
        state.writable(handle)?;
        state.counts.writes += 1;
        let kept = match state.change() {
            Ok(()) => bytes.len(),
            // The power fails in the midst of it.
            Err(_) => state.dice.index(bytes.len() + 1),
        };
        let end = state.file_of(handle).now.len();
        let room = state.faults.bytes_left.map(|left| (end + left).saturating_sub(at));
        let fitting = kept.min(room.unwrap_or(kept));
        let grown = (at + fitting).saturating_sub(end);
        if fitting > 0 {
            state.file_of(handle).change(Change::Write { at, bytes: bytes[..fitting].to_vec() });
            if let Some(left) = &mut state.faults.bytes_left {
                *left -= grown;
            }
        }
        if !state.powered {
            return Err(NO_POWER);
        }
        if fitting < bytes.len() { Err(Refusal(ffi::SQLITE_FULL)) } else { Ok(()) }
    }

    /// Makes a file as long as this.
    pub fn truncate(&self, handle: usize, length: usize) -> Answer<()> {
        let mut state = self.lock();
        state.writable(handle)?;
        let done = state.change();
        if done.is_ok() || state.dice.chance(50) {
            let file = state.file_of(handle);
            let lost = file.now.get(length..).map(<[u8]>::to_vec).unwrap_or_default();
            file.change(Change::Truncate(length));
            state.discard(lost);
        }
        done
    }

    /// Brings a file to the medium.
    pub fn sync(&self, handle: usize) -> Answer<()> {
        let mut state = self.lock();
        state.writable(handle)?;
        state.counts.syncs += 1;
        let done = state.change();
        if state.faults.fails_flush {
            state.file_of(handle).changes.clear();
            return Err(Refusal(ffi::SQLITE_IOERR_FSYNC));
        }
        if state.faults.ignores_flush {
            state.file_of(handle).write_back_some();
        } else if done.is_ok() || state.dice.chance(50) {
            state.file_of(handle).flush();
            let flushes_folder =
                state.handles[handle].as_mut().is_some_and(|open| std::mem::take(&mut open.flushes_folder));
            if flushes_folder {
                state.flush_folder();
            }
        }
        done
    }

    /// How long a file is.
    pub fn length(&self, handle: usize) -> Answer<usize> {
        Ok(self.lock().file(handle)?.now.len())
    }

    /// Whether there is a file with something in it.
    pub fn exists(&self, name: &str) -> Answer<bool> {
        let state = self.lock();
        if !state.powered {
            return Err(NO_POWER);
        }
        Ok(state.names.get(name).is_some_and(|file| !state.files[*file].now.is_empty()))
    }

    /// Whether there is a file that may be written.
    pub fn is_writable(&self, name: &str) -> Answer<bool> {
        let state = self.lock();
        if !state.powered {
            return Err(NO_POWER);
        }
        Ok(!state.faults.read_only && state.names.contains_key(name))
    }

    /// Takes a name away.
    pub fn delete(&self, name: &str, flush_folder: bool) -> Answer<()> {
        let mut state = self.lock();
        if !state.powered {
            return Err(NO_POWER);
        }
        let Some(file) = state.names.get(name).copied() else {
            return Err(Refusal(ffi::SQLITE_IOERR_DELETE_NOENT));
        };
        if state.faults.read_only {
            return Err(Refusal(ffi::SQLITE_IOERR_DELETE));
        }
        let done = state.change();
        if done.is_ok() || state.dice.chance(50) {
            state.names.remove(name);
            state.renamed.push((name.to_owned(), None));
            let lost = state.files[file].now.clone();
            state.discard(lost);
            if flush_folder && done.is_ok() && !state.faults.ignores_flush {
                state.flush_folder();
            }
        }
        done
    }

    /// Takes a lock of SQLite's five kinds (`SQLITE_LOCK_*`).
    pub fn take_lock(&self, handle: usize, wanted: i32) -> Answer<()> {
        let mut state = self.lock();
        state.file(handle)?.locks.take(handle, wanted)
    }

    /// Gives locks back down to this one.
    pub fn release_lock(&self, handle: usize, kept: i32) {
        let mut state = self.lock();
        state.file_of(handle).locks.release(handle, kept);
    }

    /// Whether somebody is about to write a file.
    pub fn is_reserved(&self, handle: usize) -> Answer<bool> {
        Ok(self.lock().file(handle)?.locks.is_reserved())
    }

    /// A region of the memory that all who have a file open share; `None`
    /// where there is none and none is to be made.
    pub fn region(&self, handle: usize, number: usize, bytes: usize, make: bool) -> Answer<Option<Region>> {
        let mut state = self.lock();
        Ok(state.file(handle)?.shared.region(handle, number, bytes, make))
    }

    /// Takes or gives back locks on the shared memory.
    pub fn lock_shared(&self, handle: usize, locks: std::ops::Range<usize>, change: ShmChange) -> Answer<()> {
        let mut state = self.lock();
        let powered = state.powered;
        // Locks die with their holder, not with the power.
        let file = state.file_of(handle);
        if !powered && !change.is_release() {
            return Err(NO_POWER);
        }
        file.shared.lock(handle, locks, change)
    }

    /// Leaves the shared memory; the last one to leave ends it.
    pub fn leave_shared(&self, handle: usize) {
        self.lock().file_of(handle).shared.leave(handle);
    }
}

impl State {
    fn new(seed: u64) -> Self {
        Self {
            files: Vec::new(),
            names: BTreeMap::new(),
            durable_names: BTreeMap::new(),
            renamed: Vec::new(),
            handles: Vec::new(),
            dice: Dice::new(seed),
            powered: true,
            cut_in: None,
            faults: Faults::default(),
            counts: Counts::default(),
            stale: Vec::new(),
        }
    }

    fn assert_closed(&self) {
        assert!(self.handles.iter().all(Option::is_none), "a file is still open");
    }

    /// Counts an operation that changes something; the power may fail at it.
    fn change(&mut self) -> Answer<()> {
        match &mut self.cut_in {
            Some(0) => {
                self.powered = false;
                return Err(NO_POWER);
            }
            Some(left) => *left -= 1,
            None => {}
        }
        Ok(())
    }

    fn file_of(&mut self, handle: usize) -> &mut File {
        let file = self.handles[handle].as_ref().expect("SQLite closes a file once").file;
        &mut self.files[file]
    }

    fn file(&mut self, handle: usize) -> Answer<&mut File> {
        if self.powered { Ok(self.file_of(handle)) } else { Err(NO_POWER) }
    }

    fn writable(&mut self, handle: usize) -> Answer<()> {
        if !self.powered {
            return Err(NO_POWER);
        }
        let read_only = self.handles[handle].as_ref().is_none_or(|open| open.read_only);
        if self.faults.read_only || read_only { Err(Refusal(ffi::SQLITE_IOERR_WRITE)) } else { Ok(()) }
    }

    fn flush_folder(&mut self) {
        self.durable_names = self.names.clone();
        self.renamed.clear();
    }

    fn discard(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.stale = bytes;
        }
    }
}

impl File {
    fn change(&mut self, change: Change) {
        change.apply(&mut self.now);
        self.changes.push(change);
    }

    fn flush(&mut self) {
        for change in self.changes.drain(..) {
            change.apply(&mut self.durable);
        }
    }

    fn write_back_some(&mut self) {
        if self.changes.len() > CACHED_WRITES_MAX {
            for change in self.changes.drain(..CACHED_WRITES_MAX / 2) {
                change.apply(&mut self.durable);
            }
        }
    }
}

impl Change {
    fn apply(&self, file: &mut Vec<u8>) {
        match self {
            Self::Write { at, bytes } => {
                let end = at + bytes.len();
                if file.len() < end {
                    file.resize(end, 0);
                }
                file[*at..end].copy_from_slice(bytes);
            }
            Self::Truncate(length) => file.resize(*length, 0),
        }
    }
}

#[cfg(test)]
mod tests;
