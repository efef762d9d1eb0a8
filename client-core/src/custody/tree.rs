//! The archive's own Merkle tree, in whatever place the archive is.

use sealwire_audit::{checkpoint::Checkpoint, merkle::Edge, note::SignerKey};
use sealwire_crypto::sha256;

use super::record::Record;
use crate::error::{CoreError, Result};

/// Adds a record's line to the tree: the leaf is its SHA-256, since a line may be longer than an entry.
pub(super) fn push(edge: &mut Edge, line: &[u8]) -> Result<()> {
    edge.push(&sha256(&[line]), |_| ())
        .map_err(CoreError::internal)
}

/// Gives records their numbers and adds them to the tree; answers their lines.
pub(super) fn add(edge: &mut Edge, records: &mut [Record]) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    for record in records {
        record.number = edge.size();
        let line = serde_json::to_vec(record).map_err(CoreError::internal)?;
        push(edge, &line)?;
        bytes.extend(line);
        bytes.push(b'\n');
    }
    Ok(bytes)
}

/// The signed head of a tree.
pub(super) fn sign(key: &SignerKey, edge: &Edge) -> Result<String> {
    let origin = key.verifier().name().as_str();
    let head = Checkpoint::new(origin, edge.size(), edge.root())
        .and_then(|head| head.sign(key))
        .map_err(CoreError::internal)?;
    Ok(head.to_string())
}

/// The lines that have an end.
pub(super) fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n');
    let bytes = whole.map_or(&bytes[..0], |end| &bytes[..end]);
    let empty = whole.is_none();
    bytes.split(|byte| *byte == b'\n').filter(move |_| !empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_lines_are_lines() {
        let lines = |text: &'static str| whole_lines(text.as_bytes()).collect::<Vec<_>>();
        assert!(lines("").is_empty());
        assert!(lines("half").is_empty());
        assert_eq!(lines("one\n"), [b"one"]);
        assert_eq!(lines("one\ntwo\nhalf"), [b"one", b"two"]);
        assert_eq!(lines("\n"), [b""]);
    }
}
