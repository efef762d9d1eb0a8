//! Who may come in: whoever has the token, from the page itself.

use axum::http::{HeaderMap, StatusCode, header};
use data_encoding::HEXLOWER;
use serde::Deserialize;

/// Any page in the browser could reach a port of this machine; only ours has this.
pub(crate) struct Gate {
    pub(crate) token: String,
    pub(crate) port: u16,
}

/// The token as it comes with a request. Pictures cannot send headers, so it is in the address.
#[derive(Deserialize)]
pub(crate) struct Shows {
    token: String,
}

impl Gate {
    pub(crate) fn new(port: u16) -> Self {
        Self {
            token: HEXLOWER.encode(&rand::random::<[u8; 32]>()),
            port,
        }
    }

    /// The host by which this program was asked is its own: else a name that was made to lead here
    /// (DNS rebinding) would make a stranger's page ours.
    pub(crate) fn check_host(&self, headers: &HeaderMap) -> Result<(), StatusCode> {
        let host = headers
            .get(header::HOST)
            .and_then(|host| host.to_str().ok());
        match host == Some(&format!("127.0.0.1:{}", self.port)) {
            true => Ok(()),
            false => Err(StatusCode::FORBIDDEN),
        }
    }

    /// Host, token, and, where a browser says it, the page that asks.
    pub(crate) fn check(&self, headers: &HeaderMap, shows: &Shows) -> Result<(), StatusCode> {
        self.check_host(headers)?;
        let own = format!("http://127.0.0.1:{}", self.port);
        let foreign = headers
            .get(header::ORIGIN)
            .is_some_and(|origin| origin.as_bytes() != own.as_bytes());
        let differs = |(a, b): (u8, u8)| a ^ b;
        let pairs = self.token.bytes().zip(shows.token.bytes());
        let different = pairs.map(differs).fold(0, |all, one| all | one);
        match foreign || shows.token.len() != self.token.len() || different != 0 {
            true => Err(StatusCode::FORBIDDEN),
            false => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(host: &'static str, origin: Option<&'static str>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, host.parse().expect("a value"));
        if let Some(origin) = origin {
            headers.insert(header::ORIGIN, origin.parse().expect("a value"));
        }
        headers
    }

    #[test]
    fn only_our_page_comes_in() {
        let gate = Gate::new(4321);
        let ours = Shows {
            token: gate.token.clone(),
        };
        let own = Some("http://127.0.0.1:4321");
        assert!(gate.check(&headers("127.0.0.1:4321", own), &ours).is_ok());
        assert!(gate.check(&headers("127.0.0.1:4321", None), &ours).is_ok());
        for (host, origin) in [
            ("evil.example:4321", own),
            ("127.0.0.1:4321", Some("http://evil.example")),
            ("127.0.0.1:4321", Some("null")),
            ("localhost:4321", own),
        ] {
            assert!(gate.check(&headers(host, origin), &ours).is_err(), "{host}");
        }
        for token in ["", &gate.token[1..], &"0".repeat(64)] {
            let other = Shows {
                token: token.into(),
            };
            assert!(gate.check(&headers("127.0.0.1:4321", own), &other).is_err());
        }
    }
}
