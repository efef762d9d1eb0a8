//! Updates of the app, from the relay's offer to the system's package manager.

mod common;

use std::path::Path;

use common::{App, PASSPHRASE};
use sealwire_desktop_host::{HostEvent, NotInstalled, Own, UpdateStage};
use sealwire_tests::{Stage, release::Makers, until};
use serde_json::{Value, json};
use tokio::sync::oneshot;

const PACKAGE: &[u8] = b"!<arch>\nthe bytes of a package";

/// A relay that offers a far newer app, and Alice.
async fn scene() -> (Stage, App, Makers) {
    let stage = Stage::set_in_memory().await;
    let app = App::owner(&stage, "alice").await;
    let makers = Makers::new();
    let folder = stage.homes().join("release");
    makers.release(&folder, "99.0.0", PACKAGE);
    stage.relay.offers(&folder).await;
    (stage, app, makers)
}

fn trusts(app: &App, makers: &Makers) {
    *app.around.release_key.lock().expect("a key") = Some(makers.key().into_bytes());
}

/// Looks until it stands so.
async fn stands(app: &App, stage: &str) -> Value {
    until(stage, || async {
        let now = app.does("update", json!({})).await;
        match now["stage"] == stage {
            true => Ok(now),
            false => Err(now.to_string()),
        }
    })
    .await
}

/// Asks until the relay has published what it logged, and waits for the package.
async fn ready(app: &App) -> Value {
    until("an update", || async {
        let now = app.does("check_update", json!({})).await;
        match now["update"].is_null() {
            true => Err(now.to_string()),
            false => Ok(()),
        }
    })
    .await;
    stands(app, "ready").await
}

