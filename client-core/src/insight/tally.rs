//! Counting, message by message.

use std::collections::{BTreeMap, HashMap};

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::{
    api::{DayCount, Insight, PersonInsight},
    words::Words,
};
use crate::store::Spoken;

/// What comes later than so many milliseconds is no answer but a new beginning.
const ANSWERS_WITHIN_MS: u64 = 12 * 3_600_000;

/// What was counted so far.
pub(super) struct Tally {
    zone: TimeZone,
    people: HashMap<String, Person>,
    days: BTreeMap<Date, u64>,
    hours: [u64; 24],
    words: Words,
    /// Who wrote last, and when.
    last: Option<(String, u64)>,
}

#[derive(Default)]
struct Person {
    days: BTreeMap<Date, u64>,
    /// Seconds after which they answered; under 12 hours.
    answers: Vec<u16>,
}

impl Tally {
    /// Nothing yet.
    pub(super) fn new(zone: TimeZone) -> Self {
        Self {
            zone,
            people: HashMap::new(),
            days: BTreeMap::new(),
            hours: [0; 24],
            words: Words::default(),
            last: None,
        }
    }

    /// Counts the next message in order.
    pub(super) fn add(&mut self, spoken: &Spoken) {
        let (day, hour) = self.when(spoken.at_ms);
        *self.days.entry(day).or_default() += 1;
        if let Some(count) = self.hours.get_mut(hour) {
            *count += 1;
        }
        let person = self.people.entry(spoken.sender.clone()).or_default();
        *person.days.entry(day).or_default() += 1;
        if let Some((_, at_ms)) = self.last.take_if(|(who, _)| *who != spoken.sender) {
            let after = spoken.at_ms.saturating_sub(at_ms);
            if after < ANSWERS_WITHIN_MS {
                let after = u16::try_from(after / 1_000).unwrap_or(u16::MAX);
                person.answers.push(after);
            }
        }
        self.last = Some((spoken.sender.clone(), spoken.at_ms));
        self.words.add(&spoken.text);
    }

    /// Day and hour in the zone. A hostile clock can claim any time.
    fn when(&self, at_ms: u64) -> (Date, usize) {
        let stamp = i64::try_from(at_ms)
            .ok()
            .and_then(|ms| Timestamp::from_millisecond(ms).ok());
        let zoned = stamp
            .unwrap_or(Timestamp::MAX)
            .to_zoned_datetime(self.zone.clone());
        (zoned.date(), usize::try_from(zoned.hour()).unwrap_or(0))
    }

    /// The numbers.
    pub(super) fn finish(self) -> Insight {
        let mut people: Vec<PersonInsight> = self
            .people
            .into_iter()
            .map(|(handle, mut person)| PersonInsight {
                handle,
                messages: person.days.values().sum(),
                replies: person.answers.len() as u64,
                reply_median_s: median(&mut person.answers),
                days: days(&person.days),
            })
            .collect();
        people.sort_by(|a, b| (b.messages, &a.handle).cmp(&(a.messages, &b.handle)));
        Insight {
            conversation: String::new(),
            messages: self.days.values().sum(),
            people,
            days: days(&self.days),
            hours: self.hours,
            keywords: self.words.finish(),
        }
    }
}

fn days(counts: &BTreeMap<Date, u64>) -> Vec<DayCount> {
    let count = |(day, messages): (&Date, &u64)| DayCount {
        day: day.to_string(),
        messages: *messages,
    };
    counts.iter().map(count).collect()
}

/// The middle value; of two, the mean.
fn median(values: &mut [u16]) -> Option<u64> {
    values.sort_unstable();
    let middle = values.len() / 2;
    let upper = u64::from(*values.get(middle)?);
    if values.len() % 2 == 1 {
        return Some(upper);
    }
    let lower = u64::from(*values.get(middle.checked_sub(1)?)?);
    Some((lower + upper) / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-24 00:03 UTC.
    const NOW_MS: u64 = 1_795_478_580_000;

    fn counted(said: &[(&str, u64, &str)], zone: TimeZone) -> Insight {
        let mut tally = Tally::new(zone);
        for (number, (who, after_s, text)) in said.iter().enumerate() {
            tally.add(&Spoken {
                position: number as u64 + 1,
                sender: (*who).into(),
                at_ms: NOW_MS + after_s * 1_000,
                text: (*text).into(),
            });
        }
        tally.finish()
    }

    #[test]
    fn answers_are_measured_from_what_somebody_else_said_last() {
        let insight = counted(
            &[
                ("alice", 0, ""),
                ("alice", 60, ""),
                ("bob", 90, ""),
                ("bob", 1_000, ""),
                ("alice", 1_100, ""),
                ("bob", 1_110, ""),
                // A new day begins a new talk.
                ("alice", 50_000, ""),
            ],
            TimeZone::UTC,
        );
        let of = |who: &str| {
            let found = insight.people.iter().find(|person| person.handle == who);
            let person = found.unwrap();
            (person.messages, person.replies, person.reply_median_s)
        };
        assert_eq!(of("bob"), (3, 2, Some(20)));
        assert_eq!(of("alice"), (4, 1, Some(100)));
        assert_eq!(insight.people[0].handle, "alice", "who wrote most is first");
        assert_eq!(insight.messages, 7);
    }

    #[test]
    fn days_and_hours_are_those_of_the_zone() {
        let said = [("alice", 0, ""), ("alice", 3_600, "")];
        let utc = counted(&said, TimeZone::UTC);
        assert_eq!(utc.days.len(), 1);
        assert_eq!(
            (utc.days[0].day.as_str(), utc.days[0].messages),
            ("2026-11-24", 2)
        );
        assert_eq!((utc.hours[0], utc.hours[1]), (1, 1));
        let west = counted(&said, TimeZone::fixed(jiff::tz::offset(-1)));
        let days: Vec<&str> = west.days.iter().map(|day| day.day.as_str()).collect();
        assert_eq!(days, ["2026-11-23", "2026-11-24"]);
        assert_eq!((west.hours[23], west.hours[0]), (1, 1));
    }

    #[test]
    fn impossible_times_are_counted_too() {
        let mut tally = Tally::new(TimeZone::UTC);
        for at_ms in [u64::MAX, 0, 5] {
            tally.add(&Spoken {
                position: 1,
                sender: if at_ms == 0 { "bob" } else { "alice" }.into(),
                at_ms,
                text: String::new(),
            });
        }
        assert_eq!(tally.finish().messages, 3);
    }

    #[test]
    fn nothing_said_is_nothing_counted() {
        assert_eq!(counted(&[], TimeZone::UTC), Insight::default());
    }
}
