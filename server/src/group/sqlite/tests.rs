//! The store by itself: retention, a full disk, branches.

use std::path::Path;
use std::sync::Mutex;

use bytes::Bytes;
use sealwire_protocol::frame::{Entry, LaneState};
use sealwire_protocol::ids::{EntryId, Lane, LogId};
use sealwire_protocol::log::EntryKind;

use super::super::store::Appended;
use super::*;
use crate::clock::now_ms;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;
const ALL: PageLimit = PageLimit {
    entries: 256,
    bytes: 64 << 20,
};

/// Remembers what was published.
#[derive(Default)]
struct Heard(Mutex<Vec<(LaneKey, u64)>>);

impl Committed for Heard {
    fn committed(&self, key: LaneKey, entries: Vec<Entry>) {
        let mut heard = self.0.lock().expect("lock");
        heard.extend(entries.iter().map(|entry| (key, entry.seq)));
    }
}

async fn open(dir: &Path, most_mib: u64) -> (SqliteLogs, Arc<Heard>) {
    let heard = Arc::new(Heard::default());
    let options = Options {
        commit_rate: Rate::per_second(1000, 1000),
        message_days: 30,
        most_mib,
    };
    let logs = SqliteLogs::open(&dir.join("groups.db"), options, Arc::clone(&heard) as _).await;
    (logs.expect("opened"), heard)
}

fn lane(log: u8, lane: u8) -> LaneKey {
    LaneKey {
        log: LogId([log; 32]),
        lane: Lane([lane; 32]),
    }
}

/// A run of retention so many days from now.
fn in_days(days: u64) -> Run {
    Run {
        started_ms: now_ms() + days * DAY_MS,
    }
}

async fn create(logs: &SqliteLogs, first: LaneKey, retention_days: u32) {
    let log = NewLog {
        first,
        retention_days,
    };
    logs.create(log).await.expect("created");
}

fn message(key: LaneKey, head: Option<EntryId>, len: usize) -> NewEntry {
    NewEntry {
        key,
        kind: EntryKind::Application,
        entry_id: EntryId::random(&mut rand::rng()),
        head,
        cursor: 0,
        next: None,
        payload: vec![7; len].into(),
    }
}

fn commit(key: LaneKey, head: Option<EntryId>, next: u8) -> NewEntry {
    NewEntry {
        kind: EntryKind::Commit,
        next: Some(Lane([next; 32])),
        ..message(key, head, 256)
    }
}

async fn append(logs: &SqliteLogs, entry: NewEntry) -> Answer<(u64, LaneState)> {
    let (done, answer) = oneshot::channel();
    logs.append(entry, Box::new(move |appended| drop(done.send(appended))));
    match answer.await.expect("answered")? {
        Appended::At { seq, state, .. } => Ok((seq, state)),
        Appended::StaleHead => panic!("stale head"),
    }
}

async fn seqs(logs: &SqliteLogs, key: LaneKey, after: u64) -> Answer<Vec<u64>> {
    let page = logs.read(key, after, ALL).await?;
    Ok(page.entries.iter().map(|entry| entry.seq).collect())
}

#[tokio::test]
async fn messages_go_after_their_retention_and_commits_after_thirty_days() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let (week, month) = (lane(1, 1), lane(2, 1));
    create(&logs, week, 7).await;
    create(&logs, month, 30).await;
    for key in [week, month] {
        for _ in 0..3 {
            append(&logs, message(key, None, 300))
                .await
                .expect("stored");
        }
        append(&logs, commit(key, None, 2)).await.expect("stored");
    }
    logs.sweep(in_days(6)).await.expect("swept");
    assert_eq!(seqs(&logs, week, 0).await, Ok(vec![1, 2, 3, 4]));
    logs.sweep(in_days(8)).await.expect("swept");
    let refusal = seqs(&logs, week, 0).await.expect_err("pruned");
    assert_eq!(refusal.code(), Code::Pruned);
    assert_eq!(seqs(&logs, week, 3).await, Ok(vec![4]), "the commit stays");
    assert_eq!(seqs(&logs, month, 0).await, Ok(vec![1, 2, 3, 4]));
    let state = logs.read(week, 3, ALL).await.expect("read").state;
    assert_eq!((state.floor, state.newest), (3, 4));
    logs.sweep(in_days(31)).await.expect("swept");
    assert_eq!(seqs(&logs, week, 4).await, Ok(vec![]));
    assert_eq!(seqs(&logs, month, 4).await, Ok(vec![]));
    // The lane itself goes on where it was.
    let after = append(&logs, message(lane(1, 2), None, 300)).await;
    assert_eq!(after.expect("stored").0, 1);
    logs.close().await;
}

