//! Token buckets.

use std::time::{Duration, Instant};

/// How fast something may happen: on average once per `interval`, at most `burst` at once.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rate {
    /// Average time between two.
    pub(crate) interval: Duration,
    /// Most at once.
    pub(crate) burst: u32,
}

impl Rate {
    /// `per_second` on average.
    pub(crate) fn per_second(per_second: u32, burst: u32) -> Self {
        Self {
            interval: Duration::from_secs(1) / per_second.max(1),
            burst: burst.max(1),
        }
    }
}

/// State of one bucket: the moment at which it would be full again (GCRA), so that an idle
/// bucket costs 16 bytes and no timer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bucket {
    full_at: Instant,
}

impl Bucket {
    /// A full bucket.
    pub(crate) fn full(now: Instant) -> Self {
        Self { full_at: now }
    }

    /// Takes one token, or says how long to wait for it.
    pub(crate) fn take(&mut self, rate: Rate, now: Instant) -> Result<(), Duration> {
        self.take_many(rate, 1, now)
    }

    /// Takes so many tokens, or none and says how long to wait for them.
    pub(crate) fn take_many(
        &mut self,
        rate: Rate,
        tokens: u32,
        now: Instant,
    ) -> Result<(), Duration> {
        let full_at = self.full_at.max(now) + rate.interval.saturating_mul(tokens);
        let room = rate.interval * rate.burst;
        match (full_at - now).checked_sub(room) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                self.full_at = full_at;
                Ok(())
            }
        }
    }

    /// Whether nothing is missing, so that the state need not be kept.
    pub(crate) fn is_full(&self, now: Instant) -> bool {
        self.full_at <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_one_per_interval() {
        let rate = Rate {
            interval: Duration::from_secs(2),
            burst: 3,
        };
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        for _ in 0..3 {
            assert_eq!(bucket.take(rate, start), Ok(()));
        }
        assert_eq!(bucket.take(rate, start), Err(Duration::from_secs(2)));
        let later = start + Duration::from_secs(2);
        assert_eq!(bucket.take(rate, later), Ok(()));
        assert_eq!(bucket.take(rate, later), Err(Duration::from_secs(2)));
        assert!(!bucket.is_full(later));
        assert!(bucket.is_full(later + Duration::from_secs(6)));
    }

    #[test]
    fn a_refused_take_costs_nothing() {
        let rate = Rate::per_second(1, 1);
        let start = Instant::now();
        let mut bucket = Bucket::full(start);
        assert!(bucket.take(rate, start).is_ok());
        for _ in 0..100 {
            assert!(bucket.take(rate, start).is_err());
        }
        assert!(bucket.take(rate, start + Duration::from_secs(1)).is_ok());
    }
}
