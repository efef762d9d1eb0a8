//! What is found, beside what there is to find.
//!
//! What there is to find is told by plain means that know nothing of tokens: text and query are
//! folded, and then
//! * in scripts without spaces and among emoji a message matches if it **contains** the query;
//! * in scripts with spaces it matches if **one of its words begins** with the query, a word being
//!   what stands between two characters that are neither letters, digits nor marks.

use std::collections::HashSet;

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

use super::corpus::{Dice, messages};
use super::*;
use crate::search::fold::fold;

const QUERIES: usize = 500;
const MESSAGES: usize = 9_000;

#[derive(Clone, Copy, PartialEq, Debug)]
enum Kind {
    Unspaced,
    Emoji,
    RightToLeft,
}

fn is_unspaced(cluster: &str) -> bool {
    let scripts = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Hangul,
        Script::Thai,
    ];
    cluster
        .chars()
        .all(|c| c == 'ー' || scripts.contains(&c.script()) && c.is_alphanumeric())
}

fn is_emoji(cluster: &str) -> bool {
    cluster.chars().next().is_some_and(|c| {
        c.general_category_group() == GeneralCategoryGroup::Symbol && u32::from(c) > 0x2700
    })
}

fn is_word_char(c: char) -> bool {
    c.is_alphanumeric() || c.general_category_group() == GeneralCategoryGroup::Mark
}

/// A piece of `text` with two to four characters of this kind; `None` if there is none there.
fn piece(dice: &mut Dice, text: &str, kind: Kind) -> Option<String> {
    let length = 2 + dice.roll(3);
    if kind == Kind::RightToLeft {
        let folded = fold(text);
        let is_rtl = |word: &&str| {
            word.chars()
                .all(|c| matches!(c.script(), Script::Hebrew | Script::Arabic))
                && word.chars().count() >= length
        };
        let words: Vec<&str> = folded.split(|c| !is_word_char(c)).filter(is_rtl).collect();
        let word = words.get(dice.roll(words.len().max(1)))?;
        return Some(word.chars().take(length).collect());
    }
    let of_kind = if kind == Kind::Emoji {
        is_emoji
    } else {
        is_unspaced
    };
    let clusters: Vec<&str> = text.graphemes(true).collect();
    let windows = clusters.windows(length);
    let good: Vec<&[&str]> = windows
        .filter(|window| window.iter().all(|cluster| of_kind(cluster)))
        .collect();
    good.get(dice.roll(good.len().max(1)))
        .map(|window| window.concat())
}

fn is_there(folded: &str, query: &str, kind: Kind) -> bool {
    match kind {
        Kind::RightToLeft => folded
            .split(|c| !is_word_char(c))
            .any(|word| word.starts_with(query)),
        _ => folded.contains(query),
    }
}

async fn found(scene: &Scene, query: &str, kind: Kind) -> HashSet<i64> {
    let query = Query::parse(query, kind == Kind::RightToLeft).unwrap();
    let now: ZonedDateTime = "2026-11-24T00:03[UTC]".parse().unwrap();
    let mut conn = scene.db.readers.acquire().await.unwrap();
    let plan = compile::plan(&mut conn, &query, &[], &now).await.unwrap();
    let rows = sqlx::query_scalar("SELECT rowid FROM search_index WHERE search_index MATCH ?");
    let rows: Vec<i64> = rows
        .bind(plan.expression)
        .fetch_all(&mut *conn)
        .await
        .unwrap();
    rows.into_iter().collect()
}

#[tokio::test]
async fn short_queries_find_all_that_is_there_and_nothing_else() {
    let mut dice = Dice(2_026);
    let texts = messages(&mut dice, MESSAGES);
    let scene = Scene::set().await;
    let mut ids = Vec::new();
    for batch in texts.chunks(1_000) {
        let mut conn = scene.db.writer.lock().await;
        let mut tx = scene.db.begin(&mut conn).await.unwrap();
        for text in batch {
            ids.push(says_within(&mut tx, "bob", &scene.team, text, NOW_MS).await);
        }
        tx.commit().await.unwrap();
    }
    let folded: Vec<String> = texts.iter().map(|text| fold(text)).collect();
    let (mut asked, mut there, mut hits, mut both) = ([0; 3], 0, 0, 0);
    while asked.iter().sum::<usize>() < QUERIES {
        let number = dice.roll(5).div_ceil(2);
        let kind = [Kind::Unspaced, Kind::Emoji, Kind::RightToLeft][number];
        let text = dice.pick(&texts);
        let Some(query) = piece(&mut dice, text, kind) else {
            continue;
        };
        asked[number] += 1;
        let query = fold(&query);
        let expected: HashSet<i64> = ids
            .iter()
            .zip(&folded)
            .filter(|(_, text)| is_there(text, &query, kind))
            .map(|(id, _)| *id)
            .collect();
        let found = found(&scene, &query, kind).await;
        if let Some(missed) = expected.difference(&found).next() {
            eprintln!(
                "{kind:?} {query:?} is not found in {:?}",
                texts[at(&ids, *missed)]
            );
        }
        if let Some(wrong) = found.difference(&expected).next() {
            eprintln!(
                "{kind:?} {query:?} is found in {:?}",
                texts[at(&ids, *wrong)]
            );
        }
        there += expected.len();
        hits += found.len();
        both += expected.intersection(&found).count();
    }
    let recall = both as f64 / there as f64;
    let precision = both as f64 / hits as f64;
    eprintln!("{asked:?} queries, {there} true hits: recall {recall:.5}, precision {precision:.5}");
    assert!(asked.iter().all(|count| *count > 50), "{asked:?}");
    assert!(recall >= 0.999 && precision >= 0.999);
}

fn at(ids: &[i64], id: i64) -> usize {
    ids.iter().position(|candidate| *candidate == id).unwrap()
}
