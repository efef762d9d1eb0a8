//! Counting what is stored in one form.

use std::collections::BTreeMap;

use super::{BitsPerByte, EntropyBucket, Form, SizeBucket, Stored};

/// Counts what is stored in one form. Holds a few numbers, however much it counts.
#[derive(Clone, Debug)]
pub struct Counter {
    form: Form,
    count: u64,
    unparsed: u64,
    /// By the power of two that they are at most as long as.
    sizes: BTreeMap<u64, u64>,
    /// By whole bits a byte, 1 to 8, that they have at most.
    entropies: BTreeMap<u8, u64>,
}

impl Counter {
    /// Nothing yet.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self {
            form,
            count: 0,
            unparsed: 0,
            sizes: BTreeMap::new(),
            entropies: BTreeMap::new(),
        }
    }

    /// Counts something of `length` bytes, of which `sample` are all or the first, and
    /// whether it could be read as its form.
    pub fn add(&mut self, length: u64, sample: &[u8], parsed: bool) {
        self.count += 1;
        self.unparsed += u64::from(!parsed);
        // Beyond 2^63 no power of two is left.
        let size = length.checked_next_power_of_two().unwrap_or(u64::MAX);
        *self.sizes.entry(size).or_default() += 1;
        let bits = entropy(sample);
        let bucket = (1..8).find(|most| bits <= f64::from(*most)).unwrap_or(8);
        *self.entropies.entry(bucket).or_default() += 1;
    }

    /// The counts.
    #[must_use]
    pub fn finish(self) -> Stored {
        let size = |(up_to, count)| SizeBucket { up_to, count };
        let entropy = |(bits, count)| EntropyBucket {
            up_to_bits_per_byte: BitsPerByte(f64::from(bits)),
            count,
        };
        Stored {
            form: self.form,
            count: self.count,
            unparsed: self.unparsed,
            size_buckets: self.sizes.into_iter().map(size).collect(),
            entropy_histogram: self.entropies.into_iter().map(entropy).collect(),
        }
    }
}

/// Shannon's entropy of bytes, 0 to 8 bits a byte (C. E. Shannon, "A Mathematical Theory
/// of Communication", 1948, §6).
fn entropy(bytes: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in bytes {
        counts[usize::from(*byte)] += 1;
    }
    let all = bytes.len() as f64;
    let present = counts.iter().filter(|count| **count > 0);
    present
        .map(|count| {
            let share = f64::from(*count) / all;
            -share * share.log2()
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entropy_is_that_of_the_textbook() {
        assert_eq!(entropy(b""), 0.0);
        assert_eq!(entropy(b"aaaa"), 0.0);
        assert_eq!(entropy(b"abab"), 1.0);
        assert_eq!(entropy(b"abcd"), 2.0);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(entropy(&all), 8.0);
    }

    #[test]
    fn what_is_counted_adds_up() {
        let mut counter = Counter::new(Form::LogEntry);
        for (length, sample, parsed) in [
            (0, &b""[..], true),
            (4, b"abab", true),
            (5, b"abcde", false),
            (8, b"abcdefgh", true),
            (u64::MAX, b"", false),
        ] {
            counter.add(length, sample, parsed);
        }
        let stored = counter.finish();
        assert!(stored.adds_up() && stored.is_sorted());
        assert_eq!((stored.count, stored.unparsed), (5, 2));
        let sizes = stored.size_buckets.iter().map(|one| (one.up_to, one.count));
        let sizes: Vec<_> = sizes.collect();
        assert_eq!(sizes, [(1, 1), (4, 1), (8, 2), (u64::MAX, 1)]);
        let bits = stored.entropy_histogram.iter();
        let bits: Vec<_> = bits
            .map(|one| (f64::from(one.up_to_bits_per_byte), one.count))
            .collect();
        assert_eq!(bits, [(1.0, 3), (3.0, 2)]);
    }
}
