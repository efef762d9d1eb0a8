//! Any interleaving of what was said gives the same history.

use proptest::prelude::*;
use sealwire_crypto::{AccountKey, AccountPublic};
use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::{
    api::{Delivery, MessageInfo},
    store::{MIGRATIONS, NewMessage, Traits, complete, insert_message, messages_after},
};

const HERE: ConversationId = ConversationId([7; 16]);

fn person(number: u8) -> AccountPublic {
    let seed = sealwire_crypto::SecretBytes::from_slice(&[number + 1; 32]).expect("a seed");
    AccountKey::from_seed(&seed).public()
}

/// A profile's tables, in memory.
async fn tables() -> SqliteConnection {
    let mut conn = SqliteConnection::connect("sqlite::memory:")
        .await
        .expect("memory");
    for (_, sql) in MIGRATIONS {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("tables");
    }
    sqlx::query(
        "INSERT INTO conversation (id, name, log, next_position, unread, newest_at)
         VALUES (?, 'Team', x'00', 1, 0, 0)",
    )
    .bind(HERE.as_bytes().as_slice())
    .execute(&mut conn)
    .await
    .expect("a conversation");
    conn
}

#[derive(Debug, Clone)]
enum Act {
    Post,
    Edit(usize),
    Delete(usize),
    React(usize, &'static str),
}

/// What somebody said as the `n`th of all; targets are numbers of earlier or later acts.
#[derive(Debug, Clone)]
struct Item {
    number: usize,
    who: u8,
    act: Act,
}

fn id(number: usize) -> MessageId {
    let mut id = [1; 32];
    id[1..9].copy_from_slice(&(number as u64).to_be_bytes());
    MessageId(id)
}

async fn take(conn: &mut SqliteConnection, item: &Item) {
    let mut history = History::open(conn, &HERE).await.expect("history");
    let said = Said {
        conversation: HERE,
        id: id(item.number),
        sender: person(item.who),
        handle: format!("p{}@acme", item.who),
        moderator: item.who == 0,
        place: item.number as u64 + 1,
        at_ms: 1_000 + item.number as u64,
    };
    match &item.act {
        Act::Post => {
            let mut salt = [0; 16];
            salt[..8].copy_from_slice(&(item.number as u64).to_be_bytes());
            let message = NewMessage {
                conversation: HERE,
                salt,
                sender: Some(&said.sender),
                sender_handle: said.handle.clone(),
                own: false,
                kind: MessageKind::Text,
                text: &format!("text {}", item.number),
                content: &[],
                at_ms: said.at_ms,
                delivery: Delivery::Received,
                traits: Traits {
                    id: Some(said.id),
                    place: said.place,
                    ..Traits::default()
                },
            };
            let line = insert_message(conn, &message, &mut history)
                .await
                .expect("inserted");
            let line = line.expect("new");
            if history.has_strays() {
                settle_strays(conn, &line, &said).await.expect("settled");
            }
        }
        Act::Edit(target) => {
            let text = format!("edit {}", item.number);
            let target = id(*target);
            let _: Outcome = edit(conn, &mut history, &said, (&target, &text))
                .await
                .expect("edited");
        }
        Act::Delete(target) => {
            let target = id(*target);
            let _: Outcome = delete(conn, &mut history, &said, &target)
                .await
                .expect("deleted");
        }
        Act::React(target, emoji) => {
            let target = id(*target);
            let _: Outcome = react(conn, &mut history, &said, (&target, emoji))
                .await
                .expect("reacted");
        }
    }
    history.save(conn).await.expect("saved");
}

/// What people see, in the order of the log.
async fn shown(items: &[Item]) -> Vec<MessageInfo> {
    let mut conn = tables().await;
    for item in items {
        take(&mut conn, item).await;
    }
    let lines = messages_after(&mut conn, &HERE, 0, 1_000)
        .await
        .expect("lines");
    let mut messages = complete(&mut conn, &HERE, &person(0), lines)
        .await
        .expect("messages");
    messages.sort_by_key(|message| message.at_ms);
    for message in &mut messages {
        message.position = 0;
    }
    messages
}

fn act(most: usize) -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Post),
        2 => (0..most).prop_map(Act::Edit),
        2 => (0..most).prop_map(Act::Delete),
        3 => (0..most, prop::sample::select(vec!["👍", "❤️"]))
            .prop_map(|(target, emoji)| Act::React(target, emoji)),
    ]
}

