//! How long objects are locked, and how hard.

use jiff::{Timestamp, ToSpan as _};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{CoreError, Result};

/// Who may end a lock before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LockMode {
    /// Nobody, not even the owner of the account at the store.
    Compliance,
    /// Whoever the store's operator has given a special right.
    Governance,
}

/// How each object of an archive is locked (S3 Object Lock).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lock {
    mode: LockMode,
    days: u32,
}

/// A hundred years.
const MOST_DAYS: u32 = 36_500;

pub(super) const MODE: HeaderName = HeaderName::from_static("x-amz-object-lock-mode");
const UNTIL: HeaderName = HeaderName::from_static("x-amz-object-lock-retain-until-date");

impl Lock {
    /// For so many days from the writing of each object on.
    ///
    /// # Errors
    /// `bad_days` unless there are 1 to 36,500.
    pub fn new(mode: LockMode, days: u32) -> Result<Self> {
        if (1..=MOST_DAYS).contains(&days) {
            return Ok(Self { mode, days });
        }
        Err(CoreError::usage(
            "bad_days",
            format!("objects cannot be locked for {days} days"),
            "name 1 to 36500 days; a year has 366 at most",
        ))
    }

    const fn word(self) -> &'static str {
        match self.mode {
            LockMode::Compliance => "COMPLIANCE",
            LockMode::Governance => "GOVERNANCE",
        }
    }

    /// What a request says so with.
    pub(super) fn headers(self, now: Timestamp) -> Result<HeaderMap> {
        let until = now
            .checked_add((i64::from(self.days) * 24).hours())
            .and_then(|until| until.round(jiff::Unit::Second))
            .map_err(CoreError::internal)?;
        let until = HeaderValue::from_str(&until.to_string()).map_err(CoreError::internal)?;
        let mut headers = HeaderMap::new();
        headers.insert(MODE, HeaderValue::from_static(self.word()));
        headers.insert(UNTIL, until);
        Ok(headers)
    }

    /// Whether the store says of an object that it is locked so, or harder.
    pub(super) fn holds(self, headers: &HeaderMap) -> bool {
        let until = headers.contains_key(UNTIL);
        let mode = headers
            .get(MODE)
            .is_some_and(|mode| mode == self.word() || mode == "COMPLIANCE");
        mode && until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_counts_days_from_now() {
        let lock = Lock::new(LockMode::Governance, 2).unwrap();
        let headers = lock
            .headers("2026-11-26T10:00:00.4Z".parse().unwrap())
            .unwrap();
        assert_eq!(headers[MODE], "GOVERNANCE");
        assert_eq!(headers[UNTIL], "2026-11-28T10:00:00Z");
        assert!(lock.holds(&headers));
        let hard = Lock::new(LockMode::Compliance, 1).unwrap();
        assert!(!hard.holds(&headers), "that one could be ended");
        assert!(lock.holds(&hard.headers(Timestamp::now()).unwrap()));
        assert!(!lock.holds(&HeaderMap::new()));
        for bad in [0, MOST_DAYS + 1] {
            assert_eq!(
                Lock::new(LockMode::Compliance, bad).unwrap_err().code,
                "bad_days"
            );
        }
    }
}
