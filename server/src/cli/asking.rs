//! Asking a relay that runs through its door, and doing the same with one that is stopped.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::{Data, Failure};
use crate::config::{self, Config};
use crate::control;
use crate::data_dir::{DataDir, DataDirError};
use crate::group;
use crate::relay::Planes;

/// How long a relay may take from its folder to its door.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the relay answers to a command. `config` is the configuration of one that is stopped, if it is
/// not in the data directory.
pub(super) fn ask(data: &Data, config: Option<&Path>, line: &str) -> Result<Value, Failure> {
    let dir = &data.data;
    if !dir.join(group::DATABASE).exists() {
        return Err(format!("there is no relay in {}; check --data", dir.display()).into());
    }
    let said = reach(dir, config, line)?;
    match said["error"].as_str() {
        Some(error) => Err(error.into()),
        None => Ok(said),
    }
}

/// A relay that begins takes its folder a moment before it opens its door.
fn reach(data: &Path, config: Option<&Path>, line: &str) -> Result<Value, Failure> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(said) = control::ask(data, line)? {
            return Ok(said);
        }
        match DataDir::open(data) {
            Err(DataDirError::InUse(..)) if Instant::now() < until => {
                std::thread::sleep(Duration::from_millis(100));
            }
            dir => return stopped(&dir?, data, config, line),
        }
    }
}

fn stopped(
    dir: &DataDir,
    data: &Path,
    config: Option<&Path>,
    line: &str,
) -> Result<Value, Failure> {
    let default = data.join(config::FILE);
    let config = Config::read(config.unwrap_or(&default))?;
    config.check()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let Planes { account, group } =
            Planes::open(&config, dir, CancellationToken::new()).await?;
        let said = control::operator(&account, &config, line).await;
        group.close(Duration::ZERO).await;
        account.close().await;
        Ok(said)
    })
}
