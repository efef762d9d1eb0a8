//! A relay in a process of its own.

use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::failure::Failure;
use crate::stop::{self, Running};

const PATIENCE: Duration = Duration::from_secs(30);

/// How to start one.
pub(crate) struct Setup<'a> {
    /// The folder with the programs.
    pub(crate) programs: &'a Path,
    /// Its data.
    pub(crate) data: PathBuf,
    /// Its log; shown on the terminal if there is none.
    pub(crate) log: Option<PathBuf>,
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// The organisation that a new one serves.
    pub(crate) organisation: &'a str,
}

/// A relay that listens; it ends with this value.
pub(crate) struct Relay {
    /// Where.
    pub(crate) address: String,
    /// The owner's invitation, unless there is an owner.
    pub(crate) owner_link: Option<String>,
    process: Running,
}

impl Relay {
    /// Starts one and waits until it listens.
    pub(crate) fn start(setup: &Setup<'_>) -> Result<Self, Failure> {
        let mut command = Command::new(setup.programs.join("sealwire-relay"));
        command
            .args(["serve", "--json", "--listen", &setup.listen.to_string()])
            .arg("--data")
            .arg(&setup.data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped());
        // A relay that knows its organisation keeps it.
        if !setup.data.join("relay.toml").exists() {
            command.args(["--organisation", setup.organisation]);
        }
        if let Some(log) = &setup.log {
            let log = File::create(log).map_err(|error| Failure::io("the relay's log", &error))?;
            command.stderr(log);
        }
        let mut process = Running(stop::spawn(&mut command)?);
        let line = first_line(&mut process)?.ok_or_else(|| did_not_start(setup))?;
        let said: Value = serde_json::from_str(&line).map_err(|_| did_not_start(setup))?;
        Ok(Self {
            address: said["listening"].as_str().unwrap_or_default().into(),
            owner_link: said["owner_link"].as_str().map(str::to_owned),
            process,
        })
    }

    /// Waits until it ends or somebody asks to stop.
    pub(crate) fn wait(mut self) -> Result<(), Failure> {
        let status = self.process.wait()?;
        if status.success() {
            return Ok(());
        }
        Err(Failure::new(
            format!("the relay ended: {status}"),
            "its log stands above",
        ))
    }
}

fn first_line(process: &mut Running) -> Result<Option<String>, Failure> {
    let Some(stdout) = process.0.stdout.take() else {
        return Ok(None);
    };
    let (say, said) = mpsc::channel();
    // Goes on reading after the line, so that the relay never writes into a closed pipe.
    std::thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody waits for the others.
            let _ = say.send(line);
        }
    });
    let end = Instant::now() + PATIENCE;
    loop {
        stop::check()?;
        match said.recv_timeout(Duration::from_millis(50)) {
            Ok(line) => return Ok(Some(line)),
            Err(mpsc::RecvTimeoutError::Timeout) if Instant::now() < end => {}
            Err(_) => return Ok(None),
        }
    }
}

fn did_not_start(setup: &Setup<'_>) -> Failure {
    let log = setup
        .log
        .as_ref()
        .and_then(|log| fs::read_to_string(log).ok());
    Failure::new(
        format!(
            "the relay did not start\n{}",
            log.unwrap_or_default().trim_end()
        ),
        "its own words stand above; another relay may be using the address or the folder",
    )
}
