//! What the owner of an organisation sees of the clocks that run at its relay.

use sealwire_core::api::{DataOutcome, DataRight};
use sealwire_tests::Stage;

#[tokio::test(flavor = "multi_thread")]
async fn alice_sees_bobs_request_and_that_it_is_late_until_he_is_erased() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let relay = &stage.relay;
    let open = ["request", "open", "erasure", "--handle", "bob@acme"];
    let paper = ["--reference", "letter 7"];
    relay.command(&[&open[..], &paper[..]].concat()).await;
    let shown = alice.oversight_requests().await.expect("shown");
    let [request] = &shown.requests[..] else {
        panic!("one request: {:?}", shown.requests);
    };
    assert_eq!(request.right, DataRight::Erasure);
    assert_eq!(request.handle.as_deref(), Some("bob@acme"));
    assert_eq!((request.overdue_ms, request.outcome), (0, None));
    assert!(request.received_ms <= shown.now_ms && shown.now_ms < request.due_ms);

    // One that came long ago is late by the relay's clock, and stands first.
    let long_ago = ["--received", "2025-01-31T10:00:00Z"];
    let open = ["request", "open", "access", "--handle", "carol@acme"];
    let words = [&open[..], &paper[..], &long_ago[..]].concat();
    relay.command(&words).await;
    let shown = alice.oversight_requests().await.expect("shown");
    let late = &shown.requests[0];
    assert_eq!(late.handle.as_deref(), Some("carol@acme"));
    assert_eq!(late.overdue_ms, shown.now_ms - late.due_ms);
    assert!(late.overdue_ms > 0);

    // Bob fulfils his himself: it is ended, and names nobody any more.
    bob.erase_account().await.expect("erased");
    let shown = alice.oversight_requests().await.expect("shown");
    let erased = shown.requests.iter().find(|one| one.number == 1);
    let erased = erased.expect("it stays in the register");
    assert_eq!(erased.outcome, Some(DataOutcome::Done));
    assert_eq!((&erased.handle, erased.overdue_ms), (&None, 0));

    for refused in [
        carol.oversight_requests().await.map(drop),
        carol.relay_health().await.map(drop),
    ] {
        assert_eq!(refused.expect_err("a member").code, "forbidden");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alice_sees_how_the_relay_fares_and_nothing_of_anybody() {
    let stage = Stage::set_in_memory().await;
    let (alice, bob, carol) = stage.alice_bob_carol().await;
    let chat = alice.founds("Lunch", &[&bob, &carol]).await;
    bob.says(&chat, "one").await;
    carol.hears(&chat, "one").await;
    let health = alice.relay_health().await.expect("told");
    assert!(health.started_ms <= health.now_ms);
    let logs: Vec<_> = health.logs.iter().map(|log| log.log.as_str()).collect();
    assert_eq!(logs, ["directory", "audit"]);
    // One message is not told: fewer than ten look like none.
    assert!(health.points.iter().all(|point| point.messages == 0));
    let told = serde_json::to_string(&health).expect("JSON");
    for word in ["bob", "carol", "Lunch"] {
        assert!(!told.contains(word), "{told}");
    }
}
