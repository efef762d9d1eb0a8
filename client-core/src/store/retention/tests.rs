use sealwire_crypto::{AccountKey, AccountPublic, SecretBytes};
use sealwire_protocol::content::MessageId;
use sqlx::{Connection, SqliteConnection};

use super::*;
use crate::{
    api::{Delivery, MessageKind},
    store::{
        Confirmation, History, MIGRATIONS, NewMessage, Said, Traits, add_confirmation,
        conversation, edit, fail_message, insert_message, put_conversation, react, read_up_to,
        set_draft,
    },
};

const HERE: ConversationId = ConversationId([7; 16]);

fn bob() -> AccountPublic {
    let seed = SecretBytes::from_slice(&[2; 32]).expect("a seed");
    AccountKey::from_seed(&seed).public()
}

async fn tables() -> SqliteConnection {
    let mut conn = SqliteConnection::connect("sqlite::memory:")
        .await
        .expect("memory");
    for (_, sql) in MIGRATIONS {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("tables");
    }
    let log = sealwire_protocol::ids::LogId([1; 32]);
    put_conversation(&mut conn, &HERE, "Team", &log, 0)
        .await
        .expect("a conversation");
    conn
}

fn id(number: u64) -> MessageId {
    let mut id = [1; 32];
    id[..8].copy_from_slice(&number.to_be_bytes());
    MessageId(id)
}

/// Bob says something at this time; the answer is `message.id`.
async fn says(conn: &mut SqliteConnection, number: u64, text: &str, delivery: Delivery) -> i64 {
    let mut history = History::open(conn, &HERE).await.expect("history");
    let mut salt = [0; 16];
    salt[..8].copy_from_slice(&number.to_be_bytes());
    let message = NewMessage {
        conversation: HERE,
        salt,
        sender: Some(&bob()),
        sender_handle: "bob@acme".into(),
        own: delivery != Delivery::Received,
        kind: MessageKind::Text,
        text,
        content: &[],
        at_ms: number,
        delivery,
        traits: Traits {
            id: (delivery == Delivery::Received).then(|| id(number)),
            mentions_me: number.is_multiple_of(2),
            ..Traits::default()
        },
    };
    let line = insert_message(conn, &message, &mut history).await;
    history.save(conn).await.expect("saved");
    line.expect("inserted").expect("new").row
}

async fn attach(conn: &mut SqliteConnection, message: i64, hash: u8) {
    sqlx::query(
        "INSERT INTO attachment (message, place, blob, read_token, delete_token, key, sealed_hash,
             size, expires_s, media_type, name, width, height, duration_ms, blurhash, thumbnail)
         VALUES (?, 0, x'00', x'00', x'', x'00', ?, 1, 1, 'text/plain', 'a.txt', 0, 0, 0, '', x'')",
    )
    .bind(message)
    .bind([hash; 32].as_slice())
    .execute(conn)
    .await
    .expect("attached");
}

async fn count(conn: &mut SqliteConnection, table: &str) -> i64 {
    sqlx::query_scalar(&format!("SELECT count(*) FROM {table}"))
        .fetch_one(conn)
        .await
        .expect("a count")
}

fn said(number: u64, at_ms: u64) -> Said {
    Said {
        conversation: HERE,
        id: id(number),
        sender: bob(),
        handle: "bob@acme".into(),
        moderator: false,
        place: at_ms,
        at_ms,
    }
}

async fn talk_about(conn: &mut SqliteConnection, target: u64, at_ms: u64) {
    let mut history = History::open(conn, &HERE).await.expect("history");
    let edited = said(at_ms, at_ms);
    edit(conn, &mut history, &edited, (&id(target), "better"))
        .await
        .expect("edited");
    react(
        conn,
        &mut history,
        &said(at_ms + 1, at_ms),
        (&id(target), "👍"),
    )
    .await
    .expect("reacted");
    let confirmation = Confirmation {
        target: id(target),
        account: bob(),
        handle: "bob@acme".into(),
        at_s: at_ms / 1_000,
        signature: [0; 64],
        certificate: Vec::new(),
    };
    add_confirmation(conn, &HERE, &confirmation)
        .await
        .expect("confirmed");
}

