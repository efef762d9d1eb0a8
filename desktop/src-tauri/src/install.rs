//! Whose updates this program takes, and how a package is installed.

use std::{
    env,
    ffi::OsStr,
    fs::{File, Metadata},
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Stdio,
};

use sealwire_desktop_host::NotInstalled;
use tokio::process::Command;

/// Where a package puts the public release key, seen from the folder above that of the program.
const KEY: &str = "share/sealwire-desktop/release.pub";
/// Longest PEM of a key, bytes.
const MAX_KEY: u64 = 4096;
/// Asks the person for an administrator's leave (polkit).
const PKEXEC: &str = "pkexec";
const DPKG: &str = "/usr/bin/dpkg";
/// What `pkexec` ends with if leave was not given.
const NOT_ALLOWED: [i32; 2] = [126, 127];

/// The key that was installed with the program, if nobody else could have changed it.
pub(crate) fn release_key() -> Option<Vec<u8>> {
    let program = env::current_exe().ok()?;
    key_of(&program)
}

fn key_of(program: &Path) -> Option<Vec<u8>> {
    let file = File::open(program.parent()?.parent()?.join(KEY)).ok()?;
    // The program is gone if another version was installed since it was started.
    let owner = program.metadata().ok().map(|program| program.uid());
    if !is_trusted(&file.metadata().ok()?, owner) {
        tracing::warn!("the release key could have been changed by others; there are no updates");
        return None;
    }
    let mut key = Vec::new();
    file.take(MAX_KEY).read_to_end(&mut key).ok()?;
    Some(key)
}

/// Whether a file is of root, or of whoever could change the program itself, and nobody else can write it.
fn is_trusted(file: &Metadata, owner: Option<u32>) -> bool {
    let of = file.uid();
    file.is_file() && (of == 0 || Some(of) == owner) && file.mode() & 0o022 == 0
}

/// Installs a package by the system's own tools.
pub(crate) async fn install(package: PathBuf, path: Option<&OsStr>) -> Result<(), NotInstalled> {
    let Some(pkexec) = find(PKEXEC, path) else {
        let file = package.display().to_string().replace('\'', "'\\''");
        return Err(NotInstalled::ByHand(format!(
            "sudo dpkg --install '{file}'"
        )));
    };
    let mut command = Command::new(pkexec);
    command.args([DPKG, "--install"]).arg(&package);
    let output = command.stdin(Stdio::null()).output().await;
    let output = output.map_err(|error| NotInstalled::Failed(error.to_string()))?;
    match output.status.code() {
        Some(0) => Ok(()),
        Some(code) if NOT_ALLOWED.contains(&code) => {
            Err(NotInstalled::Failed("leave was not given".into()))
        }
        _ => {
            let said = String::from_utf8_lossy(&output.stderr);
            tracing::warn!(%said, "a package was not installed");
            Err(NotInstalled::Failed(
                "the system's package manager failed".into(),
            ))
        }
    }
}

/// A program of this name in the folders of `path`.
fn find(name: &str, path: Option<&OsStr>) -> Option<PathBuf> {
    let runs = |file: &PathBuf| {
        let metadata = file.metadata();
        metadata.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    let folders = env::split_paths(path?).filter(|folder| folder.is_absolute());
    folders.map(|folder| folder.join(name)).find(runs)
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    /// A folder with a program and a key, as a package leaves them.
    fn installed() -> (tempfile::TempDir, PathBuf, PathBuf) {
        let root = tempfile::tempdir().expect("a folder");
        let program = root.path().join("bin/sealwire-desktop");
        let key = root.path().join(KEY);
        for (path, mode) in [(&program, 0o755), (&key, 0o644)] {
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, "a key").expect("written");
            fs::set_permissions(path, Permissions::from_mode(mode)).expect("set");
        }
        (root, program, key)
    }

    #[test]
    fn a_key_that_others_can_change_does_not_count() {
        let (_root, program, key) = installed();
        assert_eq!(key_of(&program).as_deref(), Some(b"a key".as_slice()));
        for mode in [0o664, 0o646] {
            fs::set_permissions(&key, Permissions::from_mode(mode)).expect("set");
            assert_eq!(key_of(&program), None, "{mode:o}");
        }
        let metadata = key.metadata().expect("there");
        fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("set");
        let metadata = (key.metadata().expect("there"), metadata.uid());
        assert!(is_trusted(&metadata.0, Some(metadata.1)));
        let by_root_alone = metadata.1 == 0;
        assert_eq!(is_trusted(&metadata.0, Some(metadata.1 + 1)), by_root_alone);
        assert_eq!(is_trusted(&metadata.0, None), by_root_alone);
    }

    #[test]
    fn without_a_key_there_is_none() {
        let (_root, program, key) = installed();
        fs::remove_file(&key).expect("removed");
        assert_eq!(key_of(&program), None);
    }

    /// A `pkexec` that notes what it is asked and ends so.
    fn pkexec(code: i32) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join(PKEXEC);
        let text = format!(
            "#!/bin/sh\necho \"$@\" >{}/asked\nexit {code}\n",
            folder.path().display()
        );
        fs::write(&file, text).expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("set");
        folder
    }

    #[tokio::test]
    async fn the_system_is_asked_to_install_and_heard() {
        for (code, wanted) in [(0, Ok(())), (126, Err("leave")), (1, Err("manager"))] {
            let folder = pkexec(code);
            let done = install("/a/b.deb".into(), Some(folder.path().as_os_str())).await;
            match (done, wanted) {
                (Ok(()), Ok(())) => {}
                (Err(NotInstalled::Failed(why)), Err(wanted)) => {
                    assert!(why.contains(wanted), "{why}")
                }
                (done, _) => panic!("{code}: {done:?}"),
            }
            let asked = fs::read_to_string(folder.path().join("asked")).expect("asked");
            assert_eq!(asked, "/usr/bin/dpkg --install /a/b.deb\n");
        }
    }

    #[tokio::test]
    async fn without_a_way_to_ask_there_is_a_command() {
        let empty = tempfile::tempdir().expect("a folder");
        for path in [None, Some(empty.path().as_os_str())] {
            let done = install("/a b/it's.deb".into(), path).await;
            let wanted = r"sudo dpkg --install '/a b/it'\''s.deb'".to_owned();
            assert_eq!(done, Err(NotInstalled::ByHand(wanted)));
        }
    }
}
