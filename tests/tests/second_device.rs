//! Alice's laptop: a second device of her account, and her leaving with all of them.

use sealwire_core::api::{ConversationState, DeviceId, OrgRole, RevisionInfo};
use sealwire_core::{Client, DeviceLink};
use sealwire_tests::person::{EASY, Person, one_epoch, passphrase, quick};
use sealwire_tests::{PATIENCE, Stage, until};

/// Links a further device to `owner`'s account and starts it.
async fn link_laptop(stage: &Stage, owner: &Person) -> Person {
    let text = owner.device_link().await.expect("a device link");
    let link = DeviceLink::parse(&text).expect("a good device link");
    let dir = stage.homes().join(format!("{}-laptop", owner.name()));
    let laptop = Client::link(&dir, &passphrase(), &link, EASY, quick(), PATIENCE).await;
    let laptop = laptop.expect("a linked laptop");
    let laptop = Person::begin(owner.name(), dir, quick(), laptop).await;
    laptop.expect("a laptop that works")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_linked_laptop_reads_and_writes() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    alice.says(&chat, "before the laptop").await;

    // Alice links her laptop; it asks for its seat and gets it.
    let laptop = link_laptop(&stage, &alice).await;
    laptop.is_in(&chat).await;
    one_epoch(&[&alice, &bob, &laptop], &chat).await;
    let devices = alice.devices().await.expect("two");
    assert_eq!(devices.len(), 2);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now_s = now.expect("after 1970").as_secs();
    for device in devices {
        let ago = now_s.saturating_sub(device.linked_at_s);
        assert!(device.linked_at_s <= now_s && ago < 3_600, "{device:?}");
    }

    // What is said from now on reaches both of her devices, and both speak as Alice.
    bob.says(&chat, "welcome, laptop").await;
    alice.hears(&chat, "welcome, laptop").await;
    laptop.hears(&chat, "welcome, laptop").await;
    laptop.says(&chat, "typed on the laptop").await;
    for person in [&alice, &bob] {
        person.hears(&chat, "typed on the laptop").await;
    }
    // Everybody can tell from which of them, and in which epoch.
    let epoch = alice.epoch(&chat).await;
    for (person, text, device) in [
        (&bob, "typed on the laptop", &laptop),
        (&laptop, "typed on the laptop", &laptop),
        (&alice, "before the laptop", &alice),
        (&alice, "welcome, laptop", &bob),
    ] {
        let lines = person.newest_messages(&chat, 50).await.expect("lines");
        let line = lines.iter().find(|line| line.text == text).expect(text);
        let sent = person.sent_from(&chat, &line.id).await.expect("an answer");
        let sent = sent.expect("it was sent");
        assert_eq!(sent.device, Some(device.account().device), "{text}");
        assert_eq!(sent.epoch == epoch, text != "before the laptop", "{sent:?}");
    }
    let history = alice.history(&chat).await;
    let last = history.last().expect("a message");
    assert_eq!(last.sender, alice.handle().to_string());

    // Before its time the laptop has read nothing.
    let read = laptop.history(&chat).await;
    assert!(
        read.iter().all(|line| line.text != "before the laptop"),
        "{read:?}"
    );

    // Bob sees one Alice with two devices.
    let members = bob.members(&chat).await.expect("members");
    let seen = members
        .iter()
        .find(|member| member.handle == alice.handle().to_string());
    assert_eq!(seen.expect("Alice").devices, 2);
    assert_eq!(members.len(), 2);
    alice.is_told("A device was linked to your account").await;
}

