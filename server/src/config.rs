//! The configuration file: every option with its default and meaning.

mod processing;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use sealwire_protocol::handle::check_organisation;
use sealwire_protocol::limits::{MAX_BLOB_CONTENT, MAX_BLOB_DAYS};
use serde::{Deserialize, Serialize};

pub(crate) use self::processing::Processing;

/// Name of the file in the data directory, unless the operator keeps it elsewhere.
pub(crate) const FILE: &str = "relay.toml";

/// Why a configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("cannot read the configuration {0}: {1}")]
    Read(PathBuf, std::io::Error),
    #[error("cannot write the configuration {0}: {1}")]
    Write(PathBuf, std::io::Error),
    #[error("the configuration {0} is not valid:\n{1}")]
    Parse(PathBuf, Box<toml::de::Error>),
    #[error("option `{0}` {1}")]
    Value(&'static str, String),
    #[error(
        "this relay has no organisation yet; start it once with --organisation NAME (the part of \
         handles after the @)"
    )]
    NoOrganisation,
}

/// The whole configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Where to listen.
    pub(crate) listen: SocketAddr,
    /// Name of the organisation.
    pub(crate) organisation: String,
    /// How clients reach this relay: `HOST` or `HOST:PORT`.
    pub(crate) public_address: String,
    /// Certificate.
    pub(crate) tls: Tls,
    /// Bounds.
    pub(crate) limits: Limits,
    /// Times.
    pub(crate) timeouts: Timeouts,
    /// Storage.
    pub(crate) storage: Storage,
    /// Where blobs lie, if not in the data directory.
    pub(crate) s3: S3,
    /// How long things are kept.
    pub(crate) retention: Retention,
    /// How long backups are kept.
    pub(crate) backup: Backup,
    /// Who watches the transparency logs.
    pub(crate) transparency: Transparency,
    /// Why and for whom data is processed.
    pub(crate) processing: Processing,
    /// Log output.
    pub(crate) log: Log,
}

/// `[tls]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Tls {
    /// PEM file with the certificate chain; empty for the development certificate.
    pub(crate) certificate: PathBuf,
    /// PEM file with its private key.
    pub(crate) key: PathBuf,
}

/// `[limits]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Limits {
    pub(crate) connections: usize,
    pub(crate) connections_per_address: usize,
    pub(crate) requests_per_second_per_address: u32,
    pub(crate) request_burst_per_address: u32,
    pub(crate) frames_per_second: u32,
    pub(crate) frame_burst: u32,
    pub(crate) subscriptions: usize,
    pub(crate) queue_frames: usize,
    pub(crate) queue_kib: usize,
    pub(crate) commit_interval_ms: u64,
    pub(crate) commit_burst: u32,
    pub(crate) inbox_envelopes: u32,
    pub(crate) one_time_key_packages_per_hour: u32,
    pub(crate) accounts: u32,
    pub(crate) open_invitations: u32,
    pub(crate) blob_requests: usize,
    pub(crate) blob_requests_per_address: usize,
    pub(crate) blob_mib_per_address_per_day: u32,
}

/// `[timeouts]`, seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Timeouts {
    pub(crate) tls_handshake_s: u64,
    pub(crate) header_s: u64,
    pub(crate) request_s: u64,
    pub(crate) idle_s: u64,
    pub(crate) write_s: u64,
    pub(crate) drain_s: u64,
}

/// `[storage]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Storage {
    pub(crate) group_database_mib: u64,
    pub(crate) blob_mib: u64,
    pub(crate) largest_blob_mib: u32,
}

/// `[s3]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct S3 {
    /// Empty for the data directory.
    pub(crate) bucket: String,
    pub(crate) region: String,
    /// `https://HOST[:PORT]`; empty for AWS.
    pub(crate) endpoint: String,
    pub(crate) prefix: String,
    /// File with the keys; empty for the environment.
    pub(crate) credentials: PathBuf,
}

/// `[retention]`, days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Retention {
    pub(crate) message_days: u32,
    pub(crate) envelope_days: u32,
    pub(crate) blob_days: u32,
    pub(crate) invitation_days: u32,
}

/// `[backup]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Backup {
    /// Days.
    pub(crate) keep_days: u32,
}

