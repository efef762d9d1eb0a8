//! Measures what Sealwire costs. `cargo xtask bench` builds and runs this and draws the figures;
//! see its help for the names.
//!
//! Prints one JSON line a figure on the standard output, and what happens on the standard error.
//! All load stays on the loopback interface and in processes that this one started.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod attachment;
mod client;
mod cores;
mod fanout;
mod figure;
mod frames;
mod idle;
mod pack;
mod relay;
mod samples;
mod search;
mod wire;

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Any failure; a benchmark that fails gives no figure.
type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;

const USAGE: &str = "\
usage: sealwire-bench fanout [conversation|ingest|ramp] [--seconds N]
       sealwire-bench client [messages|commits] [--quick]
       sealwire-bench idle [--connections N]
       sealwire-bench search [--quick] [--peer PROGRAM]...
       sealwire-bench attachment [--quick]
       sealwire-bench pack [--quick]

--seconds N      length of the conversation load (default 60)
--quick          smaller groups, fewer messages: shows that it works, measures nothing
--connections N  idle connections (default 10000)
--peer PROGRAM   another search engine to compare with, a program of tests/peers

Files go below TMPDIR (default /tmp), which has to be on the disk to be measured.
";

/// What the command line asks for.
struct Plan {
    bench: String,
    part: Option<String>,
    seconds: u64,
    quick: bool,
    connections: usize,
    peers: Vec<PathBuf>,
}

impl Plan {
    fn parse(words: impl Iterator<Item = String>) -> Result<Self> {
        let mut plan = Self {
            bench: String::new(),
            part: None,
            seconds: 60,
            quick: false,
            connections: 10_000,
            peers: Vec::new(),
        };
        let mut words = words;
        while let Some(word) = words.next() {
            match word.as_str() {
                "--seconds" => plan.seconds = words.next().ok_or(USAGE)?.parse()?,
                "--connections" => plan.connections = words.next().ok_or(USAGE)?.parse()?,
                "--peer" => plan.peers.push(words.next().ok_or(USAGE)?.into()),
                "--quick" => plan.quick = true,
                _ if word.starts_with('-') => return Err(USAGE.into()),
                _ if plan.bench.is_empty() => plan.bench = word,
                _ if plan.part.is_none() => plan.part = Some(word),
                _ => return Err(USAGE.into()),
            }
        }
        Ok(plan)
    }

    /// Whether this part of the bench is to run.
    fn wants(&self, part: &str) -> bool {
        self.part.as_deref().is_none_or(|only| only == part)
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((word, words)) if word == "member" => client::member(words),
        Some((word, words)) if word == "open" => search::open(words),
        Some((word, words)) if word == "export" => search::export(words),
        _ => Plan::parse(words.into_iter()).and_then(|plan| run(&plan)),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(plan: &Plan) -> Result<()> {
    match plan.bench.as_str() {
        "fanout" => fanout::run(plan),
        "client" => client::run(plan),
        "idle" => idle::run(plan),
        "search" => search::run(plan),
        "attachment" => attachment::run(plan),
        "pack" => pack::run(plan),
        _ => Err(USAGE.into()),
    }
}

/// Runs load on the calling thread alone.
fn on_one_thread(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?
        .block_on(work)
}

/// Clients work on several threads.
fn client_threads(work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?
        .block_on(work)
}

/// Says what is being done.
fn note(text: impl std::fmt::Display) {
    eprintln!("{text}");
}

/// Milliseconds with a fraction.
fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}
