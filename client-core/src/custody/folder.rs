//! The archive as a folder: `records/DAY.jsonl`, `files/SHA-256`, and the head of its log.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufRead, BufReader, Write},
    path::{Path, PathBuf},
};

use sealwire_audit::{
    checkpoint::Checkpoint,
    merkle::Edge,
    note::{SignerKey, VerifierKey},
};

use super::{CHECKPOINT, FILES, RECORDS, broken, record::Record, tree, writing};
use crate::error::Result;

/// Longest line that is read: a text of 256 KiB in JSON, and more.
const LONGEST: u64 = 4 * 1024 * 1024;

/// An archive that is written.
pub(super) struct Folder {
    dir: PathBuf,
    key: SignerKey,
    edge: Edge,
    /// The day of the newest records.
    day: String,
    /// Device and journal number of the newest record.
    last: Option<(String, u64)>,
}

impl Folder {
    /// Opens the archive in `dir`. Everything up to its signed head has to be as it was written; what stands
    /// behind that was about to be written when the program ended, is still in the journal, and is
    /// cut off.
    ///
    /// # Errors
    /// `archive_broken`, `archive_io`.
    pub(super) fn open(dir: &Path, key: SignerKey) -> Result<Self> {
        let mut folder = Self {
            dir: dir.to_path_buf(),
            key,
            edge: Edge::new(),
            day: String::new(),
            last: None,
        };
        folder.reload()?;
        Ok(folder)
    }

    /// Reads anew what is there; to be called after writing failed, since nobody knows then how far it
    /// came.
    ///
    /// # Errors
    /// As [`Folder::open`].
    pub(super) fn reload(&mut self) -> Result<()> {
        let head = head(&self.dir, self.key.verifier())?;
        (self.edge, self.last) = (Edge::new(), None);
        self.day.clear();
        for day in days(&self.dir)? {
            let path = day_path(&self.dir, &day);
            let mut kept = 0;
            let end = each_line(&path, &mut |line| {
                if self.edge.size() == head.size() {
                    return Ok(false);
                }
                let record = parse(&path, line)?;
                tree::push(&mut self.edge, line)?;
                self.last = Some((record.device, record.journal));
                kept += line.len() as u64 + 1;
                Ok(true)
            })?;
            if end > kept {
                cut(&path, kept)?;
            }
            if kept > 0 {
                self.day = day;
            }
        }
        if self.edge.size() != head.size() || self.edge.root() != *head.root() {
            return Err(broken("its records do not lead to its signed head"));
        }
        Ok(())
    }

    /// Its tree.
    pub(super) const fn edge(&self) -> &Edge {
        &self.edge
    }

    /// Device and journal number of the newest record.
    pub(super) fn last(&self) -> Option<(&str, u64)> {
        self.last
            .as_ref()
            .map(|(device, number)| (device.as_str(), *number))
    }

    /// Where a file of this hash goes.
    pub(super) fn file(&self, sha256: &str) -> PathBuf {
        self.dir.join(FILES).join(sha256)
    }

    /// Writes records behind the others, of `day` (`2026-11-26`) or of a later one that has begun; answers how
    /// many. When it returns they are durable, and the head is signed anew.
    ///
    /// # Errors
    /// `archive_io`: then [`Folder::reload`] it before anything else.
    pub(super) fn append(&mut self, day: &str, mut records: Vec<Record>) -> Result<u64> {
        if day > self.day.as_str() {
            self.day = day.into();
        }
        let bytes = tree::add(&mut self.edge, &mut records)?;
        self.last = records
            .last()
            .map(|record| (record.device.clone(), record.journal));
        let path = day_path(&self.dir, &self.day);
        add(&path, &bytes).map_err(|error| writing(&path, &error))?;
        let note = tree::sign(&self.key, &self.edge)?;
        let path = self.dir.join(CHECKPOINT);
        replace(&path, note.as_bytes()).map_err(|error| writing(&path, &error))?;
        Ok(records.len() as u64)
    }
}

/// The signed head of an archive.
fn head(dir: &Path, key: &VerifierKey) -> Result<Checkpoint> {
    let path = dir.join(CHECKPOINT);
    let bytes = fs::read(&path).map_err(|error| writing(&path, &error))?;
    super::head::parse(&bytes, key)
}

/// The days that have records, in order.
pub(super) fn days(dir: &Path) -> Result<Vec<String>> {
    let path = dir.join(RECORDS);
    let entries = fs::read_dir(&path).map_err(|error| writing(&path, &error))?;
    let mut days = Vec::new();
    for entry in entries {
        let name = entry.map_err(|error| writing(&path, &error))?.file_name();
        let name = name.to_string_lossy();
        let day = name.strip_suffix(".jsonl").filter(|day| is_day(day));
        match day {
            Some(day) => days.push(day.to_owned()),
            None => return Err(broken(format!("{RECORDS}/{name} is none of its files"))),
        }
    }
    days.sort();
    Ok(days)
}

fn is_day(text: &str) -> bool {
    text.parse::<jiff::civil::Date>()
        .is_ok_and(|date| date.to_string() == text)
}

/// The file with the records of a day.
pub(super) fn day_path(dir: &Path, day: &str) -> PathBuf {
    dir.join(RECORDS).join(format!("{day}.jsonl"))
}

/// Reads a line.
fn parse(path: &Path, line: &[u8]) -> Result<Record> {
    serde_json::from_slice(line)
        .map_err(|_| broken(format!("{} holds a line that is no record", path.display())))
}

/// Calls for each whole line until it says no; answers the length of the file. What follows the last line end
/// is not called for.
fn each_line(path: &Path, call: &mut dyn FnMut(&[u8]) -> Result<bool>) -> Result<u64> {
    let mut lines = Lines::open(path)?;
    while let Some(line) = lines.next()? {
        if !call(&line)? {
            break;
        }
    }
    Ok(lines.len)
}

/// The whole lines of a file.
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    len: u64,
    read: u64,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = |error: io::Error| writing(path, &error);
        let file = File::open(path).map_err(failed)?;
        Ok(Self {
            path: path.into(),
            len: file.metadata().map_err(failed)?.len(),
            reader: BufReader::new(file),
            read: 0,
        })
    }

    /// The next, without its end.
    pub(super) fn next(&mut self) -> Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut bounded = io::Read::take(&mut self.reader, LONGEST);
        bounded
            .read_until(b'\n', &mut line)
            .map_err(|error| writing(&self.path, &error))?;
        if line.pop() != Some(b'\n') {
            return Ok(None);
        }
        self.read += line.len() as u64 + 1;
        Ok(Some(line))
    }

    /// Whether something stands behind the last line end.
    pub(super) const fn is_torn(&self) -> bool {
        self.read != self.len
    }
}

fn cut(path: &Path, len: u64) -> Result<()> {
    let failed = |error: io::Error| writing(path, &error);
    if len == 0 {
        return fs::remove_file(path).map_err(failed);
    }
    let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
    file.set_len(len)
        .and_then(|()| file.sync_all())
        .map_err(failed)
}

fn add(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = !path.exists();
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    if new { sync_parent(path) } else { Ok(()) }
}

/// Puts a file in the place of another, so that at any moment one of them is there whole.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let new = path.with_extension("new");
    let mut file = File::create(&new)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    sync_parent(path)
}

/// Makes names in the folder of `path` durable.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) => File::open(parent)?.sync_all(),
        None => Ok(()),
    }
}
