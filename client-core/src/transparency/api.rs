//! What fronts show of the directory's log.

use data_encoding::HEXLOWER;
use sealwire_audit::note::VerifierKey;
use serde::Serialize;

use super::follow::follow_where_named;
use crate::client::Client;
use crate::error::{CoreError, Result};
use crate::store;

/// The directory's transparency log as this device has checked it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DirectoryLogInfo {
    /// Name of the log.
    pub origin: String,
    /// The log's key, as a `vkey` (C2SP signed-note).
    pub key: String,
    /// How many entries were checked.
    pub size: u64,
    /// Root of the tree over them, hexadecimal.
    pub root: String,
    /// The newest head as the log and its witnesses have signed it.
    pub head: String,
    /// Why the directory is not trusted any more; `None` if it is.
    pub conflict: Option<String>,
}

/// A head of the directory's log that somebody has seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct DirectoryHeadInfo {
    /// How many entries the log had.
    pub size: u64,
    /// Root of the tree over them, hexadecimal.
    pub root: String,
    /// Who said so: a handle, `relay` for a head that it showed and that contradicts others, or
    /// `this device`.
    pub source: String,
    /// The signed head (C2SP tlog-checkpoint).
    pub signed: String,
    /// When this device learned of it, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

impl Client {
    /// Reads what is new of the directory's log, and gives how it stands; `None` if this device has
    /// not seen it yet.
    ///
    /// # Errors
    /// `directory_log`, `directory_stale`; network errors. A conflict is no error here.
    pub async fn check_directory_log(&self) -> Result<Option<DirectoryLogInfo>> {
        match follow_where_named(&self.core).await {
            Err(error) if error.code != "directory_conflict" => Err(error),
            _ => self.directory_log().await,
        }
    }

    /// How the directory's log stands, without asking the relay.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn directory_log(&self) -> Result<Option<DirectoryLogInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let Some(log) = store::directory_log(&mut conn).await? else {
            return Ok(None);
        };
        let key = VerifierKey::parse(&log.key).map_err(CoreError::internal)?;
        Ok(Some(DirectoryLogInfo {
            origin: key.name().to_string(),
            size: log.edge.size(),
            root: HEXLOWER.encode(&log.edge.root().0),
            head: String::from_utf8(log.head).map_err(CoreError::internal)?,
            conflict: Some(log.conflict).filter(|why| !why.is_empty()),
            key: log.key,
        }))
    }

    /// The heads that prove what the relay has shown to whom, once it has shown different ones:
    /// those that contradict each other, and the newest that this device has checked. Empty
    /// otherwise.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn directory_evidence(&self) -> Result<Vec<DirectoryHeadInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let trusted = store::directory_log(&mut conn).await?;
        if trusted.is_none_or(|log| log.conflict.is_empty()) {
            return Ok(Vec::new());
        }
        store::directory_evidence(&mut conn).await
    }
}
