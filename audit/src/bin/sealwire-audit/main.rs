//! `sealwire-audit`: a witness for transparency logs, and verification of evidence
//! without a network.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod bundle;
mod canary;
mod census;
mod failure;
mod files;
mod output;
mod pack;
mod release;
mod report;
mod verify;
mod watch;
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
    /// Write a signed statement and the proof that it was logged as a Sigstore bundle.
    Bundle(bundle::Bundle),
    /// Say markers in secret, and look for them where they must not be.
    #[command(subcommand)]
    Canary(canary::Canary),
    /// Count what lies in a dump of a relay's databases. Ends with 8 if something is not what it
    /// should be.
    Census(census::Census),
    /// Check evidence. Ends with 8 at the first link that is broken.
    #[command(subcommand)]
    Verify(verify::Verify),
    /// Collect all evidence of a relay into one folder, and check it.
    Pack(pack::Pack),
    /// Sign a release: how its programs were built, and of which parts.
    Release(release::Release),
    /// Write a page for people about a pack that holds.
    Report(report::Report),
    /// Follow the logs of a relay. Ends with 8 at the first head that should not exist.
    Watch(watch::Watch),
    /// Run a witness, which cosigns that logs only grow.
    #[command(subcommand)]
    Witness(witness::Witness),
}

fn main() -> ExitCode {
    let args = Args::parse();
    let out = Output::new(args.json);
    let done = match &args.command {
        Command::Bundle(args) => bundle::run(args, &out),
        Command::Canary(command) => canary::run(command, &out),
        Command::Census(args) => census::run(args, &out),
        Command::Verify(command) => verify::run(command, &out),
        Command::Pack(args) => pack::run(args, &out),
        Command::Release(args) => release::run(args, &out),
        Command::Report(args) => report::run(args, &out),
        Command::Watch(args) => watch::run(args, &out),
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
