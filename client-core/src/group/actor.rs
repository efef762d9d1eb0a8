//! The pipeline of one group on this device: follow the lane, send what waits, one thing at a
//! time.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sealwire_protocol::{
    frame::{ClientBody, CreateLog, Entries, ServerBody},
    ids::{Incarnation, Lane, LogId},
};
use tokio::{
    sync::{Notify, mpsc::UnboundedReceiver},
    time::sleep,
};

use super::{
    receive::{self, Progress},
    state::Loaded,
    typing::Signals,
};
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    net::{LinkState, Push, Pushed},
    random,
    store::{self, LogRow, LogState},
};

/// A leaf is updated when it is older.
pub(crate) const LEAF_LIFE_MS: u64 = 7 * DAY_MS;
pub(crate) const DAY_MS: u64 = 86_400_000;
/// How often a device that waits for its seat asks again.
pub(crate) const ASK_AGAIN_MS: u64 = 6 * 3_600_000;
/// Retention class of new logs, days.
const RETENTION_DAYS: u32 = 30;
/// Longest wait between looks at the intents.
const IDLE: Duration = Duration::from_secs(600);
/// Longest wait after a failure.
const LONGEST_RETRY_MS: u64 = 30_000;

pub(super) const REWOUND: &str = "the relay holds less of this conversation than it had already given out: it \
    was restored from an older backup. Nothing is sent into it any more; an owner has to open the \
    conversation anew";

/// Runs until the client is dropped.
pub(crate) async fn run(core: Arc<Core>, log: LogId) {
    let mut actor = Actor {
        bell: core.bell(&log),
        core,
        log,
        cache: None,
        sent: 0,
        sent_commit: false,
        commit_after: 0,
        connection: 0,
        lane: None,
        leaf_due: None,
        receipt_at: 0,
        held_until: None,
        fresh: true,
        signals: Signals::default(),
    };
    let mut failures = 0_u32;
    loop {
        let mut pushes = actor.core.socket.register(log);
        match actor.session(&mut pushes).await {
            Ok(()) => {
                failures = 0;
                actor.core.socket.unregister(&log);
                actor.after_stop().await;
            }
            Err(error) => {
                actor.cache = None;
                actor.after_failure(&error, failures).await;
                failures = if matches!(error.code, "network") {
                    0
                } else {
                    failures + 1
                };
            }
        }
        actor.fresh = false;
    }
}

/// Whether a lane is followed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait for the next thing.
    Wait,
    /// Attach again: another lane, or a hole.
    Attach,
    /// Removed or halted.
    Stop,
}

pub(super) struct Actor {
    pub(super) core: Arc<Core>,
    pub(super) log: LogId,
    pub(super) bell: Arc<Notify>,
    pub(super) cache: Option<Loaded>,
    /// Highest outbox row that the relay acknowledged in this lane.
    pub(super) sent: i64,
    /// The pending commit was acknowledged; it is being read back.
    pub(super) sent_commit: bool,
    /// No commit before this time: the relay asked to wait.
    pub(super) commit_after: u64,
    pub(super) connection: u64,
    /// The lane that this connection is subscribed to.
    pub(super) lane: Option<Lane>,
    /// When to update the leaf, if not as stored: after an absence at a random time, so that
    /// Monday morning is no storm.
    pub(super) leaf_due: Option<u64>,
    /// When the others are to be told how far this account has come; 0 if nothing is known.
    pub(super) receipt_at: u64,
    /// When the next message, which is held back, may go.
    pub(super) held_until: Option<u64>,
    /// First session since the program started: a stopped group gets one more try.
    pub(super) fresh: bool,
    pub(super) signals: Signals,
}

impl Actor {
    async fn session(&mut self, pushes: &mut UnboundedReceiver<Push>) -> Result<()> {
        let row = self.row().await?;
        match row.state {
            LogState::Removed | LogState::Rejoining => return Ok(()),
            LogState::Halted(_) if !self.fresh => return Ok(()),
            LogState::Halted(_) => self.set_state(LogState::Active, None).await?,
            LogState::Creating => self.create_log(&row).await?,
            LogState::Active => {}
        }
        self.draw_leaf_update(&row);
        let mut link = self.core.socket.state();
        loop {
            self.connection = self.online(&mut link).await;
            self.sent = 0;
            self.sent_commit = false;
            match self.attach().await? {
                Next::Stop => return Ok(()),
                Next::Attach => continue,
                Next::Wait => self.core.note_caught_up(&self.log),
            }
            loop {
                let next = match self.work().await? {
                    Next::Wait => self.wait(pushes, &mut link).await?,
                    other => other,
                };
                match next {
                    Next::Wait => {}
                    Next::Attach => break,
                    Next::Stop => return Ok(()),
                }
            }
        }
    }

