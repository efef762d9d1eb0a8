//! How fast files are encrypted, against `openssl speed` on the same core in the same run.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use sealwire_crypto::{BlobKey, BlobOpener, BlobSealer, sealed_blob_len};

use crate::cores::Cores;
use crate::figure::Figure;
use crate::samples::median;
use crate::{Plan, Result, note};

const BENCH: &str = "attachment";
/// Bytes of the content. Larger than the caches, as files are.
const CONTENT: usize = 64 * 1024 * 1024;
/// What openssl encrypts at a time: the size of our chunks.
const CHUNK: &str = "65536";

/// Seals and opens in memory, turn by turn with openssl.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let cores = Cores::divide()?;
    let (rounds, seconds) = if plan.quick { (1, 1) } else { (5, 3) };
    cores.as_relay(|| measure(rounds, Duration::from_secs(seconds)))?
}

fn measure(rounds: usize, time: Duration) -> Result<()> {
    let content: Vec<u8> = (0..CONTENT).map(|i| (i % 251) as u8).collect();
    let len = usize::try_from(sealed_blob_len(CONTENT as u64)?)?;
    let mut sealed = Vec::with_capacity(len);
    let mut opened = Vec::with_capacity(CONTENT + 64 * 1024);
    let (mut ours, mut back, mut theirs) = (Vec::new(), Vec::new(), Vec::new());
    for round in 1..=rounds {
        note(format_args!("round {round} of {rounds}"));
        theirs.push(openssl(time)?);
        let mut key = BlobKey::generate(&mut rand::rng());
        ours.push(rate(time, || {
            // Never twice under one key.
            key = BlobKey::generate(&mut rand::rng());
            seal(&key, &content, &mut sealed)
        })?);
        back.push(rate(time, || open(&key, &sealed, &mut opened))?);
        if opened != content {
            return Err("what was sealed does not open to itself".into());
        }
    }
    let (ours, back, theirs) = (median(&ours), median(&back), median(&theirs));
    let against = "openssl speed -evp aes-256-gcm -bytes 65536";
    let figure = |name: &str, value: f64| {
        Figure::new(BENCH, name, value / 1e9, "GB/s")
            .against(against)
            .ratio(value / theirs)
            .print();
    };
    Figure::new(BENCH, "attachment_openssl", theirs / 1e9, "GB/s").print();
    figure("attachment_encrypt", ours);
    figure("attachment_decrypt", back);
    Ok(())
}

/// Bytes of content a second.
fn rate(time: Duration, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    work()?;
    let (start, mut bytes) = (Instant::now(), 0.0);
    while start.elapsed() < time {
        work()?;
        bytes += CONTENT as f64;
    }
    Ok(bytes / start.elapsed().as_secs_f64())
}

fn seal(key: &BlobKey, content: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let mut sealer = BlobSealer::new(key, content.len() as u64)?;
    let mut rest = content;
    while let Some(wanted) = sealer.wants() {
        let (chunk, after) = rest.split_at(wanted);
        sealer.seal(chunk, out)?;
        rest = after;
    }
    black_box(&out);
    Ok(())
}

fn open(key: &BlobKey, sealed: &[u8], out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let opener = BlobOpener::new(key, CONTENT as u64)?;
    for number in 0..opener.chunks() {
        let range = opener.sealed_range(number);
        let chunk = &sealed[usize::try_from(range.start)?..usize::try_from(range.end)?];
        opener.open(number, chunk, out)?;
    }
    black_box(&out);
    Ok(())
}

/// Bytes a second by openssl's own count; it runs on the core that starts it.
fn openssl(time: Duration) -> Result<f64> {
    let output = Command::new("openssl")
        .args([
            "speed",
            "-elapsed",
            "-mr",
            "-evp",
            "aes-256-gcm",
            "-bytes",
            CHUNK,
        ])
        .args(["-seconds", &time.as_secs().to_string()])
        .output()
        .map_err(|error| format!("openssl, to compare with, does not run: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    // +F:number:name:bytes a second
    let line = text.lines().find(|line| line.starts_with("+F:"));
    let rate = line.and_then(|line| line.rsplit(':').next());
    Ok(rate.ok_or("openssl speed printed another form")?.parse()?)
}
