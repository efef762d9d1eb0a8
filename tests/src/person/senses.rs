//! What a person reads and is told.

use std::sync::PoisonError;

use sealwire_core::api::{ConversationId, MessageKind};

use super::{Line, Person};
use crate::wait::until;

impl Person {
    /// Waits until a message with this text is in the history.
    pub async fn hears(&self, chat: &ConversationId, text: &str) {
        let what = format!("{} hearing {text:?}", self.name);
        until(&what, || async {
            let history = self.history(chat).await;
            if history.iter().any(|line| line.text == text) {
                return Ok(());
            }
            Err(format!(
                "a history of {} messages, at its end {:?}",
                history.len(),
                history.last()
            ))
        })
        .await;
    }

    /// All text messages that stand in the conversation's log, in order.
    ///
    /// # Panics
    /// If the database cannot be read.
    pub async fn history(&self, chat: &ConversationId) -> Vec<Line> {
        self.lines(chat, MessageKind::Text).await
    }

    /// What the conversation's history tells of what happened, in order.
    ///
    /// # Panics
    /// If the database cannot be read.
    pub async fn happenings(&self, chat: &ConversationId) -> Vec<String> {
        let lines = self.lines(chat, MessageKind::Info).await;
        lines.into_iter().map(|line| line.text).collect()
    }

    async fn lines(&self, chat: &ConversationId, kind: MessageKind) -> Vec<Line> {
        let mut lines = Vec::new();
        let mut after = 0;
        loop {
            let page = self.messages_after(chat, after, 1_000).await;
            let page = page.expect("a readable history");
            let placed = page.iter().filter(|message| message.position > 0);
            let Some(last) = placed.clone().map(|message| message.position).max() else {
                return lines;
            };
            after = last;
            lines.extend(
                placed
                    .filter(|message| message.kind == kind)
                    .map(|message| Line {
                        sender: message.sender.clone(),
                        text: message.text.clone(),
                    }),
            );
        }
    }

    /// MLS epoch of the conversation on this device.
    ///
    /// # Panics
    /// If this person does not know the conversation.
    pub async fn epoch(&self, chat: &ConversationId) -> u64 {
        self.conversation(chat).await.expect("a conversation").epoch
    }

    /// Everything the client has warned of since it was opened first.
    pub fn warnings(&self) -> Vec<String> {
        let warnings = self.warnings.lock();
        warnings.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until the client warns with words that contain `part`.
    pub async fn is_told(&self, part: &str) {
        let what = format!("{} being told {part:?}", self.name);
        until(&what, || async {
            let warnings = self.warnings();
            if warnings.iter().any(|warning| warning.contains(part)) {
                return Ok(());
            }
            Err(format!("{warnings:?}"))
        })
        .await;
    }
}
