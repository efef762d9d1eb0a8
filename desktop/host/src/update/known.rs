//! What is known of updates, and when the relay is asked next.

use std::{
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use sealwire_core::update::Update;

use super::{
    problem::{by_hand, not_installed, unfinished},
    state::UpdateStage,
};
use crate::{
    problem::{Problem, Result},
    surroundings::NotInstalled,
};

/// Minutes between two looks.
const DAY: u32 = 24 * 60;
/// Minutes after a failure; doubled with each that follows.
const SOON: u32 = 5;
/// Most minutes after a failure.
const LATEST: u32 = 60;

#[derive(Default)]
pub(super) struct Known {
    pub(super) stage: UpdateStage,
    pub(super) found: Option<Update>,
    /// The package, once it is whole.
    pub(super) file: Option<PathBuf>,
    pub(super) fetched: u64,
    pub(super) problem: Option<Problem>,
    pub(super) command: Option<String>,
    /// When the relay answered last, milliseconds since the Unix epoch.
    pub(super) checked_ms: Option<u64>,
    /// Looks and downloads that failed since one last went well, and when the newest did, milliseconds since the
    /// Unix epoch.
    failed: Option<(u32, u64)>,
    /// The connection to the relay came back since the newest attempt began.
    reached: bool,
}

impl Known {
    /// The relay is about to be asked.
    pub(super) fn attempt(&mut self) {
        self.reached = false;
    }

    /// The connection to the relay is there again: what failed is repeated now.
    pub(super) fn reached(&mut self) {
        self.reached = true;
    }

    /// What the relay was found to offer.
    pub(super) fn take(&mut self, found: Result<Option<Update>>) {
        let answered = match &found {
            Ok(_) => true,
            Err(problem) => problem.kind == "untrusted",
        };
        if answered {
            self.checked_ms = Some(now_ms());
        }
        match found {
            // It waits for its start, whatever the relay says.
            _ if self.stage == UpdateStage::Installed => self.failed = None,
            Ok(found) if found.is_some() && found == self.found && self.file.is_some() => {
                self.stage = UpdateStage::Ready;
                self.problem = None;
                self.failed = None;
            }
            Ok(found) => {
                self.stage = match found {
                    // Whether all went well is known once it is here.
                    Some(_) => UpdateStage::Available,
                    None => {
                        self.failed = None;
                        UpdateStage::None
                    }
                };
                self.found = found;
                self.file = None;
                self.problem = None;
                self.command = None;
            }
            // The relay is out of reach: what was found before still holds.
            Err(_) if self.file.is_some() && !answered => self.count_failure(),
            Err(problem) => {
                self.found = None;
                self.file = None;
                self.fail(problem);
            }
        }
    }

    /// The package is here.
    pub(super) fn arrived(&mut self, file: PathBuf, size: u64) {
        self.stage = UpdateStage::Ready;
        self.fetched = size;
        self.file = Some(file);
        self.failed = None;
    }

    /// What came of installing it. It stays ready if it is not installed: they may try again.
    pub(super) fn installed(&mut self, done: std::result::Result<(), NotInstalled>) {
        let (command, problem) = match done {
            Ok(()) => {
                self.stage = UpdateStage::Installed;
                return;
            }
            Err(NotInstalled::ByHand(command)) => (Some(command), by_hand()),
            Err(NotInstalled::Unfinished(command)) => (Some(command), unfinished()),
            Err(NotInstalled::Failed(why)) => (None, not_installed(&why)),
        };
        self.stage = UpdateStage::Ready;
        self.command = command;
        self.problem = Some(problem);
    }

    pub(super) fn fail(&mut self, problem: Problem) {
        self.stage = UpdateStage::Failed;
        self.problem = Some(problem);
        self.count_failure();
    }

    fn count_failure(&mut self) {
        let before = self.failed.map_or(0, |(failures, _)| failures);
        self.failed = Some((before.saturating_add(1), now_ms()));
    }

    /// How long until the next look at the time `now_ms`, with minutes of this length; at least `least`, unless the
    /// relay has just come back.
    pub(super) fn until_due(&self, now_ms: u64, minute: Duration, least: Duration) -> Duration {
        if self.reached && self.failed.is_some() {
            return Duration::ZERO;
        }
        let (from_ms, minutes) = match (self.failed, self.checked_ms) {
            (Some((failures, at_ms)), _) => (at_ms, pause(failures)),
            (None, Some(at_ms)) => (at_ms, DAY),
            (None, None) => return least,
        };
        let since = Duration::from_millis(now_ms.saturating_sub(from_ms));
        (minute * minutes).saturating_sub(since).max(least)
    }
}

/// Minutes to wait after so many failures.
fn pause(failures: u32) -> u32 {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1));
    doubled.map_or(LATEST, |times| SOON.saturating_mul(times).min(LATEST))
}

/// Milliseconds since the Unix epoch.
pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use sealwire_core::ErrorKind;

    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);
    const AT_MS: u64 = 1_700_000_000_000;

    fn away() -> Problem {
        Problem::new(ErrorKind::Io, "network", "no answer", "wait")
    }

    /// Minutes until the next look, at the time of the newest failure.
    fn minutes(known: &Known) -> u64 {
        let now_ms = known.failed.map_or(AT_MS, |(_, at_ms)| at_ms);
        known.until_due(now_ms, MINUTE, Duration::ZERO).as_secs() / 60
    }

    #[test]
    fn the_relay_is_asked_again_soon_and_then_less_often() {
        let mut known = Known::default();
        let mut waits = Vec::new();
        for _ in 0..40 {
            known.take(Err(away()));
            waits.push(minutes(&known));
        }
        assert_eq!(waits[..6], [5, 10, 20, 40, 60, 60]);
        assert_eq!(waits[39], 60);
        assert_eq!(known.checked_ms, None, "it has not answered");
        known.take(Ok(None));
        assert_eq!(known.failed, None);
        let answered_ms = known.checked_ms.expect("it has answered");
        let wait = known.until_due(answered_ms + 60_000, MINUTE, Duration::ZERO);
        assert_eq!(wait, MINUTE * 1439);
    }

    #[test]
    fn a_download_that_fails_again_and_again_is_repeated_less_often() {
        let mut known = Known::default();
        known.fail(away());
        known.fail(away());
        assert_eq!(minutes(&known), 10);
        known.arrived("a.deb".into(), 1);
        assert_eq!(known.failed, None);
    }

    #[test]
    fn what_failed_is_repeated_at_once_when_the_relay_is_back() {
        let mut known = Known {
            checked_ms: Some(AT_MS),
            ..Known::default()
        };
        known.reached();
        assert_eq!(
            known.until_due(AT_MS, MINUTE, MINUTE),
            MINUTE * DAY,
            "nothing had failed"
        );
        // It came back while it was being asked, or after.
        for late in [false, true] {
            known.attempt();
            if late {
                known.take(Err(away()));
                known.reached();
            } else {
                known.reached();
                known.take(Err(away()));
            }
            assert_eq!(known.until_due(AT_MS, MINUTE, MINUTE), Duration::ZERO);
        }
        known.attempt();
        known.take(Err(away()));
        assert_eq!(minutes(&known), 20, "once");
    }

    #[test]
    fn a_relay_that_offers_what_must_not_be_taken_has_answered() {
        let mut known = Known::default();
        known.take(Err(super::super::problem::changed()));
        assert!(known.checked_ms.is_some());
        assert_eq!(minutes(&known), 5);
    }
}
