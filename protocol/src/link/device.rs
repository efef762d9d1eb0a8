//! The link by which a further device joins an account.

use sealwire_crypto::{AccountPublic, InboxPublic, OrganisationPublic, SecretBytes};
use zeroize::Zeroizing;

use super::{
    LinkError, RelayAddress, TlsMode,
    text::{LINK, Parts, Writer, bytes, secret},
};
use crate::{handle::Handle, ids::DeviceId};

/// Everything that a new device needs to ask an existing one for a certificate:
///
/// `sealwire://link/HOST:PORT?tls=…&org=…[&orgkey=…]&handle=…&account=…&device=…&inbox=…&secret=…`,
/// in this order.
pub struct DeviceLink {
    /// Where the relay is.
    pub relay: RelayAddress,
    /// How it proves to be the right one.
    pub tls: TlsMode,
    /// The organisation's name; always that of the handle.
    pub organisation: String,
    /// The organisation's key, to be pinned.
    pub organisation_key: Option<OrganisationPublic>,
    /// The account to join.
    pub handle: Handle,
    /// Its key.
    pub account: AccountPublic,
    /// The device that approves.
    pub device: DeviceId,
    /// Where its envelopes are sealed to.
    pub inbox: InboxPublic,
    /// The link secret, 32 bytes: shows the approving device who asks, and is good once.
    pub secret: SecretBytes<32>,
}

impl DeviceLink {
    /// Parses a link in its one spelling.
    ///
    /// # Errors
    /// [`LinkError`] says which part is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (relay, mut parts) = Parts::new(text, LINK)?;
        let (tls, organisation, organisation_key) = parts.relay()?;
        let (handle, account, device) = parts.device(&organisation)?;
        let inbox = InboxPublic::from_bytes(&bytes(parts.required("inbox")?, "inbox")?)
            .map_err(|_| LinkError::Damaged("inbox"))?;
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
            inbox,
            secret,
        })
    }

    /// The link as text.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut writer = Writer::new(
            LINK,
            &self.relay,
            &self.tls,
            &self.organisation,
            self.organisation_key.as_ref(),
        );
        writer.plain("handle", self.handle.as_str());
        writer.bytes("account", self.account.as_bytes());
        writer.bytes("device", self.device.as_bytes());
        writer.bytes("inbox", self.inbox.as_bytes());
        writer.bytes("secret", self.secret.expose());
        writer.finish()
    }
}
