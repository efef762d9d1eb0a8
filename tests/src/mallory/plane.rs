//! Requests to the relay without any care: JSON on the account plane, protobuf on the group plane.

use std::sync::Arc;

use prost::Message;
use reqwest::{Client, Method, StatusCode, header::CONTENT_TYPE};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use sealwire_crypto::SignContext;
use sealwire_protocol::{
    account::{
        B64, Challenge, ChallengeRequest, DirectoryEntry, Enrol, Inbox, InboxAck, KeyPackages,
        NewDevice, Session, SessionRequest,
    },
    blob::{BlobMetadata, OFFSET_TYPE, READ_TOKEN_HEADER, TUS_VERSION},
    frame::{InboxPost, KeyPackageReply, KeyPackageRequest, decode},
    ids::{BlobId, DeviceId},
    link::{JoinLink, RelayAddress},
    problem::{Code, Problem},
    proof::{challenge_message, enrolment_mac, enrolment_message},
};
use serde::{Serialize, de::DeserializeOwned};

use super::identity::Identity;

/// Takes any certificate: an attacker does not mind whom she talks to.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![
            SignatureScheme::ED25519,
            SignatureScheme::ECDSA_NISTP256_SHA256,
            SignatureScheme::RSA_PSS_SHA256,
        ]
    }
}

/// TLS without any check of the other side.
pub(super) fn tls() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

/// What a relay answered: the body, or why it refused.
pub type Answer = Result<Vec<u8>, Problem>;

/// Both planes of one relay over plain requests.
#[derive(Clone)]
pub struct Plane {
    http: Client,
    /// Where the relay listens.
    pub relay: RelayAddress,
}

impl Plane {
    /// Of the relay at `relay`.
    pub fn new(relay: RelayAddress) -> Self {
        let http = Client::builder()
            .tls_backend_preconfigured(tls())
            .no_proxy()
            .build()
            .expect("an HTTP client");
        Self { http, relay }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let response = request.send().await.expect("the relay answers");
        let status = response.status();
        let body = response.bytes().await.expect("a whole answer").to_vec();
        if status.is_success() {
            return Ok(body);
        }
        Err(serde_json::from_slice(&body).unwrap_or_else(|_| {
            let mut problem = Problem::new(Code::Internal, "not a problem document");
            problem.status = status.as_u16();
            problem
        }))
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, format!("https://{}/{path}", self.relay))
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: &impl Serialize,
    ) -> Result<T, Problem> {
        let path = format!("account/v1/{path}");
        let mut request = self.request(method, &path).json(body);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let body = self.send(request).await?;
        let body = if body.is_empty() {
            b"null".to_vec()
        } else {
            body
        };
        Ok(serde_json::from_slice(&body).expect("an answer of the documented form"))
    }

    /// Enrols as anybody with a link may.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn enrol(&self, link: &JoinLink, who: &Identity) -> Result<(), Problem> {
        let handle = who.certificate.handle();
        let proof = enrolment_message(&link.code, who.certificate.as_bytes(), handle);
        let mac = link.secret.as_ref().map_or_else(Vec::new, |secret| {
            enrolment_mac(secret, link.kind, handle, &who.account_public()).to_vec()
        });
        let body = Enrol {
            code: B64::from(link.code.expose()),
            handle: handle.to_string(),
            account_key: B64::from(who.account_public().as_bytes()),
            certificate: B64::from(who.certificate.as_bytes()),
            proof: B64::from(who.account.sign(SignContext::Enrolment, &proof).0),
            mac: B64(mac),
        };
        let _: serde_json::Value = self.json(Method::POST, "enrol", None, &body).await?;
        Ok(())
    }

    /// Signs in as the device of `who`.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn sign_in(&self, who: &Identity) -> Result<SignedIn, Problem> {
        let device = B64::from(who.id());
        let body = ChallengeRequest {
            device: device.clone(),
        };
        let Challenge { challenge } = self.json(Method::POST, "challenge", None, &body).await?;
        let bytes = challenge.0.as_slice().try_into().expect("32 bytes");
        let organisation = who.certificate.handle().organisation().to_owned();
        let message = challenge_message(bytes, &who.id(), &organisation);
        let body = SessionRequest {
            device,
            challenge,
            signature: B64::from(who.device.sign(SignContext::Challenge, &message).0),
        };
        let session: Session = self.json(Method::POST, "session", None, &body).await?;
        Ok(SignedIn {
            plane: self.clone(),
            token: session.token,
        })
    }

    /// One request of the group plane that stands alone: any bytes to any path.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn one_shot(&self, path: &str, body: Vec<u8>) -> Answer {
        let request = self
            .request(Method::POST, &format!("group/v1/{path}"))
            .header(CONTENT_TYPE, "application/protobuf")
            .body(body);
        self.send(request).await
    }

    /// Takes a key package of any device.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn take_key_package(&self, device: DeviceId) -> Result<Vec<u8>, Problem> {
        let request = KeyPackageRequest {
            device: device.0.to_vec().into(),
        };
        let body = self
            .one_shot("key-package", request.encode_to_vec())
            .await?;
        let reply: KeyPackageReply = decode(&body.into()).expect("a reply");
        Ok(reply.key_package.into())
    }

    /// Posts any bytes into a device's inbox.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn post(&self, device: DeviceId, envelope: Vec<u8>) -> Result<(), Problem> {
        let request = InboxPost {
            device: device.0.to_vec().into(),
            envelope: envelope.into(),
        };
        self.one_shot("inbox", request.encode_to_vec())
            .await
            .map(drop)
    }

    /// Stores a blob.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn put_blob(
        &self,
        blob: BlobId,
        token_hash: [u8; 32],
        content: Vec<u8>,
    ) -> Result<(), Problem> {
        let metadata = BlobMetadata {
            blob,
            read_token_hash: token_hash,
            delete_token_hash: [0; 32],
            days: 30,
        };
        let request = self
            .request(Method::POST, "group/v1/blobs")
            .header("tus-resumable", TUS_VERSION)
            .header("upload-length", content.len())
            .header("upload-metadata", metadata.encode())
            .header(CONTENT_TYPE, OFFSET_TYPE)
            .body(content);
        self.send(request).await.map(drop)
    }

    /// Reads a blob.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn get_blob(&self, blob: BlobId, token: &[u8]) -> Result<Vec<u8>, Problem> {
        let token = data_encoding::BASE64URL_NOPAD.encode(token);
        let request = self
            .request(Method::GET, &format!("group/v1/blobs/{blob}"))
            .header(READ_TOKEN_HEADER, token);
        self.send(request).await
    }
}

