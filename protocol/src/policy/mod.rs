//! The group's policy: who belongs to it and who may do what, agreed by all members in an
//! extension of the GroupContext (RFC 9420 §8.1).
//!
//! ```proto
//! message GroupPolicy {
//!   uint32 version = 1;           // 1
//!   bytes conversation = 2;       // 16
//!   string name = 3;              // at most 256 bytes
//!   repeated Member members = 4;  // in ascending order of key, each once
//!   uint32 who_may_add = 5;       // least role: owner 1, admin 2, member 3
//!   uint32 who_may_remove = 6;
//!   uint32 who_may_rename = 7;
//!   uint32 who_may_post = 8;
//! }
//! message Member { bytes account_key = 1; uint32 role = 2; }  // 32; owner 1 … reader 4
//! ```

mod change;
mod role;
mod wire;

pub use change::{PolicyViolation, check_change};
pub use role::{Action, GroupRole, LeastRole};

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
    conversation: ConversationId,
    name: String,
    members: BTreeMap<AccountPublic, GroupRole>,
    least: [LeastRole; Action::ALL.len()],
}

impl GroupPolicy {
    /// The version that this program writes and reads.
    pub const VERSION: u32 = 1;

    /// A new group's policy: `owner` alone; admins add, remove and rename; members post.
    ///
    /// # Errors
    /// [`PolicyError::Name`] as for [`set_name`](Self::set_name).
    pub fn new(
        conversation: ConversationId,
        name: &str,
        owner: AccountPublic,
    ) -> Result<Self, PolicyError> {
        let mut policy = Self {
            conversation,
            name: String::new(),
            members: BTreeMap::from([(owner, GroupRole::Owner)]),
            least: Action::ALL.map(|action| match action {
                Action::Add | Action::Remove | Action::Rename => LeastRole::Admin,
                Action::Post => LeastRole::Member,
            }),
        };
        policy.set_name(name)?;
        Ok(policy)
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

    /// The least role that may do something.
    #[must_use]
    pub const fn least(&self, action: Action) -> LeastRole {
        self.least[action as usize]
    }

    /// Whether a role may do something.
    #[must_use]
    pub fn may(&self, role: GroupRole, action: Action) -> bool {
        role.is_at_least(self.least(action))
    }

    /// Renames the group. The name is put into Unicode normalization form C (UAX #15).
    ///
    /// # Errors
    /// [`PolicyError::Name`] if it is then over [`MAX_GROUP_NAME`] bytes or holds a control
    /// character.
    pub fn set_name(&mut self, name: &str) -> Result<(), PolicyError> {
        let name: String = name.nfc().collect();
        check_name(&name)?;
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
        self.members.insert(account, role);
        Ok(())
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

    /// Sets the least role that may do something.
    pub const fn set_least(&mut self, action: Action, least: LeastRole) {
        self.least[action as usize] = least;
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
