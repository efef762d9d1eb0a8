//! What a person keeps for themselves: drafts, proofs, and whether receipts are sent.

use data_encoding::{BASE64, HEXLOWER};
use sealwire_protocol::{
    certificate::UnverifiedCertificate, content::acknowledgement_message, ids::ConversationId,
    limits::MAX_TEXT,
};

use crate::{
    api::{AcknowledgementProof, DraftInfo},
    client::Client,
    error::{CoreError, ErrorKind, Result},
    store,
};

impl Client {
    /// Keeps what was begun in a conversation; an empty text without a reply forgets it.
    ///
    /// # Errors
    /// `unknown_conversation`, `unknown_message`, `message_too_long`.
    pub async fn set_draft(
        &self,
        id: &ConversationId,
        text: &str,
        reply_to: Option<&str>,
    ) -> Result<()> {
        if text.len() > MAX_TEXT {
            return Err(CoreError::new(
                ErrorKind::Usage,
                "message_too_long",
                format!("the draft has {} bytes; {MAX_TEXT} fit", text.len()),
                "send it in parts",
            ));
        }
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        self.log_row(&mut tx, id).await?;
        let reply_to = match reply_to {
            Some(uid) => {
                let line = self.line(&mut tx, id, uid).await?;
                HEXLOWER
                    .decode(line.info.id.as_bytes())
                    .map_err(CoreError::internal)?
            }
            None => Vec::new(),
        };
        store::set_draft(&mut tx, id, text, &reply_to, self.core.now_ms()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// What was begun in a conversation.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn draft(&self, id: &ConversationId) -> Result<Option<DraftInfo>> {
        let mut conn = self.core.db.readers.acquire().await?;
        store::draft(&mut conn, id).await
    }

    /// Says whether others are told what arrived and was seen here.
    ///
    /// # Errors
    /// If the database cannot be written.
    pub async fn set_receipts(&self, on: bool) -> Result<()> {
        self.set_mark(store::NO_RECEIPTS, !on).await
    }

    /// Whether others are told what arrived and was seen here.
    ///
    /// # Errors
    /// If the database cannot be read.
    pub async fn sends_receipts(&self) -> Result<bool> {
        Ok(!self.has_mark(store::NO_RECEIPTS).await?)
    }

    pub(crate) async fn set_mark(&self, name: &str, on: bool) -> Result<()> {
        let mut conn = self.core.db.writer.lock().await;
        let mut tx = self.core.db.begin(&mut conn).await?;
        store::set_mark(&mut tx, name, on).await?;
        tx.commit().await?;
        Ok(())
    }

    pub(crate) async fn has_mark(&self, name: &str) -> Result<bool> {
        let mut conn = self.core.db.readers.acquire().await?;
        store::has_mark(&mut conn, name).await
    }

    /// Who confirmed a message, each with the signature that proves it to people outside.
    ///
    /// # Errors
    /// `unknown_message`.
    pub async fn acknowledgement_proofs(
        &self,
        id: &ConversationId,
        message: &str,
    ) -> Result<Vec<AcknowledgementProof>> {
        let mut conn = self.core.db.readers.acquire().await?;
        let line = self.line(&mut conn, id, message).await?;
        let Some(target) = &line.message_id else {
            return Ok(Vec::new());
        };
        let text = sealwire_crypto::sha256(&[line.info.text.as_bytes()]);
        let confirmations = store::confirmations_of(&mut conn, id, target).await?;
        confirmations
            .into_iter()
            .map(|confirmation| {
                let certificate = UnverifiedCertificate::parse(&confirmation.certificate)
                    .map_err(CoreError::internal)?
                    .verified_before();
                let signed = acknowledgement_message(id, target, confirmation.at_s);
                let context = sealwire_crypto::SignContext::Acknowledgement;
                Ok(AcknowledgementProof {
                    by: confirmation.handle,
                    at_s: confirmation.at_s,
                    message_id: target.to_string(),
                    text_sha256: HEXLOWER.encode(&text),
                    signed: BASE64.encode(&context.signed_bytes(&signed)),
                    signature: BASE64.encode(&confirmation.signature),
                    device_key: BASE64.encode(certificate.signature_key().as_bytes()),
                    certificate: BASE64.encode(&confirmation.certificate),
                })
            })
            .collect()
    }
}
