//! `sealwire message edit`, `delete`, `react`, `ack` and `undo`: what is said of a message.

use clap::Args;
use sealwire_core::{Client, api::ConversationId};
use serde_json::json;

use crate::{
    chat::{resolve, resolve_online},
    context::Context,
    exit::Outcome,
    network,
};

/// A message of a conversation.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Name of the conversation, its id, or the beginning of the id
    chat: String,
    /// The message's id, or its beginning (4 characters or more); `message list --ids` shows them
    message: String,
}

/// Options of `message edit`.
#[derive(Debug, Args)]
pub(crate) struct Edit {
    #[command(flatten)]
    target: Target,
    /// The new text
    #[arg(long = "message", short = 'm', value_name = "TEXT")]
    text: String,
}

/// Options of `message react`.
#[derive(Debug, Args)]
pub(crate) struct React {
    #[command(flatten)]
    target: Target,
    /// One emoji
    emoji: String,
    /// Take it back
    #[arg(long)]
    remove: bool,
}

/// A client with the conversation of `target`, and the full id of its message.
struct Found {
    client: Client,
    id: ConversationId,
    message: String,
}

async fn find(context: &Context, target: &Target) -> Outcome<Found> {
    let client = context.open().await?;
    let id = resolve_online(&client, &target.chat).await?;
    let message = client.message(&id, &target.message).await?.id;
    Ok(Found {
        client,
        id,
        message,
    })
}

/// Sends what was queued and says so.
async fn done(context: &Context, found: Found, what: &str) -> Outcome {
    found.client.start().await?;
    network::online(&found.client, context.global.timeout()).await?;
    network::delivered(context, &found.client).await?;
    let shown = found.client.message(&found.id, &found.message).await?;
    context.out.result(&shown, |page| page.line(what))?;
    found.client.shutdown().await;
    Ok(())
}

/// Runs `message edit`.
pub(super) async fn edit(context: &Context, options: Edit) -> Outcome {
    let found = find(context, &options.target).await?;
    found
        .client
        .edit(&found.id, &found.message, &options.text)
        .await?;
    done(context, found, "Edited.").await
}

/// Runs `message delete`.
pub(super) async fn delete(context: &Context, target: Target) -> Outcome {
    context.confirm("Delete this message for everyone?")?;
    let found = find(context, &target).await?;
    found
        .client
        .delete_message(&found.id, &found.message)
        .await?;
    done(
        context,
        found,
        "Deleted for everyone whose device obeys; nobody can be made to forget.",
    )
    .await
}

/// Runs `message react`.
pub(super) async fn react(context: &Context, options: React) -> Outcome {
    let found = find(context, &options.target).await?;
    found
        .client
        .react(&found.id, &found.message, &options.emoji, !options.remove)
        .await?;
    done(context, found, "Done.").await
}

/// Runs `message ack`.
pub(super) async fn acknowledge(context: &Context, target: Target) -> Outcome {
    let found = find(context, &target).await?;
    found.client.acknowledge(&found.id, &found.message).await?;
    done(context, found, "Confirmed, with this device's signature.").await
}

/// Runs `message undo`.
pub(super) async fn undo(context: &Context, target: Target) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, &target.chat).await?;
    let text = client.take_back(&id, &target.message).await?;
    context.out.result(&json!({ "text": text }), |page| {
        page.line("Taken back; nobody has seen it. It said:");
        page.line(text.as_str());
    })?;
    client.shutdown().await;
    Ok(())
}