/// Alice corrects the same message on both of her devices at the same moment, ten times. Fails if
/// any two devices show another text at the end, or if a correction is missing in its history.
#[tokio::test(flavor = "multi_thread")]
async fn both_devices_edit_at_the_same_moment() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let laptop = link_laptop(&stage, &alice).await;
    laptop.is_in(&chat).await;
    one_epoch(&[&alice, &bob, &laptop], &chat).await;
    let id = alice.says(&chat, "pizza?").await.id;
    for person in [&bob, &laptop] {
        person.hears(&chat, "pizza?").await;
    }

    for round in 0..10 {
        let (phones, laptops) = (format!("phone {round}"), format!("laptop {round}"));
        let (one, other) = tokio::join!(
            alice.edit(&chat, &id, &phones),
            laptop.edit(&chat, &id, &laptops)
        );
        one.expect("queued");
        other.expect("queued");
    }
    alice.settles().await;
    laptop.settles().await;
    bob.says(&chat, "make up your mind").await;
    for person in [&alice, &laptop] {
        person.hears(&chat, "make up your mind").await;
    }

    let seen = bob.message(&chat, &id).await.expect("there").text;
    let texts = bob.revisions(&chat, &id).await.expect("texts");
    assert_eq!(texts.len(), 21, "{texts:?}");
    assert_eq!(texts.last().expect("a text").text, seen);
    for person in [&alice, &laptop] {
        let message = person.message(&chat, &id).await.expect("there");
        assert_eq!(message.text, seen);
        let history = person.revisions(&chat, &id).await.expect("texts");
        let words = |revisions: &[RevisionInfo]| -> Vec<String> {
            revisions.iter().map(|one| one.text.clone()).collect()
        };
        assert_eq!(words(&history), words(&texts));
    }
}

/// Alice's laptop was stolen. She withdraws it on her phone; it is taken out, though she stays, and
/// nobody lets it in again. Fails if it reads what is written then.
#[tokio::test(flavor = "multi_thread")]
async fn a_withdrawn_laptop_is_taken_out() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    let laptop = link_laptop(&stage, &alice).await;
    laptop.is_in(&chat).await;

    let device = DeviceId::from_hex(&laptop.account().device).expect("an id");
    alice.revoke_device(&device).await.expect("withdrawn");
    until("one device of Alice", async || {
        let members = bob.members(&chat).await.expect("members");
        let seen = members
            .iter()
            .find(|member| member.handle == alice.handle().to_string());
        match seen.expect("Alice").devices {
            1 => Ok(()),
            more => Err(format!("{more} devices")),
        }
    })
    .await;
    bob.says(&chat, "after the theft").await;
    alice.hears(&chat, "after the theft").await;
    let state = laptop.conversation(&chat).await.expect("listed").state;
    assert_eq!(state, ConversationState::Rejoining);
    let read = laptop.history(&chat).await;
    assert!(
        read.iter().all(|line| line.text != "after the theft"),
        "{read:?}"
    );
    let told = bob.newest_messages(&chat, 50).await.expect("lines");
    assert!(
        told.iter()
            .any(|line| line.text.contains("took out a device of")),
        "{told:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_leaves_goes_with_all_devices() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    let laptop = link_laptop(&stage, &bob).await;
    laptop.is_in(&chat).await;

    // Bob leaves on his phone; somebody who may, takes out both of his devices.
    bob.leave(&chat).await.expect("a request to leave");
    bob.is_out_of(&chat).await;
    laptop.is_out_of(&chat).await;
    alice.says(&chat, "Bob is gone").await;
    carol.hears(&chat, "Bob is gone").await;
    let members = carol.members(&chat).await.expect("members");
    assert!(
        members
            .iter()
            .all(|member| member.handle != bob.handle().to_string())
    );
    for device in [&bob, &laptop] {
        let refused = device
            .send(&chat, "still here?")
            .await
            .expect_err("he has left");
        assert_eq!(refused.code, "not_a_member");
        assert!(!refused.hint.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_owner_cannot_leave() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, _carol) = stage.alice_bob_carol().await;
    assert_eq!(
        alice.organisation_role().await.expect("a role"),
        OrgRole::OrgOwner
    );
    let chat = alice.founds("Lunch", &[&bob]).await;

    // Alice is the only owner, and nobody else could take her out.
    let refused = alice.leave(&chat).await.expect_err("the last owner");
    assert_eq!(refused.code, "last_owner");

    // With a second owner she can go.
    let change = alice
        .set_role(&chat, &bob.handle(), "owner")
        .await
        .expect("a wish");
    alice.made(change).await;
    alice.leave(&chat).await.expect("a request to leave");
    alice.is_out_of(&chat).await;
    bob.says(&chat, "alone").await;
}
