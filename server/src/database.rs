//! What the relay's SQLite files have in common.

use sqlx::{Connection, Executor, Row, SqliteConnection};

/// Brings a file to the present version: each of `migrations` that it lacks, in one transaction
/// each. `file` is its name, for people.
pub(crate) async fn migrate(
    db: &mut SqliteConnection,
    file: &str,
    migrations: &[&'static str],
) -> Result<(), sqlx::Error> {
    let version: i64 = db.fetch_one("PRAGMA user_version").await?.try_get(0)?;
    let done = usize::try_from(version)
        .ok()
        .filter(|done| *done <= migrations.len())
        .ok_or_else(|| {
            let text = format!("{file} was written by a newer relay (schema {version})");
            sqlx::Error::Configuration(text.into())
        })?;
    for (index, migration) in migrations.iter().enumerate().skip(done) {
        let mut step = db.begin_with("BEGIN IMMEDIATE").await?;
        step.execute(*migration).await?;
        step.execute(format!("PRAGMA user_version = {}", index + 1).as_str())
            .await?;
        step.commit().await?;
    }
    Ok(())
}

/// Empties the write-ahead log, which still holds what was deleted. Without effect while somebody
/// reads an older state for longer than the connection's patience.
pub(crate) async fn truncate_log(db: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_gets_what_it_lacks_and_a_newer_one_is_refused() {
        let mut db = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        const FIRST: &str = "CREATE TABLE a (x INTEGER NOT NULL) STRICT; INSERT INTO a VALUES (1)";
        const SECOND: &str = "ALTER TABLE a ADD COLUMN y INTEGER NOT NULL DEFAULT 7";
        migrate(&mut db, "a.db", &[FIRST]).await.unwrap();
        migrate(&mut db, "a.db", &[FIRST, SECOND]).await.unwrap();
        migrate(&mut db, "a.db", &[FIRST, SECOND]).await.unwrap();
        let row = db.fetch_one("SELECT sum(x), sum(y) FROM a").await.unwrap();
        assert_eq!((row.get::<i64, _>(0), row.get::<i64, _>(1)), (1, 7));
        let error = migrate(&mut db, "a.db", &[FIRST]).await.unwrap_err();
        assert!(error.to_string().contains("newer"), "{error}");
    }
}
