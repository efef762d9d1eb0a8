//! `sealwire message show`: one message with everything that belongs to it.

use clap::Args;
use sealwire_core::api::{AcknowledgementProof, MessageInfo, ReceiptInfo, RevisionInfo, SentFrom};
use serde::Serialize;

use super::timeline::Timeline;
use crate::{
    chat::resolve,
    context::Context,
    exit::Outcome,
    output::{DIM, Line, NAME, Page},
    time::{minute, minute_of_s},
};

/// Options of `message show`.
#[derive(Debug, Args)]
pub(crate) struct Show {
    /// Name of the conversation, its id, or the beginning of the id
    chat: String,
    /// The message's id, or its beginning (4 characters or more); `message list --ids` shows them
    message: String,
    /// Also the signatures of those who confirmed it, to be checked by others
    #[arg(long)]
    proof: bool,
}

/// A message with what belongs to it.
#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    message: MessageInfo,
    #[serde(skip_serializing_if = "Option::is_none")]
    sent_from: Option<SentFrom>,
    revisions: Vec<RevisionInfo>,
    /// Who has received it, as far as they tell.
    delivered_to: Vec<String>,
    /// Who has seen it, as far as they tell.
    read_by: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    proofs: Vec<AcknowledgementProof>,
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: Show) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, &options.chat).await?;
    let message = client.message(&id, &options.message).await?;
    let receipts = client.receipts(&id).await?;
    let who = |reached: fn(&ReceiptInfo) -> u64| -> Vec<String> {
        let there = |receipt: &&ReceiptInfo| {
            message.position > 0
                && reached(receipt) >= message.position
                && receipt.person != message.sender
        };
        let people = receipts.iter().filter(there);
        people.map(|receipt| receipt.person.clone()).collect()
    };
    let shown = Shown {
        sent_from: client.sent_from(&id, &message.id).await?,
        revisions: client.revisions(&id, &message.id).await?,
        delivered_to: who(|receipt| receipt.delivered),
        read_by: who(|receipt| receipt.read),
        proofs: if options.proof {
            client.acknowledgement_proofs(&id, &message.id).await?
        } else {
            Vec::new()
        },
        message,
    };
    context.out.result(&shown, |page| print(page, &shown))?;
    client.shutdown().await;
    Ok(())
}

fn print(page: &mut Page, shown: &Shown) {
    let message = &shown.message;
    Timeline::new(None).print(page, message);
    page.gap();
    page.field("Id", message.id.as_str());
    if let Some(sent) = &shown.sent_from {
        if let Some(device) = &sent.device {
            page.field("Device", device.as_str());
        }
        page.field("Epoch", sent.epoch.to_string());
    }
    if !shown.delivered_to.is_empty() {
        page.field("Delivered to", shown.delivered_to.join(", "));
    }
    if !shown.read_by.is_empty() {
        page.field("Read by", shown.read_by.join(", "));
    }
    for confirmed in message.acknowledgements.iter().flatten() {
        page.field(
            "Confirmed by",
            format!("{} {}", confirmed.by, minute_of_s(confirmed.at_s)),
        );
    }
    if let Some(at) = message.expires_at_ms {
        page.field("Disappears", minute(at));
    }
    for revision in &shown.revisions {
        let start = Line::new()
            .styled(DIM, minute(revision.at_ms))
            .plain("  ")
            .styled(NAME, "text");
        page.beside(start.plain("  "), DIM, &revision.text);
    }
    for proof in &shown.proofs {
        page.gap();
        page.field("Proof of", proof.by.as_str());
        page.field("Signed", proof.signed.as_str());
        page.field("Signature", proof.signature.as_str());
        page.field("Device key", proof.device_key.as_str());
    }
}
