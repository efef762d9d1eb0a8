//! An auditor from outside: packs what a relay attests, checks it, and has it checked by programs that
//! others wrote.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sealwire_tests::witness::Witness;
use sealwire_tests::{Scratch, Stage, programs, raw, until};
use serde_json::Value;

/// A Python with securesystemslib, in-toto-attestation and jsonschema.
const OUTSIDERS: &str = "SEALWIRE_OUTSIDERS";
/// A folder with npm's @sigstore/verify and @sigstore/bundle.
const SIGSTORE: &str = "SEALWIRE_SIGSTORE";
/// The Node.js that runs them, if not the one on `PATH`.
const NODE: &str = "SEALWIRE_NODE";

/// Why this relay processes data, which no program can know.
const PROCESSING: &str = r#"
[processing]
controller = "Acme Ltd, 1 Quay, Hamburg"
contact = "privacy@acme.example"
purposes = ["communication of staff"]
legal_basis = "GDPR Art. 6(1)(f)"
data_subjects = ["staff"]
location = "Hamburg, Germany"
"#;

/// A relay that has attested something, and what the auditor was given.
struct Scene {
    stage: Stage,
    // Without it no head is served.
    _witness: Witness,
    desk: Scratch,
}

async fn scene() -> Scene {
    let mut stage = Stage::set_in_memory().await;
    let desk = Scratch::in_memory();
    let witness = Witness::of(&stage.relay, &desk.join("witness")).await;
    let settings = witness.settings() + PROCESSING;
    stage.relay.restart_with(&settings).await;
    let (_alice, bob, carol) = stage.alice_bob_carol().await;
    stage.relay.command(&["ropa"]).await;
    let incident = [
        "incident",
        "open",
        "a disk was lost",
        "--kind",
        "availability",
    ];
    stage.relay.command(&incident).await;
    carol.own_data().await.expect("a copy");
    bob.erase_account().await.expect("erased");
    let token = stage.relay.command(&["auditor", "admit", "ey"]).await;
    std::fs::write(desk.join("token"), token).expect("the token");
    let keys = raw::get(stage.relay.address(), "/log/v1/keys").await;
    let logs: String = keys.lines().map(|key| format!("log {key}\n")).collect();
    let policy = format!("{logs}witness w1 {}\nquorum w1\n", witness.key());
    std::fs::write(desk.join("policy"), policy).expect("the policy");
    Scene {
        stage,
        _witness: witness,
        desk,
    }
}

impl Scene {
    fn audit(&self, words: &[&str]) -> Output {
        let mut command = Command::new(programs::audit());
        command.current_dir(self.desk.path()).args(words);
        command.output().expect("the program runs")
    }

    /// Asks the relay for a pack, with the token in this file.
    fn fetch(&self, token: &str) -> Output {
        let relay = format!("https://{}", self.stage.relay.address());
        let ca = self.stage.relay.data().join("dev-certificate.pem");
        let mut words = vec![
            "pack", "--dir", "pack", "--policy", "policy", "--relay", &relay,
        ];
        let ca = ca.to_str().expect("a plain path");
        words.extend(["--token-file", token, "--ca", ca]);
        self.audit(&words)
    }

    /// Packs, once the newest statements are in the served head.
    async fn pack(&self) -> PathBuf {
        let pack = self.desk.join("pack");
        until("a pack with both statements about people", || async {
            drop(std::fs::remove_dir_all(&pack));
            let made = self.fetch("token");
            if !made.status.success() {
                return Err(String::from_utf8_lossy(&made.stderr).into_owned());
            }
            let types = types(&pack);
            let there = |name: &str| types.iter().any(|kind| kind.contains(name));
            if there("/access-export/") && there("/erasure/") {
                return Ok(());
            }
            Err(format!("{types:?}"))
        })
        .await;
        pack
    }
}

