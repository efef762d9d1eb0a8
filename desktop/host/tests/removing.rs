//! Taking an account off a device.

mod common;

use common::{App, Memory, PASSPHRASE};
use sealwire_tests::{Stage, until};
use serde_json::json;
use std::sync::Arc;

#[tokio::test(flavor = "multi_thread")]
async fn an_erased_account_is_removed_with_a_receipt() {
    let stage = Stage::set_in_memory().await;
    let alice = App::owner(&stage, "alice").await;
    let bob = alice.guest(&stage, "bob").await;
    alice
        .does("erase_member", json!({ "handle": "bob@acme" }))
        .await;
    bob.does("lock", json!({})).await;
    let key = json!({ "passphrase": PASSPHRASE });
    bob.does("unlock", key.clone()).await;
    until("Bob's app hearing of it", || async {
        let state = bob.does("state", json!({})).await;
        (state["erased"] == true)
            .then_some(())
            .ok_or(state.to_string())
    })
    .await;
    // Nothing goes by itself, nor by somebody who does not know the passphrase.
    let wrong = json!({ "passphrase": "something else" });
    assert_eq!(bob.fails("remove_account", wrong).await, "wrong_passphrase");
    assert_eq!(bob.phase().await, "locked");
    let state = bob.does("remove_account", key).await;
    assert_eq!(
        (&state["phase"], &state["erased"]),
        (&json!("empty"), &json!(false))
    );
    assert!(!bob.profile().exists());
    assert_eq!(
        bob.fails("remove_account", json!({ "passphrase": null }))
            .await,
        "no_profile"
    );
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
    let state = app
        .does("remove_account", json!({ "passphrase": null }))
        .await;
    assert_eq!(state["phase"], "empty");
    assert!(!app.profile().exists());
    assert!(keychain.0.lock().expect("kept").is_empty());
}
