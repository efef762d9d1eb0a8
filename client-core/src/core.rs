//! What every part of a running client shares.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard},
    time::{SystemTime, UNIX_EPOCH},
};

use openmls_rust_crypto::RustCrypto;
use sealwire_protocol::{
    certificate::DeviceCertificate,
    ids::{ConversationId, LogId},
    organisation_policy::OrganisationPolicy,
    policy::{GroupKind, GroupPolicy},
};
use sqlx::SqliteConnection;
use tokio::sync::{Notify, broadcast};

use crate::{
    api::{ConversationInfo, ConversationState, Event, MessageInfo, Options},
    error::{CoreError, Result},
    files::Transfers,
    net::{AccountClient, GroupSocket},
    profile::Database,
    store::{self, Identity, LogRow, LogState},
    transparency::Transparency,
    typing::TypingHere,
    unseen::Unseen,
    words::{group_kind_word, role_word},
};

/// Events kept for a front that is slow to read them.
const EVENTS: usize = 8_192;

/// Shared by the actors of groups, the inbox, the poster and the API.
pub(crate) struct Core {
    pub(crate) db: Database,
    pub(crate) crypto: RustCrypto,
    pub(crate) identity: Identity,
    pub(crate) certificate: DeviceCertificate,
    pub(crate) options: Options,
    pub(crate) account: AccountClient,
    pub(crate) socket: GroupSocket,
    pub(crate) files: Transfers,
    pub(crate) events: broadcast::Sender<Event>,
    /// Wakes the poster.
    pub(crate) postings: Notify,
    /// Wakes key package and inbox upkeep.
    pub(crate) upkeep: Notify,
    /// Wakes the removal of messages that disappear.
    pub(crate) expiry: Notify,
    /// Wakes the removal of what is kept no longer.
    pub(crate) retention: Notify,
    /// Rung after content was deleted, so that it leaves the write-ahead log as well.
    pub(crate) erasures: Notify,
    /// Told after every step, for those who wait for a state.
    pub(crate) progress: tokio::sync::watch::Sender<u64>,
    /// The person was told that the clock is wrong.
    pub(crate) clock_warned: std::sync::atomic::AtomicBool,
    erasure: Mutex<Option<bool>>,
    wakes: Mutex<HashMap<LogId, Arc<Notify>>>,
    followed: Mutex<HashSet<LogId>>,
    caught_up: Mutex<HashSet<LogId>>,
    policies: Mutex<HashMap<LogId, Policy>>,
    unseen: Mutex<Unseen>,
    pub(crate) typing: TypingHere,
    pub(crate) transparency: Transparency,
    pub(crate) organisation_policy: Mutex<Option<Arc<OrganisationPolicy>>>,
}

/// A policy and the bytes it was read from.
type Policy = (Vec<u8>, Arc<GroupPolicy>);

impl Core {
    pub(crate) fn new(
        db: Database,
        identity: Identity,
        certificate: DeviceCertificate,
        options: Options,
        account: AccountClient,
        socket: GroupSocket,
        files: Transfers,
    ) -> Self {
        Self {
            db,
            crypto: RustCrypto::default(),
            identity,
            certificate,
            options,
            account,
            socket,
            files,
            events: broadcast::Sender::new(EVENTS),
            postings: Notify::new(),
            upkeep: Notify::new(),
            expiry: Notify::new(),
            retention: Notify::new(),
            erasures: Notify::new(),
            progress: tokio::sync::watch::Sender::new(0),
            clock_warned: std::sync::atomic::AtomicBool::new(false),
            erasure: Mutex::default(),
            wakes: Mutex::default(),
            followed: Mutex::default(),
            caught_up: Mutex::default(),
            policies: Mutex::default(),
            unseen: Mutex::default(),
            typing: TypingHere::default(),
            transparency: Transparency::default(),
            organisation_policy: Mutex::default(),
        }
    }

