//! account.db.

use std::path::Path;

use sqlx::{Executor as _, Row as _, SqliteConnection};

use super::token::KeyError;
use crate::database::SqliteFile;
use crate::evidence::{self, EvidenceError};
use crate::tally;

/// The tables of the account plane.
const MIGRATIONS: &[&str] = &[
    include_str!("schema/0001_start.sql"),
    include_str!("schema/0002_retention.sql"),
    tally::TABLE,
    evidence::TABLES,
    include_str!("schema/0003_registers.sql"),
    include_str!("schema/0004_bounds.sql"),
    include_str!("schema/0005_kinds.sql"),
    include_str!("schema/0006_erasures.sql"),
    include_str!("schema/0007_directory_key_age.sql"),
    include_str!("schema/0008_updates.sql"),
];

/// Why the account plane cannot start.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    #[error("cannot open account.db: {0}")]
    Database(#[from] sqlx::Error),
    #[error(
        "this data directory belongs to the organisation {0:?}; set `organisation` back, or pass \
         another --data"
    )]
    OtherOrganisation(String),
    #[error(transparent)]
    TokenKey(#[from] KeyError),
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    #[error("cannot log the accounts of account.db in the directory's log")]
    Directory,
}

/// Opens the file, making it for `organisation` if it is not there.
pub(super) async fn open(path: &Path, organisation: &str) -> Result<SqliteFile, OpenError> {
    let file = SqliteFile::open(path, MIGRATIONS).await?;
    let mut db = file.write().await?;
    belong_to(&mut db, organisation).await?;
    db.commit().await?;
    Ok(file)
}

async fn belong_to(db: &mut SqliteConnection, organisation: &str) -> Result<(), OpenError> {
    sqlx::query("INSERT OR IGNORE INTO organisation (id, name, key) VALUES (1, ?, x'')")
        .bind(organisation)
        .execute(&mut *db)
        .await?;
    let row = db
        .fetch_one("SELECT o.name, EXISTS (SELECT 1 FROM accounts) FROM organisation o")
        .await?;
    let (name, enrolled): (String, bool) = (row.try_get(0)?, row.try_get(1)?);
    if name == organisation {
        return Ok(());
    }
    if enrolled {
        return Err(OpenError::OtherOrganisation(name));
    }
    sqlx::query("UPDATE organisation SET name = ?")
        .bind(organisation)
        .execute(db)
        .await?;
    Ok(())
}
