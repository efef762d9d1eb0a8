//! A relay whose operator changed the directory key: clients follow when the organisation says so, by themselves
//! and without alarm.

use sealwire_core::api::OrganisationPolicyChange;
use sealwire_tests::person::Person;
use sealwire_tests::{Stage, raw, until};

/// The lines of a policy that names the relay's logs as they are now.
async fn logs(stage: &Stage) -> String {
    let keys = raw::get(stage.relay.address(), "/log/v1/keys").await;
    let logs: String = keys.lines().map(|key| format!("log {key}\n")).collect();
    format!("{logs}quorum none\n")
}

async fn names_logs(owner: &Person, stage: &Stage) {
    let change = OrganisationPolicyChange {
        logs: Some(logs(stage).await),
        ..OrganisationPolicyChange::default()
    };
    let published = owner.publish_organisation_policy(change).await;
    published.expect("published");
}

async fn looks_up(person: &Person, other: &Person) {
    let what = format!("{} looking up {}", person.name(), other.name());
    until(&what, || async {
        let looked = person.lookup(&other.handle()).await;
        let looked = looked.map_err(|error| error.to_string())?;
        assert!(!looked.key_changed, "the same person");
        Ok(())
    })
    .await;
}

async fn rotate(stage: &mut Stage) -> String {
    stage.relay.kill().await;
    let said = stage.relay.command(&["log", "rotate-key"]).await;
    stage.relay.restart().await;
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn clients_follow_where_the_organisation_leads() {
    let mut stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    names_logs(&alice, &stage).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    looks_up(&bob, &carol).await;
    let before = logs(&stage).await;

    let said = rotate(&mut stage).await;
    assert!(said.contains("ended-logs"), "{said}");
    let after = logs(&stage).await;
    let audit = |logs: &str| logs.lines().nth(1).map(str::to_owned);
    assert_ne!(before.lines().next(), after.lines().next());
    assert_eq!(audit(&before), audit(&after), "the audit log goes on");

    // Until the organisation names the new log nobody goes by it, and those who talk go on talking.
    until("Bob refusing it", || async {
        match bob.lookup(&carol.handle()).await {
            Err(error) if error.code == "directory_log" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    alice.says(&chat, "still here").await;
    bob.hears(&chat, "still here").await;

    names_logs(&alice, &stage).await;
    looks_up(&alice, &bob).await;
    // Bob, who still goes by the old one, is no reason for doubt.
    bob.says(&chat, "so am I").await;
    alice.hears(&chat, "so am I").await;
    // What Alice says has Bob ask for the policy, long before the next day.
    alice.says(&chat, "the directory has another key").await;
    bob.hears(&chat, "the directory has another key").await;
    looks_up(&bob, &carol).await;
    looks_up(&carol, &alice).await;
    for person in [&alice, &bob] {
        let warnings = person.warnings();
        let doubts = warnings
            .iter()
            .filter(|warning| warning.contains("another directory log"));
        assert_eq!(doubts.count(), 0, "{warnings:?}");
    }
    // The next year it is the same again.
    rotate(&mut stage).await;
    names_logs(&alice, &stage).await;
    bob.fetch_organisation_policy().await.expect("fetched");
    looks_up(&bob, &carol).await;
}
