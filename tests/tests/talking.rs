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
