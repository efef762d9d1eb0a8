//! How often a group may commit, so that Monday morning is no storm. Forgotten by a restart.

use std::collections::HashMap;
use std::time::Instant;

use sealwire_protocol::ids::LogId;
use sealwire_protocol::problem::Code;

use crate::rate::{Bucket, Rate};
use crate::refusal::{Answer, Refusal};

/// Logs beyond which buckets that are full again are let go.
const TIDY_AT: usize = 4096;

/// One bucket per log that committed lately.
pub(crate) struct CommitRate {
    rate: Rate,
    buckets: HashMap<LogId, Bucket>,
    tidy_at: usize,
}

impl CommitRate {
    /// The same rate for every log.
    pub(crate) fn new(rate: Rate) -> Self {
        Self {
            rate,
            buckets: HashMap::new(),
            tidy_at: TIDY_AT,
        }
    }

    /// Counts one commit, or says how long to wait.
    pub(crate) fn take(&mut self, log: LogId) -> Answer<()> {
        let now = Instant::now();
        if self.buckets.len() >= self.tidy_at {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
            self.tidy_at = TIDY_AT.max(self.buckets.len() * 2);
        }
        self.buckets
            .entry(log)
            .or_insert_with(|| Bucket::full(now))
            .take(self.rate, now)
            .map_err(|wait| {
                Refusal::new(
                    Code::CommitRate,
                    "This group commits too often; wait and send the same commit again.",
                )
                .after(wait)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_group_does_not_slow_another() {
        let mut rate = CommitRate::new(Rate {
            interval: Duration::from_secs(60),
            burst: 2,
        });
        let (busy, calm) = (LogId([1; 32]), LogId([2; 32]));
        assert!(rate.take(busy).is_ok());
        assert!(rate.take(busy).is_ok());
        let refusal = rate.take(busy).expect_err("too often");
        assert_eq!(refusal.code(), Code::CommitRate);
        assert!(refusal.to_wire().retry_after_ms > 59_000);
        assert!(rate.take(calm).is_ok());
    }
}
