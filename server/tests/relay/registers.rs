//! The record of processing and the registers of incidents and requests, as the operator keeps them: on a
//! relay that runs and on one that is stopped.

use std::process::{Output, Stdio};

use reqwest::Method;
use sealwire_audit::dsse::Envelope;
use sealwire_audit::predicate::{AccessExport, Erasure, Incident, Predicate, Ropa, SubjectRequest};
use sealwire_audit::statement::Statement;
use sealwire_protocol::account::{Attested, OrgRole, OwnData};
use serde_json::{Value, json};
use sqlx::ConnectOptions;

use crate::backup::{failure, told};
use crate::support::{Relay, RelayBuilder};

const PROCESSING: &str = r#"
[processing]
controller = "Acme Ltd"
contact = "privacy@acme.example"
purposes = ["messages among employees"]
legal_basis = "Art. 6 (1) f GDPR"
data_subjects = ["employees"]
location = "Frankfurt"
"#;

fn command(relay: &Relay, words: &[&str]) -> Output {
    let output = Relay::program()
        .args(words)
        .arg("--json")
        .arg("--data")
        .arg(relay.data())
        .stdin(Stdio::null())
        .output();
    output.expect("ran")
}

fn kept(relay: &Relay, words: &[&str]) -> Value {
    told(&command(relay, words))
}

/// All statements of one type, with what they are about.
pub async fn said<T: Predicate>(relay: &Relay) -> Vec<(Statement, T)> {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(relay.data().join("account.db"))
        .read_only(true);
    let mut db = options.connect().await.expect("opened");
    let all: Vec<Vec<u8>> =
        sqlx::query_scalar("SELECT signed FROM statements WHERE predicate = ? ORDER BY number")
            .bind(T::TYPE)
            .fetch_all(&mut db)
            .await
            .expect("read");
    let read = |signed: &Vec<u8>| {
        let envelope = Envelope::parse(signed).expect("an envelope");
        let statement = Statement::parse(envelope.payload()).expect("a statement");
        let said = T::parse(&statement).expect("of this type");
        (statement, said)
    };
    all.iter().map(read).collect()
}

#[tokio::test]
async fn the_record_of_processing_is_attested_once_it_is_whole_and_when_it_changes() {
    let mut bare = Relay::new();
    let error = failure(&command(&bare, &["ropa"]));
    assert!(
        error.contains("processing.controller, processing.contact"),
        "{error}"
    );
    assert!(said::<Ropa>(&bare).await.is_empty());
    // With a whole record it is attested at the start, or at the first question.
    assert!(bare.terminate().success());
    let config = std::fs::read_to_string(bare.config_file()).expect("read");
    std::fs::write(bare.config_file(), format!("{config}{PROCESSING}")).expect("written");
    bare.start();
    let record = kept(&bare, &["ropa"]);
    assert_eq!(record["record"]["said"]["controller"], "Acme Ltd");
    assert_eq!(kept(&bare, &["ropa"])["attested"], false);
    let all = said::<Ropa>(&bare).await;
    assert_eq!(all.len(), 1);
    let (_, ropa) = &all[0];
    let inbox = ropa
        .categories
        .iter()
        .find(|one| one.name == "account.inbox");
    let inbox = inbox.expect("a category");
    assert_eq!(
        (inbox.retention_days, inbox.location.as_str()),
        (Some(30), "Frankfurt")
    );
    assert!(inbox.fields.contains(&"envelope".to_owned()));
    assert_eq!(kept(&bare, &["ropa", "--attest"])["attested"], true);
    // Stopped, and with other settings: it says something new.
    bare.kill();
    let other = format!("{config}{PROCESSING}\n[retention]\nenvelope_days = 7\n");
    std::fs::write(bare.data().join("relay.toml"), other).expect("written");
    assert_eq!(kept(&bare, &["ropa"])["attested"], true);
    let all = said::<Ropa>(&bare).await;
    assert_eq!(all.len(), 3);
    let page = bare.data().join("ropa.html");
    let words: [&dyn AsRef<std::ffi::OsStr>; 5] =
        [&"ropa", &"--html", &page, &"--data", &bare.data()];
    assert!(crate::backup::run(&words).status.success());
    let page = std::fs::read_to_string(page).expect("a page");
    assert!(
        page.contains("Acme Ltd") && page.contains("7 days at most"),
        "{page}"
    );
}

