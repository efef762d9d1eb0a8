//! System calls on files, with errors in words.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use crate::error::{CoreError, ErrorKind};

/// A file that only its owner can read and nobody can run.
const MODE: u32 = 0o600;

/// A failed system call, in words. `path` is shown to the person.
pub(crate) fn failed(what: &str, path: &Path, error: &io::Error) -> CoreError {
    let message = |what: &str| format!("cannot {what} {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            CoreError::new(
                ErrorKind::Io,
                "disk_full",
                message(what),
                "free some space, then repeat; what has arrived is kept",
            )
        }
        io::ErrorKind::NotFound => CoreError::new(
            ErrorKind::Usage,
            "file_missing",
            message(what),
            "check the path",
        ),
        _ => CoreError::new(
            ErrorKind::Io,
            "file_disk",
            message(what),
            "check the disk and the permissions of the path, then repeat",
        ),
    }
}

/// Makes a new private file; never opens one that is there.
pub(crate) fn create_new(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .mode(MODE)
        .open(path)
}

/// Opens a private file of the profile, made empty if it is missing.
pub(super) fn open_or_create(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(MODE)
        .custom_flags(flags(rustix::fs::OFlags::NOFOLLOW))
        .open(path)
}

/// Opens somebody's file for reading. A pipe or device must not make it wait.
pub(super) fn open_source(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .custom_flags(flags(rustix::fs::OFlags::NONBLOCK))
        .open(path)
}

fn flags(flags: rustix::fs::OFlags) -> i32 {
    flags.bits().cast_signed()
}

/// Makes the names in a directory durable.
pub(crate) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A file that is removed unless it is kept.
pub(super) struct Unfinished<'a>(&'a Path);

impl<'a> Unfinished<'a> {
    pub(super) fn new(path: &'a Path) -> Self {
        Self(path)
    }

    /// It has another name now.
    pub(super) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        // What cannot be removed now goes with the next sweep.
        let _ = fs::remove_file(self.0);
    }
}
