//! What a device keeps to itself: mute, pin, archive, folders, nicknames, blocked people.

use sealwire_core::api::FOREVER_MS;
use sealwire_tests::Stage;
use sealwire_tests::person::MOMENT;

#[tokio::test(flavor = "multi_thread")]
async fn settings_survive_a_restart_and_stay_here() {
    let stage = Stage::set_in_memory().await;
    let (mut alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let other = alice.founds("Plans", &[&bob]).await;
    alice.mute(&chat, Some(FOREVER_MS)).await.expect("muted");
    alice.pin(&other, true).await.expect("pinned");
    alice.pin(&chat, true).await.expect("pinned");
    alice.archive(&chat, true).await.expect("archived");
    alice.mark_unread(&chat).await.expect("marked");
    alice
        .set_folder(&chat, "Work 工作")
        .await
        .expect("a folder");
    let long = "x".repeat(129);
    assert!(alice.set_folder(&chat, &long).await.is_err());
    alice.reopen().await;
    let local = alice.conversation(&chat).await.expect("it").local;
    assert_eq!(local.muted_until, Some(FOREVER_MS));
    assert_eq!(
        (local.pinned, local.archived, local.marked_unread),
        (2, true, true)
    );
    assert_eq!(local.folder, "Work 工作");
    assert_eq!(
        alice.conversation(&other).await.expect("it").local.pinned,
        1
    );
    alice.mark_read(&chat).await.expect("read");
    alice.mute(&chat, None).await.expect("not muted");
    alice.pin(&chat, false).await.expect("not pinned");
    alice.archive(&chat, false).await.expect("back");
    alice.set_folder(&chat, "").await.expect("no folder");
    assert_eq!(
        alice.conversation(&chat).await.expect("it").local,
        Default::default()
    );
    assert_eq!(
        bob.conversation(&chat).await.expect("it").local,
        Default::default()
    );
}

/// Carol is blocked: what she writes to Alice alone is not listed, what she adds her to neither;
/// in the group her messages are there, folded. She is told nothing, and nothing is lost.
#[tokio::test(flavor = "multi_thread")]
async fn a_blocked_person_is_hidden_and_not_told() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let lunch = alice.founds("Lunch", &[&bob, &carol]).await;
    let (direct, change) = carol.direct(&alice.handle()).await.expect("a conversation");
    carol.made(change.expect("Alice to add")).await;
    alice.is_in(&direct).await;
    let contact = alice
        .set_blocked(&carol.handle(), true)
        .await
        .expect("blocked");
    assert!(contact.blocked);
    let mut events = alice.events();

    let trap = carol.founds("Trap", &[&alice]).await;
    carol.says(&trap, "in a trap").await;
    carol.says(&direct, "to you alone").await;
    carol.says(&lunch, "to all").await;
    bob.says(&lunch, "hello").await;
    alice.hears(&lunch, "to all").await;
    alice.hears(&trap, "in a trap").await;
    alice.hears(&direct, "to you alone").await;
    tokio::time::sleep(MOMENT).await;
    let listed = alice.conversations().await.expect("a list");
    assert_eq!(
        listed.iter().map(|c| c.name.as_str()).collect::<Vec<_>>(),
        ["Lunch"]
    );
    let lines = alice.newest_messages(&lunch, 10).await.expect("history");
    let folded = |text: &str| lines.iter().any(|line| line.text == text && line.folded);
    assert!(folded("to all") && !folded("hello"), "{lines:?}");
    while let Ok(event) = events.try_recv() {
        let shown = serde_json::to_string(&event).expect("JSON");
        assert!(
            !shown.contains("to you alone") && !shown.contains("in a trap"),
            "{shown}"
        );
    }
    assert!(carol.warnings().is_empty(), "{:?}", carol.warnings());

    let refused = alice.direct(&carol.handle()).await.expect_err("blocked");
    assert_eq!(refused.code, "blocked");
    alice
        .set_blocked(&carol.handle(), false)
        .await
        .expect("unblocked");
    assert_eq!(alice.conversations().await.expect("a list").len(), 3);
    alice.hears(&direct, "to you alone").await;
    assert_eq!(
        alice
            .set_blocked(&alice.handle(), true)
            .await
            .expect_err("herself")
            .code,
        "yourself"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_nickname_is_for_ones_own_eyes() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let (chat, change) = alice.direct(&bob.handle()).await.expect("a conversation");
    alice.made(change.expect("Bob to add")).await;
    bob.is_in(&chat).await;
    let contact = alice
        .set_nickname(&bob.handle(), "Bobby")
        .await
        .expect("a nickname");
    assert_eq!(contact.nickname, "Bobby");
    assert_eq!(alice.conversation(&chat).await.expect("it").name, "Bobby");
    assert_eq!(
        bob.conversation(&chat).await.expect("it").name,
        "alice@acme"
    );
    assert!(
        alice
            .set_nickname(&bob.handle(), "a\u{1b}[2J")
            .await
            .is_err()
    );
}
