//! The task that works on transfers, one at a time for each direction, and what it shares with
//! those who ask for them.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use sealwire_protocol::problem::Code;
use tokio::{
    sync::{Semaphore, watch},
    time::sleep,
};

use super::{
    download,
    types::{Direction, TransferInfo, TransferState},
    upload,
    vault::Vault,
};
use crate::{
    api::Event,
    core::Core,
    error::{CoreError, Result},
    profile::Database,
    store::{self, RemovedFile, TransferRow},
};

/// Wait between looks when nothing rings.
const IDLE: Duration = Duration::from_secs(3_600);
/// Longest wait after an error, milliseconds.
const LONGEST_WAIT: u64 = 60_000;
/// Least time between two events of progress.
const EVENT_PAUSE: Duration = Duration::from_millis(250);

/// What transfers share.
pub(crate) struct Transfers {
    pub(crate) vault: Vault,
    /// Changes with every change of a row that somebody else than the worker makes.
    changes: watch::Sender<u64>,
    /// One file at a time is prepared: pictures need memory.
    pub(super) desk: Arc<Semaphore>,
}

impl Transfers {
    /// Opens the folder of files in the profile `dir`, and removes from it what nothing refers to.
    pub(crate) async fn open(dir: &Path, db: &Database) -> Result<Self> {
        let vault = Vault::new(dir);
        let (files, transfers) = {
            let mut conn = db.readers.acquire().await?;
            (
                store::sealed_files(&mut conn).await?,
                store::transfers(&mut conn).await?,
            )
        };
        let part = |name: &str| name.strip_suffix(".part")?.parse::<i64>().ok();
        vault.sweep(&|name| match part(name) {
            Some(id) => transfers.iter().any(|row| row.info.attachment == id),
            None => files.iter().any(|file| file == name),
        })?;
        Ok(Self {
            vault,
            changes: watch::Sender::new(0),
            desk: Arc::new(Semaphore::new(1)),
        })
    }

    /// Removes the sealed bytes of files that nothing refers to any more, and stops their
    /// transfers. A crash before it leaves them to [`Transfers::open`].
    pub(crate) async fn drop_removed(&self, db: &Database, gone: &[RemovedFile]) -> Result<()> {
        if gone.is_empty() {
            return Ok(());
        }
        self.changed();
        for file in gone {
            self.vault.remove(&self.vault.part(file.attachment))?;
            let mut conn = db.readers.acquire().await?;
            if !store::refers_to_sealed(&mut conn, &file.sealed_hash).await? {
                self.vault.remove(&self.vault.path(&file.sealed_hash))?;
            }
        }
        Ok(())
    }

    /// Wakes the workers, and has them look whether what they do is still wanted.
    pub(super) fn changed(&self) {
        self.changes.send_modify(|number| *number += 1);
    }
}

/// Works on the transfers of one direction for as long as the client is open.
pub(crate) async fn run(core: Arc<Core>, direction: Direction) {
    let mut changes = core.files.changes.subscribe();
    loop {
        changes.borrow_and_update();
        let wait = match next(&core, direction).await {
            Ok(wait) => wait,
            Err(error) => {
                tracing::debug!(code = error.code, "transfers stopped; will be tried again");
                Duration::from_secs(2)
            }
        };
        if wait.is_zero() {
            continue;
        }
        tokio::select! {
            () = sleep(wait) => {}
            _ = changes.changed() => {}
        }
    }
}

/// Works on one transfer; answers how long to wait for the next.
async fn next(core: &Arc<Core>, direction: Direction) -> Result<Duration> {
    let row = {
        let mut conn = core.db.readers.acquire().await?;
        store::next_transfer(&mut conn, direction).await?
    };
    let Some(row) = row else {
        return Ok(IDLE);
    };
    let now = core.now_ms();
    if row.due_at > now {
        return Ok(Duration::from_millis(row.due_at - now));
    }
    let work = async {
        match (direction, row.info.state) {
            (Direction::Download, _) => download::run(core, &row).await,
            (Direction::Upload, TransferState::Cancelled) => upload::withdraw(core, &row).await,
            (Direction::Upload, _) => upload::run(core, &row).await,
        }
    };
    match unless_changed(core, &row, work).await {
        Some(Err(error)) => stopped(core, &row, &error).await?,
        Some(Ok(())) | None => core.progressed(),
    }
    Ok(Duration::ZERO)
}

