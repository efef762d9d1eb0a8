//! What lies at the relay is counted, and each thing is what it should be: by the relay itself, and
//! from a dump of its databases by the auditors' program, with a parser of MLS that is not ours.

use std::path::Path;
use std::process::Output;

use sealwire_core::api::{NewFile, OrganisationPolicyChange, Post, Source};
use sealwire_tests::scratch::copy_dir;
use sealwire_tests::{Scratch, Stage, programs, until};
use serde_json::Value;
use sqlx::{ConnectOptions as _, Executor as _};
use tokio::process::Command;

async fn sql(file: &Path, statement: &str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let mut database = options.connect().await.expect("a database");
    database.execute(statement).await.expect("done");
}

async fn relay_census(data: &Path) -> (Output, Value) {
    let output = Command::new(programs::relay())
        .args(["census", "--json", "--data"])
        .arg(data)
        .output()
        .await
        .expect("the relay's program runs");
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output, said)
}

fn count(census: &Value, form: &str) -> u64 {
    let stored = census["stored"].as_array().expect("a list");
    let found = stored.iter().find(|one| one["form"] == form);
    found.expect(form)["count"].as_u64().expect("a number")
}

/// Alice and Bob have said something, with a file, and Alice has published a policy.
async fn traffic() -> Stage {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    let bob = stage.guest(&alice, "bob").await;
    let chat = alice.founds("Lunch", &[&bob]).await;
    alice.says(&chat, "Noon?").await;
    bob.says(&chat, "Noon.").await;
    let file = NewFile::from(Source::Reader {
        name: "menu".into(),
        size: 20_000,
        reader: Box::new(std::io::Cursor::new(b"soup ".repeat(4_000))),
    });
    let menu = Post::text("the menu");
    let sent = alice.attach_and_send(&chat, &menu, vec![file]);
    sent.await.expect("stored");
    bob.hears(&chat, "the menu").await;
    let change = OrganisationPolicyChange {
        max_message_days: Some(90),
        ..OrganisationPolicyChange::default()
    };
    let published = alice.publish_organisation_policy(change).await;
    published.expect("published");
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_at_the_relay_is_what_it_should_be() {
    let stage = traffic().await;
    let data = stage.relay.data();
    let (output, census) = relay_census(data).await;
    assert!(output.status.success(), "{output:?}");
    assert_eq!(census["unparsedTotal"], 0, "{census}");
    for form in [
        "mls-private-message",
        "key-package",
        "attachment",
        "certificate",
        "signed-policy",
        "log-entry",
        "signed-statement",
    ] {
        assert!(count(&census, form) > 0, "{form}: {census}");
    }
    let said = stage.relay.command(&["census"]).await;
    assert!(said.contains("\ngroups.entries "), "{said}");
    // The relay has attested one by itself when it started.
    until("a census in the relay's log", || async {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(data.join("account.db"))
            .read_only(true);
        let mut database = options.connect().await.expect("a database");
        let query = "SELECT count(*) FROM statements WHERE predicate LIKE '%/storage-census/v1'";
        let found: i64 = sqlx::query_scalar(query)
            .fetch_one(&mut database)
            .await
            .expect("a count");
        (found == 1).then_some(()).ok_or(format!("{found} of them"))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_was_put_beside_the_ciphertexts_is_found() {
    let mut stage = traffic().await;
    stage.relay.kill().await;
    let room = Scratch::in_memory();
    let copy = room.join("copy");
    copy_dir(stage.relay.data(), &copy);
    sql(
        &copy.join("groups.db"),
        "INSERT INTO entries (lane_id, seq, log_id, entry_id, kind, received_at, next, payload) \
         SELECT lane_id, 1000, log_id, x'01', 2, 0, x'', CAST('Noon?' AS BLOB) FROM entries LIMIT 1",
    )
    .await;
    let (output, census) = relay_census(&copy).await;
    assert!(!output.status.success());
    assert_eq!(census["unparsedTotal"], 1, "{census}");
}

/// A copy of one of the relay's databases, made while it runs.
async fn dump(data: &Path, name: &str, room: &Scratch) -> String {
    let copy = room.join(name).to_string_lossy().into_owned();
    sql(&data.join(name), &format!("VACUUM INTO '{copy}'")).await;
    copy
}

async fn audit_census(args: &[&str]) -> (Output, Value) {
    let output = Command::new(programs::audit())
        .args(["--json", "census"])
        .args(args)
        .output()
        .await
        .expect("the auditors' program runs");
    let said = serde_json::from_slice(&output.stdout);
    let said = said.unwrap_or_else(|error| panic!("{error}: {output:?}"));
    (output, said)
}

/// The statement that the relay has signed of its own census.
async fn statement(data: &Path, room: &Scratch) -> String {
    let options = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(data.join("account.db"))
        .read_only(true);
    let mut database = options.connect().await.expect("a database");
    let query = "SELECT signed FROM statements WHERE predicate LIKE '%/storage-census/v1'";
    let signed: Vec<u8> = sqlx::query_scalar(query)
        .fetch_one(&mut database)
        .await
        .expect("a statement");
    let file = room.join("statement.json");
    std::fs::write(&file, signed).expect("written");
    file.to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_auditor_counts_the_same_with_another_parser() {
    let stage = traffic().await;
    let (data, room) = (stage.relay.data(), Scratch::in_memory());
    let mut args = Vec::new();
    for name in ["groups.db", "account.db", "blobs.db"] {
        args.extend(["--database".to_owned(), dump(data, name, &room).await]);
    }
    let mut args: Vec<&str> = args.iter().map(String::as_str).collect();
    let (_, theirs) = relay_census(data).await;
    let claimed = statement(data, &room).await;
    args.extend(["--census", &claimed]);
    let (output, said) = audit_census(&args).await;
    assert!(output.status.success(), "{said}");
    let ours = &said["result"];
    assert_eq!(ours["unknown_columns"], Value::Array(vec![]));
    for form in ["mls-private-message", "key-package", "log-entry"] {
        assert_eq!(count(ours, form), count(&theirs, form), "{form}");
        assert!(count(ours, form) > 0, "{form}");
    }
    // The relay took its own when it started.
    let differences = ours["differences"].as_array().expect("a list");
    let told = |line: &Value| {
        line.as_str()
            .is_some_and(|line| line.starts_with("groups.entries, rows: "))
    };
    assert!(differences.iter().any(told), "{differences:?}");
    sql(
        Path::new(args[1]),
        "UPDATE entries SET payload = CAST('Noon?' AS BLOB) WHERE id = (SELECT max(id) FROM entries)",
    )
    .await;
    let (output, said) = audit_census(&args).await;
    assert_eq!(output.status.code(), Some(8), "{said}");
    assert_eq!(said["error"]["found"]["unparsed"], 1, "{said}");
}
