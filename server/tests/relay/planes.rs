//! The two planes share nothing: no column, and no value in the files they leave behind.

use std::collections::HashSet;
use std::path::Path;

use bytes::Bytes;
use reqwest::Method;
use sealwire_protocol::account::{B64, KeyPackages, OrgRole};
use sealwire_protocol::frame::{InboxPost, KeyPackageReply, KeyPackageRequest};
use sealwire_protocol::limits::ENVELOPE;
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{Column, ConnectOptions, Executor, Row, SqliteConnection, TypeInfo, ValueRef};

use crate::support::{Lane, Relay, mls};

async fn open(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).read_only(true);
    options.connect().await.expect("opened")
}

async fn tables(db: &mut SqliteConnection) -> Vec<String> {
    let rows = db
        .fetch_all(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
        )
        .await
        .expect("tables");
    rows.iter().map(|row| row.get(0)).collect()
}

/// Names of columns that name something, by table.
async fn columns(db: &mut SqliteConnection) -> Vec<(String, String, String)> {
    let mut all = Vec::new();
    for table in tables(db).await {
        let sql = format!("SELECT name, type FROM pragma_table_info('{table}')");
        for row in db.fetch_all(sql.as_str()).await.expect("columns") {
            all.push((table.clone(), row.get(0), row.get(1)));
        }
    }
    all
}

/// Every text and blob of 8 bytes and more.
async fn values(db: &mut SqliteConnection) -> HashSet<Vec<u8>> {
    let mut all = HashSet::new();
    for table in tables(db).await {
        let sql = format!("SELECT * FROM {table}");
        for row in db.fetch_all(sql.as_str()).await.expect("rows") {
            for column in row.columns() {
                let value = bytes(&row, column.ordinal());
                if value.len() >= 8 {
                    all.insert(value);
                }
            }
        }
    }
    all
}

fn bytes(row: &SqliteRow, column: usize) -> Vec<u8> {
    let kind = row
        .try_get_raw(column)
        .expect("value")
        .type_info()
        .name()
        .to_owned();
    match kind.as_str() {
        "TEXT" => row.get::<String, _>(column).into_bytes(),
        "BLOB" => row.get(column),
        _ => Vec::new(),
    }
}

/// A relay on which both planes were used, then stopped.
async fn used() -> Relay {
    let mut relay = Relay::new();
    let (alice, token) = relay.alice().await;
    let (bob, bobs) = relay.join(&token, "bob@acme", OrgRole::OrgMember).await;
    let packages = KeyPackages {
        one_time: vec![B64(mls::key_package(b"bob", 1, false))],
        last_resort: Some(B64(mls::key_package(b"bob", 2, true))),
    };
    relay
        .tell(Method::POST, "key-packages", Some(&bobs), &packages)
        .await
        .expect("added");
    let device = Bytes::copy_from_slice(bob.device().as_bytes());
    let request = KeyPackageRequest {
        device: device.clone(),
    };
    let _: KeyPackageReply = relay.post("key-package", &request).await.expect("taken");
    let mut socket = relay.socket().await;
    let lane = Lane::new();
    socket.create(&lane).await;
    socket.append(&lane.message(1)).await;
    socket.append(&lane.commit(2, &lane.child([2; 32]))).await;
    let post = InboxPost {
        device,
        envelope: vec![1; ENVELOPE].into(),
    };
    relay.post::<()>("inbox", &post).await.expect("posted");
    drop(alice);
    assert!(relay.terminate().success());
    relay
}

#[tokio::test]
async fn no_column_joins_accounts_and_groups() {
    let relay = used().await;
    let mut account = open(&relay.data().join("account.db")).await;
    let mut group = open(&relay.data().join("groups.db")).await;
    let (accounts, groups) = (columns(&mut account).await, columns(&mut group).await);
    assert!(
        accounts.len() > 20 && groups.len() > 15,
        "both schemas were walked"
    );
    let names = |columns: &[(String, String, String)]| -> HashSet<String> {
        // Counts of what retention removed are of the same form in both.
        let plain = |(table, ..): &&(String, String, String)| table != "retention_removed";
        let name = |(_, name, _): &(String, String, String)| name.clone();
        columns.iter().filter(plain).map(name).collect()
    };
    // Row numbers, times and kinds say nothing; every other name belongs to one plane.
    let plain = ["id", "kind", "received_at"].map(str::to_owned);
    let plain = HashSet::from(plain);
    let shared: Vec<_> = names(&accounts)
        .intersection(&names(&groups))
        .filter(|name| !plain.contains(*name))
        .cloned()
        .collect();
    assert!(shared.is_empty(), "{shared:?}");
    for word in [
        "account",
        "device",
        "handle",
        "address",
        "inbox",
        "certificate",
    ] {
        assert!(
            groups
                .iter()
                .all(|(table, name, _)| !table.contains(word) && !name.contains(word))
        );
    }
    for word in ["log", "lane", "entr", "group", "pass"] {
        assert!(
            accounts
                .iter()
                .all(|(table, name, _)| !table.contains(word) && !name.contains(word))
        );
    }
    for (table, name, kind) in accounts.iter().chain(&groups) {
        assert!(!kind.is_empty(), "{table}.{name}");
    }
    for db in [&mut account, &mut group] {
        let tables = db
            .fetch_all("SELECT name, strict FROM pragma_table_list WHERE type = 'table' AND name NOT LIKE 'sqlite%'")
            .await
            .expect("tables");
        assert!(
            tables.iter().all(|row| row.get::<i64, _>(1) == 1),
            "all tables are STRICT"
        );
        let nullable = db
            .fetch_all(
                "SELECT t.name, c.name FROM pragma_table_list t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND c.\"notnull\" = 0",
            )
            .await
            .expect("columns");
        assert!(nullable.is_empty(), "all columns are NOT NULL");
        let attached = db.fetch_all("PRAGMA database_list").await.expect("list");
        assert_eq!(attached.len(), 1);
    }
}

#[tokio::test]
async fn no_value_of_one_plane_is_in_the_other() {
    let relay = used().await;
    let account = values(&mut open(&relay.data().join("account.db")).await).await;
    let group = values(&mut open(&relay.data().join("groups.db")).await).await;
    assert!(account.len() > 10 && group.len() > 6, "both were used");
    assert_eq!(account.intersection(&group).count(), 0);
}

#[tokio::test]
async fn the_log_names_nobody() {
    let relay = used().await;
    let log = relay.log();
    assert!(!log.is_empty());
    for word in ["alice", "bob", "127.0.0.1", "sealwire://"] {
        assert!(!log.contains(word), "{word} is in the log");
    }
}
