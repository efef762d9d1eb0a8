//! Pages of a conversation as shown.

use sealwire_protocol::ids::ConversationId;
use serde::{Deserialize, Serialize};

use super::arrange::{TimelineRow, arrange};
use crate::{
    api::{MessageInfo, ReceiptInfo, RevisionInfo, SentFrom},
    client::Client,
    error::Result,
    store,
};

/// Where a page stands.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case", tag = "at", content = "of")]
pub enum Anchor {
    /// At the end.
    Newest,
    /// At the first unread line, or at the end.
    Unread,
    /// At the line with this place in the history.
    Position(u64),
    /// At the message with this identifier.
    Message(String),
}

/// A page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct TimelinePage {
    /// The rows in order.
    pub rows: Vec<TimelineRow>,
    /// Place of the line at which the page stands; 0 at the end.
    pub anchor: u64,
    /// There is more above.
    pub more_before: bool,
    /// There is more below.
    pub more_after: bool,
}

impl Client {
    /// A page of up to `before` lines above the anchor and `after` lines from it on; days are those
    /// of a zone `offset_s` seconds east of UTC.
    ///
    /// # Errors
    /// `unknown_conversation`, `unknown_message`.
    pub async fn timeline(
        &self,
        id: &ConversationId,
        anchor: &Anchor,
        (before, after): (u32, u32),
        offset_s: i32,
    ) -> Result<TimelinePage> {
        let mut conn = self.core.db.readers.acquire().await?;
        let conversation = store::conversation(&mut conn, id)
            .await?
            .ok_or_else(crate::reading::unknown_conversation)?;
        let read = conversation.read_position;
        let at = match anchor {
            Anchor::Newest => u64::MAX,
            Anchor::Unread if conversation.unread == 0 => u64::MAX,
            Anchor::Unread => read + 1,
            Anchor::Position(position) => *position,
            Anchor::Message(uid) => self.position_of(&mut conn, id, uid).await?,
        };
        // One more above, to know whether there is and how the first line stands.
        let mut lines = store::messages_before(&mut conn, id, at, before.saturating_add(1)).await?;
        let more_before = lines.len() > before as usize;
        let above = if more_before {
            Some(lines.remove(0))
        } else {
            None
        };
        let mut more_after = false;
        if at == u64::MAX {
            lines.extend(store::unplaced(&mut conn, id).await?);
        } else {
            let mut below =
                store::messages_after(&mut conn, id, at.saturating_sub(1), after.saturating_add(1))
                    .await?;
            more_after = below.len() > after as usize && below[after as usize].info.position > 0;
            if more_after {
                below.truncate(after as usize);
            }
            lines.extend(below);
        }
        let messages = self.core.complete(&mut conn, id, lines).await?;
        let above: Option<MessageInfo> = above.map(|line| line.info);
        Ok(TimelinePage {
            rows: arrange(messages, above.as_ref(), read, offset_s),
            anchor: if at == u64::MAX { 0 } else { at },
            more_before,
            more_after,
        })
    }

    /// The messages of the thread that a message belongs to, at most 1,000, oldest first.
    ///
    /// # Errors
    /// `unknown_message`.
    pub async fn thread(&self, id: &ConversationId, message: &str) -> Result<Vec<MessageInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let line = self.line(&mut conn, id, message).await?;
        let root = line.thread.or(line.message_id);
        let lines = match root {
            Some(root) => store::thread(&mut conn, id, &root, 1_000).await?,
            None => vec![line],
        };
        self.core.complete(&mut conn, id, lines).await
    }

    /// One message.
    ///
    /// # Errors
    /// `unknown_message`.
    pub async fn message(&self, id: &ConversationId, message: &str) -> Result<MessageInfo> {
        let mut conn = self.core.db.readers.acquire().await?;
        let line = self.line(&mut conn, id, message).await?;
        self.complete(&mut conn, id, line).await
    }

    /// From which device and in which epoch a message was sent; `None` as long as it was not, and of
    /// lines that nobody wrote.
    ///
    /// # Errors
    /// `unknown_message`.
    pub async fn sent_from(&self, id: &ConversationId, message: &str) -> Result<Option<SentFrom>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let line = self.line(&mut conn, id, message).await?;
        Ok(line.epoch().map(|epoch| SentFrom {
            device: line.device.map(|device| device.to_string()),
            epoch,
        }))
    }

    /// The texts that a message has had, oldest first; none if it was never edited.
    ///
    /// # Errors
    /// `unknown_message`.
    pub async fn revisions(&self, id: &ConversationId, message: &str) -> Result<Vec<RevisionInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let line = self.line(&mut conn, id, message).await?;
        match &line.message_id {
            Some(target) => store::revisions(&mut conn, id, target).await,
            None => Ok(Vec::new()),
        }
    }

    /// How far the other members have come, in order of handle.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn receipts(&self, id: &ConversationId) -> Result<Vec<ReceiptInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        store::receipts(&mut conn, id).await
    }

    async fn position_of(
        &self,
        conn: &mut sqlx::SqliteConnection,
        id: &ConversationId,
        uid: &str,
    ) -> Result<u64> {
        let position = self.line(conn, id, uid).await?.info.position;
        Ok(if position == 0 { u64::MAX } else { position })
    }
}
