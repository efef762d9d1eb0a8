//! Subscriptions: no gap, no repeat, and no patience with those who do not read.

use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sealwire_protocol::frame::{Append, ClientBody, ServerBody, Unsubscribe};
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;

use crate::support::{Lane, Relay, RelayBuilder, mls, subscribe_of};

#[tokio::test]
async fn stored_entries_come_first_and_then_the_new_ones() {
    let relay = Relay::new();
    let (mut alice, mut bob) = (relay.socket().await, relay.socket().await);
    let lane = Lane::new();
    alice.create(&lane).await;
    for fill in 0..300u32 {
        alice.append(&lane.message((fill % 256) as u8)).await;
    }
    let state = bob.subscribe(&lane, 0).await;
    assert_eq!(state.newest, 300);
    let stored = bob.pushed_until(0, 300).await;
    assert_eq!(stored.len(), 300);
    alice.append(&lane.message(7)).await;
    let pushed = bob.pushed().await;
    assert!(pushed.state.is_none());
    assert_eq!(pushed.entries[0].seq, 301);
    // From the middle.
    let mut carol = relay.socket().await;
    carol.subscribe(&lane, 299).await;
    assert_eq!(carol.pushed_until(299, 301).await.len(), 2);
    // Subscribing again starts again.
    carol.subscribe(&lane, 298).await;
    assert_eq!(carol.pushed_until(298, 301).await.len(), 3);
}

#[tokio::test]
async fn after_unsubscribing_nothing_comes() {
    let relay = Relay::new();
    let mut alice = relay.socket().await;
    let (lane, other) = (Lane::new(), Lane::new());
    for lane in [&lane, &other] {
        alice.create(lane).await;
        alice.subscribe(lane, 0).await;
    }
    let body = ClientBody::Unsubscribe(Unsubscribe {
        log: Bytes::copy_from_slice(lane.log.as_bytes()),
        lane: Bytes::copy_from_slice(lane.id().as_bytes()),
    });
    assert!(matches!(
        alice.ask(body).await,
        Ok(ServerBody::Unsubscribed(_))
    ));
    alice.append(&lane.message(1)).await;
    alice.append(&other.message(1)).await;
    let pushed = alice.pushed().await;
    assert_eq!(pushed.lane, other.id().as_bytes().as_slice());
}

#[tokio::test]
async fn subscriptions_of_one_connection_are_bounded() {
    let relay = RelayBuilder::new().limit("subscriptions", 2).start();
    let mut alice = relay.socket().await;
    let lanes = [Lane::new(), Lane::new(), Lane::new()];
    for lane in &lanes {
        alice.create(lane).await;
    }
    alice.subscribe(&lanes[0], 0).await;
    alice.subscribe(&lanes[1], 0).await;
    assert_eq!(
        alice.refused(subscribe_of(&lanes[2], 0)).await,
        Code::TooLarge
    );
    alice.subscribe(&lanes[1], 0).await;
}

/// Writers and subscribers at random moments: everybody sees every entry once, in order.
#[test]
fn no_gap_and_no_repeat_under_concurrent_appends() {
    let runtime = tokio::runtime::Runtime::new().expect("runtime");
    let relay = Relay::new();
    let strategy = (
        1..4usize,
        1..60usize,
        proptest::collection::vec((0..20u64, 0..100u64), 1..6),
        prop_oneof![Just(256usize), Just(16 * 1024)],
    );
    let mut runner = TestRunner::new(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let ran = runner.run(&strategy, |(writers, each, readers, size)| {
        runtime.block_on(interleave(&relay, writers, each, readers, size));
        Ok(())
    });
    ran.expect("no gap and no repeat");
}

async fn interleave(
    relay: &Relay,
    writers: usize,
    each: usize,
    readers: Vec<(u64, u64)>,
    size: usize,
) {
    let lane = Lane::new();
    relay.socket().await.create(&lane).await;
    let total = (writers * each) as u64;
    let write = (0..writers).map(|_| async {
        let mut socket = relay.socket().await;
        let mut asked = Vec::new();
        for _ in 0..each {
            let append = Append {
                payload: mls::private_message(&lane.log, EntryKind::Application, 1, size),
                ..lane.message(1)
            };
            asked.push(socket.start(ClientBody::Append(append)).await);
        }
        let mut seqs = Vec::new();
        for request in asked {
            match socket.answer(request).await {
                Ok(ServerBody::Appended(appended)) => seqs.push(appended.seq),
                other => panic!("not appended: {other:?}"),
            }
        }
        assert!(seqs.is_sorted(), "answers to one connection keep its order");
    });
    let read = readers.iter().map(|&(delay_ms, after)| {
        let lane = &lane;
        async move {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
            let mut socket = relay.socket().await;
            let newest = socket.fetch(lane, 0, 1).await.state.expect("state").newest;
            let after = after.min(newest);
            socket.subscribe(lane, after).await;
            socket.pushed_until(after, total).await;
            // Nothing comes twice, even later.
            socket.fetch(lane, 0, 1).await;
        }
    });
    tokio::join!(
        futures_util::future::join_all(write),
        futures_util::future::join_all(read)
    );
}

#[tokio::test]
async fn who_does_not_read_is_disconnected() {
    let relay = RelayBuilder::new()
        .limit("queue_kib", 1024)
        .section("[timeouts]\nwrite_s = 2")
        .start();
    let (mut alice, mut bob) = (relay.socket().await, relay.socket().await);
    let lane = Lane::new();
    alice.create(&lane).await;
    bob.subscribe(&lane, 0).await;
    let payload = mls::private_message(&lane.log, EntryKind::Application, 1, 500 * 1024);
    // More than the buffers of the system hold, while Bob reads nothing.
    for _ in 0..60 {
        let append = Append {
            payload: payload.clone(),
            ..lane.message(1)
        };
        alice.append(&append).await;
    }
    tokio::time::sleep(Duration::from_secs(3)).await;
    let mut read = 0;
    while let Some(Ok(_)) = bob.receive().await {
        read += 1;
    }
    assert!(read < 60, "{read} frames of 60 came, so nothing was let go");
    // He comes back and misses nothing.
    let mut bob = relay.socket().await;
    bob.subscribe(&lane, read).await;
    assert_eq!(bob.pushed_until(read, 60).await.len() as u64, 60 - read);
}

#[tokio::test]
async fn silence_is_answered_by_a_ping_and_ended() {
    let relay = RelayBuilder::new()
        .section("[timeouts]\nidle_s = 2")
        .start();
    // A TLS connection that never answers pings, because nobody reads it.
    let mut quiet = relay.socket().await;
    let mut lively = relay.socket().await;
    let lane = Lane::new();
    lively.create(&lane).await;
    lively.subscribe(&lane, 0).await;
    let waiting = tokio::time::timeout(Duration::from_secs(4), lively.receive()).await;
    assert!(waiting.is_err(), "who answers pings stays");
    let ended = async { while quiet.receive().await.is_some_and(|got| got.is_ok()) {} };
    tokio::time::timeout(Duration::from_secs(5), ended)
        .await
        .expect("ended");
}
