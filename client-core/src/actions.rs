//! What a person does: write, found a conversation, change who is in it, leave, come back.

use std::time::Duration;

use data_encoding::HEXLOWER;
use sealwire_protocol::{
    handle::Handle,
    ids::{ConversationId, LogId},
    limits::MAX_TEXT,
    policy::{Action, GroupRole},
};
use sqlx::SqliteConnection;

use crate::{
    api::{Delivery, Event, MessageInfo, MessageKind},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    group, inbox, random,
    store::{self, History, IntentState, LogRow, LogState, NewMessage, Posting, Wish},
    upkeep,
    words::{action_word, parse_action, parse_least_role, parse_role, role_word},
};

/// A change that was asked for; it goes on whether or not anybody waits.
#[derive(Debug, Clone, Copy)]
#[must_use = "the change may still fail: wait for it with `Client::done`"]
pub struct Change(i64);

fn refused(code: &'static str, message: &str, hint: &str) -> CoreError {
    CoreError::new(ErrorKind::Policy, code, message, hint)
}

impl Client {
    /// Stores a message and sends it as soon as possible. Returns its line in the history.
    ///
    /// # Errors
    /// `empty_message`, `message_too_long`, `unknown_conversation`, `not_a_member`,
    /// `not_allowed`, or the reason why the conversation is stopped.
    pub async fn send(&self, id: &ConversationId, text: &str) -> Result<MessageInfo> {
        if text.is_empty() {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "empty_message",
                "the message is empty",
                "write something",
            ));
        }
        if text.len() > MAX_TEXT {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "message_too_long",
                format!("the message has {} bytes; {MAX_TEXT} fit", text.len()),
                "send it in parts",
            ));
        }
        let salt = random::salt();
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self.writable(&mut tx, id, Action::Post, "write").await?;
        let message = NewMessage {
            conversation: *id,
            salt,
            sender: Some(&self.core.identity.account),
            sender_handle: self.core.identity.handle.to_string(),
            own: true,
            kind: MessageKind::Text,
            text,
            content: &[],
            at_ms: self.core.now_ms(),
            delivery: Delivery::Pending,
        };
        let mut history = History::open(&mut tx, id).await?;
        let (message, info) = store::insert_message(&mut tx, &message, &mut history)
            .await?
            .ok_or_else(|| CoreError::internal("a message id was drawn twice"))?;
        store::enqueue(&mut tx, &row.id, message, &salt, "").await?;
        tx.commit().await?;
        drop(conn);
        self.core.emit(Event::Message(info.clone()));
        self.core.wake(&row.id);
        Ok(info)
    }

    /// The log of a conversation in which this account may do `action`.
    pub(crate) async fn writable(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        action: Action,
        words: &str,
    ) -> Result<LogRow> {
        let row = self.log_row(conn, id).await?;
        match &row.state {
            LogState::Active | LogState::Creating => {}
            LogState::Removed => {
                return Err(refused(
                    "not_a_member",
                    "you are no longer a member of this conversation",
                    "its history stays readable; ask a member to add you again",
                ));
            }
            LogState::Rejoining => {
                return Err(CoreError::new(
                    ErrorKind::Halted,
                    "rejoining",
                    "this device waits to be added to the conversation",
                    "keep Sealwire open here and on another device of a member",
                ));
            }
            LogState::Halted(reason) => {
                return Err(CoreError::new(
                    ErrorKind::Halted,
                    "halted",
                    "the conversation is stopped on this device",
                    reason.clone(),
                ));
            }
        }
        let policy = self.core.policy(&row)?;
        let role = policy.role_of(&self.core.identity.account);
        if !role.is_some_and(|role| policy.may(role, action)) {
            return Err(refused(
                "not_allowed",
                &format!("your role in this conversation does not allow you to {words}"),
                "ask an owner or admin of the conversation: `sealwire chat member list`",
            ));
        }
        Ok(row)
    }

    /// Founds a conversation with `members`; the change is done when they are added.
    ///
    /// # Errors
    /// `bad_name`; those of the directory come with [`Client::done`].
    pub async fn create_conversation(
        &self,
        name: &str,
        members: &[Handle],
    ) -> Result<(ConversationId, Option<Change>)> {
        let own = &self.core.identity.handle;
        let mut handles: Vec<String> = members
            .iter()
            .filter(|handle| *handle != own)
            .map(ToString::to_string)
            .collect();
        handles.sort();
        handles.dedup();
        let (id, log, intent) = group::create(&self.core, name, handles).await?;
        self.follow(log);
        self.core.emit_conversation(&id).await?;
        Ok((id, intent.map(Change)))
    }

    /// Adds people.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn add_members(&self, id: &ConversationId, members: &[Handle]) -> Result<Change> {
        let wish = Wish::Add {
            handles: members.iter().map(ToString::to_string).collect(),
            role: role_word(GroupRole::Member).into(),
        };
        self.wish(id, Action::Add, "add people", wish).await
    }

    /// Removes somebody with all their devices.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn remove_member(&self, id: &ConversationId, member: &Handle) -> Result<Change> {
        if *member == self.core.identity.handle {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "use_leave",
                "you cannot remove yourself",
                "leave instead: `sealwire chat leave`",
            ));
        }
        let wish = Wish::Remove {
            handle: member.to_string(),
        };
        self.wish(id, Action::Remove, "remove people", wish).await
    }

    /// Renames a conversation.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn rename(&self, id: &ConversationId, name: &str) -> Result<Change> {
        let wish = Wish::Rename { name: name.into() };
        self.wish(id, Action::Rename, "rename it", wish).await
    }

    /// Gives a member a role: owner, admin, member or reader.
    ///
    /// # Errors
    /// As [`Client::send`]; the group's rules come with [`Client::done`].
    pub async fn set_role(
        &self,
        id: &ConversationId,
        member: &Handle,
        role: &str,
    ) -> Result<Change> {
        let wish = Wish::SetRole {
            handle: member.to_string(),
            role: role_word(parse_role(role)?).into(),
        };
        self.wish(id, Action::Add, "change roles", wish).await
    }

    /// Says which least role may `action` (add, remove, rename, post).
    ///
    /// # Errors
    /// As [`Client::send`]; the group's rules come with [`Client::done`].
    pub async fn set_permission(
        &self,
        id: &ConversationId,
        action: &str,
        least: &str,
    ) -> Result<Change> {
        let wish = Wish::SetPermission {
            action: action_word(parse_action(action)?).into(),
            role: {
                parse_least_role(least)?;
                least.into()
            },
        };
        self.wish(id, Action::Rename, "change the rules", wish)
            .await
    }

    /// Gives this device's leaf fresh keys at once.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn update_leaf(&self, id: &ConversationId) -> Result<Change> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self.log_row(&mut tx, id).await?;
        let intent = store::add_intent(&mut tx, &row.id, &Wish::UpdateLeaf, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(Change(intent))
    }

    async fn wish(
        &self,
        id: &ConversationId,
        action: Action,
        words: &str,
        wish: Wish,
    ) -> Result<Change> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self.writable(&mut tx, id, action, words).await?;
        let intent = store::add_intent(&mut tx, &row.id, &wish, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(Change(intent))
    }

    /// Waits until a change is made.
    ///
    /// # Errors
    /// Why it was not made; `timed_out` if it is still under way after `limit`.
    pub async fn done(&self, change: Change, limit: Duration) -> Result<()> {
        let mut progress = self.core.progress.subscribe();
        let wait = async {
            loop {
                progress.borrow_and_update();
                let state = {
                    let mut conn = self.core.db.readers.acquire().await?;
                    store::intent_state(&mut conn, change.0).await?
                };
                match state {
                    IntentState::Done => return Ok(()),
                    IntentState::Failed(failure) => return Err(failure.into()),
                    IntentState::Waiting => {}
                }
                if progress.changed().await.is_err() {
                    return Err(CoreError::internal("the client has ended"));
                }
            }
        };
        tokio::time::timeout(limit, wait).await.unwrap_or_else(|_| {
            Err(CoreError::new(
                ErrorKind::Io,
                "timed_out",
                "the change is not made yet",
                "it is stored and will be made as soon as the relay answers",
            ))
        })
    }

    /// Asks to leave a conversation: a member who may remove people does the rest.
    ///
    /// # Errors
    /// `last_owner` if nobody could take this account out.
    pub async fn leave(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self.log_row(&mut tx, id).await?;
        let policy = self.core.policy(&row)?;
        let own = self.core.identity.account;
        let own_role = policy.role_of(&own);
        let others = policy.members().filter(|(account, _)| **account != own);
        if row.state != LogState::Active {
            return Err(CoreError::new(
                ErrorKind::Halted,
                "halted",
                "the conversation does not work on this device, so nobody can be asked",
                "`sealwire chat show` says why",
            ));
        }
        let mut roles = others.map(|(_, role)| role);
        let someone = roles.any(|role| match own_role {
            Some(GroupRole::Owner | GroupRole::Admin) => role == GroupRole::Owner,
            _ => policy.may(role, Action::Remove),
        });
        if !someone {
            return Err(refused(
                "last_owner",
                "nobody else could take you out of this conversation",
                "make another member owner first: `sealwire chat member role`",
            ));
        }
        let salt = random::salt();
        store::enqueue(&mut tx, &row.id, 0, &salt, store::LEAVE_REQUEST).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(())
    }

    /// Asks the account's other devices, then the members, to seat this device anew.
    ///
    /// # Errors
    /// `nobody_to_ask` if this profile knows no other device of the group.
    pub async fn rejoin(&self, id: &ConversationId) -> Result<()> {
        let log = {
            let mut conn = self.core.db.readers.acquire().await?;
            self.log_row(&mut conn, id).await?.id
        };
        request_seat(&self.core, log).await?;
        self.core.wake(&log);
        self.core.emit_conversation(id).await
    }
}

