use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use sealwire_crypto::{DeviceKey, DevicePublic, SecretBytes, SignContext, Signature};
use sealwire_protocol::account::{B64, ChallengeRequest, NewInvitation, OrgRole, SessionRequest};
use sealwire_protocol::certificate::DeviceKind;
use sealwire_protocol::handle::Handle;
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::{Code, Problem};
use sealwire_protocol::proof::challenge_message;

use super::TestRelay;
use crate::error::ErrorKind;
use crate::net::{AccountClient, SessionSigner};

const ALICE: DeviceId = DeviceId([7; 16]);
const CHALLENGE: [u8; 32] = [9; 32];
/// The relay's clock is an hour ahead.
const AHEAD_S: u64 = 3600;

struct Alice(DeviceKey);

impl Alice {
    fn key() -> DeviceKey {
        DeviceKey::from_seed(&SecretBytes::fill(|bytes| *bytes = [1; 32]))
    }
}

impl SessionSigner for Alice {
    fn device(&self) -> DeviceId {
        ALICE
    }
    fn organisation(&self) -> String {
        "acme".into()
    }
    fn sign_challenge(&self, message: &[u8]) -> Signature {
        self.0.sign(SignContext::Challenge, message)
    }
}

/// What the relay does, and what it saw.
#[derive(Clone)]
struct Script(Arc<Mutex<Inner>>);

struct Inner {
    alice: DevicePublic,
    sessions: u32,
    lifetime_s: u64,
    /// Tokens up to this number are refused.
    refused_up_to: u32,
    /// `GET /a/b token-1`.
    log: Vec<String>,
    answer: fn() -> Response,
}

impl Script {
    fn new(answer: fn() -> Response) -> Self {
        Self(Arc::new(Mutex::new(Inner {
            alice: Alice::key().public(),
            sessions: 0,
            lifetime_s: 900,
            refused_up_to: 0,
            log: Vec::new(),
            answer,
        })))
    }

    async fn start(&self) -> (TestRelay, AccountClient) {
        let router = Router::new().fallback(serve).with_state(self.clone());
        let relay = TestRelay::http(router).await;
        let signer = Arc::new(Alice(Alice::key()));
        let client = AccountClient::new(relay.endpoint.clone(), Some(signer)).unwrap();
        (relay, client)
    }

    fn sessions(&self) -> u32 {
        self.0.lock().unwrap().sessions
    }

    fn log(&self) -> Vec<String> {
        self.0.lock().unwrap().log.clone()
    }
}

async fn serve(
    State(script): State<Script>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut inner = script.0.lock().unwrap();
    match uri.path() {
        "/account/v1/challenge" => {
            let request: ChallengeRequest = serde_json::from_slice(&body).unwrap();
            assert_eq!(request.device, B64::from(ALICE));
            let challenge = B64::from(CHALLENGE);
            serde_json::json!({ "challenge": challenge })
                .to_string()
                .into_response()
        }
        "/account/v1/session" => {
            let request: SessionRequest = serde_json::from_slice(&body).unwrap();
            let message = challenge_message(&CHALLENGE, &ALICE, "acme");
            let signature = Signature::from_bytes(&request.signature.0).unwrap();
            let verified = inner
                .alice
                .verify(SignContext::Challenge, &message, &signature);
            if verified.is_err() {
                return problem(Problem::new(Code::BadSignature, "sign again"));
            }
            inner.sessions += 1;
            let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs();
            serde_json::json!({
                "token": format!("token-{}", inner.sessions),
                "expires_in_s": inner.lifetime_s,
                "relay_time_s": now + AHEAD_S,
            })
            .to_string()
            .into_response()
        }
        path => {
            let token = headers
                .get("authorization")
                .and_then(|value| value.to_str().unwrap().strip_prefix("Bearer "))
                .unwrap_or("none");
            let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
            inner.log.push(format!("{method} {path}{query} {token}"));
            let number: u32 = token.rsplit('-').next().unwrap().parse().unwrap_or(0);
            if token != "none" && number <= inner.refused_up_to {
                return problem(Problem::new(Code::Unauthenticated, "sign in"));
            }
            (inner.answer)()
        }
    }
}

fn problem(problem: Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap();
    let body = serde_json::to_string(&problem).unwrap();
    (status, [("content-type", "application/problem+json")], body).into_response()
}

fn me() -> Response {
    serde_json::json!({"handle": "alice@acme", "role": "org-owner", "device": B64::from(ALICE)})
        .to_string()
        .into_response()
}

