//! Waiting for the relay, and `sealwire sync`.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use sealwire_core::{
    Change, Client, CoreError, ErrorKind, Idle, Result,
    api::{Connection, Event},
};
use serde::Serialize;
use tokio::{sync::broadcast::error::TryRecvError, time};

use crate::{context::Context, exit::Outcome, output::counted};

/// Between looks at a state that rings no bell.
const LOOK: Duration = Duration::from_millis(50);
/// What waits and may go now is given this long at the end of a short command.
const GRACE: Duration = Duration::from_millis(500);
/// Welcomes wait up to a minute, so that the relay cannot tell who was added where.
const WELCOME_WAIT_S: u64 = 75;

/// What `sync` found.
#[derive(Serialize)]
struct Synced {
    conversations: usize,
    unread: u64,
    waiting: u64,
}

/// `sealwire sync`.
pub(crate) async fn run(context: &Context) -> Outcome {
    let client = context.open().await?;
    let deadline = Instant::now() + context.global.timeout();
    let left = || deadline.saturating_duration_since(Instant::now());
    let mut events = client.events();
    // Before `start`, which reads the inbox by itself.
    while client.check_inbox().await? > 0 {}
    client.start().await?;
    online(&client, left()).await?;
    let caught_up = client.caught_up(left()).await?;
    let reached = match caught_up {
        Idle::Reached => client.idle(left()).await?,
        Idle::TimedOut => Idle::TimedOut,
    };
    // What is kept no longer goes now: the next command may end too soon for it.
    if caught_up == Idle::Reached {
        keep_to_the_policy(context, &client).await?;
    }
    loop {
        match events.try_recv() {
            Ok(Event::Warning { text, .. }) => context.out.warn(&text),
            Ok(_) | Err(TryRecvError::Lagged(_)) => {}
            Err(_) => break,
        }
    }
    let waiting = client.left_to_do().await?;
    let chats = client.conversations().await?;
    let synced = Synced {
        conversations: chats.len(),
        unread: chats.iter().map(|chat| chat.unread).sum(),
        waiting,
    };
    client.shutdown().await;
    if reached == Idle::TimedOut {
        return Err(CoreError::new(
            ErrorKind::Io,
            "timed_out",
            match caught_up {
                Idle::Reached => format!("{} still to be sent", counted(waiting, "thing")),
                Idle::TimedOut => "not everything was fetched yet".to_owned(),
            },
            "nothing is lost; run `sealwire sync` again, or give it longer with --timeout",
        )
        .into());
    }
    context.out.result(&synced, |page| {
        page.line(match synced.unread {
            0 => "Up to date; nothing new to read.".to_owned(),
            1 => "Up to date; 1 unread message.".to_owned(),
            n => format!("Up to date; {n} unread messages."),
        });
    })
}

async fn keep_to_the_policy(context: &Context, client: &Client) -> Result<()> {
    // A network that fails now is no reason to fail; a policy that is not genuine is told.
    if let Err(error) = client.fetch_organisation_policy().await
        && error.kind == ErrorKind::Untrusted
    {
        context
            .out
            .warn(&format!("{}; {}", error.message, error.hint));
    }
    client.remove_old().await.map(drop)
}

/// Waits until the relay is connected.
pub(crate) async fn online(client: &Client, limit: Duration) -> Result<()> {
    let reached = until(limit, || async {
        Ok(client.connection() == Connection::Online)
    })
    .await?;
    if reached {
        return Ok(());
    }
    Err(match client.connection() {
        Connection::Offline(reason) => CoreError::network(reason),
        Connection::Online => CoreError::network("it answered too late"),
    })
}

/// Waits until `reached` says so; `false` if it did not in time.
pub(crate) async fn until<F>(limit: Duration, reached: impl Fn() -> F) -> Result<bool>
where
    F: Future<Output = Result<bool>>,
{
    let deadline = Instant::now() + limit;
    loop {
        if reached().await? {
            return Ok(true);
        }
        if Instant::now() >= deadline {
            return Ok(false);
        }
        time::sleep(LOOK).await;
    }
}

/// Waits until others can add a new profile: it needs key packages at the relay.
pub(crate) async fn settle_upkeep(context: &Context, client: &Client) -> Result<()> {
    if client.idle(context.global.timeout()).await? == Idle::TimedOut {
        context
            .out
            .warn("the relay did not answer yet; run `sealwire sync` before others add you");
    }
    Ok(())
}

/// Waits until a change is made and everything that follows from it was sent.
pub(crate) async fn made(context: &Context, client: &Client, change: Change) -> Result<()> {
    client.done(change, context.global.timeout()).await?;
    delivered(context, client).await
}

/// Waits for Welcomes that are held back for a while.
pub(crate) async fn delivered(context: &Context, client: &Client) -> Result<()> {
    if client.idle(Duration::from_secs(1)).await? == Idle::Reached {
        return Ok(());
    }
    context.out.note(
        "Waiting up to a minute before the new members are told, so that the relay cannot see \
         who was added. Ctrl-C is safe: a later command goes on with it.",
    );
    if client
        .idle(context.global.timeout_or(WELCOME_WAIT_S))
        .await?
        == Idle::TimedOut
    {
        context
            .out
            .warn("not everything was sent yet; `sealwire sync` goes on with it");
    }
    Ok(())
}

/// Ends a short command: what else waits and may go now is sent along.
pub(crate) async fn finish(client: Client) -> Result<()> {
    client.idle(GRACE).await?;
    client.shutdown().await;
    Ok(())
}
