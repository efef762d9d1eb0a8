//! `sealwire-audit bundle`: a signed statement and the proof that it was logged, as one file that
//! Sigstore's own verifiers read.

use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use sealwire_audit::dsse::{Envelope, MAX_ENVELOPE, key_id};
use sealwire_audit::leaf::{Attestation, Leaf};
use sealwire_audit::policy::Trusted;
use sealwire_audit::proof::{LogProof, MAX_PROOF};
use sealwire_crypto::{EvidencePublic, sha256};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::files;
use crate::output::Output;
use crate::verify::read_policy;

/// The version of Sigstore's bundles that is written (`sigstore_bundle.proto`).
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Arguments of `bundle`.
#[derive(clap::Args)]
pub(crate) struct Bundle {
    /// The signed statement, as a pack keeps it in `statements/`.
    #[arg(value_name = "STATEMENT")]
    statement: PathBuf,
    /// The proof that it was logged; without it, the `.tlog-proof` beside the statement.
    #[arg(long, value_name = "FILE")]
    proof: Option<PathBuf>,
    /// Which logs and witnesses count, as a tlog-policy file.
    #[arg(long, value_name = "FILE")]
    policy: PathBuf,
    /// Where the bundle is written.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// A statement that is proven to have been logged.
struct Logged {
    envelope: Envelope,
    entry: Vec<u8>,
    proof: LogProof,
    head: Trusted,
    signer: EvidencePublic,
    /// The whole hash of which the log's signatures show the first four bytes.
    log_id: [u8; 32],
}

pub(crate) fn run(args: &Bundle, out: &Output) -> Result<(), Failure> {
    let beside = args.statement.with_extension("tlog-proof");
    let proof = args.proof.as_ref().unwrap_or(&beside);
    let logged = read(&args.statement, proof, &args.policy)?;
    let bundle = format!("{}\n", to_value(&logged));
    files::write(&args.out, bundle.as_bytes()).map_err(|error| Failure::file(&args.out, &error))?;
    let head = &logged.head.checkpoint;
    let (path, signer) = (args.out.display(), key_id(&logged.signer));
    let line = format!(
        "bundled: entry {} of {}, signed by the key {signer}\nwritten: {path}",
        logged.proof.index,
        head.origin()
    );
    let value = json!({
        "origin": head.origin(),
        "index": logged.proof.index,
        "signer": signer,
        "path": path.to_string(),
    });
    out.result(&line, &value);
    Ok(())
}

/// Reads the three files and checks them, so that no bundle is written that cannot hold.
fn read(statement: &Path, proof_path: &Path, policy: &Path) -> Result<Logged, Failure> {
    const AGAIN: &str = "the file is damaged; get it again";
    const KEEP: &str = "do not rely on this; keep the files as evidence";
    let policy = read_policy(policy)?;
    let envelope = Envelope::parse(&files::read(statement, MAX_ENVELOPE)?)
        .map_err(|why| Failure::broken(statement, why, AGAIN))?;
    let broken = |why: &dyn std::fmt::Display, hint| Failure::broken(proof_path, why, hint);
    let proof =
        LogProof::parse(&files::read(proof_path, MAX_PROOF)?).map_err(|why| broken(&why, AGAIN))?;
    let entry = proof.extra.clone().ok_or_else(|| {
        broken(
            &"does not bring its entry along",
            "take a proof from a pack, which does",
        )
    })?;
    let head = proof
        .verify(&policy, &entry)
        .map_err(|why| broken(&why, KEEP))?;
    let signer = match Leaf::parse(&entry) {
        Ok(Leaf::Attestation(logged)) if logged.is_of(&envelope) => {
            only_signer(&logged, statement)?
        }
        _ => {
            let why = "is not the statement of which the proven entry tells";
            return Err(Failure::broken(statement, why, KEEP));
        }
    };
    let origin = head.checkpoint.origin();
    let of_log = |log: &&sealwire_audit::policy::Log| {
        log.key.name().as_str() == origin && matches!(proof.head.signed_by(&log.key), Ok(Some(_)))
    };
    let log = policy.logs().iter().find(of_log);
    let key = &log
        .ok_or_else(|| broken(&"no log of the policy", KEEP))?
        .key;
    // C2SP `signed-note`: the id of a key, of which type 1 is Ed25519.
    let log_id = sha256(&[origin.as_bytes(), b"\n\x01", key.public().as_bytes()]);
    Ok(Logged {
        envelope,
        entry,
        proof,
        head,
        signer,
        log_id,
    })
}

/// A bundle holds one signature.
fn only_signer(logged: &Attestation, statement: &Path) -> Result<EvidencePublic, Failure> {
    let mut signers = logged.signers();
    match (signers.next(), signers.next()) {
        (Some(signer), None) => Ok(*signer),
        _ => Err(Failure::usage(
            format!("{} bears several signatures", statement.display()),
            "a Sigstore bundle holds one; check this statement with `verify proof --envelope`",
        )),
    }
}

/// The bundle, as Protocol Buffers are spelled in JSON: bytes are base64 and 64-bit numbers strings.
fn to_value(logged: &Logged) -> Value {
    let head = &logged.head.checkpoint;
    let index = logged.proof.index.to_string();
    let path: Vec<String> = logged
        .proof
        .path
        .iter()
        .map(|hash| BASE64.encode(&hash.0))
        .collect();
    let entry = json!({
        "logIndex": index,
        "logId": { "keyId": BASE64.encode(&logged.log_id) },
        "kindVersion": { "kind": "dsse", "version": "0.0.2" },
        "inclusionProof": {
            "logIndex": index,
            "rootHash": BASE64.encode(&head.root().0),
            "treeSize": head.size().to_string(),
            "hashes": path,
            "checkpoint": { "envelope": logged.proof.head.to_string() },
        },
        "canonicalizedBody": BASE64.encode(&logged.entry),
    });
    let signatures: Vec<Value> = logged
        .envelope
        .signatures()
        .iter()
        .map(|one| json!({ "sig": BASE64.encode(&one.signature), "keyid": one.key_id }))
        .collect();
    json!({
        "mediaType": MEDIA_TYPE,
        "verificationMaterial": {
            "publicKey": { "hint": key_id(&logged.signer) },
            "tlogEntries": [entry],
        },
        "dsseEnvelope": {
            "payload": BASE64.encode(logged.envelope.payload()),
            "payloadType": logged.envelope.payload_type(),
            "signatures": signatures,
        },
    })
}
