//! Appends of messages to the real store, for `crate::measure`.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sealwire_protocol::ids::{EntryId, Lane, LogId};
use sealwire_protocol::log::EntryKind;
use tokio::sync::oneshot;

use super::hub::Hub;
use super::sqlite::{Options, SqliteLogs};
use super::store::{Appended, LaneKey, LogStore as _, NewEntry, NewLog};
use crate::rate::Rate;

/// Who waits for an answer at any time.
const WRITERS: u8 = 64;
/// Bytes of a message, padded.
const BYTES: usize = 640;

/// groups.db with a group for each who writes.
pub(crate) struct Messages {
    store: Arc<SqliteLogs>,
}

fn lane(writer: u8) -> LaneKey {
    LaneKey {
        log: LogId([writer; 32]),
        lane: Lane([writer; 32]),
    }
}

impl Messages {
    pub(crate) async fn open(dir: &Path) -> Self {
        std::fs::create_dir(dir).expect("a folder");
        let options = Options {
            commit_rate: Rate::per_second(1000, 1000),
            message_days: 30,
            most_mib: 0,
        };
        let hub = Arc::new(Hub::new());
        let store = SqliteLogs::open(&dir.join(super::DATABASE), options, hub).await;
        let store = Arc::new(store.expect("opened"));
        for writer in 0..WRITERS {
            let log = NewLog {
                first: lane(writer),
                retention_days: 30,
            };
            store.create(log).await.expect("created");
        }
        Self { store }
    }

    /// Appends with every writer for a while; how long each append took.
    pub(crate) async fn append_for(&self, length: Duration) -> Vec<Duration> {
        let end = Instant::now() + length;
        let writers = (0..WRITERS).map(|writer| {
            let store = Arc::clone(&self.store);
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    let begun = Instant::now();
                    append(&store, lane(writer)).await;
                    times.push(begun.elapsed());
                }
                times
            })
        });
        let mut times = Vec::new();
        for writer in writers.collect::<Vec<_>>() {
            times.extend(writer.await.expect("appended"));
        }
        times
    }

    pub(crate) async fn close(&self) {
        self.store.close().await;
    }
}

async fn append(store: &SqliteLogs, key: LaneKey) {
    let entry = NewEntry {
        key,
        kind: EntryKind::Application,
        entry_id: EntryId::random(&mut rand::rng()),
        head: None,
        cursor: 0,
        next: None,
        payload: vec![7; BYTES].into(),
    };
    let (done, answer) = oneshot::channel();
    store.append(entry, Box::new(move |appended| drop(done.send(appended))));
    match answer.await.expect("answered") {
        Ok(Appended::At { .. }) => {}
        _ => panic!("not appended"),
    }
}