#[tokio::test]
async fn what_goes_is_counted_and_the_operator_may_keep_less() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (mut logs, _) = open(dir.path(), 0).await;
    let key = lane(1, 1);
    create(&logs, key, 30).await;
    for len in [300, 500] {
        append(&logs, message(key, None, len)).await.expect("stored");
    }
    let run = in_days(6);
    logs.message_days = 7;
    logs.sweep(run).await.expect("swept");
    assert!(logs.removed(run).await.expect("counted").is_empty());
    logs.message_days = 5;
    logs.sweep(run).await.expect("swept");
    let counted = logs.removed(run).await.expect("counted");
    let [(Kind::Entry, count)] = counted[..] else {
        panic!("{counted:?}");
    };
    assert_eq!((count.removed, count.bytes), (2, 800));
    assert!(count.oldest_s <= count.newest_s && count.newest_s <= now_ms() / 1000);
    assert_eq!(seqs(&logs, key, 2).await, Ok(vec![]));
    logs.close().await;
}

#[tokio::test]
async fn lanes_that_everybody_left_die_and_others_stay() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let (first, idle) = (lane(1, 1), lane(2, 1));
    create(&logs, first, 30).await;
    create(&logs, idle, 30).await;
    append(&logs, message(idle, None, 300))
        .await
        .expect("stored");
    append(&logs, commit(first, None, 2)).await.expect("stored");
    append(&logs, message(lane(1, 2), None, 300))
        .await
        .expect("stored");
    for _ in 0..2 {
        logs.sweep(in_days(31)).await.expect("swept");
    }
    let refusal = seqs(&logs, first, 1).await.expect_err("dead");
    assert_eq!(refusal.code(), Code::LaneUnknown);
    assert_eq!(seqs(&logs, lane(1, 2), 1).await, Ok(vec![]));
    let next = append(&logs, message(idle, None, 300))
        .await
        .expect("stored");
    assert_eq!(next.0, 2, "a group that was silent for a month goes on");
    logs.close().await;
}

#[tokio::test]
async fn what_was_pruned_is_not_in_the_files() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let key = lane(1, 1);
    create(&logs, key, 1).await;
    let marker = b"a marker that nobody else writes";
    let mut entry = message(key, None, 0);
    entry.payload = Bytes::from_static(marker);
    append(&logs, entry).await.expect("stored");
    let found = || {
        let files = std::fs::read_dir(dir.path()).expect("listed");
        files
            .map(|file| std::fs::read(file.expect("listed").path()).expect("read"))
            .any(|bytes| bytes.windows(marker.len()).any(|part| part == marker))
    };
    assert!(found());
    logs.sweep(in_days(2)).await.expect("swept");
    assert!(!found());
    logs.close().await;
}

#[tokio::test]
async fn a_full_store_refuses_and_recovers_when_there_is_space() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, heard) = open(dir.path(), 1).await;
    let key = lane(1, 1);
    create(&logs, key, 1).await;
    let mut stored = 0;
    let refusal = loop {
        match append(&logs, message(key, None, 100_000)).await {
            Ok((seq, _)) => {
                stored += 1;
                assert_eq!(seq, stored);
            }
            Err(refusal) => break refusal,
        }
    };
    assert_eq!(refusal.code(), Code::StorageFull);
    assert!(stored > 3);
    assert_eq!(heard.0.lock().expect("lock").len() as u64, stored);
    assert_eq!(
        seqs(&logs, key, 0).await.expect("read").len() as u64,
        stored
    );
    logs.sweep(in_days(2)).await.expect("swept");
    let next = append(&logs, message(key, None, 100_000))
        .await
        .expect("space");
    assert_eq!(next.0, stored + 1);
    logs.close().await;
}

#[tokio::test]
async fn a_batch_with_everything_in_it_is_decided_in_order() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, heard) = open(dir.path(), 0).await;
    let key = lane(1, 1);
    create(&logs, key, 30).await;
    let (done, mut answers) = mpsc::unbounded_channel();
    let first = commit(key, None, 2);
    let after = message(key, Some(first.entry_id), 300);
    let child = message(lane(1, 2), None, 300);
    // All handed over before the writer gets to run: one batch.
    for entry in [
        message(key, None, 300),
        first.clone(),
        message(key, None, 300),
        first,
        child.clone(),
        child,
        after,
    ] {
        let done = done.clone();
        let answer = move |appended: Answer<Appended>| {
            let told = match appended {
                Ok(Appended::At { seq, state, .. }) => (seq, state.used_branches.len()),
                Ok(Appended::StaleHead) => (0, 0),
                Err(refusal) => panic!("{:?}", refusal.code()),
            };
            done.send(told).expect("heard");
        };
        logs.append(entry, Box::new(answer));
    }
    let mut told = Vec::new();
    for _ in 0..7 {
        told.push(answers.recv().await.expect("answered"));
    }
    let expected = [(1, 0), (2, 0), (0, 0), (2, 0), (1, 0), (1, 0), (3, 1)];
    assert_eq!(told, expected);
    let child = (lane(1, 2), 1);
    let heard = heard.0.lock().expect("lock").clone();
    assert!(heard == [(key, 1), (key, 2), (key, 3), child]);
    logs.close().await;
}

#[tokio::test]
async fn after_closing_nothing_is_taken() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    create(&logs, lane(1, 1), 30).await;
    logs.close().await;
    let refusal = append(&logs, message(lane(1, 1), None, 300))
        .await
        .expect_err("closed");
    assert_eq!(refusal.code(), Code::Unavailable);
    assert!(logs.check().await.is_err());
}
