//! Files that only their owner can read, from the first moment on.

use std::fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{CoreError, ErrorKind, Result};

const DIR_MODE: u32 = 0o700;
const FILE_MODE: u32 = 0o600;
/// Any right of group or others.
const LOOSE: u32 = 0o077;

/// Makes a directory, and those above it, that only the owner can enter; an existing one must be
/// so already.
pub(crate) fn create_private_dir(path: &Path) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return check_private_dir(path);
    }
    DirBuilder::new()
        .recursive(true)
        .mode(DIR_MODE)
        .create(path)
        .and_then(|()| fs::set_permissions(path, Permissions::from_mode(DIR_MODE)))
        .and_then(|()| sync_dir(parent(path)))
        .map_err(|error| disk("make the directory", path, &error))?;
    check_private_dir(path)
}

/// Refuses a directory that is a link, somebody else's, or open to others.
pub(crate) fn check_private_dir(path: &Path) -> Result<()> {
    let found = metadata(path)?;
    if !found.is_symlink() && !found.is_dir() {
        return Err(unexpected(path, "a directory"));
    }
    check(path, &found, DIR_MODE)
}

/// Refuses a file that is a link, somebody else's, or open to others.
pub(crate) fn check_private_file(path: &Path) -> Result<()> {
    check_file(path, &metadata(path)?)
}

/// Writes a new file; never replaces one. It appears under its name complete or not at all.
pub(crate) fn create_private(path: &Path, content: &[u8]) -> Result<()> {
    let temporary = Temporary::write(path, content)?;
    // Unlike a rename, a link fails if the name is taken.
    fs::hard_link(&temporary.path, path)
        .and_then(|()| sync_dir(parent(path)))
        .map_err(|error| disk("create", path, &error))
}

/// Writes a file, in place of an older one if there is one. After a crash there is the old
/// content or the new, never a mix.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        check_private_file(path)?;
    }
    let temporary = Temporary::write(path, content)?;
    fs::rename(&temporary.path, path)
        .and_then(|()| sync_dir(parent(path)))
        .map_err(|error| disk("write", path, &error))
}

/// Reads a private file of at most `limit` bytes.
pub(crate) fn read_private(path: &Path, limit: usize) -> Result<Zeroizing<Vec<u8>>> {
    check_private_file(path)?;
    let reading = |error: io::Error| disk("read", path, &error);
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(no_follow())
        .open(path)
        .map_err(reading)?;
    // Once more on what was opened: the name may have changed hands in between.
    check_file(path, &file.metadata().map_err(reading)?)?;
    let mut content = Zeroizing::new(Vec::with_capacity(limit.min(64 * 1024) + 1));
    file.take(limit as u64 + 1)
        .read_to_end(&mut content)
        .map_err(reading)?;
    if content.len() > limit {
        return Err(unexpected(
            path,
            &format!("a file of at most {limit} bytes"),
        ));
    }
    Ok(content)
}

/// Opens a private file for reading and writing, made empty if it is missing.
pub(super) fn open_private(path: &Path) -> Result<File> {
    let opening = |error: io::Error| disk("open", path, &error);
    if fs::symlink_metadata(path).is_ok() {
        check_private_file(path)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .custom_flags(no_follow())
        .open(path)
        .map_err(opening)?;
    check_file(path, &file.metadata().map_err(opening)?)?;
    Ok(file)
}

/// Makes the names in a directory durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// A finished file that waits for its name; removed if it does not get one.
struct Temporary {
    path: PathBuf,
}

impl Temporary {
    fn write(target: &Path, content: &[u8]) -> Result<Self> {
        let writing = |error: io::Error| disk("write", target, &error);
        let mut name = target.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{:016x}.new", rand::random::<u64>()));
        let path = target.with_file_name(name);
        let mut file = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(FILE_MODE)
            .open(&path)
            .map_err(writing)?;
        let temporary = Self { path };
        file.write_all(content).map_err(writing)?;
        file.sync_all().map_err(writing)?;
        Ok(temporary)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename there is nothing left to remove.
        let _ = fs::remove_file(&self.path);
    }
}

fn no_follow() -> i32 {
    rustix::fs::OFlags::NOFOLLOW.bits().cast_signed()
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn metadata(path: &Path) -> Result<Metadata> {
    fs::symlink_metadata(path).map_err(|error| disk("look at", path, &error))
}

fn check_file(path: &Path, found: &Metadata) -> Result<()> {
    if !found.is_symlink() && !found.is_file() {
        return Err(unexpected(path, "a file"));
    }
    check(path, found, FILE_MODE)
}

fn check(path: &Path, found: &Metadata, mode: u32) -> Result<()> {
    let shown = path.display();
    if found.is_symlink() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "profile_symlink",
            format!("{shown} is a symbolic link"),
            "whoever can change the link could take the profile's place; name the real path",
        ));
    }
    if found.uid() != rustix::process::geteuid().as_raw() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "profile_foreign",
            format!("{shown} belongs to another user"),
            "use a profile of your own, or run the program as that user",
        ));
    }
    if found.mode() & LOOSE != 0 {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "profile_permissions",
            format!("{shown} is open to other users of this machine"),
            format!(
                "close it with: chmod {mode:o} '{}'",
                shown.to_string().replace('\'', r"'\''")
            ),
        ));
    }
    Ok(())
}

fn unexpected(path: &Path, what: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "profile_unexpected",
        format!("{} is not {what}", path.display()),
        "check the path of the profile",
    )
}

/// A failed system call, in words.
pub(super) fn disk(what: &str, path: &Path, error: &io::Error) -> CoreError {
    let (code, hint) = match error.kind() {
        io::ErrorKind::NotFound => ("profile_missing", "check the path of the profile"),
        io::ErrorKind::AlreadyExists => (
            "profile_exists",
            "a profile is there already; open it, or choose another path",
        ),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            ("disk_full", "free some space, then repeat")
        }
        _ => (
            "profile_disk",
            "check the disk and the permissions of the path, then repeat",
        ),
    };
    let message = format!("cannot {what} {}: {error}", path.display());
    CoreError::new(ErrorKind::Io, code, message, hint)
}
