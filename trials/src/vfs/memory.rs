//! A [`Disk`] in memory as SQLite sees it. Clock, random numbers and sleep are
//! the machine's; SQLite needs them for nothing that decides what is kept.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::sync::atomic::{AtomicU64, Ordering};
use std::{ptr, slice};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_int64, sqlite3_vfs};

use super::{machine, register};
use crate::disk::{Disk, Opening, Refusal, ShmChange};

/// Tells the names of disks apart.
static DISKS: AtomicU64 = AtomicU64::new(0);

/// A disk that SQLite knows by name.
#[derive(Clone, Copy)]
pub struct Mounted {
    /// The disk.
    pub disk: &'static Disk,
    /// As what `vfs` it is opened.
    pub vfs: &'static str,
}

/// Gives SQLite a disk for the program's life: it is never given back, so
/// whoever needs many erases and uses one again.
pub fn mount(seed: u64) -> Mounted {
    let disk: &'static Disk = Box::leak(Box::new(Disk::new(seed)));
    let name = format!("guitai-disk-{}", DISKS.fetch_add(1, Ordering::Relaxed));
    let data = ptr::from_ref(disk).cast_mut().cast::<c_void>();
    Mounted { disk, vfs: register(&name, size_of::<OpenFile>(), data, VFS) }
}

/// What SQLite keeps of an open file: its own part first.
#[repr(C)]
struct OpenFile {
    base: sqlite3_file,
    disk: &'static Disk,
    handle: usize,
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
    xGetLastError: None,
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

fn code<T>(answer: Result<T, Refusal>) -> c_int {
    match answer {
        Ok(_) => ffi::SQLITE_OK,
        Err(Refusal(code)) => code,
    }
}

fn place(offset: sqlite3_int64) -> usize {
    usize::try_from(offset).expect("SQLite's places in a file are not negative")
}

/// # Safety
///
/// `vfs` is one that [`mount`] registered.
unsafe fn disk_of(vfs: *mut sqlite3_vfs) -> &'static Disk {
    // SAFETY: `mount` stored a leaked `Disk` there.
    unsafe { &*(*vfs).pAppData.cast::<Disk>() }
}

/// # Safety
///
/// `file` was opened by [`open`] and not closed since.
unsafe fn file_of<'a>(file: *mut sqlite3_file) -> &'a OpenFile {
    // SAFETY: SQLite gave `open` room for an `OpenFile`, which it filled.
    unsafe { &*file.cast::<OpenFile>() }
}

