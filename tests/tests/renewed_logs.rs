//! A relay that began new transparency logs: nobody follows it there until the organisation says so.

use sealwire_core::ErrorKind;
use sealwire_core::api::OrganisationPolicyChange;
use sealwire_tests::witness::Witness;
use sealwire_tests::{Person, Scratch, Stage, raw, until};

#[tokio::test(flavor = "multi_thread")]
async fn new_logs_are_refused_until_the_organisation_names_them() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    bob.lookup(&carol.handle()).await.expect("Carol is there");
    stage.relay.kill().await;
    let renew = ["log", "renew", "--lost-for-good"];
    let said = stage.relay.command(&renew).await;
    assert!(
        said.contains("log acme/") && said.contains("ended-logs"),
        "{said}"
    );
    stage.relay.restart().await;

    let refused = until("Bob noticing", || async {
        match bob.lookup(&carol.handle()).await {
            Err(error) if error.code == "directory_log" => Ok(error),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    assert_eq!(refused.kind, ErrorKind::Untrusted, "{refused}");
    // Those who talk already go on talking.
    alice.says(&chat, "still here").await;
    bob.hears(&chat, "still here").await;

    let logs = logs(&stage).await;
    names(&alice, format!("{logs}quorum none\n")).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    until("Bob following the new log", || finds(&bob, &carol)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_witness_follows_new_logs_once_its_operator_adds_them() {
    let mut stage = Stage::set_in_memory().await;
    let desk = Scratch::in_memory();
    let mut witness = Witness::of(&stage.relay, &desk.join("witness")).await;
    stage.relay.restart_with(&witness.settings()).await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let trust = format!("witness w1 {}\nquorum w1\n", witness.key());
    names(&alice, logs(&stage).await + &trust).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    until("Bob finding Carol", || finds(&bob, &carol)).await;
    stage.relay.kill().await;
    stage
        .relay
        .command(&["log", "renew", "--lost-for-good"])
        .await;
    stage.relay.restart().await;
    // Nobody cosigns a log that nobody added, and the organisation trusts it only with a cosignature.
    names(&alice, logs(&stage).await + &trust).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    bob.lookup(&carol.handle()).await.expect_err("no witness");
    witness.stop().await;
    witness.learn(&stage.relay).await;
    witness.start().await;
    until("Bob following the new log", || finds(&bob, &carol)).await;
}

/// The relay's logs, as a policy names them.
async fn logs(stage: &Stage) -> String {
    let keys = raw::get(stage.relay.address(), "/log/v1/keys").await;
    keys.lines().map(|key| format!("log {key}\n")).collect()
}

/// Has the organisation's policy name these logs.
async fn names(owner: &Person, logs: String) {
    let change = OrganisationPolicyChange {
        logs: Some(logs),
        ..OrganisationPolicyChange::default()
    };
    let published = owner.publish_organisation_policy(change).await;
    published.expect("published");
}

/// Looks up somebody whose key is the one known before.
async fn finds(who: &Person, whom: &Person) -> Result<(), String> {
    let looked = who.lookup(&whom.handle()).await;
    let looked = looked.map_err(|error| error.to_string())?;
    assert!(!looked.key_changed, "the same person");
    Ok(())
}
