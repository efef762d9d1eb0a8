//! Devices on the leaves of each group, and entries that were refused.

use std::collections::{BTreeMap, BTreeSet};

use sealwire_protocol::{
    certificate::{DeviceCertificate, UnverifiedCertificate},
    handle::Handle,
    ids::{ConversationId, DeviceId, LogId},
    log::RunningHash,
};
use sqlx::{Row, SqliteConnection};

use super::{LogRow, damaged, to_db};
use crate::{error::Result, mls::Roster};

/// Makes the rows of a group those of `roster`.
pub(crate) async fn save_members(
    conn: &mut SqliteConnection,
    log: &LogId,
    roster: &Roster,
) -> Result<()> {
    let old: BTreeMap<[u8; 16], Vec<u8>> = sqlx::query("SELECT * FROM member WHERE log = ?")
        .bind(log.as_bytes().as_slice())
        .fetch_all(&mut *conn)
        .await?
        .iter()
        .filter_map(|row| {
            let device = row.get::<Vec<u8>, _>("device").try_into().ok()?;
            Some((device, row.get("certificate")))
        })
        .collect();
    let new: BTreeMap<[u8; 16], &DeviceCertificate> = roster
        .iter()
        .map(|(_, leaf)| (leaf.device().0, leaf))
        .collect();
    for device in old.keys().filter(|device| !new.contains_key(*device)) {
        sqlx::query("DELETE FROM member WHERE log = ? AND device = ?")
            .bind(log.as_bytes().as_slice())
            .bind(device.as_slice())
            .execute(&mut *conn)
            .await?;
    }
    for (device, leaf) in new {
        if old
            .get(&device)
            .is_some_and(|bytes| bytes == leaf.as_bytes())
        {
            continue;
        }
        put_member(conn, log, leaf).await?;
    }
    Ok(())
}

/// Adds or replaces one device of a group.
pub(crate) async fn put_member(
    conn: &mut SqliteConnection,
    log: &LogId,
    leaf: &DeviceCertificate,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO member (log, device, certificate, seated_at) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (log, device) DO UPDATE SET certificate = ?3",
    )
    .bind(log.as_bytes().as_slice())
    .bind(leaf.device().as_bytes().as_slice())
    .bind(leaf.as_bytes())
    .execute(conn)
    .await?;
    Ok(())
}

