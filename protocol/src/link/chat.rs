//! The link by which somebody asks to be let into a conversation.

use sealwire_crypto::{AccountPublic, OrganisationPublic, SecretBytes};
use zeroize::Zeroizing;

use super::{
    LinkError, RelayAddress, TlsMode,
    text::{CHAT, Parts, Writer, bytes, secret},
};
use crate::{
    handle::Handle,
    ids::{ConversationId, DeviceId},
};

/// Everything that a member of the organisation needs to ask for a place in a conversation:
///
/// `sealwire://chat/HOST:PORT?tls=…&org=…[&orgkey=…]&handle=…&account=…&device=…&chat=…&secret=…`,
/// in this order. It opens nothing by itself: whoever made it decides.
pub struct ChatLink {
    /// Where the relay is.
    pub relay: RelayAddress,
    /// How it proves to be the right one.
    pub tls: TlsMode,
    /// The organisation's name; always that of the handle.
    pub organisation: String,
    /// The organisation's key.
    pub organisation_key: Option<OrganisationPublic>,
    /// Who made the link and decides.
    pub handle: Handle,
    /// Their account key.
    pub account: AccountPublic,
    /// The device that knows the link.
    pub device: DeviceId,
    /// The conversation.
    pub conversation: ConversationId,
    /// The link's secret, 32 bytes: shows who has the link.
    pub secret: SecretBytes<32>,
}

impl ChatLink {
    /// Parses a link in its one spelling.
    ///
    /// # Errors
    /// [`LinkError`] says which part is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (relay, mut parts) = Parts::new(text, CHAT)?;
        let (tls, organisation, organisation_key) = parts.relay()?;
        let (handle, account, device) = parts.device(&organisation)?;
        let conversation = ConversationId::from_slice(&bytes(parts.required("chat")?, "chat")?)
            .map_err(|_| LinkError::Damaged("chat"))?;
        let secret = secret(parts.required("secret")?, "secret")?;
        parts.finish()?;
        Ok(Self {
            relay,
            tls,
            organisation,
            organisation_key,
            handle,
            account,
            device,
            conversation,
            secret,
        })
    }

    /// The link as text.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut writer = Writer::new(
            CHAT,
            &self.relay,
            &self.tls,
            &self.organisation,
            self.organisation_key.as_ref(),
        );
        writer.plain("handle", self.handle.as_str());
        writer.bytes("account", self.account.as_bytes());
        writer.bytes("device", self.device.as_bytes());
        writer.bytes("chat", self.conversation.as_bytes());
        writer.bytes("secret", self.secret.expose());
        writer.finish()
    }
}
