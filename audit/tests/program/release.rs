//! Releases, from a folder of programs to what others think of it.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use sealwire_audit::dsse::{Envelope, secret_from_pem};
use sealwire_audit::release::{BOM, Build, PROVENANCE, program_of};
use sealwire_audit::statement::{Statement, Subject};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::openssl::Pem;
use crate::running::{bad, good, program};

/// Names the Python that has what others wrote; `cargo xtask test` sets it.
const OUTSIDERS: &str = "SEALWIRE_OUTSIDERS";
const PROGRAMS: [&str; 3] = ["sealwire", "sealwire-desktop.deb", "sealwire-relay"];
const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A folder with a release in `release` and its key in `release-key.pem` and `.pub`.
struct Scene(TempDir);

fn bom(name: &str) -> Value {
    json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": {
            "type": "application", "name": program_of(name), "version": "0.1.0",
        }},
        "components": [
            {"type": "library", "name": "serde", "version": "1.0.0", "purl": "pkg:cargo/serde@1.0.0"},
            {"type": "library", "name": "ümlaut", "version": "2.0.0"},
        ],
    })
}

impl Scene {
    /// Programs and bills of materials, as they come from the build.
    fn built() -> Self {
        let scene = Self(tempfile::tempdir().unwrap());
        Pem::generate(scene.0.path(), "release-key");
        fs::create_dir(scene.path("release")).unwrap();
        fs::write(scene.path("Cargo.lock"), "version = 4\n").unwrap();
        for name in PROGRAMS {
            fs::write(scene.file(name), format!("the bytes of {name}")).unwrap();
            let pretty = serde_json::to_string_pretty(&bom(name)).unwrap();
            fs::write(scene.file(&format!("{name}.cdx.json")), pretty).unwrap();
        }
        scene
    }

