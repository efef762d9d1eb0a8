//! Inboxes: posted on one plane, read on the other.

use std::time::{Duration, Instant};

use bytes::Bytes;
use reqwest::Method;
use sealwire_protocol::account::{Inbox, InboxAck, OrgRole};
use sealwire_protocol::frame::InboxPost;
use sealwire_protocol::limits::ENVELOPE;
use sealwire_protocol::problem::Code;

use crate::support::{Person, Refused, Relay, RelayBuilder};

async fn post(relay: &Relay, to: &Person, envelope: Vec<u8>) -> Result<(), Refused> {
    let body = InboxPost {
        device: Bytes::copy_from_slice(to.device().as_bytes()),
        envelope: envelope.into(),
    };
    relay.post("inbox", &body).await
}

async fn read(relay: &Relay, token: &str, after: u64, wait: u64) -> Vec<(u64, u8)> {
    let path = format!("inbox?after={after}&wait={wait}");
    let inbox: Inbox = relay.get(&path, Some(token)).await.expect("read");
    let item = |item: sealwire_protocol::account::InboxItem| {
        assert_eq!(item.envelope.0.len(), ENVELOPE);
        (item.id, item.envelope.0[0])
    };
    inbox.items.into_iter().map(item).collect()
}

fn envelope(fill: u8) -> Vec<u8> {
    vec![fill; ENVELOPE]
}

#[tokio::test]
async fn envelopes_wait_in_order_until_acknowledged() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    for fill in [1, 2, 2, 3] {
        post(&relay, &alice, envelope(fill)).await.expect("posted");
    }
    let items = read(&relay, &token, 0, 0).await;
    let fills: Vec<_> = items.iter().map(|item| item.1).collect();
    assert_eq!(fills, [1, 2, 3], "the same envelope is stored once");
    assert!(items.is_sorted());
    assert_eq!(read(&relay, &token, items[0].0, 0).await, items[1..]);
    let ack = InboxAck {
        ids: vec![items[0].0, items[2].0],
    };
    for _ in 0..2 {
        let done = relay
            .tell(Method::POST, "inbox/ack", Some(&token), &ack)
            .await;
        assert_eq!(done.expect("acknowledged"), 204);
    }
    assert_eq!(read(&relay, &token, 0, 0).await, items[1..2]);
    // The number of an envelope that is gone is not used again.
    post(&relay, &alice, envelope(4)).await.expect("posted");
    let newest = read(&relay, &token, 0, 0)
        .await
        .last()
        .copied()
        .expect("posted");
    assert!(newest.0 > items[2].0);
}

#[tokio::test]
async fn a_long_poll_ends_with_the_envelope() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let start = Instant::now();
    let later = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        post(&relay, &alice, envelope(5)).await.expect("posted");
    };
    let (items, ()) = tokio::join!(read(&relay, &token, 0, 20), later);
    assert_eq!(items.len(), 1);
    let waited = start.elapsed();
    assert!(
        waited > Duration::from_millis(250) && waited < Duration::from_secs(10),
        "{waited:?}"
    );
    let start = Instant::now();
    assert!(read(&relay, &token, items[0].0, 1).await.is_empty());
    assert!(start.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn an_inbox_is_bounded_and_nobody_elses() {
    let relay = RelayBuilder::new().limit("inbox_envelopes", 3).start();
    let (alice, token) = relay.alice().await;
    let (bob, bobs) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    for fill in 0..3 {
        post(&relay, &alice, envelope(fill)).await.expect("posted");
    }
    let refused = post(&relay, &alice, envelope(9)).await.expect_err("full");
    assert_eq!(refused.code, Code::InboxFull);
    post(&relay, &alice, envelope(2))
        .await
        .expect("a repeat needs no room");
    post(&relay, &bob, envelope(9))
        .await
        .expect("his own bound");
    let items = read(&relay, &token, 0, 0).await;
    let ack = InboxAck {
        ids: items.iter().map(|item| item.0).collect(),
    };
    relay
        .tell(Method::POST, "inbox/ack", Some(&bobs), &ack)
        .await
        .expect("nothing of his");
    assert_eq!(read(&relay, &token, 0, 0).await.len(), 3, "still there");
    relay
        .tell(Method::POST, "inbox/ack", Some(&token), &ack)
        .await
        .expect("hers");
    post(&relay, &alice, envelope(9)).await.expect("room again");
}

#[tokio::test]
async fn envelopes_of_another_size_and_for_nobody_are_refused() {
    let relay = Relay::new();
    let (alice, _) = relay.alice().await;
    for len in [0, ENVELOPE - 1, ENVELOPE + 1] {
        let refused = post(&relay, &alice, vec![1; len]).await.expect_err("size");
        assert_eq!(refused.code, Code::Grammar);
    }
    let carol = Person::new("carol@acme");
    let refused = post(&relay, &carol, envelope(1))
        .await
        .expect_err("unknown");
    assert_eq!(refused.code, Code::DeviceUnknown);
    // Truncated, and with something behind.
    let good = prost::Message::encode_to_vec(&InboxPost {
        device: Bytes::copy_from_slice(alice.device().as_bytes()),
        envelope: envelope(1).into(),
    });
    for body in [
        good[..100].to_vec(),
        [&good[..], &[0xff]].concat(),
        Vec::new(),
    ] {
        let refused = relay
            .post_bytes::<()>("inbox", body)
            .await
            .expect_err("form");
        assert_eq!(refused.code, Code::Malformed);
    }
}
