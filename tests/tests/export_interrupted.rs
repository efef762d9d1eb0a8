//! An export that is killed, and one that finds no room: no half of it passes for a whole, and the
//! next one is complete.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sealwire_tests::disk::Cramped;
use sealwire_tests::swarm::{FileOrder, Swarm, Tested as _};
use sealwire_tests::{Relay, Scratch};

/// Bytes of the file that takes long to write.
const LARGE: u64 = 200_000_000;
/// Bytes of a file that fits once on the small disk, and not twice.
const HALF: u64 = 12_000_000;

/// What is in `dir`.
fn names(dir: &Path) -> Vec<String> {
    let entries = fs::read_dir(dir).expect("a folder");
    let mut names: Vec<String> = entries
        .map(|entry| entry.expect("an entry").file_name().into_string())
        .map(|name| name.expect("UTF-8"))
        .collect();
    names.sort();
    names
}

/// The export in `to` has the file of `size` bytes, and its text says the same.
fn is_whole(to: &Path, size: u64) {
    let text = fs::read(to.join("conversation.json")).expect("the text");
    let text: serde_json::Value = serde_json::from_slice(&text).expect("whole JSON");
    let messages = text["messages"].as_array().expect("messages");
    let file = messages
        .iter()
        .find_map(|message| message["attachments"].get(0))
        .expect("a file");
    assert_eq!(file["size"], size);
    let path = to.join(file["path"].as_str().expect("its place"));
    assert_eq!(fs::metadata(path).expect("the file").len(), size);
}

/// Waits until something of the file is there; `false` if the export was over first.
async fn in_the_middle(dir: &Path) -> bool {
    loop {
        let unfinished = |name: &String| name.contains(".unfinished-");
        match names(dir).iter().find(|name| unfinished(name)) {
            None if !names(dir).is_empty() => return false,
            Some(name) if has_bytes(&dir.join(name).join("files")) => return true,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

fn has_bytes(dir: &Path) -> bool {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let sizes = entries.filter_map(|entry| entry.metadata().ok());
    sizes.map(|data| data.len()).sum::<u64>() > 0
}

async fn attached(swarm: &Swarm, chat: &str, path: PathBuf) {
    let order = FileOrder::Attach {
        chat: chat.into(),
        path,
        caption: "the film".into(),
    };
    swarm.file("alice", order).await.well();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_in_the_middle() {
    let (data, homes) = (Scratch::on_disk(), Scratch::on_disk());
    let relay = Relay::start(&data.join("relay")).await;
    let film = homes.join("film.bin");
    let empty = fs::File::create(&film).expect("a file");
    empty.set_len(LARGE).expect("its length");
    let swarm = Swarm::start(homes.path()).await;
    swarm.enrol("alice", &relay.owner_link()).await.well();
    let chat = swarm.create("alice", "Films", &[]).await.well();
    attached(&swarm, &chat, film).await;

    let exports = homes.join("exports");
    fs::create_dir(&exports).expect("a folder");
    let to = exports.join("films");
    let (exported, killed) = tokio::join!(swarm.export("alice", &chat, &to), async {
        let killed = in_the_middle(&exports).await;
        swarm.kill().await;
        killed
    });
    assert!(killed, "the export was too fast to be killed");
    exported.expect_err("killed");
    assert!(!to.exists());
    let left = names(&exports);
    assert_eq!(left.len(), 1);
    assert!(left[0].starts_with("films.unfinished-"), "{left:?}");

    swarm.restart().await;
    swarm.open("alice").await.well();
    swarm.export("alice", &chat, &to).await.well();
    is_whole(&to, LARGE);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_room() {
    let scene = Cramped::set("Films").await;
    let Cramped {
        swarm,
        chat,
        disk,
        place,
        ..
    } = &scene;
    let id = chat.to_string();
    let file = scene.film(HALF).await;
    swarm.file("bob", FileOrder::Fetch(file)).await.well();
    swarm.file("bob", FileOrder::Fetched(file)).await.well();

    let exports = place.join("disk").join("exports");
    fs::create_dir(&exports).expect("a folder");
    disk.fill(swarm);
    disk.leave(HALF / 2);
    let full = swarm.export("bob", &id, &exports.join("films")).await;
    let full = full.expect_err("a full disk");
    assert!(
        full.contains("disk_full") && full.contains("free some space"),
        "{full}"
    );
    assert_eq!(names(&exports), [""; 0], "nothing is left");

    disk.free(swarm);
    let to = place.join("films");
    swarm.export("bob", &id, &to).await.well();
    is_whole(&to, HALF);
    swarm.kill().await;
}
