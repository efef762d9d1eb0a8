//! The logs as they lie in account.db.

use sealwire_audit::merkle::Edge;
use sealwire_audit::note::Note;
use sealwire_audit::sequence::{BundlePart, TilePart, integrate};
use sealwire_audit::tile::{Kind, Resource, Tile, WIDTH, parse_bundle, push_entry};
use sqlx::SqliteConnection;

use super::LogName;
use crate::refusal::{Answer, Refusal};

/// Makes a log if it is not there. Gives the origin that it has.
pub(super) async fn begin(
    db: &mut SqliteConnection,
    log: LogName,
    origin: &str,
) -> Result<String, sqlx::Error> {
    sqlx::query(
        "INSERT OR IGNORE INTO trees (tree, origin, edge, checkpoint) VALUES (?, ?, ?, x'')",
    )
    .bind(log.number())
    .bind(origin)
    .bind(Edge::new().to_bytes())
    .execute(&mut *db)
    .await?;
    sqlx::query_scalar("SELECT origin FROM trees WHERE tree = ?")
        .bind(log.number())
        .fetch_one(db)
        .await
}

/// The right edge of a log's tree.
pub(super) async fn edge(db: &mut SqliteConnection, log: LogName) -> Answer<Edge> {
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT edge FROM trees WHERE tree = ?")
        .bind(log.number())
        .fetch_one(db)
        .await?;
    Edge::from_bytes(&bytes).map_err(|_| damaged())
}

/// Adds entries in this order. Gives the number of the first.
pub(super) async fn append(
    db: &mut SqliteConnection,
    log: LogName,
    entries: &[Vec<u8>],
) -> Answer<u64> {
    let edge = edge(&mut *db, log).await?;
    let batch = integrate(&edge, entries.iter().map(Vec::as_slice))
        .map_err(|_| Refusal::internal("an entry cannot be logged"))?;
    for part in &batch.tiles {
        add_hashes(db, log, part).await?;
    }
    for part in &batch.bundles {
        add_entries(db, log, part).await?;
    }
    sqlx::query("UPDATE trees SET edge = ? WHERE tree = ?")
        .bind(batch.edge.to_bytes())
        .bind(log.number())
        .execute(db)
        .await?;
    Ok(batch.first)
}

async fn add_hashes(db: &mut SqliteConnection, log: LogName, part: &TilePart) -> Answer<()> {
    let added = sqlx::query(
        "INSERT INTO tree_tiles (tree, level, number, hashes) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET hashes = CAST(hashes || excluded.hashes AS BLOB) \
         WHERE length(hashes) = ?5 * 32",
    )
    .bind(log.number())
    .bind(i64::from(part.level))
    .bind(number(part.index))
    .bind(part.to_bytes())
    .bind(i64::from(part.offset))
    .execute(db)
    .await?;
    whole(added.rows_affected())
}

async fn add_entries(db: &mut SqliteConnection, log: LogName, part: &BundlePart) -> Answer<()> {
    let added = sqlx::query(
        "INSERT INTO tree_bundles (tree, number, count, leaves) VALUES (?1, ?2, ?3, ?4) \
         ON CONFLICT DO UPDATE SET count = count + excluded.count, \
         leaves = CAST(leaves || excluded.leaves AS BLOB) WHERE count = ?5",
    )
    .bind(log.number())
    .bind(number(part.index))
    .bind(i64::from(part.count))
    .bind(&part.bytes)
    .bind(i64::from(part.offset))
    .execute(db)
    .await?;
    whole(added.rows_affected())
}

/// A tile or bundle that is not as wide as the edge says would make a wrong tree.
fn whole(added: u64) -> Answer<()> {
    if added == 1 { Ok(()) } else { Err(damaged()) }
}

fn damaged() -> Refusal {
    Refusal::internal("a transparency log is damaged")
}

fn number(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// The newest head that is served.
pub(super) async fn head(db: &mut SqliteConnection, log: LogName) -> Answer<Option<Note>> {
    let bytes: Vec<u8> = sqlx::query_scalar("SELECT checkpoint FROM trees WHERE tree = ?")
        .bind(log.number())
        .fetch_one(db)
        .await?;
    if bytes.is_empty() {
        return Ok(None);
    }
    Note::parse(&bytes).map(Some).map_err(|_| damaged())
}

/// Keeps the head that is to be served from now on.
pub(super) async fn set_head(
    db: &mut SqliteConnection,
    log: LogName,
    head: &Note,
) -> Result<(), sqlx::Error> {
    sqlx::query("UPDATE trees SET checkpoint = ? WHERE tree = ?")
        .bind(head.to_string().into_bytes())
        .bind(log.number())
        .execute(db)
        .await
        .map(drop)
}

/// The bytes of a tile or bundle, as wide as was asked; `None` if it is not there.
pub(super) async fn resource(
    db: &mut SqliteConnection,
    log: LogName,
    resource: Resource,
) -> Answer<Option<Vec<u8>>> {
    let width = usize::from(resource.width());
    match resource.kind() {
        Kind::Hashes(level) => {
            let hashes = hashes(db, log, level, resource.index()).await?;
            Ok(hashes.and_then(|hashes| hashes.get(..width * 32).map(<[u8]>::to_vec)))
        }
        Kind::Entries => {
            let row: Option<(i64, Vec<u8>)> = sqlx::query_as(
                "SELECT count, leaves FROM tree_bundles WHERE tree = ? AND number = ?",
            )
            .bind(log.number())
            .bind(number(resource.index()))
            .fetch_optional(db)
            .await?;
            let Some((count, bytes)) = row else {
                return Ok(None);
            };
            let count = u16::try_from(count).unwrap_or(0);
            if count == resource.width() {
                return Ok(Some(bytes));
            }
            let entries = parse_bundle(&bytes, count).map_err(|_| damaged())?;
            let Some(entries) = entries.get(..width) else {
                return Ok(None);
            };
            let mut part = Vec::new();
            for entry in entries {
                push_entry(&mut part, entry).map_err(|_| damaged())?;
            }
            Ok(Some(part))
        }
    }
}

/// The bytes of a tile as wide as it is; `None` if it is not there.
pub(super) async fn hashes(
    db: &mut SqliteConnection,
    log: LogName,
    level: u8,
    index: u64,
) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar("SELECT hashes FROM tree_tiles WHERE tree = ? AND level = ? AND number = ?")
        .bind(log.number())
        .bind(i64::from(level))
        .bind(number(index))
        .fetch_optional(db)
        .await
}

/// A tile as wide as it is.
pub(super) async fn tile(
    db: &mut SqliteConnection,
    log: LogName,
    level: u8,
    index: u64,
) -> Answer<Option<Tile>> {
    let Some(bytes) = hashes(db, log, level, index).await? else {
        return Ok(None);
    };
    let width = u16::try_from(bytes.len() / 32).unwrap_or(WIDTH);
    Tile::parse(&bytes, width).map(Some).map_err(|_| damaged())
}
