//! Telling the others how far this account has come: seldom, and many messages at once.

use super::actor::Actor;
use crate::{
    error::Result,
    random,
    store::{self, LogRow, NO_RECEIPTS, Outgoing},
};

/// In larger groups nobody is told: every receipt is an entry that all members read, and every
/// signal wakes them.
const LARGEST_GROUP: usize = 32;
/// Members do not all answer a message at the same moment, milliseconds.
const SPREAD_MS: u64 = 3_000;

impl Actor {
    /// Puts a receipt into the outbox if one is due; `true` if so.
    pub(super) async fn tell_receipts(&mut self, row: &LogRow, now_ms: u64) -> Result<bool> {
        let interval = self.core.options.receipt_interval_ms;
        if interval == 0 || now_ms < self.receipt_at {
            return Ok(false);
        }
        let conversation = row.conversation;
        let untold = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::untold(&mut conn, &conversation).await?
        };
        let Some(untold) = untold else {
            self.receipt_at = 0;
            return Ok(false);
        };
        if self.receipt_at == 0 {
            let spread = now_ms + random::up_to(SPREAD_MS.min(interval));
            self.receipt_at = spread.max(untold.told_at + interval);
            return Ok(false);
        }
        self.receipt_at = 0;
        let allowed = self.may_tell(row)?;
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let wanted = allowed && !store::has_mark(&mut tx, NO_RECEIPTS).await?;
        if wanted {
            let receipt = Outgoing::Receipt {
                delivered: untold.delivered.as_ref().map(store::hex_id),
                read: untold.read.as_ref().map(store::hex_id),
            };
            let salt = random::salt();
            store::enqueue(&mut tx, &self.log, (0, &salt), &receipt, 0).await?;
        }
        store::set_told(&mut tx, &conversation, now_ms).await?;
        tx.commit().await?;
        Ok(wanted)
    }

    /// Whether the rules of organisation and conversation let the others be told what somebody
    /// does here.
    pub(super) fn may_tell(&self, row: &LogRow) -> Result<bool> {
        let forbidden = self
            .core
            .organisation_policy()
            .is_some_and(|policy| policy.no_receipts);
        let policy = self.core.policy(row)?;
        let small = policy.members().len() <= LARGEST_GROUP;
        Ok(!forbidden && small && policy.settings().receipts_allowed)
    }
}
