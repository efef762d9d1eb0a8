//! Bob's disk fills up while a file comes: he is told, nothing is lost, and the file goes on where
//! it was when there is room again.

use std::fs;

use sealwire_tests::disk::Cramped;
use sealwire_tests::swarm::{FileOrder, Tested as _};
use sealwire_tests::until;

/// Bytes of the file.
const SIZE: u64 = 12_000_000;
/// Bytes that are left on the disk.
const ROOM: u64 = 6_000_000;

#[tokio::test(flavor = "multi_thread")]
async fn it_is_said_and_goes_on() {
    let scene = Cramped::set("Films").await;
    let Cramped {
        alice,
        swarm,
        chat,
        disk,
        place,
        ..
    } = &scene;
    let id = chat.to_string();
    let file = scene.film(SIZE).await;

    disk.fill(swarm);
    disk.leave(ROOM);
    swarm.file("bob", FileOrder::Fetch(file)).await.well();
    let full = swarm.file("bob", FileOrder::Fetched(file)).await;
    let full = full.expect_err("a full disk");
    assert!(full.contains("disk_full"), "{full}");
    until("Bob being told", || async {
        let warnings = swarm.warnings("bob").await.well();
        let told = |text: &String| text.contains("film was not fetched");
        warnings
            .iter()
            .any(told)
            .then_some(())
            .ok_or(format!("{warnings:?}"))
    })
    .await;
    // Messages still come.
    alice.says(chat, "Did you get it?").await;
    until("Bob hearing", || async {
        let heard = swarm.history("bob", &id).await.well();
        let said = |line: &sealwire_tests::person::Line| line.text == "Did you get it?";
        heard
            .iter()
            .any(said)
            .then_some(())
            .ok_or(format!("{} lines", heard.len()))
    })
    .await;
    let (_, kept, _) = swarm.transfers("bob").await.well()[0];

    disk.free(swarm);
    swarm.file("bob", FileOrder::Fetch(file)).await.well();
    swarm.file("bob", FileOrder::Fetched(file)).await.well();
    println!("{kept} of {SIZE} bytes were kept");
    let saved = place.join("saved");
    fs::create_dir(&saved).expect("a folder");
    let path = swarm.save("bob", file, &saved).await.well();
    let content = fs::read(path).expect("readable");
    assert!(content.len() as u64 == SIZE && content.iter().all(|byte| *byte == b'f'));
    swarm.kill().await;
}
