//! Where this device stands in each group's log.

use std::collections::BTreeMap;

use openmls::prelude::MlsGroup;
use sealwire_protocol::{
    ids::{ConversationId, EntryId, Incarnation, Lane, LogId, Pass},
    log::RunningHash,
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{damaged, from_db, to_db};
use crate::error::{CoreError, Result};

/// What can be done with a group on this device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogState {
    /// Made here; the relay has not confirmed it.
    Creating,
    /// Works.
    Active,
    /// This device is no longer a member.
    Removed,
    /// Stopped; the reason is for the person.
    Halted(String),
    /// MLS state is gone; a rejoin request is out.
    Rejoining,
}

/// What MLS state must look like when it is loaded: a torn mix of rows loads without error and
/// then fails to decrypt for ever.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct MlsMark {
    pub(crate) epoch: u64,
    pub(crate) tree_hash: Vec<u8>,
    pub(crate) confirmation_tag: Vec<u8>,
    pub(crate) epoch_authenticator: Vec<u8>,
}

impl MlsMark {
    /// The mark of a group as it is now.
    pub(crate) fn of(group: &MlsGroup) -> Self {
        use openmls::prelude::tls_codec::Serialize as _;
        Self {
            epoch: group.epoch().as_u64(),
            tree_hash: group.public_group().group_context().tree_hash().to_vec(),
            confirmation_tag: group
                .confirmation_tag()
                .tls_serialize_detached()
                .unwrap_or_default(),
            epoch_authenticator: group.epoch_authenticator().as_slice().to_vec(),
        }
    }
}

/// One row of `log`.
pub(crate) struct LogRow {
    pub(crate) id: LogId,
    pub(crate) conversation: ConversationId,
    pub(crate) state: LogState,
    pub(crate) incarnation: Option<Incarnation>,
    pub(crate) lane: Lane,
    pub(crate) pass: Pass,
    pub(crate) cursor: u64,
    pub(crate) head: Option<EntryId>,
    pub(crate) running_hash: RunningHash,
    pub(crate) leaf_due_at: u64,
    pub(crate) certificate: Vec<u8>,
    pub(crate) policy: Vec<u8>,
    pub(crate) generation: u64,
    pub(crate) mark: MlsMark,
}

impl LogRow {
    /// A device's place at the start of the lane that `pass` opens.
    pub(crate) fn at_start(
        id: LogId,
        conversation: ConversationId,
        state: LogState,
        pass: Pass,
        certificate: Vec<u8>,
        policy: Vec<u8>,
        leaf_due_at: u64,
    ) -> Self {
        let lane = pass.lane();
        Self {
            id,
            conversation,
            state,
            incarnation: None,
            running_hash: RunningHash::start(&id, &lane),
            lane,
            pass,
            cursor: 0,
            head: None,
            leaf_due_at,
            certificate,
            policy,
            generation: 0,
            mark: MlsMark::default(),
        }
    }

    /// Moves to the first entry of the lane that `pass` opens.
    pub(crate) fn enter_lane(&mut self, pass: Pass) {
        self.lane = pass.lane();
        self.running_hash = RunningHash::start(&self.id, &self.lane);
        self.pass = pass;
        self.cursor = 0;
        self.head = None;
    }

    /// Reads one row.
    pub(crate) async fn load(conn: &mut SqliteConnection, id: &LogId) -> Result<Option<Self>> {
        sqlx::query("SELECT * FROM log WHERE id = ?")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(conn)
            .await?
            .map(|row| Self::read(&row))
            .transpose()
    }

    /// The logs of groups that work here.
    pub(crate) async fn working(conn: &mut SqliteConnection) -> Result<Vec<LogId>> {
        sqlx::query_scalar("SELECT id FROM log WHERE state IN ('active', 'creating')")
            .fetch_all(conn)
            .await?
            .iter()
            .map(|id: &Vec<u8>| LogId::from_slice(id).map_err(|_| damaged("log id")))
            .collect()
    }

