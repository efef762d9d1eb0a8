//! Reading what a person wants to send, and noticing if it changes meanwhile.

use std::{
    fs::{File, Metadata},
    io::{self, Read},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

use sealwire_protocol::content::MAX_FILE;
use zeroize::Zeroizing;

use super::{
    disk,
    seen::{self, SeenFile},
    types::Source,
};
use crate::error::{CoreError, ErrorKind, Result};

/// An open source of a known size.
pub(super) struct Input {
    /// Its own name.
    pub(super) name: String,
    /// Bytes that it has to give.
    pub(super) size: u64,
    reader: Box<dyn Read + Send>,
    watched: Option<Watched>,
    shown: PathBuf,
}

/// A file as it was when reading began.
struct Watched {
    file: File,
    stamp: Stamp,
}

/// Size and times of a file: two that differ are of two contents.
#[derive(PartialEq, Eq)]
struct Stamp([i64; 5]);

impl Stamp {
    fn of(found: &Metadata) -> Self {
        let size = i64::try_from(found.len()).unwrap_or(i64::MAX);
        Self([
            size,
            found.mtime(),
            found.mtime_nsec(),
            found.ctime(),
            found.ctime_nsec(),
        ])
    }
}

impl Input {
    /// Opens a source.
    ///
    /// # Errors
    /// `file_missing`, `not_a_file`, `file_too_large`, `file_disk`; `source_changed` if it is not the file that
    /// was seen.
    pub(super) fn open(source: Source) -> Result<Self> {
        let input = match source {
            Source::Reader { name, size, reader } => Self {
                shown: PathBuf::from(&name),
                name,
                size,
                reader,
                watched: None,
            },
            Source::Path(path) => Self::open_file(path, None)?,
            Source::Seen(file) => Self::open_file(file.path().to_owned(), Some(&file))?,
        };
        if input.size > MAX_FILE {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "file_too_large",
                format!(
                    "{} has {} bytes; a file may have {MAX_FILE}",
                    input.shown.display(),
                    input.size
                ),
                "send it in parts",
            ));
        }
        Ok(input)
    }

    /// Bytes in memory.
    pub(super) fn of_bytes(name: String, bytes: Vec<u8>) -> Self {
        Self {
            shown: PathBuf::from(&name),
            name,
            size: bytes.len() as u64,
            reader: Box::new(io::Cursor::new(Zeroizing::new(bytes))),
            watched: None,
        }
    }

    /// Puts bytes back that were read from the front.
    pub(super) fn put_back(&mut self, front: Vec<u8>) {
        let rest = std::mem::replace(&mut self.reader, Box::new(io::empty()));
        self.reader = Box::new(io::Cursor::new(Zeroizing::new(front)).chain(rest));
    }

    /// Opens a file, which has to be the one that was seen.
    fn open_file(path: PathBuf, seen: Option<&SeenFile>) -> Result<Self> {
        let reading = |error: io::Error| disk::failed("read", &path, &error);
        let (file, found) = seen::open(&path)?;
        seen.map_or(Ok(()), |seen| seen.check(&found))?;
        let watched = Watched {
            file: file.try_clone().map_err(reading)?,
            stamp: Stamp::of(&found),
        };
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Ok(Self {
            name: name.into_owned(),
            size: found.len(),
            reader: Box::new(file),
            watched: Some(watched),
            shown: path,
        })
    }

    /// Reads as many bytes as there should be.
    ///
    /// # Errors
    /// `source_changed` if they end before.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<()> {
        match self.reader.read_exact(buffer) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(changed(&self.shown)),
            Err(error) => Err(disk::failed("read", &self.shown, &error)),
        }
    }

    /// To be called when everything was read.
    ///
    /// # Errors
    /// `source_changed` if there is more, or the file was written to meanwhile.
    pub(super) fn check_unchanged(&mut self) -> Result<()> {
        let reading = |error: io::Error| disk::failed("read", &self.shown, &error);
        let more = self.reader.read(&mut [0]).map_err(reading)?;
        let same = match &self.watched {
            Some(watched) => Stamp::of(&watched.file.metadata().map_err(reading)?) == watched.stamp,
            None => true,
        };
        if more > 0 || !same {
            return Err(changed(&self.shown));
        }
        Ok(())
    }
}

fn changed(path: &Path) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "source_changed",
        format!("{} changed while it was read", path.display()),
        "nothing was sent; wait until it is written, then send it again",
    )
}
