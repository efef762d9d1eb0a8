//! Calls about messages.

use serde::Serialize;

use super::{
    id,
    shown::{Shown, ShownPage, show, show_all, show_page},
    table::calls,
};
use crate::{
    Client, Result,
    api::{
        AcknowledgementProof, DraftInfo, MessagePlace, Post, Priority, ReceiptInfo, RevisionInfo,
        SentFrom,
    },
    timeline::Anchor,
};

/// Most lines that a page has on each side.
const LARGEST_PAGE: u32 = 500;

/// Everything that can be told of one message.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(feature = "types", derive(ts_rs::TS))]
pub struct MessageDetails {
    /// The message.
    pub message: Shown,
    /// How far the other members have come in the conversation: whoever's place is not below the
    /// message's has it.
    pub receipts: Vec<ReceiptInfo>,
    /// From which device and in which epoch it was sent, if it was.
    pub sent_from: Option<SentFrom>,
    /// Earlier texts, oldest first.
    pub revisions: Vec<RevisionInfo>,
    /// Confirmations, as proof for outsiders.
    pub proofs: Vec<AcknowledgementProof>,
}

async fn details(client: &Client, conversation: &str, message: &str) -> Result<MessageDetails> {
    let id = id(conversation)?;
    Ok(MessageDetails {
        message: show(client, client.message(&id, message).await?).await?,
        receipts: client.receipts(&id).await?,
        sent_from: client.sent_from(&id, message).await?,
        revisions: client.revisions(&id, message).await?,
        proofs: client.acknowledgement_proofs(&id, message).await?,
    })
}

calls! {
    /// A page of up to `before` lines above the anchor and `after` lines from it on, at most 500
    /// each; days are those of a zone `offset_s` seconds east of UTC.
    timeline { conversation: String, anchor: Anchor, before: u32, after: u32, offset_s: i32 } -> ShownPage = |client| {
        let sides = (before.min(LARGEST_PAGE), after.min(LARGEST_PAGE));
        let page = client.timeline(&id(&conversation)?, &anchor, sides, offset_s).await?;
        show_page(client, page).await
    };
    /// The messages of the thread that a message belongs to, at most 1,000, oldest first.
    thread { conversation: String, message: String } -> Vec<Shown> = |client| {
        show_all(client, client.thread(&id(&conversation)?, &message).await?).await
    };
    /// One message.
    message { conversation: String, message: String } -> Shown = |client| {
        show(client, client.message(&id(&conversation)?, &message).await?).await
    };
    /// Everything that can be told of one message.
    message_details { conversation: String, message: String } -> MessageDetails = |client| {
        details(client, &conversation, &message).await
    };
    /// How far the other members have come.
    receipts { conversation: String } -> Vec<ReceiptInfo> = |client| client.receipts(&id(&conversation)?).await;
    /// Sends a text. With `hold_ms` it can be taken back for so long.
    post {
        conversation: String, text: String, reply_to: Option<String>, thread: Option<String>,
        priority: Option<Priority>, acknowledge: Option<bool>, expires_after_s: Option<u32>,
        hold_ms: Option<u64>,
    } -> Shown = |client| {
        let post = Post {
            text,
            reply_to,
            thread,
            priority: priority.unwrap_or_default(),
            acknowledge: acknowledge.unwrap_or_default(),
            expires_after_s,
            hold_ms: hold_ms.unwrap_or_default(),
        };
        show(client, client.post(&id(&conversation)?, &post).await?).await
    };
    /// Changes the text of one's own message.
    edit { conversation: String, message: String, text: String } -> () = |client| {
        client.edit(&id(&conversation)?, &message, &text).await
    };
    /// Deletes a message for everyone.
    delete_message { conversation: String, message: String } -> () = |client| {
        client.delete_message(&id(&conversation)?, &message).await
    };
    /// Puts an emoji at a message, or takes it away.
    react { conversation: String, message: String, emoji: String, on: bool } -> () = |client| {
        client.react(&id(&conversation)?, &message, &emoji, on).await
    };
    /// Confirms a message that asks for it.
    acknowledge { conversation: String, message: String } -> () = |client| {
        client.acknowledge(&id(&conversation)?, &message).await
    };
    /// Takes back a message that is not sent yet, or has failed; gives its text.
    take_back { conversation: String, message: String } -> String = |client| {
        client.take_back(&id(&conversation)?, &message).await
    };
    /// Sends a message that failed once more, with its files.
    send_again { conversation: String, message: String } -> Shown = |client| {
        show(client, client.send_again(&id(&conversation)?, &message).await?).await
    };
    /// Keeps what was begun to write; an empty text forgets it.
    set_draft { conversation: String, text: String, reply_to: Option<String> } -> () = |client| {
        client.set_draft(&id(&conversation)?, &text, reply_to.as_deref()).await
    };
    /// What was begun to write.
    draft { conversation: String } -> Option<DraftInfo> = |client| client.draft(&id(&conversation)?).await;
    /// Tells the others that the person types, or no longer.
    typing { conversation: String, on: bool } -> () = |client| client.typing(&id(&conversation)?, on).await;
    /// Messages that mention this account and were not read, the oldest first, at most 100.
    unread_mentions { conversation: String } -> Vec<MessagePlace> = |client| {
        client.unread_mentions(&id(&conversation)?).await
    };
    /// Everything in the conversation was read.
    mark_read { conversation: String } -> () = |client| client.mark_read(&id(&conversation)?).await;
}