/// Goes on with `work` while the row is as it was; `None` if it no longer is.
async fn unless_changed(
    core: &Core,
    row: &TransferRow,
    work: impl Future<Output = Result<()>>,
) -> Option<Result<()>> {
    let mut changes = core.files.changes.subscribe();
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            changed = changes.changed() => {
                let now = async {
                    let mut conn = core.db.readers.acquire().await?;
                    store::transfer(&mut conn, row.info.id).await
                };
                match (changed, now.await) {
                    (Ok(()), Ok(Some(now))) if now.info.state == row.info.state => {}
                    (Ok(()), Err(error)) => return Some(Err(error)),
                    _ => return None,
                }
            }
        }
    }
}

/// Notes an error: what may pass is tried again, the rest ends the transfer.
async fn stopped(core: &Core, row: &TransferRow, error: &CoreError) -> Result<()> {
    tracing::debug!(code = error.code, "a transfer stopped");
    let damaged = error.code == "attachment_damaged";
    let again = match row.info.direction {
        // What is to be removed stays to be removed.
        _ if row.info.state == TransferState::Cancelled => true,
        // Fetched anew a few times: the relay or the way to it may have erred.
        Direction::Download if damaged => row.tries + 1 < download::TRIES,
        // The relay has another part of it than it said: it is asked once more.
        Direction::Upload if error.code == Code::OffsetConflict.as_str() => true,
        // What the person has to mend.
        _ => error.may_pass() && error.code != "disk_full",
    };
    let wait = error
        .retry_after_ms
        .unwrap_or_else(|| (500 << row.tries.min(7)).min(LONGEST_WAIT));
    let due_at = again.then(|| core.now_ms() + wait);
    if due_at.is_none() {
        if row.info.direction == Direction::Upload {
            return upload::fail(core, row, error).await;
        }
        let name = &row.info.name;
        let (what, hint) = (&error.message, &error.hint);
        core.warn(None, format!("{name} was not fetched: {what}. {hint}"));
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::stop_transfer(&mut tx, row.info.id, error, due_at).await?;
    let now = store::transfer(&mut tx, row.info.id).await?;
    tx.commit().await?;
    drop(conn);
    core.progressed();
    core.emit(Event::Transfer(
        now.map_or_else(|| row.info.clone(), |now| now.info),
    ));
    Ok(())
}

/// Notes how far a transfer is, and tells the fronts now and then.
pub(super) struct Progress<'a> {
    core: &'a Core,
    info: TransferInfo,
    told: Option<Instant>,
}

impl<'a> Progress<'a> {
    pub(super) fn new(core: &'a Core, row: &TransferRow) -> Self {
        Self {
            core,
            info: row.info.clone(),
            told: None,
        }
    }

    /// So many bytes have arrived.
    pub(super) async fn reached(&mut self, bytes: u64) -> Result<()> {
        if bytes != self.info.bytes {
            let mut conn = self.core.db.writer.lock().await;
            let mut tx = self.core.db.begin(&mut conn).await?;
            store::set_transferred(&mut tx, self.info.id, bytes).await?;
            tx.commit().await?;
            self.info.bytes = bytes;
            self.info.reason.clear();
        }
        if self.told.is_none_or(|told| told.elapsed() >= EVENT_PAUSE) {
            self.told = Some(Instant::now());
            self.core.emit(Event::Transfer(self.info.clone()));
        }
        Ok(())
    }

    /// It is over.
    pub(super) fn ended(mut self, state: TransferState) {
        if state == TransferState::Done {
            self.info.bytes = self.info.total;
        }
        self.info.state = state;
        self.core.emit(Event::Transfer(self.info));
    }
}
