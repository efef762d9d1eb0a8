use axum::Router;
use axum::routing::get;
use rustls::pki_types::ServerName;
use sealwire_protocol::link::{RelayAddress, TlsMode};

use super::{Identity, TestRelay};
use crate::error::{CoreError, ErrorKind};
use crate::net::AccountClient;
use crate::net::tls::Endpoint;

async fn ask(endpoint: &Endpoint) -> Result<(), CoreError> {
    let client = AccountClient::new(endpoint.clone(), None)?;
    client.organisation().await.map(drop)
}

fn router() -> Router {
    Router::new().route(
        "/account/v1/organisation",
        get(|| async { r#"{"name":"acme"}"# }),
    )
}

#[tokio::test]
async fn the_pin_alone_makes_a_relay_trusted() {
    let relay = TestRelay::http(router()).await;
    ask(&relay.endpoint).await.unwrap();
}

#[tokio::test]
async fn another_certificate_is_refused_in_words() {
    let relay = TestRelay::http(router()).await;
    let mut endpoint = relay.endpoint.clone();
    endpoint.tls = Identity::new().pin();
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Untrusted, "relay_certificate")
    );
    let authority = endpoint.address.to_string();
    assert!(error.message.contains(&authority), "{}", error.message);
    assert!(error.message.contains("another certificate"));
    assert!(error.hint.contains("new link"), "{}", error.hint);
    assert!(!error.is_transient());
    assert!(relay.seen().is_empty(), "the handshake must not finish");
}

#[tokio::test]
async fn the_certificate_without_its_key_is_refused() {
    let alice = Identity::new();
    let pin = alice.pin();
    let mallory = Identity {
        certificate: alice.certificate,
        key: Identity::new().key,
    };
    let config = mallory.server(&[&rustls::version::TLS13]);
    let relay = TestRelay::start_as(config, pin, |_, _| async {}).await;
    let error = ask(&relay.endpoint).await.unwrap_err();
    assert_eq!(
        (error.kind, error.code),
        (ErrorKind::Untrusted, "relay_certificate")
    );
}

#[tokio::test]
async fn tls_1_2_is_refused() {
    let identity = Identity::new();
    let pin = identity.pin();
    let config = identity.server(&[&rustls::version::TLS12]);
    let relay = TestRelay::start_as(config, pin, |_, _| async {}).await;
    let error = ask(&relay.endpoint).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Io, "network"));
    assert!(relay.seen().is_empty());
}

#[tokio::test]
async fn without_a_pin_the_systems_authorities_judge() {
    let relay = TestRelay::http(router()).await;
    let mut endpoint = relay.endpoint.clone();
    endpoint.tls = TlsMode::WebPki;
    let error = ask(&endpoint).await.unwrap_err();
    // A machine without any authorities says so.
    assert!(
        ["relay_certificate", "certificate_authorities"].contains(&error.code),
        "{}",
        error.code
    );
    assert!(relay.seen().is_empty());
}

#[tokio::test]
async fn a_closed_port_is_network_trouble() {
    let relay = TestRelay::http(router()).await;
    let mut endpoint = relay.endpoint.clone();
    let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    endpoint.address = RelayAddress::new("127.0.0.1", port).unwrap();
    drop(listener);
    let error = ask(&endpoint).await.unwrap_err();
    assert_eq!((error.kind, error.code), (ErrorKind::Io, "network"));
    assert!(error.message.contains("refused"), "{}", error.message);
}

#[test]
fn an_ipv6_address_is_resolved_without_its_brackets() {
    let mut endpoint = Endpoint {
        address: RelayAddress::new("[::1]", 443).unwrap(),
        tls: TlsMode::WebPki,
    };
    assert_eq!(endpoint.to_resolve(), ("::1", 443));
    assert!(matches!(
        endpoint.server_name().unwrap(),
        ServerName::IpAddress(_)
    ));
    endpoint.address = RelayAddress::new("relay.example", 443).unwrap();
    assert_eq!(endpoint.to_resolve(), ("relay.example", 443));
    endpoint.server_name().unwrap();
}
