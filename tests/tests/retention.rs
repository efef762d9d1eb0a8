//! What a conversation keeps no longer goes from every device: text, search, files, counts. Nothing
//! goes early because a clock is wrong.

use std::fs;

use sealwire_core::api::{ConversationId, NewFile, Options, Post, Setting, Source};
use sealwire_core::search::SearchRequest;
use sealwire_tests::person::{MOMENT, quick};
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{PATIENCE, Person, Relay, Scratch, Stage, Swarm, until};

const DAY_S: u32 = 86_400;
const YEAR_S: i64 = 365 * 86_400;

/// As if so many days had passed.
fn later(days: u32) -> Options {
    Options {
        passed_s: u64::from(days * DAY_S),
        ..quick()
    }
}

async fn keeps_for(owner: &Person, chat: &ConversationId, seconds: u32) {
    let change = owner.set(chat, Setting::Retention(seconds)).await;
    owner.made(change.expect("a wish")).await;
}

async fn has_forgotten(person: &Person, chat: &ConversationId) {
    let what = format!("{} having forgotten all", person.name());
    until(&what, || async {
        match person.history(chat).await.len() {
            0 => Ok(()),
            left => Err(format!("{left} messages")),
        }
    })
    .await;
    let found = person
        .search(&SearchRequest {
            query: "secret".into(),
            limit: 10,
            ..SearchRequest::default()
        })
        .await;
    assert!(found.expect("a search").hits.is_empty());
    assert_eq!(person.conversation(chat).await.expect("it").unread, 0);
}

fn in_vault(person: &Person) -> usize {
    fs::read_dir(person.dir().join("files")).map_or(0, |entries| entries.flatten().count())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shortened_setting_takes_effect_at_once_on_every_device() {
    let stage = Stage::set_in_memory().await;
    let mut alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Plans", &[&bob]).await;
    alice.says(&chat, "a secret").await;
    let file = NewFile::from(Source::Reader {
        name: "secret.bin".into(),
        size: 5_000,
        reader: Box::new(std::io::Cursor::new(vec![7; 5_000])),
    });
    alice
        .attach_and_send(&chat, &Post::text("a secret file"), vec![file])
        .await
        .expect("attached");
    alice.settles().await;
    bob.hears(&chat, "a secret file").await;
    let files = bob.attachments(&chat).await.expect("files");
    bob.download(files[0].id).await.expect("a wish");
    bob.downloaded(files[0].id, PATIENCE)
        .await
        .expect("fetched");
    assert_eq!((in_vault(&alice), in_vault(&bob)), (1, 1));
    alice
        .set_draft(&chat, "begun", None)
        .await
        .expect("a draft");

    // Ten days later everything is there, since nobody asked for less, and with thirty days too.
    for person in [&mut alice, &mut bob] {
        person.reopen_with(later(10)).await;
        person.is_online().await;
        person.remove_old().await.expect("a look");
        assert_eq!(person.history(&chat).await.len(), 2);
    }
    keeps_for(&alice, &chat, 30 * DAY_S).await;
    tokio::time::sleep(MOMENT).await;
    assert_eq!(alice.history(&chat).await.len(), 2);

    // A week: both lose all at once, files and info lines too; the draft stays.
    keeps_for(&alice, &chat, 7 * DAY_S).await;
    for person in [&alice, &bob] {
        has_forgotten(person, &chat).await;
        until("no file being left", || async {
            match in_vault(person) {
                0 => Ok(()),
                left => Err(format!("{left} files")),
            }
        })
        .await;
        assert!(person.attachments(&chat).await.expect("files").is_empty());
        assert!(person.happenings(&chat).await.is_empty());
    }
    let draft = alice.draft(&chat).await.expect("readable");
    assert_eq!(draft.expect("the draft").text, "begun");

    // What arrives too late is never shown, and Bob is told so.
    alice.says(&chat, "a late secret").await;
    bob.is_told("came later than this conversation keeps it")
        .await;
    assert!(bob.history(&chat).await.is_empty());

    // What is not old stays.
    for person in [&mut alice, &mut bob] {
        person.reopen_with(quick()).await;
    }
    alice.says(&chat, "news").await;
    bob.hears(&chat, "news").await;
    assert_eq!(bob.remove_old().await.expect("a look"), 0);
    assert_eq!(bob.conversation(&chat).await.expect("it").unread, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_clock_ahead_removes_nothing_early() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let mut bob = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Plans", &[&bob]).await;
    keeps_for(&alice, &chat, DAY_S).await;
    alice.says(&chat, "a secret").await;
    bob.hears(&chat, "a secret").await;
    for offset in [2 * i64::from(DAY_S), YEAR_S, -YEAR_S] {
        let clock = Options {
            clock_offset_s: offset,
            ..quick()
        };
        bob.reopen_with(clock).await;
        bob.is_told("clock differs").await;
        assert_eq!(bob.remove_old().await.expect("a look"), 0, "{offset}");
        alice.says(&chat, &format!("said at {offset}")).await;
        bob.hears(&chat, &format!("said at {offset}")).await;
    }
    assert_eq!(bob.history(&chat).await.len(), 4);
    // When the days have really passed, all goes.
    bob.reopen_with(later(2)).await;
    has_forgotten(&bob, &chat).await;
}

/// Killed half-way, the rest goes at the next start.
#[tokio::test(flavor = "multi_thread")]
async fn a_removal_that_was_killed_goes_on() {
    const MESSAGES: usize = 3_000;
    let (data, homes) = (Scratch::in_memory(), Scratch::in_memory());
    let relay = Relay::start(&data.join("relay")).await;
    let swarm = Swarm::start(homes.path()).await;
    swarm.enrol("alice", &relay.owner_link()).await.well();
    let link = swarm.invite("alice").await.well();
    swarm.enrol("bob", &link).await.well();
    let chat = swarm.create("alice", "Plans", &["bob".into()]).await.well();
    swarm.join("bob", &chat).await.well();
    swarm.keep_for("alice", &chat, DAY_S).await.well();
    for number in 0..MESSAGES {
        let text = format!("a secret {number}");
        swarm.send("alice", &chat, &text).await.well();
    }
    swarm.digest("bob", &chat, MESSAGES).await.well();

    swarm.restart().await;
    swarm.open_later("bob", 2 * DAY_S).await.well();
    let mut left = MESSAGES;
    while left == MESSAGES {
        left = swarm.history("bob", &chat).await.well().len();
    }
    swarm.restart().await;
    assert!(left > 0, "over before it could be killed");

    swarm.open("bob").await.well();
    let there = swarm.history("bob", &chat).await.well();
    assert!(!there.is_empty() && there.len() <= left, "{}", there.len());
    let numbers = (MESSAGES - there.len()..MESSAGES).map(|number| format!("a secret {number}"));
    assert!(
        there.iter().map(|line| line.text.clone()).eq(numbers),
        "the oldest went first and whole"
    );
    swarm.restart().await;
    swarm.open_later("bob", 2 * DAY_S).await.well();
    until("Bob having forgotten all", || async {
        match swarm.history("bob", &chat).await?.len() {
            0 => Ok(()),
            left => Err(format!("{left} messages")),
        }
    })
    .await;
}
