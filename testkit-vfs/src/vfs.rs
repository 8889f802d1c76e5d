//! The table of C functions. Each does its bookkeeping and passes on to the default VFS.
//!
//! Memory: SQLite gives `szOsFile` bytes for each file; our part comes first, the default VFS's file follows at [`INNER`].
//! Shared memory, locks and file control go straight to the inner file. There is no `xFetch`: all reads and writes come by.

use super::{NotRegistered, State};
use rusqlite::ffi;
use std::ffi::{CStr, CString, OsStr, c_char, c_int, c_void};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a registered VFS points to: lives as long as the process.
struct App {
    inner: *mut ffi::sqlite3_vfs,
    state: &'static Mutex<State>,
}

#[repr(C)]
struct File {
    /// First, because SQLite sees nothing else.
    base: ffi::sqlite3_file,
    app: &'static App,
    /// `None` for temporary files: nobody expects them after a power loss.
    path: *mut Option<PathBuf>,
}

/// Where the inner file begins.
const INNER: usize = size_of::<File>().next_multiple_of(16);

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

pub(crate) fn register(name: &str, state: &'static Mutex<State>) -> Result<(), NotRegistered> {
    let name = CString::new(name).map_err(|_| NotRegistered)?.into_raw();
    // SAFETY: a null name asks for the default VFS; `name` is a C string that is never freed. The default VFS, which stays
    // registered, is only read. What is registered is leaked on purpose and so outlives every connection.
    unsafe {
        let inner = ffi::sqlite3_vfs_find(std::ptr::null());
        if inner.is_null() || !ffi::sqlite3_vfs_find(name).is_null() {
            return Err(NotRegistered);
        }
        let size = c_int::try_from(INNER).map_err(|_| NotRegistered)?;
        let app = Box::into_raw(Box::new(App { inner, state }));
        let vfs = ffi::sqlite3_vfs {
            iVersion: 2,
            szOsFile: size + (*inner).szOsFile,
            mxPathname: (*inner).mxPathname,
            pNext: std::ptr::null_mut(),
            zName: name,
            pAppData: app.cast(),
            xOpen: Some(open),
            xDelete: Some(delete),
            xAccess: Some(access),
            xFullPathname: Some(full_pathname),
            // Nothing that is tested loads an extension.
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
        match ffi::sqlite3_vfs_register(Box::into_raw(Box::new(vfs)), 0) {
            ffi::SQLITE_OK => Ok(()),
            _ => Err(NotRegistered),
        }
    }
}

impl App {
    fn state(&self) -> MutexGuard<'static, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// # Safety
/// `vfs` must be one that [`register`] made.
unsafe fn app(vfs: *mut ffi::sqlite3_vfs) -> &'static App {
    // SAFETY: `register` put a leaked `App` there.
    unsafe { &*(*vfs).pAppData.cast::<App>() }
}

/// # Safety
/// `file` must be one that [`open`] filled in.
unsafe fn ours<'a>(file: *mut ffi::sqlite3_file) -> &'a File {
    // SAFETY: `open` wrote a `File` at this address, and nobody changes it before `close`.
    unsafe { &*file.cast::<File>() }
}

/// # Safety
/// `file` must point to `szOsFile` bytes of ours.
unsafe fn inner(file: *mut ffi::sqlite3_file) -> *mut ffi::sqlite3_file {
    // SAFETY: the allocation is `INNER` plus the inner VFS's `szOsFile` bytes long.
    unsafe { file.cast::<u8>().add(INNER).cast() }
}

/// # Safety
/// `name` must be null or a C string that lives as long as the result is used.
unsafe fn path_of<'a>(name: *const c_char) -> Option<&'a Path> {
    if name.is_null() {
        return None;
    }
    // SAFETY: the caller says that it is a C string.
    let bytes = unsafe { CStr::from_ptr(name) }.to_bytes();
    Some(Path::new(OsStr::from_bytes(bytes)))
}

impl File {
    fn path(&self) -> Option<&Path> {
        // SAFETY: `open` made it with `Box::into_raw`, and `close`, after which nobody has the file, frees it.
        unsafe { &*self.path }.as_deref()
    }
}

/// Calls the inner file's method of this name.
macro_rules! pass {
    ($file:expr, $method:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls with a file that `open` filled in, whose inner file the default VFS opened; the arguments are
        // SQLite's own.
        let (file, method) = unsafe {
            let file = inner($file);
            (file, (*(*file).pMethods).$method)
        };
        match method {
            // SAFETY: as above.
            Some(method) => unsafe { method(file $(, $argument)*) },
            None => ffi::SQLITE_IOERR,
        }
    }};
}

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: ffi::sqlite3_filename,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    // SAFETY: SQLite calls with the VFS that `register` made and with a name that lives as long as the file.
    let (app, path) = unsafe { (app(vfs), path_of(name)) };
    let existed = path.is_some_and(Path::exists);
    // SAFETY: the inner VFS gets its own part of the allocation; no methods means to SQLite that nothing is to be closed.
    let code = unsafe {
        (*file).pMethods = std::ptr::null();
        match (*app.inner).xOpen {
            Some(open) => open(app.inner, name, inner(file), flags, out_flags),
            None => ffi::SQLITE_CANTOPEN,
        }
    };
    if code != ffi::SQLITE_OK {
        return code;
    }
    let is_log = flags & (ffi::SQLITE_OPEN_WAL | ffi::SQLITE_OPEN_MAIN_JOURNAL) != 0;
    if let Some(path) = path
        && app.state().disks.open(path, existed, is_log).is_err()
    {
        pass!(file, xClose);
        return ffi::SQLITE_IOERR_READ;
    }
    let ours = File {
        base: ffi::sqlite3_file {
            pMethods: &raw const METHODS,
        },
        app,
        path: Box::into_raw(Box::new(path.map(Path::to_owned))),
    };
    // SAFETY: the allocation begins with room for a `File` and is aligned for it; what was there needs no drop.
    unsafe { file.cast::<File>().write(ours) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: SQLite closes a file once; the box was made by `open`.
    drop(unsafe { Box::from_raw(ours(file).path) });
    pass!(file, xClose)
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    amount: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    pass!(file, xRead, into, amount, at)
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    amount: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: SQLite calls with a file that `open` filled in.
    let ours = unsafe { ours(file) };
    let (Some(path), Ok(wanted), Ok(place)) =
        (ours.path(), usize::try_from(amount), usize::try_from(at))
    else {
        return pass!(file, xWrite, from, amount, at);
    };
    let mut state = ours.app.state();
    let fits = state.room.map_or(wanted, |room| {
        wanted.min(usize::try_from(room).unwrap_or(usize::MAX))
    });
    if let Some(room) = &mut state.room {
        *room -= fits as u64;
    }
    if fits > 0 {
        let code = pass!(
            file,
            xWrite,
            from,
            c_int::try_from(fits).unwrap_or(amount),
            at
        );
        if code != ffi::SQLITE_OK {
            return code;
        }
        // SAFETY: SQLite gives `amount` bytes at `from`, and `fits` is no more.
        let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), fits) };
        state.disks.write(path, place, bytes);
    }
    if fits < wanted {
        ffi::SQLITE_FULL
    } else {
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    let code = pass!(file, xTruncate, size);
    // SAFETY: SQLite calls with a file that `open` filled in.
    let ours = unsafe { ours(file) };
    if code == ffi::SQLITE_OK
        && let (Some(path), Ok(size)) = (ours.path(), usize::try_from(size))
    {
        ours.app.state().disks.truncate(path, size);
    }
    code
}

