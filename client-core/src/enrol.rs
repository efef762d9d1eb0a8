//! Becoming somebody: joining by invitation, and finishing what was interrupted.

use std::{path::Path, sync::Arc};

use sealwire_crypto::{
    AccountKey, DeviceKey, InboxKey, KdfParams, OrganisationKey, SignContext, Signature,
};
use sealwire_protocol::{
    account::{B64, Enrol, Organisation},
    certificate::{CertificateBody, DeviceCertificate},
    handle::Handle,
    ids::DeviceId,
    link::JoinLink,
    proof::{enrolment_mac, enrolment_message},
};
use zeroize::Zeroizing;

use crate::{
    api::Options,
    client::{Client, DATABASE, migrate, new_dir},
    error::{CoreError, ErrorKind, Result},
    inbox::{CERTIFICATE_LIFE_S, CERTIFICATE_SLACK_S},
    net::{AccountClient, Endpoint, SessionSigner},
    profile::{Database, ProfileLock, create_key},
    store::{Identity, Unfinished},
};

/// Signs relay challenges.
pub(crate) struct Signer {
    device: DeviceId,
    organisation: String,
    key: DeviceKey,
}

impl Signer {
    pub(crate) fn of(identity: &Identity) -> Self {
        Self {
            device: identity.device,
            organisation: identity.organisation.clone(),
            key: DeviceKey::from_seed(&identity.device_key.seed()),
        }
    }
}

impl SessionSigner for Signer {
    fn device(&self) -> DeviceId {
        self.device
    }

    fn organisation(&self) -> String {
        self.organisation.clone()
    }

    fn sign_challenge(&self, message: &[u8]) -> Signature {
        self.key.sign(SignContext::Challenge, message)
    }
}

pub(crate) fn now_s(options: &Options) -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .map_or(0, |d| d.as_secs())
        .saturating_add_signed(options.clock_offset_s)
}

/// A profile directory that goes again unless it is kept: a refused invitation leaves nothing.
pub(crate) struct NewProfile<'a> {
    pub(crate) dir: &'a Path,
    pub(crate) keep: bool,
}

impl Drop for NewProfile<'_> {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        for name in [
            DATABASE,
            "profile.db-wal",
            "profile.db-shm",
            "profile.key",
            "profile.lock",
        ] {
            // What is not there needs no removal.
            let _ = std::fs::remove_file(self.dir.join(name));
        }
    }
}

impl Client {
    /// Joins by invitation as `name` (the part of the handle before `@`), in a new profile.
    ///
    /// If the relay cannot be reached, the profile stays and the next [`Client::open`] tries
    /// again: an answer that was lost must not lock anybody out.
    ///
    /// # Errors
    /// `profile_exists`, `weak_passphrase`, `bad_handle`, `relay_certificate`,
    /// `invitation_unknown`, `invitation_used`, `invitation_expired`, `handle_taken`, `wrong_kind`.
    pub async fn enrol(
        dir: &Path,
        passphrase: &Zeroizing<String>,
        link: &JoinLink,
        name: &str,
        kdf: KdfParams,
        options: Options,
    ) -> Result<Self> {
        let handle = Handle::parse(&format!("{name}@{}", link.organisation)).map_err(|error| {
            CoreError::new(
                ErrorKind::Usage,
                "bad_handle",
                error.to_string(),
                "choose a name of small letters, digits, dots, dashes and underscores",
            )
        })?;
        let identity = newcomer(link, handle);
        let (identity, request) = request(identity, link, now_s(&options))?;
        new_dir(dir)?;
        let lock = ProfileLock::acquire(dir)?;
        let mut profile = NewProfile { dir, keep: false };
        let db = create_database(dir, passphrase, kdf).await?;
        let unfinished = Unfinished {
            enrolment: Some(request),
        };
        save(&db, &identity, &unfinished).await?;
        let client = Self::with_database(db, lock, options).await;
        profile.keep = match &client {
            Ok(_) => true,
            Err(error) => error.is_transient(),
        };
        client
    }
}

/// A fresh account on a fresh device.
fn newcomer(link: &JoinLink, handle: Handle) -> Identity {
    let mut rng = rand::rng();
    let account_secret = AccountKey::generate(&mut rng);
    Identity {
        organisation: link.organisation.clone(),
        organisation_key: link.organisation_key,
        // The link that a relay prints for its owner names no key: this device makes it.
        organisation_secret: match (&link.organisation_key, &link.secret) {
            (None, None) => Some(OrganisationKey::generate(&mut rng)),
            _ => None,
        },
        account: account_secret.public(),
        account_secret: Some(account_secret),
        device: DeviceId::random(&mut rng),
        device_key: DeviceKey::generate(&mut rng),
        inbox_key: InboxKey::generate(&mut rng),
        certificate: None,
        endpoint: Endpoint {
            address: link.relay.clone(),
            tls: link.tls,
        },
        handle,
    }
}

