//! The whole of it, on a real database.

mod backfill;
mod corpus;
mod erasing;
mod pages;
mod pages_of_file;
mod queries;
mod recall;

use std::path::PathBuf;

use jiff::ZonedDateTime;
use sealwire_crypto::SecretBytes;
use sealwire_protocol::ids::{ConversationId, LogId};
use sqlx::SqliteConnection;
use tempfile::TempDir;

use super::{
    Filter, Query, SearchHit, SearchRequest, compile,
    cursor::Cursor,
    run::{self, Found},
};
use crate::{
    api::{Delivery, MessageKind},
    error::Result,
    profile::Database,
    store::{self, History, MIGRATIONS, NewMessage},
};

/// 2026-11-24 00:03 UTC.
const NOW_MS: u64 = 1_795_478_580_000;
const KEY: [u8; 32] = [7; 32];

/// Alice's profile with two conversations in it.
struct Scene {
    _dir: TempDir,
    path: PathBuf,
    db: Database,
    team: ConversationId,
    lunch: ConversationId,
}

fn id<const N: usize>(byte: u8) -> [u8; N] {
    [byte; N]
}

impl Scene {
    async fn set() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("profile.db");
        let key = SecretBytes::fill(|bytes: &mut [u8; 32]| *bytes = KEY);
        let db = Database::open(&path, &key, true).await.unwrap();
        db.migrate(MIGRATIONS).await.unwrap();
        let team = ConversationId::from_slice(&id::<16>(0xa1)).unwrap();
        let lunch = ConversationId::from_slice(&id::<16>(0xb2)).unwrap();
        let mut conn = db.writer.lock().await;
        for (number, (chat, name)) in [(&team, "Team"), (&lunch, "午餐 Lunch")]
            .into_iter()
            .enumerate()
        {
            let log = id::<32>(u8::try_from(number).unwrap() + 1);
            let log = LogId::from_slice(&log).unwrap();
            store::put_conversation(&mut conn, chat, name, &log, 0)
                .await
                .unwrap();
        }
        drop(conn);
        Self {
            _dir: dir,
            path,
            db,
            team,
            lunch,
        }
    }

    /// Somebody says something; the answer is `message.id`.
    async fn says(&self, who: &str, chat: &ConversationId, text: &str) -> i64 {
        self.says_at(who, chat, text, NOW_MS).await
    }

    async fn says_at(&self, who: &str, chat: &ConversationId, text: &str, at_ms: u64) -> i64 {
        let mut conn = self.db.writer.lock().await;
        let mut tx = self.db.begin(&mut conn).await.unwrap();
        let message = says_within(&mut tx, who, chat, text, at_ms).await;
        tx.commit().await.unwrap();
        message
    }

    async fn does(&self, sql: &str) {
        let mut conn = self.db.writer.lock().await;
        sqlx::raw_sql(sql).execute(&mut *conn).await.unwrap();
    }

    async fn try_page(&self, request: &SearchRequest) -> Result<Found> {
        let query = Query::parse(&request.query, request.typing)?;
        let cursor = request.cursor.as_deref();
        let cursor = cursor
            .map(|text| Cursor::parse(text, request.sort))
            .transpose()?;
        let now: ZonedDateTime = "2026-11-24T00:03[UTC]".parse().unwrap();
        let mut conn = self.db.readers.acquire().await.unwrap();
        let plan = compile::plan(&mut conn, &query, &request.filters, &now).await?;
        let now_ms = i64::try_from(NOW_MS).unwrap();
        run::page(&mut conn, &plan, request, cursor, now_ms).await
    }

    /// Texts of the first page.
    async fn finds(&self, query: &str) -> Vec<String> {
        texts(&self.try_page(&asked(query)).await.unwrap().hits)
    }

    /// The index says that it is whole and holds what the documents say.
    async fn is_sound(&self) {
        let check = "INSERT INTO search_index (search_index, rank) VALUES ('integrity-check', 1)";
        self.does(check).await;
    }
}

async fn says_within(
    conn: &mut SqliteConnection,
    who: &str,
    chat: &ConversationId,
    text: &str,
    at_ms: u64,
) -> i64 {
    let mut history = History::open(conn, chat).await.unwrap();
    let mut salt = [0; 16];
    rand::fill(&mut salt);
    let message = NewMessage {
        conversation: *chat,
        salt,
        sender: None,
        sender_handle: format!("{who}@acme"),
        own: who == "alice",
        kind: MessageKind::Text,
        text,
        content: &[],
        at_ms,
        delivery: Delivery::Received,
    };
    let added = store::insert_message(conn, &message, &mut history)
        .await
        .unwrap();
    history.save(conn).await.unwrap();
    added.unwrap().0
}

fn asked(query: &str) -> SearchRequest {
    SearchRequest {
        query: query.to_owned(),
        limit: 50,
        ..SearchRequest::default()
    }
}

fn texts(hits: &[SearchHit]) -> Vec<String> {
    hits.iter().map(|hit| hit.snippet.text.clone()).collect()
}
