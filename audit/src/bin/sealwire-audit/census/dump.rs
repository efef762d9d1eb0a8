//! A dump as SQLite shows it.

use std::path::{Path, PathBuf};

use sealwire_audit::predicate::{Class, class_of};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Executor, SqliteConnection};

use crate::failure::{Failure, Kind};

/// SQLite's code for a file that it cannot open.
const CANNOT_OPEN: &str = "14";
/// By which table a database is known, whatever its file is called.
const MARKS: [(&str, &str); 3] = [
    ("accounts", "account"),
    ("entries", "groups"),
    ("blobs", "blobs"),
];

/// A dump that is open.
pub(super) struct Dump {
    path: PathBuf,
    /// What the relay calls the database, or else the name of the file without its ending.
    pub(super) name: String,
    pub(super) db: SqliteConnection,
}

/// A table that is there.
pub(super) struct Listed {
    /// With the name of its database before it.
    pub(super) table: String,
    pub(super) rows: u64,
    /// Each with its class, if it is known.
    pub(super) columns: Vec<(String, Option<Class>)>,
}

impl Listed {
    /// The columns that are not known.
    pub(super) fn unknown(&self) -> impl Iterator<Item = String> {
        let unknown = self.columns.iter().filter(|(_, class)| class.is_none());
        unknown.map(|(name, _)| format!("{}.{name}", self.table))
    }
}

impl Dump {
    pub(super) async fn open(path: &Path) -> Result<Self, Failure> {
        if let Err(error) = std::fs::File::open(path) {
            return Err(Failure::file(path, &error));
        }
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .disable_statement_logging();
        let db = match connect(&options).await {
            // A copy without its `-shm`, where none can be made; without a `-wal` it is whole.
            Err(sqlx::Error::Database(error))
                if error.code().as_deref() == Some(CANNOT_OPEN) && !has_log(path) =>
            {
                connect(&options.immutable(true)).await
            }
            other => other,
        };
        let mut dump = Self {
            path: path.to_owned(),
            name: String::new(),
            db: db.map_err(|error| unreadable(path, &error))?,
        };
        let tables = dump.names().await?;
        let mark = MARKS
            .iter()
            .find(|(table, _)| tables.iter().any(|name| name == table));
        dump.name = match mark {
            Some((_, name)) => (*name).to_owned(),
            None => path
                .file_stem()
                .unwrap_or_default()
                .to_string_lossy()
                .into(),
        };
        Ok(dump)
    }

    /// For errors of SQLite.
    pub(super) fn failed(&self) -> impl Fn(sqlx::Error) -> Failure + use<> {
        let path = self.path.clone();
        move |error| unreadable(&path, &error)
    }

    async fn names(&mut self) -> Result<Vec<String>, Failure> {
        let failed = self.failed();
        sqlx::query_scalar("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
            .fetch_all(&mut self.db)
            .await
            .map_err(failed)
    }

    /// All tables.
    pub(super) async fn tables(&mut self) -> Result<Vec<Listed>, Failure> {
        let failed = self.failed();
        let mut tables = Vec::new();
        for name in self.names().await? {
            let columns: Vec<String> =
                sqlx::query_scalar("SELECT name FROM pragma_table_xinfo(?) ORDER BY cid")
                    .bind(&name)
                    .fetch_all(&mut self.db)
                    .await
                    .map_err(&failed)?;
            let quoted = name.replace('"', "\"\"");
            let rows: i64 = sqlx::query_scalar(&format!("SELECT count(*) FROM \"{quoted}\""))
                .fetch_one(&mut self.db)
                .await
                .map_err(&failed)?;
            let table = format!("{}.{name}", self.name);
            let classed = |column: String| {
                let class = class_of(&table, &column);
                (column, class)
            };
            tables.push(Listed {
                columns: columns.into_iter().map(classed).collect(),
                table,
                rows: u64::try_from(rows).unwrap_or(0),
            });
        }
        Ok(tables)
    }
}

async fn connect(options: &SqliteConnectOptions) -> Result<SqliteConnection, sqlx::Error> {
    let mut db = options.connect().await?;
    // Only the first reading looks into the file.
    db.execute("SELECT count(*) FROM sqlite_schema").await?;
    Ok(db)
}

fn has_log(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).is_ok_and(|log| log.len() > 0)
}

fn unreadable(path: &Path, error: &sqlx::Error) -> Failure {
    Failure {
        kind: Kind::Io,
        message: format!("{}: {error}", path.display()),
        hint: "name a whole copy of a relay's database, made by VACUUM INTO or `.backup`",
        found: None,
    }
}
