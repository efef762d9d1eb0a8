//! Which updates were offered, in account.db.

use sealwire_audit::predicate::Hex;
use sqlx::{FromRow, SqliteConnection};

use crate::refusal::{Answer, Refusal};

/// An update that was offered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) target: String,
    pub(super) version: String,
    /// Place of its provenance in the audit log.
    pub(super) number: u64,
    /// Of the package.
    pub(super) sha256: Hex<32>,
    /// Of the package, bytes.
    pub(super) size: u64,
    pub(super) withdrawn: bool,
}

#[derive(FromRow)]
struct Row {
    target: String,
    version: String,
    number: i64,
    sha256: Vec<u8>,
    size: i64,
    withdrawn: bool,
}

impl Row {
    fn read(self) -> Answer<Offered> {
        let damaged = || Refusal::internal("a stored update is damaged");
        Ok(Offered {
            target: self.target,
            version: self.version,
            number: u64::try_from(self.number).map_err(|_| damaged())?,
            sha256: Hex(self.sha256.try_into().map_err(|_| damaged())?),
            size: u64::try_from(self.size).map_err(|_| damaged())?,
            withdrawn: self.withdrawn,
        })
    }
}

/// All of them, the newest first.
pub(super) async fn all(db: &mut SqliteConnection) -> Answer<Vec<Offered>> {
    let rows: Vec<Row> = sqlx::query_as("SELECT * FROM updates ORDER BY number DESC")
        .fetch_all(db)
        .await?;
    rows.into_iter().map(Row::read).collect()
}

/// The newest for a kind of machine that was not withdrawn.
pub(super) async fn newest(db: &mut SqliteConnection, target: &str) -> Answer<Option<Offered>> {
    let row: Option<Row> = sqlx::query_as(
        "SELECT * FROM updates WHERE target = ? AND withdrawn = 0 ORDER BY number DESC LIMIT 1",
    )
    .bind(target)
    .fetch_optional(db)
    .await?;
    row.map(Row::read).transpose()
}

/// Adds one.
pub(super) async fn add(db: &mut SqliteConnection, one: &Offered) -> Answer<()> {
    let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    sqlx::query(
        "INSERT INTO updates (target, version, number, sha256, size, withdrawn) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&one.target)
    .bind(&one.version)
    .bind(number(one.number))
    .bind(one.sha256.0.as_slice())
    .bind(number(one.size))
    .bind(one.withdrawn)
    .execute(db)
    .await?;
    Ok(())
}

/// Offers a version no longer, for no kind of machine. How many that were.
pub(super) async fn withdraw(db: &mut SqliteConnection, version: &str) -> Answer<u64> {
    let withdrawn =
        sqlx::query("UPDATE updates SET withdrawn = 1 WHERE version = ? AND withdrawn = 0")
            .bind(version)
            .execute(db)
            .await?;
    Ok(withdrawn.rows_affected())
}
