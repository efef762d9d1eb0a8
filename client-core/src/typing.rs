//! Whether others are shown that this person is typing.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use sealwire_protocol::ids::{ConversationId, LogId};

use crate::{client::Client, core::Core, error::Result, store};

/// While somebody types, the others are told again after this time.
const AGAIN: Duration = Duration::from_secs(4);

/// What fronts said of typing.
#[derive(Default)]
pub(crate) struct TypingHere {
    /// What was said last of each conversation, and when.
    said: Mutex<HashMap<ConversationId, (bool, Instant)>>,
    /// What the actor of a group has to tell.
    waiting: Mutex<HashMap<LogId, bool>>,
}

impl TypingHere {
    /// Whether this is worth telling: it is another thing than before, or long after it.
    fn is_news(&self, id: &ConversationId, on: bool, now: Instant) -> bool {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let news = match said.get(id) {
            Some((before, at)) => *before != on || on && now.duration_since(*at) >= AGAIN,
            None => on,
        };
        if news {
            said.insert(*id, (on, now));
        }
        news
    }
}

impl Core {
    /// What is to be told of typing in a group, once.
    pub(crate) fn take_typing(&self, log: &LogId) -> Option<bool> {
        let mut waiting = self
            .typing
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.remove(log)
    }
}

impl Client {
    /// Somebody types here, or no longer does. To be called at every key: the others are told at
    /// most once in four seconds, and only if [`Client::set_typing`] is on and the conversation
    /// lets receipts be. Nobody stores it.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn typing(&self, id: &ConversationId, on: bool) -> Result<()> {
        if !self.core.typing.is_news(id, on, Instant::now()) {
            return Ok(());
        }
        let log = {
            let mut conn = self.core.db.readers.acquire().await?;
            let found = store::conversation(&mut conn, id).await?;
            found.ok_or_else(crate::reading::unknown_conversation)?.log
        };
        self.core
            .typing
            .waiting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(log, on);
        self.core.wake(&log);
        Ok(())
    }

    /// Says whether others are shown that this person is typing, and this person that they are.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn set_typing(&self, on: bool) -> Result<()> {
        self.set_mark(store::TYPING, on).await
    }

    /// Whether others are shown that this person is typing: not unless it was switched on.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn shows_typing(&self) -> Result<bool> {
        self.has_mark(store::TYPING).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_a_row_are_told_once_in_four_seconds() {
        let (typing, start) = (TypingHere::default(), Instant::now());
        let chat = ConversationId([1; 16]);
        let at = |ms| start + Duration::from_millis(ms);
        assert!(!typing.is_news(&chat, false, at(0)), "nobody typed");
        assert!(typing.is_news(&chat, true, at(0)));
        assert!(!typing.is_news(&chat, true, at(3_999)));
        assert!(typing.is_news(&chat, true, at(4_000)));
        assert!(typing.is_news(&chat, false, at(4_001)));
        assert!(!typing.is_news(&chat, false, at(9_000)));
        assert!(typing.is_news(&ConversationId([2; 16]), true, at(0)));
    }
}
