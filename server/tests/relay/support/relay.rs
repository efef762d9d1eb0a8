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
    wrapper: Vec<String>,
}

impl RelayBuilder {
    pub fn new() -> Self {
        Self {
            config: CONFIG.into(),
            wrapper: Vec::new(),
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

    /// Has the relay started by another program.
    pub fn wrapped(mut self, words: &[&str]) -> Self {
        self.wrapper = words.iter().map(ToString::to_string).collect();
        self
    }

    pub fn start(self) -> Relay {
        self.start_on(|_| {})
    }

    /// Starts on a data directory that `prepare` makes where it is told.
    pub fn start_on(self, prepare: impl FnOnce(&Path)) -> Relay {
        let dir = tempfile::tempdir().expect("temporary directory");
        prepare(&dir.path().join("data"));
        std::fs::write(dir.path().join("config.toml"), self.config).expect("written");
        let mut relay = Relay {
            dir,
            wrapper: self.wrapper,
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
    wrapper: Vec<String>,
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

    /// How many files lie below a folder of the data directory.
    pub fn files(&self, folder: &str) -> usize {
        fn count(folder: &Path) -> usize {
            let entries = std::fs::read_dir(folder).expect("listed");
            entries
                .map(|entry| entry.expect("listed").path())
                .map(|path| if path.is_dir() { count(&path) } else { 1 })
                .sum()
        }
        count(&self.data().join(folder))
    }

    /// Changes a database behind the relay's back.
    pub async fn sql(&self, file: &str, statement: &str) -> u64 {
        use sqlx::{ConnectOptions, Executor};
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(self.data().join(file))
            .busy_timeout(Duration::from_secs(10));
        let mut db = options.connect().await.expect("opened");
        db.execute(statement).await.expect("done").rows_affected()
    }

    /// Bytes of memory that the process holds, and the most that it held.
    pub fn memory(&self) -> (u64, u64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid()));
        let status = status.expect("a process");
        let kib = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name));
            let number = line.and_then(|line| line.split_whitespace().nth(1));
            number.expect("told").parse::<u64>().expect("a number") * 1024
        };
        (kib("VmRSS:"), kib("VmHWM:"))
    }

    /// Bounds the size of files that the relay writes, as a full disk does; `None` for no bound.
    pub fn bound_files(&self, bytes: Option<u64>) {
        use rustix::process::{Pid, Resource, Rlimit, prlimit};
        let pid = Pid::from_child(self.child.as_ref().expect("running"));
        let bound = Rlimit {
            current: bytes,
            maximum: None,
        };
        prlimit(Some(pid), Resource::Fsize, bound).expect("bounded");
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
        let mut command = Self::program();
        if let Some((first, rest)) = self.wrapper.split_first() {
            let program = command.get_program().to_owned();
            command = Command::new(first);
            command.args(rest).arg(program);
        }
        let mut child = command
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
