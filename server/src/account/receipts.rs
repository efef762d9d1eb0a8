//! What the devices of an erased account say became of their copies. The account is gone, so a device is
//! known by hashes that say nothing of whose it was, and those go, too: once every device has removed its
//! copies, or when the time for it is over. Then a second statement counts who was heard.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use sealwire_audit::predicate::{DevicesTold, Erasure, Predicate as _, Step, Time};
use sealwire_audit::statement::{Statement, Subject};
use sealwire_crypto::DevicePublic;
use sealwire_protocol::account::HandedReceipt;
use sealwire_protocol::certificate::UnverifiedCertificate;
use sealwire_protocol::erasure::{Copies, ErasureReceipt, device_hash, device_key_hash};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::problem::Code;
use sqlx::SqliteConnection;

use super::access::{Action, route};
use super::{AccountPlane, Plane};
use crate::clock;
use crate::evidence::{time, unsayable};
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

/// How long devices are waited for: as long as an envelope would wait for them.
pub(crate) const DAYS: u64 = 30;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    route(Router::new(), plane, Action::HandReceipt, take)
}

/// By what a device of an account that is being erased is known afterwards.
pub(super) struct Known {
    device: [u8; 32],
    key: [u8; 32],
}

/// The devices of an account that were not revoked.
pub(super) async fn devices(tx: &mut SqliteConnection, account: i64) -> Answer<Vec<Known>> {
    let certificates: Vec<Vec<u8>> = sqlx::query_scalar(
        "SELECT certificate FROM devices WHERE account_id = ? AND revoked_at = 0",
    )
    .bind(account)
    .fetch_all(tx)
    .await?;
    let known = |bytes: Vec<u8>| {
        let certificate = UnverifiedCertificate::parse(&bytes)
            .and_then(UnverifiedCertificate::verify)
            .map_err(|_| Refusal::internal("a stored certificate does not verify"))?;
        let device = certificate.device();
        Ok(Known {
            device: device_hash(&device),
            key: device_key_hash(&device, certificate.signature_key()),
        })
    };
    certificates.into_iter().map(known).collect()
}

/// The statement about an erasure.
pub(super) fn statement(said: &Erasure) -> Answer<Statement> {
    let about = Subject::of("erasure", &said.subject.0);
    said.statement(vec![about]).map_err(|_| unsayable())
}

