//! Logs, lanes and entries: the semantics of docs/protocol.md over a real socket.

use bytes::Bytes;
use prost::Message as _;
use sealwire_protocol::frame::{self, ClientBody, ClientFrame, CreateLog, ServerBody, Unsubscribe};
use sealwire_protocol::ids::{EntryId, LogId};
use sealwire_protocol::limits::MAX_ENTRY;
use sealwire_protocol::log::EntryKind;
use sealwire_protocol::problem::Code;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{
    Lane, Relay, RelayBuilder, Socket, append_of, create_of, fetch_of, mls, subscribe_of,
};

async fn start() -> (Relay, Socket, Lane) {
    let relay = Relay::new();
    let mut socket = relay.socket().await;
    let lane = Lane::new();
    socket.create(&lane).await;
    (relay, socket, lane)
}

fn id_of(entry_id: &Bytes) -> EntryId {
    EntryId::from_slice(entry_id).expect("16 bytes")
}

#[tokio::test]
async fn entries_stand_in_one_order_without_gaps() {
    let (relay, mut alice, lane) = start().await;
    let mut bob = relay.socket().await;
    let mut sent = Vec::new();
    for round in 0..5 {
        for socket in [&mut alice, &mut bob] {
            let message = lane.message(round);
            let appended = socket.append(&message).await;
            sent.push(message);
            assert_eq!(appended.seq, sent.len() as u64);
            assert_eq!(appended.lane.newest, appended.seq);
        }
    }
    let fetched = alice.fetch(&lane, 0, 256).await;
    assert_eq!(fetched.lane, lane.id().as_bytes().as_slice());
    let state = fetched.state.expect("a state");
    assert_eq!((state.floor, state.newest), (0, 10));
    assert!(state.used_branches.is_empty());
    for (entry, sent) in fetched.entries.iter().zip(&sent) {
        assert_eq!(
            (&entry.entry_id, &entry.payload),
            (&sent.entry_id, &sent.payload)
        );
        assert_eq!(entry.kind, EntryKind::Application as u32);
        assert!(entry.next.is_empty() && entry.received_at > 0);
    }
    assert_eq!(fetched.entries.len(), 10);
    let page = bob.fetch(&lane, 4, 3).await;
    let seqs: Vec<_> = page.entries.iter().map(|entry| entry.seq).collect();
    assert_eq!(seqs, [5, 6, 7]);
}

#[tokio::test]
async fn creating_a_log_twice_is_the_same_log() {
    let (_relay, mut alice, lane) = start().await;
    let first = alice.create(&lane).await;
    assert_eq!(alice.create(&lane).await, first);
    let mut other = lane.clone();
    other.pass = [9; 32];
    assert_eq!(alice.refused(create_of(&other)).await, Code::LogExists);
    for days in [0, 31] {
        let body = ClientBody::Create(CreateLog {
            log: vec![1; 32].into(),
            lane: vec![2; 32].into(),
            retention_days: days,
        });
        assert_eq!(alice.refused(body).await, Code::Malformed);
    }
}

#[tokio::test]
async fn a_repeat_gets_the_first_seq_whatever_came_after() {
    let (relay, mut alice, mut lane) = start().await;
    let message = lane.message(1);
    let first = alice.append(&message).await;
    let commit = lane.commit(2, &lane.child([2; 32]));
    alice.append(&commit).await;
    // Its head is stale by now, but it was accepted before.
    let mut bob = relay.socket().await;
    let again = bob.append(&message).await;
    assert_eq!(
        (again.seq, again.received_at),
        (first.seq, first.received_at)
    );
    assert_eq!(bob.append(&commit).await.seq, 2);

    lane.head = Some(id_of(&commit.entry_id));
    let mut other = message.clone();
    other.payload = mls::private_message(&lane.log, EntryKind::Application, 9, 256);
    assert_eq!(alice.append_refused(&other).await, Code::EntryConflict);
    let mut other = commit.clone();
    other.next = Bytes::copy_from_slice(&[5; 32]);
    assert_eq!(alice.append_refused(&other).await, Code::EntryConflict);
    let child = lane.child([2; 32]);
    let mut elsewhere = message.clone();
    elsewhere.pass = Bytes::copy_from_slice(&child.pass);
    assert_eq!(alice.append_refused(&elsewhere).await, Code::EntryConflict);
    // The same id in another log is another entry.
    let other = Lane::new();
    alice.create(&other).await;
    let mut same_id = other.message(1);
    same_id.entry_id = message.entry_id.clone();
    assert_eq!(alice.append(&same_id).await.seq, 1);
}

