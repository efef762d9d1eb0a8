//! Calls about what can be checked: groups, the directory's log, what was removed.

use serde::Serialize;

use super::{id, table::calls};
use crate::{
    Client, Result,
    api::{
        ConversationId, DirectoryHeadInfo, DirectoryLogInfo, OrganisationPolicyInfo,
        RemovalReceiptInfo,
    },
    store,
};

/// Cipher suite of all groups (RFC 9420 §17.1).
const CIPHER_SUITE: &str = "MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519";

/// Most refused entries that are told.
const MOST_REFUSED: u32 = 100;

/// What shows two people that they are in the same conversation, under the same keys.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Security {
    /// MLS epoch.
    pub epoch: u64,
    /// Cipher suite (RFC 9420 §17.1).
    pub cipher_suite: String,
    /// The group, hexadecimal.
    pub group: String,
    /// SHA-256 of all members' device certificates in order, hexadecimal: the same on every device
    /// of every member at the same epoch.
    pub members_hash: String,
    /// Epoch authenticator (RFC 9420 §8.7), hexadecimal: the same for all who share this epoch's
    /// keys.
    pub epoch_authenticator: String,
    /// Devices in it.
    pub devices: usize,
    /// Handles of members whose safety number was compared.
    pub verified: Vec<String>,
    /// Handles of members whose key is another now.
    pub changed: Vec<String>,
    /// The directory's log as this device has checked it.
    pub log: Option<DirectoryLogInfo>,
}

/// What an auditor or a careful person wants to see of this device.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct Compliance {
    /// The organisation's policy in force here.
    pub policy: Option<OrganisationPolicyInfo>,
    /// Fingerprint of the organisation key.
    pub organisation_fingerprint: Option<String>,
    /// Runs in which this device removed what was kept no longer.
    pub removals: u64,
    /// The newest of them.
    pub newest_removal: Option<RemovalReceiptInfo>,
    /// The directory's log as this device has checked it.
    pub log: Option<DirectoryLogInfo>,
    /// Heads that contradict each other; empty as long as the directory is trusted.
    pub evidence: Vec<DirectoryHeadInfo>,
}

/// Something of a conversation that this device could not read or accept. Its content is not kept.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct RefusedInfo {
    /// Why, in words.
    pub reason: String,
    /// A change that other members may have accepted.
    pub may_split: bool,
    /// When the relay took it, milliseconds since the Unix epoch.
    pub at_ms: u64,
}

async fn refused(client: &Client, conversation: &str) -> Result<Vec<RefusedInfo>> {
    let id: ConversationId = id(conversation)?;
    let mut conn = client.core.db.readers.acquire().await?;
    let refused = store::refused(&mut conn, &id, MOST_REFUSED).await?;
    Ok(refused
        .into_iter()
        .map(|one| RefusedInfo {
            reason: one.reason,
            may_split: one.may_split,
            at_ms: one.at_ms,
        })
        .collect())
}

async fn security(client: &Client, conversation: &str) -> Result<Security> {
    let id: ConversationId = id(conversation)?;
    let (row, leaves, contacts) = {
        let mut conn = client.core.db.readers.acquire().await?;
        let row = client.log_row(&mut conn, &id).await?;
        let leaves = store::members(&mut conn, &row.id).await?;
        (row, leaves, store::contacts(&mut conn).await?)
    };
    let mut certificates: Vec<&[u8]> = leaves.iter().map(|leaf| leaf.as_bytes()).collect();
    certificates.sort_unstable();
    let mut verified = Vec::new();
    let mut changed = Vec::new();
    for contact in contacts {
        let mut theirs = leaves
            .iter()
            .filter(|leaf| *leaf.handle() == contact.handle)
            .peekable();
        if theirs.peek().is_none() {
            continue;
        }
        // Under a name that was given anew there may be devices of an account that counts no more.
        if contact.key_changed() {
            changed.push(contact.handle.to_string());
        } else if contact.verified && theirs.all(|leaf| *leaf.account() == contact.account) {
            verified.push(contact.handle.to_string());
        }
    }
    let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
    Ok(Security {
        epoch: row.mark.epoch,
        cipher_suite: CIPHER_SUITE.into(),
        group: row.id.to_string(),
        members_hash: hex(&sealwire_crypto::sha256(&certificates)),
        epoch_authenticator: hex(&row.mark.epoch_authenticator),
        devices: leaves.len(),
        verified,
        changed,
        log: client.directory_log().await?,
    })
}

async fn compliance(client: &Client) -> Result<Compliance> {
    let removals = client.removal_receipts().await?;
    Ok(Compliance {
        policy: client.organisation_policy(),
        organisation_fingerprint: client.account().organisation_fingerprint,
        removals: removals.len() as u64,
        newest_removal: removals.into_iter().max_by_key(|receipt| receipt.number),
        log: client.directory_log().await?,
        evidence: client.directory_evidence().await?,
    })
}

calls! {
    /// What shows two people that they are in the same conversation, under the same keys.
    security { conversation: String } -> Security = |client| security(client, &conversation).await;
    /// What this device could not read or accept of a conversation, the newest first, at most 100.
    refused { conversation: String } -> Vec<RefusedInfo> = |client| refused(client, &conversation).await;
    /// What an auditor or a careful person wants to see of this device.
    compliance {} -> Compliance = |client| compliance(client).await;
    /// Reads what is new of the directory's log and checks it.
    check_directory_log {} -> Option<DirectoryLogInfo> = |client| client.check_directory_log().await;
    /// Heads that contradict each other.
    directory_evidence {} -> Vec<DirectoryHeadInfo> = |client| client.directory_evidence().await;
    /// What this device removed because it was kept no longer.
    removal_receipts {} -> Vec<RemovalReceiptInfo> = |client| client.removal_receipts().await;
}
