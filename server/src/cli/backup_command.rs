//! `sealwire-relay backup` and `sealwire-relay verify`.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Data, Failure, runtime, say};
use crate::backup::{self, Report};
use crate::config;
use crate::fault::Fault;
use crate::group;

#[derive(clap::Args)]
pub(super) struct Backup {
    #[command(flatten)]
    data: Data,
    /// Configuration file of the relay [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Where to write the backup, a tar archive; must not be there yet. The databases are copied beside
    /// it first, so there has to be room for them twice.
    #[arg(long, value_name = "FILE.tar")]
    to: PathBuf,
    /// Say what was written as one line of JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args)]
#[group(id = "what", required = true)]
pub(super) struct Verify {
    /// The backup. Its databases are unpacked into a private folder in $TMPDIR, and removed again.
    #[arg(value_name = "FILE.tar", group = "what")]
    file: Option<PathBuf>,
    /// A data directory, whether a relay runs on it or not.
    #[arg(long, value_name = "DIR", group = "what")]
    data: Option<PathBuf>,
    /// Configuration file of the relay [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    config: Option<PathBuf>,
    /// Say what was found as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn backup(args: &Backup) -> Result<(), Failure> {
    let data = &args.data.data;
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let default = data.join(config::FILE);
    let config = args.config.as_ref().unwrap_or(&default);
    let made = runtime()?.block_on(backup::create(data, config, &args.to))?;
    let told = json!({
        "file": args.to,
        "sha256": made.sha256,
        "bytes": made.bytes,
        "lost_blobs": made.lost,
        "manifest": made.manifest.summary(),
    });
    if args.json {
        say(&told.to_string());
        return Ok(());
    }
    say(&format!("{}  {}", made.sha256, args.to.display()));
    say(&format!(
        "{} bytes, not encrypted: it holds the relay's keys and all accounts. Encrypt it now, for \
         example\nwith `age`, and delete it by {}.",
        made.bytes,
        made.manifest.delete_by()
    ));
    if !made.manifest.is_local() {
        say("Blobs lie in the S3 store, of which nothing is in this backup.");
    }
    if made.lost > 0 {
        say(&format!(
            "{} blobs are left out, since the relay has lost their bytes.",
            made.lost
        ));
    }
    Ok(())
}

pub(super) fn verify(args: &Verify) -> Result<(), Failure> {
    let found = runtime()?.block_on(async {
        match (&args.file, &args.data) {
            (Some(file), _) => {
                let (sha256, report) = backup::archive(file).await?;
                Ok((Some(sha256), report))
            }
            (None, Some(data)) => {
                let default = data.join(config::FILE);
                let config = args.config.as_ref().unwrap_or(&default);
                Ok((None, backup::data_dir(data, config).await?))
            }
            (None, None) => Err(Fault::new("verify", "needs a backup or --data")),
        }
    });
    match found {
        Ok((sha256, report)) if args.json => {
            let mut told = report_json(&report);
            told["sha256"] = json!(sha256);
            say(&told.to_string());
            Ok(())
        }
        Ok((sha256, report)) => {
            if let Some(sha256) = sha256 {
                say(&format!("SHA-256 {sha256}"));
            }
            tell(&report);
            Ok(())
        }
        Err(fault) => {
            if args.json {
                say(&json!({ "ok": false, "broken": fault.to_string() }).to_string());
            }
            Err(fault.into())
        }
    }
}

/// A report and that all of it is sound.
pub(super) fn report_json(report: &Report) -> Value {
    let mut told = serde_json::to_value(report).unwrap_or_default();
    told["ok"] = true.into();
    told
}

/// The same for people.
pub(super) fn tell(report: &Report) {
    for log in &report.logs {
        say(&format!("{:<16} {:>9} entries", log.log, log.size));
    }
    for (file, tables) in &report.rows {
        let rows: u64 = tables.values().sum();
        say(&format!("{file:<16} {rows:>9} rows"));
    }
    say(&format!("{:<16} {:>9}", "blobs", report.blobs));
    say("Sound: everything is there and as it was written.");
}
