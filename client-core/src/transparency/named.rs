//! Which log counts: the one that the organisation names in its policy, or the one that was pinned first; and the
//! key that hides handles in it.

use data_encoding::HEXLOWER;
use sealwire_audit::note::VerifierKey;
use sealwire_audit::policy::Policy;
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::organisation_policy::OrganisationPolicy;

use super::bad_log;
use super::follow::follow;
use crate::core::Core;
use crate::error::{CoreError, ErrorKind, Result};
use crate::store::{self, DirectoryLog};

/// The key whose log is the directory's, by its name.
pub(super) fn directory_log_of<'a>(
    mut keys: impl Iterator<Item = &'a VerifierKey>,
) -> Option<String> {
    let key = keys.find(|key| key.name().as_str().ends_with("/directory"));
    key.map(ToString::to_string)
}

pub(super) fn names(policy: &Policy, key: &str) -> bool {
    policy.logs().iter().any(|log| log.key.to_string() == key)
}

/// Which logs and witnesses the organisation's policy trusts, if it says so.
pub(crate) fn log_policy(policy: &OrganisationPolicy) -> Option<Result<Policy>> {
    let text = policy.log_policy.as_ref()?;
    Some(Policy::parse(text.as_bytes()).map_err(bad_log))
}

/// Whose heads count: those that the organisation names, or the key that was pinned.
pub(super) fn trusted_logs(core: &Core, log: &DirectoryLog) -> Result<Policy> {
    if let Some(policy) = core.organisation_policy().as_deref().and_then(log_policy) {
        return policy;
    }
    Policy::parse(format!("log {}\nquorum none\n", log.key).as_bytes()).map_err(bad_log)
}

/// Checks a policy before it is published.
///
/// # Errors
/// `bad_log_policy`.
pub(crate) fn check_log_policy(text: &str) -> Result<()> {
    let wrong = |what: String| {
        CoreError::new(
            ErrorKind::Usage,
            "bad_log_policy",
            format!("this is no policy for the relay's logs: {what}"),
            "docs/evidence.md shows how to write one",
        )
    };
    let policy = Policy::parse(text.as_bytes()).map_err(|error| wrong(error.to_string()))?;
    match directory_log_of(policy.logs().iter().map(|log| &log.key)) {
        Some(_) => Ok(()),
        None => Err(wrong("it names no log called …/directory".to_owned())),
    }
}

/// SHA-256 of the key that hides handles in the directory's log that a policy names: as this device has
/// pinned it, or of a log after a new beginning as the relay gives it.
///
/// # Errors
/// As reading the log; `directory_log` if the relay's key is not that of the log named.
pub(crate) async fn directory_key_hash(core: &Core, named: &str) -> Result<[u8; 32]> {
    let named = Policy::parse(named.as_bytes()).map_err(bad_log)?;
    let key = directory_log_of(named.logs().iter().map(|log| &log.key));
    let key = key.ok_or_else(|| bad_log("the policy names none"))?;
    let pinned = {
        let mut conn = core.db.readers.acquire().await?;
        store::directory_log(&mut conn).await?
    };
    if pinned.is_some_and(|pinned| pinned.key != key) {
        let begun = directory_key(core, None, &key).await?;
        return Ok(hash_of(&begun));
    }
    let log = follow(core).await?;
    Ok(hash_of(&log.directory_key))
}

/// Asks for the key that hides handles. It must be the one after which the log is named, so that
/// nobody who trusts this log is given another, and the one that the organisation names.
pub(super) async fn directory_key(
    core: &Core,
    policy: Option<&OrganisationPolicy>,
    log: &str,
) -> Result<SecretBytes<32>> {
    let shown = core.account.directory_key().await?;
    let key = SecretBytes::from_slice(&shown.key.0)
        .map_err(|_| bad_log("its directory key is not 32 bytes"))?;
    let hash = HEXLOWER.encode(&hash_of(&key));
    let log = VerifierKey::parse(log).map_err(bad_log)?;
    if log.name().as_str().split('/').nth_back(1) != Some(hash.as_str()) {
        return Err(bad_log("it is not named after the directory key"));
    }
    if !is_named(policy, &key) {
        return Err(bad_log("its directory key is not the organisation's"));
    }
    Ok(key)
}

/// Whether the organisation names this key, or none.
pub(super) fn is_named(policy: Option<&OrganisationPolicy>, key: &SecretBytes<32>) -> bool {
    let named = policy.and_then(|policy| policy.directory_key_hash);
    named.is_none_or(|named| named == hash_of(key))
}

fn hash_of(key: &SecretBytes<32>) -> [u8; 32] {
    sha256(&[key.expose().as_slice()])
}
