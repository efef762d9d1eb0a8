//! A file as a person has looked at it, so that no other is sent in its place.

use std::{
    fs::{File, Metadata},
    io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use super::disk;
use crate::error::{CoreError, ErrorKind, Result};

/// A file that was opened to be looked at. Sending it is refused once another has its name or it was written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenFile {
    path: PathBuf,
    mark: Mark,
}

/// Which file it is and what state it is in.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    size: u64,
    modified_s: i64,
    modified_ns: i64,
}

impl Mark {
    fn of(found: &Metadata) -> Self {
        Self {
            device: found.dev(),
            inode: found.ino(),
            size: found.len(),
            modified_s: found.mtime(),
            modified_ns: found.mtime_nsec(),
        }
    }
}

impl SeenFile {
    /// Opens the file at `path` and remembers which it is. Blocks, but never waits for somebody who writes into a
    /// pipe.
    ///
    /// # Errors
    /// `file_missing`, `not_a_file`, `file_disk`.
    pub fn open(path: impl Into<PathBuf>) -> Result<(Self, File)> {
        let path = path.into();
        let (file, found) = open(&path)?;
        let mark = Mark::of(&found);
        Ok((Self { path, mark }, file))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Its size in bytes.
    pub const fn size(&self) -> u64 {
        self.mark.size
    }

    /// Whether what was opened now is what was looked at.
    ///
    /// # Errors
    /// `source_changed`.
    pub(super) fn check(&self, found: &Metadata) -> Result<()> {
        if Mark::of(found) == self.mark {
            return Ok(());
        }
        Err(CoreError::new(
            ErrorKind::Io,
            "source_changed",
            format!("{} is not as it was looked at", self.path.display()),
            "nothing was sent; choose it again and look at it",
        ))
    }
}

/// Opens a regular file for reading; links are followed.
///
/// # Errors
/// `file_missing`, `not_a_file`, `file_disk`.
pub(super) fn open(path: &Path) -> Result<(File, Metadata)> {
    let reading = |error: io::Error| disk::failed("read", path, &error);
    let file = disk::open_source(path).map_err(reading)?;
    let found = file.metadata().map_err(reading)?;
    if !found.is_file() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "not_a_file",
            format!("{} is not a file", path.display()),
            "only files can be sent; pack a folder first",
        ));
    }
    Ok((file, found))
}
