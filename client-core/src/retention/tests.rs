//! The strictest bound wins, whatever is asked of whatever history.

use proptest::prelude::*;
use sealwire_crypto::{AccountKey, SecretBytes};
use sealwire_protocol::{
    ids::{ConversationId, LogId},
    organisation_policy::OrganisationPolicy,
    policy::{GroupKind, GroupPolicy, Settings},
};
use sqlx::{Connection, Row, SqliteConnection};

use super::*;
use crate::store::MIGRATIONS;

const HERE: ConversationId = ConversationId([7; 16]);
const DAY_S: u64 = 86_400;
const DAY_MS: u64 = DAY_S * 1_000;
/// Days since the Unix epoch.
const TODAY: u64 = 20_000;

fn organisation(messages: u32, files: u32) -> OrganisationPolicy {
    OrganisationPolicy {
        organisation: "acme".into(),
        serial: 1,
        previous_hash: None,
        issued_at_s: 1,
        max_message_days: (messages > 0).then_some(messages),
        max_blob_days: (files > 0).then_some(files),
        no_receipts: false,
        log_policy: None,
        directory_key_hash: None,
        custodians: Vec::new(),
        holds: Vec::new(),
        attestation_key: None,
    }
}

fn group(retention_days: u32) -> GroupPolicy {
    let seed = SecretBytes::from_slice(&[1; 32]).expect("a seed");
    let alice = AccountKey::from_seed(&seed).public();
    let mut policy = GroupPolicy::found(HERE, GroupKind::Group, "Team", alice).expect("a policy");
    let settings = Settings {
        retention_s: retention_days * 86_400,
        ..Settings::new(GroupKind::Group)
    };
    policy.set_settings(settings).expect("settings");
    policy
}

/// A message: received so many days ago, disappearing so many days after that (0: never), with
/// or without text and file.
#[derive(Debug, Clone, Copy)]
struct Said {
    age: u64,
    timer: u64,
    text: bool,
    file: bool,
}

async fn put(conn: &mut SqliteConnection, number: usize, said: Said) {
    let at_ms = (TODAY - said.age) * DAY_MS;
    let expires_at = if said.timer > 0 {
        at_ms + said.timer * DAY_MS
    } else {
        0
    };
    sqlx::query(
        "INSERT INTO message (id, conversation, salt, sender, sender_handle, own, kind, text,
             content, position, at_ms, delivery, expires_at)
         VALUES (?1, ?2, ?3, x'01', 'bob@acme', 0, 'text', ?4, x'', ?1, ?5, 'received', ?6)",
    )
    .bind(number as i64 + 1)
    .bind(HERE.as_bytes().as_slice())
    .bind((number as u64).to_be_bytes().as_slice())
    .bind(if said.text { "hello" } else { "" })
    .bind(at_ms.cast_signed())
    .bind(expires_at.cast_signed())
    .execute(&mut *conn)
    .await
    .expect("a message");
    if said.file {
        sqlx::query(
            "INSERT INTO attachment (message, place, blob, read_token, delete_token, key,
                 sealed_hash, size, expires_s, media_type, name, width, height, duration_ms,
                 blurhash, thumbnail)
             VALUES (?1, 0, x'', x'', x'', x'', zeroblob(32), 1, 1, '', '', 0, 0, 0, '', x'')",
        )
        .bind(number as i64 + 1)
        .execute(conn)
        .await
        .expect("a file");
    }
}

/// Whether message and file are still there, said without any of the code under test.
fn expected(said: Said, asked: (u64, u64, u64)) -> (bool, bool) {
    let (messages, files, setting) = asked;
    let over = |bound: u64| bound > 0 && said.age >= bound;
    let gone = over(messages) || over(setting) || over(said.timer);
    let file = said.file && !gone && !over(files);
    let bare = said.file && !file && !said.text;
    (!gone && !bare, file)
}

