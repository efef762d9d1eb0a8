//! `sealwire-audit`: a witness for transparency logs, and verification of evidence
//! without a network.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod failure;
mod files;
mod output;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::output::Output;

/// Checks evidence of Sealwire without a network, and witnesses its logs.
#[derive(Parser)]
#[command(name = "sealwire-audit", version, max_term_width = 100)]
struct Args {
    /// Print results and errors as one line of JSON each.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check evidence. Ends with 8 at the first link that is broken.
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Run a witness, which cosigns that logs only grow.
    #[command(subcommand)]
    Witness(witness::Witness),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let out = Output::new(args.json);
    let done = match &args.command {
        Command::Verify(command) => verify::run(command, &out),
        Command::Witness(command) => witness::run(command, &out),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            out.failure(&failure);
            ExitCode::from(failure.kind.exit_code())
        }
    }
}
