//! Reads once a minute what the relay's parts know of themselves.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::Reading;
use crate::account::{self, AccountPlane};
use crate::clock;
use crate::gate::Gate;
use crate::group::{self, GroupPlane};

const EVERY: Duration = Duration::from_secs(60);
/// What SQLite has beside a database.
const PARTS: [&str; 2] = ["", "-wal"];

/// Whom it asks.
pub(crate) struct Sources {
    pub(crate) account: Arc<AccountPlane>,
    pub(crate) group: Arc<GroupPlane>,
    pub(crate) gate: Arc<Gate>,
    /// The data directory.
    pub(crate) data: PathBuf,
}

/// Reads until the relay ends.
pub(crate) async fn run(sources: Sources, drain: CancellationToken) {
    let mut often = tokio::time::interval(EVERY);
    loop {
        tokio::select! {
            () = drain.cancelled() => return,
            _ = often.tick() => {}
        }
        let reading = sources.read().await;
        sources.account.pulse().observe(clock::now_ms(), &reading);
    }
}

impl Sources {
    async fn read(&self) -> Reading {
        let data = self.data.clone();
        // A disk may let one wait.
        let disk = tokio::task::spawn_blocking(move || (database_bytes(&data), free_bytes(&data)));
        let (database_bytes, free_bytes) = disk.await.unwrap_or_default();
        let (connections, refused) = self.gate.counts();
        Reading {
            connections,
            refused,
            group_connections: self.group.connections(),
            messages: self.group.messages(),
            blob_bytes: self.group.blob_bytes(),
            database_bytes,
            free_bytes,
        }
    }
}

fn database_bytes(data: &Path) -> u64 {
    let databases = [account::DATABASE, group::DATABASE, group::BLOBS_DATABASE];
    let files = databases
        .iter()
        .flat_map(|database| PARTS.map(|part| data.join(format!("{database}{part}"))));
    files
        .filter_map(|file| file.metadata().ok())
        .map(|file| file.len())
        .sum()
}

fn free_bytes(data: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(data).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}
