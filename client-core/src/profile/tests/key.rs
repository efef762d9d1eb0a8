use std::path::Path;

use rand::SeedableRng;
use rand::rngs::StdRng;
use sealwire_crypto::KdfParams;
use zeroize::Zeroizing;

use super::mode;
use crate::error::ErrorKind;
use crate::profile::{change_passphrase, create_key, unlock};

/// Little work: these tests are not about Argon2.
const FAST: KdfParams = KdfParams {
    memory_kib: 8,
    passes: 1,
    lanes: 1,
};

fn words(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.into())
}

fn code(dir: &Path, passphrase: &str) -> (ErrorKind, &'static str) {
    let error = unlock(dir, &words(passphrase)).map(drop).unwrap_err();
    (error.kind, error.code)
}

#[test]
fn the_key_opens_with_its_passphrase_alone() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(1);
    assert_eq!(
        code(dir.path(), "alice's words"),
        (ErrorKind::Locked, "no_profile")
    );
    let key = create_key(dir.path(), &words("alice's words"), FAST, &mut rng).unwrap();
    assert_eq!(mode(&dir.path().join("profile.key")), 0o600);
    let opened = unlock(dir.path(), &words("alice's words")).unwrap();
    assert!(opened.ct_eq(key.expose()));
    assert_eq!(
        code(dir.path(), "bob's words"),
        (ErrorKind::Locked, "wrong_passphrase")
    );
    assert_eq!(
        code(dir.path(), ""),
        (ErrorKind::Locked, "wrong_passphrase")
    );

    // A second key would make the database unreadable.
    let error = create_key(dir.path(), &words("other words"), FAST, &mut rng).map(drop);
    assert_eq!(error.unwrap_err().code, "profile_exists");
    unlock(dir.path(), &words("alice's words")).unwrap();
}

#[test]
fn short_passphrases_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(2);
    // Seven characters, though many bytes.
    for weak in ["", "seven77", "ééééééé", "e\u{301}e\u{301}e\u{301}e\u{301}"] {
        let error = create_key(dir.path(), &words(weak), FAST, &mut rng)
            .map(drop)
            .unwrap_err();
        assert_eq!(
            (error.kind, error.code),
            (ErrorKind::Usage, "weak_passphrase"),
            "{weak}"
        );
    }
    create_key(dir.path(), &words("eight888"), FAST, &mut rng).unwrap();
    let error = change_passphrase(
        dir.path(),
        &words("eight888"),
        &words("short"),
        FAST,
        &mut rng,
    );
    assert_eq!(error.unwrap_err().code, "weak_passphrase");
    unlock(dir.path(), &words("eight888")).unwrap();
}

#[test]
fn another_keyboard_types_the_same_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(3);
    create_key(dir.path(), &words("caf\u{e9} au lait"), FAST, &mut rng).unwrap();
    // Decomposed, and with a no-break space, as macOS may have it.
    unlock(dir.path(), &words("cafe\u{301}\u{a0}au lait")).unwrap();
    assert_eq!(code(dir.path(), "cafe au lait").1, "wrong_passphrase");
}

#[test]
fn a_changed_passphrase_keeps_the_key() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(4);
    let (old, new) = (words("alice's words"), words("other words"));
    let key = create_key(dir.path(), &old, FAST, &mut rng).unwrap();
    let wrong = change_passphrase(dir.path(), &new, &new, FAST, &mut rng);
    assert_eq!(wrong.unwrap_err().code, "wrong_passphrase");
    change_passphrase(dir.path(), &old, &new, FAST, &mut rng).unwrap();
    assert!(unlock(dir.path(), &new).unwrap().ct_eq(key.expose()));
    assert_eq!(code(dir.path(), &old).1, "wrong_passphrase");
}

#[test]
fn damage_is_not_taken_for_a_wrong_passphrase() {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = StdRng::seed_from_u64(5);
    let passphrase = words("alice's words");
    create_key(dir.path(), &passphrase, FAST, &mut rng).unwrap();
    let path = dir.path().join("profile.key");
    let good = std::fs::read(&path).unwrap();
    for i in 0..good.len() {
        let mut bad = good.clone();
        bad[i] ^= 1;
        std::fs::write(&path, &bad).unwrap();
        assert_eq!(
            code(dir.path(), &passphrase),
            (ErrorKind::Io, "profile_key_damaged"),
            "{i}"
        );
    }
    for length in [0, 1, 31, 32, 33, good.len() - 1] {
        std::fs::write(&path, &good[..length]).unwrap();
        assert_eq!(
            code(dir.path(), &passphrase).1,
            "profile_key_damaged",
            "{length}"
        );
    }
    std::fs::write(&path, vec![1; 5000]).unwrap();
    assert_eq!(code(dir.path(), &passphrase).1, "profile_key_damaged");

    // A later version, undamaged.
    let mut newer = good[..good.len() - 32].to_vec();
    newer[0] = 2;
    let checksum = sealwire_crypto::sha256(&[&newer]);
    newer.extend_from_slice(&checksum);
    std::fs::write(&path, newer).unwrap();
    assert_eq!(code(dir.path(), &passphrase).1, "profile_newer");
}
