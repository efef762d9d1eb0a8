//! A relay as a source, by HTTPS.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap, HeaderValue};
use reqwest::redirect::Policy;
use reqwest::{Client, StatusCode, Url};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sealwire_audit::dsse::Envelope;
use sealwire_audit::tile::{Kind, Resource, push_entry};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use zeroize::Zeroizing;

use super::super::folder::HINT;
use super::super::layout::{LogName, Place};
use super::source::{Page, Source};
use crate::failure::{Failure, Kind as FailureKind};
use crate::files;

/// How long one request may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// How many requests are under way at once.
const AT_ONCE: usize = 8;
/// Longest page of statements, in bytes.
const MAX_PAGE: usize = 64 * 1024 * 1024;
/// Longest token, in bytes.
const MAX_TOKEN: usize = 8 * 1024;

/// A relay and how to reach it.
pub(crate) struct Relay {
    /// Without a slash at its end.
    base: String,
    client: Client,
    authorization: Option<HeaderValue>,
    runtime: Runtime,
}

impl Relay {
    /// Takes the address of a relay. Plain HTTP is for this machine only: the token would
    /// be read on the way.
    pub(crate) fn new(url: &str, token: Option<&Path>, ca: Option<&Path>) -> Result<Self, Failure> {
        let hint = "write it as https://relay.example";
        let wrong = |why: &str| Failure::usage(format!("--relay {url:?} {why}"), hint);
        let parsed = Url::parse(url).map_err(|_| wrong("is not an address"))?;
        let here = matches!(parsed.host_str(), Some("localhost" | "127.0.0.1" | "[::1]"));
        if parsed.scheme() != "https" && !(here && parsed.scheme() == "http") {
            return Err(wrong("is not HTTPS"));
        }
        if parsed.query().is_some() || parsed.fragment().is_some() {
            return Err(wrong("has more than a path"));
        }
        let builder = Client::builder()
            .tls_backend_preconfigured(tls(ca)?)
            .redirect(Policy::none())
            .user_agent(concat!("sealwire-audit/", env!("CARGO_PKG_VERSION")))
            .timeout(PATIENCE);
        let builder = if here { builder.no_proxy() } else { builder };
        let internal = |why: &dyn std::fmt::Display| Failure {
            kind: FailureKind::Io,
            message: format!("the network cannot be used: {why}"),
            hint: "check the system's limits and certificates",
            found: None,
        };
        Ok(Self {
            base: url.trim_end_matches('/').to_owned(),
            client: builder.build().map_err(|why| internal(&why))?,
            authorization: token.map(authorization).transpose()?,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(|why| internal(&why))?,
        })
    }

    fn request(&self, path: &str, most: usize) -> Request {
        Request {
            client: self.client.clone(),
            url: format!("{}/{path}", self.base),
            headers: HeaderMap::new(),
            most,
        }
    }

    /// A tile or bundle. Servers may drop a partial one when there is a wider one.
    fn widened(&self, log: LogName, wanted: Resource) -> Result<Vec<u8>, Failure> {
        let whole = wanted.whole();
        let place = Place::Tile(log, whole);
        let request = self.request(&format!("log/v1/{log}/{whole}"), place.most());
        let bytes = self.runtime.block_on(request.send())?.found()?;
        let width = usize::from(wanted.width());
        match wanted.kind() {
            Kind::Hashes(_) => Ok(bytes.into_iter().take(32 * width).collect()),
            Kind::Entries => {
                let broken = |why: &dyn std::fmt::Display| {
                    Failure::broken(Path::new(&format!("{}/{whole}", self.base)), why, HINT)
                };
                let entries = sealwire_audit::tile::parse_bundle(&bytes, whole.width())
                    .map_err(|why| broken(&why))?;
                let mut cut = Vec::new();
                for entry in entries.iter().take(width) {
                    push_entry(&mut cut, entry).map_err(|why| broken(&why))?;
                }
                Ok(cut)
            }
        }
    }
}

