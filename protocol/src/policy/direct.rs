//! Conversations of two people: one for each pair, whoever founds it.

use sealwire_crypto::{AccountPublic, sha256};

use super::{GroupKind, GroupPolicy, GroupRole, PolicyError};
use crate::ids::ConversationId;

/// What the ids of direct conversations begin with, so that nobody can found a group under the id
/// of two others' conversation before they do.
const PREFIX: [u8; 4] = *b"dir1";
const LABEL: &[u8] = b"sealwire direct v1\0";

impl ConversationId {
    /// The one direct conversation of two accounts: `"dir1" || SHA-256("sealwire direct v1" ||
    /// 0x00 || smaller key || larger key)[0..12]`. The same from both sides.
    #[must_use]
    pub fn direct(one: &AccountPublic, other: &AccountPublic) -> Self {
        let (smaller, larger) = if one.as_bytes() < other.as_bytes() {
            (one, other)
        } else {
            (other, one)
        };
        let hash = sha256(&[LABEL, smaller.as_bytes(), larger.as_bytes()]);
        let mut id = [0; Self::LEN];
        id[..4].copy_from_slice(&PREFIX);
        id[4..].copy_from_slice(&hash[..12]);
        Self(id)
    }

    /// Whether this is the id of a direct conversation.
    #[must_use]
    pub fn is_direct(&self) -> bool {
        self.0.starts_with(&PREFIX)
    }
}

impl GroupPolicy {
    /// The policy of a direct conversation that `founder` begins with `peer`. Only the founder is
    /// in it; the peer is to be added as an owner.
    ///
    /// # Errors
    /// [`PolicyError::Direct`] if both are the same account.
    pub fn direct(founder: AccountPublic, peer: &AccountPublic) -> Result<Self, PolicyError> {
        if founder == *peer {
            return Err(PolicyError::Direct);
        }
        let id = ConversationId::direct(&founder, peer);
        Self::found(id, GroupKind::Direct, "", founder)
    }

    /// What holds for a direct conversation beside the rules for all: no name, topic or picture;
    /// one or two owners, whose conversation it is; all others readers.
    pub(super) fn check_direct(&self) -> Result<(), PolicyError> {
        if self.settings.kind != GroupKind::Direct {
            return Ok(());
        }
        let plain = self.name.is_empty()
            && self.settings.topic.is_empty()
            && self.settings.avatar.is_none();
        let role = |wanted: GroupRole| {
            self.members()
                .filter(move |(_, role)| *role == wanted)
                .map(|(account, _)| account)
        };
        let owners: Vec<_> = role(GroupRole::Owner).collect();
        let right_id = match owners.as_slice() {
            [_] => self.conversation.is_direct(),
            [one, other] => self.conversation == ConversationId::direct(one, other),
            _ => false,
        };
        let others_read = owners.len() + role(GroupRole::Reader).count() == self.members.len();
        if plain && right_id && others_read {
            Ok(())
        } else {
            Err(PolicyError::Direct)
        }
    }
}
