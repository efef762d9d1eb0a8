//! Updates of the desktop app, as the operator offers them and anybody may fetch them.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::{Duration, Instant};

use reqwest::{Method, Response};
use sealwire_audit::dsse::{Envelope, to_pem};
use sealwire_audit::predicate::{Hex, Time};
use sealwire_audit::release::{Build, DESKTOP};
use sealwire_audit::statement::Subject;
use sealwire_audit::update::{Offer, Package};
use sealwire_crypto::{EvidenceKey, sha256};
use tempfile::TempDir;
use tokio::time::sleep;

use crate::backup::{failure, run};
use crate::log::{entries, head};
use crate::support::Relay;

const PATIENCE: Duration = Duration::from_secs(20);
const TARGET: &str = "x86_64-unknown-linux-gnu";
const PACKAGE: &[u8] = b"!<arch>\nthe bytes of a package";

/// Those who make the app, and a folder for their releases.
struct Makers {
    key: EvidenceKey,
    room: TempDir,
}

impl Makers {
    fn new() -> Self {
        Self {
            key: EvidenceKey::generate(&mut rand::rng()),
            room: tempfile::tempdir().expect("a folder"),
        }
    }

    fn public(&self) -> PathBuf {
        let path = self.room.path().join("release.pub");
        std::fs::write(&path, to_pem(&self.key.public())).expect("written");
        path
    }

    fn say(&self, version: &str, package: &[u8]) -> Envelope {
        let time = |millis| Time::from_millis(millis).expect("a time");
        let build = Build {
            version: version.to_owned(),
            target: TARGET.to_owned(),
            source: None,
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            lock: Hex([7; 32]),
            toolchain: "rustc 1.95.0".to_owned(),
            flags: String::new(),
            started: time(1_700_000_000_000),
            finished: time(1_700_000_600_000),
        };
        let statement = build.to_statement(vec![Subject::of(DESKTOP, package)]);
        let mut envelope = statement.expect("sound").to_envelope().expect("sound");
        envelope.sign(&self.key);
        envelope
    }

    fn release(&self, version: &str, package: &[u8]) -> PathBuf {
        let folder = self.room.path().join(version);
        std::fs::create_dir_all(&folder).expect("made");
        let said = self.say(version, package).to_json();
        std::fs::write(folder.join("provenance.intoto.json"), said).expect("written");
        std::fs::write(folder.join(DESKTOP), package).expect("written");
        folder
    }
}

fn offer(relay: &Relay, release: &Path, key: &Path) -> Output {
    let data = relay.data();
    run(&[
        &"update", &"offer", &"--data", &data, &release, &"--key", &key,
    ])
}

