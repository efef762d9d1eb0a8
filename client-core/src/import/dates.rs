//! Dates and times as people's telephones write them.

use jiff::{
    civil::{Date, DateTime, Time},
    tz::TimeZone,
};

use super::api::DateOrder;

/// A date whose numbers stand in an order that is not known yet, and a time of day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    numbers: [u16; 3],
    /// The first number has four digits, so it is the year.
    year_first: bool,
    time: Time,
}

/// Reads `24.11.26, 09:03`, `2/1/2026, 9:03:12 PM`, `2026/11/24 下午9:03` and their like from the
/// beginning of a text; answers what follows.
pub(super) fn read(text: &str) -> Option<(Written, &str)> {
    let (first, digits, text) = number(text)?;
    let separator = text
        .chars()
        .next()
        .filter(|c| matches!(c, '.' | '/' | '-'))?;
    let (second, _, text) = number(text.strip_prefix(separator)?)?;
    let (third, third_digits, text) = number(text.strip_prefix(separator)?)?;
    let year_first = digits == 4;
    if !(year_first || matches!(third_digits, 2 | 4)) {
        return None;
    }
    let text = text.strip_prefix(',').unwrap_or(text);
    let (time, text) = time_of_day(text.trim_start_matches([' ', '\u{a0}', '\u{202f}']))?;
    let written = Written {
        numbers: [first, second, third],
        year_first,
        time,
    };
    Some((written, text))
}

fn number(text: &str) -> Option<(u16, usize, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=4).contains(&digits) {
        return None;
    }
    let (number, rest) = text.split_at(digits);
    Some((number.parse().ok()?, digits, rest))
}

fn time_of_day(text: &str) -> Option<(Time, &str)> {
    let (before, text) = half(text);
    let (hour, _, text) = number(text)?;
    let (minute, _, text) = number(text.strip_prefix(':')?)?;
    let (second, text) = match text.strip_prefix(':') {
        Some(text) => {
            let (second, _, text) = number(text)?;
            (second, text)
        }
        None => (0, text),
    };
    let (after, rest) = half(text.trim_start_matches([' ', '\u{a0}', '\u{202f}']));
    let (half, text) = match (before, after) {
        (Some(half), _) => (Some(half), text),
        (None, Some(half)) => (Some(half), rest),
        (None, None) => (None, text),
    };
    let hour = match half {
        None => hour,
        Some(_) if !(1..=12).contains(&hour) => return None,
        Some(Half::Morning) => hour % 12,
        Some(Half::Afternoon) => hour % 12 + 12,
    };
    let small = |number: u16| i8::try_from(number).ok();
    let time = Time::new(small(hour)?, small(minute)?, small(second)?, 0).ok()?;
    Some((time, text))
}

#[derive(Clone, Copy)]
enum Half {
    Morning,
    Afternoon,
}

fn half(text: &str) -> (Option<Half>, &str) {
    const WORDS: [(&str, Half); 8] = [
        ("AM", Half::Morning),
        ("PM", Half::Afternoon),
        ("am", Half::Morning),
        ("pm", Half::Afternoon),
        ("a.m.", Half::Morning),
        ("p.m.", Half::Afternoon),
        ("上午", Half::Morning),
        ("下午", Half::Afternoon),
    ];
    WORDS
        .iter()
        .find_map(|(word, half)| Some((Some(*half), text.strip_prefix(word)?)))
        .unwrap_or((None, text))
}

impl Written {
    /// The moment, milliseconds since the Unix epoch; `None` if there is no such day in this order.
    pub(super) fn at_ms(self, order: DateOrder, zone: &TimeZone) -> Option<u64> {
        let at = zone.to_zoned_datetime(self.date(order)?).ok()?;
        u64::try_from(at.timestamp().as_millisecond()).ok()
    }

    fn date(self, order: DateOrder) -> Option<DateTime> {
        let [first, second, third] = self.numbers;
        let (year, month, day) = match order {
            _ if self.year_first => (first, second, third),
            DateOrder::DayFirst => (third, second, first),
            DateOrder::MonthFirst => (third, first, second),
        };
        let year = if year < 100 { 2000 + year } else { year };
        let small = |number: u16| i8::try_from(number).ok();
        let date = Date::new(i16::try_from(year).ok()?, small(month)?, small(day)?).ok()?;
        Some(date.to_datetime(self.time))
    }
}

/// Finds out in which order days and months stand, from all dates of a file.
#[derive(Default)]
pub(super) struct Orders {
    newest: [Option<DateTime>; 2],
    impossible: [bool; 2],
    backwards: [u64; 2],
    differ: bool,
}

const BOTH: [DateOrder; 2] = [DateOrder::DayFirst, DateOrder::MonthFirst];

impl Orders {
    /// Takes the next date of the file.
    pub(super) fn note(&mut self, written: Written) {
        let dates = BOTH.map(|order| written.date(order));
        self.differ |= dates[0] != dates[1];
        for (at, date) in dates.into_iter().enumerate() {
            match date {
                None => self.impossible[at] = true,
                Some(date) => {
                    self.backwards[at] += u64::from(self.newest[at].is_some_and(|was| date < was));
                    self.newest[at] = Some(date);
                }
            }
        }
    }

    /// The one order in which all dates are days of the calendar and, if both are, in which time
    /// does not run backwards; `None` if that does not tell.
    pub(super) fn found(&self) -> Option<DateOrder> {
        match self.impossible {
            [false, true] => return Some(DateOrder::DayFirst),
            [true, false] => return Some(DateOrder::MonthFirst),
            [true, true] => return None,
            [false, false] if !self.differ => return Some(DateOrder::DayFirst),
            [false, false] => {}
        }
        match self.backwards.map(|times| times > 0) {
            [false, true] => Some(DateOrder::DayFirst),
            [true, false] => Some(DateOrder::MonthFirst),
            _ => None,
        }
    }
}
