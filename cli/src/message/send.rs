//! `sealwire message send`.

use std::{
    io::{self, IsTerminal, Read},
    time::Duration,
};

use clap::Args;
use sealwire_core::{
    Client, CoreError, ErrorKind, Result,
    api::{ConversationId, Delivery, Event, MessageInfo},
};
use tokio::{sync::broadcast, time};

use crate::{
    chat::{resolve, resolve_online},
    context::Context,
    exit::{Outcome, usage},
    network,
};

/// More than any message may have.
const LONGEST_INPUT: u64 = 1024 * 1024;
/// History read back if events were lost.
const RECENT: u32 = 50;

/// Options of `message send`.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// Name of the conversation, its id, or the beginning of the id
    chat: String,
    /// `-` reads the text from standard input
    #[arg(value_name = "-", value_parser = ["-"])]
    stdin: Option<String>,
    /// The text
    #[arg(
        long = "message",
        short = 'm',
        value_name = "TEXT",
        conflicts_with = "stdin"
    )]
    text: Option<String>,
    /// Only store it; it goes out with the next command that talks to the relay
    #[arg(long)]
    no_wait: bool,
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: Send) -> Outcome {
    let text = text(context, &options)?;
    let client = context.open().await?;
    if options.no_wait {
        let id = resolve(&client, &options.chat).await?;
        let message = client.send(&id, &text).await?;
        context.out.result(&message, |page| page.line("Stored."))?;
        context
            .out
            .note("It goes out with the next command that talks to the relay.");
        client.shutdown().await;
        return Ok(());
    }
    let id = resolve_online(&client, &options.chat).await?;
    let mut events = client.events();
    let stored = client.send(&id, &text).await?;
    client.start().await?;
    let wait = confirmed(context, &client, &id, &stored.id, &mut events);
    let Ok(message) = time::timeout(context.global.timeout(), wait).await else {
        return Err(not_yet(&client).into());
    };
    let message = message?;
    if message.delivery == Delivery::Failed {
        return Err(CoreError::new(
            ErrorKind::Policy,
            "not_sent",
            "the message cannot be sent any more",
            "its text is kept; `sealwire message list` shows it and what happened",
        )
        .into());
    }
    let name = client.conversation(&id).await?.name;
    context
        .out
        .result(&message, |page| page.line(format!("Sent to {name}.")))?;
    network::finish(client).await?;
    Ok(())
}

fn text(context: &Context, options: &Send) -> Outcome<String> {
    if let Some(text) = &options.text {
        return Ok(text.clone());
    }
    let terminal = io::stdin().is_terminal();
    if options.stdin.is_none() && (!terminal || context.global.no_input) {
        return Err(usage(
            "text_needed",
            "there is nothing to send",
            "give the text with -m TEXT, or - to read it from standard input",
        )
        .into());
    }
    if terminal {
        context
            .out
            .note("Write the message; Ctrl-D on an empty line ends it.");
    }
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(LONGEST_INPUT)
        .read_to_end(&mut bytes)?;
    let text = String::from_utf8(bytes).map_err(|_| {
        usage(
            "not_text",
            "standard input is not UTF-8 text",
            "only text can be sent so far",
        )
    })?;
    // The line break that ends the last line belongs to the terminal, not to the message.
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| {
        text.strip_suffix('\r').unwrap_or(text)
    });
    Ok(text.to_owned())
}

/// Waits until the message was read back from the relay, or will never be.
async fn confirmed(
    context: &Context,
    client: &Client,
    chat: &ConversationId,
    message: &str,
    events: &mut broadcast::Receiver<Event>,
) -> Result<MessageInfo> {
    let settled = |info: &MessageInfo| {
        info.id == message && matches!(info.delivery, Delivery::Sent | Delivery::Failed)
    };
    loop {
        match time::timeout(Duration::from_secs(1), events.recv()).await {
            Ok(Ok(Event::Message(info))) if settled(&info) => return Ok(info),
            Ok(Ok(Event::Warning { text, .. })) => context.out.warn(&text),
            Ok(Ok(_)) => {}
            Ok(Err(broadcast::error::RecvError::Closed)) => {
                return Err(CoreError::internal("the client has ended"));
            }
            // Events may be lost behind many others; the history is not.
            Ok(Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => {
                let recent = client.newest_messages(chat, RECENT).await?;
                if let Some(info) = recent.into_iter().find(settled) {
                    return Ok(info);
                }
            }
        }
    }
}

fn not_yet(client: &Client) -> CoreError {
    use sealwire_core::api::Connection;
    let why = match client.connection() {
        Connection::Offline(reason) => format!(": {reason}"),
        Connection::Online => String::new(),
    };
    CoreError::new(
        ErrorKind::Io,
        "stored_not_sent",
        format!("stored, will be sent: the relay did not confirm it in time{why}"),
        "nothing is lost; do not send it again. `sealwire sync` delivers it when the relay answers",
    )
}