/// Notes that devices got a leaf at `at_ms`.
pub(crate) async fn set_seated(
    conn: &mut SqliteConnection,
    log: &LogId,
    devices: &[DeviceId],
    at_ms: u64,
) -> Result<()> {
    for device in devices {
        sqlx::query("UPDATE member SET seated_at = ? WHERE log = ? AND device = ?")
            .bind(to_db(at_ms))
            .bind(log.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// When a device last got a leaf; 0 if unknown.
pub(crate) async fn seated_at(
    conn: &mut SqliteConnection,
    log: &LogId,
    device: &DeviceId,
) -> Result<u64> {
    let found: Option<i64> =
        sqlx::query_scalar("SELECT seated_at FROM member WHERE log = ? AND device = ?")
            .bind(log.as_bytes().as_slice())
            .bind(device.as_bytes().as_slice())
            .fetch_optional(conn)
            .await?;
    Ok(found.map_or(0, super::from_db))
}

/// The devices of a group.
pub(crate) async fn members(
    conn: &mut SqliteConnection,
    log: &LogId,
) -> Result<Vec<DeviceCertificate>> {
    let rows: Vec<Vec<u8>> = sqlx::query_scalar("SELECT certificate FROM member WHERE log = ?")
        .bind(log.as_bytes().as_slice())
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|bytes| {
            UnverifiedCertificate::parse(bytes)
                .map(UnverifiedCertificate::verified_before)
                .map_err(|_| damaged("certificate"))
        })
        .collect()
}

/// Notes an entry that was refused, without its content.
pub(crate) async fn quarantine(
    conn: &mut SqliteConnection,
    row: &LogRow,
    entry: &sealwire_protocol::frame::Entry,
    reason: &str,
    may_split: bool,
) -> Result<()> {
    sqlx::query(
        "INSERT OR REPLACE INTO quarantine
             (log, lane, seq, entry_id, payload_hash, reason, may_split, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id.as_bytes().as_slice())
    .bind(row.lane.as_bytes().as_slice())
    .bind(to_db(entry.seq))
    .bind(entry.entry_id.as_ref())
    .bind(sealwire_crypto::sha256(&[&entry.payload]).as_slice())
    .bind(reason)
    .bind(may_split)
    .bind(to_db(entry.received_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// An entry that was refused.
pub(crate) struct Refused {
    pub(crate) reason: String,
    pub(crate) may_split: bool,
    /// When the relay took it, milliseconds since the Unix epoch.
    pub(crate) at_ms: u64,
}

/// What was refused of a conversation, in whichever of its logs, the newest first.
pub(crate) async fn refused(
    conn: &mut SqliteConnection,
    conversation: &ConversationId,
    most: u32,
) -> Result<Vec<Refused>> {
    let rows: Vec<(String, bool, i64)> = sqlx::query_as(
        "SELECT quarantine.reason, quarantine.may_split, quarantine.at_ms FROM quarantine
         JOIN log ON log.id = quarantine.log WHERE log.conversation = ?
         ORDER BY quarantine.at_ms DESC, quarantine.seq DESC LIMIT ?",
    )
    .bind(conversation.as_bytes().as_slice())
    .bind(most)
    .fetch_all(conn)
    .await?;
    let refused = |(reason, may_split, at_ms)| Refused {
        reason,
        may_split,
        at_ms: super::from_db(at_ms),
    };
    Ok(rows.into_iter().map(refused).collect())
}

/// Whether this device refused the commit `entry_id` for a reason on which members can differ.
pub(crate) async fn may_have_split(
    conn: &mut SqliteConnection,
    row: &LogRow,
    entry_id: &[u8],
) -> Result<bool> {
    let found: Option<bool> = sqlx::query_scalar(
        "SELECT may_split FROM quarantine WHERE log = ? AND lane = ? AND entry_id = ?",
    )
    .bind(row.id.as_bytes().as_slice())
    .bind(row.lane.as_bytes().as_slice())
    .bind(entry_id)
    .fetch_optional(conn)
    .await?;
    Ok(found.unwrap_or(false))
}

/// The person decided to go on without the changes on which members may differ.
pub(crate) async fn settle_split(conn: &mut SqliteConnection, row: &LogRow) -> Result<()> {
    sqlx::query("UPDATE quarantine SET may_split = 0 WHERE log = ? AND lane = ?")
        .bind(row.id.as_bytes().as_slice())
        .bind(row.lane.as_bytes().as_slice())
        .execute(conn)
        .await?;
    Ok(())
}

/// Groups that work here in which `device` has a leaf.
pub(crate) async fn logs_with(
    conn: &mut SqliteConnection,
    device: &DeviceId,
) -> Result<Vec<LogId>> {
    let logs: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT log FROM member JOIN log ON log.id = member.log
         WHERE device = ? AND state = 'active'",
    )
    .bind(device.as_bytes().as_slice())
    .fetch_all(conn)
    .await?;
    logs.iter()
        .map(|log| LogId::from_slice(log).map_err(|_| damaged("log id")))
        .collect()
}

/// Conversations whose group works here and in which somebody of this name has a leaf.
pub(crate) async fn conversations_with(
    conn: &mut SqliteConnection,
    handle: &Handle,
) -> Result<BTreeSet<ConversationId>> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = sqlx::query_as(
        "SELECT conversation.id, member.certificate FROM member
         JOIN conversation ON conversation.log = member.log
         JOIN log ON log.id = member.log WHERE log.state <> 'removed'",
    )
    .fetch_all(conn)
    .await?;
    let mut found = BTreeSet::new();
    for (id, certificate) in rows {
        let leaf = UnverifiedCertificate::parse(&certificate)
            .map(UnverifiedCertificate::verified_before)
            .map_err(|_| damaged("certificate"))?;
        if leaf.handle() == handle {
            found.insert(ConversationId::from_slice(&id).map_err(|_| damaged("conversation"))?);
        }
    }
    Ok(found)
}

/// Keeps a sign that a member was shown another log.
pub(crate) async fn keep_evidence(
    conn: &mut SqliteConnection,
    row: &LogRow,
    seq: u64,
    ours: Option<&RunningHash>,
    theirs: &RunningHash,
    sender_handle: &str,
    at_ms: u64,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO evidence (log, lane, seq, own_hash, their_hash, sender_handle, at_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(row.id.as_bytes().as_slice())
    .bind(row.lane.as_bytes().as_slice())
    .bind(to_db(seq))
    .bind(ours.map_or(&[][..], |hash| hash.0.as_slice()))
    .bind(theirs.0.as_slice())
    .bind(sender_handle)
    .bind(to_db(at_ms))
    .execute(conn)
    .await?;
    Ok(())
}
