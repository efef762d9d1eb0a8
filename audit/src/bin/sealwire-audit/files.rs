//! Files: read within bounds, written whole and durably, private.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use rustix::fs::OFlags;

use crate::failure::Failure;

/// Reads a file of at most `most` bytes; one byte more of a larger one, so that its
/// parser refuses it.
pub(crate) fn read(path: &Path, most: usize) -> Result<Vec<u8>, Failure> {
    let read = || {
        let mut content = Vec::new();
        let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        File::open(path)?.take(most).read_to_end(&mut content)?;
        Ok(content)
    };
    read().map_err(|error| Failure::file(path, &error))
}

/// Reads a plain file of at most `most` bytes that somebody else may have put there: no link is followed, and
/// nothing is waited for. `None` if it is larger, or no plain file.
pub(crate) fn read_plain(path: &Path, most: usize) -> io::Result<Option<Vec<u8>>> {
    let flags = i32::try_from((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits());
    let flags = flags.map_err(io::Error::other)?;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags)
        .open(path)?;
    let metadata = file.metadata()?;
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    if !metadata.is_file() || metadata.len() > most {
        return Ok(None);
    }
    let mut content = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.take(most).read_to_end(&mut content)?;
    Ok(Some(content))
}

/// Writes a private file durably: after this it is there whole, even after a power
/// cut. What was there before is replaced.
pub(crate) fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path)?;
    sync_parent(path)
}

/// Makes the name of `path` durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

/// Makes a private folder, if it is not there.
pub(crate) fn make_folder(path: &Path) -> io::Result<()> {
    match DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        done => done,
    }
}
