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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn message_lengths_at_every_edge() {
        let table = [
            (0, 256),
            (1, 256),
            (256, 256),
            (257, 512),
            (3841, 4096),
            (4096, 4096),
            (4097, 5120),
            (5120, 5120),
            (5121, 6144),
            (usize::MAX, usize::MAX),
        ];
        for (len, padded) in table {
            assert_eq!(padded_len(len), padded, "{len}");
        }
    }

    /// Computed with an independent implementation.
    #[test]
    fn file_lengths() {
        let table = [
            (0, 0),
            (1, 1),
            (2, 2),
            (3, 3),
            (8, 8),
            (9, 10),
            (100, 104),
            (1000, 1024),
            (65_536, 65_536),
            (65_537, 67_584),
            (1_000_000, 1_015_808),
            (1_099_511_627_777, 1_116_691_496_960),
            (u64::MAX, u64::MAX),
        ];
        for (len, padded) in table {
            assert_eq!(padme(len), padded, "{len}");
        }
    }

    proptest! {
        #[test]
        fn messages_keep_to_the_steps(len in 0usize..10_000_000) {
            let padded = padded_len(len);
            let step = if padded <= 4096 { 256 } else { 1024 };
            prop_assert!(padded >= len.max(1));
            prop_assert!(padded - len.max(1) < step);
            prop_assert_eq!(padded % step, 0);
            prop_assert_eq!(padded_len(padded), padded);
        }

        #[test]
        fn padme_costs_at_most_12_percent(bits in 0u32..60, raw: u64) {
            let len = raw >> (63 - bits);
            let padded = padme(len);
            prop_assert!(padded >= len);
            prop_assert!(u128::from(padded - len) * 100 <= u128::from(len) * 12);
            prop_assert_eq!(padme(padded), padded);
        }

        #[test]
        fn padme_never_shrinks_as_files_grow(len in 0u64..1 << 40) {
            prop_assert!(padme(len) <= padme(len + 1));
        }
    }
}