fn installed(app: &App) -> usize {
    app.around.installed.lock().expect("installed").len()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_a_release_key_takes_none() {
    let (_stage, app, _) = scene().await;
    let now = app.does("update", json!({})).await;
    assert_eq!(now["stage"], "impossible");
    assert_eq!(now["signer"], Value::Null);
    assert_eq!(app.fails("check_update", json!({})).await, "no_release_key");
    assert_eq!(app.fails("install_update", json!({})).await, "no_update");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_fetched_and_installed_when_the_person_says_so() {
    let (_stage, app, makers) = scene().await;
    trusts(&app, &makers);
    let mut events = app.host.events();
    let now = ready(&app).await;
    assert_eq!(now["update"]["version"], "99.0.0");
    assert_eq!(now["update"]["signer"], now["signer"]);
    assert_eq!(now["fetched"], PACKAGE.len());
    assert_eq!(installed(&app), 0, "nothing is installed unasked");
    let now = app.does("install_update", json!({})).await;
    assert_eq!(now["stage"], "installed");
    let packages = app.around.installed.lock().expect("installed").clone();
    let [package] = packages.as_slice() else {
        panic!("{packages:?}");
    };
    assert_eq!(std::fs::read(package).expect("there"), PACKAGE);
    assert!(package.starts_with(app.home.join("updates")), "{package:?}");
    let mut told = Vec::new();
    while let Ok(event) = events.try_recv() {
        if let HostEvent::Host(Own::Update { update }) = event {
            told.push(update.stage);
        }
    }
    told.dedup();
    let wanted = [
        UpdateStage::Fetching,
        UpdateStage::Ready,
        UpdateStage::Installing,
    ];
    let from = told
        .iter()
        .position(|stage| *stage == UpdateStage::Fetching);
    assert_eq!(told[from.expect("told")..][..3], wanted, "{told:?}");
    assert_eq!(told.last(), Some(&UpdateStage::Installed));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_installed_can_be_tried_again() {
    let (_stage, app, makers) = scene().await;
    trusts(&app, &makers);
    ready(&app).await;
    for (why, code, command) in [
        (
            NotInstalled::Failed("no".into()),
            "update_not_installed",
            Value::Null,
        ),
        (
            NotInstalled::ByHand("dpkg x".into()),
            "update_by_hand",
            json!("dpkg x"),
        ),
        (
            NotInstalled::Unfinished("apt x".into()),
            "update_unfinished",
            json!("apt x"),
        ),
    ] {
        *app.around.installs.lock().expect("an end") = Err(why);
        let now = app.does("install_update", json!({})).await;
        assert_eq!(
            (&now["stage"], &now["problem"]["code"]),
            (&json!("ready"), &json!(code))
        );
        assert_eq!(now["command"], command);
    }
    *app.around.installs.lock().expect("an end") = Ok(());
    let now = app.does("install_update", json!({})).await;
    assert_eq!(
        (&now["stage"], &now["problem"]),
        (&json!("installed"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_changed_on_the_disk_is_not_installed() {
    let (_stage, app, makers) = scene().await;
    trusts(&app, &makers);
    let now = ready(&app).await;
    let name = format!(
        "updates/{}.deb",
        now["update"]["sha256"].as_str().expect("a digest")
    );
    change(&app.home.join(name));
    let now = app.does("install_update", json!({})).await;
    assert_eq!(now["stage"], "failed");
    assert_eq!(now["problem"]["code"], "update_damaged");
    assert_eq!(installed(&app), 0);
    ready(&app).await;
}

fn change(path: &Path) {
    let mut bytes = std::fs::read(path).expect("a package");
    bytes[9] ^= 1;
    std::fs::write(path, bytes).expect("changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_signed_is_told_and_not_taken() {
    let (_stage, app, makers) = scene().await;
    trusts(&app, &makers);
    ready(&app).await;
    trusts(&app, &Makers::new());
    let now = app.does("check_update", json!({})).await;
    assert_eq!(now["stage"], "failed");
    assert_eq!(now["problem"]["code"], "update_not_signed");
    assert_eq!(now["update"], Value::Null);
    assert_eq!(app.fails("install_update", json!({})).await, "no_update");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_app_looks_by_itself_when_it_is_opened() {
    let (_stage, app, makers) = scene().await;
    // Published, so that one look is enough.
    trusts(&app, &makers);
    ready(&app).await;
    app.host.close().await;
    let again = App::start_trusting(&app.home, makers.key().into_bytes()).await;
    let unlock = json!({ "passphrase": PASSPHRASE });
    again.does("unlock", unlock).await;
    stands(&again, "ready").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn quitting_waits_for_an_installation() {
    let (_stage, app, makers) = scene().await;
    trusts(&app, &makers);
    ready(&app).await;
    let (finish, finished) = oneshot::channel();
    *app.around.finish.lock().expect("an end") = Some(finished);
    let host = app.host.clone();
    let installing =
        tokio::spawn(async move { host.call("main", "install_update", json!({})).await });
    until("the package being installed", || async {
        (installed(&app) == 1)
            .then_some(())
            .ok_or("not yet".to_owned())
    })
    .await;
    let host = app.host.clone();
    let closing = tokio::spawn(async move {
        host.close().await;
        host.call("main", "update", json!({})).await
    });
    until("the profile being closed", || async {
        let phase = app.phase().await;
        (phase == "locked").then_some(()).ok_or(phase.to_string())
    })
    .await;
    finish.send(()).expect("it is waited for");
    let left = closing.await.expect("closed").expect("answered");
    assert_eq!(left["stage"], "installed");
    installing.await.expect("ended").expect("installed");
}

/// Alice's app as it is started anew, with nothing fetched yet.
async fn again(app: &App, makers: &Makers) -> App {
    app.host.close().await;
    std::fs::remove_dir_all(app.home.join("updates")).expect("fetched before");
    App::start_trusting(&app.home, makers.key().into_bytes()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_that_failed_is_repeated_when_the_relay_is_back() {
    let (mut stage, app, makers) = scene().await;
    trusts(&app, &makers);
    ready(&app).await;
    let again = again(&app, &makers).await;
    stage.relay.kill().await;
    again
        .does("unlock", json!({ "passphrase": PASSPHRASE }))
        .await;
    let now = stands(&again, "failed").await;
    assert_eq!(now["problem"]["kind"], "io", "{now}");
    assert_eq!(now["checked_ms"], Value::Null, "the relay was not reached");
    stage.relay.restart().await;
    let now = stands(&again, "ready").await;
    assert!(now["checked_ms"].is_number(), "{now}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_download_that_failed_is_repeated_when_the_relay_is_back() {
    let (mut stage, app, makers) = scene().await;
    trusts(&app, &makers);
    let now = ready(&app).await;
    let again = again(&app, &makers).await;
    let digest = now["update"]["sha256"].as_str().expect("a digest");
    let kept = stage.relay.data().join(format!("updates/{digest}.deb"));
    change(&kept);
    again
        .does("unlock", json!({ "passphrase": PASSPHRASE }))
        .await;
    until("the package being refused", || async {
        let now = again.does("update", json!({})).await;
        (now["problem"]["code"] == "update_damaged")
            .then_some(())
            .ok_or(now.to_string())
    })
    .await;
    stage.relay.kill().await;
    change(&kept);
    stage.relay.restart().await;
    stands(&again, "ready").await;
}
