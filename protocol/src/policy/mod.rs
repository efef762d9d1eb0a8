//! The group's policy: who belongs to it and who may do what, agreed by all members in an
//! extension of the GroupContext (RFC 9420 §8.1).
//!
//! ```proto
//! message GroupPolicy {
//!   uint32 version = 1;           // 1 or 2
//!   bytes conversation = 2;       // 16
//!   string name = 3;              // at most 256 bytes
//!   repeated Member members = 4;  // in ascending order of key, each once
//!   uint32 who_may_add = 5;       // least role: owner 1, admin 2, member 3
//!   uint32 who_may_remove = 6;
//!   uint32 who_may_rename = 7;
//!   uint32 who_may_post = 8;
//!   // version 2:
//!   uint32 kind = 9;              // group 1, direct 2, announcement 3
//!   string topic = 10;            // at most 1,024 bytes
//!   bytes avatar = 11;            // at most 16,384 bytes
//!   uint32 retention_s = 12;      // 0, or 86,400 to 315,360,000
//!   uint32 timer_s = 13;          // 0, or 30 to 2,419,200
//!   bool custodian_required = 14;
//!   uint32 agents = 15;           // added by nobody 0, admins 1, anybody who may add 2
//!   bool receipts_allowed = 16;
//!   uint32 who_may_mention_all = 17;
//!   uint32 who_may_delete = 18;   // messages of others
//!   uint32 who_may_describe = 19; // topic, avatar
//!   uint32 who_may_time = 20;     // timer_s
//! }
//! message Member { bytes account_key = 1; uint32 role = 2; }  // 32; owner 1 … reader 4
//! ```

mod change;
mod direct;
mod role;
mod settings;
mod wire;

pub use change::{PolicyViolation, check_change};
pub use role::{Action, GroupRole, LeastRole};
pub use settings::{
    AgentRule, Avatar, GroupKind, MAX_AVATAR, MAX_TOPIC, RETENTION_S, Settings, TIMER_S,
};

use std::collections::BTreeMap;

use sealwire_crypto::AccountPublic;
use unicode_normalization::UnicodeNormalization;

use crate::{ids::ConversationId, limits::MAX_GROUP_MEMBERS};

/// Type of the extension; in the private-use range 0xF000 to 0xFFFF (RFC 9420 §17.3).
pub const EXTENSION_TYPE: u16 = 0xf5a1;
/// Longest name in bytes.
pub const MAX_GROUP_NAME: usize = 256;

/// Why bytes are not a policy, or a policy cannot be made so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PolicyError {
    /// Of a version this program does not know. Members halt on it: who guesses what a newer
    /// policy allows may part from the others.
    #[error("group policy version {0} is not known; update this program")]
    UnknownVersion(u32),
    /// Not in the one form.
    #[error("group policy is not in canonical form")]
    Malformed,
    /// The name is too long or holds a control character.
    #[error("a group's name has at most 256 bytes and no control characters")]
    Name,
    /// The topic is too long or holds a control character.
    #[error("a topic has at most {MAX_TOPIC} bytes and no control characters but line feeds")]
    Topic,
    /// The picture is too large or of another kind.
    #[error("a picture is a PNG, JPEG or WebP of at most {MAX_AVATAR} bytes")]
    Avatar,
    /// The retention is out of its bounds.
    #[error("messages are kept for a day to ten years, or without end")]
    Retention,
    /// The timer is out of its bounds.
    #[error("messages live for 30 seconds to 4 weeks, or without end")]
    Timer,
    /// A direct conversation would not be one any more.
    #[error("a direct conversation has two people, and no name, topic or picture")]
    Direct,
    /// Too many members.
    #[error("a group has at most {MAX_GROUP_MEMBERS} accounts")]
    TooManyMembers,
    /// Nobody is owner.
    #[error("a group needs an owner; make somebody else owner first")]
    NoOwner,
    /// The account is not in the group.
    #[error("this account is not in the group")]
    NotAMember,
}

/// Who belongs to a group and who may do what. Always has at least one owner.
///
/// Keyed by account, not device: which devices an account brings is its own affair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupPolicy {
    version: u32,
    conversation: ConversationId,
    name: String,
    members: BTreeMap<AccountPublic, GroupRole>,
    least: [LeastRole; Action::ALL.len()],
    settings: Settings,
}

impl GroupPolicy {
    /// The first version, which this program still reads, and keeps until an owner wants what only
    /// the next one can say.
    pub const VERSION_1: u32 = 1;
    /// The version of new groups.
    pub const VERSION: u32 = 2;

    /// A new group's policy: `owner` alone; admins do what is restricted; members post.
    ///
    /// # Errors
    /// [`PolicyError::Name`] as for [`set_name`](Self::set_name).
    pub fn new(
        conversation: ConversationId,
        name: &str,
        owner: AccountPublic,
    ) -> Result<Self, PolicyError> {
        Self::found(conversation, GroupKind::Group, name, owner)
    }

    /// A new group's policy, of a kind.
    ///
    /// # Errors
    /// [`PolicyError::Name`] as for [`set_name`](Self::set_name); [`PolicyError::Direct`] if a
    /// direct conversation has a name or an id of another form.
    pub fn found(
        conversation: ConversationId,
        kind: GroupKind,
        name: &str,
        owner: AccountPublic,
    ) -> Result<Self, PolicyError> {
        let mut policy = Self {
            version: Self::VERSION,
            conversation,
            name: String::new(),
            members: BTreeMap::from([(owner, GroupRole::Owner)]),
            least: Action::ALL.map(Action::default),
            settings: Settings::new(kind),
        };
        policy.set_name(name)?;
        policy.check_direct()?;
        Ok(policy)
    }