    fn signed() -> Self {
        let scene = Self::built();
        good(&scene.sign("release-key.pem").each_ref().map(String::as_str));
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.path("release").join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn sign(&self, key: &str) -> [String; 17] {
        let word = ToString::to_string;
        [
            word("release"),
            self.text("release"),
            word("--key"),
            self.text(key),
            word("--release"),
            word("0.1.0"),
            word("--commit"),
            word(COMMIT),
            word("--source=git+https://git.example/sealwire"),
            word("--lock"),
            self.text("Cargo.lock"),
            word("--target"),
            word("x86_64-unknown-linux-gnu"),
            word("--toolchain"),
            word("rustc 1.95.0"),
            word("--flags=-Clink-arg=-fuse-ld=mold"),
            word("--started=1700000000"),
        ]
    }

    fn verify(&self) -> [String; 5] {
        let key = self.text("release-key.pub");
        let words = ["verify", "release"].map(ToString::to_string);
        let [verify, release] = words;
        [
            verify,
            release,
            self.text("release"),
            "--key".to_owned(),
            key,
        ]
    }

    fn holds(&self) -> String {
        good(&self.verify().each_ref().map(String::as_str))
    }

    /// What is said of a release that does not hold.
    fn broken(&self) -> String {
        let (code, said) = bad(&self.verify().each_ref().map(String::as_str));
        assert_eq!(code, 8, "{said}");
        assert!(said.contains("do not run these programs"), "{said}");
        said
    }

    /// Signs a statement with the release key, in place of what is in a file.
    fn replace(&self, name: &str, statement: &Statement) {
        let pem = fs::read(self.path("release-key.pem")).unwrap();
        let key = secret_from_pem(&pem).ok().unwrap();
        let mut envelope = statement.to_envelope().unwrap();
        envelope.sign(&key);
        fs::write(self.file(name), envelope.to_json()).unwrap();
    }

    fn statement(&self, name: &str) -> Statement {
        let envelope = Envelope::parse(&fs::read(self.file(name)).unwrap()).unwrap();
        Statement::parse(envelope.payload()).unwrap()
    }

    /// Has it checked by what others wrote; `None` if that is not installed.
    fn outsiders(&self) -> Option<Output> {
        let Some(python) = std::env::var_os(OUTSIDERS) else {
            println!("skipped: {OUTSIDERS} names no Python; `cargo xtask test` installs one");
            return None;
        };
        let script = Path::new(env!("CARGO_MANIFEST_DIR"));
        let script = script.join("../tests/outsiders/check_release.py");
        let mut command = Command::new(python);
        command.arg(script).arg(self.path("release"));
        let checked = command.arg(self.path("release-key.pub")).output();
        Some(checked.expect("Python runs"))
    }
}

fn flip(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_release_that_holds() {
    let scene = Scene::signed();
    let said = scene.holds();
    for wanted in [
        "signed: sealwire, SHA-256 ",
        "signed: sealwire-desktop.deb, SHA-256 ",
        "signed: sealwire-relay, SHA-256 ",
        "of 2 parts",
        "version: 0.1.0 for x86_64-unknown-linux-gnu",
        COMMIT,
        "built: 2023-11-14T22:13:20Z to ",
        "SLSA Build L1",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let json = [["--json".to_owned()].as_slice(), &scene.verify()].concat();
    let json = good(&json.iter().map(String::as_str).collect::<Vec<_>>());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        json["result"]["programs"][1]["name"],
        "sealwire-desktop.deb"
    );
    // Signed again, it is the same release.
    good(&scene.sign("release-key.pem").each_ref().map(String::as_str));
    scene.holds();
}

#[test]
fn outsiders_think_the_same_of_it() {
    let scene = Scene::signed();
    let Some(checked) = scene.outsiders() else {
        return;
    };
    let said = String::from_utf8_lossy(&checked.stderr).into_owned();
    assert!(checked.status.success(), "{said}");
    for name in files(&scene) {
        let whole = fs::read(scene.file(&name)).unwrap();
        flip(&scene.file(&name));
        let checked = scene.outsiders().unwrap();
        assert!(!checked.status.success(), "{name}");
        fs::write(scene.file(&name), whole).unwrap();
    }
}

fn files(scene: &Scene) -> Vec<String> {
    let entries = fs::read_dir(scene.path("release")).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert_eq!(names.len(), 10, "{names:?}");
    names
}

#[test]
fn each_file_matters() {
    let scene = Scene::signed();
    for name in files(&scene) {
        let path = scene.file(&name);
        let whole = fs::read(&path).unwrap();
        flip(&path);
        let said = scene.broken();
        assert!(said.contains(&format!("{name}:")), "{name}: {said}");
        fs::remove_file(&path).unwrap();
        let said = scene.broken();
        assert!(
            said.contains(&format!("{name}: is missing")),
            "{name}: {said}"
        );
        symlink(scene.path("Cargo.lock"), &path).unwrap();
        let said = scene.broken();
        assert!(said.contains("no plain file"), "{name}: {said}");
        fs::remove_file(&path).unwrap();
        fs::write(&path, whole).unwrap();
    }
    scene.holds();
    for (name, why) in [
        ("notes.txt", "is no file of a release"),
        (
            "sealwire-audit",
            "is of no program that the provenance names",
        ),
        (
            "sealwire-audit.cdx.json",
            "is of no program that the provenance names",
        ),
    ] {
        fs::write(scene.file(name), "").unwrap();
        let said = scene.broken();
        assert!(said.contains(&format!("{name}: {why}")), "{said}");
        fs::remove_file(scene.file(name)).unwrap();
    }
    fs::create_dir(scene.file("folder")).unwrap();
    assert!(scene.broken().contains("folder: is no plain file"));
}

#[test]
fn another_key_does_not_count() {
    let scene = Scene::built();
    Pem::generate(scene.0.path(), "mallory");
    good(&scene.sign("mallory.pem").each_ref().map(String::as_str));
    let said = scene.broken();
    assert!(
        said.contains("provenance.intoto.json: 0 of the known keys"),
        "{said}"
    );
}

/// Everything here is signed with the right key, and does not fit.
#[test]
fn what_does_not_fit_together_is_refused() {
    let scene = Scene::signed();
    let provenance = scene.statement("provenance.intoto.json");
    let build = Build::of(&provenance).unwrap();
    let says = |subjects: Vec<Subject>| build.to_statement(subjects).unwrap();
    let of = |name: &str| Subject::of(name, format!("the bytes of {name}").as_bytes());
    let outside = Subject::of("../Cargo.lock", b"version = 4\n");
    for (subjects, why) in [
        (
            vec![of("sealwire")],
            "is of no program that the provenance names",
        ),
        (
            vec![of("sealwire"), of("sealwire")],
            "names the program sealwire twice",
        ),
        (vec![outside], "is about something that is no program"),
        (
            vec![
                of("sealwire"),
                of("sealwire-desktop.deb"),
                of("sealwire-relay"),
                of("third"),
            ],
            "third: is missing",
        ),
    ] {
        scene.replace("provenance.intoto.json", &says(subjects));
        let said = scene.broken();
        assert!(said.contains(why), "{why}: {said}");
    }
    let newer = Build {
        version: "0.2.0".to_owned(),
        ..build.clone()
    };
    let both = provenance.subjects().to_vec();
    let newer = newer.to_statement(both.clone()).unwrap();
    scene.replace("provenance.intoto.json", &newer);
    assert!(
        scene
            .broken()
            .contains("another version than the provenance")
    );
    scene.replace("provenance.intoto.json", &provenance);
    scene.holds();
    let bom_of = |subjects, kind, bom| Statement::new(subjects, kind, bom).unwrap();
    let first = vec![both[0].clone()];
    for (statement, why) in [
        (
            bom_of(both.clone(), BOM, bom("sealwire")),
            "not about it alone",
        ),
        (
            bom_of(vec![both[1].clone()], BOM, bom("sealwire")),
            "not about it alone",
        ),
        (
            bom_of(first.clone(), BOM, bom("sealwire-relay")),
            "about another program",
        ),
        (
            bom_of(first.clone(), PROVENANCE, bom("sealwire")),
            "is no bill of materials",
        ),
    ] {
        scene.replace("sealwire.cdx.intoto.json", &statement);
        let said = scene.broken();
        assert!(said.contains(why), "{why}: {said}");
    }
    let mut less = bom("sealwire");
    less["components"].as_array_mut().unwrap().pop();
    scene.replace("sealwire.cdx.intoto.json", &bom_of(first, BOM, less));
    assert!(
        scene
            .broken()
            .contains("is not the bill of materials that is signed in")
    );
}

#[test]
fn files_without_end_are_not_read() {
    for (name, most) in [("sealwire", 1 << 30), ("sealwire.cdx.json", 16 << 20)] {
        let scene = Scene::signed();
        let file = fs::OpenOptions::new().write(true).open(scene.file(name));
        file.unwrap().set_len(most + 1).unwrap();
        let said = scene.broken();
        assert!(said.contains(&format!("{name}: is larger than")), "{said}");
    }
}

#[test]
fn what_cannot_be_signed_is_told() {
    let scene = Scene::built();
    let refused = |words: &[String]| {
        let output = program().args(words).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = refused(&scene.sign("release-key.pub"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("openssl genpkey"), "{said}");
    fs::write(scene.file("sealwire.cdx.json"), bom("other").to_string()).unwrap();
    let (code, said) = refused(&scene.sign("release-key.pem"));
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("sealwire.cdx.json"), "{said}");
    let scene = Scene::built();
    let mut words = scene.sign("release-key.pem");
    "main".clone_into(&mut words[7]);
    let (code, said) = refused(&words);
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("commit"), "{said}");
}
