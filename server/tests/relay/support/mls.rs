//! Bytes of the form that the ingest grammar asks for.

use bytes::Bytes;
use sealwire_protocol::ids::LogId;
use sealwire_protocol::log::EntryKind;

fn vector(bytes: &[u8]) -> Vec<u8> {
    let len = bytes.len() as u32;
    let mut out = match len {
        0..64 => vec![len as u8],
        64..16384 => (len as u16 | 0x4000).to_be_bytes().to_vec(),
        _ => (len | 0x8000_0000).to_be_bytes().to_vec(),
    };
    out.extend_from_slice(bytes);
    out
}

/// A PrivateMessage with a ciphertext of `len` bytes made of `fill`.
pub fn private_message(log: &LogId, kind: EntryKind, fill: u8, len: usize) -> Bytes {
    let content_type = match kind {
        EntryKind::Application => 1,
        EntryKind::Commit => 3,
    };
    [
        &[0, 1, 0, 2][..],
        &vector(log.as_bytes()),
        &7u64.to_be_bytes(),
        &[content_type],
        &vector(&[]),
        &vector(&[fill; 28]),
        &vector(&vec![fill; len]),
    ]
    .concat()
    .into()
}

/// A key package that says it is of `identity`.
pub fn key_package(identity: &[u8], number: u8, last_resort: bool) -> Vec<u8> {
    let extensions = if last_resort {
        vec![0x00, 0x0a, 0x00]
    } else {
        Vec::new()
    };
    [
        &[0, 1, 0, 5, 0, 1, 0, 1][..],
        &vector(&[number; 32]),
        &vector(&[2; 32]),
        &vector(&[3; 32]),
        &[0, 1],
        &vector(identity),
        &[0, 0, 0, 0, 0],
        &[1],
        &0u64.to_be_bytes(),
        &u64::MAX.to_be_bytes(),
        &vector(&[]),
        &vector(&[4; 64]),
        &vector(&extensions),
        &vector(&[5; 64]),
    ]
    .concat()
}
