//! Updates of the app: what a client takes, and what it refuses of a relay that is Mallory's.

use std::path::{Path, PathBuf};

use sealwire_audit::predicate::Hex;
use sealwire_core::api::OrganisationPolicyChange;
use sealwire_core::update::{Installed, Update};
use sealwire_core::{CoreError, ErrorKind};
use sealwire_crypto::sha256;
use sealwire_tests::person::Person;
use sealwire_tests::release::{Makers, target};
use sealwire_tests::witness::Witness;
use sealwire_tests::{Scratch, Stage, raw, until};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{ConnectOptions as _, Connection as _};

const PACKAGE: &[u8] = b"!<arch>\nthe bytes of a package";

/// A relay, Alice with an old app, and those who made it.
struct Scene {
    stage: Stage,
    room: Scratch,
    makers: Makers,
    alice: Person,
}

async fn scene() -> Scene {
    let stage = Stage::set_in_memory().await;
    let alice = stage.owner("alice").await;
    Scene {
        stage,
        room: Scratch::in_memory(),
        makers: Makers::new(),
        alice,
    }
}

impl Scene {
    fn installed(&self) -> Installed {
        Installed {
            release_key: self.makers.key().into_bytes(),
            target: target(),
            version: "0.1.0".into(),
        }
    }

    /// The operator offers a version.
    async fn offers(&self, version: &str, package: &[u8]) {
        let folder = self.room.join(version);
        self.makers.release(&folder, version, package);
        self.stage.relay.offers(&folder).await;
    }

    async fn checks(&self) -> Result<Option<Update>, CoreError> {
        self.alice.check_update(&self.installed()).await
    }

    /// Alice finds a version, once its entry is in a head that is served.
    async fn finds(&self, version: &str) -> Update {
        until("an update being found", || async {
            let found = self.checks().await;
            let found = found.map_err(|error| error.to_string())?;
            let found = found.ok_or("there is none")?;
            match found.version() == version {
                true => Ok(found),
                false => Err(found.version().to_owned()),
            }
        })
        .await
    }

    /// Alice refuses what the relay offers.
    async fn refuses(&self, code: &str) -> CoreError {
        let refused = self.checks().await.expect_err("refused");
        assert_eq!(refused.code, code, "{refused}");
        assert!(refused.hint.contains("administrator"), "{}", refused.hint);
        refused
    }

    fn folder(&self) -> PathBuf {
        self.room.join("fetched")
    }

    async fn fetches(&self, update: &Update) -> Result<PathBuf, CoreError> {
        let folder = self.folder();
        self.alice.fetch_update(update, &folder, |_| {}).await
    }

    /// Where the relay keeps a package.
    fn kept(&self, package: &[u8]) -> PathBuf {
        let name = format!("updates/{}.deb", Hex(sha256(&[package])));
        self.stage.relay.data().join(name)
    }

