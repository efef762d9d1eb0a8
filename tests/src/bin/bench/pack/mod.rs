//! What it costs to check a pack of evidence with the auditor's own program.

mod log;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::figure::Figure;
use crate::samples::median;
use crate::{Plan, Result, note};

const BENCH: &str = "pack";
const LEAVES: u64 = 1_000_000;
const FEW: u64 = 20_000;
const RUNS: usize = 5;
/// How often its memory is looked at: the kernel keeps the peak, which only what grew at the very end escapes.
const LOOK: Duration = Duration::from_millis(5);

/// Makes a pack and verifies it.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let leaves = if plan.quick { FEW } else { LEAVES };
    let dir = tempfile::Builder::new()
        .prefix("sealwire-bench-")
        .tempdir()?;
    let (source, pack) = (dir.path().join("log"), dir.path().join("pack"));
    note(format_args!("pack: making a log of {leaves} leaves"));
    log::make(&source, leaves)?;
    let policy = source.join("policy");
    let made = finish(
        Command::new(program()?)
            .args(["pack", "--from"])
            .arg(&source)
            .arg("--policy")
            .arg(&policy)
            .arg("--dir")
            .arg(&pack),
    )?;
    let (mut seconds, mut bytes, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let begun = Instant::now();
        log::hash_all(&source, leaves)?;
        floor.push(begun.elapsed().as_secs_f64());
        let run = finish(
            Command::new(program()?)
                .args(["verify", "pack"])
                .arg(&pack)
                .arg("--policy")
                .arg(&policy),
        )?;
        seconds.push(run.seconds);
        bytes.push(run.peak);
    }
    report(leaves, made.seconds, &[&seconds, &bytes, &floor]);
    Ok(())
}

fn report(leaves: u64, made: f64, [seconds, bytes, floor]: &[&[f64]; 3]) {
    let what = format!("{leaves} leaves, one in a thousand a signed statement with its proof");
    let (ours, least) = (median(seconds), median(floor));
    Figure::new(BENCH, "pack_verify_s", ours, "s")
        .against(format!(
            "{least:.2} s to read and hash the entries alone; {what}, files in the page cache"
        ))
        .ratio(ours / least)
        .print();
    Figure::new(BENCH, "pack_verify_mb", median(bytes) / 1e6, "MB")
        .against(format!(
            "peak resident memory of sealwire-audit verify; {what}"
        ))
        .print();
    Figure::new(BENCH, "pack_make_s", made, "s")
        .against(format!(
            "sealwire-audit pack, which checks what it wrote; {what}"
        ))
        .print();
}

/// How a run went.
struct Run {
    seconds: f64,
    /// Bytes.
    peak: f64,
}

/// Runs a program to a good end.
fn finish(command: &mut Command) -> Result<Run> {
    let begun = Instant::now();
    let mut child = command.stdout(Stdio::null()).spawn()?;
    let (peak, status) = watch(&mut child)?;
    if !status.success() {
        return Err(format!("{command:?} ended with {status}").into());
    }
    Ok(Run {
        seconds: begun.elapsed().as_secs_f64(),
        peak,
    })
}

fn watch(child: &mut Child) -> Result<(f64, std::process::ExitStatus)> {
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let mut peak = 0.0_f64;
    loop {
        if let Some(ended) = child.try_wait()? {
            return Ok((peak, ended));
        }
        peak = peak.max(peak_of(&status).unwrap_or(0.0));
        std::thread::sleep(LOOK);
    }
}

fn peak_of(status: &Path) -> Option<f64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024.0)
}

/// The auditor's program lies beside this one.
fn program() -> Result<PathBuf> {
    let own = std::env::current_exe()?;
    let program = own.with_file_name("sealwire-audit");
    if program.exists() {
        return Ok(program);
    }
    Err("there is no sealwire-audit beside this program; build it with `cargo build --release -p sealwire-audit`".into())
}
