//! The bytes of a policy.

use std::collections::BTreeMap;

use prost::Message;
use sealwire_crypto::AccountPublic;

use super::{Action, GroupPolicy, GroupRole, LeastRole, PolicyError, check_name};
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
}

#[derive(Clone, PartialEq, Message)]
struct WireMember {
    #[prost(bytes = "vec", tag = "1")]
    account_key: Vec<u8>,
    #[prost(uint32, tag = "2")]
    role: u32,
}

impl GroupPolicy {
    /// The one encoding: the content of the extension.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let member = |(account, role): (&AccountPublic, GroupRole)| WireMember {
            account_key: account.as_bytes().to_vec(),
            role: role as u32,
        };
        WirePolicy {
            version: Self::VERSION,
            conversation: self.conversation.0.to_vec(),
            name: self.name.clone(),
            members: self.members().map(member).collect(),
            who_may_add: self.least(Action::Add) as u32,
            who_may_remove: self.least(Action::Remove) as u32,
            who_may_rename: self.least(Action::Rename) as u32,
            who_may_post: self.least(Action::Post) as u32,
        }
        .encode_to_vec()
    }

    /// Reads the content of the extension, canonical form only.
    ///
    /// # Errors
    /// [`PolicyError::UnknownVersion`] if it is of another version, which says nothing about
    /// whether it is valid; others say which rule it breaks.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        match canonical::version(bytes) {
            Some(Self::VERSION) => {}
            Some(version) => return Err(PolicyError::UnknownVersion(version)),
            None => return Err(PolicyError::Malformed),
        }
        let wire: WirePolicy = canonical::decode(bytes).ok_or(PolicyError::Malformed)?;
        check_name(&wire.name)?;
        let least = |value| LeastRole::from_wire(value).ok_or(PolicyError::Malformed);
        let policy = Self {
            conversation: ConversationId::from_slice(&wire.conversation)
                .map_err(|_| PolicyError::Malformed)?,
            members: read_members(&wire.members)?,
            name: wire.name,
            least: [
                least(wire.who_may_add)?,
                least(wire.who_may_remove)?,
                least(wire.who_may_rename)?,
                least(wire.who_may_post)?,
            ],
        };
        if !policy.members().any(|(_, role)| role == GroupRole::Owner) {
            return Err(PolicyError::NoOwner);
        }
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
