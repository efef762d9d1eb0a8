//! The signed head of an archive.

use sealwire_audit::{
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
};

use super::broken;
use crate::error::Result;

/// Reads a head that this key has signed.
pub(super) fn parse(bytes: &[u8], key: &VerifierKey) -> Result<Checkpoint> {
    let note = Note::parse(bytes).map_err(|error| broken(format!("checkpoint: {error}")))?;
    match note.signed_by(key) {
        Ok(Some(_)) => {}
        _ => return Err(broken("checkpoint: is not signed by the archive's key")),
    }
    let head =
        Checkpoint::parse(note.text()).map_err(|error| broken(format!("checkpoint: {error}")))?;
    if head.origin() != key.name().as_str() {
        return Err(broken("checkpoint: is of another archive"));
    }
    Ok(head)
}
