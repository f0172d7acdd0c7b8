//! The machine's own VFS with a tally of what SQLite asks of the disk.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::{machine, register};

static WAL_SYNCS: AtomicU64 = AtomicU64::new(0);
static DATABASE_SYNCS: AtomicU64 = AtomicU64::new(0);
static WAL_BYTES: AtomicU64 = AtomicU64::new(0);

/// What was asked of the disk so far, by every connection that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Flushes of write-ahead logs.
    pub wal_syncs: u64,
    /// Flushes of databases, which checkpoints do.
    pub database_syncs: u64,
    /// Bytes written to write-ahead logs.
    pub wal_bytes: u64,
}

impl Tally {
    /// What it is now.
    pub fn now() -> Self {
        Self {
            wal_syncs: WAL_SYNCS.load(Ordering::Relaxed),
            database_syncs: DATABASE_SYNCS.load(Ordering::Relaxed),
            wal_bytes: WAL_BYTES.load(Ordering::Relaxed),
        }
    }

    /// What was asked since another.
    pub fn since(self, before: Self) -> Self {
        Self {
            wal_syncs: self.wal_syncs - before.wal_syncs,
            database_syncs: self.database_syncs - before.database_syncs,
            wal_bytes: self.wal_bytes - before.wal_bytes,
        }
    }
}

/// The name under which SQLite knows it.
pub fn vfs() -> &'static str {
    static NAME: OnceLock<&'static str> = OnceLock::new();
    NAME.get_or_init(|| {
        // SAFETY: the machine's VFS stays for ever.
        let of_machine = unsafe { (*machine()).szOsFile };
        let size = size_of::<OpenFile>() + usize::try_from(of_machine).expect("a size");
        register("guitai-counting", size, ptr::null_mut(), VFS)
    })
}

/// What SQLite keeps of an open file; the machine's own part follows it.
// Eight bytes and a multiple of them, so that what follows is aligned.
#[repr(C, align(8))]
struct OpenFile {
    base: sqlite3_file,
    is_wal: bool,
}

/// # Safety
///
/// `file` points to a file of this VFS with the machine's part behind it.
unsafe fn inner(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: `szOsFile` makes room for both.
    unsafe { file.cast::<OpenFile>().add(1).cast::<sqlite3_file>() }
}

/// Hands a call to the machine's method of the same name.
macro_rules! hand_on {
    ($file:ident . $method:ident ( $($argument:expr),* ) or $otherwise:expr) => {{
        // SAFETY: SQLite calls methods of files that are open, so the machine's
        // part is open too and has its methods; the arguments are SQLite's own.
        unsafe {
            let inner = inner($file);
            (*(*inner).pMethods).$method.map_or($otherwise, |method| method(inner $(, $argument)*))
        }
    }};
}

/// Hands a call to the machine's method of the same name.
macro_rules! hand_on_vfs {
    ($method:ident ( $($argument:expr),* ) or $otherwise:expr) => {{
        // SAFETY: the machine's VFS is there; the arguments are SQLite's own.
        unsafe { (*machine()).$method.map_or($otherwise, |method| method(machine() $(, $argument)*)) }
    }};
}

const VFS: sqlite3_vfs = sqlite3_vfs {
    iVersion: 2,
    szOsFile: 0,
    mxPathname: 0,
    pNext: ptr::null_mut(),
    zName: ptr::null(),
    pAppData: ptr::null_mut(),
    xOpen: Some(open),
    xDelete: Some(delete),
    xAccess: Some(access),
    xFullPathname: Some(full_path_name),
    xDlOpen: None,
    xDlError: None,
    xDlSym: None,
    xDlClose: None,
    xRandomness: Some(randomness),
    xSleep: Some(sleep),
    xCurrentTime: Some(current_time),
    xGetLastError: Some(get_last_error),
    xCurrentTimeInt64: Some(current_time_int64),
    xSetSystemCall: None,
    xGetSystemCall: None,
    xNextSystemCall: None,
};

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 2,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: Some(shm_map),
    xShmLock: Some(shm_lock),
    xShmBarrier: Some(shm_barrier),
    xShmUnmap: Some(shm_unmap),
    xFetch: None,
    xUnfetch: None,
};

