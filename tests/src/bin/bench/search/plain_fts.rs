//! The same messages in FTS5 as it comes, with the two tokenizers that people take: whole words
//! (`unicode61`) and pieces of three characters (`trigram`). Same encryption, same key.

use std::time::{Duration, Instant};

use sqlx::{Connection as _, SqliteConnection};

use super::history::History;
use super::profile::{Profile, size};
use super::{BENCH, latency, recall};
use crate::figure::Figure;
use crate::samples::Samples;
use crate::{Result, note};

/// A query that takes longer is not asked again.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn measure(profile: &Profile, history: &History) -> Result<()> {
    for tokenizer in ["unicode61", "trigram"] {
        note(format_args!("search: plain FTS5, {tokenizer}"));
        let name = format!("{tokenizer}.db");
        let mut conn = profile.other(&name).await?;
        fill(&mut conn, tokenizer, history).await?;
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            .execute(&mut conn)
            .await?;
        let ratio = size(&profile.beside(&name))? / history.text_bytes as f64;
        Figure::new(
            BENCH,
            format!("plain_{tokenizer}_file_ratio"),
            ratio,
            "x text",
        )
        .print();
        for (kind, queries) in latency::queries(history) {
            // What their query language says in the same way.
            if kind != "prefix" && kind != "filter" {
                let mut samples = ask(&mut conn, &queries).await?;
                let p99 = samples.percentile_ms(99);
                Figure::new(BENCH, format!("plain_{tokenizer}_{kind}_p99_ms"), p99, "ms")
                    .against(format!("median {:.2} ms", samples.percentile_ms(50)))
                    .print();
            }
        }
        let found = chinese_recall(&mut conn, history).await?;
        Figure::new(BENCH, format!("plain_{tokenizer}_cjk_recall"), found, "").print();
        conn.close().await?;
        std::fs::remove_file(profile.beside(&name))?;
    }
    Ok(())
}

async fn fill(conn: &mut SqliteConnection, tokenizer: &str, history: &History) -> Result<()> {
    let table = format!(
        "CREATE VIRTUAL TABLE plain USING fts5 (text, content = '', tokenize = '{tokenizer}')"
    );
    sqlx::raw_sql(&table).execute(&mut *conn).await?;
    let start = Instant::now();
    let mut tx = conn.begin().await?;
    for (number, text) in (1_i64..).zip(history.texts()) {
        sqlx::query("INSERT INTO plain (rowid, text) VALUES (?, ?)")
            .bind(number)
            .bind(text)
            .execute(&mut *tx)
            .await?;
        if number % 1_000 == 0 {
            tx.commit().await?;
            tx = conn.begin().await?;
        }
    }
    tx.commit().await?;
    let rate = history.count as f64 / start.elapsed().as_secs_f64();
    Figure::new(
        BENCH,
        format!("plain_{tokenizer}_messages_per_s"),
        rate,
        "messages/s",
    )
    .print();
    Ok(())
}

/// Quoted, as everything that is typed has to be.
fn quoted(query: &str) -> String {
    let phrase = query
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let words: Vec<String> = match phrase {
        Some(phrase) => vec![format!("\"{phrase}\"")],
        None => query.split(' ').map(|word| format!("\"{word}\"")).collect(),
    };
    words.join(" ")
}

async fn ask(conn: &mut SqliteConnection, queries: &[String]) -> Result<Samples> {
    let mut samples = Samples::default();
    let began = Instant::now();
    for query in queries.iter().take_while(|_| began.elapsed() < PATIENCE) {
        let start = Instant::now();
        let sql = "SELECT rowid FROM plain WHERE plain MATCH ? ORDER BY rowid DESC LIMIT 20";
        sqlx::query(sql)
            .bind(quoted(query))
            .fetch_all(&mut *conn)
            .await?;
        samples.add(start.elapsed());
    }
    Ok(samples)
}

/// Of the messages that hold the query, how many are found; over all messages.
async fn chinese_recall(conn: &mut SqliteConnection, history: &History) -> Result<f64> {
    let queries: Vec<String> = recall::queries(history).into_iter().step_by(20).collect();
    let mut truth = 0_usize;
    for text in history.texts() {
        truth += queries
            .iter()
            .filter(|query| text.contains(query.as_str()))
            .count();
    }
    let mut found = 0_usize;
    for query in &queries {
        let count: i64 = sqlx::query_scalar("SELECT count(*) FROM plain WHERE plain MATCH ?")
            .bind(quoted(query))
            .fetch_one(&mut *conn)
            .await?;
        found += usize::try_from(count)?;
    }
    Ok(found as f64 / truth.max(1) as f64)
}