unsafe extern "C" fn sync(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    // The page cache outlives the test: nothing needs to reach the real disk.
    // SAFETY: SQLite calls with a file that `open` filled in.
    let ours = unsafe { ours(file) };
    let mut state = ours.app.state();
    if state.keeps_syncs {
        let now = state.disks.clone();
        state.at_syncs.push(now);
    }
    let fails = match &mut state.syncs_until_failure {
        Some(left) => {
            *left = left.saturating_sub(1);
            *left == 0
        }
        None => false,
    };
    if fails {
        state.syncs_until_failure = None;
    }
    match ours.path() {
        Some(path) if fails => state.disks.drop_pending(path),
        Some(path) => state.disks.flush(path),
        None => {}
    }
    if fails {
        ffi::SQLITE_IOERR_FSYNC
    } else {
        ffi::SQLITE_OK
    }
}

unsafe extern "C" fn file_size(
    file: *mut ffi::sqlite3_file,
    size: *mut ffi::sqlite3_int64,
) -> c_int {
    pass!(file, xFileSize, size)
}

unsafe extern "C" fn lock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xLock, level)
}

unsafe extern "C" fn unlock(file: *mut ffi::sqlite3_file, level: c_int) -> c_int {
    pass!(file, xUnlock, level)
}

unsafe extern "C" fn check_reserved_lock(file: *mut ffi::sqlite3_file, out: *mut c_int) -> c_int {
    pass!(file, xCheckReservedLock, out)
}