    /// Every log that this device may still work with.
    pub(crate) async fn ids(conn: &mut SqliteConnection) -> Result<Vec<LogId>> {
        sqlx::query("SELECT id FROM log")
            .fetch_all(conn)
            .await?
            .iter()
            .map(|row| LogId::from_slice(row.get("id")).map_err(|_| damaged("log id")))
            .collect()
    }

    fn read(row: &SqliteRow) -> Result<Self> {
        let bad = |_| damaged("log");
        let optional = |bytes: Vec<u8>| (!bytes.is_empty()).then_some(bytes);
        let reason: String = row.get("reason");
        let hash: Vec<u8> = row.get("running_hash");
        Ok(Self {
            id: LogId::from_slice(row.get("id")).map_err(bad)?,
            conversation: ConversationId::from_slice(row.get("conversation")).map_err(bad)?,
            state: match row.get::<&str, _>("state") {
                "creating" => LogState::Creating,
                "active" => LogState::Active,
                "removed" => LogState::Removed,
                "rejoining" => LogState::Rejoining,
                _ => LogState::Halted(reason),
            },
            incarnation: optional(row.get("incarnation"))
                .map(|bytes| Incarnation::from_slice(&bytes))
                .transpose()
                .map_err(bad)?,
            lane: Lane::from_slice(row.get("lane")).map_err(bad)?,
            pass: Pass::from_slice(row.get("pass")).map_err(bad)?,
            cursor: from_db(row.get("cursor")),
            head: optional(row.get("head"))
                .map(|bytes| EntryId::from_slice(&bytes))
                .transpose()
                .map_err(bad)?,
            running_hash: RunningHash(hash.try_into().map_err(|_| damaged("running hash"))?),
            leaf_due_at: from_db(row.get("leaf_due_at")),
            certificate: row.get("certificate"),
            policy: row.get("policy"),
            generation: from_db(row.get("generation")),
            mark: MlsMark {
                epoch: from_db(row.get("epoch")),
                tree_hash: row.get("tree_hash"),
                confirmation_tag: row.get("confirmation_tag"),
                epoch_authenticator: row.get("epoch_authenticator"),
            },
        })
    }

    /// Writes the row with the mark of `group`, one generation on.
    pub(crate) async fn save(
        &mut self,
        conn: &mut SqliteConnection,
        group: Option<&MlsGroup>,
    ) -> Result<()> {
        if let Some(group) = group {
            self.mark = MlsMark::of(group);
        }
        self.generation += 1;
        let (state, reason) = match &self.state {
            LogState::Creating => ("creating", ""),
            LogState::Active => ("active", ""),
            LogState::Removed => ("removed", ""),
            LogState::Rejoining => ("rejoining", ""),
            LogState::Halted(reason) => ("halted", reason.as_str()),
        };
        sqlx::query(
            "INSERT INTO log (id, conversation, state, reason, incarnation, lane, pass, cursor, head,
                 running_hash, leaf_due_at, certificate, generation, epoch, tree_hash,
                 confirmation_tag, epoch_authenticator, policy)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
             ON CONFLICT (id) DO UPDATE SET conversation = ?2, state = ?3, reason = ?4,
                 incarnation = ?5, lane = ?6, pass = ?7, cursor = ?8, head = ?9, running_hash = ?10,
                 leaf_due_at = ?11, certificate = ?12, generation = ?13, epoch = ?14,
                 tree_hash = ?15, confirmation_tag = ?16, epoch_authenticator = ?17, policy = ?18",
        )
        .bind(self.id.as_bytes().as_slice())
        .bind(self.conversation.as_bytes().as_slice())
        .bind(state)
        .bind(reason)
        .bind(self.incarnation.as_ref().map_or(&[][..], |i| i.as_bytes().as_slice()))
        .bind(self.lane.as_bytes().as_slice())
        .bind(self.pass.expose().as_slice())
        .bind(to_db(self.cursor))
        .bind(self.head.as_ref().map_or(&[][..], |head| head.as_bytes().as_slice()))
        .bind(self.running_hash.0.as_slice())
        .bind(to_db(self.leaf_due_at))
        .bind(&self.certificate)
        .bind(to_db(self.generation))
        .bind(to_db(self.mark.epoch))
        .bind(&self.mark.tree_hash)
        .bind(&self.mark.confirmation_tag)
        .bind(&self.mark.epoch_authenticator)
        .bind(&self.policy)
        .execute(conn)
        .await?;
        Ok(())
    }

    /// Compares loaded MLS state with what was written with this row.
    pub(crate) fn check(&self, group: &MlsGroup) -> Result<()> {
        if MlsMark::of(group) == self.mark {
            return Ok(());
        }
        Err(CoreError::new(
            crate::error::ErrorKind::Halted,
            "torn_state",
            "the stored encryption state of this conversation does not fit together",
            "ask a member to add this device again: `sealwire chat rejoin`",
        ))
    }
}