    /// What Mallory changes behind the relay's back.
    async fn database(&self) -> SqliteConnection {
        let file = self.stage.relay.data().join("account.db");
        let options = SqliteConnectOptions::new()
            .filename(file)
            .busy_timeout(std::time::Duration::from_secs(10));
        options.connect().await.expect("the relay's database")
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let name = |entry: std::io::Result<std::fs::DirEntry>| {
        let name = entry.expect("an entry").file_name();
        name.into_string().expect("a plain name")
    };
    entries.map(name).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_and_logged_is_taken() {
    use std::os::unix::fs::PermissionsExt as _;
    let scene = scene().await;
    assert_eq!(scene.checks().await.expect("answered"), None);
    scene.offers("0.2.0", PACKAGE).await;
    let found = scene.finds("0.2.0").await;
    assert_eq!(found.sha256(), Hex(sha256(&[PACKAGE])).to_string());
    assert_eq!(found.size(), PACKAGE.len() as u64);
    let key = scene.makers.key();
    let signer = sealwire_core::update::signer_of(key.as_bytes());
    assert_eq!(found.signer(), signer.expect("a key"));
    let path = scene.fetches(&found).await.expect("fetched");
    assert_eq!(std::fs::read(&path).expect("there"), PACKAGE);
    let mode = |path: &Path| path.metadata().expect("there").permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(&scene.folder())), (0o600, 0o700));
    // Fetched once, it is there; the next takes its place.
    assert_eq!(scene.fetches(&found).await.expect("there"), path);
    scene.offers("0.10.0", b"another package").await;
    let found = scene.finds("0.10.0").await;
    scene.fetches(&found).await.expect("fetched");
    assert_eq!(names(&scene.folder()), [format!("{}.deb", found.sha256())]);
    // For those who have it, there is nothing newer.
    let newest = Installed {
        version: "0.10.0".into(),
        ..scene.installed()
    };
    let asked = scene.alice.check_update(&newest).await;
    assert_eq!(asked.expect("answered"), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_others_have_signed_is_refused() {
    let scene = scene().await;
    scene.offers("0.2.0", PACKAGE).await;
    scene.finds("0.2.0").await;
    let others = Installed {
        release_key: Makers::new().key().into_bytes(),
        ..scene.installed()
    };
    let refused = scene.alice.check_update(&others).await;
    let refused = refused.expect_err("of another key");
    assert_eq!(
        (refused.kind, refused.code),
        (ErrorKind::Untrusted, "update_not_signed")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_signed_and_not_logged_is_refused() {
    let scene = scene().await;
    scene.offers("0.2.0", PACKAGE).await;
    scene.finds("0.2.0").await;
    // Mallory has the makers' key and a package for Alice alone, in place of the one that is logged.
    let package = b"a package for Alice alone";
    let said = scene.makers.say("0.3.0", package).to_json();
    let mut database = scene.database().await;
    let number: i64 = sqlx::query_scalar("SELECT number FROM updates")
        .fetch_one(&mut database)
        .await
        .expect("one");
    sqlx::query("UPDATE statements SET signed = ? WHERE number = ?")
        .bind(said.into_bytes())
        .bind(number)
        .execute(&mut database)
        .await
        .expect("changed");
    sqlx::query("UPDATE updates SET version = '0.3.0', sha256 = ?, size = ?")
        .bind(sha256(&[package]).as_slice())
        .bind(i64::try_from(package.len()).expect("small"))
        .execute(&mut database)
        .await
        .expect("changed");
    database.close().await.expect("closed");
    std::fs::write(scene.kept(package), package).expect("written");
    let refused = scene.refuses("update_not_logged").await;
    assert_eq!(refused.kind, ErrorKind::Untrusted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_from_before_is_refused() {
    let scene = scene().await;
    scene.offers("0.1.5", PACKAGE).await;
    scene.finds("0.1.5").await;
    scene.offers("0.2.0", b"another package").await;
    scene.finds("0.2.0").await;
    // Mallory goes back to the one with the fault that everybody knows; it is signed and logged.
    let mut database = scene.database().await;
    sqlx::query("DELETE FROM updates WHERE version = '0.2.0'")
        .execute(&mut database)
        .await
        .expect("changed");
    database.close().await.expect("closed");
    std::fs::write(scene.kept(PACKAGE), PACKAGE).expect("written");
    scene.refuses("update_older").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_bytes_and_cut_bytes_are_refused() {
    let scene = scene().await;
    scene.offers("0.2.0", PACKAGE).await;
    let found = scene.finds("0.2.0").await;
    let kept = scene.kept(PACKAGE);
    let mut other = PACKAGE.to_vec();
    other[9] ^= 1;
    std::fs::write(&kept, other).expect("changed");
    let refused = scene.fetches(&found).await.expect_err("other bytes");
    assert_eq!(refused.code, "update_damaged");
    assert!(names(&scene.folder()).is_empty());
    std::fs::write(&kept, &PACKAGE[..9]).expect("cut");
    scene.fetches(&found).await.expect_err("cut bytes");
    assert!(names(&scene.folder()).is_empty());
    std::fs::remove_file(&kept).expect("removed");
    let refused = scene.fetches(&found).await.expect_err("no bytes");
    assert_eq!(refused.code, "update_damaged");
    std::fs::write(&kept, PACKAGE).expect("as it was");
    scene.fetches(&found).await.expect("fetched");
}

/// A policy that trusts this relay's logs if the witness has cosigned.
async fn policy(stage: &Stage, witness: &Witness) -> String {
    let keys = raw::get(stage.relay.address(), "/log/v1/keys").await;
    let logs: String = keys.lines().map(|key| format!("log {key}\n")).collect();
    let key = witness.key();
    format!("{logs}witness w1 {key}\nquorum w1\n")
}

async fn publishes(scene: &Scene, logs: String) {
    let change = OrganisationPolicyChange {
        logs: Some(logs),
        ..OrganisationPolicyChange::default()
    };
    let published = scene.alice.publish_organisation_policy(change).await;
    published.expect("published");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_witness_that_the_organisation_names_has_to_have_seen_it() {
    let mut scene = scene().await;
    let witness = Witness::of(&scene.stage.relay, &scene.room.join("witness")).await;
    publishes(&scene, policy(&scene.stage, &witness).await).await;
    scene.offers("0.2.0", PACKAGE).await;
    // The relay does not ask the witness, so all that speaks for the log is the relay.
    until("the update being refused", || async {
        match scene.checks().await {
            Err(error) if error.code == "update_not_logged" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    scene.stage.relay.restart_with(&witness.settings()).await;
    scene.finds("0.2.0").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn witnesses_of_the_directory_count_for_an_audit_log_that_is_not_named() {
    let mut scene = scene().await;
    let witness = Witness::of(&scene.stage.relay, &scene.room.join("witness")).await;
    let both = policy(&scene.stage, &witness).await;
    let directory = both.lines().filter(|line| !line.contains("/audit+"));
    let directory: String = directory.map(|line| format!("{line}\n")).collect();
    assert_eq!(both.lines().count(), directory.lines().count() + 1);
    publishes(&scene, directory).await;
    scene.offers("0.2.0", PACKAGE).await;
    until("the update being refused", || async {
        match scene.checks().await {
            Err(error) if error.code == "update_not_logged" => Ok(()),
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    scene.stage.relay.restart_with(&witness.settings()).await;
    scene.finds("0.2.0").await;
}
