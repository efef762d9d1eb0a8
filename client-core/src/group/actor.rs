//! The pipeline of one group on this device: follow the lane, send what waits, one thing at a
//! time.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use sealwire_protocol::{
    frame::{
        Append, Appended, ClientBody, CreateLog, Entries, Fetch, LaneState, ServerBody, Subscribe,
        Unsubscribe,
    },
    ids::{Incarnation, Lane, LogId},
    limits::MAX_ENTRIES_PER_FETCH,
    log::EntryKind,
    problem::{Code, Problem},
};
use tokio::{
    sync::{Notify, mpsc::UnboundedReceiver},
    time::sleep,
};

use super::{
    commit, encrypt, prepare,
    receive::{self, Progress},
    state::{Loaded, Place},
};
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    net::{LinkState, NetError, Push},
    random,
    store::{self, LogRow, LogState, OutboxRow, PendingCommit, Wish},
};

/// A leaf is updated when it is older.
pub(crate) const LEAF_LIFE_MS: u64 = 7 * DAY_MS;
pub(crate) const DAY_MS: u64 = 86_400_000;
/// Retention class of new logs, days.
const RETENTION_DAYS: u32 = 30;
/// Longest wait between looks at the intents.
const IDLE: Duration = Duration::from_secs(600);
/// Longest wait after a failure.
const LONGEST_RETRY_MS: u64 = 30_000;

const REWOUND: &str = "the relay holds less of this conversation than it had already given out: it \
    was restored from an older backup. Nothing is sent into it any more; an owner has to open the \
    conversation anew";
const SPLIT: &str = "other members go on with a change that this device had to refuse: the \
    conversation may be split. Nothing is sent until you have asked two members other than the \
    one who made the change; the side with an owner goes on";

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
        following: false,
        fresh: true,
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
enum Next {
    /// Wait for the next thing.
    Wait,
    /// Attach again: another lane, or a hole.
    Attach,
    /// Removed or halted.
    Stop,
}

