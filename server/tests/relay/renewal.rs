//! New transparency logs in the place of those that cannot go on.

use std::process::{Output, Stdio};

use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::Edge;
use sealwire_audit::tile::parse_bundle;
use sealwire_protocol::account::OrgRole;
use serde_json::Value;

use crate::backup::{failure, run, told};
use crate::log::{entries, head};
use crate::support::Relay;

fn renew(relay: &Relay, more: &[&str]) -> Output {
    log(relay, "renew", more)
}

fn log(relay: &Relay, what: &str, more: &[&str]) -> Output {
    let output = Relay::program()
        .args(["log", what, "--json", "--data"])
        .arg(relay.data())
        .arg("--config")
        .arg(relay.config_file())
        .args(more)
        .stdin(Stdio::null())
        .output();
    output.expect("ran")
}

fn sound(relay: &Relay) {
    let (data, config) = (relay.data(), relay.config_file());
    let words: [&dyn AsRef<_>; 6] = [&"verify", &"--json", &"--data", &data, &"--config", &config];
    assert_eq!(told(&run(&words))["ok"], true);
}

/// The folder holds the log of which the command told, down to the last entry.
fn is_put_aside(said: &Value, relay: &Relay) {
    let folder = relay.data().join("ended-logs");
    let name = std::fs::read_dir(folder)
        .expect("listed")
        .next()
        .expect("one")
        .expect("one");
    for log in said["ended"].as_array().expect("heads") {
        let size = log["size"].as_u64().expect("a size");
        let dir = name.path().join(log["log"].as_str().expect("a name"));
        assert!(dir.join("checkpoint").exists());
        let bundle = dir.join(format!("tile/entries/000.p/{size}"));
        let bundle = std::fs::read(bundle).expect("the only bundle");
        let width = u16::try_from(size).expect("small");
        let mut edge = Edge::new();
        for entry in parse_bundle(&bundle, width).expect("a bundle") {
            edge.push(entry, |_| {}).expect("room");
        }
        assert_eq!(log["root"], edge.root().to_string());
        assert!(dir.join(format!("tile/0/000.p/{size}")).exists());
    }
}

#[tokio::test]
async fn accounts_go_on_in_new_logs_and_the_old_ones_are_put_aside() {
    let mut relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let (bob, _) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let before = head(&relay, "directory").await;
    assert!(failure(&renew(&relay, &["--lost-for-good"])).contains("in use"));
    relay.kill();
    let refused = failure(&renew(&relay, &[]));
    assert!(refused.contains("--lost-for-good"), "{refused}");

    let said = told(&renew(&relay, &["--lost-for-good"]));
    is_put_aside(&said, &relay);
    sound(&relay);
    relay.start();
    let after = head(&relay, "directory").await;
    assert_ne!(before.origin(), after.origin());
    let keys = said["keys"].as_array().expect("keys");
    assert!(keys[0].as_str().expect("a key").starts_with(after.origin()));
    // Both accounts with their devices, and nothing that ties them to the old log.
    let leaves = entries(&relay, "directory", &after).await;
    assert_eq!(leaves.len(), 4);
    let audit = head(&relay, "audit").await;
    let audit = entries(&relay, "audit", &audit).await;
    let begun = |leaf: &&Leaf| matches!(leaf, Leaf::Event { kind, .. } if kind == "log-begun");
    assert_eq!(audit.iter().filter(begun).count(), 1);
    for person in [&alice, &bob] {
        person.sign_in(&relay).await.expect("as before");
    }
}

#[tokio::test]
async fn a_renewal_that_broke_off_is_finished_before_anything_else() {
    let mut relay = Relay::new();
    let (alice, _) = relay.alice().await;
    relay.kill();
    let mark = relay.data().join("logs.renewing");
    // Broken off at the end, when all was done but taking the mark away.
    let said = told(&renew(&relay, &["--lost-for-good"]));
    assert!(!mark.exists());
    std::fs::write(&mark, said["ended"].to_string()).expect("written");
    let (data, config) = (relay.data(), relay.config_file());
    let serve: [&dyn AsRef<_>; 5] = [&"serve", &"--data", &data, &"--config", &config];
    assert!(failure(&run(&serve)).contains("log renew"));
    let again = told(&renew(&relay, &["--lost-for-good"]));
    assert_eq!(again["keys"], said["keys"], "no third beginning");
    // In the middle: the tables are empty, the old keys are still there.
    let old = std::fs::read(data.join("audit.key")).expect("a key");
    let second = told(&renew(&relay, &["--lost-for-good"]));
    std::fs::write(&mark, second["ended"].to_string()).expect("written");
    for table in [
        "tree_events",
        "tree_subjects",
        "statements",
        "tree_tiles",
        "tree_bundles",
        "trees",
    ] {
        relay
            .sql("account.db", &format!("DELETE FROM {table}"))
            .await;
    }
    relay.sql("account.db", "DELETE FROM directory_keys").await;
    std::fs::write(data.join("audit.key"), &old).expect("written");
    std::fs::remove_file(data.join("directory.key")).expect("removed");
    let third = told(&renew(&relay, &["--lost-for-good"]));
    assert_ne!(third["keys"], said["keys"]);
    assert_ne!(std::fs::read(data.join("audit.key")).expect("a key"), old);
    sound(&relay);
    relay.start();
    alice.sign_in(&relay).await.expect("as before");
}

