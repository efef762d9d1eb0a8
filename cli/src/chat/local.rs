//! What this device alone remembers of a conversation: mute, pin, archive, folder.

use std::time::{SystemTime, UNIX_EPOCH};

use clap::Subcommand;
use sealwire_core::{Client, Result, api::ConversationId, api::FOREVER_MS};

use super::{print_one, resolve};
use crate::{context::Context, exit::Outcome, time::parse_span};

/// Commands for this device alone; nobody else is told.
#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Notify nothing of a conversation
    Mute {
        /// Name, id, or the beginning of the id
        chat: String,
        /// How long: 30m, 8h, 1w [default: for good]
        #[arg(long = "for", value_name = "TIME", value_parser = parse_span)]
        span: Option<u64>,
    },
    /// Notify again
    Unmute {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Keep a conversation at the top of the list
    Pin {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Let it go from the top
    Unpin {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Take a conversation out of the list
    Archive {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Put it back
    Unarchive {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Mark a conversation as one to come back to
    MarkUnread {
        /// Name, id, or the beginning of the id
        chat: String,
    },
    /// Put a conversation into a folder, or take it out
    Folder {
        /// Name, id, or the beginning of the id
        chat: String,
        /// Name of the folder [default: none]
        #[arg(default_value = "", hide_default_value = true)]
        folder: String,
    },
}

/// Runs a command.
pub(super) async fn run(context: &Context, command: LocalCommand) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat_of(&command)).await?;
    let done = change(&client, &id, &command).await?;
    print_one(context, &client, &id, done).await
}

fn chat_of(command: &LocalCommand) -> &str {
    match command {
        LocalCommand::Mute { chat, .. }
        | LocalCommand::Unmute { chat }
        | LocalCommand::Pin { chat }
        | LocalCommand::Unpin { chat }
        | LocalCommand::Archive { chat }
        | LocalCommand::Unarchive { chat }
        | LocalCommand::MarkUnread { chat }
        | LocalCommand::Folder { chat, .. } => chat,
    }
}

async fn change(
    client: &Client,
    id: &ConversationId,
    command: &LocalCommand,
) -> Result<&'static str> {
    match command {
        LocalCommand::Mute { span, .. } => {
            let until = span.map_or(FOREVER_MS, |span| now_ms() + span * 1_000);
            client.mute(id, Some(until.min(FOREVER_MS))).await?;
            Ok("Muted")
        }
        LocalCommand::Unmute { .. } => {
            client.mute(id, None).await?;
            Ok("No longer muted:")
        }
        LocalCommand::Pin { .. } => {
            client.pin(id, true).await?;
            Ok("Pinned")
        }
        LocalCommand::Unpin { .. } => {
            client.pin(id, false).await?;
            Ok("No longer pinned:")
        }
        LocalCommand::Archive { .. } => {
            client.archive(id, true).await?;
            Ok("Archived")
        }
        LocalCommand::Unarchive { .. } => {
            client.archive(id, false).await?;
            Ok("Back in the list:")
        }
        LocalCommand::MarkUnread { .. } => {
            client.mark_unread(id).await?;
            Ok("Marked")
        }
        LocalCommand::Folder { folder, .. } => {
            client.set_folder(id, folder).await?;
            Ok(if folder.is_empty() {
                "Out of its folder:"
            } else {
                "In its folder:"
            })
        }
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
