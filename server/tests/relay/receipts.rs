//! Receipts of erasure: what the devices of an erased account say, and what Mallory says for them.

use reqwest::Method;
use sealwire_audit::predicate::{DevicesTold, Erasure};
use sealwire_protocol::account::{Attested, HandedReceipt, NewDevice, OrgRole};
use sealwire_protocol::erasure::{Copies, ErasureReceipt};
use sealwire_protocol::problem::Code;

use crate::registers::said;
use crate::support::{Person, Refused, Relay, now_s};

impl Person {
    fn receipt(&self, of: &Person, copies: Copies) -> HandedReceipt {
        let receipt = ErasureReceipt {
            device: of.device(),
            at_s: now_s(),
            copies,
        };
        HandedReceipt {
            key: self.key.public().as_bytes().into(),
            receipt: receipt.sign(&self.key).into(),
        }
    }
}

impl Relay {
    async fn hand(&self, receipt: &HandedReceipt) -> Result<u16, Refused> {
        let path = "erasure-receipts";
        self.tell(Method::POST, path, None, receipt).await
    }
}

/// Bob with three devices, the third of which he revoked, and whose account is then erased; and the
/// token of the owner.
async fn erased_bob(relay: &Relay) -> ([Person; 3], String) {
    let (_, alice) = relay.alice().await;
    let (phone, token) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let (laptop, lost) = (phone.another_device(), phone.another_device());
    for device in [&laptop, &lost] {
        let new = NewDevice {
            certificate: device.certificate.as_bytes().into(),
        };
        let added = relay.tell(Method::POST, "devices", Some(&token), &new);
        added.await.expect("added");
    }
    let path = format!("devices/{}", lost.device());
    let revocation = phone.revocation(lost.device());
    let revoked = relay.tell(Method::DELETE, &path, Some(&token), &revocation);
    revoked.await.expect("revoked");
    let path = "members/bob@acme/erase";
    let _: Attested = relay
        .ask(Method::POST, path, Some(&alice), &())
        .await
        .expect("erased");
    ([phone, laptop, lost], alice)
}

/// What the statements say of devices: told, confirmed, not heard from.
async fn counted(relay: &Relay) -> Vec<(u64, u64, u64)> {
    let all = said::<Erasure>(relay).await;
    let counts = |(_, one): &(_, Erasure)| {
        let DevicesTold {
            told,
            confirmed,
            not_heard_from,
        } = one.devices;
        (told, confirmed, not_heard_from)
    };
    all.iter().map(counts).collect()
}

async fn rows(relay: &Relay) -> u64 {
    let devices = "UPDATE erased_devices SET answer = answer";
    let erasures = "UPDATE erasures SET due = due";
    relay.sql("account.db", devices).await + relay.sql("account.db", erasures).await
}

#[tokio::test]
async fn each_device_is_told_and_heard_until_all_have_removed_their_copies() {
    let relay = Relay::new();
    let ([phone, laptop, lost], _) = erased_bob(&relay).await;
    assert_eq!(counted(&relay).await, [(2, 0, 2)]);
    for device in [&phone, &laptop] {
        let refused = device.sign_in(&relay).await.expect_err("erased");
        assert_eq!(refused.code, Code::AccountErased);
    }
    let refused = lost.sign_in(&relay).await.expect_err("revoked before");
    assert_eq!(refused.code, Code::DeviceUnknown);

    let (kept, removed) = (
        phone.receipt(&phone, Copies::Kept),
        phone.receipt(&phone, Copies::Removed),
    );
    // The last is a receipt that was under way for long: what is gone does not come back.
    for receipt in [&kept, &kept, &removed, &removed, &kept] {
        assert_eq!(relay.hand(receipt).await.expect("taken"), 204);
    }
    assert_eq!(counted(&relay).await.len(), 1, "one is still waited for");
    let last = laptop.receipt(&laptop, Copies::Removed);
    relay.hand(&last).await.expect("taken");
    let all = said::<Erasure>(&relay).await;
    assert_eq!(counted(&relay).await, [(2, 0, 2), (2, 2, 0)]);
    let (first, second) = (&all[0].1, &all[1].1);
    assert_eq!(first.subject, second.subject);
    assert_eq!(first.removed, second.removed);
    assert_eq!(second.steps.len(), first.steps.len() + 1);

    // Nothing is kept of it, so nothing is waited for.
    assert_eq!(rows(&relay).await, 0);
    for receipt in [&removed, &last] {
        let refused = relay.hand(receipt).await.expect_err("counted already");
        assert_eq!(refused.code, Code::DeviceUnknown);
    }
    let refused = phone.sign_in(&relay).await.expect_err("forgotten");
    assert_eq!(refused.code, Code::DeviceUnknown);
    assert_eq!(counted(&relay).await.len(), 2);
}

