//! Becoming somebody: joining by invitation, linking a further device, finishing what was
//! interrupted.

use std::{path::Path, sync::Arc, time::Duration};

use sealwire_crypto::{
    AccountKey, DeviceKey, InboxKey, KdfParams, OrganisationKey, SignContext, Signature, open_blob,
};
use sealwire_protocol::{
    account::{B64, Enrol, Organisation},
    certificate::{CertificateBody, DeviceCertificate, DeviceKind},
    envelope::{BlobRef, Body, LinkRequest, RosterBlob, open_envelope, seal_envelope},
    handle::Handle,
    ids::{DeviceId, LogId, Pass},
    link::{DeviceLink, JoinLink},
    problem::Code,
    proof::{enrolment_mac, enrolment_message},
};
use zeroize::Zeroizing;

use crate::{
    actions,
    api::Options,
    client::{Client, DATABASE, migrate, new_dir},
    error::{CoreError, ErrorKind, Result},
    inbox::CERTIFICATE_LIFE_S,
    net::{self, AccountClient, Endpoint, SessionSigner},
    profile::{Database, ProfileLock, create_key},
    store::{self, Identity, LogRow, LogState, Unfinished},
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

fn now_s(options: &Options) -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since
        .map_or(0, |d| d.as_secs())
        .saturating_add_signed(options.clock_offset_s)
}

/// A profile directory that goes again unless it is kept: a refused invitation leaves nothing.
struct NewProfile<'a> {
    dir: &'a Path,
    keep: bool,
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
    /// `invitation_unknown`, `invitation_used`, `invitation_expired`, `handle_taken`.
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
        let mut rng = rand::rng();
        let account_secret = AccountKey::generate(&mut rng);
        let identity = Identity {
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
        };
        let (identity, request) = request(identity, link, now_s(&options))?;
        new_dir(dir)?;
        let lock = ProfileLock::acquire(dir)?;
        let mut profile = NewProfile { dir, keep: false };
        let db = create_database(dir, passphrase, kdf).await?;
        let unfinished = Unfinished {
            enrolment: Some(request),
            link_secret: None,
        };
        save(&db, &identity, &unfinished).await?;
        let client = Self::with_database(db, lock, options).await;
        profile.keep = match &client {
            Ok(_) => true,
            Err(error) => error.is_transient(),
        };
        client
    }

    /// Makes this a further device of the account that a device link names, in a new profile;
    /// waits up to `limit` for the other device.
    ///
    /// # Errors
    /// As [`Client::enrol`]; `not_approved` if the other device did not answer in time.
    pub async fn link(
        dir: &Path,
        passphrase: &Zeroizing<String>,
        link: &DeviceLink,
        kdf: KdfParams,
        options: Options,
        limit: Duration,
    ) -> Result<Self> {
        let mut rng = rand::rng();
        let mut identity = Identity {
            handle: link.handle.clone(),
            organisation: link.organisation.clone(),
            organisation_key: link.organisation_key,
            organisation_secret: None,
            account: link.account,
            account_secret: None,
            device: DeviceId::random(&mut rng),
            device_key: DeviceKey::generate(&mut rng),
            inbox_key: InboxKey::generate(&mut rng),
            certificate: None,
            endpoint: Endpoint {
                address: link.relay.clone(),
                tls: link.tls,
            },
        };
        new_dir(dir)?;
        let lock = ProfileLock::acquire(dir)?;
        let mut profile = NewProfile { dir, keep: false };
        let db = create_database(dir, passphrase, kdf).await?;
        ask(&identity, link, now_s(&options)).await?;
        let (granter, roster) = tokio::time::timeout(limit, await_grant(&mut identity, link))
            .await
            .map_err(|_| {
                CoreError::new(
                    ErrorKind::Io,
                    "not_approved",
                    "the other device did not answer",
                    "open Sealwire on it, make a new link with `sealwire device link`, and repeat",
                )
            })??;
        save(&db, &identity, &Unfinished::default()).await?;
        let logs = save_groups(&db, &granter, &roster).await?;
        profile.keep = true;
        let client = Self::with_database(db, lock, options).await?;
        for log in logs {
            actions::request_seat(&client.core, log).await?;
        }
        Ok(client)
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
        kind: DeviceKind::Person,
        signature_key: identity.device_key.public(),
        inbox_key: identity.inbox_key.public(),
        not_before_s: now_s.saturating_sub(14 * 86_400),
        not_after_s: now_s + CERTIFICATE_LIFE_S,
    }
    .sign(account);
    let proof = enrolment_message(&link.code, certificate.as_bytes(), &identity.handle);
    let mac = link
        .secret
        .as_ref()
        .map(|secret| enrolment_mac(secret, &identity.handle, &identity.account));
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

