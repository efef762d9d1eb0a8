//! `sealwire-audit verify`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::Timestamp;
use sealwire_audit::policy::{MAX_POLICY, Policy, Trusted};
use sealwire_audit::proof::{LogProof, MAX_PROOF};
use sealwire_audit::tile::MAX_ENTRY;
use serde_json::json;

use crate::failure::Failure;
use crate::files;
use crate::output::Output;

/// Commands of `verify`.
#[derive(Subcommand)]
pub(crate) enum Verify {
    /// Check that an entry stands in a log: a `.tlog-proof` against a policy.
    Proof(Proof),
}

/// Arguments of `verify proof`.
#[derive(clap::Args)]
pub(crate) struct Proof {
    /// The proof.
    file: PathBuf,
    /// Which logs and witnesses count, as a tlog-policy file. Get it from somebody you
    /// trust, not from whoever gave you the proof.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// The entry itself; without it, the one that the proof brings along.
    #[arg(long, value_name = "FILE")]
    entry: Option<PathBuf>,
}

pub(crate) fn run(command: &Verify, out: &Output) -> Result<(), Failure> {
    match command {
        Verify::Proof(args) => proof(args, out),
    }
}

fn proof(args: &Proof, out: &Output) -> Result<(), Failure> {
    let policy = read_policy(&args.policy)?;
    let bytes = files::read(&args.file, MAX_PROOF)?;
    let broken = |why: &dyn std::fmt::Display, hint| Failure::broken(&args.file, why, hint);
    let proof = LogProof::parse(&bytes)
        .map_err(|why| broken(&why, "the file is damaged or no proof; get it again"))?;
    let entry = match (&args.entry, &proof.extra) {
        (Some(path), _) => files::read(path, MAX_ENTRY)?,
        (None, Some(entry)) => entry.clone(),
        (None, None) => {
            return Err(Failure::usage(
                format!("{} does not bring its entry along", args.file.display()),
                "name the entry with --entry FILE",
            ));
        }
    };
    let trusted = proof
        .verify(&policy, &entry)
        .map_err(|why| broken(&why, "do not rely on this; keep both files as evidence"))?;
    tell(out, &proof, &policy, &trusted);
    Ok(())
}

fn read_policy(path: &Path) -> Result<Policy, Failure> {
    let bytes = files::read(path, MAX_POLICY)?;
    Policy::parse(&bytes).map_err(|why| {
        let hint = "the policy is damaged or misspelled; get it again from whom you trust";
        Failure::broken(path, why, hint)
    })
}

fn tell(out: &Output, proof: &LogProof, policy: &Policy, trusted: &Trusted) {
    let head = &trusted.checkpoint;
    let mut lines = format!(
        "proven: entry {} of {}, in the tree of {} entries",
        proof.index,
        head.origin(),
        head.size()
    );
    let mut seen = Vec::new();
    for (place, time) in &trusted.seen {
        let name = String::from_utf8_lossy(&policy.witnesses()[*place].name).into_owned();
        let at = moment(*time);
        lines += &format!("\nwitnessed: {at} by {}", name.escape_debug());
        seen.push(json!({"witness": name, "at": at}));
    }
    if !policy.needs_witnesses() {
        lines += "\nnot required: a witness; the log alone vouches for its tree";
    }
    let value = json!({
        "origin": head.origin(),
        "index": proof.index,
        "size": head.size(),
        "root": head.root().to_string(),
        "witnessed_at": trusted.witnessed_at.map(moment),
        "witnesses": seen,
    });
    out.result(&lines, &value);
}

/// Seconds since 1970 as RFC 3339, or as a number beyond the year 9999.
fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds)
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok());
    time.map_or_else(|| seconds.to_string(), |time| time.to_string())
}
