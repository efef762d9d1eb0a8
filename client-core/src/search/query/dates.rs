//! Days, months and years of filters, in the calendar of the person who asks.

use std::fmt;
use std::ops::Range;

use jiff::{ToSpan, ZonedDateTime, civil::Date};
use serde::{Serialize, Serializer};

/// A day, month or year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(feature = "types", derive(ts_rs::TS), ts(type = "string"))]
pub enum When {
    /// This day.
    Today,
    /// The day before.
    Yesterday,
    /// `2026-03-05`
    Day(i16, i8, i8),
    /// `2026-03`
    Month(i16, i8),
    /// `2026`
    Year(i16),
}

impl When {
    /// Reads one; `None` if there is no such day.
    pub fn parse(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "today" => return Some(Self::Today),
            "yesterday" => return Some(Self::Yesterday),
            _ => {}
        }
        let mut parts = text.split('-');
        let year = number(parts.next()?, 4)?;
        let month = parts.next().map(|part| number(part, 2));
        let day = parts.next().map(|part| number(part, 2));
        let when = match (month, day, parts.next()) {
            (None, _, _) => Self::Year(year),
            (Some(month), None, _) => Self::Month(year, i8::try_from(month?).ok()?),
            (Some(month), Some(day), None) => {
                Self::Day(year, i8::try_from(month?).ok()?, i8::try_from(day?).ok()?)
            }
            _ => return None,
        };
        when.first_day(&Date::MIN)?;
        Some(when)
    }

    /// Milliseconds since the Unix epoch at which it begins and at which the next one begins,
    /// where and when `now` is.
    pub(crate) fn range(self, now: &ZonedDateTime) -> Range<i64> {
        let today = now.date();
        let start = self.first_day(&today).unwrap_or(today);
        let next = match self {
            Self::Today | Self::Yesterday | Self::Day(..) => start.checked_add(1.day()),
            Self::Month(..) => start.checked_add(1.month()),
            Self::Year(_) => start.checked_add(1.year()),
        };
        let at = |date: Date| {
            date.to_zoned_datetime(now.time_zone().clone())
                .map_or(0, |midnight| midnight.timestamp().as_millisecond())
        };
        at(start)..next.map_or(i64::MAX, at)
    }

    fn first_day(self, today: &Date) -> Option<Date> {
        match self {
            Self::Today => Some(*today),
            Self::Yesterday => today.checked_sub(1.day()).ok(),
            Self::Day(year, month, day) => Date::new(year, month, day).ok(),
            Self::Month(year, month) => Date::new(year, month, 1).ok(),
            Self::Year(year) => Date::new(year, 1, 1).ok(),
        }
    }
}

/// A number of so many digits, or one less where two may stand.
fn number(text: &str, digits: usize) -> Option<i16> {
    let fits = text.len() == digits || (digits == 2 && text.len() == 1);
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    (fits && plain).then(|| text.parse().ok()).flatten()
}

impl fmt::Display for When {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Today => f.write_str("today"),
            Self::Yesterday => f.write_str("yesterday"),
            Self::Day(year, month, day) => write!(f, "{year:04}-{month:02}-{day:02}"),
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Year(year) => write!(f, "{year:04}"),
        }
    }
}

impl Serialize for When {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_that_there_are() {
        for text in [
            "2026-03-05",
            "2026-03",
            "2026",
            "2024-02-29",
            "today",
            "yesterday",
        ] {
            assert_eq!(When::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(When::parse("2026-3-5").unwrap().to_string(), "2026-03-05");
        for bad in [
            "",
            "26",
            "2026-13",
            "2026-02-30",
            "2026-03-05-1",
            "5.3.2026",
            "-1",
            "2026-",
            "tomorrow",
            "٢٠٢٦",
            "+026",
            "99999",
            "2026-1-",
            "today-1",
        ] {
            assert_eq!(When::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone() {
        let now: ZonedDateTime = "2026-03-05T01:30[Asia/Shanghai]".parse().unwrap();
        let hour = 3_600_000;
        let day = When::Today.range(&now);
        assert_eq!(day.end - day.start, 24 * hour);
        assert_eq!(now.timestamp().as_millisecond() - day.start, 90 * 60_000);
        assert_eq!(When::Yesterday.range(&now).end, day.start);
        let berlin: ZonedDateTime = "2026-06-01T00:00[Europe/Berlin]".parse().unwrap();
        let short = When::Day(2026, 3, 29).range(&berlin);
        assert_eq!(short.end - short.start, 23 * hour, "clocks went forward");
        assert_eq!(When::Year(9999).range(&berlin).end, i64::MAX);
    }
}
