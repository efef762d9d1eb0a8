//! Events that somebody has disclosed: each must open the commitment of its entry.

use std::collections::{BTreeMap, BTreeSet};

use data_encoding::HEXLOWER;
use sealwire_audit::Malformed;
use sealwire_audit::canonical::{from_canonical, to_canonical};
use sealwire_audit::commitment::{Commitment, Salt};
use sealwire_crypto::SecretBytes;
use serde_json::Value;

use super::{LogName, PackFolder, Place};
use crate::failure::Failure;

/// Checks the files of `wanted` against the commitments that the log holds.
pub(super) fn check(
    folder: &PackFolder,
    log: LogName,
    wanted: &BTreeSet<u64>,
    commitments: &BTreeMap<u64, Commitment>,
) -> Result<(), Failure> {
    for index in wanted {
        let place = Place::Disclosed(log, *index);
        let bytes = folder.read(&place)?;
        let broken = |why: &dyn std::fmt::Display| folder.broken(&place, why);
        let commitment = commitments
            .get(index)
            .ok_or_else(|| broken(&format!("entry {index} of the log {log} is no event")))?;
        let (salt, event) = parse(&bytes).ok_or_else(|| {
            broken(&r#"is not {"event":{...},"salt":"hexadecimal"} as canonical JSON"#)
        })?;
        open(&salt, commitment, &event).map_err(|why| broken(&why))?;
    }
    Ok(())
}

fn open(salt: &Salt, commitment: &Commitment, event: &Value) -> Result<(), Malformed> {
    salt.open(commitment, &to_canonical(event)?).map(drop)
}

fn parse(bytes: &[u8]) -> Option<(Salt, Value)> {
    let mut value = from_canonical(bytes).ok()?;
    let members = value.as_object_mut().filter(|members| members.len() == 2)?;
    let event = members.remove("event").filter(Value::is_object)?;
    let salt = HEXLOWER
        .decode(members.get("salt")?.as_str()?.as_bytes())
        .ok()?;
    Some((Salt::new(SecretBytes::from_slice(&salt).ok()?), event))
}
