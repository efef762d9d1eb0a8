//! Links that come from outside. None is followed before the person has said so.

use std::fmt;

use sealwire_core::{ChatLink, DeviceLink, ErrorKind, JoinLink};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::problem::{Problem, Result};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// Joining an organisation.
    Join,
    /// Asking to be let into a conversation.
    Chat,
    /// Making this device one more of an account.
    Device,
}

/// A link that waits for the person.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DeepLink {
    /// What it is for.
    pub kind: LinkKind,
    /// The link itself, which the person brought.
    pub link: String,
    /// The organisation that it names.
    pub organisation: String,
    /// The relay that it leads to, `host:port`.
    pub relay: String,
    /// Handle of whoever made it, if it says so.
    pub from: Option<String>,
}

/// What an invitation says before it is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct InvitationCheck {
    /// The organisation.
    pub organisation: String,
    /// Its relay, `host:port`.
    pub relay: String,
    /// Fingerprint of the organisation's key, if the invitation names one.
    pub organisation_fingerprint: Option<String>,
}

impl fmt::Debug for DeepLink {
    /// Without the link, which opens what it is for.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DeepLink")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

impl DeepLink {
    /// Parses a link of any kind in its one spelling.
    pub(crate) fn parse(text: &str) -> Result<Self> {
        let text = text.trim();
        let made = |kind, organisation: &str, relay: String, from| Self {
            kind,
            link: text.to_owned(),
            organisation: organisation.to_owned(),
            relay,
            from,
        };
        if let Ok(link) = ChatLink::parse(text) {
            let from = Some(link.handle.to_string());
            return Ok(made(
                LinkKind::Chat,
                &link.organisation,
                link.relay.to_string(),
                from,
            ));
        }
        if let Ok(link) = DeviceLink::parse(text) {
            let from = Some(link.handle.to_string());
            return Ok(made(
                LinkKind::Device,
                &link.organisation,
                link.relay.to_string(),
                from,
            ));
        }
        let link = join(text)?;
        Ok(made(
            LinkKind::Join,
            &link.organisation,
            link.relay.to_string(),
            None,
        ))
    }
}

/// Parses an invitation.
pub(crate) fn join(text: &str) -> Result<JoinLink> {
    JoinLink::parse(text.trim()).map_err(|error| {
        Problem::new(
            ErrorKind::Usage,
            "bad_link",
            error.to_string(),
            "copy the whole link once more, or ask for a new one",
        )
    })
}

pub(crate) fn check(text: &Zeroizing<String>) -> Result<InvitationCheck> {
    let link = join(text)?;
    Ok(InvitationCheck {
        organisation_fingerprint: link
            .organisation_key
            .map(|key| sealwire_core::fingerprint(key.as_bytes())),
        organisation: link.organisation,
        relay: link.relay.to_string(),
    })
}
