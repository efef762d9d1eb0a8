//! Looking into a file beside whoever else has it open, and copying it.

use std::collections::BTreeMap;
use std::path::Path;

use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Executor, Row, SqliteConnection};

use super::PATIENCE;
use crate::fault::Fault;

/// Opens a file that has to be there, to read it.
pub(crate) async fn read_only(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(PATIENCE)
        .pragma("temp_store", "MEMORY")
        .disable_statement_logging()
        .connect()
        .await
}

/// Opens a copy that nobody else uses, to change it.
pub(crate) async fn alone(path: &Path) -> Result<SqliteConnection, sqlx::Error> {
    SqliteConnectOptions::new()
        .filename(path)
        .disable_statement_logging()
        .connect()
        .await
}

/// Copies a file as it is at one moment to `to`, which must not be there yet. Nothing that was deleted
/// comes along.
pub(crate) async fn copy(path: &Path, to: &Path) -> Result<(), sqlx::Error> {
    let name = to
        .to_str()
        .ok_or_else(|| sqlx::Error::Configuration("the path is not UTF-8".into()))?;
    let mut db = read_only(path).await?;
    sqlx::query("VACUUM INTO ?")
        .bind(name)
        .execute(&mut db)
        .await?;
    db.close().await
}

/// Number of the newest migration.
pub(crate) async fn version(db: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let version: i64 = db.fetch_one("PRAGMA user_version").await?.try_get(0)?;
    Ok(u64::try_from(version).unwrap_or(0))
}

/// Has SQLite itself check the file called `file`.
pub(crate) async fn check_form(db: &mut SqliteConnection, file: &str) -> Result<(), Fault> {
    let fault = Fault::of(file);
    let row = db.fetch_one("PRAGMA integrity_check(1)").await;
    let said: String = row.and_then(|row| row.try_get(0)).map_err(&fault)?;
    if said != "ok" {
        return Err(Fault::new(file, format!("is damaged; SQLite says: {said}")));
    }
    let row = db.fetch_optional("PRAGMA foreign_key_check").await;
    if let Some(row) = row.map_err(&fault)? {
        let table: String = row.try_get(0).map_err(&fault)?;
        let why = format!("a row of the table `{table}` refers to one that is not there");
        return Err(Fault::new(file, why));
    }
    Ok(())
}

/// How many rows each table holds.
pub(crate) async fn count_rows(
    db: &mut SqliteConnection,
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let tables: Vec<String> = sqlx::query_scalar(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'",
    )
    .fetch_all(&mut *db)
    .await?;
    let mut rows = BTreeMap::new();
    for table in tables {
        let count = format!("SELECT count(*) FROM \"{table}\"");
        let count: i64 = db.fetch_one(count.as_str()).await?.try_get(0)?;
        rows.insert(table, u64::try_from(count).unwrap_or(0));
    }
    Ok(rows)
}

/// Has each row of a query checked. Its first column is the number by which a row is told.
pub(crate) async fn check_rows(
    db: &mut SqliteConnection,
    file: &str,
    what: &str,
    query: &'static str,
    is_sound: impl Fn(&SqliteRow) -> Result<bool, sqlx::Error>,
) -> Result<(), Fault> {
    let mut rows = sqlx::query(query).fetch(db);
    while let Some(row) = rows.try_next().await.map_err(Fault::of(file))? {
        if !is_sound(&row).map_err(Fault::of(file))? {
            let number: i64 = row.try_get(0).map_err(Fault::of(file))?;
            return Err(Fault::new(file, format!("{what} {number} is damaged")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::SqliteFile;

    #[tokio::test]
    async fn a_copy_is_of_one_moment_and_holds_nothing_deleted() {
        let dir = tempfile::tempdir().expect("a directory");
        let (path, to) = (dir.path().join("a.db"), dir.path().join("b.db"));
        const TABLE: &str = "CREATE TABLE a (x INTEGER NOT NULL PRIMARY KEY, y BLOB) STRICT";
        let file = SqliteFile::open(&path, &[TABLE]).await.expect("opened");
        let mut tx = file.write().await.expect("a transaction");
        tx.execute("INSERT INTO a VALUES (7, 'kept'), (8, 'gone')")
            .await
            .expect_err("a text is no BLOB");
        tx.execute("INSERT INTO a VALUES (7, x'aa'), (8, x'bb')")
            .await
            .expect("added");
        tx.execute("DELETE FROM a WHERE x = 8").await.expect("gone");
        tx.commit().await.expect("done");
        let mut open = file.write().await.expect("a transaction");
        open.execute("INSERT INTO a VALUES (9, x'cc')")
            .await
            .expect("added, not committed");
        copy(&path, &to).await.expect("copied");
        open.commit().await.expect("done");
        let mut db = read_only(&to).await.expect("opened");
        assert_eq!(version(&mut db).await.expect("told"), 1);
        check_form(&mut db, "b.db").await.expect("sound");
        let rows = count_rows(&mut db).await.expect("counted");
        assert_eq!(rows, BTreeMap::from([("a".to_owned(), 1)]));
        assert!(copy(&path, &to).await.is_err(), "nothing is overwritten");
        let check = |sound| move |row: &SqliteRow| Ok(row.try_get::<i64, _>(0)? == sound);
        let checked = check_rows(&mut db, "b.db", "row", "SELECT x FROM a", check(7)).await;
        checked.expect("sound");
        let checked = check_rows(&mut db, "b.db", "row", "SELECT x FROM a", check(8)).await;
        let fault = checked.expect_err("damaged").to_string();
        assert_eq!(fault, "b.db: row 7 is damaged");
    }
}
