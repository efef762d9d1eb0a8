//! The one writer: takes all that waits, decides, stores it in one transaction with one fsync,
//! and only then has it answered and published.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use sealwire_protocol::frame::{Entry, LaneState};
use sealwire_protocol::ids::{EntryId, Incarnation, Lane, LogId};
use sqlx::{Connection, Executor, Row, SqliteConnection};
use tokio::sync::{mpsc, oneshot};

use super::super::commit_rate::CommitRate;
use super::super::store::{AppendDone, Appended, Committed, LaneKey, NewEntry, NewLog};
use super::batch::{Batch, Counters, Lanes};
use super::prune::{self, Prune};
use super::rows;
use super::script::Script;
use crate::clock;
use crate::rate::Rate;
use crate::refusal::{Answer, Refusal};

/// Jobs in one transaction.
const BATCH: usize = 512;
/// Lanes kept in memory.
const CACHE: usize = 50_000;

/// Counts bytes that wait, until dropped.
pub(super) struct Weight {
    total: Arc<AtomicUsize>,
    bytes: usize,
}

impl Weight {
    /// `None` if `most` would be exceeded.
    pub(super) fn take(total: &Arc<AtomicUsize>, bytes: usize, most: usize) -> Option<Self> {
        let before = total.fetch_add(bytes, Ordering::Relaxed);
        let weight = Self {
            total: Arc::clone(total),
            bytes,
        };
        (before + bytes <= most).then_some(weight)
    }
}

impl Drop for Weight {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Something for the writer to do.
pub(super) enum Job {
    Create(NewLog, oneshot::Sender<Answer<Incarnation>>),
    Append(NewEntry, Weight, AppendDone),
    Prune(Prune, oneshot::Sender<Answer<()>>),
}

impl Job {
    /// Answers without doing it.
    pub(super) fn refuse(self, refusal: Refusal) {
        // Whoever asked may be gone.
        match self {
            Self::Create(_, done) => drop(done.send(Err(refusal))),
            Self::Append(_, _, done) => done(Err(refusal)),
            Self::Prune(_, done) => drop(done.send(Err(refusal))),
        }
    }
}

/// Answers that may be given, because what they tell is durable.
#[derive(Default)]
pub(super) struct Announcement {
    entries: Vec<(LaneKey, Vec<Entry>)>,
    appended: Vec<(AppendDone, Answer<Appended>)>,
    created: Vec<(oneshot::Sender<Answer<Incarnation>>, Answer<Incarnation>)>,
}

/// Publishes and answers, beside the writer, which is at its next transaction by then.
pub(super) async fn announce(
    mut queue: mpsc::UnboundedReceiver<Announcement>,
    listener: Arc<dyn Committed>,
) {
    while let Some(announcement) = queue.recv().await {
        for (key, entries) in announcement.entries {
            listener.committed(key, entries);
        }
        for (done, answer) in announcement.appended {
            done(answer);
        }
        for (done, answer) in announcement.created {
            drop(done.send(answer));
        }
    }
}

/// The state of the writer.
pub(super) struct Writer {
    db: SqliteConnection,
    incarnation: Incarnation,
    lanes: Lanes,
    counters: Counters,
    rate: CommitRate,
    announce: mpsc::UnboundedSender<Announcement>,
}

impl Writer {
    pub(super) async fn open(
        mut db: SqliteConnection,
        incarnation: Incarnation,
        rate: Rate,
        announce: mpsc::UnboundedSender<Announcement>,
    ) -> Result<Self, sqlx::Error> {
        let row = db
            .fetch_one(
                "SELECT (SELECT coalesce(max(id), 0) FROM logs), \
                 (SELECT coalesce(max(id), 0) FROM lanes)",
            )
            .await?;
        let counters = Counters {
            next_log: row.try_get::<i64, _>(0)? + 1,
            next_lane: row.try_get::<i64, _>(1)? + 1,
        };
        Ok(Self {
            db,
            incarnation,
            lanes: Lanes::default(),
            counters,
            rate: CommitRate::new(rate),
            announce,
        })
    }

    /// Serves until all senders are gone.
    pub(super) async fn run(mut self, mut queue: mpsc::Receiver<Job>) {
        let mut jobs = Vec::with_capacity(BATCH);
        while queue.recv_many(&mut jobs, BATCH).await > 0 {
            let (mut creates, mut appends) = (Vec::new(), Vec::new());
            for job in jobs.drain(..) {
                match job {
                    Job::Create(log, done) => creates.push((log, done)),
                    Job::Append(entry, weight, done) => appends.push((entry, weight, done)),
                    Job::Prune(prune, done) => {
                        let answer = self.prune(&prune).await;
                        drop(done.send(answer));
                    }
                }
            }
            self.serve(creates, appends).await;
        }
        // Moves the log into the file, so that the file alone is whole.
        if self
            .db
            .execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .await
            .is_err()
        {
            tracing::warn!("the last checkpoint failed");
        }
        drop(self.db.close().await);
    }

