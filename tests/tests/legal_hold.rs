//! Legal holds: what one keeps is removed by no rule, no timer and nobody, until it is released; and both are
//! attested in the organisation's name.

use std::path::Path;

use sealwire_core::api::{
    ConversationId, HoldInfo, NewHold, Options, OrganisationPolicyChange, Post,
};
use sealwire_core::order_sha256;
use sealwire_tests::person::quick;
use sealwire_tests::{Person, Stage, until};

const HOLD: &str = "matter-17";

fn later(days: u64) -> Options {
    Options {
        passed_s: days * 86_400,
        ..quick()
    }
}

fn order(folder: &Path, text: &str) -> String {
    let path = folder.join("order.txt");
    std::fs::write(&path, text).expect("an order");
    order_sha256(&path).expect("its hash")
}

async fn ten_days(owner: &Person) {
    let change = OrganisationPolicyChange {
        max_message_days: Some(10),
        ..OrganisationPolicyChange::default()
    };
    let published = owner.publish_organisation_policy(change).await;
    published.expect("published");
}

async fn places(owner: &Person, stage: &Stage, accounts: &[&Person]) -> HoldInfo {
    let new = NewHold {
        name: HOLD.into(),
        everyone: accounts.is_empty(),
        accounts: accounts
            .iter()
            .map(|person| person.handle().to_string())
            .collect(),
        order_sha256: order(stage.homes(), "Keep what Bob wrote."),
    };
    owner.place_hold(&new).await.expect("placed")
}

async fn learns(person: &Person) {
    person.fetch_organisation_policy().await.expect("fetched");
}

async fn holds(person: &Person, chat: &ConversationId) -> Vec<String> {
    person.conversation(chat).await.expect("it").holds
}

async fn has(person: &Person, chat: &ConversationId, expected: usize) {
    let what = format!("{} having {expected} messages", person.name());
    until(&what, || async {
        match person.history(chat).await.len() {
            there if there == expected => Ok(()),
            there => Err(format!("{there}")),
        }
    })
    .await;
}

fn disappearing(text: &str) -> Post {
    Post {
        expires_after_s: Some(30),
        ..Post::text(text)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_stays_until_it_is_released() {
    let stage = Stage::set_in_memory().await;
    let mut alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let mut carol = stage.guest(&alice, "carol").await;
    let deal = alice.founds("Deal", &[&bob, &carol]).await;
    let lunch = alice.founds("Lunch", &[&carol]).await;
    ten_days(&alice).await;
    let hold = places(&alice, &stage, &[&bob]).await;
    learns(&bob).await;
    learns(&carol).await;
    assert_eq!(holds(&carol, &deal).await, [HOLD]);
    assert!(holds(&carol, &lunch).await.is_empty());

    // A timer that is over removes what is not held, and only that.
    for chat in [&lunch, &deal] {
        alice.says(chat, "agreed").await;
        alice
            .post(chat, &disappearing("burn this"))
            .await
            .expect("queued");
        carol.hears(chat, "burn this").await;
    }
    alice.settles().await;
    let in_a_minute = Options {
        clock_offset_s: 60,
        ..quick()
    };
    alice.reopen_with(in_a_minute).await;
    alice.is_online().await;
    has(&alice, &lunch, 1).await;
    has(&alice, &deal, 2).await;
    let said = alice.newest_messages(&deal, 1).await.expect("lines");
    let refused = alice.delete_message(&deal, &said[0].id).await;
    assert_eq!(refused.expect_err("held").code, "legal_hold");

    // Whoever is put out sets nothing free, and what comes late is shown.
    let change = alice.remove_member(&deal, &bob.handle()).await;
    alice.made(change.expect("a wish")).await;
    until("Carol knowing that Bob is out", || async {
        match carol.members(&deal).await.expect("members").len() {
            2 => Ok(()),
            there => Err(format!("{there} members")),
        }
    })
    .await;
    assert_eq!(holds(&carol, &deal).await, [HOLD]);
    let new = alice.founds("Deal, continued", &[&bob, &carol]).await;
    assert_eq!(holds(&carol, &new).await, [HOLD]);
    for person in [&mut alice, &mut carol] {
        person.reopen_with(later(20)).await;
        person.is_online().await;
        person.remove_old().await.expect("a look");
    }
    has(&carol, &lunch, 0).await;
    has(&carol, &deal, 2).await;
    alice.says(&deal, "and later").await;
    carol.hears(&deal, "and later").await;

    let name = alice.release_hold("matter-16", &hold.order_sha256).await;
    assert_eq!(name.expect_err("another").code, "unknown_hold");
    let withdrawn = order(stage.homes(), "It is over.");
    let released = alice
        .release_hold(HOLD, &withdrawn)
        .await
        .expect("released");
    assert_eq!((released.scope, released.salt), (hold.scope, hold.salt));
    learns(&carol).await;
    for person in [&alice, &carol] {
        has(person, &deal, 0).await;
        assert!(holds(person, &deal).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_erases_whom_a_hold_names() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let carol = stage.guest(&alice, "carol").await;
    places(&alice, &stage, &[&bob]).await;
    let own = bob.erase_account().await;
    assert_eq!(own.expect_err("held").code, "legal_hold");
    let by_alice = alice.erase_member(&bob.handle()).await;
    assert_eq!(by_alice.expect_err("held").code, "legal_hold");
    carol.erase_account().await.expect("not held");
    alice
        .release_hold(HOLD, &order(stage.homes(), "It is over."))
        .await
        .expect("released");
    bob.erase_account().await.expect("erased");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hold_of_everyone_keeps_what_comes_later_too() {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let plans = alice.founds("Plans", &[&bob]).await;
    places(&alice, &stage, &[]).await;
    learns(&bob).await;
    let lunch = bob.founds("Lunch", &[&alice]).await;
    for chat in [&plans, &lunch] {
        assert_eq!(holds(&alice, chat).await, [HOLD]);
        assert_eq!(holds(&bob, chat).await, [HOLD]);
    }
    // Bob holds no key of the organisation, and a name is there once.
    let again = NewHold {
        name: HOLD.into(),
        everyone: true,
        accounts: Vec::new(),
        order_sha256: order(stage.homes(), "Again."),
    };
    let refused = bob.place_hold(&again).await;
    assert_eq!(
        refused.expect_err("no key").code,
        "organisation_key_elsewhere"
    );
    assert_eq!(
        alice.place_hold(&again).await.expect_err("twice").code,
        "hold_exists"
    );
    let bad = NewHold {
        name: "Matter 18".into(),
        ..again
    };
    assert_eq!(
        alice.place_hold(&bad).await.expect_err("a name").code,
        "bad_hold"
    );
}
