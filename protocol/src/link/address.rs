//! Where a relay is and how to know that it is the right one.

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use url::Host;

use super::LinkError;

/// A relay's host and port.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RelayAddress {
    host: String,
    port: u16,
}

impl RelayAddress {
    /// Takes a host name, an IPv4 address or a bracketed IPv6 address, and a port from 1.
    ///
    /// # Errors
    /// [`LinkError::Damaged`] if the host is not written in its one form (lower case, ASCII,
    /// addresses as RFC 5952 has them) or the port is 0.
    pub fn new(host: &str, port: u16) -> Result<Self, LinkError> {
        let damaged = LinkError::Damaged("relay address");
        let parsed = Host::parse(host).map_err(|_| damaged.clone())?;
        if let Host::Domain(name) = &parsed {
            let plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
            if name.len() > 253 || !name.bytes().all(plain) {
                return Err(damaged);
            }
        }
        if port == 0 || parsed.to_string() != host {
            return Err(damaged);
        }
        Ok(Self {
            host: host.into(),
            port,
        })
    }

    /// Parses `HOST:PORT`.
    ///
    /// # Errors
    /// [`LinkError::Damaged`] as for [`new`](Self::new), or if the port is not a plain number.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let damaged = || LinkError::Damaged("relay address");
        let (host, port) = text.rsplit_once(':').ok_or_else(damaged)?;
        let number: u16 = port.parse().map_err(|_| damaged())?;
        if number.to_string() != port {
            return Err(damaged());
        }
        Self::new(host, number)
    }

    /// The host; an IPv6 address stands in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for RelayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// How a relay proves to be the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TlsMode {
    /// By exactly this certificate: SHA-256 of the end-entity certificate in DER (RFC 5280).
    Pinned([u8; 32]),
    /// By a certificate that the system's roots vouch for.
    WebPki,
}

impl TlsMode {
    /// Parses `pin:` and 32 bytes in base64url, or `ca`.
    ///
    /// # Errors
    /// [`LinkError::Damaged`] for anything else.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        if text == "ca" {
            return Ok(Self::WebPki);
        }
        text.strip_prefix("pin:")
            .and_then(|pin| BASE64URL_NOPAD.decode(pin.as_bytes()).ok())
            .and_then(|pin| pin.try_into().ok())
            .map(Self::Pinned)
            .ok_or(LinkError::Damaged("tls"))
    }
}

impl fmt::Display for TlsMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WebPki => f.write_str("ca"),
            Self::Pinned(pin) => write!(f, "pin:{}", BASE64URL_NOPAD.encode(pin)),
        }
    }
}