#[tokio::test]
async fn many_calls_at_once_sign_in_once_on_one_connection() {
    let script = Script::new(me);
    let (relay, client) = script.start().await;
    assert_eq!(client.relay_time_offset_s(), None);
    let calls = (0..20).map(|_| {
        let client = client.clone();
        tokio::spawn(async move { client.me().await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap().handle, "alice@acme");
    }
    assert_eq!(script.sessions(), 1);
    assert_eq!(script.log(), vec!["GET /account/v1/me token-1"; 20]);
    let seen = relay.seen();
    assert_eq!(seen.len(), 1, "{seen:?}");
    assert_eq!(seen[0].alpn, "h2");
    let offset = client.relay_time_offset_s().unwrap();
    assert!((3598..=3602).contains(&offset), "{offset}");
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let script = Script::new(me);
    let (_relay, client) = script.start().await;
    client.me().await.unwrap();
    script.0.lock().unwrap().refused_up_to = 1;
    client.me().await.unwrap();
    assert_eq!(script.sessions(), 2);
    // A relay that takes no token at all is not asked for ever.
    script.0.lock().unwrap().refused_up_to = 1000;
    let error = client.me().await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Locked, "signed_out"));
    assert_eq!(script.sessions(), 3);
    assert_eq!(script.log().len(), 5);
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let script = Script::new(me);
    script.0.lock().unwrap().lifetime_s = 2;
    let (_relay, client) = script.start().await;
    client.me().await.unwrap();
    client.me().await.unwrap();
    assert_eq!(script.sessions(), 1);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    client.me().await.unwrap();
    assert_eq!(script.sessions(), 2);
}

#[tokio::test]
async fn a_refused_sign_in_is_told() {
    let script = Script::new(me);
    let (relay, _) = script.start().await;
    let mallory = DeviceKey::from_seed(&SecretBytes::fill(|bytes| *bytes = [2; 32]));
    let signer = Arc::new(Alice(mallory));
    let client = AccountClient::new(relay.endpoint.clone(), Some(signer)).unwrap();
    let error = client.me().await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Locked, "signed_out"));
    assert!(script.log().is_empty());
    let nobody = AccountClient::new(relay.endpoint.clone(), None).unwrap();
    assert_eq!(nobody.me().await.unwrap_err().kind, ErrorKind::Locked);
}

#[tokio::test]
async fn refusals_keep_their_words_and_their_wait() {
    let script = Script::new(|| {
        let mut limited = Problem::new(Code::RateLimited, "wait \u{1b}[31ma little");
        limited.retry_after_ms = Some(1234);
        problem(limited)
    });
    let (_relay, client) = script.start().await;
    let error = client.members(None).await.unwrap_err();
    assert_eq!(error.kind, ErrorKind::RateLimited);
    assert_eq!(error.retry_after_ms, Some(1234));
    assert_eq!(error.hint, "wait  [31ma little", "no terminal sequences");
}

#[tokio::test]
async fn an_answer_of_somebody_else_is_an_error_too() {
    let script =
        Script::new(|| (StatusCode::BAD_GATEWAY, [("retry-after", "7")], "<html>").into_response());
    let (_relay, client) = script.start().await;
    let error = client.invitations().await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Io, "relay_refused"));
    assert_eq!(error.retry_after_ms, Some(7000));
    assert!(error.message.contains("502"), "{}", error.message);

    script.0.lock().unwrap().answer = || "<html>".into_response();
    let error = client.invitations().await.unwrap_err();
    assert_eq!(error.code, "relay_malformed");

    script.0.lock().unwrap().answer = || vec![b' '; 2 * 1024 * 1024 + 1].into_response();
    let error = client.invitations().await.unwrap_err();
    assert_eq!(error.code, "relay_malformed");
    assert!(error.message.contains("more than"), "{}", error.message);
}

#[tokio::test]
async fn an_unknown_account_is_none() {
    let script = Script::new(|| problem(Problem::new(Code::AccountUnknown, "check the handle")));
    let (_relay, client) = script.start().await;
    let bob = Handle::parse("bob@acme").unwrap();
    assert!(client.directory(&bob).await.unwrap().is_none());
    script.0.lock().unwrap().answer = || problem(Problem::new(Code::NotFound, "no such route"));
    assert!(client.directory(&bob).await.is_err());
}

#[tokio::test]
async fn paths_and_queries_are_what_the_table_says() {
    let script = Script::new(|| StatusCode::NO_CONTENT.into_response());
    let (_relay, client) = script.start().await;
    client.suspend("bob@acme").await.unwrap();
    client.suspend("../me?x=1#y").await.unwrap();
    client.resume("bob@acme").await.unwrap();
    client
        .set_role("bob@acme", OrgRole::OrgAdmin)
        .await
        .unwrap();
    client.delete_invitation(12).await.unwrap();
    client.ack(&[1, 2]).await.unwrap();
    // These want a body that this relay does not give.
    client.members(Some("bob&carol@acme")).await.unwrap_err();
    client.inbox(5, 1).await.unwrap_err();
    let invitation = NewInvitation {
        code_hash: B64::from([0; 32]),
        role: OrgRole::OrgMember,
        kind: DeviceKind::Person,
        expires_in_s: 60,
    };
    client.new_invitation(&invitation).await.unwrap_err();
    let expected = [
        "POST /account/v1/members/bob@acme/suspend token-1",
        "POST /account/v1/members/..%2Fme%3Fx=1%23y/suspend token-1",
        "POST /account/v1/members/bob@acme/resume token-1",
        "PUT /account/v1/members/bob@acme/role token-1",
        "DELETE /account/v1/invitations/12 token-1",
        "POST /account/v1/inbox/ack token-1",
        "GET /account/v1/members?after=bob%26carol%40acme token-1",
        "GET /account/v1/inbox?after=5&wait=1 token-1",
        "POST /account/v1/invitations token-1",
    ];
    assert_eq!(script.log(), expected);
}
