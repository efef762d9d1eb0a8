//! Calls that find: messages by their words, conversations and people by their names.

use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{CaseMatching, Normalization, Pattern},
};
use serde::Serialize;

use super::table::calls;
use crate::{
    Client, CoreError, Result,
    api::DeviceKind,
    search::{Has, Is, SearchPage, SearchRequest, Sort},
};

/// Most choices that are given at once.
const MOST_CHOICES: u32 = 50;

/// What a choice is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    /// A conversation.
    Conversation,
    /// Somebody with whom there is no conversation of two yet.
    Person,
}

/// A conversation or a person to go to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Choice {
    /// What it is.
    pub kind: ChoiceKind,
    /// Identifier of the conversation, hexadecimal, or handle of the person.
    pub id: String,
    /// What to show.
    pub name: String,
    /// What the person is, or the other one in a conversation of two.
    pub peer_kind: Option<DeviceKind>,
    /// Unread messages.
    pub unread: u64,
    /// Which characters of `name` (Unicode scalar values) were found.
    pub found: Vec<u32>,
}

/// Words that filters of a query take.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct SearchWords {
    /// After `has:`.
    pub has: Vec<String>,
    /// After `is:`.
    pub is: Vec<String>,
}

async fn switcher(client: &Client, text: &str, limit: u32) -> Result<Vec<Choice>> {
    let mut all = Vec::new();
    let mut peers = Vec::new();
    for info in client.conversations().await? {
        peers.extend(info.peer);
        all.push(Choice {
            kind: ChoiceKind::Conversation,
            id: info.id,
            name: info.name,
            peer_kind: info.peer_kind,
            unread: info.unread,
            found: Vec::new(),
        });
    }
    for contact in client.contacts().await? {
        if contact.blocked || peers.contains(&contact.handle) {
            continue;
        }
        all.push(Choice {
            kind: ChoiceKind::Person,
            name: match contact.nickname.as_str() {
                "" => contact.handle.clone(),
                nickname => format!("{nickname} ({})", contact.handle),
            },
            id: contact.handle,
            peer_kind: Some(contact.kind),
            unread: 0,
            found: Vec::new(),
        });
    }
    Ok(best(all, text, limit.min(MOST_CHOICES) as usize))
}

/// The best of `all`, which are in the order that counts among equals.
fn best(all: Vec<Choice>, text: &str, limit: usize) -> Vec<Choice> {
    if text.trim().is_empty() {
        return all.into_iter().take(limit).collect();
    }
    let mut matcher = Matcher::new(Config::DEFAULT);
    let pattern = Pattern::parse(text, CaseMatching::Ignore, Normalization::Smart);
    let mut scored: Vec<(u32, Choice)> = all
        .into_iter()
        .filter_map(|mut choice| {
            let mut chars = Vec::new();
            let name = Utf32Str::new(&choice.name, &mut chars);
            let score = pattern.indices(name, &mut matcher, &mut choice.found)?;
            choice.found.sort_unstable();
            choice.found.dedup();
            Some((score, choice))
        })
        .collect();
    scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
    scored.truncate(limit);
    scored.into_iter().map(|(_, choice)| choice).collect()
}

fn words() -> SearchWords {
    let own = |words: Vec<&'static str>| words.into_iter().map(str::to_owned).collect();
    SearchWords {
        has: own(Has::words()),
        is: own(Is::words()),
    }
}

calls! {
    /// Looks through all history: words, phrases, `from: in: before: after: on: has: is:`, `-`.
    search { query: String, typing: bool, sort: Sort, limit: u32, cursor: Option<String> } -> SearchPage = |client| {
        client.search(&SearchRequest { query, typing, filters: Vec::new(), sort, limit, cursor }).await
    };
    /// Words that filters of a query take.
    search_words {} -> SearchWords = |client| {
        let _ = client;
        Ok::<_, CoreError>(words())
    };
    /// Conversations and people whose name is like a text, best first; all of them, newest first,
    /// for an empty one.
    switcher { text: String, limit: u32 } -> Vec<Choice> = |client| switcher(client, &text, limit).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choices(names: &[&str]) -> Vec<Choice> {
        let choice = |name: &&str| Choice {
            kind: ChoiceKind::Conversation,
            id: (*name).into(),
            name: (*name).into(),
            peer_kind: None,
            unread: 0,
            found: Vec::new(),
        };
        names.iter().map(choice).collect()
    }

    fn names(text: &str, of: &[&str]) -> Vec<String> {
        let found = best(choices(of), text, 10);
        found.into_iter().map(|choice| choice.name).collect()
    }

    #[test]
    fn letters_in_order_suffice() {
        let all = ["Quarterly audit", "Bob", "Qualität", "审计小组"];
        assert_eq!(names("qaud", &all), ["Quarterly audit"]);
        assert_eq!(names("qualitat", &all), ["Qualität"]);
        assert_eq!(names("审计", &all), ["审计小组"]);
        assert_eq!(names(" ", &all), all);
        assert!(names("zzz", &all).is_empty());
    }

    #[test]
    fn among_equals_the_newest_comes_first() {
        assert_eq!(names("team", &["team b", "team a"]), ["team b", "team a"]);
    }

    #[test]
    fn what_was_found_is_told_by_character() {
        let found = best(choices(&["审计小组"]), "小组", 1);
        assert_eq!(found[0].found, [2, 3]);
    }
}
