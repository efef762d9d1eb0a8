//! The same messages and queries in other search engines. Each is a program of its own
//! (tests/peers), because what they need would not fit beside what we need; they get messages and
//! queries as files and print what came of it.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::history::{self, History};
use super::profile::Profile;
use super::{BENCH, latency, recall};
use crate::figure::Figure;
use crate::samples::Samples;
use crate::{Result, note};

/// An engine in one of its settings.
struct Peer {
    program: &'static str,
    /// What its figures begin with.
    figures: &'static str,
    /// The program's last word.
    mode: &'static str,
    /// It gets only so many of the newest messages.
    newest: usize,
    about: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        program: "sealwire-peer-tantivy",
        figures: "tantivy",
        mode: "jieba",
        newest: usize::MAX,
        about: "not encrypted",
    },
    Peer {
        program: "sealwire-peer-seshat",
        figures: "seshat",
        mode: "words",
        newest: 200_000,
        about: "encrypted, as it comes",
    },
    Peer {
        program: "sealwire-peer-seshat",
        figures: "seshat_ngram",
        mode: "ngram",
        newest: 200_000,
        about: "encrypted, 2 to 4 characters a piece",
    },
];

/// What a peer got.
struct Given {
    count: usize,
    text_bytes: usize,
    /// Of the small conversation: number and text.
    small: Vec<(usize, String)>,
}

/// What it printed.
#[derive(Deserialize)]
struct Answer {
    index_s: f64,
    bytes: f64,
    times_us: BTreeMap<String, Vec<u64>>,
    found: Vec<Vec<usize>>,
}

/// Runs those of `programs` that there are; one that fails is told and left out.
pub(super) fn measure(profile: &Profile, history: &History, programs: &[PathBuf]) -> Result<()> {
    for peer in &PEERS {
        let program = programs.iter().find(|path| path.ends_with(peer.program));
        let Some(program) = program else {
            note(format_args!(
                "search: {} was not given, so there are no figures of {}",
                peer.program, peer.figures
            ));
            continue;
        };
        note(format_args!("search: {}", peer.figures));
        let (messages, questions) = (profile.beside("messages"), profile.beside("queries"));
        let given = messages_for(history, peer, &messages)?;
        let wanted = recall::queries(history);
        queries_for(history, &wanted, &questions)?;
        let folder = profile.beside(peer.figures);
        match ask(program, &[&folder, &messages, &questions], peer.mode) {
            Ok(answer) => print(peer, history, &given, &wanted, answer),
            Err(error) => note(format_args!("search: {} failed: {error}", peer.figures)),
        }
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
    }
    Ok(())
}

/// One JSON object a line.
fn messages_for(history: &History, peer: &Peer, path: &Path) -> Result<Given> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut given = Given {
        count: 0,
        text_bytes: 0,
        small: Vec::new(),
    };
    for line in history
        .lines()
        .skip(history.count.saturating_sub(peer.newest))
    {
        let message = json!({
            "id": line.number,
            "at_ms": line.at_ms,
            "sender": history::handle(line.who),
            "chat": line.chat,
            "text": line.text,
        });
        writeln!(file, "{message}")?;
        given.count += 1;
        given.text_bytes += line.text.len();
        if line.chat == 1 {
            given.small.push((line.number, line.text));
        }
    }
    file.flush()?;
    Ok(given)
}

/// Those of [`latency`], then those of [`recall`], which name a conversation.
fn queries_for(history: &History, wanted: &[String], path: &Path) -> Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for (kind, queries) in latency::queries(history) {
        for text in queries {
            writeln!(file, "{}", json!({ "kind": kind, "text": text }))?;
        }
    }
    for text in wanted {
        let query = json!({ "kind": "recall", "text": text, "chat": 1 });
        writeln!(file, "{query}")?;
    }
    Ok(file.flush()?)
}

fn ask(program: &Path, files: &[&PathBuf], mode: &str) -> Result<Answer> {
    let output = Command::new(program).args(files).arg(mode).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

fn print(peer: &Peer, history: &History, given: &Given, wanted: &[String], answer: Answer) {
    let about = if given.count < history.count {
        format!("{}; newest {} messages only", peer.about, given.count)
    } else {
        peer.about.to_owned()
    };
    let figure = |name: &str, value: f64, unit: &'static str, against: String| {
        Figure::new(BENCH, format!("{}_{name}", peer.figures), value, unit)
            .against(against)
            .print();
    };
    let rate = given.count as f64 / answer.index_s;
    let steps = format!("steps of 1,000; {about}");
    figure("messages_per_s", rate, "messages/s", steps);
    let ratio = answer.bytes / given.text_bytes as f64;
    let bytes = format!("all of its folder, {:.0} MB; {about}", answer.bytes / 1e6);
    figure("file_ratio", ratio, "x text", bytes);
    for (kind, _) in latency::queries(history) {
        let Some(times) = answer.times_us.get(kind) else {
            continue;
        };
        let mut samples = Samples::default();
        for time in times {
            samples.add(Duration::from_micros(*time));
        }
        let p99 = samples.percentile_ms(99);
        let median = format!("median {:.3} ms; {about}", samples.percentile_ms(50));
        figure(&format!("{kind}_p99_ms"), p99, "ms", median);
    }
    let (mut there, mut found, mut both) = (0, 0, 0);
    for (query, ids) in wanted.iter().zip(&answer.found) {
        let hits: HashSet<usize> = ids.iter().copied().collect();
        let truth = given.small.iter().filter(|(_, text)| text.contains(query));
        let truth: HashSet<usize> = truth.map(|(number, _)| *number).collect();
        there += truth.len();
        found += hits.len();
        both += truth.intersection(&hits).count();
    }
    let share = |of: usize| both as f64 / of.max(1) as f64;
    let of = format!("{there} true hits of {} queries; {about}", wanted.len());
    figure("cjk_recall", share(there), "", of.clone());
    figure("cjk_precision", share(found), "", of);
}
