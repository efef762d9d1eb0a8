//! `PrivateMessage` (RFC 9420 §6.3).

use sealwire_crypto::padded_len;

use super::{FormError, reader::Reader};
use crate::{ids::LogId, limits::MAX_ENTRY, log::EntryKind};

/// `mls_private_message` (RFC 9420 §6).
const WIRE_FORMAT: u16 = 2;
/// `SenderData` is 12 bytes, the AES-GCM tag 16 (RFC 9420 §6.3.2).
const SENDER_DATA: usize = 28;

/// One `MLSMessage` that holds a `PrivateMessage` within the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PrivateMessageForm<'a> {
    /// The MLS group id.
    pub group_id: &'a [u8],
    /// The epoch.
    pub epoch: u64,
    /// `ContentType` (RFC 9420 §6): application 1, proposal 2, commit 3; not judged here.
    pub content_type: u8,
}

impl<'a> PrivateMessageForm<'a> {
    /// Reads exactly one message of at most [`MAX_ENTRY`] bytes.
    ///
    /// # Errors
    /// [`FormError`] says which rule the bytes break.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormError> {
        if bytes.len() > MAX_ENTRY {
            return Err(FormError::TooLong);
        }
        let mut reader = Reader::new(bytes);
        reader.message_header(WIRE_FORMAT)?;
        let group_id = reader.vector()?;
        let epoch = reader.u64()?;
        let content_type = reader.u8()?;
        if !reader.vector()?.is_empty() {
            return Err(FormError::AuthenticatedData);
        }
        if reader.vector()?.len() != SENDER_DATA {
            return Err(FormError::SenderData);
        }
        let ciphertext = reader.vector()?;
        if padded_len(ciphertext.len()) != ciphertext.len() {
            return Err(FormError::CiphertextLength);
        }
        reader.finish()?;
        Ok(Self {
            group_id,
            epoch,
            content_type,
        })
    }
}

/// Checks the payload of an entry against the whole grammar and returns its epoch.
///
/// # Errors
/// [`FormError`] says which rule the payload breaks.
pub fn check_entry(log: &LogId, kind: EntryKind, payload: &[u8]) -> Result<u64, FormError> {
    let form = PrivateMessageForm::parse(payload)?;
    if form.group_id != log.as_bytes() {
        return Err(FormError::GroupId);
    }
    let content_type = match kind {
        EntryKind::Application => 1,
        EntryKind::Commit => 3,
    };
    if form.content_type != content_type {
        return Err(FormError::ContentType);
    }
    Ok(form.epoch)
}