/// The account plane with a session.
pub struct SignedIn {
    plane: Plane,
    token: String,
}

impl SignedIn {
    /// Uploads whatever bytes as key packages.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn put_key_packages(&self, packages: &[Vec<u8>]) -> Result<(), Problem> {
        let body = KeyPackages {
            one_time: packages.iter().map(|bytes| B64(bytes.clone())).collect(),
            last_resort: None,
        };
        let token = Some(self.token.as_str());
        let _: serde_json::Value = self
            .plane
            .json(Method::POST, "key-packages", token, &body)
            .await?;
        Ok(())
    }

    /// Adds a device of the account.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn add_device(&self, certificate: &[u8]) -> Result<(), Problem> {
        let body = NewDevice {
            certificate: B64::from(certificate),
        };
        let token = Some(self.token.as_str());
        let _: serde_json::Value = self
            .plane
            .json(Method::POST, "devices", token, &body)
            .await?;
        Ok(())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Problem> {
        let request = self
            .plane
            .request(Method::GET, &format!("account/v1/{path}"))
            .bearer_auth(&self.token);
        let body = self.plane.send(request).await?;
        Ok(serde_json::from_slice(&body).expect("an answer of the documented form"))
    }

    /// What the directory says of a handle.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn directory(&self, handle: &str) -> Result<DirectoryEntry, Problem> {
        self.get(&format!("directory/{handle}")).await
    }

    /// The inbox after item `after`; waits a while for the first.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn inbox(&self, after: u64) -> Result<Inbox, Problem> {
        self.get(&format!("inbox?after={after}&wait=20")).await
    }

    /// Lets items of the inbox go.
    ///
    /// # Errors
    /// The relay's refusal.
    pub async fn ack(&self, ids: Vec<u64>) -> Result<(), Problem> {
        let token = Some(self.token.as_str());
        let _: serde_json::Value = self
            .plane
            .json(Method::POST, "inbox/ack", token, &InboxAck { ids })
            .await?;
        Ok(())
    }
}

/// Whether a refusal has this status.
pub fn is_status(problem: &Problem, status: StatusCode) -> bool {
    problem.status == status.as_u16()
}