/// # Safety
///
/// `name` is null or a C string that outlives the answer.
unsafe fn name_of<'a>(name: *const c_char) -> Option<&'a str> {
    if name.is_null() {
        return None;
    }
    // SAFETY: it is a C string, says the caller.
    unsafe { CStr::from_ptr(name) }.to_str().ok()
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls a table's method with that table and a name or null.
    let (disk, name) = unsafe { (disk_of(vfs), name_of(name)) };
    let opening = Opening {
        create: flags & ffi::SQLITE_OPEN_CREATE != 0,
        write: flags & ffi::SQLITE_OPEN_READWRITE != 0,
        is_journal: flags & (ffi::SQLITE_OPEN_MAIN_JOURNAL | ffi::SQLITE_OPEN_WAL) != 0,
    };
    let opened = disk.open(name, opening);
    // SAFETY: SQLite gave `szOsFile` bytes, aligned for any object; a file
    // without methods is one that is not open and will not be closed.
    unsafe { file.write(sqlite3_file { pMethods: ptr::null() }) };
    let (handle, read_only) = match opened {
        Ok(opened) => opened,
        Err(Refusal(code)) => return code,
    };
    let open = OpenFile { base: sqlite3_file { pMethods: &raw const METHODS }, disk, handle };
    // SAFETY: as above.
    unsafe { file.cast::<OpenFile>().write(open) };
    if !out_flags.is_null() {
        let write = ffi::SQLITE_OPEN_READWRITE | ffi::SQLITE_OPEN_CREATE;
        let out = if read_only { flags & !write | ffi::SQLITE_OPEN_READONLY } else { flags };
        // SAFETY: where it is not null SQLite wants to know.
        unsafe { out_flags.write(out) };
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn delete(vfs: *mut sqlite3_vfs, name: *const c_char, sync_folder: c_int) -> c_int {
    // SAFETY: SQLite calls a table's method with that table and a name.
    let (disk, name) = unsafe { (disk_of(vfs), name_of(name)) };
    code(disk.delete(name.unwrap_or_default(), sync_folder != 0))
}

unsafe extern "C" fn access(
    vfs: *mut sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls a table's method with that table and a name.
    let (disk, name) = unsafe { (disk_of(vfs), name_of(name)) };
    let name = name.unwrap_or_default();
    let found = if flags == ffi::SQLITE_ACCESS_EXISTS { disk.exists(name) } else { disk.is_writable(name) };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { out.write(c_int::from(found == Ok(true))) };
    if found.is_err() { ffi::SQLITE_IOERR_ACCESS } else { ffi::SQLITE_OK }
}

unsafe extern "C" fn full_path_name(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite gives a name.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if bytes.len() > usize::try_from(room).unwrap_or(0) {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: `out` has `room` bytes, and no place of SQLite's overlaps the name.
    unsafe { ptr::copy_nonoverlapping(bytes.as_ptr().cast(), out, bytes.len()) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(_: *mut sqlite3_vfs, bytes: c_int, out: *mut c_char) -> c_int {
    // SAFETY: the machine's VFS has every method, and gets what SQLite gave.
    unsafe { (*machine()).xRandomness.map_or(0, |method| method(machine(), bytes, out)) }
}

unsafe extern "C" fn sleep(_: *mut sqlite3_vfs, microseconds: c_int) -> c_int {
    // Whoever would be waited for runs in this thread: waiting is of no use.
    microseconds
}

unsafe extern "C" fn current_time(_: *mut sqlite3_vfs, out: *mut f64) -> c_int {
    // SAFETY: as in `randomness`.
    unsafe { (*machine()).xCurrentTime.map_or(ffi::SQLITE_ERROR, |method| method(machine(), out)) }
}

unsafe extern "C" fn current_time_int64(_: *mut sqlite3_vfs, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: as in `randomness`.
    unsafe { (*machine()).xCurrentTimeInt64.map_or(ffi::SQLITE_ERROR, |method| method(machine(), out)) }
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite closes what is open.
    let open = unsafe { file_of(file) };
    open.disk.close(open.handle);
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open, and `into` has so many bytes for us alone.
    let (open, into) =
        unsafe { (file_of(file), slice::from_raw_parts_mut(into.cast::<u8>(), place(bytes.into()))) };
    match open.disk.read(open.handle, place(at), into) {
        Ok(false) => ffi::SQLITE_OK,
        Ok(true) => ffi::SQLITE_IOERR_SHORT_READ,
        Err(Refusal(code)) => code,
    }
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    from: *const c_void,
    bytes: c_int,
    at: sqlite3_int64,
) -> c_int {
    // SAFETY: the file is open, and `from` has so many bytes.
    let (open, from) =
        unsafe { (file_of(file), slice::from_raw_parts(from.cast::<u8>(), place(bytes.into()))) };
    code(open.disk.write(open.handle, place(at), from))
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, length: sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    code(open.disk.truncate(open.handle, place(length)))
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    code(open.disk.sync(open.handle))
}

unsafe extern "C" fn file_size(file: *mut sqlite3_file, out: *mut sqlite3_int64) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    match open.disk.length(open.handle) {
        Ok(length) => {
            // SAFETY: SQLite gives a place for the answer.
            unsafe { out.write(sqlite3_int64::try_from(length).unwrap_or(sqlite3_int64::MAX)) };
            ffi::SQLITE_OK
        }
        Err(Refusal(code)) => code,
    }
}

unsafe extern "C" fn lock(file: *mut sqlite3_file, wanted: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    code(open.disk.take_lock(open.handle, wanted))
}

unsafe extern "C" fn unlock(file: *mut sqlite3_file, kept: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    open.disk.release_lock(open.handle, kept);
    ffi::SQLITE_OK
}

unsafe extern "C" fn check_reserved_lock(file: *mut sqlite3_file, out: *mut c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    let reserved = open.disk.is_reserved(open.handle);
    // SAFETY: SQLite gives a place for the answer.
    unsafe { out.write(c_int::from(reserved == Ok(true))) };
    code(reserved)
}

unsafe extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    // As SQLite's own VFS says it.
    4_096
}

unsafe extern "C" fn device_characteristics(_: *mut sqlite3_file) -> c_int {
    // As SQLite's own VFS says it: a write spoils no byte beside it.
    ffi::SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn shm_map(
    file: *mut sqlite3_file,
    number: c_int,
    bytes: c_int,
    make: c_int,
    out: *mut *mut c_void,
) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    let region = open.disk.region(open.handle, place(number.into()), place(bytes.into()), make != 0);
    // The disk keeps the region until `shm_unmap`; its atomics may be written
    // through a shared pointer.
    let pointer = match &region {
        Ok(Some(region)) => region.as_ptr().cast_mut().cast::<c_void>(),
        Ok(None) | Err(_) => ptr::null_mut(),
    };
    // SAFETY: SQLite gives a place for the answer.
    unsafe { out.write(pointer) };
    code(region)
}

unsafe extern "C" fn shm_lock(file: *mut sqlite3_file, first: c_int, count: c_int, flags: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    let first = place(first.into());
    let locks = first..first + place(count.into());
    let change = if flags & ffi::SQLITE_SHM_UNLOCK != 0 {
        ShmChange::Release
    } else if flags & ffi::SQLITE_SHM_SHARED != 0 {
        ShmChange::Share
    } else {
        ShmChange::Exclude
    };
    code(open.disk.lock_shared(open.handle, locks, change))
}

unsafe extern "C" fn shm_barrier(_: *mut sqlite3_file) {
    std::sync::atomic::fence(Ordering::SeqCst);
}

unsafe extern "C" fn shm_unmap(file: *mut sqlite3_file, _: c_int) -> c_int {
    // SAFETY: the file is open.
    let open = unsafe { file_of(file) };
    open.disk.leave_shared(open.handle);
    ffi::SQLITE_OK
}
