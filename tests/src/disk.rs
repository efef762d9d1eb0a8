//! A small disk for a swarm, to be filled up.

use std::path::{Path, PathBuf};
use std::process::Command;

use sealwire_core::api::{ConversationId, NewFile, Post, Source};

use crate::person::handle;
use crate::swarm::Tested as _;
use crate::{Person, Scratch, Stage, Swarm, until};

/// A file system of a few MiB, or, where none can be mounted, a bound on the size of files.
pub enum Disk {
    /// Mounted here.
    Mounted(PathBuf),
    /// The size of files is bounded.
    Bounded,
}

/// Size of the file system.
const SIZE: &str = "size=24m";
/// Largest file where none can be mounted.
const BOUND: &str = "--fsize=1500000:unlimited";

impl Disk {
    /// Mounts one.
    ///
    /// # Panics
    /// If there is no place for it.
    pub fn small(at: &Path) -> Self {
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
    ///
    /// # Panics
    /// If the size of files cannot be bounded.
    pub fn fill(&self, swarm: &Swarm) {
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

    /// Leaves some room, where a file system could be mounted.
    pub fn leave(&self, bytes: u64) {
        if let Self::Mounted(at) = self {
            let filler = std::fs::OpenOptions::new()
                .write(true)
                .open(at.join("filler"));
            let filler = filler.expect("the filler");
            let size = filler.metadata().expect("its size").len();
            filler
                .set_len(size.saturating_sub(bytes))
                .expect("a smaller filler");
        }
    }

    /// Makes room again.
    ///
    /// # Panics
    /// If the size of files cannot be unbounded.
    pub fn free(&self, swarm: &Swarm) {
        match self {
            Self::Mounted(at) => std::fs::remove_file(at.join("filler")).expect("the filler goes"),
            Self::Bounded => bound(swarm, "--fsize=unlimited:unlimited"),
        }
    }
}

/// Alice and Bob in a conversation; Bob's profile lies on a small disk.
pub struct Cramped {
    /// The owner, in the test's own process.
    pub alice: Person,
    /// Where Bob lives.
    pub swarm: Swarm,
    /// The conversation.
    pub chat: ConversationId,
    /// Bob's disk.
    pub disk: Disk,
    /// A folder beside it, with room.
    pub place: Scratch,
    _stage: Stage,
}

impl Cramped {
    /// Sets the scene.
    ///
    /// # Panics
    /// If something fails that has nothing to do with the disk.
    pub async fn set(title: &str) -> Self {
        let stage = Stage::set_in_memory().await;
        let alice = stage.owner("alice").await;
        let place = Scratch::on_disk();
        let home = place.join("disk");
        let disk = Disk::small(&home);
        // Whoever writes beyond the bound gets an error and not a deadly signal.
        let patient = ["sh", "-c", "trap '' XFSZ; exec \"$@\"", "sh"];
        let swarm = Swarm::start_under(&home, &patient).await;
        swarm.enrol("bob", &alice.invitation().await).await.well();
        let wished = alice.create_conversation(title, &[handle("bob")]).await;
        let (chat, change) = wished.expect("a wish");
        alice.made(change.expect("Bob to add")).await;
        swarm.join("bob", &chat.to_string()).await.well();
        Self {
            alice,
            swarm,
            chat,
            disk,
            place,
            _stage: stage,
        }
    }

    /// Alice sends a file of `size` bytes that are all `f`; its number at Bob, once he has heard of
    /// it.
    ///
    /// # Panics
    /// If she cannot.
    pub async fn film(&self, size: u64) -> i64 {
        let film = Source::Reader {
            name: "film".into(),
            size,
            reader: Box::new(std::io::Read::take(std::io::repeat(b'f'), size)),
        };
        let (post, files) = (Post::text("the film"), vec![NewFile::from(film)]);
        let sent = self.alice.attach_and_send(&self.chat, &post, files).await;
        sent.expect("stored");
        self.alice.settles().await;
        let chat = self.chat.to_string();
        until("Bob hearing of the file", || async {
            match self.swarm.files("bob", &chat).await.well().as_slice() {
                [(file, false)] => Ok(*file),
                other => Err(format!("{other:?}")),
            }
        })
        .await
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
