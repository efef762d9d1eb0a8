//! Who writes an archive, and with which key its log is signed.

use std::path::Path;

use data_encoding::BASE64;
use sealwire_audit::{
    merkle::Edge,
    note::{KeyKind, KeyName, SignerKey, VerifierKey},
};
use sealwire_crypto::{EvidenceKey, SecretBytes, SignContext, Signature};
use sealwire_protocol::certificate::{DeviceCertificate, DeviceKind};
use serde::{Deserialize, Serialize};

use super::{
    CHECKPOINT, FILES, HEAD, RECORDS,
    archive::no_lock,
    broken,
    bucket::Lock,
    folder::{replace, sync_parent},
    place::Opened,
    tree, writing,
};
use crate::{
    core::Core,
    error::{CoreError, ErrorKind, Result},
    profile::create_private_dir,
    store::{self, ArchiveRow as Known},
};

const SCHEMA: &str = "sealwire.archive/1";

/// `archive.json`: by its certificate the account vouches for the device, by its signature the device for
/// the key of the log.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    schema: String,
    /// `sealwire.record/1`.
    records: String,
    handle: String,
    /// The log's key, as a `vkey` (C2SP signed-note).
    pub(super) key: String,
    /// Base64.
    certificate: String,
    /// Base64.
    signature: String,
}

/// The key of this profile's archive in `place`, which is begun if neither is there, and its tree as it was
/// last written.
///
/// # Errors
/// `not_a_custodian`; `archive_elsewhere` if this profile writes another, `archive_taken` if another
/// custodian writes this one; those of the place.
pub(super) async fn key(
    core: &Core,
    place: &Opened,
    lock: Option<Lock>,
) -> Result<(SignerKey, Known)> {
    if !core.keeps_records() {
        return Err(CoreError::new(
            ErrorKind::Policy,
            "not_a_custodian",
            "this account is not a records custodian's",
            "join with an invitation for one: `sealwire org invite --custodian` makes it",
        ));
    }
    let known = {
        let mut conn = core.db.readers.acquire().await?;
        store::archive_key(&mut conn).await?
    };
    let there = place.small(HEAD).await?.is_some();
    let (seed, known) = match known {
        Some((seed, known)) if there || known.size == 0 => (seed, known),
        Some((_, Known { size, .. })) => {
            return Err(CoreError::usage(
                "archive_elsewhere",
                format!("this custodian's archive has {size} records, and it is not here"),
                "name the place where it is, or bring it back from a copy: a second archive would have \
                 a hole",
            ));
        }
        None if there => {
            return Err(CoreError::usage(
                "archive_taken",
                "there is another custodian's archive in this place",
                "name another place",
            ));
        }
        None => {
            let seed = SecretBytes::generate(&mut rand::rng());
            let mut conn = core.db.writer.lock().await;
            let mut tx = core.db.begin(&mut conn).await?;
            store::keep_archive_key(&mut tx, &seed).await?;
            tx.commit().await?;
            (seed, Known::default())
        }
    };
    let key = signer(core, &seed)?;
    if there {
        let head = read(place).await?;
        if head.key != key.verifier().to_string() {
            return Err(broken(
                "archive.json names another key than this profile has",
            ));
        }
    } else {
        begin(core, place, &key, lock).await?;
    }
    Ok((key, known))
}

fn signer(core: &Core, seed: &SecretBytes<32>) -> Result<SignerKey> {
    let identity = &core.identity;
    let name = format!("{}/records/{}", identity.organisation, identity.device);
    let name = KeyName::new(&name).map_err(CoreError::internal)?;
    Ok(SignerKey::new(
        name,
        KeyKind::Note,
        EvidenceKey::from_seed(seed),
    ))
}

async fn begin(core: &Core, place: &Opened, key: &SignerKey, lock: Option<Lock>) -> Result<()> {
    let vkey = key.verifier().to_string();
    let identity = &core.identity;
    let signature = identity
        .device_key
        .sign(SignContext::Archive, vkey.as_bytes());
    let head = Head {
        schema: SCHEMA.into(),
        records: super::SCHEMA.into(),
        handle: identity.handle.to_string(),
        certificate: BASE64.encode(core.certificate.as_bytes()),
        signature: BASE64.encode(&signature.0),
        key: vkey,
    };
    let empty = tree::sign(key, &Edge::new())?;
    let json = serde_json::to_vec_pretty(&head).map_err(CoreError::internal)?;
    match place {
        Opened::Folder(dir) => begin_folder(dir, empty.as_bytes(), &json),
        Opened::Bucket(bucket) => {
            let lock = lock.ok_or_else(no_lock)?;
            bucket
                .begin(empty.as_bytes(), (HEAD, json.as_slice()), lock)
                .await
        }
    }
}

fn begin_folder(dir: &Path, empty: &[u8], json: &[u8]) -> Result<()> {
    for folder in [dir.to_path_buf(), dir.join(RECORDS), dir.join(FILES)] {
        create_private_dir(&folder)?;
    }
    // The head last: by it the archive counts as begun.
    for (name, bytes) in [(CHECKPOINT, empty), (HEAD, json)] {
        let path = dir.join(name);
        replace(&path, bytes).map_err(|error| writing(&path, &error))?;
    }
    sync_parent(&dir.join(HEAD)).map_err(|error| writing(dir, &error))
}

/// Reads and checks `archive.json`.
pub(super) async fn read(place: &Opened) -> Result<Head> {
    let json = place.small(HEAD).await?.ok_or_else(none)?;
    let head: Head =
        serde_json::from_slice(&json).map_err(|_| broken("archive.json is not of its form"))?;
    if head.schema != SCHEMA || head.records != super::SCHEMA {
        return Err(broken(
            "archive.json is of another version than this program",
        ));
    }
    Ok(head)
}

fn none() -> CoreError {
    CoreError::new(
        ErrorKind::Io,
        "archive_io",
        "there is no archive.json in this place",
        "check the place: `sealwire custodian run` makes an archive",
    )
}

impl Head {
    /// The log's key and the custodian, if the device signed for the key and its certificate is a
    /// custodian's.
    pub(super) fn check(&self) -> Result<(VerifierKey, DeviceCertificate)> {
        let bytes = |text: &str| BASE64.decode(text.as_bytes()).ok();
        let certificate = bytes(&self.certificate)
            .and_then(|bytes| DeviceCertificate::from_bytes(&bytes).ok())
            .filter(|certificate| certificate.kind() == DeviceKind::Custodian)
            .filter(|certificate| certificate.handle().as_str() == self.handle)
            .ok_or_else(|| broken("archive.json: the certificate is not a records custodian's"))?;
        let signature = bytes(&self.signature).and_then(|bytes| Signature::from_bytes(&bytes).ok());
        let signed = signature.is_some_and(|signature| {
            let key = certificate.signature_key();
            key.verify(SignContext::Archive, self.key.as_bytes(), &signature)
                .is_ok()
        });
        if !signed {
            return Err(broken(
                "archive.json: the custodian's device did not sign the key",
            ));
        }
        let key = VerifierKey::parse(&self.key)
            .map_err(|error| broken(format!("archive.json: {error}")))?;
        Ok((key, certificate))
    }
}
