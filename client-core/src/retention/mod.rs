//! What is kept no longer is removed: the strictest of the organisation's policy, the
//! conversation's setting and a message's timer decides ([`Bounds`]; timers are `expiry`), unless a
//! legal hold keeps the conversation (`holding`).
//!
//! Lines go in steps of at most 200, each in a transaction of its own, so that a crash leaves the
//! rest to the next start. Info lines go as the others do: they name people and say what a
//! conversation was called. Drafts, and messages that the relay never received, stay.

mod bounds;
mod receipt;
#[cfg(test)]
mod tests;

use std::{sync::Arc, time::Duration};

use sealwire_protocol::ids::ConversationId;
use sqlx::SqliteConnection;
use tokio::time::sleep;

pub(crate) use bounds::Bounds;

use crate::{
    api::Event,
    client::Client,
    core::Core,
    error::Result,
    store::{self, LogRow, Removed},
};

/// Between looks when nothing rings: bounds are days, so an hour late is on time, and one look
/// removes what a whole hour made due.
const IDLE: Duration = Duration::from_secs(3_600);
const RETRY: Duration = Duration::from_secs(2);

/// Removes what is due until the client is dropped.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        let wait = match keep(&core).await {
            Ok(_) => IDLE,
            Err(error) => {
                tracing::debug!(
                    code = error.code,
                    "old history was not removed; tried again"
                );
                RETRY
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = core.retention.notified() => {}
        }
    }
}

/// Removes all that is due; answers how many lines. Nothing before the relay has told its time.
pub(crate) async fn keep(core: &Core) -> Result<u64> {
    if core.retention_now_ms().is_none() {
        return Ok(0);
    }
    let conversations = {
        let mut conn = core.db.readers.acquire().await?;
        store::conversations(&mut conn).await?
    };
    let mut lines = 0;
    for conversation in conversations {
        lines += keep_one(core, &conversation.id).await?;
    }
    Ok(lines)
}

async fn keep_one(core: &Core, id: &ConversationId) -> Result<u64> {
    let (mut lines, mut touched) = (0, false);
    let mut run = receipt::Run::begin();
    while let Some(removed) = step(core, id, &mut run).await? {
        touched = true;
        lines += removed.gone.len() as u64;
        tell(core, id, removed).await?;
    }
    if touched {
        core.erasures.notify_one();
        core.emit_conversation(id).await?;
        core.progressed();
    }
    Ok(lines)
}

/// One transaction; `None` when nothing is due. The bounds are read in it: they may have changed
/// since the last.
async fn step(core: &Core, id: &ConversationId, run: &mut receipt::Run) -> Result<Option<Removed>> {
    let Some(now_ms) = core.retention_now_ms() else {
        return Ok(None);
    };
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let bounds = core.bounds(&mut tx, id).await?;
    let mut removed = Removed::default();
    if let Some(up_to_ms) = bounds.messages_up_to_ms(now_ms) {
        removed = store::remove_old_messages(&mut tx, id, up_to_ms).await?;
    }
    if removed.is_empty()
        && let Some(up_to_ms) = bounds.files_up_to_ms(now_ms)
    {
        removed = store::remove_old_files(&mut tx, id, up_to_ms).await?;
    }
    if !removed.is_empty() {
        run.note(core, &mut tx, (id, bounds, now_ms), &removed)
            .await?;
        tx.commit().await?;
        return Ok(Some(removed));
    }
    if let Some(up_to_ms) = bounds.messages_up_to_ms(now_ms)
        && store::remove_old_strays(&mut tx, id, up_to_ms).await?
    {
        tx.commit().await?;
        core.erasures.notify_one();
    }
    Ok(None)
}

/// Tells the fronts, and removes the files' sealed bytes.
async fn tell(core: &Core, id: &ConversationId, removed: Removed) -> Result<()> {
    for line in removed.gone {
        core.emit(Event::Gone {
            conversation: line.info.conversation,
            message: line.info.id,
        });
    }
    let changed = {
        let mut conn = core.db.readers.acquire().await?;
        core.complete(&mut conn, id, removed.changed).await?
    };
    for message in changed {
        core.emit(Event::Changed(message));
    }
    core.files.drop_removed(&core.db, &removed.files).await
}

impl Core {
    /// Milliseconds since the Unix epoch by which history is old: the earlier of this device's
    /// clock and the relay's, so that neither a wrong clock here nor a relay that lies about the
    /// time removes anything early. `None` before the relay has told its time.
    pub(crate) fn retention_now_ms(&self) -> Option<u64> {
        let relay_ms = self.account.relay_now_s()?.saturating_mul(1_000);
        let passed_ms = self.options.passed_s.saturating_mul(1_000);
        Some(self.now_ms().min(relay_ms).saturating_add(passed_ms))
    }

    /// How long a conversation's history is kept on this device: without bound while a legal hold keeps
    /// it. A device that was removed goes by the last setting that it knew.
    pub(crate) async fn bounds(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
    ) -> Result<Bounds> {
        let row = match store::conversation(conn, id).await? {
            Some(conversation) => LogRow::load(conn, &conversation.log).await?,
            None => None,
        };
        self.bounds_by(conn, id, row.as_ref()).await
    }

    /// As [`Core::bounds`], by the rules of the log that carries it, if one does.
    pub(crate) async fn bounds_by(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        row: Option<&LogRow>,
    ) -> Result<Bounds> {
        if !store::holds_on(conn, id).await?.is_empty() {
            return Ok(Bounds::default());
        }
        let policy = row.and_then(|row| self.policy(row).ok());
        Ok(Bounds::of(
            self.organisation_policy().as_deref(),
            policy.as_deref(),
        ))
    }
}

impl Client {
    /// Removes what is kept no longer; [`Client::start`] does it by itself at the start, every hour
    /// and when a bound changes. Answers how many lines went: none while the relay has not told
    /// its time.
    ///
    /// # Errors
    /// If the database or the profile's folder cannot be written.
    pub async fn remove_old(&self) -> Result<u64> {
        keep(&self.core).await
    }
}
