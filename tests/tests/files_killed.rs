//! Alice's and Bob's processes are killed in the middle of a file, and the relay is started again:
//! it goes on where it was, and never takes more than a bounded amount of memory.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use sealwire_tests::swarm::{FileOrder, Tested as _};
use sealwire_tests::{Relay, Scratch, Swarm, until};

/// Bytes of the file: many pieces.
const SIZE: usize = 160_000_000;
/// What a file may add to a process, KiB. With 2 GiB it is the same.
const MOST_KIB: u64 = 64 * 1024;

/// The most memory that the process ever had, KiB.
fn peak_kib(swarm: &Swarm) -> u64 {
    let pid = swarm.pid().expect("a running swarm");
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    kib.and_then(|kib| kib.parse().ok()).expect("a peak")
}

fn write_file(path: &PathBuf) -> [u8; 32] {
    let mut seed = 7u64;
    let mut content = Vec::with_capacity(SIZE);
    while content.len() < SIZE {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        content.extend_from_slice(&seed.to_be_bytes());
    }
    fs::write(path, &content).expect("writable");
    sealwire_crypto::sha256(&[&content])
}

/// Waits until a transfer is in its middle; `false` if it was over first.
async fn in_the_middle(swarm: &Swarm, who: &str) -> bool {
    loop {
        match swarm.transfers(who).await.well().first() {
            None => return false,
            Some((_, bytes, total)) if *bytes > total / 20 => return *bytes < *total,
            Some(_) => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_goes_on_where_it_was() {
    let data = Scratch::on_disk();
    let homes = Scratch::on_disk();
    let mut relay = Relay::start(&data.join("relay")).await;
    let source = homes.join("film.bin");
    let hash = write_file(&source);
    let swarm = Swarm::start(homes.path()).await;
    swarm.enrol("alice", &relay.owner_link()).await.well();
    let link = swarm.invite("alice").await.well();
    swarm.enrol("bob", &link).await.well();
    let chat = swarm.create("alice", "Films", &["bob".into()]).await.well();
    swarm.join("bob", &chat).await.well();
    let before = peak_kib(&swarm);

    // Alice's process dies in the middle, and again; the source is gone by then.
    let attach = FileOrder::Attach {
        chat: chat.clone(),
        path: source.clone(),
        caption: "A film".into(),
    };
    swarm.file("alice", attach).await.well();
    fs::remove_file(source).expect("removable");
    let mut kills = 0;
    for _ in 0..2 {
        if !in_the_middle(&swarm, "alice").await {
            break;
        }
        assert!(
            peak_kib(&swarm) < before + MOST_KIB,
            "{} KiB",
            peak_kib(&swarm) - before
        );
        let far = swarm.transfers("alice").await.well();
        let far = far.first().map_or(0, |(_, bytes, _)| *bytes);
        swarm.restart().await;
        swarm.open("alice").await.well();
        let now = swarm.transfers("alice").await.well();
        let now = now.first().map_or(u64::MAX, |(_, bytes, _)| *bytes);
        assert!(now >= far, "from {far} back to {now}");
        kills += 1;
    }
    assert!(kills > 0, "the upload was over before it could be killed");
    // The relay dies in the middle.
    if in_the_middle(&swarm, "alice").await {
        relay.restart().await;
    }
    swarm.open("bob").await.well();
    until("the message", || async {
        match swarm.files("bob", &chat).await.well().as_slice() {
            [] => Err("not yet".into()),
            _ => Ok(()),
        }
    })
    .await;

    // Bob's process dies in the middle, and the relay.
    let (file, here) = swarm.files("bob", &chat).await.well()[0];
    assert!(!here);
    swarm.restart().await;
    swarm.open("bob").await.well();
    let before = peak_kib(&swarm);
    swarm.file("bob", FileOrder::Fetch(file)).await.well();
    assert!(
        in_the_middle(&swarm, "bob").await,
        "over before it could be killed"
    );
    assert!(
        peak_kib(&swarm) < before + MOST_KIB,
        "{} KiB",
        peak_kib(&swarm) - before
    );
    swarm.restart().await;
    swarm.open("bob").await.well();
    let before = peak_kib(&swarm);
    if in_the_middle(&swarm, "bob").await {
        relay.restart().await;
    }
    swarm.file("bob", FileOrder::Fetched(file)).await.well();
    let place = homes.join("saved");
    fs::create_dir(&place).expect("a folder");
    let saved = swarm.save("bob", file, &place).await.well();
    assert!(
        peak_kib(&swarm) < before + MOST_KIB,
        "{} KiB",
        peak_kib(&swarm) - before
    );
    let content = fs::read(saved).expect("readable");
    assert!(
        sealwire_crypto::sha256(&[&content]) == hash,
        "what came is what was sent"
    );
    swarm.kill().await;
}