/// From now on, waits for receipts of these devices; `said` is what was attested.
pub(super) async fn wait_for(
    tx: &mut SqliteConnection,
    said: &Erasure,
    devices: &[Known],
) -> Answer<()> {
    if devices.is_empty() {
        return Ok(());
    }
    let number = sqlx::query("INSERT INTO erasures (said, due) VALUES (?, ?)")
        .bind(serde_json::to_string(said).map_err(|_| unsayable())?)
        .bind(signed(said.completed.millis() + DAYS * DAY_MS))
        .execute(&mut *tx)
        .await?
        .last_insert_rowid();
    for device in devices {
        // A device id is random. Whoever uses one again was asked before, and is asked once more.
        sqlx::query(
            "INSERT OR REPLACE INTO erased_devices (device_hash, key_hash, erasure, answer) \
             VALUES (?, ?, ?, '')",
        )
        .bind(device.device.as_slice())
        .bind(device.key.as_slice())
        .bind(number)
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

/// What a device is told that is not known when it signs in.
pub(super) async fn unknown(plane: &AccountPlane, device: &DeviceId) -> Answer<Refusal> {
    let erased: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM erased_devices WHERE device_hash = ?)")
            .bind(device_hash(device).as_slice())
            .fetch_one(&plane.db.readers)
            .await?;
    Ok(if erased {
        Refusal::new(
            Code::AccountErased,
            "The account was erased at this relay. What the device holds is still there: remove the \
             account from the device when you do not need it any more.",
        )
    } else {
        Refusal::new(
            Code::DeviceUnknown,
            "This relay does not know the device; enrol it, or check that this is the right relay. If \
             its account was erased, that was more than 30 days ago.",
        )
    })
}

async fn take(State(plane): State<Plane>, Json(handed): Json<HandedReceipt>) -> Answer<StatusCode> {
    let bad = || {
        Refusal::new(
            Code::BadSignature,
            "The receipt is not signed by the device that it names.",
        )
    };
    let key = DevicePublic::from_bytes(&handed.key.0).map_err(|_| bad())?;
    let receipt = ErasureReceipt::verify(&handed.receipt.0, &key).map_err(|_| bad())?;
    let mut tx = plane.db.write().await?;
    let row: Option<(Vec<u8>, i64)> =
        sqlx::query_as("SELECT key_hash, erasure FROM erased_devices WHERE device_hash = ?")
            .bind(device_hash(&receipt.device).as_slice())
            .fetch_optional(&mut *tx)
            .await?;
    let (expected, erasure) = row.ok_or_else(|| {
        Refusal::new(
            Code::DeviceUnknown,
            "This relay waits for no receipt of the device: its account was not erased here, or the \
             receipts were counted already.",
        )
    })?;
    if expected != device_key_hash(&receipt.device, &key) {
        return Err(bad());
    }
    let answer = match receipt.copies {
        Copies::Kept => "kept",
        Copies::Removed => "removed",
    };
    // What is gone does not come back: a receipt that was under way for long changes nothing.
    sqlx::query(
        "UPDATE erased_devices SET answer = ? WHERE device_hash = ? AND answer <> 'removed'",
    )
    .bind(answer)
    .bind(device_hash(&receipt.device).as_slice())
    .execute(&mut *tx)
    .await?;
    let open: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM erased_devices WHERE erasure = ? AND answer <> 'removed')",
    )
    .bind(erasure)
    .fetch_one(&mut *tx)
    .await?;
    if !open {
        conclude(&plane, &mut tx, erasure, time(clock::now_ms())?).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Counts the receipts of those erasures whose time is over.
pub(super) async fn conclude_due(plane: &AccountPlane, now_ms: u64) -> Answer<()> {
    let due: Vec<i64> = sqlx::query_scalar("SELECT number FROM erasures WHERE due <= ?")
        .bind(signed(now_ms))
        .fetch_all(&plane.db.readers)
        .await?;
    for number in due {
        let mut tx = plane.db.write().await?;
        conclude(plane, &mut tx, number, time(now_ms)?).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Says who was heard, and forgets by what the devices were known. Once: whoever comes second finds
/// nothing to count.
async fn conclude(
    plane: &AccountPlane,
    tx: &mut SqliteConnection,
    erasure: i64,
    now: Time,
) -> Answer<()> {
    let said: Option<String> = sqlx::query_scalar("SELECT said FROM erasures WHERE number = ?")
        .bind(erasure)
        .fetch_optional(&mut *tx)
        .await?;
    let Some(said) = said else {
        return Ok(());
    };
    let mut said: Erasure = serde_json::from_str(&said)
        .map_err(|_| Refusal::internal("a stored erasure is damaged"))?;
    let (removed, silent): (i64, i64) = sqlx::query_as(
        "SELECT coalesce(sum(answer = 'removed'), 0), coalesce(sum(answer = ''), 0) \
         FROM erased_devices WHERE erasure = ?",
    )
    .bind(erasure)
    .fetch_one(&mut *tx)
    .await?;
    said.devices = DevicesTold {
        told: said.devices.told,
        confirmed: u64::try_from(removed).unwrap_or(0),
        not_heard_from: u64::try_from(silent).unwrap_or(0),
    };
    said.steps.push(Step {
        step: "receipts of the account's devices counted".to_owned(),
        // Clocks may be set back in between.
        at: said.steps.last().map_or(now, |last| last.at.max(now)),
    });
    plane.evidence.attest(tx, &statement(&said)?).await?;
    for forget in [
        "DELETE FROM erased_devices WHERE erasure = ?",
        "DELETE FROM erasures WHERE number = ?",
    ] {
        sqlx::query(forget).bind(erasure).execute(&mut *tx).await?;
    }
    Ok(())
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
