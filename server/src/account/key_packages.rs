//! Key packages of devices: stored by their owner, taken by anybody who wants to add the device.

use axum::extract::State;
use axum::{Extension, Router};
use sealwire_crypto::sha256;
use sealwire_protocol::account::{B64, KeyPackageCount, KeyPackages};
use sealwire_protocol::ids::DeviceId;
use sealwire_protocol::limits::MAX_ONE_TIME_KEY_PACKAGES;
use sealwire_protocol::mls_form::{FormError, KeyPackageForm};
use sealwire_protocol::problem::Code;
use sqlx::{Row, SqliteConnection};

use super::Plane;
use super::access::{Action, route};
use super::session::{Caller, still_there};
use crate::group::TakenKeyPackage;
use crate::http::Json;
use crate::refusal::{Answer, Refusal};

const HOUR_S: i64 = 60 * 60;

pub(super) fn router(plane: &Plane) -> Router<Plane> {
    let router = route(Router::new(), plane, Action::AddKeyPackages, add);
    route(router, plane, Action::CountKeyPackages, count)
}

async fn add(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
    Json(new): Json<KeyPackages>,
) -> Answer<Json<KeyPackageCount>> {
    let ends = check(&new)?;
    let device = caller.device;
    let mut db = plane.db.write().await?;
    still_there(&mut db, &caller).await?;
    let mut ends = ends.into_iter();
    for (package, end) in new.one_time.iter().zip(&mut ends) {
        sqlx::query(
            "INSERT OR IGNORE INTO key_packages (device, hash, bytes, not_after) \
             VALUES (?, ?, ?, ?)",
        )
        .bind(device.as_bytes().as_slice())
        .bind(sha256(&[&package.0]).as_slice())
        .bind(&package.0)
        .bind(end)
        .execute(&mut *db)
        .await?;
    }
    if let Some((last_resort, end)) = new.last_resort.iter().zip(ends).next() {
        set_last_resort(&mut db, device, &last_resort.0, end).await?;
    }
    let count = counted(&mut db, device).await?;
    if count.one_time as usize > MAX_ONE_TIME_KEY_PACKAGES {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("A device keeps at most {MAX_ONE_TIME_KEY_PACKAGES} key packages here."),
        ));
    }
    db.commit().await?;
    Ok(Json(count))
}

/// Form only; signatures and lifetimes are for whoever takes a key package. The ends of all their
/// lifetimes, the last resort's last.
fn check(new: &KeyPackages) -> Answer<Vec<i64>> {
    if new.one_time.len() > MAX_ONE_TIME_KEY_PACKAGES {
        return Err(Refusal::new(
            Code::TooLarge,
            format!("At most {MAX_ONE_TIME_KEY_PACKAGES} key packages at once."),
        ));
    }
    let packages = new.one_time.iter().chain(&new.last_resort);
    packages
        .map(|B64(package)| {
            end(package).map_err(|error| {
                Refusal::new(
                    Code::Grammar,
                    format!("Not one MLSMessage with a KeyPackage: {error}."),
                )
            })
        })
        .collect()
}

/// Last second of a key package's lifetime, as it is stored; never 0.
pub(super) fn end(package: &[u8]) -> Result<i64, FormError> {
    let form = KeyPackageForm::parse(package)?;
    Ok(i64::try_from(form.not_after).unwrap_or(i64::MAX).max(1))
}

/// The same last resort again, after a lost answer, stays used if it was.
async fn set_last_resort(
    db: &mut SqliteConnection,
    device: DeviceId,
    bytes: &[u8],
    not_after: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query(
        "INSERT INTO key_package_state (device, last_resort, last_resort_used, window_started, \
         taken, last_resort_not_after) VALUES (?, ?, 0, 0, 0, ?) ON CONFLICT (device) DO UPDATE \
         SET last_resort_used = last_resort_used AND last_resort = excluded.last_resort, \
         last_resort = excluded.last_resort, \
         last_resort_not_after = excluded.last_resort_not_after",
    )
    .bind(device.as_bytes().as_slice())
    .bind(bytes)
    .bind(not_after)
    .execute(db)
    .await?;
    Ok(())
}

async fn counted(db: &mut SqliteConnection, device: DeviceId) -> Answer<KeyPackageCount> {
    let one_time: u32 = sqlx::query_scalar("SELECT count(*) FROM key_packages WHERE device = ?")
        .bind(device.as_bytes().as_slice())
        .fetch_one(&mut *db)
        .await?;
    let last_resort: Option<(bool, bool)> = sqlx::query_as(
        "SELECT last_resort <> x'', last_resort_used FROM key_package_state WHERE device = ?",
    )
    .bind(device.as_bytes().as_slice())
    .fetch_optional(db)
    .await?;
    let (last_resort, last_resort_used) = last_resort.unwrap_or_default();
    Ok(KeyPackageCount {
        one_time,
        last_resort,
        last_resort_used,
    })
}

async fn count(
    State(plane): State<Plane>,
    Extension(caller): Extension<Caller>,
) -> Answer<Json<KeyPackageCount>> {
    let mut db = plane.db.readers.acquire().await?;
    counted(&mut db, caller.device).await.map(Json)
}

/// Takes a key package of a device: one that is good once while the hour's number lasts, then
/// the last resort. To be called in a transaction.
pub(super) async fn take(
    db: &mut SqliteConnection,
    device: DeviceId,
    now_s: i64,
    most_per_hour: u32,
) -> Answer<TakenKeyPackage> {
    let id = device.as_bytes().as_slice();
    let state: Option<(i64, i64)> =
        sqlx::query_as("SELECT window_started, taken FROM key_package_state WHERE device = ?")
            .bind(id)
            .fetch_optional(&mut *db)
            .await?;
    let (started, taken) = match state {
        Some((started, taken)) if (started..started + HOUR_S).contains(&now_s) => (started, taken),
        _ => (now_s, 0),
    };
    if taken < i64::from(most_per_hour) {
        let one_time: Option<Vec<u8>> = sqlx::query_scalar(
            "DELETE FROM key_packages WHERE id = \
             (SELECT id FROM key_packages WHERE device = ? ORDER BY id LIMIT 1) RETURNING bytes",
        )
        .bind(id)
        .fetch_optional(&mut *db)
        .await?;
        if let Some(bytes) = one_time {
            sqlx::query(
                "INSERT INTO key_package_state (device, last_resort, last_resort_used, \
                 window_started, taken) VALUES (?, x'', 0, ?, ?) ON CONFLICT (device) DO UPDATE \
                 SET window_started = excluded.window_started, taken = excluded.taken",
            )
            .bind(id)
            .bind(started)
            .bind(taken + 1)
            .execute(db)
            .await?;
            return Ok(TakenKeyPackage {
                bytes: bytes.into(),
                last_resort: false,
            });
        }
    }
    let row = sqlx::query(
        "UPDATE key_package_state SET last_resort_used = 1 \
         WHERE device = ? AND last_resort <> x'' RETURNING last_resort",
    )
    .bind(id)
    .fetch_optional(db)
    .await?
    .ok_or_else(|| {
        Refusal::new(
            Code::NoKeyPackage,
            "The device has no key package left; it refills them when it is next online.",
        )
    })?;
    Ok(TakenKeyPackage {
        bytes: row.try_get::<Vec<u8>, _>(0)?.into(),
        last_resort: true,
    })
}
