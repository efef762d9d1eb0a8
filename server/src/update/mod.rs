//! Updates of the desktop app: packages of releases, as the operator offers them, with what the holder of the
//! release key says of them in the audit log.
//!
//! The relay vouches for none of it. Whoever installs a package checks the release key's signature, that it
//! was logged, and the package's digest.

mod offer;
mod rows;
mod serve;
mod shelf;

use std::path::Path;
use std::sync::Arc;

use tokio::sync::Semaphore;

pub(crate) use self::offer::Asked;
pub(crate) use self::serve::router;
use self::shelf::Shelf;
use crate::database::SqliteFile;
use crate::evidence::Evidence;

/// Packages that are being sent at one time.
const DOWNLOADS: usize = 64;

/// What is offered.
pub(crate) struct Updates {
    db: SqliteFile,
    evidence: Arc<Evidence>,
    shelf: Shelf,
    downloads: Arc<Semaphore>,
}

impl Updates {
    /// The updates in the data directory `dir`, whose account plane has `db`.
    pub(crate) fn new(db: &SqliteFile, dir: &Path, evidence: &Arc<Evidence>) -> Arc<Self> {
        Arc::new(Self {
            db: db.clone(),
            evidence: Arc::clone(evidence),
            shelf: Shelf::of(dir),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
        })
    }
}
