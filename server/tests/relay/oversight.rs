//! What administrators and auditors see of the registers and of the relay's health, and that nobody else does.

use std::process::Stdio;
use std::time::Duration;

use reqwest::Method;
use sealwire_protocol::account::OrgRole;
use sealwire_protocol::oversight::{
    DataOutcome, DataRight, HEALTH_STEP_S, MAX_HEALTH_POINTS, MAX_REGISTER, NoticeName, Registers,
    RelayHealth,
};
use sealwire_protocol::problem::Code;
use serde_json::{Value, json};

use crate::backup::told;
use crate::support::Relay;

const DAY_MS: u64 = 24 * 60 * 60 * 1_000;

fn operator(relay: &Relay, words: &[&str]) -> Value {
    let output = Relay::program()
        .args(words)
        .arg("--json")
        .arg("--data")
        .arg(relay.data())
        .stdin(Stdio::null())
        .output();
    told(&output.expect("ran"))
}

async fn registers(relay: &Relay, token: &str) -> Registers {
    let shown = relay.get("oversight/requests", Some(token)).await;
    shown.expect("shown")
}

#[tokio::test]
async fn administrators_see_whose_requests_are_late_and_auditors_that_they_are() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, anna) = relay.join(&alice, "anna@acme", OrgRole::OrgAdmin).await;
    let (_, ulla) = relay.join(&alice, "ulla@acme", OrgRole::Auditor).await;
    let (_, bob) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let open = |words: &[&str]| operator(&relay, &[&["request", "open"], words].concat());
    open(&["erasure", "--handle", "bob@acme", "--reference", "case 7"]);
    let late = ["--received", "2025-01-31T10:00:00Z"];
    open(&[&["access", "--reference", "case 8"], &late[..]].concat());
    operator(&relay, &["request", "done", "1", "--refused"]);
    let shown = registers(&relay, &alice).await;
    let told: Vec<_> = shown
        .requests
        .iter()
        .map(|one| (one.number, one.right, one.handle.as_deref(), one.outcome))
        .collect();
    let expected = [
        (2, DataRight::Access, None, None),
        (
            1,
            DataRight::Erasure,
            Some("bob@acme"),
            Some(DataOutcome::Refused),
        ),
    ];
    assert_eq!(told, expected, "what is open comes first");
    let late = &shown.requests[0];
    assert_eq!(late.overdue_ms, shown.now_ms - late.due_ms);
    assert!(late.overdue_ms > 300 * DAY_MS);
    assert_eq!(shown.requests[1].overdue_ms, 0);
    let to_anna = registers(&relay, &anna).await;
    let named = to_anna.requests.iter().map(|one| one.handle.as_deref());
    assert_eq!(named.collect::<Vec<_>>(), [None, Some("bob@acme")]);
    let audited = registers(&relay, &ulla).await;
    assert!(audited.requests.iter().all(|one| one.handle.is_none()));
    assert_eq!(audited.requests.len(), 2);
    let text = serde_json::to_string(&shown).expect("JSON");
    assert!(!text.contains("case 7"), "the operator's own papers");
    for path in ["oversight/requests", "oversight/health"] {
        let refused = relay.get::<Value>(path, Some(&bob)).await;
        assert_eq!(refused.expect_err("a member").code, Code::Forbidden);
        let refused = relay.get::<Value>(path, None).await;
        assert_eq!(refused.expect_err("nobody").code, Code::Unauthenticated);
    }
}

