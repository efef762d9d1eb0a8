//! `sealwire-relay update`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::Value;

use super::asking::ask;
use super::{Data, Failure, say};
use crate::control;
use crate::update::Asked;

/// Longest PEM of a key, bytes.
const MAX_KEY: u64 = 4096;

/// Works on a relay that runs, by asking it, and on one that is stopped.
#[derive(Subcommand)]
pub(super) enum Update {
    /// Offer the desktop app's package of a release to all apps. What the release key says of it goes into the
    /// audit log, where it stays.
    Offer {
        #[command(flatten)]
        data: Data,
        /// The release, as `cargo xtask release` wrote it. The relay reads it, so its user must be able to.
        #[arg(value_name = "DIR")]
        release: PathBuf,
        /// The public release key as PEM.
        #[arg(long, value_name = "FILE")]
        key: PathBuf,
    },
    /// List everything that was offered.
    List {
        #[command(flatten)]
        data: Data,
    },
    /// Offer a version no longer. Apps that have it keep it, and the log keeps its provenance.
    Withdraw {
        #[command(flatten)]
        data: Data,
        /// The version, for all kinds of machines.
        version: String,
    },
}

pub(super) fn run(command: &Update) -> Result<(), Failure> {
    match command {
        Update::Offer { data, release, key } => {
            let asked = Asked::Offer {
                folder: std::path::absolute(release)?,
                key: read_key(key)?,
            };
            let offered = asking(data, &asked)?;
            say(&format!("Offered: {}", line(&offered)));
        }
        Update::List { data } => {
            let said = asking(data, &Asked::List)?;
            let all = said["updates"].as_array().map_or(&[][..], Vec::as_slice);
            for one in all {
                let state = match (one["withdrawn"] == true, one["there"] == true) {
                    (true, _) => "withdrawn",
                    (false, true) => "offered",
                    (false, false) => "no longer here",
                };
                say(&format!("{}, {state}", line(one)));
            }
            if all.is_empty() {
                say("Nothing was offered.");
            }
        }
        Update::Withdraw { data, version } => {
            let version = version.clone();
            asking(data, &Asked::Withdraw { version })?;
            say("It is offered no longer. Apps that have it already keep it; offer a newer one.");
        }
    }
    Ok(())
}

fn asking(data: &Data, asked: &Asked) -> Result<Value, Failure> {
    let asked = serde_json::to_string(asked)?;
    ask(data, None, &format!("{}{asked}", control::UPDATE))
}

fn read_key(path: &Path) -> Result<String, Failure> {
    let told = |why: &dyn std::fmt::Display| -> Failure {
        let next = "give the public key as `openssl pkey -in release.pem -pubout` writes it";
        format!("{}: {why}; {next}", path.display()).into()
    };
    let metadata = std::fs::metadata(path).map_err(|why| told(&why))?;
    if metadata.len() > MAX_KEY {
        return Err(told(&"is no key"));
    }
    let text = std::fs::read_to_string(path).map_err(|why| told(&why))?;
    // Nothing secret goes over the socket.
    if !text.starts_with("-----BEGIN PUBLIC KEY-----") {
        return Err(told(&"is no public key in PEM"));
    }
    Ok(text)
}

fn line(one: &Value) -> String {
    let text = |name: &str| one[name].as_str().unwrap_or_default();
    format!(
        "{} for {}, entry {} of the audit log, SHA-256 {}",
        text("version"),
        text("target"),
        one["number"],
        text("sha256")
    )
}
