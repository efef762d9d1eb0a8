//! `sealwire-relay retention`.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Subcommand;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Data, Failure, say};
use crate::config::{self, Config};
use crate::control;
use crate::data_dir::DataDir;
use crate::group;
use crate::relay::Planes;

#[derive(Subcommand)]
pub(super) enum Retention {
    /// Remove now what is past its time, and say how much it was. The relay does the same every
    /// hour. Works on a relay that runs, by asking it, and on one that is stopped.
    Run(Run),
}

#[derive(clap::Args)]
pub(super) struct Run {
    #[command(flatten)]
    data: Data,
    /// Configuration file of a relay that is stopped [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Say what was removed as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Retention) -> Result<(), Failure> {
    let Retention::Run(args) = command;
    let data = &args.data.data;
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let report = match control::ask(data, control::RETENTION)? {
        Some(report) => report,
        None => stopped(args)?,
    };
    if let Some(error) = report["error"].as_str() {
        return Err(error.into());
    }
    if args.json {
        say(&report.to_string());
    } else {
        tell(&report);
    }
    match report["failed"].as_array() {
        Some(failed) if !failed.is_empty() => Err(format!(
            "some parts failed and are left to the next run: {}",
            words(failed)
        )
        .into()),
        _ => Ok(()),
    }
}

/// A run on a relay that is stopped. One that runs but cannot be asked holds the lock.
fn stopped(args: &Run) -> Result<Value, Failure> {
    let dir = DataDir::open(&args.data.data)?;
    let default = args.data.data.join(config::FILE);
    let config = Config::read(args.config.as_ref().unwrap_or(&default))?;
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let Planes { account, group } =
            Planes::open(&config, &dir, CancellationToken::new()).await?;
        let retention = crate::retention::Retention::new(
            Arc::clone(&account),
            Arc::clone(&group),
            config.retention.clone(),
        );
        let report = retention.run().await;
        group.close(Duration::ZERO).await;
        account.close().await;
        let report = report.map_err(|_| "retention could not be run; see above")?;
        Ok(serde_json::to_value(report)?)
    })
}

fn tell(report: &Value) {
    let removed = report["removed"].as_array().map_or(&[][..], Vec::as_slice);
    if removed.is_empty() {
        say("Nothing was past its time.");
        return;
    }
    for one in removed {
        let kind = one["kind"].as_str().unwrap_or_default().replace('_', " ");
        let number = |name: &str| one[name].as_u64().unwrap_or(0);
        say(&format!(
            "{kind:<12} {:>9} removed {:>15} bytes",
            number("removed"),
            number("bytes")
        ));
    }
}

fn words(list: &[Value]) -> String {
    let words: Vec<&str> = list.iter().filter_map(Value::as_str).collect();
    words.join(", ")
}
