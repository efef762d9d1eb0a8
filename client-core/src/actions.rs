//! What a person does to a conversation: found it, change who is in it and who may what, leave.

use std::time::Duration;

use data_encoding::HEXLOWER;
use sealwire_protocol::{
    handle::Handle,
    ids::ConversationId,
    policy::{Action, GroupRole},
};
use sqlx::SqliteConnection;

use crate::{
    client::Client,
    error::{CoreError, ErrorKind, Result},
    random,
    store::{self, IntentState, LogRow, LogState, Outgoing, Wish},
    words::{action_word, parse_action, parse_least_role, parse_role, role_word},
};

/// A change that was asked for; it goes on whether or not anybody waits.
#[derive(Debug, Clone, Copy)]
#[must_use = "the change may still fail: wait for it with `Client::done`"]
pub struct Change(i64);

impl Change {
    pub(crate) const fn new(intent: i64) -> Self {
        Self(intent)
    }
}

fn refused(code: &'static str, message: &str, hint: &str) -> CoreError {
    CoreError::new(ErrorKind::Policy, code, message, hint)
}

impl Client {
    /// The log of a conversation that works on this device.
    pub(crate) async fn working(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
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
        Ok(row)
    }

    /// The log of a conversation in which this account may do `action`.
    pub(crate) async fn writable(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        action: Action,
        words: &str,
    ) -> Result<LogRow> {
        let row = self.working(conn, id).await?;
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

    /// Adds people.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn add_members(&self, id: &ConversationId, members: &[Handle]) -> Result<Change> {
        // Beside the two of a direct conversation, custodians read along.
        let role = if id.is_direct() {
            GroupRole::Reader
        } else {
            GroupRole::Member
        };
        let wish = Wish::Add {
            handles: members.iter().map(ToString::to_string).collect(),
            role: role_word(role).into(),
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
        if id.is_direct() && self.conversation(id).await?.peer == Some(member.to_string()) {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "use_leave",
                "nobody puts the other out of a direct conversation",
                "leave it, or block them: `sealwire contact block`",
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

    /// Says which least role may `action`: add, remove, rename, post, mention-all, delete (messages
    /// of others), describe (topic and picture) or set-timer.
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
        store::enqueue(&mut tx, &row.id, (0, &salt), &Outgoing::LeaveRequest, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(())
    }
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
