//! What a person says: write, answer, edit, delete, react, confirm, take back.

use sealwire_protocol::{
    content::{MessageId, is_reaction},
    ids::ConversationId,
    limits::MAX_TEXT,
    policy::Action,
};
use sqlx::SqliteConnection;

use crate::{
    agreement,
    api::{Delivery, Event, MessageInfo, MessageKind, Post},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    holding, mentions, random,
    store::{self, History, Line, LogRow, NewMessage, Outgoing, Traits},
};

/// Shortest and longest life of a message that disappears, seconds: 30 seconds to four weeks.
const EXPIRY_S: std::ops::RangeInclusive<u32> = 30..=28 * 86_400;

/// Fewest digits that name a message.
const SHORTEST_ID: usize = 4;

fn unknown_message() -> CoreError {
    CoreError::usage(
        "unknown_message",
        "there is no such message in this conversation",
        "`sealwire message list` shows them with their ids",
    )
}

/// A message that waits to be sent.
pub(crate) struct Waiting {
    /// The log that carries its conversation.
    pub(crate) row: LogRow,
    pub(crate) line: Line,
    pub(crate) salt: [u8; 16],
}

fn check_text(text: &str) -> Result<()> {
    if text.is_empty() {
        return Err(CoreError::usage(
            "empty_message",
            "the message is empty",
            "write something",
        ));
    }
    if text.len() > MAX_TEXT {
        return Err(CoreError::usage(
            "message_too_long",
            format!("the message has {} bytes; {MAX_TEXT} fit", text.len()),
            "send it in parts",
        ));
    }
    Ok(())
}

impl Client {
    /// Sends a text. As [`Client::post`].
    ///
    /// # Errors
    /// As [`Client::post`].
    pub async fn send(&self, id: &ConversationId, text: &str) -> Result<MessageInfo> {
        self.post(id, &Post::text(text)).await
    }

    /// Stores a message and sends it as soon as possible. Returns its line in the history.
    ///
    /// # Errors
    /// `empty_message`, `message_too_long`, `bad_expiry`, `unknown_conversation`,
    /// `unknown_message`, `not_sent_yet`, `not_a_member`, `not_allowed`, or the reason why the
    /// conversation is stopped.
    pub async fn post(&self, id: &ConversationId, post: &Post) -> Result<MessageInfo> {
        check_text(&post.text)?;
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let Waiting { row, line, salt } = self.write(&mut tx, id, post).await?;
        let now = line.info.at_ms;
        let not_before = post.not_before(now);
        let queued = (line.row, &salt);
        store::enqueue(&mut tx, &row.id, queued, &Outgoing::Message, not_before).await?;
        store::set_draft(&mut tx, id, "", &[], now).await?;
        let info = self.complete(&mut tx, id, line).await?;
        tx.commit().await?;
        drop(conn);
        self.core.emit(Event::Message(info.clone()));
        self.core.wake(&row.id);
        Ok(info)
    }

    /// Adds what `post` says to the history, as a message that waits to be sent.
    pub(crate) async fn write(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        post: &Post,
    ) -> Result<Waiting> {
        if post
            .expires_after_s
            .is_some_and(|seconds| seconds > 0 && !EXPIRY_S.contains(&seconds))
        {
            return Err(CoreError::usage(
                "bad_expiry",
                "a message disappears after 30 seconds to 4 weeks",
                "choose another time, or none",
            ));
        }
        let row = self.sendable(conn, id).await?;
        let traits = self.traits(conn, id, &row, post).await?;
        let salt = random::salt();
        let message = NewMessage {
            conversation: *id,
            salt,
            sender: Some(&self.core.identity.account),
            sender_handle: self.core.identity.handle.to_string(),
            own: true,
            kind: MessageKind::Text,
            text: &post.text,
            content: &[],
            at_ms: self.core.now_ms(),
            delivery: Delivery::Pending,
            traits,
        };
        let mut history = History::open(conn, id).await?;
        let line = store::insert_message(conn, &message, &mut history)
            .await?
            .ok_or_else(|| CoreError::internal("a message id was drawn twice"))?;
        Ok(Waiting { row, line, salt })
    }

    /// The log of a conversation into which this account may write now.
    pub(crate) async fn sendable(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
    ) -> Result<LogRow> {
        let row = self.writable(conn, id, Action::Post, "write").await?;
        if agreement::may_send(&self.core, conn, &row).await? {
            Ok(row)
        } else {
            Err(agreement::no_custodian())
        }
    }

