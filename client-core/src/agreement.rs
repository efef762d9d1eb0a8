//! What the members of a conversation agree on beside roles: topic, picture, retention, timer,
//! custodians, agents, receipts, announcements.

use sealwire_protocol::{
    certificate::{DeviceCertificate, DeviceKind},
    ids::ConversationId,
    policy::{Action, Avatar, GroupKind, GroupPolicy, PolicyError, check_change},
};
use sqlx::SqliteConnection;

use crate::{
    actions::Change,
    api::{PolicyInfo, Setting},
    client::Client,
    core::Core,
    error::{CoreError, ErrorKind, Result},
    store::{self, LogRow, Wish},
    words::{action_word, agents_word, group_kind_word, parse_agents, role_word},
};

impl Setting {
    /// The policy with this setting.
    pub(crate) fn apply(&self, policy: &GroupPolicy) -> Result<GroupPolicy> {
        let mut settings = policy.settings().clone();
        match self {
            Self::Topic(topic) => settings.topic.clone_from(topic),
            Self::Avatar(bytes) => {
                settings.avatar = Avatar::new(bytes.clone()).map_err(|error| bad(&error))?;
            }
            Self::Retention(seconds) => settings.retention_s = *seconds,
            Self::Timer(seconds) => settings.timer_s = *seconds,
            Self::CustodianRequired(required) => settings.custodian_required = *required,
            Self::Agents(rule) => settings.agents = parse_agents(rule)?,
            Self::Receipts(allowed) => settings.receipts_allowed = *allowed,
            Self::Announcement(announcement) => {
                settings.kind = match (settings.kind, announcement) {
                    (GroupKind::Direct, true) => return Err(bad(&PolicyError::Direct)),
                    (GroupKind::Direct, false) => GroupKind::Direct,
                    (_, true) => GroupKind::Announcement,
                    (_, false) => GroupKind::Group,
                };
            }
        }
        let mut next = policy.clone();
        next.set_settings(settings).map_err(|error| bad(&error))?;
        Ok(next)
    }
}

fn bad(error: &PolicyError) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "bad_setting",
        error.to_string(),
        "`sealwire chat policy show` shows what is set now",
    )
}

impl Client {
    /// Changes what the members of a conversation agree on.
    ///
    /// # Errors
    /// `bad_setting`; `not_allowed`; those of [`Client::send`].
    pub async fn set(&self, id: &ConversationId, setting: Setting) -> Result<Change> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        let row = self.working(&mut tx, id).await?;
        let policy = self.core.policy(&row)?;
        let next = setting.apply(&policy)?;
        let own = &self.core.identity.account;
        check_change(&policy, &next, own, &[], &[], &[]).map_err(|violation| {
            CoreError::new(
                ErrorKind::Policy,
                "not_allowed",
                format!("the conversation's rules do not allow this: {violation}"),
                "ask an owner or admin of the conversation: `sealwire chat member list`",
            )
        })?;
        let intent = store::add_intent(&mut tx, &row.id, &Wish::Set { setting }, 0).await?;
        tx.commit().await?;
        drop(conn);
        self.core.wake(&row.id);
        Ok(Change::new(intent))
    }

    /// The rules of a conversation.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn policy(&self, id: &ConversationId) -> Result<PolicyInfo> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = self.log_row(&mut conn, id).await?;
        let policy = self.core.policy(&row)?;
        let leaves = store::members(&mut conn, &row.id).await?;
        let settings = policy.settings();
        Ok(PolicyInfo {
            version: policy.version(),
            kind: group_kind_word(settings.kind).into(),
            topic: settings.topic.clone(),
            avatar_bytes: settings.avatar.as_bytes().len(),
            retention_s: settings.retention_s,
            timer_s: settings.timer_s,
            custodian_required: settings.custodian_required,
            custodian_present: has_custodian(&leaves),
            agents: agents_word(settings.agents).into(),
            receipts: settings.receipts_allowed,
            permissions: Action::ALL
                .into_iter()
                .map(|action| {
                    let least = role_word(policy.least(action).into());
                    (action_word(action).into(), least.into())
                })
                .collect(),
        })
    }

    /// The conversation's picture: PNG, JPEG or WebP; empty if it has none.
    ///
    /// # Errors
    /// `unknown_conversation`.
    pub async fn avatar(&self, id: &ConversationId) -> Result<Vec<u8>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let row = self.log_row(&mut conn, id).await?;
        let policy = self.core.policy(&row)?;
        Ok(policy.settings().avatar.as_bytes().to_vec())
    }
}

fn has_custodian(leaves: &[DeviceCertificate]) -> bool {
    leaves
        .iter()
        .any(|leaf| leaf.kind() == DeviceKind::Custodian)
}

/// Whether text may be sent: a conversation that requires a records custodian waits for one. Each
/// device keeps to that by itself; it is no rule by which commits or messages are judged.
pub(crate) async fn may_send(
    core: &Core,
    conn: &mut SqliteConnection,
    row: &LogRow,
) -> Result<bool> {
    let Ok(policy) = core.policy(row) else {
        // Whoever waits for a seat knows no policy yet, and sends nothing.
        return Ok(true);
    };
    if !policy.settings().custodian_required {
        return Ok(true);
    }
    let leaves = store::members(conn, &row.id).await?;
    // Whoever claims to be one does not suffice where the organisation says who is.
    let named = core.organisation_policy();
    let named = named.as_ref().map_or(&[][..], |policy| &policy.custodians);
    Ok(match named {
        [] => has_custodian(&leaves),
        named => leaves
            .iter()
            .any(|leaf| leaf.kind() == DeviceKind::Custodian && named.contains(leaf.handle())),
    })
}

/// What a person is told who writes before the custodian is there.
pub(crate) fn no_custodian() -> CoreError {
    CoreError::new(
        ErrorKind::Policy,
        "no_custodian",
        "this conversation requires a records custodian, and none is in it",
        "ask an owner or admin to add one: `sealwire chat member add`",
    )
}
