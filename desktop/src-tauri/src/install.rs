//! Whose updates this program takes, and how a package is installed.

use std::{
    env,
    ffi::OsStr,
    fs::{File, Metadata},
    io::{self, Read, Seek},
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
/// Nobody looks at a terminal, and a process that is in the background there is stopped when it asks.
const BY_WINDOW: &str = "--disable-internal-agent";
const DPKG: &str = "/usr/bin/dpkg";
/// Another hand may have installed a later version since this program was started: that one stays, and `dpkg`
/// ends as if all had gone well.
const INSTALL: [&str; 2] = ["--refuse-downgrade", "--install"];
/// What `pkexec` ends with if the person would not.
const DISMISSED: i32 = 126;
/// What `pkexec` ends with if leave was not given: there may be nothing that asks.
const NOT_ALLOWED: i32 = 127;
/// Says how a package stands.
const QUERY: &str = "dpkg-query";
const NAME: &str = "sealwire-desktop";
/// A package that is there and lacks what it needs: `dpkg` fetches nothing.
const UNFINISHED: [&str; 2] = ["unpacked", "half-configured"];
/// Fetches what is lacking.
const FINISH: &str = "sudo apt-get install -f";
/// Longest complaint that is logged, bytes.
const MAX_SAID: u64 = 8 * 1024;

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

/// Installs a package by the system's own tools. It goes on if the app ends: it writes into no pipe that would
/// break, and has a process group of its own, so that what ends the app's does not end it half-way.
pub(crate) async fn install(package: PathBuf, path: Option<&OsStr>) -> Result<(), NotInstalled> {
    let Some(pkexec) = find(PKEXEC, path) else {
        return Err(by_hand(&package));
    };
    let failed = |error: io::Error| NotInstalled::Failed(error.to_string());
    let said = tempfile::tempfile().map_err(failed)?;
    let mut command = Command::new(pkexec);
    command.args([BY_WINDOW, DPKG]).args(INSTALL).arg(&package);
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command.stderr(said.try_clone().map_err(failed)?);
    let status = command.process_group(0).status().await.map_err(failed)?;
    match status.code() {
        Some(0) => Ok(()),
        Some(DISMISSED) => Err(NotInstalled::Failed("leave was not given".into())),
        Some(NOT_ALLOWED) => Err(by_hand(&package)),
        _ => {
            let said = complaint(said);
            tracing::warn!(%said, "a package was not installed");
            Err(match is_unfinished(path).await {
                true => NotInstalled::Unfinished(FINISH.into()),
                false => NotInstalled::Failed("the system's package manager failed".into()),
            })
        }
    }
}

fn by_hand(package: &Path) -> NotInstalled {
    let file = package.display().to_string().replace('\'', "'\\''");
    let words = INSTALL.join(" ");
    NotInstalled::ByHand(format!("sudo dpkg {words} '{file}'"))
}

/// What was written into `said`, as far as it can be read.
fn complaint(mut said: File) -> String {
    let mut bytes = Vec::new();
    // It is for the log alone.
    let _ = said
        .rewind()
        .and_then(|()| said.take(MAX_SAID).read_to_end(&mut bytes));
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Whether the app's package is there without what it needs.
async fn is_unfinished(path: Option<&OsStr>) -> bool {
    let Some(query) = find(QUERY, path) else {
        return false;
    };
    let mut command = Command::new(query);
    command.args(["--show", "--showformat=${db:Status-Status}", NAME]);
    let told = command.stdin(Stdio::null()).output().await;
    told.is_ok_and(|told| UNFINISHED.contains(&String::from_utf8_lossy(&told.stdout).trim()))
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

    /// A folder with a program of this text.
    fn program(name: &str, text: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        put(folder.path(), name, text);
        folder
    }

    fn put(folder: &Path, name: &str, text: &str) {
        let file = folder.join(name);
        fs::write(&file, format!("#!/bin/sh\n{text}\n")).expect("written");
        fs::set_permissions(&file, Permissions::from_mode(0o755)).expect("set");
    }

    /// A `pkexec` that notes what it is asked and ends so.
    fn pkexec(code: i32) -> tempfile::TempDir {
        program(
            PKEXEC,
            &format!("echo \"$@\" >\"${{0%/*}}/asked\"\nexit {code}"),
        )
    }

    fn noted(folder: &tempfile::TempDir) -> String {
        fs::read_to_string(folder.path().join("asked")).expect("asked")
    }

    async fn installs(folder: &tempfile::TempDir) -> Result<(), NotInstalled> {
        install("/a/b.deb".into(), Some(folder.path().as_os_str())).await
    }

    #[tokio::test]
    async fn the_system_is_asked_to_install_and_heard() {
        for (code, wanted) in [(0, Ok(())), (126, Err("leave")), (1, Err("manager"))] {
            let folder = pkexec(code);
            match (installs(&folder).await, wanted) {
                (Ok(()), Ok(())) => {}
                (Err(NotInstalled::Failed(why)), Err(wanted)) => {
                    assert!(why.contains(wanted), "{why}")
                }
                (done, _) => panic!("{code}: {done:?}"),
            }
            let wanted =
                "--disable-internal-agent /usr/bin/dpkg --refuse-downgrade --install /a/b.deb\n";
            assert_eq!(noted(&folder), wanted);
        }
    }

    #[tokio::test]
    async fn what_ends_the_app_does_not_end_the_installation() {
        let text = "cd /proc/$$\n(cut -d' ' -f5 stat; echo $$; readlink fd/1 fd/2) >\"${0%/*}/asked\"\nexit 0";
        let folder = program(PKEXEC, text);
        installs(&folder).await.expect("installed");
        let noted = noted(&folder);
        let [group, process, out, complaints] = noted.lines().collect::<Vec<_>>()[..] else {
            panic!("{noted}");
        };
        assert_eq!(group, process, "a group of its own");
        assert_eq!(out, "/dev/null");
        assert!(complaints.ends_with(" (deleted)"), "{complaints}");
    }

    #[tokio::test]
    async fn a_package_that_lacks_what_it_needs_is_finished_by_hand() {
        for (stands, wanted) in [
            ("unpacked", NotInstalled::Unfinished(FINISH.into())),
            ("half-configured", NotInstalled::Unfinished(FINISH.into())),
            (
                "installed",
                NotInstalled::Failed("the system's package manager failed".into()),
            ),
        ] {
            let folder = pkexec(1);
            put(folder.path(), QUERY, &format!("echo {stands}"));
            assert_eq!(installs(&folder).await, Err(wanted), "{stands}");
        }
    }

    #[tokio::test]
    async fn without_a_way_to_ask_there_is_a_command() {
        let (empty, unheard) = (tempfile::tempdir().expect("a folder"), pkexec(127));
        let unheard = Some(unheard.path().as_os_str());
        for path in [None, Some(empty.path().as_os_str()), unheard] {
            let done = install("/a b/it's.deb".into(), path).await;
            let wanted = r"sudo dpkg --refuse-downgrade --install '/a b/it'\''s.deb'".to_owned();
            assert_eq!(done, Err(NotInstalled::ByHand(wanted)));
        }
    }
}