unsafe extern "C" fn file_control(
    file: *mut ffi::sqlite3_file,
    op: c_int,
    argument: *mut c_void,
) -> c_int {
    pass!(file, xFileControl, op, argument)
}

unsafe extern "C" fn sector_size(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xSectorSize)
}

unsafe extern "C" fn device_characteristics(file: *mut ffi::sqlite3_file) -> c_int {
    pass!(file, xDeviceCharacteristics)
}

unsafe extern "C" fn shm_map(
    file: *mut ffi::sqlite3_file,
    page: c_int,
    size: c_int,
    extend: c_int,
    out: *mut *mut c_void,
) -> c_int {
    pass!(file, xShmMap, page, size, extend, out)
}

unsafe extern "C" fn shm_lock(
    file: *mut ffi::sqlite3_file,
    offset: c_int,
    count: c_int,
    flags: c_int,
) -> c_int {
    pass!(file, xShmLock, offset, count, flags)
}

unsafe extern "C" fn shm_barrier(file: *mut ffi::sqlite3_file) {
    // SAFETY: SQLite calls with a file that `open` filled in, whose inner file the default VFS opened.
    unsafe {
        let file = inner(file);
        if let Some(barrier) = (*(*file).pMethods).xShmBarrier {
            barrier(file);
        }
    }
}

unsafe extern "C" fn shm_unmap(file: *mut ffi::sqlite3_file, delete: c_int) -> c_int {
    pass!(file, xShmUnmap, delete)
}

unsafe extern "C" fn delete(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    sync_dir: c_int,
) -> c_int {
    // SAFETY: SQLite calls with the VFS that `register` made and with a C string.
    let (app, path) = unsafe { (app(vfs), path_of(name)) };
    // SAFETY: the inner VFS gets SQLite's own arguments.
    let code = unsafe {
        match (*app.inner).xDelete {
            Some(delete) => delete(app.inner, name, sync_dir),
            None => ffi::SQLITE_IOERR_DELETE,
        }
    };
    if code == ffi::SQLITE_OK
        && let Some(path) = path
    {
        app.state().disks.delete(path, sync_dir != 0);
    }
    code
}

/// Calls the inner VFS's function of this name.
macro_rules! pass_vfs {
    ($vfs:expr, $function:ident $(, $argument:expr)*) => {{
        // SAFETY: SQLite calls with the VFS that `register` made, and with arguments for the function of this name.
        unsafe {
            let inner = app($vfs).inner;
            match (*inner).$function {
                Some(function) => function(inner $(, $argument)*),
                None => ffi::SQLITE_ERROR,
            }
        }
    }};
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    flags: c_int,
    out: *mut c_int,
) -> c_int {
    pass_vfs!(vfs, xAccess, name, flags, out)
}

unsafe extern "C" fn full_pathname(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    pass_vfs!(vfs, xFullPathname, name, size, out)
}

unsafe extern "C" fn randomness(
    vfs: *mut ffi::sqlite3_vfs,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    pass_vfs!(vfs, xRandomness, size, out)
}

unsafe extern "C" fn sleep(vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    pass_vfs!(vfs, xSleep, microseconds)
}

unsafe extern "C" fn current_time(vfs: *mut ffi::sqlite3_vfs, out: *mut f64) -> c_int {
    pass_vfs!(vfs, xCurrentTime, out)
}

unsafe extern "C" fn get_last_error(
    vfs: *mut ffi::sqlite3_vfs,
    size: c_int,
    out: *mut c_char,
) -> c_int {
    pass_vfs!(vfs, xGetLastError, size, out)
}

unsafe extern "C" fn current_time_int64(
    vfs: *mut ffi::sqlite3_vfs,
    out: *mut ffi::sqlite3_int64,
) -> c_int {
    pass_vfs!(vfs, xCurrentTimeInt64, out)
}
