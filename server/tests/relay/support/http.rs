//! HTTP, with refusals as values.

use prost::Message;
use reqwest::{Method, RequestBuilder, Response};
use sealwire_protocol::frame;
use sealwire_protocol::problem::{Code, Problem};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Relay;

/// A refusal.
#[derive(Debug)]
pub struct Refused {
    pub code: Code,
}

pub async fn refused(response: Response) -> Refused {
    let status = response.status();
    let kind = response.headers()["content-type"].clone();
    assert_eq!(kind, "application/problem+json", "{status}");
    let problem: Problem = response.json().await.expect("problem details");
    assert_eq!(problem.status, status.as_u16());
    assert!(!problem.detail.is_empty() && !problem.title.is_empty());
    Refused {
        code: problem.code().expect("a known code"),
    }
}

impl Relay {
    pub fn http(&self) -> reqwest::Client {
        reqwest::Client::builder()
            .tls_backend_preconfigured(self.tls())
            .no_proxy()
            .build()
            .expect("client")
    }

    pub fn request(&self, method: Method, path: &str, token: Option<&str>) -> RequestBuilder {
        let request = self.http().request(method, format!("{}{path}", self.url()));
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// A request without an answer's body; the status.
    pub async fn tell(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<u16, Refused> {
        let path = format!("/account/v1/{path}");
        let request = self.request(method, &path, token).json(body);
        let response = request.send().await.expect("sent");
        match response.status().is_success() {
            true => Ok(response.status().as_u16()),
            false => Err(refused(response).await),
        }
    }

    /// A request with an answer.
    pub async fn ask<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T, Refused> {
        let path = format!("/account/v1/{path}");
        let request = self.request(method, &path, token).json(body);
        let response = request.send().await.expect("sent");
        match response.status().is_success() {
            true => Ok(response.json().await.expect("the answer")),
            false => Err(refused(response).await),
        }
    }

    pub async fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        token: Option<&str>,
    ) -> Result<T, Refused> {
        let path = format!("/account/v1/{path}");
        let response = self.request(Method::GET, &path, token);
        let response = response.send().await.expect("sent");
        match response.status().is_success() {
            true => Ok(response.json().await.expect("the answer")),
            false => Err(refused(response).await),
        }
    }

    /// A one-shot request of the group plane.
    pub async fn post<T: Message + Default>(
        &self,
        path: &str,
        message: &impl Message,
    ) -> Result<T, Refused> {
        self.post_bytes(path, message.encode_to_vec()).await
    }

    pub async fn post_bytes<T: Message + Default>(
        &self,
        path: &str,
        body: Vec<u8>,
    ) -> Result<T, Refused> {
        let response = self
            .request(Method::POST, &format!("/group/v1/{path}"), None)
            .header("content-type", "application/protobuf")
            .body(body)
            .send()
            .await
            .expect("sent");
        if !response.status().is_success() {
            return Err(refused(response).await);
        }
        let body = response.bytes().await.expect("body");
        Ok(frame::decode(&body).expect("the answer"))
    }
}
