//! A relay that is real as far as TLS, HTTP and WebSocket go, and what it is used to check.

mod account;
mod blobs;
mod oneshot;
mod socket;
mod tls;

use std::future::Future;
use std::sync::{Arc, Mutex};

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::sign::CertifiedKey;
use rustls::{HandshakeKind, ServerConfig};
use sealwire_protocol::link::{RelayAddress, TlsMode};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::tls::Endpoint;

/// A certificate and its key.
pub(super) struct Identity {
    pub(super) certificate: CertificateDer<'static>,
    pub(super) key: PrivateKeyDer<'static>,
}

impl Identity {
    /// For a name that nobody asks for, and long expired: the pin alone must count.
    pub(super) fn new() -> Self {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["elsewhere.example".into()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        let certificate = params.self_signed(&key).unwrap();
        Self {
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(key.serialize_der()).into(),
        }
    }

    pub(super) fn pin(&self) -> TlsMode {
        TlsMode::Pinned(sealwire_crypto::sha256(&[self.certificate.as_ref()]))
    }

    /// A server that shows the certificate, whether or not the key fits it.
    pub(super) fn server(
        self,
        versions: &[&'static rustls::SupportedProtocolVersion],
    ) -> ServerConfig {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = provider.key_provider.load_private_key(self.key).unwrap();
        let shown = Shown(Arc::new(CertifiedKey::new(vec![self.certificate], key)));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(shown));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        config
    }
}

#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl rustls::server::ResolvesServerCert for Shown {
    fn resolve(&self, _: rustls::server::ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// What a connection looked like to the relay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) alpn: String,
    pub(super) resumed: bool,
}

/// A relay on a port of its own; it ends with the test's runtime.
pub(super) struct TestRelay {
    pub(super) endpoint: Endpoint,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl TestRelay {
    /// Serves HTTP.
    pub(super) async fn http(router: Router) -> Self {
        Self::start(move |_, stream| {
            let service = TowerToHyperService::new(router.clone());
            async move {
                let _ = auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        })
        .await
    }

    /// Gives each connection, with its number from 1, to `serve`.
    pub(super) async fn start<F>(
        serve: impl Fn(u64, TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let identity = Identity::new();
        let tls = identity.pin();
        Self::start_as(identity.server(&[&rustls::version::TLS13]), tls, serve).await
    }

    /// As [`TestRelay::start`], with its own TLS settings.
    pub(super) async fn start_as<F>(
        config: ServerConfig,
        tls: TlsMode,
        serve: impl Fn(u64, TlsStream<TcpStream>) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let address = RelayAddress::new("127.0.0.1", port).unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let seen = Arc::new(Mutex::new(Vec::new()));
        let notes = Arc::clone(&seen);
        tokio::spawn(async move {
            let mut number = 0;
            while let Ok((tcp, _)) = listener.accept().await {
                let Ok(stream) = acceptor.accept(tcp).await else {
                    continue;
                };
                let connection = stream.get_ref().1;
                notes.lock().unwrap().push(Seen {
                    alpn: String::from_utf8_lossy(connection.alpn_protocol().unwrap_or(b"")).into(),
                    resumed: connection.handshake_kind() == Some(HandshakeKind::Resumed),
                });
                number += 1;
                tokio::spawn(serve(number, stream));
            }
        });
        Self {
            endpoint: Endpoint { address, tls },
            seen,
        }
    }

    /// The connections so far.
    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}
