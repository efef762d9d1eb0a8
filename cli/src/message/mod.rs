//! `sealwire message`: send, read, watch, and what is said of a message.

mod list;
mod open;
mod say;
mod send;
mod show;
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
    /// Show one message: who has it, earlier texts, who confirmed it
    Show(show::Show),
    /// Give a message of yours another text
    Edit(say::Edit),
    /// Delete a message for everyone
    Delete(say::Target),
    /// Put an emoji at a message, or take it back
    React(say::React),
    /// Confirm a message that asks for it
    Ack(say::Target),
    /// Take back a message that has not been sent yet
    Undo(say::Target),
    /// Show what is written from now on, until Ctrl-C
    Watch(watch::Watch),
}

/// Runs a command.
pub(crate) async fn run(context: &Context, command: MessageCommand) -> Outcome {
    match command {
        MessageCommand::Send(options) => send::run(context, options).await,
        MessageCommand::List(options) => list::run(context, options).await,
        MessageCommand::Show(options) => show::run(context, options).await,
        MessageCommand::Edit(options) => say::edit(context, options).await,
        MessageCommand::Delete(target) => say::delete(context, target).await,
        MessageCommand::React(options) => say::react(context, options).await,
        MessageCommand::Ack(target) => say::acknowledge(context, target).await,
        MessageCommand::Undo(target) => say::undo(context, target).await,
        MessageCommand::Watch(options) => watch::run(context, options).await,
    }
}
