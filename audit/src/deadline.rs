//! By when notices and answers are due. Pure: the times come in as arguments.
//!
//! Deadlines never move to a working day: where a law would give more time for that, it is not taken.

use serde::{Deserialize, Serialize};

use crate::Malformed;
use crate::predicate::{Clock, ClockName, Law, Time};

/// Which notices a rule asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// 72 hours (GDPR Art. 33 (1)).
    Gdpr,
    /// 24 hours, 72 hours, and a final report one month after the second notice (NIS 2 Art. 23 (4)).
    Nis2,
    /// The same three reports (DORA Art. 19, Delegated Regulation (EU) 2025/301), whose second may
    /// come later there. No clock counts the four hours after an incident was classified as major.
    Dora,
}

impl Rule {
    const fn clocks(self) -> &'static [ClockName] {
        match self {
            Self::Gdpr => &[ClockName::ThreeDays],
            Self::Nis2 | Self::Dora => {
                &[ClockName::OneDay, ClockName::ThreeDays, ClockName::OneMonth]
            }
        }
    }
}

/// The clocks that these rules ask for together, in order. `noticed` is when somebody became aware, `met`
/// which notices were given when; the month of the final report begins with the second notice, and
/// while that was not given with the moment by which it is due, so that it never ends later than the law
/// says.
///
/// # Errors
/// [`Malformed`] if something would be due beyond the year 9999.
pub fn incident(
    rules: &[Rule],
    noticed: Time,
    met: impl Fn(ClockName) -> Option<Time>,
) -> Result<Vec<Clock>, Malformed> {
    let second = noticed.hours_later(72)?;
    let mut clocks = Vec::new();
    for name in [ClockName::OneDay, ClockName::ThreeDays, ClockName::OneMonth] {
        if !rules.iter().any(|rule| rule.clocks().contains(&name)) {
            continue;
        }
        let due = match name {
            ClockName::OneDay => noticed.hours_later(24)?,
            ClockName::ThreeDays => second,
            ClockName::OneMonth => {
                let given = met(ClockName::ThreeDays).unwrap_or(second);
                given.min(second).max(noticed).months_later(1)?
            }
        };
        clocks.push(Clock {
            name,
            due,
            met: met(name),
        });
    }
    Ok(clocks)
}

/// By when a request is to be answered, with the extension or without.
///
/// # Errors
/// [`Malformed`] if it would be due beyond the year 9999.
pub fn request(law: Law, received: Time, extended: bool) -> Result<Time, Malformed> {
    match (law, extended) {
        (Law::Gdpr, false) => received.months_later(1),
        (Law::Gdpr, true) => received.months_later(3),
        (Law::Ccpa, false) => received.hours_later(45 * 24),
        (Law::Ccpa, true) => received.hours_later(90 * 24),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const HOUR_MS: u64 = 3_600_000;
    const DAY_MS: u64 = 24 * HOUR_MS;

    fn time(text: &str) -> Time {
        text.to_owned().try_into().unwrap()
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (received, due, extended) in [
            (
                "2026-01-31T10:00:00Z",
                "2026-02-28T10:00:00Z",
                "2026-04-30T10:00:00Z",
            ),
            (
                "2028-01-31T10:00:00Z",
                "2028-02-29T10:00:00Z",
                "2028-04-30T10:00:00Z",
            ),
            (
                "2026-11-30T23:59:59Z",
                "2026-12-30T23:59:59Z",
                "2027-02-28T23:59:59Z",
            ),
        ] {
            let received = time(received);
            assert_eq!(request(Law::Gdpr, received, false).unwrap(), time(due));
            assert_eq!(request(Law::Gdpr, received, true).unwrap(), time(extended));
        }
        let received = time("2026-11-25T12:00:00Z");
        assert_eq!(
            request(Law::Ccpa, received, false).unwrap(),
            time("2027-01-09T12:00:00Z")
        );
        assert_eq!(
            request(Law::Ccpa, received, true).unwrap(),
            time("2027-02-23T12:00:00Z")
        );
    }

    #[test]
    fn the_month_runs_from_the_second_notice() {
        let noticed = time("2026-11-25T12:00:00Z");
        let early = time("2026-11-26T09:00:00Z");
        let met = |name| (name == ClockName::ThreeDays).then_some(early);
        let clocks = incident(&[Rule::Nis2, Rule::Gdpr], noticed, met).unwrap();
        let due: Vec<String> = clocks.iter().map(|clock| clock.due.to_string()).collect();
        assert_eq!(
            due,
            [
                "2026-11-26T12:00:00Z",
                "2026-11-28T12:00:00Z",
                "2026-12-26T09:00:00Z"
            ]
        );
        assert_eq!(clocks[1].met, Some(early));
        let gdpr = incident(&[Rule::Gdpr], noticed, |_| None).unwrap();
        assert_eq!(gdpr.len(), 1);
    }

    proptest! {
        #[test]
        fn incidents_are_due_in_order_and_a_late_notice_wins_no_time(
            noticed in 0..4_000_000_000_000_u64,
            later in 0..100 * DAY_MS,
        ) {
            let noticed = Time::from_millis(noticed).unwrap();
            let given = Time::from_millis(noticed.millis() + later).unwrap();
            let clocks = |met: Option<Time>| {
                incident(&[Rule::Dora], noticed, |name| met.filter(|_| name == ClockName::ThreeDays))
                    .unwrap()
            };
            let (open, met) = (clocks(None), clocks(Some(given)));
            prop_assert!(open.is_sorted_by_key(|clock| clock.due));
            prop_assert!(open.iter().all(|clock| clock.due > noticed));
            prop_assert_eq!(open[0].due.millis(), noticed.millis() + DAY_MS);
            prop_assert_eq!(open[1].due.millis(), noticed.millis() + 3 * DAY_MS);
            prop_assert_eq!(met[1].due, open[1].due);
            prop_assert!(met[2].due <= open[2].due);
            let month = open[2].due.millis() - open[1].due.millis();
            prop_assert!((28 * DAY_MS..=31 * DAY_MS).contains(&month));
        }

        #[test]
        fn an_extension_gives_time_once(received in 0..4_000_000_000_000_u64) {
            let received = Time::from_millis(received).unwrap();
            let days = |law, extended| {
                (request(law, received, extended).unwrap().millis() - received.millis()) / DAY_MS
            };
            prop_assert!((28..=31).contains(&days(Law::Gdpr, false)));
            prop_assert!((89..=92).contains(&days(Law::Gdpr, true)));
            prop_assert_eq!((days(Law::Ccpa, false), days(Law::Ccpa, true)), (45, 90));
        }
    }
}
