//! A door for the operator on the same machine: a socket in the data directory, which nobody else
//! may enter. One line asks, one line of JSON answers.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream as Caller;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::account::AccountPlane;
use crate::attest::{self, Drilled};
use crate::config::Config;
use crate::evidence::Evidence;
use crate::refusal::Answer;
use crate::retention::Retention;

/// Name of the socket in the data directory.
pub(crate) const SOCKET: &str = "control";
/// Asks for a run of retention.
pub(crate) const RETENTION: &str = "retention run";
/// Asks for an auditor to be let in; name and days follow.
pub(crate) const ADMIT: &str = "auditor admit ";
/// Asks for an auditor to be dismissed; the name follows.
pub(crate) const DISMISS: &str = "auditor dismiss ";
/// Asks for all auditors.
pub(crate) const AUDITORS: &str = "auditor list";
/// Tells of a drill: a [`Drilled`] as JSON follows.
pub(crate) const DRILL: &str = "drill ";
/// Asks for the record of processing.
pub(crate) const ROPA: &str = "ropa";
/// Asks for it to be attested even if it says nothing new.
pub(crate) const ROPA_ANYWAY: &str = "ropa anyway";
/// Asks something of the register of incidents; JSON follows.
pub(crate) const INCIDENT: &str = "incident ";
/// Asks something of the register of requests; JSON follows.
pub(crate) const REQUEST: &str = "request ";
/// Asks something of the updates; JSON follows.
pub(crate) const UPDATE: &str = "update ";
const LONGEST_LINE: u64 = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// What an operator may reach.
pub(crate) struct Doors {
    pub(crate) retention: Arc<Retention>,
    pub(crate) account: Arc<AccountPlane>,
    /// The settings in force.
    pub(crate) config: Config,
}

/// Serves until the relay ends.
pub(crate) async fn serve(path: PathBuf, doors: Doors, drain: CancellationToken) {
    // What a killed relay left; the lock on the directory says that nobody else uses it.
    drop(std::fs::remove_file(&path));
    let listener = match UnixListener::bind(&path) {
        Ok(listener) => listener,
        Err(error) => {
            tracing::warn!(kind = %error.kind(), "commands cannot reach this relay while it runs");
            return;
        }
    };
    loop {
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            // One after the other: there is one operator.
            Ok((stream, _)) => drop(answer(stream, &doors).await),
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
    drop(std::fs::remove_file(&path));
}

async fn answer(stream: UnixStream, doors: &Doors) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    let mut reader = tokio::io::BufReader::new(read.take(LONGEST_LINE));
    timeout(PATIENCE, reader.read_line(&mut line)).await??;
    let line = line.trim_end();
    let reply = if line == RETENTION {
        match doors.retention.run().await {
            Ok(report) => serde_json::to_value(report).unwrap_or_default(),
            Err(_) => json!({ "error": "retention could not be run; the relay's log says why" }),
        }
    } else if let Some(drilled) = line.strip_prefix(DRILL) {
        drill(doors.account.evidence(), drilled).await
    } else {
        operator(&doors.account, &doors.config, line).await
    };
    timeout(PATIENCE, write.write_all(format!("{reply}\n").as_bytes())).await?
}

/// Commands that can be asked of a relay that is stopped, too.
pub(crate) async fn operator(account: &AccountPlane, config: &Config, line: &str) -> Value {
    let done = if let Some(asked) = line.strip_prefix(INCIDENT) {
        account.incident(asked).await
    } else if let Some(asked) = line.strip_prefix(REQUEST) {
        account.request(asked).await
    } else if let Some(asked) = line.strip_prefix(UPDATE) {
        account.updates().operator(asked).await
    } else if line == ROPA || line == ROPA_ANYWAY {
        let recorded = attest::ropa(account.evidence(), config, line == ROPA_ANYWAY).await;
        recorded.map(|recorded| serde_json::to_value(recorded).unwrap_or_default())
    } else if line.starts_with("auditor ") {
        auditors(account, line).await
    } else {
        let why = "this relay does not know the command; it may be of another version";
        return json!({ "error": why });
    };
    done.unwrap_or_else(|refusal| json!({ "error": refusal.to_wire().detail }))
}

async fn auditors(account: &AccountPlane, line: &str) -> Answer<Value> {
    if let Some(words) = line.strip_prefix(ADMIT) {
        let (name, days) = words.split_once(' ').unwrap_or((words, ""));
        let token = account.admit_auditor(name, days.parse().unwrap_or(0)).await;
        token.map(|token| json!({ "token": token.as_str() }))
    } else if let Some(name) = line.strip_prefix(DISMISS) {
        let gone = account.dismiss_auditor(name).await;
        gone.map(|gone| json!({ "dismissed": gone }))
    } else {
        let all = account.auditors().await;
        all.map(|all| json!({ "auditors": all }))
    }
}

async fn drill(evidence: &Evidence, drilled: &str) -> Value {
    let attested = match serde_json::from_str::<Drilled>(drilled) {
        Ok(drilled) => attest::restore_drill(evidence, &drilled).await,
        Err(_) => Err("this relay does not know such drills; it may be of another version"),
    };
    match attested {
        Ok(()) => json!({}),
        Err(why) => json!({ "error": why }),
    }
}

/// Asks the relay that runs on a data directory; `None` if none does.
pub(crate) fn ask(data: &Path, command: &str) -> io::Result<Option<Value>> {
    let mut stream = match Caller::connect(data.join(SOCKET)) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    stream.write_all(format!("{command}\n").as_bytes())?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line)?;
    Ok(Some(serde_json::from_str(&line)?))
}
