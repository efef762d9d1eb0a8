//! `sealwire file`: files that came with messages.

use std::{future::Future, path::PathBuf};

use clap::Subcommand;
use sealwire_core::{
    Client, Result,
    api::{AttachmentInfo, Direction, Event, TransferInfo, TransferState},
};
use serde::Serialize;
use tokio::sync::broadcast;

use crate::{
    chat::{resolve, resolve_online},
    context::Context,
    exit::{Outcome, usage},
    network,
    output::{DIM, Line, Progress, Table, size},
    time::minute,
};

/// Commands of `sealwire file`.
#[derive(Debug, Subcommand)]
pub(crate) enum FileCommand {
    /// List the files of a conversation, the oldest first
    List {
        /// Name of the conversation, its id, or the beginning of the id
        chat: String,
    },
    /// Fetch a file into the profile, where it stays encrypted
    Get {
        /// Number of the file, as `file list` shows it
        file: i64,
    },
    /// Save a file where you want it; fetches it if needed
    ///
    /// Nothing is replaced: if the name is taken, a number is added.
    Save {
        /// Number of the file, as `file list` shows it
        file: i64,
        /// Folder to save it into [default: the present one]
        #[arg(long, value_name = "DIR")]
        to: Option<PathBuf>,
    },
    /// Send a file on to another conversation
    Forward {
        /// Number of the file, as `file list` shows it
        file: i64,
        /// Name of the conversation, its id, or the beginning of the id
        chat: String,
        /// A text beside it
        #[arg(long = "message", short = 'm', value_name = "TEXT", default_value = "")]
        text: String,
        /// Refer to the copy that the relay has instead of uploading another: quick, but the
        /// relay can see that both conversations have the file, and it ends with the first
        #[arg(long)]
        reuse: bool,
    },
    /// Stop sending or fetching a file
    ///
    /// A message whose file is stopped is not sent.
    Cancel {
        /// Number of the file, as `file list` shows it
        file: i64,
    },
}

/// A file that was saved.
#[derive(Serialize)]
struct Saved<'a> {
    #[serde(flatten)]
    file: &'a AttachmentInfo,
    path: &'a str,
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: FileCommand) -> Outcome {
    match command {
        FileCommand::List { chat } => list(context, &chat).await,
        FileCommand::Get { file } => get(context, file).await,
        FileCommand::Save { file, to } => save(context, file, to).await,
        FileCommand::Forward {
            file,
            chat,
            text,
            reuse,
        } => forward(context, file, &chat, &text, reuse).await,
        FileCommand::Cancel { file } => cancel(context, file).await,
    }
}

async fn list(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve(&client, chat).await?;
    let files = client.attachments(&id).await?;
    context.out.result(&files, |page| {
        if files.is_empty() {
            return;
        }
        let mut table = Table::new(&["FILE", "SENT", "FROM", "NAME", "SIZE", ""]);
        for file in &files {
            table.row(vec![
                file.id.to_string().into(),
                Line::new().styled(DIM, minute(file.at_ms)),
                file.sender.as_str().into(),
                file.name.as_str().into(),
                size(file.size).into(),
                Line::new().styled(DIM, if file.downloaded { "here" } else { "" }),
            ]);
        }
        table.print(page);
    })?;
    if files.is_empty() {
        context.out.note("No files yet.");
    }
    client.shutdown().await;
    Ok(())
}

/// Fetches a file unless it is here.
async fn fetch(context: &Context, client: &Client, id: i64) -> Outcome<AttachmentInfo> {
    let file = client.attachment(id).await?;
    if file.downloaded {
        return Ok(file);
    }
    let mut events = client.events();
    client.download(id).await?;
    client.start().await?;
    let limit = context.global.timeout();
    shown(context, &mut events, client.downloaded(id, limit)).await?;
    Ok(client.attachment(id).await?)
}

async fn get(context: &Context, id: i64) -> Outcome {
    let client = context.open().await?;
    let file = fetch(context, &client, id).await?;
    context.out.result(&file, |page| {
        page.line(format!("{} is in the profile.", file.name));
    })?;
    client.shutdown().await;
    Ok(())
}

async fn save(context: &Context, id: i64, to: Option<PathBuf>) -> Outcome {
    let client = context.open().await?;
    let file = fetch(context, &client, id).await?;
    let dir = to.unwrap_or_else(|| PathBuf::from("."));
    let path = client.save_as(id, &dir).await?;
    let path = path.display().to_string();
    let saved = Saved {
        file: &file,
        path: &path,
    };
    context
        .out
        .result(&saved, |page| page.line(format!("Saved as {path}.")))?;
    client.shutdown().await;
    Ok(())
}

async fn forward(context: &Context, id: i64, chat: &str, text: &str, reuse: bool) -> Outcome {
    let client = context.open().await?;
    let to = resolve_online(&client, chat).await?;
    if reuse {
        context.out.note(
            "The relay can see that both conversations have this file; it can be fetched only as \
             long as the first one.",
        );
    }
    let mut events = client.events();
    let sending = client.forward(id, &to, text, reuse);
    let message = shown(context, &mut events, sending).await?;
    context
        .out
        .result(&message, |page| page.line("Stored; it is being sent."))?;
    client.start().await?;
    let limit = context.global.timeout();
    if client.idle(limit).await? == sealwire_core::Idle::TimedOut {
        context
            .out
            .warn("it is not sent yet; `sealwire sync` goes on with it");
    }
    Ok(network::finish(client).await?)
}

async fn cancel(context: &Context, id: i64) -> Outcome {
    let client = context.open().await?;
    let file = client.attachment(id).await?;
    let transfers = client.transfers().await?;
    let Some(transfer) = transfers.iter().find(|found| found.attachment == id) else {
        return Err(usage(
            "unknown_transfer",
            format!("{} is neither being sent nor fetched", file.name),
            "what was sent cannot be called back",
        )
        .into());
    };
    client.cancel_transfer(transfer.id).await?;
    client.start().await?;
    if client.idle(context.global.timeout()).await? == sealwire_core::Idle::TimedOut {
        context
            .out
            .note("What of it is at the relay is removed when the relay answers.");
    }
    context
        .out
        .result(&file, |page| page.line(format!("Stopped {}.", file.name)))?;
    client.shutdown().await;
    Ok(())
}

/// Waits for `work` and shows how far files are meanwhile.
pub(crate) async fn shown<T>(
    context: &Context,
    events: &mut broadcast::Receiver<Event>,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut progress = Progress::new(&context.out);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            event = events.recv() => match event {
                Ok(Event::Transfer(info)) => show(&mut progress, &info),
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => {}
                Err(broadcast::error::RecvError::Closed) => return work.await,
            },
        }
    }
}

/// Shows how far a file is.
pub(crate) fn show(progress: &mut Progress, info: &TransferInfo) {
    let verb = match (info.state, info.direction) {
        (TransferState::Sealing, _) => "encrypted",
        (_, Direction::Upload) => "sent",
        (_, Direction::Download) => "fetched",
    };
    progress.at(&info.name, verb, info.bytes, info.total);
}
