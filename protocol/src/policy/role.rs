//! Roles in a group.

/// What an account is in a group (not in the organisation).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum GroupRole {
    /// Everything.
    Owner = 1,
    /// Members and readers, and what the policy gives to admins.
    Admin = 2,
    /// Writes.
    Member = 3,
    /// Reads only.
    Reader = 4,
}

impl GroupRole {
    /// Parses the wire number.
    #[must_use]
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Owner),
            2 => Some(Self::Admin),
            3 => Some(Self::Member),
            4 => Some(Self::Reader),
            _ => None,
        }
    }

    /// Whether this role is `least` or a higher one.
    #[must_use]
    pub const fn is_at_least(self, least: LeastRole) -> bool {
        self as u32 <= least as u32
    }
}

/// The least role that may do something. There is no `Reader`: readers only read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum LeastRole {
    /// Owners.
    Owner = 1,
    /// Owners and admins.
    Admin = 2,
    /// All but readers.
    Member = 3,
}

impl LeastRole {
    /// Parses the wire number.
    #[must_use]
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Owner),
            2 => Some(Self::Admin),
            3 => Some(Self::Member),
            _ => None,
        }
    }
}

impl From<LeastRole> for GroupRole {
    fn from(least: LeastRole) -> Self {
        match least {
            LeastRole::Owner => Self::Owner,
            LeastRole::Admin => Self::Admin,
            LeastRole::Member => Self::Member,
        }
    }
}

/// What a policy gives to roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Add an account.
    Add,
    /// Remove an account.
    Remove,
    /// Rename the group.
    Rename,
    /// Write a message.
    Post,
    /// Call everybody's attention.
    MentionAll,
    /// Delete the messages of others, for everybody.
    Delete,
    /// Change topic and picture.
    Describe,
    /// Change how long new messages live.
    Timer,
}

impl Action {
    /// Every action, in the order of the policy's fields.
    pub const ALL: [Self; 8] = [
        Self::Add,
        Self::Remove,
        Self::Rename,
        Self::Post,
        Self::MentionAll,
        Self::Delete,
        Self::Describe,
        Self::Timer,
    ];

    /// Whether version 1 of the policy has this action.
    #[must_use]
    pub const fn in_version_1(self) -> bool {
        matches!(self, Self::Add | Self::Remove | Self::Rename | Self::Post)
    }

    /// Who may do it in a new group: admins, but everybody writes.
    pub(super) const fn default(self) -> LeastRole {
        match self {
            Self::Post => LeastRole::Member,
            _ => LeastRole::Admin,
        }
    }
}