async fn run(said: &[Said], asked: (u64, u64, u64)) -> Vec<(bool, bool)> {
    let mut conn = SqliteConnection::connect("sqlite::memory:")
        .await
        .expect("memory");
    for (_, sql) in MIGRATIONS {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("tables");
    }
    let log = LogId([1; 32]);
    store::put_conversation(&mut conn, &HERE, "Team", &log, 0)
        .await
        .expect("a conversation");
    for (number, said) in said.iter().enumerate() {
        put(&mut conn, number, *said).await;
    }
    let small = |days: u64| u32::try_from(days).expect("small");
    let organisation = organisation(small(asked.0), small(asked.1));
    let bounds = Bounds::of(Some(&organisation), Some(&group(small(asked.2))));
    let now_ms = TODAY * DAY_MS;
    if let Some(up_to) = bounds.messages_up_to_ms(now_ms) {
        store::remove_old_messages(&mut conn, &HERE, up_to)
            .await
            .expect("a step");
    }
    if let Some(up_to) = bounds.files_up_to_ms(now_ms) {
        store::remove_old_files(&mut conn, &HERE, up_to)
            .await
            .expect("a step");
    }
    store::expire(&mut conn, now_ms).await.expect("a step");
    let mut left = Vec::new();
    for number in 0..said.len() {
        let row = sqlx::query(
            "SELECT EXISTS (SELECT 1 FROM message WHERE id = ?1) AS message,
                 EXISTS (SELECT 1 FROM attachment WHERE message = ?1) AS file",
        )
        .bind(number as i64 + 1)
        .fetch_one(&mut conn)
        .await
        .expect("a look");
        left.push((row.get("message"), row.get("file")));
    }
    left
}

fn anything_said() -> impl Strategy<Value = Said> {
    (0u64..12, 0u64..6, any::<bool>(), any::<bool>()).prop_map(|(age, timer, text, file)| Said {
        age,
        timer,
        text: text || !file,
        file,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_strictest_wins(
        said in prop::collection::vec(anything_said(), 1..12),
        asked in (0u64..8, 0u64..8, 0u64..8),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let left = runtime.block_on(run(&said, asked));
        let expected: Vec<_> = said.iter().map(|said| expected(*said, asked)).collect();
        prop_assert_eq!(left, expected);
    }
}

#[test]
fn bounds_are_the_strictest_of_all() {
    let kept = |organisation: Option<(u32, u32)>, setting: Option<u32>| {
        let organisation =
            organisation.map(|(messages, files)| self::organisation(messages, files));
        let group = setting.map(group);
        let bounds = Bounds::of(organisation.as_ref(), group.as_ref());
        let days = |seconds: Option<u64>| seconds.map(|seconds| seconds / DAY_S);
        (days(bounds.messages_s), days(bounds.files_s))
    };
    assert_eq!(kept(None, None), (None, None));
    assert_eq!(kept(Some((0, 0)), Some(0)), (None, None));
    assert_eq!(kept(None, Some(7)), (Some(7), Some(7)));
    assert_eq!(kept(Some((90, 0)), Some(7)), (Some(7), Some(7)));
    assert_eq!(kept(Some((90, 0)), Some(365)), (Some(90), Some(90)));
    assert_eq!(kept(Some((90, 30)), None), (Some(90), Some(30)));
    assert_eq!(kept(Some((0, 30)), Some(0)), (None, Some(30)));
    assert_eq!(kept(Some((9, 30)), Some(0)), (Some(9), Some(9)));
    let nothing = Bounds::default();
    assert_eq!(nothing.messages_up_to_ms(u64::MAX), None);
    // A clock that stands before the bound has passed since the epoch.
    let week = Bounds::of(None, Some(&group(7)));
    assert_eq!(week.messages_up_to_ms(DAY_MS), None);
    assert_eq!(week.messages_up_to_ms(8 * DAY_MS), Some(DAY_MS));
}
