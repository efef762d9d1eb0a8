//! Bob, whose key and kind are shown by a directory, by groups and by liars.

use sealwire_crypto::{AccountKey, DeviceKey, InboxKey, SecretBytes};
use sealwire_protocol::{
    certificate::{CertificateBody, DeviceCertificate},
    ids::{DeviceId, LogId},
};
use sqlx::Connection as _;

use super::*;
use crate::store::{MIGRATIONS, put_member};

/// A profile's tables, in memory.
async fn tables() -> SqliteConnection {
    let conn = SqliteConnection::connect("sqlite::memory:").await;
    let mut conn = conn.expect("memory");
    for (_, sql) in MIGRATIONS {
        sqlx::raw_sql(sql).execute(&mut conn).await.expect("tables");
    }
    conn
}

fn bob() -> Handle {
    Handle::parse("bob@acme").expect("a handle")
}

fn key(number: u8) -> AccountKey {
    AccountKey::from_seed(&SecretBytes::from_slice(&[number; 32]).expect("32 bytes"))
}

/// A device of Bob's account.
fn leaf(kind: DeviceKind) -> DeviceCertificate {
    let seed = SecretBytes::from_slice(&[9; 32]).expect("32 bytes");
    CertificateBody {
        handle: bob(),
        account_key: key(1).public(),
        device: DeviceId([9; 16]),
        kind,
        signature_key: DeviceKey::from_seed(&seed).public(),
        inbox_key: InboxKey::from_seed(&seed).public(),
        not_before_s: 1,
        not_after_s: 2,
    }
    .sign(&key(1))
}

async fn noted(conn: &mut SqliteConnection, number: u8, kind: Kind) -> NotedContact {
    let noted = note_contact(conn, &bob(), &key(number).public(), kind, 5).await;
    noted.expect("noted")
}

#[tokio::test]
async fn a_key_is_newly_changed_once_each_time_it_changes() {
    let mut conn = tables().await;
    let mut changes = Vec::new();
    for number in [1, 1, 2, 2, 3, 1, 2] {
        let noted = noted(&mut conn, number, Kind::Listed(DeviceKind::Person)).await;
        assert_eq!(noted.contact.key_changed(), number != 1);
        assert_eq!(noted.contact.account, key(1).public(), "the first stays");
        changes.push(noted.newly_changed);
    }
    assert_eq!(changes, [false, false, true, false, true, false, true]);
}

#[tokio::test]
async fn what_the_directory_says_of_bob_counts_more_than_a_leaf() {
    let mut conn = tables().await;
    for (number, kind, is) in [
        (1, Kind::Shown(DeviceKind::Agent), DeviceKind::Agent),
        (1, Kind::Shown(DeviceKind::Person), DeviceKind::Agent),
        (
            1,
            Kind::Listed(DeviceKind::Custodian),
            DeviceKind::Custodian,
        ),
        (1, Kind::Shown(DeviceKind::Person), DeviceKind::Custodian),
        // Somebody else under his name.
        (2, Kind::Listed(DeviceKind::Person), DeviceKind::Custodian),
    ] {
        assert_eq!(noted(&mut conn, number, kind).await.contact.kind, is);
        assert_eq!(kind_of(&mut conn, "bob@acme").await.expect("known"), is);
    }
    let carol = kind_of(&mut conn, "carol@acme").await;
    assert_eq!(carol.expect("an answer"), DeviceKind::Person);
}

#[tokio::test]
async fn of_old_contacts_the_groups_tell_what_they_are() {
    let mut conn = tables().await;
    noted(&mut conn, 1, Kind::Shown(DeviceKind::Person)).await;
    let forget = sqlx::query("UPDATE contact SET kind = ''");
    forget.execute(&mut conn).await.expect("as before");
    let log = LogId([3; 32]);
    let put = put_member(&mut conn, &log, &leaf(DeviceKind::Agent)).await;
    put.expect("a member");
    fill_kinds(&mut conn).await.expect("filled in");
    let kind = kind_of(&mut conn, "bob@acme").await.expect("known");
    assert_eq!(kind, DeviceKind::Agent);
}
