//! `sealwire chat open`: read and write in one window.
//!
//! Only one program at a time can use a profile, so who watches in one window cannot send from
//! another; this does both.

use std::{io::BufRead, thread};

use sealwire_core::{Client, CoreError, ErrorKind, Idle, api::ConversationId};
use tokio::sync::mpsc;

use super::watch::Watcher;
use crate::{
    chat::resolve_online,
    context::Context,
    exit::{Failure, Outcome},
};

/// Lines of history shown at the start.
const RECENT: u32 = 20;

/// Runs the command.
pub(crate) async fn run(context: &Context, chat: &str) -> Outcome {
    let client = context.open().await?;
    let id = resolve_online(&client, chat).await?;
    let mut watcher = Watcher::new(context, &client, Some(id)).await?;
    for message in client.newest_messages(&id, RECENT).await? {
        watcher.show(&message)?;
    }
    context.out.note("Type a line to send it; Ctrl-D ends.");
    client.start().await?;
    let mut lines = typed_lines();
    let outcome = loop {
        tokio::select! {
            outcome = watcher.next() => match outcome {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(failure) => break Err(failure),
            },
            line = lines.recv() => match line {
                Some(line) => send(context, &client, &id, &line).await,
                None => break finish(context, &client, &mut watcher).await,
            },
            _ = tokio::signal::ctrl_c() => break Err(Failure::Interrupted),
        }
    };
    watcher.mark_read().await?;
    client.shutdown().await;
    outcome
}

/// A refusal is said and does not end the conversation.
async fn send(context: &Context, client: &Client, id: &ConversationId, line: &str) {
    if line.trim().is_empty() {
        return;
    }
    if let Err(error) = client.send(id, line).await {
        context.out.error(&error);
    }
}

/// Sends what was typed last, showing what comes meanwhile.
async fn finish(context: &Context, client: &Client, watcher: &mut Watcher<'_>) -> Outcome {
    let idle = client.idle(context.global.timeout());
    tokio::pin!(idle);
    let reached = loop {
        tokio::select! {
            biased;
            outcome = watcher.next() => {
                outcome?;
            }
            reached = &mut idle => break reached?,
            _ = tokio::signal::ctrl_c() => return Err(Failure::Interrupted),
        }
    };
    watcher.drain()?;
    if reached == Idle::Reached {
        return Ok(());
    }
    Err(CoreError::new(
        ErrorKind::Io,
        "stored_not_sent",
        "stored, will be sent: the relay did not confirm everything in time",
        "nothing is lost; `sealwire sync` delivers it when the relay answers",
    )
    .into())
}

/// What is typed, line by line. A thread of its own, because reading a terminal cannot be
/// cancelled; it ends with the program.
fn typed_lines() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(64);
    thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            let Ok(line) = line else { return };
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