#[tokio::test]
async fn who_missed_a_commit_gets_what_they_lack() {
    let (relay, mut alice, lane) = start().await;
    let mut bob = relay.socket().await;
    alice.append(&lane.message(1)).await;
    let mut behind = lane.clone();
    behind.cursor = 1;
    let child = lane.child([2; 32]);
    let commit = lane.commit(2, &child);
    alice.append(&commit).await;

    for stale in [behind.commit(3, &lane.child([3; 32])), behind.message(3)] {
        let missed = bob.stale(&stale).await;
        assert_eq!(missed.entries.len(), 1);
        assert_eq!(missed.entries[0].entry_id, commit.entry_id);
        assert_eq!(missed.entries[0].next, child.id().as_bytes().as_slice());
        assert_eq!(missed.state.expect("a state").newest, 2);
        // Nothing was stored, so the same id can still be used.
        let mut now = stale.clone();
        now.head = commit.entry_id.clone();
        now.cursor = 2;
        if stale.kind == EntryKind::Application as u32 {
            assert_eq!(bob.append(&now).await.seq, 3);
        }
    }
    // A head that was never a commit of this lane is stale too.
    let mut invented = lane.clone();
    invented.head = Some(EntryId([7; 16]));
    assert_eq!(bob.stale(&invented.message(4)).await.entries.len(), 3);
}

#[tokio::test]
async fn a_commit_opens_a_lane_and_its_pass_opens_no_other() {
    let (relay, mut alice, lane) = start().await;
    let child = lane.child([2; 32]);
    let commit = lane.commit(1, &child);
    alice.append(&commit).await;
    assert_eq!(alice.append(&child.message(1)).await.seq, 1);
    // Mallory, who was removed, has the old pass only.
    let mut mallory = relay.socket().await;
    let seen = mallory.fetch(&lane, 0, 256).await;
    assert_eq!(seen.entries.len(), 1);
    let mut forged = lane.clone();
    forged.pass = [9; 32];
    let mut nowhere = child.clone();
    nowhere.log = LogId([1; 32]);
    for wrong in [&forged, &nowhere] {
        assert_eq!(
            mallory.refused(fetch_of(wrong, 0, 1)).await,
            Code::LaneUnknown
        );
        assert_eq!(
            mallory.refused(subscribe_of(wrong, 0)).await,
            Code::LaneUnknown
        );
        assert_eq!(
            mallory.append_refused(&wrong.message(1)).await,
            Code::LaneUnknown
        );
    }
    // The lane itself, which others learn from the commit, is not a pass.
    let mut public = child.clone();
    public.pass = child.id().0;
    assert_eq!(
        mallory.refused(fetch_of(&public, 0, 1)).await,
        Code::LaneUnknown
    );
    // The append tells those who stayed behind that the commit's lane is in use.
    let mut stayed = lane.clone();
    stayed.head = Some(id_of(&commit.entry_id));
    stayed.cursor = 1;
    let appended = mallory.append(&stayed.message(3)).await;
    assert_eq!(appended.lane.used_branches, [commit.entry_id]);
}

#[tokio::test]
async fn a_child_lane_has_to_be_new() {
    let (_relay, mut alice, mut lane) = start().await;
    let child = lane.child([2; 32]);
    let first = lane.commit(1, &child);
    alice.append(&first).await;
    lane.head = Some(id_of(&first.entry_id));
    assert_eq!(
        alice.append_refused(&lane.commit(2, &child)).await,
        Code::LaneTaken
    );
    assert_eq!(
        alice.append_refused(&lane.commit(2, &lane)).await,
        Code::LaneTaken
    );
    let rejected = lane.commit(2, &lane.child([3; 32]));
    assert_eq!(
        alice.append(&rejected).await.seq,
        2,
        "a second commit follows a rejected one"
    );
    assert!(
        alice
            .fetch(&lane, 0, 1)
            .await
            .state
            .expect("state")
            .used_branches
            .is_empty()
    );
}