/// Stores rejoin requests for a group: own devices now, members a minute later. Whoever comes
/// second finds the wish met.
pub(crate) async fn request_seat(core: &crate::core::Core, log: LogId) -> Result<()> {
    const ASKED: usize = 5;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let mut row = LogRow::load(&mut tx, &log)
        .await?
        .ok_or_else(|| CoreError::internal("the group is not in the profile"))?;
    let package = upkeep::make_in(core, &mut tx, false)?;
    store::add_key_package(
        &mut tx,
        &store::KeyPackageRow {
            uploaded: true,
            ..package.clone()
        },
    )
    .await?;
    let mut members = store::members(&mut tx, &log).await?;
    members.retain(|leaf| leaf.device() != core.identity.device);
    if members.is_empty() {
        return Err(CoreError::new(
            ErrorKind::Usage,
            "nobody_to_ask",
            "this profile knows no other device in the conversation",
            "ask a member to remove and add you",
        ));
    }
    let own = core.identity.account;
    members.sort_by_key(|leaf| (*leaf.account() != own, rand::random::<u32>()));
    for leaf in members.iter().take(ASKED) {
        let (device, envelope) = inbox::rejoin_envelope(core, log, package.body.clone(), leaf)?;
        let wait = if *leaf.account() == own { 0 } else { 60_000 };
        let posting = Posting::Envelope { device, envelope };
        let due = core.now_ms() + wait.min(core.options.welcome_delay_max_ms);
        store::add_posting(&mut tx, &posting, due).await?;
    }
    row.state = LogState::Rejoining;
    row.leaf_due_at = core.now_ms() + group::ASK_AGAIN_MS;
    row.save(&mut tx, None).await?;
    tx.commit().await?;
    core.postings.notify_one();
    Ok(())
}

/// Parses the hexadecimal identifier of a conversation.
///
/// # Errors
/// `unknown_conversation`.
pub fn parse_conversation(text: &str) -> Result<ConversationId> {
    let bytes = HEXLOWER
        .decode(text.as_bytes())
        .map_err(|_| crate::reading::unknown_conversation())?;
    ConversationId::from_slice(&bytes).map_err(|_| crate::reading::unknown_conversation())
}
