//! The life of a profile in the app: the first run, the lock, what is damaged, what is in use.

mod common;

use std::{fs, sync::Arc, time::Duration};

use common::{App, Memory, Mute, PASSPHRASE};
use sealwire_desktop_host::NoKeychain;
use sealwire_tests::{Stage, until};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn the_first_run_takes_an_invitation_and_a_lock() {
    let stage = Stage::set_in_memory().await;
    let app = App::start(&stage.homes().join("alice")).await;
    let state = app.does("state", json!({})).await;
    assert_eq!(
        (&state["phase"], &state["lock"]),
        (&json!("empty"), &json!(null))
    );
    assert_eq!(
        app.fails("conversation_rows", json!({ "filter": "all" }))
            .await,
        "locked"
    );

    let link = stage.relay.owner_link().to_text();
    let check = app.does("check_invitation", json!({ "link": *link })).await;
    assert_eq!(check["organisation"], "acme");
    assert_eq!(
        app.fails("check_invitation", json!({ "link": "https://acme" }))
            .await,
        "bad_link"
    );
    let weak = json!({ "link": *link, "name": "alice", "lock": { "kind": "passphrase", "passphrase": "short" } });
    assert_eq!(app.fails("join", weak).await, "weak_passphrase");
    assert_eq!(app.phase().await, "empty");
    app.joins(&link, "alice").await;
    assert_eq!(
        app.does("state", json!({})).await["account"]["handle"],
        "alice@acme"
    );
    app.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locking_drops_the_key_and_the_passphrase_brings_it_back() {
    let stage = Stage::set_in_memory().await;
    let app = App::owner(&stage, "alice").await;
    app.host
        .stage_bytes("note.txt", b"hello".to_vec())
        .await
        .expect("staged");
    let state = app.does("lock", json!({})).await;
    assert_eq!(state["phase"], "locked");
    assert_eq!(
        state["account"],
        json!(null),
        "nobody's name on a locked screen"
    );
    assert_eq!(app.does("staged", json!({})).await, json!([]));
    assert_eq!(app.fails("contacts", json!({})).await, "locked");
    let wrong = json!({ "passphrase": "wrong horse battery staple" });
    assert_eq!(app.fails("unlock", wrong).await, "wrong_passphrase");
    assert_eq!(
        app.fails("unlock", json!({ "passphrase": null })).await,
        "passphrase_needed"
    );
    let state = app
        .does("unlock", json!({ "passphrase": PASSPHRASE }))
        .await;
    assert_eq!(state["phase"], "open");
    assert_eq!(app.does("contacts", json!({})).await, json!([]));
    app.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_opens_without_a_passphrase_until_it_is_changed() {
    let stage = Stage::set_in_memory().await;
    let home = stage.homes().join("alice");
    let keychain = Arc::new(Memory::default());
    let app = App::start_with(&home, keychain.clone()).await;
    let link = stage.relay.owner_link().to_text();
    let params = json!({ "link": *link, "name": "alice", "lock": { "kind": "keychain" } });
    let state = app.does("join", params).await;
    assert_eq!(
        (&state["lock"], &state["keychain"]),
        (&json!("keychain"), &json!(true))
    );
    app.host.close().await;
    drop(app);

    let app = App::start_with(&home, keychain.clone()).await;
    assert_eq!(app.phase().await, "open", "by the keychain");
    app.does("lock", json!({})).await;
    app.does("unlock", json!({ "passphrase": null })).await;
    let new = json!({ "kind": "passphrase", "passphrase": PASSPHRASE });
    let state = app
        .does("change_lock", json!({ "old": null, "new": new }))
        .await;
    assert_eq!(
        (&state["phase"], &state["lock"]),
        (&json!("open"), &json!("passphrase"))
    );
    assert!(
        keychain.0.lock().expect("kept").is_empty(),
        "nothing stays in the keychain"
    );

    let wrong = json!({ "old": "not the old one", "new": { "kind": "keychain" } });
    assert_eq!(app.fails("change_lock", wrong).await, "wrong_passphrase");
    assert_eq!(app.phase().await, "locked", "somebody else may sit there");
    assert!(keychain.0.lock().expect("kept").is_empty());
    let right = json!({ "old": PASSPHRASE, "new": { "kind": "keychain" } });
    let state = app.does("change_lock", right).await;
    assert_eq!(state["lock"], "keychain");
    let state = app.does("unlock", json!({ "passphrase": null })).await;
    assert_eq!(state["phase"], "open");
    app.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_keychain_that_never_answers_holds_nobody_up() {
    let stage = Stage::set_in_memory().await;
    let app = App::start_with(&stage.homes().join("alice"), Arc::new(Mute)).await;
    assert_eq!(app.does("state", json!({})).await["keychain"], false);
    let link = stage.relay.owner_link().to_text();
    let params = json!({ "link": *link, "name": "alice", "lock": { "kind": "keychain" } });
    assert_eq!(app.fails("join", params).await, "no_keychain");
    app.joins(&link, "alice").await;
    app.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_profile_is_told_and_not_touched() {
    let stage = Stage::set_in_memory().await;
    let app = App::owner(&stage, "alice").await;
    app.does("lock", json!({})).await;
    let file = app.profile().join("profile.db");
    let whole = fs::read(&file).expect("a database");
    let mut torn = whole.clone();
    torn[..4096].fill(0x5a);
    fs::write(&file, &torn).expect("damaged");
    let code = app
        .fails("unlock", json!({ "passphrase": PASSPHRASE }))
        .await;
    assert_eq!(code, "wrong_key");
    let state = app.does("state", json!({})).await;
    assert_eq!(state["phase"], "damaged");
    assert_eq!(state["problem"]["code"], "wrong_key");
    // What the log held may be folded into the file meanwhile; the damage stays as it is.
    assert!(
        fs::read(&file).expect("still there")[..4096] == torn[..4096],
        "it was overwritten"
    );
    let lock = json!({ "kind": "passphrase", "passphrase": PASSPHRASE });
    let link = stage.relay.owner_link().to_text();
    let join = json!({ "link": *link, "name": "alice", "lock": lock });
    assert_eq!(app.fails("join", join).await, "profile_exists");

    fs::write(&file, &whole).expect("put back");
    assert_eq!(app.does("recover", json!({})).await["phase"], "locked");
    let state = app
        .does("unlock", json!({ "passphrase": PASSPHRASE }))
        .await;
    assert_eq!(state["phase"], "open");
    app.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_app_is_told_who_has_the_profile() {
    let stage = Stage::set_in_memory().await;
    let app = App::owner(&stage, "alice").await;
    let second = App::start(&app.home).await;
    let unlock = json!({ "passphrase": PASSPHRASE });
    let problem = second
        .asks("unlock", unlock.clone())
        .await
        .expect_err("in use");
    assert_eq!(
        (problem.code.as_str(), problem.kind.as_str()),
        ("profile_in_use", "locked")
    );
    assert!(
        problem.message.contains(&std::process::id().to_string()),
        "{problem:?}"
    );
    let state = second.does("state", json!({})).await;
    assert_eq!(state["problem"]["code"], "profile_in_use");
    app.host.close().await;
    assert_eq!(second.does("unlock", unlock).await["phase"], "open");
    second.host.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_locks_when_nobody_is_there() {
    let stage = Stage::set_in_memory().await;
    let home = stage.homes().join("alice");
    let minute = Duration::from_millis(50);
    let app = App::start_as(&home, Arc::new(NoKeychain), minute).await;
    app.does("change_settings", json!({ "lock_after_min": 0 }))
        .await;
    app.joins(&stage.relay.owner_link().to_text(), "alice")
        .await;
    tokio::time::sleep(minute * 5).await;
    assert_eq!(
        app.phase().await,
        "open",
        "never, if the person wants it so"
    );
    app.does("change_settings", json!({ "lock_after_min": 1 }))
        .await;
    until("the lock", || async {
        match app.phase().await {
            phase if phase == "locked" => Ok(()),
            phase => Err(phase.to_string()),
        }
    })
    .await;
    app.host.close().await;
}
