//! How long things may look.

/// Step for messages up to [`COARSE_FROM`] bytes.
const FINE: usize = 256;
/// Step above.
const COARSE: usize = 1024;
/// The longest length padded in fine steps.
const COARSE_FROM: usize = 4096;

/// The length in bytes that a message of `len` bytes is padded to: the next
/// multiple of 256 up to 4,096, above that the next multiple of 1,024. An empty
/// message takes 256.
///
/// A length within 1,023 of `usize::MAX`, which no buffer can have, gives
/// `usize::MAX`.
#[must_use]
pub const fn padded_len(len: usize) -> usize {
    if len == 0 {
        FINE
    } else if len <= COARSE_FROM {
        len.div_ceil(FINE) * FINE
    } else {
        len.div_ceil(COARSE).saturating_mul(COARSE)
    }
}

/// The length in bytes that a file of `len` bytes is padded to, by Padmé
/// (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and
/// Communication with PURBs", PoPETs 2019, §4): never more than 12 % longer, and
/// a length tells only O(log log n) bits.
///
/// Lengths of 0 and 1 stay; lengths so large that the sum would not fit 64 bits
/// give `u64::MAX`.
#[must_use]
pub fn padme(len: u64) -> u64 {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let mantissa_bits = exponent.checked_ilog2().map_or(1, |log| log + 1);
    // Lengths of 2 and 3 have more mantissa bits than bits to keep.
    let mask = (1u64 << exponent.saturating_sub(mantissa_bits)) - 1;
    len.checked_add(mask).map_or(u64::MAX, |sum| sum & !mask)
}
