//! TLS 1.3 to the relay: a pinned certificate, or the system's authorities.

use std::error::Error as StdError;
use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, PeerIncompatible,
    SignatureScheme,
};

use crate::error::{CoreError, ErrorKind, Result};
use sealwire_protocol::link::{RelayAddress, TlsMode};

/// A relay and how to know it.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    /// Where it listens.
    pub(crate) address: RelayAddress,
    /// How its certificate is judged.
    pub(crate) tls: TlsMode,
}

impl Endpoint {
    /// Host and port as the system's resolver takes them: an IPv6 address without brackets.
    pub(super) fn to_resolve(&self) -> (&str, u16) {
        let host = self.address.host();
        let bare = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
        (bare.unwrap_or(host), self.address.port())
    }

    /// TLS settings with the given ALPN protocols.
    ///
    /// Without `resumption` no ticket is kept: a resumed session would tell the relay that two
    /// connections come from the same client.
    pub(crate) fn tls_config(&self, alpn: &[&[u8]], resumption: bool) -> Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = self.verifier(&provider)?;
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(CoreError::internal)?
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth();
        config.alpn_protocols = alpn.iter().map(|name| name.to_vec()).collect();
        if !resumption {
            config.resumption = Resumption::disabled();
        }
        Ok(config)
    }

    fn verifier(&self, provider: &Arc<CryptoProvider>) -> Result<Arc<dyn ServerCertVerifier>> {
        match &self.tls {
            TlsMode::Pinned(hash) => Ok(Arc::new(PinnedVerifier {
                hash: *hash,
                provider: Arc::clone(provider),
            })),
            TlsMode::WebPki => rustls_platform_verifier::Verifier::new(Arc::clone(provider))
                .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>)
                .map_err(|error| {
                    CoreError::new(
                        ErrorKind::Io,
                        "certificate_authorities",
                        format!("the system's certificate authorities cannot be read: {error}"),
                        "install them (on Debian: apt install ca-certificates), then repeat",
                    )
                }),
        }
    }

    /// The name that the handshake asks for.
    pub(crate) fn server_name(&self) -> Result<ServerName<'static>> {
        ServerName::try_from(self.to_resolve().0.to_owned()).map_err(|_| {
            CoreError::new(
                ErrorKind::Usage,
                "relay_address",
                format!("{} is not a name or an address", self.address.host()),
                "check the relay's address in the link",
            )
        })
    }

    /// Turns a failed connection or request into words; a refused certificate stands out.
    pub(crate) fn failure(&self, error: &(dyn StdError + 'static)) -> CoreError {
        let relay = &self.address;
        match certificate_error(error) {
            Some(CertificateError::Other(OtherError(inner))) if inner.is::<PinMismatch>() => {
                CoreError::new(
                    ErrorKind::Untrusted,
                    "relay_certificate",
                    format!(
                        "the relay at {relay} shows another certificate than the invitation names"
                    ),
                    "nothing was sent; ask the administrator whether the certificate was \
                     replaced, and for a new link",
                )
            }
            Some(other) => CoreError::new(
                ErrorKind::Untrusted,
                "relay_certificate",
                format!("the certificate of the relay at {relay} is not valid: {other}"),
                "nothing was sent; check this machine's clock, then ask the administrator to \
                 mend the certificate or for a new link",
            ),
            None => CoreError::network(format_args!("{relay}: {}", innermost(error))),
        }
    }
}

/// The end-entity certificate is not the pinned one.
#[derive(Debug, thiserror::Error)]
#[error("not the pinned certificate")]
struct PinMismatch;

/// Trusts exactly one certificate. Names, issuers and dates do not count: the pin, which came
/// with the invitation, is the trust.
#[derive(Debug)]
struct PinnedVerifier {
    hash: [u8; 32],
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if sealwire_crypto::sha256(&[end_entity.as_ref()]) == self.hash {
            return Ok(ServerCertVerified::assertion());
        }
        Err(CertificateError::Other(OtherError(Arc::new(PinMismatch))).into())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(PeerIncompatible::Tls12NotOfferedOrEnabled.into())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        // The certificate is public: only this proves that the peer holds its key.
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Every error below `error`, itself included. `io::Error` hides what it wraps from `source`.
fn chain<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |error| below(*error))
}

fn below<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error.downcast_ref::<std::io::Error>() {
        Some(io) => io.get_ref().map(|inner| inner as _),
        None => error.source(),
    }
}

fn certificate_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a CertificateError> {
    chain(error).find_map(|error| match error.downcast_ref::<rustls::Error>() {
        Some(rustls::Error::InvalidCertificate(inner)) => Some(inner),
        _ => None,
    })
}

/// The deepest cause: "connection refused" says more than "error sending request".
fn innermost<'a>(error: &'a (dyn StdError + 'static)) -> &'a (dyn StdError + 'static) {
    chain(error).last().unwrap_or(error)
}
