//! How far records reach: every client tells the custodians that the organisation's policy names how
//! many conversations it is in and how many of them have one, in its device's name, once a day. Which
//! those are, and with whom, it does not tell.

use data_encoding::BASE64;
use sealwire_protocol::{
    certificate::{DeviceCertificate, UnverifiedCertificate},
    coverage::CoverageCount,
    envelope::Body,
};
use serde::Serialize;
use sqlx::SqliteConnection;

use crate::{
    api::ConversationState,
    client::Client,
    core::Core,
    envelope,
    error::{CoreError, ErrorKind, Result},
    group, random,
    store::{self, CoverageRow, LogRow, LogState},
};

const DAY_S: u64 = 86_400;
/// How long a custodian keeps the count of a device that it hears of no more.
const KEPT_S: u64 = 400 * DAY_S;

/// How far records reach, as one custodian knows it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CoverageInfo {
    /// The conversations that this custodian is in.
    pub conversations: Vec<CoveredConversation>,
    /// The newest count of each client that reports to it.
    pub clients: Vec<CoverageCountInfo>,
}

/// A conversation that the custodian is in.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CoveredConversation {
    /// Identifier, hexadecimal.
    pub id: String,
    /// Name.
    pub name: String,
    /// Accounts in it, the custodian too.
    pub members: usize,
}

/// What one device has counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct CoverageCountInfo {
    /// Handle of its account.
    pub handle: String,
    /// The device, hexadecimal.
    pub device: String,
    /// When, seconds since the Unix epoch, by the device's clock.
    pub at_s: u64,
    /// Conversations with others that it is in.
    pub conversations: u32,
    /// Of these, with a custodian that the policy names.
    pub covered: u32,
    /// Serial of that policy.
    pub policy_serial: u64,
    /// The count as the device signed it, Base64.
    pub signed: String,
    /// The device's certificate, by which it is verified, Base64.
    pub certificate: String,
}

/// Counts and posts it to every custodian, unless that was done within a day.
pub(crate) async fn report_daily(core: &Core) -> Result<()> {
    let last = {
        let mut conn = core.db.readers.acquire().await?;
        let rows = store::coverage(&mut conn).await?;
        rows.iter().map(|row| row.at_s).max()
    };
    let due = last.is_none_or(|at_s| core.now_s().abs_diff(at_s) >= DAY_S);
    match due && !core.keeps_records() {
        true => report(core).await.map(drop),
        false => Ok(()),
    }
}

/// Answers what was counted, if the policy names custodians.
async fn report(core: &Core) -> Result<Option<CoverageCountInfo>> {
    let policy = core.organisation_policy();
    let Some(policy) = policy.filter(|policy| !policy.custodians.is_empty()) else {
        return Ok(None);
    };
    let mut devices = Vec::new();
    for handle in &policy.custodians {
        match group::lookup(core, handle).await {
            Ok(found) if !found.contact.key_changed() => devices.extend(found.devices),
            Ok(_) => tracing::warn!("a custodian is not who it was; it is told nothing"),
            Err(error) if error.may_pass() => return Err(error),
            Err(error) => tracing::warn!(code = error.code, "a custodian is not told"),
        }
    }
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    let (conversations, covered) = count(&mut tx, core, &policy.custodians).await?;
    let count = CoverageCount {
        device: core.identity.device,
        at_s: core.now_s(),
        conversations,
        covered,
        policy_serial: policy.serial,
    };
    let signed = count.sign(&core.identity.device_key);
    store::put_coverage(&mut tx, &core.certificate, count.at_s, &signed).await?;
    for device in &devices {
        let posting = envelope::seal(core, &Body::Coverage(signed.clone()), device)?;
        // Not everybody at once when a policy comes.
        let due_at = core.now_ms() + random::up_to(core.options.welcome_delay_max_ms);
        store::add_posting(&mut tx, &posting, due_at).await?;
    }
    tx.commit().await?;
    core.postings.notify_one();
    Ok(Some(info(&count, &core.certificate, &signed)))
}