unsafe extern "C" fn open(
    _: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite gave room for both parts.
    let inner = unsafe { inner(file) };
    let answer = hand_on_vfs!(xOpen(name, inner, flags, out_flags) or ffi::SQLITE_CANTOPEN);
    // SAFETY: as above; the machine's VFS says in its part whether there is something to close.
    let methods = if unsafe { (*inner).pMethods }.is_null() { ptr::null() } else { &raw const METHODS };
    let is_wal = flags & ffi::SQLITE_OPEN_WAL != 0;
    // SAFETY: as above.
    unsafe { file.cast::<OpenFile>().write(OpenFile { base: sqlite3_file { pMethods: methods }, is_wal }) };
    answer
}

unsafe extern "C" fn delete(_: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    hand_on_vfs!(xDelete(name, sync_folder) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn access(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    hand_on_vfs!(xAccess(name, flags, out) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn full_path_name(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    hand_on_vfs!(xFullPathname(name, room, out) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn randomness(_: *mut sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    hand_on_vfs!(xRandomness(bytes, out) or 0)
}

unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    hand_on_vfs!(xSleep(microseconds) or 0)
}

unsafe extern "C" fn current_time(_: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    hand_on_vfs!(xCurrentTime(out) or ffi::SQLITE_ERROR)
}

unsafe extern "C" fn current_time_int64(_: *mut sqlite3_vfs, out: *mut sqlite3_int64) -> c_int {
    hand_on_vfs!(xCurrentTimeInt64(out) or ffi::SQLITE_ERROR)
}

unsafe extern "C" fn get_last_error(_: *mut sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    hand_on_vfs!(xGetLastError(bytes, out) or 0)
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    hand_on!(file.xClose() or ffi::SQLITE_OK)
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    hand_on!(file.xRead(into, bytes, at) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open.
    if unsafe { (*file.cast::<OpenFile>()).is_wal } {
        WAL_BYTES.fetch_add(u64::try_from(bytes).unwrap_or(0), Ordering::Relaxed);
    }
    hand_on!(file.xWrite(from, bytes, at) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    hand_on!(file.xTruncate(length) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let is_wal = unsafe { (*file.cast::<OpenFile>()).is_wal };
    let tally = if is_wal { &WAL_SYNCS } else { &DATABASE_SYNCS };
    tally.fetch_add(1, Ordering::Relaxed);
    hand_on!(file.xSync(flags) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    hand_on!(file.xFileSize(out) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, wanted: c_int) -> c_int {
    hand_on!(file.xLock(wanted) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, kept: c_int) -> c_int {
    hand_on!(file.xUnlock(kept) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    hand_on!(file.xCheckReservedLock(out) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn file_control(file: *mut sqlite3_file, what: c_int, argument: *mut c_void) -> c_int {
    hand_on!(file.xFileControl(what, argument) or ffi::SQLITE_NOTFOUND)
}

unsafe extern "C" fn sector_size(file: *mut sqlite3_file) -> c_int {
    hand_on!(file.xSectorSize() or 4_096)
}

unsafe extern "C" fn device_characteristics(file: *mut sqlite3_file) -> c_int {
    hand_on!(file.xDeviceCharacteristics() or 0)
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    number: c_int,
    bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    hand_on!(file.xShmMap(number, bytes, make, out) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    hand_on!(file.xShmLock(first, count, flags) or ffi::SQLITE_IOERR)
}

unsafe extern "C" fn shm_barrier(file: *mut sqlite3_file) {
    let () = hand_on!(file.xShmBarrier() or ());
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, delete: c_int) -> c_int {
    hand_on!(file.xShmUnmap(delete) or ffi::SQLITE_IOERR)
}
