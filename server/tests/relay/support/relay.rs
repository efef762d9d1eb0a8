//! A relay process.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use sealwire_protocol::link::JoinLink;
use tempfile::TempDir;

/// Generous, because all tests come from one address.
const CONFIG: &str = r#"
organisation = "acme"
[limits]
connections_per_address = 20000
requests_per_second_per_address = 1000000
request_burst_per_address = 1000000
frames_per_second = 1000000
frame_burst = 1000000
commit_burst = 1000
"#;

/// How to start a relay.
pub struct RelayBuilder {
    config: String,
}

impl RelayBuilder {
    pub fn new() -> Self {
        Self {
            config: CONFIG.into(),
        }
    }

    /// Replaces a line of the configuration, or adds one to `[limits]`.
    pub fn limit(mut self, name: &str, value: u64) -> Self {
        let line = format!("{name} = {value}");
        let start = format!("{name} = ");
        let found = self.config.lines().any(|old| old.starts_with(&start));
        if found {
            let lines: Vec<_> = self
                .config
                .lines()
                .map(|old| if old.starts_with(&start) { &line } else { old })
                .collect();
            self.config = lines.join("\n");
        } else {
            self.config = self
                .config
                .replace("[limits]", &format!("[limits]\n{line}"));
        }
        self
    }

    /// Adds whole sections.
    pub fn section(mut self, text: &str) -> Self {
        self.config.push('\n');
        self.config.push_str(text);
        self
    }

    pub fn start(self) -> Relay {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::write(dir.path().join("config.toml"), self.config).expect("written");
        let mut relay = Relay {
            dir,
            child: None,
            url: String::new(),
            owner_link: None,
            tls: None,
        };
        relay.start();
        relay
    }
}

/// A relay process with a data directory of its own.
pub struct Relay {
    dir: TempDir,
    child: Option<Child>,
    url: String,
    owner_link: Option<String>,
    tls: Option<Arc<ClientConfig>>,
}

impl Relay {
    /// A relay with the tests' configuration.
    pub fn new() -> Self {
        RelayBuilder::new().start()
    }

    /// The program.
    pub fn program() -> Command {
        // A release build, for measurements.
        let other = std::env::var_os("SEALWIRE_RELAY_PROGRAM");
        Command::new(other.unwrap_or_else(|| env!("CARGO_BIN_EXE_sealwire-relay").into()))
    }

    pub fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    pub fn config_file(&self) -> PathBuf {
        self.dir.path().join("config.toml")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.dir.path().join("log")).expect("log")
    }

    /// Starts the process again on the same data, on another port.
    pub fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.dir.path().join("log"))
            .expect("log");
        let mut child = Self::program()
            .args(["serve", "--json", "--listen", "127.0.0.1:0", "--config"])
            .arg(self.config_file())
            .arg("--data")
            .arg(self.data())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .expect("started");
        let stdout = child.stdout.take().expect("stdout");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).expect("line");
        assert!(!line.is_empty(), "the relay did not start: {}", self.log());
        let started: serde_json::Value = serde_json::from_str(&line).expect("JSON");
        self.url = started["listening"].as_str().expect("address").into();
        self.owner_link = started["owner_link"].as_str().map(Into::into);
        self.child = Some(child);
        self.tls = Some(Arc::new(dev_root(&self.data())));
    }

    pub fn pid(&self) -> u32 {
        self.child.as_ref().expect("running").id()
    }

    /// `https://127.0.0.1:PORT`
    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn authority(&self) -> &str {
        self.url.strip_prefix("https://").expect("scheme")
    }

    /// Trusts the relay's development certificate and nothing else.
    pub fn tls(&self) -> ClientConfig {
        let config = self.tls.as_ref().expect("started");
        ClientConfig::clone(config)
    }

    pub fn owner_link(&self) -> Option<JoinLink> {
        let link = self.owner_link.as_ref()?;
        Some(JoinLink::parse(link).expect("a link"))
    }

    /// kill -9
    pub fn kill(&mut self) {
        let mut child = self.child.take().expect("running");
        child.kill().expect("killed");
        child.wait().expect("ended");
    }

    /// SIGTERM, and how it ended.
    pub fn terminate(&mut self) -> ExitStatus {
        let mut child = self.child.take().expect("running");
        let pid = rustix::process::Pid::from_child(&child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("signalled");
        let end = Instant::now() + Duration::from_secs(30);
        loop {
            if let Some(status) = child.try_wait().expect("waited") {
                return status;
            }
            assert!(Instant::now() < end, "the relay does not end");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            drop(child.kill());
            drop(child.wait());
        }
    }
}

/// A client that trusts the development certificate of a data directory.
fn dev_root(data: &Path) -> ClientConfig {
    let certificate = CertificateDer::from_pem_file(data.join("dev-certificate.pem"))
        .expect("development certificate");
    let mut roots = RootCertStore::empty();
    roots.add(certificate).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
        .with_root_certificates(roots)
        .with_no_client_auth()
}
