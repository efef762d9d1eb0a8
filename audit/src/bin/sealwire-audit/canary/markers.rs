//! The file of markers: one on each line.

use std::path::{Path, PathBuf};

use sealwire_audit::canary::{SHORTEST, sentence, token};
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;

/// Markers of each kind.
const OF_EACH: usize = 8;
/// Most markers of a file, and most bytes.
const MOST: usize = 1_000;
const LONGEST: usize = 1 << 20;

/// Arguments of `canary markers`.
#[derive(clap::Args)]
pub(crate) struct Make {
    /// Where to write them. Keep the file away from what is searched.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

pub(super) fn make(args: &Make, out: &Output) -> Result<(), Failure> {
    let path = &args.out;
    if path.exists() {
        return Err(Failure::usage(
            format!("{} is there already", path.display()),
            "name another file; markers that were sent are needed for the search",
        ));
    }
    let mut rng = rand::rng();
    let mut text = String::new();
    for _ in 0..OF_EACH {
        text += &token(&mut rng);
        text.push('\n');
    }
    for _ in 0..OF_EACH {
        text += &sentence(&mut rng);
        text.push('\n');
    }
    files::write(path, text.as_bytes()).map_err(|error| Failure::file(path, &error))?;
    let count = 2 * OF_EACH;
    out.result(
        &format!(
            "{}: {count} markers. Send each line as a message, then search.",
            path.display()
        ),
        &json!({"file": path.to_string_lossy(), "markers": count}),
    );
    Ok(())
}

/// Reads a file of markers.
pub(super) fn read(path: &Path) -> Result<Vec<String>, Failure> {
    let wrong = |why: &str| {
        Failure::usage(
            format!("{}: {why}", path.display()),
            "name a file with one marker on each line, as `canary markers` makes it",
        )
    };
    let text = String::from_utf8(files::read(path, LONGEST)?).map_err(|_| wrong("is no text"))?;
    let markers: Vec<String> = text.lines().map(str::to_owned).collect();
    if markers.is_empty() || markers.len() > MOST || text.len() > LONGEST {
        return Err(wrong("does not hold 1 to 1,000 markers in 1 MiB"));
    }
    if markers.iter().any(|marker| marker.len() < SHORTEST) {
        return Err(wrong(
            "a marker is shorter than 8 bytes, so that chance may make it",
        ));
    }
    Ok(markers)
}
