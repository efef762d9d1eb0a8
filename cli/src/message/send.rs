//! `sealwire message send`.

use std::{
    io::{self, IsTerminal, Read},
    path::PathBuf,
    time::Duration,
};

use clap::{Args, ValueEnum};
use sealwire_core::{
    Client, CoreError, ErrorKind, Result,
    api::{ConversationId, Delivery, Event, MessageInfo, NewFile, Post, Priority},
};
use tokio::{sync::broadcast, time};

use crate::{
    chat::{resolve, resolve_online},
    context::Context,
    exit::{Outcome, usage},
    file, network,
    output::Progress,
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
    /// Answer this message: its id, or its beginning
    #[arg(long, value_name = "MESSAGE")]
    reply: Option<String>,
    /// Write in the thread of this message
    #[arg(long, value_name = "MESSAGE")]
    thread: Option<String>,
    /// How much it presses
    #[arg(long, value_enum, default_value = "normal")]
    priority: Pressing,
    /// Ask every reader to confirm it
    #[arg(long)]
    ask: bool,
    /// Let it disappear so long after it was read: 30s, 5m, 1h, 8h, 1d, 1w, 4w
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    expires: Option<u32>,
    /// Hold it back so many seconds, so that `message undo` can take it back
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(..=3600))]
    hold: Option<u64>,
    /// A file to send, with the text beside it; repeat for more, up to 10
    #[arg(long = "file", short = 'f', value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Send pictures as they are, with the place and camera that may be written in them
    #[arg(long, requires = "files")]
    keep_metadata: bool,
    /// Only store it; it goes out with the next command that talks to the relay
    #[arg(long)]
    no_wait: bool,
}

/// How much a message presses.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Pressing {
    Normal,
    Important,
    Urgent,
}

/// Seconds of `5m` and the like.
fn parse_time(text: &str) -> Result<u32, String> {
    let units = [
        ('s', 1),
        ('m', 60),
        ('h', 3_600),
        ('d', 86_400),
        ('w', 604_800),
    ];
    units
        .iter()
        .find_map(|(letter, seconds)| {
            let number: u32 = text.strip_suffix(*letter)?.parse().ok()?;
            number.checked_mul(*seconds)
        })
        .filter(|seconds| (30..=28 * 86_400).contains(seconds))
        .ok_or_else(|| "write it like 30s, 5m, 8h, 1d or 4w; at least 30s, at most 4w".into())
}

/// Runs the command.
pub(super) async fn run(context: &Context, options: Send) -> Outcome {
    let post = Post {
        text: text(context, &options)?,
        reply_to: options.reply.clone(),
        thread: options.thread.clone(),
        priority: match options.priority {
            Pressing::Normal => Priority::Normal,
            Pressing::Important => Priority::Important,
            Pressing::Urgent => Priority::Urgent,
        },
        acknowledge: options.ask,
        expires_after_s: options.expires,
        hold_ms: options.hold.unwrap_or(0) * 1_000,
    };
    let client = context.open().await?;
    if options.no_wait {
        let id = resolve(&client, &options.chat).await?;
        let message = store(context, &client, &id, &post, &options).await?;
        context.out.result(&message, |page| page.line("Stored."))?;
        context
            .out
            .note("It goes out with the next command that talks to the relay.");
        client.shutdown().await;
        return Ok(());
    }
    let id = resolve_online(&client, &options.chat).await?;
    let mut events = client.events();
    let stored = store(context, &client, &id, &post, &options).await?;
    client.start().await?;
    let limit = context.global.timeout() + Duration::from_millis(post.hold_ms);
    let Some(message) = confirmed(context, &client, (&id, &stored.id), &mut events, limit).await?
    else {
        return Err(not_yet(&client).into());
    };
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

async fn store(
    context: &Context,
    client: &Client,
    id: &ConversationId,
    post: &Post,
    options: &Send,
) -> Result<MessageInfo> {
    if options.files.is_empty() {
        return client.post(id, post).await;
    }
    let files = options.files.iter().map(|path| NewFile {
        keep_metadata: options.keep_metadata,
        ..NewFile::at(path)
    });
    let mut events = client.events();
    let sealing = client.attach_and_send(id, post, files.collect());
    file::shown(context, &mut events, sealing).await
}

fn text(context: &Context, options: &Send) -> Outcome<String> {
    if let Some(text) = &options.text {
        return Ok(text.clone());
    }
    if !options.files.is_empty() && options.stdin.is_none() {
        return Ok(String::new());
    }
    let terminal = io::stdin().is_terminal();
    if options.stdin.is_none() && (!terminal || context.global.no_input) {
        return Err(usage(
            "text_needed",
            "there is nothing to send",
            "give the text with -m TEXT or a file with --file, or - to read the text from standard input",
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
            "anything that is not text goes as a file: --file",
        )
    })?;
    // The line break that ends the last line belongs to the terminal, not to the message.
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| {
        text.strip_suffix('\r').unwrap_or(text)
    });
    Ok(text.to_owned())
}

/// Waits until the message was read back from the relay, or will never be; `None` if nothing
/// comes further for too long.
async fn confirmed(
    context: &Context,
    client: &Client,
    (chat, message): (&ConversationId, &str),
    events: &mut broadcast::Receiver<Event>,
    limit: Duration,
) -> Result<Option<MessageInfo>> {
    let settled = |info: &MessageInfo| {
        info.id == message && matches!(info.delivery, Delivery::Sent | Delivery::Failed)
    };
    let mut progress = Progress::new(&context.out);
    let (mut bytes, mut since) = (0, time::Instant::now());
    while since.elapsed() < limit {
        match time::timeout(Duration::from_secs(1), events.recv()).await {
            Ok(Ok(Event::Message(info))) if settled(&info) => return Ok(Some(info)),
            Ok(Ok(Event::Warning { text, .. })) => context.out.warn(&text),
            Ok(Ok(Event::Transfer(info))) => {
                file::show(&mut progress, &info);
                if info.bytes != bytes {
                    (bytes, since) = (info.bytes, time::Instant::now());
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(broadcast::error::RecvError::Closed)) => {
                return Err(CoreError::internal("the client has ended"));
            }
            // Events may be lost behind many others; the history is not.
            Ok(Err(broadcast::error::RecvError::Lagged(_))) | Err(_) => {
                let recent = client.newest_messages(chat, RECENT).await?;
                if let Some(info) = recent.into_iter().find(settled) {
                    return Ok(Some(info));
                }
            }
        }
    }
    Ok(None)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_a_unit_and_bounds() {
        assert_eq!(parse_time("30s"), Ok(30));
        assert_eq!(parse_time("4w"), Ok(2_419_200));
        for bad in [
            "",
            "5",
            "m",
            "29s",
            "5w",
            "-1d",
            "99999999999w",
            "4294967295w",
        ] {
            assert!(parse_time(bad).is_err(), "{bad}");
        }
    }
}
