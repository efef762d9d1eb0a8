//! Updates of the program around this library: found at the relay, and taken only if the release key has
//! signed them, the relay's audit log holds that signed statement, and the package is the one it names.
//!
//! The relay can withhold an update. It cannot make one, and it cannot give one to a single person without
//! everybody being able to see that it exists.

mod fetch;
mod log;

use sealwire_audit::dsse::{from_pem, key_id};
use sealwire_audit::predicate::Hex;
use sealwire_audit::statement::Unattested;
use sealwire_audit::update::{MAX_OFFER, Offer, Package, is_target};

use crate::client::Client;
use crate::core::Core;
use crate::error::{CoreError, ErrorKind, Result};
use crate::net::FileClient;
use crate::store;

/// The program that is to be updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The public key whose updates it takes: PEM, as `openssl pkey -pubout` writes it.
    pub release_key: Vec<u8>,
    /// The kind of machine it is for, as Rust names it.
    pub target: String,
    /// Its version (<https://semver.org>).
    pub version: String,
}

/// An update that may be installed: signed, logged, and newer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    version: String,
    number: u64,
    signer: String,
    sha256: Hex<32>,
    size: u64,
}

impl Update {
    /// Its version.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Place of what the signer said of it in the relay's audit log.
    pub const fn number(&self) -> u64 {
        self.number
    }

    /// SHA-256 of the key that has signed (of its SubjectPublicKeyInfo), hexadecimal.
    pub fn signer(&self) -> &str {
        &self.signer
    }

    /// SHA-256 of the package, hexadecimal.
    pub fn sha256(&self) -> String {
        self.sha256.to_string()
    }

    /// Size of the package in bytes, at most 512 MiB.
    pub const fn size(&self) -> u64 {
        self.size
    }
}

/// SHA-256 of a release key (of its SubjectPublicKeyInfo), hexadecimal, as [`Update::signer`] says it.
///
/// # Errors
/// `no_release_key` if this is no public key of Ed25519 in PEM.
pub fn signer_of(release_key: &[u8]) -> Result<String> {
    let key = from_pem(release_key).map_err(|_| no_key())?;
    Ok(key_id(&key))
}

impl Client {
    /// Asks the relay for an update; `None` if there is none that is newer than the program.
    ///
    /// # Errors
    /// `no_release_key`; `update_not_signed`, `update_not_logged`, `update_damaged` and `update_older` for what
    /// must not be installed; network errors.
    pub async fn check_update(&self, installed: &Installed) -> Result<Option<Update>> {
        check(&self.core, installed).await
    }
}

async fn check(core: &Core, installed: &Installed) -> Result<Option<Update>> {
    let key = from_pem(&installed.release_key).map_err(|_| no_key())?;
    let target = &installed.target;
    if !is_target(target) {
        return Err(CoreError::internal("a kind of machine without a name"));
    }
    let files = FileClient::new(&core.identity.endpoint)?;
    let path = format!("/update/v1/{target}");
    let Some(offer) = files.get(&path, MAX_OFFER).await? else {
        return Ok(None);
    };
    let offer = Offer::parse(&offer).map_err(|why| damaged(why.to_string()))?;
    let package = Package::open(&offer.envelope, &key).map_err(|why| match why {
        Unattested::TooFew(_) => not_signed("the release key has not signed it".to_owned()),
        Unattested::Malformed(why) => not_signed(why.to_string()),
    })?;
    if package.build.target != *target {
        return Err(not_signed(
            "what was signed is for other machines".to_owned(),
        ));
    }
    if package.sha256 != offer.sha256 {
        return Err(damaged("it is not the package that was signed".to_owned()));
    }
    if !package.is_after(&installed.version) {
        return Ok(None);
    }
    let known = {
        let mut conn = core.db.readers.acquire().await?;
        store::known_updates(&mut conn).await?
    };
    let version = package.build.version.clone();
    let is_known = known.version == version;
    if !known.version.is_empty() && !is_known && !package.is_after(&known.version) {
        return Err(older(&version, &known.version));
    }
    log::prove(core, &files, offer.number, &package.entry).await?;
    if !is_known {
        let mut conn = core.db.writer.lock().await;
        store::keep_update_version(&mut conn, &version).await?;
    }
    Ok(Some(Update {
        version,
        number: offer.number,
        signer: key_id(&key),
        sha256: package.sha256,
        size: offer.size,
    }))
}

fn no_key() -> CoreError {
    CoreError::usage(
        "no_release_key",
        "this program does not know whose updates to take",
        "install a package that was made with a release key",
    )
}

fn not_signed(why: String) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "update_not_signed",
        format!("the relay offers an update that is not signed as it has to be: {why}"),
        "nothing was installed; tell your administrator",
    )
}

fn damaged(why: String) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "update_damaged",
        format!("the relay's update is damaged or another one: {why}"),
        "nothing was installed; try again, and tell your administrator if it stays",
    )
}

fn older(version: &str, known: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "update_older",
        format!("the relay offers version {version}, and has offered {known} before"),
        "nothing was installed; ask your administrator why",
    )
}
