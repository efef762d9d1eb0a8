//! The bytes of a policy.

use std::collections::BTreeMap;

use prost::Message;
use sealwire_crypto::AccountPublic;

use super::{
    Action, AgentRule, Avatar, GroupKind, GroupPolicy, GroupRole, LeastRole, PolicyError, Settings,
    check_name,
};
use crate::{canonical, ids::ConversationId, limits::MAX_GROUP_MEMBERS};

#[derive(Clone, PartialEq, Message)]
struct WirePolicy {
    #[prost(uint32, tag = "1")]
    version: u32,
    #[prost(bytes = "vec", tag = "2")]
    conversation: Vec<u8>,
    #[prost(string, tag = "3")]
    name: String,
    #[prost(message, repeated, tag = "4")]
    members: Vec<WireMember>,
    #[prost(uint32, tag = "5")]
    who_may_add: u32,
    #[prost(uint32, tag = "6")]
    who_may_remove: u32,
    #[prost(uint32, tag = "7")]
    who_may_rename: u32,
    #[prost(uint32, tag = "8")]
    who_may_post: u32,
    #[prost(uint32, tag = "9")]
    kind: u32,
    #[prost(string, tag = "10")]
    topic: String,
    #[prost(bytes = "vec", tag = "11")]
    avatar: Vec<u8>,
    #[prost(uint32, tag = "12")]
    retention_s: u32,
    #[prost(uint32, tag = "13")]
    timer_s: u32,
    #[prost(bool, tag = "14")]
    custodian_required: bool,
    #[prost(uint32, tag = "15")]
    agents: u32,
    #[prost(bool, tag = "16")]
    receipts_allowed: bool,
    #[prost(uint32, tag = "17")]
    who_may_mention_all: u32,
    #[prost(uint32, tag = "18")]
    who_may_delete: u32,
    #[prost(uint32, tag = "19")]
    who_may_describe: u32,
    #[prost(uint32, tag = "20")]
    who_may_time: u32,
}

#[derive(Clone, PartialEq, Message)]
struct WireMember {
    #[prost(bytes = "vec", tag = "1")]
    account_key: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
}

impl WirePolicy {
    /// Everything but what version 1 has.
    const fn has_version_2_fields(&self) -> bool {
        self.kind != 0
            || !self.topic.is_empty()
            || !self.avatar.is_empty()
            || self.retention_s != 0
            || self.timer_s != 0
            || self.custodian_required
            || self.agents != 0
            || self.receipts_allowed
            || self.who_may_mention_all != 0
            || self.who_may_delete != 0
            || self.who_may_describe != 0
            || self.who_may_time != 0
    }

    fn settings(&self) -> Result<Settings, PolicyError> {
        if self.version == GroupPolicy::VERSION_1 {
            return if self.has_version_2_fields() {
                Err(PolicyError::Malformed)
            } else {
                Ok(Settings::of_version_1())
            };
        }
        let settings = Settings {
            kind: GroupKind::from_wire(self.kind).ok_or(PolicyError::Malformed)?,
            topic: self.topic.clone(),
            avatar: Avatar::new(self.avatar.clone())?,
            retention_s: self.retention_s,
            timer_s: self.timer_s,
            custodian_required: self.custodian_required,
            agents: AgentRule::from_wire(self.agents).ok_or(PolicyError::Malformed)?,
            receipts_allowed: self.receipts_allowed,
        };
        settings.check()?;
        Ok(settings)
    }

    /// The least roles in the order of [`Action::ALL`].
    fn least(&self) -> Result<[LeastRole; Action::ALL.len()], PolicyError> {
        let mut least = Action::ALL.map(Action::default);
        for (least, action) in least.iter_mut().zip(Action::ALL) {
            if self.version == GroupPolicy::VERSION_1 && !action.in_version_1() {
                continue;
            }
            let value = match action {
                Action::Add => self.who_may_add,
                Action::Remove => self.who_may_remove,
                Action::Rename => self.who_may_rename,
                Action::Post => self.who_may_post,
                Action::MentionAll => self.who_may_mention_all,
                Action::Delete => self.who_may_delete,
                Action::Describe => self.who_may_describe,
                Action::Timer => self.who_may_time,
            };
            *least = LeastRole::from_wire(value).ok_or(PolicyError::Malformed)?;
        }
        Ok(least)
    }
}

impl GroupPolicy {
    /// The one encoding: the content of the extension.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let member = |(account, role): (&AccountPublic, GroupRole)| WireMember {
            account_key: account.as_bytes().to_vec(),
            role: role as u32,
        };
        let least = |action: Action| self.least[action as usize] as u32;
        let first = WirePolicy {
            version: self.version,
            conversation: self.conversation.0.to_vec(),
            name: self.name.clone(),
            members: self.members().map(member).collect(),
            who_may_add: least(Action::Add),
            who_may_remove: least(Action::Remove),
            who_may_rename: least(Action::Rename),
            who_may_post: least(Action::Post),
            ..WirePolicy::default()
        };
        if self.version == Self::VERSION_1 {
            return first.encode_to_vec();
        }
        let settings = &self.settings;
        WirePolicy {
            kind: settings.kind as u32,
            topic: settings.topic.clone(),
            avatar: settings.avatar.as_bytes().to_vec(),
            retention_s: settings.retention_s,
            timer_s: settings.timer_s,
            custodian_required: settings.custodian_required,
            agents: settings.agents as u32,
            receipts_allowed: settings.receipts_allowed,
            who_may_mention_all: least(Action::MentionAll),
            who_may_delete: least(Action::Delete),
            who_may_describe: least(Action::Describe),
            who_may_time: least(Action::Timer),
            ..first
        }
        .encode_to_vec()
    }

    /// Reads the content of the extension, canonical form only.
    ///
    /// # Errors
    /// [`PolicyError::UnknownVersion`] if it is of a newer version, which says nothing about
    /// whether it is valid; others say which rule it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        match canonical::version(bytes) {
            Some(Self::VERSION_1 | Self::VERSION) => {}
            None | Some(0) => return Err(PolicyError::Malformed),
            Some(version) => return Err(PolicyError::UnknownVersion(version)),
        }
        let wire: WirePolicy = canonical::decode(bytes).ok_or(PolicyError::Malformed)?;
        check_name(&wire.name)?;
        let policy = Self {
            version: wire.version,
            conversation: ConversationId::from_slice(&wire.conversation)
                .map_err(|_| PolicyError::Malformed)?,
            members: read_members(&wire.members)?,
            settings: wire.settings()?,
            least: wire.least()?,
            name: wire.name,
        };
        if !policy.members().any(|(_, role)| role == GroupRole::Owner) {
            return Err(PolicyError::NoOwner);
        }
        policy.check_direct()?;
        Ok(policy)
    }
}

fn read_members(wire: &[WireMember]) -> Result<BTreeMap<AccountPublic, GroupRole>, PolicyError> {
    if wire.len() > MAX_GROUP_MEMBERS {
        return Err(PolicyError::TooManyMembers);
    }
    if !wire.is_sorted_by(|one, next| one.account_key < next.account_key) {
        return Err(PolicyError::Malformed);
    }
    wire.iter()
        .map(|member| {
            let account = AccountPublic::from_bytes(&member.account_key).ok()?;
            Some((account, GroupRole::from_wire(member.role)?))
        })
        .collect::<Option<_>>()
        .ok_or(PolicyError::Malformed)
}
