//! A relay that began new transparency logs: nobody follows it there until the organisation says so.

use sealwire_core::ErrorKind;
use sealwire_core::api::OrganisationPolicyChange;
use sealwire_tests::{Stage, raw, until};

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

    let keys = raw::get(stage.relay.address(), "/log/v1/keys").await;
    let logs: String = keys.lines().map(|key| format!("log {key}\n")).collect();
    let change = OrganisationPolicyChange {
        logs: Some(format!("{logs}quorum none\n")),
        ..OrganisationPolicyChange::default()
    };
    alice
        .publish_organisation_policy(change)
        .await
        .expect("published");
    bob.fetch_organisation_policy().await.expect("fetched");
    until("Bob following the new log", || async {
        let looked = bob.lookup(&carol.handle()).await;
        let looked = looked.map_err(|error| error.to_string())?;
        assert!(!looked.key_changed, "the same Carol");
        Ok(())
    })
    .await;
}
