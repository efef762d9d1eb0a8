//! What runs beside the groups: posting Welcomes, keeping key packages at the relay, taking
//! withdrawn devices out.

use std::{path::PathBuf, sync::Arc, time::Duration};

use openmls::prelude::{
    KeyPackageRef,
    tls_codec::{DeserializeBytes as _, Serialize as _},
};
use openmls_traits::{OpenMlsProvider, storage::StorageProvider as _};
use sealwire_protocol::{
    account::{B64, KeyPackages},
    problem::Code,
};
use tokio::time::sleep;

use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    farewell,
    mls::{Provider, encode_key_package, make_key_package},
    net,
    store::{self, KeyPackageRow, Posting},
    withdraw,
};

const DAY_MS: u64 = 86_400_000;
/// The last resort is replaced when it is older.
const LAST_RESORT_MS: u64 = 7 * DAY_MS;
/// Key packages with less than this left are of no use to anybody (37 of 70 days).
const USELESS_MS: u64 = 33 * DAY_MS;
/// Fresh ones go up beside those that are older; who adds somebody takes another if one is too old.
const STALE_MS: u64 = 21 * DAY_MS;
/// A key package is kept this long, for a Welcome that is still on its way.
const KEPT_MS: u64 = 70 * DAY_MS;
/// Made in one transaction.
const BATCH: u32 = 20;
/// Wait between looks when nothing rings.
const IDLE: Duration = Duration::from_secs(3_600);
/// A full inbox is tried again after this time, at most so often: about three days.
const FULL_MS: u64 = 1_800_000;
const FULL_TRIES: u32 = 144;
const RETRY: Duration = Duration::from_secs(2);

/// Posts what is in the durable outbox, in order.
pub(crate) async fn run_poster(core: Arc<Core>) {
    loop {
        let wait = match post_next(&core).await {
            Ok(Some(wait)) => wait,
            Ok(None) => Duration::ZERO,
            Err(error) => {
                tracing::debug!(code = error.code, "posting failed; will be tried again");
                RETRY
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = core.postings.notified(), if !wait.is_zero() => {}
        }
    }
}

/// Posts one; otherwise says how long to wait.
async fn post_next(core: &Core) -> Result<Option<Duration>> {
    let next = {
        let mut conn = core.db.readers.acquire().await?;
        store::next_posting(&mut conn).await?
    };
    let Some((id, due, posting)) = next else {
        return Ok(Some(IDLE));
    };
    let now = core.now_ms();
    if due > now {
        return Ok(Some(Duration::from_millis(due - now)));
    }
    let endpoint = &core.identity.endpoint;
    let outcome = match posting {
        Posting::Blob {
            id,
            read_token_hash,
            content,
        } => net::put_blob(endpoint, &id, &read_token_hash, 30, content).await,
        Posting::Envelope { device, envelope } => {
            net::post_envelope(endpoint, &device, envelope).await
        }
    };
    match outcome {
        Ok(()) => {}
        Err(error) if error.code == Code::InboxFull.as_str() => {
            return put_off(core, id).await.map(|()| None);
        }
        Err(error) if error.may_pass() => return Err(error),
        Err(error) => {
            core.warn(
                None,
                format!(
                    "Something could not be delivered: {}. {}",
                    error.message, error.hint
                ),
            );
        }
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::remove_posting(&mut tx, id).await?;
    tx.commit().await?;
    core.progressed();
    Ok(None)
}

/// Somebody's inbox is full: the others do not wait for it.
async fn put_off(core: &Core, id: i64) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::refuse_posting(&mut tx, id, core.now_ms() + FULL_MS, FULL_TRIES).await?;
    tx.commit().await?;
    Ok(())
}

/// Keeps key packages at the relay, and the account's withdrawn devices out of its groups, until the
/// account is erased.
pub(crate) async fn run_account(core: Arc<Core>, dir: PathBuf) {
    loop {
        let done = match refill(&core).await {
            Ok(()) => match farewell::unlearn(&core, &dir) {
                Ok(()) => withdraw::take_out_revoked(&core).await,
                failed => failed,
            },
            Err(error) if error.code == Code::AccountErased.as_str() => {
                farewell::learn(&core, &dir).await
            }
            failed => failed,
        };
        let wait = match done {
            Ok(()) => IDLE,
            Err(error) => {
                tracing::debug!(code = error.code, "upkeep failed; will be tried again");
                if error.kind == ErrorKind::Locked {
                    Duration::from_secs(60)
                } else {
                    RETRY
                }
            }
        };
        tokio::select! {
            () = sleep(wait) => {}
            () = core.upkeep.notified() => {}
        }
    }
}

/// Uploads what is missing at the relay. What was made but not surely uploaded goes first.
pub(crate) async fn refill(core: &Core) -> Result<()> {
    forget_old(core).await?;
    let count = core.account.key_package_count().await?;
    warn_of_clock(core);
    // From now on it is known what time it is.
    core.retention.notify_one();
    let now = core.now_ms();
    let known = {
        let mut conn = core.db.readers.acquire().await?;
        store::key_packages(&mut conn).await?
    };
    let fresh_last_resort = known
        .iter()
        .any(|row| row.last_resort && row.uploaded && row.made_at + LAST_RESORT_MS > now);
    let rotate = !count.last_resort || count.last_resort_used || !fresh_last_resort;
    let newest = known
        .iter()
        .filter(|row| !row.last_resort && row.uploaded)
        .map(|row| row.made_at)
        .max();
    let stale = newest.is_some_and(|made_at| made_at + STALE_MS < now);
    let missing = if stale {
        core.options.key_package_target
    } else if count.one_time < core.options.key_package_low.max(1) {
        core.options
            .key_package_target
            .saturating_sub(count.one_time)
    } else {
        0
    };
    if rotate {
        upload(core, 0, true).await?;
    }
    let mut left = missing;
    while left > 0 {
        let batch = left.min(BATCH);
        upload(core, batch, false).await?;
        left -= batch;
    }
    Ok(())
}

async fn upload(core: &Core, count: u32, last_resort: bool) -> Result<()> {
    let mut rows: Vec<KeyPackageRow> = {
        let mut conn = core.db.readers.acquire().await?;
        store::key_packages(&mut conn).await?
    };
    rows.retain(|row| !row.uploaded && row.last_resort == last_resort);
    let wanted = if last_resort { 1 } else { count as usize };
    while rows.len() < wanted {
        rows.push(make(core, last_resort).await?);
    }
    rows.truncate(wanted);
    let body = |row: &KeyPackageRow| B64(row.body.clone());
    let request = if last_resort {
        KeyPackages {
            one_time: Vec::new(),
            last_resort: rows.first().map(body),
        }
    } else {
        KeyPackages {
            one_time: rows.iter().map(body).collect(),
            last_resort: None,
        }
    };
    core.account.put_key_packages(&request).await?;
    let refs: Vec<_> = rows.into_iter().map(|row| row.hash_ref).collect();
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::set_uploaded(&mut tx, &refs).await?;
    tx.commit().await?;
    core.progressed();
    Ok(())
}

/// Makes one and stores it with its private keys before anybody sees it.
async fn make(core: &Core, last_resort: bool) -> Result<KeyPackageRow> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let row = make_in(core, &mut tx, last_resort)?;
    store::add_key_package(&mut tx, &row).await?;
    tx.commit().await?;
    Ok(row)
}

