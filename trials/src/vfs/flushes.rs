//! Every flush that a thread of this program asks of the machine, counted where
//! it leaves: whoever calls the C library's `fsync` or `fdatasync` comes here.
//!
//! Between SQLite's "flush this file" and the disk stands what SQLite was built
//! with: without `HAVE_FDATASYNC` it takes `fsync`, which writes the file's
//! times as well. Only the calls themselves show it.

use std::cell::Cell;
use std::ffi::c_int;
use std::os::fd::BorrowedFd;

use rustix::io::Errno;

thread_local! {
    static ASKED: Cell<Flushes> = const { Cell::new(Flushes { whole: 0, data: 0 }) };
}

/// What a thread asked of the machine so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Flushes {
    /// `fsync`: bytes and everything that is known of the file.
    pub whole: u64,
    /// `fdatasync`: bytes, and its length where that changed.
    pub data: u64,
}

impl Flushes {
    /// What it is now.
    pub fn of_this_thread() -> Self {
        ASKED.get()
    }

    /// What was asked since another.
    pub fn since(self, before: Self) -> Self {
        Self { whole: self.whole - before.whole, data: self.data - before.data }
    }
}

unsafe extern "C" {
    fn __errno_location() -> *mut c_int;
}

/// The C library's answer of what the machine answered.
fn answer(done: Result<(), Errno>) -> c_int {
    match done {
        Ok(()) => 0,
        Err(error) => {
            // SAFETY: the C library gives each thread its place.
            unsafe { __errno_location().write(error.raw_os_error()) };
            -1
        }
    }
}

/// Takes the place of the C library's.
// SAFETY: the name is the C library's, and this does what that does.
#[unsafe(no_mangle)]
extern "C" fn fsync(file: c_int) -> c_int {
    ASKED.set(Flushes { whole: ASKED.get().whole + 1, ..ASKED.get() });
    // SAFETY: whoever asks to flush a file has it open until the answer.
    answer(rustix::fs::fsync(unsafe { BorrowedFd::borrow_raw(file) }))
}

/// Takes the place of the C library's.
// SAFETY: the name is the C library's, and this does what that does.
#[unsafe(no_mangle)]
extern "C" fn fdatasync(file: c_int) -> c_int {
    ASKED.set(Flushes { data: ASKED.get().data + 1, ..ASKED.get() });
    // SAFETY: whoever asks to flush a file has it open until the answer.
    answer(rustix::fs::fdatasync(unsafe { BorrowedFd::borrow_raw(file) }))
}

#[cfg(test)]
mod tests {
    use ledger::file::Trial;
    use ledger::journal::{Journal, TAIL_CHECKED};

    use super::*;
    use crate::bench::a_sale_of_a_day;
    use crate::counter::identity;
    use crate::vfs::counting;

    #[test]
    fn a_sale_takes_one_flush_and_that_of_bytes_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let trial =
            Trial { vfs: counting::vfs(), secret: None, synchronous: "FULL", tail_checked: TAIL_CHECKED };
        let path = folder.path().join("journal.db");
        let mut journal = Journal::open_trial(&path, &identity(), &trial).expect("opens");
        let sale = a_sale_of_a_day(folder.path()).expect("a sale");
        let (mut sales, mut rests) = (0, 0);
        while rests < 3 {
            if journal.wants_rest() {
                journal.tidy().expect("tidied");
                rests += 1;
            }
            let before = Flushes::of_this_thread();
            journal.append(std::slice::from_ref(&sale)).expect("appended");
            let asked = Flushes::of_this_thread().since(before);
            assert_eq!(asked, Flushes { whole: 0, data: 1 }, "sale {sales}, after {rests} rests");
            sales += 1;
        }
    }
}
