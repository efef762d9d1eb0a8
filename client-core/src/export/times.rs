//! Times as an export writes them. A hostile clock can claim any time; what no calendar has is the
//! last moment that one has.

use jiff::{Timestamp, tz::TimeZone};

fn stamp(at_ms: u64) -> Timestamp {
    let ms = i64::try_from(at_ms).ok();
    ms.and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or(Timestamp::MAX)
}

/// RFC 3339 in UTC: `2026-11-24T00:03:00Z`.
pub(super) fn utc(at_ms: u64) -> String {
    stamp(at_ms).to_string()
}

/// A day in a zone: `2026-11-24`.
pub(super) fn day(at_ms: u64, zone: &TimeZone) -> String {
    shown(at_ms, zone, "%Y-%m-%d")
}

/// A minute of a day in a zone: `08:03`.
pub(super) fn minute(at_ms: u64, zone: &TimeZone) -> String {
    shown(at_ms, zone, "%H:%M")
}

fn shown(at_ms: u64, zone: &TimeZone, format: &str) -> String {
    let zoned = stamp(at_ms).to_zoned_datetime(zone.clone());
    zoned.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_of_their_zone_and_never_fail() {
        let shanghai = TimeZone::fixed(jiff::tz::offset(8));
        let at_ms = 1_795_478_580_000;
        assert_eq!(utc(at_ms), "2026-11-24T00:03:00Z");
        assert_eq!(day(at_ms, &shanghai), "2026-11-24");
        assert_eq!(minute(at_ms, &shanghai), "08:03");
        assert!(utc(u64::MAX).starts_with("9999-12-"));
        assert!(day(u64::MAX, &shanghai).starts_with("9999-12-"));
    }
}