#[tokio::test]
async fn everything_of_a_message_goes_and_what_was_never_received_stays() {
    let mut conn = tables().await;
    let message = says(&mut conn, 100, "hello", Delivery::Received).await;
    attach(&mut conn, message, 9).await;
    talk_about(&mut conn, 100, 5_000).await;
    says(&mut conn, 1, "still on its way", Delivery::Pending).await;
    let failed = says(&mut conn, 2, "not sent", Delivery::Pending).await;
    fail_message(&mut conn, failed).await.expect("failed");
    set_draft(&mut conn, &HERE, "begun", &[], 1)
        .await
        .expect("a draft");

    let early = remove_old_messages(&mut conn, &HERE, 99)
        .await
        .expect("a step");
    assert!(early.is_empty());
    let removed = remove_old_messages(&mut conn, &HERE, 100)
        .await
        .expect("a step");
    assert_eq!(removed.gone.len(), 1);
    assert_eq!(removed.times_ms().collect::<Vec<_>>(), [100]);
    assert_eq!(removed.files[0].sealed_hash, [9; 32]);
    for table in [
        "attachment",
        "revision",
        "reaction",
        "acknowledgement",
        "search_document WHERE message NOT IN (SELECT id FROM message)",
    ] {
        assert_eq!(count(&mut conn, table).await, 0, "{table}");
    }
    assert_eq!(count(&mut conn, "message").await, 2);
    assert_eq!(count(&mut conn, "draft").await, 1);
    assert!(!refers_to_sealed(&mut conn, &[9; 32]).await.expect("a look"));
}

#[tokio::test]
async fn a_step_takes_the_oldest_two_hundred() {
    let mut conn = tables().await;
    for number in (1..=450).rev() {
        says(&mut conn, number, "hello", Delivery::Received).await;
    }
    let mut steps = Vec::new();
    loop {
        let removed = remove_old_messages(&mut conn, &HERE, 449)
            .await
            .expect("a step");
        if removed.is_empty() {
            break;
        }
        steps.push((removed.times_ms().min(), removed.times_ms().max()));
    }
    let expected = [(1, 200), (201, 400), (401, 449)];
    assert_eq!(steps, expected.map(|(from, to)| (Some(from), Some(to))));
    assert_eq!(count(&mut conn, "message").await, 1);
}

#[tokio::test]
async fn unread_counts_and_the_read_position_stay_right() {
    let mut conn = tables().await;
    for number in 1..=6 {
        says(&mut conn, number, "hello", Delivery::Received).await;
    }
    read_up_to(&mut conn, &HERE, 2, 0).await.expect("read");
    let mut expect = async |up_to, unread, mentions| {
        remove_old_messages(&mut conn, &HERE, up_to)
            .await
            .expect("a step");
        let row = conversation(&mut conn, &HERE)
            .await
            .expect("a look")
            .expect("it");
        assert_eq!(
            (row.unread, row.mentions_unread, row.read_position),
            (unread, mentions, 2),
            "after {up_to}"
        );
    };
    expect(0, 4, 2).await;
    expect(2, 4, 2).await;
    expect(4, 2, 1).await;
    expect(6, 0, 0).await;
    // Places are not given out again.
    says(&mut conn, 7, "hello", Delivery::Received).await;
    let position: i64 = sqlx::query_scalar("SELECT position FROM message")
        .fetch_one(&mut conn)
        .await
        .expect("a message");
    assert_eq!(position, 7);
}

#[tokio::test]
async fn files_go_before_their_messages_and_take_those_that_are_nothing_else() {
    let mut conn = tables().await;
    let with_text = says(&mut conn, 10, "look", Delivery::Received).await;
    let bare = says(&mut conn, 11, "", Delivery::Received).await;
    let later = says(&mut conn, 50, "", Delivery::Received).await;
    for (message, hash) in [(with_text, 1), (bare, 2), (later, 1)] {
        attach(&mut conn, message, hash).await;
    }
    let removed = remove_old_files(&mut conn, &HERE, 40)
        .await
        .expect("a step");
    assert_eq!((removed.gone.len(), removed.changed.len()), (1, 1));
    assert_eq!(removed.gone[0].row, bare);
    assert_eq!(removed.files.len(), 2);
    assert!(refers_to_sealed(&mut conn, &[1; 32]).await.expect("a look"));
    assert!(!refers_to_sealed(&mut conn, &[2; 32]).await.expect("a look"));
    let again = remove_old_files(&mut conn, &HERE, 40)
        .await
        .expect("a step");
    assert!(again.is_empty());
}

#[tokio::test]
async fn what_was_said_of_a_message_that_is_not_here_goes_by_its_own_time() {
    let mut conn = tables().await;
    says(&mut conn, 3_000, "here", Delivery::Received).await;
    talk_about(&mut conn, 3_000, 5_000).await;
    talk_about(&mut conn, 77, 6_000).await;
    let before = count(&mut conn, "revision").await;
    assert!(
        !remove_old_strays(&mut conn, &HERE, 5_999)
            .await
            .expect("a look")
    );
    assert!(
        remove_old_strays(&mut conn, &HERE, 6_000)
            .await
            .expect("a look")
    );
    assert_eq!(count(&mut conn, "revision").await, before - 1);
    assert_eq!(count(&mut conn, "reaction").await, 1);
    assert_eq!(count(&mut conn, "acknowledgement").await, 1);
}
