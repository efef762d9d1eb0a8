//! Thirty thousand real messages, replayed: every conversation a group, every author a member,
//! the relay and the members in processes of their own. At the end every member's history must
//! hold the input: same messages, same order, same bytes.
//!
//! A share of the corpus by default, all of it with `SEALWIRE_WHOLE_CORPUS=1`.

use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use sealwire_tests::corpus::{self, Share, Talk};
use sealwire_tests::person::{Line, handle};
use sealwire_tests::relay::Relay;
use sealwire_tests::scratch::{Scratch, bytes_below};
use sealwire_tests::swarm::{Swarm, Tested as _, digest};

/// Processes that the members live in.
const SWARMS: usize = 3;
/// Conversations at the same time.
const TALKS: usize = 6;
/// Members of a process whose clients are open at once in the whole corpus: in a conversation of
/// two hundred most people do not look at each line as it comes.
const AWAKE: usize = 12;
/// Members that do the same thing at the same time.
const TOGETHER: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn every_member_reads_what_was_written() {
    let talks = talks();
    let accounts = talks
        .iter()
        .map(|talk| talk.authors.len())
        .max()
        .unwrap_or(2);
    let troupe = Troupe::gather(accounts).await;
    if whole() {
        troupe.mostly_sleep().await;
    }

    let start = Instant::now();
    let casts: Vec<(usize, Talk)> = talks.into_iter().enumerate().collect();
    let played: Vec<Played> = stream::iter(&casts)
        .map(|(number, talk)| troupe.play(*number, talk))
        .buffer_unordered(TALKS)
        .collect()
        .await;
    let took = start.elapsed();

    troupe.nobody_was_warned().await;
    troupe.figures(&played, took);
}

fn whole() -> bool {
    std::env::var_os("SEALWIRE_WHOLE_CORPUS").is_some_and(|value| value == "1")
}

fn talks() -> Vec<Talk> {
    let share = if whole() { Share::Whole } else { Share::Some };
    corpus::load(share).unwrap_or_else(|| {
        println!("the corpus is absent; replaying generated text of the same shape instead");
        corpus::generated()
    })
}

/// What a conversation was worth.
struct Played {
    messages: usize,
    deliveries: usize,
}

/// The relay and everybody who plays.
struct Troupe {
    relay: Relay,
    swarms: Vec<Swarm>,
    accounts: usize,
    homes: Scratch,
    _data: Scratch,
}

fn account(number: usize) -> String {
    format!("member-{:03}", number + 1)
}

impl Troupe {
    /// Starts the processes and enrols `accounts` members; the first owns the organisation.
    async fn gather(accounts: usize) -> Self {
        let start = Instant::now();
        let (data, homes) = (Scratch::on_disk(), Scratch::in_memory());
        let relay = Relay::start(&data.join("relay")).await;
        let mut swarms = Vec::new();
        for number in 0..SWARMS {
            let home = homes.join(&format!("swarm-{number}"));
            std::fs::create_dir(&home).expect("a home for the swarm");
            swarms.push(Swarm::start(&home).await);
        }
        let troupe = Self {
            relay,
            swarms,
            accounts,
            homes,
            _data: data,
        };
        let owner = troupe.swarm(0);
        owner
            .enrol(&account(0), &troupe.relay.owner_link())
            .await
            .well();
        let enrol = async |number| {
            let link = owner.invite(&account(0)).await.well();
            let name = account(number);
            troupe.swarm(number).enrol(&name, &link).await.well();
        };
        stream::iter(1..accounts)
            .for_each_concurrent(TOGETHER, enrol)
            .await;
        println!(
            "{accounts} members enrolled in {:.1} s",
            start.elapsed().as_secs_f64()
        );
        troupe
    }

    async fn mostly_sleep(&self) {
        for swarm in &self.swarms {
            swarm.let_sleep(AWAKE).await.well();
        }
    }

    /// The process in which an account lives.
    fn swarm(&self, account: usize) -> &Swarm {
        &self.swarms[account % SWARMS]
    }

    /// The accounts that play a conversation: not always the same two for two.
    fn cast(&self, number: usize, talk: &Talk) -> Vec<usize> {
        let cast = 0..talk.authors.len();
        cast.map(|author| (number * 2 + author) % self.accounts)
            .collect()
    }

    /// Replays one conversation and compares what everybody has of it.
    async fn play(&self, number: usize, talk: &Talk) -> Played {
        let cast = self.cast(number, talk);
        let (founder, others) = cast.split_first().expect("an author");
        let names: Vec<String> = others.iter().map(|other| account(*other)).collect();
        let (founder, swarm) = (account(*founder), self.swarm(*founder));
        let chat = swarm.create(&founder, &talk.title, &names).await.well();
        self.each(&cast, async |member| {
            self.swarm(member)
                .join(&account(member), &chat)
                .await
                .well();
        })
        .await;

        for (author, text) in &talk.messages {
            let author = cast[*author];
            self.swarm(author)
                .say(&account(author), &chat, text)
                .await
                .well();
        }

        let written: Vec<Line> = talk
            .messages
            .iter()
            .map(|(author, text)| Line::of(&account(cast[*author]), text))
            .collect();
        self.each(&cast, async |member| {
            self.has_read(member, &chat, &written).await
        })
        .await;
        Played {
            messages: written.len(),
            deliveries: written.len() * cast.len(),
        }
    }

    async fn each(&self, cast: &[usize], act: impl AsyncFn(usize)) {
        stream::iter(cast)
            .for_each_concurrent(TOGETHER, |member| act(*member))
            .await;
    }

    /// A member's history is what was written: same messages, same order, same bytes.
    async fn has_read(&self, member: usize, chat: &str, written: &[Line]) {
        let (swarm, name) = (self.swarm(member), account(member));
        let read = swarm.digest(&name, chat, written.len()).await.well();
        if read != digest(written) {
            let read = swarm.history(&name, chat).await.well();
            let differs = read
                .iter()
                .zip(written)
                .position(|(read, line)| read != line);
            panic!(
                "{name} has {} messages instead of {}; the first difference is at {differs:?}",
                read.len(),
                written.len()
            );
        }
        let view = swarm.view(&name, chat).await.well();
        assert!(view.active, "{name}: {}", view.state);
    }

    async fn nobody_was_warned(&self) {
        for member in 0..self.accounts {
            let warnings = self.swarm(member).warnings(&account(member)).await.well();
            assert!(
                warnings.is_empty(),
                "{}: {warnings:?}",
                handle(&account(member))
            );
        }
    }

    /// Figures to look at; nothing depends on them.
    fn figures(&self, played: &[Played], took: Duration) {
        let messages: usize = played.iter().map(|talk| talk.messages).sum();
        let deliveries: usize = played.iter().map(|talk| talk.deliveries).sum();
        let memory: u64 = self.swarms.iter().map(Swarm::memory_kib).sum();
        println!("conversations            {}", played.len());
        println!("messages                 {messages}");
        println!("deliveries               {deliveries}");
        println!("seconds                  {:.1}", took.as_secs_f64());
        println!(
            "relay memory, MiB        {}",
            self.relay.memory_kib() / 1024
        );
        println!(
            "relay data, MiB          {}",
            bytes_below(self.relay.data()) >> 20
        );
        println!("swarms' memory, MiB      {}", memory / 1024);
        let profiles = bytes_below(self.homes.path());
        println!(
            "profile on average, KiB  {}",
            (profiles >> 10) / self.accounts as u64
        );
    }
}
