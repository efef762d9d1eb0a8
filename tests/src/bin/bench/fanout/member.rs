//! One connection of the load: appends by a schedule, and counts what it receives.

use std::time::Duration;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sealwire_protocol::frame::{Entries, ServerBody, ServerFrame};
use tokio::time::{Instant, sleep_until};

use crate::Result;
use crate::frames::{Log, age};
use crate::samples::Samples;
use crate::wire::{Dialler, Socket};

/// Handshakes at the same time.
const DIALLING: usize = 32;
/// How long a member listens for repeats after it has everything.
const LINGER: Duration = Duration::from_millis(300);

/// When a message's time begins to run.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Since {
    /// When it is sent.
    Sending,
    /// When it was due: a sender that is held up does not hide it.
    Due,
}

/// What one member does.
#[derive(Clone, Copy)]
pub(super) struct Part {
    /// When its first message is due.
    pub(super) first: Instant,
    /// Time between two.
    pub(super) period: Duration,
    /// How many it sends.
    pub(super) messages: u32,
    /// From when their time is taken.
    pub(super) since: Since,
    /// How many it is to receive.
    pub(super) expects: u64,
    /// When it gives up.
    pub(super) end: Instant,
}

/// What one member saw.
#[derive(Default)]
pub(super) struct Tally {
    /// From sending to receipt.
    pub(super) latencies: Samples,
    /// Its messages that the relay took.
    pub(super) taken: u64,
    /// Entries received, each counted once.
    pub(super) received: u64,
    /// Entries received again.
    pub(super) duplicates: u64,
    /// Why it ended early, or what the relay refused.
    pub(super) trouble: Option<String>,
}

impl Tally {
    /// Adds up what all members saw.
    pub(super) fn of_all(tallies: impl IntoIterator<Item = Self>) -> Self {
        let mut all = Self::default();
        for mut one in tallies {
            all.latencies.append(&mut one.latencies);
            all.taken += one.taken;
            all.received += one.received;
            all.duplicates += one.duplicates;
            all.trouble = all.trouble.or(one.trouble);
        }
        all
    }
}

/// Connects `count` members that follow `log`.
pub(super) async fn audience(dialler: &Dialler, log: &Log, count: usize) -> Result<Vec<Socket>> {
    stream::iter(0..count)
        .map(|_| async move {
            let mut socket = dialler.dial(None).await?;
            log.subscribe(&mut socket).await?;
            Ok(socket)
        })
        .buffer_unordered(DIALLING)
        .try_collect()
        .await
}

/// A member at work.
pub(super) struct Member {
    socket: Socket,
    log: Log,
    part: Part,
    sent: u32,
    newest: u64,
    tally: Tally,
}

impl Member {
    /// A member with this part.
    pub(super) fn new(socket: Socket, log: Log, part: Part) -> Self {
        Self {
            socket,
            log,
            part,
            sent: 0,
            newest: 0,
            tally: Tally::default(),
        }
    }

    /// Plays its part to the end.
    pub(super) async fn play(mut self) -> Tally {
        if let Err(error) = self.work().await {
            self.tally.trouble = Some(error.to_string());
        }
        self.tally
    }

    async fn work(&mut self) -> Result<()> {
        let mut end = self.part.end;
        let mut whole = false;
        loop {
            if !whole && self.has_everything() {
                whole = true;
                end = end.min(Instant::now() + LINGER);
            }
            let due = self.due();
            tokio::select! {
                frame = self.socket.next() => self.take(frame?),
                () = sleep_until(due), if self.sent < self.part.messages => self.send().await?,
                () = sleep_until(end) => return Ok(()),
            }
        }
    }

    fn has_everything(&self) -> bool {
        self.tally.received >= self.part.expects
            && self.tally.taken >= u64::from(self.part.messages)
    }

    fn due(&self) -> Instant {
        self.part.first + self.part.period * self.sent
    }

    /// Sends all that is due.
    async fn send(&mut self) -> Result<()> {
        let now = Instant::now();
        while self.sent < self.part.messages && self.due() <= now {
            let since = match self.part.since {
                Since::Sending => Instant::now(),
                Since::Due => self.due(),
            };
            self.sent += 1;
            let frame = self.log.append(self.sent.into(), since.into_std());
            self.socket.feed(frame).await?;
        }
        self.socket.flush().await
    }

    fn take(&mut self, frame: ServerFrame) {
        match frame.body {
            Some(ServerBody::Entries(entries)) => self.take_entries(&entries),
            Some(ServerBody::Appended(_)) => self.tally.taken += 1,
            Some(ServerBody::Problem(problem)) => self.tally.trouble = Some(problem.detail),
            _ => {}
        }
    }

    fn take_entries(&mut self, entries: &Entries) {
        let now = std::time::Instant::now();
        for entry in &entries.entries {
            if entry.seq <= self.newest {
                self.tally.duplicates += 1;
                continue;
            }
            // What is skipped is missing in the count of the received.
            self.newest = entry.seq;
            self.tally.received += 1;
            self.tally.latencies.add(age(&entry.entry_id, now));
        }
    }
}