/// Some things that three people say, of whom the first may delete what others wrote.
fn log() -> impl Strategy<Value = Vec<Item>> {
    const MOST: usize = 14;
    prop::collection::vec((0..3u8, act(MOST)), 1..MOST).prop_map(|said| {
        let numbered = said.into_iter().enumerate();
        numbered
            .map(|(number, (who, act))| Item { number, who, act })
            .collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_order_of_arrival_gives_the_same_history(
        (items, shuffled) in log().prop_flat_map(|items| {
            (Just(items.clone()), Just(items).prop_shuffle())
        }),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let (one, other) = runtime.block_on(async {
            (shown(&items).await, shown(&shuffled).await)
        });
        prop_assert_eq!(one, other);
    }
}

fn items(said: &[(u8, Act)]) -> Vec<Item> {
    let numbered = said.iter().cloned().enumerate();
    numbered
        .map(|(number, (who, act))| Item { number, who, act })
        .collect()
}

#[tokio::test]
async fn the_newest_edit_of_the_sender_counts() {
    let messages = shown(&items(&[
        (1, Act::Post),
        (1, Act::Edit(0)),
        (2, Act::Edit(0)),
        (1, Act::Edit(0)),
    ]))
    .await;
    assert_eq!(messages[0].text, "edit 3");
    assert_eq!(messages[0].edited_at_ms, Some(1_003));
}

#[tokio::test]
async fn only_the_sender_and_moderators_delete() {
    let messages = shown(&items(&[
        (1, Act::Post),
        (1, Act::Post),
        (1, Act::Post),
        (2, Act::Delete(0)),
        (0, Act::Delete(1)),
        (1, Act::Delete(2)),
        (1, Act::Edit(2)),
        (2, Act::React(2, "👍")),
    ]))
    .await;
    assert_eq!(messages[0].text, "text 0");
    for (message, by) in [(&messages[1], "p0@acme"), (&messages[2], "p1@acme")] {
        assert_eq!(message.text, "");
        assert_eq!(message.deleted.as_ref().expect("deleted").by, by);
        assert!(message.reactions.is_empty());
    }
}

#[tokio::test]
async fn reactions_gather_and_can_be_taken_back() {
    let messages = shown(&items(&[
        (1, Act::Post),
        (1, Act::React(0, "👍")),
        (0, Act::React(0, "👍")),
        (2, Act::React(0, "❤️")),
        (2, Act::React(0, "👍")),
        (2, Act::Delete(4)),
        (1, Act::Delete(2)),
    ]))
    .await;
    let [thumbs, heart] = messages[0].reactions.as_slice() else {
        panic!("{:?}", messages[0].reactions);
    };
    assert_eq!(thumbs.people, ["p1@acme", "p0@acme"]);
    assert!(thumbs.own);
    assert_eq!((heart.emoji.as_str(), heart.own), ("❤️", false));
}

/// A deleted text is nowhere any more: not in the line, not among its earlier texts.
#[tokio::test]
async fn what_is_deleted_leaves_no_text() {
    let mut conn = tables().await;
    for item in items(&[(1, Act::Post), (1, Act::Edit(0)), (1, Act::Delete(0))]) {
        take(&mut conn, &item).await;
    }
    let texts: i64 = sqlx::query_scalar(
        "SELECT (SELECT count(*) FROM message WHERE text <> '') + (SELECT count(*) FROM revision)",
    )
    .fetch_one(&mut conn)
    .await
    .expect("a count");
    assert_eq!(texts, 0);
}
