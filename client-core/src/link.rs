//! Becoming a further device of an account.

use std::{path::Path, sync::Arc, time::Duration};

use sealwire_crypto::{DeviceKey, InboxKey, KdfParams, open_blob};
use sealwire_protocol::{
    certificate::DeviceCertificate,
    envelope::{BlobRef, Body, LinkRequest, RosterBlob, open_envelope, seal_envelope},
    ids::{DeviceId, Pass},
    link::DeviceLink,
    problem::Code,
};
use zeroize::Zeroizing;

use crate::{
    api::Options,
    client::{Client, new_dir},
    enrol::{NewProfile, Signer, create_database, now_s, save},
    error::{CoreError, ErrorKind, Result},
    net::{self, AccountClient, Endpoint},
    profile::{Database, ProfileLock},
    store::{self, Identity, LogRow, LogState, Unfinished},
};

impl Client {
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
        let mut identity = further_device(link);
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
        save_groups(&db, &granter, &roster).await?;
        profile.keep = true;
        // The actors of these groups ask for their seats.
        Self::with_database(db, lock, options).await
    }
}

/// A fresh device of an account, not certified yet.
fn further_device(link: &DeviceLink) -> Identity {
    let mut rng = rand::rng();
    Identity {
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
    }
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
) -> Result<()> {
    const UNNAMED: &str = "(waiting for the name)";
    let mut conn = db.writer.lock().await;
    let mut tx = db.begin(&mut conn).await?;
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
    }
    tx.commit().await?;
    Ok(())
}
