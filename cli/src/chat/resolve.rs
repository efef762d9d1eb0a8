//! Which conversation is meant.

use sealwire_core::{
    Client, CoreError, Result,
    api::{ConversationId, ConversationInfo},
};

use super::short_id;
use crate::{exit::usage, time::minute};

/// Shortest beginning of an identifier that is taken for one.
const SHORTEST_PREFIX: usize = 4;

/// The conversation that `text` names, among those stored.
pub(crate) async fn resolve(client: &Client, text: &str) -> Result<ConversationId> {
    choose(&client.conversations().await?, text)
}

/// The same; if there is none, looks into the inbox whether somebody added this account. To be
/// called before [`Client::start`], which reads the inbox by itself.
pub(crate) async fn resolve_online(client: &Client, text: &str) -> Result<ConversationId> {
    match resolve(client, text).await {
        Err(error) if error.code == "unknown_conversation" => {
            // Offline, what is stored is all there is.
            let _ = client.check_inbox().await;
            resolve(client, text).await
        }
        other => other,
    }
}

/// A whole identifier always wins, so that no name can stand in its way; then names, then names
/// in other case, then beginnings of identifiers.
fn choose(chats: &[ConversationInfo], text: &str) -> Result<ConversationId> {
    if let Some(exact) = chats.iter().find(|chat| chat.id == text) {
        return parse(exact);
    }
    let prefix = text.to_lowercase();
    let by_id =
        |chat: &&ConversationInfo| prefix.len() >= SHORTEST_PREFIX && chat.id.starts_with(&prefix);
    let named: Vec<_> = chats
        .iter()
        .filter(|chat| chat.name == text || by_id(chat))
        .collect();
    if !named.is_empty() {
        return one(&named, text);
    }
    let folded = text.to_lowercase();
    let similar: Vec<_> = chats
        .iter()
        .filter(|chat| chat.name.to_lowercase() == folded)
        .collect();
    one(&similar, text)
}

fn one(matches: &[&ConversationInfo], text: &str) -> Result<ConversationId> {
    match matches {
        [chat] => parse(chat),
        [] => Err(usage(
            "unknown_conversation",
            format!("there is no conversation {text:?} in this profile"),
            "`sealwire chat list` shows all; `sealwire sync` looks for new ones",
        )),
        several => {
            let list: Vec<String> = several.iter().map(|chat| candidate(chat)).collect();
            Err(usage(
                "ambiguous_conversation",
                format!("{text:?} can mean {} conversations", several.len()),
                format!("name one by its id: {}", list.join("; ")),
            ))
        }
    }
}

fn candidate(chat: &ConversationInfo) -> String {
    let newest = chat
        .newest_at
        .map(|at| format!(", newest {}", minute(at)))
        .unwrap_or_default();
    let people = if chat.member_count == 1 {
        "member"
    } else {
        "members"
    };
    format!(
        "{} ({:?}, {} {people}{newest})",
        short_id(&chat.id),
        chat.name,
        chat.member_count
    )
}

fn parse(chat: &ConversationInfo) -> Result<ConversationId> {
    ConversationId::from_hex(&chat.id).map_err(CoreError::internal)
}

#[cfg(test)]
pub(super) mod tests {
    use sealwire_core::api::ConversationState;

    use super::*;

    pub(in crate::chat) fn chat(id: &str, name: &str) -> ConversationInfo {
        ConversationInfo {
            holds: Vec::new(),
            id: format!("{id:0<32}"),
            name: name.into(),
            state: ConversationState::Active,
            member_count: 2,
            role: Some("owner".into()),
            kind: "group".into(),
            peer: None,
            peer_kind: None,
            topic: String::new(),
            local: Default::default(),
            epoch: 3,
            unread: 0,
            mentions_unread: 0,
            read_position: 0,
            newest_at: None,
        }
    }

    fn chosen(chats: &[ConversationInfo], text: &str) -> String {
        match choose(chats, text) {
            Ok(id) => id.to_string(),
            Err(error) => error.code.to_owned(),
        }
    }

    #[test]
    fn by_name_id_and_beginning() {
        let chats = [chat("1f3a22bc", "Team"), chat("1f3a77dd", "团队")];
        let (team, chinese) = (chats[0].id.clone(), chats[1].id.clone());
        assert_eq!(chosen(&chats, "Team"), team);
        assert_eq!(chosen(&chats, "team"), team);
        assert_eq!(chosen(&chats, "团队"), chinese);
        assert_eq!(chosen(&chats, &team), team);
        assert_eq!(chosen(&chats, "1f3a2"), team);
        assert_eq!(chosen(&chats, "1F3A7"), chinese);
        assert_eq!(chosen(&chats, "1f3a"), "ambiguous_conversation");
        assert_eq!(
            chosen(&chats, "1f3"),
            "unknown_conversation",
            "three digits are too few"
        );
        assert_eq!(chosen(&chats, ""), "unknown_conversation");
    }

    #[test]
    fn the_same_name_twice_lists_the_candidates() {
        let chats = [
            chat("aaaa1111", "Team"),
            chat("bbbb2222", "Team"),
            chat("cccc3333", "Other"),
        ];
        let error = choose(&chats, "Team").unwrap_err();
        assert_eq!(error.code, "ambiguous_conversation");
        assert!(error.hint.contains("aaaa1111") && error.hint.contains("bbbb2222"));
        assert!(!error.hint.contains("cccc3333"));
        assert_eq!(chosen(&chats, "bbbb"), chats[1].id);
    }

    #[test]
    fn exact_case_comes_first() {
        let chats = [chat("aaaa1111", "Team"), chat("bbbb2222", "TEAM")];
        assert_eq!(chosen(&chats, "TEAM"), chats[1].id);
        assert_eq!(chosen(&chats, "tEAM"), "ambiguous_conversation");
    }

    #[test]
    fn a_name_cannot_take_the_place_of_an_id() {
        let victim = chat("abcd1234", "Board");
        let hostile = chat("99990000", &victim.id);
        let short = chat("88880000", "abcd1234");
        let chats = [hostile, short, victim];
        assert_eq!(chosen(&chats, &chats[2].id), chats[2].id);
        assert_eq!(chosen(&chats, "abcd1234"), "ambiguous_conversation");
    }
}
