//! Erasing an account (GDPR Art. 17): in one transaction, so that it is done or not begun.

use axum::extract::State;
use axum::{Extension, Router};
use sealwire_audit::commitment::Salt;
use sealwire_audit::predicate::{DevicesTold, Erasure, Hex, KindCount, Outcome, Right, Step, Time};
use sealwire_crypto::{AccountPublic, SecretBytes, SignContext, Signature};
use sealwire_protocol::account::{Attested, EraseAccount};
use sealwire_protocol::handle::Handle;
use sealwire_protocol::problem::Code;
use sealwire_protocol::proof::erasure_message;
use serde_json::json;
use sqlx::{Row as _, SqliteConnection};

use super::access::{Action, route};
use super::own_data::attested;
use super::register::{self, End};
use super::session::Caller;
use super::{AccountPlane, Plane, bounds, holds, kinds, members, receipts};
use crate::clock;
use crate::evidence::{self, Opened, time, unsayable};
use crate::http::{Json, Path};
use crate::refusal::{Answer, Refusal};

/// How far a client's clock may be from the relay's.
const CLOCK_S: u64 = 24 * 60 * 60;
const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::EraseOwn, erase_own);
    route(router, plane, Action::EraseMember, erase_member)
}

async fn erase_own(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Json(asked): Json<EraseAccount>,
) -> Answer<Json<Attested>> {
    if asked.at_s.abs_diff(clock::now_s()) > CLOCK_S {
        return Err(Refusal::malformed(
            "The time of the request is not now; check this device's clock.",
        ));
    }
    let mut tx = plane.db.write().await?;
    let damaged = || Refusal::internal("a stored account is damaged");
    let handle = Handle::parse(&caller.handle).map_err(|_| damaged())?;
    let key: Vec<u8> = sqlx::query_scalar("SELECT account_key FROM accounts WHERE id = ?")
        .bind(caller.account)
        .fetch_one(&mut *tx)
        .await?;
    let key = AccountPublic::from_bytes(&key).map_err(|_| damaged())?;
    let message = erasure_message(&handle, asked.at_s);
    // A device that was stolen does not suffice.
    Signature::from_bytes(&asked.signature.0)
        .and_then(|signature| key.verify(SignContext::Erasure, &message, &signature))
        .map_err(|_| {
            Refusal::new(
                Code::BadSignature,
                "The request is not signed by the account key.",
            )
        })?;
    let account = members::account(&mut tx, &caller.handle).await?;
    members::keep_an_owner(&mut tx, &account).await?;
    let erased = erase(&plane, &mut tx, caller.account, &caller.handle).await?;
    tx.commit().await?;
    empty_log(&plane).await;
    Ok(Json(erased))
}

async fn erase_member(
    State(plane): State<Plane>,
    Path(handle): Path<String>,
) -> Answer<Json<Attested>> {
    let mut tx = plane.db.write().await?;
    let account = members::account(&mut tx, &handle).await?;
    members::keep_an_owner(&mut tx, &account).await?;
    let erased = erase(&plane, &mut tx, account.id(), &handle).await?;
    tx.commit().await?;
    empty_log(&plane).await;
    Ok(Json(erased))
}

/// What was removed leaves the write-ahead log, too; if not now, with the next run of retention. The
/// answer has to reach the person either way: it is the only one.
async fn empty_log(plane: &AccountPlane) {
    if plane.db.truncate_log().await.is_err() {
        tracing::warn!("the write-ahead log could not be emptied after an erasure");
    }
}

/// Erases, logs and attests it.
async fn erase(
    plane: &AccountPlane,
    tx: &mut SqliteConnection,
    account: i64,
    handle: &str,
) -> Answer<Attested> {
    let damaged = |_| Refusal::internal("a stored account is damaged");
    holds::refuse_held(tx, &Handle::parse(handle).map_err(damaged)?).await?;
    let now = time(clock::now_ms())?;
    let devices = receipts::devices(tx, account).await?;
    let (requests, requested) = register::held(tx, account, Right::Erasure, now, [0; 32]).await?;
    register::forget(tx, account).await?;
    kinds::note_erasure(tx, &plane.evidence, account, handle).await?;
    let removed = remove_rows(tx, account, handle).await?;
    bounds::forget(tx, account).await?;
    plane.evidence.erase(tx, account, handle).await?;
    let completed = time(clock::now_ms())?;
    // Made now and kept by nobody but the person: whom the statement is about, only they can show.
    let salt = Salt::new(SecretBytes::generate(&mut rand::rng()));
    let event = json!({ "handle": handle, "type": "erasure" });
    let subject = salt.commit(&event).map_err(|_| unsayable())?;
    let told = devices.len() as u64;
    let said = Erasure {
        requested,
        completed,
        subject: Hex(subject.0),
        removed,
        devices: DevicesTold {
            told,
            confirmed: 0,
            not_heard_from: told,
        },
        backups_expire_by: backups_expire_by(plane, completed)?,
        steps: vec![Step {
            step: "rows and keys removed from account.db".to_owned(),
            at: completed,
        }],
    };
    let logged = plane
        .evidence
        .attest(tx, &receipts::statement(&said)?)
        .await?;
    receipts::wait_for(tx, &said, &devices).await?;
    let end = End {
        at: completed,
        outcome: Outcome::Done,
        statement: logged.number,
    };
    register::end(tx, &requests, &end).await?;
    let opened = Opened {
        number: logged.number,
        salt: *salt.secret().expose(),
        event: evidence::canonical(&event)?,
    };
    attested(logged, opened)
}

fn backups_expire_by(plane: &AccountPlane, completed: Time) -> Answer<Time> {
    time(completed.millis() + u64::from(plane.backup_days) * DAY_MS)
}

/// Removes what is stored of an account, and counts it.
async fn remove_rows(
    tx: &mut SqliteConnection,
    account: i64,
    handle: &str,
) -> Answer<Vec<KindCount>> {
    let rows = sqlx::query("SELECT device FROM devices WHERE account_id = ?")
        .bind(account)
        .fetch_all(&mut *tx)
        .await?;
    let (mut key_packages, mut envelopes) = (0, 0);
    for row in &rows {
        let device: &[u8] = row.try_get(0)?;
        key_packages += delete(tx, "DELETE FROM key_packages WHERE device = ?", device).await?;
        key_packages +=
            delete(tx, "DELETE FROM key_package_state WHERE device = ?", device).await?;
        envelopes += delete(tx, "DELETE FROM inbox WHERE device = ?", device).await?;
    }
    let devices = sqlx::query("DELETE FROM devices WHERE account_id = ?")
        .bind(account)
        .execute(&mut *tx)
        .await?
        .rows_affected();
    let invitations = sqlx::query("DELETE FROM invitations WHERE used_by = ?")
        .bind(handle)
        .execute(&mut *tx)
        .await?
        .rows_affected();
    let accounts = sqlx::query("DELETE FROM accounts WHERE id = ?")
        .bind(account)
        .execute(tx)
        .await?
        .rows_affected();
    let kind = |kind: &str, count| KindCount {
        kind: kind.to_owned(),
        count,
    };
    Ok(vec![
        kind("account", accounts),
        kind("device", devices),
        kind("envelope", envelopes),
        kind("invitation", invitations),
        kind("key-package", key_packages),
    ])
}

async fn delete(tx: &mut SqliteConnection, query: &str, device: &[u8]) -> Answer<u64> {
    let done = sqlx::query(query).bind(device).execute(tx).await?;
    Ok(done.rows_affected())
}
