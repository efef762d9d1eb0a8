use std::path::Path;

use super::*;
use crate::files::{source::Input, vault::Sealed};

const CHUNK: usize = SEALED_CHUNK as usize;

/// Alice's sealed file of a few chunks, and where Bob keeps his.
struct Scene {
    _dir: tempfile::TempDir,
    bob: Vault,
    sealed: Sealed,
    bytes: Vec<u8>,
    content: Vec<u8>,
}

fn seal(dir: &Path, content: &[u8]) -> (Sealed, Vec<u8>) {
    let vault = Vault::new(dir);
    let mut input = Input::of_bytes("x".into(), content.to_vec());
    let sealed = vault.seal(&mut input, &mut |_| {}).unwrap();
    let bytes = fs::read(vault.path(&sealed.hash)).unwrap();
    (sealed, bytes)
}

impl Scene {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let content: Vec<u8> = (0..400_000u32).map(|i| (i % 251) as u8).collect();
        let (sealed, bytes) = seal(&dir.path().join("alice"), &content);
        let bob = Vault::new(&dir.path().join("bob"));
        bob.prepare().unwrap();
        Self {
            _dir: dir,
            bob,
            sealed,
            bytes,
            content,
        }
    }

    fn part(&self) -> Part {
        Part::open(self.bob.part(7), &self.sealed.key, self.sealed.size).unwrap()
    }

    /// Takes `bytes` in pieces of an odd size, from where the part ended.
    fn take(&self, bytes: &[u8]) -> Result<Part> {
        let mut part = self.part();
        let mut rest = Vec::new();
        let start = usize::try_from(part.len()).unwrap().min(bytes.len());
        for piece in bytes[start..].chunks(77_777) {
            rest.extend_from_slice(piece);
            (part, rest) = part.take(rest)?;
        }
        Ok(part)
    }

    fn arrived(&self) -> u64 {
        self.part().len()
    }
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code, |_| "fine")
}

#[test]
fn what_arrives_whole_is_kept_and_opens() {
    let scene = Scene::new();
    let part = scene.take(&scene.bytes).unwrap();
    assert_eq!(part.len(), scene.bytes.len() as u64);
    part.finish(&scene.bob, &scene.sealed.hash).unwrap();
    assert!(scene.bob.holds(&scene.sealed.hash, scene.sealed.size));
    let mut content = Vec::new();
    let mut reader = scene.bob.open(&scene.sealed).unwrap();
    reader.read_to_end(&mut content).unwrap();
    assert!(content == scene.content);
    assert!(!scene.bob.part(7).exists());
    // At rest it stays sealed.
    assert!(fs::read(scene.bob.path(&scene.sealed.hash)).unwrap() == scene.bytes);
}

#[test]
fn it_goes_on_where_it_ended() {
    let scene = Scene::new();
    for end in [0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 5, scene.bytes.len() - 1] {
        scene.take(&scene.bytes[..end]).unwrap();
        let chunks = end / CHUNK * CHUNK;
        assert_eq!(
            scene.arrived(),
            chunks as u64,
            "whole chunks of {end} bytes"
        );
    }
    let part = scene.take(&scene.bytes).unwrap();
    part.finish(&scene.bob, &scene.sealed.hash).unwrap();
}

#[test]
fn what_a_power_cut_left_is_checked_before_it_counts() {
    let scene = Scene::new();
    scene.take(&scene.bytes[..4 * CHUNK]).unwrap();
    let mut kept = fs::read(scene.bob.part(7)).unwrap();
    kept[2 * CHUNK + 9] ^= 1;
    fs::write(scene.bob.part(7), kept).unwrap();
    assert_eq!(scene.arrived(), 2 * SEALED_CHUNK);
    let part = scene.take(&scene.bytes).unwrap();
    part.finish(&scene.bob, &scene.sealed.hash).unwrap();
}

#[test]
fn swapped_foreign_changed_and_appended_chunks_are_refused() {
    let scene = Scene::new();
    let dir = tempfile::tempdir().unwrap();
    let (_, foreign) = seal(dir.path(), &scene.content);
    let good = &scene.bytes;
    let second = CHUNK..2 * CHUNK;
    let mut swapped = good.clone();
    swapped[second.clone()].copy_from_slice(&good[2 * CHUNK..3 * CHUNK]);
    let mut strange = good.clone();
    strange[second.clone()].copy_from_slice(&foreign[second.clone()]);
    let mut changed = good.clone();
    changed[CHUNK + 77] ^= 1;
    let cut = [&good[..second.end - 9], &good[second.end..]].concat();
    for bad in [swapped, strange, changed, cut] {
        assert_eq!(code(scene.take(&bad)), "attachment_damaged");
        assert_eq!(scene.arrived(), SEALED_CHUNK, "what was good is kept");
    }
    let longer = [&good[..], b"x"].concat();
    assert_eq!(code(scene.take(&longer)), "attachment_damaged");
    let part = scene.take(good).unwrap();
    part.finish(&scene.bob, &scene.sealed.hash).unwrap();
}

/// Mallory, who has the key, seals another content for it and puts it in the place of the first.
#[test]
fn another_content_under_the_same_key_is_refused() {
    let scene = Scene::new();
    let mut other = scene.content.clone();
    other[5] ^= 1;
    let forged = sealwire_crypto::seal_blob(&scene.sealed.key, &other);
    let part = scene.take(&forged).unwrap();
    let refused = part.finish(&scene.bob, &scene.sealed.hash);
    assert_eq!(code(refused), "attachment_damaged");
    assert!(!scene.bob.holds(&scene.sealed.hash, scene.sealed.size));
    assert_eq!(scene.arrived(), 0, "and fetched from the beginning");
}
