//! Decides what becomes of a batch of appends. No database here: the writer loads what is needed
//! before, and stores what was decided after.

use std::collections::HashMap;

use bytes::Bytes;
use sealwire_protocol::frame::Entry;
use sealwire_protocol::ids::{EntryId, Incarnation, LogId};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;

use super::super::commit_rate::CommitRate;
use super::super::store::{Appended, LaneKey, NewEntry, NewLog, check_cursor, lane_unknown};
use super::rows::{EntryRow, Known, LaneRow, LogRow, MOST_BRANCHES, signed};
use super::writer::lane_state;
use crate::refusal::{Answer, Refusal};

/// Lanes as they stand in the database.
#[derive(Default)]
pub(super) struct Lanes {
    rows: HashMap<LaneKey, LaneRow>,
    by_id: HashMap<i64, LaneKey>,
}

impl Lanes {
    pub(super) fn get(&self, key: &LaneKey) -> Option<&LaneRow> {
        self.rows.get(key)
    }

    pub(super) fn put(&mut self, key: LaneKey, row: LaneRow) {
        self.by_id.insert(row.id, key);
        self.rows.insert(key, row);
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }
}

/// Numbers for new rows. Only the one writer gives them.
#[derive(Clone, Copy)]
pub(super) struct Counters {
    pub(super) next_log: i64,
    pub(super) next_lane: i64,
}

