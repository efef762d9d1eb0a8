//! The transparency logs, as anybody may read them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use reqwest::Method;
use sealwire_audit::checkpoint::Checkpoint;
use sealwire_audit::commitment::{self, Commitment, DirectoryIndex, Salt};
use sealwire_audit::directory::{Account, DirectoryEvent, Standing};
use sealwire_audit::leaf::Leaf;
use sealwire_audit::merkle::Edge;
use sealwire_audit::note::{Note, VerifierKey};
use sealwire_audit::policy::Policy;
use sealwire_audit::tile::{Kind, Resource, parse_bundle};
use sealwire_crypto::{SecretBytes, sha256};
use sealwire_protocol::account::{DirectoryEntry, DirectoryKey, OrgRole, RoleChange};
use sealwire_protocol::problem::Code;
use tokio::time::sleep;

use crate::support::{Person, Relay};

const PATIENCE: Duration = Duration::from_secs(20);

async fn file(relay: &Relay, path: &str) -> Option<Vec<u8>> {
    let request = relay.request(Method::GET, &format!("/log/v1/{path}"), None);
    let answer = request.send().await.expect("sent");
    match answer.status().as_u16() {
        200 => Some(answer.bytes().await.expect("the body").to_vec()),
        404 => None,
        status => panic!("{path}: {status}"),
    }
}

/// The keys of both logs.
async fn keys(relay: &Relay) -> Vec<VerifierKey> {
    let text = String::from_utf8(file(relay, "keys").await.expect("keys")).expect("text");
    text.lines()
        .map(|line| VerifierKey::parse(line).expect("a vkey"))
        .collect()
}

/// The head of a log, which one of the relay's keys has signed.
pub async fn head(relay: &Relay, log: &str) -> Checkpoint {
    let logs = keys(relay).await;
    let lines: String = logs.iter().map(|key| format!("log {key}\n")).collect();
    let policy = Policy::parse(format!("{lines}quorum none\n").as_bytes()).expect("a policy");
    let note = file(relay, &format!("{log}/checkpoint")).await;
    let note = Note::parse(&note.expect("a head")).expect("a note");
    let checkpoint = policy.check(&note).expect("signed").checkpoint;
    assert!(checkpoint.origin().ends_with(&format!("/{log}")));
    checkpoint
}

/// All entries below a head, which has the root of exactly these.
pub async fn entries(relay: &Relay, log: &str, head: &Checkpoint) -> Vec<Leaf> {
    let (mut edge, mut leaves) = (Edge::new(), Vec::new());
    while edge.size() < head.size() {
        let number = edge.size() / 256;
        let width = u16::try_from((head.size() - edge.size()).min(256)).expect("small");
        let resource = Resource::new(Kind::Entries, number, width).expect("a path");
        let bundle = file(relay, &format!("{log}/{resource}"))
            .await
            .expect("a bundle");
        for entry in parse_bundle(&bundle, width).expect("a bundle") {
            leaves.push(Leaf::parse(entry).expect("an entry"));
            edge.push(entry, |_| {}).expect("room");
        }
    }
    assert_eq!(&edge.root(), head.root());
    leaves
}

/// Both, once the log has `size` entries.
async fn log_of(relay: &Relay, log: &str, size: u64) -> Vec<Leaf> {
    let end = Instant::now() + PATIENCE;
    loop {
        let head = head(relay, log).await;
        if head.size() >= size {
            assert_eq!(head.size(), size);
            return entries(relay, log, &head).await;
        }
        assert!(Instant::now() < end, "{} of {size} entries", head.size());
        sleep(Duration::from_millis(50)).await;
    }
}

/// The kinds of all events in the audit log, once it has one. What the relay attests by itself comes
/// when it comes.
async fn events(relay: &Relay) -> Vec<String> {
    let end = Instant::now() + PATIENCE;
    loop {
        let head = head(relay, "audit").await;
        let leaves = entries(relay, "audit", &head).await;
        let kind = |leaf| match leaf {
            Leaf::Event { kind, .. } => Some(kind),
            _ => None,
        };
        let kinds: Vec<String> = leaves.into_iter().filter_map(kind).collect();
        if !kinds.is_empty() {
            return kinds;
        }
        assert!(Instant::now() < end, "no event");
        sleep(Duration::from_millis(50)).await;
    }
}

fn under(leaves: &[Leaf], wanted: DirectoryIndex) -> Vec<(u64, Commitment)> {
    let found = leaves
        .iter()
        .zip(0..)
        .filter_map(|(leaf, number)| match leaf {
            Leaf::Directory { index, commitment } if *index == wanted => {
                Some((number, *commitment))
            }
            _ => None,
        });
    found.collect()
}

/// What the opened entries of a handle say.
fn account(entry: &DirectoryEntry, logged: &[(u64, Commitment)]) -> Account {
    assert_eq!(entry.opened.len(), logged.len());
    let mut standing = Standing::default();
    for (opened, (number, commitment)) in entry.opened.iter().zip(logged) {
        assert_eq!(opened.number, *number);
        let salt = Salt::new(SecretBytes::from_slice(&opened.salt.0).expect("32 bytes"));
        let event = salt
            .open(commitment, opened.event.as_bytes())
            .expect("opened");
        let event = DirectoryEvent::from_value(&event).expect("an event");
        standing = standing.then(event).expect("follows");
    }
    match standing {
        Standing::Account(account) => account,
        other => panic!("{other:?}"),
    }
}