    /// An update that fell due while this device was away happens at a random time of its next
    /// day; one that was put off for a week happens now.
    fn draw_leaf_update(&mut self, row: &LogRow) {
        let late = self.core.now_ms().saturating_sub(row.leaf_due_at);
        if self.leaf_due.is_none() && late > 0 && late < LEAF_LIFE_MS {
            self.leaf_due = Some(self.core.now_ms() + random::up_to(DAY_MS));
        }
    }

    /// When to update the own leaf.
    pub(super) fn leaf_due(&self, row: &LogRow) -> u64 {
        self.leaf_due
            .map_or(row.leaf_due_at, |drawn| drawn.max(row.leaf_due_at))
    }

    /// Waits for the bell; a device that waits for its seat asks for it again from time to time.
    async fn after_stop(&mut self) {
        self.cache = None;
        self.lane = None;
        self.signals = Signals::default();
        let Ok(row) = self.row().await else {
            self.bell.notified().await;
            return;
        };
        if row.state != LogState::Rejoining {
            self.bell.notified().await;
            return;
        }
        let mut wait = row.leaf_due_at.saturating_sub(self.core.now_ms());
        if wait == 0 {
            if let Err(error) = crate::rejoin::request_seat(&self.core, self.log, None).await {
                tracing::warn!(code = error.code, "no seat could be asked for");
            }
            wait = ASK_AGAIN_MS;
        }
        tokio::select! {
            () = self.bell.notified() => {}
            () = sleep(Duration::from_millis(wait.min(ASK_AGAIN_MS))) => {}
        }
    }

