//! Bob's disk fills up while messages come in: he is told, nothing is lost, and he goes on when
//! there is room again.

use sealwire_tests::disk::Cramped;
use sealwire_tests::person::Line;
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::until;

const MESSAGES: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_it_goes_on() {
    let scene = Cramped::set("Lunch").await;
    let Cramped {
        alice,
        swarm,
        chat,
        disk,
        ..
    } = &scene;
    let id = chat.to_string();
    swarm.say("bob", &id, "there is room").await.well();

    // The disk fills up; Alice writes more than the rest of it holds.
    disk.fill(swarm);
    let mut written = vec![Line::of("bob", "there is room")];
    for number in 0..MESSAGES {
        let text = format!("{number} {}", "x".repeat(20_000));
        alice.says(chat, &text).await;
        written.push(Line::of("alice", &text));
    }
    until("Bob being told that the disk is full", || async {
        let warnings = swarm.warnings("bob").await.well();
        let told = |text: &String| text.contains("disk");
        if warnings.iter().any(told) {
            Ok(())
        } else {
            Err(format!("{warnings:?}"))
        }
    })
    .await;
    let read = swarm.history("bob", &id).await.well();
    assert!(read.len() < written.len(), "the disk was not full");
    assert_eq!(
        read,
        written[..read.len()],
        "what he has is what was written"
    );
    // What little is left may hold a short message.
    let long = "is there room? ".repeat(15_000);
    let refused = swarm.say("bob", &id, &long).await;
    let refused = refused.expect_err("a full disk");
    assert!(refused.contains("disk"), "{refused}");

    // There is room again: everything comes, once and in order, and Bob can write.
    disk.free(swarm);
    let seen = swarm.digest("bob", &id, written.len()).await.well();
    assert_eq!(seen, sealwire_tests::swarm::digest(&written));
    swarm.say("bob", &id, "room again").await.well();
    alice.hears(chat, "room again").await;
    swarm.kill().await;
}
