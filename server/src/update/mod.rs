//! Updates of the desktop app: packages of releases, as the operator offers them, with what the holder of the
//! release key says of them in the audit log.
//!
//! The relay vouches for none of it. Whoever installs a package checks the release key's signature, that it
//! was logged, and the package's digest.

mod offer;
mod places;
mod rows;
mod serve;
mod shelf;

use std::path::Path;
use std::sync::Arc;

pub(crate) use self::offer::Asked;
use self::places::Places;
pub(crate) use self::serve::router;
use self::shelf::Shelf;
use crate::database::SqliteFile;
use crate::evidence::Evidence;

/// What is offered.
pub(crate) struct Updates {
    db: SqliteFile,
    evidence: Arc<Evidence>,
    shelf: Shelf,
    places: Arc<Places>,
}

impl Updates {
    /// The updates in the data directory `dir`, whose account plane has `db`.
    pub(crate) fn new(db: &SqliteFile, dir: &Path, evidence: &Arc<Evidence>) -> Arc<Self> {
        Arc::new(Self {
            db: db.clone(),
            evidence: Arc::clone(evidence),
            shelf: Shelf::of(dir),
            places: Arc::default(),
        })
    }
}
