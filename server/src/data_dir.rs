//! The data directory: private by construction, used by one relay at a time.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Why the data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataDirError {
    #[error(
        "the data directory {0} is in use by another relay (pid {1}); stop that one, or pass \
         another --data"
    )]
    InUse(PathBuf, String),
    #[error(
        "a restore into {0} did not end, so what lies there is incomplete; empty the folder and \
         restore again"
    )]
    HalfRestored(PathBuf),
    #[error(
        "the renewal of the transparency logs in {0} did not end; finish it with the command that began it, \
         `sealwire-relay log renew` or `sealwire-relay log rotate-key`"
    )]
    HalfRenewed(PathBuf),
    #[error("cannot use the data directory {0}: {1}")]
    Io(PathBuf, io::Error),
}

/// Where a restore gathers its files. While it is there the data directory is not whole.
pub(crate) const RESTORING: &str = "restore.new";
/// Which logs are being ended. While it is there only a renewal may go on.
pub(crate) const RENEWING: &str = "logs.renewing";
/// The file that is locked.
pub(crate) const LOCK: &str = "lock";

/// A data directory that this process holds.
pub(crate) struct DataDir {
    path: PathBuf,
    // Held for as long as the relay runs; the system lets go of it even after kill -9.
    _lock: File,
}

impl DataDir {
    /// Takes the directory, making it if it is not there.
    pub(crate) fn open(path: &Path) -> Result<Self, DataDirError> {
        let dir = Self::open_to_renew(path)?;
        if path.join(RENEWING).exists() {
            return Err(DataDirError::HalfRenewed(path.into()));
        }
        Ok(dir)
    }

    /// As [`DataDir::open`], also while the logs are being renewed.
    pub(crate) fn open_to_renew(path: &Path) -> Result<Self, DataDirError> {
        let io = |error| DataDirError::Io(path.into(), error);
        keep_private();
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(io)?;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
        let lock = lock(path)?;
        if path.join(RESTORING).exists() {
            return Err(DataDirError::HalfRestored(path.into()));
        }
        Ok(Self {
            path: path.into(),
            _lock: lock,
        })
    }

    /// The logs were renewed.
    pub(crate) fn renewed(&self) -> Result<(), DataDirError> {
        let io = |error| DataDirError::Io(self.path.clone(), error);
        std::fs::remove_file(self.path.join(RENEWING)).map_err(io)?;
        let dir = File::open(&self.path).map_err(io)?;
        dir.sync_all().map_err(io)
    }

    /// A path inside.
    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }
}

/// SQLite makes its files by the umask; nobody else may read them, not for an instant.
pub(crate) fn keep_private() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

fn lock(path: &Path) -> Result<File, DataDirError> {
    let io = |error| DataDirError::Io(path.into(), error);
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path.join(LOCK))
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            let mut pid = String::new();
            file.read_to_string(&mut pid).map_err(io)?;
            return Err(DataDirError::InUse(path.into(), pid.trim().into()));
        }
        Err(TryLockError::Error(error)) => return Err(io(error)),
    }
    file.set_len(0).map_err(io)?;
    file.rewind().map_err(io)?;
    writeln!(file, "{}", std::process::id()).map_err(io)?;
    Ok(file)
}

/// Writes a new private file durably: it is there whole, or not at all.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
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
    if let Some(parent) = path.parent() {
        File::open(parent)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_is_told_who_holds_it() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("data");
        let first = DataDir::open(&path).expect("free");
        let second = DataDir::open(&path).err().expect("in use");
        let pid = std::process::id().to_string();
        assert!(second.to_string().contains(&pid), "{second}");
        drop(first);
        assert!(DataDir::open(&path).is_ok());
    }

    #[test]
    fn what_a_restore_left_half_done_is_not_used() {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir(dir.path().join(RESTORING)).expect("made");
        let refused = DataDir::open(dir.path()).err().expect("refused");
        assert!(refused.to_string().contains("restore again"), "{refused}");
    }

    #[test]
    fn everything_is_private() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let path = dir.path().join("data");
        let data = DataDir::open(&path).expect("free");
        write_private(&data.join("key"), b"secret").expect("written");
        let mode = |path: &Path| std::fs::metadata(path).expect("there").permissions().mode();
        assert_eq!(mode(&path) & 0o777, 0o700);
        assert_eq!(mode(&path.join("key")) & 0o777, 0o600);
        assert_eq!(mode(&path.join("lock")) & 0o777, 0o600);
    }
}
