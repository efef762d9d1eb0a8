//! Whether an entry stands in the relay's audit log, under a head that the organisation trusts.

use std::collections::BTreeMap;

use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::merkle::prove_inclusion;
use sealwire_audit::note::{MAX_NOTE, Note, VerifierKey};
use sealwire_audit::policy::{Distrust, Policy, Trusted};
use sealwire_audit::proof::{LogProof, Unproven};
use sealwire_audit::tile::{Kind, Tile, TileNodes, tiles_for};

use crate::core::Core;
use crate::error::{CoreError, ErrorKind, Result};
use crate::net::FileClient;
use crate::store;
use crate::transparency::{FRESH_S, log_policy};

/// What the name of an audit log ends with.
const AUDIT: &str = "/audit";
/// Longest list of the logs' keys, bytes.
const MAX_KEYS: usize = 8 * 1024;
/// Bytes of a hash.
const HASH: usize = 32;

/// Proves that `entry` stands at `number` of the audit log.
///
/// # Errors
/// `update_not_logged`; network errors.
pub(super) async fn prove(
    core: &Core,
    files: &FileClient,
    number: u64,
    entry: &[u8],
) -> Result<()> {
    let policy = trusted_logs(core, files).await?;
    let shown = files.get("/log/v1/audit/checkpoint", MAX_NOTE).await?;
    let shown = shown.ok_or_else(|| not_yet("the audit log is not yet published"))?;
    let head = Note::parse(&shown).map_err(not_logged)?;
    let size = Checkpoint::parse(head.text()).map_err(not_logged)?.size();
    let proof = LogProof {
        extra: None,
        index: number,
        path: path(files, number, size).await?,
        head,
    };
    let trusted = proof.verify(&policy, entry).map_err(|why| match why {
        Unproven::Head(why @ Distrust::NoQuorum { .. }) => not_yet(why),
        why => not_logged(why),
    })?;
    if !trusted.checkpoint.origin().ends_with(AUDIT) {
        return Err(not_logged("the head is of another log"));
    }
    fresh(core, &trusted)
}

/// The siblings on the way from an entry to the root of a log of `size` entries. Wrong tiles give a wrong way.
async fn path(
    files: &FileClient,
    number: u64,
    size: u64,
) -> Result<Vec<sealwire_audit::merkle::Hash>> {
    let beyond = |_| not_logged("the log does not reach so far");
    let wanted = tiles_for(size, |nodes| prove_inclusion(&nodes, number, size)).map_err(beyond)?;
    let mut tiles = BTreeMap::new();
    for resource in wanted {
        let Kind::Hashes(level) = resource.kind() else {
            continue;
        };
        let most = usize::from(resource.width()) * HASH;
        let bytes = files
            .get(&format!("/log/v1/audit/{resource}"), most)
            .await?;
        let bytes = bytes.ok_or_else(|| not_yet(format!("{resource} is missing")))?;
        let tile = Tile::parse(&bytes, resource.width()).map_err(not_logged)?;
        tiles.insert((level, resource.index()), tile);
    }
    let nodes = TileNodes(|level, index| tiles.get(&(level, index)).cloned());
    prove_inclusion(&nodes, number, size).map_err(beyond)
}

/// Whose heads of the audit log count. An organisation that names the audit log decides; one that names the
/// directory's alone decides by which witnesses, and the audit log's key is the one that was seen first, as it is if
/// the organisation names nothing.
async fn trusted_logs(core: &Core, files: &FileClient) -> Result<Policy> {
    let named = core.organisation_policy().as_deref().and_then(log_policy);
    let named = named.transpose()?;
    let is_audit = |key: &VerifierKey| key.name().as_str().ends_with(AUDIT);
    if let Some(named) = &named
        && named.logs().iter().any(|log| is_audit(&log.key))
    {
        return Ok(named.clone());
    }
    let key = pinned(core, files).await?;
    let rest = named.map_or_else(|| b"quorum none\n".to_vec(), |named| named.to_bytes());
    Policy::parse(&[format!("log {key}\n").as_bytes(), &rest].concat()).map_err(not_logged)
}

/// The audit log's key that was seen first. The organisation may begin anew with another; the relay may not.
async fn pinned(core: &Core, files: &FileClient) -> Result<String> {
    let known = {
        let mut conn = core.db.readers.acquire().await?;
        store::known_updates(&mut conn).await?
    };
    if !known.audit_key.is_empty() {
        return Ok(known.audit_key);
    }
    let keys = files.get("/log/v1/keys", MAX_KEYS).await?;
    let keys = keys.ok_or_else(|| not_yet("the keys of its logs are not there"))?;
    let keys = String::from_utf8(keys).unwrap_or_default();
    let keys = keys.lines().map(VerifierKey::parse);
    let keys: Vec<VerifierKey> = keys.collect::<Result<_, _>>().map_err(not_logged)?;
    let key = keys.iter().find(|key| key.name().as_str().ends_with(AUDIT));
    let key = key.ok_or_else(|| not_logged("the relay shows no key of its audit log"))?;
    let key = key.to_string();
    let mut conn = core.db.writer.lock().await;
    store::pin_audit_key(&mut conn, &key).await?;
    Ok(key)
}

/// Cosignatures have to be of the last day, if the organisation asks for any.
fn fresh(core: &Core, trusted: &Trusted) -> Result<()> {
    match trusted.witnessed_at {
        Some(at) if at.saturating_add(FRESH_S) < core.now_s() => Err(not_yet(
            "no witness has confirmed the audit log within the last day",
        )),
        _ => Ok(()),
    }
}

/// It is not there, and waiting does not help.
fn not_logged(why: impl std::fmt::Display) -> CoreError {
    unproven(ErrorKind::Untrusted, why)
}

/// It is not there at this moment: a relay that was just started, witnesses out of reach.
fn not_yet(why: impl std::fmt::Display) -> CoreError {
    unproven(ErrorKind::Io, why)
}

fn unproven(kind: ErrorKind, why: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        kind,
        "update_not_logged",
        format!("the relay cannot prove that its update is in the audit log: {why}"),
        "nothing was installed; try again later, and tell your administrator if it stays",
    )
}
