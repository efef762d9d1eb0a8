//! A witness in a process of its own.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::{Relay, programs, raw, wait::PATIENCE};

/// A witness that runs, or was ended.
pub struct Witness {
    dir: PathBuf,
    key: String,
    address: String,
    process: Option<Child>,
}

impl Witness {
    /// A new witness in `dir` that knows the logs of `relay`.
    ///
    /// # Panics
    /// If it cannot be made.
    pub async fn of(relay: &Relay, dir: &Path) -> Self {
        let path = dir.to_str().expect("a plain path");
        let name = ["--name", "witness.example/w1"];
        let made = run(&["witness", "init", "--dir", path, name[0], name[1]]).await;
        let key = made["vkey"].as_str().expect("its key").to_owned();
        let mut witness = Self {
            dir: dir.into(),
            key,
            address: "127.0.0.1:0".into(),
            process: None,
        };
        witness.learn(relay).await;
        witness.start().await;
        witness
    }

    /// Adds the logs of `relay`, while it does not run.
    ///
    /// # Panics
    /// If it cannot.
    pub async fn learn(&self, relay: &Relay) {
        let dir = self.dir.to_str().expect("a plain path");
        for log in raw::get(relay.address(), "/log/v1/keys").await.lines() {
            run(&["witness", "add", "--dir", dir, log]).await;
        }
    }

    /// Starts it, at the address that it had before.
    ///
    /// # Panics
    /// If it does not start.
    pub async fn start(&mut self) {
        let mut process = Command::new(programs::audit())
            .args(["--json", "witness", "serve", "--listen", &self.address])
            .arg("--dir")
            .arg(&self.dir)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the witness's program runs");
        let stdout = process.stdout.take().expect("its output");
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        let line = line.expect("in time").expect("readable").expect("a line");
        let said: Value = serde_json::from_str(&line).expect("JSON");
        let address = said["result"]["listening"].as_str().expect("an address");
        address.clone_into(&mut self.address);
        self.process = Some(process);
    }

    /// Ends it.
    ///
    /// # Panics
    /// If it cannot be ended.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("ended");
        }
    }

    /// Its key, as a `vkey`.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Where it listens, `host:port`.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Settings by which a relay asks it.
    pub fn settings(&self) -> String {
        self.settings_at(&self.address)
    }

    /// Settings by which a relay asks whoever listens at `address` for it.
    pub fn settings_at(&self, address: &str) -> String {
        let key = &self.key;
        format!("[transparency]\nwitnesses = [\"{key} http://{address}\"]\nquorum = 1\n")
    }
}

/// Runs the program to a good end; its result.
async fn run(words: &[&str]) -> Value {
    let mut command = Command::new(programs::audit());
    let output: Output = command
        .arg("--json")
        .args(words)
        .output()
        .await
        .expect("the program runs");
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {complaint}");
    let said: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    said["result"].clone()
}
