//! Requests of the account plane, and the session that they need.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use sealwire_crypto::Signature;
use sealwire_protocol::account::{self, B64, Challenge, ChallengeRequest, SessionRequest};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::MAX_JSON;
use sealwire_protocol::problem::Code;
use sealwire_protocol::proof::challenge_message;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;
use zeroize::Zeroizing;

use super::refusal::{self, Answer};
use super::tls::Endpoint;
use crate::error::{CoreError, ErrorKind, Result};

const CONNECT: Duration = Duration::from_secs(10);
const REQUEST: Duration = Duration::from_secs(30);
/// A token is renewed this long before it ends.
const RENEW_BEFORE: Duration = Duration::from_secs(60);

/// Proves that this is the device it says it is.
pub(crate) trait SessionSigner: Send + Sync {
    /// The device that signs in.
    fn device(&self) -> DeviceId;
    /// Its organisation's name.
    fn organisation(&self) -> String;
    /// Signs with the device key in context `Challenge`.
    fn sign_challenge(&self, message: &[u8]) -> Signature;
}

/// One client's way to the account plane.
pub(super) struct Session {
    endpoint: Endpoint,
    base: Url,
    http: Client,
    signer: Option<Arc<dyn SessionSigner>>,
    /// Held while signing in, so that everybody else waits for that one sign-in.
    token: tokio::sync::Mutex<Option<Token>>,
    relay_time_offset_s: Mutex<Option<i64>>,
    /// What the relay's clock showed, and when that was.
    relay_clock: Mutex<Option<(u64, Instant)>>,
}

struct Token {
    text: Zeroizing<String>,
    renew_at: Instant,
}

/// One request of the account plane.
pub(super) struct Call<'a> {
    method: Method,
    path: &'a [&'a str],
    query: &'a [(&'a str, &'a str)],
    body: Option<Zeroizing<Vec<u8>>>,
    /// Longest time to the end of the answer.
    pub(super) timeout: Duration,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: Method, path: &'a [&'a str]) -> Self {
        Self {
            method,
            path,
            query: &[],
            body: None,
            timeout: REQUEST,
        }
    }

    pub(super) fn query(mut self, query: &'a [(&'a str, &'a str)]) -> Self {
        self.query = query;
        self
    }

    pub(super) fn json(mut self, body: &impl Serialize) -> Result<Self> {
        let bytes = serde_json::to_vec(body).map_err(CoreError::internal)?;
        self.body = Some(Zeroizing::new(bytes));
        Ok(self)
    }
}

impl Session {
    /// Signs in with `signer` when a request needs it.
    pub(super) fn new(endpoint: Endpoint, signer: Option<Arc<dyn SessionSigner>>) -> Result<Self> {
        let base = Url::parse(&format!("https://{}/account/v1", endpoint.address))
            .map_err(|_| bad_address(&endpoint))?;
        let http = Client::builder()
            .tls_backend_preconfigured(endpoint.tls_config(&[b"h2", b"http/1.1"], true)?)
            .https_only(true)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .connect_timeout(CONNECT)
            // A connection that died with the network must not swallow request after request.
            .http2_keep_alive_interval(Duration::from_secs(15))
            .http2_keep_alive_timeout(Duration::from_secs(10))
            .pool_idle_timeout(Duration::from_secs(60))
            .build()
            .map_err(CoreError::internal)?;
        Ok(Self {
            endpoint,
            base,
            http,
            signer,
            token: tokio::sync::Mutex::new(None),
            relay_time_offset_s: Mutex::new(None),
            relay_clock: Mutex::new(None),
        })
    }

    /// The relay's clock minus the system's, seconds, as of the newest sign-in.
    pub(super) fn relay_time_offset_s(&self) -> Option<i64> {
        *lock(&self.relay_time_offset_s)
    }

    /// Seconds since the Unix epoch by the relay's clock, counted on since the newest sign-in by a
    /// clock that nobody sets: changes of the system's do not move it.
    pub(super) fn relay_now_s(&self) -> Option<u64> {
        let (at_s, read) = (*lock(&self.relay_clock))?;
        Some(at_s.saturating_add(read.elapsed().as_secs()))
    }

