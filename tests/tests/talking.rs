//! The plainest day: people meet, talk, and come back.

use sealwire_tests::{Stage, person::Line};

#[tokio::test(flavor = "multi_thread")]
async fn three_people_talk_and_read_the_same() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, mut carol) = stage.alice_bob_carol().await;

    // Alice founds a conversation; everybody says something.
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    alice.says(&chat, "Who is hungry?").await;
    bob.says(&chat, "I am, 我也是 🍜").await;

    // Carol closes her client before she has answered, misses something, and comes back.
    carol.hears(&chat, "I am, 我也是 🍜").await;
    carol.close().await;
    alice.says(&chat, "Carol?").await;
    carol.reopen().await;
    carol.hears(&chat, "Carol?").await;
    carol.says(&chat, "Here!").await;

    let expected = vec![
        Line::of("alice", "Who is hungry?"),
        Line::of("bob", "I am, 我也是 🍜"),
        Line::of("alice", "Carol?"),
        Line::of("carol", "Here!"),
    ];
    for person in [&alice, &bob, &carol] {
        person.hears(&chat, "Here!").await;
        assert_eq!(person.history(&chat).await, expected, "{}", person.name());
        assert_eq!(person.warnings(), Vec::<String>::new(), "{}", person.name());
    }
}

/// The code that one shows is the one that the other expects, and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn a_scanned_safety_number() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let carol = stage.guest(&alice, "carol").await;
    for (person, other) in [(&alice, &bob), (&bob, &alice), (&alice, &carol)] {
        person
            .lookup(&other.handle())
            .await
            .expect("in the directory");
    }
    let shown = bob.safety_qr(&alice.handle()).await.expect("known");
    assert_eq!(shown.len(), 65);
    let truncated = &shown[1..];
    for (other, payload, same) in [
        (&bob, shown.as_slice(), true),
        (&carol, shown.as_slice(), false),
        (&bob, truncated, false),
        (&bob, &[][..], false),
    ] {
        let found = alice.matches_safety_qr(&other.handle(), payload).await;
        assert_eq!(found.expect("known"), same);
    }
}
