//! `sealwire-relay log`.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Data, Failure, runtime, say};
use crate::account::{self, AccountPlane};
use crate::config::{self, Config};
use crate::data_dir::{DataDir, keep_private};
use crate::evidence;
use crate::group;

#[derive(Subcommand)]
pub(super) enum Log {
    /// End both transparency logs and begin new ones, on a relay that is stopped: the last resort when
    /// witnesses have seen entries that no backup has.
    ///
    /// The new logs have other names and keys. Clients take them for a conflict until the organisation's
    /// signed policy names them (`sealwire org policy publish --logs`). What opens the old entries is
    /// forgotten. docs/operations.md tells what to do before and after.
    Renew(Renew),
}

#[derive(clap::Args)]
pub(super) struct Renew {
    #[command(flatten)]
    data: Data,
    /// Configuration file [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// There is no newer backup and no other copy of account.db.
    #[arg(long)]
    lost_for_good: bool,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(command: &Log) -> Result<(), Failure> {
    let Log::Renew(args) = command;
    let data = &args.data.data;
    if !args.lost_for_good {
        return Err(
            "this ends both logs for good; if there is no newer backup and no other copy of account.db, \
             say so with --lost-for-good"
                .into(),
        );
    }
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let default = data.join(config::FILE);
    let config = Config::read(args.config.as_ref().unwrap_or(&default))?;
    config.check()?;
    keep_private();
    let dir = DataDir::open_to_renew(data)?;
    let (ended, keys) = runtime()?.block_on(async {
        let ended = evidence::end(data, account::DATABASE).await?;
        let account = AccountPlane::open(&dir.join(""), &config, CancellationToken::new()).await?;
        let begun = account.begin_anew(&ended.heads).await;
        let keys = account.evidence().log_keys();
        account.close().await;
        begun.map_err(|_| "the new logs could not be begun; see above, and run this again")?;
        Ok::<_, Failure>((ended, keys))
    })?;
    dir.renewed()?;
    if args.json {
        let told = json!({ "ended": ended.heads, "folder": ended.folder, "keys": keys });
        say(&told.to_string());
        return Ok(());
    }
    say("Both logs were ended and new ones begun. Their keys:");
    keys.iter().for_each(|key| say(&format!("log {key}")));
    say(&format!(
        "What is left of the old ones lies in {}; give it to those who relied on them.\n\
         Have each witness add the new keys before the relay starts, and then have the organisation's owner \
         publish a policy with the lines above: sealwire org policy publish --logs FILE. Until then clients say \
         that the directory cannot be trusted.",
        ended.folder.display()
    ));
    Ok(())
}
