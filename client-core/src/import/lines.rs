//! A file line by line, with bounds, and its hash.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    path::Path,
};

use sealwire_crypto::Sha256Stream;

use super::unreadable;
use crate::{
    error::{CoreError, ErrorKind, Result},
    files::disk,
};

/// Longest line: a text of 256 KiB, in JSON with its earlier texts.
const LONGEST: u64 = 8 * 1024 * 1024;
/// Most lines of a file.
const MOST_LINES: u64 = 20_000_000;

/// Reads lines without their ends.
pub(super) struct Lines {
    file: BufReader<File>,
    number: u64,
    hash: Sha256Stream,
}

impl Lines {
    /// Opens a file.
    ///
    /// # Errors
    /// `import_unreadable` if it is no file; `file_missing`, `file_disk`.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error| disk::failed("read", path, &error);
        if !std::fs::metadata(path).map_err(failed)?.is_file() {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "import_unreadable",
                format!("{} is not a file", path.display()),
                "name the document itself, such as conversation.json",
            ));
        }
        Ok(Self {
            file: BufReader::with_capacity(64 * 1024, File::open(path).map_err(failed)?),
            number: 0,
            hash: Sha256Stream::default(),
        })
    }

    /// The number of the line that was read last, from 1.
    pub(super) const fn number(&self) -> u64 {
        self.number
    }

    /// SHA-256 of what was read.
    pub(super) fn hash(self) -> [u8; 32] {
        self.hash.finish()
    }

    /// The next line; `None` after the last.
    pub(super) fn next(&mut self) -> Result<Option<String>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.file).take(LONGEST + 1);
        let read = limited.read_until(b'\n', &mut line);
        read.map_err(|error| disk::failed("read", Path::new("the file"), &error))?;
        if line.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        self.hash.update(&line);
        if line.len() as u64 > LONGEST || self.number > MOST_LINES {
            return Err(unreadable(self.number, "it is too long"));
        }
        if line.last() == Some(&b'\n') {
            line.pop();
            if line.last() == Some(&b'\r') {
                line.pop();
            }
        }
        let text = String::from_utf8(line);
        let text = text.map_err(|_| unreadable(self.number, "it is not text in UTF-8"))?;
        if text.contains('\0') {
            return Err(unreadable(self.number, "it is not text"));
        }
        Ok(Some(text))
    }
}
