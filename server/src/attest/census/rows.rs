//! Rows, a few at a time: no reading transaction is open for long, else the write-ahead log could
//! not be emptied meanwhile.

use futures_util::TryStreamExt;
use sealwire_audit::predicate::{Column, Counter, Table, class_of};
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::CensusError;
use super::files::Database;

/// Rows of a transaction.
const BATCH: i64 = 256;

/// Shows every row of a query to `take`. The query gives first a number that grows, takes the
/// least that is wanted as `?1` and most rows as `?2`.
pub(super) async fn each(
    db: &mut SqliteConnection,
    query: &str,
    mut take: impl FnMut(&SqliteRow) -> Result<(), sqlx::Error>,
) -> Result<(), sqlx::Error> {
    let mut from = Some(i64::MIN);
    while let Some(least) = from.take() {
        let mut rows = sqlx::query(query).bind(least).bind(BATCH).fetch(&mut *db);
        let mut read = 0;
        while let Some(row) = rows.try_next().await? {
            read += 1;
            if read == BATCH {
                from = row.try_get::<i64, _>(0)?.checked_add(1);
            }
            take(&row)?;
        }
    }
    Ok(())
}

/// Counts what a query gives as its second column. `parses` says of its bytes whether they are what
/// they should be.
pub(super) async fn count(
    db: &mut SqliteConnection,
    counter: &mut Counter,
    query: &str,
    parses: impl Fn(&SqliteRow, &[u8]) -> Result<bool, sqlx::Error>,
) -> Result<(), sqlx::Error> {
    each(db, query, |row| {
        let bytes: &[u8] = row.try_get(1)?;
        counter.add(bytes.len() as u64, bytes, parses(row, bytes)?);
        Ok(())
    })
    .await
}

/// All tables of a database, with the class of each of their columns.
pub(super) async fn tables(database: &mut Database) -> Result<Vec<Table>, CensusError> {
    let (file, name) = (database.file, database.name());
    let unreadable = |error| CensusError::Database(file, error);
    let names: Vec<String> =
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .fetch_all(&mut database.db)
            .await
            .map_err(unreadable)?;
    let mut tables = Vec::with_capacity(names.len());
    for table in names {
        let columns: Vec<String> =
            sqlx::query_scalar("SELECT name FROM pragma_table_xinfo(?) ORDER BY cid")
                .bind(&table)
                .fetch_all(&mut database.db)
                .await
                .map_err(unreadable)?;
        let rows: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM {}", quoted(&table)))
            .fetch_one(&mut database.db)
            .await
            .map_err(unreadable)?;
        let table = format!("{name}.{table}");
        let columns = columns.into_iter().map(|column| {
            let class = class_of(&table, &column)
                .ok_or_else(|| CensusError::Unclassified(format!("{table}.{column}")))?;
            Ok(Column {
                name: column,
                class,
            })
        });
        tables.push(Table {
            columns: columns.collect::<Result<_, CensusError>>()?,
            table,
            rows: u64::try_from(rows).unwrap_or(0),
        });
    }
    Ok(tables)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
