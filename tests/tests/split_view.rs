//! A relay that shows Alice and Bob two different directories, and one that hides what it had shown.

use sealwire_core::api::ConversationId;
use sealwire_core::{ErrorKind, JoinLink};
use sealwire_tests::person::{Person, quick};
use sealwire_tests::scratch::copy_dir;
use sealwire_tests::switch::{Switch, at};
use sealwire_tests::{Relay, Scratch, Stage};

const DISTRUST: &str = "directory is not trusted any more";

/// Alice at the relay, Bob at the other end of a cable, and two invitations that are still open.
struct Scene {
    stage: Stage,
    switch: Switch,
    alice: Person,
    bob: Person,
    chat: ConversationId,
    for_carol: JoinLink,
    for_dave: JoinLink,
}

async fn scene() -> Scene {
    let stage = Stage::set_in_memory().await;
    let switch = Switch::to(stage.relay.address()).await;
    let alice = stage.owner("alice").await;
    let link = switch.through(alice.invitation().await);
    let bob = Person::try_enrol(stage.homes(), "bob", &link, quick()).await;
    let bob = bob.expect("Bob joins");
    let chat = alice.founds("Lunch", &[&bob]).await;
    alice.says(&chat, "hello Bob").await;
    bob.hears(&chat, "hello Bob").await;
    bob.says(&chat, "hello Alice").await;
    alice.hears(&chat, "hello Alice").await;
    let (for_carol, for_dave) = (alice.invitation().await, alice.invitation().await);
    Scene {
        stage,
        switch,
        alice,
        bob,
        chat,
        for_carol,
        for_dave,
    }
}

/// Another relay with the same keys and the same past.
async fn twin(stage: &mut Stage, copy: &Scratch) -> Relay {
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("twin"));
    stage.relay.restart().await;
    let mut twin = Relay::start(&copy.join("twin")).await;
    twin.restart().await;
    twin
}

/// Nobody can be looked up, in words that say what to do.
async fn looks_nobody_up(person: &Person, other: &Person) {
    let refused = person
        .lookup(&other.handle())
        .await
        .expect_err("distrusted");
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::Untrusted, "directory_conflict")
    );
    assert!(refused.hint.contains("administrator"), "{}", refused.hint);
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_and_bob_notice_with_one_message_each_way() {
    let Scene {
        mut stage,
        switch,
        mut alice,
        mut bob,
        chat,
        for_carol,
        for_dave,
    } = scene().await;
    let copy = Scratch::in_memory();
    let twin = twin(&mut stage, &copy).await;
    switch.turn(twin.address());
    // To Alice the relay says that Carol came, to Bob that Dave did.
    let carol = Person::try_enrol(stage.homes(), "carol", &for_carol, quick()).await;
    let carol = carol.expect("Carol joins");
    let link = at(for_dave, twin.address());
    let dave = Person::try_enrol(stage.homes(), "dave", &link, quick()).await;
    let dave = dave.expect("Dave joins");
    alice.lookup(&carol.handle()).await.expect("Carol is there");
    bob.lookup(&dave.handle()).await.expect("Dave is there");
    switch.turn(stage.relay.address());

    alice.says(&chat, "Carol has joined us").await;
    bob.hears(&chat, "Carol has joined us").await;
    bob.is_told(DISTRUST).await;
    bob.says(&chat, "Who is Carol? Dave has").await;
    alice.hears(&chat, "Who is Carol? Dave has").await;
    alice.is_told(DISTRUST).await;

    looks_nobody_up(&alice, &carol).await;
    looks_nobody_up(&bob, &dave).await;
    // Also after a new start; and the conversation goes on.
    alice.reopen().await;
    bob.reopen().await;
    looks_nobody_up(&alice, &carol).await;
    looks_nobody_up(&bob, &dave).await;
    alice.says(&chat, "let us meet").await;
    bob.hears(&chat, "let us meet").await;
    let evidence = bob.directory_evidence().await.expect("evidence");
    assert!(evidence.len() >= 2, "{evidence:?}");
    assert!(
        evidence
            .iter()
            .all(|head| head.signed.contains("/directory\n"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_shown_cannot_be_hidden_again() {
    let Scene {
        mut stage,
        alice,
        bob,
        for_carol,
        switch: _cable,
        ..
    } = scene().await;
    let copy = Scratch::in_memory();
    stage.relay.kill().await;
    copy_dir(stage.relay.data(), &copy.join("yesterday"));
    stage.relay.restart().await;
    let carol = Person::try_enrol(stage.homes(), "carol", &for_carol, quick()).await;
    let carol = carol.expect("Carol joins");
    alice.lookup(&carol.handle()).await.expect("Carol is there");
    // Back to yesterday: Carol was never there.
    stage.relay.kill().await;
    std::fs::remove_dir_all(stage.relay.data()).expect("the data goes");
    copy_dir(&copy.join("yesterday"), stage.relay.data());
    stage.relay.restart().await;
    let refused = alice
        .lookup(&bob.handle())
        .await
        .expect_err("a smaller log");
    assert_eq!(refused.code, "directory_conflict");
    alice.is_told(DISTRUST).await;
    // Bob had not seen Carol; to him nothing is wrong until Alice speaks.
    bob.lookup(&alice.handle()).await.expect("Alice is there");
}