async fn index(relay: &Relay, token: &str, handle: &str) -> DirectoryIndex {
    let shown: DirectoryKey = relay
        .get("directory-key", Some(token))
        .await
        .expect("shown");
    let key = SecretBytes::from_slice(&shown.key.0).expect("32 bytes");
    commitment::DirectoryKey::new(key).index(handle)
}

#[tokio::test]
async fn what_the_directory_says_is_what_its_log_says() {
    let mut relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let (bob, token) = relay.join(&alice, "bob@acme", OrgRole::OrgMember).await;
    let laptop = bob.another_device();
    let new = sealwire_protocol::account::NewDevice {
        certificate: laptop.certificate.as_bytes().into(),
    };
    let told = relay
        .tell(Method::POST, "devices", Some(&token), &new)
        .await;
    assert_eq!(told.expect("added"), 201);
    let device = laptop.device();
    let path = format!("devices/{device}");
    let gone = bob.revocation(device);
    for _ in 0..2 {
        let told = relay.tell(Method::DELETE, &path, Some(&token), &gone).await;
        told.expect("revoked; the second time nothing changes");
    }
    let none = &serde_json::json!({});
    let suspend = relay.tell(Method::POST, "members/bob@acme/suspend", Some(&alice), none);
    suspend.await.expect("suspended");
    for restart in [false, true] {
        if restart {
            relay.kill();
            relay.start();
        }
        // Alice and her device; Bob, two devices, one revoked; suspended.
        let leaves = log_of(&relay, "directory", 7).await;
        let entry: DirectoryEntry = relay
            .get("directory/bob@acme", Some(&alice))
            .await
            .expect("Bob");
        let logged = under(&leaves, index(&relay, &alice, "bob@acme").await);
        assert_eq!(logged.len(), 5);
        let said = account(&entry, &logged);
        assert_eq!(said.handle, "bob@acme");
        assert_eq!(said.key, *bob.account.public().as_bytes());
        let certificate = sha256(&[bob.certificate.as_bytes()]);
        let devices = BTreeMap::from([(*bob.device().as_bytes(), certificate)]);
        assert_eq!(said.devices, devices);
        assert_eq!(
            said.revoked,
            BTreeMap::from([(*device.as_bytes(), gone.at_s)])
        );
        assert!(said.suspended && entry.suspended);
    }
}

#[tokio::test]
async fn nothing_is_logged_that_did_not_happen() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    let code = relay.invite(&alice, OrgRole::OrgMember).await;
    let mallory = Person::new("alice@acme");
    let taken = mallory.enrol(&relay, &code).await.expect_err("taken");
    assert_eq!(taken.code, Code::HandleTaken);
    let bob = Person::new("bob@acme");
    for _ in 0..2 {
        bob.enrol(&relay, &code)
            .await
            .expect("enrolled, and repeated");
    }
    assert_eq!(log_of(&relay, "directory", 4).await.len(), 4);
    // The same role again, and one that only an owner may give.
    for role in [OrgRole::OrgAdmin, OrgRole::OrgAdmin] {
        let change = RoleChange { role };
        let told = relay.tell(Method::PUT, "members/bob@acme/role", Some(&alice), &change);
        told.await.expect("changed");
    }
    let last = RoleChange {
        role: OrgRole::OrgMember,
    };
    let told = relay.tell(Method::PUT, "members/alice@acme/role", Some(&alice), &last);
    assert_eq!(
        told.await.expect_err("the last owner").code,
        Code::LastOwner
    );
    assert_eq!(events(&relay).await, ["role-changed"]);
}

#[tokio::test]
async fn the_files_of_a_log_are_as_its_text_says() {
    let relay = Relay::new();
    let (_, alice) = relay.alice().await;
    for number in 0..130 {
        let code = relay.invite(&alice, OrgRole::OrgMember).await;
        let person = Person::new(&format!("person-{number}@acme"));
        person.enrol(&relay, &code).await.expect("enrolled");
    }
    let leaves = log_of(&relay, "directory", 262).await;
    assert_eq!(leaves.len(), 262);
    let whole = file(&relay, "directory/tile/0/000")
        .await
        .expect("a whole tile");
    assert_eq!(whole.len(), 256 * 32);
    let above = file(&relay, "directory/tile/1/000.p/1")
        .await
        .expect("the tile above");
    assert_eq!(above.len(), 32);
    // What was served of a tile stays as it was.
    let part = file(&relay, "directory/tile/0/000.p/5")
        .await
        .expect("an older part");
    assert_eq!(part, whole[..5 * 32]);
    for nothing in [
        "directory/tile/0/000.p/256",
        "directory/tile/0/001",
        "directory/tile/0/001.p/7",
        "directory/tile/entries/002.p/1",
        "directory/tile/64/000",
        "directory/tile/0/%2e%2e",
        "other/checkpoint",
        "audit/tile/0/000",
    ] {
        assert_eq!(file(&relay, nothing).await, None, "{nothing}");
    }
}