/// The types of a pack's statements.
fn types(pack: &Path) -> Vec<String> {
    let kind = |path: &PathBuf| {
        let envelope = std::fs::read(path).expect("a statement");
        let envelope: Value = serde_json::from_slice(&envelope).expect("JSON");
        let payload = envelope["payload"].as_str().expect("a payload");
        let payload = data_encoding::BASE64.decode(payload.as_bytes());
        let payload: Value = serde_json::from_slice(&payload.expect("base64")).expect("JSON");
        payload["predicateType"]
            .as_str()
            .expect("a type")
            .to_owned()
    };
    statements(pack).iter().map(kind).collect()
}

/// The statements of a pack.
fn statements(pack: &Path) -> Vec<PathBuf> {
    let mut statements: Vec<PathBuf> = std::fs::read_dir(pack.join("statements"))
        .expect("statements")
        .map(|file| file.expect("a file").path())
        .filter(|path| path.extension().is_some_and(|kind| kind == "json"))
        .collect();
    statements.sort();
    statements
}

fn complaint(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The public key that the pack holds.
fn key(pack: &Path) -> PathBuf {
    let mut keys = std::fs::read_dir(pack.join("keys")).expect("keys");
    keys.next().expect("a key").expect("a file").path()
}

/// Has the pack checked by what others wrote; `None` if that is not installed.
fn outsiders(pack: &Path) -> Option<Output> {
    let Some(python) = std::env::var_os(OUTSIDERS) else {
        println!("skipped: {OUTSIDERS} names no Python; `cargo xtask test` installs one");
        return None;
    };
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new(python);
    command
        .arg(tests.join("outsiders/check_pack.py"))
        .args([pack, &key(pack)])
        .arg(tests.join("../docs/predicates"));
    Some(command.output().expect("Python runs"))
}

/// Has a bundle checked by Sigstore's own verifier in this folder.
fn sigstore(modules: &OsStr, bundle: &Path, scene: &Scene, signer: &Path) -> Output {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    let node = std::env::var_os(NODE).unwrap_or_else(|| "node".into());
    let mut command = Command::new(node);
    command.arg(tests.join("outsiders/check_bundle.js"));
    command.arg(modules).arg(bundle);
    command.arg(scene.desk.join("policy")).arg(signer);
    command.output().expect("Node.js runs")
}

/// All that a verifier has to look at in a bundle: where it stands, and whether as base64.
const IN_A_BUNDLE: [(&str, bool); 5] = [
    ("/dsseEnvelope/payload", true),
    ("/dsseEnvelope/signatures/0/sig", true),
    (
        "/verificationMaterial/tlogEntries/0/canonicalizedBody",
        true,
    ),
    (
        "/verificationMaterial/tlogEntries/0/inclusionProof/hashes/0",
        true,
    ),
    (
        "/verificationMaterial/tlogEntries/0/inclusionProof/checkpoint/envelope",
        false,
    ),
];

/// The bundle with one bit turned at this place.
fn damaged(bundle: &Value, (place, encoded): (&str, bool)) -> Value {
    let mut bundle = bundle.clone();
    let value = bundle.pointer_mut(place).expect(place);
    let text = value.as_str().expect("text").to_owned();
    let text = if encoded {
        let mut bytes = data_encoding::BASE64.decode(text.as_bytes()).expect(place);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        data_encoding::BASE64.encode(&bytes)
    } else {
        let mut bytes = text.into_bytes();
        // In the log's name.
        bytes[1] ^= 1;
        String::from_utf8(bytes).expect("text")
    };
    *value = Value::from(text);
    bundle
}

/// Turns one bit in the middle of a file.
fn damage(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a file");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_of_a_relay_holds_and_one_flipped_bit_breaks_it() {
    let scene = scene().await;
    let pack = scene.pack().await;
    let signer = raw::get(scene.stage.relay.address(), "/log/v1/relay.pem").await;
    std::fs::write(scene.desk.join("relay.pem"), signer).expect("the key");
    let signer = ["--signer", "relay=relay.pem"];
    let good = [
        "verify", "pack", "pack", "--policy", "policy", signer[0], signer[1],
    ];
    let good = scene.audit(&good);
    assert!(good.status.success(), "{}", complaint(&good));
    let report = [
        "report",
        "pack",
        "--policy",
        "policy",
        "--out",
        "report.html",
    ];
    let report = scene.audit(&report);
    assert!(report.status.success(), "{}", complaint(&report));
    let page = std::fs::read_to_string(scene.desk.join("report.html")).expect("a page");
    for told in ["erasure", "Acme Ltd", "Hamburg, Germany"] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("bob@acme"));
    if let Some(checked) = outsiders(&pack) {
        let said = String::from_utf8_lossy(&checked.stdout).into_owned();
        assert!(checked.status.success(), "{}", complaint(&checked));
        for name in [
            "access-export",
            "config-snapshot",
            "erasure",
            "incident",
            "key-directory",
            "retention-run",
            "ropa",
        ] {
            assert!(said.contains(name), "{said}");
        }
    }
    for statement in &statements(&pack) {
        let whole = std::fs::read(statement).expect("a statement");
        damage(statement);
        let broken = scene.audit(&["verify", "pack", "pack", "--policy", "policy"]);
        assert_eq!(broken.status.code(), Some(8), "{}", complaint(&broken));
        if let Some(checked) = outsiders(&pack) {
            assert!(!checked.status.success(), "{}", statement.display());
        }
        std::fs::write(statement, whole).expect("mended");
    }
    damage(&pack.join("logs/audit/checkpoint"));
    let broken = scene.audit(&["verify", "pack", "pack", "--policy", "policy"]);
    assert_eq!(broken.status.code(), Some(8), "{}", complaint(&broken));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_reads_statements_without_a_token_that_counts() {
    let scene = scene().await;
    scene
        .stage
        .relay
        .command(&["auditor", "dismiss", "ey"])
        .await;
    std::fs::write(scene.desk.join("wrong"), "AAAA").expect("a token");
    for token in ["token", "wrong"] {
        let made = scene.fetch(token);
        assert!(!made.status.success());
        assert!(
            complaint(&made).contains("the relay refuses"),
            "{}",
            complaint(&made)
        );
    }
    let list = scene.stage.relay.command(&["auditor", "list"]).await;
    assert!(list.contains("Nobody"), "{list}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_holds_for_sigstore_and_one_flipped_bit_breaks_it() {
    let scene = scene().await;
    let pack = scene.pack().await;
    let [first, second] = [0, 1].map(|at| statements(&pack)[at].clone());
    let bundle = scene.desk.join("bundle.json");
    let export = |statement: &Path, proof: &Path| {
        let [statement, proof] = [statement, proof].map(|path| path.to_str().expect("a path"));
        let out = ["--policy", "policy", "--out", "bundle.json"];
        scene.audit(&[&["bundle", statement, "--proof", proof], &out[..]].concat())
    };
    let swapped = export(&first, &second.with_extension("tlog-proof"));
    assert_eq!(swapped.status.code(), Some(8), "{}", complaint(&swapped));
    assert!(!bundle.exists());
    let Some(modules) = std::env::var_os(SIGSTORE) else {
        println!("skipped: {SIGSTORE} names no folder; `cargo xtask test` makes one");
        return;
    };
    let signer = key(&pack);
    for statement in statements(&pack) {
        let made = export(&statement, &statement.with_extension("tlog-proof"));
        assert!(made.status.success(), "{}", complaint(&made));
        let checked = sigstore(&modules, &bundle, &scene, &signer);
        assert!(checked.status.success(), "{}", complaint(&checked));
    }
    let good = std::fs::read(&bundle).expect("the bundle");
    let good: Value = serde_json::from_slice(&good).expect("JSON");
    for place in IN_A_BUNDLE {
        std::fs::write(&bundle, damaged(&good, place).to_string()).expect("written");
        let checked = sigstore(&modules, &bundle, &scene, &signer);
        assert_eq!(checked.status.code(), Some(1), "{place:?}");
        let why = complaint(&checked);
        assert!(why.contains("_ERROR: "), "{place:?}: {why}");
    }
}