/// One batch while it is being decided.
pub(super) struct Batch<'a> {
    lanes: &'a Lanes,
    incarnation: Incarnation,
    now_ms: u64,
    pub(super) counters: Counters,
    /// Entries with the ids of this batch: those in the database, then also those of the batch.
    pub(super) known: HashMap<(i64, EntryId), Known>,
    /// Logs that creations of this batch name.
    pub(super) logs: HashMap<LogId, LogRow>,
    pub(super) new_logs: Vec<LogRow>,
    pub(super) changed: HashMap<LaneKey, LaneRow>,
    pub(super) entries: Vec<EntryRow>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(
        lanes: &'a Lanes,
        incarnation: Incarnation,
        counters: Counters,
        now_ms: u64,
    ) -> Self {
        Self {
            lanes,
            incarnation,
            now_ms,
            counters,
            known: HashMap::new(),
            logs: HashMap::new(),
            new_logs: Vec::new(),
            changed: HashMap::new(),
            entries: Vec::new(),
        }
    }

    /// Whether there is anything to store.
    pub(super) fn is_empty(&self) -> bool {
        self.new_logs.is_empty() && self.changed.is_empty()
    }

    fn lane(&self, key: &LaneKey) -> Option<&LaneRow> {
        self.changed.get(key).or_else(|| self.lanes.get(key))
    }

    fn lane_mut(&mut self, key: LaneKey) -> Option<&mut LaneRow> {
        if !self.changed.contains_key(&key) {
            self.changed.insert(key, self.lanes.get(&key)?.clone());
        }
        self.changed.get_mut(&key)
    }

    /// Makes a log with its first lane.
    pub(super) fn create(&mut self, log: NewLog) -> Answer<Incarnation> {
        if let Some(known) = self.logs.get(&log.first.log) {
            let same =
                known.log.first == log.first && known.log.retention_days == log.retention_days;
            return if same {
                Ok(self.incarnation)
            } else {
                Err(Refusal::new(
                    Code::LogExists,
                    "A log with this id exists with other values; create the group under a new id.",
                ))
            };
        }
        let row = LogRow {
            id: self.counters.next_log,
            log,
        };
        self.counters.next_log += 1;
        self.logs.insert(log.first.log, row);
        self.new_logs.push(row);
        self.open_lane(log.first, row.id, 0, None);
        Ok(self.incarnation)
    }

    /// Appends an entry, or finds out why not.
    pub(super) fn append(&mut self, new: &NewEntry, rate: &mut CommitRate) -> Answer<Appended> {
        let lane = self.lane(&new.key).ok_or_else(lane_unknown)?.clone();
        let id = (lane.log_id, new.entry_id);
        // Before the head: a repeat of what was accepted must succeed whatever came after it.
        if let Some(known) = self.known.get(&id) {
            return if known.lane_id == lane.id && is_repeat(&known.entry, new) {
                Ok(self.at(known.entry.seq, known.entry.received_at, &lane))
            } else {
                Err(Refusal::new(
                    Code::EntryConflict,
                    "This entry id was used for other bytes; choose a new one.",
                ))
            };
        }
        check_cursor(lane.floor, lane.newest, new.cursor)?;
        if new.head != lane.head {
            return Ok(Appended::StaleHead);
        }
        if let Some(next) = new.next {
            let child = LaneKey {
                log: new.key.log,
                lane: next,
            };
            if self.lane(&child).is_some() {
                return Err(Refusal::new(
                    Code::LaneTaken,
                    "The child lane is not new to the log; make another commit.",
                ));
            }
            rate.take(new.key.log)?;
            self.open_lane(child, lane.log_id, lane.id, Some(new.entry_id));
        }
        Ok(self.store(new, &lane))
    }

    fn store(&mut self, new: &NewEntry, lane: &LaneRow) -> Appended {
        let entry = Entry {
            seq: lane.newest + 1,
            entry_id: Bytes::copy_from_slice(new.entry_id.as_bytes()),
            kind: new.kind as u32,
            received_at: self.now_ms,
            next: new
                .next
                .map_or_else(Bytes::new, |next| Bytes::copy_from_slice(next.as_bytes())),
            payload: new.payload.clone(),
        };
        let (seq, received_at) = (entry.seq, entry.received_at);
        self.known.insert(
            (lane.log_id, new.entry_id),
            Known {
                lane_id: lane.id,
                entry: entry.clone(),
            },
        );
        self.entries.push(EntryRow {
            lane: new.key,
            lane_id: lane.id,
            log_id: lane.log_id,
            entry,
        });
        if let Some(row) = self.lane_mut(new.key) {
            row.newest = seq;
            row.touched_at = received_at;
            if new.kind == EntryKind::Commit {
                row.head = Some(new.entry_id);
            }
        }
        if seq == 1 {
            self.mark_used(lane);
        }
        let state = self.lane(&new.key).unwrap_or(lane).clone();
        self.at(seq, received_at, &state)
    }

    /// A lane got its first entry: the commit that opened it is a branch in use.
    fn mark_used(&mut self, lane: &LaneRow) {
        let Some(opened_by) = lane.opened_by else {
            return;
        };
        let in_batch = || {
            let (key, _) = self.changed.iter().find(|(_, row)| row.id == lane.parent)?;
            Some(*key)
        };
        // A parent that is not loaded will be read from the database with this branch in use.
        let parent = self
            .lanes
            .by_id
            .get(&lane.parent)
            .copied()
            .or_else(in_batch);
        if let Some(row) = parent.and_then(|key| self.lane_mut(key))
            && row.used.len() < MOST_BRANCHES
        {
            row.used.push(opened_by);
        }
    }

    fn open_lane(&mut self, key: LaneKey, log_id: i64, parent: i64, opened_by: Option<EntryId>) {
        let id = self.counters.next_lane;
        self.counters.next_lane += 1;
        self.changed.insert(
            key,
            LaneRow {
                id,
                log_id,
                parent,
                opened_by,
                floor: 0,
                newest: 0,
                head: None,
                touched_at: self.now_ms,
                used: Vec::new(),
            },
        );
    }

    fn at(&self, seq: u64, received_at: u64, lane: &LaneRow) -> Appended {
        Appended::At {
            seq,
            received_at,
            state: lane_state(self.incarnation, lane.floor, lane.newest, &lane.used),
        }
    }

    /// The new entries by lane, each lane's in order.
    pub(super) fn by_lane(&self) -> Vec<(LaneKey, Vec<Entry>)> {
        let mut by_lane: Vec<(LaneKey, Vec<Entry>)> = Vec::new();
        let mut at: HashMap<i64, usize> = HashMap::new();
        for row in &self.entries {
            let index = *at.entry(row.lane_id).or_insert_with(|| {
                by_lane.push((row.lane, Vec::new()));
                by_lane.len() - 1
            });
            by_lane[index].1.push(row.entry.clone());
        }
        by_lane
    }

    /// Time for the database.
    pub(super) fn now(&self) -> i64 {
        signed(self.now_ms)
    }
}

fn is_repeat(known: &Entry, new: &NewEntry) -> bool {
    known.kind == new.kind as u32
        && known.next.as_ref() == new.next.as_ref().map_or(&[][..], |next| next.as_ref())
        && known.payload == new.payload
}
