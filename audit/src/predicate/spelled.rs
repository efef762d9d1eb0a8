//! Values that have one spelling in a predicate.

use std::fmt;

use data_encoding::HEXLOWER;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};

use crate::Malformed;
use crate::merkle::Hash;
use crate::text;

/// A moment in UTC, to the millisecond, from 1970 to 9999. Spelled as in RFC 3339 with
/// `Z` and no more digits than it needs: `2026-11-25T23:00:00Z`,
/// `2026-11-25T23:00:00.25Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Time(Timestamp);

impl Time {
    /// The moment so many milliseconds after the beginning of 1970.
    ///
    /// # Errors
    /// [`Malformed`] beyond the year 9999.
    pub fn from_millis(millis: u64) -> Result<Self, Malformed> {
        let time = i64::try_from(millis)
            .ok()
            .and_then(|millis| Timestamp::from_millisecond(millis).ok());
        time.map(Self)
            .ok_or(Malformed::new("time", "is beyond the year 9999"))
    }

    /// The same time of day so many months later, in UTC; the last day of the month if it has no such
    /// day (Regulation (EEC) 1182/71 Art. 3 (2) c).
    ///
    /// # Errors
    /// [`Malformed`] beyond the year 9999.
    pub fn months_later(self, months: u8) -> Result<Self, Malformed> {
        let local = jiff::tz::Offset::UTC.to_datetime(self.0);
        let later = local.checked_add(jiff::Span::new().months(months)).ok();
        later
            .and_then(|later| jiff::tz::Offset::UTC.to_timestamp(later).ok())
            .map(Self)
            .ok_or(Malformed::new("time", "is beyond the year 9999"))
    }

    /// So many hours later.
    ///
    /// # Errors
    /// [`Malformed`] beyond the year 9999.
    pub fn hours_later(self, hours: u32) -> Result<Self, Malformed> {
        Self::from_millis(self.millis().saturating_add(u64::from(hours) * 3_600_000))
    }

    /// Milliseconds since the beginning of 1970.
    #[must_use]
    pub fn millis(self) -> u64 {
        // Earlier ones cannot be made.
        u64::try_from(self.0.as_millisecond()).unwrap_or(0)
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Time> for String {
    fn from(time: Time) -> Self {
        time.to_string()
    }
}

impl TryFrom<String> for Time {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let wrong = Malformed::new("time", "is not RFC 3339 in UTC, to the millisecond");
        let time: Timestamp = text.parse().map_err(|_| wrong)?;
        let millis = u64::try_from(time.as_millisecond()).map_err(|_| wrong)?;
        let time = Self::from_millis(millis)?;
        if time.to_string() == text {
            Ok(time)
        } else {
            Err(wrong)
        }
    }
}

/// `N` bytes, spelled in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Hex<const N: usize>(pub [u8; N]);

impl<const N: usize> fmt::Display for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl<const N: usize> fmt::Debug for Hex<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Hex({self})")
    }
}

impl<const N: usize> From<Hex<N>> for String {
    fn from(hex: Hex<N>) -> Self {
        hex.to_string()
    }
}

impl<const N: usize> TryFrom<String> for Hex<N> {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        let bytes = HEXLOWER.decode(text.as_bytes()).ok();
        bytes
            .and_then(|bytes| bytes.try_into().ok())
            .map(Self)
            .ok_or(Malformed::new("bytes", "are not spelled in hexadecimal"))
    }
}

/// The root of a log's tree, spelled in base64 as in its checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TreeRoot(pub Hash);

impl From<TreeRoot> for String {
    fn from(root: TreeRoot) -> Self {
        root.0.to_string()
    }
}

impl TryFrom<String> for TreeRoot {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        text::hash(&text)
            .map(Self)
            .ok_or(Malformed::new("root", "is misspelled"))
    }
}

/// Reads a member that may be left out, but is not null where it stands.
pub(super) fn given<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: Deserialize<'de>,
    D: Deserializer<'de>,
{
    T::deserialize(deserializer).map(Some)
}

/// Whether each of these moments is at or after the one before.
pub(super) fn in_order(times: &[Time]) -> bool {
    times.is_sorted()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Result<Time, Malformed> {
        text.to_owned().try_into()
    }

    #[test]
    fn a_time_has_one_spelling() {
        for (text, millis) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-11-14T22:13:20Z", 1_700_000_000_000),
            ("2023-11-14T22:13:20.25Z", 1_700_000_000_250),
        ] {
            assert_eq!(time(text).unwrap().millis(), millis);
            assert_eq!(Time::from_millis(millis).unwrap().to_string(), text);
        }
        for wrong in [
            "",
            "2023-11-14",
            "2023-11-14T22:13:20",
            "2023-11-14T22:13:20z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14T22:13:20.0Z",
            "2023-11-14T22:13:20.2501Z",
            "1969-12-31T23:59:59Z",
            "-000001-01-01T00:00:00Z",
        ] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert!(Time::from_millis(u64::MAX).is_err());
    }

    #[test]
    fn bytes_have_one_spelling() {
        let hex = |text: &str| Hex::<2>::try_from(text.to_owned());
        assert_eq!(hex("00ff"), Ok(Hex([0, 255])));
        for wrong in ["", "00f", "00FF", "00ff00", "0x0f"] {
            assert!(hex(wrong).is_err(), "{wrong}");
        }
    }
}
