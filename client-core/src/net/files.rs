//! Files that the relay serves to anybody, on a connection of their own: nobody is signed in on it, so the
//! relay does not learn by it which account asks.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Client, Response, StatusCode};
use sealwire_protocol::problem::Code;

use super::refusal::{self, Answer};
use super::tls::Endpoint;
use crate::error::{CoreError, Result};

const CONNECT: Duration = Duration::from_secs(10);
/// Silence after which a connection counts as dead.
const SILENCE: Duration = Duration::from_secs(60);

/// A connection that carries nothing of an account.
pub(crate) struct FileClient {
    client: Client,
    endpoint: Endpoint,
}

impl FileClient {
    /// Connects when first asked.
    pub(crate) fn new(endpoint: &Endpoint) -> Result<Self> {
        let client = Client::builder()
            .tls_backend_preconfigured(endpoint.tls_config(&[b"http/1.1"], false)?)
            .https_only(true)
            .http1_only()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .pool_max_idle_per_host(1)
            .connect_timeout(CONNECT)
            .read_timeout(SILENCE)
            .build()
            .map_err(CoreError::internal)?;
        Ok(Self {
            client,
            endpoint: endpoint.clone(),
        })
    }

    /// A file of at most `most` bytes; `None` if there is none.
    pub(crate) async fn get(&self, path: &str, most: usize) -> Result<Option<Vec<u8>>> {
        let response = self.ask(path).await?;
        self.read(response, most).await
    }

    /// A file that comes piece by piece; `None` if there is none.
    pub(crate) async fn open(&self, path: &str) -> Result<Option<Coming>> {
        let response = self.ask(path).await?;
        if response.status() == StatusCode::OK {
            return Ok(Some(Coming {
                response,
                endpoint: self.endpoint.clone(),
            }));
        }
        self.read(response, 0).await.map(|_| None)
    }

    async fn ask(&self, path: &str) -> Result<Response> {
        let url = format!("https://{}{path}", self.endpoint.address);
        let answer = self.client.get(url).send().await;
        answer.map_err(|error| self.endpoint.failure(&error))
    }

    async fn read(&self, response: Response, most: usize) -> Result<Option<Vec<u8>>> {
        match refusal::read(&self.endpoint, response, most).await? {
            Answer::Success(body) => Ok(Some(body.to_vec())),
            Answer::Refused(problem) if problem.code() == Some(Code::NotFound) => Ok(None),
            Answer::Refused(problem) => Err(CoreError::from_problem(&problem)),
            Answer::Foreign(error) => Err(error),
        }
    }
}

/// A file that is coming.
pub(crate) struct Coming {
    response: Response,
    endpoint: Endpoint,
}

impl Coming {
    /// What comes next; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>> {
        let next = self.response.chunk().await;
        next.map_err(|error| self.endpoint.failure(&error))
    }
}
