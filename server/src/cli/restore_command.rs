//! `sealwire-relay restore`.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::backup_command::{report_json, tell};
use super::{Data, Failure, runtime, say};
use crate::account::AccountPlane;
use crate::attest::{self, Drilled};
use crate::backup;
use crate::config::{self, Config};
use crate::control;
use crate::data_dir::DataDir;
use crate::group;

#[derive(clap::Args)]
pub(super) struct Restore {
    /// The backup.
    #[arg(value_name = "FILE.tar")]
    file: PathBuf,
    #[command(flatten)]
    data: Data,
    /// Restore into a temporary folder, check, remove it again, and have the relay in DATA, which may run,
    /// attest that in its audit log. Nothing else changes there.
    #[arg(long)]
    drill: bool,
    /// Where to make the temporary folder of a drill [default: beside the backup].
    #[arg(long, value_name = "DIR", requires = "drill")]
    to: Option<PathBuf>,
    /// With --drill: configuration file of a relay that is stopped [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE", requires = "drill")]
    config: Option<PathBuf>,
    /// Say what was done as one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &Restore) -> Result<(), Failure> {
    if args.drill {
        return drill(args);
    }
    let restored = runtime()?.block_on(backup::restore(&args.file, &args.data.data))?;
    if args.json {
        let mut told = report_json(&restored.report);
        told["backup_sha256"] = json!(restored.backup_sha256);
        told["incarnation"] = json!(restored.incarnation);
        say(&told.to_string());
        return Ok(());
    }
    tell(&restored.report);
    say(&format!(
        "Restored into {}. What came after the backup is gone. Clients notice at their next \
         connection:\nthey stop sending in groups they had joined, and say that the relay was restored. \
         If witnesses have\nseen more of the transparency logs than the backup holds, the relay halts them \
         at its start and\nrefuses changes with `log_halted`; docs/operations.md tells what to do then.",
        args.data.data.display()
    ));
    Ok(())
}

fn drill(args: &Restore) -> Result<(), Failure> {
    let data = &args.data.data;
    // Before the work: there has to be somebody to attest it.
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let beside = args
        .file
        .parent()
        .filter(|path| !path.as_os_str().is_empty());
    let within = args.to.as_deref().or(beside).unwrap_or(Path::new("."));
    let drilled = runtime()?.block_on(backup::drill(&args.file, within))?;
    let command = format!("{}{}", control::DRILL, serde_json::to_string(&drilled)?);
    let reply = match control::ask(data, &command)? {
        Some(reply) => reply,
        None => stopped(args, &drilled)?,
    };
    let failure = drilled.said.failure.as_deref();
    if let Some(error) = reply["error"].as_str() {
        let how = failure.map_or_else(
            || "can be restored".to_owned(),
            |failure| format!("cannot be restored ({failure})"),
        );
        return Err(format!("the backup {how}, but {error}").into());
    }
    if args.json {
        say(&serde_json::to_string(&drilled.said)?);
    } else if failure.is_none() {
        say(&format!(
            "The backup can be restored: {} rows were checked. The relay has attested it in its audit log.",
            drilled.said.rows_checked
        ));
    }
    failure.map_or(Ok(()), |failure| {
        Err(format!(
            "{failure}. The backup cannot be restored, and the relay has attested that in its audit log; \
             make a new one, and hold the drill again"
        )
        .into())
    })
}

/// Attests with a relay that is stopped. One that runs but cannot be asked holds the lock.
fn stopped(args: &Restore, drilled: &Drilled) -> Result<Value, Failure> {
    let dir = DataDir::open(&args.data.data)?;
    let default = args.data.data.join(config::FILE);
    let config = Config::read(args.config.as_ref().unwrap_or(&default))?;
    config.check()?;
    runtime()?.block_on(async {
        let account = AccountPlane::open(&dir.join(""), &config, CancellationToken::new()).await?;
        let attested = attest::restore_drill(account.evidence(), drilled).await;
        account.close().await;
        Ok(match attested {
            Ok(()) => json!({}),
            Err(why) => json!({ "error": why }),
        })
    })
}
