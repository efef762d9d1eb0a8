//! Real chat text where it is at hand, generated text of the same shape where it is not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

/// A conversation as it was held.
#[derive(Debug, Clone)]
pub struct Talk {
    /// Its name in the corpus.
    pub title: String,
    /// Language tag.
    pub language: String,
    /// Authors in order of their first message; messages name them by their place here.
    pub authors: Vec<String>,
    /// Author and text, in order.
    pub messages: Vec<(usize, String)>,
}

/// Which conversations are replayed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// One whole hour of a busy channel, fifty Chinese dialogues, one of each other language.
    Some,
    /// Everything.
    Whole,
}

#[derive(Deserialize)]
struct Row {
    conversation: String,
    author: String,
    lang: String,
    text: String,
}

/// Chinese dialogues in the smaller share.
const DIALOGUES: usize = 50;

/// The corpus, or `None` where it is absent.
///
/// # Panics
/// If it is there but cannot be read.
pub fn load(share: Share) -> Option<Vec<Talk>> {
    let dir = folder();
    if !dir.exists() {
        return None;
    }
    let mut channels = read(&dir.join("ubuntu-irc.jsonl"));
    let mut dialogues = read(&dir.join("crosswoz-zh.jsonl"));
    let mut languages = read(&dir.join("many-languages.jsonl"));
    if share == Share::Some {
        channels.sort_by_key(|talk| talk.messages.len());
        channels.truncate(1);
        dialogues.truncate(DIALOGUES);
        let mut seen = std::collections::BTreeSet::new();
        languages.retain(|talk| seen.insert(talk.language.clone()));
    }
    channels.append(&mut languages);
    channels.append(&mut dialogues);
    Some(channels)
}

/// Where the corpus would be.
pub fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/corpus")
}

fn read(file: &std::path::Path) -> Vec<Talk> {
    let text = std::fs::read_to_string(file)
        .unwrap_or_else(|error| panic!("the corpus file {}: {error}", file.display()));
    let mut order = Vec::new();
    let mut talks: BTreeMap<String, Talk> = BTreeMap::new();
    for line in text.lines() {
        let row: Row = serde_json::from_str(line).expect("a line of the corpus");
        let talk = talks.entry(row.conversation.clone()).or_insert_with(|| {
            order.push(row.conversation.clone());
            Talk {
                title: row.conversation,
                language: row.lang,
                authors: Vec::new(),
                messages: Vec::new(),
            }
        });
        let known = talk.authors.iter().position(|author| *author == row.author);
        let author = known.unwrap_or_else(|| {
            talk.authors.push(row.author);
            talk.authors.len() - 1
        });
        talk.messages.push((author, row.text));
    }
    let mut take = |name: &String| talks.remove(name);
    order.iter().filter_map(&mut take).collect()
}

/// Text of the same shape: a busy channel, and short exchanges in many scripts.
pub fn generated() -> Vec<Talk> {
    const SCRIPTS: [(&str, &str); 6] = [
        ("de", "Grüße aus der Straße, wir üben größere Sätze"),
        ("zh", "你好，我想吃美食街，帮我推荐一个餐馆"),
        ("ko", "안녕하세요 오늘 날씨가 참 좋네요"),
        ("he", "שלום לכולם, מה שלומכם היום"),
        ("hi", "नमस्ते, आप कैसे हैं"),
        ("th", "สวัสดีครับ วันนี้เป็นอย่างไรบ้าง"),
    ];
    let mut talks = vec![talk(
        "channel",
        "en",
        79,
        1_085,
        "so I tried \tthat :-) http://a/?b=c ",
    )];
    for (language, words) in SCRIPTS {
        for number in 0..10 {
            let title = format!("{language}-{number}");
            talks.push(talk(&title, language, 2, 17, words));
        }
    }
    talks
}

fn talk(title: &str, language: &str, authors: usize, messages: usize, words: &str) -> Talk {
    let message = |number: usize| {
        // Everybody speaks once; then some speak more than others.
        let author = if number < authors {
            number
        } else {
            number * number % authors
        };
        let long = words.repeat(1 + number % 7);
        (author, format!("{number} {long}"))
    };
    Talk {
        title: title.into(),
        language: language.into(),
        authors: (1..=authors).map(|n| format!("member-{n:03}")).collect(),
        messages: (0..messages).map(message).collect(),
    }
}