    /// The version of its encoding.
    #[must_use]
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// What the group is, and what its members agreed on beside roles.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What the group is for.
    #[must_use]
    pub const fn kind(&self) -> GroupKind {
        self.settings.kind
    }

    /// The conversation that the group carries; never changes.
    #[must_use]
    pub const fn conversation(&self) -> ConversationId {
        self.conversation
    }

    /// The group's name, at most [`MAX_GROUP_NAME`] bytes; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Accounts and their roles in order of key.
    pub fn members(&self) -> impl ExactSizeIterator<Item = (&AccountPublic, GroupRole)> {
        self.members.iter().map(|(account, role)| (account, *role))
    }

    /// An account's role; `None` if it is not in the group.
    #[must_use]
    pub fn role_of(&self, account: &AccountPublic) -> Option<GroupRole> {
        self.members.get(account).copied()
    }

    /// The least role that may do something. In an announcement group, to post is for owners and
    /// admins at least.
    #[must_use]
    pub fn least(&self, action: Action) -> LeastRole {
        match (self.kind(), action, self.least[action as usize]) {
            (GroupKind::Announcement, Action::Post, LeastRole::Member) => LeastRole::Admin,
            (_, _, least) => least,
        }
    }

    /// Whether a role may do something.
    #[must_use]
    pub fn may(&self, role: GroupRole, action: Action) -> bool {
        role.is_at_least(self.least(action))
    }

    /// Whether a role may react to messages: all but readers, in announcement groups too.
    #[must_use]
    pub const fn may_react(&self, role: GroupRole) -> bool {
        role.is_at_least(LeastRole::Member)
    }

    /// Renames the group. The name is put into Unicode normalization form C (UAX #15).
    ///
    /// # Errors
    /// [`PolicyError::Name`] if it is then over [`MAX_GROUP_NAME`] bytes or holds a control
    /// character.
    pub fn set_name(&mut self, name: &str) -> Result<(), PolicyError> {
        let name: String = name.nfc().collect();
        check_name(&name)?;
        if self.kind() == GroupKind::Direct && !name.is_empty() {
            return Err(PolicyError::Direct);
        }
        self.name = name;
        Ok(())
    }

    /// Adds an account or changes its role.
    ///
    /// # Errors
    /// [`PolicyError::NoOwner`] if that would take the last owner's role;
    /// [`PolicyError::TooManyMembers`] over [`MAX_GROUP_MEMBERS`].
    pub fn set_role(&mut self, account: AccountPublic, role: GroupRole) -> Result<(), PolicyError> {
        if role != GroupRole::Owner && self.is_last_owner(&account) {
            return Err(PolicyError::NoOwner);
        }
        if !self.members.contains_key(&account) && self.members.len() == MAX_GROUP_MEMBERS {
            return Err(PolicyError::TooManyMembers);
        }
        let before = self.members.insert(account, role);
        self.check_direct().inspect_err(|_| {
            match before {
                Some(role) => self.members.insert(account, role),
                None => self.members.remove(&account),
            };
        })
    }

    /// Removes an account.
    ///
    /// # Errors
    /// [`PolicyError::NotAMember`] if it is not in the group; [`PolicyError::NoOwner`] if it is
    /// the last owner.
    pub fn remove(&mut self, account: &AccountPublic) -> Result<(), PolicyError> {
        if self.is_last_owner(account) {
            return Err(PolicyError::NoOwner);
        }
        match self.members.remove(account) {
            Some(_) => Ok(()),
            None => Err(PolicyError::NotAMember),
        }
    }

    /// Sets the least role that may do something. What version 1 does not know makes the policy
    /// one of version 2.
    pub const fn set_least(&mut self, action: Action, least: LeastRole) {
        self.least[action as usize] = least;
        if !action.in_version_1() {
            self.version = Self::VERSION;
        }
    }

    /// Changes what members agreed on beside roles. The topic is put into Unicode normalization
    /// form C (UAX #15). Any change makes the policy one of version 2.
    ///
    /// # Errors
    /// [`PolicyError`] names the value that is out of its bounds; nothing is changed then.
    pub fn set_settings(&mut self, settings: Settings) -> Result<(), PolicyError> {
        let settings = settings.normalised();
        settings.check()?;
        if settings == self.settings {
            return Ok(());
        }
        let before = std::mem::replace(&mut self.settings, settings);
        self.check_direct()
            .inspect_err(|_| self.settings = before)?;
        self.version = Self::VERSION;
        Ok(())
    }

    fn is_last_owner(&self, account: &AccountPublic) -> bool {
        self.role_of(account) == Some(GroupRole::Owner)
            && self
                .members()
                .all(|(other, role)| role != GroupRole::Owner || other == account)
    }
}

/// What `parse` checks of a name too. Not the normalization form: members with different Unicode
/// tables would disagree on it, and a commit must be valid for all or for none.
fn check_name(name: &str) -> Result<(), PolicyError> {
    if name.len() > MAX_GROUP_NAME || name.chars().any(char::is_control) {
        return Err(PolicyError::Name);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
