//! The relay's certificate: the operator's files, read again when they change, or one made here.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use sealwire_protocol::link::TlsMode;
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

use crate::clock;
use crate::config::Tls;
use crate::data_dir::write_private;

/// Development certificate and its key.
pub(crate) const DEV_FILES: [&str; 2] = ["dev-certificate.pem", "dev-key.pem"];
const WATCH: Duration = Duration::from_secs(5);
const YEAR_S: u64 = 31_556_952;
const DEV_YEARS: i32 = 10;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("cannot read the certificate or key {0}: {1}; it has to be a PEM file")]
    Read(PathBuf, rustls::pki_types::pem::Error),
    #[error("certificate {0} and key {1} cannot be used: {2}")]
    Use(PathBuf, PathBuf, rustls::Error),
    #[error("the file {0} holds no certificate")]
    Empty(PathBuf),
    #[error("cannot make a development certificate: {0}")]
    Make(#[from] rcgen::Error),
    #[error("cannot write the development certificate: {0}")]
    Write(#[from] io::Error),
}

/// The certificate in use.
pub(crate) struct Certificates {
    certificate: PathBuf,
    key: PathBuf,
    development: bool,
    current: RwLock<Loaded>,
}

struct Loaded {
    config: Arc<ServerConfig>,
    end_entity: CertificateDer<'static>,
    changed: [Option<SystemTime>; 2],
}

impl Certificates {
    /// Reads the configured files, or makes a development certificate for `host` in `dir`.
    pub(crate) fn open(config: &Tls, dir: &Path, host: &str) -> Result<Self, TlsError> {
        let development = config.certificate.as_os_str().is_empty();
        let (certificate, key) = if development {
            let files = (dir.join(DEV_FILES[0]), dir.join(DEV_FILES[1]));
            if !(files.0.exists() && files.1.exists()) {
                make(&files.0, &files.1, host)?;
            }
            files
        } else {
            (config.certificate.clone(), config.key.clone())
        };
        Ok(Self {
            development,
            current: RwLock::new(load(&certificate, &key)?),
            certificate,
            key,
        })
    }

    /// For the next connection.
    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&current.config)
    }

    /// How clients recognise this relay.
    pub(crate) fn mode(&self) -> TlsMode {
        if !self.development {
            return TlsMode::WebPki;
        }
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        TlsMode::Pinned(sealwire_crypto::sha256(&[&current.end_entity]))
    }

    /// Reads the files again; what was in use stays in use if they are no good.
    pub(crate) fn reload(&self) {
        match load(&self.certificate, &self.key) {
            Ok(loaded) => {
                *self.current.write().unwrap_or_else(PoisonError::into_inner) = loaded;
                tracing::info!("certificate read again");
            }
            Err(error) => tracing::error!(%error, "the old certificate stays in use"),
        }
    }

    fn changed(&self) -> bool {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.changed != times(&self.certificate, &self.key)
    }

    /// Reloads on SIGHUP and when the files change, until stopped.
    pub(crate) async fn watch(self: Arc<Self>, stop: CancellationToken) {
        use tokio::signal::unix::{SignalKind, signal};
        let Ok(mut hangup) = signal(SignalKind::hangup()) else {
            return;
        };
        let mut tried = None;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = hangup.recv() => self.reload(),
                () = tokio::time::sleep(WATCH) => {
                    let now = times(&self.certificate, &self.key);
                    // Files that are no good are told once, not every few seconds.
                    if self.changed() && tried != Some(now) {
                        tried = Some(now);
                        self.reload();
                    }
                }
            }
        }
    }
}

fn times(certificate: &Path, key: &Path) -> [Option<SystemTime>; 2] {
    [certificate, key].map(|path| {
        std::fs::metadata(path)
            .and_then(|file| file.modified())
            .ok()
    })
}

fn load(certificate: &Path, key: &Path) -> Result<Loaded, TlsError> {
    let changed = times(certificate, key);
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| TlsError::Read(certificate.into(), error))?;
    let end_entity = chain
        .first()
        .cloned()
        .ok_or_else(|| TlsError::Empty(certificate.into()))?;
    let private =
        PrivateKeyDer::from_pem_file(key).map_err(|error| TlsError::Read(key.into(), error))?;
    let unusable = |error| TlsError::Use(certificate.into(), key.into(), error);
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(unusable)?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    // A ticket would tie one connection of the group plane to the next.
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Ok(Loaded {
        config: Arc::new(config),
        end_entity,
        changed,
    })
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn make(certificate: &Path, key: &Path, host: &str) -> Result<(), TlsError> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".into(), "::1".into()];
    let host = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .to_owned();
    if !host.is_empty() && !names.contains(&host) {
        names.push(host);
    }
    let pair = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new(names)?;
    let year = i32::try_from(1970 + clock::now_s() / YEAR_S).unwrap_or(i32::MAX);
    params.not_before = date_time_ymd(year, 1, 1);
    params.not_after = date_time_ymd(year + DEV_YEARS, 12, 31);
    params.distinguished_name.push(
        DnType::CommonName,
        "Sealwire relay, development certificate",
    );
    let signed = params.self_signed(&pair)?;
    write_private(key, Zeroizing::new(pair.serialize_pem()).as_bytes())?;
    write_private(certificate, signed.pem().as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_development_certificate_stays_the_same() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let open = || {
            Certificates::open(&Tls::default(), dir.path(), "relay.example").expect("certificate")
        };
        assert_eq!(open().mode(), open().mode());
        assert!(matches!(open().mode(), TlsMode::Pinned(_)));
    }

    #[test]
    fn new_files_are_taken_and_bad_ones_are_not() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let files = Tls {
            certificate: dir.path().join("c.pem"),
            key: dir.path().join("k.pem"),
        };
        make(&files.certificate, &files.key, "").expect("made");
        let certificates = Certificates::open(&files, dir.path(), "").expect("opened");
        assert_eq!(certificates.mode(), TlsMode::WebPki);
        let used = || {
            certificates
                .current
                .read()
                .expect("lock")
                .end_entity
                .clone()
        };
        let first = used();
        std::fs::write(&files.certificate, "garbage").expect("written");
        certificates.reload();
        assert_eq!(used(), first);
        make(&files.certificate, &files.key, "").expect("made");
        certificates.reload();
        assert_ne!(used(), first);
    }

    #[test]
    fn missing_files_are_named() {
        let files = Tls {
            certificate: "missing.pem".into(),
            key: "missing.pem".into(),
        };
        let error = Certificates::open(&files, Path::new("."), "")
            .err()
            .expect("refused");
        assert!(error.to_string().contains("missing.pem"), "{error}");
    }
}
