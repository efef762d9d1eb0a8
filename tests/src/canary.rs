//! Looking for words where they must not be, in every form that a program could leave behind.

use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use rand::RngExt as _;

/// A word that occurs nowhere else in the world.
///
/// Random small letters and digits: long enough that chance cannot make it, and of a kind that
/// survives every text processing.
pub fn marker() -> String {
    const SIGNS: &[u8] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let mut rng = rand::rng();
    let sign = |_| SIGNS[rng.random_range(0..SIGNS.len())] as char;
    (0..24).map(sign).collect()
}

/// The forms in which a word may lie somewhere, each with its name.
pub fn forms(word: &str) -> Vec<(&'static str, Vec<u8>)> {
    let plain = word.as_bytes();
    let mut forms = vec![
        ("plain", plain.to_vec()),
        (
            "UTF-16LE",
            word.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        ),
        (
            "UTF-16BE",
            word.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        ),
        ("hex", HEXLOWER.encode(plain).into_bytes()),
        ("HEX", HEXUPPER.encode(plain).into_bytes()),
    ];
    // Where a word begins within the text decides how base64 cuts it: three alignments, each
    // without the signs that neighbours have a part in.
    for skipped in 0..3 {
        let padded: Vec<u8> = std::iter::repeat_n(b' ', skipped)
            .chain(plain.to_vec())
            .collect();
        let from = [0, 2, 3][skipped];
        let whole = padded.len() / 3 * 4;
        for (name, encoding) in [("base64", &BASE64), ("base64url", &BASE64URL)] {
            let text = encoding.encode(&padded).into_bytes();
            forms.push((name, text[from..whole].to_vec()));
        }
    }
    forms
}

/// A place where a word was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// File.
    pub file: PathBuf,
    /// Form.
    pub form: &'static str,
}

/// Looks for `words` in all their forms in a file or in all files below a directory.
///
/// # Panics
/// If a file cannot be read.
pub fn search(place: &Path, words: &[&str]) -> Vec<Find> {
    let needles = Needles::new(words);
    let mut finds = Vec::new();
    needles.search(place, &mut finds);
    finds
}

/// What is looked for, by its first two bytes: dumps are large, and are read but once.
struct Needles {
    all: Vec<(&'static str, Vec<u8>)>,
    by_start: Vec<Vec<usize>>,
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

impl Needles {
    fn new(words: &[&str]) -> Self {
        let all: Vec<_> = words.iter().flat_map(|word| forms(word)).collect();
        let mut by_start = vec![Vec::new(); 1 << 16];
        for (number, (_, needle)) in all.iter().enumerate() {
            by_start[start(needle)].push(number);
        }
        Self { all, by_start }
    }

    fn search(&self, place: &Path, finds: &mut Vec<Find>) {
        if place.is_dir() {
            let entries = std::fs::read_dir(place).expect("a readable directory");
            for entry in entries.flatten() {
                self.search(&entry.path(), finds);
            }
            return;
        }
        if !place.is_file() {
            return; // The relay's socket holds nothing.
        }
        let content = std::fs::read(place).expect("a readable file");
        for form in self.found_in(&content) {
            finds.push(Find {
                file: place.into(),
                form,
            });
        }
    }

    /// The forms of what is in `content`.
    fn found_in(&self, content: &[u8]) -> Vec<&'static str> {
        let mut found = vec![false; self.all.len()];
        for (at, pair) in content.windows(2).enumerate() {
            for &number in &self.by_start[start(pair)] {
                found[number] |= content[at..].starts_with(&self.all[number].1);
            }
        }
        let forms = self.all.iter().zip(&found);
        forms
            .filter(|(_, found)| **found)
            .map(|((form, _), _)| *form)
            .collect()
    }
}

/// Writes the memory of a process into a file below `dir`, by `gcore` of Debian's package gdb.
///
/// # Errors
/// In words, if that is not possible on this machine.
pub async fn dump(pid: u32, dir: &Path) -> Result<PathBuf, String> {
    let prefix = dir.join("core");
    let output = tokio::process::Command::new("gcore")
        .arg("-o")
        .arg(&prefix)
        .arg(pid.to_string())
        .output()
        .await
        .map_err(|error| format!("gcore (Debian package gdb) does not run: {error}"))?;
    let file = dir.join(format!("core.{pid}"));
    if output.status.success() && file.exists() {
        return Ok(file);
    }
    Err(String::from_utf8_lossy(&output.stderr).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The search must find what is there, whatever stands before it.
    #[test]
    fn each_form_is_found_wherever_it_lies() {
        let word = marker();
        for before in 0..7 {
            let text = format!("{}{word}, and more", "x".repeat(before));
            for hidden in [
                text.clone().into_bytes(),
                text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
                text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
                HEXLOWER.encode(text.as_bytes()).into_bytes(),
                HEXUPPER.encode(text.as_bytes()).into_bytes(),
                BASE64.encode(text.as_bytes()).into_bytes(),
                BASE64URL.encode(text.as_bytes()).into_bytes(),
            ] {
                let found = !Needles::new(&[&word]).found_in(&hidden).is_empty();
                assert!(
                    found,
                    "after {before} signs: {}",
                    String::from_utf8_lossy(&hidden)
                );
            }
        }
    }

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let (word, other) = (marker(), marker());
        let needles = Needles::new(&[&word]);
        assert!(needles.found_in(other.as_bytes()).is_empty());
    }
}
