//! A person at the terminal: every command is a `sealwire` process on a profile of their own.

use std::fs::{DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::failure::Failure;
use crate::stop;

/// Shortens what guards against an observer in real use and would only be a pause here: Welcomes
/// wait up to a minute, and a passphrase is hashed at length.
const SHORT_WAITS: &str = r#"{"welcome_delay_max_ms":0,"kdf_memory_kib":8192}"#;

/// One of the two.
pub(super) struct Person {
    /// The part of the handle before the `@`.
    pub(super) name: &'static str,
    program: PathBuf,
    home: PathBuf,
    passphrase: PathBuf,
}

impl Person {
    /// Somebody without an account yet.
    pub(super) fn new(name: &'static str, programs: &Path, folder: &Path) -> Result<Self, Failure> {
        let home = folder.join(name);
        let cannot = |error| Failure::io("cannot make a profile's folder", &error);
        DirBuilder::new()
            .mode(0o700)
            .create(&home)
            .map_err(cannot)?;
        let passphrase = home.join("passphrase");
        write_secret(&passphrase, &format!("a sample passphrase for {name} only"))?;
        Ok(Self {
            name,
            program: programs.join("sealwire"),
            home,
            passphrase,
        })
    }

    /// Joins with an invitation link.
    pub(super) fn join(&self, link: &str) -> Result<(), Failure> {
        // Secrets travel in files, never on the command line.
        let file = self.home.join("invitation");
        write_secret(&file, link)?;
        let file = file.to_string_lossy();
        self.run(&[
            "account",
            "create",
            "--name",
            self.name,
            "--invitation-file",
            &file,
        ])?;
        Ok(())
    }

    /// Runs a command and gives its result.
    pub(super) fn run(&self, words: &[&str]) -> Result<Value, Failure> {
        let output = stop::output(
            Command::new(&self.program)
                .arg("--home")
                .arg(self.home.join("sealwire"))
                .arg("--passphrase-file")
                .arg(&self.passphrase)
                .args(["--json", "--no-input", "--timeout", "60"])
                .args(words)
                .env("SEALWIRE_TEST_OPTIONS", SHORT_WAITS)
                .env_remove("SEALWIRE_HOME"),
        )?;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        if output.status.success() && answer["ok"] == true {
            return Ok(answer["result"].clone());
        }
        let error = &answer["error"];
        let said = error["message"].as_str().map(str::to_owned);
        let said =
            said.unwrap_or_else(|| String::from_utf8_lossy(&output.stderr).trim().to_owned());
        let command = words.iter().take(2).copied().collect::<Vec<_>>().join(" ");
        Err(Failure::new(
            format!("{}'s `sealwire {command}` failed: {said}", self.name),
            error["hint"]
                .as_str()
                .unwrap_or("run the demonstration again"),
        ))
    }
}

fn write_secret(path: &Path, text: &str) -> Result<(), Failure> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .and_then(|mut file| writeln!(file, "{text}"))
        .map_err(|error| Failure::io("cannot write a file of the demonstration", &error))
}
