//! Disks that SQLite uses: the tables of C functions behind which ours stand.
//!
//! The only place with `unsafe`. Both tables are thin: [`memory`] hands every
//! call to a [`Disk`](crate::disk::Disk), [`counting`] counts and hands it to
//! the machine's own VFS. [`flushes`] counts what leaves for the disk.
//!
//! What all blocks rely on is SQLite's contract
//! (<https://www.sqlite.org/c3ref/vfs.html>): a method gets the object that it
//! belongs to, buffers as long as it is told, and no file before it was opened
//! or after it was closed. Each block says what it needs of that. No method
//! unwinds into C: `extern "C"` functions abort instead.

pub mod counting;
pub mod flushes;
pub mod memory;

use std::ffi::{CString, c_int, c_void};
use std::ptr;

use rusqlite::ffi;

/// The longest path that a trial's disk takes, bytes with the closing zero.
const PATH_BYTES_MAX: c_int = 512;

/// Makes a table known to SQLite, for the program's life, under this name.
///
/// # Panics
///
/// Where SQLite refuses, which it does only without memory.
fn register(name: &str, size: usize, data: *mut c_void, methods: ffi::sqlite3_vfs) -> &'static str {
    let name: &'static CString = Box::leak(Box::new(CString::new(name).expect("a name without zeros")));
    let vfs = Box::leak(Box::new(ffi::sqlite3_vfs {
        iVersion: 2,
        szOsFile: c_int::try_from(size).expect("a small object"),
        mxPathname: PATH_BYTES_MAX,
        pNext: ptr::null_mut(),
        zName: name.as_ptr(),
        pAppData: data,
        ..methods
    }));
    // SAFETY: the table and its name are leaked, so they stay for ever, and
    // every method in it keeps SQLite's contract.
    let answer = unsafe { ffi::sqlite3_vfs_register(vfs, 0) };
    assert_eq!(answer, ffi::SQLITE_OK, "SQLite takes a VFS");
    name.to_str().expect("it was a str")
}

/// The machine's own VFS.
fn machine() -> *mut ffi::sqlite3_vfs {
    // SAFETY: no name asks for the default one, which SQLite always has.
    let vfs = unsafe { ffi::sqlite3_vfs_find(ptr::null()) };
    assert!(!vfs.is_null(), "SQLite has a VFS");
    vfs
}
