//! Releases of the desktop app, by makers whose key the test holds.

use std::path::Path;

use sealwire_audit::dsse::{Envelope, to_pem};
use sealwire_audit::predicate::{Hex, Time};
use sealwire_audit::release::{Build, DESKTOP};
use sealwire_audit::statement::Subject;
use sealwire_crypto::EvidenceKey;

/// The kind of machine that the tests run on, as the app asks for updates.
#[must_use]
pub fn target() -> String {
    format!("{}-unknown-linux-gnu", std::env::consts::ARCH)
}

/// Those who make the app.
pub struct Makers(EvidenceKey);

impl Makers {
    /// With a key of their own.
    #[must_use]
    pub fn new() -> Self {
        Self(EvidenceKey::generate(&mut rand::rng()))
    }

    /// The public half of their key, PEM.
    #[must_use]
    pub fn key(&self) -> String {
        to_pem(&self.0.public())
    }

    /// What they say of a package.
    ///
    /// # Panics
    /// Never for what tests build.
    #[must_use]
    pub fn say(&self, version: &str, package: &[u8]) -> Envelope {
        let build = Build {
            version: version.to_owned(),
            target: target(),
            source: None,
            commit: "0123456789abcdef0123456789abcdef01234567".to_owned(),
            lock: Hex([7; 32]),
            toolchain: "rustc 1.95.0".to_owned(),
            flags: String::new(),
            started: Time::from_millis(1_700_000_000_000).expect("a time"),
            finished: Time::from_millis(1_700_000_600_000).expect("a time"),
        };
        let statement = build.to_statement(vec![Subject::of(DESKTOP, package)]);
        let mut envelope = statement.expect("sound").to_envelope().expect("sound");
        envelope.sign(&self.0);
        envelope
    }

    /// Makes a release in `folder`: the package, what they say of it, and `release.pub`.
    ///
    /// # Panics
    /// If it cannot be written.
    pub fn release(&self, folder: &Path, version: &str, package: &[u8]) {
        std::fs::create_dir_all(folder).expect("a folder");
        let said = self.say(version, package).to_json();
        for (name, content) in [
            ("provenance.intoto.json", said.as_bytes()),
            (DESKTOP, package),
            ("release.pub", self.key().as_bytes()),
        ] {
            std::fs::write(folder.join(name), content).expect("written");
        }
    }
}

impl Default for Makers {
    fn default() -> Self {
        Self::new()
    }
}
