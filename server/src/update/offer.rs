//! What the operator does: offers a package, lists what was offered, withdraws it.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use sealwire_audit::dsse::{Envelope, from_pem};
use sealwire_audit::release::DESKTOP;
use sealwire_audit::statement::Statement;
use sealwire_audit::update::{MAX_PROVENANCE, Package};
use sealwire_crypto::EvidencePublic;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::rows::{self, Offered};
use super::{Updates, shelf::NotTaken};
use crate::evidence::Attested;
use crate::refusal::{Answer, Refusal};

/// File of a release that says how it was built.
const PROVENANCE: &str = "provenance.intoto.json";

/// What the operator asks for, as JSON.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case", tag = "do")]
pub(crate) enum Asked {
    /// Offer the package of a release.
    Offer {
        /// The release's folder, absolute.
        folder: PathBuf,
        /// The public release key, PEM.
        key: String,
    },
    /// List all.
    List,
    /// Offer a version no longer.
    Withdraw {
        /// Which.
        version: String,
    },
}

/// What a release says of its package, and the package.
struct Release {
    package: Package,
    attested: Attested,
    file: PathBuf,
}

impl Updates {
    /// Answers the operator.
    pub(crate) async fn operator(&self, asked: &str) -> Answer<Value> {
        match serde_json::from_str(asked) {
            Ok(Asked::Offer { folder, key }) => self.offer(&folder, &key).await,
            Ok(Asked::List) => self.list().await,
            Ok(Asked::Withdraw { version }) => self.withdraw(&version).await,
            Err(_) => Err(Refusal::malformed(
                "This relay does not know the command; it may be of another version.",
            )),
        }
    }

    /// Takes a package and logs its provenance. One that was offered before, and whose file was lost, is taken
    /// again and not logged twice.
    async fn offer(&self, folder: &Path, key: &str) -> Answer<Value> {
        let release = read(folder, key)?;
        let (target, version) = (
            &release.package.build.target,
            &release.package.build.version,
        );
        let known = {
            let mut db = self.db.readers.acquire().await?;
            rows::all(&mut db).await?
        };
        let newest = known.iter().find(|one| one.target == *target);
        let again = newest.filter(|old| {
            !old.withdrawn && old.version == *version && old.sha256 == release.package.sha256
        });
        if let (None, Some(old)) = (again, newest)
            && !release.package.is_after(&old.version)
        {
            return Err(Refusal::malformed(format!(
                "Version {version} does not come after {}, which was offered for {target} before: apps take \
                 none that is not newer. Build one with a higher version.",
                old.version
            )));
        }
        let size = self.take(&release).await?;
        let offered = match again {
            Some(old) => old.clone(),
            None => self.log(&release, size).await?,
        };
        self.tidy().await?;
        Ok(told(&offered, true))
    }

    async fn take(&self, release: &Release) -> Answer<u64> {
        let (shelf, file) = (self.shelf.clone(), release.file.clone());
        let sha256 = release.package.sha256;
        let taken = tokio::task::spawn_blocking(move || shelf.take(&file, &sha256)).await;
        let taken = taken.map_err(|_| Refusal::internal("a package was not copied"))?;
        taken.map_err(|why| {
            let next = match why {
                NotTaken::Io(_) => {
                    "check that the relay's user can read it, and the space on the disk"
                }
                NotTaken::TooLarge => "apps take no larger one",
                NotTaken::Other(_) => "get the release again from where it was made",
            };
            Refusal::malformed(format!("{} {why}; {next}.", release.file.display()))
        })
    }

    async fn log(&self, release: &Release, size: u64) -> Answer<Offered> {
        let mut tx = self.evidence.begin().await?;
        let logged = self.evidence.keep(&mut tx, &release.attested).await?;
        let offered = Offered {
            target: release.package.build.target.clone(),
            version: release.package.build.version.clone(),
            number: logged.number,
            sha256: release.package.sha256,
            size,
            withdrawn: false,
        };
        rows::add(&mut tx, &offered).await?;
        tx.commit().await?;
        Ok(offered)
    }

    async fn list(&self) -> Answer<Value> {
        let mut db = self.db.readers.acquire().await?;
        let all = rows::all(&mut db).await?;
        let told = all.iter().map(|one| {
            let there = !one.withdrawn && self.shelf.holds(&one.sha256, one.size);
            told(one, there)
        });
        Ok(json!({ "updates": told.collect::<Vec<_>>() }))
    }

    async fn withdraw(&self, version: &str) -> Answer<Value> {
        let mut tx = self.db.write().await?;
        let withdrawn = rows::withdraw(&mut tx, version).await?;
        tx.commit().await?;
        if withdrawn == 0 {
            return Err(Refusal::malformed(
                "No such version is offered; `update list` shows all.",
            ));
        }
        self.tidy().await?;
        Ok(json!({ "withdrawn": withdrawn }))
    }

    /// Removes the packages that are not the newest of their kind.
    async fn tidy(&self) -> Answer<()> {
        let all = {
            let mut db = self.db.readers.acquire().await?;
            rows::all(&mut db).await?
        };
        let (mut targets, mut kept) = (BTreeSet::new(), BTreeSet::new());
        for one in all.iter().filter(|one| !one.withdrawn) {
            if targets.insert(&one.target) {
                kept.insert(one.sha256);
            }
        }
        self.shelf
            .keep(&kept)
            .map_err(|_| Refusal::internal("an old package cannot be removed"))
    }
}

fn told(one: &Offered, there: bool) -> Value {
    json!({
        "target": one.target,
        "version": one.version,
        "number": one.number,
        "sha256": one.sha256,
        "size": one.size,
        "withdrawn": one.withdrawn,
        "there": there,
    })
}

/// Reads a release and checks what it says of its package, which is read later.
fn read(folder: &Path, key: &str) -> Answer<Release> {
    let key: EvidencePublic = from_pem(key.as_bytes()).map_err(|why| {
        Refusal::malformed(format!(
            "The release key cannot be used: {why}; give what `openssl pkey -pubout` wrote."
        ))
    })?;
    let path = folder.join(PROVENANCE);
    let wrong = |why: &dyn std::fmt::Display| {
        Refusal::malformed(format!(
            "{}: {why}; name the folder that `cargo xtask release` wrote, and the key it was signed with.",
            path.display()
        ))
    };
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(|why| wrong(&why))?;
    file.take(MAX_PROVENANCE as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|why| wrong(&why))?;
    if bytes.len() > MAX_PROVENANCE {
        return Err(wrong(&"is longer than 64 KiB"));
    }
    let envelope = Envelope::parse(&bytes).map_err(|why| wrong(&why))?;
    let package = Package::open(&envelope, &key).map_err(|why| wrong(&why))?;
    let statement = Statement::parse(envelope.payload()).map_err(|why| wrong(&why))?;
    let attested = Attested::new(statement, envelope, &key).map_err(|why| wrong(&why))?;
    Ok(Release {
        package,
        attested,
        file: folder.join(DESKTOP),
    })
}
