//! The link by which somebody enrols.

use rand_core::CryptoRng;
use sealwire_crypto::{CryptoError, OrganisationPublic, SecretBytes, sha256};
use zeroize::Zeroizing;

use super::{
    LinkError, RelayAddress, TlsMode,
    text::{JOIN, Parts, Writer, bytes, secret},
};
use crate::certificate::DeviceKind;

/// An invitation's one-time code, 16 secret bytes.
pub struct InvitationCode(SecretBytes<16>);

impl InvitationCode {
    /// A fresh code from `rng`.
    pub fn generate(rng: &mut impl CryptoRng) -> Self {
        Self(SecretBytes::generate(rng))
    }

    /// Takes exactly 16 bytes.
    ///
    /// # Errors
    /// [`CryptoError::BadKey`] for any other length.
    pub fn from_slice(bytes: &[u8]) -> Result<Self, CryptoError> {
        SecretBytes::from_slice(bytes).map(Self)
    }

    /// SHA-256 of the code: all that the relay learns before the code is used.
    #[must_use]
    pub fn hash(&self) -> [u8; 32] {
        sha256(&[self.0.expose()])
    }

    /// The 16 bytes.
    #[must_use]
    pub fn expose(&self) -> &[u8; 16] {
        self.0.expose()
    }
}

/// Everything that somebody needs to enrol:
///
/// `sealwire://join/HOST:PORT?tls=pin:…|ca&org=acme[&orgkey=…]&code=…[&secret=…][&kind=…]`, in this
/// order.
pub struct JoinLink {
    /// Where the relay is.
    pub relay: RelayAddress,
    /// How it proves to be the right one.
    pub tls: TlsMode,
    /// The organisation's name, the second part of its handles.
    pub organisation: String,
    /// The organisation's key, to be pinned; absent until the owner has set it.
    pub organisation_key: Option<OrganisationPublic>,
    /// The one-time code.
    pub code: InvitationCode,
    /// The invitation secret, 32 bytes, which the relay never sees; see
    /// [`crate::proof::enrolment_mac`]. Absent in links that a relay's operator made.
    pub secret: Option<SecretBytes<32>>,
    /// What the new account is: agent or custodian; a person's link does not say so. The relay has
    /// it from the inviter and refuses a certificate of another kind, so a link that was changed on
    /// its way lets nobody in; should the relay let them in, the inviter sees it by the MAC.
    pub kind: DeviceKind,
}

impl JoinLink {
    /// Parses a link in its one spelling.
    ///
    /// # Errors
    /// [`LinkError`] says which part is wrong and what to do.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let (relay, mut parts) = Parts::new(text, JOIN)?;
        let (tls, organisation, organisation_key) = parts.relay()?;
        let code = InvitationCode::from_slice(&bytes(parts.required("code")?, "code")?)
            .map_err(|_| LinkError::Damaged("code"))?;
        let secret = match parts.optional("secret") {
            Some(text) => Some(secret(text, "secret")?),
            None => None,
        };
        let kind = match parts.optional("kind") {
            Some(word) => DeviceKind::parse(word)
                .filter(|kind| !kind.is_person())
                .ok_or(LinkError::Damaged("kind"))?,
            None => DeviceKind::Person,
        };
        parts.finish()?;
        Ok(Self {
            relay,
            tls,
            organisation,
            organisation_key,
            code,
            secret,
            kind,
        })
    }

    /// The link as text.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let mut writer = Writer::new(
            JOIN,
            &self.relay,
            &self.tls,
            &self.organisation,
            self.organisation_key.as_ref(),
        );
        writer.bytes("code", self.code.expose());
        if let Some(secret) = &self.secret {
            writer.bytes("secret", secret.expose());
        }
        if !self.kind.is_person() {
            writer.word("kind", self.kind.as_str());
        }
        writer.finish()
    }
}
