//! Entry bundles: up to 256 entries, each behind its length.

use super::WIDTH;
use crate::Malformed;

/// Longest entry, in bytes.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Appends an entry to a bundle: two bytes of length, big-endian, and the entry.
///
/// # Errors
/// [`Malformed`] if it is longer than [`MAX_ENTRY`].
pub fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Result<(), Malformed> {
    let length = u16::try_from(entry.len())
        .map_err(|_| Malformed::new("log entry", "is longer than 65,535 bytes"))?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Ok(())
}

/// Reads a bundle of exactly `width` entries.
///
/// # Errors
/// [`Malformed`] if it holds fewer or more, or bytes are left.
pub fn parse_bundle(bytes: &[u8], width: u16) -> Result<Vec<&[u8]>, Malformed> {
    let wrong = |why| Malformed::new("entry bundle", why);
    if !(1..=WIDTH).contains(&width) {
        return Err(wrong("does not hold 1 to 256 entries"));
    }
    let mut rest = bytes;
    let mut entries = Vec::with_capacity(usize::from(width));
    for _ in 0..width {
        let (length, after) = rest.split_first_chunk().ok_or(wrong("is cut off"))?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (entry, after) = after.split_at_checked(length).ok_or(wrong("is cut off"))?;
        entries.push(entry);
        rest = after;
    }
    if !rest.is_empty() {
        return Err(wrong("holds more entries than its name says"));
    }
    Ok(entries)
}
