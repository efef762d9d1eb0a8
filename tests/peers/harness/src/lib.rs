//! A search engine as a peer of the benchmark `search`: `PROGRAM FOLDER MESSAGES QUERIES MODE`.
//!
//! MESSAGES and QUERIES are JSON Lines, a [`Message`] or a query each. The engine takes in all
//! messages, keeping its files in FOLDER, and is asked all queries. What comes of it is printed as
//! one JSON object: `index_s`, seconds until all could be found; `bytes` of the folder then;
//! `times_us`, microseconds by kind of query; `found`, the ids that each query which names a
//! conversation found there.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

use std::collections::BTreeMap;
use std::error::Error;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Any failure.
pub type Result<T, E = Box<dyn Error + Send + Sync>> = std::result::Result<T, E>;

/// Messages that are taken in at once; they are on the disk before the next ones are.
pub const STEP: usize = 1_000;
/// Hits of a first page.
pub const PAGE: usize = 20;
/// No query in one conversation finds more.
pub const ALL: usize = 100_000;
/// Queries of a kind that take longer together are not asked further.
const PATIENCE: Duration = Duration::from_secs(60);

/// A message.
#[derive(Debug, Deserialize)]
pub struct Message {
    /// Its number; newer ones have greater numbers.
    pub id: u64,
    /// When it was sent, milliseconds since the Unix epoch.
    pub at_ms: i64,
    /// Its sender's handle, `name@organisation`.
    pub sender: String,
    /// Number of its conversation.
    pub chat: u64,
    /// What it says.
    pub text: String,
}

#[derive(Deserialize)]
struct Query {
    kind: String,
    text: String,
    /// All hits in this conversation are wanted, and nobody looks at the clock.
    chat: Option<u64>,
}

#[derive(Serialize, Default)]
struct Answer {
    index_s: f64,
    bytes: u64,
    times_us: BTreeMap<String, Vec<u64>>,
    found: Vec<Vec<u64>>,
}

/// What is measured.
pub trait Engine: Sized {
    /// Takes in all messages in steps of [`STEP`], with its files in `folder`, and is ready to be
    /// asked; nothing goes on in the background any more.
    ///
    /// # Errors
    /// If the engine fails, or does not know `mode`.
    fn index(folder: &Path, mode: &str, messages: &[Message]) -> Result<Self>;

    /// The query in the engine's own language; `None` if that cannot say it. `text` is as people
    /// type it into Sealwire.
    fn say(&self, kind: &str, text: &str) -> Option<String>;

    /// Ids of the [`PAGE`] newest hits of what [`Engine::say`] gave.
    ///
    /// # Errors
    /// If the engine fails.
    fn newest(&self, said: &str) -> Result<Vec<u64>>;

    /// Ids of all hits in a conversation, at most [`ALL`].
    ///
    /// # Errors
    /// If the engine fails.
    fn all(&self, said: &str, chat: u64) -> Result<Vec<u64>>;
}

/// Words and phrases, each with what comes before it, in quotes, so that no word is taken for an
/// operator: `a b` becomes `"a" "b"`.
pub fn quoted(text: &str, before: &str) -> String {
    if text.starts_with('"') {
        return format!("{before}{text}");
    }
    let words: Vec<String> = text
        .split(' ')
        .map(|word| format!("{before}\"{word}\""))
        .collect();
    words.join(" ")
}

/// The whole program.
pub fn run<E: Engine>() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let answer = match &words[..] {
        [folder, messages, queries, mode] => {
            answer::<E>(folder.as_ref(), messages.as_ref(), queries.as_ref(), mode)
        }
        _ => Err("usage: PROGRAM FOLDER MESSAGES QUERIES MODE".into()),
    };
    match answer.and_then(|answer| Ok(serde_json::to_string(&answer)?)) {
        Ok(text) => {
            println!("{text}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn answer<E: Engine>(folder: &Path, messages: &Path, queries: &Path, mode: &str) -> Result<Answer> {
    let messages: Vec<Message> = read(messages)?;
    let queries: Vec<Query> = read(queries)?;
    fs::create_dir_all(folder)?;
    let mut answer = Answer::default();
    let start = Instant::now();
    let engine = E::index(folder, mode, &messages)?;
    answer.index_s = start.elapsed().as_secs_f64();
    answer.bytes = size(folder)?;
    let mut kinds: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for Query { kind, text, chat } in &queries {
        let Some(said) = engine.say(kind, text) else {
            continue;
        };
        match chat {
            Some(chat) => answer.found.push(engine.all(&said, *chat)?),
            None => kinds.entry(kind).or_default().push(said),
        }
    }
    for (kind, queries) in kinds {
        answer
            .times_us
            .insert(kind.into(), times(&engine, &queries)?);
    }
    Ok(answer)
}

/// Asks everything once to warm up, then measures, in microseconds.
fn times<E: Engine>(engine: &E, queries: &[String]) -> Result<Vec<u64>> {
    let mut times = Vec::new();
    for measured in [false, true] {
        let began = Instant::now();
        for query in queries.iter().take_while(|_| began.elapsed() < PATIENCE) {
            let start = Instant::now();
            engine.newest(query)?;
            if measured {
                times.push(u64::try_from(start.elapsed().as_micros())?);
            }
        }
    }
    Ok(times)
}

fn read<T: DeserializeOwned>(path: &Path) -> Result<Vec<T>> {
    let lines = BufReader::new(File::open(path)?).lines();
    lines
        .map(|line| Ok(serde_json::from_str(&line?)?))
        .collect()
}

fn size(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        bytes += if about.is_dir() {
            size(&entry.path())?
        } else {
            about.len()
        };
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_and_phrases_stay() {
        assert_eq!(quoted("AND me", "+"), r#"+"AND" +"me""#);
        assert_eq!(quoted(r#""a b""#, ""), r#""a b""#);
    }
}