fn authorization(path: &Path) -> Result<HeaderValue, Failure> {
    let token = Zeroizing::new(files::read(path, MAX_TOKEN)?);
    let bearer = Zeroizing::new([b"Bearer ", token.trim_ascii()].concat());
    let mut value = HeaderValue::from_bytes(&bearer).map_err(|_| {
        Failure::usage(
            format!("{} does not hold a token", path.display()),
            "put the token into it, on one line",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn tls(ca: Option<&Path>) -> Result<ClientConfig, Failure> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let failed = |why: &dyn std::fmt::Display, hint| Failure {
        kind: FailureKind::Io,
        message: format!("certificates cannot be read: {why}"),
        hint,
        found: None,
    };
    let install = "install them (on Debian: apt install ca-certificates), or name yours with --ca";
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|why| failed(&why, install))?;
    let Some(path) = ca else {
        let verifier = rustls_platform_verifier::Verifier::new(provider)
            .map_err(|why| failed(&why, install))?;
        return Ok(builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth());
    };
    let hint = "give certificates as PEM with --ca";
    let mut roots = RootCertStore::empty();
    let pem = files::read(path, 1024 * 1024)?;
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        let certificate = certificate.map_err(|why| failed(&why, hint))?;
        roots.add(certificate).map_err(|why| failed(&why, hint))?;
    }
    if roots.is_empty() {
        return Err(failed(&format!("{} holds none", path.display()), hint));
    }
    Ok(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A request that is to be sent.
struct Request {
    client: Client,
    url: String,
    headers: HeaderMap,
    most: usize,
}

/// What came back: nothing if there is nothing.
struct Answer {
    url: String,
    content: Option<Vec<u8>>,
}

impl Answer {
    fn found(self) -> Result<Vec<u8>, Failure> {
        let missing = || Failure {
            kind: FailureKind::Io,
            message: format!("{}: the relay does not have it", self.url),
            hint: "check the address; a relay before its first entry has no log",
            found: None,
        };
        self.content.ok_or_else(missing)
    }
}

impl Request {
    async fn send(self) -> Result<Answer, Failure> {
        let Self {
            client,
            url,
            headers,
            most,
        } = self;
        let failed = |why: &dyn std::fmt::Display, hint| Failure {
            kind: FailureKind::Io,
            message: format!("{url}: {why}"),
            hint,
            found: None,
        };
        let network = "check the address, the network and the relay's certificate, then repeat";
        let request = client.get(&url).headers(headers);
        let mut response = request
            .send()
            .await
            .map_err(|why| failed(&told(&why), network))?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND => return Ok(Answer { url, content: None }),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let hint = "give the relay's token for evidence with --token-file";
                return Err(failed(&"the relay refuses", hint));
            }
            status => {
                let hint = "wait and repeat; look into the relay's log";
                return Err(failed(&format!("the relay answered {status}"), hint));
            }
        }
        let mut content = Vec::new();
        while let Some(chunk) = response
            .chunk()
            .await
            .map_err(|why| failed(&told(&why), network))?
        {
            if content.len() + chunk.len() > most {
                let hint = "this is not the evidence of a relay; check the address";
                return Err(failed(&"the answer is too long", hint));
            }
            content.extend_from_slice(&chunk);
        }
        let content = Some(content);
        Ok(Answer { url, content })
    }
}

/// An error and what it comes from.
fn told(error: &reqwest::Error) -> String {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    let mut causes = Vec::new();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.join(": ")
}

#[derive(Deserialize)]
struct JsonPage {
    statements: Vec<JsonStatement>,
}

#[derive(Deserialize)]
struct JsonStatement {
    index: u64,
    envelope: Value,
}

impl Source for Relay {
    fn checkpoint(&mut self, log: LogName) -> Result<Vec<u8>, Failure> {
        let place = Place::Checkpoint(log);
        let request = self.request(&format!("log/v1/{log}/checkpoint"), place.most());
        self.runtime.block_on(request.send())?.found()
    }

    fn at_once(&self) -> usize {
        AT_ONCE
    }

    fn tiles(&mut self, log: LogName, wanted: &[Resource]) -> Result<Vec<Vec<u8>>, Failure> {
        let request = |one: &Resource| {
            let most = Place::Tile(log, *one).most();
            self.request(&format!("log/v1/{log}/{one}"), most).send()
        };
        let answers = self.runtime.block_on(async {
            let running: Vec<_> = wanted.iter().map(request).map(tokio::spawn).collect();
            let mut answers = Vec::new();
            for one in running {
                answers.push(one.await);
            }
            answers
        });
        let mut tiles = Vec::new();
        for (one, answer) in wanted.iter().zip(answers) {
            let answer = answer.map_err(|why| Failure {
                kind: FailureKind::Io,
                message: format!("a request was cut off: {why}"),
                hint: "repeat",
                found: None,
            })??;
            tiles.push(match answer.content {
                None if *one != one.whole() => self.widened(log, *one)?,
                _ => answer.found()?,
            });
        }
        Ok(tiles)
    }

    fn statements(&mut self, after: Option<u64>) -> Result<Page, Failure> {
        let after = after.map_or_else(String::new, |after| format!("?after={after}"));
        let path = format!("evidence/v1/statements{after}");
        let mut request = self.request(&path, MAX_PAGE);
        if let Some(authorization) = &self.authorization {
            request.headers.insert(AUTHORIZATION, authorization.clone());
        }
        let url = request.url.clone();
        let bytes = self.runtime.block_on(request.send())?.found()?;
        let broken = |why: &dyn std::fmt::Display| Failure::broken(Path::new(&url), why, HINT);
        let page: JsonPage =
            serde_json::from_slice(&bytes).map_err(|_| broken(&"is not a page of statements"))?;
        if page.statements.len() > super::source::PAGE {
            return Err(broken(&"has more than 100 statements"));
        }
        let statement = |one: JsonStatement| {
            let envelope = Envelope::parse(one.envelope.to_string().as_bytes());
            Ok((one.index, envelope.map_err(|why| broken(&why))?))
        };
        page.statements.into_iter().map(statement).collect()
    }
}
