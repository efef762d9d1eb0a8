//! What the person wants of a group, until it is so.

use sealwire_protocol::{
    handle::Handle,
    ids::{DeviceId, LogId},
};
use serde::{Deserialize, Serialize};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, to_db};
use crate::{
    api::MessageInfo,
    error::{CoreError, ErrorKind, Result},
};

/// A goal, not a step: one that is already met vanishes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "wish")]
pub(crate) enum Wish {
    /// These people are members.
    Add {
        /// Handles.
        handles: Vec<String>,
        /// Role of those who are new.
        role: String,
    },
    /// This person is not a member.
    Remove {
        /// Handle.
        handle: String,
    },
    /// This device has no leaf.
    RemoveDevice {
        /// Device, hexadecimal.
        device: String,
    },
    /// The conversation has this name.
    Rename {
        /// Name.
        name: String,
    },
    /// This person has this role.
    SetRole {
        /// Handle.
        handle: String,
        /// owner, admin, member or reader.
        role: String,
    },
    /// Members with at least this role may do this.
    SetPermission {
        /// add, remove, rename, post, mention-all, delete, describe or set-timer.
        action: String,
        /// Least role.
        role: String,
    },
    /// Somebody who asked by a link is a member.
    Admit {
        /// Handle.
        handle: String,
        /// Role, if they are new.
        role: String,
        /// Device that asked, hexadecimal.
        device: String,
        /// Its key package: an `MLSMessage`, base64.
        key_package: String,
    },
    /// The members agree on this.
    Set {
        /// What.
        setting: crate::api::Setting,
    },
    /// The own leaf has fresh keys and the present certificate.
    UpdateLeaf,
    /// A device of an account that is in the group has a leaf made from this key package.
    SeatDevice {
        /// Device, hexadecimal.
        device: String,
        /// `MLSMessage`, base64.
        key_package: String,
        /// When the device asked, milliseconds since the Unix epoch by its clock.
        asked_at: u64,
    },
}

/// A device to be seated: what was fetched for it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Seat {
    /// Certificate.
    pub(crate) certificate: sealwire_protocol::account::B64,
    /// Key package, one `MLSMessage`.
    pub(crate) key_package: sealwire_protocol::account::B64,
}

/// Why an intent failed, for whoever waits for it.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Failure {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) hint: String,
}

impl From<&CoreError> for Failure {
    fn from(error: &CoreError) -> Self {
        Self {
            code: error.code.into(),
            message: error.message.clone(),
            hint: error.hint.clone(),
        }
    }
}

impl From<Failure> for CoreError {
    fn from(failure: Failure) -> Self {
        // Stored text cannot be `'static`; the codes that programs look for are these.
        let known = [
            "not_allowed",
            "unknown_handle",
            "untrusted_identity",
            "no_device",
            "no_key_package",
            "bad_key_package",
            "bad_directory",
            "not_a_member",
            "bad_name",
            "bad_setting",
        ];
        let code = known
            .into_iter()
            .find(|code| *code == failure.code)
            .unwrap_or("not_made");
        let kind = match code {
            "not_allowed" => ErrorKind::Policy,
            "untrusted_identity" | "bad_key_package" | "bad_directory" => ErrorKind::Untrusted,
            _ => ErrorKind::Usage,
        };
        Self::new(kind, code, failure.message, failure.hint)
    }
}

/// One row of `intent`.
pub(crate) struct IntentRow {
    pub(crate) id: i64,
    pub(crate) wish: Wish,
    /// `None` until what it needs was fetched.
    pub(crate) seats: Option<Vec<Seat>>,
}

/// How an intent stands.
pub(crate) enum IntentState {
    Waiting,
    Done,
    Failed(Failure),
}

fn read(row: &SqliteRow) -> Result<IntentRow> {
    let prepared: &str = row.get("prepared");
    Ok(IntentRow {
        id: row.get("id"),
        wish: serde_json::from_str(row.get("wish")).map_err(|_| damaged("intent"))?,
        seats: (!prepared.is_empty())
            .then(|| serde_json::from_str(prepared))
            .transpose()
            .map_err(|_| damaged("intent"))?,
    })
}

pub(super) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value).map_err(CoreError::internal)
}

/// Stores a wish. One that waits already is not stored twice.
pub(crate) async fn add_intent(
    conn: &mut SqliteConnection,
    log: &LogId,
    wish: &Wish,
    not_before: u64,
) -> Result<i64> {
    let wish = json(wish)?;
    let waiting: Option<i64> = sqlx::query_scalar(
        "SELECT id FROM intent WHERE log = ? AND wish = ? AND state = 'waiting'",
    )
    .bind(log.as_bytes().as_slice())
    .bind(&wish)
    .fetch_optional(&mut *conn)
    .await?;
    if let Some(id) = waiting {
        return Ok(id);
    }
    let result = sqlx::query(
        "INSERT INTO intent (log, wish, prepared, state, failure, not_before)
         VALUES (?, ?, '', 'waiting', '', ?)",
    )
    .bind(log.as_bytes().as_slice())
    .bind(&wish)
    .bind(to_db(not_before))
    .execute(conn)
    .await?;
    Ok(result.last_insert_rowid())
}

