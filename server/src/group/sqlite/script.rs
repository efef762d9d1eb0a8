//! Statements of one transaction that go to SQLite together.
//!
//! With sqlx every call costs a round trip to the connection's thread, and for a few rows that is
//! dearer than what is done there.

use sqlx::{Executor, QueryBuilder, Sqlite, SqliteConnection};

/// Statements of more rows go alone, so that few different scripts are ever prepared.
const FEW: usize = 4;

/// A transaction that is being written.
pub(super) struct Script<'d, 'r> {
    db: &'d mut SqliteConnection,
    query: QueryBuilder<'r, Sqlite>,
    /// Rows of the largest statement that waits.
    largest: usize,
}

impl<'d, 'r> Script<'d, 'r> {
    /// Begins a transaction.
    pub(super) fn begin(db: &'d mut SqliteConnection) -> Self {
        Self {
            db,
            query: QueryBuilder::new("BEGIN IMMEDIATE;"),
            largest: 0,
        }
    }

    /// Where to put the next statement, of so many rows, and its semicolon.
    pub(super) async fn next(
        &mut self,
        rows: usize,
    ) -> Result<&mut QueryBuilder<'r, Sqlite>, sqlx::Error> {
        if self.largest > 0 && self.largest.max(rows) > FEW {
            self.send().await?;
        }
        self.largest = self.largest.max(rows);
        Ok(&mut self.query)
    }

    /// Ends the transaction; afterwards it is durable.
    pub(super) async fn commit(mut self) -> Result<(), sqlx::Error> {
        self.query.push("COMMIT");
        self.send().await
    }

    async fn send(&mut self) -> Result<(), sqlx::Error> {
        let mut query = std::mem::replace(&mut self.query, QueryBuilder::new(""));
        self.largest = 0;
        self.db.execute(query.build()).await?;
        Ok(())
    }
}
