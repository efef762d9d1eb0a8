//! How the relay fares, for those who look after its organisation: a day in points of a quarter of an hour, in
//! memory alone. Nothing of it is about one account, device or group, and counts are coarse.

mod sampler;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sealwire_protocol::oversight::{
    HEALTH_STEP_S, HealthPoint, MAX_HEALTH_POINTS, coarse, coarse_bytes,
};

pub(crate) use self::sampler::{Sources, run};

/// Keeps the points.
pub(crate) struct Pulse {
    started_ms: u64,
    failed: AtomicU64,
    ring: Mutex<Ring>,
}

/// What is read at one moment, exact; it never leaves the relay like this.
#[derive(Clone, Copy, Default)]
pub(crate) struct Reading {
    /// Open now.
    pub(crate) connections: u64,
    pub(crate) group_connections: u64,
    /// Since the start.
    pub(crate) messages: u64,
    pub(crate) refused: u64,
    /// Now.
    pub(crate) database_bytes: u64,
    pub(crate) blob_bytes: u64,
    pub(crate) free_bytes: Option<u64>,
}

#[derive(Default)]
struct Ring {
    points: VecDeque<HealthPoint>,
    /// The time that is not told yet; `None` before the first reading.
    open: Option<Open>,
}

/// The point that is being gathered.
struct Open {
    begun_ms: u64,
    connections: u64,
    group_connections: u64,
    /// Totals at its beginning.
    messages: u64,
    refused: u64,
    failed: u64,
}

impl Open {
    fn new(begun_ms: u64, reading: &Reading, failed: u64) -> Self {
        Self {
            begun_ms,
            connections: reading.connections,
            group_connections: reading.group_connections,
            messages: reading.messages,
            refused: reading.refused,
            failed,
        }
    }

    fn point(&self, at_ms: u64, reading: &Reading, failed: u64) -> HealthPoint {
        let since = |total: u64, before: u64| coarse(total.saturating_sub(before));
        HealthPoint {
            at_ms,
            connections: coarse(self.connections),
            group_connections: coarse(self.group_connections),
            messages: since(reading.messages, self.messages),
            refused: since(reading.refused, self.refused),
            failed: since(failed, self.failed),
            database_bytes: coarse_bytes(reading.database_bytes),
            blob_bytes: coarse_bytes(reading.blob_bytes),
            free_bytes: reading.free_bytes.map(coarse_bytes),
        }
    }
}

impl Pulse {
    /// Nothing measured yet.
    pub(crate) fn new(started_ms: u64) -> Self {
        Self {
            started_ms,
            failed: AtomicU64::new(0),
            ring: Mutex::default(),
        }
    }

    /// Since when it measures, milliseconds since the Unix epoch.
    pub(crate) const fn started_ms(&self) -> u64 {
        self.started_ms
    }

    /// A request could not be answered.
    pub(crate) fn failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    /// Takes a reading; with the one that ends a quarter of an hour there is a new point.
    pub(crate) fn observe(&self, now_ms: u64, reading: &Reading) {
        let failed = self.failed.load(Ordering::Relaxed);
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let Ring { points, open } = &mut *ring;
        let begin = || Open::new(now_ms, reading, failed);
        let gathered = match open {
            None => begin().point(now_ms, reading, failed),
            Some(open) => {
                open.connections = open.connections.max(reading.connections);
                open.group_connections = open.group_connections.max(reading.group_connections);
                if now_ms < open.begun_ms {
                    // The clock was set back: as if it had only begun.
                    open.begun_ms = now_ms;
                }
                if now_ms - open.begun_ms < HEALTH_STEP_S * 1_000 {
                    return;
                }
                open.point(now_ms, reading, failed)
            }
        };
        *open = Some(begin());
        if points.len() == MAX_HEALTH_POINTS {
            points.pop_front();
        }
        points.push_back(gathered);
    }

    /// All points, the oldest first.
    pub(crate) fn points(&self) -> Vec<HealthPoint> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.points.iter().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE_MS: u64 = 60 * 1_000;
    const START_MS: u64 = 1_764_000_000_000;

    fn reading(messages: u64, connections: u64) -> Reading {
        Reading {
            messages,
            connections,
            ..Reading::default()
        }
    }

    #[test]
    fn a_point_is_told_when_its_quarter_is_over_and_not_before() {
        let pulse = Pulse::new(START_MS);
        pulse.observe(START_MS, &reading(100, 30));
        let first = pulse.points();
        assert_eq!((first.len(), first[0].messages), (1, 0), "not counted yet");
        for minute in 1..15 {
            pulse.observe(
                START_MS + minute * MINUTE_MS,
                &reading(100 + minute * 3, 12),
            );
        }
        assert_eq!(pulse.points(), first);
        pulse.observe(START_MS + 15 * MINUTE_MS, &reading(147, 11));
        let points = pulse.points();
        assert_eq!(points.len(), 2);
        assert_eq!(points[1].at_ms, START_MS + 15 * MINUTE_MS);
        assert_eq!(points[1].messages, 40, "47, in tens");
        assert_eq!(points[1].connections, 30, "the most that were open");
    }

    #[test]
    fn each_point_counts_only_its_own_time() {
        let pulse = Pulse::new(START_MS);
        pulse.observe(START_MS, &reading(0, 0));
        for _ in 0..20 {
            pulse.failed();
        }
        pulse.observe(START_MS + 15 * MINUTE_MS, &reading(20, 50));
        pulse.observe(START_MS + 30 * MINUTE_MS, &reading(29, 0));
        let told: Vec<_> = pulse
            .points()
            .iter()
            .map(|point| (point.messages, point.failed))
            .collect();
        assert_eq!(told, [(0, 0), (20, 20), (0, 0)], "nine are fewer than ten");
    }

    #[test]
    fn a_day_is_kept_and_no_more() {
        let pulse = Pulse::new(START_MS);
        let quarters = 3 * u64::try_from(MAX_HEALTH_POINTS).unwrap();
        for quarter in 0..quarters {
            let now_ms = START_MS + quarter * 15 * MINUTE_MS;
            pulse.observe(now_ms, &reading(quarter * 10, 0));
        }
        let points = pulse.points();
        assert_eq!(points.len(), MAX_HEALTH_POINTS);
        let newest = START_MS + (quarters - 1) * 15 * MINUTE_MS;
        assert_eq!(points.last().unwrap().at_ms, newest);
        assert!(points.is_sorted_by_key(|point| point.at_ms));
        assert!(points.iter().all(|point| point.messages == 10));
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_point_of_the_past() {
        let pulse = Pulse::new(START_MS);
        pulse.observe(START_MS, &reading(0, 0));
        pulse.observe(START_MS - 60 * MINUTE_MS, &reading(5, 0));
        assert_eq!(pulse.points().len(), 1);
        pulse.observe(START_MS - 45 * MINUTE_MS, &reading(10, 0));
        assert_eq!(pulse.points()[1].messages, 10);
    }
}
