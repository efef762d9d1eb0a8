//! Calls about files.

use super::{
    id,
    shown::{Shown, show},
    table::calls,
};
use crate::api::{AttachmentInfo, TransferInfo};

calls! {
    /// Files under way.
    transfers {} -> Vec<TransferInfo> = |client| client.transfers().await;
    /// Stops a transfer.
    cancel_transfer { transfer: i64 } -> () = |client| client.cancel_transfer(transfer).await;
    /// The files of a conversation, newest first.
    attachments { conversation: String } -> Vec<AttachmentInfo> = |client| client.attachments(&id(&conversation)?).await;
    /// One file.
    attachment { attachment: i64 } -> AttachmentInfo = |client| client.attachment(attachment).await;
    /// Fetches a file into the profile.
    download { attachment: i64 } -> () = |client| client.download(attachment).await;
    /// Sends a file on to another conversation.
    forward { attachment: i64, conversation: String, caption: String } -> Shown = |client| {
        show(client, client.forward(attachment, &id(&conversation)?, &caption, false).await?).await
    };
}
