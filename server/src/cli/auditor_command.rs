//! `sealwire-relay auditor`.

use std::time::Duration;

use clap::Subcommand;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Data, Failure, say};
use crate::config::Config;
use crate::control;
use crate::data_dir::DataDir;
use crate::group;
use crate::relay::Planes;

/// Works on a relay that runs, by asking it, and on one that is stopped.
#[derive(Subcommand)]
pub(super) enum Auditor {
    /// Let an auditor read this relay's statements. Prints the token that they show.
    Admit {
        #[command(flatten)]
        data: Data,
        /// Who it is, for your own list; a name that is there already gets a new token.
        name: String,
        /// For how long.
        #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=366))]
        days: u32,
    },
    /// Let an auditor in no longer.
    Dismiss {
        #[command(flatten)]
        data: Data,
        /// As it was admitted.
        name: String,
    },
    /// List all auditors.
    List {
        #[command(flatten)]
        data: Data,
    },
}

pub(super) fn run(command: &Auditor) -> Result<(), Failure> {
    match command {
        Auditor::Admit { data, name, days } => {
            let said = ask(data, &format!("{}{name} {days}", control::ADMIT))?;
            say(said["token"].as_str().unwrap_or_default());
        }
        Auditor::Dismiss { data, name } => {
            let said = ask(data, &format!("{}{name}", control::DISMISS))?;
            if said["dismissed"] != true {
                return Err(format!("there is no auditor {name}; `auditor list` shows all").into());
            }
            say("They can read no more.");
        }
        Auditor::List { data } => {
            let said = ask(data, control::AUDITORS)?;
            let all = said["auditors"].as_array().map_or(&[][..], Vec::as_slice);
            for auditor in all {
                let name = auditor["name"].as_str().unwrap_or_default();
                let until = auditor["until_s"].as_u64().unwrap_or_default();
                let until = std::time::UNIX_EPOCH + Duration::from_secs(until);
                say(&format!("{name}, until {}", httpdate::fmt_http_date(until)));
            }
            if all.is_empty() {
                say("Nobody was let in.");
            }
        }
    }
    Ok(())
}

fn ask(data: &Data, line: &str) -> Result<Value, Failure> {
    let dir = &data.data;
    if !dir.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", dir.display()).into());
    }
    let said = match control::ask(dir, line)? {
        Some(said) => said,
        None => stopped(data, line)?,
    };
    match said["error"].as_str() {
        Some(error) => Err(error.into()),
        None => Ok(said),
    }
}

fn stopped(data: &Data, line: &str) -> Result<Value, Failure> {
    let dir = DataDir::open(&data.data)?;
    let config = Config::read(&data.data.join("relay.toml"))?;
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let Planes { account, group } =
            Planes::open(&config, &dir, CancellationToken::new()).await?;
        let said = control::auditors(&account, line).await;
        group.close(Duration::ZERO).await;
        account.close().await;
        Ok(said)
    })
}