#[tokio::test]
async fn an_incident_runs_against_its_clocks_and_is_attested_without_names() {
    let mut relay = Relay::new();
    let what = "the disk was full";
    let open = ["incident", "open", what, "--kind", "availability"];
    let named = [
        "incident",
        "open",
        "bob@acme lost his phone",
        "--kind",
        "loss",
    ];
    assert!(failure(&command(&relay, &named)).contains("name nobody"));
    let future = [&open[..], &["--noticed", "2999-01-01T00:00:00Z"]].concat();
    assert!(failure(&command(&relay, &future)).contains("future"));
    let opened = [
        &open[..],
        &["--noticed", "2026-01-30T10:00:00Z", "--affected", "40"],
    ]
    .concat();
    let opened = kept(&relay, &opened);
    assert_eq!(opened["number"], 1);
    let due = |one: &Value| -> Vec<String> {
        let clocks = one["clocks"].as_array().expect("clocks");
        clocks
            .iter()
            .map(|clock| clock["due"].as_str().expect("due").to_owned())
            .collect()
    };
    let wanted = [
        "2026-01-31T10:00:00Z",
        "2026-02-02T10:00:00Z",
        "2026-03-02T10:00:00Z",
    ];
    assert_eq!(due(&opened), wanted);
    assert!(opened["clocks"][0]["overdue_ms"].as_u64() > Some(86_400_000));
    let note = ["incident", "note", "1", "asked bob@acme about it"];
    kept(&relay, &note);
    kept(
        &relay,
        &[
            "incident",
            "note",
            "1",
            "a larger disk",
            "--measure",
            "--affected",
            "41",
        ],
    );
    // On time, and late by an hour.
    let at = |clock, at| {
        [
            "incident",
            "notify",
            "1",
            clock,
            "--to",
            "the authority, no. 7",
            "--at",
            at,
        ]
    };
    let told = kept(&relay, &at("24h", "2026-01-31T09:00:00Z"));
    assert_eq!(told["clocks"][0]["overdue_ms"], 0);
    relay.kill();
    std::fs::copy(relay.config_file(), relay.data().join("relay.toml")).expect("copied");
    let told = kept(&relay, &at("72h", "2026-02-02T11:00:00Z"));
    assert_eq!(told["clocks"][1]["overdue_ms"], 3_600_000);
    assert_eq!(due(&told), wanted, "a late notice wins no time");
    assert!(failure(&command(&relay, &at("72h", "2026-02-02T12:00:00Z"))).contains("already"));
    let closed = kept(&relay, &["incident", "close", "1"]);
    assert!(closed["closed"].is_string());
    assert!(failure(&command(&relay, &note)).contains("closed"));
    assert!(failure(&command(&relay, &["incident", "show", "2"])).contains("incident list"));
    let listed = kept(&relay, &["incident", "list"]);
    assert_eq!(
        listed["incidents"][0]["steps"].as_array().map(Vec::len),
        Some(4)
    );

    let all = said::<Incident>(&relay).await;
    assert_eq!(all.len(), 2);
    let ((first, before), (second, after)) = (&all[0], &all[1]);
    assert_eq!(first.subjects(), second.subjects(), "about the same");
    assert!(before.clocks.iter().all(|clock| clock.met.is_none()));
    assert_eq!(after.measures, ["a larger disk"]);
    assert_eq!(after.affected_estimate, Some(41));
    assert_eq!(
        after
            .clocks
            .iter()
            .filter(|clock| clock.met.is_some())
            .count(),
        2
    );
    assert!(
        !second.predicate().to_string().contains("bob"),
        "{second:?}"
    );
}

