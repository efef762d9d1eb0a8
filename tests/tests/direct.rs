//! Conversations of two: one for each pair, also if both begin at once.

use sealwire_core::api::ConversationId;
use sealwire_tests::person::Person;
use sealwire_tests::{Stage, until};

async fn has_both(person: &Person, chat: &ConversationId) {
    until("both being in the conversation", || async {
        match person.conversation(chat).await {
            Ok(info) if info.member_count == 2 => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_has_one_conversation() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let (chat, change) = alice.direct(&bob.handle()).await.expect("a conversation");
    alice.made(change.expect("Bob to add")).await;
    bob.is_in(&chat).await;
    let (same, nothing) = bob.direct(&alice.handle()).await.expect("the same");
    assert_eq!((same, nothing.is_none()), (chat, true));
    let (again, nothing) = alice.direct(&bob.handle()).await.expect("the same");
    assert_eq!((again, nothing.is_none()), (chat, true));
    let (other, _) = alice.direct(&carol.handle()).await.expect("another");
    assert_ne!(other, chat);

    let hers = alice.conversation(&chat).await.expect("it");
    let his = bob.conversation(&chat).await.expect("it");
    assert_eq!(
        (hers.name.as_str(), hers.kind.as_str()),
        ("bob@acme", "direct")
    );
    assert_eq!(
        (his.name.as_str(), his.peer.as_deref()),
        ("alice@acme", Some("alice@acme"))
    );
    assert_eq!(
        (hers.role.as_deref(), his.role.as_deref()),
        (Some("owner"), Some("owner"))
    );
    alice.says(&chat, "just us").await;
    bob.hears(&chat, "just us").await;

    // It stays one of two without a name.
    for refused in [
        bob.rename(&chat, "Us").await,
        bob.add_members(&chat, &[carol.handle()]).await,
    ] {
        let done = bob
            .done(refused.expect("a wish"), sealwire_tests::PATIENCE)
            .await;
        assert_eq!(done.expect_err("two people").code, "not_allowed");
    }
    let refused = bob.remove_member(&chat, &alice.handle()).await;
    assert_eq!(refused.expect_err("not the other").code, "use_leave");
    assert_eq!(
        alice.direct(&alice.handle()).await.expect_err("alone").code,
        "yourself"
    );
}

/// Both begin before either hears of the other. Fails if one of the two groups is given up with
/// what was said in it, or if they go on in different ones.
#[tokio::test(flavor = "multi_thread")]
async fn both_begin_at_once() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let (to_bob, to_alice) = (bob.handle(), alice.handle());
    let (hers, his) = tokio::join!(alice.direct(&to_bob), bob.direct(&to_alice));
    let ((chat, _), (same, _)) = (hers.expect("hers"), his.expect("his"));
    assert_eq!(chat, same);
    alice.send(&chat, "Alice's first").await.expect("sent");
    bob.send(&chat, "Bob's first").await.expect("sent");
    for person in [&alice, &bob] {
        has_both(person, &chat).await;
        person.hears(&chat, "Alice's first").await;
        person.hears(&chat, "Bob's first").await;
        person.settles().await;
    }
    // They write in one group from now on: both have the same epoch of the same log.
    sealwire_tests::person::one_epoch(&[&alice, &bob], &chat).await;
    let change = alice
        .set(&chat, sealwire_core::api::Setting::Timer(60))
        .await;
    alice.made(change.expect("a wish")).await;
    until("Bob seeing the timer", || async {
        match bob.policy(&chat).await.expect("the rules").timer_s {
            60 => Ok(()),
            other => Err(format!("{other}")),
        }
    })
    .await;
    for person in [&alice, &bob] {
        let list = person.conversations().await.expect("a list");
        assert_eq!(list.len(), 1, "{list:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_left_is_found_again() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let (chat, change) = alice.direct(&bob.handle()).await.expect("a conversation");
    alice.made(change.expect("Bob to add")).await;
    bob.is_in(&chat).await;
    alice.says(&chat, "before").await;
    bob.hears(&chat, "before").await;
    bob.leave(&chat).await.expect("asked");
    bob.is_out_of(&chat).await;
    let (same, change) = bob.direct(&alice.handle()).await.expect("anew");
    assert_eq!(same, chat);
    bob.made(change.expect("Alice to add")).await;
    bob.says(&chat, "back again").await;
    alice.hears(&chat, "back again").await;
    bob.hears(&chat, "before").await;
    alice.says(&chat, "welcome").await;
    bob.hears(&chat, "welcome").await;
}
