//! `sealwire message list`.

use clap::Args;

use super::timeline::Timeline;
use crate::{chat::resolve, context::Context, exit::Outcome};

/// Options of `message list`.
#[derive(Debug, Args)]
pub(crate) struct List {
    /// Name of the conversation, its id, or the beginning of the id
    chat: String,
    /// Show at most so many lines
    #[arg(long, default_value = "50", value_name = "N", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
    /// Show what follows this position instead of the newest
    #[arg(long, value_name = "POSITION")]
    after: Option<u64>,
    /// Show the beginning of each message's id
    #[arg(long)]
    ids: bool,
    /// Leave unread what is shown
    #[arg(long)]
    keep_unread: bool,
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: List) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, &options.chat).await?;
    let messages = match options.after {
        Some(after) => client.messages_after(&id, after, options.limit).await?,
        None => client.newest_messages(&id, options.limit).await?,
    };
    let mut files = Vec::new();
    for message in &messages {
        files.push(client.attachments_of(message).await?);
    }
    context.out.result(&messages, |page| {
        let mut timeline = Timeline::new(None).with_ids(options.ids);
        for (message, files) in messages.iter().zip(&files) {
            timeline.print(page, message);
            Timeline::files(page, files);
        }
    })?;
    // Only who has seen the end has seen everything.
    let shown_to_end = options.after.is_none() || messages.len() < options.limit as usize;
    if shown_to_end && !options.keep_unread {
        client.mark_read(&id).await?;
    }
    client.shutdown().await;
    Ok(())
}
