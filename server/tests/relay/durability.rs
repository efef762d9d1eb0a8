//! What was acknowledged is there, whatever happens to the process or the disk.

use std::time::Duration;

use rand::RngExt;
use sealwire_protocol::frame::{Append, ClientBody, ServerBody};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;

use crate::support::{Lane, Person, Relay, RelayBuilder, Socket, mls};

/// Appends without waiting until the connection breaks; what was acknowledged.
async fn write_until_killed(mut socket: Socket, lane: Lane) -> Vec<(u64, Append)> {
    let (mut acknowledged, mut asked) = (Vec::new(), std::collections::HashMap::new());
    loop {
        while asked.len() < 16 {
            let append = lane.message(rand::rng().random());
            let number = socket
                .start_or_fail(ClientBody::Append(append.clone()))
                .await;
            let Some(number) = number else {
                return acknowledged;
            };
            asked.insert(number, append);
        }
        match socket.receive().await {
            Some(Ok(frame)) => match frame.body {
                Some(ServerBody::Appended(appended)) => {
                    let append = asked.remove(&frame.request).expect("asked");
                    acknowledged.push((appended.seq, append));
                }
                other => panic!("not appended: {other:?}"),
            },
            Some(Err(_)) | None => return acknowledged,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_loses_nothing_that_was_acknowledged() {
    let mut relay = Relay::new();
    let lane = Lane::new();
    relay.socket().await.create(&lane).await;
    let mut all: Vec<(u64, Append)> = Vec::new();
    for round in 0..6 {
        let mut writers = Vec::new();
        for _ in 0..4 {
            let socket = relay.socket().await;
            writers.push(tokio::spawn(write_until_killed(socket, lane.clone())));
        }
        let wait = rand::rng().random_range(20..400);
        tokio::time::sleep(Duration::from_millis(wait)).await;
        relay.kill();
        for writer in writers {
            all.extend(writer.await.expect("ended"));
        }
        relay.start();
        let mut socket = relay.socket().await;
        let mut stored = Vec::new();
        loop {
            let page = socket.fetch(&lane, stored.len() as u64, 256).await;
            for entry in page.entries {
                assert_eq!(entry.seq, stored.len() as u64 + 1, "a gap in round {round}");
                stored.push(entry);
            }
            if stored.len() as u64 == page.state.expect("state").newest {
                break;
            }
        }
        for (seq, append) in &all {
            let entry = &stored[usize::try_from(seq - 1).expect("fits")];
            assert_eq!(
                (&entry.entry_id, &entry.payload),
                (&append.entry_id, &append.payload)
            );
        }
        // A repeat after the crash finds the first.
        if let Some((seq, append)) = all.last() {
            assert_eq!(socket.append(append).await.seq, *seq);
        }
    }
    assert!(!all.is_empty());
}

#[tokio::test]
async fn lanes_and_their_heads_survive_a_restart() {
    let mut relay = Relay::new();
    let lane = Lane::new();
    let child = lane.child([2; 32]);
    let mut alice = relay.socket().await;
    let incarnation = alice.create(&lane).await;
    let commit = lane.commit(1, &child);
    alice.append(&commit).await;
    alice.append(&child.message(1)).await;
    assert!(relay.terminate().success());
    relay.start();
    let mut alice = relay.socket().await;
    assert_eq!(alice.create(&lane).await, incarnation);
    let missed = alice.stale(&lane.message(2)).await;
    assert_eq!(missed.entries[0].entry_id, commit.entry_id);
    assert_eq!(
        missed.state.expect("state").used_branches,
        [commit.entry_id]
    );
    assert_eq!(alice.append(&child.message(2)).await.seq, 2);
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_lost() {
    let mut relay = RelayBuilder::new()
        .section("[storage]\ngroup_database_mib = 2")
        .start();
    let lane = Lane::new();
    let mut alice = relay.socket().await;
    alice.create(&lane).await;
    let payload = mls::private_message(&lane.log, EntryKind::Application, 1, 100 * 1024);
    let message = || Append {
        payload: payload.clone(),
        ..lane.message(1)
    };
    let mut stored = Vec::new();
    let refused = loop {
        let append = message();
        match alice.ask(ClientBody::Append(append.clone())).await {
            Ok(ServerBody::Appended(appended)) => {
                stored.push(append);
                assert_eq!(appended.seq, stored.len() as u64);
            }
            Err((code, _)) => {
                assert_eq!(code, Code::StorageFull);
                break append;
            }
            other => panic!("unexpected: {other:?}"),
        }
        assert!(stored.len() < 100, "the bound does not bind");
    };
    assert!(stored.len() > 5);
    let state = alice.fetch(&lane, 0, 1).await.state.expect("state");
    assert_eq!(
        state.newest,
        stored.len() as u64,
        "nothing of what was refused is there"
    );
    // With space the same bytes are taken, as the next.
    assert!(relay.terminate().success());
    let config = std::fs::read_to_string(relay.config_file()).expect("config");
    std::fs::write(relay.config_file(), config.replace("_mib = 2", "_mib = 50")).expect("written");
    relay.start();
    let mut alice = relay.socket().await;
    assert_eq!(alice.append(&refused).await.seq, stored.len() as u64 + 1);
}

#[tokio::test]
async fn enrolments_survive_kill_9() {
    let mut relay = Relay::new();
    let (alice, token) = relay.alice().await;
    relay.kill();
    relay.start();
    assert!(relay.owner_link().is_none(), "there is an owner");
    let me: sealwire_protocol::account::Me = relay.get("me", Some(&token)).await.expect("me");
    assert_eq!(me.handle, alice.handle.as_str());
    alice.sign_in(&relay).await.expect("signed in");
    let bob = Person::new("bob@acme");
    assert!(bob.sign_in(&relay).await.is_err());
}
