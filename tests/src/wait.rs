//! Waiting for what must come, and saying what was awaited when it does not.

use std::time::{Duration, Instant};

/// How long anything may take before a test gives up. Never a measure of speed.
pub const PATIENCE: Duration = Duration::from_secs(180);

const STEP: Duration = Duration::from_millis(20);

/// Looks again and again until `look` gives something; it says what it sees instead meanwhile.
///
/// # Panics
/// After [`PATIENCE`], with what was awaited and what was seen last.
pub async fn until<T, F>(what: &str, look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    until_within(PATIENCE, what, look).await
}

/// As [`until`] with another limit.
///
/// # Panics
/// After `limit`, with what was awaited and what was seen last.
pub async fn until_within<T, F>(limit: Duration, what: &str, mut look: impl FnMut() -> F) -> T
where
    F: Future<Output = Result<T, String>>,
{
    let start = Instant::now();
    let mut step = Duration::from_millis(2);
    loop {
        let seen = match look().await {
            Ok(found) => return found,
            Err(seen) => seen,
        };
        assert!(
            start.elapsed() < limit,
            "waited {} s for {what}; last seen: {seen}",
            limit.as_secs()
        );
        tokio::time::sleep(step).await;
        step = (step * 2).min(STEP);
    }
}