/// The oldest intent that is due.
pub(crate) async fn next_intent(
    conn: &mut SqliteConnection,
    log: &LogId,
    now_ms: u64,
) -> Result<Option<IntentRow>> {
    sqlx::query(
        "SELECT * FROM intent WHERE log = ? AND state = 'waiting' AND not_before <= ?
         ORDER BY id LIMIT 1",
    )
    .bind(log.as_bytes().as_slice())
    .bind(to_db(now_ms))
    .fetch_optional(conn)
    .await?
    .map(|row| read(&row))
    .transpose()
}

/// When the next waiting intent of a log is due.
pub(crate) async fn next_intent_due(
    conn: &mut SqliteConnection,
    log: &LogId,
) -> Result<Option<u64>> {
    let due: Option<i64> = sqlx::query_scalar(
        "SELECT min(not_before) FROM intent WHERE log = ? AND state = 'waiting'",
    )
    .bind(log.as_bytes().as_slice())
    .fetch_one(conn)
    .await?;
    Ok(due.map(super::from_db))
}

/// Puts an intent off.
pub(crate) async fn postpone_intent(
    conn: &mut SqliteConnection,
    id: i64,
    not_before: u64,
) -> Result<()> {
    sqlx::query("UPDATE intent SET not_before = ? WHERE id = ?")
        .bind(to_db(not_before))
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends the waiting wishes to remove somebody.
pub(crate) async fn cancel_removal(
    conn: &mut SqliteConnection,
    log: &LogId,
    handle: &Handle,
) -> Result<()> {
    let wish = Wish::Remove {
        handle: handle.to_string(),
    };
    sqlx::query(
        "UPDATE intent SET state = 'done' WHERE log = ? AND wish = ? AND state = 'waiting'",
    )
    .bind(log.as_bytes().as_slice())
    .bind(json(&wish)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends everything that waits in a group which this account has left: texts stay as not sent.
pub(crate) async fn abandon(conn: &mut SqliteConnection, log: &LogId) -> Result<Vec<MessageInfo>> {
    let messages: Vec<i64> =
        sqlx::query_scalar("SELECT message FROM outbox WHERE log = ? AND message <> 0")
            .bind(log.as_bytes().as_slice())
            .fetch_all(&mut *conn)
            .await?;
    let mut failed = Vec::new();
    for message in messages {
        failed.extend(
            super::fail_message(conn, message)
                .await?
                .map(|line| line.info),
        );
    }
    sqlx::query("DELETE FROM outbox WHERE log = ?")
        .bind(log.as_bytes().as_slice())
        .execute(&mut *conn)
        .await?;
    let gone = CoreError::new(
        ErrorKind::Policy,
        "not_a_member",
        "you are no longer a member of this conversation",
        "its history stays readable; ask a member to add you again",
    );
    sqlx::query(
        "UPDATE intent SET state = 'failed', failure = ? WHERE log = ? AND state = 'waiting'",
    )
    .bind(json(&Failure::from(&gone))?)
    .bind(log.as_bytes().as_slice())
    .execute(conn)
    .await?;
    Ok(failed)
}

/// Stores what was fetched for an intent.
pub(crate) async fn set_prepared(
    conn: &mut SqliteConnection,
    id: i64,
    seats: &[Seat],
) -> Result<()> {
    sqlx::query("UPDATE intent SET prepared = ? WHERE id = ?")
        .bind(json(&seats)?)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Ends an intent.
pub(crate) async fn set_intent(
    conn: &mut SqliteConnection,
    id: i64,
    outcome: Result<(), &CoreError>,
) -> Result<()> {
    let (state, failure) = match outcome {
        Ok(()) => ("done", String::new()),
        Err(error) => ("failed", json(&Failure::from(error))?),
    };
    sqlx::query("UPDATE intent SET state = ?, failure = ?, prepared = '' WHERE id = ?")
        .bind(state)
        .bind(failure)
        .bind(id)
        .execute(conn)
        .await?;
    Ok(())
}

/// How an intent stands.
pub(crate) async fn intent_state(conn: &mut SqliteConnection, id: i64) -> Result<IntentState> {
    let row = sqlx::query("SELECT state, failure FROM intent WHERE id = ?")
        .bind(id)
        .fetch_one(conn)
        .await?;
    Ok(match row.get::<&str, _>("state") {
        "done" => IntentState::Done,
        "failed" => IntentState::Failed(
            serde_json::from_str(row.get("failure")).map_err(|_| damaged("intent"))?,
        ),
        _ => IntentState::Waiting,
    })
}

/// Parses the device that a wish names.
pub(crate) fn device_of(text: &str) -> Result<DeviceId> {
    DeviceId::from_hex(text).map_err(|_| damaged("device id"))
}

/// Intents that wait, in groups that work.
pub(crate) async fn intents_waiting(conn: &mut SqliteConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM intent JOIN log ON log.id = intent.log
         WHERE intent.state = 'waiting' AND log.state IN ('active', 'creating')",
    )
    .fetch_one(conn)
    .await?;
    Ok(super::from_db(count))
}
