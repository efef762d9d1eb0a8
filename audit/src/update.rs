//! Updates of the desktop app: what a relay offers, and what its makers have said of it.
//!
//! An update counts by three things, none of which is the relay's word: the release key has signed the
//! provenance, that very envelope stands in the audit log, and the package has the digest that stands in it.

#[cfg(test)]
mod tests;

pub use semver::Version;

use sealwire_crypto::EvidencePublic;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Malformed;
use crate::canonical::{from_canonical, to_canonical};
use crate::dsse::{Envelope, EnvelopeSignature, key_id};
use crate::leaf::{Attestation, Leaf};
use crate::predicate::Hex;
use crate::release::{Build, DESKTOP};
use crate::statement::{Statement, Subject, Unattested};

/// Longest provenance of an update, as the JSON of its envelope, in bytes.
pub const MAX_PROVENANCE: usize = 64 * 1024;
/// Longest offer, in bytes.
pub const MAX_OFFER: usize = MAX_PROVENANCE + 1024;
/// Largest package, in bytes: 512 MiB.
pub const MAX_PACKAGE: u64 = 512 * 1024 * 1024;
/// Longest name of a kind of machine, in bytes.
const MAX_TARGET: usize = 64;

/// What a relay says of the update that it has for one kind of machine. Nothing in it is believed before it
/// is checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The provenance of a release, signed.
    pub envelope: Envelope,
    /// Its place in the audit log.
    pub number: u64,
    /// Size of the package in bytes.
    pub size: u64,
    /// SHA-256 of the package.
    pub sha256: Hex<32>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Json {
    envelope: Value,
    number: u64,
    sha256: Hex<32>,
    size: u64,
}

impl Offer {
    /// The offer as it is served, canonical JSON (RFC 8785).
    ///
    /// # Errors
    /// [`Malformed`] for numbers above 2^53 - 1.
    pub fn to_json(&self) -> Result<Vec<u8>, Malformed> {
        let wrong = |_| Malformed::new("offer", "has no form in JSON");
        let json = Json {
            envelope: serde_json::from_str(&self.envelope.to_json()).map_err(wrong)?,
            number: self.number,
            sha256: self.sha256,
            size: self.size,
        };
        to_canonical(&serde_json::to_value(json).map_err(wrong)?)
    }

    /// Reads what [`Offer::to_json`] wrote, which has one spelling.
    ///
    /// # Errors
    /// [`Malformed`] for anything else, and for packages without bytes or above [`MAX_PACKAGE`].
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let wrong = |why| Malformed::new("offer", why);
        if bytes.len() > MAX_OFFER {
            return Err(wrong("is longer than 65 KiB"));
        }
        let json: Json = serde_json::from_value(from_canonical(bytes)?)
            .map_err(|_| wrong("a member is missing, misspelled or unknown"))?;
        if !(1..=MAX_PACKAGE).contains(&json.size) {
            return Err(wrong("the package does not have 1 byte to 512 MiB"));
        }
        let offer = Self {
            envelope: Envelope::parse(json.envelope.to_string().as_bytes())?,
            number: json.number,
            size: json.size,
            sha256: json.sha256,
        };
        if offer.to_json()? != bytes {
            return Err(wrong("is spelled in another way"));
        }
        Ok(offer)
    }
}

/// What the holder of the release key says of a package of the desktop app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Of what and how it was built.
    pub build: Build,
    /// Its version.
    pub version: Version,
    /// SHA-256 of its bytes.
    pub sha256: Hex<32>,
    /// What stands in the audit log of it.
    pub entry: Vec<u8>,
}

impl Package {
    /// What the provenance of a release says of the package in it, if `key`, and nobody else, has signed it.
    ///
    /// # Errors
    /// [`Unattested::TooFew`] if the key has not signed; [`Unattested::Malformed`] if others have, too, if it is
    /// no provenance of a release, or one without exactly one package of the desktop app, a version as
    /// <https://semver.org> has it, and a target of letters, digits, `_`, `-` and dots.
    pub fn open(envelope: &Envelope, key: &EvidencePublic) -> Result<Self, Unattested> {
        let wrong = |why| Malformed::new("update", why);
        let statement = Statement::open(envelope, std::slice::from_ref(key), 1)?;
        // So that no two programs read two things in it.
        from_canonical(envelope.payload())?;
        let build = Build::of(&statement)?;
        if !is_target(&build.target) {
            return Err(wrong("is for no kind of machine that has a name").into());
        }
        let version = Version::parse(&build.version)
            .map_err(|_| wrong("has a version that cannot be compared"))?;
        let named = |one: &&Subject| one.name.as_deref() == Some(DESKTOP);
        let mut packages = statement.subjects().iter().filter(named);
        let (Some(package), None) = (packages.next(), packages.next()) else {
            return Err(wrong("names no package of the desktop app, or several").into());
        };
        let sha256 = package.digest.get("sha256").cloned();
        let sha256 = sha256.and_then(|digest| Hex::try_from(digest).ok());
        let id = key_id(key);
        let named = |one: &EnvelopeSignature| one.key_id.as_ref() == Some(&id);
        if !envelope.signatures().iter().all(named) {
            return Err(wrong("a signature does not say that it is of the release key").into());
        }
        let entry = Leaf::Attestation(Attestation::of(envelope, &[*key])?).to_bytes()?;
        Ok(Self {
            version,
            sha256: sha256.ok_or(wrong("does not say the SHA-256 of the package"))?,
            entry,
            build,
        })
    }

    /// Whether this version comes after `version`; never if that is none.
    #[must_use]
    pub fn is_after(&self, version: &str) -> bool {
        Version::parse(version).is_ok_and(|old| self.version.cmp_precedence(&old).is_gt())
    }
}

/// Whether a kind of machine may have this name, which stands in addresses.
#[must_use]
pub fn is_target(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    (1..=MAX_TARGET).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.')
}
