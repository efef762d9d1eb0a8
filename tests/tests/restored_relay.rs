//! A relay that was restored to an older state: every client that knows better says so plainly,
//! and sends nothing more into the group.

use std::path::Path;

use sealwire_core::ErrorKind;
use sealwire_core::api::{ConversationId, ConversationState, Delivery};
use sealwire_tests::person::{MOMENT, Person};
use sealwire_tests::scratch::copy_dir;
use sealwire_tests::{Scratch, Stage, until};

/// Waits until this person is told that the relay holds less than it had given out.
async fn is_stopped(person: &Person, chat: &ConversationId) {
    let what = format!("{} being told that the relay was restored", person.name());
    until(&what, || async {
        match person
            .conversation(chat)
            .await
            .expect("a conversation")
            .state
        {
            ConversationState::Halted(reason) if reason.contains("restored") => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    person.is_told("restored from an older backup").await;
}

/// Puts `copy` in the place of the relay's data, as a restore would.
async fn restore(stage: &mut Stage, copy: &Path, renew: bool) {
    stage.relay.kill().await;
    std::fs::remove_dir_all(stage.relay.data()).expect("the data goes");
    copy_dir(copy, stage.relay.data());
    if renew {
        let said = stage.relay.command(&["incarnation", "renew"]).await;
        assert!(said.contains("renewed"), "{said}");
    }
    stage.relay.restart().await;
}

/// Nothing can be written any more, in plain words; what had been written stays, unsent.
async fn writes_nothing(person: &Person, chat: &ConversationId, unsent: &str) {
    let refused = person
        .send(chat, "anybody?")
        .await
        .expect_err("a stopped conversation");
    assert_eq!((refused.kind, refused.code), (ErrorKind::Halted, "halted"));
    assert!(refused.hint.contains("restored"), "{}", refused.hint);
    let newest = person.newest_messages(chat, 1).await.expect("a history");
    let kept = newest.iter().find(|message| message.text == unsent);
    assert_eq!(kept.expect("the unsent text").delivery, Delivery::Pending);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_renewal_everybody_notices() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, bob, mut carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "before the copy").await;
    for person in [&bob, &carol] {
        person.hears(&chat, "before the copy").await;
        person.settles().await;
    }
    // Carol is away from before the copy on: to her the relay holds all that she knows of.
    carol.close().await;

    let copy = Scratch::in_memory();
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("copy"));
    stage.relay.restart().await;
    alice.says(&chat, "after the copy").await;
    bob.hears(&chat, "after the copy").await;
    stage.relay.kill().await;
    alice
        .send(&chat, "while it was away")
        .await
        .expect("a stored message");
    bob.send(&chat, "while it was away")
        .await
        .expect("a stored message");
    restore(&mut stage, &copy.join("copy"), true).await;

    let before = stage.relay.entries().await;
    carol.reopen().await;
    for person in [&alice, &bob, &carol] {
        is_stopped(person, &chat).await;
    }
    for person in [&alice, &bob] {
        writes_nothing(person, &chat, "while it was away").await;
        let history = person.history(&chat).await;
        assert!(
            history.iter().any(|line| line.text == "after the copy"),
            "{history:?}"
        );
    }
    tokio::time::sleep(MOMENT).await;
    assert_eq!(
        stage.relay.entries().await,
        before,
        "something was sent into it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_renewal_whoever_is_ahead_notices() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, mut bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "before the copy").await;
    for person in [&bob, &carol] {
        person.hears(&chat, "before the copy").await;
        person.settles().await;
    }
    let copy = Scratch::in_memory();
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("copy"));
    stage.relay.restart().await;
    alice.says(&chat, "after the copy").await;
    for person in [&bob, &carol] {
        person.hears(&chat, "after the copy").await;
    }
    stage.relay.kill().await;
    alice
        .send(&chat, "while it was away")
        .await
        .expect("a stored message");
    restore(&mut stage, &copy.join("copy"), false).await;

    let before = stage.relay.entries().await;
    for person in [&alice, &bob, &carol] {
        is_stopped(person, &chat).await;
    }
    writes_nothing(&alice, &chat, "while it was away").await;
    // A restart of the program does not make them forget.
    bob.reopen().await;
    is_stopped(&bob, &chat).await;
    tokio::time::sleep(MOMENT).await;
    assert_eq!(
        stage.relay.entries().await,
        before,
        "something was sent into it"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_change_of_the_group_is_noticed_too() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    bob.settles().await;
    let copy = Scratch::in_memory();
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("copy"));
    stage.relay.restart().await;

    // The lane that this change opened is not in the copy.
    let change = alice.rename(&chat, "Dinner").await.expect("a wish");
    alice.made(change).await;
    alice.says(&chat, "in the new epoch").await;
    bob.hears(&chat, "in the new epoch").await;
    restore(&mut stage, &copy.join("copy"), false).await;
    for person in [&alice, &bob] {
        is_stopped(person, &chat).await;
    }
}
