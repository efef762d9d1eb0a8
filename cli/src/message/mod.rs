//! `sealwire message`: send, read, watch.

mod list;
mod open;
mod send;
mod timeline;
mod watch;

pub(crate) use open::run as open;

use clap::Subcommand;

use crate::{context::Context, exit::Outcome};

/// Commands of `sealwire message`.
#[derive(Debug, Subcommand)]
pub(crate) enum MessageCommand {
    /// Send a message and wait until the relay has it
    Send(send::Send),
    /// Show what was written
    List(list::List),
    /// Show what is written from now on, until Ctrl-C
    Watch(watch::Watch),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: MessageCommand) -> Outcome {
    match command {
        MessageCommand::Send(options) => send::run(context, options).await,
        MessageCommand::List(options) => list::run(context, options).await,
        MessageCommand::Watch(options) => watch::run(context, options).await,
    }
}
