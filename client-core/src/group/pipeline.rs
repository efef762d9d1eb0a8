//! Sending, one thing at a time: the commit in flight, the next wish, the next message.

use std::time::Duration;

use bytes::Bytes;
use sealwire_protocol::{
    frame::{Append, Appended, ClientBody, Entries, ServerBody},
    log::EntryKind,
    problem::{Code, Problem},
};

use tokio::time::sleep;

use super::{
    actor::{Actor, DAY_MS, Next, REWOUND, bytes_of, unexpected},
    commit, encrypt, prepare,
    receive::{self, Progress},
    state::Place,
};
use crate::{
    agreement,
    error::{CoreError, ErrorKind, Result},
    net::NetError,
    store::{self, LogRow, OutboxRow, PendingCommit, Wish},
};

/// A wish that could not be prepared is tried again after this time.
const PUT_OFF_MS: u64 = 2_000;
/// A refusal that brought nothing new is not repeated at once.
const NOTHING_NEW: Duration = Duration::from_millis(200);

impl Actor {
    /// Does what waits: the commit in flight, the next wish, the next message.
    pub(super) async fn work(&mut self) -> Result<Next> {
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
            let message = self.unless_held(&row, message).await?;
            if self.lane != Some(row.lane) {
                // The group was joined anew meanwhile.
                return Ok(Next::Attach);
            }
            self.tell_typing(&row).await?;
            let may_commit = now >= self.commit_after;
            self.held_until = message
                .as_ref()
                .map(|message| message.not_before)
                .filter(|at| *at > now);
            let message = message.filter(|_| self.held_until.is_none());
            let next = if let Some(pending) = pending.filter(|_| !self.sent_commit && may_commit) {
                self.send_commit(&row, pending).await?
            } else if let Some(intent) = intent.filter(|_| !self.sent_commit && may_commit) {
                self.plan(intent).await?
            } else if self.leaf_due(&row) <= now && !self.sent_commit && may_commit {
                self.wish_leaf_update().await?
            } else if let Some(message) = message {
                self.send_message(message).await?
            } else if !self.tell_receipts(&row, now).await? {
                return Ok(Next::Wait);
            } else {
                Next::Wait
            };
            if next != Next::Wait {
                return Ok(next);
            }
        }
    }

    /// Text waits while a required custodian is missing; what was encrypted before goes on, since
    /// it may be in the log already.
    async fn unless_held(
        &self,
        row: &LogRow,
        message: Option<OutboxRow>,
    ) -> Result<Option<OutboxRow>> {
        let Some(message) = message else {
            return Ok(None);
        };
        if message.message == 0 || message.entry_id.is_some() {
            return Ok(Some(message));
        }
        let mut conn = self.core.db.readers.acquire().await?;
        let may = agreement::may_send(&self.core, &mut conn, row).await?;
        Ok(may.then_some(message))
    }

    async fn wish_leaf_update(&mut self) -> Result<Next> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        self.leaf_due = None;
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
                Err(error) if error.may_pass() => return self.put_off(intent.id, &error).await,
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

    /// What cannot be prepared now must not hold up messages.
    async fn put_off(&mut self, id: i64, error: &CoreError) -> Result<Next> {
        tracing::debug!(code = error.code, "a wish was put off");
        let wait = error.retry_after_ms.unwrap_or(PUT_OFF_MS);
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::postpone_intent(&mut tx, id, self.core.now_ms() + wait).await?;
        tx.commit().await?;
        Ok(Next::Wait)
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
        if entries.entries.iter().all(|entry| entry.seq <= row.cursor) {
            sleep(NOTHING_NEW).await;
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
        if message.entry_id.is_none() && !self.encrypt(&mut message).await? {
            return Ok(Next::Wait);
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

    async fn encrypt(&mut self, message: &mut OutboxRow) -> Result<bool> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let mut place = Place::load(&self.core, &mut tx, &self.log, self.cache.take()).await?;
        let said = encrypt::encrypt(&self.core, &mut tx, &mut place, message).await?;
        place.save(&mut tx).await?;
        tx.commit().await?;
        self.cache = place.into_loaded();
        Ok(said)
    }

    /// Refused for good: the text is kept and marked, later messages go on.
    async fn message_refused(&mut self, message: &OutboxRow, problem: &Problem) -> Result<Next> {
        match problem.code() {
            Some(Code::Grammar | Code::TooLarge | Code::EntryConflict | Code::Malformed) => {
                let mut conn = self.core.db.writer.lock().await;
                let mut tx = self.core.db.begin(&mut conn).await?;
                let line = store::fail_message(&mut tx, message.message).await?;
                store::remove(&mut tx, message.id).await?;
                tx.commit().await?;
                drop(conn);
                if let Some(line) = line {
                    self.core.emit(crate::api::Event::Message(line.info));
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
