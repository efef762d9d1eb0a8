//! The folder of the packages, each under its SHA-256.

use std::collections::BTreeSet;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sealwire_audit::predicate::Hex;
use sealwire_audit::update::MAX_PACKAGE;
use sealwire_crypto::Sha256Stream;

/// Its name in the data directory.
const FOLDER: &str = "updates";
/// A package that is not whole yet.
const UNFINISHED: &str = "unfinished";
const CHUNK: usize = 256 * 1024;

/// Why a package was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotTaken {
    #[error("cannot be copied to the relay's data directory ({0})")]
    Io(#[from] io::Error),
    #[error("is larger than 512 MiB")]
    TooLarge,
    #[error("is not the package of the provenance; its SHA-256 is {0}")]
    Other(Hex<32>),
}

/// Where the packages lie.
#[derive(Clone)]
pub(super) struct Shelf(PathBuf);

impl Shelf {
    /// That of a data directory.
    pub(super) fn of(dir: &Path) -> Self {
        Self(dir.join(FOLDER))
    }

    /// Where the package with this SHA-256 lies, if it does.
    pub(super) fn path(&self, sha256: &Hex<32>) -> PathBuf {
        self.0.join(format!("{sha256}.deb"))
    }

    /// Whether this package is there, by its size.
    pub(super) fn holds(&self, sha256: &Hex<32>, size: u64) -> bool {
        let metadata = fs::symlink_metadata(self.path(sha256));
        metadata.is_ok_and(|found| found.is_file() && found.len() == size)
    }

    /// Copies a package, which is there whole or not at all. Gives its size in bytes.
    pub(super) fn take(&self, from: &Path, sha256: &Hex<32>) -> Result<u64, NotTaken> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.0)?;
        let unfinished = self.0.join(UNFINISHED);
        let taken = copy(from, &unfinished, sha256);
        if taken.is_err() {
            // Gone already if it was never made; else the next one takes its place.
            drop(fs::remove_file(&unfinished));
        }
        let size = taken?;
        fs::rename(&unfinished, self.path(sha256))?;
        File::open(&self.0)?.sync_all()?;
        Ok(size)
    }

    /// Removes all but these.
    pub(super) fn keep(&self, kept: &BTreeSet<Hex<32>>) -> io::Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let kept: BTreeSet<PathBuf> = kept.iter().map(|sha256| self.path(sha256)).collect();
        for entry in entries {
            let path = entry?.path();
            if !kept.contains(&path) {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }
}

fn copy(from: &Path, to: &Path, wanted: &Hex<32>) -> Result<u64, NotTaken> {
    let mut from = File::open(from)?.take(MAX_PACKAGE + 1);
    let mut to = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(to)?;
    let (mut hash, mut size) = (Sha256Stream::default(), 0);
    let mut chunk = vec![0; CHUNK];
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        size += read as u64;
        hash.update(&chunk[..read]);
        to.write_all(&chunk[..read])?;
    }
    if size > MAX_PACKAGE {
        return Err(NotTaken::TooLarge);
    }
    let found = Hex(hash.finish());
    if found != *wanted {
        return Err(NotTaken::Other(found));
    }
    to.sync_all()?;
    Ok(size)
}

#[cfg(test)]
mod tests {
    use sealwire_crypto::sha256;

    use super::*;

    #[test]
    fn a_package_is_there_whole_or_not_at_all() {
        let dir = tempfile::tempdir().expect("a folder");
        let shelf = Shelf::of(dir.path());
        let from = dir.path().join("from");
        let bytes = vec![7; CHUNK + 5];
        fs::write(&from, &bytes).expect("written");
        let (right, wrong) = (Hex(sha256(&[&bytes])), Hex([0; 32]));
        let size = bytes.len() as u64;
        assert!(matches!(
            shelf.take(&from, &wrong),
            Err(NotTaken::Other(found)) if found == right
        ));
        assert!(!shelf.holds(&wrong, size));
        assert_eq!(
            fs::read_dir(dir.path().join(FOLDER)).expect("made").count(),
            0
        );
        assert_eq!(shelf.take(&from, &right).expect("taken"), size);
        assert!(shelf.holds(&right, size));
        assert!(!shelf.holds(&right, size - 1));
        assert_eq!(fs::read(shelf.path(&right)).expect("there"), bytes);
        shelf.keep(&BTreeSet::from([right])).expect("kept");
        assert!(shelf.holds(&right, size));
        shelf.keep(&BTreeSet::new()).expect("removed");
        assert!(!shelf.holds(&right, size));
    }

    #[test]
    fn what_is_too_large_is_not_taken() {
        let dir = tempfile::tempdir().expect("a folder");
        let from = dir.path().join("from");
        let file = File::create(&from).expect("made");
        file.set_len(MAX_PACKAGE + 1).expect("a hole");
        let refused = Shelf::of(dir.path()).take(&from, &Hex([0; 32]));
        assert!(matches!(refused, Err(NotTaken::TooLarge)));
    }
}
