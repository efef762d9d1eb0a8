//! A relay in a process of its own, on a core of its own.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::Deserialize;
use tempfile::TempDir;

use crate::cores::{self, Cores};
use crate::{Result, note};

/// All load comes from one machine; whatever bounds the load of one address or one connection is
/// open. Everything else is as delivered.
const OPEN: &str = r#"
organisation = "acme"

[limits]
connections_per_address = 20000
requests_per_second_per_address = 1000000
request_burst_per_address = 1000000
frames_per_second = 1000000
frame_burst = 1000000
open_invitations = 10000

[log]
filter = "warn"
"#;

#[derive(Deserialize)]
struct Ready {
    listening: String,
    owner_link: Option<String>,
}

/// A running relay; ends with this value, and its data with it.
pub(crate) struct Relay {
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// The invitation of its owner.
    pub(crate) owner_link: String,
    dir: TempDir,
}

impl Relay {
    /// Starts a new relay on the disk, with these further settings (TOML tables).
    pub(crate) fn start(cores: &Cores, settings: &str) -> Result<Self> {
        Self::start_in(&std::env::temp_dir(), cores, settings)
    }

    /// As [`Relay::start`], with its data somewhere below `place`.
    pub(crate) fn start_in(place: &Path, cores: &Cores, settings: &str) -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("sealwire-bench-")
            .tempdir_in(place)?;
        let data = dir.path().join("relay");
        std::fs::create_dir(&data)?;
        std::fs::write(data.join("relay.toml"), format!("{OPEN}{settings}"))?;
        let log = File::create(dir.path().join("relay.log"))?;
        let mut process = cores.as_relay(|| {
            Command::new(program()?)
                .arg("serve")
                .arg("--data")
                .arg(&data)
                .args(["--listen", "127.0.0.1:0", "--json"])
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(log)
                .spawn()
                .map_err(|error| -> Box<dyn std::error::Error + Send + Sync> {
                    format!("cannot start the relay: {error}; build it with `cargo build --release -p sealwire-relay`").into()
                })
        })??;
        let mut line = String::new();
        let stdout = process.stdout.take().ok_or("no output of the relay")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let ready: Ready = serde_json::from_str(&line).map_err(|_| {
            // It has said why on its standard error.
            let log = std::fs::read_to_string(dir.path().join("relay.log"));
            format!("the relay did not start: {}", log.unwrap_or_default())
        })?;
        let address = ready.listening.trim_start_matches("https://");
        Ok(Self {
            address: address.trim_end_matches('/').parse()?,
            owner_link: ready.owner_link.ok_or("no link for the owner")?,
            process,
            dir,
        })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// A directory on the same disk as its data.
    pub(crate) fn disk(&self) -> &Path {
        self.dir.path()
    }

    /// How long it has worked.
    pub(crate) fn work(&self) -> Result<Duration> {
        cores::work_of(self.pid())
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        let log = std::fs::read_to_string(self.dir.path().join("relay.log")).unwrap_or_default();
        for line in log.lines().take(20) {
            note(format_args!("relay: {line}"));
        }
        // It may have ended by itself.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// The relay's program lies beside this one.
fn program() -> Result<std::path::PathBuf> {
    let own = std::env::current_exe()?;
    Ok(own.with_file_name("sealwire-relay"))
}
