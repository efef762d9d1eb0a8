//! What fits best. FTS5's own `bm25()` counts every match of every word in the whole history
//! before it ranks a single one, which takes as long as a frequent word is frequent. So the ranks
//! are made here, from the texts of a bounded number of the newest matches.

use sqlx::{QueryBuilder, Row, SqliteConnection};

use super::{
    compile::Plan,
    cursor::Cursor,
    matching::Needle,
    run::{Found, hits, matching},
    tokens::Tokens,
};
use crate::error::Result;

/// Matches that are compared.
pub(super) const WINDOW: u32 = 1_000;
/// Characters of a text that are counted: a rank must not take longer for long texts.
const HEAD: u32 = 4_096;
/// A word that more messages have is frequent, and how frequent does not matter any more.
const FREQUENT: i64 = 10_000;
/// The usual constants of BM25 (Robertson and Zaragoza, 2009).
const K1: f64 = 1.2;
const B: f64 = 0.75;
/// After this time half of what age can take away is gone, milliseconds: 90 days.
const HALF_LIFE: f64 = 90.0 * 86_400_000.0;

/// A match and what ranks it.
struct Candidate {
    id: i64,
    at_ms: i64,
    length: f64,
    counts: Vec<u32>,
}

pub(super) async fn page(
    conn: &mut SqliteConnection,
    plan: &Plan,
    limit: u32,
    cursor: Option<Cursor>,
    now_ms: i64,
) -> Result<Found> {
    let (newest, at_ms, skip) = match cursor {
        Some(Cursor::Relevance {
            newest,
            at_ms,
            skip,
        }) => (Some(newest), at_ms, skip),
        _ => (None, now_ms, 0),
    };
    let (candidates, bounded) = candidates(conn, plan, newest).await?;
    let total = candidates.len();
    let newest = newest.or_else(|| candidates.first().map(|first| first.id));
    let mut weights = Vec::with_capacity(plan.needles.len());
    for needle in &plan.needles {
        weights.push(weight(conn, needle).await?);
    }
    let ranked = ranked(&candidates, &weights, at_ms);
    let end = (skip as usize).saturating_add(limit as usize).min(total);
    let shown = ranked.get(skip as usize..end).unwrap_or_default();
    let next = newest
        .filter(|_| end < total)
        .map(|newest| Cursor::Relevance {
            newest,
            at_ms,
            skip: skip.saturating_add(limit),
        });
    Ok(Found {
        hits: hits(conn, plan, shown).await?,
        next,
        ranked_newest: bounded.then_some(total as u64),
    })
}

/// The newest matches, and whether there are more.
async fn candidates(
    conn: &mut SqliteConnection,
    plan: &Plan,
    newest: Option<i64>,
) -> Result<(Vec<Candidate>, bool)> {
    let mut query = QueryBuilder::new(format!(
        "SELECT m.id, m.at_ms, substr(m.text, 1, {HEAD}) AS text, d.file_names "
    ));
    let below = newest.map_or(i64::MAX, |newest| newest.saturating_add(1));
    if !matching(conn, &mut query, plan, below).await? {
        return Ok((Vec::new(), false));
    }
    query
        .push(" ORDER BY search_index.rowid DESC LIMIT ")
        .push_bind(i64::from(WINDOW) + 1);
    let rows = query.build().fetch_all(conn).await?;
    let bounded = rows.len() > WINDOW as usize;
    let candidates = rows.iter().take(WINDOW as usize).map(|row| {
        let text = Tokens::of(row.get("text"));
        let files = Tokens::of(row.get("file_names"));
        let count = |needle: &Needle| {
            let count = needle.find(&text).count() + needle.find(&files).count();
            u32::try_from(count).unwrap_or(u32::MAX)
        };
        Candidate {
            id: row.get("id"),
            at_ms: row.get("at_ms"),
            length: (text.len() + files.len()) as f64,
            counts: plan.needles.iter().map(count).collect(),
        }
    });
    Ok((candidates.collect(), bounded))
}

/// How much it tells that a message has this word: its inverse document frequency, counted no
/// further than needed.
async fn weight(conn: &mut SqliteConnection, needle: &Needle) -> Result<f64> {
    let row = sqlx::query(
        "SELECT (SELECT count(*) FROM (SELECT 1 FROM search_index WHERE search_index MATCH ?1
             LIMIT ?2)) AS holding, (SELECT max(message) FROM search_document) AS everything",
    )
    .bind(format!("{{words files}} : {}", needle.phrase()))
    .bind(FREQUENT)
    .fetch_one(conn)
    .await?;
    let holding: i64 = row.get("holding");
    let everything: Option<i64> = row.get("everything");
    // Rows that are gone make the whole a little too large, for every word alike.
    let (holding, everything) = (holding as f64, everything.unwrap_or(0) as f64);
    Ok((1.0 + (everything - holding + 0.5).max(0.5) / (holding + 0.5)).ln())
}

/// Ids, best first.
fn ranked(candidates: &[Candidate], weights: &[f64], at_ms: i64) -> Vec<i64> {
    let mean =
        candidates.iter().map(|one| one.length).sum::<f64>() / candidates.len().max(1) as f64;
    let mut scored: Vec<(f64, i64)> = candidates
        .iter()
        .map(|one| (score(one, weights, mean.max(1.0), at_ms), one.id))
        .collect();
    scored.sort_by(|(one, a), (two, b)| two.total_cmp(one).then(b.cmp(a)));
    scored.into_iter().map(|(_, id)| id).collect()
}

fn score(candidate: &Candidate, weights: &[f64], mean: f64, at_ms: i64) -> f64 {
    let long = 1.0 - B + B * candidate.length / mean;
    let parts = candidate.counts.iter().zip(weights).map(|(count, weight)| {
        let count = f64::from(*count);
        weight * count * (K1 + 1.0) / (count + K1 * long)
    });
    // Age takes away a half at most, so that what fits much better wins however old it is.
    let age = at_ms.saturating_sub(candidate.at_ms).max(0) as f64;
    parts.sum::<f64>() * (0.5 + 0.5 * (-age * std::f64::consts::LN_2 / HALF_LIFE).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 86_400_000;

    fn candidate(id: i64, days_ago: i64, length: f64, counts: &[u32]) -> Candidate {
        Candidate {
            id,
            at_ms: -days_ago * DAY,
            length,
            counts: counts.to_vec(),
        }
    }

    #[test]
    fn what_fits_better_comes_first_and_of_equals_the_newer() {
        let often = candidate(1, 0, 10.0, &[3]);
        let once = candidate(2, 0, 10.0, &[1]);
        let long = candidate(3, 0, 40.0, &[1]);
        let old = candidate(4, 400, 10.0, &[1]);
        assert_eq!(ranked(&[old, long, once, often], &[1.0], 0), [1, 2, 3, 4]);
    }

    #[test]
    fn the_rarer_word_counts_more() {
        let rare = candidate(1, 0, 10.0, &[2, 1]);
        let frequent = candidate(2, 0, 10.0, &[1, 2]);
        assert_eq!(ranked(&[frequent, rare], &[9.0, 1.0], 0), [1, 2]);
    }

    #[test]
    fn hostile_times_and_lengths_do_no_harm() {
        let future = Candidate {
            id: 1,
            at_ms: i64::MAX,
            length: 0.0,
            counts: vec![u32::MAX],
        };
        let past = Candidate {
            id: 2,
            at_ms: i64::MIN,
            length: 1e9,
            counts: vec![0],
        };
        assert_eq!(ranked(&[past, future], &[1.0], 0), [1, 2]);
        assert!(ranked(&[], &[1.0], 0).is_empty());
    }
}
