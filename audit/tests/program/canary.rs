//! `sealwire-audit canary`: made, hidden in every way, and found.

use std::fs;
use std::io::Write;

use data_encoding::HEXUPPER;
use serde_json::Value;

use crate::running::{bad, good, run};

struct Scene {
    dir: tempfile::TempDir,
    markers: Vec<String>,
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("markers");
        let said = good(&["canary", "markers", "--out", file.to_str().unwrap()]);
        assert!(said.contains("16 markers"), "{said}");
        let text = fs::read_to_string(file).unwrap();
        fs::create_dir_all(dir.path().join("logs/old")).unwrap();
        Self {
            dir,
            markers: text.lines().map(str::to_owned).collect(),
        }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().unwrap().to_owned()
    }

    fn hide(&self, name: &str, bytes: &[u8]) {
        fs::write(self.path(name), bytes).unwrap();
    }

    /// What a search finds, as JSON.
    fn search(&self) -> (i32, Value) {
        let (markers, logs) = (self.path("markers"), self.path("logs"));
        let output = run(&["--json", "canary", "search", "--markers", &markers, &logs]);
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code().unwrap(), said)
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn markers_are_distinct_private_and_never_made_twice() {
    use std::os::unix::fs::PermissionsExt;
    let scene = Scene::new();
    assert_eq!(scene.markers.len(), 16);
    assert!(scene.markers[..8].iter().all(|token| token.len() == 24));
    assert!(
        scene.markers[8..]
            .iter()
            .all(|text| text.split(' ').count() == 12)
    );
    let mode = fs::metadata(scene.path("markers"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let (code, said) = bad(&["canary", "markers", "--out", &scene.path("markers")]);
    assert_eq!(code, 2, "{said}");
}

#[test]
fn nothing_is_found_where_nothing_is() {
    let scene = Scene::new();
    scene.hide("logs/relay.log", b"2026-11-25 shutting down\n");
    scene.hide("logs/old/1.gz", &gzip(&vec![b'x'; 3_000_000]));
    let (code, said) = scene.search();
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        (&said["result"]["files"], &said["result"]["found"]),
        (&2.into(), &0.into())
    );
}

#[test]
fn every_form_is_found_by_number_place_and_form_and_never_told() {
    let scene = Scene::new();
    let [token, other, sentence] = [0, 1, 8].map(|number| scene.markers[number].as_str());
    let plain = format!("{}{token}", "x".repeat(2_000_000));
    scene.hide("logs/core", plain.as_bytes());
    scene.hide("logs/hex", HEXUPPER.encode(other.as_bytes()).as_bytes());
    let utf16: Vec<u8> = sentence.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let inner = [b"{\"log\":\"", utf16.as_slice()].concat();
    let zstd = zstd::stream::encode_all(inner.as_slice(), 3).unwrap();
    scene.hide(
        "logs/old/backup.tar.gz",
        &gzip(&[&[0; 512], zstd.as_slice()].concat()),
    );
    let (code, said) = scene.search();
    assert_eq!(code, 8, "{said}");
    let found = &said["error"]["found"];
    assert_eq!(found["found"], 3, "{said}");
    let places = found["places"].as_array().unwrap();
    let place = |name: &str| {
        let file = scene.path(name);
        let found = places.iter().find(|place| place["file"] == file.as_str());
        found.unwrap_or_else(|| panic!("{name}: {said}"))
    };
    let core = place("logs/core");
    assert_eq!(
        (&core["marker"], &core["offset"]),
        (&1.into(), &2_000_000.into())
    );
    assert_eq!(
        (&core["form"], &place("logs/hex")["form"]),
        (&"UTF-8".into(), &"HEX".into())
    );
    let packed = place("logs/old/backup.tar.gz");
    assert_eq!(
        (&packed["marker"], &packed["form"]),
        (&9.into(), &"UTF-16BE".into())
    );
    let within = packed["within"].as_array().unwrap();
    assert_eq!(
        (&within[0]["packed"], &within[0]["offset"]),
        (&"gzip".into(), &0.into())
    );
    assert_eq!(
        (&within[1]["packed"], &within[1]["offset"]),
        (&"zstd".into(), &512.into())
    );
    let (markers, logs) = (scene.path("markers"), scene.path("logs"));
    let output = run(&["canary", "search", "--markers", &markers, &logs]);
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("marker 9 as UTF-16BE at byte 8 in zstd at byte 512 in gzip at byte 0"),
        "{text}"
    );
    assert!(text.contains("hint: "), "{text}");
    for marker in &scene.markers {
        assert!(!text.contains(marker) && !said.to_string().contains(marker));
    }
}

#[test]
fn what_cannot_be_searched_is_said() {
    let scene = Scene::new();
    let (code, said) = bad(&[
        "canary",
        "search",
        "--markers",
        &scene.path("markers"),
        &scene.path("no"),
    ]);
    assert_eq!(code, 3, "{said}");
    for wrong in ["", "short\n"] {
        scene.hide("wrong", wrong.as_bytes());
        let (code, said) = bad(&[
            "canary",
            "search",
            "--markers",
            &scene.path("wrong"),
            &scene.path("logs"),
        ]);
        assert_eq!(code, 2, "{said}");
    }
}
