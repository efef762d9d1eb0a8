//! History from before there was an index, and from before its rules were as they are: taken in
//! by and by, newest first, one transaction a step, so that it goes on wherever it was stopped.

use std::sync::Arc;

use sealwire_protocol::ids::ConversationId;
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{
    Is,
    document::{Document, Flags},
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
    for row in &rows {
        take_in(&mut tx, row).await?;
    }
    let full = rows.len() as i64 == STEP;
    let next: i64 = rows.first().filter(|_| full).map_or(0, |row| row.get("id"));
    sqlx::query("UPDATE search_progress SET below = ?").bind(next).execute(&mut *tx).await?;
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
    let below = sqlx::query_scalar("SELECT below FROM search_progress").fetch_one(conn).await?;
    Ok(below)
}

async fn take_in(conn: &mut SqliteConnection, row: &SqliteRow) -> Result<()> {
    let text: &str = row.get("text");
    let Some(names) = row.get::<Option<&str>, _>("file_names") else {
        let conversation =
            ConversationId::from_slice(row.get("conversation")).map_err(CoreError::internal)?;
        let own = row.get("own");
        let document = Document {
            message: row.get("id"),
            conversation,
            sender: row.get("sender_handle"),
            text,
            files: &[],
            flags: if own { Flags::NONE.is(Is::Own) } else { Flags::NONE },
        };
        return index::put(conn, &document).await;
    };
    // What is known beside the text stays.
    sqlx::query("UPDATE search_document SET words = ?, files = ? WHERE message = ?")
        .bind(Tokens::of(text).into_joined())
        .bind(Tokens::of(names).into_joined())
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
