//! `openssl` checks what this project signs, as docs/evidence.md tells people to.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use data_encoding::BASE64;
use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::dsse::{Envelope, IN_TOTO, key_id, spki};
use sealwire_audit::merkle::leaf_hash;
use sealwire_audit::note::KeyKind;
use sealwire_crypto::{EvidencePublic, sha256};
use serde_json::Value;

use crate::scene::{ORIGIN, evidence_key, key, witness};

fn openssl(args: &[&str], dir: &Path) -> (bool, Vec<u8>) {
    let output = Command::new("openssl")
        .args(args)
        .current_dir(dir)
        .output()
        .unwrap();
    (output.status.success(), output.stdout)
}

/// A pair of keys as PEM files, made by `openssl`.
pub(crate) struct Pem {
    pub(crate) dir: PathBuf,
    pub(crate) name: String,
    pub(crate) public: [u8; 32],
}

impl Pem {
    pub(crate) fn generate(dir: &Path, name: &str) -> Self {
        let (secret, public) = (format!("{name}.pem"), format!("{name}.pub"));
        let made = openssl(&["genpkey", "-algorithm", "ed25519", "-out", &secret], dir);
        assert!(made.0);
        let made = openssl(&["pkey", "-in", &secret, "-pubout", "-out", &public], dir);
        assert!(made.0);
        let der = ["pkey", "-in", &secret, "-pubout", "-outform", "DER"];
        let (_, der) = openssl(&der, dir);
        Self {
            dir: dir.to_owned(),
            name: name.to_owned(),
            public: der[12..].try_into().unwrap(),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> Vec<u8> {
        fs::write(self.dir.join("message"), message).unwrap();
        let key = format!("{}.pem", self.name);
        let args = [
            "pkeyutl", "-sign", "-rawin", "-inkey", &key, "-in", "message",
        ];
        openssl(&args, &self.dir).1
    }
}

/// Writes a public key as the PEM file that `openssl` reads.
pub(crate) fn write_public(path: &Path, key: &EvidencePublic) {
    let base64 = BASE64.encode(&spki(key));
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{base64}\n-----END PUBLIC KEY-----\n");
    fs::write(path, pem).unwrap();
}

/// `openssl pkeyutl -verify`.
pub(crate) fn verifies(dir: &Path, public: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    let key = EvidencePublic::from_bytes(public).unwrap();
    write_public(&dir.join("public.pem"), &key);
    fs::write(dir.join("message"), message).unwrap();
    fs::write(dir.join("signature"), signature).unwrap();
    let verify = [
        "pkeyutl",
        "-verify",
        "-rawin",
        "-pubin",
        "-inkey",
        "public.pem",
    ];
    let files = ["-in", "message", "-sigfile", "signature"];
    openssl(&[verify.as_slice(), &files].concat(), dir).0
}

/// Cuts a note apart with nothing but its format.
fn cut(note: &str, line: usize) -> (String, Vec<u8>) {
    let (text, signatures) = note.rsplit_once("\n\n").unwrap();
    let line = signatures.lines().nth(line).unwrap();
    let base64 = line.rsplit(' ').next().unwrap();
    (
        format!("{text}\n"),
        BASE64.decode(base64.as_bytes()).unwrap(),
    )
}

#[test]
fn a_checkpoint_and_its_cosignature() {
    let dir = tempfile::tempdir().unwrap();
    let (log, witness) = (key(1, ORIGIN, KeyKind::Note), witness());
    let head = Checkpoint::new(ORIGIN, 1, leaf_hash(b"entry")).unwrap();
    let mut note = head.sign(&log).unwrap();
    note.add(head.cosign(&witness, 1_700_000_000).unwrap())
        .unwrap();
    let note = note.to_string();

    let (text, line) = cut(&note, 0);
    let public = *evidence_key(1).public().as_bytes();
    let check =
        |text: &str, signature: &[u8]| verifies(dir.path(), &public, text.as_bytes(), signature);
    assert!(check(&text, &line[4..]));
    assert!(!check(&text.replace("\n1\n", "\n2\n"), &line[4..]));

    let (text, line) = cut(&note, 1);
    let time = u64::from_be_bytes(line[4..12].try_into().unwrap());
    let cosigned = format!("cosignature/v1\ntime {time}\n{text}");
    let public = *evidence_key(2).public().as_bytes();
    let check = |text: &str| verifies(dir.path(), &public, text.as_bytes(), &line[12..]);
    assert!(check(&cosigned));
    assert!(!check(&cosigned.replace("time 17", "time 18")));
}

#[test]
fn an_envelope() {
    let dir = tempfile::tempdir().unwrap();
    let mut envelope = Envelope::new(
        IN_TOTO,
        b"{\"_type\":\"https://in-toto.io/Statement/v1\"}".to_vec(),
    );
    envelope.sign(&evidence_key(3));
    let json: Value = serde_json::from_str(&envelope.to_json()).unwrap();
    let decode = |text: &Value| BASE64.decode(text.as_str().unwrap().as_bytes()).unwrap();
    let payload = decode(&json["payload"]);
    let kind = json["payloadType"].as_str().unwrap();
    let head = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len());
    let mut message = [head.as_bytes(), &payload].concat();
    let signature = decode(&json["signatures"][0]["sig"]);
    let public = *evidence_key(3).public().as_bytes();
    assert!(verifies(dir.path(), &public, &message, &signature));
    *message.last_mut().unwrap() ^= 1;
    assert!(!verifies(dir.path(), &public, &message, &signature));
}

#[test]
fn the_id_of_a_key() {
    let dir = tempfile::tempdir().unwrap();
    write_public(&dir.path().join("public.pem"), &evidence_key(3).public());
    let (_, der) = openssl(
        &["pkey", "-pubin", "-in", "public.pem", "-outform", "DER"],
        dir.path(),
    );
    let id = data_encoding::HEXLOWER.encode(&sha256(&[&der]));
    assert_eq!(id, key_id(&evidence_key(3).public()));
}
