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

/// A group that went on from lane to lane: `1` to `last`, one message and one commit in each but
/// the last, which has a message.
async fn moved_on(logs: &SqliteLogs, last: u8) -> Vec<EntryId> {
    create(logs, lane(1, 1), 30).await;
    let mut commits = Vec::new();
    for at in 1..=last {
        let said = message(lane(1, at), None, 300);
        append(logs, said).await.expect("stored");
        if at < last {
            let moved = commit(lane(1, at), None, at + 1);
            commits.push(moved.entry_id);
            append(logs, moved).await.expect("stored");
        }
    }
    commits
}

#[tokio::test]
async fn what_goes_is_counted_and_the_operator_may_keep_less() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (mut logs, _) = open(dir.path(), 0).await;
    let key = lane(1, 1);
    create(&logs, key, 30).await;
    for len in [300, 500] {
        append(&logs, message(key, None, len))
            .await
            .expect("stored");
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
async fn a_device_that_was_away_for_a_year_is_told_that_it_missed_something() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let commits = moved_on(&logs, 4).await;
    for days in [31, 399] {
        logs.sweep(in_days(days)).await.expect("swept");
        for at in 1..=3 {
            let left = lane(1, at);
            // Bob had read the message, and not the commit after it.
            let refusal = seqs(&logs, left, 1).await.expect_err("pruned");
            assert_eq!(refusal.code(), Code::Pruned);
            let mut said = message(left, None, 300);
            said.cursor = 1;
            let refusal = append(&logs, said).await.expect_err("pruned");
            assert_eq!(refusal.code(), Code::Pruned);
            // Carol had read the commit too, and refused it: she learns that others did not.
            let page = logs.read(left, 2, ALL).await.expect("at the end");
            assert_eq!((page.state.floor, page.state.newest), (2, 2));
            let commit = commits[usize::from(at) - 1];
            assert_eq!(page.state.used_branches, [commit.as_bytes().as_slice()]);
        }
    }
    logs.close().await;
}

#[tokio::test]
async fn an_answer_lost_a_month_ago_does_not_store_a_message_twice() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let key = lane(1, 1);
    create(&logs, key, 30).await;
    let said = message(key, None, 300);
    append(&logs, said.clone()).await.expect("stored");
    logs.sweep(in_days(31)).await.expect("swept");
    let refusal = append(&logs, said).await.expect_err("pruned");
    assert_eq!(refusal.code(), Code::Pruned);
    logs.close().await;
}

#[tokio::test]
async fn lanes_that_everybody_left_die_after_four_hundred_days_and_others_stay() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    moved_on(&logs, 3).await;
    let idle = lane(2, 1);
    create(&logs, idle, 30).await;
    append(&logs, message(idle, None, 300))
        .await
        .expect("stored");
    for _ in 0..2 {
        logs.sweep(in_days(401)).await.expect("swept");
    }
    for left in [lane(1, 1), lane(1, 2)] {
        let refusal = seqs(&logs, left, 2).await.expect_err("dead");
        assert_eq!(refusal.code(), Code::LaneUnknown);
    }
    assert_eq!(seqs(&logs, lane(1, 3), 1).await, Ok(vec![]));
    let mut again = message(idle, None, 300);
    again.cursor = 1;
    let next = append(&logs, again).await.expect("stored");
    assert_eq!(next.0, 2, "a group that was silent for a year goes on");
    logs.close().await;
}

#[tokio::test]
async fn a_lane_outlives_the_one_it_came_from() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    let commits = moved_on(&logs, 3).await;
    // Mallory was removed, and goes on writing where nobody reads.
    let mut said = message(lane(1, 1), Some(commits[0]), 300);
    said.cursor = 2;
    append(&logs, said).await.expect("stored");
    let file = connection(&dir.path().join("groups.db"));
    let mut db = file.connect().await.expect("opened");
    sqlx::query("UPDATE lanes SET touched_at = touched_at + ? WHERE lane = ?")
        .bind(i64::try_from(2 * DAY_MS).expect("days"))
        .bind([1_u8; 32].as_slice())
        .execute(&mut db)
        .await
        .expect("two days later");
    for _ in 0..2 {
        logs.sweep(in_days(401)).await.expect("swept");
    }
    let page = logs.read(lane(1, 1), 3, ALL).await.expect("still there");
    assert_eq!(
        page.state.used_branches,
        [commits[0].as_bytes().as_slice()],
        "what tells of the split stays as long as somebody may ask"
    );
    logs.sweep(in_days(403)).await.expect("swept");
    for left in [lane(1, 1), lane(1, 2)] {
        let refusal = seqs(&logs, left, 3).await.expect_err("dead");
        assert_eq!(refusal.code(), Code::LaneUnknown);
    }
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
    let mut next = message(key, None, 100_000);
    next.cursor = stored;
    let next = append(&logs, next).await.expect("space");
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
async fn a_large_batch_is_stored_whole() {
    let dir = tempfile::tempdir().expect("temporary directory");
    let (logs, _) = open(dir.path(), 0).await;
    for log in 1..=23 {
        create(&logs, lane(log, 1), 30).await;
    }
    let (done, mut answers) = mpsc::unbounded_channel();
    for _ in 0..9 {
        for log in 1..=23 {
            let done = done.clone();
            let answer = move |appended: Answer<Appended>| {
                done.send(appended.is_ok()).expect("heard");
            };
            logs.append(message(lane(log, 1), None, 300), Box::new(answer));
        }
    }
    for _ in 0..9 * 23 {
        assert_eq!(answers.recv().await, Some(true));
    }
    logs.close().await;
    let (logs, _) = open(dir.path(), 0).await;
    for log in 1..=23 {
        let stored = seqs(&logs, lane(log, 1), 0).await;
        assert_eq!(stored, Ok((1..=9).collect()));
    }
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