/// Makes one on an open transaction.
pub(crate) fn make_in(
    core: &Core,
    conn: &mut sqlx::SqliteConnection,
    last_resort: bool,
) -> Result<KeyPackageRow> {
    let provider = Provider::new(&core.crypto, conn);
    let bundle = make_key_package(
        &provider,
        &core.identity.device_key,
        &core.certificate,
        last_resort,
        core.now_s(),
    )?;
    Ok(KeyPackageRow {
        hash_ref: bundle
            .key_package()
            .hash_ref(provider.crypto())
            .map_err(CoreError::internal)?
            .tls_serialize_detached()
            .map_err(CoreError::internal)?,
        body: encode_key_package(&bundle)?,
        last_resort,
        uploaded: false,
        made_at: core.now_ms(),
    })
}

/// Wipes the private keys of key packages that nobody can use any more.
async fn forget_old(core: &Core) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let now = core.now_ms();
    let rows = store::key_packages(&mut tx).await?;
    let newest_last_resort = rows
        .iter()
        .filter(|row| row.last_resort)
        .map(|row| row.made_at)
        .max()
        .unwrap_or(0);
    for row in rows {
        let superseded = row.last_resort && row.made_at < newest_last_resort;
        let unsent = !row.uploaded && row.made_at + USELESS_MS < now;
        if row.made_at + KEPT_MS > now
            && !unsent
            && !(superseded && row.made_at + KEPT_MS / 2 < now)
        {
            continue;
        }
        {
            let provider = Provider::new(&core.crypto, &mut tx);
            let hash_ref = KeyPackageRef::tls_deserialize_exact_bytes(&row.hash_ref)
                .map_err(CoreError::internal)?;
            provider.storage().delete_key_package(&hash_ref)?;
        }
        sqlx::query("DELETE FROM key_package WHERE hash_ref = ?")
            .bind(&row.hash_ref)
            .execute(&mut *tx)
            .await?;
    }
    tx.commit().await?;
    Ok(())
}

/// How far the clocks may differ before a person is told, seconds.
const CLOCK_TOLERANCE_S: u64 = 300;

/// Tells the person once if this device's clock is far off the relay's: key packages and
/// certificates are judged by it.
pub(crate) fn warn_of_clock(core: &Core) {
    let Some(offset) = core.account.relay_time_offset_s() else {
        return;
    };
    let difference = offset.saturating_sub(core.options.clock_offset_s);
    if difference.unsigned_abs() > CLOCK_TOLERANCE_S
        && !core
            .clock_warned
            .swap(true, std::sync::atomic::Ordering::Relaxed)
    {
        core.warn(
            None,
            format!(
                "This device's clock differs from the relay's by {} minutes. Messages still \
                 work; set the clock right, or new members may be refused.",
                difference.unsigned_abs() / 60
            ),
        );
    }
}
