//! The commands of docs/evidence.md, as they stand there.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use sealwire_audit::commitment::SubjectKey;
use sealwire_audit::merkle::prove_inclusion;
use sealwire_audit::note::KeyKind;
use sealwire_audit::proof::LogProof;
use serde_json::json;

use crate::openssl::write_public;
use crate::scene::{Log, ORIGIN, envelope, evidence_key, key, secret, witness};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/evidence.md");

/// All blocks of the page that are for the shell.
fn commands() -> String {
    let page = fs::read_to_string(PAGE).unwrap();
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 6);
    let block = |rest: &&str| rest.split("```").next().unwrap().to_owned();
    blocks.iter().map(block).collect()
}

/// The files that the page speaks of; the entry is the one with this index.
fn lay_out(dir: &Path, size: u64, index: u64) {
    let write = |name: &str, content: &[u8]| fs::write(dir.join(name), content).unwrap();
    let (mut log, witness) = (Log::new(), witness());
    write("log.vkey", format!("{}\n", log.key.verifier()).as_bytes());
    write(
        "witness.vkey",
        format!("{}\n", witness.verifier()).as_bytes(),
    );

    for place in 0..size {
        log.push(&format!("entry {place}"));
    }
    let head = log.checkpoint();
    let mut note = head.sign(&log.key).unwrap();
    note.add(head.cosign(&witness, 1_700_000_000).unwrap())
        .unwrap();
    write("checkpoint", note.to_string().as_bytes());
    write("entry", format!("entry {index}").as_bytes());
    let proof = LogProof {
        extra: None,
        index,
        path: prove_inclusion(&log, index, size).unwrap(),
        head: note,
    };
    write("entry.tlog-proof", proof.to_string().as_bytes());

    write("envelope.json", envelope().to_json().as_bytes());
    write_public(&dir.join("signer.pem"), &evidence_key(3).public());

    let salt = SubjectKey::new(secret(4)).salt(&[5; 16]);
    let event = json!({"type": "erasure"});
    let hex = data_encoding::HEXLOWER.encode(salt.secret().expose());
    write("salt", format!("{hex}\n").as_bytes());
    write("event.json", event.to_string().as_bytes());
    let commitment = salt.commit(&event).unwrap();
    write("commitment", format!("{commitment}\n").as_bytes());
}

fn holds(dir: &Path) -> bool {
    Command::new("sh")
        .args(["-e", "-c", &commands()])
        .current_dir(dir)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
        .success()
}

#[test]
fn the_commands_of_the_page_accept_what_we_make() {
    for (size, index) in [(1, 0), (2, 1), (7, 6), (7, 3), (13, 12)] {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), size, index);
        assert!(holds(dir.path()), "entry {index} of {size}");
    }
}

#[test]
fn the_commands_of_the_page_refuse_one_changed_byte() {
    for (file, old, new) in [
        ("checkpoint", "\n7\n", "\n8\n"),
        ("checkpoint", ORIGIN, "relay.acme.example/audiT"),
        ("entry", "entry 3", "entry 4"),
        ("entry.tlog-proof", "index 3", "index 2"),
        ("envelope.json", "\"payload\":\"ey", "\"payload\":\"ez"),
        ("event.json", "erasure", "erasurE"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), 7, 3);
        let path = dir.path().join(file);
        let before = fs::read_to_string(&path).unwrap();
        let after = before.replacen(old, new, 1);
        assert_ne!(before, after, "{file}");
        fs::write(&path, after).unwrap();
        assert!(!holds(dir.path()), "{file}: {new}");
    }
    // The log's word is good and that of the witness is not.
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), 7, 3);
    let other = key(9, "witness.example/w1", KeyKind::Cosignature);
    let vkey = format!("{}\n", other.verifier());
    fs::write(dir.path().join("witness.vkey"), vkey).unwrap();
    assert!(!holds(dir.path()));
}