/// Notes that this device got a leaf in the present epoch of `row`; `false` if it did before.
pub(crate) async fn note_joined(conn: &mut SqliteConnection, row: &LogRow) -> Result<bool> {
    let noted = sqlx::query(
        "INSERT INTO joined (log, epoch_authenticator) VALUES (?, ?) ON CONFLICT DO NOTHING",
    )
    .bind(row.id.as_bytes().as_slice())
    .bind(&row.mark.epoch_authenticator)
    .execute(conn)
    .await?;
    Ok(noted.rows_affected() == 1)
}

/// Remembers running hashes of the present lane, the newest ten thousand or so.
pub(crate) async fn remember_hashes(
    conn: &mut SqliteConnection,
    row: &LogRow,
    hashes: &BTreeMap<u64, RunningHash>,
) -> Result<()> {
    if hashes.is_empty() {
        return Ok(());
    }
    let mut insert = sqlx::QueryBuilder::new("INSERT OR REPLACE INTO lane_hash (log, seq, hash) ");
    insert.push_values(hashes, |mut values, (seq, hash)| {
        values
            .push_bind(row.id.as_bytes().as_slice())
            .push_bind(to_db(*seq))
            .push_bind(hash.0.as_slice());
    });
    insert.build().execute(&mut *conn).await?;
    if hashes.keys().any(|seq| seq.is_multiple_of(1_000)) {
        sqlx::query("DELETE FROM lane_hash WHERE log = ? AND seq < ?")
            .bind(row.id.as_bytes().as_slice())
            .bind(to_db(row.cursor.saturating_sub(10_000)))
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// The running hash after `seq` of the present lane.
pub(crate) async fn hash_at(
    conn: &mut SqliteConnection,
    row: &LogRow,
    seq: u64,
) -> Result<Option<RunningHash>> {
    if seq == 0 {
        return Ok(Some(RunningHash::start(&row.id, &row.lane)));
    }
    let found = sqlx::query("SELECT hash FROM lane_hash WHERE log = ? AND seq = ?")
        .bind(row.id.as_bytes().as_slice())
        .bind(to_db(seq))
        .fetch_optional(conn)
        .await?;
    found
        .map(|row| {
            row.get::<Vec<u8>, _>("hash")
                .try_into()
                .map(RunningHash)
                .map_err(|_| damaged("running hash"))
        })
        .transpose()
}

/// Forgets the hashes of a lane that was left.
pub(crate) async fn forget_hashes(conn: &mut SqliteConnection, id: &LogId) -> Result<()> {
    sqlx::query("DELETE FROM lane_hash WHERE log = ?")
        .bind(id.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// Logs that the relay has not confirmed.
pub(crate) async fn logs_creating(conn: &mut SqliteConnection) -> Result<u64> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM log WHERE state = 'creating'")
        .fetch_one(conn)
        .await?;
    Ok(from_db(count))
}