#[tokio::test]
async fn incidents_come_with_their_clocks_and_without_notes() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let what = "the disk was full";
    let open = [
        "incident",
        "open",
        what,
        "--kind",
        "availability",
        "--affected",
        "12",
    ];
    let noticed = ["--noticed", "2026-01-05T10:00:00Z"];
    operator(&relay, &[&open[..], &noticed[..]].concat());
    operator(
        &relay,
        &["incident", "note", "1", "Mallory pulled the plug"],
    );
    let to = ["incident", "notify", "1", "24h", "--to", "the authority"];
    let at = ["--at", "2026-01-06T09:00:00Z"];
    operator(&relay, &[&to[..], &at[..]].concat());
    let shown = registers(&relay, &alice).await;
    let [incident] = &shown.incidents[..] else {
        panic!("one incident: {:?}", shown.incidents);
    };
    assert_eq!(
        (incident.what.as_str(), incident.affected),
        (what, Some(12))
    );
    let clocks: Vec<_> = incident
        .clocks
        .iter()
        .map(|clock| (clock.name, clock.met_ms.is_some(), clock.overdue_ms > 0))
        .collect();
    let expected = [
        (NoticeName::OneDay, true, false),
        (NoticeName::ThreeDays, false, true),
        (NoticeName::OneMonth, false, true),
    ];
    assert_eq!(clocks, expected);
    let text = serde_json::to_string(&shown).expect("JSON");
    assert!(!text.contains("Mallory") && !text.contains("authority"));
    operator(&relay, &["incident", "close", "1"]);
    assert!(
        registers(&relay, &alice).await.incidents[0]
            .closed_ms
            .is_some()
    );
}

#[tokio::test]
async fn one_answer_has_a_bound_and_leaves_off_what_is_over() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    operator(&relay, &["request", "open", "access", "--reference", "old"]);
    operator(&relay, &["request", "done", "1"]);
    let more = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100) \
                INSERT INTO requests (account, reference, asked, law, received, extended, answered, \
                outcome, statement, subject) SELECT 0, 'many', 'access', 'gdpr', \
                1764000000000 - i, 0, 0, '', -1, zeroblob(32) FROM n";
    relay.sql("account.db", more).await;
    let shown = registers(&relay, &alice).await;
    assert_eq!(shown.requests.len(), MAX_REGISTER);
    assert_eq!(shown.requests_left, 1);
    assert!(shown.requests.iter().all(|one| one.answered_ms.is_none()));
    assert!(shown.requests.is_sorted_by_key(|one| one.received_ms));
}

#[tokio::test]
async fn health_is_told_in_coarse_figures_to_administrators_and_auditors() {
    let mut relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (ulla_person, ulla) = relay.join(&alice, "ulla@acme", OrgRole::Auditor).await;
    for token in [&alice, &ulla] {
        let health = measured(&relay, token).await;
        assert_eq!(health.step_s, HEALTH_STEP_S);
        assert_eq!(health.version, env!("CARGO_PKG_VERSION"));
        assert!(health.started_ms <= health.now_ms);
        assert!((1..=MAX_HEALTH_POINTS).contains(&health.points.len()));
        for point in &health.points {
            let counts = [
                point.connections,
                point.group_connections,
                point.messages,
                point.refused,
                point.failed,
            ];
            assert!(counts.iter().all(|count| count % 10 == 0), "{point:?}");
            let bytes = [point.database_bytes, point.blob_bytes];
            assert!(bytes.iter().all(|bytes| bytes % (16 << 20) == 0));
            assert!(point.free_bytes.is_some());
        }
        let logs: Vec<_> = health.logs.iter().map(|log| log.log.as_str()).collect();
        assert_eq!(logs, ["directory", "audit"]);
        assert!(health.logs.iter().all(|log| log.published_ms.is_some()));
        assert!(health.logs.iter().all(|log| log.cosigned_ms.is_none()));
        assert!(!health.logs_halted && health.drill.is_none());
        let text = serde_json::to_string(&health).expect("JSON");
        assert!(!text.contains("acme"), "{text}");
    }
    // Nothing is kept: with a new start it begins anew.
    let before = measured(&relay, &ulla).await.started_ms;
    assert!(relay.terminate().success());
    relay.start();
    let ulla = ulla_person.sign_in(&relay).await.expect("signed in");
    assert!(measured(&relay, &ulla).await.started_ms > before);
}

/// What the relay tells when it has measured once, which it does when it starts.
async fn measured(relay: &Relay, token: &str) -> RelayHealth {
    for _ in 0..200 {
        let health: RelayHealth = relay
            .get("oversight/health", Some(token))
            .await
            .expect("told");
        if !health.points.is_empty() {
            return health;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("nothing was measured");
}

#[tokio::test]
async fn nothing_can_be_written_there() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    for path in ["oversight/requests", "oversight/health"] {
        let refused = relay
            .tell(Method::POST, path, Some(&alice), &json!({}))
            .await;
        assert_eq!(refused.expect_err("no such route").code, Code::NotFound);
    }
}
