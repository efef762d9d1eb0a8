//! Reading and writing `scheme://kind/address?name=value&…` in fixed order.

use data_encoding::BASE64URL_NOPAD;
use sealwire_crypto::{AccountPublic, OrganisationPublic, SecretBytes};
use zeroize::Zeroizing;

use super::{LinkError, MAX_LINK, RelayAddress, TlsMode};
use crate::{
    handle::{Handle, check_organisation},
    ids::DeviceId,
};

/// What every link begins with.
pub(super) const JOIN: &str = "sealwire://join/";
/// What links for a further device begin with.
pub(super) const LINK: &str = "sealwire://link/";
/// What links to a conversation begin with.
pub(super) const CHAT: &str = "sealwire://chat/";

/// Reads the parts of a link in order.
pub(super) struct Parts<'a> {
    rest: Option<&'a str>,
}

impl<'a> Parts<'a> {
    /// Checks the beginning and takes the address.
    pub(super) fn new(
        text: &'a str,
        prefix: &'static str,
    ) -> Result<(RelayAddress, Self), LinkError> {
        if text.len() > MAX_LINK {
            return Err(LinkError::TooLong);
        }
        let Some(rest) = text.strip_prefix(prefix) else {
            let kinds = [JOIN, LINK, CHAT];
            let other = kinds.into_iter().find(|p| text.starts_with(p));
            return Err(other.map_or(LinkError::NotALink(prefix), LinkError::OtherKind));
        };
        let (address, query) = rest.split_once('?').ok_or(LinkError::Missing("tls"))?;
        let parts = Self { rest: Some(query) };
        Ok((RelayAddress::parse(address)?, parts))
    }

    /// The next part if it is called `name`.
    pub(super) fn optional(&mut self, name: &'static str) -> Option<&'a str> {
        let rest = self.rest?;
        let (part, after) = match rest.split_once('&') {
            Some((part, after)) => (part, Some(after)),
            None => (rest, None),
        };
        let value = part.strip_prefix(name)?.strip_prefix('=')?;
        self.rest = after;
        Some(value)
    }

    /// The next part, which must be called `name`.
    pub(super) fn required(&mut self, name: &'static str) -> Result<&'a str, LinkError> {
        self.optional(name).ok_or(LinkError::Missing(name))
    }

    /// Nothing may follow.
    pub(super) const fn finish(self) -> Result<(), LinkError> {
        match self.rest {
            None => Ok(()),
            Some(_) => Err(LinkError::Extra),
        }
    }

    /// `tls`, `org` and, if there, `orgkey`, with which all kinds of link begin.
    pub(super) fn relay(
        &mut self,
    ) -> Result<(TlsMode, String, Option<OrganisationPublic>), LinkError> {
        let tls = TlsMode::parse(self.required("tls")?)?;
        let organisation = self.required("org")?;
        check_organisation(organisation).map_err(|_| LinkError::Damaged("org"))?;
        let key = match self.optional("orgkey") {
            None => None,
            Some(text) => Some(
                OrganisationPublic::from_bytes(&bytes(text, "orgkey")?)
                    .map_err(|_| LinkError::Damaged("orgkey"))?,
            ),
        };
        Ok((tls, organisation.into(), key))
    }

    /// `handle`, `account` and `device`: somebody of `organisation`, and one of their devices.
    pub(super) fn device(
        &mut self,
        organisation: &str,
    ) -> Result<(Handle, AccountPublic, DeviceId), LinkError> {
        let handle = Handle::parse(self.required("handle")?)
            .ok()
            .filter(|handle| handle.organisation() == organisation)
            .ok_or(LinkError::Damaged("handle"))?;
        let account = AccountPublic::from_bytes(&bytes(self.required("account")?, "account")?)
            .map_err(|_| LinkError::Damaged("account"))?;
        let device = DeviceId::from_slice(&bytes(self.required("device")?, "device")?)
            .map_err(|_| LinkError::Damaged("device"))?;
        Ok((handle, account, device))
    }
}

/// Decodes base64url; wiped when dropped, because some parts are secret.
pub(super) fn bytes(text: &str, name: &'static str) -> Result<Zeroizing<Vec<u8>>, LinkError> {
    BASE64URL_NOPAD
        .decode(text.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| LinkError::Damaged(name))
}

/// Decodes `N` secret bytes.
pub(super) fn secret<const N: usize>(
    text: &str,
    name: &'static str,
) -> Result<SecretBytes<N>, LinkError> {
    SecretBytes::from_slice(&bytes(text, name)?).map_err(|_| LinkError::Damaged(name))
}

/// Writes the parts of a link in order.
pub(super) struct Writer {
    text: Zeroizing<String>,
}

impl Writer {
    /// Writes everything up to and with `orgkey`.
    pub(super) fn new(
        prefix: &str,
        relay: &RelayAddress,
        tls: &TlsMode,
        organisation: &str,
        key: Option<&OrganisationPublic>,
    ) -> Self {
        // Room for the longest link, so that growing leaves no copies of secrets behind.
        let mut text = Zeroizing::new(String::with_capacity(MAX_LINK));
        text.push_str(&format!("{prefix}{relay}?tls={tls}&org={organisation}"));
        let mut writer = Self { text };
        if let Some(key) = key {
            writer.bytes("orgkey", key.as_bytes());
        }
        writer
    }

    /// Adds a part as it stands.
    pub(super) fn plain(&mut self, name: &str, value: &str) {
        for piece in ["&", name, "=", value] {
            self.text.push_str(piece);
        }
    }

    /// Adds a part in base64url.
    pub(super) fn bytes(&mut self, name: &str, value: &[u8]) {
        self.plain(name, "");
        BASE64URL_NOPAD.encode_append(value, &mut self.text);
    }

    /// Adds a part that is a plain word.
    pub(super) fn word(&mut self, name: &str, value: &str) {
        self.plain(name, value);
    }

    /// The link.
    pub(super) fn finish(self) -> Zeroizing<String> {
        self.text
    }
}
