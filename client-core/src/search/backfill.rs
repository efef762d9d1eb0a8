//! History from before there was an index, and from before its rules were as they are: taken in
//! by and by, newest first, one transaction a step, so that it goes on wherever it was stopped.

use std::{collections::HashMap, sync::Arc};

use sqlx::{QueryBuilder, Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Is,
    document::Flags,
    index,
    tokens::{RULES, Tokens},
};
use crate::{
    core::Core,
    error::{CoreError, Result},
    profile::Database,
};

/// Messages of one step: what a person sends meanwhile waits for one step at most.
const STEP: i64 = 1_000;
/// Messages of one statement.
const PART: usize = 100;

/// Takes in one step. False if nothing is left.
pub(super) async fn step(db: &Database) -> Result<bool> {
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await?;
    let below = below(&mut tx).await?;
    if below == 0 {
        return Ok(false);
    }
    let mut rows = sqlx::query(
        "SELECT m.id, m.conversation, m.sender_handle, m.own, m.text, d.file_names
         FROM message AS m LEFT JOIN search_document AS d ON d.message = m.id
         WHERE m.id < ? AND m.kind = 'text' ORDER BY m.id DESC LIMIT ?",
    )
    .bind(below)
    .bind(STEP)
    .fetch_all(&mut *tx)
    .await?;
    // The index writes rows that come in order together.
    rows.reverse();
    let (new, known): (Vec<_>, Vec<_>) = rows
        .iter()
        .partition(|row| row.get::<Option<&str>, _>("file_names").is_none());
    add(&mut tx, &new).await?;
    for row in known {
        renew(&mut tx, row).await?;
    }
    let full = rows.len() as i64 == STEP;
    let next: i64 = rows.first().filter(|_| full).map_or(0, |row| row.get("id"));
    sqlx::query("UPDATE search_progress SET below = ?")
        .bind(next)
        .execute(&mut *tx)
        .await?;
    tx.commit().await?;
    Ok(next > 0)
}

/// Messages with smaller ids are not taken in yet, or not by the present rules.
async fn below(conn: &mut SqliteConnection) -> Result<i64> {
    sqlx::query(
        "UPDATE search_progress SET rules = ?1,
             below = (SELECT coalesce(max(id), 0) + 1 FROM message) WHERE rules <> ?1",
    )
    .bind(RULES)
    .execute(&mut *conn)
    .await?;
    let below = sqlx::query_scalar("SELECT below FROM search_progress")
        .fetch_one(conn)
        .await?;
    Ok(below)
}

/// Puts messages into the index that were never there, many with each statement.
async fn add(conn: &mut SqliteConnection, rows: &[&SqliteRow]) -> Result<()> {
    let mut names = names(conn).await?;
    for part in rows.chunks(PART) {
        let mut documents = Vec::with_capacity(part.len());
        for row in part {
            let key = (
                row.get("conversation"),
                row.get::<&str, _>("sender_handle").as_bytes(),
            );
            let numbers = |names: &Names| {
                let conversation = names.get(&("conversation".to_owned(), Vec::from(key.0)));
                let sender = names.get(&("sender".to_owned(), Vec::from(key.1)));
                conversation.copied().zip(sender.copied())
            };
            let numbers = match numbers(&names) {
                Some(numbers) => numbers,
                None => {
                    index::name(conn, key.0, key.1).await?;
                    names = self::names(conn).await?;
                    numbers(&names).ok_or_else(|| CoreError::internal("a name without a number"))?
                }
            };
            documents.push((*row, numbers));
        }
        let mut query = QueryBuilder::new(
            "INSERT INTO search_document
                 (message, conversation, sender, flags, words, files, file_names) ",
        );
        query.push_values(&documents, |mut values, (row, (conversation, sender))| {
            let text: &str = row.get("text");
            let own = if row.get("own") {
                Flags::NONE.is(Is::Own)
            } else {
                Flags::NONE
            };
            values
                .push_bind(row.get::<i64, _>("id"))
                .push_bind(*conversation)
                .push_bind(*sender)
                .push_bind(i64::from(own.of_text(text).bits()))
                .push_bind(Tokens::of(text).into_joined())
                .push("''")
                .push("''");
        });
        query.build().execute(&mut *conn).await?;
    }
    Ok(())
}

/// Kind and name to number.
type Names = HashMap<(String, Vec<u8>), i64>;

async fn names(conn: &mut SqliteConnection) -> Result<Names> {
    let rows = sqlx::query("SELECT kind, name, id FROM search_name")
        .fetch_all(conn)
        .await?;
    Ok(rows
        .iter()
        .map(|row| ((row.get("kind"), row.get("name")), row.get("id")))
        .collect())
}

/// Takes the text of a message apart again; what is known beside the text stays.
async fn renew(conn: &mut SqliteConnection, row: &SqliteRow) -> Result<()> {
    sqlx::query("UPDATE search_document SET words = ?, files = ? WHERE message = ?")
        .bind(Tokens::of(row.get("text")).into_joined())
        .bind(Tokens::of(row.get("file_names")).into_joined())
        .bind(row.get::<i64, _>("id"))
        .execute(conn)
        .await?;
    Ok(())
}

/// Whether everything was taken in.
pub(super) async fn is_complete(conn: &mut SqliteConnection) -> Result<bool> {
    let left = "SELECT count(*) FROM search_progress WHERE below > 0 OR rules <> ?";
    let left: i64 = sqlx::query_scalar(left).bind(RULES).fetch_one(conn).await?;
    Ok(left == 0)
}

/// Takes in what is left while the client works.
pub(crate) async fn run(core: Arc<Core>) {
    loop {
        match step(&core.db).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => return,
            // A full disk passes; anything else shows in the next search.
            Err(error) => {
                tracing::warn!(code = error.code, "the search index waits");
                tokio::time::sleep(std::time::Duration::from_secs(60)).await;
            }
        }
    }
}
