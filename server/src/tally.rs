//! What retention removed: counted in the transaction that removes it, so that the count is right
//! whatever happens in between. Each database has a table of its own, all of one form.

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor, Row, Sqlite, SqliteConnection};

/// The table, as every database has it.
pub(crate) const TABLE: &str = include_str!("tally.sql");

/// Counts are kept for more than a year, so that each is there for a year's attestation.
pub(crate) const KEPT_MS: u64 = 400 * 24 * 60 * 60 * 1000;

/// One run of retention, named by its start in milliseconds since the Unix epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Run {
    /// Its start, and the moment by which everything's age is judged.
    pub(crate) started_ms: u64,
}

impl Run {
    /// Seconds since the Unix epoch.
    pub(crate) fn now_s(self) -> u64 {
        self.started_ms / 1000
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// What can be removed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(crate) enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// As it is stored.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$name),)* _ => None }
            }
        }
    };
}

kinds! {
    /// Entries of logs, messages and commits; their age is the time of arrival.
    Entry = "entry";
    /// Envelopes that nobody fetched; time of arrival.
    Envelope = "envelope";
    /// Blobs; time of creation.
    Blob = "blob";
    /// Uploads that were not finished; time of the last byte.
    Upload = "upload";
    /// Key packages; the end of their lifetime.
    KeyPackage = "key_package";
    /// Invitations; the end of their validity.
    Invitation = "invitation";
}

/// How much of one kind was removed. Times are seconds since the Unix epoch, as [`Kind`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub(crate) struct Count {
    pub(crate) removed: u64,
    pub(crate) bytes: u64,
    pub(crate) oldest_s: u64,
    pub(crate) newest_s: u64,
}

impl Count {
    /// Adds one thing.
    pub(crate) fn add(&mut self, bytes: u64, at_s: u64) {
        self.merge(Self {
            removed: 1,
            bytes,
            oldest_s: at_s,
            newest_s: at_s,
        });
    }

    /// Adds another count.
    pub(crate) fn merge(&mut self, other: Self) {
        if other.removed == 0 {
            return;
        }
        self.oldest_s = match self.removed {
            0 => other.oldest_s,
            _ => self.oldest_s.min(other.oldest_s),
        };
        self.newest_s = self.newest_s.max(other.newest_s);
        self.removed += other.removed;
        self.bytes += other.bytes;
    }

    /// From four columns: number, bytes, oldest and newest second.
    pub(crate) fn from_row(row: &SqliteRow, first: usize) -> Result<Self, sqlx::Error> {
        let number = |column| -> Result<u64, sqlx::Error> {
            let value: i64 = row.try_get(first + column)?;
            Ok(u64::try_from(value).unwrap_or(0))
        };
        Ok(Self {
            removed: number(0)?,
            bytes: number(1)?,
            oldest_s: number(2)?,
            newest_s: number(3)?,
        })
    }
}

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Counts what the present transaction removes.
pub(crate) async fn record(
    db: &mut SqliteConnection,
    run: Run,
    kind: Kind,
    count: Count,
) -> Result<(), sqlx::Error> {
    if count.removed == 0 {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO retention_removed (run, kind, removed, bytes, oldest, newest) \
         VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (run, kind) DO UPDATE SET \
         removed = removed + excluded.removed, bytes = bytes + excluded.bytes, \
         oldest = min(oldest, excluded.oldest), newest = max(newest, excluded.newest)",
    )
    .bind(signed(run.started_ms))
    .bind(kind.as_str())
    .bind(signed(count.removed))
    .bind(signed(count.bytes))
    .bind(signed(count.oldest_s))
    .bind(signed(count.newest_s))
    .execute(db)
    .await?;
    Ok(())
}

/// Forgets the counts of runs that are too long ago.
pub(crate) async fn forget(db: &mut SqliteConnection, run: Run) -> Result<(), sqlx::Error> {
    sqlx::query("DELETE FROM retention_removed WHERE run < ?")
        .bind(signed(run.started_ms.saturating_sub(KEPT_MS)))
        .execute(db)
        .await?;
    Ok(())
}

/// What one run removed from this database.
pub(crate) async fn of_run<'a>(
    db: impl Executor<'a, Database = Sqlite>,
    run: Run,
) -> Result<Vec<(Kind, Count)>, sqlx::Error> {
    let rows = sqlx::query(
        "SELECT kind, removed, bytes, oldest, newest FROM retention_removed WHERE run = ?",
    )
    .bind(signed(run.started_ms))
    .fetch_all(db)
    .await?;
    let mut counts = Vec::with_capacity(rows.len());
    for row in rows {
        if let Some(kind) = Kind::parse(row.try_get(0)?) {
            counts.push((kind, Count::from_row(&row, 1)?));
        }
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use sqlx::Connection;

    use super::*;

    #[tokio::test]
    async fn counts_of_one_run_add_up() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        db.execute(TABLE).await.unwrap();
        let run = |started_ms| Run { started_ms };
        let mut count = Count::default();
        record(&mut db, run(1), Kind::Blob, count).await.unwrap();
        assert_eq!(of_run(&mut db, run(1)).await.unwrap(), []);
        count.add(10, 5);
        count.add(7, 3);
        record(&mut db, run(1), Kind::Blob, count).await.unwrap();
        record(&mut db, run(1), Kind::Blob, count).await.unwrap();
        record(&mut db, run(2), Kind::Entry, count).await.unwrap();
        let twice = Count {
            removed: 4,
            bytes: 34,
            oldest_s: 3,
            newest_s: 5,
        };
        assert_eq!(
            of_run(&mut db, run(1)).await.unwrap(),
            [(Kind::Blob, twice)]
        );
        let later = run(2 + KEPT_MS);
        forget(&mut db, later).await.unwrap();
        assert_eq!(of_run(&mut db, run(1)).await.unwrap(), []);
        assert_eq!(of_run(&mut db, run(2)).await.unwrap().len(), 1);
    }
}
