//! `sealwire-relay log`.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use super::{Data, Failure, runtime, say};
use crate::account::{self, AccountPlane};
use crate::config::{self, Config};
use crate::data_dir::{DataDir, keep_private};
use crate::evidence::{self, Ended, Ending};
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
    /// Change the directory key, on a relay that is stopped: once a year, and when it may have got about.
    ///
    /// The directory's log ends and another begins under the new key, with all accounts that there are; the
    /// audit log goes on and says so. Clients follow when the organisation's signed policy names the new log
    /// (`sealwire org policy publish --logs`); until then they add nobody. docs/operations.md tells what to
    /// do before and after.
    RotateKey(RotateKey),
}

#[derive(clap::Args)]
pub(super) struct RotateKey {
    #[command(flatten)]
    data: Data,
    /// Configuration file [default: DATA/relay.toml].
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print one line of JSON.
    #[arg(long)]
    json: bool,
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
    match command {
        Log::Renew(args) => renew(args),
        Log::RotateKey(args) => rotate_key(args),
    }
}

fn renew(args: &Renew) -> Result<(), Failure> {
    if !args.lost_for_good {
        return Err(
            "this ends both logs for good; if there is no newer backup and no other copy of account.db, \
             say so with --lost-for-good"
                .into(),
        );
    }
    let renewed = begin_anew(&args.data.data, args.config.as_ref(), Ending::Both)?;
    tell(&renewed, args.json);
    Ok(())
}

fn rotate_key(args: &RotateKey) -> Result<(), Failure> {
    let renewed = begin_anew(&args.data.data, args.config.as_ref(), Ending::Directory)?;
    tell(&renewed, args.json);
    Ok(())
}

/// What ended, and the keys of the logs that there are now.
struct Renewed {
    ended: Ended,
    keys: Vec<String>,
}

/// Ends logs and begins others, or finishes what had begun and broken off.
fn begin_anew(data: &Path, config: Option<&PathBuf>, ending: Ending) -> Result<Renewed, Failure> {
    if !data.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", data.display()).into());
    }
    let default = data.join(config::FILE);
    let config = Config::read(config.unwrap_or(&default))?;
    config.check()?;
    keep_private();
    let dir = DataDir::open_to_renew(data)?;
    let renewed = runtime()?.block_on(async {
        let ended = evidence::end(data, account::DATABASE, ending).await?;
        let account = AccountPlane::open(&dir.join(""), &config, CancellationToken::new()).await?;
        let begun = match ended.which() {
            Ending::Both => account.begin_anew(&ended.heads).await,
            Ending::Directory => account.directory_key_changed(&ended.heads).await,
        };
        let keys = account.evidence().log_keys();
        account.close().await;
        begun.map_err(|_| "the new logs could not be begun; see above, and run this again")?;
        Ok::<_, Failure>(Renewed { ended, keys })
    })?;
    dir.renewed()?;
    Ok(renewed)
}

fn tell(Renewed { ended, keys }: &Renewed, json: bool) {
    if json {
        let told = json!({ "ended": ended.heads, "folder": ended.folder, "keys": keys });
        say(&told.to_string());
        return;
    }
    say(match ended.which() {
        Ending::Both => "Both logs were ended and new ones begun. Their keys:",
        Ending::Directory => {
            "The directory has another key, and its log ended and another began. The keys of both logs:"
        }
    });
    keys.iter().for_each(|key| say(&format!("log {key}")));
    say(&format!(
        "What is left of the old lies in {}; give it to those who relied on it.\n\
         Have each witness add the new keys before the relay starts, and then have the organisation's owner \
         publish a policy with the lines above: sealwire org policy publish --logs FILE. Until then clients say \
         that the directory cannot be trusted.",
        ended.folder.display()
    ));
}