async fn create_database(
    dir: &Path,
    passphrase: &Zeroizing<String>,
    kdf: KdfParams,
) -> Result<Database> {
    let key = create_key(dir, passphrase, kdf, &mut rand::rng())?;
    let db = Database::open(&dir.join(DATABASE), &key, true).await?;
    migrate(&db).await?;
    Ok(db)
}

async fn save(db: &Database, identity: &Identity, unfinished: &Unfinished) -> Result<()> {
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

/// Asks the device that made the link.
async fn ask(identity: &Identity, link: &DeviceLink, now_s: u64) -> Result<()> {
    let proposal = LinkRequest::new(
        &link.secret,
        identity.device,
        identity.device_key.public(),
        identity.inbox_key.public(),
    );
    let envelope = seal_envelope(
        &Body::LinkRequest(proposal),
        None,
        &identity.device_key,
        (link.device, &link.inbox),
        now_s,
        &mut rand::rng(),
    )
    .map_err(CoreError::internal)?;
    net::post_envelope(&identity.endpoint, &link.device, envelope).await
}

/// Waits until the account's other device has certified this one.
async fn await_grant(
    identity: &mut Identity,
    link: &DeviceLink,
) -> Result<(DeviceCertificate, RosterBlob)> {
    let signer = Arc::new(Signer::of(identity));
    let client = AccountClient::new(identity.endpoint.clone(), Some(signer))?;
    loop {
        let inbox = match client.inbox(0, 5).await {
            Ok(inbox) => inbox,
            Err(error)
                if error.is_transient()
                    || error.kind == ErrorKind::Locked
                    || error.code == Code::DeviceUnknown.as_str() =>
            {
                tokio::time::sleep(Duration::from_millis(500)).await;
                continue;
            }
            Err(error) => return Err(error),
        };
        for item in inbox.items {
            let Ok(opened) = open_envelope(&identity.inbox_key, &identity.device, &item.envelope.0)
            else {
                continue;
            };
            let Some(sender) = opened
                .sender
                .filter(|sender| *sender.account() == link.account)
            else {
                continue;
            };
            let Body::LinkGrant(grant) = opened.body else {
                continue;
            };
            let certificate = grant.certificate;
            let mine = *certificate.signature_key() == identity.device_key.public()
                && certificate.same_account(&sender)
                && certificate.device() == identity.device
                && grant.account_key.public() == link.account;
            if !mine {
                continue;
            }
            identity.certificate = Some(certificate);
            identity.account_secret = Some(grant.account_key);
            let roster = match grant.roster {
                None => RosterBlob::default(),
                Some(blob) => read_roster(&identity.endpoint, &blob).await?,
            };
            client.ack(&[item.id]).await?;
            return Ok((sender, roster));
        }
    }
}

async fn read_roster(endpoint: &Endpoint, blob: &BlobRef) -> Result<RosterBlob> {
    let sealed = net::get_blob(endpoint, &blob.blob, blob.read_token.expose()).await?;
    let content = open_blob(&blob.key, &sealed).map_err(CoreError::internal)?;
    RosterBlob::parse(&content).map_err(CoreError::internal)
}

/// Stores the conversations of the account, waiting to be seated in their groups by `granter`.
async fn save_groups(
    db: &Database,
    granter: &DeviceCertificate,
    roster: &RosterBlob,
) -> Result<Vec<LogId>> {
    const UNNAMED: &str = "(waiting for the name)";
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await?;
    let mut logs = Vec::new();
    for group in &roster.groups {
        store::put_conversation(&mut tx, &group.conversation, UNNAMED, &group.log, 0).await?;
        let nothing = Pass::from_slice(&[0; 32]).map_err(CoreError::internal)?;
        let state = LogState::Rejoining;
        let mut row = LogRow::at_start(
            group.log,
            group.conversation,
            state,
            nothing,
            Vec::new(),
            Vec::new(),
            0,
        );
        row.save(&mut tx, None).await?;
        store::put_member(&mut tx, &group.log, granter).await?;
        logs.push(group.log);
    }
    tx.commit().await?;
    Ok(logs)
}
