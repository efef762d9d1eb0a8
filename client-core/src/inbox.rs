//! The device's inbox: Welcomes, rejoin requests, device linking.

use std::{sync::Arc, time::Duration};

use sealwire_crypto::open_blob;
use sealwire_protocol::{
    account::{B64, InboxItem, NewDevice},
    certificate::{CertificateBody, DeviceCertificate},
    envelope::{
        Body, LinkGrant, LinkRequest, OpenedEnvelope, Rejoin, RosterBlob, RosterGroup, WelcomeBlob,
        open_envelope,
    },
    ids::LogId,
};
use tokio::time::sleep;

use crate::{
    core::Core,
    custody, envelope,
    error::{CoreError, ErrorKind, Result},
    group, invite, net, random,
    store::{self, LogRow, LogState, Wish},
};

/// How long the relay may hold a question for new items, seconds.
const WAIT_S: u32 = 25;
const RETRY: Duration = Duration::from_secs(2);
/// How long a Welcome waits for news of an earlier removal.
const SETTLE: Duration = Duration::from_secs(10);
/// They are valid before they were made, for clocks that are wrong, seconds.
pub(crate) const CERTIFICATE_SLACK_S: u64 = 14 * 86_400;
/// Validity of the certificates that devices give to further devices, seconds.
pub(crate) const CERTIFICATE_LIFE_S: u64 = 2 * 365 * 86_400;

/// Reads the inbox until the client is dropped.
pub(crate) async fn run(core: Arc<Core>, spawn: impl Fn(LogId) + Send + Sync) {
    while let Err(error) = forget_processed(&core).await {
        tracing::debug!(code = error.code, "inbox not read; will be tried again");
        sleep(RETRY).await;
    }
    loop {
        match read(&core, WAIT_S, &spawn).await {
            Ok(_) => {}
            Err(error) => {
                tracing::debug!(code = error.code, "inbox not read; will be tried again");
                sleep(
                    if matches!(error.kind, ErrorKind::Locked | ErrorKind::Untrusted) {
                        RETRY * 15
                    } else {
                        RETRY
                    },
                )
                .await;
            }
        }
    }
}

/// Acknowledges what was processed before the program ended, and could not be told any more.
async fn forget_processed(core: &Core) -> Result<()> {
    let cursor = {
        let mut conn = core.db.readers.acquire().await?;
        store::inbox_cursor(&mut conn).await?
    };
    let items = core.account.inbox(0, 0).await?.items;
    let old: Vec<u64> = items
        .iter()
        .map(|item| item.id)
        .filter(|id| *id <= cursor)
        .collect();
    if old.is_empty() {
        Ok(())
    } else {
        core.account.ack(&old).await
    }
}

/// Reads and processes what is there; answers how many items there were.
pub(crate) async fn read(
    core: &Core,
    wait_s: u32,
    spawn: &(impl Fn(LogId) + Send + Sync),
) -> Result<usize> {
    let cursor = {
        let mut conn = core.db.readers.acquire().await?;
        store::inbox_cursor(&mut conn).await?
    };
    let inbox = core.account.inbox(cursor, wait_s).await?;
    let count = inbox.items.len();
    for item in inbox.items {
        match process(core, &item).await {
            Ok(Some(log)) => spawn(log),
            Ok(None) => {}
            Err(error) if error.may_pass() => return Err(error),
            Err(error) => core.warn(
                None,
                format!(
                    "Something in the inbox was refused: {}. {}",
                    error.message, error.hint
                ),
            ),
        }
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        store::set_inbox_cursor(&mut tx, item.id).await?;
        tx.commit().await?;
        drop(conn);
        core.account.ack(&[item.id]).await?;
        core.progressed();
    }
    Ok(count)
}

