//! Bob's disk fills up while messages come in: he is told, nothing is lost, and he goes on when
//! there is room again.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealwire_tests::person::Line;
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{Scratch, Stage, Swarm, until};

const MESSAGES: usize = 120;

/// A file system of a few MiB, or, where none can be mounted, a bound on the size of files.
enum Disk {
    Mounted(PathBuf),
    Bounded,
}

/// Size of the file system.
const SIZE: &str = "size=24m";
/// Largest file where none can be mounted.
const BOUND: &str = "--fsize=1500000:unlimited";

impl Disk {
    fn small(at: &Path) -> Self {
        std::fs::create_dir_all(at).expect("a place for the disk");
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", SIZE, "tmpfs"])
            .arg(at)
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            Self::Mounted(at.into())
        } else {
            println!("no file system can be mounted here; the size of files is bounded instead");
            Self::Bounded
        }
    }

    /// Leaves next to no room.
    fn fill(&self, swarm: &Swarm) {
        match self {
            Self::Mounted(at) => {
                // As much as fits: dd stops with an error when the disk is full.
                let _ = Command::new("dd")
                    .args(["if=/dev/zero", "bs=4096"])
                    .arg(format!("of={}", at.join("filler").display()))
                    .output();
            }
            Self::Bounded => bound(swarm, BOUND),
        }
    }

    fn free(&self, swarm: &Swarm) {
        match self {
            Self::Mounted(at) => std::fs::remove_file(at.join("filler")).expect("the filler goes"),
            Self::Bounded => bound(swarm, "--fsize=unlimited:unlimited"),
        }
    }
}

fn bound(swarm: &Swarm, limit: &str) {
    let pid = swarm.pid().expect("a running swarm").to_string();
    let done = Command::new("prlimit")
        .args(["--pid", &pid, limit])
        .status();
    assert!(done.expect("prlimit runs").success());
}

impl Drop for Disk {
    fn drop(&mut self) {
        if let Self::Mounted(at) = self {
            // The processes on it are gone or going.
            let _ = Command::new("umount").arg("--lazy").arg(at).status();
        }
    }
}

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
