//! How long a person waits for the first page.

use std::time::Instant;

use sealwire_core::Client;
use sealwire_core::search::{SearchRequest, Sort};

use super::BENCH;
use super::history::{Dice, History};
use super::profile::Profile;
use crate::Result;
use crate::figure::Figure;
use crate::samples::Samples;

/// Queries of a kind.
const QUERIES: usize = 200;

/// Queries of all kinds, the same in every run.
pub(super) fn queries(history: &History) -> Vec<(&'static str, Vec<String>)> {
    let mut dice = Dice(99);
    let mut make = |of: &dyn Fn(&mut Dice) -> Option<String>| {
        let mut made = Vec::new();
        while made.len() < QUERIES {
            made.extend(of(&mut dice));
        }
        made
    };
    let english = |dice: &mut Dice| -> Vec<String> {
        let text = &history.english[dice.roll(history.english.len())];
        text.split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| word.len() > 2)
            .map(str::to_owned)
            .collect()
    };
    let frequent = [
        "the", "you", "and", "ubuntu", "have", "that", "can", "for", "not", "what",
    ];
    vec![
        (
            "rare_word",
            make(&|dice| Some(format!("ref{}", dice.roll(history.count)))),
        ),
        ("any_word", make(&|dice| english(dice).into_iter().next())),
        (
            "frequent_word",
            make(&|dice| Some(frequent[dice.roll(10)].to_owned())),
        ),
        ("two_chinese", make(&|dice| chinese(dice, history, 2))),
        ("four_chinese", make(&|dice| chinese(dice, history, 4))),
        (
            "phrase",
            make(&|dice| {
                let words = english(dice);
                let two = words.get(..2)?;
                Some(format!("\"{} {}\"", two[0], two[1]))
            }),
        ),
        (
            "two_words",
            make(&|dice| {
                let words = english(dice);
                Some(format!("{} {}", words.first()?, words.last()?))
            }),
        ),
        (
            "prefix",
            make(&|dice| {
                let word = english(dice).into_iter().next()?;
                Some(format!("{}*", &word[..2 + dice.roll(word.len() - 2)]))
            }),
        ),
        (
            "filter",
            make(&|dice| {
                let (who, chat, day) = (dice.roll(40), 2 + dice.roll(48), 1 + dice.roll(28));
                let word = english(dice).into_iter().next()?;
                Some(match dice.roll(4) {
                    0 => format!("{word} from:member-{who:02}"),
                    1 => format!("{word} in:\"Chat {chat}\" before:2026-11-{day:02}"),
                    2 => format!("has:link from:member-{who:02} on:2026-10"),
                    _ => format!("after:2026-11-{day:02} in:\"Chat {chat}\" from:member-{who:02}"),
                })
            }),
        ),
    ]
}

/// So many Chinese characters that stand together somewhere.
pub(super) fn chinese(dice: &mut Dice, history: &History, length: usize) -> Option<String> {
    let text = &history.chinese[dice.roll(history.chinese.len())];
    let chars: Vec<char> = text.chars().collect();
    let windows: Vec<&[char]> = chars
        .windows(length)
        .filter(|window| window.iter().all(|c| ('\u{4e00}'..'\u{a000}').contains(c)))
        .collect();
    windows
        .get(dice.roll(windows.len()))
        .map(|window| window.iter().collect())
}

/// Asks everything once to warm up, then measures.
pub(super) async fn measure(profile: &Profile, history: &History) -> Result<()> {
    let client = profile.open().await?;
    let mut all = Samples::default();
    for (kind, queries) in queries(history) {
        let mut newest = ask(&client, &queries, Sort::Newest).await?;
        print(&format!("search_{kind}"), &mut newest);
        all.append(&mut newest);
        if kind == "frequent_word" {
            print(
                "search_frequent_word_by_relevance",
                &mut ask(&client, &queries, Sort::Relevance).await?,
            );
        }
    }
    Figure::new(
        BENCH,
        "search_first_page_p99_ms",
        all.percentile_ms(99),
        "ms",
    )
    .against("20 newest hits with snippets, all kinds of queries together")
    .print();
    client.shutdown().await;
    Ok(())
}

fn print(name: &str, samples: &mut Samples) {
    let p99 = samples.percentile_ms(99);
    Figure::new(BENCH, format!("{name}_p99_ms"), p99, "ms")
        .against(format!("median {:.2} ms", samples.percentile_ms(50)))
        .print();
}

async fn ask(client: &Client, queries: &[String], sort: Sort) -> Result<Samples> {
    let mut samples = Samples::default();
    for round in 0..2 {
        for query in queries {
            let request = SearchRequest {
                query: query.clone(),
                limit: 20,
                sort,
                ..SearchRequest::default()
            };
            let start = Instant::now();
            client.search(&request).await?;
            if round > 0 {
                samples.add(start.elapsed());
            }
        }
    }
    Ok(samples)
}