/// Processes one item; answers the group whose actor is to be started.
async fn process(core: &Core, item: &InboxItem) -> Result<Option<LogId>> {
    let opened = open_envelope(
        &core.identity.inbox_key,
        &core.identity.device,
        &item.envelope.0,
    )
    .map_err(|error| {
        CoreError::new(
            ErrorKind::Untrusted,
            "bad_envelope",
            error.to_string(),
            "nothing is lost; whoever sent it will try again",
        )
    })?;
    let OpenedEnvelope {
        sender,
        body,
        sent_at_s,
        ..
    } = opened;
    match (body, sender) {
        (Body::Welcome(welcome), Some(sender)) => {
            check_sender(core, &sender).await?;
            let (log, blob) = (welcome.log, welcome.blob);
            let endpoint = &core.identity.endpoint;
            let sealed = net::get_blob(endpoint, &blob.blob, blob.read_token.expose()).await?;
            let content = open_blob(&blob.key, &sealed).map_err(CoreError::internal)?;
            let content = WelcomeBlob::parse(&content).map_err(CoreError::internal)?;
            settle(core, log).await?;
            let joined = group::join(core, &sender, log, welcome.conversation, &content).await?;
            // Following twice is harmless; not following at all is not.
            tracing::debug!(joined, "Welcome processed");
            Ok(Some(log))
        }
        (Body::Rejoin(request), Some(sender)) => {
            seat(core, &request, &sender, sent_at_s).await?;
            Ok(None)
        }
        (Body::JoinRequest(request), Some(sender)) => {
            check_sender(core, &sender).await?;
            invite::take(core, &request, &sender, sent_at_s).await?;
            Ok(None)
        }
        (Body::Coverage(signed), Some(sender)) => {
            check_sender(core, &sender).await?;
            custody::take_coverage(core, &sender, &signed).await?;
            Ok(None)
        }
        (Body::LinkRequest(proposal), _) => {
            approve(core, &proposal).await?;
            Ok(None)
        }
        _ => Err(CoreError::new(
            ErrorKind::Untrusted,
            "bad_envelope",
            "an envelope without a sender",
            "nothing is lost",
        )),
    }
}

/// Gives a group that this device still counts as its own the time to learn that it was removed:
/// a Welcome may overtake the news.
async fn settle(core: &Core, log: LogId) -> Result<()> {
    let mut progress = core.progress.subscribe();
    let deadline = tokio::time::Instant::now() + SETTLE;
    loop {
        progress.borrow_and_update();
        let active = {
            let mut conn = core.db.readers.acquire().await?;
            LogRow::load(&mut conn, &log)
                .await?
                .is_some_and(|row| row.state == LogState::Active)
        };
        if !active
            || tokio::time::timeout_at(deadline, progress.changed())
                .await
                .is_err()
        {
            return Ok(());
        }
    }
}

/// Whoever writes to the inbox is who the directory says they are.
async fn check_sender(core: &Core, sender: &DeviceCertificate) -> Result<()> {
    let looked = group::lookup(core, sender.handle()).await?;
    let known = looked
        .devices
        .iter()
        .any(|device| device.device() == sender.device());
    if looked.contact.key_changed() || looked.contact.account != *sender.account() || !known {
        let from = if looked.contact.key_changed() {
            "with another key than the one you know"
        } else {
            "from a device or key that the directory does not show"
        };
        return Err(CoreError::new(
            ErrorKind::Untrusted,
            "untrusted_identity",
            format!("{} wrote {from}", sender.handle()),
            "ask them in person; nothing was accepted",
        ));
    }
    Ok(())
}

