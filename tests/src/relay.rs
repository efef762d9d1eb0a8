//! A relay in a process of its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sealwire_core::JoinLink;
use serde::Deserialize;
use sqlx::{ConnectOptions as _, Connection as _};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{programs, wait::PATIENCE};

/// Name of the organisation that every test's relay serves.
pub const ORGANISATION: &str = "acme";

/// Limits that no test meets by accident: all members of all tests share one address.
const GENEROUS: &str = r#"
[limits]
connections_per_address = 20000
requests_per_second_per_address = 1000000
request_burst_per_address = 1000000
frames_per_second = 1000000
frame_burst = 1000000
commit_interval_ms = 0
commit_burst = 1000000
one_time_key_packages_per_hour = 1000
open_invitations = 10000
"#;

/// What the relay prints when it is ready.
#[derive(Deserialize)]
struct Ready {
    listening: String,
    owner_link: Option<String>,
}

/// A running relay, or one that was killed and waits for its restart.
pub struct Relay {
    data: PathBuf,
    log: PathBuf,
    port: u16,
    owner_link: Option<String>,
    process: Option<Child>,
}

impl Relay {
    /// Starts a relay with generous limits on the data in `data`, on a free port.
    ///
    /// # Panics
    /// If it does not start; its log is part of the message.
    pub async fn start(data: &Path) -> Self {
        Self::start_with(data, GENEROUS).await
    }

    /// As [`Relay::start`], with these settings (TOML) instead of the generous ones.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start_with(data: &Path, settings: &str) -> Self {
        std::fs::create_dir_all(data).expect("the relay's data directory");
        std::fs::write(config(data), settings_of(settings)).expect("the relay's settings");
        let mut relay = Self {
            data: data.into(),
            log: data.with_extension("log"),
            port: 0,
            owner_link: None,
            process: None,
        };
        relay.restart().await;
        relay
    }

    /// Starts it again, with these settings (TOML) beside the generous ones.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn restart_with(&mut self, settings: &str) {
        let all = settings_of(&format!("{GENEROUS}{settings}"));
        std::fs::write(config(&self.data), all).expect("the relay's settings");
        self.restart().await;
    }

    /// Starts it again, on the same data and the same port.
    ///
    /// # Panics
    /// If it does not start; its log is part of the message.
    pub async fn restart(&mut self) {
        self.kill().await;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("the relay's log");
        let mut process = Command::new(programs::relay())
            .arg("serve")
            .arg("--data")
            .arg(&self.data)
            .args(["--listen", &self.address().to_string(), "--json"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()
            .expect("the relay's program runs");
        let stdout = process.stdout.take().expect("the relay's output");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let Ok(Ok(Some(line))) = line else {
            panic!(
                "the relay did not say that it listens; its log: {}",
                self.log()
            );
        };
        let ready: Ready = serde_json::from_str(&line)
            .unwrap_or_else(|error| panic!("the relay said {line:?}: {error}"));
        let address = ready.listening.trim_start_matches("https://");
        let address: SocketAddr = address.trim_end_matches('/').parse().expect("an address");
        self.port = address.port();
        self.owner_link = ready.owner_link.or(self.owner_link.take());
        self.process = Some(process);
    }

    /// Ends it as a power cut would: `kill -9`.
    pub async fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            // Fails only if it has ended by itself, which the restart will show.
            let _ = process.kill().await;
        }
    }

    /// The invitation that the first start printed for the owner.
    ///
    /// # Panics
    /// If it printed none.
    pub fn owner_link(&self) -> JoinLink {
        let text = self.owner_link.as_deref().expect("an owner link");
        JoinLink::parse(text).expect("a good owner link")
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// Offers a release that lies in `folder`, as its operator does.
    ///
    /// # Panics
    /// If it does not take it.
    pub async fn offers(&self, folder: &Path) -> String {
        let (folder, key) = (folder.display().to_string(), folder.join("release.pub"));
        let key = key.display().to_string();
        self.command(&["update", "offer", &folder, "--key", &key])
            .await
    }

    /// Its process.
    ///
    /// # Panics
    /// If it does not run.
    pub fn pid(&self) -> u32 {
        let id = self.process.as_ref().and_then(Child::id);
        id.expect("a running relay")
    }

    /// Its data directory.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// Entries in all of its logs.
    ///
    /// # Panics
    /// If its database cannot be read.
    pub async fn entries(&self) -> i64 {
        let file = self.data.join("groups.db");
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
        let mut database = options.connect().await.expect("the relay's database");
        let count = sqlx::query_scalar("SELECT count(*) FROM entries");
        let count = count.fetch_one(&mut database).await.expect("a count");
        database.close().await.expect("a closed database");
        count
    }

    /// What it has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Its resident memory, KiB.
    pub fn memory_kib(&self) -> u64 {
        memory_kib(self.pid())
    }

    /// Runs another of its program's commands on its data, and gives what it printed.
    ///
    /// # Panics
    /// If the command fails.
    pub async fn command(&self, words: &[&str]) -> String {
        let output = Command::new(programs::relay())
            .args(words)
            .arg("--data")
            .arg(&self.data)
            .output()
            .await
            .expect("the relay's program runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {said}{complaint}");
        said
    }
}

/// Resident memory of a process, KiB.
pub fn memory_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok())
        .unwrap_or(0)
}

/// Processor time that a process has used, seconds.
pub fn processor_s(pid: u32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // After the program's name, which may hold anything: state is the third field of proc(5),
    // utime and stime are the 14th and 15th, in hundredths.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let times = fields.split_whitespace().skip(11).take(2);
    times
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum::<f64>()
        / 100.0
}

fn config(data: &Path) -> PathBuf {
    data.join("relay.toml")
}

fn settings_of(tables: &str) -> String {
    format!("organisation = \"{ORGANISATION}\"\n{tables}")
}