#[tokio::test]
async fn requests_end_by_hand_or_by_what_the_program_does() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (_, bob) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let open = |right, more: &[&str]| {
        let words = [&["request", "open", right, "--reference", "T-1"], more].concat();
        kept(&relay, &words)
    };
    let received = "2026-01-31T10:00:00Z";
    let access = open("access", &["--handle", "bob@acme", "--received", received]);
    assert_eq!(access["due"], "2026-02-28T10:00:00Z");
    assert!(access["overdue_ms"].as_u64() > Some(0));
    let late = failure(&command(&relay, &["request", "extend", "1"]));
    assert!(late.contains("run out"), "{late}");
    // Bob takes his copy: that ends it, and the statement knows when he had asked.
    let body = json!({});
    let own: OwnData = relay.get("me/data", Some(&bob)).await.expect("given");
    assert!(own.data.contains("T-1"), "{}", own.data);
    let (_, export) = said::<AccessExport>(&relay).await.remove(0);
    assert_eq!(export.requested.to_string(), received);
    // Nobody had asked by letter: it is entered as it happens.
    let again: OwnData = relay.get("me/data", Some(&alice)).await.expect("given");
    let listed = kept(&relay, &["request", "list"]);
    assert_eq!(listed["requests"][0]["statement"], own.attested.index);
    assert_eq!(listed["requests"][1]["statement"], again.attested.index);
    assert_eq!(listed["requests"][1]["overdue_ms"], 0);

    let restriction = open("restriction", &["--law", "ccpa"]);
    let number = restriction["number"].to_string();
    let extended = kept(&relay, &["request", "extend", &number]);
    assert!(extended["due"].as_str() > restriction["due"].as_str());
    let twice = failure(&command(&relay, &["request", "extend", &number]));
    assert!(twice.contains("already"), "{twice}");
    kept(&relay, &["request", "done", &number, "--refused"]);
    let twice = failure(&command(&relay, &["request", "done", &number]));
    assert!(twice.contains("already"), "{twice}");
    let requests = said::<SubjectRequest>(&relay).await;
    assert_eq!(requests.len(), 1, "copies are attested by what they are");
    assert!(requests[0].1.extended.is_some());

    // An erasure leaves nothing that leads to Bob.
    open("erasure", &["--handle", "bob@acme", "--received", received]);
    let erased: Attested = relay
        .ask(Method::POST, "members/bob@acme/erase", Some(&alice), &body)
        .await
        .expect("erased");
    let (_, erasure) = said::<Erasure>(&relay).await.remove(0);
    assert_eq!(erasure.requested.to_string(), received);
    let listed = kept(&relay, &["request", "list"]);
    let last = listed["requests"]
        .as_array()
        .and_then(|all| all.last())
        .expect("one");
    assert_eq!(
        (&last["outcome"], &last["statement"]),
        (&json!("done"), &json!(erased.index))
    );
    let linked = relay
        .sql(
            "account.db",
            "UPDATE requests SET law = law WHERE account <> 0",
        )
        .await;
    assert_eq!(linked, 1, "Alice's");
    let unknown = [
        "request",
        "open",
        "access",
        "--reference",
        "T-2",
        "--handle",
        "bob@acme",
    ];
    assert!(failure(&command(&relay, &unknown)).contains("no account"));
}

#[tokio::test]
async fn a_crash_between_a_request_and_its_end_leaves_it_open() {
    let mut relay = RelayBuilder::new().start();
    let opened = kept(
        &relay,
        &["request", "open", "objection", "--reference", "T-3"],
    );
    relay.kill();
    relay.start();
    let listed = kept(&relay, &["request", "list"]);
    assert_eq!(listed["requests"], json!([opened_again(&opened, &listed)]));
    assert!(listed["requests"][0]["answered"].is_null());
}

/// The same, but for the moment by which lateness is told.
fn opened_again(opened: &Value, listed: &Value) -> Value {
    let mut opened = opened.clone();
    opened["overdue_ms"] = listed["requests"][0]["overdue_ms"].clone();
    opened
}
