//! Key packages: stored, taken once, and what is given when they run out.

use bytes::Bytes;
use reqwest::Method;
use sealwire_protocol::account::{B64, KeyPackageCount, KeyPackages, OrgRole};
use sealwire_protocol::frame::{KeyPackageReply, KeyPackageRequest};
use sealwire_protocol::problem::Code;

use crate::support::{Person, Refused, Relay, RelayBuilder, mls};

pub async fn add(
    relay: &Relay,
    token: &str,
    one_time: impl IntoIterator<Item = u8>,
    last_resort: Option<u8>,
) -> Result<KeyPackageCount, Refused> {
    let package = |number, last| B64(mls::key_package(b"certificate", number, last));
    let body = KeyPackages {
        one_time: one_time.into_iter().map(|n| package(n, false)).collect(),
        last_resort: last_resort.map(|n| package(n, true)),
    };
    relay
        .ask(Method::POST, "key-packages", Some(token), &body)
        .await
}

async fn take(relay: &Relay, person: &Person) -> Result<(Bytes, bool), Refused> {
    let request = KeyPackageRequest {
        device: Bytes::copy_from_slice(person.device().as_bytes()),
    };
    let reply: KeyPackageReply = relay.post("key-package", &request).await?;
    Ok((reply.key_package, reply.last_resort))
}

#[tokio::test]
async fn each_is_given_once_and_then_the_last_resort() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let refused = take(&relay, &alice).await.expect_err("none yet");
    assert_eq!(refused.code, Code::NoKeyPackage);
    let count = add(&relay, &token, [1, 2], Some(9)).await.expect("added");
    assert_eq!(
        (count.one_time, count.last_resort, count.last_resort_used),
        (2, true, false)
    );
    let again = add(&relay, &token, [1, 2], None).await.expect("repeated");
    assert_eq!(again.one_time, 2, "a repeat adds nothing");

    for number in [1, 2] {
        let (bytes, last) = take(&relay, &alice).await.expect("one-time");
        assert_eq!(bytes, mls::key_package(b"certificate", number, false));
        assert!(!last);
    }
    for _ in 0..2 {
        let (bytes, last) = take(&relay, &alice).await.expect("last resort");
        assert_eq!(bytes, mls::key_package(b"certificate", 9, true));
        assert!(last);
    }
    let count: KeyPackageCount = relay
        .get("key-packages", Some(&token))
        .await
        .expect("counted");
    assert_eq!((count.one_time, count.last_resort_used), (0, true));
    let repeated = add(&relay, &token, [], Some(9)).await.expect("the same");
    assert!(repeated.last_resort_used);
    let fresh = add(&relay, &token, [], Some(10)).await.expect("a new one");
    assert!(!fresh.last_resort_used);
}

#[tokio::test]
async fn mallory_cannot_drain_alice_in_an_hour() {
    let relay = Relay::new();
    let (alice, token) = relay.alice().await;
    add(&relay, &token, 0..20, Some(99)).await.expect("added");
    let mut last_resorts = 0;
    for _ in 0..15 {
        last_resorts += u32::from(take(&relay, &alice).await.expect("taken").1);
    }
    assert_eq!(last_resorts, 5);
    let count: KeyPackageCount = relay
        .get("key-packages", Some(&token))
        .await
        .expect("counted");
    assert_eq!(count.one_time, 10);
}

#[tokio::test]
async fn many_at_once_get_different_ones() {
    let relay = RelayBuilder::new()
        .limit("one_time_key_packages_per_hour", 100)
        .start();
    let (alice, token) = relay.alice().await;
    add(&relay, &token, 0..40, Some(99)).await.expect("added");
    let taken = futures_util::future::join_all((0..40).map(|_| take(&relay, &alice))).await;
    let mut bytes: Vec<_> = taken
        .into_iter()
        .map(|taken| taken.expect("taken"))
        .filter(|(_, last)| !last)
        .map(|(bytes, _)| bytes)
        .collect();
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), 40);
}

#[tokio::test]
async fn what_is_not_a_key_package_is_refused() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let mut damaged = mls::key_package(b"certificate", 1, false);
    damaged.push(0);
    for bytes in [damaged, b"not MLS".to_vec(), vec![0; 9000]] {
        let body = KeyPackages {
            one_time: vec![B64(bytes)],
            last_resort: None,
        };
        let refused = relay
            .tell(Method::POST, "key-packages", Some(&token), &body)
            .await;
        assert_eq!(refused.expect_err("form").code, Code::Grammar);
    }
    add(&relay, &token, 0..200, None).await.expect("the limit");
    let refused = add(&relay, &token, 200..=200, None)
        .await
        .expect_err("over it");
    assert_eq!(refused.code, Code::TooLarge);
    let count: KeyPackageCount = relay
        .get("key-packages", Some(&token))
        .await
        .expect("counted");
    assert_eq!(count.one_time, 200, "refused as a whole");
}

#[tokio::test]
async fn nothing_is_given_of_suspended_or_unknown_devices() {
    let relay = Relay::new();
    let (_, token) = relay.alice().await;
    let (bob, bobs) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    add(&relay, &bobs, [1], Some(2)).await.expect("added");
    let path = "members/bob@acme/suspend";
    relay
        .tell(Method::POST, path, Some(&token), &())
        .await
        .expect("suspended");
    for device in [&bob, &Person::new("carol@acme")] {
        let refused = take(&relay, device).await.expect_err("unknown");
        assert_eq!(refused.code, Code::DeviceUnknown);
    }
}
