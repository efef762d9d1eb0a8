//! A generator for tests that must not change when another library's generator does.

use std::convert::Infallible;

use rand_core::{TryCryptoRng, TryRng};

/// Gives the same bytes over and over.
pub(crate) struct Replay<'a> {
    bytes: &'a [u8],
    next: usize,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, next: 0 }
    }
}

impl TryRng for Replay<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for byte in out {
            *byte = self.bytes[self.next % self.bytes.len()];
            self.next += 1;
        }
        Ok(())
    }
}

impl TryCryptoRng for Replay<'_> {}

/// The secret that has the given byte 32 times.
pub(crate) fn secret(byte: u8) -> crate::SecretBytes<32> {
    crate::SecretBytes::fill(|bytes| bytes.fill(byte))
}

/// The secret 00 01 02 … 1f.
pub(crate) fn counting_secret() -> crate::SecretBytes<32> {
    crate::SecretBytes::fill(|bytes| (0..).zip(bytes).for_each(|(i, byte)| *byte = i))
}

pub(crate) fn hex(text: &str) -> Vec<u8> {
    data_encoding::HEXLOWER
        .decode(text.as_bytes())
        .expect("hexadecimal in a test")
}

pub(crate) fn to_hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}