/// What a command says that has to succeed.
fn said(output: &Output) -> String {
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn list(relay: &Relay) -> String {
    said(&run(&[&"update", &"list", &"--data", &relay.data()]))
}

async fn get(relay: &Relay, path: &str) -> Response {
    let request = relay.request(Method::GET, &format!("/update/v1/{path}"), None);
    request.send().await.expect("sent")
}

async fn offered(relay: &Relay) -> Option<Offer> {
    let answer = get(relay, TARGET).await;
    match answer.status().as_u16() {
        200 => {
            assert_eq!(answer.headers()["content-type"], "application/json");
            let body = answer.bytes().await.expect("a body");
            Some(Offer::parse(&body).expect("an offer"))
        }
        404 => None,
        status => panic!("{status}"),
    }
}

/// The offer of a version, once its entry is in a head that is served.
async fn published(relay: &Relay, makers: &Makers, version: &str) -> (Offer, Package) {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(offer) = offered(relay).await {
            let package = Package::open(&offer.envelope, &makers.key.public()).expect("signed");
            if package.build.version == version {
                return (offer, package);
            }
        }
        assert!(Instant::now() < end, "{version} is not offered");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_operator_offers_everybody_can_fetch() {
    let (relay, makers) = (Relay::new(), Makers::new());
    assert_eq!(offered(&relay).await, None);
    assert!(list(&relay).contains("Nothing was offered"));
    let release = makers.release("0.2.0", PACKAGE);
    let told = said(&offer(&relay, &release, &makers.public()));
    assert!(told.contains("0.2.0 for x86_64"), "{told}");
    let (offer, package) = published(&relay, &makers, "0.2.0").await;
    let digest = Hex(sha256(&[PACKAGE]));
    assert_eq!((offer.sha256, package.sha256), (digest, digest));
    assert_eq!(offer.size, PACKAGE.len() as u64);
    // Its entry stands where the offer says, in a log that everybody can read.
    let leaves = entries(&relay, "audit", &head(&relay, "audit").await).await;
    let leaf = &leaves[usize::try_from(offer.number).expect("small")];
    assert_eq!(leaf.to_bytes().expect("an entry"), package.entry);
    let answer = get(&relay, &format!("file/{digest}")).await;
    assert_eq!(answer.content_length(), Some(offer.size));
    assert_eq!(answer.bytes().await.expect("a body"), PACKAGE);
    let other = Hex([0; 32]);
    for path in ["riscv64", "..%2f..%2fx", "file/x", &format!("file/{other}")] {
        assert_eq!(get(&relay, path).await.status().as_u16(), 404, "{path}");
    }
    assert!(list(&relay).contains(", offered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_hold_is_not_offered() {
    let (relay, makers, mallory) = (Relay::new(), Makers::new(), Makers::new());
    let key = makers.public();
    let good = makers.release("0.2.0", PACKAGE);
    said(&offer(&relay, &good, &key));
    published(&relay, &makers, "0.2.0").await;
    let size = head(&relay, "audit").await.size();
    let changed = makers.release("0.3.0", PACKAGE);
    std::fs::write(changed.join(DESKTOP), b"other bytes").expect("changed");
    let missing = makers.release("0.4.0", PACKAGE);
    std::fs::remove_file(missing.join(DESKTOP)).expect("removed");
    let mut newer = good.clone();
    newer.set_file_name("nowhere");
    for (release, why) in [
        (mallory.release("0.3.0", PACKAGE), "0 of the known keys"),
        (
            makers.release("0.1.9", PACKAGE),
            "does not come after 0.2.0",
        ),
        (
            makers.release("0.2.0", b"another"),
            "does not come after 0.2.0",
        ),
        (changed, "not the package of the provenance"),
        (missing, "cannot be copied"),
        (newer, "provenance.intoto.json"),
    ] {
        let told = failure(&offer(&relay, &release, &key));
        assert!(told.contains(why), "{why}: {told}");
    }
    let secret = makers.room.path().join("secret.pem");
    std::fs::write(&secret, "-----BEGIN PRIVATE KEY-----\n").expect("written");
    let told = failure(&offer(&relay, &good, &secret));
    assert!(told.contains("no public key"), "{told}");
    // Nothing of it is logged, and nothing lies about.
    assert_eq!(head(&relay, "audit").await.size(), size);
    assert_eq!(
        (list(&relay).lines().count(), relay.files("updates")),
        (1, 1)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_one_takes_the_place_of_the_older_and_can_be_withdrawn() {
    let (mut relay, makers) = (Relay::new(), Makers::new());
    let key = makers.public();
    said(&offer(&relay, &makers.release("0.9.0", PACKAGE), &key));
    published(&relay, &makers, "0.9.0").await;
    // A relay that is stopped takes one, too, by the configuration in its folder.
    relay.terminate();
    std::fs::copy(relay.config_file(), relay.data().join("relay.toml")).expect("copied");
    let newer = makers.release("0.10.0", b"another package");
    said(&offer(&relay, &newer, &key));
    relay.start();
    published(&relay, &makers, "0.10.0").await;
    assert_eq!(relay.files("updates"), 1);
    let old = Hex(sha256(&[PACKAGE]));
    assert_eq!(
        get(&relay, &format!("file/{old}")).await.status().as_u16(),
        404
    );
    assert!(list(&relay).contains("no longer here"));
    let withdraw = |version: &str| {
        let data = relay.data();
        run(&[&"update", &"withdraw", &"--data", &data, &version])
    };
    said(&withdraw("0.10.0"));
    assert_eq!(offered(&relay).await, None);
    assert_eq!(relay.files("updates"), 0);
    assert!(list(&relay).contains("withdrawn"));
    assert!(failure(&withdraw("0.10.0")).contains("No such version"));
    // What was withdrawn does not come again.
    let told = failure(&offer(&relay, &newer, &key));
    assert!(told.contains("does not come after 0.10.0"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_package_that_was_lost_is_not_promised_and_can_be_offered_again() {
    let (relay, makers) = (Relay::new(), Makers::new());
    let (key, release) = (makers.public(), makers.release("0.2.0", PACKAGE));
    said(&offer(&relay, &release, &key));
    let (before, _) = published(&relay, &makers, "0.2.0").await;
    std::fs::remove_dir_all(relay.data().join("updates")).expect("as after a restore");
    assert_eq!(offered(&relay).await, None);
    assert!(list(&relay).contains("no longer here"));
    said(&offer(&relay, &release, &key));
    let (after, _) = published(&relay, &makers, "0.2.0").await;
    assert_eq!(before, after, "logged once");
}

#[tokio::test(flavor = "multi_thread")]
async fn mallory_takes_no_more_than_four_places_at_once() {
    let (relay, makers) = (Relay::new(), Makers::new());
    // More than waits between a relay and a reader that reads nothing.
    let package = vec![7; 48 << 20];
    let release = makers.release("0.2.0", &package);
    said(&offer(&relay, &release, &makers.public()));
    let (offer, _) = published(&relay, &makers, "0.2.0").await;
    let path = format!("file/{}", offer.sha256);
    let mut unread = Vec::new();
    for _ in 0..4 {
        let answer = get(&relay, &path).await;
        assert_eq!(answer.status().as_u16(), 200);
        unread.push(answer);
    }
    let refused = get(&relay, &path).await;
    assert_eq!(refused.status().as_u16(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    drop(unread);
    let end = Instant::now() + PATIENCE;
    while get(&relay, &path).await.status().as_u16() != 200 {
        assert!(Instant::now() < end, "the places are not given back");
        sleep(Duration::from_millis(50)).await;
    }
}
