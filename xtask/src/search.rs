//! Searching files for what must not be in them, in every form it could hide in.

use std::fs;
use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};

use crate::failure::Failure;

/// What was searched, and what turned up.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Files that were read.
    pub(crate) files: usize,
    /// Their bytes.
    pub(crate) bytes: usize,
    /// Text, form and file of each hit.
    pub(crate) hits: Vec<String>,
}

/// Searches every file below the paths for every text.
pub(crate) fn search(paths: &[&Path], texts: &[&str]) -> Result<Found, Failure> {
    let mut found = Found::default();
    for path in paths {
        for file in files(path)? {
            let bytes = match fs::read(&file) {
                Ok(bytes) => bytes,
                // SQLite removes its files of the moment as it likes.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Failure::io("cannot search a file of the relay", &error)),
            };
            found.files += 1;
            found.bytes += bytes.len();
            for text in texts {
                for (form, needle) in forms(text) {
                    if contains(&bytes, &needle) {
                        let name = file.file_name().unwrap_or_default().to_string_lossy();
                        found.hits.push(format!("{text:?} as {form} in {name}"));
                    }
                }
            }
        }
    }
    Ok(found)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    if path.is_file() {
        return Ok(vec![path.into()]);
    }
    if !path.is_dir() {
        return Ok(Vec::new()); // The relay's socket holds nothing, and what is gone neither.
    }
    let mut found = Vec::new();
    let unreadable = |error| Failure::io("cannot list the relay's folder", &error);
    for entry in fs::read_dir(path).map_err(unreadable)? {
        found.extend(files(&entry.map_err(unreadable)?.path())?);
    }
    Ok(found)
}

/// A text as it is, in UTF-16, in hex and in base64.
fn forms(text: &str) -> Vec<(&'static str, Vec<u8>)> {
    let utf16 = |bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(bytes).collect();
    let mut forms = vec![
        ("plain text", text.as_bytes().to_vec()),
        ("UTF-16", utf16(u16::to_le_bytes)),
        ("UTF-16", utf16(u16::to_be_bytes)),
        ("hex", HEXLOWER.encode(text.as_bytes()).into()),
        ("hex", HEXUPPER.encode(text.as_bytes()).into()),
    ];
    for shift in 0..3 {
        forms.push(("base64", base64(text, shift, &BASE64)));
        forms.push(("base64url", base64(text, shift, &BASE64URL)));
    }
    forms
}

/// What stands in base64 for the text if `shift` bytes come before it in their group of three,
/// without the characters at its ends that depend on its neighbours.
fn base64(text: &str, shift: usize, alphabet: &data_encoding::Encoding) -> Vec<u8> {
    let shifted = [&[0; 2][..shift], text.as_bytes()].concat();
    let encoded = alphabet.encode(&shifted);
    let begin = [0, 2, 3][shift];
    let end = shifted.len() / 3 * 4 + [0, 1, 2][shifted.len() % 3];
    encoded
        .as_bytes()
        .get(begin..end)
        .unwrap_or_default()
        .to_vec()
}

fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    let Some((first, rest)) = needle.split_first() else {
        return false;
    };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        from += at + 1;
        if bytes[from..].starts_with(rest) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "Möwe 海鸥 at ten";

    fn hits(content: &[u8]) -> usize {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("ab")).unwrap();
        fs::write(dir.path().join("ab/file"), content).unwrap();
        search(&[dir.path()], &[SECRET]).unwrap().hits.len()
    }

    #[test]
    fn every_form_is_found_wherever_it_stands() {
        let utf16: Vec<u8> = SECRET.encode_utf16().flat_map(u16::to_be_bytes).collect();
        assert_eq!(hits(format!("MM{SECRET}").as_bytes()), 1);
        assert_eq!(hits(&utf16), 1);
        assert_eq!(hits(HEXUPPER.encode(SECRET.as_bytes()).as_bytes()), 1);
        for before in 0..6 {
            for after in 0..3 {
                let text = format!("{}{SECRET}{}", "x".repeat(before), "y".repeat(after));
                assert!(
                    hits(BASE64.encode(text.as_bytes()).as_bytes()) > 0,
                    "{before} {after}"
                );
            }
        }
    }

    #[test]
    fn what_is_not_there_is_not_found() {
        assert_eq!(hits(b""), 0);
        assert_eq!(hits("Möwe 海鸥 at tea".as_bytes()), 0);
        assert_eq!(hits(&[0; 10_000]), 0);
    }
}
