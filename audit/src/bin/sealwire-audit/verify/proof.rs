//! `sealwire-audit verify proof`.

use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sealwire_audit::dsse::{Envelope, MAX_ENVELOPE, key_id};
use sealwire_audit::leaf::Leaf;
use sealwire_audit::policy::{Policy, Trusted};
use sealwire_audit::proof::{LogProof, MAX_PROOF};
use sealwire_audit::tile::MAX_ENTRY;
use serde_json::{Value, json};

use super::{moment, read_policy};
use crate::failure::Failure;
use crate::files;
use crate::output::Output;

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
    /// The signed statement of which the entry tells; checked to be that one.
    #[arg(long, value_name = "FILE")]
    envelope: Option<PathBuf>,
}

pub(crate) fn run(args: &Proof, out: &Output) -> Result<(), Failure> {
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
    let leaf = Leaf::parse(&entry).ok();
    if let Some(path) = &args.envelope {
        check_envelope(path, leaf.as_ref())?;
    }
    let what = describe(leaf.as_ref(), args.envelope.is_some());
    tell(out, &proof, &policy, &trusted, what);
    Ok(())
}

/// Checks that the entry was made of this envelope and that its signatures are true.
fn check_envelope(path: &Path, leaf: Option<&Leaf>) -> Result<(), Failure> {
    let bytes = files::read(path, MAX_ENVELOPE)?;
    let broken = |why: &dyn std::fmt::Display| {
        let hint = "this is not the statement that was logged; keep it as evidence";
        Failure::broken(path, why, hint)
    };
    let envelope = Envelope::parse(&bytes).map_err(|why| broken(&why))?;
    match leaf {
        Some(Leaf::Attestation(logged)) if logged.is_of(&envelope) => Ok(()),
        Some(Leaf::Attestation(_)) => Err(broken(
            &"the entry tells of another payload or other signatures",
        )),
        _ => Err(broken(&"the entry does not tell of a signed statement")),
    }
}

/// What the entry is, for people and for programs. Without the envelope nobody has
/// `checked` the signatures that the entry names.
fn describe(leaf: Option<&Leaf>, checked: bool) -> (String, Value) {
    match leaf {
        None => (
            "of a form that this program does not know".to_owned(),
            Value::Null,
        ),
        Some(Leaf::Attestation(logged)) => {
            let hash = HEXLOWER.encode(logged.payload_hash());
            let signers: Vec<String> = logged.signers().map(key_id).collect();
            let signed = if checked {
                "\nsigned: by the key "
            } else {
                "\nnot checked without --envelope: the signature of the key "
            };
            let mut lines = format!("a signed statement, SHA-256 {hash}");
            for signer in &signers {
                lines += signed;
                lines += signer;
            }
            let value = json!({
                "form": "statement",
                "payload_sha256": hash,
                "signers": signers,
                "signatures_checked": checked,
            });
            (lines, value)
        }
        Some(Leaf::Event { kind, commitment }) => {
            let commitment = commitment.to_string();
            let value = json!({"form": "event", "type": kind, "commitment": commitment});
            (format!("an event, {kind}, {commitment}"), value)
        }
        Some(Leaf::Directory { index, commitment }) => {
            let (index, commitment) = (index.to_string(), commitment.to_string());
            let line = format!("a change of the directory, {index}, {commitment}");
            let value = json!({"form": "directory", "index": index, "commitment": commitment});
            (line, value)
        }
    }
}

fn tell(
    out: &Output,
    proof: &LogProof,
    policy: &Policy,
    trusted: &Trusted,
    (what, entry): (String, Value),
) {
    let head = &trusted.checkpoint;
    let mut lines = format!(
        "proven: entry {} of {}, in the tree of {} entries",
        proof.index,
        head.origin(),
        head.size()
    );
    lines += &format!("\nentry: {what}");
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
        "entry": entry,
        "root": head.root().to_string(),
        "witnessed_at": trusted.witnessed_at.map(moment),
        "witnesses": seen,
    });
    out.result(&lines, &value);
}
