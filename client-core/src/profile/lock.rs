//! One program at a time on a profile.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::{disk, open_private};
use crate::error::{CoreError, ErrorKind, Result};

/// Its file.
pub(crate) const NAME: &str = "profile.lock";
/// Longest note of a holder that is read.
const MAX_NOTE: u64 = 256;

/// The exclusive right to a profile, until dropped. The kernel takes it back when the program
/// ends, however it ends; the file stays, since removing it would let two programs hold locks on
/// two files of the same name.
pub(crate) struct ProfileLock {
    _file: File,
    dir: PathBuf,
}

impl ProfileLock {
    /// Takes the lock of the profile in `dir`.
    ///
    /// # Errors
    /// Kind `Locked`, code `profile_in_use`, names the program that holds it.
    pub(crate) fn acquire(dir: &Path) -> Result<Self> {
        let path = dir.join(NAME);
        let mut file = open_private(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(in_use(&mut file)),
            Err(TryLockError::Error(error)) => return Err(disk("lock", &path, &error)),
        }
        let note = format!("{}\n{}\n", std::process::id(), program());
        file.set_len(0)
            .and_then(|()| file.write_all(note.as_bytes()))
            .map_err(|error| disk("write", &path, &error))?;
        Ok(Self {
            _file: file,
            dir: dir.into(),
        })
    }

    /// The folder of the profile.
    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }
}

/// The name under which this program runs.
fn program() -> String {
    std::env::current_exe()
        .ok()
        .and_then(|path| path.file_name().map(|name| name.display().to_string()))
        .unwrap_or_else(|| "a program".into())
}

fn in_use(file: &mut File) -> CoreError {
    let holder = holder(file).unwrap_or_else(|| "another program".into());
    CoreError::new(
        ErrorKind::Locked,
        "profile_in_use",
        format!("the profile is in use by {holder}"),
        "close that program, or use the profile through its daemon",
    )
}

/// The holder's note. It is written just after the lock is taken, so it may take a moment.
fn holder(file: &mut File) -> Option<String> {
    for _ in 0..10 {
        let mut note = Vec::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.take(MAX_NOTE).read_to_end(&mut note).ok()?;
        if let Some(holder) = parse_note(&String::from_utf8_lossy(&note)) {
            return Some(holder);
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    None
}

fn parse_note(note: &str) -> Option<String> {
    let (pid, rest) = note.split_once('\n')?;
    let (program, _) = rest.split_once('\n')?;
    let pid: u32 = pid.parse().ok()?;
    let program: String = program.chars().filter(|c| !c.is_control()).collect();
    Some(format!("{program} (process {pid})"))
}
