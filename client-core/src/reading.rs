//! What is stored: conversations, members, history.

use sealwire_protocol::ids::ConversationId;

use crate::{
    api::{ConversationInfo, MemberInfo, MessageInfo, MessagePlace},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    store::{self, LogRow},
    words::{kind_word, role_word},
};

/// Most unread mentions that are told.
const MOST_MENTIONS: u32 = 100;

impl Client {
    /// All conversations but those hidden with a blocked person, the one with the newest message
    /// first.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn conversations(&self) -> Result<Vec<ConversationInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let mut list = Vec::new();
        let hidden = store::hidden_conversations(&mut conn).await?;
        for row in store::conversations(&mut conn).await? {
            if hidden.contains(&row.id) {
                continue;
            }
            list.extend(self.core.conversation_info(&mut conn, &row.id).await?);
        }
        Ok(list)
    }

    /// One conversation.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn conversation(&self, id: &ConversationId) -> Result<ConversationInfo> {
        let mut conn = self.core.db.readers.acquire().await?;
        self.core
            .conversation_info(&mut conn, id)
            .await?
            .ok_or_else(unknown_conversation)
    }

    /// The members of a conversation in order of handle.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn members(&self, id: &ConversationId) -> Result<Vec<MemberInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        if store::is_imported(&mut conn, id).await? {
            return Ok(Vec::new());
        }
        let row = self.log_row(&mut conn, id).await?;
        let leaves = store::members(&mut conn, &row.id).await?;
        let policy = self.core.policy(&row)?;
        let mut members: Vec<MemberInfo> = policy
            .members()
            .filter_map(|(account, role)| {
                let own: Vec<_> = leaves
                    .iter()
                    .filter(|leaf| leaf.account() == account)
                    .collect();
                let first = own.first()?;
                Some(MemberInfo {
                    handle: first.handle().to_string(),
                    role: role_word(role).into(),
                    devices: own.len(),
                    kind: kind_word(first.kind()).into(),
                    fingerprint: sealwire_crypto::fingerprint(account.as_bytes()),
                })
            })
            .collect();
        members.sort_by(|a, b| a.handle.cmp(&b.handle));
        Ok(members)
    }

    pub(crate) async fn log_row(
        &self,
        conn: &mut sqlx::SqliteConnection,
        id: &ConversationId,
    ) -> Result<LogRow> {
        let conversation = store::conversation(conn, id)
            .await?
            .ok_or_else(unknown_conversation)?;
        if let Some(row) = LogRow::load(conn, &conversation.log).await? {
            return Ok(row);
        }
        Err(match store::is_imported(conn, id).await? {
            true => imported(),
            false => unknown_conversation(),
        })
    }

    /// Up to `limit` lines of history after position `after`; then what is pending or failed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn messages_after(
        &self,
        id: &ConversationId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<MessageInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let lines = store::messages_after(&mut conn, id, after, limit).await?;
        self.core.complete(&mut conn, id, lines).await
    }

    /// The newest `limit` lines of history; then what is pending or failed.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn newest_messages(
        &self,
        id: &ConversationId,
        limit: u32,
    ) -> Result<Vec<MessageInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let mut lines = store::messages_before(&mut conn, id, u64::MAX, limit).await?;
        lines.extend(store::unplaced(&mut conn, id).await?);
        self.core.complete(&mut conn, id, lines).await
    }

    /// Messages that mention this account and were not read, the oldest first, at most 100.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn unread_mentions(&self, id: &ConversationId) -> Result<Vec<MessagePlace>> {
        let mut conn = self.core.db.readers.acquire().await?;
        store::unread_mentions(&mut conn, id, MOST_MENTIONS).await
    }

    /// Everything in the conversation was read.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn mark_read(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let conversation = store::conversation(&mut tx, id).await?;
        let log = conversation.ok_or_else(unknown_conversation)?.log;
        let newest = store::newest_position(&mut tx, id).await?;
        store::read_up_to(&mut tx, id, newest, self.core.now_ms()).await?;
        store::forget_unread_mark(&mut tx, id).await?;
        tx.commit().await?;
        drop(conn);
        self.core.expiry.notify_one();
        self.core.wake(&log);
        self.core.emit_conversation(id).await
    }
}

/// Somebody wants to do something in imported history.
fn imported() -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "imported",
        "this conversation was imported: there is nobody in it",
        "begin one with the people themselves: `sealwire chat create`",
    )
}

pub(crate) fn unknown_conversation() -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "unknown_conversation",
        "there is no such conversation in this profile",
        "`sealwire chat list` shows all",
    )
}