/// Fills in the certificate and builds the enrolment request.
fn request(
    mut identity: Identity,
    link: &JoinLink,
    now_s: u64,
) -> Result<(Identity, Zeroizing<String>)> {
    let account = identity
        .account_secret
        .as_ref()
        .ok_or_else(|| CoreError::internal("no account key"))?;
    let certificate = CertificateBody {
        handle: identity.handle.clone(),
        account_key: identity.account,
        device: identity.device,
        kind: link.kind,
        signature_key: identity.device_key.public(),
        inbox_key: identity.inbox_key.public(),
        not_before_s: now_s.saturating_sub(CERTIFICATE_SLACK_S),
        not_after_s: now_s + CERTIFICATE_LIFE_S,
    }
    .sign(account);
    let proof = enrolment_message(&link.code, certificate.as_bytes(), &identity.handle);
    let mac = link
        .secret
        .as_ref()
        .map(|secret| enrolment_mac(secret, link.kind, &identity.handle, &identity.account));
    let body = Enrol {
        code: B64::from(link.code.expose()),
        handle: identity.handle.to_string(),
        account_key: B64::from(identity.account.as_bytes()),
        certificate: B64::from(certificate.as_bytes()),
        proof: B64::from(account.sign(SignContext::Enrolment, &proof).0),
        mac: mac.map_or_else(B64::default, B64::from),
    };
    let json = serde_json::to_string(&body).map_err(CoreError::internal)?;
    identity.certificate = Some(certificate);
    Ok((identity, Zeroizing::new(json)))
}

pub(crate) async fn create_database(
    dir: &Path,
    passphrase: &Zeroizing<String>,
    kdf: KdfParams,
) -> Result<Database> {
    let key = create_key(dir, passphrase, kdf, &mut rand::rng())?;
    let db = Database::open(&dir.join(DATABASE), &key, true).await?;
    migrate(&db).await?;
    Ok(db)
}

pub(crate) async fn save(
    db: &Database,
    identity: &Identity,
    unfinished: &Unfinished,
) -> Result<()> {
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await?;
    identity.save(&mut tx, unfinished).await?;
    tx.commit().await?;
    Ok(())
}

/// Finishes an enrolment that was not answered, then gives the identity ready for use.
pub(crate) async fn finish(
    db: &Database,
    mut identity: Identity,
    unfinished: Unfinished,
) -> Result<(Identity, DeviceCertificate)> {
    if let Some(json) = &unfinished.enrolment {
        let body: Enrol = serde_json::from_str(json).map_err(CoreError::internal)?;
        let anonymous = AccountClient::new(identity.endpoint.clone(), None)?;
        let enrolled = anonymous.enrol(&body).await?;
        settle_organisation_key(&mut identity, &enrolled.organisation).await?;
        save(db, &identity, &Unfinished::default()).await?;
    }
    let certificate = identity.certificate.clone().ok_or_else(|| {
        CoreError::new(
            ErrorKind::Locked,
            "not_linked_yet",
            "this device was not linked to its account",
            "remove this profile and link the device again with a new link",
        )
    })?;
    Ok((identity, certificate))
}

/// The owner's device publishes the organisation key it made; everybody else pins it from the
/// link, or on first use if the link named none.
async fn settle_organisation_key(
    identity: &mut Identity,
    organisation: &Organisation,
) -> Result<()> {
    let shown = organisation
        .key
        .as_ref()
        .map(|key| sealwire_crypto::OrganisationPublic::from_bytes(&key.0))
        .transpose()
        .map_err(|_| wrong_organisation())?;
    if let Some(pinned) = &identity.organisation_key {
        return if shown.as_ref() == Some(pinned) {
            Ok(())
        } else {
            Err(wrong_organisation())
        };
    }
    match (shown, &identity.organisation_secret) {
        (Some(shown), Some(own)) if own.public() == shown => {}
        (Some(_), _) => identity.organisation_secret = None,
        (None, None) => return Ok(()),
        (None, Some(own)) => {
            let body = Organisation {
                name: identity.organisation.clone(),
                key: Some(B64::from(own.public().as_bytes())),
            };
            let signer = Arc::new(Signer::of(identity));
            let client = AccountClient::new(identity.endpoint.clone(), Some(signer))?;
            client.put_organisation(&body).await?;
            identity.organisation_key = Some(own.public());
            return Ok(());
        }
    }
    identity.organisation_key = shown;
    Ok(())
}

pub(crate) fn wrong_organisation() -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "organisation_key",
        "the relay shows another organisation key than the invitation names",
        "do not join; ask whoever invited you for a new link, and tell your administrator",
    )
}
