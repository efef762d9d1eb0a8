//! What the group plane needs of a store. SQLite stands behind it; others may follow.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use sealwire_protocol::frame::{Entry, LaneState};
use sealwire_protocol::ids::{EntryId, Incarnation, Lane, LogId};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;

use crate::refusal::{Answer, Refusal};
use crate::tally::{Count, Kind, Run};

/// One lane of one log.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct LaneKey {
    pub(crate) log: LogId,
    pub(crate) lane: Lane,
}

/// A log to make.
#[derive(Clone, Copy)]
pub(crate) struct NewLog {
    pub(crate) first: LaneKey,
    pub(crate) retention_days: u32,
}

/// An entry to append; its form has been checked.
#[derive(Clone)]
pub(crate) struct NewEntry {
    pub(crate) key: LaneKey,
    pub(crate) kind: EntryKind,
    pub(crate) entry_id: EntryId,
    pub(crate) head: Option<EntryId>,
    pub(crate) cursor: u64,
    /// Of commits, and only of them.
    pub(crate) next: Option<Lane>,
    pub(crate) payload: Bytes,
}

/// What became of an append.
pub(crate) enum Appended {
    /// It is durable, now or since an earlier attempt.
    At {
        seq: u64,
        received_at: u64,
        state: LaneState,
    },
    /// `head` is not the lane's newest commit; nothing was stored.
    StaleHead,
}

/// Called once, when the entry is durable or nothing was stored.
pub(crate) type AppendDone = Box<dyn FnOnce(Answer<Appended>) + Send>;

/// A range of a lane.
pub(crate) struct Page {
    pub(crate) state: LaneState,
    pub(crate) entries: Vec<Entry>,
}

/// How much to read at once.
#[derive(Clone, Copy)]
pub(crate) struct PageLimit {
    pub(crate) entries: u32,
    /// Payload bytes; one entry is read even if it is larger.
    pub(crate) bytes: usize,
}

/// Keeps logs. Whatever it acknowledges survives a power failure.
pub(crate) trait LogStore: Send + Sync {
    /// Makes a log; repeating it changes nothing.
    fn create(&self, log: NewLog) -> BoxFuture<'static, Answer<Incarnation>>;

    /// Appends in the order of calls.
    fn append(&self, entry: NewEntry, done: AppendDone);

    /// Reads entries after `after`, from one moment's state.
    fn read(&self, key: LaneKey, after: u64, limit: PageLimit) -> BoxFuture<'static, Answer<Page>>;

    /// Removes what is older than its retention, and counts it.
    fn sweep(&self, run: Run) -> BoxFuture<'static, Answer<()>>;

    /// What one run of retention removed.
    fn removed(&self, run: Run) -> BoxFuture<'static, Answer<Vec<(Kind, Count)>>>;

    /// Whether it can serve.
    fn check(&self) -> BoxFuture<'static, Answer<()>>;

    /// Finishes what was asked for, and closes.
    fn close(&self) -> BoxFuture<'static, ()>;
}

/// Hears of entries when they are durable, each lane's in order.
pub(crate) trait Committed: Send + Sync {
    /// Contiguous new entries of one lane.
    fn committed(&self, key: LaneKey, entries: Vec<Entry>);
}

/// The answer to an unknown log and to a wrong pass: the same, so that nobody can probe.
pub(crate) fn lane_unknown() -> Refusal {
    Refusal::new(
        Code::LaneUnknown,
        "There is no such log, or this pass opens no lane of it; rejoin the group.",
    )
}

/// Checks how far somebody has read against what a lane holds.
pub(crate) fn check_cursor(floor: u64, newest: u64, cursor: u64) -> Answer<()> {
    if cursor > newest {
        return Err(Refusal::new(
            Code::Ahead,
            "The cursor is beyond the lane's end: the relay was restored to an older state. Stop, \
             and have an owner move the group.",
        ));
    }
    if cursor < floor {
        return Err(Refusal::new(
            Code::Pruned,
            "Entries after this cursor were removed by retention; rejoin the group.",
        ));
    }
    Ok(())
}