    /// This device has to be seated anew; it asks at once.
    pub(super) async fn seat_lost(&mut self) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        if let Some(mut row) = LogRow::load(&mut tx, &self.log).await? {
            row.state = LogState::Rejoining;
            row.leaf_due_at = 0;
            row.save(&mut tx, None).await?;
        }
        tx.commit().await?;
        Ok(())
    }

    async fn after_failure(&mut self, error: &CoreError, failures: u32) {
        tracing::debug!(code = error.code, "group session ended");
        if matches!(error.kind, ErrorKind::Halted) {
            let reason = format!("{}; {}", error.message, error.hint);
            if let Err(error) = receive::halt(&self.core, &self.log, &reason).await {
                tracing::warn!(code = error.code, "a stop could not be stored");
                sleep(Duration::from_secs(1)).await;
            }
            return;
        }
        if failures == 0 && matches!(error.code, "disk_full" | "storage") {
            self.core
                .warn(None, format!("{}: {}", error.message, error.hint));
        }
        if !error.is_transient() {
            tracing::warn!(code = error.code, %error, "group step failed; will be tried again");
        }
        let base = error.retry_after_ms.unwrap_or(200 << failures.min(7));
        let wait = base.min(LONGEST_RETRY_MS);
        let jitter = random::up_to(wait / 2);
        sleep(Duration::from_millis(wait + jitter)).await;
    }

    async fn online(&self, link: &mut tokio::sync::watch::Receiver<LinkState>) -> u64 {
        loop {
            if let LinkState::Online(number) = *link.borrow_and_update() {
                return number;
            }
            if link.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    pub(super) async fn row(&self) -> Result<LogRow> {
        let mut conn = self.core.db.readers.acquire().await?;
        LogRow::load(&mut conn, &self.log)
            .await?
            .ok_or_else(|| CoreError::internal("the group is not in the profile"))
    }

    pub(super) async fn set_state(
        &mut self,
        state: LogState,
        incarnation: Option<Incarnation>,
    ) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let mut row = LogRow::load(&mut tx, &self.log)
            .await?
            .ok_or_else(|| CoreError::internal("the group is not in the profile"))?;
        row.state = state;
        row.incarnation = incarnation.or(row.incarnation);
        row.save(&mut tx, None).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn create_log(&mut self, row: &LogRow) -> Result<()> {
        let body = ClientBody::Create(CreateLog {
            log: bytes_of(&self.log),
            lane: bytes_of(&row.lane),
            retention_days: RETENTION_DAYS,
        });
        match self.core.socket.request(body).await? {
            ServerBody::Created(created) => {
                let incarnation =
                    Incarnation::from_slice(&created.incarnation).map_err(|_| unexpected())?;
                self.set_state(LogState::Active, Some(incarnation)).await?;
                self.core.progressed();
                Ok(())
            }
            _ => Err(unexpected()),
        }
    }
    /// Waits for entries, a bell, a due time or another connection.
    async fn wait(
        &mut self,
        pushes: &mut UnboundedReceiver<Push>,
        link: &mut tokio::sync::watch::Receiver<LinkState>,
    ) -> Result<Next> {
        let due = self.next_due().await?;
        tokio::select! {
            push = pushes.recv() => {
                let Some(push) = push else { return Ok(Next::Stop) };
                let mut batch = vec![push];
                while let Ok(push) = pushes.try_recv() {
                    batch.push(push);
                }
                self.take_pushes(batch).await
            }
            () = self.bell.notified() => {
                let stopped = !matches!(
                    self.row().await?.state, LogState::Active | LogState::Creating);
                Ok(if stopped { Next::Stop } else { Next::Wait })
            }
            () = sleep(due) => Ok(Next::Wait),
            changed = link.changed() => {
                if changed.is_err() {
                    return Ok(Next::Stop);
                }
                Ok(Next::Attach)
            }
        }
    }

    /// Several pushes become one step.
    async fn take_pushes(&mut self, pushes: Vec<Push>) -> Result<Next> {
        let mut merged: Option<Entries> = None;
        for push in pushes {
            if push.connection != self.connection {
                continue;
            }
            let entries = match push.pushed {
                Pushed::Entries(entries) => entries,
                Pushed::Ephemeral(signal) => {
                    self.hear(&signal).await?;
                    continue;
                }
            };
            match &mut merged {
                Some(merged) if merged.lane == entries.lane => {
                    merged.entries.extend(entries.entries);
                }
                Some(_) => {
                    // A newer lane's pushes follow; the rest of the old one is of no interest.
                    if self.apply_merged(merged.take()).await? == Next::Stop {
                        return Ok(Next::Stop);
                    }
                    merged = Some(entries);
                }
                None => merged = Some(entries),
            }
        }
        self.apply_merged(merged).await
    }

    pub(super) async fn apply_merged(&mut self, merged: Option<Entries>) -> Result<Next> {
        let Some(entries) = merged else {
            return Ok(Next::Wait);
        };
        let row = self.row().await?;
        if row.lane.as_bytes().as_slice() != entries.lane.as_ref() {
            return Ok(Next::Wait);
        }
        Ok(match self.apply(&entries).await? {
            Progress::Done => Next::Wait,
            Progress::NewLane => {
                self.leave_lane(&row.lane);
                Next::Attach
            }
            Progress::Gap => Next::Attach,
            Progress::Stopped => Next::Stop,
        })
    }

    async fn next_due(&self) -> Result<Duration> {
        let mut conn = self.core.db.readers.acquire().await?;
        let intent = store::next_intent_due(&mut conn, &self.log).await?;
        drop(conn);
        let row = self.row().await?;
        let due = intent.map_or(self.leaf_due(&row), |due| due.min(self.leaf_due(&row)));
        let due = due.max(self.commit_after);
        let others = self.held_until.into_iter().chain(Some(self.receipt_at));
        let soonest = others.filter(|at| *at > 0).min();
        let until = |at: u64| Duration::from_millis(at.saturating_sub(self.core.now_ms()));
        let wait = if self.sent_commit { IDLE } else { until(due) };
        let wait = soonest.map_or(wait, |at| wait.min(until(at)));
        Ok(wait.clamp(Duration::from_millis(20), IDLE))
    }
}

pub(super) fn bytes_of(id: &impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(id.as_ref())
}

pub(super) fn unexpected() -> CoreError {
    CoreError::network("the relay's answer makes no sense; its version may be too old or too new")
}
