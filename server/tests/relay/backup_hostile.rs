//! Backups that were damaged, and archives that only look like backups.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_crypto::sha256;
use serde_json::Value;
use tar::{EntryType, Header};
use tempfile::TempDir;

use crate::backup::{failure, fill, restore, verify};
use crate::support::Relay;

/// A member of an archive.
struct Member {
    header: Header,
    name: String,
    /// Where its bytes begin.
    at: usize,
    bytes: Vec<u8>,
}

fn members(archive: &Path) -> Vec<Member> {
    let mut archive = tar::Archive::new(File::open(archive).expect("opened"));
    let entries = archive.entries().expect("an archive");
    entries
        .map(|entry| {
            let mut entry = entry.expect("a member");
            let mut bytes = Vec::new();
            entry.read_to_end(&mut bytes).expect("read");
            Member {
                header: entry.header().clone(),
                name: entry
                    .path()
                    .expect("a name")
                    .to_str()
                    .expect("text")
                    .to_owned(),
                at: usize::try_from(entry.raw_file_position()).expect("small"),
                bytes,
            }
        })
        .collect()
}

fn write(to: &Path, members: &[Member]) {
    let mut archive = tar::Builder::new(File::create(to).expect("made"));
    for member in members {
        let added = archive.append(&member.header, member.bytes.as_slice());
        added.expect("added");
    }
    archive.finish().expect("written");
}

/// Gives a member this name in its header, which may be one that no program would write.
fn rename(member: &mut Member, name: &str) {
    let field = &mut member.header.as_ustar_mut().expect("ustar").name;
    field.fill(0);
    field[..name.len()].copy_from_slice(name.as_bytes());
    member.header.set_cksum();
}

async fn backup() -> (TempDir, PathBuf) {
    let relay = Relay::new();
    fill(&relay).await;
    let dir = tempfile::tempdir().expect("temporary directory");
    let tar = dir.path().join("backup.tar");
    relay.backup(&tar);
    (dir, tar)
}

#[tokio::test]
async fn any_byte_that_is_flipped_is_noticed() {
    let (dir, tar) = backup().await;
    let good = std::fs::read(&tar).expect("read");
    let broken = dir.path().join("broken.tar");
    let notice = |bytes: &[u8], what: &str| {
        std::fs::write(&broken, bytes).expect("written");
        let output = verify(&broken);
        assert!(!output.status.success(), "not noticed: {what}");
        let told: Value = serde_json::from_slice(&output.stdout).expect("JSON");
        assert_eq!(told["ok"], false);
        failure(&output)
    };
    let all = members(&tar);
    assert!(all.len() > 10);
    for Member {
        name, at, bytes, ..
    } in &all
    {
        for (place, what) in [
            (at + bytes.len() / 2, "its bytes"),
            (at + bytes.len() - 1, "its last byte"),
            (at - 512, "its name"),
            (at - 512 + 155, "the end of its checksum"),
            (at - 1, "the end of its header"),
            (
                at + bytes.len().next_multiple_of(512) - 1,
                "what fills its block",
            ),
        ] {
            let mut flipped = good.clone();
            flipped[place] ^= 1;
            let error = notice(&flipped, &format!("{what}, {name}"));
            let named = error.contains(name.as_str()) || error.contains("manifest");
            assert!(named || what == "what fills its block", "{name}: {error}");
        }
    }
    let mut flipped = good.clone();
    *flipped.last_mut().expect("bytes") ^= 1;
    notice(&flipped, "the end");
    for length in [
        0,
        100,
        512,
        5_000,
        good.len() / 2,
        good.len() - 1024,
        good.len() - 1,
    ] {
        notice(&good[..length], "cut off");
    }
    notice(&[good.as_slice(), &[0; 512]].concat(), "more at the end");
    for missing in 0..all.len() {
        let mut left = members(&tar);
        let gone = left.remove(missing);
        write(&broken, &left);
        let bytes = std::fs::read(&broken).expect("read");
        notice(&bytes, &format!("{} is missing", gone.name));
    }
}

/// A backup in which a member has another name, with a manifest that says so and its guard.
fn renamed(from: &Path, to: &Path, name: &str) {
    let mut all = members(from);
    let place = all.iter().position(|member| member.name == "token-key.der");
    rename(&mut all[place.expect("there")], name);
    let text = String::from_utf8(all[0].bytes.clone()).expect("text");
    let text = text.replacen("\"token-key.der\"", &format!("{name:?}"), 1);
    all[0].bytes = text.into_bytes();
    let length = all[0].bytes.len() as u64;
    all[0].header.set_size(length);
    all[0].header.set_cksum();
    let hash = HEXLOWER.encode(&sha256(&[&all[0].bytes]));
    let last = all.last_mut().expect("a guard");
    last.bytes = format!("{hash}  manifest.json\n").into_bytes();
    write(to, &all);
}

#[tokio::test]
async fn a_hostile_archive_writes_nothing() {
    let (dir, tar) = backup().await;
    let inner = dir.path().join("inner");
    std::fs::create_dir(&inner).expect("made");
    let (evil, data) = (inner.join("evil.tar"), inner.join("data"));
    let absolute = dir.path().join("evil");
    let absolute = absolute.to_str().expect("text");
    let refused = |what: &str| {
        let error = failure(&restore(&evil, &data));
        assert!(!data.exists(), "{what}: {error}");
        assert!(!dir.path().join("evil").exists() && !inner.join("evil").exists());
        failure(&verify(&evil));
        error
    };
    for name in [
        "../evil",
        "../../evil",
        absolute,
        "blobs/../../evil",
        "lock",
    ] {
        renamed(&tar, &evil, name);
        let error = refused(name);
        assert!(error.contains("no backup holds"), "{error}");
        // The same without a manifest that knows of it.
        let mut all = members(&tar);
        let last = all.len() - 2;
        rename(&mut all[last], name);
        write(&evil, &all);
        refused(name);
        rename(&mut all[0], name);
        write(&evil, &all);
        refused(name);
    }
    for kind in [
        EntryType::Symlink,
        EntryType::Link,
        EntryType::Directory,
        EntryType::XHeader,
    ] {
        let mut all = members(&tar);
        all[1].header.set_entry_type(kind);
        all[1].header.set_link_name(absolute).expect("a link");
        all[1].header.set_cksum();
        write(&evil, &all);
        refused(&format!("{kind:?}"));
    }
    for size in [1 << 40, u64::MAX >> 1, 8 << 30] {
        for place in [0, 1] {
            let mut all = members(&tar);
            all[place].header.set_size(size);
            all[place].header.set_cksum();
            write(&evil, &all);
            refused("its size");
        }
    }
    let manifest = String::from_utf8(members(&tar)[0].bytes.clone()).expect("text");
    let manifest: Value = serde_json::from_str(&manifest).expect("JSON");
    assert_eq!(manifest["format"], "sealwire-relay-backup");
    std::fs::write(&evil, b"no archive at all").expect("written");
    refused("text");
}
