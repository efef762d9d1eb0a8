//! Times for people, in the zone of this machine, and spans that people write.

use jiff::{Timestamp, tz::TimeZone};

/// `2026-11-23 14:03`.
pub(crate) fn minute(at_ms: u64) -> String {
    shown(at_ms, "%Y-%m-%d %H:%M", &TimeZone::system())
}

/// `2026-11-23 14:03` of seconds since the epoch.
pub(crate) fn minute_of_s(at_s: u64) -> String {
    minute(at_s.saturating_mul(1_000))
}

fn shown(at_ms: u64, format: &str, zone: &TimeZone) -> String {
    let stamp = i64::try_from(at_ms)
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok());
    stamp.map_or_else(
        // A hostile clock can claim any time.
        || "????-??-?? ??:??".to_owned(),
        |stamp| {
            stamp
                .to_zoned_datetime(zone.clone())
                .strftime(format)
                .to_string()
        },
    )
}

/// Parses `90s`, `30m`, `12h`, `7d` or `2w` to seconds.
pub(crate) fn parse_span(text: &str) -> Result<u64, String> {
    const FORM: &str = "write a number and a unit: 30m, 12h, 7d or 2w";
    let split = text.len() - text.chars().last().map_or(0, char::len_utf8);
    let (number, unit) = text.split_at(split);
    let unit: u64 = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return Err(FORM.into()),
    };
    let number: u64 = number.parse().map_err(|_| FORM.to_owned())?;
    number
        .checked_mul(unit)
        .filter(|s| *s > 0)
        .ok_or_else(|| FORM.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_seconds() {
        assert_eq!(parse_span("90s"), Ok(90));
        assert_eq!(parse_span("7d"), Ok(604_800));
        assert_eq!(parse_span("2w"), Ok(1_209_600));
        for bad in [
            "",
            "7",
            "d",
            "0d",
            "-1d",
            "1.5h",
            "7天",
            "99999999999999999999w",
        ] {
            assert!(parse_span(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_follow_the_zone_and_never_fail() {
        let shanghai = TimeZone::fixed(jiff::tz::offset(8));
        let format = "%Y-%m-%d %H:%M";
        assert_eq!(
            shown(1_795_478_580_000, format, &TimeZone::UTC),
            "2026-11-24 00:03"
        );
        assert_eq!(
            shown(1_795_478_580_000, format, &shanghai),
            "2026-11-24 08:03"
        );
        assert_eq!(shown(u64::MAX, format, &shanghai), "????-??-?? ??:??");
    }
}
