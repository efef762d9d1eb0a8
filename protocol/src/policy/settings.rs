//! What a group is, and what its members agreed on beside roles.

use std::fmt;

use unicode_normalization::UnicodeNormalization;

use super::PolicyError;

/// Longest topic in bytes.
pub const MAX_TOPIC: usize = 1_024;
/// Largest picture in bytes.
pub const MAX_AVATAR: usize = 16 * 1_024;
/// Shortest and longest retention of messages, seconds: a day and ten years.
pub const RETENTION_S: (u32, u32) = (86_400, 315_360_000);
/// Shortest and longest life of a message that expires, seconds: half a minute and four weeks.
pub const TIMER_S: (u32, u32) = (30, 2_419_200);

/// What a group is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum GroupKind {
    /// Members talk.
    Group = 1,
    /// Two people, who both own it; beside them custodians only, as readers.
    Direct = 2,
    /// Owners and admins write, the others read and react.
    Announcement = 3,
}

impl GroupKind {
    /// Parses the wire number.
    #[must_use]
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            1 => Some(Self::Group),
            2 => Some(Self::Direct),
            3 => Some(Self::Announcement),
            _ => None,
        }
    }
}

/// Who may bring agents (bots) into a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum AgentRule {
    /// Nobody.
    Nobody = 0,
    /// Owners and admins, if they may add accounts.
    Admins = 1,
    /// Whoever may add accounts.
    Anybody = 2,
}

impl AgentRule {
    /// Parses the wire number.
    #[must_use]
    pub const fn from_wire(value: u32) -> Option<Self> {
        match value {
            0 => Some(Self::Nobody),
            1 => Some(Self::Admins),
            2 => Some(Self::Anybody),
            _ => None,
        }
    }
}

/// A small picture: PNG, JPEG or WebP, told by its first bytes, at most [`MAX_AVATAR`] bytes.
///
/// It travels inside of the policy and not as a blob: all members would fetch the same blob, which
/// tells the relay who belongs together, and it would expire.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Avatar(Vec<u8>);

impl Avatar {
    /// No picture.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Takes the bytes of a picture; none at all is no picture.
    ///
    /// # Errors
    /// [`PolicyError::Avatar`] if it is larger, or begins like none of the three.
    pub fn new(bytes: Vec<u8>) -> Result<Self, PolicyError> {
        let known = bytes.is_empty()
            || bytes.starts_with(b"\x89PNG\r\n\x1a\n")
            || bytes.starts_with(b"\xff\xd8\xff")
            || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"));
        if known && bytes.len() <= MAX_AVATAR {
            Ok(Self(bytes))
        } else {
            Err(PolicyError::Avatar)
        }
    }

    /// The bytes; empty if there is none.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether there is no picture.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Avatar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Avatar({} bytes)", self.0.len())
    }
}

/// What version 2 of the policy adds to names, members and roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What the group is for.
    pub kind: GroupKind,
    /// What it is about: at most [`MAX_TOPIC`] bytes, no control characters but the line feed.
    pub topic: String,
    /// Its picture.
    pub avatar: Avatar,
    /// Seconds after which members delete messages: 0 for never, or within [`RETENTION_S`].
    pub retention_s: u32,
    /// Seconds after which a new message expires unless its writer says otherwise: 0 for never,
    /// or within [`TIMER_S`].
    pub timer_s: u32,
    /// Members send nothing while no records custodian is in the group, and the last one stays.
    pub custodian_required: bool,
    /// Who may add agents.
    pub agents: AgentRule,
    /// Whether members may tell each other what they have received and read.
    pub receipts_allowed: bool,
}

impl Settings {
    /// What a new group has: agents by admins, receipts, nothing else.
    #[must_use]
    pub const fn new(kind: GroupKind) -> Self {
        Self {
            kind,
            topic: String::new(),
            avatar: Avatar::none(),
            retention_s: 0,
            timer_s: 0,
            custodian_required: false,
            agents: AgentRule::Admins,
            receipts_allowed: true,
        }
    }

    /// What holds in a group of version 1, which says nothing of all this.
    pub(super) fn of_version_1() -> Self {
        Self {
            agents: AgentRule::Anybody,
            ..Self::new(GroupKind::Group)
        }
    }

    /// Puts the topic into Unicode normalization form C (UAX #15).
    pub(super) fn normalised(mut self) -> Self {
        self.topic = self.topic.nfc().collect();
        self
    }

    /// Whether every value is within its bounds.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        let control = |c: char| c.is_control() && c != '\n';
        if self.topic.len() > MAX_TOPIC || self.topic.chars().any(control) {
            return Err(PolicyError::Topic);
        }
        let within =
            |value: u32, (least, most): (u32, u32)| value == 0 || (least <= value && value <= most);
        if !within(self.retention_s, RETENTION_S) {
            return Err(PolicyError::Retention);
        }
        if !within(self.timer_s, TIMER_S) {
            return Err(PolicyError::Timer);
        }
        Ok(())
    }
}
