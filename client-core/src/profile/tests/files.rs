use std::fs;
use std::os::unix::fs::symlink;

use super::{chmod, mode, names};
use crate::error::ErrorKind;
use crate::profile::files::{
    check_private_dir, check_private_file, create_private, create_private_dir, read_private,
    write_private,
};

#[test]
fn what_is_made_is_private() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("sealwire/alice");
    create_private_dir(&dir).unwrap();
    assert_eq!(mode(&dir), 0o700);
    assert_eq!(mode(dir.parent().unwrap()), 0o700);
    create_private_dir(&dir).unwrap();

    let note = dir.join("note");
    create_private(&note, b"one").unwrap();
    assert_eq!(mode(&note), 0o600);
    let error = create_private(&note, b"two").unwrap_err();
    assert_eq!(error.code, "profile_exists");
    assert_eq!(read_private(&note, 10).unwrap().as_slice(), b"one");

    write_private(&note, b"three").unwrap();
    assert_eq!(mode(&note), 0o600);
    assert_eq!(read_private(&note, 10).unwrap().as_slice(), b"three");
    assert_eq!(names(&dir), ["note"], "no temporary file is left");
    assert_eq!(
        read_private(&note, 4).unwrap_err().code,
        "profile_unexpected"
    );
}

#[test]
fn loose_modes_are_refused_with_the_cure() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("bob's profile");
    create_private_dir(&dir).unwrap();
    let note = dir.join("note");
    create_private(&note, b"one").unwrap();

    for loose in [0o640, 0o604, 0o660] {
        chmod(&note, loose);
        let error = read_private(&note, 10).unwrap_err();
        assert_eq!(
            (error.kind, error.code),
            (ErrorKind::Usage, "profile_permissions")
        );
        assert_eq!(
            write_private(&note, b"two").unwrap_err().code,
            "profile_permissions"
        );
        // The hint is a command that works as it stands.
        let cure = error.hint.strip_prefix("close it with: ").unwrap();
        let status = std::process::Command::new("sh").args(["-c", cure]).status();
        assert!(status.unwrap().success(), "{cure}");
        check_private_file(&note).unwrap();
    }
    chmod(&dir, 0o750);
    let error = create_private_dir(&dir).unwrap_err();
    assert!(error.hint.contains("chmod 700 "), "{}", error.hint);
    assert_eq!(mode(&dir), 0o750, "what we did not make stays as it is");
}

#[test]
fn links_and_other_things_are_refused() {
    let home = tempfile::tempdir().unwrap();
    let real = home.path().join("real");
    create_private_dir(&real).unwrap();
    create_private(&real.join("note"), b"one").unwrap();
    let (dir_link, file_link) = (home.path().join("dir"), real.join("link"));
    symlink(&real, &dir_link).unwrap();
    symlink(real.join("note"), &file_link).unwrap();

    assert_eq!(
        check_private_dir(&dir_link).unwrap_err().code,
        "profile_symlink"
    );
    assert_eq!(
        read_private(&file_link, 10).unwrap_err().code,
        "profile_symlink"
    );
    assert_eq!(
        write_private(&file_link, b"two").unwrap_err().code,
        "profile_symlink"
    );
    assert_eq!(
        create_private(&file_link, b"two").unwrap_err().code,
        "profile_exists"
    );
    assert_eq!(fs::read(real.join("note")).unwrap(), b"one");

    assert_eq!(
        read_private(&real, 10).unwrap_err().code,
        "profile_unexpected"
    );
    assert_eq!(
        check_private_dir(&real.join("note")).unwrap_err().code,
        "profile_unexpected"
    );
    assert_eq!(
        read_private(&real.join("none"), 10).unwrap_err().code,
        "profile_missing"
    );
}

#[test]
fn what_belongs_to_others_is_refused() {
    // Root can give a file away; others find one of root's.
    let home = tempfile::tempdir().unwrap();
    let note = home.path().join("note");
    create_private(&note, b"one").unwrap();
    let (path, owner) = if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&note, Some(65534), None).unwrap();
        (note.clone(), "another")
    } else {
        ("/etc/passwd".into(), "root")
    };
    let error = check_private_file(&path).unwrap_err();
    assert_eq!(error.code, "profile_foreign", "owned by {owner}");
}

#[test]
fn a_failed_write_leaves_nothing_behind() {
    let home = tempfile::tempdir().unwrap();
    // A directory cannot be replaced by a file: the last step fails.
    let taken = home.path().join("taken");
    create_private_dir(&taken).unwrap();
    assert!(create_private(&taken, b"two").is_err());
    assert!(write_private(&home.path().join("no/such/dir"), b"two").is_err());
    assert_eq!(names(home.path()), ["taken"]);
}