#[tokio::test]
async fn who_is_not_heard_from_is_counted_as_that_when_the_time_is_over() {
    let mut relay = Relay::new();
    let ([phone, laptop, _], _) = erased_bob(&relay).await;
    relay
        .hand(&phone.receipt(&phone, Copies::Removed))
        .await
        .expect("taken");
    relay.retention().await;
    assert_eq!(counted(&relay).await.len(), 1, "its time has not come");
    relay.kill();
    relay.start();
    relay
        .sql("account.db", "UPDATE erasures SET due = 1000")
        .await;
    relay.retention().await;
    relay.retention().await;
    assert_eq!(counted(&relay).await, [(2, 0, 2), (2, 1, 1)]);
    assert_eq!(rows(&relay).await, 0);
    let late = laptop.receipt(&laptop, Copies::Removed);
    let refused = relay.hand(&late).await.expect_err("too late");
    assert_eq!(refused.code, Code::DeviceUnknown);
}

#[tokio::test]
async fn a_device_that_knows_and_keeps_its_copies_is_neither_gone_nor_silent() {
    let relay = Relay::new();
    let ([phone, laptop, _], _) = erased_bob(&relay).await;
    for (device, copies) in [(&phone, Copies::Removed), (&laptop, Copies::Kept)] {
        let receipt = device.receipt(device, copies);
        relay.hand(&receipt).await.expect("taken");
    }
    assert_eq!(counted(&relay).await.len(), 1, "the laptop may still go");
    relay
        .sql("account.db", "UPDATE erasures SET due = 1000")
        .await;
    relay.retention().await;
    assert_eq!(counted(&relay).await, [(2, 0, 2), (2, 1, 0)]);
}

#[tokio::test]
async fn mallory_confirms_nothing_for_bob() {
    let relay = Relay::new();
    let ([phone, laptop, lost], alice) = erased_bob(&relay).await;
    let (mallory, _) = relay.join(&alice, "mallory@acme", OrgRole::OrgMember).await;
    let code = async |receipt: &HandedReceipt| relay.hand(receipt).await.expect_err("refused").code;
    // Her own key under his device, his key over what she signed, another device of his for this one.
    let forged = mallory.receipt(&phone, Copies::Removed);
    assert_eq!(code(&forged).await, Code::BadSignature);
    let mut under_his = forged.clone();
    under_his.key = phone.key.public().as_bytes().into();
    assert_eq!(code(&under_his).await, Code::BadSignature);
    let other = laptop.receipt(&phone, Copies::Removed);
    assert_eq!(code(&other).await, Code::BadSignature);
    let mut flipped = phone.receipt(&phone, Copies::Kept);
    flipped.receipt.0[20] ^= 1;
    assert_eq!(code(&flipped).await, Code::BadSignature);
    let short = HandedReceipt {
        key: vec![1; 31].into(),
        receipt: vec![0; 9].into(),
    };
    assert_eq!(code(&short).await, Code::BadSignature);
    // For devices that nobody waits for.
    for of in [&mallory, &lost] {
        let receipt = of.receipt(of, Copies::Removed);
        assert_eq!(code(&receipt).await, Code::DeviceUnknown);
    }
    assert_eq!(counted(&relay).await, [(2, 0, 2)]);
    assert_eq!(rows(&relay).await, 3, "both devices are still waited for");
    let refused = phone.sign_in(&relay).await.expect_err("erased");
    assert_eq!(refused.code, Code::AccountErased);
}
