//! How often a day an account may do what leaves a trace for ever: an entry of a log, which
//! everybody who follows it has to keep. Counted in the database, so that a restart forgives nothing.

use std::time::Duration;

use sealwire_protocol::problem::Code;
use sqlx::SqliteConnection;

use crate::clock;
use crate::refusal::{Answer, Refusal};

const DAY_S: u64 = 24 * 60 * 60;

/// What is bounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Bounded {
    /// Devices added and certificates renewed.
    Certificate,
    /// Copies of what the relay knows.
    OwnData,
}

impl Bounded {
    /// Its name in the database, and how often a day.
    const fn row(self) -> (&'static str, i64) {
        match self {
            Self::Certificate => ("certificate", 50),
            Self::OwnData => ("own-data", 10),
        }
    }
}

/// Counts one more, in the transaction that does it; refuses what would be too much for today.
pub(super) async fn count(tx: &mut SqliteConnection, account: i64, what: Bounded) -> Answer<()> {
    let now = clock::now_s();
    let (name, most) = what.row();
    let count: i64 = sqlx::query_scalar(
        "INSERT INTO account_bounds (account, what, day, count) VALUES (?, ?, ?, 1) \
         ON CONFLICT (account, what) DO UPDATE SET \
         count = CASE day WHEN excluded.day THEN count + 1 ELSE 1 END, day = excluded.day \
         RETURNING count",
    )
    .bind(account)
    .bind(name)
    .bind(i64::try_from(now / DAY_S).unwrap_or(i64::MAX))
    .fetch_one(tx)
    .await?;
    if count <= most {
        return Ok(());
    }
    let refusal = Refusal::new(
        Code::RateLimited,
        format!("This is done at most {most} times a day, because each leaves a trace for ever."),
    );
    Err(refusal.after(Duration::from_secs(DAY_S - now % DAY_S)))
}

/// Forgets what was counted of an account.
pub(super) async fn forget(tx: &mut SqliteConnection, account: i64) -> Answer<()> {
    sqlx::query("DELETE FROM account_bounds WHERE account = ?")
        .bind(account)
        .execute(tx)
        .await?;
    Ok(())
}
