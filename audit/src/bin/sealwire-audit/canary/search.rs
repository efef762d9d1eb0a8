//! `sealwire-audit canary search`.

use std::path::{Path, PathBuf};

use sealwire_audit::canary::Needles;
use serde_json::{Value, json};

use super::unpack::{Hit, Layer, Looked, SIGNS};
use super::{files, markers};
use crate::failure::{Failure, Kind};
use crate::output::Output;

/// Places that are listed; more are counted.
const MOST_LISTED: usize = 1_000;

/// Arguments of `canary search`.
#[derive(clap::Args)]
pub(crate) struct Search {
    /// The markers, one on each line.
    #[arg(long, value_name = "FILE")]
    markers: PathBuf,
    /// Files, and folders with all that is in them.
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
}

/// What the whole search found.
#[derive(Default)]
struct Found {
    files: u64,
    bytes: u64,
    hits: u64,
    left: u64,
    lines: Vec<String>,
    values: Vec<Value>,
}

pub(super) fn run(args: &Search, out: &Output) -> Result<(), Failure> {
    let list = markers::read(&args.markers)?;
    let list: Vec<&str> = list.iter().map(String::as_str).collect();
    let needles = Needles::new(&list, SIGNS)
        .map_err(|why| Failure::usage(why.to_string(), "take fewer or shorter markers"))?;
    let mut found = Found::default();
    for path in &args.paths {
        files::each(path, &mut |file| found.look(file, &needles))?;
    }
    if found.hits == 0 {
        out.result(&found.summary(), &found.to_value());
        return Ok(());
    }
    let lines = [found.lines.join("\n"), found.summary()].join("\n");
    Err(Failure {
        kind: Kind::Broken,
        message: format!("markers lie openly; places: {}", found.hits),
        hint: "keep these files as evidence, and find out who wrote them",
        found: Some((lines, found.to_value())),
    })
}

impl Found {
    fn look(&mut self, file: &Path, needles: &Needles) -> Result<(), Failure> {
        let (mut layer, mut looked) = (Layer::new(needles), Looked::default());
        let read = files::read(file, &mut |piece| {
            layer.push(piece, &mut looked);
            self.note(file, &mut looked);
        });
        let read = read.map_err(|error| Failure::file(file, &error))?;
        layer.end(&mut looked);
        self.note(file, &mut looked);
        self.files += u64::from(read.is_some());
        self.bytes += read.unwrap_or(0);
        self.left += looked.left;
        Ok(())
    }

    fn note(&mut self, file: &Path, looked: &mut Looked) {
        for hit in looked.hits.drain(..) {
            self.hits += 1;
            if self.lines.len() < MOST_LISTED {
                self.lines.push(line(file, &hit));
                self.values.push(value(file, &hit));
            }
        }
    }

    fn summary(&self) -> String {
        let Self {
            files,
            bytes,
            hits,
            left,
            ..
        } = self;
        let mut text = match hits {
            0 => format!("no marker in {files} files of {bytes} bytes"),
            _ => format!("searched: {files} files of {bytes} bytes"),
        };
        if *hits > MOST_LISTED as u64 {
            text += &format!("; the first {MOST_LISTED} of {hits} places are listed");
        }
        if *left > 0 {
            text += &format!(
                "\nnot looked into: {left} places that begin like packed streams, too deep in \
                 others, too many at once or too long; unpack those files by hand"
            );
        }
        text
    }

    fn to_value(&self) -> Value {
        json!({
            "files": self.files,
            "bytes": self.bytes,
            "found": self.hits,
            "not_looked_into": self.left,
            "places": self.values,
        })
    }
}

/// Never the marker itself, only its number.
fn line(file: &Path, hit: &Hit) -> String {
    let within: String = hit
        .within
        .iter()
        .map(|packed| format!(" in {} at byte {}", packed.kind, packed.offset))
        .rev()
        .collect();
    format!(
        "{}: marker {} as {} at byte {}{within}",
        file.display(),
        hit.marker + 1,
        hit.form,
        hit.offset
    )
}

fn value(file: &Path, hit: &Hit) -> Value {
    let within = hit.within.iter();
    let within: Vec<Value> = within
        .map(|packed| json!({"packed": packed.kind.to_string(), "offset": packed.offset}))
        .collect();
    json!({
        "file": file.to_string_lossy(),
        "marker": hit.marker + 1,
        "form": hit.form,
        "offset": hit.offset,
        "within": within,
    })
}