struct Actor {
    core: Arc<Core>,
    log: LogId,
    bell: Arc<Notify>,
    cache: Option<Loaded>,
    /// Highest outbox row that the relay acknowledged in this lane.
    sent: i64,
    /// The pending commit was acknowledged; it is being read back.
    sent_commit: bool,
    /// No commit before this time: the relay asked to wait.
    commit_after: u64,
    connection: u64,
    /// The lane was followed since the last stop.
    following: bool,
    /// First session since the program started: a stopped group gets one more try.
    fresh: bool,
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
        let mut link = self.core.socket.state();
        loop {
            self.connection = self.online(&mut link).await;
            self.following = true;
            self.sent = 0;
            self.sent_commit = false;
            match self.attach().await? {
                Next::Stop => return Ok(()),
                Next::Attach => continue,
                Next::Wait => {}
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

    /// A device that lost its leaf although its account stays asks for another.
    async fn after_stop(&mut self) {
        self.cache = None;
        let rejoining = self
            .row()
            .await
            .is_ok_and(|row| row.state == LogState::Rejoining);
        if rejoining
            && std::mem::take(&mut self.following)
            && let Err(error) = crate::actions::request_seat(&self.core, self.log).await
        {
            tracing::warn!(code = error.code, "no seat could be asked for");
        }
        self.bell.notified().await;
    }

    async fn after_failure(&mut self, error: &CoreError, failures: u32) {
        tracing::debug!(code = error.code, "group session ended");
        if matches!(error.kind, ErrorKind::Halted) {
            let reason = format!("{}; {}", error.message, error.hint);
            if let Err(error) = receive::halt(&self.core, &self.log, &reason).await {
                tracing::warn!(code = error.code, "a stop could not be stored");
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

    async fn row(&self) -> Result<LogRow> {
        let mut conn = self.core.db.readers.acquire().await?;
        LogRow::load(&mut conn, &self.log)
            .await?
            .ok_or_else(|| CoreError::internal("the group is not in the profile"))
    }

    async fn set_state(&mut self, state: LogState, incarnation: Option<Incarnation>) -> Result<()> {
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

    /// Reads the lane to its end, then subscribes from there.
    async fn attach(&mut self) -> Result<Next> {
        loop {
            let row = self.row().await?;
            let fetch = ClientBody::Fetch(Fetch {
                log: bytes_of(&self.log),
                pass: Bytes::copy_from_slice(row.pass.expose()),
                after: row.cursor,
                limit: MAX_ENTRIES_PER_FETCH,
            });
            let entries = match self.request(fetch).await? {
                Answer::Body(ServerBody::Entries(entries)) => entries,
                Answer::Stop => return Ok(Next::Stop),
                Answer::Body(_) => return Err(unexpected()),
            };
            let state = entries.state.clone().ok_or_else(unexpected)?;
            if self.check_lane(&row, &state).await? == Next::Stop {
                return Ok(Next::Stop);
            }
            if entries.entries.is_empty() {
                break;
            }
            match self.apply(&entries).await? {
                Progress::Done => {}
                Progress::NewLane => {
                    self.leave_lane(&row.lane);
                    continue;
                }
                Progress::Gap => return Err(unexpected()),
                Progress::Stopped => return Ok(Next::Stop),
            }
            let row = self.row().await?;
            if row.cursor >= state.newest {
                break;
            }
        }
        let row = self.row().await?;
        let subscribe = ClientBody::Subscribe(Subscribe {
            log: bytes_of(&self.log),
            pass: Bytes::copy_from_slice(row.pass.expose()),
            after: row.cursor,
        });
        match self.request(subscribe).await? {
            Answer::Body(ServerBody::Subscribed(state)) => self.check_lane(&row, &state).await,
            Answer::Stop => Ok(Next::Stop),
            Answer::Body(_) => Err(unexpected()),
        }
    }

    /// Compares what the relay says of the lane with what this device knows.
    async fn check_lane(&mut self, row: &LogRow, state: &LaneState) -> Result<Next> {
        let incarnation = Incarnation::from_slice(&state.incarnation).map_err(|_| unexpected())?;
        if row.incarnation.is_some_and(|known| known != incarnation) || state.newest < row.cursor {
            receive::halt(&self.core, &self.log, REWOUND).await?;
            return Ok(Next::Stop);
        }
        if row.incarnation.is_none() {
            self.set_state(LogState::Active, Some(incarnation)).await?;
        }
        for branch in &state.used_branches {
            let mut conn = self.core.db.readers.acquire().await?;
            if store::may_have_split(&mut conn, row, branch).await? {
                drop(conn);
                receive::halt(&self.core, &self.log, SPLIT).await?;
                return Ok(Next::Stop);
            }
        }
        Ok(Next::Wait)
    }

    /// Asks the relay; what stops the group is dealt with here.
    async fn request(&mut self, body: ClientBody) -> Result<Answer> {
        match self.core.socket.request(body).await {
            Ok(body) => Ok(Answer::Body(body)),
            Err(NetError::Refused(problem)) => match problem.code() {
                Some(Code::Pruned) => {
                    let reason = "this device was away for so long that the relay has removed \
                        what it missed; ask a member to add this device again: `sealwire chat \
                        rejoin`";
                    receive::halt(&self.core, &self.log, reason).await?;
                    Ok(Answer::Stop)
                }
                Some(Code::LaneUnknown | Code::Ahead) => {
                    receive::halt(&self.core, &self.log, REWOUND).await?;
                    Ok(Answer::Stop)
                }
                _ => Err(CoreError::from_problem(&problem)),
            },
            Err(other) => Err(other.into()),
        }
    }

    async fn apply(&mut self, entries: &Entries) -> Result<Progress> {
        let lane = Lane::from_slice(&entries.lane).map_err(|_| unexpected())?;
        receive::apply(
            &self.core,
            &self.log,
            &lane,
            &mut self.cache,
            &entries.entries,
        )
        .await
    }

    /// Lets go of a lane; the answer does not matter.
    fn leave_lane(&self, lane: &Lane) {
        let socket = self.core.socket.clone();
        let body = ClientBody::Unsubscribe(Unsubscribe {
            log: bytes_of(&self.log),
            lane: bytes_of(lane),
        });
        tokio::spawn(async move {
            let _ = socket.request(body).await;
        });
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
            match &mut merged {
                Some(merged) if merged.lane == push.entries.lane => {
                    merged.entries.extend(push.entries.entries);
                }
                Some(_) => {
                    // A newer lane's pushes follow; the rest of the old one is of no interest.
                    if self.apply_merged(merged.take()).await? == Next::Stop {
                        return Ok(Next::Stop);
                    }
                    merged = Some(push.entries);
                }
                None => merged = Some(push.entries),
            }
        }
        self.apply_merged(merged).await
    }

    async fn apply_merged(&mut self, merged: Option<Entries>) -> Result<Next> {
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
        let due = intent.map_or(row.leaf_due_at, |due| due.min(row.leaf_due_at));
        let due = due.max(self.commit_after);
        let wait = Duration::from_millis(due.saturating_sub(self.core.now_ms()));
        Ok(if self.sent_commit {
            IDLE
        } else {
            wait.clamp(Duration::from_millis(20), IDLE)
        })
    }

    /// Does what waits: the commit in flight, the next wish, the next message.
    async fn work(&mut self) -> Result<Next> {
        loop {
            let now = self.core.now_ms();
            let (pending, intent, message, row) = {
                let mut conn = self.core.db.readers.acquire().await?;
                (
                    PendingCommit::load(&mut conn, &self.log).await?,
                    store::next_intent(&mut conn, &self.log, now).await?,
                    store::next_outbox(&mut conn, &self.log, self.sent).await?,
                    LogRow::load(&mut conn, &self.log).await?,
                )
            };
            let Some(row) = row else {
                return Ok(Next::Stop);
            };
            let may_commit = now >= self.commit_after;
            let next = if let Some(pending) = pending.filter(|_| !self.sent_commit && may_commit) {
                self.send_commit(&row, pending).await?
            } else if let Some(intent) = intent.filter(|_| !self.sent_commit && may_commit) {
                self.plan(intent).await?
            } else if row.leaf_due_at <= now && !self.sent_commit && may_commit {
                self.wish_leaf_update().await?
            } else if let Some(message) = message {
                self.send_message(message).await?
            } else {
                return Ok(Next::Wait);
            };
            if next != Next::Wait {
                return Ok(next);
            }
        }
    }

    async fn wish_leaf_update(&mut self) -> Result<Next> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::add_intent(&mut tx, &self.log, &Wish::UpdateLeaf, 0).await?;
        // If this fails, the next try is tomorrow's; success sets the time anew.
        if let Some(mut row) = LogRow::load(&mut tx, &self.log).await? {
            row.leaf_due_at = self.core.now_ms() + DAY_MS;
            row.save(&mut tx, None).await?;
        }
        tx.commit().await?;
        Ok(Next::Wait)
    }

    /// Fetches what a wish needs, then builds its commit.
    async fn plan(&mut self, mut intent: store::IntentRow) -> Result<Next> {
        if intent.seats.is_none() {
            match prepare::prepare(&self.core, &self.log, &intent.wish).await {
                Ok(seats) => {
                    let mut conn = self.core.db.writer.lock().await;
                    let mut tx = self.core.db.begin(&mut conn).await?;
                    store::set_prepared(&mut tx, intent.id, &seats).await?;
                    tx.commit().await?;
                    intent.seats = Some(seats);
                }
                Err(error) if error.is_transient() => return Err(error),
                Err(error) => return self.fail_intent(intent.id, &error).await,
            }
        }
        let built = commit::build(&self.core, &self.log, self.cache.take(), &intent).await;
        match built {
            Ok((loaded, _)) => {
                self.cache = loaded;
                Ok(Next::Wait)
            }
            Err(error) if error.is_transient() || error.kind == ErrorKind::Halted => Err(error),
            Err(error) => self.fail_intent(intent.id, &error).await,
        }
    }

    async fn fail_intent(&mut self, id: i64, error: &CoreError) -> Result<Next> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::set_intent(&mut tx, id, Err(error)).await?;
        tx.commit().await?;
        drop(conn);
        let conversation = self.row().await?.conversation;
        self.core.warn(
            Some(&conversation),
            format!("A change was not made: {}. {}", error.message, error.hint),
        );
        self.core.progressed();
        Ok(Next::Wait)
    }

    fn append(&self, row: &LogRow, kind: EntryKind, entry_id: Bytes, payload: &[u8]) -> Append {
        Append {
            log: bytes_of(&self.log),
            pass: Bytes::copy_from_slice(row.pass.expose()),
            kind: kind as u32,
            entry_id,
            head: row.head.as_ref().map_or_else(Bytes::new, bytes_of),
            cursor: row.cursor,
            next: Bytes::new(),
            payload: Bytes::copy_from_slice(payload),
        }
    }

    async fn send_commit(&mut self, row: &LogRow, pending: PendingCommit) -> Result<Next> {
        let mut append = self.append(
            row,
            EntryKind::Commit,
            bytes_of(&pending.entry_id),
            &pending.payload,
        );
        append.next = bytes_of(&pending.next);
        match self.core.socket.request(ClientBody::Append(append)).await {
            Ok(ServerBody::Appended(appended)) => {
                self.sent_commit = true;
                self.after_append(row, &appended).await
            }
            Ok(ServerBody::StaleHead(entries)) => self.take_stale(row, &entries).await,
            Ok(_) => Err(unexpected()),
            Err(NetError::Refused(problem)) => {
                if problem.code() == Some(Code::CommitRate) {
                    let wait = problem.retry_after_ms.unwrap_or(2_000);
                    self.commit_after = self.core.now_ms() + wait;
                    return Ok(Next::Wait);
                }
                self.commit_refused(pending, &problem).await
            }
            Err(other) => Err(other.into()),
        }
    }

    /// The relay will never take this commit: take it back, so that messages can go on.
    async fn commit_refused(&mut self, pending: PendingCommit, problem: &Problem) -> Result<Next> {
        match problem.code() {
            Some(
                Code::Grammar
                | Code::TooLarge
                | Code::LaneTaken
                | Code::EntryConflict
                | Code::Malformed,
            ) => {
                let mut conn = self.core.db.writer.lock().await;
                let mut tx = self.core.db.begin(&mut conn).await?;
                let mut place =
                    Place::load(&self.core, &mut tx, &self.log, self.cache.take()).await?;
                {
                    use openmls_traits::OpenMlsProvider as _;
                    let provider = crate::mls::Provider::new(&self.core.crypto, &mut tx);
                    place.group.clear_pending_commit(provider.storage())?;
                }
                PendingCommit::clear(&mut tx, &self.log).await?;
                place.save(&mut tx).await?;
                tx.commit().await?;
                drop(conn);
                self.cache = place.into_loaded();
                self.fail_intent(pending.intent, &CoreError::from_problem(problem))
                    .await
            }
            Some(Code::LaneUnknown | Code::Ahead) => {
                receive::halt(&self.core, &self.log, REWOUND).await?;
                Ok(Next::Stop)
            }
            _ => Err(CoreError::from_problem(problem)),
        }
    }

    async fn after_append(&mut self, row: &LogRow, appended: &Appended) -> Result<Next> {
        match self.check_lane(row, &appended.lane).await? {
            Next::Stop => Ok(Next::Stop),
            _ => Ok(Next::Wait),
        }
    }

    async fn take_stale(&mut self, row: &LogRow, entries: &Entries) -> Result<Next> {
        if entries.entries.is_empty() {
            return Ok(Next::Attach);
        }
        Ok(match self.apply(entries).await? {
            Progress::Done => Next::Wait,
            Progress::NewLane => {
                self.leave_lane(&row.lane);
                Next::Attach
            }
            Progress::Gap => Next::Attach,
            Progress::Stopped => Next::Stop,
        })
    }

    async fn send_message(&mut self, mut message: OutboxRow) -> Result<Next> {
        if message.entry_id.is_none() {
            self.encrypt(&mut message).await?;
        }
        let row = self.row().await?;
        let entry_id = message.entry_id.as_ref().map_or_else(Bytes::new, bytes_of);
        let append = self.append(&row, EntryKind::Application, entry_id, &message.payload);
        match self.core.socket.request(ClientBody::Append(append)).await {
            Ok(ServerBody::Appended(appended)) => {
                self.sent = message.id;
                self.after_append(&row, &appended).await
            }
            Ok(ServerBody::StaleHead(entries)) => self.take_stale(&row, &entries).await,
            Ok(_) => Err(unexpected()),
            Err(NetError::Refused(problem)) => self.message_refused(&message, &problem).await,
            Err(other) => Err(other.into()),
        }
    }

    async fn encrypt(&mut self, message: &mut OutboxRow) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let mut place = Place::load(&self.core, &mut tx, &self.log, self.cache.take()).await?;
        encrypt::encrypt(&self.core, &mut tx, &mut place, message).await?;
        place.save(&mut tx).await?;
        tx.commit().await?;
        self.cache = place.into_loaded();
        Ok(())
    }

    /// Refused for good: the text is kept and marked, later messages go on.
    async fn message_refused(&mut self, message: &OutboxRow, problem: &Problem) -> Result<Next> {
        match problem.code() {
            Some(Code::Grammar | Code::TooLarge | Code::EntryConflict | Code::Malformed) => {
                let mut conn = self.core.db.writer.lock().await;
                let mut tx = self.core.db.begin(&mut conn).await?;
                let info = store::fail_message(&mut tx, message.message).await?;
                store::remove(&mut tx, message.id).await?;
                tx.commit().await?;
                drop(conn);
                if let Some(info) = info {
                    self.core.emit(crate::api::Event::Message(info));
                }
                let conversation = self.row().await?.conversation;
                let error = CoreError::from_problem(problem);
                self.core.warn(
                    Some(&conversation),
                    format!("A message was not sent: {}. {}", error.message, error.hint),
                );
                Ok(Next::Wait)
            }
            Some(Code::LaneUnknown | Code::Ahead) => {
                receive::halt(&self.core, &self.log, REWOUND).await?;
                Ok(Next::Stop)
            }
            _ => Err(CoreError::from_problem(problem)),
        }
    }
}

enum Answer {
    Body(ServerBody),
    Stop,
}

fn bytes_of(id: &impl AsRef<[u8]>) -> Bytes {
    Bytes::copy_from_slice(id.as_ref())
}

fn unexpected() -> CoreError {
    CoreError::network("the relay's answer makes no sense; its version may be too old or too new")
}
