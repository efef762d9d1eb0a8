//! A strict reader of the TLS presentation language (RFC 9420 §2.1).

use super::FormError;

/// Reads fields from the front of a slice.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn take(&mut self, len: usize) -> Result<&'a [u8], FormError> {
        let (front, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(FormError::Truncated)?;
        self.rest = rest;
        Ok(front)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], FormError> {
        let (front, rest) = self.rest.split_first_chunk().ok_or(FormError::Truncated)?;
        self.rest = rest;
        Ok(*front)
    }

    pub(super) fn u8(&mut self) -> Result<u8, FormError> {
        self.array().map(u8::from_be_bytes)
    }

    pub(super) fn u16(&mut self) -> Result<u16, FormError> {
        self.array().map(u16::from_be_bytes)
    }

    pub(super) fn u64(&mut self) -> Result<u64, FormError> {
        self.array().map(u64::from_be_bytes)
    }

    /// A variable-size vector: its length as a variable-length integer in the shortest of its
    /// three forms, then its bytes (RFC 9420 §2.1.2).
    pub(super) fn vector(&mut self) -> Result<&'a [u8], FormError> {
        let first = self.u8()?;
        let (length, least) = match first >> 6 {
            0 => (u32::from(first), 0),
            1 => {
                let [second] = self.array()?;
                (
                    u32::from(u16::from_be_bytes([first & 0x3f, second])),
                    1 << 6,
                )
            }
            2 => {
                let [b, c, d] = self.array()?;
                (u32::from_be_bytes([first & 0x3f, b, c, d]), 1 << 14)
            }
            _ => return Err(FormError::Length),
        };
        if length < least {
            return Err(FormError::Length);
        }
        self.take(usize::try_from(length).map_err(|_| FormError::Truncated)?)
    }

    /// A vector of exactly `N` bytes.
    pub(super) fn exact<const N: usize>(&mut self, error: FormError) -> Result<[u8; N], FormError> {
        self.vector()?.try_into().map_err(|_| error)
    }

    pub(super) const fn finish(self) -> Result<(), FormError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(FormError::Trailing)
        }
    }

    /// The header of an `MLSMessage` (RFC 9420 §6): version 1 and this wire format.
    pub(super) fn message_header(&mut self, wire_format: u16) -> Result<(), FormError> {
        if self.u16()? != 1 {
            return Err(FormError::Version);
        }
        if self.u16()? != wire_format {
            return Err(FormError::WireFormat);
        }
        Ok(())
    }
}
