//! The relay and the processes of members are killed with `kill -9` at two hundred random moments
//! under load, and started again. Every message that was confirmed reaches every member exactly
//! once, nobody is stuck, and all agree.
//!
//! The moments come from a seed, which is printed; `SEALWIRE_SEED` repeats it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use sealwire_tests::person::Line;
use sealwire_tests::swarm::Tested as _;
use sealwire_tests::{Relay, Scratch, Swarm, until};

/// Kills altogether.
const KILLS: usize = 200;
/// Longest time that everybody lives between two kills, milliseconds.
const LIFE_MS: u64 = 400;
/// Processes of members.
const SWARMS: usize = 3;
/// Members in each of them.
const MEMBERS: usize = 2;
/// How long a writer waits before it looks whether its process lives again.
const BREATH: Duration = Duration::from_millis(30);

fn name(member: usize) -> String {
    format!("member-{member}")
}

/// Everybody, and what was written so far.
struct Troupe {
    relay: tokio::sync::Mutex<Relay>,
    swarms: Vec<Swarm>,
    chat: String,
    over: AtomicBool,
    attempts: AtomicUsize,
    confirmed: Mutex<BTreeSet<(usize, usize)>>,
    renamed: AtomicUsize,
}

impl Troupe {
    async fn gather(data: &Scratch, homes: &Scratch) -> Self {
        let relay = Relay::start(&data.join("relay")).await;
        let mut swarms = Vec::new();
        for number in 0..SWARMS {
            let home = homes.join(&format!("swarm-{number}"));
            std::fs::create_dir(&home).expect("a home for the swarm");
            swarms.push(Swarm::start(&home).await);
        }
        swarms[0].enrol(&name(0), &relay.owner_link()).await.well();
        for member in 1..SWARMS * MEMBERS {
            let link = swarms[0].invite(&name(0)).await.well();
            let swarm = &swarms[member % SWARMS];
            swarm.enrol(&name(member), &link).await.well();
        }
        let others: Vec<String> = (1..SWARMS * MEMBERS).map(name).collect();
        let chat = swarms[0].create(&name(0), "Storm", &others).await.well();
        for member in 1..SWARMS * MEMBERS {
            let swarm = &swarms[member % SWARMS];
            swarm.join(&name(member), &chat).await.well();
        }
        Self {
            relay: tokio::sync::Mutex::new(relay),
            swarms,
            chat,
            over: AtomicBool::new(false),
            attempts: AtomicUsize::new(0),
            confirmed: Mutex::default(),
            renamed: AtomicUsize::new(0),
        }
    }

    fn swarm(&self, member: usize) -> &Swarm {
        &self.swarms[member % SWARMS]
    }

    /// A member writes as fast as its messages are confirmed, until the storm is over.
    async fn write(&self, member: usize) {
        let mut number = 0;
        while !self.over.load(Ordering::SeqCst) {
            self.attempts.fetch_add(1, Ordering::SeqCst);
            let text = format!("{member}:{number}");
            let said = self
                .swarm(member)
                .say(&name(member), &self.chat, &text)
                .await;
            match said {
                Ok(()) => {
                    let mut confirmed = self.confirmed.lock().expect("what was confirmed");
                    confirmed.insert((member, number));
                }
                Err(_) => tokio::time::sleep(BREATH).await,
            }
            number += 1;
        }
    }

    /// The first member changes the group now and then, so that epochs are torn too.
    async fn rename(&self) {
        let mut number = 0;
        while !self.over.load(Ordering::SeqCst) {
            let title = format!("Storm {number}");
            let renamed = self.swarms[0].rename(&name(0), &self.chat, &title).await;
            if renamed.is_ok() {
                self.renamed.fetch_add(1, Ordering::SeqCst);
            }
            number += 1;
            tokio::time::sleep(BREATH * 5).await;
        }
    }

    /// Kills somebody at two hundred random moments, and starts them again.
    async fn kill(&self, mut rng: StdRng) {
        for _ in 0..KILLS {
            let life = rng.random_range(0..LIFE_MS);
            tokio::time::sleep(Duration::from_millis(life)).await;
            // The relay half of the time.
            match rng.random_range(0..SWARMS * 2) {
                swarm if swarm < SWARMS => self.kill_swarm(swarm).await,
                _ => {
                    let mut relay = self.relay.lock().await;
                    relay.kill().await;
                    relay.restart().await;
                }
            }
        }
        self.over.store(true, Ordering::SeqCst);
    }

