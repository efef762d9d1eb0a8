//! Whether bytes are one item of deterministic CBOR, whatever it means.

use super::ContentError;

/// Checks that `bytes` are exactly one item in deterministic encoding (RFC 8949 §4.2.1), at most
/// `depth` levels deep.
pub(super) fn check(bytes: &[u8], depth: usize) -> Result<(), ContentError> {
    let end = item(bytes, 0, depth)?;
    if end == bytes.len() {
        Ok(())
    } else {
        Err(ContentError::Malformed)
    }
}

/// Checks the item that begins at `at` and returns where it ends.
fn item(bytes: &[u8], at: usize, depth: usize) -> Result<usize, ContentError> {
    let (major, info, value, at) = head(bytes, at)?;
    let nested = || depth.checked_sub(1).ok_or(ContentError::TooDeep);
    match major {
        0 | 1 => Ok(at),
        2 => Ok(at + slice(bytes, at, value)?.len()),
        3 => {
            let text = slice(bytes, at, value)?;
            std::str::from_utf8(text).map_err(|_| ContentError::Malformed)?;
            Ok(at + text.len())
        }
        4 => {
            let depth = nested()?;
            (0..value).try_fold(at, |at, _| item(bytes, at, depth))
        }
        5 => map(bytes, at, value, nested()?),
        6 => item(bytes, at, nested()?),
        _ => simple(info, value).map(|()| at),
    }
}

/// Checks `pairs` keys and values; keys must be in order of their bytes and unique.
fn map(bytes: &[u8], mut at: usize, pairs: u64, depth: usize) -> Result<usize, ContentError> {
    let mut last: Option<&[u8]> = None;
    for _ in 0..pairs {
        let end = item(bytes, at, depth)?;
        let key = &bytes[at..end];
        if last.is_some_and(|last| last >= key) {
            return Err(ContentError::NotDeterministic);
        }
        last = Some(key);
        at = item(bytes, end, depth)?;
    }
    Ok(at)
}

/// Simple values and floats: `false`, `true`, `null` and the like in one byte, simple values from
/// 32 in two (RFC 8949 §3.3), floats in the shortest form that holds them (§4.2.1), of NaNs only
/// the quiet half-width one (draft-ietf-mimi-content-09 §6.2).
fn simple(info: u8, value: u64) -> Result<(), ContentError> {
    let shortest = match info {
        24 if value < 32 => return Err(ContentError::Malformed),
        25 => value & 0x7c00 != 0x7c00 || value & 0x03ff == 0 || value == 0x7e00,
        26 => u32::try_from(value)
            .is_ok_and(|bits| !f32::from_bits(bits).is_nan() && !fits_half(bits)),
        27 => {
            let float = f64::from_bits(value);
            !float.is_nan() && f64::from(float as f32).to_bits() != value
        }
        _ => true,
    };
    if shortest {
        Ok(())
    } else {
        Err(ContentError::NotDeterministic)
    }
}

/// Whether a single-width float, no NaN, is also a half-width one (IEEE 754 binary16).
fn fits_half(bits: u32) -> bool {
    let (exponent, mantissa) = ((bits >> 23) & 0xff, bits & 0x007f_ffff);
    // The lowest bits of the mantissa that half width has no room for.
    let lost = match exponent {
        0 | 0xff => 23,
        103..=112 => 126 - exponent,
        113..=142 => 13,
        _ => return false,
    };
    mantissa & ((1 << lost) - 1) == 0
}

/// Reads an item's first bytes: major type, additional information, argument, and where they end.
fn head(bytes: &[u8], at: usize) -> Result<(u8, u8, u64, usize), ContentError> {
    let first = *bytes.get(at).ok_or(ContentError::Malformed)?;
    let (major, info) = (first >> 5, first & 0x1f);
    let width = match info {
        0..24 => return Ok((major, info, u64::from(info), at + 1)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        // Indefinite length: well-formed, but never deterministic.
        31 if (2..=5).contains(&major) => return Err(ContentError::NotDeterministic),
        _ => return Err(ContentError::Malformed),
    };
    let value = slice(bytes, at + 1, width)?
        .iter()
        .fold(0, |value, byte| value << 8 | u64::from(*byte));
    let least = match width {
        1 => 24,
        2 => 1 << 8,
        4 => 1 << 16,
        _ => 1 << 32,
    };
    if major != 7 && value < least {
        return Err(ContentError::NotDeterministic);
    }
    Ok((major, info, value, at + 1 + width as usize))
}

fn slice(bytes: &[u8], at: usize, len: u64) -> Result<&[u8], ContentError> {
    usize::try_from(len)
        .ok()
        .and_then(|len| bytes.get(at..at.checked_add(len)?))
        .ok_or(ContentError::Malformed)
}
