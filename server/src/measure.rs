//! What `cargo xtask bench log` runs: the transparency log in the relay's own storage, on the disk that
//! TMPDIR lies on. Figures, not judgements; each one JSON line, as `sealwire-bench` prints them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::evidence::measure::{Logs, plain_inserts};
use crate::group::measure::Messages;

/// How long each load lasts.
const LENGTH: Duration = Duration::from_secs(8);
/// Entries of one transaction under full load.
const BATCH: usize = 100;
/// Proofs that are timed.
const PROOFS: u64 = 2_000;
/// Turns with and without a log beside the messages.
const TURNS: usize = 4;
const TURN: Duration = Duration::from_secs(4);

/// Prints a figure; `theirs` is what it is compared with, in the same unit.
fn figure(name: &str, value: f64, unit: &str, against: &str, theirs: Option<f64>) {
    let ratio = theirs.map(|theirs| value / theirs);
    let line = json!({
        "bench": "log", "figure": name, "value": value, "unit": unit, "against": against, "ratio": ratio,
    });
    println!("{line}");
}

/// The time within which so many of a thousand are, in milliseconds.
fn permille_ms(times: &mut [Duration], permille: usize) -> f64 {
    times.sort_unstable();
    let at = (times.len() * permille / 1000).min(times.len().saturating_sub(1));
    times.get(at).map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement: cargo xtask bench log"]
async fn log() {
    // The harness has begun a line.
    println!();
    let dir = tempfile::tempdir().expect("a folder");
    let logs = Logs::open(&dir.path().join("batches")).await;
    full_load(&logs, dir.path()).await;
    proofs(&logs).await;
    logs.close().await;
    let logs = Logs::open(&dir.path().join("alone")).await;
    one_by_one(&logs, dir.path()).await;
    beside_messages(&logs, dir.path()).await;
    logs.close().await;
}

async fn full_load(logs: &Logs, dir: &std::path::Path) {
    let watch = logs.watch_published().await;
    let (entries, committed) = logs.append_for(LENGTH, BATCH).await;
    let mut late = watch.latencies(&committed).await;
    let rate = entries as f64 / LENGTH.as_secs_f64();
    let plain = plain_inserts(&dir.join("plain.db"), LENGTH / 2, BATCH).await;
    figure(
        "log_entries_per_s",
        rate,
        "1/s",
        &format!(
            "{plain:.0}/s into a plain table with the same pragmas; {BATCH} entries a transaction, each fsynced, \
             with tiles, bundles and edge, while heads are published and read over HTTP; {:.0}/s is what hashing \
             alone allows",
            hashed_per_s()
        ),
        Some(plain),
    );
    for (name, permille) in [("log_publish_p50_ms", 500), ("log_publish_p99_ms", 990)] {
        let ms = permille_ms(&mut late, permille);
        let load = "from commit to a served checkpoint that covers the entry, under that load";
        figure(name, ms, "ms", load, None);
    }
}

/// Entries a second that one core takes into a tree that it forgets again.
fn hashed_per_s() -> f64 {
    const ENTRIES: u32 = 200_000;
    let mut edge = sealwire_audit::merkle::Edge::new();
    let start = Instant::now();
    for number in 0..ENTRIES {
        let mut entry = [7; 100];
        entry[..4].copy_from_slice(&number.to_be_bytes());
        edge.push(&entry, |_| {}).expect("a small tree");
    }
    f64::from(ENTRIES) / start.elapsed().as_secs_f64()
}

async fn proofs(logs: &Logs) {
    let (mut made, size) = logs.prove(PROOFS).await;
    for (name, permille) in [("log_proof_p50_ms", 500), ("log_proof_p99_ms", 990)] {
        let ms = permille_ms(&mut made, permille);
        let what = format!(
            "an inclusion proof from the stored tiles of {size} entries, made and verified; each tile is a query"
        );
        figure(name, ms, "ms", &what, None);
    }
}

async fn one_by_one(logs: &Logs, dir: &std::path::Path) {
    let events = logs.note_for(LENGTH / 2).await;
    let rate = events as f64 / (LENGTH / 2).as_secs_f64();
    let plain = plain_inserts(&dir.join("alone.db"), LENGTH / 2, 1).await;
    figure(
        "log_events_alone_per_s",
        rate,
        "1/s",
        &format!(
            "{plain:.0}/s into a plain table with the same pragmas; one event a transaction with what opens it, \
             as the account plane logs"
        ),
        Some(plain),
    );
}

/// The log beside the append path of messages, in turns.
async fn beside_messages(logs: &Logs, dir: &std::path::Path) {
    let messages = Messages::open(&dir.join("messages")).await;
    messages.append_for(TURN / 2).await;
    let [mut quiet, mut busy] = [[Vec::new(), Vec::new(), Vec::new()], Default::default()];
    let mut logged = 0;
    for _ in 0..TURNS {
        turn(messages.append_for(TURN).await, &mut quiet);
        let (times, entries) = tokio::join!(messages.append_for(TURN), logs.append_slowly(TURN));
        turn(times, &mut busy);
        logged += entries;
    }
    messages.close().await;
    let load = logged as f64 / (TURN.as_secs_f64() * TURNS as f64);
    let names = [
        ("log_messages_per_s", "1/s"),
        ("log_message_p50_ms", "ms"),
        ("log_message_p99_ms", "ms"),
    ];
    for (((name, unit), quiet), busy) in names.iter().zip(&mut quiet).zip(&mut busy) {
        let (quiet, busy) = (median(quiet), median(busy));
        let what = format!(
            "{quiet:.2} {unit} without a log beside it; with {load:.0} entries/s logged beside the appends of \
             messages, both on one disk"
        );
        figure(name, busy, unit, &what, Some(quiet));
    }
}

fn turn(mut times: Vec<Duration>, figures: &mut [Vec<f64>; 3]) {
    figures[0].push(times.len() as f64 / TURN.as_secs_f64());
    figures[1].push(permille_ms(&mut times, 500));
    figures[2].push(permille_ms(&mut times, 990));
}
