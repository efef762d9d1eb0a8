//! The database asked, page by page.

use data_encoding::HEXLOWER;
use sqlx::{QueryBuilder, Row, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::{
    SearchHit, SearchRequest, Sort,
    compile::Plan,
    cursor::Cursor,
    rank,
    snippet::{marked, snippet},
};
use crate::{api::DeviceKind, error::Result, store::from_db};

const DAY_MS: i64 = 86_400_000;

/// Hits and where it goes on.
pub(super) struct Found {
    pub(super) hits: Vec<SearchHit>,
    pub(super) next: Option<Cursor>,
    pub(super) ranked_newest: Option<u64>,
}

/// One page.
pub(super) async fn page(
    conn: &mut SqliteConnection,
    plan: &Plan,
    request: &SearchRequest,
    cursor: Option<Cursor>,
    now_ms: i64,
) -> Result<Found> {
    match (request.sort, cursor) {
        // Without words nothing fits better than anything else.
        (Sort::Relevance, _) if !plan.needles.is_empty() => {
            rank::page(conn, plan, request.limit, cursor, now_ms).await
        }
        (_, cursor) => newest(conn, plan, request.limit, cursor).await,
    }
}

async fn newest(
    conn: &mut SqliteConnection,
    plan: &Plan,
    limit: u32,
    cursor: Option<Cursor>,
) -> Result<Found> {
    let below = match cursor {
        Some(Cursor::Newest { below }) => below,
        _ => i64::MAX,
    };
    let mut query = QueryBuilder::new(
        "SELECT m.id, m.conversation, m.uid, m.position, m.sender_handle, m.own, m.at_ms, m.text,
             d.file_names, coalesce(c.name, '') AS name,
             (SELECT kind FROM contact WHERE handle = m.sender_handle) AS sender_kind ",
    );
    if !matching(conn, &mut query, plan, below).await? {
        return Ok(Found {
            hits: Vec::new(),
            next: None,
            ranked_newest: None,
        });
    }
    query
        .push(" ORDER BY search_index.rowid DESC LIMIT ")
        .push_bind(i64::from(limit) + 1);
    let rows = query.build().fetch_all(conn).await?;
    let shown = &rows[..rows.len().min(limit as usize)];
    let more = rows.len() > shown.len();
    let last = shown.last().map(|row| row.get("id"));
    Ok(Found {
        hits: shown.iter().map(|row| hit(row, plan)).collect(),
        next: last.filter(|_| more).map(|below| Cursor::Newest { below }),
        ranked_newest: None,
    })
}

/// Adds what a row must be: a match, with a smaller id than `below`, in time. False if there can
/// be none.
pub(super) async fn matching<'q>(
    conn: &mut SqliteConnection,
    query: &mut QueryBuilder<'q, Sqlite>,
    plan: &'q Plan,
    below: i64,
) -> Result<bool> {
    let Some((first, last)) = bounds(conn, plan).await? else {
        return Ok(false);
    };
    // The order of the joins is the order of work: the index first, a row for what it finds.
    query.push(
        "FROM search_index CROSS JOIN message AS m ON m.id = search_index.rowid
         CROSS JOIN search_document AS d ON d.message = search_index.rowid
         LEFT JOIN conversation AS c ON c.id = m.conversation
         WHERE search_index MATCH ",
    );
    query.push_bind(plan.expression.as_str());
    query.push(" AND search_index.rowid >= ").push_bind(first);
    query
        .push(" AND search_index.rowid <= ")
        .push_bind(last.min(below.saturating_sub(1)));
    if !plan.times.is_all() {
        query.push(" AND (");
        for (number, range) in plan.times.ranges().iter().enumerate() {
            query.push(if number > 0 { " OR " } else { "" });
            query.push("(m.at_ms >= ").push_bind(range.start);
            query.push(" AND m.at_ms < ").push_bind(range.end).push(")");
        }
        query.push(")");
    }
    Ok(true)
}

/// Between which rows all that is asked for lies.
async fn bounds(conn: &mut SqliteConnection, plan: &Plan) -> Result<Option<(i64, i64)>> {
    if plan.times.is_all() {
        return Ok(Some((i64::MIN, i64::MAX)));
    }
    let ranges = plan.times.ranges();
    let (Some(first), Some(last)) = (ranges.first(), ranges.last()) else {
        return Ok(None);
    };
    let row = sqlx::query(
        "SELECT min(first) AS first, max(last) AS last FROM search_day WHERE day BETWEEN ? AND ?",
    )
    .bind(first.start.div_euclid(DAY_MS))
    .bind(last.end.div_euclid(DAY_MS))
    .fetch_one(conn)
    .await?;
    let first: Option<i64> = row.get("first");
    let last: Option<i64> = row.get("last");
    Ok(first.zip(last))
}

/// A row of what [`matching`] joins, for people.
fn hit(row: &SqliteRow, plan: &Plan) -> SearchHit {
    let names: &str = row.get("file_names");
    let kind: Option<&str> = row.get("sender_kind");
    SearchHit {
        conversation: HEXLOWER.encode(row.get("conversation")),
        conversation_name: row.get("name"),
        id: HEXLOWER.encode(row.get("uid")),
        position: from_db(row.get("position")),
        sender: row.get("sender_handle"),
        sender_kind: kind.and_then(DeviceKind::parse).unwrap_or_default(),
        own: row.get("own"),
        at_ms: from_db(row.get("at_ms")),
        snippet: snippet(row.get("text"), &plan.needles),
        files: names
            .lines()
            .filter_map(|name| marked(name, &plan.needles))
            .collect(),
    }
}

/// The hits of these rows, in their order.
pub(super) async fn hits(
    conn: &mut SqliteConnection,
    plan: &Plan,
    ids: &[i64],
) -> Result<Vec<SearchHit>> {
    let mut hits = Vec::with_capacity(ids.len());
    for id in ids {
        let row = sqlx::query(
            "SELECT m.id, m.conversation, m.uid, m.position, m.sender_handle, m.own, m.at_ms,
                 m.text, d.file_names, coalesce(c.name, '') AS name,
                 (SELECT kind FROM contact WHERE handle = m.sender_handle) AS sender_kind
             FROM message AS m JOIN search_document AS d ON d.message = m.id
             LEFT JOIN conversation AS c ON c.id = m.conversation WHERE m.id = ?",
        )
        .bind(id)
        .fetch_optional(&mut *conn)
        .await?;
        hits.extend(row.map(|row| hit(&row, plan)));
    }
    Ok(hits)
}
