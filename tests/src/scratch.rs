//! Places for files that vanish with the test.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// A private directory that goes when this is dropped, unless `SEALWIRE_KEEP` is set.
pub struct Scratch {
    dir: TempDir,
}

/// Less room than this in memory, and profiles go to the disk.
const ROOM_KIB: u64 = 2 * 1024 * 1024;

impl Scratch {
    /// On the disk, as a relay's data would be.
    ///
    /// # Panics
    /// If no directory can be made.
    pub fn on_disk() -> Self {
        Self::under(&std::env::temp_dir())
    }

    /// In memory where there is room, so that hundreds of profiles do not wait for one disk.
    ///
    /// # Panics
    /// If no directory can be made.
    pub fn in_memory() -> Self {
        let memory = Path::new("/dev/shm");
        if room_kib(memory).is_some_and(|room| room > ROOM_KIB) {
            Self::under(memory)
        } else {
            Self::on_disk()
        }
    }

    fn under(parent: &Path) -> Self {
        let mut builder = tempfile::Builder::new();
        builder.prefix("sealwire-test-");
        builder.disable_cleanup(std::env::var_os("SEALWIRE_KEEP").is_some());
        let dir = builder
            .tempdir_in(parent)
            .expect("a directory for the test's files");
        Self { dir }
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// A path inside.
    pub fn join(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
}

fn room_kib(dir: &Path) -> Option<u64> {
    let output = std::process::Command::new("df")
        .args(["-Pk"])
        .arg(dir)
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let line = text.lines().nth(1)?;
    line.split_whitespace().nth(3)?.parse().ok()
}

/// Bytes in a file or in all files below a directory.
pub fn bytes_below(path: &Path) -> u64 {
    let Ok(meta) = std::fs::symlink_metadata(path) else {
        return 0;
    };
    if !meta.is_dir() {
        return meta.len();
    }
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| bytes_below(&entry.path())).sum()
}

/// Copies a directory with everything below it.
///
/// # Panics
/// If something cannot be copied.
pub fn copy_dir(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("the copy's directory");
    for entry in std::fs::read_dir(from).expect("a directory to copy") {
        let entry = entry.expect("an entry to copy");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_dir(&entry.path(), &target);
        } else if entry.path().is_file() {
            std::fs::copy(entry.path(), &target).expect("a copied file");
        }
    }
}
