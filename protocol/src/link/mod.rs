//! Links that people pass on: [`JoinLink`] to enrol, [`DeviceLink`] to add a device, [`ChatLink`]
//! to ask for a place in a conversation.
//!
//! All have one spelling: fixed order, lower case, unpadded base64url (RFC 4648 §5).

mod address;
mod chat;
mod device;
mod join;
mod text;

pub use address::{RelayAddress, TlsMode};
pub use chat::ChatLink;
pub use device::DeviceLink;
pub use join::{InvitationCode, JoinLink};

/// Longest link in bytes.
pub const MAX_LINK: usize = 1024;

/// Why text is not a link. For people: says which part is wrong and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// Not a Sealwire link at all.
    #[error("this is not a Sealwire link: it should begin with {0}; ask for a new link")]
    NotALink(&'static str),
    /// A link of another kind.
    #[error("this link is for something else: it begins with {0}; ask for a new link")]
    OtherKind(&'static str),
    /// Longer than [`MAX_LINK`].
    #[error("this link is too long; ask for a new link")]
    TooLong,
    /// A part is missing, or not where it should be.
    #[error("the part `{0}` of this link is missing or in the wrong place; ask for a new link")]
    Missing(&'static str),
    /// A part is not of its form.
    #[error("the part `{0}` of this link is damaged; ask for a new link")]
    Damaged(&'static str),
    /// Something follows the last part.
    #[error("this link has something extra at its end; copy it again or ask for a new link")]
    Extra,
}

#[cfg(test)]
mod tests;