    async fn kill_swarm(&self, number: usize) {
        let swarm = &self.swarms[number];
        swarm.restart().await;
        for member in (0..SWARMS * MEMBERS).filter(|member| member % SWARMS == number) {
            swarm.open(&name(member)).await.well();
        }
    }

    /// Waits until nobody has anything left to do and all are in one epoch.
    async fn calm(&self) {
        until("all members being calm in one epoch", || async {
            let mut views = Vec::new();
            for member in 0..SWARMS * MEMBERS {
                let view = self.swarm(member).view(&name(member), &self.chat).await?;
                views.push((view.active, view.epoch, view.title, view.left_to_do));
            }
            let calm = views[0].0 && views[0].3 == 0;
            if calm && views.iter().all(|view| *view == views[0]) {
                return Ok(());
            }
            Err(format!("{views:?}"))
        })
        .await;
    }

    /// Nobody had to refuse anything: torn state would have shown itself so.
    async fn nobody_refused_anything(&self) {
        for member in 0..SWARMS * MEMBERS {
            let warnings = self.swarm(member).warnings(&name(member)).await.well();
            assert!(warnings.is_empty(), "{}: {warnings:?}", name(member));
        }
    }

    /// The one history that all members have.
    async fn history(&self) -> Vec<Line> {
        let first = self.swarm(0).history(&name(0), &self.chat).await.well();
        for member in 1..SWARMS * MEMBERS {
            let other = self
                .swarm(member)
                .history(&name(member), &self.chat)
                .await
                .well();
            let differs = first
                .iter()
                .zip(&other)
                .position(|(first, other)| first != other);
            assert!(
                first == other,
                "{} has {} messages and the first member {}; the first difference is at \
                 {differs:?}",
                name(member),
                other.len(),
                first.len()
            );
        }
        first
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_confirmed_is_there_once_for_everybody() {
    let seed = std::env::var("SEALWIRE_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| rand::rng().random());
    println!("SEALWIRE_SEED={seed}");
    let (data, homes) = (Scratch::in_memory(), Scratch::in_memory());
    let troupe = Troupe::gather(&data, &homes).await;

    let writers = join_all((0..SWARMS * MEMBERS).map(|member| troupe.write(member)));
    tokio::join!(
        writers,
        troupe.rename(),
        troupe.kill(StdRng::seed_from_u64(seed))
    );
    troupe.calm().await;
    troupe.nobody_refused_anything().await;

    // All have the same history; nothing is there twice, nothing confirmed is missing.
    let history = troupe.history().await;
    let mut seen = BTreeSet::new();
    let mut newest: BTreeMap<usize, usize> = BTreeMap::new();
    for line in &history {
        let (member, number) = line.text.split_once(':').expect("a message of this test");
        let (member, number) = (
            member.parse().expect("a member"),
            number.parse().expect("a number"),
        );
        assert_eq!(*line, Line::of(&name(member), &line.text));
        assert!(
            seen.insert((member, number)),
            "{:?} is there twice",
            line.text
        );
        // Nobody's messages overtake each other.
        let before = newest.insert(member, number);
        assert!(
            before < Some(number),
            "{:?} came after {before:?}",
            line.text
        );
    }
    let confirmed = troupe.confirmed.lock().expect("what was confirmed").clone();
    let lost: Vec<_> = confirmed.difference(&seen).collect();
    assert!(lost.is_empty(), "confirmed and not there: {lost:?}");

    // It was a storm.
    let attempts = troupe.attempts.load(Ordering::SeqCst);
    let renamed = troupe.renamed.load(Ordering::SeqCst);
    println!(
        "{KILLS} kills, {attempts} attempts, {} confirmed, {} arrived, {renamed} changes",
        confirmed.len(),
        history.len()
    );
    assert!(
        confirmed.len() >= KILLS && renamed > 0,
        "hardly anything happened"
    );

    // And nobody is stuck: everybody says one more thing, and everybody hears it.
    for member in 0..SWARMS * MEMBERS {
        troupe
            .swarm(member)
            .say(&name(member), &troupe.chat, "after the storm")
            .await
            .well();
    }
    let all = history.len() + SWARMS * MEMBERS;
    for member in 0..SWARMS * MEMBERS {
        troupe
            .swarm(member)
            .digest(&name(member), &troupe.chat, all)
            .await
            .well();
    }
}
