//! What the account plane writes into the transparency logs, each in the transaction that does it.

use sealwire_audit::directory::DirectoryEvent;
use sealwire_crypto::sha256;
use sealwire_protocol::certificate::{DeviceCertificate, DeviceKind, UnverifiedCertificate};
use serde_json::Value;
use sqlx::{Row, SqliteConnection};

use super::kinds;
use super::session::Caller;
use crate::database::SqliteFile;
use crate::evidence::Evidence;
use crate::refusal::{Answer, Refusal};

/// An account, as entries about it need it.
pub(super) struct Logged<'a> {
    pub(super) evidence: &'a Evidence,
    /// Its number.
    pub(super) account: i64,
    pub(super) handle: &'a str,
}

impl<'a> Logged<'a> {
    /// The account that calls.
    pub(super) fn of(evidence: &'a Evidence, caller: &'a Caller) -> Self {
        Self {
            evidence,
            account: caller.account,
            handle: &caller.handle,
        }
    }

    /// The handle belongs to this account key from now on.
    pub(super) async fn begins(
        &self,
        tx: &mut SqliteConnection,
        key: [u8; 32],
        kind: DeviceKind,
    ) -> Answer<()> {
        let handle = self.handle.to_owned();
        let kind = kinds::logged(kind);
        self.changes(tx, &DirectoryEvent::Account { handle, key, kind })
            .await
    }

    /// A device was added or renewed.
    pub(super) async fn device(
        &self,
        tx: &mut SqliteConnection,
        certificate: &DeviceCertificate,
    ) -> Answer<()> {
        let event = DirectoryEvent::Device {
            device: *certificate.device().as_bytes(),
            certificate: sha256(&[certificate.as_bytes()]),
        };
        self.changes(tx, &event).await
    }

    /// Anything else changed in the directory.
    pub(super) async fn changes(
        &self,
        tx: &mut SqliteConnection,
        event: &DirectoryEvent,
    ) -> Answer<()> {
        self.evidence
            .directory(tx, self.account, self.handle, event)
            .await
            .map(drop)
    }

    /// Something else happened that has to do with the account.
    pub(super) async fn note(
        &self,
        tx: &mut SqliteConnection,
        kind: &str,
        event: &Value,
    ) -> Answer<()> {
        self.evidence
            .note(tx, kind, self.account, event)
            .await
            .map(drop)
    }
}

/// Logs the accounts that were there before the directory's log.
pub(super) async fn catch_up(db: &SqliteFile, evidence: &Evidence) -> Answer<()> {
    loop {
        let mut tx = db.write().await?;
        let row = sqlx::query(
            "SELECT id, handle, account_key, suspended, kind FROM accounts a WHERE NOT EXISTS \
             (SELECT 1 FROM tree_events e WHERE e.account = a.id AND e.tree = 1) ORDER BY id LIMIT 1",
        )
        .fetch_optional(&mut *tx)
        .await?;
        let Some(row) = row else {
            return Ok(());
        };
        let handle: String = row.try_get(1)?;
        let logged = Logged {
            evidence,
            account: row.try_get(0)?,
            handle: &handle,
        };
        let key: Vec<u8> = row.try_get(2)?;
        let key = key.try_into().map_err(|_| damaged())?;
        let kind = kinds::parse(row.try_get(4)?)?;
        logged.begins(&mut tx, key, kind).await?;
        devices(&mut tx, &logged).await?;
        if row.try_get(3)? {
            logged.changes(&mut tx, &DirectoryEvent::Suspended).await?;
        }
        tx.commit().await?;
    }
}

async fn devices(tx: &mut SqliteConnection, logged: &Logged<'_>) -> Answer<()> {
    let rows: Vec<(Vec<u8>, i64)> = sqlx::query_as(
        "SELECT certificate, revoked_at FROM devices WHERE account_id = ? ORDER BY number",
    )
    .bind(logged.account)
    .fetch_all(&mut *tx)
    .await?;
    for (certificate, revoked_at) in rows {
        let certificate = UnverifiedCertificate::parse(&certificate)
            .and_then(UnverifiedCertificate::verify)
            .map_err(|_| damaged())?;
        logged.device(tx, &certificate).await?;
        if let Ok(at @ 1..) = u64::try_from(revoked_at) {
            let device = *certificate.device().as_bytes();
            let event = DirectoryEvent::Revocation { device, at };
            logged.changes(tx, &event).await?;
        }
    }
    Ok(())
}

fn damaged() -> Refusal {
    Refusal::internal("a stored account is damaged")
}
