//! Taking an account off a device.

mod common;

use std::sync::Arc;

use common::{App, Memory, PASSPHRASE};
use sealwire_desktop_host::{HostEvent, Own};
use sealwire_tests::{PATIENCE, Stage, until};
use serde_json::{Value, json};

fn with(passphrase: Option<&str>) -> Value {
    json!({ "passphrase": passphrase, "unconfirmed": false })
}

fn without_receipt() -> Value {
    json!({ "passphrase": null, "unconfirmed": true })
}

/// Alice erases Bob's account, and Bob's app hears of it when it is opened anew.
async fn erases(alice: &App, bob: &App, key: Option<&str>) {
    alice
        .does("erase_member", json!({ "handle": "bob@acme" }))
        .await;
    bob.does("lock", json!({})).await;
    bob.does("unlock", json!({ "passphrase": key })).await;
    until("Bob's app hearing of it", || async {
        let state = bob.does("state", json!({})).await;
        (state["erased"] == true)
            .then_some(())
            .ok_or(state.to_string())
    })
    .await;
}

fn is_gone(bob: &App, state: &Value) {
    assert_eq!(
        (&state["phase"], &state["erased"]),
        (&json!("empty"), &json!(false))
    );
    assert!(!bob.profile().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_is_removed_with_a_receipt() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    erases(&alice, &bob, Some(PASSPHRASE)).await;
    // Nothing goes by itself, nor by somebody who does not know the passphrase.
    let wrong = with(Some("something else"));
    assert_eq!(bob.fails("remove_account", wrong).await, "wrong_passphrase");
    assert_eq!(bob.phase().await, "locked");
    let state = bob.does("remove_account", with(Some(PASSPHRASE))).await;
    is_gone(&bob, &state);
    assert_eq!(bob.fails("remove_account", with(None)).await, "no_profile");
}

#[tokio::test(flavor = "multi_thread")]
async fn bob_erases_his_account_and_removes_it_at_once() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    let mut events = bob.host.events();
    bob.does("erase_account", json!({})).await;
    let told = tokio::time::timeout(PATIENCE, async {
        loop {
            let event = events.recv().await.expect("an event");
            if matches!(event, HostEvent::Host(Own::State { state }) if state.erased) {
                return;
            }
        }
    });
    told.await.expect("the window is told");
    // Whoever did not know that the passphrase is needed is asked for it, and not locked out.
    assert_eq!(
        bob.fails("remove_account", with(None)).await,
        "passphrase_needed"
    );
    assert_eq!(bob.phase().await, "open");
    let state = bob.does("remove_account", with(Some(PASSPHRASE))).await;
    is_gone(&bob, &state);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_without_a_receipt_if_the_relay_is_gone() {
    let mut stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    bob.does("erase_account", json!({})).await;
    stage.relay.kill().await;
    bob.fails("remove_account", with(Some(PASSPHRASE))).await;
    // Only the receipt is left, and needs nothing.
    let state = bob.does("state", json!({})).await;
    assert_eq!(
        (&state["phase"], &state["lock"], &state["erased"]),
        (&json!("locked"), &Value::Null, &json!(true))
    );
    let unlock = json!({ "passphrase": null });
    assert_eq!(bob.fails("unlock", unlock).await, "profile_removed");
    let problem = bob.asks("remove_account", with(None)).await;
    assert_eq!(problem.expect_err("no relay").kind, "io");
    let state = bob.does("remove_account", without_receipt()).await;
    is_gone(&bob, &state);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_without_a_receipt_if_its_key_cannot_be_had() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let home = stage.homes().join("bob");
    let bob = App::start_with(&home, Arc::new(Memory::default())).await;
    let link = alice.invitation().await;
    let params = json!({ "link": link, "name": "bob", "lock": { "kind": "keychain" } });
    bob.does("join", params).await;
    erases(&alice, &bob, None).await;
    bob.host.close().await;
    let bob = App::start(&home).await;
    assert_eq!(bob.fails("remove_account", with(None)).await, "no_keychain");
    let state = bob.does("remove_account", without_receipt()).await;
    is_gone(&bob, &state);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_goes_without_a_receipt_if_its_database_is_damaged() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    erases(&alice, &bob, Some(PASSPHRASE)).await;
    bob.host.close().await;
    std::fs::write(bob.profile().join("profile.db"), vec![7; 8192]).expect("damaged");
    bob.fails("remove_account", with(Some(PASSPHRASE))).await;
    assert!(bob.profile().exists());
    let state = bob.does("remove_account", without_receipt()).await;
    is_gone(&bob, &state);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_goes_on_is_removed_from_one_device_with_its_key() {
    let stage = Stage::set_in_memory().await;
    let keychain = Arc::new(Memory::default());
    let home = stage.homes().join("alice");
    let app = App::start_with(&home, keychain.clone()).await;
    let link = stage.relay.owner_link().to_text();
    let params = json!({ "link": *link, "name": "alice", "lock": { "kind": "keychain" } });
    app.does("join", params).await;
    assert_eq!(keychain.0.lock().expect("kept").len(), 1);
    let state = app.does("remove_account", with(None)).await;
    assert_eq!(state["phase"], "empty");
    assert!(!app.profile().exists());
    assert!(keychain.0.lock().expect("kept").is_empty());
}