fn rotate(relay: &Relay) -> Value {
    told(&log(relay, "rotate-key", &[]))
}

#[tokio::test]
async fn the_directory_goes_on_under_another_key_and_the_audit_log_as_it_was() {
    let mut relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let (bob, _) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let (directory, audit) = (head(&relay, "directory").await, head(&relay, "audit").await);
    let known = entries(&relay, "directory", &directory).await;
    assert!(failure(&log(&relay, "rotate-key", &[])).contains("in use"));
    relay.kill();
    let said = rotate(&relay);
    is_put_aside(&said, &relay);
    assert_eq!(said["ended"].as_array().expect("heads").len(), 1);
    sound(&relay);
    relay.start();
    let after = head(&relay, "directory").await;
    assert_ne!(directory.origin(), after.origin());
    // The same people, of whom nothing tells that they are.
    let leaves = entries(&relay, "directory", &after).await;
    assert_eq!(leaves.len(), 4);
    let index = |leaf: &Leaf| match leaf {
        Leaf::Directory { index, .. } => *index,
        other => panic!("no entry of the directory: {other:?}"),
    };
    assert!(
        leaves
            .iter()
            .all(|leaf| !known.iter().any(|old| index(old) == index(leaf)))
    );
    // The audit log continues, and says which log ended.
    let now = head(&relay, "audit").await;
    assert_eq!(now.origin(), audit.origin());
    let all = entries(&relay, "audit", &now).await;
    let size = usize::try_from(audit.size()).expect("small");
    assert_eq!(all[..size], entries(&relay, "audit", &audit).await);
    let changed =
        |leaf: &&Leaf| matches!(leaf, Leaf::Event { kind, .. } if kind == "directory-key-changed");
    assert_eq!(all.iter().filter(changed).count(), 1);
    for person in [&alice, &bob] {
        person.sign_in(&relay).await.expect("as before");
    }
}

#[tokio::test]
async fn a_change_of_key_that_broke_off_is_finished_as_one() {
    let mut relay = Relay::new();
    let (alice, _) = relay.alice().await;
    let audit = head(&relay, "audit").await;
    relay.kill();
    let (mark, data) = (relay.data().join("logs.renewing"), relay.data());
    let old = std::fs::read(data.join("directory.key")).expect("a key");
    let said = rotate(&relay);
    // In the middle: what ended is forgotten, the old key is still there.
    std::fs::write(&mark, said["ended"].to_string()).expect("written");
    std::fs::write(data.join("directory.key"), &old).expect("written");
    for table in ["tree_events", "tree_tiles", "tree_bundles", "trees"] {
        let forget = format!("DELETE FROM {table} WHERE tree = 1");
        relay.sql("account.db", &forget).await;
    }
    relay.sql("account.db", "DELETE FROM directory_keys").await;
    // Whatever is asked for, the audit log stays.
    let again = told(&renew(&relay, &["--lost-for-good"]));
    assert_eq!(again["ended"], said["ended"]);
    assert_ne!(
        std::fs::read(data.join("directory.key")).expect("a key"),
        old
    );
    assert!(!mark.exists());
    sound(&relay);
    relay.start();
    assert_eq!(head(&relay, "audit").await.origin(), audit.origin());
    alice.sign_in(&relay).await.expect("as before");
}

async fn ready(relay: &Relay) -> String {
    let asked = relay.request(reqwest::Method::GET, "/readyz", None);
    let answer = asked.send().await.expect("sent");
    assert_eq!(answer.status(), 200);
    answer.text().await.expect("a body")
}

#[tokio::test]
async fn a_key_of_more_than_a_year_is_told() {
    let mut relay = Relay::new();
    relay.alice().await;
    assert_eq!(ready(&relay).await, "ready\n");
    relay.kill();
    let year = "UPDATE directory_keys SET made_at = unixepoch() - 367 * 86400";
    relay.sql("account.db", year).await;
    relay.start();
    let said = ready(&relay).await;
    assert!(
        said.starts_with("ready\n") && said.contains("log rotate-key"),
        "{said}"
    );
    relay.kill();
    rotate(&relay);
    relay.start();
    assert_eq!(ready(&relay).await, "ready\n");
}