/// `[transparency]`
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Transparency {
    /// `VKEY URL` of each.
    pub(crate) witnesses: Vec<String>,
    /// How many of them have to cosign.
    pub(crate) quorum: usize,
}

/// `[log]`
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Log {
    pub(crate) filter: String,
    pub(crate) json: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            organisation: String::new(),
            public_address: String::new(),
            tls: Tls::default(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            storage: Storage::default(),
            s3: S3::default(),
            retention: Retention::default(),
            backup: Backup::default(),
            transparency: Transparency::default(),
            processing: Processing::default(),
            log: Log::default(),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            connections_per_address: 2_000,
            requests_per_second_per_address: 200,
            request_burst_per_address: 2_000,
            frames_per_second: 500,
            frame_burst: 5_000,
            subscriptions: sealwire_protocol::limits::MAX_SUBSCRIPTIONS,
            queue_frames: 4_096,
            queue_kib: 8_192,
            commit_interval_ms: 2_000,
            commit_burst: 10,
            inbox_envelopes: 2_000,
            one_time_key_packages_per_hour: 10,
            accounts: 100_000,
            open_invitations: 1_000,
            blob_requests: 64,
            blob_requests_per_address: 32,
            blob_mib_per_address_per_day: 4_096,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            tls_handshake_s: 10,
            header_s: 30,
            request_s: 180,
            idle_s: 90,
            write_s: 15,
            drain_s: 10,
        }
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            group_database_mib: 0,
            blob_mib: 10_240,
            largest_blob_mib: 2_048,
        }
    }
}

impl Default for S3 {
    fn default() -> Self {
        Self {
            bucket: String::new(),
            region: "us-east-1".into(),
            endpoint: String::new(),
            prefix: String::new(),
            credentials: PathBuf::new(),
        }
    }
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            message_days: 30,
            envelope_days: 30,
            blob_days: 30,
            invitation_days: 30,
        }
    }
}

impl Default for Backup {
    fn default() -> Self {
        Self { keep_days: 35 }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self {
            filter: "info".into(),
            json: false,
        }
    }
}

impl Config {
    /// Reads and checks a configuration file.
    pub(crate) fn read(path: &Path) -> Result<Self, ConfigError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.into(), error))?;
        toml::from_str(&text).map_err(|error| ConfigError::Parse(path.into(), Box::new(error)))
    }

    /// Checks what the types do not.
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        if self.organisation.is_empty() {
            return Err(ConfigError::NoOrganisation);
        }
        check_organisation(&self.organisation)
            .map_err(|error| ConfigError::Value("organisation", format!("is refused: {error}")))?;
        if self.tls.certificate.as_os_str().is_empty() != self.tls.key.as_os_str().is_empty() {
            return Err(ConfigError::Value(
                "tls.certificate",
                "and `tls.key` go together; set both, or neither for the development certificate"
                    .into(),
            ));
        }
        let limits = &self.limits;
        for (name, value) in [
            ("limits.connections", limits.connections),
            (
                "limits.connections_per_address",
                limits.connections_per_address,
            ),
            ("limits.subscriptions", limits.subscriptions),
            ("limits.queue_frames", limits.queue_frames),
            ("limits.blob_requests", limits.blob_requests),
            (
                "limits.blob_requests_per_address",
                limits.blob_requests_per_address,
            ),
        ] {
            if value == 0 {
                return Err(ConfigError::Value(name, "must be at least 1".into()));
            }
        }
        if limits.queue_kib < 1024 {
            return Err(ConfigError::Value(
                "limits.queue_kib",
                "must be at least 1024, so that the largest entry fits".into(),
            ));
        }
        self.check_days()?;
        self.check_blobs()?;
        if limits.subscriptions > sealwire_protocol::limits::MAX_SUBSCRIPTIONS {
            return Err(ConfigError::Value(
                "limits.subscriptions",
                "is over what the protocol allows, 4096".into(),
            ));
        }
        Ok(())
    }
}