    async fn traits(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        row: &LogRow,
        post: &Post,
    ) -> Result<Traits> {
        // Reading the members costs more than all else in a large group.
        let mentioned = if mentions::names(&post.text).next().is_some() {
            mentions::find(&post.text, &store::members(conn, &row.id).await?)
        } else {
            mentions::Mentioned::default()
        };
        let policy = self.core.policy(row)?;
        let role = policy.role_of(&self.core.identity.account);
        let may_call_all = role.is_some_and(|role| policy.may(role, Action::MentionAll));
        let reply_to = match &post.reply_to {
            Some(uid) => Some(self.said(conn, id, uid).await?.1),
            None => None,
        };
        let thread = match &post.thread {
            Some(uid) => {
                let (line, target) = self.said(conn, id, uid).await?;
                Some(line.thread.unwrap_or(target))
            }
            None => None,
        };
        Ok(Traits {
            reply_to,
            thread,
            priority: post.priority,
            asks: post.acknowledge,
            mentions: mentioned.accounts,
            mentions_all: mentioned.all && may_call_all,
            expire_after_s: post.expires_after_s.unwrap_or(policy.settings().timer_s),
            ..Traits::default()
        })
    }

    pub(crate) async fn complete(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        line: Line,
    ) -> Result<MessageInfo> {
        let mut messages = self.core.complete(conn, id, vec![line]).await?;
        messages.pop().ok_or_else(unknown_message)
    }

    /// The line whose identifier is, or begins with, `uid`.
    pub(crate) async fn line(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        uid: &str,
    ) -> Result<Line> {
        if !(SHORTEST_ID..=32).contains(&uid.len()) {
            return Err(unknown_message());
        }
        let mut lines = store::messages_by_uid(conn, id, uid).await?;
        if lines.len() > 1 {
            return Err(CoreError::usage(
                "ambiguous_message",
                format!("several messages have ids that begin with {uid}"),
                "give more of the id",
            ));
        }
        lines.pop().ok_or_else(unknown_message)
    }

    /// A message that is in the log and was not deleted, with its name there.
    async fn said(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        uid: &str,
    ) -> Result<(Line, MessageId)> {
        let line = self.line(conn, id, uid).await?;
        if line.info.deleted.is_some() || line.info.kind == MessageKind::Info {
            return Err(unknown_message());
        }
        let target = line.message_id.ok_or_else(|| {
            CoreError::usage(
                "not_sent_yet",
                "that message is not sent yet",
                "wait until it is, then repeat",
            )
        })?;
        Ok((line, target))
    }

    /// Queues what is said of the message `uid`, once `check` has agreed to it, given whether this
    /// account may delete what others wrote. Whoever may not write may still confirm.
    async fn say_of(
        &self,
        id: &ConversationId,
        uid: &str,
        check: impl FnOnce(&Line, bool) -> Result<()>,
        say: impl FnOnce(String) -> Outgoing,
    ) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let (line, target) = self.said(&mut tx, id, uid).await?;
        let outgoing = say(store::hex_id(&target));
        let row = match outgoing {
            Outgoing::Acknowledge { .. } => self.working(&mut tx, id).await?,
            Outgoing::React { .. } | Outgoing::Unreact { .. } | Outgoing::Delete { .. } => {
                self.reactable(&mut tx, id).await?
            }
            _ => self.writable(&mut tx, id, Action::Post, "write").await?,
        };
        if matches!(outgoing, Outgoing::Delete { .. }) {
            holding::refuse_held(&mut tx, id).await?;
        }
        let policy = self.core.policy(&row)?;
        let role = policy.role_of(&self.core.identity.account);
        check(
            &line,
            role.is_some_and(|role| policy.may(role, Action::Delete)),
        )?;
        store::enqueue(&mut tx, &row.id, (0, &random::salt()), &outgoing, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(())
    }

    /// The log of a conversation in which this account may react, and take back what it wrote.
    async fn reactable(&self, conn: &mut SqliteConnection, id: &ConversationId) -> Result<LogRow> {
        let row = self.working(conn, id).await?;
        let policy = self.core.policy(&row)?;
        let role = policy.role_of(&self.core.identity.account);
        if role.is_some_and(|role| policy.may_react(role)) {
            return Ok(row);
        }
        Err(CoreError::new(
            ErrorKind::Policy,
            "not_allowed",
            "your role in this conversation does not allow you to react",
            "ask an owner or admin of the conversation: `sealwire chat member list`",
        ))
    }