    /// A signed-in request with an answer.
    pub(super) async fn ask<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let answer = self.signed_in(call).await?;
        self.parse(answer)
    }

    /// A signed-in request whose success says it all.
    pub(super) async fn tell(&self, call: Call<'_>) -> Result<()> {
        done(self.signed_in(call).await?)
    }

    /// The same without a session.
    pub(super) async fn tell_anonymously(&self, call: Call<'_>) -> Result<()> {
        done(self.send(self.request(&call)?).await?.1)
    }

    /// A request that needs no session.
    pub(super) async fn anonymous<T: DeserializeOwned>(&self, call: Call<'_>) -> Result<T> {
        let (_, answer) = self.send(self.request(&call)?).await?;
        self.parse(answer)
    }

    /// A file that the relay serves to anybody, at most `most` bytes; `None` if there is none.
    pub(super) async fn file(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>> {
        let url = self
            .base
            .join(path)
            .map_err(|_| bad_address(&self.endpoint))?;
        let request = self.http.get(url).timeout(REQUEST);
        let response = request
            .send()
            .await
            .map_err(|error| self.endpoint.failure(&error))?;
        match refusal::read(&self.endpoint, response, most).await? {
            Answer::Success(body) => Ok(Some(body.to_vec())),
            Answer::Refused(problem) if problem.code() == Some(Code::NotFound) => Ok(None),
            Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
            Answer::Foreign(error) => Err(error),
        }
    }

    /// The answer's body.
    pub(super) fn parse<T: DeserializeOwned>(&self, answer: Answer) -> Result<T> {
        match answer {
            Answer::Success(body) => serde_json::from_slice(&body).map_err(|_| {
                refusal::malformed(&self.endpoint, "an answer that is not of the known form")
            }),
            Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
            Answer::Foreign(error) => Err(error),
        }
    }

    /// Sends with a token; once more with a new one if the relay does not take it. The relay
    /// refuses before it acts, so even a repeat of a change is safe.
    pub(super) async fn signed_in(&self, call: Call<'_>) -> Result<Answer> {
        let token = self.token(None).await?;
        let request = self.request(&call)?;
        let (status, answer) = self.send(bearer(request, &token)?).await?;
        if status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = self.token(Some(&token)).await?;
        let request = self.request(&call)?;
        Ok(self.send(bearer(request, &token)?).await?.1)
    }

    /// The session's token, renewed if it ends soon or is the one that was `refused`.
    async fn token(&self, refused: Option<&Zeroizing<String>>) -> Result<Zeroizing<String>> {
        let mut slot = self.token.lock().await;
        if let Some(token) = slot.as_ref() {
            let good = Instant::now() < token.renew_at && refused != Some(&token.text);
            if good {
                return Ok(token.text.clone());
            }
        }
        *slot = None;
        let token = self.sign_in().await?;
        let text = token.text.clone();
        *slot = Some(token);
        Ok(text)
    }

    async fn sign_in(&self) -> Result<Token> {
        let signer = self.signer.as_ref().ok_or_else(signed_out)?;
        let device = signer.device();
        let body = ChallengeRequest {
            device: B64::from(device),
        };
        let call = Call::new(Method::POST, &["challenge"]).json(&body)?;
        let Challenge { challenge } = self.anonymous(call).await?;
        let bytes =
            challenge.0.as_slice().try_into().map_err(|_| {
                refusal::malformed(&self.endpoint, "a challenge of the wrong length")
            })?;
        let message = challenge_message(bytes, &device, &signer.organisation());
        let body = SessionRequest {
            device: B64::from(device),
            challenge,
            signature: B64::from(signer.sign_challenge(&message).as_bytes()),
        };
        let call = Call::new(Method::POST, &["session"]).json(&body)?;
        let (asked, started) = (unix_time_s(), Instant::now());
        let session: account::Session = self.anonymous(call).await?;
        let token = Zeroizing::new(session.token);
        // The relay read its clock somewhere between question and answer.
        let halfway = asked + (started.elapsed().as_secs() / 2).cast_signed();
        let offset = session.relay_time_s.cast_signed().saturating_sub(halfway);
        *lock(&self.relay_time_offset_s) = Some(offset);
        *lock(&self.relay_clock) = Some((session.relay_time_s, Instant::now()));
        let lifetime = Duration::from_secs(session.expires_in_s.min(24 * 3600));
        Ok(Token {
            text: token,
            // A token that lives for less than two minutes is used for half of its life.
            renew_at: started + lifetime - RENEW_BEFORE.min(lifetime / 2),
        })
    }

    fn request(&self, call: &Call<'_>) -> Result<RequestBuilder> {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .map_err(|()| bad_address(&self.endpoint))?
            .extend(call.path);
        if !call.query.is_empty() {
            url.query_pairs_mut().extend_pairs(call.query);
        }
        let mut request = self
            .http
            .request(call.method.clone(), url)
            .timeout(call.timeout);
        if let Some(body) = &call.body {
            request = request
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .body(bytes::Bytes::from_owner(body.clone()));
        }
        Ok(request)
    }

    async fn send(&self, request: RequestBuilder) -> Result<(StatusCode, Answer)> {
        let endpoint = &self.endpoint;
        let response = request
            .send()
            .await
            .map_err(|error| endpoint.failure(&error))?;
        let status = response.status();
        Ok((status, refusal::read(endpoint, response, MAX_JSON).await?))
    }
}

fn done(answer: Answer) -> Result<()> {
    match answer {
        Answer::Success(_) => Ok(()),
        Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
        Answer::Foreign(error) => Err(error),
    }
}

/// Adds the token, marked so that nothing prints it.
fn bearer(request: RequestBuilder, token: &Zeroizing<String>) -> Result<RequestBuilder> {
    let text = Zeroizing::new(format!("Bearer {}", token.as_str()));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| CoreError::internal("the session token is not a header value"))?;
    value.set_sensitive(true);
    Ok(request.header(AUTHORIZATION, value))
}

fn unix_time_s() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| elapsed.as_secs().cast_signed())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn signed_out() -> CoreError {
    CoreError::new(
        ErrorKind::Locked,
        "signed_out",
        "this needs an enrolled device",
        "join with an invitation first",
    )
}

fn bad_address(endpoint: &Endpoint) -> CoreError {
    CoreError::new(
        ErrorKind::Usage,
        "relay_address",
        format!("{} is not a relay's address", endpoint.address),
        "check the relay's address in the link",
    )
}
