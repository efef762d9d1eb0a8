//! The signed receipts of what was removed.

use data_encoding::BASE64;
use sealwire_protocol::{
    certificate::DeviceCertificate, ids::ConversationId, removal::RemovalReceipt,
};
use sqlx::SqliteConnection;

use super::Bounds;
use crate::{
    api::RemovalReceiptInfo,
    client::Client,
    core::Core,
    error::{CoreError, Result},
    store::{self, ReceiptRow, Removed},
};

/// How long receipts are kept, seconds: as long as the relay keeps the like of its own.
const KEPT_S: u64 = 400 * 86_400;

/// The receipt of one run over one conversation. It is stored, whole and signed, in each step's
/// transaction, so that what was removed and what is said of it never differ.
pub(super) struct Run(Option<RemovalReceipt>);

impl Run {
    pub(super) const fn begin() -> Self {
        Self(None)
    }

    /// Adds what a step removed, and stores the receipt.
    pub(super) async fn note(
        &mut self,
        core: &Core,
        conn: &mut SqliteConnection,
        (id, bounds, now_ms): (&ConversationId, Bounds, u64),
        removed: &Removed,
    ) -> Result<()> {
        let (Some(oldest_ms), Some(newest_ms)) =
            (removed.times_ms().min(), removed.times_ms().max())
        else {
            return Ok(());
        };
        let at_s = now_ms / 1_000;
        let (oldest_s, newest_s) = (oldest_ms / 1_000, newest_ms / 1_000);
        let mut receipt = match self.0.take() {
            Some(receipt) => receipt,
            None => RemovalReceipt {
                device: core.identity.device,
                number: store::next_removal_receipt(conn).await?,
                conversation: *id,
                at_s,
                messages: 0,
                files: 0,
                oldest_s,
                newest_s,
                messages_kept_s: None,
                files_kept_s: None,
                policy_serial: 0,
            },
        };
        let policy = core.organisation_policy();
        receipt.at_s = at_s;
        receipt.messages += removed.gone.len() as u64;
        receipt.files += removed.files.len() as u64;
        receipt.oldest_s = receipt.oldest_s.min(oldest_s);
        receipt.newest_s = receipt.newest_s.max(newest_s);
        receipt.messages_kept_s = bounds.messages_s;
        receipt.files_kept_s = bounds.files_s;
        receipt.policy_serial = policy.map_or(0, |policy| policy.serial);
        let row = ReceiptRow {
            signed: receipt.sign(&core.identity.device_key),
            certificate: core.certificate.as_bytes().to_vec(),
        };
        store::save_removal_receipt(conn, receipt.number, at_s, &row).await?;
        store::forget_removal_receipts(conn, at_s.saturating_sub(KEPT_S)).await?;
        self.0 = Some(receipt);
        Ok(())
    }
}

impl Client {
    /// The signed receipts of what this device removed because it was kept no longer, oldest first.
    /// They are kept for 400 days.
    ///
    /// # Errors
    /// If the database cannot be read or holds a receipt that does not verify.
    pub async fn removal_receipts(&self) -> Result<Vec<RemovalReceiptInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let rows = store::removal_receipts(&mut conn).await?;
        rows.iter().map(info).collect()
    }
}

fn info(row: &ReceiptRow) -> Result<RemovalReceiptInfo> {
    let certificate =
        DeviceCertificate::from_bytes(&row.certificate).map_err(CoreError::internal)?;
    let receipt = RemovalReceipt::verify(&row.signed, &certificate).map_err(CoreError::internal)?;
    Ok(RemovalReceiptInfo {
        number: receipt.number,
        conversation: receipt.conversation.to_string(),
        at_s: receipt.at_s,
        messages: receipt.messages,
        files: receipt.files,
        oldest_s: receipt.oldest_s,
        newest_s: receipt.newest_s,
        messages_kept_s: receipt.messages_kept_s,
        files_kept_s: receipt.files_kept_s,
        policy_serial: receipt.policy_serial,
        signed: BASE64.encode(&row.signed),
        certificate: BASE64.encode(&row.certificate),
    })
}
