//! Opening files to where a person wants them.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
};

use sealwire_crypto::Sha256Stream;
use sealwire_protocol::content::Attachment;

use super::{
    disk,
    name::numbered,
    vault::{Reader, Vault},
};
use crate::error::{CoreError, ErrorKind, Result};

/// Names that are tried before giving up.
const NAMES: u32 = 1_000;

/// A file that was written.
#[derive(Debug)]
pub(crate) struct Saved {
    pub(crate) path: PathBuf,
    /// SHA-256 of the content.
    pub(crate) sha256: [u8; 32],
}

/// Writes a file that is here into a new one in `dir` under `name`, which must be safe.
///
/// # Errors
/// `not_downloaded`, `copy_damaged`, `disk_full` and others of the disk.
pub(crate) async fn save_named(
    vault: &Vault,
    file: &Attachment,
    dir: &Path,
    name: String,
) -> Result<Saved> {
    let reader = vault.reader(file)?;
    let dir = dir.to_owned();
    tokio::task::spawn_blocking(move || save(reader, &dir, &name))
        .await
        .map_err(CoreError::internal)?
}

/// Writes the content into a new file in `dir`, under `name` or, if that is taken, with a number.
/// Nothing there is ever replaced, and the file gets its name when it is whole and durable. It
/// cannot be run.
///
/// # Errors
/// `disk_full` and others of the disk; nothing is left behind then.
pub(super) fn save(mut content: Reader, dir: &Path, name: &str) -> Result<Saved> {
    let temporary = dir.join(format!(".{:016x}.part", rand::random::<u64>()));
    let writing = |error: io::Error| disk::failed("write into", dir, &error);
    let mut file = disk::create_new(&temporary).map_err(writing)?;
    let _unfinished = disk::Unfinished::new(&temporary);
    let mut hash = Sha256Stream::default();
    while let Some(chunk) = content.chunk().map_err(reading)? {
        hash.update(chunk);
        file.write_all(chunk).map_err(writing)?;
    }
    file.sync_all().map_err(writing)?;
    let sha256 = hash.finish();
    for number in 1..=NAMES {
        let name = match number {
            1 => name.to_owned(),
            _ => numbered(name, number),
        };
        let target = dir.join(name);
        match take_name(&temporary, &target) {
            Ok(()) => {
                disk::sync_dir(dir).map_err(writing)?;
                return Ok(Saved {
                    path: target,
                    sha256,
                });
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(writing(error)),
        }
    }
    Err(CoreError::new(
        ErrorKind::Usage,
        "name_taken",
        format!("{} holds {NAMES} files of this name", dir.display()),
        "save it into another folder",
    ))
}

/// Moves a file to a name that must be free: unlike a plain rename this replaces nothing.
fn take_name(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems cannot; most of those can link.
        Err(rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => fs::hard_link(from, to),
        other => Ok(other?),
    }
}

pub(super) fn reading(error: io::Error) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "copy_damaged",
        format!("the file in the profile cannot be read: {error}"),
        "check the disk; the file can be fetched again while the relay has it",
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::super::{source::Input, vault::Vault};
    use super::*;

    fn content(vault: &Vault, bytes: &[u8]) -> Reader {
        let mut input = Input::of_bytes("x".into(), bytes.to_vec());
        let sealed = vault.seal(&mut input, &mut |_| {}).unwrap();
        vault.open(&sealed).unwrap()
    }

    #[test]
    fn nothing_is_replaced_and_nothing_escapes() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        let (inside, outside) = (dir.path().join("inside"), dir.path().join("outside"));
        fs::create_dir(&inside).unwrap();
        fs::write(&outside, b"mine").unwrap();
        fs::write(inside.join("plan.pdf"), b"mine").unwrap();
        // Where a careless program would write through the link.
        symlink(&outside, inside.join("plan (2).pdf")).unwrap();
        symlink(dir.path().join("nowhere"), inside.join("plan (3).pdf")).unwrap();
        let saved = save(content(&vault, b"theirs"), &inside, "plan.pdf").unwrap();
        assert_eq!(saved.sha256, sealwire_crypto::sha256(&[b"theirs"]));
        let saved = saved.path;
        assert_eq!(saved, inside.join("plan (4).pdf"));
        assert_eq!(fs::read(&saved).unwrap(), b"theirs");
        assert_eq!(fs::read(&outside).unwrap(), b"mine");
        assert_eq!(fs::read(inside.join("plan.pdf")).unwrap(), b"mine");
        assert!(!dir.path().join("nowhere").exists());
        let mode = fs::metadata(&saved).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "private, and not to be run");
        assert_eq!(
            fs::read_dir(&inside).unwrap().count(),
            4,
            "nothing is left behind"
        );
    }

    #[test]
    fn contents_of_every_size_come_back() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        for size in [0, 1, 65_527, 65_528, 65_529, 200_000] {
            let bytes: Vec<u8> = (0..size).map(|i: u32| (i % 251) as u8).collect();
            let saved = save(content(&vault, &bytes), dir.path(), "x").unwrap();
            assert!(fs::read(saved.path).unwrap() == bytes, "{size}");
        }
    }

    #[test]
    fn a_damaged_copy_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::new(dir.path());
        let mut input = Input::of_bytes("x".into(), vec![7; 200_000]);
        let sealed = vault.seal(&mut input, &mut |_| {}).unwrap();
        let mut bytes = fs::read(vault.path(&sealed.hash)).unwrap();
        bytes[100_000] ^= 1;
        fs::write(vault.path(&sealed.hash), bytes).unwrap();
        let target = dir.path().join("target");
        fs::create_dir(&target).unwrap();
        let error = save(vault.open(&sealed).unwrap(), &target, "x").unwrap_err();
        assert_eq!(error.code, "copy_damaged");
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
    }
}
