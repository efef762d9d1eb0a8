//! Packs that somebody made to deceive or to do harm.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::time::{Duration, Instant};

use sealwire_audit::dsse::{Envelope, IN_TOTO};
use serde_json::json;

use crate::alice::{
    AUDIT, Alice, ORGANISATION, RELAY, audit_entries, evidence_key, fortnight, head, retention_run,
    signed, write, write_tiles,
};
use crate::pack::{KNOWN, files, packed, refused};
use crate::running::{bad, good};

#[test]
fn nothing_may_be_added() {
    let alice = packed(&fortnight());
    let key = format!(
        "keys/{}.pem",
        sealwire_audit::dsse::key_id(&evidence_key(99).public())
    );
    let pem = sealwire_audit::dsse::to_pem(&evidence_key(99).public());
    let statement = fs::read(alice.path("pack/statements/2.json")).unwrap();
    for (name, content) in [
        ("notes.txt", b"".as_slice()),
        ("logs/audit/tile/0/001", &[0; 8192]),
        ("logs/audit/tile/0/001.p/43", &[0; 43 * 32]),
        ("logs/audit/tile/entries/002", &[0; 512]),
        ("logs/other/checkpoint", b""),
        ("statements/3.json", &statement),
        ("statements/300.tlog-proof", &statement),
        ("statements/2.json.bak", &statement),
        ("disclosed/audit/300.json", b"{}"),
        ("disclosed/audit/2.json", b"{}"),
        (&key, pem.as_bytes()),
    ] {
        let path = alice.path("pack").join(name);
        write(&path, content);
        let said = refused(&alice, KNOWN);
        assert!(said.contains(name), "{name}: {said}");
        fs::remove_file(&path).unwrap();
    }
}

/// Two signatures of one key, of which one claims to be the relay's.
#[test]
fn a_borrowed_name_is_no_signature() {
    let mut envelope = signed(retention_run(3, "entry"), ORGANISATION);
    let json = envelope.to_json();
    let mut value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let mut borrowed = value["signatures"][0].clone();
    borrowed["keyid"] = json!(sealwire_audit::dsse::key_id(&evidence_key(RELAY).public()));
    value["signatures"].as_array_mut().unwrap().push(borrowed);
    envelope = Envelope::parse(value.to_string().as_bytes()).unwrap();
    let alice = packed(&vec![
        (2, signed(retention_run(1, "entry"), RELAY)),
        (3, envelope),
    ]);
    let said = refused(&alice, KNOWN);
    assert!(
        said.contains("statements/3.json: is not signed by"),
        "{said}"
    );
}

#[test]
fn statements_that_say_nothing_readable() {
    let subject = r#"[{"digest":{"sha256":"00"},"name":"relay"}]"#;
    let good = String::from_utf8(retention_run(1, "entry").payload().to_vec()).unwrap();
    let at = good.find("\"subject\":").unwrap() + 10;
    let malformed = format!("{}{subject}{}", &good[..at], &good[good.len() - 1..]);
    let deep = format!(r#"{{"predicate":{}"#, "[".repeat(500_000));
    for (payload, why) in [
        (malformed, "subject has no digest, or a misspelled one"),
        (
            good.replace("retention-run", "retention-runs"),
            "type that is not known",
        ),
        (
            good.replace("\"ended\"", "\"endet\""),
            "a member is missing",
        ),
        (good.replace(":{", ": {"), "spelled in another way"),
        (deep, "is not JSON"),
        (String::new(), "is not JSON"),
    ] {
        let envelope = Envelope::new(IN_TOTO, payload.into_bytes());
        let alice = Alice::new(&vec![(1, signed(envelope, RELAY))]);
        let args = alice.pack_args();
        let (code, said) = bad(&args.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(code, 8, "{said}");
        assert!(
            said.contains("statements/1.json") && said.contains(why),
            "{said}"
        );
        assert!(!alice.path("pack").exists());
    }
}

#[test]
fn a_pack_cannot_reach_out_of_itself() {
    let alice = packed(&fortnight());
    let outside = alice.path("outside");
    for name in [
        "statements/2.json",
        "logs/audit/tile/entries/000",
        "logs",
        "keys",
    ] {
        let path = alice.path("pack").join(name);
        fs::rename(&path, &outside).unwrap();
        symlink(&outside, &path).unwrap();
        let said = refused(&alice, KNOWN);
        assert!(
            said.contains(&format!("pack/{name}: is a link")),
            "{name}: {said}"
        );
        fs::remove_file(&path).unwrap();
        fs::rename(&outside, &path).unwrap();
    }
    for name in [
        "statements/..\\2.json",
        "statements/%2e%2e",
        "keys/\u{1b}[31m.pem",
    ] {
        let path = alice.path("pack").join(name);
        fs::write(&path, b"").unwrap();
        let said = refused(&alice, KNOWN);
        assert!(
            said.contains("is no file of a pack") && !said.contains('\u{1b}'),
            "{said}"
        );
        fs::remove_file(&path).unwrap();
    }
    let deep = alice.path("pack/logs/audit").join("a/".repeat(20));
    fs::create_dir_all(&deep).unwrap();
    assert!(refused(&alice, KNOWN).contains("lies deeper"));
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let alice = packed(&fortnight());
    for name in files(&alice) {
        let path = alice.path("pack").join(&name);
        let before = fs::read(&path).unwrap();
        let file = File::options().write(true).open(&path).unwrap();
        file.set_len(10_000_000_000).unwrap();
        let start = Instant::now();
        let said = refused(&alice, KNOWN);
        assert!(start.elapsed() < Duration::from_secs(2), "{name}");
        assert!(
            said.contains(&format!("{name}: is larger")),
            "{name}: {said}"
        );
        fs::write(&path, before).unwrap();
    }
}

#[test]
fn another_tree_under_the_same_signatures() {
    let alice = packed(&fortnight());
    // A log that was continued in another way and is signed again.
    let mut statements = fortnight();
    statements[0].1 = signed(retention_run(2, "entry"), RELAY);
    let entries = audit_entries(&statements, AUDIT);
    let dir = alice.path("other");
    let edge = write_tiles(&dir, &entries, |_| true);
    let path = alice.path("pack/logs/audit/checkpoint");
    fs::write(&path, head("audit", &edge)).unwrap();
    let said = refused(&alice, KNOWN);
    let why = "pack/logs/audit/checkpoint: has another root than the entries and tiles beside it";
    assert!(said.contains(why), "{said}");
}

/// The policy names one log, and the pack holds another.
#[test]
fn a_log_that_nobody_vouches_for() {
    let alice = Alice::new(&fortnight());
    let policy = fs::read_to_string(alice.path("policy")).unwrap();
    let audit = policy
        .lines()
        .filter(|line| !line.contains("/directory"))
        .map(|line| format!("{line}\n"));
    fs::write(alice.path("policy"), audit.collect::<String>()).unwrap();
    fs::remove_dir_all(alice.path("disclosed/directory")).unwrap();
    let args = alice.pack_args();
    good(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(!alice.path("pack/logs/directory").exists());
    for name in ["checkpoint", "tile/0/000"] {
        let path = alice.path("pack/logs/directory").join(name);
        let content = fs::read(alice.path("relay/logs/directory").join(name)).unwrap();
        write(&path, &content);
        let said = refused(&alice, KNOWN);
        let why = format!("pack/logs/directory/{name}: does not belong to the logs of this pack");
        assert!(said.contains(&why), "{said}");
        fs::remove_file(&path).unwrap();
    }
}
