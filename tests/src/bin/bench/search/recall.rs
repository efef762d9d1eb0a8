//! Whether all is found that is there: every hit of 500 queries in a conversation, beside a plain
//! look at each of its messages.

use std::collections::HashSet;

use sealwire_core::search::{Filter, LARGEST_PAGE, SearchRequest};

use super::history::{Dice, History};
use super::profile::Profile;
use super::{BENCH, latency};
use crate::Result;
use crate::figure::Figure;

const QUERIES: usize = 500;

/// Two to four Chinese characters each.
pub(super) fn queries(history: &History) -> Vec<String> {
    let mut dice = Dice(500);
    let mut made = Vec::new();
    while made.len() < QUERIES {
        let length = 2 + dice.roll(3);
        made.extend(latency::chinese(&mut dice, history, length));
    }
    made
}

pub(super) async fn measure(profile: &Profile, history: &History) -> Result<()> {
    let client = profile.open().await?;
    let (mut there, mut found, mut both) = (0, 0, 0);
    for query in queries(history) {
        let mut request = SearchRequest {
            query: query.clone(),
            filters: vec![Filter::In(profile.chats[1].to_string())],
            limit: LARGEST_PAGE,
            ..SearchRequest::default()
        };
        let mut hits = HashSet::new();
        loop {
            let page = client.search(&request).await?;
            hits.extend(page.hits.iter().map(|hit| hit.position));
            match page.next {
                Some(next) => request.cursor = Some(next),
                None => break,
            }
        }
        let truth: HashSet<u64> = (1..)
            .zip(&history.small)
            .filter(|(_, text)| text.contains(&query))
            .map(|(position, _)| position)
            .collect();
        there += truth.len();
        found += hits.len();
        both += truth.intersection(&hits).count();
    }
    client.shutdown().await;
    let share = |of: usize| both as f64 / of.max(1) as f64;
    let against = format!("{there} true hits of {QUERIES} queries of 2 to 4 characters");
    Figure::new(BENCH, "search_cjk_recall", share(there), "")
        .against(&against)
        .print();
    Figure::new(BENCH, "search_cjk_precision", share(found), "")
        .against(against)
        .print();
    Ok(())
}
