//! The commit that this device has in flight in a group.

use sealwire_protocol::ids::{EntryId, Lane, LogId};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection};

use super::{damaged, intent::json};
use crate::error::Result;

/// Somebody to whom a Welcome goes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Joiner {
    /// Certificate.
    pub(crate) certificate: sealwire_protocol::account::B64,
}

/// One row of `pending_commit`.
pub(crate) struct PendingCommit {
    pub(crate) intent: i64,
    pub(crate) entry_id: EntryId,
    pub(crate) next: Lane,
    pub(crate) payload: Vec<u8>,
    /// `WelcomeBlob`; empty if nobody is added.
    pub(crate) welcome: Vec<u8>,
    pub(crate) joiners: Vec<Joiner>,
}

impl PendingCommit {
    /// The commit in flight in a group.
    pub(crate) async fn load(conn: &mut SqliteConnection, log: &LogId) -> Result<Option<Self>> {
        let bad = |_| damaged("pending commit");
        let Some(row) = sqlx::query("SELECT * FROM pending_commit WHERE log = ?")
            .bind(log.as_bytes().as_slice())
            .fetch_optional(conn)
            .await?
        else {
            return Ok(None);
        };
        Ok(Some(Self {
            intent: row.get("intent"),
            entry_id: EntryId::from_slice(row.get("entry_id")).map_err(bad)?,
            next: Lane::from_slice(row.get("next")).map_err(bad)?,
            payload: row.get("payload"),
            welcome: row.get("welcome"),
            joiners: serde_json::from_str(row.get("joiners"))
                .map_err(|_| damaged("pending commit"))?,
        }))
    }

    /// Stores it.
    pub(crate) async fn save(&self, conn: &mut SqliteConnection, log: &LogId) -> Result<()> {
        sqlx::query(
            "INSERT OR REPLACE INTO pending_commit
                 (log, intent, entry_id, next, payload, welcome, joiners)
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(log.as_bytes().as_slice())
        .bind(self.intent)
        .bind(self.entry_id.as_bytes().as_slice())
        .bind(self.next.as_bytes().as_slice())
        .bind(&self.payload)
        .bind(&self.welcome)
        .bind(json(&self.joiners)?)
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Forgets it: it was merged, or another commit won.
    pub(crate) async fn clear(conn: &mut SqliteConnection, log: &LogId) -> Result<()> {
        sqlx::query("DELETE FROM pending_commit WHERE log = ?")
            .bind(log.as_bytes().as_slice())
            .execute(conn)
            .await?;
        Ok(())
    }
}