/// Conversations with others that this device is in, and those of them with one of these custodians.
async fn count(
    conn: &mut SqliteConnection,
    core: &Core,
    custodians: &[sealwire_protocol::handle::Handle],
) -> Result<(u32, u32)> {
    let (mut conversations, mut covered) = (0, 0);
    for conversation in store::conversations(conn).await? {
        let row = LogRow::load(conn, &conversation.log).await?;
        if !row.is_some_and(|row| row.state == LogState::Active) {
            continue;
        }
        let leaves = store::members(conn, &conversation.log).await?;
        let keeps = |leaf: &DeviceCertificate| custodians.contains(leaf.handle());
        let own = &core.identity.account;
        if leaves
            .iter()
            .any(|leaf| leaf.account() != own && !keeps(leaf))
        {
            conversations += 1;
            covered += u32::from(leaves.iter().any(keeps));
        }
    }
    Ok((conversations, covered))
}

/// Takes what a client has counted, into a custodian's profile.
pub(crate) async fn take(core: &Core, sender: &DeviceCertificate, signed: &[u8]) -> Result<()> {
    if !core.keeps_records() {
        return Err(CoreError::new(
            ErrorKind::Policy,
            "not_a_custodian",
            format!(
                "{} told this device what only a records custodian is told",
                sender.handle()
            ),
            "nothing is wrong here; the policy may name this account by mistake",
        ));
    }
    let count = CoverageCount::verify(signed, sender).map_err(|error| {
        CoreError::new(
            ErrorKind::Untrusted,
            "bad_coverage",
            format!("{}: {error}", sender.handle()),
            "nothing was taken; their client will count anew in a day",
        )
    })?;
    let mut conn = core.db.writer.lock().await;
    let mut tx = core.db.begin(&mut conn).await?;
    store::put_coverage(&mut tx, sender, count.at_s, signed).await?;
    store::forget_coverage(&mut tx, core.now_s().saturating_sub(KEPT_S)).await?;
    tx.commit().await?;
    Ok(())
}

fn info(count: &CoverageCount, device: &DeviceCertificate, signed: &[u8]) -> CoverageCountInfo {
    CoverageCountInfo {
        handle: device.handle().to_string(),
        device: count.device.to_string(),
        at_s: count.at_s,
        conversations: count.conversations,
        covered: count.covered,
        policy_serial: count.policy_serial,
        signed: BASE64.encode(signed),
        certificate: BASE64.encode(device.as_bytes()),
    }
}

fn read(row: &CoverageRow) -> Result<CoverageCountInfo> {
    let certificate = UnverifiedCertificate::parse(&row.certificate)
        .map(UnverifiedCertificate::verified_before)
        .map_err(CoreError::internal)?;
    let count = CoverageCount::verify(&row.signed, &certificate).map_err(CoreError::internal)?;
    Ok(info(&count, &certificate, &row.signed))
}

impl Client {
    /// Counts this device's conversations and tells the custodians now; [`Client::start`] does it every
    /// day. `None` if the policy names no custodian.
    ///
    /// # Errors
    /// `not_reporting` on a custodian's device; those of the directory.
    pub async fn report_coverage(&self) -> Result<Option<CoverageCountInfo>> {
        match self.core.keeps_records() {
            false => report(&self.core).await,
            true => Err(CoreError::usage(
                "not_reporting",
                "a records custodian reports to nobody",
                "`sealwire custodian coverage` shows what others reported",
            )),
        }
    }

    /// How far records reach: on a custodian's device its conversations and what every client counted;
    /// on others what this device reported last.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn coverage(&self) -> Result<CoverageInfo> {
        let rows = {
            let mut conn = self.core.db.readers.acquire().await?;
            store::coverage(&mut conn).await?
        };
        let mut conversations = Vec::new();
        if self.core.keeps_records() {
            for chat in self.conversations().await? {
                if chat.state == ConversationState::Active {
                    conversations.push(CoveredConversation {
                        id: chat.id,
                        name: chat.name,
                        members: chat.member_count,
                    });
                }
            }
        }
        Ok(CoverageInfo {
            conversations,
            clients: rows.iter().map(read).collect::<Result<_>>()?,
        })
    }
}
