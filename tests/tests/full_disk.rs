//! Bob's disk fills up while messages come in: he is told, nothing is lost, and he goes on when
//! there is room again.

use sealwire_tests::disk::Disk;
use sealwire_tests::person::Line;
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{Scratch, Stage, Swarm, until};

const MESSAGES: usize = 120;

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_and_it_goes_on() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let place = Scratch::on_disk();
    let disk = Disk::small(&place.join("disk"));
    // Whoever writes beyond the bound gets an error and not a deadly signal.
    let swarm = Swarm::start_under(
        &place.join("disk"),
        &["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"],
    )
    .await;
    swarm.enrol("bob", &alice.invitation().await).await.well();
    let bob = sealwire_tests::person::handle("bob");
    let (chat, change) = alice
        .create_conversation("Lunch", &[bob])
        .await
        .expect("a wish");
    alice.made(change.expect("Bob to add")).await;
    let id = chat.to_string();
    swarm.join("bob", &id).await.well();
    swarm.say("bob", &id, "there is room").await.well();

    // The disk fills up; Alice writes more than the rest of it holds.
    disk.fill(&swarm);
    let mut written = vec![Line::of("bob", "there is room")];
    for number in 0..MESSAGES {
        let text = format!("{number} {}", "x".repeat(20_000));
        alice.says(&chat, &text).await;
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
    let refused = swarm.say("bob", &id, "is there room?").await;
    let refused = refused.expect_err("a full disk");
    assert!(refused.contains("disk"), "{refused}");

    // There is room again: everything comes, once and in order, and Bob can write.
    disk.free(&swarm);
    let seen = swarm.digest("bob", &id, written.len()).await.well();
    assert_eq!(seen, sealwire_tests::swarm::digest(&written));
    swarm.say("bob", &id, "room again").await.well();
    alice.hears(&chat, "room again").await;
    swarm.kill().await;
}