impl Config {
    /// Logs hold nothing for longer than 30 days, and what belongs to them need not outlive it.
    fn check_days(&self) -> Result<(), ConfigError> {
        let retention = &self.retention;
        for (name, days, most) in [
            ("retention.message_days", retention.message_days, 30),
            ("retention.envelope_days", retention.envelope_days, 30),
            ("retention.blob_days", retention.blob_days, MAX_BLOB_DAYS),
            ("retention.invitation_days", retention.invitation_days, 365),
            ("backup.keep_days", self.backup.keep_days, 3_650),
        ] {
            if !(1..=most).contains(&days) {
                let text = format!("must be between 1 and {most}");
                return Err(ConfigError::Value(name, text));
            }
        }
        Ok(())
    }

    fn check_blobs(&self) -> Result<(), ConfigError> {
        let most = u32::try_from(MAX_BLOB_CONTENT >> 20).unwrap_or(u32::MAX);
        if !(1..=most).contains(&self.storage.largest_blob_mib) {
            let text = format!("must be between 1 and {most}");
            return Err(ConfigError::Value("storage.largest_blob_mib", text));
        }
        if !(1..=1 << 21).contains(&self.limits.blob_mib_per_address_per_day) {
            let text = "must be between 1 and 2097152".into();
            return Err(ConfigError::Value(
                "limits.blob_mib_per_address_per_day",
                text,
            ));
        }
        let endpoint = self.s3.endpoint.as_str();
        if !(endpoint.is_empty()
            || endpoint.starts_with("https://")
            || endpoint.starts_with("http://"))
        {
            let text = "must begin with https:// (or http:// within one machine)".into();
            return Err(ConfigError::Value("s3.endpoint", text));
        }
        Ok(())
    }
}

/// The commented file that the first start writes.
pub(crate) fn template(organisation: &str, listen: SocketAddr) -> String {
    TEMPLATE
        .replace("@LISTEN@", &listen.to_string())
        .replace("@ORGANISATION@", organisation)
}

const TEMPLATE: &str = include_str!("config.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_file_holds_exactly_the_defaults() {
        let listen = Config::default().listen;
        let written: Config = toml::from_str(&template("", listen)).expect("valid TOML");
        assert_eq!(written, Config::default());
    }

    /// An option that is missing from the file would take its default silently.
    #[test]
    fn the_written_file_names_every_option() {
        let text = template("acme", Config::default().listen);
        for option in format!("{:?}", Config::default())
            .split([' ', '{', '}'])
            .filter_map(|word| word.strip_suffix(':'))
        {
            let named = text.lines().any(|line| {
                line.starts_with(&format!("{option} =")) || line == format!("[{option}]")
            });
            assert!(named, "{option} is not in the template");
        }
    }

    #[test]
    fn wrong_values_are_told_by_name() {
        let good = Config {
            organisation: "acme".into(),
            ..Config::default()
        };
        assert!(good.check().is_ok());
        let mut bad = good.clone();
        bad.organisation = "Acme".into();
        assert!(
            bad.check()
                .expect_err("capital")
                .to_string()
                .contains("organisation")
        );
        let mut bad = good.clone();
        bad.tls.key = "key.pem".into();
        assert!(
            bad.check()
                .expect_err("half")
                .to_string()
                .contains("tls.key")
        );
        let mut bad = good.clone();
        bad.limits.queue_kib = 1;
        assert!(
            bad.check()
                .expect_err("small")
                .to_string()
                .contains("queue_kib")
        );
        for (option, change) in [
            (
                "retention.message_days",
                (|bad| bad.retention.message_days = 31) as fn(&mut Config),
            ),
            ("retention.blob_days", |bad| bad.retention.blob_days = 0),
            ("backup.keep_days", |bad| bad.backup.keep_days = 0),
            ("s3.endpoint", |bad| bad.s3.endpoint = "minio:9000".into()),
            ("storage.largest_blob_mib", |bad| {
                bad.storage.largest_blob_mib = 2049;
            }),
        ] {
            let mut bad = good.clone();
            change(&mut bad);
            let error = bad.check().expect_err(option).to_string();
            assert!(error.contains(option), "{error}");
        }
        let mut bad = good;
        bad.organisation.clear();
        assert!(matches!(bad.check(), Err(ConfigError::NoOrganisation)));
    }

    #[test]
    fn an_unknown_option_is_an_error() {
        let text = "organisation = \"acme\"\nlissten = \"[::]:1\"\n";
        let error = toml::from_str::<Config>(text).expect_err("unknown");
        assert!(error.to_string().contains("lissten"));
    }
}