    /// Gives an own message another text; takes effect when the relay has it.
    ///
    /// # Errors
    /// As [`Client::post`]; `not_yours`.
    pub async fn edit(&self, id: &ConversationId, message: &str, text: &str) -> Result<()> {
        check_text(text)?;
        let check =
            |line: &Line, _: bool| match line.info.own && line.info.kind == MessageKind::Text {
                true => Ok(()),
                false => Err(not_yours("edited by whoever wrote it")),
            };
        let text = text.to_owned();
        let say = |target| Outgoing::Edit { target, text };
        self.say_of(id, message, check, say).await
    }

    /// Deletes a message for everyone: an own one, or anybody's for those whose role may.
    ///
    /// # Errors
    /// As [`Client::post`]; `not_yours`; `legal_hold` while a legal hold keeps the conversation.
    pub async fn delete_message(&self, id: &ConversationId, message: &str) -> Result<()> {
        let check = |line: &Line, may_for_others: bool| match line.info.own || may_for_others {
            true => Ok(()),
            false => Err(not_yours("deleted by whoever wrote it, or whose role may")),
        };
        let say = |target| Outgoing::Delete { target };
        self.say_of(id, message, check, say).await
    }

    /// Puts an emoji at a message, or takes it back.
    ///
    /// # Errors
    /// As [`Client::post`]; `bad_reaction`.
    pub async fn react(
        &self,
        id: &ConversationId,
        message: &str,
        emoji: &str,
        on: bool,
    ) -> Result<()> {
        if !is_reaction(emoji) {
            return Err(CoreError::usage(
                "bad_reaction",
                "a reaction is one emoji, without spaces",
                "try 👍",
            ));
        }
        let emoji = emoji.to_owned();
        let say = |target| {
            if on {
                Outgoing::React { target, emoji }
            } else {
                Outgoing::Unreact {
                    target,
                    emoji,
                    reaction: None,
                }
            }
        };
        self.say_of(id, message, |_, _| Ok(()), say).await
    }

    /// Confirms a message that asks for it, with a signature that proves it.
    ///
    /// # Errors
    /// As [`Client::post`]; `not_asked`.
    pub async fn acknowledge(&self, id: &ConversationId, message: &str) -> Result<()> {
        let check = |line: &Line, _: bool| match line.asks && !line.info.own {
            true => Ok(()),
            false => Err(CoreError::usage(
                "not_asked",
                "this message does not ask to be confirmed",
                "react to it instead",
            )),
        };
        let at_s = self.core.now_s();
        let say = |target| Outgoing::Acknowledge { target, at_s };
        self.say_of(id, message, check, say).await
    }

    /// Takes back a message that has not been sent. Returns its text.
    ///
    /// # Errors
    /// `unknown_message`; `already_sent`.
    pub async fn take_back(&self, id: &ConversationId, message: &str) -> Result<String> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let line = self.line(&mut tx, id, message).await?;
        let row = store::outbox_of(&mut tx, line.row).await?;
        let held = store::held_files(&mut tx, line.row, self.core.now_ms()).await?;
        let waiting = match &row {
            Some(row) => row.entry_id.is_none(),
            None => line.info.delivery == Delivery::Failed || !held.is_empty(),
        };
        if !waiting {
            return Err(CoreError::usage(
                "already_sent",
                "the message is on its way or was sent",
                "delete it for everyone instead: `sealwire message delete`",
            ));
        }
        if let Some(row) = row {
            store::remove(&mut tx, row.id).await?;
        }
        let files = store::removed_with(&mut tx, line.row).await?;
        store::remove_message(&mut tx, line.row).await?;
        tx.commit().await?;
        drop(conn);
        self.core.files.drop_removed(&self.core.db, &files).await?;
        self.core.emit(Event::Gone {
            conversation: line.info.conversation,
            message: line.info.id,
        });
        self.core.progressed();
        Ok(line.info.text)
    }
}

fn not_yours(who: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Policy,
        "not_yours",
        format!("a message can only be {who}"),
        "nothing was changed",
    )
}
