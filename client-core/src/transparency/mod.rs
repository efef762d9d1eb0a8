//! The directory's transparency log: the relay must show everybody the same directory.
//!
//! This device keeps every entry of the log, so a newer head counts only if it continues what was
//! seen (`follow`), an answer of the directory only if it opens every entry under the handle's
//! index and says what follows from them (`check`), and what others say they have seen has to be
//! the same (`gossip`). When it is not, the directory is trusted no more: nobody is added by it,
//! existing conversations go on, and both heads are kept.

mod api;
mod check;
mod follow;
mod gossip;
mod members;
mod named;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sealwire_protocol::content::LogHead;
use tokio::sync::Notify;

pub use self::api::{DirectoryHeadInfo, DirectoryLogInfo};
pub(crate) use self::check::directory_entry;
pub(crate) use self::follow::{load, run};
pub(crate) use self::gossip::heard;
pub(crate) use self::members::note_member;
pub(crate) use self::named::{check_log_policy, directory_key_hash, log_policy};
use crate::error::{CoreError, ErrorKind};

/// How often the log is read when nothing calls for it.
const EVERY: Duration = Duration::from_secs(10 * 60);
/// Cosignatures older than this say nothing of today.
pub(crate) const FRESH_S: u64 = 24 * 60 * 60;

/// What this process knows of the log.
#[derive(Default)]
pub(crate) struct Transparency {
    /// One at a time reads the log.
    following: tokio::sync::Mutex<()>,
    /// The newest head that was checked.
    head: Mutex<Option<LogHead>>,
    /// Of what the person was told already: handles of those whose heads the log has not signed, codes
    /// of errors.
    told: Mutex<BTreeSet<String>>,
    /// Of whom which head came that the log has not signed, until it is known what that means.
    doubts: Mutex<BTreeMap<String, LogHead>>,
    /// Rung when there is something new, here or with somebody else.
    newer: Notify,
    /// Rung when what somebody has seen is to be compared with what this device has already.
    older: Notify,
}

impl Transparency {
    /// The newest head that was checked, to be told to others.
    pub(crate) fn head(&self) -> Option<LogHead> {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the person was not told of this yet.
    fn is_new(&self, what: &str) -> bool {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.insert(what.to_owned())
    }

    fn was_told(&self, what: &str) -> bool {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.contains(what)
    }

    fn doubt(&self, handle: &str, head: LogHead) {
        let mut doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        doubts.insert(handle.to_owned(), head);
    }

    fn take_doubts(&self) -> BTreeMap<String, LogHead> {
        let mut doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *doubts)
    }

    fn has_doubts(&self) -> bool {
        let doubts = self.doubts.lock().unwrap_or_else(PoisonError::into_inner);
        !doubts.is_empty()
    }

    fn set_head(&self, head: LogHead) {
        *self.head.lock().unwrap_or_else(PoisonError::into_inner) = Some(head);
    }
}

/// What people are told when the relay shows different directories.
fn conflict_error(why: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "directory_conflict",
        format!("the relay's directory is not trusted any more: {why}"),
        "existing conversations go on, but nobody can be added. Tell your administrator and \
         compare with others in person; `sealwire org log` shows the evidence",
    )
}

/// Something of the log is not there yet, or not at this moment: a new relay, one that is being
/// restarted or restored, witnesses out of reach. What waits for the log is tried again.
fn not_yet(what: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "directory_behind",
        format!("the relay's directory cannot be checked at the moment: {what}"),
        "try again in a minute; tell your administrator if it stays",
    )
}

/// The relay has shown a part of the log that is none.
fn bad_log(what: impl std::fmt::Display) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "directory_log",
        format!("the relay's transparency log cannot be believed: {what}"),
        "nobody is added until this is mended; tell your administrator",
    )
}