/// A device of an account that is in the group asks for its leaf.
async fn seat(
    core: &Core,
    request: &Rejoin,
    sender: &DeviceCertificate,
    sent_at_s: u64,
) -> Result<()> {
    let log = request.log;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let members = store::members(&mut tx, &log).await?;
    if !members.iter().any(|leaf| leaf.same_account(sender)) {
        return Err(CoreError::new(
            ErrorKind::Policy,
            "not_a_member",
            format!(
                "a device of {} asked for a conversation it is not in",
                sender.handle()
            ),
            "nothing was changed",
        ));
    }
    let wish = Wish::SeatDevice {
        device: sender.device().to_string(),
        key_package: data_encoding::BASE64.encode(&request.key_package),
        asked_at: sent_at_s.saturating_mul(1_000),
    };
    // Own devices answer at once, others give them time to.
    let own = sender.account() == &core.identity.account;
    let wait = if own {
        0
    } else {
        5_000 + random::up_to(60_000)
    };
    store::add_intent(&mut tx, &log, &wish, core.now_ms() + wait).await?;
    tx.commit().await?;
    drop(conn);
    core.wake(&log);
    Ok(())
}

fn link_refused(why: &str) -> CoreError {
    CoreError::new(
        ErrorKind::Untrusted,
        "bad_link",
        format!("a device asked to be linked, but {why}"),
        "make a new link with `sealwire device link` and use it within ten minutes",
    )
}

/// Certifies a further device of this account that knows the secret of a link shown here.
async fn approve(core: &Core, proposal: &LinkRequest) -> Result<()> {
    let account_key = core
        .identity
        .account_secret
        .as_ref()
        .ok_or_else(|| link_refused("this device does not hold the account key"))?;
    let links = {
        let mut conn = core.db.writer.lock().await;
        let mut tx = core.db.begin(&mut conn).await?;
        let links = store::device_links(&mut tx, core.now_ms()).await?;
        tx.commit().await?;
        links
    };
    let secret = links
        .into_iter()
        .find(|secret| proposal.verify_mac(secret).is_ok())
        .ok_or_else(|| link_refused("no link that is still good was used"))?;
    let now = core.now_s();
    let certificate = CertificateBody {
        handle: core.identity.handle.clone(),
        account_key: core.identity.account,
        device: proposal.device,
        kind: core.certificate.kind(),
        signature_key: proposal.signature_key,
        inbox_key: proposal.inbox_key,
        not_before_s: now.saturating_sub(CERTIFICATE_SLACK_S),
        not_after_s: now + CERTIFICATE_LIFE_S,
    }
    .sign(account_key);
    core.account
        .add_device(&NewDevice {
            certificate: B64::from(certificate.as_bytes()),
        })
        .await?;
    grant(core, account_key, &certificate, &secret).await?;
    core.warn(
        None,
        format!(
            "A device was linked to your account: {}. If that was not you, revoke it at once.",
            certificate.device()
        ),
    );
    core.postings.notify_one();
    Ok(())
}

async fn grant(
    core: &Core,
    account_key: &sealwire_crypto::AccountKey,
    certificate: &DeviceCertificate,
    secret: &sealwire_crypto::SecretBytes<32>,
) -> Result<()> {
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let mut groups = Vec::new();
    for conversation in store::conversations(&mut tx).await? {
        let members = store::members(&mut tx, &conversation.log).await?;
        if !members
            .iter()
            .any(|leaf| leaf.device() == core.identity.device)
        {
            continue;
        }
        groups.push(RosterGroup {
            log: conversation.log,
            conversation: conversation.id,
        });
    }
    let now = core.now_ms();
    let roster = if groups.is_empty() {
        None
    } else {
        let (blob, posting) = group::seal_as_blob(&RosterBlob { groups }.encode())?;
        store::add_posting(&mut tx, &posting, now).await?;
        Some(blob)
    };
    let body = Body::LinkGrant(Box::new(LinkGrant {
        certificate: certificate.clone(),
        account_key: sealwire_crypto::AccountKey::from_seed(&account_key.seed()),
        roster,
    }));
    store::add_posting(&mut tx, &envelope::seal(core, &body, certificate)?, now).await?;
    store::forget_device_link(&mut tx, secret).await?;
    tx.commit().await?;
    Ok(())
}