    async fn serve(
        &mut self,
        creates: Vec<(NewLog, oneshot::Sender<Answer<Incarnation>>)>,
        appends: Vec<(NewEntry, Weight, AppendDone)>,
    ) {
        let (logs, done_creates): (Vec<_>, Vec<_>) = creates.into_iter().unzip();
        let mut entries = Vec::with_capacity(appends.len());
        let mut done_appends = Vec::with_capacity(appends.len());
        for (entry, weight, done) in appends {
            entries.push(entry);
            done_appends.push((weight, done));
        }
        let announcement = match self.transact(&logs, &entries).await {
            Ok((published, created, appended)) => Announcement {
                entries: published,
                appended: done_appends
                    .into_iter()
                    .map(|(_, done)| done)
                    .zip(appended)
                    .collect(),
                created: done_creates.into_iter().zip(created).collect(),
            },
            Err(refusal) => {
                self.recover().await;
                Announcement {
                    entries: Vec::new(),
                    appended: done_appends
                        .into_iter()
                        .map(|(_, done)| (done, Err(refusal.clone())))
                        .collect(),
                    created: done_creates
                        .into_iter()
                        .map(|done| (done, Err(refusal.clone())))
                        .collect(),
                }
            }
        };
        drop(self.announce.send(announcement));
    }

    #[allow(clippy::type_complexity)]
    async fn transact(
        &mut self,
        logs: &[NewLog],
        entries: &[NewEntry],
    ) -> Answer<(
        Vec<(LaneKey, Vec<Entry>)>,
        Vec<Answer<Incarnation>>,
        Vec<Answer<Appended>>,
    )> {
        self.load_lanes(entries).await?;
        let mut batch = Batch::new(
            &self.lanes,
            self.incarnation,
            self.counters,
            clock::now_ms(),
        );
        let wanted: Vec<LogId> = logs.iter().map(|log| log.first.log).collect();
        for row in rows::logs(&mut self.db, &wanted).await? {
            batch.logs.insert(row.log.first.log, row);
        }
        let ids: Vec<(i64, EntryId)> = entries
            .iter()
            .filter_map(|new| Some((self.lanes.get(&new.key)?.log_id, new.entry_id)))
            .collect();
        batch.known = rows::known(&mut self.db, &ids).await?;

        let created = logs.iter().map(|log| batch.create(*log)).collect();
        let appended = entries
            .iter()
            .map(|new| batch.append(new, &mut self.rate))
            .collect();
        if batch.is_empty() {
            return Ok((Vec::new(), created, appended));
        }
        write(&mut self.db, &batch).await?;
        let published = batch.by_lane();
        let (counters, changed) = (batch.counters, batch.changed);
        self.counters = counters;
        for (key, row) in changed {
            self.lanes.put(key, row);
        }
        Ok((published, created, appended))
    }

    /// Has in memory all lanes that these entries name and that there are.
    async fn load_lanes(&mut self, entries: &[NewEntry]) -> Answer<()> {
        if self.lanes.len() > CACHE {
            self.lanes = Lanes::default();
        }
        let mut wanted: HashSet<Lane> = HashSet::new();
        for new in entries {
            if self.lanes.get(&new.key).is_none() {
                wanted.insert(new.key.lane);
            }
            wanted.extend(new.next);
        }
        let wanted: Vec<Lane> = wanted.into_iter().collect();
        for (key, row) in rows::lanes(&mut self.db, &wanted).await? {
            if self.lanes.get(&key).is_none() {
                self.lanes.put(key, row);
            }
        }
        Ok(())
    }

    async fn prune(&mut self, what: &Prune) -> Answer<()> {
        let pruned = prune::apply(&mut self.db, what).await;
        self.lanes = Lanes::default();
        if let Err(error) = pruned {
            self.recover().await;
            return Err(error.into());
        }
        Ok(())
    }

    /// After a failure nothing is believed but the database.
    async fn recover(&mut self) {
        self.lanes = Lanes::default();
        // There may be no transaction to roll back.
        drop(self.db.execute("ROLLBACK").await);
    }
}

async fn write(db: &mut SqliteConnection, batch: &Batch<'_>) -> Result<(), sqlx::Error> {
    let changed: Vec<_> = batch
        .changed
        .iter()
        .map(|(key, row)| (*key, row.clone()))
        .collect();
    let mut script = Script::begin(db);
    rows::insert_logs(&mut script, &batch.new_logs, batch.now()).await?;
    rows::upsert_lanes(&mut script, &changed).await?;
    rows::insert_entries(&mut script, &batch.entries).await?;
    script.commit().await
}

/// A lane's state for the wire.
pub(super) fn lane_state(
    incarnation: Incarnation,
    floor: u64,
    newest: u64,
    used: &[EntryId],
) -> LaneState {
    LaneState {
        incarnation: Bytes::copy_from_slice(incarnation.as_bytes()),
        floor,
        newest,
        used_branches: used
            .iter()
            .map(|id| Bytes::copy_from_slice(id.as_bytes()))
            .collect(),
    }
}
