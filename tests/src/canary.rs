//! Looking for words where they must not be, in every form that a program could leave behind.

use std::io::Read as _;
use std::path::{Path, PathBuf};

pub use sealwire_audit::canary::forms;
use sealwire_audit::canary::{Found, Needles, token};

/// What is read at once.
const PIECE: usize = 1 << 20;

/// A word that occurs nowhere else in the world.
pub fn marker() -> String {
    token(&mut rand::rng())
}

/// A place where a word was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Find {
    /// File.
    pub file: PathBuf,
    /// Form.
    pub form: &'static str,
}

/// Looks for `words`, of at least 8 bytes, in all their forms in a file or in all files below a
/// directory. Each form of each word is told once a file.
///
/// # Panics
/// If a file cannot be read.
pub fn search(place: &Path, words: &[&str]) -> Vec<Find> {
    let needles = Needles::new(words, &[]).expect("words that can be looked for");
    let mut finds = Vec::new();
    look(place, &needles, &mut finds);
    finds
}

fn look(place: &Path, needles: &Needles, finds: &mut Vec<Find>) {
    if place.is_dir() {
        let entries = std::fs::read_dir(place).expect("a readable directory");
        for entry in entries.flatten() {
            look(&entry.path(), needles, finds);
        }
        return;
    }
    if !place.is_file() {
        return; // The relay's socket holds nothing.
    }
    let mut file = std::fs::File::open(place).expect("a readable file");
    let (mut scan, mut piece, mut found) = (needles.scan(), vec![0; PIECE], Vec::new());
    loop {
        let length = file.read(&mut piece).expect("a readable file");
        if length == 0 {
            break;
        }
        scan.push(&piece[..length], |seen| {
            if !found.contains(&seen.found) {
                found.push(seen.found);
            }
        });
    }
    finds.extend(found.into_iter().filter_map(|found| match found {
        Found::Marker { form, .. } => Some(Find {
            file: place.into(),
            form,
        }),
        Found::Sign(_) => None,
    }));
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
