//! Which offers and which provenances count.

use serde_json::json;

use super::*;
use crate::predicate::Time;
use crate::testing::evidence_key;

fn build(version: &str) -> Build {
    Build {
        version: version.to_owned(),
        target: "x86_64-unknown-linux-gnu".to_owned(),
        source: None,
        commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
        lock: Hex([7; 32]),
        toolchain: "rustc 1.95.0".to_owned(),
        flags: String::new(),
        started: Time::from_millis(1_700_000_000_000).unwrap(),
        finished: Time::from_millis(1_700_000_600_000).unwrap(),
    }
}

fn signed(build: &Build, subjects: Vec<Subject>, keys: &[u8]) -> Envelope {
    let statement = build.to_statement(subjects).unwrap();
    let mut envelope = statement.to_envelope().unwrap();
    for seed in keys {
        envelope.sign(&evidence_key(*seed));
    }
    envelope
}

fn subjects() -> Vec<Subject> {
    vec![
        Subject::of("sealwire", b"a program"),
        Subject::of(DESKTOP, b"a package"),
    ]
}

fn open(envelope: &Envelope) -> Result<Package, Unattested> {
    Package::open(envelope, &evidence_key(1).public())
}

#[test]
fn a_package_is_what_the_release_key_says() {
    let envelope = signed(&build("0.2.0"), subjects(), &[1]);
    let package = open(&envelope).unwrap();
    assert_eq!(
        package.sha256,
        Hex(sealwire_crypto::sha256(&[b"a package"]))
    );
    assert_eq!(package.build, build("0.2.0"));
    let Leaf::Attestation(logged) = Leaf::parse(&package.entry).unwrap() else {
        panic!("an entry of another form");
    };
    assert!(logged.is_of(&envelope));
}

#[test]
fn what_the_key_has_not_signed_alone_does_not_count() {
    let by = |keys: &[u8]| open(&signed(&build("0.2.0"), subjects(), keys));
    assert!(by(&[1]).is_ok());
    for keys in [[].as_slice(), &[2]] {
        assert!(matches!(by(keys), Err(Unattested::TooFew(_))), "{keys:?}");
    }
    assert!(matches!(by(&[1, 2]), Err(Unattested::Malformed(_))));
}

#[test]
fn a_provenance_without_one_package_for_one_machine_is_no_update() {
    let one = |build: &Build, subjects| open(&signed(build, subjects, &[1]));
    let good = build("0.2.0");
    assert!(one(&good, subjects()).is_ok());
    assert!(one(&good, vec![Subject::of("sealwire", b"")]).is_err());
    let twice = [subjects(), subjects()].concat();
    assert!(one(&good, twice).is_err());
    let mut other = subjects();
    other[1].digest = [("sha512".to_owned(), "00".to_owned())].into();
    assert!(one(&good, other).is_err());
    for version in ["", "2", "v0.2.0", "0.2.0 "] {
        assert!(one(&build(version), subjects()).is_err(), "{version}");
    }
    for target in ["", "../x", "a/b", "ü"] {
        let build = Build {
            target: target.to_owned(),
            ..good.clone()
        };
        assert!(one(&build, subjects()).is_err(), "{target}");
    }
}

#[test]
fn versions_are_compared_as_versions() {
    let is_after = |new: &str, old: &str| {
        let package = open(&signed(&build(new), subjects(), &[1])).unwrap();
        package.is_after(old)
    };
    for (new, old) in [("0.10.0", "0.9.1"), ("1.0.0", "1.0.0-rc.1")] {
        assert!(is_after(new, old), "{new} {old}");
        assert!(!is_after(old, new), "{new} {old}");
    }
    assert!(!is_after("0.2.0", "0.2.0"));
    // What stands behind a plus sign is no later version.
    assert!(!is_after("0.2.0+2", "0.2.0+1"));
    assert!(!is_after("0.2.0", "no version"));
}

#[test]
fn offers_have_one_spelling() {
    let offer = Offer {
        envelope: signed(&build("0.2.0"), subjects(), &[1]),
        number: 17,
        size: 9,
        sha256: Hex([9; 32]),
    };
    let json = offer.to_json().unwrap();
    assert_eq!(Offer::parse(&json), Ok(offer));
    let text = String::from_utf8(json.clone()).unwrap();
    for wrong in [
        String::new(),
        format!("{text}\n"),
        text.replace("\"number\":17", "\"number\":-17"),
        text.replace("\"size\":9", "\"size\":0"),
        text.replace("\"size\":9", "\"size\":536870913"),
        text.replace(
            "\"size\":9",
            "\"size\":9,\"url\":\"https://mallory.example\"",
        ),
        text.replace("\"payload\":", "\"payload\":\"\",\"payload\":"),
    ] {
        assert_ne!(wrong, text);
        assert!(Offer::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    let mut value: Value = serde_json::from_slice(&json).unwrap();
    value["envelope"]["signatures"] = json!([]);
    let parsed = Offer::parse(&to_canonical(&value).unwrap());
    // Read, and refused by whoever opens it.
    assert!(parsed.is_err() || open(&parsed.unwrap().envelope).is_err());
}

#[test]
fn the_documented_limits_are_the_limits() {
    let page = include_str!("../../../docs/protocol.md");
    for (what, limit) in [
        ("package of the desktop app", MAX_PACKAGE),
        ("provenance of an update", MAX_PROVENANCE as u64),
        ("offer of an update", MAX_OFFER as u64),
    ] {
        let row = format!("\n| {what} | {limit} |\n");
        assert!(page.contains(&row), "{row}");
    }
}
