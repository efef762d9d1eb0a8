//! The commands of docs/evidence.md, as they stand there.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::SubjectKey;
use sealwire_audit::merkle::{Edge, Hash, Node, Nodes, prove_inclusion};
use sealwire_audit::note::{KeyKind, KeyName, SignerKey};
use sealwire_audit::proof::LogProof;
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::{EvidenceKey, SecretBytes};
use serde_json::json;

use crate::openssl::write_public;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/evidence.md");
const ORIGIN: &str = "relay.acme.example/audit";

fn secret(seed: u8) -> SecretBytes<32> {
    SecretBytes::fill(|bytes| bytes.fill(seed))
}

fn key(seed: u8, name: &str, kind: KeyKind) -> SignerKey {
    let key = EvidenceKey::from_seed(&secret(seed));
    SignerKey::new(KeyName::new(name).unwrap(), kind, key)
}

/// All blocks of the page that are for the shell.
fn commands() -> String {
    let page = fs::read_to_string(PAGE).unwrap();
    let blocks: Vec<&str> = page.split("```sh\n").skip(1).collect();
    assert_eq!(blocks.len(), 6);
    let block = |rest: &&str| rest.split("```").next().unwrap().to_owned();
    blocks.iter().map(block).collect()
}

struct Whole(Vec<Vec<Hash>>);

impl Nodes for Whole {
    fn node(&self, level: u8, index: u64) -> Option<Hash> {
        let level = self.0.get(usize::from(level))?;
        level.get(usize::try_from(index).ok()?).copied()
    }
}

/// The files that the page speaks of; the entry is the one with this index.
fn lay_out(dir: &Path, size: u64, index: u64) {
    let write = |name: &str, content: &[u8]| fs::write(dir.join(name), content).unwrap();
    let log = key(1, ORIGIN, KeyKind::Note);
    let witness = key(2, "witness.example/w1", KeyKind::Cosignature);
    write("log.vkey", format!("{}\n", log.verifier()).as_bytes());
    write(
        "witness.vkey",
        format!("{}\n", witness.verifier()).as_bytes(),
    );

    let mut edge = Edge::new();
    let mut whole = Whole(vec![Vec::new(); 64]);
    for place in 0..size {
        let made = |node: Node| whole.0[usize::from(node.level)].push(node.hash);
        edge.push(format!("entry {place}").as_bytes(), made)
            .unwrap();
    }
    let head = Checkpoint::new(ORIGIN, size, edge.root()).unwrap();
    let mut note = head.sign(&log).unwrap();
    note.add(head.cosign(&witness, 1_700_000_000).unwrap())
        .unwrap();
    write("checkpoint", note.to_string().as_bytes());
    write("entry", format!("entry {index}").as_bytes());
    let proof = LogProof {
        extra: None,
        index,
        path: prove_inclusion(&whole, index, size).unwrap(),
        head: note,
    };
    write("entry.tlog-proof", proof.to_string().as_bytes());

    let signer = EvidenceKey::from_seed(&secret(3));
    let subjects = vec![Subject::of("audit", b"")];
    let kind = "https://attest.example/retention-run/v1";
    let statement = Statement::new(subjects, kind, json!({"removed": 17})).unwrap();
    let mut envelope = statement.to_envelope().unwrap();
    envelope.sign(&signer);
    write("envelope.json", envelope.to_json().as_bytes());
    write_public(&dir.join("signer.pem"), &signer.public());

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
