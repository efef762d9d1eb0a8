use std::{fs, io::Read, path::Path};

use image::{DynamicImage, Rgb, RgbImage};

use super::*;
use crate::files::{seen::SeenFile, types::Source};

fn vault() -> (tempfile::TempDir, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let vault = Vault::new(dir.path());
    (dir, vault)
}

fn prepared(vault: &Vault, file: NewFile) -> Result<Prepared> {
    prepare(vault, file, &mut |_, _, _| {})
}

fn bytes(name: &str, bytes: &[u8]) -> NewFile {
    NewFile::from(Source::Reader {
        name: name.into(),
        size: bytes.len() as u64,
        reader: Box::new(std::io::Cursor::new(bytes.to_vec())),
    })
}

fn content(vault: &Vault, prepared: &Prepared) -> Vec<u8> {
    let mut content = Vec::new();
    let mut reader = vault.open(&prepared.sealed).unwrap();
    reader.read_to_end(&mut content).unwrap();
    content
}

fn left(dir: &Path) -> usize {
    fs::read_dir(dir.join("files")).map_or(0, Iterator::count)
}

fn jpeg() -> Vec<u8> {
    let picture = RgbImage::from_pixel(64, 48, Rgb([9, 99, 199]));
    let mut out = std::io::Cursor::new(Vec::new());
    DynamicImage::from(picture)
        .write_to(&mut out, ImageFormat::Jpeg)
        .unwrap();
    let plain = out.into_inner();
    let comment = b"\xff\xfe\0\x12taken in Berlin.";
    [&plain[..2], comment, &plain[2..]].concat()
}

#[test]
fn any_file_is_sealed_as_it_is() {
    let (dir, vault) = vault();
    let path = dir.path().join("notes.txt");
    for text in [&b""[..], b"hello", &vec![b'x'; 300_000]] {
        fs::write(&path, text).unwrap();
        let prepared = prepared(&vault, NewFile::at(&path)).unwrap();
        assert_eq!(prepared.name, "notes.txt");
        assert_eq!(prepared.sealed.size, text.len() as u64);
        assert!(content(&vault, &prepared) == text);
        assert_eq!(prepared.preview, Preview::default());
    }
}

#[test]
fn pictures_are_cleaned_unless_they_are_to_stay() {
    let (_dir, vault) = vault();
    let tells = |bytes: &[u8]| bytes.windows(6).any(|window| window == b"Berlin");
    let cleaned = prepared(&vault, bytes("a.jpg", &jpeg())).unwrap();
    assert!(!tells(&content(&vault, &cleaned)));
    assert_eq!((cleaned.preview.width, cleaned.preview.height), (64, 48));
    let mut as_it_is = bytes("a.jpg", &jpeg());
    as_it_is.keep_metadata = true;
    let kept = prepared(&vault, as_it_is).unwrap();
    assert!(content(&vault, &kept) == jpeg());
}

/// Silence would be the worst answer: it would go out with the place in it.
#[test]
fn what_cannot_be_cleaned_is_said() {
    let (dir, vault) = vault();
    let heic = b"\0\0\0\x18ftypheic\0\0\0\0heicmif1";
    for picture in [&heic[..], &jpeg()[..60]] {
        let error = prepared(&vault, bytes("a.jpg", picture)).err().unwrap();
        assert_eq!(error.code, "metadata_stays");
        assert!(error.hint.contains("--keep-metadata"));
        let mut as_it_is = bytes("a.jpg", picture);
        as_it_is.keep_metadata = true;
        let kept = prepared(&vault, as_it_is).unwrap();
        assert_eq!(kept.preview, Preview::default(), "without a preview");
    }
    assert_eq!(left(dir.path()), 2);
}

#[test]
fn a_source_that_changes_is_noticed() {
    let (dir, vault) = vault();
    // It gives less or more than it said.
    for said in [4, 6] {
        let mut lying = bytes("x", b"hello");
        if let Source::Reader { size, .. } = &mut lying.source {
            *size = said;
        }
        let error = prepared(&vault, lying).err().unwrap();
        assert_eq!(error.code, "source_changed");
    }
    // It is written to while it is read.
    let path = dir.path().join("growing.log");
    fs::write(&path, vec![b'x'; 3_000_000]).unwrap();
    let change = path.clone();
    let mut changed = false;
    let error = prepare(&vault, NewFile::at(&path), &mut |_, _, _| {
        if !std::mem::replace(&mut changed, true) {
            use std::io::Write;
            let mut file = fs::OpenOptions::new().append(true).open(&change).unwrap();
            file.write_all(b"y").unwrap();
        }
    });
    assert_eq!(error.err().unwrap().code, "source_changed");
    assert_eq!(left(dir.path()), 0, "nothing is left behind");
}

#[test]
fn only_files_are_files() {
    let (dir, vault) = vault();
    let code = |path: &Path| prepared(&vault, NewFile::at(path)).err().unwrap().code;
    assert_eq!(code(dir.path()), "not_a_file");
    assert_eq!(code(&dir.path().join("missing")), "file_missing");
    assert_eq!(code(Path::new("/dev/zero")), "not_a_file");
    // Nobody writes into it; opening must not wait for them.
    let pipe = dir.path().join("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    assert_eq!(code(&pipe), "not_a_file");
}

/// What Mallory does with a file that Alice has looked at, and one that Alice has not.
type Change = fn(&Path, &Path);

#[test]
fn what_was_looked_at_is_what_is_sent() {
    let (dir, vault) = vault();
    let (path, secret) = (dir.path().join("notes.txt"), dir.path().join("secret.txt"));
    fs::write(&secret, "hello").unwrap();
    let sent = || {
        fs::write(&path, "hello").unwrap();
        SeenFile::open(&path).unwrap().0
    };
    let send = |seen: SeenFile| prepared(&vault, NewFile::from(Source::Seen(seen)));
    let kept = send(sent()).unwrap();
    assert_eq!(content(&vault, &kept), b"hello");
    let changes: [(&str, Change); 3] = [
        ("written to", |path, _| {
            fs::write(path, "hello, Bob").unwrap()
        }),
        ("another of its size", |path, secret| {
            fs::remove_file(path).unwrap();
            fs::copy(secret, path).unwrap();
        }),
        ("a link that Mallory made", |path, secret| {
            fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink(secret, path).unwrap();
        }),
    ];
    for (what, change) in changes {
        let seen = sent();
        // Open, so that its inode is not given to another.
        let _held = fs::File::open(&path).unwrap();
        change(&path, &secret);
        let error = send(seen).err().expect(what);
        assert_eq!(error.code, "source_changed", "{what}");
        fs::remove_file(&path).unwrap();
    }
}

#[test]
fn three_gigabytes_are_too_many() {
    let (dir, vault) = vault();
    let path = dir.path().join("large");
    fs::File::create(&path).unwrap().set_len(3 << 30).unwrap();
    let error = prepared(&vault, NewFile::at(&path)).err().unwrap();
    assert_eq!(error.code, "file_too_large");
}

#[test]
fn names_are_made_safe() {
    let (_dir, vault) = vault();
    let prepared = prepared(&vault, bytes("../../e\u{202e}vil", b"hello")).unwrap();
    assert_eq!(prepared.name, "evil");
}
