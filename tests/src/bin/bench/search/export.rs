//! What it costs to export a conversation that holds all messages.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use sealwire_core::export::{ExportFormat, ExportOptions};
use sealwire_core::parse_conversation;
use sqlx::Connection as _;

use super::BENCH;
use super::opening::most_resident_mb;
use super::profile::{self, Profile};
use crate::figure::Figure;
use crate::{Result, note};

const FORMATS: [(&str, ExportFormat); 3] = [
    ("json", ExportFormat::Json),
    ("html", ExportFormat::Html),
    ("markdown", ExportFormat::Markdown),
];

/// Measures in processes of their own, so that each begins with nothing in memory. Changes the
/// profile.
pub(super) async fn measure(profile: &Profile) -> Result<()> {
    note("search: moving all messages into one conversation, to export it");
    gather(profile).await?;
    for (name, _) in FORMATS {
        let folder = profile.beside(name);
        let output = Command::new(std::env::current_exe()?)
            .arg("export")
            .arg(profile.home())
            .arg(profile.chats[0].to_string())
            .arg(name)
            .arg(&folder)
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        std::fs::remove_dir_all(folder)?;
        let text = String::from_utf8(output.stdout)?;
        let numbers: Vec<&str> = text.split_whitespace().collect();
        let [messages, seconds, memory] = numbers[..] else {
            return Err("the process that exports printed something else".into());
        };
        let (messages, seconds): (f64, f64) = (messages.parse()?, seconds.parse()?);
        Figure::new(
            BENCH,
            format!("export_{name}_messages_per_s"),
            messages / seconds,
            "messages/s",
        )
        .against(format!(
            "{messages} messages in {seconds:.1} s, no replies, reactions or files among them"
        ))
        .print();
        Figure::new(
            BENCH,
            format!("export_{name}_peak_mb"),
            memory.parse()?,
            "MB",
        )
        .against("most resident")
        .print();
    }
    Ok(())
}

/// Puts all messages into the large conversation.
async fn gather(profile: &Profile) -> Result<()> {
    let mut conn = profile.database().await?;
    sqlx::raw_sql("PRAGMA synchronous = OFF; PRAGMA cache_size = -200000")
        .execute(&mut conn)
        .await?;
    let chat = profile.chats[0].as_bytes().as_slice();
    // The new places begin above all that are taken, so that no two messages meet on the way.
    sqlx::query(
        "UPDATE message SET conversation = ?, salt = CAST(printf('%016d', id) AS BLOB),
             position = id + 100000000 WHERE position > 0",
    )
    .bind(chat)
    .execute(&mut conn)
    .await?;
    sqlx::query(
        "UPDATE conversation SET next_position = (SELECT max(position) + 1 FROM message)
         WHERE id = ?",
    )
    .bind(chat)
    .execute(&mut conn)
    .await?;
    sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        .execute(&mut conn)
        .await?;
    Ok(conn.close().await?)
}

/// `HOME CHAT FORMAT FOLDER`: prints how many messages it wrote, in how many seconds, and the
/// memory it took.
pub(super) async fn child(words: &[String]) -> Result<()> {
    let [home, chat, format, folder] = words else {
        return Err("export HOME CHAT FORMAT FOLDER".into());
    };
    let known = FORMATS.iter().find(|(name, _)| *name == format.as_str());
    let (_, format) = *known.ok_or("no such format")?;
    let chat = parse_conversation(chat)?;
    let client = profile::open(Path::new(home)).await?;
    let options = ExportOptions {
        format,
        files: false,
    };
    let start = Instant::now();
    let done = client.export(&chat, Path::new(folder), options).await?;
    let took = start.elapsed().as_secs_f64();
    client.shutdown().await;
    println!("{} {took:.3} {:.1}", done.messages, most_resident_mb()?);
    Ok(())
}
