//! `sealwire-audit verify proof`.

use std::fs;
use std::path::PathBuf;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::merkle::{leaf_hash, node_hash};
use sealwire_audit::note::KeyKind;
use sealwire_audit::proof::LogProof;

use crate::running::{bad, good, run};
use crate::scene::{ORIGIN, envelope, evidence_key, key, witness};

/// The second entry tells of the statement.
fn entry() -> Vec<u8> {
    let logged = Attestation::of(&envelope(), &[evidence_key(3).public()]).unwrap();
    Leaf::Attestation(logged).to_bytes().unwrap()
}

struct Scene {
    dir: tempfile::TempDir,
    proof: LogProof,
}

/// A proof of the second of two entries, and the policy that Alice trusts.
fn scene() -> Scene {
    let dir = tempfile::tempdir().unwrap();
    let log = key(1, ORIGIN, KeyKind::Note);
    let witness = witness();
    let first = leaf_hash(b"first entry");
    let root = node_hash(&first, &leaf_hash(&entry()));
    let head = Checkpoint::new(ORIGIN, 2, root).unwrap();
    let mut note = head.sign(&log).unwrap();
    note.add(head.cosign(&witness, 1_700_000_000).unwrap())
        .unwrap();
    let policy = format!(
        "log {}\nwitness W {}\nquorum W\n",
        log.verifier(),
        witness.verifier()
    );
    fs::write(dir.path().join("policy"), policy).unwrap();
    let proof = LogProof {
        extra: Some(entry()),
        index: 1,
        path: vec![first],
        head: note,
    };
    Scene { dir, proof }
}

impl Scene {
    fn path(&self, name: &str) -> String {
        let path: PathBuf = self.dir.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn write(&self, name: &str, content: &[u8]) -> String {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        path
    }

    /// What it says of a proof that does not hold, with the folder left out.
    fn refused(&self, proof: &[u8], more: &[&str]) -> (i32, String) {
        let path = self.write("changed.tlog-proof", proof);
        let policy = self.path("policy");
        let args = [&["verify", "proof", &path, "--policy", &policy], more].concat();
        let (code, said) = bad(&args);
        (code, said.replace(&self.path(""), ""))
    }
}

#[test]
fn a_proof_that_holds() {
    let scene = scene();
    let proof = scene.write("entry.tlog-proof", scene.proof.to_string().as_bytes());
    let policy = scene.path("policy");
    let said = good(&["verify", "proof", &proof, "--policy", &policy]);
    insta::assert_snapshot!(said);
    let said = good(&["--json", "verify", "proof", &proof, "--policy", &policy]);
    insta::assert_snapshot!(said);
    let entry = scene.write("entry", &entry());
    let args = [
        "verify", "proof", &proof, "--policy", &policy, "--entry", &entry,
    ];
    assert!(run(&args).status.success());
}

#[test]
fn the_first_broken_link_is_named() {
    let scene = scene();
    let good = scene.proof.to_string();
    let (code, said) = scene.refused(good.replace("index 1", "index 0").as_bytes(), &[]);
    assert_eq!(code, 8);
    insta::assert_snapshot!(said);
    let (code, said) = scene.refused(&good.as_bytes()[..good.len() - 9], &[]);
    assert_eq!(code, 8);
    insta::assert_snapshot!(said);
    let lines: Vec<&str> = good.lines().collect();
    let unwitnessed = lines[..lines.len() - 1].join("\n") + "\n";
    let (code, said) = scene.refused(unwitnessed.as_bytes(), &[]);
    assert_eq!(code, 8);
    insta::assert_snapshot!(said);
    let other = scene.write("entry", b"another entry");
    let (code, said) = scene.refused(good.as_bytes(), &["--entry", &other]);
    assert_eq!(code, 8);
    assert!(said.contains("leads to another root"), "{said}");
}

#[test]
fn the_statement_must_be_the_one_that_was_logged() {
    let scene = scene();
    let proof = scene.proof.to_string();
    let logged = scene.write("envelope.json", envelope().to_json().as_bytes());
    let path = scene.write("entry.tlog-proof", proof.as_bytes());
    let policy = scene.path("policy");
    let args = ["verify", "proof", &path, "--policy", &policy, "--envelope"];
    let said = good(&[args.as_slice(), &[&logged]].concat());
    assert!(said.contains("\nsigned: by the key "), "{said}");
    let mut more = envelope();
    more.sign(&evidence_key(66));
    let mut other = Envelope::new(more.payload_type(), b"{}".to_vec());
    other.sign(&evidence_key(3));
    for wrong in [more, other] {
        let wrong = scene.write("other.json", wrong.to_json().as_bytes());
        let (code, said) = scene.refused(proof.as_bytes(), &["--envelope", &wrong]);
        assert_eq!(code, 8);
        let why = "error: other.json: the entry tells of another payload or other signatures\n";
        assert!(said.starts_with(why), "{said}");
    }
}

#[test]
fn what_is_missing_is_named() {
    let scene = scene();
    let mut bare = scene.proof.clone();
    bare.extra = None;
    let (code, said) = scene.refused(bare.to_string().as_bytes(), &[]);
    assert_eq!(code, 2);
    assert!(said.contains("--entry FILE"), "{said}");
    let policy = scene.path("policy");
    let (code, said) = bad(&["verify", "proof", "/nowhere", "--policy", &policy]);
    assert_eq!(code, 3);
    assert!(said.contains("/nowhere"), "{said}");
    let torn = scene.write("policy", b"quorum none");
    let (code, said) = scene.refused(scene.proof.to_string().as_bytes(), &[]);
    assert_eq!(code, 8);
    assert!(said.contains(&torn.replace(&scene.path(""), "")), "{said}");
    let (code, _) = bad(&["verify", "proof"]);
    assert_eq!(code, 2);
}

#[test]
fn programs_are_told_on_standard_output() {
    let scene = scene();
    let proof = scene.write("entry.tlog-proof", b"");
    let output = run(&[
        "--json",
        "verify",
        "proof",
        &proof,
        "--policy",
        &scene.path("policy"),
    ]);
    assert_eq!(output.status.code(), Some(8));
    let value: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(value["ok"], false);
    assert_eq!(value["error"]["code"], "verification_failed");
}
