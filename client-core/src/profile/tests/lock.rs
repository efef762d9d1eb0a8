use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::mode;
use crate::error::ErrorKind;
use crate::profile::ProfileLock;

const DIR: &str = "SEALWIRE_TEST_LOCK_DIR";

/// Not a test: what the other process of the tests below runs. It holds the lock until killed.
#[test]
#[ignore = "runs as a child of other tests"]
fn hold() {
    let Some(dir) = std::env::var_os(DIR) else {
        return;
    };
    let _lock = ProfileLock::acquire(Path::new(&dir)).unwrap();
    println!("\nholding");
    loop {
        std::thread::park();
    }
}

/// Starts a program that holds the lock.
fn holder(dir: &Path) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "profile::tests::lock::hold",
            "--exact",
            "--ignored",
            "--nocapture",
        ])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.as_mut().unwrap()).lines();
    assert!(lines.map_while(Result::ok).any(|line| line == "holding"));
    child
}

#[test]
fn the_second_process_is_told_who_holds_the_profile() {
    let dir = tempfile::tempdir().unwrap();
    let mut alice = holder(dir.path());
    let error = ProfileLock::acquire(dir.path()).map(drop).unwrap_err();
    // kill -9: the holder gets no chance to tidy up.
    alice.kill().unwrap();
    alice.wait().unwrap();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Locked, "profile_in_use")
    );
    let exe = std::env::current_exe().unwrap();
    let program = exe.file_name().unwrap().display().to_string();
    assert!(
        error.message.contains(&alice.id().to_string()),
        "{}",
        error.message
    );
    assert!(error.message.contains(&program), "{}", error.message);
    assert!(error.hint.contains("daemon"), "{}", error.hint);

    let bob = ProfileLock::acquire(dir.path()).unwrap();
    let path = dir.path().join("profile.lock");
    assert_eq!(mode(&path), 0o600);
    let note = std::fs::read_to_string(&path).unwrap();
    assert_eq!(note, format!("{}\n{program}\n", std::process::id()));
    assert!(
        ProfileLock::acquire(dir.path()).is_err(),
        "also within one process"
    );
    drop(bob);
    ProfileLock::acquire(dir.path()).unwrap();
}

#[test]
fn a_hostile_note_cannot_speak_to_the_terminal() {
    let dir = tempfile::tempdir().unwrap();
    let _alice = ProfileLock::acquire(dir.path()).unwrap();
    let path = dir.path().join("profile.lock");
    std::fs::write(&path, "12\n\u{1b}[31mred\n").unwrap();
    let error = ProfileLock::acquire(dir.path()).map(drop).unwrap_err();
    assert_eq!(
        error.message,
        "the profile is in use by [31mred (process 12)"
    );
    std::fs::write(&path, "nonsense").unwrap();
    let error = ProfileLock::acquire(dir.path()).map(drop).unwrap_err();
    assert_eq!(error.message, "the profile is in use by another program");
}
