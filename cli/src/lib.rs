//! The Sealwire messenger for the terminal.
//!
//! A front of [`sealwire_core`]: one module per noun of the command tree. Data goes to standard
//! output and nothing else does; what a person should know beside it goes to standard error.

#![forbid(unsafe_code)]
#![deny(missing_docs)]
#![deny(rustdoc::broken_intra_doc_links)]

mod account;
mod args;
mod chat;
mod contact;
mod context;
mod custodian;
mod device;
mod doctor;
mod exit;
mod file;
mod message;
mod network;
mod org;
mod output;
mod passphrase;
mod paths;
mod program;
mod search;
mod secret;
mod settings;
mod time;

use std::process::ExitCode;

use crate::{
    args::Command,
    context::Context,
    exit::{Failure, Outcome},
};

/// Reads the command line, does what it says, and gives the exit code.
pub fn run() -> ExitCode {
    let cli = match args::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    start_log(cli.global.verbose);
    let context = match Context::new(cli.global) {
        Ok(context) => context,
        Err(refused) => return refused.report(),
    };
    let outcome = with_runtime(&context, cli.command);
    exit::report(&context.out, outcome)
}

fn with_runtime(context: &Context, command: Command) -> Outcome {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        // The command comes first: it asks for secrets before anything is awaited, so that
        // Ctrl-C at a prompt still ends the program by itself.
        if command.handles_interrupts() {
            return dispatch(context, command).await;
        }
        tokio::select! {
            biased;
            outcome = dispatch(context, command) => outcome,
            _ = tokio::signal::ctrl_c() => Err(Failure::Interrupted),
        }
    });
    // What still runs is work of the network; everything that matters is stored.
    runtime.shutdown_background();
    outcome
}

async fn dispatch(context: &Context, command: Command) -> Outcome {
    match command {
        Command::Account { command } => account::run(context, command).await,
        Command::Device { command } => device::run(context, command).await,
        Command::Org { command } => org::run(context, command).await,
        Command::Contact { command } => contact::run(context, command).await,
        Command::Chat { command } => chat::run(context, command).await,
        Command::Message { command } => message::run(context, command).await,
        Command::Search(options) => search::run(context, options).await,
        Command::File { command } => file::run(context, command).await,
        Command::Custodian { command } => custodian::run(context, command).await,
        Command::Sync => network::run(context).await,
        Command::Doctor => doctor::run(context).await,
        Command::Completion { shell } => program::completion(context, shell),
        Command::Man => program::man(context),
        Command::Version => program::version(context),
    }
}

/// Log lines go to standard error and name no person, text or secret.
fn start_log(verbose: u8) {
    let level = match verbose {
        0 => return,
        1 => tracing::Level::INFO,
        2 => tracing::Level::DEBUG,
        _ => tracing::Level::TRACE,
    };
    tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_max_level(level)
        .with_ansi(false)
        .init();
}