#[tokio::test]
async fn two_commit_at_once_and_one_wins() {
    let (relay, mut alice, lane) = start().await;
    let mut bob = relay.socket().await;
    let (a, b) = (
        lane.commit(1, &lane.child([1; 32])),
        lane.commit(2, &lane.child([2; 32])),
    );
    let asked = tokio::join!(
        alice.ask(ClientBody::Append(a.clone())),
        bob.ask(ClientBody::Append(b.clone()))
    );
    match asked {
        (Ok(ServerBody::Appended(_)), Ok(ServerBody::StaleHead(missed))) => {
            assert_eq!(missed.entries[0].entry_id, a.entry_id);
        }
        (Ok(ServerBody::StaleHead(missed)), Ok(ServerBody::Appended(_))) => {
            assert_eq!(missed.entries[0].entry_id, b.entry_id);
        }
        other => panic!("not one winner: {other:?}"),
    }
}

#[tokio::test]
async fn a_client_ahead_of_the_relay_is_told() {
    let (_relay, mut alice, mut lane) = start().await;
    alice.append(&lane.message(1)).await;
    lane.cursor = 2;
    assert_eq!(alice.append_refused(&lane.message(2)).await, Code::Ahead);
    assert_eq!(alice.refused(fetch_of(&lane, 2, 1)).await, Code::Ahead);
    assert_eq!(alice.refused(subscribe_of(&lane, 2)).await, Code::Ahead);
    assert!(alice.fetch(&lane, 1, 1).await.entries.is_empty());
}

#[tokio::test]
async fn what_is_outside_the_grammar_is_refused() {
    let (_relay, mut alice, lane) = start().await;
    let good = lane.message(1);
    let other = LogId([1; 32]);
    let refusals = [
        (
            "readable",
            Bytes::from_static(b"attack at dawn"),
            Code::Grammar,
        ),
        ("empty", Bytes::new(), Code::Grammar),
        (
            "another group's",
            mls::private_message(&other, EntryKind::Application, 1, 256),
            Code::Grammar,
        ),
        (
            "not padded",
            mls::private_message(&lane.log, EntryKind::Application, 1, 255),
            Code::Grammar,
        ),
        (
            "a commit that says it is a message",
            mls::private_message(&lane.log, EntryKind::Commit, 1, 256),
            Code::Grammar,
        ),
        ("too large", vec![0; MAX_ENTRY + 1].into(), Code::TooLarge),
    ];
    for (what, payload, code) in refusals {
        let append = frame::Append {
            payload,
            ..good.clone()
        };
        assert_eq!(alice.append_refused(&append).await, code, "{what}");
    }
    let child = lane.child([2; 32]);
    let mut no_next = lane.commit(1, &child);
    no_next.next = Bytes::new();
    let mut bad_kind = good.clone();
    bad_kind.kind = 3;
    let mut short_id = good.clone();
    short_id.entry_id = Bytes::from_static(b"short");
    let next = append_of(&lane, EntryKind::Application, 1, Some(child.id()));
    for append in [no_next, bad_kind, short_id, next] {
        assert_eq!(alice.append_refused(&append).await, Code::Malformed);
    }
    assert_eq!(alice.append(&good).await.seq, 1, "the connection goes on");
    let large = mls::private_message(&lane.log, EntryKind::Application, 1, 511 * 1024);
    let append = frame::Append {
        payload: large,
        ..lane.message(1)
    };
    assert_eq!(alice.append(&append).await.seq, 2, "the largest that fits");
}