    /// Milliseconds since the Unix epoch by this device's clock.
    pub(crate) fn now_ms(&self) -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let ms = since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX));
        ms.saturating_add_signed(self.options.clock_offset_s.saturating_mul(1_000))
    }

    /// Seconds since the Unix epoch by this device's clock.
    pub(crate) fn now_s(&self) -> u64 {
        self.now_ms() / 1_000
    }

    /// Tells the fronts, unless it concerns what this device does not show.
    pub(crate) fn emit(&self, event: Event) {
        if let Some(event) = self.unseen().pass(event) {
            // Nobody listening is an ordinary state.
            let _ = self.events.send(event);
        }
    }

    /// Whom and what this device does not show.
    pub(crate) fn unseen(&self) -> MutexGuard<'_, Unseen> {
        self.unseen
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Changes whom and what this device does not show.
    pub(crate) fn set_unseen(&self, unseen: Unseen) {
        *self.unseen() = unseen;
    }

    /// Whether the person was told that the account is erased, and whether the relay knew by then that this
    /// device knows.
    pub(crate) fn erasure(&self) -> MutexGuard<'_, Option<bool>> {
        self.erasure
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Tells the fronts something a person should know.
    pub(crate) fn warn(&self, conversation: Option<&ConversationId>, text: impl Into<String>) {
        self.emit(Event::Warning {
            conversation: conversation.map(ToString::to_string),
            text: text.into(),
        });
    }

    /// The bell of a group's actor.
    pub(crate) fn bell(&self, log: &LogId) -> Arc<Notify> {
        let mut wakes = self
            .wakes
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        wakes.entry(*log).or_default().clone()
    }

    /// Wakes a group's actor.
    pub(crate) fn wake(&self, log: &LogId) {
        self.bell(log).notify_one();
    }

    /// Claims a group for its one actor; `false` if it has one.
    pub(crate) fn start_following(&self, log: &LogId) -> bool {
        let mut followed = self
            .followed
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        followed.insert(*log)
    }

    /// A group's log was read to its end.
    pub(crate) fn note_caught_up(&self, log: &LogId) {
        let mut caught_up = self
            .caught_up
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if caught_up.insert(*log) {
            self.progressed();
        }
    }

    /// Whether a group's log was read to its end since the client started.
    pub(crate) fn has_caught_up(&self, log: &LogId) -> bool {
        self.caught_up
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner())
            .contains(log)
    }

    /// Something changed that somebody may wait for.
    pub(crate) fn progressed(&self) {
        self.progress.send_modify(|step| *step += 1);
    }

    /// The policy of a group's present epoch. Reading one checks every account key, which costs
    /// more than all else that is done for a message, so the newest of each group is kept.
    pub(crate) fn policy(&self, row: &LogRow) -> Result<Arc<GroupPolicy>> {
        let mut policies = self
            .policies
            .lock()
            .unwrap_or_else(|poisoned| poisoned.into_inner());
        if let Some((bytes, policy)) = policies.get(&row.id)
            && *bytes == row.policy
        {
            return Ok(policy.clone());
        }
        let policy = Arc::new(GroupPolicy::parse(&row.policy).map_err(CoreError::internal)?);
        policies.insert(row.id, (row.policy.clone(), policy.clone()));
        Ok(policy)
    }

    /// Lines as fronts see them, with what belongs to each.
    pub(crate) async fn complete(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
        lines: Vec<store::Line>,
    ) -> Result<Vec<MessageInfo>> {
        let mut messages = store::complete(conn, id, &self.identity.account, lines).await?;
        let unseen = self.unseen();
        messages.iter_mut().for_each(|message| unseen.fold(message));
        Ok(messages)
    }

    /// What fronts show of a conversation.
    pub(crate) async fn conversation_info(
        &self,
        conn: &mut SqliteConnection,
        id: &ConversationId,
    ) -> Result<Option<ConversationInfo>> {
        let Some(conversation) = store::conversation(conn, id).await? else {
            return Ok(None);
        };
        let (policy, state, epoch) = match LogRow::load(conn, &conversation.log).await? {
            Some(row) => (self.policy(&row).ok(), state_of(&row.state), row.mark.epoch),
            None if store::is_imported(conn, id).await? => (None, ConversationState::Imported, 0),
            None => return Ok(None),
        };
        let kind = policy
            .as_ref()
            .map_or(GroupKind::Group, |policy| policy.kind());
        let direct = kind == GroupKind::Direct;
        let peer = direct.then(|| conversation.name.clone());
        let (nickname, peer_kind) = match &peer {
            Some(peer) => (
                store::person_setting(conn, peer).await?.nickname,
                Some(store::kind_of(conn, peer).await?),
            ),
            None => (String::new(), None),
        };
        Ok(Some(ConversationInfo {
            id: conversation.id.to_string(),
            name: if nickname.is_empty() {
                conversation.name
            } else {
                nickname
            },
            kind: group_kind_word(kind).into(),
            peer,
            peer_kind,
            topic: policy
                .as_ref()
                .map_or_else(String::new, |policy| policy.settings().topic.clone()),
            local: store::local_settings(conn, id).await?,
            state,
            member_count: policy.as_ref().map_or(0, |policy| policy.members().len()),
            role: policy
                .and_then(|policy| policy.role_of(&self.identity.account))
                .map(|role| role_word(role).to_owned()),
            epoch,
            unread: conversation.unread,
            mentions_unread: conversation.mentions_unread,
            read_position: conversation.read_position,
            newest_at: (conversation.newest_at > 0).then_some(conversation.newest_at),
            holds: store::holds_on(conn, id).await?,
        }))
    }

    /// Tells the fronts how a conversation now is.
    pub(crate) async fn emit_conversation(&self, id: &ConversationId) -> Result<()> {
        let mut conn = self.db.readers.acquire().await?;
        if let Some(info) = self.conversation_info(&mut conn, id).await? {
            self.emit(Event::Conversation(info));
        }
        Ok(())
    }
}

fn state_of(state: &LogState) -> ConversationState {
    match state {
        LogState::Creating | LogState::Active => ConversationState::Active,
        LogState::Removed => ConversationState::Removed,
        LogState::Rejoining => ConversationState::Rejoining,
        LogState::Halted(reason) => ConversationState::Halted(reason.clone()),
    }
}