#[tokio::test]
async fn broken_frames_end_the_connection_and_nothing_else() {
    let (relay, mut alice, lane) = start().await;
    let good = frame::encode(&ClientFrame {
        request: 1,
        body: Some(ClientBody::Append(lane.message(1))),
    });
    let no_request = ClientFrame {
        request: 0,
        body: Some(create_of(&lane)),
    };
    let no_body = ClientFrame {
        request: 1,
        body: None,
    };
    for (what, message) in [
        ("truncated", Message::Binary(good.slice(..good.len() / 2))),
        (
            "trailing",
            Message::Binary([&good[..], &[0]].concat().into()),
        ),
        ("random", Message::Binary(vec![0xab; 1000].into())),
        (
            "no number",
            Message::Binary(no_request.encode_to_vec().into()),
        ),
        ("no body", Message::Binary(no_body.encode_to_vec().into())),
        ("text", Message::Text("hello".into())),
        ("oversize", Message::Binary(vec![0; 2 << 20].into())),
    ] {
        let mut mallory = relay.socket().await;
        // The relay may hang up before it has read everything.
        mallory.try_send(message).await;
        match mallory.receive().await {
            None | Some(Err(_)) => {}
            Some(Ok(frame)) => panic!("{what} was answered: {frame:?}"),
        }
    }
    assert_eq!(
        alice.append(&lane.message(1)).await.seq,
        1,
        "nothing was stored"
    );
}

#[tokio::test]
async fn commits_of_one_group_are_slowed_down() {
    let relay = RelayBuilder::new()
        .limit("commit_burst", 3)
        .limit("commit_interval_ms", 60_000)
        .start();
    let mut alice = relay.socket().await;
    let mut lane = Lane::new();
    alice.create(&lane).await;
    for number in 0..3 {
        let commit = lane.commit(number, &lane.child([number; 32]));
        alice.append(&commit).await;
        assert_eq!(
            alice.append(&commit).await.seq,
            u64::from(number) + 1,
            "repeats are free"
        );
        lane.head = Some(id_of(&commit.entry_id));
    }
    let commit = lane.commit(4, &lane.child([4; 32]));
    let (code, wait) = alice
        .ask(ClientBody::Append(commit))
        .await
        .expect_err("too often");
    assert_eq!(code, Code::CommitRate);
    assert!((50_000..=60_000).contains(&wait), "{wait}");
    alice.append(&lane.message(1)).await;
    let other = Lane::new();
    alice.create(&other).await;
    alice.append(&other.commit(1, &other.child([1; 32]))).await;
}

#[tokio::test]
async fn a_connection_that_asks_too_much_is_told_to_wait() {
    let relay = RelayBuilder::new()
        .limit("frames_per_second", 1)
        .limit("frame_burst", 5)
        .start();
    let mut alice = relay.socket().await;
    let lane = Lane::new();
    alice.create(&lane).await;
    for _ in 0..4 {
        alice.fetch(&lane, 0, 1).await;
    }
    let (code, wait) = alice
        .ask(fetch_of(&lane, 0, 1))
        .await
        .expect_err("too much");
    assert_eq!(code, Code::RateLimited);
    assert!((1..=1000).contains(&wait), "{wait}");
    tokio::time::sleep(std::time::Duration::from_millis(wait + 50)).await;
    alice.fetch(&lane, 0, 1).await;
}

#[tokio::test]
async fn unsubscribing_from_nothing_is_no_error() {
    let (_relay, mut alice, lane) = start().await;
    let body = ClientBody::Unsubscribe(Unsubscribe {
        log: Bytes::copy_from_slice(lane.log.as_bytes()),
        lane: Bytes::copy_from_slice(lane.id().as_bytes()),
    });
    assert!(matches!(
        alice.ask(body).await,
        Ok(ServerBody::Unsubscribed(_))
    ));
}

/// The group plane looks at no account credential, so a wrong one changes nothing.
#[tokio::test]
async fn authorization_is_ignored() {
    let relay = Relay::new();
    let body = frame::KeyPackageRequest {
        device: vec![1; 16].into(),
    };
    let response = relay
        .request(
            reqwest::Method::POST,
            "/group/v1/key-package",
            Some("forged"),
        )
        .body(body.encode_to_vec())
        .send()
        .await
        .expect("sent");
    assert_eq!(response.status(), 404);
}
